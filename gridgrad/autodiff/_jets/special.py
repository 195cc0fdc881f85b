"""Derivative rules of scipy.special's common functions (Abramowitz & Stegun; NIST DLMF, sections named below)."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..._base.errors import ArgumentTypeError
from ..._base.types import Array
from .calculus import binary, composed, constant, unary
from .jet import RULES, SPECIAL, Jet, Operand, Rule, apply, evaluate, first, payload
from .rules import LN10, is_complex, sech_squared

ROOT_PI = math.sqrt(math.pi)
FAR = 12.0  # from here 12 terms of `_asymptotic` are exact to rounding


def call(name: str, *inputs: Operand) -> Operand:
    """A special function of arrays or jets."""
    return (
        apply(name, *inputs)
        if any(isinstance(a, Jet) for a in inputs)
        else evaluate(name, *map(payload, inputs))
    )


def _log_ndtr_slope(x: Operand, v: Operand) -> Operand:
    """exp(-x**2/2 - v)/sqrt(2 pi), whose exponent is a difference of large numbers for negative x: there by erfcx."""
    near = np.exp(-0.5 * x * x - v) / math.sqrt(2 * math.pi)
    left = payload(x) < 0
    if not np.any(left):
        return near
    return np.where(
        left, math.sqrt(2 / math.pi) / call("erfcx", np.where(left, -x, 0.0) * math.sqrt(0.5)), near
    )


def _log_ratio(x: Operand, y: Operand) -> Operand:
    """log(x/y), where the ratio overflows or vanishes as a difference of logarithms."""
    ratio = x / y
    far = ~((payload(ratio) > 1e-30) & (payload(ratio) < 1e30)) & (payload(x) > 0) & (payload(y) > 0)
    return (
        np.where(far, np.log(x) - np.log(y), np.log(np.where(far, 1.0, ratio)))
        if np.any(far)
        else np.log(ratio)
    )


def _asymptotic(x: Operand, sign: float) -> Operand:
    """Sum of ``sign**k (2k-1)!! / (2 x**2)**k`` over k from 1 (DLMF 7.12.1)."""
    t = sign * 0.5 / (x * x)
    total: Operand = 1.0
    for odd in range(23, 1, -2):
        total = 1.0 + odd * t * total
    return t * total


def _cancelling(near: Operand, x: Operand, far: Rule, is_far: Array) -> Operand:
    """`near`, or for large real x, where its terms cancel, ``far(x)``."""
    if is_complex(x) or not np.any(is_far):
        return near
    return np.where(is_far, far(np.where(is_far, x, FAR)), near)


def _erfcx_slope(x: Operand, v: Operand) -> Operand:
    return _cancelling(
        2.0 * x * v - 2 / ROOT_PI, x, lambda x: (2 / ROOT_PI) * _asymptotic(x, -1.0), payload(x) > FAR
    )


def _dawsn_slope(x: Operand, v: Operand) -> Operand:
    return _cancelling(1.0 - 2.0 * x * v, x, lambda x: -_asymptotic(x, 1.0), np.abs(payload(x)) > FAR)


UNARY: dict[str, tuple[Rule, bool]] = {
    "erf": (lambda x: (2 / ROOT_PI) * np.exp(-x * x), False),  # DLMF 7.2
    "erfc": (lambda x: (-2 / ROOT_PI) * np.exp(-x * x), False),
    "erfcx": (_erfcx_slope, True),
    "erfinv": (lambda x, v: (ROOT_PI / 2) * np.exp(v * v), True),
    "erfcinv": (lambda x, v: (-ROOT_PI / 2) * np.exp(v * v), True),
    "dawsn": (_dawsn_slope, True),
    "ndtr": (lambda x: np.exp(-0.5 * x * x) / math.sqrt(2 * math.pi), False),
    "log_ndtr": (_log_ndtr_slope, True),
    "ndtri": (lambda x, v: math.sqrt(2 * math.pi) * np.exp(0.5 * v * v), True),
    "gamma": (lambda x, v: v * call("psi", x), True),  # DLMF 5.2
    "gammaln": (lambda x: call("psi", x), False),
    "loggamma": (lambda x: call("psi", x), False),
    "psi": (lambda x: call("zeta", 2.0, x), False),  # DLMF 5.15
    "expit": (lambda x: 0.25 * sech_squared(0.5 * x), False),  # v (1 - v) would cancel
    "log_expit": (lambda x: call("expit", -x), False),
    "logit": (lambda x: 1.0 / (x * (1.0 - x)), False),
    "entr": (lambda x: -1.0 - np.log(x), False),
    "exp10": (lambda x, v: LN10 * v, True),
    "cosm1": (lambda x: -np.sin(x), False),
    "j0": (lambda x: -call("j1", x), False),  # DLMF 10.6
    "j1": (lambda x: 0.5 * (call("j0", x) - call("jv", 2.0, x)), False),
    "y0": (lambda x: -call("y1", x), False),
    "y1": (lambda x: 0.5 * (call("y0", x) - call("yv", 2.0, x)), False),
    "i0": (lambda x: call("i1", x), False),  # DLMF 10.29
    "i1": (lambda x: 0.5 * (call("i0", x) + call("iv", 2.0, x)), False),
    "k0": (lambda x: -call("k1", x), False),
    "k1": (lambda x: -0.5 * (call("k0", x) + call("kv", 2.0, x)), False),
    "i0e": (lambda x, v: call("i1e", x) - np.sign(payload(x)) * v, True),
    "i1e": (lambda x, v: 0.5 * (call("i0e", x) + call("ive", 2.0, x)) - np.sign(payload(x)) * v, True),
    "k0e": (lambda x, v: v - call("k1e", x), True),
    "k1e": (lambda x, v: v - 0.5 * (call("k0e", x) + call("kve", 2.0, x)), True),
}

BINARY: dict[str, tuple[Rule, Rule]] = {
    "xlogy": (lambda x, y, v: np.log(y), lambda x, y, v: x / y),
    "xlog1py": (lambda x, y, v: np.log1p(y), lambda x, y, v: x / (1.0 + y)),
    "rel_entr": (lambda x, y, v: _log_ratio(x, y) + 1.0, lambda x, y, v: -x / y),
    "kl_div": (lambda x, y, v: _log_ratio(x, y), lambda x, y, v: 1.0 - x / y),
    "betaln": (
        lambda x, y, v: call("psi", x) - call("psi", x + y),
        lambda x, y, v: call("psi", y) - call("psi", x + y),
    ),
    "beta": (
        lambda x, y, v: v * (call("psi", x) - call("psi", x + y)),
        lambda x, y, v: v * (call("psi", y) - call("psi", x + y)),
    ),
}


def _gamma_density(n: Operand, x: Operand) -> Operand:
    """x**(n-1) exp(-x) / gamma(n)."""
    return np.exp(call("xlogy", n - 1.0, x) - x - evaluate("gammaln", payload(n)))


WITH_ORDER: dict[str, Rule] = {  # of a constant order n and an argument x, with the value v
    "jv": lambda n, x, v: 0.5 * (call("jv", n - 1.0, x) - call("jv", n + 1.0, x)),
    "yv": lambda n, x, v: 0.5 * (call("yv", n - 1.0, x) - call("yv", n + 1.0, x)),
    "iv": lambda n, x, v: 0.5 * (call("iv", n - 1.0, x) + call("iv", n + 1.0, x)),
    "kv": lambda n, x, v: -0.5 * (call("kv", n - 1.0, x) + call("kv", n + 1.0, x)),
    "ive": lambda n, x, v: (
        0.5 * (call("ive", n - 1.0, x) + call("ive", n + 1.0, x)) - np.sign(payload(x)) * v
    ),
    "kve": lambda n, x, v: v - 0.5 * (call("kve", n - 1.0, x) + call("kve", n + 1.0, x)),
    "zeta": lambda n, x, v: -n * call("zeta", n + 1.0, x),  # DLMF 25.11.17
    "gammainc": lambda n, x, v: _gamma_density(n, x),  # DLMF 8.8
    "gammaincc": lambda n, x, v: -_gamma_density(n, x),
}


def _with_order(name: str, rule: Rule) -> Callable[[Operand, Operand], Jet]:
    def function(n: Operand, x: Operand) -> Jet:
        jet = first((n, x))
        if isinstance(n, Jet) and n.coefficients:
            raise ArgumentTypeError(
                f"scipy.special.{name} has no derivative rule for its order (first argument); keep it constant"
            )
        order = constant(payload(n), jet)
        if not isinstance(x, Jet):
            return jet.like(evaluate(name, order, x))
        return composed(evaluate(name, order, x.value), [x], [lambda x, v: rule(order, x, v)], True)

    return function


RULES |= {name: unary(name, *rule) for name, rule in UNARY.items()}
RULES |= {name: binary(name, *both) for name, both in BINARY.items()}
RULES |= {name: _with_order(name, rule) for name, rule in WITH_ORDER.items()}
RULES["jn"] = RULES["jv"]
SPECIAL |= {*UNARY, *BINARY, *WITH_ORDER}
