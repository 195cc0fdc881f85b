"""Operators with values, slopes and mixtures at walls, against matrices of exact rows; and what affine operators promise."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from oracles import fractions
from walls import Wall, matrices

import gridgrad as gg

EPS = np.finfo(float).eps
SHAPE = (9, 10)
RNG = np.random.default_rng(3)
X, Y = np.cumsum(RNG.uniform(0.3, 1.2, SHAPE[0])), 0.375 * np.arange(SHAPE[1])
KINDS = {"value": (1.0, 0.0), "slope": (0.0, 1.0), "robin": (3.0, 0.5)}


def prescribed(kind, values, wall, name=None):
    if kind == "robin":
        return gg.robin(*KINDS[kind], values, wall=wall, name=name)
    return getattr(gg, kind)(values, wall=wall, name=name)


def wall_of(kind, wall, x, side):
    step = abs(x[1] - x[0]) if side == 0 else abs(x[-1] - x[-2])
    distance = {"point": Fraction(0), "face": step / 2}[wall]
    return Wall(*map(Fraction, KINDS[kind]), distance)


class Setting:
    """A grid whose four sides have something prescribed, and the exact matrices of its axes."""

    def __init__(self, kinds, wall):
        self.kinds, self.wall = kinds, wall
        self.values = [RNG.standard_normal(n) for n in (SHAPE[1], SHAPE[1], SHAPE[0], SHAPE[0])]
        sides = [prescribed(kind, v, wall) for kind, v in zip(kinds, self.values, strict=True)]
        self.grid = gg.Grid(X, (SHAPE[1], 0.375), boundary=[tuple(sides[:2]), tuple(sides[2:])])
        self.x = [fractions(X), fractions(Y)]

    def matrices(self, a, order, accuracy=None, balanced=False, plain=False):
        kinds = self.kinds[2 * a : 2 * a + 2]
        walls = [None if plain else wall_of(kind, self.wall, self.x[a], k) for k, kind in enumerate(kinds)]
        return matrices(self.x[a], tuple(walls), order, accuracy, balanced)

    def held(self, f):
        """A copy with what is prescribed at points on walls: of the later axis where two walls meet."""
        f = f.copy()
        for number, (kind, values) in enumerate(zip(self.kinds, self.values, strict=True)):
            if kind == "value" and self.wall == "point":
                np.moveaxis(f, number // 2, 0)[-(number % 2)] = values
        return f

    def along(self, f, a, order, accuracy=None, balanced=False, plain=False, values=None):
        """The derivative along an axis, and a bound of the sizes of what was added."""
        m = self.matrices(a, order, accuracy, balanced, plain)
        u, v = (self.values if values is None else values)[2 * a : 2 * a + 2]
        if a == 0:
            got = m.points @ f + np.outer(m.first, u) + np.outer(m.last, v)
            size = abs(m.points) @ abs(f) + np.outer(abs(m.first), abs(u)) + np.outer(abs(m.last), abs(v))
        else:
            got = f @ m.points.T + np.outer(u, m.first) + np.outer(v, m.last)
            size = abs(f) @ abs(m.points.T) + np.outer(abs(u), abs(m.first)) + np.outer(abs(v), abs(m.last))
        return got, size


SETTINGS = [
    (("value", "value", "value", "value"), "point"), (("value", "slope", "robin", "value"), "point"),
    (("slope", "robin", "slope", "slope"), "point"), (("value", "slope", "robin", "value"), "face"),
    (("robin", "value", "slope", "robin"), "face"),
]  # fmt: skip


def ids(setting):
    return (
        f"{setting[1]}-{'-'.join(setting[0])}" if isinstance(setting, tuple) and len(setting) == 2 else None
    )


@pytest.fixture(params=SETTINGS, ids=ids)
def setting(request):
    return Setting(*request.param)


def close(got, want, size, ulps=16):
    assert np.abs(got - want).max() <= ulps * EPS * np.abs(size).max()


@pytest.mark.parametrize("accuracy", [None, 2, 4, 6])
def test_gradients_and_laplacians(setting, accuracy):
    f = RNG.standard_normal(SHAPE)
    held = setting.held(f)
    for got, a in zip(setting.grid.gradient.with_(accuracy=accuracy)(f), (0, 1), strict=True):
        close(got, *setting.along(held, a, 1, accuracy))
    parts = [setting.along(held, a, 2, accuracy) for a in (0, 1)]
    want, size = (sum(part[k] for part in parts) for k in (0, 1))
    close(setting.grid.laplacian.with_(accuracy=accuracy)(f), want, size)
    close(setting.grid.derivative(1, order=2, accuracy=accuracy)(f), *parts[1])


def test_the_conservative_laplacian_and_diffusion(setting):
    f, k = RNG.standard_normal(SHAPE), RNG.uniform(1, 2, SHAPE)
    parts = [setting.along(setting.held(f), a, 2, balanced=True) for a in (0, 1)]
    want, size = (sum(part[n] for part in parts) for n in (0, 1))
    close(setting.grid.laplacian.with_(form="conservative")(f), want, size)
    close(setting.grid.diffuse(3.0)(f), 3 * want, 3 * size)
    close(setting.grid.diffuse(np.full(SHAPE, 3.0))(f), 3 * want, 3 * size)
    varied = setting.grid.diffuse(k)(f)
    for i in (0, -1):  # of the wall's flux the k at the end point
        assert np.isfinite(varied[i]).all()


def test_the_wide_laplacian(setting):
    f, total, size = RNG.standard_normal(SHAPE), 0, 0
    for a in (0, 1):
        slopes, bound = setting.along(setting.held(f), a, 1)
        outward, walls, values = (-1, 1), [], []
        for k, kind in enumerate(setting.kinds[2 * a : 2 * a + 2]):
            wall = wall_of(kind, setting.wall, setting.x[a], k)
            is_known = kind == "slope"  # then it is the value of the slope
            walls.append(wall._replace(a=Fraction(outward[k]), b=Fraction(0)) if is_known else None)
            values.append(setting.values[2 * a + k])
        m = matrices(setting.x[a], tuple(walls), 1, None)
        spread = [np.outer(c, v) if a == 0 else np.outer(v, c) for c, v in zip(m[1:], values, strict=True)]
        total = total + (m.points @ slopes if a == 0 else slopes @ m.points.T) + sum(spread)
        size = size + (abs(m.points) @ bound if a == 0 else bound @ abs(m.points.T)) + sum(map(abs, spread))
    close(setting.grid.laplacian.with_(form="wide")(f), total, size)


def test_what_a_field_holds_on_a_wall():
    """Nothing reads it: results are those of the value written into it, and along the wall those of a grid without one."""
    v = RNG.standard_normal(SHAPE[1])
    grid = gg.Grid(X, Y, boundary=[(gg.value(v), "one-sided"), "one-sided"])
    f, other = RNG.standard_normal((2, *SHAPE))
    held = f.copy()
    other[1:], held[0] = f[1:], v
    plain = gg.Grid(X, Y)
    for accuracy in (None, 2, 4, 6):
        A = {name: getattr(grid, name).with_(accuracy=accuracy) for name in ("laplacian", "gradient")}
        for operator in (*A.values(), grid.hessian, grid.diffuse(2.0), grid.advect((1.0, 2.0), upwind=1)):
            assert np.array_equal(np.asarray(operator(f)), np.asarray(operator(other)))
        along, beside = grid.derivative(1, accuracy=accuracy), plain.derivative(1, accuracy=accuracy)
        assert np.array_equal(along(f)[0], beside(held)[0])
        assert np.array_equal(A["gradient"](f)[0], A["gradient"](other)[0])
        assert np.array_equal(grid.hessian(f)[0][1], grid.hessian(other)[0][1])


def at(v, wall, side):
    """What a wall's condition is of values along another wall: of the cubic through the four next points."""
    near, place = (
        (slice(4), Y[0] - float(wall.distance))
        if side == 0
        else (slice(-4, None), Y[-1] + float(wall.distance))
    )
    p = np.polynomial.Polynomial.fit(Y[near], v[near], 3)
    return float(wall.a) * p(place) + float(wall.b) * p.deriv()(place) * (2 * side - 1)


