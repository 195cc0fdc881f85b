"""Derivatives of terms by their factors, as terms again: a term is linear in its input, and in each factor but a harmonic mean."""

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
from .harmonic import at_harmonic_faces
from .term import VALUE, Join, Term

NOTHING: Row = ()


class Slope(NamedTuple):
    """What makes derivatives by a factor of fields, factors and slopes: a sweep, and maybe a second one.

    The second reads the outputs of the first, in front of the inputs of that.
    """

    first: tuple[Term, ...]
    second: tuple[Term, ...] = ()


def have_slopes_by(terms: Iterable[Term], factors: Collection[int]) -> bool:
    """Whether sweeps make the derivatives by these factors, of real terms: no sign, no norm, no gate but that of a harmonic mean."""
    return not any(
        term.turns
        or term.join is not Join.TOTAL
        or (term.gated and (term.inner in factors or term.outer in factors))
        or (term.gated and not term.harmonic and term.faces in factors)
        or (term.inner_sign and term.inner in factors)
        or (term.outer_sign and term.outer in factors)
        for term in terms
    )


def are_harmonic_in(terms: Iterable[Term], factor: int) -> bool:
    """Whether any term has the harmonic mean of a factor, whose derivatives read its reciprocal."""
    return any(term.harmonic and term.faces == factor for term in terms)


def slopes_by(
    terms: tuple[Term, ...], factor: int, cotangents: dict[int, int], reciprocal: int
) -> list[Slope]:
    """The sweeps whose sum is the derivative by a factor; `cotangents` are the inputs with the slopes of outputs.

    Terms of other outputs are left out. The input `reciprocal` is that of the factor, 0 where that is 0; only harmonic means
    read it.
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
    faces, harmonic = _at(terms, factor)
    between, over = _at_faces(faces, cotangents), _at_harmonic(harmonic, cotangents, reciprocal)
    return [slope for slope in (Slope(behind), Slope(before), between, over) if slope.first]


def moved_by(
    terms: tuple[Term, ...], factor: int, tangent: int, reciprocal: int, relative: int
) -> list[Slope]:
    """What a change of a factor, which is the input `tangent`, makes of the outputs.

    Harmonic means read `reciprocal`, as in `slopes_by`, and `relative`, its product with the tangent.
    """
    faces, harmonic = _at(terms, factor)
    first = (
        *(term._replace(inner=tangent) for term in terms if term.inner == factor),
        *(term._replace(faces=tangent) for term in faces),
        *(term._replace(outer=tangent) for term in terms if term.outer == factor),
    )
    over = _moved_at_harmonic(harmonic, reciprocal, relative)
    return [slope for slope in (Slope(first), over) if slope.first]


def _at(terms: Iterable[Term], factor: int) -> tuple[list[Term], list[Term]]:
    """The terms with a factor at faces: of its arithmetic mean, and of its harmonic one."""
    own = [term for term in terms if term.faces == factor]
    return [term for term in own if not term.harmonic], [term for term in own if term.harmonic]


def _at_harmonic(terms: Iterable[Term], cotangents: dict[int, int], reciprocal: int) -> Slope:
    """What the faces of each point have of the field and of the slopes, one by one; then the sum of their products."""
    parts = at_harmonic_faces(terms, cotangents, reciprocal)
    first = [own._replace(output=k) for k, own in enumerate(own for part in parts for own in part)]
    second = [Term(0, k, None, VALUE, outer=k + 1) for k in range(0, len(first), 2)]
    return Slope(tuple(first), tuple(second))


def _moved_at_harmonic(terms: list[Term], reciprocal: int, relative: int) -> Slope:
    """The transpose of that: what the faces of each point have of the field, times the change there; then the rows."""
    parts = at_harmonic_faces(terms, {term.output: term.output for term in terms}, reciprocal)
    first = [part.field._replace(output=k, outer=relative) for k, part in enumerate(parts)]
    second = [
        turned._replace(input=k, output=part.slopes.input).with_factors(lambda k: len(parts) + k)
        for k, part in enumerate(parts)
        for turned in adjoint_terms((part.slopes,))
    ]
    return Slope(tuple(first), tuple(second))


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
