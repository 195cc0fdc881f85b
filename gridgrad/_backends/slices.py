"""The same rows in the same order, as slices of any array-API namespace: differentiable, traceable."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from .._base.types import Array
from .._plan.plan import arithmetic_type
from .._terms.real import real_terms
from .._terms.term import Join, Term, in_order, joins_of
from .operations import INTEGERS, A, AnArray, Operations, dtype_name, name_of
from .rows import Rows, has_pairs

_NARROW = ("float16", "bfloat16", "float32")


def apply(xp: Operations, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: int) -> list[Any]:
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
            results = [xp.complex_of(re, xp.zeros_like(re) if im is None else im)
                       for re, im in zip(values, values, strict=True)]  # fmt: skip
        kept = result_dtype(xp, like)
        return [stored(xp, result, kept) for result in results]


def leading(inputs: Sequence[A]) -> A:
    """The input whose dtype decides: a complex one, else a floating one, else integers give float64.

    Integers among them have a type of their own where a floating one would lose bits of them; all else
    has one dtype, but for real coefficients of complex fields.
    """
    if _have_one_dtype(inputs):
        return inputs[0]
    floating = [f for f in inputs if dtype_name(f) not in INTEGERS]
    return next(filter(is_complex, floating), floating[0] if floating else inputs[0])


def is_mixed(inputs: Sequence[AnArray]) -> bool:
    """Whether integers are joined with another dtype: they are differenced as they are, in slices."""
    names = set() if _have_one_dtype(inputs) else {dtype_name(f) for f in inputs}
    return len(names) > 1 and not names.isdisjoint(INTEGERS)


def _sums(
    xp: Operations, terms: tuple[Term, ...], inputs: Sequence[Array], outputs: int, real: object
) -> list[Array]:
    """The outputs in the arithmetic type, of real inputs."""
    results: list[Any] = [None] * outputs
    joins = joins_of(terms)
    components: dict[int, list[Array]] = {output: [] for output in joins}
    for term in in_order(terms):
        value = _differentiate(xp, inputs, term, real)
        held = results[term.output]
        if term.output in components:  # where a term is not there its 0 changes nothing
            components[term.output].append(value)
        elif held is None:
            results[term.output] = value
        else:
            whole = held + value
            results[term.output] = xp.where(_places(xp, term, held), whole, held) if term.ends else whole
    for output, values in components.items():
        results[output] = joined(xp, joins[output], values)
    return results


def _places(xp: Operations, term: Term, like: Array) -> Array:
    """Where a term at ends is there: all its stencils have pairs."""
    there = np.ones((1,) * like.ndim, bool)
    for axis, stencil in term.stencils():
        assert axis is not None
        there = there & has_pairs(stencil).reshape([-1 if k == axis else 1 for k in range(like.ndim)])
    return xp.weights(there, None, like)


def joined(xp: Operations, join: Join, values: list[Array]) -> Array:
    """What the values of an output's terms make of it at each point."""
    if join is Join.TOTAL:
        return reduce(add, values)
    parts = [
        part
        for value in values
        for part in ((xp.real(value), xp.imag(value)) if is_complex(value) else (value,))
    ]
    return _norm(xp, parts) if join is Join.NORM else reduce(add, [part * part for part in parts])


def _norm(xp: Operations, values: list[Array]) -> Array:
    size = reduce(lambda held, value: _hypot(xp, held, value), values[1:], xp.abs(values[0]))
    return size if xp.constant is None else with_slope(xp, xp.constant(size), values)


def with_slope(xp: Operations, size: Array, values: Sequence[Array]) -> Array:
    """The constant `size` with the derivatives, of any order, of the root of the sum of squares: 0 where it is 0.

    Those of `_hypot` would be wrong: its absolute values and branches have none where components are equal or 0.
    """
    constant = xp.constant
    assert constant is not None
    tiny, floor = (2.0**-100, 2.0**-95) if name_of(size.dtype) == "float32" else (2.0**-900, 2.0**-800)
    regular = (size != 0) & (size != float("inf"))
    sound = xp.where(regular, size, xp.ones_like(size))
    # Squares of this scale and all products of the backward pass stay far from over- and underflow.
    scale = xp.where(sound < tiny, floor, 2 * xp.sqrt(sound))
    squares = [xp.where(regular, value / scale, xp.ones_like(value)) ** 2 for value in values]
    root = xp.sqrt(reduce(lambda held, square: held + square, squares))
    whole: Array = size + scale * (root - constant(root))  # what is added is 0
    return whole


