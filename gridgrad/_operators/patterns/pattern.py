"""A linear map without its fields: a term list, what follows from it, and what was bound to its calls."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import wraps
from math import prod
from sys import modules
from typing import ParamSpec, TypeVar, cast

from ..._backends.once import made_once
from ..._base.cache import Cache, Entry
from ..._base.checks import is_word
from ..._base.errors import ArgumentTypeError, ArgumentValueError, counted, shown
from ..._base.tracing import COMPILER, is_compiling
from ..._base.types import Shape
from ..._grid.points import Points
from ..._stencils import transpose
from ..._terms.adjoint import adjoint_terms, conjugate_terms
from ..._terms.multiplied import is_multiplication, multiplied, of_multiplied
from ..._terms.term import Term, are_turned, bound_to, joins_of, merged, shifted, stencil_bytes, turned
from ..fields.coefficients import Argument
from ..fields.factors import argument_of
from ..fields.forms import Form, form_name
from ..fields.grids import Grids, OnGrids, check_alike
from ..fields.sides import AtGaps, Followers, Side
from .calls import Calls
from .kinds import Origin

Given = ParamSpec("Given")
Found = TypeVar("Found", bound="Pattern | None")
Walls = tuple[tuple[str, int, Side], ...]  # the name, the number of the coefficient and the side of each


def derived(make: Callable[Given, Found]) -> Callable[Given, Found]:
    """A method of constants, which makes another pattern: kept, as time steps ask for the same with other fields."""
    anew = cast(Callable[..., "Pattern | None"], make)
    constant = made_once(anew)

    @wraps(make)
    def call(self: Pattern, *given: Hashable) -> Pattern | None:
        if is_compiling():
            return constant(self, *given)
        entry = self.derived.held.get((make, given))
        if entry is not None:
            entry.used = Entry.now
            return entry.value
        found = anew(self, *given)
        if found is not self:
            self.derived.put((make, given), found, 0 if found is None else stencil_bytes(found.terms))
        return found

    return cast(Callable[Given, Found], call)


class Pattern(OnGrids):
    """Terms of a grid's dimensions, and the names and places of the fields that they are still to be given.

    ``axis`` of a term counts the grid's dimensions, its factors those fields. A compiler's constant.
    """

    def __init__(
        self, grid: Points, name: str, terms: tuple[Term, ...], inputs: Form = (), outputs: Form = (),
        arguments: tuple[Argument, ...] = (), masks_as_read: bool = False, grids: Grids | None = None, is_transpose: bool = False,
    ) -> None:  # fmt: skip
        self.grid, self.name, self.terms = grid, name, terms
        self.inputs, self.outputs, self.arguments = inputs, outputs, arguments
        self.origin: Origin | None = None  # set by its kind; none of what was made of other operators
        self.grids = grids  # None: all fields are on `grid`
        # whose fields are results of another: nothing is prescribed for them
        self.is_transpose = is_transpose
        if grids is None:
            self.grids_in, self.grids_out = (grid,) * prod(inputs), (grid,) * prod(outputs)
        else:
            self.grids_in, self.grids_out = (tuple([place.grid for place in own]) for own in grids)
        self.masks_as_read = masks_as_read  # as NumPy: a masked point masks the rows that read it, no other
        self.calls = Calls(None, entries=64, nbytes=1 << 20)
        self.derived: Cache[Pattern | None] = Cache(None, entries=32, nbytes=2 << 20)
        self.followers: Cache[Followers] = Cache(None, entries=16, nbytes=1 << 20)
        self._bound: dict[tuple[Shape, ...], tuple[Term, ...]] = {}
        self.is_turned = are_turned(terms)
        self.only_multiplies = sum([a.fields for a in arguments]) == 1 and is_multiplication(terms)
        # the type of the field, or its points
        self.follows = any([a.side is not None or a.of_grid or a.at_faces for a in arguments])
        self._walls: dict[tuple[str, ...], Walls] = {}
        # of the coefficients
        self.at_gaps = [isinstance(a.side, AtGaps) for a in arguments for _ in range(a.fields)]

    def __reduce__(self) -> tuple[object, ...]:
        return Pattern, (self.grid, self.name, self.terms, self.inputs, self.outputs, self.arguments,
                         self.masks_as_read, self.grids, self.is_transpose)  # fmt: skip

    def __repr__(self) -> str:
        form = f"{form_name(self.inputs)} -> {form_name(self.outputs)}"
        if self.grids is not None:
            return f"<gridgrad operator {self.name}: {self.grids.described()}>"
        return f"<gridgrad operator {self.name}: {form} on {self.grid.shape}, {counted(len(self.terms), 'term')}>"

    def terms_for(self, *shapes: Shape) -> tuple[Term, ...]:
        """The terms on components of these shapes, of one where all are on one grid; the grid's axes are checked."""
        if (COMPILER in modules and is_compiling()) or not all([type(n) is int for s in shapes for n in s]):
            return self.terms_on(self.axes_for(*shapes))
        found = self._bound.get(shapes)
        if found is None:
            found = bound_to(self.terms, self.axes_for(*shapes), prod(self.inputs))
            if len(self._bound) >= 64:
                self._bound.clear()
            self._bound[shapes] = found
        return found

    def axes_for(self, *shapes: Shape) -> tuple[int, ...]:
        """The grid's axes in such arrays; refused where these are of other lengths."""
        return self.grid.axes_of(shapes[0]) if self.grids is None else self.grids.axes_of(shapes, self.name)

    def terms_on(self, axes: tuple[int, ...]) -> tuple[Term, ...]:
        """The terms on these axes of an array, its coefficients behind its fields."""
        return bound_to(self.terms, axes, prod(self.inputs))

    def walls_named(self, names: tuple[str, ...]) -> Walls | None:
        """What is prescribed at walls by these names; None where one is that of something else, or of nothing."""
        found = self._walls.get(names)
        if found is None:
            numbered = enumerate(a for a in self.arguments for _ in range(a.fields))
            own = [(a.name, k, a.side) for k, a in numbered if a.name in names]
            found = tuple([(name, k, side) for name, k, side in own if isinstance(side, Side)])
            options = () if self.origin is None else self.origin.kind.options
            of_grid = any(a.of_grid for a in self.arguments)  # weights of lines may widen the field
            known = {name for name, *_ in found} - set(options)
            if of_grid or len(found) < len(own) or known != set(names):
                return None
            self._walls[names] = found
        return found

    def _like(self, name: str, terms: tuple[Term, ...], arguments: tuple[Argument, ...]) -> Pattern:
        """Another map of the same fields to the same."""
        return Pattern(
            self.grid, name, terms, self.inputs, self.outputs, arguments, self.masks_as_read, self.grids, self.is_transpose
        )  # fmt: skip

    def require_linear(self, what: str) -> None:
        """Refuse the norm of the gradient and its square, which alone are not linear."""
        if joins_of(self.terms):
            raise ArgumentTypeError(f"{self.name} is not linear, so it has no such form ({what})")

    @derived
    def linear(self) -> Pattern:
        """Without what is prescribed at walls."""
        if not any(self._sides):
            return self
        return self._without(lambda argument: argument.side is not None, ".linear")

    def _without(self, leaves: Callable[[Argument], bool], suffix: str = "") -> Pattern:
        """Without the coefficients of some arguments, and the terms that read them in the place of a field."""
        inputs, out = prod(self.inputs), [leaves(a) for a in self.arguments for _ in range(a.fields)]
        stay = [k for k, is_out in enumerate(out) if not is_out]
        place = {inputs + k: inputs + new for new, k in enumerate(stay)}
        terms = (term for term in self.terms if term.input < inputs or term.input in place)
        terms = (t.with_factors(stay.index)._replace(input=place.get(t.input, t.input)) for t in terms)
        own = tuple(argument for argument in self.arguments if not leaves(argument))
        return self._like(self.name + suffix, tuple(terms), own)

    def with_gaps(self, arguments: tuple[Argument, ...]) -> Pattern:
        """The pattern that takes what is prescribed beside gaps too, which none of its own terms reads."""
        made = self._like(self.name, self.terms, self.arguments + arguments)
        made.origin = self.origin
        return made

    @derived
    def swept(self) -> Pattern:
        """The pattern of a sweep over the whole grid: without what only points beside gaps read."""
        if not any(self.at_gaps):
            return self
        return self._without(lambda argument: isinstance(argument.side, AtGaps))

    @derived
    def transposed(self) -> Pattern:
        """The transpose, edges included."""
        return self._turned("T")

    def adjoint(self, weight: str | None) -> Pattern:
        """The adjoint, in the Euclidean inner product or with ``weight="quadrature"``: it conjugates its fields."""
        if not (weight is None or is_word(weight, "quadrature")):
            raise ArgumentValueError(
                f'weight must be None or "quadrature", got {shown(weight)}; with weights w of your own it is A.adjoint(w * g) / w'
            )
        return self._adjoint(weight)

    @derived
    def _adjoint(self, weight: str | None) -> Pattern:
        return self._turned("adjoint", weight)

    def _turned(self, name: str, weight: str | None = None) -> Pattern:
        self.require_linear("a transpose" if name == "T" else "an adjoint")
        own = self.terms if name == "T" else conjugate_terms(self.terms)
        terms = adjoint_terms(own) if weight is None else self._weighted(own)
        arguments = tuple(a._replace(conjugate=a.conjugate ^ (name != "T")) for a in self.arguments)
        grids = None if self.grids is None else self.grids.turned()
        return Pattern(self.grid if grids is None else grids.inputs[0].grid, f"{self.name}.{name}", terms,
                       self.outputs, self.inputs, arguments, grids=grids, is_transpose=not self.is_transpose)  # fmt: skip

    def _weighted(self, terms: tuple[Term, ...]) -> tuple[Term, ...]:
        """The adjoint of terms where fields are weighted with the measures of their grids."""
        if self.grids is None:
            return adjoint_terms(terms, self.grid.quadrature)
        inputs, outputs = ([place.grid.quadrature for place in places] for places in self.grids)
        turned = (adjoint_terms((term,), outputs[term.output], inputs[term.input]) for term in terms)
        return tuple([term for own in turned for term in own])

    @derived
    def plus(self, other: Pattern) -> Pattern:
        """The sum, in which the fields of `other` come last."""
        return self._plus(other)

    @derived
    def minus(self, other: Pattern) -> Pattern:
        """The difference, in the same order."""
        return self._plus(other.times(-1.0))

    def _plus(self, other: Pattern) -> Pattern:
        self.require_linear("a sum")
        other.require_linear("a sum")
        check_alike(self, other)
        fields = sum(argument.fields for argument in self.arguments)
        terms = merged(self.terms + shifted(other.terms, fields, prod(self.inputs)))
        terms = tuple(sorted(terms, key=lambda term: term.ends))  # what is prescribed comes last
        return Pattern(self.grid, f"({self.name} + {other.name})", terms,
                       self.inputs, self.outputs, self.arguments + other.arguments,
                       self.masks_as_read and other.masks_as_read, self.grids,
                       self.is_transpose and other.is_transpose)  # fmt: skip

    @derived
    def times(self, factor: float) -> Pattern:
        """All weights times a number."""
        word = "-" if factor == -1 else f"{factor:g} * "
        return self._like(f"{word}{self.name}", self._times(factor), self.arguments)

    @derived
    def times_complex(self, factor: complex) -> Pattern:
        """The terms times each part that is not 0, those of the imaginary one a quarter turn further."""
        terms = turned(self._times(factor.real), 4) if factor.real or not factor.imag else ()
        if factor.imag:
            terms += turned(self._times(factor.imag), 1)
            terms = tuple(sorted(terms, key=lambda term: term.ends))
        return self._like(f"{factor} * {self.name}", terms, self.arguments)

    def _times(self, factor: float) -> tuple[Term, ...]:
        self.require_linear("a multiple")
        stencils = {term.stencil for term in self.terms}
        scaled = {stencil: transpose.scaled(stencil, factor) for stencil in stencils}
        return tuple(term._replace(stencil=scaled[term.stencil]) for term in self.terms)

    @derived
    def on_components(self, form: Form) -> Pattern:
        """Of scalar fields at their points alone, the same on each component of fields of a form; all others as they are."""
        if joins_of(self.terms) or any(term.axis is not None for term in self.terms):
            return self
        terms = tuple(term._replace(output=k, input=k) for k in range(prod(form)) for term in self.terms)
        given = self.arguments, self.masks_as_read, None, self.is_transpose
        return Pattern(self.grid, self.name, terms, form, form, *given)

    @derived
    def multiplied(self, name: str, conjugate: bool, inside: bool) -> Pattern | None:
        """With one more coefficient, by which what comes out is multiplied, or, `inside`, what goes in.

        None where a term is multiplied there already.
        """
        self.require_linear("a multiple")
        place, word, argument = len(self._sides), name or "field", argument_of(name, conjugate)
        if inside:
            terms, whole = of_multiplied(self.terms, place, prod(self.inputs)), f"{self.name} @ {word}"
        else:
            terms, whole = multiplied(self.terms, place), f"{word} * {self.name}"
        if terms is None or len({own.shape for own in (self.grids_in if inside else self.grids_out)}) > 1:
            return None
        return Pattern(
            self.grid, whole, terms, self.inputs, self.outputs, (*self.arguments, argument), grids=self.grids,
            is_transpose=self.is_transpose,
        )  # fmt: skip

    def grids_beside(self, count: int) -> list[Points]:
        """The grid of each of its coefficients: of what comes out where it multiplies that, else of what it meets."""
        found: dict[int, Points] = {}
        for term in self.terms:
            if term.outer is not None:
                found[term.outer] = self.grids_out[term.output]
            inside = self.grids_in[min(term.input, len(self.grids_in) - 1)]
            for k in (term.inner, term.faces, term.input - prod(self.inputs)):
                if k is not None and k >= 0:
                    found[k] = inside
        return [found.get(k, self.grid) for k in range(count)]

    @property
    def beside(self) -> Callable[[Sequence[Shape], int], Sequence[Shape]] | None:
        """What tells the shapes of coefficients, where these are not that of all fields."""
        return None if self.grids is None else self.shapes_beside

    def shapes_beside(self, shapes: Sequence[Shape], count: int) -> list[Shape]:
        """The shape of each of its coefficients, beside components of these shapes."""
        axes = self.grid.axes_of(shapes[0])
        made = []
        for grid in self.grids_beside(count):
            shape = list(shapes[0])
            for axis, length in zip(axes, grid.lengths, strict=True):
                shape[axis] = length
            made.append(tuple(shape))
        return made

    @property
    def _sides(self) -> list[bool]:
        """For each coefficient whether it is prescribed at a wall."""
        return [argument.side is not None for argument in self.arguments for _ in range(argument.fields)]
