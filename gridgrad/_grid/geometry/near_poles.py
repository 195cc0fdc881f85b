"""Rows beside a pole: what keeps their order where the length of a degree goes to 0, and is divided by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._base.types import Array
from ..._stencils.stencil import Row

POINTS = 5  # of the widest third derivative
MEAN = range(8, 3, -1)  # points of a mean all round, whose error is of their number less 2

Flux = dict[int, Array]  # what passes a face: weights of the differences, by their first points


def nearness(y: Array, poles: Sequence[float], reach: float) -> Array:
    """1 at a pole, and 0 from `reach` on; of even powers of the distance, so that even fields stay even."""
    near = [np.maximum(1 - ((y - pole) / reach) ** 2, 0) ** 2 for pole in poles]
    nearest: Array = np.max([np.zeros_like(y), *near], axis=0)
    return nearest


def fluxes(y: Array, h: Array, near: Array) -> list[Flux]:
    """``h (df/dy - near step^2 / 6 d^3f/dy^3)`` at the faces between points, where h is the length.

    Balances of ``h df/dy`` are too large by ``step^2 / 6h d^3f/dy^3``, as seen from points that are not the centres of mass of
    their cells: of order 1 in a row beside a pole. What is taken off is 0 in the pole itself, so that nothing is
    lost. It is not symmetric: of d^3f/dy^3 there are but fields that are odd about the pole.
    """
    found: list[Flux] = []
    for k, (step, own, share) in enumerate(zip(np.diff(y), h, near, strict=True)):
        flux: Flux = {k: own / step}
        if share and len(y) >= POINTS:
            for j, weight in _third_derivative(y, k).items():
                flux[j] = flux.get(j, 0) - share * step**2 / 6 * own * weight
        found.append(flux)
    return found


def balance(before: Flux, behind: Flux, cell: Array) -> Row:
    """The row of a cell, of what comes in at one face and goes out at the other."""
    faces = sorted({*before, *behind})
    return tuple((j, j + 1, (behind.get(j, 0) - before.get(j, 0)) / cell) for j in faces)


def _third_derivative(y: Array, face: int) -> Flux:
    """At a face, as differences: of two points on each side, or of the five next to an end."""
    inside = 0 < face < len(y) - 2
    first = face - 1 if inside else min(face, len(y) - POINTS)
    x = y[first : first + (4 if inside else POINTS)]
    way = (x - (y[face] + y[face + 1]) / 2) / (y[face + 1] - y[face])
    weights = weights_of(way, range(len(way)), [6.0 if k == 3 else 0.0 for k in range(len(way))])
    running = -np.cumsum(weights)[:-1] / (y[face + 1] - y[face]) ** 3
    return dict(zip(range(first, first + len(running)), running, strict=True))


def weights_of(places: Array, powers: Sequence[int], wanted: Sequence[float]) -> Array:
    """The weights of values at places with which each of these powers of the place gives what is wanted of it."""
    matrix = np.asarray(places, np.float64) ** np.asarray(powers)[:, None]
    return np.linalg.solve(matrix, np.asarray(wanted)).astype(places.dtype)


def points_of_means(ring: int | None) -> int | None:
    """How many points all round, of one distance, a mean is made of; None where there are none."""
    return next((count for count in MEAN if ring is not None and ring % count == 0), None)
