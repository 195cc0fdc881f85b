"""Measuring: contenders taking turns, peak memory and import time in processes of their own, the machine's facts."""

from __future__ import annotations

import datetime
import os
import platform
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

SHORTEST = 0.002  # seconds: quicker calls are repeated within a round

PEAK = """
import sys, numpy as np, gridgrad as gg
shape, which = ({n},) * 3, sys.argv[1]
f = np.random.default_rng(0).random(shape)
call = {{
    "gridgrad": gg.gradient,
    "np.gradient": np.gradient,
    "laplacian": gg.laplacian,
    "diffuse": lambda f: gg.diffuse(f, f),
}}[which]
call(f[:9, :9, :9])
before = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
results = call(f)
after = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
print((after - before) / 1024 - sum(r.nbytes for r in (results if isinstance(results, (list, tuple)) else [results])) / 2**20)
"""

IMPORTS = """
from time import process_time
start = process_time()
import numpy
between = process_time()
import gridgrad
print(between - start, process_time() - between)
"""


def interleaved(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, dict[str, float]]:
    """Seconds of one call, min and median over rounds in which every contender has its turn, in another order each.

    A call is faster or slower by what ran just before it, which no contender is to be for good: by the arrays that are in the
    caches, and by threads that still wait for more work. So each turn begins with a call that is not timed.
    """
    settle_memory()
    repeats = {}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        repeats[name] = max(1, int(SHORTEST / max(time.perf_counter() - start, 1e-7)))
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    orders = random.Random(0)
    for _ in range(rounds):
        for name in orders.sample(list(calls), len(calls)):
            calls[name]()
            start = time.perf_counter()
            for _ in range(repeats[name]):
                calls[name]()
            seconds[name].append((time.perf_counter() - start) / repeats[name])
    return {name: times_of(name, seconds) for name in seconds}


def times_of(name: str, seconds: dict[str, list[float]]) -> dict[str, float]:
    """Of one contender's rounds; beside gridgrad's also the median of the ratios of the same round."""
    own = seconds[name]
    times = {"min": min(own), "median": median(own), "rounds": len(own)}
    if "gridgrad" in seconds:
        times["of gridgrad's"] = median(a / b for a, b in zip(own, seconds["gridgrad"], strict=True))
    return times


def share_of_ceiling(times: dict[str, dict[str, float]]) -> float:
    """The ceiling's time over gridgrad's: the median of ratios taken round by round, as bandwidth moves; of older results the least over the least."""
    ceiling = times["ceiling"]
    return ceiling.get("of gridgrad's", ceiling["min"] / times["gridgrad"]["min"])


def settle_memory() -> None:
    """Bring glibc to what it comes to by itself after an array of 32 MiB: up to 64 MiB that arrays leave stay with the process.

    Before that new arrays have new pages, or have not, by the largest array that any row before has freed, and up to seven
    times the time. The block is never touched.
    """
    np.empty((32 << 20) - (64 << 10), np.uint8)


def peak_memory(points: int, calls: tuple[str, ...] = ("gridgrad", "np.gradient")) -> dict[str, float | None]:
    """MiB beyond the outputs of 3-D calls, each in a fresh process; None where /proc is missing."""
    if not Path("/proc/self/status").exists():
        return dict.fromkeys(calls)
    return {name: float(_python(PEAK.format(n=points), name)) for name in calls}


def import_time(rounds: int) -> dict[str, float]:
    """Seconds of ``import numpy`` and what ``import gridgrad`` adds, the best of fresh processes taking turns.

    All of it is compiled before, as it is in every process of an installation but the first.
    """
    numpy, ours = [], []
    with TemporaryDirectory() as compiled:
        _python(IMPORTS, PYTHONPYCACHEPREFIX=compiled)
        for _ in range(rounds):
            first, second = map(float, _python(IMPORTS, PYTHONPYCACHEPREFIX=compiled).split())
            numpy.append(first)
            ours.append(second)
    return {"numpy": min(numpy), "gridgrad over numpy": min(ours)}


def _python(program: str, *arguments: str, **variables: str) -> str:
    """What a fresh process prints; it may write what it has compiled."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True, env=environment | variables
    ).stdout  # fmt: skip


def available_cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def machine(workers: int) -> dict[str, Any]:
    """CPU, cores, versions, load and date."""
    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        cpu = re.search(
            r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text() + "model name: unknown"
        ).group(1)
    return {
        "date": datetime.date.today().isoformat(),
        "cpu": cpu,
        "cores": os.cpu_count(),
        "workers": workers,
        "load at start": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def short_name(facts: dict[str, Any]) -> str:
    """Something like ``intel-xeon-2-cores`` for a file name."""
    words = re.sub(r"\(.*?\)|@.*|CPU|Processor", "", facts["cpu"]).lower().split()
    return re.sub(r"[^a-z0-9-]", "", "-".join(words[:4])) + f"-{facts['cores']}-cores"


def newest(folder: Path, pattern: str) -> Path:
    """The results of the latest date, which begins the name of their file."""
    return max(folder.glob(pattern), key=lambda path: path.name)
