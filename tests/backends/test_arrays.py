"""Axes, batch axes, return types, torch's spellings, memory layouts and `out=`."""

import warnings

import numpy as np
import oracles
import pytest
from samples import COMPILED, LAYOUTS, dtype_id, frozen, noise, same_bits

import gridgrad as gg

STEPS = (0.5, 0.1, 3.0)


def one_by_one(f, axis, spacing, **keywords):
    """The same derivative, one 1-D line at a time."""
    moved = np.moveaxis(f, axis, -1)
    lines = [gg.gradient(frozen(line), spacing, **keywords) for line in moved.reshape(-1, f.shape[axis])]
    return np.moveaxis(np.reshape(lines, moved.shape), -1, axis)


@pytest.mark.parametrize(
    "axis", [None, 0, 1, 2, -1, (0, 2), [2, 0], (1,), np.int64(1), (-1, 0, 1), np.array([1, 2])]
)
def test_axes_keep_their_order_and_the_others_are_batches(axis, rng):
    f = noise(rng, (4, 5, 6))
    axes = range(3) if axis is None else np.atleast_1d(axis) % 3
    spacings = [STEPS[k] for k in axes]
    got = gg.gradient(f, *spacings, axis=axis)
    expected = [one_by_one(f, a, h) for a, h in zip(axes, spacings, strict=True)]
    assert type(got) is (np.ndarray if len(expected) == 1 else tuple)
    for result, value in zip([got] if len(expected) == 1 else got, expected, strict=True):
        assert same_bits(result, value)


def test_one_scalar_serves_all_axes(rng):
    f = noise(rng, (4, 5))
    assert all(same_bits(a, b) for a, b in zip(gg.gradient(f, 2), gg.gradient(f, 2.0, 2.0), strict=True))


def test_scalars_and_coordinates_mix(rng):
    f, x = noise(rng, (4, 5, 6)), frozen(oracles.random_grid(5))
    got = gg.gradient(f, 2, x, np.array(0.3), edge_order=2)
    for k, spacing in enumerate((2, x, 0.3)):
        assert same_bits(got[k], one_by_one(f, k, spacing, edge_order=2))


def test_lists_are_coordinates(rng):
    f = noise(rng, 4)
    assert same_bits(gg.gradient(f, [0, 1, 3, 4.5]), gg.gradient(f, np.array([0, 1, 3, 4.5])))
    assert same_bits(gg.gradient([1, 4, 9]), np.array([3.0, 4.0, 5.0]))


def test_no_axes_give_an_empty_tuple():
    assert gg.gradient(np.ones((3, 4)), axis=()) == ()


@pytest.mark.parametrize("shape", [(0, 5), (5, 0, 3), (3, 0)])
def test_empty_batches_give_empty_results(shape):
    axis = int(np.argmax(shape))
    assert gg.gradient(np.empty(shape, np.float32), axis=axis).shape == shape
    out = np.empty(shape, np.float32)
    assert gg.gradient(np.empty(shape, np.float32), axis=axis, out=out) is out


def test_torch_spellings_mean_the_same(rng):
    f, x = noise(rng, (4, 5)), frozen(oracles.random_grid(5))
    same = [
        (gg.gradient(f, spacing=2.0), gg.gradient(f, 2.0)),
        (gg.gradient(f, spacing=None), gg.gradient(f)),
        (gg.gradient(f, spacing=(2, x)), gg.gradient(f, 2, x)),
        (gg.gradient(f, spacing=[2, x], dim=(0, 1)), gg.gradient(f, 2, x)),
        (gg.gradient(f, spacing=[x], dim=1), gg.gradient(f, x, axis=1)),
        (gg.gradient(f, spacing=x, dim=-1), gg.gradient(f, x, axis=-1)),
        (gg.gradient(f, dim=None), gg.gradient(f)),
    ]
    for a, b in same:
        assert same_bits(a, b)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"axis": 0, "dim": 0}, "axis= and its alias dim= were both given"),
        ({"axis": None, "dim": 0}, "axis= and its alias dim= were both given"),
        ({"spacing": 2.0}, "spacing was given both positionally and as spacing="),
    ],
)
def test_two_spellings_of_one_thing_are_refused(keywords, message):
    with pytest.raises(TypeError, match=message):
        gg.gradient(np.ones(4), 1.0, **keywords)


