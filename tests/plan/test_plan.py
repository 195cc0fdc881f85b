"""Plans, their caches and term lists: what is looked at again, what is never missed."""

import numpy as np
import pytest
from oracles import assert_within_contract, exact_gradient, exact_steps, fractions
from samples import frozen, noise, same_bits

import gridgrad as gg
from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy import BACKEND
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._functions import share
from gridgrad._grid import axis as axis_module
from gridgrad._plan import descriptor
from gridgrad._plan.descriptor import TooManyDims
from gridgrad._plan.plan import Layout, arithmetic_type, collapse, make_plan
from gridgrad._stencils.derivatives import Rule
from gridgrad._stencils.stencil import CENTRAL, Stencil
from gridgrad._terms.term import Term


@pytest.fixture
def counted_checks(monkeypatch):
    """How often coordinates were validated."""
    calls = []
    honest = axis_module.check_coordinates
    monkeypatch.setattr(
        axis_module, "check_coordinates", lambda *args: (calls.append(args), honest(*args))[1]
    )
    return calls


@pytest.mark.parametrize("n", [12, 5000])
def test_equal_coordinates_are_validated_once(n, counted_checks, rng):
    f, x = noise(rng, (n, 3)), frozen(np.cumsum(rng.uniform(1, 2, n)))
    first = gg.gradient(f, x, axis=0)
    assert len(counted_checks) == 1
    assert same_bits(gg.gradient(f, x.copy(), axis=0), first)
    assert same_bits(gg.gradient(f[:, :2], x, axis=0), first[:, :2])
    assert len(counted_checks) == 1
    gg.gradient(f, x, axis=0, edge_order=2)
    assert len(counted_checks) == 2


