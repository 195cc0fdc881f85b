"""What lies beyond an end of an axis: all that rows, cells and words ask of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from .._base.errors import ArgumentValueError
from .._base.types import Array
from .wide import Wide, from_fraction

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

    def placed(self, position: Fraction) -> End:
        """The same end, whose wall is where it was said to be, of an axis whose end point is here."""
        return self

    def slopes(self, steps: Array, edge_order: int) -> list[Array]:
        """The weights of these differences, next to the end, of steps of any arithmetic."""
        raise LookupError(f"there is no such formula for a {self.word} end")


@dataclass(frozen=True, slots=True)
class OneSided(End):
    """Rows of the points inside."""

    word = "one-sided"
    is_open = is_formula = is_one_sided = True

    def points(self, centred: int, one_sided: int) -> int:
        """Those of a one-sided row."""
        return one_sided

    def closed(self) -> End:
        """A wall at the end point."""
        return REFLECT

    def slopes(self, steps: Array, edge_order: int) -> list[Array]:
        """Of the row of this order."""
        if edge_order == 1:
            return [1 / steps[0]]
        ratio = steps[0] / (steps[0] + steps[1])
        return [(1 + ratio) / steps[0], -ratio / steps[1]]


@dataclass(frozen=True, slots=True)
class Periodic(End):
    """The other end is next to it."""

    word = "periodic"
    is_periodic = is_formula = True

    def known(self, node: int, axis: Seen) -> Known:
        """The points of the other end."""
        return Known(((node % axis.length, 1),))

    def beyond(self, step: Wide, around: Wide | None) -> Wide | None:
        """The step round the ring."""
        return around

    def points(self, centred: int, one_sided: int) -> int:
        """A ring has no point twice in a row."""
        return centred + 1


@dataclass(frozen=True, slots=True)
class Mirror(End):
    """A field that goes on as its mirror image, about the end point or about a wall half a step outside.

    Even: ``f(w - s) = f(w + s)``. Odd about the value at the end point: ``f(w - s) = 2 f(w) - f(w + s)``. Odd about
    a wall between points, where the value is 0: ``f(w - s) = -f(w + s)``.
    """

    odd: bool
    half: bool

    @property
    def word(self) -> str:  # type: ignore[override]
        """That of numpy.pad; its "antireflect" is ``mode="reflect", reflect_type="odd"``."""
        return ("anti" if self.odd else "") + ("symmetric" if self.half else "reflect")

    @property
    def has_slopes(self) -> bool:  # type: ignore[override]
        """All but the odd one about a wall between points, which needs the value of the end point."""
        return not (self.odd and self.half)

    @property
    def is_passed(self) -> bool:  # type: ignore[override]
        """Of an odd field, whose slope is not 0."""
        return self.odd

    @property
    def outside(self) -> object:
        """At the end point, or half of the first step outside."""
        return None if self.half else Fraction(0)

    def known(self, node: int, axis: Seen) -> Known:
        """Its mirror image."""
        if node == 0:
            return Known(((0, 1),))
        if self.half:
            return Known(((-1 - node, -1 if self.odd else 1),))
        return Known(((0, 2), (-node, -1)) if self.odd else ((-node, 1),))

    def gap(self, node: int, axis: Seen) -> Fraction:
        """The mirror image of a step; the one across a wall between points is as long as the first."""
        return axis.step(max(-2 - node, 0) if self.half else -1 - node)

    def beyond(self, step: Wide, around: Wide | None) -> Wide | None:
        """The way to the mirror image of the end point."""
        return step if self.half else None

    def flipped(self) -> End:
        """The other parity."""
        return Mirror(not self.odd, self.half)

    def slopes(self, steps: Array, edge_order: int) -> list[Array]:
        """An even field has a slope of 0 at the wall; an odd one between points is no sum of differences."""
        if self.half and self.odd:
            return End.slopes(self, steps, edge_order)
        if self.half:
            return [1 / (steps[0] + steps[0])]
        return [1 / steps[0]] if self.odd else []


class Equation(NamedTuple):
    """``a f + b df/dx + bend d2f/dx2 = c`` at a wall so far beyond the end point, along x; c is prescribed, or 0."""

    a: Fraction
    b: Fraction
    way: Fraction
    bend: Exact = 0
    is_zero: bool = False


@dataclass(frozen=True, slots=True)
class Prescribed(End):
    """``a f + b df/dn = c`` at a wall, where c comes with a call, at the end point or outside of it.

    Three-point second derivatives have a node beyond, the end point's mirror image about the wall, whose value
    follows from c: then the flux through the wall is the prescribed one, or ``(c - f) / distance``. All other
    rows take the condition as one more equation. A value at the end point is that point's value.
    """

    a: Fraction
    b: Fraction
    distance: Fraction | None = Fraction(0)  # from the end point; None: half of the first step
    position: Fraction | None = None
    is_slope: bool = False  # a field's slope along x has this condition, n pointing outwards
    is_balanced: bool = False
    is_extrapolated: bool = False
    has_slopes = False

    @property
    def word(self) -> str:  # type: ignore[override]
        """What is prescribed."""
        return "value" if not self.b else "slope" if not self.a else "robin"

    @property
    def outside(self) -> object:
        """Its distance, or where it was said to be."""
        return self.distance if self.position is None else ("at", self.position)

    @property
    def is_held(self) -> bool:  # type: ignore[override]
        """Whether the end point is on the wall, and its value is the prescribed one."""
        return self.distance == 0 and not self.b

    @property
    def is_passed(self) -> bool:  # type: ignore[override]
        """Unless the end point is held, of which no flux is known."""
        return not self.is_held

    @property
    def is_flux(self) -> bool:  # type: ignore[override]
        """Where the slope is prescribed."""
        return not self.a

    @property
    def is_one_sided(self) -> bool:  # type: ignore[override]
        """Where the end point is held."""
        return self.is_held

    def known(self, node: int, axis: Seen) -> Known:
        """The mirror image about the wall, and what is added to it there."""
        if self.is_held:
            return Known((), 1 / self.factor(axis)) if node == 0 else End.known(self, node, axis)
        if node == 0:
            return Known(((0, 1),))
        gap = abs(self.gap(-1, axis))
        if self.distance == 0:  # a f0 + b (f - f1) / 2 h = c for the node beyond
            inverse = 2 * gap / self.b
            return Known(((1, 1), (0, -self.a * inverse)) if self.a else ((1, 1),), inverse)
        inside, outside = self.a / 2 - self.b / gap, self.a / 2 + self.b / gap
        if not outside:
            raise undetermined(self.a, self.b)
        return Known(((0, -inside / outside),), 1 / outside)

    def gap(self, node: int, axis: Seen) -> Fraction:
        """Twice the way to the wall, or the first step where that is at the end point."""
        first = axis.step(0)
        return 2 * self.distance * (1 if first > 0 else -1) if self.distance else first

    def beyond(self, step: Wide, around: Wide | None) -> Wide | None:
        """The way to the mirror image about the wall."""
        if self.distance is None:
            return step
        return None if self.distance == 0 else from_fraction(2 * self.distance, step.high.dtype)

    def points(self, centred: int, one_sided: int) -> int:
        """A held point has a one-sided row; all others have the condition in place of one more point."""
        return one_sided if self.is_held else max(2, one_sided - 1)

    def closed(self) -> End:
        """The prescribed flux; what passes a held point is not known."""
        return replace(self, is_balanced=True)

    def flipped(self) -> End:
        """Where the slope is prescribed, that is the value of the derivative; else nothing is known of it."""
        return ONE_SIDED if self.a else replace(self, a=self.b, b=Fraction(0), is_slope=True)

    def factor(self, axis: Seen) -> Fraction:
        """That of the value; a slope along x has a sign that one outwards may not have."""
        return self.a * axis.outward if self.is_slope else self.a

    def condition(self, order: int, accuracy: int | None, axis: Seen) -> Equation | None:
        """The condition itself, for all rows but the three-point second derivative."""
        return None if self.is_held or (order == 2 and accuracy is None) else self.equation(axis)

    def equation(self, axis: Seen) -> Equation:
        """The condition itself."""
        way = axis.outward * (abs(self.gap(-1, axis)) / 2 if self.distance != 0 else Fraction(0))
        return Equation(self.factor(axis), self.b * axis.outward, way)

    def scaled(self, exponent: int) -> End:
        """A slope is per length."""
        factor = Fraction(2) ** exponent
        distance = self.distance and self.distance * factor
        return replace(self, b=self.b * factor, distance=distance)

    def placed(self, position: Fraction) -> End:
        """With its distance in place of the position."""
        assert self.position is not None
        return replace(self, distance=abs(self.position - position), position=None)


@dataclass(frozen=True, slots=True)
class Plate(Prescribed):
    """A value at the end point, about which the field goes on even, its slope 0, or odd, its second derivative 0.

    So end plates and beams, clamped or simply supported. Narrowest rows, and formula (1), read the mirror image, all others
    take the derivative that is 0 as one more equation.
    """

    odd: bool = False

    @property
    def word(self) -> str:  # type: ignore[override]
        """What engineers call it."""
        return "supported" if self.odd else "clamped"

    @property
    def is_one_sided(self) -> bool:  # type: ignore[override]
        """Nodes lie beyond."""
        return False

    def known(self, node: int, axis: Seen) -> Known:
        """The mirror image, of what is odd about the value at the end point."""
        if node == 0:
            return Known((), 1)
        return Known(((-node, -1),), 2) if self.odd else Known(((-node, 1),))

    def gap(self, node: int, axis: Seen) -> Fraction:
        """The mirror image of a step."""
        return axis.step(-1 - node)

    def points(self, centred: int, one_sided: int) -> int:
        """Those of a mirror, or with the condition in place of one more point."""
        return max(centred, one_sided - 1)

    def flipped(self) -> End:
        """The mirror of the other parity."""
        return Mirror(not self.odd, half=False)

    def condition(self, order: int, accuracy: int | None, axis: Seen) -> Equation | None:
        """The derivative that is 0, for rows that mirror images are not good enough for."""
        if accuracy is None or (order == 1 and accuracy <= 2):
            return None
        zero, one = Fraction(0), Fraction(1)
        return Equation(zero, zero if self.odd else one, zero, int(self.odd), is_zero=True)


def undetermined(a: Exact, b: Exact) -> ArgumentValueError:
    """For numbers with which a condition says nothing about the node beyond."""
    return ArgumentValueError(
        f"robin(a, b, c) with a:b = {float(a):g}:{float(b):g} leaves the value beyond the wall open at this step; give a and b of one sign"
    )


ONE_SIDED = OneSided()
PERIODIC = Periodic()
REFLECT, SYMMETRIC = Mirror(odd=False, half=False), Mirror(odd=False, half=True)
ANTIREFLECT, ANTISYMMETRIC = Mirror(odd=True, half=False), Mirror(odd=True, half=True)
NAMED: dict[str, End] = {
    end.word: end for end in (ONE_SIDED, PERIODIC, REFLECT, SYMMETRIC, ANTIREFLECT, ANTISYMMETRIC)
}


def opened(end: End) -> End:
    """The end of what is prescribed along another wall: what it has here itself follows from it.

    Rows then have the errors of those of the field, with which they meet in corners.
    """
    if not isinstance(end, Prescribed):
        return end
    return ONE_SIDED if end.is_held else replace(end, is_extrapolated=True)


def closed(end: End) -> End:
    """The end that no flux passes."""
    return end.closed()


def flipped(end: End) -> End:
    """The end of the derivative of a field with this one."""
    return end.flipped()
