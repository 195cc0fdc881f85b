"""What the tests on a device share: guarded arrays there, the host core's bits, work that takes a while, graphs."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
from cuda_cases import CANARY, result_type, same_bits

from gridgrad._backends import ladder
from gridgrad._backends.cuda import arrays, device
from gridgrad._backends.numpy import BACKEND

TORCH, JAX = "cuda", "gpu"  # what torch and JAX call the device
WORK = (8192, 8192)  # float32 elements of an array whose passes take a while
MARGIN = 64  # elements of canaries on both sides of an output


def to_device(f: np.ndarray) -> Any:
    """The same strides on the device, broadcast and negative ones included, and no byte around them."""
    low, high = np.lib.array_utils.byte_bounds(f)
    memory = np.ctypeslib.as_array((ctypes.c_uint8 * (high - low)).from_address(low))
    start = device.cupy.asarray(memory).data + (f.__array_interface__["data"][0] - low)
    return device.cupy.ndarray(f.shape, f.dtype, start, f.strides)


def guarded(shape: tuple[int, ...], dtype: Any) -> tuple[Any, Any]:
    """An output full of NaN on the device, and the buffer of canaries that it lies in."""
    size = int(np.prod(shape))
    buffer = device.cupy.full(size + 2 * MARGIN, CANARY, dtype)
    output = buffer[MARGIN : MARGIN + size].reshape(shape)
    output[...] = np.nan
    return output, buffer


def is_intact(buffer: Any) -> bool:
    """Whether nothing around the output was written."""
    around = device.cupy.asnumpy(buffer)
    return bool((around[:MARGIN] == CANARY).all() and (around[-MARGIN:] == CANARY).all())


def check(terms: Any, inputs: Any) -> None:
    """The bits of the host core, every element written, and none beside them."""
    count, shape, dtype = 1 + max(t.output for t in terms), inputs[0].shape, result_type(inputs[0])
    wanted = [np.empty(shape, dtype) for _ in range(count)]
    ladder.apply(BACKEND, terms, inputs, wanted)
    outputs = [guarded(shape, dtype) for _ in range(count)]
    ladder.apply(arrays.BACKEND, terms, [to_device(f) for f in inputs], [output for output, _ in outputs])
    for a, (b, buffer) in zip(wanted, outputs, strict=True):
        assert same_bits(a, device.cupy.asnumpy(b))
        assert is_intact(buffer)


def written_late(f: Any, work: Any) -> Any:
    """`f` in memory that is NaN until the current stream has done its work: a kernel on another stream overtakes it."""
    late = f * float("nan")
    device.cupy.cuda.runtime.deviceSynchronize()
    for _ in range(20):
        work *= 1.0
    late[...] = f
    return late


def captured(stream: Any, call: Callable[[], object]) -> Any:
    """The graph of what `call` launches on a CuPy stream; the capture ends before its error is raised."""
    stream.begin_capture()
    try:
        call()
    finally:
        graph = stream.end_capture()
    return graph


def torch_graph(call: Callable[[], Any]) -> tuple[Callable[[], None], Any]:
    """What replays `call`, and the tensors that it then writes."""
    import torch

    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        results = call()
    return graph.replay, results
