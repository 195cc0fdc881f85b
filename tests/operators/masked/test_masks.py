"""Grids with gaps: each run of points is an axis of its own, whatever stands outside; the oracle cuts lines and differentiates each."""

import pickle
from math import prod

import numpy as np
import pytest
from libraries import parameters

import gridgrad as gg
from gridgrad._operators.fields.forms import flat

EPS = np.finfo(float).eps
GRIDS = {
    "line": lambda: gg.Grid((23, 0.5)),
    "plane": lambda: gg.Grid(np.cumsum(RNG.random(9) + 0.5), (11, 0.25)),
    "ring": lambda: gg.Grid((8, 0.5), (13, 0.5), boundary=["one-sided", "periodic"]),
    "ring of coordinates": lambda: gg.Grid(np.cumsum(RNG.random(12) + 0.5), period=15.0, periodic=True),
    "space": lambda: gg.Grid((6, 0.5), np.cumsum(RNG.random(7) + 0.5), (8, 2.0), boundary=["reflect", "one-sided", "symmetric"]),
    "walls": lambda: gg.Grid((9, 0.5), (8, 0.5), boundary=[(gg.value(2.0, wall="face"), gg.slope(1.0)), "one-sided"]),
    "other order": lambda: gg.Grid((7, 0.5), (9, 0.25), axes=[-1, -2]),
}  # fmt: skip
RNG = np.random.default_rng(5)


def runs_of(inside, is_ring):
    """The points of each run of one line, in order; a whole ring is no run."""
    n = len(inside)
    if is_ring and inside.all():
        return []
    start = int(np.flatnonzero(~inside)[0]) if is_ring and not inside.all() else 0
    order = [(start + k) % n for k in range(n)]
    runs, current = [], []
    for i in order:
        if inside[i]:
            current.append(i)
        elif current:
            runs.append(current)
            current = []
    return [*runs, current] if current else runs


def along(grid, f, inside, k, order=1, edge_order=2, beside="one-sided", **options):
    """The derivative along one axis, run by run, by 1-D calls on positions; 0 where a run is too short."""
    place, axis = grid.places[k], grid.axis_objects[k]
    lines, there = np.moveaxis(f, place, -1), np.moveaxis(inside, place, -1)
    result, x = np.zeros(lines.shape), np.asarray(axis.coordinates)
    for spot in np.ndindex(lines.shape[:-1]):
        runs = runs_of(there[spot], axis.is_periodic)
        if not runs and there[spot].all():
            own = gg.Grid(grid.axis_objects[k].given()[0], periodic=True, period=axis.given()[1])
            result[spot] = own.derivative(0, order, **options)(lines[spot])
        for run in runs:
            at = np.array([x[i] + (i < run[0]) * (period_of(axis)) for i in run])
            sides = [beside if run[0] or axis.is_periodic else grid.boundary[k][0], beside if run[-1] < len(x) - 1 or axis.is_periodic else grid.boundary[k][1]]  # fmt: skip
            found = one_run(lines[spot][run], at, axis, order, edge_order, sides, options)
            result[spot][run] = whole_rows(grid, k, lines[spot], run, order) if found is None else found
    return np.moveaxis(result, -1, place)


def period_of(axis):
    return float(axis.period) if axis.period is not None else axis.length * float(np.max(axis.steps))


def one_run(f, x, axis, order, edge_order, sides, options):
    for e in (edge_order, 1):
        try:
            given = x if axis.has_coordinates else (len(x), float(axis.spacing))
            return gg.Grid(given, boundary=[tuple(sides)], edge_order=e).derivative(0, order, **options)(f)
        except ValueError:
            continue
    return None


def whole_rows(grid, k, f, run, order):
    """Of a run that is too short: rows of the whole line that read no point outside of it, 0 elsewhere."""
    axis = grid.axis_objects[k]
    given = np.asarray(axis.coordinates) if axis.has_coordinates else (axis.length, float(axis.spacing))
    whole = gg.Grid(given, boundary=[grid.boundary[k]], period=axis.given()[1]).derivative(0, order)
    matrix = whole.linear.to_sparse().toarray()
    values = whole(np.where(np.isin(np.arange(axis.length), run), f, 0))
    return [values[i] if set(np.flatnonzero(matrix[i])) <= set(run) else 0.0 for i in run]


