"""Linear operators on a grid as objects: apply, adjoint, matrix forms, algebra; each a term list."""

from __future__ import annotations

from math import prod
from operator import is_
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _transpose
from ._adjoint import adjoint_terms
from ._arguments import clean_workers
from ._errors import ArgumentTypeError, ArgumentValueError, counted
from ._fast import ObjectCalls
from ._fields import Fields, Form, gather, shaped, stack, targets_of
from ._linear import Linear, check_alike, form_name
from ._plan import Term, shifted
from ._stencils import Array
from ._tracing import constant, is_compiling, keep, untraced
from ._wraps import calls
from ._wraps.units import present

if TYPE_CHECKING:
    from ._grid import Grid


class Operator(Linear):
    """A linear map from fields on a grid to fields on it, in one sweep over memory.

    Made by a `Grid`; ``axis`` of a term counts the grid's dimensions, ``coefficient`` the operator's
    coefficients. Not to be changed.
    """

    def __init__(
        self, grid: Grid, name: str, terms: tuple[Term, ...], inputs: Form = (), outputs: Form = (),
        coefficients: tuple[Any, ...] = (), plain: Operator | None = None,
    ) -> None:  # fmt: skip
        self.grid, self.name, self.terms = grid, name, terms
        self.inputs, self.outputs, self.coefficients = inputs, outputs, coefficients
        self._plain = plain
        self._bound: dict[tuple[int, ...], tuple[Term, ...]] = {}  # by the shape of a field
        self._adjoints: dict[str | None, Operator] = {}
        self._multiples: dict[float, Operator] = {}
        self._calls = ObjectCalls()
        self._alone = len(inputs) + len(outputs) + len(coefficients) == 0  # one array in, one out

    def __reduce__(self) -> Any:
        return _rebuild, (self.grid, self.name, self.terms, self.inputs, self.outputs, self.coefficients)

    def _with(self, **changes: Any) -> Operator:
        kept: dict[str, Any] = {"grid": self.grid, "name": self.name, "terms": self.terms, "inputs": self.inputs,
                                "outputs": self.outputs, "coefficients": self.coefficients}  # fmt: skip
        return Operator(**(kept | changes))

    def __repr__(self) -> str:
        form = f"{form_name(self.inputs)} -> {form_name(self.outputs)}"
        return f"<gridgrad operator {self.name}: {form} on {self.grid.shape}, {counted(len(self.terms), 'term')}>"

    def __call__(self, f: Any, out: Any = None, workers: int | None = None) -> Any:
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

        Returns
        -------
        array, or tuple of arrays
            Vector results are tuples, or one stacked array where `f` was stacked. Where `f`, a
            coefficient or the grid has units, the results are quantities. What is masked in a field or
            coefficient is masked in every result made of it; only `gradient` keeps to what is read.
        """
        if type(f) is np.ndarray and workers is None and self._alone:  # the shortest way
            found = self._calls.one(f, out)
            if found is not None:
                return found
        given = self._given(f)
        if given is not None and workers is None and type(given[0]) is np.ndarray:
            found = self._calls.get(given, out)
            if found is not None:
                return shaped(found, self.outputs) if out is None else out
        elif is_compiling():
            return self._traced(f, out)
        if self.grid.units is not None or present(f, out, *self.coefficients):
            return calls.operator(self, f, out, workers)
        return self.on_numbers(f, out, workers)

    def on_numbers(self, f: Any, out: Any = None, workers: int | None = None) -> Any:
        """The operator applied to arrays without units, as if its grid had none."""
        given = self._given(f)
        fields = gather(f, self.inputs, self.coefficients)
        arrays = fields.samples + fields.coefficients
        shape = tuple(fields.samples[0].shape)
        terms = self._terms_for(shape)
        targets = None if out is None else targets_of(out, self.outputs, shape)
        if targets is None and fields.stacked and self.outputs:
            return self._into_stack(fields, terms, arrays, shape, workers)
        results = self._operate(fields, terms, arrays, targets, workers)
        if given is not None and self.grid.units is None and all(map(is_, given, arrays)):
            self._calls.put(given, out, terms, results)
        return shaped(results, self.outputs) if out is None else out

    def _given(self, f: Any) -> tuple[Any, ...] | None:
        """The arrays of a call as they came, where they are one for each component."""
        if not self.inputs:
            return (f, *self.coefficients)
        if len(self.inputs) == 1 and type(f) in (list, tuple) and len(f) == self.inputs[0]:
            return (*f, *self.coefficients)
        return None

    def _into_stack(
        self, fields: Fields, terms: tuple[Term, ...], arrays: list[Any], shape: tuple[int, ...], workers: int | None
    ) -> Any:  # fmt: skip
        """One array for all components: written in place where the library can."""
        empty = getattr(fields.library, "empty_stack", None)
        whole = None if empty is None else empty(arrays, (*self.outputs, *shape))
        if whole is None:
            return stack(self._operate(fields, terms, arrays, None, workers), self.outputs)
        self._operate(fields, terms, arrays, targets_of(whole, self.outputs, shape), workers)
        return whole

    def _operate(
        self, fields: Fields, terms: tuple[Term, ...], arrays: list[Any], targets: Any, workers: int | None
    ) -> list[Any]:  # fmt: skip
        """The results by the library of the fields; masks of `gradient` alone follow NumPy's rule."""
        operate = fields.library.operate
        if self.name == "gradient":
            operate = getattr(fields.library, "operate_as_read", operate)
        results: list[Any] = operate(terms, arrays, prod(self.outputs), targets, clean_workers(workers))
        return results

    def _traced(self, f: Any, out: Any) -> Any:
        """The call as one node of a compiler's graph."""
        if out is not None:
            raise ArgumentTypeError(
                "out= is not supported under torch.compile; leave it away, the compiler plans memory"
            )
        fields = gather(f, self.inputs, self.coefficients)
        axes = self.grid.axes_of(tuple(fields.samples[0].shape))
        results = fields.library.traced(_name_of(self.plain), axes, fields.samples, fields.coefficients)
        if fields.stacked and self.outputs:
            return stack(results, self.outputs)
        return shaped(results, self.outputs)

    @property
    def plain(self) -> Operator:
        """The operator without its coefficients, where it was made from one: a compiler's constant."""
        return self if self._plain is None else self._plain

    def with_coefficients(self, coefficients: tuple[Any, ...]) -> Operator:
        """The operator of these coefficient fields."""
        if len(coefficients) == 0:
            return self
        return Operator(self.grid, self.name, self.terms, self.inputs, self.outputs, coefficients, self)

    def of_numbers(self, coefficients: tuple[Any, ...]) -> Operator:
        """The operator of the same coefficients without their units."""
        return self._with(coefficients=coefficients) if present(*self.coefficients) else self

    def bare(self) -> Operator:
        """The operator as if its coefficients were not known yet."""
        return self._with(coefficients=()) if self.coefficients else self

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
        if is_compiling():
            return _adjoint_of(self.plain, weight).with_coefficients(self._conjugates())
        self._require_linear("an adjoint")
        if weight not in (None, "quadrature"):
            raise ArgumentValueError(f'weight must be None or "quadrature", got {weight!r}')
        found = self._adjoints.get(weight)
        if found is None:
            scale = None if weight is None else self.grid.quadrature
            found = self._with(name=f"{self.name}.adjoint", terms=adjoint_terms(self.terms, scale),
                               inputs=self.outputs, outputs=self.inputs)  # fmt: skip
            self._adjoints[weight] = found
        if any(map(_has_imaginary, self.coefficients)):  # conjugates of what they are now
            return found._with(coefficients=self._conjugates())
        return found

    def _conjugates(self) -> tuple[Any, ...]:
        return tuple(c.conj() if _has_imaginary(c) else c for c in self.coefficients)

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
        from ._sparse import row_table

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
        if is_compiling():
            return _multiple_of(self.plain, factor).with_coefficients(self.coefficients)
        self._require_linear("a multiple")
        if factor not in self._multiples:
            cache: dict[Any, Any] = {}
            terms = []
            for term in self.terms:
                if term.stencil not in cache:
                    cache[term.stencil] = _transpose.scaled(term.stencil, factor)
                terms.append(term._replace(stencil=cache[term.stencil]))
            if len(self._multiples) >= 16:
                self._multiples.clear()
            name = f"-{self.name}" if factor == -1 else f"{factor:g} * {self.name}"
            self._multiples[factor] = self._with(name=name, terms=tuple(terms))
        return self._multiples[factor]

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
    return keep(operator.bare())


@untraced
def _transpose_of(operator: Operator) -> Operator:
    operator._require_linear("a transpose")
    return Operator(operator.grid, f"{operator.name}.T", adjoint_terms(operator.terms), operator.outputs,
                    operator.inputs)  # fmt: skip


@untraced
def _sum_of(first: Operator, second: Operator, count: int) -> Operator:
    """The first has `count` coefficients, and those of the second follow them."""
    first._require_linear("a sum")
    second._require_linear("a sum")
    check_alike(first, second)
    terms = first.terms + shifted(second.terms, count)
    return Operator(first.grid, f"({first.name} + {second.name})", terms, first.inputs, first.outputs)


@untraced
def _multiple_of(operator: Operator, factor: float) -> Operator:
    return operator.bare().scaled(factor)


@untraced
def _adjoint_of(operator: Operator, weight: str | None) -> Operator:
    return operator.bare().adjoint_operator(weight)


def _has_imaginary(c: Any) -> bool:
    return "complex" in str(getattr(c, "dtype", ""))


def _rebuild(*fields: Any) -> Operator:
    return Operator(*fields)
