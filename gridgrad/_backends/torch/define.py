"""How gridgrad's linear maps become operators of torch, which its compiler takes into graphs whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.autograd import forward_ad

from ..._base.errors import ArgumentTypeError
from ..._base.types import Shape
from ..._terms.term import Term, shapes_of
from .. import ladder, slices
from .arrays import BACKEND
from .node import Map, Node, Tensors, along_first

LIBRARY = torch.library.Library("gridgrad", "FRAGMENT")


class Defined(Map):
    """A map by an operator of torch, whose options are those of its schema."""

    operator: ClassVar[str]
    schema: ClassVar[str]

    def __init__(self, *options: object) -> None:
        self.options = options

    def __call__(self, fields: Tensors, constants: Tensors) -> Tensors:
        """Call the operator, which may be traced."""
        results: Tensors = getattr(torch.ops.gridgrad, self.operator)(fields, constants, *self.options)
        return results

    def reads(self, fields: Tensors, constants: Tensors) -> list[Tensor]:
        """The arrays that its terms read."""
        raise NotImplementedError

    def terms(self, fields: Tensors, constants: Tensors) -> tuple[Term, ...]:
        """Its terms, when the operator runs."""
        raise NotImplementedError

    def by_operations(self, fields: Tensors, constants: Tensors, graph: bool) -> list[Tensor] | None:
        """The results as torch operations, where a derivative is asked for that the node does not have."""
        raise NotImplementedError

    def run(self, fields: Tensors, constants: Tensors) -> list[Tensor]:
        """By kernels."""
        read = self.reads(fields, constants)
        check_forward_mode(read)
        terms = self.terms(fields, constants)
        return ladder.operate(BACKEND, terms, read, self.outputs) if terms else []

    def shapes(self, fields: Tensors, constants: Tensors) -> list[Tensor]:
        """Tensors like the results."""
        reads = self.reads(fields, constants)
        dtype = BACKEND.result_dtype(slices.leading(reads))
        return [BACKEND.empty(fields[0], dtype, shape) for shape in self.result_shapes(fields, constants)]

    def result_shapes(self, fields: Tensors, constants: Tensors) -> list[Shape]:
        """Those of the results, where all that is known of tensors is their shapes."""
        return shapes_of(self.terms(fields, constants), self.reads(fields, constants), self.outputs)

    def differentiated(self, fields: Tensors, constants: Tensors) -> Tensors:
        """By the node, or by the map of values and tangents; all else as torch operations."""
        tensors = [*fields, *constants]
        graph, dual = asks_for_gradient(tensors), has_tangent(tensors)
        if dual:
            check_forward_mode(tensors)
        results = self.by_operations(fields, constants, graph) if graph or dual else None
        if results is not None:
            return results
        if dual:
            return with_tangents(self, fields, constants)
        if graph:
            return list(Node.apply(self, len(fields), *tensors))
        with torch._C._AutoDispatchBelowAutograd():
            return self(fields, constants)


def define(kind: type[Defined]) -> None:
    """A new operator: what it does, its shapes, and its derivatives in every mode.

    ``torch.library.custom_op`` is not used because its operators drop tangents: forward mode would
    give zeros without a word.
    """
    name = kind.operator

    def batched(info: Any, dims: Any, fields: Tensors, constants: Tensors, *options: Any) -> Any:
        own, moved = along_first(kind(*options), info.batch_size, [*dims[0], *dims[1]], fields, constants)
        results = own(moved[: len(fields)], moved[len(fields) :])
        return results, [0] * len(results)

    LIBRARY.define(
        f"{name}(Tensor[] fields, Tensor[] constants, {kind.schema}) -> Tensor[]",
        tags=(torch.Tag.pt2_compliant_tag,),
    )
    LIBRARY.impl(name, lambda f, c, *options: kind(*options).run(f, c), "CompositeExplicitAutograd")
    LIBRARY.impl(name, lambda f, c, *options: kind(*options).differentiated(f, c), "Autograd")
    torch.library.register_fake(
        f"gridgrad::{name}", lambda f, c, *options: kind(*options).shapes(f, c), lib=LIBRARY
    )
    torch.library.register_vmap(f"gridgrad::{name}", batched, lib=LIBRARY)


def has_tangent(tensors: Sequence[Any]) -> bool:
    """Whether the forward mode goes through any of them, at any level that is being run."""
    return any(torch._VF._unpack_dual(tensor, level=0)[1] is not None for tensor in tensors)


def asks_for_gradient(tensors: Sequence[Any]) -> bool:
    """Whether a graph has to be made."""
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)


def is_varied(tensors: Sequence[Any]) -> bool:
    """Whether a derivative by any of them is asked for, in either mode."""
    return asks_for_gradient(tensors) or has_tangent(tensors)


def is_transformed(tensors: Sequence[Any]) -> bool:
    """Whether a transform of torch.func is at work on any of them: they take no ``autograd.Function`` then."""
    return any(map(torch._C._functorch.is_functorch_wrapped_tensor, tensors))


def with_tangents(own: Map, fields: Sequence[Any], constants: Tensors) -> list[Any]:
    """A map of values with tangents: the tangents go through its linear part as the values do."""
    pairs = [torch._VF._unpack_dual(field, level=0) for field in fields]
    values = own([value for value, _ in pairs], constants)
    tangents = [torch.zeros_like(value) if slope is None else slope for value, slope in pairs]
    slopes = own(tangents, own.beside_tangents(len(fields), constants))
    return [torch._VF._make_dual(v, s, level=0) for v, s in zip(values, slopes, strict=True)]


def check_forward_mode(tensors: Sequence[Any]) -> None:
    """Refuse tangents that come into a compiled function from outside, where torch would lose them."""
    if forward_ad._current_level < 0 or is_transformed(tensors):
        return
    try:
        lost = has_tangent(tensors) and torch._C._len_torch_dispatch_stack() > 0
    except RuntimeError:  # a graph that was compiled without tangents is running
        lost = True
    if lost:
        raise ArgumentTypeError(
            "a tensor with a tangent is given to a function under torch.compile, which loses tangents that come from "
            "outside; compile the forward product itself, torch.compile(lambda f, t: torch.func.jvp(g, (f,), (t,)))"
        )
