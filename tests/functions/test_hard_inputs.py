"""Legitimate inputs at the ends of the number range, and `out=` that does not fit."""

import numpy as np
import pytest
from oracles import Point, assert_within_contract, exact_gradient, exact_steps, finfo, fraction, fractions
from samples import frozen, noise, same_bits

import gridgrad as gg

UNEVEN = np.array([0.0, 1.0, 3.0, 4.0, 7.0, 7.5, 9.0])
SHAPE = np.array([1.0, -2.0, 4.0, 0.5, -3.0, 2.0, 1.0])
TINY = 5e-324


def check_or_infinite(got, f, spacing, edge_order=1):
    """Within the contract, or not finite where a difference or the value itself overflows."""
    points = exact_gradient(fractions(f), exact_steps(spacing, len(f)), edge_order)
    largest = fraction(finfo(got.dtype).max)
    spread = max(abs(b - a) for a in fractions(f) for b in fractions(f))
    kept, right = [], []
    for value, point in zip(got, points, strict=True):
        if np.isfinite(value):
            kept.append(value)
            right.append(point)
        else:
            assert spread > largest or point.scale > largest * (1 - fraction(finfo(got.dtype).eps)), (
                "inf without overflow"
            )
    assert_within_contract(np.array(kept, got.dtype), right)
    return len(kept)


# name: (f, spacing)
SCALING = {
    "coords scale 1e-200 (h*h underflows)": (SHAPE, UNEVEN * 1e-200),
    "coords scale 1e200 (h*h overflows)": (SHAPE, UNEVEN * 1e200),
    "f32 coords scale 1e-25": (SHAPE.astype("f4"), (UNEVEN * 1e-25).astype("f4")),
    "f32 coords scale 1e25": (SHAPE.astype("f4"), (UNEVEN * 1e25).astype("f4")),
    "coords scale 1e-305": (SHAPE * 1e-200, UNEVEN * 1e-305),
    "coords scale 1e-310": (SHAPE * 1e-200, UNEVEN * 1e-310),
    "coords scale 1e306": (SHAPE * 1e200, UNEVEN * 1e306),
    "subnormal spacing 5e-324, f subnormal": (SHAPE * 2 * TINY, TINY),
    "subnormal coordinates": (SHAPE * 2 * TINY, np.cumsum([0, 1, 2, 1, 3, 2, 1]) * TINY),
    "spacing 1e-310": (SHAPE * 1e-300, 1e-310),
    "tiny spacing 1e-300 -> overflow": (SHAPE * 1e10, 1e-300),
    "tiny spacing, some overflow": (np.array([0, 0, 1e-20, 0, 0, 0, 1e10]), 1e-300),
    "subnormal data": (SHAPE * 1e-320, 0.25),
    "subnormal data, coordinates": (SHAPE * 1e-318, UNEVEN),
    "h=1.7e308 (2h overflows)": (SHAPE * 2.5e307, 1.7e308),
    "f = 1.5e308, difference overflows": (np.array([1.5e308, -1.5e308] * 4), 1.0),
    "f = 1.5e308 non-uniform": (np.array([1.5e308, 1.4e308, -1e307, 0, 1e307, 1e308, 1.5e308]), UNEVEN),
    "f = 1e308 edge_order 2 (4*f overflows)": (np.array([1e308, 1.1e308, 1e308, 0.9e308, 1e308]), 1.0),
    "float32 data near 1e38": (np.array([3e38, 2e38, 3e38, 1e38, -3e38, 0], "f4"), 1.0),
    "float16 data, range 0..60000": (np.array([0, 60000, 0, 30000, 60000], "f2"), 1.0),
    "float16 data, -60000..60000 over 4": (np.array([-60000, 60000, 0, -60000, 60000], "f2"), 4.0),
    "large offset": (1e16 + 2 * SHAPE.round(), UNEVEN),
    "float32, weights of many magnitudes": (
        SHAPE.astype("f4"),
        np.cumsum([0, 1e-30, 1e-20, 1e-3, 1, 1e20, 1e30]),
    ),
    "longdouble beyond float64": (
        SHAPE.astype("g") * np.longdouble(10) ** 400,
        UNEVEN.astype("g") * np.longdouble(10) ** 390,
    ),
    "longdouble below float64": (SHAPE.astype("g") * np.longdouble(10) ** -400, np.longdouble(10) ** -4000),
}


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("row", SCALING)
def test_row_of_the_acceptance_table(row, edge_order):
    f, spacing = map(frozen, SCALING[row])
    spacing = spacing if spacing.ndim else spacing[()]
    finite = check_or_infinite(gg.gradient(f, spacing, edge_order=edge_order), f, spacing, edge_order)
    assert finite or row in ("tiny spacing 1e-300 -> overflow", "f = 1.5e308, difference overflows")


