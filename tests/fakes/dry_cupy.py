"""The stand-in for CuPy, wide enough for the tests of a device too: pointers, streams, graphs that run when launched."""

from __future__ import annotations

from functools import partial
from importlib.machinery import ModuleSpec
from types import SimpleNamespace
from typing import Any

import fake_cupy
import numpy as np
from dry_gpu import Device, attribute
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

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """CuPy's, also where NumPy forgets the class."""
        result = super().__array_function__(func, types, args, kwargs)
        return result.view(type(self)) if func is np.where else result

    @property
    def data(self) -> Pointer:
        return Pointer(self.__array_interface__["data"][0], self)

    def get(self) -> np.ndarray:
        return np.array(self)


class Recorded:
    """Kernels that a capture notes instead of running them."""

    def __init__(self) -> None:
        self.kernels = HostKernels()
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


class DryCupy(Device):
    """The module."""

    def __init__(self) -> None:
        super().__init__(run=True)
        self._kernels = self.kernels = Recorded()
        self.__spec__ = ModuleSpec("cupy", None)
        self.ndarray = ndarray
        self.stream = Stream(self, 99)
        self.cuda.Stream = lambda non_blocking=False: Stream(self, 1234)
        self.cuda.Stream.ptds = Stream(self, 2)
        self.cuda.set_allocator = lambda allocator: None
        self.cuda.runtime.profilerStart = self.cuda.runtime.profilerStop = lambda: None
        self.cuda.runtime.memGetInfo = lambda: (2 << 30, 4 << 30)

    def RawModule(self, code: str, options: Any, backend: str) -> Any:
        """With the facts that a benchmark asks a kernel for."""
        module = super().RawModule(code, options, backend)
        return SimpleNamespace(get_function=lambda name: attribute(module.get_function(name)))

    def __getattr__(self, name: str) -> Any:
        """Everything else as NumPy has it, its results on the device."""
        known = getattr(np, name)
        if isinstance(known, type) or not callable(known):
            return known

        def function(*arguments: Any, **keywords: Any) -> Any:
            result = known(*arguments, **keywords)
            return self._on_this_device(result) if isinstance(result, np.ndarray) else result

        return function

    def asarray(self, values: Any, dtype: Any = None, device: int = 0) -> Any:
        return self._on_this_device(super().asarray(values, dtype, device))

    def zeros(self, shape: Any, dtype: Any = float) -> Any:
        return self.full(shape, 0, dtype)

    def ones(self, shape: Any, dtype: Any = float) -> Any:
        return self.full(shape, 1, dtype)

    def from_dlpack(self, f: Any) -> Any:
        return self._on_this_device(np.from_dlpack(f))

    def _on_this_device(self, array: np.ndarray) -> Any:
        array = array.view(ndarray)
        array.device_id = self._device
        return array
