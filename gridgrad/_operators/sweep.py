"""Operators in one sweep over memory: a pattern, which is a term list, and the fields that it is given."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from math import prod
from operator import is_
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .._backends import dispatch, ladder
from .._backends.once import made_once
from .._backends.operations import dtype_name
from .._backends.protocol import Backend
from .._base.checks import clean_workers
from .._base.errors import MISSING, ArgumentValueError
from .._base.outputs import targets_of
from .._base.tracing import is_compiling
from .._base.types import Array, In, Out, Shape, applies
from .._base.words import offered
from .._grid.points import Points
from .._stencils.stencil import Stencil
from .._terms.term import Term
from .._wraps.units import present
from .fields import quantities
from .fields.coefficients import Argument, Coefficients, Given, check_names, conjugated, replaced, taken
from .fields.factors import Factor, Number
from .fields.forms import Form, components, shaped, stack
from .fields.gather import TURNED, gather, joined_name
from .fields.quantities import check_without_units
from .fields.sides import are_constants, like
from .joined import Joinable, Product
from .operator import AnyOperator, Operator
from .patterns.build import Build, unit
from .patterns.calls import Plain, flat_out, is_traced, parts, plain_of
from .patterns.kinds import Origin
from .patterns.pattern import Pattern
from .sparse import factors_on, sum_of_terms

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_ndarray = np.ndarray


class Sweep(Joinable[In, Out]):
    """A linear map from fields on a grid to fields on it, in one sweep over memory.

    Made by a `Grid`: a pattern, and the fields that are its coefficients. Not to be changed.
    """

    def __init__(self, pattern: Pattern, coefficients: Coefficients = ()) -> None:
        self.pattern, self.coefficients = pattern, coefficients
        self.grid, self.name, self.terms = pattern.grid, pattern.name, pattern.terms
        self.inputs, self.outputs, self.arguments = pattern.inputs, pattern.outputs, pattern.arguments
        self._calls = pattern.calls
        self._settled: dict[Hashable, AnyOperator] = {}
        self.origin = pattern.origin  # none of what was made of other operators
        if self.origin is not None:
            self.__doc__ = self.origin.kind.__doc__

    @classmethod
    def of(
        cls, grid: Points, name: str, terms: tuple[Term, ...], inputs: Form = (), outputs: Form = (),
        arguments: tuple[Argument, ...] = (), masks_as_read: bool = False,
    ) -> Self:  # fmt: skip
        """The operator of a new pattern, still without its fields."""
        return cls(Pattern(grid, name, terms, inputs, outputs, arguments, masks_as_read))

    @classmethod
    def built(cls, build: Build, name: str, outputs: Form = (), masks_as_read: bool = False) -> Self:
        """The operator of collected terms, with what is prescribed at walls."""
        pattern = Pattern(build.grid, name, build.terms, build.form, outputs, build.arguments, masks_as_read)
        return cls(pattern, build.prescribed)

    def descend_from(self, origin: Origin) -> None:
        """Note what it was made from, which its help shows."""
        self.origin = self.pattern.origin = origin
        self.__doc__ = origin.kind.__doc__

    def __reduce__(self) -> tuple[object, ...]:
        if self.origin is not None:
            return _from_origin, (self.grid, self.origin, self.coefficients)
        return Sweep, (self.pattern, self.coefficients)

    def __repr__(self) -> str:
        return repr(self.pattern)

    @applies
    @offered
    def __call__(
        self, f: Any = MISSING, out: Any = None, workers: int | None = None, **fields: object
    ) -> object:
        """Apply the operator.

        Parameters
        ----------
        f : array of shape (..., *grid.shape), or a vector field
            Any axes but the grid's are batch axes. A vector field is a sequence of arrays, or one
            array with the components along axis 0.
        out : array, nested sequence of arrays or one stacked array, optional
            Where the result goes, and what is then returned. May overlap `f`.
        workers : int, optional
            Threads on a CPU.
        **fields
            Other fields than those that the operator was made with, for this call: ``v=`` of
            `Grid.advect` and `Grid.directional_derivative`, ``k=`` of `Grid.diffuse`. Components that
            were numbers are given again as they were.

        Returns
        -------
        array, or tuple of arrays
            Vector results are tuples, or one stacked array where `f` was stacked. Where `f`, a
            coefficient or the grid has units, the results are quantities. What is masked in a field or
            coefficient is masked in every result made of it; only `gradient` and its multiples keep to
            what is read.
        """
        if fields:
            if self.origin is not None:
                self.origin.refuse_options(fields, f)
            return self.of_fields(fields, "__call__")(f, out, workers)
        # Not sooner: a compiler that sees fields which are about to be replaced takes them for the new ones.
        if self.pattern.has_sides and f is not MISSING and are_constants(self.coefficients):
            return self.settled(f)(f, out, workers)
        if type(f) is _ndarray and not self.inputs:
            arrays, is_stacked = (f, *self.coefficients), False
        else:
            arrays, is_stacked = self._components(f)
            if is_traced(arrays):
                return self._traced(f, out)
        targets, nested = (None, None) if out is None else flat_out(out, arrays)
        if arrays:
            found = self._calls.again([is_stacked, nested], arrays, targets, workers)
            if found is not None:
                return found if out is None else out
        given = plain_of(arrays, targets, (is_stacked, nested))
        if self.grid.units is not None or present(f, out, *self.coefficients):
            return quantities.operator(self, f, out, workers)
        return self.on_numbers(f, out, workers, given)

    def on_numbers(self, f: object, out: object = None, workers: int | None = None, given: Plain | None = None) -> object:  # fmt: skip
        """The operator applied to arrays without units, as if its grid had none; `given` if they are plain memory."""
        if given is not None and given.how[0]:
            f = shaped(given.fields[: prod(self.inputs)], self.inputs)
        call = gather(
            f, self.inputs, self.current_coefficients(), check=self._terms_for, arguments=self.arguments,
            is_turned=self.pattern.is_turned,
        )  # fmt: skip
        arrays = call.samples + call.coefficients
        shape = tuple(call.samples[0].shape)
        targets = None if out is None else targets_of(out, self.outputs, shape)
        if given is not None and all(map(is_, given.fields, arrays)):
            found = self.first(given, call.library, shape, workers)
            if found is not None:
                return found if out is None else out
        if targets is None and self.outputs and (call.stacked or (given is not None and given.how[0])):
            return self._into_stack(call.library, arrays, shape, workers)
        results = self.results(call.library, arrays, targets, workers)
        return shaped(results, self.outputs) if out is None else out

    def _components(self, f: Any) -> tuple[tuple[Array, ...], bool]:
        """The arrays of a call as they came, and whether its field is one stacked array; none where they are odd."""
        form = self.inputs
        if not form:
            return (f, *self.coefficients), False
        if type(f) is list or type(f) is tuple:
            return ((*f, *self.coefficients) if form == (len(f),) else ()), False
        if is_compiling() or tuple(getattr(f, "shape", ())[: len(form)]) != form:
            return (), False
        return (*parts(f, form), *self.coefficients), True

    def first(self, given: Plain, library: Backend[Array], shape: Shape, workers: int | None) -> Any:
        """A call that is seen for the first time; None where it takes more than one sweep."""
        return self._calls.first(given, library, self._terms_for(shape), self.outputs, clean_workers(workers))

    def _into_stack(self, library: Backend[Array], arrays: list[Array], shape: Shape, workers: int | None) -> object:  # fmt: skip
        """One array for all components: written in place where the library can."""
        whole = ladder.stack_for(library, arrays, (*self.outputs, *shape))
        if whole is None:
            return stack(library, self.results(library, arrays, None, workers), self.outputs)
        self.results(library, arrays, targets_of(whole, self.outputs, shape), workers)
        return whole

    def results(
        self, library: Backend[Array], arrays: list[Array], targets: list[Array] | None, workers: int | None
    ) -> list[Array]:
        """What becomes of fields and coefficients of one shape, by the library that serves them."""
        terms, workers = self._terms_for(tuple(arrays[0].shape)), clean_workers(workers)
        return ladder.operate(
            library, terms, arrays, prod(self.outputs), targets, workers, self.pattern.masks_as_read
        )

    def _traced(self, f: object, out: object) -> object:
        """The call as one node of a compiler's graph."""
        fields = gather(f, self.inputs, self.current_coefficients(), is_turned=self.pattern.is_turned)
        axes = self.grid.axes_of(tuple(fields.samples[0].shape))
        library: Any = fields.library  # that of tensors, while a compiler traces
        results = library.traced(self.pattern, axes, fields.samples, fields.coefficients, out)
        if fields.stacked and self.outputs:
            return stack(library, results, self.outputs)
        return shaped(results, self.outputs)

    def with_own(self, fields: dict[str, object]) -> Sweep[In, Out]:
        """The operator of those other fields whose names it has."""
        return self.with_coefficients(replaced(self.taken(), fields))

    def settled(self, f: object) -> AnyOperator:
        """The operator whose numbers, prescribed at walls, are arrays like those of a field."""
        first = components(f, self.inputs, "f")[0][0] if self.inputs else f
        key = (type(first), tuple(getattr(first, "shape", ())), str(getattr(first, "dtype", "")), str(getattr(first, "device", "")))
        found = self._settled.get(key)
        if found is None:
            found = self.with_coefficients(tuple([like(first, c) for c in self.coefficients]))
            if all(map(_is_memory, found.coefficients)):  # what is traced does not outlive its trace
                if len(self._settled) >= 16:
                    self._settled.clear()
                self._settled[key] = found
        return found

    def with_first(self, fields: Coefficients) -> Sweep[In, Out]:
        """The operator of its own fields, in front of what is prescribed at walls."""
        return self.with_coefficients(fields + self.coefficients)

    @property
    def linear(self) -> Sweep[In, Out]:
        """The operator with 0 in the place of all that is prescribed at walls."""
        pattern = self.pattern.linear()
        if pattern is self.pattern:
            return self
        own = [c for argument, fields in self.taken() if argument.side is None for c in fields]
        return type(self)(pattern, tuple(own))

    def with_coefficients(self, coefficients: Coefficients) -> Sweep[In, Out]:
        """The operator of these fields, which shares with this one what does not depend on them."""
        return type(self)(self.pattern, coefficients) if coefficients else self

    def with_(self, **changes: object) -> Sweep[In, Out]:
        """The operator with other options, or of other fields; see `Operator.with_`."""
        known = () if self.origin is None else self.origin.kind.options
        fields = {word: value for word, value in changes.items() if word not in known}
        other = self.of_fields(fields, "with_", known) if fields else self
        if self.origin is None or len(fields) == len(changes):
            return other
        options = {word: value for word, value in changes.items() if word in known}
        made: Sweep[In, Out] = self.origin.other(self.grid, options)
        return made.with_coefficients(other.coefficients)

    def of_fields(self, fields: dict[str, object], method: str, known: tuple[str, ...] = ()) -> Sweep[Any, Any]:  # fmt: skip
        """The operator of other fields than those that it was made with."""
        path = "Operator" if self.origin is None else self.origin.path
        check_names(self.arguments, fields, self.taken, f"{path}.{method}", known)
        return self.with_own(fields)

    def taken(self) -> list[Given]:
        """The arguments that it was made with, each with its fields."""
        return list(taken(self.arguments, self.coefficients))

    def current_coefficients(self) -> Coefficients:
        """The coefficients with the values that they have now, as the terms read them."""
        return conjugated(self.arguments, self.coefficients)

    def of_numbers(self, coefficients: Coefficients) -> Sweep[In, Out]:
        """The operator of the same coefficients without their units."""
        return self.with_coefficients(coefficients) if present(*self.coefficients) else self

    def _terms_for(self, shape: tuple[int, ...]) -> tuple[Term, ...]:
        """The terms on an array of this shape, whose grid axes are checked."""
        return self.pattern.terms_for(shape)

    @property
    def T(self) -> Sweep[Out, In]:
        """The transpose as an operator, edges included."""
        return self.linear._like(self.pattern.linear().transposed())

    def adjoint_operator(self, weight: str | None = None) -> Sweep[Out, In]:
        """The operator that `adjoint` applies."""
        return self.linear._like(self.pattern.linear().adjoint(weight))

    def scaled(self, factor: Number) -> Sweep[In, Out]:
        """The operator with all weights times a number."""
        return self._like(self.pattern.times(factor))

    def multiplied(self, factor: Factor) -> Operator[In, Out]:
        """What it gives times a field, in one sweep unless a term has such a factor already."""
        pattern = self.pattern.multiplied(factor.argument, inside=False)
        if pattern is None:
            return Product(multiplication(self.grid, self.outputs, factor), self)
        return Sweep(pattern, (*self.coefficients, factor.field))

    def of_multiplied(self, factor: Factor) -> Operator[In, Out]:
        """The operator of its field times another, in one sweep unless a term has such a factor already."""
        pattern = self.pattern.multiplied(factor.argument, inside=True)
        if pattern is None:
            return Product(self, multiplication(self.grid, self.inputs, factor))
        return Sweep(pattern, (*self.coefficients, factor.field))

    def as_factor(self) -> Factor | None:
        """The field by which it multiplies, if it does nothing else."""
        if not self.pattern.only_multiplies():
            return None
        return Factor(self.arguments[0], self.coefficients[0])

    def _like(self, pattern: Pattern) -> Sweep[Any, Any]:
        """Another pattern of the same fields."""
        return Sweep(pattern, self.coefficients)

    def weights(self, axis: int) -> tuple[Array, Array]:
        """The rows along one axis of the grid, as data.

        Returns
        -------
        columns : int array, shape (n, k)
            The points that each row reads; unused places repeat the row's own point.
        weights : float array, shape (n, k)
            ``row[i] = sum(weights[i] * f[columns[i]])``, 0 in unused places. Of a sum along the axis
            the first term; signs of later ones (curl) and second axes (mixed) are not in it.
        """
        from .._stencils.matrix import row_table

        axis = self.grid.clean_axis(axis)
        for term in self.terms:
            for own, stencil in term.stencils():
                if own in (axis, None):  # of no axis: at each point
                    return row_table(replace(stencil, length=self.grid.lengths[axis]))
        raise ArgumentValueError(f"{self.name} has no derivative along axis {axis}")

    def plus(self, other: Operator[In, Out]) -> Operator[In, Out]:
        """The sum with another operator, one sweep where that is one."""
        if not isinstance(other, Sweep):
            return super().plus(other)
        return Sweep(self.pattern.plus(other.pattern), self.coefficients + other.coefficients)

    def ratio_of_measures(self, grid: Points, other: Points, form: Form) -> AnyOperator | None:
        """The multiplication with ``grid.measure / other.measure`` on fields of this form; None where it is 1."""
        return None if grid is other else _ratio_of_measures(grid, other, form)

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""
        names = {given, *(dtype_name(c) for c in self.coefficients if hasattr(c, "dtype"))}
        return joined_name(names | TURNED if self.pattern.is_turned else names)

    def separate(self) -> tuple[Term, ...]:
        """Its terms."""
        return self.terms

    def matrix(self) -> csr_array:
        """The matrix on flattened fields, from its terms."""
        if self.linear is not self:
            return self.linear.matrix()
        self.pattern.require_linear("a matrix")
        check_without_units(self, "a matrix")
        sample = np.empty(self.grid.alone(), self.grid.dtype)
        factors = factors_on(self.grid, tuple([like(sample, c) for c in self.current_coefficients()]))
        return sum_of_terms(self.terms, self.grid, factors, prod(self.inputs), prod(self.outputs))


