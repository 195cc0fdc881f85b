"""The back end of torch tensors: plain memory of a CPU or CUDA device, and what a pointer would cut from its graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib import import_module
from typing import Any, TypeAlias

import torch
from torch.autograd import forward_ad

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._plan.descriptor import ITEM_BYTES
from ..._plan.plan import Memory, Plan
from ..._terms.term import Term
from .. import ladder, slices
from ..numpy import core, memory
from ..operations import Operations
from ..protocol import Backend, Call, DType, Facts, HostMap, InGraph, Run
from .graph import IN_GRAPH, in_graph
from .host import mapped
from .operations import OPERATIONS
from .tensors import (
    check_samples,
    coordinates_to_host,
    is_differentiated,
    is_plain_in_transforms,
    is_plain_memory,
    numbers_of,
    storage_of,
    to_host,
)

_Tensor, _functorch = torch.Tensor, torch._C._functorch
_keys_of, _is_transforming = torch._C._dispatch_keys, torch._C._are_functorch_transforms_active
_is_tracing, _modes = torch._C._is_tracing, torch._C._len_torch_dispatch_stack
_Parameter, _has_graphs = torch.nn.Parameter, torch.is_grad_enabled
_empty, _empty_like = torch.empty, torch.empty_like
# At addresses, on so many threads, into outputs that are fresh or not: whether the addresses allow it.
RunAt: TypeAlias = Callable[[Sequence[int], int | None, bool], bool]


class Torch(Backend[Any]):
    """Tensors on the device and stream that torch is using.

    Copies that a call needs until it is over can be part of a CUDA graph: what is made while torch captures one stays
    with the graph.
    """

    def __init__(self, name: str, noun: str) -> None:
        super().__init__(name, noun)
        # Of dense tensors on a CPU, and on a device once one was seen, that are no subclasses and not lazy.
        self._plain_keys = [_keys_of(torch.empty(0))]

    def samples(self, f: Any) -> Any:
        """`f` itself, if its dtype has differences and its memory is dense."""
        check_samples(f)
        return f

    def at(self, like: Any) -> AbstractContextManager[Any]:
        """Out of all transforms: plain tensors are their constants, and so is what is made of them."""
        guard: AbstractContextManager[Any] = torch._C._DisableFuncTorch()
        return guard

    def among(self, fields: Sequence[Any]) -> Torch:
        """Itself, where all components and coefficients are on one device."""
        if len(fields) > 1:
            devices = {field.device: None for field in fields}
            if len(devices) > 1:
                raise ArgumentValueError(
                    f"the components or coefficients of f are on the devices {', '.join(map(str, devices))}; "
                    f"bring all to one, k.to({str(fields[0].device)!r})"
                )
        return self

    def operations(self, *fields: Any) -> Operations:
        """Torch's."""
        return OPERATIONS

    def facts(self, a: Any) -> Facts:
        """Shape, strides in elements, dtype and device of a tensor whose numbers are all there is to it."""
        found = self.key(a)
        return None if found is None or len(found) > 4 else found

    def key(self, a: Any) -> tuple[Any, ...] | None:
        """The same also of a tensor that a graph is recorded of, and nothing else: with one entry more."""
        cls = type(a)
        if (
            (cls is _Tensor or cls is _Parameter) and forward_ad._current_level < 0
            and not (_is_transforming() or _modes() or _is_tracing())
        ):  # fmt: skip
            keys = _keys_of(a)  # which then say all that is asked below
            if keys not in self._plain_keys:
                if a.layout is not torch.strided or a.is_quantized or not is_plain_in_transforms(a):
                    return None
                self._plain_keys.append(keys)
            if a.requires_grad and _has_graphs():
                return a.shape, a.stride(), a.dtype, a.device, IN_GRAPH
            return a.shape, a.stride(), a.dtype, a.device
        return (a.shape, a.stride(), a.dtype, a.device) if is_plain_memory(a) else None

    def in_graph(self, terms: tuple[Term, ...], fields: Sequence[Any], outputs: int) -> InGraph[Any] | None:
        """One node."""
        if any(self.key(field) is None for field in fields) or slices.is_mixed(fields):
            return None
        return in_graph(self, terms, fields, outputs)

    def memory(self, a: Any) -> Memory:
        """Its address; read where the kernels of its device are there."""
        name, components = storage_of(a)
        there = core.core if a.device.type == "cpu" else import_module("gridgrad._backends.cuda.device").cupy
        item = ITEM_BYTES[name]
        return Memory(
            None if there is None else name, components, item, tuple(a.shape), tuple(a.stride()), item * components,
            a.data_ptr(),
        )  # fmt: skip

    def empty(self, like: Any, dtype: DType = None, shape: tuple[int, ...] | None = None) -> Any:
        """On the device of `like`."""
        dtype = like.dtype if dtype is None else dtype
        if shape is None or shape == like.shape:
            return torch.empty_like(like, dtype=dtype)
        with self.at(like):
            return torch.empty(shape, dtype=dtype, device=like.device)

    def copy(self, a: Any, dtype: DType = None) -> Any:
        """By torch's own kernels."""
        return torch.empty(a.shape, dtype=a.dtype if dtype is None else dtype, device=a.device).copy_(a)

    def assign(self, target: Any, values: Any) -> None:
        """As torch copies."""
        target.copy_(values)

    def launch(self, plan: Plan, arrays: Sequence[Any], workers: int | None = None) -> None:
        """On the stream that torch is using, or on at most `workers` threads of a CPU."""
        addresses, device = [tensor.data_ptr() for tensor in arrays], arrays[0].device
        if device.type == "cuda":
            stream = torch.cuda.current_stream(device).cuda_stream
            import_module("gridgrad._backends.cuda.device").launch(plan, addresses, device.index, stream)
        else:
            memory.run(plan, addresses, workers)
        # As torch's own in-place operations do: a graph that saved an output must notice.
        torch._C._increment_version(arrays[plan.inputs :])

    def bind(self, plan: Plan, dtype: DType, like: Any) -> Run[Any]:
        """By the core, or by what is bound to the device of `like`."""
        if like.is_cpu:
            return partial(self._at_addresses, memory.AtAddresses(plan), plan, dtype)
        bound = import_module("gridgrad._backends.cuda.bound").Bound(plan, like.device.index)
        return partial(self._at_addresses, partial(_on_stream, bound, like.device), plan, dtype)

    def _at_addresses(
        self, run: RunAt, plan: Plan, dtype: DType, inputs: Sequence[Any], out: Sequence[Any] | None,
        workers: int | None,
    ) -> Sequence[Any] | None:  # fmt: skip
        """Without a detour; a tensor that requires grad is not written."""
        if out is not None and any([target.requires_grad for target in out]):
            return None
        like, results = inputs[0], out
        if results is None:
            with self.at(like) if _is_transforming() else nullcontext():
                if plan.shape == like.shape:
                    results = [_empty_like(like, dtype=dtype) for _ in range(plan.outputs)]
                else:
                    results = [
                        _empty(plan.shape, dtype=dtype, device=like.device) for _ in range(plan.outputs)
                    ]
        addresses = [tensor.data_ptr() for tensor in (*inputs, *results)]
        if not run(addresses, workers, out is None):
            return None
        if out is not None:
            torch._C._increment_version(out)
        return results

    def check_target(self, name: str, target: Any, fields: Sequence[Any]) -> Memory | None:
        """Refuse what is no dense tensor on the device of the fields, or would cut or join a graph."""
        f = fields[0]
        if any(map(is_differentiated, fields)):
            what, name = ("f", "f") if is_differentiated(f) else ("what the operator is made with", "k")
            raise ArgumentTypeError(
                f"{what} requires grad, and writing into out= would cut the result from its graph; "
                f"leave out= away, or give {name}.detach()"
            )
        if not isinstance(target, torch.Tensor):
            raise ArgumentTypeError(
                f"{name} is a {type(target).__name__}; f is a torch tensor, so out must be one too"
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
        if target.device.type not in ("cpu", "cuda") or _functorch.is_functorch_wrapped_tensor(target):
            return None
        return self.memory(target) if storage_of(target)[0] in ITEM_BYTES else None

    def carried(self, call: Call, fields: Sequence[Any]) -> list[Any]:
        """Under autograd or a transform: by kernels that know their derivative, else as torch operations."""
        resolved = [_resolved(field) for field in fields]
        if all(map(is_plain_memory, resolved)):
            return ladder.operate(self, call.terms, resolved, call.outputs, None, call.workers)
        results = None
        if not slices.is_mixed(resolved):
            through = in_graph(self, call.terms, resolved, call.outputs)
            results = None if through is None else through(resolved)
        return super().carried(call, resolved) if results is None else list(results)

    def mapped(self, made: Callable[[], HostMap], field: Any) -> Any:
        """By a node of torch's graph."""
        return mapped(made, field)

    def within(self, field: Any, limit: int) -> bool:
        """By a look at all values of a CPU's memory."""
        if field.device.type != "cpu" or field.dtype is torch.uint64 or not is_plain_memory(field):
            return False
        return field.numel() == 0 or (int(field.min()) >= -limit and int(field.max()) <= limit)

    def is_differentiated(self, a: Any) -> bool:
        """In either mode, at any level."""
        return is_differentiated(a)

    def host(self, a: Any, axis: int | None = None, name: str = "spacing") -> Any:
        """The values as a NumPy array."""
        if (
            axis is not None
            and not _is_transforming()
            and a.device.type == "cpu"
            and self.facts(a) is not None
        ):
            return to_host(a)
        return numbers_of(a) if axis is None else coordinates_to_host(a, axis, name)


def _on_stream(
    bound: Any, device: Any, addresses: Sequence[int], workers: int | None, is_fresh: bool
) -> bool:
    """On the stream that torch is using there."""
    done: bool = bound.on_stream(addresses, torch.cuda.current_stream(device).cuda_stream, is_fresh)
    return done


BACKEND = Torch("torch", "tensor")


def _resolved(field: Any) -> Any:
    """Without a lazy conjugate or negative: kernels cannot read it, and vmap cannot take it apart."""
    return field.resolve_conj().resolve_neg() if field.is_conj() or field.is_neg() else field
