"""Solves beside SuperLU: implicit heat steps, on a disc and a sphere too, and Poisson's equation, interleaved in one run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from measure import interleaved
from scipy import fft
from scipy.sparse.linalg import splu

import gridgrad as gg

REPEATS = 7


def there_and_back(b: np.ndarray, free: tuple[slice, ...], types: dict[int, tuple[str, int | None]]) -> None:
    """SciPy's transforms alone, of some axes of the free points: no solve by them takes less."""
    c = b[free]
    for axis, (name, type) in types.items():
        c = getattr(fft, name)(c, type, axis=axis, overwrite_x=c.base is None)
    for axis, (name, type) in types.items():
        c = getattr(fft, f"i{name}")(c, type, axis=axis, overwrite_x=True)


def row(
    name: str, A: gg.Operator, b: np.ndarray, free: tuple[slice, ...], fresh: Callable[[], gg.Operator],
    types: dict[int, tuple[str, int | None]],
) -> dict[str, Any]:  # fmt: skip
    """The times of a solve, of one with everything made anew, of SuperLU's factors and its solve, and of the transforms alone."""
    inside = np.zeros(b.shape, bool)
    inside[free] = True
    places = np.flatnonzero(inside)
    matrix = A.linear.to_sparse()[places][:, places].tocsc()
    factors = splu(matrix)
    rhs = (b - A.offset)[inside]
    solver = A.solver()
    apart = np.abs(solver(b)[inside] - factors.solve(rhs)).max() / np.abs(solver(b)).max()
    calls = {"solve": lambda: solver(b), "made_anew": lambda: fresh().solver()(b), "splu_made": lambda: splu(matrix),
             "splu_solve": lambda: factors.solve(rhs), "transforms": lambda: there_and_back(b, free, types)}  # fmt: skip
    ms = {f"{call}_ms": found["min"] * 1e3 for call, found in interleaved(calls, REPEATS).items()}
    return {"what": name, "ways": repr(solver), "apart": float(apart)} | ms


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
    for place, step, free, type in (("point", 1 / (m - 1), slice(1, -1), 1), ("face", 1 / m, slice(None), 2)):
        held = gg.value(0.0, wall=place)
        grid = gg.Grid(x, (m, step), boundary=["reflect", (held, held)])

        def poisson(grid: gg.Grid = grid) -> gg.Operator:
            return grid.laplacian

        name = f"{m}^2 Poisson, one stretched axis, walls at a {place}"
        found.append(
            row(name, poisson(), rng.random((m, m)), (slice(None), free), poisson, {1: ("dst", type)})
        )
    return found + beside_poles(small)


def beside_poles(small: bool) -> list[dict[str, Any]]:
    """Implicit heat steps by fluxes: transforms along the turn, and one system of three diagonals for each of their waves."""
    rng = np.random.default_rng(0)
    n, m = (24, 16) if small else (128, 512)
    rim = gg.value(0.0, wall="face")
    turn = (n, 2 * np.pi / n)
    disc = gg.Grid((n, 1 / n, 0.5 / n), turn, geometry="polar", boundary=[("pole", rim), "periodic"])
    lat = (np.arange(m // 2) + 0.5) * (360 / m) - 90
    sphere = gg.Grid(lat, (m, 360 / m), geometry="sphere", radius=1.0)
    found = []
    for name, grid in ((f"disc of {n} x {n}", disc), (f"sphere of {m // 2} x {m}", sphere)):

        def heat(grid: gg.Grid = grid) -> gg.Operator:
            return grid.identity - 1e-3 * grid.laplacian.with_(form="conservative")

        b, free = rng.random(grid.shape), (slice(None),)
        found.append(row(f"implicit heat step, {name}", heat(), b, free, heat, {1: ("rfft", None)}))
    return found


def main() -> None:
    """Print the table; ``--json FILE`` writes it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="small grids, for the tests")
    parser.add_argument("--json", type=Path, help="where the rows go")
    arguments = parser.parse_args()
    table = rows(arguments.small)
    for r in table:
        print(f"{r['what']}: solve {r['solve_ms']:.2f} ms, all made anew {r['made_anew_ms']:.2f} ms, splu {r['splu_made_ms']:.2f} ms, its solve alone {r['splu_solve_ms']:.2f} ms: "
              f"{r['splu_solve_ms'] / r['solve_ms']:.1f} and {r['splu_solve_ms'] / r['made_anew_ms']:.1f} times as long; "
              f"the transforms alone {r['transforms_ms']:.2f} ms; apart {r['apart']:.0e}")  # fmt: skip
    if arguments.json:
        arguments.json.write_text(json.dumps(table, indent=1))


if __name__ == "__main__":
    main()
