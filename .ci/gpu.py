"""Tests, sanitizers and benchmark on a CUDA device, one after the other: what `make gpu` runs.

Each step has its time, and its log in the folder; none stops the next. The benchmark has the time that is left, and a
short table comes last. With --wheels this Python gets the tree and these wheels first, without a network, in a folder
of their own: gridgrad is built by the scikit-build-core, cmake and ninja that are there.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SITE = ROOT / "build" / "gpu"
SANITIZED = (
    "(layouts or fresh or operators or bits_of)"  # of test_bits.py: what nothing but our kernels computes
)
FOUND = 99  # how a sanitizer exits that found something
GRACE = 15  # seconds in which an interrupted step may say how far it came


class Step(NamedTuple):
    """A command, the most seconds it may take, and what tells of it: the last match in its log."""

    name: str
    command: list[str]
    seconds: float
    tells: str
    pool: bool = True  # whether CuPy may cut its arrays from larger pieces of memory
    status: int = 0  # how it exits when all is well
    tool: str = ""  # without which it is left out, as without its own program


class Result(NamedTuple):
    """A line of the table."""

    name: str
    outcome: str
    seconds: float
    told: str


def steps(options: argparse.Namespace) -> Iterator[Step]:
    """All but the benchmark."""
    python = [sys.executable, *options.through]
    pytest = [*python, "-m", "pytest", "-m", "gpu", "-q", "-rfE", "-p", "no:cacheprovider"]
    if options.wheels:
        pip = [sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--no-build-isolation", "--no-compile",
               "--upgrade", "--target", str(SITE)]  # fmt: skip
        wheels = sorted(map(str, options.wheels.glob("*.whl")))
        yield Step("install", [*pip, *wheels, str(ROOT)], 180, r"Successfully .*")
        pytest += ["-W", "default"]  # of the libraries that this machine has, whatever they deprecate
    tests = pytest if not options.workers else [*pytest, "-n", str(options.workers)]
    yield Step(
        "tests", [*tests, "-k", options.select, *options.tests], 150, r"\d+ (?:passed|failed|error|skipped).*"
    )
    chosen = " and ".join(filter(None, [SANITIZED, options.select]))
    yield from sanitized(python, [*pytest, "-k", chosen, "tests/backends/cuda/device/test_bits.py"])
    yield Step("traffic", [*python, "benchmarks/traffic.py", *options.small], 80, r"laplacian .*", tool="ncu")


def sanitized(python: list[str], subset: list[str]) -> Iterator[Step]:
    """A launch that a sanitizer must report, and tests of which it must not report any."""
    program = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    sanitizer = [program, "--error-exitcode", str(FOUND), "--report-api-errors", "no", "--tool"]
    memcheck = [*sanitizer, "memcheck", "--padding", "64", "--kernel-name", "kns=gridgrad"]
    found = r"ERROR SUMMARY.*"
    yield Step("planted", [*memcheck, *python, "tests/support/planted_on_device.py"], 40, found, False, FOUND)
    yield Step("memcheck", [*memcheck, *subset], 100, found, False)
    # Not of our kernels alone: what another's has written would count as never written.
    yield Step("initcheck", [*sanitizer, "initcheck", *subset], 100, found, False)


def benchmark(options: argparse.Namespace, seconds: float) -> Step:
    """What is measured in the time that is left."""
    command = [sys.executable, *options.through, "benchmarks/gpu.py", "--json", str(options.out / "gpu.json"),
               "--seconds", str(int(seconds - 2 * GRACE)), *options.small, *options.benchmark]  # fmt: skip
    return Step("benchmark", command, seconds - GRACE, r".*, commit .*")


def environment(step: Step, installed: bool) -> dict[str, str]:
    """One device for several processes and libraries, and the installed copy before any other."""
    paths = [str(SITE)] * installed + [str(ROOT / "benchmarks"), os.environ.get("PYTHONPATH", "")]
    own = {"PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    own["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return os.environ | own | ({} if step.pool else {"GRIDGRAD_NO_POOL": "1"})


def run(step: Step, log: Path, seconds: float, installed: bool = False) -> Result:
    """One step, interrupted when its time is over."""
    missing = [tool for tool in (step.command[0], step.tool) if tool and not shutil.which(tool)]
    if missing:
        return Result(step.name, "left out", 0, f"no {missing[0]} here")
    start = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            step.command, stdout=output, stderr=subprocess.STDOUT, cwd=ROOT, env=environment(step, installed),
            start_new_session=True,
        )  # fmt: skip
        late = not ended(process, seconds)
        if late:
            os.killpg(process.pid, signal.SIGINT)
            if not ended(process, GRACE):
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    outcome = (
        "out of time" if late else "ok" if process.returncode == step.status else f"exit {process.returncode}"
    )
    told = re.findall(step.tells, log.read_text(encoding="utf-8", errors="replace"))
    return Result(step.name, outcome, time.monotonic() - start, told[-1].strip() if told else "")


def ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether it ends within this time."""
    try:
        process.wait(max(seconds, 1))
    except subprocess.TimeoutExpired:
        return False
    return True


