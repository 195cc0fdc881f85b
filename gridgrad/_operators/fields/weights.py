"""Weights of a grid, of lines or points, as coefficients of an operator: arrays that follow the field in its type and its library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from ..._backends import dispatch, ladder, slices
from ..._backends.operations import dtype_name, is_time, name_of
from ..._base.errors import ArgumentTypeError
from ..._base.outputs import targets_of
from ..._base.types import Array
from ..._wraps.units import unwrap, wrap
from .forms import Form, components, flat, shaped

_REAL = {"float16": "float32", "bfloat16": "float32", "complex64": "float32", "complex128": "float64",
         "clongdouble": "longdouble", "complex256": "longdouble"}  # fmt: skip
_WIDER = {"float32": "float64", "complex64": "complex128"}


class AtPoints(Protocol):
    """Weights of a grid at its points, which fields of all types have."""

    def at(self, number: int, real: str, ndim: int) -> Array:
        """Some of them in a type, in as many dimensions as a field, to which they broadcast."""

    def fits(self, real: str) -> bool:
        """Whether a type has the exponents of all."""


class OwnWeights(NamedTuple):
    """Weights that a grid has at its points, in the place of a coefficient, until the field is known."""

    rows: AtPoints
    number: int

    def like(self, f: object) -> Array:
        """As an array of the library and the real type of a field."""
        library, sample = dispatch.samples(unwrap(f, "f")[0])
        if is_time(sample):
            raise ArgumentTypeError(
                f"f has dtype {sample.dtype}, which is not differentiated along lines of their own, or by positions of a curvilinear grid; give numbers, for example "
                "(f - f.min()) / numpy.timedelta64(1, 's')"
            )
        name = name_of(library.result_dtype(sample))
        real = _REAL.get(name, name)
        xp = library.operations(sample)
        return xp.weights_made(
            _weights, getattr(xp, real), sample, self.rows, self.number, real, len(sample.shape)
        )


def _weights(rows: AtPoints, number: int, real: str, ndim: int) -> Array:
    return rows.at(number, real, ndim)


def widened(f: object, form: Form, coefficients: tuple[object, ...]) -> object:
    """A field in the type of the arithmetic, where that is not its own: of halves, and of weights that float32 does not hold.

    Otherwise None.
    """
    rows = [c.rows for c in coefficients if type(c) is OwnWeights]
    if not rows:
        return None
    first = components(f, form, "f")[0][0] if form else f
    own = dtype_name(first) if hasattr(first, "dtype") else "float64"
    if own not in ("float16", "bfloat16", *_WIDER):
        return None
    fits = all(one.fits("float32") for one in rows)
    wanted = _REAL[own] if own not in _WIDER else own
    wanted = wanted if fits else _WIDER[wanted]
    if wanted == own:
        return None
    if form and isinstance(f, (list, tuple)):
        return shaped([cast(part, wanted) for part in components(f, form, "f")[0]], form)
    return cast(f, wanted)


def cast(f: object, name: str) -> Any:
    """A field in a dtype of its library."""
    numbers, unit = unwrap(f, "f")
    library, sample = dispatch.samples(numbers)
    library.about_to_copy(sample, f"it is computed in {name}; give it in that dtype")
    xp = library.operations(sample)
    return wrap(xp.astype(sample, getattr(xp, name)), unit)


def in_wider(
    run: Callable[[Any], Any], f: Any, wide: Any, form: Form, outputs: Form, out: Any, adds: bool = False
) -> object:
    """What `run` makes of a field in its wider type, in the dtype that results of `f` have."""
    parts = components(f, form, "f")[0] if form else [f]
    library, like = dispatch.samples(unwrap(parts[0], "f")[0])
    dtype = library.result_dtype(like)
    if out is None:
        return _each(run(wide), dtype)
    targets = [unwrap(target, "out")[0] for target in targets_of(out, outputs, tuple(like.shape))]
    ladder.check_targets(library, targets, [like], dtype, [tuple(like.shape)] * len(targets))
    for target, value in zip(targets, flat(run(wide), outputs), strict=True):
        rounded = unwrap(_each(value, dtype), "f")[0]
        library.assign(target, target + rounded if adds else rounded)
    return out


def _each(results: object, dtype: object) -> object:
    if isinstance(results, tuple):
        return tuple(_each(result, dtype) for result in results)
    numbers, unit = unwrap(results, "f")
    library, values = dispatch.samples(numbers)
    xp = library.operations(values)
    return wrap(xp.astype(slices.through_float32(xp, values, dtype), dtype), unit)
