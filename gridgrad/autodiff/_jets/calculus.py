"""The arithmetic of jets: sums, products, quotients and the chain rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import cast

import numpy as np

from ..._base.errors import ArgumentTypeError
from ..._base.types import Array, Value
from .jet import (
    RULES,
    Coefficients,
    Jet,
    Operand,
    Rule,
    ShapeAsked,
    evaluate,
    first,
    payload,
)

_MEMO = {"sin", "cos", "exp", "sinh", "cosh", "log"}  # shared between a function and its derivatives


def times(a: Value, b: Value) -> Value:
    """Product of coefficients; nothing is computed for 1."""
    if type(a) is float and a == 1.0:
        return b
    if type(b) is float and b == 1.0:
        return a
    return a * b


def plus(a: Value | None, b: Value) -> Value:
    """Sum of coefficients, None being 0."""
    return b if a is None else a if b is None else a + b


def gathered(total: Value | None, a: Value, b: Value) -> Value:
    """``total + a * b``, in the product's memory where it fits."""
    term = times(a, b)
    if total is None:
        return term
    if type(term) is np.ndarray and term is not a and term is not b and _fits(total, term):
        return np.add(total, term, out=term)
    return total + term


def _fits(total: Value, term: Array) -> bool:
    if type(total) is float:
        return True
    return type(total) is np.ndarray and total.shape == term.shape and total.dtype == term.dtype


def constant(a: object, jet: Jet) -> Array:
    """A plain operand: Python's integers and integer arrays as the floats they meet; numbers pass for arrays."""
    kind, found = type(a), cast(Array, a)
    if kind is float or kind is complex:
        return found
    if kind is int or kind is bool:
        return cast(Array, float(found))
    if not hasattr(a, "dtype"):
        found = np.asarray(a)
        if jet.tiled and found.size != 1:  # a list belongs to the whole mesh as an array does
            raise ShapeAsked
    if not hasattr(found.dtype, "kind"):
        raise ArgumentTypeError(
            f"the function computes with a {type(a).__module__}.{type(a).__qualname__} beside coordinates of NumPy; give tensors as "
            "coordinates, torch.from_numpy(x), or the number itself, a.item()"
        )
    if found.dtype.kind in "iub" and jet.dtype.kind in "fc":
        found = found.astype(np.result_type(found.dtype, jet.dtype))
    return found


def add(a: Operand, b: Operand) -> Jet:
    """Sum."""
    if not isinstance(a, Jet):
        assert isinstance(b, Jet)
        return b.like(constant(a, b) + b.value, b.coefficients)
    if not isinstance(b, Jet):
        return a.like(a.value + constant(b, a), a.coefficients)
    total = dict(a.coefficients)
    for k, c in b.coefficients.items():
        total[k] = plus(total.get(k), c)
    return a.like(a.value + b.value, total)


def subtract(a: Operand, b: Operand) -> Jet:
    """Difference."""
    if not isinstance(b, Jet):
        assert isinstance(a, Jet)
        return a.like(a.value - constant(b, a), a.coefficients)
    minus = {k: -c for k, c in b.coefficients.items()}
    if not isinstance(a, Jet):
        return b.like(constant(a, b) - b.value, minus)
    total = dict(a.coefficients)
    for k, c in b.coefficients.items():
        total[k] = total[k] - c if k in total else minus[k]
    return a.like(a.value - b.value, total)


def negative(a: Jet) -> Jet:
    """Minus."""
    return a.like(-a.value, {k: -c for k, c in a.coefficients.items()})


def multiply(a: Operand, b: Operand) -> Jet:
    """Product, by the rule of Leibniz: v_k = sum of a_i b_j over i + j = k."""
    if not isinstance(a, Jet):
        a, b = b, a
    assert isinstance(a, Jet)
    if not isinstance(b, Jet):
        b = constant(b, a)
        return a.like(a.value * b, {k: times(c, b) for k, c in a.coefficients.items()})
    if a is b:
        return square(a)
    out = {k: times(c, b.value) for k, c in a.coefficients.items()}
    for k, c in b.coefficients.items():
        out[k] = gathered(out.get(k), c, a.value)
    if a.algebra.order > 1:
        for i, c in a.coefficients.items():
            row = a.algebra.table[i]
            for j, d in b.coefficients.items():
                if j in row:
                    out[row[j]] = gathered(out.get(row[j]), c, d)
    return a.like(a.value * b.value, out)


def square(a: Jet) -> Jet:
    """A a, with half the products of `multiply`."""
    twice = 2.0 * a.value if a.coefficients else 0.0
    out = {k: times(c, twice) for k, c in a.coefficients.items()}
    if a.algebra.order > 1:
        for i, c in a.coefficients.items():
            row = a.algebra.table[i]
            for j, d in a.coefficients.items():
                if j >= i and j in row:
                    out[row[j]] = gathered(out.get(row[j]), c if i == j else 2.0 * c, d)
    return a.like(a.value * a.value, out)


