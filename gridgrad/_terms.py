"""The blackboard: each operator of a grid as its list of terms."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _transpose
from ._arguments import int_or_none
from ._errors import ArgumentTypeError, ArgumentValueError, counted
from ._fields import clean_coefficient
from ._operator import Operator
from ._plan import Term
from ._stencils import Stencil
from ._tracing import is_compiling, specialised, untraced

if TYPE_CHECKING:
    from ._grid import Grid

FORMS = ("compact", "wide", "conservative")
_NOT_AS_FLOAT = (np.complexfloating, np.longdouble, np.timedelta64)  # NumPy's numbers that a float would cut


def vector(grid: Grid) -> tuple[int, ...]:
    """The form of a vector field: its one component is itself on a line."""
    return (grid.ndim,) if grid.ndim > 1 else ()


def gradient(grid: Grid, accuracy: int | None) -> Operator:
    """Output a is d_a of the field."""
    terms = tuple(Term(a, 0, a, grid.stencil(a, 1, accuracy)) for a in range(grid.ndim))
    return Operator(grid, "gradient", terms, (), vector(grid))


def divergence(grid: Grid, accuracy: int | None) -> Operator:
    """The sum of d_a of component a."""
    terms = tuple(Term(0, a, a, grid.stencil(a, 1, accuracy)) for a in range(grid.ndim))
    return Operator(grid, "divergence", terms, vector(grid), ())


def curl(grid: Grid, accuracy: int | None) -> Operator:
    """Output c is d_a F_b - d_b F_a for the cyclic (c, a, b); on two axes only c along the third."""
    if grid.ndim not in (2, 3):
        raise ArgumentValueError(f"curl needs a grid of 2 or 3 axes, not {grid.ndim}")
    plus = [grid.stencil(a, 1, accuracy) for a in range(grid.ndim)]
    minus = [_transpose.negated(stencil) for stencil in plus]
    cycles = [(0, 0, 1)] if grid.ndim == 2 else [(0, 1, 2), (1, 2, 0), (2, 0, 1)]
    terms = tuple(term for c, a, b in cycles for term in (Term(c, b, a, plus[a]), Term(c, a, b, minus[b])))
    return Operator(grid, "curl", terms, (grid.ndim,), () if grid.ndim == 2 else (3,))


def identity(grid: Grid) -> Operator:
    """The one row that is no derivative: each point itself."""
    stencil = Stencil(grid.shape[0], ((0, 0),), (np.ones((), grid.dtype)[()],), (), (), values=True)
    return Operator(grid, "identity", (Term(0, 0, 0, stencil),))


def laplacian(grid: Grid, form: str, accuracy: int | None) -> Operator:
    """The sum of the second derivatives."""
    stencils = [_second(grid, a, form, accuracy) for a in range(grid.ndim)]
    terms = tuple(Term(0, 0, a, stencil) for a, stencil in enumerate(stencils))
    return Operator(grid, _laplacian_name("laplacian", form, accuracy), terms)


def vector_laplacian(grid: Grid, form: str, accuracy: int | None) -> Operator:
    """The laplacian of every component."""
    stencils = [_second(grid, a, form, accuracy) for a in range(grid.ndim)]
    count = vector(grid)
    terms = tuple(Term(i, i, a, stencil) for i in range(grid.ndim) for a, stencil in enumerate(stencils))
    return Operator(grid, _laplacian_name("vector_laplacian", form, accuracy), terms, count, count)


def _second(grid: Grid, a: int, form: str, accuracy: int | None) -> Any:
    if form == "wide":  # the divergence of the gradient
        return _transpose.product(grid.stencil(a, ends="flipped"), grid.stencil(a))
    return grid.stencil(a, 2, accuracy, "closed" if form == "conservative" else "given")


def _laplacian_name(name: str, form: str, accuracy: int | None) -> str:
    options = ([] if form == "compact" else [form]) + ([] if accuracy is None else [f"accuracy {accuracy}"])
    return f"{name} ({', '.join(options)})" if options else name


def hessian(grid: Grid) -> Operator:
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
    return Operator(grid, "hessian", tuple(terms), (), (n, n))


def jacobian(grid: Grid, accuracy: int | None) -> Operator:
    """Output (i, a) is d_a of component i."""
    n = grid.ndim
    terms = tuple(Term(n * i + a, i, a, grid.stencil(a, 1, accuracy)) for i in range(n) for a in range(n))
    return Operator(grid, "jacobian", terms, vector(grid), (n, n) if n > 1 else ())


def derivative(grid: Grid, axis: int, order: int, accuracy: int | None) -> Operator:
    """One derivative along one axis."""
    name = f"derivative({axis}, order={order}" + (")" if accuracy is None else f", accuracy={accuracy})")
    return Operator(grid, name, (Term(0, 0, axis, grid.stencil(axis, order, accuracy)),))


def mixed_derivative(grid: Grid, a: int, b: int) -> Operator:
    """The first derivative along one axis of that along another."""
    low, high = sorted((a, b))
    term = Term(0, 0, high, grid.stencil(high), then=(low, grid.stencil(low)))
    return Operator(grid, f"mixed_derivative({a}, {b})", (term,))


def gradient_norm(grid: Grid, parts: int) -> Operator:
    """The norm over all axes, and over the real and imaginary parts of complex samples."""
    terms = tuple(Term(0, p, a, grid.stencil(a), norm=True) for p in range(parts) for a in range(grid.ndim))
    return Operator(grid, "gradient_norm", terms, (parts,) if parts > 1 else ())


def advection(grid: Grid, v: Any, name: str, accuracy: int | None) -> Operator:
    """The sum of v_a d_a; a number is part of the weights, a field a coefficient at the point."""
    numbers: list[float | None] = []
    fields: list[Any] = []
    for a, component in enumerate(_velocity(grid, v)):
        if isinstance(component, (int, float, complex, np.number)):
            numbers.append(_real_number(component, a))
        else:
            numbers.append(None)
            fields.append(clean_coefficient(component, f"v[{a}]"))
    plain = _advection(grid, name, clean_accuracy(accuracy), *numbers)
    return plain.with_coefficients(tuple(fields))


@untraced
def _advection(grid: Grid, name: str, accuracy: int | None, *numbers: float | None) -> Operator:
    """The terms of an advection; None for a field."""
    terms: list[Term] = []
    for a, number in enumerate(numbers):
        stencil = grid.stencil(a, 1, accuracy)
        if number is not None:
            terms.append(Term(0, 0, a, _transpose.scaled(stencil, number)))
        else:
            terms.append(Term(0, 0, a, stencil, coefficient=numbers[:a].count(None)))
    return Operator(grid, name, tuple(terms))


def _velocity(grid: Grid, v: Any) -> Sequence[Any]:
    """One number or field for each axis."""
    if grid.ndim == 1 and not isinstance(v, (list, tuple)):
        return [v]
    if not isinstance(v, (list, tuple)) and getattr(v, "ndim", 0) < 1:
        raise ArgumentTypeError(
            f"v must have one component for each of {counted(grid.ndim, 'axis')}, got {v!r}"
        )
    if len(v) != grid.ndim:
        raise ArgumentValueError(
            f"v has {counted(len(v), 'component')}, but the grid has {counted(grid.ndim, 'axis')}; give one for each"
        )
    return [v[k] for k in range(len(v))]


def _real_number(value: Any, a: int) -> float:
    if isinstance(value, (complex, np.complexfloating)):
        raise ArgumentTypeError(f"v[{a}] is complex; give a real number, or a complex field")
    value = specialised(value) if is_compiling() else value
    if not isfinite(value):
        raise ArgumentValueError(f"v[{a}] is {value}; a velocity given as numbers must be finite")
    return float(value)


def diffusion(grid: Grid, k: Any) -> Operator:
    """The divergence of k times the gradient, k averaged to the faces between points."""
    if isinstance(k, (int, float, np.number)) and not isinstance(k, _NOT_AS_FLOAT):
        k = specialised(k) if is_compiling() else k
        if not isfinite(k):
            raise ArgumentValueError(f"k is {k}; a diffusivity given as a number must be finite")
        return _diffusion(grid, float(k))
    return _diffusion(grid, None).with_coefficients((clean_coefficient(k, "k"),))


@untraced
def _diffusion(grid: Grid, number: float | None) -> Operator:
    """The terms of a diffusion; None for a field."""
    stencils = [grid.stencil(a, 2, ends="closed") for a in range(grid.ndim)]
    if number is not None:
        scaled = [_transpose.scaled(stencil, number) for stencil in stencils]
        return Operator(grid, "diffuse", tuple(Term(0, 0, a, stencil) for a, stencil in enumerate(scaled)))
    terms = (Term(0, 0, a, stencil, coefficient=0, place="faces") for a, stencil in enumerate(stencils))
    return Operator(grid, "diffuse", tuple(terms))


def clean_order(order: Any, accuracy: Any) -> tuple[int, int | None]:
    """A derivative of order 1 or 2, of accuracy 2, 4, 6 or None."""
    number = int_or_none(order)
    if number not in (1, 2):
        raise ArgumentValueError(
            f"order must be 1 or 2, got {order!r}; apply operators one after the other for more"
        )
    return number, clean_accuracy(accuracy)


def clean_accuracy(accuracy: Any) -> int | None:
    """The accuracy as an int, or None for three-point rows."""
    if accuracy is None:
        return None
    number = int_or_none(accuracy)
    if number not in (2, 4, 6):
        raise ArgumentValueError(f"accuracy must be 2, 4, 6, or None for three-point rows, got {accuracy!r}")
    return number


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
