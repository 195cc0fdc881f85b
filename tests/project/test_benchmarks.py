"""The benchmarks run at a tiny size, with their values compared, and print their tables, whichever peers are there."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from host_kernels import compiler
from scripts import FOLDER, run_benchmark

DRY = Path(__file__).parents[1] / "fakes" / "dry_gpu.py"

PEERS = ("torch", "jax", "autograd", "numba", "findiff", "pde", "metpy", "scipy.ndimage")
NAMES = ("torch", "jax", "jnp", "HIPS", "numba", "findiff", "py-pde", "MetPy", "scipy.ndimage")


def measured(script, folder, without=()):
    """What a benchmark prints, and the rows of the JSON file that it writes."""
    printed = run_benchmark(script, "--quick", "--out", folder, without=without)
    (path,) = folder.glob("2*.json" if script == "gradient" else f"{script}-2*.json")
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert all(row["gridgrad"]["min"] > 0 for row in rows.values())
    return printed, rows


@pytest.mark.parametrize("without", [(), PEERS], ids=["any peers", "no peers"])
def test_operators(tmp_path, without):
    printed, rows = measured("operators", tmp_path, without)
    assert len(rows) == 45
    assert (
        printed.count("goal <= ") == 2 * 46 + 2
    )  # by each row and in the end, and the memory of two operators
    table = run_benchmark("operators", "--table", "--out", tmp_path)
    assert "| Gray-Scott step, 512² |" in table
    gaps = rows["laplacian, an island, 512²"]  # which have a table of their own, a column for each size
    ratio = gaps["gridgrad"]["min"] / gaps["gridgrad, no gaps"]["min"]
    assert f"\n| laplacian, an island | {ratio:.2f} | " in table
    assert "an island, 512²" not in table
    assert without == () or not any(name.startswith(NAMES) for row in rows.values() for name in row)


@pytest.mark.parametrize(
    "without",
    [
        pytest.param((), marks=pytest.mark.needs("torch", "jax", "autograd")),
        pytest.param(("jax", "autograd"), marks=pytest.mark.needs("torch")),
    ],
    ids=["all peers", "torch alone"],
)
def test_autodiff(tmp_path, without):
    printed, rows = measured("autodiff", tmp_path, without)
    assert len(rows) == 8
    assert printed.count("goal <= ") == 2 * 16  # by each row and in the end
    assert "| backward of differences, 2000² float32 |" in run_benchmark(
        "autodiff", "--table", "--out", tmp_path
    )
    names = {name for row in rows.values() for name in row}
    assert {"torch.gradient", "torch.func.vjp"} <= names
    assert {"jax.jit", "HIPS autograd"} & names == (set() if without else {"jax.jit", "HIPS autograd"})


@pytest.mark.parametrize("without", [PEERS, ("torch",)], ids=["no peers", "without torch"])
def test_autodiff_without_the_library_that_goes_back(tmp_path, without):
    """Four rows go back through torch's graphs: they are left out, said so, and their goals are not measured."""
    printed, rows = measured("autodiff", tmp_path, without)
    assert len(rows) == 4
    assert printed.count("  left out: ") == 4
    assert printed.count("goal <= ") == 10 + 16
    assert "backward of differences, 2000² float32: goal <= 0.1 x torch.gradient: not measured" in printed
    table = run_benchmark("autodiff", "--table", "--out", tmp_path)
    assert table.count("\n| gradient of a function") == 2
    assert "backward" not in table
    assert without != PEERS or not any(name.startswith(NAMES) for row in rows.values() for name in row)


def test_gradient_without_peers(tmp_path):
    printed, rows = measured("gradient", tmp_path, PEERS)
    assert len(rows) == 7
    assert printed.count("skipped, torch is not installed") == 7
    assert {name for row in rows.values() for name in row} == {
        "gridgrad",
        "np.gradient",
    }  # too small for the ceiling
    table = run_benchmark("gradient", "--table", "--out", tmp_path)
    assert table.count(" | - | - | - | - | - | - |\n") == 7


def test_solve(tmp_path):
    """The same values as SuperLU's."""
    path = tmp_path / "solve.json"
    assert run_benchmark("solve", "--small", "--json", path).count("times as long") == 6
    assert all(row["apart"] < 1e-10 for row in json.loads(path.read_text(encoding="utf-8")))


def test_calls(tmp_path):
    """Every small call, beside itself under another interpreter, and the ratios that have a goal."""
    path = tmp_path / "calls.json"
    quick = "--rounds", "1", "--runs", "1", "--json", path
    printed = run_benchmark("calls", *quick, "--base", sys.executable)
    rows = json.loads(path.read_text(encoding="utf-8"))["calls"]
    assert {"gradient", "laplacian(u, x, y)", "operator, out="} < set(rows)
    assert all(row["to base"] == row["seconds"] / row["base"] > 0 for row in rows.values())
    assert printed.count("(goal ") == (17 if "torch gradient" in rows else 7)


def test_loops(tmp_path):
    """Every operator on every CPU level, with numba or without it."""
    path = tmp_path / "loops.json"
    printed = run_benchmark("loops", "--small", "--rounds", "1", "--only", "2^2 uniform", "--json", path)
    levels = json.loads(path.read_text(encoding="utf-8"))["levels"]
    assert next(iter(levels)) == "x86-64" if platform.machine() in ("x86_64", "AMD64") else len(levels) == 1
    assert {len(rows) for rows in levels.values()} == {30}
    assert printed.count("gridgrad over the loop") == len(levels)
    assert all(row["seconds"] > 0 and row["goal"] >= 1 for rows in levels.values() for row in rows.values())


