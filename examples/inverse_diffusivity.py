"""What conducts the heat? A field of diffusivities is recovered from temperatures, by gradient descent.

    du/dt = div(k grad u),   no flux through the walls;   J(k) = 1/2 mean ((u - d)/noise)^2 + b/2 int |grad k|^2.

Two square plates of the same k start as ramps, one along x and one along y, and are observed a few times. With Euler's
steps u_{n+1} = u_n + s A(k) u_n and the inner product of the grid's cells H, the multipliers m of the steps run backwards,

    m_n = m_{n+1} + s A(k)* m_{n+1} + (u_n - d_n, if observed),      dJ/dk = s sum over n of C(m_{n+1}, u_n),

up to the factor of J's first part. C(m, u) is the derivative of <m, A(k) u> in k. Summed by parts, that product is minus the
sum over faces between neighbours a, b of w (k_a + k_b)/2 (m_b - m_a)(u_b - u_a), so each point gets half of what its faces have:

    C(m, u)_a = -1/2 sum over b of w (m_b - m_a)(u_b - u_a) = -1/2 H [L(m u) - m L u - u L m]_a,      L = A(1),

the carré du champ (Bakry and Émery 1985) of L, whose weights are w/H. torch's autograd gets the same numbers from the loop of
steps. A checkerboard added to k has mean 0 at every face and is never seen: b makes k smooth (Tikhonov). The data come from a
grid twice as fine: made on the same one, they would be too easy to fit (Colton and Kress, Inverse Acoustic Scattering, 1992).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from figures import COLOURS, field, page, plain, save
from helpers import check, parse, progress
from scipy.optimize import minimize

import gridgrad as gg

LOW, HIGH = 0.1, 2.5  # what k may be; the steps are stable up to HIGH
END, LOOKS = 0.02, 4  # until when, and how many times, is observed
NOISE, SMOOTH = 1e-3, 0.05  # b is so large that a misfit of 1 is left, which is the noise's (Morozov)
ITERATIONS = 12


def grid_of(points: int) -> gg.Grid:
    """The unit square."""
    return gg.Grid((points, 1 / (points - 1)), (points, 1 / (points - 1)))


def true_field(grid: gg.Grid) -> np.ndarray:
    """1, with a bump and a hollow."""
    x, y = grid.mesh()
    bump, hollow = (x - 0.32) ** 2 + (y - 0.36) ** 2, (x - 0.67) ** 2 + (y - 0.66) ** 2
    return 1 + 0.9 * np.exp(-bump / 0.02) - 0.6 * np.exp(-hollow / 0.03)


class Plates:
    """The experiment on one grid: its steps forwards, and J with its derivative."""

    def __init__(self, points: int) -> None:
        self.grid, fine = grid_of(points), grid_of(2 * points - 1)
        self.true, self.cells = true_field(self.grid), np.multiply.outer(*self.grid.quadrature)
        self.start, self.lap = np.stack(self.grid.mesh()), self.grid.diffuse(1.0)
        parts = LOOKS * int(np.ceil(END / LOOKS / (0.9 * (points - 1) ** -2 / (4 * HIGH))))
        self.step, self.looks = END / parts, [parts * (look + 1) // LOOKS for look in range(LOOKS)]
        seen = march(fine.diffuse(true_field(fine)), np.stack(fine.mesh()), self.step / 4, 4 * parts)
        noise = NOISE * np.random.default_rng(8).standard_normal((LOOKS, *self.start.shape))
        self.data = np.stack([seen[4 * n][:, ::2, ::2] for n in self.looks]) + noise
        self.weight = self.cells / (NOISE**2 * LOOKS * len(self.start))  # of the squares in J

    def squares(self, k: Any, like: Callable[[np.ndarray], Any] = np.asarray) -> Any:
        """The mean of ((u - d)/noise)^2, of an array or a tensor; `like` makes one of the other."""
        u = march(self.grid.diffuse(k), like(self.start), self.step, self.looks[-1])
        misses = sum(((u[n] - like(d)) ** 2).sum(0) for n, d in zip(self.looks, self.data, strict=True))
        return (like(self.weight) * misses).sum()

    def loss(self, k: Any, like: Callable[[np.ndarray], Any] = np.asarray) -> Any:
        """J: the integral of |grad k|^2 is that of -k lap k, as nothing passes the walls."""
        return 0.5 * (self.squares(k, like) - SMOOTH * (like(self.cells) * k * self.lap(k)).sum())

    def slope(self, k: np.ndarray) -> np.ndarray:
        """dJ/dk by the multipliers, as the head of this file has it."""
        conduct, lap = self.grid.diffuse(k), self.lap
        u = np.array(march(conduct, self.start, self.step, self.looks[-1]))
        misses = dict(zip(self.looks, u[self.looks] - self.data, strict=True))
        u, m, now = u[:-1], np.empty_like(u[:-1]), np.zeros_like(self.start)
        for n in reversed(range(len(m))):
            now = now + self.step * conduct.adjoint(now, weight="quadrature") + misses.get(n + 1, 0.0)
            m[n] = now
        # Steps and plates are batch axes of the operator.
        products = (m * lap(u) + u * lap(m)).sum((0, 1)) - lap((m * u).sum((0, 1)))
        return 0.5 * self.step * self.weight * products - SMOOTH * self.cells * lap(k)

    def facts(self, k: np.ndarray) -> tuple[float, float]:
        """The misfit, which is 1 where only noise is left, and the relative error of k."""
        error = np.sqrt((self.cells * (k - self.true) ** 2).sum() / (self.cells * self.true**2).sum())
        return float(np.sqrt(self.squares(k))), float(error)


def march(conduct: Callable[[Any], Any], u: Any, step: float, count: int) -> list[Any]:
    """All temperatures of Euler's method."""
    found = [u]
    for _ in range(count):
        found.append(found[-1] + step * conduct(found[-1]))
    return found


