"""Every operator along an axis with gaps is on each run of points what it is on a grid of this run alone."""

import numpy as np
import pytest

import gridgrad as gg

N = 36
RNG = np.random.default_rng(12)
AXES = {"even": (N, 0.5), "uneven": -np.cumsum(RNG.random(N) + 0.5)}
LAYOUTS = {"at ends": [(0, 12), (14, N)], "away from ends": [(2, 11), (12, 23), (26, N - 3)]}
ENDS = {
    "plain": ("one-sided", "antisymmetric"),
    "values": (gg.value(0.7), gg.value(-0.3, wall="face")),
    "slopes": (gg.slope(0.7, wall="face"), gg.slope(-0.3)),
}
BESIDE = [
    "one-sided",
    "reflect",
    "antisymmetric",
    gg.value(1.2),
    gg.value(1.2, wall="face"),
    gg.slope(-0.4),
    gg.slope(-0.4, wall="face"),
    gg.robin(1.0, 0.5, 0.3, wall="face"),
]
FIELD, VELOCITY = RNG.random((2, N)) - 0.5
OPERATORS = {
    **{f"derivative {order}": lambda g, v, order=order: g.derivative(0, order) for order in (1, 2, 3, 4)},
    **{f"accurate {order}": lambda g, v, order=order: g.derivative(0, order, accuracy=4) for order in (1, 2)},
    **{side: lambda g, v, side=side: g.derivative(0, side=side, accuracy=2) for side in ("left", "right")},
    "upwind": lambda g, v: g.advect(v, upwind=2),
    "wide": lambda g, v: g.laplacian.with_(form="wide"),
    "conservative": lambda g, v: g.laplacian.with_(form="conservative"),
    "diffuse": lambda g, v: g.diffuse(v + 1),
    "harmonic": lambda g, v: g.diffuse(v + 1, mean="harmonic"),
}  # fmt: skip


@pytest.mark.parametrize("beside", BESIDE, ids=repr)
@pytest.mark.parametrize("ends", ENDS)
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_run_is_a_grid_of_its_own(layout, axis, ends, beside):
    inside = np.zeros(N, bool)
    for start, stop in LAYOUTS[layout]:
        inside[start:stop] = True
    grid = gg.Grid(AXES[axis], boundary=[ENDS[ends]]).with_mask(inside, boundary=beside)
    holed = np.where(inside, FIELD, np.nan)
    for name, make in OPERATORS.items():
        if beside == "one-sided" and name in ("conservative", "diffuse", "harmonic"):
            continue  # which keep whole cells beside a gap
        found = make(grid, VELOCITY)(holed)
        for start, stop in LAYOUTS[layout]:
            points = (stop - start, 0.5) if axis == "even" else AXES[axis][start:stop]
            sides = ENDS[ends][0] if start == 0 else beside, ENDS[ends][1] if stop == N else beside
            own = make(gg.Grid(points, boundary=[sides]), VELOCITY[start:stop])
            want = own(FIELD[start:stop])
            size = max(1, abs(want).max())
            np.testing.assert_allclose(found[start:stop], want, rtol=0, atol=1e-11 * size, err_msg=name)


@pytest.mark.parametrize("missing", [False, True])
def test_the_wide_laplacian_of_a_parabola(missing):
    """Rows of the slope and of its slope are exact, up to the gap."""
    x = np.linspace(0, 1, 41) ** 1.5
    f = np.where((x > 0.3) & (x < 0.4), np.nan, x**2)
    if missing:
        found = gg.laplacian(f, x, form="wide", missing="one-sided", edge_order=2)
    else:
        found = gg.Grid(x).with_mask(~np.isnan(f)).laplacian.with_(form="wide")(f)
    assert abs(found[~np.isnan(f)] - 2).max() < 1e-10


WALLS = {
    "mirrors": ("antireflect", "reflect"),
    "values": (gg.value(0.7), gg.value(-0.3)),
    "faces": (gg.slope(0.7, wall="face"), gg.robin(1.0, 0.5, 0.3, wall="face")),
    "ring": ("periodic", "periodic"),
}
CUTS = [lambda g, i, e: g.with_breaks(0, [i], boundary=e), lambda g, i, e: g.with_mask(np.arange(g.shape[0]) != i, boundary=e)]  # fmt: skip


@pytest.mark.parametrize("cut", CUTS, ids=["break", "gap"])
@pytest.mark.parametrize(
    "beside", ["symmetric", "antisymmetric", gg.value(1.2), gg.slope(-0.4, wall="face")], ids=repr
)
@pytest.mark.parametrize("ends", WALLS)
def test_each_run_of_a_short_axis_is_a_grid_of_its_own(ends, beside, cut):
    """Where rows of the whole axis read both ends, the other side of a ring, or a wall right behind the cut."""
    compared, is_ring = 0, ends == "ring"
    for n in (3, 4, 5):
        grid = gg.Grid((n, 0.5), boundary=[WALLS[ends]])
        for i in range(1, n if cut is CUTS[0] else n - 1):
            cells = cut(grid, i, beside)
            runs = [np.arange(i), np.arange(i + (cut is CUTS[1]), n)]
            sides = [(WALLS[ends][0], beside), (beside, WALLS[ends][1])]
            if is_ring:
                runs, sides = [np.concatenate(runs[::-1])], [(beside, beside)]
            for run, pair in zip(runs, sides, strict=True):
                compared += sum(_is_the_same(make, cells, run, pair) for make in OPERATORS.values())
    assert compared


