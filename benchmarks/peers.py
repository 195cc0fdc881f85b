"""The contenders: each turns a case into a call without arguments, or raises `Skip` with the reason."""

from __future__ import annotations

import ctypes
import os
import subprocess
import tempfile
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from cases import Case

import gridgrad as gg

Call = Callable[[], Any]


class Skip(Exception):
    """A contender cannot do a case, or is not installed."""


def need(module: str) -> Any:
    """The module, or a reason to skip."""
    try:
        return import_module(module)
    except ImportError:
        raise Skip(f"{module} is not installed") from None


def gridgrad(case: Case, f: np.ndarray, spacing: list[Any], outs: list[np.ndarray], workers: int) -> Call:
    if case.fresh:
        return lambda: gg.gradient(f, *spacing, axis=case.axis)
    return lambda: gg.gradient(f, *spacing, axis=case.axis, out=outs, workers=workers if case.large else None)


def numpy(case: Case, f: np.ndarray, spacing: list[Any], outs: list[np.ndarray], workers: int) -> Call:
    return lambda: np.gradient(f, *spacing, axis=case.axis)


def torch(case: Case, f: np.ndarray, spacing: list[Any], outs: list[np.ndarray], workers: int) -> Call:
    torch = need("torch")
    torch.set_num_threads(workers)
    tensor = torch.from_numpy(f)
    steps = [s if np.ndim(s) == 0 else torch.from_numpy(s).to(tensor.dtype) for s in spacing]
    return lambda: torch.gradient(tensor, spacing=steps, dim=case.axes)


def jax(case: Case, f: np.ndarray, spacing: list[Any], outs: list[np.ndarray], workers: int) -> Call:
    jax = need("jax")
    jax.config.update("jax_enable_x64", True)
    array = jax.numpy.asarray(f)
    jitted = jax.jit(lambda a: jax.numpy.gradient(a, *spacing, axis=case.axis))
    return lambda: jax.block_until_ready(jitted(array))


def findiff(case: Case, f: np.ndarray, spacing: list[Any], outs: list[np.ndarray], workers: int) -> Call:
    findiff = need("findiff")
    if case.axis is not None:
        operator = findiff.Diff(case.axis, spacing[0])
        return lambda: operator(f)
    operator = findiff.Gradient(h=spacing, acc=2) if case.uniform else findiff.Gradient(coords=spacing, acc=2)
    return lambda: operator(f)


def pde(case: Case, f: np.ndarray, spacing: list[Any], outs: list[np.ndarray], workers: int) -> Call:
    pde = need("pde")
    if not case.uniform or case.axis is not None:
        raise Skip("py-pde has uniform grids and all axes only")
    grid = pde.CartesianGrid([[0, h * n] for h, n in zip(spacing, f.shape, strict=True)], f.shape)
    operator = grid.make_operator("gradient", bc="derivative", backend="numba", dtype=f.dtype)
    stacked = np.empty((f.ndim, *f.shape), f.dtype)
    return (lambda: operator(f)) if case.fresh else (lambda: operator(f, out=stacked))


def numba(case: Case, f: np.ndarray, spacing: list[Any], outs: list[np.ndarray], workers: int) -> Call:
    need("numba").set_num_threads(workers)
    import numba_loops

    return numba_loops.make(case, f, spacing, outs)


def ceiling(case: Case, f: np.ndarray, spacing: list[Any], outs: list[np.ndarray], workers: int) -> Call:
    if not case.large or case.fresh:
        raise Skip("the ceiling is for large arrays with out=")
    return stream([f], outs, workers)


def stream(inputs: list[np.ndarray], outs: list[np.ndarray], workers: int) -> Call:
    """A call that reads every input once and stream-stores every output: what the memory allows."""
    reads, writes = ((ctypes.c_void_p * len(a))(*[x.ctypes.data for x in a]) for a in (inputs, outs))
    library, nbytes = compiled_ceiling(), ctypes.c_int64(inputs[0].nbytes)
    return lambda: library.ceiling(reads, len(inputs), writes, len(outs), nbytes, workers)


@lru_cache(maxsize=1)
def compiled_ceiling() -> ctypes.CDLL:
    """`ceiling.cpp`, compiled for this very CPU."""
    source = Path(__file__).with_name("ceiling.cpp")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "ceiling.so"
        command = [
            os.environ.get("CXX", "g++"),
            "-O3",
            "-march=native",
            "-std=c++17",
            "-shared",
            "-fPIC",
            "-pthread",
            source,
            "-o",
            target,
        ]
        try:
            subprocess.run(command, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise Skip(f"ceiling.cpp did not compile: {error}") from None
        return ctypes.CDLL(str(target))


# Column heading, contender, its distribution; gridgrad first: the others are checked against it.
CONTENDERS: tuple[tuple[str, Any, str | None], ...] = (
    ("gridgrad", gridgrad, "gridgrad"),
    ("np.gradient", numpy, "numpy"),
    ("torch.gradient", torch, "torch"),
    ("jnp.gradient, jit", jax, "jax"),
    ("numba loop", numba, "numba"),
    ("findiff", findiff, "findiff"),
    ("py-pde", pde, "py-pde"),
    ("ceiling", ceiling, None),
)


def versions(distributions: tuple[str | None, ...] = tuple(d for _, _, d in CONTENDERS)) -> dict[str, str]:
    """What is installed of the contenders."""
    found = {}
    for distribution in distributions:
        try:
            found |= {distribution: version(distribution)} if distribution else {}
        except PackageNotFoundError:
            found[distribution] = "not installed"
    return found
