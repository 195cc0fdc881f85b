"""Coordinates of some lines to their weights, each rounded once: as `_stencils.weights` has them for one line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..._base.types import Array
from ..._stencils.derivatives import Rule
from ..._stencils.weights import central_weights, node_weights, one_sided_row
from ..._stencils.wide import Wide, exact_steps, join, narrow

Pair = tuple[Array, Array]  # at the first point and at the last


def wrap_of(x: Array, period: Array | None, real: npt.DTypeLike) -> Wide | None:
    """The steps from the last points of a ring round to the first ones, along the first axis."""
    if period is None:
        return None
    span = exact_steps(x[[0, -1]], real)
    return narrow(np.sign(span.high) * np.asarray(period, real)) - span


def block_weights(steps: Wide, wrap: Wide | None, rule: Rule) -> tuple[Array, ...]:
    """The weights of the differences below and above each point, of some lines, points along the first axis.

    Three points, and ends that are open or closed to a ring. At an open end, where there is one neighbour only, the
    weights of its first derivative are those of the difference next to it and of the one after that; of its second
    derivative those of differences from the end point itself, the farthest first at the last point, and the third of
    four points follows, of both ends, along an axis of one point.
    """
    exponents = np.max(np.frexp(np.abs(steps.high))[1], axis=0)
    steps, wrap = steps.scaled(-exponents), None if wrap is None else wrap.scaled(-exponents)
    if wrap is not None:
        left, right = join([wrap, steps]), join([steps, wrap])
    else:
        left, right = steps.at(slice(None, -1)), steps.at(slice(1, None))
    weights: tuple[Array, ...] = central_weights(left, right) if rule.order == 1 else _compact(left, right)
    if wrap is None:
        below, above, *more = _open_slopes(steps, rule) if rule.order == 1 else _open_curvatures(steps, rule)
        weights = (
            _between(below, weights[0]),
            _between(above, weights[1]),
            *(w[None] for pair in more for w in pair),
        )
    return tuple(np.ldexp(w, -rule.order * exponents) for w in weights)


def _compact(left: Wide, right: Wide) -> Pair:
    """``-2/(hl+hr)/hl`` and ``2/(hl+hr)/hr``: of the second derivative."""
    weights = node_weights([left, right], 1, 2)
    return -weights[0].high, weights[2].high


def _open_slopes(steps: Wide, rule: Rule) -> list[Pair]:
    """What stands in lower and upper at the ends: the difference next to the end, and the one behind it."""
    count = len(steps.high)
    first = one_sided_row(steps.at(0), steps.at(min(1, count - 1)), rule.edge_order)
    last = one_sided_row(steps.at(-1), steps.at(max(0, count - 2)), rule.edge_order)
    (near, *second), (near_last, *second_last) = ([w for _, _, w in row] for row in (first, last))
    nothing = np.zeros_like(near)
    return [(second[0] if second else nothing, near_last), (near, second_last[0] if second_last else nothing)]


def _open_curvatures(steps: Wide, rule: Rule) -> list[Pair]:
    """The same of three or four points, all as differences from the end point."""
    count = min(rule.one_sided_points(), len(steps.high) + 1)
    first = node_weights([steps.at(k) for k in range(count - 1)], 0, 2)
    last = node_weights([steps.at(k) for k in range(1 - count, 0)], count - 1, 2)
    pairs = [(first[2], last[0]), (first[1], last[1])]
    if count == 4:
        pairs.append((first[3], last[2]))
    return [(a.high, b.high) for a, b in pairs]


def _between(ends: Pair, inner: Array) -> Array:
    return np.concatenate([ends[0][None], inner, ends[1][None]])
