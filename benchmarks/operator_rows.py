"""What benchmarks/operators.py measures: for each row its contenders, and the figure that gridgrad is to reach.

A contender is a call without arguments and the values it must give; `None` is a yardstick that computes something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from cases import aligned
from peers import Call, need, stream

import gridgrad as gg

STEP = 0.5
GRAY_SCOTT = {"spread_u": 0.16, "spread_v": 0.08, "feed": 0.06, "kill": 0.062}


class Contender(NamedTuple):
    """A call; `values` takes from its result what is compared with `expected`, all but two points at each end."""

    call: Call
    expected: Any = None
    values: Callable[[Any], Any] = np.asarray


class Goal(NamedTuple):
    """gridgrad takes at most this many times as long as a contender; of None, at most this many seconds."""

    of: str | None
    at_most: float


Makers = dict[str, Callable[[], Contender]]  # gridgrad first; each may raise Skip


@dataclass(frozen=True)
class Row:
    """A row of the table: `make(sides, workers)` gives its contenders."""

    name: str
    sides: tuple[int, ...]
    make: Callable[[tuple[int, ...], int], Makers]
    goals: tuple[Goal, ...] = ()


def random(sides: tuple[int, ...], count: int | None = None) -> np.ndarray:
    """A field, or `count` of them in one array, in aligned memory."""
    f = aligned(sides if count is None else (count, *sides), "float64")
    np.random.default_rng(7).random(out=f)
    return f


def uneven(sides: tuple[int, ...]) -> list[np.ndarray]:
    """Random increasing coordinates of each axis."""
    rng = np.random.default_rng(8)
    return [np.cumsum(rng.uniform(0.5, 1.5, n)) for n in sides]


def even(sides: tuple[int, ...]) -> gg.Grid:
    """A grid with one step."""
    return gg.Grid(*[(n, STEP) for n in sides])


def stacked(parts: Iterable[Any]) -> np.ndarray:
    """The numbers of a vector field, however it came."""
    return np.stack([np.asarray(getattr(part, "magnitude", part)) for part in parts])


def laplacian_3d(sides: tuple[int, ...], workers: int) -> Makers:
    f, out = random(sides), aligned(sides, "float64")
    operator, weight = even(sides).laplacian, STEP**-2
    expected = operator(f)

    def rolled() -> Any:
        return weight * (sum(np.roll(f, k, axis) for axis in range(3) for k in (1, -1)) - 6 * f)

    def loop() -> Contender:
        need("numba").set_num_threads(workers)
        from numba_loops import compiled, laplacian3

        run = compiled(laplacian3, True)
        return Contender(lambda: run(f, weight, out), expected, lambda _: out)

    def scipy() -> Contender:
        laplace = need("scipy.ndimage").laplace
        return Contender(lambda: laplace(f, output=out), expected, lambda _: weight * out)

    return {
        "gridgrad": lambda: Contender(lambda: operator(f, out=out, workers=workers), expected),
        "np.gradient": lambda: Contender(lambda: np.gradient(f, STEP)),
        "np.roll": lambda: Contender(rolled, expected),
        "scipy.ndimage": scipy,
        "numba loop": loop,
        "findiff": lambda: Contender(findiff("Laplacian", f, h=[STEP] * 3), expected),
        "py-pde": lambda: Contender(pde("laplace", f, out, workers), expected),
        "ceiling": lambda: Contender(stream([f], [out], workers)),
    }


def laplacian_uneven(sides: tuple[int, ...], workers: int) -> Makers:
    f, out, x = random(sides), aligned(sides, "float64"), uneven(sides)
    grid = gg.Grid(*x)
    compact, accurate = grid.laplacian, grid.laplacian.with_(accuracy=2)
    second = accurate(f)
    return {
        "gridgrad": lambda: Contender(lambda: compact(f, out=out, workers=workers), compact(f)),
        "gridgrad, accuracy=2": lambda: Contender(lambda: accurate(f, out=out, workers=workers), second),
        "np.gradient": lambda: Contender(lambda: np.gradient(f, *x)),
        "findiff": lambda: Contender(findiff("Laplacian", f, coords=x), second),
        "ceiling": lambda: Contender(stream([f], [out], workers)),
    }


def divergence_3d(sides: tuple[int, ...], workers: int) -> Makers:
    F, out = random(sides, 3), aligned(sides, "float64")
    operator = even(sides).divergence
    expected = operator(F)

    def composed() -> Any:
        return sum(np.gradient(F[a], STEP, axis=a) for a in range(3))

    return {
        "gridgrad": lambda: Contender(lambda: operator(F, out=out, workers=workers), expected),
        "np.gradient": lambda: Contender(composed, expected),
        "findiff": lambda: Contender(findiff("Divergence", F, h=[STEP] * 3, acc=2), expected),
        "py-pde": lambda: Contender(pde("divergence", F, out, workers), expected),
        "ceiling": lambda: Contender(stream(list(F), [out], workers)),
    }


def curl_3d(sides: tuple[int, ...], workers: int) -> Makers:
    F, out = random(sides, 3), aligned((3, *sides), "float64")
    operator = even(sides).curl
    expected = operator(F)

    def d(component: int, axis: int) -> Any:
        return np.gradient(F[component], STEP, axis=axis)

    def composed() -> Any:
        return d(2, 1) - d(1, 2), d(0, 2) - d(2, 0), d(1, 0) - d(0, 1)

    return {
        "gridgrad": lambda: Contender(lambda: operator(F, out=out, workers=workers), expected),
        "np.gradient": lambda: Contender(composed, expected),
        "findiff": lambda: Contender(findiff("Curl", F, h=[STEP] * 3, acc=2), expected),
        "ceiling": lambda: Contender(stream(list(F), list(out), workers)),
    }


def adjoint_3d(sides: tuple[int, ...], workers: int, uniform: bool = True) -> Makers:
    """The adjoint of the gradient, three fields to one, beside the gradient, one field to three."""
    F, f = random(sides, 3), aligned(sides, "float64")
    outs = aligned((3, *sides), "float64")
    operator = (even(sides) if uniform else gg.Grid(*uneven(sides))).gradient
    expected = operator.T(F)
    return {
        "gridgrad": lambda: Contender(lambda: operator.adjoint(F, out=f, workers=workers), expected),
        "forward": lambda: Contender(lambda: operator(F[0], out=outs, workers=workers)),
        "ceiling": lambda: Contender(stream(list(F), [f], workers)),
    }


def laplacian_2d(sides: tuple[int, ...], workers: int) -> Makers:
    f, out = random(sides), aligned(sides, "float64")
    operator = even(sides).laplacian
    expected = operator(f)

    def metpy() -> Contender:
        laplacian = need("metpy.calc").laplacian
        return Contender(lambda: laplacian(f, deltas=(STEP, STEP)), expected, lambda r: r.magnitude)

    return {
        "gridgrad": lambda: Contender(lambda: operator(f, out=out), expected),
        "gridgrad, fresh": lambda: Contender(lambda: operator(f), expected),
        "findiff": lambda: Contender(findiff("Laplacian", f, h=[STEP] * 2), expected),
        "py-pde": lambda: Contender(pde("laplace", f, out, workers), expected),
        "MetPy": metpy,
    }


def gradient_2d(sides: tuple[int, ...], workers: int) -> Makers:
    f, outs = random(sides), aligned((2, *sides), "float64")
    operator = even(sides).gradient
    expected = stacked(operator(f))

    def metpy() -> Contender:
        gradient = need("metpy.calc").gradient
        return Contender(lambda: gradient(f, deltas=(STEP, STEP)), expected, stacked)

    return {
        "gridgrad": lambda: Contender(lambda: operator(f, out=outs), expected),
        "gridgrad, fresh": lambda: Contender(lambda: operator(f), expected, stacked),
        "np.gradient": lambda: Contender(lambda: np.gradient(f, STEP), expected, stacked),
        "findiff": lambda: Contender(findiff("Gradient", f, h=[STEP] * 2, acc=2), expected),
        "py-pde": lambda: Contender(pde("gradient", f, outs, workers), expected),
        "MetPy": metpy,
    }


def divergence_2d(sides: tuple[int, ...], workers: int) -> Makers:
    F, out = random(sides, 2), aligned(sides, "float64")
    operator = even(sides).divergence
    expected = operator(F)

    def metpy() -> Contender:
        divergence, units = need("metpy.calc").divergence, need("metpy.units").units
        v, u = F * units("m/s")  # rows run along y
        step = STEP * units("m")
        return Contender(lambda: divergence(u, v, dx=step, dy=step), expected, lambda r: r.magnitude)

    return {
        "gridgrad": lambda: Contender(lambda: operator(F, out=out), expected),
        "gridgrad, fresh": lambda: Contender(lambda: operator(F), expected),
        "findiff": lambda: Contender(findiff("Divergence", F, h=[STEP] * 2, acc=2), expected),
        "py-pde": lambda: Contender(pde("divergence", F, out, workers), expected),
        "MetPy": metpy,
    }


def hundred_points(sides: tuple[int, ...], workers: int) -> Makers:
    f, out = random(sides), aligned(sides, "float64")
    operator = even(sides).gradient
    expected = operator(f)
    return {
        "gridgrad": lambda: Contender(lambda: operator(f, out=out), expected),
        "np.gradient": lambda: Contender(lambda: np.gradient(f, STEP), expected),
        "findiff": lambda: Contender(findiff("Gradient", f, h=[STEP], acc=2), expected, np.squeeze),
    }


def gray_scott(sides: tuple[int, ...], workers: int) -> Makers:
    """Explicit Euler, as gray_scott_steps.py writes it; both start from the same state."""
    from gray_scott_steps import InPlace, rolled_step, start

    ours, (u, v) = InPlace(sides, **GRAY_SCOTT), start(sides)
    rolled_step(u, v, **GRAY_SCOTT)
    expected = np.stack([u, v])
    theirs = start(sides)
    return {
        "gridgrad": lambda: Contender(ours.step, expected, lambda _: np.stack([ours.u, ours.v])),
        "np.roll": lambda: Contender(
            lambda: rolled_step(*theirs, **GRAY_SCOTT), expected, lambda _: np.stack(theirs)
        ),
    }


def matrix_2d(sides: tuple[int, ...], workers: int) -> Makers:
    """The laplacian as a sparse matrix; compared by what it makes of a field."""
    f = random(sides)
    operator = even(sides).laplacian
    expected = operator(f)

    def applied(matrix: Any) -> np.ndarray:
        return (matrix @ f.ravel()).reshape(sides)

    def theirs() -> Contender:
        Diff = need("findiff").Diff
        laplacian = Diff(0, STEP) ** 2 + Diff(1, STEP) ** 2
        return Contender(lambda: laplacian.matrix(sides), expected, applied)

    return {
        "gridgrad": lambda: Contender(operator.to_sparse, expected, applied),
        "findiff": theirs,
    }


def made_each_step(sides: tuple[int, ...], workers: int) -> Makers:
    """A step with a velocity, its operator made anew or once; without `workers`, as simulations call it."""
    f, u, v, out = random(sides), random(sides), random(sides), aligned(sides, "float64")
    grid = even(sides)
    heat = grid.identity + 0.01 * grid.laplacian
    kept = heat - 0.1 * grid.advect((u, v))
    expected = kept(f)

    def anew() -> Any:
        return (heat - 0.1 * grid.advect((u, v)))(f, out=out)

    return {
        "gridgrad": lambda: Contender(anew, expected),
        "made once": lambda: Contender(lambda: kept(f, out=out), expected),
    }


def findiff(name: str, f: np.ndarray, **options: Any) -> Call:
    """One of findiff's operators on `f`; its outputs are fresh."""
    operator = getattr(need("findiff"), name)(**options)
    return lambda: operator(f)


