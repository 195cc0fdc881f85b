"""Which way a call takes: every documented operator and sum stays in the kernels and takes no memory but its outputs."""

from __future__ import annotations

import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from operator_cases import field_of, flat
from samples import COMPILED, dtype_id, noise, same_bits

import gridgrad as gg
from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy import BACKEND, arrays, memory
from gridgrad._backends.numpy import core as _core
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._operators.patterns import binding, calls
from gridgrad._plan import descriptor
from gridgrad._stencils.stencil import Stencil
from gridgrad._terms.term import Join, Term

pytestmark = pytest.mark.skipif(_core.core is None, reason="no compiled core")
MIB = 2**20

SCALAR = {
    "identity": lambda g, v, k: g.identity,
    "derivative": lambda g, v, k: g.derivative(0, accuracy=6),
    "second": lambda g, v, k: g.derivative(-1, order=2, accuracy=4),
    "laplacian": lambda g, v, k: g.laplacian,
    "laplacian 4": lambda g, v, k: g.laplacian.with_(accuracy=4),
    "laplacian 6": lambda g, v, k: g.laplacian.with_(accuracy=6),
    "laplacian wide": lambda g, v, k: g.laplacian.with_(form="wide"),
    "laplacian conservative": lambda g, v, k: g.laplacian.with_(form="conservative"),
    "advect by numbers": lambda g, v, k: g.advect([1.0, -2.0, 0.0, 3.0][: g.ndim]),
    "advect": lambda g, v, k: g.advect(v),
    "advect 6": lambda g, v, k: g.advect(v, accuracy=6),
    "diffuse": lambda g, v, k: g.diffuse(k),
    "diffuse by a number": lambda g, v, k: g.diffuse(2.5),
    "mixed": lambda g, v, k: g.mixed_derivative(0, -1) if g.ndim > 1 else g.laplacian,
}
VECTOR = {
    "gradient": lambda g: g.gradient,
    "divergence": lambda g: g.divergence,
    "curl": lambda g: g.curl if g.ndim in (2, 3) else g.gradient,
    "vector laplacian": lambda g: g.vector_laplacian.with_(accuracy=6),
    "jacobian": lambda g: g.jacobian,
    "biharmonic": lambda g: g.biharmonic,
    "hessian": lambda g: g.hessian,
    "sum of jacobians": lambda g: g.jacobian - 0.5 * g.jacobian.with_(accuracy=4),
    "sum of hessians": lambda g: g.hessian + 0.1 * g.hessian,
    "sum of vector laplacians": lambda g: g.vector_laplacian + 2 * g.vector_laplacian.with_(form="wide"),
}
SUMS = {
    "all transport": lambda g, v, k: g.diffuse(k) + 0.1 * g.laplacian - g.advect(v) + 0.5 * g.identity,
    "two accuracies": lambda g, v, k: g.laplacian + 0.1 * g.laplacian.with_(accuracy=4) + g.identity,
    "implicit step": lambda g, v, k: g.identity - 0.1 * (g.laplacian - g.advect(v, accuracy=4)),
}


def grid_of(ndim, n=9, ends="one-sided"):
    rng = np.random.default_rng(ndim)
    period = [20.0] * ndim if ends == "periodic" else None
    return gg.Grid(
        *(np.cumsum(rng.integers(20, 90, n)) / 64 for _ in range(ndim)), boundary=ends, period=period
    )


def coefficients(grid, dtype):
    """A velocity and a diffusivity in a dtype that leaves the field's as it is."""
    rng, real = np.random.default_rng(5), np.dtype(dtype)
    real = np.dtype(float) if real.kind in "iu" else real
    return [noise(rng, grid.shape, real) for _ in range(grid.ndim)], abs(noise(rng, grid.shape, real)) + 1


class Taken:
    """The ways of the calls in a block."""

    def __enter__(self):
        self._before = gg.show_config("dict")["ways"]
        return self

    def __exit__(self, *error):
        after = gg.show_config("dict")["ways"]
        self.ways = {name: after[name] - count for name, count in self._before.items()}


