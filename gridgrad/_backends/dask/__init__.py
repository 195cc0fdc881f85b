"""The back end of Dask: lazy arrays of chunks, each made by one task from its own numbers and its neighbours' faces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
from array_api_compat import array_namespace

from ..._base.types import Array, Shape
from ..._terms.term import shapes_of
from .. import ladder
from ..numpy.operations import from_parts
from ..operations import Operations
from ..protocol import Backend, Call, Gaps
from ..slices import leading
from .gaps import mask_in, over_ends, with_gaps
from .graph import outputs_of
from .recipe import recipe_of
from .tasks import IS_ON, Chunks


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
        """Also where Dask plans arrays as expressions, which have no such function, and no products in other chunks."""
        if not IS_ON:
            return da.broadcast_to(array, shape)
        own = ((1,),) * (len(shape) - array.ndim) + array.chunks
        chunks = tuple([chunk if sum(chunk) == n else (n,) for n, chunk in zip(shape, own, strict=True)])
        return array * da.ones_like(array, shape=shape, chunks=chunks)  # of its library


class Dask(Backend[Any]):
    """Arrays of chunks, which are arrays of other libraries."""

    is_lazy = True

    def operations(self, *fields: Any) -> Operations:
        """Dask's."""
        return OfDask(array_namespace(*fields))

    def joined_by(self, field: object) -> Any:
        """Arrays of NumPy as one chunk, which is cut as the others are."""
        return da.from_array(field, chunks=-1) if isinstance(field, np.ndarray) else None

    def carried(self, call: Call, fields: Sequence[Any]) -> list[Any]:
        """Lazy arrays in the chunks of the first field that they are made of, those of one shape in one graph."""
        meta = fields[0]._meta.astype(self.result_dtype(leading(fields)))
        shapes = shapes_of(call.terms, fields, call.outputs)
        made: dict[int, Any] = {}
        read: list[Any]
        for terms, places in ladder.alike(call.terms, shapes):
            own, read = ladder.reading(terms, fields)
            chunks, wanted = aligned(read, shapes[places[0]])
            recipe, stencils = recipe_of(call._replace(terms=own, outputs=len(places)), self.find)
            made.update(zip(places, outputs_of(recipe, stencils, read, wanted, chunks, meta), strict=True))
        return [made[k] for k in range(call.outputs)]

    def in_blocks(self, call: Call, fields: Sequence[Any], inside: Array, gaps: Gaps) -> list[Any]:
        """Lazy arrays in the chunks of the first field."""
        first = fields[0]
        chunks, wanted = aligned(fields, first.shape)
        plain, stencils = recipe_of(call, self.find)
        recipe = with_gaps(plain, gaps, len(fields) + 1)
        whole = dict.fromkeys(over_ends(gaps, recipe.along(stencils, chunks)), -1)
        if whole:
            made = self.in_blocks(call, [field.rechunk(whole) for field in fields], inside, gaps)
            return [result.rechunk(first.chunks) for result in made]
        meta = first._meta.astype(self.result_dtype(leading(fields)))
        mask = mask_in(inside, chunks)
        return outputs_of(recipe, stencils, [*fields, mask], [*wanted, mask.chunks], chunks, meta)


def aligned(fields: Sequence[Any], shape: Shape) -> tuple[Chunks, list[Chunks]]:
    """The chunks of what is made, and as many of each field, which differ from these in the last at most.

    They are those of the first field: between points and faces the last has a point more or less, and of one that
    would have none is a part of the one before.
    """
    chunks = []
    for axis, (n, own) in enumerate(zip(shape, fields[0].chunks, strict=True)):
        more = [field.shape[axis] - n for field in fields]
        rows = (*own[:-1], own[-1] - more[0]) if any(more) else own
        while any(more) and len(rows) > 1 and rows[-1] + min(0, *more) < 1:
            rows = (*rows[:-2], rows[-2] + rows[-1])
        chunks.append(rows)
    return tuple(chunks), [
        tuple([(*own[:-1], own[-1] + m - n) for own, m, n in zip(chunks, field.shape, shape, strict=True)])
        for field in fields
    ]


BACKEND = Dask("dask.array")
