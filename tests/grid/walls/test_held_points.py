"""Points on a wall that holds a value count with that, whatever stands in the array: of every operator, in every way it runs."""

import pickle

import numpy as np
import pytest
from operator_table import NORMS, operators_of
from samples import same_bits

import gridgrad as gg

RNG = np.random.default_rng(13)
SHAPE = (11, 12)
AXES = {"even": ((11, 0.5), (12, 0.25)), "uneven": tuple(np.cumsum(RNG.uniform(0.3, 1.2, n)) for n in SHAPE)}
VALUES = [[RNG.standard_normal(n) for _ in range(2)] for n in SHAPE[::-1]]
INSIDE = np.zeros(SHAPE, bool)
INSIDE[1:-1, 1:-1] = True
V, K = RNG.standard_normal(SHAPE), RNG.uniform(1, 2, SHAPE)
OPERATORS = operators_of(V, K) | {
    "gradient, accuracy 6": lambda g: g.gradient.with_(accuracy=6),
    "hessian": lambda g: g.hessian,
    "biharmonic": lambda g: g.biharmonic,
    "mixed": lambda g: g.mixed_derivative(0, 1, orders=(2, 1)),
    "tensor": lambda g: g.diffuse([[2.0, 0.5 * K], [0.5 * K, K]], form="tensor"),
    "faces": lambda g: g.diffuse((2.0, 3.0), form="faces"),
}
LINEAR = [name for name in OPERATORS if name not in NORMS]


def grid_of(axes="uneven", values=VALUES):
    sides = [tuple(gg.value(v) for v in own) for own in values]
    return gg.Grid(*AXES[axes], boundary=sides)


def written(f, values=VALUES):
    """By hand: a copy with the values in it, those of the later axis where two walls meet."""
    f = np.array(f)
    for axis, own in enumerate(values):
        for end, value in zip((0, -1), own, strict=True):
            f[(..., end, slice(None)) if axis == 0 else (..., end)] = value
    return f


def fields(A, batch=()):
    return RNG.standard_normal((*A.inputs, *batch, *SHAPE))


def components(results):
    return np.asarray(results).reshape(-1, *SHAPE)


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("axes", AXES)
def test_what_the_array_holds_there_is_not_read(axes, name):
    A = OPERATORS[name](grid_of(axes))
    f = fields(A)
    spoiled = np.where(INSIDE, f, np.nan)
    before = spoiled.copy()
    got, want = components(A(spoiled)), components(A(written(f)))
    assert same_bits(got, want)
    assert np.isfinite(got).all()
    assert same_bits(spoiled, before)  # arrays are never written into
    assert same_bits(components(A(np.where(INSIDE, f, RNG.standard_normal(SHAPE)))), want)


def test_the_identity_and_multiples_by_hand():
    grid = grid_of()
    f = np.where(INSIDE, RNG.standard_normal(SHAPE), np.inf)
    assert same_bits(grid.identity(f), written(f))
    assert same_bits(grid.multiply(K)(f), K * written(f))
    assert same_bits(grid.multiply(3.0)(f), 3.0 * written(f))
    assert same_bits((2.0 * grid.identity + grid.multiply(K))(f), 2.0 * written(f) + K * written(f))


def test_a_derivative_along_a_wall_by_hand():
    """``np.gradient`` of the values themselves."""
    grid = gg.Grid(*AXES["uneven"], boundary=[(gg.value(VALUES[0][0]), "one-sided"), "one-sided"])
    x, f = AXES["uneven"][1], RNG.standard_normal(SHAPE)
    got, want = grid.derivative(1)(f)[0], np.gradient(VALUES[0][0], x, edge_order=grid.edge_order)
    assert np.abs(got - want).max() <= 1e-14 * np.abs(want).max()


