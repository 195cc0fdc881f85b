"""What every back end promises: the same bits, facts that a plan depends on, and a look at addresses in every call."""

from __future__ import annotations

import re
from importlib import import_module

import numpy as np
import pytest
from libraries import parameters
from own_arrays import Own
from samples import noise, same_bits

import gridgrad as gg
from gridgrad._backends import dispatch, ladder
from gridgrad._backends.protocol import Backend

GRID = gg.Grid(np.array([0.0, 1, 3, 4, 7, 8]), (6, 0.5))
EVERY = pytest.mark.parametrize("library", parameters())
WITH_MEMORY = pytest.mark.parametrize("library", parameters(has_memory=True))


def ways():
    return gg.show_config("dict")["ways"]


def bound(library, f, operator=GRID.gradient):
    """The back end, the plan and the dtype of an operator on an array, and what it gives."""
    own, f = dispatch.samples(f)
    terms, outputs = operator.pattern.terms_for(tuple(f.shape)), int(np.prod(operator.outputs))
    results = ladder.operate(own, terms, [f], outputs)
    return own, ladder.bound(own, terms, [f], results), results


class TestEveryLibrary:
    @EVERY
    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128, np.int32])
    def test_same_numbers(self, library, dtype, rng):
        a = noise(rng, GRID.shape, dtype)
        with library.wide():
            f = library.array(a)
            for operator in (GRID.gradient, GRID.laplacian.with_(accuracy=4), GRID.hessian.T):
                fields = f if not operator.inputs else ((f, f), (f, f))
                own = a if not operator.inputs else ((a, a), (a, a))
                for got, wanted in zip(flat(operator(fields)), flat(operator(own)), strict=True):
                    assert type(got) is type(f)
                    np.testing.assert_allclose(library.host(got), wanted, rtol=1e-5, atol=1e-5)
                    assert library.host(got).dtype == wanted.dtype

    @EVERY
    def test_stacked_components_are_those_of_a_sequence(self, library, rng):
        """Also of arrays that may not be iterated over, nor have a length."""
        F = noise(rng, (2, *GRID.shape), np.float64)
        ocean, line = GRID.with_mask(F[0] > -0.5), gg.Grid((6, 0.5))
        tensor = np.array([[F[0], F[1]], [F[1], F[0]]])
        calls = [
            (GRID.vector_laplacian, F), (GRID.jacobian, F), (GRID.gradient.T, F), (GRID.hessian.T, tensor), (ocean.divergence, F),
            (line.divergence, F[:1, 0]), (lambda F: gg.curl(F, 0.5, 0.1), F), (lambda F: gg.divergence(F, 0.5, missing="one-sided"), F[:1, 0]),
            (lambda F: gg.advect(F, F[0, ...], 0.5), F), (lambda F: GRID.advect(F, upwind=1)(F[1, ...]), F),
            (lambda F: gg.directional_derivative(F[0, ...], F, 0.5), F), (lambda k: GRID.diffuse(k, form="tensor")(k[0, 0, ...]), tensor),
        ]  # fmt: skip
        with library.wide():
            for call, a in calls:
                got, wanted = call(library.array(a)), call(a)
                for one, other in zip(flat(got), flat(wanted), strict=True):
                    np.testing.assert_allclose(library.host(one), other, rtol=1e-12, atol=1e-12)

    @EVERY
    def test_a_library_is_one_object(self, library, rng):
        f = library.array(noise(rng, GRID.shape))
        own, cleaned = dispatch.samples(f)
        assert isinstance(own, Backend)
        assert own is dispatch.library_of(type(f))
        assert cleaned.shape == f.shape
        assert own.operations(f).float64 is not None

    @EVERY
    def test_facts_or_no_memory(self, library, rng):
        f = library.array(noise(rng, GRID.shape))
        own, f = dispatch.samples(f)
        assert (own.facts(f) is not None) == library.has_memory
        if not library.has_memory:
            with pytest.raises(NotImplementedError, match="no memory that kernels read"):
                own.memory(f)
            with pytest.raises(TypeError, match="out= is not supported"):
                GRID.laplacian(f, out=f)


def flat(results):
    return [a for part in results for a in flat(part)] if isinstance(results, tuple) else [results]


