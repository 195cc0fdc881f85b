"""The examples, imported as they are run."""

import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def example(monkeypatch):
    """Import a module of examples/ or benchmarks/ as if run from its folder; forgotten afterwards."""

    def load(folder, name):
        before = set(sys.modules)
        monkeypatch.syspath_prepend(str(ROOT / folder))
        module = importlib.import_module(name)
        for new in set(sys.modules) - before:
            path = getattr(sys.modules[new], "__file__", None)
            if path and Path(path).parent == ROOT / folder:
                monkeypatch.setitem(sys.modules, new, sys.modules[new])
                monkeypatch.delitem(sys.modules, new)
        return module

    return load