@pytest.mark.parametrize("name", LINEAR)
def test_linear_part_offset_matrix_and_adjoint(name):
    A = OPERATORS[name](grid_of())
    f, zeros = fields(A), np.zeros((*A.inputs, *SHAPE))
    whole, linear, offset = (components(part) for part in (A(f), A.linear(f), A.offset))
    size = max(np.abs(part).max() for part in (whole, linear, offset)) + 1
    assert np.abs(whole - linear - offset).max() <= 1e-12 * size
    assert not components(A.linear(np.where(INSIDE, zeros, np.nan))).any()
    for matrix in (A.to_sparse(), A.to_linear_operator()):
        assert np.abs(matrix @ f.ravel() - linear.ravel()).max() <= 1e-11 * size
    columns = np.tile(~INSIDE.ravel(), max(1, int(np.prod(A.inputs))))
    assert not A.to_sparse().tocsc()[:, columns].count_nonzero()
    g = RNG.standard_normal(linear.shape)
    g_form = g.reshape(*A.outputs, *SHAPE)
    for back, weight in (
        (A.T(g_form), 1),
        (A.adjoint(g_form), 1),
        (A.adjoint(g_form, weight="quadrature"), A.grid.measure),
    ):
        left, right = np.sum(weight * linear * g), np.sum(weight * f.reshape(-1, *SHAPE) * components(back))
        assert abs(left - right) <= 1e-12 * np.sum(abs(weight * linear * g))
        assert not components(back)[:, ~INSIDE].any()


@pytest.mark.parametrize("name", ["laplacian", "step", "reaction", "gradient", "vector step"])
def test_batches_out_and_added(name):
    A = OPERATORS[name](grid_of())
    f = fields(A, (3,))
    want = np.asarray(A.bare(written(f)))
    assert same_bits(np.asarray(A(f)), want)
    out = np.ones((*A.outputs, 3, *SHAPE))
    assert A(f, out=out) is out
    assert same_bits(out, want)
    A(f, out=out, add=True)
    assert np.abs(out - 2 * want).max() <= 1e-12 * np.abs(want).max()
    if A.inputs == A.outputs:
        aliased = f.copy()
        A(aliased, out=aliased)
        assert same_bits(aliased, want)
    if A.inputs:
        assert same_bits(np.asarray(A(tuple(f))), want)


@pytest.mark.parametrize("dtype", ["float32", "complex64", "complex128", "longdouble", "float16", "int64"])
@pytest.mark.parametrize("value", [0.0, 1.5])
def test_dtypes(dtype, value):
    grid = gg.Grid(*AXES["even"], boundary=gg.value(value))
    f = (10 * RNG.standard_normal(SHAPE)).astype(dtype)
    held = np.where(INSIDE, f, value).astype(dtype if dtype != "int64" else "float64")
    for A in (grid.identity, grid.laplacian, grid.identity - 0.1 * grid.laplacian):
        assert A(f).dtype == held.dtype
        assert same_bits(A(f), A.bare(held))


def test_integers_that_hold_the_value_are_differenced_exactly():
    grid = gg.Grid((5, 1.0), (5, 1.0), boundary=[gg.value(0.0), "periodic"])
    f = np.zeros((5, 5), np.int64)
    f[1:-1] = 2**60 + np.arange(15).reshape(3, 5)
    assert grid.derivative(1)(f)[2].tolist() == [-1.5, 1.0, 1.0, 1.0, -1.5]


def test_values_that_change():
    left, top = RNG.standard_normal((2, SHAPE[1])), RNG.standard_normal(SHAPE[0])
    side = left[0].copy()
    values = [(gg.value(side), "one-sided"), ("reflect", gg.value(top, name="top"))]
    grid = gg.Grid(*AXES["even"], boundary=values)
    A, f = grid.identity + 0.1 * grid.laplacian, RNG.standard_normal(SHAPE)

    def want(first, last):
        held = f.copy()
        held[0], held[:, -1] = first, last
        return A.bare(held, top=last)

    assert same_bits(A(f), want(left[0], top))
    side[:] = left[1]  # read at the next call
    assert same_bits(A(f), want(left[1], top))
    for other in (2.5, -top, np.float64(3.0)):
        assert same_bits(A(f, top=other), want(left[1], other))
        assert same_bits(A.with_(top=other)(f), want(left[1], other))
        assert same_bits(grid.identity(f, top=other)[:, -1], np.broadcast_to(other, SHAPE[:1]))
    assert same_bits(A(f), want(left[1], top))
    with pytest.raises(TypeError, match="bottom"):
        A(f, bottom=1.0)
    assert same_bits(pickle.loads(pickle.dumps(A))(f), A(f))


