"""The rows of many pieces of an axis at once, which differ in their steps alone."""

from __future__ import annotations

import numpy as np

from ..._stencils.derivatives import Rule
from ..._stencils.stencil import Pair, Row, Stencil
from ..._stencils.weights import central_weights, exact_weights, node_weights, one_sided_row
from ..._stencils.wide import Wide, exact_fraction, from_fraction


def rows_of_many(steps: Wide, length: int, rule: Rule, at_ends: bool) -> Stencil:
    """As `derivative_rows` has them for each piece, both of whose ends are open: one-sided rows there, and no others if so told.

    Steps are of shape ``(length - 1, pieces)``, and so are weights arrays of ``(pieces,)``. All rows are data; a
    weight of 0 reads nothing. Of several steps those of a piece are not all the same.
    """
    with np.errstate(all="ignore"):
        exponents = np.max(np.frexp(np.abs(steps.high))[1], axis=0)
        made = (_formula if rule.is_first_of_three else _rows)(
            steps.scaled(-exponents), length, rule, at_ends
        )
        rows = tuple(tuple((a, b, np.ldexp(w, -rule.order * exponents)) for a, b, w in row) for row in made)
    return Stencil(length, (), (), rows, (), order=rule.order)


def _formula(steps: Wide, length: int, rule: Rule, at_ends: bool) -> list[Row]:
    """Formula (1), of equal weights in its short form, and its ends."""
    second, before = min(1, length - 2), max(0, length - 3)
    first = one_sided_row(steps.at(0), steps.at(second), rule.edge_order)
    last = one_sided_row(steps.at(-1), steps.at(before), rule.edge_order)
    inner: list[Row] = [()] * (length - 2)
    if not at_ends:
        lower, upper = central_weights(steps.at(slice(None, -1)), steps.at(slice(1, None)))
        for i, (w, v) in enumerate(zip(lower, upper, strict=True)):
            both = np.where(w == v, w, 0)
            inner[i] = (i, i + 2, both), (i, i + 1, w - both), (i + 1, i + 2, v - both)
    return [first, *inner, tuple((length - 1 - b, length - 1 - a, w) for a, b, w in reversed(last))]


def _rows(steps: Wide, length: int, rule: Rule, at_ends: bool) -> list[Row]:
    """Differences from each point, of the nodes beside it, or of those nearest to an end."""
    before, behind = rule.reach(uniform=False)
    points = min(rule.one_sided_points(), length)
    start = min(before, length)
    stop = max(start, length - behind)
    rows = [_differences(steps, i, 0, points, rule) for i in range(start)]
    if at_ends:
        rows += [()] * (stop - start)
    elif start < stop:
        gaps = [steps.at(slice(start + k, stop + k)) for k in range(-before, behind)]
        weights = node_weights(gaps, before, rule.order)
        for i in range(start, stop):
            own = [(i, i + k - before, w.high[i - start]) for k, w in weights.items()]
            if before == behind == 1:
                own[0] = (i - 1, i, -own[0][2])
            rows.append(_turned(own, rule))
    rows += [_differences(steps, i, length - points, points, rule) for i in range(stop, length)]
    return rows


def _differences(steps: Wide, point: int, first: int, count: int, rule: Rule) -> Row:
    gaps = [steps.at(k) for k in range(first, first + count - 1)]
    weights = {k: w.high for k, w in node_weights(gaps, point - first, rule.order).items()}
    if rule.order > 1:  # what is next to nothing may be 0
        size = np.finfo(steps.high.dtype).eps * np.max([np.abs(w) for w in weights.values()], axis=0)
        for m in np.flatnonzero(np.any([np.abs(w) < size for w in weights.values()], axis=0)).tolist():
            exact = exact_weights([exact_fraction(gap.at(m)) for gap in gaps], point - first, rule.order)
            for k, weight in exact.items():
                weights[k][m] = from_fraction(weight, steps.high.dtype).high
    return _turned([(point, first + k, w) for k, w in weights.items()], rule)


def _turned(row: list[Pair], rule: Rule) -> Row:
    """Of differences to one side those with a positive weight, so that a constant gives 0 and not -0."""
    return tuple((b, a, -w) if rule.side and np.min(w) < 0 else (a, b, w) for a, b, w in row)
