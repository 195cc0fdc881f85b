"""`gridgrad.xarray.Grid`: axes that are named once, and the functions of fields on them."""

from __future__ import annotations

import inspect
from functools import partial

import numpy as np
import pytest

import gridgrad as gg

xr = pytest.importorskip("xarray")
from gridgrad.xarray import Grid  # noqa: E402

LAT, LON = np.arange(80.0, -81.0, -20.0), np.arange(-175.0, 185.0, 30.0)
AT = {
    "lat": ("lat", LAT, {"units": "degrees_north"}),
    "lon": ("lon", LON, {"units": "degrees_east"}),
    "h": ("lon", LON**3),
}
T, U, V = (
    xr.DataArray(values, dims=("time", "lat", "lon"), coords=AT, name=name, attrs={"units": unit})
    for values, name, unit in zip(np.random.default_rng(1).standard_normal((3, 2, 9, 12)), "TUV", ("K", "m s-1", "m s-1"), strict=True)
)  # fmt: skip
FIELDS = {"divergence": [(U, V)], "curl": [(U, V)], "vector_laplacian": [(U, V)], "jacobian": [(U, V)],
          "advect": [(U, V), T], "directional_derivative": [T, (U, V)], "diffuse": [2.0, T]}  # fmt: skip
METHODS = [
    name for name in vars(Grid) if callable(getattr(Grid, name)) and name[0] != "_" and name not in ("apply", "with_mask")
]  # fmt: skip
PLANE = {"periodic": {"lon": True}, "period": {"lon": 360}}


def leaves(results):
    return [r for entry in results for r in leaves(entry)] if isinstance(results, tuple) else [results]


def test_it_has_the_functions_of_fields():
    """But those of one axis of several."""
    functions = {name for name in gg.__all__ if "workers" in inspect.signature(getattr(gg, name)).parameters}
    assert functions - set(METHODS) == {"derivative", "mixed_derivative"}


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_the_functions(name):
    """On a plane and on the sphere, which has no tensors; whatever the order of the dims of a field is."""
    tensors = name in ("hessian", "jacobian", "vector_laplacian", "biharmonic")
    for words in [PLANE] if tensors else [PLANE, {"geometry": "sphere"}]:
        grid = Grid(T.isel(time=0), dim=("lon", "lat"), **words)
        fields = FIELDS.get(name, [T])
        edge = {"edge_order": 2} if name == "gradient" else {}
        expected = leaves(getattr(gg, name)(*fields, dim=("lon", "lat"), **words, **edge))
        turned = [f.transpose("lon", ...) if isinstance(f, xr.DataArray) else f for f in fields]
        for got, other, wanted in zip(
            leaves(getattr(grid, name)(*fields)), leaves(getattr(grid, name)(*turned)), expected, strict=True
        ):
            assert got.identical(wanted)
            xr.testing.assert_allclose(other.transpose(*wanted.dims), wanted, rtol=1e-12)


def test_the_plain_grid_takes_the_numbers():
    grid = Grid(T, dim=("lon", "lat"), geometry="sphere")
    assert np.array_equal(grid.plain.curl((U.values, V.values)), grid.curl((U, V)))
    assert grid.plain.geometry.names == ("lon", "lat")
    assert repr(grid).startswith("lon, lat: Grid of 9 x 12 points")


def test_operators_of_the_plain_grid_apply_to_fields():
    """Sums, adjoints and solves, whatever the order of the dims is; the name and unit of what they give is not known."""
    grid = Grid(T, dim=("lon", "lat"), geometry="sphere")
    plain, turned = grid.plain, T.transpose("lon", ...).assign_attrs(units="K", source="model")
    helmholtz = plain.laplacian - 1e-12 * plain.identity
    for field in (T, turned):
        found = grid.apply(helmholtz, field)
        assert found.name is None
        assert "units" not in found.attrs
        assert np.array_equal(found.transpose(*T.dims), helmholtz(T.values))
    assert grid.apply(helmholtz, turned).attrs == {"source": "model"}
    assert found.coords.equals(turned.coords)
    assert np.array_equal(grid.apply(plain.curl, (U, V)), plain.curl((U.values, V.values)))
    _, north = grid.apply(plain.gradient, T)
    assert np.array_equal(north, plain.gradient(T.values)[1])
    assert np.array_equal(grid.apply(plain.divergence.T, T)[0], plain.divergence.T(T.values)[0])
    back = grid.apply(helmholtz.solve, grid.apply(helmholtz, T))
    xr.testing.assert_allclose(back, T.rename(None), rtol=1e-8)
    with pytest.raises(ValueError, match="not aligned silently"):
        grid.apply(helmholtz, T.assign_coords(lon=LON + 1))
    with pytest.raises(ValueError, match="not aligned silently"):
        grid.apply(plain.curl, (U, V.assign_coords(lon=LON + 1)))