def pde(name: str, f: np.ndarray, out: np.ndarray, workers: int) -> Call:
    """One of py-pde's operators, compiled by numba, into `out`."""
    library = need("pde")
    need("numba").set_num_threads(workers)
    sides = f.shape if name != "divergence" else f.shape[1:]
    grid = library.CartesianGrid([[0, STEP * n] for n in sides], sides)
    operator = grid.make_operator(name, bc="derivative", backend="numba", dtype=f.dtype)
    return lambda: operator(f, out=out)


CUBE, SQUARE = (300,) * 3, (1024,) * 2
NEAR_CEILING, NEAR_FORWARD, SIX_TIMES = Goal("ceiling", 1.3), Goal("forward", 1.2), Goal("findiff", 1 / 6)

ROWS = (
    Row("laplacian, 300³", CUBE, laplacian_3d, (Goal("np.gradient", 0.05), Goal("py-pde", 1), Goal("findiff", 1))),
    Row("laplacian, 300³, non-uniform", CUBE, laplacian_uneven),
    Row("divergence, 300³", CUBE, divergence_3d, (NEAR_CEILING,)),
    Row("curl, 300³", CUBE, curl_3d, (NEAR_CEILING,)),
    Row("adjoint of the gradient, 300³", CUBE, adjoint_3d, (NEAR_FORWARD,)),
    Row("same, non-uniform", CUBE, partial(adjoint_3d, uniform=False), (NEAR_FORWARD,)),
    Row("laplacian, 1024²", SQUARE, laplacian_2d, (SIX_TIMES,)),
    Row("gradient, 1024²", SQUARE, gradient_2d, (SIX_TIMES,)),
    Row("divergence, 1024²", SQUARE, divergence_2d, (SIX_TIMES,)),
    Row("gradient, 100 points", (100,), hundred_points, (Goal("np.gradient", 0.3),)),
    Row("Gray-Scott step, 512²", (512,) * 2, gray_scott, (Goal("np.roll", 0.25),)),
    Row("step made anew, 41²", (41,) * 2, made_each_step, (Goal("made once", 1.3),)),
    Row("step made anew, 512²", (512,) * 2, made_each_step, (Goal("made once", 1.02),)),
    Row("laplacian as a sparse matrix, 512²", (512,) * 2, matrix_2d, (Goal(None, 0.2),)),
)  # fmt: skip
