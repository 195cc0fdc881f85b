"""Products of operators: the identity and its multiples beside operators of vector fields."""

import numpy as np
import pytest

import gridgrad as gg

GRIDS = {
    "plain": gg.Grid((6, 0.1), (7, 0.2)),
    "face": gg.Grid((6, 0.1), (7, 0.2), boundary=[gg.value(3.0, wall="face"), "one-sided"]),
    "held": gg.Grid((6, 0.1), (7, 0.2), boundary=[gg.value(3.0), "periodic"]),
    "gaps": gg.Grid((6, 0.1), (7, 0.2)).with_mask(np.arange(42).reshape(6, 7) % 11 != 3),
}


@pytest.mark.parametrize(
    "name", ["gradient", "vector_laplacian", "divergence", "curl", "laplacian", "jacobian"]
)
@pytest.mark.parametrize("key", GRIDS)
def test_numbers_in_products_multiply_each_component(key, name):
    """As fields do: of what goes in, or of what comes out."""
    grid = GRIDS[key]
    A = getattr(grid, name)
    f = np.random.default_rng(3).random((2, 6, 7))
    fields = tuple(f) if A.inputs else f[0]
    of_double = A(tuple(2 * f) if A.inputs else 2 * f[0])
    for M in (grid.multiply(2.0), 2 * grid.identity, grid.identity + grid.identity):
        np.testing.assert_array_equal(np.stack((M @ A)(fields)), 2 * np.stack(A(fields)))
        np.testing.assert_array_equal(np.stack((A @ M)(fields)), np.stack(of_double))
    np.testing.assert_array_equal((grid.identity @ A).to_sparse().todense(), A.to_sparse().todense())
