"""Operators on a grid with gaps: those of the whole grid, and the rows beside the gaps."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, prod
from typing import cast

import numpy as np

from ..._backends.numpy.gaps.points import served, workers_of
from ..._backends.once import made_once
from ..._backends.protocol import Backend, OfFields
from ..._base.checks import clean_workers
from ..._base.late import sparse
from ..._base.outputs import targets_of
from ..._base.tracing import is_compiling
from ..._base.types import Array, In, Out
from ..._base.words import answering
from ..._grid.points import Points
from ..fields.coefficients import beside_gaps, own_fields
from ..fields.factors import Factor, Number
from ..fields.forms import Form, flat, shaped, stack
from ..fields.gather import Fields
from ..fields.grids import check_alike
from ..fields.quantities import check_without_units
from ..fields.sides import are_constants
from ..holding.operator import as_affine
from ..operator import NAMED, AnyOperator, Operator
from ..patterns.kinds import Origin
from ..patterns.pattern import Pattern
from ..sweep import Sweep
from .beside import Beside
from .gapped import Gapped, finished
from .matrix import masked_matrix
from .members import check_poles, members_of
from .places.blocks import AtPoints, overwritten
from .places.flat import Flat
from .turned import Turned


class Masked(Gapped[In, Out]):
    """An operator of a grid with gaps."""

    def on_numbers(
        self, f: object, out: object = None, workers: int | None = None, adds: bool = False
    ) -> object:
        """The sweep, overwritten beside the gaps by rows that do not read across them, and in them by the fill."""
        call = self._gather(f)
        if type(call.samples[0]) is np.ndarray:
            return self._in_place(call, f, out, workers)
        if is_compiling():
            return self._traced(_alone(self.whole.pattern, self.grid, self.beside), call, out)
        if call.library.is_lazy:
            return finished(call, self._in_blocks(call, None), out, self.outputs)
        flat_ = Flat(self.grid, tuple(call.samples[0].shape))
        xp = call.library.operations(*call.samples, *call.coefficients)
        arrays = self._cleaned(xp, flat_, [*call.samples, *call.coefficients])
        samples, coefficients = arrays[: len(call.samples)], arrays[len(call.samples) :]
        found = self.beside_gaps(call.library, self._current(arrays), flat_)
        whole = self.whole.with_coefficients(tuple(coefficients)).swept
        results = flat(self._sweep(whole, shaped(samples, self.inputs), None, workers), self.outputs)
        return finished(call, overwritten(call.library, flat_, self.mask, found, results), out, self.outputs)

    def applied(
        self, f: object, out: object, workers: int | None, fields: dict[str, object] | None
    ) -> object:
        """A call like an earlier one by the core, without a detour; else in full."""
        if type(f) is np.ndarray and not self.inputs and not fields and self.grid.units is None:
            flat_, own = self.beside.known(f.shape), self.coefficients
            if flat_ is not None:
                arrays = (f, *(self.whole.settled(f).coefficients if are_constants(own) else own))
                if all([type(a) is np.ndarray and a.shape == f.shape for a in arrays]):
                    found = self._in_bands(self._current(arrays), flat_, out, workers)
                    if found is not None:
                        return shaped(found, self.outputs) if out is None else out
        return super().applied(f, out, workers, fields)

    def __reduce__(self) -> tuple[object, ...]:
        origin = self.whole.origin
        if origin is not None:
            return Origin.restored, (origin, self.grid, self.coefficients)
        return Masked, (self.whole, self.grid, self.beside)

    def _in_place(self, call: Fields, f: object, out: object, workers: int | None) -> object:
        """The same in NumPy's memory; the rows are computed first, as `out` may be `f`."""
        flat_ = self.beside.flat(tuple(call.samples[0].shape))
        stacked, fields = call.stacked and self.inputs, self._current([*call.samples, *call.coefficients])
        is_stack = out is None and call.stacked and self.outputs
        target = np.empty((*self.outputs, *flat_.shape), fields[0].dtype) if is_stack else out
        made = self._in_bands(fields, flat_, target, workers)
        if made is not None:
            return shaped(made, self.outputs) if target is None else target
        found = self.beside_gaps(call.library, fields, flat_, workers)
        # the sweep alone does not know the dtypes of those that are read beside gaps only
        if call.coefficients:
            f = (
                stack(call.library, call.samples, self.inputs)
                if stacked
                else shaped(call.samples, self.inputs)
            )
        result = self._sweep(self.whole.swept, f, out, workers)
        targets = flat(result, self.outputs) if out is None else targets_of(out, self.outputs, flat_.shape)
        for target, value in zip(targets, found, strict=True):
            flat_.fill(target, self.mask, self.mask.fill, value)
        return result

    def _in_bands(
        self, fields: Sequence[Array], flat_: Flat, out: object, workers: int | None
    ) -> Sequence[Array] | None:
        """The sweep, overwritten band by band in one call of the core; None where that does not serve."""
        targets = None if out is None else targets_of(out, self.outputs, flat_.shape)
        dtype, shape = fields[0].dtype, flat_.shape
        if dtype not in (np.float32, np.float64):
            return None
        for a in (*fields, *(targets or ())):
            if type(a) is not np.ndarray or a.dtype != dtype or a.shape != shape:
                return None
        if not all([a.flags.c_contiguous for a in targets or ()]):
            return None
        made = self.beside.in_bands(self.whole, fields, flat_)
        return None if made is None else made(fields, targets, clean_workers(workers))

    def on(self, grid: Points) -> Masked[In, Out]:
        """The operator on the same grid with other gaps, or on a block of it, without its fields."""
        return Masked(Sweep(self.whole.pattern), grid, self.beside.on(grid))

    def on_block(
        self, library: Backend[Array], flat_: Flat, fields: Sequence[Array], sweep: OfFields
    ) -> list[Array]:
        """What a block becomes."""
        results = sweep(fields)
        return overwritten(library, flat_, self.mask, self.beside_gaps(library, fields, flat_), results)

    def beside_gaps(
        self, library: Backend[Array], fields: Sequence[Array], flat_: Flat, workers: int | None = 1
    ) -> list[AtPoints | None]:
        """Points of each output beside the gaps, and what it is there; None of one without points."""
        found = self._compiled(fields, flat_, workers) if type(fields[0]) is np.ndarray else None
        return self._values(library, fields, flat_, self.beside.patch) if found is None else found

    def _compiled(
        self, arrays: Sequence[Array], flat_: Flat, workers: int | None
    ) -> list[AtPoints | None] | None:
        """Points of each output, and what it is there, by the compiled core; None where it does not serve."""
        rows = self.beside.compiled(arrays[0].dtype)
        if rows is None:
            return None
        inputs = prod(self.inputs)
        fields = [np.reshape(a if flat_.is_plain else a.transpose(flat_.order), flat_.flat) for a in arrays]
        sides = {inputs + k for k, is_side in enumerate(self.whole.pattern.at_gaps) if is_side}
        if any([fields[k].dtype != fields[0].dtype for k in sides]):
            return None  # until they are promoted
        if not served([a for k, a in enumerate(fields) if k not in sides], fields):
            return None
        threads = workers_of(clean_workers(workers))
        found = [None if own is None else (own.points, own(fields, threads)) for own in rows]
        if isnan(self.mask.fill):
            for pair, own, missing in zip(found, rows, self.beside.patch.missing, strict=True):
                if pair is not None and own is not None:
                    pair[1][:, missing[own.order]] = self.mask.fill
        return found

    @answering(NAMED)
    def with_(self, **changes: object) -> Masked[In, Out]:
        """The operator with other options, or of other fields; see `Operator.with_`."""
        made = self.whole.with_(**changes)
        if made.pattern is self.whole.pattern:
            return self._over(made)
        other, at_gaps = masked(made, self.grid), self.whole.pattern.at_gaps
        options = self.whole.origin.kind.options if self.whole.origin is not None else ()
        own = self.whole.with_(**{word: value for word, value in changes.items() if word not in options})
        values = tuple(c for c, is_there in zip(own.coefficients, at_gaps, strict=True) if is_there)
        return other.with_coefficients(other.coefficients[: len(other.coefficients) - len(values)] + values)

    @property
    def linear(self) -> Masked[In, Out]:
        """The operator with 0 in the place of all that is prescribed at walls."""
        whole = self.whole.linear
        if whole is self.whole:
            return self
        return self._over(whole, self.beside.without_walls(own_fields(self.arguments)))

    @property
    def T(self) -> Turned[Out, In]:
        """The transpose as an operator."""
        return Turned(self.whole.T, self.grid, self.linear, None, conjugate=False)

    def adjoint_operator(self, weight: str | None = None) -> Turned[Out, In]:
        """The operator that `adjoint` applies."""
        return Turned(self.whole.adjoint_operator(weight), self.grid, self.linear, weight, conjugate=True)

    def scaled(self, factor: Number) -> Masked[In, Out]:
        """The operator with all weights times a number."""
        return self._over(self.whole.scaled(factor), self.beside.scaled(factor))

    def multiplied(self, factor: Factor) -> Operator[In, Out]:
        """What it gives times a field, in one sweep unless a term has such a factor already."""
        beside = self.beside.multiplied(len(self.coefficients))
        return self._in_one(self.whole.multiplied(factor), beside) or super().multiplied(factor)

    def of_multiplied(self, factor: Factor) -> Operator[In, Out]:
        """The operator of its field times another, in one sweep unless a term has such a factor already."""
        beside = self.beside.of_multiplied(len(self.coefficients))
        return self._in_one(self.whole.of_multiplied(factor), beside) or super().of_multiplied(factor)

    def _in_one(self, whole: Operator[In, Out], beside: Beside | None) -> Masked[In, Out] | None:
        """What is one sweep with a factor, beside the gaps with it too."""
        return self._over(whole, beside) if isinstance(whole, Sweep) and beside is not None else None

    def as_factor(self) -> Factor | None:
        """The field by which it multiplies, if it does nothing else."""
        return self.whole.as_factor()

    def on_each_component(self, form: Form, is_linear: bool) -> AnyOperator:
        """The operator on each component, see `Operator`."""
        whole = cast(Sweep, self.whole.on_each_component(form, is_linear).bare)
        return self if whole is self.whole else as_affine(masked(whole, self.grid).held(), is_linear)

    def summed(self, other: Operator[In, Out]) -> Operator[In, Out]:
        """The sum with another operator of the same fields, one sweep where that is one."""
        if not isinstance(other, Masked):
            return super().summed(other)
        check_alike(self, other)
        beside = self.beside.plus(other.beside, len(self.coefficients))
        return self._over(cast("Sweep[In, Out]", self.whole.plus(other.whole)), beside)

    def matrix(self) -> sparse.csr_array:
        """The matrix on flattened fields."""
        if self.linear is not self:
            return self.linear.matrix()
        whole = self.whole.matrix()
        check_without_units(self, "a matrix")
        return masked_matrix(whole, self.grid, self.beside.patch, self.whole.current_coefficients())


def masked(whole: Sweep[In, Out], grid: Points) -> Masked[In, Out]:
    """An operator of the whole grid on the same grid with gaps."""
    assert grid.mask is not None
    conditions = grid.mask.conditions
    members = members_of(whole, grid)
    check_poles(whole.name, members, grid)
    beside = Beside(grid, members, prod(whole.inputs), prod(whole.outputs))
    if conditions and any(member.lines for member in members):
        arguments, given = beside_gaps(conditions)
        whole = Sweep(whole.pattern.with_gaps(arguments), whole.coefficients + given)
    return Masked(whole, grid, beside)


@made_once
def _alone(pattern: Pattern, grid: Points, beside: Beside) -> AnyOperator:
    """The operator without its fields."""
    return Masked(Sweep(pattern), grid, beside)
