"""The examples of every docstring run and print what they say."""

import doctest
import importlib

import pytest
from test_architecture import MODULES, name_of

NEEDED = {"torch": "torch", "_torch": "torch", "_jax": "jax"}


@pytest.mark.parametrize("name", [name_of(path) for path in MODULES])
def test_examples(name):
    module = f"gridgrad.{name}".removesuffix(".__init__")
    for prefix, library in NEEDED.items():
        if module.split(".")[-1].startswith(prefix):
            pytest.importorskip(library)
    assert doctest.testmod(importlib.import_module(module)).failed == 0


def test_there_are_examples():
    import gridgrad

    found = doctest.DocTestFinder(exclude_empty=True).find(gridgrad.gradient, "gradient")
    assert any(test.examples for test in found)
