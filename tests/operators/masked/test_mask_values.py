"""Values, slopes and mixtures beside gaps: each run is an axis of its own that ends with them, in every operator."""

import pickle
from math import prod

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits
from scipy import ndimage

import gridgrad as gg
from gridgrad._operators.fields.forms import flat
from gridgrad._operators.holding.held import is_free

EPS = np.finfo(float).eps
RNG = np.random.default_rng(7)
N = 22
INSIDE = np.ones(N, bool)
INSIDE[[0, 7, 8, 15]] = False
RUNS = [(1, 7), (9, 15), (16, N)]
AXES = {"even": (N, 0.5), "uneven": np.cumsum(RNG.random(N) + 0.5), "down": -np.cumsum(RNG.random(N) + 0.5)}
MADE = {
    "value": gg.value,
    "slope": gg.slope,
    "robin": lambda c, **where: gg.robin(1.0, 0.5, c, **where),
}
ALONG = {
    "gradient": lambda g, k: g.gradient,
    "second": lambda g, k: g.derivative(0, 2),
    "accurate": lambda g, k: g.derivative(0, accuracy=4),
    "accurate second": lambda g, k: g.derivative(0, 2, accuracy=2),
    "wide second": lambda g, k: g.laplacian.with_(accuracy=4),
    "conservative": lambda g, k: g.laplacian.with_(form="conservative"),
    "diffuse": lambda g, k: g.diffuse(k),
    "upwind": lambda g, k: g.advect([k - 1.0], upwind=1),
}


@pytest.mark.parametrize("wall", ["face", "point"])
@pytest.mark.parametrize("kind", MADE)
@pytest.mark.parametrize("axis", AXES)
def test_each_run_is_an_axis_of_its_own(axis, kind, wall):
    """What varies from gap to gap is read at the point beside it."""
    f, k, v = RNG.random((3, N)) + 0.5
    holed, beside = np.where(INSIDE, f, np.nan), MADE[kind](v, wall=wall)
    grid = gg.Grid(AXES[axis]).with_mask(INSIDE, boundary=beside)
    for make in ALONG.values():
        found = make(grid, k)(holed)
        for start, stop in RUNS:
            ends = [MADE[kind](float(v[i]), wall=wall) for i in (start, stop - 1)]
            points = AXES[axis][start:stop] if axis != "even" else (stop - start, 0.5)
            own = gg.Grid(points, boundary=[(ends[0], "one-sided" if stop == N else ends[1])])
            want = make(own, k[start:stop])(f[start:stop])
            np.testing.assert_allclose(found[start:stop], want, rtol=1e-12, atol=1e-12)
        assert not found[~INSIDE].any()


@pytest.mark.parametrize(
    ("beside", "changed"), [(gg.value(2.0, wall="face"), 1), (gg.slope(2.0), 1), (gg.value(2.0), 2)]
)
def test_rows_that_read_nothing_prescribed_stay(beside, changed):
    """Only a value at the point beside the gap changes the next row too."""
    A = gg.Grid((N, 0.5)).with_mask(INSIDE, boundary=beside).laplacian
    ends = {i for start, stop in RUNS for k in range(changed) for i in (start + k, stop - 1 - k)}
    assert set(A.beside.patch.points[0].tolist()) == ends - {N - 1 - k for k in range(changed)}


