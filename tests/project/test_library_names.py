"""No library's name stands outside its room: what a library is asked for is a method of its back end."""

import ast
import re

import pytest
from house import MODULES, TREES, name_of

# Names of libraries, and of what only one of them has.
NAMES = {
    "torch", "cupy", "cupyx", "jax", "jaxlib", "dask", "xarray", "pandas", "functorch", "detach", "requires_grad",
    "__cuda_array_interface__", "Tracer",
}  # fmt: skip
ROOMS = (
    "_backends.numpy", "_backends.torch", "_backends.cuda", "_backends.jax", "_backends.dask", "_wraps", "torch", "dask", "xarray", "cli",
    "autodiff._engines", "autodiff._torch_series",
)  # fmt: skip
ENGINES = "functions are differentiated by engines, some of which are libraries of arrays"
ALLOWED = {
    "_backends.dispatch": ({"torch", "cupy", "jax", "jaxlib", "dask", "requires_grad"}, "the table"),
    "_base.tracing": (
        {"torch", "jax", "Tracer"},
        "whether a compiler runs, asked before anything is imported",
    ),
    "_backends.once": ({"torch"}, "what its compiler keeps, by a statement that it can trace"),
    "_base.words": ({"torch"}, "gridgrad.torch is a public module, whose keywords are told apart"),
    "_base.words.names": ({"dask"}, "gridgrad.dask is a public module, with a function to type"),
    "__init__": (
        {"torch", "dask", "xarray"},
        "gridgrad.torch, gridgrad.dask and gridgrad.xarray are public modules",
    ),
    "_functions.share": ({"xarray"}, "the words on parameters, which name a public module"),
    "_functions.gradient": ({"torch", "requires_grad"}, "spacings that are tensors are differentiated by"),
    "verify._compare": ({"torch", "jax"}, ENGINES),
    "autodiff._dense": ({"torch", "jax", "cupy"}, ENGINES),
    "autodiff._evaluate": ({"torch", "jax", "jaxlib", "cupy", "requires_grad", "detach"}, ENGINES),
    "autodiff._exact": ({"torch", "jax"}, "the engines of its docstrings"),
    "autodiff._typed": ({"torch", "jax"}, ENGINES),
    "autodiff._jets.jet": ({"cupy", "cupyx"}, ENGINES),
    "autodiff._jets.mesh": ({"cupy"}, ENGINES),
    "autodiff._jets.plain": ({"cupy"}, ENGINES),
    "autodiff._jets.run": ({"cupy"}, ENGINES),
}


def is_room(name):
    return any(name == room or name.startswith(f"{room}.") for room in ROOMS)


def silent(tree):
    """Nodes whose text is for readers: docstrings, and the words of errors."""
    for node in ast.walk(tree):
        if (
            isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
            and ast.get_docstring(node) is not None
        ):
            yield node.body[0].value
        elif isinstance(node, ast.Raise):
            yield from ast.walk(node)


def words_of(node):
    """The names that a node of code says."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.findall(r"\w+", node.value)
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        return [node.attr]
    if isinstance(node, ast.alias):
        return node.name.split(".")
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").split(".")
    return []


def names_in(tree):
    """The libraries that code names."""
    unread = set(map(id, silent(tree)))
    return {word for node in ast.walk(tree) if id(node) not in unread for word in words_of(node)} & NAMES


@pytest.mark.parametrize("path", [p for p in MODULES if not is_room(name_of(p))], ids=name_of)
def test_names_stand_in_their_rooms(path):
    allowed, _ = ALLOWED.get(name_of(path), (set(), ""))
    assert names_in(TREES[path]) == allowed


@pytest.mark.parametrize(
    "text", ["import torch", "f.detach()", "'torch' in roots", "from .torch import arrays", "x = jax.numpy",
             "hasattr(a, '__cuda_array_interface__')", "import_module('cupyx.scipy')"],
)  # fmt: skip
def test_a_name_would_be_found(text):
    assert names_in(ast.parse(text))


@pytest.mark.parametrize(
    "text", ["'torch'", "def f():\n  'as torch does'", "raise TypeError('give x.detach()')"]
)
def test_words_for_readers_may_name_them(text):
    assert not names_in(ast.parse(text))