def test_most_differences_that_do_not_overflow_are_finite():
    f, x = map(frozen, SCALING["f = 1.5e308 non-uniform"])
    assert np.isfinite(gg.gradient(f, x)).all()


def test_scaling_by_a_power_of_two_changes_nothing_else():
    reference = gg.gradient(frozen(SHAPE), frozen(UNEVEN), edge_order=2)
    for power in (-1060, -1000, -600, 600, 1000):
        x = frozen(np.ldexp(UNEVEN, power))
        f = frozen(np.ldexp(SHAPE, power)) if power > -1000 else frozen(np.ldexp(SHAPE, -900))
        got = gg.gradient(f, x, edge_order=2)
        expected = reference if power > -1000 else np.ldexp(reference, -900 - power)
        assert np.array_equal(got, expected), power


@pytest.mark.parametrize("edge_order", [1, 2])
def test_grids_beyond_the_exponents_work_in_every_dimension(edge_order):
    f = frozen(np.outer(SHAPE, SHAPE) * 1e-200)
    rows, columns = gg.gradient(f, frozen(UNEVEN * 1e-308), 2.0, edge_order=edge_order)
    for k in range(7):
        line = fractions(f[:, k])
        assert_within_contract(rows[:, k], exact_gradient(line, exact_steps(UNEVEN * 1e-308, 7), edge_order))
    assert same_bits(columns, gg.gradient(f, 2.0, axis=1, edge_order=edge_order))


def test_the_check_notices_a_wrong_finite_number():
    f, x = map(frozen, SCALING["coords scale 1e-200 (h*h underflows)"])
    with pytest.raises(AssertionError, match="off by"):
        check_or_infinite(gg.gradient(f, x) * (1 + 4e-15), f, x)
    with pytest.raises(AssertionError, match="inf without overflow"):
        check_or_infinite(np.full(7, np.inf), f, x)
    with pytest.raises(AssertionError, match="off by"):
        assert_within_contract(np.array([1.0]), [Point(fraction(1 + 2.0**-51), fraction(1.0), True)])


def test_signed_zeros_of_constants():
    for f in (np.zeros(5), -np.zeros(5)):
        assert same_bits(gg.gradient(frozen(f)), np.zeros(5))


@pytest.mark.parametrize("ndim", [*range(1, 13), 40, 64])
def test_any_number_of_dimensions(ndim, rng):
    shape = [1] * ndim
    shape[0] = 3
    shape[-1] = max(shape[-1], 4)
    f = noise(rng, shape)
    got = gg.gradient(f, 0.5, axis=-1, edge_order=2)
    expected = [gg.gradient(line, 0.5, edge_order=2) for line in np.reshape(f, (-1, 4))]
    assert same_bits(got.reshape(-1, 4), np.reshape(expected, (-1, 4)))
    if ndim > 1:
        assert same_bits(gg.gradient(f, axis=0), np.gradient(f, axis=0))


OUT = {
    "wrong shape": (np.empty((5, 4)), ValueError, r"out has shape \(5, 4\), but the result has shape \(4, 5\)"),
    "wrong dtype": (np.empty((4, 5), np.float32), TypeError, "out has dtype float32, but the result has dtype float64"),
    "integer out": (np.empty((4, 5), int), TypeError, "out has dtype int64, but the result has dtype float64"),
    "big-endian out": (np.empty((4, 5), ">f8"), TypeError, "out has dtype >f8, but the result has dtype float64"),
    "read-only": (frozen(np.empty((4, 5))), ValueError, "out is read-only; give an array that can be written"),
    "not an array": (3.0, TypeError, r"out is a float; give an array of shape \(4, 5\) or a sequence of arrays"),
    "one that is not an array": ([3.0], TypeError, "out is a float; f is a plain NumPy array, so out must be one too"),
    "wrong number": ([np.empty((4, 5))] * 2, ValueError, "out is of length 2, but the result has 1 component; give one array for each"),
    "none at all": ([], ValueError, "out is of length 0"),
    "zero stride": (np.lib.stride_tricks.as_strided(np.empty(5), (4, 5), (0, 8)), ValueError,
                    r"out has several elements at one address \(strides \(0, 8\)\)"),
    "sliding window": (np.lib.stride_tricks.as_strided(np.empty(8), (4, 5), (8, 8)), ValueError, "several elements at one"),
}  # fmt: skip


