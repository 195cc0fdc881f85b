"""Tiny chunks, which cost more as tasks than as work: many are made as one chunk, and cut out of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import accumulate, pairwise, product
from math import prod
from typing import Any, TypeAlias

import numpy as np
from dask.base import tokenize
from dask.highlevelgraph import MaterializedLayer

from ..._base.types import Array
from ..protocol import Find
from .tasks import IS_ON, Chunks, Key, array, rechunked, reference, refused_shape, shape_of, task

Groups: TypeAlias = tuple[tuple[int, ...], ...]  # how many chunks each takes, by axis

BYTES = 1 << 16  # of a group: a sweep over so many takes a tenth of its task
FEWEST = 8  # chunks that a group spares the tasks of


def groups_of(chunks: Chunks, itemsize: int) -> Groups | None:
    """Of chunks that are tiny: as many as fit, along the shortest sides first."""
    counts, largest = [1] * len(chunks), [max(1, *own) for own in chunks]
    while True:
        sides = [count * n for count, n in zip(counts, largest, strict=True)]
        more = [axis for axis, own in enumerate(chunks) if counts[axis] < len(own)]
        if not more or 2 * prod(sides) * itemsize > BYTES:
            break
        axis = min(more, key=sides.__getitem__)
        counts[axis] = min(2 * counts[axis], len(chunks[axis]))
    if prod(counts) < FEWEST:
        return None
    return tuple(
        tuple(min(count, len(own) - first) for first in range(0, len(own), count))
        for count, own in zip(counts, chunks, strict=True)
    )


def lengths(chunks: Chunks, groups: Groups) -> Chunks:
    """The groups as chunks."""
    return tuple(tuple(map(sum, _cut(*own))) for own in zip(chunks, groups, strict=True))


def joined(field: Any, chunks: Chunks, groups: Groups, find: Find) -> Any:
    """The array, which should be in these `chunks`, in those of groups of them, one along axes that are one chunk."""
    groups = tuple([own if len(n) > 1 else (1,) for n, own in zip(chunks, groups, strict=True)])
    if field.chunks != chunks:
        return rechunked(field, lengths(chunks, groups))
    held = _held(field)
    made = partial(_joins, field.chunks, groups, find, held)
    name = f"gridgrad-joined-{tokenize(field.name, groups)}"
    return array(made, name, [] if held else [field], lengths(field.chunks, groups), field._meta)


def _joins(
    chunks: Chunks,
    groups: Groups,
    find: Find,
    held: Mapping[tuple[int, ...], Array],
    name: str,
    field: str = "",
) -> Iterator[tuple[Key, Any]]:
    """The tasks of all groups."""
    cuts = [list(_cut(*own)) for own in zip(chunks, groups, strict=True)]
    numbers = [list(_cut(range(len(own)), counts)) for own, counts in zip(chunks, groups, strict=True)]
    for places in product(*[range(len(own)) for own in groups]):
        own = tuple([cut[place] for cut, place in zip(cuts, places, strict=True)])
        there = list(product(*[number[place] for number, place in zip(numbers, places, strict=True)]))
        given = [held[key] if held else reference((field, *key)) for key in there]
        key = (name, *places)
        yield key, task(key, join, find, own, (field, *there[0]), *given)


def cut(whole: Any, output: int | None, chunks: Chunks, groups: Groups, meta: Array) -> Any:
    """One output of groups, in the chunks that they are made of."""
    name = f"{whole.name}-{'cut' if output is None else output}"
    return array(partial(_cuts, output, chunks, groups), name, [whole], chunks, meta)


def _cuts(
    output: int | None, chunks: Chunks, groups: Groups, name: str, whole: str
) -> Iterator[tuple[Key, Any]]:
    """The tasks of all chunks."""
    places = [list(_places(*own)) for own in zip(chunks, groups, strict=True)]
    wholes = {own: reference((whole, *own)) for own in product(*[range(len(own)) for own in groups])}
    for number, own in zip(product(*[range(len(own)) for own in chunks]), product(*places), strict=True):
        there, index = zip(*own, strict=True)
        key = (name, *number)
        yield key, task(key, taken, wholes[there], output, index)


def join(find: Find, chunks: Chunks, first: Key, *parts: Array) -> Array:
    """The task of a group: its chunks, from the one of the key `first` on, as one."""
    places = product(*[range(low, low + len(own)) for low, own in zip(first[1:], chunks, strict=True)])
    for place, shape, part in zip(places, product(*chunks), parts, strict=True):
        if (given := shape_of(part)) != shape:
            raise refused_shape(first[0], place, shape, given)
    library = find(type(parts[0]))
    assert library is not None
    like = next((part for part in parts if library.facts(part) is None), parts[0])
    kinds = {part.dtype for part in parts}
    if len(kinds) > 1:  # whatever the array says of itself
        like = like.astype(np.result_type(*kinds))
    whole = library.operations(like).zeros_like(like, shape=tuple(map(sum, chunks)))
    for index, part in zip(product(*map(_slices, chunks)), parts, strict=True):
        whole[index] = part
    return whole


def taken(whole: Any, output: int | None, index: tuple[slice, ...]) -> Array:
    """The task of a chunk of a group."""
    made: Array = (whole if output is None else whole[output])[index]
    return made


def _held(field: Any) -> Mapping[tuple[int, ...], Array]:
    """The chunks by their places, where their numbers are in the graph: Dask goes through all of those again for each of its tasks."""
    layer = None if IS_ON else field.dask.layers.get(field.name)
    if not isinstance(layer, MaterializedLayer) or not all(
        isinstance(own, np.ndarray) for own in layer.values()
    ):
        return {}
    return {key[1:]: own for key, own in layer.items()}


def _cut(own: Sequence[int], counts: Sequence[int]) -> Iterator[tuple[int, ...]]:
    for first, last in pairwise([0, *accumulate(counts)]):
        yield tuple(own[first:last])


def _slices(own: Sequence[int]) -> list[slice]:
    return [slice(*pair) for pair in pairwise([0, *accumulate(own)])]


def _places(own: Sequence[int], counts: Sequence[int]) -> Iterator[tuple[int, slice]]:
    """Of each chunk along an axis its group, and where it is in that."""
    for number, chunks in enumerate(_cut(own, counts)):
        for place in _slices(chunks):
            yield number, place
