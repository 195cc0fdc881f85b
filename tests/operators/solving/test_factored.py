"""LU factors: whose diagonals are pivots as they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse.linalg import splu

import gridgrad as gg
from gridgrad._operators.solving.factored import Factors


def cube(boundary):
    grid = gg.Grid(np.linspace(0, 1, 12) ** 1.5, (11, 0.1), (10, 0.2), boundary=boundary)
    rng = np.random.default_rng(3)
    return grid, [rng.uniform(-1, 1, grid.shape) for _ in range(3)]


def dominant(kind):
    grid, v = cube("symmetric")
    k = 1.5 + v[0]
    if kind == "upwind":
        return grid.identity + 0.1 * grid.advect(v, upwind=1)
    factor = 0.1j if kind == "complex" else 0.1
    return grid.identity - factor * grid.diffuse(k)


@pytest.mark.parametrize("kind", ["real", "complex", "upwind"])
def test_diagonals_that_outweigh_their_rows_leave_half_of_the_entries(kind):
    matrix = dominant(kind).to_sparse()
    b = np.random.default_rng(4).uniform(-1, 1, matrix.shape[0])
    factors = Factors(matrix)
    np.testing.assert_allclose(
        factors.solve(b.astype(matrix.dtype)), np.linalg.solve(matrix.toarray(), b), rtol=1e-11
    )
    assert factors.entries < 0.6 * splu(matrix.tocsc()).nnz


@pytest.mark.parametrize("by", ["rows", "columns"])
def test_rows_or_columns_are_enough(by):
    """Fluxes between cells of other sizes outweigh by rows alone, and their transpose by columns."""
    grid, (v, *_) = cube(gg.value(0.0, wall="face"))
    matrix = grid.diffuse(1.5 + v).to_sparse()
    matrix = matrix if by == "rows" else matrix.T.tocsr()
    assert Factors(matrix).entries < 0.6 * splu(matrix.tocsc()).nnz


def test_others_keep_their_pivots():
    """Advection that outweighs the diagonal: without other pivots the factors would be larger, and not exact."""
    grid, v = cube("one-sided")
    matrix = (grid.identity + 10 * grid.advect(v)).to_sparse()
    b = np.random.default_rng(4).uniform(-1, 1, matrix.shape[0])
    lu, factors = splu(matrix.tocsc()), Factors(matrix)
    assert factors.entries == lu.nnz
    assert np.array_equal(factors.solve(b), lu.solve(b))
