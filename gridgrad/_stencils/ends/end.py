"""What lies beyond an end of an axis: all that rows and cells ask of it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

from ..._base.types import Array
from ..wide import Wide

Exact = Fraction | int


class Known(NamedTuple):
    """The value at a node: a sum of values at points, each times a factor, and of what is prescribed at the wall."""

    points: tuple[tuple[int, Exact], ...]
    prescribed: Exact = 0


class Seen(NamedTuple):
    """An axis as one of its ends sees it: 0 is the end point, and the step from it inwards."""

    length: int
    step: Callable[[int], Fraction]
    outward: int  # 1 where coordinates grow outwards, else -1


class Equation(NamedTuple):
    """``a f + b df/dx + bend d2f/dx2 = c`` at a wall so far beyond the end point, along x; c is prescribed, or 0."""

    a: Fraction
    b: Fraction
    way: Fraction
    bend: Exact = 0
    is_zero: bool = False


class End:
    """One end of an axis, seen from inside: 0 is its last point, 1 the one before it, -1 the first node beyond."""

    word = ""
    is_open = False  # nothing is known beyond it: rows are one-sided
    is_periodic = False
    is_formula = False  # its three-point first derivative is made together with the interior
    is_extrapolated: bool = False  # what is prescribed is taken from the points next to the end
    has_slopes = True  # its three-point first derivative is a sum of differences of the field
    is_held = False  # the value at the end point itself is prescribed
    is_passed = False  # a flux passes the wall, into the cell of the end point
    is_flux = False  # what is prescribed is that flux: of 0 nothing passes
    is_one_sided = False  # rows of nodes turn to the points inside
    is_balanced: bool = False  # rows are balances of fluxes, of which a held point has none
    position: Fraction | None = None  # where a wall was said to be, until the axis is known

    @property
    def outside(self) -> object:
        """How far outside of the end point the wall is; equal for walls at one place."""
        return Fraction(0)

    def known(self, node: int, axis: Seen) -> Known:
        """The value at a node of number 0 or less."""
        if node < 0:
            raise LookupError(f"nothing is known at node {node} beyond a {self.word} end")
        return Known(((node, 1),))

    def gap(self, node: int, axis: Seen) -> Fraction:
        """The step between a node beyond and the next one inwards."""
        raise LookupError(f"there is no node {node} beyond a {self.word} end")

    def beyond(self, step: Wide, around: Wide | None) -> Wide | None:
        """What the cell of the end point has on its outer side, twice; `step` is the first one. None: nothing."""
        return None

    def points(self, centred: int, one_sided: int) -> int:
        """The fewest points of an axis for rows of these widths."""
        return centred

    def closed(self) -> End:
        """The end that no flux passes: itself, unless fluxes are made up beyond it."""
        return self

    def flipped(self) -> End:
        """The end of the derivative of a field with this one: of an even field it is odd."""
        return self

    def condition(self, order: int, accuracy: int | None, axis: Seen) -> Equation | None:
        """What rows of this order take as one more equation; None where they are made of nodes beyond."""
        return None

    def scaled(self, exponent: int) -> End:
        """The same end where lengths are multiplied by a power of two."""
        return self

    def per_length(self, unit: float) -> End:
        """The same end, whose slopes were per length, of coordinates of which a unit has this one."""
        return self

    def placed(self, position: Fraction) -> End:
        """The same end, whose wall is where it was said to be, of an axis whose end point is here."""
        return self

    def slopes(self, steps: Array, edge_order: int) -> list[Array]:
        """The weights of these differences, next to the end, of steps of any arithmetic."""
        raise LookupError(f"there is no such formula for a {self.word} end")
