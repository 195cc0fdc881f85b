"""The Taylor-Green vortex carried by a wind: incompressible flow by vorticity and streamfunction on a periodic square.

    dw/dt + u . grad w = nu lap w,   lap psi = -w,   u = wind + (d psi/dy, -d psi/dx)

has the solution w = 2 cos(x - U t) cos(y - V t) exp(-2 nu t). Poisson's equation is solved by FFT, dividing by the
symbol of the very laplacian that diffuses: its response to one point. The initial field is an eigenvector of the
differences too, so that even the discrete solution is known: speeds times sin(h)/h, decay times (sin(h/2)/(h/2))^2.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import COLOURS, field, order_line, page, plain, save
from helpers import BACKENDS, EPS, Backend, check, observed_order, parse, progress, rk4

import gridgrad as gg

WIND = (1.0, 0.5)
VISCOSITY, DURATION = 0.05, 4.0


class Flow:
    """The grid, its operators and the symbol, in the arrays of one library."""

    def __init__(self, size: int, backend: Backend) -> None:
        self.grid = gg.Grid((size, 2 * np.pi / size), (size, 2 * np.pi / size), boundary="periodic")
        self.fft = backend.xp.fft
        point = np.zeros(self.grid.shape)
        point[0, 0] = 1
        symbol = np.fft.rfft2(self.grid.laplacian(point)).real
        symbol[0, 0] = -np.inf  # the mean of psi is free: 0
        self.inverse = backend.array(-1 / symbol)

    def velocity(self, w: Any) -> tuple[Any, Any]:
        """The wind and what the vortices add to it."""
        psi = self.fft.irfft2(self.fft.rfft2(w) * self.inverse)
        psi_x, psi_y = self.grid.gradient(psi)
        return WIND[0] + psi_y, WIND[1] - psi_x

    def rate(self, w: Any) -> Any:
        """Diffusion and advection as one operator, in one sweep over memory."""
        return (VISCOSITY * self.grid.laplacian - self.grid.advect(self.velocity(w)))(w)


def vortices(grid: gg.Grid, t: float, speed: float = 1.0, decay: float = 1.0) -> np.ndarray:
    """The solution; of the differences, with their factors of speed and decay."""
    x, y = np.meshgrid(*grid.coordinates, indexing="ij")
    waves = np.cos(x - WIND[0] * speed * t) * np.cos(y - WIND[1] * speed * t)
    return 2 * waves * np.exp(-2 * VISCOSITY * decay * t)


def simulate(size: int, backend: Backend) -> tuple[Flow, np.ndarray, np.ndarray, float]:
    """The flow, the final vorticity, rows of time and enstrophy, and the step."""
    flow, steps = Flow(size, backend), 20 * int(np.ceil(DURATION * size / 40))
    step, w = DURATION / steps, backend.array(vortices(flow.grid, 0))
    advance = backend.compiled(lambda w: rk4(flow.rate, w, step))
    decay = []
    for k in progress(steps + 1, f"{size}^2 points, steps"):
        if k % (steps // 20) == 0:
            decay.append((k * step, float((w * w).mean())))
        if k < steps:
            w = advance(w)
    return flow, Backend.host(w), np.array(decay).T, step


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Three refinements against the exact solution, and against that of the differences; a figure."""
    arguments = parse("Taylor-Green vortex", argv, 128, "points per side of the finest grid", BACKENDS)
    backend, sizes, errors = Backend(arguments.backend), [arguments.size // part for part in (4, 2, 1)], []
    for size in sizes:
        flow, w, (time, enstrophy), step = simulate(size, backend)
        errors.append(float(np.abs(w - vortices(flow.grid, DURATION)).max()))
        rate = -float(np.polyfit(time, np.log(enstrophy), 1)[0]) / 2
        print(
            f"  {size:4d}^2: error {errors[-1]:.1e}, decay rate {rate:.8f}, exact {2 * VISCOSITY:g}",
            flush=True,
        )

    h = 2 * np.pi / size
    speed, decay = np.sin(h) / h, (np.sin(h / 2) / (h / 2)) ** 2
    apart = np.abs(w - vortices(flow.grid, DURATION, speed, decay)).max()
    # Runge-Kutta's error in a step is (|rate| step)^5/120 of an amplitude of 2; the waves turn with U + V.
    turn = (sum(WIND) + 2 * VISCOSITY) * step
    bound = DURATION / step * (2 * 2 * turn**5 / 120 + 100 * EPS)
    check("difference from the exact solution of the differences", float(apart), bound)
    check("decay rate, distance from the exact one", abs(rate - 2 * VISCOSITY), VISCOSITY * h**2 / 6)
    order = observed_order(sizes, errors)
    check("distance of the observed order from 2", abs(order - 2), 0.1)
    path = draw(flow, w, time, enstrophy, sizes, errors, arguments.out)
    return {"errors": errors, "rate": rate, "order": order, "apart": float(apart), "figure": path}


def draw(flow: Flow, w: np.ndarray, time: np.ndarray, enstrophy: np.ndarray, sizes: list[int], errors: list[float],
         folder: Path) -> Path:  # fmt: skip
    """Vorticity at the start and the end, its decay, and the error."""
    figure, axes = page("Taylor-Green vortices in a wind",
                        f"colour: vorticity; lines: streamlines without the wind {WIND}; viscosity {VISCOSITY:g}", 4)  # fmt: skip
    x, y = flow.grid.coordinates
    for ax, values, t in zip(axes[0], (vortices(flow.grid, 0), w), (0, DURATION), strict=False):
        field(ax, x, y, values, f"t = {t:g}", "RdBu_r", vmin=-2, vmax=2)
        ax.contour(x, y, values.T, np.linspace(-1.8, 1.8, 10), colors="black", linewidths=0.5, linestyles="-")
        ax.set(xlabel="x", ylabel="y")
    decay, error = axes[0, 2:]
    decay.plot(time, enstrophy, "o", color=COLOURS[1], fillstyle="none", label="gridgrad")
    decay.plot(time, np.exp(-4 * VISCOSITY * time), color="black", linewidth=1, label="exact")
    decay.set_ylim(0, None)
    plain(decay, "mean square of vorticity", "t", "", "lower left")
    error.loglog(sizes, errors, "o-", color=COLOURS[0], label="largest error")
    order_line(error, sizes, errors[0], 2)
    plain(error, f"vorticity at t = {DURATION:g}", "points per side", "error")
    return save(figure, folder, "taylor_green")


if __name__ == "__main__":
    main()
