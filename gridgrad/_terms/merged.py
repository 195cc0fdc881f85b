"""Sums of terms: those that differ in their stencil only become one, and what outputs hold already is joined."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from .._stencils.stencil import Stencil
from .._stencils.sums import added
from .term import Term

UNIT = Stencil(1, ((0, 0),), (np.ones(())[()],), (), (), values=True, order=0)


def joining(terms: tuple[Term, ...], inputs: int, outputs: int) -> tuple[Term, ...]:
    """The terms behind the outputs themselves, which are read as further inputs, behind the first `inputs`."""
    return (*(Term(k, inputs + k, None, UNIT) for k in range(outputs)), *terms)


def merged(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The same sum with one stencil for all terms that differ in their stencil only, at the first one's place."""
    result: list[Term] = []
    place: dict[Hashable, int] = {}
    sums: dict[Hashable, Stencil | None] = {}  # terms of one stencil stay so
    for term in terms:
        key = (term._replace(stencil=None), term.stencil.values)  # type: ignore[arg-type]
        if key in place:
            held = result[place[key]]
            pair = held.stencil, term.stencil, term.faces is not None
            if pair not in sums:
                sums[pair] = added(*pair)
            together = sums[pair]
            if together is not None:
                result[place[key]] = held._replace(stencil=together)
                continue
        place[key] = len(result)
        result.append(term)
    return tuple(result)