def test_sums_on_grids_with_other_values_and_other_values_of_one_name():
    """Each part reads its own."""
    f, walls = RNG.standard_normal(SHAPE), [gg.value(1.0, name="v"), "one-sided"]
    one, other = (gg.Grid(*AXES["even"], boundary=own) for own in (walls, [gg.value(5.0), "one-sided"]))
    for A, B in (
        (one.identity, other.identity),
        (one.laplacian, other.laplacian),
        (one.identity, one.laplacian.with_(v=2.0)),
    ):
        total = A + B
        assert np.abs(total(f) - (A(f) + B(f))).max() <= 1e-12 * np.abs(total(f)).max()
    total = one.identity + one.laplacian  # and one name is that of both
    assert same_bits(total(f, v=3.0), total.with_(v=3.0)(f))
    assert (total(f, v=3.0) - one.laplacian(f, v=3.0))[0] == pytest.approx(3.0)


def test_products():
    """Differences take what another operator makes for a field with the values of the walls; at points alone it is as it is."""
    grid = grid_of()
    f = RNG.standard_normal(SHAPE)
    assert same_bits((grid.laplacian @ grid.laplacian)(f), grid.laplacian.bare(written(grid.laplacian(f))))
    assert same_bits((grid.identity @ grid.laplacian)(f), grid.laplacian(f))
    assert same_bits((grid.multiply(K) @ grid.laplacian)(f), (K * grid.laplacian)(f))
    assert np.allclose((K * grid.laplacian)(f), grid.laplacian(f) * K, rtol=1e-13)
    assert np.allclose((grid.laplacian @ grid.multiply(K))(f), grid.laplacian(K * f), rtol=1e-12)
    assert np.allclose((grid.derivative(0) @ grid.multiply(K))(f), grid.derivative(0)(K * f), rtol=1e-12)
    assert same_bits((grid.multiply(V) @ grid.multiply(K))(f), V * (K * written(f)))
    F = grid.gradient(f)
    divergence = grid.divergence @ grid.multiply(K) @ grid.gradient  # component by component
    assert np.allclose(divergence(f), grid.divergence((K * F[0], K * F[1])), rtol=1e-12)
    transposed = grid.derivative(0).T @ grid.multiply(K)
    assert np.allclose(transposed(f), grid.derivative(0).T(K * written(f)), rtol=1e-12)


@pytest.mark.parametrize("name", ["laplacian", "step", "reaction"])
def test_solutions_hold_the_values_and_their_images_are_the_right_hand_side(name):
    A = OPERATORS[name](grid_of())
    b = RNG.standard_normal(SHAPE)
    for u in (A.solve(b), A.solver(method="direct")(b)):
        assert same_bits(u, written(u))
        assert np.abs((A(u) - b)[INSIDE]).max() <= 1e-10
    assert np.abs(A(A.solve(b)) - A.bare(A.solve(b))).max() == 0


def test_walls_that_need_nothing_cost_nothing():
    """Rows across the wall never read it: there the operator is one sweep as before."""
    grid = gg.Grid(*AXES["even"], boundary=[(gg.value(1.0), "one-sided"), "periodic"])
    for A in (grid.derivative(0), grid.derivative(0, order=2), grid.mixed_derivative(0, 1)):
        assert A.bare is A
    line = gg.Grid((9, 0.5), boundary=gg.value(1.0))
    for A in (line.laplacian, line.gradient, line.diffuse(2.0), line.biharmonic):
        assert A.bare is A
    free = gg.Grid(*AXES["even"], boundary=gg.value(1.0, wall="face"))
    assert free.laplacian.bare is free.laplacian
    assert free.identity.bare is free.identity


