"""Solves of CuPy arrays, by products of matrices on their device: the values of the transforms on the host."""

import numpy as np
import pytest
from fake_cupy import ndarray

import gridgrad as gg

RNG = np.random.default_rng(8)
X = np.cumsum(RNG.uniform(0.5, 1.5, 7))
HELD, EVEN = gg.value(0.5), (5, 0.3)
GRIDS = {
    "mirrors": gg.Grid(EVEN, (6, 0.2), boundary=["reflect", "symmetric"]),
    "rings": gg.Grid((5, 0.3), (6, 0.2), boundary="periodic"),
    "held": gg.Grid(X, (6, 0.2), boundary=[(HELD, "reflect"), (gg.value(-2.0), HELD)]),
    "stretched": gg.Grid(X, (6, 0.2), boundary=["symmetric", "periodic"]),
    "in front": gg.Grid(X, EVEN, axes=(0, 2), boundary=["symmetric", "antisymmetric"]),
    "permuted": gg.Grid(X, EVEN, axes=(-1, -2), boundary=["symmetric", (HELD, "symmetric")]),
}


def like_host(solver, b, cupy):
    u, want = solver(cupy.asarray(b)), solver(b)
    assert type(u) is ndarray
    assert u.dtype == want.dtype
    bound = 1e-12 if np.finfo(b.dtype).eps < 1e-10 else 4e-6
    assert np.abs(np.asarray(u) - want).max() <= bound * np.abs(want).max()


@pytest.mark.parametrize("dtype", ["f4", "f8", "c16"])
@pytest.mark.parametrize("name", GRIDS)
def test_values_are_those_of_the_host(cupy, name, dtype):
    grid = GRIDS[name]
    shape = grid.shape if name != "in front" else (7, 3, 5)
    b = RNG.standard_normal(shape).astype(dtype) * (1 + 1j if dtype == "c16" else 1)
    solver = (grid.identity - 0.3 * grid.laplacian).solver()
    like_host(solver, b, cupy)
    if name != "in front":
        like_host(solver, np.stack([b, -2 * b]), cupy)
    out = cupy.asarray(b)
    assert solver(cupy.asarray(b), out=out) is out
    assert np.array_equal(out, solver(cupy.asarray(b)))


@pytest.mark.parametrize("name", ["mirrors", "rings", "stretched"])
def test_of_problems_without_values_the_mean_is_looked_at(cupy, name):
    grid = GRIDS[name]
    b = RNG.standard_normal(grid.shape)
    solver = grid.laplacian.solver()
    like_host(solver, b - (grid.measure * b).sum() / grid.measure.sum(), cupy)
    with pytest.raises(ValueError, match=r"b has no solution: .* but b has mean"):
        solver(cupy.asarray(b))


def test_matrices_go_to_a_device_once(cupy, monkeypatch):
    grid = GRIDS["mirrors"]
    solver = (grid.identity - grid.laplacian).solver()
    b = cupy.asarray(np.ones((5, 6)))
    solver(b)
    reads, sent = ndarray.reads, []
    monkeypatch.setattr(
        "gridgrad._backends.numpy.operations.OfNumPy.weights", lambda *given: sent.append(given)
    )
    solver(b)
    assert not sent
    assert ndarray.reads == reads


@pytest.mark.parametrize("method", ["direct", "cg"])
def test_what_the_host_has_is_refused(cupy, method):
    A = GRIDS["held"].laplacian
    with pytest.raises(
        TypeError, match=r"give b.get\(\), .* cupyx.scipy.sparse.linalg.gmres\(A.to_linear_operator"
    ):
        A.solve(cupy.asarray(np.ones(A.grid.shape)), method=method)
