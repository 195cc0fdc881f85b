"""NaN and infinities stay in the rows that read them; signs of zeros."""

import ml_dtypes
import numpy as np
import pytest
from samples import dtype_id, frozen, noise, same_bits

import gridgrad as gg

N = 9
UNEVEN = frozen([0.0, 1, 3, 4, 7, 8, 10, 13, 14])
BAD = [np.nan, np.inf, -np.inf]


def readers(n, position, edge_order, uniform, periodic=False):
    """The rows whose stencil holds a point, written out from the definition of the stencil."""
    rows = set()
    for i in range(n):
        if periodic or 0 < i < n - 1:
            held = {(i - 1) % n, (i + 1) % n} | (set() if uniform else {i})
        else:
            held = set(range(edge_order + 1)) if i == 0 else set(range(n - 1 - edge_order, n))
        if position in held:
            rows.add(i)
    return rows


@pytest.mark.parametrize("bad", BAD, ids=str)
@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("grid", ["uniform", "uneven"])
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, "f4", "f8", "g"], ids=dtype_id)
def test_a_bad_point_reaches_its_readers_only(dtype, grid, edge_order, bad, rng):
    clean = noise(rng, N, dtype)
    spacing = 0.5 if grid == "uniform" else UNEVEN
    expected = gg.gradient(clean, spacing, edge_order=edge_order)
    for position in range(N):
        f = np.array(clean)
        f[position] = bad
        got = gg.gradient(frozen(f), spacing, edge_order=edge_order)
        finite = np.isfinite(got.astype(float))
        assert set(np.flatnonzero(~finite)) == readers(N, position, edge_order, grid == "uniform")
        assert same_bits(got[finite], expected[finite])


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("grid", ["uniform", "uneven"])
def test_locality_along_every_axis(axis, grid, rng):
    clean = noise(rng, (N, N, N))
    spacing = 0.5 if grid == "uniform" else UNEVEN
    expected = gg.gradient(clean, spacing, axis=axis)
    for position in [(0, 0, 0), (4, 4, 4), (1, 7, 3), (8, 8, 8)]:
        f = np.array(clean)
        f[position] = np.nan
        bad = np.zeros(f.shape, bool)
        for row in readers(N, position[axis], 1, grid == "uniform"):
            bad[(*position[:axis], row, *position[axis + 1 :])] = True
        got = gg.gradient(frozen(f), spacing, axis=axis)
        assert np.array_equal(np.isnan(got), bad)
        assert same_bits(got[~bad], expected[~bad])


@pytest.mark.parametrize("grid", ["uniform", "uneven"])
def test_locality_round_a_periodic_axis(grid, rng):
    clean = noise(rng, N)
    spacing, period = (0.5, None) if grid == "uniform" else (UNEVEN, 15.5)
    for position in range(N):
        f = np.array(clean)
        f[position] = np.nan
        got = gg.gradient(frozen(f), spacing, periodic=True, period=period)
        assert set(np.flatnonzero(np.isnan(got))) == readers(N, position, 1, grid == "uniform", periodic=True)


def test_a_nan_in_the_real_part_leaves_the_imaginary_part(rng):
    f = np.array(noise(rng, (5, N), complex))
    f.real[2, 4] = np.nan
    f.imag[2, 7] = np.inf
    for got, part in zip(gg.gradient(frozen(f)), range(2), strict=True):
        assert same_bits(got.real, gg.gradient(frozen(f.real), axis=part))
        assert same_bits(got.imag, gg.gradient(frozen(f.imag), axis=part))


def test_locally_equal_steps_do_not_read_the_centre():
    x = frozen([0.0, 1, 2, 3, 5, 7, 9, 10])  # equal steps at points 1, 2, 5; not at 3, 4... and 6
    for position in range(8):
        f = np.arange(8.0)
        f[position] = np.nan
        h = np.diff(x)
        equal = [0 < i < 7 and h[i - 1] == h[i] for i in range(8)]
        expected = {i for i in range(1, 7) if position in {i - 1, i + 1} or (position == i and not equal[i])}
        expected |= {i for i, held in ((0, {0, 1}), (7, {6, 7})) if position in held}
        assert set(np.flatnonzero(np.isnan(gg.gradient(frozen(f), x)))) == expected


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_an_infinity_keeps_its_sign_where_numpy_keeps_it(bad):
    for position in range(N):
        f = np.zeros(N)
        f[position] = bad
        assert np.array_equal(gg.gradient(frozen(f), 2.0), np.gradient(f, 2.0))


def test_equal_infinities_give_nan_and_opposite_ones_infinity():
    f = frozen([np.inf, 0, np.inf, 1, -np.inf])
    got = gg.gradient(f, 1.0)
    assert got[0] == -np.inf
    assert np.isnan(got[1])
    assert got[3] == -np.inf
    assert got[4] == -np.inf


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_bits_are_numpys_on_uniform_axes_of_power_of_two_steps(dtype, rng):
    """Zeros of either sign, subnormals and everything else; one rounding each in both libraries."""
    f = np.array(noise(rng, (40, 40), dtype))
    f[rng.random(f.shape) < 0.3] = 0
    f[rng.random(f.shape) < 0.2] *= 1e-30 if dtype == "f4" else 1e-300
    f[rng.random(f.shape) < 0.2] *= -0.0
    for step in (0.5, 2.0):
        for got, expected in zip(gg.gradient(frozen(f), step), np.gradient(f, step), strict=True):
            assert same_bits(got, expected)


def test_a_negative_step_turns_the_sign_of_zero():
    f = frozen([1.0, 2.0, 1.0])
    assert np.signbit(gg.gradient(f, -1.0)[1])
    assert not np.signbit(gg.gradient(f, 1.0)[1])