def test_dims_behind_those_of_the_grid():
    """Operators count axes from behind."""
    last = T.transpose("lat", "lon", "time")
    grid = Grid(last, dim="lat")
    assert np.array_equal(grid.apply(grid.plain.gradient, T).transpose(*last.dims), grid.gradient(last))
    with pytest.raises(ValueError, match=r"f.expand_dims\('time'\)"):
        grid.apply(grid.plain.gradient, T.isel(time=0))


def test_measure_is_labelled():
    """The mean over the sphere, between open ends of a plane, and of what has no units."""
    sphere = Grid(T, geometry="sphere").measure
    assert sphere.units == "m2"
    assert sphere.dims == ("lat", "lon")
    assert np.array_equal(sphere, gg.Grid(LAT, LON, geometry="sphere").measure)
    mean = (T * sphere).sum(("lat", "lon")) / sphere.sum()
    np.testing.assert_allclose(mean, T.weighted(sphere).mean(("lat", "lon")), rtol=1e-12)
    assert Grid(T, coord="h").measure.attrs == {}
    assert set(Grid(T, coord="h").measure.coords) == {"h"}
    assert Grid(T, 0.5, dim="time", edge_order=1).measure.sum() == 0.5


def test_datasets():
    data = xr.Dataset({"T": T, "u": U})
    grid = Grid(data, geometry="cf")
    assert grid.dims == ("lat", "lon")
    assert set(grid.laplacian(data).data_vars) == {"laplacian_T", "laplacian_u"}
    assert np.array_equal(grid.laplacian(data).laplacian_T, gg.laplacian(T, geometry="sphere"))


def test_fields_at_other_points_are_refused():
    grid = Grid(T, geometry="sphere")
    for other in (T.assign_coords(lon=LON + 1), T.isel(lat=slice(None, None, -1))):
        with pytest.raises(ValueError, match="not aligned silently"):
            grid.laplacian(other)
    with pytest.raises(ValueError, match=r"lat|lon"):
        grid.laplacian(T.isel(lat=slice(5), drop=True).drop_vars("lat"))
    bare = grid.laplacian(T.drop_vars(["lat", "lon", "h"]))
    assert np.array_equal(bare, gg.laplacian(T, geometry="sphere"))


Y, X = np.meshgrid(np.arange(5.0) * 2 + 40, np.arange(6.0), indexing="ij")


@pytest.mark.parametrize("is_lazy", [False, True])
@pytest.mark.parametrize(
    ("at", "coord", "dim"),
    [
        ({"lat": (("y", "x"), Y), "lon": (("y", "x"), X)}, ("lat", "lon"), ("y", "x")),
        ({"lat": (("y", "x"), Y + X / 9), "lon": (("y", "x"), X - Y / 9)}, ("lat", "lon"), ("y", "x")),
        ({"lat": ("y", Y[:, 0])}, "lat", "y"),
    ],
    ids=["mesh", "curvilinear", "vector"],
)
def test_fields_at_other_coordinates_that_were_named_are_refused(at, coord, dim, is_lazy):
    """Those that no dim has the name of; what lies at the same points, turned or not, or does not say where, is taken."""
    f = xr.DataArray(np.sin(X) * Y, dims=("y", "x"), coords=at)
    if is_lazy:
        pytest.importorskip("dask")
        f = f.chunk(y=2)
    grid = Grid(f, coord=coord, dim=dim)
    vector = grid.divergence if dim == "y" else lambda f: grid.divergence([f, f])
    other = f.assign_coords(lat=f.lat * 1.1)
    apply = partial(grid.apply, grid.plain.laplacian)
    for call in (grid.laplacian, vector, *([apply] if coord == "lat" else [])):
        argument = (lambda f: [f]) if call == vector and dim == "y" else (lambda f: f)
        with pytest.raises(ValueError, match=r"different coordinates 'lat'.*; or take v\.drop_vars\('lat'\)"):
            call(argument(other))
        expected = call(argument(f))
        for same in (f.drop_vars("lat"), f.copy(deep=True), f.transpose(), f.assign_coords(lat=f.lat + 0)):
            assert np.array_equal(call(argument(same)).transpose(*expected.dims), expected)
    with pytest.raises(ValueError, match="different coordinates 'lat'"):
        grid.laplacian(other.to_dataset(name="f"))


