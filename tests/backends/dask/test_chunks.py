"""Every operator on chunks of any size: the bits of the whole array, in the chunks of the field."""

import numpy as np
import pytest
from operator_cases import BOUNDARIES, CASES, SHAPE, coefficients_of, field_of, flat, shared_setting
from samples import frozen, noise, same_bits

import gridgrad as gg

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")

from gridgrad._backends.dask import chunk, groups  # noqa: E402  # where Dask is

LARGE = (24, 20, 18)
TAILS = ((1, 9, 6, 8), (7, 1, 12), (17, 1))
EVEN = {"steps": [(n, 0.37 * k) for k, n in enumerate(LARGE, 1)],
        "coordinates": [np.linspace(0, 1, n) ** 1.3 for n in LARGE],
        "equal differences": [np.linspace(0, 1, n) for n in LARGE]}  # fmt: skip


@pytest.fixture(autouse=True)
def synchronous():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture(params=["at once", "in parts", "in groups"])
def way(request, monkeypatch):
    """How a chunk with neighbours is made: with a copy, as small ones are, where it lies, or with others, as tiny ones are."""
    if request.param == "in parts":
        monkeypatch.setattr(chunk, "SMALL", 0)
    if request.param != "in groups":
        monkeypatch.setattr(groups, "BYTES", 0)


def moved(fields, change):
    """Nested fields with each array changed."""
    if isinstance(fields, (list, tuple)):
        return [moved(part, change) for part in fields]
    return None if fields is None else change(fields)


def check(lazy, wanted, chunks):
    """Lazy results are in these chunks, and have the bits of others; computed in one go."""
    lazy, wanted = flat(lazy), flat(wanted)
    assert all(isinstance(own, da.Array) and own.chunks == chunks for own in lazy)
    for own, got, want in zip(lazy, dask.compute(*lazy), wanted, strict=True):
        assert (own.dtype, own._meta.dtype) == (got.dtype, got.dtype)
        assert same_bits(got, want)


class TestOperators:
    @pytest.mark.parametrize("name", CASES)
    @pytest.mark.parametrize("ends", [*BOUNDARIES][1::2])
    def test_every_operator_and_its_adjoint(self, way, name, ends):
        grid, rng = shared_setting("coordinates", ends).grid, np.random.default_rng(3)
        coefficients = coefficients_of(name, rng, SHAPE, 3)
        operator = CASES[name].make(grid, coefficients)
        f, g = field_of(operator.inputs, rng, SHAPE), field_of(operator.outputs, rng, SHAPE)
        for chunks in ((2, 3, 4), (1, 5, 2), (3, 1, 1)):
            there = moved([coefficients, f, g], lambda a, own=chunks: da.from_array(frozen(a), chunks=own))
            lazy = CASES[name].make(grid, there[0])
            own = flat(there[1])[0].chunks
            check(lazy(there[1]), operator(f), own)
            check(lazy.adjoint(there[2]), operator.adjoint(g), own)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.complex64, np.complex128, np.int32, np.uint8],
                             ids=lambda d: np.dtype(d).name)  # fmt: skip
    @pytest.mark.parametrize("name", ["gradient", "laplacian", "diffuse", "divergence"])
    def test_every_dtype(self, way, name, dtype):
        grid, rng = shared_setting("coordinates", "each another").grid, np.random.default_rng(3)
        coefficients = coefficients_of(name, rng, SHAPE, 3, np.float32)
        operator = CASES[name].make(grid, coefficients)
        f = moved(field_of(operator.inputs, rng, SHAPE, np.float64), lambda a: (50 * a).astype(dtype))
        there = moved([coefficients, f], lambda a: da.from_array(a, chunks=(2, 3, 4)))
        check(CASES[name].make(grid, there[0])(there[1]), operator(f), flat(there[1])[0].chunks)

    def test_products_sums_multiples_and_powers(self, way, rng):
        grid = gg.Grid((9, 0.5), (8, 0.25), boundary=["periodic", "one-sided"])
        f = rng.standard_normal((9, 8))
        d = da.from_array(f, chunks=(2, 3))
        for operator in (grid.divergence @ grid.gradient, 2 * grid.laplacian + grid.derivative(0),
                         grid.laplacian @ grid.laplacian @ grid.laplacian, grid.laplacian.T):  # fmt: skip
            check(operator(d), operator(f), d.chunks)

    @pytest.mark.parametrize("function", [gg.gradient_norm, gg.gradient_squared])
    def test_norm_of_the_gradient(self, way, rng, function):
        f = rng.standard_normal((9, 8))
        for chunks in (1, (4, 3), (9, 2)):
            d = da.from_array(f, chunks=chunks)
            check(function(d, 0.5, 2.0), function(f, 0.5, 2.0), d.chunks)

    @pytest.mark.parametrize("accuracy", [2, 4, 6])
    def test_wide_rows_reach_over_several_chunks(self, way, accuracy, rng):
        f = rng.standard_normal((19, 7))
        x = np.cumsum(rng.uniform(0.5, 1.5, 19))
        for boundary, period in (("one-sided", None), ("periodic", 40.0), ("reflect", None)):
            grid = gg.Grid(x, (7, 1.0), boundary=[boundary, "one-sided"], period=[period, None])
            for operator in (grid.gradient.with_(accuracy=accuracy).T, grid.derivative(0, 2, accuracy)):
                given = [f, f] if operator.inputs else f
                for chunks in (2, (1, 7), (10, 3), ((1, 1, 16, 1), 2)):
                    there = moved(given, lambda a, own=chunks: da.from_array(a, chunks=own))
                    check(operator(there), operator(given), flat(there)[0].chunks)


