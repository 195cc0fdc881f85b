"""Operators made of two: products, which are applied one after the other, and sums with those."""

from __future__ import annotations

from operator import is_
from typing import Self

from .._base.late import sparse
from .._base.outputs import targets_of
from .._base.types import Between, In, Out
from .._grid.points import Points
from .._terms.term import Term
from .fields.coefficients import Given
from .fields.factors import Factor, Number
from .fields.forms import Form, added, flat
from .fields.gather import about_to_hold, check_add, check_dtypes, check_masks, dtype_of, joined_name
from .fields.grids import check_alike, check_composed
from .fields.spare import Spare
from .operator import AnyOperator, Operator


class Joinable(Operator[In, Out]):
    """An operator that products and sums are made of."""

    def composed(self, other: Operator[Between, In]) -> Operator[Between, Out]:
        """The operator that applies `other`, then this one; one of both where one only multiplies by a field."""
        found: Operator[Between, Out] | None = other.before(self)
        if found is not None:
            return found
        grid = self.grid
        if other.grid is grid and self.grid_out is grid:
            factor, own = other.as_factor(), self.as_factor()
            joined: AnyOperator | None = None
            if factor is not None:
                joined = self.of_multiplied(factor)
            elif own is not None:
                joined = other.multiplied(own)
            if joined is not None:
                return joined
            if self.inputs != other.outputs and () in (self.inputs, other.outputs):
                of_each = self.on_each_component(other.outputs, False)
                return Product(of_each.bare, other.on_each_component(self.inputs, False))
        return Product(self, other)

    def plus(self, other: AnyOperator) -> AnyOperator:
        """The sum with another operator."""
        own = self.on_fields_of(other)
        assert isinstance(own, Joinable)
        return own.summed(other.on_fields_of(self))

    def summed(self, other: Operator[In, Out]) -> Operator[In, Out]:
        """The sum with another operator of the same fields."""
        return Sum(self, other)


class Joined(Joinable[In, Out]):
    """What is made of two operators, with the fields of both."""

    takes: int  # which of the two is applied to the field; the first one has the grids of the results

    def __init__(self, first: AnyOperator, second: AnyOperator) -> None:
        self.parts = first, second
        taking = self.parts[self.takes]
        self.grid, self.inputs, self.outputs = taking.grid, taking.inputs, first.outputs
        self.grids_in, self.grids_out = taking.grids_in, first.grids_out
        self.arguments = first.arguments + second.arguments
        self.spare = Spare()

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), self.parts

    def made_of(self, first: AnyOperator, second: AnyOperator) -> Self:
        """The same of two other operators."""
        return type(self)(first, second)

    def with_own(self, fields: dict[str, object]) -> Operator[In, Out]:
        """The same, made of operators of other fields."""
        return self.made_of(*[part.with_own(fields) for part in self.parts])

    def of_copies(self) -> Operator[In, Out]:
        """The same, made of operators of copies of their fields."""
        return self.made_of(*[part.of_copies() for part in self.parts])

    def on_each_component(self, form: Form, is_linear: bool) -> AnyOperator:
        """The operator on each component, see `Operator`: where both are at points alone."""
        parts = [part.on_each_component(form, is_linear) for part in self.parts]
        return self if any(map(is_, parts, self.parts)) else self.made_of(*parts)

    def taken(self) -> list[Given]:
        """The arguments of both."""
        return [given for part in self.parts for given in part.taken()]

    def applied_to(
        self, f: object, out: object = None, workers: int | None = None, add: bool = False, fields: dict[str, object] | None = None
    ) -> object:  # fmt: skip
        """A call, with all that it may have in this order; see `OnFields`."""
        if fields:
            return self.of_fields(fields, "__call__").applied_to(f, out, workers, add)
        check_add(add, out)  # what one of both makes is a temporary, kept for the next call
        kind, held = self.spare.taken(about_to_hold(f))
        result, held = self._applied(f, out, workers, add, held)
        self.spare.give(kind, held)
        return result

    def _applied(
        self, f: object, out: object, workers: int | None, add: bool, held: object
    ) -> tuple[object, object]:
        """The result, and the temporary, which goes to `held` if that is not None."""
        raise NotImplementedError

    def is_at_points(self) -> bool:
        """Whether each result is made of its own point alone."""
        return all(part.is_at_points() for part in self.parts)

    @property
    def linear(self) -> Operator[In, Out]:
        """Without what is prescribed at walls; itself where nothing is."""
        first, second = self.parts
        one, other = first.linear, second.linear
        return self if one is first and other is second else self.made_of(one, other)

    def ratio_of_measures(self, grid: Points, other: Points, form: Form) -> AnyOperator | None:
        """The multiplication with the measures of one grid over those of another."""
        return self.parts[0].ratio_of_measures(grid, other, form)


def chains_of(whole: Joined[In, Out]) -> list[tuple[tuple[tuple[Term, ...], ...], ...] | None]:
    """What both parts are, where they are of scalar fields on one grid."""
    return [
        part.chains()
        if part.grids is None and part.grid is whole.grid is part.grid_out and not part.outputs
        else None
        for part in whole.parts
    ]


