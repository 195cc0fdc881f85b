"""Heat in a box without losses, by implicit steps: `solver()` in the place of a factorisation by hand.

du/dt = k (d2u/dx2 + d2u/dy2) with walls half a step outside that nothing passes. Crank-Nicolson is of order 2 in
time; the exact solution of the differences is known, as cosines are their eigenvectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from helpers import check, interleaved, parse
from scipy.sparse.linalg import splu

import gridgrad as gg

CONDUCTIVITY, END = 0.1, 1.0
WAVES = (1, 2)


def cosine(points: int) -> np.ndarray:
    """Half waves between the walls, at the middles of cells."""
    x, y = [(np.arange(points) + 0.5) / points] * 2
    return np.cos(np.pi * WAVES[0] * x)[:, None] * np.cos(np.pi * WAVES[1] * y)


def decay(points: int) -> float:
    """How fast the differences let it decay."""
    return sum(CONDUCTIVITY * (2 * points * np.sin(np.pi * wave / (2 * points))) ** 2 for wave in WAVES)


def simulate(points: int, steps: int) -> np.ndarray:
    """Crank-Nicolson: half a step forwards, half a step back solved for."""
    grid = gg.Grid((points, 1 / points), (points, 1 / points), boundary="symmetric")
    change = 0.5 * END / steps * CONDUCTIVITY * grid.laplacian
    forwards, solve = grid.identity + change, (grid.identity - change).solver()
    u = 1 + cosine(points)
    for _ in range(steps):
        solve(forwards(u), out=u)
    return u


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """The order in time, heat kept, and the time beside SuperLU."""
    arguments = parse("Heat by implicit steps", argv, 256, "points per side")
    n = arguments.size
    exact = 1 + np.exp(-decay(n) * END) * cosine(n)
    counts = (8, 16, 32)
    found = [simulate(n, steps) for steps in counts]
    errors = [float(np.abs(u - exact).max()) for u in found]
    order = -float(np.polyfit(np.log(counts), np.log(errors), 1)[0])
    check("distance of the order in time from 2", abs(order - 2), 0.1)
    lost = max(abs(float(u.mean()) - 1) for u in found)
    check("heat lost, relative", lost, 1e-13)
    grid = gg.Grid((n, 1 / n), (n, 1 / n), boundary="symmetric")
    A = grid.identity - 1e-3 * grid.laplacian
    solve, factors, b = A.solver(), splu(A.to_sparse("csc")), exact.copy()
    check(
        "distance from SuperLU's solution",
        float(np.abs(solve(b).ravel() - factors.solve(b.ravel())).max()),
        1e-12,
    )
    seconds = interleaved(lambda: solve(b), lambda: factors.solve(b.ravel()))
    print(f"  time   {seconds[0] * 1e3:.1f} ms a step, by SuperLU's factors {seconds[1] * 1e3:.1f} ms")
    return {"errors": errors, "order": order, "lost": lost}


if __name__ == "__main__":
    main()
