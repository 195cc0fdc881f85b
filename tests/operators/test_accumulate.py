"""``A(f, out=o, add=True)``: what is added, in one pass where memory allows; and temporaries that are kept."""

from __future__ import annotations

import threading
import tracemalloc

import numpy as np
import pytest
from libraries import parameters
from quantities import LIBRARIES as QUANTITIES
from quantities import Library as Quantities
from samples import same_bits

import gridgrad as gg
from gridgrad._backends import ladder
from gridgrad._operators.called import Called
from gridgrad._operators.fields import spare

GRID = gg.Grid(np.array([0.0, 1, 3, 4, 6]), (6, 0.5), boundary=["one-sided", ("reflect", "antireflect")])
SHAPE = GRID.shape
WALLED = gg.Grid((5, 0.5), (6, 0.5), boundary=[gg.value(2.0), (gg.slope(1.0), "one-sided")])

MADE = {  # operators by two fields; the last of a name says whether one pass does it
    "identity": lambda a, b: GRID.identity,
    "first": lambda a, b: GRID.derivative(0),
    "mixed": lambda a, b: GRID.mixed_derivative(0, 1),
    "step": lambda a, b: 0.1 * GRID.laplacian - GRID.advect((a, b)),
    "factors": lambda a, b: a * GRID.laplacian @ GRID.multiply(b),
    "walls": lambda a, b: WALLED.laplacian + WALLED.identity,
    "gradient": lambda a, b: GRID.gradient,
    "hessian": lambda a, b: GRID.hessian,
    "divergence of components": lambda a, b: GRID.divergence @ GRID.gradient,
    "product": lambda a, b: GRID.diffuse(a * a) @ GRID.laplacian,
    "sum": lambda a, b: GRID.diffuse(a * a) @ GRID.laplacian + GRID.identity,
    "norm": lambda a, b: GRID.gradient_norm,
    "squares": lambda a, b: GRID.gradient_squared,
}
NAMES = [name for name in MADE]


def made_of(name, rng, dtype=np.float64):
    a, b = rng.standard_normal((2, *SHAPE)).astype(dtype)
    return MADE[name](a, b)


def flat(result):
    return [part for entry in result for part in flat(entry)] if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("name", NAMES)
class TestAdds:
    def test_what_the_operator_gives(self, name, rng):
        operator, f = made_of(name, rng), rng.standard_normal((2, *SHAPE))
        value = operator(f)
        held = rng.standard_normal((*operator.outputs, *f.shape))
        expected = held + np.reshape(flat(value), held.shape)
        for _ in range(3):  # the long way, then the short one
            out = held.copy()
            assert operator(f, out=out, add=True) is out
            assert np.allclose(out, expected, rtol=0, atol=1e-13 * abs(expected).max())
        assert all(map(same_bits, flat(operator(f)), flat(value)))  # what was bound to plain calls stays
        threaded = held.copy()
        operator(f, out=threaded, workers=2, add=True)
        assert same_bits(threaded, out)

    @pytest.mark.parametrize(
        "dtype", [np.float16, np.float32, np.complex64, np.complex128, np.longdouble, np.int32]
    )
    def test_in_every_dtype(self, name, dtype, rng):
        if name in ("norm", "squares") and dtype in (np.complex64, np.complex128):
            return  # whose results are real
        operator = made_of(name, rng, np.float16)
        f = (10 * rng.standard_normal(SHAPE)).astype(dtype)
        value = operator(f)
        out = np.ones((*operator.outputs, *SHAPE), flat(value)[0].dtype)
        operator(f, out=out, add=True)
        wide = np.reshape(flat(value), out.shape).astype(np.result_type(np.float64, out.dtype)) + 1
        close = 40 * np.finfo(out.dtype).eps * abs(wide).max()
        assert np.allclose(out, wide, rtol=0, atol=close)

    def test_layouts_and_overlaps(self, name, rng):
        operator = made_of(name, rng)
        if operator.outputs:
            return
        f = rng.standard_normal(SHAPE)
        expected = f + operator(f)
        spoiled = f.copy()
        operator(spoiled, out=spoiled, add=True)
        assert np.allclose(spoiled, expected, rtol=0, atol=1e-13 * abs(expected).max())
        out = np.zeros((6, 10)).T[::2]
        out[...] = f
        operator(f, out=out, add=True)
        assert np.allclose(out, expected, rtol=0, atol=1e-13 * abs(expected).max())
        raw = np.zeros(f.nbytes + 4, np.uint8)[4:].view(np.float64).reshape(SHAPE)  # between its elements
        raw[...] = f
        operator(f, out=raw, add=True)
        assert np.allclose(raw, expected, rtol=0, atol=1e-13 * abs(expected).max())


class TestOnePass:
    def test_is_one_sweep_without_memory(self, rng):
        big = gg.Grid((600, 0.1), (500, 0.1))
        f, out, a = rng.standard_normal((3, 600, 500))
        operator = a * big.laplacian - big.advect((a, f))
        before = dict(ladder.counts)
        operator(f, out=out, add=True)
        assert ladder.counts == before
        tracemalloc.start()
        operator(f, out=out, add=True)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1 << 16

    def test_many_terms_take_several(self, rng):
        grid = gg.Grid(*[(5, 0.5)] * 2)
        f, held = rng.standard_normal((2, 5, 5))
        fields = rng.standard_normal((25, 5, 5))
        operator = sum((a * grid.derivative(k % 2) for k, a in enumerate(fields)), start=grid.identity)
        out = held.copy()
        operator(f, out=out, add=True)
        assert np.allclose(out, held + operator(f), rtol=0, atol=1e-12)


