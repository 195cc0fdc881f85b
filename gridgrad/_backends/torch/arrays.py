"""Torch tensors: plain CPU and CUDA memory through the kernels, everything else as torch operations."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import torch
from array_api_compat import torch as namespace

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.outputs import check_places, split_out
from ..._plan.descriptor import ITEM_BYTES
from ..._plan.plan import make_plan
from ..._terms.term import Term
from .. import slices
from ..ladder import Ladder
from ..numpy import core, memory
from .graph import differentiated
from .tensors import check_samples, dtype_name, is_differentiated, is_plain_memory, layout_of, storage_of


def samples(f: Any) -> Any:
    """`f` itself, if its dtype has differences and its memory is dense."""
    check_samples(f)
    return f


def real_of(f: Any) -> Any:
    """The type weights are made in."""
    return np.float64


def empty_stack(fields: Sequence[Any], shape: tuple[int, ...]) -> Any:
    """One tensor for all results, or None where a graph must join them afterwards."""
    if not all(is_plain_memory(field) for field in fields):
        return None
    with torch._C._DisableFuncTorch():
        return torch.empty(shape, dtype=result_dtype(slices.leading(fields)), device=fields[0].device)


def operate(
    terms: tuple[Term, ...], fields: Sequence[Any], outputs: int, out: Any, workers: int | None
) -> list[Any]:
    """The `outputs` tensors of `terms` applied to `fields`, on their device."""
    fields = [_resolved(field) for field in fields]
    f = slices.leading(fields)
    if out is not None:
        return _into(split_out(out, outputs, tuple(f.shape)), terms, fields, workers)
    if not all(is_plain_memory(field) for field in fields):
        return _traced(terms, fields, outputs)
    with torch._C._DisableFuncTorch():  # constants of all transforms, and so is what is made of them
        targets = [torch.empty_like(f, dtype=result_dtype(f)) for _ in range(outputs)]
        _write(terms, fields, targets, workers)
    return targets


def _resolved(field: Any) -> Any:
    """Without a lazy conjugate or negative: kernels cannot read it, and vmap cannot take it apart."""
    return field.resolve_conj().resolve_neg() if field.is_conj() or field.is_neg() else field


def _traced(terms: tuple[Term, ...], fields: Sequence[Any], outputs: int) -> list[Any]:
    """Under autograd or a transform: by kernels that know their derivative, else as torch operations."""
    results = None
    if not slices.is_mixed(fields):
        results = differentiated(terms, fields, outputs, operate)
    return slices.apply(namespace, terms, fields, outputs) if results is None else list(results)


def is_within(field: Any, limit: int) -> bool:
    """Whether no integer of the field is larger in size than `limit`, where a look at it costs no waiting."""
    if field.device.type != "cpu" or field.dtype is torch.uint64 or not is_plain_memory(field):
        return False
    return field.numel() == 0 or (int(field.min()) >= -limit and int(field.max()) <= limit)


def result_dtype(f: Any) -> Any:
    """Floating and complex kept, integers to float64 (float32 on Apple's devices, which lack it)."""
    return slices.result_dtype(namespace, f)


def _into(
    targets: list[Any], terms: tuple[Term, ...], fields: Sequence[Any], workers: int | None
) -> list[Any]:
    if any(is_differentiated(field) for field in fields):
        raise ArgumentTypeError(
            "f requires grad, and writing into out= would cut the result from its graph; "
            "leave out= away, or give f.detach()"
        )
    check_targets(targets, slices.leading(fields))
    if all(is_plain_memory(tensor) for tensor in (*fields, *targets)):
        with torch._C._DisableFuncTorch():
            _write(terms, [_apart(field, targets) for field in fields], targets, workers)
        for target in targets:  # as torch's own in-place operations do: a graph that saved it must notice
            torch.autograd.graph.increment_version(target)
        return targets
    _write_slices(terms, fields, targets)
    return targets


def _apart(field: Any, targets: list[Any]) -> Any:
    return field.clone() if any(may_share_memory(field, target) for target in targets) else field


def _write(terms: tuple[Term, ...], fields: Sequence[Any], targets: list[Any], workers: int | None) -> None:
    """Plain memory to plain memory, without a copy wherever the kernels can read it."""
    f = fields[0]
    if f.numel() == 0 or not targets:
        return
    _Memory(workers).apply(terms, fields, targets)


class _Memory(Ladder):
    """Tensors of plain memory; those on a CPU on at most `workers` threads."""

    def __init__(self, workers: int | None) -> None:
        self.workers = workers

    def has_kernels(self, f: Any) -> bool:
        """Whether the device's executor is there: torch operations need neither core nor CuPy."""
        if f.device.type == "cuda":
            return import_module("gridgrad._backends.cuda.arrays").cupy is not None
        return core.core is not None

    def storage_of(self, f: Any) -> str:
        """The kernels' name of the dtype, of complex data that of its parts."""
        return storage_of(f)[0]

    def is_complex(self, a: Any) -> bool:
        """Whether the elements have an imaginary part."""
        return bool(a.is_complex())

    def is_aligned(self, a: Any) -> bool:
        """Whether the kernels can read it: torch may view any byte of a buffer."""
        return is_aligned(a)

    def parts(self, a: Any) -> list[Any]:
        """Views of the real and the imaginary parts."""
        return list(torch.view_as_real(a).unbind(-1))

    def empty(self, like: Any, real: str | None = None) -> Any:
        """A compact tensor."""
        return torch.empty(like.shape, dtype=_widened(like, real), device=like.device)

    def copy(self, a: Any, real: str | None = None) -> Any:
        """A compact copy."""
        return self.empty(a, real).copy_(a)

    def write(self, target: Any, result: Any) -> None:
        """Round `result` into `target`."""
        target.copy_(
            result.to(torch.float32) if target.element_size() < 4 < result.element_size() else result
        )

    def launch(
        self, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: Sequence[Any], adds: bool
    ) -> None:
        """Addresses and layouts to the kernels of the device, on the stream that torch is using."""
        f = inputs[0]
        storage, components = storage_of(f)
        sources, targets = (
            tuple(layout_of(tensor, components) for tensor in group) for group in (inputs, outputs)
        )
        addresses = [tensor.data_ptr() for tensor in (*inputs, *outputs)]
        if f.device.type == "cuda":
            stream = torch.cuda.current_stream(f.device).cuda_stream
            apply_pointers = import_module("gridgrad._backends.cuda.arrays").apply_pointers
            apply_pointers(
                terms, storage, components, sources, targets, addresses, f.device.index, stream, adds
            )
        else:
            plan = make_plan(terms, storage, sources, targets, components, adds)
            memory.run(plan, addresses, self.workers)

    def sliced(self, terms: tuple[Term, ...], inputs: Sequence[Any], outputs: int) -> list[Any]:
        """The results as new tensors."""
        return slices.apply(namespace, terms, inputs, outputs)


def _widened(like: Any, real: str | None) -> Any:
    return like.dtype if real is None else torch.promote_types(like.dtype, getattr(torch, real))


def _write_slices(terms: tuple[Term, ...], fields: Sequence[Any], targets: list[Any]) -> None:
    results = slices.apply(namespace, terms, fields, len(targets))
    for target, result in zip(targets, results, strict=True):
        target.copy_(result)


def is_aligned(tensor: Any) -> bool:
    """Whether the kernels can read it: torch may view any byte of a buffer."""
    return bool(tensor.data_ptr() % ITEM_BYTES[storage_of(tensor)[0]] == 0)


def check_targets(targets: list[Any], f: Any) -> None:
    """Every output tensor fits, is on the device, and shares no memory with another."""
    dtype = result_dtype(f)
    for k, target in enumerate(targets):
        name = f"out[{k}]" if len(targets) > 1 else "out"
        if not isinstance(target, torch.Tensor):
            raise ArgumentTypeError(
                f"{name} is a {type(target).__name__}; f is a torch tensor, so out must be one too"
            )
        if target.shape != f.shape:
            raise ArgumentValueError(
                f"{name} has shape {tuple(target.shape)}, but the result has shape {tuple(f.shape)}"
            )
        if target.dtype != dtype:
            raise ArgumentTypeError(
                f"{name} has dtype torch.{dtype_name(target)}, but the result has dtype {dtype}"
            )
        if target.device != f.device:
            raise ArgumentValueError(
                f"{name} is on device {target.device}, but f is on {f.device}; give one on the device of f"
            )
        if target.requires_grad:
            raise ArgumentTypeError(f"{name} requires grad; give a tensor that does not, {name}.detach()")
        if target.layout is not torch.strided or target.is_conj() or target.is_neg():
            raise ArgumentTypeError(
                f"{name} is not plain memory (sparse, or a lazy conjugate); give a dense tensor"
            )
        _check_memory(name, target, targets[:k])


def _check_memory(name: str, target: Any, others: list[Any]) -> None:
    if target.device.type not in ("cpu", "cuda") or torch._C._functorch.is_functorch_wrapped_tensor(target):
        return
    check_places(
        name, memory_of(target), [memory_of(other) for other in others], tuple(target.stride()), "tensor"
    )


def may_share_memory(a: Any, b: Any) -> bool:
    """Whether the address ranges of two tensors meet."""
    return bool(np.may_share_memory(memory_of(a), memory_of(b)))


class _Places:
    """Addresses in NumPy's clothes, for its overlap tests; never read, so any device will do."""

    def __init__(self, tensor: Any) -> None:
        item = tensor.element_size()
        self.__array_interface__ = {
            "version": 3,
            "data": (tensor.data_ptr(), False),
            "shape": tuple(tensor.shape),
            "strides": tuple(stride * item for stride in tensor.stride()),
            "typestr": f"|V{item}",
        }


def memory_of(tensor: Any) -> Any:
    """An array over the tensor's addresses that is only asked where it lies."""
    return np.asarray(_Places(tensor)) if tensor.numel() else np.empty(0)
