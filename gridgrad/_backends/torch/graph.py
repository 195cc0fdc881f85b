"""Term lists under torch's autograd and torch.func: kernels both ways, and nothing of the field is saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..._terms.adjoint import adjoint_terms
from ..._terms.term import Term, shifted
from .. import slices
from . import arrays as _execute_torch
from .operations import OPERATIONS as namespace
from .tensors import batched_first, is_plain_in_transforms, is_plain_memory


def differentiated(terms: tuple[Term, ...], fields: Sequence[Any], outputs: int) -> list[Any] | None:
    """The results with their derivatives attached; None where torch operations have to do it."""
    count = 1 + max(term.input for term in terms) if terms else 0
    if not terms or not all(map(is_plain_in_transforms, fields)):
        return None
    if not all(is_plain_memory(coefficient) for coefficient in fields[count:]):
        return None
    if any(term.norm for term in terms):

        def run(own: tuple[Term, ...], arrays: Sequence[Any]) -> Any:
            return LinearMap.apply(own, 1 + own[-1].output, len(arrays), *arrays)

        return [norm(terms, fields, run, run)]
    return list(LinearMap.apply(terms, outputs, count, *fields))


def norm(terms: tuple[Term, ...], fields: Sequence[Any], size_of: Any, components_of: Any) -> Any:
    """The norm of all terms: its size from a kernel, its derivatives from the components."""
    narrow = fields[0].dtype in (torch.float16, torch.bfloat16)
    wide = [field.to(torch.float32) for field in fields] if narrow else fields  # the type kernels compute in
    (size,) = size_of(terms, [field.detach() for field in wide])
    components = tuple(term._replace(output=k, norm=False) for k, term in enumerate(terms))
    result = slices.with_slope(namespace, size, components_of(components, wide))
    return result.to(fields[0].dtype) if narrow else result


class LinearMap(torch.autograd.Function):  # type: ignore[misc]
    """Outputs of linear terms; the backward pass is the adjoint term list, the forward mode the same one.

    ``apply(terms, outputs, count, *tensors)``: `count` fields, then the coefficients.
    """

    @staticmethod
    def forward(terms: tuple[Term, ...], outputs: int, count: int, *tensors: Any) -> tuple[Any, ...]:
        return tuple(_execute_torch.operate(terms, tensors, outputs, None, None))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.terms, ctx.outputs, ctx.count, *tensors = inputs
        ctx.save_for_backward(*tensors[ctx.count :])
        ctx.save_for_forward(*tensors[ctx.count :])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        turned = shifted(adjoint_terms(ctx.terms), len(grads) - ctx.count)
        # torch's gradient of a holomorphic map is the conjugate transpose.
        coefficients = [c.conj().resolve_conj() for c in ctx.saved_tensors]
        results = _apply(turned, ctx.count, grads, coefficients)
        return None, None, None, *results, *(None for _ in coefficients)

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        tangents = tangents[3 : 3 + ctx.count]
        results = _apply(ctx.terms, ctx.outputs, tangents, ctx.saved_tensors)
        like = next(tangent for tangent in tangents if tangent is not None)
        return tuple(torch.zeros_like(like) if result is None else result for result in results)

    @staticmethod
    def vmap(
        info: Any, in_dims: Any, terms: tuple[Term, ...], outputs: int, count: int, *tensors: Any
    ) -> Any:
        moved = [
            batched_first(info.batch_size, dim, tensor)
            for tensor, dim in zip(tensors, in_dims[3:], strict=True)
        ]
        further = tuple(
            term._replace(
                axis=term.axis + 1, then=None if term.then is None else (term.then[0] + 1, term.then[1])
            )
            for term in terms
        )
        results = LinearMap.apply(further, outputs, count, *moved)
        return results, (0,) * outputs


def _apply(
    terms: tuple[Term, ...], outputs: int, fields: Sequence[Any], coefficients: Sequence[Any]
) -> list[Any]:
    """The outputs that any of the given fields reaches; None for the others, and for a missing field."""
    given = [k for k, field in enumerate(fields) if field is not None]
    kept = [term for term in terms if term.input in given]
    reached = sorted({term.output for term in kept})
    results: list[Any] = [None] * outputs
    if not kept:
        return results
    if len(given) < len(fields) or len(reached) < outputs:
        kept = [t._replace(input=given.index(t.input), output=reached.index(t.output)) for t in kept]
    renumbered = shifted(tuple(kept), len(given) - len(fields))
    values = LinearMap.apply(renumbered, len(reached), len(given), *(fields[k] for k in given), *coefficients)
    for k, value in zip(reached, values, strict=True):
        results[k] = value
    return results
