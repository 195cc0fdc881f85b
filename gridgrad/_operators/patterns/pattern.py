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
from ..fields.forms import Form, check_alike, form_name, grids_of
from ..fields.grids import Grids
from .calls import Calls
from .kinds import Origin


class Pattern:
    """Terms of a grid's dimensions, and the names and places of the fields that they are still to be given.

    ``axis`` of a term counts the grid's dimensions, its factors those fields. A compiler's constant.
    """

    def __init__(
        self, grid: Points, name: str, terms: tuple[Term, ...], inputs: Form = (), outputs: Form = (),
        arguments: tuple[Argument, ...] = (), masks_as_read: bool = False, grids: Grids | None = None,
    ) -> None:  # fmt: skip
        self.grid, self.name, self.terms = grid, name, terms
        self.inputs, self.outputs, self.arguments = inputs, outputs, arguments
        self.origin: Origin | None = None  # set by its kind
        self.grids = grids  # None: all fields are on `grid`
        self.masks_as_read = masks_as_read  # as NumPy: a masked point masks the rows that read it, no other
        self.calls = Calls(None, entries=64, nbytes=1 << 20)
        self._bound: dict[tuple[Shape, ...], tuple[Term, ...]] = {}
        self._adjoints: dict[tuple[str, str | None], Pattern] = {}
        self.has_sides = any([argument.side is not None for argument in arguments])
        self._linear: Pattern | None = None
        self._multiples: Cache[Pattern] = Cache(None, entries=16, nbytes=1 << 20)

    def __reduce__(self) -> tuple[object, ...]:
        return Pattern, (self.grid, self.name, self.terms, self.inputs, self.outputs, self.arguments,
                         self.masks_as_read, self.grids)  # fmt: skip

    def __repr__(self) -> str:
        form = f"{form_name(self.inputs)} -> {form_name(self.outputs)}"
        if self.grids is not None:
            return f"<gridgrad operator {self.name}: {self.grids.described()}>"
        return f"<gridgrad operator {self.name}: {form} on {self.grid.shape}, {counted(len(self.terms), 'term')}>"

    def terms_for(self, *shapes: Shape) -> tuple[Term, ...]:
        """The terms on components of these shapes, of one where all are on one grid; the grid's axes are checked."""
        found = self._bound.get(shapes)
        if found is None:
            grids = self.grids
            axes = self.grid.axes_of(shapes[0]) if grids is None else grids.axes_of(shapes, self.name)
            found = self.terms_on(axes)
            if len(self._bound) >= 64:
                self._bound.clear()
            self._bound[shapes] = found
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
                                   self.masks_as_read, self.grids)  # fmt: skip
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
            terms = self._turned_terms() if weight is None else self._weighted_terms()
            arguments = tuple(a._replace(conjugate=a.conjugate ^ (name != "T")) for a in self.arguments)
            grids = None if self.grids is None else self.grids.turned()
            found = Pattern(self.grid if grids is None else grids.inputs[0].grid, f"{self.name}.{name}", terms,
                            self.outputs, self.inputs, arguments, grids=grids)  # fmt: skip
            self._adjoints[name, weight] = found
        return found

    def _turned_terms(self) -> tuple[Term, ...]:
        return adjoint_terms(self.terms)

    def _weighted_terms(self) -> tuple[Term, ...]:
        """Those of the adjoint where fields are weighted with the measures of their grids."""
        if self.grids is None:
            return adjoint_terms(self.terms, self.grid.quadrature)
        inputs, outputs = ([place.grid.quadrature for place in places] for places in self.grids)
        turned = (adjoint_terms((term,), outputs[term.output], inputs[term.input]) for term in self.terms)
        return tuple([term for terms in turned for term in terms])

    @property
    def grids_in(self) -> tuple[Points, ...]:
        """The grid of each component of what goes in."""
        return (
            grids_of(self.grid, self.inputs)
            if self.grids is None
            else tuple(p.grid for p in self.grids.inputs)
        )

    @property
    def grids_out(self) -> tuple[Points, ...]:
        """The grid of each component of what comes out."""
        return (
            grids_of(self.grid, self.outputs)
            if self.grids is None
            else tuple(p.grid for p in self.grids.outputs)
        )

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
                       self.masks_as_read and other.masks_as_read, self.grids)  # fmt: skip

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
                self.grid,
                name,
                terms,
                self.inputs,
                self.outputs,
                self.arguments,
                self.masks_as_read,
                self.grids,
            )
            self._multiples.put(factor, found, sum(stencil.nbytes for stencil in scaled.values()))
        return found
