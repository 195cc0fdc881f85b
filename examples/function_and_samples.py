"""A function and its samples: exact derivatives beside finite differences, and the error between them.

    sin x,   x^2 + sqrt(x),   x^3 + 5 x + y^2      with      cos x,   2 x + 1/(2 sqrt(x)),   (3 x^2 + 5, 2 y).

`gradient` takes either. Given the function it propagates truncated Taylor values, exact to rounding (Griewank and Walther,
Evaluating Derivatives, 2008, chapter 13). Given samples it takes the parabola through three of them, whose slope errs by
h_l h_r f'''/6 with h_l and h_r the steps to the left and right (Fornberg, Math. Comp. 51 (1988) 699).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from figures import COLOURS, colour_bar, field, page, plain, save
from helpers import EPS, check, parse
from matplotlib.ticker import NullFormatter

import gridgrad as gg


class Case(NamedTuple):
    """A function, its derivatives by hand, and where it is sampled."""

    name: str
    function: Callable[..., Any]
    known: Callable[..., tuple[Any, ...]]
    axes: tuple[np.ndarray, ...]


def cases(points: int) -> tuple[Case, ...]:
    """The second has points close to each other at the left, where the root is steep."""
    even = np.linspace(-2, 2, max(points // 4, 5))
    return (
        Case("sin x", np.sin, lambda x: (np.cos(x),), (np.linspace(-5, 5, points),)),
        Case("x² + √x", lambda x: x**2 + np.sqrt(x), lambda x: (2 * x + 0.5 / np.sqrt(x),),
             (np.linspace(0.2, np.sqrt(2), max(points // 4, 5)) ** 2,)),
        Case("x³ + 5x + y²", lambda x, y: x**3 + 5 * x + y**2, lambda x, y: (3 * x**2 + 5, 2 * y),
             (even, even)),
    )  # fmt: skip


class Slopes(NamedTuple):
    """Derivatives along each axis: by hand, of the function, and of its samples; and how they differ."""

    known: tuple[np.ndarray, ...]
    exact: tuple[np.ndarray, ...]
    sampled: tuple[np.ndarray, ...]

    def error(self, kind: str) -> list[np.ndarray]:
        """How far the "exact" or the "sampled" ones are from those by hand."""
        return [np.abs(found - true) for found, true in zip(getattr(self, kind), self.known, strict=True)]


def slopes(case: Case) -> Slopes:
    """The same call, with the function and with samples of it."""
    mesh = np.meshgrid(*case.axes, indexing="ij")
    exact = gg.gradient(case.function, *case.axes)
    sampled = gg.gradient(case.function(*mesh), *case.axes, edge_order=2)
    return Slopes(case.known(*mesh), *(a if isinstance(a, tuple) else (a,) for a in (exact, sampled)))


def check_case(case: Case, found: Slopes) -> gg.verify.Comparison:
    """Exact to rounding; of second order; and `compare` measures what is measured here by hand."""
    largest = max(np.abs(known).max() for known in found.known)
    apart = max(error.max() for error in found.error("exact"))
    check(f"{case.name}: exact derivatives against those by hand", apart, 8 * EPS * largest)
    told = gg.verify.compare(case.function, *case.axes)
    print(told)
    worst = max(error.max() for error in found.error("sampled"))
    difference = abs(worst - max(told.worst("inside"), told.worst("ends")))
    check(f"{case.name}: largest error, by hand and as compare tells it", difference, told.floor.ends)
    return told


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Both kinds of derivative of all three; the errors against theory; a figure."""
    arguments = parse("Functions and samples of them", argv, 200, "samples of sin x")
    made = cases(arguments.size)
    found = [slopes(case) for case in made]
    told = [check_case(case, slope) for case, slope in zip(made, found, strict=True)]

    wave, _, cubic = (case.axes[0] for case in made)
    # Both bounds hold for any h, as |f'''| <= 1 and f''' = 6; rounding comes on top of them.
    most = (wave[1] - wave[0]) ** 2 / 6
    check("sin x: error inside, at most h²/6", told[0].worst("inside"), most + told[0].floor.inside)
    square = (cubic[1] - cubic[0]) ** 2
    away = max(abs(told[2].worst("inside") - square), abs(told[2].worst("ends") - 2 * square))
    check("x³: distance of the error from h² inside and 2 h² at ends", away, told[2].floor.ends)
    check("y²: error, which is rounding", found[2].error("sampled")[1].max(), told[2].floor.ends)

    # At ends the term in h³ is not small until h is: the fourth derivative is tan 5 times the third there.
    sizes = [arguments.size * part for part in (2, 4, 8, 16)]
    first = gg.verify.convergence(np.sin, (-5, 5), sizes=sizes)
    print(first.require())
    # Differences of second order lose eps/h² to rounding, so that there is a best h.
    sizes = [arguments.size // 4 * 3**k for k in range(8)]
    second = gg.verify.convergence(np.sin, (-5, 5), operator="derivative", order=2, sizes=sizes)
    print(second.require())
    path = draw(made, found, (first, second), arguments.out)
    return {"slopes": found, "comparisons": told, "orders": (first, second), "figure": path}


def draw(made: Sequence[Case], found: Sequence[Slopes], refined: Sequence[Any], folder: Path) -> Path:
    """Functions and slopes above, errors below; at the right how the errors fall."""
    note = "gg.gradient(function, x) is exact; gg.gradient(samples, x) errs by h² f'''/6"
    figure, axes = page("A function and its samples", note, 4, 2, size=3.3, height=2.9)
    for case, slope, over, under in zip(made[:2], found, *axes, strict=False):
        (x,), few = case.axes, slice(None, None, max(len(case.axes[0]) // 25, 1))
        over.plot(x, case.function(x), color="#a9a9b6", linewidth=1, label="function")
        over.plot(x, slope.exact[0], color=COLOURS[0], label="its derivative, exact")
        over.plot(x[few], slope.sampled[0][few], "o", color=COLOURS[1], markersize=3.5, label="from samples")
        plain(over, case.name, "x", "", "upper left" if over is axes[0, 1] else None, square=False)
        errors(under, x, {"samples": slope.error("sampled")[0], "function": slope.error("exact")[0]})
    surface(axes[0, 2], made[2], found[2])
    (along_x, along_y), exact = found[2].error("sampled"), np.max(found[2].error("exact"), axis=0)
    worst = {"∂f/∂x, samples": along_x, "function": exact, "∂f/∂y, samples": along_y}
    errors(axes[1, 2], made[2].axes[0], {name: error.max(axis=1) for name, error in worst.items()})
    for levels, ax, name in zip(refined, axes[:, 3], ("cos x", "-sin x"), strict=True):
        steps = 10 * np.array(levels.lengths)
        for part, colour, mark in (("inside", COLOURS[1], "o-"), ("ends", COLOURS[2], "s-")):
            ax.loglog(steps, levels.errors(part), mark, color=colour, markersize=3.5, label=part)
        ax.loglog(steps, [level.floor.inside for level in levels.levels], ":", color="black", linewidth=1,
                  label="rounding")  # fmt: skip
        ax.xaxis.set_minor_formatter(NullFormatter())
        plain(ax, f"error of {name} as h falls", "h", "", "upper left" if "-" in name else None, square=False)
    return save(figure, folder, "function_and_samples")


def errors(ax: Any, x: np.ndarray, found: dict[str, np.ndarray]) -> None:
    """Errors along x; one of 0 is drawn at an eighth of eps, to have a place on the axis."""
    for (name, error), colour in zip(found.items(), (COLOURS[1], COLOURS[0], COLOURS[2]), strict=False):
        ax.semilogy(x, np.maximum(error, EPS / 8), ".-", color=colour, linewidth=0.7, ms=3, label=name)
    ax.set(ylim=(EPS / 20, 1))
    plain(ax, "error of the derivative", "x", "", "center right", square=False)


def surface(ax: Any, case: Case, slope: Slopes) -> None:
    """The function of two variables with its gradient."""
    x, y = case.axes
    colour_bar(
        ax, field(ax, x, y, case.function(x[:, None], y), f"{case.name} and its gradient", "viridis"), ""
    )
    few = slice(len(x) // 16, None, max(len(x) // 8, 1))
    ax.quiver(x[few], y[few], *(a[few, few].T for a in slope.exact), color="white", width=0.008)


if __name__ == "__main__":
    main()
