"""Rows that `gradient` does not use yet: unequal uniform weights and edge rows of three pairs."""

from __future__ import annotations

import numpy as np
import pytest

from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy import BACKEND
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._stencils.stencil import CENTRAL, Stencil
from gridgrad._terms.term import Term

# The compact second derivative on unit steps with (2, -5, 4, -1) at its ends, as differences.
FIRST = ((0, 1, -2.0), (1, 2, 3.0), (2, 3, -1.0))


def second_derivative(length):
    last = tuple((length - 1 - b, length - 1 - a, -w) for a, b, w in reversed(FIRST))
    return Stencil(length, CENTRAL, (np.float64(-1), np.float64(1)), (FIRST,), (last,))


@pytest.mark.parametrize("dtype", ["f8", "f4", "i4"])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("streamed", [False, True])
def test_a_cubic_has_its_second_derivative_exactly(core, axis, dtype, streamed):
    shape = (7, 9, 11)
    i = np.indices(shape)[axis]
    f = (i**3 - 4 * i**2 + i).astype(dtype)
    term = Term(0, 0, axis, second_derivative(shape[axis]))
    for layout in (np.ascontiguousarray, np.asfortranarray, lambda a: np.repeat(a, 2, axis=2)[:, :, ::2]):
        out = np.full(shape, np.nan, "f8" if dtype == "i4" else dtype)
        before = core.gg_use_stream_bytes(0 if streamed else 1 << 40)
        try:
            ladder.apply(BACKEND, (term,), [layout(f)], [out])
        finally:
            core.gg_use_stream_bytes(before)
        assert np.array_equal(out, 6 * i - 8)


def test_a_laplacian_is_the_sum_of_its_terms_to_the_bit(core, rng):
    f = rng.standard_normal((6, 8, 10))
    terms = tuple(Term(0, 0, axis, second_derivative(f.shape[axis])) for axis in range(3))
    out = np.empty_like(f)
    ladder.apply(BACKEND, terms, [f], [out])
    assert np.array_equal(out, slices.apply(NUMPY, terms, [f], 1)[0])
