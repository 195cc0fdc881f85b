"""Terms times a field, or of a field times another: the field becomes a factor of each term, where that has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from .._stencils.stencil import Stencil
from .._stencils.transpose import Bands
from .term import Term

Terms = tuple[Term, ...]


def multiplied(terms: Terms, factor: int) -> Terms | None:
    """``factor * sum of terms``; None where a term has its factor there already."""
    if any(term.outer is not None for term in terms):
        return None
    return tuple(term._replace(outer=factor) for term in terms)


def of_multiplied(terms: Terms, factor: int, inputs: int) -> Terms | None:
    """The terms of ``factor * input`` for each of the first `inputs`; None where a term has its factor there already.

    Their rows are of values, ``weight * factor[b] * f[b]``: a difference would read the factor at one end only. So are
    those of a second axis, which may come to be the first.
    """
    if any(term.inner is not None for term in terms if term.input < inputs):
        return None
    values = cache(of_values)  # one stencil for all terms that have the same
    return tuple(
        term
        if term.input >= inputs
        else term._replace(
            inner=factor,
            stencil=values(term.stencil, term.faces is not None),
            then=None if term.then is None else (term.then[0], values(term.then[1], False)),
        )
        for term in terms
    )


def of_values(stencil: Stencil, faces: bool = False) -> Stencil:
    """The same matrix as rows of values, whose weights are sums of those that meet at a point, rounded once.

    With `faces` the entries of a point stay apart, each with its face.
    """
    if stencil.values:
        return stencil
    whole = Bands.of(stencil, faces).stencil(True, stencil.power)
    return replace(whole, order=stencil.order)


def is_multiplication(terms: Sequence[Term]) -> bool:
    """Whether they multiply each input by one and the same field at its point, and do nothing else."""
    first = terms[0]
    if first.axis is not None or first.stencil.power or first.turns or first.faces is not None or first.gated:
        return False
    if (first.inner is None) == (first.outer is None) or first.factors() != (0,):
        return False
    alike = all(term == first._replace(output=k, input=k) for k, term in enumerate(terms))
    return alike and [float(weight) for weight in first.stencil.weights] == [1.0]
