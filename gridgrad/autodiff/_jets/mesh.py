"""The coordinates of a function: axes of a grid, points, or one point; and the tiles they are cut into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import cast

import numpy as np

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array, Shape
from ..._wraps.units import require_numbers

TILE = 3 << 14  # elements at most: a few arrays of them stay in the second-level cache
Tile = tuple[slice, ...]
Arrays = tuple[Array, ...]
Clean = Callable[[object, int], Array]  # makes an array of an engine of coordinate k


@dataclass(frozen=True, slots=True)
class Mesh:
    """Coordinates that broadcast to `shape`; each has as many axes as the mesh, open where it is constant.

    `given` are the caller's own coordinates (cleaned), `places` the axis of each that is an axis of a grid.
    """

    coords: Arrays
    shape: tuple[int, ...]
    given: Arrays
    places: tuple[int | None, ...]

    @property
    def holomorphic(self) -> bool:
        """Whether a coordinate is complex."""
        return any("complex" in str(c.dtype) for c in self.coords)

    def narrowed(self) -> Mesh:
        """The same points with every axis open along which a coordinate repeats itself, as numpy.meshgrid's do."""
        return replace(self, coords=tuple(map(_narrowed, self.coords)))

    def fitted(self, a: Array, k: int) -> Array:
        """An array shaped as coordinate k was given (or as the mesh), with the axes of the mesh."""
        shape, place = tuple(a.shape), self.places[k]
        if shape == tuple(self.given[k].shape) and place is not None:
            return a.reshape(self.coords[k].shape)
        if not fits(shape, self.shape):
            raise ArgumentValueError(
                f"the direction of coordinate {k} has shape {shape}; give a number, the shape of the coordinate "
                f"{tuple(self.given[k].shape)}, or one that broadcasts to the mesh {self.shape}"
            )
        return a.reshape((1,) * (len(self.shape) - len(shape)) + shape)


def mesh_of(coords: tuple[object, ...], clean: Clean, points: bool = False) -> Mesh:
    """The mesh of a call; `clean` turns one coordinate into an array of the engine."""
    if not coords:
        raise ArgumentTypeError(
            "a function needs coordinates to be differentiated at: gradient(f, x, y), one for each of its arguments"
        )
    refuse_nested(coords)
    _refuse_grid(coords)
    require_numbers(*coords)
    given = tuple(clean(c, k) for k, c in enumerate(coords))
    if points or any(c.ndim > 1 for c in given):
        places: tuple[int | None, ...] = (None,) * len(given)
    else:
        counter = iter(range(len(given)))
        places = tuple(next(counter) if c.ndim else None for c in given)
    axes = [int(given[k].shape[0]) for k, place in enumerate(places) if place is not None]
    try:
        shape = tuple(axes) if axes else np.broadcast_shapes(*(tuple(c.shape) for c in given))
    except ValueError:
        raise ArgumentValueError(
            f"coordinates of shapes {', '.join(str(tuple(c.shape)) for c in given)} do not broadcast; give 1-D axes of a grid, "
            "or arrays of points that broadcast"
        ) from None
    return Mesh(
        tuple(_opened(c, place, len(shape)) for c, place in zip(given, places, strict=True)),
        shape,
        given,
        places,
    )


def fits(shape: Shape, mesh: Shape) -> bool:
    """Whether a shape broadcasts to that of a mesh."""
    try:
        return np.broadcast_shapes(shape, mesh) == mesh
    except ValueError:
        return False


def refuse_nested(coords: tuple[object, ...]) -> None:
    """The error for a derivative that is asked for inside of a function that is being differentiated."""
    if "Jet" in {type(c).__name__ for c in coords}:
        raise ArgumentTypeError(
            "derivatives are not nested: for higher ones use partial(f, order=...), or derivative(f, *coords, orders=(...))"
        )