@WITH_MEMORY
class TestFacts:
    def test_equal_where_a_plan_fits(self, library, rng):
        a = noise(rng, (6, 6))
        own, f = dispatch.samples(library.array(a))
        same = {own.facts(f), own.facts(library.array(a + 1)), own.facts(library.array(a)[:, :])}
        assert len(same) == 1
        others = [library.array(a)[:3], library.array(a)[:, ::2], library.array(a.astype(np.float32)),
                  library.array(noise(rng, 36))]  # fmt: skip
        assert len(same | {own.facts(other) for other in others}) == 5

    def test_run_is_operate(self, library, rng):
        f = library.array(noise(rng, GRID.shape))
        own, plan, wanted = bound(library, f)
        before = ways()
        got = own.bind(plan, wanted[0].dtype, f)([f], None, None)
        assert ways() == before | {"kernel": before["kernel"] + 1}
        targets = [own.empty(f), own.empty(f)]
        into = own.bind(plan, wanted[0].dtype, f)([f], targets, None)
        assert all(a is b for a, b in zip(into, targets, strict=True))
        for results in (got, into):
            for a, b in zip(results, wanted, strict=True):
                assert same_bits(library.host(a), library.host(b))

    @pytest.mark.parametrize("workers", [None, 1, 2])
    def test_many_arrays_and_threads(self, library, workers, rng):
        f = library.array(noise(rng, GRID.shape))
        own, plan, wanted = bound(library, f, GRID.hessian)
        for a, b in zip(own.bind(plan, wanted[0].dtype, f)([f], None, workers), wanted, strict=True):
            assert same_bits(library.host(a), library.host(b))
        assert own.bind(plan, wanted[0].dtype, f)([f], [*wanted[:3], f], workers) is None
        assert own.bind(plan, wanted[0].dtype, f)([f], [*wanted[:3], wanted[0]], workers) is None

    def test_addresses_are_looked_at(self, library, rng):
        """Memory that overlaps, in part or wholly, is left alone."""
        a = noise(rng, (7, 6))
        whole = library.array(a)
        f, shifted = whole[:6], whole[1:]
        own, plan, _ = bound(library, f, GRID.laplacian)
        assert own.facts(f) == own.facts(shifted)
        for target in (f, shifted):
            assert own.bind(plan, f.dtype, f)([f], [target], None) is None
        assert same_bits(library.host(whole), a)

    def test_what_takes_more_than_a_sweep_is_not_bound(self, library, rng):
        f = library.array(noise(rng, GRID.shape))
        own = dispatch.samples(f)[0]
        extreme = gg.Grid((6, 1e-310)).derivative(0).pattern.terms_for((6,))
        assert ladder.bound(own, extreme, [f[:, 0]], [f[:, 0]]) is None
        empty = f[:, :0]
        assert ladder.bound(own, GRID.laplacian.terms, [empty], [empty]) is None


class TestOut:
    @WITH_MEMORY
    def test_overlap_of_every_kind(self, library, rng):
        a = noise(rng, (7, 6))
        wanted = GRID.laplacian(a[:6].copy())
        for first, second in ((0, 0), (0, 1), (1, 0)):
            whole = library.array(a if first == 0 else np.roll(a, 1, axis=0))
            f, out = whole[first : first + 6], whole[second : second + 6]
            GRID.laplacian(f, out=out)
            assert same_bits(library.host(out), wanted)

    @pytest.mark.parametrize("library", parameters("own_arrays", has_memory=True))
    @pytest.mark.parametrize("wrong", ["shape", "dtype"])
    def test_what_to_type_instead(self, library, wrong, rng):
        """The remedy of the message, as it stands there, is an output that fits."""
        f = library.array(noise(rng, GRID.shape))
        out = library.array(noise(rng, (2, 2) if wrong == "shape" else GRID.shape, np.float32))
        with pytest.raises((ValueError, TypeError), match=f"out has {wrong}") as caught:
            gg.laplacian(f, out=out)
        remedy = re.search(r"give (.*)", str(caught.value))[1]
        root = library.module.partition(".")[0]
        fitting = eval(remedy, {root: import_module(root), "f": f})
        assert same_bits(library.host(gg.laplacian(f, out=fitting)), gg.laplacian(library.host(f)))


