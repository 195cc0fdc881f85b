"""Which executor serves an array: by its class, looked up once, importing nothing the user has not."""

from __future__ import annotations

from array import array
from importlib import import_module
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from .._base.cache import cached
from .._base.errors import ArgumentTypeError
from .._base.tracing import is_compiling
from .._wraps.foreign import named, remedy, roots_of
from .numpy import arrays

_NUMPY_READS = (np.ndarray, np.generic, list, tuple, range, memoryview, array, int, float, complex)


def samples(f: Any) -> tuple[Any, Any]:
    """The library module that serves `f`, and `f` cleaned by it."""
    cls: Any = type(f)
    library = _import_traced() if is_compiling() and hasattr(f, "requires_grad") else library_of(cls)
    return library, library.samples(f)


def _import_traced() -> Any:
    """What a compiler traces, by a statement that it can trace itself, as it cannot the look-up below."""
    from .torch import traced

    return traced


@cached("libraries", entries=256)
def library_of(cls: type) -> Any:
    """The module for a class; its `samples`, `real_of` and `operate` are the executor's interface."""
    if issubclass(cls, _NUMPY_READS):
        return arrays
    roots = roots_of(cls)
    if "torch" in roots:
        return import_module("gridgrad._backends.torch.arrays")
    if "cupy" in roots:
        return import_module("gridgrad._backends.cuda.arrays")
    if roots & {"jax", "jaxlib", "dask"} or hasattr(cls, "__array_namespace__"):
        return import_module("gridgrad._backends.slices")
    if cls is type(None):
        raise ArgumentTypeError("f is None; give an array, a list or a tuple of numbers")
    if issubclass(cls, (FunctionType, BuiltinFunctionType, np.ufunc)):
        raise ArgumentTypeError(
            "f is a function; give its samples, f(x, y), or have it differentiated exactly: gridgrad.gradient(f, x, y), "
            "gridgrad.autodiff.laplacian(f, x, y) and others"
        )
    raise ArgumentTypeError(
        f"f is {named(cls)}, not an array: a plain result would lose what it knows beside its numbers; "
        f"give its numbers, {remedy(cls, 'f')}"
    )
