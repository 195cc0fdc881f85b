"""The back end of Dask: lazy arrays, made of slices."""

from __future__ import annotations

import dask.array as da
from array_api_compat import array_namespace

from ..._base.types import Array
from ..array_api import ArrayAPI
from ..numpy.operations import from_parts
from ..operations import Operations


class OfDask(Operations):
    """Lazy; chunks have no device."""

    def weights(self, values: Array, dtype: object, like: object) -> Array:
        """As one chunk."""
        made: Array = self.asarray(values, dtype=dtype)
        return made

    def complex_of(self, real: Array, imaginary: Array) -> Array:
        """Chunk by chunk."""
        made: Array = da.map_blocks(from_parts, real, imaginary)
        return made


class Dask(ArrayAPI[Array]):
    """Arrays of chunks."""

    def operations(self, *fields: Array) -> Operations:
        """Dask's."""
        return OfDask(array_namespace(*fields))


BACKEND = Dask("dask.array")
