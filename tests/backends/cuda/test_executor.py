"""The CuPy executor with a stand-in for CuPy: its choices, checks and fallbacks, its launches run on the host."""

from __future__ import annotations

import re

import numpy as np
import pytest
from cuda_cases import gradient_terms, result_type, same_bits, samples
from fake_cupy import ndarray, steps_of
from host_kernels import compiler

import gridgrad as gg
import gridgrad.cuda
from gridgrad._backends.cuda import device
from gridgrad._base import cache as _cache
from gridgrad._base.cache import Cache
from gridgrad._plan.plan import Layout, make_plan

pytestmark = pytest.mark.skipif(compiler() is None, reason="no C++ compiler for the host-run CUDA kernel")


def check(cupy, f, **arguments):
    grid = steps_of(f.shape)
    wanted = gg.gradient(f, *grid, **arguments)
    got = gg.gradient(cupy.asarray(f), *grid, **arguments)
    got, wanted = ((r,) if isinstance(r, np.ndarray) else r for r in (got, wanted))
    for a, b in zip(wanted, got, strict=True):
        assert type(b) is ndarray
        assert b.dtype == result_type(f)
        assert same_bits(a, b)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "uint8", "int64"])
def test_values_dtype_and_stream(cupy, dtype):
    check(cupy, samples((6, 32), dtype), edge_order=2)
    assert len(cupy.launches) == 1
    assert cupy.launches[0].stream == 99


def test_memory_order_is_kept(cupy):
    results = gg.gradient(cupy.asarray(np.asfortranarray(samples((6, 8)))))
    assert all(r.flags.f_contiguous for r in results)


def test_tables_are_uploaded_once_for_each_device(cupy):
    """Weights and edge rows of all axes in one piece; steps have edge rows too."""
    f = samples((6, 8))
    for grid in ([0.5], steps_of((6, 8))):
        for _ in range(3):
            gg.gradient(cupy.asarray(f), *grid)
    assert cupy.uploads == 2
    cupy.launches.clear()
    for number in (0, 0, 0, 1):
        gg.gradient(cupy.asarray(f, device=number), *steps_of((6, 8)))
    assert cupy.uploads == 3
    assert [launch.device for launch in cupy.launches] == [0, 0, 0, 1]


def test_out_in_every_form(cupy):
    f = cupy.asarray(samples((5, 8)))
    wanted = gg.gradient(np.array(f), 0.5)
    for out in ([f * 0, f * 0], cupy.asarray(np.full((2, 5, 8), np.nan, "f4"))):
        assert all(
            same_bits(a, np.array(b)) for a, b in zip(wanted, gg.gradient(f, 0.5, out=out), strict=True)
        )
        assert all(same_bits(a, np.array(b)) for a, b in zip(wanted, out, strict=True))


def test_out_may_be_the_input(cupy):
    f = cupy.asarray(samples((9,)))
    wanted = gg.gradient(np.array(f))
    assert gg.gradient(f, out=f) is f
    assert same_bits(wanted, np.array(f))


@pytest.mark.parametrize(
    ("out", "error", "match"),
    [
        (lambda c, f: np.zeros(f.shape, "f4"), TypeError, "f is a CuPy array"),
        (lambda c, f: c.asarray(np.zeros(3, "f4")), ValueError, "shape"),
        (lambda c, f: c.asarray(np.zeros(f.shape)), TypeError, "dtype float64"),
        (
            lambda c, f: c.asarray(np.zeros(f.shape, "f4"), device=1),
            ValueError,
            "on CUDA device 1, but f is on 0",
        ),
        (lambda c, f: [f[:0]] * 2, ValueError, "out is of length 2, but the result has 1 component"),
    ],
)
def test_a_wrong_out_is_refused(cupy, out, error, match):
    f = cupy.asarray(samples((9,)))
    with pytest.raises(error, match=match):
        gg.gradient(f, out=out(cupy, f))
    assert cupy.launches == []


def test_outputs_that_share_memory_are_refused(cupy):
    f = cupy.asarray(samples((5, 8)))
    same = f * 0
    with pytest.raises(ValueError, match="shares memory"):
        gg.gradient(f, out=[same, same])
    interleaved = cupy.asarray(np.zeros((5, 8, 2), "f4"))
    gg.gradient(f, out=[interleaved[..., 0], interleaved[..., 1]])
    assert same_bits(gg.gradient(np.array(f))[1], np.array(interleaved[..., 1]))


def test_bool_is_refused(cupy):
    with pytest.raises(TypeError, match="booleans are not taken for numbers"):
        gg.gradient(cupy.asarray([True, False, True]))


