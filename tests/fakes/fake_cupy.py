"""As much of CuPy as the CUDA executor uses, on the host: arrays in host memory, kernels run by g++'s build."""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from weakref import finalize

import numpy as np


def steps_of(shape):
    """Coordinates for an array of this shape, not uniform."""
    return [np.cumsum(np.random.default_rng(n).uniform(0.5, 2, n)) for n in shape]


class ndarray(np.ndarray):
    """A NumPy array that looks like CuPy's."""

    device_id = 0
    reads = 0  # how often any was copied to the host, which waits

    def __array_finalize__(self, parent):
        self.device_id = getattr(parent, "device_id", 0)

    def __array_function__(self, func, types, args, kwargs):
        if func is np.broadcast_to:  # cupy's gives a cupy array
            kwargs = {**kwargs, "subok": True}
        return super().__array_function__(func, types, args, kwargs)

    @property
    def data(self):
        return SimpleNamespace(ptr=self.__array_interface__["data"][0])

    @property
    def device(self):
        return SimpleNamespace(id=self.device_id)

    def set(self, values):
        self[...] = values

    def get(self):
        type(self).reads += 1
        return np.array(self)


class FakeCupy:
    """Stands in for the module; `launches` tells what was launched where."""

    def __init__(self, kernels):
        self.ndarray = ndarray
        self.launches: list[SimpleNamespace] = []
        self.uploads = 0
        self.compiled = 0
        self.capturing = False
        self.freed: list[int] = []  # addresses of plain cudaMalloc that were given back
        self.devices = 2
        self.stream = SimpleNamespace(ptr=99, synchronize=self._synchronize)
        self._kernels = kernels
        self._device, self._is_plain = 0, False
        self.cuda = SimpleNamespace(
            Device=self._on_device,
            get_current_stream=lambda: self.stream,
            using_allocator=self._plain,
            runtime=SimpleNamespace(
                streamIsCapturing=self._is_capturing,
                getDevice=lambda: self._device,
                getDeviceCount=lambda: self.devices,
                getDeviceProperties=lambda k: {"name": b"Fake %d" % k},
            ),
        )

    def asarray(self, values, device=0):
        array = np.array(values, order="K", copy=True).view(ndarray)
        array.device_id = device
        return array

    def empty(self, shape, dtype, order="C"):
        return self._on_this_device(np.empty(shape, dtype, order))

    def empty_like(self, f, dtype):
        return self._on_this_device(np.empty_like(f, dtype, subok=False))

    def RawModule(self, code, options, backend):
        macros = code.removesuffix(self._kernels.source)
        assert macros != code
        assert options == ("-std=c++17", "--fmad=false")  # or CuPy compiles an empty program for each
        assert backend == "nvrtc"
        self.compiled += 1

        def kernel(grid, block, arguments, stream):
            (packed,) = arguments
            assert packed.size == 1
            assert packed.dtype.fields is None  # or CuPy asks for each of them, 40 us a launch
            self.launches.append(
                SimpleNamespace(grid=grid, stream=stream.ptr, device=self._device, macros=macros)
            )
            self._kernels.launch(macros, grid, block, packed)

        return SimpleNamespace(get_function=lambda name: {"gridgrad_apply": kernel}[name])

    def _on_this_device(self, memory):
        array = memory.view(ndarray)
        if self._is_plain:  # `memory` is what the collector of circles leaves to the count of references
            finalize(memory, self.freed.append, array.data.ptr)
        array.device_id = self._device
        return array

    @contextmanager
    def _plain(self, allocator):
        assert allocator is None
        assert not self.capturing
        self._is_plain = True
        try:
            yield
        finally:
            self._is_plain = False

    def _is_capturing(self, ptr):
        assert ptr not in (0, 1)  # CUDA reports an error for these
        return self.capturing

    @contextmanager
    def _on_device(self, device):
        before, self._device = self._device, device
        try:
            yield
        finally:
            self._device = before

    def _synchronize(self):
        self.uploads += 1
