"""Derivatives along one axis, and along two."""

from __future__ import annotations

from typing import Never

from ..._base.checks import clean_axis
from ..._grid.points import Points
from ..patterns.build import Build
from ..patterns.kinds import check_words, kind, method
from ..sweep import Sweep
from .first import no_tensors
from .options import derivative_options
from .second import add_mixed


@method
def derivative(
    grid: Points, axis: int, order: int = 1, accuracy: int | None = None, **others: Never
) -> Sweep:
    """The derivative of order 1 or 2 along one axis of the grid.

    `accuracy` None is the three-point row; 2, 4 and 6 hold on every grid, edges included. For a third
    or fourth derivative compose accurate ones, because each takes two orders (a first derivative
    one) off the ends of the one before it: with ``d2 = grid.derivative(0, order=2, accuracy=4)``,
    ``d2 @ d2`` is of order 2 at one-sided ends, where three-point rows twice would not converge;
    ``grid.derivative(0, accuracy=4) @ d2`` is of order 3. Periodic and mirrored ends need no such care,
    if the second derivative is taken first: an even field has an odd slope.
    """
    check_words("derivative", others)
    return _derivative.on(grid, grid.clean_axis(axis), order=order, accuracy=accuracy)


@kind(derivative_options)
def _derivative(grid: Points, axis: int, order: int, accuracy: int | None) -> Sweep:
    """``d_a f`` or ``d_a d_a f`` along one axis of the grid."""
    name = f"derivative({axis}, order={order}" + (")" if accuracy is None else f", accuracy={accuracy})")
    build = Build(grid)
    if order == 1:
        build.add_slope(0, 0, axis, accuracy)
    else:
        no_tensors(grid, "derivative of order 2")
        build.add(0, 0, axis, grid.along(axis, order, accuracy))
    return Sweep.built(build, name)


@method
def mixed_derivative(grid: Points, axis: int, other: int, **others: Never) -> Sweep:
    """``d_a d_b`` for two different axes of the grid, the product of their first derivatives."""
    check_words("mixed_derivative", others)
    return _mixed_derivative.on(grid, *clean_axis((axis, other), grid.ndim))


@kind()
def _mixed_derivative(grid: Points, a: int, b: int) -> Sweep:
    """``d_a d_b f`` for two different axes of the grid."""
    no_tensors(grid, "mixed_derivative")
    build = Build(grid)
    add_mixed(build, 0, a, b)
    return Sweep.built(build, f"mixed_derivative({a}, {b})")
