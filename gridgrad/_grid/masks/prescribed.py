"""What is prescribed beside gaps: the conditions of a side, and the side by which a run tells its two ends apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..boundary import Side
from ..walls.components import Components, Wall, end_of, walls_of
from ..walls.conditions import Condition


def conditions_of(side: Side) -> tuple[Condition, ...]:
    """Those that are not 0, each once: one of all fields, or several of the components of a vector field."""
    known = (wall for wall in walls_of(side) if isinstance(wall, Condition) and not wall.is_zero)
    return tuple(dict.fromkeys(known))


def is_held(side: Side) -> bool:
    """Whether a point beside a gap has a value that is prescribed: rows that read this point then read that."""
    return any(end_of(wall).is_held for wall in walls_of(side))


def mark(number: int, end: int) -> str:
    """The name, which no user can give, of a condition at the first end of a run (0) or at the last (1)."""
    return f"<condition {number} at end {end}>"


def marked(side: Side, end: int) -> Side:
    """The side at one end of a run: weights do not depend on what is given, so that a number stands for an array."""
    known = conditions_of(side)

    def named(wall: Wall) -> Wall:
        if not isinstance(wall, Condition) or wall.is_zero:
            return wall
        return replace(wall, given=1.0, name=mark(known.index(wall), end))

    return _each(side, named)


def numbered(side: Side) -> Side:
    """The side with a number for each array that is prescribed there."""
    return _each(
        side,
        lambda wall: replace(wall, given=1.0) if isinstance(wall, Condition) and not wall.is_number else wall,
    )


def _each(side: Side, change: Callable[[Wall], Wall]) -> Side:
    """A side whose walls are changed."""
    if not isinstance(side, Components):
        return change(side)
    along = side.tangential
    return replace(
        side,
        normal=change(side.normal),
        tangential=tuple(map(change, along)) if isinstance(along, tuple) else change(along),
        scalar=None if side.scalar is None else change(side.scalar),
    )
