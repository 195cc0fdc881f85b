"""Weights are the exact rational ones, rounded once."""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate

import numpy as np
import pytest
from oracles import exact_steps, exact_wrap, fraction
from rules import RING

from gridgrad._grid.axis import axis_stencil
from gridgrad._stencils.derivatives import Rule
from gridgrad._stencils.wide import Wide, exact_fraction, from_fraction, narrow, pieces

GRIDS = {
    "random": lambda rng, n: np.cumsum(rng.uniform(0.1, 2, n)) + 7.3,
    "decreasing": lambda rng, n: -np.cumsum(rng.uniform(0.1, 2, n)) / 3,
    "geometric": lambda rng, n: 1.37 ** np.arange(n),
    "linspace": lambda rng, n: np.linspace(-1, 2, n),
    "int64": lambda rng, n: 10**18 + np.cumsum(rng.integers(1, 10**12, n)),
    "uint64": lambda rng, n: np.uint64(2**64 - 1) - np.cumsum(rng.integers(1, 10**12, n)).astype(np.uint64),
    "float32": lambda rng, n: np.cumsum(rng.uniform(0.1, 2, n)).astype("f4"),
    "longdouble": lambda rng, n: np.cumsum(rng.uniform(0.1, 2, n)).astype("g") / 3,
    "tiny": lambda rng, n: np.cumsum(rng.uniform(0.1, 2, n)) * 1e-290,
    "huge": lambda rng, n: np.cumsum(rng.uniform(0.1, 2, n)) * 1e290,
}


def off(got, want):
    """The error of a float64 weight, in units of half its last place."""
    return abs(Fraction(float(got)) - want) / Fraction(float(np.spacing(abs(float(want)))) / 2)


@pytest.mark.parametrize("n", [3, 4, 41])
@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("grid", GRIDS)
def test_every_weight_is_rounded_once(rng, grid, edge_order, n):
    x = GRIDS[grid](rng, n)
    steps = exact_steps(x, n)
    stencil = axis_stencil(x, n, 0, Rule(edge_order=edge_order), None, np.float64)
    assert stencil.power == 0
    lower, upper = (np.broadcast_to(w, (n,)) for w in stencil.weights)
    for i in range(1, n - 1):
        a, b = steps[i - 1], steps[i]
        assert off(lower[i], b / (a + b) / a) <= 1
        assert off(upper[i], a / (a + b) / b) <= 1
    (leading,), (trailing,) = stencil.leading, stencil.trailing
    for row, (a, b) in ((leading, steps[:2]), (trailing[::-1], steps[:-3:-1])):
        want = [1 / a] if edge_order == 1 else [(2 * a + b) / (a * (a + b)), -a / (b * (a + b))]
        assert len(row) == edge_order
        assert all(off(got, exact) <= 1 for (*_, got), exact in zip(row, want, strict=True))


@pytest.mark.parametrize("grid", ["random", "decreasing", "int64", "float32"])
def test_the_wrapped_rows_of_a_periodic_axis_are_rounded_once(rng, grid):
    n, x = 9, GRIDS[grid](rng, 9)
    period = float(abs(fraction(x[-1]) - fraction(x[0]))) * 1.1
    steps, wrap = exact_steps(x, n), exact_wrap(x, n, period)
    stencil = axis_stencil(x, n, 0, Rule(boundary=RING), period, np.float64)
    for row, a, b in ((stencil.leading[0], wrap, steps[0]), (stencil.trailing[0], steps[-1], wrap)):
        (_, _, lower), (_, _, upper) = row
        assert off(lower, b / (a + b) / a) <= 1
        assert off(upper, a / (a + b) / b) <= 1


@pytest.mark.parametrize("h", [0.1, -3.7, 1e-300, 1e300, 3, np.float32(0.3)])
def test_a_step_gives_the_weights_of_its_reciprocal(h):
    stencil = axis_stencil(h, 10, 0, Rule(edge_order=2), None, np.float64)
    lower, upper = stencil.weights
    assert lower == upper
    assert off(lower, 1 / (2 * fraction(h))) <= 1
    assert off(stencil.leading[0][0][2], 3 / (2 * fraction(h))) <= 1


def value(wide):
    return Fraction(float(wide.high)) + Fraction(float(wide.low))


def rationals(rng, count):
    """Of either sign, with numerators and denominators of 1 to 400 bits, and the cases that round to a tie or upwards."""
    for _ in range(count):
        a, b = (1 + int.from_bytes(rng.bytes(rng.integers(1, 51)), "little") for _ in range(2))
        yield Fraction(int(rng.choice([-1, 1])) * a, b)
    for bits in (24, 53, 64, 113):
        yield from (Fraction(2**bits + k, 2**j) for k in (-1, 1, 2) for j in (0, 1, 80))
        yield from (Fraction(2 ** (bits + 1) + k) for k in (-1, 1, 2, 3, 6))


@pytest.mark.parametrize("real", [np.float32, np.float64, np.longdouble])
def test_a_rational_is_split_to_twice_the_precision(rng, real):
    bits = np.finfo(real).nmant + 1
    for exact in rationals(rng, 500):
        near_one = Fraction(2) ** (exact.denominator.bit_length() - exact.numerator.bit_length())
        exact *= near_one if real is np.float32 else 1  # within its exponents
        wide = from_fraction(exact, real)
        high, low = exact_fraction(wide.high), exact_fraction(wide.low)
        assert np.result_type(wide.high, wide.low) == real
        assert abs(high - exact) <= abs(exact) / 2**bits
        assert abs(high + low - exact) <= abs(high - exact) / 2**bits


# float32, float64, x87, a pair of float64 (ppc64), IEEE quad (aarch64), and one of three pieces.
@pytest.mark.parametrize("bits", [24, 53, 64, 106, 113, 159])
def test_pieces_are_the_nearest_number_of_any_precision(rng, bits):
    for exact in rationals(rng, 300):
        found = [part * Fraction(2) ** exponent for part, exponent in pieces(exact, bits)]
        ulp = Fraction(2) ** (exact.numerator.bit_length() - exact.denominator.bit_length() - bits)
        while ulp * 2**bits <= abs(exact):
            ulp *= 2
        value = sum(found, Fraction(0))
        assert value % ulp == 0
        assert abs(value - exact) <= ulp / 2
        assert abs(value - exact) < ulp / 2 or value % (2 * ulp) == 0  # ties to even
        assert all(float(part) == part for part, _ in pieces(exact, bits))
        assert all(total % ulp == 0 and abs(total) <= abs(value) for total in accumulate(found))
    assert pieces(Fraction(0), bits) == []


def test_wide_sums_products_and_quotients_have_twice_the_precision(rng):
    for _ in range(500):
        a, b = (Fraction(int(rng.integers(1, 2**62)), int(rng.integers(1, 2**62))) for _ in range(2))
        left, right = from_fraction(a, np.float64), from_fraction(b, np.float64)
        assert abs(value(left) - a) <= a / 2**105
        assert abs(value(left + right) - (a + b)) <= (a + b) / 2**102
        assert abs(value(left - right) - (a - b)) <= (a + b) / 2**102
        assert abs(value(left * right) - a * b) <= a * b / 2**101
        assert abs(value(left / right) - a / b) <= a / b / 2**101
        assert abs(value(3 / right) - 3 / b) <= 3 / b / 2**101
    assert value(-narrow(0.1)) == -Fraction(0.1)
    assert isinstance(narrow(np.arange(3.0)).at(1), Wide)
