"""Rows of benchmarks/operators.py on grids with gaps: what rows beside them cost over the sweep of the whole grid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from cases import aligned
from operator_rows import STEP, Contender, Goal, Makers, Row, random

import gridgrad as gg


def island(n: int) -> np.ndarray:
    """All around one that is a quarter of the side wide."""
    x, y = np.mgrid[:n, :n]
    return (x - 0.4 * n) ** 2 + (y - 0.5 * n) ** 2 > (n / 8) ** 2


def coast(n: int, weight: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Seven tenths of a plane of random height, whose waves of a square of their number have this weight."""
    k = np.fft.fftfreq(n)
    waves = np.fft.fft2(random((n, n)) - 0.5) * weight(k[:, None] ** 2 + k**2 + 1 / n**2)
    height = np.fft.ifft2(waves).real
    return height > np.quantile(height, 0.3)


MASKS: dict[str, Callable[[int], np.ndarray]] = {
    "an island": island,
    "smooth coasts": lambda n: coast(n, lambda square: np.exp(-square * 8000)),
    "ragged coasts": lambda n: coast(n, lambda square: square**-0.75),
    "one point in ten missing": lambda n: random((n, n)) > 0.1,
}
BESIDE = {"": "one-sided", ", a number beside": 2.0, ", an array beside": None}


def laplacian(mask: str, beside: object) -> Callable[[tuple[int, ...], int], Makers]:
    """That with gaps, beside that without."""

    def make(sides: tuple[int, ...], workers: int) -> Makers:
        inside, out = MASKS[mask](sides[0]), aligned(sides, "float64")
        f = np.where(inside, random(sides), np.nan)
        grid = gg.Grid(*[(n, STEP) for n in sides])
        given = random(sides) if beside is None else beside
        ends = given if isinstance(given, str) else gg.value(given, wall="face")
        ours, whole = grid.with_mask(inside, boundary=ends).laplacian, grid.laplacian
        expected = np.where(inside, ours(f), 0)
        return {
            "gridgrad": lambda: Contender(lambda: ours(f, out=out, workers=workers), expected),
            "gridgrad, no gaps": lambda: Contender(lambda: whole(f, out=out, workers=workers)),
        }

    return make


def along_columns(sides: tuple[int, ...], workers: int) -> Makers:
    """The derivative by height along columns of which the lower levels are below the ground, beside that of all levels."""
    levels, *plane = sides
    heights = np.cumsum(0.5 + random(sides), axis=0)
    inside, out = heights > levels / 4 * random(tuple(plane)), aligned(sides, "float64")
    f = np.where(inside, random(sides), np.nan)
    grid = gg.Grid(heights, *[(n, STEP) for n in plane])
    ours, whole = grid.with_mask(inside).derivative(0), grid.derivative(0)
    expected = np.where(inside, ours(f), 0)
    return {
        "gridgrad": lambda: Contender(lambda: ours(f, out=out, workers=workers), expected),
        "gridgrad, no gaps": lambda: Contender(lambda: whole(f, out=out, workers=workers)),
    }


MASK_ROWS = (
    *(
        Row(
            f"laplacian, {mask}{words}, {n}²",
            (n, n),
            laplacian(mask, beside),
            (Goal("gridgrad, no gaps", 1.5),),
        )
        for n in (512, 2048)
        for mask in MASKS
        for words, beside in BESIDE.items()
    ),
    Row(
        "derivative by heights of columns above terrain, 50 x 300 x 300",
        (50, 300, 300),
        along_columns,
        (Goal("gridgrad, no gaps", 1.5),),
    ),
)
