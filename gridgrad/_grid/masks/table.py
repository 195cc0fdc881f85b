"""The rows of stencils as arrays: one table for all rows, or for those of some points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..._base.types import Array, DType
from ..._stencils.stencil import Pair, Row, Stencil


class Table(NamedTuple):
    """Rows of pairs, relative to their own points: ``(rows, pairs)``, the weights of many pieces ``(rows, pairs, pieces)``."""

    a: Array
    b: Array
    w: Array
    is_there: Array  # other pairs fill up

    @property
    def reaches(self) -> tuple[Array, Array]:
        """How far before and behind its own point each row reads."""
        ends = np.where(
            np.concatenate([self.is_there] * 2, axis=1), np.concatenate([self.a, self.b], axis=1), 0
        )
        return ends.min(axis=1, initial=0), ends.max(axis=1, initial=0)

    def at(self, index: Array) -> Table:
        """The rows with these numbers."""
        return Table(*(part[index] for part in self))

    def of(self, local: Array, member: Array) -> Table:
        """The rows with these numbers, of the pieces with those; of many pieces such as were made."""
        if self.w.ndim == 2:
            return self.at(local)
        assert self.is_there[local].any(axis=1).all(), (
            "a row between the ends of many pieces, which has no pairs"
        )
        w = self.w[local, :, member]
        return Table(self.a[local], self.b[local], w, w != 0).packed()

    def within(self, local: Array, start: Array, length: Array) -> Table:
        """Rows of points that are number `local` in runs, without what reads across their ends.

        A value beside the end of an axis is a difference to the value that is held there.
        """
        n = len(self.a)
        own = self.at((start + local) % n)
        low, high = np.minimum(own.a, own.b), np.maximum(own.a, own.b)
        inner = (low >= -local[:, None]) & (high < (length - local)[:, None])
        is_beside = ((start == 1) & (local == 0)) | ((start + length == n - 1) & (local == length - 1))
        inner &= ~(is_beside[:, None] & (own.a == own.b))
        return own._replace(is_there=own.is_there & inner).packed()

    def packed(self) -> Table:
        """The pairs that are there first, in their order."""
        order = np.argsort(~self.is_there, axis=1, kind="stable")
        a, b, w, there = (np.take_along_axis(part, order, axis=1) for part in self)
        return Table(np.where(there, a, 0), np.where(there, b, 0), np.where(there, w, 0), there)


def merged(count: int, parts: Sequence[tuple[Array | slice, Table]], real: DType) -> Table:
    """Tables of some rows each as one of all."""
    width = max([1, *(int(own.is_there.sum(axis=1).max(initial=0)) for _, own in parts)])
    a, b = np.zeros((2, count, width), np.intp)
    made = Table(a, b, np.zeros((count, width), real), np.zeros((count, width), bool))
    for rows, own in parts:
        for whole, part in zip(made, own, strict=True):
            whole[rows, : part.shape[1]] = part[:, :width]
    return made


def table_of(stencil: Stencil, real: DType, is_ring: bool = False, as_given: bool = False) -> Table:
    """All rows of a stencil as they are computed: formula (1) of equal weights is one pair, and values are pairs of equal ends.

    As given they have the pairs of the stencil, each to the own point where rows are central. On a ring what is beyond the seam is near.
    """
    n, inner, is_short = stencil.length, stencil.interior(), stencil.is_central and not as_given
    is_value = stencil.values and not as_given
    edges = stencil.edge_rows()
    if stencil.is_central and as_given:
        edges = [(i, _beside(i, row)) for i, row in edges]
    many = next((w.shape for _, row in edges for *_, w in row if np.ndim(w)), ())
    width = max([1, len(stencil.offsets), *(len(row) for _, row in edges)])
    a, b = np.zeros((2, n, width), np.intp)
    w, there = np.zeros((n, width, *many), real), np.zeros((n, width), bool)
    for p, ((first, second), weight) in enumerate(zip(stencil.offsets, stencil.weights, strict=True)):
        a[inner, p], b[inner, p], there[inner, p] = first, second, True
        w[inner, p] = weight if np.ndim(weight) == 0 else weight[inner]
    if is_short:
        short = np.flatnonzero(there[:, 0] & (w[:, 0] == w[:, 1]))
        b[short, 0], w[short, 1], there[short, 1] = 1, 0, False
    for i, row in edges:
        for p, (first, second, weight) in enumerate(row):
            a[i, p], b[i, p], w[i, p], there[i, p] = first - i, second - i, weight, True
    if is_value:
        a = b
    if is_ring:
        a, b = ((end + n // 2) % n - n // 2 for end in (a, b))
    return Table(a, b, np.ldexp(w, stencil.power) if stencil.power else w, there)


def _beside(point: int, row: Row) -> Row:
    """What is read on both sides of a point as differences to it: a pair as two, a value as one and the value at the point."""
    pairs: list[Pair] = []
    for a, b, w in row:
        if point in (a, b):
            pairs.append((a, b, w))
        else:
            pairs += [(point if a == b else a, point, w), (point, b, w)]
    return tuple(pairs)
