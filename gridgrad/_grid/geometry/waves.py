"""Rows along circles that are exact for ``cos(x)`` and ``sin(x)``, of points in even steps."""

from __future__ import annotations

from collections.abc import Callable
from math import pi

import numpy as np

from ..._base.types import Array
from ..._stencils import transpose
from ..._stencils.stencil import Row, Stencil


def of_waves(stencil: Stencil, step: float, unit: float, order: int, is_ring: bool) -> Stencil:
    """The rows of a derivative, changed by no more than their errors; x is in radians, of which `unit` are one of the axis.

    Rows inside are those times a factor, and so are those of two points, so that what flows through faces is lost
    nowhere; wider ones at the ends are corrected by the row of three points that makes up for both waves.
    """
    n, inner = stencil.length, stencil.interior()
    if n < 3 or abs(step) > pi / 2:  # too few points for a wave
        return stencil
    scaled = stencil
    if is_ring or inner.start < inner.stop:
        middle = n // 2 if is_ring else (inner.start + inner.stop) // 2
        made = _waves(stencil.row_at(middle), middle, step)[order - 1]
        scaled = transpose.scaled(stencil, unit**order / float(made))
    if is_ring or stencil.values:
        return scaled
    ends = (*range(inner.start), *range(inner.stop, n))
    rows = {k: stencil.row_at(k) for k in ends}
    return scaled.with_rows(
        {k: _corrected(row, k, step, unit, order) for k, row in rows.items() if len(_points(row)) > 2}
    )


def _points(row: Row) -> set[int]:
    return {point for a, b, _ in row for point in (a, b)}


def _waves(row: Row, own: int, step: float) -> tuple[Array, Array]:
    """What it makes of sin(x) and of -cos(x), where x is 0 at its own point; of runs of one length, of each."""

    def made(wave: Callable[[float], float]) -> Array:
        parts = [np.asarray(w, float) * (wave((b - own) * step) - wave((a - own) * step)) for a, b, w in row]
        total: Array = np.sum(parts, axis=0)
        return total

    return made(np.sin), made(lambda x: -np.cos(x))


def _corrected(row: Row, own: int, step: float, unit: float, order: int) -> Row:
    """With what its own point and the two next to it add to make the derivatives of both waves exact."""
    wanted = (unit, 0.0) if order == 1 else (0.0, unit**2)
    missing = np.stack([want - wave for want, wave in zip(wanted, _waves(row, own, step), strict=True)])
    beside = sorted(_points(row) - {own}, key=lambda point: abs(point - own))[:2]
    x = np.subtract(beside, own) * step
    solved = np.linalg.solve([np.sin(x), 2 * np.sin(x / 2) ** 2], missing.reshape(2, -1)).reshape(
        missing.shape
    )
    weights = solved.astype(np.asarray(row[0][2]).dtype)
    return (*row, *((own, point, w) for point, w in zip(beside, weights, strict=True) if np.any(w)))
