"""One explicit Euler step of the Gray-Scott equations on a periodic square, written in two ways.

du/dt = spread_u lap u - u v^2 + feed (1 - u),   dv/dt = spread_v lap v + u v^2 - (feed + kill) v
"""

from __future__ import annotations

import numpy as np
from cases import aligned

import gridgrad as gg


def start(sides: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Values of u near 1 and of v near 0 but in a square in the middle."""
    u, v = aligned(sides, "float64"), aligned(sides, "float64")
    rng = np.random.default_rng(3)
    u[...], v[...] = 1 - 0.05 * rng.random(sides), 0.05 * rng.random(sides)
    middle = tuple(slice(3 * n // 8, 5 * n // 8) for n in sides)
    u[middle], v[middle] = 0.5, 0.25
    return u, v


class InPlace:
    """With gridgrad: every array is made once."""

    def __init__(
        self, sides: tuple[int, ...], spread_u: float, spread_v: float, feed: float, kill: float
    ) -> None:
        grid = gg.Grid(*[(n, 1.0) for n in sides], boundary="periodic")
        self.spread_u, self.spread_v = spread_u * grid.laplacian, spread_v * grid.laplacian
        self.feed, self.kill = feed, kill
        self.u, self.v = start(sides)
        self.change, self.burnt = (aligned(sides, "float64") for _ in range(2))

    def step(self) -> None:
        """Advance both fields in place."""
        u, v, change, burnt = self.u, self.v, self.change, self.burnt
        np.multiply(u, v, out=burnt)
        burnt *= v
        self.spread_u(u, out=change)
        change -= burnt
        change += self.feed
        u *= 1 - self.feed
        u += change
        self.spread_v(v, out=change)
        change += burnt
        v *= 1 - self.feed - self.kill
        v += change


def rolled_step(
    u: np.ndarray, v: np.ndarray, spread_u: float, spread_v: float, feed: float, kill: float
) -> None:
    """With np.roll, as it is usually written."""
    burnt = u * v * v
    du = spread_u * rolled_laplacian(u) - burnt + feed * (1 - u)
    dv = spread_v * rolled_laplacian(v) + burnt - (feed + kill) * v
    u += du
    v += dv


def rolled_laplacian(f: np.ndarray) -> np.ndarray:
    return np.roll(f, 1, 0) + np.roll(f, -1, 0) + np.roll(f, 1, 1) + np.roll(f, -1, 1) - 4 * f
