"""Heat waves in a thermal boundary layer: an explicit and an implicit method on a grid stretched to the wall.

    du/dt = k lap u   in x > 0, periodic in y,   u(0, y, t) = cos(q y - omega t),

the ground under a wave of warm and cold. The exact solution exp(-l x + i(q y - omega t)), l^2 = q^2 - i omega/k, lives in
a layer of a few skin depths (2 k/omega)^(1/2), where the grid has its points. SciPy's explicit RK45 must resolve the
time k/h^2 of the smallest step h; Crank-Nicolson, with the operator as a sparse matrix factored once, only the wave.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import COLOURS, field, order_line, page, plain, save
from helpers import check, observed_order, parse
from scipy import sparse
from scipy.integrate import solve_ivp
from scipy.sparse.linalg import splu

import gridgrad as gg

DIFFUSIVITY, OMEGA = 1.0, 2.0  # one skin depth is 1
DEPTH, WIDTH = 8.0, 6.0
PERIOD = 2 * np.pi / OMEGA


def ground(points: int) -> gg.Grid:
    """The grid: steps grow exponentially with depth, and are even along the wall."""
    s = np.linspace(0, 1, points)
    return gg.Grid(DEPTH * np.expm1(3 * s) / np.expm1(3), (points // 2, WIDTH / (points // 2)),
                   boundary=["one-sided", "periodic"])  # fmt: skip


def exact(x: Any, y: Any, t: float) -> np.ndarray:
    """The wave that moves along the wall and decays with depth, at all of the depths x and the places y."""
    q = 2 * np.pi / WIDTH
    decay = np.sqrt(q**2 - 1j * OMEGA / DIFFUSIVITY)
    return np.outer(np.exp(-decay * x), np.exp(1j * (q * np.asarray(y) - OMEGA * t))).real


def explicit(grid: gg.Grid) -> tuple[np.ndarray, int]:
    """One period with RK45; the final field inside and the number of right-hand sides."""
    x, y = grid.coordinates
    spread, u, change = DIFFUSIVITY * grid.laplacian, np.empty(grid.shape), np.empty(grid.shape)

    def rate(t: float, inside: np.ndarray) -> np.ndarray:
        u[1:-1] = inside.reshape(-1, y.size)
        u[[0, -1]] = exact(x[[0, -1]], y, t)  # given at the wall and far below
        return spread(u, out=change)[1:-1].ravel()

    start = exact(x[1:-1], y, 0).ravel()
    result = solve_ivp(rate, (0, PERIOD), start, t_eval=[PERIOD], rtol=1e-5, atol=1e-7)
    return result.y[:, -1].reshape(-1, y.size), result.nfev


def implicit(grid: gg.Grid, steps: int) -> np.ndarray:
    """The same with Crank-Nicolson: (1 - dt/2 A) u_new = (1 + dt/2 A) u + dt/2 B (g + g_new)."""
    points, half = np.arange(grid.shape[0] * grid.shape[1]).reshape(grid.shape), PERIOD / steps / 2
    inside, rim = points[1:-1].ravel(), points[[0, -1]].ravel()
    matrix = (half * DIFFUSIVITY * grid.laplacian).to_sparse()[inside]
    own, given = matrix[:, inside], matrix[:, rim]
    one = sparse.eye_array(inside.size)
    factors = splu((one - own).tocsc())
    (x, y), far = grid.coordinates, grid.coordinates[0][[0, -1]]
    u = exact(x[1:-1], y, 0).ravel()
    for t in 2 * half * np.arange(steps):
        g = exact(far, y, t) + exact(far, y, t + 2 * half)
        u = factors.solve(u + own @ u + given @ g.ravel())
    return u.reshape(-1, y.size)


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Three refinements with both methods; the order of the errors; a figure."""
    arguments = parse("Heat waves near a wall", argv, 48, "points in depth of the finest grid")
    sizes = [arguments.size // part for part in (4, 2, 1)]
    errors: dict[str, list[float]] = {"explicit": [], "implicit": []}
    print("points     smallest step   explicit: error   evaluations   time   implicit: error   solves   time")
    for points in sizes:
        grid = ground(points)
        x, y = grid.coordinates
        known = exact(x[1:-1], y, PERIOD)
        start = time.perf_counter()
        first, count = explicit(grid)
        middle = time.perf_counter()
        second = implicit(grid, points)
        end = time.perf_counter()
        for name, found in (("explicit", first), ("implicit", second)):
            errors[name].append(float(np.abs(found - known).max()))
        print(f"{points:3d} x {points // 2:<3d}{np.min(grid.steps[0]):16.4f}{errors['explicit'][-1]:18.1e}{count:14d}"
              f"{middle - start:6.2f}s{errors['implicit'][-1]:18.1e}{points:9d}{end - middle:6.2f}s", flush=True)  # fmt: skip
    orders = {name: observed_order(sizes, values) for name, values in errors.items()}
    for name, order in orders.items():
        check(f"distance of the observed order from 2, {name}", abs(order - 2), 0.3)
    return {"errors": errors, "orders": orders, "figure": draw(grid, second, sizes, errors, arguments.out)}


def draw(
    grid: gg.Grid, u: np.ndarray, sizes: list[int], errors: dict[str, list[float]], folder: Path
) -> Path:
    """The wave under the wall, its profile on the grid points, and both errors."""
    figure, axes = page("A heat wave and its boundary layer",
                        "temperature after one period, in units of that of the wall; lengths in skin depths", 3, size=3.9)  # fmt: skip
    x, y = grid.coordinates
    y = np.append(y, WIDTH)
    whole = exact(x, y, PERIOD)
    whole[1:-1] = u[:, np.arange(y.size) % u.shape[1]]
    field(axes[0, 0], y, x, whole.T, "Crank-Nicolson", "RdBu_r", "temperature", vmin=-1, vmax=1)
    axes[0, 0].set(xlabel="along the wall", ylabel="depth", ylim=(5, 0))
    fine = np.linspace(0, DEPTH, 500)
    for k, colour in zip((0, y.size // 8, y.size // 4), COLOURS, strict=False):
        axes[0, 1].plot(exact(fine, y[k], PERIOD), fine, color=colour, linewidth=1)
        axes[0, 1].plot(whole[:, k], x, ".", color=colour, label=f"y = {y[k]:.3g}")
    axes[0, 1].set(ylim=(5, 0))
    plain(axes[0, 1], "profiles; lines: exact", "temperature", "depth", "lower right")
    for (name, values), mark, colour in zip(errors.items(), "os", COLOURS[1:], strict=False):
        axes[0, 2].loglog(sizes, values, mark + "-", color=colour, fillstyle="none", label=name)
    order_line(axes[0, 2], sizes, errors["explicit"][0], 2)
    plain(axes[0, 2], "largest error", "points in depth", "error")
    return save(figure, folder, "heat_boundary_layer")


if __name__ == "__main__":
    main()
