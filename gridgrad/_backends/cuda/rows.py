"""How the elements of a row are shared among threads: in one wide access each, or some elements a warp's width apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..._base.types import Array
from .launch_shape import ROW, WARP

# Of a thread whose elements are apart: bytes of one value for each, so that its loads need not wait for registers,
# and of all sums and weights that it holds.
VALUE_BYTES, HELD_BYTES = 16, 208
MANY_TERMS = 9  # more of them spill even so
LIGHT_BYTES = 112  # of sums and weights that 64 registers have room for
LIGHT_TERMS = 5  # of which several elements are worth the warps that their registers cost


class Share(NamedTuple):
    """What one thread of a row does, and how many threads a row takes."""

    vector: int  # elements of one access
    elements: int  # of a thread
    gap: int  # from one of them to the next, where accesses are of one element
    threads: int


def share_of(packed: Array, vector: int) -> Share:
    """Accesses of `vector` elements; several of one where those are more elements, whatever length and strides are."""
    length = int(packed["length"][ROW])
    apart = _apart(packed, length)
    if vector > 1 and (apart.elements <= vector or held_bytes(packed, apart.elements) > LIGHT_BYTES):
        return Share(vector, vector, WARP, -(-length // vector))
    return apart


def _apart(packed: Array, length: int) -> Share:
    """Accesses of one element: in the order of the threads, or several a thread.

    Several lie between the rows that are data at both ends, which other threads of the same row do alone.
    A last warp that is not full repeats elements of the one before it, so nothing may add to what outputs hold.
    """
    ends = sum(_ends(packed))
    inside = length - ends
    most = VALUE_BYTES if int(packed["terms"]) <= MANY_TERMS else VALUE_BYTES // 2
    shares = [Share(1, 1, WARP, length)]
    if not _adds(packed):
        for elements in (2, 4):
            fits = elements * int(packed["real_bytes"]) <= most
            if fits and _is_held(packed, elements) and _is_filled(inside, ends, elements):
                shares.append(Share(1, elements, WARP, _threads(inside, elements)))
    cost = {share: share.threads * (share.elements + 1) for share in shares}  # one for a thread's indices
    return min(reversed(shares), key=lambda share: cost[share])


def _is_held(packed: Array, elements: int) -> bool:
    """Whether a thread has registers for so many elements, and enough other threads beside it."""
    held = held_bytes(packed, elements)
    return held <= LIGHT_BYTES or (held <= HELD_BYTES and int(packed["terms"]) <= LIGHT_TERMS)


def _threads(inside: int, elements: int) -> int:
    """Of a row with so many elements between its ends, in full warps."""
    return -(-inside // (WARP * elements)) * WARP


def _is_filled(inside: int, ends: int, elements: int) -> bool:
    """Whether there is work for a warp and, at the ends, not more than one element for a thread."""
    return inside >= WARP * elements and ends <= _threads(inside, elements)


def held_bytes(packed: Array, elements: int) -> int:
    """Bytes of the sums, weights from vectors and first of two rows that a thread of so many elements holds."""
    terms = packed["term"][: int(packed["terms"])]
    numbers = (int(packed["outputs"]) + 2 * int(np.sum(terms["then"] >= 0))) * elements
    for s in packed["stencil"][: int(packed["stencils"])]:
        if s["weights"]:
            numbers += int(s["pairs"]) * (elements if s["dim"] == ROW else 1)
    return numbers * int(packed["real_bytes"])


def _ends(packed: Array) -> tuple[int, int]:
    """Elements at the ends of a row whose stencils are data there."""
    along = [s for s in packed["stencil"][: int(packed["stencils"])] if s["dim"] == ROW]
    ends = [(int(s["leading"]) * int(s["inner"]), int(s["trailing"]) * int(s["inner"])) for s in along]
    return max((a for a, _ in ends), default=0), max((b for _, b in ends), default=0)


def _adds(packed: Array) -> bool:
    """Whether an output's first term adds to what it holds."""
    terms = packed["term"][: int(packed["terms"])]
    return any(
        not t["assign"] and (k == 0 or terms[k - 1]["output"] != t["output"]) for k, t in enumerate(terms)
    )
