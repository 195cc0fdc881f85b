"""Advection by differences to the side that the flow comes from: what is read, chosen and differentiated."""

import numpy as np
import pytest
from operator_cases import SHAPE, Exact, assert_close_to_exact, exactly, shared_setting
from samples import same_bits

import gridgrad as gg
from gridgrad._backends import slices
from gridgrad._backends.numpy.operations import NUMPY

X = np.array([0.0, 1.0, 3.0, 4.0])
UNEVEN = np.array([0.0, 0.5, 1.5, 1.75, 3.0, 4.0, 4.5])


def plane(**ends):
    """Seven uneven points that run down, and six even ones."""
    return gg.Grid(UNEVEN[::-1], (6, 0.5), **ends)


def velocity(rng, shape=(7, 6)):
    """Of both signs, and 0 here and there."""
    return np.where(rng.random(shape) < 0.2, 0.0, rng.standard_normal(shape))


def by_parts(grid, v, f, accuracy):
    """Each side where the flow comes from it, as two operators and a choice by NumPy."""
    total = np.zeros_like(f)
    for a, c in enumerate(v):
        onward = 1 if grid.coordinates[a][1] > grid.coordinates[a][0] else -1
        left, right = (grid.derivative(a, side=side, accuracy=accuracy)(f) for side in ("left", "right"))
        with np.errstate(invalid="ignore"):
            for side, sign in ((left, onward), (right, -onward)):
                total = total + np.where(c * sign <= 0, 0.0, c * side)
    return total


def test_by_hand():
    f = X**2
    assert gg.advect(2.0, f, X, upwind=1)[1:].tolist() == [2, 8, 14]
    assert gg.advect(-2.0, f, X, upwind=1)[:-1].tolist() == [-2, -8, -14]
    v = np.array([1.0, 1.0, -1.0, 0.0])
    assert gg.advect(v, f, X, upwind=1).tolist() == [1, 1, -7, 0]
    assert gg.advect(0.0, f, X, upwind=1).tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("ends", [{}, {"boundary": [("reflect", "one-sided"), "periodic"]}], ids=str)
