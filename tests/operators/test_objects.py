"""Operators as objects: matrix, adjoint, LinearOperator, rows as data."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from operator_cases import (
    BOUNDARIES,
    CASES,
    POINTS,
    SHAPE,
    Exact,
    facts,
    field_of,
    flat,
    flattened,
    made,
    matrix_size,
    setting,
    shared_setting,
)
from samples import same_bits
from scipy import sparse
from scipy.sparse import linalg

import gridgrad as gg

EPS = np.finfo(float).eps


def columns(operator):
    """The matrix of a linear map by its values on all unit fields, as one batch."""
    count = int(np.prod(operator.inputs))
    units = np.eye(count * POINTS).reshape(-1, count, *SHAPE)
    parts = [np.ascontiguousarray(units[:, k]) for k in range(count)]
    if not operator.inputs:
        parts = parts[0]
    elif len(operator.inputs) > 1:
        parts = [parts[:3], parts[3:6], parts[6:]]
    return np.concatenate([part.reshape(len(units), -1) for part in flat(operator(parts))], axis=1).T


def matrix_size_of(matrix):
    """Magnitudes of ``w (f_j - f_i)`` of a square matrix of any number of points."""
    size = abs(matrix).toarray()
    return size + np.diag(size.sum(axis=1))


class TestMatrix:
    @pytest.mark.parametrize("kind", ["steps", "coordinates"])
    @pytest.mark.parametrize("ends", BOUNDARIES)
    @pytest.mark.parametrize("name", CASES)
    def test_it_is_the_operator(self, name, ends, kind):
        operator, matrix, size = facts(name, kind, ends)
        assert isinstance(matrix, sparse.csr_array)
        assert matrix.shape == operator.shape
        dense = columns(operator)
        allowed = CASES[name].roundings * EPS * size.toarray()
        assert np.all(np.abs(matrix.toarray() - dense) <= allowed)

    @pytest.mark.parametrize("ends", BOUNDARIES)
    @pytest.mark.parametrize("name", CASES)
    def test_its_transpose_is_the_adjoint(self, name, ends):
        operator, matrix, size = facts(name, "coordinates", ends)
        turned, allowed = matrix.T.toarray(), CASES[name].roundings * EPS * size.T.toarray()
        assert np.all(np.abs(operator.T.to_sparse().toarray() - turned) <= allowed)
        assert np.all(np.abs(columns(operator.adjoint_operator()) - turned) <= allowed)

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
        grid = gg.Grid((17, 1 / 16), (13, 1 / 12), boundary="antireflect")
        x, y = np.meshgrid(*grid.coordinates, indexing="ij")
        wave = np.sin(np.pi * x) * np.sin(2 * np.pi * y)
        system = (sparse.eye_array(17 * 13) - 0.1 * grid.laplacian.to_sparse()).tocsc()
        solved = linalg.spsolve(system, wave.ravel()).reshape(wave.shape)
        symbol = -((32 * np.sin(np.pi / 32)) ** 2) - (24 * np.sin(np.pi / 12)) ** 2
        assert np.abs(solved * (1 - 0.1 * symbol) - wave).max() <= 1e3 * EPS

    def test_of_coefficients_of_a_batch_is_refused(self, rng):
        grid = gg.Grid((4, 0.5), (5, 0.25))
        with pytest.raises(
            ValueError, match=r"a coefficient of shape \(3, 4, 5\) has batch axes; a matrix is for one field"
        ):
            grid.diffuse(rng.uniform(1, 2, (3, 4, 5))).to_sparse()
        rows = rng.uniform(1, 2, 5)
        whole = np.broadcast_to(rows, (4, 5)).copy()
        assert np.array_equal(
            grid.diffuse(rows).to_sparse().toarray(), grid.diffuse(whole).to_sparse().toarray()
        )


NARROW = [np.int8, np.uint8, np.int16, np.int64, np.float16, np.float32, np.longdouble]


class TestMatrixOfNarrowCoefficients:
    """The matrix is that of the operator on float64 fields, whatever a coefficient is made of."""

    @pytest.mark.parametrize("dtype", NARROW)
    def test_it_is_the_operator(self, dtype, rng):
        grid, f = gg.Grid((4, 0.5), (5, 0.25), axes=(-1, -2)), rng.standard_normal((5, 4))
        largest = min(np.iinfo(dtype).max if np.dtype(dtype).kind in "iu" else 60000, 2**62)
        k = rng.integers(int(largest * 0.8), largest, (5, 4), endpoint=True).astype(dtype)  # two of them wrap
        wide = k.astype(np.float64)
        for made_of in (grid.diffuse, lambda k: grid.advect((k, 2.0)), lambda k: 0.5 * grid.diffuse(k).T):
            matrix, expected = made_of(k).to_sparse(), made_of(wide)
            assert matrix.dtype == np.float64
            assert np.array_equal(matrix.toarray(), expected.to_sparse().toarray())
            size = matrix_size_of(matrix) @ np.abs(f.ravel())
            assert np.all(np.abs(matrix @ f.ravel() - made_of(k)(f).ravel()) <= 20 * EPS * size)

    @pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
    def test_complex(self, dtype, rng):
        grid, f = gg.Grid((4, 0.5), (5, 0.25)), rng.standard_normal((4, 5))
        k = (rng.standard_normal((4, 5)) + 1j * rng.standard_normal((4, 5))).astype(dtype)
        for operator in (grid.diffuse(k), grid.diffuse(k).adjoint_operator(), grid.advect((k, 1.0))):
            assert operator.to_sparse().dtype == np.complex128
            assert operator.to_linear_operator().dtype == np.complex128
            assert np.allclose(operator.to_sparse() @ f.ravel(), operator(f).ravel(), rtol=0, atol=1e-5)

    def test_of_other_libraries(self, rng):
        torch, jnp = pytest.importorskip("torch"), pytest.importorskip("jax.numpy")
        grid, k = gg.Grid((4, 0.5), (5, 0.25)), rng.integers(1, 9, (4, 5)).astype(np.float32)
        expected = grid.diffuse(k).to_sparse().toarray()
        for field in (torch.as_tensor(k), torch.as_tensor(k).bfloat16().requires_grad_(), jnp.asarray(k),
                      jnp.asarray(k, jnp.bfloat16)):  # fmt: skip
            matrix = grid.diffuse(field).to_sparse()
            assert matrix.dtype == np.float64
            assert np.array_equal(matrix.toarray(), expected)

    def test_a_mask_has_no_place_in_a_matrix(self):
        grid, k = gg.Grid((4, 0.5)), np.ma.masked_equal([1.0, 2, 3, 4], 3)
        with pytest.raises(
            TypeError, match=r"a matrix has no place for its mask; give values, .* numpy.ma.filled\(k, 0.0\)"
        ):
            grid.diffuse(k).to_sparse()
        with pytest.raises(TypeError, match="a coefficient is masked"):
            (grid.laplacian @ grid.diffuse(k)).to_linear_operator()
        filled = grid.diffuse(np.ma.filled(k, 0.0)).to_sparse()
        assert np.array_equal(filled.toarray(), grid.diffuse(np.array([1.0, 2, 0, 4])).to_sparse().toarray())


DTYPES = [np.float32, np.longdouble, np.complex64, np.complex128, np.clongdouble]


def inner(a, b):
    wide = np.clongdouble
    return sum(
        np.sum(np.conj(p.astype(wide)) * q.astype(wide)) for p, q in zip(flat(a), flat(b), strict=True)
    )


class TestAdjoint:
    @pytest.mark.parametrize(
        ("ends", "dtype"), [(ends, np.float64) for ends in BOUNDARIES] + [("each another", d) for d in DTYPES]
    )
    @pytest.mark.parametrize("name", CASES)
    def test_the_inner_product_identity(self, name, ends, dtype, rng):
        real = np.longdouble if np.finfo(dtype).nmant > 60 else np.float64
        here = shared_setting("coordinates", ends, dtype=real)
        operator = made(name, here, dtype)
        f = field_of(operator.inputs, rng, (2, *SHAPE), dtype)
        g = field_of(operator.outputs, rng, (2, *SHAPE), dtype)
        left, right = inner(g, operator(f)), inner(operator.adjoint(g), f)
        size = (
            matrix_size(operator.to_sparse())
            if CASES[name].coefficients
            else facts(name, "coordinates", ends)[2]
        )
        total = sum(np.abs(flattened([p[b] for p in flat(g)])) @ (size @ np.abs(flattened([p[b] for p in flat(f)])))
                    for b in range(2))  # fmt: skip
        complex_too = (
            4 if np.dtype(dtype).kind == "c" else 2
        )  # one for each side; complex products are of four
        assert abs(left - right) <= complex_too * CASES[name].roundings * np.finfo(dtype).eps * total

    @pytest.mark.parametrize("ends", BOUNDARIES)
    @pytest.mark.parametrize("name", CASES)
    def test_of_the_quadrature_inner_product(self, name, ends):
        operator, matrix, size = facts(name, "coordinates", ends)
        cell = np.einsum("i,j,k", *operator.grid.quadrature).ravel()
        matrix = matrix.toarray()
        cells_in, cells_out = (np.tile(cell, n // POINTS) for n in matrix.shape[::-1])
        expected = (matrix * cells_out[:, None]).T / cells_in[:, None]
        got = columns(operator.adjoint_operator("quadrature"))
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

    def test_coefficients_are_read_at_each_call(self, rng):
        grid, f = gg.Grid((4, 0.5), (5, 0.25)), rng.standard_normal((4, 5)) + 0j
        for k in (rng.uniform(1, 2, (4, 5)), rng.uniform(1, 2, (4, 5)) + 1j):
            operator = grid.diffuse(k)
            before, turned = operator(f), operator.adjoint(f)
            k *= 2
            assert same_bits(operator(f), 2 * before)
            assert same_bits(operator.adjoint(f), 2 * turned)

    def test_kept_adjoints_follow_complex_coefficients(self, rng):
        grid = gg.Grid((4, 0.5), (5, 0.25))
        k, f, g = (rng.standard_normal((4, 5)) + 1j * rng.standard_normal((4, 5)) for _ in range(3))
        operator = 0.5 * grid.diffuse(k) - grid.advect((k, 2.0))
        product = grid.laplacian @ operator
        kept = [(a, a.adjoint_operator(), a.to_linear_operator()) for a in (operator, product, operator.T)]
        for _ in range(2):
            k *= 1j
            k[0] += 1
            for a, adjoint, linear in kept:
                scale = 1e-13 * np.abs(a.to_sparse()).max()
                assert abs(np.vdot(g, a(f)) - np.vdot(adjoint(g), f)) <= scale * 40
                assert abs(np.vdot(g, linear @ f.ravel()) - np.vdot(linear.H @ g.ravel(), f)) <= scale * 40
                assert np.allclose(
                    adjoint(g).ravel(), a.to_sparse().conj().T @ g.ravel(), rtol=0, atol=scale * 40
                )
                assert np.allclose(
                    adjoint.to_sparse().toarray(), a.to_sparse().toarray().conj().T, rtol=0, atol=scale * 40
                )

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
        laplacian = grid.laplacian.with_(form="conservative").to_linear_operator()
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
        found = linalg.lsqr(grid.gradient.to_linear_operator(), right, atol=1e-14, btol=1e-14, iter_lim=2000)[
            0
        ]
        difference = found - f.ravel()  # up to what the gradient does not see
        assert np.abs(grid.gradient.to_sparse() @ difference).max() <= 1e-9

    def test_scipy_takes_the_operator_itself(self, rng):
        walls = [(gg.value(2.0, wall="face"), "symmetric"), (gg.slope(1.0, wall="face"), "symmetric")]
        grid = gg.Grid((7, 0.5), (6, 0.4), boundary=walls)
        k = rng.uniform(1, 2, grid.shape)
        A = grid.identity - 0.1 * grid.diffuse(k)  # affine: as a matrix it is its linear part
        x, dense = rng.standard_normal(42), A.to_sparse().toarray()
        assert np.allclose(A.matvec(x), dense @ x, rtol=1e-13, atol=1e-13)
        assert np.allclose(A.rmatvec(x), dense.T @ x, rtol=1e-13, atol=1e-13)
        assert np.allclose(A.matvec(x), (A(x.reshape(7, 6)) - A.offset).ravel(), rtol=1e-12, atol=1e-12)
        assert linalg.aslinearoperator(A).shape == (42, 42)
        found, info = linalg.gmres(A, x, rtol=1e-13)
        assert info == 0
        assert np.allclose(found, np.linalg.solve(dense, x), rtol=1e-10, atol=1e-10)
        gradient = gg.Grid((9, 0.5), (8, 0.5), boundary="antisymmetric").gradient
        size = np.linalg.svd(gradient.to_sparse().toarray(), compute_uv=False)
        assert np.allclose(linalg.svds(gradient, 3)[1], np.sort(size)[-3:], rtol=1e-8)

    def test_complex_and_single_vectors(self, rng):
        grid = gg.Grid((4, 0.5), (5, 0.25))
        linear = grid.laplacian.to_linear_operator(dtype=np.complex64)
        assert linear.dtype == np.complex64
        x = (rng.standard_normal(20) + 1j * rng.standard_normal(20)).astype(np.complex64)
        assert np.array_equal(linear @ x, grid.laplacian(x.reshape(4, 5)).ravel())

    @pytest.mark.parametrize("name", ["gradient", "advect", "diffuse", "mixed"])
    def test_pickles(self, name, rng):
        operator, matrix, _ = facts(name, "coordinates", "each another")
        linear = operator.to_linear_operator()
        again = pickle.loads(pickle.dumps(linear))
        x, y = rng.standard_normal(matrix.shape[1]), rng.standard_normal(matrix.shape[0])
        assert again.dtype == linear.dtype
        assert same_bits(again @ x, linear @ x)
        assert same_bits(again.H @ y, linear.H @ y)

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


def test_operators_stand_in_arrays_of_objects():
    """By themselves they are no array, and not one of a single object in silence."""
    grid = gg.Grid((5, 0.1), (6, 0.1))
    named = [grid.laplacian, grid.gradient, grid.with_mask(np.eye(5, 6) < 1).laplacian]
    held = np.array(named, dtype=object)
    assert held.shape == (3,)
    assert all(a is b for a, b in zip(held, named, strict=True))
    assert np.asarray(grid.laplacian, dtype=object)[()] is grid.laplacian
    for dtype in (None, float, "M8[s]"):
        with pytest.raises(TypeError, match="an operator is no array"):
            np.asarray(grid.laplacian, dtype=dtype)
