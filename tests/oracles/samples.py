"""Arrays that tests share: read-only samples of every dtype, and memory layouts of one array."""

from __future__ import annotations

import ml_dtypes
import numpy as np

FLOATS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64, np.longdouble]
COMPLEX = [np.complex64, np.complex128, np.clongdouble]
INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
COMPILED = [*FLOATS[:4], *COMPLEX[:2], *INTEGERS]  # what the kernels read


def dtype_id(dtype):
    """A test id."""
    return np.dtype(dtype).name


def frozen(values, dtype=None):
    """A read-only array: whatever a call does with it, it does not change it."""
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array


def noise(rng, shape, dtype=np.float64):
    """Read-only random samples: all of an integer's range, floats of order 1."""
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return frozen(rng.integers(limits.min, limits.max, shape, dtype, endpoint=True))
    values = rng.standard_normal(shape)
    if dtype.kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return frozen(values.astype(dtype))


def _shifted(f):
    """The same values one byte past an aligned address."""
    raw = np.empty(f.nbytes + 1, np.uint8)[1:].view(f.dtype).reshape(f.shape)
    raw[...] = f
    return raw


def _embedded(f):
    """Every second element of a larger array, backwards along the last axis."""
    wide = np.zeros((*f.shape[:-1], 2 * f.shape[-1] + 1), f.dtype)
    view = wide[..., 1::2][..., ::-1]
    view[...] = f
    return view


def _padded(f):
    """Rows with unused elements between them."""
    wide = np.zeros((*f.shape[:-1], f.shape[-1] + 3), f.dtype)
    view = wide[..., 1 : f.shape[-1] + 1]
    view[...] = f
    return view


def _reversed_first(f):
    """A negative stride along the first axis."""
    return np.ascontiguousarray(f[::-1])[::-1]


def _middle_first(f):
    """Memory order with the axes rotated."""
    order = np.roll(np.arange(f.ndim), 1)
    return np.ascontiguousarray(f.transpose(order)).transpose(np.argsort(order))


LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "rotated axes": _middle_first,
    "negative stride": _reversed_first,
    "every second, backwards": _embedded,
    "padded rows": _padded,
    "unaligned": _shifted,
}


def same_bits(a, b):
    """Equal bit for bit, NaN payloads and signs of zeros included."""
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.char in "gG":  # long double has padding bytes
        return np.array_equal(a, b, equal_nan=True) and np.array_equal(np.signbit(a.real), np.signbit(b.real))
    return a.tobytes() == b.tobytes()
