"""Measuring: contenders taking turns, peak memory and import time in processes of their own, the machine's facts."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

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


def interleaved(calls: dict[str, Callable[[], Any]], rounds: int) -> dict[str, dict[str, float]]:
    """Seconds of one call, min and median over rounds in which every contender has its turn, in every place after so many rounds.

    A call is faster or slower by what ran just before it, which no contender is to be for good.
    """
    repeats = {}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        repeats[name] = max(1, int(SHORTEST / max(time.perf_counter() - start, 1e-7)))
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    names = list(calls)
    for turn in range(rounds):
        for k in range(len(names)):
            name = names[(turn + k) % len(names)]
            start = time.perf_counter()
            for _ in range(repeats[name]):
                calls[name]()
            seconds[name].append((time.perf_counter() - start) / repeats[name])
    ours = seconds[names[0]]
    return {
        name: {
            "min": min(s),
            "median": median(s),
            "of the first": median(a / b for a, b in zip(s, ours, strict=True)),
            "rounds": rounds,
        }
        for name, s in seconds.items()
    }


def share_of_ceiling(times: dict[str, dict[str, float]]) -> float:
    """The ceiling's time over gridgrad's: the median of ratios taken round by round, as bandwidth moves; of older results the least over the least."""
    ceiling = times["ceiling"]
    return ceiling.get("of the first", ceiling["min"] / times["gridgrad"]["min"])


def peak_memory(points: int, calls: tuple[str, ...] = ("gridgrad", "np.gradient")) -> dict[str, float | None]:
    """MiB beyond the outputs of 3-D calls, each in a fresh process; None where /proc is missing."""
    if not Path("/proc/self/status").exists():
        return dict.fromkeys(calls)
    return {name: float(_python(PEAK.format(n=points), name)) for name in calls}


def import_time(rounds: int) -> dict[str, float]:
    """Seconds of ``import numpy`` and what ``import gridgrad`` adds, the best of fresh processes taking turns."""
    programs = {"numpy": "import numpy", "both": "import numpy, gridgrad"}
    best = dict.fromkeys(programs, float("inf"))
    for _ in range(rounds):
        for name, program in programs.items():
            clock = f"import time; t = time.perf_counter(); {program}; print(time.perf_counter() - t)"
            best[name] = min(best[name], float(_python(clock)))
    return {"numpy": best["numpy"], "gridgrad over numpy": best["both"] - best["numpy"]}


def _python(program: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True
    ).stdout


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
