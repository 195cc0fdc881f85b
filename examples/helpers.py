"""What the examples share: the command line, array libraries, time stepping, and checks that print themselves."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

BACKENDS = ("numpy", "cupy", "torch", "jax")
EPS = float(np.finfo(float).eps)


def parse(
    description: str,
    argv: Sequence[str] | None,
    size: int,
    meaning: str,
    backends: Sequence[str] = (),
    **numbers: str,
) -> argparse.Namespace:
    """``--size``, ``--out``, where there is a choice ``--backend``, and numbers that are 0 by default; the output folder is made."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--size", type=int, default=size, help=f"{meaning} (default {size})")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the figures (default out)")
    for name, what in numbers.items():
        parser.add_argument(f"--{name}", type=float, default=0.0, help=what)
    if backends:
        parser.add_argument(
            "--backend", choices=backends, default="numpy", help="array library (default numpy)"
        )
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    return arguments


def sample_data(
    name: str,
    package: str = "iris_sample_data",
    folder: str = "sample_data",
    install: str = "iris-sample-data",
) -> Path:
    """A file of a package with real fields of oceans and atmospheres, which is not imported."""
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise SystemExit(f"{name} is in {package}: pip install {install} netCDF4")
    return Path(found.submodule_search_locations[0]) / folder / name


class Backend:
    """An array library by name: `xp` makes arrays, on the GPU where there is one, `host` brings them back."""

    def __init__(self, name: str, double: bool = True) -> None:
        self.xp = import_module({"jax": "jax.numpy"}.get(name, name))
        self.can_write = name != "jax"  # arrays of JAX never change, so they cannot be an out=
        self.device = "cuda" if name == "torch" and self.xp.cuda.is_available() else None
        if name == "jax" and double:
            import_module("jax").config.update("jax_enable_x64", True)

    def array(self, values: np.ndarray) -> Any:
        """The values as an array of the library."""
        return self.xp.asarray(values) if self.device is None else self.xp.asarray(values, device=self.device)

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself; with JAX as one program, which runs many times faster than its steps."""
        return function if self.can_write else import_module("jax").jit(function)

    @staticmethod
    def host(array: Any) -> np.ndarray:
        """An array of any library as one of NumPy."""
        move = getattr(array, "get", None) or getattr(array, "cpu", None)  # CuPy, torch
        return np.asarray(array if move is None else move())


def rk4(rate: Callable[[Any], Any], state: Any, step: float) -> Any:
    """One step of the classical Runge-Kutta method, for arrays that `solve_ivp` cannot take."""
    first = rate(state)
    second = rate(state + step / 2 * first)
    third = rate(state + step / 2 * second)
    fourth = rate(state + step * third)
    return state + step / 6 * (first + 2 * (second + third) + fourth)


def progress(count: int, what: str) -> Iterator[int]:
    """``range(count)`` that says on a terminal, every twentieth, where it is, and in the end its time."""
    start, shown = time.perf_counter(), sys.stderr.isatty()
    for k in range(count):
        if shown and k * 20 // count != (k - 1) * 20 // count:
            print(f"\r  {what}: {100 * k // count:3d} %", end="", file=sys.stderr, flush=True)
        yield k
    print(
        ("\r" if shown else "") + f"  {what}: {count} in {time.perf_counter() - start:.1f} s", file=sys.stderr
    )


def watched(
    state: Any,
    advance: Callable[[Any], Any],
    sums: Callable[[Any], Sequence[float]],
    duration: float,
    steps: int,
    what: str,
) -> tuple[list[tuple[float, Any]], np.ndarray]:
    """Advance a state; four states with their times, and rows of time and `sums` at 61 times. `steps` is a multiple of 60."""
    shown, rows = [], []
    for k in progress(steps + 1, f"{what}, steps"):
        time = k * duration / steps
        if k % (steps // 60) == 0:
            rows.append([time, *sums(state)])
        if k in (steps // 4, steps // 2, steps * 3 // 4, steps):
            shown.append((time, state))
        if k < steps:
            state = advance(state)
    return shown, np.array(rows).T


def check(what: str, value: float, bound: float) -> None:
    """Print one self-check; stop the example if it fails."""
    passed = value <= bound
    print(f"  check  {what}: {value:.3g} (allowed {bound:.3g}) {'ok' if passed else 'FAILED'}")
    if not passed:
        raise SystemExit(f"self-check failed: {what}")


def observed_order(sizes: Sequence[int], errors: Sequence[float]) -> float:
    """The slope of the error over refinement: 2 where it falls to a quarter when the steps are halved."""
    return -float(np.polyfit(np.log(sizes), np.log(errors), 1)[0])


def interleaved(*contenders: Callable[[], Any], rounds: int = 15, repeats: int = 20) -> list[float]:
    """Seconds of one call of each contender: the best round, the contenders taking turns."""
    best = [float("inf")] * len(contenders)
    for _ in range(rounds):
        for k, call in enumerate(contenders):
            start = time.perf_counter()
            for _ in range(repeats):
                call()
            best[k] = min(best[k], (time.perf_counter() - start) / repeats)
    return best
