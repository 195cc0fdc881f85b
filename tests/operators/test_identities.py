"""What physics asks of the operators: curl of gradients, summation by parts, conservation, spectra."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from operator_cases import BOUNDARIES, KINDS, SHAPE, random_field, shared_setting
from samples import same_bits

import gridgrad as gg

EPS = np.finfo(float).eps
SETTINGS = [(kind, ends) for kind in KINDS for ends in BOUNDARIES]


def magnitude(grid, a, f):
    """``sum |w_j| (|f_j| + |f_i|)`` of the first derivative along an axis."""
    indices, weights = grid.derivative(a).weights(a)
    weights = np.abs(weights) * (indices != np.arange(len(indices))[:, None])
    along = np.moveaxis(np.abs(f), a, -1)
    return np.moveaxis(np.sum(weights * (along[..., indices] + along[..., :, None]), axis=-1), -1, a)


@pytest.mark.parametrize(("kind", "ends"), SETTINGS)
class TestExactSequence:
    """Derivatives along different axes commute, edges included, so what cancels on paper leaves round-off."""

    def test_the_curl_of_a_gradient(self, kind, ends, rng):
        grid, f = shared_setting(kind, ends).grid, rng.standard_normal(SHAPE)
        for c, part in enumerate(grid.curl(grid.gradient(f))):
            a, b = (c + 1) % 3, (c + 2) % 3
            size = magnitude(grid, a, magnitude(grid, b, f)) + magnitude(grid, b, magnitude(grid, a, f))
            assert np.all(np.abs(part) <= 6 * EPS * size)
            assert np.abs(part).max() < 1e-12

    def test_the_divergence_of_a_curl(self, kind, ends, rng):
        grid, F = shared_setting(kind, ends).grid, [rng.standard_normal(SHAPE) for _ in range(3)]
        size = 0
        for c in range(3):
            a, b = (c + 1) % 3, (c + 2) % 3
            size = (
                size
                + magnitude(grid, a, magnitude(grid, b, F[c]))
                + magnitude(grid, b, magnitude(grid, a, F[c]))
            )
        result = grid.divergence(grid.curl(F))
        assert np.all(np.abs(result) <= 8 * EPS * size)
        assert np.abs((grid.divergence @ grid.curl)(F)).max() < 1e-12

    def test_in_the_plane(self, kind, ends, rng):
        here = shared_setting(kind, ends, SHAPE[:2]).grid
        f = rng.standard_normal(SHAPE[:2])
        size = magnitude(here, 0, magnitude(here, 1, f)) + magnitude(here, 1, magnitude(here, 0, f))
        assert np.all(np.abs(here.curl(here.gradient(f))) <= 6 * EPS * size)


@pytest.mark.parametrize("boundary", ["one-sided", "periodic", ["periodic", "one-sided"]], ids=str)
def test_the_wide_laplacian_is_the_divergence_of_the_gradient(boundary, rng):
    x, f = np.cumsum(rng.uniform(0.5, 2, 7)), rng.standard_normal((6, 7))
    ring = boundary == "periodic"
    grid = gg.Grid((6, 0.5), x, boundary=boundary, period=[None, 14.0] if ring else None)
    size = sum(magnitude(grid, a, magnitude(grid, a, f)) for a in range(2))
    got = grid.laplacian.with_(form="wide")(f)
    assert np.all(np.abs(got - (grid.divergence @ grid.gradient)(f)) <= 12 * EPS * size)


def test_the_wide_laplacian_takes_the_gradient_of_an_even_field_as_odd(rng):
    f, x = rng.standard_normal((6, 7)), np.cumsum(rng.uniform(0.5, 2, 7))
    even = gg.Grid((6, 0.5), x, boundary=["reflect", ("antireflect", "reflect")])
    odd = gg.Grid((6, 0.5), x, boundary=["antireflect", ("reflect", "antireflect")])
    expected = odd.divergence(even.gradient(f))
    np.testing.assert_allclose(even.laplacian.with_(form="wide")(f), expected, rtol=0, atol=200 * EPS)


def test_a_laplacian_of_vectors_is_grad_div_minus_curl_curl(rng):
    """With wide rows, as all is products of the same first derivatives."""
    grid = gg.Grid((6, 0.5), (7, 0.25), (5, 1.0), boundary="periodic")
    F = rng.standard_normal((3, 6, 7, 5))
    expected = (grid.gradient @ grid.divergence)(list(F))
    swirl = grid.curl(grid.curl(F))
    for k in range(3):
        np.testing.assert_allclose(
            grid.vector_laplacian.with_(form="wide")(F)[k], expected[k] - swirl[k], rtol=0, atol=1e-12
        )


class TestSummationByParts:
    @pytest.mark.parametrize("step", [0.3, 1.0, -0.7, 1e-5 / 3])
    @pytest.mark.parametrize("n", [2, 3, 8])
    def test_one_sided_ends_of_order_one_exactly(self, n, step):
        """``H D + D^T H = B``: H the trapezoidal rule, B the difference of the end values."""
        derivative = gg.Grid((n, step), edge_order=1).derivative(0)
        matrix = [[Fraction(w) for w in row] for row in derivative.to_sparse().toarray().tolist()]
        half = matrix[0][1] / 2  # 1 / (2 h) as it is rounded
        weights = [Fraction(1) if 0 < i < n - 1 else Fraction(1, 2) for i in range(n)]
        for i in range(n):
            for j in range(n):
                boundary = (i == j) * ((i == n - 1) - (i == 0))
                assert weights[i] * matrix[i][j] + matrix[j][i] * weights[j] == boundary * 2 * half

    def test_order_two_breaks_it_as_documented(self):
        matrix = gg.Grid((8, 1.0)).derivative(0).to_sparse().toarray()
        cell = np.diag([0.5, *[1.0] * 6, 0.5])
        defect = cell @ matrix + matrix.T @ cell - np.diag([-1.0, *[0.0] * 6, 1.0])
        assert np.abs(defect).max() == 0.5

    @pytest.mark.parametrize("step", [0.25, 0.3])
    def test_a_ring_is_skew(self, step):
        grid = gg.Grid((9, step), boundary="periodic")
        for accuracy in (None, 4, 6):
            first = grid.derivative(0, 1, accuracy).to_sparse().toarray()
            second = grid.derivative(0, 2, accuracy).to_sparse().toarray()
            assert np.array_equal(first, -first.T)
            assert np.array_equal(second, second.T)

    def test_divergence_is_minus_the_adjoint_of_the_gradient_on_a_torus(self, rng):
        grid = gg.Grid((6, 0.5), (7, 0.25), boundary="periodic")
        F = [rng.standard_normal((6, 7)) for _ in range(2)]
        for weight in (None, "quadrature"):
            np.testing.assert_allclose(
                grid.gradient.adjoint(F, weight=weight), -grid.divergence(F), rtol=0, atol=64 * EPS
            )

    def test_integrals_of_derivatives_are_end_values(self, rng):
        grid = gg.Grid((9, 0.5), edge_order=1)
        f = rng.standard_normal(9)
        total = np.sum(grid.quadrature[0] * grid.derivative(0)(f))
        assert abs(total - (f[-1] - f[0])) <= 9 * EPS * np.abs(f).sum()


CLOSED = ["one-sided", "reflect", "periodic", ("reflect", "one-sided")]


def closed_grid(rng, ends, kind):
    sides = [ends, "periodic" if ends != "periodic" else "one-sided"]
    if kind == "steps":
        return gg.Grid((7, 0.3), (6, 0.7), boundary=sides)
    x, y = (np.concatenate([[0.0], np.cumsum(rng.uniform(0.3, 1.5, n - 1))]) for n in (7, 6))
    periods = [
        x[-1] + 0.8 if "periodic" in sides[0] else None,
        y[-1] + 0.8 if "periodic" in sides[1] else None,
    ]
    return gg.Grid(x, -y, boundary=sides, period=periods)


@pytest.mark.parametrize("kind", ["steps", "coordinates"])
@pytest.mark.parametrize("ends", CLOSED, ids=str)
class TestConservation:
    def test_the_conservative_laplacian(self, ends, kind, rng):
        grid = closed_grid(rng, ends, kind)
        matrix = grid.laplacian.with_(form="conservative").to_sparse().toarray()
        cell = np.outer(*grid.quadrature).ravel()
        weighted = cell[:, None] * matrix
        # Each entry is rounded a few times on its way; sums are of at most 5.
        scale = np.abs(weighted).max()
        assert np.abs(weighted - weighted.T).max() <= 8 * EPS * scale
        assert np.abs(matrix.sum(axis=1)).max() <= 8 * EPS * np.abs(matrix).max()
        assert np.abs(weighted.sum(axis=0)).max() <= 16 * EPS * scale
        values = np.linalg.eigvalsh((weighted + weighted.T) / 2)
        assert values.max() <= 1e-13 * -values.min()
        assert np.sum(values > -1e-10 * -values.min()) == 1  # the constants, and nothing else

    @pytest.mark.parametrize("dtype", [np.float64, np.complex128])
    def test_diffusion_keeps_the_integral_and_loses_energy(self, ends, kind, dtype, rng):
        grid = closed_grid(rng, ends, kind)
        f, k = random_field(rng, (7, 6), dtype), rng.uniform(0.1, 10, (7, 6))
        cell = np.outer(*grid.quadrature)
        spread = grid.diffuse(k)(f)
        assert abs(np.sum(cell * spread)) <= 64 * EPS * np.sum(cell * np.abs(spread))
        assert np.sum(cell * np.real(np.conj(f) * spread)) < 0
        matrix = cell.ravel()[:, None] * grid.diffuse(k).to_sparse().toarray()
        assert np.abs(matrix - matrix.T).max() <= 16 * EPS * np.abs(matrix).max()

    def test_diffusion_of_one_is_the_conservative_laplacian(self, ends, kind, rng):
        grid, f = closed_grid(rng, ends, kind), rng.standard_normal((7, 6))
        expected = grid.laplacian.with_(form="conservative")(f)
        assert same_bits(grid.diffuse(np.ones((7, 6)))(f), expected)
        assert same_bits(grid.diffuse(1.0)(f), expected)
        assert same_bits(grid.diffuse(1)(f), expected)

    def test_its_interior_rows_are_the_compact_ones(self, ends, kind, rng):
        grid, f = closed_grid(rng, ends, kind), rng.standard_normal((7, 6))
        closed, open_ = grid.laplacian.with_(form="conservative")(f), grid.laplacian(f)
        assert same_bits(closed[1:-1, 1:-1], open_[1:-1, 1:-1])

    def test_the_conservative_laplacian_is_its_own_quadrature_adjoint(self, ends, kind, rng):
        grid, f = closed_grid(rng, ends, kind), rng.standard_normal((7, 6))
        laplacian = grid.laplacian.with_(form="conservative")
        turned, plain = laplacian.adjoint(f, weight="quadrature"), laplacian(f)
        size = np.abs(laplacian.to_sparse()) @ np.abs(f.ravel())
        assert np.all(np.abs(turned - plain).ravel() <= 16 * EPS * size)


class TestSymmetries:
    def test_shifts_scales_and_reversals(self, rng):
        x, f = np.cumsum(rng.integers(1, 9, 8)).astype(float), rng.standard_normal(8)
        for boundary in ("one-sided", "reflect", "antireflect"):
            for order in (1, 2):
                plain = gg.derivative(f, x, order=order, boundary=boundary)
                assert same_bits(gg.derivative(f, x + 64, order=order, boundary=boundary), plain)
                assert same_bits(gg.derivative(f, x * 4, order=order, boundary=boundary) * 4**order, plain)
                turned = gg.derivative(f[::-1], -x[::-1], order=order, boundary=boundary)[::-1]
                np.testing.assert_allclose(turned, (-1) ** order * plain, rtol=0, atol=100 * EPS)
                down = gg.derivative(f[::-1], x[::-1], order=order, boundary=boundary)[::-1]
                np.testing.assert_allclose(down, plain, rtol=0, atol=100 * EPS)

    def test_a_ring_has_no_first_point(self, rng):
        f = rng.standard_normal((7, 8))
        grid = gg.Grid((7, 0.25), (8, 0.5), boundary="periodic")
        for operator in (
            grid.laplacian,
            grid.laplacian.with_(form="wide"),
            grid.laplacian.with_(accuracy=4),
            grid.mixed_derivative(0, 1),
        ):
            assert same_bits(operator(np.roll(f, (2, 3), (0, 1))), np.roll(operator(f), (2, 3), (0, 1)))

    def test_polynomials(self):
        x = np.array([0.0, 1, 3, 4, 6, 9, 10])
        y = np.array([0.0, 2, 3, 7, 8])
        a, b = np.meshgrid(x, y, indexing="ij")
        grid = gg.Grid(x, y)
        # Whole numbers stay whole up to the rounding of weights.
        close = dict(rtol=0, atol=2000 * EPS)
        np.testing.assert_allclose(grid.gradient(a**2 + a * b)[0], 2 * a + b, **close)
        np.testing.assert_allclose(grid.divergence([a**2, b**2]), 2 * a + 2 * b, **close)
        np.testing.assert_allclose(
            grid.mixed_derivative(0, 1)(a**2 * b**2), 4 * a * b, rtol=0, atol=1e5 * EPS
        )
        np.testing.assert_allclose(grid.laplacian(a**2 - 3 * b**2), np.full(a.shape, -4.0), **close)
        np.testing.assert_allclose(
            grid.derivative(0, 2)(a**3)[[0, -1]], 6 * a[[0, -1]], rtol=0, atol=1e5 * EPS
        )
        np.testing.assert_allclose(grid.derivative(0, 2, 2)(a**3), 6 * a, rtol=0, atol=1e5 * EPS)
        np.testing.assert_allclose(grid.gradient_norm(3 * a - 4 * b), np.full(a.shape, 5.0), **close)
        np.testing.assert_allclose(grid.gradient_squared(3 * a - 4j * b), np.full(a.shape, 25.0), **close)
        np.testing.assert_allclose(
            grid.advect([b, -a])(a**2 + b**2), np.zeros(a.shape), rtol=0, atol=1e5 * EPS
        )

    def test_a_norm_neither_overflows_nor_underflows(self):
        grid = gg.Grid((4, 1.0), (4, 1.0))
        x, y = np.meshgrid(np.arange(4.0), np.arange(4.0), indexing="ij")
        for scale in (1e300, 1e-300, 1e-310):
            np.testing.assert_allclose(grid.gradient_norm(scale * (3 * x + 4 * y)), 5 * scale, rtol=1e-9)
        np.testing.assert_allclose(grid.gradient_norm(1e200j * (3 * x + 4 * y)), 5e200, rtol=1e-14)
        with np.errstate(all="raise"):  # which its square does, and tells nobody
            assert np.all(grid.gradient_squared(1e200j * (3 * x + 4 * y)) == np.inf)
            assert not grid.gradient_squared(1e-200 * x).any()


def test_an_obstacle_of_no_diffusivity_lets_half_of_the_flux_in():
    """The arithmetic mean at its face, as the documentation says."""
    grid, f = gg.Grid((6, 0.5)), np.array([0.0, 0, 0, 1, 1, 1])
    k = np.array([2.0, 2, 2, 0, 0, 0])
    assert np.array_equal(grid.diffuse(k)(f), [0, 0, 0.5 * 2 / 0.25, -0.5 * 2 / 0.25, 0, 0])
