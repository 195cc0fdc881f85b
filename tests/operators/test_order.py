"""The order of convergence of every derivative and operator, interior and edges apart, from both sides."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from oracles import GRIDS

import gridgrad as gg
from gridgrad.verify import convergence

EPS = np.finfo(float).eps
REFINEMENTS = (65, 129, 193)
PHASES = {"one-sided": 0.125, "reflect": 0.25, "antireflect": 0.0}  # of a sine, even or odd there
RULES = [
    (1, None, 1),
    (1, None, 2),
    (2, None, 1),
    (2, None, 2),
    (1, 2, 2),
    (1, 4, 2),
    (1, 6, 2),
    (2, 2, 2),
    (2, 4, 2),
    (2, 6, 2),
]
ENDS = [
    ("one-sided", "one-sided"), ("periodic", "periodic"), ("reflect", "reflect"), ("antireflect", "antireflect"),
    ("reflect", "antireflect"), ("antireflect", "one-sided"), ("one-sided", "reflect"),
]  # fmt: skip
LONG = np.longdouble  # its rounding is far below the smallest error
TURN = 2 * LONG("3.14159265358979323846264")


def half_width(order, accuracy, grid):
    """Neighbours at each side of a centred row, from the docstring of `derivative_stencil`."""
    return (
        1 if accuracy is None or order + accuracy == 3 else accuracy // 2 + (order == 2 and grid != "uniform")
    )


def wave(ends):
    """A function of [0, 1] that is even or odd where the boundaries say so: the number of turns, and its phase."""
    if ends[0] == "periodic":
        return 3.0, 0.1
    phase = PHASES[ends[0]]
    if "one-sided" not in ends:
        return (3.0 if ends[0] == ends[1] else 2.75), phase
    if ends[0] != "one-sided":
        return 2.45, phase
    return 2.45, PHASES[ends[1]] - 2.45


def samples(turns, phase, x, order):
    """``sin(2 pi (turns x + phase))`` or a derivative of it."""
    k = TURN * LONG(turns)
    return k**order * np.sin(k * x.astype(LONG) + TURN * (LONG(phase) + LONG(order) / 4))


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
def test_derivatives_inside(rule, grid, ends):
    inner = []
    for n in REFINEMENTS:
        x = points(grid, n + 1)[:-1] if ends[0] == "periodic" else points(grid, n)
        f = partial(samples, *wave(ends))
        error = errors(x, rule, ends, f, grid == "uniform", 1.0)
        inner.append(np.sqrt(np.mean(error[n // 4 : -n // 4] ** 2)))
    # Where steps vary smoothly a centred row gains an order; a second derivative on random steps does not.
    expected = 2 * half_width(*rule[:2], grid) - (rule[0] == 2 and grid == "random")
    assert expected - 0.6 <= slope([1 / n for n in REFINEMENTS], inner) <= expected + 0.4


def end_order(rule, name, grid):
    """Of the first row; None where it is exact because the derivative is odd there."""
    order, accuracy, edge_order = rule
    if name == "one-sided":
        return edge_order if accuracy is None or order + accuracy == 3 else accuracy
    return None if (name == "reflect") == (order == 1) else 2 * half_width(order, accuracy, grid)


@pytest.mark.parametrize("side", ["first", "last"])
@pytest.mark.parametrize("end", PHASES)
@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_derivatives_at_ends(rule, grid, end, side):
    """The grid shrinks as a whole: its rows are the same ones, on a function that varies less and less."""
    expected, half = end_order(rule, end, grid), half_width(*rule[:2], grid)
    count = rule[0] + expected if end == "one-sided" else half + 1
    x = points(grid, 13).astype(LONG)
    x = x if side == "first" else 1 - x[::-1]
    x = x / x[count - 1]  # the nodes of the end row span 1
    lengths = [0.25, 0.125] if end == "one-sided" else [0.8, 0.4, 0.2]  # odd terms, or only even ones
    ends = (end, "one-sided") if side == "first" else ("one-sided", end)
    f = partial(samples, 0.2, PHASES[end])
    rows = []
    for length in lengths:
        there = length * x if side == "first" else -length * x[::-1]
        error = np.abs(errors(there, rule, ends, f, grid == "uniform", None))
        rows.append(error if side == "first" else error[::-1])
    first, *further = np.array(rows).T
    if expected is None:
        assert first.max() <= 1e-16  # the exact derivative is 0 but for its rounding
        return
    assert expected - 0.25 <= slope(lengths, first) <= expected + 0.25
    if end == "one-sided":  # all rows of the end, of which some gain an order
        assert all(slope(lengths, row) >= expected - 0.3 for row in further[: half - 1])


@pytest.mark.parametrize("accuracy", [None, 4, 6])
@pytest.mark.parametrize("order", [1, 2])
def test_a_periodic_axis_has_its_fourier_symbols(order, accuracy):
    n, h = 32, 2 * np.pi / 32
    for k in range(-16, 16):
        theta = k * h
        series = {
            (1, None): [1], (1, 4): [4 / 3, -1 / 6], (1, 6): [1.5, -0.3, 1 / 30],
            (2, None): [2], (2, 4): [8 / 3, -1 / 6], (2, 6): [3, -0.3, 1 / 45],
        }[order, accuracy]  # fmt: skip
        modes = range(1, len(series) + 1)
        if order == 1:
            symbol = 1j / h * sum(c * np.sin(m * theta) for m, c in zip(modes, series, strict=True))
        else:
            symbol = 1 / h**2 * sum(c * (np.cos(m * theta) - 1) for m, c in zip(modes, series, strict=True))
        f = np.exp(1j * theta * np.arange(n))
        got = gg.derivative(f, h, order=order, accuracy=accuracy, boundary="periodic")
        # An ulp of phases up to 32 pi and of samples, times the sum of weights, at most 8 / h^order.
        assert np.abs(got - symbol * f).max() <= 8 / h**order * (abs(theta) * n + 8) * EPS


def test_the_wide_laplacian_has_the_square_of_the_symbol():
    n, h = 32, 2 * np.pi / 32
    for k in range(-16, 16):
        f = np.exp(1j * k * h * np.arange(n))
        got = gg.laplacian(f, h, form="wide", boundary="periodic")
        assert np.abs(got + (np.sin(k * h) / h) ** 2 * f).max() <= 4 / h**2 * (abs(k * h) * n + 8) * EPS


# u = exp(x) sin(2 y + 0.3) and w = cos(x) exp(y) with their derivatives, named by letters.
def u(x, y, along=""):
    value = np.exp(x) * np.sin(2 * y + 0.3 + np.pi / 2 * along.count("y"))
    return value * 2 ** along.count("y")


def w(x, y, along=""):
    return np.cos(x + np.pi / 2 * along.count("x")) * np.exp(y)


def even(x, y, along=""):
    """Even at all four sides of the unit square."""
    kx, ky = along.count("x"), along.count("y")
    return np.pi ** (kx + ky) * np.cos(np.pi * x + np.pi / 2 * kx) * np.cos(np.pi * y + np.pi / 2 * ky)


def pair(x, y):
    return u(x, y), w(x, y)


OPERATORS = {  # a name, a function, its exact result by hand, options
    "gradient": (u, lambda x, y: [u(x, y, "x"), u(x, y, "y")], {}),
    "divergence": (pair, lambda x, y: u(x, y, "x") + w(x, y, "y"), {}),
    "curl": (pair, lambda x, y: w(x, y, "x") - u(x, y, "y"), {}),
    "mixed_derivative": (u, lambda x, y: u(x, y, "xy"), {}),
    "jacobian": (pair, lambda x, y: [u(x, y, "x"), u(x, y, "y"), w(x, y, "x"), w(x, y, "y")], {}),
    "directional_derivative": (u, lambda x, y: 0.6 * u(x, y, "x") - 0.8 * u(x, y, "y"), {"v": [0.6, -0.8]}),
    "advect": (u, lambda x, y: w(x, y) * u(x, y, "x") + x * u(x, y, "y"), {"v": [w, lambda x, y: x]}),
    "gradient_norm": (u, lambda x, y: np.hypot(u(x, y, "x"), u(x, y, "y")), {}),
    "gradient_squared": (u, lambda x, y: u(x, y, "x") ** 2 + u(x, y, "y") ** 2, {}),
}  # fmt: skip
SECOND = {
    "laplacian": (u, lambda x, y: u(x, y, "xx") + u(x, y, "yy"), {}),
    "vector_laplacian": (pair, lambda x, y: [u(x, y, "xx") + u(x, y, "yy"), w(x, y, "xx") + w(x, y, "yy")], {}),
    "hessian": (u, lambda x, y: [u(x, y, "xx"), u(x, y, "xy"), u(x, y, "xy"), u(x, y, "yy")], {}),
    "laplacian conservative": (even, lambda x, y: even(x, y, "xx") + even(x, y, "yy"), {"form": "conservative"}),
    "diffuse": (even, lambda x, y: (2 + even(x, y)) * (even(x, y, "xx") + even(x, y, "yy")) + even(x, y, "x") ** 2 + even(x, y, "y") ** 2,
                {"k": lambda x, y: 2 + even(x, y)}),
    "laplacian wide": (u, lambda x, y: u(x, y, "xx") + u(x, y, "yy"), {"form": "wide"}),
}  # fmt: skip


def refined(name, grid, edge_order=2):
    """Against values by hand, so that the library's own exact derivatives are not what is trusted."""
    function, exact, options = (OPERATORS | SECOND)[name]
    return convergence(
        function, (0, 1), (0, 1), operator=name.split()[0], exact=exact, spacing=GRIDS[grid], edge_order=edge_order,
        sizes=(129, 257, 513) if name == "gradient_squared" else (65, 129, 257), norm="rms", **options,  # steep, as squares are
    )  # fmt: skip


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("name", OPERATORS)
def test_operators_of_first_derivatives(name, grid):
    found = refined(name, grid)
    assert 1.85 <= found.order("inside") <= 2.15, found
    if grid in ("uniform", "smooth"):
        assert 1.9 <= found.order("ends") <= 2.15, found
        assert 0.9 <= refined(name, grid, edge_order=1).order("ends") <= 1.2, found


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize("name", SECOND)
def test_operators_of_second_derivatives(name, grid):
    found = refined(name, grid)
    expected = 1 if grid == "random" else 2
    assert expected - 0.15 <= found.order("inside") <= expected + 0.3, found
    if grid in ("uniform", "smooth"):
        at_edge = 1 if "wide" in name else 2  # whose one-sided rows differentiate an error that has a jump
        assert at_edge - 0.1 <= found.order("ends") <= at_edge + 0.15, found


