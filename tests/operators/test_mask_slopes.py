"""The norm of the gradient, and its square, beside gaps where a slope is a sum or has a metric: those of the gradient there."""

import pickle

import numpy as np
import pytest
from libraries import parameters

import gridgrad as gg

RNG = np.random.default_rng(11)
LAT, LON = np.linspace(-68, 68, 18), np.arange(36) * 10.0
SHAPE = (18, 36)
INSIDE = RNG.random(SHAPE) < 0.8
FIELD, VALUES = RNG.standard_normal((2, *SHAPE))
HOLED = np.where(INSIDE, FIELD, np.nan)
PLANE = gg.Grid((18, 0.5), (36, 0.25))
WALLS = gg.Grid((18, 0.5), (36, 0.25), boundary=[(gg.value(2.0), gg.slope(1.0)), "periodic"])
GRIDS = {
    "sphere": lambda **options: gg.Grid(LAT, LON, geometry="sphere").with_mask(INSIDE, **options),
    "polar": lambda **options: gg.Grid((18, 1.0, 0.5), (36, np.pi / 18), geometry="polar").with_mask(INSIDE, **options),
    "array": lambda **options: PLANE.with_mask(INSIDE, boundary=gg.value(VALUES, name="hot"), **options),
    "slope": lambda **options: PLANE.with_mask(INSIDE, boundary=gg.slope(2.0, wall="face"), **options),
    "walls": lambda **options: WALLS.with_mask(INSIDE, **options),
    "breaks": lambda **options: WALLS.with_breaks(0, [7, 9]),
}  # fmt: skip


@pytest.mark.parametrize("fill", [0.0, np.nan])
@pytest.mark.parametrize("name", GRIDS)
def test_they_are_of_the_gradient(name, fill):
    grid = GRIDS[name](fill=fill)
    holed = HOLED if name != "breaks" else FIELD
    for f in (holed, 1e200 * holed, (holed * (1 + 2j)), np.stack([holed, -holed]), holed.astype(np.float32)):
        slopes = np.asarray(grid.gradient(f))
        size = np.hypot.reduce(np.abs(slopes), axis=0)
        rtol = 1e-6 if f.dtype == np.float32 else 1e-14
        found = grid.gradient_norm(f)
        np.testing.assert_allclose(found, size, rtol=rtol)
        assert found.dtype == size.dtype
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(grid.gradient_squared(f), (np.abs(slopes) ** 2).sum(axis=0), rtol=rtol)


def test_on_a_sphere_beside_land():
    lat, lon = np.arange(-88.0, 90, 4.0), np.arange(0.0, 360, 4.0)
    globe = gg.Grid(lat, lon, geometry="sphere", radius=1.0)
    land = (abs(lat[:, None] - 20) < 30) & (abs(lon - 90) < 40)
    phi, lam = np.deg2rad(lat)[:, None], np.deg2rad(lon)
    warm = np.cos(phi) * np.cos(lam)  # of which the gradient is sqrt(1 - warm**2) long
    exact, found = np.sqrt(1 - warm**2), globe.with_mask(~land).gradient_norm(np.where(land, np.nan, warm))
    beside = ~land & (np.abs(found - globe.gradient_norm(warm)) > 0)
    assert beside.any()
    assert not found[land].any()
    assert np.abs(found - exact)[~land].max() < 0.01
    finer = globe.with_mask(~land).gradient_norm.with_(accuracy=4)(np.where(land, np.nan, warm))
    assert np.abs(finer - exact)[~land].max() < 1e-4
    other = gg.gradient_norm(
        np.where(land, np.nan, warm),
        lat,
        lon,
        geometry="sphere",
        radius=1.0,
        missing="one-sided",
        edge_order=2,
    )
    assert np.array_equal(other[~land], found[~land])
    assert np.isnan(other[land]).all()


def test_the_value_of_a_call():
    grid = GRIDS["array"]()
    other = PLANE.with_mask(INSIDE, boundary=gg.value(3.0)).gradient_norm(HOLED)
    for v in (3.0, np.full(SHAPE, 3.0)):
        np.testing.assert_array_equal(grid.gradient_norm(HOLED, hot=v), other)
    assert not np.array_equal(grid.gradient_norm(HOLED), other)


@pytest.mark.parametrize("name", ["sphere", "array"])
def test_out_and_pickles(name):
    A = GRIDS[name]().gradient_norm
    expected, out = A(HOLED), HOLED.copy()
    assert A(out, out=out) is out
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(A(HOLED, out=out, add=True), 2 * expected)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(A))(HOLED), expected)
    with pytest.raises(TypeError, match="is not linear"):
        A.adjoint(FIELD)


@pytest.mark.parametrize("library", parameters("numpy"))
def test_libraries(library):
    A = GRIDS["sphere"]().gradient_norm
    with library.wide():
        found = library.host(A(library.array(HOLED)))
    np.testing.assert_allclose(found, A(HOLED), rtol=1e-13)


def test_torch_differentiates():
    torch = pytest.importorskip("torch")
    grid = GRIDS["sphere"](fill=0.0)
    f = torch.tensor(HOLED, requires_grad=True)
    (grid.gradient_norm(f) ** 2).sum().backward()
    other = torch.tensor(HOLED, requires_grad=True)
    grid.gradient_squared(other).sum().backward()
    np.testing.assert_allclose(f.grad.numpy(), other.grad.numpy(), atol=1e-12 * float(other.grad.abs().max()))
    assert not f.grad[~torch.tensor(INSIDE)].any()
