"""Derivatives along one axis, and along two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Never

from ..._base.checks import clean_axis
from ..._base.errors import MISSING
from ..._grid.points import Points
from ..patterns.build import Build
from ..patterns.kinds import kind, method, refuse_geometry, refuse_words
from ..sweep import Sweep
from .options import SIDES, derivative_options, mixed_options
from .second import add_mixed


@method
def derivative(
    grid: Points, axis: int = MISSING, order: int = 1, accuracy: int | None = None, side: str | None = None, **others: Never
) -> Sweep:  # fmt: skip
    """The derivative of order 1 to 4 along one axis of the grid.

    Parameters
    ----------
    axis : int
        The axis of the grid.
    order : 1, 2, 3 or 4
        How many times it is differentiated.
    accuracy : None, 2, 4 or 6
        None is the narrowest stencil, of three points, or five for orders 3 and 4; 2, 4 and 6 are the
        order of accuracy at every point of every grid, ends included. The narrowest stencils of orders 2 and 4 are
        second order accurate where steps vary smoothly, and first order on an irregular grid.
    side : None, "left" or "right"
        ``"left"`` is the backward difference, with the point before, of lower index, and ``"right"`` the
        forward one; with `accuracy` 2 they read two such points. At one-sided ends, and at an end point whose value
        is prescribed, they read the points inside instead; across mirrored and periodic ends they continue, and
        they use the value, slope or Robin condition of a wall.

    Returns
    -------
    Operator

    Notes
    -----
    Products of derivatives, ``A @ B``, lose accuracy at one-sided ends: with an outer derivative of order m and
    accuracy p, and an inner one of accuracy q, the smaller of p and ``q - m`` is left there.
    """
    if others or axis is MISSING:
        refuse_words("derivative", others, axis=axis)
    return _derivative.on(grid, (grid.clean_axis(axis),), order, accuracy, side)


@kind(derivative_options, geometry=True)
def _derivative(grid: Points, axis: int, order: int, accuracy: int | None, side: str | None) -> Sweep:
    """``d_a f``, ``d_a d_a f`` or a higher derivative along one axis of the grid."""
    options = [
        f", {word}={value!r}" for word, value in (("accuracy", accuracy), ("side", side)) if value is not None
    ]
    build = Build(grid)
    if order == 1 and side is None:
        build.add_slope(0, 0, axis, accuracy)
    else:
        refuse_geometry(grid, "a derivative of higher order, or to one side,")
        build.add(0, 0, axis, grid.axis_objects[axis].along(order, accuracy, side=SIDES[side]))
    return Sweep.built(build, f"derivative({axis}, order={order}{''.join(options)})")


@method
def mixed_derivative(
    grid: Points, axis: int = MISSING, other: int = MISSING, orders: Sequence[int] = (1, 1), accuracy: int | None = None, **others: Never
) -> Sweep:  # fmt: skip
    """``d_a d_b`` for two different axes of the grid, the product of their derivatives, in one pass.

    Derivatives along more axes are products, ``grid.derivative(2) @ grid.mixed_derivative(0, 1)``, which along
    different axes lose no order.

    Parameters
    ----------
    axis, other : int
        Two axes of the grid.
    orders : pair of 1, 2, 3 or 4
        Those along both: ``mixed_derivative(0, 1, orders=(2, 1))`` is ``d_0 d_0 d_1``.
    accuracy : None, 2, 4 or 6
        As in `derivative`, whose stencils these are.

    Returns
    -------
    Operator
    """
    if others or axis is MISSING or other is MISSING:
        refuse_words("mixed_derivative", others, axis=axis, other=other)
    return _mixed_derivative.on(grid, clean_axis((axis, other), grid.ndim), orders, accuracy)


@kind(mixed_options)
def _mixed_derivative(grid: Points, a: int, b: int, orders: tuple[int, int], accuracy: int | None) -> Sweep:
    """``d_a d_b f`` for two different axes of the grid, or of higher orders along them."""
    build = Build(grid)
    add_mixed(build, 0, a, b, orders, accuracy)
    options = ("" if orders == (1, 1) else f", orders={orders}") + (
        "" if accuracy is None else f", accuracy={accuracy}"
    )
    return Sweep.built(build, f"mixed_derivative({a}, {b}{options})")
