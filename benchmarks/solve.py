"""Solves beside SuperLU: an implicit heat step and Poisson's equation on a stretched axis, interleaved in one run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from scipy import fft
from scipy.sparse.linalg import splu

import gridgrad as gg

REPEATS = 7


def fastest(*calls: Callable[[], Any]) -> list[float]:
    """The least time of each, in turn."""
    seconds = [float("inf")] * len(calls)
    for _ in range(REPEATS):
        for k, call in enumerate(calls):
            start = perf_counter()
            call()
            seconds[k] = min(seconds[k], perf_counter() - start)
    return seconds


def there_and_back(b: np.ndarray, free: tuple[slice, ...], types: dict[int, tuple[str, int]]) -> None:
    """SciPy's transforms alone, of some axes of the free points: no solve by them takes less."""
    c = b[free]
    for axis, (name, type) in types.items():
        c = getattr(fft, name)(c, type, axis=axis, overwrite_x=c.base is None)
    for axis, (name, type) in types.items():
        c = getattr(fft, f"i{name}")(c, type, axis=axis, overwrite_x=True)


def row(
    name: str, A: gg.Operator, b: np.ndarray, free: tuple[slice, ...], fresh: Callable[[], gg.Operator],
    types: dict[int, tuple[str, int]],
) -> dict[str, Any]:  # fmt: skip
    """The times of a solve, of one with everything made anew, of SuperLU's solve alone, and of the transforms alone."""
    inside = np.zeros(b.shape, bool)
    inside[free] = True
    places = np.flatnonzero(inside)
    factors = splu(A.linear.to_sparse()[places][:, places].tocsc())
    rhs = (b - A.offset)[inside]
    solver = A.solver()
    apart = np.abs(solver(b)[inside] - factors.solve(rhs)).max() / np.abs(solver(b)).max()
    seconds = fastest(lambda: solver(b), lambda: fresh().solver()(b), lambda: factors.solve(rhs),
                      lambda: there_and_back(b, free, types))  # fmt: skip
    return {"what": name, "ways": repr(solver), "solve_ms": seconds[0] * 1e3, "made_anew_ms": seconds[1] * 1e3,
            "splu_solve_ms": seconds[2] * 1e3, "transforms_ms": seconds[3] * 1e3, "apart": float(apart)}  # fmt: skip


def rows(small: bool = False) -> list[dict[str, Any]]:
    """All of them."""
    rng = np.random.default_rng(0)
    n, m = (32, 24) if small else (512, 256)
    found = []
    for ends, type in (("symmetric", 2), ("reflect", 1)):
        grid = gg.Grid((n, 1 / n), (n, 1 / n), boundary=ends)

        def heat(grid: gg.Grid = grid) -> gg.Operator:
            return grid.identity - 1e-3 * grid.laplacian

        found.append(
            row(
                f"{n}^2 implicit heat step, {ends} walls",
                heat(),
                rng.random((n, n)),
                (slice(None),),
                heat,
                {1: ("dct", type), 0: ("dct", type)},
            )
        )
    x = np.linspace(0, 1, m) ** 1.5
    grid = gg.Grid(x, (m, 1 / (m - 1)), boundary=["reflect", (gg.value(0.0), gg.value(0.0))])
    free = (slice(None), slice(1, -1))
    found.append(
        row(
            f"{m}^2 Poisson, one stretched axis",
            grid.laplacian,
            rng.random((m, m)),
            free,
            lambda: grid.laplacian,
            {1: ("dst", 1)},
        )
    )
    return found


def main() -> None:
    """Print the table; ``--json FILE`` writes it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="small grids, for the tests")
    parser.add_argument("--json", type=Path, help="where the rows go")
    arguments = parser.parse_args()
    table = rows(arguments.small)
    for r in table:
        print(f"{r['what']}: solve {r['solve_ms']:.2f} ms, all made anew {r['made_anew_ms']:.2f} ms, splu's solve alone {r['splu_solve_ms']:.2f} ms: "
              f"{r['splu_solve_ms'] / r['solve_ms']:.1f} and {r['splu_solve_ms'] / r['made_anew_ms']:.1f} times as long; "
              f"the transforms alone {r['transforms_ms']:.2f} ms; apart {r['apart']:.0e}")  # fmt: skip
    if arguments.json:
        arguments.json.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