@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("dtype", [*COMPILED, np.longdouble], ids=dtype_id)
def test_every_layout_gives_the_same_bits(dtype, edge_order, rng):
    base = noise(rng, (6, 17, 9), dtype)
    spacing = (0.3, frozen(oracles.random_grid(17)), 1.5)
    expected = gg.gradient(base, *spacing, edge_order=edge_order)
    for name, change in LAYOUTS.items():
        f = change(base)
        before = f.tobytes()
        f.flags.writeable = False
        got = gg.gradient(f, *spacing, edge_order=edge_order)
        assert all(same_bits(a, b) for a, b in zip(got, expected, strict=True)), name
        assert f.tobytes() == before


def test_special_views_give_the_same_bits(rng):
    line = noise(rng, 50)
    windows = np.lib.stride_tricks.sliding_window_view(line, 20)
    broadcast = np.broadcast_to(line, (3, 50))
    column = np.asfortranarray(noise(rng, (3, 4000)))[:, ::100]
    for f in (windows, broadcast, column, np.broadcast_to(np.float64(3), (4, 4))):
        for got, expected in zip(gg.gradient(f, 0.1), gg.gradient(f.copy(), 0.1), strict=True):
            assert same_bits(got, expected)
        assert got.flags.writeable


@pytest.mark.parametrize("order", ["C", "F"])
def test_results_have_the_memory_order_of_f(order, rng):
    f = np.asarray(noise(rng, (4, 5, 6)), order=order)
    for result in gg.gradient(f):
        assert result.strides == f.strides
    turned = f.transpose(1, 0, 2)
    assert gg.gradient(turned, axis=1).strides == turned.strides


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("code", ["f4", "f8", "c16", "i4", "u8", "f2"])
def test_byte_order_is_kept(code, byteorder, rng):
    native = noise(rng, (4, 6), np.dtype(code))
    swapped = frozen(native, np.dtype(byteorder + code))
    for got, expected in zip(gg.gradient(swapped, 0.3), gg.gradient(native, 0.3), strict=True):
        assert same_bits(got.astype(expected.dtype), expected)
        assert got.dtype == (np.float64 if code[0] in "iu" else swapped.dtype)


def out_forms(f, count):
    """Every form of `out=` for `count` results, with what it returns as a list of arrays."""
    stacked = np.full((count, *f.shape), np.nan, f.dtype)
    separate = [np.full(f.shape, np.nan, f.dtype) for _ in range(count)]
    backwards = np.full((count, *f.shape[:-1], 2 * f.shape[-1]), np.nan, f.dtype)[..., ::-2]
    fortran = [np.full(f.shape, np.nan, f.dtype, order="F") for _ in range(count)]
    unaligned = [LAYOUTS["unaligned"](a) for a in separate]
    return {
        "stacked": (stacked, list(stacked)),
        "list": (separate, separate),
        "tuple": (tuple(fortran), fortran),
        "odd and negative strides": (backwards, list(backwards)),
        "unaligned": (unaligned, unaligned),
    }


@pytest.mark.parametrize("form", ["stacked", "list", "tuple", "odd and negative strides", "unaligned"])
@pytest.mark.parametrize(
    "dtype", [np.float32, np.float64, np.complex128, np.float16, np.longdouble], ids=dtype_id
)
def test_every_form_of_out(dtype, form, rng):
    f = noise(rng, (5, 6, 7), dtype)
    out, targets = out_forms(f, 3)[form]
    got = gg.gradient(f, *STEPS, out=out)
    expected = gg.gradient(f, *STEPS)
    assert type(got) is tuple
    for result, target, value in zip(got, targets, expected, strict=True):
        assert np.shares_memory(result, target)
        assert same_bits(target, value)


def test_out_of_one_axis_is_returned_itself(rng):
    f = noise(rng, (5, 6))
    out = np.empty_like(f)
    assert gg.gradient(f, axis=1, out=out) is out
    assert same_bits(out, gg.gradient(f, axis=1))
    single = np.empty((1, 5, 6))
    assert np.shares_memory(gg.gradient(f, axis=1, out=single), single)
    assert same_bits(single[0], out)
    inside = [np.empty_like(f)]
    assert gg.gradient(f, axis=1, out=inside) is inside[0]


@pytest.mark.parametrize("dtype", ["i4", "u8", "i1", ">i2"])
def test_out_of_integers_is_float64(dtype, rng):
    f = noise(rng, (5, 6), np.dtype(dtype).newbyteorder("=")).astype(dtype)
    out = np.empty((5, 6))
    assert gg.gradient(f, axis=0, out=out) is out
    assert same_bits(out, gg.gradient(f, axis=0))


def test_big_endian_out_of_big_endian_data(rng):
    f = frozen(noise(rng, (5, 6)), ">f8")
    out = np.empty((5, 6), ">f8")
    gg.gradient(f, axis=0, out=out)
    assert np.array_equal(out, gg.gradient(f, axis=0))


