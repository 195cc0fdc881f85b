"""`gradient` differentiated by its coordinates and steps, under torch's autograd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch

from . import _execute_torch
from ._adjoint import adjoint_terms
from ._arguments import clean, clean_axis, clean_periodic, per_axis, per_axis_spacing
from ._errors import ArgumentTypeError
from ._plan import Term
from ._stencils import Stencil
from ._torch_tensors import is_differentiated, is_plain_in_transforms


class Way(NamedTuple):
    """How one axis is differentiated; its coordinates or step are a tensor of their own."""

    axis: int
    edge_order: int
    periodic: bool
    period: Any


def carries_derivative(spacing: Any) -> bool:
    """Whether a spacing is a tensor through which a derivative is being taken."""
    return isinstance(spacing, torch.Tensor) and (spacing.requires_grad or is_differentiated(spacing))


def gradient_by_coordinates(
    f: Any, spacings: Sequence[Any], axis: Any, edge_order: int, periodic: Any = False, period: Any = None
) -> Any:
    """As `gradient`, also differentiable by those spacings that are tensors."""
    f = _execute_torch.samples(f)
    axes = clean_axis(axis, f.ndim)
    values = per_axis_spacing(tuple(spacings), len(axes))
    plain = [concrete(value) for value in values]
    cleaned = clean(tuple(f.shape), tuple(plain), axes, edge_order, periodic, period)
    wraps = per_axis("periodic", periodic, axes, clean_periodic)
    periods = per_axis("period", period, axes, lambda value, _: value)
    f = f if f.is_floating_point() or f.is_complex() else f.to(_execute_torch.result_dtype(f))
    results = []
    for a, stencil, value, wrap, length in zip(
        cleaned.axes, cleaned.stencils, values, wraps, periods, strict=True
    ):
        if carries_derivative(value):
            results.append(along(f, value, Way(a, edge_order, wrap, length), stencil))
        else:
            results += _execute_torch.operate((Term(0, 0, a, stencil),), [f], 1, None, None)
    return results[0] if len(results) == 1 else tuple(results)


def concrete(value: Any) -> Any:
    """The numbers of a spacing, without its derivative."""
    if not carries_derivative(value):
        return value
    functorch = torch._C._functorch
    while functorch.is_functorch_wrapped_tensor(value) and not functorch.is_batchedtensor(value):
        value = functorch.get_unwrapped(value)
    if functorch.is_functorch_wrapped_tensor(value):
        raise ArgumentTypeError(
            "a spacing is mapped by torch.func.vmap, so there is no one grid; map over f only, or loop over the spacings"
        )
    with torch._C._DisableFuncTorch():
        return value.detach().numpy(force=True)


def _has_dual_level() -> bool:
    return bool(torch.autograd.forward_ad._current_level >= 0)


def along(f: Any, x: Any, way: Way, stencil: Stencil) -> Any:
    """One axis: by kernels where only the reverse mode is asked for, else as torch operations."""
    eager = is_plain_in_transforms(f) and is_plain_in_transforms(x) and not _has_dual_level()
    wrapped = any(torch._C._functorch.is_functorch_wrapped_tensor(tensor) for tensor in (f, x))
    if eager and not wrapped:
        return ByCoordinates.apply(f, x, way, stencil)
    return rows(f, x, way)


class ByCoordinates(torch.autograd.Function):  # type: ignore[misc]
    """The kernel's gradient; its backward pass is the adjoint kernel and, for x, sums over other axes."""

    @staticmethod
    def forward(f: Any, x: Any, way: Way, stencil: Stencil) -> Any:
        return _execute_torch.operate((Term(0, 0, way.axis, stencil),), [f], 1, None, None)[0]

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        f, x, ctx.way, ctx.stencil = inputs
        ctx.save_for_backward(f, x)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        f, x = ctx.saved_tensors
        if torch.is_grad_enabled():  # a derivative of this derivative may be asked for
            wanted = [tensor for tensor, needed in zip((f, x), ctx.needs_input_grad, strict=False) if needed]
            found = iter(torch.autograd.grad(rows(f, x, ctx.way), wanted, g, create_graph=True))
            return *(next(found) if needed else None for needed in ctx.needs_input_grad[:2]), None, None
        of_f = of_x = None
        if ctx.needs_input_grad[0]:
            terms = adjoint_terms((Term(0, 0, ctx.way.axis, ctx.stencil),))
            (of_f,) = _execute_torch.operate(terms, [g], 1, None, None)
        if ctx.needs_input_grad[1]:
            of_x = _of_coordinates(f, x, g, ctx.way)
        return of_f, of_x, None, None


