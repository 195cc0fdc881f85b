"""A function called once with the coordinates as series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from .._jets.algebra import Algebra, scale
from .._jets.mesh import Arrays
from .._jets.run import Task
from . import rules  # noqa: F401  it fills the table of `series`
from .series import Parts, Series, Unknown, is_series, join, recorded


def expanded(task: Task, outputs: Callable[..., Arrays]) -> list[list[Any]] | None:
    """The wanted derivatives of each output; None where the function has something without a rule."""
    algebra = task.algebra()
    token = recorded.set(torch.is_grad_enabled())
    try:
        results: Any = outputs(*[_seed(task, k, algebra) for k in range(len(task.mesh.coords))])
    except (Unknown, Exception):  # nested products say what is wrong
        return None
    finally:
        recorded.reset(token)
    if not all(map(is_series, results)) or (task.check and _are_others(results, task, outputs)):
        return None
    return [[_derivative(a, m, algebra) for m in task.wanted] for a in results]


def _are_others(results: Sequence[Series], task: Task, outputs: Callable[..., Arrays]) -> bool:
    """Whether the function computes something else of tensors: it can tell a series from one by its class."""
    with torch.no_grad():
        plain: Any = outputs(*task.mesh.coords)
        try:
            pairs = zip(results, plain, strict=True)
            return not all(torch.allclose(own.value, a, rtol=0, atol=0, equal_nan=True) for own, a in pairs)
        # of other shapes; or of values that are traced, and fall to nested products
        except (RuntimeError, ValueError):
            return True


def _seed(task: Task, k: int, algebra: Algebra) -> Series:
    """A coordinate, which moves at the rates of the directions."""
    c: Any = task.mesh.coords[k]
    rates: dict[int, Any] = {}
    for number, m in enumerate(algebra.monomials):
        rate = task.directions[m.index(1)][k] if sum(m) == 1 else None
        if rate is not None:
            rates[number] = c.new_full((1,) * c.ndim, rate) if isinstance(rate, float) else rate
    parts: Parts = {}
    for number, rate in rates.items():
        join(parts, 1, (number,), rate[None])
    return Series(c, parts, algebra)


def _derivative(a: Series, m: tuple[int, ...], algebra: Algebra) -> Any:
    degree = sum(m)
    if not degree:
        return a.value
    found = a.taken(algebra.monomials.index(m), degree)
    if found is None:
        return torch.zeros_like(a.value)
    found = found.to(a.value.dtype).expand(a.value.shape)
    return found * scale(m) if scale(m) > 1 else found
