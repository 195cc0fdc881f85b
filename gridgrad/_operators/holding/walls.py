"""Points of fields that are on walls with a value, at ends and beside gaps: which operators read them, and what writes the value there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from ..._base.late import Late
from ..._base.types import Array, Shape
from ..._grid.axis import Along
from ..._grid.points import Points
from ..._stencils.stencil import Stencil
from ..._terms.term import Term
from ..fields.coefficients import is_same
from ..fields.forms import Form
from ..fields.sides import Constant
from ..fields.weights import OwnWeights
from ..joined import Product
from ..operator import AnyOperator
from ..patterns.build import Build
from .held import components_of, held_sides

if TYPE_CHECKING:
    from . import coasts
else:
    coasts = Late("gridgrad._operators.holding.coasts")  # of grids with gaps alone

Index = tuple[slice, ...]
Spots = tuple["slice | Array", ...]  # points anywhere: along the axes of the mask their numbers


class Wall(NamedTuple):
    """Points of a component of fields, the first or the last of an axis, and the coefficient whose multiple is held there; None of 0."""

    component: int
    axis: int  # of the grid
    is_last: bool
    given: object | None
    factor: float = 1.0  # other than 1 for a condition ``a f = c``

    def points(self, axes: Sequence[int], ndim: int, later: Iterable[Wall]) -> Index:
        """Its points in an array, without those that `later` walls hold."""
        found = [slice(None)] * ndim
        for wall in later:
            own = found[axes[wall.axis]]
            found[axes[wall.axis]] = slice(own.start, -1) if wall.is_last else slice(1, own.stop)
        found[axes[self.axis]] = slice(-1, None) if self.is_last else slice(0, 1)
        return tuple(found)


def builds(grid: Points, form: Form) -> Iterator[Build]:
    """``P f + E v`` along each axis that ends on a wall with a value: fields with that in the place of what they have there."""
    components = components_of(form)
    sides = [held_sides(grid, component) for component in components]
    for k, n in enumerate(grid.lengths):
        build, one = Build(grid, form), np.ones((), grid.dtype)[()]
        for c, own in enumerate(sides):
            ends = {held.point: held.condition for held in own if held.k == k}
            rows = Stencil(
                n, ((0, 0),), (one,), ((),) * (0 in ends), ((),) * (-1 in ends), values=True, order=0
            )
            known = []
            for point, condition in ends.items():
                place = 0 if point == 0 else n - 1
                row = (((place, place, one / grid.dtype.type(float(condition.end.a))),),)
                first, last = (row, ()) if point == 0 else ((), row)
                if not condition.is_zero:
                    known.append(
                        (condition, Stencil(n, (), (), first, last, values=True, order=0), point != 0)
                    )
            build.add(c, c, k, Along(rows, tuple(known)))
        if any(held.k == k for own in sides for held in own):
            yield build


def reads(terms: Iterable[Term], hold: AnyOperator) -> bool:
    """Whether terms read what fields have at points of `hold`: not where each has rows across the wall, which read what is held."""
    fields = prod(hold.inputs)
    walls = {(wall.component, wall.axis, wall.is_last) for wall in walls_of(hold)}
    shores = {(shore.component, shore.coast) for shore in shores_of(hold)}
    own = [term for term in terms if term.input < fields]
    return any(
        _reads(term, axis, is_last)
        for term in own
        for component, axis, is_last in walls
        if component == term.input
    ) or any(
        _reads_coast(term, coast) for term in own for component, coast in shores if component == term.input
    )


def _reads_coast(term: Term, coast: coasts.Coast) -> bool:
    """Whether a term reads points beside gaps, but across these alone."""
    axes = {k for k, condition in enumerate(coast.holds) if condition is not None}
    return term.axis is None or term.then is not None or axes != {term.axis}


def _reads(term: Term, axis: int, is_last: bool) -> bool:
    """Whether a term reads the first or the last point of an axis."""
    across = [stencil for own, stencil in term.stencils() if own == axis]
    return not across or _reads_point(across[0], across[0].columns - 1 if is_last else 0)


def _reads_point(stencil: Stencil, point: int) -> bool:
    inner, first = stencil.interior(), int(stencil.values)  # of pairs of values the second alone counts
    if any(point in pair[first:2] and pair[2] for _, row in stencil.edge_rows() for pair in row):
        return True
    for pair, weight in zip(stencil.offsets, stencil.weights, strict=True):
        for offset in pair[first:]:
            row = point - offset
            if inner.start <= row < inner.stop and (weight if np.ndim(weight) == 0 else weight[row]):
                return True
    return False


def walls_of(hold: AnyOperator) -> list[Wall]:
    """What it holds, in the order in which it is written: at edges of two walls the later axis counts."""
    if isinstance(hold, Product):
        return [*walls_of(hold.inner), *walls_of(hold.outer)]
    terms, inputs = hold.separate() or (), prod(hold.inputs)
    given = [c for _, own in hold.taken() for c in own]
    known = {(term.output, term.is_last): term for term in terms if term.ends}
    found = []
    for term in terms:
        if term.ends or term.axis is None:
            continue
        for is_last in [False] * len(term.stencil.leading) + [True] * len(term.stencil.trailing):
            side = known.get((term.output, is_last))
            if side is None:
                found.append(Wall(term.output, term.axis, is_last, None))
            else:
                ((*_, factor),) = side.stencil.edge_rows()[0][1]
                found.append(Wall(term.output, term.axis, is_last, given[side.input - inputs], float(factor)))
    return found


def places_of(hold: AnyOperator, shape: Shape) -> list[tuple[Wall, Index]]:
    """Its walls, and where they are in the components of fields of this shape."""
    axes, walls = hold.grid.axes_of(shape), walls_of(hold)
    found = []
    for number, wall in enumerate(walls):
        later = [w for w in walls[number + 1 :] if w.axis != wall.axis and w.component == wall.component]
        found.append((wall, wall.points(axes, len(shape), later)))
    return found


def shores_of(hold: AnyOperator) -> list[coasts.Shore]:
    """What it, or its transpose, holds beside gaps, which counts where a wall at an end meets it."""
    if isinstance(hold, Product):
        return [*shores_of(hold.inner), *shores_of(hold.outer)]
    fields = prod(hold.inputs)
    given: list[object] = [c for _, own in hold.taken() for c in own]
    found: list[tuple[int, coasts.Coast]] = []
    known: dict[tuple[int, coasts.Coast, int], tuple[object, float]] = {}
    for term in hold.separate() or ():
        at = given[term.factors()[0]] if term.gated else None
        if not isinstance(at, OwnWeights) or not isinstance(at.rows, coasts.Coast):
            continue
        if term.input < fields:
            found.append((term.output, at.rows))
        else:
            value = given[term.input - fields], float(term.stencil.weights[0])
            known[term.output, at.rows, at.number] = value
    return [
        coasts.Shore(c, coast, number, *known.get((c, coast, number), (None, 1.0)))
        for c, coast in found
        for number in range(1, len(coast.conditions) + 1)
    ]


def spots_of(hold: AnyOperator, shape: Shape) -> list[tuple[Wall | coasts.Shore, Index | Spots]]:
    """All that it holds, and where that is in the components of fields of this shape: each point once."""
    shores = [(shore, shore.places(shape)) for shore in shores_of(hold)]
    found: list[tuple[Wall | coasts.Shore, Index | Spots]] = []
    for wall, index in places_of(hold, shape):
        own = [places for shore, places in shores if shore.component == wall.component]
        spots: Index | Spots = index
        if any(places[index].any() for places in own):
            there = np.zeros_like(own[0])
            there[index] = True
            spots = _spots(there & ~np.logical_or.reduce(own))
        found.append((wall, spots))
    return found + [(shore, _spots(places)) for shore, places in shores]


def _spots(flags: Array) -> Spots:
    """Flagged points, the same along axes of one."""
    pairs = zip(flags.shape, np.nonzero(flags), strict=True)
    return tuple([slice(None) if n == 1 else own for n, own in pairs])


def hold_alike(first: AnyOperator, second: AnyOperator) -> bool:
    """Whether both write the same values, of one memory, into the same fields."""
    if first is second:
        return True
    if first.grid is not second.grid or first.inputs != second.inputs:
        return False
    pairs = zip(walls_of(first), walls_of(second), strict=True)
    coasts = zip(shores_of(first), shores_of(second), strict=True)
    return all(a[:3] == b[:3] and _are_one(a.given, b.given) for pair in (pairs, coasts) for a, b in pair)


def _are_one(a: object, b: object) -> bool:
    if isinstance(a, Constant) or isinstance(b, Constant) or a is None or b is None:
        return type(a) is type(b) and bool(a == b)
    return is_same(cast(Array, a), cast(Array, b))
