"""Fields of a grid as flat arrays, and values put at some of their points, in any library."""

from __future__ import annotations

from copy import copy
from math import prod

import numpy as np

from ...._backends.numpy.gaps.points import place, served
from ...._backends.operations import Operations
from ...._base.errors import ArgumentValueError
from ...._base.types import Array, Shape
from ...._grid.masks.mask import Mask
from ...._grid.points import Points

_NONE = np.zeros(0, np.int32)


class Flat:
    """How fields of one shape are flat: batch axes in front, then the points in the order of the grid's shape."""

    turned: Shape
    flat: tuple[int, int]

    def __init__(self, grid: Points, shape: Shape) -> None:
        axes = grid.axes_of(shape)
        of_grid = sorted(axes, key=lambda axis: grid.places[axes.index(axis)])
        batch = [axis for axis in range(len(shape)) if axis not in axes]
        self.order = (*batch, *of_grid)
        assert grid.mask is not None
        own = grid.mask.shape  # which may have batch axes
        self.batch = len(shape) - len(own)
        self._take(shape)
        if self.batch < 0 or self.turned[self.batch :] != own:
            raise ArgumentValueError(
                f"the field has shape {tuple(shape)}, but the grid's mask has shape {own}, with batch axes; give fields that have these"
            )
        # numbers, where an exporter knows the lengths of the grid as symbols
        self.turned = (*self.turned[: self.batch], *own)
        self.flat = (self.flat[0], prod(own))
        self.back = tuple(self.order.index(axis) for axis in range(len(shape)))
        self.is_plain = self.order == tuple(range(len(shape)))

    def _take(self, shape: Shape) -> None:
        self.shape = shape
        self.turned = tuple(shape[axis] for axis in self.order)
        self.flat = (prod(self.turned[: self.batch]), prod(self.turned[self.batch :]))

    def sized(self, shape: Shape) -> Flat:
        """The same of a block of the fields, of that shape."""
        made = copy(self)
        made._take(shape)
        return made

    def of(self, xp: Operations, f: Array) -> Array:
        """A field as a flat array, where it can a view."""
        turned = f if self.is_plain else xp.permute_dims(f, self.order)
        made: Array = xp.reshape(turned, self.flat)
        return made

    def field(self, xp: Operations, flat: Array) -> Array:
        """The field of a flat array."""
        turned = xp.reshape(flat, self.turned)
        made: Array = turned if self.is_plain else xp.permute_dims(turned, self.back)
        return made

    def fill(self, f: Array, mask: Mask, fill: float, at_points: tuple[Array, Array] | None = None) -> None:
        """Write a number into a NumPy field where a mask has gaps, and values at some points."""
        points, values = (_NONE, None) if at_points is None else at_points
        turned = f if self.is_plain else f.transpose(self.order)
        if turned.flags.c_contiguous:
            whole = turned.reshape(self.flat)
            if served([whole]) and (values is None or values.dtype == f.dtype):
                place(whole, points, values, mask.gaps, fill)
                return
        np.copyto(turned, fill, where=~mask.inside)
        if values is not None:
            spots = (slice(None),) * self.batch + np.unravel_index(points, self.turned[self.batch :])
            turned[spots] = values.reshape(*self.turned[: self.batch], len(points))

    def spread(self, of_grid: Array) -> Array:
        """An array of the mask's shape as one that broadcasts to the fields."""
        return of_grid[(None,) * self.batch].transpose(self.back)


def placed(
    xp: Operations, flat: Flat, base: Array, at_points: tuple[Array, Array] | None, outside: Array, fill: float, added: bool = False
) -> Array:  # fmt: skip
    """A new field: `base`, but for values at some points (or these added there), and a number at others.

    By one gather from all of it, which every library has and differentiates; what is added to NumPy's is written there.
    """
    points, values = (_NONE, None) if at_points is None else at_points
    if added and type(base) is np.ndarray:
        if values is not None:
            turned = base if flat.is_plain else base.transpose(flat.order)
            spots = (slice(None),) * flat.batch + np.unravel_index(points, flat.turned[flat.batch :])
            turned[spots] += values.reshape(*flat.turned[: flat.batch], len(points))
        return base
    whole = flat.of(xp, base)
    columns, index = [whole], np.arange(flat.flat[1])
    if values is not None and len(points):
        own = xp.take(whole, xp.weights(points, None, base), axis=-1) + values if added else values
        index[points] = flat.flat[1] + np.arange(len(points))
        columns.append(own)
    if len(outside):
        index[outside] = sum(column.shape[-1] for column in columns)
        columns.append(xp.full_like(whole[:, :1], fill))
    if len(columns) == 1:
        return base
    gathered = xp.take(xp.concat(columns, axis=-1), xp.weights(index, None, base), axis=-1)
    return flat.field(xp, gathered)


class Flats:
    """How fields on a grid with gaps are flat: by their shapes, of which some are kept."""

    def __init__(self, grid: Points) -> None:
        self.grid = grid
        self._flats: dict[Shape, Flat] = {}

    def known(self, shape: Shape) -> Flat | None:
        """That of a shape, if it was asked for before: then the shape fits."""
        return self._flats.get(shape)

    def flat(self, shape: Shape) -> Flat:
        """That of a shape."""
        if shape not in self._flats:
            if len(self._flats) >= 64:
                self._flats.clear()
            self._flats[shape] = Flat(self.grid, shape)
        return self._flats[shape]
