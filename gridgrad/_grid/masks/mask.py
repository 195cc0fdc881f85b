"""`Mask`: the points of a grid that count, and where lines of them are cut in runs."""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..._base.errors import counted
from ..._base.types import Array
from ..._stencils.ends import ONE_SIDED, SYMMETRIC
from ..conditions import Components, Condition
from ..ends import Side


class Runs(NamedTuple):
    """For each point of a grid, along one axis, the run of points without a gap that it is in.

    A run of a ring may go on beyond its last point. A ring without any gap has no first point: `whole` there.
    """

    start: Array  # the first point
    length: Array  # how many there are; 0 of points that do not count
    whole: Array  # whether there is no gap on the line, and no cut


class Mask:
    """Which points count, breaks between points of an axis, and what is known beside both.

    `inside` is of the grid's `shape`, which batch axes may precede; a break at i of an axis is between its points i - 1 and i. What is no result,
    at points that do not count or where no row fits, is `fill`.
    """

    def __init__(
        self, inside: Array, breaks: tuple[tuple[int, ...], ...], side: Side = ONE_SIDED, fill: float = 0.0
    ) -> None:
        self.inside, self.breaks, self.side, self.fill = inside, breaks, side, fill
        self._runs: dict[tuple[int, bool], Runs] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mask) and (
            (self.breaks, self.side, str(self.fill)) == (other.breaks, other.side, str(other.fill))
            and np.array_equal(self.inside, other.inside)
        )

    __hash__ = object.__hash__

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the grid, behind batch axes, whose fields may have their own gaps."""
        shape: tuple[int, ...] = self.inside.shape
        return shape

    @property
    def drops(self) -> bool:
        """Whether what passes to a point that does not count is 0, where rows are sums of what passes faces."""
        return self.side in (ONE_SIDED, SYMMETRIC)

    @cached_property
    def gaps(self) -> Array:
        """The runs of points of the flattened grid that do not count: where each begins and ends, shape (runs, 2)."""
        edges = np.flatnonzero(np.diff(np.concatenate([[True], self.inside.reshape(-1), [True]])))
        return edges.astype(np.int32).reshape(-1, 2)

    def described(self) -> str:
        """A few words on it."""
        cuts = sum(map(len, self.breaks))
        words = [f"{np.count_nonzero(self.inside)} of them inside"] if not self.inside.all() else []
        return ", ".join(words + ([counted(cuts, "break")] if cuts else [])) or "without gaps"

    @property
    def is_open(self) -> bool:
        """Whether nothing is known beside a gap, and rows are one-sided."""
        return self.side == ONE_SIDED

    @property
    def margin(self) -> int:
        """How many points beside a gap may have a value that is not the field's: one where it is prescribed."""
        return int(isinstance(self.side, (Condition, Components)))

    def runs(self, k: int, place: int, is_ring: bool) -> Runs:
        """The runs along axis `k` of a grid, which is the axis `place` of its fields."""
        if (k, is_ring) not in self._runs:
            lines = np.moveaxis(self.inside, place, -1)
            found = _runs(lines, self.breaks[k], is_ring)
            self._runs[k, is_ring] = Runs(*(np.moveaxis(a, -1, place) for a in found))
        return self._runs[k, is_ring]


def _runs(inside: Array, breaks: tuple[int, ...], is_ring: bool) -> Runs:
    """The same along the last axis."""
    n = inside.shape[-1]
    index = np.broadcast_to(np.arange(n), inside.shape)
    cut = np.ones(inside.shape, bool)  # before each point
    cut[..., 1:] = inside[..., 1:] != inside[..., :-1]
    cut[..., list(breaks)] = True
    start = np.maximum.accumulate(np.where(cut, index, 0), axis=-1)
    behind = np.concatenate([cut[..., 1:], np.ones_like(cut[..., :1])], axis=-1)
    stop = np.minimum.accumulate(np.where(behind, index + 1, n)[..., ::-1], axis=-1)[..., ::-1]
    whole = np.zeros(inside.shape, bool)
    if is_ring and 0 not in breaks:
        joined = inside[..., :1] & inside[..., -1:]
        first, last = stop[..., :1], start[..., -1:]
        whole |= joined & (first == n)
        round_ = joined & (first < n)
        begins, ends = round_ & (start == 0), round_ & (stop == n)
        start, stop = (np.where(begins, last - n, start), np.where(ends, n + first, stop))
    length = np.where(inside, stop - start, 0)
    return Runs(np.mod(start, n), length, whole)
