"""A term list whose stencils are still to be cut: the same for all chunks, and small enough to travel with each task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import combinations
from typing import Any, TypeAlias

from ..._stencils.stencil import Stencil
from ..._terms.term import Term
from ..protocol import Call, Find
from .spans import Span, along

Axes: TypeAlias = tuple[int, ...]
# of a chunk, by axis; None where nothing is differentiated along it
Spans: TypeAlias = tuple[Span | None, ...]

_NONE = Stencil(1, (), (), (), ())  # in the place of one that is along an axis


@dataclass(frozen=True)
class Recipe:
    """What is to be made of every chunk.

    Attributes
    ----------
    terms : tuple of Term
        Those of the whole arrays, without the stencils that go along an axis.
    slots : tuple of tuples
        Which stencils these are, for each term: axis, and number along it.
    outputs, as_read
        As of a `Call`.
    find : callable
        The back end of a class of arrays, which chunks are.
    """

    terms: tuple[Term, ...]
    slots: tuple[tuple[tuple[int, int], ...], ...]
    outputs: int
    as_read: bool
    find: Find
    _reach: dict[tuple[int, ...], dict[int, tuple[Axes, ...]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    token = ""  # what else it is named by

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), tuple(getattr(self, own.name) for own in fields(self) if own.init)

    @property
    def chunk(self) -> type[Any] | None:
        """What makes a chunk, where it is no plain one."""
        return None

    def along(
        self, stencils: Mapping[int, tuple[Stencil, ...]], chunks: Sequence[tuple[int, ...]]
    ) -> list[Sequence[Span | None]]:
        """The chunks of all axes."""
        return along(stencils, chunks)

    def axes(self, term: int) -> Axes:
        """The axes that a term differentiates along."""
        return tuple(axis for axis, _ in self.slots[term])

    def there(self, spans: Spans) -> tuple[int, ...]:
        """The terms that a chunk has: those at ends only where there is one, unless an output has no other."""
        kept = [k for k, term in enumerate(self.terms) if not term.ends or self._has_rows(k, spans)]
        if len(kept) == len(self.terms):
            return tuple(kept)
        made = {self.terms[k].output for k in kept}
        kept += [k for k, term in enumerate(self.terms) if term.output not in made]
        return tuple(sorted(kept))

    def _has_rows(self, term: int, spans: Spans) -> bool:
        own = [(spans[axis], number) for axis, number in self.slots[term]]
        return all(span is not None and (span.length == 0 or span.has_rows[number]) for span, number in own)

    def used(self, terms: Sequence[int]) -> tuple[int, ...]:
        """The inputs that some terms read, in order."""
        return tuple(sorted({k for term in terms for k in self.terms[term].reads()}))

    def reach(self, terms: tuple[int, ...]) -> dict[int, tuple[Axes, ...]]:
        """Beyond which sides of a chunk, and across which of its edges, each input is read."""
        if terms not in self._reach:
            self._reach[terms] = self._found(terms)
        return self._reach[terms]

    def _found(self, terms: tuple[int, ...]) -> dict[int, tuple[Axes, ...]]:
        found: dict[int, set[Axes]] = {k: set() for k in self.used(terms)}
        for number in terms:
            term, axes = self.terms[number], self.axes(number)
            both = subsets(axes)
            for k in (term.input, term.inner):
                if k is not None:
                    found[k].update(both)
            if term.faces is not None:
                found[term.faces].update(both)
        return {k: tuple(sorted(axes)) for k, axes in found.items()}

    def bound(self, terms: Sequence[int], stencils: Sequence[tuple[Stencil, ...]]) -> tuple[Term, ...]:
        """Some terms with the stencils of a chunk, by axis, on their own inputs and outputs only."""
        inputs = {k: place for place, k in enumerate(self.used(terms))}
        outputs = {k: place for place, k in enumerate(self.made(terms))}
        return tuple(self._bound(number, stencils, inputs, outputs) for number in terms)

    def made(self, terms: Sequence[int]) -> tuple[int, ...]:
        """The outputs of some terms, in order."""
        return tuple(sorted({self.terms[term].output for term in terms}))

    def _bound(
        self, number: int, stencils: Sequence[tuple[Stencil, ...]], inputs: dict[int, int], outputs: dict[int, int]
    ) -> Term:  # fmt: skip
        term, own = self.terms[number], [(axis, stencils[axis][k]) for axis, k in self.slots[number]]
        term = term._replace(input=inputs[term.input], output=outputs[term.output])
        term = term.with_factors(inputs.__getitem__)
        if not own:
            return term
        return term._replace(stencil=own[0][1], then=own[1] if len(own) > 1 else None)


def subsets(axes: Iterable[int]) -> tuple[Axes, ...]:
    """Some of the axes, and all: the sides of a chunk, and its edges and corners."""
    own = sorted(axes)
    return tuple(sorted(found for size in range(1, len(own) + 1) for found in combinations(own, size)))


def recipe_of(call: Call, find: Find) -> tuple[Recipe, dict[int, tuple[Stencil, ...]]]:
    """The recipe of a call, and the stencils along each axis that it counts."""
    along: dict[int, list[Stencil]] = {}

    def slot(axis: int, stencil: Stencil) -> tuple[int, int]:
        own = along.setdefault(axis, [])
        if stencil not in own:
            own.append(stencil)
        return axis, own.index(stencil)

    slots = tuple(
        tuple(slot(axis, stencil) for axis, stencil in term.stencils() if axis is not None)
        for term in call.terms
    )
    terms = tuple(
        term if term.axis is None else term._replace(stencil=_NONE, then=None) for term in call.terms
    )
    recipe = Recipe(terms, slots, call.outputs, call.as_read, find)
    return recipe, {axis: tuple(own) for axis, own in along.items()}


def contents(recipe: Recipe, stencils: dict[int, tuple[Stencil, ...]]) -> tuple[object, ...]:
    """What a call is named by: equal for equal calls, in every process."""
    at_points = [(term.stencil.__reduce__()[1], *term[:3], *term[4:]) for term in recipe.terms]
    rows = [(axis, [stencil.__reduce__()[1] for stencil in own]) for axis, own in stencils.items()]
    return at_points, recipe.slots, recipe.outputs, recipe.as_read, rows, *filter(None, [recipe.token])
