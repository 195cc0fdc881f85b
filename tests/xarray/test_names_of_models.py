"""Names of axes and components as models write them: the wrong order is refused, and what may mean something else is not."""

import numpy as np
import pytest

import gridgrad as gg

xr = pytest.importorskip("xarray")

NUMBERS = np.random.default_rng(0).standard_normal((2, 4, 5))
MODELS = {  # dims as fields have them, and what else is called by names
    "ROMS, at rho": (("eta_rho", "xi_rho"), ("u_rho", "v_rho"), {}),
    "ROMS, at psi": (("eta_psi", "xi_psi"), ("ubar", "vbar"), {}),
    "ROMS, at u": (("eta_u", "xi_u"), ("u", "v"), {}),
    "WRF": (("south_north", "west_east"), ("U10", "V10"), {}),
    "WRF, at u": (("south_north", "west_east_stag"), ("U", "V"), {}),
    "WRF, at v": (("south_north_stag", "west_east"), ("U", "V"), {}),
    "NEMO": (("y", "x"), ("vozocrtx", "vomecrty"), {}),
    "NEMO, xnemogcm": (("y_c", "x_f"), ("uo", "vo"), {}),
    "MOM6": (("yh", "xh"), ("ssu", "ssv"), {}),
    "MOM6, at corners": (("yq", "xq"), ("uo", "vo"), {}),
    "MOM5": (("yu_ocean", "xu_ocean"), ("u", "v"), {}),
    "FV3": (("grid_yt", "grid_xt"), ("ua", "va"), {}),
    "CESM": (("nlat", "nlon"), ("UVEL", "VVEL"), {}),
    "CAM, staggered": (("slat", "slon"), ("U", "V"), {}),
    "CICE": (("nj", "ni"), ("uvel", "vvel"), {}),
    "MITgcm": (("YC", "XG"), ("UVEL", "VVEL"), {}),
    "MITgcm, by numbers": (("j_g", "i"), ("U", "V"), {}),
    "of the CMIP": (("j", "i"), ("uo", "vo"), {}),
    "rotated": (("rlat", "rlon"), ("ua", "va"), {}),
    "ERA5": (("latitude", "longitude"), ("u100", "v100"), {"units": "m s**-1"}),
    "HYCOM": (("lat", "lon"), ("water_u", "water_v"), {}),
    "HYCOM, native": (("Y", "X"), ("u_velocity", "v_velocity"), {}),
    "GRIB by NCL": (("lat_0", "lon_0"), ("UGRD", "VGRD"), {}),
    "altimetry": (("latitude", "longitude"), ("ugosa", "vgosa"), {}),
}  # fmt: skip


def wind(dims, names, attrs=None):
    return [xr.DataArray(NUMBERS[k], dims=dims, name=name, attrs=attrs) for k, name in enumerate(names)]


@pytest.mark.parametrize("model", MODELS)
def test_the_wrong_order_is_refused_and_the_right_one_is_computed(model):
    dims, names, attrs = MODELS[model]
    u, v = wind(dims, names, attrs)
    for components, dim in (((u, v), dims), ((v, u), dims[::-1])):
        with pytest.raises(ValueError, match="components are in the order of the axes"):
            gg.divergence(components, 0.5, dim=dim)
    found = gg.divergence((u, v), 0.5, 0.25, dim=dims[::-1])
    assert np.array_equal(found, gg.divergence(NUMBERS, 0.5, 0.25, axis=(1, 0)))
    assert gg.divergence((v, u), 0.25, 0.5, dim=dims).shape == (4, 5)


@pytest.mark.parametrize(
    ("lat", "lon"),
    [("lat_rho", "lon_rho"), ("XLAT", "XLONG"), ("nav_lat", "nav_lon"), ("geolat", "geolon_t"), ("TLAT", "TLONG"),
     ("ULAT", "ULONG"), ("gphit", "glamt"), ("Latitude", "Longitude")],
)  # fmt: skip
def test_positions_of_curvilinear_grids_tell(lat, lon):
    """Results are by these, whatever the dims are called."""
    j, i = np.meshgrid(np.arange(4.0), np.arange(5.0), indexing="ij")
    at = {lat: (("a", "b"), j + 0.1 * i), lon: (("a", "b"), i - 0.1 * j)}
    u, v = (c.assign_coords(at) for c in wind(("a", "b"), "uv"))
    for coord in ((lon, lat), (lat, lon)):
        pair = (u, v) if coord[0] == lon else (v, u)
        gg.divergence(pair, coord=coord, dim=("b", "a"))
        with pytest.raises(ValueError, match="components are in the order of the axes, coord="):
            gg.divergence(pair[::-1], coord=coord, dim=("b", "a"))


@pytest.mark.parametrize(
    ("dims", "names"),
    [(("i", "j"), "uv"),  # rows and columns of a matrix
     (("row", "col"), "uv"), (("a", "b"), "uv"), (("x1", "x2"), "uv"), (("xi", "eta"), "uv"), (("flat", "along"), "uv"), (("index", "time"), "uv"),
     (("site", "level"), ("u", "v")), (("lat", "lon"), ("us", "them")), (("nj", "ni"), ("usd", "vol")), (("eta_rho", "xi_rho"), ("p", "q")),
     (("yh", "xh"), ("umo_error", "vmo_error")), (("south_north", "west_east"), ("under", "via"))],
)  # fmt: skip
def test_what_may_mean_something_else_is_taken_as_it_stands(dims, names):
    pair = wind(dims, names)
    for dim in (dims, dims[::-1]):
        plain = gg.divergence([c.rename(None) for c in pair], 0.5, dim=dim)
        assert gg.divergence(pair, 0.5, dim=dim).equals(plain)


def test_the_vertical_of_models():
    for dims in (("s_rho", "eta_rho", "xi_rho"), ("bottom_top", "south_north", "west_east"), ("zl", "yh", "xh"), ("z_t", "nlat", "nlon")):  # fmt: skip
        u, v, w = (xr.DataArray(np.ones((3, 4, 5)), dims=dims, name=name) for name in "uvw")
        gg.divergence((u, v, w), 0.5, dim=dims[::-1])
        gg.divergence((w, v, u), 0.5, dim=dims)
        with pytest.raises(ValueError, match="components are in the order of the axes, dim="):
            gg.divergence((u, v, w), 0.5, dim=dims)
