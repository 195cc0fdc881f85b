"""The command `gridgrad`, in a process of its own or in this one, and a file of winds for it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

xr = pytest.importorskip("xarray")
pytest.importorskip("netCDF4")

X, Y = np.array([0.0, 1, 3, 4, 6]), np.linspace(0, 2, 4)
RANDOM = np.random.default_rng(2)
DATA = xr.Dataset(
    {name: (("y", "x"), RANDOM.standard_normal((4, 5)), {"units": "m s-1"}) for name in ("u", "v")},
    coords={"x": ("x", X, {"units": "m"}), "y": ("y", Y, {"units": "m"}), "h": ("x", X**2, {"units": "m"})},
    attrs={"history": "made by a test"},
)
U, V = DATA.u.values, DATA.v.values


def start(*words, **options):
    command = [sys.executable, "-P", "-m", "gridgrad.cli", *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def run(*words):
    process = start(*words)
    output, errors = process.communicate()
    assert "Traceback" not in errors
    return process.returncode, output, errors


def main(*words):
    """In this process, as starting one takes its time."""
    from gridgrad.cli import main

    return main([*map(str, words)])
