"""NumPy's functions that are not ufuncs: what jets allow point by point, and what `dense` adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn, SupportsIndex, cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array, Value
from .calculus import plus, times
from .jet import BILINEAR, FUNCTIONS, RULES, Jet, Operand, Rule, apply, first, payload, refuse

Linear = Callable[..., Array]  # in one argument, or in each of two
Arguments = tuple[object, ...]
Change = Callable[[Any], object]  # of a jet, or of what stands beside it


class Components(NDArrayOperatorsMixin, tuple[Jet, ...]):
    """Several outputs that a function stacked along a new first axis; a tuple, but not for + and *."""

    __slots__ = ()

    def _refused(self, *args: object, **kwargs: object) -> NoReturn:
        raise ArgumentTypeError(
            "numpy.stack of coordinates, or of what is computed from them, can only be returned or taken apart; compute with the "
            "components and return a tuple: (2 * x, 2 * y) for 2 * numpy.stack([x, y])"
        )

    __array_ufunc__ = __array_function__ = __array__ = _refused  # the mixin's operators are ufuncs

    def __getitem__(self, key: SupportsIndex | slice) -> Any:
        found = tuple.__getitem__(self, key)
        return Components(found) if isinstance(key, slice) else found

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("_") and hasattr(np.ndarray, name):
            self._refused()
        raise AttributeError(f"a stack of outputs has no attribute {name!r}")


def stack(arrays: Sequence[Jet], axis: int = 0, **_: object) -> Jet | Components:
    """The outputs of a vector function; along the first axis only, the mesh has the others."""
    jet = first(list(arrays))
    if jet.algebra.coupled:
        return coupled(np.stack, (list(arrays),), {"axis": axis})
    if axis != 0:
        refuse(f"numpy.stack with axis={axis}", "return a tuple of outputs, or stack along axis 0")
    return Components(arrays)


def select(condlist: Sequence[Operand], choicelist: Sequence[Operand], default: Operand = 0) -> Operand:
    """The first choice whose condition holds, as nested `where`."""
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = np.where(condition, choice, result)
    return result


def piecewise(
    x: Jet,
    condlist: Jet | Array | bool | Sequence[Operand],
    funclist: Sequence[Operand | Rule],
    *args: object,
    **kwargs: object,
) -> Operand:
    """Every branch is computed everywhere, then chosen: no point is taken out of the mesh."""
    conditions = [condlist] if isinstance(condlist, (Jet, np.ndarray, bool)) else list(condlist)
    if len(funclist) not in (len(conditions), len(conditions) + 1):
        raise ArgumentValueError(
            f"numpy.piecewise has {len(conditions)} conditions and {len(funclist)} functions; give as many, or one more"
        )
    values = [f(x, *args, **kwargs) if callable(f) else f for f in funclist]
    result = values[-1] if len(values) > len(conditions) else 0.0
    for condition, value in zip(conditions, values, strict=False):  # the last that holds wins, as in NumPy
        result = np.where(condition, value, result)
    return result


def polyval(p: Sequence[Operand], x: Operand) -> Operand:
    """Horner's rule."""
    total: Operand = 0.0
    for coefficient in p:
        total = coefficient + x * total
    return total


def interp(
    x: Jet,
    xp: Operand,
    fp: Operand,
    left: float | None = None,
    right: float | None = None,
    period: float | None = None,
) -> Jet:
    """Linear interpolation in a table: its slope, that of the right piece at a knot, 0 outside."""
    if period is not None or isinstance(xp, Jet) or isinstance(fp, Jet):
        raise ArgumentTypeError("numpy.interp is differentiated in its first argument, without period=")
    knots, values = np.asarray(xp, np.float64), np.asarray(fp)
    if np.any(np.diff(knots) < 0):
        raise ArgumentValueError(
            "numpy.interp needs positions xp that do not decrease; give xp[order] and fp[order] with order = numpy.argsort(xp)"
        )
    value = np.interp(x.value, knots, values, left, right)
    slopes = np.concatenate([[0.0], np.diff(values) / np.diff(knots), [0.0]])
    slope = slopes[np.searchsorted(knots, x.value, side="right")]
    return x.like(value, {k: times(slope, c) for k, c in x.coefficients.items()})