def with_scipy(plates: Plates) -> list[np.ndarray]:
    """The fields of L-BFGS-B within the bounds, on the derivative by hand."""
    shape, size, fields = plates.grid.shape, plates.true.size, []
    shown = progress(ITERATIONS, f"L-BFGS-B, {size} unknowns, iterations")

    def keep(k: np.ndarray) -> None:
        next(shown, None)
        fields.append(k.reshape(shape).copy())

    minimize(lambda k: plates.loss(k.reshape(shape)), np.ones(size),
             jac=lambda k: plates.slope(k.reshape(shape)).ravel(), method="L-BFGS-B",
             bounds=[(LOW, HIGH)] * size, options={"maxiter": ITERATIONS}, callback=keep)  # fmt: skip
    next(shown, None)
    return fields


def with_torch(plates: Plates) -> Iterator[np.ndarray]:
    """The fields of L-BFGS on a logistic scale between the bounds, by autograd through all steps."""
    torch: Any = import_module("torch")
    scale = torch.full(plates.grid.shape, float(np.log((1 - LOW) / (HIGH - 1))), dtype=torch.float64)
    optimiser = torch.optim.LBFGS([scale.requires_grad_()], max_iter=1, line_search_fn="strong_wolfe")

    def bounded() -> Any:
        return LOW + (HIGH - LOW) * torch.sigmoid(scale)

    def closure() -> Any:
        optimiser.zero_grad()
        loss = plates.loss(bounded(), torch.as_tensor)
        loss.backward()
        return loss

    for _ in progress(ITERATIONS, f"L-BFGS through {plates.looks[-1]} steps, iterations"):
        optimiser.step(closure)
        yield bounded().detach().numpy()


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Check the derivative; recover k; a figure."""
    arguments = parse("Diffusivity from temperatures", argv, 25, "points per side", ("numpy", "torch"))
    plates, random = Plates(arguments.size), np.random.default_rng(1)
    k = 1 + 0.3 * random.random(plates.grid.shape)
    along = random.standard_normal(k.shape)
    rise = (plates.loss(k + 1e-5 * along) - plates.loss(k - 1e-5 * along)) / 2e-5
    away = abs(float((plates.slope(k) * along).sum()) / rise - 1)
    check("dJ/dk along a random field, relative to a difference of J", away, 1e-6)

    fields = [np.ones_like(k), *{"numpy": with_scipy, "torch": with_torch}[arguments.backend](plates)]
    course = np.array([plates.facts(k) for k in fields])
    for name, values in zip(("misfit over noise", "relative error of k"), course.T, strict=True):
        print(f"  {name}: {values[0]:.3f} before, {values[-1]:.3f} after {len(fields) - 1} iterations")
    known, _ = plates.facts(plates.true)  # more than 1 by the error of the coarse grid
    check("misfit, at most that of the true k", course[-1, 0], known)
    check("relative error of k", course[-1, 1], course[0, 1] / 3)
    path = draw(plates, fields[-1], course, arguments.out)
    return {"k": fields[-1], "course": course, "figure": path}


def draw(plates: Plates, found: np.ndarray, course: np.ndarray, folder: Path) -> Path:
    """The true field, the recovered one, what is between them, and the way there."""
    note = f"{found.size} unknowns from {plates.data.size} temperatures with noise of {NOISE:g}"
    figure, axes = page("A diffusivity seen through temperatures", note, 4, size=3.3)
    (true, ours, apart, way), (x, y) = axes[0], plates.grid.coordinates
    field(true, x, y, plates.true, "true k", vmin=0.4, vmax=1.9)
    field(ours, x, y, found, "recovered k", bar="k", vmin=0.4, vmax=1.9)
    most = float(np.abs(found - plates.true).max())
    field(apart, x, y, found - plates.true, "recovered - true", "RdBu_r", "", vmin=-most, vmax=most)
    for values, colour, name in zip(
        course.T, COLOURS, ("misfit over noise", "relative error of k"), strict=False
    ):
        way.semilogy(values, "o-", color=colour, markersize=3, label=name)
    way.axhline(1, color="black", linestyle=":", linewidth=1)
    plain(way, "on the way", "iteration", "")
    return save(figure, folder, "inverse_diffusivity")


if __name__ == "__main__":
    main()
