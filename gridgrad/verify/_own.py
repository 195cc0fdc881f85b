"""A function of samples in the place of an operator: where its ends are is told, how far rounding reaches is tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .._base.checks import int_or_none
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Array
from .._grid.points import Points
from ._ends import Parts, Widths, at_ends
from ._subjects import parts

TRIALS = 4  # samples with other rounding errors


def clean_ends(ends: object) -> int:
    """A number of points."""
    count = int_or_none(ends)
    if count is None or count < 0:
        raise ArgumentValueError(
            f"ends is how many points at each end are judged apart, at least 0; got {ends!r}"
        )
    return count


class Own(NamedTuple):
    """The caller's function of samples on a grid, and how many points at each end of an axis are judged apart."""

    function: Callable[..., object]
    grid: Points
    ends: int

    def __call__(self, fields: list[Array]) -> list[Array]:
        """The components of its result, each of the grid's shape."""
        found = [np.asarray(a) for a in parts(self.function(fields[0] if len(fields) == 1 else fields))]
        for a in found:
            if a.dtype.kind not in "iufc":
                raise ArgumentTypeError(f"the function of samples gives {a!r}, which is no array of numbers")
            if a.shape != self.grid.shape:
                raise ArgumentValueError(
                    f"the function of samples gives an array of shape {a.shape} on a grid of shape {self.grid.shape}; "
                    "its results have the shape of the samples"
                )
        return found

    def widths(self) -> Widths:
        """The points at ends along each axis; none round a periodic one."""
        boundary = self.grid.boundary
        return {a: (self.ends, self.ends) for a in range(self.grid.ndim) if "periodic" not in boundary[a]}

    def floor(self, fields: list[Array], found: list[Array], rounding: float) -> Parts:
        """How far the results move with samples that are rounded otherwise."""
        rng, ends = np.random.default_rng(0), at_ends(self.grid.shape, self.widths())
        inside, outside = 0.0, 0.0
        for _ in range(TRIALS):
            signs = [rng.choice([-rounding, rounding], self.grid.shape).astype(f.real.dtype) for f in fields]
            moved = self([f + s for f, s in zip(fields, signs, strict=True)])
            for a, b in zip(moved, found, strict=True):
                change = np.abs(a - b)
                inside = max(inside, float(np.max(change[~ends], initial=0.0)))
                outside = max(outside, float(np.max(change[ends], initial=0.0)))
        return Parts(inside, outside)