def nan_to_num(
    x: Jet, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Operand:
    """Constants where the value is not finite."""
    info = np.finfo(x.dtype)
    high, low = info.max if posinf is None else posinf, info.min if neginf is None else neginf
    return np.where(np.isnan(x), nan, np.where(x == np.inf, high, np.where(x == -np.inf, low, x)))


def angle(z: Jet, deg: bool = False) -> Operand:
    """Argument of a complex function."""
    radians = np.arctan2(np.imag(z), np.real(z))
    return radians * (180.0 / np.pi) if deg else radians


def filled(make: Callable[..., Array]) -> Callable[..., Jet]:
    """`zeros_like` and relatives: constant jets of the mesh's axes."""

    def function(a: Operand, *args: Operand, **kwargs: Operand) -> Jet:
        jet = first([a, *args])
        value = make(payload(a), *map(payload, args), **{k: payload(v) for k, v in kwargs.items()})
        filler = kwargs.get("fill_value", args[0] if args else None)
        if not isinstance(filler, Jet) or value.dtype.kind not in "fc":  # a whole number is constant
            return jet.like(value)
        return jet.like(value, dict(filler.coefficients))

    return function


def _rounded(a: Jet, decimals: int = 0, out: None = None) -> Jet:
    return a.like(np.round(a.value, decimals))


FUNCTIONS |= {
    np.where: lambda *args: RULES["where"](*args) if len(args) == 3 else refuse("numpy.where(condition)"),
    np.clip: lambda a, a_min=None, a_max=None, min=None, max=None: RULES["clip"](
        a, a_min if min is None else min, a_max if max is None else max
    ),
    np.real: lambda val: apply("real", val),
    np.imag: lambda val: apply("imag", val),
    np.angle: angle,
    np.sinc: lambda x: apply("sinc", x),
    np.i0: lambda x: apply("i0", x),
    np.select: select,
    np.piecewise: piecewise,
    np.polyval: polyval,
    np.interp: interp,
    np.nan_to_num: nan_to_num,
    np.stack: stack,
    np.zeros_like: filled(np.zeros_like),
    np.ones_like: filled(np.ones_like),
    np.full_like: filled(np.full_like),
    np.broadcast_to: lambda a, shape, subok=False: a.like(np.broadcast_to(a.value, shape), a.coefficients),
    np.broadcast_arrays: lambda *args, subok=False: tuple(args),
    np.round: _rounded,
    np.around: _rounded,
    np.isclose: lambda a, b, *args, **kwargs: first((a, b)).like(np.isclose(payload(a), payload(b), *args, **kwargs)),
    np.copy: lambda a, *args, **kwargs: a,
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a, axis=None: a.size if axis is None else a.shape[axis],
    np.iscomplexobj: lambda x: x.dtype.kind == "c",
    np.isrealobj: lambda x: x.dtype.kind != "c",
    np.result_type: lambda *args: np.result_type(*(a.dtype if isinstance(a, Jet) else a for a in args)),
}  # fmt: skip
if hasattr(np, "fix"):  # deprecated since NumPy 2.5, where it calls trunc
    FUNCTIONS[np.fix] = lambda x: apply("trunc", x)


def coupled(func: Linear, args: Arguments, kwargs: dict[str, object]) -> Jet:
    """A linear or bilinear function in `dense`: applied to every coefficient, or pair of them."""
    flat = [b for a in args for b in (a if isinstance(a, (list, tuple)) else [a])]
    jets = [a for a in flat if isinstance(a, Jet)]
    jet = jets[0]
    if getattr(func, "__name__", "") in BILINEAR and len(jets) > 1:
        if len(jets) > 2:
            raise ArgumentTypeError(
                f"numpy.{func.__name__} of {len(jets)} varying factors; multiply two at a time"
            )
        return _bilinear(func, args, kwargs, *jets)
    value = func(*_swapped(args, payload), **kwargs)
    numbers = {k for a in jets for k in a.coefficients}
    return jet.like(value, {k: func(*_swapped(args, _coefficient(k)), **kwargs) for k in numbers})


def _bilinear(func: Linear, args: Arguments, kwargs: dict[str, object], a: Jet, b: Jet) -> Jet:
    def product(of_a: object, of_b: object) -> Array:
        values = iter((of_a, of_b))  # in order of appearance: `a is b` is possible
        return func(*_swapped(args, lambda c: next(values) if isinstance(c, Jet) else c), **kwargs)

    terms_a, terms_b = ({0: j.value, **{k: _coefficient(k)(j) for k in j.coefficients}} for j in (a, b))
    out: dict[int, Value] = {}
    for i, c in terms_a.items():
        for j, d in terms_b.items():
            k = i + j if not (i and j) else a.algebra.table[i].get(j)
            if k is not None:
                out[k] = plus(out.get(k), product(c, d))
    return a.like(cast(Array, out.pop(0)), out)


def _swapped(args: Arguments, change: Change) -> list[object]:
    return [_swapped_list(a, change) if isinstance(a, (list, tuple)) else change(a) for a in args]


def _swapped_list(a: Sequence[object], change: Change) -> Sequence[object]:
    """A list of arrays (of which some are jets) changed; a shape or index stays."""
    if not any(isinstance(b, Jet) for b in a):
        return a
    jet = first(a)
    return [change(b if isinstance(b, Jet) else jet.like(np.asarray(b))) for b in a]


def _coefficient(k: int) -> Change:
    """What takes coefficient k of a jet at full shape."""

    def change(a: object) -> object:
        if isinstance(a, Jet):
            return np.broadcast_to(np.asarray(a.coefficients.get(k, 0.0)), np.shape(a.value))
        return a

    return change


FUNCTIONS["coupled"] = coupled
