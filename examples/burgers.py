"""Burgers' equation until its shock: rows of 3, 5 and 7 points against the exact solution by characteristics.

    du/dt + d/dx (u^2/2) = 0,   u = sin x at t = 0,   periodic.

Each value travels straight with its own speed, u = sin s on x = s + t sin s, until at t = 1 the lines meet at x = pi and
the slope there is infinite. Of the same number of points, wider rows are far better while u is smooth, and a grid
that is crowded where the shock will be is better at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import COLOURS, label, order_line, page, plain, save
from helpers import EPS, check, observed_order, parse
from scipy.integrate import solve_ivp

import gridgrad as gg

TIMES = np.linspace(0, 1, 51)
ACCURACIES = (2, 4, 6)


def exact(x: np.ndarray, t: float) -> np.ndarray:
    """Newton's method for s + t sin s = x. From x/(1 + t), below the root, it rises to it: on (0, pi) the left side is concave."""
    near = np.minimum(x, 2 * np.pi - x)  # u is odd about pi
    s = near / (1 + t)
    for _ in range(100):
        step = (near - s - t * np.sin(s)) / np.maximum(1 + t * np.cos(s), 1e-12)
        s = np.minimum(s + step, np.pi)
        if np.abs(step).max() < 1e-15:
            break
    return np.where(x > np.pi, -np.sin(s), np.sin(s))


def solve(grid: gg.Grid, accuracy: int) -> np.ndarray:
    """The values at TIMES, by the flux form and SciPy's method of order 8."""
    (x,), derivative = grid.coordinates, grid.derivative(0, accuracy=accuracy)
    flux, change = np.empty_like(x), np.empty_like(x)

    def rate(t: float, u: np.ndarray) -> np.ndarray:
        np.multiply(u, u, out=flux)
        return -0.5 * derivative(flux, out=change)

    return solve_ivp(rate, (0, 1), np.sin(x), method="DOP853", t_eval=TIMES, rtol=1e-10, atol=1e-12).y.T


def grids(points: int) -> dict[str, gg.Grid]:
    """Even points, and as many that are five times as close at the shock, x = pi."""
    s = 2 * np.pi / points * np.arange(points)
    crowded = s + 0.8 * np.sin(s)
    return {
        "even": gg.Grid((points, 2 * np.pi / points), boundary="periodic"),
        "crowded": gg.Grid(crowded, boundary="periodic", period=2 * np.pi),
    }


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Errors over time on one grid and over refinement at t = 1/2; a figure."""
    arguments = parse("Burgers' equation", argv, 256, "points of the finest grid")
    both = grids(arguments.size)
    runs = {f"accuracy {a}": ("even", a) for a in ACCURACIES} | {"accuracy 4, crowded": ("crowded", 4)}
    errors, found = {}, {}
    for name, (kind, accuracy) in runs.items():
        (x,) = both[kind].coordinates
        found[name] = solve(both[kind], accuracy)
        known = np.array([exact(x, t) for t in TIMES])
        errors[name] = np.abs(found[name] - known).max(axis=1)
        late = [errors[name][np.searchsorted(TIMES, t)] for t in (0.5, 0.8, 0.9, 0.98)]
        print(
            f"  {name:20} error at t = 0.5, 0.8, 0.9, 0.98: {', '.join(f'{e:.1e}' for e in late)}", flush=True
        )
    mass = max(float(np.abs(u.mean(axis=1)).max()) for name, u in found.items() if "crowded" not in name)
    # Of each rate the sum is rounding; 1/2 eps of |u| <= 1 for each addition to u, some thousand of them.
    check("mean of u on even points, which is 0", mass, 1000 * EPS)

    sizes, orders, half = [arguments.size // part for part in (4, 2, 1)], {}, {}
    for accuracy in ACCURACIES:
        half[accuracy] = []
        for points in sizes:
            grid = grids(points)["even"]
            u = solve(grid, accuracy)[len(TIMES) // 2]
            half[accuracy].append(float(np.abs(u - exact(grid.coordinates[0], 0.5)).max()))
        orders[accuracy] = observed_order(sizes, half[accuracy])
        away = abs(orders[accuracy] / accuracy - 1)
        check(f"accuracy {accuracy}: relative distance of the observed order", away, 0.15)
    path = draw(both, found, errors, sizes, half, arguments.out)
    return {"errors": errors, "orders": orders, "mass": mass, "figure": path}


def draw(both: dict[str, gg.Grid], found: dict[str, Any], errors: dict[str, Any], sizes: list[int],
         half: dict[int, list[float]], folder: Path) -> Path:  # fmt: skip
    """The steepening wave, its characteristics, the errors over time and over refinement."""
    figure, axes = page("A wave steepens into a shock", "Burgers' equation, u = sin x at t = 0", 4)
    wave, lines, history, error = axes[0]
    (x,), (crowded,) = both["even"].coordinates, both["crowded"].coordinates
    for k, colour in zip((0, 20, 35, 49), COLOURS[::-1], strict=True):
        wave.plot(x, exact(x, TIMES[k]), color=colour, linewidth=1)
        u = found["accuracy 4, crowded"][k]
        wave.plot(crowded[::4], u[::4], ".", color=colour, markersize=4, label=f"t = {TIMES[k]:.2f}")
    plain(wave, "u, crowded points; lines: exact", "x", "u", "lower left")
    for s in np.linspace(0, 2 * np.pi, 61):
        lines.plot([s, s + np.sin(s)], [0, 1], color="#7f8aa3", linewidth=0.7)
    lines.plot([np.pi], [1], "o", color=COLOURS[1])
    lines.set(xlim=(0, 2 * np.pi), ylim=(0, 1.02))
    lines.set_box_aspect(1)
    label(lines, "characteristics", "x", "t")
    for (name, values), colour in zip(errors.items(), COLOURS, strict=True):
        history.semilogy(TIMES[1:-1], values[1:-1], color=colour, label=name)
    plain(history, f"largest error, {len(x)} points", "t", "error")
    for (accuracy, values), colour in zip(half.items(), COLOURS, strict=False):
        error.loglog(sizes, values, "o-", color=colour, label=f"accuracy {accuracy}")
        order_line(error, sizes, values[0], accuracy, named=False)
    plain(error, "t = 0.5; dotted: orders 2, 4, 6", "points", "error", "lower left")
    return save(figure, folder, "burgers")


if __name__ == "__main__":
    main()