@pytest.mark.parametrize("row", OUT)
def test_out_that_does_not_fit_is_refused(row, rng):
    out, error, message = OUT[row]
    f = noise(rng, (4, 5))
    with pytest.raises(error, match=message):
        gg.gradient(f, axis=1, out=out)


def test_outs_that_share_memory_are_refused(rng):
    f, memory = noise(rng, (4, 5)), np.full((5, 5), 7.0)
    for pair in ((memory[:4], memory[:4]), (memory[:4], memory[1:])):
        with pytest.raises(
            ValueError, match=r"out\[1\] shares memory with another output; give separate arrays"
        ):
            gg.gradient(f, out=pair)
    assert (memory == 7).all()


def test_a_stacked_out_of_the_wrong_shape_is_refused(rng):
    with pytest.raises(
        ValueError,
        match=r"out has shape \(4, 5\), but the result needs \(2, 4, 5\), or a sequence of arrays",
    ):
        gg.gradient(noise(rng, (4, 5)), out=np.empty((4, 5)))


def test_the_second_of_two_outs_is_named(rng):
    with pytest.raises(TypeError, match=r"out\[1\] has dtype float32"):
        gg.gradient(noise(rng, (4, 5)), out=(np.empty((4, 5)), np.empty((4, 5), np.float32)))


def extreme_case(random):
    """Coordinates and samples over all exponents of float64."""
    n = int(random.integers(3, 8))
    size = np.ldexp(random.uniform(0.5, 1, n), random.integers(-1060, 1023, n))
    x = np.unique(size * random.choice([-1, 1], n)) if random.random() < 0.7 else np.unique(np.cumsum(size))
    f = np.ldexp(random.uniform(-1, 1, len(x)), random.integers(-1070, 1024, len(x)))
    f[random.random(len(x)) < 0.2] = 0
    return f, x


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("seed", range(3))
def test_weights_beyond_all_exponents_lose_nothing(seed, edge_order):
    """Weights that float64 cannot hold are applied in factors: right wherever each part of a row is a number."""
    random = np.random.default_rng(seed)
    beyond = points = 0
    for _ in range(400):
        f, x = extreme_case(random)
        try:
            got = gg.gradient(f, x, edge_order=edge_order)
        except ValueError:
            continue
        points += check_or_infinite(got, f, x, edge_order)
        stencil = gg.Grid(x, edge_order=edge_order).derivative(0).terms[0].stencil
        beyond += stencil.power != 0
    assert beyond > 50
    assert points > 200


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
def test_parts_that_overflow_are_no_nan(dtype):
    """Each pair of a row is beyond all numbers, with different signs; their sum is infinite, or a number."""
    tiny = np.finfo(dtype).tiny * dtype(4)
    grid = gg.Grid((5, tiny), dtype=np.longdouble if dtype is np.longdouble else np.float64)
    second = grid.derivative(0, 2)  # weights 1 / tiny**2
    assert second.terms[0].stencil.power != 0
    f = np.arange(5, dtype=dtype) ** 2
    assert np.all(second(f) == np.inf)
    assert not np.any(second(np.arange(5, dtype=dtype)))


