"""Operators beside the loop that one writes by hand, on every CPU level, on one core.

    python benchmarks/loops.py [--levels 0 1 2] [--only "512^2" "64^3"] [--rounds 15] [--json path]

The other side of each row is a numba loop of the same arithmetic, compiled for the same CPU level: the operator's own pairs and
weights, two for each axis in formula (1), without contraction and without ends; plain square roots. Values are compared. What is shown is CPU time of gridgrad over that of the loop,
the median of ratios taken round by round, and the least time over the least.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import loop_sources
import measure
import numpy as np

import gridgrad as gg
from gridgrad._backends.numpy.core import core

SHORTEST = 0.004  # seconds of CPU time in a round
NAMES = "x86-64", "x86-64-v3", "x86-64-v4"  # as compilers call the levels
SHAPES = {
    "512^2": (512, 512),
    "2048^2": (2048, 2048),
    "4096 x 32": (4096, 32),
    "64^3": (64,) * 3,
    "160^3": (160,) * 3,
}
GOALS = {"512^2": 1.1, "2048^2": 1.0, "4096 x 32": 1.5, "64^3": 1.1, "160^3": 1.0}
NORM_GOAL = 1.5


def goal_of(row: str) -> float:
    """At most so many times the loop's time."""
    goal = next(goal for size, goal in GOALS.items() if f", {size} " in row)
    return max(goal, NORM_GOAL) if row.startswith("gradient_norm") else goal


def operators(grid: gg.Grid, fields: list[np.ndarray]) -> dict[str, Callable[[], Any]]:
    """What is measured on points along axes."""
    laplacian, advect, signed = grid.laplacian, grid.advect(tuple(fields)), tuple(k - 0.5 for k in fields)
    return {
        "laplacian": lambda: laplacian,
        "I + c L": lambda: grid.identity + 0.1 * laplacian,
        "advect": lambda: advect,
        "c L - advect": lambda: 0.1 * laplacian - advect,
        "diffuse": lambda: grid.diffuse(fields[0]),
        "gradient_norm": lambda: grid.gradient_norm,
        "gradient": lambda: grid.gradient,
        "adjoint of gradient": lambda: grid.gradient.T,
        "advect, upwind=1": lambda: grid.advect(signed, upwind=1),
        "advect, upwind=2": lambda: grid.advect(signed, upwind=2),
        "biharmonic": lambda: grid.biharmonic,
        "diffuse, form=tensor": lambda: grid.diffuse(tensor(fields), form="tensor"),
        "diffuse, form=faces": lambda: grid.diffuse(at_faces(fields), form="faces"),
        "differences to faces": lambda: grid.faces(-1).derivative,
        "divergence of faces": lambda: grid.faces().divergence,
    }


def tensor(fields: list[np.ndarray]) -> list[list[np.ndarray]]:
    """A symmetric one that is positive."""
    axes = range(len(fields))
    return [[fields[a] + 2 if a == b else fields[max(a, b)] / 2 for b in axes] for a in axes]


def at_faces(fields: list[np.ndarray]) -> list[np.ndarray]:
    """One field across each axis, at the faces between points."""
    return [
        np.ascontiguousarray(k[(slice(None),) * axis + (slice(1, None),)]) for axis, k in enumerate(fields)
    ]


def curved(shape: tuple[int, ...]) -> dict[str, Callable[[], Any]]:
    """What is measured where coordinates vary from point to point."""
    i, j = np.meshgrid(*map(np.arange, shape), indexing="ij")
    grid = gg.Grid(i + 0.1 * j, j + 0.1 * i)
    return {name: lambda name=name: getattr(grid, name) for name in ("gradient", "divergence", "laplacian")}


def rows(shapes: dict[str, tuple[int, ...]], only: list[str]) -> Iterator[tuple[str, Callable[[], Any], Callable[[], Any] | None]]:  # fmt: skip
    """What an operator is called with its size, a call of it, and a call of the loop if there is one."""
    rng = np.random.default_rng(0)
    for size, shape in shapes.items():
        for kind in ("uniform", "graded", "curved")[: 3 if len(shape) == 2 else 2]:
            along = [(n, 1.0) if kind == "uniform" else np.cumsum(rng.uniform(0.5, 1.5, n)) for n in shape]
            for dtype in ("float64", "float32"):
                fields = [rng.random(shape).astype(dtype) for _ in shape]
                measured = curved(shape) if kind == "curved" else operators(gg.Grid(*along), fields)
                for name, make in measured.items():
                    row = f"{name}, {size} {kind} {dtype}"
                    if any(part in row for part in only):
                        yield row, *pair(make(), np.dtype(dtype), rng)


