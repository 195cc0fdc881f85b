"""What the memory allows: copies with as many reads and writes as an operator has, in the operator's own arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cupy

from . import card, timing

DEVICE_TO_DEVICE = 3  # of cudaMemcpyKind
# By numbers of reads and writes, and bytes of an array: rows of one size share it.
_measured: dict[tuple[int, int, int], dict[str, Any]] = {}


def ceiling(reads: Sequence[int], writes: Sequence[int], nbytes: int) -> dict[str, Any]:
    """The best copy between arrays of `nbytes` at these addresses, whose outputs are garbage then."""
    key = len(reads), len(writes), nbytes
    if key not in _measured:
        _measured[key] = min(_copies(reads, writes, nbytes), key=lambda copy: copy["ms"])
    return _measured[key]


def _copies(reads: Sequence[int], writes: Sequence[int], nbytes: int) -> list[dict[str, Any]]:
    """By a kernel of one or four 16-byte words a thread, and by the driver where there is one array each."""
    kernel, words = card.kernel("stream", reads=len(reads), writes=len(writes)), nbytes // 16
    copies = []
    for each in (1, 4):
        grid, call = (-(-words // (256 * each)),), card.call_of(reads, writes, (words, each))
        time = timing.milliseconds(lambda g=grid, c=call: kernel(g, (256,), c), 5)
        copies.append(time | {"by": f"{each} words a thread"})
    if len(reads) == len(writes) == 1:
        copies.append(
            timing.milliseconds(lambda: _driver_copy(reads[0], writes[0], nbytes), 5) | {"by": "memcpy"}
        )
    moved = (len(reads) + len(writes)) * nbytes
    return [copy | {"GB/s": moved / copy["ms"] / 1e6} for copy in copies]


def _driver_copy(source: int, target: int, nbytes: int) -> None:
    cupy.cuda.runtime.memcpyAsync(
        target, source, nbytes, DEVICE_TO_DEVICE, cupy.cuda.get_current_stream().ptr
    )
