"""Rotating shallow water on a C-grid: a jet becomes unstable, while mass and energy stay what they were.

    dh/dt = -div(h u),   du/dt = -grad(g h + |u|^2/2) - (curl u + f) k x u,

periodic along x, between two walls across y. Depths stand in the middle of each cell, u and v at the faces between
them, vorticity at the corners (Arakawa and Lamb, 1977), with the scheme of Sadourny (J. Atmos. Sci. 32 (1975) 680) that conserves
energy: means from points to faces and back are transposes of each other, and so are the gradient and the divergence
but for their sign. What passes a face leaves one cell and enters the next; nothing passes the walls, which have none.
With ``--island 200`` an island of that radius, in km, lies beside the jet: faces at its coast are closed, and all of this holds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import COLOURS, colour_bar, field, page, plain, save
from helpers import EPS, check, parse, watched

import gridgrad as gg

GRAVITY, CORIOLIS = 9.81, 1e-4  # m/s^2, 1/s
LENGTH, WIDTH, DEPTH = 4e6, 2e6, 400.0  # m
SPEED, HALF_WIDTH = 30.0, 1.5e5  # of the jet, m/s and m
DURATION = 4 * 86400.0  # s

State = tuple[np.ndarray, np.ndarray, np.ndarray]  # h, u, v


class Channel:
    """The cells, their faces and corners, what goes between them, and the conserved sums."""

    def __init__(self, size: int, island: float = 0.0) -> None:
        step = LENGTH / size
        self.grid = gg.Grid((size, step), (size // 2, step, step / 2), boundary=["periodic", "symmetric"])
        x, y = self.grid.mesh()
        self.water = np.hypot(x - LENGTH / 2, y - WIDTH / 5) >= island
        if island:
            self.grid = self.grid.with_mask(self.water)
        self.all = self.grid.faces()
        self.x, self.y = self.all
        self.corners_of_u, self.corners_of_v = self.x.grid.faces(1), self.y.grid.faces(0)
        self.depth_at_corners = self.corners_of_u.mean @ self.x.mean

    def rate(self, state: State) -> State:
        """The time derivative of h, u and v."""
        h, u, v = state
        of_u, of_v = self.corners_of_u, self.corners_of_v
        flux_x, flux_y = self.x.mean(h) * u, self.y.mean(h) * v
        depth = np.where(of_u.open, self.depth_at_corners(h), 1.0)  # corners on land have none
        potential = self.vorticity(u, v) / depth
        kinetic = (self.x.mean_at_points(u * u) + self.y.mean_at_points(v * v)) / 2
        push_x, push_y = self.all.gradient(GRAVITY * h + kinetic)
        return (
            -self.all.divergence((flux_x, flux_y)),
            of_u.mean_at_points(potential * of_v.mean(flux_y)) - push_x,
            -of_v.mean_at_points(potential * of_u.mean(flux_x)) - push_y,
        )

    def vorticity(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """That of the earth too, curl u + f, at the corners between cells."""
        return self.corners_of_v.derivative(v) - self.corners_of_u.derivative(u) + CORIOLIS

    def sums(self, state: State) -> list[float]:
        """Volume (m^3), and per density kinetic and potential energy (m^5/s^2)."""
        h, u, v = state
        kinetic = (self.x.mean_at_points(u * u) + self.y.mean_at_points(v * v)) / 2
        parts = (h, h * kinetic, GRAVITY * (h - DEPTH) ** 2 / 2)
        return [float(np.where(self.water, self.grid.measure * part, 0).sum()) for part in parts]


def jet(channel: Channel) -> State:
    """A jet that the slope of the surface balances, which is pushed a little."""
    x, y = channel.grid.mesh()
    _, at_u = channel.x.grid.mesh()
    middle, wide = WIDTH / 2, HALF_WIDTH
    u = SPEED / np.cosh((at_u - middle) / wide) ** 2
    h = DEPTH - CORIOLIS * SPEED * wide / GRAVITY * np.tanh((y - middle) / wide)
    h += 0.5 * np.cos(6 * np.pi * x / LENGTH) * np.exp(-(((y - middle) / wide) ** 2))
    h = np.where(channel.water, h, np.nan)
    return h, np.where(channel.x.open, u, 0.0), np.zeros(channel.y.grid.shape)


def rk4(rate: Callable[[State], State], state: State, step: float) -> State:
    """One step of the classical Runge-Kutta method for fields of several shapes."""

    def moved(by: float, slopes: State) -> State:
        h, u, v = (field + by * slope for field, slope in zip(state, slopes, strict=True))
        return h, u, v

    first = rate(state)
    second = rate(moved(step / 2, first))
    third = rate(moved(step / 2, second))
    fourth = rate(moved(step, third))
    h, u, v = (a + 2 * (b + c) + d for a, b, c, d in zip(first, second, third, fourth, strict=True))
    return moved(step / 6, (h, u, v))


def simulate(
    size: int, island: float, courant: float = 0.7
) -> tuple[Channel, list[tuple[float, State]], np.ndarray]:
    """The channel, four states with their times, and rows of time and `Channel.sums`."""
    channel = Channel(size, island)
    state = jet(channel)
    waves = np.sqrt(GRAVITY * DEPTH) + SPEED
    steps = 60 * int(np.ceil(DURATION / 60 * waves * size / LENGTH / courant))
    what = f"{size} x {size // 2} cells, {DURATION / 86400:.0f} days"
    return channel, *watched(
        state, lambda state: rk4(channel.rate, state, DURATION / steps), channel.sums, DURATION, steps, what
    )


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Some days of water; check mass and energy; draw."""
    arguments = parse("Rotating shallow water on a C-grid", argv, 128, "cells along the channel, even",
                      island="radius of an island beside the jet, in km (default 0, none)")  # fmt: skip
    channel, shown, sums = simulate(arguments.size, 1e3 * arguments.island)
    _, volume, kinetic, potential = sums
    energy = kinetic + potential
    mass_drift = float(np.abs(volume / volume[0] - 1).max())
    energy_drift = float(np.abs(energy / energy[0] - 1).max())
    _, _, v = shown[-1][1]
    print(f"  v grew to {np.abs(v).max():.1f} m/s")
    # Each of some thousand steps rounds h a few times by half an eps; this is all of them in one direction.
    check("relative drift of mass", mass_drift, 10_000 * EPS / 2)
    check("relative drift of energy, that of the time steps", energy_drift, 1e-5)
    path = draw(channel, shown, sums, arguments.out)
    return {"mass_drift": mass_drift, "energy_drift": energy_drift, "sums": sums, "v": v, "figure": path}


