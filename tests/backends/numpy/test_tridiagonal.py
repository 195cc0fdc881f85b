"""Systems of three diagonals beside each other: solutions, and the bits of the rows without a core."""

from __future__ import annotations

import numpy as np
import pytest

from gridgrad._backends.numpy import core as _core
from gridgrad._backends.numpy import tridiagonal

# Batches, kinds of systems beyond the axis, points, systems beside it; the last one does not fit into a strip.
SIZES = [(1, 1, 1, 1), (1, 1, 2, 3), (2, 1, 9, 1), (3, 2, 7, 5), (1, 3, 5, 33), (2, 1, 1500, 21)]


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_the_core_solves_with_the_bits_of_slices(sizes, dtype, rng, monkeypatch):
    batch, kinds, n, inner = sizes
    lower, upper = rng.uniform(-2, -1, (2, n - 1))
    main = rng.uniform(4.5, 6, (kinds, n, inner))
    b = rng.standard_normal((batch * kinds, n, inner)).astype(dtype)
    if dtype is np.complex128:
        b += 1j * rng.standard_normal(b.shape)
    reciprocal = tridiagonal.reciprocals(main, lower, upper)
    by_core, by_slices = b.copy(), b.copy()
    tridiagonal.solve(by_core, reciprocal, lower, upper)
    monkeypatch.setattr(_core, "core", None)
    tridiagonal.solve(by_slices, reciprocal, lower, upper)
    assert np.array_equal(by_core, by_slices)
    left = np.tile(main, (batch, 1, 1)) * by_slices
    left[:, 1:] += lower[:, None] * by_slices[:, :-1]
    left[:, :-1] += upper[:, None] * by_slices[:, 1:]
    assert np.abs(left - b).max() < 1e-14


def test_reciprocals_are_in_c_order_of_any_diagonals(rng):
    """The core reads them by address."""
    lower, upper = rng.uniform(-2, -1, (2, 6))
    main = rng.uniform(4.5, 6, (3, 7, 5))
    wanted = tridiagonal.reciprocals(main, lower, upper)
    for order in ((0, 2, 1), (2, 1, 0), (1, 0, 2)):
        turned = np.ascontiguousarray(main.transpose(order)).transpose(np.argsort(order))
        found = tridiagonal.reciprocals(turned, lower, upper)
        assert found.flags.c_contiguous
        assert np.array_equal(found, wanted)
