"""Operators of second derivatives, and the identity that they are added to."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from ..._base.types import Matrix, Scalar, Vector
from ..._grid.axis import Along
from ..._grid.points import Points
from ..._stencils import transpose
from ..._stencils.derivatives import Rows
from ..._stencils.ends import closed, flipped, opened
from ..._stencils.stencil import Stencil
from ..._stencils.sums import added
from ..._terms.term import Term
from ..patterns.build import Build, same, unit
from ..patterns.kinds import kind
from ..sweep import Sweep
from .first import vector
from .options import biharmonic_options, laplacian_options


@kind(geometry=True)
def identity(grid: Points) -> Sweep:
    """The field itself, for sums: ``grid.identity - dt * grid.laplacian``; each component of vector fields beside operators of those."""
    return Sweep.of(grid, "identity", (Term(0, 0, None, unit(grid)),))


@kind(laplacian_options, geometry=True)
def laplacian(grid: Points, form: str, accuracy: int | None) -> Sweep:
    """``sum d_a d_a f``, the sum of the second derivatives."""
    name, build = _laplacian_name("laplacian", form, accuracy), Build(grid)
    _add_laplacian(build, 0, form, accuracy)
    return Sweep.built(build, name)


@kind(laplacian_options)
def vector_laplacian(grid: Points, form: str, accuracy: int | None) -> Sweep[Vector, Vector]:
    """``sum d_a d_a F_b``, the laplacian of each component of a vector field."""
    build = Build(grid, vector(grid))
    for i in range(grid.ndim):
        _add_laplacian(build, i, form, accuracy, i)
    return Sweep.built(build, _laplacian_name("vector_laplacian", form, accuracy), vector(grid))


def _add_laplacian(
    build: Build, field: int, form: str, accuracy: int | None, component: int | None = None
) -> None:
    """Of one of the fields, to the output of the same number."""
    grid = build.grid
    if grid.mapping is not None and form == "compact":
        build.add_mapped_laplacian(grid.mapping, field, field, accuracy)
        return
    for a in range(grid.ndim):
        build.add_second(field, field, a, _second(grid, a, form, accuracy, component), accuracy, form)


def _second(grid: Points, a: int, form: str, accuracy: int | None, component: int | None = None) -> Along:
    if form != "wide":
        return grid.axis_objects[a].along(2, accuracy, closed if form == "conservative" else None, component)
    # the divergence of the gradient; what is prescribed at an end may count in both
    axis = grid.axis_objects[a]
    outer, inner = (axis.rows(change=change, component=component) for change in (flipped, None))
    first, last = (
        None if of_inner is None else _joined(transpose.product(outer.field, of_inner), of_outer)
        for of_inner, of_outer in ((inner.first, outer.first), (inner.last, outer.last))
    )
    return axis.with_walls(Rows(grid.kept(_product, outer.field, inner.field), first, last), component)


def _joined(first: Stencil, second: Stencil | None) -> Stencil:
    """The rows of the sum, with the power of two that the first has."""
    if second is None:
        return first
    power = first.power
    own = second.mapped(lambda weight: np.ldexp(weight, second.power - power), power)
    whole = added(first, own)
    assert whole is not None
    return whole


def _product(grid: Points, outer: Stencil, inner: Stencil) -> Stencil:
    """The rows of both, one for all components that end alike."""
    return transpose.product(outer, inner)


def _laplacian_name(name: str, form: str, accuracy: int | None) -> str:
    options = ([] if form == "compact" else [form]) + ([] if accuracy is None else [f"accuracy {accuracy}"])
    return f"{name} ({', '.join(options)})" if options else name


@kind()
def hessian(grid: Points) -> Sweep[Scalar, Matrix[Vector]]:
    """``(d_a d_b f)``: compact second derivatives on the diagonal, products beside it."""
    n, build = grid.ndim, Build(grid)
    if n == 1:
        build.add(0, 0, 0, grid.axis_objects[0].along(2))
        return Sweep.built(build, "hessian")
    for a in range(n):
        for b in range(n):
            if a == b:
                build.add(n * a + a, 0, a, grid.axis_objects[a].along(2))
            else:
                add_mixed(build, n * a + b, a, b)
    return Sweep.built(build, "hessian", (n, n))


def add_mixed(
    build: Build, output: int, a: int, b: int, orders: tuple[int, int] = (1, 1), accuracy: int | None = None,
    change: Callable[[Stencil], Stencil] = same,
) -> None:  # fmt: skip
    """Add the product of the derivatives of these orders along two axes to an output."""
    (low, lower), (high, higher) = sorted(zip((a, b), orders, strict=True))
    along = [axis.along for axis in build.grid.axis_objects]
    both = along[low](lower, accuracy), along[high](higher, accuracy)
    build.add_mixed(output, (low, high), both, along[high](higher, accuracy, opened), change)


@kind(biharmonic_options)
def biharmonic(grid: Points, accuracy: int | None) -> Sweep:
    """``sum d_a d_a d_b d_b f``, the laplacian of the laplacian, of plates and slow flows; on one axis ``d_a^4 f``.

    Its rows are those of the fourth derivatives and twice the products of second derivatives along two axes, in one pass:
    13 points on two axes, 25 on three. On uniform grids with mirrored or periodic ends that is
    ``laplacian @ laplacian``. Elsewhere that product differences the error of the inner rows twice, and does not converge
    at one-sided ends, nor inside where steps are irregular. These rows are of order 2 at all points where steps vary
    smoothly, and of order 1 on irregular grids; `accuracy` 2, 4 and 6 hold on every grid, ends included.

    With two conditions at each end it is the operator of a plate, also for `solve`: `gridgrad.clamped` and
    `gridgrad.supported`, also with a deflection other than 0. Even mirrors are ends that slide, odd ones simple
    supports; one-sided ends and all other walls have rows like any others. On uniform grids, and with mirrors half a step
    outside, the matrix of the points that are not held is symmetric; ``L.adjoint_operator("quadrature") @ L`` with
    ``L = grid.laplacian`` is symmetric on every grid.
    """
    build = Build(grid)
    for a in range(grid.ndim):
        build.add(0, 0, a, grid.axis_objects[a].along(4, accuracy))
    for a in range(grid.ndim):
        for b in range(a + 1, grid.ndim):
            add_mixed(build, 0, a, b, (2, 2), accuracy, partial(transpose.scaled, factor=2.0))
    return Sweep.built(build, "biharmonic" if accuracy is None else f"biharmonic (accuracy {accuracy})")
