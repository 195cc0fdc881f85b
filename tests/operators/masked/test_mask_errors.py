"""Grids with gaps: prescribed ends and complex numbers beside them, adjoints of transposes, and what is refused."""

import numpy as np
import pytest
from libraries import parameters

import gridgrad as gg

RNG = np.random.default_rng(5)
GRIDS = {"plane": lambda: gg.Grid(np.cumsum(RNG.random(9) + 0.5), (11, 0.25))}


def test_prescribed_values_in_runs_that_touch_an_end_and_a_gap():
    inside = np.ones(9, bool)
    inside[[1, 5]] = False
    boundary = [(gg.value(1.0, wall="face"), gg.slope(3.0))]
    f = np.arange(9.0) ** 2
    found = gg.Grid((9, 1.0), boundary=boundary).with_mask(inside).laplacian(np.where(inside, f, np.nan))
    right = gg.Grid((3, 1.0), boundary=[("one-sided", gg.slope(3.0))])
    assert found[0] == 0  # a single point has no row
    assert np.array_equal(found[2:5], gg.Grid((3, 1.0)).laplacian(f[2:5]))
    assert np.array_equal(found[6:], right.laplacian(f[6:]))


@pytest.mark.parametrize("factor", [2j, 1.5 - 2j, complex(3, 0), 0j])
def test_complex_numbers_reach_the_rows_beside_gaps(factor):
    grid = GRIDS["plane"]()
    ocean = grid.with_mask(RNG.random(grid.shape) < 0.7)
    f = RNG.standard_normal(grid.shape)
    for operator in (ocean.laplacian, ocean.derivative(0), ocean.with_breaks(0, [4]).derivative(0)):
        expected = factor * operator(f)
        np.testing.assert_allclose((factor * operator)(f), expected, rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose((factor * operator).to_sparse() @ f.ravel(), expected.ravel(), atol=1e-12)
        np.testing.assert_allclose((factor * operator).T(f), factor * operator.T(f), atol=1e-12)
        np.testing.assert_allclose(
            (factor * operator).adjoint(f), np.conj(factor) * operator.T(f), atol=1e-12
        )


@pytest.mark.parametrize("library", parameters("numpy"))
def test_harmonic_means_beside_gaps(library):
    """As of the whole grid where nothing is conducted outside: an insulating wall."""
    grid = GRIDS["plane"]()
    inside = RNG.random(grid.shape) < 0.7
    f, k = RNG.standard_normal(grid.shape), RNG.random(grid.shape) + 0.1
    expected = grid.diffuse(np.where(inside, k, 0), mean="harmonic")(f)
    ocean = grid.with_mask(inside)
    with library.wide():
        found = library.host(ocean.diffuse(library.array(k), mean="harmonic")(library.array(f)))
    np.testing.assert_allclose(found[inside], expected[inside], rtol=1e-13, atol=1e-13)
    assert abs((grid.measure * found).sum()) < 1e-12
    A = ocean.diffuse(k, mean="harmonic")
    np.testing.assert_allclose(A.to_sparse() @ f.ravel(), found.ravel(), atol=1e-13)
    np.testing.assert_allclose(A.T(f).ravel(), A.to_sparse().T @ f.ravel(), atol=1e-12)


def test_complex_fields_in_chunks():
    """Without a warning about what is discarded: an index is no number of the field."""
    array = pytest.importorskip("dask.array")
    grid = GRIDS["plane"]()
    A = grid.with_mask(RNG.random(grid.shape) < 0.7).laplacian
    f = RNG.standard_normal(grid.shape) + 1j
    np.testing.assert_array_equal(np.asarray(A(array.from_array(f, chunks=4))), A(f))


def test_adjoints_of_transposes():
    grid = GRIDS["plane"]()
    ocean = grid.with_mask(RNG.random(grid.shape) < 0.7)
    f = RNG.standard_normal(grid.shape)
    A = (1 - 2j) * ocean.laplacian
    np.testing.assert_allclose(A.T.adjoint(f), np.conj(A(f)), atol=1e-12)
    np.testing.assert_allclose(A.adjoint_operator().adjoint(f), A(f), atol=1e-12)
    with pytest.raises(ValueError, match='weight must be None or "quadrature"'):
        A.T.adjoint(f, weight="measure")


@pytest.mark.parametrize("turned", [False, True])
def test_what_is_added_to_fits(turned):
    grid = GRIDS["plane"]()
    A = grid.with_mask(RNG.random(grid.shape) < 0.7).laplacian
    A = A.T if turned else A
    f, out = RNG.standard_normal((2, *grid.shape))
    expected = out + A(f)
    np.testing.assert_array_equal(A(f, out=out, add=True), expected)
    for wrong in (
        np.zeros(grid.shape, np.float32),
        np.zeros(grid.shape, int),
        np.zeros((3, *grid.shape)),
        np.zeros((9, 1)),
    ):
        with pytest.raises((TypeError, ValueError), match="out has"):
            A(f, out=wrong, add=True)
        assert not wrong.any()


REFUSED = {
    "has dtype float64; give where the field is, an array of bool": lambda g, m: g.with_mask(m * 1.0),
    "inside has shape (9,), but the grid has shape (9, 11)": lambda g, m: g.with_mask(m[:, 0]),
    "inside is False everywhere": lambda g, m: g.with_mask(m & False),
    "a wall beside gaps has no position of its own": lambda g, m: g.with_mask(m, boundary=gg.value(1.0, wall=2.5)),
    "beside gaps has no mixed derivatives": lambda g, m: g.with_mask(m, boundary=gg.value(np.ones(m.shape))).hessian,
    "beside gaps there is one end for all": lambda g, m: g.with_mask(m, boundary=["reflect", "reflect"]),
    "fill must be 0 or numpy.nan": lambda g, m: g.with_mask(m, fill=7.0),
    "a break at 9 is between no two points of axis -2": lambda g, m: g.with_breaks(0, [3, 9]),
    "breaks must be integers": lambda g, m: g.with_breaks(0, [2.5]),
    "their gaps differ": lambda g, m: g.with_mask(m).laplacian + g.laplacian,
    "is a masked array, and the grid has a mask": lambda g, m: g.with_mask(m).laplacian(np.ma.masked_invalid(np.ones((9, 11)))),
    "with batch axes; give fields that have these": lambda g, m: g.with_mask(np.stack([m, m])).laplacian(np.ones((9, 11))),
    'missing must be None or "one-sided"': lambda g, m: gg.gradient(np.ones(5), missing="skip"),
    "got an array of shape (3,); where the field is": lambda g, m: gg.gradient(np.ones(3), missing=np.ones(3, bool)),
    "breaks=[3] are those of one axis": lambda g, m: gg.gradient(np.ones((5, 5)), breaks=[3]),
    "breaks must be a sequence of integers": lambda g, m: gg.gradient(np.ones(5), breaks=3),
    "is a function; give its samples": lambda g, m: gg.gradient(lambda x: x, np.arange(5.0), breaks=[3]),
}  # fmt: skip


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_refused(message):
    grid = GRIDS["plane"]()
    with pytest.raises((TypeError, ValueError)) as error:
        REFUSED[message](grid, RNG.random(grid.shape) < 0.7)
    assert message in str(error.value)
