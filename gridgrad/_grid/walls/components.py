"""Walls of vector fields: the ends of each component, and those of scalar fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..._backends.once import made_once
from ..._base.checks import is_word
from ..._base.errors import ArgumentTypeError, shown
from ..._base.words import answering
from ..._stencils.ends import ANTIREFLECT, ANTISYMMETRIC, REFLECT, SYMMETRIC, End
from .conditions import Condition, value

Wall = End | Condition  # of one field


@dataclass(frozen=True, slots=True)
class Components:
    """What `components` makes: the ends of vector fields at a wall, and those of scalar fields. Not to be changed."""

    normal: Wall
    tangential: Wall | tuple[Wall, ...]
    scalar: Wall | None
    spelled: str

    def __repr__(self) -> str:
        return self.spelled

    def of(self, axis: int, component: int | None) -> Wall:
        """The end of a component of a vector field, or of a scalar one, at the wall of an axis."""
        if component is None:
            if self.scalar is None:
                raise ArgumentTypeError(
                    f'axis {axis} ends with {self!r}, which says nothing about scalar fields; say it with components(..., scalar="reflect")'
                )
            return self.scalar
        if component == axis:
            return self.normal
        if not isinstance(self.tangential, tuple):
            return self.tangential
        return self.tangential[component - (component > axis)]


def walls_of(side: Wall | Components) -> tuple[Wall, ...]:
    """That of all fields, or those of the components of a vector field and of scalar ones."""
    if not isinstance(side, Components):
        return (side,)
    along = side.tangential if isinstance(side.tangential, tuple) else (side.tangential,)
    return (side.normal, *along, *(() if side.scalar is None else (side.scalar,)))


def holds_arrays(boundary: object) -> bool:
    """Whether an array is prescribed anywhere in what is given as ``boundary=``."""
    if isinstance(boundary, (list, tuple)):
        return any([holds_arrays(entry) for entry in boundary])
    walls = walls_of(boundary) if isinstance(boundary, Components) else (boundary,)
    return any([isinstance(wall, Condition) and not wall.is_number for wall in walls])


def end_of(wall: Wall) -> End:
    """The rows that go with it."""
    return wall.end if isinstance(wall, Condition) else wall


def scalar_end_of(side: Wall | Components, axis: int) -> End:
    """The rows of scalar fields at a side of an axis, or, where there are none, of the component of vector fields along it."""
    if isinstance(side, Components):
        side = side.of(axis, axis if side.scalar is None else None)
    return end_of(side)


def mirrors(odd: bool, wall: str) -> End:
    """The mirror at one of the two places."""
    if wall == "face":
        return ANTISYMMETRIC if odd else SYMMETRIC
    return ANTIREFLECT if odd else REFLECT


def check_place(wall: object, kind: str) -> str:
    """At the end point or half a step outside."""
    if not is_word(wall, "point", "face"):
        raise ArgumentTypeError(f'wall={shown(wall)} of {kind}() must be "point" or "face"')
    return str(wall)


_MOVES = 'a wall that moves is components(normal=value(0.0), tangential=value(speed), scalar="reflect"): velocity speed v u'


@answering(wall="at loc location position place", moves=_MOVES)
@made_once
def slip(*, wall: Literal["point", "face"] = "point") -> Components:
    """A wall of fluid mechanics along which the fluid slips: the normal velocity is odd, all else is even.

    Parameters
    ----------
    wall : "point" or "face"
        At the end point, or half of the first step outside.

    Returns
    -------
    Components
        For ``boundary=``; scalar fields (a pressure, a depth) are even.

    Examples
    --------
    >>> import gridgrad as gg
    >>> gg.Grid((4, 1.0), (5, 1.0), boundary=["periodic", gg.slip()]).boundary[1][0]
    slip()
    """
    place = check_place(wall, "slip")
    even = mirrors(False, place)
    return Components(
        mirrors(True, place), even, even, "slip()" if wall == "point" else f"slip(wall={wall!r})"
    )


@answering(wall="at loc location position place", moves=_MOVES)
@made_once
def no_slip(*, wall: Literal["point", "face"] = "point") -> Components:
    """A wall of fluid mechanics at which the fluid is at rest: every velocity is 0 there, scalar fields are even.

    A wall that moves is ``components(normal=value(0.0), tangential=value(speed), scalar="reflect")``.

    Parameters
    ----------
    wall : "point" or "face"
        At the end point, where velocities are then read as 0, or half of the first step outside, about which
        they are odd.

    Returns
    -------
    Components
        For ``boundary=``.

    Raises
    ------
    TypeError
        Another `wall`.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> channel = gg.Grid((4, 1.0), (5, 1.0), boundary=["periodic", gg.no_slip(wall="face")])
    >>> u, v = np.ones((2, 4, 5))
    >>> channel.vector_laplacian((u, v))[0][0]  # drag of both walls
    array([-2.,  0.,  0.,  0., -2.])
    """
    place = check_place(wall, "no_slip")
    rest: Wall = ANTISYMMETRIC if place == "face" else value(0.0)
    return Components(
        rest, rest, mirrors(False, place), "no_slip()" if wall == "point" else f"no_slip(wall={wall!r})"
    )
