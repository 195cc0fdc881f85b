"""Along which dimensions coordinates vary; what those that cannot be used probably are, and what to type then."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from .._base.types import Array, Shape

_PERIODS = ((2 * np.pi, "2 * numpy.pi"), (24, "24"), (60, "60"), (180, "180"), (360, "360"))


def of_order(values: Array) -> str:
    """On coordinates that are not strictly monotonic: a seam, steps, or points in disorder."""
    sort = (
        "sort the points along the axis and remove repeated positions, x, k = numpy.unique(x, return_index=True) "
        "and numpy.take(f, k, axis)"
    )
    x = values.astype(float)
    for period, text in _PERIODS:
        if np.ptp(x) <= period and _is_unwrapped(np.diff(x), np.diff(np.unwrap(x, period=period))):
            return f"if they run over a seam, unwrap them, numpy.unwrap(x, period={text}); otherwise {sort}"
    if not (np.all(x > 0) or np.all(x < 0)):
        return sort
    return (
        "if these are the steps that follow each point, its positions are numpy.cumsum(x) - x (numpy.cumsum(x), if they "
        f"precede it); otherwise {sort}"
    )


def _is_unwrapped(before: Array, after: Array) -> bool:
    """Whether the steps all have one sign after unwrapping, which left most of them as they were, and made the others of their size."""
    moved, size = np.abs(after - before) > 1e-9, np.abs(after)
    has_one_sign = np.all(after > 0) or np.all(after < 0)
    return bool(has_one_sign and np.mean(moved) < 0.5 and np.all(size[moved] <= 4 * size[~moved].max()))


def of_axes(points: int, shape: Shape, is_alone: bool) -> str:
    """On coordinates of another axis of an array than the one that they came for."""
    if points not in shape:
        return ""
    other = shape.index(points)
    if is_alone:
        return f"; they fit axis {other}: axis={other}"
    return (
        f"; they fit axis {other}: spacings are in the order of the axes, gradient(f, y, x) for f[y, x], or as axis= names them, "
        "gradient(f, x, y, axis=(1, 0))"
    )


def of_length(values: Array, length: int) -> str:
    """On a number of coordinates that is not that of the points: a step, steps between points, edges of cells."""
    if len(values) == 2 < length and values[0] == length:
        return f"; (n, step) is for Grid: here give the step, {values[1]}"
    if len(values) == 1:
        return f"; a step goes in as the number itself, {values[0]}"
    if len(values) == length - 1 and (np.all(values > 0) or np.all(values < 0)):
        return "; if these are the steps between the points, give positions, numpy.concatenate([[0], numpy.cumsum(x)])"
    if len(values) == length + 1:
        return "; if these are the edges of cells, give their centres, (x[1:] + x[:-1]) / 2"
    return ""


def of_pair(values: Array) -> str:
    """On two coordinates that may be a number of points and a step."""
    if values.shape != (2,) or values[0] < 3 or values[0] % 1:
        return ""
    return f"; a number of points and a step are a tuple, Grid(({values[0]:g}, {values[1]:g}))"


def varied(x: Array) -> list[int]:
    """The dimensions along which an array is not the same."""
    return [k for k in range(x.ndim) if np.any(x != np.split(x, [1], k)[0])]


def of_shape(values: Array, axis: int) -> str:
    """On coordinates of several dimensions: those of a mesh, or another set for each line."""
    ndim = values.ndim
    if not values.size:
        return "it has no points"
    varies = varied(values)
    if len(varies) <= 1:
        own = varies[0] if varies else axis % ndim if -ndim <= axis < ndim else 0
        row = ", ".join(":" if k == own else "0" for k in range(ndim))
        return f"it varies along its axis {own} only: as the coordinates of that axis give x[{row}]"
    if not -ndim <= axis < ndim:
        return "give the coordinates along the axis"
    line = line_along(axis, ndim)
    return (
        "its lines differ, so that no one of them is that of all; differentiate each line with its own coordinates, "
        f"gradient(f[{line}], x[{line}])"
    )


def of_fit(shape: Shape, grid: Shape, axes: Shape, steps: Sequence[Array | None]) -> str:
    """On a field whose shape is not that of the grid: a shape taken for ``(n, step)``, a flat vector, axes the other way round."""
    n = len(grid)
    if n == 1 and steps[0] is not None and list(shape[-2:]) == [grid[0], steps[0]]:
        return (
            f"; ({grid[0]}, {steps[0]:g}) is one axis, of {grid[0]} points with the step {steps[0]:g}: a grid has one (n, step) for each, "
            f"Grid(({grid[0]}, dy), ({steps[0]:g}, dx))"
        )
    if n > 1 and shape == (prod(grid),):
        return "; a flat vector is a field as f.reshape(grid.shape)"
    if axes == (-2, -1) and shape[-2:] == grid[::-1]:
        return "; for arrays [y, x] it is Grid(x, y, axes=(-1, -2)), or give f.T"
    return ""


def line_along(axis: int, ndim: int) -> str:
    """The index of one line along an axis, as ``i, :, k``."""
    return ", ".join(":" if k == axis % ndim else "ijklmn"[k % 6] for k in range(ndim))


def of_times(values: Array, name: str) -> str | None:
    """On times, whose derivatives need a unit; None for anything else."""
    single = values.ndim == 0
    if values.dtype.kind == "m" and single:
        return f"{name} / np.timedelta64(1, 's')"
    if values.dtype.kind in "mM":
        earliest = "[0]" if values.ndim == 1 else ".min()"  # the same for all lines
        return f"({name} - {name}{earliest}) / np.timedelta64(1, 's')"
    if _are_dates(values):
        return f"({name} - {name}[0]) / numpy.timedelta64(1, 's') with {name} = numpy.asarray({name}, 'datetime64[s]')"
    first = values.reshape(-1)[0] if values.dtype.kind == "O" and values.size else None
    if hasattr(first, "total_seconds"):  # a timedelta of Python or pandas
        return f"{name}.total_seconds()" if single else f"[s.total_seconds() for s in {name}]"
    if hasattr(first, "year") and hasattr(first, "month"):  # datetime, pandas.Timestamp, cftime
        return f"[(s - {name}[0]).total_seconds() for s in {name}]"
    return None


def _are_dates(values: Array) -> bool:
    """Whether these are texts that NumPy reads as times, and not as numbers."""
    if values.dtype.kind not in "US" or values.ndim == 0:
        return False
    return not _reads(values, "f8") and _reads(values.astype("U"), "M8[s]")


def _reads(values: Array, dtype: str) -> bool:
    try:
        values.astype(dtype)
    except ValueError:
        return False
    return True
