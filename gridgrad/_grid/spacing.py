"""One axis: its spacing checked and turned into steps and a cached stencil."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.ma import MaskedArray  # now, not in a first call that a fork may interrupt

from .._backends import dispatch
from .._base.cache import Cache
from .._base.content import Content
from .._base.errors import ArgumentTypeError, ArgumentValueError, counted
from .._base.types import Array
from .._stencils.derivatives import Rule, derivative_stencil
from .._stencils.stencil import Stencil
from .._stencils.weights import exact_steps, wrap_step
from .._stencils.wide import Wide, exact_fraction, from_fraction
from .._wraps.foreign import is_foreign, named, remedy, remedy_for_units
from .._wraps.units import held, present
from . import hints

SAMPLES, PIECE = 64, 1 << 16  # points that are hashed; points that are compared at a time

_stencils: Cache[Stencil] = Cache("stencils", entries=256)


def axis_stencil(spacing: object, length: int, axis: int, rule: Rule, period: Any, real: npt.DTypeLike) -> Stencil:
    """The stencil of one axis for a rule, from a step or from coordinates.

    Cached by the *content* of the spacing, which nobody may change any more; an equal one, whatever
    its identity, is not validated again.
    """
    values = to_host(spacing, axis)
    if period is not None:
        period = clean_number(period, axis, "period")
    key = (Content(values), length, rule, period, np.dtype(real))
    stencil = _stencils.get(key)
    if stencil is None:
        steps, wrap = _steps(values, length, axis, rule.is_periodic, period, real)
        stencil = _normal(steps, length, rule, wrap, axis)
        _stencils.put(key, stencil, values.nbytes + stencil.nbytes)
    return stencil


def axis_steps(
    spacing: object, length: int, axis: int, periodic: bool, period: Any, real: npt.DTypeLike
) -> tuple[Wide, Wide | None]:
    """The steps of one axis and, if it is periodic, the one from its last point round to its first."""
    values = to_host(spacing, axis)
    if period is not None:
        period = clean_number(period, axis, "period")
    return _steps(values, length, axis, periodic, period, real)


def _steps(
    values: Array, length: int, axis: int, periodic: bool, period: Any, real: npt.DTypeLike
) -> tuple[Wide, Wide | None]:
    if values.ndim == 0:
        step = clean_number(values, axis, "spacing")
        return _from_step(step, length, axis, periodic, period, real)
    check_coordinates(values, length, axis)
    return _from_coordinates(values, axis, periodic, period, real)


def _from_step(
    step: Array, length: int, axis: int, periodic: bool, period: Any, real: npt.DTypeLike
) -> tuple[Wide, Wide | None]:
    if step == 0:
        raise ArgumentValueError(f"the spacing of axis {axis} is 0; give a step that is not zero")
    exact, wrap = exact_fraction(step), None
    if periodic:
        if period is None:
            wrap = from_fraction(exact, real)
        else:
            last = (length - 1) * exact
            _check_period(period, abs(last), axis)
            wrap = wrap_step(0, last, period, real)
    return from_fraction(exact, real), wrap


def _from_coordinates(
    values: Array, axis: int, periodic: bool, period: Any, real: npt.DTypeLike
) -> tuple[Wide, Wide | None]:
    with np.errstate(over="ignore", invalid="ignore"):
        steps = exact_steps(values, real)
    check_steps(values, steps.high, axis)
    wrap = None
    if periodic:
        if period is None:
            raise ArgumentValueError(
                f"axis {axis} is periodic and has coordinates, so its period is not known; "
                "give period= (the distance after which the field repeats)"
            )
        _check_period(period, abs(exact_fraction(values[-1]) - exact_fraction(values[0])), axis)
        wrap = wrap_step(values[0], values[-1], period, real)
    return steps, wrap


def _check_period(period: Any, span: Any, axis: int) -> None:
    if not period > 0:
        raise ArgumentValueError(
            f"period={period!s} of axis {axis} must be positive, whichever way the axis runs"
        )
    if not exact_fraction(period) > span:
        raise ArgumentValueError(
            f"period={period!s} of axis {axis} is not larger than the span of its points, {float(span)!r}; "
            "the first point must not be repeated at the end: leave out the last of x and f, x[:-1]"
        )


def _normal(steps: Wide, length: int, rule: Rule, wrap: Wide | None, axis: int) -> Stencil:
    """The stencil, if its weights are normal numbers, up to a common power of two."""
    stencil = derivative_stencil(steps, length, rule, wrap)
    smallest, largest = stencil.smallest_and_largest_weight()
    limits = np.finfo(np.asarray(steps.high).dtype)
    if not (smallest >= limits.tiny and largest <= limits.max):
        raise ArgumentValueError(
            f"the steps of axis {axis} range over more than the exponents of {limits.dtype}; leave out points that all but "
            "coincide, or give f as numpy.longdouble"
        )
    return stencil


def to_host(spacing: object, axis: int, name: str = "spacing") -> Array:
    """A step or coordinates (or a number of another `name`) of any library as a NumPy array; device memory is read here, once."""
    if spacing is None:
        raise ArgumentTypeError(f"the spacing of axis {axis} is None; leave it out for unit spacing")
    check_class(spacing, axis)
    if isinstance(spacing, str):
        raise ArgumentTypeError(
            f"the spacing of axis {axis} is the string {spacing!r}; give a number or coordinates"
        )
    if type(spacing) is int and not -(2**63) <= spacing < 2**64 and _is_float(spacing):
        spacing = float(spacing)  # which NumPy would make an object
    values = np.asarray(dispatch.host(spacing, axis, name))
    values = values.astype(np.float32) if values.dtype.name == "bfloat16" else values
    if values.ndim > 1:
        raise ArgumentValueError(
            f"distances must be either scalars or 1d: the spacing of axis {axis} has shape {values.shape}; "
            + hints.of_shape(values, axis)
        )
    _check_dtype(values, axis)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def _is_float(number: int) -> bool:
    """Whether a float holds this integer: then it is the same step, and one key of every cache."""
    try:
        return float(number) == number
    except OverflowError:
        return False


def check_class(spacing: Any, axis: int) -> None:
    """Refuse what `numpy.asarray` would strip of a mask, a unit or another meaning."""
    cls: Any = type(spacing)
    if cls in (np.ndarray, np.float64, float, int):
        return
    masked = isinstance(spacing, MaskedArray) and np.ma.is_masked(spacing)  # netCDF4 has masks of nothing
    is_list = isinstance(spacing, (list, tuple))
    if is_list:
        masked = any(issubclass(kind, MaskedArray) for kind in set(map(type, spacing)))
    if masked:
        raise ArgumentTypeError(
            f"the coordinates of axis {axis} are a masked array; every point needs a position: give plain coordinates, or "
            "leave the points out that have none, f[~x.mask] and x.compressed()"
        )
    if present(spacing, *held(spacing if is_list else [spacing])):
        raise ArgumentTypeError(
            f"the spacing of axis {axis} has units, which are not carried here; give its numbers, "
            f"{remedy_for_units(spacing, 'x')}"
        )
    if is_foreign(cls):
        raise ArgumentTypeError(
            f"the spacing of axis {axis} is {named(cls)}, not a plain array: what it knows beside its numbers (a unit, a "
            f"mask) would be lost; give its numbers, {remedy(cls, 'x')}"
        )


def _check_dtype(values: Array, axis: int) -> None:
    kind = values.dtype.kind
    if kind in "iuf":
        return
    time = hints.of_times(values, "t")
    if time is not None:
        first = values.reshape(-1)[:1]
        what = f"dtype {values.dtype}" if kind in "mM" else f"{type(first[0]).__name__} objects"
        raise ArgumentTypeError(
            f"the {'coordinates' if values.ndim else 'spacing'} of axis {axis} {'have' if values.ndim else 'has'} {what}, and a derivative per time "
            f"needs a unit; name it, for example {time} for a derivative per second"
        )
    what = "is complex" if kind == "c" else f"has dtype {values.dtype}"
    raise ArgumentTypeError(
        f"the spacing of axis {axis} {what}; it must be real integer or floating-point numbers"
        + (", for example x.real" if kind == "c" else "" if values.ndim == 0 else ", numpy.asarray(x, float)")
    )


def clean_number(value: object, axis: int, name: str) -> Array:
    """A finite real scalar, as a NumPy scalar."""
    if isinstance(value, str):
        raise ArgumentTypeError(f"the {name} of axis {axis} is the string {value!r}; give a number")
    values = to_host(value, axis, name)
    if values.ndim != 0:
        raise ArgumentTypeError(f"the {name} of axis {axis} must be a number, got shape {values.shape}")
    if not np.isfinite(values):
        raise ArgumentValueError(f"the {name} of axis {axis} is {values[()]}; it must be finite")
    return values[()]


def check_coordinates(values: Array, length: int, axis: int) -> None:
    """Right length, and finite everywhere."""
    check_count(values, length, axis)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        index = int(np.argmin(np.isfinite(values)))
        raise ArgumentValueError(
            f"the coordinates of axis {axis} are not finite: x[{index}]={values[index]}; give a position for every point"
        )


def check_count(values: Array, length: int, axis: int) -> None:
    """One coordinate for each point."""
    if len(values) != length:
        raise ArgumentValueError(
            "when 1d, distances must match the length of the corresponding dimension: "
            f"axis {axis} has {counted(length, 'point')} but {counted(len(values), 'coordinate')} came for it{hints.of_length(values, length)}"
        )


def check_steps(values: Array, steps: Array, axis: int) -> None:
    """Strictly monotonic, in either direction, with steps that fit the arithmetic."""
    if not np.isfinite(steps).all():
        i = int(np.argmin(np.isfinite(steps)))
        raise ArgumentValueError(
            f"the step of axis {axis} from x[{i}]={values[i]} to x[{i + 1}]={values[i + 1]} overflows; rescale the coordinates"
        )
    direction = np.sign(steps)
    wrong = direction != (direction[0] or 1)
    if wrong.any():
        i = int(np.argmax(wrong))
        raise ArgumentValueError(
            f"the coordinates of axis {axis} are not strictly monotonic: x[{i}]={values[i]}, x[{i + 1}]={values[i + 1]}; "
            + hints.of_order(values)
        )
