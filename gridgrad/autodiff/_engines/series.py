"""Taylor series of tensors: all derivatives of a network in one pass forward, each layer one product for all of a degree.

Linear layers and smooth elementwise functions have rules. All else raises `Unknown`, and nested forward products take over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from math import factorial
from typing import Any

import torch
from torch.nn import functional

from .._jets.algebra import Algebra, scale
from .._jets.mesh import Arrays
from .._jets.run import Task

Parts = dict[int, tuple[tuple[int, ...], Any]]  # by degree: numbers of monomials, and their coefficients along axis 0
PLAIN = {"shape", "dtype", "device", "ndim", "layout", "is_cuda", "is_sparse", "is_nested", "requires_grad", "_version", "dim", "size", "numel",
         "is_floating_point", "is_complex", "element_size"}  # fmt: skip
Places = slice | list[int] | None  # rows, None for all
RULES: dict[str, Callable[..., Any]] = {}
_recorded: ContextVar[bool] = ContextVar("recorded")  # whether graphs were, when the function was called


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
Series.__neg__ = lambda self: _applied("neg", (self,), {})  # type: ignore[attr-defined]
Series.__getitem__ = lambda self, index: _applied("getitem", (self, index), {})  # type: ignore[attr-defined]


def _is_series(a: object) -> bool:
    return type(a) is Series


def _applied(name: str, args: Any, kwargs: Any) -> Any:
    rule = RULES.get(ALIASES.get(name, name))
    if torch.is_grad_enabled() != _recorded.get():  # a torch.autograd.Function, whose derivative is another
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
    return a is None or _is_series(a) or isinstance(a, (torch.Tensor, int, float, slice, type(...)))


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


@rule("add")
def _add(a: Any, b: Any) -> Series:
    return _sum(a, b, 1)


@rule("sub")
def _sub(a: Any, b: Any) -> Series:
    return _sum(a, b, -1)


@rule("rsub")
def _rsub(a: Any, b: Any) -> Series:
    return _sum(b, a, -1)


def _sum(a: Any, b: Any, sign: int) -> Series:
    value = payload(a) + payload(b) if sign > 0 else payload(a) - payload(b)
    parts: Parts = {}
    for own, factor in ((a, 1), (b, sign)):
        if not _is_series(own):
            continue
        for degree, (numbers, stack) in own.lifted(value.ndim).items():
            _join(parts, degree, numbers, stack if factor > 0 else -stack)
    return Series(value, parts, _algebra(a, b))


def _join(parts: Parts, degree: int, numbers: tuple[int, ...], stack: Any) -> None:
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
    return a.value if _is_series(a) else a


def _algebra(*given: Any) -> Algebra:
    found: Algebra = next(a.algebra for a in given if _is_series(a))
    return found


@rule("neg")
def _neg(a: Series) -> Series:
    return a.mapped(torch.neg)


@rule("mul")
def _mul(a: Any, b: Any) -> Series:
    if not _is_series(a):
        a, b = b, a
    value = a.value * payload(b)
    if not _is_series(b):
        parts = {d: (numbers, stack * b) for d, (numbers, stack) in a.lifted(value.ndim).items()}
        return Series(value, parts, a.algebra)
    parts = {}
    own, other = a.lifted(value.ndim), b.lifted(value.ndim)
    for degree, (numbers, stack) in own.items():
        _join(parts, degree, numbers, stack * b.value)
    for degree, (numbers, stack) in other.items():
        _join(parts, degree, numbers, stack * a.value)
    for degree, found in crossed(own, other, a.algebra):
        _join(parts, degree, *found)
    return Series(value, parts, a.algebra)


def crossed(a: Parts, b: Parts, algebra: Algebra) -> list[tuple[int, tuple[tuple[int, ...], Any]]]:
    """The products of all coefficients, by degree."""
    found = []
    for d, (numbers, stack) in a.items():
        for e, (others, beside) in b.items():
            if d + e <= algebra.order:
                layers = algebra.products.get((numbers, others))
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
    parts: Parts = {}
    power = x.parts
    for n, factor in enumerate(factors, 1):
        for degree, (numbers, stack) in power.items():
            _join_multiple(parts, degree, numbers, stack, factor)
        following: Parts = {}
        for degree, found in crossed(power, x.parts, x.algebra) if n < len(factors) else ():
            _join(following, degree, *found)
        power = following
    return Series(value, parts, x.algebra)


def _join_multiple(
    parts: Parts, degree: int, numbers: tuple[int, ...], stack: Any, factor: Factor
) -> None:
    """Add coefficients times a factor."""
    tensor, number = factor
    held = parts.get(degree)
    if held is not None and held[0] == numbers:
        parts[degree] = numbers, torch.addcmul(held[1], stack, tensor, value=number)
    else:
        _join(parts, degree, numbers, (stack if number == 1 else stack * number) * tensor)


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


@rule("sin")
def _sin(x: Series) -> Series:
    return _turning(x, torch.sin(x.value), torch.cos(x.value))


@rule("cos")
def _cos(x: Series) -> Series:
    return _turning(x, torch.cos(x.value), -torch.sin(x.value))


@rule("square")
def _square(x: Series) -> Series:
    return _mul(x, x)


@rule("pow")
def _pow(x: Any, exponent: Any) -> Any:
    if not _is_series(x) or type(exponent) is not int or not 1 <= exponent <= 8:
        raise Unknown("pow")
    result = x
    for _ in range(exponent - 1):
        result = _mul(result, x)
    return Series(x.value**exponent, result.parts, x.algebra)  # the bits of the function


@rule("div")
def _div(a: Any, b: Any) -> Any:
    if not _is_series(b):
        value = a.value / b
        parts = {d: (numbers, stack / b) for d, (numbers, stack) in a.lifted(value.ndim).items()}
        return Series(value, parts, a.algebra)
    raise Unknown("div")  # torch divides twice


@rule("linear")
def _linear(x: Any, weight: Any, bias: Any = None) -> Series:
    if not _is_series(x) or _is_series(weight) or _is_series(bias) or x.value.ndim < 2:
        raise Unknown("linear")
    parts = {d: (numbers, functional.linear(stack, weight)) for d, (numbers, stack) in _contracted(x).items()}
    return Series(functional.linear(x.value, weight, bias), parts, x.algebra)


@rule("matmul")
def _matmul(a: Any, b: Any) -> Series:
    if _is_series(a) and not _is_series(b) and b.ndim == 2 and a.value.ndim >= 2:
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
    own = [a.parts if _is_series(a) else {} for a in tensors]
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
    return Series(joined([payload(a) for a in tensors]), parts, _algebra(*tensors))


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
        Series(value, a.lifted(value.ndim), a.algebra) if _is_series(a) else value
        for a, value in zip(tensors, values, strict=True)
    )


def _reshaping(name: str) -> Callable[..., Series]:
    return lambda x, *args: x.reshaped(getattr(x.value, name)(*args))


for _name in ("reshape", "view", "flatten", "squeeze", "unflatten"):
    RULES[_name] = _reshaping(_name)
RULES["contiguous"] = RULES["clone"] = lambda x: x
RULES["expand"] = lambda x, *shape: x.expanded(x.value.expand(*shape).shape)
RULES["broadcast_to"] = lambda x, shape: x.expanded(x.value.broadcast_to(shape).shape)


@rule("unsqueeze")
def _unsqueeze(x: Series, dim: int) -> Series:
    place = dim if dim < 0 else dim - x.value.ndim - 1
    return x.mapped(lambda own: own.unsqueeze(place))


@rule("getitem")
def _getitem(x: Any, index: Any) -> Series:
    index = index if isinstance(index, tuple) else (index,)
    if not _is_series(x) or not all(i is None or i is ... or type(i) in (int, slice) for i in index):
        raise Unknown("getitem")
    parts = {d: (numbers, stack[(slice(None), *index)]) for d, (numbers, stack) in x.full().items()}
    return Series(x.value[index], parts, x.algebra)


def expanded(task: Task, outputs: Callable[..., Arrays]) -> list[list[Any]] | None:
    """The wanted derivatives of each output; None where the function has something without a rule."""
    algebra = task.algebra()
    token = _recorded.set(torch.is_grad_enabled())
    try:
        results: Any = outputs(*[_seed(task, k, algebra) for k in range(len(task.mesh.coords))])
    except (Unknown, Exception):  # nested products say what is wrong
        return None
    finally:
        _recorded.reset(token)
    if not all(map(_is_series, results)) or (task.check and _are_others(results, task, outputs)):
        return None
    return [[_derivative(a, m, algebra) for m in task.wanted] for a in results]


def _are_others(results: Sequence[Series], task: Task, outputs: Callable[..., Arrays]) -> bool:
    """Whether the function computes something else of tensors: it can tell a series from one by its class."""
    with torch.no_grad():
        plain: Any = outputs(*task.mesh.coords)
        try:
            pairs = zip(results, plain, strict=True)
            return not all(torch.allclose(own.value, a, rtol=0, atol=0, equal_nan=True) for own, a in pairs)
        except (RuntimeError, ValueError):  # other shapes; or values that are traced, and fall to nested products
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
        _join(parts, 1, (number,), rate[None])
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
