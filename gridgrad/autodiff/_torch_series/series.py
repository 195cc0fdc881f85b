"""`Series`: a tensor with its Taylor coefficients, which torch's functions and Python's operators compute with by rules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import torch

from .._jets.algebra import Algebra
from . import fused

# by degree: numbers of monomials, and their coefficients along axis 0
Parts = dict[int, tuple[tuple[int, ...], Any]]
PLAIN = {"shape", "dtype", "device", "ndim", "layout", "is_cuda", "is_sparse", "is_nested", "requires_grad", "_version", "dim", "size", "numel",
         "is_floating_point", "is_complex", "element_size"}  # fmt: skip
Places = slice | list[int] | None  # rows, None for all
RULES: dict[str, Callable[..., Any]] = {}
recorded: ContextVar[bool] = ContextVar("recorded")  # whether graphs were, when the function was called


class Unknown(BaseException):
    """What has no rule. Not an Exception: a function that catches those must not go on without it."""


class Series:
    """A tensor and its Taylor coefficients beside it, which torch's functions and Python's operators compute with.

    No subclass of tensors: compiled code cannot take one for its value alone.

    Coefficients have the axes of the tensor, of length 1 where they do not depend on one.
    """

    __slots__ = ("algebra", "parts", "value")
    __hash__ = None  # type: ignore[assignment]
    __array_ufunc__ = None

    def __init__(self, value: Any, parts: Parts, algebra: Algebra) -> None:
        self.value, self.parts, self.algebra = value, parts, algebra

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _applied(getattr(func, "__name__", ""), args, kwargs or {})

    def __getattr__(self, name: str) -> Any:
        if name in PLAIN:
            return getattr(self.value, name)
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in RULES:
            raise Unknown(name)
        return lambda *args, **kwargs: _applied(name, (self, *args), kwargs)

    def __neg__(self) -> Any:
        return _applied("neg", (self,), {})

    def __getitem__(self, index: Any) -> Any:
        return _applied("getitem", (self, index), {})

    def mapped(self, function: Callable[[Any], Any]) -> Series:
        """A linear function of value and coefficients, of which each degree has an axis in front."""
        parts = {degree: (numbers, function(stack)) for degree, (numbers, stack) in self.parts.items()}
        return Series(function(self.value), parts, self.algebra)

    def reshaped(self, value: Any) -> Series:
        """The same numbers in the same order in the shape of `value`, which has them already."""
        parts = {d: (numbers, stack.reshape(len(numbers), *value.shape))
                 for d, (numbers, stack) in self.full().items()}  # fmt: skip
        return Series(value, parts, self.algebra)

    def full(self) -> Parts:
        """The coefficients in the shape of the tensor."""
        shape = tuple(self.value.shape)
        return {d: (numbers, stack if tuple(stack.shape[1:]) == shape else stack.expand(len(numbers), *shape))
                for d, (numbers, stack) in self.parts.items()}  # fmt: skip

    def expanded(self, shape: Sequence[int]) -> Series:
        """Broadcast to a shape."""
        return Series(self.value.expand(shape), self.lifted(len(shape)), self.algebra)

    def lifted(self, ndim: int) -> Parts:
        """The coefficients as those of a tensor of so many axes."""
        more = ndim - self.value.ndim
        if more <= 0:
            return self.parts
        return {d: (numbers, stack.reshape(len(numbers), *(1,) * more, *stack.shape[1:]))
                for d, (numbers, stack) in self.parts.items()}  # fmt: skip

    def taken(self, number: int, degree: int) -> Any | None:
        """One coefficient; None where it is 0."""
        numbers, stack = self.parts.get(degree, ((), None))
        return stack[numbers.index(number)] if number in numbers else None


def _operator(name: str, *, reflected: bool = False) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        return _applied(name, (other, self) if reflected else (self, other), {})

    return method


def _refused(name: str) -> Callable[..., Any]:
    def method(self: Any, *_: Any) -> Any:
        raise Unknown(name)

    return method


for _name in ("add", "sub", "mul", "truediv", "pow", "matmul"):
    setattr(Series, f"__{_name}__", _operator(_name))
    setattr(Series, f"__r{_name}__", _operator(_name, reflected=True))
for _name in (
    "iadd", "isub", "imul", "itruediv", "ipow", "imatmul", "setitem", "bool", "float", "int", "index", "iter", "contains", "array", "complex",
    "mod", "rmod", "floordiv", "rfloordiv", "abs", "lt", "le", "gt", "ge", "eq", "ne", "and", "or", "xor", "invert", "len", "copy",
    "deepcopy", "reduce_ex",
):  # fmt: skip
    setattr(Series, f"__{_name}__", _refused(_name))


def is_series(a: object) -> bool:
    """Whether it is one."""
    return type(a) is Series


def _applied(name: str, args: Any, kwargs: Any) -> Any:
    rule = RULES.get(ALIASES.get(name, name))
    if torch.is_grad_enabled() != recorded.get():  # a torch.autograd.Function, whose derivative is another
        raise Unknown(name)
    if rule is None or not all(_is_plain(a) for a in (*args, *kwargs.values())):
        raise Unknown(name)
    try:
        return rule(*args, **kwargs)
    except TypeError as error:  # other words than the rule has
        raise Unknown(name) from error


def _is_plain(a: object) -> bool:
    """What rules are made for."""
    if isinstance(a, (tuple, list)):
        return all(map(_is_plain, a))
    return a is None or is_series(a) or isinstance(a, (torch.Tensor, int, float, slice, type(...)))


def rule(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function in the table."""

    def entered(function: Callable[..., Any]) -> Callable[..., Any]:
        RULES.update(dict.fromkeys(names, function))
        return function

    return entered


