"""The gradient as a torch operator: what ``torch.compile`` sees, closed under differentiation."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan
from typing import Any

import numpy as np
import torch

from . import _execute_torch
from ._adjoint import adjoint_terms
from ._arguments import clean, clean_axis, clean_periodic, per_axis, per_axis_spacing
from ._errors import ArgumentTypeError
from ._plan import Term


def is_compiling() -> bool:
    """Whether ``torch.compile`` is tracing the caller."""
    return bool(torch.compiler.is_compiling())


def traced_gradient(
    f: Any,
    varargs: tuple[Any, ...],
    axis: Any,
    edge_order: int,
    periodic: Any = False,
    period: Any = None,
    out: Any = None,
) -> Any:
    """`gradient` of a tensor inside ``torch.compile``: the same, as one node of the graph."""
    if out is not None:
        raise ArgumentTypeError(
            "out= is not supported under torch.compile; leave it away, the compiler plans memory"
        )
    axes = clean_axis(axis, f.ndim)
    steps = [_as_tensor(value) for value in per_axis_spacing(varargs, len(axes))]
    wraps = per_axis("periodic", periodic, axes, clean_periodic)
    periods = per_axis("period", period, axes, lambda value, _: nan if value is None else float(value))
    results = torch.ops.gridgrad.gradient(f, steps, list(axes), edge_order, wraps, periods)
    return results[0] if len(results) == 1 else tuple(results)


def _as_tensor(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, (int, float)):
        return torch.scalar_tensor(value, dtype=torch.float64)
    return torch.as_tensor(value) if hasattr(value, "dtype") else torch.as_tensor(value, dtype=torch.float64)


@torch.library.custom_op("gridgrad::gradient", mutates_args=())  # type: ignore[untyped-decorator]
def gradient_operator(
    f: torch.Tensor,
    spacings: Sequence[torch.Tensor],
    axes: Sequence[int],
    edge_order: int,
    periodic: Sequence[bool],
    periods: Sequence[float],
) -> list[torch.Tensor]:
    """All results of one call; coordinates are checked when it runs."""
    terms = _terms(tuple(f.shape), spacings, axes, edge_order, periodic, periods)
    outs = gradient_shapes(f, spacings, axes, edge_order, periodic, periods)
    return _execute_torch.operate(terms, [_execute_torch.samples(f)], len(outs), outs, None) if terms else []


@gradient_operator.register_fake  # type: ignore[untyped-decorator]
def gradient_shapes(
    f: Any, spacings: Any, axes: Any, edge_order: Any, periodic: Any, periods: Any
) -> list[Any]:
    """Empty results: shape, dtype, device and strides."""
    return [torch.empty_like(f, dtype=_execute_torch.result_dtype(f)) for _ in axes]


@torch.library.custom_op("gridgrad::gradient_adjoint", mutates_args=())  # type: ignore[untyped-decorator]
def adjoint_operator(
    results: Sequence[torch.Tensor],
    spacings: Sequence[torch.Tensor],
    axes: Sequence[int],
    edge_order: int,
    periodic: Sequence[bool],
    periods: Sequence[float],
) -> torch.Tensor:
    """The transposed operator: cotangents of all results to the one of `f`."""
    terms = _terms(tuple(results[0].shape), spacings, axes, edge_order, periodic, periods)
    return _execute_torch.operate(adjoint_terms(terms), list(results), 1, None, None)[0]


@adjoint_operator.register_fake  # type: ignore[untyped-decorator]
def adjoint_shape(
    results: Any, spacings: Any, axes: Any, edge_order: Any, periodic: Any, periods: Any
) -> Any:
    """An empty result: shape, dtype, device and strides."""
    return torch.empty_like(results[0])


def _terms(
    shape: tuple[int, ...], spacings: Any, axes: Any, edge_order: int, periodic: Any, periods: Any
) -> tuple[Term, ...]:
    lengths = [None if isnan(period) else period for period in periods]
    cleaned = clean(shape, tuple(spacings), tuple(axes), edge_order, list(periodic), lengths, np.float64)
    return tuple(
        Term(k, 0, a, stencil)
        for k, (a, stencil) in enumerate(zip(cleaned.axes, cleaned.stencils, strict=True))
    )


def _remember_spacing(ctx: Any, inputs: Any, output: Any) -> None:
    _, spacings, *ctx.options = inputs
    ctx.save_for_backward(*spacings)
    ctx.shared = [spacing.requires_grad for spacing in spacings]
    if any(ctx.shared):
        raise ArgumentTypeError(
            "a spacing requires grad, and is not differentiable under torch.compile; detach it, x.detach()"
        )


def _gradient_backward(ctx: Any, grads: Any) -> Any:
    f_grad = torch.ops.gridgrad.gradient_adjoint(grads, ctx.saved_tensors, *ctx.options)
    return f_grad, [None] * len(ctx.saved_tensors), None, None, None, None


def _adjoint_backward(ctx: Any, grad: Any) -> Any:
    results = torch.ops.gridgrad.gradient(grad, ctx.saved_tensors, *ctx.options)
    return results, [None] * len(ctx.saved_tensors), None, None, None, None


gradient_operator.register_autograd(_gradient_backward, setup_context=_remember_spacing)
adjoint_operator.register_autograd(_adjoint_backward, setup_context=_remember_spacing)