def _refuse_grid(coords: tuple[object, ...]) -> None:
    for k, c in enumerate(coords):
        if hasattr(c, "coordinates"):
            raise ArgumentTypeError(
                f"coordinate {k} is a {type(c).__name__}; give its coordinates one by one, gradient(f, *grid.coordinates)"
            )


def _opened(c: Array, place: int | None, ndim: int) -> Array:
    """A coordinate with the axes of the mesh, of length 1 where it is constant."""
    if place is None:
        return c.reshape((1,) * (ndim - c.ndim) + tuple(c.shape))
    return c.reshape((1,) * place + (-1,) + (1,) * (ndim - place - 1))


def _narrowed(c: Array) -> Array:
    """Looking costs one reading, and what depends on one coordinate only is then computed on one axis."""
    if c.size <= TILE or c.dtype.kind != "f" or c.dtype.itemsize > 8:
        return c
    for axis in range(c.ndim):
        first = c[(slice(None),) * axis + (slice(0, 1),)]
        if c.shape[axis] > 1 and (c.strides[axis] == 0 or _repeats(c, first, axis)):
            c = first
    return c


def _repeats(c: Array, first: Array, axis: int) -> bool:
    """Whether all slices have the bits of the first (-0 is not 0 in 1/x), block by block."""
    bits, wanted = (a.view(f"i{c.dtype.itemsize}") for a in (c, first))
    rows = max(1, (TILE << 3) * len(c) // c.size)
    return all(
        bool(np.all(bits[k : k + rows] == (wanted if axis == 0 else wanted[k : k + rows])))
        for k in range(0, len(c), rows)
    )


def clean_numpy(c: object, k: int) -> Array:
    """One coordinate as a floating or complex NumPy (or CuPy) array; integers become float64."""
    cupy = type(c).__module__.startswith("cupy")
    if isinstance(c, np.ndarray) and type(c) not in (np.ndarray, np.memmap):
        raise ArgumentTypeError(
            f"coordinate {k} is a {type(c).__qualname__}, whose meaning a plain result would lose; give numpy.asarray(coordinate)"
        )
    if not cupy and not isinstance(
        c, (np.ndarray, np.generic, list, tuple, range, int, float, complex, memoryview)
    ):
        what = "None" if c is None else f"a {type(c).__qualname__}"
        raise ArgumentTypeError(
            f"coordinate {k} is {what}; give a number, a 1-D array (an axis of the grid) or an array of points, as numpy.asarray gives it"
        )
    if type(c) is tuple and [type(e) for e in c] == [int, float] and c[0] > 1:
        raise ArgumentTypeError(
            f"coordinate {k} is {c!r}, which for a Grid is an axis of {c[0]} points in steps of {c[1]}: give "
            f"numpy.arange({c[0]}) * {c[1]} for that, or a list for two coordinates, {list(c)!r}"
        )
    try:
        a = cast(Array, c) if cupy else np.asarray(c)
    except ValueError as error:
        raise ArgumentValueError(f"coordinate {k} is not a regular array: {error}") from None
    if a.dtype.kind in "iu":
        return a.astype(np.float64)
    if a.dtype.kind not in "fc":
        raise ArgumentTypeError(
            f"coordinate {k} has dtype {a.dtype}; give real or complex numbers, for example x.astype(float)"
        )
    return a if a.dtype.isnative else a.astype(a.dtype.newbyteorder("="))


def tiles(shape: tuple[int, ...], elements: int) -> Iterator[Tile]:
    """Blocks of about `elements` points, long along the last axes."""
    steps, room = [], max(1, elements)
    for length in reversed(shape):
        step = max(1, min(length, room))
        steps.append(step)
        room //= max(step, 1)
    ranges = [
        [slice(a, min(a + step, n)) for a in range(0, n, step)]
        for n, step in zip(shape, reversed(steps), strict=True)
    ]
    return product(*ranges)


def cut(a: Array, tile: Tile) -> Array:
    """The part of an array that belongs to a tile; open axes stay."""
    return a[tuple(slice(None) if n == 1 else part for n, part in zip(a.shape, tile, strict=True))]
