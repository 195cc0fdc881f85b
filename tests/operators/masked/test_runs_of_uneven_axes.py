"""Runs between breaks and gaps of uneven axes have the rows of axes of their own, at every point."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad as gg

OPERATORS = {
    "order 1": lambda grid: grid.derivative(0),
    "order 2": lambda grid: grid.derivative(0, order=2),
    "to the left": lambda grid: grid.derivative(0, side="left"),
    "to the right": lambda grid: grid.derivative(0, side="right"),
    "norm": lambda grid: grid.gradient_norm,
}
ENDS = ("one-sided", "symmetric", gg.value(0.5), gg.value(0.5, wall="face"), gg.slope(0.25))


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("end", ENDS, ids=repr)
@pytest.mark.parametrize("falls", [False, True])
def test_one_break_anywhere(name, end, falls):
    """Also one point from an end, which only rows that read a value held there may reach."""
    x, f = np.array([0.0, 1, 3, 4, 6, 7, 7.5]), np.random.default_rng(1).uniform(-1, 1, 7)
    x = -x if falls else x
    grid = gg.Grid(x, boundary=[(end, end)], edge_order=1)
    for at in range(3, 5) if name == "order 2" else range(2, 6):
        found = OPERATORS[name](grid.with_breaks(0, [at]))(f)
        first = gg.Grid(x[:at], boundary=[(end, "one-sided")], edge_order=1)
        last = gg.Grid(x[at:], boundary=[("one-sided", end)], edge_order=1)
        expected = [OPERATORS[name](first)(f[:at]), OPERATORS[name](last)(f[at:])]
        assert np.allclose(found, np.concatenate(expected), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("end", ENDS, ids=repr)
@pytest.mark.parametrize("at", [1, 6])
def test_a_break_beside_the_last_point(name, end, at):
    x, f = np.array([0.0, 1, 3, 4, 6, 7, 7.5]), np.random.default_rng(2).uniform(-1, 1, 7)
    found = OPERATORS[name](gg.Grid(x, boundary=[(end, end)], edge_order=1).with_breaks(0, [at]))(f)
    run, ends = (slice(1, None), ("one-sided", end)) if at == 1 else (slice(6), (end, "one-sided"))
    expected = OPERATORS[name](gg.Grid(x[run], boundary=[ends], edge_order=1))(f[run])
    assert np.allclose(found[run], expected, rtol=1e-13, atol=1e-14)


def test_in_the_call_of_a_function():
    x = np.array([0.0, 1, 3, 4, 6])
    assert np.array_equal(gg.gradient(2 * x, x, breaks=[1]), [np.nan, 2, 2, 2, 2], equal_nan=True)


@pytest.mark.parametrize(
    "end", ["reflect", "symmetric", gg.slope(0.25), gg.slope(0.25, wall="face")], ids=repr
)
@pytest.mark.parametrize("beside", ["one-sided", "reflect", gg.slope(0.5)], ids=repr)
@pytest.mark.parametrize("n", [4, 6])
def test_the_wide_laplacian_without_the_end_points(n, beside, end):
    """Slopes at points that are left out are not read, though no pair of a row has these points."""
    x, f = np.arange(n) + 0.0, np.random.default_rng(3).uniform(-1, 1, n)
    for missing, run, ends in ((0, slice(1, None), (beside, end)), (n - 1, slice(n - 1), (end, beside))):
        whole = gg.Grid(x, boundary=[(end, end)], edge_order=1)
        inside = np.arange(n) != missing
        found = whole.with_mask(inside, boundary=beside).laplacian.with_(form="wide")(
            np.where(inside, f, np.nan)
        )
        expected = gg.Grid(x[run], boundary=[ends], edge_order=1).laplacian.with_(form="wide")(f[run])
        assert np.allclose(found[run], expected, rtol=1e-13, atol=1e-14)
