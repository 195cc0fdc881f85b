"""The `out=` argument of every call and library: one array, nested sequences, or one stacked array."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np

from .errors import ArgumentTypeError, ArgumentValueError, counted
from .types import Array


def targets_of(out: Any, form: tuple[int, ...], shape: tuple[int, ...]) -> list[Any]:
    """The arrays of `out` for results of this form, each of `shape`; of one component also the array itself."""
    if not form:
        return [out]
    if isinstance(out, (list, tuple)):
        if len(out) != form[0]:
            raise ArgumentValueError(
                f"out is of length {len(out)}, but the result has {counted(form[0], 'component')}; give one array for each"
            )
        return [target for part in out for target in targets_of(part, form[1:], shape)]
    whole, is_one = (*form, *shape), form == (1,)
    if not hasattr(out, "shape"):
        raise ArgumentTypeError(
            f"out is a {type(out).__name__}; give an array of shape {shape if is_one else whole} or a sequence of arrays"
        )
    if tuple(out.shape) == whole:
        return [out[index] for index in product(*map(range, form))]
    if is_one:
        return [out]
    raise ArgumentValueError(
        f"out has shape {tuple(out.shape)}, but the result needs {whole}, or a sequence of arrays"
    )


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