def check(operator, f, g, split=0):
    """Both directions by the kernels, in one sweep each, with the bits of slices."""
    with Taken() as taken:
        there, back = flat(operator(f)), flat(operator.adjoint(g))
    assert (taken.ways["slices"], taken.ways["copy"]) == (0, 0)
    assert taken.ways["split"] <= split
    assert taken.ways["kernel"] == 2 or split
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arrays, "storage_of", lambda dtype: None)
        patch.setattr(calls.Calls, "again", lambda *arguments: None)
        patch.setattr(binding, "first", lambda *arguments: None)
        with Taken() as taken:
            sliced = flat(operator(f)), flat(operator.adjoint(g))
        assert taken.ways["slices"] == 2
    for a, b in zip((*there, *back), (*sliced[0], *sliced[1]), strict=True):
        assert same_bits(a, b)


class TestEveryOperatorStaysInTheCore:
    """Up to four axes, every dtype of the core, with the transpose: one sweep, no copy, no slices."""

    @pytest.mark.parametrize("dtype", COMPILED, ids=dtype_id)
    @pytest.mark.parametrize("ndim", [1, 2, 3, 4])
    def test_scalar_operators_and_sums(self, rng, ndim, dtype):
        grid = grid_of(ndim)
        v, k = coefficients(grid, dtype)
        f = noise(rng, grid.shape, dtype)
        is_complex = np.dtype(dtype).kind == "c"
        for make in (*SCALAR.values(), *SUMS.values()):
            operator = make(grid, v, k)
            g = f >> 11 if operator.coefficients and np.dtype(dtype).kind in "iu" and f.itemsize == 8 else f
            check(operator, g, g, split=2 * is_complex)

    @pytest.mark.parametrize("dtype", COMPILED, ids=dtype_id)
    @pytest.mark.parametrize("ndim", [1, 2, 3, 4])
    def test_vector_operators(self, rng, ndim, dtype):
        grid = grid_of(ndim)
        for make in VECTOR.values():
            operator = make(grid)
            fields = (field_of(form, rng, grid.shape) for form in (operator.inputs, operator.outputs))
            check(operator, *(cast(field, dtype) for field in fields))

    @pytest.mark.parametrize("ends", ["one-sided", "periodic", "reflect"])
    @pytest.mark.parametrize("pair", list(combinations(SCALAR, 2)), ids=" and ".join)
    def test_every_pair_on_four_axes(self, rng, pair, ends):
        grid = grid_of(4, ends=ends)
        v, k = coefficients(grid, float)
        one, other = (SCALAR[name](grid, v, k) for name in pair)
        f = noise(rng, grid.shape)
        check(one - 0.5 * other, f, f)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    @pytest.mark.parametrize("function", [gg.gradient_norm, gg.gradient_squared])
    def test_the_norm_of_the_gradient(self, rng, dtype, function):
        for ndim in (1, 2, 3, 4):
            f = noise(rng, (9,) * ndim, dtype)
            with Taken() as taken:
                function(f)
            assert taken.ways == {"kernel": 1, "split": 0, "copy": 0, "slices": 0}

    def test_products_in_sums(self, rng):
        grid = grid_of(3)
        v, k = coefficients(grid, float)
        whole = grid.divergence @ grid.gradient + grid.diffuse(k) - grid.advect(v) + grid.identity
        with Taken() as taken:
            whole(noise(rng, grid.shape))
        assert (taken.ways["slices"], taken.ways["copy"], taken.ways["split"]) == (0, 0, 0)


def cast(field, dtype):
    if isinstance(field, list):
        return [cast(part, dtype) for part in field]
    return (field * (1 + 0.5j) if np.dtype(dtype).kind == "c" else 50 * abs(field)).astype(dtype)


IN_PLACE = {
    "L - advect - I": lambda g, v, k: g.laplacian - g.advect([1.0, 2.0, 3.0]) - g.identity,
    "I - dt L - advect(v)": lambda g, v, k: g.identity - 0.01 * g.laplacian - g.advect(v),
    "diffuse + L + I": lambda g, v, k: g.diffuse(k) + 0.1 * g.laplacian + g.identity,
    "two accuracies": SUMS["two accuracies"],
    "complex velocity": lambda g, v, k: g.advect([1j * k, v[0], v[1]]),
    "complex diffusivity": lambda g, v, k: (g.diffuse(1j * k) + g.advect([1j * k, v[0], v[1]])).T,
    "a transpose": lambda g, v, k: (g.laplacian.with_(accuracy=6) - g.advect(v, accuracy=6)).T,
    "hessian": lambda g, v, k: g.hessian,
    "hessian.T": lambda g, v, k: g.hessian.T,
    "vector laplacian.T": lambda g, v, k: g.vector_laplacian.T,
}  # fmt: skip


