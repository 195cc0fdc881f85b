"""Masks of blocks of a grid, and those that are computed with the blocks of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import NamedTuple

import numpy as np

from ..._base.cache import cached_property
from ..._base.types import Array, Shape
from ..boundary import Side
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

    def _over(self, shape: Shape) -> Mask:
        """Nothing is computed for it."""
        return LazyMask(np.broadcast_to(self.lazy, shape), shape, self.breaks, self.side, self.fill)  # type: ignore[arg-type]

    def described(self) -> str:
        """Nothing is computed for it."""
        return "some of them inside"


class Cut(NamedTuple):
    """Where a block is along an axis of the grid."""

    low: int  # its first point
    n: int  # points of the axis
    place: int  # of the axis in the mask


class MaskOfBlock(Mask):
    """The mask of a block of a grid: its `own` points are asked for, and the `rows` of inner ones, beside which stands what these depend on."""

    def __init__(
        self, whole: Mask, inside: Array, cuts: Mapping[int, Cut], own: tuple[slice, ...], rows: tuple[slice, ...]
    ) -> None:  # fmt: skip
        super().__init__(inside, whole.breaks, whole.side, whole.fill)
        self.cuts, self.own, self.rows = cuts, own, rows

    def of_rows(self, flags: Array) -> Array:
        """Those of the inner points."""
        found = np.zeros(self.shape, bool)
        found[self.rows] = flags.reshape(self.shape)[self.rows]
        return found.reshape(-1)

    def is_own(self, points: Array) -> Array:
        """Which are in the middle."""
        flags = np.zeros(self.shape, bool)
        flags[self.own] = True
        found: Array = flags.reshape(-1)[points]
        return found

    def number(self, points: Array) -> Array:
        """Their numbers in the middle alone."""
        ranges = [own.indices(n) for own, n in zip(self.own, self.shape, strict=True)]
        index = [
            at - first for at, (first, *_) in zip(np.unravel_index(points, self.shape), ranges, strict=True)
        ]
        found: Array = np.ravel_multi_index(index, [stop - start for start, stop, _ in ranges])
        return found.astype(points.dtype)

    def order(self, points: Array) -> Array:
        """By where they are on whole axes."""
        return np.lexsort(self.indices(points)[::-1])

    def indices(self, points: Array) -> tuple[Array, ...]:
        """On whole axes."""
        index = list(np.unravel_index(points, self.shape))
        for low, n, place in self.cuts.values():
            index[place] = (index[place] + low) % n
        return tuple(index)

    @property
    def index(self) -> dict[int, Array]:
        """By the axes that it is cut along; batch axes have numbers less than 0."""
        return {k: (own.low + np.arange(self.shape[own.place])) % own.n for k, own in self.cuts.items()}

    def runs(self, k: int, place: int, is_ring: bool) -> Runs:
        """The runs in the block, cut at its ends: of one that goes on there the length is less than it is."""
        if (k, is_ring) not in self._runs:
            low, n, _ = self.cuts.get(k, (0, self.inside.shape[place], place))
            self._runs[k, is_ring] = runs_of(self.inside, self.breaks[k], place, is_ring, (low, n))
        return self._runs[k, is_ring]


def with_mask_of(grid: Points, mask: Mask) -> Points:
    """The grid with another mask, which is not checked: of a block, or unread."""
    made = copy(grid)
    made.mask, made.held = mask, {}
    return made
