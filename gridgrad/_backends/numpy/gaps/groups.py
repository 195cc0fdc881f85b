"""Rows at single points in groups that read alike, as the compiled core takes them: its loops then decide nothing from point to point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...._base.types import Array, DType
from .points import RowsAtPoints, TermAtPoints

FEW = 8  # points of a group, on average, which are too few for weights of its own


class TermRows(NamedTuple):
    """The rows of one term, pairs in front: ``w (f[b] - f[a])``, or of values ``w f[b]`` where a is b; a weight of 0 reads nothing."""

    a: Array
    b: Array
    w: Array
    fields: tuple[int, int | None, int | None]
    at: Sequence[Array | None]  # as in `TermAtPoints`, in the shapes of the above
    harmonic: bool
    outer_sign: int


def rows_in_groups(
    points: Array, terms: Sequence[TermRows], join: int, dtype: DType, edges: Array
) -> RowsAtPoints:
    """The rows of one output at its points, in groups that no edge of a band cuts: `edges` are first points of bands, and the end."""
    terms = [_packed(term, dtype) for term in terms]
    near = np.searchsorted(edges, points, side="right")
    order, begins = _grouped(points, near, terms, of_weights=True)
    varies = len(points) < FEW * int(np.count_nonzero(begins))
    if varies:
        order, begins = _grouped(points, near, terms, of_weights=False)
    bounds = np.append(np.flatnonzero(begins), len(points)).astype(np.int32)
    made = [_in_order(term, points, order, bounds, varies) for term in terms]
    return RowsAtPoints(made, points[order].astype(np.int32), bounds, order, join)


def _packed(term: TermRows, dtype: DType) -> TermRows:
    """Weights in the type of fields, and pairs that read something in front."""
    used = term.w != 0
    if not np.any(used[1:] > used[:-1]):
        return term._replace(w=term.w.astype(dtype))
    order = np.argsort(~used, axis=0, kind="stable")
    a, b, w = (np.take_along_axis(own, order, axis=0) for own in term[:3])
    of_pairs = [None if at is None else np.take_along_axis(at, order, axis=0) for at in term.at[:2]]
    return term._replace(a=a, b=b, w=w.astype(dtype), at=(*of_pairs, term.at[2]))


def _grouped(points: Array, near: Array, terms: Sequence[TermRows], of_weights: bool) -> tuple[Array, Array]:
    """An order in which points with alike rows follow each other, if they are near, and where each group begins."""
    columns = [column for term in terms for column in _columns(term, points, of_weights)]
    key = np.zeros(len(points), np.uint64)
    for column in columns:  # alike where rows are alike
        key = (key ^ column) * np.uint64(0x9E3779B97F4A7C15)
        key ^= key >> np.uint64(29)
    order = np.argsort(near.astype(np.uint64) << np.uint64(48) | key >> np.uint64(16), kind="stable")
    begins = np.zeros(len(points), bool)
    begins[:1] = True
    for column in (near, *columns):
        own = column[order]
        begins[1:] |= own[1:] != own[:-1]
    return order, begins


def _columns(term: TermRows, points: Array, of_weights: bool) -> list[Array]:
    """What rows have in common in a group."""
    used = term.w != 0
    ends = (term.a, term.b) if term.at[0] is None else ()
    found = [*used, *(row for end in ends for row in np.where(used, end - points, 0))]
    found = [column.astype(np.int64).view(np.uint64) for column in found]
    return found + ([w.astype(np.float64).view(np.uint64) for w in term.w] if of_weights else [])


def _in_order(term: TermRows, points: Array, order: Array, bounds: Array, varies: bool) -> TermAtPoints:
    """The rows of a term in groups."""
    a, b, w = (own[:, order] for own in term[:3])
    firsts, sizes = bounds[:-1], np.diff(bounds)
    pairs = (w[:, firsts] != 0).T  # of groups
    count = pairs.sum(axis=1)
    start = np.append(0, np.cumsum(count)).astype(np.int32)
    spread = np.append(0, np.cumsum(count * sizes))[:-1].astype(np.int64)
    group = np.repeat(np.arange(len(sizes)), sizes)
    within = np.arange(len(order)) - firsts[group]
    slots, columns = np.nonzero(w != 0)
    places = spread[group[columns]] + slots * sizes[group[columns]] + within[columns]

    def spread_out(values: Array) -> Array:
        made = np.empty(len(places), values.dtype)
        made[places] = values[slots, columns]
        return made

    near_a, near_b = ((end - points[order])[:, firsts].T[pairs].astype(np.int32) for end in (a, b))
    weight = spread_out(w) if varies else np.ascontiguousarray(w[:, firsts].T[pairs])
    at = [None if own is None else spread_out(own[:, order].astype(np.int32)) for own in term.at[:2]]
    of_row = None if term.at[2] is None else term.at[2][order].astype(np.int32)
    return TermAtPoints(start, near_a, near_b, weight, spread, varies, term.fields, (*at, of_row), *term[5:])
