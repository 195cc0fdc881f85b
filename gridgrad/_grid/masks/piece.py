"""Runs of points as axes of their own, from which the rows beside a gap are taken."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..._base.types import Array
from ..._stencils.derivatives import Rows, Rule, derivative_rows, points_needed
from ..._stencils.ends import End
from ..._stencils.stencil import Stencil
from ..axis import Axis
from ..ends import Ends, Side
from ..points import Points

HALF = 12  # points that rows at one end of a run may read; a longer run is two pieces, one at each end


class Piece(NamedTuple):
    """A run of points, or one end of it: its first point and its length; whether it reaches the ends of the axis."""

    start: int
    length: int
    is_first: bool
    is_last: bool


class PieceOfAxis(Axis):
    """A run of points of an axis; rows for which it is too short are of lower order, or are none."""

    def __init__(self, line: Axis, piece: Piece, beside: Side) -> None:
        own: Ends = line.sides[0] if piece.is_first else beside, line.sides[1] if piece.is_last else beside
        self.line = line
        spacing = _spacing_of(line, piece) if line.has_coordinates else line.spacing
        super().__init__(
            line.number, piece.length, spacing, line.origin, own, None, None, line.real, line.place
        )

    def _placed(self, end: End, side: int) -> End:
        """With the distance of a wall of the whole axis."""
        return self.line._placed(end, side)

    def rows_of(self, rule: Rule) -> Rows:
        """The rows of the first rule that has room here; not kept for other grids, as there may be many."""
        fits = (
            lower for lower in _lower(rule) if self.length >= points_needed(lower, not self.has_coordinates)
        )
        found = next(fits, None)
        if found is None:
            none = Stencil(self.length, (), (), ((),) * self.length, (), order=rule.order)
            return Rows(none, replace(none, values=True), replace(none, values=True))
        return derivative_rows(self.exact_steps()[0], self.length, found)


def piece_of(start: int, length: int, local: int, line: Axis) -> tuple[Piece, int]:
    """The piece of a run that has the row of its point number `local`, and the point's number there."""
    n = line.length
    is_first, is_last = (not line.is_periodic and end for end in (start == 0, start + length == n))
    if length > 2 * HALF:
        if local < length // 2:
            is_last, length = False, HALF
        else:
            is_first, start, local, length = False, start + length - HALF, local - (length - HALF), HALF
    if not line.has_coordinates and not (is_first or is_last):
        start = 0  # all are alike
    return Piece(start % n, length, is_first, is_last), local


def grid_of(grid: Points, pieces: list[Piece | None], beside: Side) -> Points:
    """The grid with some of its axes cut to pieces."""
    lines = tuple(
        line if piece is None else PieceOfAxis(line, piece, beside)
        for line, piece in zip(grid.lines, pieces, strict=True)
    )
    small = copy(grid)
    for name in ("units", "coordinates", "steps", "quadrature"):
        small.__dict__.pop(name, None)
    small.lines, small.lengths = lines, tuple(line.length for line in lines)
    small.shape = tuple(small.lengths[k] for k in small._order)
    small._kept = {}
    return small


def _lower(rule: Rule) -> list[Rule]:
    """The rule, then those that need fewer points."""
    accuracies = [a for a in (6, 4, 2) if rule.accuracy is not None and a <= rule.accuracy]
    rules = [rule._replace(accuracy=a) for a in accuracies] or [rule]
    return [*rules, rule._replace(accuracy=None), rule._replace(accuracy=None, edge_order=1)]


def _spacing_of(line: Axis, piece: Piece) -> Array:
    x, stop = line.spacing, piece.start + piece.length
    beyond = max(stop - line.length, 0)
    if not beyond:
        return x[piece.start : stop]
    period = line.period if x[-1] > x[0] else -line.period
    return np.concatenate([x[piece.start :], x[:beyond] + period])
