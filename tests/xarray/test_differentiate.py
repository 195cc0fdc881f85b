"""`gridgrad.xarray.differentiate` beside xarray's own method, and the accessor."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad as gg

xr = pytest.importorskip("xarray")

X = np.array([0.0, 1.0, 2.5, 3.0, 4.5])
DAYS = np.array(["2020-01-30", "2020-01-31", "2020-02-02", "2020-03-01", "2020-03-02"], "M8[ns]")
DATA = xr.Dataset(
    {"T": (("k", "x"), np.random.default_rng(3).standard_normal((3, 5)), {"units": "K"}), "n": ("k", [1, 2, 4])},
    coords={"x": X, "h": ("x", X**2, {"units": "m"}), "t": ("x", DAYS), "span": ("x", DAYS - DAYS[0])},
)  # fmt: skip


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("coord", ["x", "h", "t", "span", "k"])
@pytest.mark.parametrize("unit", [None, "h"])
def test_values_are_those_of_xarray(coord, edge_order, unit):
    for obj in (DATA, DATA["T"]):
        found, theirs = (
            gg.xarray.differentiate(obj, coord, edge_order, unit),
            obj.differentiate(coord, edge_order, unit),
        )
        xr.testing.assert_allclose(found, theirs, rtol=1e-11)
        assert type(found) is type(theirs)


def test_dates_of_another_calendar():
    pytest.importorskip("cftime")
    times = xr.date_range("2000-02-28", periods=5, freq="36h", calendar="noleap", use_cftime=True)
    f = DATA["T"].assign_coords(x=times)
    xr.testing.assert_allclose(gg.xarray.differentiate(f, "x"), f.differentiate("x"), rtol=1e-11)


def test_times_that_are_differentiated():
    f = xr.DataArray(DAYS, dims="x", coords={"x": X})
    xr.testing.assert_allclose(
        gg.xarray.differentiate(f, "x", 1, "h"), f.differentiate("x", 1, "h"), rtol=1e-11
    )


# by releases of xarray that know no other unit
@pytest.mark.filterwarnings("ignore:Converting non-nanosecond")
@pytest.mark.parametrize("stored", ["s", "ms", "ns"])
def test_times_along_numbers_are_in_their_own_unit(stored):
    days = np.array([0, 1, 3], "m8[D]").astype(f"m8[{stored}]")
    field = xr.DataArray(days, dims="x", coords={"x": ("x", [0.0, 1.0, 3.0], {"units": "m"})})
    found = gg.xarray.differentiate(field, "x")
    np.testing.assert_allclose(found, field.differentiate("x"), rtol=1e-14)
    assert found.units == f"{np.datetime_data(field.dtype)[0]} m-1"


def test_attributes_say_the_unit():
    assert gg.xarray.differentiate(DATA, "h")["T"].attrs["units"] == "K m-1"
    assert gg.xarray.differentiate(DATA, "t")["T"].attrs["units"] == "K ns-1"
    assert gg.xarray.differentiate(DATA["T"], "h").name == "T"


def test_errors():
    with pytest.raises(
        ValueError, match="there is no coordinate or dimension 'z'; there are 'x', 'h', 't', 'span', 'k'"
    ):
        gg.xarray.differentiate(DATA, "z")
    with pytest.raises(ValueError, match=r"has the dims \('k', 'x'\); one of one dimension is needed"):
        gg.xarray.differentiate(DATA.assign_coords(z=DATA["T"]), "z")
    with pytest.raises(ValueError, match="not strictly monotonic"):
        gg.xarray.differentiate(DATA.isel(x=[0, 1, 1]), "x")


def test_the_accessor_forwards():
    _ = gg.xarray
    f, k = DATA["T"].assign_coords(k=[0.0, 1.0, 3.0]), {"dim": ("x", "k")}
    data = f.to_dataset().assign(u=f.rename("u"))
    pairs = [(f.gridgrad.gradient(**k)[1], gg.gradient(f, **k)[1]), (f.gridgrad.advect((f, f), **k), gg.advect((f, f), f, **k)),
             (f.gridgrad.diffuse(2.0, **k), gg.diffuse(2.0, f, **k)), (f.gridgrad.differentiate("h"), gg.xarray.differentiate(f, "h")),
             (f.gridgrad.directional_derivative((1.0, 2.0), **k), gg.directional_derivative(f, (1.0, 2.0), **k)),
             (data.gridgrad.advect(("T", "u"), **k), gg.advect((data["T"], data.u), data, **k)), (data.gridgrad.diffuse("T", **k), gg.diffuse(data["T"], data, **k)),
             (data.gridgrad.directional_derivative(("u", 2.0), **k), gg.directional_derivative(data, (data.u, 2.0), **k)), (f.gridgrad.diffuse("h", **k), gg.diffuse(f.h, f, **k)),
             (data.gridgrad.laplacian(**k), gg.laplacian(data, **k))]  # fmt: skip
    for name in ("derivative", "mixed_derivative", "laplacian", "hessian", "gradient_norm"):
        options = {"dim": "x"} if name == "derivative" else k
        found, direct = getattr(f.gridgrad, name)(**options), getattr(gg, name)(f, **options)
        pairs.append((found[0][1], direct[0][1]) if name == "hessian" else (found, direct))
    for name in ("divergence", "curl", "jacobian", "vector_laplacian"):
        found, direct = (
            getattr(data.gridgrad, name)(("T", "u"), **k),
            getattr(gg, name)((data["T"], data.u), **k),
        )
        pairs += (
            zip(found, direct, strict=True)
            if name == "vector_laplacian"
            else []
            if name == "jacobian"
            else [(found, direct)]
        )
    for found, direct in pairs:
        xr.testing.assert_identical(found, direct)
