"""Derivatives of orders 1 to 4, of any accuracy, centred or to one side, with their boundaries, as stencils."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from .._base.types import Array, DType
from .ends import ONE_SIDED, End, Equation, Known, Prescribed, Seen, undetermined
from .stencil import BLOCK, CENTRAL, Pair, Row, Stencil, unscaled
from .weights import (
    exact_weights,
    extrapolated,
    node_weights,
    scaled_first_derivative,
    scaled_steps,
    weights_with_condition,
)
from .wide import Wide, exact_fraction, from_fraction, narrow


class Rule(NamedTuple):
    """Which derivative along an axis, how accurate, and what happens at the two ends.

    `accuracy` None is the narrowest row: formula (1) and its second derivative, three points everywhere, and five of
    orders 3 and 4; 2, 4 and 6 hold on every grid. `boundary` is of the first and the last point. `edge_order` is of
    the one-sided rows of narrowest rules. With a `side`, -1 or 1, the first derivative is of the points before or
    behind alone, and its accuracy 1 or 2.
    """

    order: int = 1
    accuracy: int | None = None
    boundary: tuple[End, End] = (ONE_SIDED, ONE_SIDED)
    edge_order: int = 1
    side: int = 0

    @property
    def is_periodic(self) -> bool:
        """Whether the axis is closed to a ring."""
        return self.boundary[0].is_periodic

    @property
    def is_first_of_three(self) -> bool:
        """Whether this is formula (1), which is second-order on every grid."""
        return self.order == 1 and self.accuracy in (None, 2) and not self.side

    def reach(self, uniform: bool) -> tuple[int, int]:
        """Neighbours before and behind a point in an interior row.

        ``2 m + 1`` centred points give the order ``2 m + 1 - order``, and one more by symmetry: of odd derivatives
        on every axis if that makes it even, of even ones on a uniform axis.
        """
        if self.side:
            points = self.accuracy or 1
            return (points, 0) if self.side < 0 else (0, points)
        by_symmetry = uniform or self.order % 2
        half = (self.order + 1) // 2 - 1
        if self.accuracy is None:
            return half + 1, half + 1
        half += (self.accuracy + (0 if by_symmetry else 2)) // 2
        return half, half

    def one_sided_points(self) -> int:
        """Points of a one-sided row: its order of accuracy and that of the derivative."""
        by_edge_order = (self.accuracy is None or self.is_first_of_three) and not self.side
        return self.order + (self.edge_order if by_edge_order else self.accuracy or 1)


def points_needed(rule: Rule, uniform: bool = False) -> int:
    """The fewest points an axis may have; `uniform` only where every step, also around, is the same.

    One-sided rows of narrowest rules need a point more than their order, 3 of a second derivative, and use another if it is there.
    """
    centred = rule.one_sided_points() if rule.side else sum(rule.reach(uniform))
    one_sided = rule.one_sided_points() if rule.accuracy or rule.order == 1 else rule.order + 1
    least = rule.order + 1 if rule.order > 2 else 0  # for rows with a condition, which begin with those without
    return max(max(end.points(centred, one_sided), least if type(end) is Prescribed else 0) for end in rule.boundary)


class Rows(NamedTuple):
    """The rows of one derivative: of a field, and of what is prescribed at both ends, None where nothing is."""

    field: Stencil
    first: Stencil | None = None
    last: Stencil | None = None

    @property
    def prescribed(self) -> tuple[Stencil | None, Stencil | None]:
        """Those of the two ends: stencils of values, of rows near their end only."""
        return self.first, self.last


def derivative_stencil(steps: Wide, length: int, rule: Rule, wrap: Wide | None = None) -> Stencil:
    """The rows of a field; see `derivative_rows`."""
    return derivative_rows(steps, length, rule, wrap).field


def derivative_rows(steps: Wide, length: int, rule: Rule, wrap: Wide | None = None) -> Rows:
    """The rows of `rule` on `length` points, at least ``points_needed(rule)``.

    Parameters
    ----------
    steps : Wide, scalar or shape (length - 1,)
        ``x[i+1] - x[i]``, all of one sign. Units: [x].
    rule : Rule
        The derivative, its accuracy and its boundaries.
    wrap : Wide, scalar or None
        The step from the last point round to the first one of a periodic axis.

    Notes
    -----
    ``D f[i] = sum_j w_j (f_j - f_i)``, `w_j` by `node_weights`. A rule of accuracy p has errors of order
    ``h**p`` at every point of every grid. Of accuracy None, the second derivative has the interior error
    ``(hr - hl)/3 f''' + (hl**2 - hl hr + hr**2)/12 f''''``, and one-sided rows of 4 points (``h**2``) for
    `edge_order` 2, or of 3 (``h``) for 1 and on an axis of 3 points. Steps that are bit for bit the same
    are one step. Interior weights are formed to twice the precision and rounded once; those of uniform
    axes and of edges are exact rationals, rounded once.
    """
    with np.errstate(all="ignore"):
        near_one, around, exponent = scaled_steps(narrow(steps), wrap)
        first, last = (end.scaled(-exponent) for end in rule.boundary)
        line = Line(one_step(near_one), length, rule._replace(boundary=(first, last)), around)
        if rule.is_first_of_three:
            stencil = scaled_first_derivative(near_one, length, rule.edge_order, around)
        else:
            stencil = line.interior()
        start, stop = line.edges()
        is_formula = rule.is_first_of_three and not (first.is_held or last.is_held)  # made with the interior
        made = [is_formula and end.is_formula for end in (first, last)]
        leading = [Edge(row) for row in stencil.leading] if made[0] else [line.row(i) for i in range(start)]
        trailing = (
            [Edge(row) for row in stencil.trailing] if made[1] else [line.row(i) for i in range(stop, length)]
        )
        edges = [tuple(edge.pairs for edge in side) for side in (leading, trailing)]
        shift = -rule.order * exponent
        field = Stencil(length, stencil.offsets, stencil.weights, edges[0], edges[1], order=rule.order)
        sides = (line.prescribed(side, leading, trailing) for side in (0, 1))
        return Rows(unscaled(field, shift), *(side and unscaled(side, shift) for side in sides))


def one_step(steps: Wide) -> Wide:
    """A scalar where all steps are bit for bit the same."""
    if np.ndim(steps.high) and np.all(steps.high == steps.high[0]) and np.all(steps.low == steps.low[0]):
        return steps.at(0)
    return steps


class Sum(NamedTuple):
    """A row as it is made: the weight of each point, and of what is prescribed at the two ends."""

    points: dict[int, Fraction]
    prescribed: list[Fraction]


class Edge(NamedTuple):
    """A row near an end as data."""

    pairs: Row
    prescribed: Sequence[Fraction] = (Fraction(0), Fraction(0))


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """One axis, its steps near 1, with what lies beyond its ends."""

    steps: Wide
    length: int
    rule: Rule
    wrap: Wide | None

    @property
    def is_uniform(self) -> bool:
        """Whether all steps are one."""
        return np.ndim(self.steps.high) == 0

    @property
    def reach(self) -> tuple[int, int]:
        """Neighbours before and behind an interior point, and the numbers of edge rows."""
        return self.rule.reach(self.is_uniform)

    @property
    def is_odd(self) -> bool:
        """Whether even rows do not need their own point."""
        return self.rule.order % 2 == 1 and not self.rule.side

    @property
    def real(self) -> DType:
        """The type of the weights."""
        return np.asarray(self.steps.high).dtype

    def interior(self) -> Stencil:
        """The rows that reach over no end; the edges are left to `row`."""
        before, behind = self.reach
        beside = [k for k in range(-before, behind + 1) if k]
        if self.is_uniform:
            gaps = [exact_fraction(self.steps)] * (before + behind)
            weights = [self.rounded(w) for w in exact_weights(gaps, before, self.rule.order).values()]
        else:
            weights = self.vectors()
        if before == behind == 1:
            return Stencil(self.length, CENTRAL, (-weights[0], weights[1]), (), ())
        if self.is_odd and self.is_uniform:
            pairs = tuple((-k, k) for k in range(1, before + 1))
            return Stencil(self.length, pairs, tuple(weights[before:]), (), ())
        rows = [self.turned(0, k, w) for k, w in zip(beside, weights, strict=True)]
        return Stencil(self.length, tuple((a, b) for a, b, _ in rows), tuple(w for *_, w in rows), (), ())

    def vectors(self) -> list[Array]:
        """The interior weights of uneven steps, one vector for each neighbour; 0 at the edges."""
        before, behind = self.reach
        block = max(1, BLOCK // (before + behind))  # little memory beside the weights
        vectors = [np.zeros(self.length, self.real) for _ in range(before + behind)]
        for start in range(before, self.length - behind, block):
            stop = min(start + block, self.length - behind)
            gaps = [self.steps.at(slice(start + k, stop + k)) for k in range(-before, behind)]
            weights = node_weights(gaps, before, self.rule.order).values()
            for vector, weight in zip(vectors, weights, strict=True):
                vector[start:stop] = weight.high
        return vectors

    def edges(self) -> tuple[int, int]:
        """The first point that is not near an end, and the first near the last end."""
        before, behind = (own + end.is_held for own, end in zip(self.reach, self.rule.boundary, strict=True))
        start = min(before, self.length)
        return start, max(start, self.length - behind)

    def row(self, point: int) -> Edge:
        """The row of a point near an end, pairs relative to it; what lies beyond is folded back."""
        before, behind = self.reach
        side = 0 if point < before else 1 if point >= self.length - behind else None
        if side is not None:
            end = self.rule.boundary[side]
            if end.is_held and end.is_balanced and point in (0, self.length - 1):
                return Edge(())
            condition = end.condition(self.rule.order, self.rule.accuracy, self.seen(side))
            if condition is not None:
                return self.row_with(condition, side, point)
        first, last = self.window(point, side)
        gaps = [self.gap(node) for node in range(first, last)]
        weights = exact_weights(gaps, point - first, self.rule.order)
        if self.is_odd and self.wrap is not None and len(set(gaps)) == 1:  # as in the interior
            pairs = ((self.known(point - k).points, self.known(point + k).points, weights[before + k])
                     for k in range(1, before + 1))  # fmt: skip
            return Edge(tuple((below, above, self.rounded(w)) for ((below, _),), ((above, _),), w in pairs))
        nodes = {first + node: weight for node, weight in weights.items()}
        row = self.extrapolated(self.sum_of(nodes, point))
        is_even = len(set(gaps)) == 1 and first + last == 2 * point and any(row.points.values())
        if self.is_odd and is_even and not row.points.get(point):
            return Edge(self.across(point, weights), row.prescribed)
        return self.around(point, row)

    def row_with(self, condition: Equation, side: int, point: int) -> Edge:
        """A row of the points nearest to an end and of a condition there, in place of one more point."""
        count = min(self.rule.order + (self.rule.accuracy or 2) - 1, self.length)
        first, places, wall = self.nearest(side, count, condition)
        found = weights_with_condition(places, point - first, self.rule.order, wall)
        if found is None:
            raise undetermined(condition.a, condition.b)
        gaps = [self.gap(node) for node in range(first, first + count - 1)]
        nodes = {first + k: w for k, w in exact_weights(gaps, point - first, self.rule.order).items()}
        row = self.sum_of(nodes, point)
        weight, more = found
        for k, value in enumerate(more):
            self.add(row, first + k, value)
        if not condition.is_zero:
            row.prescribed[side] += weight
        return self.around(point, self.extrapolated(row))

    def extrapolated(self, row: Sum) -> Sum:
        """The row, with what is said to follow from the field taken from the points next to its end."""
        for side, end in enumerate(self.rule.boundary):
            if isinstance(end, Prescribed) and end.is_extrapolated and row.prescribed[side]:
                first, places, wall = self.nearest(side, min(self.rule.order + 3, self.length), end.equation(self.seen(side)))
                for k, value in enumerate(extrapolated(places, wall)):
                    self.add(row, first + k, row.prescribed[side] * value)
                row.prescribed[side] = Fraction(0)
        return row

    def nearest(self, side: int, count: int, condition: Equation) -> tuple[int, list[Fraction], Equation]:
        """The first of the points nearest to an end, and where they and the condition there are, from it."""
        first = self.length - count if side else 0
        places = [Fraction(0)]
        for node in range(first, first + count - 1):
            places.append(places[-1] + self.gap(node))
        return first, places, condition._replace(way=(places[-1] if side else places[0]) + condition.way)

    def sum_of(self, nodes: dict[int, Fraction], point: int) -> Sum:
        """``sum_j w_j (f_j - f_point)``, by points and what is prescribed."""
        row = Sum({}, [Fraction(0), Fraction(0)])
        for node, weight in nodes.items():
            self.add(row, node, weight)
        self.add(row, point, -sum(nodes.values(), Fraction(0)))
        return row

    def add(self, row: Sum, node: int, weight: Fraction) -> None:
        """Add a multiple of the value at a node."""
        points, prescribed = self.known(node)
        for index, factor in points:
            row.points[index] = row.points.get(index, Fraction(0)) + factor * weight
        if prescribed:
            row.prescribed[node > 0] += prescribed * weight

    def around(self, point: int, row: Sum) -> Edge:
        """Differences from the point, or, if its value is not read, from the first that is; and what their weights lack."""
        own = point if self.known(point).points else next(iter(row.points), point)
        pairs = [self.turned(own, k, self.rounded(w)) for k, w in row.points.items() if k != own and w]
        if left := sum(row.points.values()):
            pairs.append((own, own, self.rounded(left)))
        return Edge(tuple(pairs), row.prescribed)

    def turned(self, own: int, other: int, weight: Array) -> Pair:
        """A pair; of rows to one side with a positive weight, so that a constant gives 0 and not -0."""
        if self.rule.side and np.min(weight) < 0:
            return other, own, -weight
        return own, other, weight

    def across(self, point: int, weights: dict[int, Fraction]) -> Row:
        """An even row that does not need its own point: each pair of mirrored nodes, folded back."""
        half = len(weights) // 2
        pairs: dict[tuple[int, int], Fraction] = {}
        for k in range(1, half + 1):
            below, above = self.known(point - k).points, self.known(point + k).points
            if not (below or above):  # both are prescribed
                continue
            base, left = (below or above)[0][0], Fraction(0)
            for end, factor in (*above, *((end, -factor) for end, factor in below)):
                weight, pair = factor * weights[half + k], (base, end)
                left += factor
                if end == base:
                    continue
                if (end, base) in pairs:
                    weight, pair = -weight, (end, base)
                pairs[pair] = pairs.get(pair, Fraction(0)) + weight
            if left:
                pairs[base, base] = pairs.get((base, base), Fraction(0)) + left * weights[half + k]
        return tuple((a, b, self.rounded(w)) for (a, b), w in pairs.items() if w)

    def prescribed(self, side: int, leading: list[Edge], trailing: list[Edge]) -> Stencil | None:
        """What the rows near the ends make of what is prescribed at one of them; None if nothing is."""
        rows: list[tuple[Row, ...]] = []
        for first, edges in ((0, leading), (self.length - len(trailing), trailing)):
            weights = [edge.prescribed[side] for edge in edges]
            rows.append(
                tuple(((i, i, self.rounded(w)),) if w else () for i, w in enumerate(weights, start=first))
            )
        if not any(row for edges in rows for row in edges):
            return None
        return Stencil(self.length, (), (), rows[0], rows[1], values=True, order=self.rule.order)

    def window(self, point: int, side: int | None) -> tuple[int, int]:
        """The first and the last node of an edge row; they may lie beyond the axis."""
        if side is not None and self.rule.boundary[side].is_one_sided:
            points = min(self.rule.one_sided_points(), self.length)
            return (self.length - points, self.length - 1) if side else (0, points - 1)
        before, behind = self.reach
        gaps = {self.gap(node) for node in range(point - before, point + behind)}
        if len(gaps) > 1:
            before, behind = self.rule.reach(uniform=False)
        return point - before, point + behind

    def seen(self, side: int) -> Seen:
        """The axis as one end sees it."""
        outward = 1 if (self.inside(0) > 0) == bool(side) else -1
        last = self.length - 2
        return Seen(self.length, (lambda k: self.inside(last - k)) if side else self.inside, outward)

    def gap(self, node: int) -> Fraction:
        """The step from this node to the next, beyond the ends too."""
        last = self.length - 1
        if self.wrap is not None:
            if node % self.length == last:
                return exact_fraction(self.wrap)
            return self.inside(node % self.length)
        if node < 0:
            return self.rule.boundary[0].gap(node, self.seen(0))
        if node >= last:
            return self.rule.boundary[1].gap(last - 1 - node, self.seen(1))
        return self.inside(node)

    def inside(self, step: int) -> Fraction:
        """A step of the axis."""
        return exact_fraction(self.steps.at(step) if np.ndim(self.steps.high) else self.steps)

    def known(self, node: int) -> Known:
        """The points whose values, times a factor, make the value at a node that may lie beyond an end."""
        last = self.length - 1
        if 0 < node < last:
            return Known(((node, 1),))
        if node <= 0:
            return self.rule.boundary[0].known(node, self.seen(0))
        points, prescribed = self.rule.boundary[1].known(last - node, self.seen(1))
        return Known(tuple((last - point, factor) for point, factor in points), prescribed)

    def rounded(self, weight: Fraction) -> Array:
        """A weight in the type of the steps."""
        return from_fraction(weight, self.real).high
