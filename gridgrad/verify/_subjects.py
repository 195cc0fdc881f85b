"""The operators by name: each on a grid, its exact counterpart for a function, and its stated order."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np

from .. import autodiff
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Array
from .._operators.operator import AnyOperator
from ..autodiff._jets.algebra import units
from ..autodiff._typed import Engine, Function
from ..grid import Grid
from ._ends import Parts, name_of

Result = TypeVar("Result")
Options = dict[str, Any]  # of an operator, by name


class Subject(NamedTuple):
    """An operator of one grid, or a function of samples, and what it should give."""

    operator: Any
    exact: object  # nested arrays of the grid's shape; None where the caller brings them
    names: list[str]  # of the components


def parts(values: object) -> list[Array]:
    """All arrays in nested tuples and lists."""
    if isinstance(values, (list, tuple)):
        return [part for value in values for part in parts(value)]
    return [cast(Array, values)]


def sampled(function: Function, coordinates: tuple[Array, ...], engine: Engine) -> Array | tuple[Array, ...]:
    """The function on the mesh: an array, or a tuple of them for several outputs."""
    return autodiff.derivative(function, *coordinates, orders=(0,) * len(coordinates), engine=engine)


def subject(
    name: str, function: Function, grid: Grid, engine: Engine, wanted: bool, options: Options
) -> Subject:
    """The operator called `name` on a grid; its exact values if they are wanted."""
    if name not in _MAKERS:
        raise ArgumentValueError(f"unknown operator {name!r}; allowed are {', '.join(map(repr, _MAKERS))}")
    _check_options(name, options)
    made: Subject = _MAKERS[name](grid, Exact(function, grid, engine, wanted), **options)
    return made


def _check_options(name: str, options: Options) -> None:
    """Refuse options that are none of the operator's, or too few, where its own error would not."""
    parameters = signature(_MAKERS[name]).parameters.values()
    own = {p.name: p.default is p.empty for p in parameters if p.kind is p.KEYWORD_ONLY}
    missing = [word for word, needed in own.items() if needed and word not in options]
    is_open = any(p.kind is p.VAR_KEYWORD for p in parameters)
    odd = [word for word in options if word not in own] if missing or not is_open else []
    if missing or odd:
        got = f", got {', '.join(f'{word}=' for word in odd)}" if odd else ""
        words = " and ".join(f"{word}=" for word in own)
        raise ArgumentTypeError(
            f"operator={name!r} takes {words}{got}; fields among them are numbers or functions of the coordinates, k=lambda x: 1 + x**2"
        )


class Exact:
    """Exact derivatives of the function on the grid's mesh, each computed when it is asked for."""

    def __init__(self, function: Function, grid: Grid, engine: Engine, wanted: bool) -> None:
        self.function, self.grid, self.engine, self.wanted = function, grid, engine, wanted

    def field(self, coefficient: object) -> Array:
        """A coefficient: a number as it is, a function on the mesh."""
        if callable(coefficient):
            return cast(Array, sampled(coefficient, self.grid.coordinates, self.engine))
        number = cast(Array, coefficient)
        if np.ndim(number):
            raise ArgumentTypeError(
                "a coefficient is a number or a function of the coordinates here, so that it can be refined; got an array"
            )
        return number

    def __call__(
        self, derivative: Callable[..., Result], function: Function | None = None, **keywords: object
    ) -> Result | None:
        """One of the functions of `gridgrad.autodiff` applied; None where nothing is wanted."""
        if not self.wanted:
            return None
        own = self.function if function is None else function
        return derivative(own, *self.grid.coordinates, engine=self.engine, **keywords)

    def gradient(self, function: Function | None = None) -> tuple[Array, ...] | None:
        """All first derivatives, as a tuple also on one axis."""
        found: object = self(autodiff.gradient, function)
        return None if found is None else tuple(parts(found))


def _by_name(name: str, names: Callable[[int], list[str]]) -> Callable[..., Subject]:
    """What a grid and `gridgrad.autodiff` have under one name, with its components on so many axes."""

    def make(grid: Grid, exact: Exact, /, **options: object) -> Subject:
        operator = getattr(grid, name).with_(**options)
        return Subject(operator, exact(getattr(autodiff, name)), names(grid.ndim))

    return make


def _vector_laplacian(grid: Grid, exact: Exact, **options: object) -> Subject:
    operator = grid.vector_laplacian.with_(**options)
    twice = [exact(autodiff.derivative, orders=tuple(2 * e for e in unit)) for unit in units(grid.ndim)]
    values = [parts(part) for part in twice] if exact.wanted else []
    total = tuple(sum(terms) for terms in zip(*values, strict=True)) if exact.wanted else None
    return Subject(operator, total, [f"laplacian F{a}" for a in range(grid.ndim)])


def _derivative(grid: Grid, exact: Exact, *, axis: int = -1, order: int = 1, **options: Any) -> Subject:
    place = grid.clean_axis(axis)
    operator = grid.derivative(place, order, **options)
    orders = tuple(order * (a == place) for a in range(grid.ndim))
    return Subject(operator, exact(autodiff.derivative, orders=orders), [f"d{place}" * order])


