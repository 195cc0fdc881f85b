"""Functions of labelled arrays: the numbers of the functions of plain ones, whatever the order of the dims."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

import gridgrad as gg

xr = pytest.importorskip("xarray")

import gridgrad.xarray  # noqa: E402  # where xarray is

X, Y = np.linspace(0, 1, 6) ** 2, np.linspace(0, 2, 5)
RANDOM = np.random.default_rng(7)


def field(name, dims=("time", "y", "x"), **attrs):
    sizes = {"time": 4, "y": 5, "x": 6}
    values = RANDOM.standard_normal([sizes[dim] for dim in dims])
    coords = {"x": X, "y": Y, "h": ("x", 2 * X)}
    return xr.DataArray(values, dims=dims, coords={k: v for k, v in coords.items() if k != "h" or "x" in dims}
                        if {"x", "y"} <= set(dims) else {}, name=name, attrs=attrs)  # fmt: skip


F, U = field("T", units="K"), field("u", units="m/s")
V = field("v", units="m/s").transpose("x", "time", "y")
f, u, v = F.values, U.values, V.transpose("time", "y", "x").values
K = abs(field("k", dims=("y", "x")))
XY = {"dim": ("x", "y")}
PLAIN_XY = {"axis": (2, 1)}

CALLS = {  # with labels, and without
    "gradient": (lambda: gg.gradient(F, **XY), lambda: gg.gradient(f, X, Y, **PLAIN_XY)),
    "gradient of one": (lambda: gg.gradient(F, dim="y", edge_order=2), lambda: gg.gradient(f, Y, axis=1, edge_order=2)),
    "derivative": (lambda: gg.derivative(F, dim="x", order=2), lambda: gg.derivative(f, X, axis=2, order=2)),
    "mixed_derivative": (lambda: gg.mixed_derivative(F, **XY), lambda: gg.mixed_derivative(f, X, Y, **PLAIN_XY)),
    "orders": (lambda: gg.mixed_derivative(F, **XY, orders=(2, 1)), lambda: gg.mixed_derivative(f, X, Y, **PLAIN_XY, orders=(2, 1))),
    "biharmonic": (lambda: gg.biharmonic(F, **XY), lambda: gg.biharmonic(f, X, Y, **PLAIN_XY)),
    "laplacian": (lambda: gg.laplacian(F, **XY, accuracy=2), lambda: gg.laplacian(f, X, Y, **PLAIN_XY, accuracy=2)),
    "hessian": (lambda: gg.hessian(F, **XY), lambda: gg.hessian(f, X, Y, **PLAIN_XY)),
    "gradient_norm": (lambda: gg.gradient_norm(F, **XY), lambda: gg.gradient_norm(f, X, Y, **PLAIN_XY)),
    "gradient_squared": (lambda: gg.gradient_squared(F, **XY), lambda: gg.gradient_squared(f, X, Y, **PLAIN_XY)),
    "divergence": (lambda: gg.divergence((U, V), **XY), lambda: gg.divergence((u, v), X, Y, **PLAIN_XY)),
    "curl": (lambda: gg.curl([U, V], **XY), lambda: gg.curl((u, v), X, Y, **PLAIN_XY)),
    "jacobian": (lambda: gg.jacobian((U, V), **XY), lambda: gg.jacobian((u, v), X, Y, **PLAIN_XY)),
    "vector_laplacian": (lambda: gg.vector_laplacian((U, V), **XY), lambda: gg.vector_laplacian((u, v), X, Y, **PLAIN_XY)),
    "advect": (lambda: gg.advect((U, 2.0), F, **XY), lambda: gg.advect((u, 2.0), f, X, Y, **PLAIN_XY)),
    "directional_derivative": (lambda: gg.directional_derivative(F, v=(U, V), **XY),
                               lambda: gg.directional_derivative(f, (u, v), X, Y, **PLAIN_XY)),
    "diffuse": (lambda: gg.diffuse(K, F, **XY), lambda: gg.diffuse(K.values, f, X, Y, **PLAIN_XY)),
    "of a number": (lambda: gg.diffuse(0.5, f=F, dim="x"), lambda: gg.diffuse(0.5, f, X, axis=2)),
}  # fmt: skip
NAMES = {
    "gradient": ["dT_dx", "dT_dy"], "gradient of one": ["dT_dy"], "derivative": ["d2T_dx2"], "mixed_derivative": ["d2T_dxdy"],
    "orders": ["d3T_dx2dy"], "biharmonic": ["biharmonic_T"], "laplacian": ["laplacian_T"], "hessian": ["d2T_dx2", "d2T_dxdy", "d2T_dydx", "d2T_dy2"], "gradient_norm": ["gradient_norm_T"], "gradient_squared": ["gradient_squared_T"],
    "divergence": ["divergence"], "curl": ["curl"], "jacobian": ["du_dx", "du_dy", "dv_dx", "dv_dy"],
    "vector_laplacian": ["laplacian_u", "laplacian_v"], "advect": ["advection_T"], "directional_derivative": ["directional_derivative_T"],
    "diffuse": ["diffusion_T"], "of a number": ["diffusion_T"],
}  # fmt: skip


def leaves(results):
    return [r for entry in results for r in leaves(entry)] if isinstance(results, tuple) else [results]


def shape_of(results):
    return [shape_of(entry) for entry in results] if isinstance(results, tuple) else None


@pytest.mark.parametrize("name", CALLS)
def test_values_names_and_coordinates(name):
    with_labels, without = CALLS[name]
    found, expected = with_labels(), without()
    assert shape_of(found) == shape_of(expected)
    for got, wanted in zip(leaves(found), leaves(expected), strict=True):
        assert isinstance(got, xr.DataArray)
        assert np.array_equal(got.values, wanted)
        assert got.dims == ("time", "y", "x")
        assert set(got.coords) == {"x", "y", "h"}
    assert [r.name for r in leaves(found)] == NAMES[name]


def test_every_function_of_fields_takes_labels_and_names_its_results():
    """A new function fails here until its results have names."""
    functions = {name for name in gg.__all__ if "workers" in inspect.signature(getattr(gg, name)).parameters}
    assert functions == set(CALLS) - {"gradient of one", "of a number", "orders"}


def test_the_order_of_dims_decides_components_and_not_that_of_the_array():
    """Arrays are [y, x], the velocity is (u, v)."""
    found, swapped = gg.divergence((U, V), **XY), gg.divergence((V.rename("a"), U.rename("b")), **XY)
    assert np.array_equal(found, gg.divergence((v, u), Y, X, axis=(1, 2)))
    assert np.array_equal(swapped.transpose(*found.dims), gg.divergence((v, u), X, Y, axis=(2, 1)))
    for call in (lambda: gg.divergence((U, V)), lambda: gg.advect((U, V), F), lambda: gg.curl((U, V))):
        with pytest.raises(TypeError, match="needs dim=, one for each component"):
            call()


def test_without_dim_all_dims_are_meant():
    E = F.assign_coords(time=[0.0, 1.0, 3.0, 4.0])
    expected = gg.gradient(f, [0.0, 1.0, 3.0, 4.0], Y, X)
    for got, wanted in zip(gg.gradient(E), expected, strict=True):
        assert np.array_equal(got, wanted)
    line = F.isel(time=0, y=0)
    assert np.array_equal(gg.gradient(line), gg.gradient(f[0, 0], X))


class TestDatasets:
    data = xr.Dataset({"T": F, "u": U, "n": ("k", [1, 2])}, attrs={"title": "t"})

    def test_bounds_of_cells_are_no_fields(self):
        """What a coordinate names as its bounds, by the CF conventions, in attributes or, of times, in the encoding."""
        data = self.data.assign(
            x_bnds=(("x", "k"), np.stack([X, X], 1)), y_bnds=(("y", "k"), np.stack([Y, Y], 1))
        )
        data.x.attrs["bounds"], data.y.encoding["bounds"] = "x_bnds", "y_bnds"
        assert list(gg.gradient(data, dim="x").data_vars) == ["dT_dx", "du_dx"]
        assert list(gg.gradient(data, dim="y").data_vars) == ["dT_dy", "du_dy"]
        data.x.attrs["climatology"] = data.x.attrs.pop("bounds")  # of the times that means are of
        assert list(gg.gradient(data, dim="x").data_vars) == ["dT_dx", "du_dx"]

    def test_all_variables_that_have_the_dim(self):
        found = gg.gradient(self.data, dim=("x", "y"))
        assert list(found.data_vars) == ["dT_dx", "dT_dy", "du_dx", "du_dy"]
        assert np.array_equal(found.du_dy, gg.gradient(u, Y, axis=1))
        assert found.attrs == {"title": "t"}
        assert set(found.coords) == {"x", "y", "h"}

    def test_coefficients_beside_them(self):
        found = gg.advect((U, V), self.data[["T"]], dim=("x", "y"))
        assert np.array_equal(found.advection_T, gg.advect((u, v), f, X, Y, axis=(2, 1)))

    def test_no_variable_has_the_dim(self):
        with pytest.raises(
            ValueError,
            match=r"no variable of the Dataset has the dims 'z'; they have 'T' \('time', 'y', 'x'\)",
        ):
            gg.gradient(self.data, dim="z")

    def test_a_variable_without_numbers_is_named(self):
        with pytest.raises(TypeError, match=r"variable 's' is of dtype <U1.*ds.drop_vars\('s'\)"):
            gg.gradient(self.data.assign(s=("x", list("abcdef"))), dim="x")

    def test_a_dataset_is_no_vector(self):
        with pytest.raises(TypeError, match="have no order that makes them a vector field"):
            gg.divergence(self.data, dim=("x", "y"))


class TestApart:
    """What is not on one grid is not computed with."""

    def test_other_coordinates(self):
        with pytest.raises(
            ValueError, match="lie at different coordinates 'x', and are not aligned silently"
        ):
            gg.divergence((U, V.assign_coords(x=X + 1)), **XY)

    def test_other_coordinates_of_a_coefficient_only(self):
        """The velocity that comes first has not the dim in which the other one is apart."""
        with pytest.raises(ValueError, match="at different coordinates 'x'"):
            gg.advect((U.isel(x=0, drop=True), V.assign_coords(x=X + 1)), F, **XY)

    def test_other_coordinates_beside_the_index(self):
        with pytest.raises(ValueError, match="at different coordinates 'h'"):
            gg.divergence((U, V.assign_coords(h=("x", X))), coord=("h", "y"))

    def test_other_lengths(self):
        with pytest.raises(ValueError, match="at different coordinates 'time'"):
            gg.divergence((U, V.isel(time=[0, 1])), **XY)

    def test_components_with_fewer_dims(self):
        with pytest.raises(ValueError, match=r"give them the same, xarray.broadcast\(u, v\)"):
            gg.divergence((U, V.isel(time=0)), **XY)
        found = gg.divergence(xr.broadcast(U, V.isel(time=0)), **XY)
        assert np.array_equal(found[1], gg.divergence((u[1], v[0]), X, Y, axis=(1, 0)))

    def test_a_coefficient_with_more_dims(self):
        with pytest.raises(ValueError, match=r"k has the dim 'time'.*xarray.broadcast\(f, v\)\[0\]"):
            gg.diffuse(abs(F), F.isel(time=0), **XY)

    def test_plain_arrays_beside_labelled_ones(self):
        with pytest.raises(TypeError, match=r"holds a ndarray beside labelled arrays.*f.copy\(data=v\)"):
            gg.divergence((U, v), **XY)
        assert np.array_equal(gg.divergence((U, U.copy(data=v)), **XY), gg.divergence((U, V), **XY))

    def test_plain_components_in_front_of_labelled_ones(self):
        with pytest.raises(TypeError, match=r"F holds a ndarray beside labelled arrays.*f.copy\(data=v\)"):
            gg.divergence((u, V), **XY)

    def test_coefficients_without_labels_have_those_of_a_field_of_their_shape(self):
        k = abs(f) + 1
        grid = gridgrad.xarray.Grid(F, **XY)
        for found in (gg.diffuse(k, F, **XY), F.gridgrad.diffuse(k, **XY), grid.diffuse(k, F)):
            assert found.identical(gg.diffuse(F.copy(data=k).drop_attrs().rename(None), F, **XY))
            assert np.array_equal(found, gg.diffuse(k, f, X, Y, **PLAIN_XY))
        found = gg.diffuse(k, F.to_dataset(), **XY)
        assert np.array_equal(found.diffusion_T, gg.diffuse(k, f, X, Y, **PLAIN_XY))
        for found in (gg.advect((u, v), F, **XY), grid.advect((U, v), F)):
            assert np.array_equal(found, gg.advect((u, v), f, X, Y, **PLAIN_XY))
        with pytest.raises(TypeError, match=r"k holds a ndarray beside labelled arrays.*f.copy\(data=v\)"):
            gg.diffuse(k[0], F, **XY)

    def test_fields_without_labels_are_told_whose(self):
        with pytest.raises(
            TypeError,
            match=r"f has no labels, and k has some, of the dims .*; give it the same, k.copy\(data=f\)",
        ):
            gg.diffuse(abs(F), f, X, Y, **PLAIN_XY)

    @pytest.mark.parametrize("word", ["axis", "out", "spacing"])
    def test_words_of_plain_arrays(self, word):
        with pytest.raises(TypeError, match=f"gradient.. got {word}= with labelled arrays; "):
            gg.gradient(F, **{word: 0})

    @pytest.mark.parametrize("word", ["axes", "dx", "h", "coords", "where", "output"])
    def test_words_of_other_libraries(self, word):
        with pytest.raises(TypeError, match=f"gradient.. got {word}= with labelled arrays; "):
            gg.gradient(F, **{word: 1.0})

    def test_a_single_number_has_no_axes(self):
        with pytest.raises(ValueError, match="f is 0-dimensional"):
            gg.gradient(xr.DataArray(3.0))

    @pytest.mark.parametrize("kind", ["period_range", "interval_range"])
    def test_coordinates_of_pandas_that_are_no_numbers(self, kind):
        pandas = pytest.importorskip("pandas")
        at = (
            pandas.period_range("2020", periods=6, freq="D")
            if kind == "period_range"
            else pandas.interval_range(0, 6)
        )
        with pytest.raises(TypeError, match=r"the coordinate 'x' is of dtype .*, and not of numbers"):
            gg.gradient(F.drop_vars("h").assign_coords(x=at), dim="x")

    def test_errors_say_which_dim_an_axis_is(self):
        with pytest.raises(ValueError, match="the dim 'x' of 'T' are not strictly monotonic"):
            gg.gradient(F.isel(x=[0, 1, 1]), dim="x")
        with pytest.raises(ValueError, match=r"they fit the dim 'y': dim='y'$"):
            gg.derivative(F, np.arange(5.0), dim="x")
        with pytest.raises(ValueError, match=r"give boundary={'y': 'one-sided', 'x': 'one-sided'}$"):
            gg.gradient(F, dim=("y", "x"), geometry=("lat", "lon"), boundary={"y": "pole", "x": "one-sided"})
        with pytest.raises(ValueError, match="the dim 'y' of 'T' is lat, which is -100 at index 0"):
            gg.gradient(F.assign_coords(y=Y - 100), dim=("x", "y"), geometry=("lon", "lat"))
        with pytest.raises(ValueError, match="unknown boundary 'sticky' of the dim 'y'"):
            gg.gradient(F, dim=("x", "y"), boundary={"y": "sticky", "x": "reflect"})

    def test_a_velocity_of_one_time_moves_all(self):
        E = F.assign_coords(time=[0.0, 1.0, 3.0, 4.0])
        found = gg.advect((E.isel(time=0), 2.0), E, **XY)
        assert np.array_equal(found, gg.advect((f[:1], 2.0), f, X, Y, **PLAIN_XY))

    def test_coordinates_of_other_points_are_no_spacing(self):
        at = F["x"] ** 2
        assert np.array_equal(gg.gradient(F, at, dim="x"), gg.gradient(f, X**2, axis=2))
        for other in (at[::-1], at.assign_coords(x=X + 1)):
            with pytest.raises(ValueError, match="not aligned silently"):
                gg.gradient(F, other, dim="x")

    def test_one_diffusivity_for_each_dim(self):
        plain = K.values
        found = gg.diffuse((K, 2 * K.transpose("x", "y")), F, **XY)
        assert np.array_equal(found, gg.diffuse((plain, 2 * plain), f, X, Y, **PLAIN_XY))
        assert np.array_equal(gg.diffuse((2.0, K), F, **XY), gg.diffuse((2.0, plain), f, X, Y, **PLAIN_XY))
        with pytest.raises(ValueError, match="k has 1 component, and the call is along"):
            gg.diffuse((K,), F, **XY)

    def test_another_number_of_components(self):
        for call in (gg.curl, gg.divergence, gg.jacobian):
            with pytest.raises(
                ValueError, match="F has 1 component, and the call is along 'x', 'y'; give one for each"
            ):
                call((U,), **XY)
        with pytest.raises(ValueError, match="v has 3 components"):
            gg.advect((U, V, V), F, **XY)

    def test_variables_of_any_name(self):
        """Names that are numbers or tuples, in whatever holds them."""
        pytest.importorskip("gridgrad.xarray")
        for names in ([0, 1], [("u", 1), ("u", 2)]):
            winds = xr.Dataset(dict(zip(names, (U, V), strict=True)))
            for given in (names, iter(names), winds.data_vars.keys()):
                assert winds.gridgrad.divergence(given, **XY).equals(gg.divergence((U, V), **XY))
        both = np.array(["u", "v"])
        assert xr.Dataset({"u": U, "v": V}).gridgrad.curl(both, **XY).equals(gg.curl((U, V), **XY))

    @pytest.mark.parametrize("dim", ["grid-x", "a\\b\\1", "axis 1"])
    def test_dims_of_any_name_in_errors(self, dim):
        g = F.rename(x=dim).assign_coords({dim: np.maximum(np.arange(F.sizes["x"]) - 1.0, 0)})
        with pytest.raises(ValueError, match=r"f\.isel\(") as error:
            gg.gradient(g, dim=dim)
        remedy = re.search(r"f\.isel\(.*?\[1\]\}\)", str(error.value))
        assert eval(remedy[0], {"f": g, "numpy": np}).sizes[dim] == F.sizes["x"] - 1

    def test_ends_that_are_arrays_are_said_as_they_are(self):
        with pytest.raises(ValueError, match="not within a step of -90 or 90"):
            gg.gradient(
                F, dim=("x", "y"), geometry=("lat", "lon"), boundary=["pole", gg.value(np.arange(5.0))]
            )

    def test_no_names_are_no_periodic_axes(self):
        with pytest.raises(ValueError, match="length 0 for 2 differentiated axes"):
            gg.gradient(F, **XY, periodic=[])

    def test_what_no_function_computes(self):
        for call in (lambda: gg.curl((U,), dim="x"), lambda: gg.mixed_derivative(F, dim="x"), lambda: gg.derivative(F, dim="x", order=7),
                     lambda: gg.derivative(F), lambda: gg.laplacian(F, dim="x", form="tall")):  # fmt: skip
            with pytest.raises(ValueError, match=r"axes|order|dim|form"):
                call()


def test_orders_of_any_integers_name_results():
    assert gg.derivative(F, dim="x", order=np.int64(2)).name == "d2T_dx2"
    for orders in ((np.int64(2), 1), np.array([2, 1])):
        assert gg.mixed_derivative(F, **XY, orders=orders).name == "d3T_dx2dy"
