"""Operators beside the loop that one writes by hand, on every CPU level, on one core.

    python benchmarks/loops.py [--levels 0 1 2] [--only "512"] [--rounds 15] [--json path]

The other side of each row is a numba loop of the same arithmetic, compiled for the same CPU level: formula (1) with its two
weights, without contraction and without ends; plain square roots. What is shown is CPU time of gridgrad over that of the loop,
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


def goal_of(name: str, size: str) -> float:
    """At most so many times the loop's time."""
    return max(GOALS[size], NORM_GOAL) if name == "gradient_norm" else GOALS[size]


def operators(grid: gg.Grid, fields: list[np.ndarray]) -> dict[str, Any]:
    """What is measured, by the names in `loop_sources`."""
    laplacian, advect = grid.laplacian, grid.advect(tuple(fields))
    return {
        "laplacian": laplacian,
        "I + c L": grid.identity + 0.1 * laplacian,
        "advect": advect,
        "c L - advect": 0.1 * laplacian - advect,
        "diffuse": grid.diffuse(fields[0]),
        "gradient_norm": grid.gradient_norm,
        "gradient": grid.gradient,
    }


def rows(
    shapes: dict[str, tuple[int, ...]], only: str
) -> Iterator[tuple[str, str, Callable[[], Any], Callable[[], Any] | None]]:
    """What an operator is called, its size, a call of it, and a call of the loop if there is one."""
    rng = np.random.default_rng(0)
    for size, shape in shapes.items():
        for kind in ("uniform", "graded"):
            steps = [
                np.full(n - 1, 1.0) if kind == "uniform" else rng.uniform(0.5, 1.5, n - 1) for n in shape
            ]
            grid = gg.Grid(
                *(
                    (n, 1.0) if kind == "uniform" else np.append(0, np.cumsum(h))
                    for n, h in zip(shape, steps, strict=True)
                )
            )
            for dtype in ("float64", "float32"):
                f, *fields = (rng.random(shape).astype(dtype) for _ in range(1 + len(shape)))
                for name, operator in operators(grid, fields).items():
                    row = f"{name}, {size} {kind} {dtype}"
                    if only not in row:
                        continue
                    outs = [np.zeros_like(f) for _ in range(len(shape) if name == "gradient" else 1)]
                    target = outs if name == "gradient" else outs[0]
                    loop = loop_sources.make(name, steps, f, fields, [o.copy() for o in outs])
                    yield row, size, lambda: operator(f, out=target), loop  # noqa: B023 - called before the next


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


def measured(shapes: dict[str, tuple[int, ...]], only: str, rounds: int) -> dict[str, dict[str, float]]:
    """Every row of this process's level."""
    found = {}
    for row, size, ours, loop in rows(shapes, only):
        entry = {"seconds": timed(ours, 2)} if loop is None else ratios(ours, loop, rounds)
        found[row] = entry | {"goal": goal_of(row.split(",")[0], size)}
    return found


def of_level(level: int, arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """The rows of a process of its own, whose loops are compiled for that level and which stays on one core."""
    command = [sys.executable, "-P", __file__, "--rounds", str(arguments.rounds), "--only", arguments.only]
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
    parser.add_argument("--only", default="", help="rows whose names contain this")
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
