"""Gray-Scott: two chemicals that react and spread make spots, stripes and mazes.

du/dt = D_u lap u - u v^2 + F (1 - u),   dv/dt = D_v lap v + u v^2 - (F + k) v   on a periodic square
(Pearson, Science 261 (1993) 189). Four choices of F and k run at once: the grid has two axes, and the axis in front of
them is a batch. The step is explicit Euler in float32; all memory is taken before the first one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from figures import colour_bar, field, page, save
from helpers import BACKENDS, Backend, check, parse, progress

import gridgrad as gg

SPREAD_U, SPREAD_V = 0.16, 0.08  # with a time step of 1 and a grid step of 1; stable below 1/4
RECIPES = {  # feed F, kill k
    "spots": (0.0367, 0.0649),
    "maze": (0.037, 0.06),
    "worms": (0.054, 0.063),
    "holes": (0.039, 0.058),
}


def seeds(size: int) -> tuple[np.ndarray, np.ndarray]:
    """All u = 1 and v = 0 but for a few squares of the other chemical, the same in every recipe."""
    random = np.random.default_rng(5)
    u, v = np.ones((size, size), np.float32), np.zeros((size, size), np.float32)
    for row, column in random.integers(0, size - 6, (max(4, size**2 // 1500), 2)):
        u[row : row + 6, column : column + 6] = 0.5
        v[row : row + 6, column : column + 6] = 0.25
    return (np.repeat(a[None], len(RECIPES), axis=0) for a in (u, v))


class Reaction:
    """The right-hand side and its buffers, in the arrays of one library."""

    def __init__(self, size: int, backend: Backend) -> None:
        grid = gg.Grid((size, 1.0), (size, 1.0), boundary="periodic")
        self.spread_u, self.spread_v = SPREAD_U * grid.laplacian, SPREAD_V * grid.laplacian
        feed, kill = (np.array(c, np.float32)[:, None, None] for c in zip(*RECIPES.values(), strict=True))
        self.feed, self.loss = backend.array(feed), backend.array(feed + kill)
        self.start = tuple(map(backend.array, seeds(size)))
        u, _ = self.start
        self.du, self.dv = (backend.xp.empty_like(u) if backend.can_write else None for _ in range(2))

    def step(self, u: Any, v: Any) -> tuple[Any, Any]:
        """One Euler step in place. Arrays of JAX cannot be written: `out=None`, and the same lines make new ones."""
        du, dv = self.spread_u(u, out=self.du), self.spread_v(v, out=self.dv)
        burnt = u * v
        burnt *= v
        dv += burnt
        dv -= self.loss * v
        burnt -= self.feed
        du -= burnt
        du -= self.feed * u
        u += du
        v += dv
        return u, v

    def budget(self, u: Any, v: Any) -> np.ndarray:
        """The means of u, of v, and of what feed and loss will change in u + v by the next step."""
        u, v, feed, loss = (Backend.host(a).astype(float) for a in (u, v, self.feed, self.loss))
        change = feed * (1 - u) - loss * v
        return np.array([a.mean(axis=(1, 2)) for a in (u, v, change)])


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Run all recipes; check the budget of matter and the bounds; draw."""
    arguments = parse("Gray-Scott patterns", argv, 192, "points per side", BACKENDS)
    steps = 50 * arguments.size
    backend = Backend(arguments.backend, double=False)
    reaction = Reaction(arguments.size, backend)
    step, (u, v) = backend.compiled(reaction.step), reaction.start
    for _ in progress(steps, f"{len(RECIPES)} reactions of {arguments.size}^2 points, steps"):
        u, v = step(u, v)
    before = reaction.budget(u, v)
    u, v = step(u, v)
    after = reaction.budget(u, v)

    # The laplacian of a periodic field sums to 0, so spreading moves matter but makes none. What is left
    # is rounding: about ten operations on numbers of at most 1, in every point.
    made = float(np.abs(after[:2].sum(axis=0) - before.sum(axis=0)).max())
    check("matter made by spreading in one step", made, 5 * float(np.finfo(np.float32).eps))
    u, v = Backend.host(u), Backend.host(v)
    check("u beyond [0, 1] or v below 0", float(max(u.max() - 1, -u.min(), -v.min())), 1e-6)
    print(f"  mean of v: {', '.join(f'{name} {m:.3f}' for name, m in zip(RECIPES, after[1], strict=True))}")

    figure, axes = page("Gray-Scott: one reaction, four recipes",
                        f"concentration of v after {steps + 1} steps; float32, periodic, {arguments.size} x {arguments.size}",
                        columns=4)  # fmt: skip
    x = np.arange(float(arguments.size))
    for ax, (name, (feed, kill)), values in zip(axes[0], RECIPES.items(), v, strict=True):
        image = field(ax, x, x, values, f"{name}: F = {feed:g}, k = {kill:g}", "magma", vmin=0, vmax=0.4)
        ax.set(xticks=[], yticks=[])
    colour_bar(axes, image, "v")
    return {"v": v, "made": made, "figure": save(figure, arguments.out, "gray_scott")}


if __name__ == "__main__":
    main()