class TestMemory:
    """What NumPy allocates during a first call with ``out=``: less than 1 MiB."""

    @pytest.mark.parametrize("name", IN_PLACE)
    def test_outputs_and_no_more(self, rng, name):
        grid = gg.Grid(*[(64, 0.1)] * 3)
        v, k = coefficients(grid, float)
        operator = IN_PLACE[name](grid, v, k)
        dtype = complex if "complex" in name else float
        f = field_of(operator.inputs, rng, grid.shape, dtype)
        out = field_of(operator.outputs, rng, grid.shape, dtype)
        assert peak(lambda: operator(f, out=out)) < MIB
        assert all(same_bits(a, b) for a, b in zip(flat(out), flat(operator(f)), strict=True))

    def test_layouts_that_no_descriptor_holds(self, rng):
        """Ten dims that do not collapse: one index of a batch axis after the other, without a copy."""
        wide = noise(rng, (4,) * 8 + (6, 6))
        f = wide[(slice(None, None, 2),) * 8]
        out = np.empty((2,) * 8 + (6, 6))[..., ::-1]
        operator = gg.Grid((6, 0.5), (6, 0.25)).laplacian - 0.5 * gg.Grid((6, 0.5), (6, 0.25)).identity
        with Taken() as taken:
            assert peak(lambda: operator(f, out=out)) < MIB
        assert (taken.ways["slices"], taken.ways["copy"], taken.ways["split"]) == (0, 0, 1)
        assert same_bits(out, operator(f.copy()))


def peak(call):
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def many_terms(length, count):
    """As many different stencils on one axis."""
    rng = np.random.default_rng(count)
    return tuple(Term(0, 0, k % 2, Stencil(length, ((-1, 0), (0, 1)), (w, 2 * w), (((0, 1, w),),), ((),)))
                 for k, w in enumerate(rng.uniform(1, 2, count)))  # fmt: skip


class TestSplit:
    """What no descriptor holds: parts by outputs, by terms, along a batch axis; never rounded in between."""

    @pytest.mark.parametrize("dtype", COMPILED, ids=dtype_id)
    @pytest.mark.parametrize("count", [14, 33, 70])
    def test_sweeps_that_add(self, rng, dtype, count):
        terms, f = many_terms(9, count), noise(rng, (9, 9), dtype)
        out = np.full(f.shape, 7, np.result_type(f, np.float64) if f.dtype.kind in "iu" else f.dtype)
        with Taken() as taken:
            ladder.apply(BACKEND, terms, [f], [out])
        assert (taken.ways["slices"], taken.ways["split"]) == (0, 1)
        assert taken.ways["copy"] == (f.dtype.itemsize == 2 and f.dtype.kind not in "iu")  # halves
        assert same_bits(out, slices.apply(NUMPY, terms, [f], 1)[0])

    def test_weights_beyond_float32_in_one_part_only(self, rng):
        """The arithmetic type is that of the whole sum."""
        extreme = Stencil(9, ((-1, 0), (0, 1)), (1e-60, 2e-60), (((0, 1, 1e-60),),), ((),))
        terms, f = (*many_terms(9, 20), Term(0, 0, 0, extreme)), noise(rng, (9, 9), np.float32)
        out = np.empty_like(f)
        ladder.apply(BACKEND, terms, [f], [out])
        assert same_bits(out, slices.apply(NUMPY, terms, [f], 1)[0])

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
    def test_norms(self, rng, dtype):
        terms = tuple(term._replace(join=Join.NORM) for term in many_terms(9, 20))
        f = noise(rng, (9, 9), dtype)
        out = np.empty_like(f)
        ladder.apply(BACKEND, terms, [f], [out])
        assert same_bits(out, slices.apply(NUMPY, terms, [f], 1)[0])

    def test_large_and_streamed(self, rng, core):
        terms, f = many_terms(300, 20), noise(rng, (300, 300))
        before = core.gg_use_stream_bytes(0)
        try:
            for workers in (1, 3):
                out = np.empty_like(f)
                ladder.apply(BACKEND, terms, [f], [out], workers)
                assert same_bits(out, slices.apply(NUMPY, terms, [f], 1)[0])
        finally:
            core.gg_use_stream_bytes(before)

    def test_more_arrays_than_a_descriptor_holds(self, rng):
        grid = gg.Grid(*[(3, 0.5)] * 5)
        f = [noise(rng, grid.shape) for _ in range(5)]
        g = [[noise(rng, grid.shape) for _ in range(5)] for _ in range(5)]
        check(grid.jacobian, f, g, split=2)
        check(grid.hessian, f[0], g, split=2)

    @pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
    def test_complex_coefficients_of_every_kind(self, rng, dtype):
        grid = grid_of(4, ends="periodic")
        v, k = coefficients(grid, dtype)
        f = noise(rng, grid.shape, dtype)
        mixed = [v[0], v[1].real, 2.0, v[3]]
        for operator in (
            grid.diffuse(k) - grid.advect(mixed) + grid.identity,
            grid.advect(v),
            grid.diffuse(k),
        ):
            check(operator, f, f, split=2)

    def test_an_output_that_adds_must_be_of_the_arithmetic_type(self, core):
        f = np.zeros((9, 9), np.float16)
        plan = ladder.plan_for(BACKEND, many_terms(9, 3), [f], [f.copy()], adds=True)
        with pytest.raises(_core.CoreError, match="a term names"):
            memory.run(plan, [f.ctypes.data, f.copy().ctypes.data])


