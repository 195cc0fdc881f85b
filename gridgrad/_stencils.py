"""Coordinates to weights: pure functions, in float64 (or long double), ratios first."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Pair = tuple[int, int, Any]  # (a, b, weight): weight * (f[b] - f[a])
Row = tuple[Pair, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Stencil:
    """One derivative along one axis, ``lower_i (f_i - f_{i-1}) + upper_i (f_{i+1} - f_i)``.

    `lower` and `upper` are scalars when every point has the same weights, else vectors of shape
    ``(length,)``. `leading` and `trailing` are the rows of the first and the last point as data.
    The true weights are ``weight * 2**power``; `power` is 0 unless a weight would leave the
    range of normal numbers.
    """

    length: int
    lower: Any
    upper: Any
    leading: Row
    trailing: Row
    power: int = 0

    @property
    def is_uniform(self) -> bool:
        """Whether one pair of weights serves every interior point."""
        return np.ndim(self.lower) == 0

    def smallest_and_largest_weight(self) -> tuple[float, float]:
        """Bounds of the magnitude of all weights: what decides the arithmetic type."""
        edges = [abs(weight) for row in (self.leading, self.trailing) for *_, weight in row]
        inner = np.abs(np.stack([np.ravel(self.lower), np.ravel(self.upper)]))
        inner = inner[:, 1:-1] if not self.is_uniform else inner
        values = np.concatenate([np.asarray(edges, dtype=inner.dtype), np.ravel(inner)])
        return float(np.min(values)), float(np.max(values))


def first_derivative(steps: Any, length: int, edge_order: int, wrap: Any = None, power: int = 0) -> Stencil:
    """Second-order first derivative on `length` points.

    Parameters
    ----------
    steps : float64 or longdouble, scalar or shape (length - 1,)
        ``x[i+1] - x[i]``, all of one sign. Units: [x].
    edge_order : 1 or 2
        Order of the one-sided rows at the ends; not used on a periodic axis.
    wrap : scalar or None
        The step from the last point round to the first one of a periodic axis.

    Notes
    -----
    Interior error ``(hl hr / 6) f'''``; edge errors ``(h/2) f''`` and ``(a (a + b) / 6) f'''``
    (Fornberg, Math. Comp. 51 (1988) 699-706, for general nodes).
    """
    if np.ndim(steps) == 0:
        lower, upper = central_weights(steps, steps)
        ends = steps, steps, steps, steps
    else:
        left = np.concatenate([steps[:1] if wrap is None else [wrap], steps])
        right = np.concatenate([steps, steps[-1:] if wrap is None else [wrap]])
        lower, upper = central_weights(left, right)
        if np.all(lower[1:-1] == upper[1:-1]) and np.all(lower[1:-1] == lower[1:2]) and length > 2:
            lower, upper = lower[1], upper[1]
        ends = steps[0], steps[min(1, length - 2)], steps[max(0, length - 3)], steps[-1]
    if wrap is not None:
        leading = wrapped_row(length, 0, wrap, ends[0])
        trailing = wrapped_row(length, length - 1, ends[3], wrap)
    else:
        leading = one_sided_row(ends[0], ends[1], edge_order)
        trailing = tuple(
            (length - 1 - b, length - 1 - a, weight)
            for a, b, weight in reversed(one_sided_row(ends[3], ends[2], edge_order))
        )
    return Stencil(length, lower, upper, leading, trailing, power)


def central_weights(left: Any, right: Any) -> tuple[Any, Any]:
    """``(hr/(hl+hr))/hl`` and ``(hl/(hl+hr))/hr``: formula (1) for the first derivative."""
    total = left + right
    return (right / total) / left, (left / total) / right


def one_sided_row(near: Any, far: Any, edge_order: int) -> Row:
    """The row of the first point, from its two steps; the last point's is its mirror image."""
    if edge_order == 1:
        return ((0, 1, 1 / near),)
    ratio = near / (near + far)
    return ((0, 1, (1 + ratio) / near), (1, 2, -ratio / far))


def wrapped_row(length: int, point: int, left: Any, right: Any) -> Row:
    """Formula (1) at an end of a periodic axis, with the neighbours' indices wrapped."""
    lower, upper = central_weights(left, right)
    below, above = (point - 1) % length, (point + 1) % length
    if lower == upper:
        return ((below, above, lower),)
    return ((below, point, lower), (point, above, upper))


def exact_steps(coordinates: Array, real: npt.DTypeLike = np.float64) -> Array:
    """``x[i+1] - x[i]`` rounded once to `real`; integers never wrap and never lose bits."""
    if coordinates.dtype.kind in "iu":
        unsigned = coordinates.astype(np.uint64)
        forward = coordinates[1:] >= coordinates[:-1]
        magnitude = np.where(forward, unsigned[1:] - unsigned[:-1], unsigned[:-1] - unsigned[1:])
        return np.asarray(np.where(forward, 1, -1) * magnitude.astype(real))
    wide = np.result_type(coordinates.dtype, real)
    return np.asarray(np.diff(coordinates.astype(wide)), dtype=real)


def wrap_step(first: Any, last: Any, period: Any, real: npt.DTypeLike = np.float64) -> Any:
    """Step from the last point to the first one of the next period, rounded once."""
    direction = 1 if last > first else -1
    exact = direction * _fraction(period) - (_fraction(last) - _fraction(first))
    nearest = float(exact)
    rest = float(exact - Fraction(nearest))
    return np.asarray(nearest, dtype=real)[()] + np.asarray(rest, dtype=real)[()]


def _fraction(value: Any) -> Fraction:
    return Fraction(*np.asarray(value).item().as_integer_ratio())


def scaled_to_normal(steps: Any, wrap: Any) -> tuple[Any, Any, int]:
    """Steps times a power of two, so that weights made from them are normal numbers.

    Returns the scaled steps and wrap and the power to give to the stencil; powers of two are
    exact, so nothing is rounded.
    """
    exponent = int(np.max(np.frexp(np.abs(steps))[1]))
    scaled = np.ldexp(steps, -exponent)
    return scaled, None if wrap is None else np.ldexp(wrap, -exponent), -exponent
