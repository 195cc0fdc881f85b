"""Every operator as a function of plain arrays, for tests that differentiate it in one library or another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from operator_cases import CASES, coefficients_of, random_field, setting

SHAPE = (4, 5)
DERIVED = {  # name: the case whose fields and coefficients it takes, and what is made of the grid and the operator
    "gradient norm": ("laplacian", lambda g, c, op: g.gradient_norm),
    "gradient squared": ("laplacian", lambda g, c, op: g.gradient_squared),
    "adjoint of divergence": ("gradient", lambda g, c, op: g.divergence.adjoint_operator()),
    "quadrature adjoint": ("laplacian", lambda g, c, op: op.adjoint_operator("quadrature")),
    "adjoint of advect": ("advect", lambda g, c, op: op.adjoint_operator()),
    "adjoint of diffuse": ("diffuse", lambda g, c, op: op.adjoint_operator()),
    "identity": ("laplacian", lambda g, c, op: g.identity),
    "implicit step": ("laplacian", lambda g, c, op: g.identity - 0.1 * op),
    "sum": ("diffuse", lambda g, c, op: op - 0.5 * g.laplacian + g.advect([c, 2.0])),
    "product": ("laplacian", lambda g, c, op: g.divergence @ g.gradient + op),
}
NAMES = [*CASES, *DERIVED]
LINEAR = [name for name in NAMES if name not in ("gradient norm", "gradient squared")]


class Call(NamedTuple):
    """``function(*fields, *coefficients)`` gives the components of the result as a tuple."""

    function: Callable[..., tuple[Any, ...]]
    fields: list[Any]
    coefficients: list[Any]


def call_of(name: str, rng: Any, dtype: Any = np.float64, edge_order: int = 2, shape: Any = SHAPE) -> Call:
    """An operator on a non-uniform grid whose axes end in different ways, and random arrays for it."""
    kind, change = DERIVED.get(name, (name, lambda g, c, op: op))
    case, grid = CASES[kind], setting("coordinates", "each another", shape, edge_order).grid
    count = len(shape) if case.vector else 1
    given = coefficients_of(kind, rng, shape, len(shape), dtype)
    if case.coefficients == "diffusivity" and np.dtype(dtype).kind == "c":
        given = given * np.exp(0.3j)
    coefficients = [] if given is None else given if isinstance(given, list) else [given]

    def function(*arrays: Any) -> tuple[Any, ...]:
        own = arrays[count:]
        c = list(own) if case.coefficients == "velocity" else own[0] if own else None
        operator = change(grid, c, case.make(grid, c))
        return tuple(parts(operator(list(arrays[:count]) if count > 1 else arrays[0])))

    return Call(function, [random_field(rng, shape, dtype) for _ in range(count)], coefficients)


class Dense(NamedTuple):
    """The result is ``(matrix + sum_k c_k * slopes[k]) f`` of flat fields and coefficients."""

    matrix: Any  # (rows, fields)
    slopes: Any  # (coefficients, rows, fields)


def dense_of(call: Call) -> Dense:
    """An operator column by column, from NumPy's results for unit vectors."""
    sizes = [[np.zeros_like(a) for a in group] for group in (call.fields, call.coefficients)]

    def columns(coefficients: Any, function: Any = call.function) -> Any:
        rows = [np.stack(function(*f, *coefficients)).ravel() for f in units(sizes[0])]
        return np.stack(rows, axis=1)

    plain = columns(sizes[1])
    slopes = [columns(c) - plain for c in units(sizes[1])]
    return Dense(plain, np.array(slopes).reshape(len(slopes), *plain.shape))


def dense_gradient(call: Call, edge_order: int = 2) -> Dense:
    """The gradient whose norm or square ``call_of("gradient norm", ...)`` gives."""
    grid = setting("coordinates", "each another", call.fields[0].shape, edge_order).grid
    return dense_of(call._replace(function=lambda f: tuple(grid.gradient(f))))


def units(arrays: list[Any]) -> Iterator[list[Any]]:
    """Copies in which one number is 1, for every number."""
    for k, a in enumerate(arrays):
        for place in range(a.size):
            copies = [other.copy() for other in arrays]
            copies[k].flat[place] = 1
            yield copies


def parts(result: Any) -> list[Any]:
    """The components of a result, in order."""
    return [a for part in result for a in parts(part)] if isinstance(result, tuple) else [result]
