"""Orders of accuracy at walls, as docs/guide/walls.md states them: of rows by `verify`, of solutions by solving."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad as gg
from gridgrad import verify

SIZES = (24, 48, 96, 192)
# of first and second derivatives; beyond, rounding is larger than the error
SIXTH = {1: (32, 48, 64, 96), 2: (24, 32, 48, 64)}
# of third and fourth derivatives, by the accuracy
HIGHER = {None: (24, 48, 96), 4: (16, 24, 32, 48, 64), 6: (16, 20, 24, 32)}


def function(x):
    return np.exp(x) * np.sin(2 * x + 0.4)


def slope(x):
    return np.exp(x) * (np.sin(2 * x + 0.4) + 2 * np.cos(2 * x + 0.4))


def curvature(x):
    return np.exp(x) * (4 * np.cos(2 * x + 0.4) - 3 * np.sin(2 * x + 0.4))


def derivative(order):
    """Of `function`, the imaginary part of an exponential."""
    return lambda x: ((1 + 2j) ** order * np.exp((1 + 2j) * x + 0.4j)).imag


def walls(kind, places):
    """Both ends with what the function has at the walls 0 and 1."""

    def end(at, outward, wall):
        if kind == "robin":
            return gg.robin(2.0, 1.0, 2 * function(at) + outward * slope(at), wall=wall)
        return (
            gg.value(function(at), wall=wall) if kind == "value" else gg.slope(outward * slope(at), wall=wall)
        )

    return end(0.0, -1, places[0]), end(1.0, 1, places[1])


def on_points(n):
    return np.linspace(0, 1, n)


def in_cells(n):
    return (np.arange(n) + 0.5) / n


PLACES = {"point": (on_points, ("point", "point")), "cell": (in_cells, (0.0, 1.0))}
STRETCH = {"uniform": lambda s: s, "smooth": lambda s: s + 0.25 * np.sin(np.pi * s) / np.pi * s * (1 - s)}
WHERE = [(place, stretch) for place in PLACES for stretch in STRETCH]


@pytest.mark.parametrize(("place", "stretch"), WHERE)
@pytest.mark.parametrize("kind", ["value", "slope", "robin"])
@pytest.mark.parametrize(("order", "accuracy"), [(1, None), (1, 2), (1, 4), (2, None), (2, 2), (2, 4)])
def test_rows_at_walls_have_their_order(order, accuracy, kind, place, stretch):
    points, where = PLACES[place]
    is_balance = order == 2 and accuracy is None
    stated = (
        (accuracy or 2)
        if not is_balance
        else 2
        if (kind, place) == ("value", "point")
        else 0
        if kind == "value"
        else 1
    )
    found = verify.convergence(
        lambda x: np.exp(x) * np.sin(2 * x + 0.4), (0, 1), operator=lambda grid: grid.derivative(0, order, accuracy), sizes=SIZES,
        spacing=lambda n: STRETCH[stretch](points(n)), boundary=[walls(kind, where)], exact=slope if order == 1 else curvature,
        stated=((accuracy or 2), stated),
    )  # fmt: skip
    if order == 1 and stated == 2 and place == "point" and kind != "value":  # the slope is given there
        assert found.errors("ends")[-1] < 1e-12
        return
    found.require()
    assert found.order("ends") < stated + 0.6


@pytest.mark.parametrize(("place", "stretch"), WHERE)
@pytest.mark.parametrize("kind", ["value", "slope", "robin"])
@pytest.mark.parametrize("order", [1, 2])
def test_rows_of_accuracy_six_at_walls(order, kind, place, stretch):
    points, where = PLACES[place]
    found = verify.convergence(
        lambda x: np.exp(x) * np.sin(2 * x + 0.4), (0, 1), operator=lambda grid: grid.derivative(0, order, 6), sizes=SIXTH[order],
        spacing=lambda n: STRETCH[stretch](points(n)), boundary=[walls(kind, where)], exact=slope if order == 1 else curvature,
        stated=(6, 6),
    )  # fmt: skip
    assert 5.6 < found.order("ends") < 6.3, found


@pytest.mark.parametrize(("place", "stretch"), WHERE)
@pytest.mark.parametrize("kind", ["value", "slope", "robin"])
@pytest.mark.parametrize(("order", "accuracy"), [(3, None), (3, 4), (3, 6), (4, None), (4, 4)])
def test_higher_derivatives_have_their_accuracy_at_walls(order, accuracy, kind, place, stretch):
    points, where = PLACES[place]
    found = verify.convergence(
        function, (0, 1), operator=lambda grid: grid.derivative(0, order, accuracy), sizes=HIGHER[accuracy],
        spacing=lambda n: STRETCH[stretch](points(n)), boundary=[walls(kind, where)], exact=derivative(order),
        stated=(accuracy or 2, accuracy or 2),
    )  # fmt: skip
    assert abs(found.order("ends") - (accuracy or 2)) < 0.4, found


@pytest.mark.parametrize(("place", "stretch"), WHERE)
@pytest.mark.parametrize("kind", ["value", "slope", "robin"])
@pytest.mark.parametrize("accuracy", [None, 2, 4, 6])
def test_solutions_have_order_two_or_more(accuracy, kind, place, stretch):
    points, where = PLACES[place]
    errors = []
    sizes = (12, 24, 48) if accuracy == 6 else SIZES
    for n in sizes:
        x = STRETCH[stretch](points(n))
        grid = gg.Grid(x, boundary=[walls(kind, where)])
        A = grid.laplacian.with_(accuracy=accuracy)
        matrix, right = A.to_sparse().toarray(), curvature(x) - A.offset
        if kind == "value" and place == "point":  # the held points are no unknowns
            inner = np.linalg.solve(matrix[1:-1, 1:-1], right[1:-1])
            u = np.concatenate([[function(0.0)], inner, [function(1.0)]])
        elif kind == "slope":  # up to a constant
            whole = np.block([[matrix, np.ones((n, 1))], [grid.quadrature[0], 0.0]])
            u = np.linalg.solve(whole, [*right, (grid.quadrature[0] * function(x)).sum()])[:n]
        else:
            u = np.linalg.solve(matrix, right)
        errors.append(np.abs(u - function(x)).max())
    order = np.log(errors[0] / errors[-1]) / np.log(sizes[-1] / sizes[0])
    assert (
        (accuracy or 2) - 0.2 < order < {None: 2.3, 2: 4.3, 4: 6.3, 6: 8.3}[accuracy]
    )  # of 2 by five points, as these steps are rounded


def manufactured(kind, n, wall):
    """A field on a square with what it has on all sides, which meet in corners."""
    h = 1 / n if wall == "face" else 1 / (n - 1)
    at = (np.arange(n) + 0.5) * h if wall == "face" else np.arange(n) * h
    X, Y = np.meshgrid(at, at, indexing="ij")

    def u(x, y):
        return np.exp(x) * np.sin(y + 2 * x + 0.3)

    def side(axis, end):
        k = 1e-30 * 1j  # exact slopes by a complex step
        x, y = (np.full(n, float(end)), at) if axis == 0 else (at, np.full(n, float(end)))
        outward = 2 * end - 1
        normal = outward * ((u(x + k, y) if axis == 0 else u(x, y + k)).imag / 1e-30)
        v = {"value": u(x, y), "slope": normal, "robin": 2 * u(x, y) + normal}[kind]
        return gg.robin(2.0, 1.0, v, wall=wall) if kind == "robin" else getattr(gg, kind)(v, wall=wall)

    grid = gg.Grid((n, h), (n, h), boundary=[(side(0, 0), side(0, 1)), (side(1, 0), side(1, 1))])
    mixed = np.exp(X) * (np.cos(Y + 2 * X + 0.3) - 2 * np.sin(Y + 2 * X + 0.3))
    return grid, u(X, Y), mixed


@pytest.mark.parametrize("wall", ["point", "face"])
@pytest.mark.parametrize("kind", ["value", "slope", "robin"])
def test_corners_of_mixed_derivatives_are_of_order_two(kind, wall):
    errors = []
    for n in (16, 32, 64):
        grid, u, exact = manufactured(kind, n, wall)
        wrong = np.abs(grid.mixed_derivative(0, 1)(u) - exact)
        errors.append(max(wrong[i, j] for i in (0, 1, -2, -1) for j in (0, 1, -2, -1)))
    assert np.log2(errors[0] / errors[-1]) / 2 > 1.7
