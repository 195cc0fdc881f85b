"""Which derivative along an axis, and coordinates to its weights: each rounded once to float64 (or long double)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import reduce
from itertools import accumulate
from math import factorial, prod
from operator import add, mul
from typing import NamedTuple

import numpy as np

from .._base.types import Array
from .ends import ONE_SIDED, End, Equation, Prescribed
from .stencil import BLOCK, CENTRAL, Row, Stencil
from .wide import Number, Wide, join, narrow, without_noise


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

    @property
    def is_formula(self) -> bool:
        """Whether that makes the rows at both ends too."""
        return self.is_first_of_three and self.boundary[0].is_formula and self.boundary[1].is_formula

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
    # for rows with a condition, which begin with those without
    least = rule.order + 1 if rule.order > 2 else 0
    return max(
        max(end.points(centred, one_sided), least if type(end) is Prescribed else 0) for end in rule.boundary
    )


def scaled_first_derivative(steps: Wide, length: int, edge_order: int, wrap: Wide | None) -> Stencil:
    """The second-order first derivative on `length` points, of steps near 1; `wrap` is the one round a ring.

    Interior error ``(hl hr / 6) f'''``; edge errors ``(h/2) f''`` and ``(a (a + b) / 6) f'''``
    (Fornberg, Math. Comp. 51 (1988) 699-706, for general nodes). Every weight is formed to twice the
    precision and rounded once.
    """
    if np.ndim(steps.high) == 0:
        lower, upper = central_weights(steps, steps)
        near = far = Wide(np.full(2, steps.high), np.full(2, steps.low))
    else:
        left = join([steps.at(0) if wrap is None else wrap, steps])
        right = join([steps, steps.at(-1) if wrap is None else wrap])
        lower, upper = np.empty_like(left.high), np.empty_like(left.high)
        for start in range(0, length, BLOCK):  # little memory beside the weights
            block = slice(start, start + BLOCK)
            lower[block], upper[block] = central_weights(left.at(block), right.at(block))
        inner = slice(1, -1)
        if length > 2 and np.all(lower[inner] == upper[inner]) and np.all(lower[inner] == lower[1]):
            lower, upper = lower[1], upper[1]
        near, far = steps.at([0, -1]), steps.at([min(1, length - 2), max(0, length - 3)])  # of both ends
    if wrap is not None:
        leading = wrapped_row(length, 0, wrap, near.at(0))
        trailing = wrapped_row(length, length - 1, near.at(1), wrap)
    else:
        rows = one_sided_row(near, far, edge_order)
        leading = tuple((a, b, weights[0]) for a, b, weights in rows)
        trailing = tuple((length - 1 - b, length - 1 - a, weights[1]) for a, b, weights in reversed(rows))
    return Stencil(length, CENTRAL, (lower, upper), (leading,), (trailing,), order=1)


def central_weights(left: Wide, right: Wide) -> tuple[Array, Array]:
    """``(hr/(hl+hr))/hl`` and ``(hl/(hl+hr))/hr``: formula (1) for the first derivative."""
    total = left + right
    return (right / total / left).high, (left / total / right).high


def one_sided_row(near: Wide, far: Wide, edge_order: int) -> Row:
    """The row of the first point, from its two steps; the last point's is its mirror image."""
    one = narrow(np.ones_like(near.high))
    if edge_order == 1:
        return ((0, 1, (one / near).high),)
    ratio = near / (near + far)
    return ((0, 1, ((one + ratio) / near).high), (1, 2, -(ratio / far).high))


def wrapped_row(length: int, point: int, left: Wide, right: Wide) -> Row:
    """Formula (1) at an end of a periodic axis, with the neighbours' indices wrapped."""
    lower, upper = central_weights(left, right)
    below, above = (point - 1) % length, (point + 1) % length
    if lower == upper:
        return ((below, above, lower),)
    return ((below, point, lower), (point, above, upper))


