"""Labelled grids with gaps of their own: coasts and obstacles, by the names of their dims."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad as gg

xr = pytest.importorskip("xarray")
from gridgrad.xarray import Grid  # noqa: E402

LAT, LON = np.arange(80.0, -81.0, -20.0), np.arange(-175.0, 185.0, 30.0)
AT = {"lat": LAT, "lon": LON, "h": ("lon", LON**3)}
NUMBERS = np.random.default_rng(1).standard_normal((3, 2, 9, 12))
T, U, V = (xr.DataArray(values, AT, ("time", "lat", "lon"), name) for values, name in zip(NUMBERS, "TUV", strict=True))  # fmt: skip
FIELDS = {"advect": [(U, V), T], "directional_derivative": [T, (U, V)], "diffuse": [2.0, T],
          **{name: [(U, V)] for name in ("divergence", "curl", "vector_laplacian", "jacobian")}}  # fmt: skip
METHODS = [*FIELDS, "gradient", "laplacian", "biharmonic", "hessian", "gradient_norm", "gradient_squared"]
PLANE = {"periodic": {"lon": True}, "period": {"lon": 360}}
SEA = T.isel(time=0).copy(data=np.random.default_rng(7).random((9, 12)) > 0.15).rename(None)
OPEN = T.copy(data=np.random.default_rng(8).random((2, 9, 12)) > 0.15)
XY = ("lon", "lat")


def leaves(results):
    return [r for entry in results for r in leaves(entry)] if isinstance(results, tuple) else [results]


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("words", [PLANE, {"geometry": "sphere"}])
def test_methods_are_operators_of_the_plain_grid_with_its_mask(name, words):
    if words is not PLANE and name in ("hessian", "jacobian", "vector_laplacian", "biharmonic"):
        return
    grid = Grid(T, dim=XY, **words).with_mask(SEA)
    periodic = {} if words is not PLANE else {"periodic": [True, False], "period": [360, None]}
    geometry = {"geometry": XY} if words is not PLANE else {}
    plain = gg.Grid(LON, LAT, axes=[-1, -2], **periodic, **geometry).with_mask(SEA.values, fill=np.nan)
    made = {"advect": lambda: plain.advect((U.values, V.values))(T.values), "diffuse": lambda: plain.diffuse(2.0)(T.values),
            "directional_derivative": lambda: plain.directional_derivative((U.values, V.values))(T.values)}  # fmt: skip
    arrays = [U.values, V.values] if name in FIELDS else T.values
    expected = leaves(made.get(name, lambda: getattr(plain, name)(arrays))())
    fields = FIELDS.get(name, [T])
    turned = [f.transpose("lon", ...) if isinstance(f, xr.DataArray) else f for f in fields]
    for other in (fields, turned):
        for got, wanted in zip(leaves(getattr(grid, name)(*other)), expected, strict=True):
            assert np.isnan(wanted).any()
            np.testing.assert_allclose(got.transpose(*T.dims), wanted, rtol=1e-12, atol=1e-12 * np.nanmax(abs(wanted)))  # fmt: skip


@pytest.mark.parametrize("inside", [SEA, SEA.T, SEA.values, SEA.drop_vars(["lat", "lon", "h"]), SEA.values.tolist(), xr.broadcast(SEA, T)[0]])  # fmt: skip
def test_masks_are_matched_by_names(inside):
    grid = Grid(T, dim=XY, geometry="sphere")
    assert grid.with_mask(inside).laplacian(T).identical(grid.with_mask(SEA).laplacian(T))


def test_a_mask_of_some_dims_is_the_same_along_the_others():
    north = SEA.lat > 0
    grid, whole = Grid(T, geometry="sphere"), north & (SEA | True)
    assert grid.with_mask(north).laplacian(T).identical(grid.with_mask(whole).laplacian(T))


def test_gaps_that_change_in_time():
    """The mask has a dim that the grid has not; `plain` has it as a batch axis."""
    for data in (T, T.isel(time=0)):
        grid = Grid(data, dim=XY, geometry="sphere").with_mask(OPEN.transpose("lon", ...))
        found = grid.laplacian(T.transpose("lat", ...)).transpose(*T.dims)
        for k in range(2):
            alone = Grid(T, dim=XY, geometry="sphere").with_mask(OPEN.isel(time=k)).laplacian(T.isel(time=k))
            assert found.isel(time=k).equals(alone)
    levels = T.expand_dims(level=3)
    assert grid.laplacian(levels).isel(level=2, drop=True).equals(grid.laplacian(T))
    assert np.array_equal(grid.plain.laplacian(T.values), grid.laplacian(T), equal_nan=True)


def test_what_is_outside_is_not_read_and_is_fill():
    grid = Grid(T, dim=XY, geometry="sphere")
    hot = T.where(SEA, np.inf)
    found = grid.with_mask(SEA).laplacian(hot)
    assert found.equals(grid.with_mask(SEA).laplacian(T))
    assert (found.isnull() >= ~SEA).all()
    assert (grid.with_mask(SEA, fill=0.0).laplacian(hot).where(~SEA, 0) == 0).all()


def test_the_end_beside_gaps():
    grid = Grid(T, dim=XY, **PLANE)
    found = grid.with_mask(SEA, "symmetric").laplacian(T)
    plain = gg.Grid(LON, LAT, axes=[-1, -2], periodic=[True, False], period=[360, None])
    assert np.array_equal(
        found, plain.with_mask(SEA.values, "symmetric", np.nan).laplacian(T.values), equal_nan=True
    )


def test_missing_samples_are_gaps_as_well():
    """The mask is not lost where missing= is said too."""
    grid = Grid(T, dim=XY, geometry="sphere")
    some = T.where(T < 1)
    for name in ("gradient", "laplacian"):
        found = getattr(grid.with_mask(SEA), name)(some, missing="one-sided")
        for got, wanted in zip(leaves(found), leaves(getattr(grid, name)(some.where(SEA), missing="one-sided")), strict=True):  # fmt: skip
            assert got.equals(wanted)


def test_the_grid_is_as_it_was():
    grid = Grid(T, geometry="sphere")
    before = grid.laplacian(T)
    assert "inside" in repr(grid.with_mask(SEA))
    assert grid.laplacian(T).identical(before)
    assert grid.measure.identical(grid.with_mask(SEA).measure)


def test_datasets_and_apply():
    data = xr.Dataset({"T": T, "u": U})
    grid = Grid(data, geometry="sphere").with_mask(SEA)
    assert grid.laplacian(data).laplacian_T.equals(grid.laplacian(T))
    assert grid.apply(grid.plain.laplacian, T).transpose(*T.dims).equals(grid.laplacian(T))


def test_chunks_stay_chunks():
    pytest.importorskip("dask")
    grid = Grid(T, dim=XY, geometry="sphere")
    for inside in (SEA, SEA.chunk(lat=4)):
        found = grid.with_mask(inside).laplacian(T.chunk(lat=4))
        assert found.chunks[1] == (4, 4, 1)
        assert found.compute().equals(grid.with_mask(SEA).laplacian(T))


@pytest.mark.parametrize(
    ("inside", "error", "said"),
    [
        (SEA.assign_coords(lon=LON + 1), ValueError, "not aligned silently"),
        (SEA.isel(lat=slice(None, None, -1)), ValueError, "not aligned silently"),
        (SEA.drop_vars("lat").isel(lat=slice(4)), ValueError, "not aligned silently"),
        (SEA.astype(float), TypeError, "give where the field is, an array of bool"),
        (SEA.values[:4], ValueError, "give one bool for each of its points"),
        (SEA.values.T, ValueError, r"inside has shape .12, 9., and the grid .9, 12."),
        (OPEN.values, ValueError, "xarray.DataArray.inside, dims="),
        (SEA & False, ValueError, "inside is False everywhere"),
    ],
)
def test_masks_that_do_not_fit_are_refused(inside, error, said):
    with pytest.raises(error, match=said):
        Grid(T, geometry="sphere").with_mask(inside)


def test_masks_of_other_times_are_refused():
    days = T.assign_coords(time=[0.0, 1.0])
    grid = Grid(days, geometry="sphere").with_mask(OPEN.assign_coords(time=[0.0, 1.0]))
    with pytest.raises(ValueError, match=r"'time', and are not aligned silently"):
        grid.laplacian(T.assign_coords(time=[1.0, 2.0]))
    with pytest.raises(ValueError, match=r"xarray.broadcast.f, inside.\[0\]"):
        grid.laplacian(days.isel(time=0))
    assert "time" in grid.laplacian(xr.broadcast(days.isel(time=0, drop=True), days)[0]).dims