def _have_one_dtype(inputs: Sequence[AnArray]) -> bool:
    first = inputs[0].dtype
    return all(f.dtype == first for f in inputs[1:])


def _hypot(xp: Operations, p: Array, q: Array) -> Array:
    """``sqrt(p*p + q*q)`` without overflow, by the operations that the kernels use."""
    p, q = xp.abs(p), xp.abs(q)
    big, small = xp.where(p > q, p, q), xp.where(p > q, q, p)
    # Nor is a NaN made on the way where both are 0 or infinite: JAX can warn of it.
    same, one = small == big, xp.ones_like(big)
    ratio = xp.where(same, one, small) / xp.where(same, one, big)
    return big * xp.sqrt(1 + ratio * ratio)


def stored(xp: Operations, result: Array, kept: object) -> Array:
    """`result` in the dtype it is kept in."""
    result = through_float32(xp, result, kept)
    return result if result.dtype == kept else xp.astype(result, kept)


def through_float32(xp: Operations, result: A, kept: object) -> A:
    """What is to be rounded to a half from float64, rounded to float32 first, as the kernels do."""
    is_far = name_of(kept) in ("float16", "bfloat16") and name_of(result.dtype) == "float64"
    rounded: Any = xp.astype(result, xp.float32) if is_far else result
    value: A = rounded
    return value


def result_dtype(xp: Operations, f: AnArray) -> object:
    """Floating and complex types are kept; integers give the widest real type there is."""
    return xp.real_type(f) if dtype_name(f) in INTEGERS else f.dtype


def arithmetic_of(xp: Operations, f: AnArray, terms: Sequence[Term]) -> object:
    """The real dtype that differences and weights are in, chosen as the plan does."""
    name = dtype_name(f)
    narrow = {"complex64": "float32"}.get(name, name)
    if narrow in _NARROW:
        wide = any(term.stencil.power for term in terms) or arithmetic_type(narrow, terms) != "float32"
        return xp.real_type(f) if wide else xp.float32
    if name in INTEGERS or name == "complex128":
        return xp.real_type(f)
    return np.longdouble if name.startswith("clongdouble") or name == "complex256" else f.dtype


def is_complex(f: object) -> bool:
    """Whether the elements have an imaginary part."""
    return dtype_name(f).startswith(("complex", "clongdouble"))


def _differentiate(xp: Operations, inputs: Sequence[Array], term: Term, real: object) -> Array:
    f, other = inputs[term.input], None
    inner, faces, outer = (
        None if k is None else _in(xp, inputs[k], real) for k in (term.inner, term.faces, term.outer)
    )
    if inner is not None and term.inner_sign:
        other = of_other_sign(inner, term.inner_sign)
        inner, f = xp.where(other, xp.zeros_like(inner), inner), xp.where(other, xp.zeros_like(f), f)
    if dtype_name(f) in INTEGERS:
        rows = Rows(xp, f, term.axis, real, lambda b, a: xp.difference(b, a, real))
    else:
        rows = Rows(xp, _in(xp, f, real), term.axis, real, lambda b, a: b - a)
    result = rows.apply(term.stencil, inner, faces, term, other)
    if term.then is not None:
        result = Rows(xp, result, term.then[0], real, lambda b, a: b - a).apply(term.then[1])
    if outer is None:
        return result
    if term.outer_sign:
        # Both are 0 there: neither a NaN that is not read nor its derivative shows.
        other = of_other_sign(outer, term.outer_sign)
        outer = xp.where(other, xp.zeros_like(outer), outer)
        result = xp.where(other, xp.zeros_like(result), result)
    return xp.where(outer != 0, result * outer, xp.zeros_like(result)) if term.gated else result * outer


def of_other_sign(factor: Array, sign: int) -> Array:
    """Where a factor does not count; a NaN counts."""
    other: Array = factor <= 0 if sign > 0 else factor >= 0
    return other


def _in(xp: Operations, f: Array, real: object) -> Array:
    return f if f.dtype == real else xp.astype(f, real)
