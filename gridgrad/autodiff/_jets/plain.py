"""The values a function gives to jets, held against those it gives to plain arrays: where they differ, so do derivatives.

Python code can tell a jet from an array: by its type, by a second name of an array that is changed in place, by an
exception that it swallows. It then computes something else, exactly and without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import numpy as np

from ..._base.errors import ArgumentTypeError
from ..._base.types import Array

NUDGES = (2, -3, 5)  # eps by which coordinates are moved to see how well a function knows its own values
NOISE = 256.0  # how many times the effect of that a difference must be
NEAR = 4  # of how many points on both sides the effect counts

Function = Callable[..., object]


def check_meaning(output: object) -> None:
    """Refuse a result whose unit or mask a plain derivative would lose."""
    if type(output) is np.ndarray:
        return
    if getattr(output, "units", None) is not None or getattr(output, "unit", None) is not None:
        raise ArgumentTypeError(
            f"the function returned a {type(output).__qualname__} with a unit, which its derivatives would lose; compute with plain "
            "numbers: k.magnitude (pint) or k.value (astropy, unyt) for k"
        )
    if np.ma.is_masked(output):
        raise ArgumentTypeError(
            "the function returned a masked array, whose mask its derivatives would lose; compute with k.filled(numpy.nan) for k"
        )


def disagreement(function: Function, coords: Sequence[Array], values: Sequence[Array]) -> str | None:
    """How the values of a function of jets differ from those of plain arrays; "" where they do not.

    None where they cannot be compared, as the function cannot be called with these arrays.
    """
    plain = _outputs(function, coords, len(values))
    if plain is None:
        return None
    if len(plain) != len(values):
        return f"{len(plain)} outputs instead of {len(values)}"
    for k, (a, b) in enumerate(zip(values, plain, strict=True)):
        check_meaning(b)
        if _same(a, b):
            continue
        where = _far_apart(a, b)
        if where is None:
            return f"output {k} has shape {np.shape(b)} instead of {np.shape(a)}"
        if where.any() and (found := _beyond_noise(function, coords, (k, len(values)), where, (a, b))):
            return found
    return ""


def refusal(difference: str) -> ArgumentTypeError:
    """The error for a function that treats jets as something else than arrays."""
    return ArgumentTypeError(
        "the function computes something else of NumPy arrays than of the jets that carry its derivatives, which would be wrong "
        f"({difference}): it asks for the type of its argument (isinstance, numpy.isscalar), changes an array in place that has a "
        "second name (a = x; a *= x), or swallows an exception. Write numpy.ndim(x) == 0 for numpy.isscalar(x), a = a * x for "
        "a *= x, and leave out tests of type and try: ... except:"
    )


def _outputs(function: Function, coords: Sequence[Array], count: int, nudge: int = 0) -> list[Array] | None:
    """The outputs at copies of the coordinates, as many as jets have where they were stacked."""
    given = [c * (1 + nudge * c.dtype.type(np.finfo(c.dtype).eps)) if nudge else c for c in coords]
    given = [c.copy() if c.ndim else c[()] for c in given]
    try:
        with np.errstate(all="ignore"):
            result = function(*given)
    except Exception:
        return None
    if isinstance(result, (list, tuple)):
        return list(result)
    found = cast(Array, result)
    return list(found) if count > 1 and np.shape(found)[:1] == (count,) else [found]


def _same(a: object, b: object) -> bool:
    try:
        same = a == b
        return bool(np.all(same)) or bool(np.all(same | ((a != a) & (b != b))))
    except Exception:
        return False


def _far_apart(a: Array, b: Array) -> Array | None:
    """Where two arrays are finite and differ by more than rounding; None where their shapes do not fit."""
    a, b = _host(a), _host(b)
    try:
        a, b = np.broadcast_arrays(a, b)
    except ValueError:
        return None
    if a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        return np.full(a.shape, a.dtype.kind != b.dtype.kind)
    with np.errstate(all="ignore"):
        tolerance = max(_eps(a), _eps(b)) ** 0.5
        finite = np.isfinite(a) & np.isfinite(b)
        far: Array = finite & (np.abs(a - b) > tolerance * (np.abs(a) + np.abs(b)))
    return far


def _host(a: Array) -> Array:
    """An array of a device (with ``get``) on the host; anything else as NumPy takes it."""
    host: Array = getattr(a, "get")() if type(a).__module__.startswith("cupy") else np.asanyarray(a)  # noqa: B009
    return host


def _eps(a: Array) -> float:
    return float(np.finfo(a.dtype if a.dtype.kind in "fc" else np.float64).eps)


def _beyond_noise(
    function: Function,
    coords: Sequence[Array],
    output: tuple[int, int],
    where: Array,
    pair: tuple[Array, Array],
) -> str:
    """A point of `where` at which coordinates that are moved by rounding do not explain the difference."""
    k, count = output
    a, b = np.broadcast_arrays(*map(_host, pair))
    noise: Array = np.zeros(a.shape)
    for nudge in NUDGES:
        moved = _outputs(function, coords, count, nudge)
        if moved is None or len(moved) <= k:
            return ""
        with np.errstate(all="ignore"):
            change = np.abs(np.subtract(_host(moved[k]), b, dtype=np.result_type(a, b, np.float32)))
            noise = np.maximum(noise, np.where(np.isfinite(change), change, np.inf))
    near = [np.roll(noise.ravel(), shift).reshape(noise.shape) for shift in range(-NEAR, NEAR + 1)]
    noise = np.maximum.reduce(near)  # some points are exact by chance
    with np.errstate(all="ignore"):
        beyond = where & ~(np.abs(a - b) <= NOISE * noise)
    if not beyond.any():
        return ""
    place = tuple(map(int, np.argwhere(beyond)[0]))
    return f"output {k} is {b[place]} of arrays and {a[place]} of jets" + (f" at {place}" if place else "")
