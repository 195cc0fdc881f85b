"""The arguments of `Grid`, cleaned: coordinates, axes, ends and periods."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._axes import check_class
from ._derivatives import Rule
from ._errors import ArgumentTypeError, ArgumentValueError, counted

BOUNDARIES = ("one-sided", "periodic", "symmetric", "antisymmetric")
Ends = tuple[str, str]


def clean_boundary(boundary: Any, count: int) -> tuple[Ends, ...]:
    """Both ends of each of `count` axes."""
    if isinstance(boundary, str):
        return (_ends(boundary, 0),) * count
    if not isinstance(boundary, (list, tuple)):
        raise ArgumentTypeError(
            f"boundary must be a name, or a sequence of names, got {boundary!r}; {_allowed()}"
        )
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
        raise ArgumentTypeError(
            f"the boundary of axis {k} is {entry!r}; give a name, or one for each of its two ends"
        )
    for name in pair:
        if name not in BOUNDARIES:
            raise ArgumentValueError(f"unknown boundary {name!r} of axis {k}; {_allowed()}")
    left, right = pair
    if (left == "periodic") != (right == "periodic"):
        raise ArgumentValueError(
            f'axis {k} is "periodic" at one end only; an axis that repeats does so at both'
        )
    return left, right


def _allowed() -> str:
    return "allowed are " + ", ".join(map(repr, BOUNDARIES))


def check_length(length: int, axis: int, rule: Rule, needed: int) -> None:
    """Refuse an axis too short for the rows of a rule."""
    if length < needed:
        left, right = rule.boundary
        what = "" if rule.accuracy is None else f" of accuracy={rule.accuracy}"
        raise ArgumentValueError(
            f"axis {axis} has {counted(length, 'point')} but a derivative of order {rule.order}{what} with "
            f"boundary {left if left == right else rule.boundary} and edge_order={rule.edge_order} needs at least "
            f"{needed}; add points, or ask for less"
        )


def clean_coordinates(coordinates: tuple[Any, ...]) -> tuple[list[Any], tuple[int, ...], list[Any]]:
    """Spacings, lengths and origins."""
    spacings, lengths, origins = [], [], []
    for k, given in enumerate(coordinates):
        if isinstance(given, tuple):
            if (
                len(given) not in (2, 3)
                or isinstance(given[0], bool)
                or not isinstance(given[0], (int, np.integer))
            ):
                raise ArgumentTypeError(
                    f"axis {k} of the grid is the tuple {given!r}; give (n, step) or (n, step, origin), or the coordinates as a list"
                )
            if given[0] < 2:
                raise ArgumentValueError(
                    f"axis {k} of the grid has {counted(int(given[0]), 'point')}; it needs at least 2"
                )
            spacings.append(given[1])
            lengths.append(int(given[0]))
            origins.append(given[2] if len(given) == 3 else 0.0)
            continue
        check_class(given, k)
        if getattr(given, "ndim", np.ndim(given)) == 0:
            raise ArgumentTypeError(f"axis {k} of the grid is {given!r}; give (n, step) or the coordinates")
        if len(given) < 2:
            raise ArgumentValueError(
                f"axis {k} of the grid has {counted(len(given), 'point')}; it needs at least 2"
            )
        spacings.append(given)
        lengths.append(len(given))
        origins.append(0.0)
    return spacings, tuple(lengths), origins


def clean_axes(axes: Any, count: int) -> tuple[int, ...]:
    """The array axes of the grid, as ints."""
    if axes is None:
        return tuple(range(-count, 0))
    given = list(axes) if isinstance(axes, (list, tuple, range)) else [axes]
    if len(given) != count:
        raise ArgumentValueError(
            f"axes names {counted(len(given), 'axis')} for a grid of {count}; name one for each"
        )
    if any(isinstance(a, bool) or not isinstance(a, (int, np.integer)) for a in given):
        raise ArgumentTypeError(f"axes must be ints, got {axes!r}")
    if len(set(given)) != count:
        raise ArgumentValueError(f"axes {tuple(given)} names an axis twice")
    return tuple(int(a) for a in given)


def clean_periods(period: Any, boundary: tuple[tuple[str, str], ...]) -> list[Any]:
    """The period of each axis, None where there is none."""
    periods = list(period) if isinstance(period, (list, tuple)) else None
    if periods is None:
        periods = [period if ends[0] == "periodic" else None for ends in boundary]
        if period is not None and not any(ends[0] == "periodic" for ends in boundary):
            raise ArgumentValueError('period is given, but no axis is "periodic"')
    if len(periods) != len(boundary):
        raise ArgumentValueError(
            f"period is of length {len(periods)} for a grid of {counted(len(boundary), 'axis')}"
        )
    for k, (value, ends) in enumerate(zip(periods, boundary, strict=True)):
        if value is not None and ends[0] != "periodic":
            raise ArgumentValueError(
                f"period is given for axis {k} of the grid, which is not periodic; give None in its place"
            )
    return periods
