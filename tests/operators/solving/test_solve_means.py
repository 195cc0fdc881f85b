"""Solves by operators that make 0 of constants: of each component that they do so of, and between gaps."""

import re

import numpy as np
import pytest

import gridgrad as gg

RNG = np.random.default_rng(10)
PERIODIC = gg.Grid((6, 0.5), (7, 0.4), boundary="periodic")
WITHOUT_WALLS = {
    "transforms": (PERIODIC.vector_laplacian, None),
    "factors": (PERIODIC.vector_laplacian, "direct"),
    "meeting": (PERIODIC.vector_laplacian + 0.7 * (PERIODIC.gradient @ PERIODIC.divergence), None),
}


@pytest.mark.parametrize("name", WITHOUT_WALLS)
def test_components_without_walls_have_their_means(name):
    grid, (A, method) = PERIODIC, WITHOUT_WALLS[name]
    assert ("LU" in repr(A.solver(method))) is (name != "transforms")
    F = RNG.standard_normal((2, 6, 7))
    b = np.array(A(F))
    u = np.array(A.solve(b, method=method))
    assert np.abs(u - (F - F.mean(axis=(1, 2), keepdims=True))).max() < 1e-13
    beyond = b + np.array([0.0, 1.0])[:, None, None]
    with pytest.raises(ValueError, match=r"b has no solution.* b has mean 1 ") as error:
        A.solve(beyond, method=method)
    remedy = re.search(r"subtract it, (b - .*?), or prescribe", str(error.value))[1]
    again = np.array(A.solve(eval(remedy, {"grid": grid, "b": beyond}), method=method))
    assert np.abs(again - u).max() < 1e-13


def test_one_component_of_two_has_a_mean():
    """The other one is 0 in walls half a step outside."""
    grid = gg.Grid(
        (6, 0.5), (7, 0.4), boundary=["periodic", gg.components(gg.value(0.0, wall="face"), "symmetric")]
    )
    F = RNG.standard_normal((2, 6, 7))
    b = np.array(grid.vector_laplacian(F))
    for method in (None, "direct"):
        u = np.array(grid.vector_laplacian.solve(b, method=method))
        assert np.abs(u - (F - [[[F[0].mean()]], [[0.0]]])).max() < 1e-13


def test_between_gaps_that_nothing_passes_the_mean_is_0():
    inside = np.ones((8, 9), bool)
    inside[3:5, 4:6] = False
    grid = gg.Grid((8, 0.5), np.cumsum(RNG.uniform(0.3, 1.2, 9)), boundary="symmetric").with_mask(
        inside, boundary="symmetric"
    )
    H = np.where(inside, grid.measure, 0.0)
    f = RNG.standard_normal((3, 8, 9))
    b = np.where(inside, grid.laplacian(f), np.nan)
    u = grid.laplacian.solve(b)
    want = f - (H * f).sum(axis=(1, 2), keepdims=True) / H.sum()
    assert np.abs((u - want)[:, inside]).max() < 1e-12
    assert not u[:, ~inside].any()
    with pytest.raises(ValueError, match=r"no solution: .* b has mean 2 ") as error:
        grid.laplacian.solve(b + 2)
    remedy = re.search(r"subtract it, (b - .*?) of H = (.*?), or prescribe", str(error.value))
    names = {"grid": grid, "b": b + 2, "numpy": np, "inside": inside}
    names["H"] = eval(remedy[2], names)
    assert np.abs((grid.laplacian.solve(eval(remedy[1], names)) - want)[:, inside]).max() < 1e-12


@pytest.mark.needs("torch")
def test_gradients_of_tensors():
    import torch

    for name in ("factors", "meeting"):
        A, method = WITHOUT_WALLS[name]
        solver, b = A.solver(method), torch.tensor(RNG.standard_normal((2, 6, 7)), requires_grad=True)
        assert torch.autograd.gradcheck(
            lambda b, solver=solver: solver(b - b.mean(dim=(1, 2), keepdim=True)), b
        )


def test_central_differences_of_central_differences_are_told_of():
    """Of operators that see all waves nothing is said of it."""
    ring, said = gg.Grid((8, 0.5), (6, 0.5), boundary="periodic"), "values that alternate from point to point"
    for A in (ring.laplacian.with_(form="wide"), ring.divergence @ ring.gradient):
        with pytest.raises(ValueError, match=said):
            A.solver()
    odd = gg.Grid((7, 0.5), (5, 0.5), boundary="periodic").laplacian.with_(form="wide")
    b = odd(RNG.standard_normal((7, 5)))
    np.testing.assert_allclose(odd(odd.solve(b)), b, atol=1e-12)
    with pytest.raises(ValueError, match="singular") as error:
        gg.Grid((8, 0.5), boundary="antireflect").laplacian.solver()
    assert said not in str(error.value)
