"""Rows with conditions at walls that share nothing with gridgrad: ghost points and moment equations in rationals."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import factorial
from typing import NamedTuple

import numpy as np
from stencil_oracles import moment_weights, solve

Weights = tuple[list[Fraction], Fraction]  # of the points, and of what is prescribed


class Wall(NamedTuple):
    """``a f + b df/dn = c`` at a distance from the first point, n pointing outwards; an axis is turned for its last."""

    a: Fraction
    b: Fraction
    distance: Fraction

    @property
    def is_held(self) -> bool:
        return not self.b and not self.distance


def ghost_row(x: list[Fraction], wall: Wall) -> Weights:
    """The second derivative at the first point, of a ghost point behind the wall that makes the condition hold."""
    s = 1 if x[1] > x[0] else -1
    h, n = x[1] - x[0], len(x)
    if wall.distance:  # value and slope at the wall by the point and its ghost, centred
        left = 2 * wall.distance * s
        of_ghost, of_point = wall.a / 2 + wall.b / abs(left), wall.a / 2 - wall.b / abs(left)
        ghost, c = {0: -of_point / of_ghost}, 1 / of_ghost
    else:  # the slope by the ghost and the second point, centred
        left = h
        slope = wall.b / (2 * abs(h))
        ghost, c = {1: Fraction(1), 0: -wall.a / slope}, 1 / slope
    total = (left + h) / 2
    row = [Fraction(0)] * n
    row[0] -= 1 / (left * total) + 1 / (h * total)
    row[1] += 1 / (h * total)
    for k, factor in ghost.items():
        row[k] += factor / (left * total)
    return row, c / (left * total)


def moment_row(x: list[Fraction], wall: Wall, point: int, order: int, count: int) -> Weights:
    """Exact for as many powers as there are unknowns: `count` points from the wall on, and the condition."""
    s = 1 if x[1] > x[0] else -1
    at = [node - x[point] for node in x[:count]]
    edge = x[0] - s * wall.distance - x[point]
    powers = range(count + 1)
    equations = [
        [*(d**k for d in at), wall.a * edge**k - s * wall.b * (k * edge ** (k - 1) if k else 0)]
        for k in powers
    ]
    found = solve(equations, [Fraction(factorial(order) if k == order else 0) for k in powers])
    return [*found[:count], *[Fraction(0)] * (len(x) - count)], found[count]


def held(row: list[Fraction], wall: Wall) -> Weights:
    """A row whose first point is read from the wall."""
    return [Fraction(0), *row[1:]], row[0] / wall.a


class Matrices(NamedTuple):
    """One derivative along an axis, as floats: of the points, and of what is prescribed at its two ends."""

    points: np.ndarray
    first: np.ndarray
    last: np.ndarray


def matrices(x: list[Fraction], walls: tuple[Wall | None, Wall | None], order: int, accuracy: int | None,
             balanced: bool = False, edge_order: int = 2) -> Matrices:  # fmt: skip
    """Rows of an axis whose ends are walls, or one-sided (None): exact rationals, rounded at the end."""
    n, even = len(x), len({b - a for a, b in pairwise(x)}) == 1
    half = 1 if accuracy is None else accuracy // 2 if even or order == 1 else accuracy // 2 + 1
    sides = [(list(x), walls[0], 1), ([-v for v in reversed(x)], walls[1], -1 if order == 1 else 1)]
    found = Matrices(np.zeros((n, n)), np.zeros(n), np.zeros(n))
    for point in range(n):
        side = 0 if point < half else 1 if point >= n - half else None
        if side is None:
            nodes = range(point - half, point + half + 1)
            row = _on(x, nodes, point, order)
            weights = {0: Fraction(0), 1: Fraction(0)}
        else:
            at, wall, sign = sides[side]
            own = point if side == 0 else n - 1 - point
            count = order + (edge_order if accuracy is None or (order == 1 and accuracy == 2) else accuracy)
            if wall is None or wall.is_held:
                row, c = _on(at, range(min(count, n)), own, order), Fraction(0)
                if balanced and own == 0:
                    row = (
                        [Fraction(0)] * n
                        if wall
                        else ghost_row(at, Wall(Fraction(0), Fraction(1), Fraction(0)))[0]
                    )
            elif order == 2 and accuracy is None:
                row, c = ghost_row(at, wall)
            else:
                row, c = moment_row(at, wall, own, order, order + (accuracy or 2) - 1)
            row = [sign * w for w in (row if side == 0 else row[::-1])]
            weights = {side: sign * c, 1 - side: Fraction(0)}
        for k, wall in enumerate(walls):
            place = (n - 1) * k
            if wall is not None and wall.is_held:
                weights[k] += row[place] / wall.a
                row[place] = Fraction(0)
        found.points[point] = [float(w) for w in row]
        found.first[point], found.last[point] = float(weights[0]), float(weights[1])
    return found


def _on(x: list[Fraction], nodes: range, point: int, order: int) -> list[Fraction]:
    row = [Fraction(0)] * len(x)
    for k, w in zip(nodes, moment_weights([x[k] - x[point] for k in nodes], order), strict=True):
        row[k] = w
    return row
