"""What goes between points and faces on chunks of any size: the bits of the whole array, in chunks that differ in the last."""

import numpy as np
import pytest
from operator_cases import flat
from samples import same_bits

import gridgrad as gg

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")

from gridgrad._backends.dask import chunk, groups  # noqa: E402  # where Dask is

X = np.cumsum(np.random.default_rng(1).uniform(0.5, 1.5, 9))
WALLS = gg.value(2.0, wall="face"), gg.slope(1.0, wall="face")
GRIDS = {
    "open": gg.Grid(X, (8, 0.3)),
    "ring": gg.Grid((9, 0.4), (8, 0.3), boundary=["periodic", "one-sided"]),
    "even": gg.Grid((9, 0.4, 0.2), (8, 0.3, 0.15), boundary="symmetric"),
    "prescribed": gg.Grid((9, 0.4, 0.2), (8, 0.3), boundary=[WALLS, "one-sided"]),
}
CHUNKS = (1, 4, ((1, 1, -1), (5, -1)))


def operators_of(grid, walls):
    every = grid.faces(walls=walls)
    yield from (every.gradient, every.divergence)
    for faces in every:
        yield from (faces.derivative, faces.mean, faces.divergence, faces.mean_at_points)


def cut(field, chunks):
    """A lazy field; of lengths that leave the last one open, as long as it comes out."""
    if isinstance(chunks, tuple) and isinstance(chunks[0], tuple):
        chunks = [(*own[:-1], n - sum(own[:-1])) for own, n in zip(chunks, field.shape, strict=True)]
    return da.from_array(field, chunks=tuple(chunks) if isinstance(chunks, list) else chunks)


def expected(chunks, more):
    """Chunks of so many points more than some; the last is joined with the one before if it would have none."""
    last = chunks[-1] + more
    return (*chunks[:-1], last) if last else (*chunks[:-2], chunks[-2])


@pytest.fixture(params=["at once", "in parts", "in groups"])
def way(request, monkeypatch):
    if request.param == "in parts":
        monkeypatch.setattr(chunk, "SMALL", 0)
    if request.param != "in groups":
        monkeypatch.setattr(groups, "BYTES", 0)


@pytest.mark.parametrize("walls", [False, True])
@pytest.mark.parametrize("name", GRIDS)
def test_every_operator_and_its_transpose(way, name, walls, rng):
    for forward in operators_of(GRIDS[name], walls):
        for operator in (forward, forward.T):
            fields = [rng.random(place.shape) for place in operator.grids_in]
            wanted = flat(operator(fields if operator.inputs else fields[0]))
            for chunks in CHUNKS:
                lazy = [cut(field, chunks) for field in fields]
                made = flat(operator(lazy if operator.inputs else lazy[0]))
                for got, want in zip(dask.compute(*made, scheduler="synchronous"), wanted, strict=True):
                    assert same_bits(got, want)


def test_chunks_are_those_of_the_points_but_for_the_last(rng):
    f = rng.random((9, 8))
    for chunks in (2, 3, (4, 7), (9, 1)):
        d = da.from_array(f, chunks=chunks)
        for walls, more in ((False, -1), (True, 1)):
            for axis, faces in enumerate(GRIDS["open"].faces(walls=walls)):
                made = faces.derivative(d).chunks
                assert made[1 - axis] == d.chunks[1 - axis]
                assert made[axis] == expected(d.chunks[axis], more)


def test_two_tasks_a_chunk():
    grid = gg.Grid((64, 1.0), (64, 1.0))
    d = da.zeros((64, 64), chunks=16)
    keys = [key for key in grid.faces(0).derivative(d).__dask_graph__() if "gridgrad" in str(key)]
    assert len(keys) <= 2 * d.npartitions


def test_between_operators_and_with_masked_arrays(rng):
    f, k = rng.random((9, 8)), rng.random((9, 8))
    for name in ("open", "ring", "even"):
        faces = GRIDS[name].faces()
        for chunks in (1, (2, 3), (9, 4)):

            def spread(f, k, faces=faces):
                return faces.divergence(
                    [own.mean(k) * s for own, s in zip(faces, faces.gradient(f), strict=True)]
                )

            lazy = spread(da.from_array(f, chunks=chunks), da.from_array(k, chunks=chunks))
            assert same_bits(lazy.compute(scheduler="synchronous"), spread(f, k))
    masked = np.ma.array(f, mask=f > 0.8)
    for operator in (GRIDS["open"].faces(0).derivative, GRIDS["even"].faces(1, walls=True).mean):
        got, want = (
            operator(da.from_array(masked, chunks=(2, 3))).compute(scheduler="synchronous"),
            operator(masked),
        )
        assert np.array_equal(np.ma.getmaskarray(got), np.ma.getmaskarray(want))
        assert same_bits(got.filled(0), want.filled(0))


def test_an_end_without_a_row_is_not_taken_for_the_inside():
    """Its chunk reads as many neighbours as the others where rows go to one side only."""
    f = np.arange(10.0) ** 2
    for boundary in ("reflect", "symmetric"):
        grid = gg.Grid((10, 0.5), boundary=boundary)
        for operator in (
            grid.derivative(0, side="left"),
            grid.derivative(0, side="right"),
            grid.faces(0, walls=True).derivative,
        ):
            assert same_bits(
                operator(da.from_array(f, chunks=2)).compute(scheduler="synchronous"), operator(f)
            )
