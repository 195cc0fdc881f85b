"""Operators in one sweep over memory: a pattern, which is a term list, and the fields that it is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from math import prod
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from .._backends.once import made_once
from .._backends.operations import dtype_name
from .._base.errors import ArgumentValueError
from .._base.late import Late, sparse
from .._base.types import Array, In, Out
from .._base.words import answering
from .._grid.points import Points
from .._stencils.stencil import Stencil
from .._terms.term import Term, joins_of
from .._wraps.units import present
from .called import Called
from .fields.coefficients import (
    Argument,
    Coefficients,
    Given,
    changed_at_walls,
    check_names,
    conjugated,
    copied,
    replaced,
    taken,
)
from .fields.factors import Factor, Number, argument_of
from .fields.forms import Form
from .fields.gather import TURNED, joined_name
from .fields.grids import Grids
from .fields.quantities import check_without_units
from .fields.sides import AtGaps
from .holding.held import coast_of, components_of
from .holding.operator import Holding, as_affine, over
from .holding.walls import builds
from .joined import Product
from .operator import NAMED, AnyOperator, Operator
from .patterns.build import Build, unit
from .patterns.kinds import Origin
from .patterns.pattern import Pattern
from .sparse import factors_on, sum_of_terms

if TYPE_CHECKING:
    from .holding import coasts
else:
    coasts = Late("gridgrad._operators.holding.coasts")  # of grids with gaps alone

_ndarray = np.ndarray


class Sweep(Called[In, Out]):
    """A linear map from fields on a grid to fields on it, in one sweep over memory.

    Made by a `Grid`: a pattern, and the fields that are its coefficients. Not to be changed.
    """

    def __init__(self, pattern: Pattern, coefficients: Coefficients = ()) -> None:
        self.pattern, self.coefficients = pattern, coefficients  # all that a step makes anew
        if pattern.origin is not None:
            self.__doc__ = pattern.origin.kind.__doc__

    @classmethod
    def of(
        cls, grid: Points, name: str, terms: tuple[Term, ...], inputs: Form = (), outputs: Form = (),
        arguments: tuple[Argument, ...] = (), grids: Grids | None = None,
    ) -> Self:  # fmt: skip
        """The operator of a new pattern, still without its fields."""
        return cls(Pattern(grid, name, terms, inputs, outputs, arguments, grids=grids))

    @classmethod
    def built(
        cls, build: Build, name: str, outputs: Form = (), masks_as_read: bool = False, grids: Grids | None = None
    ) -> Self:  # fmt: skip
        """The operator of collected terms, with what is prescribed at walls."""
        given = build.grid, name, build.terms, build.form, outputs, build.arguments, masks_as_read, grids
        prescribed = build.prescribed
        return cls(Pattern(*given), prescribed)

    def held(self) -> Operator[In, Out]:
        """The operator of all fields, whatever they have at points on walls."""
        return held(self, self.terms)

    def descend_from(self, origin: Origin) -> None:
        """Note what it was made from, which its help shows."""
        self.pattern.origin = origin
        self.__doc__ = origin.kind.__doc__

    def __reduce__(self) -> tuple[object, ...]:
        if self.origin is not None:
            return Origin.restored, (self.origin, self.grid, self.coefficients)
        return Sweep, (self.pattern, self.coefficients)

    def __repr__(self) -> str:
        return repr(self.pattern)

    def with_own(self, fields: dict[str, object]) -> Sweep[In, Out]:
        """The operator of those other fields whose names it has."""
        return self.with_coefficients(replaced(self.taken(), fields))

    def with_first(self, fields: Coefficients) -> Sweep[In, Out]:
        """The operator of its own fields, in front of what is prescribed at walls."""
        return Sweep(self.pattern, fields + self.coefficients) if fields else self

    def of_copies(self) -> Sweep[In, Out]:
        """The operator of copies of its fields, as they are now; what is prescribed at walls stays what it is."""
        return self.with_coefficients(copied(self.taken()))

    @property
    def linear(self) -> Sweep[In, Out]:
        """The operator with 0 in the place of all that is prescribed at walls."""
        return self._with_less(self.pattern.linear(), lambda argument: argument.side is None)

    @property
    def swept(self) -> Sweep[In, Out]:
        """The operator without what only points beside gaps read."""
        return self._with_less(self.pattern.swept(), lambda argument: not isinstance(argument.side, AtGaps))

    def _with_less(self, pattern: Pattern, stays: Callable[[Argument], bool]) -> Sweep[In, Out]:
        """A pattern without the fields of some arguments."""
        if pattern is self.pattern:
            return self
        own = [c for argument, fields in self.taken() if stays(argument) for c in fields]
        return type(self)(pattern, tuple(own))

    def with_coefficients(self, coefficients: Coefficients) -> Sweep[In, Out]:
        """The operator of these fields, which shares with this one what does not depend on them."""
        return type(self)(self.pattern, coefficients) if coefficients else self

    @answering(NAMED)
    def with_(self, **changes: object) -> Sweep[In, Out]:
        """The operator with other options, or of other fields; see `Operator.with_`."""
        known = () if self.origin is None else self.origin.kind.options
        fields = {word: value for word, value in changes.items() if word not in known}
        other = self.of_fields(fields, "with_", known) if fields else self
        if self.origin is None or len(fields) == len(changes):
            return other
        options = {word: value for word, value in changes.items() if word in known}
        made: Sweep[In, Out] = self.origin.other(self.grid, options)
        given = other.taken()
        # other options may read other walls: these prescribe what the grid says, or what was given by a name
        first = tuple([c for argument, own in given if argument.is_of_user for c in own])
        before: Sweep[In, Out] = self.origin.other(self.grid, {}).with_first(first)
        return made.with_first(first).with_own(changed_at_walls(given, before.taken()))

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
        return conjugated(self.arguments, self.coefficients) if self.coefficients else ()

    def of_numbers(self, coefficients: Coefficients) -> Sweep[In, Out]:
        """The operator of the same coefficients without their units."""
        return self.with_coefficients(coefficients) if present(*self.coefficients) else self

    @property
    def T(self) -> Sweep[Out, In]:
        """The transpose as an operator, edges included."""
        return self.linear._like(self.pattern.linear().transposed())

    def adjoint_operator(self, weight: str | None = None) -> Sweep[Out, In]:
        """The operator that `adjoint` applies."""
        return self.linear._like(self.pattern.linear().adjoint(weight))

    def scaled(self, factor: Number) -> Sweep[In, Out]:
        """The operator with all weights times a number."""
        own = self.pattern
        pattern = own.times(factor) if type(factor) is float else own.times_complex(factor)
        return Sweep(pattern, self.coefficients)

    def multiplied(self, factor: Factor) -> Operator[In, Out]:
        """What it gives times a field, in one sweep unless a term has such a factor already."""
        if self._holds_beside_gaps:
            return Product(multiplication(self.grid, self.outputs, factor).T, self)
        pattern = self.pattern.multiplied(factor.name, factor.conjugate, False)
        if pattern is None:
            return Product(multiplication(self.grid, self.outputs, factor), self)
        return Sweep(pattern, (*self.coefficients, factor.field))

    def of_multiplied(self, factor: Factor) -> Operator[In, Out]:
        """The operator of its field times another, in one sweep unless a term has such a factor already."""
        pattern = self.pattern.multiplied(factor.name, factor.conjugate, True)
        if pattern is None or self._holds_beside_gaps:
            return Product(self, multiplication(self.grid, self.inputs, factor))
        return Sweep(pattern, (*self.coefficients, factor.field))

    @property
    def _holds_beside_gaps(self) -> bool:
        """Whether it writes values into fields that have gaps, or is the transpose of that: in these factors may be NaN."""
        return self.grid.mask is not None and self.grids is None

    def as_factor(self) -> Factor | None:
        """The field by which it multiplies, if it does nothing else."""
        if not self.pattern.only_multiplies:  # by its one coefficient
            return None
        return Factor(self.coefficients[0], self.arguments[0].name, self.arguments[0].conjugate)

    def _like(self, pattern: Pattern) -> Sweep[Any, Any]:
        """Another pattern of the same fields."""
        return Sweep(pattern, self.coefficients)

    @answering()
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
        self.grid.stencil(axis)  # which all lines have
        for term in self.terms:
            for own, stencil in term.stencils():
                if own is None:  # at each point
                    stencil = replace(stencil, length=self.grid.lengths[axis])
                if own in (axis, None):
                    return row_table(stencil)
        raise ArgumentValueError(f"{self.name} has no derivative along axis {axis}")

    def on_each_component(self, form: Form, is_linear: bool) -> AnyOperator:
        """The operator on each component, see `Operator`."""
        pattern = self.pattern if self.inputs or self.outputs else self.pattern.on_components(form)
        if pattern is self.pattern:
            return self
        if pattern.is_transpose:  # that of what there is on fields which hold what is prescribed
            return self._like(pattern.transposed()).held().T
        return as_affine(self._like(pattern).held(), is_linear)

    def plus(self, other: AnyOperator) -> AnyOperator:
        """The sum with another operator."""
        own = self.pattern
        if type(other) is not Sweep or (pattern := other.pattern).inputs != own.inputs:
            return super().plus(other)
        return Sweep(own.plus(pattern), self.coefficients + other.coefficients)

    def summed(self, other: Operator[In, Out]) -> Operator[In, Out]:
        """The sum with another operator of the same fields, one sweep where that is one."""
        if isinstance(other, Holding) and other.reads_alike(self):
            return Holding(self.plus(other.bare), other.inner)
        if not isinstance(other, Sweep):
            return super().summed(other)
        return Sweep(self.pattern.plus(other.pattern), self.coefficients + other.coefficients)

    def minus(self, other: AnyOperator) -> AnyOperator:
        """The difference to another operator."""
        own = self.pattern
        if type(other) is not Sweep or (pattern := other.pattern).inputs != own.inputs:
            return super().minus(other)
        return Sweep(own.minus(pattern), self.coefficients + other.coefficients)  # without one between

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

    def is_at_points(self) -> bool:
        """Whether each result is made of its own point alone."""
        return not joins_of(self.terms) and all(term.axis is None for term in self.terms)

    def matrix(self) -> sparse.csr_array:
        """The matrix on flattened fields, from its terms."""
        if self.linear is not self:
            return self.linear.matrix()
        self.pattern.require_linear("a matrix")
        check_without_units(self, "a matrix")
        return sum_of_terms(self.terms, self.grids_in, self.grids_out, self.factor_values())

    def factor_values(self) -> list[Array]:
        """Its coefficients, with the values that they have now."""
        coefficients = self.current_coefficients()
        return factors_on(self.pattern.grids_beside(len(coefficients)), coefficients)


def held(operator: Operator[In, Out], terms: tuple[Term, ...]) -> Operator[In, Out]:
    """An operator of all fields, whatever they have at points that are on walls with a value."""
    grid = operator.grids_in[0]  # with its gaps
    if not any([any(axis.are_prescribed) for axis in grid.axis_objects]) and not (
        grid.mask is not None and grid.mask.is_held
    ):
        return operator
    return over(operator, terms, grid.kept(_hold, operator.inputs))


def _hold(grid: Points, form: Form) -> AnyOperator | None:
    """What writes what is prescribed into fields; None where no point is on such a wall."""
    holds: list[AnyOperator] = [Sweep.built(build, "values at walls", form) for build in builds(grid, form)]
    shores = [coast_of(grid, component) for component in components_of(form)]
    if any(shores):
        terms, arguments, given = coasts.writing(grid, shores)
        holds.append(Sweep(Pattern(grid, "values at coasts", terms, form, form, arguments), given))
    return reduce(lambda first, then: Product(then, first), holds) if holds else None


def multiplication(grid: Points, form: Form, factor: Factor) -> AnyOperator:
    """The multiplication of each component of a field by another."""
    if grid.mask is not None:
        beside_gaps = grid.kept(_multiplication_with_gaps, form, factor.name, factor.conjugate)
        return beside_gaps.with_coefficients((factor.field,))
    return Sweep(grid.kept(_multiplication, form, factor.name, factor.conjugate), (factor.field,))


def _multiplication(grid: Points, form: Form, name: str, conjugate: bool) -> Pattern:
    terms = tuple(Term(i, i, None, unit(grid), outer=0) for i in range(prod(form)))
    return Pattern(grid, f"multiply({name or 'field'})", terms, form, form, (argument_of(name, conjugate),))


def _multiplication_with_gaps(grid: Points, form: Form, name: str, conjugate: bool) -> Called:
    made: Called = grid.masked(Sweep(_multiplication(grid.whole, form, name, conjugate)))
    return made


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
