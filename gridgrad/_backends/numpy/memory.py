"""How the compiled core runs a plan at addresses, in pieces and on threads."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from contextlib import suppress
from struct import pack

import numpy as np

from ..._plan.plan import Plan
from . import core

PIECE_BYTES = 64 << 20  # moved between two looks at pending signals: well under 50 ms
ROOM_BYTES = (32 << 20) - (64 << 10)  # beyond that glibc asks the system for each array, and gives it back
THREAD_BYTES = 16 << 20  # a call that moves less stays on the caller's thread


def run(plan: Plan, addresses: Sequence[int], workers: int | None = None) -> None:
    """Apply `plan` at `addresses`: inputs, then outputs; between pieces Python sees signals."""
    pointers = (ctypes.c_void_p * len(addresses))(*addresses)
    threads = workers or default_workers(plan.traffic)
    pieces = pieces_of(plan)
    for piece in range(pieces):
        core.check(core.core.gg_apply(plan.address, pointers, piece, pieces, threads))


def run_apart(plan: Plan, addresses: Sequence[int], workers: int | None = None) -> bool:
    """The same; False, and nothing is written, where addresses are unaligned or outputs may overlap another array."""
    threads, pieces, count = workers or default_workers(plan.traffic), pieces_of(plan), len(addresses)
    for piece in range(pieces):
        packed = pack(f"{6 + count}q", -1, 0, piece, pieces, threads, count, *addresses)
        status = core.core.gg_apply_objects(plan.address, packed)
        if status in core.REFUSED:
            return False
        core.check(status)
    return True


def keep_room(nbytes: int) -> None:
    """Let the C library see that arrays of so many bytes together come and go.

    What is free beyond twice the largest block that was returned glibc gives back to the system, with two outputs after each
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
