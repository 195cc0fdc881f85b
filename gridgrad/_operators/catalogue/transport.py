"""Operators with a velocity: derivatives along it, and advection."""

from __future__ import annotations

from functools import partial
from typing import Never

import numpy as np

from ..._base.errors import MISSING
from ..._base.types import Scalar, Vector
from ..._grid.points import Points
from ..._stencils import transpose
from ..._terms.term import Term
from ..fields.coefficients import Argument, Coefficients, Numbers, velocity
from ..joined import Product
from ..operator import Operator
from ..patterns.build import Build, unit, weighed
from ..patterns.kinds import kind, method, refuse_geometry, refuse_words
from ..sweep import Sweep
from .first import gradient, vector
from .options import SIDES, accuracy_option, advection_options


@method
def directional_derivative(
    grid: Points, v: object = MISSING, accuracy: int | None = None, **others: Never
) -> Operator:
    """``sum v_a d_a`` along a vector, or a vector field, `v`; not divided by its length.

    Parameters
    ----------
    v : sequence of numbers and fields
        As in `advect`, also in the order of its components, and at a call.
    accuracy : None, 2, 4 or 6
        As in `gradient`.

    Returns
    -------
    Operator
    """
    if others or v is MISSING:
        refuse_words("directional_derivative", others, v=v)
    numbers, fields = velocity(v, grid.ndim)
    if fields and grid.mapping is not None:
        return _projected(grid, numbers, fields, accuracy)
    return _directional_derivative.on(grid, (numbers,), accuracy).with_first(fields)


@method
def advect(
    grid: Points, v: object = MISSING, accuracy: int | None = None, upwind: int | None = None, **others: Never
) -> Operator:
    """``sum v_a d_a``: the advection of a scalar field by the velocity `v`, numbers or fields.

    Parameters
    ----------
    v : sequence of numbers and fields
        One component for each axis of the grid, in its order: ``(u, v)`` for arrays ``u[y, x]`` on
        ``Grid(x, y, axes=[-1, -2])``. Numbers must be finite; they become part of the weights.
    accuracy : None, 2, 4 or 6
        As in `gradient`.
    upwind : None, 1 or 2
        The order of accuracy of differences to the side that the flow comes from along each axis, chosen by the
        sign of the component at each point, in the same pass: points downwind are not read. Where it comes in
        through a one-sided end, the difference is with the points inside, so prescribe a value there,
        ``boundary=gridgrad.value(c)``, or leave that point out of the step.

    Returns
    -------
    Operator

    Notes
    -----
    Fields are not copied: what is written into them later is what the operator uses. Where the
    names of buffers are swapped instead, ``u, new = new, u``, the operator still reads the array that
    was `u` when it was made. Give the fields at the call then, ``A(f, out=new, v=(u, v))``: this plans
    nothing anew, and goes through sums, multiples, products and adjoints.

    Central differences with one-sided ends of order 2 can grow at an inflow that the grid does not
    resolve; ``edge_order=1``, a mirrored end or `upwind` does not.
    """
    if others or v is MISSING:
        refuse_words("advect", others, v=v)
    numbers, fields = velocity(v, grid.ndim)
    if fields and upwind is None and grid.mapping is not None:
        return _projected(grid, numbers, fields, accuracy)
    return _advect.on(grid, (numbers,), accuracy, upwind).with_first(fields)


@kind(accuracy_option, geometry=True)
def _directional_derivative(grid: Points, numbers: Numbers, accuracy: int | None) -> Sweep:
    """``sum v_a d_a f`` along the vector, or the vector field, v; not divided by its length."""
    return _along(grid, "directional_derivative", numbers, accuracy)


@kind(advection_options, geometry=True)
def _advect(grid: Points, numbers: Numbers, accuracy: int | None, upwind: int | None) -> Sweep:
    """``sum v_a d_a f``: the advection of a scalar field by the velocity v."""
    return _along(grid, "advect", numbers, accuracy) if upwind is None else _upwind(grid, numbers, upwind)


def _projected(grid: Points, numbers: Numbers, fields: Coefficients, accuracy: int | None) -> Operator:
    """The gradient, then its product with v: where factors of the grid stand in the places of those."""
    return Product(_dot.on(grid, (numbers,)).with_first(fields), gradient.on(grid, (), accuracy))


@kind(geometry=True, holds=False)
def _dot(grid: Points, numbers: Numbers) -> Sweep[Vector, Scalar]:
    """``sum v_a F_a``."""
    one = unit(grid)
    each = enumerate(weighed(numbers, a) for a in range(grid.ndim))
    terms = tuple(Term(0, a, None, change(one), outer=outer) for a, (change, outer) in each)
    return Sweep.of(grid, "dot", terms, vector(grid), arguments=(Argument("v", numbers, is_vector=True),))


def _upwind(grid: Points, numbers: Numbers, accuracy: int) -> Sweep:
    """``sum v_a D_a f``, the rows of the left where a component flows towards higher indices, of the right elsewhere."""
    refuse_geometry(grid, "upwind=")
    if grid.mapping is not None:
        raise grid.mapping.refusal("upwind=")
    build = Build(grid, arguments=(Argument("v", numbers, is_vector=True),))
    for a, number in enumerate(numbers):
        onward = 1 if np.ravel(grid.steps[a])[0] > 0 else -1  # the sign of a component towards higher indices
        for side, sign in ((SIDES["left"], onward), (SIDES["right"], -onward)):
            along = grid.axis_objects[a].along(1, accuracy, side=side)
            if number is None:
                build.add(0, 0, a, along, outer=numbers[:a].count(None), sign=sign)
            elif number * sign > 0 or (number == 0 and side < 0):
                build.add(0, 0, a, along, partial(transpose.scaled, factor=number))
    return Sweep.built(build, f"advect (upwind {accuracy})")


def _along(grid: Points, name: str, numbers: Numbers, accuracy: int | None) -> Sweep:
    """A number is part of the weights, a field multiplies at the point."""
    build = Build(grid, arguments=(Argument("v", numbers, is_vector=True),))
    for a in range(grid.ndim):
        change, outer = weighed(numbers, a)
        build.add_slope(0, 0, a, accuracy, change=change, outer=outer)
    return Sweep.built(build, name)
