"""A library of arrays that nobody has, and its back end: what it takes to add one. It is one line of `dispatch.ROOMS`."""

from __future__ import annotations

from typing import Any

import numpy as np

from gridgrad._backends.numpy.arrays import memory_of
from gridgrad._backends.numpy.memory import run
from gridgrad._backends.operations import Operations
from gridgrad._backends.protocol import Backend


class Array(np.lib.mixins.NDArrayOperatorsMixin):
    """Numbers in the memory of a NumPy array, which is not one to be taken for it."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = np.asarray(numbers)
        self.shape, self.dtype, self.ndim = self.numbers.shape, self.numbers.dtype, self.numbers.ndim

    def __getitem__(self, index: Any) -> Array:
        return Array(self.numbers[index])

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any) -> Array:
        return Array(ufunc(*map(numbers_of, inputs)))


def numbers_of(value: Any) -> Any:
    """What NumPy's functions take in place of an array, or of several."""
    if isinstance(value, (list, tuple)):
        return [numbers_of(entry) for entry in value]
    return value.numbers if isinstance(value, Array) else value


class Namespace:
    """NumPy's functions, of and to arrays of this library."""

    def __getattr__(self, name: str) -> Any:
        own = getattr(np, name)
        if isinstance(own, type):
            return own
        return lambda *given, **options: Array(own(*map(numbers_of, given), **options))


class Own(Backend[Array]):
    """Plain memory of a CPU, through the compiled core."""

    def operations(self, *fields: Array) -> Operations:
        """The functions above."""
        return Operations(Namespace())

    def facts(self, a: Array) -> Any:
        """There is no more to it."""
        return a.shape, a.numbers.strides, a.dtype

    def memory(self, a: Array) -> Any:
        """As NumPy tells it."""
        return memory_of(a.numbers, a.numbers.ctypes.data)

    def empty(self, like: Array, dtype: Any = None, shape: Any = None) -> Array:
        """New memory."""
        return Array(np.empty_like(like.numbers, dtype, shape=shape))

    def copy(self, a: Array, dtype: Any = None) -> Array:
        """A copy."""
        return Array(a.numbers.astype(dtype or a.dtype))

    def assign(self, target: Array, values: Array) -> None:
        """In place."""
        target.numbers[...] = values.numbers

    def launch(self, plan: Any, arrays: Any, workers: int | None = None) -> None:
        """On the host."""
        run(plan, [a.numbers.ctypes.data for a in arrays], workers)

    def check_target(self, name: str, target: Any, fields: Any) -> Any:
        """Another array of this library."""
        if not isinstance(target, Array):
            raise TypeError(f"{name} is a {type(target).__name__}; f is an own array, so out must be one too")
        return self.memory(target)

    def host(self, a: Any, axis: int | None = None, name: str = "spacing") -> Any:
        """The numbers."""
        return a.numbers


BACKEND = Own("own_arrays")
