"""A drop of dye carried once around by a turning fluid while it spreads: advection and diffusion as one operator.

    dc/dt = k lap c - v . grad c,   v = Omega (-y, x).

`k * grid.laplacian - grid.advect(v)` is one object, applied in one sweep over memory. The drop stays a Gaussian whose
centre turns and whose variance grows by 2 k t.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import COLOURS, field, order_line, page, plain, save
from helpers import BACKENDS, Backend, check, observed_order, parse, progress, rk4

import gridgrad as gg

OMEGA, DIFFUSIVITY = 2 * np.pi, 2e-3  # one turn takes 1
CENTRE, VARIANCE = 0.4, 0.1**2


def drop(grid: gg.Grid, t: float) -> np.ndarray:
    """The exact solution: of height 1 at the start."""
    x, y = np.meshgrid(*grid.coordinates, indexing="ij")
    variance = VARIANCE + 2 * DIFFUSIVITY * t
    away = (x - CENTRE * np.cos(OMEGA * t)) ** 2 + (y - CENTRE * np.sin(OMEGA * t)) ** 2
    return VARIANCE / variance * np.exp(-away / (2 * variance))


def simulate(size: int, backend: Backend) -> tuple[gg.Grid, list[np.ndarray]]:
    """One turn on a square from -1 to 1; the grid and the dye after each sixth of it."""
    side = np.linspace(-1, 1, size)
    grid = gg.Grid(side, side, boundary="reflect")  # no flux through the rim, where there is no dye
    x, y = np.meshgrid(side, side, indexing="ij")
    velocity = [backend.array(-OMEGA * y), backend.array(OMEGA * x)]
    rate = DIFFUSIVITY * grid.laplacian - grid.advect(velocity)
    steps = 6 * int(np.ceil(size / 2 * OMEGA / 6))  # the corners move by about one step of the grid
    advance = backend.compiled(lambda c: rk4(rate, c, 1 / steps))
    c = backend.array(drop(grid, 0))
    shown = [Backend.host(c)]
    for k in progress(steps, f"{size}^2 points, steps"):
        c = advance(c)
        if (k + 1) % (steps // 6) == 0:
            shown.append(Backend.host(c))
    return grid, shown


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Three refinements against the exact solution; the amount of dye; a figure."""
    arguments = parse(
        "A passive scalar", argv, 257, "points per side of the finest grid, 129 or more", BACKENDS
    )
    backend, errors = Backend(arguments.backend), []
    sizes = [(arguments.size - 1) // part + 1 for part in (4, 2, 1)]
    for size in sizes:
        grid, shown = simulate(size, backend)
        wrong = shown[-1] - drop(grid, 1)
        errors.append(float(np.abs(wrong).max()))
        print(f"  {size:4d}^2: largest error {errors[-1]:.1e} of {drop(grid, 1).max():.3f}", flush=True)
    cells = np.outer(*grid.quadrature)
    amounts = np.array([np.sum(cells * c) for c in shown])
    drift = float(np.abs(amounts / amounts[0] - 1).max())
    # Sums of central differences leave their ends: the dye at the rim, of which there is exp(-(1 - 0.4)^2/(2 0.014)).
    check("drift of the amount of dye", drift, float(np.exp(-0.36 / 0.028)))
    order = observed_order([n - 1 for n in sizes[1:]], errors[1:])
    check("distance of the observed order from 2", abs(order - 2), 0.3)
    path = draw(grid, shown, wrong, sizes, errors, arguments.out)
    return {"errors": errors, "order": order, "drift": drift, "figure": path}


def draw(grid: gg.Grid, shown: list[np.ndarray], wrong: np.ndarray, sizes: list[int], errors: list[float],
         folder: Path) -> Path:  # fmt: skip
    """The drop on its way, its cut after one turn, the error and how it shrinks."""
    figure, axes = page("A drop of dye turns and spreads",
                        f"diffusivity {DIFFUSIVITY:g}, one turn takes 1, the square is 2 wide; {sizes[-1]} x {sizes[-1]} points", 4)  # fmt: skip
    x, y = grid.coordinates
    field(axes[0, 0], x, y, np.max(shown[:-1], axis=0), "each sixth of a turn", "magma", vmin=0, vmax=0.8)
    axes[0, 0].plot(
        CENTRE * np.cos(np.linspace(0, 7, 200)),
        CENTRE * np.sin(np.linspace(0, 7, 200)),
        ":",
        color="white",
        linewidth=0.8,
    )
    axes[0, 0].set(xlabel="x", ylabel="y")
    cut = len(y) // 2
    for c, known, colour, name in (
        (shown[0], drop(grid, 0), COLOURS[3], "at the start"),
        (shown[-1], drop(grid, 1), COLOURS[0], "after one turn"),
    ):
        axes[0, 1].plot(x, known[:, cut], color=colour, linewidth=1)
        axes[0, 1].plot(x[::2], c[::2, cut], ".", color=colour, label=name)
    axes[0, 1].set(xlim=(0, 0.9))
    plain(axes[0, 1], "dye on y = 0; lines: exact", "x", "c")
    most = float(np.abs(wrong).max())
    field(axes[0, 2], x, y, wrong, "error after one turn", "RdBu_r", "", vmin=-most, vmax=most)
    axes[0, 2].set(xlim=(-0.05, 0.85), ylim=(-0.45, 0.45), xlabel="x", ylabel="y")
    axes[0, 3].loglog(sizes, errors, "o-", color=COLOURS[1], label="largest error")
    order_line(axes[0, 3], sizes, errors[0], 2)
    plain(axes[0, 3], "error after one turn", "points per side", "error")
    return save(figure, folder, "passive_scalar")


if __name__ == "__main__":
    main()
