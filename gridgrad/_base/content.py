"""Arrays as keys: by their content."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from .._base.types import Array

SMALL_BYTES = 32 << 10  # of coordinates whose calls are kept
POINTS_BYTES = 512 << 10  # the same of those at every point, beside which fields are as large
HASHED_BYTES = 4 << 10  # up to this, hashing bytes is faster than comparing arrays
SAMPLES, PIECE = 64, 1 << 16  # points that are hashed; points that are compared at a time


class Content:
    """An array as a key: hashed by a sample of it, and then compared in full.

    So an array that was changed in place, if only at one point, is another key. Comparing runs at the
    speed of memory, several times faster than hashing. A key that stays must be `kept`.
    """

    __slots__ = ("hash", "nbytes", "sample", "values", "whole")

    def __init__(self, values: Array) -> None:
        self.values = line = values.reshape(-1)
        self.nbytes = values.nbytes
        self.whole = values.size < 2 * SAMPLES  # the sample is all of it
        points = line if self.whole else line[:: line.size // SAMPLES]
        self.sample = (values.dtype, values.shape, points.tobytes())
        self.hash = hash(self.sample)

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Content) or self.sample != other.sample:
            return False
        mine, others = self.values, other.values
        starts = range(0, 0 if self.whole else len(mine), PIECE)
        return all(np.array_equal(mine[k : k + PIECE], others[k : k + PIECE]) for k in starts)

    def kept(self) -> Content:
        """The same key, with a copy that nobody else can change."""
        return self if self.whole else Content(self.values.copy().reshape(self.sample[1]))


def by_content(values: Array) -> Hashable:
    """The part of a key that an array is."""
    small = values.nbytes <= HASHED_BYTES
    return (values.dtype, values.shape, values.tobytes()) if small else Content(values)


def kept_key(key: tuple[Hashable, ...]) -> tuple[Hashable, ...]:
    """A key that may stay in a cache."""
    return tuple([part.kept() if type(part) is Content else part for part in key])
