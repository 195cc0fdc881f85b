"""Rows of benchmarks/operators.py on faces: the rate of shallow water on a C-grid, by operators and by slices.

The channel of examples/shallow_water_cgrid.py: all that is read and written once in each of some twenty passes.
"""

from __future__ import annotations

import numpy as np
from operator_rows import Contender, Goal, Makers, Row

import gridgrad as gg

GRAVITY, CORIOLIS, STEP = 9.81, 1e-4, 1e4

State = tuple[np.ndarray, np.ndarray, np.ndarray]  # h (n, m), u (n, m) and v (n, m - 1)


def start(sides: tuple[int, ...]) -> State:
    """Depths near 100 m, and slow water."""
    n, m = sides
    rng = np.random.default_rng(5)
    return 100 + rng.random((n, m)), rng.random((n, m)), rng.random((n, m - 1))


class ByFaces:
    """With gridgrad."""

    def __init__(self, sides: tuple[int, ...]) -> None:
        n, m = sides
        grid = gg.Grid((n, STEP), (m, STEP, STEP / 2), boundary=["periodic", "symmetric"])
        self.all = grid.faces()
        self.x, self.y = self.all
        self.of_u, self.of_v = self.x.grid.faces(1), self.y.grid.faces(0)
        self.depth_at_corners = self.of_u.mean @ self.x.mean
        self.fill, self.pull = (
            -self.all.divergence,
            -self.all.gradient,
        )  # signs and halves cost nothing in an operator
        self.halves = 0.5 * self.x.mean_at_points, 0.5 * self.y.mean_at_points
        self.turned = -self.of_v.mean_at_points

    def rate(self, h: np.ndarray, u: np.ndarray, v: np.ndarray) -> State:
        """The time derivative of h, u and v."""
        flux_x, flux_y = self.x.mean(h) * u, self.y.mean(h) * v
        spin = self.of_v.derivative(v) - self.of_u.derivative(u) + CORIOLIS
        potential = spin / self.depth_at_corners(h)
        pull_x, pull_y = self.pull(GRAVITY * h + self.halves[0](u * u) + self.halves[1](v * v))
        return (
            self.fill((flux_x, flux_y)),
            self.of_u.mean_at_points(potential * self.of_v.mean(flux_y)) + pull_x,
            self.turned(potential * self.of_u.mean(flux_x)) + pull_y,
        )


def sliced_rate(h: np.ndarray, u: np.ndarray, v: np.ndarray) -> State:
    """With slices; np.roll and np.pad would be slower."""

    def below(f: np.ndarray) -> np.ndarray:
        moved = np.empty_like(f)
        moved[0], moved[1:] = f[-1], f[:-1]
        return moved

    def above(f: np.ndarray) -> np.ndarray:
        moved = np.empty_like(f)
        moved[-1], moved[:-1] = f[0], f[1:]
        return moved

    def walled(f: np.ndarray) -> np.ndarray:
        whole = np.zeros((f.shape[0], f.shape[1] + 2))
        whole[:, 1:-1] = f
        return whole

    flux_x, flux_y = (below(h) + h) / 2 * u, (h[:, 1:] + h[:, :-1]) / 2 * v
    spin = (v - below(v)) / STEP - (u[:, 1:] - u[:, :-1]) / STEP + CORIOLIS
    depth = (below(h) + h) / 2
    potential = spin / ((depth[:, 1:] + depth[:, :-1]) / 2)
    squares = u * u, walled(v * v)
    kinetic = ((squares[0] + above(squares[0])) / 2 + (squares[1][:, 1:] + squares[1][:, :-1]) / 2) / 2
    head = GRAVITY * h + kinetic
    out_y = walled(flux_y)
    turn_u = walled(potential * (below(flux_y) + flux_y) / 2)
    turn_v = potential * (flux_x[:, 1:] + flux_x[:, :-1]) / 2
    return (
        -((above(flux_x) - flux_x) / STEP + (out_y[:, 1:] - out_y[:, :-1]) / STEP),
        (turn_u[:, 1:] + turn_u[:, :-1]) / 2 - (head - below(head)) / STEP,
        -(turn_v + above(turn_v)) / 2 - (head[:, 1:] - head[:, :-1]) / STEP,
    )


def shallow_water(sides: tuple[int, ...], workers: int) -> Makers:
    """Fresh arrays in both; all three rates are compared."""
    state, ours = start(sides), ByFaces(sides)
    expected = sliced_rate(*state)[0]
    for own, sliced in zip(ours.rate(*state), sliced_rate(*state), strict=True):
        np.testing.assert_allclose(own, sliced, rtol=0, atol=1e-12 * np.abs(sliced).max())
    return {
        "gridgrad": lambda: Contender(lambda: ours.rate(*state), expected, lambda rate: rate[0]),
        "slices": lambda: Contender(lambda: sliced_rate(*state), expected, lambda rate: rate[0]),
    }


FACE_ROWS = (
    Row("shallow water on a C-grid, 100²", (100,) * 2, shallow_water, (Goal("slices", 1.0),)),
    Row("shallow water on a C-grid, 512²", (512,) * 2, shallow_water, (Goal("slices", 0.5),)),
)