def show(title: str, lines: list[str]) -> None:
    """Print lines below a title."""
    print(f"\n## {title}", *lines, "", sep="\n", flush=True)


def wrong(log: Path) -> list[str]:
    """The end of the log of a step that failed, or its failures alone where it lists them."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return [line[:240] for line in lines if line.startswith(("FAILED", "ERROR"))][:30] or lines[-15:]


def table(results: list[Result]) -> list[str]:
    """One line a step."""
    return [f"{r.name:10} {r.outcome:12} {r.seconds:5.0f} s  {r.told[:120]}" for r in results]


def arguments() -> argparse.Namespace:
    """Of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "gpu", help="folder of logs and figures")
    parser.add_argument("--seconds", type=float, default=540, help="of everything together")
    parser.add_argument("--steps", default="", help="names of the only ones to run, with commas between")
    parser.add_argument("--tests", nargs="+", default=["tests"], help="files or folders of tests")
    parser.add_argument(
        "--select", default="", help="those of this pytest expression only, under sanitizers too"
    )
    parser.add_argument("--workers", type=int, default=8 if find_spec("xdist") else 0, help="test processes")
    parser.add_argument("--wheels", type=Path, help="folder of what is to be installed beside the tree")
    parser.add_argument(
        "--small", action="store_const", const=["--small"], default=[], help="measure small arrays"
    )
    parser.add_argument("--benchmark", type=shlex.split, default=[], help="more options of benchmarks/gpu.py")
    parser.add_argument("--through", nargs=1, default=[], help="a script that runs all others: a dry run")
    return parser.parse_args()


def main() -> int:
    """Run the steps; 1 if one of them failed."""
    options = arguments()
    options.out = options.out.absolute()
    options.out.mkdir(parents=True, exist_ok=True)
    end, results = time.monotonic() + options.seconds, []
    chosen = set(options.steps.split(",")) - {""}
    for make in (*steps(options), benchmark):
        step = make if isinstance(make, Step) else make(options, end - time.monotonic())
        if chosen and step.name not in chosen:
            continue
        log = options.out / f"{step.name}.txt"
        limit = min(step.seconds, end - time.monotonic())
        results.append(run(step, log, limit, options.wheels is not None))
        print(*table(results[-1:]), flush=True)
        if results[-1].outcome not in ("ok", "left out"):
            show(f"{step.name}: {log}", wrong(log))
    for name in ("traffic", "benchmark"):
        figures = options.out / f"{name}.txt"
        if figures.exists():
            show(name, figures.read_text(encoding="utf-8", errors="replace").splitlines()[-60:])
    show("steps", table(results))
    return int(any(result.outcome not in ("ok", "left out") for result in results))


if __name__ == "__main__":
    sys.exit(main())
