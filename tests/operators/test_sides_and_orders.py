"""Derivatives to one side, and of orders 3 and 4: values by hand, orders of accuracy, adjoints."""

import numpy as np
import pytest
from oracles import GRIDS

import gridgrad as gg

LONG = np.longdouble
X = np.array([0.0, 1.0, 3.0, 4.0])
SCALES = {
    6: (2, 1),
    4: (0.5, 0.25),
    2: (0.125, 0.0625),
    1: (0.125, 0.0625),
    None: (0.125, 0.0625),
}  # above rounding
HIGHER = [(order, accuracy, {}) for order in (3, 4) for accuracy in (None, 2, 4, 6)]
SIDED = [(1, accuracy, {"side": side}) for side in ("left", "right") for accuracy in (1, 2)]


def sine(quarters):
    """With a phase of so many quarter turns; its derivatives have one more each."""
    return lambda x, order: np.sin(x + (quarters + order) * LONG("1.57079632679489661923"))


def largest_error(rule, spacing, boundary, function):
    """Of all rows; the function is of positions and an order."""
    order, accuracy, options = rule
    grid = gg.Grid(spacing, boundary=boundary, dtype=LONG)
    f, exact = (function(grid.coordinates[0], n) for n in (0, order))
    return np.abs(grid.derivative(0, order, accuracy, **options)(f) - exact).max()


@pytest.mark.parametrize("kind", ["uniform", "random"])
@pytest.mark.parametrize("rule", HIGHER + SIDED, ids=str)
def test_the_largest_error_falls_with_the_accuracy(rule, kind):
    """On the same points, scaled as a whole: each row keeps its own order, those at ends too."""
    order, accuracy, _ = rule
    x = GRIDS[kind](24).astype(LONG)
    x = x - x[0]
    found = []
    for scale in SCALES[accuracy]:
        spacing = (24, scale * x[1]) if kind == "uniform" else scale * x
        found.append(largest_error(rule, spacing, "one-sided", lambda x, order: np.exp(x - x[-1])))
    stated = accuracy or (1 if kind == "random" and order == 4 else 2)
    assert stated - 0.3 <= np.log2(found[0] / found[1]) <= stated + 0.3


@pytest.mark.parametrize(("end", "quarters"), [("reflect", 1), ("antireflect", 0)])
@pytest.mark.parametrize("kind", ["uniform", "stretched"])
@pytest.mark.parametrize("rule", HIGHER + SIDED, ids=str)
def test_mirrors_keep_the_accuracy(rule, kind, end, quarters):
    accuracy = rule[1]
    found = []
    for n in (23, 45) if accuracy == 6 else (33, 65):
        s = np.linspace(LONG(0), LONG(1), n)
        spacing = (n, s[1]) if kind == "uniform" else s + s**2 / 4
        found.append(largest_error(rule, spacing, (end, "one-sided"), sine(quarters)))
    stated = accuracy or 2
    assert stated - 0.35 <= np.log2(found[0] / found[1]) <= stated + 0.35


@pytest.mark.parametrize(("order", "accuracy"), [(o, a) for o in (3, 4) for a in (None, 4, 6)])
def test_waves_round_a_ring_have_the_symbol_of_the_row(order, accuracy):
    """The standard rows, written down from Fornberg (1988), table 1."""
    rows = {
        (3, None): [-1, 1 / 2], (3, 4): [-13 / 8, 1, -1 / 8], (3, 6): [-61 / 30, 169 / 120, -3 / 10, 7 / 240],
        (4, None): [6, -4, 1], (4, 4): [28 / 3, -13 / 2, 2, -1 / 6], (4, 6): [91 / 8, -122 / 15, 169 / 60, -2 / 5, 7 / 240],
    }  # fmt: skip
    weights, n = rows[order, accuracy], 20
    h = 2 * np.pi / n
    x = h * np.arange(n)
    if order == 3:
        symbol = sum(2 * w * np.sin(k * h) for k, w in enumerate(weights, start=1))
        expected = symbol / h**3 * np.cos(x)
    else:
        expected = (
            (weights[0] + sum(2 * w * np.cos(k * h) for k, w in enumerate(weights[1:], start=1)))
            / h**4
            * np.sin(x)
        )
    found = gg.Grid((n, h), boundary="periodic").derivative(0, order, accuracy)(np.sin(x))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 / h**order)


def test_differences_to_a_side_by_hand():
    f = X**2
    assert gg.derivative(f, X, side="left").tolist() == [1, 1, 4, 7]
    assert gg.derivative(f, X, side="right").tolist() == [1, 4, 7, 7]
    for side in ("left", "right"):  # exact for parabolas
        np.testing.assert_allclose(gg.derivative(f, X, side=side, accuracy=2), 2 * X, rtol=0, atol=1e-14)
    ring = gg.Grid((4, 0.5), boundary="periodic").derivative(0, side="left")
    assert ring(np.array([1.0, 2.0, 4.0, 8.0])).tolist() == [-14, 2, 4, 8]
    even, odd = (
        gg.Grid((4, 0.5), boundary=word).derivative(0, side="left") for word in ("reflect", "antireflect")
    )
    assert even(np.array([1.0, 2.0, 4.0, 8.0])).tolist() == [-2, 2, 4, 8]
    assert odd(np.array([1.0, 2.0, 4.0, 8.0])).tolist() == [2, 2, 4, 8]


