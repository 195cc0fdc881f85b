"""What the examples share: the command line, timing two ways of doing one thing, and checks that print themselves."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def parse(description: str, argv: Sequence[str] | None, size: int, meaning: str) -> argparse.Namespace:
    """``--size`` and ``--out`` of every example; the output folder is made."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--size", type=int, default=size, help=f"{meaning} (default {size})")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the figures (default out)")
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    return arguments


def check(what: str, value: float, bound: float) -> None:
    """Print one self-check; stop the example if it fails."""
    passed = value <= bound
    print(f"  check  {what}: {value:.3g} (allowed {bound:.3g}) {'ok' if passed else 'FAILED'}")
    if not passed:
        raise SystemExit(f"self-check failed: {what}")


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
