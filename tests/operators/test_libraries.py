"""Every operator on torch, JAX, Dask and the array API, and by each way of running on NumPy: the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from operator_cases import BOUNDARIES, CASES, SHAPE, coefficients_of, field_of, flat, setting, shared_setting
from samples import LAYOUTS, frozen, same_bits

import gridgrad as gg
from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy import arrays
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._operators.patterns import binding, calls

EPS = np.finfo(float).eps
ENDS = ["each another", "walls and mirrors"]


def moved(fields, change):
    """Nested fields with each array changed."""
    if isinstance(fields, (list, tuple)):
        return [moved(part, change) for part in fields]
    return None if fields is None else change(fields)


class Example:
    """A field, a dual field and coefficients of an operator, as NumPy arrays, and its results."""

    def __init__(self, name, ends="each another", dtype=np.float64, shape=SHAPE):
        self.case, self.grid = CASES[name], shared_setting("coordinates", ends).grid
        rng = np.random.default_rng(3)
        self.coefficients = coefficients_of(name, rng, shape, 3, dtype)
        self.operator = self.case.make(self.grid, self.coefficients)
        self.f = field_of(self.operator.inputs, rng, shape, dtype)
        self.g = field_of(self.operator.outputs, rng, shape, dtype)
        self.result = flat(self.operator(self.f))
        self.adjoint = flat(self.operator.adjoint(self.g))

    def on(self, change):
        """The operator with its coefficients, and both fields, of another library."""
        return (
            self.case.make(self.grid, moved(self.coefficients, change)),
            moved(self.f, change),
            moved(self.g, change),
        )


class TestWaysOfRunning:
    """The compiled core, array slices, one and many threads, the short way of a second call."""

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex128, np.int32],
                             ids=lambda d: np.dtype(d).name)  # fmt: skip
    @pytest.mark.parametrize("kind", ["coordinates", "steps"])
    def test_core_and_slices_on_a_long_double_grid(self, core, kind, dtype):
        """The data decides the arithmetic type, whatever the grid's weights are kept in."""
        rng = np.random.default_rng(4)
        for ends in BOUNDARIES:
            third = setting(kind, ends, dtype=np.longdouble).grid
            for name, case in CASES.items():
                if case.coefficients:
                    continue
                operator = case.make(third, None)
                f = field_of(operator.inputs, rng, SHAPE, dtype)
                terms = operator.pattern.terms_for(SHAPE)
                count = max(t.output for t in terms) + 1
                compiled = flat(operator(f))
                sliced = slices.apply(NUMPY, terms, flat(f), count)
                assert all(same_bits(a, b) for a, b in zip(compiled, sliced, strict=True)), (ends, name)

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64, np.complex128, np.int32],
                             ids=lambda d: np.dtype(d).name)  # fmt: skip
    @pytest.mark.parametrize("name", CASES)
    def test_core_and_slices(self, core, monkeypatch, name, dtype):
        for ends in BOUNDARIES:
            example = Example(name, ends, dtype)
            with monkeypatch.context() as patch:
                patch.setattr(ladder.Ladder, "sliced", refuse)
                compiled = flat(example.operator(moved(example.f, np.array)))
                back = flat(example.operator.adjoint(moved(example.g, np.array)))
            assert all(same_bits(a, b) for a, b in zip(compiled, example.result, strict=True))
            with monkeypatch.context() as patch:
                patch.setattr(arrays, "storage_of", lambda dtype: None)
                patch.setattr(calls.Calls, "again", lambda *arguments: None)
                patch.setattr(binding, "first", lambda *arguments: None)
                sliced = flat(example.operator(example.f))
                sliced_back = flat(example.operator.adjoint(example.g))
            for a, b in zip((*compiled, *back), (*sliced, *sliced_back), strict=True):
                assert same_bits(a, b)

    @pytest.mark.parametrize("name", CASES)
    def test_threads_and_repeated_calls(self, name):
        example = Example(name)
        for workers in (1, 2, 5):
            for a, b in zip(flat(example.operator(example.f, workers=workers)), example.result, strict=True):
                assert same_bits(a, b)
            for a, b in zip(
                flat(example.operator.adjoint(example.g, workers=workers)), example.adjoint, strict=True
            ):
                assert same_bits(a, b)
        for _ in range(3):  # from now on plans are known
            for a, b in zip(flat(example.operator(example.f)), example.result, strict=True):
                assert same_bits(a, b)

    def test_a_known_call_sees_other_numbers_layouts_and_dtypes(self, rng):
        grid = shared_setting("coordinates", "one-sided").grid
        f = rng.standard_normal(SHAPE)
        for _ in range(2):
            for layout in LAYOUTS.values():
                for dtype in (np.float64, np.float32, np.complex128, np.int16):
                    there = layout(frozen((8 * f).astype(dtype)))
                    fresh = gg.Grid(*grid.coordinates).laplacian(np.array(there))
                    assert same_bits(grid.laplacian(there), fresh)
                    f = f + 1

    def test_streaming_and_large_fields(self, core, rng):
        grid = gg.Grid(
            (40, 0.1),
            np.cumsum(rng.uniform(0.5, 2, 50)),
            (60, 0.3),
            boundary=["periodic", "one-sided", "reflect"],
        )
        f, k = rng.standard_normal((40, 50, 60)), rng.uniform(1, 2, (40, 50, 60))
        for operator in (grid.laplacian, grid.hessian, grid.diffuse(k), grid.laplacian.with_(form="wide")):
            plain = flat(operator(f, workers=1))
            before = core.gg_use_stream_bytes(0)
            try:
                streamed = flat(operator(f, workers=3))
            finally:
                core.gg_use_stream_bytes(before)
            assert all(same_bits(a, b) for a, b in zip(plain, streamed, strict=True))


