"""Operators of first derivatives: gradient, divergence, curl and jacobian."""

from __future__ import annotations

from typing import Any

from ..._base.errors import ArgumentValueError
from ..._base.types import Matrix, Scalar, Vector
from ..._grid.points import Points
from ..._stencils import transpose
from ..patterns.build import Build, same
from ..patterns.kinds import kind
from ..sweep import Sweep
from .options import accuracy_option


def vector(grid: Points) -> tuple[int, ...]:
    """The form of a vector field: its one component is itself on a line."""
    return (grid.ndim,) if grid.ndim > 1 else ()


@kind(accuracy_option, geometry=True)
def gradient(grid: Points, accuracy: int | None) -> Sweep[Scalar, Vector]:
    """``(d_a f)`` for all axes: a scalar field to a vector field; on one axis to its derivative."""
    form, build = vector(grid), Build(grid)
    for a in range(grid.ndim):
        build.add_slope(a, 0, a, accuracy)
    return Sweep.built(build, "gradient", form, masks_as_read=True)


@kind(accuracy_option, geometry=True)
def divergence(grid: Points, accuracy: int | None) -> Sweep[Vector, Scalar]:
    """``sum d_a F_a``: a vector field to a scalar field.

    Component a belongs to axis a of the grid, whichever axis of the arrays that is: for arrays
    ``u[y, x]`` take ``Grid(x, y, axes=[-1, -2])`` and ``(u, v)``. All components end as `boundary` says.
    At a wall where the normal one is odd and the others are even, minus the adjoint of the gradient of
    an even field is the divergence that fits: ``-grid.gradient.adjoint(F, weight="quadrature")``.
    """
    build = Build(grid, vector(grid))
    for a in range(grid.ndim):
        build.add_flux(0, a, a, accuracy, component=a)
    return Sweep.built(build, "divergence")


@kind(accuracy_option, geometry=True)
def curl(grid: Points, accuracy: int | None) -> Sweep[Vector, Any]:
    """``d_0 F_1 - d_1 F_0`` on two axes, the curl vector on three.

    Components and signs follow the axes of the grid, not those of the arrays: for arrays ``u[y, x]``
    take ``Grid(x, y, axes=[-1, -2])`` and ``(u, v)``. ``Grid(y, x)`` would take u for the component along
    y, silently. On a sphere it is the vertical vorticity, upwards in either order of the axes.
    """
    if grid.metric is not None and grid.ndim != 2:
        raise ArgumentValueError(
            "curl with geometry= needs a grid of 2 axes; in cylindrical coordinates of 3, of F = (u, v, w), it is d(1)(w) - d(2)(v), "
            "d(2)(u) - d(0)(w) and grid.divergence((v, -u, 0 * u)) with d = grid.derivative; elsewhere apply it level by level"
        )
    if grid.ndim not in (2, 3):
        raise ArgumentValueError(f"curl needs a grid of 2 or 3 axes, not {grid.ndim}")
    # output c is d_a F_b - d_b F_a for the cyclic (c, a, b); on two axes only c along the third
    cycles = [(0, 0, 1)] if grid.ndim == 2 else [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    build = Build(grid, (grid.ndim,))
    signs = (same, transpose.negated)[:: 1 if grid.geometry is None else grid.geometry.handedness]
    for c, a, b in cycles:
        build.add_flux(c, b, a, accuracy, component=b, change=signs[0])
        build.add_flux(c, a, b, accuracy, component=a, change=signs[1])
    return Sweep.built(build, "curl", () if grid.ndim == 2 else (3,))


@kind(accuracy_option)
def jacobian(grid: Points, accuracy: int | None) -> Sweep[Vector, Matrix[Vector]]:
    """``(d_b F_a)`` of a vector field, as ``result[a][b]``, a and b in the order of the grid's axes.

    For arrays ``u[y, x]`` take ``Grid(x, y, axes=[-1, -2])`` and ``(u, v)``.
    """
    n = grid.ndim
    build = Build(grid, vector(grid))
    for i in range(n):
        for a in range(n):
            build.add_slope(n * i + a, i, a, accuracy, component=i)
    return Sweep.built(build, "jacobian", (n, n) if n > 1 else ())
