"""Transposes and adjoints on a grid with gaps."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Self, cast

import numpy as np

from ..._backends.once import made_once
from ..._backends.operations import Operations
from ..._backends.protocol import Backend, OfFields
from ..._base.late import sparse
from ..._base.tracing import is_compiling
from ..._base.types import Array, In, Out
from ..._grid.masks.piece import HALF
from ..._grid.points import Points
from ..._stencils.stencil import Stencil
from ..._terms.term import Term
from ..fields.factors import Factor, Number
from ..fields.forms import Form, flat, shaped
from ..joined import Product
from ..operator import AnyOperator, Operator
from ..patterns.pattern import Pattern
from ..sweep import Sweep, multiplication
from .beside import Beside
from .gapped import Gapped, finished
from .matrix import turned_matrix
from .places.blocks import numbered
from .places.flat import Flat, placed


class Turned(Gapped[In, Out]):
    """The transpose or the adjoint of an operator of a grid with gaps."""

    reach = HALF

    def __init__(
        self, whole: Sweep[In, Out], grid: Points, forward: Gapped[Out, In], weight: str | None, conjugate: bool
    ) -> None:  # fmt: skip
        super().__init__(whole, grid, forward.beside)
        self.forward, self.weight, self.conjugate = forward, weight, conjugate

    def _over(self, whole: Sweep[In, Out], beside: Beside | None = None) -> Self:
        forward = self.forward.with_coefficients(whole.coefficients)
        return type(self)(whole, self.grid, forward, self.weight, self.conjugate)

    def on_each_component(self, form: Form, is_linear: bool) -> AnyOperator:
        """The operator on each component, see `Operator`."""
        forward = self.forward.on_each_component(form, is_linear)
        if forward is self.forward:
            return self
        return forward.adjoint_operator(self.weight) if self.conjugate else forward.T

    def on_numbers(
        self, f: object, out: object = None, workers: int | None = None, adds: bool = False
    ) -> object:
        """The transposed sweep over results that are its own, and the transposed rows beside the gaps."""
        call = self._gather(f)
        if is_compiling():
            patterns, how = (self.whole.pattern, self.forward.whole.pattern), (self.weight, self.conjugate)
            alone = _alone(cast("type[Gapped]", type(self.forward)), *patterns, self.grid, self.beside, *how)
            return self._traced(alone, call, out)
        if call.library.is_lazy:
            return finished(call, self._in_blocks(call, (self.weight, self.conjugate)), out, self.outputs)
        flat_ = Flat(self.grid, tuple(call.samples[0].shape))
        xp = call.library.operations(*call.samples, *call.coefficients)
        arrays = self._cleaned(xp, flat_, [*call.samples, *call.coefficients])
        whole = self.whole.with_coefficients(tuple(arrays[len(call.samples) :]))

        def sweep(regular: Sequence[Array]) -> list[Array]:
            """Over fields that are others; of coefficients as they were given."""
            fields = shaped(list(regular[: len(call.samples)]), self.inputs)
            return flat(self._sweep(whole, fields, None, workers), self.outputs)

        made = self._made(call.library, flat_, self._current(arrays), sweep)
        return finished(call, made, out, self.outputs)

    def on(self, grid: Points) -> Turned[In, Out]:
        """The operator on the same grid with other gaps, or on a block of it, without its fields."""
        return Turned(Sweep(self.whole.pattern), grid, self.forward.on(grid), self.weight, self.conjugate)

    def on_block(
        self, library: Backend[Array], flat_: Flat, fields: Sequence[Array], sweep: OfFields
    ) -> list[Array]:
        """What a block becomes."""
        return self._made(library, flat_, self._cleaned(library.operations(*fields), flat_, fields), sweep)

    def _made(
        self, library: Backend[Array], flat_: Flat, fields: Sequence[Array], sweep: OfFields
    ) -> list[Array]:
        """Of coefficients that are 0 in gaps."""
        inputs, xp = prod(self.inputs), library.operations(*fields)
        regular = [self._chosen(xp, flat_, g, k) for k, g in enumerate(fields[:inputs])]
        results = sweep([*regular, *fields[inputs:]])
        patch, own = self.beside.transposed(self.weight, self.conjugate), flat_.sized(tuple(results[0].shape))
        found, none = numbered(self.mask, self._values(library, fields, flat_, patch)), np.zeros(0, np.intp)
        return [
            placed(xp, own, result, pair, none, 0.0, added=True)
            for result, pair in zip(results, found, strict=True)
        ]

    def _chosen(self, xp: Operations, flat_: Flat, g: Array, k: int) -> Array:
        """A field with 0 at those points whose rows are not those of the whole grid."""
        there = xp.weights(flat_.spread(self.beside.regular(k)), None, g)
        chosen: Array = xp.where(there, g, xp.zeros_like(g))
        return chosen

    @property
    def linear(self) -> Turned[In, Out]:
        """Itself."""
        return self

    @property
    def T(self) -> Operator[Out, In]:
        """The transpose as an operator."""
        if self.weight is None:
            beside = self.beside.conjugated() if self.conjugate else self.beside.again()
            return self.forward._over(self.whole.T, beside)
        return _weighted(self._unweighted().T, 1)

    def _unweighted(self) -> Turned[In, Out]:
        """The same in the Euclidean inner product."""
        return self if self.weight is None else cast("Turned[In, Out]", self.forward.adjoint_operator())

    def adjoint_operator(self, weight: str | None = None) -> Operator[Out, In]:
        """The operator that `adjoint` applies."""
        whole, own = self.whole.adjoint_operator(weight), self._unweighted()
        if self.weight is None and weight is None:
            beside = self.beside.again() if self.conjugate else self.beside.conjugated()
            return self.forward._over(whole, beside)
        turned = own.adjoint_operator()
        return turned if self.weight == weight else _weighted(turned, -1 if self.weight is None else 1)

    def multiplied(self, factor: Factor) -> Operator[In, Out]:
        """What it gives times a field; 0 in gaps, as what it gives is."""
        return Product(multiplication(self.grid, self.outputs, factor).T, self)

    def scaled(self, factor: Number) -> Turned[In, Out]:
        """The operator with all weights times a number."""
        own = factor.conjugate() if self.conjugate else factor
        forward = cast(Gapped[Out, In], self.forward.scaled(own))
        return Turned(self.whole.scaled(factor), self.grid, forward, self.weight, self.conjugate)

    def matrix(self) -> sparse.csr_array:
        """The matrix on flattened fields."""
        return turned_matrix(self.forward.matrix(), self.grid, self.weight, self.conjugate)


@made_once
def _alone(
    kind: type[Gapped], pattern: Pattern, forward: Pattern, grid: Points, beside: Beside, weight: str | None,
    conjugate: bool,
) -> AnyOperator:  # fmt: skip
    """The transpose without its fields."""
    return Turned(Sweep(pattern), grid, kind(Sweep(forward), grid, beside), weight, conjugate)


def _weighted(operator: AnyOperator, power: int) -> AnyOperator:
    """``W^power A W^-power`` of the measure W of the grid."""
    for a in range(operator.grid.ndim):
        before, behind = (
            operator.grid.kept(_times_cells, a, sign * power, form)
            for sign, form in ((1, operator.outputs), (-1, operator.inputs))
        )
        operator = Product(before, Product(operator, behind))
    return operator


def _times_cells(grid: Points, a: int, power: int, form: Form) -> AnyOperator:
    """Each component times the widths of cells along an axis, or over them."""
    weight = grid.quadrature[a] ** float(power)
    stencil = Stencil(grid.lengths[a], ((0, 0),), (weight,), (), (), values=True, order=-power)
    terms = tuple(Term(i, i, a, stencil) for i in range(prod(form)))
    return Sweep.of(grid, f"cells of axis {a}", terms, form, form)