@pytest.mark.parametrize("accuracy", [1, 2])
def test_the_sign_chooses_at_each_point(accuracy, ends, rng):
    grid, v, f = plane(**ends), [velocity(rng), velocity(rng)], rng.standard_normal((7, 6))
    expected = by_parts(grid, v, f, accuracy)
    operator = grid.advect(v, upwind=accuracy)
    assert np.array_equal(operator(f), expected)
    axis = {"boundary": ends["boundary"]} if ends else {}
    assert np.array_equal(gg.advect(v, f, UNEVEN[::-1], 0.5, upwind=accuracy, **axis), expected)
    assert np.array_equal(grid.advect([v[1], v[0]], upwind=accuracy)(f, v=v), expected)
    assert np.array_equal(grid.advect(v).with_(upwind=accuracy)(f), expected)
    assert np.array_equal((0.5 * operator + grid.identity)(f), f + 0.5 * expected) or np.allclose(
        (0.5 * operator + grid.identity)(f), f + 0.5 * expected, rtol=1e-14, atol=1e-14
    )
    numbers = grid.advect([-0.75, 0.25], upwind=accuracy)(f)
    fields = [np.full((7, 6), -0.75), np.full((7, 6), 0.25)]
    np.testing.assert_allclose(numbers, by_parts(grid, fields, f, accuracy), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("accuracy", [1, 2])
def test_points_downwind_are_not_read(accuracy, rng):
    grid = gg.Grid((9, 0.5))
    f, bad = rng.standard_normal(9), np.arange(9) >= 5
    for v, spoiled, kept in ((1.0, bad, ~bad), (-1.0, ~bad, bad)):
        field = np.full(9, v)
        got = grid.advect(field, upwind=accuracy)(np.where(spoiled, np.nan, f))
        assert np.array_equal(got[kept][2:-2], grid.advect(field, upwind=accuracy)(f)[kept][2:-2])
        turned = grid.advect(field, upwind=accuracy).T
        assert np.isfinite(turned(np.where(np.arange(9) == 4, 1.0, 0.0))).all()
    stopped = grid.advect(np.where(bad, 0.0, 1.0), upwind=1)
    assert np.isfinite(stopped(np.where(bad, np.inf, f))).all()  # no flow, nothing read


def test_a_velocity_that_is_not_a_number_gives_none(rng):
    grid, f = gg.Grid((9, 0.5)), rng.standard_normal(9)
    v = np.where(np.arange(9) == 4, np.nan, 1.0)
    for operator in (grid.advect(v, upwind=1), grid.advect(v, upwind=2)):
        assert np.flatnonzero(np.isnan(operator(f))).tolist() == [4]


@pytest.mark.parametrize("dtype", ["f4", "f8", "g"])
@pytest.mark.parametrize("accuracy", [1, 2])
def test_adjoint_transpose_and_matrix(accuracy, dtype, rng):
    grid = plane(boundary=["one-sided", "periodic"])
    v = [velocity(rng).astype(dtype), velocity(rng).astype(dtype)]
    f, g = rng.standard_normal((2, 7, 6)).astype(dtype)
    A = grid.advect(v, upwind=accuracy)
    matrix, eps = A.to_sparse(), max(np.finfo(dtype).eps, np.finfo("f8").eps)  # that of a matrix
    assert np.all(matrix.data != 0)  # of the side that does not count nothing is kept
    np.testing.assert_allclose(A(f).ravel(), matrix @ f.ravel(), rtol=0, atol=100 * eps)
    np.testing.assert_allclose(A.T(g).ravel(), matrix.T @ g.ravel(), rtol=0, atol=100 * eps)
    turned = A.adjoint(g, weight="quadrature")
    assert abs(np.sum(grid.measure * A(f) * g) - np.sum(grid.measure * f * turned)) <= 1000 * eps


@pytest.mark.needs("torch")
def test_torch_differentiates_the_side_that_is_read(rng):
    import torch

    grid, f = gg.Grid((9, 0.5)), rng.standard_normal(9)
    v = torch.tensor(np.where(np.arange(9) < 5, 1.5, -0.5), requires_grad=True)
    u = torch.tensor(f, requires_grad=True)
    left, right = (grid.derivative(0, side=side) for side in ("left", "right"))
    torch.sum(grid.advect(v, upwind=1)(u)).backward()
    sides = np.where(np.arange(9) < 5, left(f), right(f))
    np.testing.assert_allclose(v.grad.numpy(), sides, rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(
        u.grad.numpy(), grid.advect(v.detach().numpy(), upwind=1).T(np.ones(9)), rtol=1e-13, atol=1e-13
    )
    assert torch.autograd.gradcheck(lambda u, v: grid.advect(v, upwind=2)(u), (u, v))
    spoiled = torch.tensor(np.where(np.arange(9) == 7, np.nan, f))
    v = torch.ones(9, dtype=torch.float64, requires_grad=True)
    torch.sum(grid.advect(v, upwind=1)(spoiled)[:7]).backward()
    assert torch.isfinite(v.grad[:7]).all()


@pytest.mark.needs("jax")
def test_jax_differentiates_the_side_that_is_read(rng):
    import jax

    jax.config.update("jax_enable_x64", True)
    grid, f = gg.Grid((9, 0.5)), rng.standard_normal(9)
    v = np.where(np.arange(9) < 5, 1.5, -0.5)
    slope = jax.jit(jax.grad(lambda v: grid.advect(v, upwind=1)(jax.numpy.asarray(f)).sum()))(
        jax.numpy.asarray(v)
    )
    left, right = (grid.derivative(0, side=side)(f) for side in ("left", "right"))
    np.testing.assert_allclose(slope, np.where(np.arange(9) < 5, left, right), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("ends", ["one-sided", "each another", "walls and mirrors"])
@pytest.mark.parametrize("kind", ["steps", "decreasing"])
def test_values_are_the_exact_ones(kind, ends, rng):
    here = shared_setting(kind, ends)
    f, v = rng.standard_normal(SHAPE), [rng.standard_normal(SHAPE) for _ in range(3)]
    total = Exact.of(np.zeros(SHAPE))
    for a, c in enumerate(exactly(v)):
        onward = 1 if here.exact.x[a][1] > here.exact.x[a][0] else -1
        for side, sign in ((-1, onward), (1, -onward)):
            counts = c.value * sign > 0
            along = here.exact.derivative(Exact.of(f), a, 1, 2, side)
            total = total + c * Exact(np.where(counts, along.value, 0), np.where(counts, along.size, 0))
    assert_close_to_exact(here.grid.advect(v, upwind=2)(f), total, 12)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "c16", "i4"])
def test_slices_have_the_bits_of_the_core(core, dtype, rng):
    grid = plane(boundary=["one-sided", "periodic"])
    real = {"c8": "f4", "c16": "f8", "i4": "f8"}.get(dtype, dtype)
    v = [velocity(rng).astype(real), velocity(rng).astype(real)]
    f = (8 * rng.standard_normal((7, 6))).astype(dtype) * (1 if dtype[0] != "c" else 1 - 2j)
    f = f.astype(dtype)
    for operator in (grid.advect(v, upwind=2), grid.advect(v, upwind=1).T):
        sliced = slices.apply(NUMPY, operator.pattern.terms_for(f.shape), [f, *v], 1)[0]
        got = operator(f)
        assert got.dtype == sliced.dtype
        assert same_bits(got, sliced)


def test_masks_spread_from_the_side_that_is_read():
    v = np.array([1.0, 1.0, -1.0, -1.0, 1.0])
    f = np.ma.array(np.arange(5.0), mask=np.arange(5) == 2)
    found = gg.advect(v, f, upwind=1)
    assert np.ma.getmaskarray(found).tolist() == [False, False, True, False, False]
    back = gg.Grid((5, 1.0)).advect(v, upwind=1).T(f)
    assert np.ma.getmaskarray(back).tolist() == [False, False, True, True, False]


def test_a_step_stays_between_its_extremes(rng):
    """First order upwind does not overshoot where the flow is resolved, nor does it lose what a ring holds."""
    n = 64
    grid = gg.Grid((n, 1.0), boundary="periodic")
    f = (np.arange(n) < 20).astype(float)
    step = grid.identity - 0.5 * grid.advect(np.ones(n), upwind=1)
    for _ in range(50):
        f = step(f)
        assert -1e-14 <= f.min() <= f.max() <= 1 + 1e-14
    assert abs(f.sum() - 20) < 1e-12


def test_what_comes_in_through_a_wall():
    """A value held at the inflow is carried in."""
    grid = gg.Grid((20, 0.5), boundary=(gg.value(3.0), "one-sided"))
    f = np.zeros(20)
    step = grid.identity - 0.25 * grid.advect(np.ones(20), upwind=1)
    for _ in range(200):
        f = step(f)
        f[0] = 3.0
    np.testing.assert_allclose(f, 3.0, rtol=0, atol=1e-6)
