"""Some lines of an array of coordinates at a time, in blocks that stay in cache; their steps, checked."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..._base.errors import ArgumentValueError
from ..._base.types import Array
from ..._stencils.stencil import BLOCK
from ..._stencils.wide import Wide, exact_steps

NEEDED = (
    'give a position for every point that counts; missing="one-sided" leaves out others where the field is NaN, and on a grid '
    "leave these out by with_mask(inside)"
)


class Lines(NamedTuple):
    """Some lines along an axis, `points` along the first axis of the values; where they are in the whole, `seen`."""

    values: Array
    place: tuple[slice, slice, slice]


def blocks(x: Array, axis: int) -> Iterator[Lines]:
    """All lines along an axis of an array in C order."""
    whole = seen(x, axis)
    before, points, behind = whole.shape
    columns = min(behind, max(1, BLOCK // points))
    planes = max(1, BLOCK // (points * columns))
    for b in range(0, before, planes):
        for k in range(0, behind, columns):
            place = slice(b, b + planes), slice(None), slice(k, k + columns)
            yield Lines(np.ascontiguousarray(np.moveaxis(whole[place], 1, 0)), place)


def seen(x: Array, axis: int) -> Array:
    """A view of an array in C order as (before, points, behind)."""
    axis %= x.ndim
    return x.reshape(prod(x.shape[:axis]), x.shape[axis], prod(x.shape[axis + 1 :]))


def index_of(lines: Lines, flags: Array, x: Array, axis: int) -> tuple[int, ...]:
    """Where the first flag of a block is in the whole array."""
    point, b, k = (int(i) for i in np.unravel_index(int(np.argmax(flags)), flags.shape))
    axis %= x.ndim
    ahead = np.unravel_index(b + lines.place[0].start, x.shape[:axis]) if axis else ()
    behind = np.unravel_index(k + lines.place[2].start, x.shape[axis + 1 :]) if axis < x.ndim - 1 else ()
    return (*map(int, ahead), point, *map(int, behind))


def checked_steps(lines: Lines, x: Array, axis: int, real: npt.DTypeLike) -> Wide:
    """The steps along some lines of `x`."""
    values = lines.values
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        at = index_of(lines, ~np.isfinite(values), x, axis)
        raise not_finite(x, axis, at)
    with np.errstate(over="ignore", invalid="ignore"):
        steps = exact_steps(values, real)
    if not np.isfinite(steps.high).all():
        at = index_of(lines, ~np.isfinite(steps.high), x, axis)
        raise ArgumentValueError(
            f"the step of axis {axis} from {_told(x, at)} to the next point overflows; rescale the coordinates"
        )
    direction = np.sign(steps.high)
    wrong = (direction != direction[0]) | (direction == 0)
    if wrong.any():
        at = index_of(lines, wrong, x, axis)
        after = tuple(i + (k == axis % x.ndim) for k, i in enumerate(at))
        marks = (
            f" (or make these NaN, numpy.where(x == {x[at]}, numpy.nan, x), where no point counts)"
            if x[at] == x[after]
            else ""
        )
        line = ", ".join(":" if k == axis % x.ndim else str(i) for k, i in enumerate(at))
        raise ArgumentValueError(
            f"the coordinates of axis {axis} are not strictly monotonic on the line x[{line}]: {_told(x, at)}, {_told(x, after)}; sort the points of each "
            f"line, numpy.take_along_axis(x, k, {axis}) with k = numpy.argsort(x, {axis}), and f alike, and leave out lines that repeat a position{marks}; "
            "if this is the field, a grid is made of coordinates, Grid(x, y), or of a labelled field, gridgrad.xarray.Grid(f)"
        )
    return steps


def not_finite(x: Array, axis: int, at: tuple[int, ...]) -> ArgumentValueError:
    """On a position that is none, of a point that counts or of an infinite one."""
    return ArgumentValueError(f"the coordinates of axis {axis} are not finite: {_told(x, at)}; {NEEDED}")


def _told(x: Array, at: tuple[int, ...]) -> str:
    return f"x[{', '.join(map(str, at))}]={x[at]}"
