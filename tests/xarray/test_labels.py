"""What results know: units, long names, attributes, encodings; quantities and chunks inside labels."""

from __future__ import annotations

import sys
from subprocess import run

import numpy as np
import pytest

import gridgrad as gg

xr = pytest.importorskip("xarray")

import gridgrad.xarray  # noqa: E402  # where xarray is

X = np.array([0.0, 1.0, 2.5, 3.0, 4.5])
VALUES = np.random.default_rng(3).standard_normal((4, 5))


def field(units="K", by="m", **attrs):
    given = {} if units is None else {"units": units}
    coords = {"y": ("y", np.arange(4.0), {"units": by}), "x": ("x", X, {} if by is None else {"units": by})}
    return xr.DataArray(VALUES, dims=("y", "x"), coords=coords, name="T", attrs=given | attrs)


@pytest.mark.parametrize(
    ("f", "x", "result"),
    [
        ("K", "m", "K m-1"), ("m s-1", "m", "s-1"), ("m/s", "km", "m s-1 km-1"), ("W/m2", "m", "W m-3"), ("W m^-2", "m", "W m-3"),
        ("kg.m**-3", "m", "kg m-4"), ("m", "m", "1"), ("1", "m", "m-1"), ("", "s", "s-1"), ("kelvin", "metres", "K m-1"),
        ("degC", "m", "K m-1"), ("K", "degrees_east", "K degree-1"), ("%", "hPa", "% hPa-1"), ("1/s", "m", "s-1 m-1"),
        ("10 m", "s", "(10 m) s-1"), ("days since 2000-01-01", "m", "d m-1"),
        ("K", "hours since 1900-01-01 00:00:0.0", "K h-1"), ("deg C", "m", "K m-1"), ("degree Celsius", "m", "K m-1"), ("degK", "m", "K m-1"), ("Deg_C/day", "m", "K d-1 m-1"),
        ("meters per second", "meter", "s-1"), ("degrees C m", "m", "K"), ("degF", "m", "degF m-1"), (None, "m", None), ("K", None, None),
    ],
)  # fmt: skip
def test_units_are_divided(f, x, result):
    assert gg.gradient(field(f, x), dim="x").attrs.get("units") == result


def test_units_of_other_operators():
    F = field("m/s", long_name="wind")
    assert gg.laplacian(F).units == "m-1 s-1"
    assert gg.hessian(F)[0][1].units == "m-1 s-1"
    assert gg.gradient_norm(F).units == "s-1"
    assert gg.gradient_squared(F).units == "s-2"
    assert gg.advect((F, F), F, dim=("x", "y")).units == "m s-2"
    assert gg.diffuse(F.assign_attrs(units="m2 s-1"), F).units == "m s-2"
    assert "units" not in gg.advect((F, 1.0), F, dim=("x", "y")).attrs
    T = field("K")
    assert gg.advect((F, F), T, dim=("x", "y")).units == "K s-1"
    direction = gg.derivative(field("degrees", "K"), dim="x")
    assert direction.units == "degree K-1"
    assert gg.derivative(direction, dim="x").units == "degree K-2"
    third = gg.derivative(F, dim="x", order=3)
    assert (third.name, third.units) == ("d3T_dx3", "m-2 s-1")
    assert gg.gradient(F, dim="x").long_name == "d(wind)/dx"
    assert gg.laplacian(F).long_name == "laplacian of wind"


def test_terms_in_different_units_are_not_added():
    F = field()
    F["x"].attrs["units"] = "km"
    with pytest.raises(ValueError, match="laplacian adds terms in 'K m-2' and in 'K km-2'"):
        gg.laplacian(F)
    assert [r.units for r in gg.gradient(F)] == ["K m-1", "K km-1"]
    del F["x"].attrs["units"]  # as the error says
    assert "units" not in gg.laplacian(F).attrs


def test_a_spacing_that_is_made_of_a_coordinate_has_another_unit():
    """Arithmetic of xarray keeps the attributes of what is converted."""
    F = field(by="km")
    metres = (1000 * F.x).assign_attrs(F.x.attrs)
    assert "units" not in gg.gradient(F, metres).attrs
    assert (
        gg.gradient(F, F.x).units
        == gg.gradient(F, F.x.copy()).units
        == gg.gradient(F, metres.rename("X")).units
        == "K km-1"
    )
    assert gg.gradient(F, metres.assign_attrs(units="m")).units == "K m-1"


