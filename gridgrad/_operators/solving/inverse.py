"""What solves: a linear map on arrays of numbers, with its transpose, what singular operators leave open, and maps along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ..._backends.products import Products
from ..._base.errors import ArgumentValueError
from ..._base.types import Array

PIECE = 16  # numbers of a few cache lines
ROUNDING = 64 * np.finfo(np.float64).eps  # of sums, relative to the sizes of what is added


class Inverse:
    """``b -> u`` with ``A u = b`` on fields, vector fields stacked along axis 0; float64 or complex128.

    Points that are held have no row and no column: there `u` is 0.
    """

    described = ""
    takes_batches = True  # also with one more axis in front
    is_exact = True  # whether it is that of the operator, or of one near to it; see `Refined`

    def __call__(self, b: Array) -> Array:
        """Solve."""
        raise NotImplementedError

    def transposed(self) -> Inverse:
        """The map of the transposed operator, for derivatives."""
        raise NotImplementedError

    def rounded(self, rounding: float) -> Inverse:
        """The map of right-hand sides that are rounded so, of whose mean no more is known."""
        return self

    def products(self) -> Products | None:
        """The map as products of matrices, for devices; None of factors and iterations."""
        return None


class Constants(NamedTuple):
    """Of an operator that makes 0 of constants, and only of those: the weights with which all it makes has mean 0.

    ``w^T A = 0`` and ``A 1 = 0``, so that ``A u = b`` has solutions where ``mean(b) = 0``, and of these one with ``mean(u) = 0``.
    """

    widths: tuple[Array, ...]  # of each axis, whose product are the weights
    norm: float  # of the operator, in the largest norm
    rounding: float = ROUNDING  # of right-hand sides
    has_gaps: bool = False

    def mean(self, f: Array, axes: tuple[int, ...]) -> Array:
        """The weighted mean along these axes, which stay with length 1."""
        for axis, width in zip(axes, self.widths, strict=True):
            shape = [1] * f.ndim
            shape[axis] = len(width)
            f = (f * (width / width.sum()).reshape(shape)).sum(axis=axis, keepdims=True)
        return f

    def check(self, b: Array, mean: Array, u: Array, axes: tuple[int, ...]) -> None:
        """Refuse a right-hand side without a solution: its mean is more than what rounds in ``A u``."""
        self.refuse(mean, *(abs(x).max(axis=axes, keepdims=True) for x in (b, u)))

    def refuse(self, mean: Array, *sizes: Array) -> None:
        """The same by the largest sizes of b and of u."""
        with np.errstate(invalid="ignore"):
            excess = abs(mean) > self.rounding * (sizes[0] + self.norm * sizes[1])
        if not excess.any():
            return
        worst = np.unravel_index(np.argmax(np.where(excess, abs(mean), 0)), mean.shape)
        own = "(grid.measure * b).sum(grid.axes, keepdims=True) / grid.measure.sum()"
        if self.has_gaps:
            own = "numpy.nansum(H * b, grid.axes, keepdims=True) / H.sum() of H = numpy.where(inside, grid.measure, 0.0)"
        raise ArgumentValueError(
            f"b has no solution: the operator makes 0 of constants, and all that it makes has mean 0, but b has mean {mean[worst]:.6g} "
            f"(its largest value is {sizes[0][worst]:.6g}), weighted with grid.measure; subtract it, b - {own}, or prescribe a value at a wall"
        )


def singular(
    why: str, order: int = 2, has_walls: bool = True, is_product: bool = False
) -> ArgumentValueError:
    """For operators that have no inverse: of the order that they have along an axis, or products, on grids that take walls or not."""
    walls = "prescribe a value at a wall, boundary=gridgrad.value(0.0), or "
    if order == 3:
        walls = (
            "a derivative of order 3 asks for three conditions, two of them at one end, boundary=[(gridgrad.clamped(), gridgrad.value(0.0))]; "
            "prescribe these, or "
        )
    elif order > 3:
        walls = (
            f"derivatives of order {order} ask for more than a value at walls: prescribe both conditions of plates, "
            "boundary=gridgrad.clamped() or gridgrad.supported(), or "
        )
    of_faces = (
        "; where it is the divergence of a gradient, whose central differences do not see values that alternate from point to point, take grid.laplacian, or "
        "faces.divergence @ faces.gradient with faces = grid.faces()"
    )
    return ArgumentValueError(
        f"the operator is singular: {why}; {walls if has_walls else ''}add a multiple of grid.identity{of_faces if has_walls and is_product else ''}"
    )


def at(axis: int, index: slice | list[int]) -> tuple[slice | list[int], ...]:
    """The index of some points of an axis, counted from the front."""
    return (slice(None),) * axis + (index,)


def along(x: Array, weights: Array, axis: int) -> Array:
    """Samples times weights of an axis."""
    shape = [1] * x.ndim
    shape[axis] = len(weights)
    result: Array = x * weights.reshape(shape)
    return result


def lined(transform: Callable[..., Array], x: Array, axis: int, is_own: bool = False) -> Array:
    """A transform along the last axis, along another one, whose points are first brought side by side.

    A transform of points far apart takes up to six times as long, where the lengths are powers of 2. What was made here,
    or `is_own`, is written over.
    """
    is_last = axis == x.ndim - 1
    far = x if is_last else np.moveaxis(x, axis, -1)
    near = side_by_side(far)
    result = transform(near, overwrite_x=is_own or near is not far)
    return result if is_last else np.moveaxis(result, -1, axis)


def side_by_side(x: Array) -> Array:
    """With the points of the last axis next to each other in memory; in pieces that the nearest cache holds."""
    if x.strides[-1] == x.itemsize or x.size < PIECE**2:
        return x
    made = np.empty(x.shape, x.dtype)
    for k in range(0, x.shape[-1], PIECE):
        made[..., k : k + PIECE] = x[..., k : k + PIECE]
    return made


def times(matrix: Array, x: Array, axis: int) -> Array:
    """A matrix applied along an axis."""
    if axis == x.ndim - 1:
        last: Array = x @ matrix.T
        return last
    shape = x.shape
    flat = np.ascontiguousarray(x).reshape(
        int(np.prod(shape[:axis])), shape[axis], int(np.prod(shape[axis + 1 :]))
    )
    result: Array = np.matmul(matrix, flat).reshape(*shape[:axis], len(matrix), *shape[axis + 1 :])
    return result
