"""`Term`: one stencil applied to one input along one axis, added to one output."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import NamedTuple

from .._base.errors import ArgumentTypeError
from .._stencils.stencil import Stencil


class Term(NamedTuple):
    """``output += outer * (stencil applied to inner * input along axis)``, and what else a term can do.

    Factors are other inputs: `inner` multiplies each sample (only for a stencil of values), `faces` each
    pair, by its mean at the pair's two points, `outer` what comes out, at its point. The adjoint swaps
    the first and the last. `then` is a second stencil, along another axis, applied to the rows of the
    first; it has no `faces`. Of a factor with a sign, 1 or -1, only values of this sign count: elsewhere its product
    is 0 and reads nothing, but a NaN, which has both. Whether an output is a sum or a `norm`, ``hypot(output, value)``, all of its
    terms say alike: ask `norms_of`.

    With `ends` the rows stand at the ends only: where a row of its stencils has no pairs there is no such
    term, nothing is read or added. It joins its output after all terms without `ends` (`in_order`); as the
    only one it makes 0 there.

    Without an `axis` the term is a multiple of the input at the point itself: its stencil is of values
    and has one point.
    """

    output: int
    input: int
    axis: int | None
    stencil: Stencil
    inner: int | None = None
    faces: int | None = None
    outer: int | None = None
    then: tuple[int, Stencil] | None = None
    norm: bool = False
    ends: bool = False
    inner_sign: int = 0
    outer_sign: int = 0

    def stencils(self) -> tuple[tuple[int | None, Stencil], ...]:
        """The (axis, stencil) of the term: one, or two of a mixed derivative."""
        own = ((self.axis, self.stencil),)
        return own if self.then is None else (*own, self.then)

    def factors(self) -> tuple[int, ...]:
        """The inputs that multiply."""
        return tuple(k for k in (self.inner, self.faces, self.outer) if k is not None)

    def reads(self) -> tuple[int, ...]:
        """All inputs of the term."""
        return (self.input, *self.factors())

    def with_factors(self, number: Callable[[int], int]) -> Term:
        """The term whose factors have other numbers among the inputs."""
        new = [None if k is None else number(k) for k in (self.inner, self.faces, self.outer)]
        return self._replace(inner=new[0], faces=new[1], outer=new[2])

    def with_axes(self, place: Callable[[int], int]) -> Term:
        """The term along other axes."""
        axis = None if self.axis is None else place(self.axis)
        return self._replace(
            axis=axis, then=None if self.then is None else (place(self.then[0]), self.then[1])
        )


def check_has_sign(is_complex: bool) -> None:
    """Refuse a complex factor of which one sign counts."""
    if is_complex:
        raise ArgumentTypeError("upwind= chooses by the sign of a real velocity, got a complex one; give v.real")


def shifted(terms: tuple[Term, ...], by: int, inputs: float = inf) -> tuple[Term, ...]:
    """The terms with their factors, and those of their inputs that are none of the first `inputs`, `by` places further back."""
    return tuple(
        term.with_factors(lambda k: k + by)._replace(input=term.input + by * (term.input >= inputs)) for term in terms
    )


def norms_of(terms: Iterable[Term]) -> frozenset[int]:
    """The outputs that are the norm of their terms, which all say so, and not their sum."""
    return frozenset([term.output for term in terms if term.norm])


def in_order(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms in the order in which every executor adds them: by output, those at ends last."""
    return tuple(sorted(terms, key=lambda term: (term.output, term.ends)))


def own_terms(terms: tuple[Term, ...], output: int) -> tuple[Term, ...]:
    """The terms of one output, as its only ones."""
    return tuple(term._replace(output=0) for term in terms if term.output == output)


def bound_to(term: Term, axes: tuple[int, ...], inputs: int) -> Term:
    """A term of grid dimensions on an array's axes; of two stencils the later runs along the lower axis."""
    bound = term.with_axes(axes.__getitem__).with_factors(lambda k: k + inputs)
    axis, then = bound.axis, bound.then
    if axis is None or then is None or then[0] < axis:
        return bound
    return bound._replace(axis=then[0], stencil=then[1], then=(axis, bound.stencil))