def divide(a: Operand, b: Operand) -> Jet:
    """Quotient v = a/b: v_k = (a_k - sum v_i b_j) / b, which never forms b*b."""
    if not isinstance(b, Jet):
        assert isinstance(a, Jet)
        by = constant(b, a)
        kind: type = type(by)
        if kind is float and by == 0:  # as arrays divide, not as Python does
            by = a.dtype.type(by)
        return a.like(a.value / by, {k: c / by for k, c in a.coefficients.items()})
    top = a.coefficients if isinstance(a, Jet) else {}
    v: Coefficients = {}
    value = (a.value if isinstance(a, Jet) else constant(a, b)) / b.value
    below = b.coefficients
    if below or top:
        for k in range(1, len(b.algebra.monomials)):
            rest = top.get(k)
            for i, j in b.algebra.splits[k]:
                if j in below and (not i or i in v):
                    term = times(v[i] if i else value, below[j])
                    rest = -term if rest is None else rest - term
            if rest is not None:
                v[k] = rest / b.value
    return b.like(value, v)


def chained(parts: Sequence[tuple[Operand, Jet]], v: Coefficients, numbers: Iterable[int]) -> None:
    """Fill coefficients of v where dv = sum of slope * dx over `parts`.

    With t one of the variables in monomial k, and e its exponent there, comparing coefficients in
    dv/dt = sum slope * dx/dt gives

        e v_k = sum of slope_i * e_j x_j over i + j = k

    (Griewank & Walther, Evaluating Derivatives, 2nd ed., 2008, section 13.2).
    """
    chains = parts[0][1].algebra.chains
    for k in numbers:
        total = None
        for slope, x in parts:
            for i, j, weight in chains[k]:
                c = x.coefficients.get(j)
                if c is None:
                    continue
                s: Value | None = payload(slope)
                if i:
                    s = slope.coefficients.get(i) if isinstance(slope, Jet) else None
                if s is not None:
                    total = gathered(total, s if weight == 1.0 else weight * s, c)
        if total is not None:
            v[k] = total


def unary(name: str, rule: Rule, uses_value: bool) -> Callable[[Jet], Jet]:
    """A function of one jet, by its derivative as a function of x, and of the value v if that is used."""

    def function(x: Jet) -> Jet:
        if name not in _MEMO:
            return composed(evaluate(name, x.value), [x], [rule], uses_value)
        x.memo = x.memo if x.memo is not None else {}
        if name not in x.memo:
            x.memo[name] = evaluate(name, x.value)
        return composed(x.memo[name], [x], [rule], uses_value)

    return function


def binary(name: str, *rules: Rule) -> Callable[[Operand, Operand], Jet]:
    """A function of two operands, by both partial derivatives as functions of x, y and the value v."""

    def function(x: Operand, y: Operand) -> Jet:
        jet = first((x, y))
        x, y = (a if isinstance(a, Jet) else constant(a, jet) for a in (x, y))
        return composed(evaluate(name, payload(x), payload(y)), [x, y], rules, True)

    return function


def piecewise_constant(name: str) -> Callable[..., Jet]:
    """A function whose derivative is 0."""
    return lambda *inputs: first(inputs).like(evaluate(name, *map(payload, inputs)))


def composed(value: Array, inputs: Sequence[Operand], rules: Sequence[Rule], uses_value: bool) -> Jet:
    """The jet of a function whose value is known and whose derivatives are `rules`.

    Rules are evaluated on jets of one degree less; one that uses the value v too is evaluated degree by
    degree, as v becomes known.
    """
    jet = first(inputs)
    active = [(r, a) for r, a in zip(rules, inputs, strict=True) if isinstance(a, Jet) and a.coefficients]
    v: Coefficients = {}
    if not active:
        return jet.like(value)
    algebra = jet.algebra
    degrees = [sum(m) for m in algebra.monomials]
    steps = range(1, algebra.order + 1) if uses_value else [algebra.order]
    for degree in steps:
        known = [a.below(degree - 1) if isinstance(a, Jet) else a for a in inputs]
        if uses_value:
            known.append(jet.like(value, v).below(degree - 1))
        parts = [(rule(*known), a) for rule, a in active]
        chained(parts, v, [k for k, d in enumerate(degrees) if k and (not uses_value or d == degree)])
    return jet.like(value, v)


RULES |= {
    "add": add, "subtract": subtract, "multiply": multiply, "divide": divide,
    "negative": negative, "positive": lambda a: a, "square": square,
}  # fmt: skip
