"""`geometry=` of the free functions: the operators of a grid on a sphere."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad as gg

LAT, LON = np.arange(-80.0, 81.0, 20.0), np.arange(5.0, 365.0, 30.0)
F, U, V = np.random.default_rng(3).standard_normal((3, 2, 9, 12))
GRID = gg.Grid(LAT, LON, geometry="sphere")
ON = {"axis": (-2, -1), "geometry": "sphere"}
CALLS = {
    "gradient": (lambda **k: gg.gradient(F, LAT, LON, edge_order=2, **k), lambda g: g.gradient(F)),
    "accuracy": (lambda **k: gg.gradient(F, LAT, LON, accuracy=4, **k), lambda g: g.gradient.with_(accuracy=4)(F)),
    "laplacian": (lambda **k: gg.laplacian(F, LAT, LON, **k), lambda g: g.laplacian(F)),
    "divergence": (lambda **k: gg.divergence((V, U), LAT, LON, **k), lambda g: g.divergence((V, U))),
    "stacked": (lambda **k: gg.divergence(np.stack([V, U]), LAT, LON, **k), lambda g: g.divergence((V, U))),
    "curl": (lambda **k: gg.curl((V, U), LAT, LON, **k), lambda g: g.curl((V, U))),
    "gradient_norm": (lambda **k: gg.gradient_norm(F, LAT, LON, **k), lambda g: g.gradient_norm(F)),
    "gradient_squared": (lambda **k: gg.gradient_squared(F, LAT, LON, **k), lambda g: g.gradient_squared(F)),
    "advect": (lambda **k: gg.advect((V, 2.0), F, LAT, LON, **k), lambda g: g.advect((V, 2.0))(F)),
    "along": (lambda **k: gg.directional_derivative(F, (V, U), LAT, LON, **k), lambda g: g.directional_derivative((V, U))(F)),
    "diffuse": (lambda **k: gg.diffuse(0.5, F, LAT, LON, **k), lambda g: g.diffuse(0.5)(F)),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_values_are_those_of_the_grid(name):
    """Also the second time, and beside calls of the same arrays that differ in what they say about lengths alone."""
    free, of_grid = CALLS[name]
    small = gg.Grid(LAT, LON, geometry="sphere", radius=2.0)
    open_ = gg.Grid(LAT, LON, geometry="sphere", periodic=False)
    plain = gg.Grid(LAT, LON)
    for _ in range(2):
        assert np.array_equal(free(**ON), of_grid(GRID))
        assert np.array_equal(free(**ON, radius=2.0), of_grid(small))
        assert np.array_equal(free(**ON, periodic=False), of_grid(open_))
        assert np.array_equal(free(axis=(-2, -1)), of_grid(plain))


def test_longitudes_may_be_a_step():
    """As it does not matter where they begin."""
    assert np.allclose(gg.laplacian(F, LAT, 30.0, **ON), GRID.laplacian(F), rtol=1e-12, atol=1e-24)
    assert np.array_equal(gg.laplacian(F, LAT.tolist(), LON.tolist(), **ON), GRID.laplacian(F))


def test_any_order_of_axes_and_radians():
    turned = gg.curl(
        (U, V), np.deg2rad(LON), np.deg2rad(LAT), axis=(-1, -2), geometry=("lon", "lat"), angle="radians"
    )
    np.testing.assert_allclose(turned, GRID.curl((V, U)), rtol=1e-12, atol=1e-18)  # fmt: skip
    polar = gg.Grid(np.arange(1.0, 10.0), np.arange(12.0), geometry="polar")
    found = gg.laplacian(F, np.arange(1.0, 10.0), np.arange(12.0), axis=(1, 2), geometry="polar")
    assert np.array_equal(found, polar.laplacian(F))


def test_a_compiler_sees_the_metric():
    """Of functions whose grid is made of constants; `gradient` says what to type."""
    torch = pytest.importorskip("torch")
    lat, lon, f = LAT.tolist(), LON.tolist(), torch.tensor(F)
    compiled = torch.compile(lambda f: gg.laplacian(f, lat, lon, **ON), backend="eager", fullgraph=True)
    assert np.array_equal(compiled(f).numpy(), GRID.laplacian(F))
    assert np.array_equal(gg.laplacian(f, LAT, LON, **ON).numpy(), GRID.laplacian(F))
    with pytest.raises(Exception, match="a step came for it"):
        torch.compile(lambda f: gg.laplacian(f, 20.0, lon, **ON), backend="eager", fullgraph=True)(f)


def test_missing_samples_are_gaps_there_too():
    inside = np.random.default_rng(5).random(F.shape[1:]) < 0.7
    f, grid = np.where(inside, F, np.nan), GRID.with_mask(inside, fill=np.nan)
    found = gg.gradient(f, LAT, LON, missing="one-sided", edge_order=2, **ON)
    np.testing.assert_array_equal(found, grid.gradient(f))
    assert np.isnan(f).any()
    assert not np.isnan(found)[:, :, inside].all()
    np.testing.assert_array_equal(gg.laplacian(f, LAT, LON, missing="one-sided", **ON), grid.laplacian(f))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: gg.gradient(F, LAT, LON, axis=(-2, -1), radius=3.0), 'belong to geometry="sphere"'),
        (lambda: gg.laplacian(F, LAT, LON, axis=(-2, -1), angle="radians"), 'belong to geometry="sphere"'),
        (lambda: gg.laplacian(F, **ON), "axis 1 is lat, where lengths depend on the place, and a step came"),
        (lambda: gg.gradient(F, 20.0, LON, **ON), "give its coordinates"),
        (lambda: gg.hessian(F, LAT, LON, **ON), "hessian is not offered with geometry="),
        (
            lambda: gg.gradient(np.where(F < 0, np.nan, F), 10 + LAT, LON, missing="one-sided", **ON),
            "the row on the pole out",
        ),
        (lambda: gg.gradient(F, LAT, axis=1, geometry="sphere"), "geometry names 2 axes"),
        (lambda: gg.gradient(np.sin, LAT, radius=1.0), "geometry is given with a function"),
    ],
)
def test_refusals(call, said):
    """Also after the call without that word."""
    gg.gradient(F, LAT, LON, axis=(-2, -1))
    for _ in range(2):
        with pytest.raises((ValueError, TypeError)) as caught:
            call()
        assert said in str(caught.value)
