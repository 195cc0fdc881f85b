"""Derivative rules of NumPy's elementwise functions, each in a form that rounds and overflows well.

A rule is written with NumPy's own functions, which work on arrays of NumPy and CuPy and on jets alike, so
that one line serves every order. `x` is the argument, `v` the value of the function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._base.errors import ArgumentTypeError
from ..._base.types import Array
from .calculus import binary, composed, constant, multiply, piecewise_constant, square, subtract, unary
from .jet import (
    RULES,
    Coefficients,
    Jet,
    Operand,
    Rule,
    apply,
    evaluate,
    first,
    payload,
    refuse_unknown,
)

LN2, LN10 = math.log(2.0), math.log(10.0)
MULTIPLIED_POWERS = 8  # integer powers up to here are products, faster than pow and within 4 eps


def is_complex(a: object) -> bool:
    """Whether values are complex."""
    return np.dtype(getattr(a, "dtype", type(a))).kind == "c"


def sech_squared(x: Operand) -> Operand:
    """1/cosh**2, as 1 - tanh**2 would cancel; far out, where products with cosh overflow, by exp(-2 |x|)."""
    if is_complex(x):
        return _squared_inverse_of_cosh(x)
    dtype = np.result_type(getattr(payload(x), "dtype", float), np.float16)
    far = np.abs(payload(x)) > 0.25 * float(np.log(np.finfo(dtype).max))
    if not np.any(far):
        return _squared_inverse_of_cosh(x)
    e = np.exp(np.where(payload(x) > 0, -2.0 * x, 2.0 * x))
    near = _squared_inverse_of_cosh(np.where(far, 0.0, x))
    return np.where(far, 4.0 * e / ((1.0 + e) * (1.0 + e)), near)


def _squared_inverse_of_cosh(x: Operand) -> Operand:
    s = 1.0 / np.cosh(x)
    return s * s


def _one_minus_square(x: Operand) -> Operand:
    """1 - x**2: a product near 1, where the difference would cancel; the difference near 0, where the product's slope would."""
    product = (1.0 - x) * (1.0 + x)
    return product if is_complex(x) else np.where(np.abs(payload(x)) < 0.5, 1.0 - x * x, product)


def _arcsin(x: Operand) -> Operand:
    if is_complex(x):  # on the branch that the values are on
        return 1.0 / (np.sqrt(1.0 - x) * np.sqrt(1.0 + x))
    return 1.0 / np.sqrt(_one_minus_square(x))


def _arcsinh(x: Operand) -> Operand:
    return 1.0 / (np.sqrt(1.0 + x * x) if is_complex(x) else np.hypot(1.0, x))


def _sinc(x: Operand) -> Operand:
    """Derivative of sin(u)/u, u = pi x: (cos u - sinc)/x, or its series where that cancels."""
    u = np.pi * x
    near = np.abs(payload(u)) < 1.5
    small = np.where(near, u, 0.0)
    total: Operand = 0.0
    for k in range(12, 0, -1):  # sum of (-1)**k 2k/(2k+1)! u**(2k-1)
        total = (-1.0) ** k * 2 * k / math.factorial(2 * k + 1) + small * small * total
    far = np.where(near, 1.0, x)
    return np.where(near, np.pi * small * total, (np.cos(np.pi * far) - np.sinc(far)) / far)


UNARY: dict[str, tuple[Rule, bool]] = {
    "sin": (np.cos, False),
    "cos": (lambda x: -np.sin(x), False),
    "tan": (lambda x, v: 1.0 + v * v, True),
    "arcsin": (_arcsin, False),
    "arccos": (lambda x: -_arcsin(x), False),
    "arctan": (lambda x: 1.0 / (1.0 + x * x), False),
    "sinh": (np.cosh, False),
    "cosh": (np.sinh, False),
    "tanh": (sech_squared, False),
    "arcsinh": (_arcsinh, False),
    "arccosh": (lambda x: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)), False),
    "arctanh": (lambda x: 1.0 / _one_minus_square(x), False),
    "exp": (lambda x, v: v, True),
    "exp2": (lambda x, v: LN2 * v, True),
    "expm1": (np.exp, False),  # v + 1 would cancel for negative x
    "log": (lambda x: 1.0 / x, False),
    "log2": (lambda x: (1.0 / LN2) / x, False),
    "log10": (lambda x: (1.0 / LN10) / x, False),
    "log1p": (lambda x: 1.0 / (1.0 + x), False),
    "sqrt": (lambda x, v: 0.5 / v, True),
    "cbrt": (lambda x, v: 1.0 / (3.0 * v * v), True),
    "reciprocal": (lambda x, v: -v * v, True),
    "deg2rad": (lambda x: math.pi / 180.0, False),
    "rad2deg": (lambda x: 180.0 / math.pi, False),
    "sinc": (_sinc, False),
}


