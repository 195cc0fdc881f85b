"""Caches: their bounds, what they must never answer, and that nothing is made twice, however long an axis is."""

import gc
import pickle
import sys
import threading
import tracemalloc

import numpy as np
import pytest
from samples import noise, same_bits

import gridgrad as gg
from gridgrad._base import cache as _cache
from gridgrad._base.cache import BUDGET, SHARES, Cache, Content, cached
from gridgrad._grid.asked import _grids
from gridgrad._plan.plan import tables_of
from gridgrad.autodiff._jets import jet

LONG = 1 << 18  # points; with bounds that such an axis exceeds


@pytest.fixture
def tight(monkeypatch):
    """Empty caches whose bytes hold nothing long: every long entry is beyond its bound."""
    gg.clear_caches()
    for cache in list(_cache._caches.values()):
        monkeypatch.setattr(cache, "nbytes", 256 << 10)
    yield
    gg.clear_caches()


def made():
    """What was ever made, of all that a call needs."""
    caches = gg.show_config("dict")["caches"]
    kinds = ("stencils", "multiples", "tables", "plans", "adjoints", "grids")
    return {name: caches[name]["made"] for name in kinds}


class TestBounds:
    def test_the_least_recently_used_leaves_and_no_other(self):
        cache = Cache(None, entries=3, nbytes=100)
        for key in "abc":
            cache.put(key, key.upper(), 10)
        cache.put("d", "D", 10)
        assert [cache.get(key) for key in "abcd"] == [None, "B", "C", "D"]
        cache.put("e", "E", 10)  # time goes on when entries are made
        assert [cache.get(key) for key in "bcde"] == [None, "C", "D", "E"]
        cache.get("c")
        cache.put("d", "D", 10)
        cache.get("c")
        cache.put("f", "F", 10)
        assert [cache.get(key) for key in "cdef"] == ["C", "D", None, "F"]

    def test_one_that_is_used_again_and_again_stays(self):
        cache = Cache(None, entries=4, nbytes=1000)
        cache.put("hot", 1, 10)
        for k in range(100):
            cache.put(k, k, 10)
            assert cache.get("hot") == 1
            assert len(cache) <= 4
            assert cache.get(k) == k

    def test_bytes_are_bounded_beyond_the_two_largest(self):
        cache = Cache(None, entries=100, nbytes=100)
        for k in range(10):
            cache.put(k, k, 10)
        cache.put("large", 0, 5000)
        cache.put("adjoint", 1, 4000)
        for k in range(50):
            cache.put(("new", k), k, 10)
            assert (cache.get("large"), cache.get("adjoint")) == (0, 1)  # small ones do not drive them out
        assert 9000 < cache.bytes <= 9100
        cache.put("larger", 2, 6000)  # a third
        assert [cache.get(key) for key in ("large", "adjoint", "larger")] == [None, 1, 2]
        assert cache.bytes == sum(entry.nbytes for entry in cache.held.values()) <= 10_100

    @pytest.mark.parametrize("seed", range(4))
    def test_bounds_hold_after_any_calls(self, seed):
        random = np.random.default_rng(seed)
        cache = Cache(None, entries=8, nbytes=200)
        for _ in range(2000):
            key, size = int(random.integers(20)), int(random.choice([1, 30, 90, 500]))
            if random.random() < 0.5:
                cache.put(key, key, size)
                assert cache.get(key) == key  # the newest is kept, whatever its size
            else:
                assert cache.get(key) in (None, key)
            sizes = [entry.nbytes for entry in cache.held.values()]
            assert len(cache) <= 8
            assert sum(sizes) == cache.bytes
            assert sum(sorted(sizes)[:-2]) <= 200

    def test_the_shares_are_within_one_budget(self):
        assert sum(SHARES.values()) <= BUDGET == 128 << 20
        assert set(gg.show_config("dict")["caches"]) <= {*SHARES, *_cache.DEVICE_SHARES}

    def test_threads_may_share_one(self):
        cache, wrong = Cache(None, entries=16, nbytes=400), []

        def work(seed):
            random = np.random.default_rng(seed)
            for _ in range(4000):
                key = int(random.integers(40))
                found = cache.get(key)
                if found is None:
                    cache.put(key, key * key, int(random.integers(100)))
                elif found != key * key:
                    wrong.append(key)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        before = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(before)
        assert not wrong
        assert len(cache) <= 16
        cache.put("last", 0, 401)
        assert cache.bytes == sum(entry.nbytes for entry in cache.held.values())

    def test_functions_keep_their_results_by_their_arguments(self):
        calls = []
        try:

            @cached("functions", entries=2)
            def double(n):
                calls.append(n)
                return 2 * n

            assert [double(n) for n in (1, 2, 1, 2)] == [2, 4, 2, 4]
            assert calls == [1, 2]
            double.cache_clear()
            assert double(1) == 2
            assert calls == [1, 2, 1]
        finally:
            _cache._caches["functions"] = jet._function.__closure__[0].cell_contents


