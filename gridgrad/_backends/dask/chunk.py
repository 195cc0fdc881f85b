"""The task of a chunk: its rows by the ladder of its library, the few that read neighbours on small arrays of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any, NamedTuple, cast

import numpy as np

from ..._base.types import Array
from .. import ladder
from ..protocol import Backend
from ..slices import leading
from .faces import Beyond, found
from .recipe import Axes, Recipe, Spans
from .spans import Cut, Parts, Piece
from .tasks import Places, Said

# bytes of a chunk below which a copy with its halo takes less time than sweeps over its sides
SMALL = 1 << 20


class Source(NamedTuple):
    """An array, and where its points are in the chunk with its halo."""

    array: Array
    start: tuple[int, ...]


def beyond(spans: Spans, axes: Axes) -> Iterator[tuple[Piece, ...]]:
    """What a chunk reads beyond its sides across these axes, in the order of the tasks that bring it."""
    own = [spans[axis] for axis in axes]
    return product(*(() if span is None else span.pieces for span in own))


def neighbours(reach: Sequence[Axes], spans: Spans) -> Iterator[Places]:
    """So many places from its own are the chunks that one reads, in the same order."""
    for axes in reach:
        theirs = [[0]] * len(spans)
        for axis in axes:
            span = spans[axis]
            theirs[axis] = [] if span is None else [piece.other for piece in span.pieces]
        yield from product(*theirs)


def checked(
    recipe: Recipe, spans: Spans, said: Sequence[Said], key: tuple[Any, ...], *arrays: Array | Beyond
) -> Array | tuple[Array, ...]:
    """The task of that key, of whose chunks `said` is known, in their order."""
    chunks = [own for own in arrays if not isinstance(own, Beyond)]
    for own, chunk in zip(said, chunks, strict=True):
        own.check(chunk, key)
    return compute(recipe, spans, *arrays)


def compute(recipe: Recipe, spans: Spans, *arrays: Array | Beyond) -> Array | tuple[Array, ...]:
    """The outputs of a chunk: of its own inputs, then of what lies beyond their sides."""
    return (recipe.chunk or Chunk)(recipe, spans, arrays).results()


class Chunk:
    """One chunk of all inputs, with the points that its rows read of others."""

    def __init__(self, recipe: Recipe, spans: Spans, arrays: Sequence[Array | Beyond]) -> None:
        self.recipe, self.terms = recipe, recipe.there(spans)
        self.used = recipe.used(self.terms)
        given = cast(list[Array], list(arrays[: len(self.used)]))
        self.like = next((own for own in given if type(own) is not np.ndarray), given[0])
        library = recipe.find(type(self.like))
        assert library is not None
        self.library: Backend[Array] = library
        self.own = [self._here(k, own) for k, own in zip(self.used, given, strict=True)]
        self.spans = spans
        pairs = zip(spans, self.own[0].shape, strict=True)
        self.shape = tuple([n if span is None else span.length for span, n in pairs])
        self.parts: list[Parts | None] = []
        self.low = tuple(0 if span is None else span.points[0] for span in spans)
        self.sources = dict(zip(self.used, self._sources(iter(arrays[len(self.used) :])), strict=True))

    def _here(self, k: int, array: Array) -> Array:
        """An array of NumPy beside chunks of another library, on their device: coefficients, values at walls, weights of a sphere."""
        if type(array) is not np.ndarray or self.library is self.recipe.find(np.ndarray):
            return array
        with self.library.at(self.like):
            return self.library.operations(self.like).weights(array, array.dtype, self.like)

    def _sources(self, others: Iterator[Array | Beyond]) -> Iterator[list[Source]]:
        reach = self.recipe.reach(self.terms)
        for k, own in zip(self.used, self.own, strict=True):
            sources = [Source(own, self.low)]
            for axes in reach[k]:
                for pieces in beyond(self.spans, axes):
                    start = list(self.low)
                    for axis, piece in zip(axes, pieces, strict=True):
                        start[axis] = piece.at
                    sources.append(Source(self._here(k, found(next(others), axes, pieces)), tuple(start)))
            yield sources

    def results(self) -> Array | tuple[Array, ...]:
        """One array, or a tuple of them."""
        made = self._in_parts() if self._is_large() else self._at_once()
        return made[0] if self.recipe.outputs == 1 else tuple(made)

    def _is_large(self) -> bool:
        """Whether it is memory that had better not be copied as a whole."""
        if 0 in self.shape or prod(self.shape) * int(self.own[0].dtype.itemsize) <= SMALL:
            return False
        arrays = [source.array for sources in self.sources.values() for source in sources]
        if len(arrays) == len(self.own):
            return False
        is_plain = all(self.library.facts(array) is not None for array in arrays)
        self.parts = [None if span is None else span.parts for span in self.spans]
        return is_plain and all(
            (span is None) == (own is None) for span, own in zip(self.spans, self.parts, strict=True)
        )

    def _at_once(self) -> list[Array]:
        """On arrays with the halo of all sides."""
        if 0 in self.shape:
            return self._nothing()
        cuts = self._cuts(self.terms)
        rows = tuple(cut.rows for cut in cuts)
        return [result[rows] for result in self._applied(self.terms, cuts)]

    def _nothing(self) -> list[Array]:
        like = leading(self.own)
        dtype = self.library.result_dtype(like)
        return [self.library.empty(like, dtype, self.shape) for _ in range(self.recipe.outputs)]

    def _in_parts(self) -> list[Array]:
        """Where they lie; rows that read neighbours anew, on arrays of these rows and what they read."""
        with self.library.at(self.own[0]):
            outputs = self._nothing()
            inner = [self._all_of(axis) if own is None else own.inner for axis, own in enumerate(self.parts)]
            terms = self.recipe.bound(self.terms, [cut.stencils for cut in inner])
            ladder.apply(self.library, terms, list(map(self._dense, self.own)), outputs, workers=1)
            for axis, own in enumerate(self.parts):
                for cut in () if own is None else own.sides:
                    self._side(axis, cut, outputs)
        return outputs

    def _dense(self, own: Array) -> Array:
        """A chunk that is a view into a larger array is copied: rows far apart are swept in twice the time."""
        there = self.library.memory(own)
        steps = [(n, step) for n, step in zip(there.shape, there.strides, strict=True) if n > 1]
        unit = min((step for _, step in steps), default=0)
        is_dense = unit <= 0 or sum((n - 1) * step for n, step in steps) == (prod(there.shape) - 1) * unit
        return own if is_dense else self.library.copy(own)

    def _side(self, axis: int, cut: Cut, outputs: list[Array]) -> None:
        """The rows at one end of an axis, of all outputs that are differentiated along it."""
        made = {self.recipe.terms[k].output for k in self.terms if axis in self.recipe.axes(k)}
        terms = tuple(k for k in self.terms if self.recipe.terms[k].output in made)
        cuts = self._cuts(terms)
        cuts[axis] = cut
        rows, place = tuple(own.rows for own in cuts), tuple(own.own for own in cuts)
        for output, result in zip(self.recipe.made(terms), self._applied(terms, cuts, axis), strict=True):
            self.library.assign(outputs[output][place], result[rows])

    def _cuts(self, terms: Sequence[int]) -> list[Cut]:
        """All rows, with the halo of these terms."""
        along = {axis for term in terms for axis in self.recipe.axes(term)}
        return [
            self._all_of(axis) if span is None else span.whole if axis in along else span.alone
            for axis, span in enumerate(self.spans)
        ]

    def _all_of(self, axis: int) -> Cut:
        return Cut((), 0, self.shape[axis], 0, slice(0, self.shape[axis]))

    def _applied(self, terms: Sequence[int], cuts: list[Cut], thin: int = 0) -> list[Array]:
        """The outputs of some terms, on the points that some rows read."""
        arrays = [self._gathered(self.sources[k], cuts, thin) for k in self.recipe.used(terms)]
        bound = self.recipe.bound(terms, [cut.stencils for cut in cuts])
        outputs = len(self.recipe.made(terms))
        return ladder.operate(self.library, bound, arrays, outputs, None, 1, self.recipe.as_read)

    def _gathered(self, sources: list[Source], cuts: list[Cut], thin: int) -> Array:
        """The points of some rows as one array, whose memory goes slowest along `thin`; 0 where nothing is read."""
        low, shape = [cut.low for cut in cuts], [cut.length for cut in cuts]
        if tuple(low) == self.low and tuple(shape) == tuple(sources[0].array.shape):
            return sources[0].array
        library = self.recipe.find(type(sources[0].array))  # of a mask NumPy's
        assert library is not None
        like = next((s.array for s in sources if library.facts(s.array) is None), sources[0].array)
        xp = library.operations(like)
        order = [thin, *(axis for axis in range(len(shape)) if axis != thin)]
        whole = xp.zeros_like(like, shape=tuple(shape[axis] for axis in order))
        whole = whole.transpose(sorted(range(len(shape)), key=order.__getitem__))
        for array, start in sources:
            ends = [min(a + n - b, m) for a, n, b, m in zip(start, array.shape, low, shape, strict=True)]
            begins = [max(a - b, 0) for a, b in zip(start, low, strict=True)]
            if all(begin < end for begin, end in zip(begins, ends, strict=True)):
                target = tuple(map(slice, begins, ends))
                shifts = [b - a for a, b in zip(start, low, strict=True)]
                whole[target] = array[
                    tuple(slice(p + s, q + s) for p, q, s in zip(begins, ends, shifts, strict=True))
                ]
        return whole
