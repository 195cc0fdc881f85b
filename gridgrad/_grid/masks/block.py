"""Masks of blocks of a grid, and those that are computed with the blocks of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from functools import cached_property

import numpy as np

from ..._base.types import Array, Shape
from ..ends import Side
from ..points import Points
from .mask import Mask
from .runs import Runs, runs_of


class LazyMask(Mask):
    """A mask that is still to be computed; in a task, to which it comes by blocks, there is none (`lazy` is None)."""

    def __init__(
        self, lazy: Array | None, shape: Shape, breaks: tuple[tuple[int, ...], ...], side: Side, fill: float
    ) -> None:
        self.lazy, self._shape, self.breaks, self.side, self.fill = lazy, shape, breaks, side, fill
        self._runs = {}

    @cached_property
    def inside(self) -> Array:  # type: ignore[override]
        """It computes the array, for what asks for all points at once."""
        return np.broadcast_to(True, self._shape) if self.lazy is None else np.asarray(self.lazy)

    def __eq__(self, other: object) -> bool:
        """Arrays of one name are computed alike; nothing is computed for it."""
        if not isinstance(other, LazyMask):
            return False
        name: object = getattr(self.lazy, "name", None)
        return self is other or (
            name is not None and name == getattr(other.lazy, "name", None) and self._is_like(other)
        )

    @property
    def shape(self) -> Shape:
        """Known beforehand."""
        return self._shape

    def described(self) -> str:
        """Nothing is computed for it."""
        return "some of them inside"


class MaskOfBlock(Mask):
    """The mask of a block of a grid: rows of its inner points are asked for, `beside` them stands what these depend on.

    `along` has for each axis of the grid that it is cut along its first point, and how many the axis has.
    """

    def __init__(
        self, whole: Mask, inside: Array, along: Mapping[int, tuple[int, int]], rows: tuple[slice, ...]
    ) -> None:
        super().__init__(inside, whole.breaks, whole.side, whole.fill)
        self.along, self.rows = along, rows

    def of_rows(self, flags: Array) -> Array:
        """Those of the inner points."""
        found = np.zeros(self.shape, bool)
        found[self.rows] = flags.reshape(self.shape)[self.rows]
        return found.reshape(-1)

    def runs(self, k: int, place: int, is_ring: bool) -> Runs:
        """The runs in the block, cut at its ends: of one that goes on there the length is less than it is."""
        if (k, is_ring) not in self._runs:
            block = self.along.get(k, (0, self.inside.shape[place]))
            self._runs[k, is_ring] = runs_of(self.inside, self.breaks[k], place, is_ring, block)
        return self._runs[k, is_ring]


def with_mask_of(grid: Points, mask: Mask) -> Points:
    """The grid with another mask, which is not checked: of a block, or unread."""
    made = copy(grid)
    made.mask, made._kept = mask, {}
    return made
