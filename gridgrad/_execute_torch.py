"""Torch tensors: plain CPU and CUDA memory through the kernels, everything else as torch operations."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import torch
from array_api_compat import torch as namespace

from . import _core, _execute_host, _execute_xp
from ._errors import ArgumentTypeError, ArgumentValueError
from ._outputs import check_places, split_out
from ._plan import ITEM_BYTES, Term, TooManyDims, make_plan
from ._torch_tensors import (
    check_samples,
    dtype_name,
    is_differentiated,
    is_plain_memory,
    layout_of,
    storage_of,
)


def samples(f: Any) -> Any:
    """`f` itself, if its dtype has differences and its memory is dense."""
    check_samples(f)
    return f


def real_of(f: Any) -> Any:
    """The type weights are made in."""
    return np.float64


def gradient(terms: tuple[Term, ...], f: Any, out: Any, workers: int | None) -> list[Any]:
    """One tensor for each output of `terms`, on the device of `f`."""
    if out is not None:
        return _into(split_out(out, len(terms), tuple(f.shape)), terms, f, workers)
    if not is_plain_memory(f):
        return _execute_xp.apply(namespace, terms, [f], len(terms))
    targets = [torch.empty_like(f, dtype=result_dtype(f)) for _ in terms]
    _write(terms, f, targets, workers)
    return targets


def result_dtype(f: Any) -> Any:
    """Floating and complex kept, integers to float64 (float32 on Apple's devices, which lack it)."""
    return _execute_xp.result_dtype(namespace, f)


def _into(targets: list[Any], terms: tuple[Term, ...], f: Any, workers: int | None) -> list[Any]:
    if is_differentiated(f):
        raise ArgumentTypeError(
            "f requires grad, and writing into out= would cut the result from its graph; "
            "leave out= away, or give f.detach()"
        )
    check_targets(targets, f)
    if is_plain_memory(f) and all(is_plain_memory(target) for target in targets):
        source = f.clone() if any(may_share_memory(f, target) for target in targets) else f
        _write(terms, source, targets, workers)
        for target in targets:  # as torch's own in-place operations do: a graph that saved it must notice
            torch.autograd.graph.increment_version(target)
        return targets
    results = _execute_xp.apply(namespace, terms, [f], len(terms))
    for target, result in zip(targets, results, strict=True):
        target.copy_(result)
    return targets


def _write(terms: tuple[Term, ...], f: Any, targets: list[Any], workers: int | None) -> None:
    """Plain memory to plain memory, without a copy wherever the kernels can read it."""
    if f.numel() == 0 or not targets:
        return
    if any(term.stencil.power for term in terms) or not _has_kernels(f):
        _write_slices(terms, f, targets)
    elif not all(is_aligned(tensor) for tensor in (f, *targets)):
        fresh = [torch.empty_like(target) for target in targets]
        _write(terms, f.clone(), fresh, workers)
        for target, result in zip(targets, fresh, strict=True):
            target.copy_(result)
    else:
        try:
            _launch(terms, f, targets, workers)
        except TooManyDims:
            _write_parts(terms, f, targets, workers)


def _has_kernels(f: Any) -> bool:
    """Whether the device's executor is there: torch operations need neither core nor CuPy."""
    if f.device.type == "cuda":
        return import_module("gridgrad._execute_cuda").cupy is not None
    return _core.core is not None


def _launch(terms: tuple[Term, ...], f: Any, targets: list[Any], workers: int | None) -> None:
    """Addresses and layouts to the kernels of the device, on the stream that torch is using."""
    storage, components = storage_of(f)
    inputs, outputs = (layout_of(f, components),), tuple(layout_of(target, components) for target in targets)
    addresses = [tensor.data_ptr() for tensor in (f, *targets)]
    if f.device.type == "cuda":
        stream = torch.cuda.current_stream(f.device).cuda_stream
        apply_pointers = import_module("gridgrad._execute_cuda").apply_pointers
        apply_pointers(terms, storage, components, inputs, outputs, addresses, f.device.index, stream)
    else:
        _execute_host.run(make_plan(terms, storage, inputs, outputs, components), addresses, workers)


def _write_parts(terms: tuple[Term, ...], f: Any, targets: list[Any], workers: int | None) -> None:
    """More axes than one descriptor holds: one at a time, then as torch operations."""
    if len(targets) == 1:
        _write_slices(terms, f, targets)
        return
    for term in terms:
        _write((term._replace(output=0),), f, [targets[term.output]], workers)


def _write_slices(terms: tuple[Term, ...], f: Any, targets: list[Any]) -> None:
    results = _execute_xp.apply(namespace, terms, [f], len(targets))
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
    if target.device.type not in ("cpu", "cuda"):
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
