"""What `import gridgrad` brings beside NumPy: a list, which is counted, and no clock."""

import json
import os
import subprocess
import sys

import pytest

# Of the standard library and others: slow to import, and for errors, rare calls or other libraries only.
NEVER = (
    "array_api_compat", "asyncio", "cupy", "dask", "difflib", "email", "importlib.metadata", "importlib.resources", "jax",
    "logging", "multiprocessing", "numpy.fft", "numpy.ma", "numpy.polynomial", "numpy.random", "pandas", "pathlib", "pint", "random",
    "scipy", "sympy", "tempfile", "torch", "urllib", "xarray", "zipfile",
)  # fmt: skip
# Ours: what grids with gaps, solves, other libraries, exact derivatives and labelled arrays need.
RARE = (
    "_backends.cuda.arrays", "_backends.cuda.device", "_backends.dask", "_backends.jax", "_backends.numpy.gaps", "_backends.torch", "_grid.masks",
    "_operators.masked.members", "_operators.masked.operator", "_operators.solving", "_wraps.xarray", "autodiff", "cli", "dask", "torch", "verify", "xarray",
)  # fmt: skip
PROGRAM = """
import sys, numpy
before = set(sys.modules)
import gridgrad
{then}
import json
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def brought(then=""):
    """The modules that an import of gridgrad adds to those of NumPy."""
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(then=then)], check=True, capture_output=True, text=True, env=env
    )
    return json.loads(done.stdout)


def within(names, roots):
    """Those names that are modules of these packages, or the packages."""
    return [name for name in names if any(name == root or name.startswith(root + ".") for root in roots)]


def test_an_import_brings_nothing_that_a_small_call_does_not_need():
    modules = brought()
    assert within(modules, NEVER) == []
    assert within(modules, [f"gridgrad.{name}" for name in RARE]) == []


@pytest.mark.parametrize(
    ("call", "module"),
    [
        ("gridgrad.gradient(numpy.ma.ones(5))", "numpy.ma"),
        ("gridgrad.Grid((5, 1.0)).with_mask(numpy.ones(5, bool)).laplacian(numpy.ones(5))", "gridgrad._grid.masks.mask"),
        ("getattr(gridgrad, 'verify')", "gridgrad.verify"),
    ],
)  # fmt: skip
def test_what_is_not_imported_comes_with_what_needs_it(call, module):
    assert module in brought(call)


def test_first_calls_of_plain_arrays_import_nothing():
    """Or a fork in another thread could leave the child a lock of a half imported module."""
    calls = (
        "u, x = numpy.ones((5, 6)), numpy.arange(5.0) ** 2\n"
        "gridgrad.gradient(u, x, 0.1)\n"
        "gridgrad.laplacian(u, x, 0.1, out=u)\n"
        "grid = gridgrad.Grid(x, (6, 0.1), boundary=['reflect', 'periodic'])\n"
        "grid.gradient(u), grid.divergence((u, u)), grid.advect((u, u))(u), grid.diffuse(u)(u)"
    )
    assert brought(calls) == brought()
