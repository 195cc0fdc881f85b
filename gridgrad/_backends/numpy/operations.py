"""NumPy's namespace, and what slices need beside it."""

from __future__ import annotations

import numpy as np

from ..._base.types import Array
from ..operations import Operations


class OfNumPy(Operations):
    """Those of NumPy, and of libraries whose arrays take their parts as its do and have one device."""

    def weights(self, values: Array, dtype: object, like: object) -> Array:
        """As an array, wherever that is."""
        made: Array = self._namespace.asarray(values, dtype=dtype)
        return made

    def complex_of(self, real: Array, imaginary: Array) -> Array:
        """From its parts, which are written into it."""
        return from_parts(real, imaginary)


def from_parts(real: Array, imaginary: Array) -> Array:
    """A complex array of these parts."""
    whole = (real + 0j).astype(np.result_type(real.dtype, np.complex64), copy=False)
    whole.real, whole.imag = real, imaginary
    return whole


NUMPY = OfNumPy(np)
