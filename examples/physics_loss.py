"""A network learns Poisson's equation from its residual, which is exact, or of finite differences on its samples.

    u_xx + u_yy = f on the unit square,   u = 0 at its sides,   loss = mean (u_xx + u_yy - f)^2 / mean f^2.

The trial function x(1 - x) y(1 - y) N(x, y) with a network N of two hidden layers is 0 at the sides whatever N is (Lagaris,
Likas and Fotiadis, IEEE Trans. Neural Networks 9 (1998) 987). `gg.autodiff.laplacian` of that function is its exact laplacian;
`grid.laplacian` of its samples errs by h^2 (u_xxxx + u_yyyy)/12, but costs one evaluation of the network. torch's autograd goes
through either to the weights of N. Trained by differences, the network learns the solution of the difference scheme.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from figures import COLOURS, field, page, plain, save
from helpers import check, parse, progress
from scipy.sparse.linalg import spsolve

import gridgrad as gg

WIDTH = 16
Function = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def exact(x: Any, y: Any) -> Any:
    """The solution: two waves and a bump."""
    bump = 16 * x * (1 - x) * y * (1 - y) * torch.exp(-20 * ((x - 0.65) ** 2 + (y - 0.4) ** 2))
    return torch.sin(2 * torch.pi * x) * torch.sin(torch.pi * y) + bump


class Trial(torch.nn.Module):
    """A smooth function of x and y that is 0 at the sides of the square."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        pairs = pairwise((2, WIDTH, WIDTH, 1))
        layers = [layer for n, m in pairs for layer in (torch.nn.Linear(n, m), torch.nn.Tanh())]
        self.network = torch.nn.Sequential(*layers[:-1]).double()

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Elementwise, on any mesh."""
        points = torch.stack(torch.broadcast_tensors(x, y), dim=-1)
        return x * (1 - x) * y * (1 - y) * self.network(4 * points - 2)[..., 0]


class Poisson:
    """The equation at the inner points of a grid, and both residuals there."""

    def __init__(self, points: int) -> None:
        self.grid = gg.Grid((points, 1 / (points - 1)), (points, 1 / (points - 1)))
        self.x, self.y = (torch.tensor(c) for c in self.grid.coordinates)
        self.mesh = torch.meshgrid(self.x, self.y, indexing="ij")
        self.source = gg.autodiff.laplacian(exact, self.x, self.y)[1:-1, 1:-1]
        self.inner = self.x[1:-1], self.y[1:-1]

    def by_function(self, u: Function) -> torch.Tensor:
        """The residual of the function, exact."""
        return gg.autodiff.laplacian(u, *self.inner, check=False) - self.source

    def by_samples(self, u: Function) -> torch.Tensor:
        """The residual of finite differences."""
        return self.grid.laplacian(u(*self.mesh))[1:-1, 1:-1] - self.source

    def loss(self, residual: Callable[[Function], torch.Tensor], u: Function) -> torch.Tensor:
        """The mean square, relative to that of f."""
        return (residual(u) ** 2).mean() / (self.source**2).mean()

    def scheme(self) -> np.ndarray:
        """What solves the difference equations themselves."""
        solution, inside = np.zeros(self.grid.shape), np.zeros(self.grid.shape, bool)
        inside[1:-1, 1:-1] = True
        rows = self.grid.laplacian.to_sparse()[inside.ravel()]
        solution[inside] = spsolve(rows[:, inside.ravel()].tocsc(), self.source.numpy().ravel())
        return solution


def train(problem: Poisson, name: str, blocks: int) -> tuple[Trial, list[float]]:
    """Ten iterations of L-BFGS in each block, always from the same weights; the loss before each."""
    u, losses, residual = Trial(), [], getattr(problem, name)
    search = {"line_search_fn": "strong_wolfe", "tolerance_change": 0, "tolerance_grad": 0}
    optimiser = torch.optim.LBFGS(u.parameters(), max_iter=10, history_size=50, **search)

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = problem.loss(residual, u)
        loss.backward()
        return loss

    for _ in progress(blocks, f"trained {name.replace('_', ' ')}, blocks of ten iterations"):
        losses.append(float(optimiser.step(closure).detach()))
    return u, losses


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Train by both residuals; a figure. Layers of so few numbers are faster on one thread."""
    arguments = parse("A network and Poisson's equation", argv, 21, "points per side")
    problem, threads = Poisson(arguments.size), torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        trained = {name: train(problem, name, arguments.size) for name in ("by_function", "by_samples")}
        facts = judge(problem, trained)
    finally:
        torch.set_num_threads(threads)
    return {**facts, "figure": draw(trained, arguments.out)}


def judge(problem: Poisson, trained: dict[str, Any]) -> dict[str, Any]:
    """Errors beside that of the difference scheme, and how far the residuals are apart."""
    true = exact(*problem.mesh).numpy()
    errors = {"scheme": float(np.abs(problem.scheme() - true).max())}
    print(f"  difference scheme: largest error of u {errors['scheme']:.1e}")
    for name, (u, losses) in trained.items():
        errors[name] = float(np.abs(u(*problem.mesh).detach().numpy() - true).max())
        exactly, sampled = (
            float(problem.loss(r, u).detach()) for r in (problem.by_function, problem.by_samples)
        )
        print(f"  trained {name}, loss {losses[0]:.2f} at first: {exactly:.1e} by function and {sampled:.1e} by samples; "
              f"largest error of u {errors[name]:.1e}")  # fmt: skip
    check("error by function, over that of the scheme", errors["by_function"] / errors["scheme"], 1)
    away = abs(errors["by_samples"] / errors["scheme"] - 1)
    check("error by samples: relative distance from that of the scheme", away, 0.2)

    # The difference of both residuals is that of the laplacians. At ends it needs finer grids to fall as h^2.
    refined = gg.verify.convergence(trained["by_function"][0], (0, 1), (0, 1), operator="laplacian", engine="torch",
                                    sizes=[len(problem.x) * part for part in (2, 4, 8)], stated=(2, 1))  # fmt: skip
    print(refined)
    order = refined.order("inside")
    check("residuals of one network apart: distance of the order from 2", abs(order - 2), 0.2)
    return {
        "errors": errors,
        "order": order,
        "losses": {name: losses for name, (_, losses) in trained.items()},
    }


def draw(trained: dict[str, Any], folder: Path) -> Path:
    """The solution, the errors of both networks, between the points as well, and the losses."""
    note = "trained by the exact residual, and by that of finite differences"
    figure, axes = page("A network that solves Poisson's equation", note, 4, size=3.3)
    solution, *maps, course = axes[0]
    s = np.linspace(0, 1, 101)
    x, y = torch.as_tensor(s)[:, None], torch.as_tensor(s)
    field(solution, s, s, exact(x, y).numpy(), "solution", "viridis", "u")
    errors = [(u(x, y).detach() - exact(x, y)).numpy() for u, _ in trained.values()]
    most = float(np.abs(errors).max())
    names = ("exact residual", "finite differences")
    for ax, error, bar, name in zip(maps, errors, (None, "u - exact"), names, strict=True):
        field(ax, s, s, error, f"error, {name}", "RdBu_r", bar, vmin=-most, vmax=most)
    for (_, losses), colour, name in zip(trained.values(), COLOURS, names, strict=False):
        course.semilogy(10 * np.arange(len(losses)), losses, "o-", color=colour, markersize=3, label=name)
    plain(course, "loss", "iteration of L-BFGS", "")
    return save(figure, folder, "physics_loss")


if __name__ == "__main__":
    main()