def test_arrays_that_hold_the_values_are_not_copied():
    A = grid_of().laplacian
    f = written(RNG.standard_normal(SHAPE))
    assert A._as_it_is(f) is f
    f[0, 3] += 1
    assert A._as_it_is(f) is None


def test_components_have_walls_of_their_own():
    lid = gg.components(normal=gg.value(0.0), tangential=gg.value(2.0), scalar="reflect")
    grid = gg.Grid(*AXES["even"], boundary=["periodic", (gg.no_slip(), lid)])
    F = RNG.standard_normal((2, *SHAPE))
    held = F.copy()
    held[:, :, 0], held[0, :, -1], held[1, :, -1] = 0, 2.0, 0
    for A in (
        grid.vector_laplacian,
        grid.jacobian,
        grid.divergence,
        grid.identity - 0.1 * grid.vector_laplacian,
    ):
        assert same_bits(np.asarray(A(F)), np.asarray(A.bare(held)))
        assert same_bits(np.asarray(A(tuple(F))), np.asarray(A.bare(held)))
    assert grid.laplacian.bare is grid.laplacian
    assert same_bits(np.asarray((grid.identity + 0 * grid.vector_laplacian)(F)), held)
    p = RNG.standard_normal(SHAPE)
    assert same_bits(grid.identity(p), p)


def test_edges_of_three_walls():
    sides = [tuple(gg.value(float(2 * a + k)) for k in (1, 2)) for a in range(3)]
    grid = gg.Grid((5, 1.0), (6, 1.0), (7, 1.0), boundary=sides)
    f = RNG.standard_normal((5, 6, 7))
    held = f.copy()
    for axis in range(3):
        for end, k in ((0, 1), (-1, 2)):
            np.moveaxis(held, axis, 0)[end] = 2 * axis + k
    assert same_bits(grid.identity(f), held)
    for A in (grid.laplacian, grid.gradient, grid.identity - 0.1 * grid.laplacian):
        assert same_bits(np.asarray(A(f)), np.asarray(A.bare(held)))
    assert (
        np.abs(grid.identity.to_sparse() @ f.ravel() + grid.identity.offset.ravel() - held.ravel()).max() == 0
    )


def test_axes_in_another_order_and_counted_from_the_front():
    side = RNG.standard_normal((4, 5))
    f = RNG.standard_normal((4, 5, 6))
    for axes in ([-1, -2], [2, 1]):
        grid = gg.Grid((6, 0.5), (5, 0.25), axes=axes, boundary=[(gg.value(side), "one-sided"), "one-sided"])
        held = f.copy()
        held[..., 0] = side
        assert same_bits(grid.identity(f), held)
        assert same_bits(grid.laplacian(f), grid.laplacian.bare(held))


def test_functions_of_arrays():
    f = RNG.standard_normal(SHAPE)
    held = np.where(INSIDE, f, 2.0)
    walls = gg.value(2.0)
    for _ in range(2):  # the second by the key of the first
        assert same_bits(
            gg.laplacian(f, 0.5, 0.25, boundary=walls), gg.laplacian(held, 0.5, 0.25, boundary=walls)
        )
        for got, want in zip(
            gg.gradient(f, 0.5, 0.25, boundary=walls),
            gg.gradient(held, 0.5, 0.25, boundary=walls),
            strict=True,
        ):
            assert same_bits(got, want)
        other = gg.laplacian(f, 0.5, 0.25, boundary=gg.value(1.0))
        assert same_bits(other, gg.laplacian(np.where(INSIDE, f, 1.0), 0.5, 0.25, boundary=gg.value(1.0)))


