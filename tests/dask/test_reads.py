"""How often chunks of a file are decoded: once for their faces and once for their own task, in any order, and what is kept is bounded."""

import gc
import pickle
import threading
import time
import weakref
from collections import Counter
from uuid import uuid4

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

zarr = pytest.importorskip("zarr")
dask = pytest.importorskip("dask")

from gridgrad.dask import _reads, to_zarr  # noqa: E402  # where both are


class Counting(zarr.storage.WrapperStore):
    """A folder that counts what is read of it: Zarr decodes what it reads."""

    def __init__(self, store):
        super().__init__(store)
        self.seen, self.bytes = Counter(), 0

    async def get(self, key, prototype=None, byte_range=None):
        found = await super().get(key, prototype, byte_range)
        self.seen[key] += 1
        self.bytes += 0 if found is None else len(found)
        return found


def counted(folder, f, chunks, **words):
    """An array in a folder, and what counts its reading."""
    made = zarr.create_array(
        folder / "f", shape=f.shape, dtype=f.dtype, chunks=chunks, overwrite=True, **words
    )
    made[:] = f  # whole: Zarr 3.1.0 writes no shards chunk by chunk
    store = Counting(zarr.storage.LocalStore(folder / "f"))
    array = zarr.open_array(store, mode="r+")
    store.seen.clear()
    return array, store


def made_of(operator, array, folder, threads=1):
    """The values of a target."""
    with dask.config.set(scheduler="threads" if threads > 1 else "synchronous", num_workers=threads):
        to_zarr(operator, array, folder / "out", overwrite=True)
    return zarr.open_array(folder / "out", mode="r")[:]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("boundary", ["one-sided", "periodic"])
