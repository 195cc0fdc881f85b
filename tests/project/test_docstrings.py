"""The examples of every docstring run and print what they say."""

import doctest
import importlib
import re

import pytest
from house import MODULES, name_of
from optional import libraries, optional


def module(path):
    """Its name, or a parameter that asks for the library that the file or its folder is called after."""
    name = f"gridgrad.{name_of(path)}".removesuffix(".__init__")
    library = next((word for word in re.split("[._]", name) if word in libraries()), None)
    return optional(name, library) if library else name


@pytest.mark.parametrize("name", [module(path) for path in MODULES])
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    import gridgrad

    found = doctest.DocTestFinder(exclude_empty=True).find(gridgrad.gradient, "gradient")
    assert any(test.examples for test in found)
