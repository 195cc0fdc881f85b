"""A hot plate quenched at its rim, on a grid stretched into the boundary layers.

du/dt = d/dx(k du/dx) + d/dy(k du/dy) on the unit square with u = 0 on the rim. At t = START the plate is
still hot inside a thin cold layer; the exact solution is a product of two sums of decaying eigenmodes. The
right-hand side is `gradient` applied twice, in place; SciPy's BDF steps it in time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from heat_figure import draw
from helpers import check, interleaved, parse
from scipy import sparse
from scipy.integrate import solve_ivp

import gridgrad as gg

CONDUCTIVITY = 1.0
START, END = 0.001, 0.1  # at START the cold layer is about 0.06 wide
MODES = 2 * np.arange(60) + 1


def stretched(points: int, strength: float = 2.0) -> np.ndarray:
    """Coordinates from 0 to 1, crowded at both ends by a tanh."""
    s = np.linspace(-1, 1, points)
    return 0.5 * (1 + np.tanh(strength * s) / np.tanh(strength))


def profile(x: np.ndarray, t: float) -> np.ndarray:
    """Exact temperature of a slab, 1 everywhere at t = 0: modes m decay as exp(-k (m pi)^2 t)."""
    decay = np.exp(-CONDUCTIVITY * (np.pi * MODES) ** 2 * t)
    return (4 / (np.pi * MODES) * decay) @ np.sin(np.pi * MODES[:, None] * x)


def exact(x: np.ndarray, y: np.ndarray, t: float) -> np.ndarray:
    """A plate is the product of two slabs."""
    return np.outer(profile(x, t), profile(y, t))


def right_hand_side(x: np.ndarray, y: np.ndarray) -> Callable[..., np.ndarray]:
    """The time derivative; its buffers are made once."""
    flux = np.empty((2, x.size, y.size))
    change = np.empty((2, x.size, y.size))

    def rhs(t: float, u: np.ndarray) -> np.ndarray:
        gg.gradient(u.reshape(x.size, y.size), x, y, edge_order=2, out=flux)
        np.multiply(flux, CONDUCTIVITY, out=flux)
        gg.gradient(flux[0], x, axis=0, edge_order=2, out=change[0])
        gg.gradient(flux[1], y, axis=1, edge_order=2, out=change[1])
        return hold_rim(change[0] + change[1])

    return rhs


def right_hand_side_numpy(x: np.ndarray, y: np.ndarray) -> Callable[..., np.ndarray]:
    """The same with `np.gradient`, to compare the time."""

    def rhs(t: float, u: np.ndarray) -> np.ndarray:
        along_x, along_y = np.gradient(u.reshape(x.size, y.size), x, y, edge_order=2)
        change_x = np.gradient(CONDUCTIVITY * along_x, x, axis=0, edge_order=2)
        return hold_rim(change_x + np.gradient(CONDUCTIVITY * along_y, y, axis=1, edge_order=2))

    return rhs


def hold_rim(change: np.ndarray) -> np.ndarray:
    """The rim keeps its temperature; flattened for the solver."""
    change[[0, -1]] = 0
    change[:, [0, -1]] = 0
    return change.ravel()


def jacobian(x: np.ndarray, y: np.ndarray) -> Any:
    """The matrix of the right-hand side: `gradient` of the unit vectors is the matrix of d/dx."""

    def second(c: np.ndarray) -> np.ndarray:
        first = gg.gradient(np.eye(c.size), c, axis=0, edge_order=2)
        return first @ (CONDUCTIVITY * first)

    def inside(c: np.ndarray) -> Any:
        return sparse.diags_array(np.r_[0.0, np.ones(c.size - 2), 0.0])

    rows = sparse.kron(inside(x), inside(y))
    both = sparse.kron(second(x), sparse.eye_array(y.size)) + sparse.kron(sparse.eye_array(x.size), second(y))
    return (rows @ both).tocsc()


def solve(x: np.ndarray, y: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, int]:
    """Temperatures at `times`, starting from the exact one, and the number of right-hand sides."""
    result = solve_ivp(
        right_hand_side(x, y),
        (START, END),
        exact(x, y, START).ravel(),
        method="BDF",
        t_eval=times,
        jac=jacobian(x, y),
        rtol=1e-6,
        atol=1e-8,
    )
    if not result.success:
        raise SystemExit(f"time stepping failed: {result.message}")
    return result.y.T.reshape(len(times), x.size, y.size), result.nfev


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Three refinements, the same on a uniform grid, the time against `np.gradient`, and a figure."""
    arguments = parse("Heat conduction on a stretched grid", argv, 97, "points per side of the finest grid")
    times = np.geomspace(START, END, 9)
    sizes = [(arguments.size - 1) // part + 1 for part in (4, 2, 1)]
    errors: dict[str, list[float]] = {"stretched": [], "uniform": []}
    print("points        grid   finest step   rms error   max error   right-hand sides")
    for points in sizes:
        for kind, x in (("stretched", stretched(points)), ("uniform", np.linspace(0, 1, points))):
            solution, count = solve(x, x, times)
            wrong = solution - np.array([exact(x, x, t) for t in times])
            rms = float(np.sqrt(np.mean(wrong**2)))
            errors[kind].append(rms)
            print(
                f"{points:3d}^2   {kind:>10}{np.diff(x).min():14.5f}{rms:12.2e}{np.abs(wrong).max():12.2e}{count:11d}",
                flush=True,
            )
            if kind == "stretched":
                finest = (x, times, solution, wrong)
    steps = np.log([points - 1 for points in sizes])
    order = -float(np.polyfit(steps, np.log(errors["stretched"]), 1)[0])
    check("distance of the observed order from 2", abs(order - 2), 0.35)
    check(
        "error against a uniform grid of as many points", errors["stretched"][-1] / errors["uniform"][-1], 1.0
    )

    x = stretched(arguments.size)
    u = exact(x, x, START).ravel()
    ours, theirs = right_hand_side(x, x), right_hand_side_numpy(x, x)
    check(
        "largest difference between the two right-hand sides, relative",
        float(np.abs(ours(0, u) - theirs(0, u)).max() / np.abs(ours(0, u)).max()),
        1e-11,
    )
    seconds = interleaved(lambda: ours(0, u), lambda: theirs(0, u))
    print(
        f"  time   {seconds[0] * 1e6:.0f} us for a right-hand side, with np.gradient {seconds[1] * 1e6:.0f} us: "
        f"{seconds[1] / seconds[0]:.1f} times as long"
    )
    path = draw(*finest, sizes, errors, arguments.out)
    print(f"  figure {path}")
    return {"errors": errors, "order": order, "figure": path}


if __name__ == "__main__":
    main()
