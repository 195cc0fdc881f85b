"""A test asks for an optional library in one way, a run that leaves out more than it may fails, and a later run takes a sample."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from zlib import crc32

import pytest
from optional import Skips, libraries, requirements, verdict

SUPPORT = Path(__file__).parents[1] / "support"
PACKAGE = Path(__file__).parents[2] / "gridgrad"

CASES = """
import pytest

@pytest.mark.needs("torch.nowhere")
def test_marked():
    pass

def test_of_a_device():
    pytest.importorskip("cupy.nowhere")

@pytest.mark.gpu
def test_of_two_devices():
    pytest.skip("one CUDA device only")
"""
MODULE = 'pytest.skip("the weather", allow_module_level=True)'


def skipping_run(folder, allowed, more=""):
    """A run of a file of its own with the conftest of this folder: exit status and output."""
    shutil.copy(SUPPORT.parent / "conftest.py", folder)
    (folder / "test_one.py").write_text(CASES)
    (folder / "test_two.py").write_text(CASES + more)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = gpu\n  needs\n")
    environment = os.environ | {"PYTHONPATH": str(SUPPORT), "GRIDGRAD_MAY_SKIP": allowed}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n2", str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_a_run_without_optional_libraries_passes(tmp_path):
    status, output = skipping_run(tmp_path, "optional")
    assert "skips: 2 optional, 4 gpu, 0 other" in output, output
    assert status == 0, output


def test_a_run_that_leaves_out_more_than_it_may_fails(tmp_path):
    status, output = skipping_run(tmp_path, "gpu", more=MODULE)
    assert "skips: 1 optional, 2 gpu, 1 other" in output, output
    assert "ERROR: nothing may be skipped here for: torch" in output, output
    assert "ERROR: nothing may be skipped here for: Skipped: the weather" in output, output
    assert status == 1, output


@pytest.mark.parametrize(
    ("reason", "gpu", "kind"),
    [
        ("Skipped: could not import 'jax.numpy': No module named 'jax'", False, ("optional", "jax")),
        ("Skipped: could not import 'netCDF4': No module named 'netCDF4'", False, ("optional", "netCDF4")),
        ("Skipped: could not import 'dask.array': No module named 'dask'", False, ("optional", "dask")),
        ("Skipped: could not import 'cupyx.scipy.special': No module named", False, ("gpu", "a CUDA device")),
        ("Skipped: no CUDA device", False, ("gpu", "a CUDA device")),
        ("Skipped: 3 GiB of device memory are free", True, ("gpu", "a CUDA device")),
        ("Skipped: no locale", False, ("other", "Skipped: no locale")),
    ],
)
def test_reasons_are_told_apart(reason, gpu, kind):
    assert verdict(reason, gpu) == kind


def test_what_every_run_installs_is_not_optional():
    assert libraries() >= {"torch", "jax", "dask", "xarray", "pint", "netcdf4", "autograd"}
    for requirement in requirements("examples", "dev"):
        assert verdict(f"could not import '{requirement.name}'", False)[0] == "other"
    with pytest.raises(pytest.UsageError, match="not one of"):
        Skips("nothing")


ROOMS = {  # extras, and where what they install is imported
    "dask": ["dask", "_backends/dask"], "xarray": ["xarray", "_wraps/xarray"], "cli": ["cli"], "torch": ["torch", "_backends/torch"],
    "jax": ["_backends/jax"],
}  # fmt: skip
OTHERS = {
    "netCDF4": "by which xarray writes NetCDF",
    "numcodecs": "which comes with zarr",
    "nvidia": "beside CuPy",
}


def imported(room):
    """Libraries by the names of their modules, of statements and of `import_module`."""
    for path in (PACKAGE / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.split(".")[0] for alias in node.names)
            if isinstance(node, ast.ImportFrom) and not node.level:
                yield node.module.split(".")[0]
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "import_module":
                yield from (own.value.split(".")[0] for own in node.args if isinstance(own, ast.Constant))


@pytest.mark.parametrize("extra", ROOMS)
def test_an_extra_installs_what_its_code_imports_and_nothing_else(extra):
    always = {requirement.name.replace("-", "_") for requirement in requirements()} | {"gridgrad", *OTHERS}
    named = {requirement.name.replace("-", "_") for requirement in requirements(extra)} - always
    found = {name for room in ROOMS[extra] for name in imported(room)} - set(sys.stdlib_module_names) - always
    everywhere = {name for rooms in ROOMS.values() for room in rooms for name in imported(room)}
    assert found <= named <= everywhere


MANY = """
import pytest

def test_plain():
    pass

@pytest.mark.parametrize("value", range(40))
def test_values(value):
    assert value != {bad}
"""


def run_of_many(folder, *options, bad):
    """What a run of 41 tests with the conftest of this folder leaves out and runs: the counts of its last line."""
    shutil.copy(SUPPORT.parent / "conftest.py", folder)
    (folder / "test_many.py").write_text(MANY.format(bad=bad))
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n2", *options, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(SUPPORT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return {kind: int(count) for count, kind in re.findall(r"(\d+) (passed|failed)", done.stdout)}


def test_a_later_run_takes_a_sample_of_what_passed(tmp_path):
    """The first of every function, all that did not pass, and about one in four of the others."""
    known = tmp_path / "passed"
    assert run_of_many(tmp_path, "--write-passed", known, bad=7) == {"passed": 40, "failed": 1}
    names = known.read_text().splitlines()
    assert len(names) == 40
    assert "test_many.py::test_values[7]" not in names
    assert run_of_many(tmp_path, "--one-in", "1", bad=7) == {"passed": 40, "failed": 1}
    nothing = run_of_many(tmp_path, "--one-in", "4", "--passed", tmp_path / "nowhere", bad=7)
    assert nothing == {"passed": 40, "failed": 1}
    some = run_of_many(tmp_path, "--one-in", "4", "--passed", known, bad=7)
    assert some == {"passed": len(sample_of(40)), "failed": 1}
    assert 6 <= some["passed"] <= 16


def sample_of(count):
    """The names that the checksum picks of those that passed, and the first of both functions."""
    names = [f"test_many.py::test_values[{i}]" for i in range(count) if i != 7]
    return {"test_many.py::test_plain", names[0]} | {n for n in names if crc32(n.encode()) % 4 == 0}