@pytest.mark.parametrize("shift", [-1, 0, 1])
@pytest.mark.parametrize("axis", [0, 1])
def test_out_may_overlap_f(axis, shift, rng):
    memory = np.array(noise(rng, (12, 8)))
    f, out = memory[1:11], memory[1 + shift : 11 + shift]
    expected = gg.gradient(f.copy(), 0.3, axis=axis, edge_order=2)
    assert gg.gradient(f, 0.3, axis=axis, edge_order=2, out=out) is out
    assert same_bits(out, expected)


def test_one_of_several_outs_may_be_f(rng):
    f = np.array(noise(rng, (6, 7)))
    expected = gg.gradient(f.copy())
    other = np.empty_like(f)
    gg.gradient(f, out=(f, other))
    assert same_bits(f, expected[0])
    assert same_bits(other, expected[1])


def test_out_may_be_the_coordinates(rng):
    f, x = noise(rng, 9), oracles.random_grid(9)
    expected = gg.gradient(f, x.copy(), edge_order=2)
    assert same_bits(gg.gradient(f, x, edge_order=2, out=x), expected)


def test_out_is_filled_where_it_held_nan(rng):
    f = noise(rng, (40, 50))
    out = np.full((2, 40, 50), np.nan)
    gg.gradient(f, out=out)
    assert np.isfinite(out).all()


@pytest.mark.parametrize(
    "n", [*range(3, 20), 31, 32, 33, 63, 64, 65, 127, 128, 129, 130, 1023, 1024, 1025, 2049]
)
def test_lengths_around_every_vector_and_tile_width(n, rng):
    for shape, axis in (((n,), 0), ((3, n), 0), ((3, n), 1), ((n, 3), 0), ((n, 17), 1)):
        f = noise(rng, shape, np.float32)
        x = oracles.random_grid(shape[axis])
        got = gg.gradient(f, x, axis=axis)
        steps = oracles.extended_steps(x, shape[axis])
        value, scale = oracles.extended_gradient(f, axis, steps)
        eps = np.finfo(np.float32).eps
        assert (np.abs(got - value) <= 2 * eps * scale).all()


def test_masks_spread_to_every_row_that_reads_a_masked_point():
    mask = np.zeros(9, bool)
    mask[4] = True
    f = np.ma.MaskedArray(np.arange(9.0) ** 2, mask)
    got = gg.gradient(f)
    assert type(got) is np.ma.MaskedArray
    assert np.flatnonzero(got.mask).tolist() == [3, 5]
    assert got.compressed().tolist() == [1, 2, 4, 8, 12, 14, 15]
    uneven = gg.gradient(f, np.array([0, 1, 2, 4, 5, 7, 8, 9, 12.0]))
    assert np.flatnonzero(uneven.mask).tolist() == [3, 4, 5]
    assert f.mask.sum() == 1


