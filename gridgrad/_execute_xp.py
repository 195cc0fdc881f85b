"""The same rows in the same order, as slices of any array-API namespace: differentiable, traceable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from array_api_compat import array_namespace

from ._errors import ArgumentTypeError, ArgumentValueError
from ._plan import Term, arithmetic_type
from ._stencils import Row, Stencil

_NARROW = ("float16", "bfloat16", "float32")
_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def apply(xp: Any, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: int) -> list[Any]:
    """The outputs of ``terms``: new arrays of the inputs' library, device and dtype."""
    results: list[Any] = [None] * outputs
    for term in sorted(terms, key=lambda term: term.output):
        value = differentiate(xp, inputs[term.input], term)
        held = results[term.output]
        results[term.output] = value if held is None else held + value
    kept = result_dtype(xp, inputs[0])
    return [result if result.dtype == kept else xp.astype(result, kept) for result in results]


def result_dtype(xp: Any, f: Any) -> Any:
    """Floating and complex types are kept; integers give the widest real type there is."""
    return default_real(xp) if dtype_name(f) in _INTEGERS else f.dtype


def default_real(xp: Any) -> Any:
    """float64, or what stands for it: JAX without x64 has float32 only."""
    if "jax" in xp.__name__:
        return xp.result_type(float)
    return xp.float64


def dtype_name(f: Any) -> str:
    """``float32`` for NumPy's, torch's and everyone's float32."""
    return getattr(f.dtype, "name", None) or str(f.dtype).rpartition(".")[2]


def differentiate(xp: Any, f: Any, term: Term) -> Any:
    """One term of one input, in the arithmetic type."""
    name = dtype_name(f)
    if name.startswith(("complex", "clongdouble")):
        parts = (differentiate(xp, part, term) for part in (xp.real(f), xp.imag(f)))
        return join_complex(xp, *parts)
    if name in _INTEGERS:
        real = default_real(xp)
        return _rows(xp, f, term, real, lambda b, a: integer_difference(xp, b, a, real))
    real = f.dtype
    if name in _NARROW:
        real = xp.float32 if arithmetic_type(name, [term]) == "float32" else default_real(xp)
        f = xp.astype(f, real)
    return _rows(xp, f, term, real, lambda b, a: b - a)


def integer_difference(xp: Any, b: Any, a: Any, real: Any) -> Any:
    """``b - a`` rounded once: the magnitude of any difference fits the unsigned type."""
    name = dtype_name(b)
    unsigned = getattr(xp, name if name.startswith("u") else "u" + name)
    forward = xp.astype(b, unsigned) - xp.astype(a, unsigned)
    backward = xp.astype(a, unsigned) - xp.astype(b, unsigned)
    return xp.where(b >= a, xp.astype(forward, real), -xp.astype(backward, real))


def join_complex(xp: Any, real: Any, imaginary: Any) -> Any:
    """A complex array from its parts; ``re + 1j * im`` would turn infinities into NaN."""
    if "torch" in xp.__name__:
        import torch

        return torch.complex(real, imaginary)
    if "jax" in xp.__name__:
        import jax

        return jax.lax.complex(real, imaginary)
    if isinstance(real, np.ndarray):
        whole = np.empty_like(real, dtype=np.result_type(real.dtype, np.complex64))
        whole.real, whole.imag = real, imaginary
        return whole
    return real + 1j * imaginary


def _rows(xp: Any, f: Any, term: Term, real: Any, difference: Any) -> Any:
    """Leading row, formula (1) inside, trailing row, joined along the axis."""
    stencil, axis = term.stencil, term.axis

    def at(start: int, stop: int) -> Any:
        return f[(slice(None),) * axis + (slice(start, stop),)]

    def weight(values: Any) -> Any:
        if np.ndim(values) == 0 and "longdouble" not in str(real) and "float128" not in str(real):
            values = float(values)
        shape = [1] * f.ndim
        if np.ndim(values):
            shape[axis] = len(values)
        return xp.reshape(as_weights(xp, values, real, f), tuple(shape))

    def row(pairs: Row) -> Any:
        sum_ = None
        for a, b, value in pairs:
            product = _weighted(xp, weight, value, difference(at(b, b + 1), at(a, a + 1)), stencil.power)
            sum_ = product if sum_ is None else sum_ + product
        return sum_

    pieces = [row(stencil.leading), row(stencil.trailing)]
    if stencil.length > 2:
        pieces.insert(1, _interior(xp, stencil, at, weight, difference))
    return xp.concat(pieces, axis=axis)


