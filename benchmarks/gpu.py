"""The figures of a CUDA device: `gradient` and operators against streaming ceilings, peers, layouts, latencies.

Run ``python benchmarks/gpu.py [--json PATH] [--small]``. Times are medians of CUDA events; GB/s count
every array once, so 100 % of the ceiling means that the input was read once.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

import gridgrad as gg
from gridgrad._backends.cuda import device
from gridgrad._backends.cuda import variants as _kernels
from gridgrad._plan.layout import Layout
from gridgrad._plan.plan import Plan, make_plan
from gridgrad._stencils.weights import first_derivative
from gridgrad._terms.term import Term

cupy = device.cupy
SHAPES = ((2**28,), (16384, 16384), (512, 512, 512), (1024, 1024, 1024), (4, 4096, 16384), (2**20, 8, 8))
SMALL = ((2**16,), (256, 256), (48, 48, 48))
ROUNDS = 15
FIRST_CALL = """
import time, cupy, gridgrad as gg
f = cupy.ones((64, 64, 64), "f4"); cupy.cuda.Device().synchronize()
start = time.perf_counter(); gg.gradient(f); cupy.cuda.Device().synchronize()
print(time.perf_counter() - start)
"""


def milliseconds(call: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Median time of `call` on the device, after two that are not counted."""
    for _ in range(2):
        call()
    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    times = []
    for _ in range(rounds):
        start.record()
        call()
        end.record()
        end.synchronize()
        times.append(cupy.cuda.get_elapsed_time(start, end))
    return median(times)


def random_field(shape: tuple[int, ...], dtype: str) -> Any:
    """Random samples, made on the device."""
    f = cupy.random.random(shape, dtype=np.float32)
    return f.astype(dtype) + (1j * f if np.dtype(dtype).kind == "c" else 0)


def spacing_of(shape: tuple[int, ...], uniform: bool) -> list[Any]:
    """A step, or random increasing coordinates, for each axis."""
    rng = np.random.default_rng(7)
    return [0.1 * (k + 1) if uniform else np.cumsum(rng.uniform(0.5, 1.5, n)) for k, n in enumerate(shape)]


def fits(shape: tuple[int, ...], dtype: str, arrays: int) -> bool:
    """Whether `arrays` of this size leave room on the device."""
    return arrays * int(np.prod(shape)) * np.dtype(dtype).itemsize < 0.8 * cupy.cuda.runtime.memGetInfo()[0]


