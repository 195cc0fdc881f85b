"""How gridgrad's operators become nodes of torch's graphs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.autograd import forward_ad

from ..._base.errors import ArgumentTypeError

LIBRARY = torch.library.Library("gridgrad", "FRAGMENT")


def define(name: str, schema: str, run: Any, shapes: Any, differentiated: Any, batched: Any) -> None:
    """A new operator: what it does, its shapes, and its derivatives in every mode.

    ``torch.library.custom_op`` is not used because its operators drop tangents: forward mode would
    give zeros without a word.
    """
    LIBRARY.define(name + schema, tags=(torch.Tag.pt2_compliant_tag,))
    LIBRARY.impl(name, run, "CompositeExplicitAutograd")
    LIBRARY.impl(name, differentiated, "Autograd")
    torch.library.register_fake(f"gridgrad::{name}", shapes, lib=LIBRARY)
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


def with_tangents(linear: Callable[[list[Any]], Sequence[Any]], fields: Sequence[Any]) -> list[Any]:
    """A linear map of values with tangents: the tangents go through it as the values do."""
    pairs = [torch._VF._unpack_dual(field, level=0) for field in fields]
    values = linear([value for value, _ in pairs])
    slopes = linear([torch.zeros_like(value) if slope is None else slope for value, slope in pairs])
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
