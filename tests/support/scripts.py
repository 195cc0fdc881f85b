"""Scripts of benchmarks/ run as the Makefile runs them."""

import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "benchmarks"


WITHOUT = """
import runpy, sys
missing, *sys.argv = sys.argv[1:]
sys.modules.update(dict.fromkeys(missing.split()))  # importing these raises ModuleNotFoundError
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_benchmark(name, *arguments, without=()):
    """What the script prints, where the libraries `without` are missing; its errors are the message when it fails."""
    path = os.pathsep.join([str(FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, " ".join(without), FOLDER / f"{name}.py", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
