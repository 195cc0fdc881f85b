"""Where the axes of a grid are: their coordinates, of one line, of each or positions, and the axes of a field that they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from .._base.checks import as_float, int_or_none, is_real
from .._base.errors import ArgumentTypeError, ArgumentValueError, counted, shown
from .._base.tracing import is_tracer
from .._base.types import Array, Shape
from .._wraps.foreign import numbers_in, with_labels
from . import hints
from .spacing import check_class, clean_number, numbers_of, to_host

# of an axis: the number of points, a step or their positions, the origin
Entry: TypeAlias = tuple[int, Array, Array]
ORIGIN: Array = np.zeros(())[()]


def clean_entry(given: Any, k: int, axis: int) -> Entry:
    """An axis of a grid as it was given, its numbers on the host."""
    _check_single(given, k)
    is_along = False
    if isinstance(given, tuple):
        if given and is_tracer(given[0]):
            raise ArgumentTypeError(f"the number of points of axis {k} of the grid is {shown(given[0])}")
        if len(given) not in (2, 3) or int_or_none(given[0]) is None:
            raise ArgumentTypeError(
                f"axis {k} of the grid is the tuple {shown(given)}; give (n, step) or (n, step, origin), or the coordinates as a list; "
                + _reordered(given)
            )
        length, spacing, origins = int(given[0]), given[1], given[2:]
    else:
        check_class(given, k)
        if getattr(given, "ndim", np.ndim(given)) == 0 or not hasattr(type(given), "__len__"):
            raise ArgumentTypeError(f"axis {k} of the grid is {given!r}; {_instead(given)}")
        ndim = getattr(given, "ndim", 1)
        is_along = ndim > 1 and -ndim <= axis < ndim  # the axis of coordinates that vary from line to line
        length, spacing, origins = given.shape[axis] if is_along else len(given), given, ()
    if length < 2:
        hint = f"; {_reordered(given)}" if isinstance(given, tuple) and len(given) == 3 else ""
        raise ArgumentValueError(
            f"axis {k} of the grid has {counted(length, 'point')}; it needs at least 2{hint}"
        )
    own = numbers_of(spacing, axis) if is_along else to_host(spacing, axis)
    return length, own, clean_number(origins[0], axis, "origin") if origins else ORIGIN


def _reordered(given: tuple[Any, ...]) -> str:
    """On a tuple that is none of an axis: another order of its numbers, or a shape."""
    numbers = [number for number in given if is_real(number)]
    if len(given) == len(numbers) == 3 and int_or_none(given[2]) is not None:
        return f"of a start, a stop and a number of points it is numpy.linspace{given}"
    if len(given) == len(numbers) == 2:
        n, step = given if as_float(given[0]).is_integer() else given[::-1]
        if as_float(n) >= 2 and as_float(n).is_integer():
            return f"the number of points is an int and comes first, ({int(n)}, {step})"
    return "of a shape and steps it is Grid(*zip(shape, steps))"


def _instead(given: object) -> str:
    if isinstance(given, str):  # the word of an end
        return f"give (n, step) or the coordinates; how axes end is said by name, Grid(x, boundary={given!r})"
    return "give (n, step) or the coordinates" + numbers_in(given, "x")


def check_shape(entries: Sequence[Any]) -> None:
    """Refuse the shape of a square or a cube, which would be one axis with a step as long as it has points, and a labelled field."""
    first = entries[0]
    if len(entries) == 1 and getattr(first, "ndim", 1) > 1 and with_labels(type(first), "d"):
        raise ArgumentTypeError(
            f"a {type(first).__name__} of {first.ndim} dims would be the positions of one axis, others on each line; the grid of a labelled "
            "field is gridgrad.xarray.Grid(d), and such positions go in as d.values"
        )
    if (
        len(entries) == 1
        and isinstance(first, tuple)
        and len(first) in (2, 3)
        and type(first[1]) is type(first[0])
    ):
        numbers = [int_or_none(number) for number in first]
        if numbers[0] is not None and len(set(numbers)) == 1:
            n, names = numbers[0], ("dx", "dy", "dz")[: len(numbers)]
            raise ArgumentTypeError(
                f"Grid({first}) looks like a shape, and would be one axis, of {n} points with the step {n}; a grid has one (n, step) for each, "
                f"Grid({', '.join(f'({n}, {name})' for name in names)}); where one axis is meant give its step as a float, Grid(({', '.join([str(n), f'{n}.0', str(n)][: len(numbers)])}))"
            )


def _check_single(given: Any, k: int) -> None:
    """Refuse a list or tuple of axes, of which each is an argument of its own."""
    first = given[0] if isinstance(given, (list, tuple)) and len(given) else None
    if isinstance(first, (list, tuple)) or getattr(first, "ndim", 0) > 0:
        raise ArgumentTypeError(
            f"axis {k} of the grid is a {type(given).__name__} of {len(given)} sequences; axes go in one by one, Grid(*axes)"
        )


def clean_field_axes(axes: Any, count: int) -> tuple[int, ...]:
    """The array axes of the grid, as ints."""
    if axes is None:
        return tuple(range(-count, 0))
    given = list(axes) if isinstance(axes, (list, tuple, range)) else [axes]
    if len(given) != count:
        raise ArgumentValueError(
            f"axes names {counted(len(given), 'axis')} for a grid of {count}; name one for each"
        )
    if any(int_or_none(a) is None for a in given):
        raise ArgumentTypeError(f"axes must be ints, got {shown(axes)}")
    if len(set(given)) != count:
        raise ArgumentValueError(f"axes {tuple(given)} names an axis twice")
    return tuple(int(a) for a in given)


def smallest_field(axes: tuple[int, ...], ndim: int = 0) -> tuple[int, tuple[int, ...]]:
    """`ndim`, or the next number of dimensions in which no axes meet; and the axes in it, counted from 0.

    Axes counted from both ends may come in another order in other fields.
    """
    ndim = max(ndim, *(axis + 1 if axis >= 0 else -axis for axis in axes), len(axes))
    while len({axis % ndim for axis in axes}) < len(axes):
        ndim += 1
    return ndim, tuple(axis % ndim for axis in axes)


def in_order(places: tuple[int, ...]) -> tuple[int, ...]:
    """Which of the places is the first, the second and so on: also turns such an order into places."""
    return tuple(sorted(range(len(places)), key=places.__getitem__))


def alone(axes: tuple[int, ...], lengths: tuple[int, ...], ndim: int = 0) -> tuple[int, ...]:
    """The shape of one field whose batch axes have length 1: of `ndim` dimensions, or more if the axes need it."""
    ndim, places = smallest_field(axes, ndim)
    if in_order(places) != in_order(smallest_field(axes)[1]):
        raise ArgumentValueError(
            f"the axes {axes} of the grid come in another order in a field of {ndim} dimensions, so that "
            "its points are not in the grid's order; count all axes from the same end"
        )
    shape = [1] * ndim
    for place, n in zip(places, lengths, strict=True):
        shape[place] = n
    return tuple(shape)


def check_mesh(arrays: Sequence[Array], axes: Sequence[int]) -> None:
    """Refuse what is the mesh of a rectilinear grid; positions of a curvilinear one are no longer among these arrays.

    A mesh is one array for each axis, of which each varies along one dimension only. A single array is that of lines,
    though all of them may be alike, unless all points of a line coincide.
    """
    many = [k for k, x in enumerate(arrays) if x.ndim > 1]
    varying = {k: hints.varied(arrays[k]) for k in many}
    for k in many:
        own = axes[k] % arrays[k].ndim if -arrays[k].ndim <= axes[k] < arrays[k].ndim else None
        if len(varying[k]) < 2 and (len(many) > 1 or varying[k] != [own]):
            raise _refused_lines(arrays[k], axes[k], hints.of_shape(arrays[k], axes[k]))


def lines_in_shape(x: Array, axis: int, shape: tuple[int, ...]) -> Array:
    """Coordinates of lines with as many dimensions as a field of this shape, to which they must broadcast."""
    full = (1,) * (len(shape) - x.ndim) + x.shape
    fits = len(full) == len(shape) and all(m in (1, n) for m, n in zip(full, shape, strict=True))
    if fits and full[axis] == shape[axis]:
        return x.reshape(full)
    raise _refused_lines(
        x,
        axis,
        f"with {counted(shape[axis], 'point')} along that axis f has shape {shape}; give a coordinate for each of them, in the shape of f or "
        "in one that broadcasts to it",
    )


def _refused_lines(x: Array, axis: int, why: str) -> ArgumentValueError:
    return ArgumentValueError(
        f"distances must be either scalars or 1d: the spacing of axis {axis} has shape {x.shape}; {why}"
    )


def on_host(entries: Sequence[object], axes: Sequence[int]) -> list[object]:
    """The entries of axes; where several have many dimensions these as NumPy arrays, which are read here, once."""
    many = [getattr(x, "ndim", 0) > 1 for x in entries]
    if sum(many) < 2:
        return list(entries)
    return [numbers_of(x, a) if is_one else x for x, a, is_one in zip(entries, axes, many, strict=True)]


def are_positions(entries: Sequence[object]) -> bool:
    """Whether these are those of a curvilinear grid: several of many dimensions, and no mesh of vectors.

    Beside them there may be vectors, and steps, of coordinates that vary along their own axis only.
    """
    many = [x for x in entries if isinstance(x, np.ndarray) and x.ndim > 1]
    return len(many) > 1 and any(len(hints.varied(x)) > 1 for x in many)


def clean_positions(entries: Sequence[object], axes: Sequence[int], places: Sequence[int]) -> list[Entry]:
    """The axes of a grid, positions in its shape."""
    many = {k: x for k, x in enumerate(entries) if isinstance(x, np.ndarray) and x.ndim > 1}
    plain = {k: clean_entry(x, k, axes[k]) for k, x in enumerate(entries) if k not in many}
    lengths = [1] * len(entries)
    for x in many.values():
        for d, n in enumerate(x.shape[-len(entries) :], len(entries) - min(x.ndim, len(entries))):
            lengths[d] = max(lengths[d], n)
    for k, entry in plain.items():
        lengths[places[k]] = entry[0]
    fitted = dict(zip(many, positions_in_shape(list(many.values()), tuple(lengths)), strict=True))
    return [plain[k] if k in plain else (lengths[place], fitted[k], ORIGIN) for k, place in enumerate(places)]


def positions_in_shape(arrays: Sequence[Array], shape: Shape) -> tuple[Array, ...]:
    """Positions in the shape of their grid."""
    for x in arrays:
        pairs = zip(reversed(x.shape), reversed(shape), strict=False)
        if x.ndim > len(shape) or not all(m in (1, n) for m, n in pairs):
            raise ArgumentValueError(
                f"the positions of a curvilinear grid have shapes {' and '.join(str(a.shape) for a in arrays)}, and its points {shape}; give arrays that "
                "broadcast to that, of each grid by itself where there are several"
            )
    return tuple(np.broadcast_to(x, shape) for x in arrays)
