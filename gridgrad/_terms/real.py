"""Complex products become sums of real ones."""

from __future__ import annotations

from .._base.cache import Cache
from .._stencils.stencil import Stencil
from .._stencils.transpose import negated
from .term import Term

_real: Cache[tuple[Term, ...]] = Cache("complex terms", entries=256)


def real_terms(terms: tuple[Term, ...], is_complex: tuple[bool, ...]) -> tuple[Term, ...]:
    """The terms on the real and imaginary parts of complex fields, each part a field of its own.

    An output becomes two, so does each input that `is_complex`; a real one stays one. A product with
    a complex coefficient is two products in each part: ``re = c.re v.re - c.im v.im``, ``im = c.re v.im + c.im v.re``.
    """
    key = terms, is_complex
    found = _real.get(key)
    if found is None:
        found = _real_terms(terms, is_complex)
        _real.put(key, found, sum(stencil.nbytes for term in found for _, stencil in term.stencils()))
    return found


def _real_terms(terms: tuple[Term, ...], is_complex: tuple[bool, ...]) -> tuple[Term, ...]:
    first = [sum(is_complex[:k]) + k for k in range(len(is_complex))]
    negative: dict[Stencil, Stencil] = {}
    result = []
    for term in terms:
        c, f, o = term.coefficient, first[term.input], 2 * term.output
        parts = range(1 + is_complex[term.input])
        if c is None or not is_complex[c]:
            own = None if c is None else first[c]
            result += [term._replace(output=o + k, input=f + k, coefficient=own) for k in parts]
            continue
        re, im = first[c], first[c] + 1
        if len(parts) == 1:
            result += [
                term._replace(output=o + k, input=f, coefficient=part) for k, part in enumerate((re, im))
            ]
            continue
        if term.stencil not in negative:
            negative[term.stencil] = negated(term.stencil)
        result += [
            term._replace(output=o, input=f, coefficient=re),
            term._replace(output=o, input=f + 1, coefficient=im, stencil=negative[term.stencil]),
            term._replace(output=o + 1, input=f + 1, coefficient=re),
            term._replace(output=o + 1, input=f, coefficient=im),
        ]
    return tuple(result)
