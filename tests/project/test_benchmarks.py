"""The benchmarks run at a tiny size, with their values compared, and print their tables, whichever peers are there."""

import json
import sys

import pytest
from scripts import run_benchmark

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
    assert len(rows) == 12
    assert (
        printed.count("goal <= ") == 2 * 13 + 2
    )  # by each row and in the end, and the memory of two operators
    assert "| Gray-Scott step, 512² |" in run_benchmark("operators", "--table", "--out", tmp_path)
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
    assert len(rows) == 6
    assert printed.count("goal <= ") == 2 * 12  # by each row and in the end
    assert "| backward of differences, 2000² float32 |" in run_benchmark(
        "autodiff", "--table", "--out", tmp_path
    )
    names = {name for row in rows.values() for name in row}
    assert {"torch.gradient", "torch.func.vjp"} <= names
    assert {"jax.jit", "HIPS autograd"} & names == (set() if without else {"jax.jit", "HIPS autograd"})


@pytest.mark.parametrize("without", [PEERS, ("torch",)], ids=["no peers", "without torch"])
def test_autodiff_without_the_library_that_goes_back(tmp_path, without):
    """Two rows are backward passes of torch tensors: they are left out, said so, and their goals are not measured."""
    printed, rows = measured("autodiff", tmp_path, without)
    assert len(rows) == 4
    assert printed.count("  left out: ") == 2
    assert printed.count("goal <= ") == 10 + 12
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
    assert run_benchmark("solve", "--small", "--json", path).count("times as long") == 3
    assert all(row["apart"] < 1e-10 for row in json.loads(path.read_text(encoding="utf-8")))


def test_calls(tmp_path):
    """Every small call, beside itself under another interpreter, and the ratios that have a goal."""
    path = tmp_path / "calls.json"
    quick = "--rounds", "1", "--runs", "1", "--json", path
    printed = run_benchmark("calls", *quick, "--base", sys.executable)
    rows = json.loads(path.read_text(encoding="utf-8"))["calls"]
    assert {"gradient", "laplacian(u, x, y)", "operator, out="} < set(rows)
    assert all(row["to base"] == row["seconds"] / row["base"] > 0 for row in rows.values())
    assert printed.count("(goal ") == 4 + ("torch gradient" in rows)


def test_the_gpu_script_says_what_is_missing(tmp_path):
    """It measures nothing without CuPy and a device, and its peers are lines that may be missing."""
    with pytest.raises(AssertionError, match="no CUDA device: CuPy is missing or finds no driver"):
        run_benchmark("gpu", without=("cupy",))
