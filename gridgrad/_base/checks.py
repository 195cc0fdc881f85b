"""Numbers, axes and threads as a caller gives them, checked once at the border, returned as narrow types."""

from __future__ import annotations

import operator
import sys
from collections.abc import Sequence, Set, Sized
from itertools import combinations
from math import inf
from numbers import Real
from typing import Any, TypeGuard, TypeVar, cast

import numpy as np
import numpy.typing as npt

from .errors import ArgumentTypeError, ArgumentValueError, counted, shown, typed
from .tracing import is_compiling
from .types import Shape

RESERVED = ("f", "out", "workers", "add")  # what calls have by these names
Entry = TypeVar("Entry")  # a step or coordinates
UNSET: Any = type("Unset", (), {"__repr__": lambda self: "<not given>"})()


def is_word(given: object, *words: str) -> TypeGuard[str]:
    """Whether it is one of these words: an array, which is compared point by point, is none."""
    return isinstance(given, str) and given in words


def clean_axis(axis: Any, ndim: int) -> tuple[int, ...]:
    """Axes as non-negative ints, order kept."""
    if axis is None:
        return tuple(range(ndim))
    if isinstance(axis, str) or not (isinstance(axis, Sequence) or _ndim(axis) > 0):
        given = [axis]
    else:
        given = list(axis)
    axes = []
    for value in given:
        index = int_or_none(value)
        if index is None:
            rule = "axis must be an int or a sequence of ints"
            if isinstance(value, (list, tuple)):
                rule = "axis must be an int where one axis is meant, axis=0"
            elif isinstance(value, str):
                raise ArgumentTypeError(
                    f"{rule}, axis=0 (names are those of labelled arrays, xarray.DataArray(f, dims=('y', 'x'))), got {typed(value)}"
                )
            elif isinstance(value, Set):
                rule += ", axis=(0, 1)"
            if getattr(value, "shape", ()):
                rule = (
                    "axis is an array; if it is the field, give it to the operator, as grid.derivative(0)(f)"
                )
            raise ArgumentTypeError(f"{rule}, got {typed(value)}")
        if not -ndim <= index < ndim:
            raise np.exceptions.AxisError(
                f"axis {index} is out of bounds for an array of dimension {ndim}; "
                f"allowed are {-ndim} to {ndim - 1}"
            )
        axes.append(index % ndim)
    for place, a in enumerate(axes):
        if a in axes[:place]:
            raise ArgumentValueError(
                f"repeated axis: axis {a} is named twice in axis={axis!r}; name each axis once"
            )
    return tuple(axes)


def int_or_none(value: Any) -> int | None:
    """An integer of any library as an int; booleans are none."""
    if type(value) is int:  # also what a compiler holds for a variable
        return value
    if value is None:
        return None
    if isinstance(value, (bool, np.bool_)) or str(getattr(value, "dtype", "")).endswith("bool"):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def dtype_or_none(given: npt.DTypeLike) -> np.dtype | None:
    """A type of numbers as NumPy's; what names none, is none."""
    try:
        return np.dtype(given)
    except (TypeError, ValueError):
        return None


def masked_arrays() -> tuple[type[np.ma.MaskedArray[Shape, np.dtype]], ...]:
    """NumPy's class of masked arrays, for `isinstance`; none where nobody has imported ``numpy.ma``, which takes long."""
    if is_compiling():  # which would guard that it is not imported, and what it has made may import it
        return ()
    cls = getattr(sys.modules.get("numpy.ma"), "MaskedArray", None)  # it may be half imported
    return () if cls is None else (cls,)


def is_real(value: object) -> TypeGuard[Real]:
    """Whether it is a real number: durations, which NumPy counts among the integers, are none."""
    return isinstance(value, Real) and not isinstance(value, np.timedelta64)


def numbers_of_times(
    name: str, dtype: object, since: str = "with a date t0, numpy.nanmin({}) for example"
) -> str:
    """What is typed for dates or durations to have numbers, where NaT becomes NaN; a minimum would be NaT if anything is."""
    if str(dtype).startswith("timedelta"):
        return f"{name} / numpy.timedelta64(1, 's')"
    return f"({name} - t0) / numpy.timedelta64(1, 's') {since.format(name)}"


def as_float(number: float | Real) -> float:
    """The nearest float: infinite, where an integer or a fraction is larger than all others."""
    try:
        return float(number)
    except OverflowError:
        return inf if abs(number) == number else -inf


def clean_edge_order(edge_order: object) -> int:
    """The order as an int, 1 or 2."""
    order = int_or_none(edge_order)
    if order is None:
        raise ArgumentTypeError(f"edge_order must be the integer 1 or 2, got {typed(edge_order)}")
    if order > 2:
        raise ArgumentValueError(f"'edge_order' greater than 2 not supported: got {order}; use 1 or 2")
    if order < 1:
        raise ArgumentValueError(f"edge_order must be 1 or 2, got {order}")
    return order


def clean_accuracy(accuracy: object) -> int | None:
    """The accuracy as an int, or None for three-point rows."""
    if accuracy is None:
        return None
    number = int_or_none(accuracy)
    if number not in (2, 4, 6):
        if _ndim(accuracy):
            raise ArgumentTypeError(
                "accuracy is an array; if it is the field, give it to the operator, as grid.advect(v)(f)"
            )
        raise ArgumentValueError(
            f"accuracy must be 2, 4, 6, or None for three-point rows, got {shown(accuracy)}"
        )
    return number


