"""Maps on the host as nodes of torch's graphs: solves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..._base.errors import ArgumentTypeError
from ..protocol import HostMap


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
        turned: Tensor = Mapped.apply(ctx.through.transposed(), grad.conj().resolve_conj())
        return None, turned.conj().resolve_conj()

    @staticmethod
    def jvp(ctx: Any, _: None, tangent: Tensor) -> Tensor:
        result: Tensor = Mapped.apply(ctx.through, tangent)
        return result

    @staticmethod
    def vmap(info: Any, dims: Any, through: HostMap, field: Tensor) -> tuple[Tensor, int]:
        first = field.movedim(dims[1], 0)
        if through.takes_batches:
            return Mapped.apply(through, first), 0
        return torch.stack([Mapped.apply(through, one) for one in first]), 0


def mapped(made: Callable[[], HostMap], field: Tensor) -> Tensor:
    """The map of a tensor on a CPU."""
    if field.device.type != "cpu":
        raise ArgumentTypeError(f"solves are on a CPU, and b is on {field.device}; give b.cpu()")
    result: Tensor = Mapped.apply(made(), field)
    return result
