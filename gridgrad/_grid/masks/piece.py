"""Runs of points as axes of their own, from which the rows beside a gap are taken."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..._base.cache import cached_property
from ..._base.types import Array
from ..._stencils.derivatives import Rows, Rule, derivative_rows, points_needed
from ..._stencils.ends import ONE_SIDED, End
from ..._stencils.stencil import Stencil, no_rows
from ..axis import Along, Axis
from ..boundary import Ends, Side
from ..geometry.metric import Metric
from ..points import Points
from .many import rows_of_many
from .prescribed import conditions_of, marked, numbered

HALF = 12  # points that rows at one end of a run may read; a longer run is two pieces, one at each end


class Piece(NamedTuple):
    """Runs of points, or one end of them, of one length: their first points; whether they reach the ends of the axis.

    Where lines have points of their own these count through all lines, one behind the other.
    """

    starts: Sequence[int]  # hashable; a range of all that there may be
    length: int
    is_first: bool
    is_last: bool

    @property
    def is_common(self) -> bool:
        """Whether other masks have it too."""
        return len(self.starts) == 1 or isinstance(self.starts, range)


class PieceOfAxis(Axis):
    """A run of points of an axis; rows for which it is too short are of lower order, or are none.

    Of many runs it is the first, but the weights of its rows are arrays, of all of them. They are those at ends alone, unless
    rows are made of rows (`is_whole`).
    """

    def __init__(self, axis: Axis, piece: Piece, beside: Side, is_whole: bool) -> None:
        own: Ends = (
            numbered(axis.sides[0]) if piece.is_first else marked(beside, 0),
            numbered(axis.sides[1]) if piece.is_last else marked(beside, 1),
        )
        self.whole, self.piece, self.is_whole = axis, piece, is_whole
        spacing = axis.run_at(piece.starts[0], piece.length) if axis.has_coordinates else axis.spacing
        at = axis.number, piece.length, spacing, axis.origin
        super().__init__(
            *at, own, real=axis.real, place=axis.place, edge_order=axis.edge_order, length_of_unit=axis.length_of_unit
        )  # fmt: skip

    @cached_property
    def steps(self) -> Array:
        """Those of the whole axis, whose sign they have: a single point has none."""
        return self.whole.steps

    def per_index(self, order: int, accuracy: int | None) -> Stencil:
        """The rows of a derivative by an index of a curvilinear grid."""
        return self.rows(order, accuracy).field

    def _placed(self, end: End, side: int) -> End:
        """With the distance of a wall of the whole axis."""
        return self.whole._placed(end, side)

    def beyond(self, side: int) -> Array:
        """That of a wall of the whole axis."""
        return self.whole.beyond(side)

    def rows_of(self, rule: Rule) -> Rows:
        """The rows of the first rule that has room here; not kept for other grids, as there may be many."""
        fits = (
            lower for lower in _lower(rule) if self.length >= points_needed(lower, not self.has_coordinates)
        )
        found, is_one = next(fits, None), len(self.piece.starts) == 1
        # balances drop what they lack
        if found is None or not (is_one or found.boundary == (ONE_SIDED, ONE_SIDED)):
            none = no_rows(self.length, rule.order)
            return Rows(none, replace(none, values=True), replace(none, values=True))
        if is_one:
            return derivative_rows(self.exact_steps()[0], self.length, found)
        steps = self.whole.steps_of_runs(np.array(self.piece.starts), self.length)
        at_ends = found == rule and not self.is_whole  # others read no gap
        return Rows(rows_of_many(steps, self.length, found, at_ends))


class MetricOfPiece(Metric):
    """That of a run of latitudes, or radii; what is too short for a second derivative has no rows of one."""

    def __init__(self, metric: Metric, axis: PieceOfAxis) -> None:
        first, last = metric.poles
        poles = first if axis.piece.is_first else None, last if axis.piece.is_last else None
        super().__init__(metric.surface, metric.along, metric.around, axis, poles)

    def flux(self, accuracy: int | None, component: int | None = None) -> Along:
        """As along the whole axis."""
        n = self.axis.length
        return super().flux(accuracy, component) if n > 1 else Along(no_rows(n, 1))

    def _balances(self, is_compact: bool) -> Stencil:
        n = self.axis.length
        return super()._balances(is_compact) if n > 2 else no_rows(n, 2)

    def second(self, accuracy: int | None, form: str) -> Along:
        """As along the whole axis."""
        n = self.axis.length
        return super().second(accuracy, form) if n > 2 else Along(no_rows(n, 2))


def grid_of(grid: Points, pieces: list[Piece | None], beside: Side, is_whole: bool) -> Points:
    """The grid with some of its axes cut to pieces, which have all of their rows or those at ends."""
    axes = tuple(
        _with_numbers(axis) if piece is None else PieceOfAxis(axis.of_rows, piece, beside, is_whole)
        for axis, piece in zip(grid.axis_objects, pieces, strict=True)
    )
    small = copy(grid)
    for name in ("units", "coordinates", "steps", "quadrature"):
        small.__dict__.pop(name, None)
    small.axis_objects, small.lengths = axes, tuple(axis.length for axis in axes)
    small.shape = tuple(small.lengths[k] for k in small._order)
    if grid.mapping is not None:
        small.mapping = grid.mapping.along(axes)
    if grid.metric is not None:
        own = axes[grid.metric.along]
        small.metric = MetricOfPiece(grid.metric, own) if isinstance(own, PieceOfAxis) else copy(grid.metric)
        small.metric.axis = own
    return small


def _with_numbers(axis: Axis) -> Axis:
    """An axis that is not cut: an array prescribed at its ends has the shape of a side that is cut; weights do not depend on it."""
    if not any(not condition.is_number for side in axis.sides for condition in conditions_of(side)):
        return axis
    made = copy(axis)
    made.sides = (numbered(axis.sides[0]), numbered(axis.sides[1]))
    return made


def _lower(rule: Rule) -> list[Rule]:
    """The rule, then those that need fewer points."""
    accuracies = [a for a in (6, 4, 2) if rule.accuracy is not None and a <= rule.accuracy]
    rules = [rule._replace(accuracy=a) for a in accuracies] or [rule]
    return [*rules, rule._replace(accuracy=None), rule._replace(accuracy=None, edge_order=1)]
