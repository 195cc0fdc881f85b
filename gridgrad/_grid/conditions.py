"""What users prescribe at walls: values, slopes and mixtures of both, and ends for each component of a vector field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from numbers import Real
from typing import Literal

import numpy as np

from .._backends import dispatch
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Array
from .._stencils.ends import ANTIREFLECT, ANTISYMMETRIC, REFLECT, SYMMETRIC, End, Plate, Prescribed
from .._stencils.wide import exact_fraction
from .._wraps.units import present

Number = int | float | complex
Place = Literal["point", "face"] | float


@dataclass(frozen=True, eq=False, repr=False, slots=True)
class Condition:
    """What `value`, `slope` and `robin` make: an end with something prescribed at it. Not to be changed."""

    end: Prescribed
    given: Number | Array  # a number takes the dtype and the library of the field
    name: str | None
    spelled: str

    @property
    def is_number(self) -> bool:
        """Whether it is no array."""
        return not hasattr(self.given, "shape")

    @property
    def is_zero(self) -> bool:
        """Whether nothing is ever added for it: the number 0, which no call replaces."""
        return self.name is None and self.is_number and not self.given

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for what is the same: a number by its value, an array by being it."""
        given = (type(self.given), self.given) if self.is_number else id(self.given)
        return self.end, self.name, self.spelled, given

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.key == other.key

    def __hash__(self) -> int:
        return hash((self.spelled, None if self.is_number else id(self.given)))  # fractions take long

    def __repr__(self) -> str:
        return self.spelled


def value(v: Number | Array, *, wall: Place = "point", name: str | None = None) -> Condition:
    """An end where the field has the value `v`: what is called a Dirichlet condition.

    Parameters
    ----------
    v : number or array
        Arrays broadcast to the side: to the shape of the field without the axis. They stay yours and
        are read at each call, so that what is written into them counts from then on. A number takes
        the dtype and the library of the field. Both count in the units of the field and the axes; quantities are
        refused, as those are not known here: give ``v.to(f.units).magnitude`` of pint.
    wall : "point", "face" or number
        Where the wall is: at the end point, half of the first step outside of it (the outer face of a
        cell whose inner face is midway), or at a position outside. At "point" the end point itself is
        the wall: rows across it read `v` there, whatever the field holds. Derivatives along the wall, at its own
        points, are of what the field holds.
    name : str, optional
        By which a call gives another value: ``A(f, inflow=v)``.

    Returns
    -------
    Condition
        For ``boundary=``.

    Raises
    ------
    TypeError
        What is neither a number nor an array; a wall that is no place; a name that is no identifier.
    ValueError
        A number that is not finite.

    Notes
    -----
    Operators are then affine, ``A(f) = L f + b``: `Operator.linear` is L, and `Operator.offset` b.
    Three-point second derivatives take a node beyond the wall, ``2 v - f``, so that they balance fluxes:
    at walls outside their truncation error does not fall, and solutions are of order 2 all the same.
    All other rows are exact for polynomials through `v`.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> u = np.array([7.0, 1.0, 4.0, 9.0, 7.0])  # x**2, whatever stands at the ends
    >>> gg.derivative(u, order=2, boundary=(gg.value(0.0), gg.value(16.0)))
    array([2., 2., 2., 2., 2.])
    """
    return _condition("value", 1, 0, v, wall, name)


def slope(s: Number | Array, *, wall: Place = "point", name: str | None = None) -> Condition:
    """An end where the field has the slope `s` outwards, ``df/dn``: a Neumann condition, a flux.

    Outwards means that f grows towards the wall where `s` is positive, at either end. `s`, `wall` and `name` are
    as in `value`.

    Returns
    -------
    Condition
        For ``boundary=``.

    Raises
    ------
    TypeError, ValueError
        As `value`.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> u = np.array([0.0, 1.0, 4.0, 9.0, 16.0])
    >>> gg.derivative(u, order=2, boundary=("one-sided", gg.slope(8.0)))
    array([2., 2., 2., 2., 2.])
    """
    return _condition("slope", 0, 1, s, wall, name)


