"""Values of `gradient` against exact rational arithmetic, for every dtype and kind of grid."""

from fractions import Fraction

import ml_dtypes
import numpy as np
import oracles
import pytest
from oracles import assert_within_contract, exact_gradient, exact_steps, exact_wrap, fractions
from samples import COMPLEX, FLOATS, INTEGERS, dtype_id, frozen, noise, same_bits

import gridgrad as gg

GRID_NAMES = list(oracles.GRIDS)
LENGTHS = [(2, 1), *((n, order) for n in (3, 4, 5, 16, 33) for order in (1, 2))]


def check(f, spacing, edge_order=1, period=None, periodic=False, **keywords):
    """One 1-D call against the oracle; complex data by parts."""
    spacings = () if spacing is None else (spacing,)
    got = gg.gradient(f, *spacings, edge_order=edge_order, periodic=periodic, period=period, **keywords)
    spacing = 1 if spacing is None else spacing
    steps = exact_steps(spacing, len(f))
    wrap = exact_wrap(spacing, len(f), period) if periodic else None
    parts = [(got.real, f.real), (got.imag, f.imag)] if f.dtype.kind == "c" else [(got, f)]
    for result, samples in parts:
        assert_within_contract(result, exact_gradient(fractions(samples), steps, edge_order, wrap))
    return got


@pytest.mark.parametrize(("n", "edge_order"), LENGTHS)
@pytest.mark.parametrize("grid", GRID_NAMES)
def test_float64_on_every_grid(grid, n, edge_order, rng):
    check(noise(rng, n), frozen(oracles.GRIDS[grid](n)), edge_order)


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("spacing", ["step", "coordinates", "decreasing"])
@pytest.mark.parametrize("dtype", [*FLOATS, *COMPLEX, *INTEGERS], ids=dtype_id)
def test_every_dtype(dtype, spacing, edge_order, rng):
    x = frozen(oracles.random_grid(21) * 7)
    given = {"step": 0.3, "coordinates": x, "decreasing": x[::-1]}[spacing]
    got = check(noise(rng, 21, dtype), given, edge_order)
    assert got.dtype == (np.float64 if np.dtype(dtype).kind in "iu" else dtype)


@pytest.mark.parametrize("spacing", [None, 1, 2, -3, 0.1, -0.7, np.float32(0.1), np.array(0.1), 1e-30, 1e30])
def test_every_kind_of_scalar_spacing(spacing, rng):
    check(noise(rng, 17), spacing, 2)


@pytest.mark.parametrize("dtype", [*FLOATS[:1], *FLOATS[2:], *INTEGERS], ids=dtype_id)
def test_coordinates_of_every_dtype(dtype, rng):
    x = np.cumsum(rng.integers(1, 5, 19)).astype(dtype)
    for given in (x, x[::-1]):
        check(noise(rng, 19), frozen(given), 2)


@pytest.mark.parametrize("seed", range(20))
def test_random_exponents_of_samples_and_steps(seed):
    rng = np.random.default_rng(seed)
    f = frozen(np.ldexp(rng.standard_normal(24), rng.integers(-300, 300, 24)))
    steps = np.ldexp(1 + rng.random(23), rng.integers(-12, 12, 23) + int(rng.integers(-400, 400)))
    x = frozen(np.concatenate([[0], np.cumsum(steps)]))
    check(f, x, 1 + seed % 2)


@pytest.mark.parametrize("seed", range(10))
def test_large_offsets_do_not_lose_digits(seed):
    x = frozen(oracles.random_grid(50))
    check(frozen(np.sin(x) + 10.0**seed), x, 2)
    check(frozen(np.sin(x) + 10.0**seed, np.float32), x, 2)


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize("value", [101325.0, 1e16, -1e300, 5e-324])
@pytest.mark.parametrize("grid", GRID_NAMES)
def test_constants_give_exactly_zero(grid, value, periodic):
    x = oracles.GRIDS[grid](2001)
    for dtype in (np.float32, np.float64, np.longdouble):
        with np.errstate(over="ignore"):
            f = frozen(np.full(2001, value), dtype)
        if np.isfinite(f).all():
            got = gg.gradient(f, x, edge_order=2, periodic=periodic, period=1.25 if periodic else None)
            assert not got.any()


