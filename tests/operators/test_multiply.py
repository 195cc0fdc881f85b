"""Numbers and fields times operators: matrices, one pass, adjoints, names, libraries, derivatives."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from libraries import parameters
from quantities import LIBRARIES as QUANTITIES
from quantities import Library as Quantities
from samples import same_bits

import gridgrad as gg
from gridgrad._operators.joined import Product, Sum
from gridgrad._operators.sweep import Sweep

X = np.array([0.0, 1, 3, 4, 6])
GRID = gg.Grid(X, (6, 0.5), boundary=["one-sided", ("reflect", "antireflect")])
RING = gg.Grid((6, 0.5), X, axes=[-1, -2], boundary=["periodic", ("symmetric", "antisymmetric")])
SHAPE = GRID.shape
SUMMED = 1e-13  # a few roundings of sums of a dozen weights, the largest of which is 16

MADE = {  # operators of a scalar field on a grid, by a field that some of them are made of
    "identity": lambda grid, k: grid.identity,
    "first": lambda grid, k: grid.derivative(0),
    "second": lambda grid, k: grid.derivative(1, order=2),
    "mixed": lambda grid, k: grid.mixed_derivative(0, 1),
    "laplacian": lambda grid, k: grid.laplacian,
    "wide": lambda grid, k: grid.laplacian.with_(form="wide"),
    "diffuse": lambda grid, k: grid.diffuse(k),
    "step": lambda grid, k: grid.identity - 0.1 * grid.laplacian + grid.diffuse(k),
    "transport": lambda grid, k: 0.1 * grid.laplacian - grid.advect((k, 2.0)),
    "transposed": lambda grid, k: grid.advect((k, 2.0)).T,
    "product": lambda grid, k: grid.diffuse(k) @ grid.derivative(0),
    "sum": lambda grid, k: grid.laplacian @ grid.diffuse(k) + 2 * grid.identity,
}
WAYS = {  # what an operator becomes by two fields, and its matrix by those of the operator and of the fields
    "a * A": (lambda A, a, b: a * A, lambda M, a, b: a @ M),
    "A @ b": (lambda A, a, b: A @ A.grid.multiply(b), lambda M, a, b: M @ b),
    "a * A @ b": (lambda A, a, b: a * A @ A.grid.multiply(b), lambda M, a, b: a @ M @ b),
    "a * (A @ b)": (lambda A, a, b: a * (A @ A.grid.multiply(b)), lambda M, a, b: a @ M @ b),
    "3 * a * A": (lambda A, a, b: 3 * a * A, lambda M, a, b: 3 * a @ M),
    "a * b * A": (lambda A, a, b: a * (b * A), lambda M, a, b: a @ b @ M),
    "A - b": (lambda A, a, b: a * A - A.grid.multiply(b), lambda M, a, b: a @ M - b),
    "1j * A": (lambda A, a, b: 1j * A, lambda M, a, b: 1j * M),
    "(2 - 3j) * A": (lambda A, a, b: (2 - 3j) * (a * A), lambda M, a, b: (2 - 3j) * a @ M),
    "A / 2j": (lambda A, a, b: A / 2j, lambda M, a, b: M / 2j),
    "complex fields": (lambda A, a, b: (a + 1j) * A @ A.grid.multiply(1j * b), lambda M, a, b: (a + 1j * np.eye(len(a))) @ M @ (1j * b)),
}  # fmt: skip


def fields(rng, shape=SHAPE):
    return rng.uniform(1, 2, shape), rng.standard_normal(shape), rng.standard_normal((shape[0], 1))


def diagonal(field, shape=SHAPE):
    return np.diag(np.broadcast_to(field, shape).ravel())


def assert_close(value, expected):
    size = np.abs(expected).max()
    assert np.allclose(value, expected, rtol=0, atol=SUMMED * max(1, size)), np.abs(value - expected).max()


@pytest.mark.parametrize("grid", [GRID, RING], ids=["ends", "ring"])
@pytest.mark.parametrize("name", MADE)
class TestMatrices:
    """Every form of every way is that of the product of matrices."""

    def test_of_all_ways(self, name, grid, rng):
        k, a, b = fields(rng, grid.shape)
        operator = MADE[name](grid, k)
        matrix = operator.to_sparse().toarray()
        f = rng.standard_normal((2, *grid.shape))
        for way, (make, expect) in WAYS.items():
            made, expected = (
                make(operator, a, b),
                expect(matrix, diagonal(a, grid.shape), diagonal(b, grid.shape)),
            )
            assert_close(made.to_sparse().toarray(), expected)
            linear = made.to_linear_operator()
            assert (
                linear.dtype
                == made.to_sparse().dtype
                == (np.complex128 if "j" in way or "complex" in way else np.float64)
            )
            for field in (f[0], f[0] + 1j * f[1]):
                flat = field.ravel()
                assert_close(made(field).ravel(), expected @ flat)
                assert_close(made.T(field).ravel(), expected.T @ flat)
                assert_close(made.adjoint(field).ravel(), expected.conj().T @ flat)
            assert_close(linear @ f[0].ravel(), expected @ f[0].ravel())
            assert_close(linear.H @ f[0].ravel(), expected.conj().T @ f[0].ravel())

    def test_calls_are_alike(self, name, grid, rng):
        """In a batch, into `out`, over the field itself, on threads, as a pickle: the same bits."""
        k, a, b = fields(rng, grid.shape)
        f = rng.standard_normal((3, *grid.shape))
        for make, _ in WAYS.values():
            made = make(MADE[name](grid, k), a, b)
            expected = np.stack([made(one) for one in f])
            for _ in range(2):  # the long way, then the short one
                assert same_bits(made(f), expected)
                out = np.empty_like(expected)
                assert made(f, out=out, workers=2) is out
                assert same_bits(out, expected)
            assert same_bits(pickle.loads(pickle.dumps(made))(f), expected)
            if expected.dtype == f.dtype:
                spoiled = f.copy()
                made(spoiled, out=spoiled)
                assert same_bits(spoiled, expected)


class TestOnePass:
    def test_what_has_no_factor_there_is_one_sweep(self, rng):
        k, a, b = fields(rng)
        for name in ("identity", "first", "mixed", "laplacian", "wide", "diffuse", "step"):
            operator = MADE[name](GRID, k)
            for make in (
                WAYS["a * A"],
                WAYS["A @ b"],
                WAYS["a * A @ b"],
                WAYS["A - b"],
                WAYS["(2 - 3j) * A"],
            ):
                assert isinstance(make[0](operator, a, b), Sweep)
        assert isinstance(GRID.advect((k, 2.0)) @ GRID.multiply(b), Sweep)
        assert isinstance(GRID.multiply(a) @ GRID.multiply(b), Sweep)

    def test_what_has_one_keeps_a_field_between(self, rng):
        k, a, b = fields(rng)
        assert isinstance(a * GRID.advect((k, 2.0)), Product)
        assert isinstance(a * (b * GRID.laplacian), Product)
        assert isinstance(a * (GRID.laplacian @ GRID.laplacian + GRID.identity), Sum)

    def test_bits_of_a_factor_are_those_of_the_product(self, rng):
        """What comes out of one term is multiplied; rows of a product read each sample times the factor."""
        k, a, b = fields(rng)
        f = rng.standard_normal(SHAPE)
        for name in ("identity", "first", "second", "mixed"):
            operator = MADE[name](GRID, k)
            assert same_bits((a * operator)(f), operator(f) * a)
        even = gg.Grid((5, 0.5), (6, 0.25), boundary="periodic")  # weights of powers of 2
        assert same_bits(
            (even.laplacian @ even.multiply(b))(np.ones(SHAPE))[2:4], even.laplacian(b + 0 * f)[2:4]
        )

    def test_a_vector_costs_a_vector(self):
        r = np.arange(1.0, 6)[:, None]
        made = (1 / r) * GRID.derivative(0)
        assert made.coefficients[0].shape == (5, 1)
        assert_close(made(GRID.mesh()[0] ** 2), 2 * GRID.mesh()[0] / r)

    def test_nan_stays_where_it_is_not_read(self, rng):
        f = rng.standard_normal(SHAPE)
        f[2, 3] = np.nan
        ring = gg.Grid((5, 0.5), (6, 0.25), boundary="periodic")
        for operator in (ring.derivative(0), ring.derivative(0) @ ring.multiply(np.ones(SHAPE))):
            assert {tuple(at) for at in np.argwhere(np.isnan(operator(f)))} == {(1, 3), (3, 3)}
        factor = np.where(np.isnan(f), np.nan, 1.0)
        assert np.isnan((factor * ring.derivative(0))(np.ones(SHAPE))).sum() == 1


class TestVectors:
    def test_a_field_multiplies_each_component(self, rng):
        _, a, b = fields(rng)
        f, F = rng.standard_normal(SHAPE), rng.standard_normal((2, *SHAPE))
        for got, expected in zip((a * GRID.gradient)(f), GRID.gradient(f), strict=True):
            assert same_bits(got, expected * a)
        assert_close((GRID.divergence @ GRID.multiply(a))(F), GRID.divergence(a * F))
        flux = GRID.divergence @ GRID.multiply(a) @ GRID.gradient
        assert_close(flux(f), GRID.divergence([a * part for part in GRID.gradient(f)]))
        twice = b * (a * GRID.gradient)
        assert_close(np.stack(twice(f)), b * a * np.stack(GRID.gradient(f)))
        assert_close((GRID.curl @ GRID.multiply(a) @ GRID.multiply(b))(F), GRID.curl(a * b * F))

    def test_other_boundaries_keep_their_measures(self, rng):
        """Grids with the same points may weigh them otherwise, so products between them stay products."""
        other = gg.Grid(X, (6, 0.5), boundary="symmetric")
        _, a, _ = fields(rng)
        f, g = rng.standard_normal((2, *SHAPE))
        product = other.laplacian @ GRID.multiply(a)
        assert isinstance(product, Product)
        back = product.adjoint(g, weight="quadrature")
        assert np.isclose((GRID.measure * f * back).sum(), (other.measure * g * product(f)).sum())


class TestWalls:
    LINE = gg.Grid((6, 0.5), boundary=[(gg.value(1.0, name="left"), gg.slope(2.0, wall="face"))])

    def test_what_is_prescribed_is_multiplied_with_the_rows(self, rng):
        a, f, v = rng.standard_normal((3, 6))
        line, L = self.LINE, self.LINE.laplacian
        assert_close((a * L)(f), a * L(f))
        assert_close((a * L)(f, left=3.0), a * L(f, left=3.0))
        assert_close((L @ line.multiply(a))(f), L(a * f))
        assert_close(((2 - 1j) * L)(f), (2 - 1j) * L(f))
        for made in (a * L, L @ line.multiply(a), 1j * L, a * (L + line.identity), L + line.advect(v), a * L - line.advect(v) @ line.multiply(a)):  # fmt: skip
            assert_close(made.linear(f), made(f) - made.offset)
            assert_close(made.to_sparse() @ f, made.linear(f))
            assert_close(made.T(f), made.to_sparse().T @ f)


class TestNames:
    def test_calls_give_others(self, rng):
        _, a, b = fields(rng)
        f, c = rng.standard_normal((2, *SHAPE))
        A = GRID.multiply(a, name="a") @ GRID.laplacian @ GRID.multiply(b, name="b")
        assert isinstance(A, Sweep)
        expected = (c * GRID.laplacian @ GRID.multiply(a))(f)
        for _ in range(2):
            assert same_bits(A(f, a=c, b=a), expected)
        assert same_bits(A.with_(a=c, b=a)(f), expected)
        assert_close(A.adjoint(f, a=c, b=a), (c * GRID.laplacian @ GRID.multiply(a)).adjoint(f))
        same = GRID.multiply(a, name="a") @ GRID.derivative(0) + GRID.multiply(b, name="a")
        assert same_bits(same(f, a=c), (c * GRID.derivative(0) + GRID.multiply(c))(f))

    def test_the_array_counts_as_it_is_now(self, rng):
        f, dt = rng.standard_normal(SHAPE), np.full((1, 1), 0.1)
        step = GRID.identity + dt * GRID.laplacian
        step(f)
        dt[...] = 0.2
        assert_close(step(f), f + 0.2 * GRID.laplacian(f))

    def test_numbers_are_in_the_weights(self, rng):
        f = rng.standard_normal(SHAPE)
        assert same_bits(GRID.multiply(2.5)(f), 2.5 * f)
        assert same_bits((np.array(2.5) * GRID.laplacian)(f), (2.5 * GRID.laplacian)(f))
        assert repr(1j * GRID.laplacian).startswith("<gridgrad operator 1j * laplacian:")
        assert repr(GRID.multiply(f, name="V")).startswith("<gridgrad operator multiply(V):")
        with pytest.raises(
            TypeError, match="unexpected keyword argument 'c'; it takes f=, out=, workers=, add=, a="
        ):
            (GRID.multiply(f, name="a") @ GRID.laplacian)(f, c=f)


class TestDtypes:
    @pytest.mark.parametrize(
        "dtype", [np.float16, np.float32, np.float64, np.longdouble, np.int32, np.complex64]
    )
    def test_as_those_of_a_velocity(self, dtype, rng):
        f, a = (10 * rng.standard_normal((2, *SHAPE))).astype(dtype)
        for factor in (a, a.real.astype(np.float32)):
            got, expected = (factor * GRID.derivative(0))(f), GRID.advect((factor, 0.0))(f)
            assert got.dtype == expected.dtype
            assert np.allclose(got, expected, rtol=1e-2 if dtype == np.float16 else 1e-5)
            assert (factor * GRID.laplacian @ GRID.multiply(a)).result_name(np.dtype(dtype).name) == np.dtype(
                got.dtype
            ).name
        if dtype != np.longdouble:
            assert (1j * GRID.laplacian)(f).dtype == np.result_type(GRID.laplacian(f).dtype, np.complex64)

    def test_turns_stay_complex(self, rng):
        f = rng.standard_normal(SHAPE)
        for made in (
            (2 + 0j) * GRID.laplacian,
            1j * (-2j * GRID.laplacian),
            0j * GRID.laplacian + 2 * GRID.laplacian,
        ):
            got = made(f)
            assert got.dtype == np.complex128
            assert_close(got, 2 * GRID.laplacian(f))
            assert made.T(f).dtype == made.adjoint(f).dtype == np.complex128

    def test_masks_spread(self, rng):
        f = np.ma.array(rng.standard_normal(SHAPE), mask=np.zeros(SHAPE, bool))
        f[2, 3] = np.ma.masked
        a = rng.standard_normal(SHAPE)
        assert np.array_equal((a * GRID.derivative(0))(f).mask, GRID.advect((a, 0.0))(f).mask)
        assert (f * GRID.derivative(0))(a).mask[2, 3]


class TestLibraries:
    @pytest.mark.parametrize("library", parameters())
    def test_the_numbers_of_numpy(self, library, rng):
        _, a, b = fields(rng)
        f = rng.standard_normal(SHAPE)
        with library.wide():
            to_a, to_b, to_f = (library.array(x) for x in (a, b, f))
            made = GRID.multiply(to_a) @ GRID.laplacian @ GRID.multiply(to_b)
            for operator, expected in (
                (made, (a * GRID.laplacian @ GRID.multiply(b))(f)),
                (1j * made, (1j * a * GRID.laplacian @ GRID.multiply(b))(f)),
                ((1 - 2j) * GRID.laplacian, ((1 - 2j) * GRID.laplacian)(f)),
            ):
                assert_close(library.host(operator(to_f)), expected)
                assert type(operator(to_f)) is type(to_f)
            if library.module not in ("array_api_strict", "own_arrays"):  # whose `*` knows itself only
                assert_close(library.host((to_a * GRID.laplacian)(to_f)), (a * GRID.laplacian)(f))

    @pytest.mark.needs("torch")
    def test_torch_differentiates_by_all_three(self, rng):
        import torch

        k, a, b = fields(rng)
        f, a, b, c = (torch.tensor(x, requires_grad=True) for x in (k, a, b, k + 1j * a))
        L = GRID.laplacian
        assert torch.autograd.gradcheck(lambda f, a, b: (a * L @ GRID.multiply(b))(f), (f, a, b))
        assert torch.autograd.gradcheck(lambda f, a: ((2 - 1j) * (a * L))(f), (f, a))
        for given in (f, c):
            assert torch.autograd.gradcheck((2 - 1j) * L, (given,))
            assert torch.autograd.gradgradcheck((2 - 1j) * L, (given,))
        t = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda t: (t * L)(f.detach()), (t,))
        assert same_bits((L * t)(f.detach()).detach().numpy(), (2.0 * L(k)))

    @pytest.mark.needs("torch")
    def test_torch_compiles_them(self, rng):
        import torch

        _, a, b = (torch.from_numpy(x) for x in fields(rng))
        f, turned = torch.tensor(rng.standard_normal(SHAPE), requires_grad=True), 1j * GRID.laplacian
        named = GRID.multiply(a, name="a") @ GRID.laplacian

        def step(f, a, b):
            made = GRID.multiply(a).composed(GRID.laplacian).composed(GRID.multiply(b))
            return made(f) + named(f, a=b) + turned(f).imag

        found = torch.compile(step, backend="eager", fullgraph=True)(f, a, b)
        assert torch.allclose(found, step(f, a, b), rtol=1e-13)
        turned = (2 - 1j) * GRID.laplacian
        (own,) = torch.autograd.grad(
            torch.compile(lambda f: turned(f).abs().sum(), backend="eager", fullgraph=True)(f), f
        )
        (expected,) = torch.autograd.grad(turned(f).abs().sum(), f)
        assert torch.allclose(own, expected, rtol=1e-13)

    @pytest.mark.needs("jax")
    def test_jax_differentiates_by_all_three(self, rng):
        import jax
        from jax.test_util import check_grads

        with jax.enable_x64(True):
            f, a, b = map(jax.numpy.asarray, fields(rng))
            check_grads(
                lambda f, a, b: ((1 + 2j) * (a * GRID.laplacian) @ GRID.multiply(b))(f), (f, a, b), order=1
            )
            assert jax.jit(lambda f, a: (a * GRID.laplacian)(f))(f, a).shape == SHAPE


@pytest.mark.parametrize("name", QUANTITIES)
class TestUnits:
    def test_are_carried_by_multiply(self, name):
        lib = Quantities(name)
        grid, plain, f = gg.Grid((6, lib.q(0.5, "km"))), gg.Grid((6, 0.5)), np.arange(6.0) ** 2
        k = np.arange(1.0, 7)
        lib.check(
            (grid.multiply(lib.q(k, "s")) @ grid.laplacian)(lib.q(f, "K")),
            (k * plain.laplacian)(f),
            "K * s / km**2",
        )
        lib.check((grid.laplacian * lib.q(2.0, "s"))(f), (2 * plain.laplacian)(f), "s / km**2")
        heat = grid.identity + grid.laplacian * lib.q(0.1, "km**2")
        lib.check(heat(lib.q(f, "K")), f + 0.1 * plain.laplacian(f), "K")

    def test_otherwise_refused(self, name):
        lib = Quantities(name)
        grid = gg.Grid((6, lib.q(0.5, "km")))
        with pytest.raises(TypeError, match="would add what "):
            (grid.identity + grid.laplacian * lib.q(2.0, "s"))(np.arange(6.0))
        with pytest.raises(ValueError, match="holds numbers"):
            (grid.laplacian * lib.q(2.0, "s")).to_sparse()


class TestSolve:
    def test_with_fields_and_turns(self, rng):
        line = gg.Grid((8, 0.5), boundary=gg.value(0.0, wall="face"))
        V, u = rng.uniform(1, 2, 8), rng.standard_normal(8)
        for A in (line.multiply(V) - line.laplacian, V * line.laplacian, line.identity + 0.1j * (line.multiply(V) - line.laplacian)):  # fmt: skip
            b = A(u)
            assert np.allclose(A.solve(b), u)
            assert np.allclose(A.solve(b, method="gmres"), u)


class TestRandom:
    """Sums of random operators times random factors, beside their matrices."""

    @pytest.mark.parametrize("seed", range(12))
    def test_sums(self, seed):
        rng = np.random.default_rng(seed)
        grid = (GRID, RING)[seed % 2]
        total, matrix = 0, np.zeros((30, 30))
        f = rng.standard_normal(grid.shape)
        for _ in range(rng.integers(2, 5)):
            k, a, b = fields(rng, grid.shape)
            operator = MADE[rng.choice(list(MADE))](grid, k)
            make, expect = WAYS[rng.choice(list(WAYS))]
            total = total + make(operator, a, b)
            own = operator.to_sparse().toarray()
            matrix = matrix + expect(own, diagonal(a, grid.shape), diagonal(b, grid.shape))
        assert_close(total(f).ravel(), matrix @ f.ravel())
        assert_close(total.adjoint(f).ravel(), matrix.conj().T @ f.ravel())
        assert_close(total.to_sparse().toarray(), matrix)
