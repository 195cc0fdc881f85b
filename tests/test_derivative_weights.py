"""Weights of every order, accuracy and boundary against moment equations solved in rationals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from oracles import exact_steps, exact_wrap, fraction, fractions
from stencil_oracles import ExactAxis, dense, nodes_of, row_entries

from gridgrad._axes import axis_stencil, axis_steps
from gridgrad._derivatives import Rule, derivative_stencil, points_needed
from gridgrad._errors import ArgumentValueError
from gridgrad._stencils import first_derivative
from gridgrad._wide import narrow

SIDES = ("one-sided", "symmetric", "antisymmetric")
BOUNDARIES = [(a, b) for a in SIDES for b in SIDES] + [("periodic", "periodic")]
RULES = [Rule(order, accuracy, boundary, edge_order) for order in (1, 2) for accuracy in (None, 2, 4, 6)
         for boundary in BOUNDARIES for edge_order in (1, 2) if edge_order == 1 or accuracy is None]  # fmt: skip
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


def name(rule):
    sides = "periodic" if rule.is_periodic else "-".join(rule.boundary)
    return f"order{rule.order}-accuracy{rule.accuracy}-{sides}-edge{rule.edge_order}"


def positions(spacing, n):
    return [k * fraction(spacing) for k in range(n)] if np.ndim(spacing) == 0 else fractions(spacing)


def around(x, rule):
    """A period for a periodic axis of coordinates."""
    return float(abs(x[-1] - x[0])) * 1.07 if rule.is_periodic else None


def exact_rows(x, rule, period):
    """For each point the exact row, and the size of what was added up in each of its entries."""
    n, direction = len(x), 1 if x[-1] > x[0] else -1
    axis = ExactAxis(x, rule.boundary, None if period is None else direction * fraction(period))
    steps = {b - a for a, b in zip(x, x[1:], strict=False)}
    for i in range(n):
        nodes = nodes_of(i, n, rule.order, rule.accuracy, rule.boundary, rule.edge_order, even=len(steps) == 1)
        if len(steps) == 1:  # but for a row round the ring, whose step there may be another one
            gaps = {axis.position(k + 1) - axis.position(k) for k in nodes[:-1]}
            if len(gaps) > 1:
                nodes = nodes_of(i, n, rule.order, rule.accuracy, rule.boundary, rule.edge_order, even=False)
        yield axis.row(i, nodes, rule.order)


def assert_weights(stencil, x, rule, period, digits):
    """Each weight of a pair is the exact one rounded once, but for the sums of formula (1)'s edges."""
    assert stencil.power == 0
    for i, (exact, sizes) in enumerate(exact_rows(x, rule, period)):
        got = [Fraction(0)] * len(x)
        pairs = [(a, b, fraction(weight)) for a, b, weight in row_entries(stencil, i)]
        for a, b, weight in pairs:
            got[b] += weight
            got[a] -= weight
        own = {i} if all(i in pair[:2] for pair in pairs) else {1, len(x) - 2}  # pairs (1, 2) of edge_order 2
        for j, (weight, size) in enumerate(zip(exact, sizes, strict=True)):
            if j in own:
                assert abs(got[j] - weight) <= sum(abs(w) for *_, w in pairs) * Fraction(1, 2**digits)
            else:
                assert abs(got[j] - weight) <= bound(weight, size, digits), (i, j, float(weight))


def bound(weight, size, digits):
    """Half a unit in the last place, and the rounding of numbers of twice the digits.

    `node_weights` does at most 8 products and quotients, of relative error ``2**(4 - 2 digits)`` each, and one
    sum that may cancel, to which `size` (of the largest weight) is what the 8 terms add up to, within a factor.
    """
    last = Fraction(2) ** (abs(weight).numerator.bit_length() - weight.denominator.bit_length() - digits)
    return last * (1 + Fraction(1, 2**20)) if weight else 0


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("rule", RULES, ids=name)
def test_every_weight_is_the_exact_one_rounded_once(rng, rule, grid):
    least = points_needed(rule, uniform="step" in grid)
    for n in (least, least + 1, least + 5):
        spacing = GRIDS[grid](rng, n)
        x = positions(spacing, n)
        period = around(x, rule) if np.ndim(spacing) else None
        real = np.longdouble if grid == "longdouble" else np.float64
        stencil = axis_stencil(spacing, n, 0, rule, period, real)
        wrap = None if not rule.is_periodic else fraction(period) if period else n * abs(fraction(spacing))
        assert_weights(stencil, x, rule, wrap, np.finfo(real).nmant + 1)
