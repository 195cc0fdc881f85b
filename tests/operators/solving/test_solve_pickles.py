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


@pytest.mark.parametrize("method", [None, "direct", "cg"])
@pytest.mark.parametrize(
    "end", [gg.value(0.7), gg.value(0.7, wall="face"), gg.robin(1.0, 2.0, 0.5), "reflect"]
)
def test_coefficients_count_as_they_were(end, method):
    """What is written into them later is in no part of a solver: neither in factors, iterations and pickles nor in what walls add."""
    grid = gg.Grid((6, 0.5), (7, 0.4), boundary=end)
    inside = grid.with_mask(np.arange(42).reshape(6, 7) != 17)
    k, a, b = RNG.uniform(1, 2, (3, 6, 7))
    along = [RNG.uniform(1, 2, (6, 1)), np.broadcast_to(RNG.uniform(1, 2, (1, 7)), (6, 7))]
    for own in (grid,) if method == "cg" else (grid, inside):
        for make in (
            lambda k, a: own.identity - 0.1 * own.diffuse(k),  # noqa: B023
            lambda k, a: a * own.identity - own.diffuse(along),  # noqa: B023
            lambda k, a: (own.identity - own.diffuse(k)) @ (own.identity - own.diffuse(k)),  # noqa: B023
        ):
            kept = [k.copy(), a.copy()]
            solver = make(*kept).solver(method)
            expected = make(k, a).solve(b, method=method)
            for field in kept:
                field *= 3
            for found in (solver, pickle.loads(pickle.dumps(solver))):
                assert np.allclose(found(b), expected, rtol=0, atol=1e-7, equal_nan=True)


def test_walls_count_as_they_are():
    held, b = np.full(7, 0.5), RNG.standard_normal((6, 7))
    grid = gg.Grid((6, 0.5), (7, 0.4), boundary=[(gg.value(held), "reflect"), "reflect"])
    solver = (grid.identity - 0.1 * grid.diffuse(np.ones((6, 7)))).solver()
    solver(b)
    held *= 4
    assert np.array_equal(solver(b)[0], held)
