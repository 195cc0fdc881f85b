"""Weights of every order, accuracy and boundary against moment equations solved in rationals."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from oracles import fraction, fractions
from rules import HIGHER, RING, RULES, TO_A_SIDE, WITH_VALUES, around, ends, name, positions
from stencil_oracles import ExactAxis, nodes_of, row_entries

from gridgrad._base.errors import ArgumentValueError
from gridgrad._grid.axis import Axis, axis_stencil
from gridgrad._stencils.derivatives import Rule, derivative_stencil, points_needed
from gridgrad._stencils.stencil import BLOCK, unscaled
from gridgrad._stencils.weights import scaled_first_derivative
from gridgrad._stencils.wide import narrow, scaled_steps

GRIDS = {
    "random": lambda rng, n: np.cumsum(rng.uniform(0.1, 2, n)) + 7.3,
    "decreasing": lambda rng, n: -np.cumsum(rng.uniform(0.1, 2, n)) / 3,
    "geometric": lambda rng, n: 1.7 ** np.arange(n),
    "int64": lambda rng, n: 10**18 + np.cumsum(rng.integers(1, 10**12, n)),
    "longdouble": lambda rng, n: np.cumsum(rng.uniform(0.1, 2, n)).astype("g") / 3,
    "step": lambda rng, n: 0.3,
    "negative step": lambda rng, n: -0.7,
    "ties": lambda rng, n: np.cumsum(rng.choice([0.5, 1.0], n)),  # steps that are often the same
}


def exact_row(x, rule, period, point):
    """The exact row of a point of a grid, by the moments of its nodes."""
    direction = 1 if x[-1] > x[0] else -1
    words = tuple(end.word for end in rule.boundary)
    axis = ExactAxis(x, words, None if period is None else direction * period)
    even = len({b - a for a, b in pairwise(x)}) == 1
    nodes = nodes_of(point, len(x), *rule[:2], words, rule.edge_order, even, rule.side)
    if (
        len({axis.position(k + 1) - axis.position(k) for k in nodes[:-1]}) > 1
    ):  # round a ring with another step
        nodes = nodes_of(point, len(x), *rule[:2], words, rule.edge_order, False, rule.side)
    return axis.row(point, nodes, rule.order)


def assert_row(stencil, point, exact, digits):
    """Each weight of a pair is the exact one rounded once, but for sums of them at the own point.

    `node_weights` does some 30 operations, of relative error ``2**(4 - 2 digits)`` each, so that the rounding to
    `digits` is not moved by ``2**-20`` of itself unless its sum of at most 7 terms cancels by ``2**20``.
    """
    got = [Fraction(0)] * len(exact)
    pairs = [(a, b, fraction(weight)) for a, b, weight in row_entries(stencil, point)]
    for a, b, weight in pairs:
        got[b] += weight
        got[a] -= weight if a != b else 0
    sums = {point, 1, len(exact) - 2} if any(point not in pair[:2] for pair in pairs) else {point}
    if stencil.order == 3:  # whose folded rows have several pairs of one point
        ends = Counter(end for a, b, _ in pairs for end in {a, b})
        sums |= {end for end, count in ends.items() if count > 1}
    for j, (weight, found) in enumerate(zip(exact, got, strict=True)):
        if j in sums:  # of formula (1)'s pairs, or (1, 2) of its edge_order 2
            assert abs(found - weight) <= sum(abs(w) for *_, w in pairs) * Fraction(1, 2**digits)
        else:
            assert abs(found - weight) <= half_ulp(weight, digits) * (1 + Fraction(1, 2**20)), (point, j)


def half_ulp(weight, digits):
    """Half a unit in the last of so many binary digits, exactly; of 0 it is 0."""
    if weight == 0:
        return 0
    exponent = abs(weight.numerator).bit_length() - weight.denominator.bit_length()
    exponent -= abs(weight) < Fraction(2) ** exponent
    return Fraction(2) ** (exponent - digits)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("rule", RULES + WITH_VALUES + HIGHER + TO_A_SIDE, ids=name)
def test_every_weight_is_the_exact_one_rounded_once(rng, rule, grid):
    least = points_needed(rule, uniform="step" in grid)
    for n in (least, least + 3):
        spacing = GRIDS[grid](rng, n)
        x = positions(spacing, n)
        period = around(x, rule) if np.ndim(spacing) else None
        real = np.longdouble if grid == "longdouble" else np.float64
        stencil = axis_stencil(spacing, n, 0, rule, period, real)
        assert stencil.power == 0
        full = None if not rule.is_periodic else fraction(period) if period else n * abs(fraction(spacing))
        for i in range(n):
            assert_row(stencil, i, exact_row(x, rule, full, i), np.finfo(real).nmant + 1)


@pytest.mark.parametrize("rule", [rule for rule in RULES + HIGHER + TO_A_SIDE if rule.is_periodic], ids=name)
def test_a_step_with_another_step_round_the_ring(rule):
    n = points_needed(rule) + 3
    stencil = axis_stencil(0.25, n, 0, rule, 0.25 * n + 0.1, np.float64)
    assert stencil.is_uniform
    x = positions(0.25, n)
    for i in range(n):
        assert_row(stencil, i, exact_row(x, rule, fraction(0.25 * n + 0.1), i), 53)


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES + HIGHER + TO_A_SIDE if rule.boundary == ends("one-sided")], ids=name
)
def test_weights_on_both_sides_of_a_block(rng, rule):
    n = 2 * BLOCK + 100
    x = np.cumsum(rng.uniform(0.1, 2, n))
    stencil = axis_stencil(x, n, 0, rule, None, np.float64)
    for seam in (BLOCK // 8, BLOCK // 6, BLOCK // 4, BLOCK // 2, BLOCK, 2 * BLOCK):
        for i in range(seam - 3, seam + 6):
            window = slice(i - 20, i + 21)
            exact = exact_row(fractions(x[window]), rule, None, 20)
            assert_row(_row_only(stencil, i, window), 20, exact, 53)


def _row_only(stencil, i, window):
    """A stencil of 41 points whose 20th row is the i-th one."""
    weights = tuple(w[window] for w in stencil.weights)
    return type(stencil)(41, stencil.offsets, weights, (), ())


@pytest.mark.parametrize("boundary", [ends("one-sided"), RING])
@pytest.mark.parametrize("accuracy", [None, 2])
@pytest.mark.parametrize("edge_order", [1, 2])
def test_the_first_derivative_of_three_points_keeps_its_bits(rng, boundary, accuracy, edge_order):
    x = np.cumsum(rng.uniform(0.1, 2, 12))
    for spacing, period in ((x, 1.2 * x[-1]), (0.3, None)):
        rule = Rule(1, accuracy, boundary, edge_order)
        axis = Axis(0, 12, spacing, sides=boundary, period=period if rule.is_periodic else None)
        steps, wrap = axis.exact_steps()
        near_one, around, exponent = scaled_steps(steps, wrap)
        want = unscaled(scaled_first_derivative(near_one, 12, edge_order, around), -exponent)
        got = derivative_stencil(steps, 12, rule, wrap)
        assert (got.offsets, got.leading, got.trailing, got.power) == (
            want.offsets, want.leading, want.trailing, want.power)  # fmt: skip
        assert all(np.array_equal(a, b) for a, b in zip(got.weights, want.weights, strict=True))


@pytest.mark.parametrize("accuracy", [None, 2, 4, 6])
@pytest.mark.parametrize("order", [1, 2])
def test_steps_that_are_the_same_are_one_step(order, accuracy):
    rule = Rule(order, accuracy, ends("reflect", "one-sided"))
    even, scalar = (axis_stencil(s, 20, 0, rule, None, np.float64) for s in (-0.25 * np.arange(20.0), -0.25))
    assert even.is_uniform
    assert (even.offsets, even.weights, even.leading, even.trailing) == (
        scalar.offsets, scalar.weights, scalar.leading, scalar.trailing)  # fmt: skip
    half = 1 if accuracy is None else accuracy // 2
    own = [pair for pair in scalar.offsets if 0 in pair]
    if order == 1 and half > 1:
        assert scalar.offsets == tuple((-k, k) for k in range(1, half + 1))
    else:
        assert len(own) == len(scalar.offsets) == 2 * half


def test_mirrored_rows_by_hand():
    def edges(order, word, accuracy=None):
        stencil = axis_stencil(0.5, 9, 0, Rule(order, accuracy, ends(word)), None, np.float64)
        return stencil.leading + stencil.trailing

    assert edges(1, "reflect") == ((), ())
    assert edges(2, "reflect") == (((0, 1, 8.0),), ((8, 7, 8.0),))
    assert edges(1, "antireflect") == (((0, 1, 2.0),), ((8, 7, -2.0),))
    assert edges(2, "antireflect") == ((), ())
    assert edges(1, "symmetric") == (((0, 1, 1.0),), ((8, 7, -1.0),))
    assert edges(2, "symmetric") == (((0, 1, 4.0),), ((8, 7, 4.0),))
    assert edges(1, "antisymmetric") == (((0, 1, 1.0), (0, 0, 2.0)), ((8, 7, -1.0), (8, 8, -2.0)))
    assert edges(2, "antisymmetric") == (((0, 1, 4.0), (0, 0, -8.0)), ((8, 7, 4.0), (8, 8, -8.0)))
    # (f[2] - f[0]) * 2 / 3 h - (f[3] + f[0]) / 12 h: without f[1]
    near = edges(1, "antisymmetric", accuracy=4)[1]
    assert [pair[:2] for pair in near] == [(0, 2), (0, 3), (0, 0)]
    assert np.allclose([weight for *_, weight in near], [4 / 3, -1 / 6, -1 / 3], rtol=1e-15, atol=0)


def test_one_sided_second_derivatives_by_hand():
    def leading(n, **rule):
        return axis_stencil(1.0, n, 0, Rule(2, **rule), None, np.float64).leading

    four = (((0, 1, -5.0), (0, 2, 4.0), (0, 3, -1.0)),)
    assert leading(9, edge_order=2) == four
    assert leading(9, accuracy=2) == four
    assert leading(9, edge_order=1) == leading(3, edge_order=2) == (((0, 1, -2.0), (0, 2, 1.0)),)


@pytest.mark.parametrize(
    ("order", "accuracy", "edge_order", "want"),
    [(1, None, 1, (2, 2, 3)), (1, None, 2, (3, 2, 3)), (1, 2, 1, (2, 2, 3)), (1, 4, 1, (5, 4, 5)),
     (1, 6, 1, (7, 6, 7)), (2, None, 1, (3, 2, 3)), (2, None, 2, (3, 2, 3)), (2, 2, 1, (4, 4, 5)),
     (2, 4, 1, (6, 6, 7)), (2, 6, 1, (8, 8, 9))],
)  # fmt: skip
def test_the_points_a_rule_needs(order, accuracy, edge_order, want):
    sides = ("one-sided", "reflect", "periodic")
    rules = [Rule(order, accuracy, ends(side), edge_order) for side in sides]
    assert tuple(map(points_needed, rules)) == want
    assert points_needed(rules[0]._replace(boundary=ends("antireflect", "one-sided"))) == max(want[:2])
    fewer = 2 if order == 2 and accuracy else 0
    assert points_needed(rules[2], uniform=True) == want[2] - fewer


@pytest.mark.parametrize("accuracy", [None, 2, 4, 6])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("exponent", [-900, 900])
def test_very_small_and_large_steps_keep_a_power(rng, order, accuracy, exponent):
    x = np.cumsum(rng.uniform(0.1, 2, 20))
    rule = Rule(order, accuracy)
    near_one, far = (axis_stencil(s, 20, 0, rule, None, np.float64) for s in (x, np.ldexp(x, exponent)))
    shift = far.power + order * exponent
    assert (far.power != 0) == (order == 2)
    for got, want in zip(
        (*far.weights, *pairs_of(far)), (*near_one.weights, *pairs_of(near_one)), strict=True
    ):
        assert np.array_equal(np.ldexp(got, shift), want)


def pairs_of(stencil):
    return [weight for row in (*stencil.leading, *stencil.trailing) for *_, weight in row]


@pytest.mark.parametrize("accuracy", [None, 2, 4, 6])
def test_steps_of_too_many_exponents_are_refused(accuracy):
    x = np.concatenate([np.arange(6) * 1e-300, 1 + np.arange(6.0)])
    with pytest.raises(ArgumentValueError, match="range over more than the exponents of float64"):
        axis_stencil(x, 12, 0, Rule(2, accuracy), None, np.float64)


def test_rows_round_a_ring_are_in_the_order_of_the_interior():
    for order in (1, 2):
        stencil = derivative_stencil(narrow(0.3), 12, Rule(order, 4, RING), narrow(0.3))
        inside = [((i + a) % 12, (i + b) % 12) for i in (0, 11) for a, b in stencil.offsets]
        assert [pair[:2] for row in (stencil.leading[0], stencil.trailing[-1]) for pair in row] == inside
        assert [w for *_, w in stencil.leading[0]] == list(stencil.weights)