def multiplication(grid: Points, form: Form, factor: Factor) -> AnyOperator:
    """The multiplication of each component of a field by another."""
    if grid.mask is not None:
        return grid.masked(multiplication(grid.whole, form, factor))
    return Sweep(grid.kept(_multiplication, form, factor.argument), (factor.field,))


def _multiplication(grid: Points, form: Form, argument: Argument) -> Pattern:
    terms = tuple(Term(i, i, None, unit(grid), outer=0) for i in range(prod(form)))
    return Pattern(grid, f"multiply({argument.name or 'field'})", terms, form, form, (argument,))


def _is_memory(c: Array) -> bool:
    """Whether the numbers of an array are all there is to it."""
    if is_compiling() or present(c):
        return False
    library, array = dispatch.samples(c)
    return library.facts(array) is not None


@made_once
def _ratio_of_measures(grid: Points, other: Points, form: Form) -> AnyOperator | None:
    """The measures of one grid over those of another, along each axis where they differ."""
    result: AnyOperator | None = None
    for a, (own, others) in enumerate(zip(grid.quadrature, other.quadrature, strict=True)):
        if not np.array_equal(own, others):
            stencil = Stencil(grid.lengths[a], ((0, 0),), (own / others,), (), (), values=True, order=0)
            terms = tuple(Term(i, i, a, stencil) for i in range(prod(form)))
            factor = Sweep.of(grid, f"measure along axis {a} / another", terms, form, form)
            result = factor if result is None else Product(factor, result)
    return result


def _from_origin(grid: Points, origin: Origin, coefficients: Coefficients) -> Sweep:
    made: Sweep = origin.made(grid)
    return made.with_coefficients(coefficients)
