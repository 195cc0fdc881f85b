"""Solvers in pickles, for processes and clusters, and their copies."""

import copy
import pickle

import numpy as np
import pytest

import gridgrad as gg

RNG = np.random.default_rng(11)
ENDS = {"held": [(gg.value(1.0, name="left"), "reflect"), "symmetric"], "means": ["symmetric", "periodic"]}


@pytest.mark.parametrize("method", [None, "direct", "gmres"])
@pytest.mark.parametrize("ends", ENDS)
def test_solvers_travel(ends, method):
    """Factors are made again on arrival, to the same bits."""
    grid = gg.Grid((6, 0.5), (7, 0.4), boundary=ENDS[ends])
    b = grid.laplacian.linear(RNG.standard_normal(grid.shape))
    heat = grid.identity - 0.1 * grid.laplacian
    for A in (heat, grid.identity - 0.1 * grid.diffuse(RNG.uniform(1, 2, grid.shape)), grid.laplacian):
        solver = A.solver(method)
        for other in (pickle.loads(pickle.dumps(solver)), copy.copy(solver), copy.deepcopy(solver)):
            assert np.array_equal(other(b), solver(b))
            assert repr(other) == repr(solver)
            if ends == "held":
                assert np.array_equal(other(b, left=-1.0), solver(b, left=-1.0))


def test_solvers_of_vector_fields_and_gaps_travel():
    grid = gg.Grid((6, 0.5), (7, 0.4), boundary="periodic")
    holes = np.arange(42).reshape(6, 7) != 17
    step = (grid.identity - 0.3 * grid.vector_laplacian).solver("direct")
    beside = grid.with_mask(holes, boundary="symmetric").laplacian
    for solver, b in (
        (step, RNG.standard_normal((2, 6, 7))),
        (beside.solver(), beside(RNG.standard_normal((6, 7)))),
    ):
        assert np.array_equal(pickle.loads(pickle.dumps(solver))(b), solver(b))
