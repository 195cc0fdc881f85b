"""The `out=` argument of every library: one array, a sequence, or one stacked array."""

from __future__ import annotations

from typing import Any

from ._errors import ArgumentTypeError, ArgumentValueError


def split_out(out: Any, count: int, shape: tuple[int, ...]) -> list[Any]:
    """`count` arrays to write to; only the number is checked here."""
    if isinstance(out, (list, tuple)):
        if len(out) != count:
            raise ArgumentValueError(
                f"out has {len(out)} arrays, but there are {count} results; give one for each axis"
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
            f"out has shape {tuple(out.shape)}, but {count} results of shape {shape} need {(count, *shape)}"
        )
    return [out[k] for k in range(count)]


def overlaps_itself(a: Any) -> bool:
    """Whether two elements may share an address: no dim may step inside the extent of a smaller one."""
    reach = a.itemsize
    for stride, length in sorted((abs(s), n) for s, n in zip(a.strides, a.shape, strict=True) if n > 1):
        if stride < reach:
            return bool(a.size > 0)
        reach += stride * (length - 1)
    return False
