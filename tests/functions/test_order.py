"""The order of convergence and the leading error terms, interior and edges apart."""

import numpy as np
import pytest
from oracles import ANALYTIC, GRIDS

import gridgrad as gg

EPS = np.finfo(float).eps
REFINEMENTS = (33, 65, 129, 257)


def errors(name, grid, n, edge_order):
    """Pointwise error and the geometric mean of the distances that the leading term multiplies."""
    f, slope = ANALYTIC[name]
    x = GRIDS[grid](n)
    error = gg.gradient(f(x), x, edge_order=edge_order) - slope(x)
    h = np.diff(x)
    distance = np.sqrt(np.concatenate([[h[0] * (h[0] + h[1])], h[:-1] * h[1:], [h[-1] * (h[-1] + h[-2])]]))
    if edge_order == 1:
        distance[[0, -1]] = h[0], h[-1]
    return np.abs(error), distance


def fitted_order(pairs):
    """Slope of log error over log distance."""
    error, distance = np.log(np.array(pairs).T)
    return np.polyfit(distance, error, 1)[0]


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("name", ANALYTIC)
@pytest.mark.parametrize("grid", GRIDS)
def test_fitted_order(grid, name, edge_order):
    inside, first, last = [], [], []
    for n in REFINEMENTS:
        error, distance = errors(name, grid, n, edge_order)
        worst = 1 + np.argmax(error[1:-1])
        inside.append((error[worst], distance[worst]))
        first.append((error[0], distance[0]))
        last.append((error[-1], distance[-1]))
    # The next term of the error moves a slope by O(h): at most 0.15 for these functions.
    assert 1.85 <= fitted_order(inside) <= 2.15
    assert edge_order - 0.15 <= fitted_order(first) <= edge_order + 0.15
    assert edge_order - 0.15 <= fitted_order(last) <= edge_order + 0.15


def leading_terms(x, second, third, fourth, edge_order):
    """The leading error of every row, and a bound of what Taylor's series leaves."""
    a, b = np.diff(x)[:-1], np.diff(x)[1:]
    leading = np.empty(len(x))
    rest = np.empty(len(x))
    leading[1:-1] = a * b / 6 * third(x[1:-1])
    rest[1:-1] = a * b * (a**2 + b**2) / (a + b) / 24 * fourth
    for end, near, far, sign in ((0, a[0], b[0], 1), (-1, b[-1], a[-1], -1)):
        if edge_order == 1:
            leading[end] = sign * near / 2 * second(x[end])
            rest[end] = near**2 / 6 * np.abs(third(x)).max()
        else:
            whole = near + far
            leading[end] = -near * whole / 6 * third(x[end])
            rest[end] = (whole / (near * far) * near**4 + near / (far * whole) * whole**4) / 24 * fourth
    return leading, rest


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("grid", GRIDS)
def test_every_row_has_its_leading_error_term(grid, edge_order):
    x = GRIDS[grid](257)
    f = np.sin(3 * x)
    error = gg.gradient(f, x, edge_order=edge_order) - 3 * np.cos(3 * x)
    leading, rest = leading_terms(
        x, lambda s: -9 * np.sin(3 * s), lambda s: -27 * np.cos(3 * s), 81, edge_order
    )
    # Samples and exact slopes are rounded: an ulp of |f| <= 1 times the weights, an ulp of |f'| <= 3.
    nearest = np.minimum(np.diff(x, prepend=-1), np.diff(x, append=2))
    rounding = 4 * EPS / nearest + 8 * EPS * 3
    assert (np.abs(error - leading) <= rest + rounding).all()
    assert np.median(np.abs(leading) / (rest + rounding)) > 20  # so the test means something


@pytest.mark.parametrize("grid", ["uniform", "smooth", "random"])
def test_periodic_axes_are_of_second_order_everywhere(grid):
    pairs = []
    for n in REFINEMENTS:
        x = GRIDS[grid](n)[:-1]
        error = np.abs(
            gg.gradient(np.sin(2 * np.pi * x), x, periodic=True, period=1) - 2 * np.pi * np.cos(2 * np.pi * x)
        )
        pairs.append((error.max(), np.diff(x, append=1).max()))
        # The wrapped rows have the same leading term as the others.
        around = np.diff(x, prepend=x[-1] - 1, append=1)
        leading = around[:-1] * around[1:] / 6 * (2 * np.pi) ** 3
        rest = np.maximum(around[:-1], around[1:]) ** 3 / 24 * (2 * np.pi) ** 4
        assert (error <= leading + rest).all()
        assert error[0] >= leading[0] - rest[0]
    assert 1.85 <= fitted_order(pairs) <= 2.15


def test_a_uniform_periodic_axis_has_its_fourier_symbol():
    n, k = 64, 5
    x = np.arange(n) * 2 * np.pi / n
    h = 2 * np.pi / n
    got = gg.gradient(np.exp(1j * k * x), h, periodic=True)
    rounding = 2 * np.pi * k * EPS / h  # of the phase k x <= 2 pi k in the samples, twice half an ulp over h
    assert np.abs(got - 1j * np.sin(k * h) / h * np.exp(1j * k * x)).max() <= 2 * rounding


def test_the_fit_notices_first_order():
    pairs = [(h, h) for h in (0.1, 0.05, 0.025)]
    assert not 1.85 <= fitted_order(pairs) <= 2.15