class TestCounting:
    """`show_config` tells how often each way was taken."""

    def test_the_ways_are_told_apart(self, rng):
        f = noise(rng, (20, 20))
        with Taken() as taken:
            for _ in range(3):
                gg.laplacian(f)
        assert taken.ways == {"kernel": 3, "split": 0, "copy": 0, "slices": 0}
        raw = np.empty(f.nbytes + 1, np.uint8)[1:].view(f.dtype).reshape(f.shape)
        raw[...] = f
        with Taken() as taken:
            gg.laplacian(raw)
        assert taken.ways == {"kernel": 1, "split": 0, "copy": 1, "slices": 0}
        with Taken() as taken:
            gg.laplacian(f.astype(np.longdouble))
        assert taken.ways == {"kernel": 0, "split": 0, "copy": 0, "slices": 1}
        with Taken() as taken:
            gg.gradient(noise(rng, (3,) * 9))
        assert taken.ways == {"kernel": 2, "split": 1, "copy": 0, "slices": 0}

    def test_torch_takes_the_same_ways(self, rng):
        torch = pytest.importorskip("torch")
        grid = grid_of(4)
        v, _ = coefficients(grid, complex)
        f = noise(rng, grid.shape, complex)
        operator = grid.laplacian - grid.advect(v) + grid.identity
        there = grid.laplacian - grid.advect([torch.from_numpy(c.copy()) for c in v]) + grid.identity
        with Taken() as taken:
            got = there(torch.from_numpy(f.copy()))
        assert (taken.ways["slices"], taken.ways["copy"]) == (0, 0)
        assert same_bits(got.numpy(), operator(f))

    @pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "complex64", "int32"])
    def test_torch_splits_alike(self, rng, dtype):
        torch = pytest.importorskip("torch")
        from gridgrad._backends.torch.arrays import BACKEND
        from gridgrad._backends.torch.operations import OPERATIONS

        f = torch.from_numpy(20 * rng.standard_normal((9, 9))).to(getattr(torch, dtype))
        terms = many_terms(9, 40)
        with Taken() as taken:
            (got,) = ladder.operate(BACKEND, terms, [f], 1)
        assert (taken.ways["slices"], taken.ways["split"]) == (0, 1)
        (expected,) = slices.apply(OPERATIONS, terms, [f], 1)
        assert torch.equal(got, expected)

    def test_the_ladder_and_the_descriptor_agree_on_rows(self):
        """Rows that no descriptor can hold go to slices, and are counted."""
        n = descriptor.MAX_PAIRS + 2
        offsets = tuple((0, k) for k in range(1, n))
        row = Stencil(40, offsets, (1.0,) * len(offsets), (), ((),) * n)
        f, out = np.arange(40.0) ** 2, np.empty(40)
        with Taken() as taken:
            ladder.apply(BACKEND, (Term(0, 0, 0, row),), [f], [out])
        assert taken.ways["slices"] == 1
        assert out[0] == sum(k**2 for k in range(1, n))
        assert set(ladder.counts) == {"launch", "split", "copy", "slices"}
