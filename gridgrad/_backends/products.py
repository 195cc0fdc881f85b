"""A linear map as products of matrices along axes: what a device does in the place of transforms, of which it has not all kinds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import EllipsisType
from typing import NamedTuple

import numpy as np

from .._base.types import Array, Shape
from .operations import Operations, dtype_name


class Means(NamedTuple):
    """Where the weighted mean of what goes in must be 0: the weights of each axis, and what refuses another one.

    That is given the mean, and the largest sizes of what goes in and of what comes out.
    """

    weights: tuple[Array, ...]
    refuse: Callable[[Array, Array, Array], None]


class Products:
    """``after (factors * (before f))`` with a matrix for each axis, at the points `inside` of these; 0 elsewhere."""

    def __init__(
        self, axes: Callable[[Shape], tuple[int, ...]], inside: Sequence[slice], before: Sequence[Array],
        after: Sequence[Array], factors: Array, means: Means | None,
    ) -> None:  # fmt: skip
        self.axes, self.means = axes, means
        self.inside: tuple[EllipsisType | slice, ...] = (..., *inside)
        rows = () if means is None else [weights[None] for weights in means.weights]
        self._numbers = [factors, *before, *after, *rows]
        self._placed: dict[int, list[Array]] = {}  # the same on devices

    def on(self, place: int, xp: Operations, get: Callable[[Array], Array], f: Array) -> Array:
        """The map of an array on a device; real of a real array."""
        if place not in self._placed:
            self._placed[place] = [xp.weights(np.ascontiguousarray(m), m.dtype, f) for m in self._numbers]
        factors, *matrices = self._placed[place]
        axes, last = self.axes(tuple(f.shape)), tuple(range(-factors.ndim, 0))
        before, after, rows = (matrices[k * len(axes) : (k + 1) * len(axes)] for k in range(3))
        moved = xp.moveaxis(f, axes, last)
        b = moved[self.inside]
        u = _along(xp, after, _along(xp, before, b) * factors)
        if "complex" in dtype_name(u) and "complex" not in dtype_name(f):
            u = xp.real(u)
        if self.means is not None:
            sizes = [xp.max(xp.abs(x), axis=last, keepdims=True) for x in (b, u)]
            self.means.refuse(*[get(x) for x in (_along(xp, rows, b), *sizes)])
        whole = xp.zeros_like(moved, dtype=u.dtype)
        whole[self.inside] = u
        return xp.moveaxis(whole, last, axes)


def _along(xp: Operations, matrices: Sequence[Array], x: Array) -> Array:
    """Each matrix along one of the last axes."""
    for k, matrix in enumerate(matrices):
        axis = k - len(matrices)
        x = xp.moveaxis(xp.matmul(xp.moveaxis(x, axis, -1), matrix.T), -1, axis)
    return x