def case(name, part=0.7):
    grid = GRIDS[name]()
    inside = RNG.random(grid.shape) < part
    inside[(0,) * grid.ndim] = True
    f = RNG.random(grid.shape)
    return grid, inside, f, np.where(inside, f, np.nan)


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_first_and_second_derivatives_are_those_of_each_run(name, part):
    grid, inside, f, holed = case(name, part)
    gapped = grid.with_mask(inside)
    scale = 200 * EPS
    for order in (1, 2):
        want = [np.where(inside, along(grid, f, inside, k, order), 0) for k in range(grid.ndim)]
        for k in range(grid.ndim):
            assert np.abs(gapped.derivative(k, order)(holed) - want[k]).max() <= scale * 8**order
        if order == 1:
            found = flat(gapped.gradient(holed), gapped.gradient.outputs)
            assert all(np.abs(a - b).max() <= scale * 8 for a, b in zip(found, want, strict=True))
            norm = gapped.gradient_norm(holed)
            assert np.abs(norm - np.sqrt(sum(w**2 for w in want))).max() <= scale * 32
        else:
            assert np.abs(gapped.laplacian(holed) - sum(want)).max() <= scale * 200


@pytest.mark.parametrize("accuracy", [2, 4, 6])
def test_accurate_rows_are_those_of_each_run(accuracy):
    grid, inside = gg.Grid((60, 0.5)), np.ones(60, bool)
    inside[[13, 30, 33, 40]] = False
    f = RNG.random(60)
    gapped = grid.with_mask(inside)
    for order in (1, 2):
        found = gapped.derivative(0, order, accuracy=accuracy)(np.where(inside, f, np.nan))
        for run in runs_of(inside, False):
            if len(run) >= 12:
                own = gg.Grid((len(run), 0.5)).derivative(0, order, accuracy=accuracy)(f[run])
                assert np.array_equal(found[run], own)
        assert np.array_equal(found[[13, 30]], [0, 0])
        assert np.isfinite(found).all()


def test_what_reads_no_gap_keeps_its_bits():
    grid = gg.Grid(np.cumsum(RNG.random(40) + 0.5), (50, 0.1))
    inside, f = np.ones(grid.shape, bool), RNG.random(grid.shape)
    inside[10:20, 15:30] = False
    far = np.ones(grid.shape, bool)
    far[9:21, 14:31] = False
    found, whole = grid.with_mask(inside).laplacian(f), grid.laplacian(f)
    assert np.array_equal(found[far], whole[far])
    assert not np.array_equal(found, whole)


@pytest.mark.parametrize(
    "beside", ["symmetric", "reflect", "antireflect", "antisymmetric", gg.value(0.0), gg.slope(0.0)]
)
def test_walls_beside_gaps_are_those_of_ends(beside):
    grid, inside, f = gg.Grid((40, 0.5)), np.ones(40, bool), RNG.random(40)
    inside[[0, 12, 13, 14]] = False
    gapped = grid.with_mask(inside, boundary=beside)
    for run, sides in ((np.arange(1, 12), (beside, beside)), (np.arange(15, 40), (beside, "one-sided"))):
        own = gg.Grid((len(run), 0.5), boundary=[sides])
        for order in (1, 2):
            found = gapped.derivative(0, order)(np.where(inside, f, np.nan))[run]
            assert np.abs(found - own.derivative(0, order)(f[run])).max() <= 100 * EPS


OPERATORS = {
    "gradient": lambda g, v: g.gradient,
    "divergence": lambda g, v: g.divergence,
    "curl": lambda g, v: g.curl,
    "jacobian": lambda g, v: g.jacobian,
    "laplacian": lambda g, v: g.laplacian,
    "wide": lambda g, v: g.laplacian.with_(form="wide"),
    "conservative": lambda g, v: g.laplacian.with_(form="conservative"),
    "accuracy": lambda g, v: g.gradient.with_(accuracy=4),
    "hessian": lambda g, v: g.hessian,
    "vector laplacian": lambda g, v: g.vector_laplacian,
    "advect": lambda g, v: g.advect([2.0, v]),
    "diffuse": lambda g, v: g.diffuse(v),
    "sum": lambda g, v: g.identity - 0.1 * g.diffuse(v) + g.advect([v, v]) - g.laplacian,
    "product": lambda g, v: g.divergence @ g.gradient,
    "field times": lambda g, v: v * (g.laplacian - g.identity) + 2 * g.identity @ g.multiply(v),
    "of field": lambda g, v: g.laplacian @ g.multiply(v),
    "twice": lambda g, v: v * g.advect([v, 1.0]),
    "complex": lambda g, v: (1j + 2) * g.laplacian - 1j * g.multiply(v) @ g.laplacian,
    "sum of product": lambda g, v: g.laplacian @ g.laplacian + g.identity,
}


