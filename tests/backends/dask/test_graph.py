"""What is in a graph of Dask's: how many tasks of what size, in which chunks; nothing computed while it is built."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")
Callback = pytest.importorskip("dask.callbacks").Callback

from gridgrad._backends.dask import groups  # noqa: E402  # where Dask is

N = 64
X = [np.linspace(0, 1, N) ** p for p in (1.1, 1.2, 1.3)]


@pytest.fixture(autouse=True)
def apart(monkeypatch):
    """Tiny chunks are tasks of their own, unless a test says otherwise."""
    monkeypatch.setattr(groups, "BYTES", 0)


def tasks_of(*lazy):
    """How many tasks run, beside those that make the chunks of the field."""
    keys = []
    with Callback(pretask=lambda key, graph, state: keys.append((key, type(graph[key]).__name__))):
        dask.persist(*lazy, scheduler="synchronous")
    return sum("gridgrad" in str(key) and kind != "Alias" for key, kind in keys)


def field(shape=(N, N, N), chunks=16, dtype=np.float32):
    f = np.random.default_rng(0).random(shape, dtype)
    return da.from_array(f, chunks=chunks).map_blocks(np.copy)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_two_tasks_a_chunk_and_one_for_each_component(axes):
    d = field()
    lazy = gg.gradient(d, *X[:axes], axis=tuple(range(axes)))
    lazy = lazy if axes > 1 else (lazy,)
    assert tasks_of(*lazy) == (2 + (axes if axes > 1 else 0)) * d.npartitions
    assert tasks_of(gg.laplacian(d, *X)) == 2 * d.npartitions


def test_operators_one_after_another_add_two_tasks_each():
    d = field((N, N), 16)
    L = gg.Grid((N, 1.0), (N, 1.0)).laplacian
    once, thrice = L(d), L(L(L(d)))
    assert thrice.chunks == once.chunks == d.chunks
    assert tasks_of(thrice) == tasks_of(once) + 2 * 2 * d.npartitions


def test_axes_of_one_chunk_and_small_chunks_have_no_faces():
    d = field((N, N), (16, N))
    assert tasks_of(gg.derivative(d, X[0], axis=0)) == 2 * 4
    assert tasks_of(gg.derivative(d, X[0], axis=1)) == 4
    small = field((12, 12), 2)
    assert tasks_of(gg.laplacian(small, 1.0, 1.0)) == small.npartitions


def test_chunks_without_walls_do_not_read_what_is_prescribed_there():
    d = field((N, N), 16)
    v = da.from_array(np.random.default_rng(1).random(N, np.float32), chunks=16)
    lazy = gg.Grid((N, 0.5), (N, 1.0), boundary=[(gg.value(v), "one-sided"), "one-sided"]).laplacian(d)
    wall = {key for key in lazy.__dask_graph__() if key[0].startswith("rechunk")}
    tasks = {key: task for key, task in lazy.__dask_graph__().items() if key[0] == lazy.name}
    assert {key[1] for key, task in tasks.items() if wall & set(task.dependencies)} == {0}


def test_nothing_is_computed_and_names_are_those_of_the_arguments():
    def fails(block):
        raise AssertionError("computed")

    d = da.map_blocks(fails, field(), dtype=np.float32, meta=np.empty((0, 0, 0), np.float32))
    lazy = gg.gradient(d, *X, edge_order=2)
    assert [own.dtype for own in lazy] == [np.float32] * 3
    assert all(type(own._meta) is np.ndarray and own.chunks == d.chunks for own in lazy)
    again = gg.gradient(d, *[x.copy() for x in X], edge_order=2)
    assert [own.name for own in lazy] == [own.name for own in again]
    assert gg.gradient(d, *X)[0].name != lazy[0].name
    assert gg.laplacian(d, *X).name != gg.laplacian(d, X[1], X[0], X[2]).name


def test_tasks_travel_light():
    """With the weights of their own rows, not of the axis."""
    n = 1 << 16
    d = da.zeros((n, 8), chunks=(256, 8))
    lazy = gg.gradient(d, np.linspace(0, 1, n) ** 1.3, axis=0)
    tasks = {key: task for key, task in lazy.__dask_graph__().items() if key[0].startswith("gridgrad")}
    assert max(len(pickle.dumps(task)) for task in tasks.values()) < 16 << 10


def test_errors_come_before_the_graph():
    d = field((N, N), 16)
    with pytest.raises(ValueError, match="63"):
        gg.gradient(d, X[0][1:], X[1])
    with pytest.raises(ValueError, match="strictly"):
        gg.gradient(d, X[0] * 0, X[1])
    with pytest.raises(ValueError, match=r"f has unknown sizes.*f\.compute_chunk_sizes\(\)"):
        gg.gradient(d[d[:, 0] > 0.5])
    with pytest.raises(TypeError, match=r"out= is not supported for arrays of dask"):
        gg.gradient(d, out=np.empty((2, N, N), np.float32))


def test_a_chunk_that_is_a_part_of_rows_is_copied_before_it_is_swept():
    """Others are read where they lie."""
    from gridgrad._backends.dask import chunk
    from gridgrad._backends.dispatch import found

    library = SimpleNamespace(library=found(np.ndarray))
    f = np.random.default_rng(0).random((8, 8, 8))
    for own in (f, f.T, f[:4], f[:1, :, ::2], np.broadcast_to(f[0], f.shape)):
        assert chunk.Chunk._dense(library, own) is own
    for own in (f[:, :4], f[..., 1:5], f[::2]):
        made = chunk.Chunk._dense(library, own)
        assert made.flags.c_contiguous
        assert same_bits(made, own)


def test_a_chunk_is_not_copied_with_its_halo(monkeypatch):
    """Of a large one only its sides are gathered."""
    from gridgrad._backends.dask import chunk

    gathered = []
    plain = chunk.Chunk._gathered

    def noted(self, sources, cuts, thin):
        gathered.append([cut.length for cut in cuts])
        return plain(self, sources, cuts, thin)

    monkeypatch.setattr(chunk.Chunk, "_gathered", noted)
    f = np.random.default_rng(0).random((192, 192, 192))
    d = da.from_array(f, chunks=96)
    for lazy, wanted in ((gg.laplacian(d), gg.laplacian(f)), (gg.gradient(d)[1], gg.gradient(f)[1])):
        assert same_bits(lazy.compute(scheduler="threads"), wanted)
    assert max(np.prod(shape) for shape in gathered) <= 4 * 98 * 98


class TestTinyChunks:
    @pytest.fixture(autouse=True)
    def together(self, monkeypatch, apart):
        monkeypatch.setattr(groups, "BYTES", 1 << 10)

    def test_they_are_made_together_and_cut_out(self):
        f = np.random.default_rng(0).random((12, 10, 9))
        d = da.from_array(f, chunks=1)
        lazy, wanted = gg.gradient(d), gg.gradient(f)
        assert all(own.chunks == d.chunks for own in lazy)
        assert all(map(same_bits, dask.compute(*lazy), wanted))
        few = 3 * 2 * 3 * 2  # groups, each joined, made, and its faces copied
        assert 3 * d.npartitions <= tasks_of(*lazy) <= 3 * d.npartitions + few * 3

    def test_numbers_in_the_graph_are_no_tasks(self):
        d = da.from_array(np.zeros((12, 10)), chunks=1)
        keys = []
        with Callback(pretask=lambda key, graph, state: keys.extend(graph)):
            gg.laplacian(d).compute(scheduler="synchronous")
        assert not any(d.name in key for key in keys)

    def test_what_is_in_other_chunks_is_cut_for_groups_alone(self):
        """Numbers at walls, coefficients in one chunk, masks: not first in the chunks of the field."""
        f = np.random.default_rng(0).random((12, 10, 9))
        d, whole = (da.from_array(f, chunks=chunks) for chunks in (1, -1))

        def on(wall):
            ends = [(gg.value(2.0, wall=wall), gg.slope(1.0)), "one-sided", "periodic"]
            return gg.Grid((12, 0.5), (10, 0.5), (9, 0.5), boundary=ends)

        grid, held = on("face"), on("point")
        ocean = grid.with_mask(f > 0.2)
        for lazy, wanted, sweeps in (
            (grid.laplacian(d), grid.laplacian(f), 1),
            (grid.diffuse(whole)(d), grid.diffuse(f)(f), 1),
            (ocean.laplacian(d), ocean.laplacian(f), 1),
            (held.laplacian(d), held.laplacian(f), 2),  # that which writes the value into the field first
        ):
            keys = set()
            with Callback(pretask=lambda key, graph, state, keys=keys: keys.add(key)):
                assert same_bits(lazy.compute(scheduler="synchronous"), wanted)
            assert len(keys) < sweeps * d.npartitions + 300

    def test_large_ones_are_not(self):
        assert groups.groups_of(((8,) * 9, (8,) * 9), 8) is None
        assert groups.groups_of(((1,) * 9, (4,) * 9), 8) == ((9,), (2, 2, 2, 2, 1))
        assert groups.groups_of(((1, 1), (1, 1)), 8) is None


def test_tiny_chunks_of_other_dtypes_than_the_array_says_keep_their_digits(monkeypatch):
    monkeypatch.setattr(groups, "BYTES", 1 << 16)
    whole = np.arange(16.0) ** 2 / 4
    mixed = da.map_blocks(
        lambda chunk, block_info: chunk.astype(int) if block_info[0]["chunk-location"] == (0,) else chunk,
        da.from_array(whole, chunks=1), dtype=float, meta=np.zeros(0),
    )  # fmt: skip
    assert same_bits(gg.gradient(mixed).compute(), np.gradient(whole))


def test_tiny_chunks_with_gaps_and_batch_axes(monkeypatch):
    monkeypatch.setattr(groups, "BYTES", 1 << 12)
    rng = np.random.default_rng(1)
    inside, f = rng.random((7, 8)) < 0.7, rng.random((9, 7, 8))
    L = gg.Grid((7, 0.5), (8, 0.25)).with_mask(inside).laplacian
    lazy = L(da.from_array(f, chunks=(1, 2, 2)))
    assert lazy.chunks == ((1,) * 9, (2, 2, 2, 1), (2,) * 4)
    assert same_bits(lazy.compute(scheduler="synchronous"), L(f))


MADE = {
    "a row less": lambda b: b[1:],
    "a row more": lambda b: np.concatenate([b, b[:1]]),
    "turned": lambda b: b.T,
    "one row": lambda b: b[:1],
    "a number": lambda b: b.sum(),
    "a dim less": lambda b: b[:, 0],
}
SIZES = {"joined": ((40, 30), (2, 3)), "small": ((40, 30), (10, 15)), "large": ((1200, 900), (400, 450))}


class TestChunksOfAnotherShape:
    """``map_blocks`` believes what it is told: no shape shows it, and the rows would be those of other points."""

    @pytest.mark.parametrize("made", MADE)
    @pytest.mark.parametrize("size", SIZES)
    def test_are_named(self, made, size, monkeypatch):
        if size == "joined":
            monkeypatch.undo()
        shape, chunks = SIZES[size]
        right = da.zeros(shape, chunks=chunks)
        wrong = right.map_blocks(MADE[made], dtype=float, name="made")
        for lazy in (
            gg.gradient(wrong, axis=1),  # not along the axis that is wrong
            gg.laplacian(wrong),
            gg.advect((wrong, right), right),
            gg.divergence((right, wrong)),
        ):
            with pytest.raises(
                ValueError,
                match=r"chunk \(\d, \d\) of the Dask array 'made.*' has the shape \(.*\), and the array says \(",
            ):
                lazy.compute(scheduler="synchronous")

    def test_are_refused_where_a_neighbour_alone_is_asked_for(self):
        wrong = da.zeros((40, 30), chunks=(10, 15)).map_blocks(
            lambda b, block_info=None: b[1:] if block_info[0]["chunk-location"] == (1, 1) else b, dtype=float
        )
        lazy = gg.derivative(wrong, axis=0)
        assert lazy.blocks[3, 1].compute(scheduler="synchronous").shape == (10, 15)
        with pytest.raises(
            ValueError, match=r"chunk \(1, 1\) .* has the shape \(9, 15\), and the array says \(10, 15\)"
        ):
            lazy.blocks[2, 1].compute(scheduler="synchronous")

    @pytest.mark.parametrize("size", SIZES)
    def test_are_refused_before_they_are_cut_to_the_chunks_of_others(self, size, monkeypatch):
        """Dask drops what is too much of each."""
        if size == "joined":
            monkeypatch.undo()
        shape, chunks = SIZES[size]
        wrong = da.zeros(shape, chunks=chunks).map_blocks(np.repeat, 2, 0, dtype=float)
        right = da.zeros(shape, chunks=tuple(max(1, n // 2) for n in chunks))
        with pytest.raises(
            ValueError, match=f"of the Dask array '{wrong.name}' has the shape .*, and the array says"
        ):
            gg.divergence((right, wrong)).compute(scheduler="synchronous")

    def test_are_refused_on_grids_with_gaps(self):
        wrong = da.zeros((40, 30), chunks=(10, 15)).map_blocks(lambda b: b[1:], dtype=float)
        inside = np.arange(40)[:, None] % 7 + np.zeros(30) > 0
        with pytest.raises(ValueError, match=r"has the shape \(9, 15\), and the array says \(10, 15\)"):
            gg.Grid((40, 1.0), (30, 1.0)).with_mask(inside).laplacian(wrong).compute(scheduler="synchronous")
