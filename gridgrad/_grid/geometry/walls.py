"""Rows with what is prescribed at walls: made of others, point by point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..._base.types import Array
from ..._stencils import transpose
from ..._stencils.derivatives import Rows
from ..._stencils.stencil import Row, Stencil


class Whole(NamedTuple):
    """One row of `Rows`: of the field, and of what is prescribed at both ends."""

    field: Row = ()
    first: Row = ()
    last: Row = ()

    @classmethod
    def of(cls, rows: Rows, point: int) -> Whole:
        """That of a point."""
        return cls(*(() if part is None else part.row_at(point) for part in rows))

    def times(self, factor: Array | float) -> Whole:
        """Every weight times a number."""
        return Whole(*(tuple((a, b, factor * w) for a, b, w in row) for row in self))

    def plus(self, other: Whole) -> Whole:
        """The sum of both."""
        return Whole(*((*row, *more) for row, more in zip(self, other, strict=True)))


def each(rows: Rows, change: Callable[[Stencil], Stencil]) -> Rows:
    """The same change of the rows of the field and of those of what is prescribed."""
    first, last = (part and change(part) for part in (rows.first, rows.last))
    return Rows(change(rows.field), first, last)


def product(outer: Stencil, inner: Rows) -> Rows:
    """What rows of values make of others."""
    return each(inner, lambda part: transpose.product(outer, part))


def with_rows(rows: Rows, own: dict[int, Whole]) -> Rows:
    """The rows with others at and near the ends."""
    sides = (_side(rows, number, own) for number in (1, 2))
    return Rows(rows.field.with_rows({k: row.field for k, row in own.items()}), *sides)


def _side(rows: Rows, number: int, own: dict[int, Whole]) -> Stencil | None:
    """What those make of what is prescribed at one end, without empty rows on the way to the other; None of nothing."""
    part = rows[number]
    if part is None and not any(row[number] for row in own.values()):
        return None
    part = part or replace(rows.field, offsets=(), weights=(), leading=(), trailing=(), values=True)
    made = part.with_rows({k: row[number] for k, row in own.items()})
    leading, trailing = list(made.leading), list(made.trailing)
    while leading and not leading[-1]:
        leading.pop()
    while trailing and not trailing[0]:
        trailing.pop(0)
    if not (leading or trailing):
        return None
    return replace(made, leading=tuple(leading), trailing=tuple(trailing))


def values_of(row: Row) -> Row:
    """Differences as values of both of their points."""
    return tuple(pair for a, b, w in row for pair in (((b, b, w),) if a == b else ((b, b, w), (a, a, -w))))


def seen_from(own: int, row: Row) -> Row:
    """Its differences from its own point, each once, and what is no difference."""
    found: dict[int, Array] = {}
    for a, b, w in row:
        for end, weight in ((b, w), (a, -w)) if a != b else ():
            if end != own:
                found[end] = found.get(end, 0) + weight
    return (*((own, end, w) for end, w in found.items()), *(pair for pair in row if pair[0] == pair[1]))


def prescribed(end: int, factor: Array | float, point: int | None = None) -> Whole:
    """What is prescribed at an end times a factor, in the row of a point, or of the end itself."""
    own = end if point is None else point
    row: Row = ((own, own, np.asarray(factor)[()]),)
    return Whole((), (), row) if end else Whole((), row)


def held(rows: Rows, end: int, factor: float, reach: int) -> Rows:
    """Where rows read the point at an end, which has a prescribed value, that value times a factor."""
    inwards = [k if end == 0 else end - k for k in range(1, min(reach, rows.field.length))]
    reading = [n for n, k in enumerate(inwards) if _reads(rows.field.row_at(k), end)]
    own = {end: Whole.of(rows, end)}
    for k in inwards[: 1 + max(reading, default=-1)]:
        whole = Whole.of(rows, k)
        kept = tuple(pair for pair in whole.field if end not in pair[:2])
        read = values_of(tuple(pair for pair in whole.field if end in pair[:2]))
        weight = sum(w for a, _, w in read if a == end)
        left = tuple(pair for pair in read if pair[0] != end)
        own[k] = whole._replace(field=(*kept, *left))
        if read:
            own[k] = own[k].plus(prescribed(end, weight * factor, k))
    return with_rows(rows, own)


def _reads(row: Row, point: int) -> bool:
    return any(point in (a, b) for a, b, _ in row)
