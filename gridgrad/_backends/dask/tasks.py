"""How tasks are written, and lazy arrays of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from typing import Any, TypeAlias

import dask.array as da
from dask._task_spec import Task, TaskRef
from dask.highlevelgraph import HighLevelGraph

from ..._base.types import Array

Key: TypeAlias = tuple[Any, ...] | str
Chunks: TypeAlias = tuple[tuple[int, ...], ...]  # lengths, by axis
IS_ON = hasattr(da.Array, "expr")  # whether Dask plans arrays as expressions, which may come by other names

# ``task(key, function, *given)``, where some are what other tasks have made, ``reference(key)``: as objects, of which a graph
# is planned in 2/3 of the time that tuples take.
task: Any = Task
reference: Any = TaskRef


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
