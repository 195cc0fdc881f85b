"""Components in another order than the axes, where attributes or names tell: refused, whichever function is called."""

from __future__ import annotations

import re

import numpy as np
import pytest

import gridgrad as gg

xr = pytest.importorskip("xarray")
from gridgrad.xarray import Grid  # noqa: E402

SHAPE = (3, 4, 5)
AT = {
    "depth": ("depth", [0.0, 1.0, 3.0], {"positive": "down"}),
    "lat": ("lat", [30.0, 20.0, 10.0, 5.0], {"standard_name": "latitude"}),
    "lon": ("lon", np.arange(5.0), {"units": "degrees_east"}),
}
NUMBERS = np.random.default_rng(0).standard_normal((4, *SHAPE))


def field(k, name=None, standard_name=None, dims=("depth", "lat", "lon")):
    attrs = {} if standard_name is None else {"standard_name": standard_name}
    coords = dict(zip(dims, AT.values(), strict=True))
    return xr.DataArray(NUMBERS[k], {d: (d, *c[1:]) for d, c in coords.items()}, dims, name=name, attrs=attrs)


U, V = field(0, "a", "sea_water_x_velocity"), field(1, "b", "northward_sea_water_velocity")
W, T = field(2, "c", "upward_sea_water_velocity"), field(3, "T")
DATA = xr.Dataset({"u": U, "v": V, "T": T})
SWAPPED, RIGHT = {"dim": ("lat", "lon")}, {"dim": ("lon", "lat")}
CALLS = {
    "divergence": lambda **at: gg.divergence((U, V), **at),
    "curl": lambda **at: gg.curl([U, V], **at),
    "jacobian": lambda **at: gg.jacobian((U, V), **at),
    "vector_laplacian": lambda **at: gg.vector_laplacian((U, V), **at),
    "advect": lambda **at: gg.advect((U, V), T, **at),
    "of a Dataset": lambda **at: gg.advect((U, V), DATA[["T"]], **at),
    "directional_derivative": lambda **at: gg.directional_derivative(T, (U, V), **at),
    "by its word": lambda **at: gg.directional_derivative(T, v=(U, V), **at),
    "accessor": lambda **at: DATA.gridgrad.curl(("u", "v"), **at),
    "accessor of a field": lambda **at: T.gridgrad.advect((U, V), **at),
    "chunks": lambda **at: gg.divergence((U.chunk(), V.chunk()), **at),
    "grid": lambda **at: Grid(T, **at).curl((U, V)),
    "advection by a grid": lambda **at: Grid(T, **at).advect((U, V), T),
    "operator of a plain grid": lambda **at: (lambda g: g.apply(g.plain.divergence, (U, V)))(Grid(T, **at)),
    "sphere": lambda **at: gg.curl((U, V), geometry="sphere", **at),
    "grid on a sphere": lambda **at: Grid(T, geometry="sphere", **at).divergence((U, V)),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_swapped_components_are_refused_and_the_remedy_is_not(name):
    if name == "chunks":
        pytest.importorskip("dask")
    with pytest.raises(ValueError, match=r"\[0\] is along x by its standard_name .* 'lat', along y;.*order of the axes, dim=\('lon', 'lat'\)"):  # fmt: skip
        CALLS[name](**SWAPPED)
    CALLS[name](**RIGHT)


@pytest.mark.parametrize(
    ("first", "second"),
    [("eastward_wind", "northward_wind"), ("surface_downward_eastward_stress", "surface_downward_northward_stress"),
     ("x_wind", "y_wind"), ("ocean_heat_x_transport", None), (None, "sea_water_y_velocity")],
)  # fmt: skip
def test_standard_names_tell(first, second):
    with pytest.raises(ValueError, match="by its standard_name"):
        gg.divergence((field(0, "a", first), field(1, "b", second)), **SWAPPED)
    gg.divergence((field(0, "a", first), field(1, "b", second)), **RIGHT)


@pytest.mark.parametrize("names", ["uv", "UV", ("uwnd", "vwnd"), ("u10", "v10"), ("uo", "vo"), ("ua", "va"), ("vx", "vy"), ("eastward_wind", "northward_wind"),
                                   ("sea_ice_x_velocity", "sea_ice_y_velocity"), ("surface_downward_eastward_stress", "surface_downward_northward_stress")])  # fmt: skip
def test_names_tell_where_no_standard_name_does(names):
    wind = [field(k, name) for k, name in enumerate(names)]
    with pytest.raises(ValueError, match=f"by its name '{names[0]}'"):
        gg.divergence(wind, **SWAPPED)
    gg.divergence(wind, **RIGHT)
    gg.divergence([c.assign_attrs(standard_name=s) for c, s in zip(wind, ("y_wind", "x_wind"), strict=True)], **SWAPPED)  # fmt: skip
    gg.divergence([c.rename(None) for c in wind], **SWAPPED)


@pytest.mark.parametrize("names", [("x", "y"), ("ux", "uy"), ("dT_dx", "dT_dy"), ("x_error", "y_error")])
def test_names_that_may_mean_something_else_say_nothing(names):
    wind = [field(k, name) for k, name in enumerate(names)]
    assert gg.divergence(wind, **SWAPPED).equals(gg.divergence([c.rename(None) for c in wind], **SWAPPED))


@pytest.mark.parametrize("attrs", [{}, {"standard_name": "eastward_wind", "units": "m s-1"}])
@pytest.mark.parametrize("call", [gg.divergence, gg.curl, gg.jacobian])
def test_one_remedy_says_that_components_are_meant_as_they_stand(call, attrs):
    """Turned by a quarter, as stream functions are: both names contradict, and both are dropped at once."""
    F = (field(1, "v"), (-field(0, "u")).assign_attrs(attrs))
    with pytest.raises(ValueError, match=r"is along . by its") as error:
        call(F, **RIGHT)
    remedy = re.search(r"\[c\..* for c in F\]", str(error.value))
    meant = eval(remedy[0], {"F": F})
    assert [c.attrs.get("units") for c in meant] == [None, attrs.get("units")]
    call(meant, **RIGHT)


@pytest.mark.parametrize("dims", [("x", "z"), ("r", "z"), ("x", "time"), ("z",), ("y",)], ids="".join)
def test_names_of_axes_that_are_not_there_say_nothing(dims):
    """A velocity in a vertical plane, or along one axis, is u, or u and v, whatever that plane or axis is called."""
    coords = {dim: np.arange(4.0) for dim in dims}
    numbers = NUMBERS.reshape(-1)[: 4 ** len(dims)].reshape((4,) * len(dims))
    wind = [
        xr.DataArray((k + 1) * numbers, coords, dims, name=name) for k, name in enumerate("uv"[: len(dims)])
    ]
    plain = gg.divergence([c.rename(None) for c in wind], dim=dims)
    assert gg.divergence(wind, dim=dims).equals(plain)
    if dims == ("x", "z"):
        with pytest.raises(
            ValueError, match="is along y by its standard_name 'y_wind', and stands for 'z', along z"
        ):
            gg.divergence([wind[0], wind[1].assign_attrs(standard_name="y_wind")], dim=dims)


def test_a_scalar_field_of_a_grid_of_one_axis_is_no_component():
    grid = Grid(U, dim="lat")
    found = grid.apply(grid.plain.laplacian, U)
    assert np.array_equal(found, gg.laplacian(U, dim="lat"))


@pytest.mark.parametrize(
    ("name", "attrs"),
    [("x", {}), ("Longitude", {}), ("i", {"axis": "X"}), ("i", {"units": "degrees_east"}),
     ("i", {"standard_name": "projection_x_coordinate"}), ("i", {"standard_name": "grid_longitude"})],
)  # fmt: skip
def test_coordinates_tell(name, attrs):
    u, v = (
        c.rename(lon=name, lat="b").assign_coords({name: (name, np.arange(5.0), attrs), "b": np.arange(4.0)})
        for c in (U, V)
    )
    with pytest.raises(ValueError, match=f"stands for '{name}', along x; components are in the order of the axes; "):  # fmt: skip
        gg.divergence((v, u), dim=(name, "b"))
    gg.divergence((u, v), dim=(name, "b"))


@pytest.mark.parametrize("geometry", [("lat", "lon"), ("lon", "lat")])
def test_the_geometry_tells_what_coordinates_do_not(geometry):
    u, v = (
        c.rename(lat="a", lon="b").assign_coords(a=[30.0, 20, 10, 5], b=np.arange(5.0)).drop_attrs(deep=False)
        for c in (U, V)
    )
    u, v = u.assign_attrs(standard_name="eastward_wind"), v.assign_attrs(standard_name="northward_wind")
    pair = (v, u) if geometry[0] == "lat" else (u, v)
    gg.divergence(pair, dim=("a", "b"), geometry=geometry)
    with pytest.raises(ValueError, match="order of the axes, dim="):
        gg.divergence(pair[::-1], dim=("a", "b"), geometry=geometry)


def test_coordinates_that_are_named_are_named_in_the_remedy():
    u, v = (c.assign_coords(lon2=("lon", np.arange(5.0) ** 2), lat2=("lat", np.arange(4.0), {"axis": "Y"})) for c in (U, V))  # fmt: skip
    for c in (u, v):
        c.lon2.attrs["axis"] = "X"
    with pytest.raises(ValueError, match=re.escape("coord=('lon2', 'lat2')")):
        gg.divergence((u, v), coord=("lat2", "lon2"))
    gg.divergence((u, v), coord=("lon2", "lat2"))


def test_the_sense_of_the_vertical():
    """Depth grows downwards; what rises goes with minus that."""
    at = {"dim": ("lon", "lat", "depth")}
    with pytest.raises(ValueError, match=re.escape("turn it, and drop that name, (-F[2]).assign_attrs(standard_name='')")):  # fmt: skip
        gg.divergence((U, V, W), **at)
    turned = (-W).assign_attrs(standard_name="")
    found = gg.divergence((U, V, turned), **at)
    for c in found, turned:
        c.attrs.clear()
    depth, lat, lon = (values[1] for values in AT.values())
    assert np.array_equal(
        found, gg.divergence((NUMBERS[0], NUMBERS[1], -NUMBERS[2]), lon, lat, depth, axis=(2, 1, 0))
    )
    up = [c.assign_coords(depth=("depth", [0.0, 1.0, 3.0], {"standard_name": "height"})) for c in (U, V, W)]
    gg.divergence(up, **at)
    with pytest.raises(ValueError, match=re.escape("F[1] is along z")):
        gg.divergence((up[0], up[2]), **RIGHT)


@pytest.mark.parametrize(
    "pair",
    [
        (U, xr.zeros_like(U)),  # a copy has the name of the first
        (field(0, "u"), field(1, "u")),
        (field(0, "p"), field(1, "q")),
        (field(0, "p", "air_temperature"), field(1, "q", "northward_derivative_of_eastward_wind")),
    ],
)
def test_what_does_not_tell_is_taken_as_it_stands(pair):
    for at in (SWAPPED, RIGHT):
        gg.divergence(pair, **at)
    gg.advect((1.0, 2.0), T, **SWAPPED)


def test_of_two_words_the_one_of_an_axis_counts():
    """The upward flux of eastward momentum goes with x on a map, and with z in a column."""
    flux = field(1, "f", "upward_eastward_momentum_flux_in_air")
    at = {"height": ("height", [0.0, 1.0, 3.0], {"positive": "up"})}
    column = flux.rename(depth="height").assign_coords(at)
    gg.divergence((column,), dim="height")
    gg.divergence(
        (field(0, "v", "northward_momentum_flux").rename(depth="height").assign_coords(at), column),
        dim=("lat", "height"),
    )
    with pytest.raises(ValueError, match=r"F\[0\] is along x .* 'lat', along y"):
        gg.divergence((flux, field(0)), **SWAPPED)


def test_a_depth_that_grows_upwards_says_so():
    rising = W.assign_coords(depth=("depth", [-3.0, -1.0, 0.0], {"standard_name": "depth", "positive": "up"}))
    gg.divergence((rising,), dim="depth")


def test_in_a_vertical_plane_a_second_velocity_is_called_v():
    plane = [field(k, name).rename(depth="z").assign_coords(z=[0.0, 1.0, 3.0]) for k, name in enumerate("uv")]
    for dim in (("lat", "z"), ("lon", "z"), ("z", "lon")):
        gg.divergence(plane, dim=dim)
