"""A linear map without its fields: a term list, what follows from it, and what was bound to its calls."""

from __future__ import annotations

from math import prod

from ..._backends.once import made_once
from ..._base.cache import Cache
from ..._base.errors import ArgumentTypeError, ArgumentValueError, counted
from ..._base.types import Shape
from ..._grid.points import Points
from ..._stencils import transpose
from ..._terms.adjoint import adjoint_terms
from ..._terms.merged import merged
from ..._terms.term import Term, bound_to, norms_of, shifted
from ..fields.coefficients import Argument
from ..fields.forms import Form, check_alike, form_name
from .calls import Calls
from .kinds import Origin


class Pattern:
    """Terms of a grid's dimensions, and the names and places of the fields that they are still to be given.

    ``axis`` of a term counts the grid's dimensions, its factors those fields. A compiler's constant.
    """

    def __init__(
        self, grid: Points, name: str, terms: tuple[Term, ...], inputs: Form = (), outputs: Form = (),
        arguments: tuple[Argument, ...] = (), masks_as_read: bool = False,
    ) -> None:  # fmt: skip
        self.grid, self.name, self.terms = grid, name, terms
        self.inputs, self.outputs, self.arguments = inputs, outputs, arguments
        self.origin: Origin | None = None  # set by its kind
        self.masks_as_read = masks_as_read  # as NumPy: a masked point masks the rows that read it, no other
        self.calls = Calls(None, entries=64, nbytes=1 << 20)
        self._bound: dict[Shape, tuple[Term, ...]] = {}
        self._adjoints: dict[tuple[str, str | None], Pattern] = {}
        self.follows = any([a.side is not None or a.lines is not None for a in arguments])  # the type of the field
        self._linear: Pattern | None = None
        self._multiples: Cache[Pattern] = Cache(None, entries=16, nbytes=1 << 20)

    def __reduce__(self) -> tuple[object, ...]:
        return Pattern, (self.grid, self.name, self.terms, self.inputs, self.outputs, self.arguments,
                         self.masks_as_read)  # fmt: skip

    def __repr__(self) -> str:
        form = f"{form_name(self.inputs)} -> {form_name(self.outputs)}"
        return f"<gridgrad operator {self.name}: {form} on {self.grid.shape}, {counted(len(self.terms), 'term')}>"

    def terms_for(self, shape: Shape) -> tuple[Term, ...]:
        """The terms on an array of this shape, whose grid axes are checked."""
        found = self._bound.get(shape)
        if found is None:
            found = self.terms_on(self.grid.axes_of(shape))
            if len(self._bound) >= 64:
                self._bound.clear()
            self._bound[shape] = found
        return found

    def terms_on(self, axes: tuple[int, ...]) -> tuple[Term, ...]:
        """The terms on these axes of an array, its coefficients behind its fields."""
        return tuple(bound_to(term, axes, prod(self.inputs)) for term in self.terms)

    def require_linear(self, what: str) -> None:
        """Refuse the norm of the gradient, which alone is not linear."""
        if norms_of(self.terms):
            raise ArgumentTypeError(f"{self.name} is not linear, so it has no such form ({what})")

    @made_once
    def linear(self) -> Pattern:
        """Without what is prescribed at walls."""
        inputs = prod(self.inputs)
        if all(term.input < inputs for term in self.terms):
            return self
        if self._linear is None:
            terms = tuple(term for term in self.terms if term.input < inputs)
            arguments = tuple(argument for argument in self.arguments if argument.side is None)
            self._linear = Pattern(self.grid, f"{self.name}.linear", terms, self.inputs, self.outputs, arguments,
                                   self.masks_as_read)  # fmt: skip
        return self._linear

    @made_once
    def transposed(self) -> Pattern:
        """The transpose, edges included."""
        return self._turned("T")

    @made_once
    def adjoint(self, weight: str | None) -> Pattern:
        """The adjoint, in the Euclidean inner product or with ``weight="quadrature"``: it conjugates its fields."""
        if weight not in (None, "quadrature"):
            raise ArgumentValueError(f'weight must be None or "quadrature", got {weight!r}')
        return self._turned("adjoint", weight)

    def _turned(self, name: str, weight: str | None = None) -> Pattern:
        found = self._adjoints.get((name, weight))
        if found is None:
            self.require_linear("a transpose" if name == "T" else "an adjoint")
            terms = adjoint_terms(self.terms, None if weight is None else self.grid.quadrature)
            arguments = tuple(a._replace(conjugate=a.conjugate ^ (name != "T")) for a in self.arguments)
            found = Pattern(self.grid, f"{self.name}.{name}", terms, self.outputs, self.inputs, arguments)
            self._adjoints[name, weight] = found
        return found

    @made_once
    def plus(self, other: Pattern) -> Pattern:
        """The sum, in which the fields of `other` come last."""
        self.require_linear("a sum")
        other.require_linear("a sum")
        check_alike(self, other)
        fields = sum(argument.fields for argument in self.arguments)
        terms = merged(self.terms + shifted(other.terms, fields, prod(self.inputs)))
        terms = tuple(sorted(terms, key=lambda term: term.ends))  # what is prescribed comes last
        return Pattern(self.grid, f"({self.name} + {other.name})", terms,
                       self.inputs, self.outputs, self.arguments + other.arguments,
                       self.masks_as_read and other.masks_as_read)  # fmt: skip

    @made_once
    def times(self, factor: float) -> Pattern:
        """All weights times a number; kept, as time steps often ask for the same."""
        found = self._multiples.get(factor)
        if found is None:
            self.require_linear("a multiple")
            stencils = {term.stencil for term in self.terms}
            scaled = {stencil: transpose.scaled(stencil, factor) for stencil in stencils}
            terms = tuple(term._replace(stencil=scaled[term.stencil]) for term in self.terms)
            name = f"-{self.name}" if factor == -1 else f"{factor:g} * {self.name}"
            found = Pattern(
                self.grid, name, terms, self.inputs, self.outputs, self.arguments, self.masks_as_read
            )
            self._multiples.put(factor, found, sum(stencil.nbytes for stencil in scaled.values()))
        return found