def test_mixed_derivatives(setting):
    """What is prescribed at the walls of the first axis is differentiated along them."""
    f = RNG.standard_normal(SHAPE)
    slopes, bound = setting.along(f, 1, 1)
    walls = [wall_of(kind, setting.wall, setting.x[1], k) for k, kind in enumerate(setting.kinds[2:])]
    rows = matrices(setting.x[1], tuple(None if wall.is_held else wall for wall in walls), 1, None)
    values = [
        rows.points @ v + rows.first * at(v, walls[0], 0) + rows.last * at(v, walls[1], 1)
        for v in setting.values[:2]
    ]
    sizes = [(abs(rows.points).sum() + 100 * abs(rows.first).max()) * np.ones(SHAPE[1])] * 2
    want, _ = setting.along(slopes, 0, 1, values=[*values, 0, 0])
    size = setting.along(bound, 0, 1, values=[*sizes, 0, 0])[1]
    for got in (setting.grid.mixed_derivative(0, 1)(f), setting.grid.hessian(f)[1][0]):
        close(got, want, size)


def test_advection(setting):
    f, v = RNG.standard_normal(SHAPE), RNG.standard_normal((2, *SHAPE))
    (along_x, size_x), (along_y, size_y) = (setting.along(setting.held(f), a, 1) for a in (0, 1))
    close(setting.grid.advect((2.0, v[1]))(f), 2 * along_x + v[1] * along_y, 2 * size_x + abs(v[1]) * size_y)
    close(
        setting.grid.advect(tuple(v))(f),
        v[0] * along_x + v[1] * along_y,
        abs(v[0]) * size_x + abs(v[1]) * size_y,
    )
    close(setting.grid.gradient_norm(f), np.hypot(along_x, along_y), np.hypot(size_x, size_y))
    close(setting.grid.gradient_squared(f), along_x**2 + along_y**2, (size_x + size_y) ** 2)


