"""Operators of fields that hold what is prescribed: points on a wall count with that, whatever an array has there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any, Self, TypeAlias, cast

import numpy as np

from ..._base.errors import MISSING
from ..._base.types import Array, Between, DType, In, Out, Shape
from ..._base.words import answering
from ..._terms.term import Term
from ..called import Called
from ..fields.coefficients import Coefficients, changed_at_walls, check_sides
from ..fields.factors import Factor, Number
from ..fields.forms import Form, flat
from ..fields.gather import about_to_hold
from ..fields.sides import Constant
from ..joined import Product
from ..operator import NAMED, AnyOperator, Operator
from .held import held_sides
from .strips import Strip, are_few, strips_of
from .walls import Index, Spots, Wall, hold_alike, reads, spots_of

AsGiven: TypeAlias = Any  # a field as it came, or a value: what only looking at it can tell
# A component, some of its points, what is prescribed there, and whether that is still to be taken at these points.
Filled: TypeAlias = tuple[int, "Index | Spots", AsGiven, bool]

_ndarray, count_nonzero = np.ndarray, np.count_nonzero


class Holding(Product[In, Out]):
    """``A @ H``, where H writes what is prescribed into fields: ``A(f) = L (P f + E v) + b``.

    Arrays that hold it already are read as they are; nothing is ever written into them. All the rest, transposes, matrices
    and derivatives, is that of a product.
    """

    def __init__(self, outer: Operator[In, Out], inner: Operator[In, In]) -> None:
        super().__init__(outer, inner)
        self.__doc__ = outer.__doc__
        self._known: dict[tuple[Shape, DType], list[Filled] | None] = {}
        self._strips: dict[tuple[Shape, DType], list[Strip] | None] = {}
        self._asked: set[tuple[Shape, DType]] = set()

    def __repr__(self) -> str:
        return repr(self.outer)

    def applied_to(
        self, f: AsGiven, out: object = None, workers: int | None = None, add: bool = False, fields: dict[str, object] | None = None
    ) -> AsGiven:  # fmt: skip
        """A call, with all that it may have in this order; see `OnFields`."""
        if not fields:
            if type(f) is _ndarray and not self.inputs:
                known = self._known.get((f.shape, f.dtype))
                if known is not None and _holds(f, known):
                    return self.outer.applied_to(f, out, workers, add)  # the usual case, without a detour
            return self._called(f, out, workers, add)
        names = {argument.name for argument in self.inner.arguments}
        if names.isdisjoint(fields):
            return self._called(f, out, workers, add, fields)
        beside = {argument.name for argument in self.outer.arguments}
        own = {name: field for name, field in fields.items() if name in beside or name not in names}
        return Holding(self.outer, self.inner.with_own(fields))._called(f, out, workers, add, own)

    def _called(
        self, f: AsGiven, out: object, workers: int | None, add: bool, fields: dict[str, object] | None = None
    ) -> object:
        """A call with other fields of the operator that reads those that hold what is prescribed."""
        if f is MISSING:
            return self.outer.applied_to(f, out, workers, add, fields)
        kind, spare, held = None, None, self._as_it_is(f)
        if held is None:
            if not add and not fields:
                made: object = self._by_strips(f, out, workers)
                if made is not None:
                    return made
            kind, spare = self.spare.taken(about_to_hold(f))
            held = spare = self._written(f, spare, workers)
        result: object = self.outer.applied_to(held, out, workers, add, fields)
        self.spare.give(kind, spare)
        return result

    def _as_it_is(self, f: AsGiven) -> AsGiven | None:
        """Fields of NumPy that hold what is prescribed; None of others."""
        parts = self._parts(f)
        if parts is None:
            return None
        known = self._places(parts[0].shape, parts[0].dtype)
        if known is None or not all(_holds(part, known, k) for k, part in enumerate(parts)):
            return None
        return f

    def _by_strips(self, f: AsGiven, out: AsGiven, workers: int | None) -> AsGiven | None:
        """The result of the fields as they are, but for rows that read what is prescribed; None where that is not less work."""
        parts = self._parts(f)
        known = None if parts is None else self._places(parts[0].shape, parts[0].dtype)
        if parts is None or known is None or not are_few(parts):
            return None
        key = parts[0].shape, parts[0].dtype
        if key not in self._asked:  # an operator of other values in each call has no second one
            if len(self._asked) >= 16:
                self._asked.clear()
            self._asked.add(key)
            return None
        if key not in self._strips:
            if len(self._strips) >= 16:
                self._strips.clear()
            self._strips[key] = self._strips_for(f, parts, known)
        strips = self._strips[key]
        if strips is None:
            return None
        if out is not None and _may_share(out, parts):
            return None
        made = self.outer.applied_to(f, out, workers)
        results = flat(made, self.outputs)
        return made if all([strip.into(parts, results) for strip in strips]) else None

    def _strips_for(self, f: AsGiven, parts: list[np.ndarray], known: list[Filled]) -> list[Strip] | None:
        outer = self.outer
        if (
            not isinstance(outer, Called)
            or outer.grids is not None
            or outer.grid.units
            or outer.grid.mask is not None
        ):
            return None
        terms = outer.pattern.terms_for(parts[0].shape)
        # without gaps all at the ends of axes
        held = [(own[0], cast(Index, own[1]), own[2]) for own in known]
        return strips_of(terms, parts, outer.coefficients_for(f), held, prod(self.outputs))

    def _written(self, f: AsGiven, spare: AsGiven, workers: int | None) -> AsGiven:
        """Fields with what is prescribed, in `spare` memory if there is some."""
        parts = self._parts(f)
        known = None if parts is None else self._places(parts[0].shape, parts[0].dtype)
        if parts is None or known is None or parts[0].dtype.kind not in "fc":
            return self.inner.applied_to(f, spare, workers)
        made: AsGiven
        if type(f) is _ndarray:
            made = np.empty_like(f) if spare is None else spare
            np.copyto(made, f)
        else:
            made = tuple([np.copy(part) for part in parts])
        for component, index, value, is_whole in known:
            (made[component] if self.inputs else made)[index] = value[index] if is_whole else value
        return made

    def _parts(self, f: AsGiven) -> list[np.ndarray] | None:
        """The components of fields that are plain arrays of one shape and dtype; None of others."""
        form = self.inputs
        if type(f) is _ndarray:
            if not form:
                return [f]
            return list(f) if len(form) == 1 and f.shape[:1] == form and f.ndim > 1 else None
        if len(form) != 1 or type(f) not in (tuple, list) or len(f) != form[0]:
            return None
        first = f[0]
        is_plain = all(type(a) is _ndarray and a.shape == first.shape and a.dtype == first.dtype for a in f)
        return list(f) if is_plain else None

    def _places(self, shape: Shape, dtype: DType) -> list[Filled] | None:
        """The component, the points and the values of each wall, views where they are arrays; None where the arithmetic of sweeps is needed."""
        key = shape, dtype
        if key not in self._known:
            if len(self._known) >= 16:
                self._known.clear()
            self._known[key] = self._found(shape, dtype)
        return self._known[key]

    def _found(self, shape: Shape, dtype: DType) -> list[Filled] | None:
        found: list[Filled] = []
        check_sides(self.inner.taken(), shape)
        for held, index in spots_of(self.inner, shape) if dtype.kind in "fciu" else ():
            value, is_whole = _value(held.given, shape, dtype), False
            if value is None or held.factor != 1:
                return None
            if isinstance(value, np.ndarray):
                is_whole = not all([type(own) is slice for own in index])
                value = value if is_whole else value[index]  # a view
            found.append((held.component, index, value, is_whole))
        return found or None

    @property
    def bare(self) -> Operator[In, Out]:
        """The operator of fields that hold it."""
        return self.outer

    @property
    def name(self) -> str:
        """What it is called."""
        return str(getattr(self.outer, "name", self.outer))

    @property
    def terms(self) -> tuple[Term, ...]:
        """Those of the operator of fields that hold it."""
        return self.outer.separate() or ()

    def weights(self, axis: int) -> tuple[Array, Array]:
        """The rows along one axis of the grid, as data; see `Sweep.weights`."""
        found: tuple[Array, Array] = self.outer.weights(axis)  # type: ignore[attr-defined]
        return found

    def separate(self) -> tuple[Term, ...] | None:
        """The terms of all points that are not held."""
        return self.outer.separate()

    def factor_values(self) -> list[Array]:
        """Of these terms."""
        return self.outer.factor_values()

    @answering(NAMED)
    def with_(self, **changes: object) -> Operator[In, Out]:
        """The operator with other options, or of other fields; see `Operator.with_`."""
        names = {argument.name for argument in self.inner.arguments}
        beside = {argument.name for argument in self.outer.arguments}
        own = {name: field for name, field in changes.items() if name in beside or name not in names}
        outer = self.outer.with_(**own) if own or not changes else self.outer
        return Holding(outer, self.inner.with_own(changes))

    def of_fields(self, fields: dict[str, object], method: str) -> Operator[In, Out]:
        """The operator of other fields, that a call of `method` gave."""
        beside = {argument.name for argument in self.outer.arguments}
        if beside.issuperset(fields):
            self.outer.of_fields(fields, method)  # which words errors
            return self.with_own(fields)
        return super().of_fields(fields, method)

    def with_first(self, fields: Coefficients) -> Operator[In, Out]:
        """The operator of its own fields, in front of what is prescribed at walls."""
        return Holding(self.outer.with_first(fields), self.inner) if fields else self

    @property
    def T(self) -> Released[Out, In]:
        """The transpose: both transposed, in the other order."""
        return Released(self.inner.T, self.outer.T, self.inner.linear)

    def adjoint_operator(self, weight: str | None = None) -> Released[Out, In]:
        """The operator that `adjoint` applies: what leaves points out does so in every inner product."""
        return Released(self.inner.adjoint_operator(), self.outer.adjoint_operator(weight), self.inner.linear)

    def scaled(self, factor: Number) -> Holding[In, Out]:
        """The operator times a finite number."""
        return Holding(self.outer.scaled(factor), self.inner)

    def multiplied(self, factor: Factor) -> Holding[In, Out]:
        """What it gives times a field."""
        return Holding(self.outer.multiplied(factor), self.inner)

    def composed(self, other: Operator[Between, In]) -> Operator[Between, Out]:
        """The operator that applies `other`, then this one: at points alone that is of what `other` gives, as it is."""
        if not self.outer.is_at_points():
            return super().composed(other)
        if isinstance(other, Holding):
            return Holding(self.outer.composed(other.outer), other.inner)
        return self.outer.composed(other)

    def before(self, outer: AnyOperator) -> AnyOperator | None:
        """What `outer` makes of products with a field, whose own values at walls it does not read."""
        factor = self.outer.as_factor()
        if factor is None or outer.grid is not self.grid or outer.grid_out is not self.grid:
            return None
        if isinstance(outer, Holding) or outer.inputs != self.inputs or self.reads_alike(outer):
            return outer.of_multiplied(factor)
        return None

    def on_each_component(self, form: Form, is_linear: bool) -> AnyOperator:
        """The operator on each component, see `Operator`."""
        outer = self.outer.on_each_component(form, is_linear)
        if outer is self.outer:
            return self
        sides = held_sides(self.grid, None)
        is_linear_part = self.linear is self and not all(side.condition.is_zero for side in sides)
        if is_linear_part:
            return outer.linear
        changed = changed_at_walls(self.inner.taken(), outer.taken())
        return outer.with_own(changed) if changed else outer

    def summed(self, other: Operator[In, Out]) -> Operator[In, Out]:
        """The sum with another operator of the same fields, of which one copy at most is made where both hold the same."""
        if self.reads_alike(other):
            return Holding(self.outer.plus(other.bare), self.inner)
        return super().summed(other)

    def reads_alike(self, other: AnyOperator) -> bool:
        """Whether another operator may be applied to the fields that this one's are made to: it holds the same, or reads no such point."""
        if isinstance(other, Holding):
            return hold_alike(self.inner, other.inner)
        terms = other.separate() if isinstance(other, Operator) and other.grid is self.grid else None
        return terms is not None and other.inputs == self.inputs and not reads(terms, self.inner)