def test_datetimes_give_timedeltas_as_numpy_does():
    days = frozen(
        ["1910-08-16", "1910-08-11", "1910-08-10", "1910-08-12", "NaT", "1910-12-12"], "datetime64[D]"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.gradient(days)
    got = gg.gradient(days)
    assert got.dtype == np.dtype("m8[D]")
    assert np.isnat(got).tolist() == [False, False, False, True, False, True]
    assert np.array_equal(got[~np.isnat(got)], expected[~np.isnat(expected)])
    lengths = frozen([5, 1, -4, 9], "timedelta64[s]")
    assert np.array_equal(gg.gradient(lengths, 2), np.gradient(lengths, 2))


@pytest.mark.parametrize("unit", ["W", "D", "s", "10us", "ns"])
@pytest.mark.parametrize("kind", "mM")
def test_no_call_with_times_warns(kind, unit):
    """NumPy 2.5 deprecates the timedelta without a unit; warnings are errors here."""
    f = (
        np.array([3, 5, "NaT", 2, 9, 14], f"{kind}8[{unit}]")
        if kind == "m"
        else np.arange(6).astype(f"M8[{unit}]")
    )
    for spacing in (1, 0.5, [0, 1, 3, 4, 6, 7]):
        out = np.empty(6, f"m8[{unit}]")
        for result in (
            gg.gradient(f, spacing),
            gg.gradient(f, spacing, edge_order=2),
            gg.gradient(f, spacing, out=out),
        ):
            assert result.dtype == f"m8[{unit}]"
            assert np.isnat(result).any() == (kind == "m")
    assert gg.gradient(np.ma.MaskedArray(f, mask=np.isnat(f))).mask.sum() == 2 * (kind == "m")


@pytest.mark.parametrize("step", [1.0, 2.0, 3.0, 0.1, 0.7, 7, 1e3, 86400.0, 1e-3])
def test_ticks_are_cut_exactly_where_numpy_cuts(step, rng):
    """Up to 2**53 ticks, which float64 holds; ``[0, 3e15 + 2] / 3`` is one that was rounded up."""
    for bits in (3, 20, 40, 48, 50, 51):
        ticks = rng.integers(-(2**bits), 2**bits, 2000)
        whole = np.clip(ticks[::3] * step, -(2.0**51), 2.0**51)  # whole quotients, but for rounding
        ticks[::3] = whole.astype(np.int64)
        f = frozen(ticks.view("timedelta64[ns]"))
        expected = np.gradient(f, step)
        held = np.abs(expected.astype(np.int64)) < 2**53
        assert np.array_equal(gg.gradient(f, step)[held], expected[held])
    assert gg.gradient(frozen([0, 3 * 10**15 + 2], "m8[ns]"), 3.0)[0] == np.timedelta64(10**15, "ns")


def test_ticks_beyond_float64_are_kept():
    """NumPy's float64 loses the last one."""
    for tick in (2**53 + 1, 10**17 + 1, 2**62 + 1):
        assert gg.gradient(frozen([0, tick], "m8[ns]"))[0] == np.timedelta64(tick, "ns")
        assert gg.gradient(frozen([0, tick], "m8[ns]"), 1)[1] == np.timedelta64(tick, "ns")


@pytest.mark.parametrize("axis", [0, 1, None])
def test_a_remembered_call_still_looks_at_out(axis, rng):
    """The second call of a kind takes a shorter way; what `out` is now must not be missed there."""
    memory = np.array(noise(rng, (12, 8)))
    f = memory[1:11]
    count = 2 if axis is None else 1
    expected = gg.gradient(f.copy(), 0.5, axis=axis)
    expected = expected if count == 2 else (expected,)
    fresh = [np.empty((10, 8)) for _ in range(2)][:count]
    for _ in range(3):
        gg.gradient(f, 0.5, axis=axis, out=fresh)
        assert all(same_bits(a, b) for a, b in zip(fresh, expected, strict=True))
    for shift in (0, 1, 2):
        memory_now = memory.copy()
        aliased = [memory_now[shift : 10 + shift], *fresh[1:]]
        gg.gradient(memory_now[1:11], 0.5, axis=axis, out=aliased)
        assert all(same_bits(a, b) for a, b in zip(aliased, expected, strict=True))
    locked = [*fresh[1:], frozen(np.zeros((10, 8)))]
    with pytest.raises(ValueError, match="is read-only"):
        gg.gradient(f, 0.5, axis=axis, out=locked)
    assert not locked[-1].any()
    if count == 2:
        with pytest.raises(ValueError, match="shares memory"):
            gg.gradient(f, 0.5, axis=axis, out=[fresh[0], fresh[0]])
    for wrong, error in ((np.empty((10, 8), "f4"), TypeError), (np.empty((8, 10)), ValueError)):
        with pytest.raises(error, match=r"float32|shape \(8, 10\)"):
            gg.gradient(f, 0.5, axis=axis, out=[*fresh[1:], wrong])


def test_remembered_calls_keep_their_kinds_of_out_apart(rng):
    f = noise(rng, (5, 6))
    expected = gg.gradient(f, axis=1)
    stacked, plain, backwards = np.empty((1, 5, 6)), np.empty((5, 6)), np.empty((5, 6))[:, ::-1]
    for _ in range(3):
        assert gg.gradient(f, axis=1, out=plain) is plain
        assert gg.gradient(f, axis=1, out=[backwards]) is backwards
        gg.gradient(f, axis=1, out=stacked)
        assert same_bits(gg.gradient(f, axis=1), expected)
        for got in (plain, backwards, stacked[0]):
            assert same_bits(got, expected)
            got[...] = np.nan


def test_the_mask_of_float32_data_follows_float32_weights(rng):
    """Steps that differ by less than float32 holds give the short form, which does not read the centre."""
    x = np.cumsum([0, 1, 1 + 1e-12, 1, 1 + 1e-12])
    f = np.ma.MaskedArray(rng.standard_normal(5).astype("f4"), mask=[0, 0, 1, 0, 0])
    assert gg.gradient(f, x).mask.tolist() == [False, True, False, True, False]
    assert gg.gradient(f.astype("f8"), x).mask.tolist() == [False, True, True, True, False]
