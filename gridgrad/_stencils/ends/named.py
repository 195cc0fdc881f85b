"""Ends of which their word says everything: one-sided, periodic, mirrors."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..._base.types import Array
from ..wide import Wide
from .end import End, Known, Seen


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


ONE_SIDED = OneSided()
PERIODIC = Periodic()
REFLECT, SYMMETRIC = Mirror(odd=False, half=False), Mirror(odd=False, half=True)
ANTIREFLECT, ANTISYMMETRIC = Mirror(odd=True, half=False), Mirror(odd=True, half=True)
NAMED: dict[str, End] = {
    end.word: end for end in (ONE_SIDED, PERIODIC, REFLECT, SYMMETRIC, ANTIREFLECT, ANTISYMMETRIC)
}
