"""Operators as objects: adjoint, matrix, LinearOperator, algebra, products, rows as data, pickles."""

from __future__ import annotations

import copy
import pickle
from functools import cache
from itertools import product

import numpy as np
import pytest
from operator_cases import BOUNDARIES, CASES, SHAPE, Exact, coefficients_of, field_of, flat, setting, shared_setting
from samples import same_bits
from scipy import sparse
from scipy.sparse import linalg

import gridgrad as gg

EPS = np.finfo(float).eps
POINTS = int(np.prod(SHAPE))


def made(name, here, dtype=np.float64):
    rng = np.random.default_rng(5)
    return CASES[name].make(here.grid, coefficients_of(name, rng, SHAPE, 3, dtype))


def columns(operator, count, apply=None):
    """The matrix of a linear map by its values on unit fields, as one batch."""
    apply = apply or operator
    units = np.eye(count * POINTS).reshape(count * POINTS, count, *SHAPE)
    result = apply([np.ascontiguousarray(units[:, k]) for k in range(count)] if operator.inputs else units[:, 0])
    return np.concatenate([part.reshape(len(units), -1) for part in flat(result)], axis=1).T


def adjoint_columns(operator, weight=None):
    turned = operator.adjoint_operator(weight)
    return columns(turned, int(np.prod(turned.inputs)) if len(turned.inputs) < 2 else 9, nested(turned))


def nested(operator):
    """An operator of a flat list of components."""
    if len(operator.inputs) < 2:
        return operator
    return lambda parts: operator([parts[:3], parts[3:6], parts[6:]])