def pair(operator: Any, dtype: np.dtype, rng: np.random.Generator) -> tuple[Callable[[], Any], Callable[[], Any] | None]:  # fmt: skip
    """A call of an operator, and one of the loop; their values are compared."""
    fields = [rng.random(grid.shape).astype(dtype) for grid in operator.grids_in]
    outs, others = ([np.zeros(grid.shape, dtype) for grid in operator.grids_out] for _ in range(2))
    f, target = fields if operator.inputs else fields[0], outs if operator.outputs else outs[0]
    loop, reach = loop_sources.make(operator, fields, others)
    operator(f, out=target)
    if loop is not None:
        loop()
        inner = (slice(reach, -reach),) * outs[0].ndim
        for own, other in zip(outs, others, strict=True):
            bound = 64 * np.finfo(dtype).eps * np.abs(own).max()
            worst = np.abs(own - other)[inner].max(initial=0)
            assert worst <= bound, (
                f"the loop of {operator.name} differs by {worst:.3g}, more than {bound:.3g}"
            )
    return lambda: operator(f, out=target), loop


def ratios(ours: Callable[[], Any], loop: Callable[[], Any], rounds: int) -> dict[str, float]:
    """CPU time of one call of each, and of one over the other."""
    seconds: list[list[float]] = [[], []]
    calls = ours, loop
    repeats = [max(1, int(SHORTEST / timed(call, 2))) for call in calls]
    for _ in range(rounds):
        for k, call in enumerate(calls):
            seconds[k].append(timed(call, repeats[k]))
    pairs = [a / b for a, b in zip(*seconds, strict=True)]
    best = [min(own) for own in seconds]
    return {"seconds": best[0], "loop": best[1], "ratio": median(pairs), "least": best[0] / best[1]}


def timed(call: Callable[[], Any], repeats: int) -> float:
    call()
    start = time.process_time()
    for _ in range(repeats):
        call()
    return max(time.process_time() - start, 1e-9) / repeats


def measured(shapes: dict[str, tuple[int, ...]], only: list[str], rounds: int) -> dict[str, dict[str, float]]:
    """Every row of this process's level."""
    found = {}
    for row, ours, loop in rows(shapes, only):
        entry = {"seconds": timed(ours, 2)} if loop is None else ratios(ours, loop, rounds)
        found[row] = entry | {"goal": goal_of(row)}
    return found


def of_level(level: int, arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """The rows of a process of its own, whose loops are compiled for that level and which stays on one core."""
    command = [sys.executable, "-P", __file__, "--rounds", str(arguments.rounds), "--only", *arguments.only]
    command += ["--bare", str(level), *(["--small"] if arguments.small else [])]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    }
    if level < 2:
        environment |= {"NUMBA_CPU_NAME": NAMES[level], "NUMBA_CPU_FEATURES": ""}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    found: dict[str, dict[str, float]] = json.loads(done.stdout)
    return found


def show(level: int, found: dict[str, dict[str, float]]) -> None:
    """One level's table."""
    print(f"{NAMES[level] + ': gridgrad over the loop':50} {'us':>8} {'median':>7} {'least':>6}  goal")
    for row, entry in found.items():
        against = f"{entry['ratio']:7.2f} {entry['least']:6.2f}" if "ratio" in entry else "      -      -"
        missed = " missed" if entry.get("least", 0) > entry["goal"] else ""
        print(f"{row:50} {entry['seconds'] * 1e6:8.1f} {against}  {entry['goal']}{missed}")


def main() -> None:
    """Measure, print, and with ``--json`` write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--levels", type=int, nargs="+", default=range(core.gg_cpu_level() + 1))
    parser.add_argument("--only", nargs="+", default=[""], help="rows whose names contain one of these")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--small", action="store_true", help="tiny arrays, to see that everything runs")
    parser.add_argument("--bare", type=int, help="this level's rows alone, as JSON")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.bare is not None:
        core.gg_use_cpu_level(arguments.bare)
        shapes = (
            {size: tuple(min(n, 12) for n in shape) for size, shape in SHAPES.items()}
            if arguments.small
            else SHAPES
        )
        json.dump(measured(shapes, arguments.only, arguments.rounds), sys.stdout)
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    levels = {NAMES[level]: of_level(level, arguments) for level in arguments.levels}
    for name, found in levels.items():
        show(NAMES.index(name), found)
    if arguments.json:
        report = {"machine": measure.machine(1), "levels": levels}
        arguments.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
