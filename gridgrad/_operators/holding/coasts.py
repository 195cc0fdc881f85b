"""Points beside the gaps of a grid that hold a value: which they are, and the terms that write it into fields."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias, cast

from ..._base.cache import cached_property
from ..._base.types import Array, Shape
from ..._grid.points import Points
from ..._grid.walls.components import Components, Wall
from ..._grid.walls.conditions import Condition
from ..._stencils.transpose import scaled
from ..._terms.term import Term
from ..fields.coefficients import Argument, Coefficients, beside_gaps
from ..fields.weights import OwnWeights, aligned, in_mask
from ..masked.places.flat import Flat
from ..patterns.build import unit

# what points beside gaps hold across each axis, None of nothing
Holds: TypeAlias = tuple[Condition | None, ...]
FREE = "where no value is held"


class Coast:
    """The points of a grid that lie beside gaps across axes along which a value is held there, as factors: 1 there and 0 elsewhere.

    Number 0 are all other points, then follow those of each condition. Where two meet the later axis counts.
    """

    def __init__(self, grid: Points, holds: Holds) -> None:
        assert grid.mask is not None
        self.grid, self.holds, self.mask = grid, holds, grid.mask
        self.conditions: tuple[Condition, ...] = tuple(dict.fromkeys(own for own in holds if own is not None))
        self._as_numbers: dict[str, list[Array]] = {}

    def __reduce__(self) -> tuple[object, ...]:
        return Coast, (self.grid, self.holds)

    @property
    def values(self) -> list[tuple[int, Condition]]:
        """The number of each condition that holds other values than 0."""
        return [
            (k, condition) for k, condition in enumerate(self.conditions, start=1) if not condition.is_zero
        ]

    @cached_property
    def flags(self) -> list[Array]:
        """Which points they are, of the shape of the mask."""
        return self._flags(is_lazy=False)

    @cached_property
    def _lazy(self) -> list[Array] | None:
        """The same of a mask that is still to be computed."""
        return None if self.mask.lazy is None else self._flags(is_lazy=True)

    def _flags(self, is_lazy: bool) -> list[Array]:
        found: list[Array] = []
        for k, condition in enumerate(self.holds):
            if condition is not None:
                ends = self.mask.ends(*in_mask(self.grid, k), is_lazy)
                number = self.conditions.index(condition)
                found = [flags & ~ends for flags in found]
                if number == len(found):
                    found.append(ends)
                else:
                    found[number] = found[number] | ends
        free = ~found[0]
        for flags in found[1:]:
            free = free & ~flags
        return [free, *found]

    def at(self, number: int, real: str, ndim: int) -> Array:
        """Some of them as 1 and 0, for fields of so many dimensions."""
        if real not in self._as_numbers:
            self._as_numbers[real] = [flags.astype(real) for flags in self.flags]
        return aligned(self._as_numbers[real][number], self.grid, ndim)

    def lazily(self, number: int, ndim: int) -> Array | None:
        """The same of a mask that is still to be computed."""
        return None if self._lazy is None else aligned(self._lazy[number], self.grid, ndim)

    def fits(self, real: str) -> bool:
        """Every type has both."""
        return True

    def places(self, number: int, shape: Shape) -> Array:
        """Which points of fields of this shape they are: bools that broadcast to it."""
        return Flat(self.grid, shape).spread(self.flags[number])


def coast_of(grid: Points, component: int | None) -> Coast | None:
    """The points beside gaps at which a component of vector fields, or, of None, a scalar field holds a value; None without a condition that does."""
    assert grid.mask is not None
    side = grid.mask.side
    walls: list[Wall] = [
        side.of(k, axis.own_component(component)) if isinstance(side, Components) else side
        for k, axis in enumerate(grid.axis_objects)
    ]
    holds = tuple(wall if isinstance(wall, Condition) and wall.end.is_held else None for wall in walls)
    return grid.kept(Coast, holds) if any(holds) else None


class Shore(NamedTuple):
    """Points beside gaps of a component of fields, and the coefficient whose multiple is held there; None of 0."""

    component: int
    coast: Coast
    number: int
    given: object | None
    factor: float = 1.0

    def places(self, shape: Shape) -> Array:
        """Which points of fields of this shape they are: bools that broadcast to it."""
        return self.coast.places(self.number, shape)


def writing(
    grid: Points, coasts: list[Coast | None]
) -> tuple[tuple[Term, ...], tuple[Argument, ...], Coefficients]:
    """``P f + E v`` at the points beside gaps, of the coast of each component: terms, and what they are given."""
    known = {coast: coast.values for coast in coasts if coast is not None}
    own = [(coast, number) for coast, held in known.items() for number in (0, *(k for k, _ in held))]
    conditions = list(dict.fromkeys(condition for held in known.values() for _, condition in held))
    free, values = [], []
    for c, coast in enumerate(coasts):
        if coast is None:
            free.append(Term(c, c, None, unit(grid)))
            continue
        free.append(Term(c, c, None, unit(grid), outer=own.index((coast, 0)), gated=True))
        for number, condition in known[coast]:
            stencil = scaled(unit(grid), 1 / float(condition.end.a))
            place, outer = len(coasts) + len(own) + conditions.index(condition), own.index((coast, number))
            values.append(Term(c, place, None, stencil, outer=outer, gated=True))
    at_points = tuple([Argument("", (None,), False, of_grid=FREE) for _ in own])
    arguments, given = beside_gaps(conditions)
    weights = tuple([cast(Array, OwnWeights(coast, number)) for coast, number in own])
    return (*free, *values), at_points + arguments, weights + given
