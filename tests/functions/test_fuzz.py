"""The seeded differential fuzz of `fuzz.py`, in volume, and that it can find something."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import fuzz
import numpy as np
import pytest

import gridgrad as gg


@pytest.mark.parametrize("seed", [0, 10_000_000, 20_000_000, 30_000_000])
def test_no_fault_in_25_000_calls(seed):
    found = fuzz.run(seed, 25_000)
    assert found is None, found


@pytest.mark.parametrize("where", ["first", "last", "one axis"])
def test_an_error_of_three_ulp_in_float32_is_found_and_can_be_replayed(where, monkeypatch):
    honest = gg.gradient

    def slightly_wrong(f, *spacing, **keywords):
        got = honest(f, *spacing, **keywords)
        many = got if isinstance(got, tuple) else (got,)
        if where == "one axis" and isinstance(got, tuple):
            return got
        for result in many:
            if result.dtype == np.float32:
                result[(0 if where != "last" else -1,) * result.ndim] *= np.float32(1 + 3 * 2.0**-23)
        return got

    monkeypatch.setattr(fuzz.gg, "gradient", slightly_wrong)
    found = fuzz.run(0, 3000)
    assert found is not None
    command = shlex.split(found.splitlines()[-1].removeprefix("replay: python tests/support/"))
    assert command[0] == "fuzz.py"
    assert fuzz.run(int(command[2]), 1) is not None
    monkeypatch.undo()
    assert fuzz.run(int(command[2]), 1) is None


def test_the_command_line_runs():
    script = Path(fuzz.__file__)
    done = subprocess.run(
        [sys.executable, script, "--seed", "5", "--calls", "50"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stdout) == (0, "no fault in 50 calls\n")