def test_the_cases_that_lost_their_data():
    x = [1e-300, 1, 1e300]
    for f in ([0, 1e-200, 0], [0, 1e160, 0]):
        assert gg.gradient(f, x).tolist() == [f[1], f[1], -f[1] / 1e300]
    assert gg.gradient([0, 1e-250, 0], [0, 1, 1e155]).tolist() == [1e-250, 1e-250, 0]
    torch = pytest.importorskip("torch")
    f, x = torch.tensor([0, 1e160, 0], dtype=torch.float64), torch.tensor(x, dtype=torch.float64)
    assert gg.gradient(f, x)[1] == 1e160
    f.requires_grad_()
    gg.gradient(f, x)[1].backward()
    assert f.grad.tolist() == [-1, 1, 0]


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp < 2000, reason="long double is float64 here")
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128, np.int64])
def test_a_long_double_grid_with_weights_beyond_float64(dtype):
    """Neither a warning nor a lost weight: constants give 0, and what float64 holds is right."""
    far, near = (gg.Grid((3, np.longdouble(step)), dtype=np.longdouble) for step in ("1e400", "1e-400"))
    ones = np.ones(3, dtype)
    for grid in (far, near):
        for operator in (grid.derivative(0), grid.laplacian, grid.derivative(0).T @ grid.derivative(0)):
            assert not np.any(operator(ones))
    if dtype == np.float64:
        f = np.array([0, 1e200, 2e200])
        assert np.allclose(far.derivative(0)(f), 1e-200, rtol=4e-16, atol=0)
        assert np.allclose(near.derivative(0)(f * 1e-300), 1e300, rtol=4e-16, atol=0)
        assert np.allclose(near.derivative(0)(f * 1e-400), 0)
        masked = np.ma.array(f, mask=[0, 0, 1])
        assert far.derivative(0)(masked).mask.all()
        with pytest.raises(
            ValueError, match=r"weights beyond the exponents of float64.*to_linear_operator\(\)"
        ):
            far.derivative(0).to_sparse()
        assert np.array_equal(far.derivative(0).to_linear_operator() @ f, far.derivative(0)(f))
        w = np.array([1e300, 3e300, -1e300])
        transposed = far.derivative(0).T(w)
        rows = np.array([[-1.5, 2, -0.5], [-0.5, 0, 0.5], [0.5, -2, 1.5]])
        assert np.allclose(transposed, rows.T @ w * 1e-200 * 1e-200, rtol=1e-14, atol=0)


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp < 2000, reason="long double is float64 here")
def test_the_weights_of_a_long_double_grid_are_rounded_once_everywhere(rng):
    """The kernels and array slices have the same bits, as both round the same weights to float64."""
    from gridgrad._backends import slices
    from gridgrad._backends.numpy.operations import NUMPY

    grid = gg.Grid(np.cumsum(rng.uniform(1, 2, 40)), (30, 0.1), dtype=np.longdouble)
    f = noise(rng, grid.shape)
    for operator in (grid.laplacian, grid.derivative(0), grid.derivative(1, 2, 4), grid.derivative(1).T):
        sliced = slices.apply(NUMPY, operator.pattern.terms_for(f.shape), [f], 1)[0]
        assert sliced.dtype == np.float64
        assert same_bits(operator(f), sliced)


@pytest.mark.skipif(np.finfo(np.longdouble).maxexp < 2000, reason="long double is float64 here")
def test_jax_takes_the_weights_of_a_long_double_grid(rng):
    """Rounded to a type that JAX has: the bits of the kernels, and no error about float128."""
    jnp = pytest.importorskip("jax.numpy")
    f = noise(rng, 40).astype(np.float32)
    for axis in ((40, 0.1), np.cumsum(rng.uniform(1, 2, 40))):
        grid = gg.Grid(axis, dtype=np.longdouble)
        for operator in (grid.laplacian, grid.derivative(0), grid.derivative(0, 2, 4), grid.derivative(0).T):
            assert same_bits(np.asarray(operator(jnp.asarray(f))), operator(f))


def test_a_matrix_of_weights_that_it_would_lose_is_refused():
    grid = gg.Grid([1e-300, 1, 1e300])
    with pytest.raises(ValueError, match=r"apply it, op\(f\)"):
        grid.derivative(0).to_sparse()
    with pytest.raises(ValueError, match=r"apply it, op\(f\)"):
        gg.Grid([0, 1e-160, 3e-160]).diffuse(np.ones(3)).to_sparse()
    assert gg.Grid([0, 1e-200, 3e-200], edge_order=1).derivative(0).to_sparse().max() == 1e200
