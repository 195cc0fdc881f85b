"""`make gpu` without a device: its steps on the stand-in for CuPy and host-run kernels, a failing one among them."""

import json
import os
import runpy
import subprocess
import sys
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
    command = [sys.executable, COMMAND, "--through", "tests/support/dry_device.py", "--workers", "0", "--small",
               "--out", folder / "out", *options]  # fmt: skip
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PATH": path})
    lines = (folder / "out" / "steps.txt").read_text().splitlines()
    return done.returncode, done.stdout + done.stderr, {line.split()[0]: line for line in lines}


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler for the host-run CUDA kernel")
def test_all_steps(tmp_path):
    """A sanitizer that reports something is a failure, and the steps behind it run all the same."""
    files = [f"tests/backends/cuda/test_gpu_{name}.py" for name in ("streams", "exchange", "torch")]
    status, printed, table = dry_run(
        tmp_path, "--tests", *files, "--select", "fresh or (not nothing)", finds="memcheck"
    )
    assert list(table) == ["tests", "planted", "memcheck", "initcheck", "benchmark"], printed
    assert " ok " in table["tests"], printed
    assert " ok " in table["planted"], printed
    assert " exit 99 " in table["memcheck"], printed
    assert " ok " in table["initcheck"], printed
    assert "ERROR SUMMARY: of initcheck" in table["initcheck"]
    assert status == 1
    assert printed.rstrip().splitlines()[-1].strip() == table["benchmark"].strip()
