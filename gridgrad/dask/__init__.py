"""Operators on arrays that are larger than memory: from file to file, a chunk at a time."""

from .._backends import dask as dask  # before its modules, as another thread may be importing it
from ._zarr import to_zarr as to_zarr

__all__ = ["to_zarr"]
