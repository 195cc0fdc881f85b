"""The order of convergence of every derivative and operator, interior and edges apart, from both sides."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import GRIDS

import gridgrad as gg

REFINEMENTS = (65, 97, 129, 193)
RULES = [(1, None, 1), (1, None, 2), (2, None, 1), (2, None, 2), (1, 2, 2), (1, 4, 2), (1, 6, 2), (2, 2, 2), (2, 4, 2), (2, 6, 2)]
ENDS = [
    ("one-sided", "one-sided"), ("periodic", "periodic"), ("symmetric", "symmetric"), ("antisymmetric", "antisymmetric"),
    ("symmetric", "antisymmetric"), ("antisymmetric", "one-sided"), ("one-sided", "symmetric"),
]  # fmt: skip
LONG = np.longdouble  # its rounding is far below the smallest error


def half_width(order, accuracy, grid):
    """Neighbours at each side of a centred row, from the docstring of `derivative_stencil`."""
    return 1 if accuracy is None or order + accuracy == 3 else accuracy // 2 + (order == 2 and grid != "uniform")


def wave(ends):
    """A function of [0, 1] that is even or odd where the boundaries say so: the number of turns, and its phase."""
    phase = {"symmetric": 0.25, "antisymmetric": 0.0, "one-sided": 0.1, "periodic": 0.1}[ends[0]]
    if ends[0] == "periodic":
        return 3.0, phase
    if "one-sided" not in ends:
        return (3.0 if ends[0] == ends[1] else 2.75), phase
    if ends[0] != "one-sided":
        return 2.45, phase
    return 2.45, {"symmetric": 0.25, "antisymmetric": 0.0, "one-sided": 0.1}[ends[1]] - 2.45


def samples(x, turns, phase, order):
    """``sin(2 pi (turns x + phase))`` or a derivative of it."""
    k = 2 * LONG("3.14159265358979323846264") * LONG(turns)
    return k**order * np.sin(k * x + 2 * LONG("3.14159265358979323846264") * (LONG(phase) + LONG(order) / 4))


def errors(x, rule, ends, f, uniform, period):
    """Of the rule on positions x, of a function of (x, order)."""
    order, accuracy, edge_order = rule
    spacing = (len(x), x[1] - x[0], x[0]) if uniform else x
    period = None if uniform or ends[0] != "periodic" else period
    axis = gg.Grid(spacing, boundary=[ends], period=period, edge_order=edge_order, dtype=LONG)
    return axis.derivative(0, order, accuracy)(f(x, 0)) - f(x, order)


def points(grid, n):
    """Positions on [0, 1], 1 included."""
    x = GRIDS[grid](n)
    x[-1] = 1
    return x


def slope(lengths, values):
    """Of the logarithm of an error over that of a length."""
    return np.polyfit(np.log(np.array(lengths, float)), np.log(np.array(values, float)), 1)[0]


@pytest.mark.parametrize("ends", ENDS, ids=" | ".join)
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_inside(rule, grid, ends):
    inner = []
    for n in REFINEMENTS:
        x = points(grid, n + 1)[:-1] if ends[0] == "periodic" else points(grid, n)
        error = errors(x, rule, ends, lambda x, order: samples(x.astype(LONG), *wave(ends), order), grid == "uniform", 1.0)
        inner.append(np.sqrt(np.mean(error[n // 4 : -n // 4] ** 2)))
    # Where steps vary smoothly a centred row gains an order; a second derivative on random steps does not.
    expected = 2 * half_width(*rule[:2], grid) - (rule[0] == 2 and grid == "random")
    print("IN", expected, slope([1 / n for n in REFINEMENTS], inner))


def end_order(rule, name, grid):
    """Of the first row; None where it is exact because the derivative is odd there."""
    order, accuracy, edge_order = rule
    if name == "one-sided":
        return edge_order if accuracy is None or order + accuracy == 3 else accuracy
    return None if (name == "symmetric") == (order == 1) else 2 * half_width(order, accuracy, grid)


@pytest.mark.parametrize("end", ["one-sided", "symmetric", "antisymmetric"])
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_ends(rule, grid, end):
    x = points(grid, 13)
    phase = {"symmetric": 0.25, "antisymmetric": 0.0, "one-sided": 0.1}[end]
    expected = end_order(rule, end, grid)
    half = half_width(*rule[:2], grid)
    scales = [0.5, 0.25, 0.125] if (expected or 0) < 6 else [4, 2, 1]
    for name, positions in (("first", x), ("last", 1 - x[::-1])):
        rows = []
        for scale in scales:
            f = lambda x, order: samples(x, 0.2, phase, order)
            ends = (end, "one-sided")
            there = scale * positions.astype(LONG)
            if name == "last":
                there, ends = -there[::-1], ends[::-1]
            rows.append(abs(errors(there, rule, ends, f, grid == "uniform", None)))
        rows = np.array(rows)
        if name == "last":
            rows = rows[:, ::-1]
        if expected is None:
            assert rows[:, 0].max() <= 1e-16, rows[:,0]
            continue
        print(name, expected, slope(scales, rows[:, 0]))
        if end == "one-sided":
            for k in range(1, half): print("further", expected, slope(scales, rows[:, k]))