def test_the_fits_notice_another_order():
    lengths = [1 / n for n in REFINEMENTS]
    assert not 1.4 <= slope(lengths, lengths) <= 2.4
    assert not 1.4 <= slope(lengths, [h**3 for h in lengths]) <= 2.4


class TestThirdAndFourthDerivatives:
    """What the error on ``order=3`` and ``order=4`` tells to compose converges at one-sided ends; three-point rows do not."""

    SIZES = (33, 65, 129)

    def largest_errors(self, make, stretched):
        errors = []
        for n in self.SIZES:
            s = np.linspace(0, 1, n)
            grid = gg.Grid(s**2 + s if stretched else s)
            f = np.exp(grid.coordinates[0])
            errors.append(np.max(np.abs(make(grid)(f) - f)))
        return np.array(errors)

    @pytest.mark.parametrize("stretched", [False, True])
    @pytest.mark.parametrize(("first", "order"), [(1, 3), (2, 2)])
    def test_accurate_rows(self, first, order, stretched):
        accurate = dict(accuracy=4)
        errors = self.largest_errors(
            lambda grid: grid.derivative(0, first, **accurate) @ grid.derivative(0, 2, **accurate), stretched
        )
        slopes = np.log2(errors[:-1] / errors[1:])
        assert np.all(slopes > order - 0.3), slopes
        assert np.all(slopes < order + 0.3), slopes

    def test_three_point_rows_do_not_converge(self):
        errors = self.largest_errors(lambda grid: grid.derivative(0, 2) @ grid.derivative(0, 2), False)
        assert np.all(errors > 5)

    @pytest.mark.parametrize("boundary", ["periodic", "reflect"])
    @pytest.mark.parametrize("order", [3, 4])
    def test_even_ends_need_no_care(self, boundary, order):
        errors = []
        for n in (16, 32, 64):
            shape = (n, 2 * np.pi / n) if boundary == "periodic" else (n + 1, np.pi / n)
            grid = gg.Grid(shape, boundary=boundary)
            x = grid.coordinates[0]
            found = (grid.derivative(0, order - 2) @ grid.derivative(0, 2))(np.cos(x))
            errors.append(np.max(np.abs(found - (np.sin(x) if order == 3 else np.cos(x)))))
        assert np.all(np.abs(np.log2(np.divide(errors[:-1], errors[1:])) - 2) < 0.1), errors