def test_what_is_true_of_the_field_alone_is_left_out():
    F = field(
        standard_name="air_temperature",
        valid_range=[0, 400],
        source="model",
        cell_methods="time: mean",
        GRIB_units="K",
        _FillValue=-999,
        GRIB_cfName="air_temperature",
        description="perturbation temperature",
        original_name="tas",
    )
    F.encoding = {"zlib": True, "dtype": "int16", "scale_factor": 0.01, "_FillValue": -1, "chunks": (2, 2)}
    found = gg.gradient(F, dim="x")
    assert found.attrs == {"source": "model", "units": "K m-1"}
    assert found.encoding == {"zlib": True}
    assert F.attrs["standard_name"] == "air_temperature"
    assert F.encoding["dtype"] == "int16"
    both = gg.divergence(
        (F.assign_attrs(grid="u", run=[1, 2]), F.assign_attrs(grid="v", run=[1, 2])), dim=("x", "y")
    )
    assert both.attrs == {"source": "model", "run": [1, 2], "units": "K m-1"}


def test_results_keep_all_their_digits():
    """Whatever those of the field are rounded to in its file: results may be a millionth of it."""
    numcodecs = pytest.importorskip("numcodecs")
    F = field(least_significant_digit=1, precision=2, _QuantizeBitRoundNumberOfSignificantBits=3)
    rounded = numcodecs.FixedScaleOffset(offset=280, scale=10, dtype="f8", astype="i2")
    stored = {"shuffle": True, "complevel": 4, "chunksizes": (2, 2), "original_shape": F.shape}
    F.encoding = {"least_significant_digit": 1, "quantize_mode": "BitGroom", "significant_digits": 3, "filters": (rounded,), "compressors": (), **stored}  # fmt: skip
    found = gg.gradient(F, dim="x")
    assert (found.attrs, found.encoding) == ({"units": "K m-1"}, stored)


def test_without_names():
    assert gg.gradient(field().rename(None), dim="x").name is None


@pytest.mark.parametrize("dtype", ["float32", "complex128", "int16"])
def test_dtypes(dtype):
    F = field().astype(dtype)
    assert np.array_equal(gg.gradient(F, dim="x"), gg.gradient(VALUES.astype(dtype), X, axis=1))
    assert gg.gradient(F, dim="x").dtype == gg.gradient(VALUES.astype(dtype), X, axis=1).dtype


def test_quantities_inside():
    pint = pytest.importorskip("pint")
    q = pint.UnitRegistry().Quantity
    F = field(units=None, by="km").copy(data=q(VALUES, "K"))
    found = gg.gradient(F, dim="x")
    assert found.data.units == q(1, "K/km").units
    assert np.array_equal(found.data.magnitude, gg.gradient(VALUES, X, axis=1))
    assert "units" not in found.attrs
    F["x"].attrs["units"] = "turns_east"
    with pytest.raises(ValueError, match="the unit 'turns_east' of 'x' is none of theirs"):
        gg.gradient(F, dim="x")
    F["x"].attrs["units"] = "degree"  # as the error says
    assert gg.gradient(F, dim="x").data.units == q(1, "K/degree").units


@pytest.mark.parametrize("library", ["pint", "astropy.units", "unyt"])
@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("degrees_north", "degree"),
        ("degree_east", "degree"),
        ("degrees", "degree"),
        ("m s-1", "m/s"),
        ("days since 2000-01-01", "day"),
    ],
)
def test_texts_of_climate_files_beside_quantities(library, written, unit):
    module = pytest.importorskip(library)
    q = {
        "pint": lambda: module.UnitRegistry().Quantity,
        "astropy.units": lambda: module.Quantity,
        "unyt": lambda: module.unyt_array,
    }[library]()
    found = gg.gradient(field(units=None, by=written).copy(data=q(VALUES, "K")), dim="x").data
    difference = found - q(gg.gradient(VALUES, X, axis=1), "K") / q(1.0, unit)  # of units that are the same
    assert not np.asarray(difference.magnitude if library == "pint" else difference.value).any()


