"""What operators on a grid with gaps, and their transposes, have in common."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import isnan, prod
from typing import Any, Self, cast

import numpy as np

from ..._backends import dispatch, ladder, slices
from ..._backends.operations import Operations
from ..._backends.protocol import Backend, Call
from ..._base.checks import masked_arrays
from ..._base.errors import MISSING, ArgumentTypeError
from ..._base.outputs import targets_of
from ..._base.types import Array, In, Out
from ..._grid.points import Points
from ..._terms.term import Join, Term, joins_of
from ..._wraps.units import present, unwrap
from ..catalogue.norm import OfSlopes
from ..fields import quantities
from ..fields.coefficients import Coefficients, Given, conjugated
from ..fields.factors import Factor
from ..fields.forms import Form, flat, shaped, stack
from ..fields.gather import Fields, check_add, gather
from ..fields.sides import Side, are_constants
from ..joined import Joinable, Product
from ..operator import AnyOperator, Operator
from ..sweep import Sweep, held, multiplication
from .beside import Beside
from .patch import Patch
from .places.blocks import AtPoints, Blocks, OnBlocks
from .places.flat import Flat


class OverWhole(Joinable[In, Out]):
    """A sweep over the whole grid, whose results count where its fields have no gaps. Not to be changed."""

    whole: Sweep[In, Out]
    name: str
    terms: tuple[Term, ...]
    coefficients: Coefficients

    def __repr__(self) -> str:
        return f"{self.whole!r} with gaps"

    def held(self) -> Operator[In, Out]:
        """The operator of all fields, whatever they have at points on walls at ends."""
        return held(self, self.terms)

    def _over(self, whole: Sweep[In, Out]) -> Self:
        """The same of another sweep, of other fields."""
        raise NotImplementedError

    def applied_to(
        self, f: object, out: object = None, workers: int | None = None, add: bool = False, fields: dict[str, object] | None = None
    ) -> object:  # fmt: skip
        """Apply the operator, as on the whole grid."""
        check_add(add, out)
        return self._joining(f, out, workers, fields) if add else self.applied(f, out, workers, fields)

    def _joining(
        self, f: object, out: object, workers: int | None, fields: dict[str, object] | None
    ) -> object:
        """A call that adds to what `out` holds."""
        values = flat(self.applied(f, None, workers, fields), self.outputs)
        shapes = [tuple(value.shape) for value in values]
        targets = targets_of(out, self.outputs, shapes[0])
        numbers = [unwrap(value, "f")[0] for value in values]
        places = [unwrap(target, "out")[0] for target in targets]
        library = dispatch.samples(numbers[0])[0]
        ladder.check_targets(library, places, numbers, numbers[0].dtype, shapes)
        for target, value in zip(targets, values, strict=True):
            target[...] += value
        return out

    def applied(
        self, f: object, out: object, workers: int | None, fields: dict[str, object] | None
    ) -> object:
        """A call that is looked at in full."""
        if fields:
            return self.of_fields(fields, "__call__").applied_to(f, out, workers)
        own = self
        if f is not MISSING and are_constants(self.coefficients):
            own = self._over(cast("Sweep[In, Out]", self.whole.settled(f)))
        if self.grid.units is not None or present(f, out, *own.coefficients):
            return quantities.operator(own, f, out, workers)
        return own.on_numbers(f, out, workers)

    def on_numbers(
        self, f: object, out: object = None, workers: int | None = None, adds: bool = False
    ) -> object:
        """The operator applied to arrays without units, as if its grid had none."""
        raise NotImplementedError

    def of_numbers(self, coefficients: Coefficients) -> Self:
        """The operator of the same coefficients without their units."""
        return self._over(self.whole.of_numbers(coefficients))

    def _gather(self, f: object) -> Fields:
        pattern = self.whole.pattern
        call = gather(
            f, self.inputs, self.coefficients, check=pattern.terms_for, arguments=self.arguments,
            is_turned=pattern.is_turned, beside=pattern.beside,
        )  # fmt: skip
        arrays = (*call.samples, *call.coefficients)
        call.library.among(arrays)
        # or has chunks that are
        if any(isinstance(getattr(a, "_meta", a), masked_arrays()) for a in arrays):
            raise ArgumentTypeError(
                "f or a coefficient is a masked array, and the grid has a mask of its own, of with_mask, with_breaks, missing= or breaks=; give numbers, "
                "(f * 1.0).filled(numpy.nan), of Dask's chunks (f * 1.0).map_blocks(numpy.ma.filled, numpy.nan): NaN is not read outside of such a mask, "
                'nor by functions with missing="one-sided", and is elsewhere NaN in what reads it'
            )
        return call

    def _sweep(self, whole: Sweep[In, Out], f: object, out: object, workers: int | None) -> object:
        """The sweep over the whole grid, on numbers."""
        if self.grid.has_units:
            return whole.on_numbers(f, out, workers)
        made: object = whole.applied_to(f, out, workers)
        return made

    def with_own(self, fields: dict[str, object]) -> Self:
        """The operator of those other fields whose names it has."""
        return self._over(self.whole.with_own(fields))

    def with_first(self, fields: Coefficients) -> Self:
        """The operator of its own fields, in front of what is prescribed at walls."""
        return self._over(self.whole.with_first(fields))

    def of_copies(self) -> Self:
        """The operator of copies of its fields, as they are now; what is prescribed at walls stays what it is."""
        return self._over(self.whole.of_copies())

    def with_coefficients(self, coefficients: Coefficients) -> Self:
        """The operator of these fields."""
        return self._over(self.whole.with_coefficients(coefficients))

    def taken(self) -> list[Given]:
        """The arguments that it was made with, each with its fields."""
        return self.whole.taken()

    def ratio_of_measures(self, grid: Points, other: Points, form: Form) -> AnyOperator | None:
        """The multiplication with ``grid.measure / other.measure`` on fields of this form; None where it is 1."""
        return self.whole.ratio_of_measures(grid, other, form)

    def is_at_points(self) -> bool:
        """Whether each result is made of its own point alone."""
        return self.whole.is_at_points()

    def multiplied(self, factor: Factor) -> Operator[In, Out]:
        """What it gives times a field."""
        return Product(multiplication(self.grid_out, self.outputs, factor), self)

    def of_multiplied(self, factor: Factor) -> Operator[In, Out]:
        """The operator of its field times another."""
        return Product(self, multiplication(self.grid, self.inputs, factor))

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""
        return self.whole.result_name(given)


class Gapped(OverWhole[In, Out], OnBlocks):
    """A sweep over the whole grid, and what its results are instead beside and in the gaps."""

    def __init__(self, whole: Sweep[In, Out], grid: Points, beside: Beside) -> None:
        assert grid.mask is not None
        self.whole, self.grid, self.beside = whole, grid, beside
        self.mask = grid.mask
        self.name, self.terms, self.coefficients = whole.name, whole.terms, whole.coefficients
        self.inputs, self.outputs, self.arguments = whole.inputs, whole.outputs, whole.arguments
        self.grids_in, self.grids_out = self._of(0, self.inputs), self._of(1, self.outputs)
        self.__doc__ = whole.__doc__

    def _over(self, whole: Sweep[In, Out], beside: Beside | None = None) -> Self:
        return type(self)(whole, self.grid, self.beside if beside is None else beside)

    def _current(self, arrays: Sequence[Array]) -> list[Array]:
        """Fields, and coefficients as the terms read them."""
        inputs = prod(self.inputs)
        return [*arrays[:inputs], *conjugated(self.arguments, tuple(arrays[inputs:]))]

    def _traced(self, alone: object, call: Fields, out: object) -> object:
        """The call as one node of a compiler's graph, `alone` being the operator without its fields."""
        library: Any = call.library  # that of tensors, while a compiler traces
        made = library.traced_whole(alone, call.samples, call.coefficients, out)
        return finished(call, made, None, self.outputs)

    def on_components(self, fields: Sequence[Array], coefficients: Sequence[Array]) -> list[Array]:
        """The operator with its fields, applied to components: what a compiler's graph calls."""
        own = self.with_coefficients(tuple(coefficients))
        return flat(own.on_numbers(shaped(list(fields), self.inputs)), self.outputs)

    def _in_blocks(self, call: Fields, kind: Hashable) -> list[Array]:
        """Lazy fields in chunks, each with the rows of its own; those of operators of one `kind` are kept together."""
        pattern, library = self.whole.pattern, call.library
        fields = self._current([*call.samples, *call.coefficients])
        flat_ = Flat(self.grid, tuple(call.samples[0].shape))
        are_parts = bool(joins_of(self.terms)) and slices.is_complex(slices.leading(fields))
        if are_parts:
            pattern, fields = cast(OfSlopes, self.whole).of_parts().pattern, ladder.parts_of(library, fields)
        blocks = Blocks(self, flat_, self.beside.blocks.setdefault(kind, {}), are_parts)
        whole = Call(pattern.terms_for(flat_.shape), prod(self.outputs))
        return cast("list[Array]", library.in_blocks(whole, fields, blocks.inside, blocks))

    def _values(
        self, library: Backend[Array], fields: Sequence[Array], flat_: Flat, patch: Patch
    ) -> list[AtPoints | None]:
        """Points of each output in a patch, and what it is there; None of one without points."""
        xp, like = library.operations(*fields), slices.leading(fields)
        real, kept = slices.arithmetic_of(xp, like, self.terms), slices.result_dtype(xp, like)
        gathered = self.beside.gathered(patch, library, xp, real, like)
        joins = joins_of(self.terms)
        found: list[AtPoints | None] = []
        with np.errstate(all="ignore"):
            for output, values in enumerate(gathered.values([flat_.of(xp, a) for a in fields])):
                if not values:
                    found.append(None)
                    continue
                whole = slices.joined(xp, joins.get(output, Join.TOTAL), values)
                if isnan(self.mask.fill) and patch.missing[output].any():
                    missing = xp.weights(patch.missing[output][None], None, like)
                    whole = xp.where(missing, xp.full_like(whole, self.mask.fill), whole)
                is_size = output in joins and slices.is_complex(like)  # real, of complex numbers
                stored = slices.stored(xp, whole, xp.real(like).dtype if is_size else kept)
                found.append((patch.points[output], stored))
        return found

    def _cleaned(self, xp: Operations, flat_: Flat, arrays: Sequence[Array]) -> list[Array]:
        """Fields with 0 at the points that do not count, so that nothing that stands there spreads; a wall counts where its point does not.

        Samples of NumPy are as they are: what is read of them is chosen.
        """
        inside = xp.weights(flat_.spread(self.mask.inside), None, arrays[0])
        of_walls = [isinstance(own.side, Side) for own in self.arguments for _ in range(own.fields)]
        kept = [type(arrays[0]) is np.ndarray] * prod(self.inputs) + of_walls
        return [
            a if is_kept else xp.where(inside, a, xp.zeros_like(a))
            for a, is_kept in zip(arrays, kept, strict=True)
        ]


def finished(call: Fields, made: list[Array], out: object, form: Form) -> object:
    """New results in the form that was asked for, or written where they were wanted."""
    if out is not None:
        shapes = [tuple(value.shape) for value in made]
        targets = targets_of(out, form, shapes[0])
        ladder.check_targets(call.library, targets, made, made[0].dtype, shapes)
        for target, value in zip(targets, made, strict=True):
            call.library.assign(target, value)
        return out
    if call.stacked and form:
        return stack(call.library, made, form)
    return shaped(made, form)
