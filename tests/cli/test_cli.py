"""The command `gridgrad`, in processes of its own: files in, files out, exit codes, and what is left when it is killed."""

from __future__ import annotations

import json
import os
import pickle
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pages import GUIDE, blocks
from remedies import refusal
from remedies_labels import ROWS as LABELS
from remedies_sphere import ROWS as SPHERE

import gridgrad as gg
from gridgrad.cli._flags import in_flags

xr = pytest.importorskip("xarray")
pytest.importorskip("netCDF4")

X, Y = np.array([0.0, 1, 3, 4, 6]), np.linspace(0, 2, 4)
RANDOM = np.random.default_rng(2)
DATA = xr.Dataset(
    {name: (("y", "x"), RANDOM.standard_normal((4, 5)), {"units": "m s-1"}) for name in ("u", "v")},
    coords={"x": ("x", X, {"units": "m"}), "y": ("y", Y, {"units": "m"}), "h": ("x", X**2, {"units": "m"})},
    attrs={"history": "made by a test"},
)
U, V = DATA.u.values, DATA.v.values


def start(*words, **options):
    command = [sys.executable, "-P", "-m", "gridgrad.cli", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def run(*words):
    process = start(*words)
    output, errors = process.communicate()
    assert "Traceback" not in errors
    return process.returncode, output, errors


@pytest.fixture
def winds(tmp_path):
    DATA.to_netcdf(tmp_path / "winds.nc")
    return tmp_path / "winds.nc"


def main(*words):
    """In this process, as starting one takes its time."""
    from gridgrad.cli import main

    return main([*map(str, words)])


def test_commands_of_the_guide(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("dask")
    lat, lon = np.arange(-60.0, 61, 20), np.arange(0.0, 360, 30)
    winds = xr.DataArray(RANDOM.standard_normal((20, 7, 12)), {"lat": lat, "lon": lon}, ("time", "lat", "lon"))
    xr.Dataset({"u": winds, "v": 2 * winds}).to_netcdf("winds.nc")
    winds.isel(time=0).where(winds.lat < 50).to_dataset(name="sst").to_netcdf("sst.nc")
    xr.Dataset({"theta": ("depth", RANDOM.random(4))}, {"depth": [0.0, 5, 20, 50]}).to_netcdf("ocean.nc")
    np.save("height.npy", RANDOM.random((5, 6)))
    page = next(page for page in GUIDE if page.stem == "command_line")
    commands = [line for kind, code in blocks(page) if kind == "sh" for line in code.splitlines()]
    for command in commands:
        name, *words = shlex.split(command, comments=True)
        assert (name, main(*words)) == ("gridgrad", 0)
    assert {path.name for path in tmp_path.iterdir()} >= {"slope.nc", "vorticity.zarr", "fronts.nc", "slopes.npy"}
    assert main("vorticity", "winds.nc", "swapped.nc", "--var", "u", "v", "--dim", "lat", "lon", "--sphere") == 2


COMMANDS = {
    "gradient --var u --dim x y": ({"du_dx", "du_dy"}, lambda: gg.gradient(U, X, Y, axis=(1, 0), edge_order=2)),
    "gradient --var u --coord h --edge-order 1": ({"du_dh"}, lambda: [gg.gradient(U, X**2, axis=1)]),
    "laplacian --var v --dim x y --accuracy 2": ({"laplacian_v"}, lambda: [gg.laplacian(V, X, Y, axis=(1, 0), accuracy=2)]),
    "slope --var v": ({"gradient_norm_v"}, lambda: [gg.gradient_norm(V, Y, X)]),
    "gradient --var u --dim x y --periodic x=7.5": ({"du_dx", "du_dy"}, lambda: gg.gradient(U, X, Y, axis=(1, 0), edge_order=2, periodic=[True, False], period=[7.5, None])),
    "laplacian --var v --boundary x=reflect y=one-sided,symmetric": ({"laplacian_v"}, lambda: [gg.laplacian(V, Y, X, boundary=[("one-sided", "symmetric"), "reflect"])]),
    "slope --var v --periodic x=8 --boundary y=antireflect": ({"gradient_norm_v"}, lambda: [gg.gradient_norm(V, Y, X, boundary=["antireflect", "periodic"], period=[None, 8.0])]),
    "divergence --var u v --dim x y": ({"divergence"}, lambda: [gg.divergence((U, V), X, Y, axis=(1, 0))]),
    "vorticity --var u v --dim x y": ({"vorticity"}, lambda: [gg.curl((U, V), X, Y, axis=(1, 0))]),
}  # fmt: skip


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
@pytest.mark.parametrize("words", COMMANDS)
def test_from_file_to_file(words, suffix, winds, tmp_path):
    if suffix == ".zarr":
        pytest.importorskip("zarr")
    names, expected = COMMANDS[words]
    command, *rest = words.split()
    assert main(command, winds, tmp_path / f"out{suffix}", *rest) == 0
    with xr.open_dataset(tmp_path / f"out{suffix}", engine="zarr" if suffix == ".zarr" else None) as found:
        assert set(found.data_vars) == names
        for name, values in zip(found.data_vars, expected(), strict=True):
            assert np.array_equal(found[name], values)
            assert found[name].attrs["units"] in ("s-1", "m-1 s-1")
        assert set(found.coords) == {"x", "y", "h"}
        newest, oldest = found.attrs["history"].split("\n")
        assert oldest == "made by a test"
        assert f"gridgrad {command} {winds}" in newest
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"out{suffix}", "winds.nc"]


LAT, LON = np.arange(-80.0, 81, 20), np.arange(0.0, 360, 40)
GLOBE = gg.Grid(LAT, LON, geometry="sphere")
WIND = RANDOM.standard_normal((2, 9, 9))
ON_SPHERE = {
    "vorticity --var u v --dim lon lat --sphere": ("vorticity", "s-1", lambda u, v: GLOBE.curl((v, u))),
    "laplacian --var u --sphere": ("laplacian_u", "m-1 s-1", lambda u, v: GLOBE.laplacian(u)),
    "slope --var u --sphere --radius 1": ("gradient_norm_u", "s-1", lambda u, v: 6_371_229 * GLOBE.gradient_norm(u)),
    "laplacian --var u --sphere --boundary lat=one-sided lon=one-sided": ("laplacian_u", "m-1 s-1", lambda u, v: gg.Grid(LAT, LON, geometry="sphere", boundary="one-sided").laplacian(u)),
    "laplacian --var v --sphere --periodic lon": ("laplacian_v", "m-1 s-1", lambda u, v: GLOBE.laplacian(v)),
    "gradient --var u --dim lat --missing one-sided": ("du_dlat", "m s-1 degree-1", lambda u, v: gg.gradient(u, LAT, axis=0, edge_order=2)),
}  # fmt: skip


def on_sphere(path):
    units = {"lat": "degrees_north", "lon": "degrees_east"}
    coords = {name: (name, x, {"units": units[name]}) for name, x in (("lat", LAT), ("lon", LON))}
    wind = {name: (("lat", "lon"), values, {"units": "m s-1"}) for name, values in zip("uv", WIND, strict=True)}
    xr.Dataset(wind, coords).to_netcdf(path)
    return path


@pytest.mark.parametrize("words", ON_SPHERE)
def test_on_a_sphere(words, tmp_path):
    name, unit, expected = ON_SPHERE[words]
    command, *rest = words.split()
    assert main(command, on_sphere(tmp_path / "in.nc"), tmp_path / "out.nc", *rest) == 0
    with xr.open_dataset(tmp_path / "out.nc") as found:
        assert found[name].attrs["units"] == unit
        np.testing.assert_allclose(found[name], expected(*WIND), rtol=1e-10, atol=1e-16 if "radius" not in words else 1e-10)


def test_gaps_and_the_sphere_in_a_process(tmp_path):
    """As typed; and what cannot go together is one line."""
    place, out = on_sphere(tmp_path / "in.nc"), tmp_path / "out.nc"
    holes = WIND[0].copy()
    holes[4, 4] = np.nan
    with xr.open_dataset(place) as data:
        data.u.copy(data=holes).to_netcdf(tmp_path / "holes.nc")
    words = ("--dim", "lat", "lon", "--missing", "one-sided")
    assert run("gradient", tmp_path / "holes.nc", out, *words) == (0, "", "")
    expected = gg.gradient(holes, LAT, LON, edge_order=2, missing="one-sided")
    with xr.open_dataset(out) as found:
        for got, wanted in zip(found.data_vars.values(), expected, strict=True):
            assert np.array_equal(got, wanted, equal_nan=True)
    assert run("laplacian", place, out, "--var", "u", "--sphere", "--overwrite") == (0, "", "")
    with xr.open_dataset(out) as found:
        assert np.array_equal(found.laplacian_u, GLOBE.laplacian(WIND[0]))
    code, _, said = run("gradient", place, out, "--var", "u", "--missing", "nearest")
    assert code == 2
    assert "invalid choice: 'nearest'" in said


def test_in_chunks(winds, tmp_path):
    pytest.importorskip("dask")
    assert (
        main("gradient", winds, tmp_path / "out.nc", "--var", "u", "--dim", "x", "--chunks", "x=2", "y=3")
        == 0
    )
    with xr.open_dataset(tmp_path / "out.nc") as found:
        assert np.array_equal(found.du_dx, gg.gradient(U, X, axis=1, edge_order=2))


def test_in_other_chunks_than_those_of_the_file(winds, tmp_path):
    pytest.importorskip("dask")
    pytest.importorskip("zarr")
    words = ("--var", "u", "--dim", "x", "--chunks")
    assert main("gradient", winds, tmp_path / "a.zarr", *words, "x=2", "y=2") == 0
    assert (
        main("gradient", tmp_path / "a.zarr", tmp_path / "b.zarr", "--dim", "x", "--chunks", "x=3", "y=3")
        == 0
    )
    with xr.open_dataset(tmp_path / "b.zarr", engine="zarr") as found:
        once = gg.gradient(U, X, axis=1, edge_order=2)
        assert np.array_equal(found.ddu_dx_dx, gg.gradient(once, X, axis=1, edge_order=2))


def test_npy(tmp_path):
    np.save(tmp_path / "u.npy", U)
    assert main("gradient", tmp_path / "u.npy", tmp_path / "out.npy", "--dim", 1, 0, "--step", 0.5, 2) == 0
    assert np.array_equal(np.load(tmp_path / "out.npy"), gg.gradient(U, 0.5, 2.0, axis=(1, 0), edge_order=2))


def test_info(winds, capsys):
    assert main("info", winds) == 0
    assert capsys.readouterr().out == (
        "variables:\n  u (y=4, x=5) float64 [m s-1]\n  v (y=4, x=5) float64 [m s-1]\n"
        "coordinates:\n  x (x=5): 0.0 to 6.0, steps 1.0 to 2.0 [m]\n"
        "  y (y=4): 0.0 to 2.0, step 0.6666666666666666 [m]\n  h (x=5): 0.0 to 36.0, steps 1.0 to 20.0 [m]\n"
    )


def test_info_of_times_is_in_seconds(tmp_path, capsys):
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-04"], "M8[ns]")
    xr.Dataset({"u": ("time", X[:3])}, coords={"time": days}).to_netcdf(tmp_path / "times.nc")
    assert main("info", tmp_path / "times.nc") == 0
    line = "  time (time=3): 2020-01-01T00:00:00 to 2020-01-04T00:00:00, steps 86400.0 to 172800.0 s\n"
    assert capsys.readouterr().out.endswith(line)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            "gradient {nc} {out} --dim x",
            2,
            "--var is needed where there are several variables; there are u (y, x), v (y, x)",
        ),
        ("gradient {nc} {out} --var w --dim x", 2, "there is no variable 'w'; there are u (y, x), v (y, x)"),
        ("gradient {nc} {out} --var u --dim z", 2, "no variable of the Dataset has the dims 'z'"),
        ("divergence {nc} {out} --var u v", 2, "divergence needs --dim, one for each component in the order of --var"),
        ("gradient {plain} {out}", 2, "the dimension '0' has no coordinate; give --step, one for all or one for each --dim, or --coord"),
        ("gradient {nc} nowhere/out.nc --var u", 1, "there is no folder nowhere"),
        ("divergence {nc} {out} --var u --dim x y", 2, "--var has 1 component, and the call is along 'x', 'y'"),
        ("slope {nc} {out} --var u --accuracy 4", 2, "slope has three-point rows"),
        (
            "gradient {nc} {out} --var u --chunks x",
            2,
            "--chunks takes DIM=N, time=10 for example, or auto; got 'x'",
        ),
        ("gradient {nc} {out} --var u --dim x --chunks foo=3", 2, "--chunks names 'foo', and the dimensions are y, x"),
        ("gradient {nc} {out} --var x --dim x", 2, "there is no variable 'x'; there are u (y, x), v (y, x)"),
        ("laplacian {nc} {out} --var u --sphere", 2, "--sphere needs one latitude and one longitude"),
        ("laplacian {nc} {out} --var u --dim x y --radius 3", 2, "--radius belongs to --sphere\n"),
        ("laplacian {nc} {out} --var u --dim x --sphere", 2, "call their coordinates lat and lon, or give them the units degrees_north and degrees_east\n"),
        ("gradient {nc} {out} --var u --dim x --periodic x", 2, "so its period is not known; give --periodic DIM=PERIOD (the distance"),
        ("gradient {nc} {out} --var u --dim x --periodic x=-3", 2, "--periodic takes DIM or DIM=PERIOD, lon=360 for example; got 'x=-3'"),
        ("gradient {nc} {out} --var u --dim x --periodic x=6", 2, "the period 6.0 of the dim 'x' of 'u' is not larger than the span of its points, 6.0; "),
        ("gradient {nc} {out} --var u --dim x --boundary x", 2, "--boundary takes DIM=END or DIM=END,END, x=reflect for example; got 'x'"),
        ("gradient {nc} {out} --var u --dim x --boundary x=wrap", 2, "unknown boundary 'wrap' of the dim 'x' of 'u'; it is \"periodic\" here; allowed are 'one-sided'"),
        ("gradient {nc} {out} --var u --dim x --boundary x=reflect --periodic x=7", 2, "the ends of 'x' are given twice"),
        ("gradient {nc} {out} --var u --dim x --boundary y=reflect", 2, "--boundary names 'y', and the call is along 'x'"),
        ("gradient {nc} {out} --var u --dim x --accuracy 6", 2, "of --accuracy 6 with boundary one-sided and --edge-order 2 needs at least 7; use --accuracy 4 or add points\n"),
        ("divergence {nc} {out} --var u v --dim y x", 2, "the first of --var is along x by its name 'u', and stands for 'y', along y; components are in the order of the axes, --dim x y; "),
        ("gradient {complex} {out} --step 1", 2, "dcomplex_d0 is complex, which NetCDF does not hold; give OUT another ending, .zarr or .npy"),
        ("vorticity {nc} {out} --var u v u --dim x y x", 2, "vorticity is of two components, and 3 were named"),
        ("gradient {nc} out.txt --var u", 2, "out.txt ends in .txt; known are .nc"),
        ("gradient nothing.nc {out}", 1, "there is no nothing.nc"),
        ("gradient {nc} {nc} --var u --dim x", 1, "exists; give another name, or --overwrite to replace it"),
        (
            "gradient {objects} {out}",
            1,
            "Python objects in dtype",
        ),
        ("info {broken}", 1, "cannot be read"),
    ],
)
def test_errors_are_one_line_and_a_code(words, code, said, winds, tmp_path, capsys):
    np.save(tmp_path / "objects.npy", np.array([{}, {}], object))
    np.save(tmp_path / "plain.npy", U)
    np.save(tmp_path / "complex.npy", U + 1j)
    (tmp_path / "broken.nc").write_bytes(b"no file at all")
    places = {
        "nc": winds,
        "out": tmp_path / "out.nc",
        "objects": tmp_path / "objects.npy",
        "plain": tmp_path / "plain.npy",
        "complex": tmp_path / "complex.npy",
        "broken": tmp_path / "broken.nc",
    }
    assert main(*(word.format(**places) for word in words.split())) == code
    printed = capsys.readouterr()
    assert printed.err.startswith("gridgrad: ")
    assert said in printed.err
    assert not printed.out
    assert not places["out"].exists()
    assert not list(tmp_path.glob(".*"))


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main("--version")
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"gridgrad {gg.__version__}\n"


