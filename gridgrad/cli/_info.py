"""``gridgrad info``: what there is to differentiate, and by what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def lines(data: Any) -> Iterator[str]:
    """A line for each variable and each coordinate."""
    yield "variables:"
    if not data.variables:
        yield "  none; where they are in groups, give one, --group NAME"
    for name, variable in data.data_vars.items():
        yield f"  {name} {_shape(variable)} {variable.dtype}{_unit(variable)}"
    yield "coordinates:"
    for name, coordinate in data.coords.items():
        yield f"  {name} {_shape(coordinate)}: {_steps(coordinate)}{_unit(coordinate)}"
    for dim in data.dims:
        if dim not in data.coords:
            yield f"  {dim}: none; give --step, or --coord"


def _shape(variable: Any) -> str:
    return "(" + ", ".join(f"{dim}={n}" for dim, n in zip(variable.dims, variable.shape, strict=True)) + ")"


def _unit(variable: Any) -> str:
    return f" [{variable.attrs['units']}]" if "units" in variable.attrs else ""


def _steps(coordinate: Any) -> str:
    """From where to where, and in which steps."""
    if coordinate.ndim != 1 or coordinate.dtype.kind not in "iufmM" or coordinate.size < 2:
        return f"{coordinate.dtype}"
    values, unit = coordinate.values, ""
    steps = np.diff(values.astype(np.int64) if values.dtype.kind == "u" else values)
    if steps.dtype.kind == "m":
        values = values.astype("M8[s]" if values.dtype.kind == "M" else "m8[s]")
        steps, unit = steps / np.timedelta64(1, "s"), " s"
    if np.isnan(steps).any() or not (np.all(steps > 0 * steps) or np.all(steps < 0 * steps)):
        return f"{values[0]} to {values[-1]}, not strictly monotonic"
    least, most = sorted((steps[np.argmin(abs(steps))], steps[np.argmax(abs(steps))]), key=abs)
    uniform = least == most or (steps.dtype.kind == "f" and np.allclose(steps, least, rtol=1e-5))
    return f"{values[0]} to {values[-1]}, " + (
        f"step {least}{unit}" if uniform else f"steps {least} to {most}{unit}"
    )
