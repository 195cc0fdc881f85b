"""What is given as the spacing of an axis, checked."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, SupportsFloat, SupportsIndex

import numpy as np

from .._backends import dispatch
from .._base.checks import masked_arrays
from .._base.errors import ArgumentTypeError, ArgumentValueError, counted
from .._base.types import Array, DType, Shape
from .._stencils.wide import exact_fraction
from .._wraps.foreign import is_foreign, named, numbers_in, remedy, remedy_for_units
from .._wraps.units import held, present
from . import hints

_NUMBERS = frozenset(np.typecodes["AllInteger"] + np.typecodes["Float"])
_SCALARS = frozenset([float, *(np.dtype(char).type for char in _NUMBERS)])


def to_host(spacing: object, axis: int, name: str = "spacing") -> Array:
    """A step or coordinates (or a number of another `name`) of any library as a NumPy array; device memory is read here, once."""
    if is_read(spacing):
        return np.asarray(spacing)
    values = numbers_of(spacing, axis, name)
    if values.ndim > 1:
        raise ArgumentValueError(
            f"distances must be either scalars or 1d: the spacing of axis {axis} has shape {values.shape}; "
            + hints.of_shape(values, axis)
        )
    return values


def numbers_of(spacing: object, axis: int, name: str = "spacing") -> Array:
    """The same, whatever its shape."""
    if spacing is None:
        instead = " for unit spacing" if name == "spacing" else ""
        raise ArgumentTypeError(f"the {name} of axis {axis} is None; leave it out{instead}")
    check_class(spacing, axis, name)
    if isinstance(spacing, str):
        raise ArgumentTypeError(
            f"the spacing of axis {axis} is the string {spacing!r}; give a number or coordinates"
        )
    if type(spacing) is int and not -(2**63) <= spacing < 2**64 and _is_float(spacing):
        spacing = float(spacing)  # which NumPy would make an object
    values = np.asarray(dispatch.host(spacing, axis, name))
    values = values.astype(np.float32) if values.dtype.name == "bfloat16" else values
    _check_dtype(values, axis, name)
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def is_read(spacing: object) -> bool:
    """Whether there is nothing to ask: a number, or what `to_host` makes."""
    if type(spacing) is np.ndarray:
        return spacing.ndim < 2 and spacing.dtype.char in _NUMBERS and spacing.dtype.isnative
    return type(spacing) in _SCALARS


def _is_float(number: int) -> bool:
    """Whether a float holds this integer: then it is the same step, and one key of every cache."""
    try:
        return float(number) == number
    except OverflowError:
        return False


def _as_text(number: Fraction) -> str:
    """As the float nearest to it, if there is one: sums of steps may be larger than all floats."""
    try:
        return repr(float(number))
    except OverflowError:
        return "more than the largest float"


def check_class(spacing: Any, axis: int, name: str = "spacing") -> None:
    """Refuse what `numpy.asarray` would strip of a mask, a unit or another meaning."""
    cls: Any = type(spacing)
    if cls in (np.ndarray, np.float64, float, int):
        return
    masked = isinstance(spacing, masked_arrays()) and np.ma.is_masked(spacing)  # netCDF4 has masks of nothing
    is_list = isinstance(spacing, (list, tuple))
    if is_list:
        masked = any(issubclass(kind, masked_arrays()) for kind in set(map(type, spacing)))
    if masked:
        is_mesh = getattr(spacing, "ndim", 1) > 1
        raise ArgumentTypeError(
            f"the coordinates of axis {axis} are a masked array; every point needs a position: give plain coordinates, or "
            + ("NaN where no point counts, (x * 1.0).filled(numpy.nan), and leave these out by with_mask(inside) or missing=" if is_mesh else
               "leave the points out that have none, f[~x.mask] and x.compressed()")
        )  # fmt: skip
    if isinstance(spacing, Mapping):
        raise ArgumentTypeError(
            f"the {name} of axis {axis} is {named(cls)}, which has arrays by name; give the one of this axis, x['lon'] for example; "
            "a grid of a Dataset is gridgrad.xarray.Grid(ds)"
        )
    if present(spacing, *held(spacing if is_list else [spacing])):
        raise ArgumentTypeError(
            f"the {name} of axis {axis} has units, which are not carried here; give its numbers, "
            f"{remedy_for_units(spacing, 'x')}"
        )
    if is_foreign(cls):
        raise ArgumentTypeError(
            f"the {name} of axis {axis} is {named(cls)}, not a plain array: what it knows beside its numbers (a unit, a "
            f"mask) would be lost; give its numbers, {remedy(cls, 'x')}"
        )


def _check_dtype(values: Array, axis: int, name: str) -> None:
    kind, single = values.dtype.kind, values.ndim == 0
    if kind in "iuf":
        return
    time = hints.of_times(values, "t" if name == "spacing" else name)
    if time is not None:
        first = values.reshape(-1)[:1]
        what = f"dtype {values.dtype}" if kind in "mM" else f"{type(first[0]).__name__} objects"
        raise ArgumentTypeError(
            f"the {name if single else 'coordinates'} of axis {axis} {'has' if single else 'have'} {what}, and "
            + (f"a derivative per time needs a unit; name it, for example {time} for a derivative per second"
               if name == "spacing" else f"is a number in the unit of the coordinates: {time} where these are seconds")
        )  # fmt: skip
    given: object = values[()] if kind == "O" else None
    if kind == "O" and single and not isinstance(given, SupportsFloat | SupportsIndex):
        raise ArgumentTypeError(
            f"the {name} of axis {axis} is {named(type(given))}; give a number or coordinates{numbers_in(given, 'x')}"
        )
    what = "is complex" if kind == "c" else f"has dtype {values.dtype}"
    of_one = ", float(h)" if kind == "O" else ""  # of a Fraction
    raise ArgumentTypeError(
        f"the {name} of axis {axis} {what}; it must be real integer or floating-point numbers"
        + (", for example x.real" if kind == "c" else of_one if single else ", numpy.asarray(x, float)")
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


def clean_step(values: Array, axis: int) -> Array:
    """A finite step that is not 0, as a NumPy scalar."""
    step = clean_number(values, axis, "spacing")
    if step == 0:
        raise ArgumentValueError(f"the spacing of axis {axis} is 0; give a step that is not zero")
    return step


def check_coordinates(values: Array, length: int, axis: int) -> None:
    """Right length, and finite everywhere."""
    check_count(values, length, axis)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        index = int(np.argmin(np.isfinite(values)))
        raise ArgumentValueError(
            f"the coordinates of axis {axis} are not finite: x[{index}]={values[index]}; give a position for every point"
        )


def check_count(values: Array, length: int, axis: int, shape: Shape = (), is_alone: bool = True) -> None:
    """One coordinate for each point of an axis of an array of this shape, of which it `is_alone` or one of several."""
    if len(values) != length:
        hint = hints.of_axes(len(values), shape, is_alone) or hints.of_length(values, length)
        raise ArgumentValueError(
            "when 1d, distances must match the length of the corresponding dimension: "
            f"axis {axis} has {counted(length, 'point')} but {counted(len(values), 'coordinate')} came for it{hint}"
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
        if values[i] != values[i + 1] and not steps[i]:
            raise out_of_range(axis, steps.dtype)
        raise ArgumentValueError(
            f"the coordinates of axis {axis} are not strictly monotonic: x[{i}]={values[i]}, x[{i + 1}]={values[i + 1]}; "
            + hints.of_order(values)
        )


def representable(values: Array, what: str) -> Array:
    """What may have become larger than all numbers."""
    if not np.isfinite(values).all():
        raise ArgumentValueError(f"{what} overflow; rescale the coordinates")
    return values


def check_exponents(axis: int, *steps: Array) -> None:
    """Steps that are numbers, and none of them 0 beside the largest one."""
    sizes = [np.abs(part) for part in steps]
    largest = max(part.max() for part in sizes)
    if not 0 < largest < np.inf or not min(part.min() for part in sizes) / largest / 2:  # as they are scaled
        raise out_of_range(axis, largest.dtype)


def out_of_range(axis: int, dtype: DType) -> ArgumentValueError:
    """For steps that rows in this type cannot be made of."""
    return ArgumentValueError(
        f"the steps of axis {axis} range over more than the exponents of {dtype}; leave out points "
        "that all but coincide, or give f as numpy.longdouble"
    )


def check_period(period: Any, span: Fraction, axis: int) -> None:
    """A period is longer than the span of the points."""
    if period is None:
        raise ArgumentValueError(
            f"axis {axis} is periodic and has coordinates, so its period is not known; "
            "give period= (the distance after which the field repeats; with even steps n * step)"
        )
    if not period > 0:
        raise ArgumentValueError(
            f"period={period!s} of axis {axis} must be positive, whichever way the axis runs"
        )
    if not exact_fraction(period) > span:
        raise ArgumentValueError(
            f"period={period!s} of axis {axis} is not larger than the span of its points, {_as_text(span)}; "
            "the first point must not be repeated at the end: leave out the last of x and f, x[:-1]"
        )
