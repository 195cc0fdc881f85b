"""A quantum packet meets a barrier: Crank-Nicolson on a grid that is finer at the barrier keeps its norm.

    i d psi/dt = H psi,   H = -1/2 d^2/dx^2 + V,   V = V0/cosh^2(x/a)   (hbar = m = 1)

The conservative laplacian is symmetric in the inner product of the grid's quadrature, on any grid; then one step,
(1 + i dt/2 H) psi_new = (1 - i dt/2 H) psi, is unitary in it. Without the barrier the packet is compared with the exact
one; with it, what passes with the transmission of Eckart's barrier (Landau and Lifshitz, Quantum Mechanics, sec. 25).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import COLOURS, label, order_line, page, plain, save
from helpers import EPS, check, observed_order, parse, progress
from matplotlib.colors import hsv_to_rgb
from scipy import sparse
from scipy.integrate import quad
from scipy.sparse.linalg import splu

import gridgrad as gg

START, WIDTH, MOMENTUM = -22.0, 5.0, 1.0
BARRIER, RANGE = 0.55, 1.5  # V0 and a
DURATION, HALF = 45.0, 80.0


def line(points: int) -> gg.Grid:
    """Coordinates from -80 to 80, twice as close at the barrier as far away."""
    s = np.linspace(-1, 1, points)
    return gg.Grid(HALF * (0.75 * s + 0.25 * s**3))


def packet(x: np.ndarray, t: float) -> np.ndarray:
    """The free Gaussian packet: it moves with its momentum and spreads."""
    spread = 1 + 0.5j * t / WIDTH**2
    away = x - START - MOMENTUM * t
    wave = np.exp(1j * MOMENTUM * (x - START - MOMENTUM * t / 2) - away**2 / (4 * WIDTH**2 * spread))
    return wave / ((2 * np.pi * WIDTH**2) ** 0.25 * np.sqrt(spread))


def transmission() -> float:
    """Of the whole packet: the known one of each wave, weighted by its share of the momentum."""
    top = np.cosh(np.pi / 2 * np.sqrt(8 * BARRIER * RANGE**2 - 1)) ** 2

    def share(k: float) -> float:
        weight = np.sqrt(2 / np.pi) * WIDTH * np.exp(-2 * (WIDTH * (k - MOMENTUM)) ** 2)
        passed = np.sinh(np.pi * k * RANGE) ** 2
        return weight * passed / (passed + top)

    return quad(share, 0, 2 * MOMENTUM)[0]


def evolve(grid: gg.Grid, potential: np.ndarray, steps: int) -> tuple[np.ndarray, Callable[..., Any]]:
    """The packet at 301 times, and a function for its norm and energy."""
    (x,), (weight,) = grid.coordinates, grid.quadrature
    kinetic = -0.5 * grid.laplacian.with_(form="conservative")
    half = 0.5j * DURATION / steps * (kinetic.to_sparse() + sparse.diags_array(potential))
    one = sparse.eye_array(x.size)
    factors, forward = splu((one + half).tocsc()), (one - half).tocsr()

    def integrals(psi: np.ndarray) -> tuple[float, float]:
        energy = psi.conj() * (kinetic(psi) + potential * psi)
        return float(np.sum(weight * np.abs(psi) ** 2)), float(np.sum(weight * energy).real)

    psi = packet(x, 0)
    history = [psi]
    for k in progress(steps, f"{x.size} points, steps"):
        psi = factors.solve(forward @ psi)
        if (k + 1) * 300 // steps != k * 300 // steps:
            history.append(psi)
    return np.array(history), integrals


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """The free packet on three grids, the barrier on the finest; a figure."""
    arguments = parse("A packet and a barrier", argv, 2401, "points of the finest grid, odd")
    sizes, errors = [(arguments.size - 1) // part + 1 for part in (4, 2, 1)], []
    for points in sizes:
        grid = line(points)
        (x,), steps = grid.coordinates, (points - 1) // 2
        psi, _ = evolve(grid, np.zeros(points), steps)
        known = packet(x, DURATION)
        errors.append(float(np.abs(psi[-1] - known).max() / np.abs(known).max()))
        print(f"  free, {points} points: largest error {errors[-1]:.1e} of the packet's height", flush=True)

    psi, integrals = evolve(grid, BARRIER / np.cosh(x / RANGE) ** 2, steps)
    (norm, energy), (norm_end, energy_end) = integrals(psi[0]), integrals(psi[-1])
    passed = float(np.sum((grid.quadrature[0] * np.abs(psi[-1]) ** 2)[x > 0]))
    print(f"  norm {norm:.12f}, energy {energy:.12f}, at the end {norm_end:.12f}, {energy_end:.12f}")
    print(f"  transmitted {passed:.5f}, known {transmission():.5f}")
    # A solve is backward stable: it changes the norm by some eps, as a product does.
    check("drift of the norm", abs(norm_end / norm - 1), 10 * steps * EPS)
    check("drift of the energy, relative", abs(energy_end / energy - 1), 10 * steps * EPS)
    order = observed_order([n - 1 for n in sizes], errors)
    path = draw(x, psi, sizes, errors, passed, arguments.out)
    return {"errors": errors, "order": order, "passed": passed, "known": transmission(),
            "drift": abs(norm_end / norm - 1), "figure": path}  # fmt: skip


def draw(x: Any, psi: np.ndarray, sizes: list[int], errors: list[float], passed: float, folder: Path) -> Path:
    """Phase and density over space and time, the packet at the end, and the error of the free one."""
    figure, axes = page("A quantum packet at a barrier",
                        "hue: phase, brightness: density; units of ħ = m = 1; "
                        f"{passed:.2%} pass, known {transmission():.2%}", 3, size=3.9)  # fmt: skip
    space, end, error = axes[0]
    shown = np.linspace(-60, 60, 700)
    wave = np.array([np.interp(shown, x, row.real) + 1j * np.interp(shown, x, row.imag) for row in psi])
    density = np.abs(wave) / np.abs(wave).max()
    hue = np.angle(wave) / (2 * np.pi) % 1
    picture = hsv_to_rgb(np.stack([hue, 0.55 + 0 * hue, density**0.7], axis=-1))
    space.imshow(picture, origin="lower", extent=(-60, 60, 0, DURATION), aspect="auto")
    space.axvline(0, color="white", linewidth=0.8, linestyle=":")
    space.set_box_aspect(1)
    label(space, "the packet is split", "x", "t")
    for row, colour, name in ((psi[0], COLOURS[3], "t = 0"), (psi[-1], COLOURS[0], f"t = {DURATION:g}")):
        end.fill_between(x, np.abs(row) ** 2, color=colour, alpha=0.5, linewidth=0, label=name)
    end.plot(x, 0.06 * BARRIER / np.cosh(x / RANGE) ** 2, color="black", linewidth=1, label="barrier")
    end.set(xlim=(-60, 60), ylim=(0, None))
    plain(end, "density", "x", "|psi|²")
    error.loglog(sizes, errors, "o-", color=COLOURS[1], label="free packet")
    order_line(error, sizes, errors[0], 2)
    plain(error, "largest error, relative", "points", "error")
    return save(figure, folder, "schroedinger")


if __name__ == "__main__":
    main()