def _where_nonzero(a: Operand) -> Operand:
    """`a`, with 1 in the place of 0: for slopes that are 0/0 at a kink, where 0 is meant.

    The coefficients of a jet, which the higher derivatives are made of, become NaN there.
    """
    one: Operand = 1.0
    if isinstance(a, Jet):
        one = a.like(constant(1.0, a), dict.fromkeys(a.coefficients, math.nan))
    return np.where(payload(a) == 0, one, a)


BINARY: dict[str, tuple[Rule, Rule]] = {
    "hypot": (lambda x, y, v: x / _where_nonzero(v), lambda x, y, v: y / _where_nonzero(v)),
    "logaddexp": (lambda x, y, v: np.exp(x - v), lambda x, y, v: np.exp(y - v)),
    "logaddexp2": (lambda x, y, v: np.exp2(x - v), lambda x, y, v: np.exp2(y - v)),
}

CONSTANT = {
    "floor", "ceil", "rint", "trunc", "fix", "floor_divide", "signbit", "isnan", "isinf",
    "isfinite", "less", "less_equal", "greater", "greater_equal", "equal", "not_equal", "logical_and",
    "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or", "bitwise_xor", "invert",
}  # fmt: skip


def arctan2(y: Operand, x: Operand) -> Jet:
    """The angle: (x dy - y dx)/r**2, divided twice by r so that nothing overflows."""
    jet = first((y, x))
    y, x = (a if isinstance(a, Jet) else constant(a, jet) for a in (y, x))

    def slope(a: Operand, y: Operand, x: Operand) -> Operand:
        r = _where_nonzero(np.hypot(x, y))
        return a / r / r

    rules = [lambda y, x: slope(x, y, x), lambda y, x: slope(-y, y, x)]
    return composed(evaluate("arctan2", payload(y), payload(x)), [y, x], rules, False)


def power(x: Operand, p: Operand) -> Jet:
    """x**p: p x**(p-1) dx, and v log(x) dp only where the exponent varies."""
    if isinstance(p, Jet) and p.coefficients:
        if not isinstance(x, Jet):
            x = p.like(constant(x, p))
        return composed(
            evaluate("power", x.value, p.value),
            [x, p],
            [lambda x, p, v: _power_slope(x, p), lambda x, p, v: _exponent_slope(x, v)],
            True,
        )
    jet, p = first((x, p)), payload(p)
    if not isinstance(x, Jet):  # a constant to the power of a constant jet
        return jet.like(evaluate("power", x, p))
    if np.ndim(p) == 0 and not is_complex(p):
        if hasattr(p, "dtype") and (wide := np.result_type(x.dtype, p.dtype)) != x.dtype:
            x = x.astype(wide)
        return _constant_power(x, float(p))
    p = constant(p, x)
    return composed(evaluate("power", x.value, p), [x], [lambda x: _power_slope(x, p)], False)


def _constant_power(x: Jet, p: float) -> Jet:
    if p == 1.0:
        return x
    if p == 2.0:
        return square(x)
    if p == 0.5:
        return apply("sqrt", x)
    return composed(_plain_power(x.value, p), [x], [lambda x: _times_power(x, p)], False)


def _times_power(x: Operand, p: float) -> Operand:
    """P x**(p-1), of arrays or jets."""
    if p == 0.0:
        return 0.0
    if p == 1.0:
        return 1.0
    return p * (power(x, p - 1.0) if isinstance(x, Jet) else _plain_power(payload(x), p - 1.0))


