"""Anisotropic diffusion: a symmetric tensor at the points, whose fluxes leave one cell and come to others."""

from __future__ import annotations

from typing import cast

import numpy as np

from ..._base.errors import ArgumentValueError
from ..._base.types import Array, Out, Scalar, Vector
from ..._grid.axis import Along
from ..._grid.boundary import spelled
from ..._grid.points import Points
from ..._stencils.ends import closed
from ..._stencils.stencil import CENTRAL, Stencil, in_one_piece, no_rows
from ..fields.coefficients import Argument, Coefficients, Numbers, diffusivity
from ..fields.forms import in_sequence
from ..operator import Operator
from ..patterns.build import Build, weighed
from ..patterns.kinds import Kind, kind
from ..sweep import Sweep

Entry = tuple[int, int]


def diffuse_tensor(grid: Points, k: object) -> Operator[Scalar, Scalar]:
    """``sum d_a (k_ab d_b f)``: the diagonal through faces, all else by slopes that are means over cells."""
    _check(grid)
    entries = _entries(k, grid.ndim)
    beside = [
        (a, b) for a in range(grid.ndim) for b in range(grid.ndim) if a != b and not _is_zero(entries[a][b])
    ]
    diagonal = [(a, a) for a in range(grid.ndim)]
    operator = _made(grid, _diagonal, diagonal, entries)
    if not beside:
        return operator
    fluxes = _made(grid, _fluxes, beside, entries)
    return operator.plus(grid.kept(_divergence, tuple({a: None for a, _ in beside})).composed(fluxes))


def _made(
    grid: Points, make: Kind[Sweep[Scalar, Out]], places: list[Entry], entries: list[list[object]]
) -> Sweep[Scalar, Out]:
    """The operator of these entries, of which the grid keeps what does not depend on fields."""
    given = [diffusivity(entries[a][b]) for a, b in places]
    numbers = tuple(number for number, _ in given)
    fields: Coefficients = tuple(field for _, own in given for field in own)
    return make.on(grid, (tuple(places), numbers)).with_first(fields)


def _arguments(places: tuple[Entry, ...], numbers: Numbers) -> tuple[Argument, ...]:
    named = zip(places, numbers, strict=True)
    return tuple(Argument(f"k[{a}][{b}]", (number,), False) for (a, b), number in named)


@kind(is_flux=True)
def _diagonal(grid: Points, places: tuple[Entry, ...], numbers: Numbers) -> Sweep[Scalar, Scalar]:
    """``sum_a d_a (k_aa d_a f)``."""
    build = Build(grid, arguments=_arguments(places, numbers))
    for a in range(grid.ndim):
        change, face = weighed(numbers, a)
        build.add(0, 0, a, grid.axis_objects[a].along(2, change=closed), change, faces=face)
    return Sweep.built(build, "diffuse (tensor)")


@kind(is_flux=True)
def _fluxes(grid: Points, places: tuple[Entry, ...], numbers: Numbers) -> Sweep[Scalar, Vector]:
    """``sum_b k_ab d_b f`` of the axes a that have such entries beside the diagonal."""
    build = Build(grid, arguments=_arguments(places, numbers))
    rows = list({a: None for a, _ in places})
    for n, (a, b) in enumerate(places):
        change, outer = weighed(numbers, n)
        build.add(rows.index(a), 0, b, Along(grid.kept(_slope, b)), change, outer=outer)
    return Sweep.built(build, "fluxes (tensor)", (len(rows),))


def _divergence(grid: Points, rows: tuple[int, ...]) -> Operator[Vector, Scalar]:
    """Minus the adjoint of the slopes, weighted with cells: what this brings into cells adds up to nothing."""
    return _slopes.on(grid, (rows,)).adjoint_operator("quadrature").scaled(-1.0)


@kind(is_flux=True, holds=False)
def _slopes(grid: Points, rows: tuple[int, ...]) -> Sweep[Scalar, Vector]:
    """``d_a f`` of some axes, see `_slope`."""
    build = Build(grid)
    for n, a in enumerate(rows):
        build.add(n, 0, a, Along(grid.kept(_slope, a)))
    return Sweep.built(build, "slopes (tensor)", (len(rows),))


