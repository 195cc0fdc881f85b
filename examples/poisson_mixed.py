"""Poisson's equation with a different condition on each side, on a stretched grid, against an exact solution.

lap u = b on the unit square for u = exp(x) sin(2 y): a value at the left, a mixture (cooling) at the right, a slope
at the bottom and a value at the top, all varying along the walls.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from helpers import check, parse

import gridgrad as gg


def exact(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The solution on the grid."""
    return np.exp(x)[:, None] * np.sin(2 * y)


def solve(points: int) -> tuple[gg.Grid, np.ndarray, np.ndarray]:
    """The grid, the solution of the differences and its right-hand side."""
    x = np.linspace(0, 1, points) ** 1.3
    y = np.linspace(0, 1, points)
    grid = gg.Grid(x, (points, 1 / (points - 1)), boundary=[
        (gg.value(np.sin(2 * y)), gg.robin(1.0, 2.0, 3 * np.e * np.sin(2 * y))),
        (gg.slope(-2 * np.exp(x)), gg.value(np.exp(x) * np.sin(2.0))),
    ])  # fmt: skip
    b = -3 * exact(x, y)
    return grid, grid.laplacian.solve(b), b


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """The order over three refinements, and what is left of the equation."""
    arguments = parse(
        "Poisson's equation with mixed conditions", argv, 129, "points per side of the finest grid"
    )
    sizes = [(arguments.size - 1) // part + 1 for part in (4, 2, 1)]
    errors = []
    for points in sizes:
        grid, u, b = solve(points)
        errors.append(float(np.abs(u - exact(*grid.coordinates)).max()))
        print(f"{points:4d}^2 points   error {errors[-1]:.2e}")
    left = float(np.abs(grid.laplacian(u) - b)[1:, :-1].max() * grid.steps[0].min() ** 2)
    order = -float(np.polyfit(np.log(np.array(sizes) - 1), np.log(errors), 1)[0])
    check("distance of the observed order from 2", abs(order - 2), 0.2)
    check("residual, in units of the largest weight", left, 1e-12)
    return {"errors": errors, "order": order}


if __name__ == "__main__":
    main()
