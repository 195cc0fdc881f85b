"""What coordinates of lines must be: finite, and strictly monotonic along each line."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..._base.errors import ArgumentValueError
from ..._base.types import Array
from ..._stencils.wide import Wide, exact_steps
from .blocks import Lines, index_of


def checked_steps(lines: Lines, x: Array, axis: int, real: npt.DTypeLike) -> Wide:
    """The steps along some lines of `x`."""
    values = lines.values
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        at = index_of(lines, ~np.isfinite(values), x, axis)
        raise ArgumentValueError(
            f"the coordinates of axis {axis} are not finite: {_told(x, at)}; give a position for every point"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        steps = exact_steps(values, real)
    if not np.isfinite(steps.high).all():
        at = index_of(lines, ~np.isfinite(steps.high), x, axis)
        raise ArgumentValueError(
            f"the step of axis {axis} from {_told(x, at)} to the next point overflows; rescale the coordinates"
        )
    direction = np.sign(steps.high)
    wrong = (direction != direction[0]) | (direction == 0)
    if wrong.any():
        at = index_of(lines, wrong, x, axis)
        after = tuple(i + (k == axis % x.ndim) for k, i in enumerate(at))
        line = ", ".join(":" if k == axis % x.ndim else str(i) for k, i in enumerate(at))
        raise ArgumentValueError(
            f"the coordinates of axis {axis} are not strictly monotonic on the line x[{line}]: {_told(x, at)}, {_told(x, after)}; sort the points of each "
            f"line, numpy.take_along_axis(x, k, {axis}) with k = numpy.argsort(x, {axis}), and f alike, and leave out lines that repeat a position"
        )
    return steps


def _told(x: Array, at: tuple[int, ...]) -> str:
    return f"x[{', '.join(map(str, at))}]={x[at]}"
