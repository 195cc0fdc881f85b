"""Numbers of twice the precision, as unevaluated sums: so that a weight is rounded once, at its end.

Error-free transformations after Dekker, Numer. Math. 18 (1971) 224-242, and Knuth, TAOCP 2, 4.2.2.
They give the same bits on every machine, which long double does not.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .._base.types import Array

Number = TypeVar("Number", Fraction, "Wide")


class Wide:
    """``high + low``: arrays or scalars of one floating type, `high` being the sum rounded once."""

    __slots__ = ("high", "low")

    def __init__(self, high: Array, low: Array) -> None:
        self.high, self.low = high, low

    def at(self, index: int | slice | list[int] | Array) -> Wide:
        """The same elements of both parts."""
        return Wide(self.high[index], self.low[index])

    def scaled(self, exponent: int | Array) -> Wide:
        """Times a power of two: exact."""
        return Wide(np.ldexp(self.high, exponent), np.ldexp(self.low, exponent))

    def __add__(self, other: Wide) -> Wide:
        total, rest = two_sum(self.high, other.high)
        return Wide(*two_sum(total, rest + (self.low + other.low)))

    def __sub__(self, other: Wide) -> Wide:
        return self + -other

    def __mul__(self, other: Wide) -> Wide:
        product, rest = two_product(self.high, other.high)
        return Wide(*two_sum(product, rest + (self.high * other.low + self.low * other.high)))

    def __rtruediv__(self, number: int) -> Wide:
        return narrow(np.full_like(self.high, number)[()]) / self

    def __truediv__(self, other: Wide) -> Wide:
        quotient = self.high / other.high
        product, rest = two_product(quotient, other.high)
        remainder = ((self.high - product) - rest) + self.low - quotient * other.low
        correction = remainder / other.high
        return Wide(*two_sum(quotient, np.where(np.isfinite(correction), correction, 0)[()]))

    def __neg__(self) -> Wide:
        return Wide(-self.high, -self.low)

    def __abs__(self) -> Wide:
        sign = np.copysign(np.ones_like(self.high), self.high)
        return Wide(sign * self.high, sign * self.low)


def two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """``a + b`` rounded, and what the rounding left out."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """``a * b`` rounded, and what the rounding left out."""
    product = a * b
    a_high, a_low = _halves(a)
    b_high, b_low = _halves(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halves(value: Array) -> tuple[Array, Array]:
    bits = np.finfo(np.asarray(value).dtype).nmant + 1
    factor = np.asarray(2.0 ** ((bits + 1) // 2) + 1, dtype=np.asarray(value).dtype)[()]
    shifted = factor * value
    high = shifted - (shifted - value)
    return high, value - high


def narrow(value: Wide | npt.ArrayLike) -> Wide:
    """A plain number or array, with nothing left out; what is Wide already stays so."""
    if isinstance(value, Wide):
        return value
    high = np.asarray(value)[()]
    return Wide(high, np.zeros_like(high))


def without_noise(total: Number, size: Number) -> Number:
    """A sum, or 0 where that is but the rounding of terms whose magnitudes add up to `size`."""
    if isinstance(total, Fraction) or isinstance(size, Fraction):
        return total
    bits = np.finfo(total.high.dtype).nmant + 1
    there = np.abs(total.high) > np.ldexp(size.high, -3 * bits // 2)
    return Wide(np.where(there, total.high, 0)[()], np.where(there, total.low, 0)[()])


def exact_fraction(value: Wide | Fraction | npt.ArrayLike) -> Fraction:
    """A finite scalar of any real type, or a Wide of scalars, as a rational number."""
    if isinstance(value, Wide):
        return exact_fraction(value.high) + exact_fraction(value.low)
    return Fraction(*np.asarray(value).item().as_integer_ratio())


def from_fraction(value: Fraction, real: npt.DTypeLike) -> Wide:
    """An exact rational, to twice the precision of `real`; also beyond the exponents of float64."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    near_one = value / Fraction(2) ** exponent
    high = _nearest(near_one, real)
    return Wide(high, _nearest(near_one - exact_fraction(high), real)).scaled(exponent)


def _nearest(value: Fraction, real: npt.DTypeLike) -> Array:
    """`value` rounded once to `real`: a sum of exact pieces, each of which is exact."""
    parts = pieces(value, np.finfo(real).nmant + 1)
    return sum(
        (np.ldexp(np.asarray(float(part), real)[()], exponent) for part, exponent in parts),
        np.asarray(0, real)[()],
    )


def pieces(value: Fraction, bits: int) -> list[tuple[int, int]]:
    """`value` rounded to `bits` significant bits, ties to even, as integers of at most 53 bits times powers of two.

    The highest comes first, so that every partial sum has `bits` bits or fewer: long double has 53, 64,
    106 or 113 of them, and only through float64 does an integer reach it exactly.
    """
    shift = bits - value.numerator.bit_length() + value.denominator.bit_length()
    above, below = abs(value.numerator) << max(shift, 0), value.denominator << max(-shift, 0)
    if above >= below << bits:
        shift, below = shift - 1, 2 * below
    whole, rest = divmod(above, below)
    whole += 2 * rest > below or (2 * rest == below and whole % 2)
    found = []
    while whole:
        later = max(whole.bit_length() - 53, 0)
        found.append(((whole >> later) * (-1 if value < 0 else 1), later - shift))
        whole &= (1 << later) - 1
    return found


def join(parts: list[Wide]) -> Wide:
    """One array of scalars and arrays in turn."""
    return Wide(
        np.concatenate([np.atleast_1d(part.high) for part in parts]),
        np.concatenate([np.atleast_1d(part.low) for part in parts]),
    )


def exact_steps(coordinates: Array, real: npt.DTypeLike = np.float64) -> Wide:
    """``x[i+1] - x[i]``, exactly where `real` has at least the coordinates' precision."""
    if coordinates.dtype.kind in "iu":
        unsigned = coordinates.astype(np.uint64)
        forward = coordinates[1:] >= coordinates[:-1]
        magnitude = np.where(forward, unsigned[1:] - unsigned[:-1], unsigned[:-1] - unsigned[1:])
        sign = np.where(forward, 1, -1).astype(real)
        upper_half = (magnitude >> np.uint64(32)).astype(real) * 2.0**32
        high, low = two_sum(upper_half, (magnitude & np.uint64(0xFFFFFFFF)).astype(real))
        return Wide(sign * high, sign * low)
    x = coordinates.astype(np.result_type(coordinates.dtype, real))
    high, low = two_sum(x[1:], -x[:-1])
    rounded = high.astype(real)
    return Wide(rounded, ((high - rounded) + low).astype(real))


def wrap_step(
    first: Array | Fraction | float,
    last: Array | Fraction,
    period: Array | Fraction | float,
    real: npt.DTypeLike = np.float64,
) -> Wide:
    """Step from the last point to the first one of the next period."""
    direction = 1 if last > first else -1
    exact = direction * exact_fraction(period) - (exact_fraction(last) - exact_fraction(first))
    return from_fraction(exact, real)


def scaled_steps(
    steps: Wide | npt.ArrayLike, wrap: Wide | npt.ArrayLike | None
) -> tuple[Wide, Wide | None, int]:
    """The steps over a power of two that makes the largest about 1, and its exponent."""
    steps = narrow(steps)
    exponent = int(np.max(np.frexp(np.abs(steps.high))[1]))
    return steps.scaled(-exponent), None if wrap is None else narrow(wrap).scaled(-exponent), exponent
