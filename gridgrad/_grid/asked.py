"""What a caller says about rows and ends, cleaned once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .._base.checks import clean_accuracy, clean_edge_order
from .._stencils.derivatives import Rule
from .._stencils.ends import End
from .axis import rule_of
from .boundary import Ends, clean_ends
from .geometry.geometry import Geometry, clean_geometry
from .walls.components import scalar_end_of


class Asked(NamedTuple):
    """What a caller says about rows and ends, as it came."""

    edge_order: object = 1
    periodic: object = None
    period: object = None  # each of these as it came
    boundary: object = None
    accuracy: object = None
    geometry: object = None
    radius: object = None
    angle: object = None


class Words(NamedTuple):
    """The same, cleaned: both ends of each axis, and its period, None where it does not repeat."""

    edge_order: int
    accuracy: int | None
    ends: tuple[Ends, ...]
    periods: tuple[object, ...]
    geometry: Geometry | None = None
    is_left: bool = False  # to the geometry, how the axis ends that may go all round

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rows of the first derivative along each axis."""
        ends = (self.of(k) for k in range(len(self.ends)))
        return tuple(rule_of(1, self.accuracy, pair, self.edge_order) for pair in ends)

    def of(self, k: int) -> tuple[End, End]:
        """The ends of scalar fields along an axis, or, where there are none, of its component of vector fields."""
        left, right = (scalar_end_of(side, k) for side in self.ends[k])
        return left, right


def clean_words(axes: Sequence[int], asked: Asked, of_grid: bool = False) -> Words:
    """The words on these axes of an array, or of a grid."""
    order, accuracy = clean_edge_order(asked.edge_order), clean_accuracy(asked.accuracy)
    geometry = clean_geometry(asked.geometry, asked.radius, asked.angle, len(axes))
    polar = None if geometry is None else geometry.along
    ends, periods = clean_ends(asked.boundary, asked.periodic, asked.period, axes, of_grid, polar)
    is_left = geometry is not None and asked.periodic is None and _is_left(asked.boundary, geometry.around)
    return Words(order, accuracy, ends, tuple(periods), geometry, is_left)


def _is_left(boundary: object, around: int | None) -> bool:
    """Whether nothing is said of the ends of the axis that may go all round."""
    if isinstance(boundary, (list, tuple)) and around is not None and len(boundary) > 1:
        return boundary[around] is None
    return boundary is None
