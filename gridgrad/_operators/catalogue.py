"""The blackboard: each operator of a grid, declared once, as its list of terms."""

from __future__ import annotations

from functools import partial
from typing import Any, Never

import numpy as np

from .._base.checks import clean_accuracy, clean_axis, int_or_none
from .._base.errors import MISSING, ArgumentValueError
from .._base.types import Matrix, Scalar, Vector, applies
from .._grid.points import Along, Points
from .._stencils import transpose
from .._stencils.ends import closed, flipped
from .._stencils.stencil import Stencil
from .._terms.term import Term
from .._wraps.units import unwrap, wrap
from .fields.coefficients import Argument, Numbers, diffusivity, velocity
from .fields.gather import gather
from .patterns.build import Build
from .patterns.kinds import check_words, kind, method
from .sweep import Sweep

FORMS = ("compact", "wide", "conservative")
_TWICE = "compose accurate ones, d2 = grid.derivative(0, order=2, accuracy=4) and"
_ENDS = "three-point rows one after the other do for periodic and mirrored ends of smooth grids only"
_HIGHER = {  # orders at one-sided ends as measured: an end's larger error is differenced by the operator that follows
    3: f"; {_TWICE} (grid.derivative(0, accuracy=4) @ d2)(f), of order 3 at one-sided ends; {_ENDS}",
    4: f"; {_TWICE} (d2 @ d2)(f), of order 2 at one-sided ends; {_ENDS}",
}


def accuracy_option(accuracy: object = None) -> tuple[int | None]:
    """The option of first derivatives.

    accuracy : None, 2, 4 or 6
        None is the three-point row, with ends of the grid's `edge_order`. 2, 4 and 6 hold at every
        point of every grid, ends included, with wider rows.
    """
    return (clean_accuracy(accuracy),)


def laplacian_options(form: object = "compact", accuracy: object = None) -> tuple[str, int | None]:
    """A form of the laplacian, and an accuracy that goes with it.

    form : "compact", "wide" or "conservative"
        Three-point second derivatives; the divergence of the gradient (rows of five points); or the
        compact rows with ends that no flux passes, symmetric in the inner product of the grid's
        `quadrature`.
    accuracy : None, 2, 4 or 6
        Of the compact form: None is the three-point row; 2, 4 and 6 hold at every point of every grid,
        ends included, with wider rows.
    """
    if form not in FORMS:
        raise ArgumentValueError(f"unknown form {form!r}; allowed are {', '.join(map(repr, FORMS))}")
    number = clean_accuracy(accuracy)
    if number is not None and form != "compact":
        raise ArgumentValueError(f"accuracy={number} goes with form='compact', not with {form!r}")
    return form, number


def derivative_options(order: object = 1, accuracy: object = None) -> tuple[int, int | None]:
    """The options of one derivative.

    order : 1 or 2
        Of the derivative.
    accuracy : None, 2, 4 or 6
        None is the three-point row; 2, 4 and 6 hold at every point of every grid, ends included.
    """
    return clean_order(order, accuracy)


def clean_order(order: object, accuracy: object, made: Points | None = None) -> tuple[int, int | None]:
    """A derivative of order 1 or 2, of accuracy 2, 4, 6 or None; `made` is a grid that the caller did not make."""
    number = int_or_none(order)
    if number not in (1, 2):
        higher = _HIGHER.get(number or 0, "")
        if higher and made is not None:
            x = "x" if made.has_coordinates(0) else f"({made.lengths[0]}, h)"
            higher += f"; with grid = gridgrad.Grid({x}, axes=[{made.axes[0]}])"
        raise ArgumentValueError(f"order must be 1 or 2, got {order!r}{higher}")
    return number, clean_accuracy(accuracy)


def vector(grid: Points) -> tuple[int, ...]:
    """The form of a vector field: its one component is itself on a line."""
    return (grid.ndim,) if grid.ndim > 1 else ()


@kind(accuracy_option)
def gradient(grid: Points, accuracy: int | None) -> Sweep[Scalar, Vector]:
    """``(d_a f)`` for all axes: a scalar field to a vector field; on one axis to its derivative."""
    build = Build(grid)
    for a in range(grid.ndim):
        build.add(a, 0, a, grid.along(a, 1, accuracy))
    return Sweep.built(build, "gradient", vector(grid), masks_as_read=True)


