"""How the elements of a row are shared among threads: in one wide access each, or some elements a warp's width apart."""

from __future__ import annotations

from typing import NamedTuple

from ..._base.types import Array
from ..._plan.descriptor import MAX_DIMS

ROW = MAX_DIMS - 1
WARP = 32
HELD_BYTES = 16  # of the elements of a thread, apart, in the arithmetic type: more wait for registers before they load


class Share(NamedTuple):
    """What one thread of a row does, and how many threads a row takes."""

    vector: int  # elements of one access
    elements: int  # of a thread
    gap: int  # from one of them to the next, where accesses are of one element
    threads: int


def share_of(packed: Array, vector: int) -> Share:
    """Accesses of `vector` elements; where that is one, several of them, whatever length and strides are.

    Elements apart lie between the rows that are data at both ends, which other threads of the same row do alone.
    A last warp that is not full repeats elements of the one before it, so nothing may add to what outputs hold.
    """
    length = int(packed["length"][ROW])
    if vector > 1:
        return Share(vector, vector, WARP, -(-length // vector))
    most = HELD_BYTES // int(packed["real_bytes"])
    leading, trailing = _ends(packed)
    inside = length - leading - trailing
    shares = [Share(1, 1, WARP, length)]
    if not _adds(packed):
        for elements in (2, 4):
            threads = -(-inside // (WARP * elements)) * WARP
            if elements <= most and inside >= WARP * elements and leading + trailing <= threads:
                shares.append(Share(1, elements, WARP, threads))
    return min(reversed(shares), key=lambda share: share.threads * (share.elements + 1))  # one for its indices


def _ends(packed: Array) -> tuple[int, int]:
    """Elements at the ends of a row whose stencils are data there."""
    along = [s for s in packed["stencil"][: int(packed["stencils"])] if s["dim"] == ROW]
    ends = [(int(s["leading"]) * int(s["inner"]), int(s["trailing"]) * int(s["inner"])) for s in along]
    return max((a for a, _ in ends), default=0), max((b for _, b in ends), default=0)


def _adds(packed: Array) -> bool:
    """Whether an output's first term adds to what it holds."""
    terms = packed["term"][: int(packed["terms"])]
    return any(not t["assign"] and (k == 0 or terms[k - 1]["output"] != t["output"]) for k, t in enumerate(terms))
