"""The blackboard: each operator of a grid as its list of terms."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._backends.once import made_once
from .._base.checks import clean_accuracy, int_or_none
from .._base.errors import ArgumentValueError
from .._grid.points import Points
from .._stencils import transpose
from .._stencils.stencil import Stencil
from .._terms.term import Term
from .coefficients import Argument, diffusivity, velocity
from .operator import Operator

FORMS = ("compact", "wide", "conservative")
_TWICE = "compose accurate ones, d2 = grid.derivative(0, order=2, accuracy=4) and"
_ENDS = "three-point rows one after the other do for periodic and mirrored ends of smooth grids only"
_HIGHER = {  # orders at one-sided ends as measured: an end's larger error is differenced by the operator that follows
    3: f"; {_TWICE} (grid.derivative(0, accuracy=4) @ d2)(f), of order 3 at one-sided ends; {_ENDS}",
    4: f"; {_TWICE} (d2 @ d2)(f), of order 2 at one-sided ends; {_ENDS}",
}


def vector(grid: Points) -> tuple[int, ...]:
    """The form of a vector field: its one component is itself on a line."""
    return (grid.ndim,) if grid.ndim > 1 else ()


def gradient(grid: Points, accuracy: int | None) -> Operator:
    """Output a is d_a of the field."""
    terms = tuple(Term(a, 0, a, grid.stencil(a, 1, accuracy)) for a in range(grid.ndim))
    return Operator.of(grid, "gradient", terms, (), vector(grid), masks_as_read=True)


def divergence(grid: Points, accuracy: int | None) -> Operator:
    """The sum of d_a of component a."""
    terms = tuple(Term(0, a, a, grid.stencil(a, 1, accuracy)) for a in range(grid.ndim))
    return Operator.of(grid, "divergence", terms, vector(grid), ())


def curl(grid: Points, accuracy: int | None) -> Operator:
    """Output c is d_a F_b - d_b F_a for the cyclic (c, a, b); on two axes only c along the third."""
    if grid.ndim not in (2, 3):
        raise ArgumentValueError(f"curl needs a grid of 2 or 3 axes, not {grid.ndim}")
    plus = [grid.stencil(a, 1, accuracy) for a in range(grid.ndim)]
    minus = [transpose.negated(stencil) for stencil in plus]
    cycles = [(0, 0, 1)] if grid.ndim == 2 else [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    terms = tuple(term for c, a, b in cycles for term in (Term(c, b, a, plus[a]), Term(c, a, b, minus[b])))
    return Operator.of(grid, "curl", terms, (grid.ndim,), () if grid.ndim == 2 else (3,))


def identity(grid: Points) -> Operator:
    """The one row that is no derivative: each point itself."""
    one = np.ones((), grid.dtype)[()]
    stencil = Stencil(grid.lengths[0], ((0, 0),), (one,), (), (), values=True, order=0)
    return Operator.of(grid, "identity", (Term(0, 0, 0, stencil),))


def laplacian(grid: Points, form: str, accuracy: int | None) -> Operator:
    """The sum of the second derivatives."""
    stencils = [_second(grid, a, form, accuracy) for a in range(grid.ndim)]
    terms = tuple(Term(0, 0, a, stencil) for a, stencil in enumerate(stencils))
    return Operator.of(grid, _laplacian_name("laplacian", form, accuracy), terms)


def vector_laplacian(grid: Points, form: str, accuracy: int | None) -> Operator:
    """The laplacian of every component."""
    stencils = [_second(grid, a, form, accuracy) for a in range(grid.ndim)]
    count = vector(grid)
    terms = tuple(Term(i, i, a, stencil) for i in range(grid.ndim) for a, stencil in enumerate(stencils))
    return Operator.of(grid, _laplacian_name("vector_laplacian", form, accuracy), terms, count, count)


def _second(grid: Points, a: int, form: str, accuracy: int | None) -> Any:
    if form == "wide":  # the divergence of the gradient
        return transpose.product(grid.stencil(a, ends="flipped"), grid.stencil(a))
    return grid.stencil(a, 2, accuracy, "closed" if form == "conservative" else "given")


def _laplacian_name(name: str, form: str, accuracy: int | None) -> str:
    options = ([] if form == "compact" else [form]) + ([] if accuracy is None else [f"accuracy {accuracy}"])
    return f"{name} ({', '.join(options)})" if options else name


def hessian(grid: Points) -> Operator:
    """Output (a, b) is d_a d_b of the field."""
    n = grid.ndim
    if n == 1:
        return derivative(grid, 0, 2, None)
    terms = []
    for a in range(n):
        for b in range(n):
            if a == b:
                terms.append(Term(n * a + a, 0, a, grid.stencil(a, 2)))
            else:
                low, high = sorted((a, b))
                terms.append(Term(n * a + b, 0, high, grid.stencil(high), then=(low, grid.stencil(low))))
    return Operator.of(grid, "hessian", tuple(terms), (), (n, n))


def jacobian(grid: Points, accuracy: int | None) -> Operator:
    """Output (i, a) is d_a of component i."""
    n = grid.ndim
    terms = tuple(Term(n * i + a, i, a, grid.stencil(a, 1, accuracy)) for i in range(n) for a in range(n))
    return Operator.of(grid, "jacobian", terms, vector(grid), (n, n) if n > 1 else ())


def derivative(grid: Points, axis: int, order: int, accuracy: int | None) -> Operator:
    """One derivative along one axis."""
    name = f"derivative({axis}, order={order}" + (")" if accuracy is None else f", accuracy={accuracy})")
    return Operator.of(grid, name, (Term(0, 0, axis, grid.stencil(axis, order, accuracy)),))


def mixed_derivative(grid: Points, a: int, b: int) -> Operator:
    """The first derivative along one axis of that along another."""
    low, high = sorted((a, b))
    term = Term(0, 0, high, grid.stencil(high), then=(low, grid.stencil(low)))
    return Operator.of(grid, f"mixed_derivative({a}, {b})", (term,))


def gradient_norm(grid: Points, parts: int) -> Operator:
    """The norm over all axes, and over the real and imaginary parts of complex samples."""
    terms = tuple(Term(0, p, a, grid.stencil(a), norm=True) for p in range(parts) for a in range(grid.ndim))
    return Operator.of(grid, "gradient_norm", terms, (parts,) if parts > 1 else ())


def advection(grid: Points, v: Any, name: str, accuracy: int | None) -> Operator:
    """The sum of v_a d_a; a number is part of the weights, a field a coefficient at the point."""
    numbers, fields = velocity(v, grid.ndim)
    return _advection(grid, name, clean_accuracy(accuracy), *numbers).with_coefficients(fields)


@made_once
def _advection(grid: Points, name: str, accuracy: int | None, *numbers: float | None) -> Operator:
    """The operator without its fields, None in place of each; kept where there are no numbers."""
    if any(number is not None for number in numbers):
        return _advection_terms(grid, name, accuracy, *numbers)
    return grid.kept(_advection_terms, name, accuracy, *numbers)


def _advection_terms(grid: Points, name: str, accuracy: int | None, *numbers: float | None) -> Operator:
    terms: list[Term] = []
    for a, number in enumerate(numbers):
        stencil = grid.stencil(a, 1, accuracy)
        if number is not None:
            terms.append(Term(0, 0, a, transpose.scaled(stencil, number)))
        else:
            terms.append(Term(0, 0, a, stencil, coefficient=numbers[:a].count(None)))
    return Operator.of(grid, name, tuple(terms), arguments=(Argument("v", numbers, is_vector=True),))


def diffusion(grid: Points, k: Any) -> Operator:
    """The divergence of k times the gradient, k averaged to the faces between points."""
    number, fields = diffusivity(k)
    return _diffusion(grid, number).with_coefficients(fields)


@made_once
def _diffusion(grid: Points, number: float | None) -> Operator:
    """The operator without its field; kept where it is not of a number."""
    return grid.kept(_diffusion_terms, None) if number is None else _diffusion_terms(grid, number)


def _diffusion_terms(grid: Points, number: float | None) -> Operator:
    stencils = [grid.stencil(a, 2, ends="closed") for a in range(grid.ndim)]
    if number is not None:
        stencils = [transpose.scaled(stencil, number) for stencil in stencils]
        terms = [Term(0, 0, a, stencil) for a, stencil in enumerate(stencils)]
    else:
        terms = [Term(0, 0, a, stencil, coefficient=0, place="faces") for a, stencil in enumerate(stencils)]
    return Operator.of(grid, "diffuse", tuple(terms), arguments=(Argument("k", (number,), is_vector=False),))


def clean_order(order: Any, accuracy: Any, made: Points | None = None) -> tuple[int, int | None]:
    """A derivative of order 1 or 2, of accuracy 2, 4, 6 or None; `made` is a grid that the caller did not make."""
    number = int_or_none(order)
    if number not in (1, 2):
        higher = _HIGHER.get(number or 0, "")
        if higher and made is not None:
            x = "x" if made.has_coordinates(0) else f"({made.lengths[0]}, h)"
            higher += f"; with grid = gridgrad.Grid({x}, axes=[{made.axes[0]}])"
        raise ArgumentValueError(f"order must be 1 or 2, got {order!r}{higher}")
    return number, clean_accuracy(accuracy)


def accuracy_option(accuracy: Any = None) -> tuple[int | None]:
    """The option of first-derivative operators."""
    return (clean_accuracy(accuracy),)


def laplacian_options(form: Any = "compact", accuracy: Any = None) -> tuple[str, int | None]:
    """A form of the laplacian, and an accuracy that goes with it."""
    if form not in FORMS:
        raise ArgumentValueError(f"unknown form {form!r}; allowed are {', '.join(map(repr, FORMS))}")
    number = clean_accuracy(accuracy)
    if number is not None and form != "compact":
        raise ArgumentValueError(f"accuracy={number} goes with form='compact', not with {form!r}")
    return form, number
