"""Derivatives of functions times vectors: along a direction, and their transposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Unpack, cast

import numpy as np

from .._base.errors import ArgumentTypeError, ArgumentValueError, counted
from .._base.types import Array, Value
from ._evaluate import Directions, expand
from ._exact import _bare, _one_for_out, documented, one
from ._jets.algebra import units
from ._jets.mesh import Mesh
from ._jets.run import Direction, along_axes
from ._typed import AlongVector, Function, Options, Valued


def _coordinates(coords: object) -> tuple[Array, ...]:
    return tuple(coords) if isinstance(coords, (tuple, list)) else (cast(Array, coords),)


def _vector(v: object, count: int, name: str, noun: str = "coordinate") -> tuple[Array, ...]:
    vector: tuple[Array, ...] = _coordinates(v)
    if len(vector) != count:
        raise ArgumentValueError(
            f"{name} has {counted(len(vector), 'entry').replace('entrys', 'entries')} for {counted(count, noun)}; "
            "give a tuple with a number or an array for each"
        )
    return vector


def _rates(v: tuple[object, ...], mesh: Mesh, clean: Callable[[object], Array]) -> Direction:
    rates: list[Value | None] = []
    for k, entry in enumerate(v):
        if entry is None or (isinstance(entry, (int, float)) and entry == 0):
            rates.append(None)
        elif isinstance(entry, (int, float)):
            rates.append(float(entry))
        else:
            rates.append(mesh.fitted(clean(entry), k))
    return tuple(rates)


def _along(v: tuple[Array, ...]) -> Directions:
    return lambda mesh, clean: (_rates(v, mesh, clean),)


@documented[Valued]()
def jvp(function: Function, coords: object, tangents: object, **options: Unpack[Options]) -> object:
    """Value, and the derivative along tangents: ``sum_i df/dx_i v_i`` in one pass.

    Parameters
    ----------
    function : callable
        As in `gradient`; it may return several outputs.
    coords : tuple of arrays or numbers
        As in `gradient`.
    tangents : tuple of arrays or numbers
        One for each coordinate: a number, the coordinate's shape, or what broadcasts to the mesh.
    {keywords}

    Returns
    -------
    value, tangent : arrays, or tuples of arrays for several outputs

    Examples
    --------
    >>> from gridgrad import autodiff
    >>> value, tangent = autodiff.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    >>> float(value), float(tangent)
    (6.0, 23.0)
    """
    given = _coordinates(coords)
    v = _vector(tangents, len(given), "tangents")
    single = _one_for_out(options.get("out"))
    result, _ = expand(function, given, ((0,), (1,)), directions=_along(v), combine=single, **options)
    values, along = zip(*result.parts, strict=True)
    return (values[0], along[0]) if result.single else (tuple(values), tuple(along))


@documented[AlongVector]()
def directional(function: Function, coords: object, v: object, **options: Unpack[Options]) -> object:
    """Derivative along a direction that is not normalised: ``sum_i v_i df/dx_i``.

    Parameters
    ----------
    function, coords :
        As in `jvp`.
    v : tuple of arrays or numbers
        The direction.
    {keywords}

    Returns
    -------
    array, or tuple of arrays for several outputs

    Examples
    --------
    >>> from gridgrad import autodiff
    >>> float(autodiff.directional(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0)))
    23.0
    """
    given = _coordinates(coords)
    along, single = _along(_vector(v, len(given), "v")), _one_for_out(options.get("out"))
    result, _ = expand(function, given, ((1,),), directions=along, combine=single, **options)
    return result.parts[0][0] if result.single else tuple(row[0] for row in result.parts)


@documented[AlongVector]()
def hvp(function: Function, coords: object, v: object, **options: Unpack[Options]) -> object:
    """The Hessian times a vector: ``sum_j d2f/dx_i dx_j v_j``, without the Hessian.

    Parameters
    ----------
    function, coords, v :
        As in `directional`; the function has one output.
    {keywords}

    Returns
    -------
    array or tuple of arrays
        One for each coordinate.

    Examples
    --------
    >>> from gridgrad import autodiff
    >>> [float(a) for a in autodiff.hvp(lambda x, y: x**2 * y, (3.0, 5.0), (1.0, 1.0))]
    [16.0, 6.0]
    """
    given = _coordinates(coords)
    count = len(given)
    vector = _vector(v, count, "v")

    def directions(mesh: Mesh, clean: Callable[[object], Array]) -> tuple[Direction, ...]:
        return (*along_axes(count), _rates(vector, mesh, clean))

    wanted = tuple((*m, 1) for m in units(count))
    result, _ = expand(
        function, given, wanted, directions=directions, combine=partial(one, name="hvp"), **options
    )
    return _bare(result.parts[0])


@documented[Valued]()
def vjp(function: Function, coords: object, cotangents: object, **options: Unpack[Options]) -> object:
    """Value, and the transposed derivative: for each coordinate the sum of ``w df/dx_i``.

    The sum runs over the outputs, and over the axes of the mesh on which the coordinate is constant:
    what a loss with the slopes `w` tells about the coordinates. It is linear in w (not conjugated).

    Parameters
    ----------
    function, coords :
        As in `jvp`.
    cotangents : array or number, or a tuple with one for each output
        The weights w; what broadcasts to the mesh.
    {keywords}

    Returns
    -------
    value : array, or tuple of arrays
    products : array or tuple of arrays
        One for each coordinate, of its shape.

    Examples
    --------
    >>> from gridgrad import autodiff
    >>> value, (of_t, of_k) = autodiff.vjp(lambda t, k: t * k + 2 * t * k**2, ([1.0, 2.0], [2.0, 3.0]), 1.0)
    >>> of_k
    array([27., 39.])
    """
    given = _coordinates(coords)
    wanted = ((0,) * len(given), *units(len(given)))
    if options.get("out") is not None:
        raise ArgumentTypeError("vjp takes no out=: its results have the shapes of the coordinates")
    result, mesh = expand(function, given, wanted, **options)
    weights: tuple[Array, ...] = (cast(Array, cotangents),)
    if not result.single:
        weights = _vector(cotangents, len(result.parts), "cotangents", "output")
    products = []
    for k in range(len(given)):
        terms = [row[k + 1] * w for row, w in zip(result.parts, weights, strict=True)]
        products.append(_folded(sum(terms[1:], start=terms[0]), mesh, k))
    values = tuple(row[0] for row in result.parts)
    return values[0] if result.single else values, _bare(products)


def _folded(a: Array, mesh: Mesh, k: int) -> Array:
    """Sum over the axes on which coordinate k is constant, in its own shape."""
    if tuple(a.shape) != mesh.shape:
        raise ArgumentValueError(f"a cotangent broadcasts to {tuple(a.shape)}, not to the mesh {mesh.shape}")
    open_axes: Sequence[int] = [
        axis for axis, n in enumerate(mesh.coords[k].shape) if n == 1 and mesh.shape[axis] != 1
    ]
    if open_axes:
        a = a.sum(tuple(open_axes))
    return a.reshape(tuple(mesh.given[k].shape)) if np.ndim(mesh.given[k]) else a.reshape(())[()]
