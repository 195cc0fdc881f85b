"""The rows beside gaps of one block of a grid, made where the block is: of its part of the mask, and what is beside it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol, Self

import numpy as np

from ...._backends.protocol import Backend, Place
from ...._base.types import Array
from ...._grid.masks.block import LazyMask, MaskOfBlock, with_mask_of
from ...._grid.masks.mask import Mask
from ...._grid.masks.piece import HALF
from ...._grid.points import Points
from .flat import Flat, placed

AtPoints = tuple[Array, Array]  # points, and values there, of shape (batch, points)


class OnBlocks(Protocol):
    """What is asked of an operator of a grid with gaps."""

    grid: Points
    mask: Mask

    def on(self, grid: Points) -> Self:
        """The same on the grid with other gaps, without its fields."""

    def beside_gaps(
        self, library: Backend[Array], fields: Sequence[Array], flat_: Flat
    ) -> list[AtPoints | None]:
        """Points of each output beside the gaps, and what it is there; None of one without points."""


class Blocks:
    """What the blocks of all fields of a call have in common; small enough to travel.

    A row depends on the lengths of the runs that it is in up to ``2 * HALF`` points, so that as many beside a block, and
    the one behind, are enough to know it.
    """

    halo = 2 * HALF + 1

    def __init__(self, operator: OnBlocks, flat_: Flat, known: dict[Hashable, OnBlocks] | None) -> None:
        self.operator, self.flat, self.known = operator, flat_, known
        grid = operator.grid
        lines = {self._axis(k): line for k, line in enumerate(grid.lines)}
        self.rings = tuple(a in lines and lines[a].is_periodic for a in range(len(flat_.shape)))

    def __reduce__(self) -> tuple[object, ...]:
        mask = self.operator.mask
        unread = LazyMask(None, mask.shape, mask.breaks, mask.side, mask.fill)
        bare = self.operator.on(with_mask_of(self.operator.grid, unread))
        return Blocks, (bare, self.flat, None if self.known is None else {})

    def _axis(self, k: int) -> int:
        """Which of the fields' axes is axis `k` of the grid."""
        grid, order = self.operator.grid, self.flat.order
        return order[len(order) - grid.ndim + grid.places[k]]

    def put(
        self, library: Backend[Array], places: Sequence[Place | None], inside: Array, fields: Sequence[Array], results: list[Array]
    ) -> list[Array]:  # fmt: skip
        """The `results` of a sweep with those rows in the places of theirs; `fields` are as large as `inside`."""
        operator = self._on(places, inside)
        mask = operator.mask
        assert isinstance(mask, MaskOfBlock)
        found = operator.beside_gaps(library, fields, self.flat.sized(tuple(fields[0].shape)))
        own = self.flat.sized(tuple(results[0].shape))
        rows = Mask(np.ascontiguousarray(mask.inside[mask.rows]), mask.breaks, mask.side, mask.fill)
        moved = [None if pair is None else (_moved(pair[0], mask), pair[1]) for pair in found]
        if type(results[0]) is np.ndarray:
            for result, pair in zip(results, moved, strict=True):
                own.overwrite(result, pair, rows)
            return results
        outside, xp = np.flatnonzero(~rows.inside), library.operations(*results)
        pairs = [(np.zeros(0, np.intp), None) if pair is None else pair for pair in moved]
        return [
            placed(xp, own, result, points, values, outside, mask.fill)
            for result, (points, values) in zip(results, pairs, strict=True)
        ]

    def _on(self, places: Sequence[Place | None], inside: Array) -> OnBlocks:
        """The operator on a block; kept where the mask will be the same again."""
        key = (
            *[None if own is None else (own.low, own.rows.start, own.rows.stop) for own in places],
            inside.shape, np.packbits(inside).tobytes(),
        )  # fmt: skip
        made = None if self.known is None else self.known.get(key)
        if made is None:
            made = self.operator.on(with_mask_of(self.operator.grid, self._mask(places, inside)))
            if self.known is not None:
                self.known[key] = made
        return made

    def _mask(self, places: Sequence[Place | None], inside: Array) -> MaskOfBlock:
        grid, of_mask = self.operator.grid, self.flat.order[self.flat.batch :]
        turned = inside.transpose(self.flat.order)
        own = np.ascontiguousarray(turned.reshape(turned.shape[self.flat.batch :]))
        along = {}
        for k, n in enumerate(grid.lengths):
            place = places[self._axis(k)]
            if place is not None:
                along[k] = place.low % n, n
        rows = tuple([slice(None) if place is None else place.rows for place in (places[a] for a in of_mask)])
        return MaskOfBlock(self.operator.mask, own, along, rows)


def _moved(points: Array, mask: MaskOfBlock) -> Array:
    """Points of a block with what is beside it, counted in the block."""
    starts, shape = [], []
    for rows, n in zip(mask.rows, mask.shape, strict=True):
        start, stop, _ = rows.indices(n)
        starts.append(start)
        shape.append(stop - start)
    index = np.unravel_index(points, mask.shape)
    found: Array = np.ravel_multi_index([at - start for at, start in zip(index, starts, strict=True)], shape)
    return found.astype(points.dtype)
