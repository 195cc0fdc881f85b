"""Kuramoto-Sivashinsky in a box without flux through its walls: chaos of cells, beside the same steps by `numpy.pad`.

    du/dt = -lap u - lap lap u - |grad u|^2 / 2

(Sivashinsky, Acta Astronautica 4 (1977) 1177), cell averages on the square, whose walls are half a step outside of the
first and the last point: `numpy.pad(u, 1, mode="symmetric")` continues them as `boundary="symmetric"` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from figures import colour_bar, field, page, save
from helpers import EPS, check, parse, progress, rk4

import gridgrad as gg

STEP, TIME_STEP = 1.0, 0.02  # stable below 2.78 / (64 - 8): the largest |eigenvalue| of lap lap + lap


class Flow:
    """The right-hand side on a grid with walls."""

    def __init__(self, size: int) -> None:
        self.grid = gg.Grid((size, STEP), (size, STEP), boundary="symmetric")
        self.inner, self.outer = self.grid.identity + self.grid.laplacian, 2 * self.grid.laplacian

    def rate(self, u: np.ndarray) -> np.ndarray:
        """du/dt."""
        rate = self.outer(self.inner(u))
        self.grid.gradient_squared(u, out=rate, add=True)
        rate *= -0.5
        return rate


def padded_rate(u: np.ndarray) -> np.ndarray:
    """The same by slices of padded arrays."""
    p = np.pad(u, 1, mode="symmetric")
    u_x, u_y = (p[2:, 1:-1] - p[:-2, 1:-1]) / (2 * STEP), (p[1:-1, 2:] - p[1:-1, :-2]) / (2 * STEP)
    return -padded_laplacian(u + padded_laplacian(u)) - 0.5 * (u_x**2 + u_y**2)


def padded_laplacian(u: np.ndarray) -> np.ndarray:
    """Five points."""
    p = np.pad(u, 1, mode="symmetric")
    around = p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2]
    return (around - 4 * u) / STEP**2


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Step both for a while, then ours alone; check and draw."""
    arguments = parse("Kuramoto-Sivashinsky between walls", argv, 96, "points per side")
    flow = Flow(arguments.size)
    u = np.random.default_rng(3).uniform(-0.5, 0.5, flow.grid.shape)
    other, apart = u, 0.0
    for _ in range(100):
        terms = 64 / STEP**4 * np.abs(u).max()  # the sum of the sizes of what lap lap adds
        apart = max(apart, float(np.abs(flow.rate(u) - padded_rate(u)).max() / terms))
        u, other = rk4(flow.rate, u, TIME_STEP), rk4(padded_rate, other, TIME_STEP)
    check("right-hand side beside numpy.pad's, of the sizes of its terms", apart, 2 * EPS)
    check("100 steps beside numpy.pad's", float(np.abs(u - other).max()), 1e-12)
    steps = 40 * arguments.size
    for _ in progress(steps, f"{arguments.size}^2 points, steps"):
        u = rk4(flow.rate, u, TIME_STEP)
    # Nothing flows through the walls: the mean sinks by the squares of the slopes alone.
    squares = flow.grid.gradient_squared(u)
    lost = float(np.mean(flow.rate(u)) + 0.5 * np.mean(squares))
    check("mean made by the linear part", abs(lost), 1e-13)
    figure, axes = page("Kuramoto-Sivashinsky between walls",
                        f"t = {(steps + 100) * TIME_STEP:.0f}; {arguments.size} x {arguments.size} points", 2)  # fmt: skip
    x = STEP * np.arange(arguments.size)
    height, slope = axes[0]
    colour_bar(height, field(height, x, x, u - u.mean(), "u less its mean", "RdBu_r"), "u")
    colour_bar(slope, field(slope, x, x, np.sqrt(squares), "length of its gradient", "magma"), "|grad u|")
    return {
        "u": u,
        "apart": apart,
        "lost": lost,
        "figure": save(figure, arguments.out, "kuramoto_sivashinsky"),
    }


if __name__ == "__main__":
    main()