@pytest.mark.parametrize("axes", AXES)
def test_rows_across_the_wall_read_it_nowhere(axes):
    """Nor does a derivative along it of those."""
    grid = gg.Grid(*AXES[axes], boundary=[tuple(map(gg.value, VALUES[0])), "one-sided"])
    spoiled = RNG.standard_normal(SHAPE)
    spoiled[[0, -1]] = np.nan
    for A in (
        grid.derivative(0), grid.derivative(0, order=2), grid.derivative(0, order=2, accuracy=4),
        grid.mixed_derivative(0, 1), grid.mixed_derivative(0, 1, orders=(1, 2)),
    ):  # fmt: skip
        assert A.bare is A
        assert np.isfinite(A(spoiled)).all()


@pytest.mark.parametrize(
    "other", ["one-sided", "symmetric", "antireflect", gg.slope(1.0, wall="face")], ids=str
)
def test_sums_of_rows_across_walls_read_it_nowhere(other):
    """Rows that differ are taken apart and added; the sum of both results is the oracle."""
    for x in ((6, 0.5), np.cumsum(RNG.uniform(0.3, 1.2, 6))):
        grid = gg.Grid(x, boundary=[(other, gg.value(2.0))])
        own = [
            grid.derivative(0, order, accuracy=p)
            for order, p in ((1, None), (2, None), (1, 4), (2, 4), (3, None))
        ]
        own += [grid.derivative(0, side="left"), grid.laplacian.with_(form="wide")]
        f = RNG.standard_normal(6)
        spoiled, far = f.copy(), f.copy()
        spoiled[-1], far[-1], f[-1] = np.nan, 1e30, 2.0
        for A in own:
            for B in own:
                total = A - 0.3 * B
                np.testing.assert_allclose(total(f), A(f) - 0.3 * B(f), rtol=1e-11, atol=1e-11)
                assert same_bits(total(spoiled), total(f))
                assert same_bits(total(far), total(f))


@pytest.mark.parametrize("n", [3, 4, 5, 9])
@pytest.mark.parametrize("other", ["one-sided", "reflect", "antisymmetric", gg.value(3.0)], ids=str)
def test_products_of_rows_across_walls_read_it_nowhere(other, n):
    """Nor with weights that cancel each other, which a NaN would show."""
    for step in (0.5, np.cumsum(RNG.uniform(0.3, 1.2, n))):
        x = (n, step) if isinstance(step, float) else step
        for edge_order in (1, 2):
            grid = gg.Grid(x, boundary=[(gg.value(2.0), other)], edge_order=edge_order)
            A, f = grid.laplacian.with_(form="wide"), RNG.standard_normal(n)
            spoiled, far = f.copy(), f.copy()
            spoiled[0], far[0], f[0] = np.nan, 1e30, 2.0
            assert same_bits(A(spoiled), A(f))
            assert same_bits(A(far), A(f))
            slopes = grid.derivative(0)(f)  # whose own rows know no wall
            want = gg.Grid(x, edge_order=edge_order).derivative(0)(slopes)
            np.testing.assert_allclose(A(f)[: n - 2], want[: n - 2], rtol=1e-11, atol=1e-11)


def test_images_of_a_held_point_behind_the_other_end():
    """A row at a mirror, on three points, reads the wall on the other side: ``(3 f0 - 4 f(-1) + f(-2)) / 2`` of an odd field."""
    A = gg.Grid((3, 1.0), boundary=[("antireflect", gg.value(5.0))]).derivative(0, side="left", accuracy=2)
    f = np.array([1.0, 4.0, np.nan])
    assert A.bare is A
    assert A(f)[0] == (3 * 1.0 - 4 * (2 - 4.0) + (2 - 5.0)) / 2


def test_masked_arrays_and_units():
    """What is masked stays masked, on walls too."""
    f = RNG.standard_normal(SHAPE)
    grid = grid_of()
    found = grid.identity(np.ma.masked_array(f, ~INSIDE))
    assert np.array_equal(found.mask, ~INSIDE)
    assert np.array_equal(found.data[INSIDE], f[INSIDE])
    pint = pytest.importorskip("pint")
    metre = pint.UnitRegistry().metre
    assert np.array_equal(grid.laplacian(f * metre).magnitude, grid.laplacian(f))
