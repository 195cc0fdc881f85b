"""Refinement: how fast the error of an operator falls, and whether that is the stated order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite, log
from numbers import Real
from typing import Any

import numpy as np

from .._errors import ArgumentTypeError, ArgumentValueError
from .._grid_arguments import clean_boundary
from ._compare import Comparison, Operators, compare
from ._ends import Parts
from ._refine import Positions, axis
from ._subjects import stated_order

SIZES = (33, 65, 129, 257)
NEAR = 4.0  # an error of so many times what rounding may cause tells nothing about the order


@dataclass(frozen=True, repr=False)
class Convergence:
    """A refinement table with its verdict; ``print`` it, take its data, or plot it."""

    levels: tuple[Comparison, ...]
    stated: Parts
    tolerance: float
    norm: str
    spacing: str

    def errors(self, part: str) -> list[float]:
        """The error of each level, ``"inside"`` or at the ``"ends"``; NaN where there are no such points."""
        return [level.worst(part, self.norm) for level in self.levels]

    @property
    def lengths(self) -> list[float]:
        """What the errors are powers of: the mean step of each level's first axis, over the extent."""
        return [1 / _intervals(level) for level in self.levels]

    def resolved(self, part: str) -> list[bool]:
        """Which levels' errors are above what rounding of the samples may cause."""
        return [
            isfinite(error) and error > NEAR * getattr(level.floor, part)
            for error, level in zip(self.errors(part), self.levels, strict=True)
        ]

    def orders(self, part: str) -> list[float]:
        """Between each level and the one before; NaN where one of them is not resolved."""
        points = list(zip(self.lengths, self.errors(part), self.resolved(part), strict=True))
        return [
            log(before[1] / now[1]) / log(before[0] / now[0]) if before[2] and now[2] else float("nan")
            for before, now in pairwise(points)
        ]

    def order(self, part: str) -> float:
        """The slope fitted to the three finest resolved levels; infinite where all errors are rounding, NaN of one level or no points."""
        kept = np.array(self.resolved(part))
        if not kept.any():
            return float("inf") if all(map(isfinite, self.errors(part))) else float("nan")
        if kept.sum() < 2:
            return float("nan")
        lengths, errors = (
            np.log(np.array(values)[kept][-3:]) for values in (self.lengths, self.errors(part))
        )
        return float(np.polyfit(lengths, errors, 1)[0])

    @property
    def passed(self) -> bool:
        """Whether the orders inside and at ends are at least the stated ones, within the tolerance."""
        return all(self._holds(part) for part in ("inside", "ends"))

    def _holds(self, part: str) -> bool:
        return self._absent(part) or bool(self.order(part) >= getattr(self.stated, part) - self.tolerance)

    def _absent(self, part: str) -> bool:
        """Whether nothing is stated of such points, or no level has any."""
        return getattr(self.stated, part) is None or all(
            getattr(component, part) is None for level in self.levels for component in level.components
        )

    def rows(self) -> list[dict[str, Any]]:
        """The table as data: for each level its points, length, errors, orders, and what rounding may cause."""
        inside, ends = ([float("nan"), *self.orders(part)] for part in ("inside", "ends"))
        return [
            {"points": level.grid.shape, "length": length, "inside": level.worst("inside", self.norm),
             "order inside": inside[k], "ends": level.worst("ends", self.norm), "order at ends": ends[k],
             "floor inside": level.floor.inside, "floor at ends": level.floor.ends}
            for k, (level, length) in enumerate(zip(self.levels, self.lengths, strict=True))
        ]  # fmt: skip

    def __repr__(self) -> str:
        first = self.levels[0]
        lines = [f"{first.operator}, {self.spacing} grid, {self.norm} error"]
        lines.append(f"{'points':>12}  {'inside':>9}  {'order':>5}  {'ends':>9}  {'order':>5}")
        told = [a or b for a, b in zip(self.resolved("inside"), self.resolved("ends"), strict=True)]
        for row, resolved in zip(self.rows(), told, strict=True):
            points = " x ".join(map(str, row["points"]))
            cells = [
                f"{_cell(row[part], '9.2e', 9)}  {_cell(row[order], '5.2f', 5)}"
                for part, order in (("inside", "order inside"), ("ends", "order at ends"))
            ]
            mark = "" if resolved else "  rounding"
            lines.append(f"{points:>12}  {cells[0]}  {cells[1]}{mark}")
        return "\n".join([*lines, self._verdict()])

    def _verdict(self) -> str:
        said = [self._said(part) for part in ("inside", "ends") if not self._absent(part)]
        unknown = any(np.isnan(self.order(part)) for part in ("inside", "ends") if not self._absent(part))
        word = "passed" if self.passed else "not shown" if unknown else "FAILED"
        hint = "; take coarser sizes, or dtype=numpy.longdouble" if unknown else ""
        return f"{word}: {', '.join(said)}{hint}"

    def _said(self, part: str) -> str:
        order = self.order(part)
        found = f"order {order:.2f}"
        if order == float("inf"):
            found = "exact to rounding"
        elif np.isnan(order):
            found = "fewer than two errors above rounding"
        return (
            f"{found} {'inside' if part == 'inside' else 'at ends'} (stated {getattr(self.stated, part):g})"
        )

    def require(self) -> Convergence:
        """Itself, or an AssertionError that shows the table where the stated order is missed."""
        if not self.passed:
            raise AssertionError(str(self))
        return self

    def plot(self, path: Any = None, ax: Any = None) -> Any:
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
        from ._plot import plot

        return plot(self, path, ax)


