"""Positions of a curvilinear grid with gaps: their derivatives beside these are from the rows that fields have."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from ...._base.late import Late
from ...._base.types import Array
from ...._grid.curvilinear.mapping import Accuracy, IndexMap
from ...._grid.curvilinear.weights import PointWeights
from ...._grid.masks.mask import Mask
from ...._grid.points import OnGaps, Points
from ...catalogue.partials import derivative

if TYPE_CHECKING:
    from .. import operator
else:
    operator = Late("gridgrad._operators.masked.operator")


class BesideGaps(IndexMap):
    """The map of a grid, with weights that are 0 in its gaps, and of what takes a slope along an axis where a point is alone.

    Weights of fluxes are those of the whole grid, as rows beside points that have others read them; rows beside gaps are
    those of slopes.
    """

    def __init__(self, grid: Points, mask: Mask, masked: OnGaps) -> None:
        assert grid.mapping is not None
        self._inside = np.transpose(mask.inside, grid.places)
        vars(self).update(vars(grid.mapping.beside(self._inside)))
        self._whole, self._kept = grid.mapping.beside(self._inside), {}
        index = copy(grid.whole)
        index.mapping, index.axis_objects = None, tuple([axis.of_rows for axis in grid.axis_objects])
        index.axes, index.has_units = tuple([place - grid.ndim for place in grid.places]), False
        # whatever results are filled with, slopes that are not there are no part of weights
        self._index = index.with_gaps(Mask(mask.inside, mask.breaks, mask.side), masked)
        self._alone = []
        for k in range(index.ndim):
            patch, alone = self._along(k, 1, None).beside.patch, np.zeros(mask.shape, bool)
            alone.reshape(-1)[patch.points[0][patch.missing[0]]] = True
            self._alone.append(np.transpose(alone, self._places))
        self._there = self._inside & ~np.logical_or.reduce(self._alone)

    def slopes(self, accuracy: Accuracy) -> PointWeights:
        """Those of a coordinate that takes no slope along an axis are right where a point is alone along that."""
        return self._made("slopes", accuracy, lambda: self._slope_weights(accuracy))

    def _slope_weights(self, accuracy: Accuracy) -> list[Array]:
        rows = [
            [np.where(alone, other, own) for own, other, alone in zip(*both, self._alone, strict=True)]
            for both in zip(self._jacobian(accuracy), self._whole._jacobian(accuracy), strict=True)
        ]
        m = self._inverse(rows)
        for a in range(len(rows)):
            unknown = np.logical_or.reduce(
                [alone & (w[a] != 0) for w, alone in zip(m, self._alone, strict=True)]
            )
            for w in m:
                w[a] = np.where(unknown | ~self._inside, 0, w[a])
        return [w for row in m for w in row]

    def fluxes(self, accuracy: Accuracy) -> PointWeights:
        """Those of the whole grid, with those of slopes."""
        return replace(self._whole.fluxes(accuracy), slopes=self.slopes(accuracy))

    def measure(self) -> Array:
        """That of the whole grid."""
        return self._whole.measure()

    def _along(self, k: int, order: int, accuracy: Accuracy) -> operator.Masked:
        """The derivative by an index."""
        return cast("operator.Masked", derivative(self._index, k, order, accuracy).bare)

    def _made(self, name: str, accuracy: Accuracy, make: Callable[[], list[Array]]) -> PointWeights:
        def chosen() -> list[Array]:
            with np.errstate(divide="ignore"):
                return make() if name == "slopes" else [np.where(self._there, w, 0) for w in make()]

        return super()._made(name, accuracy, chosen)

    def _is_wrong(self, jacobian: Array, accuracy: Accuracy) -> Array:
        wrong: Array = self._there & ~(jacobian * self._sign > 0)
        return wrong

    def _slope(
        self, values: Array, k: int, accuracy: Accuracy, order: int = 1, edge_order: int | None = None
    ) -> Array:
        whole = super()._slope(values, k, accuracy, order, edge_order)
        beyond, n = self._margin(k, accuracy), self._lengths[k]
        own, slope = values, np.zeros(())
        if beyond:  # what goes on after a turn is a line, and the rest is the same again
            own = values.take(range(beyond, beyond + n), k)
            axis = self._axes[k].of_rows
            slope = (values.take([beyond + n], k) - own.take([0], k)) / (
                np.copysign(axis.period, axis.coordinates[-1] - axis.coordinates[0])
                if axis.period is not None
                else axis.spacing * n
            )
            along = axis.coordinates.reshape([-1 if d == k else 1 for d in range(own.ndim)])
            own = own - slope * along
        A = self._along(k, order, accuracy)
        found = np.transpose(np.asarray(A(self._as_fields(own))), self._places)
        if order == 1:
            found = found + slope
        regular = np.transpose(A.beside.regular(0), self._places)
        made: Array = np.where(regular, whole, found)
        return made
