"""Diffusion with a mean of the diffusivity that lets nothing past a 0, and with one diffusivity for each axis."""

from __future__ import annotations

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits

import gridgrad as gg

X, Y = np.array([0.0, 1.0, 3.0, 4.0, 6.0, 7.0]), (5, 0.5)
MEANS = {
    "arithmetic": lambda a, b: (a + b) / 2,
    "harmonic": lambda a, b: 2 * a * b / (a + b) if a * b else 0.0,
}
ENDS = ["one-sided", ["periodic", "symmetric"], [("reflect", "symmetric"), "periodic"]]


@pytest.fixture
def grid():
    return gg.Grid(X, Y)


@pytest.fixture
def fields(rng):
    k = rng.uniform(0.5, 2, (6, 5))
    k[2:4, 1:3] = 0  # an obstacle
    return rng.normal(size=(6, 5)), k


def by_faces(f, k, mean, x):
    """Fluxes through the faces between points, along the first axis, one after the other."""
    result = np.zeros_like(f)
    widths = np.diff(np.concatenate([x[:1], (x[1:] + x[:-1]) / 2, x[-1:]]))
    for i in range(len(x) - 1):
        for j in range(f.shape[1]):
            own = MEANS[mean](k[i, j], k[i + 1, j])
            flux = own * (f[i + 1, j] - f[i, j]) / (x[i + 1] - x[i]) if own else 0.0
            result[i, j] += flux / widths[i]
            result[i + 1, j] -= flux / widths[i + 1]
    return result


@pytest.mark.parametrize("mean", MEANS)
def test_fluxes_one_by_one(mean, grid, fields):
    f, k = fields
    want = by_faces(f, k, mean, X) + by_faces(f.T, k.T, mean, 0.5 * np.arange(5)).T
    got = grid.diffuse(k, mean=mean)(f)
    assert np.abs(got - want).max() < 1e-13 * np.abs(want).max()
    same_bits(gg.diffuse(k, f, X, 0.5, mean=mean), got)
    A = grid.diffuse(k, mean=mean)
    assert np.abs(A.to_sparse() @ f.ravel() - got.ravel()).max() < 1e-13 * np.abs(want).max()


def test_a_diffusivity_of_0_is_an_insulating_wall(grid, fields):
    f, k = fields
    A = grid.diffuse(k, mean="harmonic")
    beside = f.copy()
    beside[k == 0] = np.nan
    beside[2, 1] = np.inf
    same_bits(A(beside), A(f))
    same_bits(A.adjoint(beside), A.adjoint(f))
    same_bits((grid.identity - 0.1 * A)(beside)[k > 0], (grid.identity - 0.1 * A)(f)[k > 0])
    assert (A(f)[k == 0] == 0).all()
    outside = np.where(k == 0, 100.0, 1.0)
    assert (A(outside) == 0).all()  # constant in the fluid: nothing flows
    assert np.abs(grid.diffuse(k)(outside)).max() > 10


@pytest.mark.parametrize("ends", ENDS)
def test_totals_and_symmetry(ends, fields):
    f, k = fields
    grid = gg.Grid(X, Y, boundary=ends, period=[8.0, None] if ends[0] == "periodic" else None)
    A = grid.diffuse(k, mean="harmonic")
    scale = np.abs(grid.measure * A(f)).sum()
    assert abs((grid.measure * A(f)).sum()) < 1e-14 * scale
    weighted = grid.measure.ravel()[:, None] * A.to_sparse().toarray()
    assert np.abs(weighted - weighted.T).max() < 1e-14 * np.abs(weighted).max()


def test_even_diffusivities_are_a_number(grid, fields):
    f, _ = fields
    for mean in MEANS:
        k = np.full(f.shape, 0.3)
        got, number = grid.diffuse(k, mean=mean)(f), grid.diffuse(0.3, mean=mean)(f)
        assert np.abs(got - number).max() < 4e-15 * np.abs(number).max()


@pytest.mark.parametrize("mean", MEANS)
def test_one_diffusivity_for_each_axis(mean, grid, fields):
    f, k = fields
    both = grid.diffuse((k, 2.0), mean=mean)
    alone = [gg.Grid(X, axes=[-2]).diffuse(k, mean=mean)(f), gg.Grid(Y).diffuse(2.0)(f)]
    assert np.abs(both(f) - alone[0] - alone[1]).max() < 1e-14 * np.abs(both(f)).max()
    same_bits(gg.diffuse((k, 2.0), f, X, 0.5, mean=mean), both(f))
    same_bits(both(f, k=(2 * k, 2.0)), grid.diffuse((2 * k, 2.0), mean=mean)(f))
    same_bits(grid.diffuse([k, k], mean=mean)(f), grid.diffuse(k, mean=mean)(f))


@pytest.mark.parametrize("library", parameters())
def test_libraries(library, grid, fields):
    f, k = fields
    with library.wide():
        got = library.host(grid.diffuse(library.array(k), mean="harmonic")(library.array(f)))
    np.testing.assert_allclose(got, grid.diffuse(k, mean="harmonic")(f), rtol=1e-13, atol=1e-13)


@pytest.mark.needs("torch")
def test_autograd_beside_an_obstacle(grid, fields):
    torch = pytest.importorskip("torch")
    f, k = (torch.tensor(a, requires_grad=True) for a in fields)
    A = grid.diffuse(k, mean="harmonic")
    (slope,) = torch.autograd.grad(A(f, k=k).square().sum(), k)
    assert torch.isfinite(slope).all()
    inside = torch.tensor(fields[1]).abs() + 0.5
    assert torch.autograd.gradcheck(
        lambda f, k: grid.diffuse(k, mean="harmonic")(f), (f, inside.requires_grad_())
    )


def test_errors(grid, fields):
    f, k = fields
    with pytest.raises(ValueError, match='mean must be "arithmetic" or "harmonic", got \'geometric\''):
        grid.diffuse(k, mean="geometric")
    with pytest.raises(
        ValueError, match="k has 3 components, but the grid has 2 axes; give one for each, or one for all"
    ):
        grid.diffuse((k, k, k))
    with pytest.raises(TypeError, match='is of real diffusivities, got a complex one; use mean="arithmetic"'):
        grid.diffuse(k + 1j, mean="harmonic")(f)
