"""Which points of an operator's results are at ends, and how far rounding can reach."""

from __future__ import annotations

from math import prod
from operator import add, mul
from typing import Any, NamedTuple

import numpy as np

from .._base.types import Array
from .._operators.joined import Product, Sum
from .._operators.operator import AnyOperator
from .._operators.sweep import Sweep
from .._stencils.stencil import Stencil
from .._terms.term import Term


class Parts(NamedTuple):
    """One number for the interior rows of an operator, one for those at ends."""

    inside: float
    ends: Any  # a number, or None where nothing is promised


# by axis: how many rows at its first and its last end are not interior ones
Widths = dict[int, tuple[int, int]]


def end_widths(operator: AnyOperator) -> list[Widths]:
    """For each component of the result, the rows at ends along each axis; none round a periodic one."""
    operator = operator.bare
    if isinstance(operator, Product):
        inner = _joined(end_widths(operator.inner))
        return [_joined([inner, outer], sums=True) for outer in end_widths(operator.outer)]
    if isinstance(operator, Sum):
        pairs = zip(end_widths(operator.first), end_widths(operator.second), strict=True)
        return [_joined(list(pair)) for pair in pairs]
    assert isinstance(operator, Sweep)  # as all others on grids without gaps are
    return [
        _joined([_of_term(term, operator) for term in operator.terms if term.output == k])
        for k in range(prod(operator.outputs))
    ]


def name_of(operator: AnyOperator) -> str:
    """The operator's name, or those of its parts."""
    operator = operator.bare
    if isinstance(operator, Product):
        return f"{name_of(operator.outer)} @ {name_of(operator.inner)}"
    if isinstance(operator, Sum):
        return f"{name_of(operator.first)} + {name_of(operator.second)}"
    return str(getattr(operator, "name", operator))


def _of_term(term: Term, operator: AnyOperator) -> Widths:
    return {
        axis: (len(stencil.leading), len(stencil.trailing))
        for axis, stencil in term.stencils()
        if axis is not None and "periodic" not in operator.grid.boundary[axis]
    }


def _joined(parts: list[Widths], sums: bool = False) -> Widths:
    joined: Widths = {}
    for axis, (first, last) in (item for part in parts for item in part.items()):
        before, after = joined.get(axis, (0, 0))
        joined[axis] = (before + first, after + last) if sums else (max(before, first), max(after, last))
    return joined


def at_ends(shape: tuple[int, ...], widths: Widths) -> Array:
    """A mask of the grid's shape."""
    mask = np.zeros(shape, bool)
    for axis, (first, last) in widths.items():
        along = np.moveaxis(mask, axis, 0)
        along[:first] = True
        along[shape[axis] - last :] = True
    return mask


def row_sums(operator: AnyOperator) -> Parts:
    """Bounds of the sum of magnitudes in a row: by this much errors of samples grow."""
    operator = operator.bare
    if isinstance(operator, Product):
        return Parts(*map(mul, row_sums(operator.outer), row_sums(operator.inner)))
    if isinstance(operator, Sum):
        return Parts(*map(add, row_sums(operator.first), row_sums(operator.second)))
    assert isinstance(operator, Sweep)
    totals = [
        [
            sum(column)
            for column in zip(
                *(_term_sums(t, operator) for t in operator.terms if t.output == k), strict=True
            )
        ]
        for k in range(prod(operator.outputs))
    ]
    return Parts(*map(max, *totals)) if len(totals) > 1 else Parts(*totals[0])


def _term_sums(term: Term, operator: Sweep) -> Parts:
    sizes = [_row_sums(stencil) for _, stencil in term.stencils()]
    largest = prod(float(np.max(np.abs(operator.coefficients[k]))) for k in term.factors())
    return Parts(largest * prod(s.inside for s in sizes), largest * prod(s.ends for s in sizes))


def _row_sums(stencil: Stencil) -> Parts:
    """Of one stencil; at the ends of another axis its interior rows count, too."""
    reads = (1 if stencil.values else 2) * 2.0**stencil.power
    inner = stencil.interior()
    vectors = [weight if np.ndim(weight) == 0 else weight[inner] for weight in stencil.weights]
    inside = float(np.max(sum(map(np.abs, vectors)), initial=0.0)) if vectors else 0.0
    edges = [float(sum(abs(weight) for *_, weight in row)) for row in (*stencil.leading, *stencil.trailing)]
    return Parts(reads * inside, reads * max([inside, *edges]))
