"""On a real device: the host core's bits, nothing written beside an output, a second device, more than 2**31 elements."""

from __future__ import annotations

import numpy as np
import pytest
from cuda_cases import ENDS, LAYOUTS, OPERATORS, gradient_terms, operator, same_bits, samples
from gpu_cases import check

import gridgrad as gg
import gridgrad.cuda
from gridgrad._backends.cuda import device

pytestmark = pytest.mark.gpu
cupy = device.cupy
DEVICES = device.device_names()

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


@pytest.mark.parametrize("shape", [(257,), (5, 33), (4, 9, 64)])
def test_fresh_outputs_of_device_coordinates(shape):
    """Arrays that nothing has written before, and coordinates that are read from the device."""
    f, steps = samples(shape), [np.cumsum(np.random.default_rng(n).uniform(0.5, 2, n)) for n in shape]
    wanted = gg.gradient(f, *steps)
    got = gg.gradient(cupy.asarray(f), *map(cupy.asarray, steps))
    wanted, got = ([r] if len(shape) == 1 else r for r in (wanted, got))
    assert all(same_bits(a, cupy.asnumpy(b)) for a, b in zip(wanted, got, strict=True))


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
