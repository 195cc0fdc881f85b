"""torch's namespace, and what slices need beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from array_api_compat import torch as namespace

from ..._base.tracing import is_compiling
from ..operations import Operations
from .tensors import refuse_capture


class OfTorch(Operations):
    """Differentiable, on every device."""

    @staticmethod
    def constant(x: Any) -> Any:
        """The tensor without its graph."""
        return x.detach()

    def real_type(self, like: Any) -> Any:
        """float64, but float32 on Apple's devices, which lack it."""
        device = getattr(getattr(like, "device", None), "type", None)
        return torch.float32 if device == "mps" else torch.float64

    def weights(self, values: Any, dtype: Any, like: Any) -> Any:
        """On the device of `like`; read-only arrays are not taken."""
        refuse_capture(like, "its weights go to the device in each call, as no kernel takes it")
        if torch.is_inference_mode_enabled():  # they may be kept, for calls in a graph too
            with torch.inference_mode(False):
                return super().weights(values.copy(), dtype, like)
        return super().weights(values if values.flags.writeable else values.copy(), dtype, like)

    def weights_made(self, make: Any, dtype: Any, like: Any, *given: Any, **words: Any) -> Any:
        """As one constant of the graph, while a compiler traces."""
        if is_compiling():
            from . import compiled  # which imports torch's compiler, more than torch itself

            return compiled.made(_weights, make, dtype, like.device, *given, **words)
        return super().weights_made(make, dtype, like, *given, **words)

    def joined(self, pieces: Sequence[Any], axis: int) -> Any:
        """By ``cat``, the only name that batched gradients know."""
        return torch.cat(list(pieces), dim=axis)

    def difference(self, b: Any, a: Any, real: Any) -> Any:
        """From halves of 32 bits, as there is no arithmetic on the wide unsigned types.

        Both halves' differences and the shifted upper one are exact, so only their sum is rounded.
        """
        pairs = zip(_halves(b), _halves(a), strict=True)
        upper, lower = ((of_b - of_a).to(real) for of_b, of_a in pairs)
        return upper * 2.0**32 + lower

    def complex_of(self, real: Any, imaginary: Any) -> Any:
        """By torch's own function."""
        return torch.complex(real, imaginary)


def _weights(make: Any, dtype: Any, device: Any, *given: Any, **words: Any) -> Any:
    return torch.tensor(make(*given, **words), dtype=dtype, device=device)


def _halves(x: Any) -> tuple[Any, Any]:
    is_unsigned = x.dtype == torch.uint64
    x = x.view(torch.int64) if is_unsigned else x.to(torch.int64)
    upper = x >> 32
    return (upper & 0xFFFFFFFF if is_unsigned else upper), x & 0xFFFFFFFF


OPERATIONS = OfTorch(namespace)