class Product(Joined[In, Out]):
    """``outer @ inner``: applied one after the other."""

    takes = 1

    def __init__(self, outer: AnyOperator, inner: AnyOperator) -> None:
        check_composed(outer, inner)
        super().__init__(outer, inner)
        self.outer, self.inner = self.parts

    def __repr__(self) -> str:
        return f"{self.outer!r} @ {self.inner!r}"

    def _applied(
        self, f: object, out: object, workers: int | None, add: bool, held: object
    ) -> tuple[object, object]:
        """`inner`, then `outer`; the field between them is the temporary."""
        between = self.inner.applied_to(f, held, workers)
        return self.outer.applied_to(between, out, workers, add), between

    @property
    def T(self) -> Product[Out, In]:
        """The transpose: both transposed, in the other order."""
        return Product(self.inner.T, self.outer.T)

    def adjoint_operator(self, weight: str | None = None) -> Product[Out, In]:
        """The operator that `adjoint` applies.

        Each adjoint weighs with its own grid: the field between them then needs the ratio of both.
        """
        outer = self.outer.adjoint_operator(weight)
        if weight is not None:
            outer = outer.reweighted(after=(self.outer.grid, self.inner.grid_out))
        return Product(self.inner.adjoint_operator(weight), outer)

    def chains(self) -> tuple[tuple[tuple[Term, ...], ...], ...] | None:
        """Each product of the outer operator's sum before each of the inner one's."""
        outer, inner = chains_of(self)
        return outer and inner and tuple((*a, *b) for a in outer for b in inner)

    def matrix(self) -> sparse.csr_array:
        """The product of both matrices."""
        return self.outer.matrix() @ self.inner.matrix()

    def scaled(self, factor: Number) -> Product[In, Out]:
        """The product with the outer operator times a finite number."""
        return Product(self.outer.scaled(factor), self.inner)

    def multiplied(self, factor: Factor) -> Product[In, Out]:
        """The product with the outer operator times a field."""
        return Product(self.outer.multiplied(factor), self.inner)

    def of_multiplied(self, factor: Factor) -> Product[In, Out]:
        """The product whose inner operator takes its field times another."""
        return Product(self.outer, self.inner.of_multiplied(factor))

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""
        return self.outer.result_name(self.inner.result_name(given))


class Sum(Joined[In, Out]):
    """Two operators applied to the same field, their results added; of which at least one is a product."""

    takes = 0

    def __init__(self, first: Operator[In, Out], second: Operator[In, Out]) -> None:
        check_alike(first, second)
        super().__init__(first, second)
        self.first, self.second = self.parts

    def __repr__(self) -> str:
        return f"{self.first!r} + {self.second!r}"

    def _applied(
        self, f: object, out: object, workers: int | None, add: bool, held: object
    ) -> tuple[object, object]:
        """Both, of which one is the temporary. Both together decide the dtype, in either order."""
        if out is not None:
            return out, self._write(f, out, workers, add, held)
        held = self.second.applied_to(f, held, workers)
        return added(self.first.applied_to(f, None, workers), held), held

    def _write(self, f: object, out: object, workers: int | None, add: bool, held: object) -> object:
        """Both into `out`, or, to `add`, their sum to what it holds; what rounds is not written first.

        `held` is where one of them goes, or None; where it went is returned.
        """
        given = dtype_of(f, self.inputs)
        wanted = self.result_name(given)
        into, other = self.first, self.second
        if into.result_name(given) != wanted:  # what is written first has the dtype of the whole
            into, other = other, into
        held = other.applied_to(f, held, workers)
        values = flat(held, self.outputs)
        targets = targets_of(out, self.outputs, values[0].shape)
        check_dtypes(targets, wanted)
        masked = check_masks(targets, values)
        if into.result_name(given) == wanted and not masked:
            into.applied_to(f, out, workers, add)
            for target, value in zip(targets, values, strict=True):
                target[...] += value
            return held
        firsts = flat(into.applied_to(f, None, workers), self.outputs)
        for target, value, addend in zip(targets, firsts, values, strict=True):
            target[...] = target + (value + addend) if add else value + addend
        return held

    @property
    def T(self) -> Sum[Out, In]:
        """The transpose: the sum of both."""
        return Sum(self.first.T, self.second.T)

    def adjoint_operator(self, weight: str | None = None) -> Sum[Out, In]:
        """The operator that `adjoint` applies: with a weight, that of the first operator's grids."""
        first, second = self.first.adjoint_operator(weight), self.second.adjoint_operator(weight)
        if weight is not None:
            second = second.reweighted(
                before=(self.first.grid_out, self.second.grid_out), after=(self.second.grid, self.first.grid)
            )
        return Sum(first, second)

    def chains(self) -> tuple[tuple[tuple[Term, ...], ...], ...] | None:
        """Those of both."""
        first, second = chains_of(self)
        return first and second and first + second

    def matrix(self) -> sparse.csr_array:
        """The sum of both matrices."""
        return self.first.matrix() + self.second.matrix()

    def scaled(self, factor: Number) -> Sum[In, Out]:
        """Both times a finite number."""
        return Sum(self.first.scaled(factor), self.second.scaled(factor))

    def multiplied(self, factor: Factor) -> Sum[In, Out]:
        """Both times a field."""
        return Sum(self.first.multiplied(factor), self.second.multiplied(factor))

    def of_multiplied(self, factor: Factor) -> Sum[In, Out]:
        """Both of their field times another."""
        return Sum(self.first.of_multiplied(factor), self.second.of_multiplied(factor))

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""
        return joined_name({self.first.result_name(given), self.second.result_name(given)})
