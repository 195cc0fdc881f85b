"""Solves of any rows along one axis, and rows that have waves along the others: factors along it for each wave."""

import pickle

import numpy as np
import pytest
from dense import check, residual

import gridgrad as gg
from gridgrad._operators.solving.solver import inverse_of

RNG = np.random.default_rng(51)
RING = (12, np.pi / 6)
WAY = "LU factors along axis -2, FFT along axis -1"
LAT, LON = np.linspace(90, -90, 13), np.arange(12) * 30.0


def disc(n=9, m=12, wall=gg.value(2.0)):  # noqa: B008
    return gg.Grid(
        (n, 1 / n, 0.5 / n), (m, 2 * np.pi / m), geometry="polar", boundary=[("pole", wall), "periodic"]
    )


def sphere(lat):
    return gg.Grid(lat, LON, geometry="sphere", radius=1.0)


def step(grid, t=-0.3):
    return grid.identity + t * grid.laplacian


def of_k(grid, **words):
    r = grid.mesh()[0]
    return grid.diffuse(1 + r**2, **words)


ANNULUS = gg.Grid((9, 0.1, 1.0), RING, geometry="polar", boundary=[gg.value(2.0), "periodic"])
ANNULUS_WITH_OPEN_ENDS = gg.Grid((9, 0.1, 1.0), RING, geometry="polar", boundary=["one-sided", "periodic"])
OPEN = gg.Grid((9, 0.1), (10, 0.2), boundary=["one-sided", "periodic"])
MIRRORS = gg.Grid((9, 0.1), (10, 0.2), boundary=["symmetric", "reflect"])
OPERATORS = {
    "disc, held": disc().laplacian,
    "disc, a slope": step(disc(wall=gg.slope(0.5))),
    "disc, no flux": disc(wall="symmetric").laplacian,
    "disc, a step": step(disc()),
    "disc, waves that grow": step(disc(), 0.137),
    "disc, accuracy 4": disc().laplacian.with_(accuracy=4),
    "disc, k(r)": of_k(disc()),
    "disc, k(r), no flux": of_k(disc(wall="symmetric")),
    "disc, harmonic means of k(r)": of_k(disc(wall="symmetric"), mean="harmonic"),
    "annulus, open ends": step(ANNULUS_WITH_OPEN_ENDS),
    "annulus, k(r)": ANNULUS.identity - 0.2 * of_k(ANNULUS),
    "sphere, rows on poles": sphere(LAT).laplacian,
    "sphere, a step, rows on poles": step(sphere(LAT)),
    "sphere": sphere(np.linspace(-84, 84, 15)).laplacian,
    "sphere, uneven": step(sphere(np.array([-80.0, -62, -51, -30, -8, 10, 25, 48, 60, 81]))),
    "open ends": OPEN.identity - 0.1 * OPEN.laplacian,
    "open ends, a wind": OPEN.identity + 0.1 * OPEN.advect((1.0, 2.0)),
    "open ends, upwind": OPEN.identity
    + 0.1 * OPEN.advect((OPEN.mesh()[0] - 0.35, np.full(OPEN.shape, -2.0)), upwind=1),
    "plane, k(x)": of_k(OPEN),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_solves_are_those_of_dense_matrices(name):
    check(OPERATORS[name], RNG, WAY)


def test_two_axes_beside():
    grid = gg.Grid(
        (6, 1 / 6, 1 / 12), (8, np.pi / 4), np.array([0.0, 0.2, 0.5, 0.6]), geometry="cylindrical",
        boundary=[("pole", gg.value(1.0)), "periodic", "symmetric"],
    )  # fmt: skip
    check(grid.laplacian, RNG, "LU factors along axis -3, FFT along axis -2, eigenvectors along axis -1")


def test_other_orders_of_axes():
    grid = gg.Grid(LON, LAT, geometry=("lon", "lat"), axes=[-1, -2], radius=1.0)
    A = grid.laplacian
    assert "FFT along axis -1, LU factors along axis -2" in repr(A.solver())
    b, plain = A(RNG.standard_normal((2, *grid.shape))), sphere(LAT).laplacian
    for own, one in zip(A.solve(b), b, strict=True):
        assert residual(plain, own, one) < 32
        assert abs((grid.measure * own).sum()) < 1e-13 * (grid.measure * abs(own)).sum()
    turned = gg.Grid((9, 0.1), (10, 0.2), axes=[2, 0], boundary=["one-sided", "periodic"])
    A = turned.identity - 0.1 * turned.laplacian
    assert "LU factors along axis 2, FFT along axis 0" in repr(A.solver())
    b = A(RNG.standard_normal((10, 3, 9)))
    u = A.solve(b)
    for k in range(3):
        assert residual(step(OPEN, -0.1), u[:, k].T, b[:, k].T) < 32


@pytest.mark.parametrize("along", [0, 1])
def test_diffusivities_along_either_axis(along):
    """The other one has a transform."""
    k = 1 + MIRRORS.mesh()[along] ** 2
    A = MIRRORS.identity - 0.1 * MIRRORS.diffuse(k)
    way = "LU factors along axis {}, DCT-{} along axis {}"
    way = way.format(-2, "I", -1) if along == 0 else "DCT-II along axis -2, LU factors along axis -1"
    check(A, RNG, way)


def test_factors_along_two_axes_or_rows_without_waves_keep_factors_of_the_whole():
    X, Y = OPEN.mesh()
    both = gg.Grid((9, 0.1), (10, 0.2), boundary="one-sided")
    for A in (OPEN.identity - 0.1 * OPEN.diffuse(1 + X**2 + Y), step(both, -0.1)):
        assert repr(A.solver()).endswith("rows>")
        b = A(RNG.standard_normal(A.grid.shape))
        assert residual(A, A.solve(b), b) < 32


def test_a_mean_is_refused_and_singular_operators_are():
    for name in ("disc, no flux", "sphere, rows on poles", "disc, k(r), no flux"):
        A = OPERATORS[name]
        with pytest.raises(ValueError, match="b has no solution"):
            A.solve(np.ones(A.grid.shape))
    with pytest.raises(ValueError, match="singular"):
        OPEN.laplacian.solver()


def test_entries_follow_the_number_of_points():
    """Of a few for each point, where factors of the whole have more the finer a grid is."""
    counts = []
    for n in (16, 32):
        A = disc(n, 2 * n, gg.value(0.0)).laplacian
        inverse, whole = (inverse_of(A.linear, method, {}) for method in (None, "direct"))
        entries = [factors.entries for factors, _ in inverse._factors.values()]
        assert len(entries) == 1
        counts.append((entries[0] / A.grid.measure.size, whole.lu.entries / A.grid.measure.size))
    assert counts[1][0] < 6
    assert counts[1][0] < 1.05 * counts[0][0]
    assert counts[1][1] > 1.2 * counts[0][1] > 5 * counts[0][0]


@pytest.mark.parametrize("wave", [0, 1, 3])
def test_against_closed_forms(wave):
    """``r^k cos k theta`` is harmonic, and ``r^2 / 4`` has the laplacian 1: to second order."""
    errors = []
    for n in (8, 16, 32):
        grid = disc(n, 2 * n, gg.value(0.0))
        theta = grid.mesh()[1][0]
        rim = 1 + 0.5 / n - 1 / n
        values = rim**wave * np.cos(wave * theta) + (rim**2 / 4 if wave == 0 else 0)
        grid = disc(n, 2 * n, gg.value(values))
        R, T = grid.mesh()
        want = R**wave * np.cos(wave * T) + (R**2 / 4 if wave == 0 else 0)
        u = grid.laplacian.solve(np.full(grid.shape, 1.0 if wave == 0 else 0.0))
        errors.append(np.abs(u - want).max())
    assert errors[-1] < 1e-12 or 3.3 < errors[1] / errors[2] < 4.7


def test_a_nan_spoils_its_own_field_only():
    for name in ("disc, held", "sphere, rows on poles", "open ends, a wind"):
        A = OPERATORS[name].linear
        b = np.stack([np.array(A(RNG.standard_normal(A.grid.shape)))] * 2)
        want = A.solve(b[1])
        b[0, 3, 4] = np.nan
        u = A.solve(b)
        assert np.isnan(u[0]).any()
        assert np.abs(u[1] - want).max() <= 1e-13 * np.abs(want).max()


def test_solvers_travel():
    for name in ("disc, held", "sphere, rows on poles"):
        A = OPERATORS[name]
        solver, b = A.solver(), np.array(A.linear(RNG.standard_normal(A.grid.shape)))
        other = pickle.loads(pickle.dumps(solver))
        assert np.array_equal(other(b), solver(b))
        assert repr(other) == repr(solver)


@pytest.mark.needs("torch")
def test_gradients_of_tensors():
    import torch

    for name in ("disc, held", "open ends, a wind", "sphere, rows on poles"):
        A = OPERATORS[name]
        f = torch.tensor(RNG.standard_normal(A.grid.shape), requires_grad=True)
        weights = torch.tensor(RNG.standard_normal(A.grid.shape))
        (weights * A.linear.solver()(A.linear(f))).sum().backward()
        want = weights.numpy() * A.unknowns
        if name.startswith("sphere"):
            want = want - A.grid.measure / A.grid.measure.sum() * want.sum()
        assert np.abs(f.grad.numpy() - want).max() < 1e-10
