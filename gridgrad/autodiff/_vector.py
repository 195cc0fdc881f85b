"""Laplacian, divergence and curl of functions: sums that are formed tile by tile."""

from __future__ import annotations

from typing import Unpack

from .._base.errors import ArgumentValueError, counted
from .._base.types import Array
from ._evaluate import expand
from ._exact import documented, one
from ._jets.algebra import units
from ._typed import Function, OfAll, OfTwoOrThree, Options

Parts = list[list[Array | None]]  # None being 0


def _total(terms: list[Array | None]) -> Array | None:
    """Sum of arrays, None being 0."""
    present = [a for a in terms if a is not None]
    return sum(present[1:], start=present[0]) if present else None


def _difference(a: Array | None, b: Array | None) -> Array | None:
    if b is None or a is None:
        return a if b is None else -b
    difference: Array = a - b
    return difference


@documented[OfAll]()
def laplacian(function: Function, *coords: Array, **options: Unpack[Options]) -> object:
    """Sum of the exact second derivatives ``d2f/dx_i2``; mixed ones are not computed.

    Parameters
    ----------
    {shared}

    Returns
    -------
    array, shape of the mesh
        Units [f]/[x]^2.

    Examples
    --------
    >>> from gridgrad import autodiff
    >>> float(autodiff.laplacian(lambda x, y: x**3 + y**2, 2.0, 1.0))
    14.0
    """
    wanted = tuple(tuple(2 * e for e in m) for m in units(len(coords)))

    def combine(parts: Parts) -> Parts:
        return [[_total(one(parts, "laplacian", "derivative")[0])]]

    return expand(function, coords, wanted, combine=combine, **options)[0].parts[0][0]


@documented[OfAll]()
def divergence(function: Function, *coords: Array, **options: Unpack[Options]) -> object:
    """Sum of ``dF_i/dx_i`` of a function with one output for each coordinate.

    Parameters
    ----------
    {shared}

    Returns
    -------
    array, shape of the mesh
        Units [F]/[x].

    Examples
    --------
    >>> from gridgrad import autodiff
    >>> float(autodiff.divergence(lambda x, y: (x * y, y**2), 2.0, 3.0))
    9.0
    """

    def combine(parts: Parts) -> Parts:
        _check_components(len(parts), len(coords), "divergence")
        return [[_total([row[i] for i, row in enumerate(parts)])]]

    return expand(function, coords, units(len(coords)), combine=combine, **options)[0].parts[0][0]


@documented[OfTwoOrThree]()
def curl(function: Function, *coords: Array, **options: Unpack[Options]) -> object:
    """Curl of a function with 2 or 3 outputs of as many coordinates.

    Parameters
    ----------
    {shared}

    Returns
    -------
    array, or tuple of 3 arrays
        ``dF_1/dx_0 - dF_0/dx_1`` in two dimensions; in three the usual vector. Units [F]/[x].

    Examples
    --------
    >>> from gridgrad import autodiff
    >>> float(autodiff.curl(lambda x, y: (-y, x), 2.0, 3.0))
    2.0
    """
    if len(coords) not in (2, 3):
        raise ArgumentValueError(
            f"curl needs 2 or 3 coordinates, got {len(coords)}; other derivatives come from jacobian"
        )

    def combine(parts: Parts) -> Parts:
        _check_components(len(parts), len(coords), "curl")
        if len(coords) == 2:
            return [[_difference(parts[1][0], parts[0][1])]]
        return [[_difference(parts[b][a], parts[a][b]) for a, b in ((1, 2), (2, 0), (0, 1))]]

    row = expand(function, coords, units(len(coords)), combine=combine, **options)[0].parts[0]
    return row[0] if len(coords) == 2 else tuple(row)


def _check_components(found: int, needed: int, name: str) -> None:
    if found != needed:
        raise ArgumentValueError(
            f"the function returned {counted(found, 'output')} for {counted(needed, 'coordinate')}; "
            f"{name} needs one for each"
        )
