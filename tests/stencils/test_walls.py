"""Rows with values, slopes and mixtures prescribed at walls, against ghost points and moments in rationals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from oracles import fractions
from stencil_oracles import moment_weights, row_entries
from walls import Wall, ghost_row, held, moment_row

from gridgrad._base.errors import ArgumentValueError
from gridgrad._stencils.derivatives import Rule, derivative_rows, points_needed
from gridgrad._stencils.ends import ONE_SIDED, REFLECT, Prescribed
from gridgrad._stencils.wide import exact_steps, narrow

EPS = np.finfo(float).eps
KINDS = {"value": (2, 0), "slope": (0, 1), "robin": (3, 0.5)}
PLACES = {"point": 0.0, "face": None, "position": 0.3}
GRIDS = {
    "step": lambda rng, n: 0.375 * np.arange(n),
    "random": lambda rng, n: np.cumsum(rng.uniform(0.2, 1.5, n)),
    "decreasing": lambda rng, n: -np.cumsum(rng.uniform(0.2, 1.5, n)),
}


def end_of(kind, place):
    a, b = map(Fraction, KINDS[kind])
    distance = PLACES[place]
    return Prescribed(a, b, None if distance is None else Fraction(distance))


def wall_of(end, x):
    distance = abs(x[1] - x[0]) / 2 if end.distance is None else end.distance
    return Wall(end.a, end.b, distance)


def weights_of(rows, point, side):
    """What a row reads: the weight of each point, and of what is prescribed at the two ends."""
    got = np.zeros(rows.field.length)
    for a, b, weight in row_entries(rows.field, point):
        got[b] += weight
        got[a] -= weight if a != b else 0
    ends = [sum(w for *_, w in row_entries(s, point)) if s else 0.0 for s in rows[1:]]
    return got, ends[side], ends[1 - side]


def expected(x, end, rule, point, reach):
    """The exact row of a point near a wall at the first point, from which it reads so far on both sides; None of an interior one."""
    wall, order, accuracy = wall_of(end, x), rule.order, rule.accuracy
    half, behind = reach
    if end.is_held:
        if point >= half + 1:
            return None
        nodes = range(rule.one_sided_points()) if point < half else range(point - half, point + behind + 1)
        row = [Fraction(0)] * len(x)
        for k, w in zip(nodes, moment_weights([x[k] - x[point] for k in nodes], order), strict=True):
            row[k] = w
        return held(row, wall)
    if point >= half:
        return None
    if order == 2 and accuracy is None:
        return ghost_row(x, wall)
    return moment_row(x, wall, point, order, order + (accuracy or 2) - 1)


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("order", "accuracy", "toward"),
    [
        *((o, a, 0) for o in (1, 2, 3, 4) for a in (None, 2, 4, 6)),
        *((1, a, s) for a in (1, 2) for s in (-1, 1)),
    ],
)
@pytest.mark.parametrize("side", [0, 1])
def test_rows_are_the_exact_ones(rng, side, order, accuracy, toward, kind, place, grid):
    n = 12
    x = GRIDS[grid](rng, n)
    end = end_of(kind, place)
    boundary = (end, ONE_SIDED) if side == 0 else (ONE_SIDED, end)
    rule = Rule(order, accuracy, boundary, 2, toward)
    reach = rule.reach(grid == "step")
    steps = narrow(np.diff(x)[0]) if grid == "step" else exact_steps(x)
    rows = derivative_rows(steps, n, rule)
    exact = fractions(x) if side == 0 else [-v for v in reversed(fractions(x))]
    for k in range(4):
        want = expected(exact, end, rule, k, reach if side == 0 else reach[::-1])
        if want is None:
            continue
        got, prescribed, other = weights_of(rows, k if side == 0 else n - 1 - k, side)
        points, c = want
        sign = -1 if side and order % 2 else 1  # the axis was turned
        points = np.array([float(w) for w in (points if side == 0 else points[::-1])])
        scale = np.abs(points).sum() + abs(float(c))
        assert np.abs(got - sign * points).max() <= 4 * EPS * scale
        assert abs(prescribed - sign * float(c)) <= EPS * abs(float(c))
        assert other == 0
    assert rows[2 - side] is None


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_two_points_are_enough(kind, place, order):
    end = end_of(kind, place)
    rule = Rule(order, None, (end, REFLECT))
    needed = points_needed(rule)
    assert needed == (3 if end.is_held and order == 2 else 2)
    rows = derivative_rows(narrow(0.5), needed, rule)
    assert len(rows.field.leading) + len(rows.field.trailing) <= needed


def test_what_a_held_point_holds_is_not_read():
    end = Prescribed(Fraction(1), Fraction(0))
    for order in (1, 2):
        for accuracy in (None, 2, 4, 6):
            rows = derivative_rows(narrow(0.5), 12, Rule(order, accuracy, (end, end)))
            read = {
                place for point in range(12) for a, b, _ in row_entries(rows.field, point) for place in (a, b)
            }
            assert read == set(range(1, 11))


def test_a_condition_that_decides_nothing():
    end = Prescribed(Fraction(4), Fraction(-1), None)  # a / 2 + b / h = 0
    with pytest.raises(ArgumentValueError, match="give a and b of one sign"):
        derivative_rows(narrow(0.5), 9, Rule(2, None, (end, ONE_SIDED)))