def per_axis_spacing(spacing: tuple[Entry, ...], count: int, shape: Shape = ()) -> list[Entry]:
    """NumPy's rule: nothing, one scalar for all axes, or one entry for each of `count` axes of an array of this shape."""
    if not spacing:
        return [cast(Entry, 1.0)] * count
    if len(spacing) == 1 and _ndim(spacing[0]) == 0:
        return [spacing[0]] * count
    if len(spacing) != count:
        hint = (
            of_grid(*spacing)
            or _packed(spacing, count)
            or _scattered(spacing, len(shape))
            or _fitting(spacing, count, shape)
        )
        raise ArgumentTypeError(
            f"invalid number of arguments: {counted(len(spacing), 'spacing')} for "
            f"{counted(count, 'differentiated axis')}; give none, one scalar, or one "
            f"scalar or 1-D coordinate array for each axis{hint}"
        )
    return list(spacing)


def of_grid(*given: object) -> str:
    """On a grid, or an operator of one, in the place of a field or a spacing."""
    if any([hasattr(one, "with_mask") for one in given]):
        return "; a grid has operators of its own, applied to a field: grid.gradient(f)"
    if any([hasattr(one, "to_linear_operator") for one in given]):
        return "; operators are applied to fields, A(B(u)), and to each other as A @ B"
    return ""


def _packed(spacing: tuple[object, ...], count: int) -> str:
    if len(spacing) == 1 and isinstance(spacing[0], (list, tuple)) and len(spacing[0]) == count:
        return "; a sequence of one for each axis goes in as gradient(f, *spacing)"
    return ""


def _fitting(spacing: tuple[object, ...], count: int, shape: Shape) -> str:
    """On spacings of some of the axes: the last ones that have their lengths, as the first are often times, levels or batches."""
    if not len(spacing) < count == len(shape):
        return ""
    lengths = [
        (entry.shape[0] if hasattr(entry, "shape") else len(cast(Sized, entry)))
        if _ndim(entry) == 1
        else None
        for entry in spacing
    ]
    for axes in reversed([*combinations(range(-count, 0), len(spacing))]):
        if all(n in (None, shape[a]) for n, a in zip(lengths, axes, strict=True)):
            return f"; of some of the axes: axis={axes if len(axes) > 1 else axes[0]}"
    return ""


def _scattered(spacing: tuple[object, ...], ndim: int) -> str:
    """On the positions of points that are on no grid."""
    if (
        ndim == 1
        and all(_ndim(entry) == 1 for entry in spacing)
        and len({len(cast(Sized, x)) for x in spacing}) == 1
    ):
        return (
            "; scattered points need a grid first, for example by scipy.interpolate.griddata(numpy.stack([x, y], -1), f, "
            "tuple(numpy.meshgrid(X, Y, indexing='ij')))"
        )
    return ""


def _ndim(value: object) -> int:
    """Dimensions of an array of any library or a nested list, without making an array of it."""
    if isinstance(value, (list, tuple)):
        return 1 + max([_ndim(entry) for entry in value] or [0])
    if isinstance(value, (int, float)):  # also the symbolic numbers of torch.compile
        return 0
    return int(getattr(value, "ndim", 0))


def merge_aliases(
    varargs: tuple[Any, ...], spacing: object, axis: object, dim: object
) -> tuple[tuple[Any, ...], Any]:
    """The ``spacing=`` and ``dim=`` of torch, folded into the positional spacing and ``axis=``."""
    if dim is not UNSET:
        if axis is not UNSET:
            raise ArgumentTypeError("axis= and its alias dim= were both given; give one of them")
        axis = dim
    if spacing is not UNSET and spacing is not None:
        if varargs:
            raise ArgumentTypeError("spacing was given both positionally and as spacing=; give it once")
        varargs = tuple(spacing) if isinstance(spacing, (list, tuple)) else (spacing,)
        if _ndim(spacing) == 1 and not isinstance(spacing, (list, tuple)):
            varargs = (spacing,)
    return varargs, None if axis is UNSET else axis


def clean_workers(workers: object) -> int | None:
    """A positive number of threads, or None."""
    if workers is None:
        return None
    count = int_or_none(workers)
    if count is None:
        raise ArgumentTypeError(f"workers must be a positive int or None, got {shown(workers)}")
    if count < 1:
        raise ArgumentValueError(f"workers must be at least 1, got {count}; None chooses by size")
    return min(count, 1024)


def clean_name(name: object, function: str, reserved: Sequence[str] = RESERVED) -> str | None:
    """A word that a call can have as a keyword, or None."""
    if name is None:
        return None
    if not isinstance(name, str) or not name.isidentifier() or name in reserved:
        raise ArgumentTypeError(
            f"name={shown(name)} of {function}() must be a word that a call can have as a keyword, and none of {', '.join(reserved)}"
        )
    return name


def geometry_called(word: str) -> str:
    """What others call a geometry by this word, in ours."""
    plain = "".join(filter(str.isalpha, word.lower()))
    if plain in ("plane", "cartesian", "flat"):
        return "a plane is without geometry=; "
    ours = ("spherical", "latlon", "lonlat", "geographic", "geodetic", "earth", "globe")
    if word not in ("polar", "cylindrical") and plain in ("polar", "cylindrical"):
        return f'here it is "{plain}"; '
    return 'here it is "sphere"; ' if plain in ("sphere", *ours) else ""