def ceilings(elements: int) -> dict[str, float]:
    """GB/s of one read and k writes, k = 1 to 3."""
    text = Path(__file__).with_name("ceiling.cu").read_text(encoding="utf-8")
    count = elements * 4 // 16
    source, target = cupy.zeros(count * 4, "u4"), cupy.zeros(3 * count * 4, "u4")
    result = {}
    for copies in (1, 2, 3):
        kernel = cupy.RawKernel(text, "stream", ("-std=c++17", f"-DCOPIES={copies}"))
        arguments = (source, target, np.int64(count))
        time_ms = milliseconds(lambda k=kernel, a=arguments: k((-(-count // 256),), (256,), a))
        result[f"1R:{copies}W"] = (1 + copies) * count * 16 / time_ms / 1e6
    return result


def gradients(shapes: tuple[tuple[int, ...], ...], ceiling: dict[str, float]) -> Iterator[dict[str, Any]]:
    """The main table: shapes, dtypes, spacings, edge orders, all axes and each alone."""
    dtypes = ("float16", "float32", "float64", "complex64")
    for shape, dtype, uniform, edge_order in product(shapes, dtypes, (True, False), (1, 2)):
        for axes in {tuple(range(len(shape))), *((a,) for a in range(len(shape)))}:
            if not fits(shape, dtype, 1 + len(axes)):
                print(f"skipped, too large: {shape} {dtype}")
                continue
            f = random_field(shape, dtype)
            spacing = [spacing_of(shape, uniform)[a] for a in axes]
            out = [cupy.empty_like(f) for _ in axes]
            ms = milliseconds(lambda: gg.gradient(f, *spacing, axis=axes, edge_order=edge_order, out=out))  # noqa: B023
            rate = (1 + len(axes)) * f.nbytes / ms / 1e6
            share = rate / ceiling[f"1R:{min(len(axes), 3)}W"]
            yield {"shape": shape, "dtype": dtype, "uniform": uniform, "edge_order": edge_order, "axes": axes,
                   "ms": ms, "GB/s": rate, "of ceiling": share}  # fmt: skip


def operators(shapes: tuple[tuple[int, ...], ...], ceiling: dict[str, float]) -> Iterator[dict[str, Any]]:
    """Operators in place; the rate counts every array once, the share is of a copy with as many writes."""
    for shape, dtype, uniform in product(shapes, ("float32", "float64"), (True, False)):
        steps = spacing_of(shape, uniform)
        grid = gg.Grid(*[(n, s) if uniform else s for n, s in zip(shape, steps, strict=True)])
        c = random_field(shape, dtype)
        rows = {
            "laplacian": grid.laplacian, "laplacian, accuracy 4": grid.laplacian.with_(accuracy=4),
            "divergence": grid.divergence, "curl": grid.curl, "adjoint of gradient": grid.gradient.T,
            "adjoint of curl": grid.curl.T, "hessian": grid.hessian, "diffuse": grid.diffuse(c),
            "advect": grid.advect([c] * len(shape)),
        }  # fmt: skip
        for name, operator in rows.items():
            count, results = (int(np.prod(form)) for form in (operator.inputs, operator.outputs))
            arrays = count + results + len(operator.coefficients)
            if not fits(shape, dtype, arrays):
                print(f"skipped, too large: {name} {shape} {dtype}")
                continue
            fields = [random_field(shape, dtype) for _ in range(count)]
            f = fields if operator.inputs else fields[0]
            out = cupy.empty((*operator.outputs, *shape), dtype)
            ms = milliseconds(lambda: operator(f, out=out))  # noqa: B023
            rate = arrays * c.nbytes / ms / 1e6
            yield {"operator": name, "shape": shape, "dtype": dtype, "uniform": uniform, "ms": ms, "GB/s": rate,
                   "of ceiling": rate / ceiling[f"1R:{min(results, 3)}W"]}  # fmt: skip


def contiguous_plan(shape: tuple[int, ...], dtype: str) -> Plan:
    """The plan of a gradient over all axes of a C-ordered array."""
    f = cupy.empty(shape, dtype)
    layout = Layout(f.shape, tuple(s // f.itemsize for s in f.strides))
    steps = spacing_of(shape, False)
    terms = tuple(Term(k, 0, k, first_derivative(np.diff(steps[k]), n, 2)) for k, n in enumerate(shape))
    return make_plan(terms, dtype, (layout,), (layout,) * len(shape), 1)


def variants(shape: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """Access width and index type, everything else equal."""
    for dtype in ("float32", "float64"):
        plan = contiguous_plan(shape, dtype)
        _kept_alive, places = device.upload(plan.weights)
        arrays = [random_field(shape, dtype), *(cupy.empty(shape, dtype) for _ in shape)]
        widest = _kernels.widest_vector(plan)
        for width, index in product(sorted({1, widest}), ("int32", "int64")):
            launch = _kernels.make_launch(plan, width, index)
            kernel = device.kernel_of(launch.variant)
            packed = _kernels.parameter(launch, [a.data.ptr for a in arrays], places)
            ms = milliseconds(lambda: kernel(launch.grid, launch.block, (packed,)))  # noqa: B023
            yield {"dtype": dtype, "elements of an access": width, "index": index, "ms": ms,
                   "registers": kernel.num_regs, "spilled bytes": kernel.local_size_bytes}  # fmt: skip


def layouts(shape: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """Memory orders of the input; outputs keep it."""
    f = random_field(shape, "float32")
    views = {
        "C": f, "Fortran": cupy.asfortranarray(f), "transposed": f.transpose(1, 0, 2), "every second plane": f[::2],
        "every second element": f[..., ::2], "odd start": f[..., 1:], "reversed": f[..., ::-1],
    }  # fmt: skip
    for name, view in views.items():
        out = [cupy.empty_like(view) for _ in shape]
        ms = milliseconds(lambda: gg.gradient(view, 0.5, out=out))  # noqa: B023
        yield {"layout": name, "ms": ms, "GB/s": (1 + len(shape)) * view.nbytes / ms / 1e6}


def contenders(f: Any, spacing: list[Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    """gridgrad, then every peer that is installed and sees the device."""
    yield "gridgrad", lambda: gg.gradient(f, *spacing)
    yield (
        "cupy.gradient",
        lambda: cupy.gradient(f, *[s if np.isscalar(s) else cupy.asarray(s) for s in spacing]),
    )
    try:
        torch = import_module("torch")
        t = torch.from_dlpack(f)
        steps = [s if np.isscalar(s) else torch.as_tensor(s, dtype=t.dtype, device=t.device) for s in spacing]
        yield "torch.gradient", lambda: torch.gradient(t, spacing=steps)
        compiled = torch.compile(lambda x: torch.gradient(x, spacing=steps))
        compiled(t)
        yield "torch.compile", lambda: compiled(t)
    except Exception as error:  # a peer that is missing or broken is a line in the table
        print(f"skipped torch: {error}")
    try:
        jax = import_module("jax")
        j = jax.dlpack.from_dlpack(f)
        steps = [s if np.isscalar(s) else jax.numpy.asarray(s, dtype=j.dtype) for s in spacing]
        jitted = jax.jit(lambda x: jax.numpy.gradient(x, *steps))
        jax.block_until_ready(jitted(j))
        yield "jax.jit", lambda: jax.block_until_ready(jitted(j))
    except Exception as error:
        print(f"skipped jax: {error}")


def wall_milliseconds(call: Callable[[], Any], rounds: int = ROUNDS) -> float:
    """Median wall time with a synchronisation: fair to peers that have streams of their own."""
    times = []
    for _ in range(rounds + 2):
        start = time.perf_counter()
        call()
        cupy.cuda.runtime.deviceSynchronize()
        times.append((time.perf_counter() - start) * 1e3)
    return median(times[2:])


def peers(shape: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    """All contenders on one array, fresh outputs, with the memory that CuPy's pool took."""
    pool = cupy.get_default_memory_pool()
    for dtype, uniform in product(("float32", "float64"), (True, False)):
        f = random_field(shape, dtype)
        for name, call in contenders(f, spacing_of(shape, uniform)):
            pool.free_all_blocks()
            before = pool.total_bytes()
            ms = wall_milliseconds(call)
            extra = (pool.total_bytes() - before) / f.nbytes
            yield {"peer": name, "dtype": dtype, "uniform": uniform, "ms": ms, "pool / input": extra}


def latencies() -> Iterator[dict[str, Any]]:
    """Microseconds of a small call: the caller's time, and in a CUDA graph."""
    for exponent in range(8, 21, 4):
        f = cupy.random.random(2**exponent, dtype=np.float32)
        out = cupy.empty_like(f)
        calls = 200
        eager = wall_milliseconds(lambda: [gg.gradient(f, 0.5, out=out) for _ in range(calls)])  # noqa: B023
        peer = wall_milliseconds(lambda: [cupy.gradient(f, 0.5) for _ in range(calls)])  # noqa: B023
        stream = cupy.cuda.Stream(non_blocking=True)
        with stream:
            stream.begin_capture()
            gg.gradient(f, 0.5, out=out)
            graph = stream.end_capture()
            replay = wall_milliseconds(lambda: [graph.launch(stream) for _ in range(calls)])  # noqa: B023
        yield {"points": 2**exponent, "eager us": eager * 1e3 / calls, "cupy.gradient us": peer * 1e3 / calls,
               "graph us": replay * 1e3 / calls}  # fmt: skip


def first_calls() -> Iterator[dict[str, Any]]:
    """Seconds of the first call of a process: nothing compiled yet, then from CuPy's disk cache."""
    with tempfile.TemporaryDirectory() as cache:
        for name in ("cold", "disk cache"):
            environment = os.environ | {"CUPY_CACHE_DIR": cache}
            command = [sys.executable, "-c", FIRST_CALL]
            run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            yield {"first call": name, "s": float(run.stdout)}


def accuracy() -> Iterator[dict[str, Any]]:
    """Relative error of float32 data on a stretched grid against the same rows in float64."""
    x = np.tanh(np.linspace(-2, 2, 1024))
    f = cupy.asarray(300 + np.sin(3 * x), dtype=np.float32)
    exact = gg.gradient(cupy.asnumpy(f).astype(float), x)
    for name, result in (
        ("gridgrad", gg.gradient(f, x)),
        ("cupy.gradient", cupy.gradient(f, cupy.asarray(x, "f4"))),
    ):
        error = np.linalg.norm(cupy.asnumpy(result) - exact) / np.linalg.norm(exact)
        yield {"accuracy": name, "relative error": float(error)}


def table(title: str, rows: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    """Print rows as they come, and keep them."""
    print(f"\n## {title}", flush=True)
    kept = []
    for row in rows:
        cells = (f"{k}={v:.4g}" if isinstance(v, float) else f"{k}={v}" for k, v in row.items())
        print("  ".join(cells), flush=True)
        kept.append(row)
    return kept


def main() -> int:
    """Run everything; 1 where there is no device."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="write the rows there")
    parser.add_argument("--small", action="store_true", help="sizes of a quick look")
    arguments = parser.parse_args()
    devices = device.device_names()
    if not devices:
        print("no CUDA device: CuPy is missing or finds no driver; nothing was measured", file=sys.stderr)
        return 1
    shapes = SMALL if arguments.small else SHAPES
    ceiling = ceilings(2**20 if arguments.small else 2**28)
    report: dict[str, Any] = {"device": devices[0], "gridgrad": gg.__version__, "cupy": cupy.__version__}
    report["ceilings"] = table("Streaming ceilings", iter([ceiling]))
    report["gradient"] = table("gradient, out=", gradients(shapes, ceiling))
    report["operators"] = table("Operators, out=", operators(shapes[2:3], ceiling))
    report["variants"] = table("Access width and index type", variants(shapes[2]))
    report["layouts"] = table("Layouts, float32", layouts(shapes[2]))
    report["peers"] = table("Peers, fresh outputs", peers(shapes[2]))
    report["latency"] = table("Small calls", latencies())
    report["first call"] = table("First calls", first_calls())
    report["accuracy"] = table("Accuracy, float32, stretched grid", accuracy())
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
