"""Walls across radii and latitudes: rows against ghost points and exact rows of an axis, orders of rows and solutions."""

from __future__ import annotations

import re

import numpy as np
import pytest
from oracles import fractions
from walls import Wall, matrices

import gridgrad as gg

EPS = np.finfo(float).eps
RNG = np.random.default_rng(5)
R = np.cumsum(RNG.uniform(0.1, 0.3, 9)) + 0.3
KINDS = {"value": (1.0, 0.0), "slope": (0.0, 1.0), "robin": (3.0, 0.5)}
PAIRS = [("value", "slope"), ("slope", "robin"), ("robin", "value")]


def condition(kind, v, wall, name=None):
    more = {"wall": wall, "name": name}
    return gg.robin(*KINDS[kind], v, **more) if kind == "robin" else getattr(gg, kind)(v, **more)


def ends_of(pair, wall, v):
    return tuple(condition(kind, own, wall) for kind, own in zip(pair, v, strict=True))


def flux_at(kind, f, c, wall, x):
    """The slope outwards at the wall before f[0], of a ghost point where that is half a step outside."""
    a, b = KINDS[kind]
    step = abs(x[1] - x[0])
    if wall == "point":
        return (c - a * f[0]) / b
    ghost = (c - f[0] * (a / 2 - b / step)) / (a / 2 + b / step)
    return (ghost - f[0]) / step


def balances(r, f, pair, v, wall):
    """What flows into each ring of a disc over its area, with the fluxes through the walls; none of held points."""
    faces = (r[:-1] + r[1:]) / 2
    half = [0 if wall == "point" else step / 2 for step in (r[1] - r[0], r[-1] - r[-2])]
    edges = np.concatenate([[r[0] - half[0]], faces, [r[-1] + half[1]]])
    is_held = [kind == "value" and wall == "point" for kind in pair]
    f = f.copy()
    for end, own, c in zip((0, -1), is_held, v, strict=True):
        f[end] = c if own else f[end]
    flux = np.zeros(len(r) + 1)
    flux[1:-1] = faces * np.diff(f) / np.diff(r)
    if not is_held[0]:
        flux[0] = -edges[0] * flux_at(pair[0], f, v[0], wall, r)
    if not is_held[1]:
        flux[-1] = edges[-1] * flux_at(pair[1], f[::-1], v[1], wall, r[::-1])
    found = np.diff(flux) / (np.diff(edges**2) / 2)
    for end, own in zip((0, -1), is_held, strict=True):
        found[end] = 0 if own else found[end]
    return found


def of_an_axis(r, f, pair, v, wall, order, accuracy):
    """The derivative by exact rational rows."""
    x = fractions(r)
    steps = [abs(x[1] - x[0]), abs(x[-1] - x[-2])]
    walls = tuple(
        Wall(*fractions(KINDS[kind]), 0 * step if wall == "point" else step / 2)
        for kind, step in zip(pair, steps, strict=True)
    )
    m = matrices(x, walls, order, accuracy)
    return m.points @ f + m.first * v[0] + m.last * v[1]


