"""Derivatives by coefficients: exact differences of integers, the sweeps that make them, and what they keep."""

import numpy as np
import pytest

import gridgrad as gg
from gridgrad._backends import ladder

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")

BOUNDARIES = [None, "periodic", "symmetric", "reflect"]
OPERATORS = {
    "diffuse": lambda grid, k: grid.diffuse(k),
    "diffuse, transposed": lambda grid, k: grid.diffuse(k).T,
    "advect": lambda grid, k: grid.advect((k,) * grid.ndim),
    "multiply": lambda grid, k: grid.multiply(k),
    "before and behind": lambda grid, k: grid.multiply(k) @ grid.laplacian + grid.laplacian @ grid.multiply(k),
    "flux times a field": lambda grid, k: grid.multiply(torch.full(grid.shape, 2.0).double()) @ grid.diffuse(k),
}  # fmt: skip


def whole(shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(-8, 9, shape).astype(float))


@pytest.mark.parametrize("boundary", BOUNDARIES)
@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("shape", [(6,), (4, 5)])
def test_is_the_difference_that_a_step_of_each_point_makes(name, boundary, shape):
    """Of integers and steps of 1 everything is exact, and the operators are linear in k."""
    grid = gg.Grid(*[(n, 1.0) for n in shape], boundary=boundary)
    f, k, w = whole(shape), whole(shape, 1), whole(shape, 2)
    own = k.clone().requires_grad_()
    result = OPERATORS[name](grid, own)(f)
    at = OPERATORS[name](grid, k)(f)
    assert torch.equal(result.detach(), at)
    (slopes,) = torch.autograd.grad(result, own, w)
    expected = torch.zeros_like(k)
    for place in np.ndindex(*shape):
        step = k.clone()
        step[place] += 1
        expected[place] = (w * (OPERATORS[name](grid, step)(f) - at)).sum()
    assert torch.equal(slopes, expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_both_ways_are_sweeps_of_kernels_and_keep_fields_alone(dtype):
    grid = gg.Grid((7, 0.5), (6, 0.25), boundary="symmetric")
    f, k = whole(grid.shape).to(dtype).requires_grad_(), whole(grid.shape, 1).to(dtype).requires_grad_()
    kept = []
    before = dict(ladder.counts)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        result = grid.diffuse(k)(f)
    torch.autograd.grad(result, (f, k), torch.ones_like(f))
    assert ladder.counts["slices"] == before["slices"]
    assert {t.data_ptr() for t in kept} == {f.data_ptr(), k.data_ptr()}


def test_harmonic_means_and_signs_stay_torch_operations():
    grid = gg.Grid((7, 0.5), boundary="symmetric")
    f = whole((7,))
    k = (whole((7,), 1).abs() + 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda k: grid.diffuse(k, mean="harmonic")(f), k)
    assert torch.autograd.gradcheck(lambda k: grid.advect((k,), upwind=1)(f), k)


@pytest.mark.parametrize("boundary", [None, "symmetric"])
def test_twice_and_batched_on_uneven_points(boundary):
    x = np.linspace(0, 1, 6) ** 2
    grid = gg.Grid(x, boundary=boundary)
    f, k = (torch.rand(6, dtype=torch.float64).requires_grad_() for _ in range(2))

    def made(k, f):
        return grid.diffuse(k)(f)

    assert torch.autograd.gradcheck(made, (k, f), check_batched_grad=True, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(made, (k, f), check_batched_grad=True, check_fwd_over_rev=True)


@pytest.mark.parametrize("name", OPERATORS)
def test_tangents_of_slopes(name):
    """The backward pass is linear in the slopes of the results, and what it makes of a field is so in that field."""
    grid = gg.Grid((4, 1.0), (5, 1.0), boundary="symmetric")
    f, k, w, v = (whole(grid.shape, seed) for seed in range(4))
    k.requires_grad_()
    result = OPERATORS[name](grid, k)(f)
    with torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(w, v)
        (slopes,) = torch.autograd.grad(result, k, dual, retain_graph=True)
        value, tangent = torch.autograd.forward_ad.unpack_dual(slopes)
    for found, given in ((value, w), (tangent, v)):
        assert torch.equal(found, torch.autograd.grad(result, k, given, retain_graph=True)[0])
