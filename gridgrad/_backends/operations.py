"""An array API namespace, and the few operations that gridgrad needs beside it: what slices are made with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def name_of(dtype: Any) -> str:
    """``float32`` for NumPy's, torch's and everyone's float32, or a type that stands for one."""
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype).rpartition(".")[2]
    return str(name)


def dtype_name(f: Any) -> str:
    """``float32`` for NumPy's, torch's and everyone's float32."""
    return name_of(f.dtype)


class Operations:
    """The functions of a namespace, by their names, and those below, which a library may know better."""

    constant: Callable[[Any], Any] | None = None  # makes one of an array, in a library that differentiates

    def __init__(self, namespace: Any) -> None:
        self._namespace = namespace

    def __getattr__(self, name: str) -> Any:
        return getattr(self._namespace, name)

    def real_type(self, like: Any) -> Any:
        """The widest real dtype there is on the device of `like`."""
        return self._namespace.float64

    def weights(self, values: Any, dtype: Any, like: Any) -> Any:
        """A small NumPy array in this library, on the device of `like`."""
        device = getattr(like, "device", None)
        if device is None:
            return self._namespace.asarray(values, dtype=dtype)
        return self._namespace.asarray(values, dtype=dtype, device=device)

    def joined(self, pieces: Sequence[Any], axis: int) -> Any:
        """Arrays one after the other along an axis."""
        return self._namespace.concat(pieces, axis=axis)

    def difference(self, b: Any, a: Any, real: Any) -> Any:
        """``b - a`` of integers, rounded once: the magnitude of any difference fits the unsigned type."""
        xp, name = self._namespace, dtype_name(b)
        unsigned = getattr(xp, name if name.startswith("u") else "u" + name)
        forward = xp.astype(b, unsigned) - xp.astype(a, unsigned)
        backward = xp.astype(a, unsigned) - xp.astype(b, unsigned)
        return xp.where(b >= a, xp.astype(forward, real), -xp.astype(backward, real))

    def complex_of(self, real: Any, imaginary: Any) -> Any:
        """A complex array from its parts; ``re + 1j * im`` would turn infinities into NaN."""
        xp = self._namespace
        dtype = xp.complex64 if dtype_name(real) == "float32" else xp.complex128
        i, nan, inf = (xp.astype(xp.asarray(z), dtype) for z in (1j, complex(0, np.nan), complex(0, np.inf)))
        unbounded = xp.where(xp.isnan(imaginary), nan, xp.where(imaginary > 0, inf, -inf))
        finite = xp.where(xp.isfinite(imaginary), imaginary, xp.zeros_like(imaginary))
        along = xp.where(xp.isfinite(imaginary), xp.astype(finite, dtype) * i, unbounded)
        return xp.astype(real, dtype) + along
