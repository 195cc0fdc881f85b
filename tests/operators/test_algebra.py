"""Sums, multiples and products of operators; their pickles."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from operator_cases import (
    CASES,
    POINTS,
    SHAPE,
    coefficients_of,
    facts,
    field_of,
    flat,
    flattened,
    made,
    matrix_size,
    shared_setting,
)
from samples import same_bits

import gridgrad as gg

EPS = np.finfo(float).eps


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
        transport = grid.diffuse(k) - grid.advect(v) + 0.5 * grid.laplacian.with_(form="wide")
        matrix, g = transport.to_sparse(), rng.standard_normal(SHAPE)
        size = (matrix_size(grid.diffuse(k).to_sparse()) + matrix_size(grid.advect(v).to_sparse())
                + matrix_size(grid.laplacian.with_(form="wide").to_sparse())).T @ np.abs(g.ravel())  # fmt: skip
        assert np.all(np.abs(transport.adjoint(g).ravel() - matrix.T @ g.ravel()) <= 100 * EPS * size)

    def test_more_terms_than_one_descriptor(self, rng):
        grid = shared_setting("coordinates", "walls and mirrors").grid
        many = grid.laplacian
        for scale in (1.0, 2.0, 3.0, 4.0, 5.0):
            many = (
                many
                + scale * grid.laplacian.with_(form="wide")
                + scale * grid.advect(rng.standard_normal((3, *SHAPE)))
            )
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
            assert np.all(
                np.abs(flattened(turned(g)) - matrix.T @ flattened(g))
                <= bound * (size.T @ np.abs(flattened(g)))
            )
        assert same_bits(flattened(both.adjoint(g)), flattened(both.adjoint_operator()(g)))
        cell = np.einsum("i,j,k", *grid.quadrature).ravel()
        cells = [np.tile(cell, n // POINTS) for n in matrix.shape]
        weighted = flattened(both.adjoint(g, weight="quadrature"))
        expected = (matrix.T @ (cells[0] * flattened(g))) / cells[1]
        assert np.all(
            np.abs(weighted - expected) <= bound * (size.T @ (cells[0] * np.abs(flattened(g)))) / cells[1]
        )
        linear = both.to_linear_operator()
        assert np.array_equal(linear @ flattened(f), result)
        assert same_bits(flattened(pickle.loads(pickle.dumps(both))(f)), result)


class TestSums:
    """Of which one is a product: applied one after the other."""

    def test_values_adjoints_and_matrices(self, rng):
        grid = shared_setting("coordinates", "walls and mirrors").grid
        F, g = field_of((3,), rng, SHAPE), field_of((3,), rng, SHAPE)
        whole = 0.5 * (grid.gradient @ grid.divergence) - grid.curl @ grid.curl / 4 + grid.vector_laplacian
        a, b, c = (
            flattened(part(F))
            for part in (grid.gradient @ grid.divergence, grid.curl @ grid.curl, grid.vector_laplacian)
        )
        size = sum(matrix_size(outer.to_sparse()) @ matrix_size(inner.to_sparse())
                   for outer, inner in [(grid.gradient, grid.divergence), (grid.curl, grid.curl)])  # fmt: skip
        size = size + matrix_size(grid.vector_laplacian.to_sparse())
        bound = 60 * EPS * (size @ np.abs(flattened(F)))
        expected = a / 2 - b / 4 + c
        assert np.all(np.abs(flattened(whole(F)) - expected) <= bound)
        assert np.all(np.abs(whole.to_sparse() @ flattened(F) - expected) <= bound)
        assert same_bits(whole(np.array(F)), np.array(whole(F)))
        transposed = whole.to_sparse().T @ flattened(g)
        bound = 60 * EPS * (size.T @ np.abs(flattened(g)))
        for turned in (whole.T(g), whole.adjoint(g), whole.to_linear_operator().rmatvec(flattened(g))):
            turned = turned if isinstance(turned, np.ndarray) else flattened(turned)
            assert np.all(np.abs(turned - transposed) <= bound)

    def test_out_also_over_the_input(self, rng):
        grid = gg.Grid((5, 0.5), (6, 0.25))
        whole = grid.laplacian @ grid.laplacian + grid.laplacian
        f = rng.standard_normal((5, 6))
        expected = whole(f)
        for out in (np.empty((5, 6)), f):
            assert whole(f, out=out) is out
            assert same_bits(out, expected)
        vector = grid.gradient @ grid.laplacian - grid.gradient
        f = rng.standard_normal((5, 6))
        for out in ([np.empty((5, 6)), np.empty((5, 6))], np.empty((2, 5, 6))):
            assert vector(f, out=out) is out
            assert same_bits(np.array(out), np.array(vector(f)))

    def test_sum_and_divisor(self, rng):
        grid, f = gg.Grid((5, 0.5), (6, 0.25)), rng.standard_normal((5, 6))
        parts = [grid.derivative(a, 2) for a in range(2)]
        assert same_bits(sum(parts)(f), grid.laplacian(f))
        assert same_bits((grid.laplacian / 4)(f), grid.laplacian(f) / 4)
        assert same_bits(((grid.laplacian @ grid.laplacian) * 4)(f), 4 * grid.laplacian(grid.laplacian(f)))
        with pytest.raises(ZeroDivisionError, match=r"divided by a number other than 0, got 0$"):
            _ = grid.laplacian / 0

    @pytest.mark.parametrize("ends", ["one-sided", "each another"])
    def test_the_identity(self, ends, rng):
        grid, f = shared_setting("coordinates", ends).grid, rng.standard_normal((2, *SHAPE))
        assert same_bits(grid.identity(f), f)
        assert same_bits(grid.identity.adjoint(f), f)
        assert np.array_equal(grid.identity.to_sparse().toarray(), np.eye(POINTS))
        step = grid.identity - 0.25 * grid.laplacian
        assert np.all(
            np.abs(step(f) - (f - 0.25 * grid.laplacian(f)))
            <= 40 * EPS * (np.abs(f) + np.abs(grid.laplacian(f)).max())
        )
        assert same_bits(grid.identity(f.astype(np.float32)), f.astype(np.float32))
        assert np.array_equal(
            grid.identity(np.arange(POINTS).reshape(SHAPE)), np.arange(POINTS).reshape(SHAPE)
        )
        spoiled = np.where(np.arange(POINTS).reshape(SHAPE) == 7, np.nan, 1.0)
        assert np.array_equal(grid.identity(spoiled), spoiled, equal_nan=True)


MIXED = {
    "product": lambda a, b, c: a.laplacian @ b.derivative(0),
    "of three": lambda a, b, c: a.derivative(1) @ b.laplacian @ c.derivative(0),
    "through vectors": lambda a, b, c: a.divergence @ b.gradient,
    "to vectors": lambda a, b, c: (a.gradient @ b.divergence) @ c.gradient,
    "sum": lambda a, b, c: a.laplacian + b.derivative(0),
    "sum of products": lambda a, b, c: a.laplacian @ b.derivative(0) - c.derivative(1) @ a.laplacian,
    "sum with a product": lambda a, b, c: c.laplacian + 2 * (a.laplacian @ b.laplacian),
    "product of sums": lambda a, b, c: (a.laplacian + b.laplacian @ c.laplacian) @ (c.derivative(0) + a.derivative(1)),
}  # fmt: skip


class TestMixedGrids:
    """Grids with the same points, whose ends and so whose measures differ."""

    X = np.array([0, 1, 2.5, 3.0, 4.2, 5.0])
    ONE, RINGS = gg.Grid(X, (5, 0.5)), gg.Grid(X, (5, 0.5), boundary="periodic", period=[6.3, 2.75])
    HALF = gg.Grid(X, (5, 0.5), boundary=["reflect", "periodic"], period=[None, 2.75])

    @pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
    @pytest.mark.parametrize("name", MIXED)
    def test_the_adjoint_is_that_of_its_inner_products(self, name, order, rng):
        grids = [(self.ONE, self.RINGS, self.HALF)[k] for k in order]
        operator = MIXED[name](*grids)
        matrix = operator.to_sparse().toarray()
        cells_in, cells_out = operator.grid.measure.ravel(), operator.grid_out.measure.ravel()
        cells_in, cells_out = (
            np.tile(c, n // 30) for c, n in zip((cells_in, cells_out), matrix.shape[::-1], strict=True)
        )
        expected = matrix.T * cells_out / cells_in[:, None]
        g = field_of(operator.outputs, rng, (6, 5))
        got = flattened(operator.adjoint(g, weight="quadrature"))
        bound = 200 * EPS * np.abs(expected).sum(axis=1).max() * np.abs(flattened(g)).max()
        assert np.all(np.abs(got - expected @ flattened(g)) <= bound)
        twice = operator.adjoint_operator("quadrature").adjoint_operator("quadrature")
        bound = 400 * EPS * np.abs(matrix).sum(axis=1).max()
        f = field_of(operator.inputs, rng, (6, 5))
        assert np.all(
            np.abs(flattened(twice(f)) - matrix @ flattened(f)) <= bound * np.abs(flattened(f)).max()
        )

    def test_grids_of_one_measure_take_no_further_pass(self):
        other = gg.Grid(self.X, (5, 0.5), boundary="reflect")
        adjoint = (self.ONE.laplacian @ other.laplacian).adjoint_operator("quadrature")
        assert repr(adjoint).count("gridgrad operator") == 2


class TestPickles:
    @pytest.mark.parametrize("name", [*CASES, "laplacian accuracy 4", "norm"])
    def test_the_same_bits(self, name, rng):
        here = shared_setting("coordinates", "each another", (7, 8, 9))
        if name in CASES:
            operator = CASES[name].make(here.grid, coefficients_of(name, rng, (7, 8, 9), 3))
        else:
            operator = here.grid.laplacian.with_(accuracy=4) if "4" in name else here.grid.gradient_norm
        f = field_of(operator.inputs, rng, (7, 8, 9))
        for other in (pickle.loads(pickle.dumps(operator)), copy.copy(operator), copy.deepcopy(operator)):
            assert repr(other) == repr(operator)
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
        assert same_bits(other.with_(form="wide")(f), grid.laplacian.with_(form="wide")(f))


def test_zero_and_plus_change_nothing(rng):
    f = rng.random((6, 5))
    laplacian = gg.Grid((6, 0.5), (5, 0.5)).laplacian
    for same in (+laplacian, laplacian + 0, 0 + laplacian, laplacian - 0):
        assert np.array_equal(same(f), laplacian(f))
    assert np.array_equal((0 - laplacian)(f), -laplacian(f))


@pytest.mark.parametrize("zeros", [(0.0, -0.0), (np.float32(0), np.float32(-0.0)), (0j, complex(-0.0, -0.0))])
def test_a_factor_of_zero_is_the_same_whichever_came_first(zeros):
    """Both are equal, so that one of them is kept for both."""
    u, found = np.array([1.0, -2.0, 4.0, -7.0, 1.0]), []
    for order in (zeros, zeros[::-1]):
        gg.clear_caches()
        grid = gg.Grid((5, 1.0))
        made = {repr(factor): factor * grid.multiply(u) for factor in order}
        found.append({key: (repr(A), np.signbit(A(u).real).tolist()) for key, A in made.items()})
    assert found[0] == found[1]
    assert len(set(map(str, found[0].values()))) == 1
