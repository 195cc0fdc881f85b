"""The `boundary=` argument: one name, or one for each axis and side."""

from __future__ import annotations

from typing import Any

from ._errors import ArgumentTypeError, ArgumentValueError, counted

BOUNDARIES = ("one-sided", "periodic", "symmetric", "antisymmetric")
Ends = tuple[str, str]


def clean_boundary(boundary: Any, count: int) -> tuple[Ends, ...]:
    """Both ends of each of `count` axes."""
    if isinstance(boundary, str):
        return (_ends(boundary, 0),) * count
    if not isinstance(boundary, (list, tuple)):
        raise ArgumentTypeError(f"boundary must be a name, or a sequence of names, got {boundary!r}; {_allowed()}")
    entries = list(boundary)
    if count == 1 and len(entries) == 2 and all(isinstance(entry, str) for entry in entries):
        entries = [tuple(entries)]  # the two ends of the only axis
    if len(entries) != count:
        raise ArgumentValueError(
            f"boundary is of length {len(entries)} for {counted(count, 'axis')}; give one name for all, or one (or a pair) for each"
        )
    return tuple(_ends(entry, k) for k, entry in enumerate(entries))


def _ends(entry: Any, k: int) -> Ends:
    pair = (entry, entry) if isinstance(entry, str) else entry
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
        raise ArgumentTypeError(f"the boundary of axis {k} is {entry!r}; give a name, or one for each of its two ends")
    for name in pair:
        if name not in BOUNDARIES:
            raise ArgumentValueError(f"unknown boundary {name!r} of axis {k}; {_allowed()}")
    left, right = pair
    if (left == "periodic") != (right == "periodic"):
        raise ArgumentValueError(f'axis {k} is "periodic" at one end only; an axis that repeats does so at both')
    return left, right


def _allowed() -> str:
    return "allowed are " + ", ".join(map(repr, BOUNDARIES))