class TestTemporaries:
    @pytest.fixture(autouse=True)
    def small_ones_too(self, monkeypatch):
        monkeypatch.setattr(spare, "SMALL_BYTES", 0)

    def test_are_kept(self, rng):
        big = gg.Grid((600, 0.1), (500, 0.1))
        f, out, _ = rng.standard_normal((3, 600, 500))
        for operator in (big.laplacian @ big.laplacian, big.divergence @ big.gradient, big.laplacian @ big.laplacian + big.identity):  # fmt: skip
            expected = operator(f, out=out).copy()
            tracemalloc.start()
            for _ in range(3):
                operator(f, out=out)
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < f.nbytes // 4
            assert same_bits(out, expected)
            assert same_bits(operator(f), expected)

    def test_of_other_kinds_are_not_taken(self, rng):
        operator = GRID.laplacian @ GRID.laplacian + GRID.multiply(
            rng.standard_normal(SHAPE).astype(np.float32)
        )
        fields = [rng.standard_normal(SHAPE), rng.standard_normal((2, *SHAPE)), rng.standard_normal(SHAPE).astype(np.float32),
                  np.asfortranarray(rng.standard_normal(SHAPE)), rng.standard_normal(SHAPE) + 1j,
                  np.ma.array(rng.standard_normal(SHAPE), mask=np.eye(5, 6, dtype=bool))]  # fmt: skip
        expected = [(GRID.laplacian @ GRID.laplacian + operator.second)(f) for f in fields]
        for _ in range(2):
            for f, value in zip(fields, expected, strict=True):
                got = operator(f)
                assert type(got) is type(value)
                assert same_bits(np.asarray(got), np.asarray(value))

    def test_results_are_the_callers(self, rng):
        f, g = rng.standard_normal((2, *SHAPE))
        for operator in (GRID.identity @ GRID.identity, GRID.laplacian @ GRID.laplacian + GRID.identity):
            first = operator(f)
            copy = first.copy()
            operator(g)
            assert same_bits(first, copy)

    def test_threads_and_calls_inside(self, rng):
        operator = GRID.laplacian @ GRID.laplacian + GRID.identity
        square = operator @ operator
        fields = rng.standard_normal((8, *SHAPE))
        expected, wrong = [square(f) for f in fields], []

        def work(k):
            for _ in range(200):
                if not same_bits(square(fields[k]), expected[k]):
                    wrong.append(k)

        threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def test_a_failing_call_leaves_nothing_wrong(self, rng):
        operator, f = GRID.laplacian @ GRID.laplacian, rng.standard_normal(SHAPE)
        expected = operator(f)
        with pytest.raises(ValueError, match="out has shape"):
            operator(f, out=np.zeros((2, 2)))
        assert same_bits(operator(f), expected)


class TestLibraries:
    @pytest.mark.parametrize("library", parameters(has_memory=True))
    def test_the_numbers_of_numpy(self, library, rng):
        f, held = rng.standard_normal((2, *SHAPE))
        for operator in (GRID.laplacian, 1j * GRID.laplacian, GRID.laplacian @ GRID.laplacian):
            expected = held + 0 * operator(f)
            out = library.array(expected)
            operator(f, out=expected, add=True)
            operator(library.array(f), out=out, add=True)
            assert np.allclose(library.host(out), expected, rtol=0, atol=1e-12)

    def test_masks(self, rng):
        f, held = rng.standard_normal((2, *SHAPE))
        masked, out = (
            np.ma.array(f, mask=np.eye(5, 6, dtype=bool)),
            np.ma.array(held.copy(), mask=np.zeros(SHAPE, bool)),
        )
        GRID.laplacian(masked, out=out, add=True)
        expected = held + GRID.laplacian(masked)
        assert np.array_equal(out.mask, expected.mask)
        assert np.allclose(out.compressed(), expected.compressed())

    @pytest.mark.parametrize("name", QUANTITIES)
    def test_units(self, name):
        lib = Quantities(name)
        grid, plain = gg.Grid((6, lib.q(0.5, "km"))), gg.Grid((6, 0.5))
        f, out = np.arange(6.0) ** 2, lib.q(np.ones(6), "1 / km**2")
        grid.laplacian(f, out=out, add=True)
        lib.check(out, 1 + plain.laplacian(f), "1 / km**2")
        with pytest.raises(TypeError, match="give one in that unit"):
            grid.laplacian(f, out=lib.q(np.ones(6), "km"), add=True)


class TestErrors:
    @pytest.mark.parametrize("name", NAMES)
    def test_without_an_output(self, name, rng):
        operator = made_of(name, rng)
        assert isinstance(operator, Called) or operator.parts
        f = np.zeros(SHAPE)
        for _ in range(2):
            with pytest.raises(
                TypeError, match=r"add=True adds to what out= holds; give it, A\(f, out=o, add=True\)"
            ):
                operator(f, add=True)
            with pytest.raises(TypeError, match="add must be True or False, got 'o'"):
                operator(f, out=np.zeros(SHAPE), add="o")
            operator(f)