def test_coordinates_without_an_index_are_compared_too():
    f = xr.DataArray(Y[:, 0] ** 2, dims="y", coords={"y": Y[:, 0]})
    bare, of_another_name = (
        f.drop_indexes("y"),
        f.rename(y="row").assign_coords(y=("row", Y[:, 0])).set_xindex("y"),
    )
    for field in (bare, of_another_name):
        grid = Grid(field, coord="y")
        assert np.array_equal(grid.laplacian(field), gg.laplacian(f))
        with pytest.raises(ValueError, match="different coordinates 'y'"):
            grid.laplacian(
                field.assign_coords(y=(field.dims, Y[:, 0] + 1)).drop_indexes("y", errors="ignore")
            )


def test_times_and_heights_of_columns():
    days = T.assign_coords(time=np.array(["2020-01-01", "2020-01-03"], "M8[ns]")).astype(float)
    rate = Grid(days, dim="time", datetime_unit="D", edge_order=1).gradient(days)
    assert rate.units == "K d-1"
    assert np.array_equal(rate, gg.gradient(T.values, 2.0, axis=0))
    heights = T.assign_coords(
        z=(("lat", "time"), np.cumsum(1 + np.random.default_rng(0).random((9, 2)), axis=1))
    )
    grid = Grid(heights, dim="time", coord="z", edge_order=1)
    assert np.array_equal(grid.gradient(heights), gg.gradient(heights, dim="time", coord="z"))
    assert np.array_equal(grid.plain.gradient(heights.values), grid.gradient(heights))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Grid(T), "the dim 'time' of the field has no coordinate 'time'"),
        (lambda: Grid(T, dim="lat", geometry="sphere"), "needs one latitude and one longitude"),
        (lambda: Grid(T, dim=("lat", "lon"), edge=2), "edge"),
        (lambda: Grid(T, dim="lat", axes=[0]), "axes"),
        (lambda: Grid(T, dim="lat", missing="one-sided"), "missing"),
        (lambda: Grid(T, 1.0, dim=("lat", "lon"), geometry="sphere"), "a step came for it"),
        (lambda: Grid(T, dim="lat", boundary="sticky"), "sticky"),
        (lambda: Grid(T.isel(lat=[0]), dim="lat"), "the dim 'lat' of the field has 1 point"),
        (
            lambda: Grid(T, dim=("lat", "lon"), boundary={"lon": "sticky"}),
            "unknown boundary 'sticky' of the dim 'lon' of the field",
        ),
        (
            lambda: Grid(T, LON, LAT, dim=("lat", "lon")),
            f"the dim 'lat' of the field has {len(LAT)} points but {len(LON)} coordinates came",
        ),
        (
            lambda: Grid(T.assign_coords(lat=np.append(LAT[1:], -80.0)), dim="lat"),
            "the dim 'lat' of the field are not strictly monotonic",
        ),
    ],
)
def test_refusals_when_it_is_made(make, said):
    with pytest.raises((ValueError, TypeError)) as caught:
        make()
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "component", [lambda f: (f,), lambda f: [f], lambda f: f], ids=["tuple", "list", "field"]
)
def test_of_one_axis_a_vector_is_its_component(component):
    grid = Grid(T, dim="lat")
    found = grid.apply(grid.plain.divergence, component(T))
    assert found.dims == T.dims
    assert np.array_equal(found, gg.divergence((T,), dim="lat", edge_order=2))


def test_results_of_another_shape_have_no_labels():
    grid = Grid(T, dim="lat")
    for made in (grid.plain.faces(0).derivative, lambda f: None, np.sum):
        with pytest.raises(
            ValueError, match=r"whose labels do not fit it; give the numbers .* operator\(f.values\)"
        ):
            grid.apply(made, T)
    with pytest.raises(TypeError, match=r"grid.apply\(grid.plain.laplacian, f\), got 'laplacian'"):
        grid.apply("laplacian", T)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda grid: grid.gradient(), r"grid.gradient\(f\) takes 1 argument, .* and 0 came"),
        (lambda grid: grid.advect(T), r"grid.advect\(v, f\) takes 2 arguments, .* and 1 came"),
        (lambda grid: grid.gradient(T, LAT), "as the axes and their steps are those of the grid, and 2 came"),
    ],
)
def test_calls_with_too_much_or_too_little(call, said):
    with pytest.raises(TypeError, match=said):
        call(Grid(T, dim="lat"))
    assert np.array_equal(Grid(T, dim="lat").gradient(f=T), gg.gradient(T, dim="lat", edge_order=2))
    both = Grid(T, dim=("lat", "lon"))
    assert both.advect((1.0, 2.0), f=T).equals(both.advect(f=T, v=(1.0, 2.0)))
    assert both.advect((1.0, 2.0), f=T).equals(both.advect((1.0, 2.0), T))


def test_no_components_are_no_field():
    grid = Grid(T, geometry="sphere")
    with pytest.raises(TypeError, match=r"apply takes a DataArray, or a sequence of them, got list"):
        grid.apply(grid.plain.divergence, [])
