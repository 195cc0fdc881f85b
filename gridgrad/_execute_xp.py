"""The same rows in the same order, as slices of any array-API namespace: differentiable, traceable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from ._errors import ArgumentTypeError, ArgumentValueError
from ._plan import Term, arithmetic_type
from ._stencils import Row, Stencil

_NARROW = ("float16", "bfloat16", "float32")
_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_KNOWN = (*_NARROW, *_INTEGERS, "float64", "complex64", "complex128")


def apply(xp: Any, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: int) -> list[Any]:
    """The outputs of ``terms``: new arrays of the inputs' library, device and dtype."""
    results: list[Any] = [None] * outputs
    real = arithmetic_of(xp, inputs[0], terms)
    with np.errstate(all="ignore"):  # as the compiled core: overflow gives inf, and no warning
        for term in sorted(terms, key=lambda term: term.output):
            value = differentiate(xp, inputs[term.input], term, real)
            held = results[term.output]
            results[term.output] = value if held is None else held + value
        return [_stored(xp, result, inputs[0]) for result in results]


def _stored(xp: Any, result: Any, f: Any) -> Any:
    """`result` in the dtype it is kept in; a half is rounded from float32, as the kernels do."""
    kept = result_dtype(xp, f)
    if name_of(kept) in ("float16", "bfloat16") and name_of(result.dtype) == "float64":
        result = xp.astype(result, xp.float32)
    return result if result.dtype == kept else xp.astype(result, kept)


def result_dtype(xp: Any, f: Any) -> Any:
    """Floating and complex types are kept; integers give the widest real type there is."""
    return default_real(xp, f) if dtype_name(f) in _INTEGERS else f.dtype


def default_real(xp: Any, f: Any) -> Any:
    """float64, or what stands for it: JAX without x64 and Apple's devices have float32 only."""
    if "jax" in xp.__name__:
        return xp.result_type(float)
    return xp.float32 if getattr(getattr(f, "device", None), "type", None) == "mps" else xp.float64


def dtype_name(f: Any) -> str:
    """``float32`` for NumPy's, torch's and everyone's float32."""
    return name_of(f.dtype)


def name_of(dtype: Any) -> str:
    """The same of a dtype, or of a type that stands for one."""
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype).rpartition(".")[2]
    return str(name)


def arithmetic_of(xp: Any, f: Any, terms: Sequence[Term]) -> Any:
    """The real dtype that differences and weights are in, chosen as the plan does."""
    name = dtype_name(f)
    narrow = {"complex64": "float32"}.get(name, name)
    if narrow in _NARROW:
        wide = any(term.stencil.power for term in terms) or arithmetic_type(narrow, terms) != "float32"
        return default_real(xp, f) if wide else xp.float32
    if name in _INTEGERS or name == "complex128":
        return default_real(xp, f)
    return np.longdouble if name.startswith("clongdouble") or name == "complex256" else f.dtype


def differentiate(xp: Any, f: Any, term: Term, real: Any) -> Any:
    """One term of one input, in the arithmetic type `real`."""
    name = dtype_name(f)
    if name.startswith(("complex", "clongdouble")):
        parts = [differentiate(xp, part, term, real) for part in (xp.real(f), xp.imag(f))]
        return join_complex(xp, *parts)
    if name in _INTEGERS:
        return _rows(xp, f, term, real, lambda b, a: integer_difference(xp, b, a, real))
    return _rows(xp, f if f.dtype == real else xp.astype(f, real), term, real, lambda b, a: b - a)


def integer_difference(xp: Any, b: Any, a: Any, real: Any) -> Any:
    """``b - a`` rounded once: the magnitude of any difference fits the unsigned type."""
    name = dtype_name(b)
    if "torch" in xp.__name__:
        return _torch_difference(xp, b, a, real)
    unsigned = getattr(xp, name if name.startswith("u") else "u" + name)
    forward = xp.astype(b, unsigned) - xp.astype(a, unsigned)
    backward = xp.astype(a, unsigned) - xp.astype(b, unsigned)
    return xp.where(b >= a, xp.astype(forward, real), -xp.astype(backward, real))


def _torch_difference(xp: Any, b: Any, a: Any, real: Any) -> Any:
    """The same from halves of 32 bits, as torch has no arithmetic on its wide unsigned types.

    Both halves' differences and the shifted upper one are exact, so only their sum is rounded.
    """

    def halves(x: Any) -> tuple[Any, Any]:
        is_unsigned = x.dtype == xp.uint64
        x = x.view(xp.int64) if is_unsigned else xp.astype(x, xp.int64)
        upper = x >> 32
        return (upper & 0xFFFFFFFF if is_unsigned else upper), x & 0xFFFFFFFF

    pairs = zip(halves(b), halves(a), strict=True)
    upper, lower = (xp.astype(of_b - of_a, real) for of_b, of_a in pairs)
    return upper * 2.0**32 + lower


def join_complex(xp: Any, real: Any, imaginary: Any) -> Any:
    """A complex array from its parts; ``re + 1j * im`` would turn infinities into NaN."""
    if "torch" in xp.__name__:
        return import_module("torch").complex(real, imaginary)
    if "jax" in xp.__name__:
        return import_module("jax").lax.complex(real, imaginary)
    if "dask" in xp.__name__:
        return import_module("dask.array").map_blocks(_join_parts, real, imaginary)
    if hasattr(real, "flags"):  # NumPy and CuPy
        return _join_parts(real, imaginary)
    dtype = xp.complex64 if dtype_name(real) == "float32" else xp.complex128
    i, nan, inf = (xp.astype(xp.asarray(z), dtype) for z in (1j, complex(0, np.nan), complex(0, np.inf)))
    unbounded = xp.where(xp.isnan(imaginary), nan, xp.where(imaginary > 0, inf, -inf))
    finite = xp.where(xp.isfinite(imaginary), imaginary, xp.zeros_like(imaginary))
    along = xp.where(xp.isfinite(imaginary), xp.astype(finite, dtype) * i, unbounded)
    return xp.astype(real, dtype) + along


