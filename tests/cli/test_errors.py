"""What the command `gridgrad` says of files and of itself, and of what it cannot do, in its own flags."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import pytest
from commands import U, X, main, xr
from remedies import refusal
from remedies_labels import ROWS as LABELS
from remedies_sphere import ROWS as SPHERE

import gridgrad as gg
from gridgrad.cli._flags import in_flags


def test_info(winds, capsys):
    assert main("info", winds) == 0
    assert capsys.readouterr().out == (
        "variables:\n  u (y=4, x=5) float64 [m s-1]\n  v (y=4, x=5) float64 [m s-1]\n"
        "coordinates:\n  x (x=5): 0.0 to 6.0, steps 1.0 to 2.0 [m]\n"
        "  y (y=4): 0.0 to 2.0, step 0.6666666666666666 [m]\n  h (x=5): 0.0 to 36.0, steps 1.0 to 20.0 [m]\n"
    )


def test_info_of_other_files(winds, tmp_path, capsys):
    """Of Zarr what is said of NetCDF; dimensions of .npy have numbers and no coordinates."""
    pytest.importorskip("zarr")
    with xr.open_dataset(winds) as data:
        data.to_zarr(tmp_path / "winds.zarr", consolidated=False)
    said = []
    for file in (winds, tmp_path / "winds.zarr"):
        assert main("info", file) == 0
        said.append(sorted(capsys.readouterr().out.splitlines()))
    assert said[0] == said[1]
    np.save(tmp_path / "u.npy", U)
    assert main("info", tmp_path / "u.npy") == 0
    assert capsys.readouterr().out == (
        "variables:\n  u (0=4, 1=5) float64\ncoordinates:\n"
        "  0: none; give --step, or --coord\n  1: none; give --step, or --coord\n"
    )


def test_info_of_times_is_in_seconds(tmp_path, capsys):
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-04"], "M8[ns]")
    xr.Dataset({"u": ("time", X[:3])}, coords={"time": days}).to_netcdf(tmp_path / "times.nc")
    assert main("info", tmp_path / "times.nc") == 0
    line = "  time (time=3): 2020-01-01T00:00:00 to 2020-01-04T00:00:00, steps 86400.0 to 172800.0 s\n"
    assert capsys.readouterr().out.endswith(line)


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
def test_groups(suffix, tmp_path, winds, capsys):
    """What is in one is found by its name, and its result is that of a file without groups."""
    if suffix == ".zarr":
        pytest.importorskip("zarr")
    file = tmp_path / f"groups{suffix}"
    with xr.open_dataset(winds) as data:
        write = data.to_netcdf if suffix == ".nc" else partial(data.to_zarr, consolidated=False)
        write(file, group="a/b", mode="w")
    assert main("info", file) == 0
    assert "none; where they are in groups, give one, --group NAME" in capsys.readouterr().out
    assert main("info", file, "--group", "a/b") == 0
    assert "u (y=4, x=5)" in capsys.readouterr().out
    for source, words in ((file, ["--group", "/a/b"]), (winds, [])):
        assert (
            main("gradient", source, tmp_path / f"{source.stem}.npy", "--var", "u", "--dim", "x", *words) == 0
        )
    assert np.array_equal(np.load(tmp_path / "groups.npy"), np.load(tmp_path / "winds.npy"))


@pytest.mark.parametrize("suffix", [".nc", ".zarr"])
@pytest.mark.parametrize("zarr_format", [2, 3])
def test_groups_that_are_not_there(suffix, zarr_format, tmp_path, winds, capsys):
    """Neither is an array one."""
    file, kind = tmp_path / f"groups{suffix}", {}
    if suffix == ".zarr":
        pytest.importorskip("zarr")
        kind = {"zarr_format": zarr_format, "consolidated": zarr_format == 2}
    with xr.open_dataset(winds) as data:
        write = data.to_netcdf if suffix == ".nc" else partial(data.to_zarr, **kind)
        write(file, mode="w")
        write(file, group="a/b", mode="a")
    for group in ("nowhere", "u", "a/b/u", "a/c"):
        assert main("info", file, "--group", group) == 1
        said = f"gridgrad: {file} cannot be read: it has no group {group!r}; there are a, a/b\n"
        assert capsys.readouterr().err == said


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
        (
            "divergence {nc} {out} --var u v",
            2,
            "divergence needs --dim, one for each component in the order of --var",
        ),
        (
            "gradient {plain} {out}",
            2,
            "the dimension '0' has no coordinate; give --step, one for all or one for each --dim, or --coord",
        ),
        ("gradient {nc} nowhere/out.nc --var u", 1, "there is no folder nowhere"),
        (
            "divergence {nc} {out} --var u --dim x y",
            2,
            "--var has 1 component, and the call is along 'x', 'y'",
        ),
        (
            "gradient {nc} {out} --var u --chunks x",
            2,
            "--chunks takes DIM=N, time=10 for example, or auto; got 'x'",
        ),
        (
            "gradient {nc} {out} --var u --dim x --chunks foo=3",
            2,
            "--chunks names 'foo', and the dimensions are y, x",
        ),
        ("gradient {nc} {out} --var x --dim x", 2, "there is no variable 'x'; there are u (y, x), v (y, x)"),
        ("laplacian {nc} {out} --var u --sphere", 2, "--sphere needs one latitude and one longitude"),
        ("laplacian {nc} {out} --var u --dim x y --radius 3", 2, "--radius belongs to --sphere\n"),
        (
            "laplacian {nc} {out} --var u --dim x --sphere",
            2,
            "call their coordinates lat and lon, or give them the units degrees_north and degrees_east\n",
        ),
        (
            "gradient {nc} {out} --var u --dim x --periodic x",
            2,
            "so its period is not known; give --periodic DIM=PERIOD (the distance",
        ),
        (
            "gradient {nc} {out} --var u --dim x --periodic x=-3",
            2,
            "--periodic takes DIM or DIM=PERIOD, lon=360 for example; got 'x=-3'",
        ),
        (
            "gradient {nc} {out} --var u --dim x --periodic x=6",
            2,
            "the period 6.0 of the dim 'x' of 'u' is not larger than the span of its points, 6.0; ",
        ),
        (
            "gradient {nc} {out} --var u --dim x --boundary x",
            2,
            "--boundary takes DIM=END or DIM=END,END, x=reflect for example; got 'x'",
        ),
        (
            "gradient {nc} {out} --var u --dim x --boundary x=wrap",
            2,
            "unknown boundary 'wrap' of the dim 'x' of 'u'; it is \"periodic\" here; allowed are 'one-sided'",
        ),
        ("gradient {nc} {out} --var u --dim x --periodic x=7 x=8", 2, "the ends of 'x' are given twice"),
        (
            "gradient {nc} {out} --var u --dim x --periodic x=\u00b2",
            2,
            "--periodic takes DIM or DIM=PERIOD, lon=360 for example",
        ),
        (
            "gradient {nc} {out} --var u --dim x --periodic x=inf",
            2,
            "--periodic takes DIM or DIM=PERIOD, lon=360 for example",
        ),
        ("gradient {nc} {out} --var u --dim F", 2, "the dims 'F'"),
        (
            "gradient {nc} {out} --var u --dim x --boundary x=reflect --periodic x=7",
            2,
            "the ends of 'x' are given twice",
        ),
        (
            "gradient {nc} {out} --var u --dim x --boundary y=reflect",
            2,
            "--boundary or --periodic names 'y', and the call is along 'x'",
        ),
        (
            "gradient {nc} {out} --var u --dim x --accuracy 6",
            2,
            "of --accuracy 6 with boundary one-sided and --edge-order 2 needs at least 7; use --accuracy 4 or add points\n",
        ),
        (
            "divergence {nc} {out} --var u v --dim y x",
            2,
            "the first of --var is along x by its name 'u', and stands for 'y', along y; components are in the order of the axes, --dim x y; ",
        ),
        (
            "gradient {complex} {out} --step 1",
            2,
            "dcomplex_d0 is of complex128, which netcdf files do not hold; give OUT another ending, .zarr or .npy",
        ),
        (
            "gradient {half} {out} --step 1",
            2,
            "dhalf_d0 is of float16, which netcdf files do not hold; give OUT another ending, .zarr or .npy",
        ),
        (
            "gradient {long} {zarr} --step 1",
            2,
            f"dlong_d0 is of {np.dtype('g')}, which zarr files do not hold; give OUT another ending, .npy",
        ),
        (
            "gradient {depth} {out} --var T bottom --dim z",
            2,
            "no variable of the Dataset has the dims 'z'; they have 'bottom' ('x',)",
        ),
        (
            "gradient {nc} {out} --var u --dim x --chunks x=\u00b2",
            2,
            "--chunks takes DIM=N, time=10 for example, or auto; got 'x=\u00b2'",
        ),
        ("gradient {nc} {folder} --var u --dim x --overwrite", 1, "folder.nc is a folder; give another name"),
        ("info {folder}", 1, "cannot be read"),
        ("info {empty}", 1, "cannot be read"),
        (
            "vorticity {nc} {out} --var u v u --dim x y x",
            2,
            "vorticity is of two components, and 3 were named",
        ),
        ("gradient {nc} out.txt --var u", 2, "out.txt ends in .txt; known are .nc"),
        ("gradient nothing.nc {out}", 1, "there is no nothing.nc"),
        ("gradient {nc} {nc} --var u --dim x", 1, "exists; give another name, or --overwrite to replace it"),
        (
            "gradient {objects} {out}",
            1,
            "Python objects in dtype",
        ),
        ("info {broken}", 1, "cannot be read"),
        (
            "gradient {text} {out}",
            1,
            r"text.npy cannot be read: it is no .npy file: it begins with b'1.0 2.'; of numbers in text numpy.save makes one, "
            "numpy.save(name, numpy.loadtxt(text))\n",
        ),
        ("info {nothing}", 1, "nothing.npy cannot be read: it is no .npy file: it is empty; "),
        (
            "info {archive}",
            1,
            "archive.npy cannot be read: it is no .npy file but an archive of several, .npz; save one array of it by numpy.save\n",
        ),
        ("gradient {plain} {out} --group a", 2, "plain.npy has no groups; leave out --group"),
        ("info {nc} --group nowhere", 1, "cannot be read: it has no group 'nowhere'; leave out --group\n"),
        ("info {broken} --group a", 1, "broken.nc cannot be read: "),
    ],
)
def test_errors_are_one_line_and_a_code(words, code, said, winds, tmp_path, capsys):
    np.save(tmp_path / "objects.npy", np.array([{}, {}], object))
    np.save(tmp_path / "plain.npy", U)
    np.save(tmp_path / "complex.npy", U + 1j)
    np.save(tmp_path / "half.npy", U.astype("f2"))
    np.save(tmp_path / "long.npy", U.astype("g"))
    xr.Dataset({"T": (("z", "x"), U), "bottom": ("x", X)}, {"z": [0.0, 1, 2, 3]}).to_netcdf(
        tmp_path / "depth.nc"
    )
    (tmp_path / "broken.nc").write_bytes(b"no file at all")
    (tmp_path / "empty.nc").touch()
    (tmp_path / "text.npy").write_text("1.0 2.0\n")
    (tmp_path / "nothing.npy").touch()
    with (tmp_path / "archive.npy").open("wb") as file:
        np.savez(file, u=U)
    (tmp_path / "folder.nc").mkdir()
    places = {
        "nc": winds,
        "out": tmp_path / "out.nc",
        "objects": tmp_path / "objects.npy",
        "plain": tmp_path / "plain.npy",
        "complex": tmp_path / "complex.npy",
        "zarr": tmp_path / "out.zarr",
        **{name: tmp_path / f"{name}.npy" for name in ("half", "long", "text", "nothing", "archive")},
        **{name: tmp_path / f"{name}.nc" for name in ("broken", "depth", "empty", "folder")},
    }
    assert main(*(word.format(**places) for word in words.split())) == code
    printed = capsys.readouterr()
    assert printed.err.startswith("gridgrad: ")
    assert printed.err.count("\n") == 1
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
    assert not re.search(
        r"\b(dim|coord|edge_order|accuracy|boundary|geometry|period|radius|datetime_unit)=",
        "; ".join([said, *remedies]),
    )
    assert not re.search(r"\w[(\[]|\[c|lambda|\b(numpy|xarray|gridgrad)\.", "; ".join(remedies))
