"""The rows of one stencil on a grid with gaps, at any of its points, as arrays of pairs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from ..._base.types import Array
from ..._grid.masks.mask import Mask, Runs
from ..._grid.masks.piece import HALF, Piece, piece_of
from ..._grid.points import Points
from ..._stencils.stencil import Row, Stencil
from ..._stencils.sums import row_at

PieceRows = Callable[[Piece], Stencil]


class Pairs(NamedTuple):
    """A row for each of some points: ``sum w (f[b] - f[a])``, or of values ``w f[b]``; a pair with a weight of 0 reads nothing.

    All are of shape ``(points, pairs)``; `a` and `b` are numbers of points of the flattened grid.
    """

    a: Array
    b: Array
    w: Array
    is_value: Array
    is_missing: Array  # shape (points,): where there is no row, as its run is too short for any

    def at(self, chosen: Array) -> Pairs:
        """Those of some of the points."""
        return Pairs(*(part[chosen] for part in self))

    @property
    def width(self) -> int:
        """The most pairs of a point."""
        return int(self.w.shape[1])


class Line:
    """One stencil along one axis of a grid with gaps."""

    def __init__(self, grid: Points, k: int, stencil: Stencil, of_piece: PieceRows, drops: bool) -> None:
        assert grid.mask is not None
        self.mask: Mask = grid.mask
        self.follows: list[Line] = []  # of what is prescribed: the lines whose rows it completes
        self.axis, self.stencil, self.of_piece, self.drops = grid.lines[k], stencil, of_piece, drops
        self.shape = self.mask.shape
        place = grid.places[k] + len(self.shape) - grid.ndim
        self.stride = prod(self.shape[place + 1 :])
        self.runs: Runs = self.mask.runs(k, place, self.axis.is_periodic)
        self.length: int = self.axis.length
        index = np.arange(self.length).reshape([-1 if p == place else 1 for p in range(len(self.shape))])
        self.index = np.broadcast_to(index, self.shape)

    def reaches(self) -> tuple[Array, Array]:
        """How far before and behind its own point each row of the whole axis reads: two vectors."""
        rows = (row_of(self.stencil, i) for i in range(self.length))
        ends = [[self.near(end, i) - i for a, b, _ in row for end in (a, b)] for i, row in enumerate(rows)]
        return np.array([min([0, *own]) for own in ends]), np.array([max([0, *own]) for own in ends])

    def near(self, point: int, own: int) -> int:
        """A point as a neighbour of another, which on a ring may be beyond its ends."""
        if not self.axis.is_periodic:
            return point
        half: int = self.length // 2
        return int(own + (point - own + half) % self.length - half)

    def is_irregular(self) -> Array:
        """At which points, of those that count, the row of the whole axis would read across a gap."""
        if self.follows:
            found: Array = np.logical_or.reduce([line.is_irregular() for line in self.follows])
            return found
        before, behind = (reach[self.index] for reach in self.reaches())
        local = (self.index - self.runs.start) % self.length
        margin, n = self.mask.margin, self.length
        low, high = np.full(self.shape, margin), self.runs.length - margin
        if not self.axis.is_periodic:
            low = np.where(self.runs.start == 0, 0, low)
            high = np.where(self.runs.start + self.runs.length == n, self.runs.length, high)
        crosses = (local + before < low) | (local + behind >= high)
        irregular: Array = self.mask.inside & crosses & ~self.runs.whole
        return irregular

    def pairs_at(self, points: Array, irregular: Array) -> Pairs:
        """The rows of points of the flattened grid, of which some are not those of the whole axis."""
        index = self.index.reshape(-1)[points]
        start, length = (part.reshape(-1)[points] for part in (self.runs.start, self.runs.length))
        local = np.where(irregular, (index - start) % self.length, 0)
        if self.drops:  # of a row that is sums of what passes faces only the nearest points matter
            reach = 2 * HALF
            length = np.minimum(length - local, reach) + np.minimum(local, reach)
            local = np.minimum(local, reach)
            start = index - local
        keys = np.stack(
            [index, np.where(irregular, start, -1), np.where(irregular, length, 0), local], axis=1
        )
        unique, inverse = _unique(keys)
        rows = [self._row(*map(int, key)) for key in unique]
        return self._spread(rows, index, points, inverse)

    def _row(self, index: int, start: int, length: int, local: int) -> Row | None:
        """One row, its points relative to its own; None where there is none."""
        if length and not self.drops:
            piece, own = piece_of(start, length, local, self.axis)
            stencil = self.of_piece(piece)
            row = row_of(stencil, own)
            return _moved(row, -own, stencil.power) if row or not self.mask.is_open else None
        row = row_at(self.stencil, index) if length else row_of(self.stencil, index)
        row = tuple((self.near(a, index), self.near(b, index), w) for a, b, w in row)
        if length:  # what passes to points that do not count is 0
            row = tuple(pair for pair in row if start <= min(pair[:2]) and max(pair[:2]) < start + length)
        return _moved(row, -index, self.stencil.power)

    def _spread(self, rows: Sequence[Row | None], index: Array, points: Array, inverse: Array) -> Pairs:
        """Rows of which each serves many points, for each of these."""
        width = max([1, *(len(row or ()) for row in rows)])
        table = np.zeros((2, len(rows), width), np.intp)
        weights = np.zeros((len(rows), width), self.axis.real)
        for r, row in enumerate(rows):
            for p, (a, b, w) in enumerate(row or ()):
                table[:, r, p], weights[r, p] = (a, b), w
        missing = np.array([row is None for row in rows], bool)
        own, number = index[:, None], points[:, None]
        first, second = (number + ((own + by[inverse]) % self.length - own) * self.stride for by in table)
        return Pairs(first, second, weights[inverse], first == second, missing[inverse])


def row_of(stencil: Stencil, point: int) -> Row:
    """A row as it is computed: formula (1) of equal weights is one pair, and values are pairs of equal ends."""
    row = row_at(stencil, point)
    inner = stencil.interior()
    if stencil.is_central and inner.start <= point < inner.stop and row[0][2] == row[1][2]:
        return ((point - 1, point + 1, row[0][2]),)
    return tuple((b, b, w) for _, b, w in row) if stencil.values else row


def _moved(row: Row, by: int, power: int) -> Row:
    """A row of other points, with its true weights."""
    return tuple((a + by, b + by, np.ldexp(w, power) if power else w) for a, b, w in row)


def _unique(keys: Array) -> tuple[Array, Array]:
    """The different rows of an integer table, and which of them each row is."""
    if not len(keys):
        return keys, np.zeros(0, np.intp)
    spans = keys.max(axis=0) - keys.min(axis=0) + 1
    single = np.zeros(len(keys), np.int64)
    for column, low, span in zip(keys.T, keys.min(axis=0), spans, strict=True):
        single = single * span + (column - low)
    _, first, inverse = np.unique(single, return_index=True, return_inverse=True)
    return keys[first], inverse