@pytest.mark.parametrize("beside", ["one-sided", "symmetric", gg.value(0.0)])
@pytest.mark.parametrize("name", ["plane", "ring", "walls", "other order"])
def test_adjoint_transpose_and_matrix(name, beside):
    grid, inside, _f, _ = case(name)
    v = np.where(inside, RNG.random(grid.shape), np.nan)
    gapped = grid.with_mask(inside, boundary=beside)
    for make in OPERATORS.values():
        A = make(gapped, v).linear
        u, g = (RNG.random((*form, *grid.shape)) for form in (A.inputs, A.outputs))
        result = np.concatenate([r.ravel() for r in flat(A(np.where(inside, u, np.nan)), A.outputs)])
        turned = np.concatenate([r.ravel() for r in flat(A.adjoint(np.where(inside, g, np.nan)), A.inputs)])
        again = np.concatenate([r.ravel() for r in flat(A.T(g), A.inputs)])
        matrix = A.to_sparse()
        assert np.abs(matrix.conj().T - A.adjoint_operator().to_sparse()).max() == 0
        size = np.abs(matrix).sum() * EPS
        clean = np.where(inside, u, 0).ravel()
        assert np.abs(matrix @ clean - result).max() <= size
        assert np.abs(matrix.conj().T @ np.where(inside, g, 0).ravel() - turned).max() <= size
        assert np.abs(turned.conj() - again).max() <= size
        assert not result.reshape(-1, prod(grid.shape))[:, ~inside.ravel()].any()
        assert not turned.reshape(-1, prod(grid.shape))[:, ~inside.ravel()].any()


def test_weighted_adjoint():
    grid, inside, _f, _ = case("plane")
    gapped = grid.with_mask(inside)
    g = RNG.random((2, *grid.shape))
    found = gapped.gradient.adjoint(g, weight="quadrature")
    matrix, h = gapped.gradient.to_sparse(), grid.measure.ravel()
    want = (matrix.T @ (np.tile(h, 2) * g.ravel())) / h
    assert np.abs(found.ravel() - want).max() <= 1e3 * EPS


@pytest.mark.parametrize("boundary", ["one-sided", "symmetric"])
def test_totals_are_conserved(boundary):
    """Nothing flows into a gap: the sum over what is inside stays, on any grid."""
    grid = gg.Grid(np.cumsum(RNG.random(12) + 0.5), (13, 0.5), boundary=boundary)
    inside = RNG.random(grid.shape) < 0.7
    u, k = (np.where(inside, RNG.random(grid.shape), np.nan) for _ in range(2))
    gapped = grid.with_mask(inside)
    for A in (gapped.diffuse(k), gapped.diffuse(2.0), gapped.laplacian.with_(form="conservative")):
        assert abs((grid.measure * A(u)).sum()) <= 1e3 * EPS
        assert np.abs(A(np.where(inside, 3.0, np.nan))).max() == 0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("workers", [1, 3])
def test_the_core_has_the_bits_of_slices(dtype, workers, monkeypatch):
    """Rows at points in C and by NumPy, also in threads, in bands and without."""
    from gridgrad._backends.numpy import core

    grid = gg.Grid(np.cumsum(RNG.random(300) + 0.5), (200, 0.25))
    inside, k = RNG.random(grid.shape) < 0.6, RNG.random(grid.shape).astype(dtype)
    f = np.where(inside, RNG.random(grid.shape), np.nan).astype(dtype)
    for A in (grid.with_mask(inside).diffuse(k), grid.with_mask(inside, fill=np.nan).gradient):
        batch = np.array(A(np.stack([f, f]), workers=workers))  # which is not swept in bands
        found = [A(f, workers=workers), A(f, workers=workers), *np.moveaxis(batch, -3, 0)]
        with monkeypatch.context() as patched:
            patched.setattr(core, "core", None)
            want = pickle.loads(pickle.dumps(A))(f)
        assert all(np.array_equal(own, want, equal_nan=True) for own in found)


