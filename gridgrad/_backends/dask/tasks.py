"""How tasks are written, and lazy arrays of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib import import_module
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import dask.array as da
from dask._task_spec import Task, TaskRef
from dask.base import tokenize
from dask.highlevelgraph import HighLevelGraph

from ..._base.errors import ArgumentValueError
from ..._base.types import Array, Shape

Places: TypeAlias = tuple[int, ...]  # of a chunk among others, by axis
Key: TypeAlias = tuple[Any, ...] | str
Chunks: TypeAlias = tuple[tuple[int, ...], ...]  # lengths, by axis
IS_ON = hasattr(da.Array, "expr")  # whether Dask plans arrays as expressions, which may come by other names

# ``task(key, function, *given)``, where some are what other tasks have made, ``reference(key)``: as objects, of which a graph
# is planned in 2/3 of the time that tuples take.
task: Any = Task
reference: Any = TaskRef


def beside(places: Places, steps: Places, numblocks: Places) -> Places:
    """The chunk so many places from another, round each axis."""
    return tuple([(place + step) % n for place, step, n in zip(places, steps, numblocks, strict=True)])


def refused_shape(name: str, places: Places, shape: Shape, found: Shape) -> ArgumentValueError:
    """For a chunk of another shape than its array says, which Dask takes as it is, and whose rows would be those of other points."""
    return ArgumentValueError(
        f"chunk {places!r} of the Dask array {name!r} has the shape {found!r}, and the array says {shape!r}; say "
        "what the function makes of each chunk, f.map_blocks(function, chunks=...), or have it found, f.compute_chunk_sizes()"
    )


def shape_of(chunk: Any) -> Shape:
    """Of whatever stands in the place of a chunk."""
    return tuple(getattr(chunk, "shape", ()))


class Said(NamedTuple):
    """What an array says of a chunk that a task is given: its shape, and whose it is, so many places from the task's own of as many as there are."""

    shape: Shape
    name: str
    steps: Places
    numblocks: Places

    def check(self, chunk: Any, key: tuple[Any, ...]) -> None:
        """Refuse one of another shape; the task of that key says which it is."""
        if (found := shape_of(chunk)) != self.shape:
            raise refused_shape(self.name, beside(key[1:], self.steps, self.numblocks), self.shape, found)


def array(
    tasks: Callable[..., Iterable[tuple[Key, Any]]], name: str, fields: Sequence[Any], chunks: Chunks, meta: Array
) -> Any:  # fmt: skip
    """A lazy array of the tasks that are made of its name and those of the fields."""
    if IS_ON:
        made = import_module("gridgrad._backends.dask.planned").OfTasks(tasks, name, chunks, meta, *fields)
        return da.Array(made)
    layer = dict(tasks(name, *[field.name for field in fields]))
    return da.Array(
        HighLevelGraph.from_collections(name, layer, dependencies=fields), name, chunks, meta=meta
    )


def rechunked(field: Any, chunks: Chunks) -> Any:
    """The array in other chunks, its own looked at before, as Dask cuts one that is too long without a word."""
    if field.chunks == chunks:
        return field
    made = array(
        partial(_looked_at, field.chunks),
        f"gridgrad-said-{tokenize(field.name)}",
        [field],
        field.chunks,
        field._meta,
    )
    return made.rechunk(chunks)


def _looked_at(chunks: Chunks, name: str, field: str) -> Iterator[tuple[Key, Any]]:
    blocks = tuple(map(len, chunks))
    for places, shape in zip(product(*map(range, blocks)), product(*chunks), strict=True):
        key = (name, *places)
        yield (
            key,
            task(key, same, reference((field, *places)), Said(shape, field, (0,) * len(shape), blocks), key),
        )


def same(chunk: Any, said: Said, key: tuple[Any, ...]) -> Any:
    """The task of a chunk that is as its array says."""
    said.check(chunk, key)
    return chunk
