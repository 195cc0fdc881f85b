"""Axes of times: their numbers in a named unit, and how results write that unit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from ..._base.errors import ArgumentValueError

# NumPy's words, as results write them, and in microseconds where Python's own times can be divided by them.
_UNITS = {"W": "week", "D": "d", "h": "h", "m": "min", "s": "s", "ms": "ms", "us": "us", "ns": "ns"}
_MICROSECONDS = {"W": 7 * 86_400_000_000, "D": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000,
                 "s": 1_000_000, "ms": 1_000, "us": 1, "ns": 1e-3}  # fmt: skip
_OTHER_WORDS = {
    "W": "w week weeks", "D": "d day days", "h": "h hr hour hours", "m": "min minute minutes", "s": "s sec second seconds",
    "ms": "millisecond milliseconds", "us": "microsecond microseconds", "ns": "nanosecond nanoseconds",
}  # fmt: skip


def is_of_times(values: Any) -> bool:
    """Whether these are dates, durations, or dates of another calendar."""
    if values.dtype.kind in "mM":
        return True
    return (
        values.dtype.kind == "O"
        and values.size > 0
        and hasattr(values, "flat")
        and hasattr(values.flat[0], "calendar")
    )


def clean_unit(unit: object) -> str:
    """The unit of a time axis, by NumPy's words."""
    if unit in ("Y", "M"):
        raise ArgumentValueError(
            f"datetime_unit={unit!r} has no fixed length: {'years' if unit == 'Y' else 'months'} differ in their days; "
            "use datetime_unit='D', and multiply by the days that are meant"
        )
    if unit not in _UNITS:
        ours = next((own for own, words in _OTHER_WORDS.items() if str(unit).lower() in words.split()), None)
        hint = "" if ours is None else f"here it is {ours!r}; "
        raise ArgumentValueError(
            f"unknown datetime_unit {unit!r}; {hint}allowed are {', '.join(map(repr, _UNITS))}"
        )
    return str(unit)


def text_of(unit: str) -> str:
    """The unit in the `units` of a result."""
    return _UNITS[unit]


def numbers_of(times: Any, unit: str) -> Any:
    """Dates as durations since the first of them, durations as they are, in float64."""
    if times.dtype.kind == "O":
        since = np.asarray(times - times.flat[0], object)
        step = timedelta(microseconds=1)
        return np.array([d / step for d in since.flat]).reshape(times.shape) / _MICROSECONDS[unit]
    if times.dtype.kind == "M":
        first = times.reshape(-1)
        if isinstance(times, np.ndarray) and np.isnat(first[:1]).any():  # missing with its sample
            first = first[[int(np.argmin(np.isnat(first)))]]
        times = times - first[0]
    return times / np.ones((), f"m8[{unit}]")
