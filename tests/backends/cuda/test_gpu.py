"""On a real device: the host core's bits, streams, graph capture, a second device, more than 2**31 elements."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from cuda_cases import ENDS, LAYOUTS, OPERATORS, gradient_terms, operator, result_type, same_bits, samples
from optional import NO_DEVICE

import gridgrad as gg
import gridgrad.cuda
from gridgrad._backends import ladder
from gridgrad._backends.cuda import arrays, device
from gridgrad._backends.numpy import BACKEND

pytestmark = pytest.mark.gpu
cupy = device.cupy
DEVICES = device.device_names()
if not DEVICES:
    pytest.skip(NO_DEVICE, allow_module_level=True)

DTYPES = ["float16", "float32", "float64", "complex64", "complex128", "int8", "uint8", "int16", "uint16", "int32",
          "uint32", "int64", "uint64"]  # fmt: skip
SHAPES = [
    (2,),
    (64,),
    (129,),
    (257,),
    (6, 48),
    (5, 33),
    (7, 9, 16),
    (4, 33, 130),
    (3, 4, 5, 6),
    (300, 8, 8),
    (100, 3),
]


def apply_on_device(terms, inputs):
    """Poisoned outputs of `terms` on the device, as NumPy arrays."""
    count = 1 + max(t.output for t in terms)
    fields = [to_device(f) for f in inputs]
    outputs = [cupy.full(inputs[0].shape, np.nan, result_type(inputs[0])) for _ in range(count)]
    ladder.apply(arrays.BACKEND, terms, fields, outputs)
    return [cupy.asnumpy(o) for o in outputs]


def to_device(f):
    """The same strides on the device, broadcast and negative ones included."""
    low, high = np.lib.array_utils.byte_bounds(f)
    memory = np.ctypeslib.as_array((ctypes.c_uint8 * (high - low)).from_address(low))
    start = cupy.asarray(memory).data + (f.__array_interface__["data"][0] - low)
    return cupy.ndarray(f.shape, f.dtype, start, f.strides)


def check(terms, inputs):
    count = 1 + max(t.output for t in terms)
    wanted = [np.empty(inputs[0].shape, result_type(inputs[0])) for _ in range(count)]
    ladder.apply(BACKEND, terms, inputs, wanted)
    for a, b in zip(wanted, apply_on_device(terms, inputs), strict=True):
        assert same_bits(a, b)


@pytest.mark.parametrize("spacing", ["uniform", "irregular", "periodic"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_bits_of_the_host_core(dtype, spacing):
    for shape in SHAPES:
        if spacing != "uniform" and min(shape) < 3:
            continue
        for edge_order in (1, 2) if min(shape) > 2 else (1,):
            check(gradient_terms(shape, None, spacing, edge_order), [samples(shape, dtype)])


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(layout):
    f = LAYOUTS[layout](samples((8, 9, 16)))
    check(gradient_terms(f.shape, None, "irregular", 2), [f])


@pytest.mark.parametrize("spacing", ["uniform", "irregular"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name, dtype, spacing):
    for shape in ((9, 10, 68), (10, 33)):
        for ends in ENDS:
            check(*operator(name, shape, dtype, spacing, ends if ends == "one-sided" else ends[: len(shape)]))


@pytest.mark.parametrize("dtype", ["float16", "complex64", "int16", "uint64"])
@pytest.mark.parametrize("name", ["diffuse", "diffuse.T", "advect", "hessian", "laplacian 6"])
def test_operators_of_other_dtypes(name, dtype):
    check(*operator(name, (9, 10, 32), dtype))


def test_the_inner_product_with_an_adjoint():
    """Of integers, whose sums are exact."""
    shape = (12, 20, 64)
    grid = gg.Grid(*[(n, 0.5) for n in shape])
    rng = np.random.default_rng(0)
    f, g = (cupy.asarray(rng.integers(-9, 9, (3, *shape)), dtype="f8") for _ in range(2))
    assert float((grid.curl(f) * g).sum()) == float((f * grid.curl.T(g)).sum())


def test_more_rows_than_a_grid_has():
    f = samples((600_000, 2))
    check(gradient_terms(f.shape), [f])
    f = samples((70_000, 9, 40))
    check(gradient_terms(f.shape), [f])


def test_the_current_stream_is_used():
    f = cupy.random.random((512, 512))
    wanted = [cupy.asnumpy(r) for r in gg.gradient(f)]
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        late = f * 0
        for _ in range(50):  # work that a kernel on another stream would overtake
            late = late + f / 50
        late[...] = f
        results = gg.gradient(late)
    stream.synchronize()
    assert all(np.array_equal(a, cupy.asnumpy(b)) for a, b in zip(wanted, results, strict=True))


def test_a_graph_replays_with_new_data():
    x = np.cumsum(np.random.default_rng(0).uniform(0.5, 2, 64))
    f = cupy.asarray(samples((64, 64), "float64"))
    out = [cupy.empty_like(f) for _ in range(2)]
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        gg.gradient(f, x, x, out=out)
        stream.begin_capture()
        gg.gradient(f, x, x, out=out)
        graph = stream.end_capture()
        other = samples((64, 64), "float64", seed=5)
        f.set(other)
        for o in out:
            o[...] = np.nan
        graph.launch(stream)
    stream.synchronize()
    assert all(same_bits(a, cupy.asnumpy(b)) for a, b in zip(gg.gradient(other, x, x), out, strict=True))


@pytest.mark.skipif(len(DEVICES) < 2, reason="one CUDA device only")
def test_a_second_device():
    with cupy.cuda.Device(1):
        f = cupy.asarray(samples((33, 64)))
    results = gg.gradient(f)  # device 0 is current
    assert all(r.device.id == 1 for r in results)
    wanted = gg.gradient(cupy.asnumpy(f))
    assert all(same_bits(a, cupy.asnumpy(b)) for a, b in zip(wanted, results, strict=True))


def test_more_than_2_to_the_31_elements():
    """2 GiB of int8 input, 16 GiB of float64 output, and as much again to look at it."""
    n = 2**31 + 64
    free, _ = cupy.cuda.runtime.memGetInfo()
    if free < 18 * n:
        pytest.skip(f"{free >> 30} GiB of device memory are free, {18 * n >> 30} are needed")
    f = cupy.zeros(n, np.int8)
    f[-5:] = cupy.asarray([1, 5, -7, 3, 100], np.int8)
    out = cupy.full(n, np.nan)
    gg.gradient(f, edge_order=2, out=out)
    assert np.array_equal(cupy.asnumpy(out[-6:]), gg.gradient(cupy.asnumpy(f[-8:]), edge_order=2)[-6:])
    assert float(cupy.abs(out[:-6]).max()) == 0


def test_float32_subnormals_are_flushed():
    """CuPy compiles with -ftz=true whatever the options say: the one known difference from the host."""
    tiny = np.float32(1e-42)
    f = np.array([0, tiny, 0, -tiny, 0], np.float32)
    difference = cupy.asnumpy(gg.gradient(cupy.asarray(f))) - gg.gradient(f)
    assert np.abs(difference).max() <= np.finfo(np.float32).tiny


def test_warmup_counts():
    assert gridgrad.cuda.warmup(dtypes=["float32"], ndims=[1]) == 6


def test_out_is_written_and_returned():
    f = cupy.asarray(samples((9, 16)))
    out = cupy.full((2, 9, 16), np.nan, "f4")
    results = gg.gradient(f, 0.5, out=out)
    wanted = gg.gradient(cupy.asnumpy(f), 0.5)
    assert all(same_bits(a, cupy.asnumpy(b)) for a, b in zip(wanted, results, strict=True))
    assert all(same_bits(a, cupy.asnumpy(b)) for a, b in zip(wanted, out, strict=True))


def test_torch_tensors():
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("torch has no CUDA")
    f = samples((9, 64))
    results = gg.gradient(torch.from_numpy(f).cuda())
    assert all(same_bits(a, b.cpu().numpy()) for a, b in zip(gg.gradient(f), results, strict=True))
