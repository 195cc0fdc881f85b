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


OPERATORS = {
    "laplacian": lambda g: g.laplacian, "accurate": lambda g: g.laplacian.with_(accuracy=4), "wide": lambda g: g.laplacian.with_(form="wide"),
    "conservative": lambda g: g.laplacian.with_(form="conservative"), "gradient": lambda g: g.gradient, "divergence": lambda g: g.divergence,
    "curl": lambda g: g.curl, "advect": lambda g: g.advect((1 + FIELDS[0], FIELDS[1])), "diffuse": lambda g: g.diffuse(1 + FIELDS[1]),
    "sum": lambda g: g.identity - 0.1 * g.laplacian + g.advect((1.0, 2.0)),
}  # fmt: skip


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


def test_other_libraries_and_chunks():
    torch, dask = pytest.importorskip("torch"), pytest.importorskip("dask.array")
    A, f = ring().laplacian, FIELDS[0]
    assert np.array_equal(np.asarray(A(dask.from_array(f, chunks=(5, 7)))), A(f))
    own, v = torch.tensor(f, requires_grad=True), torch.tensor(V, requires_grad=True)
    made = ring(v).laplacian(own)
    assert np.array_equal(made.detach().numpy(), A(f))
    made.sum().backward()
    assert np.array_equal(own.grad.numpy(), A.adjoint(np.ones_like(f)))
    by_values = [(ring(V + e).laplacian.offset - A.offset).sum() for e in np.eye(16)]
    np.testing.assert_allclose(v.grad.numpy(), by_values, rtol=1e-11)
    for _ in range(2):
        free = gg.laplacian(f, R1, THETA, geometry="polar", boundary=ring().boundary)
        assert np.array_equal(free, A(f))


def test_jax_compiles_them():
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        f, v = jax.numpy.asarray(FIELDS[0]), jax.numpy.asarray(V)
        made = jax.jit(ring(v).laplacian)(f)
        assert np.abs(np.asarray(made) - ring().laplacian(FIELDS[0])).max() < 1e-11


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