class TestNeverStale:
    @pytest.mark.parametrize("n", [9, 200, 600, 5000, LONG])
    def test_coordinates_changed_in_place(self, n, rng):
        f, x = noise(rng, n), np.arange(float(n))
        calls = [
            lambda: gg.gradient(f, x),
            lambda: gg.laplacian(f, x),
            lambda: gg.derivative(f, x, accuracy=4),
        ]
        for place in (n // 2, n // 3, 2):
            before = [call() for call in calls]
            x[place] += 0.25
            fresh = x.copy()
            for call, old in zip(calls, before, strict=True):
                new = call()
                gg.clear_caches()
                assert same_bits(new, call())
                assert not same_bits(new, old)
            assert np.array_equal(x, fresh)

    @pytest.mark.parametrize("n", [5, 700])
    def test_coordinates_that_out_overwrites(self, n):
        """The call is kept by the coordinates it used, not by what `out` made of them."""
        x = np.linspace(1, 2, n) ** 2
        f = x**3 / 3
        slopes = gg.gradient(f, x, edge_order=2)  # about x**2: increasing, so coordinates too
        gg.clear_caches()
        place = x.copy()
        gg.gradient(f, place, edge_order=2, out=place)
        assert same_bits(place, slopes)
        found = gg.gradient(f, place, edge_order=2)
        gg.clear_caches()
        assert same_bits(found, gg.gradient(f, place, edge_order=2))

    def test_equal_numbers_give_equal_answers_in_any_order(self):
        """``2**70 == 2.0**70`` as keys; so they are one step. Others that are equal are refused always."""
        f = np.array([1.0, 4, 9, 16, 25])
        for order in ((2**70, 2.0**70), (2.0**70, 2**70), (2, np.float32(2), 2.0), (np.float64(2), 2)):
            gg.clear_caches()
            answers = [gg.gradient(f, step) for step in order for _ in range(2)]
            assert all(same_bits(answer, answers[0]) for answer in answers)
        for _ in range(2):
            with pytest.raises(TypeError, match="has dtype object"):
                gg.gradient(f, 2**70 + 1)
            with pytest.raises(TypeError, match="has dtype bool"):
                gg.gradient(f, True)
            with pytest.raises(ValueError, match="is 0; give a step that is not zero"):
                gg.gradient(f, -0.0)
            gg.gradient(f, 2.0**70)
            gg.gradient(f, 1)
            gg.gradient(f, 1.0)
        assert gg.Grid((5, 2**70)).derivative(0)(f)[0] == gg.Grid((5, 2.0**70)).derivative(0)(f)[0]

    def test_multiples_by_both_zeros(self):
        operator, f = gg.Grid((4, 1.0)).derivative(0), np.arange(4.0)
        for zero in (
            0.0,
            -0.0,
            0.0,
        ):  # which are equal as keys; what a factor of 0 reads is nothing, and its sum 0
            result = (zero * operator)(f)
            assert np.array_equal(result, np.zeros(4))
            assert not np.signbit(result).any()

    @pytest.mark.parametrize("shape", [(20, 30), (63, 63), (200, 3)])
    def test_spacings_of_two_dimensions_are_refused_as_such(self, shape):
        """Or as positions of a grid whose cells have no area."""
        for wrong in (
            lambda x: gg.gradient(x, x, x),
            lambda x: gg.laplacian(x, x, x),
            lambda x: gg.curl(x, x),
        ):
            with pytest.raises(
                (ValueError, TypeError), match=r"has shape|differentiated ax|components|Jacobian is 0"
            ):
                wrong(np.arange(float(np.prod(shape))).reshape(shape))

    def test_a_sample_that_is_equal_is_not_enough(self, rng):
        x = np.cumsum(rng.uniform(1, 2, 10_000))
        key, other = Content(x), x.copy()
        assert key == Content(other)
        other[5001] = np.nextafter(other[5001], 0)
        assert hash(key) == hash(Content(other))
        assert key != Content(other)
        assert key != Content(x.astype(np.float32))
        assert Content(x[::2]) == Content(x[::2].copy())


CALLS = {
    "gradient": lambda f, x, out: gg.gradient(f, x, out=out),
    "gradient, order 2": lambda f, x, out: gg.gradient(f, x, edge_order=2, out=out),
    "periodic": lambda f, x, out: gg.gradient(f, x, periodic=True, period=1e9, out=out),
    "derivative": lambda f, x, out: gg.derivative(f, x, out=out),
    "second": lambda f, x, out: gg.derivative(f, x, order=2, out=out),
    "accuracy 2": lambda f, x, out: gg.derivative(f, x, order=2, accuracy=2, out=out),
    "accuracy 4": lambda f, x, out: gg.derivative(f, x, accuracy=4, out=out),
    "accuracy 6": lambda f, x, out: gg.laplacian(f, x, accuracy=6, out=out),
    "diffuse": lambda f, x, out: gg.diffuse(f, f, x, out=out),
    "advect": lambda f, x, out: gg.advect([2.5], f, x, out=out),
}


class TestLongAxes:
    """The second call makes nothing: no weights, no plan, no grid."""

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    @pytest.mark.parametrize("name", CALLS)
    def test_nothing_is_made_twice(self, name, dtype, tight, rng):
        f, x = noise(rng, LONG).astype(dtype), np.cumsum(rng.uniform(0.5, 1.5, LONG))
        call, out = CALLS[name], np.empty(LONG, dtype)
        first = call(f, x, out).copy()
        before = made()
        for coordinates in (x, x.copy(), x):
            assert same_bits(call(f, coordinates, out), first)
        assert made() == before

    @pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
    @pytest.mark.parametrize("accuracy", [None, 2, 4, 6])
    def test_nor_by_the_operators_of_a_grid(self, accuracy, dtype, tight, rng):
        """Several in turn: a grid keeps its stencils, and plans share tables."""
        grid = gg.Grid(np.cumsum(rng.uniform(0.5, 1.5, LONG)))
        f, out = noise(rng, LONG, dtype), np.empty(LONG, dtype)
        for operator in (grid.derivative(0, 2, accuracy), grid.derivative(0, 1, accuracy).T, grid.gradient):
            operator(f, out=out)
            before = made()
            operator(f, out=out)
            operator(f)
            assert made() == before

    def test_nor_with_a_short_axis_beside_it(self, tight, rng):
        f = noise(rng, (LONG, 3))
        x, y = np.cumsum(rng.uniform(0.5, 1.5, LONG)), np.array([0.0, 1, 3])
        gg.gradient(f, x, y)
        before = made()
        gg.gradient(f, x, y)
        assert made() == before

    def test_nor_for_torch(self, tight, rng):
        torch = pytest.importorskip("torch")
        f, x = torch.tensor(noise(rng, LONG)), torch.cumsum(torch.rand(LONG, dtype=torch.float64) + 0.5, 0)
        calls = [lambda: gg.gradient(f, x), lambda: gg.derivative(f, x, order=2), lambda: gg.gradient(f, x.numpy())]  # fmt: skip
        for call in calls:
            call()
        leaf = f.clone().requires_grad_()
        gg.gradient(leaf, x).sum().backward()
        before = made()
        for call in calls[:1]:
            call()
        gg.gradient(leaf, x).sum().backward()
        assert made() == before

    def test_float64_weights_are_the_tables_themselves(self, rng):
        """No second copy of what a kernel can read where it is."""
        n = 3000
        grid = gg.Grid(np.cumsum(rng.uniform(0.5, 1.5, n)))
        for operator in (
            grid.derivative(0),
            grid.derivative(0, 2, 6),
            grid.derivative(0).T,
            2.5 * grid.laplacian,
        ):
            stencil = operator.terms[0].stencil
            tables = tables_of(stencil, "float64", 1)
            assert np.shares_memory(tables.named["weights"], stencil.weights[0])
            assert tables_of(stencil, "float64", 1) is tables
            assert all(map(np.array_equal, tables.named["weights"], stencil.weights))
            assert tables_of(stencil, "float32", 1).named["weights"].dtype == np.float32
            assert tables_of(stencil, "float64", 2).named["weights"].shape[1] == 2 * n

    def test_a_pickle_is_of_the_rows_only(self, rng):
        """Compiled graphs are named by pickles, so what was asked of a stencil before must not be in them."""
        stencil = gg.Grid(np.cumsum(rng.uniform(0.5, 1.5, 50))).derivative(0).terms[0].stencil
        fresh = pickle.loads(pickle.dumps(stencil))
        before = pickle.dumps(fresh)
        fresh.smallest_and_largest_weight()
        assert pickle.dumps(fresh) == before
        assert np.array_equal(fresh.table(), stencil.table())
        assert fresh.leading == stencil.leading

    def test_plans_of_one_stencil_share_its_tables(self, tight, rng):
        x = np.cumsum(rng.uniform(0.5, 1.5, 5000))
        for batch in (1, 2, 3, 40):
            gg.gradient(noise(rng, (batch, 5000)).astype(np.float32), x, axis=1)
        assert len({id(plan.value.tables[0]) for plan in _cache._caches["plans"].held.values()}) == 1


class TestClearing:
    def test_one_call_empties_all(self, rng):
        f = noise(rng, (6, 7))
        grid = gg.Grid((6, 1.0), (7, 1.0))
        first = (
            gg.gradient(f, 0.5),
            gg.laplacian(f, 0.5),
            grid.laplacian(f),
            gg.gradient(lambda x: x**2, f[0]),
        )
        caches = gg.show_config("dict")["caches"]
        assert all(caches[name]["entries"] for name in ("stencils", "tables", "plans", "calls", "grids"))
        assert gg.clear_caches() is None
        caches = gg.show_config("dict")["caches"]
        assert not [name for name, cache in caches.items() if cache["entries"] or cache["bytes"]]
        again = (
            gg.gradient(f, 0.5),
            gg.laplacian(f, 0.5),
            grid.laplacian(f),
            gg.gradient(lambda x: x**2, f[0]),
        )
        assert all(
            same_bits(a, b) for a, b in zip((*first[0], *first[1:]), (*again[0], *again[1:]), strict=True)
        )

    def test_what_a_grid_made_stays_with_it(self, rng):
        grid = gg.Grid(np.cumsum(rng.uniform(0.5, 1.5, 50)))
        stencil = grid.derivative(0).terms[0].stencil
        gg.clear_caches()
        assert grid.derivative(0).terms[0].stencil is stencil


def test_memory_after_many_distinct_axes_is_within_the_budget():
    """One budget for all caches, whatever is asked of them; what the allocator keeps for itself is another matter."""

    def calls(seed):
        random = np.random.default_rng(seed)
        x, f = np.cumsum(random.uniform(1, 2, 40_000)), random.random(40_000)
        for field in (f, f.astype(np.float32)):
            for options in ({}, {"edge_order": 2}):
                gg.gradient(field, x, **options)
                gg.laplacian(field, x, **options)
            gg.derivative(field, x, accuracy=4)
        gg.Grid(x).gradient.adjoint(f)

    gg.clear_caches()
    tracemalloc.start()
    try:
        for seed in range(60):
            calls(seed)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0]
        gg.clear_caches()
        gc.collect()
        left = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 32 << 20 < held < BUDGET
    assert left < 1 << 20


def test_free_functions_find_the_grid_of_any_spacing(rng):
    """Lists, torch tensors and long arrays are found by content, as small arrays are."""
    f = noise(rng, 6)
    for spacing in ([0.0, 1, 2, 4, 5, 7], np.arange(6), 0.5, np.array(0.25)):
        gg.laplacian(f, spacing)
        before = _grids.made
        gg.laplacian(f, spacing)
        assert _grids.made == before
