"""What linear layers, shapes and smooth elementwise functions of torch make of series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import factorial
from typing import Any

import torch
from torch.nn import functional

from .series import (
    RULES,
    Factor,
    Parts,
    Series,
    Unknown,
    algebra_of,
    composed,
    crossed,
    is_series,
    join,
    payload,
    rule,
)


def _sum(a: Any, b: Any, sign: int) -> Series:
    value = payload(a) + payload(b) if sign > 0 else payload(a) - payload(b)
    parts: Parts = {}
    for own, factor in ((a, 1), (b, sign)):
        if not is_series(own):
            continue
        for degree, (numbers, stack) in own.lifted(value.ndim).items():
            join(parts, degree, numbers, stack if factor > 0 else -stack)
    return Series(value, parts, algebra_of(a, b))


@rule("mul")
def _mul(a: Any, b: Any) -> Series:
    if not is_series(a):
        a, b = b, a
    value = a.value * payload(b)
    if not is_series(b):
        parts = {d: (numbers, stack * b) for d, (numbers, stack) in a.lifted(value.ndim).items()}
        return Series(value, parts, a.algebra)
    parts = {}
    own, other = a.lifted(value.ndim), b.lifted(value.ndim)
    for degree, (numbers, stack) in own.items():
        join(parts, degree, numbers, stack * b.value)
    for degree, (numbers, stack) in other.items():
        join(parts, degree, numbers, stack * a.value)
    for degree, found in crossed(own, other, a.algebra):
        join(parts, degree, *found)
    return Series(value, parts, a.algebra)


def _recurrent(start: Sequence[Any], rest: Callable[[list[Any], int], Any], order: int) -> list[Factor]:
    """The factors by a recurrence, beginning with the value and the slope."""
    c = list(start)
    while len(c) <= order:
        c.append(rest(c, len(c) - 1))
    return [(own, 1.0) for own in c[1 : order + 1]]


def _convolved(c: list[Any], n: int) -> Any:
    """The sum of c_i c_(n-i)."""
    total = 2 * sum(c[i] * c[n - i] for i in range(1, (n + 1) // 2)) + 2 * c[0] * c[n]
    return total + c[n // 2] ** 2 if n % 2 == 0 else total


@rule("tanh")
def _tanh(x: Series) -> Series:
    t = torch.tanh(x.value)
    slope = 1 - t * t
    if x.algebra.order <= 2:
        return composed(x, t, [(slope, 1.0), (t * slope, -1.0)][: x.algebra.order])
    return composed(x, t, _recurrent([t, slope], lambda c, n: -_convolved(c, n) / (n + 1), x.algebra.order))


@rule("sigmoid", "expit")
def _sigmoid(x: Series) -> Series:
    s = torch.sigmoid(x.value)  # s' = s (1 - s)
    start = [s, s * (1 - s)]
    rest = lambda c, n: (c[n] - _convolved(c, n)) / (n + 1)  # noqa: E731
    return composed(x, s, _recurrent(start, rest, x.algebra.order))


@rule("silu")
def _silu(x: Series, inplace: bool = False) -> Any:
    if inplace:
        raise Unknown("silu_")
    return Series(functional.silu(x.value), _mul(x, _sigmoid(x)).parts, x.algebra)


@rule("exp")
def _exp(x: Series) -> Series:
    e = torch.exp(x.value)
    return composed(x, e, [(e, 1 / factorial(n)) for n in range(1, x.algebra.order + 1)])


def _turning(x: Series, s: Any, c: Any) -> Series:
    """A function s with s' = c and c' = -s."""
    cycle = ((s, 1), (c, 1), (s, -1), (c, -1))
    terms = [(*cycle[n % 4], factorial(n)) for n in range(1, x.algebra.order + 1)]
    return composed(x, s, [(own, sign / by) for own, sign, by in terms])


@rule("pow")
def _pow(x: Any, exponent: Any) -> Any:
    if not is_series(x) or type(exponent) is not int or not 1 <= exponent <= 8:
        raise Unknown("pow")
    result = x
    for _ in range(exponent - 1):
        result = _mul(result, x)
    return Series(x.value**exponent, result.parts, x.algebra)  # the bits of the function


@rule("div")
def _div(a: Any, b: Any) -> Any:
    if not is_series(b):
        value = a.value / b
        parts = {d: (numbers, stack / b) for d, (numbers, stack) in a.lifted(value.ndim).items()}
        return Series(value, parts, a.algebra)
    raise Unknown("div")  # torch divides twice


@rule("linear")
def _linear(x: Any, weight: Any, bias: Any = None) -> Series:
    if not is_series(x) or is_series(weight) or is_series(bias) or x.value.ndim < 2:
        raise Unknown("linear")
    parts = {d: (numbers, functional.linear(stack, weight)) for d, (numbers, stack) in _contracted(x).items()}
    return Series(functional.linear(x.value, weight, bias), parts, x.algebra)


@rule("matmul")
def _matmul(a: Any, b: Any) -> Series:
    if is_series(a) and not is_series(b) and b.ndim == 2 and a.value.ndim >= 2:
        parts = {d: (numbers, stack @ b) for d, (numbers, stack) in _contracted(a).items()}
        return Series(a.value @ b, parts, a.algebra)
    raise Unknown("matmul")


def _contracted(x: Series) -> Parts:
    """The coefficients, in full along the last axis."""
    length = x.value.shape[-1]
    return {d: (numbers, stack if stack.shape[-1] == length else stack.expand(*stack.shape[:-1], length))
            for d, (numbers, stack) in x.parts.items()}  # fmt: skip


@rule("stack")
def _stack(tensors: Sequence[Any], dim: int = 0) -> Series:
    place = dim if dim < 0 else dim - tensors[0].ndim - 1
    return _together(tensors, lambda parts: torch.stack(parts, place), None)


@rule("cat", "concat", "concatenate")
def _cat(tensors: Sequence[Any], dim: int = 0) -> Series:
    place = dim if dim < 0 else dim - tensors[0].ndim
    return _together(tensors, lambda parts: torch.cat(parts, place), place)


def _together(tensors: Sequence[Any], joined: Callable[[list[Any]], Any], along: int | None) -> Series:
    """Several as one, with zeros where one has a coefficient and another has not."""
    parts: Parts = {}
    own = [a.parts if is_series(a) else {} for a in tensors]
    for degree in sorted({d for found in own for d in found}):
        numbers = tuple(dict.fromkeys(n for found in own for n in found.get(degree, ((), None))[0]))
        stacks = []
        for a, found in zip(tensors, own, strict=True):
            held, stack = found.get(degree, ((), None))
            if held != numbers:
                zero = payload(a).new_zeros((1,) * a.ndim) if stack is None else torch.zeros_like(stack[0])
                stack = torch.stack([stack[held.index(n)] if n in held else zero for n in numbers])
            stacks.append(stack)
        parts[degree] = numbers, joined(_aligned(stacks, tensors, along))
    return Series(joined([payload(a) for a in tensors]), parts, algebra_of(*tensors))


def _aligned(stacks: Sequence[Any], tensors: Sequence[Any], along: int | None) -> list[Any]:
    """Broadcast to one shape, but along the axis on which they are joined, where each is in full."""
    shape = [max(lengths) for lengths in zip(*(stack.shape for stack in stacks), strict=True)]
    result = []
    for stack, tensor in zip(stacks, tensors, strict=True):
        own = list(shape)
        if along is not None:
            own[along] = tensor.shape[along]
        result.append(stack.expand(own))
    return result


@rule("broadcast_tensors")
def _broadcast(*tensors: Any) -> tuple[Any, ...]:
    values = torch.broadcast_tensors(*map(payload, tensors))
    return tuple(
        Series(value, a.lifted(value.ndim), a.algebra) if is_series(a) else value
        for a, value in zip(tensors, values, strict=True)
    )


@rule("unsqueeze")
def _unsqueeze(x: Series, dim: int) -> Series:
    place = dim if dim < 0 else dim - x.value.ndim - 1
    return x.mapped(lambda own: own.unsqueeze(place))


@rule("getitem")
def _getitem(x: Any, index: Any) -> Series:
    index = index if isinstance(index, tuple) else (index,)
    if not is_series(x) or not all(i is None or i is ... or type(i) in (int, slice) for i in index):
        raise Unknown("getitem")
    parts = {d: (numbers, stack[(slice(None), *index)]) for d, (numbers, stack) in x.full().items()}
    return Series(x.value[index], parts, x.algebra)


def _reshaping(name: str) -> Callable[..., Series]:
    return lambda x, *args: x.reshaped(getattr(x.value, name)(*args))


RULES |= {name: _reshaping(name) for name in ("reshape", "view", "flatten", "squeeze", "unflatten")}
RULES |= {
    "add": lambda a, b: _sum(a, b, 1),
    "sub": lambda a, b: _sum(a, b, -1),
    "rsub": lambda a, b: _sum(b, a, -1),
    "neg": lambda a: a.mapped(torch.neg),
    "square": lambda x: _mul(x, x),
    "sin": lambda x: _turning(x, torch.sin(x.value), torch.cos(x.value)),
    "cos": lambda x: _turning(x, torch.cos(x.value), -torch.sin(x.value)),
    "contiguous": lambda x: x,
    "clone": lambda x: x,
    "expand": lambda x, *shape: x.expanded(x.value.expand(*shape).shape),
    "broadcast_to": lambda x, shape: x.expanded(x.value.broadcast_to(shape).shape),
}
