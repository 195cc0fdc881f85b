"""Whether two grids have the same points, so that their operators can be joined."""

from __future__ import annotations

import numpy as np

from .._backends.once import made_once
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .points import Points


def check_grids(first: Points, second: Points, what: str) -> None:
    """Refuse grids of other points; other boundaries are allowed."""
    if first is not second:
        _compare(first, second, what)


@made_once
def _compare(first: Points, second: Points, what: str) -> None:
    refusal = f"operators on different grids cannot be {what}:"
    if first.units != second.units:
        raise ArgumentTypeError(
            f"operators on grids of different units cannot be {what}: {first.units} and {second.units}"
        )
    if first.lengths != second.lengths or first.axes != second.axes:
        raise ArgumentValueError(
            f"{refusal} {first.described()} and {second.described()}{_one_spelling(first, second)}"
        )
    if first.mask is not second.mask and first.mask != second.mask:
        raise ArgumentValueError(
            f"{refusal} their gaps differ; make both with the same with_mask and with_breaks"
        )
    for axis, x, y in zip(first.axes, first.coordinates, second.coordinates, strict=True):
        if not np.array_equal(x, y, equal_nan=True):
            raise ArgumentValueError(f"{refusal} their coordinates along axis {axis} differ")


def _one_spelling(first: Points, second: Points) -> str:
    """What to do about axes that are the same in some fields, or are named in another order."""
    if first.axes != second.axes and sorted(first.axes) == sorted(second.axes):
        return f"; the first names its axes in the order {first.axes}, the second {second.axes}: name them in one order"
    pairs = [(a, b) for a, b in zip(first.axes, second.axes, strict=False) if a != b]
    apart = {abs(a - b) for a, b in pairs}
    if first.lengths == second.lengths and len(apart) == 1 and all((a < 0) != (b < 0) for a, b in pairs):
        return f"; these are the same axes of fields of {min(apart)} dimensions only: give both grids axes={first.axes}"
    return ""
