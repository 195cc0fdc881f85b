"""`Term`: one stencil applied to one input along one axis, added to one output; and sums of such."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from enum import IntEnum
from math import inf
from typing import NamedTuple, Protocol

import numpy as np

from .._base.errors import ArgumentTypeError
from .._base.types import Array, Shape
from .._stencils.stencil import Stencil
from .._stencils.sums import added

VALUE = Stencil(1, ((0, 0),), (np.ones(())[()],), (), (), values=True, order=0)  # of a point itself


class HasShape(Protocol):
    """Any array."""

    @property
    def shape(self) -> Shape:
        """Its lengths."""


class Join(IntEnum):
    """What an output's terms make of it, one after the other; the kernels' (kernels/join.h)."""

    TOTAL = 0
    NORM = 1  # ``hypot(output, value)``
    SQUARES = 2  # ``output + value * value``


class Term(NamedTuple):
    """``output += outer * (stencil applied to inner * input along axis)``, and what else a term can do.

    Factors are other inputs: `inner` multiplies each sample (only for a stencil of values), `faces` each
    pair, by its mean at the pair's two points, `outer` what comes out, at its point. The adjoint swaps
    the first and the last. `then` is a second stencil, along another axis, applied to the rows of the
    first; it has no `faces`. Of a factor with a sign, 1 or -1, only values of this sign count: elsewhere its product
    is 0 and reads nothing, but a NaN, which has both. How an output's terms `join`, all of them say
    alike: ask `joins_of`.

    With `ends` the rows stand at the ends only: where a row of its stencils has no pairs there is no such
    term, nothing is read or added. It joins its output after all terms without `ends` (`in_order`); as the
    only one it makes 0 there. Of what is prescribed at a wall it tells whether that `is_last` of its axis.

    Where it is `gated` a factor of 0 reads nothing, and nothing is made of it but 0. With `harmonic` the mean at
    the two points of a pair is the harmonic one, which is 0 where one of both is.

    Without an `axis` the term is a multiple of the input at the point itself: its stencil is of values
    and has one point.

    `turns` are quarter turns of what comes out, a product with ``1j ** turns``, 1 to 4: then all fields are complex,
    and so they are not where it is 0.
    """

    output: int
    input: int
    axis: int | None
    stencil: Stencil
    inner: int | None = None
    faces: int | None = None
    outer: int | None = None
    then: tuple[int, Stencil] | None = None
    join: Join = Join.TOTAL
    ends: bool = False
    turns: int = 0
    gated: bool = False
    harmonic: bool = False
    inner_sign: int = 0
    outer_sign: int = 0
    is_last: bool = False

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

    def shape_of(self, shape: Shape) -> Shape:
        """That of what it makes of a field of this shape."""
        for axis, stencil in self.stencils():
            if stencil.surplus:
                assert axis is not None
                shape = (*shape[:axis], stencil.length, *shape[axis + 1 :])
        return shape

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
        raise ArgumentTypeError(
            "upwind= chooses by the sign of a real velocity, got a complex one; give v.real"
        )


# By how many powers of two small and large factors are brought nearer to 1, beyond which power: their squares and the
# squares of their reciprocals, which derivatives of quotients read, are then numbers.
_SCALES = {"float64": (256, 512, 520), "float32": (32, 64, 66), "bfloat16": (32, 64, 66)}


def _nearer(where: Callable[..., Array], a: Array, b: Array) -> tuple[Array, Array]:
    """Both times one power of two."""
    name = str(a.dtype).rpartition(".")[2]
    if name not in _SCALES:
        return a, b
    far, up, down = _SCALES[name]
    size = abs(a) + abs(b)
    are_small, are_large = size < 2.0**-far, size > 2.0**far
    return (
        where(are_small, a * 2.0**up, where(are_large, a * 2.0**-down, a)),
        where(are_small, b * 2.0**up, where(are_large, b * 2.0**-down, b)),
    )


def _harmonic_mean(where: Callable[..., Array], a: Array, b: Array) -> Array:
    """``2 a b / (a + b)``, 0 beside a 0, and exactly a where both are a; `where` is that of the arrays' library."""
    smaller = a < b
    small, (p, q) = where(smaller, a, b), _nearer(where, a, b)
    big, is_closed = where(smaller, q, p), small == 0
    share = big / where(is_closed & (big == 0), big + 1, p + q)  # 0/0 would be in derivatives
    return where(is_closed, small + small, small * (share + share))