def rows(f: Any, x: Any, way: Way) -> Any:
    """Formula (1) and its ends in torch operations, differentiable by everything."""
    f = f.movedim(way.axis, -1)
    lower, upper, ends = _weights(x, f.shape[-1], way)
    slopes = _differences(f, way)
    kind = f.real.dtype if f.is_complex() else f.dtype
    inner = lower.to(kind) * slopes[..., :-1] + upper.to(kind) * slopes[..., 1:]
    if way.periodic:
        return inner.movedim(-1, way.axis)
    first = sum(w.to(kind) * slopes[..., k] for k, w in enumerate(ends[0]))
    last = sum(w.to(kind) * slopes[..., -1 - k] for k, w in enumerate(ends[1]))
    return torch.cat([first[..., None], inner, last[..., None]], dim=-1).movedim(-1, way.axis)


def _differences(f: Any, way: Way) -> Any:
    """``f[i+1] - f[i]`` along the last axis, all round on a periodic one."""
    if way.periodic:
        f = torch.cat([f[..., -1:], f, f[..., :1]], dim=-1)
    return f[..., 1:] - f[..., :-1]


def _weights(x: Any, n: int, way: Way) -> tuple[Any, Any, tuple[list[Any], list[Any]]]:
    """Lower and upper weights of the interior rows, and those of the differences next to each end."""
    steps = x.expand(n - 1) if x.ndim == 0 else x[1:] - x[:-1]
    if way.periodic:
        if way.period is None:
            wrap = x.reshape(1)
        else:
            wrap = (way.period * torch.sign(steps[:1]) - steps.sum()).reshape(1)
        steps = torch.cat([wrap, steps, wrap])
    left, right = steps[:-1], steps[1:]
    lower, upper = right / (left + right) / left, left / (left + right) / right
    if way.periodic:
        return lower, upper, ([], [])
    return lower, upper, (_end(steps, way), _end(steps.flip(0), way))


def _end(steps: Any, way: Way) -> list[Any]:
    if way.edge_order == 1:
        return [1 / steps[0]]
    ratio = steps[0] / (steps[0] + steps[1])
    return [(1 + ratio) / steps[0], -ratio / steps[1]]


def _of_coordinates(f: Any, x: Any, g: Any, way: Way) -> Any:
    """The cotangent of x: each weight's is a sum over all lines of samples; then those of the weights."""
    f, g = f.movedim(way.axis, -1).detach(), g.movedim(way.axis, -1)
    slopes = _differences(f, way)
    lines = tuple(range(f.ndim - 1))

    def total(a: Any, b: Any) -> Any:
        product = (a.conj() * b).real if a.is_complex() else a * b
        return product.sum(lines) if lines else product

    inner = g if way.periodic else g[..., 1:-1]
    cotangents = [total(inner, slopes[..., :-1]), total(inner, slopes[..., 1:])]
    with torch.enable_grad():
        own = x.detach().requires_grad_()
        lower, upper, ends = _weights(own, f.shape[-1], way)
        cotangents += [total(g[..., 0], slopes[..., k]) for k in range(len(ends[0]))]
        cotangents += [total(g[..., -1], slopes[..., -1 - k]) for k in range(len(ends[1]))]
        weights = [lower, upper, *ends[0], *ends[1]]
        cotangents = [c.to(own.dtype) for c in cotangents]
        (result,) = torch.autograd.grad(weights, own, cotangents)
    return result