def robin(
    a: float, b: float, c: Number | Array, *, wall: Place = "point", name: str | None = None
) -> Condition:
    """An end where ``a f + b df/dn = c``, n pointing outwards: a mixed condition, of Robin.

    `a` and `b` are finite numbers, of one sign where the wall takes from what is inside (cooling); `c`, `wall` and
    `name` are as `v`, `wall` and `name` in `value`.

    Returns
    -------
    Condition
        For ``boundary=``.

    Raises
    ------
    TypeError, ValueError
        As `value`; `a` and `b` both 0.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> u = np.array([0.0, 1.0, 4.0, 9.0, 16.0])
    >>> gg.derivative(u, order=2, boundary=("one-sided", gg.robin(1.0, 2.0, 32.0)))
    array([2., 2., 2., 2., 2.])
    """
    return _condition("robin", a, b, c, wall, name)


def require_number(value: object, label: str) -> None:
    """Refuse a quantity: the units of the field are not known before the call."""
    if present(value):
        raise ArgumentTypeError(
            f"{label} has units, but what is prescribed at walls is in those of the field and of the axes, which only a call knows; "
            "give the number in these, v.to(f.units).magnitude of pint, v.to_value(f.unit) of astropy, v.to_value(f.units) of unyt"
        )


def clamped(v: Number | Array = 0.0, *, name: str | None = None) -> Condition:
    """An end that holds a plate or a beam fast: the value `v` at the end point, and a slope of 0 there.

    For `Grid.biharmonic` and ``derivative(order=4)``, which need two conditions at each end.

    Parameters
    ----------
    v : number or array
        The deflection of the end, as in `value`.
    name : str, optional
        By which a call gives another value: ``A(f, edge=v)``.

    Returns
    -------
    Condition
        For ``boundary=``.

    Raises
    ------
    TypeError, ValueError
        As `value`.

    Notes
    -----
    Narrowest rows read an even field beyond the end, the classical scheme for plates: the truncation error of a fourth
    derivative grows beside the end, and solutions are of order 2 all the same. Rows of ``accuracy=`` take the slope as one
    more equation.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> beam = gg.Grid((65, 1 / 64), boundary=gg.clamped())
    >>> bent = beam.biharmonic.solve(np.full(65, 384.0))  # 1 in the middle, w = 16 x**2 (1 - x)**2
    >>> bent[[0, 32, 64]].round(2)
    array([0., 1., 0.])
    """
    return _made("clamped", Plate(Fraction(1), Fraction(0)), v, name)


def supported(v: Number | Array = 0.0, *, name: str | None = None) -> Condition:
    """An end on which a plate or a beam rests, free to turn: the value `v` at the end point, and no moment.

    The second derivative across the end is 0 there. `v` and `name` are as in `clamped`; narrowest rows read a field that
    is odd about `v` beyond the end.

    Returns
    -------
    Condition
        For ``boundary=``.

    Raises
    ------
    TypeError, ValueError
        As `value`.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> beam = gg.Grid((65, 1 / 64), boundary=gg.supported())
    >>> bent = beam.biharmonic.solve(np.full(65, 76.8))  # 1 in the middle, 5 q L**4 / 384
    >>> bent[[0, 32, 64]].round(2)
    array([0., 1., 0.])
    """
    return _made("supported", Plate(Fraction(1), Fraction(0), odd=True), v, name)


def _condition(kind: str, a: object, b: object, given: object, wall: object, name: object) -> Condition:
    for part, word in ((a, "a"), (b, "b"), (wall, "wall=")):
        require_number(part, f"{word} of {kind}()")
    weights = [_weight(number, word, kind) for number, word in ((a, "a"), (b, "b"))]
    if not any(weights):
        raise ArgumentValueError("robin(a, b, c) prescribes nothing where a and b are both 0")
    distance, position = _place(wall, kind)
    end = Prescribed(weights[0], weights[1], distance, position)
    numbers = f"{a!r}, {b!r}, " if kind == "robin" else ""
    return _made(kind, end, given, name, numbers, "" if wall == "point" else f", wall={wall!r}")


