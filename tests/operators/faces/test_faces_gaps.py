"""Faces of grids with gaps, against loops over faces in exact arithmetic; sums, adjoints, matrices, corners, errors."""

from __future__ import annotations

import pickle
from fractions import Fraction as Q
from itertools import pairwise

import numpy as np
import pytest

import gridgrad as gg

EPS = np.finfo(float).eps
RNG = np.random.default_rng(17)
N, M = 8, 6
UNEVEN = np.cumsum(RNG.uniform(0.4, 1.6, N))
PERIOD = float(UNEVEN[-1] - UNEVEN[0] + 0.75)
AXES = {"even": (N, 0.375), "uneven": UNEVEN, "falling": -UNEVEN}
ENDS = ["one-sided", "symmetric", "periodic"]
INSIDE = RNG.random((N, M)) < 0.7
INSIDE[2:4, 1:3] = False
BREAKS = [3, 6]


def ocean(axis, end, breaks=(), **words):
    period = [PERIOD, None] if end == "periodic" and axis != "even" else None
    grid = gg.Grid(AXES[axis], (M, 0.5), boundary=[end, "symmetric"], edge_order=1, period=period)
    grid = grid.with_mask(INSIDE, **words)
    return grid.with_breaks(0, list(breaks)) if breaks else grid


class Line:
    """The faces across axis 0 in rational numbers: the points beside each, and how far they and the cells' edges are."""

    def __init__(self, axis, end, walls, breaks=()):
        x = [Q(float(v)) for v in np.asarray(gg.Grid(AXES[axis]).coordinates[0])]
        steps = [b - a for a, b in pairwise(x)]
        way = 1 if steps[0] > 0 else -1
        self.way, self.faces = way, []  # below, above (None in a wall), distance; between which no break is
        for i, step in enumerate(steps):
            self.faces.append((i, i + 1, step, i + 1 in breaks))
        halves = [abs(s) / 2 for s in steps]
        if end == "periodic":
            around = steps[0] if axis == "even" else way * Q(PERIOD) - (x[-1] - x[0])
            self.faces.insert(0, (N - 1, 0, around, 0 in breaks))
            outer = (abs(around) / 2,) * 2
        else:
            outer = (halves[0], halves[-1]) if end == "symmetric" else (Q(0), Q(0))
            if walls:
                self.faces = [(None, 0, steps[0], False), *self.faces, (N - 1, None, steps[-1], False)]
        before, behind = [outer[0], *halves], [*halves, outer[1]]
        self.widths = [a + b for a, b in zip(before, behind, strict=True)]

    def is_open(self, face, j):
        below, above, _, is_cut = self.faces[face]
        return not is_cut and all(INSIDE[i, j] for i in (below, above) if i is not None)


def close(got, want, size=40):
    return np.all(np.abs(np.asarray(got) - np.array(want, float)) <= size * EPS)