def _slope(grid: Points, a: int) -> Stencil:
    """The mean slope over each cell: what f grows by across its faces, over twice its width; closed ends have none.

    Its square is at most the mean of those through the two faces of a cell, by which the diagonal goes: so a tensor
    that is positive definite at each point makes an operator that is negative semidefinite.
    """
    axis = grid.axis_objects[a]
    n = axis.length
    if n == 1:  # a run between gaps
        return no_rows(n, 1)
    weight = np.sign(np.ravel(axis.steps)[0]) / (2 * axis.quadrature)
    inside = in_one_piece([weight[1] if np.all(weight[1:-1] == weight[1]) else weight] * 2, 2)
    first, last = (n - 1, 0) if axis.is_periodic else (0, n - 1)
    return Stencil(n, CENTRAL, inside, (((first, 1, weight[0]),),), (((n - 2, last, weight[-1]),),), order=1)


def _entries(k: object, n: int) -> list[list[object]]:
    """The rows of a tensor that is symmetric, as far as that can be seen."""
    try:
        rows: list[list[object]] = [list(in_sequence(row)) for row in in_sequence(cast(Array, k))]
    except (TypeError, IndexError, AttributeError):
        rows = []
    if [len(row) for row in rows] != [n] * n:
        raise ArgumentValueError(
            f'form="tensor" takes {n} x {n} diffusivities on a grid of as many axes, k[a][b] of axes a and b, got {_described(k)}'
        )
    for a in range(n):
        for b in range(a):
            if _differ(rows[a][b], rows[b][a], rows[a][a], rows[b][b]):
                raise ArgumentValueError(
                    f"k[{a}][{b}] is not k[{b}][{a}], but a tensor of diffusion is symmetric; what turns fluxes is advection, "
                    "grid.advect(v), so give half of the sum for both"
                )
            rows[a][b] = rows[b][a]
    return rows


def _described(k: object) -> str:
    shape = getattr(k, "shape", None)
    if shape is not None:
        return f"an array of shape {tuple(shape)}"
    return f"a {type(k).__name__}" + (f" of {len(k)}" if isinstance(k, (list, tuple)) else "")


def _differ(one: object, other: object, *diagonal: object) -> bool:
    """Whether two entries are seen not to be the same: numbers, and arrays of NumPy, NaN beside NaN being the same.

    To their rounding beside the diagonal, as that of products ``R @ D @ R.T``.
    """
    seen = (int, float, np.generic, np.ndarray)
    if one is other or not (isinstance(one, seen) and isinstance(other, seen)):
        return False
    a, b = np.asarray(one), np.asarray(other)
    if np.array_equal(a, b, equal_nan=True):
        return False
    if a.shape != b.shape or {a.dtype.kind, b.dtype.kind} - set("fc"):
        return True
    eps = max(np.finfo(x.dtype).eps for x in (a, b))
    beside = [abs(np.asarray(k)) for k in diagonal if isinstance(k, seen) and np.shape(k) in ((), a.shape)]
    near = abs(a - b) <= 8 * eps * sum(beside, start=abs(a) + abs(b))
    return not np.all(near | (np.isnan(a) & np.isnan(b)))


def _is_zero(entry: object) -> bool:
    return isinstance(entry, (int, float)) and entry == 0


def _check(grid: Points) -> None:
    """Refuse grids on which fluxes would be lost."""
    if grid.ndim == 1:
        raise ArgumentValueError(
            'form="tensor" is for grids of several axes; on one axis it is grid.diffuse(k)'
        )
    if grid.mapping is not None:
        raise grid.mapping.refusal('form="tensor"')
    if grid.has_lines:
        raise ArgumentValueError(
            'form="tensor" is not offered where coordinates differ from line to line; compose grid.divergence @ (k * grid.gradient)'
        )
    if grid.metric is not None:
        raise ArgumentValueError('form="tensor" is not offered with geometry=; grid.diffuse(k) is')
    if grid.mask is not None and not grid.mask.drops:
        raise ArgumentValueError(
            'form="tensor" is offered beside gaps that no flux passes, with_mask(inside) and with_mask(inside, boundary="symmetric"), but not '
            f"where {spelled(grid.mask.side)!r} holds; grid.diffuse(k) is"
        )
    for axis in grid.axis_objects:
        for end in axis.ends:
            if end.is_passed:
                raise ArgumentValueError(
                    'form="tensor" is for ends that no flux passes ("one-sided", "reflect", "symmetric"), for "periodic" ones, and for those '
                    f"that hold a value, gridgrad.value(v), at the end point; axis {axis.number} ends with {end.word!r}"
                )
