"""Small calls, where the time is Python's: microseconds of a call, of a replayed graph; seconds of the first call."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import import_module
from statistics import median
from typing import Any

import cupy
import numpy as np

import gridgrad as gg

from . import card
from .rows import STEP

SHAPE = (64, 64, 64)
CALLS, ROUNDS = 200, 7
LONGEST = 0.1  # seconds of a round: fewer calls where they are slow
FIRST_CALL = """
import time, cupy, gridgrad as gg
f = cupy.full((64, 64, 64), 1, "f4"); cupy.cuda.runtime.deviceSynchronize()
start = time.perf_counter(); gg.gradient(f); cupy.cuda.runtime.deviceSynchronize()
print(time.perf_counter() - start)
"""
Call = Callable[[], Any]


def measures() -> dict[str, Callable[[], dict[str, Any]]]:
    """By name, what measures one kind of call on 64^3 float32."""
    return {
        "gradient(f, h, out=)": lambda: _each(lambda f, out: lambda: gg.gradient(f, STEP, out=out)),
        "gradient(f, h)": lambda: _each(lambda f, out: lambda: gg.gradient(f, STEP)),
        "gradient(f, x, y, z on the device)": lambda: _each(_with_coordinates),
        "Grid.gradient(f, out=)": lambda: _each(_of_grid),
        "Grid.laplacian(f, out=)": lambda: _each(lambda f, out: _laplacian(f, out[0])),
        "replayed CUDA graph of gradient": lambda: _each(_graph),
        "an empty kernel": lambda: _each(_nothing),
        "gradient of a torch tensor": lambda: _each(_of_tensor),
        "cupy.gradient(f, h)": lambda: _each(lambda f, out: lambda: cupy.gradient(f, STEP)),
        "torch.gradient(f, spacing=h)": lambda: _each(_torch),
        "jax.jit(jnp.gradient)(f)": lambda: _each(_jax),
    }


def _nothing(f: Any, out: list[Any]) -> Call:
    """What CuPy and the driver take for any launch."""
    kernel, arguments = card.kernel("hold"), card.call_of(n=(0,))
    return lambda: kernel((1,), (1,), arguments)


def first_calls() -> dict[str, Any]:
    """Seconds of the first call of a process: nothing compiled yet, then from CuPy's disk cache."""
    with tempfile.TemporaryDirectory() as cache:
        return {"s": _first_call(cache), "from the disk cache s": _first_call(cache)}


def _first_call(cache: str) -> float:
    environment = os.environ | {"CUPY_CACHE_DIR": cache}
    command = [sys.executable, "-c", FIRST_CALL]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    if run.returncode:
        raise RuntimeError(run.stderr[-300:])
    return float(run.stdout)


def _each(make: Callable[[Any, list[Any]], Call]) -> dict[str, Any]:
    """Microseconds until a call returns, and with the device's work, over many calls."""
    f = card.random(SHAPE, "float32")
    out = [cupy.empty_like(f) for _ in SHAPE]  # which a graph does not keep
    call = make(f, out)
    for _ in range(3):
        call()
    card.synchronize()
    start = time.perf_counter()
    call()
    card.synchronize()
    calls = max(1, min(CALLS, int(LONGEST / (time.perf_counter() - start))))
    returned, done = [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        returned.append((time.perf_counter() - start) * 1e6 / calls)
        card.synchronize()
        done.append((time.perf_counter() - start) * 1e6 / calls)
    return {"us": median(done), "until it returns us": median(returned), "best us": min(done)}


def _with_coordinates(f: Any, out: list[Any]) -> Call:
    x = [cupy.asarray(np.cumsum(np.random.default_rng(7).uniform(0.5, 1.5, n))) for n in SHAPE]
    return lambda: gg.gradient(f, *x, out=out)


def _of_grid(f: Any, out: list[Any]) -> Call:
    operator = gg.Grid(*[(n, STEP) for n in SHAPE]).gradient
    return lambda: operator(f, out=out)


def _laplacian(f: Any, out: Any) -> Call:
    operator = gg.Grid(*[(n, STEP) for n in SHAPE]).laplacian
    return lambda: operator(f, out=out)


def _graph(f: Any, out: list[Any]) -> Call:
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        gg.gradient(f, STEP, out=out)
        stream.begin_capture()
        gg.gradient(f, STEP, out=out)
        graph = stream.end_capture()
    return lambda: graph.launch(stream)


def _of_tensor(f: Any, out: list[Any]) -> Call:
    t, targets = import_module("torch").from_dlpack(f), [import_module("torch").from_dlpack(o) for o in out]
    return lambda: gg.gradient(t, STEP, out=targets)


def _torch(f: Any, out: list[Any]) -> Call:
    torch = import_module("torch")
    t = torch.from_dlpack(f)
    return lambda: torch.gradient(t, spacing=STEP)


def _jax(f: Any, out: list[Any]) -> Call:
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    jax = import_module("jax")
    a, run = jax.dlpack.from_dlpack(f), jax.jit(lambda f: jax.numpy.gradient(f, STEP))
    jax.block_until_ready(run(a))
    return lambda: run(a)
