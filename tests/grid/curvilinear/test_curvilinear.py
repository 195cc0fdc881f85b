"""Curvilinear grids: the Jacobian of the positions by exact rationals, and orders on smooth maps."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
from curvilinear_maps import MAPS, channel, joined, positions, solid
from samples import same_bits

import gridgrad as gg

# The same by loops over rationals.


def row(i, n, edge_order, order):
    """The points and weights of one derivative per index at point i of n."""
    if 0 < i < n - 1:
        inner = {1: ((-1, Fraction(-1, 2)), (1, Fraction(1, 2))), 2: ((-1, 1), (0, -2), (1, 1))}
        return [(i + d, w) for d, w in inner[order]]
    rows = {(1, 1): (-1, 1), (1, 2): (Fraction(-3, 2), 2, Fraction(-1, 2)), (2, 2): (2, -5, 4, -1)}
    weights, side = rows[order, edge_order], 1 if i == 0 else -1
    return [(i + side * d, side**order * w) for d, w in enumerate(weights)]


def per_index(f, k, edge_order, order=1):
    found = np.empty(f.shape, object)
    for at in np.ndindex(f.shape):
        found[at] = sum(
            w * f[(*at[:k], i, *at[k + 1 :])] for i, w in row(at[k], f.shape[k], edge_order, order)
        )
    return found


def exactly(a):
    return np.vectorize(Fraction, otypes=[object])(a)


def exact_slopes(f, x, y, edge_order):
    (a, b), (c, d) = ([per_index(p, k, edge_order) for k in (0, 1)] for p in (x, y))
    fi, fj = (per_index(f, k, edge_order) for k in (0, 1))
    jacobian = a * d - b * c
    return (fi * d - fj * c) / jacobian, (fj * a - fi * b) / jacobian


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("name", MAPS)
def test_the_gradient_is_that_of_rationals(name, edge_order, rng):
    x, y = positions(name, 5, 6)
    f = rng.normal(size=x.shape)
    got = gg.gradient(f, x, y, edge_order=edge_order)
    for own, exact in zip(got, exact_slopes(*map(exactly, (f, x, y)), edge_order), strict=True):
        np.testing.assert_allclose(own, exact.astype(float), rtol=0, atol=64 * 2.0**-53 * abs(own).max())


def test_the_divergence_is_that_of_rationals(rng):
    x, y = positions("sinusoidal", 5, 6)
    F = rng.normal(size=(2, *x.shape))
    u, v, p, q = map(exactly, (*F, x, y))
    (a, b), (c, d) = ([per_index(own, k, 2) for k in (0, 1)] for own in (p, q))
    exact = (per_index(d * u - b * v, 0, 2) + per_index(a * v - c * u, 1, 2)) / (a * d - b * c)
    got = gg.Grid(x, y).divergence(F)
    np.testing.assert_allclose(got, exact.astype(float), rtol=0, atol=64 * 2.0**-53 * abs(got).max())


def test_the_laplacian_is_that_of_rationals(rng):
    """The chain rule: second derivatives by indices, and first ones such that x and y have no laplacian."""
    x, y = positions("sinusoidal", 5, 6)
    f = rng.normal(size=x.shape)
    own, p, q = map(exactly, (f, x, y))
    a, b, c, d = (per_index(which, k, 2) for which in (p, q) for k in (0, 1))
    jacobian = a * d - b * c

    def second(u):
        mixed = per_index(per_index(u, 0, 2), 1, 2)
        parts = (b * b + d * d) * per_index(u, 0, 2, 2) + (a * a + c * c) * per_index(u, 1, 2, 2)
        return (parts - 2 * (a * b + c * d) * mixed) / jacobian**2

    fx, fy = exact_slopes(own, p, q, 2)
    exact = second(own) - fx * second(p) - fy * second(q)
    got = gg.laplacian(f, x, y)
    np.testing.assert_allclose(got, exact.astype(float), rtol=0, atol=1e-13 * abs(got).max())


# Orders, and what is exact.

SINES = (
    lambda x, y: np.sin(x) * np.exp(0.5 * y),
    lambda x, y: (np.cos(x) * np.exp(0.5 * y), 0.5 * np.sin(x) * np.exp(0.5 * y)),
    lambda x, y: -0.75 * np.sin(x) * np.exp(0.5 * y),
)


@pytest.mark.parametrize("accuracy", [None, 4])
@pytest.mark.parametrize("name", MAPS)
def test_orders_on_smooth_maps_ends_included(name, accuracy):
    errors = []
    for n in (40, 80):
        x, y = positions(name, n)
        grid = gg.Grid(x, y)
        f, slopes, second = (own(x, y) for own in SINES)
        found = grid.gradient.with_(accuracy=accuracy)(f)
        flux = grid.divergence.with_(accuracy=accuracy)((f, 2 * f))
        laplacian = grid.laplacian.with_(accuracy=accuracy)(f)
        errors.append([
            max(abs(own - exact).max() for own, exact in zip(found, slopes, strict=True)),
            abs(flux - slopes[0] - 2 * slopes[1]).max(),
            abs(laplacian - second).max(),
        ])  # fmt: skip
    orders = np.log2(np.divide(*errors))
    wanted = 2 if accuracy is None else 4
    assert ((orders > wanted - 0.25) & (orders < wanted + 1.5)).all(), orders


@pytest.mark.parametrize("accuracy", [None, 4, 6])
@pytest.mark.parametrize("name", MAPS)
def test_linear_functions_are_exact_and_constants_have_no_divergence(name, accuracy):
    x, y = positions(name, 12)
    grid = gg.Grid(x, y)
    found = grid.gradient.with_(accuracy=accuracy)(3 * x - 2 * y + 1)
    assert max(abs(found[0] - 3).max(), abs(found[1] + 2).max()) < 2e-13
    assert abs(grid.laplacian.with_(accuracy=accuracy)(3 * x - 2 * y)).max() < 1e-10
    constant = np.ones((2, *x.shape))
    for operator in (grid.divergence, grid.curl):
        assert abs(operator.with_(accuracy=accuracy)(constant)).max() < 1e-12


def test_three_dimensions():
    errors = []
    for n in (10, 20):
        x, y, z = solid(n)
        grid = gg.Grid(x, y, z)
        f = np.sin(x) * y * np.exp(z)
        assert (
            max(
                abs(own - exact).max()
                for own, exact in zip(grid.gradient(x - 2 * y + 3 * z), (1, -2, 3), strict=True)
            )
            < 1e-12
        )
        assert abs(grid.divergence(np.ones((3, *x.shape)))).max() < 1e-12
        errors.append([
            abs(grid.gradient(f)[2] - f).max(),
            abs(grid.divergence((x * y, y * z, z * x)) - x - y - z).max(),
            abs(joined(grid.curl((y * z, z, x))) - (-1 + 0 * x, y - 1, -z)).max(),
            abs(grid.laplacian(f)).max(),
        ])  # fmt: skip
    orders = np.log2(np.divide(*errors))
    assert (orders > 1.6).all(), orders


def test_the_measure_integrates():
    x, y = positions("polar", 40)
    assert abs(gg.Grid(x, y).measure.sum() - 3) < 2e-3
    a, b, c = np.meshgrid(*(np.linspace(0, 1, n) for n in (3, 4, 5)), indexing="ij")
    tilted = gg.Grid(a + b, b - 0.5 * c, c + 0.2 * a)
    assert abs(np.sum(tilted.measure) - 0.9) < 1e-12


@pytest.mark.parametrize("turned", [False, True])
def test_a_ring_closes_in_its_positions(turned):
    r, angle = np.linspace(1, 2, 40), np.arange(60) * 2 * np.pi / 60
    r, angle = np.meshgrid(r, angle, indexing="xy" if turned else "ij")
    x, y = r * np.cos(angle), r * np.sin(angle)
    grid = gg.Grid(x, y, periodic=[turned, not turned])
    fx, fy = grid.gradient(x * y)
    assert abs(fx - y).max() < 0.02
    assert abs(fy - x).max() < 0.02
    assert abs(grid.gradient(2 * x - y)[0] - 2).max() < 1e-12
    assert abs(grid.measure.sum() / (3 * np.pi) - 1) < 2e-3


def test_a_channel_goes_on_by_its_period_and_minus_the_adjoint_of_the_gradient_is_the_divergence(rng):
    x, y, ends = channel()
    grid = gg.Grid(x, y, **ends)
    f = np.sin(2 * np.pi * x) * y
    assert abs(grid.gradient(f)[1] - np.sin(2 * np.pi * x)).max() < 0.01
    assert abs(grid.divergence(np.ones((2, *x.shape)))).max() < 1e-12
    F, m = rng.normal(size=(2, *x.shape)), grid.measure
    F[:, :, :4], F[:, :, -4:] = 0, 0  # nothing flows through walls
    other = -grid.gradient.adjoint(m * F) / m
    assert abs(grid.divergence(F) - other).max() < 1e-11
    assert abs(np.sum(m * grid.divergence(F))) < 1e-11
    errors = [
        abs(gg.gradient(f, x, y, accuracy=a, **ends)[1] - np.sin(2 * np.pi * x)).max() for a in (2, 4, 6)
    ]
    assert errors[0] > 5 * errors[1] > 25 * errors[2], errors


def test_vectors_and_steps_beside_positions():
    """Levels that are irregular have the rows that they have alone."""
    x, y = positions("sinusoidal", 9)
    z = np.cumsum([0.1, 0.4, 0.1, 0.2, 0.5, 0.3])
    for given in (z, (6, 0.25)):
        grid = gg.Grid(given, x, y)
        levels = grid.mesh()[0]
        f = levels**2 + x - 2 * y
        for own, exact in zip(grid.gradient(f), (2 * levels, 1, -2), strict=True):
            assert abs(own - exact).max() < 1e-12
        assert len(grid.gradient.terms) == 5  # what is 0 everywhere is no term
        again = pickle.loads(pickle.dumps(grid))
        same_bits(again.gradient(f)[1], grid.gradient(f)[1])
    same_bits(gg.gradient(f, 0.25, x, y, edge_order=2)[0], grid.gradient(f)[0])


def test_levels_that_follow_the_ground_are_left_for_the_slope_at_a_height():
    x = np.linspace(0, 4, 30)
    z = np.outer(np.linspace(0, 1, 20), 3 - np.sin(x)) + np.sin(x)
    x = np.broadcast_to(x, z.shape)
    slope, lapse = gg.gradient(2 * x - 3 * z, x, z, edge_order=2)
    assert abs(slope - 2).max() < 1e-12
    assert abs(lapse + 3).max() < 1e-12