def refuse(*arguments):
    raise AssertionError("the compiled side went through the slices")


class TestTorch:
    @pytest.fixture(autouse=True)
    def torch(self):
        self.torch = pytest.importorskip("torch")
        self.tensor = lambda a: self.torch.from_numpy(np.array(a))

    def same(self, tensors, arrays):
        return all(isinstance(t, self.torch.Tensor) and same_bits(t.detach().numpy(), a)
                   for t, a in zip(flat(tensors), arrays, strict=True))  # fmt: skip

    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128], ids=lambda d: np.dtype(d).name)
    @pytest.mark.parametrize("ends", ENDS)
    @pytest.mark.parametrize("name", CASES)
    def test_the_bits_of_numpy(self, name, ends, dtype):
        example = Example(name, ends, dtype)
        operator, f, g = example.on(self.tensor)
        assert self.same(operator(f), example.result)
        assert self.same(operator.adjoint(g), example.adjoint)
        assert all(t.dtype == getattr(self.torch, np.dtype(dtype).name) for t in flat(operator(f)))

    @pytest.mark.parametrize("name", CASES)
    def test_stacked_out_and_integers(self, name):
        example = Example(name)
        operator, f, _ = example.on(self.tensor)
        out = moved(operator(f), self.torch.empty_like)
        assert operator(f, out=out) is out
        assert self.same(out, example.result)
        if operator.inputs:
            stacked = operator(self.torch.stack(f))
            assert stacked.shape == (*operator.outputs, *SHAPE)
            assert self.same(list(stacked.reshape(-1, *SHAPE)), example.result)
            assert operator(self.torch.stack(f), out=self.torch.empty_like(stacked)).shape == stacked.shape
        whole = moved(example.f, lambda a: (10 * a).astype(np.int64))
        assert self.same(operator(moved(whole, self.tensor)), flat(example.operator(whole)))

    @pytest.mark.parametrize("ends", ["each another", "walls and mirrors"])
    @pytest.mark.parametrize("name", CASES)
    def test_autograd_is_the_adjoint(self, name, ends):
        """Of the samples; the tracked result has the same bits as the untracked one."""
        example = Example(name, ends)
        operator, f, g = example.on(self.tensor)
        tracked = moved(f, lambda t: t.requires_grad_())
        results = operator(tracked)
        assert self.same(results, example.result)
        loss = sum((r * w).sum() for r, w in zip(flat(results), flat(g), strict=True))
        gradients = self.torch.autograd.grad(loss, flat(tracked))
        sizes = abs(example.operator.to_sparse()).T @ np.concatenate(
            [np.abs(w).ravel() for w in flat(example.g)]
        )
        got = np.concatenate([t.numpy().ravel() for t in gradients])
        wanted = np.concatenate([a.ravel() for a in example.adjoint])
        assert np.all(np.abs(got - wanted) <= 4 * example.case.roundings * EPS * (sizes + 1e-300))

    @pytest.mark.parametrize("name", ["advect", "diffuse"])
    def test_autograd_of_coefficients(self, name):
        example = Example(name)
        _, f, g = example.on(self.tensor)
        coefficients = moved(example.coefficients, lambda a: self.tensor(a).requires_grad_())
        operator = example.case.make(example.grid, coefficients)
        gradients = self.torch.autograd.grad((operator(f) * g).sum(), flat(coefficients))
        # The operator is linear in its coefficients: a change of one is its effect, exactly but for rounding.
        rng = np.random.default_rng(4)
        change = moved(example.coefficients, lambda a: rng.standard_normal(a.shape))
        effect = np.sum(example.g * example.case.make(example.grid, change)(example.f))
        inner = sum(np.sum(t.numpy() * c) for t, c in zip(gradients, flat(change), strict=True))
        assert abs(inner - effect) <= 1e-11 * np.sum(np.abs(example.g)) * np.abs(example.f).max()

    def test_second_derivatives_and_gradcheck(self):
        torch = self.torch
        grid = gg.Grid([0.0, 1, 3, 4, 6], (4, 0.5), boundary=["one-sided", "periodic"])
        f = torch.randn(
            5, 4, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(0)
        )
        k = (1 + f.detach() ** 2).requires_grad_()
        assert torch.autograd.gradcheck(lambda a: grid.laplacian.with_(form="wide")(a), (f,))
        assert torch.autograd.gradcheck(lambda a, c: grid.diffuse(c)(a), (f, k))
        assert torch.autograd.gradgradcheck(lambda a, c: grid.advect([c, a])(a), (f, k))
        assert torch.autograd.gradcheck(grid.gradient_norm, (f,))
        assert torch.autograd.gradgradcheck(grid.gradient_squared, (f,))

    def test_out_of_a_tracked_field_is_refused(self):
        f = self.torch.ones(SHAPE, dtype=self.torch.float64, requires_grad=True)
        grid = shared_setting("coordinates", "one-sided").grid
        with pytest.raises(TypeError, match=r"f requires grad, and writing into out= would cut the result"):
            grid.laplacian(f, out=self.torch.empty(SHAPE, dtype=self.torch.float64))

    def test_norm_coordinates_and_free_functions(self):
        f = np.random.default_rng(1).standard_normal((5, 6))
        t, x = self.tensor(f), self.torch.tensor([0.0, 1, 3, 4, 6], dtype=self.torch.float64)
        assert self.same(gg.laplacian(t, x, 0.5), [gg.laplacian(f, x.numpy(), 0.5)])
        assert self.same(gg.Grid(x, (6, 0.5)).laplacian(t), [gg.laplacian(f, x.numpy(), 0.5)])
        for function in (gg.gradient_norm, gg.gradient_squared):
            assert self.same(function(t, x, 0.5), [function(f, x.numpy(), 0.5)])
            assert self.same(function(t * (1 + 2j), x, 0.5), [function(f * (1 + 2j), x.numpy(), 0.5)])
        assert self.same(gg.curl([t, 2 * t], x, 0.5), [gg.curl([f, 2 * f], x.numpy(), 0.5)])


