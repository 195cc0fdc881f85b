"""`make gpu` without a device: its steps on the stand-in for CuPy and host-run kernels, a failing one among them."""

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from host_kernels import compiler
from processes import posix

ROOT = Path(__file__).parents[2]
COMMAND = ROOT / ".ci" / "gpu.py"
pytestmark = [posix, pytest.mark.skipif(not COMMAND.exists(), reason="not a checkout")]

# Runs what it is given, as the sanitizer does, and tells of an error where it is asked to.
SANITIZER = """#!/bin/sh
while [ "${1#--}" != "$1" ]; do [ "$1" = --tool ] && tool=$2; shift 2; done
"$@" || exit $?
echo "========= ERROR SUMMARY: of $tool"
case "$tool $*" in FINDS*|*planted_on_device*) exit 99;; esac
"""


def dry_run(folder, *options, finds="nothing"):
    """Exit status, what was printed, and a dict of the table's lines."""
    program = folder / "bin" / "compute-sanitizer"
    program.parent.mkdir(exist_ok=True)
    program.write_text(SANITIZER.replace("FINDS", finds))
    program.chmod(0o755)
    command = [sys.executable, COMMAND, "--through", "tests/support/dry_device.py", "--workers", "0",
               "--benchmark=--small --only 'vector laplacian 512'", "--out", folder / "out", *options]  # fmt: skip
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PATH": path})
    assert done.returncode in (0, 1), done.stderr
    lines = (folder / "out" / "steps.txt").read_text().splitlines()
    return done.returncode, done.stdout + done.stderr, {line.split()[0]: line for line in lines}


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler for the host-run CUDA kernel")
def test_all_steps(tmp_path):
    """A sanitizer that reports something is a failure, and the steps behind it run all the same."""
    files = [f"tests/backends/cuda/test_gpu_{name}.py" for name in ("streams", "exchange", "torch")]
    status, printed, table = dry_run(
        tmp_path, "--tests", *files, "--select", "not layouts and not operators", finds="memcheck"
    )
    assert list(table) == ["tests", "planted", "memcheck", "initcheck", "benchmark"], printed
    assert " ok " in table["tests"], printed
    assert " ok " in table["planted"], printed
    assert " exit 99 " in table["memcheck"], printed
    assert " ok " in table["initcheck"], printed
    assert "ERROR SUMMARY: of initcheck" in table["initcheck"]
    assert status == 1
    assert printed.rstrip().splitlines()[-1].strip() == table["benchmark"].strip()
    assert "vector laplacian 512^3 float32" in (tmp_path / "out" / "gpu.json").read_text()


def test_a_step_that_hangs_is_interrupted(tmp_path):
    """Its log tells how far it came."""
    spec = spec_from_file_location("gpu_command", COMMAND)
    own = module_from_spec(spec)
    spec.loader.exec_module(own)
    code = "import time; print('so far', flush=True); time.sleep(60)"
    result = own.run(own.Step("slow", [sys.executable, "-c", code], 3, "so .*"), tmp_path / "log", 3)
    assert (result.outcome, result.told) == ("out of time", "so far")
    assert result.seconds < 40
    assert own.run(own.Step("none", ["no-such-program"], 3, ""), tmp_path / "log", 3).outcome == "left out"
