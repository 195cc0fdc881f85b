"""The runs of points without a gap along one axis: what is known of them is in proportion to their number."""

from __future__ import annotations

from math import prod
from typing import NamedTuple

import numpy as np

from ..._base.types import Array, Shape


class Runs(NamedTuple):
    """All runs along an axis, in the order of their lines, and where each piece of an array's line is in them.

    A run of a ring may go on beyond its last point, and is on its line twice then. A ring without any gap has no first
    point: `whole` there.
    """

    n: int  # points of the axis
    is_ring: bool
    stride: int  # between neighbours along it, in the flattened grid
    keys: Array  # for each part of a line that counts, where it begins: number of the line * n + point
    run: Array  # and which run it is
    line: Array  # of each run
    start: Array  # its first point
    length: Array  # how many there are
    whole: Array  # whether there is no gap on the line, and no cut

    def along(self, points: Array) -> Array:
        """Where points of the flattened grid are along the axis."""
        index: Array = points // self.stride % self.n
        return index

    def of(self, points: Array) -> Array:
        """The runs of points that count."""
        above, below = np.divmod(points, self.stride)
        key = (above // self.n * self.stride + below) * self.n + above % self.n
        found: Array = self.run[np.searchsorted(self.keys, key, side="right") - 1]
        return found

    def points(self, runs: Array, local: Array) -> Array:
        """The points of the flattened grid with these numbers in runs."""
        above, below = np.divmod(self.line[runs], self.stride)
        found: Array = (above * self.n + (self.start[runs] + local) % self.n) * self.stride + below
        return found

    def ends(self, shape: Shape) -> Array:
        """The points of a grid of this shape that are beside a gap or a break."""
        run, local = self.near_ends(1)
        start, length = self.start[run], self.length[run]
        at_first, at_last = (end & (not self.is_ring) for end in (start == 0, start + length == self.n))
        beside = ((local == 0) & ~at_first) | ((local == length - 1) & ~at_last)
        flags = np.zeros(prod(shape), bool)
        flags[self.points(run[beside], local[beside])] = True
        return flags.reshape(shape)

    def near_ends(self, reach: int) -> tuple[Array, Array]:
        """The points of the runs that have ends, up to a distance from these: which run, and which number in it."""
        run = np.flatnonzero(~self.whole & (self.is_ring | (self.length < self.n)))
        step, length = np.arange(reach), self.length[run, None]
        last = length - 1 - step
        local = np.concatenate([np.broadcast_to(step, last.shape), last], axis=1)
        there = np.concatenate([step < length, last >= reach], axis=1)
        return np.broadcast_to(run[:, None], local.shape)[there], local[there]


def runs_of(inside: Array, breaks: tuple[int, ...], place: int, is_ring: bool) -> Runs:
    """Those along the axis `place` of a mask."""
    n, stride = inside.shape[place], prod(inside.shape[place + 1 :])
    lines = inside.reshape(-1, n, stride)
    begins, ends = lines.copy(), lines.copy()
    begins[:, 1:] &= ~lines[:, :-1]
    ends[:, :-1] &= ~lines[:, 1:]
    cuts = list(breaks)
    begins[:, cuts] = lines[:, cuts]
    ends[:, [cut - 1 for cut in cuts]] = lines[:, [cut - 1 for cut in cuts]]
    keys, last = (_keys(flags, n, stride) for flags in (begins, ends))
    line, start = np.divmod(keys, n)
    length = last - keys + 1
    run, whole = np.arange(len(keys)), np.zeros(len(keys), bool)
    if is_ring and 0 not in breaks:  # what ends at the seam goes on at the first point
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
    return Runs(n, is_ring, stride, keys, run, line, start, length, whole)


def _keys(flags: Array, n: int, stride: int) -> Array:
    """Flagged points as ``number of the line * n + point``, in order."""
    above, below = np.divmod(np.flatnonzero(flags), stride)
    return np.sort((above // n * stride + below) * n + above % n)
