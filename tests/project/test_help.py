"""What `help`, pydoc and completion show of the classes that users meet: what is for users, and all of that has a docstring."""

import inspect
import pydoc
import re

import numpy as np
import pytest

import gridgrad as gg

GRID = gg.Grid((8, 1.0), (9, 1.0), boundary="periodic")
OBJECTS = {
    "grid": GRID,
    "operator": GRID.laplacian,
    "sum": GRID.identity + GRID.advect((1.0, 2.0)),
    "product": GRID.divergence @ GRID.gradient,
    "beside gaps": GRID.with_mask(np.ones((8, 9), bool)).gradient,
    "norm": GRID.gradient_norm,
    "faces": GRID.faces(0),
    "all faces": GRID.faces(),
    "solver": (GRID.identity - GRID.laplacian).solver(),
}
FUNCTIONS = [name for name in gg.__all__ if inspect.isfunction(getattr(gg, name)) and "Returns\n" in (inspect.getdoc(getattr(gg, name)) or "")]  # fmt: skip


def public(names):
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("of", OBJECTS.values(), ids=OBJECTS)
def test_help_lists_what_completion_does(of):
    attributes = {own.name for own in inspect.classify_class_attrs(type(of))}  # as pydoc asks
    shown, completed = public(attributes), set(dir(of))
    assert shown <= completed  # nothing that only other modules call
    said = (
        inspect.getdoc(type(of))
        .replace("lengths, axes : ", "lengths : \naxes : ")
        .replace("edge_order, dtype :", "edge_order : \ndtype : ")
    )
    assert all(f"\n{name} : " in said for name in completed - shown)  # what objects have, and not their class
    assert all(hasattr(type(of), name) or name in vars(of) for name in completed)
    assert all(inspect.getdoc(getattr(type(of), name)) for name in shown)


def test_help_of_operators_says_how_they_are_called():
    for kind in (gg.Operator, *map(type, OBJECTS.values())):
        if issubclass(kind, gg.Operator):
            text = inspect.getdoc(kind.__call__)
            assert all(f"\n{name} : " in text for name in ("f", "out", "workers", "add"))


def test_help_of_a_grid_has_its_operators_and_positions():
    text = pydoc.render_doc(gg.Grid, renderer=pydoc.plaintext)
    assert all(name in text for name in ("laplacian", "with_mask", "measure", "coordinates"))
    assert "clean_axis" not in text


@pytest.mark.parametrize("name", [name for name in gg.__all__ if inspect.isfunction(getattr(gg, name))])
def test_parameters_are_described_in_the_order_of_the_call(name):
    function = getattr(gg, name)
    section = inspect.getdoc(function).partition("Parameters\n----------\n")[2].partition("\n\nReturns\n")[0]
    described = [
        word.lstrip("*")
        for line in section.splitlines()
        if line and not line.startswith(" ")
        for word in line.partition(" :")[0].split(", ")
    ]
    known = [own for own in inspect.signature(function).parameters if own in described]
    assert [own for own in described if own in known] == known


@pytest.mark.parametrize("name", ["autodiff", "cuda", "verify"])
def test_help_of_modules_lists_what_is_offered(name):
    module = getattr(gg, name)
    assert all(inspect.getdoc(getattr(module, own)) for own in module.__all__)
    text = pydoc.render_doc(module, renderer=pydoc.plaintext)
    assert "ITEM_BYTES" not in text


def test_accessors_say_what_they_have():
    xarray = pytest.importorskip("xarray")
    pytest.importorskip("gridgrad.xarray")
    f = xarray.DataArray(np.ones(3), dims="x")
    assert repr(f.gridgrad).startswith("<gridgrad functions of a DataArray: advect, biharmonic")
    assert "divergence" in repr(f.to_dataset(name="f").gridgrad)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_sections_of_functions_begin_at_the_margin(name):
    """Also where Python strips what the lines of a docstring have in common before paragraphs that all share are put in."""
    lines = inspect.getdoc(getattr(gg, name)).splitlines()
    titles = [k for k, line in enumerate(lines) if re.fullmatch(" *-{4,}", line)]
    assert len(titles) >= 2
    assert all(lines[k][0] == "-" and lines[k - 1][0] != " " for k in titles)
    entries = [line for line in lines[titles[0] + 1 : titles[1] - 1] if line]
    assert entries[0][0] != " "
    assert {len(line) - len(line.lstrip()) for line in entries} == {0, 4}


@pytest.mark.parametrize("of", [gg.Grid, *map(type, OBJECTS.values())], ids=lambda of: of.__name__)
def test_help_has_no_machinery(of):
    """What classes have for Python, type checkers and each other is left out, and so are annotations."""
    text = pydoc.render_doc(of, renderer=pydoc.plaintext)
    for noise in (
        "__add__",
        "__array_ufunc__",
        "__orig_bases__",
        "__dict__",
        "__class_getitem__",
        "_*_",
        "object at 0x",
        ": '",
        "(grid:",
    ):
        assert noise not in text.partition("Methods ")[2], noise


METHODS = ("advect", "derivative", "diffuse", "directional_derivative", "faces", "mixed_derivative", "multiply", "with_breaks", "with_mask")  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_parameters_of_methods_are_listed(name):
    method = getattr(gg.Grid, name)
    section = inspect.getdoc(method).partition("Parameters\n----------\n")[2].partition("\n\nReturns\n")[0]
    described = re.findall(r"^(\w[\w, ]*) :", section, re.MULTILINE)
    assert [word for line in described for word in line.split(", ")] == list(
        inspect.signature(method).parameters
    )[1:]
