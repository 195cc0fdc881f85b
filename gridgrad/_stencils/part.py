"""Rows of a block of an axis as a stencil of their own: for chunks, slabs of files and processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .._base.errors import ArgumentValueError
from .._base.types import Array
from .stencil import Row, Stencil

Edges = list[tuple[int, Row]]  # rows that are data, by point


class Part(NamedTuple):
    """The rows of a block, as a stencil on the points that they read.

    Attributes
    ----------
    stencil : Stencil
        Of ``before + (stop - start) + after`` points: the block and its halo, whose own rows are empty.
    before, after : int
        Points of the halo on both sides, 0 where nothing is read there.
    """

    stencil: Stencil
    before: int
    after: int


def part(stencil: Stencil, start: int, stop: int) -> Part:
    """The rows `start` to ``stop - 1`` of a stencil, on a block with its halo.

    Applied to the block with its halo, which then is cut off, it has the bits of the whole: the weights
    are those of the whole axis, and so is the type of arithmetic that they ask for. Multiples, sums and
    transposes are taken of the whole, before its parts; parts have parts.

    Parameters
    ----------
    stencil : Stencil
        Of any kind: derivatives with any ends, transposes with or without faces, sums, products.
    start, stop : int
        The block, ``0 <= start < stop <= stencil.length``, of any size; it may be shorter than its halo.

    Returns
    -------
    Part
        With the halo on both sides. Ends of an axis need none, mirrored ones included; round a ring the
        halo is taken from its other end, unless the block and what lies between are no longer. Between points and
        faces, row i has the place of column i, and one of both is alone at the end of the axis.

    Raises
    ------
    ArgumentValueError
        If the block is empty or not on the axis.

    Notes
    -----
    Time and memory are those of the block, not of the axis: rows at ends are few, and of weights that
    vary only those of the block are copied, once.

    Examples
    --------
    >>> import numpy as np
    >>> from gridgrad._stencils.derivatives import Rule, derivative_stencil
    >>> from gridgrad._stencils.ends import PERIODIC
    >>> from gridgrad._stencils.wide import narrow
    >>> ring = derivative_stencil(narrow(0.5), 100, Rule(boundary=(PERIODIC, PERIODIC)), narrow(0.5))
    >>> block = part(ring, 0, 10)
    >>> block.stencil.length, block.before, block.after
    (12, 1, 1)
    """
    length = stencil.length
    if not 0 <= start < stop <= length:
        raise ArgumentValueError(
            f"a block of an axis of {length} points needs 0 <= start < stop <= {length}, got {start} to {stop}"
        )
    inner = stencil.interior()
    first = min(max(inner.start, start), stop)
    last = max(first, min(inner.stop, stop))
    edges = [(i, stencil.row_at(i)) for i in (*range(start, first), *range(last, stop))]
    low, high, around = _span(stencil, (start, stop), (first, last), edges)

    def moved(own: int, row: Row) -> Row:
        ends = ((_near(a, own, around), _near(b, own, around), weight) for a, b, weight in row)
        return tuple((a - low, b - low, weight) for a, b, weight in ends)

    rows = [moved(*edge) for edge in edges]
    leading = ((),) * (start - low) + tuple(rows[: first - start])
    trailing = tuple(rows[first - start :]) + ((),) * (high - stop)
    inside = (stencil.offsets, _cut(stencil, low, high, first, last)) if first < last else ((), ())
    block = Stencil(high - low, *inside, leading, trailing, stencil.values, stencil.power, stencil.order)
    block.as_if_of(*stencil.smallest_and_largest_weight())
    return Part(block, start - low, high - stop)


def _span(
    stencil: Stencil, block: tuple[int, int], inner: tuple[int, int], edges: Edges
) -> tuple[int, int, int]:
    """What a block reads, and the length of the ring if it is less that way round; else 0."""
    reads = [*block, *_read_inside(stencil, *inner)]

    def span(around: int) -> tuple[int, int]:
        ends = [_near(end, own, around) for own, row in edges for a, b, _ in row for end in (a, b)]
        return min(reads + ends), max(reads + [end + 1 for end in ends])

    (low, high), (low_around, high_around) = span(0), span(stencil.length)
    if not stencil.surplus and high_around - low_around < high - low:
        return low_around, high_around, stencil.length
    if high - low == 1 < stencil.length:  # kernels know no axis of one point
        low = max(0, low - 1)
        high = low + 2
    return low, high, 0


def _read_inside(stencil: Stencil, first: int, last: int) -> Iterator[int]:
    """The first point that interior rows read, and the one behind the last."""
    if first < last:
        offsets = [offset for pair in stencil.offsets for offset in pair]
        yield first + min(offsets, default=0)
        yield last + max(offsets, default=0)


def _near(point: int, own: int, around: int) -> int:
    """A point of a ring, counted from the end that is nearer to `own`; itself where `around` is 0."""
    return min((point, point - around, point + around), key=lambda place: abs(place - own))


def _cut(stencil: Stencil, low: int, high: int, first: int, last: int) -> tuple[Array, ...]:
    """The interior weights of the block, in one piece; 0 in its halo and at edges, whose rows are data."""
    if stencil.is_uniform:
        return stencil.weights
    table = np.zeros((len(stencil.weights), high - low), np.result_type(*stencil.weights))
    for row, weight in zip(table, stencil.weights, strict=True):
        row[first - low : last - low] = weight if np.ndim(weight) == 0 else weight[first:last]
    return tuple(table)


class Block(NamedTuple):
    """The rows of a block, of several stencils along one axis on the same points.

    Attributes
    ----------
    stencils : tuple of Stencil
        Each of ``before + (stop - start) + after`` points, as `Part` has one.
    before, after : int
        Points of the halo, the most that any of them reads.
    """

    stencils: tuple[Stencil, ...]
    before: int
    after: int


def block(stencils: Sequence[Stencil], start: int, stop: int, halo: tuple[int, int] = (0, 0)) -> Block:
    """The rows `start` to ``stop - 1`` of stencils of one axis, on the block with the halo that they need together.

    `halo` is the least on both sides.
    """
    parts = [part(stencil, start, stop) for stencil in stencils]
    before = max(halo[0], *(own.before for own in parts))
    after = max(halo[1], *(own.after for own in parts))
    return Block(tuple([_widened(own, before, after) for own in parts]), before, after)


def _widened(own: Part, before: int, after: int) -> Stencil:
    """The stencil of a part on more points of halo."""
    low, high = before - own.before, after - own.after
    stencil = own.stencil
    if not low and not high:
        return stencil
    leading, trailing = stencil.changed_rows(lambda row: tuple((a + low, b + low, w) for a, b, w in row))
    length = low + stencil.length + high
    weights = stencil.weights
    if not stencil.is_uniform:
        table = np.zeros((len(weights), length), np.result_type(*weights))
        table[:, low : low + stencil.length] = weights
        weights = tuple(table)
    leading, trailing = ((),) * low + leading, trailing + ((),) * high
    wide = replace(stencil, length=length, weights=weights, leading=leading, trailing=trailing)
    return wide.as_if_of(*stencil.smallest_and_largest_weight())


def leaving(stencil: Stencil, before: int, after: int) -> tuple[int, int]:
    """How many first and last rows of a block reach into its halo of `before` and `after` points."""
    start, stop = before, stencil.length - after

    def leaves(point: int) -> bool:
        return any(not start <= end < stop for a, b, _ in stencil.row_at(point) for end in (a, b))

    first = next((k for k in range(stop - start) if not leaves(start + k)), stop - start)
    last = next((k for k in range(stop - start) if not leaves(stop - 1 - k)), stop - start)
    return first, last
