"""How tasks are written, and lazy arrays of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

import dask.array as da
from dask._task_spec import Task, TaskRef
from dask.highlevelgraph import HighLevelGraph

from ..._base.errors import ArgumentValueError
from ..._base.types import Array, Shape

Key: TypeAlias = tuple[Any, ...] | str
Chunks: TypeAlias = tuple[tuple[int, ...], ...]  # lengths, by axis
IS_ON = hasattr(da.Array, "expr")  # whether Dask plans arrays as expressions, which may come by other names

# ``task(key, function, *given)``, where some are what other tasks have made, ``reference(key)``: as objects, of which a graph
# is planned in 2/3 of the time that tuples take.
task: Any = Task
reference: Any = TaskRef


class Declared(NamedTuple):
    """What an array says of one of its chunks: where it comes from, ``(name, *places)``, and its shape."""

    key: Key
    shape: Shape

    def check(self, chunk: Any) -> None:
        """Refuse a chunk of another shape, which Dask takes as it is, and whose rows would be those of other points."""
        shape = tuple(getattr(chunk, "shape", ()))
        if shape != self.shape:
            raise ArgumentValueError(
                f"chunk {self.key[1:]!r} of the Dask array {self.key[0]!r} has the shape {shape!r}, and the array says {self.shape!r}; say "
                "what the function makes of each chunk, f.map_blocks(function, chunks=...), or have it found, f.compute_chunk_sizes()"
            )


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