def _biharmonic(grid: Grid, exact: Exact, **options: object) -> Subject:
    operator, axes = grid.biharmonic.with_(**options), range(grid.ndim)
    pairs = [tuple(2 * ((c == a) + (c == b)) for c in axes) for a in axes for b in axes]
    values = [exact(autodiff.derivative, orders=orders) for orders in pairs]
    return Subject(operator, sum(parts(values)) if exact.wanted else None, ["biharmonic"])


def _mixed_derivative(
    grid: Grid, exact: Exact, *, axis: int = 0, other: int = 1, orders: tuple[int, int] = (1, 1), accuracy: int | None = None
) -> Subject:  # fmt: skip
    if grid.ndim < 2:
        raise ArgumentValueError(f"mixed_derivative needs a grid of at least 2 axes, not {grid.ndim}")
    operator = grid.mixed_derivative(axis, other, orders, accuracy)
    own = {grid.clean_axis(axis): orders[0], grid.clean_axis(other): orders[1]}
    wanted = tuple(own.get(a, 0) for a in range(grid.ndim))
    return Subject(operator, exact(autodiff.derivative, orders=wanted), ["mixed derivative"])


def _directional_derivative(grid: Grid, exact: Exact, *, v: object) -> Subject:
    return _along(grid, exact, v, grid.directional_derivative)


def _advect(grid: Grid, exact: Exact, *, v: object, **options: Any) -> Subject:
    return _along(grid, exact, v, lambda fields: grid.advect(fields, **options))


def _along(grid: Grid, exact: Exact, v: object, make: Callable[[list[Array]], AnyOperator]) -> Subject:
    fields = [exact.field(part) for part in (v if isinstance(v, (list, tuple)) else [v])]
    operator = make(fields)
    slopes = exact.gradient()
    total = None if slopes is None else sum(a * b for a, b in zip(fields, slopes, strict=True))
    return Subject(operator, total, [name_of(operator)])


def _diffuse(grid: Grid, exact: Exact, *, k: object) -> Subject:
    operator = grid.diffuse(exact.field(k))
    total = exact(autodiff.laplacian)
    if total is not None:
        total = exact.field(k) * total
        if callable(k):
            of_k, of_f = exact.gradient(k), exact.gradient()
            assert of_k is not None
            assert of_f is not None
            products = [a * b for a, b in zip(of_k, of_f, strict=True)]
            total = total + sum(products)
    return Subject(operator, total, ["diffuse"])


def _of_squares(name: str, size: Callable[[Array], Array]) -> Callable[..., Subject]:
    """What is made of the sum of squared slopes."""

    def make(grid: Grid, exact: Exact, /, **options: object) -> Subject:
        slopes = exact.gradient()
        if slopes is not None and any(np.iscomplexobj(slope) for slope in slopes):
            raise ArgumentTypeError(f"{name} of a complex function: verify its real and its imaginary part")
        squares = None if slopes is None else np.sum([np.abs(slope) ** 2 for slope in slopes], axis=0)
        operator = getattr(grid, name).with_(**options)
        return Subject(operator, None if squares is None else size(squares), [name.replace("_", " ")])

    return make


_MAKERS: dict[str, Callable[..., Subject]] = {
    "gradient": _by_name("gradient", lambda n: [f"d{a}" for a in range(n)]),
    "derivative": _derivative, "mixed_derivative": _mixed_derivative,
    "divergence": _by_name("divergence", lambda n: ["divergence"]),
    "curl": _by_name("curl", lambda n: ["curl"] if n == 2 else [f"curl {a}" for a in range(n)]),
    "jacobian": _by_name("jacobian", lambda n: [f"d{b} F{a}" for a in range(n) for b in range(n)]),
    "hessian": _by_name("hessian", lambda n: [f"d{a} d{b}" for a in range(n) for b in range(n)]),
    "laplacian": _by_name("laplacian", lambda n: ["laplacian"]),
    "biharmonic": _biharmonic, "vector_laplacian": _vector_laplacian, "diffuse": _diffuse,
    "directional_derivative": _directional_derivative, "advect": _advect,
    "gradient_norm": _of_squares("gradient_norm", np.sqrt), "gradient_squared": _of_squares("gradient_squared", np.asarray),
}  # fmt: skip

_EVEN = {"laplacian", "biharmonic", "vector_laplacian", "hessian", "diffuse"}


def stated_order(name: str, edge_order: int, irregular: bool, options: Options) -> Parts:
    """What the documentation promises, by the table of operators in README.md."""
    accuracy, form = options.get("accuracy"), options.get("form", "compact")
    orders = (options.get("order", 1), *options.get("orders", ()))
    even = name in _EVEN or any(order % 2 == 0 for order in orders)
    if accuracy is not None:
        return Parts(accuracy, accuracy)
    if options.get("side") is not None:
        return Parts(1, 1)
    if options.get("upwind") is not None:
        return Parts(options["upwind"], options["upwind"])
    inside = 1 if even and irregular else 2
    if form == "wide":
        return Parts(inside, 1)
    if form == "conservative":  # where no flux is what the function has, too
        return Parts(inside, inside)
    if name == "diffuse":  # two only where the coefficient is even
        return Parts(inside, 1)
    return Parts(inside, min(edge_order, inside))
