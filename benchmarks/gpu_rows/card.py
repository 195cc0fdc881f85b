"""The card: its memory, arrays of random numbers on it, the kernels of kernels.cu, and what is known of it."""

from __future__ import annotations

import gc
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from math import prod
from pathlib import Path
from typing import Any

import cupy
import numpy as np

CALL = np.dtype([("in", "u8", 8), ("out", "u8", 9), ("x", "u8", 3), ("n", "i8", 4), ("step", "f8", 3)])
REALS = {"float32": "float", "float64": "double"}
QUERY = "name,driver_version,clocks.sm,clocks.mem,clocks.max.sm,clocks.max.mem,power.draw,temperature.gpu,pstate,mig.mode.current"
LIBRARIES = (
    "gridgrad",
    "numpy",
    "cupy-cuda13x",
    "cupy-cuda12x",
    "torch",
    "jax",
    "triton",
    "nvidia-cuda-nvrtc",
)
_compile = cupy.RawModule  # as it is before `watch` looks at what gridgrad compiles
_seeds = count(1)


@cache
def kernel(name: str, real: str = "float32", reads: int = 1, writes: int = 1) -> Any:
    """A kernel of kernels.cu."""
    text = Path(__file__).with_name("kernels.cu").read_text(encoding="utf-8")
    options = ("-std=c++17", f"-DREAL={REALS[real]}", f"-DREADS={reads}", f"-DWRITES={writes}")
    return _compile(code=text, options=options, backend="nvrtc").get_function(name)


def call_of(reads: Sequence[int] = (), writes: Sequence[int] = (), n: Sequence[int] = (), step: Sequence[float] = (),
            x: Sequence[int] = ()) -> tuple[np.ndarray]:  # fmt: skip
    """The argument of a kernel of kernels.cu."""
    call = np.zeros(1, CALL)
    for name, values in (("in", reads), ("out", writes), ("n", n), ("step", step), ("x", x)):
        call[name][0, : len(values)] = values
    return (call,)


def address(a: Any) -> int:
    """Of the first byte of an array on the device."""
    return int(a.data.ptr)


def random(shape: Sequence[int], dtype: str) -> Any:
    """Random numbers of any floating or complex dtype that CuPy has."""
    if dtype == "float16":
        return random(shape, "float32").astype(dtype)
    real = {"complex64": "float32", "complex128": "float64"}.get(dtype, dtype)
    numbers = prod(shape) * (1 if real == dtype else 2)
    f = cupy.empty(numbers, real)
    kernel("fill", real)((-(-numbers // 256),), (256,), call_of((), (address(f),), (numbers, next(_seeds))))
    return f.view(dtype).reshape(tuple(shape))


def free() -> None:
    """Give back all memory that nothing refers to, of every library that keeps some."""
    gc.collect()
    synchronize()
    cupy.get_default_memory_pool().free_all_blocks()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def synchronize() -> None:
    """Wait for all streams of the device; raises what a kernel has done wrong."""
    cupy.cuda.runtime.deviceSynchronize()


def state() -> dict[str, str]:
    """What nvidia-smi says now: driver, clocks, power, temperature."""
    try:
        command = ["nvidia-smi", f"--query-gpu={QUERY}", "--format=csv,noheader", "-i", "0"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError) as error:
        return {"nvidia-smi": str(error)}
    return dict(
        zip(QUERY.split(","), (w.strip() for w in done.stdout.splitlines()[0].split(",")), strict=False)
    )


def facts() -> dict[str, Any]:
    """Card, versions, commit."""
    runtime = cupy.cuda.runtime
    properties = runtime.getDeviceProperties(0)
    known: dict[str, Any] = {"card": properties["name"].decode(), "commit": commit()}
    known |= {name: properties.get(name) for name in ("multiProcessorCount", "l2CacheSize", "totalGlobalMem")}
    known |= {"python": platform.python_version(), "cupy": cupy.__version__, "versions": versions()}
    for name, ask in (("driver's CUDA", runtime.driverGetVersion), ("CUDA runtime", runtime.runtimeGetVersion),
                      ("NVRTC", lambda: cupy.cuda.nvrtc.getVersion())):  # fmt: skip
        try:
            known[name] = ask()
        except Exception as error:
            known[name] = f"{type(error).__name__}: {error}"
    return known


def versions() -> dict[str, str]:
    """Of the libraries that are installed."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """Of the tree: from the environment where the tree is a copy without its history."""
    if "GRIDGRAD_COMMIT" in os.environ:
        return os.environ["GRIDGRAD_COMMIT"]
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
