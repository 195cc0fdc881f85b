"""Outputs that stream past the caches have the bits of those that do not."""

from __future__ import annotations

import ml_dtypes
import numpy as np
import pytest

import gridgrad as gg
from gridgrad._backends import ladder
from gridgrad._backends.numpy import BACKEND, memory

DTYPES = ["f2", ml_dtypes.bfloat16, "f4", "f8", "c8", "c16", "i1", "u2", "i4", "i8", "u8"]


@pytest.fixture
def stream_everything(core):
    """Stream whatever its size."""
    before = core.gg_use_stream_bytes(0)
    yield
    core.gg_use_stream_bytes(before)


def samples(rng, dtype, shape):
    values = rng.standard_normal(shape) * 100
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


def spacings(rng, shape):
    coordinates = [np.cumsum(rng.uniform(0.5, 1.5, n)) for n in shape]
    return {"uniform": [0.1 + k for k in range(len(shape))], "coordinates": coordinates}


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: np.dtype(d).name)
@pytest.mark.parametrize(
    "shape", [(2,), (7,), (130,), (1025,), (3, 5), (6, 41), (3, 4, 9), (5, 6, 67), (2, 3, 4, 17)]
)
def test_streamed_bits_equal_cached_bits(core, rng, dtype, shape):
    f = samples(rng, dtype, shape)
    for spacing in spacings(rng, shape).values():
        for edge_order in (1, 2) if min(shape) > 2 else (1,):
            want = gg.gradient(f, *spacing, edge_order=edge_order, workers=1)
            before = core.gg_use_stream_bytes(0)
            try:
                got = [gg.gradient(f, *spacing, edge_order=edge_order, workers=w) for w in (1, 2, 3)]
            finally:
                core.gg_use_stream_bytes(before)
            for result in got:
                assert np.array_equal(np.asarray(want).view("u1"), np.asarray(result).view("u1"))


@pytest.mark.usefixtures("stream_everything")
@pytest.mark.parametrize("start", range(9))
def test_a_stream_may_begin_at_any_element_and_writes_nothing_else(rng, start):
    f = rng.standard_normal((5, 23))
    whole = np.full(5 * 30 + 32, np.nan)
    out = whole[start : start + 150].reshape(5, 30)[:, 3:26]
    gg.gradient(f, axis=1, out=out)
    assert np.array_equal(out, gg.gradient(f.copy(order="F"), axis=1))
    assert np.isnan(whole).sum() == whole.size - out.size


@pytest.mark.usefixtures("stream_everything")
def test_several_terms_stream_into_one_output(rng):
    from gridgrad._grid.axis import axis_stencil
    from gridgrad._stencils.derivatives import Rule
    from gridgrad._terms.term import Term

    f = [rng.standard_normal((6, 7, 33)) for _ in range(3)]
    terms = tuple(
        Term(0, k, k, axis_stencil(0.5, f[0].shape[k], k, Rule(edge_order=2), None, np.float64))
        for k in range(3)
    )
    out = np.empty_like(f[0])
    ladder.apply(BACKEND, terms, f, [out])
    want = sum(gg.gradient(f[k], 0.5, axis=k, edge_order=2) for k in range(3))
    assert np.array_equal(out, want)


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("shape", [(7, 9, 50), (4, 3, 8, 33), (3, 5, 9000)])
def test_blocks_of_rows_do_not_change_bits(core, rng, streamed, shape):
    """One row each, a few, or whole planes; rows of 9000 points are cut."""
    f = rng.standard_normal(shape)
    grid = gg.Grid(*(np.cumsum(rng.uniform(0.5, 1.5, n)) for n in shape))
    bound = core.gg_use_stream_bytes(0 if streamed else 1 << 40)
    before = core.gg_use_block_bytes(1)
    try:
        results = []
        for size in (1, 3 * shape[-1] * f.itemsize, 1 << 40):
            core.gg_use_block_bytes(size)
            results.append([*grid.gradient(f), grid.laplacian(f), grid.diffuse(f)(f)])
    finally:
        core.gg_use_block_bytes(before)
        core.gg_use_stream_bytes(bound)
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))


def test_a_plane_of_a_block_is_a_share_of_the_last_cache(core):
    before = core.gg_use_block_bytes(1)
    assert core.gg_use_block_bytes(before) == 1
    assert 128 << 10 <= before <= 1 << 20


def test_pieces_and_signals_do_not_change_bits(rng, monkeypatch):
    f = rng.standard_normal((9, 10, 50))
    want = gg.gradient(f, 0.3, workers=1)
    monkeypatch.setattr(memory, "PIECE_BYTES", 4000)
    got = gg.gradient(f, 0.3, workers=2)
    assert all(np.array_equal(a, b) for a, b in zip(want, got, strict=True))