@pytest.mark.parametrize("dtype", [*FLOATS, np.int32, np.complex64, np.clongdouble], ids=dtype_id)
@pytest.mark.parametrize("step", [1, 0.5, -0.25, 4.0])
def test_degree_two_polynomials_with_dyadic_data_are_exact(dtype, step):
    i = np.arange(9.0)
    f = (i**2 - 4 * i + 3).astype(dtype)
    exact = ((2 * i - 4) / step).astype(np.float64 if np.dtype(dtype).kind in "iu" else dtype)
    for spacing in (step, frozen(3 + i * step)):
        got = gg.gradient(frozen(f), spacing, edge_order=2)
        assert got.dtype == exact.dtype
        assert np.array_equal(got, exact)


@pytest.mark.parametrize("step", [2.0**-900, 2.0**-500, 2.0**500, 2.0**900])
def test_polynomials_are_exact_at_any_power_of_two(step):
    i = np.arange(12.0)
    got = gg.gradient(frozen((i**2 - 4 * i) * step), step, edge_order=2)
    assert np.array_equal(got, 2 * i - 4)


@pytest.mark.parametrize("grid", GRID_NAMES)
def test_parabolas_are_exact_but_for_rounding_on_every_grid(grid):
    x = np.round(oracles.GRIDS[grid](40) * 2**20) / 2**20  # 40 bits hold the square
    exact = exact_gradient(fractions(x**2), exact_steps(x, 40), 2)
    assert [point.value for point in exact] == [2 * v for v in fractions(x)]
    check(frozen(x**2), frozen(x), 2)


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (np.int64, [-(2**63), 2**63 - 1, -(2**63), 2**63 - 1, 0, 1]),
        (np.int64, [2**62, 2**62 + 1, 2**62 + 3, 2**62 + 7, 2**62 - 1]),
        (np.int64, [2**53, 2**53 + 1, 2**53 + 2, 2**53 + 3]),
        (np.uint64, [2**64 - 1, 0, 2**64 - 1, 2**63, 2**63 + 1]),
        (np.uint64, [2**63 + 1, 2**63 + 2, 2**63 + 4, 2**63]),
        (np.int32, [-(2**31), 2**31 - 1, -(2**31), 0, 5]),
        (np.uint8, [255, 3, 2, 1, 0]),
        (np.int8, [-128, 127, -128, 127]),
    ],
)
def test_integer_differences_neither_wrap_nor_lose_bits(dtype, values):
    f = frozen(values, dtype)
    for spacing in (None, 0.5, frozen(np.arange(len(f)) ** 2)):
        check(f, spacing, 2)
        check(f[::-1], spacing, 1)


@pytest.mark.parametrize("dtype", INTEGERS, ids=dtype_id)
def test_integer_coordinates_are_differenced_exactly(dtype):
    limits = np.iinfo(dtype)
    x = frozen([limits.min, limits.min + 1, limits.max - 2, limits.max], dtype)
    for given in (x, x[::-1]):
        check(frozen([1.0, 4.0, 2.0, 8.0]), given, 2)


@pytest.mark.parametrize("n", [3, 4, 5, 30])
@pytest.mark.parametrize("spacing", ["step", "negative step", "coordinates", "decreasing", "step and period"])
def test_periodic(spacing, n, rng):
    x = frozen(oracles.random_grid(n) * 3 + 100)
    given, period = {
        "step": (0.2, None),
        "negative step": (-0.2, None),
        "coordinates": (x, 3.7),
        "decreasing": (x[::-1], 3.7),
        "step and period": (0.2, 0.2 * n + 1),
    }[spacing]
    for dtype in (np.float32, np.float64, np.int16, np.complex128):
        check(noise(rng, n, dtype), given, periodic=True, period=period)


def test_periodic_longdouble_wraps_in_longdouble(rng):
    x = oracles.random_grid(9).astype(np.longdouble) / 3
    check(noise(rng, 9, np.longdouble), frozen(x), periodic=True, period=np.longdouble(1) / 3 + 1)


def test_periodic_integer_coordinates(rng):
    x = frozen([2**60, 2**60 + 1, 2**60 + 3, 2**60 + 4])
    check(noise(rng, 4), x, periodic=True, period=6)


