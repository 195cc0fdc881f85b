"""A linear map without its fields: a term list, what follows from it, and what was bound to its calls."""

from __future__ import annotations

from math import prod

from ..._backends.once import made_once
from ..._base.cache import Cache
from ..._base.errors import ArgumentTypeError, ArgumentValueError, counted
from ..._base.types import Shape
from ..._grid.points import Points
from ..._stencils import transpose
from ..._terms.adjoint import adjoint_terms, conjugate_terms
from ..._terms.merged import merged
from ..._terms.multiplied import is_multiplication, multiplied, of_multiplied
from ..._terms.term import Term, are_turned, bound_to, norms_of, shifted, turned
from ..fields.coefficients import Argument
from ..fields.factors import Number
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
        self.is_turned = are_turned(terms)
        self.has_sides = any([argument.side is not None or argument.of_grid for argument in arguments])
        self._linear: Pattern | None = None
        self._multiples: Cache[Pattern] = Cache(None, entries=16, nbytes=1 << 20)
        self._multiplied: dict[tuple[Argument, bool], Pattern | None] = {}

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
            arguments = tuple(argument for argument in self.arguments if argument.side is None)
            stay = [k for k, is_side in enumerate(self._sides) if not is_side]
            terms = tuple(term.with_factors(stay.index) for term in self.terms if term.input < inputs)
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
            own = self.terms if name == "T" else conjugate_terms(self.terms)
            terms = adjoint_terms(own, None if weight is None else self.grid.quadrature)
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
    def times(self, factor: Number) -> Pattern:
        """All weights times a number; kept, as time steps often ask for the same."""
        key = factor, type(factor)
        found = self._multiples.get(key)
        if found is None:
            self.require_linear("a multiple")
            terms = self._times_complex(factor) if isinstance(factor, complex) else self._times(factor)
            word = str(factor) if isinstance(factor, complex) else f"{factor:g}"
            name = f"-{self.name}" if key == (-1, float) else f"{word} * {self.name}"
            found = Pattern(
                self.grid, name, terms, self.inputs, self.outputs, self.arguments, self.masks_as_read
            )
            self._multiples.put(key, found, sum(stencil.nbytes for stencil in {term.stencil for term in terms}))
        return found

    def _times(self, factor: float) -> tuple[Term, ...]:
        stencils = {term.stencil for term in self.terms}
        scaled = {stencil: transpose.scaled(stencil, factor) for stencil in stencils}
        return tuple(term._replace(stencil=scaled[term.stencil]) for term in self.terms)

    def _times_complex(self, factor: complex) -> tuple[Term, ...]:
        """The terms times each part that is not 0, those of the imaginary one a quarter turn further."""
        if not factor.imag:
            return turned(self._times(factor.real), 4)
        real = turned(self._times(factor.real), 4) if factor.real else ()
        terms = real + turned(self._times(factor.imag), 1)
        return tuple(sorted(terms, key=lambda term: term.ends))

    @made_once
    def only_multiplies(self) -> bool:
        """Whether it multiplies by its one coefficient, and does nothing else."""
        return len(self._sides) == 1 and is_multiplication(self.terms)

    @made_once
    def multiplied(self, argument: Argument, inside: bool) -> Pattern | None:
        """With one more coefficient, by which what comes out is multiplied, or, `inside`, what goes in.

        None where a term is multiplied there already.
        """
        key = argument, inside
        if key not in self._multiplied:
            self.require_linear("a multiple")
            self._multiplied[key] = self._made_multiplied(argument, inside)
        return self._multiplied[key]

    def _made_multiplied(self, argument: Argument, inside: bool) -> Pattern | None:
        place, word = len(self._sides), argument.name or "field"
        if inside:
            terms, name = of_multiplied(self.terms, place, prod(self.inputs)), f"{self.name} @ {word}"
        else:
            terms, name = multiplied(self.terms, place), f"{word} * {self.name}"
        if terms is None:
            return None
        return Pattern(self.grid, name, terms, self.inputs, self.outputs, (*self.arguments, argument))

    @property
    def _sides(self) -> list[bool]:
        """For each coefficient whether it is prescribed at a wall."""
        return [argument.side is not None for argument in self.arguments for _ in range(argument.fields)]