@pytest.mark.parametrize("wall", ["point", "face"])
@pytest.mark.parametrize("pair", [*PAIRS, ("value", "value"), ("slope", "slope")])
@pytest.mark.parametrize("way", [1, -1])
def test_rows_are_those_of_ghost_points_and_of_an_axis(pair, wall, way):
    f, v, at = RNG.standard_normal(9), RNG.standard_normal(2), np.s_[::way]
    ends = ends_of(pair, wall, v)[at]
    grid = gg.Grid(R[at], (6, 1.0), geometry="cylindrical", boundary=[ends, "reflect"])

    def by(operator):
        return operator(np.outer(f[at], np.ones(6)))[:, 0][at]

    def near(got, want):
        assert (np.abs(got - want) <= 64 * EPS * np.abs(want).max(initial=0)).all()

    held = [k for k, kind in ((0, pair[0]), (8, pair[1])) if (kind, wall) == ("value", "point")]
    free = [k for k in range(9) if k not in held]
    want = balances(R, f, pair, v, wall)
    for operator in (
        grid.laplacian.with_(form="conservative"),
        grid.diffuse(1.0),
        grid.diffuse(np.ones((9, 6))),
    ):
        near(by(operator), want)
    near(by(grid.laplacian)[free], want[free])
    bent = of_an_axis(R, f, pair, v, wall, 2, None) + of_an_axis(R, f, pair, v, wall, 1, None) / R
    near(by(grid.laplacian)[held], bent[held])
    for accuracy in (None, 2, 4):
        slopes = of_an_axis(R, f, pair, v, wall, 1, accuracy)
        near(by(grid.derivative(0, accuracy=accuracy)), slopes)
        if accuracy is not None:
            bent = of_an_axis(R, f, pair, v, wall, 2, accuracy) + slopes / R
            near(by(grid.laplacian.with_(accuracy=accuracy))[[0, 1, -2, -1]], bent[[0, 1, -2, -1]])
        read = f.copy()
        for k in held:
            read[k] = v[-bool(k)]
        flow = np.outer(f[at], np.ones(6))
        flows = grid.divergence.with_(accuracy=accuracy)((flow, 0 * flow))[:, 0][at]
        near(flows[[0, -1]], (slopes + read / R)[[0, -1]])


@pytest.mark.parametrize("word", ["reflect", "symmetric", "antireflect", "antisymmetric"])
@pytest.mark.parametrize("accuracy", [None, 2, 4])
def test_mirrors_are_those_of_an_axis(word, accuracy):
    """As is every end: beside it rows are the derivatives of the axis."""
    f = np.outer(RNG.standard_normal(9), np.ones(6))
    grid = gg.Grid(R, (6, 1.0), geometry="cylindrical", boundary=[word, "reflect"])
    plain = gg.Grid(R, (6, 1.0), boundary=[word, "reflect"])
    slopes = plain.derivative(0, accuracy=accuracy)(f)
    assert np.array_equal(grid.derivative(0, accuracy=accuracy)(f), slopes)
    flows = grid.divergence.with_(accuracy=accuracy)((f, 0 * f))
    ends = [0, -1]
    np.testing.assert_allclose(flows[ends], (slopes + f / R[:, None])[ends], rtol=1e-12)
    if accuracy:
        bent = plain.derivative(0, order=2, accuracy=accuracy)(f) + slopes / R[:, None]
        np.testing.assert_allclose(grid.laplacian.with_(accuracy=accuracy)(f)[ends], bent[ends], rtol=1e-10)
    else:  # the same as what they say of the wall
        said = {
            "reflect": gg.slope(0.0),
            "symmetric": gg.slope(0.0, wall="face"),
            "antisymmetric": gg.value(0.0, wall="face"),
        }
        if word in said:
            same = gg.Grid(R, (6, 1.0), geometry="cylindrical", boundary=[said[word], "reflect"])
            np.testing.assert_allclose(grid.laplacian(f), same.laplacian(f), rtol=1e-12, atol=1e-10)


def test_slopes_at_latitudes_are_per_metre():
    lat, lon, per_degree = np.linspace(20, 60, 9), np.arange(0.0, 360.0, 30.0), 6_371_229.0 * np.pi / 180
    f, s = RNG.standard_normal((9, 12)), RNG.standard_normal(12)
    ends = gg.slope(s, wall="face"), gg.robin(2.0, 3e6, s)
    there = gg.slope(s * per_degree, wall="face"), gg.robin(2.0, 3e6 / per_degree, s)
    grid = gg.Grid(lat, lon, geometry="sphere", boundary=[ends, "periodic"])
    plain = gg.Grid(lat, lon, boundary=[there, "periodic"], period=360)
    np.testing.assert_allclose(grid.derivative(0)(f), plain.derivative(0)(f) / per_degree, rtol=1e-13)