def test_the_gpu_script_says_what_is_missing(tmp_path):
    """It measures nothing without CuPy and a device."""
    with pytest.raises(AssertionError, match="no CUDA device: CuPy is missing or finds no driver"):
        run_benchmark("gpu", "--json", tmp_path / "gpu.json", without=("cupy",))


def dry(folder, *arguments, kernels=False, **environment):
    """The benchmark of a device on a stand-in for CuPy: what it prints, and its report."""
    command = [sys.executable, DRY, *([] if kernels else ["--no-kernels"]), FOLDER / "gpu.py"]
    command += ["--json", folder / "gpu.json", "--small", *arguments]
    environment = {**os.environ, "GRIDGRAD_DRY_GPU": str(folder), **environment}
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout, json.loads((folder / "gpu.json").read_text(encoding="utf-8"))


needs_compiler = pytest.mark.skipif(
    compiler() is None, reason="no C++ compiler for the host-run CUDA kernels"
)


@needs_compiler
def test_every_row_of_the_gpu_script(tmp_path):
    """All that needs no other library, with gridgrad's kernels not run: their values are said to differ."""
    printed, report = dry(tmp_path, "--only", "rows: ,small calls: ", GRIDGRAD_DRY_WITHOUT="torch jax")
    rows, calls = report["rows"], report["small calls"]
    ours = {name for name in rows if "torch" not in name}
    assert len(ours) == 71
    assert all(
        rows[name]["ms"] > 0 and rows[name]["copy"]["ms"] > 0 and rows[name]["kernels"] for name in ours
    )
    assert all(rows[name]["bits"]["differing"] > 0 for name in ours)
    assert {name for name, call in calls.items() if "error" in call} == {
        name for name in calls if "torch" in name or "jax" in name
    }
    assert len(calls) == 12
    assert all("torch" in name or "jax" in name for name in failed(report))
    assert report["not run"] == []
    lines = printed[printed.index("of copy") :].splitlines()
    assert len(lines) <= 46
    assert max(map(len, lines)) <= 110
    table = run_benchmark("gpu", "--table", tmp_path / "gpu.json")
    assert "| gradient 512^3 float32 | " in table


@needs_compiler
def test_values_of_the_gpu_script(tmp_path):
    """With all kernels run, the bits are those of the host, and what one writes by hand agrees."""
    only = "--only", "rows: gradient 512^3 float64,rows: laplacian 512^3 float64"
    _, report = dry(tmp_path, *only, kernels=True, GRIDGRAD_DRY_WITHOUT="torch jax")
    rows = report["rows"]
    assert len(rows) == 4
    assert all(
        row[bits]["differing"] == 0 for row in rows.values() for bits in ("bits", "bits in the middle")
    )
    found = {
        name for row in rows.values() for name, peer in row.get("peers", {}).items() if peer.get("agrees")
    }
    assert found == {"one thread a point", "2.5-D kernel", "cupy.gradient", "cupyx.scipy.ndimage.laplace"}
    (tmp_path / "gpu.json").replace(tmp_path / "before.json")
    again, _ = dry(tmp_path, "--only", "rows: gradient 512^3 float64", "--compare", tmp_path / "before.json")
    assert "before/now" in again


@needs_compiler
@pytest.mark.parametrize(
    "library", [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("torch", "jax")]
)
def test_peers_of_the_gpu_script(tmp_path, library):
    """On the same arrays, in the same dtype, with the same values."""
    _, report = dry(tmp_path, "--only", f"float64 | {library},coordinates | {library}", kernels=True)
    peers = {name: peer for name, row in report["rows"].items() for peer in row["peers"].values()}
    assert len(peers) == {"torch": 3, "jax": 4}[library]
    assert all(peer.get("agrees") for peer in peers.values())


@needs_compiler
@pytest.mark.parametrize("fault", ["raise", "exit", "hang"])
def test_the_gpu_script_survives(tmp_path, fault):
    """A task that raises, ends its process or hangs is a line of the report; the tasks after it are run."""
    _, report = dry(tmp_path, "--only", "rows: derivative", "--longest", "5", GRIDGRAD_DRY_FAULT=fault)
    assert len(report["rows"]) == 7
    assert failed(report) == ["derivative 1 512^3 float32"]
    assert report["running"] is None


@needs_compiler
def test_what_the_gpu_script_had_no_time_for_is_named(tmp_path):
    _, report = dry(tmp_path, "--seconds", "0", "--only", "rows: derivative")
    assert report["not run"] == report["tasks"]
    assert len(report["tasks"]) == 7


def failed(report):
    """Names of what has an error in its place."""
    rows = report["rows"]
    peers = [
        f"{row} | {name}"
        for row, entry in rows.items()
        for name, peer in entry.get("peers", {}).items()
        if "error" in peer
    ]
    return [name for name, row in rows.items() if "error" in row] + peers


@pytest.mark.needs("dask", "zarr")
def test_scale(tmp_path):
    printed = run_benchmark("scale", "--quick", "--out", tmp_path)
    assert "| tasks per chunk, gridgrad gradient, axes: 3 | 6.00 | <= 9 |" in printed
    assert run_benchmark("scale", "--table", "--out", tmp_path).strip() in printed
