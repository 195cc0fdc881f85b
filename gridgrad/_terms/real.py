"""Complex products become sums of real ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import product

from .._base.cache import cached
from .._base.errors import ArgumentTypeError
from .._stencils.stencil import Stencil
from .._stencils.transpose import negated
from .term import Term, check_has_sign, stencil_bytes


@cached("complex terms", entries=256, each=stencil_bytes)
def real_terms(terms: tuple[Term, ...], is_complex: tuple[bool, ...]) -> tuple[Term, ...]:
    """The terms on the real and imaginary parts of complex fields, each part a field of its own.

    An output becomes two, so does each input that `is_complex`; a real one stays one. A product with
    a complex factor is two products in each part: ``re = c.re v.re - c.im v.im``, ``im = c.re v.im + c.im v.re``;
    with two such factors it is four. A quarter turn is a product with 1j.
    """
    first = [sum(is_complex[:k]) + k for k in range(len(is_complex))]
    negative = cache(negated)  # one for all parts
    result: list[Term] = []
    for term in terms:
        signed = [k for k, sign in ((term.inner, term.inner_sign), (term.outer, term.outer_sign)) if sign]
        check_has_sign(any(is_complex[k] for k in signed if k is not None))
        if term.harmonic and term.faces is not None and is_complex[term.faces]:
            raise ArgumentTypeError(
                'mean="harmonic" is of real diffusivities, got a complex one; use mean="arithmetic"'
            )
        choices = (range(1 + is_complex[k]) for k in (*term.factors(), term.input))
        parts = [_part_of(term, imaginary, first, negative) for imaginary in product(*choices)]
        result += sorted(parts, key=lambda part: part.output)
    return tuple(result)


def _part_of(
    term: Term, imaginary: tuple[int, ...], first: list[int], negative: Callable[[Stencil], Stencil]
) -> Term:
    """One product of parts: 1 in `imaginary` for each factor, then the field, whose imaginary part is in it."""
    *factors, field = imaginary
    count, stencil = (sum(imaginary) + term.turns) % 4, term.stencil
    if count >= 2:  # i * i
        stencil = negative(stencil)
    of_factor = iter(factors)
    part = term.with_factors(lambda k: first[k] + next(of_factor))
    output = 2 * term.output + count % 2
    return part._replace(output=output, input=first[term.input] + field, stencil=stencil, turns=0)
