"""Positions that files have rounded to float32, and that were in even steps before."""

from __future__ import annotations

import numpy as np

from ..._base.types import Array


def even(x: Array, turn: float) -> Array:
    """Numbers of float32 that lie within its rounding of even steps, in these; others as they are.

    Of all even steps those are preferred that divide a full turn, as of grids all round, with points at whole or half steps.
    """
    n, given = len(x), x.astype(np.float64)
    with np.errstate(all="ignore"):
        step = (given[-1] - given[0]) / max(n - 1, 1)
        rounding = min(np.spacing(np.abs(x.astype(np.float32)).max(initial=0)), abs(step) / 4)
        if n < 3 or not (rounding > 0 and np.array_equal(x, x.astype(np.float32))):
            return x
        whole, k = turn / np.rint(turn / step), np.arange(n)
        half = np.rint(2 * given[0] / whole) * whole / 2
        for own, first in ((whole, half), (whole, np.mean(given - whole * k)), (step, given[0])):
            found: Array = first + own * k
            if np.abs(found - given).max() <= rounding:
                return found
    return x
