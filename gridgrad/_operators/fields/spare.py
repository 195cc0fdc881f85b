"""Fields between the parts of an operator, kept for the next call: new memory is slow, because the system clears it."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np


class Spare:
    """At most one result of plain NumPy arrays, for the next call of a field of the same kind.

    A call takes it out: another thread, or a call inside of that call, finds none and makes its own. What a call
    that fails has taken is not given back.
    """

    __slots__ = ("_kept",)

    def __init__(self) -> None:
        self._kept: list[tuple[Hashable, object]] = []

    def taken(self, f: object) -> tuple[Hashable, object]:
        """The kind of a field, and the result that an earlier call gave back for one of that kind, or None."""
        kind = _kind_of(f)
        if kind is None:
            return None, None
        try:
            kept, result = self._kept.pop()  # one step of the interpreter, so that nobody else has it
        except IndexError:
            return kind, None
        return kind, result if kept == kind else None

    def give(self, kind: Hashable, result: object) -> None:
        """Give back what was taken, or what a call has made instead."""
        if kind is not None and _is_plain(result):
            self._kept[:] = [(kind, result)]


def _kind_of(f: object) -> Hashable:
    """Shape, strides and dtype of plain arrays; None of all else."""
    if type(f) is np.ndarray:
        return f.shape, f.strides, f.dtype
    if type(f) is tuple or type(f) is list:
        kinds = (type(f), *[_kind_of(part) for part in f])
        return None if None in kinds else kinds
    return None


def _is_plain(result: object) -> bool:
    if type(result) is tuple:
        return all(map(_is_plain, result))
    return type(result) is np.ndarray and result.base is None
