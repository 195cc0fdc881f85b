"""Numbers and arrays that are given to conditions at walls: the value, the weights of a mixture, the place of the wall."""

from __future__ import annotations

import re
from fractions import Fraction
from math import isfinite
from numbers import Real
from sys import float_info
from typing import Literal

import numpy as np

from ..._backends import dispatch
from ..._backends.operations import check_no_times
from ..._base.checks import as_float, is_real, is_word
from ..._base.errors import ArgumentTypeError, ArgumentValueError, shown
from ..._base.tracing import is_tracer
from ..._base.types import Array
from ..._stencils.wide import exact_fraction
from ..._wraps.units import present

Number = int | float | complex
Place = Literal["point", "face"] | float


def require_number(value: object, label: str) -> None:
    """Refuse a quantity: the units of the field are not known before the call."""
    if present(value):
        raise ArgumentTypeError(
            f"{label} has units, but what is prescribed at walls is in those of the field and of the axes, which only a call knows; "
            "give the number in these, v.to(f.units).magnitude of pint, v.to_value(f.unit) of astropy, v.to_value(f.units) of unyt"
        )


def weight(number: object, word: str, kind: str) -> Fraction:
    """The weight of a value or a slope in a mixture of both."""
    if isinstance(number, (bool, np.bool_)) or not is_real(number):
        given = shown(number) if is_tracer(number) else type(number).__name__
        varies = (
            "; where a or b varies along it give gridgrad.slope((c - a * u) / b), of the last u at the wall"
        )
        raise ArgumentTypeError(
            f"{word} of {kind}() must be a real number, got {given}; it is one for a whole wall, of which only c may be an array{varies if _has_axes(number) else ''}"
        )
    if not isfinite(as_float(number)):
        raise ArgumentValueError(f"{word} of {kind}() is {as_float(number)}; it must be finite")
    return exact_fraction(np.asarray(number))


def _has_axes(number: object) -> bool:
    """Whether it is an array, or a list, where one number is asked for."""
    return isinstance(number, (list, tuple)) or bool(getattr(number, "shape", ()))


def place(wall: object, kind: str) -> tuple[Fraction | None, Fraction | None]:
    """How far outside the wall is, None of half of the first step, and its position where that is given instead."""
    if is_word(wall, "point"):
        return Fraction(0), None
    if is_word(wall, "face"):
        return None, None
    if isinstance(wall, (str, bool, np.bool_)) or not is_real(wall):
        raise ArgumentTypeError(
            f'wall of {kind}() must be "point", "face" or the position of the wall, got {shown(wall)}'
        )
    if not isfinite(as_float(wall)):
        raise ArgumentValueError(f"wall={as_float(wall)} of {kind}() must be finite")
    return None, exact_fraction(np.asarray(wall))


def given_of(given: object, kind: str) -> Number | Array:
    """The number, or the array as it is."""
    if isinstance(given, (bool, np.bool_, str)) or callable(given) or given is None:
        raise ArgumentTypeError(
            f"{kind}() got {given!r}; give a number or an array, which may be written into later, or a name= by which calls "
            "give others"
        )
    if isinstance(given, complex):
        return number_of(given, kind)
    if isinstance(given, Real) and not hasattr(given, "__array_interface__"):
        return number_of(given, kind)
    if isinstance(given, np.generic) and given.dtype.kind not in "mM":
        return number_of(given.item(), kind)
    if isinstance(given, (list, tuple)):
        raise ArgumentTypeError(
            f"{kind}() got a {type(given).__name__}; give an array, numpy.array({str(given)[:40]})"
        )
    try:
        samples = dispatch.samples(given)[1]
        check_no_times(samples, "f", "v")
        return samples
    except (ArgumentTypeError, ArgumentValueError) as error:
        raise type(error)(re.sub(r"\bf\b", kind, str(error))) from None


def number_of(given: Number | Real, kind: str) -> Number:
    """A finite number."""
    number: Number = given if isinstance(given, complex) else as_float(given)
    sizes = (abs(number.real), abs(number.imag)) if isinstance(number, complex) else (abs(number),)
    if not all([size <= float_info.max for size in sizes]):  # which a compiler can trace of its own symbols
        raise ArgumentValueError(
            f"{kind}() got {number}; a number must be finite, only arrays may hold other values"
        )
    return number
