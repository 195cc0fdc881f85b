"""Ends for each component of vector fields: slip, no slip, a lid, and what scalar operators say to them."""

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

X = np.cumsum(np.random.default_rng(1).uniform(0.3, 1.2, 6))
N = (6, 7)


def noise(*shape):
    return np.random.default_rng(2).standard_normal(shape)


def grids(normal, tangential):
    """For each component a grid on which scalar operators end as the component does."""
    ends = [[normal, tangential], [tangential, normal]]
    return [gg.Grid(X, (7, 0.5), boundary=pair) for pair in ends]


@pytest.fixture(params=["slip", "slip at faces", "no slip", "lid"])
def walls(request):
    """The grid, and those of the two components."""
    lid = gg.value(noise(7)[:1], wall="face")
    made = {
        "slip": (gg.slip(), "antireflect", "reflect"), "slip at faces": (gg.slip(wall="face"), "antisymmetric", "symmetric"),
        "no slip": (gg.no_slip(), gg.value(0.0), gg.value(0.0)),
        "lid": (gg.components(gg.value(0.0, wall="face"), lid, "symmetric"), gg.value(0.0, wall="face"), lid),
    }  # fmt: skip
    end, normal, tangential = made[request.param]
    return gg.Grid(X, (7, 0.5), boundary=end), *grids(normal, tangential)


def test_each_component_has_its_ends(walls):
    grid, of_u, of_v = walls
    F = noise(2, *N)
    u, v = F
    slopes = (*of_u.gradient(u), *of_v.gradient(v))
    for got, want in zip(np.reshape(grid.jacobian(F), (4, *N)), slopes, strict=True):
        assert same_bits(got, want)
    close(grid.divergence(F), slopes[0] + slopes[3])
    close(grid.curl(F), slopes[2] - slopes[1])
    for got, want in zip(grid.vector_laplacian(F), (of_u.laplacian(u), of_v.laplacian(v)), strict=True):
        close(got, want)


def close(got, want):
    assert np.abs(got - want).max() <= 1e-13 * np.abs(want).max()


def test_scalar_fields_have_theirs():
    for end, even in ((gg.slip(), "reflect"), (gg.no_slip(wall="face"), "symmetric")):
        grid, p = gg.Grid(X, (7, 0.5), boundary=end), noise(*N)
        other = gg.Grid(X, (7, 0.5), boundary=even)
        for got, want in zip(grid.gradient(p), other.gradient(p), strict=True):
            assert same_bits(got, want)
        assert same_bits(grid.laplacian(p), other.laplacian(p))
        assert all(map(np.array_equal, grid.quadrature, other.quadrature))


def test_walls_of_vectors_alone():
    grid = gg.Grid(X, (7, 0.5), boundary=[gg.components("antireflect", "reflect"), "periodic"])
    assert np.isfinite(grid.divergence(noise(2, *N))).all()
    for refused in (
        lambda: grid.laplacian,
        lambda: grid.gradient,
        lambda: grid.advect((1.0, 1.0)),
        lambda: grid.derivative(0),
    ):
        with pytest.raises(
            TypeError,
            match=r"axis 0 ends with components\('antireflect', 'reflect'\), which says nothing about scalar",
        ):
            refused()


def test_three_axes_have_two_tangents():
    lid = gg.components("antisymmetric", ("symmetric", gg.value(2.0, wall="face")))
    grid = gg.Grid((4, 1.0), (5, 1.0), (6, 1.0), boundary=["periodic", lid, "periodic"])
    zero = np.zeros((3, 4, 5, 6))
    slopes = grid.jacobian(zero)
    assert not any(slopes[i][b].any() for i in (0, 1) for b in range(3))
    assert slopes[2][1][:, 0].all()
    again = gg.Grid(*[(4, 1.0)] * 3, boundary=gg.no_slip()).curl(np.ones((3, 4, 4, 4)))
    assert np.abs(again[0][:, 1]).max() > 0


def test_one_axis_is_across():
    grid = gg.Grid((6, 1.0), boundary=gg.slip(wall="face"))
    f = noise(6)
    assert same_bits(grid.divergence(f), gg.Grid((6, 1.0), boundary="antisymmetric").gradient(f))
    assert same_bits(grid.gradient(f), gg.Grid((6, 1.0), boundary="symmetric").gradient(f))