def test_breaks():
    t = np.r_[np.arange(5.0), 100 + np.arange(4.0), 300.0]
    f = np.r_[t[:5], 500 - 2 * t[5:]]
    want = np.r_[np.ones(5), -2 * np.ones(4), np.nan]
    assert np.array_equal(gg.gradient(f, t, breaks=[5, 9]), want, equal_nan=True)
    field = np.stack([f, 3 * f], axis=1)
    grid = gg.Grid(t, (2, 1.0), edge_order=1).with_breaks(0, [5, 9])
    assert np.array_equal(grid.derivative(0)(field)[:, 1], np.nan_to_num(3 * want))
    assert np.array_equal(grid.derivative(1)(field)[:, 0], 2 * f)
    ring = gg.Grid((6, 1.0), periodic=True)
    x = np.arange(6.0)
    assert np.array_equal(ring.with_breaks(0, 0).gradient(x), np.ones(6))
    assert np.array_equal(ring.with_breaks(0, 3).gradient((x - 3) % 6), np.ones(6))
    both = gg.Grid((6, 1.0)).with_mask(x != 4).with_breaks(0, [2])
    assert np.array_equal(both.gradient(np.where(x < 2, x, 3 * x)), [1, 1, 3, 3, 0, 0])
    assert repr(both).startswith("Grid of 6 points, 5 of them inside, 1 break\n")


def test_missing_in_one_call():
    f = RNG.random((4, 7, 9))
    f[RNG.random(f.shape) < 0.2] = np.nan
    for axis in range(3):
        for edge_order in (1, 2):
            found = gg.gradient(f, 0.5, axis=axis, edge_order=edge_order, missing="one-sided")
            lines, results = np.moveaxis(f, axis, -1), np.moveaxis(found, axis, -1)
            for spot in np.ndindex(lines.shape[:-1]):
                want = np.full(lines.shape[-1], np.nan)
                for run in runs_of(~np.isnan(lines[spot]), False):
                    if len(run) > 1:
                        order = min(edge_order, len(run) - 1)
                        want[run] = gg.gradient(lines[spot][run], 0.5, edge_order=order)
                assert np.array_equal(results[spot], want, equal_nan=True)
    whole = gg.gradient(f, missing="one-sided")
    assert np.array_equal(whole[1], gg.gradient(f, axis=1, missing="one-sided"), equal_nan=True)
    norm = gg.gradient_norm(f, missing="one-sided", edge_order=1)
    assert np.allclose(norm, np.sqrt(sum(part**2 for part in whole)), equal_nan=True)
    assert np.array_equal(np.isnan(gg.derivative(f, axis=0, missing="one-sided")), np.isnan(whole[0]))
    out = np.empty_like(f)
    assert gg.laplacian(f, missing="one-sided", out=out) is out
    u = [f, np.where(np.isnan(f[::-1]), np.nan, 1.0), f]
    assert np.array_equal(
        np.isnan(gg.divergence(u, missing="one-sided")) >= np.isnan(f + f[::-1]), np.ones(f.shape, bool)
    )


@pytest.mark.parametrize(
    "dtype", [np.float16, np.float32, np.complex64, np.complex128, np.int64, np.longdouble]
)
def test_dtypes(dtype):
    grid = gg.Grid((9, 0.5), (8, 0.5))
    inside = RNG.random(grid.shape) < 0.7
    f = (8 * RNG.random(grid.shape)).astype(dtype)
    found = grid.with_mask(inside).laplacian(f)
    assert found.dtype == grid.laplacian(f).dtype
    want = grid.with_mask(inside).laplacian(f.astype(complex))
    assert np.abs(found - want).max() <= 400 * max(EPS, float(np.finfo(found.dtype).eps))


def test_out_aliases_batches_and_layouts():
    grid, inside, f, holed = case("plane")
    A = grid.with_mask(inside).laplacian
    want = A(holed)
    own = holed.copy()
    assert A(own, out=own) is own
    assert np.array_equal(own, want)
    batch = np.stack([holed, 2 * holed, holed])
    assert np.array_equal(A(batch)[1], 2 * want)
    turned = np.asfortranarray(holed)
    assert np.array_equal(A(turned, out=np.empty_like(turned)), want)
    stacked = np.empty((2, *grid.shape))
    assert grid.with_mask(inside).gradient(holed, out=stacked) is stacked
    several = np.stack([inside, np.roll(inside, 1, 0)])
    each = grid.with_mask(several).laplacian(np.stack([f, f]))
    assert np.array_equal(each[0], want)
    assert np.array_equal(each[1], grid.with_mask(several[1]).laplacian(f))


