"""What an operator's rows beside gaps are made of, once for all fields and calls."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cached_property

import numpy as np

from ..._backends.operations import Operations, name_of
from ..._backends.protocol import Backend
from ..._base.types import Array
from ..._grid.points import Points
from .members import Member
from .patch import Gathered, Patch, patch_of, transposed_patch


class Beside:
    """The rows of an operator beside gaps: what does not depend on its fields. Made at the first use."""

    def __init__(self, grid: Points, members: tuple[Member, ...], inputs: int, outputs: int) -> None:
        assert grid.mask is not None
        self.grid, self.members, self.inputs, self.outputs, self.mask = (
            grid,
            members,
            inputs,
            outputs,
            grid.mask,
        )
        self._transposed: dict[str | None, Patch] = {}
        self._gathered: dict[Hashable, Gathered] = {}

    @cached_property
    def patch(self) -> Patch:
        """What overwrites."""
        return patch_of(self.members, self.inputs, self.outputs)

    def transposed(self, weight: str | None) -> Patch:
        """What is added to the transpose."""
        if weight not in self._transposed:
            measure = (
                None if weight is None else np.broadcast_to(self.grid.measure, self.mask.shape).reshape(-1)
            )
            self._transposed[weight] = transposed_patch(self.patch, self.inputs, self.outputs, measure)
        return self._transposed[weight]

    def scaled(self, factor: float) -> Beside:
        """Times a number."""
        return Beside(
            self.grid, tuple(member.scaled(factor) for member in self.members), self.inputs, self.outputs
        )

    def plus(self, other: Beside) -> Beside:
        """Those of a sum, in which the coefficients of `other` come last."""
        return Beside(self.grid, self.members + other.members, self.inputs, self.outputs)

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
