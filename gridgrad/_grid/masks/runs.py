"""The runs of points without a gap along one axis: what is known of them is in proportion to their number."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from ..._base.types import Array


class Runs(NamedTuple):
    """All runs along an axis, in the order of their lines, and where each piece of an array's line is in them.

    A run of a ring may go on beyond its last point, and is on its line twice then. A ring without any gap has no first
    point: `whole` there. Of a block of the axis they are those in the block, and the flattened grid is the block.
    """

    n: int  # points of the axis
    is_ring: bool
    stride: int  # between neighbours along it, in the flattened grid
    points_of_line: int  # n, or those of a block
    low: int  # the first of them
    keys: Array  # for each part of a line that counts, where it begins: number of the line * n + point
    run: Array  # and which run it is
    line: Array  # of each run
    at: Array  # its first point in the line
    start: Array  # and on the axis
    length: Array  # how many there are
    whole: Array  # whether there is no gap on the line, and no cut

    def place(self, points: Array) -> Array:
        """Where points of the flattened grid are in their lines."""
        place: Array = points // self.stride % self.points_of_line
        return place

    def along(self, points: Array) -> Array:
        """Where they are on the axis."""
        index: Array = (self.place(points) + self.low) % self.n
        return index

    def of(self, points: Array) -> Array:
        """The runs of points that count."""
        above, below = np.divmod(points, self.stride)
        m = self.points_of_line
        key = (above // m * self.stride + below) * m + above % m
        found: Array = self.run[np.searchsorted(self.keys, key, side="right") - 1]
        return found

    def points(self, runs: Array, local: Array) -> Array:
        """The points of the flattened grid with these numbers in runs."""
        above, below = np.divmod(self.line[runs], self.stride)
        m = self.points_of_line
        found: Array = (above * m + (self.at[runs] + local) % m) * self.stride + below
        return found

    def local(self, points: Array, runs: Array) -> Array:
        """Which number points of runs have in them."""
        number: Array = (self.place(points) - self.at[runs]) % self.points_of_line
        return number

    def near_ends(self, reach: int) -> tuple[Array, Array]:
        """The points of the runs that have ends, up to a distance from these: which run, and which number in it."""
        run = np.flatnonzero(~self.whole & (self.is_ring | (self.length < self.n)))
        step, length = np.arange(reach), self.length[run, None]
        last = length - 1 - step
        local = np.concatenate([np.broadcast_to(step, last.shape), last], axis=1)
        there = np.concatenate([step < length, last >= reach], axis=1)
        return np.broadcast_to(run[:, None], local.shape)[there], local[there]


def runs_of(
    inside: Array, breaks: tuple[int, ...], place: int, is_ring: bool, block: tuple[int, int] | None = None
) -> Runs:
    """Those along the axis `place` of a mask; of that of a `block` (its first point, points of the axis) those in it, cut at its ends."""
    m, stride = inside.shape[place], prod(inside.shape[place + 1 :])
    low, n = (0, m) if block is None else block
    lines = inside.reshape(-1, m, stride)
    begins, ends = lines.copy(), lines.copy()
    begins[:, 1:] &= ~lines[:, :-1]
    ends[:, :-1] &= ~lines[:, 1:]
    cuts = list(breaks) if block is None else [p for p in range(1, m) if (low + p) % n in breaks]
    begins[:, cuts] = lines[:, cuts]
    ends[:, [cut - 1 for cut in cuts]] = lines[:, [cut - 1 for cut in cuts]]
    keys, last = (_keys(flags, m, stride) for flags in (begins, ends))
    line, start = np.divmod(keys, m)
    length = last - keys + 1
    run, whole = np.arange(len(keys)), np.zeros(len(keys), bool)
    if is_ring and 0 not in breaks and block is None:  # what ends at the seam goes on at the first point
        first, behind = np.flatnonzero(start == 0), np.flatnonzero(start + length == n)
        _, f, b = np.intersect1d(line[first], line[behind], assume_unique=True, return_indices=True)
        first, behind = first[f], behind[b]
        whole[first[first == behind]] = True
        first, behind = first[first != behind], behind[first != behind]
        length[behind] += length[first]
        run[first] = behind
        kept = np.delete(np.arange(len(keys)), first)
        run = np.searchsorted(kept, run)
        line, start, length, whole = line[kept], start[kept], length[kept], whole[kept]
    return Runs(n, is_ring, stride, m, low, keys, run, line, start, (start + low) % n, length, whole)


def _keys(flags: Array, n: int, stride: int) -> Array:
    """Flagged points as ``number of the line * n + point``, in order."""
    above, below = np.divmod(np.flatnonzero(flags), stride)
    return np.sort((above // n * stride + below) * n + above % n)
