"""Dask arrays, Zarr files and labels side by side with dask.array.gradient, copies and bare calls, in one run; prints goals, writes JSON.

python benchmarks/scale.py            all rows, some minutes, and 12 GB of disk for a moment
python benchmarks/scale.py --quick    tiny arrays: shows that it works, not how fast
python benchmarks/scale.py --table    the newest results as Markdown; runs nothing
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import dask
import dask.array as da
import numpy as np
from dask.callbacks import Callback
from measure import interleaved, machine
from operators import run
from peers import versions

import gridgrad as gg

CHUNKINGS = (24, 7, 5, 3, 2, 1)
SHAPE = (24, 20, 18)


def main() -> dict[str, Any]:
    return run("scale", measure, text, text, None)


def measure(quick: bool, rounds: int, workers: int) -> dict[str, Any]:
    """All rows."""
    report: dict[str, Any] = {
        "machine": machine(workers),
        "versions": versions(("gridgrad", "numpy", "dask", "zarr")),
    }
    with dask.config.set(scheduler="threads", num_workers=workers):
        report["tasks per chunk"] = tasks()
        report["seconds"] = seconds(32 if quick else 256, rounds)
        report["seconds of chunkings"] = chunkings(CHUNKINGS[:3] if quick else CHUNKINGS)
    report["seconds of labels"] = labels(rounds)
    report["plan"] = json.loads(child(PLAN, 4 if quick else 46))
    report["plan of files"] = json.loads(child(PLAN_OF_FILES, 4 if quick else 46))
    report["files"] = files([64, 128] if quick else [4096, 8192], quick, workers)
    return report


def spacings(shape: tuple[int, ...]) -> list[np.ndarray]:
    return [np.linspace(0, 1, n) ** p for n, p in zip(shape, (1.1, 1.2, 1.3), strict=True)]


def listed(made: Any) -> list[Any]:
    return list(made) if isinstance(made, (list, tuple)) else [made]


def tasks() -> dict[str, float]:
    """That run for a chunk, with one that brings it."""
    f, x = np.random.default_rng(0).random((64, 64, 64), np.float32), spacings((64, 64, 64))
    found = {}
    for name, module in (("gridgrad", gg), ("dask.array", da)):
        for axes in (1, 2, 3):
            d = da.from_array(f, chunks=16)
            found[f"{name} gradient, axes: {axes}"] = counted(
                module.gradient(d, *x[:axes], axis=tuple(range(axes))), d
            )
    d = da.from_array(f, chunks=16)
    return found | {"gridgrad laplacian": counted(gg.laplacian(d, *x), d)}


def counted(lazy: Any, field: Any) -> float:
    keys: list[object] = []
    with Callback(pretask=lambda key, graph, state: keys.append(type(graph[key]).__name__)):
        dask.persist(*listed(lazy))
    return 1 + sum(kind != "Alias" for kind in keys) / field.npartitions


def seconds(points: int, rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Of gradients, of Dask's and of as many copies of the array."""
    f, x = np.random.default_rng(0).random((points,) * 3, np.float32), spacings((points,) * 3)
    found = {}
    for axes in (1, 2, 3):
        for chunk in (points // 2, points // 4):
            d = da.from_array(f, chunks=chunk)
            chosen = {"axis": tuple(range(axes))}
            lazy = {"gridgrad": listed(gg.gradient(d, *x[:axes], **chosen)),
                    "dask.array.gradient": listed(da.gradient(d, *x[:axes], **chosen)),
                    "copies": [d.map_blocks(np.multiply, k + 2.0, dtype=f.dtype) for k in range(axes)]}  # fmt: skip
            calls: dict[str, Callable[[], Any]] = {
                name: (lambda own=own: dask.compute(*own)) for name, own in lazy.items()
            }
            found[f"{points}^3, {axes} axes, chunks {chunk}^3"] = interleaved(calls, rounds)
    return found


def labels(rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    """Small calls of labelled arrays, and the same of their numbers; without xarray none."""
    try:
        import xarray

        from gridgrad.xarray import Grid
    except ImportError:
        return {}
    lat, lon = np.linspace(-87.5, 87.5, 36), np.arange(72) * 5.0
    f, on = np.random.default_rng(0).random((36, 72)), {"geometry": "sphere"}
    at = {"lat": ("lat", lat, {"units": "degrees_north"}), "lon": ("lon", lon, {"units": "degrees_east"})}
    T = xarray.DataArray(f, dims=("lat", "lon"), coords=at, name="T", attrs={"units": "K"})
    grid = Grid(T, geometry="sphere")
    pairs: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "gradient(T, geometry='sphere')": (
            lambda: gg.gradient(T, **on),
            lambda: gg.gradient(f, lat, lon, **on),
        ),
        "Grid.laplacian": (lambda: grid.laplacian(T), lambda: gg.laplacian(f, lat, lon, **on)),
        "Grid.advect": (lambda: grid.advect((T, T), T), lambda: gg.advect((f, f), f, lat, lon, **on)),
        "T.gridgrad.hessian": (lambda: T.gridgrad.hessian(), lambda: gg.hessian(f, lat, lon)),
        "Grid.apply": (lambda: grid.apply(grid.plain.laplacian, T), lambda: grid.plain.laplacian(f)),
    }
    return {name: interleaved({"gridgrad": own, "bare": bare}, rounds) for name, (own, bare) in pairs.items()}


def chunkings(sizes: tuple[int, ...]) -> dict[str, float]:
    """The longest of all that are computed in chunks of a size, each equal to the whole."""
    f, x, longest = np.random.default_rng(0).random(SHAPE, np.float32), spacings(SHAPE), {}
    grid = gg.Grid((24, 0.5), (20, 0.5), (18, 0.5), boundary="periodic")
    for size in sizes:
        d, taken = da.from_array(f, chunks=size), []
        for apply in (
            lambda f: gg.gradient(f, *x),
            lambda f: gg.gradient(f, *x, edge_order=2),
            grid.laplacian,
        ):
            start = time.perf_counter()
            got = dask.compute(*listed(apply(d)))
            taken.append(time.perf_counter() - start)
            if not all(map(np.array_equal, got, listed(apply(f)))):
                raise SystemExit(f"chunks of {size} differ from the whole: nothing was timed")
        longest[str(size)] = max(taken)
    return longest


PLAN = """
import json, sys, time
import dask.array as da, numpy as np, gridgrad as gg
from dask.base import collections_to_expr
n = int(sys.argv[1])
d = da.zeros((n * 128,) * 3, chunks=128, dtype="f4")
start, cpu = time.perf_counter(), time.process_time()
lazy = gg.gradient(d, *[np.linspace(0, 1, n * 128) ** p for p in (1.1, 1.2, 1.3)])
tasks = len(collections_to_expr(list(lazy), True).optimize().__dask_graph__())
print(json.dumps({"chunks": n**3, "tasks": tasks, "seconds": time.perf_counter() - start, "cpu seconds": time.process_time() - cpu,
                  "GB": int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1e6}))
"""

PLAN_OF_FILES = """
import json, sys, tempfile, time
import numpy as np, zarr, gridgrad as gg
from gridgrad.dask import _job, to_zarr
class Planned(Exception): pass
def first(job, number): raise Planned
_job.Job.run, n = first, int(sys.argv[1])
with tempfile.TemporaryDirectory() as folder:
    zarr.create_array(folder + "/f", shape=(n * 128,) * 3, chunks=(128,) * 3, dtype="f4")
    grid = gg.Grid(*[np.linspace(0, 1, n * 128) ** p for p in (1.1, 1.2, 1.3)])
    start, cpu = time.perf_counter(), time.process_time()
    try:
        to_zarr({"slope": grid.gradient, "curvature": grid.laplacian}, folder + "/f", folder + "/out")
    except Planned:
        print(json.dumps({"chunks": n**3, "seconds": time.perf_counter() - start, "cpu seconds": time.process_time() - cpu,
                          "GB": int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1e6}))
"""

FILES = """
import json, sys, time
import dask, dask.array as da, numpy as np, zarr, gridgrad as gg
from gridgrad.dask import to_zarr
what, folder, n, side, workers = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
shape, chunks = (n, 2 * side, 2 * side), (min(n, 128), side, side)
if what == "source":
    f = zarr.create_array(folder + "/f", shape=shape, chunks=chunks, dtype="f4", compressors=None, overwrite=True)
    for start in range(0, n, chunks[0]):
        f[start : start + chunks[0]] = np.random.default_rng(start).random((chunks[0], *shape[1:]), np.float32)
start, cpu = time.perf_counter(), time.process_time()
with dask.config.set(scheduler="threads", num_workers=workers):
    if what == "copy":
        made = zarr.create_array(folder + "/out", shape=shape, chunks=chunks, dtype="f4", compressors=None, overwrite=True)
        da.from_zarr(folder + "/f").map_blocks(np.copy).store(made, lock=False)
    elif what != "source":
        grid = gg.Grid(*[np.linspace(0, 1, m) ** 1.2 for m in shape])
        operator = grid.laplacian if what == "laplacian" else grid.derivative(0)
        to_zarr(operator, folder + "/f", folder + "/out", overwrite=True)
print(json.dumps({"seconds": time.perf_counter() - start, "cpu seconds": time.process_time() - cpu,
                  "MB": int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1e3}))
"""


def child(program: str, *arguments: object) -> str:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def files(lengths: list[int], quick: bool, workers: int) -> dict[str, dict[str, dict[str, float]]]:
    """Chunks of 34 MB, uncompressed, to a file of the same; copies take turns."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for n in lengths:
            side = 16 if quick else 256
            child(FILES, "source", folder, n, side, workers)
            own = found[f"{n * 4 * side * side * 4 / 1e9:.2g} GB"] = {}
            for what in ("copy", "derivative", "laplacian"):
                own[what] = json.loads(child(FILES, what, folder, n, side, workers))
    return found


def text(report: dict[str, Any]) -> str:
    """Figures beside their goals."""
    lines = ["| what | measured | goal |", "|---|---|---|"]
    for name, count in report["tasks per chunk"].items():
        goal = (
            ""
            if name.startswith("dask")
            else "<= 10"
            if "laplacian" in name
            else f"<= {3 + 2 * int(name[-1])}"
        )
        lines.append(f"| tasks per chunk, {name} | {count:.2f} | {goal} |")
    for name, times in report["seconds"].items():
        ours, theirs, copies = (times[key]["min"] for key in ("gridgrad", "dask.array.gradient", "copies"))
        large = name.endswith(f"chunks {int(name.partition('^')[0]) // 2}^3")
        lines.append(
            f"| {name}: time over dask.array.gradient | {ours / theirs:.2f} | <= {'1/3' if large else '1/2'} |"
        )
        lines.append(f"| {name}: time over as many copies | {ours / copies:.2f} | <= 1.6 |")
    for size, longest in report["seconds of chunkings"].items():
        lines.append(f"| 24 x 20 x 18 in chunks of {size}, equal to the whole | {longest:.2f} s | <= 3 s |")
    for name, times in report.get("seconds of labels", {}).items():
        over = 1e3 * (times["gridgrad"]["median"] - times["bare"]["median"])
        lines.append(f"| {name}: labels over the bare call | {over:.2f} ms | <= 1 ms |")
    plan = report["plan"]
    lines.append(
        f"| {plan['chunks']} chunks planned, {plan['tasks']} tasks | {plan['seconds']:.1f} s ({plan['cpu seconds']:.1f} s of a CPU), {plan['GB']:.2f} GB | <= 20 s, <= 1 GB |"
    )
    plan = report["plan of files"]
    lines.append(
        f"| {plan['chunks']} chunks from file to file, until the first is begun | {plan['seconds']:.1f} s ({plan['cpu seconds']:.1f} s of a CPU), {plan['GB']:.2f} GB | <= 20 s, <= 1 GB |"
    )
    for size, own in report["files"].items():
        for what in ("derivative", "laplacian"):
            clock, cpu = (own[what][key] / own["copy"][key] for key in ("seconds", "cpu seconds"))
            lines.append(
                f"| Zarr to Zarr, {size}, {what}: memory; time over a copy | {own[what]['MB']:.0f} MB; {clock:.2f} ({cpu:.2f} of a CPU) | <= 400 MB; <= 1.3 |"
            )
    return "\n".join([*lines, f"machine: {report['machine']}"])


if __name__ == "__main__":
    main()
