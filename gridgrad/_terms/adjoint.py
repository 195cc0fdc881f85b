"""The adjoint of a term list: outputs and inputs swapped, each row transposed, edges included."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

from .._base.cache import Cache
from .._base.types import Array
from .._stencils.stencil import Stencil
from .._stencils.transpose import transposed
from .term import Term, are_turned, stencil_bytes

Vectors = Sequence[Array] | None  # of each axis
_adjoints: Cache[tuple[Term, ...]] = Cache("adjoints", entries=256)


def conjugate_terms(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms of conjugate numbers: quarter turns go the other way."""
    if not are_turned(terms):
        return terms
    return tuple(term._replace(turns=-term.turns % 4 or term.turns) for term in terms)


def _turned(scale: Vectors, onto: Vectors, axis: int | None, stencil: Stencil, faces: bool) -> Stencil:
    own, other = (None if s is None or axis is None else s[axis] for s in (scale, onto))
    return transposed(stencil, own, faces, other)


def adjoint_terms(terms: tuple[Term, ...], scale: Vectors = None, onto: Vectors = None) -> tuple[Term, ...]:
    """The transposed operator; with `scale`, a vector s per axis, ``diag(1/s) A^T diag(s)``.

    Between points and faces `onto` are the vectors in the place of ``1/s``.
    What multiplied what came out multiplies what goes in, and the other way round; factors at faces stay.
    Nothing is conjugated.
    """
    found = _adjoints.get(terms) if scale is None else None
    if found is not None:
        return found
    turn = cache(partial(_turned, scale, onto))  # one stencil for all terms that have the same
    result = tuple(
        term._replace(
            output=term.input,
            input=term.output,
            stencil=turn(term.axis, term.stencil, term.faces is not None),
            inner=term.outer,
            outer=term.inner,
            inner_sign=term.outer_sign,
            outer_sign=term.inner_sign,
            then=None if term.then is None else (term.then[0], turn(*term.then, False)),
        )
        for term in terms
    )
    if scale is None:
        _adjoints.put(terms, result, stencil_bytes((*terms, *result)))
    return result
