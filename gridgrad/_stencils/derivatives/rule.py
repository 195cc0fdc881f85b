"""Which derivative along an axis: its order, accuracy and ends, and the points that it needs."""

from __future__ import annotations

from typing import NamedTuple

from ..ends import ONE_SIDED, End, Prescribed


class Rule(NamedTuple):
    """Which derivative along an axis, how accurate, and what happens at the two ends.

    `accuracy` None is the narrowest row: formula (1) and its second derivative, three points everywhere, and five of
    orders 3 and 4; 2, 4 and 6 hold on every grid. `boundary` is of the first and the last point. `edge_order` is of
    the one-sided rows of narrowest rules. With a `side`, -1 or 1, the first derivative is of the points before or
    behind alone, and its accuracy 1 or 2.
    """

    order: int = 1
    accuracy: int | None = None
    boundary: tuple[End, End] = (ONE_SIDED, ONE_SIDED)
    edge_order: int = 1
    side: int = 0

    @property
    def is_periodic(self) -> bool:
        """Whether the axis is closed to a ring."""
        return self.boundary[0].is_periodic

    @property
    def is_first_of_three(self) -> bool:
        """Whether this is formula (1), which is second-order on every grid."""
        return self.order == 1 and self.accuracy in (None, 2) and not self.side

    @property
    def is_formula(self) -> bool:
        """Whether that makes the rows at both ends too."""
        return self.is_first_of_three and self.boundary[0].is_formula and self.boundary[1].is_formula

    def reach(self, uniform: bool) -> tuple[int, int]:
        """Neighbours before and behind a point in an interior row.

        ``2 m + 1`` centred points give the order ``2 m + 1 - order``, and one more by symmetry: of odd derivatives
        on every axis if that makes it even, of even ones on a uniform axis.
        """
        if self.side:
            points = self.accuracy or 1
            return (points, 0) if self.side < 0 else (0, points)
        by_symmetry = uniform or self.order % 2
        half = (self.order + 1) // 2 - 1
        if self.accuracy is None:
            return half + 1, half + 1
        half += (self.accuracy + (0 if by_symmetry else 2)) // 2
        return half, half

    def one_sided_points(self) -> int:
        """Points of a one-sided row: its order of accuracy and that of the derivative."""
        by_edge_order = (self.accuracy is None or self.is_first_of_three) and not self.side
        return self.order + (self.edge_order if by_edge_order else self.accuracy or 1)


def points_needed(rule: Rule, uniform: bool = False) -> int:
    """The fewest points an axis may have; `uniform` only where every step, also around, is the same.

    One-sided rows of narrowest rules need a point more than their order, 3 of a second derivative, and use another if it is there.
    """
    centred = rule.one_sided_points() if rule.side else sum(rule.reach(uniform))
    one_sided = rule.one_sided_points() if rule.accuracy or rule.order == 1 else rule.order + 1
    # for rows with a condition, which begin with those without
    least = rule.order + 1 if rule.order > 2 else 0
    return max(
        max(end.points(centred, one_sided), least if type(end) is Prescribed else 0) for end in rule.boundary
    )
