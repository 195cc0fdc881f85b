"""Ends where a call prescribes a value, a slope or a mixture of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from ..._base.errors import ArgumentValueError
from ..wide import Wide, from_fraction
from .end import End, Equation, Exact, Known, Seen
from .named import ONE_SIDED, Mirror


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
        if self.distance == 0:
            return None
        return from_fraction(2 * self.distance * (1 if step.high > 0 else -1), step.high.dtype)

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

    def per_length(self, unit: float) -> End:
        """With another weight of the slope."""
        return replace(self, b=self.b / Fraction(unit))

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


def opened(end: End) -> End:
    """The end of what is prescribed along another wall: what it has here itself follows from it.

    Rows then have the errors of those of the field, with which they meet in corners.
    """
    if not isinstance(end, Prescribed):
        return end
    return ONE_SIDED if end.is_held else replace(end, is_extrapolated=True)
