"""Which package knows the labels of arrays that have some: by their class, importing nothing the user has not."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

from .._base.cache import cached
from .._base.late import imported
from .foreign import roots_of

# By the package of a class: the module whose `run` calls a function on the numbers. One line a library.
ROOMS = {"xarray": "gridgrad._wraps.xarray.call"}


def room_among(values: Iterable[Any]) -> ModuleType | None:
    """The module that serves labelled arrays among the values, or in lists among them; None where there are none."""
    for value in values:
        if isinstance(value, (list, tuple)):
            found = room_among(value)
        else:
            name = _room(type(value))
            found = imported(name) if name else None
        if found is not None:
            return found
    return None


@cached("labelled classes", entries=256)
def _room(cls: type) -> str:
    roots = roots_of(cls)
    return next((room for root, room in ROOMS.items() if root in roots), "")
