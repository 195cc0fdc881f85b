"""The Brusselator in a closed box: two chemicals, no flux through the walls, beside the same run by `numpy.pad`.

    du/dt = D_u lap u + a - (b + 1) u + u^2 v,    dv/dt = D_v lap v + b u - u^2 v

(Prigogine and Lefever, J. Chem. Phys. 48 (1968) 1695). SciPy's `solve_ivp` takes the steps; `grid.laplacian` is applied to
both chemicals in one call: the axis in front of the grid's is a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from figures import colour_bar, field, page, save
from helpers import check, parse
from scipy.integrate import solve_ivp

import gridgrad as gg

A, B = 1.0, 3.0  # oscillates, as b > 1 + a^2
SPREAD = np.array([1.0, 0.1])[:, None, None]


def run(
    size: int, laplacian: Callable[[np.ndarray], np.ndarray], start: np.ndarray, end: float
) -> np.ndarray:
    """Both chemicals at the end."""

    def rate(t: float, flat: np.ndarray) -> np.ndarray:
        u, v = state = flat.reshape(2, size, size)
        burnt = u * u * v
        reaction = np.stack([A - (B + 1) * u + burnt, B * u - burnt])
        return (SPREAD * laplacian(state) + reaction).ravel()

    return solve_ivp(rate, (0, end), start.ravel(), rtol=1e-6, atol=1e-8).y[:, -1].reshape(2, size, size)


def padded(state: np.ndarray) -> np.ndarray:
    """The laplacian by slices of padded arrays, steps of 1."""
    p = np.pad(state, ((0, 0), (1, 1), (1, 1)), mode="symmetric")
    return p[:, 2:, 1:-1] + p[:, :-2, 1:-1] + p[:, 1:-1, 2:] + p[:, 1:-1, :-2] - 4 * state


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Both runs, the balance of matter, and a figure."""
    arguments = parse("Brusselator in a closed box", argv, 64, "points per side")
    size = arguments.size
    grid = gg.Grid((size, 1.0), (size, 1.0), boundary="symmetric")
    start = np.stack(
        [np.full(grid.shape, A), B / A + 0.1 * np.random.default_rng(0).standard_normal(grid.shape)]
    )
    ours, other = (run(size, laplacian, start, 20.0) for laplacian in (grid.laplacian, padded))
    check("both chemicals at the end, beside numpy.pad's", float(np.abs(ours - other).max()), 1e-9)
    moved = float(np.abs(grid.laplacian(ours).mean(axis=(1, 2))).max())
    check("mean of what spreads", moved, 1e-14)
    figure, axes = page(
        "Brusselator in a closed box", f"a = {A:g}, b = {B:g}, t = 20; {size} x {size} points", 2
    )
    x = np.arange(float(size))
    for ax, values, name in zip(axes[0], ours, "uv", strict=True):
        colour_bar(ax, field(ax, x, x, values, f"chemical {name}", "viridis"), name)
    return {"ours": ours, "other": other, "figure": save(figure, arguments.out, "brusselator")}


if __name__ == "__main__":
    main()
