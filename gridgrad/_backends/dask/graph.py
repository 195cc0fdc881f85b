"""The graph of a call: for each chunk a task that copies its faces, and one that makes all outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from operator import getitem
from typing import Any

from dask.base import tokenize

from ..._base.types import Array
from ..._stencils.stencil import Stencil
from . import planned
from .chunk import Places, compute, neighbours
from .faces import Depths, depths_of, faces, points_of
from .groups import Chunks, array, cut, groups_of, joined, lengths
from .recipe import Recipe, Spans, contents
from .tasks import Key, reference, task


def outputs_of(
    recipe: Recipe,
    stencils: dict[int, tuple[Stencil, ...]],
    fields: Sequence[Any],
    wanted: Sequence[Chunks],
    chunks: Chunks,
    meta: Array,
) -> list[Any]:
    """Lazy arrays in the `chunks` of their rows, of fields in those that are `wanted` of them, as many, the last of which may be longer or shorter."""
    groups = None if planned.IS_ON else groups_of(chunks, meta.dtype.itemsize)
    pairs = list(zip(fields, wanted, strict=True))
    if groups is None:
        fields = [f if f.chunks == own else f.rechunk(own) for f, own in pairs]
    else:
        fields = [joined(f, own, groups, recipe.find) for f, own in pairs]
    token = tokenize([field.name for field in fields], contents(recipe, stencils), str(meta.dtype))
    rows = chunks if groups is None else lengths(chunks, groups)
    graph = Graph(recipe, stencils, fields, rows, f"gridgrad-{token}")
    if planned.IS_ON:
        whole = planned.outputs_of(recipe, graph.along, fields, chunks, graph.depths, graph.copies, meta)
    else:
        whole = array(dict(graph.tasks()), graph.name, fields, rows, meta)
    several = range(recipe.outputs) if recipe.outputs > 1 else [None]
    if groups is not None:
        return [cut(whole, k, chunks, groups, meta) for k in several]
    if recipe.outputs == 1:
        return [whole]
    if planned.IS_ON:
        return [whole.map_blocks(getitem, k, dtype=meta.dtype, meta=meta) for k in range(recipe.outputs)]
    return [
        array(graph.component(k), f"{graph.name}-{k}", [whole], chunks, meta) for k in range(recipe.outputs)
    ]


class Graph:
    """The tasks of one call."""

    def __init__(
        self, recipe: Recipe, stencils: dict[int, tuple[Stencil, ...]], fields: Sequence[Any], chunks: Chunks, name: str
    ) -> None:  # fmt: skip
        self.recipe, self.name = recipe, name
        self.names = [str(field.name) for field in fields]
        self.numblocks: Places = tuple(map(len, chunks))
        # one along axes that it is the same along
        self.blocks: list[Places] = [field.numblocks for field in fields]
        self.along = recipe.along(stencils, chunks)
        self.reach = recipe.reach(tuple(range(len(recipe.terms))))
        self.depths = {k: depths_of([(own, self.along)], fields[k].chunks) for k, own in self.reach.items()}
        self.copies = {k: self._pays(k, fields[k].chunks) for k in self.reach}
        # what neighbours read of each input
        self._sources = {
            k: f"{name}-faces-{k}" if is_copied else self.names[k] for k, is_copied in self.copies.items()
        }
        self._references: dict[Key, Any] = {}

    def _pays(self, k: int, chunks: Chunks) -> bool:
        """Whether the faces of a large chunk are less than half of it: else it goes to its neighbours as it is."""
        return 2 * points_of(self.depths[k], chunks) < prod(map(max, chunks))

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
            inputs = [self._to(self.names[k], self._place(k, places)) for k in used]
            others = [
                self._source(k, own)
                for k in used
                for own in neighbours(reach[k], spans, places, self.numblocks)
            ]
            key = self._to(self.name, places).key
            yield key, task(key, compute, self.recipe, spans, *inputs, *others)
        for k, is_copied in self.copies.items():
            if is_copied:
                yield from self._faces(k)

    def component(self, k: int) -> dict[Key, Any]:
        """The tasks that take one output of all that were made."""
        tasks: dict[Key, Any] = {}
        name = f"{self.name}-{k}"
        for places in product(*map(range, self.numblocks)):
            key = (name, *places)
            tasks[key] = task(key, getitem, self._to(self.name, places), k)
        return tasks

    def _to(self, name: str, places: Places) -> Any:
        """One reference, and one key in it, for all that read a task: six for each of 100000 chunks are much memory."""
        key = (name, *places)
        found = self._references.get(key)
        if found is None:
            found = self._references[key] = reference(key)
        return found

    def _source(self, k: int, places: Places) -> Any:
        return self._to(self._sources[k], self._place(k, places))

    def _place(self, k: int, places: Places) -> Places:
        blocks = self.blocks[k]
        if blocks == self.numblocks:
            return places
        return tuple([place % n for place, n in zip(places, blocks, strict=True)])

    def _faces(self, k: int) -> Iterator[tuple[Key, Any]]:
        for places in product(*map(range, self.blocks[k])):
            depths: Depths = tuple(
                [own[place] for own, place in zip(self.depths[k], places, strict=True) if own[place]]  # type: ignore[misc]
            )
            if depths:
                key = self._to(self._sources[k], places).key
                yield key, task(key, faces, self._to(self.names[k], places), depths)
