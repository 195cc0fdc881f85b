"""The graph of a call: for each chunk a task that copies its faces, and one that makes all outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from math import prod
from operator import getitem
from typing import Any

from dask.base import tokenize

from ..._base.types import Array, Shape
from ..._stencils.stencil import Stencil
from .chunk import Places, compute, neighbours
from .faces import Depths, depths_of, faces, points_of
from .groups import cut, groups_of, joined, lengths
from .recipe import Recipe, Spans, contents
from .tasks import Chunks, Declared, Key, array, reference, task


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
        fields = [f if f.chunks == own else f.rechunk(own) for f, own in pairs]
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
        self._references: dict[Key, Any] = {}
        self._declared: dict[Key, Declared] = {}
        self._shapes: dict[Shape, Shape] = {}

    def _pays(self, k: int, chunks: Chunks) -> bool:
        """Whether the faces of a large chunk are less than half of it: else it goes to its neighbours as it is."""
        return 2 * points_of(self.depths[k], chunks) < prod(map(max, chunks))

    def tasks(self, name: str, *names: str) -> Iterator[tuple[Key, Any]]:
        """All tasks by their keys, of fields of these names."""
        always = not any(term.ends for term in self.recipe.terms)
        everything = tuple(range(len(self.recipe.terms)))
        used, reach = self.recipe.used(everything), self.reach
        # what neighbours read of each input
        sources = [f"{name}-faces-{k}" if k in self.copied else own for k, own in enumerate(names)]
        whole = {*self.reach} - {*self.copied}
        for places in product(*map(range, self.numblocks)):
            spans: Spans = tuple([own[place] for own, place in zip(self.along, places, strict=True)])
            if not always:
                terms = self.recipe.there(spans)
                used, reach = self.recipe.used(terms), self.recipe.reach(terms)
            inputs = [(k, self._place(k, places)) for k in used]
            others = [
                (k, self._place(k, own))
                for k in used
                for own in neighbours(reach[k], spans, places, self.numblocks)
            ]
            given = [self._to(names[k], own) for k, own in inputs]
            declared = [self._says(k, ref.key) for (k, _), ref in zip(inputs, given, strict=True)]
            for k, own in others:
                given.append(self._to(sources[k], own))
                if k in whole:
                    declared.append(self._says(k, given[-1].key))
            key = self._to(name, places).key
            yield key, task(key, compute, self.recipe, spans, tuple(declared), *given)
        for k in self.copied:
            yield from self._faces(k, names[k], sources[k])

    def component(self, k: int, name: str, whole: str) -> Iterator[tuple[Key, Any]]:
        """The tasks that take one output of all that were made."""
        for places in product(*map(range, self.numblocks)):
            key = (name, *places)
            yield key, task(key, getitem, self._to(whole, places), k)

    def _to(self, name: str, places: Places) -> Any:
        """One reference, and one key in it, for all that read a task: six for each of 100000 chunks are much memory."""
        key = (name, *places)
        found = self._references.get(key)
        if found is None:
            found = self._references[key] = reference(key)
        return found

    def _says(self, k: int, key: Key) -> Declared:
        """One object for each chunk as well, of few shapes."""
        found = self._declared.get(key)
        if found is None:
            shape = tuple([own[place] for own, place in zip(self.fields[k], key[1:], strict=True)])
            found = self._declared[key] = Declared(key, self._shapes.setdefault(shape, shape))
        return found

    def _place(self, k: int, places: Places) -> Places:
        blocks = self.blocks[k]
        if blocks == self.numblocks:
            return places
        return tuple([place % n for place, n in zip(places, blocks, strict=True)])

    def _faces(self, k: int, name: str, source: str) -> Iterator[tuple[Key, Any]]:
        for places in product(*map(range, self.blocks[k])):
            depths: Depths = tuple(
                [own[place] for own, place in zip(self.depths[k], places, strict=True) if own[place]]  # type: ignore[misc]
            )
            if depths:
                key, own = self._to(source, places).key, self._to(name, places)
                yield key, task(key, faces, own, depths, self._says(k, own.key))
