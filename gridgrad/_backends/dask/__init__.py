"""The back end of Dask: lazy arrays of chunks, each made by one task from its own numbers and its neighbours' faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
from array_api_compat import array_namespace

from ..._base.types import Array
from ..array_api import ArrayAPI
from ..numpy.operations import from_parts
from ..operations import Operations
from ..protocol import Call
from ..slices import leading
from .graph import outputs_of
from .planned import IS_ON
from .recipe import recipe_of


class OfDask(Operations):
    """Lazy; chunks have no device."""

    def weights(self, values: Array, dtype: object, like: object) -> Array:
        """As one chunk; indices as they are, with which arrays are taken from."""
        if dtype is None and values.dtype.kind in "iu":
            return values
        made: Array = self.asarray(values, dtype=dtype)
        return made

    def complex_of(self, real: Array, imaginary: Array) -> Array:
        """Chunk by chunk."""
        made: Array = da.map_blocks(from_parts, real, imaginary)
        return made

    def broadcast_to(self, array: Any, shape: tuple[int, ...]) -> Any:
        """Also where Dask plans arrays as expressions, which have no such function."""
        return array * da.ones(shape, dtype=array.dtype) if IS_ON else da.broadcast_to(array, shape)


class Dask(ArrayAPI[Any]):
    """Arrays of chunks, which are arrays of other libraries."""

    def operations(self, *fields: Any) -> Operations:
        """Dask's."""
        return OfDask(array_namespace(*fields))

    def joined_by(self, field: object) -> Any:
        """Arrays of NumPy as one chunk, which is cut as the others are."""
        return da.from_array(field, chunks=-1) if isinstance(field, np.ndarray) else None

    def carried(self, call: Call, fields: Sequence[Any]) -> list[Any]:
        """Lazy arrays in the chunks of the first field; between points and faces, whose chunks differ, through slices."""
        if any(stencil.surplus for term in call.terms for _, stencil in term.stencils()):
            return super().carried(call, fields)
        first = fields[0]
        fields = [field if field.chunks == first.chunks else field.rechunk(first.chunks) for field in fields]
        meta = first._meta.astype(self.result_dtype(leading(fields)))
        recipe, stencils = recipe_of(call, self.find)
        return outputs_of(recipe, stencils, fields, meta)


BACKEND = Dask("dask.array")
