"""First and second derivatives of any order of accuracy, with their boundaries, as stencils."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import accumulate
from operator import add, mul
from typing import NamedTuple, TypeVar

import numpy as np

from .._base.types import Array, DType
from .stencil import BLOCK, CENTRAL, Row, Stencil, unscaled
from .weights import scaled_first_derivative, scaled_steps
from .wide import Wide, exact_fraction, from_fraction, narrow

Number = TypeVar("Number", Fraction, Wide)


class Rule(NamedTuple):
    """Which derivative along an axis, how accurate, and what happens at the two ends.

    `accuracy` None is formula (1) and its second derivative, three points everywhere; 2, 4 and 6 hold
    on every grid. `boundary` is of the first and the last point: ``"one-sided"``, ``"symmetric"``
    (``f(x0 - s) = f(x0 + s)``), ``"antisymmetric"`` (``f(x0 - s) = 2 f(x0) - f(x0 + s)``), or
    ``"periodic"``, then both. `edge_order` is of the one-sided rows of three-point rules.
    """

    order: int = 1
    accuracy: int | None = None
    boundary: tuple[str, str] = ("one-sided", "one-sided")
    edge_order: int = 1

    @property
    def is_periodic(self) -> bool:
        """Whether the axis is closed to a ring."""
        return self.boundary[0] == "periodic"

    @property
    def is_first_of_three(self) -> bool:
        """Whether this is formula (1), which is second-order on every grid."""
        return self.order == 1 and self.accuracy in (None, 2)

    def half_width(self, uniform: bool) -> int:
        """Neighbours on each side in a centred row.

        ``2 m + 1`` points give the order ``2 m + 1 - order``, and one more by symmetry on a uniform axis.
        """
        if self.accuracy is None:
            return 1
        return (self.accuracy + (0 if uniform or self.order == 1 else 2)) // 2

    def one_sided_points(self) -> int:
        """Points of a one-sided row: its order of accuracy and that of the derivative."""
        by_edge_order = self.accuracy is None or self.is_first_of_three
        return self.order + (self.edge_order if by_edge_order else self.accuracy or 0)


def points_needed(rule: Rule, uniform: bool = False) -> int:
    """The fewest points an axis may have; `uniform` only where every step, also around, is the same.

    The one-sided rows of a three-point second derivative need 3 and use a fourth point if there is one.
    """
    centred = 2 * rule.half_width(uniform)
    one_sided = rule.one_sided_points() if rule.accuracy or rule.order == 1 else 3
    needs = {"one-sided": one_sided, "periodic": centred + 1, "symmetric": centred, "antisymmetric": centred}
    return max(needs[side] for side in rule.boundary)


def derivative_stencil(steps: Wide, length: int, rule: Rule, wrap: Wide | None = None) -> Stencil:
    """The stencil of `rule` on `length` points, at least ``points_needed(rule)``.

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
        line = Line(one_step(near_one), length, rule, around)
        if rule.is_first_of_three:
            stencil = scaled_first_derivative(near_one, length, rule.edge_order, around)
            mirrored = [side in ("symmetric", "antisymmetric") for side in rule.boundary]
            leading = (line.row(0),) if mirrored[0] else stencil.leading
            trailing = (line.row(length - 1),) if mirrored[1] else stencil.trailing
        else:
            stencil = line.interior()
            leading = tuple(line.row(i) for i in range(line.half))
            trailing = tuple(line.row(i) for i in range(length - line.half, length))
        stencil = Stencil(length, stencil.offsets, stencil.weights, leading, trailing, order=rule.order)
        return unscaled(stencil, -rule.order * exponent)


def one_step(steps: Wide) -> Wide:
    """A scalar where all steps are bit for bit the same."""
    if np.ndim(steps.high) and np.all(steps.high == steps.high[0]) and np.all(steps.low == steps.low[0]):
        return steps.at(0)
    return steps


def node_weights(gaps: Sequence[Number], own: int, order: int) -> dict[int, Number]:
    """The weights of ``f^(order)(x_own) = sum_j w_j (f_j - f_own)`` on nodes with these gaps.

    The derivatives at ``x_own`` of the Lagrange polynomials, with ``d_j = x_j - x_own``:
    ``1/d_j prod_k d_k / (d_k - d_j)`` for the first, ``-2 sum_k 1/d_k`` times as much for the second, k
    over the nodes but j and `own` (Fornberg, SIAM Rev. 40 (1998) 685-691; the weights are those of his
    recursion, Math. Comp. 51 (1988) 699-706). Distances are sums of gaps of one sign, so that only
    the sum over k can cancel.
    """
    ahead = [list(accumulate(gaps[j:])) for j in range(len(gaps))]

    def distance(j: int, k: int) -> Number:
        return ahead[j][k - j - 1] if k > j else -ahead[k][j - k - 1]

    others = [k for k in range(len(gaps) + 1) if k != own]
    inverse = {k: 1 / distance(own, k) for k in others}
    weights = {}
    for j in others:
        rest = [k for k in others if k != j]
        weights[j] = reduce(mul, (distance(own, k) / distance(j, k) for k in rest), inverse[j])
        if order == 2:
            half = -reduce(add, (inverse[k] for k in rest))
            weights[j] = weights[j] * (half + half)
    return weights


def exact_weights(gaps: Sequence[Fraction], own: int, order: int) -> dict[int, Fraction]:
    """`node_weights` of rationals, which stay small where all gaps are the same."""
    if len(set(gaps)) > 1:
        return node_weights(gaps, own, order)
    unit = node_weights([Fraction(1)] * len(gaps), own, order)
    return {node: weight / gaps[0] ** order for node, weight in unit.items()}


