"""How a task is written."""

from __future__ import annotations

from typing import Any, TypeAlias

from dask._task_spec import Task, TaskRef

Key: TypeAlias = tuple[Any, ...] | str


# ``task(key, function, *given)``, where some are what other tasks have made, ``reference(key)``: as objects, of which a graph
# is planned in 2/3 of the time that tuples take.
task: Any = Task
reference: Any = TaskRef
