"""The CUDA kernel on rows that read more or fewer points than there are rows: between points and faces."""

from __future__ import annotations

import numpy as np
import pytest
from cuda_cases import built_kernels, check, poisoned, samples

import gridgrad as gg
from gridgrad._backends import ladder
from gridgrad._backends.cuda.bound import Bound
from gridgrad._backends.numpy import BACKEND


@pytest.fixture(scope="session")
def kernels():
    return built_kernels()


@pytest.mark.parametrize("walls", [False, True], ids=["between", "walls"])
@pytest.mark.parametrize("shape", [(9, 64), (8, 33)], ids=str)
def test_faces(kernels, shape, walls):
    """One launch for each shape of outputs, with the bits of the host core."""
    x = np.cumsum(np.random.default_rng(1).uniform(0.5, 1.5, shape[0]))
    faces = gg.Grid(x, (shape[1], 0.5), boundary=["antisymmetric", "reflect"]).faces(walls=walls)
    for operator in (faces.gradient, faces.divergence, faces[1].mean, faces[1].mean_at_points):
        fields = [samples(grid.shape, "float32", seed=k) for k, grid in enumerate(operator.grids_in)]
        terms = operator.pattern.terms_for(*(f.shape for f in fields))
        shapes = [grid.shape for grid in operator.grids_out]
        for own, places in ladder.alike(terms, shapes):
            made = shapes[places[0]]
            check(kernels, own, fields, lambda made=made: poisoned(made, "float32"))


def test_an_output_behind_the_last_row_that_is_read_is_not_apart():
    """An input that is longer than the rows made of it ends later."""
    faces = gg.Grid((9, 0.5), (8, 0.5)).faces(0)
    f, out = np.zeros((9, 8)), np.zeros((8, 8))
    plan = ladder.bound(BACKEND, faces.derivative.pattern.terms_for(f.shape), [f], [out])
    bound = Bound(plan, 0)
    assert bound._are_apart([0, f.nbytes])
    assert not bound._are_apart([0, f.nbytes - 8])
    assert not bound._are_apart([out.nbytes - 8, 0])
    assert bound._are_apart([out.nbytes, 0])


def test_an_output_behind_an_input_of_fewer_points_is_apart():
    """Nor does that input end where one of as many points as rows would."""
    divergence = gg.Grid((9, 0.5), (8, 0.5)).faces().divergence
    fields = [np.zeros(grid.shape) for grid in divergence.grids_in]
    plan = ladder.bound(
        BACKEND, divergence.pattern.terms_for(*(f.shape for f in fields)), fields, [np.zeros((9, 8))]
    )
    bound = Bound(plan, 0)
    for k, f in enumerate(fields):
        places = [1 << 20, 1 << 20]
        places[k] = 0
        assert bound._are_apart([*places, f.nbytes])
        assert not bound._are_apart([*places, f.nbytes - 8])
