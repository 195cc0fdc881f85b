"""An array API namespace, and the few operations that gridgrad needs beside it: what slices are made with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, ParamSpec, Protocol, TypeVar

import numpy as np

from .._base.checks import numbers_of_times
from .._base.errors import ArgumentTypeError
from .._base.types import Array

A = TypeVar("A", bound="AnArray")
Given = ParamSpec("Given")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


class AnArray(Protocol):
    """As much as every array has."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its lengths."""

    @property
    def dtype(self) -> object:
        """Of its library."""

    def __getitem__(self, index: Any, /) -> Any:
        """A view, or a new array."""


def name_of(dtype: object) -> str:
    """``float32`` for NumPy's, torch's and everyone's float32, or a type that stands for one."""
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype).rpartition(".")[2]
    return str(name)


def dtype_name(f: Any) -> str:
    """``float32`` for NumPy's, torch's and everyone's float32."""
    return name_of(f.dtype)


def is_time(f: Array) -> bool:
    """Whether an array is of dates or durations."""
    return str(f.dtype).startswith(("datetime", "timedelta"))


def check_no_times(f: Array, name: str, typed: str) -> None:
    """Refuse dates and durations where a number multiplies or stands at a wall: their unit would be lost."""
    if is_time(f):
        numbers = numbers_of_times(typed, f.dtype, "with the date t0 from which fields count")
        raise ArgumentTypeError(
            f"{name} has dtype {f.dtype}, and is a number in the units of the call; give it, of seconds for example, {numbers}"
        )


class Operations:
    """The functions of a namespace, by their names, and those below, which a library may know better."""

    constant: Callable[[Array], Array] | None = (
        None  # makes one of an array, in a library that differentiates
    )

    def __init__(self, namespace: ModuleType) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Callable[..., Array]:
        found: Callable[..., Array] = getattr(self._namespace, name)  # or a dtype
        return found

    def real_type(self, like: object) -> object:
        """The widest real dtype there is on the device of `like`."""
        return self._namespace.float64

    def weights(self, values: Array, dtype: object, like: object) -> Array:
        """A small NumPy array in this library, on the device of `like`."""
        device = getattr(like, "device", None)
        there = {} if device is None else {"device": device}
        made: Array = self._namespace.asarray(values, dtype=dtype, **there)
        return made

    def weights_made(self, make: Callable[Given, Array], dtype: object, like: object, *given: Given.args, **words: Given.kwargs) -> Array:  # fmt: skip
        """Weights that `make` makes of what a compiler takes for constants."""
        return self.weights(make(*given, **words), dtype, like)

    def joined(self, pieces: Sequence[Array], axis: int) -> Array:
        """Arrays one after the other along an axis."""
        made: Array = self._namespace.concat(pieces, axis=axis)
        return made

    def difference(self, b: Array, a: Array, real: object) -> Array:
        """``b - a`` of integers, rounded once: the magnitude of any difference fits the unsigned type."""
        xp, name = self._namespace, dtype_name(b)
        unsigned = getattr(xp, name if name.startswith("u") else "u" + name)
        forward = xp.astype(b, unsigned) - xp.astype(a, unsigned)
        backward = xp.astype(a, unsigned) - xp.astype(b, unsigned)
        made: Array = xp.where(b >= a, xp.astype(forward, real), -xp.astype(backward, real))
        return made

    def complex_of(self, real: Array, imaginary: Array) -> Array:
        """A complex array from its parts; ``re + 1j * im`` would turn infinities into NaN."""
        xp = self._namespace
        dtype = xp.complex64 if dtype_name(real) == "float32" else xp.complex128
        i, nan, inf = (xp.astype(xp.asarray(z), dtype) for z in (1j, complex(0, np.nan), complex(0, np.inf)))
        unbounded = xp.where(xp.isnan(imaginary), nan, xp.where(imaginary > 0, inf, -inf))
        finite = xp.where(xp.isfinite(imaginary), imaginary, xp.zeros_like(imaginary))
        along = xp.where(xp.isfinite(imaginary), xp.astype(finite, dtype) * i, unbounded)
        made: Array = xp.astype(real, dtype) + along
        return made