# functions in space, with their slopes and laplacians in the plane and on the unit sphere
def in_plane(x, y):
    return np.exp(x) * np.sin(2 * y + x + 0.3)


def laplacian_in_plane(x, y):
    return np.exp(x) * (2 * np.cos(2 * y + x + 0.3) - 4 * np.sin(2 * y + x + 0.3))


def on_sphere(lat, lon):
    x, y, z = np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)
    return x * z + y + z**3, -6 * x * z - 2 * y + 6 * z - 12 * z**3


SECTORS = {
    "annulus": ("polar", 0.5, 1.5),
    "disc": ("polar", 0.0, 1.0),
    "band": ("sphere", -20.0, 55.0),
    "cap": ("sphere", 30.0, 90.0),
}


def manufactured(which, n, pair, wall, way=1):
    """A grid with what a function has at its walls, that function and its laplacian."""
    word, start, stop = SECTORS[which]
    pole = {"disc": 0, "cap": -1}.get(which)
    outside = [0.5 if wall == "face" or pole == k else 0.0 for k in (0, -1)]
    s = (np.arange(n) + outside[0]) / (n - 1 + sum(outside))
    unit, turn = (np.pi / 180, 360.0) if word == "sphere" else (1.0, 2 * np.pi)
    around = np.arange(4 * (n // 3)) * turn / (4 * (n // 3))

    def f(y, x):
        return (
            on_sphere(y * unit, x * unit)[0] if word == "sphere" else in_plane(y * np.cos(x), y * np.sin(x))
        )

    ends = []
    for k, kind, at, outward in zip((0, -1), pair, (start, stop), (-1, 1), strict=True):
        y = np.full(around.shape, at)
        slope = outward * f(y + 1e-30j, around).imag / 1e-30 / unit
        a, b = KINDS[kind]
        given = a * f(y, around) + b * slope
        ends.append("pole" if pole == k else condition(kind, given, wall if wall == "point" else float(at)))
    y = (start + (stop - start) * s)[::way]
    radius = {"radius": 1.0} if word == "sphere" else {}
    grid = gg.Grid(y, around, geometry=word, boundary=[tuple(ends)[::way], "periodic"], **radius)
    y, x = grid.mesh()
    if word == "sphere":
        return grid, *on_sphere(y * unit, x * unit)
    return grid, f(y, x), laplacian_in_plane(y * np.cos(x), y * np.sin(x))


@pytest.mark.parametrize("wall", ["point", "face"])
@pytest.mark.parametrize("which", list(SECTORS))
@pytest.mark.parametrize(("pair", "way"), [(pair, 1) for pair in PAIRS] + [(PAIRS[2], -1)])
def test_solutions_have_their_order(which, pair, wall, way):
    for options, order in (
        ({}, 2),
        ({"form": "conservative"}, 2),
        ({"form": "wide"}, 2),
        ({"accuracy": 4}, 4),
    ):
        errors = []
        for n in (18, 36):
            grid, f, laplacian = manufactured(which, n, pair, wall, way)
            implicit = 2 * grid.identity - grid.laplacian.with_(**options)
            errors.append(np.abs(implicit.solve(2 * f - laplacian) - f).max())
        assert np.log2(errors[0] / errors[1]) > order - 0.2, (options, errors)


@pytest.mark.parametrize("wall", ["point", "face"])
@pytest.mark.parametrize("which", list(SECTORS))
@pytest.mark.parametrize("accuracy", [None, 4])
def test_rows_at_walls_have_their_order(which, wall, accuracy):
    """That of docs/guide/walls.md: of balances 1 with slopes, of all other rows theirs."""
    found = []
    for n in (36, 72):
        grid, f, laplacian = manufactured(which, n, ("slope", "robin"), wall)
        rows = {"annulus": [0, 1, -2, -1], "band": [0, 1, -2, -1], "disc": [-2, -1], "cap": [0, 1]}[which]
        found.append(np.abs(grid.laplacian.with_(accuracy=accuracy)(f) - laplacian)[rows].max())
    assert np.log2(found[0] / found[1]) > (0.85 if accuracy is None else 3.8)


@pytest.mark.parametrize("accuracy", [None, 4])
def test_components_end_as_their_walls_say(accuracy):
    """A flow (f cos, g sin) in an annulus, of which the walls prescribe the value of one component and the slope of the other."""
    errors = []
    for n in (24, 48):
        r, theta = np.linspace(0.5, 1.5, n), np.arange(4 * n) * np.pi / (2 * n)
        ends = tuple(
            gg.components(
                gg.value(np.sin(2 * at) * np.cos(theta)),
                gg.slope(out * np.exp(at) * np.sin(theta)),
                "reflect",
            )
            for at, out in ((0.5, -1), (1.5, 1))
        )
        grid = gg.Grid(r, theta, geometry="polar", boundary=[ends, "periodic"])
        R, T = grid.mesh()
        f, g = np.sin(2 * R), np.exp(R)
        flow = f * np.cos(T), g * np.sin(T)
        away = (2 * np.cos(2 * R) + f / R + g / R) * np.cos(T)
        turning = (g + g / R + f / R) * np.sin(T)
        errors.append(
            [
                np.abs(grid.divergence.with_(accuracy=accuracy)(flow) - away).max(),
                np.abs(grid.curl.with_(accuracy=accuracy)(flow) - turning).max(),
            ]
        )
        assert not grid.gradient(R)[0][[0, -1]].any()  # of scalar fields the slope is 0
        with pytest.raises(TypeError, match="says nothing about scalar fields"):
            _ = gg.Grid(
                r, theta, geometry="polar", boundary=[gg.components("reflect", "reflect"), "periodic"]
            ).laplacian
    assert (np.log2(np.divide(*errors)) > (accuracy or 2) - 0.2).all()


@pytest.mark.parametrize("form", ["compact", "conservative"])
@pytest.mark.parametrize(
    "end", ["reflect", "symmetric", gg.slope(0.0), gg.slope(0.0, wall="face"), gg.slope(0.0, wall=1.9)]
)
def test_nothing_is_lost_through_walls_without_slope(form, end):
    r = (np.arange(10) + 0.5) / 5.5
    f = RNG.standard_normal((10, 4))
    for pair in (("pole", end), (end, end)) if end != gg.slope(0.0, wall=1.9) else (("pole", end),):
        at = np.s_[:] if pair[0] == "pole" else np.s_[3:]
        grid = gg.Grid(r[at], (4, 0.5), geometry="cylindrical", boundary=[pair, "symmetric"])
        made = grid.measure * grid.laplacian.with_(form=form)(f[at])
        assert abs(made.sum()) <= 32 * EPS * np.abs(made).sum()
    half = 1.9 if pair[1] == gg.slope(0.0, wall=1.9) else r[-1] + (0.5 / 5.5 if end == "symmetric" else 0)
    if pair[0] == "pole":
        np.testing.assert_allclose(grid.measure.sum(), half**2 / 2 * 2, rtol=1e-13)


def test_a_flux_fills_a_pipe():
    r = (np.arange(10) + 0.5) / 10
    grid = gg.Grid(
        r, (4, 0.5), geometry="cylindrical", boundary=[("pole", gg.slope(0.3, wall="face")), "symmetric"]
    )
    change = grid.diffuse(2.0)(RNG.standard_normal((10, 4)))
    np.testing.assert_allclose(
        (grid.measure * change).sum(), 2.0 * 0.3 * 2.0, rtol=1e-12
    )  # k s r times the height


def test_sectors_of_angles_have_ends_too():
    """Whose slopes are per length, as others are."""
    errors = []
    for n in (12, 24):
        r, theta = np.linspace(0.5, 1.5, n), np.linspace(0.2, 1.3, n)
        at, slope = np.cos(1.3) * r, -np.sin(1.3)  # of x = r cos, by the length along a circle

        def u(x, r):
            return x**3 + r**2, 6 * x + 4

        rims = [gg.value(u(k * np.cos(theta), k)[0]) for k in (0.5, 1.5)]
        sides = gg.value(u(np.cos(0.2) * r, r)[0]), gg.slope(3 * at**2 * slope)
        grid = gg.Grid(r, theta, geometry="polar", boundary=[tuple(rims), sides])
        R, T = grid.mesh()
        f, right = u(R * np.cos(T), R)
        errors.append(np.abs(grid.laplacian.solve(right) - f).max())
    assert np.log2(errors[0] / errors[1]) > 1.9


R1, THETA = np.linspace(0.5, 1, 12), np.arange(16) * np.pi / 8


@pytest.mark.parametrize(
    ("r", "ends", "said"),
    [
        (R1, "periodic", "axis -2 is r, which does not repeat"),
        ((np.arange(9) + 0.5) / 9, ("symmetric", "reflect"), "its wall 'symmetric' is at 0, where a circle has no length"),
        (np.arange(9) / 9, (gg.value(0.0), "reflect"), "its wall 'value' is at 0"),
        (R1, (gg.value(0.0, wall=-0.5), "reflect"), "its wall 'value' is at -0.5, where a circle has no length, or beyond; give \"pole\" there"),
        (np.arange(8) / 8, ("pole", "reflect"), "of 8 points from one on a pole to a wall"),
    ],
)  # fmt: skip
def test_refused(r, ends, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        gg.Grid(r, THETA, geometry="polar", boundary=[ends, "periodic"], period=7.0)


def test_a_wall_of_a_thin_wire_is_no_pole():
    """Which a radius within a step of 0 is seen to have, unless a wall is said to be there."""
    r = np.linspace(0.05, 1, 20)
    grid = gg.Grid(r, (4, 1.0), geometry="cylindrical", boundary=[(gg.value(1.0), gg.value(0.0)), "reflect"])
    assert grid.boundary[0] == (gg.value(1.0), gg.value(0.0))
    assert "pole" not in repr(grid)
    wire = gg.components(gg.value(2.0), "reflect", "one-sided")
    flow = gg.Grid(r, (4, 1.0), geometry="cylindrical", boundary=[(wire, "one-sided"), "reflect"])
    assert flow.boundary[0][0] == wire
    np.testing.assert_allclose(
        flow.divergence((2 * r[:, None] / 0.05 + np.zeros(4), np.zeros((20, 4)))), 80.0
    )
    u = grid.laplacian.solve(np.zeros((20, 4)))[:, 0]
    assert np.abs(u - np.log(r) / np.log(0.05)).max() < 0.02


@pytest.mark.parametrize("wall", ["symmetric", gg.slope(0.5, wall="face"), gg.value(1.0, wall=3.07)])
@pytest.mark.parametrize("operator", ["laplacian", "conservative", "diffuse"])
def test_gaps_leave_rows_at_walls_off_the_points_alone(wall, operator):
    grid = gg.Grid(
        np.linspace(1, 3, 20) ** 1.01,
        (12, 0.1),
        geometry="cylindrical",
        boundary=[("one-sided", wall), "one-sided"],
    )
    inside = np.ones(grid.shape, bool)
    inside[10, 3] = False
    f = np.random.default_rng(3).random(grid.shape)
    whole, parted = (
        g.diffuse(2.0)(f)
        if operator == "diffuse"
        else g.laplacian.with_(form="compact" if operator == "laplacian" else operator)(f)
        for g in (grid, grid.with_mask(inside))
    )
    assert np.array_equal(whole[14:], parted[14:])
    assert np.array_equal(whole[:, 6:], parted[:, 6:])
