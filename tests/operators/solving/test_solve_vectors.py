"""Solves of vector fields: components that do not meet are solved by transforms, each with its own ends."""

import numpy as np
import pytest

import gridgrad as gg

RNG = np.random.default_rng(8)
X = np.cumsum(RNG.uniform(0.3, 1.2, 6))
ENDS = {
    "no slip": gg.no_slip(), "no slip at faces": gg.no_slip(wall="face"), "slip": gg.slip(wall="face"),
    "lid": gg.components(gg.value(0.0, wall="face"), gg.value(1.0, wall="face", name="lid"), "symmetric"),
    "held lid": gg.components(gg.value(0.0), gg.value(1.0, name="lid"), "reflect"),
}  # fmt: skip


def step_with(ends, *axes):
    grid = gg.Grid(*axes, boundary=ENDS[ends])
    return grid.identity - 0.3 * grid.vector_laplacian


@pytest.mark.parametrize("axes", [((6, 0.5), (7, 0.4)), (X, (7, 0.4)), ((4, 0.5), (5, 0.4), (3, 0.3))], ids=["even", "uneven", "three"])  # fmt: skip
@pytest.mark.parametrize("ends", ENDS)
def test_values_are_those_of_factors(ends, axes):
    A = step_with(ends, *axes)
    b = RNG.standard_normal((len(axes), *A.grid.shape))
    u, want = np.array(A.solve(b)), np.array(A.solve(b, method="direct"))
    assert "LU" not in repr(A.solver())
    assert np.abs(u - want).max() <= 1e-12 * np.abs(want).max()
    if "lid" in ends:
        again, other = (np.array(A.solve(b, method=method, lid=-2.0)) for method in (None, "direct"))
        assert np.abs(again - other).max() <= 1e-12 * np.abs(other).max()
        assert np.abs(again - u).max() > 0.1


@pytest.mark.parametrize("ends", ENDS)
def test_each_component_is_solved_as_a_scalar_with_its_ends(ends):
    A = step_with(ends, (6, 0.5), X)
    b = RNG.standard_normal((2, 6, 6))
    normal, tangential = ENDS[ends].normal, ENDS[ends].tangential
    pairs = ([normal, tangential], [tangential, normal])
    for u, own, pair in zip(A.solve(b), b, pairs, strict=True):
        grid = gg.Grid((6, 0.5), X, boundary=[wall if hasattr(wall, "end") else wall.word for wall in pair])
        want = (grid.identity - 0.3 * grid.laplacian).solve(own)
        assert np.abs(u - want).max() <= 1e-13 * np.abs(want).max()


def test_batches_out_and_dtypes():
    solver = step_with("no slip at faces", (6, 0.5), (7, 0.4)).solver()
    b = RNG.standard_normal((2, 3, 6, 7))
    u = solver(b)
    assert u.shape == b.shape
    for k in range(3):
        assert np.array_equal(u[:, k], solver(b[:, k]))
    out = np.empty_like(b)
    assert solver(b, out=out) is out
    assert np.array_equal(out, u)
    assert all(map(np.array_equal, solver(tuple(b)), u))
    narrow = solver(b.astype("float32"))
    assert narrow.dtype == "float32"
    assert np.abs(narrow - u).max() < 1e-6


def test_components_that_meet_have_factors():
    grid = gg.Grid((6, 0.5), (7, 0.4))
    A = grid.identity - 0.1 * (grid.gradient @ grid.divergence)
    b = RNG.standard_normal((2, 6, 7))
    assert "LU" in repr(A.solver())
    assert np.abs(np.array(A(A.solve(b))) - b).max() < 1e-12


@pytest.mark.needs("torch")
def test_gradients_of_tensors():
    import torch

    solver = step_with("lid", (4, 0.5), X).solver()
    b = torch.tensor(RNG.standard_normal((2, 4, 6)), requires_grad=True)
    assert np.array_equal(solver(b.detach()).numpy(), solver(b.detach().numpy()))
    assert torch.autograd.gradcheck(solver, b)
    lid = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: solver(b.detach(), lid=v), lid)
    plain = b.detach()
    assert torch.equal(torch.func.vmap(solver)(torch.stack([plain, 2 * plain]))[0], solver(plain))


@pytest.mark.needs("jax")
def test_derivatives_in_jax(jax):
    solver = step_with("no slip", (4, 0.5), X).solver()
    numbers = RNG.standard_normal((2, 4, 6))
    b = jax.numpy.asarray(numbers)
    assert np.array_equal(solver(b), solver(numbers))
    slope = jax.grad(lambda x: (solver(x) ** 2).sum())(b)
    one = np.zeros_like(numbers)
    one[1, 2, 3] = 1e-6
    ahead, behind = (float((solver(numbers + s * one) ** 2).sum()) for s in (1, -1))
    assert abs(float(slope[1, 2, 3]) - (ahead - behind) / 2e-6) < 1e-7