OF_THE_COMMAND = re.compile(r"(gradient|laplacian|divergence|curl|gradient_norm)\(")


@pytest.mark.parametrize("row", [row for row in [*LABELS, *SPHERE] if row.needs == "xarray" and OF_THE_COMMAND.match(row.call)], ids=lambda row: row.call[:60])  # fmt: skip
def test_what_errors_tell_to_type_is_flags(row):
    """Of all errors on labelled arrays, whether the command comes to them or not."""
    said, *remedies = in_flags(refusal(row)).split("; ")
    assert said.split(",")[0]
    assert not re.search(r"\b(dim|coord|edge_order|accuracy|boundary|geometry|period|radius|datetime_unit)=", "; ".join([said, *remedies]))
    assert not re.search(r"\w[(\[]|\[c|lambda|\b(numpy|xarray|gridgrad)\.", "; ".join(remedies))


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_overwrite_replaces(suffix, winds, tmp_path):
    if suffix == ".zarr":
        pytest.importorskip("zarr")
    out = tmp_path / f"out{suffix}"
    words = (winds, out, "--var", "u", "--dim")
    assert main("gradient", *words, "x") == 0
    assert main("gradient", *words, "y", "--overwrite") == 0
    with xr.open_dataset(out, engine="zarr" if suffix == ".zarr" else None) as found:
        assert list(found.data_vars) == ["du_dy"]
    assert sorted(p.name for p in tmp_path.iterdir()) == [out.name, "winds.nc"]


