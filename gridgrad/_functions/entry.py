"""The door of all functions of fields: labelled arrays turn off here, and come back as plain ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar, cast

import numpy as np

from .._base.tracing import is_compiling
from .._wraps.labelled import room_among

Function = TypeVar("Function", bound=Callable[..., object])
_ndarray = np.ndarray


def takes_labels(function: Function) -> Function:
    """The function, which is given labelled arrays too: its own code sees their numbers, axes and spacings."""

    @wraps(function)
    def entry(*args: object, **options: object) -> object:
        if (args and type(args[0]) is _ndarray) or is_compiling():
            return function(*args, **options)
        room = room_among((*args[:2], *options.values()))
        found: object = function(*args, **options) if room is None else room.run(function, args, options)
        return found

    return cast(Function, entry)
