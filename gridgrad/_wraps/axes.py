"""The entries of a grid's axes: their numbers, and the unit of each axis."""

from __future__ import annotations

from typing import Any

from .units import Maybe, converted, present, unwrap


def plain_axes(entries: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Maybe, ...]]:
    """Coordinates, ``(n, step)`` or ``(n, step, origin)`` without units, the origin in that of the step."""
    if not present(*entries):
        return entries, (None,) * len(entries)
    pairs = [_plain(entry, k) for k, entry in enumerate(entries)]
    return tuple(numbers for numbers, _ in pairs), tuple(unit for _, unit in pairs)


def _plain(entry: Any, k: int) -> tuple[Any, Maybe]:
    if not (isinstance(entry, tuple) and len(entry) in (2, 3) and not present(entry[0])):
        return unwrap(entry, f"axis {k}")
    step, unit = unwrap(entry[1], f"the step of axis {k}")
    origins = [converted(x, unit, f"the origin of axis {k}", "its step") for x in entry[2:]]
    return (entry[0], step, *origins), unit