class TestJax:
    @pytest.fixture(autouse=True)
    def jax(self):
        self.jax = pytest.importorskip("jax")
        with self.jax.enable_x64(True):
            yield

    def close(self, example, got, wanted, transposed=False):
        """XLA may fuse and reorder: within the bound of any order of the same sums."""
        matrix = abs(example.operator.to_sparse())
        sizes = (matrix.T @ np.concatenate([np.abs(w).ravel() for w in flat(example.g)]) if transposed
                 else matrix @ np.concatenate([np.abs(w).ravel() for w in flat(example.f)]))  # fmt: skip
        got = np.concatenate([np.asarray(part).ravel() for part in flat(got)])
        wanted = np.concatenate([part.ravel() for part in wanted])
        return np.all(np.abs(got - wanted) <= 4 * example.case.roundings * EPS * sizes)

    @pytest.mark.parametrize("name", CASES)
    def test_under_jit(self, name):
        example = Example(name)
        operator, f, g = example.on(self.jax.numpy.asarray)
        result, back = self.jax.jit(lambda samples, dual: (operator(samples), operator.adjoint(dual)))(f, g)
        assert all(isinstance(part, self.jax.Array) for part in flat(result))
        assert self.close(example, result, example.result)
        assert self.close(example, back, example.adjoint, transposed=True)

    @pytest.mark.parametrize("name", ["laplacian", "mixed", "gradient", "diffuse"])
    def test_eager(self, name):
        example = Example(name)
        operator, f, g = example.on(self.jax.numpy.asarray)
        assert self.close(example, operator(f), example.result)
        assert self.close(example, operator.adjoint(g), example.adjoint, transposed=True)

    @pytest.mark.parametrize("name", ["laplacian", "mixed", "divergence", "diffuse", "curl"])
    def test_grad_is_the_adjoint(self, name):
        jnp = self.jax.numpy
        example = Example(name)
        operator, f, g = example.on(jnp.asarray)

        def loss(samples):
            return sum(jnp.sum(r * w) for r, w in zip(flat(operator(samples)), flat(g), strict=True))

        gradient = self.jax.jit(self.jax.grad(loss))(f)
        assert self.close(example, gradient, example.adjoint, transposed=True)

    def test_traced_coefficients_norm_and_refusals(self):
        jnp = self.jax.numpy
        example = Example("diffuse")
        f, k = jnp.asarray(example.f), jnp.asarray(example.coefficients)
        run = self.jax.jit(lambda samples, factor: example.grid.diffuse(factor)(samples))
        assert self.close(example, run(f, k), example.result)
        for operator in (example.grid.gradient_norm, example.grid.gradient_squared):
            np.testing.assert_allclose(self.jax.jit(operator)(f), operator(example.f), rtol=1e-14)
        with pytest.raises(TypeError, match="out= is not supported for arrays of jax"):
            example.grid.laplacian(f, out=f)
        stacked = example.grid.curl(jnp.stack([f, f, f]))
        assert stacked.shape == (3, *SHAPE)


