"""Shallow water between two walls: a jet breaks up into eddies, while mass and energy stay what they were.

    dh/dt = -div(h u),   du/dt = -grad(g h + |u|^2/2) - (curl u) k x u + div(nu h grad u)/h,

periodic along x. A wall mirrors what is beside it: h and u continue evenly ("reflect"), v oddly ("antireflect").
The divergence is minus the adjoint of the gradient in the inner product of the grid's quadrature H, so that
sum(H p div F) = -sum(H F . grad p) for every p and F. With p = 1 this is the conservation of mass, on any grid; with
p = g h + |u|^2/2 it is that of energy, and what viscosity takes is kept in a fourth field, the heat.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import COLOURS, colour_bar, field, page, plain, save
from helpers import BACKENDS, EPS, Backend, check, parse, rk4, watched

import gridgrad as gg

GRAVITY, VISCOSITY = 9.81, 0.02  # m/s^2, m^2/s
LENGTH, WIDTH, DEPTH = 200.0, 80.0, 2.0  # m
SPEED, HALF_WIDTH = 1.5, 6.0  # of the jet, m/s and m
DURATION = 360.0  # s


class Channel:
    """The grids, their operators and the conserved sums, in the arrays of one library."""

    def __init__(self, size: int, backend: Backend) -> None:
        s = np.linspace(-1, 1, 2 * (size // 5) + 1)
        y = WIDTH / 2 * (0.7 * s + 0.3 * s**3)  # closer in the jet
        self.even = gg.Grid((size, LENGTH / size), y, boundary=["periodic", "reflect"])
        self.odd = gg.Grid((size, LENGTH / size), y, boundary=["periodic", "antireflect"])
        self.gradient, self.curl = self.even.gradient, self.even.curl
        self.divergence = -self.gradient.adjoint_operator("quadrature")
        self.stack, self.cells = backend.xp.stack, backend.array(np.outer(*self.even.quadrature))

    def rate(self, state: Any) -> Any:
        """The time derivative of the stacked fields h, u, v and heat."""
        h, u, v, _ = state
        push_x, push_y = self.gradient(GRAVITY * h + (u * u + v * v) / 2)
        spin = self.curl((u, v))
        drag_x, drag_y = self.even.diffuse(VISCOSITY * h)(u), self.odd.diffuse(VISCOSITY * h)(v)
        return self.stack([
            -self.divergence((h * u, h * v)),
            spin * v - push_x + drag_x / h,
            -spin * u - push_y + drag_y / h,
            -(u * drag_x + v * drag_y),
        ])  # fmt: skip

    def sums(self, state: Any) -> list[float]:
        """Volume (m^3), and per density the kinetic energy, the rest of the energy and the heat (m^5/s^2)."""
        h, u, v, heat = state
        parts = (h, h * (u * u + v * v) / 2, GRAVITY * (h - DEPTH) ** 2 / 2, heat)
        return [float((self.cells * part).sum()) for part in parts]


def jet(grid: gg.Grid) -> np.ndarray:
    """The fields h, u, v and heat of a jet that is pushed a little sideways."""
    x, y = np.meshgrid(*grid.coordinates, indexing="ij")
    u = SPEED / np.cosh(y / HALF_WIDTH) ** 2
    waves = sum(np.sin(2 * np.pi * m * x / LENGTH + m * m) for m in range(2, 9))
    v = 0.01 * SPEED * waves * np.exp(-((y / HALF_WIDTH) ** 2))
    v[:, [0, -1]] = 0
    return np.stack([np.full_like(u, DEPTH), u, v, np.zeros_like(u)])


def simulate(size: int, backend: Backend, courant: float = 0.9) -> tuple[Channel, list[Any], np.ndarray]:
    """The channel, four states with their times, and rows of time and `Channel.sums`."""
    channel = Channel(size, backend)
    state = backend.array(jet(channel.even))
    finest = min(float(np.min(steps)) for steps in channel.even.steps)
    steps = 60 * int(np.ceil(DURATION / 60 * (np.sqrt(GRAVITY * DEPTH) + SPEED) / finest / courant))
    advance = backend.compiled(lambda state: rk4(channel.rate, state, DURATION / steps))
    what = f"{size} x {channel.even.shape[1]} points, {DURATION:.0f} s"
    return channel, *watched(state, advance, channel.sums, DURATION, steps, what)


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Six minutes of water; check mass, energy and the walls; draw."""
    arguments = parse("Shallow water in a channel", argv, 200, "points along the channel", BACKENDS)
    channel, shown, sums = simulate(arguments.size, Backend(arguments.backend))
    _, volume, kinetic, rest, heat = sums
    energy = kinetic + rest + heat
    mass_drift = float(np.abs(volume / volume[0] - 1).max())
    energy_drift = float(np.abs(energy / energy[0] - 1).max())
    print(f"  kinetic energy left {kinetic[-1] / energy[0]:.1%}, heat {heat[-1] / energy[0]:.1%}")
    # Each of some thousand steps rounds h a few times by half an eps; this is all of them in one direction.
    check("relative drift of mass", mass_drift, 10_000 * EPS / 2)
    check("relative drift of energy, heat included", energy_drift, 1e-4)
    v = Backend.host(shown[-1][1][2])
    check("speed through the walls, m/s", float(np.abs(v[:, [0, -1]]).max()), 0)
    path = draw(channel, shown, sums, arguments.out)
    return {"mass_drift": mass_drift, "energy_drift": energy_drift, "sums": sums, "figure": path}


def draw(channel: Channel, shown: list[Any], sums: np.ndarray, folder: Path) -> Path:
    """Vorticity at four times and the budgets."""
    figure, axes = page("Shallow water between two walls",
                        f"a jet of {SPEED} m/s in water {DEPTH:g} m deep, periodic along x; {channel.even.shape[0]} x "
                        f"{channel.even.shape[1]} points, closer in the middle", 2, 3, 5.2, 2.3)  # fmt: skip
    x, y = channel.even.coordinates
    for ax, (time, (_, u, v, _)) in zip(axes[:2].ravel(), shown, strict=True):
        spin = Backend.host(channel.curl((u, v)))
        image = field(ax, x, y, spin, f"t = {time:.0f} s", "RdBu_r", vmin=-0.25, vmax=0.25)
    for ax in axes[:2, 0]:
        ax.set_ylabel("y (m)", fontsize=9)
    for ax in axes[1]:
        ax.set_xlabel("x (m)", fontsize=9)
    colour_bar(axes[:2], image, "vorticity (1/s)")
    time, volume, kinetic, rest, heat = sums
    energy = kinetic + rest + heat
    for part, name, k in ((kinetic, "kinetic", 0), (heat, "heat", 1), (rest, "surface", 2)):
        axes[2, 0].plot(time, part / energy[0], color=COLOURS[k], label=name)
    axes[2, 0].plot(time, energy / energy[0], ":", color="black", linewidth=1, label="sum")
    plain(axes[2, 0], "energy, of that at the start", "t (s)", "", "center left", square=False)
    for values, name, colour in ((energy, "energy", COLOURS[1]), (volume, "mass", COLOURS[2])):
        axes[2, 1].semilogy(time, np.abs(values / values[0] - 1) + 1e-17, color=colour, label=name)
    axes[2, 1].set(ylim=(1e-17, 1e-5), yticks=[1e-16, 1e-12, 1e-8])
    plain(axes[2, 1], "relative drift", "t (s)", "", "center right", square=False)
    return save(figure, folder, "shallow_water")


if __name__ == "__main__":
    main()