def _interior(xp: Any, stencil: Stencil, at: Any, weight: Any, difference: Any) -> Any:
    n, power = stencil.length, stencil.power
    below, centre, above = at(0, n - 2), at(1, n - 1), at(2, n)
    lower, upper = (w if np.ndim(w) == 0 else w[1:-1] for w in (stencil.lower, stencil.upper))
    short = np.equal(lower, upper)
    wide = split = None
    if np.any(short):
        wide = _weighted(xp, weight, lower, difference(above, below), power)
    if not np.all(short):
        split = _weighted(xp, weight, lower, difference(centre, below), power) + _weighted(
            xp, weight, upper, difference(above, centre), power
        )
    if wide is None or split is None:
        return split if wide is None else wide
    pick = np.reshape(short, tuple(-1 if n > 1 else 1 for n in weight(lower).shape))
    return xp.where(as_weights(xp, pick, None, wide), wide, split)


def as_weights(xp: Any, values: Any, dtype: Any, like: Any) -> Any:
    """A small NumPy array in `like`'s library, on its device."""
    device = getattr(like, "device", None)
    if isinstance(like, np.ndarray) or device is None or "jax" in xp.__name__ or "dask" in xp.__name__:
        return xp.asarray(values, dtype=dtype)
    return xp.asarray(values, dtype=dtype, device=device)


def _weighted(xp: Any, weight: Any, value: Any, difference: Any, power: int) -> Any:
    """``value * difference * 2**power``, the power where it neither overflows nor rounds early."""
    if not power:
        return weight(value) * difference
    half, rest = 2.0 ** (power // 2), 2.0 ** (power - power // 2)
    if power > 0:
        return weight(value) * (difference * half * rest)
    return weight(value) * difference * half * rest


def reads(flags: Any, term: Term) -> Any:
    """Which rows read a flagged point: a NumPy boolean array of the shape of `flags`."""
    stencil, axis = term.stencil, term.axis
    along = np.moveaxis(np.asarray(flags), axis, 0)
    result = np.zeros_like(along)
    for place, row in ((0, stencil.leading), (-1, stencil.trailing)):
        for a, b, _ in row:
            result[place] |= along[a] | along[b]
    result[1:-1] = along[:-2] | along[2:]
    short = np.equal(stencil.lower, stencil.upper)
    centre = np.broadcast_to(~short, (stencil.length,))[1:-1]
    result[1:-1] |= along[1:-1] & centre.reshape(-1, *(1,) * (along.ndim - 1))
    return np.moveaxis(result, 0, axis)


def gradient(terms: tuple[Term, ...], f: Any, out: Any, workers: int | None) -> list[Any]:
    """Any array-API array: new arrays only."""
    if out is not None:
        raise ArgumentTypeError(
            f"out= is not supported for arrays of {type(f).__module__}, which cannot be written in place"
        )
    return apply(array_namespace(f), terms, [f], len(terms))


def real_of(f: Any) -> Any:
    """The type weights are made in."""
    return np.float64


def samples(f: Any) -> Any:
    """`f` itself, if its dtype has differences."""
    if dtype_name(f) == "bool":
        raise ArgumentTypeError("f has dtype bool: booleans have no differences; convert them first")
    if any(n is None or n != n for n in f.shape):
        raise ArgumentValueError(f"f has unknown sizes, shape {f.shape}; compute its chunk sizes first")
    return f
