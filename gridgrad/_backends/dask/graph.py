"""The graph of a call: for each chunk a task that copies its faces, and one that makes all outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from math import prod
from operator import getitem
from typing import Any, NamedTuple

import numpy as np
from dask.base import tokenize

from ..._base.types import Array, Shape
from ..._stencils.stencil import Stencil
from .chunk import checked, neighbours
from .faces import Depths, checked_faces, depths_of, points_of
from .groups import cut, groups_of, joined, lengths
from .recipe import Recipe, Spans, contents
from .spans import Span
from .tasks import Chunks, Key, Places, Said, array, beside, rechunked, reference, task


def outputs_of(
    recipe: Recipe,
    stencils: dict[int, tuple[Stencil, ...]],
    fields: Sequence[Any],
    wanted: Sequence[Chunks],
    chunks: Chunks,
    meta: Array,
) -> list[Any]:
    """Lazy arrays in the `chunks` of their rows, of fields in those that are `wanted` of them, as many, the last of which may be longer or shorter."""
    groups = groups_of(chunks, meta.dtype.itemsize)
    pairs = list(zip(fields, wanted, strict=True))
    if groups is None:
        fields = [rechunked(f, own) for f, own in pairs]
    else:
        fields = [joined(f, own, groups, recipe.find) for f, own in pairs]
    token = tokenize([field.name for field in fields], contents(recipe, stencils), str(meta.dtype))
    rows = chunks if groups is None else lengths(chunks, groups)
    graph = Graph(recipe, stencils, [field.chunks for field in fields], rows)
    whole = array(graph.tasks, f"gridgrad-{token}", fields, rows, meta)
    several = range(recipe.outputs) if recipe.outputs > 1 else [None]
    if groups is not None:
        return [cut(whole, k, chunks, groups, meta) for k in several]
    if recipe.outputs == 1:
        return [whole]
    return [
        array(partial(graph.component, k), f"{whole.name}-{k}", [whole], chunks, meta)
        for k in range(recipe.outputs)
    ]


class Kind(NamedTuple):
    """What tasks have in common at places that are alike: where what they read is, so many numbers from their own, and what is said of chunks."""

    reads: tuple[tuple[list[Any], Sequence[int], int], ...]
    said: tuple[Said, ...]


class Graph:
    """The tasks of one call, of fields in these chunks."""

    def __init__(
        self, recipe: Recipe, stencils: dict[int, tuple[Stencil, ...]], fields: Sequence[Chunks], chunks: Chunks
    ) -> None:  # fmt: skip
        self.recipe = recipe
        self.numblocks: Places = tuple(map(len, chunks))
        # one along axes that it is the same along
        self.fields = fields
        self.blocks: list[Places] = [tuple(map(len, own)) for own in fields]
        self.along = recipe.along(stencils, chunks)
        self.reach = recipe.reach(tuple(range(len(recipe.terms))))
        self.depths = {k: depths_of([(own, self.along)], fields[k]) for k, own in self.reach.items()}
        self.copied = [k for k in self.reach if self._pays(k, fields[k])]
        self.numbers = [_numbers(own, self.numblocks) for own in self.blocks]
        self._references: dict[str, list[Any]] = {}

    def _pays(self, k: int, chunks: Chunks) -> bool:
        """Whether the faces of a large chunk are less than half of it: else it goes to its neighbours as it is."""
        return 2 * points_of(self.depths[k], chunks) < prod(map(max, chunks))

    def tasks(self, name: str, *names: str) -> Iterator[tuple[Key, Any]]:
        """All tasks by their keys, of fields of these names."""
        # what neighbours read of each input
        sources = [f"{name}-faces-{k}" if k in self.copied else own for k, own in enumerate(names)]
        keys, all_spans = [own.key for own in self._all(name, self.numblocks)], product(*self.along)
        all_alike = product(*map(self._alike, range(len(self.along))))
        kinds: dict[Places, Kind] = {}
        for number, (key, spans, alike) in enumerate(zip(keys, all_spans, all_alike, strict=True)):
            kind = kinds.get(alike)
            if kind is None:
                kind = kinds[alike] = self._kind(key[1:], spans, names, sources)
            given = [references[numbers[number] + step] for references, numbers, step in kind.reads]
            yield key, task(key, checked, self.recipe, spans, kind.said, key, *given)
        for k in self.copied:
            yield from self._faces(k, names[k], sources[k])

    def _alike(self, axis: int) -> list[int]:
        """A number for each place along an axis, one for those that read as many chunks of the same lengths there, so many places further."""
        has_ends = any(term.ends for term in self.recipe.terms)
        found: dict[object, int] = {}
        numbers = []
        for place, span in enumerate(self.along[axis]):
            theirs = [place] if span is None else [place, *self._others(axis, place, span)]
            lengths = [(own[axis][n % len(own[axis])], n - place) for own in self.fields for n in theirs]
            fact = (span is None, *lengths, has_ends and span is not None and (span.length, span.has_rows))
            numbers.append(found.setdefault(fact, len(found)))
        return numbers

    def _others(self, axis: int, place: int, span: Span) -> list[int]:
        return [(place + piece.other) % self.numblocks[axis] for piece in span.pieces]

    def _kind(self, places: Places, spans: Spans, names: Sequence[str], sources: Sequence[str]) -> Kind:
        """What the task at these places reads, and is told."""
        terms, here = self.recipe.there(spans), (0,) * len(places)
        used, reach = self.recipe.used(terms), self.recipe.reach(terms)
        inputs = [(names[k], k, here) for k in used]
        others = [(sources[k], k, steps) for k in used for steps in neighbours(reach[k], spans)]
        chunks = [*inputs, *(own for own in others if own[1] not in self.copied)]
        return Kind(
            tuple([self._read(*own, places) for own in [*inputs, *others]]),
            tuple([self._said(*own, places) for own in chunks]),
        )

    def _read(self, name: str, k: int, steps: Places, places: Places) -> tuple[list[Any], Sequence[int], int]:
        """All that may be read, the numbers that stand there for places, and how far from its own the one is that is read."""
        blocks, numbers = self.blocks[k], self.numbers[k]
        there = np.ravel_multi_index(beside(places, steps, blocks), blocks)
        return self._all(name, blocks), numbers, int(there) - numbers[self._number(places)]

    def _number(self, places: Places) -> int:
        return int(np.ravel_multi_index(places, self.numblocks))

    def _said(self, name: str, k: int, steps: Places, places: Places) -> Said:
        blocks = self.blocks[k]
        shape = [own[n] for own, n in zip(self.fields[k], beside(places, steps, blocks), strict=True)]
        return Said(tuple(shape), name, steps, blocks)

    def component(self, k: int, name: str, whole: str) -> Iterator[tuple[Key, Any]]:
        """The tasks that take one output of all that were made."""
        keys = product((name,), *map(range, self.numblocks))
        for own, key in zip(self._all(whole, self.numblocks), keys, strict=True):
            yield key, task(key, getitem, own, k)

    def _all(self, name: str, blocks: Places) -> list[Any]:
        """One reference, and one key in it, for all that read a task: six for each of 100000 chunks are much memory."""
        found = self._references.get(name)
        if found is None:
            keys = product((name,), *map(range, blocks))
            found = self._references[name] = [reference(key) for key in keys]
        return found

    def _faces(self, k: int, name: str, source: str) -> Iterator[tuple[Key, Any]]:
        blocks, chunks = self.blocks[k], self.fields[k]
        keys = [own.key for own in self._all(source, blocks)]
        each = zip(self._all(name, blocks), product(*self.depths[k]), product(*chunks), strict=True)
        said: dict[Shape, Said] = {}
        for key, (own, depths, shape) in zip(keys, each, strict=True):
            if any(depths):
                if shape not in said:
                    said[shape] = Said(shape, name, (0,) * len(shape), blocks)
                found: Depths = tuple([depth for depth in depths if depth])
                yield key, task(key, checked_faces, own, found, said[shape], key)


def _numbers(blocks: Places, numblocks: Places) -> Sequence[int]:
    """Of each chunk the number of that which it reads of an input, of one along axes that it is the same along."""
    if blocks == numblocks:
        return range(prod(blocks))
    own = [np.arange(n) % m for n, m in zip(numblocks, blocks, strict=True)]
    made: list[int] = np.ravel_multi_index(np.meshgrid(*own, indexing="ij"), blocks).ravel().tolist()
    return made
