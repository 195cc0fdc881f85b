"""What multiplies an operator: a number, which becomes part of its weights, or a field, one more coefficient."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from numbers import Complex, Real
from sys import float_info
from typing import NamedTuple

import numpy as np

from ..._base.checks import is_real
from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.tracing import is_compiling
from ..._base.types import Array, Maps, Shape
from ..._grid.points import Points
from ..._wraps.units import present, unwrap
from .coefficients import Argument, is_finite
from .gather import clean_coefficient

Number = float | complex


class Factor(NamedTuple):
    """A field that multiplies at each point, and under which name a call gives another: "" of none."""

    field: Array
    name: str = ""
    conjugate: bool = False  # its conjugate does


def argument_of(name: str, conjugate: bool) -> Argument:
    """A factor as an argument of operators."""
    return Argument(name, (None,), is_vector=False, conjugate=conjugate, is_named=True)


def number_of(factor: object) -> Number | None:
    """A finite number that scales an operator; None of what may be a field.

    NumPy's arrays without axes are numbers, those of other libraries may be differentiated. There is one 0, of both
    signs: what is kept of ``0 * A`` is found by equality.
    """
    if type(factor) is float and abs(factor) <= float_info.max:
        return factor or 0.0
    if type(factor) is np.ndarray and not is_compiling():
        if factor.ndim or factor.dtype.kind not in "iufc":
            return None
        factor = factor[()]
    if is_real(factor):
        return _finite(factor)
    if isinstance(factor, Complex) and not (isinstance(factor, Real) or present(factor)):
        number = complex(factor)
        if not (isfinite(number.real) and isfinite(number.imag)):
            raise _not_finite(factor)
        return number or 0j
    return None


def _finite(factor: Real) -> float:
    try:
        number = float(factor)
    except OverflowError:  # an int beyond all floats
        raise _not_finite(factor) from None
    if not is_finite(number):
        raise _not_finite(factor)
    return number or 0.0


def _not_finite(factor: object) -> ArgumentValueError:
    return ArgumentValueError(f"an operator is scaled by finite numbers, got {str(factor)[:40]}")


def factor_of(grids: Sequence[Points], value: object) -> Factor:
    """A field that multiplies all results of an operator, which are on these grids."""
    shapes = list(dict.fromkeys([grid.shape for grid in grids])) if len(grids) > 1 else []
    if len(shapes) > 1:
        raise ArgumentValueError(
            f"no field multiplies results of the shapes {' and '.join(map(str, shapes))} at once; give a number, or multiply what A makes: "
            "[k * g for k, g in zip(factors, A(f))]"
        )
    return factor_on(grids[0], value)


def factor_on(grid: Points, value: object, name: str | None = None) -> Factor:
    """A field that broadcasts to those of a grid; by its `name` a call gives another."""
    if (
        name is None
        and type(value) is np.ndarray
        and not is_compiling()
        and value.shape == grid.shape
        and value.dtype.kind in "fc"
    ):
        return Factor(value)  # the usual case, without a detour
    label = name or "a factor"
    field = clean_coefficient(value, label)
    _check_shape(grid, tuple(unwrap(field, label)[0].shape), label)
    return Factor(field, name or "")


def _check_shape(grid: Points, shape: Shape, label: str) -> None:
    """Refuse what does not broadcast to fields of the grid, where its axes are their last ones."""
    are_last = all(axis < 0 for axis in grid.axes) and -min(grid.axes) == grid.ndim
    pairs = zip(reversed(shape), reversed(grid.shape), strict=False)
    if are_last and not all(own in (1, n) for own, n in pairs):
        raise ArgumentValueError(
            f"{label} has shape {shape}, but fields of the grid have shape (..., {', '.join(map(str, grid.shape))}); give a number, "
            f"or what broadcasts to that{_along_first(grid)}"
        )


def _along_first(grid: Points) -> str:
    """How a vector is given along the first of several axes."""
    ones = ", 1" * (grid.ndim - 1)
    return f": a vector a along the first axis as a.reshape(-1{ones})" if ones else ""


def check_single(factor: object) -> None:
    """Refuse what has axes behind an operator: one number of a library, or with a unit, is read as if in front."""
    if number_of(factor) is not None:
        return
    numbers, _ = unwrap(factor, "a factor")
    if not isinstance(numbers, Complex) and getattr(numbers, "shape", None) != ():
        raise _no_number(
            "an operator times a field is written with the field first", factor,
            "b * A multiplies what A gives, and A @ grid.multiply(b) what it is applied to",
        )  # fmt: skip


def divisor_of(divisor: object) -> Number:
    """The number by which an operator is divided."""
    number = number_of(divisor)
    if number is None:
        r = "numpy.array(r)" if isinstance(divisor, (list, tuple)) else "r"
        instead = f"multiply by the reciprocal, (1 / {r}) * op"
        raise _no_number("operators are divided by numbers", divisor, instead)
    if not number:
        raise ZeroDivisionError(f"an operator is divided by a number other than 0, got {divisor!r}")
    return number


def check_zero(other: object) -> None:
    """Refuse what is added to an operator and is none, but the 0 where sum() begins."""
    if isinstance(other, (int, float)) and other == 0:
        return
    if present(other):  # what a quantity times an operator is
        raise no_operator("operators have no units", other, "add what they give, f + dt * L(f)")
    raise no_operator(
        "operators are added to operators", other,
        "a multiple of the field itself is 2 * grid.identity, and V * grid.identity of a field V",
    )  # fmt: skip


def _no_number(rule: str, factor: object, instead: str) -> ArgumentTypeError:
    """For what scales an operator in a place of numbers and is none; first for what could multiply none in any place."""
    if isinstance(factor, Maps):
        return no_operator(
            "operators are multiplied and divided by numbers",
            factor,
            "compose them, A @ B; B is undone by B.solve(b)",
        )
    clean_coefficient(factor, "a factor")
    return no_operator(rule, factor, instead)


def no_operator(rule: str, other: object, instead: str) -> ArgumentTypeError:
    """For what stands beside an operator and is none."""
    return ArgumentTypeError(f"{rule}, got {type(other).__name__}; {instead}")