class TestFunctions:
    @pytest.mark.parametrize("spacing", EVEN)
    @pytest.mark.parametrize("edge_order", [1, 2])
    def test_gradient_in_chunks_of_any_size(self, way, spacing, edge_order, rng):
        f = rng.random(LARGE, np.float32)
        x = [own if isinstance(own, np.ndarray) else own[1] for own in EVEN[spacing]]
        wanted = gg.gradient(f, *x, edge_order=edge_order)
        for chunks in (5, 7, 24, TAILS, (3, 20, 18), (24, 20, 1)):
            d = da.from_array(f, chunks=chunks)
            check(gg.gradient(d, *x, edge_order=edge_order), wanted, d.chunks)

    def test_batch_axes_and_stacks(self, way, rng):
        F = rng.standard_normal((2, 9, 8))
        d = da.from_array(F, chunks=(1, 2, 3))
        x, y = np.arange(9.0), np.arange(8.0) ** 2
        check(gg.gradient(d, x, axis=1), gg.gradient(F, x, axis=1), d.chunks)
        check(gg.divergence(d, x, y), gg.divergence(F, x, y), d.chunks[1:])
        stacked = gg.Grid(x, y).vector_laplacian(d)
        assert isinstance(stacked, da.Array)
        assert same_bits(stacked.compute(), gg.Grid(x, y).vector_laplacian(F))

    def test_numpy_and_0d_coefficients_and_numbers_at_walls(self, way, rng):
        f, k = rng.standard_normal((9, 8)), rng.random((9, 8))
        d = da.from_array(f, chunks=(2, 3))
        for own in (k, k[0], k[:, :1], np.array(2.0), da.from_array(k, chunks=(9, 2))):
            check(gg.diffuse(own, d, 0.5, 1.0), gg.diffuse(np.asarray(own), f, 0.5, 1.0), d.chunks)
        v = rng.random(8)
        for value in (1.5, v, da.from_array(v, chunks=5)):
            whole = value.compute() if isinstance(value, da.Array) else value
            lazy, plain = (gg.Grid((9, 0.5), (8, 1.0), boundary=[(gg.value(own), gg.slope(2.0)), "one-sided"])
                           for own in (value, whole))  # fmt: skip
            check(lazy.laplacian(d), plain.laplacian(f), d.chunks)
            check(lazy.gradient(d), plain.gradient(f), d.chunks)

    def test_masked_chunks(self, rng):
        f = rng.standard_normal((9, 8))
        masked = np.ma.array(f, mask=f > 1.2)
        for chunks in ((2, 3), (9, 1)):
            d = da.from_array(masked, chunks=chunks)
            for lazy, wanted in ((gg.gradient(d, 0.5, axis=0), gg.gradient(masked, 0.5, axis=0)),
                                 (gg.laplacian(d), gg.laplacian(masked))):  # fmt: skip
                got = lazy.compute()
                assert np.array_equal(np.ma.getmaskarray(got), np.ma.getmaskarray(wanted))
                assert same_bits(got.filled(0), wanted.filled(0))

    def test_chunks_of_no_points(self, rng):
        f = noise(rng, (9, 4))
        d = da.from_array(f, chunks=((4, 0, 5), (4,)))
        check(gg.gradient(d, 0.5, 1.0), gg.gradient(f, 0.5, 1.0), d.chunks)
        empty = da.zeros((9, 0), chunks=(4, 1))
        assert gg.gradient(empty, 0.5, axis=0).compute().shape == (9, 0)
