"""Sums, products, transposes and linear parts of operators beside walls and gaps, in any order, against dense matrices."""

import numpy as np
import pytest

import gridgrad as gg

LEAVES = [
    lambda g, k, a: g.identity,
    lambda g, k, a: g.multiply(k),
    lambda g, k, a: g.laplacian,
    lambda g, k, a: g.derivative(a),
    lambda g, k, a: g.derivative(a, order=2),
    lambda g, k, a: g.derivative(a, side="left"),
    lambda g, k, a: g.diffuse(k),
    lambda g, k, a: g.laplacian.with_(form="wide"),
    lambda g, k, a: g.advect([k] * g.ndim, upwind=1),
    lambda g, k, a: g.divergence @ g.gradient,
    lambda g, k, a: g.laplacian @ g.multiply(k),
]


def end(rng, shape):
    """What is known at an end, or beside gaps."""
    v = rng.standard_normal(shape) if rng.random() < 0.5 else float(rng.integers(0, 3))
    ends = [
        "one-sided",
        "reflect",
        "antisymmetric",
        *[gg.value(v)] * 3,
        gg.value(v, wall="face"),
        gg.slope(v),
    ]
    return [*ends, gg.robin(2.0, 0.0, v)][rng.integers(len(ends) + 1)]


def grid_of(rng):
    ndim = int(rng.integers(1, 4))
    shape = tuple(rng.integers(4, 6, ndim).tolist()) if ndim > 1 else (9,)
    ends = [tuple(end(rng, shape[:k] + shape[k + 1 :]) for _ in range(2)) for k in range(ndim)]
    if rng.random() < 0.3:
        ends[-1] = "periodic"
    axes = [
        (n, 0.5) if ends[k] == "periodic" else np.cumsum(rng.uniform(0.5, 1, n)) for k, n in enumerate(shape)
    ]
    inside = rng.random(shape) < rng.choice([0.6, 0.8, 0.95])
    inside.flat[0] = True
    return gg.Grid(*axes, boundary=ends, edge_order=int(rng.integers(1, 3))).with_mask(
        inside, boundary=end(rng, shape)
    )


def dense(A, shape):
    """Its matrix by columns, and what it makes of 0."""
    offset = A(np.zeros(shape)).ravel()
    columns = [A(one.reshape(shape)).ravel() - offset for one in np.eye(offset.size)]
    return np.stack(columns, 1), offset


def tree(rng, grid, depth):
    """An operator, its matrix and its offset."""
    k = np.where(grid.mask.inside, rng.uniform(1, 2, grid.shape), np.nan)
    if not depth:
        A = LEAVES[rng.integers(len(LEAVES))](grid, k, int(rng.integers(grid.ndim)))
        return A, *dense(A, grid.shape)
    A, M, b = tree(rng, grid, depth - 1)
    way = rng.integers(5)
    if way == 0:
        return A.T, M.T, 0 * b
    if way == 1:
        return A.linear, M, 0 * b
    if way == 2:
        factor = np.nan_to_num(k).ravel()
        return k * A, factor[:, None] * M, factor * b
    B, N, c = tree(rng, grid, depth - 1)
    if way == 3 and not (A.bare.is_at_points() or B.bare.is_at_points()):  # which take what they are given
        return A @ B, M @ N, M @ c + b
    return A - 0.3 * B, M - 0.3 * N, b - 0.3 * c


@pytest.mark.parametrize("seed", range(24))
def test_trees_are_their_matrices(seed):
    rng = np.random.default_rng(seed)
    grid = grid_of(rng)
    inside = grid.mask.inside
    A, M, b = tree(rng, grid, int(rng.integers(1, 4)))
    f, g = (np.where(inside, own, np.nan) for own in rng.standard_normal((2, *grid.shape)))
    clean, other = np.nan_to_num(f).ravel(), np.nan_to_num(g).ravel()
    size = 1e-11 * (np.abs(M).sum() + np.abs(b).max() + 1)
    cells = grid.measure.ravel()
    unread = ~np.abs(M).any(axis=0).reshape(grid.shape) & ~A.unknowns
    for found, want in (
        (A(f), M @ clean + b),
        (A(np.where(unread, np.nan, f)), M @ clean + b),
        (A.linear(f), M @ clean),
        (A.offset, b),
        (A.to_sparse().toarray(), M.ravel()),
        (A.T(g), M.T @ other),
        (A.T.to_sparse().toarray(), M.T.ravel()),
        (A.adjoint(g, weight="quadrature"), M.T @ (cells * other) / cells),
        (A(f, out=np.ones(grid.shape), add=True), M @ clean + b + 1),
    ):
        assert (np.abs(np.ravel(found) - want) <= size).all()
