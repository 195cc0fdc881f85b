"""Types that help: what mypy makes of users' code, and how much of the package it may not look into."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from house import lines_of_any

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


def test_any_does_not_come_back():
    """It was on 787 lines; whoever takes more away lowers the bound."""
    counts = lines_of_any()
    assert sum(counts.values()) <= 127, counts
