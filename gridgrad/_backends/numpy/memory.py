"""How the compiled core runs a plan, in pieces and on threads: at addresses, or where the objects of arrays say."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from math import prod
from struct import Struct, pack
from typing import Any

import numpy as np

from ..._base.types import Array
from ..._plan.plan import Plan
from . import core

PIECE_BYTES = 128 << 20  # moved between two looks at pending signals: at most half a second, and 50 ms of most calls
ROOM_BYTES = (32 << 20) - (64 << 10)  # beyond that glibc asks the system for each array, and gives it back
ALIVE = 8  # results of operators and of NumPy that a right-hand side holds at once
THREAD_BYTES = 16 << 20  # a call that moves less stays on the caller's thread

apply_objects: Any = core.core.gg_apply_objects if core.core is not None and core.offsets else None


def run(plan: Plan, addresses: Sequence[int], workers: int | None = None) -> None:
    """Apply `plan` at `addresses`: inputs, then outputs; between pieces Python sees signals."""
    pointers = (ctypes.c_void_p * len(addresses))(*addresses)
    threads = workers or default_workers(plan.traffic)
    pieces = pieces_of(plan)
    for piece in range(pieces):
        core.check(core.core.gg_apply(plan.address, pointers, piece, pieces, threads))


class AtAddresses:
    """A plan, bound to addresses that come with each call."""

    __slots__ = ("address", "apply", "pack", "pieces", "plan", "threads")

    def __init__(self, plan: Plan) -> None:
        self.plan, self.address = plan, plan.address  # which lives as long as the plan
        self.apply = core.core.gg_apply_objects
        self.pieces, self.threads = pieces_of(plan), default_workers(plan.traffic)
        self.pack = Struct(f"{6 + plan.inputs + plan.outputs}q").pack

    def __call__(self, addresses: Sequence[int], workers: int | None = None, is_fresh: bool = False) -> bool:
        """As `run`; False, and nothing is written, where addresses are unaligned or outputs may overlap another array."""
        pieces, threads, count = self.pieces, workers or self.threads, len(addresses)
        for piece in range(pieces):
            status = self.apply(self.address, self.pack(-1, 0, piece, pieces, threads, count, *addresses))
            if status:
                if status in core.REFUSED:
                    return False
                core.check(status)
        return True


def keep_room(nbytes: int) -> None:
    """Let the C library see that arrays of so many bytes together come and go.

    What is free beyond twice the largest block that was returned glibc gives back to the system, with two results after each
    call: then every page of the next ones is made anew, a thousand faults for 16 MiB, which take longer than the sweep. This block
    is never touched. The arena of each thread may then keep as much as twice its size.
    """
    with suppress(MemoryError):  # the outputs may fit into what is free in pieces
        np.empty(min(nbytes, ROOM_BYTES), np.uint8)


def pieces_of(plan: Plan) -> int:
    """In how many calls of the core a plan is applied."""
    return 1 + plan.traffic // PIECE_BYTES


def default_workers(traffic: int) -> int:
    """One thread for a call that is over before a second would help, else all we may use."""
    return 1 if traffic < THREAD_BYTES else core.available_cpus()


class Bound:
    """What `Backend.bind` gives: at each call only facts of addresses are looked at, in C."""

    __slots__ = ("address", "count", "dtype", "fresh", "heads", "is_single", "later", "more", "objects", "pieces", "room",
                 "threads")  # fmt: skip

    def __init__(self, plan: Plan, dtype: np.dtype, like: Array) -> None:
        self.address, self.dtype = plan.address, dtype
        self.count, self.more = plan.inputs + plan.outputs, range(plan.outputs - 1)
        self.pieces, self.threads = pieces_of(plan), default_workers(plan.traffic)
        self.objects = Struct(f"{self.count}q").pack
        self.heads: dict[int | None, bytes] = {None: self._head(0, self.threads)}
        self.later = range(1, self.pieces)
        self.is_single = self.count == 2
        # An array in a known order is made faster than one like another.
        order = "C" if like.flags.c_contiguous else "F" if like.flags.f_contiguous else None
        known = order is not None or plan.shape != like.shape
        self.fresh = partial(np.empty, plan.shape, dtype, order or "C") if known else None
        self.room = ALIVE * plan.outputs * prod(plan.shape) * dtype.itemsize

    def _head(self, piece: int, threads: int) -> bytes:
        return pack("6q", *(core.offsets or ()), piece, self.pieces, threads, self.count)

    def __call__(
        self, inputs: Sequence[Array], out: Sequence[Array] | None, workers: int | None
    ) -> Sequence[Array] | None:
        """New outputs, or those of `out`; None where the addresses do not allow it."""
        if out is None:
            if self.room:  # a call with `out=` takes no memory
                keep_room(self.room)
                self.room = 0
            fresh = self.fresh or partial(np.empty_like, inputs[0], self.dtype, subok=False)
            out = [fresh()]
            for _ in self.more:
                out.append(fresh())
        if self.is_single:
            objects = self.objects(id(inputs[0]), id(out[0]))
        else:
            objects = self.objects(*map(id, (*inputs, *out)))
        head = self.heads.get(workers)
        if head is None:
            head = self.heads[workers] = self._head(0, workers or self.threads)
        status = apply_objects(self.address, head + objects)
        if status:
            if status in core.REFUSED:
                return None
            core.check(status)
        for piece in self.later:  # between pieces Python sees signals
            core.check(apply_objects(self.address, self._head(piece, workers or self.threads) + objects))
        return out
