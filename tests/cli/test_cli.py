"""The command `gridgrad`, in processes of its own: files in, files out, exit codes, and what is left when it is killed."""

from __future__ import annotations

import json
import os
import pickle
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from commands import RANDOM, U, V, X, Y, main, run, start, xr
from pages import GUIDE, blocks

import gridgrad as gg
from gridgrad.cli._files import _clear


def test_commands_of_the_guide(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pytest.importorskip("dask")
    lat, lon = np.arange(-60.0, 61, 20), np.arange(0.0, 360, 30)
    winds = xr.DataArray(
        RANDOM.standard_normal((20, 7, 12)), {"lat": lat, "lon": lon}, ("time", "lat", "lon")
    )
    xr.Dataset({"u": winds, "v": 2 * winds}).to_netcdf("winds.nc")
    winds.isel(time=0).where(winds.lat < 50).to_dataset(name="sst").to_netcdf("sst.nc")
    xr.Dataset({"theta": ("depth", RANDOM.random(4))}, {"depth": [0.0, 5, 20, 50]}).to_netcdf("ocean.nc")
    np.save("height.npy", RANDOM.random((5, 6)))
    page = next(page for page in GUIDE if page.stem == "command_line")
    commands = [line for kind, code in blocks(page) if kind == "sh" for line in code.splitlines()]
    for command in commands:
        name, *words = shlex.split(command, comments=True)
        assert (name, main(*words)) == ("gridgrad", 0)
    assert {path.name for path in tmp_path.iterdir()} >= {
        "slope.nc",
        "vorticity.zarr",
        "fronts.nc",
        "slopes.npy",
    }
    assert (
        main("vorticity", "winds.nc", "swapped.nc", "--var", "u", "v", "--dim", "lat", "lon", "--sphere") == 2
    )


COMMANDS = {
    "gradient --var u --dim x y": ({"du_dx", "du_dy"}, lambda: gg.gradient(U, X, Y, axis=(1, 0), edge_order=2)),
    "gradient --var u --coord h --edge-order 1": ({"du_dh"}, lambda: [gg.gradient(U, X**2, axis=1)]),
    "laplacian --var v --dim x y --accuracy 2": ({"laplacian_v"}, lambda: [gg.laplacian(V, X, Y, axis=(1, 0), accuracy=2)]),
    "slope --var v --accuracy 2": ({"gradient_norm_v"}, lambda: [gg.gradient_norm(V, Y, X, accuracy=2)]),
    "slope --var v": ({"gradient_norm_v"}, lambda: [gg.gradient_norm(V, Y, X)]),
    "gradient --var u --dim x y --periodic x=7.5": ({"du_dx", "du_dy"}, lambda: gg.gradient(U, X, Y, axis=(1, 0), edge_order=2, periodic=[True, False], period=[7.5, None])),
    "laplacian --var v --boundary x=reflect y=one-sided,symmetric": ({"laplacian_v"}, lambda: [gg.laplacian(V, Y, X, boundary=[("one-sided", "symmetric"), "reflect"])]),
    "slope --var v --periodic x=8 --boundary y=antireflect": ({"gradient_norm_v"}, lambda: [gg.gradient_norm(V, Y, X, boundary=["antireflect", "periodic"], period=[None, 8.0])]),
    "divergence --var u v --dim x y": ({"divergence"}, lambda: [gg.divergence((U, V), X, Y, axis=(1, 0))]),
    "vorticity --var u v --dim x y": ({"vorticity"}, lambda: [gg.curl((U, V), X, Y, axis=(1, 0))]),
    "curl --var u v --dim x y": ({"vorticity"}, lambda: [gg.curl((U, V), X, Y, axis=(1, 0))]),
    "gradient_norm --var v": ({"gradient_norm_v"}, lambda: [gg.gradient_norm(V, Y, X)]),
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
    "vorticity --var u v --dim lon lat --sphere --accuracy 4": ("vorticity", "s-1", lambda u, v: GLOBE.curl.with_(accuracy=4)((v, u))),
    "divergence --var v u --dim lat lon --sphere --accuracy 6": ("divergence", "s-1", lambda u, v: GLOBE.divergence.with_(accuracy=6)((v, u))),
    "laplacian --var u --sphere": ("laplacian_u", "m-1 s-1", lambda u, v: GLOBE.laplacian(u)),
    "slope --var u --sphere --radius 1": ("gradient_norm_u", "s-1", lambda u, v: 6_371_229 * GLOBE.gradient_norm(u)),
    "laplacian --var u --sphere --boundary lat=one-sided lon=one-sided": ("laplacian_u", "m-1 s-1", lambda u, v: gg.Grid(LAT, LON, geometry="sphere", boundary="one-sided").laplacian(u)),
    "laplacian --var v --sphere --periodic lon": ("laplacian_v", "m-1 s-1", lambda u, v: GLOBE.laplacian(v)),
    "gradient --var u --dim lat --missing one-sided": ("du_dlat", "m s-1 degree-1", lambda u, v: gg.gradient(u, LAT, axis=0, edge_order=2)),
}  # fmt: skip


def on_sphere(path):
    units = {"lat": "degrees_north", "lon": "degrees_east"}
    coords = {name: (name, x, {"units": units[name]}) for name, x in (("lat", LAT), ("lon", LON))}
    wind = {
        name: (("lat", "lon"), values, {"units": "m s-1"}) for name, values in zip("uv", WIND, strict=True)
    }
    xr.Dataset(wind, coords).to_netcdf(path)
    return path


@pytest.mark.parametrize("words", ON_SPHERE)
def test_on_a_sphere(words, tmp_path):
    name, unit, expected = ON_SPHERE[words]
    command, *rest = words.split()
    assert main(command, on_sphere(tmp_path / "in.nc"), tmp_path / "out.nc", *rest) == 0
    with xr.open_dataset(tmp_path / "out.nc") as found:
        assert found[name].attrs["units"] == unit
        np.testing.assert_allclose(
            found[name], expected(*WIND), rtol=1e-10, atol=1e-16 if "radius" not in words else 1e-10
        )


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


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_codecs_of_the_file_are_not_those_of_the_result(zarr_format, winds, tmp_path):
    pytest.importorskip("zarr")
    with xr.open_dataset(winds) as data:
        data.astype("f4").to_zarr(
            tmp_path / "in.zarr", zarr_format=zarr_format, consolidated=zarr_format == 2
        )
    words = ("--var", "u", "--dim", "x")
    assert main("gradient", tmp_path / "in.zarr", tmp_path / "out.zarr", *words) == 0
    with xr.open_dataset(tmp_path / "out.zarr", engine="zarr") as found:
        assert np.array_equal(found.du_dx, gg.gradient(U.astype("f4"), X, axis=1, edge_order=2))


def test_npy(tmp_path):
    np.save(tmp_path / "u.npy", U)
    assert main("gradient", tmp_path / "u.npy", tmp_path / "out.npy", "--dim", 1, 0, "--step", 0.5, 2) == 0
    assert np.array_equal(np.load(tmp_path / "out.npy"), gg.gradient(U, 0.5, 2.0, axis=(1, 0), edge_order=2))


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


def killed(how, folder, *words):
    """Ends the command as soon as something is written; what it has left beside files that are complete."""
    process = start(*words)
    while process.poll() is None and not list(folder.glob(".out.*")):
        time.sleep(0.001)
    process.send_signal(how)
    process.communicate()
    assert process.returncode in (-how, 128 + how)
    return [*folder.glob(".out.*")]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize(("out", "chunks"), [("out.nc", []), ("out.zarr", []), ("out.zarr", ["--chunks", "z=6"]), ("out.nc", ["--chunks", "z=6"])])  # fmt: skip
def test_a_result_is_whole_or_not_there(how, out, chunks, tmp_path):
    """Killed in the middle; begun again it gives the file. One that is to be replaced stays as it is until then."""
    if chunks:
        pytest.importorskip("dask")
    engine = {"engine": "zarr"} if out == "out.zarr" and pytest.importorskip("zarr") else {}
    values = np.random.default_rng(0).standard_normal((40, 200, 300))
    xr.Dataset({"f": (("z", "y", "x"), values)}).to_netcdf(tmp_path / "in.nc")
    words = ("gradient", tmp_path / "in.nc", tmp_path / out, "--step", 1, *chunks)
    left = killed(how, tmp_path, *words, "--dim", "z")
    assert not (tmp_path / out).exists()
    if how == signal.SIGTERM:
        assert not left
    assert main(*words, "--dim", "z") == 0
    for again in left:  # which the next call would take for its own beginning
        again.rename(tmp_path / again.name[1:])
    left = killed(how, tmp_path, *words, "--dim", "x", "--overwrite")
    for _ in range(3):
        if left or how == signal.SIGTERM:
            break
        assert (
            main(*words, "--dim", "z", "--overwrite") == 0
        )  # on a busy machine it had ended before the signal came
        left = killed(how, tmp_path, *words, "--dim", "x", "--overwrite")
    assert left or how == signal.SIGTERM
    with xr.open_dataset(tmp_path / out, **engine) as found:
        assert np.array_equal(found.df_dz, gg.gradient(values, axis=0, edge_order=2))


def test_a_folder_that_a_thread_makes_again_is_cleared(tmp_path, monkeypatch):
    """As threads of Zarr do, which write what they had begun: here whenever it is waited for them, six times."""
    folder, left = tmp_path / ".out.part.zarr", iter(range(6))
    folder.mkdir()

    def sleep(_):
        if next(left, None) is not None:
            folder.mkdir()

    monkeypatch.setattr(time, "sleep", sleep)
    _clear(folder)
    assert next(left, None) is None
    assert not folder.exists()


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
