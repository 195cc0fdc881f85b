"""On a real device: streams, CUDA graphs and what may be captured, host threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import gpu_cases
import numpy as np
import pytest
from cuda_cases import same_bits, samples
from gpu_cases import captured, written_late

import gridgrad as gg
from gridgrad._backends.cuda import device

pytestmark = pytest.mark.gpu
cupy = device.cupy

SHAPE = (64, 64)


def coordinates(seed):
    """Of no other test: their weights are not on the device yet."""
    return np.cumsum(np.random.default_rng(seed).uniform(0.5, 2, SHAPE[0]))


@pytest.fixture
def stream():
    with cupy.cuda.Stream(non_blocking=True) as own:
        yield own
        own.synchronize()


def is_gradient(results, f, *spacing, **how):
    """Whether the device's results are the host's."""
    wanted = gg.gradient(f, *spacing, **how)
    wanted, results = ([r] if hasattr(r, "shape") else r for r in (wanted, results))
    return all(same_bits(a, cupy.asnumpy(b)) for a, b in zip(wanted, results, strict=True))


def test_the_current_stream_is_used(stream):
    f = samples((512, 512))
    results = gg.gradient(written_late(cupy.asarray(f), cupy.ones(gpu_cases.WORK, "f4")))
    stream.synchronize()
    assert is_gradient(results, f)


def test_a_graph_replays_with_new_data(stream):
    x, other = coordinates(0), samples(SHAPE, "float64", seed=5)
    f = cupy.asarray(samples(SHAPE, "float64"))
    out = [cupy.empty_like(f) for _ in range(2)]
    gg.gradient(f, x, x, out=out)
    graph = captured(stream, lambda: gg.gradient(f, x, x, out=out))
    f.set(other)
    for o in out:
        o[...] = np.nan
    graph.launch(stream)
    stream.synchronize()
    assert is_gradient(out, other, x, x)


def test_a_graph_reads_coefficients_anew(stream):
    grid = gg.Grid(coordinates(1), coordinates(2))
    f, c, out = (cupy.asarray(samples(SHAPE, seed=k)) for k in range(3))
    diffuse = grid.diffuse(c)
    diffuse(f, out=out)
    graph = captured(stream, lambda: diffuse(f, out=out))
    other = samples(SHAPE, seed=9)
    c.set(other)
    out[...] = np.nan
    graph.launch(stream)
    stream.synchronize()
    assert same_bits(grid.diffuse(other)(samples(SHAPE, seed=0)), cupy.asnumpy(out))


def test_a_graph_keeps_its_weights(stream):
    """Though every cache is emptied, and the memory that it gives back is used by others."""
    x = coordinates(3)
    f = cupy.asarray(samples(SHAPE))
    out = [cupy.empty_like(f) for _ in range(2)]
    gg.gradient(f, x, x, out=out)
    graph = captured(stream, lambda: gg.gradient(f, x, x, out=out))
    gg.clear_caches()
    with cupy.cuda.using_allocator(None):
        others = [cupy.full(512, np.nan) for _ in range(64)]
    graph.launch(stream)
    stream.synchronize()
    assert is_gradient(out, samples(SHAPE), x, x)
    assert len(others) == 64


def test_a_grid_that_is_not_there_is_refused_in_a_capture(stream):
    x, f = coordinates(4), cupy.asarray(samples(SHAPE))
    out = [cupy.empty_like(f) for _ in range(2)]
    with pytest.raises(ValueError, match="once before the capture"):
        captured(stream, lambda: gg.gradient(f, x, x, out=out))
    assert is_gradient(gg.gradient(f, x, x, out=out), samples(SHAPE), x, x)


def test_the_default_stream_of_a_thread_can_be_captured_too():
    x, stream = coordinates(5), cupy.cuda.Stream.ptds
    with stream:
        f = cupy.asarray(samples(SHAPE))
        out = [cupy.empty_like(f) for _ in range(2)]
        with pytest.raises(ValueError, match="once before the capture"):
            captured(stream, lambda: gg.gradient(f, x, x, out=out))
        assert is_gradient(gg.gradient(f, x, x, out=out), samples(SHAPE), x, x)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_result_over_its_input_is_refused_in_a_capture(stream, axis):
    """The copy of the input would be gone when the graph is replayed."""
    f = cupy.asarray(samples(SHAPE))
    gg.gradient(f, axis=axis, out=f)
    with pytest.raises(ValueError, match="captur"):
        captured(stream, lambda: gg.gradient(f, axis=axis, out=f))
    assert is_gradient(f, samples(SHAPE), axis=axis)


def test_another_alignment_in_a_capture(stream):
    """Another kernel, which is not compiled there: the call is refused, or its kernel was there already."""
    wide, x = cupy.asarray(samples((64, 68))), coordinates(6)
    out = [cupy.empty_like(wide[:, :64]) for _ in range(2)]
    gg.gradient(wide[:, :64], x, x, out=out)
    try:
        graph = captured(stream, lambda: gg.gradient(wide[:, 1:65], x, x, out=out))
    except ValueError as error:
        assert "captur" in str(error)  # noqa: PT017
        gg.gradient(wide[:, 1:65], x, x, out=out)
        graph = captured(stream, lambda: gg.gradient(wide[:, 1:65], x, x, out=out))
    for o in out:
        o[...] = np.nan
    graph.launch(stream)
    stream.synchronize()
    assert is_gradient(out, samples((64, 68))[:, 1:65], x, x)


@pytest.mark.parametrize("seeds", [(7, 7), (8, 9)], ids=["one grid", "two grids"])
def test_two_host_threads(seeds):
    """Each on its stream; tables and kernels are made by whichever comes first."""

    def results_of(k):
        x = coordinates(seeds[k])
        with cupy.cuda.Stream(non_blocking=True) as own:
            f = cupy.asarray(samples(SHAPE, seed=k))
            results = [gg.gradient(f, x, x) for _ in range(20)]
            own.synchronize()
            return all(is_gradient(r, samples(SHAPE, seed=k), x, x) for r in results)

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(results_of, range(2))) == [True, True]
