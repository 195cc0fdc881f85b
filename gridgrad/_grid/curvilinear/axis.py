"""`IndexAxis`: an axis of a curvilinear grid, along which derivatives are per index."""

from __future__ import annotations

from typing import NoReturn

import numpy as np

from ..._base.cache import cached_property
from ..._base.errors import ArgumentTypeError
from ..._base.types import Array
from ..._stencils.stencil import Stencil
from ..axis import Axis
from ..boundary import OPEN
from ..lines.axis import LinesAxis

_OTHERS = (
    "Products make others: grid.divergence @ (k * grid.gradient), grid.derivative(0) @ grid.derivative(1)"
)


class IndexAxis(LinesAxis):
    """One axis of fields, and one coordinate of all points of the grid."""

    def check(self) -> None:
        """Refuse ends that are neither open nor a ring, and too few points."""
        other = [end.word for end in self.ends if not (end.is_open or end.is_periodic)]
        if other:
            raise self.refusal(f"the end {other[0]!r}")
        self.per_index()

    def per_index(
        self, order: int = 1, accuracy: int | None = None, beyond: int = 0, edge_order: int | None = None
    ) -> Stencil:
        """The rows of one derivative along it; with so many points `beyond` both ends those of a longer, open axis."""
        return self._line(beyond, edge_order).rows(order, accuracy).field

    @cached_property
    def of_rows(self) -> Axis:
        """That by whose index, or own coordinate, its derivatives are."""
        return self._line(0)

    @property
    def widths(self) -> Array:
        """What each point weighs in a sum along it."""
        return self._line(0).quadrature

    @cached_property
    def turn(self) -> Array | None:
        """How much further its coordinate is after a turn, where that is known: its period, or all steps."""
        if self.period is None and self.spacing.ndim == 0 and self.is_periodic:
            return self.spacing.astype(self.real) * self.length
        return None if self.period is None else np.asarray(self.period, self.real)

    def _line(self, beyond: int, edge_order: int | None = None) -> Axis:
        """What derivatives along it are by: its coordinate, if that is a vector or a step, else the index."""
        x, period = self.spacing, self.period
        if x.ndim > 1 or (x.ndim == 0 and period is not None):
            x, period = np.ones(()), None
        elif x.ndim == 1 and beyond:
            assert self.turn is not None  # checked with its own rows
            turn = np.copysign(self.turn, x[-1] - x[0])
            x = np.concatenate([x[-beyond:] - turn, x, x[:beyond] + turn])
        ends, period = (OPEN, None) if beyond else (self.sides, period)
        return Axis(
            self.number,
            self.length + 2 * beyond,
            x,
            sides=ends,
            period=period,
            real=self.real,
            place=self.place,
            edge_order=edge_order or self.edge_order,
        )

    @property
    def steps(self) -> NoReturn:
        """Not along one coordinate."""
        raise self.refusal("what is made of the steps of one axis")

    def line_rows(self, *_: object) -> NoReturn:
        """Positions along one coordinate alone do not make a derivative."""
        raise self.refusal("an operator of this kind")

    @property
    def quadrature(self) -> NoReturn:
        """Not a vector."""
        raise ArgumentTypeError(
            "cells of a curvilinear grid have no width along an axis; their areas are grid.measure, and with them the adjoint is "
            "A.adjoint(grid.measure * g) / grid.measure"
        )

    def refusal(self, what: str, instead: str = "") -> ArgumentTypeError:
        """On what is not there on curvilinear grids."""
        return ArgumentTypeError(
            f"{what} is not offered on a curvilinear grid; there are gradient, divergence, curl, jacobian, derivative of order 1, the compact laplacian, "
            f"advect, with one-sided and periodic ends. {instead or _OTHERS}"
        )

    def _told(self) -> tuple[str, str]:
        """The range of its coordinate."""
        x, varied = self.coordinates, " that vary along several axes" if self.spacing.ndim > 1 else ""
        return f", positions from {np.nanmin(x):g} to {np.nanmax(x):g}", varied
