"""torch as an engine: `torch.func.jvp`, on the caller's tensors and device."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from ..._base.errors import ArgumentTypeError
from .._jets.mesh import Arrays
from .._jets.run import Parts, Task
from .._torch_series.run import expanded
from .._torch_series.series import Series
from .backend import Function
from .bridge import tensor_of

name = "torch"
# the first forward product of a process loads what torch itself calls deprecated
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    torch.func.jvp(torch.sin, (torch.zeros(()),), (torch.ones(()),))
jvp, jacfwd = torch.func.jvp, torch.func.jacfwd
unrecorded = torch.no_grad  # of graphs of parameters; forward products are made all the same
opaque = ("data pointer", "functorch", "data-dependent control flow", "Cannot access", "numpy()", "only one element tensors",
           "is ambiguous", "vmap", "must be Tensor", "__array__", "to a NumPy", "can't convert", "item()")  # fmt: skip


_NO_RULE = {  # what torch.special computes without a derivative
    "airy_ai", "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "modified_bessel_i0", "modified_bessel_i1", "modified_bessel_k0",
    "modified_bessel_k1", "scaled_modified_bessel_k0", "scaled_modified_bessel_k1", "spherical_bessel_j0",
}  # fmt: skip


def clean(c: Any, k: int) -> Any:
    """A coordinate as a dense floating tensor in memory of its own, which the function may not spoil."""
    if not isinstance(c, torch.Tensor):
        c = tensor_of(c)
    if c.layout != torch.strided:
        raise ArgumentTypeError(f"coordinate {k} is a sparse tensor; give c.to_dense()")
    if not (c.is_floating_point() or c.is_complex()):
        if c.dtype == torch.bool:
            raise ArgumentTypeError(
                f"coordinate {k} has dtype torch.bool; give real or complex numbers, x.double()"
            )
        c = c.to(torch.float64)
    return c.clone(memory_format=torch.contiguous_format)


def careful(f: Callable[..., Arrays], coords: Arrays) -> Callable[..., Arrays]:
    """The function itself: torch divides twice."""
    return f


def carries(f: Callable[..., Any], c: Any) -> bool:
    """Whether what a function returns has a derivative by c at all, were it 0."""
    try:
        torch.func.jvp(f, (c,), (torch.ones_like(c),), strict=True)
    except RuntimeError as error:
        return "independent" not in str(error)
    return True


class _Watch(TorchFunctionMode):  # type: ignore[misc,unused-ignore]
    """Remembers the first function that was called with what is being differentiated and has no derivative."""

    found = ""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "").removeprefix("special_")
        if name in _NO_RULE and any(map(_moves, args)):
            self.found = self.found or f"torch.special.{name}"
        return func(*args, **(kwargs or {}))


def watched_jvp(f: Callable[..., Any], c: Any, tangent: Any) -> tuple[Arrays, str]:
    """Forward product, and the function of torch.special that was called with c and has no derivative."""
    if torch.compiler.is_compiling():
        return jvp(f, (c,), (tangent,))[1], ""
    with _Watch() as watch:
        moved: Arrays = torch.func.jvp(f, (c,), (tangent,))[1]
    return moved, watch.found


def _moves(a: Any) -> bool:
    return isinstance(a, torch.Tensor) and torch.autograd.forward_ad.unpack_dual(a).tangent is not None


def _is_traced(a: Any) -> bool:
    return isinstance(a, torch.Tensor) and torch._C._functorch.is_functorch_wrapped_tensor(a)


def array(a: Any, like: Arrays) -> Any:
    """A tensor of what a function returned."""
    if isinstance(a, (torch.Tensor, Series)):
        return a if a.is_floating_point() or a.is_complex() else a.to(_common(like))
    if isinstance(a, (int, float, bool)):
        return torch.full((), a, dtype=_common(like), device=like[0].device)
    return torch.as_tensor(a, device=like[0].device)


def _common(like: Arrays) -> Any:
    dtype = like[0].dtype
    for c in like[1:]:
        dtype = torch.promote_types(dtype, c.dtype)
    return dtype


def widened(a: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast, in memory of its own: forward products refuse views that repeat an element."""
    return a if tuple(a.shape) == shape else a.expand(shape).contiguous()


def series(task: Task, f: Function) -> Parts | None:
    """By the rules of linear layers and smooth functions; in single and double precision, where no transform traces."""
    coords: Any = task.mesh.coords
    if torch.compiler.is_compiling() or not any(map(sum, task.wanted)):
        return None
    if not all(c.dtype in (torch.float32, torch.float64) and not _is_traced(c) for c in coords):
        return None
    return expanded(task, f)


def filled(v: Any, c: Any) -> Any:
    """`v` in the type and shape of c."""
    if isinstance(v, np.ndarray):
        return torch.as_tensor(v, device=c.device).to(c.dtype)
    return torch.full_like(c, v, requires_grad=False)


def numpy(a: Any) -> Any:
    """On the host; a tensor that torch.func is tracing has no values."""
    if _is_traced(a):
        raise TypeError("traced")
    a = a.detach().cpu().resolve_conj().resolve_neg()
    return (a.float() if a.dtype == torch.bfloat16 else a).numpy()
