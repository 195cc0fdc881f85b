"""Rows at single points of flat NumPy fields by the compiled core: what overwrites a sweep beside gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...._base.types import Array
from .. import core as _core

WORDS = 10  # words of a `RowsAtPoints` of kernels/host/points.cpp


class TermAtPoints(NamedTuple):
    """The rows of one term at points in groups that read alike: pairs ``start[g]`` to ``start[g + 1] - 1`` of group g.

    Arrays are `spread` where they have an entry for each pair at each point: group by group, pair by pair.
    """

    start: Array
    a: Array  # from the point
    b: Array
    weight: Array  # of each pair, or spread
    spread: Array  # where each group begins in what is spread
    varies: bool  # whether weights are spread
    input: int
    faces: int | None
    outer: int | None
    at: tuple[Array, Array] | None = None  # of values: the points that are read, and those of `faces`, spread


class RowsAtPoints:
    """The rows of one output at its points, in an `order` of groups, ready for flat fields of the dtype of their weights."""

    def __init__(self, terms: Sequence[TermAtPoints], points: Array, bounds: Array, order: Array) -> None:
        self.terms, self.points, self.bounds, self.order = terms, points, bounds, order
        self.dtype = terms[0].weight.dtype
        self._places = address(points), address(bounds)
        self.table = np.zeros((len(terms), WORDS), np.uintp)
        for row, term in zip(self.table, terms, strict=True):
            row[:5] = [address(own) for own in term[:5]]
            row[8:] = term.varies, term.at is not None

    def __call__(self, fields: Sequence[Array], workers: int) -> Array:
        """Their values for contiguous fields of shape ``(batch, points)``."""
        batch = len(fields[0])
        values = np.empty((batch, len(self.points)), self.dtype)
        table, step = self.table.copy(), self.dtype.itemsize
        used = [
            (t, k, fields[number] if term.at is None or k == 7 else spread(fields[number], term.at[k - 5]))
            for t, term in enumerate(self.terms) for k, number in enumerate(term[6:9], start=5) if number is not None
        ]  # fmt: skip
        for one in range(batch):
            for t, k, own in used:
                table[t, k] = address(own) + one * own.shape[1] * step
            _core.core.gg_rows_at_points(
                address(table),
                len(table),
                *self._places,
                len(self.bounds) - 1,
                address(values[one]),
                step,
                workers,
            )
        return values


def spread(field: Array, points: Array) -> Array:
    """What a field of shape ``(batch, points)`` has at points, in one block for each batch."""
    if field.strides[1]:
        return np.take(field, points, axis=1)
    made = np.empty((len(field), len(points)), field.dtype)
    made[:] = field[:, :1]  # a number is the same everywhere
    return made


def served(fields: Sequence[Array], at_points: Sequence[Array] = ()) -> bool:
    """Whether there is a core, and it takes these arrays as they are, and others after a gather."""
    first = fields[0]
    return (
        _core.core is not None
        and first.dtype in (np.float32, np.float64)
        and first.size < 1 << 31
        and all([a.flags.c_contiguous and a.flags.aligned for a in fields])
        and all([a.dtype == first.dtype and a.dtype.isnative for a in (*fields, *at_points)])
    )


def place(out: Array, points: Array, values: Array | None, gaps: Array, fill: float) -> None:
    """Write values at points of a contiguous field of shape ``(batch, points)``, and one number into its gaps."""
    for one, row in enumerate(out):
        own = (points[:0], 0) if values is None else (values[one], len(points))
        _core.core.gg_place(
            address(row),
            address(points),
            address(own[0]),
            own[1],
            address(gaps),
            len(gaps),
            fill,
            out.dtype.itemsize,
        )


def workers_of(workers: int | None) -> int:
    """As many as were asked for, or as there are."""
    return _core.available_cpus() if workers is None else workers


def address(a: Array) -> int:
    """Where an array begins."""
    found: int = a.__array_interface__["data"][0]
    return found
