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
    """With gridgrad: the linear part is one operator, and every array is made once."""

    def __init__(
        self, sides: tuple[int, ...], spread_u: float, spread_v: float, feed: float, kill: float
    ) -> None:
        grid = gg.Grid(*[(n, 1.0) for n in sides], boundary="periodic")
        self.keep_u = (1 - feed) * grid.identity + spread_u * grid.laplacian
        self.keep_v = (1 - feed - kill) * grid.identity + spread_v * grid.laplacian
        self.feed = feed
        self.u, self.v = start(sides)
        self.next_u, self.next_v, self.burnt = (aligned(sides, "float64") for _ in range(3))

    def step(self) -> None:
        """Advance both fields; old and new ones change places."""
        u, v, next_u, next_v, burnt = self.u, self.v, self.next_u, self.next_v, self.burnt
        np.multiply(u, v, out=burnt)
        burnt *= v
        self.keep_u(u, out=next_u)
        next_u -= burnt
        next_u += self.feed
        self.keep_v(v, out=next_v)
        next_v += burnt
        self.u, self.v, self.next_u, self.next_v = next_u, next_v, u, v


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
