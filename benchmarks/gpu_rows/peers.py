"""What others offer for the same job: calls on arrays of the device, of the same dtype, whose values are compared."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import cupy
import numpy as np

from . import card, formulas, timing
from .formulas import INSIDE
from .rows import STEP, Arrays, Row

TOLERANCE = {"float32": 1e-3, "float64": 1e-9}  # of coordinates that the peers have in the dtype of the field
PLANES = 32  # that a thread of the 2.5-D kernel walks along
BLOCK = (32, 8, 1)


class Peer(NamedTuple):
    """A call, and what waits for its result where events do not see its stream."""

    call: Callable[[], Sequence[Any]]
    wait: Callable[[Any], Any] | None = None
    scale: float = 1  # of its values, where it has no step


def measure(row: Row, shape: Sequence[int], library: str) -> dict[str, dict[str, Any]]:
    """Each contender of a library, by its name; one that fails says why."""
    arrays = Arrays(row, shape, card.random, cupy.empty)
    found = {}
    for name, make in LIBRARIES[library](row):
        try:
            found[name] = _measured(row, arrays, make(row, arrays))
        except Exception as error:
            found[name] = {"error": f"{type(error).__name__}: {error}"[:300]}
            card.free()
    return found


def _measured(row: Row, arrays: Arrays, peer: Peer) -> dict[str, Any]:
    apart = _difference(arrays, peer)
    time = (
        timing.milliseconds(peer.call, 5)
        if peer.wait is None
        else timing.wall_milliseconds(peer.call, peer.wait)
    )
    return time | {"difference": apart, "agrees": bool(apart < TOLERANCE[row.dtype])}


def _difference(arrays: Arrays, peer: Peer) -> float:
    """The largest difference from gridgrad's values over the largest value; inside where that is all there is."""
    theirs = peer.call()
    if peer.wait is not None:
        peer.wait(theirs)
    arrays.call()
    card.synchronize()
    worst = 0.0
    for a, b in zip(arrays.targets, theirs, strict=True):
        b = b if isinstance(b, cupy.ndarray) else cupy.from_dlpack(b)
        b = b[INSIDE] if b.shape == a.shape else b
        a = a[INSIDE] if a.ndim == 3 else a
        worst = max(worst, float(cupy.abs(a - peer.scale * b).max() / cupy.abs(a).max()))
    return worst


def device_steps(row: Row, arrays: Arrays, of: Callable[[Any], Any]) -> list[Any]:
    """Steps, or coordinates on the device in the dtype of the field as a library wants them."""
    steps = row.steps(arrays.bases[0].shape)
    return [h if np.isscalar(h) else of(cupy.asarray(h, dtype=row.dtype)) for h in steps]


# by hand


def by_hand(row: Row) -> Iterator[tuple[str, Any]]:
    """Kernels that one writes in an afternoon."""
    if row.operator == "gradient":
        yield "one thread a point", _naive("naive_gradient", 1)
    elif row.operator == "laplacian" and row.uniform:
        yield "one thread a point", _naive("naive_laplacian", 1)
        yield "2.5-D kernel", _naive("marching_laplacian", PLANES)