def test_unaligned_data_goes_through_copies(cupy):
    raw = cupy.asarray(np.zeros(4 * 40 + 1, np.uint8))
    f = raw[1:].view("f4")
    f[...] = samples((40,))
    assert f.data.ptr % 4
    assert same_bits(gg.gradient(np.array(f)), np.array(gg.gradient(f)))


def test_a_shifted_start_takes_narrower_accesses(cupy):
    wide = cupy.asarray(samples((4, 68)))
    for start in (0, 1, 2, 4):
        f = wide[:, start : start + 64]
        wanted = gg.gradient(np.array(f))
        assert all(same_bits(a, np.array(b)) for a, b in zip(wanted, gg.gradient(f), strict=True))
    vectors = [re.search(r"VECTOR (\d)", launch.macros)[1] for launch in cupy.launches]
    assert vectors == ["4", "1", "2", "4"] if wide.data.ptr % 16 == 0 else len(set(vectors)) > 1


def test_more_dims_than_a_descriptor_holds(cupy):
    check(cupy, samples((3,) * 9))
    assert len(cupy.launches) == 2  # half of the outputs each, whose batch dims collapse
    f = cupy.asarray(samples((4,) * 9))[(slice(0, 3),) * 9]
    assert same_bits(gg.gradient(np.array(f), axis=4), np.array(gg.gradient(f, axis=4)))
    assert len(cupy.launches) == 5  # nothing collapses: one index of a batch axis after the other


def test_extreme_weights_take_the_slices(cupy):
    f = samples((8,), "float64")
    wanted, got = (gg.gradient(a, 1e-310) for a in (f, cupy.asarray(f)))
    assert same_bits(wanted, np.array(got))
    assert cupy.launches == []


def test_an_empty_array_launches_nothing(cupy):
    assert gg.gradient(cupy.asarray(np.zeros((0, 4), "f4")), axis=1).shape == (0, 4)
    assert cupy.launches == []


def test_pointers_of_other_libraries(cupy):
    f, target = samples((4, 8)), [np.zeros((4, 8), "f4") for _ in range(2)]
    plan = make_plan(
        gradient_terms((4, 8)), "float32", (Layout((4, 8), (8, 1)),), (Layout((4, 8), (8, 1)),) * 2, 1, False
    )
    device.launch(plan, [a.ctypes.data for a in (f, *target)], 1, 7)
    assert (cupy.launches[0].device, cupy.launches[0].stream) == (1, 7)
    assert all(same_bits(a, b) for a, b in zip(gg.gradient(f, 0.3), target, strict=True))


def operators_on(shape):
    """Operators of a grid of this shape by name, made with coefficients c."""
    grid = gg.Grid(*steps_of(shape), boundary=["reflect", *["one-sided"] * (len(shape) - 1)])
    return {
        "divergence": lambda c: grid.divergence,
        "jacobian": lambda c: grid.jacobian,
        "laplacian": lambda c: grid.laplacian.with_(accuracy=4),
        "hessian": lambda c: grid.hessian,
        "adjoint": lambda c: grid.gradient.T,
        "advect": lambda c: grid.advect(c),
        "diffuse": lambda c: grid.diffuse(c[0]),
    }


def results_of(operator, fields, **arguments):
    """The result's components in one list."""
    parts = [operator(fields if operator.inputs else fields[0], **arguments)]
    while isinstance(parts[0], (list, tuple)):
        parts = [p for part in parts for p in part]
    return parts


@pytest.mark.parametrize("dtype", ["float32", "complex128"])
@pytest.mark.parametrize("name", operators_on((8, 9)))
def test_operators_in_one_launch(cupy, name, dtype):
    """Bits of the host; coefficients are real beside complex samples."""
    make, real = operators_on((8, 9))[name], np.zeros(0, dtype).real.dtype
    fields = [samples((8, 9), dtype, seed) for seed in range(2)]
    factors = [samples((8, 9), real, seed) for seed in (7, 8)]
    wanted = results_of(make(factors), fields)
    got = results_of(make([cupy.asarray(c) for c in factors]), [cupy.asarray(f) for f in fields])
    assert len(wanted) == len(got)
    assert all(type(b) is ndarray and same_bits(a, np.array(b)) for a, b in zip(wanted, got, strict=True))
    assert len(cupy.launches) == 1


def test_batches_and_broadcast_coefficients(cupy):
    f, c = samples((3, 8, 9)), samples((9,), seed=7)
    make = operators_on((8, 9))["diffuse"]
    wanted = make([c])(f)
    assert same_bits(wanted, np.array(make([cupy.asarray(c)])(cupy.asarray(f))))
    assert len(cupy.launches) == 1


