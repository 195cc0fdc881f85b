"""What labelled arrays are differentiated by: dims, other coordinates, steps, times, ends by dim."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad as gg

xr = pytest.importorskip("xarray")
import gridgrad.xarray  # noqa: E402

X = np.array([0.0, 1.0, 2.5, 3.0, 4.5])
DAYS = np.array(["2020-01-30", "2020-01-31", "2020-02-02", "2020-03-01", "2020-03-02"], "M8[ns]")
HOURS = (DAYS - DAYS[0]) / np.timedelta64(1, "h")
VALUES = np.random.default_rng(3).standard_normal((3, 5))


def over(**coords):
    return xr.DataArray(VALUES, dims=("k", "x"), coords=coords, name="T", attrs={"units": "K"})


class TestCoordinates:
    F = over(x=X, h=("x", X**2, {"units": "m"}), z=(("k", "x"), VALUES))

    def test_another_coordinate(self):
        found = gg.gradient(self.F, coord="h")
        assert np.array_equal(found, gg.gradient(VALUES, X**2, axis=1))
        assert (found.name, found.units) == ("dT_dh", "K m-1")
        assert np.array_equal(gg.laplacian(self.F, dim="x", coord="h"), gg.laplacian(VALUES, X**2, axis=1))

    def test_steps(self):
        assert np.array_equal(gg.gradient(self.F, 0.5, dim="k"), gg.gradient(VALUES, 0.5, axis=0))
        both = gg.gradient(self.F, 0.5, X, dim=("k", "x"))
        assert np.array_equal(both[1], gg.gradient(VALUES, 0.5, X)[1])

    def test_coordinates_as_arguments(self):
        found = gg.gradient(self.F, self.F.h)
        assert np.array_equal(found, gg.gradient(VALUES, X**2, axis=1))
        assert found.name == "dT_dh"

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({}, "the dim 'k' of 'T' has no coordinate 'k', so the distance of its points is not known"),
            ({"dim": "y"}, "'y' is no dim of 'T', whose dims are 'k', 'x'"),
            ({"coord": "p"}, "'T' has no coordinate 'p'; it has 'x', 'h', 'z'"),
            ({"coord": "z"}, r"has the dims \('k', 'x'\); name the one to differentiate along"),
            ({"coord": "h", "dim": "k"}, r"is no coordinate along 'k' of 'T'.*; name another one, coord="),
            ({"coord": "h", "dim": ("k", "x")}, "2 dims and 1 coord were named"),
            ({"dim": "x", "datetime_unit": "M"}, "no fixed length: months differ in their days"),
            (
                {"dim": "x", "datetime_unit": "fortnight"},
                "unknown datetime_unit 'fortnight'; allowed are 'W'",
            ),
        ],
    )
    def test_what_cannot_be_meant(self, options, said):
        with pytest.raises(ValueError, match=said):
            gg.gradient(self.F, **options)

    def test_a_step_that_an_error_tells_to_type(self):
        assert np.array_equal(gg.gradient(self.F, 1.0, dim="k"), gg.gradient(VALUES, axis=0))

    @pytest.mark.parametrize("dims", [("k", "x"), ("x", "k")])
    def test_heights_of_their_own_in_each_column(self, dims):
        z = X * [[1.0], [2.0], [4.0]]
        F = self.F.assign_coords(z=(("k", "x"), z, {"units": "m"})).expand_dims(t=2).transpose("t", *dims)
        found = gg.gradient(F, coord="z", dim="x", edge_order=2)
        assert (found.name, found.units, found.dims) == ("dT_dz", "K m-1", F.dims)
        expected = [gg.gradient(line, at, edge_order=2) for line, at in zip(VALUES, z, strict=True)]
        assert np.array_equal(found.isel(t=1).transpose("k", "x"), expected)
        assert np.array_equal(gg.gradient(F, F.z, dim="x", edge_order=2), found)

    def test_times_of_their_own_on_each_line(self):
        times = np.stack([DAYS, DAYS + np.timedelta64(40, "D"), DAYS[0] + 2 * (DAYS - DAYS[0])])
        found = gg.gradient(
            self.F.assign_coords(t=(("k", "x"), times)), coord="t", dim="x", datetime_unit="h"
        )
        assert np.allclose(found, gg.gradient(VALUES, HOURS * [[1], [1], [2]], axis=1), rtol=1e-12)

    def test_what_is_no_spacing(self):
        with pytest.raises(TypeError, match="a dimension is named by dim='x'"):
            gg.gradient(self.F, "x")
        with pytest.raises(TypeError, match="came twice"):
            gg.gradient(self.F, 1.0, coord="h")
        with pytest.raises(TypeError, match="of dtype <U1, and not of numbers"):
            gg.gradient(over(x=list("abcde")), dim="x")


class TestTimes:
    @pytest.mark.parametrize(
        ("unit", "text", "hours"),
        [("s", "K s-1", 1 / 3600), ("m", "K min-1", 1 / 60), ("h", "K h-1", 1), ("D", "K d-1", 24)],
    )
    @pytest.mark.parametrize("kind", ["dates", "durations", "another calendar"])
    def test_in_a_named_unit(self, kind, unit, text, hours):
        if kind == "another calendar":
            pytest.importorskip("cftime")
            times = xr.date_range("2000-02-28", periods=5, freq="36h", calendar="360_day", use_cftime=True)
            at = 36.0 * np.arange(5)
        else:
            times, at = DAYS if kind == "dates" else DAYS - DAYS[0], HOURS
        found = gg.gradient(over(x=times), dim="x", datetime_unit=unit)
        assert np.allclose(found, gg.gradient(VALUES, at / hours, axis=1), rtol=1e-12)
        assert found.units == text

    def test_seconds_by_default(self):
        found = gg.derivative(over(x=DAYS), dim="x", order=2)
        assert np.allclose(found, gg.derivative(VALUES, HOURS * 3600, order=2), rtol=1e-12)
        assert found.units == "K s-2"

    def test_no_date(self):
        times = DAYS.copy()
        times[2] = "NaT"
        with pytest.raises(ValueError, match="not finite"):
            gg.gradient(over(x=times), dim="x")


class TestEnds:
    F = over(x=X, k=[0.0, 1.0, 3.0])

    def test_by_dim(self):
        for words in ({"periodic": "x", "period": 6.0}, {"periodic": ["x"], "period": {"x": 6.0}}):
            both = gg.gradient(self.F, dim=("x", "k"), **words)
            assert np.array_equal(
                both, gg.gradient(self.F, dim=("x", "k"), periodic={"x": True}, period={"x": 6.0})
            )
        found = gg.gradient(self.F, dim=("x", "k"), periodic={"x": True}, period={"x": 6.0})
        expected = gg.gradient(
            VALUES, X, [0.0, 1.0, 3.0], axis=(1, 0), periodic=[True, False], period=[6.0, None]
        )
        assert all(map(np.array_equal, found, expected))
        mirrored = gg.laplacian(self.F, boundary={"k": ("reflect", "one-sided")})
        plain = gg.laplacian(VALUES, [0.0, 1.0, 3.0], X, boundary=[("reflect", "one-sided"), "one-sided"])
        assert np.array_equal(mirrored, plain)

    def test_breaks_by_dim(self):
        broken = gg.gradient(self.F, dim=("k", "x"), breaks={"x": [2]})
        plain = gg.gradient(VALUES, [0.0, 1.0, 3.0], X, breaks=[None, [2]])
        assert all(map(np.array_equal, broken, plain))
        assert not np.array_equal(broken[1], gg.gradient(self.F, dim="x"))

    def test_as_of_plain_arrays(self):
        assert np.array_equal(
            gg.gradient(self.F, dim="x", boundary="reflect"),
            gg.gradient(VALUES, X, axis=1, boundary="reflect"),
        )
        held = gg.gradient(self.F, dim="x", boundary=gg.value(1.0))
        assert np.array_equal(held, gg.gradient(VALUES, X, axis=1, boundary=gg.value(1.0)))

    def test_another_dim(self):
        with pytest.raises(ValueError, match="periodic= names 'lon', and the call is along 'x'"):
            gg.gradient(self.F, dim="x", periodic={"lon": True})


J, I = np.meshgrid(np.arange(8.0), np.arange(9.0), indexing="ij")  # noqa: E741
PLACES = (I + 0.01 * J**2, J + 0.02 * I)


@pytest.mark.parametrize("dims", [("time", "j", "i"), ("j", "time", "i"), ("i", "j", "time")])
@pytest.mark.parametrize("is_lazy", [False, True])
def test_positions_of_a_curvilinear_grid_of_fields_with_more_dims(dims, is_lazy):
    """Every time has the bits that it has alone, wherever the axis of times is."""
    numbers = np.random.default_rng(0).random((2, 3, 8, 9))
    u, v = (
        xr.DataArray(
            own, dims=("time", "j", "i"), coords={"X": (("j", "i"), PLACES[0]), "Y": (("j", "i"), PLACES[1])}
        ).transpose(*dims)
        for own in numbers
    )
    if is_lazy:
        pytest.importorskip("dask")
        u, v = u.chunk(time=1), v.chunk(j=3)
    at = {"coord": ("X", "Y"), "dim": ("i", "j")}
    grid, two = gg.xarray.Grid(u, **at), {"edge_order": 2}
    steps = u.X, u.Y
    for k in range(3):
        one, other = (own[k] for own in numbers)
        alone = gg.gradient(one, *PLACES, **two)
        for found in (
            gg.gradient(u, **at, **two),
            grid.gradient(u),
            gg.gradient(u, *steps, dim=at["dim"], **two),
        ):
            for part, expected in zip(found, alone, strict=True):
                assert np.array_equal(part.isel(time=k).transpose("j", "i"), expected)
        for found in (gg.curl((u, v), **at, **two), grid.curl((u, v))):
            assert np.array_equal(
                found.isel(time=k).transpose("j", "i"), gg.curl((one, other), *PLACES, axis=(1, 0), **two)
            )


def test_positions_that_move_are_of_one_time_each():
    f = xr.DataArray(np.arange(216.0).reshape(3, 8, 9) // 72, dims=("time", "j", "i"))
    moving = f.assign_coords(X=PLACES[0] + f, Y=PLACES[1] + f)
    with pytest.raises(ValueError, match="of each grid by itself where there are several"):
        gg.gradient(moving, coord=("X", "Y"), dim=("i", "j"))


@pytest.mark.parametrize("is_lazy", [False, True])
def test_a_mesh_is_the_coordinates_of_its_axes(is_lazy):
    """As files have longitudes and latitudes of even grids, too: with the bits that vectors give."""
    y, x = np.arange(8.0) ** 1.1, np.arange(9.0) * 2
    f = xr.DataArray(
        np.random.default_rng(0).random((3, 8, 9)), dims=("time", "j", "i"),
        coords={"X": (("j", "i"), np.tile(x, (8, 1))), "Y": (("i", "j"), np.tile(y, (9, 1)))},
    )  # fmt: skip
    if is_lazy:
        pytest.importorskip("dask")
        f = f.chunk(j=3)
    at = {"coord": ("X", "Y"), "dim": ("i", "j")}
    for found in (gg.gradient(f, edge_order=2, **at), gg.xarray.Grid(f, **at).gradient(f)):
        for part, expected in zip(found, gg.gradient(f.values, x, y, axis=(2, 1), edge_order=2), strict=True):
            assert np.array_equal(part, expected)
    with pytest.raises(
        ValueError, match=r"'Y' varies along 'j', 'X' varies along 'i'; give dim=\('j', 'i'\)"
    ):
        gg.gradient(f, coord=("Y", "X"), dim=("i", "j"))
    with pytest.raises(ValueError, match="'X' varies along 'i'; give dim='i'"):
        gg.gradient(f, coord="X", dim="j")
    with pytest.raises(
        ValueError, match="'X' varies along 'i', 'X' varies along 'i'; name another coordinate, coord="
    ):
        gg.gradient(f, coord=("X", "X"), dim=("i", "j"))


@pytest.mark.parametrize("places", [PLACES, (I, J)], ids=["curvilinear", "mesh"])
@pytest.mark.parametrize("is_lazy", [False, True])
def test_positions_that_are_the_same_at_all_times_are_those_of_one(places, is_lazy):
    """As files have them that repeat longitudes and latitudes for each time."""
    f = xr.DataArray(np.random.default_rng(0).random((3, 8, 9)), dims=("time", "j", "i"))
    once = f.assign_coords(X=(("j", "i"), places[0]), Y=(("j", "i"), places[1]))
    repeated = f.assign_coords(X=once.X + 0 * f, Y=(once.Y + 0 * f).transpose("j", "time", "i"))
    if is_lazy:
        pytest.importorskip("dask")
        repeated = repeated.chunk(time=1)
    at = {"coord": ("X", "Y"), "dim": ("i", "j")}
    expected = gg.gradient(once, **at, edge_order=2)
    for found in (
        gg.gradient(repeated, **at, edge_order=2),
        gg.xarray.Grid(repeated, **at).gradient(repeated),
        gg.xarray.Grid(once, **at).gradient(repeated),
    ):
        for part, own in zip(found, expected, strict=True):
            assert np.array_equal(part, own)