def test_fields_at_the_call_options_and_pickles():
    grid, inside, f, holed = case("plane")
    v = RNG.random((2, *grid.shape))
    A = grid.with_mask(inside).advect([v[0], v[1]])
    assert np.array_equal(A(holed, v=2 * v), grid.with_mask(inside).advect(2 * v)(holed))
    B = grid.with_mask(inside).identity - 0.5 * A
    assert np.array_equal(pickle.loads(pickle.dumps(B))(holed), B(holed))
    accurate = grid.with_mask(inside).gradient.with_(accuracy=2)
    assert np.abs(accurate(f)[0] - grid.with_mask(inside).derivative(0, accuracy=2)(f)).max() == 0
    again = pickle.loads(pickle.dumps(grid.with_mask(inside)))
    assert np.array_equal(again.laplacian(holed), grid.with_mask(inside).laplacian(holed))
    both = again.laplacian + grid.with_mask(inside).laplacian
    np.testing.assert_allclose(both(f), 2 * again.laplacian(f), rtol=1e-13, atol=1e-12)


@pytest.mark.parametrize("library", parameters("numpy"))
def test_libraries(library):
    grid, inside, f, holed = case("plane")
    gapped, k = grid.with_mask(inside), RNG.random(grid.shape)
    with library.wide():
        g, c = library.array(holed), library.array(np.where(inside, k, np.nan))
        for make in (lambda c: gapped.diffuse(c), lambda c: gapped.gradient):
            A, B = make(c), make(k)
            found, want = flat(A(g), A.outputs), flat(B(holed), B.outputs)
            assert all(
                np.abs(library.host(a) - b).max() <= 100 * EPS for a, b in zip(found, want, strict=True)
            )
            back = A.adjoint([library.array(f)] * 2) if A.outputs else A.adjoint(library.array(f))
            size = B.adjoint(np.stack([f, f])) if B.outputs else B.adjoint(f)
            assert np.abs(library.host(back) - size).max() <= 100 * EPS
        found = library.host(gg.gradient(g, axis=0, missing="one-sided"))
        assert np.array_equal(found, gg.gradient(holed, axis=0, missing="one-sided"), equal_nan=True)


def test_torch_differentiates():
    torch = pytest.importorskip("torch")
    grid, inside, f, holed = case("plane")
    gapped = grid.with_mask(inside)
    k = torch.tensor(np.where(inside, 1 + f, np.nan), requires_grad=True)
    u = torch.tensor(holed, requires_grad=True)
    w = RNG.random(grid.shape)
    (gapped.diffuse(k)(u) * torch.tensor(w)).sum().backward()
    assert np.abs(u.grad.numpy() - gapped.diffuse(1 + f).adjoint(w)).max() <= 1e3 * EPS
    step = np.where(inside, RNG.random(grid.shape), 0)
    by_k = (w * gapped.diffuse(np.where(inside, step, np.nan))(holed)).sum()
    assert abs((k.grad.numpy() * step).sum() - by_k) <= 1e4 * EPS
    u.grad = None
    gapped.gradient_norm(u).sum().backward()
    assert torch.isfinite(u.grad).all()


def test_jax_differentiates():
    jax = pytest.importorskip("jax")
    grid, inside, _, holed = case("plane")
    A = grid.with_mask(inside).laplacian
    w = RNG.random(grid.shape)
    with jax.enable_x64(True):
        grad = jax.jit(jax.grad(lambda u: (A(u) * w).sum()))
        assert np.abs(np.asarray(grad(jax.numpy.asarray(holed))) - A.adjoint(w)).max() <= 1e3 * EPS


def test_solves_leave_out_what_does_not_count():
    """What stands there in b is not read, and u is 0."""
    grid = gg.Grid((9, 0.5), (8, 0.5), boundary="symmetric")
    inside = RNG.random(grid.shape) < 0.8
    masked = grid.with_mask(inside, boundary="symmetric")
    A = masked.identity - 0.3 * masked.laplacian
    b = RNG.standard_normal(grid.shape)
    u = A.solve(np.where(inside, b, 1e9))
    assert np.abs(A(u) - b)[inside].max() < 1e-13
    assert not u[~inside].any()
