"""Linear maps as nodes of torch's graphs: differentiable in every mode; fields are saved for slopes by constants alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from ..._base.tracing import is_compiling
from .tensors import batched_first

Tensors = Sequence[Tensor]
Shapes = Sequence[Sequence[int]]  # of each field or result


class Map:
    """A linear map of fields, with constants beside them: coefficients, or what its terms are made of."""

    @property
    def outputs(self) -> int:
        """How many results it has."""
        raise NotImplementedError

    def __call__(self, fields: Tensors, constants: Tensors) -> Tensors:
        """Apply it."""
        raise NotImplementedError

    def transposed(self, inputs: int) -> Map:
        """The map of cotangents: of as many results as it has `inputs`."""
        raise NotImplementedError

    def beside_tangents(self, fields: int, constants: Tensors) -> Tensors:
        """Those with which tangents of so many fields go through it: without what adds to the results of 0."""
        return constants

    def plain(self, fields: Tensors, constants: Tensors) -> Tensors | None:
        """Apply it to plain memory, where no graph is recorded; None of all else."""
        return None

    def slope(
        self, constant: int, fields: Tensors, constants: Tensors, grads: Sequence[Tensor | None]
    ) -> Tensor | None:
        """The derivative by a constant, where results have these slopes; None where they do not depend on it."""
        raise NotImplementedError

    def moved(
        self, constant: int, fields: Tensors, constants: Tensors, tangent: Tensor
    ) -> list[Tensor | None]:
        """What a tangent of a constant makes of the results; None of those that do not depend on it."""
        raise NotImplementedError

    def batched(self, size: int, dims: Sequence[int | None], constants: Tensors) -> tuple[Map, list[Tensor]]:
        """The map beside a new first axis of this size, and its constants, of which `dims` says where they have it."""
        raise NotImplementedError

    def among(self, fields: Sequence[Tensor | None], shapes: Shapes) -> tuple[Map, list[Tensor], list[int]]:
        """For fields of which some are missing: a map, its fields, and the places of its results."""
        like = next(field for field in fields if field is not None)
        filled = [zeros(like, shape) if f is None else f for f, shape in zip(fields, shapes, strict=True)]
        return self, filled, list(range(self.outputs))


class Node(torch.autograd.Function):  # type: ignore[misc]
    """A `Map`: ``apply(own, count, *tensors)`` of `count` fields, then its constants.

    The backward pass is the transposed map, the forward mode the map itself.
    """

    @staticmethod
    def forward(own: Map, count: int, *tensors: Tensor) -> tuple[Tensor, ...]:
        return tuple(own(tensors[:count], tensors[count:]))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.own, ctx.count, *tensors = inputs
        ctx.taken, ctx.given = [t.shape for t in tensors[: ctx.count]], [t.shape for t in output]
        ctx.varied = [k for k, is_asked in enumerate(ctx.needs_input_grad[2 + ctx.count :]) if is_asked]
        ctx.keeps_fields = bool(ctx.varied) or forward_ad._current_level >= 0
        if len(tensors) > ctx.count:
            kept = tensors if ctx.keeps_fields else tensors[ctx.count :]
            ctx.save_for_backward(*kept)
            ctx.save_for_forward(*kept)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Tensor | None, ...]:
        own, count, saved = ctx.own, ctx.count, ctx.saved_tensors
        fields, constants = (saved[:count], saved[count:]) if ctx.keeps_fields else ((), saved)
        results: list[Tensor | None] = [None] * count
        if any(ctx.needs_input_grad[2 : 2 + count]):
            # torch's gradient of a holomorphic map is the conjugate transpose.
            turned = [c.conj().resolve_conj() for c in constants]
            results = through(own.transposed(count), grads, turned, ctx.given)
        slopes: list[Tensor | None] = [None] * len(constants)
        for k in ctx.varied:
            slopes[k] = own.slope(k, fields, constants, grads)
        return None, None, *results, *slopes

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor | None) -> tuple[Tensor, ...]:
        own = tangents[2 : 2 + ctx.count]
        like = next(tangent for tangent in tangents if tangent is not None)
        saved = ctx.saved_tensors
        fields, constants = (saved[: ctx.count], saved[ctx.count :]) if ctx.keeps_fields else ((), saved)
        results = through(ctx.own, own, ctx.own.beside_tangents(ctx.count, constants), ctx.taken)
        for k, tangent in enumerate(tangents[2 + ctx.count :]):
            if tangent is not None:
                more = ctx.own.moved(k, fields, constants, tangent)
                results = [
                    b if a is None else a if b is None else a + b for a, b in zip(results, more, strict=True)
                ]
        return tuple(
            zeros(like, shape) if result is None else result
            for result, shape in zip(results, ctx.given, strict=True)
        )

    @staticmethod
    def vmap(info: Any, dims: Any, own: Map, count: int, *tensors: Tensor) -> Any:
        further, moved = along_first(own, info.batch_size, dims[2:], tensors[:count], tensors[count:])
        results = Node.apply(further, count, *moved)
        return results, (0,) * len(results)


# Without what torch looks at for its transforms in each call, which takes longer than a small sweep.
_apply = super(torch.autograd.Function, Node).apply
is_transforming, _unwrapped = torch._C._are_functorch_transforms_active, torch._C._functorch.unwrap_if_dead


def apply(own: Map, count: int, *tensors: Tensor) -> Tensors:
    """The results of a node."""
    results: Tensors
    if is_transforming() or is_compiling():
        results = Node.apply(own, count, *tensors)
    else:
        results = _apply(own, count, *map(_unwrapped, tensors))
    return results


def along_first(
    own: Map, size: int, dims: Sequence[int | None], fields: Tensors, constants: Tensors
) -> tuple[Map, list[Tensor]]:
    """The map, its fields and constants where torch.func.vmap maps some of them, whose axes `dims` are."""
    moved = [batched_first(size, dim, field) for dim, field in zip(dims, fields, strict=False)]
    further, beside = own.batched(size, dims[len(fields) :], constants)
    return further, moved + beside


def zeros(like: Tensor, shape: Sequence[int]) -> Tensor:
    """Of this shape, in the order of `like` where it has that too."""
    return torch.zeros_like(like) if tuple(like.shape) == tuple(shape) else like.new_zeros(shape)


def through(
    own: Map, fields: Sequence[Tensor | None], constants: Tensors, shapes: Shapes
) -> list[Tensor | None]:
    """The results that any of the given fields reaches, by a node; None for the others, as for a missing field.

    All of them have these shapes.
    """
    results: list[Tensor | None] = [None] * own.outputs
    if all(field is None for field in fields):
        return results
    part, given, reached = own.among(fields, shapes)
    if reached:
        values = applied(part, given, constants)
        for k, value in zip(reached, values, strict=True):
            results[k] = value
    return results


def applied(own: Map, fields: Tensors, constants: Tensors) -> Tensors:
    """The results of a map: at once of plain memory, else by a node."""
    values = own.plain(fields, constants)
    return apply(own, len(fields), *fields, *constants) if values is None else values