class TestMoreThanMemory:
    """Arrays without facts, and those whose address no plan may be run at."""

    def test_of_numpy(self, rng):
        a = noise(rng, GRID.shape)
        own, plan, _ = bound(None, a, GRID.laplacian)
        assert own.facts(np.ma.array(a)) is None
        assert own.facts(a.astype("M8[s]")) is None
        swapped = a.astype(a.dtype.newbyteorder())
        assert own.facts(swapped) not in (None, own.facts(a))
        assert bound(None, swapped, GRID.laplacian)[1] is None  # through a copy
        out = np.zeros_like(a)
        out.flags.writeable = False
        assert own.bind(plan, a.dtype, a)([a], [out], None) is None
        raw = np.empty(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
        assert own.facts(raw) == own.facts(a)
        for inputs, out in (([raw], None), ([a], [raw])):
            for workers in (None, 2):
                assert own.bind(plan, a.dtype, a)(inputs, out, workers) is None

    @pytest.mark.filterwarnings("ignore:.*torch.jit.script.*:DeprecationWarning")
    def test_of_torch(self, rng):
        torch = pytest.importorskip("torch")
        t = torch.from_numpy(noise(rng, GRID.shape).copy())
        own, plan, (wanted,) = bound(None, t, GRID.laplacian)
        leaf = t.clone().requires_grad_()
        for more in (leaf, leaf * 2, torch.complex(t, t).conj(), torch._efficientzerotensor(t.shape, dtype=t.dtype),
                     t.to("meta"), type("Own", (torch.Tensor,), {})(t)):  # fmt: skip
            assert own.facts(more) is None
        with torch.no_grad():
            assert own.facts(leaf) == own.facts(t)
            assert own.bind(plan, t.dtype, t)([t], [leaf], None) is None
        with torch.inference_mode():
            assert torch.equal(own.bind(plan, t.dtype, t)([t], None, None)[0], wanted)
            assert torch.equal(own.bind(plan, t.dtype, t)([t], [torch.empty_like(t)], None)[0], wanted)
        seen = []
        torch.func.vmap(lambda row: seen.append((own.facts(row), own.facts(t))) or row)(t)
        assert seen == [(None, own.facts(t))]
        dual = torch.autograd.forward_ad
        with dual.dual_level():
            assert own.facts(dual.make_dual(t, t)) is None
            assert own.facts(t) is not None

    def test_an_output_that_a_graph_saved(self, rng):
        torch = pytest.importorskip("torch")
        t = torch.from_numpy(noise(rng, GRID.shape).copy())
        own, plan, _ = bound(None, t, GRID.laplacian)
        out, weights = torch.ones_like(t), torch.ones_like(t).requires_grad_()
        product = (out * weights).sum()
        own.bind(plan, t.dtype, t)([t], [out], None)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            product.backward()


class TestANewLibrary:
    """`own_arrays`: a class of 50 lines."""

    def test_its_size(self):
        import inspect

        assert len(inspect.getsource(Own).splitlines()) <= 50

    def test_it_has_the_kernels(self, rng):
        from own_arrays import Array

        k, f = 1 + abs(noise(rng, GRID.shape)), noise(rng, GRID.shape)
        before = ways()
        got = GRID.diffuse(Array(k))(Array(f))
        assert ways() == before | {"kernel": before["kernel"] + 1}
        assert same_bits(got.numbers, GRID.diffuse(k)(f))

    def test_all_that_the_ladder_knows(self, rng):
        """Unaligned memory, splits, slices, stacks."""
        from own_arrays import Array

        f = noise(rng, GRID.shape)
        raw = np.empty(f.nbytes + 1, np.uint8)[1:].view(f.dtype).reshape(f.shape)
        raw[...] = f
        assert same_bits(GRID.laplacian(Array(raw)).numbers, GRID.laplacian(f))
        wide = noise(rng, (3,) * 9)
        for a, b in zip(gg.gradient(Array(wide)), gg.gradient(wide), strict=True):
            assert same_bits(a.numbers, b)
        tiny = gg.Grid((6, 1e-310), axes=0)
        assert same_bits(tiny.derivative(0)(Array(f * 1e-300)).numbers, tiny.derivative(0)(f * 1e-300))
        stacked = GRID.jacobian(Array(np.stack([f, f])))
        assert same_bits(stacked.numbers, GRID.jacobian(np.stack([f, f])))