def test_left_is_the_side_of_lower_indices():
    f = X**3
    down = gg.derivative(f[::-1], X[::-1], side="left")
    assert np.array_equal(down[::-1], gg.derivative(f, X, side="right"))


def test_what_is_prescribed_at_a_wall_is_read():
    x = 0.5 * np.arange(6)
    f = 3 * x + 1
    for wall in (gg.value(1.0), gg.value(0.25, wall="face"), gg.slope(-3.0), gg.robin(2.0, 1.0, -1.0)):
        for accuracy in (1, 2):
            grid = gg.Grid((6, 0.5), boundary=(wall, "one-sided"))
            found = grid.derivative(0, side="left", accuracy=accuracy)(f)
            np.testing.assert_allclose(found, 3.0, rtol=0, atol=1e-13)
    held = gg.Grid((6, 0.5), boundary=(gg.value(1.0), "one-sided"))
    spoiled = np.concatenate([[np.nan], f[1:]])  # the held value stands for it
    np.testing.assert_allclose(held.derivative(0, side="right")(spoiled), 3.0, rtol=0, atol=1e-13)


@pytest.mark.parametrize("spacing", [(9, 0.25), np.arange(9.0) ** 1.5], ids=["step", "coordinates"])
@pytest.mark.parametrize("accuracy", [1, 2])
def test_rows_to_the_left_do_not_know_the_future(accuracy, spacing):
    f = np.sin(np.arange(9.0))
    operator = gg.Grid(spacing).derivative(0, side="left", accuracy=accuracy)
    whole = operator(f)
    for now in range(accuracy + 1, 9):
        known = np.where(np.arange(9) < now, f, np.nan)
        assert np.array_equal(operator(known)[:now], whole[:now])


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("boundary", ["one-sided", "periodic", "reflect", "symmetric"])
def test_constants_give_zeros_without_a_sign(side, boundary):
    for accuracy in (1, 2):
        found = gg.Grid((7, 0.3), boundary=boundary).derivative(0, side=side, accuracy=accuracy)(
            np.full(7, 1e15 / 3)
        )
        assert not np.signbit(found).any()
        assert not found.any()


OPERATORS = {
    "left": lambda g: g.derivative(1, side="left", accuracy=2),
    "right": lambda g: g.derivative(0, side="right"),
    "third": lambda g: g.derivative(1, order=3),
    "fourth": lambda g: g.derivative(0, order=4, accuracy=2),
}


@pytest.mark.parametrize(
    "boundary", ["one-sided", "periodic", ["antireflect", ("reflect", "antisymmetric")]], ids=str
)
@pytest.mark.parametrize("name", OPERATORS)
def test_adjoints_transposes_and_matrices(name, boundary, rng):
    grid = gg.Grid(
        np.cumsum(rng.uniform(0.5, 1.5, 11)), (9, -0.5), boundary=boundary, period=_periods(boundary)
    )
    A = OPERATORS[name](grid)
    f, g = rng.standard_normal((2, 11, 9))
    matrix = A.to_sparse()
    scale = abs(matrix).sum(axis=1).max()
    np.testing.assert_allclose(A(f).ravel(), matrix @ f.ravel(), rtol=0, atol=1e-14 * scale)
    np.testing.assert_allclose(A.T(g).ravel(), matrix.T @ g.ravel(), rtol=0, atol=1e-13 * scale)
    assert abs(np.sum(A(f) * g) - np.sum(f * A.adjoint(g))) <= 1e-12 * scale
    turned = A.adjoint(g, weight="quadrature")
    assert abs(np.sum(grid.measure * A(f) * g) - np.sum(grid.measure * f * turned)) <= 1e-12 * scale


def _periods(boundary):
    return [15.0, 4.5] if boundary == "periodic" else None


def test_functions_are_the_operators_of_a_grid(rng):
    f = rng.standard_normal((6, 11))
    x = np.cumsum(rng.uniform(0.5, 1.5, 11))
    for options in (
        {"order": 3},
        {"order": 4, "accuracy": 2},
        {"side": "left"},
        {"side": "right", "accuracy": 2},
    ):
        for ends in ({}, {"boundary": "reflect"}, {"periodic": True, "period": 20.0}):
            grid = gg.Grid(x, **ends)
            found = [
                gg.derivative(f, x, axis=1, **options, **ends) for _ in range(2)
            ]  # by the long way, and the short one
            expected = grid.derivative(0, **options)(f)
            assert np.array_equal(found[0], expected)
            assert np.array_equal(found[1], expected)
            assert np.array_equal(grid.derivative(0).with_(**options)(f), expected)


@pytest.mark.parametrize(("outer", "inner", "left"), [(1, 2, 3), (2, 2, 2), (1, 4, 3), (2, 4, 2)])
def test_products_lose_the_order_of_the_outer_derivative_at_ends(outer, inner, left):
    """What the docstring of `derivative` and the guide state, with accuracy=4."""
    found = []
    for n in (33, 65):
        x = np.linspace(LONG(0), LONG(1), n)
        grid = gg.Grid(x, dtype=LONG)
        product = grid.derivative(0, outer, 4) @ grid.derivative(0, inner, 4)
        found.append(np.abs(product(np.exp(x)) - np.exp(x)).max())
    assert left - 0.3 <= np.log2(found[0] / found[1]) <= left + 0.3