def draw(
    channel: Channel, shown: list[tuple[float, State]], sums: np.ndarray, folder: Path
) -> Path:  # fmt: skip
    """Vorticity at four times and the budgets."""
    figure, axes = page("Rotating shallow water on a C-grid",
                        f"a jet of {SPEED:g} m/s, periodic along x, between walls; {channel.grid.shape[0]} x "
                        f"{channel.grid.shape[1]} cells", 2, 3, 5.2, 2.3)  # fmt: skip
    x, y = (c / 1e3 for c in channel.corners_of_u.grid.coordinates)
    for ax, (time, (_, u, v)) in zip(axes[:2].ravel(), shown, strict=True):
        spin = np.where(channel.corners_of_u.open, channel.vorticity(u, v) / CORIOLIS - 1, np.nan)
        image = field(ax, x, y, spin, f"day {time / 86400:.1f}", "RdBu_r", vmin=-2, vmax=2)
    for ax in axes[:2, 0]:
        ax.set_ylabel("y (km)", fontsize=9)
    for ax in axes[1]:
        ax.set_xlabel("x (km)", fontsize=9)
    colour_bar(axes[:2], image, "vorticity / f")
    time, volume, kinetic, potential = sums
    energy, days = kinetic + potential, time / 86400
    for part, name, k in ((kinetic, "kinetic", 0), (potential, "potential", 2)):
        axes[2, 0].plot(days, part / energy[0], color=COLOURS[k], label=name)
    axes[2, 0].plot(days, energy / energy[0], ":", color="black", linewidth=1, label="sum")
    plain(axes[2, 0], "energy, of that at the start", "t (days)", "", "center left", square=False)
    for values, name, colour in ((energy, "energy", COLOURS[1]), (volume, "mass", COLOURS[2])):
        axes[2, 1].semilogy(days, np.abs(values / values[0] - 1) + 1e-17, color=colour, label=name)
    axes[2, 1].set(ylim=(1e-17, 1e-4), yticks=[1e-16, 1e-12, 1e-8, 1e-4])
    plain(axes[2, 1], "relative drift", "t (days)", "", "center right", square=False)
    return save(figure, folder, "shallow_water_cgrid")


if __name__ == "__main__":
    main()