def _plain_power(x: Array, p: float) -> Array:
    """x**p of plain values; small integer powers by squaring."""
    if not p.is_integer() or abs(p) > MULTIPLIED_POWERS:
        return x**p
    if p < 0:
        return _plain_power(1.0 / x, -p)
    n, result = int(p), None
    while n:
        if n & 1:
            result = x if result is None else result * x
        n >>= 1
        if n:
            x = x * x
    return x**0 if result is None else result


def _power_slope(x: Operand, p: Operand) -> Operand:
    """P x**(p-1), with 0 for p = 0."""
    zero = payload(p) == 0
    return np.where(zero, 0.0, p * np.power(np.where(zero, 1.0, x), p - 1.0))


def _exponent_slope(x: Operand, v: Operand) -> Operand:
    """V log(x), with its limit 0 at x = 0."""
    zero = payload(x) == 0
    return np.where(zero, 0.0, v * np.log(np.where(zero, 1.0, x)))


def where(condition: Operand, a: Operand, b: Operand) -> Jet:
    """A choice for values and coefficients alike: nothing leaks from what is not chosen."""
    jet = first((condition, a, b))
    condition = payload(condition)
    value = np.where(condition, *(_typed(payload(c), jet, payload(d)) for c, d in ((a, b), (b, a))))
    left, right = (c.coefficients if isinstance(c, Jet) else {} for c in (a, b))
    dtype = getattr(value, "dtype", jet.dtype)
    out: Coefficients = {}
    for k in left.keys() | right.keys():
        pair = [dtype.type(c) if np.isscalar(c) else c for c in (left.get(k, 0.0), right.get(k, 0.0))]
        out[k] = np.where(condition, *pair)
    return jet.like(value, out)


def _typed(a: object, jet: Jet, other: object) -> Any:
    """A Python number in the type of what it is chosen beside (or of the coordinates)."""
    if not isinstance(a, (bool, int, float, complex)) or isinstance(a, np.generic):
        return a
    if isinstance(a, bool) and isinstance(other, (bool, np.bool_)):
        return a
    dtype = getattr(other, "dtype", jet.dtype)
    dtype = dtype if dtype.kind in "fc" else np.result_type(dtype, type(a))
    return np.result_type(dtype, type(a)).type(a) if isinstance(a, complex) else dtype.type(a)


def _extremum(name: str) -> Callable[[Operand, Operand], Jet]:
    """Max or min: the coefficients of what was taken, the mean of both at a tie."""

    def rule(a: Operand, b: Operand) -> Jet:
        jet = first((a, b))
        a, b = (c if isinstance(c, Jet) else jet.like(constant(c, jet)) for c in (a, b))
        value = evaluate(name, a.value, b.value)
        of_a, of_b = (value == c.value for c in (a, b))
        dtype = value.dtype.type
        out: Coefficients = {}
        for k in a.coefficients.keys() | b.coefficients.keys():
            c, d = (
                dtype(e) if np.isscalar(e) else e
                for e in (a.coefficients.get(k, 0.0), b.coefficients.get(k, 0.0))
            )
            out[k] = np.where(of_a & of_b, 0.5 * (c + d), np.where(of_a, c, np.where(of_b, d, value)))
        return jet.like(value, out)

    return rule  # fmt: skip


def clip(x: Jet, low: Operand | None = None, high: Operand | None = None) -> Jet:
    """``minimum(maximum(x, low), high)``."""
    if low is not None:
        x = apply("maximum", x, low)
    return x if high is None else apply("minimum", x, high)


def absolute(x: Jet) -> Jet:
    """|x|: sign(x) dx, 0 at 0; of a complex function of real coordinates the hypot of its parts."""
    if is_complex(x):
        return apply("hypot", real(x), imag(x))
    sign = evaluate("sign", x.value)
    return x.like(evaluate("absolute", x.value), {k: sign * c for k, c in x.coefficients.items()})