OPERATORS = {
    "gradient": lambda g, v: g.gradient,
    "divergence": lambda g, v: g.divergence,
    "curl": lambda g, v: g.curl,
    "jacobian": lambda g, v: g.jacobian,
    "wide": lambda g, v: g.laplacian.with_(form="wide"),
    "vector laplacian": lambda g, v: g.vector_laplacian,
    "advect": lambda g, v: g.advect([2.0, v]),
    "diffuse": lambda g, v: g.diffuse(v, mean="harmonic"),
    "sum": lambda g, v: g.identity - 0.1 * g.diffuse(v) + g.advect([v, v]) - g.laplacian,
    "product": lambda g, v: g.divergence @ g.gradient,
    "field times": lambda g, v: v * (g.laplacian - g.identity) + 2 * g.identity @ g.multiply(v),
    "of field": lambda g, v: g.laplacian @ g.multiply(v),
    "complex": lambda g, v: (1j + 2) * g.laplacian - 1j * g.multiply(v) @ g.laplacian,
}
SHAPE = (9, 11)
PLANE = RNG.random(SHAPE) < 0.7
FIELD, OTHER, VALUES = RNG.random((3, *SHAPE)) + 0.5
GRIDS = {
    "plane": lambda: gg.Grid(np.cumsum(RNG.random(9) + 0.5), (11, 0.25)),
    "walls": lambda: gg.Grid((9, 0.5), (11, 0.5), boundary=[(gg.value(2.0, wall="face"), gg.slope(1.0)), "periodic"]),
    "other order": lambda: gg.Grid((11, 0.5), (9, 0.25), axes=[-1, -2]),
}  # fmt: skip


@pytest.mark.parametrize("wall", ["face", "point"])
@pytest.mark.parametrize("name", GRIDS)
def test_operators_are_affine_in_the_field_and_the_values(name, wall):
    holed = np.where(PLANE, OTHER, np.nan)
    grid = GRIDS[name]()
    with_values, with_zero = (grid.with_mask(PLANE, boundary=gg.value(v, wall=wall)) for v in (VALUES, 0.0))
    twice = grid.with_mask(PLANE, boundary=gg.value(2 * VALUES, wall=wall))
    for word, make in OPERATORS.items():
        A, zero = make(with_values, holed), make(with_zero, holed)
        u = np.where(PLANE, RNG.random((*A.inputs, *SHAPE)), np.nan)
        results = [_flat(op(u), op.outputs) for op in (A, zero, make(twice, holed))]
        size = max(np.abs(own).max() for own in results)
        np.testing.assert_allclose(results[2] - results[0], results[0] - results[1], atol=64 * EPS * size)
        offset = _flat(A.offset, A.outputs)
        np.testing.assert_allclose(_flat(A.linear(u), A.outputs) + offset, results[0], atol=64 * EPS * size)
        assert np.abs(offset).max() > 0
        if name != "walls":
            clean = np.where(PLANE, u, 0).ravel()
            np.testing.assert_allclose(A.to_sparse() @ clean + offset, results[0], atol=64 * EPS * size)
            assert abs(A.to_sparse() - zero.to_sparse()).max() == 0, word
            g = RNG.random((*A.outputs, *SHAPE))
            assert np.array_equal(_flat(A.adjoint(g), A.inputs), _flat(zero.adjoint(g), A.inputs))
        again = pickle.loads(pickle.dumps(A))
        assert np.array_equal(_flat(again(u), A.outputs), results[0])


def _flat(results, form):
    return np.concatenate([np.ravel(own) for own in flat(results, form)])


def named(v=1.0, **options):
    grid = gg.Grid((9, 0.5), (11, 0.25), boundary="symmetric")
    return grid.with_mask(PLANE, boundary=gg.value(v, wall="face", name="hot"), **options)


def test_other_values_at_calls_are_planned_once():
    A = named().laplacian
    holed = np.where(PLANE, FIELD, np.nan)
    for v in (3.0, VALUES, np.float32(2)):
        want = named(v).laplacian(holed)
        assert np.array_equal(A(holed, hot=v), want)
        both = (A.grid.identity - 2 * A)(holed, hot=v)
        np.testing.assert_allclose(both, np.where(PLANE, holed, 0) - 2 * want, atol=1e-12)
        other = A.with_(hot=v)
        assert other.beside is A.beside  # the rows
        assert other.whole.pattern is A.whole.pattern
    again = A.with_(hot=3.0).with_(form="conservative")
    assert np.array_equal(again(holed), named(3.0).laplacian.with_(form="conservative")(holed))
    v = VALUES.copy()
    B = named(v).laplacian
    first = B(holed)
    v += 1
    assert not np.array_equal(B(holed), first)  # read at each call
    assert np.array_equal(B(holed), A(holed, hot=v))
    out = holed.copy()
    assert np.array_equal(B(out, out=out), A(holed, hot=v))
    batch = np.stack([holed, 2 * holed])
    assert np.array_equal(B(batch)[0], A(holed, hot=v))
    assert np.array_equal(A(batch, hot=np.stack([v, 3 * v]))[1], A(2 * holed, hot=3 * v))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_core_has_the_bits_of_slices(dtype, monkeypatch):
    from gridgrad._backends.numpy import core

    f, k, v = (a.astype(dtype) for a in (FIELD, OTHER, VALUES))
    for made in (named(2.5), named(v)):
        for A in (
            made.laplacian,
            made.diffuse(k),
            made.gradient,
            k * made.laplacian,
            made.diffuse(k) - made.advect([k, 1.0]),
        ):
            found = [A(f), A(f, workers=2)]
            with monkeypatch.context() as patched:
                patched.setattr(core, "core", None)
                want = pickle.loads(pickle.dumps(A))(f)
            for own in found:
                assert all(
                    np.array_equal(a, b) and a.dtype == dtype
                    for a, b in zip(flat(own, A.outputs), flat(want, A.outputs), strict=True)
                )


