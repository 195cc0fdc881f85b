"""Light in a box of mirrors: Maxwell's equations on Yee's grid, against exact modes, with the energy kept.

dE/dt = dHy/dx - dHx/dy, dHy/dt = dE/dx, dHx/dt = -dE/dy, with E at points, 0 on the walls, and each component of H at the
faces between them, half a step of time apart (Yee 1966). Modes of the box are modes of the differences: their frequency
W follows from sin(W dt / 2) = dt / 2 sqrt(sum (2 / h sin(k h / 2))^2).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from helpers import check, parse

import gridgrad as gg

WAVES = (2, 3)  # half waves between the walls
END = 1.0


class Run(NamedTuple):
    """One refinement."""

    error: float  # distance from the exact mode at the end
    apart: float  # from the mode of the differences
    drift: float  # of the energy, relative


def frequency(h: float, dt: float) -> float:
    """That of the differences."""
    slow = np.sqrt(sum((2 / h * np.sin(np.pi * wave * h / 2)) ** 2 for wave in WAVES))
    return float(2 / dt * np.arcsin(dt / 2 * slow))


def simulate(points: int) -> Run:
    """Leapfrog from a mode at rest."""
    h = 1 / (points - 1)
    grid = gg.Grid((points, h), (points, h), boundary=gg.value(0.0))  # which holds E at the walls
    across_x, across_y = grid.faces()
    inside = grid.laplacian.unknowns.astype(float)
    by_hx, by_hy = inside * across_y.divergence, inside * across_x.divergence
    steps = int(np.ceil(2 * END / h))
    dt = END / steps
    x, y = grid.mesh()
    mode = np.sin(np.pi * WAVES[0] * x) * np.sin(np.pi * WAVES[1] * y)
    E, Hx, Hy = mode, -dt / 2 * across_y.derivative(mode), dt / 2 * across_x.derivative(mode)
    energies = []
    for _ in range(steps):
        Hx_before, Hy_before = Hx, Hy
        E = E + dt * (by_hy(Hy) - by_hx(Hx))
        Hx = Hx - dt * across_y.derivative(E)
        Hy = Hy + dt * across_x.derivative(E)
        energies.append((E**2).sum() + (Hx * Hx_before).sum() + (Hy * Hy_before).sum())
    exact, own = (mode * np.cos(w * END) for w in (np.pi * float(np.hypot(*WAVES)), frequency(h, dt)))
    return Run(float(abs(E - exact).max()), float(abs(E - own).max()), float(np.ptp(energies) / energies[0]))


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """The order over three refinements, the mode of the differences, and the energy."""
    arguments = parse("Maxwell's equations on Yee's grid", argv, 161, "points per side of the finest grid")
    sizes = [(arguments.size - 1) // part + 1 for part in (4, 2, 1)]
    runs = [simulate(points) for points in sizes]
    for points, run in zip(sizes, runs, strict=True):
        print(f"{points:4d}^2 points   error {run.error:.2e}")
    order = -float(np.polyfit(np.log(np.array(sizes) - 1), np.log([run.error for run in runs]), 1)[0])
    check("distance of the observed order from 2", abs(order - 2), 0.2)
    check("distance from the mode of the differences", max(run.apart for run in runs), 1e-11)
    check("drift of the energy, relative", max(run.drift for run in runs), 1e-12)
    return {"order": order, "apart": runs[-1].apart, "drift": runs[-1].drift}


if __name__ == "__main__":
    main()
