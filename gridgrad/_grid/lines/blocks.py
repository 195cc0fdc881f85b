"""Some lines of an array at a time, in blocks that stay in cache; and which line of it one is."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import NamedTuple

import numpy as np

from ..._base.types import Array
from ..._stencils.stencil import BLOCK


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
