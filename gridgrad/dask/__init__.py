"""Operators on arrays that are larger than memory: from file to file, a chunk at a time."""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .._backends import dask as dask  # before its modules, as another thread may be importing it
from .._base.words.names import answered as _answered
from ._zarr import to_zarr as to_zarr

__all__ = ["to_zarr"]

if not _TYPE_CHECKING:
    __getattr__ = _answered(__name__)
