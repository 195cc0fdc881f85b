"""The graph of a call: for each chunk a task that copies its faces, and one that makes all outputs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from math import prod
from operator import getitem
from typing import Any, TypeAlias

import dask.array as da
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from ..._base.types import Array
from ..._stencils.stencil import Stencil
from .chunk import compute
from .faces import Depths, faces
from .recipe import Axes, Recipe, Spans
from .spans import Span, spans_of

try:
    from dask._task_spec import Task, TaskRef
except ImportError:  # older releases have tuples for tasks

    def Task(key: Key, function: Callable[..., object], *given: object) -> object:
        """A task as older releases have it."""
        return (function, *given)

    def TaskRef(key: Key) -> Key:
        """What another task has made."""
        return key


Key: TypeAlias = tuple[Any, ...]
Places: TypeAlias = tuple[int, ...]  # of a chunk among others, by axis


def outputs_of(
    recipe: Recipe, stencils: dict[int, tuple[Stencil, ...]], fields: Sequence[Any], meta: Array
) -> list[Any]:
    """Lazy arrays, in the chunks of the fields, which all have the same."""
    token = tokenize([field.name for field in fields], recipe.terms, recipe.slots, recipe.as_read,
                     [[own.__reduce__()[1] for own in along] for along in stencils.values()], str(meta.dtype))  # fmt: skip
    graph = Graph(recipe, stencils, fields, f"gridgrad-{token}")
    whole = _array(dict(graph.tasks()), graph.name, fields, meta)
    if recipe.outputs == 1:
        return [whole]
    return [
        whole.map_blocks(getitem, k, name=f"{graph.name}-{k}", dtype=meta.dtype, meta=meta)
        for k in range(recipe.outputs)
    ]


def _array(tasks: dict[Key, Any], name: str, fields: Sequence[Any], meta: Array) -> Any:
    graph = HighLevelGraph.from_collections(name, tasks, dependencies=list(fields))
    return da.Array(graph, name, fields[0].chunks, meta=meta)


class Graph:
    """The tasks of one call."""

    def __init__(
        self, recipe: Recipe, stencils: dict[int, tuple[Stencil, ...]], fields: Sequence[Any], name: str
    ) -> None:
        self.recipe, self.name = recipe, name
        self.names = [str(field.name) for field in fields]
        self.numblocks: Places = tuple(fields[0].numblocks)
        chunks = fields[0].chunks
        self.along: list[Sequence[Span | None]] = [
            spans_of(stencils[axis], own) if axis in stencils else [None] * len(own)
            for axis, own in enumerate(chunks)
        ]
        self.reach = recipe.reach(range(len(recipe.terms)))
        self.depths = {k: [self._depths(axis, k, own) for axis, own in enumerate(chunks)] for k in self.reach}
        self.copies = {k: self._pays(k, chunks) for k in self.reach}

    def _depths(self, axis: int, k: int, chunks: tuple[int, ...]) -> list[tuple[int, int, int] | None]:
        """How many first and last rows of each chunk others read along an axis."""
        first, last = [0] * len(chunks), [0] * len(chunks)
        if any(axis in axes for axes in self.reach[k]):
            for number, span in enumerate(self.along[axis]):
                for piece in () if span is None else span.pieces:
                    other = (number + piece.other) % len(chunks)
                    if piece.start == 0 or piece.stop < chunks[other]:
                        first[other] = max(first[other], piece.stop)
                    else:
                        last[other] = max(last[other], chunks[other] - piece.start)
        return [(axis, *own) if any(own) else None for own in zip(first, last, strict=True)]

    def _pays(self, k: int, chunks: tuple[tuple[int, ...], ...]) -> bool:
        """Whether the faces of a large chunk are less than half of it: else it goes to its neighbours as it is."""
        largest = [max(own) for own in chunks]
        rows = [
            sum(max((own[side] for own in along if own), default=0) for side in (1, 2))
            for along in self.depths[k]
        ]
        return 2 * sum(own * prod(largest) // n for own, n in zip(rows, largest, strict=True) if own) < prod(
            largest
        )

    def tasks(self) -> Iterator[tuple[Key, Any]]:
        """All tasks by their keys."""
        always = not any(term.ends for term in self.recipe.terms)
        everything = tuple(range(len(self.recipe.terms)))
        used, reach = self.recipe.used(everything), self.reach
        for places in product(*map(range, self.numblocks)):
            spans: Spans = tuple([own[place] for own, place in zip(self.along, places, strict=True)])
            if not always:
                terms = self.recipe.there(spans)
                used, reach = self.recipe.used(terms), self.recipe.reach(terms)
            inputs = [TaskRef((self.names[k], *places)) for k in used]
            others = [self._source(k, own) for k in used for own in self._beyond(reach[k], spans, places)]
            key = (self.name, *places)
            yield key, Task(key, compute, self.recipe, spans, *inputs, *others)
        for k, is_copied in self.copies.items():
            if is_copied:
                yield from self._faces(k)

    def _beyond(self, reach: Sequence[Axes], spans: Spans, places: Places) -> Iterator[Places]:
        """The chunks that one reads, in the order in which its task takes them."""
        for axes in reach:
            pieces = [spans[axis].pieces for axis in axes]  # type: ignore[union-attr]  # differentiated along
            for others in product(*pieces):
                there = list(places)
                for axis, piece in zip(axes, others, strict=True):
                    there[axis] = (there[axis] + piece.other) % self.numblocks[axis]
                yield tuple(there)

    def _source(self, k: int, places: Places) -> Any:
        return TaskRef(self._key(k, places) if self.copies[k] else (self.names[k], *places))

    def _key(self, k: int, places: Places) -> Key:
        return (f"{self.name}-faces-{k}", *places)

    def _faces(self, k: int) -> Iterator[tuple[Key, Any]]:
        for places in product(*map(range, self.numblocks)):
            depths: Depths = tuple(
                [own[place] for own, place in zip(self.depths[k], places, strict=True) if own[place]]  # type: ignore[misc]
            )
            if depths:
                key = self._key(k, places)
                yield key, Task(key, faces, TaskRef((self.names[k], *places)), depths)
