"""What `import gridgrad` brings beside NumPy: a list, which is counted, and no clock."""

import json
import os
import sys

import pytest
from house import NAMES, imports_of, room_of, stems_of
from processes import posix, python

# Of the standard library and others: slow to import, and for errors, rare calls or other libraries only.
NEVER = (
    "array_api_compat", "asyncio", "cupy", "dask", "difflib", "email", "importlib.metadata", "importlib.resources", "jax",
    "logging", "multiprocessing", "numpy.fft", "numpy.ma", "numpy.polynomial", "numpy.random", "pandas", "pathlib", "pint", "random",
    "scipy", "sympy", "tempfile", "torch", "urllib", "xarray", "zipfile",
)  # fmt: skip
# Ours: what grids with gaps, lines, positions or a geometry, solves, other libraries, exact derivatives and labelled arrays need.
RARE = (
    "_backends.cuda.arrays", "_backends.cuda.device", "_backends.dask", "_backends.jax", "_backends.numpy.gaps", "_backends.torch", "_grid.curvilinear",
    "_grid.geometry.metric", "_grid.lines", "_grid.masks",
    "_operators.masked.members", "_operators.masked.operator", "_operators.masked.rows", "_operators.solving", "_wraps.xarray", "autodiff", "cli", "dask", "torch", "verify", "xarray",
)  # fmt: skip
PROGRAM = """
import sys, numpy
before = set(sys.modules)
import gridgrad
{then}
import json
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def run(code):
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "ignore"}
    return python(code, env=env, timeout=300)


def brought(then=""):
    """The modules that an import of gridgrad adds to those of NumPy."""
    return json.loads(run(PROGRAM.format(then=then)))


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


SLOW = """
import os, signal, sys, threading, time
from importlib.machinery import PathFinder
import numpy, gridgrad
begun = threading.Event()

class Slow:
    \"\"\"Whoever imports this module stays where it has the lock of the module, which is in no table yet.\"\"\"

    def find_spec(name, path=None, target=None):
        if name != module:
            return None
        spec = PathFinder.find_spec(name, path)
        create = spec.loader.create_module

        def slowly(spec):
            begun.set()
            time.sleep(1)
            return create(spec)

        spec.loader.create_module = slowly
        return spec

sys.meta_path.insert(0, Slow)
"""
TWO_THREADS = """
def run(code):
    exec(code)
    done.append(code)

done = []
threads = [threading.Thread(target=run, args=(code,)) for code in codes]
threads[0].start()
assert begun.wait(60)
threads[1].start()
[thread.join() for thread in threads]
assert sorted(done) == sorted(codes)
"""
FORK = """
thread = threading.Thread(target=exec, args=(code, globals()))
thread.start()
assert begun.wait(60)
child = os.fork()
if not child:
    signal.alarm(60)  # the child waits for ever otherwise
    exec(code)
    os._exit(0)
thread.join()
assert os.waitpid(child, 0)[1] == 0
"""
GAPS = "gridgrad.gradient(numpy.array([1.0, numpy.nan, 2.0, 3.0, 5.0]), missing='one-sided')"
FUNCTION = "gridgrad.gradient(lambda x: x**2, numpy.arange(3.0))"
TENSOR = "import torch; x = torch.arange(4.0, requires_grad=True); gridgrad.gradient(x * x, x)"


@pytest.mark.parametrize(
    ("package", "first", "second"),
    [
        ("autodiff", "gridgrad.autodiff", "gridgrad.verify"),
        ("autodiff", "gridgrad.autodiff", FUNCTION),
        ("autodiff", FUNCTION, "gridgrad.verify"),
        ("verify", "import gridgrad.verify", "gridgrad.verify"),
        ("_grid.masks.pieces", "import gridgrad._grid.masks.pieces", GAPS),
        pytest.param("torch", "import torch; gridgrad.torch", TENSOR, marks=pytest.mark.needs("torch")),
        pytest.param("_backends.dask", "import dask.array; gridgrad.gradient(dask.array.ones(4))", "gridgrad.dask",
                     marks=[pytest.mark.needs("dask"), pytest.mark.needs("zarr")]),
    ],
)  # fmt: skip
def test_two_threads_may_import_a_package_and_a_part_of_it(package, first, second):
    """Whoever imports a module of a package whose `__init__` imports that module waits for each other, or sees an error."""
    run(f"{SLOW}module, codes = 'gridgrad.{package}', {[first, second]!r}\n{TWO_THREADS}")


CURVED = "x, y = numpy.mgrid[0:4, 0:5]; gridgrad.gradient(x + y, x + 0.1 * y, y - 0.1 * x)"
SPHERE = "gridgrad.Grid((5, 30.0, -60.0), (12, 30.0), geometry='sphere').laplacian(numpy.ones((5, 12)))"
SOLVE = "gridgrad.Grid((9, 0.1), boundary=['symmetric']).identity.solver()(numpy.ones(9))"


@posix
@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("gridgrad._grid.masks.mask", GAPS),
        ("gridgrad._grid.geometry.metric", SPHERE),
        ("gridgrad._grid.curvilinear.mapping", CURVED),
        ("gridgrad._operators.masked.beside", GAPS),
        ("gridgrad._operators.solving.solver", SOLVE),
        ("gridgrad._operators.solving.bands", SOLVE),
        pytest.param("scipy.sparse", SOLVE, marks=pytest.mark.needs("scipy")),
        ("gridgrad.autodiff._exact", FUNCTION),
    ],
)
def test_a_child_may_be_forked_while_another_thread_imports(module, code):
    """A child has no thread that would go on with a module that is half imported: the fork waits until it is whole."""
    run(f"{SLOW}module, code = {module!r}, {code!r}\n{FORK}")


def test_packages_are_imported_before_their_modules():
    """From outside, of a package that imports its own modules and does not come with gridgrad: `from package import module`."""
    late = {name for name, path in NAMES.items() if path.name == "__init__.py" and any(
            other.startswith(f"{name}.") for other in imports_of(path))} - {"__init__", *_with_gridgrad()}  # fmt: skip
    assert {"autodiff", "torch", "_backends.dask"} <= late
    for name, path in NAMES.items():
        before = imports_of(NAMES[room_of(name)])
        for stem in stems_of(path):
            for package in late - before:
                assert not stem.startswith(f"{package}.") or f"{name}.".startswith(f"{package}."), (
                    name,
                    stem,
                )


def _with_gridgrad():
    return {name.removeprefix("gridgrad.") for name in brought() if name.startswith("gridgrad.")}
