"""What becomes an ndarray of samples, and what is refused because it would lose something."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.ma import MaskedArray  # now, not in a first call that a fork may interrupt

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array
from ..._wraps.foreign import is_stored, named, remedy, remedy_for_units
from ..._wraps.units import held, is_quantity_class, present, unwrap

_SECOND_THOUGHTS = {
    "b": "booleans have no differences; convert them first, f.astype(float)",
    "O": "convert it first, for example f.astype(float)",
    "S": "give numbers",
    "U": "give numbers",
    "V": "differentiate one field at a time, f['name']",
    "T": "give numbers, f.astype(float)",
}


def samples(f: Any) -> Array:
    """`f` as an ndarray of a dtype that has differences; containers that would lose something are refused."""
    if isinstance(f, np.ndarray):
        if type(f) not in (np.ndarray, MaskedArray, np.memmap):
            raise ArgumentTypeError(
                f"f is {named(type(f))}, whose meaning a plain result would lose; give {remedy(type(f), 'f')}"
            )
        if isinstance(f, MaskedArray) and f.baseclass not in (np.ndarray, np.memmap):
            raise ArgumentTypeError(
                f"f is a masked array over one {named(f.baseclass)}, whose meaning a plain result would lose; "
                f"give {remedy(type(f), 'f')}"
            )
    else:
        if isinstance(f, (list, tuple)):
            _check_entries(f)
        try:
            f = np.asarray(f)
        except ValueError as error:
            raise ArgumentValueError(f"f is not a regular array: {error}") from None
    data: Array = f
    kind = "f" if f.dtype.name == "bfloat16" else f.dtype.kind
    if kind == "V" and f.dtype.names is None:
        raise ArgumentTypeError(
            f"f has dtype {f.dtype}, which is not supported; convert it, f.astype('float32')"
        )
    entry = np.ma.getdata(f).flat[0] if kind == "O" and f.size else None
    if entry is not None and is_quantity_class(type(entry)):
        raise ArgumentTypeError(
            "f is an array of single quantities, as masked * ureg.K makes them; give one quantity of the whole array, "
            f"ureg.Quantity(masked, {str(unwrap(entry, 'f')[1])!r})"
        )
    if kind in _SECOND_THOUGHTS:
        raise ArgumentTypeError(f"f has dtype {f.dtype}: {_SECOND_THOUGHTS[kind]}")
    return data


def _check_entries(f: Sequence[object]) -> None:
    """Refuse a list of what would lose something in one plain array."""
    kinds: set[type] = set(map(type, f))
    if any(issubclass(kind, MaskedArray) for kind in kinds):
        raise ArgumentTypeError("f holds masked arrays, whose masks would be lost; give numpy.ma.stack(f)")
    for entry in f if kinds & {list, tuple} else ():
        if isinstance(entry, (list, tuple)):
            _check_entries(entry)
    if present(f, *held(f)):
        raise ArgumentTypeError(
            f"f holds quantities, whose units would be lost; give their numbers, {remedy_for_units(f, 'f')}"
        )
    for kind in filter(is_stored, kinds):
        raise ArgumentTypeError(
            f"f holds entries {named(kind)}, not arrays; give their numbers, {remedy(kind, 'f[0]')} and so on"
        )
