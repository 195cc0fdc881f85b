"""How errors fall as lengths do, and what that says about an order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite, isinf, isnan, log, nan

import numpy as np

NEAR = 4.0  # an error of so many times what rounding may cause tells nothing about the order
# of the exact values: errors that are rounding, and larger, do not show that an operator is exact
SMALL = 0.01


@dataclass(frozen=True)
class Fall:
    """The errors of one part of the points, from the coarsest level to the finest."""

    lengths: list[float]
    errors: list[float]  # NaN where there are no such points, or values are NaN
    floors: list[float]  # what rounding may cause
    largest: list[float]  # of the exact values
    stated: float | None  # None: nothing is, or there are no such points
    tolerance: float

    @property
    def resolved(self) -> list[bool]:
        """Which errors are above what rounding may cause."""
        return [
            isfinite(error) and error > NEAR * floor
            for error, floor in zip(self.errors, self.floors, strict=True)
        ]

    @property
    def orders(self) -> list[float]:
        """Between each level and the one before; NaN where one of them is not resolved."""
        points = list(zip(self.lengths, self.errors, self.resolved, strict=True))
        return [
            log(before[1] / now[1]) / log(before[0] / now[0]) if before[2] and now[2] else nan
            for before, now in pairwise(points)
        ]

    @property
    def order(self) -> float:
        """The slope fitted to the three finest resolved levels; infinite where the operator is exact, else NaN."""
        kept = np.array(self.resolved)
        if not kept.any():
            return inf if self._is_exact() else nan
        if kept.sum() < 2:
            return nan
        lengths, errors = (np.log(np.array(values)[kept][-3:]) for values in (self.lengths, self.errors))
        return float(np.polyfit(lengths, errors, 1)[0])

    def _is_exact(self) -> bool:
        told = zip(self.errors, self.floors, self.largest, strict=True)
        return all(
            isfinite(error) and (error == 0 or floor <= SMALL * size or size == 0)
            for error, floor, size in told
        )

    @property
    def verdict(self) -> str:
        """``"passed"``; ``"FAILED"``; or ``"not shown"`` where finer or coarser levels would be needed to tell."""
        if self.stated is None:
            return "passed"
        order = self.order
        if isnan(order):
            return "not shown"
        if order >= self.stated - self.tolerance:
            return "passed"
        if sum(self.resolved) < min(3, len(self.errors)) or self._rises(self.stated):
            return "not shown"
        return "FAILED"

    def _rises(self, stated: float) -> bool:
        """Whether the order still grows towards the stated one, and is not far from it."""
        known = [order for order in self.orders if not isnan(order)]
        near = stated - 2 * self.tolerance
        return len(known) > 1 and known[-1] > known[-2] + 0.05 and known[-1] >= near

    @property
    def said(self) -> str:
        """The order in words."""
        order = self.order
        if isinf(order):
            return "exact to rounding"
        if not isnan(order):
            return f"order {order:.2f}"
        return (
            "errors that are not finite"
            if not all(map(isfinite, self.errors))
            else "errors that are rounding"
        )

    @property
    def advice(self) -> str:
        """What would tell more."""
        if self.verdict != "not shown":
            return ""
        return "finer sizes" if all(self.resolved) else "coarser sizes, or dtype=numpy.longdouble"
