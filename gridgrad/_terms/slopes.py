"""Derivatives of terms by their factors, as terms again: a term is linear in its input and in each factor."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from .._base.types import Array
from .._stencils.stencil import Pair, Row, Stencil
from .._stencils.transpose import transposed
from .adjoint import adjoint_terms
from .term import Join, Term

NOTHING: Row = ()


class Slope(NamedTuple):
    """What makes the slopes by a factor of fields, factors and slopes of outputs: a sweep, and maybe a second one.

    The second reads the outputs of the first, in front of the inputs of that.
    """

    first: tuple[Term, ...]
    second: tuple[Term, ...] = ()


def are_linear_in(terms: Iterable[Term], factors: Collection[int]) -> bool:
    """Whether terms are linear in these factors, and real: no sign, no gate, no harmonic mean, no norm."""
    return not any(
        term.turns
        or term.join is not Join.TOTAL
        or (term.gated and any(k in factors for k in term.factors()))
        or (term.harmonic and term.faces in factors)
        or (term.inner_sign and term.inner in factors)
        or (term.outer_sign and term.outer in factors)
        for term in terms
    )


def slopes_by(terms: tuple[Term, ...], factor: int, cotangents: dict[int, int]) -> list[Slope]:
    """The sweeps whose sum is the derivative by a factor; `cotangents` are the inputs with the slopes of outputs.

    Terms of other outputs are left out.
    """
    terms = tuple(term for term in terms if term.output in cotangents)
    behind = tuple(
        term._replace(outer=cotangents[term.output], output=0) for term in terms if term.outer == factor
    )
    before = tuple(
        turned._replace(input=cotangents[term.output], outer=term.input, output=0)
        for term in terms
        if term.inner == factor
        for turned in adjoint_terms((term,))
    )
    between = _at_faces([term for term in terms if term.faces == factor], cotangents)
    return [slope for slope in (Slope(behind), Slope(before), between) if slope.first]


def moved_by(terms: tuple[Term, ...], factor: int, tangent: int) -> tuple[Term, ...]:
    """What a change of a factor, which is the input `tangent`, makes of the outputs."""
    inner = tuple(term._replace(inner=tangent) for term in terms if term.inner == factor)
    faces = tuple(term._replace(faces=tangent) for term in terms if term.faces == factor)
    return inner + faces + tuple(term._replace(outer=tangent) for term in terms if term.outer == factor)


def _at_faces(terms: Iterable[Term], cotangents: dict[int, int]) -> Slope:
    """The pairs of each row one by one, times the slope of the row; then the transpose of the mean at their faces.

    What multiplies the row multiplies what that reads.
    """
    first: list[Term] = []
    second: list[Term] = []
    parts = [(term, *part) for term in terms for part in _pairs(term.stencil)]
    for number, (term, pair, mean) in enumerate(parts):
        outer = None if term.outer is None else len(parts) + term.outer
        bare = term._replace(faces=None, harmonic=False, outer_sign=0)
        first.append(bare._replace(output=number, stencil=pair, outer=cotangents[term.output]))
        second.append(Term(0, number, term.axis, transposed(mean), inner=outer, inner_sign=term.outer_sign))
    return Slope(tuple(first), tuple(second))


def _pairs(stencil: Stencil) -> list[tuple[Stencil, Stencil]]:
    """Stencils of one pair in each row, whose sum is this one, and the mean at the faces of these pairs."""
    inside = list(zip(stencil.offsets, stencil.weights, strict=True))
    rows = [*stencil.leading, *stencil.trailing]
    count = len(stencil.leading)
    result = []
    for band, *pairs in zip_longest(inside, *rows):
        own = [NOTHING if pair is None else (pair,) for pair in pairs]
        alone = replace(
            stencil,
            offsets=() if band is None else (band[0],),
            weights=() if band is None else (band[1],),
            leading=tuple(own[:count]),
            trailing=tuple(own[count:]),
        )
        result.append((alone, _mean(alone)))
    return result


def _mean(pair: Stencil) -> Stencil:
    """Half of both ends of each pair, where it has a weight: values, read where the pair is."""
    half = pair.dtype.type(0.5)
    leading, trailing = pair.changed_rows(lambda row: tuple(part for own in row for part in _ends(own, half)))
    offsets: list[tuple[int, int]] = []
    weights: list[Array] = []
    for (a, b), weight in zip(pair.offsets, pair.weights, strict=True):
        for _, end, part in _ends((a, b, weight), half):
            offsets.append((end, end))
            weights.append(part)
    return replace(
        pair, offsets=tuple(offsets), weights=tuple(weights), leading=leading, trailing=trailing,
        values=True, order=0,
    )  # fmt: skip


def _ends(pair: Pair, half: Array) -> tuple[Pair, ...]:
    a, b, weight = pair
    shares = np.where(weight != 0, half, half * 0)[()]
    return ((b, b, shares + shares),) if a == b else ((a, a, shares), (b, b, shares))