@pytest.mark.parametrize("shape", [(20, 35), (15, 20, 12)])
def test_chunks_are_decoded_once_or_twice(tmp_path, shape, boundary, threads):
    f = np.random.default_rng(0).random(shape, np.float32)
    array, store = counted(tmp_path, f, (5,) * f.ndim)
    numblocks = [-(-n // 5) for n in shape]
    grid = gg.Grid(*[(n, 0.1) for n in shape], boundary=boundary)
    for operator in [
        grid.gradient,
        grid.laplacian,
        grid.mixed_derivative(0, 1),
        *map(grid.derivative, range(f.ndim)),
    ]:
        store.seen.clear()
        assert same_bits(made_of(operator, array, tmp_path, threads), np.asarray(operator(f)))
        assert len(store.seen) == np.prod(numblocks)
        assert max(store.seen.values()) <= 2
        if threads == 1 and operator == grid.derivative(f.ndim - 1):  # at the seam twice
            again = np.prod(numblocks[:-1]) if boundary == "periodic" else 0
            assert sum(store.seen.values()) == len(store.seen) + again


@pytest.mark.parametrize("shape", [(20, 35), (15, 20, 12)])
def test_operators_with_gaps_read_together_what_one_reads(tmp_path, shape):
    """However many there are, with masks of their own, and beside operators without gaps."""
    f, rng = np.random.default_rng(0).random(shape, np.float32), np.random.default_rng(1)
    array, store = counted(tmp_path, f, (5,) * f.ndim)
    grid = gg.Grid(*((n, 0.1) for n in shape))
    one, other = (grid.with_mask(rng.random(shape) > 0.1) for _ in range(2))
    together = {"a": one.laplacian, "b": other.gradient, "c": one.laplacian.T, "d": grid.laplacian}
    seen = []
    for operators in (one.laplacian.T, together):
        store.seen.clear()
        with dask.config.set(scheduler="synchronous"):
            to_zarr(operators, array, tmp_path / "out", overwrite=True)
        seen.append(Counter({key: n for key, n in store.seen.items() if key.startswith("c/")}))
    assert seen[1] == seen[0]
    assert max(seen[0].values()) <= 2
    for name, operator in together.items():
        assert same_bits(zarr.open(tmp_path / "out", mode="r")[name][:], np.asarray(operator(f)))


def test_any_order_has_the_same_bits(tmp_path, monkeypatch):
    f = np.random.default_rng(0).random((20, 25, 16), np.float32)
    grid = gg.Grid(*[(n, 0.1) for n in f.shape], boundary="periodic")
    array, store = counted(tmp_path, f, (5, 5, 5))
    order = _reads.Reads.order
    monkeypatch.setattr(_reads.Reads, "order", lambda own: np.random.default_rng(1).permutation(order(own)))
    assert same_bits(made_of(grid.laplacian, array, tmp_path, threads=3), grid.laplacian(f))
    assert max(store.seen.values()) <= 2


def test_what_is_gone_on_with_is_decoded_no_oftener(tmp_path, tasks):
    f = np.random.default_rng(0).random((20, 25, 16), np.float32)
    grid = gg.Grid(*[(n, 0.1) for n in f.shape])
    array, store = counted(tmp_path, f, (5, 5, 5))
    tasks.most = 30
    with pytest.raises(RuntimeError, match="out of luck"):
        made_of(grid.laplacian, array, tmp_path)
    tasks.most = None
    store.seen.clear()
    assert same_bits(made_of(grid.laplacian, array, tmp_path), grid.laplacian(f))
    assert sorted(tasks.made) == list(range(4 * 5 * 4))
    assert max(store.seen.values()) <= 2


def test_nothing_is_kept_beyond_the_run(tmp_path, monkeypatch):
    f = np.random.default_rng(0).random((20, 25), np.float32)
    grid = gg.Grid((20, 0.1), (25, 0.1))
    array, _ = counted(tmp_path, f, (5, 5))
    start, made = _reads.Reads.__init__, []
    monkeypatch.setattr(
        _reads.Reads, "__init__", lambda own, *given: (start(own, *given), made.append(weakref.ref(own)))[0]
    )
    for data in (f, 2 * f):
        array[:] = data
        assert same_bits(made_of(grid.laplacian, array, tmp_path, threads=2), grid.laplacian(data))
    gc.collect()
    assert [own() for own in made] == [None, None]


class Slow:
    """An array that takes its time."""

    shards, dtype = None, np.dtype("f4")

    def __init__(self, shape):
        self.values, self.count, self.wait = np.zeros(shape, np.float32), 0, 0.0

    def __getitem__(self, region):
        self.count += 1
        time.sleep(self.wait)
        return self.values[region]


def reads_of(numblocks, array=None):
    """Of chunks of 8 points along each axis, of which a row on each side is read by others."""
    depths = [[(axis, 1, 1)] * n for axis, n in enumerate(numblocks)]
    array = array or Slow(tuple(8 * n for n in numblocks))
    return _reads.Reads([array], tuple((8,) * n for n in numblocks), {0: depths}, uuid4().hex), array


def test_what_two_threads_want_is_decoded_once():
    reads, array = reads_of((3, 3))
    array.wait, start = 0.05, threading.Barrier(4)

    def task():
        start.wait()
        reads.beyond(0, (1, 1), (0, 1))

    threads = [threading.Thread(target=task) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert array.count == 1


def test_the_next_chunk_is_handed_over_and_other_processes_begin_with_none():
    """What is sent once is a worker's of a cluster; a process of a pool is sent it with each task, and keeps what the last one left."""
    reads, array = reads_of((3, 3))
    reads.beyond(0, (0, 1), (0, 0))
    again = pickle.loads(pickle.dumps(reads))
    assert same_bits(reads.chunk(0, (0, 1)), array.values[:8, 8:16])
    assert array.count == 1
    again.chunk(0, (0, 1))
    assert again.inputs[0].count == 2
    kept, other = pickle.loads(pickle.dumps(reads)), reads_of((3, 3))[0]
    assert kept is not again
    assert pickle.loads(pickle.dumps(again)) is kept
    assert pickle.loads(pickle.dumps(other)) is not kept


def swept(numblocks):
    """How often a chunk is decoded, and the most bytes that are kept, of a laplacian in the order of tasks."""
    reads, array = reads_of(numblocks)
    most = 0
    for number in reads.order():
        places = tuple(map(int, np.unravel_index(number, numblocks)))
        reads.chunk(0, places)
        for axis, n in enumerate(numblocks):
            for place in {max(places[axis] - 1, 0), min(places[axis] + 1, n - 1)} - {places[axis]}:
                reads.beyond(0, (*places[:axis], place, *places[axis + 1 :]), places)
        ahead = sum(own.value.nbytes for own in reads._ahead.held.values())
        assert ahead <= 2 * 8 ** len(numblocks) * 4
        most = max(most, sum(own.value.__sizeof__() for own in reads._faces.held.values()))
    return array.count / np.prod(numblocks), most


def test_memory_is_flat_and_large_planes_are_swept_in_columns(monkeypatch):
    """Faces of a chunk are 6 * 64 * 4 bytes and an object; four planes of 4 x 8 are less than the bound, of 8 x 8 more."""
    monkeypatch.setattr(_reads, "BYTES", 140 * (6 * 64 * 4 + 512))
    (few, least), (many, most) = swept((8, 8, 8)), swept((16, 8, 8))
    assert least <= _reads.BYTES + 2 * (6 * 64 * 4 + 512)
    assert most <= least * 1.01
    assert few < 2.6
    assert many < 2.6


def test_rows_of_shards_are_read_alone(tmp_path):
    f = np.random.default_rng(0).random((32, 48), np.float32)
    grid = gg.Grid((32, 0.1), (48, 0.1))
    array, store = counted(tmp_path, f, (4, 4), shards=(16, 16), compressors=None)
    store.bytes = 0
    assert same_bits(made_of(grid.laplacian, array, tmp_path), grid.laplacian(f))
    assert f.nbytes < store.bytes < 2 * f.nbytes
