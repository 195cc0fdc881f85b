"""Gaps of samples: missing points and breaks between epochs, as ends of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import TYPE_CHECKING, cast

import numpy as np

from .._backends import dispatch
from .._base.checks import is_word
from .._base.errors import ArgumentTypeError, ArgumentValueError, counted, shown
from .._base.late import Late
from .._base.types import Array, Gaps, Shape
from .._grid.places import lines_in_shape
from .._grid.spacing import check_count, numbers_of
from .._operators.masked.grids import with_breaks, with_mask, with_samples
from .._wraps.units import unwrap, wrap
from ..grid import Grid

if TYPE_CHECKING:  # what few calls need
    from .._grid.lines import filled as lines
else:
    lines = Late("gridgrad._grid.lines.filled")


def with_gaps(grid: Grid, fields: Iterable[object], missing: object, breaks: object) -> Grid:
    """The grid of a call with the gaps that its fields have, and with breaks."""
    if missing is None and breaks is None:
        return grid
    given, missing = (missing, missing.missing) if isinstance(missing, Gaps) else (None, missing)
    if missing is not None and not is_word(missing, "one-sided"):
        hint = "where the field is, an array, is said by gridgrad.Grid(x).with_mask(inside)"
        if isinstance(missing, (int, float, np.number)):
            hint = f"a number that stands for what is missing is made NaN, f = numpy.where(f == {missing}, numpy.nan, f)"
            hint = (
                hint
                if missing == missing and not isinstance(missing, bool)
                else 'NaN is what missing="one-sided" leaves out'
            )
        raise ArgumentValueError(f'missing must be None or "one-sided", got {shown(missing)}; {hint}')
    cuts, beside = _breaks(breaks, grid.ndim), "one-sided" if given is None else given.boundary
    known = [] if missing is None else [_is_there(field, grid) for field in fields]
    if given is None:
        grid = with_samples(grid, reduce(np.logical_and, known) if known else np.ones(grid.shape, bool))
    elif not known:
        grid = with_mask(grid, given.inside, beside, given.fill)
    else:
        grid = with_samples(grid, reduce(np.logical_and, [given.inside, *known]), beside, given.fill)
    for axis, own in enumerate(cuts):  # after points that have no position are left out
        grid = grid if own is None else with_breaks(grid, axis, own, beside)
    return grid


def on_lines_with_gaps(
    make: Callable[[Sequence[object]], Grid], shape: Shape, axes: tuple[int, ...], entries: Sequence[object], fields: Iterable[object], missing: object
) -> tuple[Grid, tuple[Array, ...]]:  # fmt: skip
    """The grid of a call, and coordinates that are NaN at some points, as fields that are missing there.

    Where samples are missing positions need not be in order, nor be any: NaN stands there in the grid, or, along an axis
    whose lines are alike, other positions.
    """
    ndims = [np.ndim(unwrap(entry, "x")[0]) for entry in entries]
    if missing is None or not any(ndims):
        return make(entries), ()
    is_curved = sum(ndim > 1 for ndim in ndims) > 1
    try:
        grid = make([_in_order(x, axes[k]) if ndims[k] == 1 else x for k, x in enumerate(entries)])
    except ArgumentValueError:
        known = _known(shape, axes, fields, missing)
        entries = [
            _without(x, axes, k, known, is_curved and ndims[k] > 1) if ndims[k] else x
            for k, x in enumerate(entries)
        ]
        grid = make([_in_order(x, axes[k]) if ndims[k] == 1 else x for k, x in enumerate(entries)])
    lacking = (
        _lacking(shape, axes, x, k, is_curved and ndims[k] > 1) for k, x in enumerate(entries) if ndims[k]
    )
    for k, x in enumerate(entries):
        if ndims[k] == 1 and any(grid.axis_objects[k].are_prescribed):
            _check_walls(x, axes[k], grid.axis_objects[k].are_prescribed)
    return grid, tuple([x for x in lacking if x is not None])


def _check_walls(entry: object, axis: int, walls: Iterable[bool]) -> None:
    """Refuse a wall at an end point whose position is missing."""
    x = numbers_of(unwrap(entry, "x")[0], axis)
    if any(wall and _has_nan(x[end]) for end, wall in zip((0, -1), walls, strict=True)):
        raise ArgumentValueError(
            f"something is prescribed at an end of axis {axis} whose coordinate is NaN; give the position of the wall, also where the sample there is missing"
        )


def _in_order(entry: object, axis: int) -> object:
    """A vector of coordinates with others where it has NaN."""
    numbers, unit = unwrap(entry, f"the spacing of axis {axis}")
    x = numbers_of(numbers, axis)
    return wrap(lines.filled(x, 0), unit) if _has_nan(x) and not np.isnan(x).all() else entry


def _without(entry: object, axes: tuple[int, ...], k: int, known: Array, is_curved: bool) -> object:
    """Coordinates that are NaN where samples are missing, of all fields that these are the coordinates of."""
    numbers, unit = unwrap(entry, f"the spacing of axis {axes[k]}")
    x = numbers_of(numbers, axes[k])
    shape = x.shape
    x = x.astype(np.longdouble) if x.dtype.kind in "iu" else x  # so that what is known stays exact
    if is_curved:  # all fields of a call have the same gaps
        return wrap(np.where(known.all(axis=_batch(known.shape, axes)), x, np.nan), unit)
    x = _of_lines(x, axes[k], known.shape)
    same = tuple([a for a, n in enumerate(x.shape) if n == 1])
    x = np.where(known.any(axis=same, keepdims=True), x, np.nan)
    return wrap(x.reshape(-1) if len(shape) == 1 else x, unit)


def _lacking(shape: Shape, axes: tuple[int, ...], given: object, k: int, is_curved: bool) -> Array | None:
    """Coordinates that are NaN at some points, in the shape of the field."""
    x = np.asarray(dispatch.host(unwrap(given, "x")[0]))
    if not _has_nan(x):
        return None
    if not is_curved:
        return np.broadcast_to(_of_lines(x, axes[k], shape), shape)
    whole = np.broadcast_to(x, [shape[a] for a in sorted(axes)])
    return np.broadcast_to(np.expand_dims(whole, _batch(shape, axes)), shape)


def _of_lines(x: Array, axis: int, shape: Shape) -> Array:
    """Coordinates with as many dimensions as a field of this shape."""
    if x.ndim == 1:
        check_count(x, shape[axis], axis)
        return x.reshape([-1 if a == axis else 1 for a in range(len(shape))])
    return lines_in_shape(x, axis, shape)


def _has_nan(x: Array) -> bool:
    return x.dtype.kind == "f" and bool(np.isnan(x).any())


def _batch(shape: Shape, axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple([a for a in range(len(shape)) if a not in axes])


def _known(shape: Shape, axes: tuple[int, ...], fields: Iterable[object], missing: object) -> Array:
    """Where all fields are there, or may be, as what is still to be computed."""
    whole = np.ones(shape, bool)
    for field in fields if not isinstance(missing, Gaps) or missing.missing is not None else ():
        values = unwrap(field, "f")[0]
        numbers = np.zeros(()) if dispatch.is_lazy(values) else np.asarray(dispatch.host(values))
        whole &= ~np.isnan(numbers) if numbers.dtype.kind in "fc" else True
    if isinstance(missing, Gaps) and not dispatch.is_lazy(missing.inside):  # in the order of a mask
        order = [*_batch(shape, axes), *sorted(axes)]
        whole &= np.broadcast_to(missing.inside, [shape[a] for a in order]).transpose(np.argsort(order))
    return whole


def refuse_gaps(missing: object, breaks: object) -> None:
    """For a compiler, which may not read where samples are missing."""
    if not (missing is None and breaks is None):
        raise ArgumentTypeError(
            "missing= and breaks= are not offered under torch.compile; make the grid outside: gridgrad.Grid(x).with_mask(inside)"
        )


def _breaks(breaks: object, axes: int) -> list[object]:
    """The breaks of each axis, of None where there are none."""
    if breaks is None:
        return [None] * axes
    if not isinstance(breaks, (list, tuple, range, np.ndarray)):
        raise ArgumentTypeError(f"breaks must be a sequence of integers, got {breaks!r}; breaks=[{breaks!r}]")
    nested = any(own is None or isinstance(own, (list, tuple, range, np.ndarray)) for own in breaks)
    if not nested:
        if axes > 1:
            raise ArgumentValueError(
                f"breaks={list(breaks)!r} are those of one axis, but there are {axes}; give one sequence for each, None where there are none"
            )
        return [breaks]
    if len(breaks) != axes:
        raise ArgumentValueError(
            f"breaks is of length {len(breaks)} for {counted(axes, 'axis')}; give one for each, None where there are none"
        )
    return list(breaks)


def _is_there(field: object, grid: Grid) -> Array:
    """Where a field is not NaN, its batch axes in front of those of the grid."""
    given = unwrap(field, "f")[0]
    try:
        values = cast(Array, given) if dispatch.is_lazy(given) else np.asarray(dispatch.host(given))
    except TypeError:
        raise ArgumentTypeError(
            "missing= looks at the field, which is traced or mapped; make the grid outside: gridgrad.Grid(x).with_mask(inside)"
        ) from None
    there = ~np.isnan(values) if values.dtype.kind in "fc" else np.ones(values.shape, bool)
    axes = grid.axes_of(values.shape)
    order = [a for a in range(values.ndim) if a not in axes] + sorted(
        axes, key=lambda a: grid.places[axes.index(a)]
    )
    turned: Array = there.transpose(order)
    return turned
