"""Second-order series of functions as one node of torch's graph, whose way back makes no array for what it only cuts or adds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.autograd import forward_ad

from ..._backends.torch.tensors import is_plain_in_transforms
from ..._base.tracing import is_compiling
from .._jets.algebra import Algebra

Numbers = tuple[int, ...]
Plain = Callable[..., tuple[Any, Any]]  # both stacks of coefficients, in torch operations


def fits(tensors: Sequence[Any]) -> bool:
    """Whether the node may stand for the operations: real tensors of one shape beside their first axis, in a plain graph."""
    if not torch.is_grad_enabled() or is_compiling() or forward_ad._current_level >= 0:
        return False
    if torch._C._are_functorch_transforms_active() or not all(map(is_plain_in_transforms, tensors)):
        return False
    *stacks, slope, bend = tensors
    shape, dtype = slope.shape, slope.dtype
    return (
        dtype.is_floating_point
        and bend.shape == shape
        and all(stack.shape[1:] == shape for stack in stacks)
        and all(tensor.dtype == dtype for tensor in tensors)
        and any(tensor.requires_grad for tensor in tensors)
    )


class Second(torch.autograd.Function):  # type: ignore[misc]
    """``S1' = f' S1`` and ``S2' = f' S2 + n f''/2 (products of S1)``: of first and second coefficients and both derivatives.

    `rows` are the numbers of the coefficients that go in and come out, of both degrees.
    """

    @staticmethod
    def forward(ctx: Any, plain: Plain, rows: tuple[Numbers, Numbers, list[Numbers]], algebra: Algebra, n: float, *tensors: Any) -> Any:  # fmt: skip
        ctx.plain, ctx.rows, ctx.algebra, ctx.n = plain, rows, algebra, n
        ctx.save_for_backward(*tensors)
        return plain(*tensors)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        tensors = ctx.saved_tensors
        # a derivative of this derivative may be asked for, or `is_grads_batched` hides a batch of them
        if torch.is_grad_enabled() or not all(map(is_plain_in_transforms, grads)):
            with torch.enable_grad():
                return None, None, None, None, *_again(ctx, tensors, grads)
        return None, None, None, None, *_slopes(ctx, *tensors, *grads)


def _again(ctx: Any, tensors: Sequence[Any], grads: Sequence[Any]) -> list[Any]:
    """The way back in torch operations, of which there is a derivative again."""
    own = [tensor.view_as(tensor) for tensor in tensors]  # one tensor may be several of them
    wanted = [tensor for tensor, need in zip(own, ctx.needs_input_grad[4:], strict=True) if need]
    results = ctx.plain(*own)
    found = iter(torch.autograd.grad(results, wanted, grads, create_graph=True, allow_unused=True))
    return [next(found) if need else None for need in ctx.needs_input_grad[4:]]


def _slopes(
    ctx: Any, first: Any, second: Any, slope: Any, bend: Any, of_first: Any, of_second: Any
) -> list[Any]:
    """The same, added up in place."""
    numbers, others, (made,) = ctx.rows
    place = {number: row for row, number in enumerate(made)}
    by_first, by_second = of_first * slope, of_second * slope
    if made != others:
        by_second = by_second[[place[number] for number in others]]
    by_slope = first[0] * of_first[0]
    for own, g in zip(first[1:], of_first[1:], strict=True):
        by_slope.addcmul_(own, g)
    for number, own in zip(others, second, strict=True):
        by_slope.addcmul_(own, of_second[place[number]])
    by_bend = torch.zeros_like(bend)
    for i, own in enumerate(numbers):
        for j, other in enumerate(numbers[: i + 1]):
            k = ctx.algebra.table[own].get(other)
            if k is None:
                continue
            g, twice = of_second[place[k]], 1.0 if i == j else 2.0  # products come in both orders
            by_bend.addcmul_(g, first[i] * first[j], value=ctx.n * twice)
            share = g * bend
            by_first[i].addcmul_(share, first[j], value=ctx.n * 2)
            if i != j:
                by_first[j].addcmul_(share, first[i], value=ctx.n * 2)
    return [by_first, by_second, by_slope, by_bend]
