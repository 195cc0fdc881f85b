"""Where transforms would lose digits, or take longer, or name the wrong cause, solves go another way."""

import numpy as np
import pytest
from dense import residual

import gridgrad as gg

RNG = np.random.default_rng(17)


@pytest.mark.parametrize("n", [64, 128])
@pytest.mark.parametrize("other", ["one-sided", "periodic", "reflect"])
def test_advection_between_walls(other, n):
    """The weights that make its rows symmetric grow from point to point."""
    grid = gg.Grid((6, 0.1), (n, 0.1), boundary=[other, gg.value(0.0)])
    for velocity, words in (((1.0, 1.0), {}), ((0.0, 1.0), {"upwind": 1})):
        A = grid.identity + 0.3 * grid.advect(velocity, **words) - 0.02 * grid.laplacian
        f = RNG.standard_normal(grid.shape) * A.unknowns
        assert abs(A.solve(A(f)) - f).max() < 1e-11


def test_weak_advection_between_walls_has_eigenvectors():
    grid = gg.Grid((40, 0.1), (64, 0.1), boundary=["one-sided", gg.value(0.0)])
    A = grid.identity + 0.01 * grid.advect((0.0, 1.0)) - 0.02 * grid.laplacian
    assert "eigenvectors along axis -1" in repr(A.solver())
    f = RNG.standard_normal(grid.shape) * A.unknowns
    assert abs(A.solve(A(f)) - f).max() < 1e-11


def test_long_uneven_axes_beside_short_ones_have_factors_of_the_whole():
    y = np.sort(RNG.random(400))
    grid = gg.Grid(y, (6, 0.1), boundary=["symmetric", "one-sided"])
    assert "LU factors of 2400 rows" in repr((grid.identity - 1e-6 * grid.laplacian).solver())


def test_resonances_between_walls_without_flux_are_no_constants():
    """What such an operator makes 0 is a cosine."""
    grid = gg.Grid((12, 0.1), (12, 0.2), boundary="symmetric")
    values = np.linalg.eigvalsh(grid.laplacian.to_sparse().toarray())
    simple = values[np.argmax(np.diff(values)[3:20]) + 4]
    A = grid.laplacian - simple * grid.identity
    with pytest.raises(ValueError, match="the operator is singular"):
        A.solve(np.ones(grid.shape))
    B = A + 0.3 * grid.identity
    b = RNG.standard_normal(grid.shape)
    assert residual(B, B.solve(b), b) < 32
