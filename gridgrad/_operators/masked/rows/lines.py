"""The rows of one stencil on a grid with gaps, at any of its points, as arrays of pairs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import NamedTuple

import numpy as np

from ...._base.cache import cached_property
from ...._base.types import Array
from ...._grid.lines.axis import LinesAxis
from ...._grid.lines.rows import LineRows
from ...._grid.masks.piece import Piece
from ...._grid.masks.pieces import Pieces
from ...._grid.masks.prescribed import is_held
from ...._grid.masks.runs import Runs
from ...._grid.masks.table import Table, merged, table_of
from ...._grid.points import Points
from ...._stencils.stencil import Stencil
from ...fields.weights import in_mask

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
    # of what is read at the end of a run: the points whose factors count, in the place of a and b
    own: Array | None = None

    @property
    def width(self) -> int:
        """The most pairs of a point."""
        return int(self.w.shape[1])


class Line:
    """One stencil along one axis of a grid with gaps."""

    def __init__(self, grid: Points, k: int, stencil: Stencil, of_piece: PieceRows, drops: bool) -> None:
        assert grid.mask is not None
        self.grid, self.k, self.mask = grid, k, grid.mask
        # the lines with which it makes whole rows: of what is prescribed those of the field, of one face of a cell those of both
        self.follows: list[Line] = []
        # of what is prescribed beside gaps: at the first ends of runs (0), or at the last (1)
        self.end: int | None = None
        self.axis, self.stencil, self.of_piece, self.drops = grid.axis_objects[k], stencil, of_piece, drops
        self.stencils: tuple[Stencil, ...] = (stencil,)  # all of one derivative
        self._of: Callable[[Points], Line]  # makes the same on another grid
        self._of = partial(Line, k=k, stencil=stencil, of_piece=of_piece, drops=drops)

    def on(self, grid: Points) -> Line:
        """The same along the axis of another grid, which differs in its gaps; it follows none."""
        made = self._of(grid)
        made.end, made.__dict__["table"] = self.end, self.table
        return made

    def _regular(self, points: Array, index: Array) -> Table:
        """The rows of the whole axis at points of the flattened grid, which have these numbers along it."""
        return self.table.at(index)

    @cached_property
    def runs(self) -> Runs:
        """Those along the axis."""
        return _runs(self.grid, self.k)

    @cached_property
    def pieces(self) -> Pieces:
        """What they are made of."""
        return self.grid.kept(_pieces, self.k)

    @cached_property
    def table(self) -> Table:
        """The rows of the whole axis, those of all stencils beside each other, without weights of points."""
        parts = [table_of(own, self.axis.real, self.axis.is_periodic) for own in self.stencils]
        return (
            parts[0]
            if len(parts) == 1
            else Table(*(np.concatenate(own, axis=1) for own in zip(*parts, strict=True)))
        )

    @property
    def _inner_reach(self) -> tuple[int, int]:
        """How far before and behind its own point an inner row reads."""
        ends = [0, *(end for own in self.stencils for pair in own.offsets for end in pair)]
        return min(ends), max(ends)

    @cached_property
    def irregular(self) -> Array:
        """At which points of the flattened grid the row of the whole axis is not taken: it would read across a gap."""
        found: Array = np.logical_or.reduce([line._crosses for line in self.follows or [self]])
        return found

    @property
    def _of_runs(self) -> Array:
        """Where rows are those of runs."""
        return self.irregular

    @cached_property
    def _crosses(self) -> Array:
        """Where it would itself."""
        runs, n = self.runs, self.runs.n
        before, behind = self.table.reaches
        low, high = self._inner_reach
        margin = self.mask.margin(max(high, -low))
        run, local = runs.near_ends(max(int(behind.max()), -int(before.min()), high, -low) + 1 + margin)
        start, stop = runs.start[run], runs.start[run] + runs.length[run]
        at_first, at_last = (end & (not runs.is_ring) for end in (start == 0, stop == n))
        index = (start + local) % n
        # beside ends pairs do not say all that a row depends on: what is prescribed there is read in their place, and weights of
        # rows that are made of rows may cancel; a point on a wall with a value counts with that, even if it alone is a gap
        breaks, inner = self.mask.breaks[self.k], self.stencil.interior()
        is_edge = (index < inner.start) | (index >= inner.stop)
        may_be_gap = [
            is_held(side) and at not in breaks for side, at in zip(self.axis.sides, (1, n - 1), strict=True)
        ]
        before, behind = before[index], behind[index]
        past = is_edge & (start > may_be_gap[0]) & (index + np.minimum(low, before - 1) <= 0)
        beyond = is_edge & (stop < n - may_be_gap[1]) & (index + np.maximum(high, behind + 1) >= n - 1)
        goes_round = runs.is_ring and n <= 2 * max(high, -low)  # what is on one side is on the other too
        before = np.minimum(before, low if goes_round else np.where(past, -index, 0))
        behind = np.maximum(behind, high if goes_round else np.where(beyond, n - 1 - index, 0))
        crosses = (local + before < np.where(at_first, 0, margin)) | (
            local + behind >= stop - start - np.where(at_last, 0, margin)
        )
        flags = np.zeros(prod(self.mask.shape), bool)
        flags[runs.points(run[crosses], local[crosses])] = True
        return flags

    def pairs_at(self, points: Array) -> Pairs:
        """The rows of points of the flattened grid, of which some are not those of the whole axis."""
        index, place, n = self.runs.along(points), self.runs.place(points)[:, None], self.runs.points_of_line
        irregular = self._of_runs[points]
        missing, regular = np.zeros(len(points), bool), np.flatnonzero(~irregular)
        irregular = np.flatnonzero(irregular)
        run = self.runs.of(points[irregular])
        local = self.runs.local(points[irregular], run)
        own, is_of_piece = self._beside(run, local, index[irregular])
        missing[irregular] = ~own.is_there.any(axis=1) & is_of_piece & self.mask.is_open
        a, b, w, _ = merged(
            len(points),
            [(regular, self._regular(points[regular], index[regular])), (irregular, own)],
            self.axis.real,
        )
        a, b = (
            points[:, None] + ((place + end) % n - place if self.runs.is_ring else end) * self.runs.stride
            for end in (a, b)
        )
        if self.end is None:
            return Pairs(a, b, w, a == b, missing)
        read = b.copy()
        read[irregular] = self.runs.points(run, self.end * (self.runs.length[run] - 1))[:, None]
        return Pairs(read, read, w, np.ones(w.shape, bool), missing, b)

    def _beside(self, run: Array, local: Array, index: Array) -> tuple[Table, Array]:
        """Rows of points that are number `local` in a run, and whether they are as in an axis of its own: others are dropped from."""
        is_of_piece, parts = self._are_of_pieces(run, index), []
        near = np.flatnonzero(~is_of_piece)
        if len(near):
            whole, of_near = self._whole, run[near]
            parts.append(
                (near, whole.within(local[near], self.runs.start[of_near], self.runs.length[of_near]))
            )
        own = np.flatnonzero(is_of_piece)
        if len(own):
            parts.append((own, self._of_pieces(run[own], local[own])))
        return merged(len(run), parts, self.axis.real), is_of_piece

    @property
    def _whole(self) -> Table:
        return table_of(self.stencil, self.axis.real, self.axis.is_periodic, as_given=True)

    def _are_of_pieces(self, run: Array, index: Array) -> Array:
        """Whether rows of points are as in an axis of their own, not those of the whole one without what passes the gap.

        What is prescribed at the wall beside a single point has the rows that the field has there.
        """
        n, (first, last) = self.runs.points_of_line, (end.is_held for end in self.axis.ends)
        start, length = self.runs.start[run], self.runs.length[run]
        if self.drops:
            found: Array = np.max(np.abs(self._whole.reaches), axis=0)[index] > 1  # which balances nothing
            # one-sided, as points that are held have them
            found |= (first & (index == 0)) | (last & (index == n - 1))
            # the point between two that are held: it reads neither, and loses nothing
            found |= n == 3 and first and last
        else:
            found = np.ones(len(run), bool)
            fields = [line for line in self.follows if line.drops] if self.stencil.values else []
            if fields:
                left, right = self.axis.are_prescribed
                found = ~(left & (start == 0) & (length <= 1 + first))
                found &= ~(right & (start + length == n) & (length <= 1 + last))
            for line in fields:
                found |= line._are_of_pieces(run, index)
        return found

    def _of_pieces(self, run: Array, local: Array) -> Table:
        """Rows of points that are number `local` in a run, as in an axis of its own."""
        place, parts, count = self.pieces.of(run, local), [], 0
        row, first = place.local.copy(), np.zeros(len(self.pieces.all), np.intp)
        for k in np.unique(place.piece):
            table = table_of(self.of_piece(self.pieces.all[k]), self.axis.real)
            if table.w.ndim > 2:  # of many: those that are asked for
                own = np.flatnonzero(place.piece == k)
                table, row[own] = table.of(place.local[own], place.member[own]), np.arange(len(own))
            first[k], count = count, count + len(table.a)
            parts.append((slice(first[k], count), table))
        return merged(count, parts, self.axis.real).at(first[place.piece] + row)


class LineOfLines(Line):
    """All stencils of one derivative along lines with points of their own, with the weights that each point has."""

    def __init__(
        self, grid: Points, k: int, stencils: tuple[Stencil, ...], rows: LineRows, of_piece: PieceRows
    ) -> None:
        super().__init__(grid, k, stencils[0], of_piece, False)
        self.stencils, self.rows = stencils, rows
        self._of = partial(LineOfLines, k=k, stencils=stencils, rows=rows, of_piece=of_piece)

    @cached_property
    def runs(self) -> Runs:
        """Those along the axis, of points with positions."""
        check_positions(self.grid)
        return _runs(self.grid, self.k)

    def _regular(self, points: Array, index: Array) -> Table:
        own, weights = self.table.at(index), self.rows.weights(self.axis.real.name)
        w = np.stack([at_points(self.grid, weight, points) for weight in weights], axis=1)
        return own._replace(w=own.w * w, is_there=own.is_there & (w != 0)).packed()


class LineOfFlux(Line):
    """A part of a sum of fluxes by positions: beside gaps, in the place of that, its slope times a weight at each point.

    As these make one sum, all of them do so where one reads a gap.
    """

    def __init__(self, grid: Points, k: int, stencil: Stencil, of_piece: PieceRows, weight: Array) -> None:
        super().__init__(grid, k, stencil, of_piece, False)
        self.weight = weight
        self._of = partial(LineOfFlux, k=k, stencil=stencil, of_piece=of_piece, weight=weight)

    @property
    def _of_runs(self) -> Array:
        return self._crosses

    def pairs_at(self, points: Array) -> Pairs:
        """The rows of points of the flattened grid that are irregular."""
        pairs = super().pairs_at(points)
        return pairs._replace(w=pairs.w * at_points(self.grid, self.weight, points)[:, None])


def at_points(grid: Points, a: Array, points: Array) -> Array:
    """What coordinates of lines, or what is made of them, are at points of the flattened grid."""
    assert grid.mask is not None
    turned, index = grid.turned(a), grid.mask.indices(points)
    found: Array = turned[
        tuple(0 if n == 1 else at for n, at in zip(turned.shape, index[-turned.ndim :], strict=True))
    ]
    return found


def check_positions(grid: Points) -> None:
    """Refuse a point that counts and has no position."""
    assert grid.mask is not None
    for axis in grid.axis_objects:
        if axis.lacks and isinstance(axis, LinesAxis):
            points = np.flatnonzero(grid.mask.inside)
            wrong = points[at_points(grid, np.isnan(axis.spacing), points)]
            if wrong.size:
                numbers = np.arange(axis.spacing.size).reshape(axis.spacing.shape)
                raise axis.missing(int(at_points(grid, numbers, wrong[:1])[0]))


def _pieces(grid: Points, k: int) -> Pieces:
    assert grid.mask is not None
    varies = grid.metric is not None and k == grid.metric.along
    runs, axis, lines = _runs(grid, k), grid.axis_objects[k], None
    if isinstance(axis.of_rows, LinesAxis):
        lines = at_points(
            grid, axis.of_rows.line_numbers, runs.points(np.arange(len(runs.line)), np.zeros(1, np.intp))
        )
    return Pieces(runs, axis.of_rows, grid.mask.is_open, varies, lines)


def _runs(grid: Points, k: int) -> Runs:
    assert grid.mask is not None
    return grid.mask.runs(*in_mask(grid, k))