def _made(kind: str, end: Prescribed, given: object, name: object, before: str = "", at: str = "") -> Condition:
    if name is not None and not (isinstance(name, str) and name.isidentifier()):
        raise ArgumentTypeError(f"name={name!r} of {kind}() must be a word that a call can have as a keyword")
    require_number(given, f"what is given to {kind}()")
    cleaned = _given(given, kind)
    shown = repr(cleaned) if not hasattr(cleaned, "shape") else f"<array of shape {tuple(cleaned.shape)}>"
    more = "" if name is None else f", name={name!r}"
    return Condition(end, cleaned, name, f"{kind}({before}{shown}{at}{more})")


def _weight(number: object, word: str, kind: str) -> Fraction:
    if isinstance(number, (bool, np.bool_)) or not isinstance(number, Real):
        raise ArgumentTypeError(f"{word} of {kind}() must be a real number, got {type(number).__name__}")
    if not isfinite(number):
        raise ArgumentValueError(f"{word} of {kind}() is {number}; it must be finite")
    return exact_fraction(np.asarray(number))


def _place(wall: object, kind: str) -> tuple[Fraction | None, Fraction | None]:
    """How far outside the wall is, None of half of the first step, and its position where that is given instead."""
    if wall == "point":
        return Fraction(0), None
    if wall == "face":
        return None, None
    if isinstance(wall, (str, bool, np.bool_)) or not isinstance(wall, Real):
        raise ArgumentTypeError(
            f'wall={wall!r} of {kind}() must be "point", "face" or the position of the wall'
        )
    if not isfinite(wall):
        raise ArgumentValueError(f"wall={wall!r} of {kind}() must be finite")
    return None, exact_fraction(np.asarray(wall))


def _given(given: object, kind: str) -> Number | Array:
    """The number, or the array as it is."""
    if isinstance(given, (bool, np.bool_, str)) or callable(given) or given is None:
        raise ArgumentTypeError(
            f"{kind}() got {given!r}; give a number or an array, which may be written into later, or a name= by which calls "
            "give others"
        )
    if isinstance(given, complex):
        return number_of(given, kind)
    if isinstance(given, Real) and not hasattr(given, "__array_interface__"):
        return number_of(float(given), kind)
    if isinstance(given, np.generic):
        return number_of(given.item(), kind)
    if isinstance(given, (list, tuple)):
        raise ArgumentTypeError(
            f"{kind}() got a {type(given).__name__}; give an array, numpy.array({str(given)[:40]})"
        )
    try:
        return dispatch.samples(given)[1]
    except (ArgumentTypeError, ArgumentValueError) as error:
        raise type(error)(re.sub(r"\bf\b", kind, str(error))) from None


def number_of(given: Number, kind: str) -> Number:
    """A finite number."""
    number: Number = given if isinstance(given, complex) else float(given)
    if not np.isfinite(number):
        raise ArgumentValueError(
            f"{kind}() got {given}; a number must be finite, only arrays may hold other values"
        )
    return number


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


def end_of(wall: Wall) -> End:
    """The rows that go with it."""
    return wall.end if isinstance(wall, Condition) else wall


def mirrors(odd: bool, wall: str) -> End:
    """The mirror at one of the two places."""
    if wall == "face":
        return ANTISYMMETRIC if odd else SYMMETRIC
    return ANTIREFLECT if odd else REFLECT


def check_place(wall: object, kind: str) -> str:
    """At the end point or half a step outside."""
    if wall not in ("point", "face"):
        raise ArgumentTypeError(f'wall={wall!r} of {kind}() must be "point" or "face"')
    return str(wall)


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
    """
    place = check_place(wall, "no_slip")
    rest: Wall = ANTISYMMETRIC if place == "face" else value(0.0)
    return Components(
        rest, rest, mirrors(False, place), "no_slip()" if wall == "point" else f"no_slip(wall={wall!r})"
    )
