"""Linear operators on a grid as objects: apply, adjoint, matrix forms, algebra; each a term list."""

from __future__ import annotations

from math import prod
from operator import is_
from typing import Any

import numpy as np

from .._backends import ladder
from .._backends.operations import dtype_name
from .._backends.protocol import Backend
from .._base.cache import Cache
from .._base.checks import clean_workers
from .._base.errors import MISSING, ArgumentTypeError, ArgumentValueError, counted
from .._base.tracing import constant, is_compiling, keep, untraced
from .._base.types import Array
from .._base.words import offered
from .._grid.points import Points
from .._stencils import transpose
from .._stencils.stencil import Stencil
from .._terms.adjoint import adjoint_terms
from .._terms.merged import merged
from .._terms.term import Term, shifted
from .._wraps.units import present
from . import quantities
from .calls import ObjectCalls
from .coefficients import Argument, Given, check_names, conjugated, replaced, taken
from .fields import Form, form_name, gather, joined_name, shaped, stack, targets_of
from .linear import Linear, Product, check_alike
from .quantities import check_without_units
from .sparse import factors_on, sum_of_terms

Shape = tuple[int, ...]
_ndarray = np.ndarray


class Operator(Linear):
    """A linear map from fields on a grid to fields on it, in one sweep over memory.

    Made by a `Grid`; ``axis`` of a term counts the grid's dimensions, ``coefficient`` the operator's
    coefficients. Not to be changed.
    """

    def __init__(
        self, grid: Points, name: str, terms: tuple[Term, ...], inputs: Form = (), outputs: Form = (),
        arguments: tuple[Argument, ...] = (), coefficients: tuple[Any, ...] = (), plain: Operator | None = None,
        masks_as_read: bool = False,
    ) -> None:  # fmt: skip
        self.grid, self.name, self.terms = grid, name, terms
        self.masks_as_read = masks_as_read  # NumPy's rule: a masked point masks the rows that read it, and no other
        self.inputs, self.outputs = inputs, outputs
        self.arguments, self.coefficients = arguments, coefficients
        self._alone = len(inputs) + len(outputs) + len(coefficients) == 0  # one array in, one out
        self._plain = plain
        # What does not depend on the fields is made once for all of them.
        self._bound: dict[Shape, tuple[Term, ...]] = {} if plain is None else plain._bound
        self._adjoints: dict[str | None, Operator] = {} if plain is None else plain._adjoints
        self._multiples: Cache[Operator] = (
            Cache(None, entries=16, nbytes=1 << 20) if plain is None else plain._multiples
        )
        self._calls: ObjectCalls = ObjectCalls() if plain is None else plain._calls

    def __reduce__(self) -> Any:
        structure = (self.grid, self.name, self.terms, self.inputs, self.outputs, self.arguments, (), None,
                     self.masks_as_read)  # fmt: skip
        return _rebuild, (structure, self.coefficients)

    def __repr__(self) -> str:
        form = f"{form_name(self.inputs)} -> {form_name(self.outputs)}"
        return f"<gridgrad operator {self.name}: {form} on {self.grid.shape}, {counted(len(self.terms), 'term')}>"

    @offered
    def __call__(self, f: Any = MISSING, out: Any = None, workers: int | None = None, **fields: Any) -> Any:
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
            return self.with_fields(**fields)(f, out, workers)
        if type(f) is _ndarray and workers is None and self._alone:  # the shortest way
            found = self._calls.one(f, out)
            if found is not None:
                return found
        given = self._given(f)
        if given is not None and workers is None and type(given[0]) is _ndarray:
            found = self._calls.get(given, out)
            if found is not None:
                return shaped(found, self.outputs) if out is None else out
        elif is_compiling():
            return self._traced(f, out)
        if self.grid.units is not None or present(f, out, *self.coefficients):
            return quantities.operator(self, f, out, workers)
        return self.on_numbers(f, out, workers, given)

    def on_numbers(
        self, f: Any, out: Any = None, workers: int | None = None, given: tuple[Any, ...] | None = None
    ) -> Any:
        """The operator applied to arrays without units, as if its grid had none; `given` as they came."""
        coefficients = self.current_coefficients()
        call = gather(f, self.inputs, coefficients, check=self._terms_for, arguments=self.arguments)
        arrays = call.samples + call.coefficients
        shape = tuple(call.samples[0].shape)
        terms = self._terms_for(shape)
        targets = None if out is None else targets_of(out, self.outputs, shape)
        if targets is None and call.stacked and self.outputs:
            return self._into_stack(call.library, arrays, shape, workers)
        results = self.results(call.library, arrays, targets, workers)
        if given is not None and all(map(is_, given, arrays)):
            self._calls.put(given, out, terms, results)
        return shaped(results, self.outputs) if out is None else out

    def _given(self, f: Any) -> tuple[Any, ...] | None:
        """The arrays of a call as they came, where they are one for each component."""
        if not self.inputs:
            return (f, *self.coefficients)
        if len(self.inputs) == 1 and type(f) in (list, tuple) and len(f) == self.inputs[0]:
            return (*f, *self.coefficients)
        return None

    def _into_stack(self, library: Any, arrays: list[Any], shape: tuple[int, ...], workers: int | None) -> Any:
        """One array for all components: written in place where the library can."""
        whole = ladder.stack_for(library, arrays, (*self.outputs, *shape))
        if whole is None:
            return stack(self.results(library, arrays, None, workers), self.outputs)
        self.results(library, arrays, targets_of(whole, self.outputs, shape), workers)
        return whole

    def results(self, library: Backend[Any], arrays: list[Any], out: Any, workers: int | None) -> list[Any]:
        """What becomes of fields and coefficients of one shape, by the library that serves them."""
        terms, workers = self._terms_for(tuple(arrays[0].shape)), clean_workers(workers)
        return ladder.operate(library, terms, arrays, prod(self.outputs), out, workers, self.masks_as_read)


    def _traced(self, f: Any, out: Any) -> Any:
        """The call as one node of a compiler's graph."""
        if out is not None:
            raise ArgumentTypeError(
                "out= is not supported under torch.compile; leave it away, the compiler plans memory"
            )
        if self.grid.has_units:
            raise ArgumentTypeError(
                "quantities are not carried under torch.compile; call the operator outside, or make the grid of numbers"
            )
        fields = gather(f, self.inputs, self.current_coefficients())
        axes = self.grid.axes_of(tuple(fields.samples[0].shape))
        library: Any = fields.library  # a compiler traces tensors only
        results = library.traced(_name_of(self.plain), axes, fields.samples, fields.coefficients)
        if fields.stacked and self.outputs:
            return stack(results, self.outputs)
        return shaped(results, self.outputs)

    @property
    def plain(self) -> Operator:
        """The operator without its coefficients, where it was made from one: a compiler's constant."""
        return self if self._plain is None else self._plain

    def with_coefficients(self, coefficients: tuple[Any, ...]) -> Operator:
        """The operator of these coefficient fields, which shares with this one what does not depend on them."""
        if len(coefficients) == 0:
            return self
        return Operator(self.grid, self.name, self.terms, self.inputs, self.outputs, self.arguments, coefficients,
                        self.plain, self.masks_as_read)  # fmt: skip

    def with_fields(self, **fields: Any) -> Operator:
        """The operator of other fields than those that it was made with; see `Linear.with_fields`."""
        check_names(self.arguments, fields, self.taken)
        return self.with_coefficients(replaced(self.taken(), fields))

    def taken(self) -> list[Given]:
        """The arguments that it was made with, each with its fields."""
        return list(taken(self.arguments, self.coefficients))

    def current_coefficients(self) -> tuple[Any, ...]:
        """The coefficients with the values that they have now, as the terms read them."""
        return conjugated(self.arguments, self.coefficients)

    def of_numbers(self, coefficients: tuple[Any, ...]) -> Operator:
        """The operator of the same coefficients without their units."""
        return self.with_coefficients(coefficients) if present(*self.coefficients) else self

    def bare(self) -> Operator:
        """The operator as if its coefficients were not known yet."""
        return self.plain

    def _terms_for(self, shape: tuple[int, ...]) -> tuple[Term, ...]:
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
        return tuple(_bind(term, axes, prod(self.inputs)) for term in self.terms)

    @property
    def is_linear(self) -> bool:
        """False of the norm of the gradient only."""
        return not any(term.norm for term in self.terms)

    @property
    def T(self) -> Operator:
        """The transpose as an operator, edges included."""
        return _transpose_of(self.plain).with_coefficients(self.coefficients)

    def adjoint_operator(self, weight: str | None = None) -> Operator:
        """The operator that `adjoint` applies."""
        self._require_linear("an adjoint")
        if weight not in (None, "quadrature"):
            raise ArgumentValueError(f'weight must be None or "quadrature", got {weight!r}')
        return _adjoint_of(self.plain, weight).with_coefficients(self.coefficients)

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
                if own == axis:
                    return row_table(stencil)
        raise ArgumentValueError(f"{self.name} has no derivative along axis {axis}")

    def __add__(self, other: Any) -> Linear:
        if not isinstance(other, Operator):
            return super().__add__(other)
        together = _sum_of(self.plain, other.plain, len(self.coefficients))
        return together.with_coefficients(self.coefficients + other.coefficients)

    def scaled(self, factor: float) -> Operator:
        """The operator with all weights times a number; kept, as time steps often ask for the same."""
        self._require_linear("a multiple")
        return _multiple_of(self.plain, factor).with_coefficients(self.coefficients)

    def ratio_of_measures(self, grid: Points, other: Points, form: Form) -> Linear | None:
        """The multiplication with ``grid.measure / other.measure`` on fields of this form; None where it is 1."""
        return None if grid is other else _ratio_of_measures(grid, other, form)

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""
        return joined_name({given, *map(dtype_name, self.coefficients)})

    def matrix(self) -> Any:
        """The matrix on flattened fields, from its terms."""
        self._require_linear("a matrix")
        check_without_units(self, "a matrix")
        factors = factors_on(self.grid, self.current_coefficients())
        return sum_of_terms(self.terms, self.grid, factors, prod(self.inputs), prod(self.outputs))

    def _require_linear(self, what: str) -> None:
        if not self.is_linear:
            raise ArgumentTypeError(f"{self.name} is not linear, so it has no such form ({what})")


