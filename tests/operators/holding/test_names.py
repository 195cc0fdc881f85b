"""Names that several walls have: each keeps its own value with other options, until a call gives one for all."""

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

N, M = 9, 8
RNG = np.random.default_rng(4)
V, F = RNG.standard_normal((2, N)).astype(np.float32)


@pytest.mark.parametrize("ends", [(1.0, 5.0), (np.array(1.0), np.array(5.0)), (np.float64(1.0), 5)])
@pytest.mark.parametrize("wall", ["point", "face"])
@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda grid: grid.laplacian, {"accuracy": 2}),
        (lambda grid: grid.laplacian, {"form": "wide"}),
        (lambda grid: grid.derivative(0, side="left"), {"side": "right"}),
        (lambda grid: grid.advect(2.0), {"upwind": 1}),
        (lambda grid: grid.advect([V]), {"accuracy": 4}),
        (lambda grid: grid.diffuse(V**2), {"mean": "harmonic"}),
    ],
)
def test_with_other_options(make, options, wall, ends):
    same, apart = (
        gg.Grid(
            (N, 1.0),
            boundary=[(gg.value(ends[0], wall=wall, name="a"), gg.value(ends[1], wall=wall, name=b))],
        )
        for b in ("a", "b")
    )
    expected = make(apart).with_(**options)
    assert same_bits(make(same).with_(**options)(F), expected(F))
    given = dict.fromkeys({argument.name for argument in expected.arguments} & {"a", "b"}, 7.0)
    for found in (make(same).with_(**options).with_(a=7.0), make(same).with_(a=7.0).with_(**options)):
        assert same_bits(found(F), expected(F, **given))


def test_an_array_of_one_number_stays_alive():
    held, f = np.array(1.0), RNG.standard_normal(N)
    grid = gg.Grid((N, 1.0), boundary=(gg.value(2.0, name="a"), "one-sided"))
    found = grid.laplacian.with_(a=held).with_(accuracy=4)
    held[...] = 3.0
    assert same_bits(found(f), grid.laplacian.with_(accuracy=4)(f, a=3.0))


@pytest.mark.parametrize(
    "make", [lambda grid: grid.identity, lambda grid: grid.multiply(np.full((N, M), 2.0))]
)
def test_beside_operators_of_vector_fields(make):
    same, apart = (
        gg.Grid((N, 1.0), (M, 0.5), boundary=[(gg.value(1.0, name="a"), gg.value(5.0, name=b)), "reflect"])
        for b in ("a", "b")
    )
    f = RNG.standard_normal((2, N, M))
    assert same_bits((make(same) + same.vector_laplacian)(f), (make(apart) + apart.vector_laplacian)(f))
    both = make(same).with_(a=7.0) + same.vector_laplacian.with_(a=7.0)
    assert same_bits(both(f), (make(apart) + apart.vector_laplacian)(f, a=7.0, b=7.0))
