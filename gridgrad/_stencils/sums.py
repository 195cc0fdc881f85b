"""Sums of stencils: rows that read the same points become one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._base.types import Array
from .stencil import Row, Stencil, in_one_piece, without_zeros

Pairs = Sequence[tuple[int, int, Array]]


def added(first: Stencil, second: Stencil, faces: bool = False) -> Stencil | None:
    """The stencil of the sum of two, or None where their weights have different exponents.

    Weights of equal pairs are added and rounded once; what is left of two that cancel, at most 2 eps of the
    larger, is but their own rounding, and is 0. With `faces` a pair is its face; otherwise pairs that are not
    the same in both are taken relative to their own point, so that each point is read once; on a wall, which no row reads,
    relative to the next.
    """
    if first.power != second.power:
        return None
    length = first.length
    start = max(first.interior().start, second.interior().start)
    stop = min(first.interior().stop, second.interior().stop)
    if start >= stop:
        start = stop = length
    with np.errstate(all="ignore"):
        faces = faces or first.surplus != 0  # rows between points and faces have no own point
        inner = _joined(0, _inner(first), _inner(second), first.values, faces)
        rows = {i: _joined(i, first.row_at(i), second.row_at(i), first.values, faces)
                for i in (*range(start), *range(stop, length))}  # fmt: skip
    weights = [weight for *_, weight in inner]
    table = in_one_piece(weights, len(weights))
    whole = Stencil(length, tuple((a, b) for a, b, _ in inner), table, tuple(rows[i] for i in range(start)),
                    tuple(rows[i] for i in range(stop, length)), first.values, first.power,
                    first.order if first.order == second.order else None, first.surplus)  # fmt: skip
    if not np.isfinite(whole.smallest_and_largest_weight()[1]):
        return None
    return without_zeros(whole, faces)


def _inner(stencil: Stencil) -> Row:
    return tuple((a, b, weight) for (a, b), weight in zip(stencil.offsets, stencil.weights, strict=True))


def _joined(own: int, first: Row, second: Row, values: bool, faces: bool) -> Row:
    """Both rows as one."""
    if values and not faces:
        first, second = (tuple((b, b, weight) for _, b, weight in row) for row in (first, second))
    elif not values and not faces and _differ(first, second):
        middle = _middle(own, (*first, *second))
        first, second = _around(middle, first), _around(middle, second)
        return tuple(sorted(_by_pair((*first, *second), values), key=lambda pair: pair[1]))
    return _by_pair((*first, *second), values)


def _differ(first: Row, second: Row) -> bool:
    """Whether both rows have differences, and not the same."""
    one, other = ({frozenset((a, b)) for a, b, _ in row if a != b} for row in (first, second))
    return one != other and bool(one) and bool(other)


def _middle(own: int, pairs: Pairs) -> int:
    """The own point; beside values, where that may be on a wall, the next that is read if it is not."""
    reads = {end for a, b, _ in pairs for end in (a, b)}
    if own in reads or all(a != b for a, b, _ in pairs):
        return own
    return min((end for a, b, _ in pairs if a != b for end in (a, b)), key=lambda end: abs(end - own))


def _around(own: int, row: Row) -> Row:
    """Differences from the own point; values are what they were."""
    ends = [pair for a, b, weight in row if a != b for pair in ((own, b, weight), (own, a, -weight))]
    values = (pair for pair in row if pair[0] == pair[1])
    return (*(pair for pair in ends if pair[1] != own), *values)


def _by_pair(pairs: Pairs, values: bool) -> Row:
    """Each pair once; a difference may be given from either end."""
    weights: dict[tuple[int, int], Array] = {}
    for a, b, weight in pairs:
        if not values and a != b and (b, a) in weights:
            a, b, weight = b, a, -weight
        weights[a, b] = _sum(weights[a, b], weight) if (a, b) in weights else weight
    return tuple((a, b, weight) for (a, b), weight in weights.items())


def _sum(p: Array, q: Array) -> Array:
    total = p + q
    noise = 2 * np.finfo(np.asarray(total).dtype).eps * np.maximum(np.abs(p), np.abs(q))
    return np.where(np.abs(total) <= noise, np.zeros_like(total), total)[()]
