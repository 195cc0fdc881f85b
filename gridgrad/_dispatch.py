"""Which executor serves an array: by its class, looked up once, importing nothing the user has not."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from . import _numpy
from ._errors import ArgumentTypeError


def samples(f: Any) -> tuple[Any, Any]:
    """The library module that serves `f`, and `f` cleaned by it."""
    cls: Any = type(f)
    library = library_of(cls)
    return library, library.samples(f)


@lru_cache(maxsize=256)
def library_of(cls: type) -> Any:
    """The module for a class; its `samples`, `real_of` and `gradient` are the executor's interface."""
    if issubclass(cls, (np.ndarray, np.generic, list, tuple, int, float, complex)):
        return _numpy
    roots = {base.__module__.partition(".")[0] for base in cls.__mro__}
    if "torch" in roots:
        return import_module("gridgrad._execute_torch")
    if "cupy" in roots:
        return import_module("gridgrad._execute_cuda")
    if roots & {"jax", "jaxlib", "dask"} or hasattr(cls, "__array_namespace__"):
        return import_module("gridgrad._execute_xp")
    raise ArgumentTypeError(
        f"f is a {cls.__module__}.{cls.__name__}, which is not an array gridgrad knows; "
        "pass its values (f.to_numpy(), f.values, f.magnitude or numpy.asarray(f)), so that nothing is lost unseen"
    )
