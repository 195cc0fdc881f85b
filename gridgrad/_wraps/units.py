"""Quantities of pint, astropy and unyt: what they are, the units of sums and slopes, and those of axes.

They are recognised by what they can do, and none of the libraries is imported. A quantity that is
an ndarray keeps its numbers in itself, any other in ``magnitude``; ``to`` converts it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .._base.cache import Cache
from .._base.checks import masked_arrays
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.tracing import is_compiling

UNIT_BYTES = 1024  # about what a unit takes
_PLAIN = frozenset({np.ndarray, np.float64, float, int, bool, complex, str, range, type(None)})


class Unit(NamedTuple):
    """A unit, and the class of the quantities that carry it."""

    unit: Any
    kind: Any

    def __str__(self) -> str:
        return str(self.unit) or "dimensionless"


Maybe = Unit | None  # None of plain numbers
_known: Cache[Unit] = Cache("units", entries=512)  # the libraries' arithmetic takes its time


def is_quantity_class(cls: Any) -> bool:
    """Whether objects of a class are numbers with a unit that can be converted."""
    if is_compiling() or not hasattr(cls, "to") or hasattr(cls, "unmasked") or hasattr(cls, "quantity"):
        return False  # astropy's masked arrays and table columns know more than a unit
    if issubclass(cls, np.ndarray):
        return hasattr(cls, "unit") or hasattr(cls, "in_units")  # of astropy, of unyt
    return hasattr(cls, "magnitude") and hasattr(cls, "units")


def present(*values: Any) -> bool:
    """Whether a quantity is among the values, or in lists among them; a compiler traces none."""
    for value in values:
        cls = type(value)
        if cls in _PLAIN:
            continue
        if isinstance(value, (list, tuple)):
            if not set(map(type, value)) <= _PLAIN and present(*value):
                return True
        elif is_quantity_class(cls):
            return True
    return False


def held(values: Sequence[Any]) -> list[Any]:
    """What labelled arrays among the values hold: quantities perhaps, of which NumPy would take the numbers alone."""
    labelled = {cls for cls in set(map(type, values)) if hasattr(cls, "to_numpy")}
    return [getattr(value, "data", None) for value in values if type(value) in labelled] if labelled else []


def require_numbers(*values: Any) -> None:
    """Refuse quantities where a function is evaluated: it is given numbers, and results have none of its units."""
    if present(*values):
        raise ArgumentTypeError(
            "a function is evaluated at numbers, and a coordinate or coefficient has units; give the numbers, x.magnitude of "
            "pint, x.value of astropy and unyt, and multiply the units to the result"
        )


def unwrap(value: Any, name: str) -> tuple[Any, Maybe]:
    """The numbers of a value, in its own memory, and its unit; of a list of quantities one unit."""
    cls = type(value)
    if cls in _PLAIN:
        return value, None
    if is_quantity_class(cls):
        unit = value.units if hasattr(value, "units") else value.unit
        if issubclass(cls, np.ndarray):
            return value.view(np.ndarray), Unit(unit, _first_quantity(cls))
        return value.magnitude, Unit(unit, cls)
    if not isinstance(value, (list, tuple)) or not present(value):
        return value, None
    parts = [unwrap(entry, f"{name}[{k}]") for k, entry in enumerate(value)]
    for k, (_, unit) in enumerate(parts):
        if not alike(unit, parts[0][1]):
            raise ArgumentTypeError(
                f"the entries of {name} have different units: {name}[0] {told(parts[0][1])}, {name}[{k}] {told(unit)}; "
                "convert them to one, with to()"
            )
    return [numbers for numbers, _ in parts], parts[0][1]


def _first_quantity(cls: type) -> type:
    """The class that adds units to arrays: those derived from it may allow some units only."""
    return next(base for base in cls.__mro__ if np.ndarray in base.__bases__)


def wrap(numbers: Any, unit: Maybe) -> Any:
    """The numbers with a unit, not copied."""
    if unit is None:
        return numbers
    if not issubclass(unit.kind, np.ndarray):
        return unit.kind(numbers, unit.unit)
    if (
        not isinstance(numbers, (np.ndarray, np.generic))
        or isinstance(numbers, masked_arrays())
        or numbers.dtype.kind in "mM"
    ):
        raise ArgumentTypeError(
            f"a quantity of class {unit.kind.__module__}.{unit.kind.__qualname__} cannot hold a {type(numbers).__qualname__} of "
            f"{numbers.dtype}; give f and the spacing without units, x.value, or f as a plain NumPy array of numbers"
        )
    if hasattr(unit.unit, "__rlshift__"):  # of astropy, whose class copies
        return numbers << unit.unit
    return unit.kind(numbers, unit.unit)


def alike(a: Maybe, b: Maybe) -> bool:
    """Whether two units are the same one, or there is none."""
    if a is None or b is None:
        return a is b
    return a.kind is b.kind and bool(a.unit == b.unit)


def told(unit: Maybe) -> str:
    """``is in km``, or ``has no unit``."""
    return "has no unit" if unit is None else f"is in {unit}"


def slope(unit: Maybe, name: str) -> Maybe:
    """The unit of differences: of a temperature scale its degrees. Logarithms have none."""
    if unit is None:
        return None
    found = _known.get(unit)
    if found is None:
        found = _slope(unit, name)
        _known.put(unit, found, UNIT_BYTES)
    return found


def _slope(unit: Unit, name: str) -> Unit:
    try:
        if callable(unit.unit) or hasattr(unit.unit, "physical_unit"):
            raise TypeError("a logarithmic unit")
        numbers, between = unwrap(wrap(np.float64(3), unit) - wrap(np.float64(1), unit), name)
        ratio, _ = unwrap(wrap(np.float64(4), between) / wrap(np.float64(2), between), name)
    except Exception as error:
        raise _not_linear(unit, name, f" ({error})") from None
    if between is None or not (np.isclose(numbers, 2) and np.isclose(ratio, 2)):
        raise _not_linear(unit, name, "")
    return between


def _not_linear(unit: Unit, name: str, why: str) -> ArgumentTypeError:
    return ArgumentTypeError(
        f"{name} is in {unit}, whose differences have no unit to multiply or divide{why}; convert it to a linear unit, with "
        "to(), or give its numbers (f.magnitude of pint, f.value of astropy and unyt)"
    )


def ratio(unit: Maybe, name: str) -> Maybe:
    """A unit whose values may be multiplied and added: no temperature scale with a zero of its own."""
    between = slope(unit, name)
    if not alike(unit, between):
        raise ArgumentTypeError(
            f"{name} is in {unit}, a scale with a zero of its own, and not only its differences are used here; "
            "convert it to an absolute unit, for example with to('K')"
        )
    return unit


def product(factors: Iterable[tuple[Maybe, int]]) -> Maybe:
    """The unit of a product of powers."""
    given = tuple((factor, power) for factor, power in factors if factor is not None and power)
    result: Maybe = _known.get(given)
    if result is None and given:
        result = _product(given)
        _known.put(given, result, UNIT_BYTES)
    return result


def _product(factors: tuple[tuple[Unit, int], ...]) -> Unit:
    result: Maybe = None
    for factor, power in factors:
        if result is not None and factor.kind is not result.kind:
            raise ArgumentTypeError(
                f"units of different libraries (or registries) meet, {result} of {result.kind.__module__} and {factor} of "
                f"{factor.kind.__module__}; give all quantities in one"
            )
        unit = factor.unit if power == 1 else factor.unit**power
        result = Unit(unit if result is None else result.unit * unit, factor.kind)
    assert result is not None
    return result


def converted(value: Any, unit: Maybe, name: str, to: str, is_difference: bool = False) -> Any:
    """The number that a quantity is in another unit, that of `to`."""
    numbers, own = unwrap(value, name)
    if alike(own, unit):
        return numbers
    if is_difference and not alike(own, slope(own, name)):
        raise ArgumentTypeError(
            f"{name} is a difference, but {own} is a scale with a zero of its own; give its number in a unit of differences, "
            "for example 'K'"
        )
    if own is None or unit is None:
        there, missing = (name, to) if unit is None else (to, name)
        raise ArgumentTypeError(
            f"{there} is in {own or unit}, but {missing} has no unit; give both with one, or none"
        )
    if own.kind is not unit.kind:
        raise ArgumentTypeError(f"{name} and {to} are quantities of different libraries (or registries)")
    try:
        return unwrap(value.to(unit.unit), name)[0]
    except Exception as error:
        others = "; of axes in different units give one for each, None where it does not repeat"
        raise ArgumentValueError(
            f"{name} is in {own}, which is not converted to {unit}, the unit of {to} ({error}){others if is_difference else ''}"
        ) from None


def plain_axes(entries: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Maybe, ...]]:
    """Coordinates, ``(n, step)`` or ``(n, step, origin)`` without units, the origin in that of the step."""
    if not present(*entries):
        return entries, (None,) * len(entries)
    pairs = [_plain_axis(entry, k) for k, entry in enumerate(entries)]
    return tuple(numbers for numbers, _ in pairs), tuple(unit for _, unit in pairs)


def _plain_axis(entry: Any, k: int) -> tuple[Any, Maybe]:
    if not (isinstance(entry, tuple) and len(entry) in (2, 3) and not present(entry[0])):
        return unwrap(entry, f"axis {k}")
    step, unit = unwrap(entry[1], f"the step of axis {k}")
    origins = [converted(x, unit, f"the origin of axis {k}", "its step") for x in entry[2:]]
    return (entry[0], step, *origins), unit
