"""Arrays that repeat themselves along an axis, by a stride of 0, have the bits of their copies."""

import numpy as np
import pytest

import gridgrad as gg

RNG = np.random.default_rng(8)
SHAPE = (8, 9, 40)
GRID = gg.Grid(*[np.cumsum(RNG.random(n) + 0.5) for n in SHAPE])
NAMES = ["gradient", "laplacian", "hessian", "gradient_norm", "gradient_squared", "identity"]


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("name", NAMES)
def test_along_any_axis(name, dtype, axis):
    """Edge rows are differences of what is at one place: 0, not values."""
    f = RNG.standard_normal(SHAPE).astype(dtype).take([0], axis)
    f = np.broadcast_to(f, SHAPE)
    operator = getattr(GRID, name)
    real = np.dtype(dtype).type(0).real.dtype if name in ("gradient_norm", "gradient_squared") else dtype
    outs = [np.full((*operator.outputs, *SHAPE), 7, real) for _ in range(2)]
    operator(f, out=outs[0])
    operator(f.copy(), out=outs[1])
    np.testing.assert_array_equal(*outs)


@pytest.mark.parametrize("axis", range(3))
def test_coefficients_along_any_axis(axis):
    """A vector of one axis, seen in the shape of the field."""
    f, v = RNG.standard_normal((2, *SHAPE))
    v = np.broadcast_to(v.take([0], axis), SHAPE)
    outs = np.empty((2, *SHAPE))
    for make in (lambda c: GRID.diffuse(c), lambda c: GRID.advect((c, c, c)), lambda c: c * GRID.laplacian):
        make(v)(f, out=outs[0])
        make(v.copy())(f, out=outs[1])
        np.testing.assert_array_equal(*outs)
