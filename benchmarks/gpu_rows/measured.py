"""A row: its values against those of the CPU, its time, its kernels, and the copy with as many reads and writes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cupy
import numpy as np

from . import card, ceilings, timing, watch
from .rows import AROUND, CHECKED, Arrays, Row, few


def measure(row: Row, shape: Sequence[int]) -> dict[str, Any]:
    """All of a row but its peers."""
    watch.forget()
    bits = compared(row, few(shape))
    kernels = watch.seen()
    arrays = Arrays(row, shape, card.random, cupy.empty)
    start = time.perf_counter()
    arrays.call()
    card.synchronize()
    first = time.perf_counter() - start
    middle = compared_in_the_middle(row, arrays)
    result = timing.milliseconds(arrays.call)
    result |= {
        "first call s": first,
        "bits": bits,
        "bits in the middle": middle,
        "kernels": watch.seen() or kernels,
    }
    return result | judged(
        result["ms"], [card.address(a) for a in arrays.bases], [card.address(a) for a in arrays.targets], arrays.nbytes,
    )  # fmt: skip


def judged(ms: float, reads: Sequence[int], writes: Sequence[int], nbytes: int) -> dict[str, Any]:
    """The rate where every array counts once, and the share of the copy in these arrays, which it overwrites."""
    copy = ceilings.ceiling(reads, writes, nbytes)
    return {"reads": len(reads), "writes": len(writes), "bytes": nbytes, "copy": copy, "share": copy["ms"] / ms,
            "GB/s": (len(reads) + len(writes)) * nbytes / ms / 1e6}  # fmt: skip


def compared(row: Row, shape: Sequence[int]) -> dict[str, Any]:
    """How the row's values differ from the CPU's on an array of this shape, whose outputs are poisoned before."""
    arrays = Arrays(row, shape, card.random, _poisoned)
    arrays.call()
    card.synchronize()
    wanted = _on_the_cpu(row, shape, (*arrays.coefficients, *arrays.bases))
    return bits([cupy.asnumpy(a) for a in arrays.targets], wanted)


def compared_in_the_middle(row: Row, arrays: Arrays) -> dict[str, Any]:
    """The same for the planes in the middle of the large arrays, which the launch of these reaches in its own way."""
    shape = arrays.targets[0].shape
    count = CHECKED + 2 * AROUND
    start = (shape[0] - count) // 2
    if start <= 0:
        return {}
    part = slice(start, start + count)
    there = replace(row, view="", start=0 if 0 < row.dims < len(shape) else start)
    fields = [field[part] for field in (*arrays.coefficients, *arrays.fields, *arrays.coefficients)]
    wanted = _on_the_cpu(there, (count, *shape[1:]), fields)
    inner = slice(AROUND, -AROUND)
    return bits([cupy.asnumpy(a[part][inner]) for a in arrays.targets], [a[inner] for a in wanted])


def _on_the_cpu(row: Row, shape: Sequence[int], fields: Sequence[Any]) -> list[np.ndarray]:
    """The results of the row on these fields, coefficients first."""
    given = iter([np.ascontiguousarray(cupy.asnumpy(field)) for field in fields])
    host = Arrays(row, shape, lambda shape, dtype: next(given), np.empty)
    host.call()
    return host.targets


def _poisoned(shape: Sequence[int], dtype: str) -> Any:
    return cupy.full(shape, np.nan, dtype)


def bits(ours: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> dict[str, Any]:
    """Numbers that differ, and by how many units in the last place at most."""
    differing, furthest, numbers = 0, 0.0, 0
    for a, b in zip(ours, wanted, strict=True):
        real = b.real.dtype
        a, b = (np.ascontiguousarray(x).view(real) for x in (a, b))
        unequal = (a != b) & ~(np.isnan(a) & np.isnan(b))
        differing, numbers = differing + int(unequal.sum()), numbers + b.size
        if unequal.any():
            apart = np.abs(a[unequal].astype("f8") - b[unequal]) / np.spacing(np.abs(b[unequal])).astype("f8")
            furthest = max(furthest, float(np.nan_to_num(apart, nan=np.inf).max()))
    return {"numbers": numbers, "differing": differing, "max ulp": furthest}
