"""Walls across radii and latitudes at calls: affine operators, other values, other libraries, chunks and gaps."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import gridgrad as gg

RNG = np.random.default_rng(6)
R1, THETA, V = np.linspace(0.5, 1, 12), np.arange(16) * np.pi / 8, RNG.random(16)
FIELDS = RNG.random((2, 12, 16))


def ring(v=V, name="inner", **words):
    return gg.Grid(
        R1,
        THETA,
        geometry="polar",
        boundary=[(gg.value(v, name=name), gg.robin(1.0, 2.0, v)), "periodic"],
        **words,
    )


LAT, LON = np.linspace(10, 50, 12), np.linspace(0, 40, 16)
PER_DEGREE = 2 * np.cos(np.radians(LAT)) * np.pi / 180  # on a sphere of radius 2
WEST = RNG.random(12)
EAST = 2 * WEST


def sector(v=WEST, name="inner", wall="point"):
    """A region of a sphere whose first longitudes have a slope, and its last ones twice as much."""
    ends = gg.slope(v, name=name, wall=wall), gg.slope(2 * v, wall=wall)
    return gg.Grid(LAT, LON, geometry="sphere", radius=2.0, boundary=["symmetric", ends])


OPERATORS = {
    "laplacian": lambda g: g.laplacian, "accurate": lambda g: g.laplacian.with_(accuracy=4), "wide": lambda g: g.laplacian.with_(form="wide"),
    "conservative": lambda g: g.laplacian.with_(form="conservative"), "gradient": lambda g: g.gradient, "divergence": lambda g: g.divergence,
    "curl": lambda g: g.curl, "advect": lambda g: g.advect((1 + FIELDS[0], FIELDS[1])), "diffuse": lambda g: g.diffuse(1 + FIELDS[1]),
    "sum": lambda g: g.identity - 0.1 * g.laplacian + g.advect((1.0, 2.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", list(OPERATORS))
def test_sectors_are_affine(name):
    A, f = OPERATORS[name](sector()), FIELDS if name in ("divergence", "curl") else FIELDS[0]
    whole, linear = np.asarray(A(f)), np.asarray(A.linear(f))
    np.testing.assert_allclose(linear + A.offset, whole, rtol=0, atol=1e-9)
    np.testing.assert_allclose(A.to_sparse() @ f.ravel(), linear.ravel(), rtol=0, atol=1e-9)
    other = np.asarray(OPERATORS[name](sector(2 * WEST))(f))
    assert np.array_equal(np.asarray(A(f, inner=2 * WEST))[..., :8], other[..., :8])
    assert not np.array_equal(other, whole)
    assert np.array_equal(np.asarray(pickle.loads(pickle.dumps(A))(f)), whole)


@pytest.mark.parametrize("name", list(OPERATORS))
def test_operators_are_affine_and_read_no_held_point(name):
    A = OPERATORS[name](ring())
    f = FIELDS if name in ("divergence", "curl") else FIELDS[0]
    whole, linear = np.asarray(A(f)), np.asarray(A.linear(f))
    np.testing.assert_allclose(linear + A.offset, whole, rtol=0, atol=1e-11)
    np.testing.assert_allclose(A.to_sparse() @ f.ravel(), linear.ravel(), rtol=0, atol=1e-11)
    g = RNG.random(whole.shape)
    assert abs((linear * g).sum() - (np.asarray(A.adjoint(g)) * f).sum()) < 1e-10
    other = np.asarray(OPERATORS[name](ring(2 * V))(f))
    assert np.array_equal(np.asarray(A(f, inner=2 * V))[..., :6, :], other[..., :6, :])
    hidden = f.copy()
    hidden[..., 0, :] = np.nan
    assert np.array_equal(np.asarray(A(hidden))[..., 1:, :], whole[..., 1:, :])
    assert np.array_equal(np.asarray(pickle.loads(pickle.dumps(A))(f)), whole)


@pytest.mark.parametrize("wall", ["point", "face"])
@pytest.mark.parametrize("name", [name for name in OPERATORS if name not in ("divergence", "curl")])
def test_slopes_at_longitudes_are_per_metre(name, wall):
    """What they add is what slopes per degree add on a plane, over the lengths of a degree once (slopes) or twice (second derivatives)."""
    found = np.asarray(OPERATORS[name](sector(wall=wall)).offset)
    there = [gg.slope(v * PER_DEGREE, wall=wall) for v in (WEST, EAST)]
    plane = gg.Grid(LAT, LON, boundary=["symmetric", tuple(there)])
    accuracy, form = (
        4 if name == "accurate" else None,
        name if name in ("wide", "conservative") else "compact",
    )
    slopes = plane.derivative(1).offset / PER_DEGREE[:, None]
    bent = plane.derivative(1, order=2, accuracy=accuracy).offset
    if form == "wide":
        bent = plane.laplacian.with_(form="wide").offset
    bent = bent / PER_DEGREE[:, None] ** 2
    want = {"gradient": np.stack([0 * slopes, slopes]), "advect": FIELDS[1] * slopes, "diffuse": (1 + FIELDS[1]) * bent,
            "sum": 2 * slopes - 0.1 * bent}.get(name, bent)  # fmt: skip
    np.testing.assert_allclose(found, want, rtol=1e-12, atol=1e-11)


@pytest.mark.parametrize("wall", ["point", "face"])
def test_slopes_of_components_at_longitudes_are_per_metre(wall):
    ends = [gg.components(gg.slope(v, wall=wall), gg.slope(2 * v, wall=wall)) for v in (WEST, EAST)]
    grid = gg.Grid(LAT, LON, geometry="sphere", radius=2.0, boundary=["one-sided", tuple(ends)])
    plane = gg.Grid(
        LAT, LON, boundary=["one-sided", tuple(gg.slope(v * PER_DEGREE, wall=wall) for v in (WEST, EAST))]
    )
    slopes = plane.derivative(1).offset / PER_DEGREE[:, None]
    np.testing.assert_allclose(grid.divergence.offset, slopes, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(grid.curl.offset, 2 * slopes, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("wall", ["point", "face"])
@pytest.mark.parametrize("k", [3.0, 1 + FIELDS[1]], ids=["number", "field"])
def test_what_comes_in_at_longitudes_is_the_slope_times_the_length_of_the_wall(k, wall):
    grid = sector(wall=wall)
    widths = grid.measure[:, 4] / (PER_DEGREE * (LON[1] - LON[0]))  # of the cells, along a meridian
    first, last = (k, k) if isinstance(k, float) else (k[:, 0], k[:, -1])
    change = grid.measure * grid.diffuse(k)(FIELDS[0])
    np.testing.assert_allclose(change.sum(), (widths * (first * WEST + last * EAST)).sum(), rtol=1e-11)


MADE = {"ring": (ring, V), "sector": (sector, WEST)}


@pytest.mark.parametrize("make", list(MADE))
def test_other_libraries_and_chunks(make):
    torch, dask = pytest.importorskip("torch"), pytest.importorskip("dask.array")
    make, values = MADE[make]
    A, f = make().laplacian, FIELDS[0]
    assert np.array_equal(np.asarray(A(dask.from_array(f, chunks=(5, 7)))), A(f))
    own, v = torch.tensor(f, requires_grad=True), torch.tensor(values, requires_grad=True)
    made = make(v).laplacian(own)
    assert np.array_equal(made.detach().numpy(), A(f))
    made.sum().backward()
    assert np.array_equal(own.grad.numpy(), A.adjoint(np.ones_like(f)))
    by_values = [(make(values + e).laplacian.offset - A.offset).sum() for e in np.eye(len(values))]
    np.testing.assert_allclose(v.grad.numpy(), by_values, rtol=1e-11)
    axes, geometry = ((R1, THETA), "polar") if make is ring else ((LAT, LON), "sphere")
    for _ in range(2):
        radius = {} if make is ring else {"radius": 2.0}
        free = gg.laplacian(f, *axes, geometry=geometry, boundary=make().boundary, **radius)
        assert np.array_equal(free, A(f))


@pytest.mark.parametrize("make", list(MADE))
def test_jax_compiles_them(make):
    jax = pytest.importorskip("jax")
    make, values = MADE[make]
    with jax.enable_x64(True):
        f, v = jax.numpy.asarray(FIELDS[0]), jax.numpy.asarray(values)
        made = jax.jit(make(v).laplacian)(f)
        want = make().laplacian(FIELDS[0])
        assert np.abs(np.asarray(made) - want).max() < 1e-13 * max(100, np.abs(want).max())


@pytest.mark.parametrize(
    ("word", "y"), [("cylindrical", np.linspace(0.2, 1, 14) ** 1.2), ("sphere", np.linspace(30, 80, 14))]
)
def test_gaps_beside_walls(word, y):
    """A run from a wall to a gap is a region that ends there."""
    x, ends = np.arange(6) * 0.3, (gg.value(np.arange(6.0)), gg.robin(2.0, 1.0, 0.3))
    f = RNG.random((2, 14, 6))
    inside = np.ones((14, 6), bool)
    inside[7] = False
    masked = gg.Grid(y, x, geometry=word, boundary=[ends, "one-sided"]).with_mask(inside)
    region = gg.Grid(y[:7], x, geometry=word, boundary=[(ends[0], "one-sided"), "one-sided"])
    for name in ("laplacian", "gradient", "divergence", "curl"):
        own = f if name in ("divergence", "curl") else f[0]
        for accuracy in (None, 4):
            a, b = (getattr(g, name).with_(accuracy=accuracy) for g in (masked, region))
            assert np.array_equal(np.asarray(a(own))[..., :7, :], np.asarray(b(own[..., :7, :])))
    a, b = (g.diffuse(1 + f[1][: g.shape[0]])(f[0][: g.shape[0]]) for g in (masked, region))
    assert np.array_equal(a[:6], b[:6])  # the cell at the gap has another width
