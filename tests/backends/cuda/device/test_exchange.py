"""On a real device: arrays that go from one library to another there, and JAX's own."""

from __future__ import annotations

import gpu_cases
import numpy as np
import pytest
from cuda_cases import same_bits, samples
from optional import NO_DEVICE
from oracles import extended_gradient, extended_steps

import gridgrad as gg
from gridgrad._backends.cuda import device

pytestmark = pytest.mark.gpu
cupy = device.cupy

SHAPE = (9, 64)
X = [np.cumsum(np.random.default_rng(n).uniform(0.5, 2, n)) for n in SHAPE]
SMOOTH = np.random.default_rng(0).standard_normal(SHAPE).astype("f4")


@pytest.fixture
def torch():
    """With a device of its own."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip(NO_DEVICE)
    return torch


@pytest.fixture
def jax():
    """With a device of its own."""
    jax = pytest.importorskip("jax")
    try:
        jax.devices(gpu_cases.JAX)
    except RuntimeError:
        pytest.skip(NO_DEVICE)
    return jax


def test_memory_of_cupy_as_tensors(torch):
    """Of the same memory: what the tensors' call writes is in the CuPy arrays."""
    f, out = cupy.asarray(samples(SHAPE)), cupy.full((2, *SHAPE), np.nan, "f4")
    results = gg.gradient(torch.from_dlpack(f), *X, out=torch.from_dlpack(out))
    torch.cuda.synchronize()
    assert all(r.device.type == gpu_cases.TORCH for r in results)
    assert all(
        same_bits(a, cupy.asnumpy(b)) for a, b in zip(gg.gradient(samples(SHAPE), *X), out, strict=True)
    )


def test_memory_of_torch_as_cupy_arrays(torch):
    f = torch.from_numpy(samples(SHAPE)).to(gpu_cases.TORCH)
    results = gg.gradient(cupy.from_dlpack(f), *X)
    assert all(isinstance(r, cupy.ndarray) for r in results)
    assert all(
        same_bits(a, cupy.asnumpy(b)) for a, b in zip(gg.gradient(samples(SHAPE), *X), results, strict=True)
    )


def is_close(result, f, axis, roundings=4):
    """Within the rounding of the row, whose products and sums XLA may fuse."""
    value, scale = extended_gradient(f, axis, extended_steps(X[axis], f.shape[axis]), 1, None)
    return bool(np.all(np.abs(np.asarray(result) - value) <= roundings * np.finfo("f4").eps * scale))


def placed(jax, values):
    """On JAX's device."""
    return jax.device_put(values, jax.devices(gpu_cases.JAX)[0])


def is_there(jax, result):
    """Whether it stayed on the device."""
    return result.devices() == {jax.devices(gpu_cases.JAX)[0]}


@pytest.mark.parametrize("compile_it", [False, True], ids=["eager", "jit"])
def test_jax(jax, compile_it):
    call = lambda f: gg.gradient(f, *X)  # noqa: E731
    results = (jax.jit(call) if compile_it else call)(placed(jax, SMOOTH))
    assert all(is_there(jax, r) and r.dtype == "float32" for r in results)
    assert all(is_close(r, SMOOTH, axis) for axis, r in enumerate(results))


def test_jax_backwards(jax):
    """The adjoint, as the host has it."""
    f, weights = placed(jax, SMOOTH), placed(jax, SMOOTH[::-1].copy())
    result = jax.grad(lambda f: (gg.gradient(f, X[1], axis=1, edge_order=2) * weights).sum())(f)
    wanted = gg.Grid(X[1]).gradient.T(SMOOTH[::-1].copy())
    assert is_there(jax, result)
    np.testing.assert_allclose(np.asarray(result), wanted, rtol=0, atol=64 * np.finfo("f4").eps)


def test_jax_coordinates_and_operators(jax):
    f, x = placed(jax, SMOOTH), [placed(jax, x.astype("f4")) for x in X]
    result = gg.Grid(*x).laplacian(f)
    wanted = gg.Grid(*[x.astype("f4") for x in X]).laplacian(SMOOTH)
    assert is_there(jax, result)
    np.testing.assert_allclose(np.asarray(result), wanted, rtol=0, atol=256 * np.finfo("f4").eps)


def test_memory_of_jax_as_a_cupy_array(jax):
    f = cupy.from_dlpack(placed(jax, SMOOTH))
    assert all(
        same_bits(a, cupy.asnumpy(b))
        for a, b in zip(gg.gradient(SMOOTH, *X), gg.gradient(f, *X), strict=True)
    )


def test_coordinates_of_other_libraries(torch):
    """Each is read from where it is."""
    steps = [cupy.asarray(X[0]), torch.from_numpy(X[1]).to(gpu_cases.TORCH)]
    results = gg.gradient(cupy.asarray(samples(SHAPE)), *steps)
    assert all(
        same_bits(a, cupy.asnumpy(b)) for a, b in zip(gg.gradient(samples(SHAPE), *X), results, strict=True)
    )
