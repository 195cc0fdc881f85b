"""The gradient as a torch operator: what ``torch.compile`` sees, closed under differentiation."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan
from typing import Any

import torch

from .._backends.torch import arrays
from .._backends.torch.define import (
    asks_for_gradient,
    check_forward_mode,
    define,
    has_tangent,
    is_transformed,
    is_varied,
    with_tangents,
)
from .._backends.torch.tensors import batched_first
from .._base.checks import clean_axis, per_axis_spacing
from .._base.errors import ArgumentTypeError
from .._grid.asked import Asked, clean_words
from .._grid.spacing import check_class
from .._terms.adjoint import adjoint_terms
from .._terms.term import Term
from ._coordinates import Way, check_formula, operator_of, rows


def traced_gradient(f: Any, varargs: tuple[Any, ...], axis: Any, asked: Asked, out: Any = None) -> Any:
    """`gradient` of a tensor inside ``torch.compile``: the same, as one node of the graph."""
    if out is not None:
        raise ArgumentTypeError(
            "out= is not supported under torch.compile; leave it away, the compiler plans memory"
        )
    axes = clean_axis(axis, f.ndim)
    spacings = per_axis_spacing(varargs, len(axes))
    steps = [_as_tensor(value, a) for value, a in zip(spacings, axes, strict=True)]
    words = clean_words(axes, asked)
    results = torch.ops.gridgrad.gradient(
        f, steps, list(axes), asked.edge_order, " ".join([end for pair in words.ends for end in pair]),
        [_as_float(value, a) for value, a in zip(words.periods, axes, strict=True)], asked.accuracy or 0,
    )  # fmt: skip
    return results[0] if len(results) == 1 else tuple(results)


def _as_float(value: Any, axis: int) -> float:
    if value is None:
        return nan
    check_class(value, axis)
    return float(value)


def _as_tensor(value: Any, axis: int) -> Any:
    if isinstance(value, torch.Tensor):
        return value
    check_class(value, axis)  # torch would take the numbers of a quantity
    if isinstance(value, (int, float)):
        return torch.scalar_tensor(value, dtype=torch.float64)
    return torch.as_tensor(value) if hasattr(value, "dtype") else torch.as_tensor(value, dtype=torch.float64)


def _gradient(f: Any, spacings: Any, axes: Any, *ends: Any) -> list[torch.Tensor]:
    """All results of one call; coordinates are checked when it runs."""
    check_forward_mode([f])
    terms = _terms(tuple(f.shape), spacings, axes, *ends)
    return arrays.operate(terms, [arrays.samples(f)], len(terms), None, None) if terms else []


def _gradient_shapes(f: Any, spacings: Any, axes: Any, *ends: Any) -> list[Any]:
    return [torch.empty_like(f, dtype=arrays.result_dtype(f)) for _ in axes]


def _adjoint(results: Any, spacings: Any, axes: Any, *ends: Any) -> torch.Tensor:
    """The transposed operator: cotangents of all results to the one of `f`."""
    terms = adjoint_terms(_terms(tuple(results[0].shape), spacings, axes, *ends))
    result: torch.Tensor = arrays.operate(terms, list(results), 1, None, None)[0]
    return result


def _adjoint_shape(results: Any, *options: Any) -> Any:
    return torch.empty_like(results[0])


def _terms(shape: tuple[int, ...], spacings: Any, axes: Any, *ends: Any) -> tuple[Term, ...]:
    return operator_of(shape, tuple(axes), tuple(spacings), _asked(*ends)).terms_on(tuple(axes)) if axes else ()


def _asked(edge_order: int, boundary: str, periods: Sequence[float], accuracy: int) -> Asked:
    """The options of the operator as those of `gradient`; its boundary names both ends of each axis."""
    names = iter(boundary.split())
    lengths = [None if isnan(period) else period for period in periods]
    return Asked(edge_order, None, lengths, list(zip(names, names, strict=True)), accuracy or None)


class Gradient(torch.autograd.Function):  # type: ignore[misc]
    """All results; the backward pass is the transposed operator, and only spacings are saved."""

    @staticmethod
    def forward(
        f: Any, axes: Any, edge_order: int, boundary: str, periods: Any, accuracy: int, *spacings: Any
    ) -> Any:
        return tuple(torch.ops.gridgrad.gradient(f, spacings, axes, edge_order, boundary, periods, accuracy))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.options = inputs[1:6]
        ctx.save_for_backward(*inputs[6:])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        of_f = torch.ops.gridgrad.gradient_adjoint(grads, ctx.saved_tensors, *ctx.options)
        return of_f, *(None for _ in ctx.options), *(None for _ in ctx.saved_tensors)


class Adjoint(torch.autograd.Function):  # type: ignore[misc]
    """The transposed operator, whose backward pass is `gradient` again."""

    @staticmethod
    def forward(
        count: int, axes: Any, edge_order: int, boundary: str, periods: Any, accuracy: int, *tensors: Any
    ) -> Any:
        options = axes, edge_order, boundary, periods, accuracy
        return torch.ops.gridgrad.gradient_adjoint(tensors[:count], tensors[count:], *options)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        count, *ctx.options = inputs[:6]
        ctx.save_for_backward(*inputs[6 + count :])

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        results = torch.ops.gridgrad.gradient(grad, ctx.saved_tensors, *ctx.options)
        return None, *(None for _ in ctx.options), *results, *(None for _ in ctx.saved_tensors)


def refuse_mapped(dims: Any) -> None:
    """No one grid has several spacings."""
    if any(dim is not None for dim in dims):
        raise ArgumentTypeError(
            "a spacing is mapped by torch.func.vmap, so there is no one grid; map over f only, or loop over the spacings"
        )


def _gradient_differentiated(f: Any, spacings: Any, axes: Any, *ends: Any) -> Any:
    """The gradient of `f` by the adjoint and its tangent by the operator, all else as torch operations."""
    tensors = [f, *spacings]
    graph, dual = asks_for_gradient(tensors), has_tangent(tensors)
    if dual:
        check_forward_mode(tensors)
    if is_varied(spacings) or (graph and is_transformed(tensors)):
        return _by_rows(f, spacings, axes, *ends)
    if dual:
        return with_tangents(lambda fs: torch.ops.gridgrad.gradient(fs[0], spacings, axes, *ends), [f])
    if graph:
        return list(Gradient.apply(f, axes, *ends, *spacings))
    with torch._C._AutoDispatchBelowAutograd():
        return torch.ops.gridgrad.gradient(f, spacings, axes, *ends)


def _by_rows(f: Any, spacings: Any, axes: Any, *ends: Any) -> list[Any]:
    results = []
    f = f if f.is_floating_point() or f.is_complex() else f.to(arrays.result_dtype(f))
    asked = _asked(*ends)
    words = clean_words(tuple(axes), asked)
    for x, axis, rule, period in zip(spacings, axes, words.rules, words.periods, strict=True):
        way = Way(axis, rule, period)
        check_formula(way)
        own = " ".join(rule.boundary), [nan if period is None else period], asked.accuracy or 0
        same = torch.ops.gridgrad.checked_spacing(x.detach(), f.shape[axis], asked.edge_order, *own)
        results.append(rows(f, x + (same - x.detach()), way))  # x, but only where the check has passed
    return results


def _adjoint_differentiated(results: Any, spacings: Any, axes: Any, *ends: Any) -> Any:
    if is_varied(spacings):
        raise ArgumentTypeError("the adjoint is not differentiable by a spacing; detach it, x.detach()")
    if has_tangent(results):
        check_forward_mode(results)
        return with_tangents(
            lambda fields: [torch.ops.gridgrad.gradient_adjoint(fields, spacings, axes, *ends)], results
        )[0]
    if asks_for_gradient(results):
        return Adjoint.apply(len(results), axes, *ends, *results, *spacings)
    with torch._C._AutoDispatchBelowAutograd():
        return torch.ops.gridgrad.gradient_adjoint(results, spacings, axes, *ends)


def _gradient_batched(info: Any, dims: Any, f: Any, spacings: Any, axes: Any, *ends: Any) -> Any:
    refuse_mapped(dims[1])
    f = batched_first(info.batch_size, dims[0], f)
    results = torch.ops.gridgrad.gradient(f, spacings, [axis + 1 for axis in axes], *ends)
    return results, [0] * len(results)


def _adjoint_batched(info: Any, dims: Any, results: Any, spacings: Any, axes: Any, *ends: Any) -> Any:
    refuse_mapped(dims[1])
    results = [batched_first(info.batch_size, dim, g) for dim, g in zip(dims[0], results, strict=True)]
    return torch.ops.gridgrad.gradient_adjoint(results, spacings, [axis + 1 for axis in axes], *ends), 0


OPTIONS = "Tensor[] spacings, int[] axes, int edge_order, str boundary, float[] periods, int accuracy"
define("gradient", f"(Tensor f, {OPTIONS}) -> Tensor[]",
       _gradient, _gradient_shapes, _gradient_differentiated, _gradient_batched)  # fmt: skip
define("gradient_adjoint", f"(Tensor[] results, {OPTIONS}) -> Tensor",
       _adjoint, _adjoint_shape, _adjoint_differentiated, _adjoint_batched)  # fmt: skip


@torch.library.custom_op("gridgrad::checked_spacing", mutates_args=())  # type: ignore[untyped-decorator]
def checked_spacing(
    x: torch.Tensor, length: int, edge_order: int, boundary: str, periods: Sequence[float], accuracy: int
) -> torch.Tensor:
    """A copy of coordinates or a step, if `gradient` takes them."""
    _terms((length,), [x], [0], edge_order, boundary, periods, accuracy)
    return x.clone()


@checked_spacing.register_fake  # type: ignore[untyped-decorator]
def _spacing_shape(x: Any, *options: Any) -> Any:
    return torch.empty_like(x)