ALIASES = {
    "__add__": "add", "__radd__": "add", "__sub__": "sub", "subtract": "sub", "__mul__": "mul", "__rmul__": "mul",
    "multiply": "mul", "truediv": "div", "divide": "div", "true_divide": "div", "__truediv__": "div", "__div__": "div",
    "__rtruediv__": "rdiv", "__rdiv__": "rdiv", "__rsub__": "rsub", "__pow__": "pow", "__matmul__": "matmul",
    "mm": "matmul", "__getitem__": "getitem", "negative": "neg", "__neg__": "neg", "__rmatmul__": "rmatmul",
}  # fmt: skip


def join(parts: Parts, degree: int, numbers: tuple[int, ...], stack: Any) -> None:
    """Add coefficients of a degree."""
    if degree not in parts:
        parts[degree] = numbers, stack
        return
    own, held = parts[degree]
    if own == numbers:
        parts[degree] = own, held + stack
        return
    rows: dict[int, Any] = dict(zip(own, held, strict=True))
    for number, row in zip(numbers, stack, strict=True):
        rows[number] = rows[number] + row if number in rows else row
    shape = torch.broadcast_shapes(*[row.shape for row in rows.values()])
    parts[degree] = tuple(rows), torch.stack([row.expand(shape) for row in rows.values()])


def payload(a: Any) -> Any:
    """The value."""
    return a.value if is_series(a) else a


def algebra_of(*given: Any) -> Algebra:
    """That of the first series."""
    found: Algebra = next(a.algebra for a in given if is_series(a))
    return found


def crossed(a: Parts, b: Parts, algebra: Algebra) -> list[tuple[int, tuple[tuple[int, ...], Any]]]:
    """The products of all coefficients, by degree."""
    found = []
    for d, (numbers, stack) in a.items():
        for e, (others, beside) in b.items():
            if d + e <= algebra.order:
                layers: Any = algebra.products.get((numbers, others))
                if layers is None:
                    layers = algebra.products[numbers, others] = _pairs(algebra, numbers, others)
                for own, left, right in layers:
                    found.append((d + e, (own, _rows(stack, left) * _rows(beside, right))))
    return found


def _pairs(
    algebra: Algebra, numbers: tuple[int, ...], others: tuple[int, ...]
) -> list[tuple[tuple[int, ...], Places, Places]]:
    """Which products belong to which monomials; mostly one layer, of each monomial once."""
    pairs: dict[int, list[tuple[int, int]]] = {}
    for i, own in enumerate(numbers):
        for j, other in enumerate(others):
            k = algebra.table[own].get(other)
            if k is not None:
                pairs.setdefault(k, []).append((i, j))
    layers = []
    for layer in range(max(map(len, pairs.values()), default=0)):
        chosen = {k: places[layer] for k, places in pairs.items() if layer < len(places)}
        left, right = ([place[n] for place in chosen.values()] for n in (0, 1))
        layers.append((tuple(chosen), _slice_of(left, len(numbers)), _slice_of(right, len(others))))
    return layers


def _slice_of(places: list[int], count: int) -> Places:
    """Rows as a slice, where they are one; None of all."""
    start = places[0]
    if places != list(range(start, start + len(places))):
        return places
    return None if len(places) == count else slice(start, start + len(places))


def _rows(stack: Any, places: Places) -> Any:
    if places is None:
        return stack
    return stack[places] if isinstance(places, slice) else torch.stack([stack[place] for place in places])


Factor = tuple[Any, float]  # a tensor, and a number that multiplies it


def composed(x: Series, value: Any, factors: Sequence[Factor]) -> Series:
    """A function of one series, the sum of ``f^(n)(x0)/n! h^n``; `factors` are these of h, which is all but the value."""
    parts = _in_one_node(x, factors) or _composed(x.parts, factors, x.algebra)
    return Series(value, parts, x.algebra)


def _composed(own: Parts, factors: Sequence[Factor], algebra: Algebra) -> Parts:
    """The coefficients of such a sum, in torch operations."""
    parts: Parts = {}
    power = own
    for n, factor in enumerate(factors, 1):
        for degree, (numbers, stack) in power.items():
            _join_multiple(parts, degree, numbers, stack, factor)
        following: Parts = {}
        for degree, found in crossed(power, own, algebra) if n < len(factors) else ():
            join(following, degree, *found)
        power = following
    return parts


def _in_one_node(x: Series, factors: Sequence[Factor]) -> Parts | None:
    """The same, where there are derivatives of both degrees in a plain graph."""
    if set(x.parts) != {1, 2} or len(factors) != 2 or factors[0][1] != 1:
        return None
    (numbers, first), (others, second) = x.parts[1], x.parts[2]
    (slope, _), (bend, n) = factors
    tensors = first, second, slope, bend
    if not fused.fits(tensors):
        return None
    algebra, made = x.algebra, [others]

    def plain(first: Any, second: Any, slope: Any, bend: Any) -> tuple[Any, Any]:
        parts = _composed({1: (numbers, first), 2: (others, second)}, [(slope, 1.0), (bend, n)], algebra)
        made[0] = parts[2][0]
        return parts[1][1], parts[2][1]

    rows = numbers, others, made
    results = fused.Second.apply(plain, rows, algebra, n, *tensors)
    return {1: (numbers, results[0]), 2: (made[0], results[1])}


def _join_multiple(parts: Parts, degree: int, numbers: tuple[int, ...], stack: Any, factor: Factor) -> None:
    """Add coefficients times a factor."""
    tensor, number = factor
    held = parts.get(degree)
    if held is not None and held[0] == numbers:
        parts[degree] = numbers, torch.addcmul(held[1], stack, tensor, value=number)
    else:
        join(parts, degree, numbers, (stack if number == 1 else stack * number) * tensor)
