"""Maps on the host as nodes of torch's graphs: solves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..._base.errors import ArgumentTypeError
from ..protocol import HostMap, on_the_host_alone


class Mapped(torch.autograd.Function):  # type: ignore[misc]
    """``apply(map, field)``: differentiable in every mode, as often as asked for."""

    @staticmethod
    def forward(through: HostMap, field: Tensor) -> Tensor:
        name = torch.complex128 if field.is_complex() else torch.float64
        values = field.detach().resolve_conj().resolve_neg().to(name).numpy()
        return torch.from_numpy(np.ascontiguousarray(through(values))).to(field.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.through = inputs[0]

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[None, Tensor]:
        # torch's gradient of a holomorphic map is the conjugate transpose.
        turned = _applied(ctx.through.transposed(), grad.conj().resolve_conj())
        return None, turned.conj().resolve_conj()

    @staticmethod
    def jvp(ctx: Any, _: None, tangent: Tensor) -> Tensor:
        return _applied(ctx.through, tangent)

    @staticmethod
    def vmap(info: Any, dims: Any, through: HostMap, field: Tensor) -> tuple[Tensor, int]:
        first = field.movedim(dims[1], 0)
        if through.takes_batches:
            return _applied(through, first), 0
        return torch.stack([_applied(through, one) for one in first]), 0


def _applied(through: HostMap, field: Tensor) -> Tensor:
    """The map of a tensor whose numbers are there."""
    functorch, mode, inner = torch._C._functorch, torch._C._TorchDispatchModeKey.PROXY, field
    if functorch.is_legacy_batchedtensor(field):
        raise ArgumentTypeError(
            "vectorize=True and is_grads_batched=True of torch.autograd do not go through solves; take torch.func, whose vmap does: "
            "torch.func.jacrev(S)(b), or torch.func.jacfwd(S)(b), of S = A.solver()"
        )
    while functorch.is_functorch_wrapped_tensor(inner) and not functorch.is_functionaltensor(inner):
        inner = functorch.get_unwrapped(inner)
    # subclasses that only stand for numbers, as those of an exporter; what is traced as it runs would keep these numbers
    is_other = type(inner).__torch_dispatch__ is not torch._C._disabled_torch_dispatch_impl
    if is_other or functorch.is_functionaltensor(inner) or torch._is_functional_tensor(inner):
        raise on_the_host_alone()
    if torch.jit.is_tracing() or torch._C._get_dispatch_mode(mode) is not None:
        raise on_the_host_alone()
    result: Tensor = Mapped.apply(through, field)
    return result


def mapped(made: Callable[[], HostMap], field: Tensor) -> Tensor:
    """The map of a tensor on a CPU."""
    if field.device.type != "cpu":
        raise ArgumentTypeError(f"solves are on a CPU, and b is on {field.device}; give b.cpu()")
    return _applied(made(), field)
