"""Rows with conditions at walls that share nothing with gridgrad: ghost points and moment equations in rationals."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from stencil_oracles import solve

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
    found = solve(equations, [Fraction(order if k == order else 0) for k in powers])
    return [*found[:count], *[Fraction(0)] * (len(x) - count)], found[count]


def held(row: list[Fraction], wall: Wall) -> Weights:
    """A row whose first point is read from the wall."""
    return [Fraction(0), *row[1:]], row[0] / wall.a
