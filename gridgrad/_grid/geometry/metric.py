"""`Metric`: what coordinates whose lengths depend on where they are make of the rows along an axis."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ..._base.types import Array
from ..._stencils import transpose
from ..._stencils.ends import End, Prescribed
from ..._stencils.stencil import CENTRAL, Row, Stencil, in_one_piece
from ..._stencils.sums import row_at
from ..axis import Axis
from ..ends import rule_of

POINTS_OF_FLUXES = 7  # of the wide rows of second derivatives beside a pole

Function = Callable[[Array], Array]


class Surface(NamedTuple):
    """The lengths of two coordinates, ``ds^2 = l^2 dy^2 + h(y)^2 dx^2``."""

    length: float  # l
    h: Function
    area: Function  # the integral of h
    dh: Function  # its derivative


class Metric:
    """What the axis `along`, y, makes of rows: h varies along it, and is the length of a unit of the axis `around`, x.

        grad f = (df/dy / l, df/dx / h)
        div F = d(h F_y)/dy / (l h) + dF_x/dx / h
        lap f = d(h df/dy)/dy / (l^2 h) + d^2f/dx^2 / h^2

    (Morse and Feshbach, Methods of Theoretical Physics, 1953, section 1.3.) Where an end of y is beside a pole, h is 0
    there: ``h F_y`` is a field whose value at the pole is 0, and nothing flows through it. Other axes have lengths of their own.
    """

    def __init__(
        self, surface: Surface, along: int, around: int | None, line: Axis, poles: tuple[Fraction | None, Fraction | None], edge_order: int
    ) -> None:  # fmt: skip
        self.surface, self.along, self.around = surface, along, around
        self.line, self.poles, self.edge_order = line, poles, edge_order
        y = line.coordinates
        self._steps = np.diff(y)
        self._faces = y[:-1] + self._steps / 2
        self.h = surface.h(y)

    def slope(self, accuracy: int | None) -> Stencil:
        """``df/dy / l``."""
        return self._per_length(self.line.stencil(1, accuracy, self.edge_order))

    def flux(self, accuracy: int | None) -> Stencil:
        """``d(h F)/dy / (l h)``: rows of values."""
        rule = rule_of(1, accuracy, self._ends_of_fluxes(), self.edge_order)
        turned = transpose.transposed(self.line.rows_of(rule).field)
        return self._per_length(transpose.transposed(turned, self.h))

    def second(self, accuracy: int | None, form: str) -> Stencil:
        """``d(h df/dy)/dy / (l^2 h)``: compact rows are balances of what flows through faces, but for those at open ends."""
        if form == "wide" or accuracy is not None:
            return transpose.product(self.flux(accuracy), self.slope(accuracy))
        rows = [self._end_row(point) if form == "compact" else None for point in (0, self.line.length - 1)]
        return self._per_length(self._per_length(self._balances(*rows)))

    def widths(self) -> Array:
        """The area of each cell for a unit of the other axis."""
        found: Array = self.surface.length * np.abs(self._cells())
        return found

    def _per_length(self, stencil: Stencil) -> Stencil:
        return stencil if self.surface.length == 1 else transpose.scaled(stencil, 1 / self.surface.length)

    def _cells(self) -> Array:
        """The integrals of h over the cells along y, negative where that runs down."""
        y = self.line.coordinates
        ends = [
            x if pole is None else np.asarray(float(pole), y.dtype)
            for x, pole in zip(y[[0, -1]], self.poles, strict=True)
        ]
        return np.diff(self.surface.area(np.concatenate([[ends[0]], self._faces, [ends[1]]])))

    def _ends_of_fluxes(self) -> tuple[End, End]:
        """``h F`` is 0 at a pole."""
        first, last = (
            end if pole is None else Prescribed(Fraction(1), Fraction(0), abs(pole - Fraction(float(y))))
            for end, pole, y in zip(self.line.ends, self.poles, self.line.coordinates[[0, -1]], strict=True)
        )
        return first, last

    def _balances(self, first: Row | None, last: Row | None) -> Stencil:
        """What flows through the faces of each cell, over its area; rows that are given stand in the place of the end rows."""
        n, cells = self.line.length, self._cells()
        through = self.surface.h(self._faces) / self._steps
        lower, upper = np.zeros_like(cells), np.zeros_like(cells)
        lower[1:], upper[:-1] = -through / cells[1:], through / cells[:-1]
        leading = ((0, 1, upper[0]),) if first is None else first
        trailing = ((n - 2, n - 1, lower[-1]),) if last is None else last
        weights = in_one_piece((lower, upper), 2)
        return Stencil(n, CENTRAL, weights, (leading,), (trailing,), order=2)

    def _end_row(self, point: int) -> Row | None:
        """A row of an end where the balance of its cell is none of its point; None where it is.

        Without a pole it is ``d^2f/dy^2 + (dh/dy / h) df/dy`` by one-sided rows. A cell that goes on for a whole step to a pole has
        its point far from its middle; there fluxes are differenced that are wider, as h has its zero in that row.
        """
        y, pole = self.line.coordinates, self.poles[bool(point)]
        if pole is not None:
            step = abs(self._steps[-bool(point)])
            if abs(float(pole) - y[point]) < 0.75 * step or self.line.length < POINTS_OF_FLUXES:
                return None
            row = row_at(self.second(4, "wide"), point)
            return tuple((a, b, self.surface.length**2 * w) for a, b, w in row)
        second, first = (
            self.line.stencil(2, None, self.edge_order),
            self.line.stencil(1, None, self.edge_order),
        )
        ratio = self.surface.dh(y[point]) / self.h[point]
        return (*row_at(second, point), *((a, b, ratio * w) for a, b, w in row_at(first, point)))