@pytest.mark.parametrize("n", [9, 600, 5000, 200_000])
def test_coordinates_changed_in_place_are_never_missed(n, rng):
    f, x = noise(rng, n), np.arange(float(n))
    before = gg.gradient(f, x)
    x[n // 2] += 0.25
    after = gg.gradient(f, x)
    assert np.flatnonzero(after != before).tolist() == [n // 2 - 1, n // 2, n // 2 + 1]
    x[n // 2] = x[n // 2 + 1]
    with pytest.raises(ValueError, match="not strictly monotonic"):
        gg.gradient(f, x)


def test_samples_changed_in_place_are_never_missed(rng):
    f = np.array(noise(rng, 9))
    gg.gradient(f)
    f[4] += 1
    assert same_bits(gg.gradient(f), np.gradient(f))


def test_calls_that_compare_equal_are_kept_apart():
    f = frozen([1.0, 4, 9, 16, 25])
    plain = gg.gradient(f, 1)
    assert same_bits(gg.gradient(f, 1.0), plain)
    with pytest.raises(TypeError, match="dtype bool"):
        gg.gradient(f, True)
    with pytest.raises(TypeError, match="axis must be an int"):
        gg.gradient(f, 1.0, axis=False)
    with pytest.raises(TypeError, match="edge_order must be the integer 1 or 2, got True"):
        gg.gradient(f, 1.0, edge_order=True)
    with pytest.raises(TypeError, match=r"edge_order must be the integer 1 or 2, got 1\.0"):
        gg.gradient(f, 1.0, edge_order=1.0)
    assert same_bits(gg.gradient(f, 1.0, edge_order=2), frozen([2.0, 4, 6, 8, 10]))
    assert same_bits(gg.gradient(f, 1), plain)


def test_keywords_do_not_leak_through_the_cache(rng):
    """Each pair of calls differs in one keyword; in either order, each gets its own answer."""
    f = noise(rng, (5, 5))
    kinds = [
        {},
        {"periodic": True},
        {"edge_order": 2},
        {"axis": 0},
        {"axis": 1},
        {"periodic": True, "period": 8.0},
        {"axis": (0,)},
    ]
    alone = []
    for keywords in kinds:
        gg.clear_caches()
        alone.append(gg.gradient(f, 1.5, **keywords))
    for a, first in zip(kinds, alone, strict=True):
        for b, second in zip(kinds, alone, strict=True):
            gg.clear_caches()
            for _ in range(2):
                assert np.array_equal(gg.gradient(f, 1.5, **a), first)
                assert np.array_equal(gg.gradient(f, 1.5, **b), second)


def test_a_period_without_periodic_is_refused_also_after_the_plain_call(rng):
    f = noise(rng, 5)
    gg.gradient(f, 1.5)
    with pytest.raises(ValueError, match="period is given, but no axis is"):
        gg.gradient(f, 1.5, period=9.0)


def test_equal_numbers_of_entries_are_kept_apart(rng):
    f = noise(rng, (3, 3, 3))
    x = frozen([1.0, 2.0, 4.0])
    expected = [gg.gradient(f[:, 0, 0], x)[1], gg.gradient(f[:, 0, 0], 2.0)[1]]
    for _ in range(2):
        assert gg.gradient(f, x, x, x)[0][1, 0, 0] == expected[0]
        assert gg.gradient(f, 2.0, x, x)[0][1, 0, 0] == expected[1]
        assert same_bits(gg.gradient(f, x.astype(np.float32), 1, 1)[0], gg.gradient(f, x, 1, 1)[0])


def test_many_calls_of_different_layouts_stay_right(rng):
    for n in range(3, 700):
        f = noise(rng, n)
        assert same_bits(gg.gradient(f), np.gradient(f))
    assert len(share.functions) <= 512


@pytest.mark.parametrize("ndim", [9, 12])
def test_more_dims_than_a_descriptor_holds(ndim, rng):
    """Every second point of every axis: no two dims can be merged."""
    wide = noise(rng, (6,) * min(ndim, 9) + (1,) * (ndim - 9))[(slice(None, None, 2),) * ndim]
    assert wide.ndim > descriptor.MAX_DIMS
    terms = (Term(0, 0, 0, axis_module.axis_stencil(1.0, 3, 0, Rule(), None, np.float64)),)
    if ndim == 9:
        with pytest.raises(TooManyDims):
            ladder.plan_for(BACKEND, terms, [wide], [np.empty(wide.shape)[..., ::-1]])
    for axis in (0, 4, 8):
        assert same_bits(gg.gradient(wide, axis=axis), np.gradient(wide, axis=axis))
    out = np.empty((*wide.shape[:-1], 2 * wide.shape[-1]))[..., ::2]
    gg.gradient(wide, axis=2, out=out)
    assert same_bits(out, np.gradient(wide, axis=2))


@pytest.mark.parametrize("axes", [(0, 1, 2, 3, 4, 5, 6), (0, 1, 2, 3, 4, 5, 6, 7, 8, 9)])
def test_more_axes_than_a_descriptor_holds(axes, rng):
    f = noise(rng, (3,) * len(axes))
    for got, expected in zip(gg.gradient(f, edge_order=2), np.gradient(f, edge_order=2), strict=True):
        assert np.allclose(got, expected, rtol=0, atol=8 * np.finfo(float).eps * np.abs(f).max())


@pytest.mark.parametrize(
    "shape", [(100, 3, 2), (50, 40, 2), (7, 3, 63), (30, 2, 2), (4, 300, 2, 2), (100, 5, 1, 3)]
)
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_short_trailing_batches_join_their_axis(shape, dtype, rng):
    """A vector field of few components, every axis of it."""
    f = noise(rng, shape, dtype)
    for axis in range(len(shape)):
        if shape[axis] > 1:
            moved = np.ascontiguousarray(np.moveaxis(f, axis, 0)).reshape(shape[axis], -1)
            expected = np.stack([gg.gradient(moved[:, k].copy(), 0.5) for k in range(moved.shape[1])], 1)
            got = np.moveaxis(gg.gradient(f, 0.5, axis=axis), axis, 0).reshape(shape[axis], -1)
            assert same_bits(got, expected)


def test_batch_dims_collapse_to_one_loop():
    c_order = Layout((2, 3, 4, 5), (60, 20, 5, 1))
    large = Layout((5, 4, 3, 50), (600, 150, 50, 1))
    assert [dim.length for dim in collapse(large.shape, (large, large), {0}, 1)] == [5, 600]
    joined = collapse(c_order.shape, (c_order, c_order), {0}, 1)[-1]  # a short row joins its axis
    assert (joined.length, joined.inner) == (120, 60)
    assert [dim.length for dim in collapse(large.shape, (large, large), {3}, 1)] == [60, 50]
    assert [dim.length for dim in collapse(c_order.shape, (c_order, c_order), {3}, 1)] == [
        5,
        24,
    ]  # longer rows
    single = Layout((1, 1), (1, 1))
    assert [dim.length for dim in collapse(single.shape, (single, single), set(), 1)] == [1]


def test_plans_of_one_layout_are_the_same_object(rng):
    f = noise(rng, (4, 5))
    terms = (Term(0, 0, 1, axis_module.axis_stencil(1.0, 5, 1, Rule(), None, np.float64)),)
    plan = ladder.plan_for(BACKEND, terms, [f], [np.empty(f.shape)])
    assert ladder.plan_for(BACKEND, terms, [f.copy()], [np.empty(f.shape)]) is plan
    assert ladder.plan_for(BACKEND, terms, [f.T], [np.empty(f.T.shape)]) is not plan
    layout = Layout((4, 5), (5, 1))
    assert make_plan(terms, "float64", (layout,), (layout,), 1, False) is plan


# Operators of several inputs and outputs, as term lists. Oracle: explicit central differences.


def second_derivative(n, h):
    """Formula (1) with the weights of the compact second derivative, zero rows at the ends."""
    return Stencil(n, CENTRAL, (-1 / h**2, 1 / h**2), (((0, 1, 0.0),),), (((n - 2, n - 1, 0.0),),))


def first(n, h, sign=1):
    return axis_module.axis_stencil(sign * h, n, 0, Rule(), None, np.float64)


def by_hand(f, axis, h):
    """First derivative, order 1 at the edges."""
    f = np.moveaxis(f, axis, 0)
    d = np.empty_like(f)
    d[1:-1] = (f[2:] - f[:-2]) * (0.5 / h)
    d[0], d[-1] = (f[1] - f[0]) / h, (f[-1] - f[-2]) / h
    return np.moveaxis(d, 0, axis)


def applied(terms, inputs, count):
    """Both executors, which must agree bit for bit."""
    outputs = [np.full(inputs[0].shape, np.nan) for _ in range(count)]
    ladder.apply(BACKEND, tuple(terms), inputs, outputs)
    for got, other in zip(outputs, slices.apply(NUMPY, tuple(terms), inputs, count), strict=True):
        assert same_bits(got, other)
    return outputs


STEPS = (0.5, 0.25, 2.0)


def test_laplacian_is_the_sum_of_its_terms(rng):
    f = noise(rng, (6, 20, 9))
    got = applied(
        [Term(0, 0, k, second_derivative(n, h)) for k, (n, h) in enumerate(zip(f.shape, STEPS, strict=True))],
        [f],
        1,
    )[0]
    inner = (slice(1, -1),) * 3
    expected = 0.0
    for k, h in enumerate(STEPS):
        up, down = (np.roll(f, s, k)[inner] for s in (-1, 1))
        expected = expected + (up - 2 * f[inner] + down) / h**2
    bound = 4 * np.finfo(float).eps * np.abs(f).max() * sum(4 / h**2 for h in STEPS)
    assert np.abs(got[inner] - expected).max() <= bound


def test_divergence_adds_one_input_after_the_other(rng):
    field = [noise(rng, (6, 20, 9)) for _ in range(3)]
    got = applied(
        [Term(0, k, k, first(n, h)) for k, (n, h) in enumerate(zip(field[0].shape, STEPS, strict=True))],
        field,
        1,
    )[0]
    parts = [by_hand(f, k, h) for k, (f, h) in enumerate(zip(field, STEPS, strict=True))]
    assert same_bits(got, parts[0] + parts[1] + parts[2])  # steps are powers of two: the same roundings


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, lambda f: f[::-1].copy()[::-1]])
def test_curl_has_six_signed_terms(layout, rng):
    field = [layout(noise(rng, (6, 20, 9))) for _ in range(3)]
    shape = field[0].shape
    terms = []
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        terms += [Term(k, j, i, first(shape[i], STEPS[i])), Term(k, i, j, first(shape[j], STEPS[j], -1))]
    got = applied(terms[::-1], field, 3)  # any order of outputs
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        expected = by_hand(field[j], i, STEPS[i]) - by_hand(field[i], j, STEPS[j])
        assert np.array_equal(got[k], expected)


def test_the_curl_of_a_gradient_is_rounding_only(rng):
    f = noise(rng, (7, 8))
    gx, gy = gg.gradient(f, 0.5, 0.25)
    curl = gg.gradient(gy, 0.5, axis=0) - gg.gradient(gx, 0.25, axis=1)
    assert np.abs(curl).max() <= 8 * np.finfo(float).eps * np.abs(f).max() / (0.5 * 0.25)


def test_more_outputs_than_a_descriptor_holds(rng):
    f = noise(rng, (8, 9))
    terms = [Term(k, 0, k % 2, first(f.shape[k % 2], 2.0**-k)) for k in range(14)]
    for k, got in enumerate(applied(terms, [f], 14)):
        assert same_bits(got, by_hand(f, k % 2, 2.0**-k))


def test_weights_of_many_magnitudes_choose_float64_for_float32_data():
    x = np.cumsum([0, 1e-30, 1e-20, 1e-3, 1, 1e20, 1e30])
    wide, plain = (axis_module.axis_stencil(c, 7, 0, Rule(), None, np.float64) for c in (x, np.arange(7.0)))
    assert arithmetic_type("float32", [Term(0, 0, 0, plain)]) == "float32"
    assert arithmetic_type("float32", [Term(0, 0, 0, plain), Term(0, 0, 0, wide)]) == "float64"
    assert arithmetic_type("float64", [Term(0, 0, 0, plain)]) == "float64"
    assert arithmetic_type("float32", [Term(0, 0, 0, second_derivative(7, 1e-20))]) == "float64"
    f = frozen([1, 2, 4, 8, 16, 32, 64], np.float32)
    assert_within_contract(gg.gradient(f, x), exact_gradient(fractions(f), exact_steps(x, 7)))
