"""The same tasks where Dask plans arrays as expressions (``array.query-planning``), of public functions only: more of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import dask.array as da
import numpy as np

from ..._base.types import Array
from .chunk import beyond, compute
from .faces import Faces, faces
from .recipe import Axes, Recipe
from .spans import Span

IS_ON = hasattr(da.Array, "expr")
Shift = tuple[
    int, Axes, tuple[int, ...]
]  # an input, and a neighbour: axes, and by how many chunks further along each


def outputs_of(
    recipe: Recipe, along: Sequence[Sequence[Span | None]], fields: Sequence[Any], chunks: tuple[tuple[int, ...], ...],
    depths: dict[int, list[list[tuple[int, int, int] | None]]], copies: dict[int, bool], meta: Array,
) -> Any:  # fmt: skip
    """The array of chunks, each an output or a tuple of them."""
    ndim = fields[0].ndim
    shifts = _shifts(recipe, along)
    boxed = {k: _boxed(fields[k], depths[k], copies[k]) for k in {shift[0] for shift in shifts}}
    given: list[Any] = []
    for own in along:
        given += [_table(own), (len(given) // 2,)]
    for field in fields:
        given += [field, tuple(range(ndim))]
    for k, axes, others in shifts:
        given += [_moved(boxed[k], axes, others), tuple(range(ndim))]
    return da.blockwise(
        partial(_made, recipe, tuple(shifts)),
        tuple(range(ndim)),
        *given,
        adjust_chunks=dict(enumerate(chunks)),
        align_arrays=False,
        dtype=meta.dtype,
        meta=meta,
    )


def _shifts(recipe: Recipe, along: Sequence[Sequence[Span | None]]) -> list[Shift]:
    """All neighbours that any chunk reads."""
    others = [
        sorted({piece.other for span in own if span is not None for piece in span.pieces}) for own in along
    ]
    found: list[Shift] = []
    for k, reach in recipe.reach(tuple(range(len(recipe.terms)))).items():
        for axes in reach:
            for index in np.ndindex(*(len(others[axis]) for axis in axes)):
                found.append((k, axes, tuple(others[axis][n] for axis, n in zip(axes, index, strict=True))))
    return found


def _table(own: Sequence[object]) -> Any:
    """Objects, one for each chunk along an axis."""
    values = np.empty(len(own), object)
    values[:] = own
    return da.from_array(values, chunks=1)


def _boxed(field: Any, depths: list[list[tuple[int, int, int] | None]], is_copied: bool) -> Any:
    """The faces of each chunk, or all of it, as an array of one object a chunk."""
    axes = tuple(range(field.ndim))
    given = [entry for axis, own in enumerate(depths) for entry in (_table(own), (axis,))]
    ones = {axis: (1,) * n for axis, n in enumerate(field.numblocks)}
    empty = np.empty((0,) * field.ndim, object)
    return da.blockwise(
        partial(_box, is_copied),
        axes,
        field,
        axes,
        *given,
        adjust_chunks=ones,
        align_arrays=False,
        dtype=object,
        meta=empty,
    )


def _box(is_copied: bool, chunk: Array, *depths: Array) -> Array:
    box = np.empty((1,) * chunk.ndim, object)
    box[(0,) * chunk.ndim] = (
        faces(chunk, tuple(own[0] for own in depths if own[0] is not None)) if is_copied else Whole(chunk)
    )
    return box


@dataclass(eq=False, slots=True)
class Whole:
    """A neighbour as it is, which NumPy does not take for an array of objects."""

    chunk: Array


def _moved(boxes: Any, axes: Axes, others: tuple[int, ...]) -> Any:
    """The boxes of neighbours in the places of the chunks that read them."""
    for axis, other in zip(axes, others, strict=True):
        before = (slice(None),) * axis
        boxes = da.concatenate(
            [boxes[(*before, slice(other, None))], boxes[(*before, slice(0, other))]], axis=axis
        )
    return boxes


def _made(recipe: Recipe, shifts: Sequence[Shift], *arrays: Any) -> Any:
    """The task of a chunk: `compute`, with what it reads in its order."""
    ndim = arrays[-1].ndim
    spans = tuple(own[0] for own in arrays[:ndim])
    terms = recipe.there(spans)
    fields, boxes = arrays[ndim : len(arrays) - len(shifts)], arrays[len(arrays) - len(shifts) :]
    found = {shift: box[(0,) * ndim] for shift, box in zip(shifts, boxes, strict=True)}
    others = []
    for k, reach in recipe.reach(terms).items():
        for axes in reach:
            for pieces in beyond(spans, axes):
                others.append(_unboxed(found[k, axes, tuple(piece.other for piece in pieces)]))
    return compute(recipe, spans, *[fields[k] for k in recipe.used(terms)], *others)


def _unboxed(beyond: Faces | Whole) -> Any:
    return beyond.chunk if isinstance(beyond, Whole) else beyond