def test_longdouble_coordinates_of_float64_data(rng):
    x = np.longdouble(1e6) + np.arange(8, dtype=np.longdouble) * np.longdouble(2) ** -44
    check(noise(rng, 8), frozen(x), 2)
    check(noise(rng, 8, np.longdouble), frozen(x), 2)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32], ids=dtype_id)
def test_float64_coordinates_do_not_widen_narrow_data(dtype, rng):
    x = frozen(oracles.smooth_grid(40) + 1e5)  # steps that float32 could not hold
    assert check(noise(rng, 40, dtype), x, 2).dtype == dtype


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32], ids=dtype_id)
@pytest.mark.parametrize("scale", [1e-42, 1e-30, 1e-5, 1e30, 1e42])
def test_narrow_data_on_grids_beyond_float32(dtype, scale, rng):
    f = np.asarray(noise(rng, 12)) * min(1.0, scale) if scale < 1 else noise(rng, 12)
    f = frozen(np.asarray(f).astype(dtype))
    x = oracles.random_grid(12) * scale
    points = exact_gradient(fractions(f), exact_steps(x, 12), 2)
    largest = float(oracles.finfo(dtype).max)
    if all(abs(point.value) < largest for point in points):
        assert_within_contract(gg.gradient(f, frozen(x), edge_order=2), points)
    else:
        got = gg.gradient(f, frozen(x), edge_order=2).astype(float)
        assert all(np.isinf(g) == (abs(p.value) > largest) for g, p in zip(got, points, strict=True))


def test_seed_row_3_the_square_root_example():
    x = np.arange(1, 1.8, 0.1)[:8]
    got = gg.gradient(x**2 + np.sqrt(x), 0.1)
    assert np.round(got, 8).tolist() == [
        2.58808848, 2.67722558, 2.85683288, 3.03885421, 3.22284723, 3.40847554, 3.59547805, 3.68929417,
    ]  # fmt: skip
    error = np.abs(got - (2 * x + 0.5 / np.sqrt(x)))
    assert f"{error.max():.2e}" == "9.42e-02"


def test_seed_row_3b_second_order_edges():
    x = np.arange(1, 1.8, 0.1)[:8]
    got = gg.gradient(x**2 + np.sqrt(x), 0.1, edge_order=2)
    assert (round(got[0], 8), round(got[-1], 8)) == (2.49895139, 3.78311029)
    assert f"{np.abs(got - (2 * x + 0.5 / np.sqrt(x))).max():.2e}" == "1.05e-03"


def test_seed_row_9_samples_of_a_field():
    u = np.fromfunction(lambda i, j: i * j + j**2, (4, 5))
    ux, uy = gg.gradient(u, 0.5, 0.25, edge_order=2)
    assert np.array_equal(ux, np.broadcast_to(np.arange(5) / 0.5, (4, 5)))
    assert np.array_equal(uy, np.fromfunction(lambda i, j: (i + 2 * j) / 0.25, (4, 5)))


def test_seed_row_17_the_torch_coordinates():
    c = np.array([-2.0, -1.0, 1.0, 4.0])
    assert gg.gradient(c**2, c).tolist() == [-3, -2, 2, 5]
    assert gg.gradient(c**2, c, edge_order=2).tolist() == [-4, -2, 2, 8]


TABLE = [[1.0, 2, 4, 8], [10, 20, 40, 80]]


def test_seed_row_18_the_torch_table():
    rows, columns = gg.gradient(TABLE)
    assert rows.tolist() == [[9, 18, 36, 72]] * 2
    assert columns.tolist() == [[1, 1.5, 3, 4], [10, 15, 30, 40]]
    halved = gg.gradient(TABLE, spacing=2)
    assert np.array_equal(halved, [rows / 2, columns / 2])
    assert np.array_equal(gg.gradient(TABLE, dim=1), columns)


def test_seed_row_19_one_step_for_each_axis():
    for got in (gg.gradient(TABLE, 3.0, 2.0), gg.gradient(TABLE, spacing=[3.0, 2.0])):
        assert same_bits(got[0], np.array([[3.0, 6, 12, 24]] * 2))
        assert got[1].tolist() == [[0.5, 0.75, 1.5, 2], [5, 7.5, 15, 20]]


def test_the_oracle_agrees_with_a_hand_computed_row():
    points = exact_gradient([Fraction(0), Fraction(1), Fraction(9)], [Fraction(1), Fraction(2)], 2)
    assert [point.value for point in points] == [0, 2, 6]
