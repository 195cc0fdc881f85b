"""As much of CuPy as the CUDA executor uses, on the host: arrays in host memory, kernels run by g++'s build."""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import numpy as np


class ndarray(np.ndarray):
    """A NumPy array that looks like CuPy's."""

    device_id = 0

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


class FakeCupy:
    """Stands in for the module; `launches` tells what was launched where."""

    def __init__(self, kernels):
        self.ndarray = ndarray
        self.launches: list[SimpleNamespace] = []
        self.uploads = 0
        self.capturing = False
        self.devices = 2
        self.stream = SimpleNamespace(ptr=99, synchronize=self._synchronize)
        self._kernels = kernels
        self._device = 0
        self.cuda = SimpleNamespace(
            Device=self._on_device,
            get_current_stream=lambda: self.stream,
            using_allocator=lambda allocator: nullcontext(),
            runtime=SimpleNamespace(
                streamIsCapturing=lambda ptr: self.capturing,
                getDeviceCount=lambda: self.devices,
                getDeviceProperties=lambda k: {"name": b"Fake %d" % k},
            ),
        )

    def asarray(self, values, device=0):
        array = np.array(values, order="K", copy=True).view(ndarray)
        array.device_id = device
        return array

    def empty(self, shape, dtype):
        return self._on_this_device(np.empty(shape, dtype))

    def empty_like(self, f, dtype):
        return self._on_this_device(np.empty_like(f, dtype, subok=False))

    def RawModule(self, code, options, backend):
        macros = code.removesuffix(self._kernels.source)
        assert macros != code
        assert options == ("-std=c++17", "--fmad=false")  # or CuPy compiles an empty program for each
        assert backend == "nvrtc"

        def kernel(grid, block, arguments, stream):
            (packed,) = arguments
            assert packed.size == 1
            self.launches.append(
                SimpleNamespace(grid=grid, stream=stream.ptr, device=self._device, macros=macros)
            )
            self._kernels.launch(macros, grid, block, packed)

        return SimpleNamespace(get_function=lambda name: {"gridgrad_apply": kernel}[name])

    def _on_this_device(self, array):
        array = array.view(ndarray)
        array.device_id = self._device
        return array

    @contextmanager
    def _on_device(self, device):
        before, self._device = self._device, device
        try:
            yield
        finally:
            self._device = before

    def _synchronize(self):
        self.uploads += 1
