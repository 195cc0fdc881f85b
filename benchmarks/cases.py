"""What is measured: arrays, spacing and axes of each row of the table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One row. `fresh` means that gridgrad, too, makes new outputs; otherwise it writes to `out`."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float64"
    uniform: bool = True
    fresh: bool = False
    axis: int | None = None  # all axes

    @property
    def axes(self) -> tuple[int, ...]:
        """The differentiated axes."""
        return tuple(range(len(self.shape))) if self.axis is None else (self.axis,)

    @property
    def large(self) -> bool:
        """Whether memory, not calls, is what takes the time."""
        return np.prod(self.shape) >= 4_000_000

    def make(self) -> tuple[np.ndarray, list[Any]]:
        """Random samples and one spacing for each axis: a step, or random increasing coordinates."""
        rng = np.random.default_rng(7)
        f = aligned(self.shape, self.dtype)
        rng.random(dtype=f.dtype, out=f)
        if self.uniform:
            return f, [0.1 * (a + 1) for a in self.axes]
        return f, [np.cumsum(rng.uniform(0.5, 1.5, self.shape[a])) for a in self.axes]


def aligned(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """Memory at a multiple of 64 bytes, already touched: every contender's inputs and outputs."""
    bytes_ = int(np.prod(shape)) * np.dtype(dtype).itemsize
    raw = np.zeros(bytes_ + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + bytes_].view(dtype).reshape(shape)


CASES = (
    Case("3-D, 300³ float64, all axes, `out=`", (300, 300, 300)),
    Case("same, non-uniform", (300, 300, 300), uniform=False),
    Case("same, uniform, fresh outputs", (300, 300, 300), fresh=True),
    Case("3-D, 300³ float32, all axes, `out=`", (300, 300, 300), "float32"),
    Case("one axis of a batch, 64 x 512 x 512, `out=`", (64, 512, 512), axis=1),
    Case("2-D, 1024² float64, both axes, fresh", (1024, 1024), fresh=True),
    Case("1-D, 100 points, fresh", (100,), fresh=True),
)


def small(case: Case) -> Case:
    """The same row in a size that a test can afford."""
    return replace(case, shape=tuple(min(n, 100 if len(case.shape) == 1 else 24) for n in case.shape))