@pytest.mark.parametrize("call", [
    lambda F, q, k: gg.diffuse(q(k, "m**2/s"), F),
    lambda F, q, k: gg.diffuse(F.copy(data=k).assign_attrs(units="m2 s-1"), F.copy(data=q(F.values, "K"))),
    lambda F, q, k: gg.advect((q(2.0, "m/s"), F * 0 + q(2.0, "m/s")), F, dim=("x", "y")),
    lambda F, q, k: gg.gradient(F, q(0.5, "km"), dim="x"),
    lambda F, q, k: gg.diffuse(q(2.0, "m**2/s"), F.chunk(x=2)).compute(),
])  # fmt: skip
def test_texts_of_units_beside_quantities_are_units_too(call):
    """Of 'K' beside m2/s in a field of km the result was in m2/s/km2, as if the field had no unit."""
    q = pytest.importorskip("pint").UnitRegistry().Quantity
    F, k = field(by="km"), np.abs(VALUES) + 1
    bare = F.drop_attrs(deep=True)
    wanted = call(
        bare.assign_coords({dim: (dim, bare[dim].values) for dim in "xy"}), lambda own, unit: own, k
    )
    found = call(F, q, k).data
    assert np.array_equal(found.magnitude, wanted)
    assert found.check("[temperature] / [time]") or found.units == q(1, "K/km").units


def test_texts_that_are_no_unit_of_quantities():
    q = pytest.importorskip("pint").UnitRegistry().Quantity
    with pytest.raises(
        ValueError, match=r"unit 'fortnights_east' of f is none of theirs.*, f.attrs\['units'\] = "
    ):
        gg.diffuse(q(2.0, "m**2/s"), field(units="fortnights_east"))


def test_chunks_in_quantities_that_are_arrays():
    """astropy's would compute them."""
    units = pytest.importorskip("astropy.units")
    pytest.importorskip("dask")
    with pytest.raises(
        TypeError,
        match=r"Quantity, which cannot hold the Array of f; give their numbers, x.value, with units as text",
    ):
        gg.gradient(field(by="km").chunk(x=2), 0.5 * units.km, dim="x")
    found = gg.gradient(field(by="km"), 0.5 * units.km, dim="x").data
    assert found.unit == units.K / units.km
    assert np.array_equal(found.value, gg.gradient(VALUES, 0.5, axis=1))


def test_packed_numbers_are_refused():
    packed = (
        field().round(1).copy(data=np.arange(20).reshape(4, 5)).assign_attrs(scale_factor=0.5, add_offset=3)
    )
    for call in (
        lambda: gg.gradient(packed, dim="x"),
        lambda: gg.diffuse(packed, field()),
        lambda: gg.divergence((field(), packed), dim=("x", "y")),
    ):
        with pytest.raises(
            ValueError, match=r"packed by its attribute scale_factor=0.5.* xarray.decode_cf\(ds\)"
        ):
            call()
    found = gg.gradient(xr.decode_cf(packed.to_dataset()), dim="x").dT_dx
    assert np.array_equal(found, gg.gradient(0.5 * packed.values, X, axis=1))
    assert gg.gradient(packed.assign_attrs(scale_factor=1.0), dim="x").dtype == float
    assert gg.gradient(packed.astype(float), dim="x").dtype == float  # unpacked, with its attributes kept


@pytest.mark.parametrize("word", ["_FillValue", "missing_value"])
def test_marks_of_missing_points_are_refused(word):
    """They are in attributes where a file was opened without decoding, as rioxarray does."""
    marked = field().copy(data=np.where(VALUES > 0.5, -999, VALUES)).assign_attrs({word: -999})
    with pytest.raises(
        ValueError, match=rf"points of the value -999, .* f.where\(f != f.attrs\['{word}'\]\)"
    ):
        gg.gradient(marked, dim="x")
    found = gg.gradient(marked.where(marked != marked.attrs[word]), dim="x", missing="one-sided")
    assert np.array_equal(
        found,
        gg.gradient(np.where(VALUES > 0.5, np.nan, VALUES), X, axis=1, missing="one-sided"),
        equal_nan=True,
    )
    assert gg.gradient(field(**{word: -999}), dim="x").identical(gg.gradient(field(), dim="x"))


