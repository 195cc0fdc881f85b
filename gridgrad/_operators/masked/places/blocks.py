"""The rows beside gaps of one block of a grid, made where the block is: of its part of the mask, and what is beside it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Self

import numpy as np

from ...._backends.protocol import Backend, OfFields, Place
from ...._base.types import Array
from ...._grid.masks.block import Cut, LazyMask, MaskOfBlock, with_mask_of
from ...._grid.masks.mask import Mask
from ...._grid.masks.piece import HALF
from ...._grid.points import Points
from .flat import Flat, placed

AtPoints = tuple[Array, Array]  # points, and values there, of shape (batch, points)


class OnBlocks:
    """An operator of a grid with gaps, which is applied block by block."""

    grid: Points
    mask: Mask
    reach = 0  # how far beside a block rows are of which its results are made

    def on(self, grid: Points) -> Self:
        """The operator on the same grid with other gaps, or on a block of it, without its fields."""
        raise NotImplementedError

    def on_block(
        self, library: Backend[Array], flat_: Flat, fields: Sequence[Array], sweep: OfFields
    ) -> list[Array]:
        """What a block becomes, `fields` being those of it and of what is beside it, from which `sweep` makes all but rows beside gaps."""
        raise NotImplementedError


class Blocks:
    """What the blocks of all fields of a call have in common; small enough to travel.

    A row depends on the lengths of the runs that it is in up to ``2 * HALF`` points, so that as many beside it, and
    the one behind, are enough to know it. Blocks of one mask are kept in `known`, where it is known before.
    """

    def __init__(
        self, operator: OnBlocks, flat_: Flat, known: dict[Hashable, OnBlocks] | None, are_parts: bool = False
    ) -> None:
        self.operator, self.flat, self.are_parts = operator, flat_, are_parts
        self.known = known if operator.mask.lazy is None else None
        self.reach, self.halo = operator.reach, operator.reach + 2 * HALF + 1
        grid = operator.grid
        axes = {self._axis(k): axis.is_periodic for k, axis in enumerate(grid.axis_objects)}
        if grid.has_lines:  # whose numbers count through batch axes
            axes |= {a: False for a in flat_.order[flat_.batch : -grid.ndim]}
        self.rings = tuple(map(axes.get, range(len(flat_.shape))))

    @property
    def inside(self) -> Array:
        """The mask as one that broadcasts to the fields; as lazy as it is."""
        mask = self.operator.mask
        return self.flat.spread(mask.inside if mask.lazy is None else mask.lazy)

    def __reduce__(self) -> tuple[object, ...]:
        mask = self.operator.mask
        unread = LazyMask(None, mask.shape, mask.breaks, mask.side, mask.fill)
        bare = self.operator.on(with_mask_of(self.operator.grid, unread))
        return Blocks, (bare, self.flat, None if self.known is None else {}, self.are_parts)

    def _axis(self, k: int) -> int:
        """Which of the fields' axes is axis `k` of the grid."""
        grid, order = self.operator.grid, self.flat.order
        return order[len(order) - grid.ndim + grid.places[k]]

    def made(
        self, library: Backend[Array], places: Sequence[Place | None], inside: Array, fields: list[Array], sweep: OfFields
    ) -> list[Array]:  # fmt: skip
        """The results of a block; `fields` are as large as `inside`."""
        operator = self._on(places, inside)
        flat_ = self.flat.sized(tuple(fields[0].shape))
        if not self.are_parts:
            return operator.on_block(library, flat_, fields, sweep)
        xp = library.operations(*fields)
        whole = xp.complex_of(*fields)
        return operator.on_block(
            library, flat_, [whole], lambda own: sweep([xp.real(own[0]), xp.imag(own[0])])
        )

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
        numbers = {self._axis(k): k for k in range(grid.ndim)}
        cuts = {}
        for d, (axis, n) in enumerate(zip(of_mask, self.operator.mask.shape, strict=True)):
            place = places[axis]
            if place is not None:
                cuts[numbers.get(axis, d - len(of_mask))] = Cut(place.low % n, n, d)
        middle = [slice(None) if place is None else place.rows for place in (places[a] for a in of_mask)]
        rows = tuple([_wider(part, self.reach) for part in middle])
        return MaskOfBlock(self.operator.mask, own, cuts, tuple(middle), rows)


def overwritten(
    library: Backend[Array], flat_: Flat, mask: Mask, found: Sequence[AtPoints | None], results: list[Array]
) -> list[Array]:
    """The `results`, of all or of a block, with what was `found` at points beside gaps in the places of theirs."""
    if isinstance(mask, MaskOfBlock):
        flat_ = flat_.sized(tuple(results[0].shape))
        found = numbered(mask, found)
        mask = Mask(np.ascontiguousarray(mask.inside[mask.own]), mask.breaks, mask.side, mask.fill)
    if type(results[0]) is np.ndarray:
        for result, pair in zip(results, found, strict=True):
            flat_.fill(result, mask, mask.fill, pair)
        return results
    outside, xp = np.flatnonzero(~mask.inside), library.operations(*results)
    return [
        placed(xp, flat_, result, pair, outside, mask.fill)
        for result, pair in zip(results, found, strict=True)
    ]


def numbered(mask: Mask, found: Sequence[AtPoints | None]) -> list[AtPoints | None]:
    """Points by their numbers among those of a mask, or of the block that it is of."""
    return [None if pair is None else (mask.number(pair[0]), pair[1]) for pair in found]


def _wider(part: slice, reach: int) -> slice:
    return part if part.start is None else slice(max(0, part.start - reach), part.stop + reach)
