"""The array-API path: the same bits as the core on NumPy, the same numbers on every other namespace."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
from oracles import extended_gradient, extended_steps
from rules import ends
from samples import COMPILED, LAYOUTS, dtype_id, frozen, noise, same_bits

import gridgrad as gg
from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy import BACKEND
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._grid.axis import axis_stencil
from gridgrad._stencils.derivatives import Rule
from gridgrad._terms.term import Term

HEAVY = ("cupy", "torch", "jax", "dask", "xarray", "pandas")
X = frozen([0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 8.5])  # equal neighbours at some points, not at others
GRIDS = {
    "uniform": 0.3,
    "nearly uniform": frozen(np.arange(7) * 0.1),
    "partly uniform": X,
    "decreasing": frozen(X[::-1] * 0.7),
    "beyond float32": frozen(X * 1e-60),
    "integer": frozen([0, 1, 3, 4, 6, 7, 2**40]),
}


def term(spacing, length=7, axis=0, edge_order=1, period=None):
    boundary = ends("one-sided" if period is None else "periodic")
    rule = Rule(boundary=boundary, edge_order=edge_order)
    return Term(0, 0, axis, axis_stencil(spacing, length, axis, rule, period, np.float64))


def both_ways(terms, f, outputs):
    dtype = np.float64 if f.dtype.kind in "iu" else f.dtype
    compiled = [np.empty_like(f, dtype) for _ in range(outputs)]
    ladder.apply(BACKEND, terms, [f], compiled)
    return compiled, slices.apply(NUMPY, terms, [f], outputs)


def assert_same(compiled, sliced):
    for a, b in zip(compiled, sliced, strict=True):
        assert a.dtype == b.dtype
        parts = [(a.real, b.real), (a.imag, b.imag)] if a.dtype.kind == "c" else [(a, b)]
        for x, y in parts:
            assert np.array_equal(np.isnan(x), np.isnan(y))
            known = ~np.isnan(x)  # the sign of a NaN means nothing
            assert same_bits(x[known], y[known])


@pytest.fixture
def compiled_core(core, monkeypatch):
    """The core, and a proof that it is the core: its own way to the slices is closed."""

    def refuse(*arguments):
        raise AssertionError("the compiled side went through the slices")

    monkeypatch.setattr(ladder.Ladder, "sliced", refuse)


@pytest.mark.usefixtures("compiled_core")
class TestSameBitsAsTheCore:
    @pytest.mark.parametrize("edge_order", [1, 2])
    @pytest.mark.parametrize("grid", GRIDS)
    @pytest.mark.parametrize("dtype", COMPILED, ids=dtype_id)
    def test_dtypes_and_grids(self, dtype, grid, edge_order, rng):
        f = noise(rng, (3, 7, 4), dtype)
        assert_same(*both_ways((term(GRIDS[grid], axis=1, edge_order=edge_order),), f, 1))

    @pytest.mark.parametrize("grid", ["uniform", "partly uniform", "nearly uniform"])
    @pytest.mark.parametrize("dtype", COMPILED, ids=dtype_id)
    def test_periodic(self, dtype, grid, rng):
        f = noise(rng, (7, 3), dtype)
        assert_same(*both_ways((term(GRIDS[grid], period=11.0),), f, 1))

    @pytest.mark.parametrize("layout", LAYOUTS)
    @pytest.mark.parametrize("dtype", [np.float16, np.float64, np.complex64, np.int64], ids=dtype_id)
    def test_layouts_and_several_axes(self, dtype, layout, rng):
        f = LAYOUTS[layout](noise(rng, (5, 6, 7), dtype))
        terms = tuple(term(0.3 if k else X[:5], n, k, 2)._replace(output=k) for k, n in enumerate(f.shape))
        assert_same(*both_ways(terms, f, 3))

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.complex128], ids=dtype_id)
    def test_sum_of_terms(self, dtype, rng):
        f = noise(rng, (7, 7), dtype)
        assert_same(*both_ways((term(0.7), term(X, axis=1, edge_order=2)), f, 1))

    @pytest.mark.parametrize("special", [np.nan, np.inf, -0.0, 5e-324])
    @pytest.mark.parametrize("grid", ["uniform", "partly uniform"])
    def test_special_values(self, special, grid):
        for place in range(7):
            f = np.zeros(7)
            f[place] = special
            assert_same(*both_ways((term(GRIDS[grid], edge_order=2),), f, 1))

    def test_rounding_of_weights_decides_the_short_form(self):
        x = np.array([0.0, 1.0, 2.0 + 1e-12, 5.0])  # lower != upper in float64, equal in float32
        f = np.array([1.0, np.nan, 4.0, 5.0], np.float32)
        compiled, sliced = both_ways((term(x, 4),), f, 1)
        assert_same(compiled, sliced)
        assert np.isfinite(sliced[0][1])
        assert np.isnan(both_ways((term(x, 4),), f.astype(np.float64), 1)[1][0][1])


def test_overflow_warns_no_more_than_the_core():
    f = frozen([-1.5e308, 1.5e308, 0.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (result,) = slices.apply(NUMPY, (term(1.0, 3),), [f], 1)
    assert result[0] == np.inf


def test_weights_beyond_all_exponents_are_rescaled():
    x = frozen(np.arange(5) * 5e-324)
    assert np.array_equal(gg.gradient(frozen(np.arange(5) ** 2 * 5e-324), x, edge_order=2), [0.0, 2, 4, 6, 8])


@pytest.fixture(scope="module")
def strict():
    """The namespace that has nothing but the standard."""
    return pytest.importorskip("array_api_strict")


STRICT = [d for d in COMPILED if np.dtype(d).name not in ("float16", "bfloat16")]


class TestStrict:
    @pytest.mark.parametrize("edge_order", [1, 2])
    @pytest.mark.parametrize("spacing", [0.3, X], ids=["step", "coordinates"])
    @pytest.mark.parametrize("dtype", STRICT, ids=dtype_id)
    def test_same_numbers(self, strict, dtype, spacing, edge_order, rng):
        f = noise(rng, (3, 7), dtype)
        result = gg.gradient(strict.asarray(f), spacing, axis=1, edge_order=edge_order)
        assert isinstance(result, type(strict.asarray(f)))
        expected = gg.gradient(f, spacing, axis=1, edge_order=edge_order)
        assert result.dtype == (strict.float64 if f.dtype.kind in "iu" else strict.asarray(f).dtype)
        assert np.array_equal(np.asarray(result), expected)

    def test_device_is_kept(self, strict):
        device = strict.Device("device1")
        result = gg.gradient(strict.asarray(X, device=device), X)
        assert result.device == device

    def test_complex_infinity_stays_in_its_part(self, strict):
        f = np.array([0, complex(1, np.inf), 3, complex(-np.inf, 1), complex(2, np.nan), 7, 7], complex)
        result = np.asarray(gg.gradient(strict.asarray(f), X))
        assert np.array_equal(result.real, gg.gradient(f.real.copy(), X), equal_nan=True)
        assert np.array_equal(result.imag, gg.gradient(f.imag.copy(), X), equal_nan=True)

    def test_coordinates_of_the_namespace(self, strict):
        f = strict.asarray(X) ** 2
        assert np.array_equal(np.asarray(gg.gradient(f, strict.asarray(X), edge_order=2)), 2 * X)

    def test_against_long_double(self, strict, rng):
        f = noise(rng, (7, 5))
        value, scale = extended_gradient(f, 0, extended_steps(X, 7), 2)
        result = np.asarray(gg.gradient(strict.asarray(f), X, axis=0, edge_order=2))
        assert np.all(np.abs(result - value) <= 2 * np.finfo(float).eps * scale)

    def test_refusals(self, strict):
        f = strict.asarray(X)
        with pytest.raises(TypeError, match="f has dtype bool: booleans are not taken for numbers"):
            gg.gradient(f > 3.0)
        with pytest.raises(TypeError, match=r"out= is not supported for arrays of array_api_strict"):
            gg.gradient(f, out=f)


class TestDask:
    @pytest.fixture
    def da(self):
        return pytest.importorskip("dask.array")

    @pytest.mark.parametrize(
        "dtype", [np.float32, np.float64, np.complex64, np.uint8, np.int64], ids=dtype_id
    )
    @pytest.mark.parametrize("chunks", [1, 2, (1, 6), 7])
    def test_lazy_and_chunk_invariant(self, da, dtype, chunks, rng):
        f = noise(rng, (7, 3), dtype)
        lazy = gg.gradient(da.from_array(f, chunks=(chunks, 2)), X, axis=0, edge_order=2)
        assert isinstance(lazy, da.Array)
        expected = gg.gradient(f, X, axis=0, edge_order=2)
        assert lazy.dtype == expected.dtype
        assert same_bits(lazy.compute(), expected)

    def test_unknown_chunks_are_named(self, da):
        f = da.from_array(X, chunks=3)
        with pytest.raises(ValueError, match="chunk sizes"):
            gg.gradient(f[f > 1])


def test_import_is_light():
    code = f"""
import sys
import gridgrad
import numpy
gridgrad.gradient(numpy.arange(5.0) ** 2, numpy.arange(5.0))
loaded = [name for name in {HEAVY!r} if name in sys.modules]
assert not loaded, loaded
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