def test_out_may_be_any_of_the_fields(cupy):
    fields = [samples((8, 9), seed=seed) for seed in range(3)]
    divergence, advect = (operators_on((8, 9))[name] for name in ("divergence", "advect"))
    wanted = divergence(None)(fields[:2]), advect(fields[1:])(fields[0])
    for k in range(2):
        given = [cupy.asarray(f) for f in fields]
        divergence(None)(given[:2], out=given[k])
        assert same_bits(wanted[0], np.array(given[k]))
    given = [cupy.asarray(f) for f in fields]
    advect(given[1:])(given[0], out=given[2])
    assert same_bits(wanted[1], np.array(given[2]))


def test_a_stacked_field_gives_a_stacked_result(cupy):
    f = cupy.asarray(np.stack([samples((8, 9), seed=seed) for seed in range(2)]))
    jacobian = operators_on((8, 9))["jacobian"](None)
    result = jacobian(f)
    assert (type(result), result.shape, len(cupy.launches)) == (ndarray, (2, 2, 8, 9), 1)
    assert same_bits(np.array(jacobian(np.array(f))), np.array(result))


def test_complex_coefficients_in_one_launch(cupy):
    f, c = samples((8, 9), "complex64"), samples((8, 9), "complex64", 1)
    make = operators_on((8, 9))["diffuse"]
    assert same_bits(make([c])(f), np.array(make([cupy.asarray(c)])(cupy.asarray(f))))
    assert len(cupy.launches) == 1


def test_fields_of_several_devices_are_refused(cupy):
    fields = [cupy.asarray(samples((8, 9)), device=number) for number in (0, 1)]
    with pytest.raises(ValueError, match="on CUDA devices 0, 1; copy them to one device"):
        operators_on((8, 9))["divergence"](None)(fields)
    assert cupy.launches == []


def test_device_names_never_raise(cupy, monkeypatch):
    assert device.device_names() == ["Fake 0", "Fake 1"]
    cupy.cuda.runtime.getDeviceCount = lambda: 1 / 0
    assert device.device_names() == []
    monkeypatch.setattr(device, "cupy", None)
    assert device.device_names() == []
    with pytest.raises(TypeError, match="need CuPy"):
        device.require_cupy()


def test_warmup_compiles_what_gradient_then_uses(cupy, monkeypatch):
    compiled = []

    def kernel_of(variant):
        compiled.append(variant)
        return type("Kernel", (), {"compile": lambda self: None})()

    monkeypatch.setattr(device, "kernel_of", kernel_of)
    count = gridgrad.cuda.warmup(dtypes=["float32"], ndims=[2])
    assert count == len(compiled) == 6
    monkeypatch.undo()
    with pytest.raises(ValueError, match="has no kernel"):
        gridgrad.cuda.warmup(dtypes=["complex256"])
    with pytest.raises(ValueError, match="from 1 to 7"):
        gridgrad.cuda.warmup(ndims=[8])


def test_warmup_variants_serve_later_calls(cupy):
    variants = {launch.variant for launch in gridgrad.cuda._practical_launches(["float32"], [2])}
    for shape in ((6, 32), (6, 33), (6, 512), (6, 513)):
        for grid in ([0.5], steps_of(shape)):
            gg.gradient(cupy.asarray(samples(shape)), *grid)
    macros = {device.variants.macros(v) for v in variants}
    assert {launch.macros for launch in cupy.launches} == macros


def test_warmup_without_a_device(monkeypatch):
    monkeypatch.setattr(device, "cupy", None)
    with pytest.raises(RuntimeError, match="no CUDA device"):
        gridgrad.cuda.warmup()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_long_axis_is_uploaded_once(cupy, dtype, monkeypatch):
    """Tables beyond every bound: kept, and shared by the plans of other layouts and operators."""
    for cache in list(_cache._caches.values()):
        monkeypatch.setattr(cache, "nbytes", 1 << 10)
    for cache in ("_ready", "_uploaded"):
        monkeypatch.setattr(device, cache, Cache(None, 512, 1 << 10))
    n = 5000
    (x,) = steps_of((n,))
    f, out, grid = cupy.asarray(samples((n,), dtype)), cupy.empty((n,), dtype), gg.Grid(x)
    for call in (lambda: gg.gradient(f, x, out=out), lambda: grid.gradient(f, out=out),
                 lambda: grid.derivative(0, 2, 4)(f, out=out), lambda: grid.gradient.adjoint(f, out=out)):  # fmt: skip
        call()
        before = cupy.uploads
        call()
        call()
        assert cupy.uploads == before
    grid.gradient(f)
    before = cupy.uploads
    grid.gradient(cupy.asarray(samples((3, n), dtype)))  # another layout, the same tables
    assert cupy.uploads == before
    gg.clear_caches()