def _join_parts(real: Any, imaginary: Any) -> Any:
    whole = (real + 0j).astype(np.result_type(real.dtype, np.complex64), copy=False)
    whole.real, whole.imag = real, imaginary
    return whole


def _rows(xp: Any, f: Any, term: Term, real: Any, difference: Any) -> Any:
    """Leading row, formula (1) inside, trailing row, joined along the axis."""
    stencil, axis = fitted(term.stencil, real), term.axis
    half = (
        stencil.power // 2
    )  # before the sum, so that nothing small is lost and nothing large overflows early

    def scaled_difference(b: Any, a: Any) -> Any:
        return times_power(difference(b, a), half)

    def at(start: int, stop: int) -> Any:
        return f[(slice(None),) * axis + (slice(start, stop), ...)]

    def weight(values: Any) -> Any:
        if np.ndim(values) == 0:
            return values if isinstance(values, np.longdouble) else float(values)
        shape = [1] * f.ndim
        shape[axis] = len(values)
        return xp.reshape(as_weights(xp, values, real, f), tuple(shape))

    def row(pairs: Row) -> Any:
        sum_ = None
        for a, b, value in pairs:
            product = weight(value) * scaled_difference(at(b, b + 1), at(a, a + 1))
            sum_ = product if sum_ is None else sum_ + product
        return sum_

    pieces = [row(stencil.leading), row(stencil.trailing)]
    if stencil.length > 2:
        pieces.insert(1, _interior(xp, stencil, axis, at, weight, scaled_difference))
    return times_power(xp.concat(pieces, axis=axis), stencil.power - half)


def _interior(xp: Any, stencil: Stencil, axis: int, at: Any, weight: Any, difference: Any) -> Any:
    n = stencil.length
    below, centre, above = at(0, n - 2), at(1, n - 1), at(2, n)
    lower, upper = (w if np.ndim(w) == 0 else w[1:-1] for w in (stencil.lower, stencil.upper))
    short = np.equal(lower, upper)
    wide = split = None
    if np.any(short):
        wide = weight(lower) * difference(above, below)
    if not np.all(short):
        split = weight(lower) * difference(centre, below) + weight(upper) * difference(above, centre)
    if wide is None or split is None:
        return split if wide is None else wide
    shape = [n - 2 if k == axis else 1 for k in range(wide.ndim)]
    return xp.where(as_weights(xp, short.reshape(shape), None, wide), wide, split)


def fitted(stencil: Stencil, real: Any) -> Stencil:
    """`stencil` with weights rounded to `real`; by a power of two where its exponents are too few."""
    if name_of(real) != "float32":
        return stencil
    if arithmetic_type("float32", [Term(0, 0, 0, stencil)]) != "float32":
        stencil = _rescaled(stencil, int(np.frexp(stencil.smallest_and_largest_weight()[1])[1]))
    lower, upper = (np.asarray(w, dtype=np.float32)[()] for w in (stencil.lower, stencil.upper))
    return replace(stencil, lower=lower, upper=upper)


def _rescaled(stencil: Stencil, power: int) -> Stencil:
    """The same stencil with weights of at most 1 and a power to make up for it."""

    def row(pairs: Row) -> Row:
        return tuple((a, b, np.ldexp(value, -power)) for a, b, value in pairs)

    lower, upper = np.ldexp(stencil.lower, -power), np.ldexp(stencil.upper, -power)
    return Stencil(
        stencil.length, lower, upper, row(stencil.leading), row(stencil.trailing), stencil.power + power
    )


def as_weights(xp: Any, values: Any, dtype: Any, like: Any) -> Any:
    """A small NumPy array in `like`'s library, on its device."""
    device = getattr(like, "device", None)
    if isinstance(like, np.ndarray) or device is None or "jax" in xp.__name__ or "dask" in xp.__name__:
        return xp.asarray(values, dtype=dtype)
    return xp.asarray(values, dtype=dtype, device=device)


def times_power(x: Any, power: int) -> Any:
    """``x * 2**power``, by factors that float32 holds."""
    sign = 1 if power > 0 else -1
    for done in range(0, abs(power), 100):
        x = x * 2.0 ** (sign * min(100, abs(power) - done))
    return x


def reads(flags: Any, term: Term, real: Any) -> Any:
    """Which rows read a flagged point, with weights in `real`: a NumPy boolean array."""
    stencil, axis = term.stencil, term.axis
    along = np.moveaxis(np.asarray(flags), axis, 0)
    result = np.zeros_like(along)
    for place, row in ((0, stencil.leading), (-1, stencil.trailing)):
        for a, b, _ in row:
            result[place] |= along[a] | along[b]
    result[1:-1] = along[:-2] | along[2:]
    short = np.equal(np.asarray(stencil.lower, dtype=real), np.asarray(stencil.upper, dtype=real))
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
        raise ArgumentTypeError(
            "f has dtype bool: booleans have no differences; convert them first, f.astype(float)"
        )
    if dtype_name(f) not in _KNOWN:
        raise ArgumentTypeError(f"f has dtype {f.dtype}; convert it to one of {', '.join(_KNOWN)}")
    if any(n is None or n != n for n in f.shape):
        raise ArgumentValueError(f"f has unknown sizes, shape {f.shape}; compute its chunk sizes first")
    return f