def _bind(term: Term, axes: tuple[int, ...], inputs: int) -> Term:
    """A term of grid dimensions on an array's axes; of two stencils the later runs along the lower axis."""
    coefficient = None if term.coefficient is None else term.coefficient + inputs
    axis, stencil, then = axes[term.axis], term.stencil, term.then
    if then is not None:
        then = (axes[then[0]], then[1])
        if then[0] > axis:
            (axis, stencil), then = then, (axis, stencil)
    return term._replace(axis=axis, stencil=stencil, then=then, coefficient=coefficient)


@constant
def _name_of(operator: Operator) -> str:
    return keep(operator)


@untraced
def _transpose_of(operator: Operator) -> Operator:
    found = operator._adjoints.get("transpose")
    if found is None:
        operator._require_linear("a transpose")
        found = Operator(operator.grid, f"{operator.name}.T", adjoint_terms(operator.terms), operator.outputs,
                         operator.inputs, operator.arguments)  # fmt: skip
        operator._adjoints["transpose"] = found
    return found


@untraced
def _sum_of(first: Operator, second: Operator, count: int) -> Operator:
    """The first has `count` coefficients, and those of the second follow them."""
    first._require_linear("a sum")
    second._require_linear("a sum")
    check_alike(first, second)
    terms = merged(first.terms + shifted(second.terms, count))
    return Operator(first.grid, f"({first.name} + {second.name})", terms, first.inputs, first.outputs,
                    first.arguments + second.arguments,
                    masks_as_read=first.masks_as_read and second.masks_as_read)  # fmt: skip


