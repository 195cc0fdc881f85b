"""The stand-in for CuPy, wide enough for the tests and the benchmark of a device: streams, graphs, pointers, events."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fake_cupy
import numpy as np
from fake_cupy import FakeCupy
from host_kernels import HostKernels


class Pointer:
    """An address, and what keeps its memory."""

    def __init__(self, ptr: int, owner: Any) -> None:
        self.ptr, self.owner = ptr, owner

    def __add__(self, bytes_further: int) -> Pointer:
        return Pointer(self.ptr + int(bytes_further), self.owner)


class ndarray(fake_cupy.ndarray):
    """Made of shape, dtype, pointer and strides, as CuPy's."""

    def __new__(cls, shape: Any, dtype: Any = float, memptr: Any = None, strides: Any = None) -> Any:
        if memptr is None:
            return np.empty(shape, dtype).view(cls)
        interface = {"version": 3, "data": (memptr.ptr, False), "shape": tuple(shape), "strides": strides,
                     "typestr": np.dtype(dtype).str}  # fmt: skip
        array = np.asarray(SimpleNamespace(__array_interface__=interface)).view(cls)
        array.owner = memptr.owner
        return array

    @property
    def data(self) -> Pointer:
        return Pointer(self.__array_interface__["data"][0], self)

    def get(self) -> np.ndarray:
        return np.array(self)


class Recorded:
    """Kernels that a capture notes instead of running them."""

    def __init__(self, folder: Path) -> None:
        self.kernels = HostKernels(folder)
        self.noted: list[Any] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kernels, name)

    def launch(self, *arguments: Any) -> None:
        """Now, or whenever the graph is launched."""
        run = partial(self.kernels.launch, *arguments)
        run() if self.noted is None else self.noted.append(run)


class Stream:
    """One after the other, whatever the stream."""

    def __init__(self, cupy: DryCupy, ptr: int) -> None:
        self.cupy, self.ptr, self.before = cupy, ptr, []

    def __enter__(self) -> Stream:
        self.before.append(self.cupy.stream)
        self.cupy.stream = self
        return self

    def __exit__(self, *error: object) -> None:
        self.cupy.stream = self.before.pop()

    def synchronize(self) -> None:
        self.cupy.uploads += 1

    def begin_capture(self) -> None:
        self.cupy.capturing, self.cupy.kernels.noted = True, []

    def end_capture(self) -> Any:
        noted, self.cupy.capturing, self.cupy.kernels.noted = self.cupy.kernels.noted, False, None
        return SimpleNamespace(launch=lambda stream=None: [run() for run in noted])


class Event:
    """A look at the clock."""

    def record(self, stream: Any = None) -> None:
        self.time = time.perf_counter()

    def synchronize(self) -> None:
        """Nothing to wait for."""


class DryCupy(FakeCupy):
    """The module."""

    __version__ = "dry"

    def __init__(self, folder: Path) -> None:
        self.kernels = Recorded(folder)
        super().__init__(self.kernels)
        self.ndarray, self.devices = ndarray, 1
        self.stream = Stream(self, 99)
        self.cuda.Stream = lambda non_blocking=False: Stream(self, 1234)
        self.cuda.Stream.ptds = Stream(self, 2)
        self.cuda.Event = Event
        self.cuda.set_allocator = lambda allocator: None
        self.cuda.get_elapsed_time = lambda start, end: max((end.time - start.time) * 1e3, 1e-6)
        self.cuda.runtime.memGetInfo = lambda: (2 << 30, 4 << 30)
        self.cuda.runtime.deviceSynchronize = lambda: None
        self.random = SimpleNamespace(random=self._random)

    def RawModule(self, **how: Any) -> Any:
        """With the facts that a benchmark asks a kernel for."""
        module = super().RawModule(**how)

        def function(name: str) -> Any:
            kernel = module.get_function(name)
            kernel.num_regs, kernel.local_size_bytes, kernel.compile = 32, 0, lambda: None
            return kernel

        return SimpleNamespace(get_function=function)

    def asarray(self, values: Any, dtype: Any = None, device: int = 0) -> Any:
        return self._on_this_device(super().asarray(np.asarray(values, dtype=dtype), device))

    def full(self, shape: Any, value: float, dtype: Any = float) -> Any:
        return self._on_this_device(np.full(shape, value, dtype))

    def zeros(self, shape: Any, dtype: Any = float) -> Any:
        return self.full(shape, 0, dtype)

    def ones(self, shape: Any, dtype: Any = float) -> Any:
        return self.full(shape, 1, dtype)

    def empty(self, shape: Any, dtype: Any = float) -> Any:
        return self._on_this_device(np.empty(shape, dtype))

    def empty_like(self, f: Any, dtype: Any = None) -> Any:
        return self._on_this_device(np.empty_like(f, dtype or f.dtype, subok=False))

    def from_dlpack(self, f: Any) -> Any:
        return self._on_this_device(np.from_dlpack(f))

    def asnumpy(self, f: Any) -> np.ndarray:
        return np.array(f)

    def abs(self, f: Any) -> Any:
        return np.abs(f)

    def _random(self, shape: Any, dtype: Any = float) -> Any:
        return self.asarray(np.random.default_rng(0).random(shape, dtype))

    def _on_this_device(self, array: np.ndarray) -> Any:
        array = array.view(ndarray)
        array.device_id = self._device
        return array
