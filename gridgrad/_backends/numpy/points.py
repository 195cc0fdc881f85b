"""Rows at single points of flat NumPy fields by the compiled core: what overwrites a sweep beside gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..._base.types import Array
from . import core as _core

_FIELDS = 7  # addresses of a `RowsAtPoints` of kernels/host/points.cpp


class TermAtPoints(NamedTuple):
    """The rows of one term: pairs ``start[p]`` to ``start[p + 1] - 1`` of a point, and the inputs that they read."""

    start: Array
    a: Array
    b: Array
    weight: Array
    input: int
    faces: int | None
    outer: int | None


class RowsAtPoints:
    """The rows of one output at its points, ready for flat fields of the dtype of their weights."""

    def __init__(self, terms: Sequence[TermAtPoints], points: Array) -> None:
        self.terms, self.points = terms, points
        self.dtype = terms[0].weight.dtype
        self._table = np.zeros((len(terms), _FIELDS), np.uintp)
        for row, term in zip(self._table, terms, strict=True):
            row[:4] = [_address(own) for own in term[:4]]

    def __call__(self, fields: Sequence[Array], workers: int) -> Array:
        """Their values for contiguous fields of shape ``(batch, points)``."""
        batch, size = fields[0].shape
        values = np.empty((batch, len(self.points)), self.dtype)
        table, step = self._table.copy(), self.dtype.itemsize
        used = [
            (t, k, number) for t, term in enumerate(self.terms) for k, number in enumerate(term[4:], start=4)
        ]
        for one in range(batch):
            for t, k, number in used:
                if number is not None:
                    table[t, k] = _address(fields[number]) + one * size * step
            _core.core.gg_rows_at_points(
                _address(table),
                len(table),
                _address(self.points),
                len(self.points),
                _address(values[one]),
                step,
                workers,
            )
        return values


def served(fields: Sequence[Array]) -> bool:
    """Whether there is a core, and it takes these arrays as they are."""
    first = fields[0]
    return (
        _core.core is not None
        and first.dtype in (np.float32, np.float64)
        and first.size < 1 << 31
        and all(
            [
                a.dtype == first.dtype and a.flags.c_contiguous and a.flags.aligned and a.dtype.isnative
                for a in fields
            ]
        )
    )


def place(out: Array, points: Array, values: Array | None, gaps: Array, fill: float) -> None:
    """Write values at points of a contiguous field of shape ``(batch, points)``, and one number into its gaps."""
    for one, row in enumerate(out):
        own = (points[:0], 0) if values is None else (values[one], len(points))
        _core.core.gg_place(
            _address(row),
            _address(points),
            _address(own[0]),
            own[1],
            _address(gaps),
            len(gaps),
            fill,
            out.dtype.itemsize,
        )


def workers_of(workers: int | None) -> int:
    """As many as were asked for, or as there are."""
    return _core.available_cpus() if workers is None else workers


def _address(a: Array) -> int:
    address: int = a.__array_interface__["data"][0]
    return address
