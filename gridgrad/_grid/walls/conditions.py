"""What users prescribe at walls: values, slopes and mixtures of both, and the two conditions of a plate."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..._backends.once import left_out, made_once
from ..._base.checks import clean_name
from ..._base.errors import ArgumentValueError
from ..._base.types import Array
from ..._base.words import answering, offered
from ..._stencils.ends import Plate, Prescribed
from .given import Number, Place, given_of, place, require_number, weight


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
        # a compiler that has a variable in the place of a number can tell its type, and no more
        return isinstance(self.given, (int, float, complex)) or not hasattr(self.given, "shape")

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


_PLACES = "at loc location position place where"


@answering(v="value val c const constant dirichlet", wall=_PLACES, name="label key")
def value(v: Number | Array, *, wall: Place = "point", name: str | None = None) -> Condition:
    """A Dirichlet condition: at this end the field has the value `v`.

    Parameters
    ----------
    v : number or array
        Arrays broadcast to the side: to the shape of the field without the axis. They stay yours and
        are read at each call, so that the next call uses what is written into them. A number takes
        the dtype and the library of the field. Both are in the units of the field and the axes; quantities are
        refused, as those units are not known here: give ``v.to(f.units).magnitude`` of pint.
    wall : "point", "face" or number
        Where the wall is: at the end point, half of the first step outside of it (the outer face of a
        cell whose inner face is midway), or at a position outside. At "point" the end point itself is
        the wall: operators use `v` there, whatever the array has at that point, beside gaps of a mask too.
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
    Three-point second derivatives use a ghost point beyond the wall, ``2 v - f``, so that they balance fluxes:
    at walls outside of the end point their truncation error does not fall with the step, and solutions are of
    order 2 all the same. All other stencils are exact for polynomials through `v`.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> u = np.array([7.0, 1.0, 4.0, 9.0, 7.0])  # x**2, whatever stands at the ends
    >>> gg.derivative(u, order=2, boundary=(gg.value(0.0), gg.value(16.0)))
    array([2., 2., 2., 2., 2.])
    """
    return _condition("value", 1, 0, v, wall, name)


@answering(
    "all else has a name, wall=, name=; the slope of samples is gradient_norm(f, x, y)",
    s="slope value v derivative gradient neumann q",
    wall=_PLACES,
    name="label key",
)
@offered
def slope(s: Number | Array, *, wall: Place = "point", name: str | None = None) -> Condition:
    """A Neumann condition: at this end the field has the outward slope `s`, ``df/dn = s``.

    Parameters
    ----------
    s : number or array
        The slope, as `v` of `value`; outwards: where `s` is positive, f grows towards the wall, at either end.
    wall : "point", "face" or number
        Where the wall is, as in `value`.
    name : str, optional
        By which a call gives another value: ``A(f, inflow=s)``.

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


@answering(
    a="alpha", b="beta", c="gamma g", wall=_PLACES, name="label key",
    heat="heat that passes at a rate h, -k df/dn = h (f - f_outside), is robin(h, k, h * f_outside): h k rate t_inf f_outside",
    mixed="of df/dn + value f = const it is robin(value, 1.0, const): value const",
)  # fmt: skip
def robin(
    a: float, b: float, c: Number | Array, *, wall: Place = "point", name: str | None = None
) -> Condition:
    """A Robin (mixed) condition: at this end ``a f + b df/dn = c``, with n pointing outwards.

    Parameters
    ----------
    a, b : number
        Finite, and not both 0; of one sign where the wall cools what is inside.
    c : number or array
        As `v` of `value`.
    wall : "point", "face" or number
        Where the wall is, as in `value`.
    name : str, optional
        By which a call gives another value: ``A(f, inflow=c)``.

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


_AT_THE_END = (
    "its wall is at the end point, where supported(v) and clamped(v) are: wall at loc position place"
)


@answering(v="value val c", place=_AT_THE_END, name="label key")
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
    The narrowest stencils use ghost points of an even field beyond the end, the classical scheme for plates: the truncation
    error of a fourth derivative grows beside the end, and solutions are of order 2 all the same. With ``accuracy=`` the slope
    is one more equation for the weights.

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


@answering(v="value val c", place=_AT_THE_END, name="label key")
def supported(v: Number | Array = 0.0, *, name: str | None = None) -> Condition:
    """An end on which a plate or a beam rests, free to turn: the value `v` at the end point, and no moment.

    The second derivative across the end is 0 there. The narrowest stencils use ghost points of a field that is odd about
    `v` beyond the end.

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
    make = _of_array if hasattr(given, "shape") else _of_number
    return make(kind, a, b, given, wall, name)


def _mixed(kind: str, a: object, b: object, given: object, wall: object, name: object) -> Condition:
    for part, word in ((a, "a"), (b, "b"), (wall, "wall=")):
        require_number(part, f"{word} of {kind}()")
    weights = [weight(number, word, kind) for number, word in ((a, "a"), (b, "b"))]
    if not any(weights):
        raise ArgumentValueError("robin(a, b, c) prescribes nothing where a and b are both 0")
    distance, position = place(wall, kind)
    end = Prescribed(weights[0], weights[1], distance, position)
    numbers = f"{_number(a)}, {_number(b)}, " if kind == "robin" else ""
    return _made(kind, end, given, name, numbers, "" if wall == "point" else f", wall={_number(wall)}")


_of_number = made_once(_mixed)
_of_array = left_out("numbers")(_mixed)


def _number(given: object) -> str:
    """As a user writes it: a scalar of NumPy or another library as the number of Python that it is."""
    return repr(given.item() if hasattr(given, "item") else given)


def _made(
    kind: str, end: Prescribed, given: object, name: object, before: str = "", at: str = ""
) -> Condition:
    name = clean_name(name, kind)
    require_number(given, f"what is given to {kind}()")
    cleaned = given_of(given, kind)
    value = repr(cleaned) if not hasattr(cleaned, "shape") else f"<array of shape {tuple(cleaned.shape)}>"
    more = "" if name is None else f", name={name!r}"
    return Condition(end, cleaned, name, f"{kind}({before}{value}{at}{more})")
