"""Operators of second derivatives, and the identity that they are added to."""

from __future__ import annotations

from ..._base.types import Matrix, Scalar, Vector
from ..._grid.points import Along, Points
from ..._stencils import transpose
from ..._stencils.ends import closed, flipped
from ..._stencils.stencil import Stencil
from ..._terms.term import Term
from ..patterns.build import Build, unit
from ..patterns.kinds import kind
from ..sweep import Sweep
from .first import no_tensors, vector
from .options import laplacian_options


@kind()
def identity(grid: Points) -> Sweep:
    """The field itself, for sums: ``grid.identity - dt * grid.laplacian``."""
    return Sweep.of(grid, "identity", (Term(0, 0, None, unit(grid)),))


@kind(laplacian_options)
def laplacian(grid: Points, form: str, accuracy: int | None) -> Sweep:
    """``sum d_a d_a f``, the sum of the second derivatives."""
    build = Build(grid)
    _add_laplacian(build, 0, form, accuracy)
    return Sweep.built(build, _laplacian_name("laplacian", form, accuracy))


@kind(laplacian_options)
def vector_laplacian(grid: Points, form: str, accuracy: int | None) -> Sweep[Vector, Vector]:
    """``sum d_a d_a F_b``, the laplacian of each component of a vector field."""
    no_tensors(grid, "vector_laplacian")
    build = Build(grid, vector(grid))
    for i in range(grid.ndim):
        _add_laplacian(build, i, form, accuracy, i)
    return Sweep.built(build, _laplacian_name("vector_laplacian", form, accuracy), vector(grid))


def _add_laplacian(build: Build, field: int, form: str, accuracy: int | None, component: int | None = None) -> None:
    """Of one of the fields, to the output of the same number."""
    grid = build.grid
    if grid.mapping is not None and form == "compact":
        build.add_mapped_laplacian(grid.mapping, field, field, accuracy)
        return
    for a in range(grid.ndim):
        build.add_second(field, field, a, _second(grid, a, form, accuracy, component), accuracy, form)


def _second(grid: Points, a: int, form: str, accuracy: int | None, component: int | None = None) -> Along:
    if form != "wide":
        return grid.along(a, 2, accuracy, closed if form == "conservative" else None, component)
    # the divergence of the gradient
    outer, inner = (grid.along(a, change=change, component=component) for change in (flipped, None))
    sides = [(condition, transpose.product(outer.field, stencil)) for condition, stencil in inner.sides]
    return Along(grid.kept(_product, outer.field, inner.field), (*sides, *outer.sides))


def _product(grid: Points, outer: Stencil, inner: Stencil) -> Stencil:
    """The rows of both, one for all components that end alike."""
    return transpose.product(outer, inner)


def _laplacian_name(name: str, form: str, accuracy: int | None) -> str:
    options = ([] if form == "compact" else [form]) + ([] if accuracy is None else [f"accuracy {accuracy}"])
    return f"{name} ({', '.join(options)})" if options else name


@kind()
def hessian(grid: Points) -> Sweep[Scalar, Matrix[Vector]]:
    """``(d_a d_b f)``: compact second derivatives on the diagonal, products beside it."""
    no_tensors(grid, "hessian")
    n, build = grid.ndim, Build(grid)
    if n == 1:
        build.add(0, 0, 0, grid.along(0, 2))
        return Sweep.built(build, "hessian")
    for a in range(n):
        for b in range(n):
            if a == b:
                build.add(n * a + a, 0, a, grid.along(a, 2))
            else:
                add_mixed(build, n * a + b, a, b)
    return Sweep.built(build, "hessian", (n, n))


def add_mixed(build: Build, output: int, a: int, b: int) -> None:
    """Add the product of the first derivatives along two axes to an output."""
    low, high = sorted((a, b))
    build.add_mixed(output, (low, high), (build.grid.along(low), build.grid.along(high)))