@pytest.mark.parametrize("word", ["_FillValue", "missing_value"])
def test_marks_in_chunks_are_refused_when_they_are_computed(word):
    dask = pytest.importorskip("dask")
    marked = field().copy(data=np.where(VALUES > 0.5, -999, VALUES)).assign_attrs({word: -999}).chunk(x=2)
    plain = gridgrad.xarray.Grid(field())
    with dask.config.set(scheduler=lambda *_, **__: pytest.fail("computed")):
        lazy = [
            gg.gradient(marked, dim="x"),
            gg.advect((2.0, marked), field().chunk(x=2), dim=("x", "y")),
            plain.apply(plain.plain.laplacian, marked),
        ]
    for own in lazy:
        with pytest.raises(
            ValueError, match=rf"points of the value -999, .* f.where\(f != f.attrs\['{word}'\]\)"
        ):
            own.compute()
    free = gg.gradient(field(**{word: -999}).chunk(x=2), dim="x")
    assert free.chunks == ((4,), (2, 2, 1))
    assert free.compute().identical(gg.gradient(field(), dim="x"))


def test_apply_does_not_guess_the_unit_of_quantities():
    """``plain`` has numbers for axes, and the Laplacian of K was in K, on axes in km."""
    pint, grid = pytest.importorskip("pint"), gridgrad.xarray.Grid(field(by="km"))
    F = field(units=None, by="km").copy(data=pint.UnitRegistry().Quantity(VALUES, "K"))
    with pytest.raises(
        TypeError, match=r"'y' in km, 'x' in km, .*f.copy\(data=f.data.magnitude\).*grid.laplacian\(f\)"
    ):
        grid.apply(grid.plain.laplacian, F)
    assert np.array_equal(
        grid.apply(grid.plain.laplacian, F.copy(data=F.data.magnitude)), grid.laplacian(F).data.magnitude
    )


def test_indexes_of_pandas_are_told_what_to_type():
    pandas = pytest.importorskip("pandas")
    with pytest.raises(TypeError, match=r"take its dims apart, f.unstack\('p'\)"):
        gg.gradient(field().stack(p=("y", "x")), dim="p")
    months = field().assign_coords(x=pandas.period_range("2001-01", periods=5, freq="M"))
    with pytest.raises(
        TypeError, match=r"take dates, f.assign_coords\(x=f.indexes\['x'\].to_timestamp\(\)\)"
    ):
        gg.gradient(months, dim="x")
    dated = months.assign_coords(x=months.indexes["x"].to_timestamp())
    assert np.array_equal(
        gg.gradient(dated, dim="x"), gg.gradient(VALUES, 86400.0 * np.array([0, 31, 59, 90, 120]), axis=1)
    )


def test_no_points_are_told_of_slices_against_the_axis():
    falling = field().assign_coords(y=[60.0, 50, 40, 30])
    for make in (
        lambda f: gg.gradient(f, dim=("x", "y")),
        lambda f: gg.derivative(f.to_dataset(name="T"), dim="y"),
        gridgrad.xarray.Grid,
    ):
        with pytest.raises(
            ValueError,
            match=r"0 points along 'y'; a slice against the direction of the axis gives none: .* f.sortby\('y'\)",
        ):
            make(falling.sel(y=slice(30, 50)))
    assert np.array_equal(
        gg.derivative(falling.sortby("y").sel(y=slice(30, 50)), dim="y"),
        gg.derivative(VALUES[:0:-1], 10.0, axis=0),
    )


def test_files_that_repeat_each_other_are_no_seam():
    twice = xr.concat([field(), field()], "y").assign_coords(y=[60.0, 50, 40, 30, 60, 50, 40, 30])
    with pytest.raises(ValueError, match=r"x\[4\]=60.0; (?!.*seam).*remove repeated positions"):
        gg.gradient(twice, dim="y")


def test_chunks_stay_unread():
    dask = pytest.importorskip("dask")

    def fail(*_, **__):
        raise AssertionError("computed")

    F = field().chunk(x=2, y=3)
    with dask.config.set(scheduler=fail):
        found = gg.gradient(F, dim=("x", "y")), gg.laplacian(F), gg.advect((F, F), F, dim=("x", "y"))
    assert np.array_equal(found[0][0].compute(), gg.gradient(VALUES, X, axis=1))
    assert np.array_equal(found[1].compute(), gg.laplacian(VALUES, np.arange(4.0), X))
    assert isinstance(found[2].data, type(F.data))


def test_grids_take_numbers():
    grid = gg.Grid(np.arange(4.0), X)
    with pytest.raises(TypeError, match=r"give its numbers, f\.values"):
        grid.laplacian(field())
    assert np.array_equal(grid.laplacian(field().values), gg.laplacian(field()))


def test_importing_gridgrad_does_not_import_it():
    code = "import sys, gridgrad; gridgrad.gradient([1.0, 2.0, 4.0]); print('xarray' in sys.modules)"
    done = run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