def mean_at_faces(where: Callable[..., Array], a: Array, b: Array, harmonic: bool) -> Array:
    """A factor at the face between two points."""
    return _harmonic_mean(where, a, b) if harmonic else (a + b) * 0.5


def shifted(terms: tuple[Term, ...], by: int, inputs: float = inf) -> tuple[Term, ...]:
    """The terms with their factors, and those of their inputs that are none of the first `inputs`, `by` places further back."""
    return tuple(
        term.with_factors(lambda k: k + by)._replace(input=term.input + by * (term.input >= inputs))
        for term in terms
    )


def shapes_of(terms: tuple[Term, ...], fields: Sequence[HasShape], outputs: int) -> list[Shape]:
    """The shapes of the outputs of terms on an array's axes."""
    first = {term.output: term for term in reversed(terms)}
    shapes = [tuple(field.shape) for field in fields]
    return [first[k].shape_of(shapes[first[k].input]) if k in first else shapes[0] for k in range(outputs)]


def joins_of(terms: Iterable[Term]) -> dict[int, Join]:
    """The outputs that are not the sum of their terms, and what they are, which their terms all say."""
    return {term.output: term.join for term in terms if term.join}


def stencil_bytes(terms: Iterable[Term], *_: object) -> int:
    """What their stencils hold, each once."""
    return sum(own.nbytes for own in {stencil for term in terms for _, stencil in term.stencils()})


def turned(terms: tuple[Term, ...], turns: int) -> tuple[Term, ...]:
    """The terms with further quarter turns, 1 to 4."""
    return tuple(term._replace(turns=(term.turns + turns - 1) % 4 + 1) for term in terms)


def are_turned(terms: Iterable[Term]) -> bool:
    """Whether what comes out is complex whatever goes in."""
    return any([term.turns for term in terms])


def in_order(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms in the order in which every executor adds them: by output, those at ends last."""
    return tuple(sorted(terms, key=lambda term: (term.output, term.ends)))


def own_terms(terms: tuple[Term, ...], output: int) -> tuple[Term, ...]:
    """The terms of one output, as its only ones."""
    return tuple(term._replace(output=0) for term in terms if term.output == output)


def bound_to(terms: Iterable[Term], axes: tuple[int, ...], inputs: int) -> tuple[Term, ...]:
    """Terms of grid dimensions on an array's axes, their factors behind its fields."""
    return tuple([_bound_to(term, axes, inputs) for term in terms])


def _bound_to(term: Term, axes: tuple[int, ...], inputs: int) -> Term:
    """Of two stencils the later runs along the lower axis."""
    bound = term.with_axes(axes.__getitem__).with_factors(lambda k: k + inputs)
    axis, then = bound.axis, bound.then
    if axis is None or then is None or then[0] < axis:
        return bound
    return bound._replace(axis=then[0], stencil=then[1], then=(axis, bound.stencil))


def joining(terms: tuple[Term, ...], inputs: int, outputs: int) -> tuple[Term, ...]:
    """The terms behind the outputs themselves, which are read as further inputs, behind the first `inputs`."""
    return (*(Term(k, inputs + k, None, VALUE) for k in range(outputs)), *terms)


def merged(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The same sum with one stencil for all terms that differ in their stencil only, at the first one's place."""
    result: list[Term] = []
    place: dict[Hashable, int] = {}
    sums: dict[Hashable, Stencil | None] = {}  # terms of one stencil stay so
    for term in terms:
        key = (term._replace(stencil=None, is_last=False), term.stencil.values)  # type: ignore[arg-type]
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
