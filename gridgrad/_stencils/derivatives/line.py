"""Rows of any order, accuracy and ends on one axis, in exact rationals near its ends."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ..._base.types import Array, DType
from ..ends import Equation, Known, Prescribed, Seen, undetermined
from ..stencil import BLOCK, CENTRAL, Pair, Row, Stencil
from ..weights import Rule, exact_weights, extrapolated, node_weights, weights_with_condition
from ..wide import Wide, exact_fraction, from_fraction


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


class Line(NamedTuple):
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
                first, places, wall = self.nearest(
                    side, min(self.rule.order + 3, self.length), end.equation(self.seen(side))
                )
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
            # an image of the other end, which may be held
            if index != node and index in (0, self.length - 1):
                self.add(row, index, factor * weight)
                continue
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
