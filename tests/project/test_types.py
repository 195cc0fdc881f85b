"""Types that help: what mypy makes of users' code, and how much of the package it may not look into."""

from __future__ import annotations

import inspect
import subprocess
import sys
import typing
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from house import lines_of_any

import gridgrad as gg

CODE = Path(__file__).parents[1] / "support"
CONFIG = """
[mypy]
strict = true
warn_unused_ignores = true
[mypy-cupy.*,cupyx.*,jax.*,xarray.*,sympy.*,scipy.*,matplotlib.*,array_api_compat.*]
ignore_missing_imports = true
follow_imports = skip
"""
WITHOUT_TORCH = CONFIG.replace("[mypy-cupy.*", "[mypy-torch.*,cupy.*")


@pytest.fixture
def mypy(tmp_path, request):
    """What mypy says about a file of this project's users."""

    cache = getattr(request.config, "cache", None)  # not with -p no:cacheprovider
    kept = tmp_path / "cache" if cache is None else cache.mkdir("mypy")

    def run(name, config):
        (tmp_path / "mypy.ini").write_text(config)
        command = [sys.executable, "-m", "mypy", "--config-file", tmp_path / "mypy.ini",
                   "--cache-dir", kept, CODE / name]  # fmt: skip
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout

    return run


def test_mypy_knows_what_functions_and_operators_return(mypy):
    assert mypy("typed_code.py", WITHOUT_TORCH).startswith("Success")


@pytest.mark.needs("torch")
def test_tensors_stay_tensors(mypy):
    assert mypy("typed_torch.py", CONFIG).startswith("Success")


def test_a_wrong_type_is_told(mypy, tmp_path):
    """The other test would pass as well if gridgrad had no types at all."""
    (tmp_path / "wrong.py").write_text(
        "import numpy as np\nimport gridgrad as gg\nx: str = gg.laplacian(np.zeros((3, 4), np.float32))\n"
    )
    assert "Incompatible types in assignment" in mypy(tmp_path / "wrong.py", WITHOUT_TORCH)


def named(owner):
    """What has a name in a module or a class that users see, and is called or asked for: functions, classes, their methods."""
    names = getattr(owner, "__all__", None) or [name for name in dir(owner) if not name.startswith("_")]
    for found in (
        inspect.getattr_static(owner, name)
        for name in [*names, "__init__", "__call__"]
        if hasattr(owner, name)
    ):
        found = (
            getattr(found, "fget", None) or getattr(found, "func", None) or getattr(found, "__func__", found)
        )
        if inspect.isclass(found) and inspect.ismodule(owner):
            yield found
            yield from named(found)
        elif inspect.isfunction(found):
            yield found


def hints(owner):
    return {
        f"{found.__module__}.{found.__qualname__}": typing.get_type_hints(found) for found in named(owner)
    }


@pytest.mark.parametrize(
    "module", ["gridgrad", "gridgrad.autodiff", "gridgrad.cuda", "gridgrad.verify",
               *(pytest.param(f"gridgrad.{name}", marks=pytest.mark.needs(name)) for name in ("torch", "xarray")),
               pytest.param("gridgrad.dask", marks=[pytest.mark.needs("dask"), pytest.mark.needs("zarr")])]
)  # fmt: skip
def test_hints_can_be_read_of_all_that_is_public(module):
    for library in ("matplotlib", "scipy", "sympy"):
        pytest.importorskip(library)
    assert hints(import_module(module))


def test_hints_can_be_read_of_what_operators_are_and_make():
    sparse = pytest.importorskip("scipy.sparse")
    grid = gg.Grid((5, 1.0), boundary=["symmetric"])
    gaps = grid.with_mask(np.arange(5) > 0).laplacian
    made = [grid.laplacian, grid.laplacian @ grid.laplacian, grid.laplacian.T, grid.gradient_norm, gaps, gaps.T, grid.faces(0),
            grid.faces(), (grid.identity - grid.laplacian).solver(), gg.value(0.0), gg.no_slip()]  # fmt: skip
    found = {name: own for one in made for name, own in hints(type(one)).items()}
    assert found["gridgrad._operators.solves.Solves.solver"]["return"] is type(made[8])
    assert found["gridgrad._operators.sparse.AsMatrix.to_sparse"]["return"] is sparse.csr_array


def test_any_does_not_come_back():
    """It was on 787 lines; whoever takes more away lowers the bound."""
    counts = lines_of_any()
    assert sum(counts.values()) <= 124, counts