@untraced
def _multiple_of(operator: Operator, factor: float) -> Operator:
    found = operator._multiples.get(factor)
    if found is None:
        stencils = {term.stencil for term in operator.terms}
        scaled = {stencil: transpose.scaled(stencil, factor) for stencil in stencils}
        terms = tuple(term._replace(stencil=scaled[term.stencil]) for term in operator.terms)
        name = f"-{operator.name}" if factor == -1 else f"{factor:g} * {operator.name}"
        found = Operator(operator.grid, name, terms, operator.inputs, operator.outputs, operator.arguments,
                         masks_as_read=operator.masks_as_read)  # fmt: skip
        operator._multiples.put(factor, found, sum(stencil.nbytes for stencil in scaled.values()))
    return found


@untraced
def _adjoint_of(operator: Operator, weight: str | None) -> Operator:
    found = operator._adjoints.get(weight)
    if found is None:
        scale = None if weight is None else operator.grid.quadrature
        conjugate = tuple(a._replace(conjugate=not a.conjugate) for a in operator.arguments)
        found = Operator(operator.grid, f"{operator.name}.adjoint", adjoint_terms(operator.terms, scale),
                         operator.outputs, operator.inputs, conjugate)  # fmt: skip
        operator._adjoints[weight] = found
    return found


@untraced
def _ratio_of_measures(grid: Points, other: Points, form: Form) -> Linear | None:
    """The measures of one grid over those of another, along each axis where they differ."""
    result: Linear | None = None
    for a, (own, others) in enumerate(zip(grid.quadrature, other.quadrature, strict=True)):
        if not np.array_equal(own, others):
            stencil = Stencil(grid.lengths[a], ((0, 0),), (own / others,), (), (), values=True, order=0)
            terms = tuple(Term(i, i, a, stencil) for i in range(prod(form)))
            factor = Operator(grid, f"measure along axis {a} / another", terms, form, form)
            result = factor if result is None else Product(factor, result)
    return result


def _rebuild(structure: tuple[Any, ...], coefficients: tuple[Any, ...]) -> Operator:
    return Operator(*structure).with_coefficients(coefficients)