@pytest.mark.parametrize("library", parameters("numpy"))
def test_libraries(library):
    for v in (2.5, VALUES):
        with library.wide():
            A = named(library.array(v) if v is VALUES else v).diffuse(library.array(OTHER))
            found = library.host(A(library.array(np.where(PLANE, FIELD, np.nan))))
        np.testing.assert_allclose(found, named(v).diffuse(OTHER)(FIELD), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("library", parameters())
@pytest.mark.parametrize("form", ["compact", "wide", "conservative"])
@pytest.mark.parametrize("v", [0.75, np.linspace(1.0, 2.0, SHAPE[1])], ids=["number", "array"])
def test_a_wall_counts_where_its_point_does_not(library, form, v):
    """Rows beside a gap on a wall read what the wall prescribes, in every library as in the matrix."""
    inside = np.ones(SHAPE, bool)
    inside[0, 2:5] = inside[-1, 3] = False

    def made(v):
        ends = [gg.value(v), "reflect"]
        grid = gg.Grid((SHAPE[0], 0.5), (SHAPE[1], 0.25), boundary=ends).with_mask(inside)
        return grid.laplacian.with_(form=form)

    want = made(v).to_sparse() @ np.where(inside, FIELD, 0).ravel() + made(v).offset.ravel()
    with library.wide():
        A = made(v if isinstance(v, float) else library.array(v))
        found = library.host(A(library.array(np.where(inside, FIELD, np.nan))))
    np.testing.assert_allclose(found.ravel(), want, atol=1e-11)


def test_torch_and_jax_differentiate_by_the_values():
    A = named().laplacian
    zero = np.zeros(SHAPE)
    want = np.array(
        [
            (OTHER * (A(zero, hot=e) - A(zero, hot=zero))).sum()
            for e in np.eye(prod(SHAPE)).reshape(-1, *SHAPE)
        ]
    )
    torch = pytest.importorskip("torch")
    f, v = torch.tensor(FIELD), torch.tensor(VALUES, requires_grad=True)
    (A(f, hot=v) * torch.tensor(OTHER)).sum().backward()
    np.testing.assert_allclose(v.grad.numpy().ravel(), want, atol=1e-12)
    jax = pytest.importorskip("jax")
    with jax.enable_x64(True):
        found = jax.jit(jax.grad(lambda v: (A(jax.numpy.asarray(FIELD), hot=v) * OTHER).sum()))(
            jax.numpy.asarray(VALUES)
        )
    np.testing.assert_allclose(np.asarray(found).ravel(), want, atol=1e-12)


def test_mixed_derivatives_of_a_constant_beside_gaps():
    """Subtracted from the field it is 0 there, and the second derivatives are the same."""
    grid, island = gg.Grid((9, 0.5), (11, 0.25)), np.ones(SHAPE, bool)
    island[:4, 5:7] = False
    for word, inside in (("hessian", PLANE), ("biharmonic", island)):
        one, zero = (grid.with_mask(inside, boundary=gg.value(v, wall="face")) for v in (2.0, 0.0))
        found, want = getattr(one, word)(FIELD), getattr(zero, word)(FIELD - 2)
        np.testing.assert_allclose(found, want, atol=1e-11)


def test_lid_of_an_obstacle():
    rest, moving = gg.value(0.0, wall="face"), gg.value(3.0, wall="face", name="speed")
    wall = gg.components(normal=rest, tangential=moving, scalar="symmetric")
    inside = np.ones((6, 7), bool)
    inside[2:4, 2:5] = False
    grid = gg.Grid((6, 1.0), (7, 1.0), boundary="symmetric").with_mask(inside, boundary=wall)
    for speed in (3.0, 5.0):
        drag = np.array(grid.vector_laplacian(np.zeros((2, 6, 7)), speed=speed))
        want = np.zeros((2, 6, 7))
        want[1, [1, 4], 2:5] = want[0, 2:4, 1] = want[0, 2:4, 5] = 2 * speed
        assert np.array_equal(drag, want)
    assert not np.any(grid.gradient(np.where(inside, 1.0, np.nan)))


def test_what_flows_through_a_coast_is_in_the_total():
    grid = gg.Grid((9, 0.5), (11, 0.25), boundary="symmetric")
    ocean = grid.with_mask(PLANE, boundary=gg.slope(2.0, wall="face"))
    faces = [np.sum(PLANE[1:] & ~PLANE[:-1]) + np.sum(PLANE[:-1] & ~PLANE[1:])]
    faces.append(np.sum(PLANE[:, 1:] & ~PLANE[:, :-1]) + np.sum(PLANE[:, :-1] & ~PLANE[:, 1:]))
    alone = [_alone(PLANE), _alone(PLANE.T)]  # runs of one point have no row
    total = (grid.measure * ocean.diffuse(1.0)(np.where(PLANE, FIELD, np.nan))).sum()
    np.testing.assert_allclose(
        total, 2.0 * ((faces[0] - alone[0]) * 0.25 + (faces[1] - alone[1]) * 0.5), rtol=1e-12
    )


def _alone(inside):
    """The faces of runs of one point along the first axis that are cut by a gap."""
    padded = np.pad(inside, ((1, 1), (0, 0)))
    single = padded[1:-1] & ~padded[:-2] & ~padded[2:]
    gaps = np.pad(~inside, ((1, 1), (0, 0)))
    return np.sum(single & gaps[:-2]) + np.sum(single & gaps[2:])


@pytest.mark.parametrize("wall", ["face", "point"])
def test_solves_between_obstacles(wall):
    grid = gg.Grid((N, 0.5))
    x = grid.mesh()[0]
    exact = 2 * x + 1
    step = {"face": 0.25, "point": 0.0}[wall]
    v = np.full(N, np.nan)
    inside = INSIDE & (np.arange(N) < N - 1)
    for start, stop in (*RUNS[:2], (16, N - 1)):
        v[start], v[stop - 1] = exact[start] - 2 * step, exact[stop - 1] + 2 * step
    own = grid.with_mask(inside, boundary=gg.value(v, wall=wall, name="hot"))
    for A in (own.laplacian, own.diffuse(np.ones(N)), own.laplacian.with_(accuracy=2)):
        np.testing.assert_allclose(A.solve(np.zeros(N))[inside], exact[inside], rtol=1e-12)
        np.testing.assert_allclose(A.solve(np.zeros((2, N)), hot=3.0)[:, inside], 3, rtol=1e-12)
    short = gg.Grid(np.linspace(0, 1, 5), boundary=gg.value(0.0)).with_mask(
        np.arange(5) < 4, boundary=gg.value(0.0)
    )
    assert short.laplacian.solve(np.full(5, 2.0))[3] == 0  # held


def test_harmonic_function_between_two_coasts():
    """Held on staircases, whose points have the exact values: of order 2."""
    errors = []
    for n in (33, 65):
        grid = gg.Grid((n, 2 / (n - 1), -1.0), (n, 2 / (n - 1), -1.0))
        x, y = grid.mesh()
        inside, exact = abs(np.hypot(x, y) - 0.6) < 0.3, np.exp(x) * np.sin(y)
        A = grid.with_mask(inside, boundary=gg.value(exact)).laplacian
        errors.append(np.abs(A.solve(np.zeros((n, n))) - exact)[inside].max())
    assert 3 < errors[0] / errors[1] < 5
    assert errors[1] < 1e-5


def test_values_decide_the_dtype_as_at_walls(rng):
    """Complex ones beside a real field, wide ones beside a narrow one."""
    inside = np.ones((10, 9), bool)
    inside[4:6, 3:6] = False
    f = rng.standard_normal((10, 9))
    values = f * (1 + 2j)
    for own in (values, 2 + 1j):
        operator = (
            gg.Grid((10, 0.3), (9, 0.7))
            .with_mask(inside, boundary=gg.value(own, wall="face", name="v"))
            .laplacian
        )
        assert operator(f).dtype == complex
        np.testing.assert_allclose(operator(f), operator.linear(f) + operator.offset, rtol=1e-12)
        np.testing.assert_allclose(operator(f, v=2j), operator(f.astype(complex), v=2j), rtol=1e-12)
        out = np.empty(f.shape, complex)
        assert operator(f, out=out) is out
        assert same_bits(out, operator(f))
    operator = (
        gg.Grid((10, 0.3), (9, 0.7)).with_mask(inside, boundary=gg.value(f, wall="face", name="v")).laplacian
    )
    narrow = f.astype(np.float32)
    assert operator(narrow).dtype == np.float64
    assert operator(narrow, v=narrow).dtype == np.float32


@pytest.mark.parametrize(
    "beside", ["one-sided", "symmetric", gg.value(2.0, wall="face"), gg.slope(0.5)], ids=str
)
def test_arrays_at_walls_beside_gaps(beside, rng):
    """Each column is as with its own number at the wall."""
    inside = np.ones((10, 9), bool)
    inside[4:6, 3:6] = inside[5, 8] = False
    f = rng.standard_normal((10, 9))

    def laplacian(top):
        ends = [(gg.value(top, name="top"), gg.slope(0.3)), "one-sided"]
        return gg.Grid((10, 0.3), (9, 0.7), boundary=ends).with_mask(inside, boundary=beside).laplacian

    operator = laplacian(np.arange(9.0))
    np.testing.assert_allclose(operator(f), operator.linear(f) + operator.offset, rtol=1e-12)
    for column in range(9):
        np.testing.assert_allclose(operator(f)[:, column], laplacian(float(column))(f)[:, column], rtol=1e-12)
    assert same_bits(operator(f, top=3.0), laplacian(3.0)(f))


@pytest.mark.parametrize("name", ["laplacian", "gradient"])
def test_walls_of_symmetric_gaps_are_midway_on_uneven_axes(name):
    grid, f = gg.Grid(AXES["uneven"]), RNG.random(N)
    beside = grid.with_mask(INSIDE, boundary="symmetric")
    made = np.ravel(getattr(beside, name)(f))
    for start, stop in RUNS:
        mirrored = f.copy()
        mirrored[start - 1], mirrored[stop % N] = f[start], f[stop - 1]
        expected = np.ravel(getattr(grid, name)(mirrored))
        own = slice(start, stop if stop < N else N - 1)
        assert np.array_equal(made[own], expected[own])


def test_past_corners_of_gaps_rows_read_what_is_held():
    """As rows across the gap do: no row reads the array at points that hold a value."""
    inside = np.ones((9, 10), bool)
    inside[3:6, 4:7] = False
    whole = gg.Grid((9, 0.5), (10, 0.5), boundary="symmetric")
    A = whole.with_mask(inside, boundary=gg.value(2.0)).laplacian
    held = inside & ~ndimage.binary_erosion(inside, border_value=1)
    assert np.array_equal(is_free(A.grid, None), inside & ~held)
    f = RNG.random(inside.shape)
    own, found = np.where(held, 2.0, f), A(np.where(held, np.nan, f))
    by_slices = ndimage.laplace(own, mode="nearest") / 0.25
    rows = inside & ~held  # at coasts differences across them are one-sided
    np.testing.assert_allclose(found[rows], by_slices[rows], rtol=1e-12)
    assert same_bits(found, A(own))
