"""Quotients of sympy written as repeated divisions: ``a/b/b``, where ``a/b**2`` overflows long before its result does.

sympy keeps a/b**2 as a product of powers; in float32 ``b**2`` is 0 or infinite below 1e-20 and above 1e20.
"""

from __future__ import annotations

from itertools import zip_longest

import sympy
from sympy.printing.codeprinter import CodePrinter
from sympy.printing.precedence import PRECEDENCE

REPEATED = 8  # integer powers up to here are written as products


class Quotient(sympy.Function):  # type: ignore[misc,unused-ignore]
    """A division that sympy does not rearrange."""

    nargs = 2

    def _code(self, printer: CodePrinter, *args: object, **kwargs: object) -> str:
        above, below = (printer.parenthesize(a, PRECEDENCE["Atom"], strict=True) for a in self.args)
        return f"({above}/{below})"

    _ccode = _pythoncode = _numpycode = _scipycode = _torchcode = _jaxcode = _code


def divided(expression: sympy.Expr) -> sympy.Expr:
    """An expression with its negative powers as repeated divisions, multiplied and divided by turns."""
    if expression.is_Atom or isinstance(
        expression, (sympy.Derivative, sympy.Integral, sympy.Sum, sympy.Product)
    ):
        return expression
    if isinstance(expression, (sympy.Mul, sympy.Pow)):
        number, factors = expression.as_coeff_Mul()
        factors = sympy.Mul.make_args(factors)
        above = [e for f in factors for e in _repeated(f, 1)]
        below = [e for f in factors for e in _repeated(f, -1)]
        if below:
            return _by_turns(number, above, below)
    return expression.func(*map(divided, expression.args))


def _repeated(factor: sympy.Expr, sign: int) -> list[sympy.Expr]:
    """A factor above (1) or below (-1) the line, small whole powers as often as they count."""
    if not isinstance(factor, sympy.Pow) or not factor.exp.is_real or not factor.exp.is_number:
        same = (
            factor
            if factor.is_Atom or isinstance(factor, sympy.Mul)
            else factor.func(*map(divided, factor.args))
        )
        return [same] if sign > 0 else []
    if (factor.exp > 0) != (sign > 0):
        return []
    base, size = divided(factor.base), abs(factor.exp)
    whole = int(size) if size <= REPEATED else 0
    return [base] * whole + [base ** (size - whole)] * (size != whole)


def _by_turns(number: sympy.Expr, above: list[sympy.Expr], below: list[sympy.Expr]) -> sympy.Expr:
    result = number * above.pop(0) if above else number
    for times, by in zip_longest(above, below):
        if by is not None:
            result = Quotient(result, by)
        if times is not None:
            result = result * times
    return result