def _cell(value: float, form: str, width: int) -> str:
    return " " * (width - 1) + "-" if np.isnan(value) else format(value, form)


def _intervals(level: Comparison) -> int:
    grid = level.grid
    return grid.shape[0] - ("periodic" not in grid.boundary[0])


def convergence(
    function: Any, *extents: tuple[float, float], operator: Operators = "gradient", sizes: Sequence[int] = SIZES,
    spacing: str | Positions = "uniform", boundary: Any = "one-sided", edge_order: int = 2, exact: Any = None,
    stated: Any = None, tolerance: float = 0.3, norm: str = "max", engine: str = "auto",
    dtype: Any = np.float64, **options: Any,
) -> Convergence:  # fmt: skip
    """The order at which an operator's error falls as the grid is refined, and whether it is the stated one.

    Parameters
    ----------
    function : callable
        As for `compare`.
    *extents : (start, stop)
        For each axis where it begins and ends; the second is the first one again on periodic axes.
    operator, boundary, edge_order, exact, engine, dtype, **options :
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
          points     inside  order       ends  order
              33   4.37e-03      -   2.42e-02      -
              65   1.10e-03   1.99   1.10e-02   1.14
             129   2.75e-04   2.00   5.23e-03   1.07
             257   6.87e-05   2.00   2.55e-03   1.04
    passed: order 2.00 inside (stated 2), order 1.06 at ends (stated 1)
    """
    counts = _clean_sizes(sizes)
    bounds = [_clean_extent(extent, k) for k, extent in enumerate(extents)]
    if not bounds:
        raise ArgumentTypeError("give an extent (start, stop) for each coordinate of the function")
    if norm not in ("max", "rms"):
        raise ArgumentValueError(f"norm must be 'max' or 'rms', got {norm!r}")
    periodic = ["periodic" in ends for ends in clean_boundary(boundary, len(bounds))]
    levels = []
    for n in counts:
        axes = [axis(n, *pair, spacing, wraps) for pair, wraps in zip(bounds, periodic, strict=True)]
        period = [
            abs(b - a) if wraps and spacing != "uniform" else None
            for (a, b), wraps in zip(bounds, periodic, strict=True)
        ]
        levels.append(compare(function, *axes, operator=operator, boundary=boundary, period=period, edge_order=edge_order,
                              exact=exact, engine=engine, dtype=dtype, **options))  # fmt: skip
    promised = _clean_stated(stated)
    if promised is None:
        if not isinstance(operator, str):
            raise ArgumentValueError("stated= is needed beside an operator that is not given by name")
        promised = stated_order(operator, edge_order, spacing == "random", options)
    kind = spacing if isinstance(spacing, str) else "own"
    return Convergence(tuple(levels), promised, float(tolerance), norm, kind)


def _clean_stated(stated: Any) -> Parts | None:
    if stated is None:
        return None
    pair = stated if isinstance(stated, (tuple, list)) else (stated, stated)
    if len(pair) != 2 or any(not isinstance(value, Real) for value in pair if value is not None):
        raise ArgumentTypeError(f"stated must be an order, or a pair (inside, at ends), got {stated!r}")
    return Parts(*pair)


def _clean_sizes(sizes: Any) -> list[int]:
    counts = [int(n) for n in sizes]
    if len(counts) < 2 or any(b <= a for a, b in pairwise(counts)):
        raise ArgumentValueError(f"sizes must be at least two numbers of points, growing; got {sizes!r}")
    return counts


def _clean_extent(extent: Any, k: int) -> tuple[float, float]:
    if not isinstance(extent, (tuple, list)) or len(extent) != 2:
        raise ArgumentTypeError(f"the extent of coordinate {k} must be a pair (start, stop), got {extent!r}")
    start, stop = (float(value) for value in extent)
    if start == stop or not isfinite(start) or not isfinite(stop):
        raise ArgumentValueError(
            f"the extent of coordinate {k} must have two different finite ends, got {extent!r}"
        )
    return start, stop
