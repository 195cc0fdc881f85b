"""What a torch tensor is: plain memory, or part of something that a pointer would cut it from."""

from __future__ import annotations

from typing import Any

import torch
from torch._functorch.pyfunctorch import temporarily_pop_interpreter_stack
from torch.autograd import forward_ad

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array
from ..._plan.descriptor import STORAGE
from ..protocol import without_numbers

_COMPLEX = {"complex64": "float32", "complex128": "float64"}
_KNOWN = (*STORAGE, *_COMPLEX)
_SEEN = torch._C.DispatchKey.FuncTorchDynamicLayerFrontMode  # of calls that transforms see


def dtype_name(tensor: Any) -> str:
    """``float32`` for ``torch.float32``."""
    return str(tensor.dtype).rpartition(".")[2]


def storage_of(tensor: Any) -> tuple[str, int]:
    """The kernels' name of the dtype, and the number of reals in an element."""
    name = dtype_name(tensor)
    return _COMPLEX.get(name, name), 2 if name in _COMPLEX else 1


def check_samples(f: Any) -> None:
    """Refuse tensors that have no differences or no dense memory."""
    _refuse_nested(f)
    if type(f) is not torch.Tensor and hasattr(f, "get_mask"):
        raise ArgumentTypeError(
            "f is a masked tensor, whose mask torch does not carry through differences; give NaN in its place, f.to_tensor(float('nan')), and "
            'missing="one-sided" where it is not to be read'
        )
    if f.layout is not torch.strided:
        raise ArgumentTypeError(f"f is a sparse tensor (layout {f.layout}); give a dense one, f.to_dense()")
    if f.is_quantized:
        raise ArgumentTypeError("f is a quantized tensor; give its values, f.dequantize()")
    name = dtype_name(f)
    if name == "bool":
        raise ArgumentTypeError(
            "f has dtype torch.bool: booleans are not taken for numbers; convert them first, f.to(torch.float32)"
        )
    if name not in _KNOWN:
        raise ArgumentTypeError(
            f"f has dtype torch.{name}; convert it to one of {', '.join(_KNOWN)}, for example f.to(torch.float32)"
        )


def _refuse_nested(f: Any) -> None:
    """Refuse a tensor of tensors, which raises torch's own error where its shape is asked."""
    if f.is_nested:
        raise ArgumentTypeError(
            "f is a nested tensor; give its parts one by one, [A(part) for part in f.unbind()]"
        )


def is_differentiated(tensor: Any) -> bool:
    """Whether a derivative of any kind is being taken through this tensor, at any level of torch.func."""
    if tensor.requires_grad and torch.is_grad_enabled():
        return True
    functorch = torch._C._functorch
    if not functorch.is_functorch_wrapped_tensor(tensor):
        with torch._C._DisableFuncTorch():  # a transform hides the tangents that come from outside of it
            return _has_tangent(tensor)
    if tensor.requires_grad:
        return True
    level, stack = functorch.maybe_get_level(tensor), functorch.peek_interpreter_stack()
    running = 0 if stack is None else stack.level()
    if 0 < level < running:
        with temporarily_pop_interpreter_stack():
            return is_differentiated(tensor)
    if level > running:  # it escaped from a function that was mapped: torch says so
        return True
    if level == running and _has_tangent(tensor):
        return True
    return is_differentiated(functorch.get_unwrapped(tensor))


def _has_tangent(tensor: Any) -> bool:
    # -1 is no level: `unpack_dual` needs one.
    return forward_ad._current_level >= 0 and forward_ad.unpack_dual(tensor).tangent is not None


