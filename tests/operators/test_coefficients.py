"""Operators that take their fields at the call: in sums, products, adjoints, with every library, planned once."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg
from gridgrad._plan import plan as plan_module

X = np.array([0.0, 1, 3, 4, 6])
GRID = gg.Grid(X, (6, 0.5), boundary=["one-sided", ("reflect", "antireflect")])
RING = gg.Grid((5, 0.5), (6, 0.25), boundary="periodic")
SHAPE = GRID.shape

MADE = {  # name: (what is made of a velocity and a diffusivity, the fields that it takes)
    "advect": (lambda v, k: GRID.advect(v), "v"),
    "advect, accuracy": (lambda v, k: GRID.advect(v, accuracy=4), "v"),
    "directional": (lambda v, k: GRID.directional_derivative(v), "v"),
    "diffuse": (lambda v, k: GRID.diffuse(k), "k"),
    "step": (lambda v, k: GRID.identity - 0.1 * GRID.advect(v), "v"),
    "multiple": (lambda v, k: -(2.5 * GRID.diffuse(k)) / 3, "k"),
    "sum of both": (lambda v, k: 0.1 * GRID.diffuse(k) - GRID.advect(v) + GRID.identity, "vk"),
    "the same twice": (lambda v, k: GRID.advect(v) + 0.5 * GRID.directional_derivative(v), "v"),
    "adjoint": (lambda v, k: (GRID.identity + GRID.diffuse(k)).adjoint_operator(), "k"),
    "quadrature adjoint": (lambda v, k: GRID.advect(v).adjoint_operator("quadrature"), "v"),
    "transpose": (lambda v, k: (GRID.advect(v) + GRID.diffuse(k)).T, "vk"),
    "product": (lambda v, k: GRID.diffuse(k) @ GRID.advect(v), "vk"),
    "product of one": (lambda v, k: GRID.laplacian @ GRID.diffuse(k), "k"),
    "square": (lambda v, k: GRID.advect(v) @ GRID.advect(v), "v"),
    "sum with a product": (lambda v, k: GRID.advect(v) @ GRID.diffuse(k) - 2 * GRID.diffuse(k), "vk"),
    "divergence of a gradient": (lambda v, k: GRID.advect(v) @ GRID.divergence @ GRID.gradient, "v"),
}  # fmt: skip


def fields(rng, dtype=np.float64, shape=SHAPE):
    v = [rng.standard_normal(shape).astype(dtype) for _ in range(2)]
    return v, rng.uniform(1, 2, shape).astype(dtype)


def named(names, v, k):
    return {name: {"v": v, "k": k}[name] for name in names}


@pytest.mark.parametrize("name", MADE)
class TestEveryForm:
    def test_bits_of_a_new_operator(self, name, rng):
        make, names = MADE[name]
        operator, f = make(*fields(rng)), rng.standard_normal(SHAPE)
        before = operator(f)
        for dtype in (np.float64, np.float32):
            v, k = fields(rng, dtype)
            given = named(names, v, k)
            expected = make(v, k)(f)
            for _ in range(2):  # the long way, then the short one
                assert same_bits(operator(f, **given), expected)
                assert same_bits(operator(f, workers=2, **given), expected)
                out = np.empty_like(expected)
                assert operator(f, out=out, **given) is out
                assert same_bits(out, expected)
            spoiled = f.copy()
            assert operator(spoiled, out=spoiled, **given) is spoiled
            assert same_bits(spoiled, expected)
            batch = np.stack([f, 2 * f])
            assert same_bits(operator(batch, **given), make(v, k)(batch))
        assert same_bits(operator(f), before)

    def test_adjoints_and_matrices(self, name, rng):
        make, names = MADE[name]
        operator, g = make(*fields(rng)), rng.standard_normal(SHAPE)
        v, k = fields(rng)
        given, fresh = named(names, v, k), make(v, k)
        for weight in (None, "quadrature"):
            expected = fresh.adjoint(g, weight=weight)
            assert same_bits(operator.adjoint(g, weight=weight, **given), expected)
            assert same_bits(operator.adjoint_operator(weight)(g, **given), expected)
        assert same_bits(operator.T(g, **given), fresh.T(g))
        assert np.array_equal(operator.with_(**given).to_sparse().toarray(), fresh.to_sparse().toarray())
        linear = operator.with_(**given).to_linear_operator()
        assert same_bits(linear @ g.ravel(), fresh(g).ravel())
        assert same_bits(linear.H @ g.ravel(), fresh.adjoint(g).ravel())

    def test_what_was_given_at_a_call_is_not_kept(self, name, rng):
        make, names = MADE[name]
        v, k = fields(rng)
        operator, f = make(v, k), rng.standard_normal(SHAPE)
        other = pickle.loads(pickle.dumps(operator))
        given = named(names, *fields(rng))
        assert same_bits(operator(f, **given), other(f, **given))
        assert same_bits(other(f), operator(f))
        k *= 2
        v[0] *= 2
        assert same_bits(operator(f), make(v, k)(f))


class TestSwappedBuffers:
    def test_a_solver_that_swaps_follows_its_fields(self, rng):
        u, v = (0.3 * rng.standard_normal((2, 5, 6)) for _ in range(2))  # u[0], u[1]: now and next
        operator = RING.identity - 0.01 * RING.advect((u[0], v[0]))
        exact_u, exact_v = u[0].copy(), v[0].copy()
        now, new = [u[0], v[0]], [u[1], v[1]]
        for _ in range(7):
            for field, out in zip(now, new, strict=True):
                operator(field, out=out, v=now)
            now, new = new, now
            fresh = RING.identity - 0.01 * RING.advect((exact_u, exact_v))
            exact_u, exact_v = fresh(exact_u), fresh(exact_v)
        assert same_bits(now[0], exact_u)
        assert same_bits(now[1], exact_v)

    def test_no_plan_is_made_anew(self, rng, monkeypatch):
        v, k = fields(rng)
        operator = GRID.identity - 0.1 * GRID.advect(v) + GRID.diffuse(k)
        f, out = rng.standard_normal(SHAPE), np.empty(SHAPE)
        operator(f, out=out)
        packed = []
        monkeypatch.setattr(plan_module, "collapse", lambda *given: packed.append(given))
        for _ in range(3):
            v, k = fields(rng)
            operator(f, out=out, v=v, k=k)
        assert packed == []

    def test_operators_of_fields_are_planned_once(self, rng, monkeypatch):
        f = rng.standard_normal(SHAPE)
        for make in (GRID.advect, lambda v: 3 * GRID.diffuse(v[0])):
            make(fields(rng)[0])(f)
            packed = []
            monkeypatch.setattr(plan_module, "collapse", lambda *given, packed=packed: packed.append(given))
            make(fields(rng)[0])(f)
            assert packed == []
            monkeypatch.undo()


class TestNumbersAndShapes:
    def test_numbers_stay_numbers(self, rng):
        u, w, f = rng.standard_normal((3, *SHAPE))
        operator = 3 * GRID.advect((0.1, u))
        assert same_bits(operator(f, v=(0.1, w)), (3 * GRID.advect((0.1, w)))(f))

    def test_fields_that_broadcast(self, rng):
        f, k = rng.standard_normal(SHAPE), rng.uniform(1, 2, SHAPE)
        operator = GRID.diffuse(k)
        rows = rng.uniform(1, 2, (5, 1))
        for given in (rows, rows.tolist(), np.array(1.5), np.arange(6) + 1):
            assert same_bits(operator(f, k=given), GRID.diffuse(np.asarray(given))(f))
        stacked = rng.standard_normal((2, *SHAPE))
        assert same_bits(GRID.advect(list(stacked))(f, v=stacked[::-1]), GRID.advect(stacked[::-1])(f))

    def test_on_one_axis(self, rng):
        line, f, u, w = gg.Grid(X), *rng.standard_normal((3, 5))
        for given in (w, [w], (w,)):
            assert same_bits(line.advect(u)(f, v=given), line.advect(w)(f))

    def test_complex_fields_and_their_adjoint(self, rng):
        f, u, w = (rng.standard_normal(SHAPE) + 1j * rng.standard_normal(SHAPE) for _ in range(3))
        operator = GRID.advect((u, 2.0)) + GRID.diffuse(u)
        fresh = GRID.advect((w, 2.0)) + GRID.diffuse(w)
        given = {"v": (w, 2.0), "k": w}
        assert same_bits(operator(f, **given), fresh(f))
        assert same_bits(operator.adjoint(f, **given), fresh.adjoint(f))
        twice = operator.adjoint_operator().adjoint_operator()
        assert np.allclose(twice(f, **given), fresh(f), rtol=0, atol=1e-12)
        real = {"v": (w.real, 2.0), "k": w.real}
        assert np.allclose(operator(f, **real), (GRID.advect((w.real, 2.0)) + GRID.diffuse(w.real))(f))


F, U, K = np.random.default_rng(3).uniform(1, 2, (3, *SHAPE))
STEP = GRID.identity - GRID.advect((U, K))
TWO = GRID.advect((U, K)) + GRID.advect((K, U))
REFUSED = {
    "an unknown name": (lambda: STEP(F, k=K), TypeError, r"unexpected keyword argument 'k'; an operator has a diffusivity from where it was made: grid.diffuse\(k\)\(f\)"),
    "a word of another function": (lambda: STEP(F, axis=0), TypeError, r"unexpected keyword argument 'axis'; the grid has it from where it was made: Grid\(x, axes=\(0,\)\).laplacian\(f\), and of one axis there is Grid\(x\).derivative\(0\)"),
    "of both kinds": (lambda: (STEP + GRID.diffuse(K))(F, u=K), TypeError, "unexpected keyword argument 'u'; it takes f=, out=, workers=, add=, v=, k="),
    "no fields at all": (lambda: GRID.hessian(F, v=K), TypeError, r"unexpected keyword argument 'v'; an operator has a velocity from where it was made: grid.advect\(\(u, v\)\)\(f\)"),
    "no fields in a product": (lambda: (GRID.laplacian @ GRID.laplacian)(F, k=K), TypeError, r"unexpected keyword argument 'k'; .* grid.diffuse\(k\)\(f\)"),
    "a long name": (lambda: STEP(F, velocity=(U, K)), TypeError, "unexpected keyword argument 'velocity'; here it is v="),
    "a long name of two": (lambda: TWO(F, velocity=(U, K)), TypeError, "unexpected keyword argument 'velocity'; here it is v="),
    "in an adjoint": (lambda: STEP.adjoint(F, wieght=None), TypeError, r'unexpected keyword argument .wieght.; adjoints have weights: grid.gradient.adjoint\(g, weight="quadrature"\)'),
    "in with_": (lambda: STEP.with_(k=K), TypeError, r"unexpected keyword argument 'k'; .* grid.diffuse\(k\)\(f\)"),
    "two velocities": (lambda: TWO(F, v=(U, K)), TypeError, "v= is ambiguous: 2 operators of this expression were made with different v; apply each with its own and combine the results"),
    "two in a product": (lambda: (GRID.diffuse(K) @ GRID.diffuse(U))(F, k=K), TypeError, "k= is ambiguous"),
    "two in a sum of products": (lambda: (GRID.diffuse(K) @ GRID.laplacian + GRID.diffuse(U))(F, k=K), TypeError, "k= is ambiguous"),
    "other places of numbers": (lambda: (GRID.advect((1.0, U)) + GRID.advect((U, 1.0)))(F, v=(U, K)), TypeError, "v= is ambiguous"),
    "only numbers": (lambda: GRID.diffuse(2.0)(F, k=K), TypeError, "k was given as numbers, which are in the weights; make the operator with arrays to give others later"),
    "a number for a field": (lambda: STEP(F, v=(U, 2.0)), TypeError, r"v\[1\] is the number 2.0, but the operator was made with a field there; give an array, also a 0-dimensional one"),
    "another number": (lambda: GRID.advect((1.5, U))(F, v=(2.5, U)), ValueError, r"v\[0\] was made part of the weights, as the number 1.5; give that again, or make the operator with an array there, numpy.full\(grid.shape, 1.5\)"),
    "a field for a number": (lambda: GRID.advect((1.5, U))(F, v=(K, U)), ValueError, r"v\[0\] was made part of the weights, as the number 1.5"),
    "too few": (lambda: STEP(F, v=(U,)), ValueError, "v has 1 component, but the grid has 2 axes; give one for each"),
    "one array": (lambda: STEP(F, v=2.0), TypeError, "v must have one component for each of 2 axes, got 2.0"),
    "another shape": (lambda: STEP(F, v=(U, K.T)), ValueError, r"v\[1\] of shape \(6, 5\) does not broadcast to the field's shape \(5, 6\)"),
    "booleans": (lambda: GRID.diffuse(K)(F, k=K > 1.5), TypeError, "k has dtype bool"),
    "None": (lambda: GRID.diffuse(K)(F, k=None), TypeError, "k is None"),
}  # fmt: skip


@pytest.mark.parametrize("fault", REFUSED)
def test_refused(fault):
    call, error, message = REFUSED[fault]
    with pytest.raises(error, match=message):
        call()


def test_remedies():
    """What the refusals above say to type."""
    a, b = GRID.advect((U, K)), GRID.advect((K, U))
    np.testing.assert_allclose(
        a(F, v=(K, F)) + b(F, v=(F, U)), (GRID.advect((K, F)) + GRID.advect((F, U)))(F), atol=1e-12
    )
    assert same_bits(STEP(F, v=(U, np.array(2.0))), (GRID.identity - GRID.advect((U, np.array(2.0))))(F))
    full = GRID.advect((np.full(GRID.shape, 1.5), U))
    assert same_bits(full(F, v=(K, U)), GRID.advect((K, U))(F))
    assert same_bits(GRID.diffuse(np.full(SHAPE, 2.0))(F, k=K), GRID.diffuse(K)(F))


class TestTorch:
    @pytest.fixture
    def torch(self):
        return pytest.importorskip("torch")

    @pytest.mark.parametrize("name", MADE)
    def test_values_and_derivatives(self, name, torch, rng):
        make, names = MADE[name]
        v, k = fields(rng)
        f = torch.as_tensor(rng.standard_normal(SHAPE)).requires_grad_()
        tensors = [torch.as_tensor(c).requires_grad_() for c in (*v, k)]
        operator = make([torch.ones(SHAPE, dtype=torch.float64)] * 2, torch.ones(SHAPE, dtype=torch.float64))
        got = operator(f, **named(names, tensors[:2], tensors[2]))
        fresh = make(tensors[:2], tensors[2])(f)
        assert torch.equal(got, fresh)
        weights = torch.as_tensor(rng.standard_normal(SHAPE))
        grads = [
            torch.autograd.grad((weights * r).sum(), [f, *tensors], allow_unused=True) for r in (got, fresh)
        ]
        for a, b in zip(*grads, strict=True):
            assert (a is None) == (b is None)
            assert a is None or torch.equal(a, b)

    def test_compiled(self, torch, rng):
        """Also on grids that end differently, whose weighted adjoint multiplies by a ratio of measures."""
        here, ring = gg.Grid((6, 0.1), (5, 0.5)), gg.Grid((6, 0.1), (5, 0.5), boundary="periodic")
        k, other, f = (torch.as_tensor(rng.uniform(1, 2, (6, 5))) for _ in range(3))
        simple = here.identity - 0.1 * here.advect((k, 2.0))
        mixed = here.laplacian @ ring.diffuse(k) + here.diffuse(k)

        def step(f, k):
            return simple(f, v=(k, 2.0)) + mixed(f, k=k) + mixed.adjoint(f, weight="quadrature", k=k)

        assert torch.equal(torch.compile(step, fullgraph=True, backend="aot_eager")(f, other), step(f, other))


class TestJax:
    @pytest.fixture
    def jax(self):
        jax = pytest.importorskip("jax")
        with jax.enable_x64(True):
            yield jax

    @pytest.mark.parametrize("name", ["step", "sum of both", "quadrature adjoint", "square"])
    def test_traced_fields(self, name, jax, rng):
        make, names = MADE[name]
        f, v, k = rng.standard_normal(SHAPE), *fields(rng)
        ones = jax.numpy.ones(SHAPE)
        operator = make([ones, ones], ones)

        @jax.jit
        def energy(f, v, k):
            return (operator(f, **named(names, v, k)) ** 2).sum()

        def fresh(f, v, k):
            return (make(v, k)(f) ** 2).sum()

        given = [jax.numpy.asarray(f), [jax.numpy.asarray(c) for c in v], jax.numpy.asarray(k)]
        np.testing.assert_allclose(energy(*given), fresh(*given), rtol=1e-12)
        slope, expected = (jax.grad(function, argnums=(1, 2))(*given) for function in (energy, fresh))
        for a, b in zip(jax.tree.leaves(slope), jax.tree.leaves(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10 * float(abs(b).max()))
