"""A plan that was bound to NumPy arrays of one kind: the core looks into the objects for their addresses."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from struct import Struct, pack
from typing import Any

import numpy as np

from ..._base.types import Array
from ..._plan.plan import Plan
from . import core, memory

apply_objects: Any = core.core.gg_apply_objects if core.core is not None and core.offsets else None


class Bound:
    """What `Backend.bind` gives: at each call only facts of addresses are looked at, in C."""

    __slots__ = (
        "address",
        "count",
        "dtype",
        "fresh",
        "head",
        "is_single",
        "more",
        "objects",
        "pieces",
        "room",
        "threads",
    )

    def __init__(self, plan: Plan, dtype: np.dtype, like: Array) -> None:
        self.address, self.dtype = plan.address, dtype
        self.count, self.more = plan.inputs + plan.outputs, range(plan.outputs - 1)
        self.pieces, self.threads = memory.pieces_of(plan), memory.default_workers(plan.traffic)
        self.head, self.objects = self._head(0, self.threads), Struct(f"{self.count}q").pack
        self.is_single = self.count == 2
        # An array in a known order is made faster than one like another.
        order = "C" if like.flags.c_contiguous else "F" if like.flags.f_contiguous else None
        known = order is not None or plan.shape != like.shape
        self.fresh = partial(np.empty, plan.shape, dtype, order or "C") if known else None
        self.room = plan.outputs * prod(plan.shape) * dtype.itemsize if plan.outputs > 1 else 0

    def _head(self, piece: int, threads: int) -> bytes:
        return pack("6q", *(core.offsets or ()), piece, self.pieces, threads, self.count)

    def __call__(
        self, inputs: Sequence[Array], out: Sequence[Array] | None, workers: int | None
    ) -> Sequence[Array] | None:
        """New outputs, or those of `out`; None where the addresses do not allow it."""
        if out is None:
            if self.room:  # a call with `out=` takes no memory
                memory.keep_room(self.room)
                self.room = 0
            fresh = self.fresh or partial(np.empty_like, inputs[0], self.dtype, subok=False)
            out = [fresh()]
            for _ in self.more:
                out.append(fresh())
        if self.is_single:
            objects = self.objects(id(inputs[0]), id(out[0]))
        else:
            objects = self.objects(*map(id, (*inputs, *out)))
        status = apply_objects(
            self.address, (self.head if workers is None else self._head(0, workers)) + objects
        )
        if status:
            if status in core.REFUSED:
                return None
            core.check(status)
        for piece in range(1, self.pieces):  # between pieces Python sees signals
            core.check(apply_objects(self.address, self._head(piece, workers or self.threads) + objects))
        return out
