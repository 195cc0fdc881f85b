"""Refinement: how fast the error of an operator falls, and whether that is the stated order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from numbers import Real
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from .._base.checks import int_or_none
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.late import Late
from .._base.types import Boundary
from .._grid.boundary import clean_boundary
from .._stencils.ends import PERIODIC
from .._wraps.units import require_numbers
from ..autodiff._typed import Engine, Function
from ._compare import Comparison, Operators, compare
from ._ends import Parts
from ._fall import Fall
from ._plot import plot
from ._refine import Positions, axis
from ._subjects import stated_order

if TYPE_CHECKING:
    from matplotlib import axes  # type: ignore[import-not-found,unused-ignore]
else:
    axes = Late("matplotlib.axes")

SIZES = (33, 65, 129, 257)
PARTS = {"inside": "inside", "ends": "at ends"}


@dataclass(frozen=True, repr=False)
class Convergence:
    """A refinement table with its verdict; ``print`` it, take its data, or plot it."""

    levels: tuple[Comparison, ...]
    stated: Parts
    tolerance: float
    norm: str
    spacing: str

    @property
    def lengths(self) -> list[float]:
        """What the errors are powers of: the mean step of each level's first axis, over the extent."""
        return [1 / _intervals(level) for level in self.levels]

    def fall(self, part: str) -> Fall:
        """The errors of the points ``"inside"`` or at the ``"ends"``, and what they say."""
        components = [component for level in self.levels for component in level.components]
        absent = all(getattr(component, part) is None for component in components)
        return Fall(
            self.lengths,
            [level.worst(part, self.norm) for level in self.levels],
            [getattr(level.floor, part) for level in self.levels],
            [max(component.largest for component in level.components) for level in self.levels],
            None if absent else getattr(self.stated, part),
            self.tolerance,
        )

    def errors(self, part: str) -> list[float]:
        """The error of each level, ``"inside"`` or at the ``"ends"``; NaN where there are no such points."""
        return self.fall(part).errors

    def resolved(self, part: str) -> list[bool]:
        """Which levels' errors are above what rounding of the samples may cause."""
        return self.fall(part).resolved

    def orders(self, part: str) -> list[float]:
        """Between each level and the one before; NaN where one of them is not resolved."""
        return self.fall(part).orders

    def order(self, part: str) -> float:
        """The slope fitted to the three finest resolved levels; infinite where all errors are rounding."""
        return self.fall(part).order

    @property
    def verdict(self) -> str:
        """``"passed"`` if the orders are at least the stated ones, within the tolerance, ``"FAILED"`` if one is not.

        ``"not shown"`` where other sizes are needed to tell.
        """
        verdicts = [self.fall(part).verdict for part in PARTS]
        return max(verdicts, key=["passed", "not shown", "FAILED"].index)

    @property
    def passed(self) -> bool:
        """Whether the verdict is ``"passed"``."""
        return self.verdict == "passed"

    def rows(self) -> list[dict[str, Any]]:
        """The table as data: for each level its points, length, errors, orders, and what rounding may cause."""
        inside, ends = self.fall("inside"), self.fall("ends")
        first = float("nan")
        return [
            {"points": level.grid.shape, "length": inside.lengths[k],
             "inside": inside.errors[k], "order inside": [first, *inside.orders][k], "floor inside": inside.floors[k],
             "ends": ends.errors[k], "order at ends": [first, *ends.orders][k], "floor at ends": ends.floors[k]}
            for k, level in enumerate(self.levels)
        ]  # fmt: skip

    def __repr__(self) -> str:
        lines = [f"{self.levels[0].operator}, {self.spacing} grid, {self.norm} error"]
        lines.append(f"{'points':>12}  {'inside':>9}  {'order':>5}   {'ends':>9}  {'order':>5}")
        told = {part: self.resolved(part) for part in PARTS}
        for k, row in enumerate(self.rows()):
            cells = [
                _cell(row[part], "9.2e", 9) + (" " if told[part][k] or np.isnan(row[part]) else "*") + _cell(row[order], " 5.2f", 6)
                for part, order in (("inside", "order inside"), ("ends", "order at ends"))
            ]  # fmt: skip
            lines.append(f"{' x '.join(map(str, row['points'])):>12}  {cells[0]}   {cells[1]}")
        if "*" in "".join(lines):
            lines.append("* not above what rounding of the samples may cause")
        return "\n".join([*lines, self._conclusion()])

    def _conclusion(self) -> str:
        judged = {
            where: self.fall(part) for part, where in PARTS.items() if self.fall(part).stated is not None
        }
        said = [f"{fall.said} {where} (stated {fall.stated:g})" for where, fall in judged.items()]
        advice = sorted({fall.advice for fall in judged.values()} - {""})
        return f"{self.verdict}: {', '.join(said)}{'; take ' + ' and '.join(advice) if advice else ''}"

    def require(self) -> Convergence:
        """Itself, or an AssertionError that shows the table where the stated order is missed."""
        if not self.passed:
            raise AssertionError(str(self))
        return self

    def plot(self, path: str | PathLike[str] | None = None, ax: axes.Axes | None = None) -> axes.Axes:
        """Errors over lengths on logarithmic axes beside the stated slopes, with matplotlib.

        Parameters
        ----------
        path : str or path, optional
            Where the figure is saved.
        ax : matplotlib Axes, optional
            Where to draw; by default on a new figure.

        Returns
        -------
        matplotlib Axes
        """
        falls = {where: self.fall(part) for part, where in PARTS.items()}
        return plot(self.levels[0].operator, self.norm, falls, path, ax)


