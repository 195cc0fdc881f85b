"""`Term`: one stencil applied to one input along one axis, added to one output."""

from __future__ import annotations

from typing import NamedTuple

from .._stencils.stencil import Stencil

PLACES = ("point", "samples", "faces")  # of a coefficient, in the order of `Place` in kernels/descriptor.h


class Term(NamedTuple):
    """``output += stencil applied to input along axis``, and what else a term can do.

    A `coefficient` is the input that multiplies: at the ``"point"`` of the row, at each of the
    ``"samples"`` (only for a stencil of values), or at the ``"faces"``, the mean of its two points for
    each pair. `then` is a second stencil, along another axis, applied to the rows of the first. With
    `norm` the output is ``hypot(output, value)`` instead of a sum.
    """

    output: int
    input: int
    axis: int
    stencil: Stencil
    coefficient: int | None = None
    place: str = "point"
    then: tuple[int, Stencil] | None = None
    norm: bool = False

    def stencils(self) -> tuple[tuple[int, Stencil], ...]:
        """The (axis, stencil) of the term: one, or two of a mixed derivative."""
        own = ((self.axis, self.stencil),)
        return own if self.then is None else (*own, self.then)


def shifted(terms: tuple[Term, ...], by: int) -> tuple[Term, ...]:
    """The terms with their coefficients `by` places further back among the inputs."""
    return tuple(
        term if term.coefficient is None else term._replace(coefficient=term.coefficient + by)
        for term in terms
    )


def own_terms(terms: tuple[Term, ...], output: int) -> tuple[Term, ...]:
    """The terms of one output, as its only ones."""
    return tuple(term._replace(output=0) for term in terms if term.output == output)