def matrix_size(matrix):
    """Magnitudes of ``w_j (f_j - f_i)``: each block's row sums on its diagonal too."""
    a = abs(sparse.csr_array(matrix))
    rows, cols = (n // POINTS for n in a.shape)
    for i, j in product(range(rows), range(cols)):
        block = sparse.csr_array(a[i * POINTS : (i + 1) * POINTS, j * POINTS : (j + 1) * POINTS])
        total = sparse.diags_array(block.sum(axis=1))
        place = sparse.coo_array(([1.0], ([i], [j])), shape=(rows, cols))
        a = a + sparse.kron(place, total)
    return a


def flattened(fields):
    return np.concatenate([part.ravel() for part in flat(fields)])


@cache
def facts(name, kind, ends):
    """An operator, its matrix, and the magnitudes that its errors are measured by."""
    operator = made(name, shared_setting(kind, ends))
    matrix = operator.to_sparse()
    return operator, matrix, matrix_size(matrix)


class TestMatrix:
    @pytest.mark.parametrize("kind", ["steps", "coordinates"])
    @pytest.mark.parametrize("ends", BOUNDARIES)
    @pytest.mark.parametrize("name", CASES)
    def test_it_is_the_operator(self, name, ends, kind):
        operator, matrix, size = facts(name, kind, ends)
        assert isinstance(matrix, sparse.csr_array)
        assert matrix.shape == operator.shape
        dense = columns(operator, 3 if operator.inputs else 1)
        allowed = CASES[name].roundings * EPS * size.toarray()
        assert np.all(np.abs(matrix.toarray() - dense) <= allowed)

    @pytest.mark.parametrize("ends", BOUNDARIES)
    @pytest.mark.parametrize("name", CASES)
    def test_its_transpose_is_the_adjoint(self, name, ends):
        operator, matrix, size = facts(name, "coordinates", ends)
        turned, allowed = matrix.T.toarray(), CASES[name].roundings * EPS * size.T.toarray()
        assert np.all(np.abs(operator.T.to_sparse().toarray() - turned) <= allowed)
        assert np.all(np.abs(adjoint_columns(operator) - turned) <= allowed)

    def test_it_equals_the_exact_rows(self, rng):
        here = shared_setting("coordinates", "walls and mirrors")
        f = rng.standard_normal(SHAPE)
        exact = here.exact.laplacian(Exact.of(f))
        got = (here.grid.laplacian.to_sparse() @ f.ravel()).reshape(SHAPE)
        bound = 24 * EPS * exact.size.astype(float)
        assert np.all(np.abs(got - exact.value.astype(float)) <= bound)

    @pytest.mark.parametrize("format", ["csr", "csc", "coo", "lil", "dia", "bsr"])
    def test_formats(self, format):
        operator = gg.Grid((4, 0.5), (5, 0.25)).laplacian
        assert operator.to_sparse(format).format == format
        assert np.array_equal(operator.to_sparse(format).toarray(), operator.to_sparse().toarray())

    def test_it_solves_a_system(self):
        grid = gg.Grid((17, 1 / 16), (13, 1 / 12), boundary="antisymmetric")
        x, y = np.meshgrid(*grid.coordinates, indexing="ij")
        wave = np.sin(np.pi * x) * np.sin(2 * np.pi * y)
        system = (sparse.eye_array(17 * 13) - 0.1 * grid.laplacian.to_sparse()).tocsc()
        solved = linalg.spsolve(system, wave.ravel()).reshape(wave.shape)
        symbol = -(32 * np.sin(np.pi / 32)) ** 2 - (24 * np.sin(np.pi / 12)) ** 2
        assert np.abs(solved * (1 - 0.1 * symbol) - wave).max() <= 1e3 * EPS

    def test_of_coefficients_of_a_batch_is_refused(self, rng):
        grid = gg.Grid((4, 0.5), (5, 0.25))
        with pytest.raises(ValueError, match=r"a coefficient of shape \(3, 4, 5\) has batch axes; a matrix is for one field"):
            grid.diffuse(rng.uniform(1, 2, (3, 4, 5))).to_sparse()
        rows = rng.uniform(1, 2, 5)
        whole = np.broadcast_to(rows, (4, 5)).copy()
        assert np.array_equal(grid.diffuse(rows).to_sparse().toarray(), grid.diffuse(whole).to_sparse().toarray())


DTYPES = [np.float32, np.longdouble, np.complex64, np.complex128, np.clongdouble]


def inner(a, b):
    wide = np.clongdouble
    return sum(np.sum(np.conj(p.astype(wide)) * q.astype(wide)) for p, q in zip(flat(a), flat(b), strict=True))


class TestAdjoint:
    @pytest.mark.parametrize(("ends", "dtype"), [(ends, np.float64) for ends in BOUNDARIES] + [("each another", d) for d in DTYPES])
    @pytest.mark.parametrize("name", CASES)
    def test_the_inner_product_identity(self, name, ends, dtype, rng):
        real = np.longdouble if np.finfo(dtype).nmant > 60 else np.float64
        here = shared_setting("coordinates", ends, dtype=real)
        operator = made(name, here, dtype)
        f = field_of(operator.inputs, rng, (2, *SHAPE), dtype)
        g = field_of(operator.outputs, rng, (2, *SHAPE), dtype)
        left, right = inner(g, operator(f)), inner(operator.adjoint(g), f)
        size = matrix_size(operator.to_sparse()) if CASES[name].coefficients else facts(name, "coordinates", ends)[2]
        total = sum(np.abs(flattened([p[b] for p in flat(g)])) @ (size @ np.abs(flattened([p[b] for p in flat(f)])))
                    for b in range(2))  # fmt: skip
        complex_too = 4 if np.dtype(dtype).kind == "c" else 2  # one for each side; complex products are of four
        assert abs(left - right) <= complex_too * CASES[name].roundings * np.finfo(dtype).eps * total

    @pytest.mark.parametrize("ends", BOUNDARIES)
    @pytest.mark.parametrize("name", CASES)
    def test_of_the_quadrature_inner_product(self, name, ends):
        operator, matrix, size = facts(name, "coordinates", ends)
        cell = np.einsum("i,j,k", *operator.grid.quadrature).ravel()
        matrix = matrix.toarray()
        cells_in, cells_out = (np.tile(cell, n // POINTS) for n in matrix.shape[::-1])
        expected = (matrix * cells_out[:, None]).T / cells_in[:, None]
        got = adjoint_columns(operator, "quadrature")
        scale = (size.toarray() * cells_out[:, None]).T / cells_in[:, None]
        assert np.all(np.abs(got - expected) <= (CASES[name].roundings + 4) * EPS * scale)

    @pytest.mark.parametrize("name", CASES)
    def test_twice_is_the_operator_again(self, name, rng):
        operator, _, size = facts(name, "coordinates", "each another")
        f = field_of(operator.inputs, rng, SHAPE)
        size = size @ np.abs(flattened(f))
        for again in (operator.T.T, operator.adjoint_operator().adjoint_operator()):
            assert (again.inputs, again.outputs) == (operator.inputs, operator.outputs)
            difference = flattened(again(f)) - flattened(operator(f))
            assert np.all(np.abs(difference) <= 2 * CASES[name].roundings * EPS * size)

    def test_of_a_complex_coefficient_is_conjugate(self, rng):
        grid = gg.Grid((4, 0.5), (5, 0.25))
        k = rng.uniform(1, 2, (4, 5)) + 1j * rng.standard_normal((4, 5))
        operator = grid.diffuse(k)
        matrix = operator.to_sparse().toarray()
        g = rng.standard_normal((4, 5)) + 1j * rng.standard_normal((4, 5))
        size = np.abs(matrix).T @ np.abs(g.ravel())
        assert np.all(np.abs(operator.adjoint(g).ravel() - matrix.conj().T @ g.ravel()) <= 40 * EPS * size)
        assert np.all(np.abs(operator.T(g).ravel() - matrix.T @ g.ravel()) <= 40 * EPS * size)

    def test_stacked_results(self, rng):
        grid = shared_setting("coordinates", "each another").grid
        g = rng.standard_normal((3, *SHAPE))
        assert same_bits(grid.curl.adjoint(g), np.array(grid.curl.adjoint(list(g))))
        assert grid.gradient.adjoint(g).shape == SHAPE
        tensor = rng.standard_normal((3, 3, *SHAPE))
        assert grid.jacobian.adjoint(tensor).shape == (3, *SHAPE)
        assert same_bits(grid.hessian.adjoint(tensor), grid.hessian.adjoint([list(row) for row in tensor]))


class TestLinearOperator:
    @pytest.mark.parametrize("name", CASES)
    def test_matvec_and_rmatvec(self, name, rng):
        operator, matrix, size = facts(name, "coordinates", "each another")
        linear = operator.to_linear_operator()
        assert linear.shape == matrix.shape
        assert linear.dtype == np.float64
        x, y = rng.standard_normal(matrix.shape[1]), rng.standard_normal(matrix.shape[0])
        bound = 2 * CASES[name].roundings * EPS
        assert np.all(np.abs(linear @ x - matrix @ x) <= bound * (size @ np.abs(x)))
        assert np.all(np.abs(linear.H @ y - matrix.T @ y) <= bound * (size.T @ np.abs(y)))
        assert np.all(np.abs(linear @ np.stack([x, 2 * x], 1) - matrix @ np.stack([x, 2 * x], 1))
                      <= 2 * bound * (size @ np.abs(x))[:, None])  # fmt: skip

    def test_conjugate_gradients_on_the_conservative_laplacian(self, rng):
        x = np.concatenate([[0.0], np.cumsum(rng.uniform(0.5, 1.5, 15))])
        grid = gg.Grid(x, (12, 0.7))
        laplacian = grid.laplacian(form="conservative").to_linear_operator()
        cell = np.outer(*grid.quadrature).ravel()
        wanted = rng.standard_normal(16 * 12)
        wanted -= np.sum(cell * wanted) / cell.sum()  # the constant is in the kernel
        positive = linalg.LinearOperator((192, 192), matvec=lambda v: -cell * (laplacian @ v))
        solved, info = linalg.cg(positive, -cell * (laplacian @ wanted), rtol=1e-13, maxiter=2000)
        solved -= np.sum(cell * solved) / cell.sum()
        assert info == 0
        assert np.abs(solved - wanted).max() <= 1e-9

    def test_least_squares_of_a_gradient(self, rng):
        grid = gg.Grid((9, 0.5), (8, 0.5))
        f = rng.standard_normal((9, 8))
        right = flattened(grid.gradient(f))
        found = linalg.lsqr(grid.gradient.to_linear_operator(), right, atol=1e-14, btol=1e-14, iter_lim=2000)[0]
        difference = found - f.ravel()  # up to what the gradient does not see
        assert np.abs(grid.gradient.to_sparse() @ difference).max() <= 1e-9

    def test_complex_and_single_vectors(self, rng):
        grid = gg.Grid((4, 0.5), (5, 0.25))
        linear = grid.laplacian.to_linear_operator(dtype=np.complex64)
        assert linear.dtype == np.complex64
        x = (rng.standard_normal(20) + 1j * rng.standard_normal(20)).astype(np.complex64)
        assert np.array_equal(linear @ x, grid.laplacian(x.reshape(4, 5)).ravel())

    def test_other_libraries_are_refused(self):
        with pytest.raises(TypeError, match="a LinearOperator is for numpy or cupy vectors"):
            gg.Grid((4, 0.5)).laplacian.to_linear_operator(xp=sparse)


class TestRows:
    @pytest.mark.parametrize("accuracy", [None, 4])
    @pytest.mark.parametrize("order", [1, 2])
    @pytest.mark.parametrize("kind", ["steps", "coordinates"])
    def test_weights_are_the_rows(self, kind, order, accuracy, rng):
        for ends in BOUNDARIES:
            grid = setting(kind, ends, (9, 8, 7)).grid
            f = rng.standard_normal((9, 8, 7))
            for a in range(3):
                indices, weights = grid.derivative(a, order, accuracy).weights(a)
                assert indices.shape == weights.shape
                assert len(indices) == grid.shape[a]
                assert indices.dtype.kind == "i"
                along = np.moveaxis(f, a, -1)
                values = np.sum(weights * along[..., indices], axis=-1)
                sizes = np.sum(np.abs(weights) * np.abs(along[..., indices]), axis=-1)
                got = np.moveaxis(grid.derivative(a, order, accuracy)(f), a, -1)
                assert np.all(np.abs(got - values) <= 24 * EPS * sizes)

    def test_of_an_axis_that_it_does_not_differentiate(self):
        grid = gg.Grid((4, 0.5), (5, 0.25))
        with pytest.raises(ValueError, match=r"derivative\(0, order=1\) has no derivative along axis 1"):
            grid.derivative(0).weights(1)
        assert np.array_equal(grid.laplacian.weights(-1)[0], grid.laplacian.weights(1)[0])


class TestAlgebra:
    @pytest.mark.parametrize("name", CASES)
    def test_sums_and_multiples(self, name, rng):
        one, _, size = facts(name, "coordinates", "each another")
        other = CASES[name].make(one.grid, coefficients_of(name, rng, SHAPE, 3))
        f = field_of(one.inputs, rng, SHAPE)
        a, b = flattened(one(f)), flattened(other(f))
        size = (size + matrix_size(other.to_sparse())) @ np.abs(flattened(f))
        bound = 4 * CASES[name].roundings * EPS * size
        for sum_, expected in [(one + other, a + b), (one - other, a - b), (2.5 * one, 2.5 * a), (one * 0.3, 0.3 * a),
                               (-one, -a), (2 * one - 3 * other, 2 * a - 3 * b), (np.float64(2) * one, 2 * a)]:  # fmt: skip
            assert np.all(np.abs(flattened(sum_(f)) - expected) <= 3 * bound)
            difference = abs(sum_.to_sparse() @ flattened(f) - expected)
            assert np.all(difference <= 3 * bound)
        assert np.all(np.abs(flattened((one - one)(f))) <= bound)
        assert np.all(flattened((0 * one)(f)) == 0)

    def test_powers_of_two_are_exact(self, rng):
        operator = made("laplacian", shared_setting("coordinates", "one-sided"))
        f = rng.standard_normal(SHAPE)
        assert same_bits((4 * operator)(f), 4 * operator(f))
        assert same_bits((-operator)(f), -operator(f))

    def test_adjoints_of_sums(self, rng):
        grid = shared_setting("coordinates", "walls and mirrors").grid
        v, k = [rng.standard_normal(SHAPE) for _ in range(3)], rng.uniform(1, 2, SHAPE)
        transport = grid.diffuse(k) - grid.advect(v) + 0.5 * grid.laplacian(form="wide")
        matrix, g = transport.to_sparse(), rng.standard_normal(SHAPE)
        size = (matrix_size(grid.diffuse(k).to_sparse()) + matrix_size(grid.advect(v).to_sparse())
                + matrix_size(grid.laplacian(form="wide").to_sparse())).T @ np.abs(g.ravel())  # fmt: skip
        assert np.all(np.abs(transport.adjoint(g).ravel() - matrix.T @ g.ravel()) <= 100 * EPS * size)

    def test_more_terms_than_one_descriptor(self, rng):
        grid = shared_setting("coordinates", "walls and mirrors").grid
        many = grid.laplacian
        for scale in (1.0, 2.0, 3.0, 4.0, 5.0):
            many = many + scale * grid.laplacian(form="wide") + scale * grid.advect(rng.standard_normal((3, *SHAPE)))
        f = rng.standard_normal(SHAPE)
        matrix = many.to_sparse()
        size = matrix_size(matrix) @ np.abs(f.ravel())
        assert np.all(np.abs(many(f).ravel() - matrix @ f.ravel()) <= 400 * EPS * size)

    def test_on_vector_fields(self, rng):
        grid = shared_setting("coordinates", "each another").grid
        F = [rng.standard_normal(SHAPE) for _ in range(3)]
        both = grid.vector_laplacian + 2 * grid.curl
        for got, a, b in zip(both(F), grid.vector_laplacian(F), grid.curl(F), strict=True):
            np.testing.assert_allclose(got, a + 2 * b, rtol=0, atol=1e-12)
        assert both(np.array(F)).shape == (3, *SHAPE)


PRODUCTS = {
    "div grad": lambda g: g.divergence @ g.gradient,
    "grad div": lambda g: g.gradient @ g.divergence,
    "curl curl": lambda g: g.curl @ g.curl,
    "of three": lambda g: g.laplacian @ (g.divergence @ g.gradient),
    "of three, left": lambda g: (g.laplacian @ g.divergence) @ g.gradient,
    "of a sum": lambda g: (g.laplacian + g.derivative(0)) @ (2 * g.derivative(1)),
    "hessian of a divergence": lambda g: g.hessian @ g.divergence,
}


class TestProducts:
    @pytest.mark.parametrize("name", PRODUCTS)
    def test_apply_adjoint_and_matrix(self, name, rng):
        grid = shared_setting("coordinates", "walls and mirrors").grid
        both = PRODUCTS[name](grid)
        f = field_of(both.inputs, rng, SHAPE)
        g = field_of(both.outputs, rng, SHAPE)
        result = flattened(both(f))
        assert same_bits(result, flattened(both.outer(both.inner(f))))
        outer, inner_ = both.outer.to_sparse(), both.inner.to_sparse()
        matrix = both.to_sparse()
        assert matrix.shape == both.shape
        assert abs(matrix - outer @ inner_).max() == 0
        size = matrix_size(outer) @ (matrix_size(inner_))
        bound = 100 * EPS
        assert np.all(np.abs(matrix @ flattened(f) - result) <= bound * (size @ np.abs(flattened(f))))
        for turned in (both.T, both.adjoint_operator()):
            assert (turned.inputs, turned.outputs) == (both.outputs, both.inputs)
            assert np.all(np.abs(flattened(turned(g)) - matrix.T @ flattened(g)) <= bound * (size.T @ np.abs(flattened(g))))
        assert same_bits(flattened(both.adjoint(g)), flattened(both.adjoint_operator()(g)))
        cell = np.einsum("i,j,k", *grid.quadrature).ravel()
        cells = [np.tile(cell, n // POINTS) for n in matrix.shape]
        weighted = flattened(both.adjoint(g, weight="quadrature"))
        expected = (matrix.T @ (cells[0] * flattened(g))) / cells[1]
        assert np.all(np.abs(weighted - expected) <= bound * (size.T @ (cells[0] * np.abs(flattened(g)))) / cells[1])
        linear = both.to_linear_operator()
        assert np.array_equal(linear @ flattened(f), result)
        assert same_bits(flattened(pickle.loads(pickle.dumps(both))(f)), result)


class TestPickles:
    @pytest.mark.parametrize("name", [*CASES, "laplacian accuracy 4", "norm"])
    def test_the_same_bits(self, name, rng):
        here = shared_setting("coordinates", "each another", (7, 8, 9))
        if name in CASES:
            operator = CASES[name].make(here.grid, coefficients_of(name, rng, (7, 8, 9), 3))
        else:
            operator = here.grid.laplacian(accuracy=4) if "4" in name else here.grid.gradient_norm
        inputs = getattr(operator, "inputs", ())
        f = field_of(inputs, rng, (7, 8, 9))
        for other in (pickle.loads(pickle.dumps(operator)), copy.copy(operator), copy.deepcopy(operator)):
            assert repr(other) == repr(operator) or name == "norm"
            for a, b in zip(flat(other(f)), flat(operator(f)), strict=True):
                assert same_bits(a, b)
            if name != "norm":
                g = field_of(operator.outputs, rng, (7, 8, 9))
                for a, b in zip(flat(other.adjoint(g)), flat(operator.adjoint(g)), strict=True):
                    assert same_bits(a, b)

    def test_a_laplacian_keeps_its_options(self, rng):
        grid = gg.Grid((7, 0.5), boundary="periodic")
        other = pickle.loads(pickle.dumps(grid.laplacian))
        f = rng.standard_normal(7)
        assert same_bits(other(form="wide")(f), grid.laplacian(form="wide")(f))