def sign(x: Jet) -> Jet:
    """-1, 0 or 1; of complex values z/|z|, which turns."""
    if not is_complex(x):
        return x.like(evaluate("sign", x.value))
    size = absolute(x)
    found = where(size.value == 0, 0.0, x / _where_nonzero(size))
    return x.like(evaluate("sign", x.value), found.coefficients)


def heaviside(x: Operand, at_zero: Operand) -> Jet:
    """A step of x, constant on both sides; `at_zero` counts where x is 0."""
    jet = first((x, at_zero))
    value = evaluate("heaviside", payload(x), payload(at_zero))
    coefficients = at_zero.coefficients if isinstance(at_zero, Jet) else {}
    there = payload(x) == 0
    return jet.like(value, {k: np.where(there, c, value.dtype.type(0)) for k, c in coefficients.items()})


def real(x: Jet) -> Jet:
    """Real part."""
    _check_real(x, "real")
    return x.mapped(np.real) if is_complex(x) else x


def imag(x: Jet) -> Jet:
    """Imaginary part."""
    _check_real(x, "imag")
    return x.mapped(np.imag) if is_complex(x) else x.like(np.imag(x.value))


def conjugate(x: Jet) -> Jet:
    """Complex conjugate."""
    _check_real(x, "conj")
    return x.mapped(np.conjugate) if is_complex(x) else x


def _check_real(x: Jet, name: str) -> None:
    if x.algebra.holomorphic and x.coefficients:
        raise ArgumentTypeError(
            f"{name} (or abs, or angle) of complex coordinates is not holomorphic: it has no complex derivative; "
            "give the real and imaginary parts as two real coordinates, lambda x, y: f(x + 1j*y)"
        )


def remainder(x: Operand, y: Operand, name: str = "floor_divide") -> Jet:
    """X - q y with a quotient q that is piecewise constant; the value is NumPy's."""
    value = evaluate("remainder" if name == "floor_divide" else "fmod", payload(x), payload(y))
    q = evaluate("floor_divide", payload(x), payload(y))
    if name == "trunc":
        q = evaluate("trunc", payload(x) / payload(y))
    jet = first((x, y))
    change = subtract(x if isinstance(x, Jet) else jet.like(constant(x, jet)), multiply(jet.like(q), y))
    return jet.like(value, change.coefficients)


def copysign(x: Operand, y: Operand) -> Jet:
    """|x| with the sign of y."""
    jet = first((x, y))
    value = evaluate("copysign", payload(x), payload(y))
    flip = evaluate("copysign", 1.0, payload(x)) * evaluate("copysign", 1.0, payload(y))
    coefficients = x.coefficients if isinstance(x, Jet) else {}
    return jet.like(value, {k: flip * c for k, c in coefficients.items()})


def modf(x: Jet) -> tuple[Jet, Jet]:
    """Fractional and whole part."""
    fraction, whole = np.modf(x.value)
    return x.like(fraction, x.coefficients), x.like(whole)


def ldexp(x: Operand, n: Operand) -> Jet:
    """X 2**n for a constant whole n."""
    if isinstance(n, Jet) or not isinstance(x, Jet):
        refuse_unknown("ldexp with a varying exponent")
    return x.mapped(lambda c: evaluate("ldexp", c, n))


RULES |= {name: unary(name, *rule) for name, rule in UNARY.items()}
RULES |= {name: binary(name, *both) for name, both in BINARY.items()}
RULES |= {name: piecewise_constant(name) for name in CONSTANT}
RULES |= {
    "arctan2": arctan2, "power": power, "float_power": power, "where": where, "clip": clip, "absolute": absolute,
    "fabs": absolute, "real": real, "imag": imag, "conjugate": conjugate, "copysign": copysign, "modf": modf,
    "sign": sign, "heaviside": heaviside,
    "remainder": remainder, "fmod": lambda x, y: remainder(x, y, "trunc"), "ldexp": ldexp,
    "divmod": lambda x, y: (apply("floor_divide", x, y), remainder(x, y)),
    "maximum": _extremum("maximum"), "minimum": _extremum("minimum"),
    "fmax": _extremum("fmax"), "fmin": _extremum("fmin"),
}  # fmt: skip