class Evil:
    """Makes a file when it is read."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return Path.touch, (self.place,)


def test_nothing_in_a_file_is_run(tmp_path):
    """A Zarr array of objects, whose chunk is a pickle: also with coordinates, which are read when a file is opened."""
    pytest.importorskip("zarr")
    (tmp_path / "in.zarr" / "x").mkdir(parents=True)
    (tmp_path / "in.zarr" / ".zgroup").write_text('{"zarr_format": 2}')
    meta = {"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "compressor": None, "fill_value": None,
            "order": "C", "filters": [{"id": "pickle", "protocol": 4}]}  # fmt: skip
    (tmp_path / "in.zarr" / "x" / ".zarray").write_text(json.dumps(meta))
    (tmp_path / "in.zarr" / "x" / ".zattrs").write_text('{"_ARRAY_DIMENSIONS": ["x"]}')
    (tmp_path / "in.zarr" / "x" / "0").write_bytes(pickle.dumps([Evil(tmp_path / "run"), (1,)]))
    code, output, errors = run("info", tmp_path / "in.zarr")
    assert code == 1, output + errors
    assert "cannot be read" in errors
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_result_is_whole_or_not_there(how, tmp_path):
    """Killed as soon as something is written; begun again it gives the file."""
    values = np.random.default_rng(0).standard_normal((60, 300, 400))
    xr.Dataset({"f": (("z", "y", "x"), values)}).to_netcdf(tmp_path / "in.nc")
    words = ("gradient", tmp_path / "in.nc", tmp_path / "out.nc", "--dim", "z", "--step", 1)
    process = start(*words)
    while process.poll() is None and not list(tmp_path.glob(".out.*")):
        time.sleep(0.001)
    process.send_signal(how)
    process.communicate()
    assert process.returncode in (-how, 128 + how)
    assert not (tmp_path / "out.nc").exists()
    if how == signal.SIGTERM:
        assert not list(tmp_path.glob(".out.*"))
    assert main(*words) == 0
    with xr.open_dataset(tmp_path / "out.nc") as found:
        assert np.array_equal(found.df_dz, gg.gradient(values, axis=0, edge_order=2))


def test_without_xarray_it_says_what_to_install(tmp_path):
    code = "import sys; sys.modules['xarray'] = None; from gridgrad.cli import main; sys.exit(main(sys.argv[1:]))"
    (tmp_path / "a.nc").touch()
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, "info", tmp_path / "a.nc"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr == "gridgrad: xarray is needed, which is not installed: pip install 'gridgrad[cli]'\n"


def test_progress_on_a_terminal_only(winds, tmp_path):
    pty = pytest.importorskip("pty")
    pytest.importorskip("dask")
    words = (
        "gradient",
        winds,
        tmp_path / "out.nc",
        "--var",
        "u",
        "--dim",
        "x",
        "--chunks",
        "x=2",
        "--overwrite",
    )
    code, output, errors = run(*words)
    assert (code, output, errors) == (0, "", "")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-P", "-m", "gridgrad.cli", *map(str, words)]
    done = subprocess.run(command, stderr=theirs)
    os.close(theirs)
    assert done.returncode == 0
    assert "Completed" in os.read(ours, 10000).decode()
    os.close(ours)
