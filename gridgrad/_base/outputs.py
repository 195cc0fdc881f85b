"""The `out=` argument of every library: one array, a sequence, or one stacked array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import ArgumentTypeError, ArgumentValueError, counted
from .types import Array


def split_out(out: Any, count: int, shape: tuple[int, ...]) -> list[Any]:
    """`count` arrays to write to; only the number is checked here."""
    if isinstance(out, (list, tuple)):
        if len(out) != count:
            raise ArgumentValueError(
                f"out is of length {len(out)}, but there {'is 1 result' if count == 1 else f'are {count} results'}; "
                "give one array for each differentiated axis"
            )
        return list(out)
    if not hasattr(out, "shape"):
        raise ArgumentTypeError(
            f"out is a {type(out).__name__}; give an array, a sequence of arrays, or one array of shape (k, *f.shape)"
        )
    if count == 1 and tuple(out.shape) != (1, *shape):
        return [out]
    if tuple(out.shape) != (count, *shape):
        raise ArgumentValueError(
            f"out has shape {tuple(out.shape)}, but {counted(count, 'result')} of shape {shape} need "
            f"{'that shape' if count == 1 else f'one array of shape {(count, *shape)}, or a sequence of {count}'}"
        )
    return [out[k] for k in range(count)]


def overlaps_itself(a: Array) -> bool:
    """Whether two elements may share an address: no dim may step inside the extent of a smaller one."""
    reach = a.itemsize
    for stride, length in sorted((abs(s), n) for s, n in zip(a.strides, a.shape, strict=True) if n > 1):
        if stride < reach:
            return bool(a.size > 0)
        reach += stride * (length - 1)
    return False


def check_places(
    name: str, places: Array, others: Sequence[Array], strides: tuple[int, ...], kind: str
) -> None:
    """Refuse an output with elements at one address, or at those of another output.

    `places` and `others` are NumPy arrays over the addresses, which need not be readable; `kind` is
    what the caller calls an array.
    """
    if overlaps_itself(places):
        raise ArgumentValueError(
            f"{name} has several elements at one address (strides {strides}); give a plain {kind}"
        )
    if any(np.shares_memory(places, other) for other in others):
        raise ArgumentValueError(f"{name} shares memory with another output; give separate {kind}s")
