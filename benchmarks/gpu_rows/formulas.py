"""The operators as one writes them with a library's own gradient, or with slices where it has none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

INSIDE = (slice(1, -1),) * 3
Derivative = Callable[[Any, int], Any]  # of an array along an axis


def divergence(d: Derivative, fields: Sequence[Any]) -> list[Any]:
    return [d(fields[0], 0) + d(fields[1], 1) + d(fields[2], 2)]


def curl(d: Derivative, fields: Sequence[Any]) -> list[Any]:
    f, g, h = fields
    return [d(h, 1) - d(g, 2), d(f, 2) - d(h, 0), d(g, 0) - d(f, 1)]


def laplacian(fields: Sequence[Any], weight: float) -> list[Any]:
    """Inside."""
    (f,) = fields
    neighbours = [f[moved(axis, by)] for axis in range(3) for by in (-1, 1)]
    return [weight * (sum(neighbours[1:], neighbours[0]) - 6 * f[INSIDE])]


def diffuse(fields: Sequence[Any], weight: float) -> list[Any]:
    """Inside: div(k grad f), k at the faces."""
    f, k = fields
    flux = [
        (k[moved(axis, by)] + k[INSIDE]) * (f[moved(axis, by)] - f[INSIDE])
        for axis in range(3)
        for by in (-1, 1)
    ]
    return [0.5 * weight * sum(flux[1:], flux[0])]


def moved(axis: int, by: int) -> tuple[slice, ...]:
    """Inside, `by` further along `axis`."""
    return tuple(slice(1 + by, -1 + by or None) if a == axis else slice(1, -1) for a in range(3))