class TestOthers:
    @pytest.mark.parametrize("name", CASES)
    def test_the_array_api_alone(self, name):
        strict = pytest.importorskip("array_api_strict")
        example = Example(name)
        operator, f, g = example.on(strict.asarray)
        for got, wanted in ((operator(f), example.result), (operator.adjoint(g), example.adjoint)):
            for a, b in zip(flat(got), wanted, strict=True):
                assert isinstance(a, type(strict.asarray(1.0)))
                assert np.array_equal(np.asarray(a), b)

    @pytest.mark.parametrize(
        ("name", "chunks"),
        [
            (name, (2, 3, 6))
            for name in CASES
            if name not in ("derivative 1", "directional", "jacobian", "vector laplacian")
        ]
        + [("laplacian", SHAPE), ("laplacian", (1, 5, 2)), ("diffuse", (1, 5, 2)), ("mixed", (4, 1, 1))],
    )
    def test_dask_is_lazy_and_has_the_same_bits(self, name, chunks):
        da = pytest.importorskip("dask.array")
        example = Example(name)
        operator, f, _ = example.on(lambda a: da.from_array(a, chunks=chunks))
        for lazy, wanted in zip(flat(operator(f)), example.result, strict=True):
            assert isinstance(lazy, da.Array)
            assert lazy.dtype == np.float64
            assert same_bits(lazy.compute(scheduler="synchronous"), wanted)