class Released(Product[In, Out]):
    """The transpose of `Holding`, times a number: what `inner` makes, 0 at the points that are held."""

    def __init__(
        self, outer: AnyOperator, inner: AnyOperator, hold: AnyOperator, factor: Number = 1.0
    ) -> None:
        super().__init__(outer, inner)
        self.hold = hold  # what writes 0 there
        self.factor = factor  # the number that `outer` has beside its transpose

    def __reduce__(self) -> tuple[object, ...]:
        return Released, (*self.parts, self.hold, self.factor)

    def made_of(self, first: AnyOperator, second: AnyOperator) -> Self:
        """The same of two other operators."""
        return type(self)(first, second, self.hold, self.factor)

    @property
    def T(self) -> Holding[Out, In]:
        """The transpose: an operator of fields that hold 0 there."""
        return self._turned_back(self.inner.T, self.factor)

    def adjoint_operator(self, weight: str | None = None) -> Holding[Out, In]:
        """The operator that `adjoint` applies: what leaves points out does so in every inner product."""
        return self._turned_back(self.inner.adjoint_operator(weight), self.factor.conjugate())

    def _turned_back(self, inner: AnyOperator, factor: Number) -> Holding[Out, In]:
        return Holding(inner if factor == 1 else inner.scaled(factor), self.hold)

    def scaled(self, factor: Number) -> Released[In, Out]:
        """The transpose times a finite number."""
        return Released(self.outer.scaled(factor), self.inner, self.hold, self.factor * factor)

    def on_each_component(self, form: Form, is_linear: bool) -> AnyOperator:
        """The operator on each component: the transpose of one on fields that hold what is prescribed for each."""
        inner = self.inner.on_each_component(form, is_linear)
        if inner is self.inner:
            return self
        return inner if self.factor == 1 else inner.scaled(self.factor)

    def places(self, shape: Shape) -> list[tuple[int, Index]]:
        """The component of each wall, and its points in arrays of this shape."""
        axes, found = self.grid.axes_of(shape), []
        for term in _terms_of(self.outer):
            for is_last in (False, True):
                row = term.stencil.row_at(term.stencil.length - 1 if is_last else 0)
                if term.axis is not None and not any(pair[2] for pair in row):
                    wall = Wall(term.output, term.axis, is_last, None)
                    found.append((wall.component, wall.points(axes, len(shape), ())))
        return found


