"""The back end of Dask: lazy arrays, made of slices."""

from __future__ import annotations

from typing import Any

import dask.array as da
from array_api_compat import array_namespace

from ..array_api import ArrayAPI
from ..numpy.operations import from_parts
from ..operations import Operations


class OfDask(Operations):
    """Lazy; chunks have no device."""

    def weights(self, values: Any, dtype: Any, like: Any) -> Any:
        """As one chunk."""
        return self.asarray(values, dtype=dtype)

    def complex_of(self, real: Any, imaginary: Any) -> Any:
        """Chunk by chunk."""
        return da.map_blocks(from_parts, real, imaginary)


class Dask(ArrayAPI[Any]):
    """Arrays of chunks."""

    def operations(self, *fields: Any) -> Operations:
        """Dask's."""
        return OfDask(array_namespace(*fields))


BACKEND = Dask("dask.array")