@dataclass(frozen=True, eq=False, slots=True)
class Line:
    """One axis, its steps near 1, with what lies beyond its ends."""

    steps: Wide
    length: int
    rule: Rule
    wrap: Wide | None

    @property
    def half(self) -> int:
        """Neighbours on each side of an interior point, and the number of edge rows."""
        return self.rule.half_width(uniform=np.ndim(self.steps.high) == 0)

    @property
    def real(self) -> DType:
        """The type of the weights."""
        return np.asarray(self.steps.high).dtype

    def interior(self) -> Stencil:
        """The rows that reach over no end; the edges are left to `row`."""
        beside = [k for k in range(-self.half, self.half + 1) if k]
        if np.ndim(self.steps.high) == 0:
            exact = exact_weights([exact_fraction(self.steps)] * (2 * self.half), self.half, self.rule.order)
            weights = [self.rounded(w) for w in exact.values()]
        else:
            weights = self.vectors()
        if self.half == 1:
            return Stencil(self.length, CENTRAL, (-weights[0], weights[1]), (), ())
        if self.rule.order == 1 and np.ndim(self.steps.high) == 0:
            pairs = tuple((-k, k) for k in range(1, self.half + 1))
            return Stencil(self.length, pairs, tuple(weights[self.half :]), (), ())
        return Stencil(self.length, tuple((0, k) for k in beside), tuple(weights), (), ())

    def vectors(self) -> list[Array]:
        """The interior weights of uneven steps, one vector for each neighbour; 0 at the edges."""
        half, block = self.half, max(1, BLOCK // (2 * self.half))  # little memory beside the weights
        vectors = [np.zeros(self.length, self.real) for _ in range(2 * half)]
        for start in range(half, self.length - half, block):
            stop = min(start + block, self.length - half)
            gaps = [self.steps.at(slice(start + k, stop + k)) for k in range(-half, half)]
            weights = node_weights(gaps, half, self.rule.order).values()
            for vector, weight in zip(vectors, weights, strict=True):
                vector[start:stop] = weight.high
        return vectors

    def row(self, point: int) -> Row:
        """The row of a point near an end, pairs relative to it; what lies beyond is folded back."""
        first, last = self.window(point)
        gaps = [self.gap(node) for node in range(first, last)]
        weights = exact_weights(gaps, point - first, self.rule.order)
        if self.rule.order == 1 and self.wrap is not None and len(set(gaps)) == 1:  # as in the interior
            pairs = ((self.fold(point - k), self.fold(point + k), weights[self.half + k])
                     for k in range(1, self.half + 1))  # fmt: skip
            return tuple((below, above, self.rounded(w)) for ((below, _),), ((above, _),), w in pairs)
        merged: dict[int, Fraction] = {}
        for node, weight in weights.items():
            for index, factor in self.fold(first + node):
                merged[index] = merged.get(index, Fraction(0)) + factor * weight
        ends = {k: w for k, w in merged.items() if k != point and w}
        if self.rule.order == 1 and len(set(gaps)) == 1 and ends and not sum(ends.values()):
            return self.across(point, weights)
        return tuple((point, k, self.rounded(w)) for k, w in ends.items())

    def across(self, point: int, weights: dict[int, Fraction]) -> Row:
        """An even row that does not need its own point: each pair of mirrored nodes, folded back."""
        half = len(weights) // 2
        pairs: dict[tuple[int, int], Fraction] = {}
        for k in range(1, half + 1):
            below, above = self.fold(point - k), self.fold(point + k)
            base = below[0][0]
            for end, factor in (*above, *((end, -factor) for end, factor in below)):
                weight, pair = factor * weights[half + k], (base, end)
                if (end, base) in pairs:
                    weight, pair = -weight, (end, base)
                pairs[pair] = pairs.get(pair, Fraction(0)) + weight
        return tuple((a, b, self.rounded(w)) for (a, b), w in pairs.items() if a != b and w)

    def window(self, point: int) -> tuple[int, int]:
        """The first and the last node of an edge row; they may lie beyond the axis."""
        at_end = point >= self.half
        if self.rule.boundary[at_end] == "one-sided":
            points = min(self.rule.one_sided_points(), self.length)
            return (self.length - points, self.length - 1) if at_end else (0, points - 1)
        gaps = {self.gap(node) for node in range(point - self.half, point + self.half)}
        half = self.half if len(gaps) == 1 else self.rule.half_width(uniform=False)
        return point - half, point + half

    def gap(self, node: int) -> Fraction:
        """The step from this node to the next, beyond the ends too."""
        last = self.length - 1
        if self.wrap is not None:
            if node % self.length == last:
                return exact_fraction(self.wrap)
            node %= self.length
        elif not 0 <= node < last:
            node = -1 - node if node < 0 else 2 * last - 1 - node
        return exact_fraction(self.steps.at(node) if np.ndim(self.steps.high) else self.steps)

    def fold(self, node: int) -> tuple[tuple[int, int], ...]:
        """The points whose values, times a factor, make the value at a node beyond an end."""
        last = self.length - 1
        if 0 <= node <= last:
            return ((node, 1),)
        if self.wrap is not None:
            return ((node % self.length, 1),)
        end = 0 if node < 0 else last
        if self.rule.boundary[node > last] == "symmetric":
            return ((2 * end - node, 1),)
        return ((end, 2), (2 * end - node, -1))

    def rounded(self, weight: Fraction) -> Array:
        """A weight in the type of the steps."""
        return from_fraction(weight, self.real).high
