"""Properties that hold for every input: hypothesis looks for one that breaks them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from oracles import assert_within_contract, exact_gradient, exact_steps, fractions
from samples import COMPILED, LAYOUTS, frozen, noise, same_bits

import gridgrad as gg
from gridgrad._backends import slices
from gridgrad._backends.numpy import core as _core
from gridgrad._backends.numpy import memory
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._grid.asked import Asked, clean_axes, clean_words, points_of

EPS = np.finfo(float).eps
EDGE_ORDER = st.sampled_from([1, 2])
DTYPES = st.sampled_from(COMPILED)
SIMPLE = st.floats(-1e6, 1e6, allow_nan=False, width=32)
SEEDS = st.integers(0, 2**32)


@st.composite
def problems(draw, min_dims=1, max_dims=3, dtypes=DTYPES):
    """Read-only samples of any compiled dtype with a spacing for each axis."""
    shape = draw(array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=3, max_side=20))
    rng = np.random.default_rng(draw(SEEDS))
    f = noise(rng, shape, draw(dtypes))
    return f, [draw(spacings(n, rng)) for n in shape]


@st.composite
def spacings(draw, n, rng):
    """A step, uniform, nearly uniform or random coordinates, in either direction."""
    kind = draw(st.sampled_from(["step", "uniform", "nearly uniform", "random"]))
    if kind == "step":
        return draw(st.sampled_from([1, 0.1, -3, 2.0**-30]))
    x = {
        "uniform": np.arange(n) * 0.5,
        "nearly uniform": np.arange(n) / 10,
        "random": np.cumsum(rng.uniform(0.1, 2, n)),
    }[kind]
    return frozen(x[::-1] if draw(st.booleans()) else x)


def terms_of(f, spacing, edge_order=1):
    """The term list that `gradient` makes."""
    axes, entries = clean_axes(None, f.shape, tuple(spacing))
    grid = points_of(gg.Grid, f.shape, axes, entries, clean_words(axes, Asked(edge_order)), np.float64)
    return grid.gradient.terms


def all_same(a, b):
    a, b = (r if isinstance(r, (tuple, list)) else [r] for r in (a, b))
    return len(a) == len(b) and all(same_bits(x, y) for x, y in zip(a, b, strict=True))


@given(problems(max_dims=1, dtypes=st.just(np.float64)), EDGE_ORDER, SIMPLE, SEEDS)
def test_linearity(problem, edge_order, factor, seed):
    f, (x,) = problem
    g = noise(np.random.default_rng(seed), f.shape)
    both = f + factor * g
    # D(f + c g) is taken of rounded samples: their half ulp, times the weights, beside three contracts.
    got = gg.gradient(both, x, edge_order=edge_order)
    apart = gg.gradient(f, x, edge_order=edge_order) + factor * gg.gradient(g, x, edge_order=edge_order)
    size = np.abs(f).max() + abs(factor) * np.abs(g).max()
    weights = 6 / np.abs(np.diff(np.arange(len(f)) * x if np.ndim(x) == 0 else x)).min()
    assert (np.abs(got - apart) <= 8 * EPS * size * weights).all()


@given(problems(), EDGE_ORDER, SIMPLE)
def test_constants_give_exactly_zero(problem, edge_order, value):
    f, spacing = problem
    value = value % 100 if f.dtype.kind in "iu" or f.dtype == np.float16 else value
    got = gg.gradient(frozen(np.full(f.shape, value).astype(f.dtype)), *spacing, edge_order=edge_order)
    assert not np.any(got)


@given(st.integers(3, 40), st.integers(-20, 20), st.tuples(*[st.integers(-8, 8)] * 3))
def test_parabolas_are_exact_on_dyadic_steps(n, power, coefficients):
    a, b, c = coefficients
    i = np.arange(float(n))
    got = gg.gradient(frozen(a * i**2 + b * i + c), 2.0**power, edge_order=2)
    assert np.array_equal(got, (2 * a * i + b) / 2.0**power)


@given(st.integers(3, 25), SEEDS, EDGE_ORDER)
def test_any_samples_on_any_grid_keep_the_contract(n, seed, edge_order):
    rng = np.random.default_rng(seed)
    x = np.cumsum(rng.integers(1, 50, n)).astype(float)  # exact steps: 3 u in a weight, 3 u more at worst
    f = rng.integers(-1000, 1000, n).astype(float)
    assert_within_contract(
        gg.gradient(f, x, edge_order=edge_order), exact_gradient(fractions(f), exact_steps(x, n), edge_order)
    )


@given(problems(max_dims=1), EDGE_ORDER)
def test_reversal_of_samples_and_coordinates_turns_the_sign(problem, edge_order):
    f, (x,) = problem
    back = -x if np.ndim(x) == 0 else x[::-1]
    got = gg.gradient(frozen(f[::-1]), back, edge_order=edge_order)[::-1]
    # The two products of a row are added in the other order, which is exact for two; edges likewise.
    assert np.array_equal(got, gg.gradient(f, x, edge_order=edge_order))


@given(problems(min_dims=2), EDGE_ORDER, SEEDS)
def test_permuting_axes_permutes_the_result(problem, edge_order, seed):
    f, spacing = problem
    order = np.random.default_rng(seed).permutation(f.ndim)
    expected = gg.gradient(f, *spacing, edge_order=edge_order)
    got = gg.gradient(f.transpose(order), *[spacing[k] for k in order], edge_order=edge_order)
    for k, result in zip(order, got, strict=True):
        assert same_bits(result, expected[k].transpose(order))


@given(problems(min_dims=2), EDGE_ORDER)
def test_a_batch_is_its_members(problem, edge_order):
    f, spacing = problem
    got = gg.gradient(f, spacing[-1], axis=-1, edge_order=edge_order)
    for index in np.ndindex(f.shape[:-1]):
        assert same_bits(got[index], gg.gradient(f[index], spacing[-1], edge_order=edge_order))


@given(problems(), EDGE_ORDER, st.sampled_from(list(LAYOUTS)), st.sampled_from(list(LAYOUTS)))
def test_layouts_give_the_same_bits(problem, edge_order, layout, out_layout):
    f, spacing = problem
    expected = gg.gradient(f, *spacing, edge_order=edge_order)
    assert all_same(gg.gradient(LAYOUTS[layout](f), *spacing, edge_order=edge_order), expected)
    dtype = np.float64 if f.dtype.kind in "iu" else f.dtype
    outs = [LAYOUTS[out_layout](np.full(f.shape, 3, dtype)) for _ in range(f.ndim)]
    assert all_same(gg.gradient(f, *spacing, edge_order=edge_order, out=outs), expected)


@given(problems(max_dims=4), EDGE_ORDER)
def test_the_array_path_has_the_bits_of_the_core(problem, edge_order):
    f, spacing = problem
    terms = terms_of(f, spacing, edge_order)
    assert all_same(
        slices.apply(NUMPY, terms, [f], len(terms)), gg.gradient(f, *spacing, edge_order=edge_order)
    )


@given(
    problems(dtypes=st.sampled_from([np.float16, np.float32, np.complex64])),
    st.sampled_from([1e-42, 1e-30, 1e30, 1e42]),
)
def test_the_array_path_widens_as_the_core_does(problem, scale):
    f, spacing = problem
    spacing = [*spacing[:-1], np.arange(f.shape[-1]) * scale]
    with np.errstate(over="ignore"):
        got = slices.apply(NUMPY, terms_of(f, spacing), [f], f.ndim)
    assert all_same(got, gg.gradient(f, *spacing))


@given(shape=array_shapes(min_dims=1, max_dims=3, min_side=3, max_side=9), data=st.data())
def test_non_finite_samples_give_the_same_bits_on_both_paths(shape, data):
    values = st.sampled_from([0.0, -0.0, 1.0, -1.5, 5e-324, 1.7e308, -1.7e308, np.inf, -np.inf, np.nan])
    f = data.draw(arrays(np.float64, shape, elements=values))
    with np.errstate(all="ignore"):
        expected = slices.apply(NUMPY, terms_of(f, (0.5,)), [f], f.ndim)
    got = gg.gradient(f, 0.5)
    for a, b in zip(expected, got if isinstance(got, tuple) else [got], strict=True):
        assert np.array_equal(a, b, equal_nan=True)
        zeros = a == 0
        assert np.array_equal(np.signbit(a[zeros]), np.signbit(b[zeros]))


@pytest.mark.parametrize("dtype", COMPILED, ids=lambda d: np.dtype(d).name)
def test_cpu_levels_give_the_same_bits(dtype, cpu_levels, rng):
    x = frozen(np.cumsum(rng.uniform(0.1, 2, 70)))
    for shape in ((70,), (5, 70), (70, 5), (3, 70, 33)):
        f = noise(rng, shape, dtype)
        axis = shape.index(70)
        for spacing in (0.1, x):
            for edge_order in (1, 2):
                got = []
                for level in cpu_levels:
                    assert _core.core.gg_use_cpu_level(level)
                    got.append(gg.gradient(f, spacing, axis=axis, edge_order=edge_order))
                assert all(same_bits(g, got[0]) for g in got)


def test_a_cpu_level_that_is_not_there_is_refused(core):
    before = core.gg_cpu_level()
    assert not core.gg_use_cpu_level(-1)
    assert not core.gg_use_cpu_level(core.gg_cpu_levels())
    assert core.gg_cpu_level() == before


@pytest.mark.parametrize("shape", [(1_600_000,), (7, 230_000), (230_000, 7), (3, 500, 1100), (1100, 500, 3)])
@pytest.mark.parametrize("grid", ["uniform", "uneven"])
def test_threads_and_pieces_give_the_same_bits(shape, grid, rng, monkeypatch):
    f = noise(rng, shape, np.float32)
    spacing = [0.3 if grid == "uniform" else frozen(np.cumsum(rng.uniform(0.5, 2, n))) for n in shape]
    expected = gg.gradient(f, *spacing, workers=1)
    for workers in (2, 3, 7):
        assert all_same(gg.gradient(f, *spacing, workers=workers), expected)
    monkeypatch.setattr(memory, "PIECE_BYTES", 1 << 20)
    for workers in (1, 2):
        assert all_same(gg.gradient(f, *spacing, workers=workers), expected)


@given(problems(), st.integers(2, 40))
def test_more_threads_than_points_give_the_same_bits(problem, workers):
    f, spacing = problem
    assert all_same(gg.gradient(f, *spacing, workers=workers), gg.gradient(f, *spacing))


@pytest.mark.parametrize(
    "dtype", [np.float64, np.float32, np.float16, np.int16, np.complex64], ids=lambda d: np.dtype(d).name
)
def test_streaming_stores_give_the_same_bits(dtype, rng):
    """Outputs past 16 MiB leave the caches on their way; odd row lengths leave words half full."""
    f = noise(rng, (151, 127, 129), dtype)
    dtype_out = np.float64 if f.dtype.kind in "iu" else f.dtype
    for out_shift in (0, 1, 5):
        memory = np.full(3 * f.size + out_shift, 7, dtype_out)
        out = memory[out_shift:].reshape(3, *f.shape)
        gg.gradient(f, 0.3, out=out)
        assert (memory[:out_shift] == 7).all()
        for k, (across, axis) in enumerate(((1, 0), (2, 1), (0, 1))):  # planes small enough not to stream
            for place in (0, 1, 75, 126):
                plane = gg.gradient(np.take(f, place, across), 0.3, axis=axis)
                assert same_bits(np.take(out[k], place, across), plane)
