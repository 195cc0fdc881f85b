"""Torch tensors on the device: dtypes that CuPy has not, and forward and backward passes beside torch.gradient's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import gridgrad as gg

from . import card, measured, timing, watch
from .rows import CHECKED, CUBE, STEP, shrunk

SHOWN = ("gradient 512^3 bfloat16 torch", "gradient 512^3 float32 torch both passes")  # in the short table


def measures(small: bool) -> dict[str, Callable[[], dict[str, Any]]]:
    """By the names of the rows, what measures them."""
    shape = shrunk(CUBE) if small else CUBE
    return {
        "gradient 512^3 bfloat16 torch": lambda: _stored("gradient", shape),
        "laplacian 512^3 bfloat16 torch": lambda: _stored("laplacian", shape),
        "gradient 512^3 float32 torch forward": lambda: _passes(shape, backward=False),
        "gradient 512^3 float32 torch both passes": lambda: _passes(shape, backward=True),
    }


def _tensor(shape: Sequence[int], dtype: str) -> Any:
    torch = import_module("torch")
    return torch.from_dlpack(card.random(shape, "float32")).to(getattr(torch, dtype))


def _stored(operator: str, shape: Sequence[int]) -> dict[str, Any]:
    """An operator on bfloat16."""
    torch = import_module("torch")
    watch.forget()
    few = _tensor((CHECKED, *shape[1:]), "bfloat16")
    ours, host = (getattr(_grid(few.shape), operator)(f) for f in (few, few.cpu()))
    unequal = [(a.cpu() != b).sum().item() for a, b in zip(_several(ours), _several(host), strict=True)]
    f = _tensor(shape, "bfloat16")
    applied = getattr(_grid(shape), operator)
    out = [torch.empty_like(f) for _ in range(3 if operator == "gradient" else 1)]
    target = out if operator == "gradient" else out[0]
    result = timing.milliseconds(lambda: applied(f, out=target))
    result |= {
        "kernels": watch.seen(),
        "bits": {"numbers": few.numel() * len(out), "differing": sum(unequal)},
    }
    return result | measured.judged(result["ms"], [f.data_ptr()], [o.data_ptr() for o in out], f.nbytes)


def _grid(shape: Sequence[int]) -> gg.Grid:
    return gg.Grid(*[(n, STEP) for n in shape], edge_order=1)


def _several(parts: Any) -> Sequence[Any]:
    return parts if isinstance(parts, (list, tuple)) else [parts]


def _passes(shape: Sequence[int], backward: bool) -> dict[str, Any]:
    """Fresh outputs, as autograd has them; both passes move the gradients of the results and of the field too."""
    torch = import_module("torch")
    watch.forget()
    f = _tensor(shape, "float32").requires_grad_(backward)
    weights = [_tensor(shape, "float32") for _ in shape]

    def both(gradient: Callable[[Any], Sequence[Any]]) -> Any:
        results = gradient(f)
        if not backward:
            return results
        return torch.autograd.grad(results, [f], weights)

    calls = {
        "gridgrad": lambda: both(lambda f: gg.gradient(f, STEP)),
        "torch.gradient": lambda: both(lambda f: torch.gradient(f, spacing=STEP)),
    }
    ours, theirs = (call() for call in calls.values())
    apart = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(ours, theirs, strict=True))
    del ours, theirs
    result = timing.milliseconds(calls["gridgrad"])
    peer = timing.milliseconds(calls["torch.gradient"], 5) | {"difference": apart, "agrees": apart < 1e-3}
    moved = (8 if backward else 4) * f.nbytes
    return result | {
        "kernels": watch.seen(),
        "bytes": f.nbytes,
        "GB/s": moved / result["ms"] / 1e6,
        "peers": {"torch.gradient": peer},
    }
