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
# Runs what it is given, and reports 7 for every metric of as many launches as there were.
PROFILER = f"""#!{sys.executable}
import json, subprocess, sys
options, own = sys.argv[2:14], sys.argv[14:]
status = subprocess.run(own).returncode
given = dict(zip(options[::2], options[1::2]))
with open(given["--log-file"], "w") as report:
    print("==PROF== Connected", '"ID","Kernel Name","Metric Name","Metric Unit","Metric Value"', sep="\\n", file=report)
    for k in range(sum(row["launches"] for row in json.load(open(own[-1])))):
        for metric in given["--metrics"].split(","):
            print(f'"{{k}}","gridgrad_apply","{{metric}}","byte","1,007"', file=report)
sys.exit(status)
"""


def dry_run(folder, *options, finds="nothing"):
    """Exit status, what was printed, and a dict of the table's lines."""
    for name, text in (("compute-sanitizer", SANITIZER.replace("FINDS", finds)), ("ncu", PROFILER)):
        program = folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(text)
        program.chmod(0o755)
    command = [sys.executable, COMMAND, "--through", "tests/fakes/dry_device.py", "--workers", "0", "--small",
               "--benchmark=--only 'vector laplacian 512'", "--out", folder / "out", *options]  # fmt: skip
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PATH": path})
    assert done.returncode in (0, 1), done.stderr
    printed, _, lines = done.stdout.rpartition("## steps")
    return (
        done.returncode,
        printed + done.stderr,
        {line.split()[0]: line for line in lines.strip().splitlines()},
    )


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler for the host-run CUDA kernel")
def test_all_steps(tmp_path):
    """A sanitizer that reports something is a failure, and the steps behind it run all the same."""
    tests = [
        "backends/cuda/device",
        "backends/test_protocol.py",
        "grid/test_spacing.py",
        "project/test_readme.py",
    ]
    status, printed, table = dry_run(
        tmp_path, "--tests", *(f"tests/{name}" for name in tests),
        "--select", "not layouts and not operators and not bits_of and not rows", finds="memcheck",
    )  # fmt: skip
    assert list(table) == ["tests", "planted", "memcheck", "initcheck", "traffic", "benchmark"], printed
    outcomes = {name: " ok " in line for name, line in table.items()}
    assert outcomes == {name: name != "memcheck" for name in table}, printed
    assert "exit 99" in table["memcheck"]
    assert "ERROR SUMMARY: of initcheck" in table["initcheck"]
    assert status == 1
    assert "vector laplacian 512^3 float32" in (tmp_path / "out" / "gpu.json").read_text()
    assert len(list((tmp_path / "out").iterdir())) <= 7  # beside the log of an installation


def test_a_step_that_hangs_is_interrupted(tmp_path):
    """Its log tells how far it came."""
    spec = spec_from_file_location("gpu_command", COMMAND)
    own = module_from_spec(spec)
    spec.loader.exec_module(own)
    code = "import time; print('so far', flush=True); time.sleep(60)"
    result = own.run(own.Step("slow", [sys.executable, "-c", code], 3, "so far\n"), tmp_path / "log", 3)
    assert (result.outcome, result.told) == ("out of time", "so far")
    assert result.seconds < 40
    assert own.run(own.Step("none", ["no-such-program"], 3, ""), tmp_path / "log", 3).outcome == "left out"
