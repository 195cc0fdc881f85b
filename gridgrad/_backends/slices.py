"""The same rows in the same order, as slices of any array-API namespace: differentiable, traceable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from importlib import import_module
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._plan.descriptor import arithmetic_type
from .._terms.real import real_terms
from .._terms.term import Term
from .rows import Rows, name_of

_NARROW = ("float16", "bfloat16", "float32")
_INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
_KNOWN = (*_NARROW, *_INTEGERS, "float64", "complex64", "complex128")


def apply(xp: Any, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: int) -> list[Any]:
    """The outputs of ``terms``: new arrays of the inputs' library, device and dtype."""
    like, kinds = leading(inputs), tuple(map(is_complex, inputs))
    real = arithmetic_of(xp, like, terms)
    with np.errstate(all="ignore"):  # as the compiled core: overflow gives inf, and no warning
        if not any(kinds):
            results = _sums(xp, terms, inputs, outputs, real)
        else:
            parts = [
                part
                for f, kind in zip(inputs, kinds, strict=True)
                for part in ((xp.real(f), xp.imag(f)) if kind else (f,))
            ]
            values = iter(_sums(xp, real_terms(terms, kinds), parts, 2 * outputs, real))
            results = [join_complex(xp, re, xp.zeros_like(re) if im is None else im)
                       for re, im in zip(values, values, strict=True)]  # fmt: skip
        return [_stored(xp, result, like) for result in results]


def leading(inputs: Sequence[Any]) -> Any:
    """The input whose dtype decides: a complex one, else a floating one, else integers give float64.

    Integers among them have a type of their own where a floating one would lose bits of them; all else
    has one dtype, but for real coefficients of complex fields.
    """
    if _have_one_dtype(inputs):
        return inputs[0]
    floating = [f for f in inputs if dtype_name(f) not in _INTEGERS]
    return next(filter(is_complex, floating), floating[0] if floating else inputs[0])


def is_mixed(inputs: Sequence[Any]) -> bool:
    """Whether integers are joined with another dtype: they are differenced as they are, in slices."""
    names = set() if _have_one_dtype(inputs) else {dtype_name(f) for f in inputs}
    return len(names) > 1 and not names.isdisjoint(_INTEGERS)


def _sums(xp: Any, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: int, real: Any) -> list[Any]:
    """The outputs in the arithmetic type, of real inputs."""
    results: list[Any] = [None] * outputs
    components: dict[int, list[Any]] = {}
    for term in sorted(terms, key=lambda term: term.output):
        coefficient = None if term.coefficient is None else inputs[term.coefficient]
        value = _differentiate(xp, inputs[term.input], coefficient, term, real)
        held = results[term.output]
        if term.norm:
            components.setdefault(term.output, []).append(value)
        else:
            results[term.output] = value if held is None else held + value
    for output, values in components.items():
        results[output] = _norm(xp, values)
    return results


def _norm(xp: Any, values: list[Any]) -> Any:
    """The norm of some components at each point."""
    size = reduce(lambda held, value: _hypot(xp, held, value), values[1:], xp.abs(values[0]))
    constant = _constant_in(xp)
    return size if constant is None else with_slope(xp, constant(size), values)


def with_slope(xp: Any, size: Any, values: Sequence[Any]) -> Any:
    """The constant `size` with the derivatives, of any order, of the root of the sum of squares: 0 where it is 0.

    Those of `_hypot` would be wrong: its absolute values and branches have none where components are equal or 0.
    """
    constant = _constant_in(xp)
    assert constant is not None
    tiny, floor = (2.0**-100, 2.0**-95) if name_of(size.dtype) == "float32" else (2.0**-900, 2.0**-800)
    regular = (size != 0) & (size != float("inf"))
    sound = xp.where(regular, size, xp.ones_like(size))
    # Squares of this scale and all products of the backward pass stay far from over- and underflow.
    scale = xp.where(sound < tiny, floor, 2 * xp.sqrt(sound))
    squares = [xp.where(regular, value / scale, xp.ones_like(value)) ** 2 for value in values]
    root = xp.sqrt(reduce(lambda held, square: held + square, squares))
    return size + scale * (root - constant(root))  # what is added is 0


def _constant_in(xp: Any) -> Callable[[Any], Any] | None:
    """What makes a constant of an array, in a library that differentiates."""
    if "torch" in xp.__name__:
        return lambda x: x.detach()
    return import_module("jax").lax.stop_gradient if "jax" in xp.__name__ else None


def _have_one_dtype(inputs: Sequence[Any]) -> bool:
    first = inputs[0].dtype
    return all(f.dtype == first for f in inputs[1:])


def _hypot(xp: Any, p: Any, q: Any) -> Any:
    """``sqrt(p*p + q*q)`` without overflow, by the operations that the kernels use."""
    p, q = xp.abs(p), xp.abs(q)
    big, small = xp.where(p > q, p, q), xp.where(p > q, q, p)
    ratio = xp.where(small == big, xp.ones_like(big), small / big)
    return big * xp.sqrt(1 + ratio * ratio)


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


def is_complex(f: Any) -> bool:
    """Whether the elements have an imaginary part."""
    return dtype_name(f).startswith(("complex", "clongdouble"))


def _differentiate(xp: Any, f: Any, coefficient: Any, term: Term, real: Any) -> Any:
    if coefficient is not None and coefficient.dtype != real:
        coefficient = xp.astype(coefficient, real)
    if dtype_name(f) in _INTEGERS:
        rows = Rows(xp, f, term.axis, real, lambda b, a: integer_difference(xp, b, a, real))
    else:
        rows = Rows(xp, f if f.dtype == real else xp.astype(f, real), term.axis, real, lambda b, a: b - a)
    result = rows.apply(term.stencil, coefficient, term.place)
    if coefficient is not None and term.place == "point":
        result = result * coefficient
    if term.then is not None:
        result = Rows(xp, result, term.then[0], real, lambda b, a: b - a).apply(term.then[1])
    return result


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


def operate(
    terms: tuple[Term, ...], fields: Sequence[Any], outputs: int, out: Any, workers: int | None
) -> list[Any]:
    """Any array-API array: new arrays only."""
    if out is not None:
        raise ArgumentTypeError(
            f"out= is not supported for arrays of {type(fields[0]).__module__}, which cannot be written in place"
        )
    return apply(array_namespace(*fields), terms, fields, outputs)


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
        raise ArgumentValueError(
            f"f has unknown sizes, shape {f.shape}; compute its chunk sizes first, f.compute_chunk_sizes()"
        )
    return f
