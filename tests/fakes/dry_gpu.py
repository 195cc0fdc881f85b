"""Runs a script as on a CUDA device: CuPy is a stand-in on the host's memory, kernels are built by g++.

``python tests/fakes/dry_gpu.py [--no-kernels] SCRIPT ARGUMENTS``; without kernels only those of the
benchmark are run, so nothing is compiled but these.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.machinery
import os
import runpy
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import scipy.ndimage

sys.path.insert(0, str(Path(__file__).parent))

from fake_cupy import FakeCupy, ndarray
from host_kernels import HostKernels, compiler

FOLDER = Path(
    os.environ.get("GRIDGRAD_DRY_GPU", Path(tempfile.gettempdir()) / f"gridgrad-dry-gpu-{os.getuid()}")
)
NAMES = ("fill", "hold", "stream", "naive_gradient", "naive_laplacian", "marching_laplacian")
BEFORE = """
#include <cstdint>
#define __global__
#define __device__
#define __launch_bounds__(...)
struct Dim3 { unsigned x, y, z; };
static Dim3 threadIdx, blockIdx, blockDim, gridDim;
static long long clock64() { static long long ticks = 0; return ticks += 1 << 24; }
"""
AFTER = """
extern "C" void launch_{name}(const Call* call, const Dim3* grid, const Dim3* block) {{
  gridDim = *grid; blockDim = *block;
  for (blockIdx.z = 0; blockIdx.z < grid->z; ++blockIdx.z)
    for (blockIdx.y = 0; blockIdx.y < grid->y; ++blockIdx.y)
      for (blockIdx.x = 0; blockIdx.x < grid->x; ++blockIdx.x)
        for (threadIdx.z = 0; threadIdx.z < block->z; ++threadIdx.z)
          for (threadIdx.y = 0; threadIdx.y < block->y; ++threadIdx.y)
            for (threadIdx.x = 0; threadIdx.x < block->x; ++threadIdx.x) {name}(*call);
}}
"""
LAPLACE = SimpleNamespace(
    laplace=lambda f, output: scipy.ndimage.laplace(np.asarray(f), output=np.asarray(output))
)


class Event:
    def record(self, stream=None):
        self.time = time.perf_counter()

    def synchronize(self):
        pass


class Stream(SimpleNamespace):
    """One that captures; a graph's launch runs what was captured again."""

    def __enter__(self):
        self.before, self.cupy.stream = self.cupy.stream, self
        return self

    def __exit__(self, *error):
        self.cupy.stream = self.before

    def synchronize(self):
        self.cupy.uploads += 1

    def begin_capture(self):
        self.cupy.capturing, self.cupy.captured = True, []

    def end_capture(self):
        self.cupy.capturing, calls = False, self.cupy.captured
        return SimpleNamespace(launch=lambda stream=None: [call() for call in calls])


class Device(FakeCupy):
    """The stand-in of the tests, and what the benchmark asks of CuPy beside it."""

    def __init__(self, run):
        super().__init__(HostKernels())
        self.run, self.devices, self.captured = run, 1, []
        self.cuda.Event = Event
        self.cuda.get_elapsed_time = lambda a, b: max((b.time - a.time) * 1e3, 1e-6)
        self.cuda.Stream = lambda **how: Stream(cupy=self, ptr=1234)
        self.cuda.nvrtc = SimpleNamespace(getVersion=lambda: (0, 0))
        runtime = self.cuda.runtime
        runtime.deviceSynchronize = lambda: None
        runtime.memcpyAsync = lambda target, source, nbytes, kind, stream: ctypes.memmove(
            target, source, nbytes
        )
        runtime.driverGetVersion = runtime.runtimeGetVersion = lambda: 0
        self.__version__ = "a stand-in"

    def RawModule(self, code, options, backend):
        if "struct Call {" not in code:  # gridgrad's
            return super().RawModule(code, options, backend)
        library = built(code, options)
        return SimpleNamespace(get_function=lambda name: kernel(library, name))

    def asarray(self, values, dtype=None, device=0):
        return super().asarray(np.asarray(values, dtype=dtype), device)

    def empty(self, shape, dtype="f8", *order):
        return super().empty(shape, dtype, *order)

    def empty_like(self, f, dtype=None):
        return super().empty_like(f, f.dtype if dtype is None else dtype)

    def full(self, shape, value, dtype="f8"):
        return self.asarray(np.full(shape, value, dtype))

    def asnumpy(self, a):
        return np.array(a, subok=False)

    def abs(self, a):
        return np.abs(a)

    def gradient(self, f, *spacing, axis=None):
        return np.gradient(np.asarray(f), *map(np.asarray, spacing), axis=axis)

    def from_dlpack(self, a):
        return np.from_dlpack(a).view(ndarray)

    def get_default_memory_pool(self):
        return SimpleNamespace(free_all_blocks=lambda: None)


