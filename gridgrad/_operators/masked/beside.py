"""What an operator's rows beside gaps are made of, once for all fields and calls."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from math import isnan, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._backends.ladder import bound
from ..._backends.numpy import BACKEND, memory
from ..._backends.numpy.gaps.bands import InBands, are_near, edges_of, lines_of, places_in
from ..._backends.numpy.gaps.points import RowsAtPoints
from ..._backends.once import made_once
from ..._backends.operations import Operations, name_of
from ..._backends.protocol import Backend
from ..._base.cache import cached_property
from ..._base.types import Array, DType
from ..._grid.points import Points
from ..._terms.adjoint import conjugate_terms
from ..._terms.term import shifted, turned
from ..fields.factors import Number
from .members import Member, moved
from .patch import Gathered, Patch, compiled, patch_of, transposed_patch
from .places.blocks import OnBlocks
from .places.flat import Flat, Flats

if TYPE_CHECKING:
    from ..sweep import Sweep


class Beside(Flats):
    """The rows of an operator beside gaps: what does not depend on its fields. Made at the first use."""

    def __init__(self, grid: Points, members: tuple[Member, ...], inputs: int, outputs: int) -> None:
        assert grid.mask is not None
        super().__init__(grid)
        self.members, self.inputs, self.outputs, self.mask = members, inputs, outputs, grid.mask
        self._transposed: dict[tuple[str | None, bool], Patch] = {}
        self._gathered: dict[Hashable, Gathered] = {}
        self._regular: dict[int, Array] = {}  # by outputs
        # the operators on blocks of the grid, where its mask is known
        self.blocks: dict[Hashable, dict[Hashable, OnBlocks]] = {}
        self._compiled: dict[DType, list[RowsAtPoints | None] | None] = {}
        self._in_bands: dict[Hashable, InBands | None] = {}

    @cached_property
    def patch(self) -> Patch:
        """What overwrites."""
        return patch_of(self.members, self.inputs, self.outputs, self.mask)

    def regular(self, output: int) -> Array:
        """Which points count and have the rows of the whole grid."""
        if output not in self._regular:
            flags = self.mask.inside.copy()
            flags.reshape(-1)[self.patch.points[output]] = False
            self._regular[output] = flags
        return self._regular[output]

    def compiled(self, dtype: DType) -> list[RowsAtPoints | None] | None:
        """For each output its rows for the compiled core, where that serves; None of one without points."""
        if dtype not in self._compiled:
            beside = {part.input for part in self.patch.parts if part.at_gaps}
            edges = edges_of(prod(self.mask.shape))
            self._compiled[dtype] = compiled(
                self.patch, dtype, edges, lambda k, points: points if k in beside else None
            )
        return self._compiled[dtype]

    def in_bands(self, whole: Sweep[Any, Any], fields: Sequence[Array], flat_: Flat) -> InBands | None:
        """A sweep over fields in NumPy's memory, all of one kind, with what overwrites it; None where the core does not do both."""
        if not flat_.is_plain or flat_.flat[0] > 1 or memory.apply_objects is None:
            return None
        key = flat_.shape, fields[0].dtype, *[f.strides for f in fields]
        if key not in self._in_bands:
            if len(self._in_bands) >= 64:
                self._in_bands.clear()
            self._in_bands[key] = self._made_in_bands(whole, fields, flat_)
        return self._in_bands[key]

    def _made_in_bands(self, whole: Sweep[Any, Any], fields: Sequence[Array], flat_: Flat) -> InBands | None:
        dtype, points = fields[0].dtype, prod(self.mask.shape)
        swept = whole.swept.pattern
        at_gaps = (*[False] * self.inputs, *whole.pattern.at_gaps)
        own = [k for k, is_out in enumerate(at_gaps) if not is_out]
        outputs = [np.empty(flat_.shape, dtype) for _ in range(self.outputs)]
        plan = bound(BACKEND, swept.terms_for(flat_.shape), [fields[k] for k in own], outputs)
        if plan is None or points >= 1 << 31 or not are_near(fields):
            return None
        edges = edges_of(points, lines_of(plan))
        if len(edges) <= memory.default_workers(plan.traffic):
            return None  # threads would have nothing to do

        def where(k: int, at: Array) -> Array | None:
            return None if k in own and fields[k].flags.c_contiguous else places_in(fields[k], at)

        rows = compiled(self.patch, dtype, edges, where)
        if rows is None:
            return None
        outside = [~self.mask.inside.reshape(-1) for _ in rows]
        if isnan(self.mask.fill):
            for flags, at, missing in zip(outside, self.patch.points, self.patch.missing, strict=True):
                flags[at[missing]] = True
        return InBands(plan, fields, edges, own, rows, outside, self.mask.fill)

    def transposed(self, weight: str | None, conjugate: bool) -> Patch:
        """What is added to the transpose, or to the adjoint."""
        if (weight, conjugate) not in self._transposed:
            measure = None if weight is None else self.mask.spread(self.grid.measure_of(self.mask.index))
            made = transposed_patch(self.patch, self.inputs, self.outputs, measure, conjugate, self.mask)
            self._transposed[weight, conjugate] = made
        return self._transposed[weight, conjugate]

    def again(self) -> Beside:
        """The same rows beside another sweep."""
        made = self._of(self.members)
        vars(made).update(vars(self) | {"_in_bands": {}})
        return made

    def on(self, grid: Points) -> Beside:
        """The same on the grid with other gaps."""
        return Beside(grid, moved(self.members, grid), self.inputs, self.outputs)

    def _of(self, members: Iterable[Member]) -> Beside:
        return Beside(self.grid, tuple(members), self.inputs, self.outputs)

    @made_once
    def scaled(self, factor: Number) -> Beside:
        """Times a number: times its parts, the imaginary one a quarter turn further."""
        if not isinstance(factor, complex):
            return self._of(member.scaled(factor) for member in self.members)
        parts = [(part, turns) for part, turns in ((factor.real, 4), (factor.imag, 1)) if part] or [(0.0, 4)]
        return self._of(
            member.of(turned((member.term,), turns)[0]).scaled(part)
            for part, turns in parts
            for member in self.members
        )

    @made_once
    def conjugated(self) -> Beside:
        """With the conjugates of all numbers."""
        return self._of(member.of(conjugate_terms((member.term,))[0]) for member in self.members)

    @made_once
    def multiplied(self, factor: int) -> Beside | None:
        """What comes out times a coefficient; None where it is multiplied already."""
        if any(member.term.outer is not None for member in self.members):
            return None
        return self._of(member.of(member.term._replace(outer=factor)) for member in self.members)

    @made_once
    def of_multiplied(self, factor: int) -> Beside | None:
        """What goes in times a coefficient; None where it is multiplied already."""
        if any(member.term.inner is not None for member in self.members if member.term.input < self.inputs):
            return None
        return self._of(
            member.of(member.term._replace(inner=factor)) if member.term.input < self.inputs else member
            for member in self.members
        )

    @made_once
    def plus(self, other: Beside, fields: int) -> Beside:
        """Those of a sum, in which the coefficients of `other` come behind so many `fields` of these."""
        moved = [member.of(shifted((member.term,), fields, self.inputs)[0]) for member in other.members]
        return self._of((*self.members, *moved))

    @made_once
    def without_walls(self, fields: list[int]) -> Beside:
        """Those that read no prescribed value, of coefficients of which only these are left."""
        members = tuple(
            member.of(member.term.with_factors(fields.index))
            for member in self.members
            if member.term.input < self.inputs
        )
        return Beside(self.grid, members, self.inputs, self.outputs)

    def gathered(
        self, patch: Patch, library: Backend[Array], xp: Operations, real: object, like: Array
    ) -> Gathered:
        """A patch in the library of an array, kept where arrays outlive their call."""
        if library.facts(like) is None:
            return Gathered(xp, patch, real, like)
        key = (id(patch), library.name, name_of(real), str(getattr(like, "device", "")))
        if key not in self._gathered:
            self._gathered[key] = Gathered(xp, patch, real, like)
        return self._gathered[key]

    def __reduce__(self) -> tuple[object, ...]:
        return Beside, (self.grid, self.members, self.inputs, self.outputs)