def _naive(name: str, planes: int) -> Callable[[Row, Arrays], Peer]:
    def make(row: Row, arrays: Arrays) -> Peer:
        f = arrays.bases[0]
        x = device_steps(row, arrays, lambda x: x)
        out = [cupy.empty(f.shape, row.dtype) for _ in arrays.targets]
        where, steps = ((), x) if row.uniform else ([card.address(a) for a in x], ())
        call = card.call_of(
            (card.address(f),), [card.address(o) for o in out], (*f.shape, planes), steps, where
        )
        counts = (f.shape[2], BLOCK[0]), (f.shape[1], BLOCK[1]), (f.shape[0], planes)
        grid, kernel = tuple(-(-n // each) for n, each in counts), card.kernel(name, row.dtype)

        def run(kept: Any = x) -> Sequence[Any]:
            kernel(grid, BLOCK, call)
            return out

        return Peer(run)

    return make


# libraries


def of_cupy(row: Row) -> Iterator[tuple[str, Any]]:
    """cupy.gradient, and the laplacian of cupyx.scipy.ndimage."""
    if row.operator == "laplacian":
        if row.uniform:
            yield "cupyx.scipy.ndimage.laplace", _laplace
    elif row.operator in _FORMULAS:
        yield "cupy.gradient", _cupy


def _cupy(row: Row, arrays: Arrays) -> Peer:
    fields, steps = arrays.bases, device_steps(row, arrays, lambda x: x)
    if row.operator == "gradient":
        return Peer(lambda: cupy.gradient(fields[0], *steps))
    return Peer(lambda: _FORMULAS[row.operator](lambda f, a: cupy.gradient(f, steps[a], axis=a), fields))


def _laplace(row: Row, arrays: Arrays) -> Peer:
    laplace = import_module("cupyx.scipy.ndimage").laplace
    f, out = arrays.bases[0], cupy.empty_like(arrays.bases[0])

    def run() -> Sequence[Any]:
        laplace(f, output=out)
        return [out]

    return Peer(run, scale=STEP**-2)


def of_torch(row: Row) -> Iterator[tuple[str, Any]]:
    """torch.gradient."""
    if row.operator in _FORMULAS:
        yield "torch.gradient", _torch


def of_compile(row: Row) -> Iterator[tuple[str, Any]]:
    """torch.compile of torch.gradient, or of slices."""
    if row.uniform and row.dtype == "float32":
        yield "torch.compile", lambda row, arrays: _torch(row, arrays, compiled=True)


def _torch(row: Row, arrays: Arrays, compiled: bool = False) -> Peer:
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # no pool of processes for a few kernels
    torch = import_module("torch")
    fields = [torch.from_dlpack(f) for f in arrays.bases]
    steps = device_steps(row, arrays, torch.from_dlpack)
    if row.operator == "gradient":
        job = lambda *fields: torch.gradient(fields[0], spacing=steps)  # noqa: E731
    else:
        job = _job(row, lambda f, a: torch.gradient(f, spacing=[steps[a]], dim=a)[0])
    if compiled:
        torch.compiler.reset()  # what was compiled before counts against a limit
    run = torch.compile(job, dynamic=False) if compiled else job
    return Peer(lambda: run(*fields))


def of_jax(row: Row) -> Iterator[tuple[str, Any]]:
    """jax.numpy.gradient or slices, under jit."""
    if row.operator in _FORMULAS or row.uniform:
        yield "jax.jit", _jax


def _jax(row: Row, arrays: Arrays) -> Peer:
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    numpy = jax.numpy
    fields = [jax.dlpack.from_dlpack(f) for f in arrays.bases]
    steps = device_steps(row, arrays, jax.dlpack.from_dlpack)
    if row.operator == "gradient":
        job = lambda *fields: numpy.gradient(fields[0], *steps)  # noqa: E731
    else:
        job = _job(row, lambda f, a: numpy.gradient(f, steps[a], axis=a))
    run = jax.jit(job)
    return Peer(lambda: run(*fields), jax.block_until_ready)


def _job(row: Row, d: formulas.Derivative) -> Callable[..., Sequence[Any]]:
    """The formula of an operator, of arrays of a library with this derivative."""
    if row.operator in _SLICES:
        return lambda *fields: _SLICES[row.operator](fields, STEP**-2)
    return lambda *fields: _FORMULAS[row.operator](d, fields)


_FORMULAS: dict[str, Any] = {"gradient": None, "divergence": formulas.divergence, "curl": formulas.curl}
_SLICES = {"laplacian": formulas.laplacian, "diffuse": formulas.diffuse}
LIBRARIES = {
    "by hand": by_hand,
    "cupy": of_cupy,
    "torch": of_torch,
    "jax": of_jax,
    "torch.compile": of_compile,
}
