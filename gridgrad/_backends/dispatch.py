"""Which back end serves an array: by its class, looked up once, importing nothing the user has not."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from importlib import import_module
from sys import modules
from types import ModuleType
from typing import Any, cast

import numpy as np

from .._base.cache import Cache, Entry, cached
from .._base.checks import of_grid
from .._base.errors import ArgumentTypeError
from .._base.tracing import COMPILER, is_compiling
from .._base.types import Array
from .._wraps.foreign import named, no_field, roots_of
from .protocol import Backend

# By the package that a class, or a base of it, comes from: the module with its BACKEND. One line a library.
ROOMS = {
    "torch": "gridgrad._backends.torch.arrays",
    "cupy": "gridgrad._backends.cuda.arrays",
    "jax": "gridgrad._backends.jax",
    "jaxlib": "gridgrad._backends.jax",
    "dask": "gridgrad._backends.dask",
    "numpy": "gridgrad._backends.numpy",
}
_READ = (np.ndarray, np.generic, list, tuple, range, memoryview, array, int, float, complex)  # by NumPy's


def samples(f: object) -> tuple[Backend[Array], Array]:
    """The back end that serves `f`, and `f` cleaned by it."""
    traced = COMPILER in modules and is_compiling()
    library = _of_traced(f) if traced else library_of(type(f))
    if isinstance(f, (list, tuple)):
        _check_numbers(f)
    return library, library.samples(f)


def _check_numbers(f: Sequence[object]) -> None:
    """Refuse sequences with another library's arrays: NumPy would read them, off their device and out of their graph."""
    for kind in _kinds_in(f):
        library = None if issubclass(kind, _READ) else found(kind)
        if library is not None:
            is_flat = {*map(type, f)} == {kind}
            raise ArgumentTypeError(
                f"f is a {type(f).__name__} of {library.name} {library.noun}s, whose results would be NumPy's; make one of them"
                + (f", {library.name}.stack(f)" if is_flat else f" all with {library.name}.stack")
            )


def _kinds_in(f: Sequence[object]) -> set[type]:
    """The types of what a sequence holds, however deep."""
    kinds = {*map(type, f)}
    for kind in [kind for kind in kinds if issubclass(kind, (list, tuple))]:
        kinds.remove(kind)
        kinds.update(*(_kinds_in(own) for own in f if type(own) is kind))
    return kinds


def _of_traced(f: object) -> Backend[Array]:
    """What serves a tensor that a compiler traces, by a statement that it can trace itself, as it cannot the look-up below."""
    if type(f) is np.ndarray:
        given = "f is an array of NumPy"  # or what is a coefficient: then its name stands there
        raise ArgumentTypeError(
            f"{given}, which torch.compile traces as a tensor without numbers; make a tensor of it, or make what holds it outside of the "
            "compiled function"
        )
    if not hasattr(f, "requires_grad"):
        return library_of(type(f))
    from .torch.traced import BACKEND

    return BACKEND


def host(a: object, axis: int | None = None, name: str = "spacing") -> Any:
    """The numbers of an array on the host, for ``numpy.asarray``; anything else as it is."""
    library = found(type(a))
    return a if library is None else library.host(a, axis, name)


def is_lazy(a: object) -> bool:
    """Whether the numbers of an array are still to be computed, by blocks."""
    library = found(type(a))
    return library is not None and library.is_lazy


def is_differentiated(a: Array) -> bool:
    """Whether derivatives by an array are being taken, or a compiler traces it."""
    library = found(type(a))
    return library is not None and library.is_differentiated(a)


def about_to_copy(a: object, why: str) -> None:
    """Tell the back end of an array that the call needs memory of its own until it is over, as `Backend` says."""
    library = None if is_compiling() else found(type(a))
    if library is not None:
        library.about_to_copy(cast(Array, a), why)


def linalg_of(xp: object) -> ModuleType | None:
    """The module with the LinearOperator of a library that its user names by its module, or None."""
    room = ROOMS.get(getattr(xp, "__name__", ""))
    name = None if room is None else import_module(room).BACKEND.linalg
    return None if name is None else import_module(name)


def library_of(cls: type) -> Backend[Array]:
    """The back end of a class; what is no array is refused."""
    library = found(cls)
    if library is not None:
        return library
    if cls is type(None):
        raise ArgumentTypeError("f is None; give an array, a list or a tuple of numbers")
    if _is_function(cls) and not of_grid(cls) and not hasattr(cls, "compute"):
        raise ArgumentTypeError(
            "f is a function; give its samples, f(x, y), or have it differentiated exactly: gridgrad.gradient(f, x, y), "
            "and by gridgrad.autodiff all else, gridgrad.autodiff.laplacian(f, x, y) and hessian(f, x, y) for example"
        )
    raise ArgumentTypeError(f"f is {named(cls)}, not an array{no_field(cls, 'f')}")


_libraries: Cache[Backend[Array] | None] = Cache("libraries", entries=256)


def found(cls: type) -> Backend[Array] | None:
    """The back end of a class, if there is one."""
    entry = _libraries.held.get(cls)
    if entry is not None:
        entry.used = Entry.now
        return entry.value
    library = _sought(cls)
    _libraries.put(cls, library, 256)
    return library


def _sought(cls: type) -> Backend[Array] | None:
    roots = {"numpy"} if issubclass(cls, _READ) else roots_of(cls) - {"numpy"}
    room = next((room for root, room in ROOMS.items() if root in roots), None)
    is_array = hasattr(cls, "shape") or not hasattr(cls, "compute")  # bags of Dask are none
    if room is not None and is_array and not _is_function(cls):
        library: Backend[Array] = import_module(room).BACKEND
        library.find = found
        return library
    return _of_standard(cls.__module__.partition(".")[0]) if hasattr(cls, "__array_namespace__") else None


def _is_function(cls: type) -> bool:
    """Whether its instances are called, as networks are, whose classes are of torch too."""
    return not hasattr(cls, "__array__") and any("__call__" in vars(base) for base in cls.__mro__)


@cached("array API libraries", entries=64)
def _of_standard(root: str) -> Backend[Array]:
    """The back end of a package that has no line above."""
    return Backend(root)
