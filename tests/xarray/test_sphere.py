"""`geometry=` of labelled arrays: which coordinates are angles, in which unit, and what results are in."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad as gg

xr = pytest.importorskip("xarray")

LAT, LON = np.arange(80.0, -81.0, -20.0), np.arange(-175.0, 185.0, 30.0)
CF = {"lat": ("lat", LAT, {"units": "degrees_north"}), "lon": ("lon", LON, {"units": "degrees_east"})}
RANDOM = np.random.default_rng(5)
GRID = gg.Grid(LAT, LON, geometry="sphere")


def field(name, dims=("time", "lat", "lon"), coords=CF, **attrs):
    sizes = {"time": 3, "lat": 9, "lon": 12}
    return xr.DataArray(RANDOM.standard_normal([sizes[d] for d in dims]), dims=dims, coords=coords, name=name, attrs=attrs)  # fmt: skip


T = field("T", units="K")
U, V = field("u", units="m s-1"), field("v", ("lon", "time", "lat"), units="m s-1")
t, u, v = T.values, U.values, V.transpose("time", "lat", "lon").values
AXES = {"dim": ("lon", "lat")}
CALLS = {  # with labels, values, units
    "gradient": (lambda **k: gg.gradient(T, edge_order=2, **k), lambda g: g.gradient(t), ["K m-1"] * 2),
    "laplacian": (lambda **k: gg.laplacian(T, **k), lambda g: [g.laplacian(t)], ["K m-2"]),
    "gradient_norm": (lambda **k: gg.gradient_norm(T, **k), lambda g: [g.gradient_norm(t)], ["K m-1"]),
    "gradient_squared": (lambda **k: gg.gradient_squared(T, **k), lambda g: [g.gradient_squared(t)], ["K2 m-2"]),
    "divergence": (lambda **k: gg.divergence((U, V), **AXES, **k), lambda g: [g.divergence((v, u))], ["s-1"]),
    "curl": (lambda **k: gg.curl((U, V), **AXES, **k), lambda g: [g.curl((v, u))], ["s-1"]),
    "advect": (lambda **k: gg.advect((U, V), T, **AXES, **k), lambda g: [g.advect((v, u))(t)], ["K s-1"]),
    "diffuse": (lambda **k: gg.diffuse(T, T, **k), lambda g: [g.diffuse(t)(t)], ["K2 m-2"]),
}  # fmt: skip


@pytest.mark.parametrize("word", ["sphere", "cf"])
@pytest.mark.parametrize("name", CALLS)
def test_values_and_units(name, word):
    with_labels, of_grid, units = CALLS[name]
    found = with_labels(geometry=word)
    found = found if isinstance(found, tuple) else (found,)
    assert [r.units for r in found] == units
    for got, wanted in zip(found, of_grid(GRID), strict=True):
        assert got.dims == ("time", "lat", "lon")
        np.testing.assert_allclose(got.values, wanted, rtol=1e-12, atol=1e-13 * np.abs(wanted).max())
    named = with_labels(**AXES, geometry=("lon", "lat")) if name in ("laplacian", "diffuse") else found[0]
    np.testing.assert_allclose(named, found[0], rtol=1e-12, atol=1e-13 * np.abs(found[0]).max())


def test_never_without_being_asked():
    assert gg.gradient(T, dim="lat").units == "K degree-1"
    assert np.array_equal(gg.laplacian(T, dim=("lat", "lon")), gg.laplacian(t, LAT, LON, axis=(1, 2)))


@pytest.mark.parametrize(
    "coords",
    [
        {"lat": LAT, "lon": LON},  # by their names
        {"lat": ("lat", LAT, {"standard_name": "latitude"}), "lon": ("lon", LON, {"standard_name": "longitude"})},
        {"lat": ("lat", LAT, {"standard_name": "grid_latitude", "units": "degrees"}),
         "lon": ("lon", LON, {"standard_name": "grid_longitude", "units": "degree"})},
        {"lat": ("lat", np.deg2rad(LAT), {"units": "radians"}), "lon": ("lon", np.deg2rad(LON), {"units": "radians"})},
    ],
)  # fmt: skip
def test_what_coordinates_say(coords):
    found = gg.laplacian(T.drop_vars(["lat", "lon"]).assign_coords(coords), geometry="sphere", angle=None)
    np.testing.assert_allclose(found.values, GRID.laplacian(t), rtol=1e-10, atol=1e-24)


def test_axes_of_any_name():
    """Which are known by their attributes, or named."""
    named = T.drop_vars(["lat", "lon"]).rename(lat="y", lon="x")
    by_attributes = named.assign_coords(y=("y", LAT, {"axis": "Y"}), x=("x", LON, {"axis": "X"}))
    plain = named.assign_coords(y=LAT, x=LON)
    for found in (
        gg.laplacian(by_attributes, geometry="sphere"),
        gg.laplacian(plain, dim=("y", "x"), geometry=("lat", "lon")),
    ):
        assert np.array_equal(found, GRID.laplacian(t))
        assert found.units == "K m-2"


def test_ends_by_the_names_of_dims():
    """All of them: a pole says nothing about what goes all round."""
    found = gg.laplacian(T, geometry="sphere", boundary={"lat": "pole", "lon": "periodic"})
    assert np.array_equal(found, GRID.laplacian(t))
    assert gg.xarray.Grid(T, geometry="sphere").plain.boundary == (("pole", "pole"), ("periodic", "periodic"))
    with pytest.raises(ValueError, match="does not name 'lon', which may go all round"):
        gg.xarray.Grid(T, geometry="sphere", boundary={"lat": "pole"})


def test_a_dataset_has_those_variables_that_have_both():
    data = xr.Dataset({"T": T, "mean": T.mean("lon")}, attrs={"title": "winds"})
    found = gg.laplacian(data, geometry="sphere")
    assert list(found.data_vars) == ["laplacian_T"]
    assert np.array_equal(found.laplacian_T, GRID.laplacian(t))


def test_attributes_that_say_that_it_is_a_plane():
    at = {"y": ("y", np.arange(9.0), {"units": "km"}), "x": ("x", np.arange(12.0), {"units": "km"})}
    plane = T.drop_vars(["lat", "lon"]).rename(lat="y", lon="x").assign_coords(at)
    found = gg.laplacian(plane, dim=("y", "x"), geometry="cf")
    assert found.units == "K km-2"
    assert np.array_equal(found, gg.laplacian(t, axis=(1, 2)))


def test_the_radius_of_the_file():
    """On request by "cf", where the grid mapping is among the coordinates; a radius of the caller goes first."""
    mapping = {"grid_mapping_name": "latitude_longitude", "earth_radius": 6_371_000.0}
    mapped = T.assign_coords(crs=((), 0, mapping)).assign_attrs(grid_mapping="crs")
    known = gg.Grid(LAT, LON, geometry="sphere", radius=6_371_000.0).laplacian(t)
    assert np.array_equal(gg.laplacian(mapped, geometry="cf"), known)
    assert np.array_equal(gg.laplacian(mapped, geometry="sphere"), GRID.laplacian(t))
    mars = gg.Grid(LAT, LON, geometry="sphere", radius=3.39e6).laplacian(t)
    assert np.array_equal(gg.laplacian(mapped, geometry="cf", radius=3.39e6), mars)
    for data in (mapped, xr.Dataset({"other": T.isel(time=0, drop=True), "T": mapped})):
        assert np.array_equal(gg.xarray.Grid(data, geometry="cf").laplacian(mapped), known)


def test_levels_have_lengths_of_their_own():
    at = {**CF, "time": ("time", [0.0, 100.0, 300.0], {"units": "m"})}
    levels = T.drop_vars(["lat", "lon"]).assign_coords(at).rename(time="height")
    found = gg.gradient(levels, dim=("height", "lat", "lon"), geometry="sphere", edge_order=2)
    grid = gg.Grid([0.0, 100.0, 300.0], LAT, LON, geometry="sphere")
    assert [r.units for r in found] == ["K m-1"] * 3
    assert all(map(np.array_equal, found, grid.gradient(t)))


def test_polar_lengths_are_those_of_the_radius():
    at = {"r": ("r", np.arange(1.0, 10.0), {"units": "cm"}), "t": ("t", np.arange(12.0), {"units": "rad"})}
    f = T.isel(time=0).drop_vars(["lat", "lon"]).rename(lat="r", lon="t").assign_coords(at)
    assert [r.units for r in gg.gradient(f, geometry="polar")] == ["K cm-1", "K cm-1"]
    assert gg.laplacian(f, geometry="polar").units == "K cm-2"


@pytest.mark.parametrize("units", [{}, {"azimuth": "degrees", "range": "m"}])
def test_a_scan_of_a_radar(units):
    """Arrays are [azimuth, range], and polar coordinates a radius and an angle."""
    at = {"azimuth": np.arange(15.0, 360, 30), "range": np.arange(1000.0, 5500, 500)}
    coords = {name: (name, own, {"units": units[name]} if units else {}) for name, own in at.items()}
    scan = xr.DataArray(
        RANDOM.standard_normal((2, 12, 9)),
        dims=("time", "azimuth", "range"),
        coords={**coords, "time": [0.0, 1.0]},
    )
    degrees = {} if units else {"angle": "degrees"}
    for one in (scan, scan[0]):
        for words in ({}, {"dim": ("azimuth", "range")}):
            with pytest.raises(
                ValueError, match=r"geometry='polar' has the axes r and theta.*dim=.'range', 'azimuth'."
            ):
                gg.gradient(one, geometry="polar", **words, **degrees)
    by_range, around = gg.gradient(scan, dim=("range", "azimuth"), geometry="polar", **degrees)
    assert np.array_equal(
        gg.gradient(scan, dim=("azimuth", "range"), geometry=("theta", "r"), **degrees)[0], around
    )
    grid = gg.Grid(at["range"], at["azimuth"], axes=[-1, -2], geometry="polar", angle="degrees", edge_order=1)
    for got, wanted in zip((by_range, around), grid.gradient(scan.values), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-15)
    if not units:
        with pytest.raises(ValueError, match=r"'azimuth' has no unit and counts as radians.*angle='degrees'"):
            gg.gradient(scan, dim=("range", "azimuth"), geometry="polar")


def test_positions_with_two_dims_are_named():
    """Such as oceans of the CMIP have: the dims are no latitudes, and are not offered as such alone."""
    flat = T.drop_vars(["lat", "lon"]).rename(lat="j", lon="i")
    flat = flat.assign_coords(
        latitude=(("j", "i"), np.ones((9, 12))), longitude=(("j", "i"), np.ones((9, 12)))
    )
    with pytest.raises(
        ValueError,
        match=r"per degree, gradient\(f, coord=\('longitude', 'latitude'\), dim=\('i', 'j'\)\); where dims are angles",
    ):
        gg.gradient(flat, geometry="sphere")


def test_chunks_stay():
    pytest.importorskip("dask")
    found = gg.laplacian(T.chunk(lat=4, lon=5), geometry="sphere")
    assert found.chunks == ((3,), (4, 4, 1), (5, 5, 2))
    assert np.array_equal(found, gg.laplacian(T, geometry="sphere"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"geometry": ("lat", "lon", "z")}, "geometry names 3 axes"),
        ({"geometry": "torus"}, "unknown geometry 'torus'"),
        ({"geometry": True}, "geometry must be"),
        ({"radius": 1.0}, "belong to geometry"),
        ({"geometry": "cf", "dim": "lat"}, "needs one latitude and one longitude"),
    ],
)
def test_refusals(words, said):
    with pytest.raises((ValueError, TypeError)) as caught:
        gg.laplacian(T, **{"dim": ("lat", "lon"), **words})
    assert said in str(caught.value)


def test_quantities_are_refused():
    pint = pytest.importorskip("pint")
    held = T.copy(data=pint.UnitRegistry().Quantity(t, "K"))
    for function in (gg.gradient, gg.laplacian):
        with pytest.raises(TypeError, match="lengths on a grid with geometry= have no unit"):
            function(held, geometry="sphere")
