"""Diffusion by a diffusivity that is given at the faces between points."""

from __future__ import annotations

from functools import partial
from typing import cast

from ..._base.errors import ArgumentValueError, counted
from ..._base.types import Scalar, Vector
from ..._grid.axis import Along, Axis
from ..._grid.boundary import spelled
from ..._grid.points import Points
from ..._grid.walls.components import end_of
from ..._grid.walls.conditions import Condition
from ..._stencils import transpose
from ..._stencils.ends import closed
from ..._stencils.stencil import no_rows
from ..fields.coefficients import Argument, Coefficients, Numbers, diffusivity
from ..fields.weights import AtFaces
from ..operator import Operator
from ..patterns.build import Build
from ..patterns.kinds import has_numbers, kind
from ..sweep import Sweep
from .axis import FaceAxis
from .faces import AllFaces, check_plain


def diffuse_at_faces(grid: Points, k: object) -> Operator[Scalar, Scalar]:
    """``div(k grad f)`` with one diffusivity for each axis, at the faces across it."""
    check_plain(grid.whole)
    each = list(k) if isinstance(k, (list, tuple)) else [k]
    if len(each) != grid.ndim:
        raise ArgumentValueError(
            f'form="faces" takes one k for each of {counted(grid.ndim, "axis")}, at the faces across it, got {len(each)}'
        )
    given = [diffusivity(own) for own in each]
    numbers = tuple(number for number, _ in given)
    fields: Coefficients = tuple(field for _, own in given for field in own)
    walls = tuple(_has_walls(grid, a, own[0] if own else None) for a, (_, own) in enumerate(given))
    if grid.mask is not None:
        own = [(a, field) for a, (_, fields) in enumerate(given) for field in fields]
        sides = [
            AtFaces(field, grid, a, _faces(grid, a, walls[a]), is_above)
            for is_above in (False, True)
            for a, field in own
        ]
        return _diffuse_at_faces.on(grid, (numbers,)).with_first(cast(Coefficients, tuple(sides)))
    faces = grid.kept(AllFaces, walls if any(walls) else False)
    fluxes = _fluxes(grid, walls, numbers) if has_numbers(numbers) else grid.kept(_fluxes, walls, numbers)
    return faces.balance.composed(fluxes.with_first(fields))


def _faces(grid: Points, a: int, has_walls: bool) -> int:
    """How many there are across an axis."""
    return grid.lengths[a] + (0 if grid.axis_objects[a].is_periodic else 1 if has_walls else -1)


def _into_cells(grid: Points, a: int) -> tuple[Along, Along]:
    """What passes the faces below and above each point, into its cell; a run of one point is too short for both."""
    if grid.lengths[a] == 1:
        return (Along(no_rows(1, 2)),) * 2
    return FaceAxis(grid, a, walls=True).into_cells()


@kind(is_flux=True)
def _diffuse_at_faces(grid: Points, numbers: Numbers) -> Sweep[Scalar, Scalar]:
    """``div(k grad f)`` in one pass, of k at the faces below and above each point."""
    build = Build(grid, arguments=(Argument("k", numbers, True, at_faces=True),) * 2)
    for a, number in enumerate(numbers):
        if number is None:
            for side, along in enumerate(_into_cells(grid, a)):
                place = numbers[:a].count(None) + side * numbers.count(None)
                build.add(0, 0, a, along, outer=place)
        else:
            along = grid.axis_objects[a].along(2, change=closed)
            build.add_second(0, 0, a, along, None, "conservative", partial(transpose.scaled, factor=number))
    return Sweep.built(build, "diffuse (faces)")


def _fluxes(grid: Points, walls: tuple[bool, ...], numbers: Numbers) -> Operator[Scalar, Vector]:
    faces = grid.kept(AllFaces, walls if any(walls) else False)
    return faces.fluxes(numbers)


def _has_walls(grid: Points, a: int, field: object) -> bool:
    """Whether a diffusivity counts in the walls across an axis too: a number where fluxes pass them, else by its faces."""
    shape, axis, n = tuple(getattr(field, "shape", ())), grid.axes[a], grid.lengths[a]
    found = shape[axis] if -len(shape) <= axis < len(shape) else 1
    is_ring, is_passed = grid.axis_objects[a].is_periodic, _are_passed(grid.axis_objects[a])
    if found == 1:
        return is_passed
    if found == (n if is_ring else n - 1) and not is_passed:
        return False
    if found == n + 1 and not is_ring:
        return True
    has = f'k[{a}] of form="faces" has shape {shape}, which is {found} along axis {axis}, of {n} points and '
    if found == n - 1 and is_passed:
        ends = " and ".join(dict.fromkeys(repr(spelled(side)) for side in grid.axis_objects[a].sides))
        raise ArgumentValueError(
            f"{has}{found} faces between points, but fluxes pass its walls, {ends}: give k at {n + 1} faces, "
            f"of the shape of grid.faces({a}, walls=True), 0 in walls that are to be closed"
        )
    there = (
        f"{n} faces round the axis"
        if is_ring
        else f"{n - 1} faces between points, {n + 1} with those in the walls"
    )
    raise ArgumentValueError(f"{has}{there}; of a k at the points it is grid.diffuse(k)")


def _are_passed(axis: Axis) -> bool:
    """Whether fluxes pass a wall of the axis: all but even, one-sided and held ends, and a slope that is always 0."""
    return any(
        end_of(wall).is_passed and not (isinstance(wall, Condition) and wall.is_zero and wall.end.is_flux)
        for wall in axis.walls_of(None)
    )