def test_walls_by_position_on_an_even_axis():
    """Where its last point is follows from the step, not from an array of coordinates."""
    walls = [(gg.value(0.0, wall=0.0), gg.value(0.0, wall=1.0))]
    even = gg.Grid((7, 0.125, 0.125), boundary=walls)
    given = gg.Grid(0.125 * np.arange(1, 8), boundary=walls)
    u = RNG.standard_normal(7)
    assert np.array_equal(even.laplacian(u), given.laplacian(u))
    assert np.array_equal(even.derivative(0)(u), given.derivative(0)(u))
    assert even.quadrature[0].tolist() == [0.1875, *[0.125] * 5, 0.1875]


@pytest.mark.parametrize("order", [3, 4])
@pytest.mark.parametrize("kind", ["value", "slope", "robin"])
def test_high_orders_on_the_fewest_points(kind, order):
    """A polynomial that meets its conditions at both ends; a point less is refused, not run into."""

    def wall(n, side):
        x, outwards = (n - 0.5 if side else -0.5) * 0.5, 1 if side else -1
        f, slope = x**order, outwards * order * x ** (order - 1)
        made = {"value": lambda: gg.value(f, wall="face"), "slope": lambda: gg.slope(slope, wall="face"),
                "robin": lambda: gg.robin(1.0, 2.0, f + 2 * slope, wall="face")}  # fmt: skip
        return made[kind]()

    def applied(n):
        x = 0.5 * np.arange(n)
        return gg.Grid((n, 0.5), boundary=[(wall(n, 0), wall(n, 1))]).derivative(0, order)(x**order)

    np.testing.assert_allclose(applied(order + 1), math.factorial(order), rtol=1e-9)
    with pytest.raises(ValueError, match=f"needs at least {order + 1}"):
        applied(order)


def test_cells_at_walls_at_positions_do_not_depend_on_the_way_of_the_axis():
    x, ends = np.array([0.1, 0.5, 0.8]), (gg.value(0.0, wall=0.0), gg.slope(0.0, wall=1.0))
    up, down = (gg.Grid(x[::way], boundary=ends[::way]).quadrature[0][::way] for way in (1, -1))
    np.testing.assert_allclose(up, [0.3, 0.35, 0.35], rtol=1e-15)
    assert np.array_equal(up, down)


@pytest.mark.parametrize("wall", ["point", "face"])
def test_a_side_beside_an_axis_counted_from_the_front_says_all_its_axes(wall):
    """Without those of batches behind it NumPy's rule would take its only axis for the one that is missing."""
    n, v = 5, np.arange(5.0)

    def of(value):
        return gg.Grid(
            (n, 1.0), (n, 1.0), boundary=["one-sided", (gg.value(value, wall=wall), "one-sided")], axes=[0, 1]
        )

    f = np.random.default_rng(0).standard_normal((n, n, 3))
    grid = of(v)
    for A in (grid.derivative(1), grid.laplacian, *([grid.identity] if wall == "point" else [])):
        assert A(f[..., 0]).shape == (n, n)
        for call in (A, A.solve) if A is grid.laplacian else (A,):
            with pytest.raises(
                ValueError,
                match=r"has shape \(5,\); beside axis 1, counted from the front, it needs the whole",
            ):
                call(f)
    whole = of(v[:, None]).derivative(1)(f)
    for k in range(3):
        assert np.array_equal(whole[..., k], grid.derivative(1)(f[..., k]))
