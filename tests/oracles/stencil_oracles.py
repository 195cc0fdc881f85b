"""Oracles for stencils that share nothing with gridgrad: moment equations in rationals, dense matrices by loops."""

from __future__ import annotations

from fractions import Fraction
from math import factorial
from typing import Any

import numpy as np


def solve(matrix: list[list[Fraction]], right: list[Fraction]) -> list[Fraction]:
    """A linear system in rationals, by Gauss and Jordan."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for k in range(len(rows)):
        pivot = next(r for r in range(k, len(rows)) if rows[r][k] != 0)
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for r in range(len(rows)):
            if r != k and rows[r][k] != 0:
                rows[r] = [a - rows[r][k] * b for a, b in zip(rows[r], rows[k], strict=True)]
    return [row[-1] for row in rows]


def moment_weights(distances: list[Fraction], order: int) -> list[Fraction]:
    """Weights with ``sum_j w_j d_j^k = k! [k = order]`` for as many k as there are nodes."""
    powers = range(len(distances))
    return solve(
        [[d**k for d in distances] for k in powers],
        [Fraction(factorial(order) if k == order else 0) for k in powers],
    )


HALF = ("symmetric", "antisymmetric")  # mirrors about walls between points


class ExactAxis:
    """Positions and values beyond the ends, as the boundaries say, for any node number."""

    def __init__(self, x: list[Fraction], boundary: tuple[str, str], period: Fraction | None = None) -> None:
        self.x, self.n, self.boundary, self.period = x, len(x), boundary, period

    def position(self, node: int) -> Fraction:
        if 0 <= node < self.n:
            return self.x[node]
        if self.boundary[0] == "periodic":
            return self.x[node % self.n] + node // self.n * self.period
        end = 0 if node < 0 else self.n - 1
        beyond = 1 if node < 0 else -1
        if self.boundary[end > 0] in HALF:  # the wall lies half of the first step outside
            return 3 * self.x[end] - self.x[end + beyond] - self.x[2 * end - node - beyond]
        return 2 * self.x[end] - self.x[2 * end - node]

    def value(self, node: int) -> list[Fraction]:
        """The value at a node as coefficients of the values at the points."""
        basis = [Fraction(0)] * self.n
        if 0 <= node < self.n:
            basis[node] = Fraction(1)
        elif self.boundary[0] == "periodic":
            basis[node % self.n] = Fraction(1)
        else:
            end = 0 if node < 0 else self.n - 1
            word = self.boundary[0 if node < 0 else 1]
            odd = word.startswith("anti")
            if word in HALF:
                node -= 1 if end else -1
            else:
                basis[end] += 2 if odd else 0
            basis[2 * end - node] += -1 if odd else 1
        return basis

    def row(self, point: int, nodes: range, order: int) -> list[Fraction]:
        """The exact weight of each point's value in a row."""
        distances = [self.position(node) - self.x[point] for node in nodes]
        total = [Fraction(0)] * self.n
        for node, weight in zip(nodes, moment_weights(distances, order), strict=True):
            total = [t + factor * weight for t, factor in zip(total, self.value(node), strict=True)]
        return total


def nodes_of(
    point: int, n: int, order: int, accuracy: int | None, boundary: Any, edge_order: int, even: bool, side: int = 0
) -> range:  # fmt: skip
    """The nodes of a row, written down from docs/design/operators.md."""
    if side:
        reach = (accuracy, 0) if side < 0 else (0, accuracy)
    else:
        half = (order + 1) // 2  # the narrowest; an even order gains one by symmetry
        while accuracy is not None and 2 * half + 1 - order + (even and order % 2 == 0) < accuracy:
            half += 1
        reach = (half, half)
    end = 0 if point < reach[0] else 1 if point >= n - reach[1] else None
    if end is None or boundary[end] != "one-sided":
        return range(point - reach[0], point + reach[1] + 1)
    by_edge_order = not side and (accuracy is None or (order == 1 and accuracy == 2))
    count = min(order + edge_order, n) if by_edge_order else order + accuracy
    return range(count) if end == 0 else range(n - count, n)


def row_entries(stencil: Any, point: int) -> list[tuple[int, int, Any]]:
    """The pairs (a, b, weight) of one row of a stencil, with indices of points."""
    behind = point - stencil.length + len(stencil.trailing)
    if point < len(stencil.leading):
        return list(stencil.leading[point])
    if behind >= 0:
        return list(stencil.trailing[behind])
    return [
        (point + a, point + b, weight if np.ndim(weight) == 0 else weight[point])
        for (a, b), weight in zip(stencil.offsets, stencil.weights, strict=True)
    ]


def loop(stencil: Any, f: Any, faces: Any = None) -> Any:
    """The rows of a stencil along the first axis, pair by pair in their order: in float64 to the last bit.

    A pair with equal ends is a value. No interior row may have the short form.
    """
    result = np.zeros_like(f)
    for point in range(stencil.length):
        total = None
        for a, b, weight in row_entries(stencil, point):
            scaled = weight if faces is None else weight * ((faces[a] + faces[b]) * 0.5)
            value = scaled * (f[b] if stencil.values or a == b else f[b] - f[a])
            total = value if total is None else total + value
        result[point] = 0 if total is None else total
    return result


def rows_with_values(rng: Any, length: int, offsets: Any, values: bool = False, uneven: bool = False) -> Any:
    """Random weights; at both ends up to four rows of up to four pairs, differences and values."""
    from gridgrad._stencils.stencil import Stencil, in_one_piece

    reach = max((abs(end) for pair in offsets for end in pair), default=0)
    before, behind = rng.integers(max(1, reach), reach + 3, 2)
    weights = rng.standard_normal((len(offsets), length) if uneven else len(offsets))

    def row() -> Any:
        ends = rng.integers(0, length, (rng.integers(0, 5), 2)).tolist()
        ends = [(a, b if rng.random() < 0.5 else a) for a, b in ends]
        return tuple((a, b, rng.standard_normal()) for a, b in dict.fromkeys(ends))

    edges = [tuple(row() for _ in range(count)) for count in (before, behind)]
    return Stencil(length, offsets, in_one_piece(weights, len(offsets)), *edges, values)


def dense(stencil: Any) -> Any:
    """The matrix of a stencil by an explicit loop."""
    matrix = np.zeros((stencil.length, stencil.length))
    for point in range(stencil.length):
        for a, b, weight in row_entries(stencil, point):
            matrix[point, b] += weight
            if not stencil.values and a != b:
                matrix[point, a] -= weight
    return np.ldexp(matrix, stencil.power)


def read_by(block, start, stop, length):
    """The points that a part of an axis reads, of its rows `start` to ``stop - 1``: as slices, two round the end of a ring."""
    low, high = start - block.before, stop + block.after
    if low < 0:
        return slice(low + length, length), slice(0, high)
    if high > length:
        return slice(low, length), slice(0, high - length)
    return (slice(low, high),)


def own_rows(block):
    """Its rows in what the stencil makes: all else is halo."""
    return slice(block.before, block.stencil.length - block.after)
