"""A grid's operator as one node of torch's graphs: forward, backward, forward mode and vmap."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import torch

from ..._base.tracing import kept
from ..._terms.adjoint import adjoint_terms
from ..._terms.term import Term, shifted
from .. import slices
from . import arrays
from .define import (
    asks_for_gradient,
    check_forward_mode,
    define,
    has_tangent,
    is_transformed,
    is_varied,
    with_tangents,
)
from .graph import norm
from .operations import OPERATIONS as namespace
from .tensors import batched_first


def _terms(name: str, axes: Sequence[int], transposed: bool, fields: int) -> tuple[tuple[Term, ...], int]:
    """The terms on these axes of an array, and how many outputs they have."""
    operator = kept(name)
    terms, outputs = operator.terms_on(tuple(axes)), prod(operator.outputs)
    if not transposed:
        return terms, outputs
    inputs = prod(operator.inputs)
    return shifted(adjoint_terms(terms), fields - inputs), inputs


def _run(name: str, axes: Any, transposed: bool, fields: Any, coefficients: Any) -> list[Any]:
    check_forward_mode([*fields, *coefficients])
    terms, outputs = _terms(name, axes, transposed, len(fields))
    return arrays.operate(terms, [*fields, *coefficients], outputs, None, None)


def _shapes(name: str, axes: Any, transposed: bool, fields: Any, coefficients: Any) -> list[Any]:
    _, outputs = _terms(name, axes, transposed, len(fields))
    dtype = arrays.result_dtype(slices.leading([*fields, *coefficients]))
    return [torch.empty_like(fields[0], dtype=dtype) for _ in range(outputs)]


def _batched(
    info: Any, dims: Any, name: str, axes: Any, transposed: bool, fields: Any, coefficients: Any
) -> tuple[Any, Any]:
    fields, coefficients = (
        [batched_first(info.batch_size, dim, tensor) for dim, tensor in zip(own, tensors, strict=True)]
        for own, tensors in ((dims[3], fields), (dims[4], coefficients))
    )
    results = torch.ops.gridgrad.apply(name, [axis + 1 for axis in axes], transposed, fields, coefficients)
    return results, [0] * len(results)


def _differentiated(name: str, axes: Any, transposed: bool, fields: Any, coefficients: Any) -> Any:
    """Gradients of the fields by the adjoint and their tangents by the operator, all else as torch operations."""
    tensors = [*fields, *coefficients]
    graph, dual = asks_for_gradient(tensors), has_tangent(tensors)
    if dual:
        check_forward_mode(tensors)
    if graph or dual:
        terms, outputs = _terms(name, axes, transposed, len(fields))
        if any(term.norm for term in terms):
            return [_norm(name, axes, terms, fields)]
        varied = is_varied(coefficients) or slices.is_mixed(tensors)
        if varied or (graph and is_transformed(tensors)):
            return slices.apply(namespace, terms, tensors, outputs)
    if dual:
        return with_tangents(
            lambda values: torch.ops.gridgrad.apply(name, axes, transposed, values, coefficients), fields
        )
    if graph:
        return list(Applied.apply(name, axes, transposed, len(fields), *tensors))
    with torch._C._AutoDispatchBelowAutograd():
        return torch.ops.gridgrad.apply(name, axes, transposed, fields, coefficients)


def _norm(name: str, axes: Any, terms: tuple[Term, ...], fields: Any) -> Any:
    """The norm of all terms, which has no coefficients and no transpose."""

    def size_of(_: Any, constants: Any) -> Any:
        return torch.ops.gridgrad.apply(name, axes, False, constants, [])

    def components_of(components: tuple[Term, ...], own: Any) -> Any:
        return slices.apply(namespace, components, own, len(components))

    return norm(terms, fields, size_of, components_of)


class Applied(torch.autograd.Function):  # type: ignore[misc]
    """A linear operator; the backward pass is its transpose, and nothing of the fields is saved."""

    @staticmethod
    def forward(name: str, axes: Any, transposed: bool, count: int, *tensors: Any) -> Any:
        return tuple(torch.ops.gridgrad.apply(name, axes, transposed, tensors[:count], tensors[count:]))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        *ctx.options, ctx.count = inputs[:4]
        ctx.save_for_backward(*inputs[4 + ctx.count :])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        name, axes, transposed = ctx.options
        coefficients = [c.conj().resolve_conj() for c in ctx.saved_tensors]
        results = torch.ops.gridgrad.apply(name, axes, not transposed, grads, coefficients)
        return None, None, None, None, *results, *(None for _ in coefficients)


define(
    "apply",
    "(str name, int[] axes, bool transposed, Tensor[] fields, Tensor[] coefficients) -> Tensor[]",
    _run,
    _shapes,
    _differentiated,
    _batched,
)


def apply(name: str, axes: list[int], fields: Sequence[Any], coefficients: Sequence[Any]) -> Any:
    """An operator that `gridgrad._tracing.keep` named, applied to fields of one shape and dtype."""
    return torch.ops.gridgrad.apply(name, axes, False, fields, coefficients)
