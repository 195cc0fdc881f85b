"""The different pieces that the runs along an axis are made of, and which of them has the row of a point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..._base.late import imported
from ..._base.types import Array
from ..._stencils.ends import ONE_SIDED
from ..axis import Axis
from .piece import HALF, Piece
from .runs import Runs

imported("numpy.ma")  # which numpy.unique imports at its first call, for which a fork would not wait

EVERY = 4096  # places where a run may begin, for all of which rows are made, and kept for other masks


class Place(NamedTuple):
    """Where the rows of some points are: in which of the pieces, of those that are alike in which, and at which point."""

    piece: Array
    member: Array
    local: Array


class Pieces:
    """Those of the runs along an axis; many that differ in their steps alone are one `Piece`.

    Where rows vary with their places, as those along the latitudes of a sphere, none are alike. Of lines with points of
    their own `lines` are the numbers, for each run; whatever their places, their pieces are made together.
    """

    def __init__(
        self, runs: Runs, axis: Axis, is_open: bool, varies: bool = False, lines: Array | None = None
    ) -> None:
        n, start, length = runs.n, runs.start, runs.length
        self.length, self.is_long = length, length > 2 * HALF
        differs = [varies or not (axis.is_periodic or (is_open and side == ONE_SIDED)) for side in axis.sides]
        is_first, is_last = (start == 0) & differs[0], (start + length == n) & differs[1]
        own = np.where(self.is_long, HALF, length)
        front = start, own, is_first, is_last & ~self.is_long
        behind = (start + length - own) % n, own, is_first & ~self.is_long, is_last
        columns = [np.concatenate(pair) for pair in zip(front, behind, strict=True)]
        is_inner, is_near = ~(columns[2] | columns[3]), columns[0] + columns[1] <= n
        if lines is not None:
            columns[0] = np.tile(lines, 2) * n + columns[0]
        alike = columns[0] if varies or lines is not None else _alike(columns[0], columns[1], is_inner, axis)
        unique, self._piece = unique_rows(np.stack([alike, *columns[1:]], axis=1))
        first = np.zeros(len(unique), np.intp)
        first[self._piece[::-1]] = np.arange(len(self._piece))[::-1]
        # without coordinates the same for all masks, so that rows are found again
        starts = columns[0][first] if axis.has_coordinates else np.maximum(unique[:, 0], 0)
        is_many = (unique[:, 0] >= 0) & is_inner[first] & (is_near[first] | (lines is not None))
        is_many &= is_open and axis.has_coordinates and not varies
        self._group(starts, unique, is_many, n if lines is None else None)

    def _group(self, starts: Array, unique: Array, is_many: Array, n: int | None) -> None:
        """Those of many of one length together, all others alone; rows of all places on an axis of n points, if it has few."""
        self.all: list[Piece] = []
        self._group_of, self._member = np.zeros((2, len(unique)), np.intp)
        for length in np.unique(unique[is_many, 1]):
            own = np.flatnonzero(is_many & (unique[:, 1] == length))
            every = range(0 if n is None else n - int(length) + 1)
            is_every = 0 < len(every) <= EVERY
            self._group_of[own] = len(self.all)
            self._member[own] = starts[own] if is_every else np.arange(len(own))
            self.all.append(
                Piece(every if is_every else tuple(starts[own].tolist()), int(length), False, False)
            )
        for k in np.flatnonzero(~is_many):
            self._group_of[k] = len(self.all)
            _, length, is_first, is_last = unique[k].tolist()
            self.all.append(Piece((int(starts[k]),), length, bool(is_first), bool(is_last)))

    def of(self, runs: Array, local: Array) -> Place:
        """Where the rows of points of these runs are, that have these numbers in them."""
        length = self.length[runs]
        is_behind = self.is_long[runs] & (local >= length // 2)
        piece = self._piece[runs + is_behind * len(self.length)]
        return Place(
            self._group_of[piece], self._member[piece], np.where(is_behind, local - (length - HALF), local)
        )


def _alike(start: Array, length: Array, is_inner: Array, axis: Axis) -> Array:
    """The first points of pieces; less than 0 the steps of those that are even, which are alike wherever they are."""
    if not axis.has_coordinates:
        return np.where(is_inner, -1, start)
    steps = axis.exact_steps()[0]
    own = unique_rows(
        np.stack([np.unique(part, return_inverse=True)[1] for part in (steps.high, steps.low)], axis=1)
    )[1]
    changes = np.append(np.flatnonzero(np.diff(own)) + 1, len(own))  # where an even part ends
    first = np.minimum(start, len(own) - 1)
    is_even = changes[np.searchsorted(changes, first, side="right")] - start >= length - 1
    return np.where(is_inner & is_even & (length != 2), np.where(length == 1, -1, -1 - own[first]), start)


def unique_rows(table: Array) -> tuple[Array, Array]:
    """The different rows of an integer table, and which of them each row is."""
    if not len(table):
        return table, np.zeros(0, np.intp)
    low = table.min(axis=0)
    single = np.zeros(len(table), np.int64)
    for column, base, span in zip(table.T, low, table.max(axis=0) - low + 1, strict=True):
        single = single * span + (column - base)
    _, first, inverse = np.unique(single, return_index=True, return_inverse=True)
    return table[first], inverse