def _terms_of(operator: AnyOperator) -> list[Term]:
    if isinstance(operator, Product):
        return [*_terms_of(operator.inner), *_terms_of(operator.outer)]
    return list(operator.separate() or ())


def _may_share(out: AsGiven, parts: Sequence[np.ndarray]) -> bool:
    """Whether writing there may change fields that are still to be read; as it may for all but plain arrays."""
    if type(out) is tuple or type(out) is list:
        return any([_may_share(own, parts) for own in out])
    return type(out) is not _ndarray or any([np.may_share_memory(out, part) for part in parts])


def _holds(f: Array, known: Sequence[Filled], component: int = 0) -> bool:
    """Whether a component has what is prescribed at its walls."""
    for own, index, value, is_whole in known:  # a generator would take as long as a small wall
        if own == component and count_nonzero(f[index] != (value[index] if is_whole else value)):
            return False
    return True


def _value(given: object, shape: Shape, dtype: DType) -> AsGiven:
    """What a wall holds, a number or an array of this shape; None where these do not hold it."""
    if given is None:
        return 0.0
    if isinstance(given, Constant):
        is_real = not isinstance(given.number, complex) or dtype.kind == "c"
        with np.errstate(over="ignore"):
            value = dtype.type(given.number) if is_real and dtype.kind in "fc" else given.number
        return value if is_real and np.isfinite(value) else None
    if type(given) is not _ndarray or np.result_type(given, dtype) != dtype:
        return None
    try:
        return np.broadcast_to(given, shape)
    except ValueError:
        return None  # refused elsewhere


def as_affine(operator: AnyOperator, is_linear: bool) -> AnyOperator:
    """An operator as it is added to others: without what is prescribed to transposes and linear parts, which have nothing of it."""
    return operator.linear if isinstance(operator, Holding) and is_linear else operator


def over(
    operator: Operator[In, Out], terms: Iterable[Term], hold: Operator[In, In] | None
) -> Operator[In, Out]:
    """The operator of fields that hold what is prescribed, where it reads that."""
    return operator if hold is None or not reads(terms, hold) else Holding(operator, hold)
