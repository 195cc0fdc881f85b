"""Oracles that share nothing with gridgrad: exact rationals, long double, analytic functions."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

HALF_WAY_SLACK = 2  # (1 + u)^3 - 1 = 1.5 eps (1 + O(eps)): the second-order term, in eps


def fraction(value: Any) -> Fraction:
    """Any finite real scalar of NumPy, ml_dtypes or Python, exactly."""
    value = np.asarray(value)
    if value.dtype.name == "bfloat16":
        value = value.astype(np.float32)
    return Fraction(*value[()].as_integer_ratio()) if value.dtype.kind == "f" else Fraction(int(value))


def fractions(values: Any) -> list[Fraction]:
    """A 1-D array as exact numbers."""
    return [fraction(value) for value in np.asarray(values)]


def exact_steps(spacing: Any, length: int) -> list[Fraction]:
    """``x[i+1] - x[i]`` of coordinates, or a constant step, exactly."""
    if np.ndim(spacing) == 0:
        return [fraction(spacing)] * (length - 1)
    x = fractions(spacing)
    return [b - a for a, b in pairwise(x)]


def exact_wrap(spacing: Any, length: int, period: Any) -> Fraction:
    """The step from the last point to the first one of the next period, exactly."""
    steps = exact_steps(spacing, length)
    if period is None:
        return steps[0]
    return (1 if steps[0] > 0 else -1) * fraction(period) - sum(steps, Fraction(0))


@dataclass(frozen=True)
class Point:
    """The exact derivative at one point, and what its error is measured by."""

    value: Fraction
    scale: Fraction  # sum of |w| |f_b - f_a|
    uniform: bool  # an interior point between equal steps


def three_points(f: list[Fraction], i: int, a: Fraction, b: Fraction) -> Point:
    """The Lagrange form -b/(a(a+b)) f- + (b-a)/(ab) f0 + a/(b(a+b)) f+ between steps a and b."""
    n = len(f)
    low, mid, high = f[(i - 1) % n], f[i], f[(i + 1) % n]
    value = -b / (a * (a + b)) * low + (b - a) / (a * b) * mid + a / (b * (a + b)) * high
    if a == b:
        return Point(value, abs((high - low) / (2 * a)), True)
    return Point(value, abs(b / (a + b) / a * (mid - low)) + abs(a / (a + b) / b * (high - mid)), False)


def end_point(f0: Fraction, f1: Fraction, f2: Fraction | None, a: Fraction, b: Fraction | None) -> Point:
    """The one-sided row at f0; of second order if a third point f2 is given (steps a, then b)."""
    if f2 is None or b is None:
        return Point((f1 - f0) / a, abs((f1 - f0) / a), False)
    value = -(2 * a + b) / (a * (a + b)) * f0 + (a + b) / (a * b) * f1 - a / (b * (a + b)) * f2
    scale = abs((1 + a / (a + b)) / a * (f1 - f0)) + abs(a / (a + b) / b * (f2 - f1))
    return Point(value, scale, False)


def exact_gradient(
    f: list[Fraction], steps: list[Fraction], edge_order: int = 1, wrap: Fraction | None = None
) -> list[Point]:
    """Every point of a 1-D gradient in rational arithmetic, one explicit loop."""
    n = len(f)
    if wrap is not None:
        around = [wrap, *steps, wrap]
        return [three_points(f, i, around[i], around[i + 1]) for i in range(n)]
    points = []
    for i in range(n):
        if i == 0:
            third, far = (f[2], steps[1]) if edge_order == 2 else (None, None)
            points.append(end_point(f[0], f[1], third, steps[0], far))
        elif i == n - 1:
            third, far = (f[-3], -steps[-2]) if edge_order == 2 else (None, None)
            points.append(end_point(f[-1], f[-2], third, -steps[-1], far))
        else:
            points.append(three_points(f, i, steps[i - 1], steps[i]))
    return points


def finfo(dtype: Any) -> Any:
    """``numpy.finfo``, bfloat16 included."""
    if np.dtype(dtype).name == "bfloat16":
        import ml_dtypes

        return ml_dtypes.finfo(dtype)
    return np.finfo(dtype)


def assert_within_contract(result: Any, points: list[Point]) -> None:
    """1.5 eps of the value where the steps are equal (up to 2 ulp), 2 eps sum |w||df| elsewhere; subnormals to their own unit."""
    result = np.asarray(result)
    if result.dtype.kind == "c":
        raise AssertionError("split complex results into their parts")
    limits = finfo(result.dtype)
    eps, unit = fraction(limits.eps), fraction(limits.smallest_subnormal)
    assert len(result) == len(points)
    for i, (got, point) in enumerate(zip(fractions(result), points, strict=True)):
        factor = Fraction(3, 2) * (1 + HALF_WAY_SLACK * eps) if point.uniform else Fraction(2)
        bound = factor * eps * point.scale + unit
        error = abs(got - point.value)
        assert error <= bound, (
            f"point {i}: {float(got)!r} for {float(point.value)!r}, off by {float(error / (eps * point.scale or 1)):.3f} "
            f"eps sum|w||df|, allowed {float(factor):.3f}"
        )


def extended_steps(spacing: Any, length: int) -> Any:
    """Steps in long double: exact for integers and nearby float64 points, else to 2**-64."""
    if np.ndim(spacing) == 0:
        return np.full(length - 1, spacing, np.longdouble)
    x = np.asarray(spacing)
    if x.dtype.kind in "iu":
        return np.array([int(b) - int(a) for a, b in pairwise(x)], np.longdouble)
    return np.diff(x.astype(np.longdouble))


def extended_gradient(
    f: Any, axis: int, steps: Any, edge_order: int = 1, wrap: Any = None
) -> tuple[Any, Any]:
    """Values and ``sum |w||df|`` along one axis of an array, in long double and vectorised."""
    f = np.moveaxis(np.asarray(f).astype(np.longdouble), axis, -1)
    slopes = np.diff(f, axis=-1) / steps
    if wrap is not None:
        around = ((f[..., 0] - f[..., -1]) / wrap)[..., None]
        slopes = np.concatenate([around, slopes, around], axis=-1)
        steps = np.concatenate([[wrap], steps, [wrap]]).astype(np.longdouble)
    left, right = steps[:-1], steps[1:]
    low, high = right / (left + right) * slopes[..., :-1], left / (left + right) * slopes[..., 1:]
    value, scale = low + high, np.abs(low) + np.abs(high)
    if wrap is None:
        first, last = slopes[..., 0], slopes[..., -1]
        ends, sizes = [first, last], [np.abs(first), np.abs(last)]
        if edge_order == 2:
            for k, (near, far) in enumerate(((0, 1), (-1, -2))):
                r = steps[near] / (steps[near] + steps[far])
                bent, straight = r * slopes[..., far], (1 + r) * slopes[..., near]
                ends[k], sizes[k] = straight - bent, np.abs(straight) + np.abs(bent)
        value = np.concatenate([ends[0][..., None], value, ends[1][..., None]], axis=-1)
        scale = np.concatenate([sizes[0][..., None], scale, sizes[1][..., None]], axis=-1)
    return np.moveaxis(value, -1, axis), np.moveaxis(scale, -1, axis)


# Smooth functions with their exact derivatives: name -> (f, f').
ANALYTIC = {
    "log(1+x)": (np.log1p, lambda x: 1 / (1 + x)),
    "exp(x)": (np.exp, np.exp),
    "1/(2+x)": (lambda x: 1 / (2 + x), lambda x: -1 / (2 + x) ** 2),
}


def uniform_grid(n: int) -> Any:
    """n points on [0, 1] with a dyadic step when n - 1 is a power of two."""
    return np.arange(n) / (n - 1)


def smooth_grid(n: int) -> Any:
    """A smooth map of the uniform grid."""
    s = uniform_grid(n)
    return s + 0.25 * np.sin(np.pi * s) / np.pi


def random_grid(n: int) -> Any:
    """Steps that differ from their neighbours by factors up to 3, at every refinement."""
    steps = np.random.default_rng(n).uniform(0.5, 1.5, n - 1)
    return np.concatenate([[0.0], np.cumsum(steps)]) / np.sum(steps)


def geometric_grid(n: int) -> Any:
    """Steps in geometric progression, 100 times larger at the end than at the beginning."""
    steps = 100.0 ** (np.arange(n - 1) / max(n - 2, 1))
    return np.concatenate([[0.0], np.cumsum(steps)]) / np.sum(steps)


def chebyshev_grid(n: int) -> Any:
    """Chebyshev points of the second kind on [0, 1]."""
    return 0.5 - 0.5 * np.cos(np.pi * uniform_grid(n))


GRIDS = {
    "uniform": uniform_grid,
    "smooth": smooth_grid,
    "random": random_grid,
    "geometric": geometric_grid,
    "chebyshev": chebyshev_grid,
}
