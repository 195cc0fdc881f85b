"""Rows of benchmarks/operators.py on walls: what mirrors half a step outside and values along all sides cost."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from cases import aligned
from operator_rows import STEP, Contender, Goal, Makers, Row, random
from peers import need

import gridgrad as gg

Rate = Callable[[], np.ndarray]


def kuramoto_sivashinsky(sides: tuple[int, ...], workers: int) -> Makers:
    """The right-hand side ``-lap(u + lap u) - |grad u|^2 / 2`` between walls without flux; ours into arrays that are there, or not."""
    u = random(sides)
    # the same for both kinds of ends: places in memory differ in speed
    held = [aligned(sides, "float64") for _ in range(2)]
    expected = rate_between("symmetric", u, held, workers)().copy()

    def padded() -> np.ndarray:
        p = np.pad(u, 1, mode="symmetric")
        u_x, u_y = (p[2:, 1:-1] - p[:-2, 1:-1]) / (2 * STEP), (p[1:-1, 2:] - p[1:-1, :-2]) / (2 * STEP)
        return -padded_laplacian(u + padded_laplacian(u)) - 0.5 * (u_x**2 + u_y**2)

    return {
        "gridgrad": lambda: Contender(rate_between("symmetric", u, held, workers), expected),
        'gridgrad, "reflect"': lambda: Contender(rate_between("reflect", u, held, workers)),
        "gridgrad, fresh": lambda: Contender(rate_between("symmetric", u, [None, None], workers), expected),
        "np.pad": lambda: Contender(padded, expected),
        "py-pde": lambda: Contender(rate_of_pde(u, workers), expected),
    }


def rate_between(ends: str, u: np.ndarray, held: Sequence[np.ndarray | None], workers: int) -> Rate:
    """Ours, into arrays that are there; into new ones where it holds None."""
    grid = gg.Grid(*[(n, STEP) for n in u.shape], boundary=ends)
    inner, outer = grid.identity + grid.laplacian, 2 * grid.laplacian
    w, out = held

    def call() -> np.ndarray:
        rate = grid.gradient_squared(
            u, out=out, workers=workers
        )  # what is linear is added sooner than squares are
        outer(inner(u, out=w, workers=workers), out=rate, workers=workers, add=True)
        return np.multiply(rate, -0.5, out=rate)

    return call


def rate_of_pde(u: np.ndarray, workers: int) -> Rate:
    """py-pde's own class of this equation, compiled by numba."""
    library = need("pde")
    need("numba").set_num_threads(workers)
    grid = library.CartesianGrid([[0, STEP * n] for n in u.shape], u.shape)
    equation = library.KuramotoSivashinskyPDE(bc={"derivative": 0})
    rate = equation.make_pde_rhs(library.ScalarField(grid, u), backend="numba")
    return lambda: rate(u, 0.0)


def padded_laplacian(u: np.ndarray) -> np.ndarray:
    """Five points, by slices."""
    p = np.pad(u, 1, mode="symmetric")
    return (p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * u) / STEP**2


def arrays_on_all_sides(sides: tuple[int, ...], workers: int) -> Makers:
    """Values along every wall, beside the same laplacian with mirrors there."""
    f, out = random(sides), aligned(sides, "float64")
    rng = np.random.default_rng(9)

    def side(k: int) -> gg.Condition:
        return gg.value(rng.random([n for a, n in enumerate(sides) if a != k]), wall="face")

    steps = [(n, STEP) for n in sides]
    ours = gg.Grid(*steps, boundary=[(side(k), side(k)) for k in range(len(sides))]).laplacian
    mirrored = gg.Grid(*steps, boundary="symmetric").laplacian
    return {
        "gridgrad": lambda: Contender(lambda: ours(f, out=out, workers=workers), ours(f), lambda _: out),
        "gridgrad, mirrors": lambda: Contender(lambda: mirrored(f, out=out, workers=workers)),
    }


def other_values(sides: tuple[int, ...], workers: int) -> Makers:
    """A value by name at each call, beside one in the operator."""
    f, out, numbers = random(sides), aligned(sides, "float64"), itertools.count()
    ours, kept = (gg.Grid((sides[0], STEP), boundary=[(gg.value(0.0, name=name), "reflect")]).laplacian for name in ("wall", None))  # fmt: skip
    return {
        "gridgrad": lambda: Contender(lambda: ours(f, out=out, wall=float(next(numbers)))),
        "gridgrad, kept": lambda: Contender(lambda: kept(f, out=out)),
    }


WALL_ROWS = (
    Row("Kuramoto-Sivashinsky, walls without flux, 512²", (512,) * 2, kuramoto_sivashinsky, (Goal('gridgrad, "reflect"', 1.1), Goal("py-pde", 0.25))),
    Row("laplacian, arrays on all sides, 512²", (512,) * 2, arrays_on_all_sides, (Goal("gridgrad, mirrors", 1.15),)),
    Row("laplacian, arrays on all sides, 200³", (200,) * 3, arrays_on_all_sides, (Goal("gridgrad, mirrors", 1.15),)),
    Row("another value at a wall, 100 points", (100,), other_values),
)  # fmt: skip