def is_plain_memory(tensor: Any) -> bool:
    """Whether the numbers behind ``data_ptr()`` are all there is to this tensor.

    Not so under autograd, a functorch transform, a tracer or a dispatch mode, for subclasses and
    for lazy conjugates and negatives; those stay torch operations.
    """
    if not is_plain_in_transforms(tensor) or is_differentiated(tensor):
        return False
    return not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def is_plain_in_transforms(tensor: Any) -> bool:
    """Whether it is plain memory but for autograd and the transforms of torch.func."""
    _refuse_nested(tensor)
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter) or tensor.device.type not in ("cpu", "cuda"):
        return False
    lazy = tensor.is_conj() or tensor.is_neg() or tensor._is_zerotensor()
    lazy = lazy or torch._C._functorch.is_legacy_batchedtensor(tensor)  # is_grads_batched of autograd
    traced = torch.jit.is_tracing() or torch._C._len_torch_dispatch_stack() > 0
    active = torch._C._are_functorch_transforms_active()
    escaped = not active and torch._C._functorch.is_functorch_wrapped_tensor(tensor)
    # A transform that came to an operator of torch, as by what was compiled, takes no `autograd.Function` inside of it.
    inside = active and torch._C._dispatch_tls_is_dispatch_key_excluded(_SEEN)
    return not (lazy or traced or escaped or inside or torch._is_functional_tensor(tensor))


def coordinates_to_host(tensor: Any, axis: int, name: str = "spacing") -> Array:
    """Coordinates or a number of an axis as a NumPy array; one that carries a derivative is refused, not detached."""
    if is_differentiated(tensor):
        raise ArgumentTypeError(_refused_derivative(axis, name))
    refuse_capture(
        tensor, f"the {name} is on the device, where reading it would wait; make a gridgrad.Grid of it before"
    )
    try:
        return values_of(tensor)
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise ArgumentTypeError(
            f"the {name} of axis {axis} is a {type(tensor).__name__} on {tensor.device} whose values cannot be read "
            f"here ({error}); give coordinates that are concrete, not traced, mapped or on the meta device"
        ) from None


def refuse_capture(tensor: Any, why: str) -> None:
    """Refuse what cannot be done on the device of a tensor while a CUDA graph is being captured."""
    if tensor.device.type == "cuda" and torch.cuda.is_current_stream_capturing():
        raise ArgumentValueError(f"a CUDA graph is being captured, and {why}")


def _refused_derivative(axis: int, name: str) -> str:
    given = f"the {name} of axis {axis} is a tensor that requires grad, and is not differentiable here"
    if name != "spacing":
        return f"{given}; detach it, {name}.detach(), to differentiate by f and by coordinates only"
    return (
        f"{given}: only gridgrad.gradient is, without out=; detach it, x.detach(), to differentiate by f only"
    )


def values_of(tensor: Any) -> Array:
    """The numbers of a tensor without its derivatives; TypeError for one that torch.func.vmap maps."""
    functorch = torch._C._functorch
    while functorch.is_functorch_wrapped_tensor(tensor) and not functorch.is_batchedtensor(tensor):
        tensor = functorch.get_unwrapped(tensor)
    if functorch.is_functorch_wrapped_tensor(tensor):
        raise TypeError("torch.func.vmap maps it")
    with torch._C._DisableFuncTorch():  # a constant among transformed tensors is still a constant
        return to_host(tensor)


def numbers_of(tensor: Any) -> Array:
    """The numbers of a tensor; one that has none where it is asked is refused."""
    try:
        return values_of(tensor)
    except ArgumentTypeError:
        raise
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise without_numbers("a tensor") from error


def to_host(tensor: Any) -> Array:
    """Values as a NumPy array, which has no bfloat16, and none of the other types that torch has for storage alone."""
    name = dtype_name(tensor)
    if name not in (*_KNOWN, "bool"):
        how = "dequantize()" if tensor.is_quantized else "to(torch.float32)"
        raise ArgumentTypeError(
            f"a tensor of numbers has dtype torch.{name}; convert it, for example x.{how}"
        )
    tensor = tensor.to(torch.float32) if tensor.dtype is torch.bfloat16 else tensor
    values: Array = tensor.numpy(force=True)
    return values


def batched_first(size: int, dim: int | None, tensor: Any) -> Any:
    """A tensor that torch.func.vmap maps, with the mapped axis in front."""
    return tensor.unsqueeze(0).expand(size, *tensor.shape) if dim is None else tensor.movedim(dim, 0)
