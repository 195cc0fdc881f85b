"""Objects that are no plain arrays: what they are called, and what to type for their numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from os import PathLike
from typing import Any

import numpy as np

from .._base.checks import masked_arrays, of_grid
from .units import held, is_quantity_class, present

# What arrays, tensors and tables offer, and variables of files do not.
_OF_ARRAYS = ("__array_namespace__", "__array_priority__", "__array_function__", "__dlpack__",
              "__cuda_array_interface__", "to_numpy", "detach")  # fmt: skip
_NO_NUMBERS = "as an array or a list"
_OWN_WORDS = {"xarray": ".values", "pandas": ".to_numpy()", "polars": ".to_numpy()"}


def named(cls: type) -> str:
    """``a dict``, or ``of class zarr.core.array.Array``: with its module, as many are called Array."""
    name = cls.__qualname__
    if cls.__module__ != "builtins":
        return f"of class {cls.__module__}.{name}"
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def roots_of(cls: type) -> set[str]:
    """The top-level packages of a class and its bases."""
    return {base.__module__.partition(".")[0] for base in cls.__mro__}


def remedy(cls: Any, name: str) -> str:
    """What to type for the numbers of an object of this class that is called `name`."""
    if is_quantity_class(cls):
        return name + (".value" if issubclass(cls, np.ndarray) else ".magnitude")
    if hasattr(cls, "total_seconds"):  # a duration of Python or pandas
        return f"{name}.total_seconds()"
    if hasattr(cls, "unmasked"):  # of astropy, whose mask numpy.asarray drops
        return f"numpy.ma.array({name}.unmasked{'.value' if hasattr(cls, 'unit') else ''}, mask={name}.mask)"
    if issubclass(cls, masked_arrays()):
        return f"numpy.ma.array(numpy.asarray({name}.data), mask={name}.mask)"
    if hasattr(cls, "quantity"):  # a column of an astropy table
        return f"{name}.quantity"
    if hasattr(cls, "data_vars"):  # a Dataset
        return f"{name}['u'].values of its variable 'u'"
    own = next((word for root, word in _OWN_WORDS.items() if root in roots_of(cls)), None)
    if own is not None:
        return name + own
    if issubclass(cls, np.ndarray):
        return f"numpy.asarray({name})"
    if hasattr(cls, "toarray"):  # sparse matrices
        return f"{name}.toarray()"
    if hasattr(cls, "to_linear_operator"):  # an operator of ours
        return f"{name}.to_sparse().toarray()"
    if is_stored(cls):
        return f"{name}[:]"
    if hasattr(cls, "__cuda_array_interface__") and not hasattr(cls, "detach"):
        # Numba's, which numpy.asarray copies to the host
        return f"cupy.asarray({name})"
    if hasattr(cls, "__array__") or hasattr(cls, "__array_interface__"):
        return f"numpy.asarray({name})"
    return f"numpy.from_dlpack({name})" if hasattr(cls, "__dlpack__") else _NO_NUMBERS


def numbers_in(given: object, name: str) -> str:
    """On what is no number and no array, but may hold some: a word on how to get at them."""
    if hasattr(given, "__cuda_array_interface__"):
        return f", {remedy(type(given), name)}"
    if isinstance(given, Set):
        return f", sorted({name})"
    return f", list({name})" if isinstance(given, Iterator) else of_grid(given)


def no_field(cls: type, name: str) -> str:
    """What to type in the place of a field of a class that has no numbers as an array has them."""
    if issubclass(cls, (str, bytes, PathLike)):
        return (
            ", and no file is read here: open it first, numpy.load(path) for example, or give xarray.open_dataset(path)['u'] "
            "of a variable 'u' of NetCDF"
        )
    if issubclass(cls, Mapping) and not hasattr(cls, "data_vars"):
        return f"; it has arrays by name: give one of them, {name}['u'] for example"
    if issubclass(cls, Iterator):
        return f"; give list({name})"
    if hasattr(cls, "compute") and not (hasattr(cls, "shape") or hasattr(cls, "data_vars")):  # of Dask
        return f"; give what it computes, {name}.compute()"
    numbers = remedy(cls, name)
    if of_grid(cls) or numbers == _NO_NUMBERS:
        return of_grid(cls) or "; give an array, a list or a tuple of numbers"
    return (
        f": a plain result would lose what it knows beside its numbers{with_labels(cls, name)}; "
        f"give its numbers, {numbers}"
    )


def with_labels(cls: type, name: str) -> str:
    """What an operator of plain arrays is typed with for a labelled one, if this is one."""
    if not hasattr(cls, "to_dataset"):
        return ""
    return f", which gridgrad.xarray.Grid({name}).apply(operator, {name}) keeps"


def remedy_for_units(value: Any, name: str) -> str:
    """What to type for the numbers of a quantity, of labels around one, or of a list of such."""
    if isinstance(value, (list, tuple)):
        entry = next(entry for entry in value if present(entry, *held([entry])))
        return f"[{remedy_for_units(entry, 's')} for s in {name}]"
    if is_quantity_class(type(value)):
        return remedy(type(value), name)
    return remedy_for_units(value.data, f"{name}.data")


def is_foreign(cls: Any) -> bool:
    """Whether coordinates of this class would lose something, or everything, in ``numpy.asarray``."""
    if issubclass(cls, np.ndarray):
        return cls not in (np.ndarray, np.memmap, *masked_arrays())
    if hasattr(cls, "__array_namespace__"):
        return False
    return is_stored(cls) or (hasattr(cls, "__dlpack__") and not hasattr(cls, "__array__"))


def is_stored(cls: type) -> bool:
    """Whether the numbers are elsewhere, in a file say, until they are asked for by index.

    ``numpy.asarray`` would read them without their mask.
    """
    if any(hasattr(cls, name) for name in _OF_ARRAYS):
        return False
    return all(hasattr(cls, name) for name in ("__getitem__", "shape", "__array__"))