@kind(accuracy_option)
def divergence(grid: Points, accuracy: int | None) -> Sweep[Vector, Scalar]:
    """``sum d_a F_a``: a vector field to a scalar field.

    Component a belongs to axis a of the grid, whichever axis of the arrays that is: for arrays
    ``u[y, x]`` take ``Grid(x, y, axes=[-1, -2])`` and ``(u, v)``. All components end as `boundary` says.
    At a wall where the normal one is odd and the others are even, minus the adjoint of the gradient of
    an even field is the divergence that fits: ``-grid.gradient.adjoint(F, weight="quadrature")``.
    """
    build = Build(grid, vector(grid))
    for a in range(grid.ndim):
        build.add(0, a, a, grid.along(a, 1, accuracy, component=a))
    return Sweep.built(build, "divergence")


@kind(accuracy_option)
def curl(grid: Points, accuracy: int | None) -> Sweep[Vector, Any]:
    """``d_0 F_1 - d_1 F_0`` on two axes, the curl vector on three.

    Components and signs follow the axes of the grid, not those of the arrays: for arrays ``u[y, x]``
    take ``Grid(x, y, axes=[-1, -2])`` and ``(u, v)``. ``Grid(y, x)`` would take u for the component along
    y, silently.
    """
    if grid.ndim not in (2, 3):
        raise ArgumentValueError(f"curl needs a grid of 2 or 3 axes, not {grid.ndim}")
    # output c is d_a F_b - d_b F_a for the cyclic (c, a, b); on two axes only c along the third
    cycles = [(0, 0, 1)] if grid.ndim == 2 else [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    build = Build(grid, (grid.ndim,))
    for c, a, b in cycles:
        build.add(c, b, a, grid.along(a, 1, accuracy, component=b))
        build.add(c, a, b, grid.along(b, 1, accuracy, component=a), transpose.negated)
    return Sweep.built(build, "curl", () if grid.ndim == 2 else (3,))


@kind()
def identity(grid: Points) -> Sweep:
    """The field itself, for sums: ``grid.identity - dt * grid.laplacian``."""
    return Sweep.of(grid, "identity", (Term(0, 0, None, _unit(grid)),))


def _unit(grid: Points) -> Stencil:
    """The value at the point itself."""
    return Stencil(1, ((0, 0),), (np.ones((), grid.dtype)[()],), (), (), values=True, order=0)


@kind(laplacian_options)
def laplacian(grid: Points, form: str, accuracy: int | None) -> Sweep:
    """``sum d_a d_a f``, the sum of the second derivatives."""
    build = Build(grid)
    for a in range(grid.ndim):
        build.add(0, 0, a, _second(grid, a, form, accuracy))
    return Sweep.built(build, _laplacian_name("laplacian", form, accuracy))


@kind(laplacian_options)
def vector_laplacian(grid: Points, form: str, accuracy: int | None) -> Sweep[Vector, Vector]:
    """``sum d_a d_a F_b``, the laplacian of each component of a vector field."""
    build = Build(grid, vector(grid))
    for i in range(grid.ndim):
        for a in range(grid.ndim):
            build.add(i, i, a, _second(grid, a, form, accuracy, i))
    return Sweep.built(build, _laplacian_name("vector_laplacian", form, accuracy), vector(grid))


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
    n, build = grid.ndim, Build(grid)
    if n == 1:
        build.add(0, 0, 0, grid.along(0, 2))
        return Sweep.built(build, "hessian")
    for a in range(n):
        for b in range(n):
            if a == b:
                build.add(n * a + a, 0, a, grid.along(a, 2))
            else:
                _add_mixed(build, n * a + b, a, b)
    return Sweep.built(build, "hessian", (n, n))


def _add_mixed(build: Build, output: int, a: int, b: int) -> None:
    low, high = sorted((a, b))
    build.add_mixed(output, (low, high), (build.grid.along(low), build.grid.along(high)))


@kind(accuracy_option)
def jacobian(grid: Points, accuracy: int | None) -> Sweep[Vector, Matrix[Vector]]:
    """``(d_b F_a)`` of a vector field, as ``result[a][b]``, a and b in the order of the grid's axes.

    For arrays ``u[y, x]`` take ``Grid(x, y, axes=[-1, -2])`` and ``(u, v)``.
    """
    n = grid.ndim
    build = Build(grid, vector(grid))
    for i in range(n):
        for a in range(n):
            build.add(n * i + a, i, a, grid.along(a, 1, accuracy, component=i))
    return Sweep.built(build, "jacobian", (n, n) if n > 1 else ())


@kind()
def gradient_norm(grid: Points) -> Norm:
    """``sqrt(sum |d_a f|^2)`` of a scalar field: real, without overflow on the way; it is not linear."""
    return Norm.of(grid, "gradient_norm", _norm_terms(grid, 1))


class Norm(Sweep[Scalar, Scalar]):
    """The norm of the gradient, which takes complex samples as their two parts."""

    @applies
    def __call__(
        self, f: Any = MISSING, out: object = None, workers: int | None = None, **fields: object
    ) -> object:
        """Apply it."""
        if any(self.grid.along(a).sides for a in range(self.grid.ndim)):  # a sum must be made before it is squared
            return _norm_of.on(self.grid)(gradient.on(self.grid)(f, None, workers, **fields), out, workers)
        numbers, unit = unwrap(f, "f")
        if fields or (type(f) is np.ndarray and f.dtype.kind != "c"):
            return super().__call__(f, out, workers, **fields)
        samples = gather(numbers, ()).samples[0]
        if "complex" not in str(samples.dtype):
            return super().__call__(wrap(samples, unit), out, workers)
        parts = [wrap(part, unit) for part in (samples.real, samples.imag)]
        return _norm_of_parts.on(self.grid)(parts, out, workers)


@kind()
def _norm_of_parts(grid: Points) -> Sweep[Vector, Scalar]:
    """The norm over the axes and over the real and the imaginary part of complex samples."""
    return Sweep.of(grid, "gradient_norm", _norm_terms(grid, 2), (2,))


@kind()
def _norm_of(grid: Points) -> Sweep[Vector, Scalar]:
    """The length of a vector field at each point."""
    terms = tuple(Term(0, a, None, _unit(grid), norm=True) for a in range(grid.ndim))
    return Sweep.of(grid, "norm", terms, vector(grid))


def _norm_terms(grid: Points, parts: int) -> tuple[Term, ...]:
    return tuple(Term(0, p, a, grid.stencil(a), norm=True) for p in range(parts) for a in range(grid.ndim))


@method
def derivative(
    grid: Points, axis: int, order: int = 1, accuracy: int | None = None, **others: Never
) -> Sweep:
    """The derivative of order 1 or 2 along one axis of the grid.

    `accuracy` None is the three-point row; 2, 4 and 6 hold on every grid, edges included. For a third
    or fourth derivative compose accurate ones, because each takes two orders (a first derivative
    one) off the ends of the one before it: with ``d2 = grid.derivative(0, order=2, accuracy=4)``,
    ``d2 @ d2`` is of order 2 at one-sided ends, where three-point rows twice would not converge;
    ``grid.derivative(0, accuracy=4) @ d2`` is of order 3. Periodic and mirrored ends need no such care,
    if the second derivative is taken first: an even field has an odd slope.
    """
    check_words("derivative", others)
    return _derivative.on(grid, grid.clean_axis(axis), order=order, accuracy=accuracy)


@kind(derivative_options)
def _derivative(grid: Points, axis: int, order: int, accuracy: int | None) -> Sweep:
    """``d_a f`` or ``d_a d_a f`` along one axis of the grid."""
    name = f"derivative({axis}, order={order}" + (")" if accuracy is None else f", accuracy={accuracy})")
    build = Build(grid)
    build.add(0, 0, axis, grid.along(axis, order, accuracy))
    return Sweep.built(build, name)


@method
def mixed_derivative(grid: Points, axis: int, other: int, **others: Never) -> Sweep:
    """``d_a d_b`` for two different axes of the grid, the product of their first derivatives."""
    check_words("mixed_derivative", others)
    return _mixed_derivative.on(grid, *clean_axis((axis, other), grid.ndim))


@kind()
def _mixed_derivative(grid: Points, a: int, b: int) -> Sweep:
    """``d_a d_b f`` for two different axes of the grid."""
    build = Build(grid)
    _add_mixed(build, 0, a, b)
    return Sweep.built(build, f"mixed_derivative({a}, {b})")


@method
def directional_derivative(
    grid: Points, v: object = MISSING, accuracy: int | None = None, **others: Never
) -> Sweep:
    """``sum v_a d_a`` along a vector, or a vector field, `v`; not divided by its length.

    `v` is as in `advect`, also in the order of its components, and at a call; `accuracy` as in `gradient`.
    """
    check_words("directional_derivative", others, v=v)
    numbers, fields = velocity(v, grid.ndim)
    return _directional_derivative.on(grid, numbers, accuracy=accuracy).with_first(fields)


@method
def advect(grid: Points, v: object = MISSING, accuracy: int | None = None, **others: Never) -> Sweep:
    """``sum v_a d_a``: the advection of a scalar field by the velocity `v`, numbers or fields.

    One component for each axis of the grid, in its order: ``(u, v)`` for arrays ``u[y, x]`` on
    ``Grid(x, y, axes=[-1, -2])``. Numbers must be finite; they become part of the weights.

    Fields are not copied: what is written into them later is what the operator uses. Where the
    names of buffers are swapped instead, ``u, new = new, u``, the operator still reads the array that
    was `u` when it was made. Give the fields at the call then, ``A(f, out=new, v=(u, v))``: this plans
    nothing anew, and goes through sums, multiples, products and adjoints.

    Central differences with one-sided ends of order 2 can grow at an inflow that the grid does not
    resolve; ``edge_order=1`` or a mirrored end does not. `accuracy` is as in `gradient`.
    """
    check_words("advect", others, v=v)
    numbers, fields = velocity(v, grid.ndim)
    return _advect.on(grid, numbers, accuracy=accuracy).with_first(fields)


@kind(accuracy_option)
def _directional_derivative(grid: Points, numbers: Numbers, accuracy: int | None) -> Sweep:
    """``sum v_a d_a f`` along the vector, or the vector field, v; not divided by its length."""
    return _along(grid, "directional_derivative", numbers, accuracy)


@kind(accuracy_option)
def _advect(grid: Points, numbers: Numbers, accuracy: int | None) -> Sweep:
    """``sum v_a d_a f``: the advection of a scalar field by the velocity v."""
    return _along(grid, "advect", numbers, accuracy)


def _along(grid: Points, name: str, numbers: Numbers, accuracy: int | None) -> Sweep:
    """A number is part of the weights, a field multiplies at the point."""
    build = Build(grid, arguments=(Argument("v", numbers, is_vector=True),))
    for a, number in enumerate(numbers):
        along = grid.along(a, 1, accuracy)
        if number is not None:
            build.add(0, 0, a, along, partial(transpose.scaled, factor=number))
        else:
            build.add(0, 0, a, along, outer=numbers[:a].count(None))
    return Sweep.built(build, name)


@method
def diffuse(grid: Points, k: object = MISSING, **others: Never) -> Sweep:
    """``div(k grad f)`` in flux form: the mean of `k` at each face times the difference across it.

    No flux passes one-sided and even ends, so that ``sum(H div(k grad f)) = 0``. The mean is the
    arithmetic one: beside an obstacle of ``k = 0`` it is half of the neighbour's `k`, and half of
    the flux passes.

    A field `k` is not copied, and may be given at the call, ``A(f, k=k)``, as in `advect`; a number
    must be finite.
    """
    check_words("diffuse", others, k=k)
    number, fields = diffusivity(k)
    return _diffuse.on(grid, number).with_first(fields)


@kind()
def _diffuse(grid: Points, number: float | None) -> Sweep:
    """``div(k grad f)`` in flux form, k averaged to the faces between points."""
    build = Build(grid, arguments=(Argument("k", (number,), is_vector=False),))
    for a in range(grid.ndim):
        along = grid.along(a, 2, change=closed)
        if number is not None:
            build.add(0, 0, a, along, partial(transpose.scaled, factor=number))
        else:
            build.add(0, 0, a, along, faces=0)
    return Sweep.built(build, "diffuse")
