"""The types that signatures share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

# An array of the caller's library: what is asked of one, NumPy's have as well, so that a checker takes it for one.
Array = npt.NDArray[Any]
DType = np.dtype[Any]
Shape = tuple[int, ...]
Value = Array | float  # or a number, which broadcasts to arrays


class Field(Protocol):
    """An array of any library, as far as signatures ask for one."""

    @property
    def shape(self) -> Shape:
        """Its lengths."""

    @property
    def dtype(self) -> object:
        """Its type of numbers, in its library's words."""


AnyField = TypeVar("AnyField", bound=Field)  # what comes out is of the same type
Integers = npt.NDArray[np.integer[Any]]
Plain = float | Sequence[float] | Integers  # what becomes an array of NumPy's, of a floating type

# What users write, as signatures name it.
End = Literal["one-sided", "periodic", "symmetric", "antisymmetric"]
Boundary = End | tuple[End, End] | Sequence[End | tuple[End, End]]  # for all axes, or one entry for each
LaplacianForm = Literal["compact", "wide", "conservative"]
Spacing = float | Field | Sequence[float]  # a step, or the coordinates of an axis
Axes = int | Sequence[int] | None  # all of them by default
