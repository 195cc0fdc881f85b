"""How a task is written, in the releases of Dask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

try:
    from dask._task_spec import Task, TaskRef
except ImportError:  # in older releases a tuple is one
    Task = TaskRef = None

Key: TypeAlias = tuple[Any, ...] | str


def task(key: Key, function: Callable[..., object], *given: object) -> Any:
    """``function(*given)``, where some are what other tasks have made: as an object, of which a graph is planned in 2/3 of the time."""
    return (function, *given) if Task is None else Task(key, function, *given)


def reference(key: Key) -> Any:
    """What another task has made."""
    return key if TaskRef is None else TaskRef(key)
