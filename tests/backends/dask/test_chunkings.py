"""Fields of 24 x 20 x 18 points in chunks of 1, 2, 3, 5 and 7 of them and of any sizes: one result for all, nothing computed before."""

import numpy as np
import pytest
from operator_cases import flat
from samples import same_bits

import gridgrad as gg

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")

SHAPE = (24, 20, 18)
CHUNKS = {"1": 1, "2": 2, "3": 3, "5": 5, "7": 7, "tails": ((1, 22, 1), (9, 10, 1), (2, 1, 15))}
AXES = [np.linspace(0, 1, n) ** power for n, power in zip(SHAPE, (1.1, 1.2, 1.3), strict=True)]
ENDS = {
    "one-sided": {"boundary": "one-sided"},
    "periodic": {"boundary": "periodic", "period": 1.1},
    "walls": {"boundary": [(gg.value(2.0), "one-sided"), ("reflect", "antireflect"), gg.slope(0.5, wall="face")]},
}  # fmt: skip
F, U, V, K = np.random.default_rng(0).random((4, *SHAPE))
SEA = np.random.default_rng(1).random(SHAPE) > 0.1


def refuses(*_, **__):
    raise AssertionError("computed while a graph was built")


def check(call, fields, chunks):
    """The bits of the whole, and chunks of the field, of what is made of lazy fields without computing them."""
    with dask.config.set(scheduler=refuses):
        lazy = flat(call(*[da.from_array(field, chunks=chunks) for field in fields]))
    wanted = flat(call(*fields))
    for own, got, want in zip(lazy, dask.compute(*lazy, scheduler="synchronous"), wanted, strict=True):
        assert own.chunks == da.from_array(F, chunks=chunks).chunks
        assert same_bits(got, want)


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("ends", ENDS)
def test_every_end_and_edge_order(ends, edge_order, chunks):
    options = {"edge_order": edge_order, **ENDS[ends]}
    check(lambda f: gg.gradient(f, *AXES, **options), [F], CHUNKS[chunks])
    check(gg.Grid(*AXES, **options).laplacian, [F], CHUNKS[chunks])


GRID = gg.Grid(
    *AXES, boundary=["periodic", "one-sided", (gg.value(2.0), "reflect")], period=[1.1, None, None]
)
OCEAN = GRID.with_mask(SEA)
OPERATORS = {
    "advect": (lambda f, u, v: GRID.advect((u, v, 2.0))(f), [F, U, V]),
    "diffuse": (lambda f, k: GRID.diffuse(k)(f), [F, K]),
    "divergence": (lambda *fields: GRID.divergence(fields), [F, U, V]),
    "curl": (lambda *fields: GRID.curl(fields), [F, U, V]),
    "accuracy 6": (GRID.gradient.with_(accuracy=6), [F]),
    "transpose of accuracy 4": (GRID.laplacian.with_(accuracy=4).T, [F]),
    "mixed derivative": (GRID.mixed_derivative(0, 2), [F]),
    "norm": (gg.gradient_norm, [F]),
    "upwind": (lambda f, u: GRID.advect((u, -1.0, 0.5), upwind=2)(f), [F, U]),
    "gaps": (OCEAN.laplacian, [F]),
    "missing samples": (lambda f: gg.gradient(f, *AXES, missing="one-sided"), [np.where(SEA, F, np.nan)]),
    "one after the other": (lambda f: GRID.laplacian(GRID.derivative(0)(f)), [F]),
}  # fmt: skip


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name, chunks):
    call, fields = OPERATORS[name]
    check(call, fields, CHUNKS[chunks])