def node_weights(gaps: Sequence[Number], own: int, order: int) -> dict[int, Number]:
    """The weights of ``f^(order)(x_own) = sum_j w_j (f_j - f_own)`` on nodes with these gaps.

    The derivatives at ``x_own`` of the Lagrange polynomials, with ``d_j = x_j - x_own``:
    ``1/d_j prod_k d_k / (d_k - d_j)`` for the first, and for the m-th ``(-1)**(m-1) m!`` times the sum over all
    products of m - 1 of the ``1/d_k`` as much, ``-2 sum_k 1/d_k`` for the second; k over the nodes but j and `own`
    (Fornberg, SIAM Rev. 40 (1998) 685-691; the weights are those of his recursion, Math. Comp. 51 (1988)
    699-706). Distances are sums of gaps of one sign, so that only sums over k can cancel.
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
        if order > 1:
            values = [inverse[k] for k in rest]
            factor = _products(values, order - 1)
            if order > 2:  # what is left of products that cancel is but their rounding, and reads nothing
                factor = without_noise(factor, _products([abs(value) for value in values], order - 1))
            for number in range(2, order + 1):
                factor = -reduce(add, [factor] * number)
            weights[j] = weights[j] * factor
    return weights


def _products(values: Sequence[Number], count: int) -> Number:
    """The sum of all products of `count` of the values."""
    sums: list[Number] = []  # of products of 1, 2, ... of those so far
    for value in values:
        longer: list[Number] = [value]
        longer += [value * held for held in sums[: count - 1]]
        sums = [held + more for held, more in zip(sums, longer, strict=False)] + longer[len(sums) :]
    return sums[count - 1]


def exact_weights(gaps: Sequence[Fraction], own: int, order: int) -> dict[int, Fraction]:
    """`node_weights` of rationals, which stay small where all gaps are the same."""
    if len(set(gaps)) > 1:
        return node_weights(gaps, own, order)
    unit = node_weights([Fraction(1)] * len(gaps), own, order)
    return {node: weight / gaps[0] ** order for node, weight in unit.items()}


def weights_with_condition(
    places: Sequence[Fraction], own: int, order: int, condition: Equation
) -> tuple[Fraction, list[Fraction]] | None:
    """What ``a f + b f' + .. = c`` at a wall adds to a row on nodes at these places: the weight of c, and of each value.

    The polynomial through the values and the condition is that through the values, q, plus ``N(x) (c - B q) / B N``,
    where N is 0 at all nodes and ``B f = a f + b f' + ..`` at the wall. None where ``B N`` is 0: then no polynomial
    has both.
    """
    of_nodes = _condition_of(places, condition)
    if not of_nodes:
        return None
    weight = factorial(order) * _taylor(places, places[own], order)[order] / of_nodes
    return weight, [-weight * value for value in extrapolated(places, condition)]


def extrapolated(places: Sequence[Fraction], condition: Equation) -> list[Fraction]:
    """The weight of each value in ``a f + b f' + ..`` at a wall, of the polynomial through the values."""
    weights = []
    for at in places:
        others = [x for x in places if x != at]
        weights.append(_condition_of(others, condition) / prod((at - x for x in others), start=Fraction(1)))
    return weights


def _condition_of(roots: Sequence[Fraction], condition: Equation) -> Fraction:
    """What a condition is of ``prod_j (x - x_j)``."""
    value, slope, half_bend = _taylor(roots, condition.way, 2)
    return condition.a * value + condition.b * slope + 2 * condition.bend * half_bend


def _taylor(roots: Iterable[Fraction], at: Fraction, last: int) -> list[Fraction]:
    """The coefficients of ``prod_j (x - x_j)`` in powers of ``x - at``, from 0 to `last`."""
    found = [Fraction(1), *[Fraction(0)] * last]
    for root in roots:
        shift = at - root
        found = [shift * own + lower for own, lower in zip(found, [Fraction(0), *found], strict=False)]
    return found
