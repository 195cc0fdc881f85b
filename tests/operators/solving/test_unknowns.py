"""`unknowns`: the values of a field that a solve finds, against slices, and as rows and columns of matrices."""

import numpy as np
import pytest
from scipy.sparse.linalg import spsolve

import gridgrad as gg

RNG = np.random.default_rng(29)
X, Y = np.cumsum(RNG.uniform(0.5, 1.5, 9)), (7, 0.5)
HELD, FACE = gg.value(2.0), gg.value(-1.0, wall="face")
INSIDE = np.ones((9, 7), bool)
INSIDE[3:5, 2:4] = False
ENDS = {  # and the points that are no unknowns
    "none": ("one-sided", []),
    "a wall between points": ([FACE, gg.slope(1.0)], []),
    "one side": ([(HELD, "reflect"), "periodic"], [np.s_[0, :]]),
    "another side": (["symmetric", (FACE, HELD)], [np.s_[:, -1]]),
    "all sides": (HELD, [np.s_[0, :], np.s_[-1, :], np.s_[:, 0], np.s_[:, -1]]),
    "a plate": ([gg.clamped(), "reflect"], [np.s_[0, :], np.s_[-1, :]]),
}


def free(held, shape=(9, 7)):
    result = np.ones(shape, bool)
    for place in held:
        result[place] = False
    return result


@pytest.mark.parametrize("ends", ENDS)
def test_they_are_the_points_that_hold_no_value(ends):
    boundary, held = ENDS[ends]
    grid = gg.Grid(X, Y, boundary=boundary)
    for A in (grid.laplacian, 2 * grid.laplacian + grid.identity, grid.gradient, grid.identity.T):
        assert np.array_equal(A.unknowns if not A.inputs else A.unknowns[0], free(held))
        assert A.unknowns.dtype == bool


def test_axes_in_another_order():
    grid = gg.Grid(X, Y, axes=[-1, -2], boundary=[(HELD, "reflect"), "periodic"])
    assert np.array_equal(grid.laplacian.unknowns, free([np.s_[:, 0]], (7, 9)))


def test_each_component_has_its_own():
    wall = gg.components(normal=HELD, tangential="reflect")
    across, along = gg.Grid(X, Y, boundary=[wall, "periodic"]).vector_laplacian.unknowns
    assert np.array_equal(across, free([0, -1]))
    assert along.all()


def test_points_outside_of_a_mask_are_none_and_points_beside_it_where_these_hold_a_value():
    grid = gg.Grid(X, Y)
    assert np.array_equal(grid.with_mask(INSIDE).laplacian.unknowns, INSIDE)
    beside = [np.s_[2:6, 2:4], np.s_[3:5, 1:5]]
    assert np.array_equal(grid.with_mask(INSIDE, boundary=HELD).laplacian.unknowns, free(beside))


def test_fields_at_faces():
    faces = gg.Grid(X, Y).with_mask(INSIDE).faces()
    for own, at in zip(faces.divergence.unknowns, faces, strict=True):
        assert np.array_equal(own, at.open)


@pytest.mark.parametrize("ends", ["a wall between points", "one side", "another side", "all sides"])
def test_rows_and_columns_of_the_matrix_solve_as_solve_does(ends):
    grid = gg.Grid(X, Y, boundary=ENDS[ends][0])
    A, b = grid.laplacian - grid.identity, RNG.standard_normal(grid.shape)
    at, u = A.unknowns.ravel(), grid.identity(np.zeros(grid.shape))
    assert not A.to_sparse()[:, ~at].nnz
    u[A.unknowns] = spsolve(A.to_sparse("csc")[at][:, at], (b - A.offset).ravel()[at])
    assert np.allclose(u, A.solve(b), rtol=1e-11, atol=1e-12)
    rate = A.unknowns.astype(float) * A  # of a time step, which leaves held points as they are
    assert not rate(b)[~A.unknowns].any()
    assert not rate.to_sparse()[~at].nnz
    assert np.array_equal(rate(b)[A.unknowns], A(b)[A.unknowns])
