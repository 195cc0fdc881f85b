"""Chunks of a grid with gaps: each with as much of its neighbours as its rows beside gaps depend on, the mask one input more."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

import dask.array as da
import numpy as np
from dask.base import tokenize

from ..._base.cache import cached_property
from ..._base.types import Array
from ..._stencils.part import Block
from ..._stencils.stencil import Stencil
from .. import ladder
from ..protocol import Gaps, Place
from .chunk import Chunk
from .recipe import Axes, Recipe, Spans, subsets
from .spans import Cut, Piece, Span, along, pieces_of


class WideSpan(Span):
    """A chunk along one axis with more points beside it than its own rows read, those of `narrow`."""

    def __init__(self, narrow: Span, low: int, before: int, after: int, pieces: tuple[Piece, ...]) -> None:
        super().__init__(narrow.length, narrow.block, pieces)
        self.narrow, self.low, self.before, self.after = narrow, low, before, after

    def __reduce__(self) -> tuple[object, ...]:
        return WideSpan, (self.narrow, self.low, self.before, self.after, self.pieces)

    @property
    def points(self) -> tuple[int, int]:
        """Where its own points are, in the chunk with its halo."""
        return self.before, self.before + self.length

    @cached_property
    def whole(self) -> Cut:
        """All points of it; rows are those of `own`."""
        return Cut((), 0, self.before + self.length + self.after, self.before, slice(0, self.length))

    @cached_property
    def own(self) -> Cut:
        """The rows, on the points that they read."""
        cut = self.narrow.whole
        return cut._replace(low=self.before - cut.first)

    @property
    def place(self) -> Place:
        """Where it is, and the points beside it."""
        return Place(self.low, slice(self.before, self.before + self.length))


def _wide(spans: Sequence[Span | None], chunks: tuple[int, ...], is_ring: bool, halo: int) -> Iterator[Span]:
    """The chunks of an axis of the grid with as many points beside them, where there are any and rows go along it."""
    bounds = [0, *accumulate(chunks)]
    for number, (span, (start, stop)) in enumerate(zip(spans, pairwise(bounds), strict=True)):
        if span is None:
            yield WideSpan(Span(stop - start, Block((), 0, 0), ()), start, 0, 0, ())
            continue
        if start == stop:
            yield span
            continue
        before = max(span.block.before, halo if is_ring else min(halo, start))
        after = max(span.block.after, halo if is_ring else min(halo, bounds[-1] - stop))
        pieces = (*pieces_of(bounds, number, start - before, start, 0),
                  *pieces_of(bounds, number, stop, stop + after, before + stop - start))  # fmt: skip
        yield WideSpan(span, start - before, before, after, pieces)


@dataclass(frozen=True)
class RecipeWithGaps(Recipe):
    """The same on a grid with gaps: all fields are read, of which the last is the mask."""

    gaps: Gaps
    fields: int
    token: str

    @property
    def chunk(self) -> type[ChunkWithGaps]:
        """What makes one."""
        return ChunkWithGaps

    def along(
        self, stencils: Mapping[int, tuple[Stencil, ...]], chunks: Sequence[tuple[int, ...]]
    ) -> list[Sequence[Span | None]]:
        """The chunks of all axes, with what is beside them."""
        plain = zip(along(stencils, chunks), chunks, self.gaps.rings, strict=True)
        return [
            own if is_ring is None else list(_wide(own, lengths, is_ring, self.gaps.halo))
            for own, lengths, is_ring in plain
        ]

    @cached_property
    def swept(self) -> Recipe:
        """What a sweep makes."""
        return Recipe(self.terms, self.slots, self.outputs, self.as_read, self.find)

    def there(self, spans: Spans) -> tuple[int, ...]:
        """All terms: a row beside a gap may read what is prescribed at an end that is near."""
        return tuple(range(len(self.terms)))

    def used(self, terms: Sequence[int]) -> tuple[int, ...]:
        """All inputs."""
        return tuple(range(self.fields))

    def _found(self, terms: tuple[int, ...]) -> dict[int, tuple[Axes, ...]]:
        """The mask, and what rows beside gaps alone read, across all axes of any term; the mask of rows beside the chunk across all corners."""
        own = self.swept.reach(terms)
        every = tuple(sorted({axes for found in own.values() for axes in found}))
        found = {k: own.get(k, every) for k in range(self.fields)}
        if self.gaps.reach:
            found[self.fields - 1] = subsets({axis for axes in every for axis in axes})
        return found


def with_gaps(recipe: Recipe, gaps: Gaps, fields: int) -> RecipeWithGaps:
    """The recipe of a grid with gaps, with one more of the `fields`: the mask."""
    own = recipe.terms, recipe.slots, recipe.outputs, recipe.as_read, recipe.find
    return RecipeWithGaps(*own, gaps, fields, tokenize(pickle.dumps(gaps)))


def over_ends(gaps: Gaps, spans: Sequence[Sequence[Span | None]]) -> list[int]:
    """The axes that do not go round and along which a chunk reads over their ends.

    A row of one end stands beside the other there, where gaps are others: of such an axis all has to be one chunk.
    """
    found = []
    for axis, (own, is_ring) in enumerate(zip(spans, gaps.rings, strict=True)):
        wide = [span for span in own if isinstance(span, WideSpan)]
        n = sum(span.length for span in wide)
        if is_ring is False and any(span.low < 0 or span.low + span.whole.length > n for span in wide):
            found.append(axis)
    return found


class ChunkWithGaps(Chunk):
    """One chunk of all inputs, and of the mask, with what its rows depend on of others."""

    recipe: RecipeWithGaps

    def results(self) -> Array | tuple[Array, ...]:
        """One array, or a tuple of them."""
        made = self._nothing() if 0 in self.shape else self._made()
        return made[0] if self.recipe.outputs == 1 else tuple(made)

    def _here(self, k: int, array: Array) -> Array:
        """The mask stays on the host, where rows are made."""
        return array if k == self.recipe.fields - 1 else super()._here(k, array)

    def _made(self) -> list[Array]:
        swept, terms = self.recipe.swept, self.terms
        *fields, inside = [self._window(k) for k in self.used]
        cuts = [
            span.own if isinstance(span, WideSpan) else self._all_of(axis)
            for axis, span in enumerate(self.spans)
        ]
        index = tuple([slice(cut.low, cut.low + cut.length) for cut in cuts])
        bound = swept.bound(terms, [cut.stencils for cut in cuts])
        rows = tuple([cut.rows for cut in cuts])

        def sweep(fields: Sequence[Array]) -> list[Array]:
            arrays = [fields[k][index] for k in swept.used(terms)]
            results = ladder.operate(
                self.library, bound, arrays, self.recipe.outputs, None, 1, self.recipe.as_read
            )
            return [result[rows] for result in results]

        places = [span.place if isinstance(span, WideSpan) else None for span in self.spans]
        return self.recipe.gaps.made(self.library, places, inside, fields, sweep)

    def _window(self, k: int) -> Array:
        """An input on all points beside the chunk, 0 at those that it is not read at."""
        shape = self.sources[k][0].array.shape
        cuts = [
            Cut((), 0, shape[axis], 0, slice(0, shape[axis])) if span is None else span.whole
            for axis, span in enumerate(self.spans)
        ]
        return self._gathered(self.sources[k], cuts, 0)


def mask_in(inside: Any, chunks: Sequence[tuple[int, ...]]) -> Any:
    """The mask in the chunks of the fields, but one along axes that it is the same along."""
    own = tuple([(1,) if n == 1 else chunk for n, chunk in zip(inside.shape, chunks, strict=True)])
    if isinstance(inside, np.ndarray):
        return da.from_array(np.ascontiguousarray(inside), chunks=own)
    return inside if inside.chunks == own else inside.rechunk(own)