def _cell(value: float, form: str, width: int) -> str:
    return " " * (width - 1) + "-" if np.isnan(value) else format(value, form)


def _intervals(level: Comparison) -> int:
    grid = level.grid
    return grid.shape[0] - ("periodic" not in grid.boundary[0])


def convergence(
    function: Function, *extents: tuple[float, float], operator: Operators = "gradient", sizes: Sequence[int] = SIZES,
    spacing: str | Positions = "uniform", boundary: Boundary = "one-sided", edge_order: int = 2,
    exact: Function | None = None, ends: int = 1, stated: float | tuple[float | None, float | None] | None = None,
    tolerance: float = 0.3, norm: Literal["max", "rms"] = "max", engine: Engine = "auto",
    dtype: npt.DTypeLike = np.float64, **options: object,
) -> Convergence:  # fmt: skip
    """The order at which an operator's error falls as the grid is refined, and whether it is the stated one.

    Parameters
    ----------
    function : callable
        As for `compare`.
    *extents : (start, stop)
        For each axis where it begins and ends; the second is the first one again on periodic axes.
    operator, boundary, edge_order, exact, ends, engine, dtype, **options :
        As for `compare`.
    sizes : sequence of int
        Points along each axis, from coarse to fine.
    spacing : {"uniform", "smooth", "random"} or callable
        Even steps; steps that vary smoothly by a factor of 4; steps that vary by chance (seeded), up
        to a factor of 4 from one to the next. Or a function of n that gives n positions from 0 to 1.
    stated : float or pair of float, optional
        The stated order inside, and at ends (None: not judged); by default those of the table in the
        README.
    tolerance : float
        How far below the stated order the observed one may be.
    norm : "max" or "rms"
        Of the errors.

    Returns
    -------
    Convergence
        Errors and orders of each level, interior rows and rows at ends apart. Levels whose error is
        not above what rounding of the samples may cause are marked, and not used for the order.

    Raises
    ------
    ValueError
        Fewer than two sizes, extents that are not two different finite numbers, and all that
        `compare` raises.

    Examples
    --------
    >>> import numpy as np
    >>> from gridgrad import verify
    >>> found = verify.convergence(lambda x: np.sin(3 * x), (0, 1), edge_order=1)
    >>> print(found)
    gradient, uniform grid, max error
          points     inside  order        ends  order
              33   4.37e-03      -    2.42e-02      -
              65   1.10e-03  1.99    1.10e-02  1.14
             129   2.75e-04  2.00    5.23e-03  1.07
             257   6.87e-05  2.00    2.55e-03  1.04
    passed: order 2.00 inside (stated 2), order 1.06 at ends (stated 1)
    """
    counts = _clean_sizes(sizes)
    require_numbers(*extents)
    bounds = [_clean_extent(extent, k) for k, extent in enumerate(extents)]
    if not bounds:
        raise ArgumentTypeError("give an extent (start, stop) for each coordinate of the function")
    if norm not in ("max", "rms"):
        raise ArgumentValueError(f"norm must be 'max' or 'rms', got {norm!r}")
    periodic = [PERIODIC in ends for ends in clean_boundary(boundary, range(len(bounds)))]
    levels = []
    for n in counts:
        axes = [axis(n, *pair, spacing, wraps) for pair, wraps in zip(bounds, periodic, strict=True)]
        period = [
            abs(b - a) if wraps and spacing != "uniform" else None
            for (a, b), wraps in zip(bounds, periodic, strict=True)
        ]
        levels.append(compare(function, *axes, operator=operator, boundary=boundary, period=period, edge_order=edge_order,
                              exact=exact, ends=ends, engine=engine, dtype=dtype, **options))  # fmt: skip
    promised = _clean_stated(stated)
    if promised is None:
        if not isinstance(operator, str):
            raise ArgumentValueError(
                "stated= is needed beside an operator that is not given by name: its order inside and at ends, stated=(2, 1)"
            )
        promised = stated_order(operator, edge_order, spacing == "random", options)
    kind = spacing if isinstance(spacing, str) else "own"
    return Convergence(tuple(levels), promised, float(tolerance), norm, kind)


def _clean_stated(stated: object) -> Parts | None:
    if stated is None:
        return None
    pair = stated if isinstance(stated, (tuple, list)) else (stated, stated)
    numbers = [value for value in pair if value is not None]
    if len(pair) != 2 or not numbers or not all(isinstance(value, Real) for value in numbers):
        raise ArgumentTypeError(f"stated must be an order, or a pair (inside, at ends), got {stated!r}")
    return Parts(*pair)


def _clean_sizes(sizes: object) -> list[int]:
    given = list(sizes) if isinstance(sizes, (list, tuple, range, np.ndarray)) else [None]
    counts = [n for n in map(int_or_none, given) if n is not None]
    if len(counts) < len(given):
        raise ArgumentTypeError(f"sizes must be a sequence of integers, numbers of points; got {sizes!r}")
    if len(counts) < 2 or counts[0] < 3 or any(b <= a for a, b in pairwise(counts)):
        raise ArgumentValueError(
            f"sizes must be at least two numbers of points, from 3 on and growing; got {sizes!r}"
        )
    return counts


def _clean_extent(extent: object, k: int) -> tuple[float, float]:
    if not isinstance(extent, (tuple, list)) or len(extent) != 2:
        raise ArgumentTypeError(f"the extent of coordinate {k} must be a pair (start, stop), got {extent!r}")
    start, stop = (float(value) for value in extent)
    if start == stop or not isfinite(start) or not isfinite(stop):
        raise ArgumentValueError(
            f"the extent of coordinate {k} must have two different finite ends, got {extent!r}"
        )
    return start, stop
