"""Rows at single points of flat NumPy fields by the compiled core: what overwrites a sweep beside gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...._base.types import Array
from .. import core as _core

WORDS = 15  # words of a `RowsAtPoints` of kernels/host/gaps/points.h
FIELDS = slice(5, 8)  # of which these are arrays of fields, and those where they are read
AT = slice(8, 11)


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
    fields: tuple[int, int | None, int | None]  # the input, and the factors at faces and of the row
    at: Sequence[Array | None]  # where these are read: of values spread, of the row by point; else at points
    harmonic: bool
    outer_sign: int


class RowsAtPoints:
    """The rows of one output at its points, in an `order` of groups, ready for flat fields of the dtype of their weights."""

    def __init__(
        self, terms: Sequence[TermAtPoints], points: Array, bounds: Array, order: Array, join: int
    ) -> None:
        self.terms, self.points, self.bounds, self.order = terms, points, bounds, order
        self.dtype = terms[0].weight.dtype
        self._places = np.array([address(points), address(bounds), 0, 0])
        self.table = np.zeros((len(terms), WORDS), np.intp)
        for row, term in zip(self.table, terms, strict=True):
            row[:5] = [address(own) for own in term[:5]]
            row[AT] = [0 if at is None else address(at) for at in term.at]
            row[11:] = term.varies, term.harmonic, term.outer_sign, join

    def __call__(self, fields: Sequence[Array], workers: int) -> Array:
        """Their values for contiguous fields of shape ``(batch, points)``."""
        batch = len(fields[0])
        values = np.empty((batch, len(self.points)), self.dtype)
        table, places, step = self.table.copy(), self._places.copy(), self.dtype.itemsize
        kept, used = [], []
        for row, term in zip(table, self.terms, strict=True):
            for k, number in enumerate(term.fields):
                if number is None:
                    continue
                own, at = fields[number], term.at[k]
                if not own.flags.aligned:
                    own = own.copy()
                if at is not None and not own.strides[1]:  # a number, the same everywhere
                    kept.append(np.zeros_like(at))
                    row[AT.start + k] = address(kept[-1])
                elif own.strides[1] != step:
                    own = np.ascontiguousarray(own)
                used.append((row, FIELDS.start + k, own))
        for one in range(batch):
            places[2] = address(values[one])
            for row, k, own in used:
                row[k] = address(own) + one * own.strides[0]
            _core.core.gg_rows_at_points(
                address(table), len(table), address(places), len(self.bounds) - 1, step, workers
            )
        return values


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
