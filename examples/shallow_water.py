"""Shallow water in a rotating channel: a jet breaks up into eddies while mass and energy stay what they were.

dh/dt = -div(h u),   du/dt = -grad(g h + |u|^2/2) - (f + curl u) k x u   in the vector-invariant form.

The channel is periodic along x and has walls in y, where all but v continues evenly ("symmetric"). There is no scheme for the
walls: the divergence is minus the adjoint of the gradient in the inner product of the grid's quadrature H,
sum(H p div F) = -sum(H F . grad p) for every p and F. With p = 1 this is the conservation of mass, on any grid; with
p = g h + |u|^2/2 it is that of energy, so that only the time step changes it (Arakawa and Lamb 1981, in this spirit).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import COLOURS, colour_bar, field, page, plain, save
from helpers import BACKENDS, Backend, check, parse, progress, rk4

import gridgrad as gg

GRAVITY, CORIOLIS = 9.81, 1e-4  # m/s^2, 1/s
LENGTH, WIDTH, DEPTH = 4e6, 2e6, 1000.0  # m
SPEED, HALF_WIDTH = 40.0, 1.5e5  # of the jet, m/s and m
DAY = 86400.0


class Channel:
    """The grid, its operators and the conserved integrals, in the arrays of one library."""

    def __init__(self, size: int, backend: Backend) -> None:
        self.y = wall_crowded(size // 2 + 1)
        self.grid = gg.Grid((size, LENGTH / size), self.y, boundary=["periodic", "symmetric"])
        self.gradient, self.curl = self.grid.gradient, self.grid.curl
        self.divergence = -self.gradient.adjoint_operator("quadrature")
        self.stack, self.sum = backend.xp.stack, backend.xp.sum
        along_x, along_y = self.grid.quadrature
        self.cells = backend.array(np.outer(along_x, along_y))

    def rate(self, state: Any) -> Any:
        """The time derivative of the stacked fields h, u and v."""
        h, u, v = state
        push_x, push_y = self.gradient(GRAVITY * h + (u * u + v * v) / 2)
        spin = CORIOLIS + self.curl((u, v))
        return self.stack([-self.divergence((h * u, h * v)), spin * v - push_x, -spin * u - push_y])

    def integrals(self, state: Any) -> tuple[float, float]:
        """Mass (per density) and energy."""
        h, u, v = state
        energy = h * (u * u + v * v) / 2 + GRAVITY * h * h / 2
        return float(self.sum(self.cells * h)), float(self.sum(self.cells * energy))


def wall_crowded(points: int) -> np.ndarray:
    """Coordinates across the channel, closer in the jet."""
    s = np.linspace(-1, 1, points)
    return WIDTH / 2 * (0.65 * s + 0.35 * s**3)


def jet(grid: gg.Grid) -> np.ndarray:
    """An eastward jet in geostrophic balance, with a small hill on it: the fields h, u and v."""
    x, y = np.meshgrid(*grid.coordinates, indexing="ij")
    u = SPEED / np.cosh(y / HALF_WIDTH) ** 2
    h = DEPTH - CORIOLIS / GRAVITY * SPEED * HALF_WIDTH * np.tanh(y / HALF_WIDTH)
    h += 4 * np.exp(-(((x - LENGTH / 2) / 3e5) ** 2) - (y / 1e5) ** 2)
    return np.stack([h, u, np.zeros_like(u)])


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Some days of weather; check mass and energy; draw."""
    arguments = parse("Shallow water in a channel", argv, 192, "points along the channel", BACKENDS)
    backend = Backend(arguments.backend)
    channel = Channel(arguments.size, backend)
    step = 0.9 * np.diff(channel.y).min() / (np.sqrt(GRAVITY * DEPTH) + SPEED)
    print(channel.grid)
    state = backend.array(jet(channel.grid))
    start, days, steps = channel.integrals(state), 6, int(np.ceil(6 * DAY / step))
    drifts, shown = [], []
    for k in progress(steps + 1, f"{days} days in steps of {step:.0f} s"):
        if k % (steps // 3) == 0:
            shown.append((k * step / DAY, Backend.host(state), Backend.host(channel.curl((state[1], state[2])))))
        if k % (steps // 60) == 0:
            now = channel.integrals(state)
            drifts.append((k * step / DAY, *(abs(a / b - 1) for a, b in zip(now, start, strict=True))))
        state = rk4(channel.rate, state, step)
    time, mass, energy = np.array(drifts).T
    print(mass, energy)
    print([abs(s[2]).max() for s in shown])


if __name__ == "__main__":
    main()
