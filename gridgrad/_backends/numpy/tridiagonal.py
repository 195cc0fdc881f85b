"""Systems of three diagonals beside each other, in place: by the compiled core, or row after row with the same bits."""

from __future__ import annotations

import numpy as np

from ..._base.types import Array
from . import core as _core


def reciprocals(main: Array, lower: Array, upper: Array) -> Array:
    """1 over the pivots of systems along the middle axis of three, whose rows differ in the main diagonal only."""
    found = np.empty(main.shape)  # in C order, whatever that of `main`: the core reads it by address
    found[:, 0] = 1 / main[:, 0]
    for i in range(1, main.shape[1]):
        found[:, i] = 1 / (main[:, i] - (lower[i - 1] * upper[i - 1]) * found[:, i - 1])
    return found


def solve(x: Array, reciprocal: Array, lower: Array, upper: Array) -> None:
    """Right-hand sides of shape (outer, points, inner) become solutions; the reciprocals repeat along the outer axis."""
    kinds, n, inner = reciprocal.shape
    parts = 2 if np.iscomplexobj(x) else 1
    if _core.core is not None:
        sizes = np.array([len(x), kinds, n, inner, parts], np.int64)
        _core.core.gg_tridiagonal(*(a.ctypes.data for a in (x, reciprocal, lower, upper, sizes)))
        return
    own, r = x.view(np.float64).reshape(-1, kinds, n, inner, parts), reciprocal[..., None]
    own[:, :, 0] *= r[:, 0]
    for i in range(1, n):
        own[:, :, i] = (own[:, :, i] - lower[i - 1] * own[:, :, i - 1]) * r[:, i]
    for i in reversed(range(n - 1)):
        own[:, :, i] -= (upper[i] * r[:, i]) * own[:, :, i + 1]
