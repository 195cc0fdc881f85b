"""What stands in the place of a coefficient until the field is known: weights of a grid, of lines or points, and fields at faces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..._backends import dispatch, ladder, slices
from ..._backends.operations import dtype_name, is_time, name_of
from ..._base.checks import numbers_of_times
from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.outputs import targets_of
from ..._base.types import Array, DType
from ..._grid.points import Points
from ..._wraps.units import unwrap, wrap
from .forms import Form, components, flat, shaped

PARTS = {
    "complex64": "float32",
    "complex128": "float64",
    "clongdouble": "longdouble",
    "complex256": "longdouble",
}
_REAL = {"float16": "float32", "bfloat16": "float32", **PARTS}
_WIDER = {"float32": "float64", "complex64": "complex128"}


class AtPoints(Protocol):
    """Weights of a grid at its points, which fields of all types have."""

    def at(self, number: int, real: str, ndim: int) -> Array:
        """Some of them in a type, in as many dimensions as a field, to which they broadcast."""

    def fits(self, real: str) -> bool:
        """Whether a type has the exponents of all."""

    def lazily(self, number: int, ndim: int) -> Array | None:
        """Some of them as a lazy array, where they are still to be computed; None of those that are known."""


class OwnWeights(NamedTuple):
    """Weights that a grid has at its points, in the place of a coefficient, until the field is known."""

    rows: AtPoints
    number: int

    def like(self, f: object) -> Array:
        """As an array of the library and the real type of a field."""
        library, sample = dispatch.samples(unwrap(f, "f")[0])
        if is_time(sample):
            raise ArgumentTypeError(
                f"f has dtype {sample.dtype}, which is not differentiated along lines of their own, or by positions of a curvilinear grid; give numbers, "
                f"{numbers_of_times('f', sample.dtype)}"
            )
        name = name_of(library.result_dtype(sample))
        real = _REAL.get(name, name)
        xp = library.operations(sample)
        lazy = self.rows.lazily(self.number, len(sample.shape)) if library.is_lazy else None
        if lazy is not None:
            return xp.astype(lazy, getattr(xp, real))
        return xp.weights_made(
            _weights, getattr(xp, real), sample, self.rows, self.number, real, len(sample.shape)
        )


def _weights(rows: AtPoints, number: int, real: str, ndim: int) -> Array:
    return rows.at(number, real, ndim)


class AtFaces(NamedTuple):
    """A field at the faces across an axis of a grid with gaps, as its points read it: at the face below each, or above.

    Where nothing passes, between a point and a gap, it may be NaN.
    """

    field: Array
    grid: Points
    k: int  # the axis
    faces: int  # across it
    is_above: bool

    @property
    def dtype(self) -> DType:
        """That of the field."""
        return self.field.dtype

    def of(self, field: Array) -> AtFaces:
        """The same of another field."""
        return self._replace(field=field)

    def like(self, f: object, padded: dict[tuple[int, int], Array]) -> Array:
        """As an array at the points of a field; what it is cut from is shared with the other side."""
        numbers, unit = unwrap(self.field, "k")
        axis, n, key = self.grid.axes[self.k], self.grid.lengths[self.k], (self.k, id(self.field))
        if key not in padded:
            sample = dispatch.samples(unwrap(f, "f")[0])[1]
            padded[key] = self._padded(dispatch.samples(numbers)[1], axis, n, sample)
        values = padded[key]
        if _length(values, axis) == n + 1:
            values = _between(values, axis, int(self.is_above), n + int(self.is_above))
        found: Array = wrap(values, unit)
        return found

    def _padded(self, values: Array, axis: int, n: int, sample: Array) -> Array:
        """At one face more than there are points, 0 where nothing passes; or the same at all of them."""
        there = _length(values, axis)
        if there not in (1, self.faces):
            raise ArgumentValueError(
                f"k[{self.k}] at faces has shape {tuple(values.shape)}, but the operator was made with {self.faces} along axis {axis}; "
                "give as many, or make the operator anew"
            )
        xp = dispatch.samples(values)[0].operations(values)
        if there == self.faces != n + 1:
            first = _between(values, axis, 0, 1)
            none = xp.zeros_like(first)
            pieces = [values, first] if there == n else [none, values, none]
            values = xp.joined(pieces, axis % len(values.shape))
        if self.grid.mask is None or not self.grid.mask.drops:  # what is known beside gaps passes them
            return values
        closed = self.grid.kept(_closed, self.k, dispatch.is_lazy(sample))
        if type(values) is np.ndarray and type(closed) is np.ndarray and values.shape == closed.shape:
            places = self.grid.kept(_places_closed, self.k)
            if there == n + 1:  # the user's own, which is not written to
                if np.isfinite(values[places]).all():
                    return values
                values = values.copy()
            values[places] = 0
            return values
        closed = aligned(closed, self.grid, len(sample.shape))
        closed = closed if dispatch.is_lazy(closed) else xp.weights(closed, None, values)
        opened: Array = xp.where(closed, xp.zeros_like(values), values)
        return opened


def aligned(of_mask: Array, grid: Points, ndim: int) -> Array:
    """An array of the shape of a grid's mask, which may have batch axes, with the axes of fields of so many dimensions."""
    axes, places = [axis % ndim for axis in grid.axes], grid.places
    own = [axis for axis in range(ndim) if axis not in axes][ndim - len(of_mask.shape) :]
    own += sorted(axes, key=lambda axis: places[axes.index(axis)])
    turned = of_mask.transpose(tuple(np.argsort(own).tolist()))
    lengths = iter(turned.shape)
    made: Array = turned.reshape([next(lengths) if axis in own else 1 for axis in range(ndim)])
    return made


def in_mask(grid: Points, k: int) -> tuple[int, int, bool]:
    """An axis of a grid as its mask is told of it: its number, which axis of the mask it is, and whether it is a ring."""
    assert grid.mask is not None
    return k, grid.places[k] + len(grid.mask.shape) - grid.ndim, grid.axis_objects[k].is_periodic


def as_given(coefficient: Array) -> Array:
    """A field as the user gave it."""
    return coefficient.field if isinstance(coefficient, AtFaces) else coefficient


def _length(values: Array, axis: int) -> int:
    """How many there are along an axis, which it need not have."""
    ndim = len(values.shape)
    return values.shape[axis] if -ndim <= axis < ndim else 1


def _between(values: Array, axis: int, start: int, stop: int) -> Array:
    """A part of an array along an axis."""
    index = [slice(None)] * len(values.shape)
    index[axis] = slice(start, stop)
    part: Array = values[tuple(index)]
    return part


def _closed(grid: Points, k: int, is_lazy: bool) -> Array:
    """The faces below all points across an axis, and that above the last: which have a point on one side and none on the other, or a break."""
    assert grid.mask is not None
    below, above, is_cut = grid.mask.beside_faces(*in_mask(grid, k), is_lazy)
    found: Array = (below != above) | is_cut
    return found


def _places_closed(grid: Points, k: int) -> tuple[Array, ...]:
    """Their indices."""
    found: tuple[Array, ...] = np.nonzero(grid.kept(_closed, k, False))
    return found


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