def _is_the_same(make, grid, run, sides):
    n = grid.shape[0]
    try:
        whole, own = make(grid, VELOCITY[:n]), make(gg.Grid((len(run), 0.5), boundary=[sides]), VELOCITY[run])
    except ValueError:  # too short for it
        return False
    found, want = whole(FIELD[:n])[run], own(FIELD[run])
    np.testing.assert_allclose(
        found, want, rtol=0, atol=1e-11 * max(1, abs(want).max()), err_msg=f"{n} {own}"
    )
    return True


SHORT_ROWS = {
    "order 1": lambda grid: grid.derivative(0),
    "order 2": lambda grid: grid.derivative(0, order=2),
    "to the left": lambda grid: grid.derivative(0, side="left"),
    "to the right": lambda grid: grid.derivative(0, side="right"),
    "norm": lambda grid: grid.gradient_norm,
}
KINDS = ("one-sided", "symmetric", gg.value(0.5), gg.value(0.5, wall="face"), gg.slope(0.25))


@pytest.mark.parametrize("name", SHORT_ROWS)
@pytest.mark.parametrize("end", KINDS, ids=repr)
@pytest.mark.parametrize("falls", [False, True])
def test_one_break_anywhere(name, end, falls):
    """Also one point from an end, which only rows that read a value held there may reach."""
    x, f = np.array([0.0, 1, 3, 4, 6, 7, 7.5]), np.random.default_rng(1).uniform(-1, 1, 7)
    x = -x if falls else x
    grid = gg.Grid(x, boundary=[(end, end)], edge_order=1)
    for at in range(3, 5) if name == "order 2" else range(2, 6):
        found = SHORT_ROWS[name](grid.with_breaks(0, [at]))(f)
        first = gg.Grid(x[:at], boundary=[(end, "one-sided")], edge_order=1)
        last = gg.Grid(x[at:], boundary=[("one-sided", end)], edge_order=1)
        expected = [SHORT_ROWS[name](first)(f[:at]), SHORT_ROWS[name](last)(f[at:])]
        assert np.allclose(found, np.concatenate(expected), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", SHORT_ROWS)
@pytest.mark.parametrize("end", KINDS, ids=repr)
@pytest.mark.parametrize("at", [1, 6])
def test_a_break_beside_the_last_point(name, end, at):
    x, f = np.array([0.0, 1, 3, 4, 6, 7, 7.5]), np.random.default_rng(2).uniform(-1, 1, 7)
    found = SHORT_ROWS[name](gg.Grid(x, boundary=[(end, end)], edge_order=1).with_breaks(0, [at]))(f)
    run, ends = (slice(1, None), ("one-sided", end)) if at == 1 else (slice(6), (end, "one-sided"))
    expected = SHORT_ROWS[name](gg.Grid(x[run], boundary=[ends], edge_order=1))(f[run])
    assert np.allclose(found[run], expected, rtol=1e-13, atol=1e-14)


def test_in_the_call_of_a_function():
    x = np.array([0.0, 1, 3, 4, 6])
    assert np.array_equal(gg.gradient(2 * x, x, breaks=[1]), [np.nan, 2, 2, 2, 2], equal_nan=True)


@pytest.mark.parametrize(
    "end", ["reflect", "symmetric", gg.slope(0.25), gg.slope(0.25, wall="face")], ids=repr
)
@pytest.mark.parametrize("beside", ["one-sided", "reflect", gg.slope(0.5)], ids=repr)
@pytest.mark.parametrize("n", [4, 6])
def test_the_wide_laplacian_without_the_end_points(n, beside, end):
    """Slopes at points that are left out are not read, though no pair of a row has these points."""
    x, f = np.arange(n) + 0.0, np.random.default_rng(3).uniform(-1, 1, n)
    for missing, run, ends in ((0, slice(1, None), (beside, end)), (n - 1, slice(n - 1), (end, beside))):
        whole = gg.Grid(x, boundary=[(end, end)], edge_order=1)
        inside = np.arange(n) != missing
        found = whole.with_mask(inside, boundary=beside).laplacian.with_(form="wide")(
            np.where(inside, f, np.nan)
        )
        expected = gg.Grid(x[run], boundary=[ends], edge_order=1).laplacian.with_(form="wide")(f[run])
        assert np.allclose(found[run], expected, rtol=1e-13, atol=1e-14)
