"""Points of a curvilinear grid without a position: others stand there, so that metric terms are defined everywhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np

from ..._base.types import Array

_LAYERS = 8  # beside known points: as far as the widest rows read


def continued(
    x: Sequence[Array], rings: Sequence[bool], jump: Callable[[int, int], Array | float]
) -> list[Array]:
    """Positions that are NaN continued from those beside, by parabolas where there is room for them.

    The central differences of a point on the coast are then one-sided ones of its known neighbours, to second order. Far
    from all known ones, where nothing reads them, they are 0. Along `rings` positions go on by `jump`, of an axis and a
    coordinate.
    """
    made = list(x)
    for _ in range(_LAYERS):
        unknown = np.isnan(made[0])
        if not unknown.any():
            break
        made = [np.where(unknown, _beside(a, b, rings, jump), a) for b, a in enumerate(made)]
    return [np.where(np.isnan(a), 0.0, a) for a in made]


def _beside(a: Array, b: int, rings: Sequence[bool], jump: Callable[[int, int], Array | float]) -> Array:
    """What the points beside each point say of coordinate b there: the mean of all of the best kind."""

    def at(values: Array, k: int, way: int) -> Array:
        return _moved(values, k, way, jump(k, b) if rings[k] else None)

    parabolas, lines, planes, nearest = [], [], [], {}
    for k in range(a.ndim):
        for way in (1, -1):
            one = at(a, k, way)
            two = at(one, k, way)
            nearest[k, way] = one
            parabolas.append(3 * one - 3 * two + at(two, k, way))
            lines.append(2 * one - two)
    for (k, way), (other, turn) in combinations(nearest, 2):
        if k != other:
            one = nearest[k, way]
            planes.append(one + nearest[other, turn] - at(one, other, turn))
    best = _mean(parabolas)
    for kind in (lines, planes):
        best = np.where(np.isnan(best), _mean(kind), best)
    return best


def _moved(values: Array, k: int, way: int, turn: Array | float | None) -> Array:
    """The value of the next point along axis k at each point; NaN behind the last one, but round a ring by a turn."""
    made = np.roll(values, -way, k)
    end = (slice(None),) * k + (-1 if way > 0 else 0,)
    made[end] = np.nan if turn is None else made[end] + way * turn
    return made


def _mean(kinds: Sequence[Array]) -> Array:
    """That of what is known of each, NaN where nothing is."""
    count = sum(np.where(np.isnan(own), 0, 1) for own in kinds)
    total = sum(np.where(np.isnan(own), 0.0, own) for own in kinds)
    return np.where(count, total / np.maximum(count, 1), np.nan)
