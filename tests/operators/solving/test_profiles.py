"""Solves of rows that are times a profile along one axis, as 1/r^2: three diagonals along it, transforms of the others."""

import numpy as np
import pytest
from dense import residual

import gridgrad as gg
from gridgrad._backends.numpy import core as core_room
from gridgrad._operators.solving.solver import inverse_of

RNG = np.random.default_rng(31)
DISC = [(24, 1 / 24, 0.5 / 24), (20, np.pi / 10)]
HEIGHT = (9, 0.1)
LAT, LON = np.linspace(-85, 85, 18), np.arange(36) * 10.0
CONSERVATIVE = {
    "disc": gg.Grid(*DISC, geometry="polar", boundary=[("pole", gg.value(2.0)), "periodic"]),
    "annulus": gg.Grid((24, 0.1, 1.0), DISC[1], geometry="polar", boundary=[gg.value(2.0), "periodic"]),
    "sector": gg.Grid((24, 0.1, 1.0), (12, 0.1), geometry="polar", boundary=[gg.value(2.0), "symmetric"]),
    "pipe": gg.Grid(
        *DISC, HEIGHT, geometry="cylindrical", boundary=[("pole", gg.value(1.0)), "periodic", "symmetric"]
    ),
    "box of a sphere": gg.Grid(LAT[9:], LON, geometry="sphere", boundary=[gg.value(0.0), "reflect"]),
}  # fmt: skip
CLOSED = {
    "disc without flux": gg.Grid(*DISC, geometry="polar", boundary=[("pole", "symmetric"), "periodic"]),
    "sphere": gg.Grid(LAT, LON, geometry="sphere"),
    "sphere, longitudes first": gg.Grid(LON, LAT, geometry=("lon", "lat"), axes=[-1, -2]),
}


def fluxes(grid):
    return grid.laplacian.with_(form="conservative")


@pytest.mark.parametrize("has_core", [True, False], ids=["core", "no core"])
@pytest.mark.parametrize("name", CONSERVATIVE)
def test_residuals_are_of_rounding_and_values_those_of_factors(name, has_core, monkeypatch):
    if not has_core:
        monkeypatch.setattr(core_room, "core", None)
    grid = CONSERVATIVE[name]
    for A in (fluxes(grid), grid.identity - 0.3 * fluxes(grid), grid.identity - 2.0 * fluxes(grid)):
        solver = A.solver()
        assert "three diagonals" in repr(solver)
        b = RNG.standard_normal(grid.shape)
        u, want = solver(b), A.solve(b, method="direct")
        assert residual(A, u, b) < 32
        assert np.abs(u - want).max() <= 1e-11 * np.abs(want).max()
        batch = np.stack([b, 2 * b, b[::-1]])
        assert np.abs(solver(batch)[0] - u).max() <= 1e-13 * np.abs(u).max()
        assert np.abs(solver(b + 1j * b[::-1]).real - u).max() <= 1e-12 * np.abs(u).max()
        single = solver(b.astype(np.float32))
        assert single.dtype == np.float32
        assert np.abs(single - u).max() <= 2e-5 * np.abs(u).max()


@pytest.mark.parametrize("name", CLOSED)
def test_constants_become_0_and_the_mean_is_left_out(name):
    grid = CLOSED[name]
    A = fluxes(grid)
    assert "three diagonals" in repr(A.solver())
    f = RNG.standard_normal((2, *grid.shape))
    u = A.solve(A(f))
    mean = (grid.measure * f).sum((1, 2), keepdims=True) / grid.measure.sum()
    assert np.abs(u - (f - mean)).max() < 1e-12
    with pytest.raises(ValueError, match="b has no solution"):
        A.solve(A(f) + 1e-3 * np.abs(A(f)).max())
    step = (grid.identity - 0.1 * A).solver()
    assert np.abs((grid.measure * (step(f) - f)).sum((1, 2))).max() < 1e-12 * (grid.measure * abs(f[0])).sum()


@pytest.mark.parametrize("name", [*CONSERVATIVE, *CLOSED])
def test_transposes(name):
    grid = {**CONSERVATIVE, **CLOSED}[name]
    inverse = inverse_of(fluxes(grid).linear, None, {})
    direct = inverse_of(fluxes(grid).linear, "direct", {})
    v = RNG.standard_normal(grid.shape) * fluxes(grid).unknowns
    want = direct.transposed()(v)
    assert np.abs(inverse.transposed()(v) - want).max() < 1e-11 * np.abs(want).max()
    again, want = inverse.transposed().transposed(), inverse
    b = np.array(fluxes(grid).linear(v))
    assert np.abs(again(b) - want(b)).max() <= 1e-13 * np.abs(want(b)).max()


def test_factors_that_the_user_gives_along_one_axis():
    """``a(x) d_xx + b(x) d_yy`` on a plain grid; of factors along both axes there are LU factors."""
    grid = gg.Grid((30, 0.1), (16, 0.2), boundary=["symmetric", "periodic"])
    X, Y = grid.mesh()
    for b, way in (
        (1 + X**2, "three diagonals along axis -2, FFT along axis -1"),
        (2 + np.sin(X + Y), "LU factors"),
    ):
        A = grid.identity - b * grid.laplacian
        assert way in repr(A.solver())
        f = RNG.standard_normal(grid.shape)
        assert np.abs(A.solve(A(f)) - f).max() < 1e-11


def test_indefinite_systems_keep_factors():
    """Without pivots they would not be stable."""
    grid = CONSERVATIVE["annulus"]
    A = 30.0 * grid.identity + fluxes(grid)
    assert "LU factors" in repr(A.solver())


def test_against_a_closed_form():
    """``r^3 cos 3 theta`` is harmonic: what a ring with these values at its walls has between, to second order."""
    errors = []
    for n in (16, 32):
        theta = np.arange(2 * n) * np.pi / n
        wall = [gg.value(r**3 * np.cos(3 * theta)) for r in (1.0, 2.0)]
        grid = gg.Grid(
            (n + 1, 1 / n, 1.0), (2 * n, np.pi / n), geometry="polar", boundary=[tuple(wall), "periodic"]
        )
        A = fluxes(grid)
        assert "three diagonals" in repr(A.solver())
        R, T = grid.mesh()
        errors.append(np.abs(A.solve(np.zeros(grid.shape)) - R**3 * np.cos(3 * T)).max())
    assert 3.5 < errors[0] / errors[1] < 4.5


@pytest.mark.needs("torch")
def test_gradients_of_tensors():
    import torch

    for name in ("annulus", "disc without flux"):
        grid = {**CONSERVATIVE, **CLOSED}[name]
        solver, f = fluxes(grid).solver(), torch.tensor(RNG.standard_normal(grid.shape), requires_grad=True)
        own = fluxes(grid)
        weights = torch.tensor(RNG.standard_normal(grid.shape))
        assert "three diagonals" in repr(solver)
        (weights * solver(own.linear(f))).sum().backward()
        want = weights.numpy() * own.unknowns
        if name in CLOSED:
            want = want - grid.measure / grid.measure.sum() * want.sum()
        assert np.abs(f.grad.numpy() - want).max() < 1e-11
