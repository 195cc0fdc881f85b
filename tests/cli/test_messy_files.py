"""The command on files as archives have them: rounded, packed, linked, numbered, of odd times and attributes."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from commands import DATA, U, X, Y, main, run, xr

import gridgrad as gg

netCDF4 = pytest.importorskip("netCDF4")
SLOPES = gg.gradient(U, X, axis=1, edge_order=2)
WORDS = ("--var", "u", "--dim", "x")


def test_results_are_not_rounded_as_the_file_is(tmp_path):
    """NCEP's reanalyses have numbers with so many digits as are significant; slopes, per metre, were written as 0."""
    with netCDF4.Dataset(tmp_path / "in.nc", "w") as file:
        file.createDimension("x", 5)
        file.createVariable("x", "f4", ("x",))[:] = 1e6 * X
        air = file.createVariable("air", "f4", ("x",), zlib=True, least_significant_digit=1)
        air[:] = [280, 281, 283, 284, 286]
    assert main("gradient", tmp_path / "in.nc", tmp_path / "out.nc") == 0
    with xr.open_dataset(tmp_path / "out.nc") as found:
        np.testing.assert_allclose(found.dair_dx, 1e-6, rtol=1e-5)
        assert found.dair_dx.encoding["zlib"]


def test_results_are_not_packed_as_the_file_is(tmp_path):
    packed = {"dtype": "i2", "scale_factor": 0.01, "add_offset": 1.0, "_FillValue": -9999}
    holes = DATA.u.where(DATA.u < 1)
    holes.to_dataset().to_netcdf(tmp_path / "in.nc", encoding={"u": packed})
    assert main("gradient", tmp_path / "in.nc", tmp_path / "out.nc", "--dim", "x") == 0
    with xr.open_dataset(tmp_path / "in.nc") as given, xr.open_dataset(tmp_path / "out.nc") as found:
        assert np.array_equal(found.du_dx, gg.gradient(given.u, dim="x", edge_order=2), equal_nan=True)


@pytest.mark.parametrize("name", ["0", "1", "2"])
def test_numbered_arrays(name, tmp_path):
    """Whose dimensions have numbers too."""
    np.save(tmp_path / f"{name}.npy", U)
    assert main("gradient", tmp_path / f"{name}.npy", tmp_path / "out.npy", "--dim", 1, "--step", 0.5) == 0
    assert np.array_equal(np.load(tmp_path / "out.npy"), gg.gradient(U, 0.5, axis=1, edge_order=2))


@pytest.mark.parametrize("unit", ["months since 1955-01-01", "days since 0000-00-00"])
def test_times_that_are_no_dates_are_numbers(unit, tmp_path):
    """Of climatologies."""
    data = xr.Dataset({"u": (("time", "x"), U)}, {"time": ("time", Y, {"units": unit}), "x": X})
    data.to_netcdf(tmp_path / "in.nc")
    assert main("gradient", tmp_path / "in.nc", tmp_path / "out.nc") == 0
    with xr.open_dataset(tmp_path / "out.nc", decode_times=False) as found:
        assert np.array_equal(found.du_dx, SLOPES)
        assert np.array_equal(found.du_dtime, gg.gradient(U, Y, axis=0, edge_order=2))
        assert found.time.units == unit


@pytest.mark.parametrize(
    ("history", "kept"), [(["made", "moved"], ["made", "moved"]), (np.array([1, 2]), ["1", "2"]), ("", [])]
)
def test_a_history_of_any_kind_is_kept(history, kept, tmp_path):
    DATA.assign_attrs(history=history).to_netcdf(tmp_path / "in.nc")
    assert main("gradient", tmp_path / "in.nc", tmp_path / "out.nc", *WORDS) == 0
    with xr.open_dataset(tmp_path / "out.nc") as found:
        assert found.attrs["history"].split("\n")[1:] == kept


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_a_link_stays_one(suffix, winds, tmp_path):
    """Of Zarr there was left a link to what it had been."""
    if suffix == ".zarr":
        pytest.importorskip("zarr")
    out, link = tmp_path / f"out{suffix}", tmp_path / f"link{suffix}"
    link.symlink_to(out)
    for words in (("--var", "v", "--dim", "x"), (*WORDS, "--overwrite")):
        assert main("gradient", winds, link, *words) == 0
    assert link.is_symlink()
    with xr.open_dataset(out, engine="zarr" if suffix == ".zarr" else None) as found:
        assert np.array_equal(found.du_dx, SLOPES)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([link.name, out.name, "winds.nc"])


def test_a_file_is_replaced_by_its_own_derivative(winds):
    assert main("gradient", winds, winds, *WORDS, "--overwrite") == 0
    with xr.open_dataset(winds) as found:
        assert np.array_equal(found.du_dx, SLOPES)


def test_steps_of_unsigned_coordinates_that_run_down(tmp_path, capsys):
    xr.Dataset({"u": ("x", X)}, {"x": np.arange(8, -1, -2, dtype="u2")}).to_netcdf(tmp_path / "in.nc")
    assert main("info", tmp_path / "in.nc") == 0
    assert "x (x=5): 8 to 0, step -2\n" in capsys.readouterr().out


def test_info_is_read_in_part_and_in_any_encoding(tmp_path):
    xr.Dataset({"H\u00f6he": ("x", X)}).to_netcdf(tmp_path / "in.nc")
    command = [sys.executable, "-P", "-m", "gridgrad.cli", "info", str(tmp_path / "in.nc")]
    ours, theirs = os.pipe()
    os.close(ours)  # before anything is written
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True)
    os.close(theirs)
    assert (done.returncode, done.stderr) == (0, "")
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, capture_output=True, env=ascii_only)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"H\\xf6he (x=5)" in done.stdout


def test_names_with_spaces_and_letters_of_any_language(tmp_path):
    folder = tmp_path / "a folder \u00f6"
    folder.mkdir()
    data = xr.Dataset({"T (2 m)": (("breite \u00f6", "x"), U)}, {"x": X})
    data.to_netcdf(folder / "in \u00fc.nc")
    for name in ("out \u00fc.nc", "out.zarr") if pytest.importorskip("zarr") else ():
        assert run("gradient", folder / "in \u00fc.nc", folder / name, "--dim", "x") == (0, "", "")
        with xr.open_dataset(folder / name, engine="zarr" if name == "out.zarr" else None) as found:
            assert np.array_equal(found["dT (2 m)_dx"], SLOPES)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--spacing 0.5", "here it is --step H"), ("--axis x", "here it is --dim NAME"), ("--edge_order 2", "here it is --edge-order"),
        ("--geometry sphere", "here it is --sphere"), ("--output x.nc", "here it is OUT, behind IN"), ("--variable u", "here it is --var NAME"),
        ("third.nc", "a command takes two files, IN OUT; variables are named by --var NAME"), ("--nonsense", "gridgrad COMMAND --help lists"),
    ],
)  # fmt: skip
def test_words_of_others_are_answered(words, told, capsys):
    with pytest.raises(SystemExit, match="2"):
        main("gradient", "in.nc", "out.nc", *words.split())
    assert told in capsys.readouterr().err