@pytest.mark.parametrize("breaks", [(), BREAKS], ids=["gaps", "breaks"])
@pytest.mark.parametrize("walls", [False, True], ids=["between", "walls"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("axis", AXES)
class TestOneAxis:
    def test_to_faces(self, axis, end, walls, breaks):
        line, faces = Line(axis, end, walls, breaks), ocean(axis, end, breaks).faces(0, walls)
        f = np.where(INSIDE, RNG.standard_normal((N, M)), np.nan)
        slopes, means = np.zeros((2, len(line.faces), M))
        opened = np.zeros(slopes.shape, bool)
        for face, (below, above, step, _) in enumerate(line.faces):
            for j in range(M):
                opened[face, j] = line.is_open(face, j)
                if not opened[face, j]:
                    continue
                if below is None or above is None:  # in a wall
                    inner, next_ = (0, 1) if below is None else (N - 1, N - 2)
                    means[face, j] = f[inner, j]
                    if end == "one-sided" and INSIDE[next_, j]:
                        rise = (Q(f[next_, j]) - Q(f[inner, j])) / step
                        slopes[face, j] = float(rise if below is None else -rise)
                else:
                    slopes[face, j] = float((Q(f[above, j]) - Q(f[below, j])) / step)
                    means[face, j] = float((Q(f[above, j]) + Q(f[below, j])) / 2)
        assert np.array_equal(faces.open, opened)
        assert close(faces.derivative(f), slopes)
        assert close(faces.mean(f), means)

    def test_to_points(self, axis, end, walls, breaks):
        line, grid = Line(axis, end, walls, breaks), ocean(axis, end, breaks)
        faces = grid.faces(0, walls)
        F = np.where(faces.open, RNG.standard_normal(faces.open.shape), np.nan)
        divergences, means = np.zeros((2, N, M))
        total = Q(0)
        for j in range(M):
            inflow, halves = [Q(0)] * N, [Q(0)] * N
            for face, (below, above, *_) in enumerate(line.faces):
                if not line.is_open(face, j):
                    continue
                flux = Q(float(F[face, j])) * line.way
                for point, sign in ((below, 1), (above, -1)):
                    if point is None:
                        total += -sign * flux
                    else:
                        inflow[point] += sign * flux
                        halves[point] += Q(float(F[face, j])) / 2
            for i in range(N):
                divergences[i, j] = float(inflow[i] / line.widths[i])
                means[i, j] = float(halves[i])
        found = faces.divergence(F)
        assert close(found, divergences)
        assert close(faces.mean_at_points(F), means)
        widths = grid.quadrature[0][:, None]
        assert abs((widths * found).sum() - float(total)) <= 100 * EPS

    def test_forms(self, axis, end, walls, breaks):
        faces = ocean(axis, end, breaks).faces(0, walls)
        for operator in (faces.derivative, faces.mean, faces.divergence, faces.mean_at_points):
            f, g = (
                RNG.standard_normal((2, *own[0].shape)) for own in (operator.grids_in, operator.grids_out)
            )
            inside, outside = (own[0].mask.inside for own in (operator.grids_in, operator.grids_out))
            hidden_f, hidden_g = np.where(inside, f, np.nan), np.where(outside, g, np.nan)
            matrix = operator.to_sparse()
            assert matrix.shape == operator.shape
            wanted = (matrix @ f.reshape(2, -1).T).T.reshape(g.shape)
            assert close(operator(hidden_f), wanted)
            assert np.array_equal(operator(hidden_f), operator(f))
            assert np.array_equal(operator(hidden_f, out=np.full_like(g, np.nan)), operator(f))
            assert close((matrix.T @ g.reshape(2, -1).T).T.reshape(f.shape), operator.T(hidden_g))
            assert abs(operator.T.to_sparse() - matrix.T).max() == 0
            assert close(operator.T.T(hidden_f), wanted)
            before, after = operator.grids_in[0].measure, operator.grids_out[0].measure
            turned = operator.adjoint(hidden_g, weight="quadrature")
            assert np.isclose((after * g * operator(f)).sum(), (before * f * turned).sum())
            assert not operator(f)[:, ~outside].any()
            assert not turned[:, ~inside].any()
            into = np.ones_like(g)
            assert operator(hidden_f, out=into, add=True) is into
            assert np.array_equal(into, 1 + operator(f))
            again = pickle.loads(pickle.dumps(operator))
            assert np.array_equal(again(hidden_f), operator(f))
            assert close((2.0 * operator)(hidden_f), 2 * operator(f))


@pytest.mark.parametrize("side", ["one-sided", "symmetric"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("axis", AXES)
def test_divergence_of_gradient_is_the_conservative_laplacian(axis, end, side):
    grid = ocean(axis, end, boundary=side)
    faces, f = grid.faces(), np.where(INSIDE, RNG.standard_normal((N, M)), np.nan)
    assert close((faces.divergence @ faces.gradient)(f), grid.laplacian.with_(form="conservative")(f), 200)
    k = np.where(INSIDE, RNG.random((N, M)), np.nan)
    spread = faces.divergence(
        [own.mean(k) * slope for own, slope in zip(faces, faces.gradient(f), strict=True)]
    )
    assert close(spread, grid.diffuse(k)(f), 200)


@pytest.mark.parametrize("end", ENDS[1:])
def test_gradient_and_divergence_are_negative_adjoints(end):
    """With all faces weighed as the cells at both sides, as on grids without gaps between closed walls."""
    grid = gg.Grid((N, 0.5), (M, 0.25), boundary=[end, "periodic"]).with_mask(INSIDE)
    faces = grid.faces()
    f = np.where(INSIDE, RNG.standard_normal((N, M)), np.nan)
    F = [np.where(own.open, RNG.standard_normal(own.open.shape), np.nan) for own in faces]
    ahead = sum(np.nansum(0.125 * a * b) for a, b in zip(F, faces.gradient(f), strict=True))
    assert np.isclose(ahead, -np.nansum(grid.measure * f * faces.divergence(F)), rtol=1e-13)
    for own, flux in zip(faces, F, strict=True):
        turned = own.derivative.adjoint(flux)
        assert close(turned, -own.divergence(flux))
        assert close(own.mean.T(flux), own.mean_at_points(flux))


def test_fill():
    grid = gg.Grid((N, 0.5), (M, 0.25)).with_mask(INSIDE, fill=np.nan)
    faces = grid.faces()
    F = [np.where(own.open, 1.0, np.nan) for own in faces]
    assert np.array_equal(np.isnan(faces.divergence(F)), ~INSIDE)
    for own, slope in zip(faces, faces.gradient(np.ones((N, M))), strict=True):
        assert np.array_equal(np.isnan(slope), ~own.open)
        assert not np.isnan(own.derivative.T(slope)).any()


def test_corners_are_open_where_all_four_cells_are_inside():
    grid = gg.Grid((N, 0.5), (M, 0.25), boundary=["periodic", "symmetric"]).with_mask(INSIDE)
    x, y = grid.faces()
    of_u, of_v = x.grid.faces(1), y.grid.faces(0)
    wet = INSIDE & np.roll(INSIDE, 1, 0)
    assert np.array_equal(of_u.open, wet[:, 1:] & wet[:, :-1])
    assert np.array_equal(of_u.open, of_v.open)
    u = np.where(x.open, RNG.standard_normal(x.open.shape), np.nan)
    assert np.array_equal(of_u.derivative(u), np.where(of_u.open, np.diff(u, axis=1) / 0.25, 0))


def test_a_gap_for_each_field_of_a_batch():
    grid, inside = gg.Grid(UNEVEN, (M, 0.25)), RNG.random((3, N, M)) < 0.7
    f = np.where(inside, RNG.standard_normal((3, N, M)), np.nan)
    each = grid.with_mask(inside).faces()
    F = each.gradient(f)
    for k in range(3):
        alone = grid.with_mask(inside[k]).faces()
        assert all(np.array_equal(a[k], b) for a, b in zip(F, alone.gradient(f[k]), strict=True))
        hidden = [np.where(own.open, part, np.nan) for own, part in zip(each, F, strict=True)]
        assert np.array_equal(each.divergence(hidden)[k], alone.divergence([part[k] for part in F]))
        assert np.array_equal(each[1].open[k], alone[1].open)


@pytest.mark.parametrize("layout", ["C", "F", "batch", "float32", "complex128"])
def test_one_value_at_one_coast_among_many_is_not_read(layout):
    """Wherever it is: not all coasts are looked at where some of them have values."""
    inside = np.random.default_rng(5).random((24, 20)) > 0.3
    faces = gg.Grid((24, 0.5), (20, 0.25)).with_mask(inside).faces(0)
    closed = np.argwhere(inside[1:] != inside[:-1])
    assert len(closed) > 128
    f = np.where(faces.open, np.random.default_rng(6).random(faces.open.shape), 0)
    f = np.stack([f, 2 * f]) if layout == "batch" else f.astype(layout if len(layout) > 5 else float)
    expected, given = faces.divergence(f), np.asarray(f, order="F" if layout == "F" else "C")
    for i, j in closed:
        given[..., i, j] = np.nan
        assert faces.divergence(given).tobytes() == expected.tobytes()
        assert np.isnan(given[..., i, j]).all()
        given[..., i, j] = 0


def attempt(operator, f, **words):
    try:
        result = operator(f, **words)
    except (TypeError, ValueError) as error:
        return type(error), str(error)
    return [np.asarray(part).tobytes() for part in (result if isinstance(result, tuple) else (result,))]


def test_later_calls_are_as_the_first():
    """Fields of shapes that were seen take a shorter way, with the same results and errors."""
    rng = np.random.default_rng(4)

    def made(name):
        return getattr(gg.Grid((N, 0.375), (M, 0.5)).with_mask(INSIDE).faces(), name)

    for name, form in (("divergence", 2), ("gradient", None)):
        used = made(name)
        shapes = [place.shape for place in used.grids_in]
        fields = {batch: [rng.random((*batch, *shape)) for shape in shapes] for batch in ((), (2,), (3,))}
        given = {batch: tuple(own) if form else own[0] for batch, own in fields.items()}
        for f in given.values():  # all these shapes are known to one of them
            used(f)
        plain, (read_only, *_) = given[()], [np.zeros((N, M)), None]
        read_only.flags.writeable = False
        mixed = [given[(2,)][0], given[(3,)][1]] if form else given[()].astype(int)
        calls = [(plain, {}), (given[(2,)], {}), (mixed, {}), (plain, {"workers": -1}), (plain, {"out": 3}),
                 (plain, {"out": read_only}), (plain, {"out": np.zeros((M, N))}), (plain, {"out": [np.zeros((N, M))] * 3}), (3, {}),
                 (plain, {"out": fields[()][0]}), ((plain, plain, plain), {})]  # fmt: skip
        for f, words in calls:
            expected = attempt(made(name), f, **words)
            assert attempt(used, f, **words) == expected, (name, words)


def test_axes_in_another_order_and_layouts():
    grid = gg.Grid(UNEVEN, (M, 0.5)).with_mask(INSIDE)
    turned = gg.Grid(UNEVEN, (M, 0.5), axes=[-1, -2]).with_mask(INSIDE.T)
    f = np.where(INSIDE, RNG.standard_normal((N, M)), np.nan)
    for own, other in zip(grid.faces(), turned.faces(), strict=True):
        assert np.array_equal(other.open, own.open.T)
        assert np.array_equal(other.derivative(f.T), own.derivative(f).T)
        F = np.where(own.open, own.derivative(f), np.nan)
        assert np.array_equal(other.divergence(F.T), own.divergence(F).T)
        assert np.array_equal(own.divergence(np.asfortranarray(F)), own.divergence(F))
        back = np.empty((M, N)).T
        assert np.array_equal(own.divergence(F, out=back), own.divergence(F))
        assert np.isnan(F).sum() == (~own.open).sum()  # what is given is not written to


@pytest.mark.parametrize("dtype", ["float32", "complex128", "longdouble", "int16"])
def test_dtypes(dtype):
    for own in ocean("uneven", "symmetric").faces():
        f = (8 * RNG.standard_normal((N, M))).astype(dtype)
        slopes = own.derivative(f)
        assert slopes.dtype == ("float64" if dtype == "int16" else dtype)
        assert np.allclose(slopes, own.derivative(f.astype("complex128")), rtol=1e-5, atol=1e-5)
        F = (8 * RNG.standard_normal(own.open.shape)).astype(dtype)
        assert np.allclose(own.divergence(F), own.divergence(F.astype("complex128")), rtol=1e-5, atol=1e-4)


def test_operators_are_composed_and_multiplied():
    grid = ocean("uneven", "symmetric")
    own, f = grid.faces(0), np.where(INSIDE, RNG.standard_normal((N, M)), np.nan)
    k = np.where(own.open, RNG.random(own.open.shape), np.nan)
    wanted = own.divergence(k * own.derivative(f))
    assert close((own.divergence @ own.grid.multiply(k) @ own.derivative)(f), wanted, 200)
    assert close((own.divergence @ (k * own.derivative))(f), wanted, 200)
    both = own.mean + own.derivative
    assert close(both(f), own.mean(f) + own.derivative(f))
    matrix = (own.divergence @ own.grid.multiply(np.where(own.open, k, 0)) @ own.derivative).to_sparse()
    assert close(matrix @ np.nan_to_num(f).ravel(), wanted.ravel(), 200)
    with pytest.raises(ValueError, match="their gaps differ"):
        own.divergence @ grid.whole.faces(0).derivative


def test_walls_with_values_beside_gaps():
    """What is prescribed at walls counts where the cell beside is inside."""
    left, right = gg.value(3.0, wall="face", name="inflow"), gg.slope(0.5, wall="face")
    grid = gg.Grid((4, 0.5), (2, 1.0), boundary=[(left, right), "symmetric"])
    inside = np.array([[True, False], [True, True], [True, True], [True, False]])
    own, f = (
        grid.with_mask(inside).faces(0, walls=True),
        np.array([[1.0, np.nan], [2, 2], [4, 5], [8, np.nan]]),
    )
    assert own.derivative(f).tolist() == [[-8, 0], [2, 0], [4, 6], [8, 0], [0.5, 0]]
    assert own.mean(f).tolist() == [[3, 0], [1.5, 0], [3, 3.5], [6, 0], [8.125, 0]]
    assert own.derivative(f, inflow=1.0)[0].tolist() == [0, 0]
    assert close(own.derivative(f), own.derivative.linear(f) + own.derivative.offset)


def test_a_run_too_short_for_the_row_in_a_wall():
    """Rows of order 2 at one-sided ends read three points: where one of these is outside there is none."""
    inside = np.ones((5, 3), bool)
    inside[[1, 2], [0, 1]] = False
    f = np.where(inside, np.arange(5.0)[:, None] ** 2, np.nan)
    own = gg.Grid((5, 1.0), (3, 1.0)).with_mask(inside).faces(0, walls=True)
    assert own.derivative(f).tolist() == [[0, 0, 0], [0, 1, 1], [0, 0, 3], [5, 0, 5], [7, 7, 7], [8, 0, 8]]
    assert own.open[0].all()
    cut = gg.Grid((5, 1.0), (3, 1.0)).with_breaks(0, [2]).faces(0, walls=True)
    assert cut.derivative(np.arange(15.0).reshape(5, 3) ** 2)[:, 0].tolist() == [0, 9, 0, 45, 63, 72]
    g = np.ones(own.open.shape)
    assert close(own.derivative.T(g).ravel(), own.derivative.to_sparse().T @ g.ravel())


def test_units():
    pint = pytest.importorskip("pint")
    ureg = pint.UnitRegistry()
    own = gg.Grid(ureg.Quantity(UNEVEN, "m"), (M, 0.5)).with_mask(INSIDE).faces(0)
    f = np.where(INSIDE, RNG.standard_normal((N, M)), np.nan)
    slope = own.derivative(ureg.Quantity(f, "K"))
    assert str(slope.units) == "kelvin / meter"
    assert np.array_equal(slope.magnitude, gg.Grid(UNEVEN, (M, 0.5)).with_mask(INSIDE).faces(0).derivative(f))
    assert str(own.divergence(slope).units) == "kelvin / meter ** 2"


@pytest.mark.parametrize("side", [gg.value(1.0), "reflect", "antisymmetric"])
def test_other_boundaries_beside_gaps_are_refused(side):
    with pytest.raises(ValueError, match="faces to gaps are closed"):
        gg.Grid((N, 0.5), (M, 0.25)).with_mask(INSIDE, boundary=side).faces()
