"""Sums and multiples of operators: equal taps are one, weights of 0 read nothing, and `out=` has one rule."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
from libraries import parameters
from oracles import fractions
from samples import noise, same_bits

import gridgrad as gg
from gridgrad._backends import ladder, slices
from gridgrad._backends.numpy import BACKEND
from gridgrad._backends.numpy.operations import NUMPY
from gridgrad._operators.fields import forms, gather
from gridgrad._stencils.stencil import CENTRAL
from gridgrad._stencils.sums import added
from gridgrad._terms.term import Term

EPS = np.finfo(float).eps
UNEVEN = np.array([0, 1, 2, 3, 5, 6, 7, 8.5, 9.5, 10.5])  # with pairs of equal steps


def reads(operator, n):
    """Which points each row reads, by a NaN at one point after the other; the same by slices and by a mask."""
    spread = np.empty((n, n), bool)
    for k in range(n):
        f = np.zeros(n)
        f[k] = np.nan
        spread[:, k] = np.isnan(operator(f))
        terms = operator.pattern.terms_for((n,))
        (sliced,) = slices.apply(NUMPY, terms, [f, *operator.coefficients], 1)
        assert np.array_equal(np.isnan(sliced), spread[:, k])
        masked = operator(np.ma.array(np.zeros(n), mask=np.isnan(f)))
        assert np.array_equal(
            np.ma.getmaskarray(masked), spread[:, k] | np.isnan(f)
        )  # what is missing stays so
        (wide,) = slices.apply(NUMPY, terms, [f.astype(np.longdouble), *operator.coefficients], 1)
        assert np.array_equal(np.isnan(wide), spread[:, k])
    return spread


def check_reads(operator, n):
    """A point is read exactly where the matrix has a weight; so in the transpose."""
    matrix = operator.to_sparse().toarray()
    assert np.array_equal(reads(operator, n), matrix != 0)
    assert np.array_equal(reads(operator.T, n), matrix.T != 0)
    return matrix


class TestMergedTaps:
    @pytest.mark.parametrize("h", [0.1, 0.3, 1 / 3, 7.7e-5, 1e120])
    @pytest.mark.parametrize("sign", [1, -1])
    def test_a_one_sided_difference_reads_two_points(self, h, sign):
        """D + h/2 D2 is (f[i+1] - f[i]) / h: central and second derivative cancel at i - 1."""
        n = 9
        grid = gg.Grid((n, h))
        operator = grid.derivative(0) + sign * (h / 2) * grid.derivative(0, 2)
        matrix = check_reads(operator, n)
        for i in range(1, n - 1):
            assert set(np.flatnonzero(matrix[i])) == {i, i + sign}
        assert np.allclose(matrix[4, 4 + sign] * h, sign, rtol=4 * EPS, atol=0)

    def test_at_single_points_of_uneven_axes(self):
        grid = gg.Grid(UNEVEN)
        operator = grid.derivative(0) + 0.5 * grid.derivative(0, 2)
        (term,) = operator.terms
        assert term.stencil.selects
        assert not term.stencil.is_central
        matrix = check_reads(operator, 10)
        assert [i for i in range(1, 9) if matrix[i, i - 1] == 0] == [1, 2, 4, 5, 7, 8]

    @pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64, np.int32])
    def test_kernels_and_slices_give_the_same_bits(self, rng, dtype):
        """Rows with weights of 0, across and along the row, with coefficients and in threads."""
        grid = gg.Grid(UNEVEN, UNEVEN, boundary=["one-sided", "reflect"])
        k = (
            rng.uniform(1, 2, (10, 10)).astype(dtype)
            if np.dtype(dtype).kind == "f"
            else rng.uniform(1, 2, (10, 10))
        )
        f = (20 * rng.standard_normal((3, 10, 10))).astype(dtype)
        if np.dtype(dtype).kind == "f":
            f[rng.random(f.shape) < 0.05] = np.nan
        for a in range(2):
            one_sided = grid.derivative(a) + 0.5 * grid.derivative(a, 2)
            wide = grid.laplacian.with_(form="wide") + 0.5 * one_sided
            for operator in (one_sided, wide, wide + grid.advect([k, k]) + 2 * grid.advect([1.0, 0.0])):
                fields = gather.gather(f, (), operator.coefficients)
                arrays = fields.samples + fields.coefficients
                (sliced,) = slices.apply(NUMPY, operator.pattern.terms_for(f.shape), arrays, 1)
                assert same_bits(operator(f), sliced)
                assert same_bits(operator(f, workers=3), sliced)

    def test_one_stencil_for_one_axis(self):
        grid = gg.Grid((9, 0.1), (9, 0.2), (9, 0.3))
        v, k = [np.ones((9, 9, 9))] * 3, np.ones((9, 9, 9))
        for operator, terms in [
            (grid.laplacian - grid.advect([1.0, 2.0, 3.0]), 3),
            (grid.laplacian - grid.advect([1.0, 2.0, 3.0]) - grid.identity, 4),
            (grid.identity + grid.identity, 1),
            (grid.laplacian + grid.laplacian.with_(accuracy=4) + grid.laplacian.with_(form="wide"), 3),
            (grid.advect(v) + grid.laplacian, 6),
            (grid.advect(v) + grid.advect(v), 6),  # two fields each, though the same
            (grid.diffuse(k) + grid.diffuse(2.0), 6),
            (grid.hessian + 0.5 * grid.hessian, 9),
            (grid.gradient + grid.gradient.with_(accuracy=4), 3),
            (grid.laplacian.T + grid.derivative(0).T, 3),
        ]:
            assert len(operator.terms) == terms
            assert len(operator.T.terms) == terms

    def test_formula_1_stays_formula_1(self):
        grid = gg.Grid(UNEVEN)
        (term,) = (grid.laplacian - 3 * grid.derivative(0)).terms
        assert term.stencil.offsets == CENTRAL
        (term,) = (grid.derivative(0) + grid.derivative(0)).terms
        first = grid.derivative(0).terms[0].stencil
        assert all(same_bits(a, 2 * b) for a, b in zip(term.stencil.weights, first.weights, strict=True))

    @pytest.mark.parametrize(
        "name", ["wide", "accuracy 4", "accuracy 6", "first 6", "transposes", "conservative"]
    )
    @pytest.mark.parametrize("ends", ["one-sided", "periodic", "reflect", "antireflect"])
    @pytest.mark.parametrize("spacing", ["even", "uneven"])
    def test_weights_are_the_rounded_sums_of_exact_ones(self, rng, name, ends, spacing):
        """An oracle of its own: rows of both matrices as rationals, added."""
        n = 12
        entry = (n, 0.3) if spacing == "even" else np.cumsum(rng.integers(20, 90, n)) / 64
        grid = gg.Grid(entry, boundary=ends, period=None if spacing == "even" or ends != "periodic" else 20.0)
        one = grid.laplacian - 3 * grid.derivative(0)
        other = {
            "wide": grid.laplacian.with_(form="wide"),
            "accuracy 4": grid.laplacian.with_(accuracy=4),
            "accuracy 6": grid.laplacian.with_(accuracy=6),
            "first 6": grid.derivative(0, accuracy=6),
            "transposes": grid.derivative(0, accuracy=4).T,
            "conservative": grid.laplacian.with_(form="conservative"),
        }[name]
        if name == "transposes":
            one = one.T
        together = one + 0.7 * other
        assert len(together.terms) == 1
        parts = [operator.to_sparse().toarray() for operator in (one, 0.7 * other)]
        exact = sum(np.vectorize(Fraction, otypes=[object])(part) for part in parts)
        error = (np.vectorize(Fraction, otypes=[object])(together.to_sparse().toarray()) - exact).astype(
            float
        )
        size = sum(map(abs, parts))
        largest = size.sum(axis=1, keepdims=True)
        assert np.all(abs(error) <= 3 * EPS * np.maximum(size, np.eye(n) * largest))
        f = noise(rng, n)
        assert np.all(abs(together(f) - (one(f) + (0.7 * other)(f))) <= 12 * EPS * (size @ abs(f)))
        if not together.terms[0].stencil.values:
            assert np.all(together(np.full(n, 101325.0)) == 0)

    def test_what_cancels_altogether(self, rng):
        grid = gg.Grid(UNEVEN, (6, 0.5))
        nothing = grid.laplacian - grid.laplacian
        assert nothing.to_sparse().nnz == 0
        assert np.array_equal(nothing(np.full((10, 6), np.nan)), np.zeros((10, 6)))
        assert np.array_equal(nothing.T(np.full((10, 6), np.nan)), np.zeros((10, 6)))
        left = nothing + grid.derivative(1)
        f = noise(rng, (10, 6))
        assert np.array_equal(left(f), grid.derivative(1)(f))
        assert same_bits(pickle.loads(pickle.dumps(left))(f), left(f))

    def test_weights_that_overflow_stay_apart(self):
        grid = gg.Grid((9, 1.0), boundary="periodic")
        huge = 1.7e308 * grid.derivative(0)
        together = huge + huge + huge
        assert len(together.terms) == 2
        assert np.all(together(np.ones(9)) == 0)
        assert added(huge.terms[0].stencil, (1e-300 * (1e-300 * grid.laplacian)).terms[0].stencil) is None

    def test_parts_of_a_face(self, rng):
        """A coefficient averaged to faces: pairs are faces, and those that are equal are added."""
        x, k, f = UNEVEN, rng.uniform(1, 2, 10), noise(rng, 10)
        stencils = [gg.Grid(x, boundary=b).diffuse(k).terms[0].stencil for b in ("one-sided", "reflect")]
        together = added(*stencils, faces=True)
        assert together.offsets == CENTRAL
        out = [np.empty(10) for _ in range(3)]
        for stencil, target in zip((together, *stencils), out, strict=True):
            ladder.apply(BACKEND, (Term(0, 0, 0, stencil, faces=1),), [f, k], [target])
        scale = np.abs(out[1]) + np.abs(out[2]) + 1
        assert np.all(abs(out[0] - out[1] - out[2]) <= 10 * EPS * scale)


class TestPointsThatAreNotNeeded:
    @pytest.mark.parametrize("accuracy", [None, 2, 4, 6])
    @pytest.mark.parametrize("order", [1, 2])
    @pytest.mark.parametrize("ends", ["reflect", "antireflect", ("reflect", "one-sided"), "periodic"])
    def test_mirrored_ends_and_rings(self, accuracy, order, ends):
        for n in (9, 16):
            check_reads(gg.Grid((n, 1.0), boundary=[ends]).derivative(0, order, accuracy), n)

    def test_the_value_of_a_row_that_skips_its_point(self, rng):
        """Point 2 of a mirrored axis of accuracy 6, in rationals."""
        f = noise(rng, 9)
        x = fractions(f)
        for ends, sign in (("reflect", 1), ("antireflect", -1)):
            beyond = x[1] if sign == 1 else 2 * x[0] - x[1]
            exact = (Fraction(3, 4) * (x[3] - x[1]) - Fraction(3, 20) * (x[4] - x[0])
                     + Fraction(1, 60) * (x[5] - beyond))  # fmt: skip
            got = gg.Grid((9, 1.0), boundary=ends).derivative(0, 1, 6)(f)[2]
            assert abs(Fraction(float(got)) - exact) <= 4 * Fraction(EPS) * sum(map(abs, x))

    def test_wide_rows_of_partly_even_axes(self):
        for ends in ("one-sided", "reflect"):
            check_reads(gg.Grid(UNEVEN, boundary=ends).laplacian.with_(form="wide"), 10)


ZEROS = {
    "advect": lambda g: g.advect([0.0, 1.0]),
    "diffuse": lambda g: g.diffuse(0.0),
    "multiple": lambda g: 0 * g.laplacian,
    "gradient": lambda g: 0 * g.gradient,
    "mixed": lambda g: 0 * g.mixed_derivative(0, 1),
    "identity": lambda g: 0 * g.identity,
    "fields": lambda g: g.advect([np.exp(1j * np.arange(16.0)).reshape(4, 4), 0.0]),
}


class TestZeroFactors:
    @pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.complex128, np.int8])
    @pytest.mark.parametrize("name", ZEROS)
    def test_every_form_on_every_path(self, rng, name, dtype):
        operator = ZEROS[name](gg.Grid((4, 1.0), (4, 1.0)))
        matrix = operator.to_sparse().toarray()
        for linear, entries in ((operator, matrix), (operator.T, matrix.T)):
            parts = [
                (4 * rng.standard_normal((4, 4))).astype(dtype)
                for _ in range(np.prod(linear.inputs, dtype=int))
            ]
            f = parts if linear.inputs else parts[0]
            expected = entries @ np.concatenate([part.ravel() for part in parts])
            got = np.concatenate([np.ravel(part) for part in forms.flat(linear(f), linear.outputs)])
            np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
        assert operator.weights(0)[1].shape[0] == 4
        assert operator.T.weights(0)[0].shape[0] == 4

    @pytest.mark.parametrize("library", parameters("numpy"))
    def test_transposes_in_other_libraries(self, library):
        g = library.array(np.ones((4, 4)))
        for name in ("advect", "diffuse", "multiple"):
            operator = ZEROS[name](gg.Grid((4, 1.0), (4, 1.0)))
            assert np.allclose(library.host(operator.T(g)), operator.T(np.ones((4, 4))))

    def test_nothing_is_read(self):
        f = np.full((4, 4), np.nan)
        for name in ("diffuse", "multiple", "mixed", "identity"):
            operator = ZEROS[name](gg.Grid((4, 1.0), (4, 1.0)))
            assert np.array_equal(operator(f), np.zeros((4, 4)))
            assert np.array_equal(operator.T(f), np.zeros((4, 4)))


class TestExtremeFactors:
    def test_products_of_factors_and_weights_never_overflow(self):
        grid = gg.Grid((4, 1e-10))
        for operator in (
            1e300 * grid.laplacian,
            grid.laplacian / 1e-320,
            1e300 * (grid.laplacian @ grid.laplacian),
        ):
            assert np.array_equal(operator(np.ones(4)), np.zeros(4))
        f = np.array([0, 1e-305, 0, 0])
        assert np.allclose((1e300 * grid.laplacian)(f), [-5e15, -2e15, 1e15, 4e15], rtol=1e-14)
        tiny = 1e-300 * gg.Grid((4, 1e20)).laplacian
        assert np.allclose(
            tiny(1e300 * np.array([0.0, 1, 0, 0])), 1e-40 * np.array([-5.0, -2, 1, 4]), rtol=1e-14
        )

    def test_the_state_of_errors_does_not_matter(self):
        with np.errstate(all="raise"):
            grid = gg.Grid((6, 1e100))
            for operator in (1e-300 * grid.laplacian, grid.laplacian.with_(form="wide"), 1e300 * grid.laplacian / 1e-300,
                             1e-200 * grid.laplacian - 1e-200 * grid.derivative(0)):  # fmt: skip
                assert np.array_equal(operator(np.ones(6)), np.zeros(6))


class TestTheDtypeOfASum:
    """Both operators together decide it, in either order, before anything is written."""

    @staticmethod
    def pair(dtype):
        grid = gg.Grid((6, 0.5))
        k = np.linspace(1, 2, 6).astype(dtype)
        return grid.diffuse(k) @ grid.identity, grid.laplacian

    @pytest.mark.parametrize(("coefficient", "field", "result"), [
        (complex, float, complex), (float, np.float32, float), (np.float32, float, float), (float, int, float),
        (np.complex64, float, complex), (np.float32, np.float16, np.float32),
    ])  # fmt: skip
    def test_either_order(self, rng, coefficient, field, result):
        one, other = self.pair(coefficient)
        f = (8 * rng.standard_normal(6)).astype(field)
        wholes = [one + other, other + one, 2 * (other + one) / 2]
        assert all(whole(f).dtype == result for whole in wholes)
        for whole in wholes:
            out = np.empty(6, result)
            assert whole(f, out=out) is out
            np.testing.assert_allclose(out, whole(f), rtol=1e-5)
            for wrong in {np.dtype(t) for t in (np.float32, float, complex)} - {np.dtype(result)}:
                out = np.full(6, 7, wrong)
                with pytest.raises(TypeError, match=f"out has dtype {wrong}, but the result has dtype"):
                    whole(f, out=out)
                assert np.all(out == 7)

    def test_of_vectors_and_products(self, rng):
        grid = gg.Grid((6, 0.5), (5, 0.5))
        whole = grid.gradient @ (grid.diffuse(rng.uniform(1, 2, (6, 5))) @ grid.identity) + grid.gradient
        f = rng.standard_normal((6, 5)).astype(np.float32)
        out = [np.full((6, 5), 7, np.float32), np.full((6, 5), 7.0)]
        with pytest.raises(
            TypeError, match=r"out\[0\] has dtype float32, .* has dtype float64; give an array"
        ):
            whole(f, out=out)
        assert all(np.all(target == 7) for target in out)
        out = np.empty((2, 6, 5))
        assert same_bits(whole(f, out=out), np.array(whole(f)))

    def test_torch(self):
        torch = pytest.importorskip("torch")
        grid = gg.Grid((6, 0.5))
        one = grid.diffuse(torch.linspace(1, 2, 6, dtype=torch.float64)) @ grid.identity
        f = torch.arange(6, dtype=torch.float32) ** 2
        for whole in (one + grid.laplacian, grid.laplacian + one):
            out = torch.empty(6, dtype=torch.float64)
            assert whole(f, out=out) is out
            assert torch.equal(out, whole(f))
            with pytest.raises(TypeError, match="out has dtype float32, but the result has dtype float64"):
                whole(f, out=torch.empty(6))


def test_a_factor_of_zero_has_a_matrix():
    grid = gg.Grid((4, 1.0))
    for operator in (0 * grid.diffuse(np.ones(4)), (0 * grid.diffuse(np.ones(4))).T, 0 * grid.laplacian):
        assert np.array_equal(operator.to_sparse().toarray(), np.zeros((4, 4)))
