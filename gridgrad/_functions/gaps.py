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
from .._grid.spacing import numbers_of
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
    for axis, own in enumerate(_breaks(breaks, grid.ndim)):
        grid = grid if own is None else with_breaks(grid, axis, own)
    known = [] if missing is None else [_is_there(field, grid) for field in fields]
    if given is None:
        return with_samples(grid, reduce(np.logical_and, known) if known else np.ones(grid.shape, bool))
    if not known:
        return with_mask(grid, given.inside, given.boundary, given.fill)
    return with_samples(grid, reduce(np.logical_and, [given.inside, *known]), given.boundary, given.fill)


def on_lines_with_gaps(
    make: Callable[[Sequence[object]], Grid], shape: Shape, axes: tuple[int, ...], entries: Sequence[object], fields: Iterable[object], missing: object
) -> tuple[Grid, tuple[Array, ...]]:  # fmt: skip
    """The grid of a call, and coordinates of lines that are NaN at some points, as one more field that is missing there.

    Where samples are missing positions need not be in order either: others stand there in the grid.
    """
    many = [k for k, entry in enumerate(entries) if np.ndim(unwrap(entry, "x")[0]) > 1]
    is_curved = len(many) > 1 and missing is not None
    try:
        grid = make(entries)
    except ArgumentValueError:
        if missing is None or not many:
            raise
    else:
        return grid, _lacking(shape, axes, [entries[k] for k in many]) if is_curved else ()
    known = _known(shape, axes, fields, missing)
    if is_curved:
        left: Array = np.asarray(known.all(axis=tuple(a for a in range(len(shape)) if a not in axes)))
        given = [_without(entry, axes[k], left) if k in many else entry for k, entry in enumerate(entries)]
        return make(given), _lacking(shape, axes, [given[k] for k in many])
    (k,) = many
    numbers, unit = unwrap(entries[k], f"the spacing of axis {axes[k]}")
    x = lines_in_shape(numbers_of(numbers, axes[k]), axes[k], shape)
    same = tuple([a for a, n in enumerate(x.shape) if n == 1])
    there = known.any(axis=same, keepdims=True) & ~np.isnan(x)
    others = wrap(lines.filled(x, axes[k], there), unit)
    grid = make([others if place == k else entry for place, entry in enumerate(entries)])
    return grid, (np.broadcast_to(x, shape),) if np.isnan(x).any() else ()


def _without(entry: object, axis: int, known: Array) -> object:
    """Positions of a curvilinear grid, NaN where samples are missing."""
    numbers, unit = unwrap(entry, f"the spacing of axis {axis}")
    return wrap(np.where(known, numbers_of(numbers, axis), np.nan), unit)


def _lacking(shape: Shape, axes: tuple[int, ...], positions: Sequence[object]) -> tuple[Array, ...]:
    """Positions of a curvilinear grid that are NaN at some points, as fields that are missing there."""
    own = [n if a in axes else 1 for a, n in enumerate(shape)]
    found = []
    for given in positions:
        x = np.asarray(dispatch.host(unwrap(given, "x")[0]))
        if x.dtype.kind == "f" and np.isnan(x).any():
            whole = np.broadcast_to(x, [shape[a] for a in sorted(axes)]).reshape(own)
            found.append(np.broadcast_to(whole, shape))
    return tuple(found)


def _known(shape: Shape, axes: tuple[int, ...], fields: Iterable[object], missing: object) -> Array:
    """Where all fields are there, or may be, as what is still to be computed."""
    whole = np.ones(shape, bool)
    for field in fields:
        values = unwrap(field, "f")[0]
        numbers = np.zeros(()) if dispatch.is_lazy(values) else np.asarray(dispatch.host(values))
        whole &= ~np.isnan(numbers) if numbers.dtype.kind in "fc" else True
    if isinstance(missing, Gaps) and not dispatch.is_lazy(missing.inside):  # in the order of a mask
        order = [a for a in range(len(shape)) if a not in axes] + sorted(axes)
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