def kernel(library, name):
    function = library[f"launch_{name}"]

    def launch(grid, block, arguments, stream=None):
        grid, block = (np.array([*shape, 1, 1][:3], np.uint32) for shape in (grid, block))
        function(*(ctypes.c_void_p(a.ctypes.data) for a in (*arguments, grid, block)))

    return launch


def built(code, options):
    """The benchmark's own kernels."""
    text = BEFORE + code + "".join(AFTER.format(name=name) for name in NAMES)
    macros = [option for option in options if option.startswith("-D")]
    target = FOLDER / (hashlib.sha256("\0".join([text, *macros]).encode()).hexdigest()[:24] + ".so")
    if not target.exists():
        own = target.with_suffix(f".{os.getpid()}")
        command = [
            compiler(),
            "-x",
            "c++",
            "-std=c++17",
            "-O1",
            "-shared",
            "-fPIC",
            "-w",
            *macros,
            "-",
            "-o",
            own,
        ]
        subprocess.run(command, input=text, text=True, check=True)
        own.replace(target)
    return ctypes.CDLL(str(target))


def attribute(kernel):
    kernel.num_regs, kernel.local_size_bytes, kernel.compile = 32, 0, lambda: None
    return kernel


def install(run=True):
    """In the place of CuPy, before anything imports it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    fake = Device(run)
    ndarray.get = lambda self: np.array(self, subok=False)
    module = ModuleType("cupy")
    module.__spec__ = importlib.machinery.ModuleSpec("cupy", None)
    for name in dir(fake):
        if not name.startswith("_") or name == "__version__":
            setattr(module, name, getattr(fake, name))
    if not run:
        fake._kernels.launch = lambda *arguments: None
    made = FakeCupy.RawModule

    def recorded(self, code, options, backend):
        function = made(self, code, options, backend).get_function

        def get_function(name):
            kernel = function(name)

            def launch(*arguments, **keywords):
                if fake.capturing:
                    fake.captured.append(lambda: kernel(*arguments, **keywords))
                kernel(*arguments, **keywords)

            return attribute(launch)

        return SimpleNamespace(get_function=get_function)

    FakeCupy.RawModule = recorded
    sys.modules |= {"cupy": module, "cupyx.scipy.ndimage": LAPLACE}
    serve()
    return fake


def serve():
    """gridgrad takes the stand-in's arrays for those of a device."""
    from gridgrad._backends import dispatch
    from gridgrad._backends.cuda import arrays
    from gridgrad._grid import spacing

    found, is_foreign = dispatch.found, spacing.is_foreign
    dispatch.found = lambda cls: arrays.BACKEND if cls is ndarray else found(cls)
    spacing.is_foreign = lambda cls: cls is not ndarray and is_foreign(cls)


# What another process of the same run imports as CuPy.
AGAIN = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import dry_gpu
dry_gpu.install(%r)
"""

FAULTY = "derivative 1 512^3 float32"  # the row that a test has fail


def plant(fault):
    """Have one row raise, end its process, or hang."""
    from gpu_rows import measured

    measure = measured.measure

    def faulty(row, shape):
        if row.name == FAULTY:
            if fault == "raise":
                raise MemoryError("planted")
            if fault == "exit":
                os._exit(11)
            time.sleep(600)
        return measure(row, shape)

    measured.measure = faulty


if __name__ == "__main__":
    runs = "--no-kernels" not in sys.argv
    sys.argv = [a for a in sys.argv[1:] if a != "--no-kernels"]
    install(runs)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(FOLDER), *filter(None, [os.environ.get("PYTHONPATH")])])
    (FOLDER / "cupy.py").write_text(AGAIN % runs, encoding="utf-8")
    sys.modules.update(dict.fromkeys(os.environ.get("GRIDGRAD_DRY_WITHOUT", "").split()))
    if "GRIDGRAD_DRY_FAULT" in os.environ:
        sys.path.insert(0, str(Path(sys.argv[0]).parent))
        plant(os.environ["GRIDGRAD_DRY_FAULT"])
    runpy.run_path(sys.argv[0], run_name="__main__")
