"""The points of a grid that are on a wall with a prescribed value: their values, and all other points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..._backends.operations import Operations
from ..._base.late import Late
from ..._base.types import Array
from ..._grid.points import Points
from ..._grid.walls.conditions import Condition
from ..fields.coefficients import Given
from ..fields.forms import Form
from ..fields.gather import broadcast
from ..fields.sides import AtGaps, Side, like

if TYPE_CHECKING:
    from . import coasts
else:
    coasts = Late("gridgrad._operators.holding.coasts")  # of grids with gaps alone


class Held(NamedTuple):
    """One side of a grid, across axis `k`, at its first or last point (0 or -1)."""

    k: int
    point: int
    condition: Condition


def held_sides(grid: Points, component: int | None) -> list[Held]:
    """Those of a component of vector fields, or, of None, of scalar ones."""
    return [
        Held(k, point, wall)
        for k, axis in enumerate(grid.axis_objects)
        for point, wall in zip((0, -1), axis.walls_of(axis.own_component(component)), strict=True)
        if isinstance(wall, Condition) and wall.end.is_held
    ]


def coast_of(grid: Points, component: int | None) -> coasts.Coast | None:
    """The points beside gaps at which a component holds a value; None where none does."""
    return coasts.coast_of(grid, component) if grid.mask is not None and grid.mask.is_held else None


def components_of(form: Form) -> list[int | None]:
    """The component of each array of a field: which wall it is at, for vectors."""
    return list(range(form[0])) if len(form) == 1 else [None] * int(np.prod(form))


def free_points(grid: Points, component: int | None) -> tuple[slice, ...]:
    """The points of each axis whose values are not prescribed."""
    sides = {(held.k, held.point) for held in held_sides(grid, component)}
    return tuple(slice(int((k, 0) in sides), n - int((k, -1) in sides)) for k, n in enumerate(grid.lengths))


def is_free(grid: Points, component: int | None) -> Array:
    """Whether a point counts and its value is not prescribed, in the grid's shape, or that of its mask."""
    free = np.zeros(grid.shape, bool)
    axes = grid.axes_of(grid.alone())
    index: list[slice] = [slice(None)] * free.ndim
    places = sorted(axes)
    for axis, points in zip(axes, free_points(grid, component), strict=True):
        index[places.index(axis)] = points
    free[tuple(index)] = True
    if grid.mask is not None:
        free = free & grid.mask.inside  # which may have batch axes
    coast = coast_of(grid, component)
    return free if coast is None else free & coast.flags[0]


def with_values(
    field: Array, grid: Points, component: int | None, xp: Operations, given: Callable[[], Sequence[Given]]
) -> Array:  # fmt: skip
    """The field with what is prescribed at its held points, as `given` by an operator's names."""
    for held in held_sides(grid, component):
        axis = grid.axes_of(tuple(field.shape))[held.k]
        places = np.zeros([1] * axis + [field.shape[axis]] + [1] * (field.ndim - axis - 1), bool)
        places[(0,) * axis + (held.point,)] = True
        field = _with_value(field, places, Side.of(grid, held.k, held.condition), held.condition, xp, given)
    coast = coast_of(grid, component)
    for number, condition in enumerate(() if coast is None else coast.conditions, start=1):
        assert coast is not None
        places = coast.places(number, tuple(field.shape))
        field = _with_value(field, places, AtGaps(""), condition, xp, given)
    return field


def _with_value(
    field: Array, places: Array, side: Side | AtGaps, condition: Condition, xp: Operations, given: Callable[[], Sequence[Given]]
) -> Array:  # fmt: skip
    """The field with what a call gave by the name of the condition, or what that was made with, at some places."""
    named: Iterator[Array] = (fields[0] for argument, fields in given()
                              if argument.side and argument.name and argument.name == condition.name)  # fmt: skip
    found = next(named, None)
    value = like(field, side.field(condition.given) if found is None else found) / float(condition.end.a)
    side.check_in(value, tuple(field.shape))
    wide = broadcast(xp, value, tuple(field.shape), side.label)
    return xp.where(xp.weights(places, xp.bool, field), wide, field)
