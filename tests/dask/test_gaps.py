"""Operators on grids with gaps from file to file: the bits of the operator, and a call that goes on in another process."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import samples
from samples import same_bits

import gridgrad as gg

zarr = pytest.importorskip("zarr")
dask = pytest.importorskip("dask")

from gridgrad.dask import to_zarr  # noqa: E402  # where both are

pytestmark = pytest.mark.usefixtures("synchronous")
SHAPE = (14, 20, 12)
ENDS = ["one-sided", "periodic", (gg.value(2.0), "one-sided")]
GRID = gg.Grid(np.linspace(0, 1, 14) ** 1.2, (20, 0.1), (12, 0.3), boundary=ENDS)
INSIDE = np.random.default_rng(2).random(SHAPE) > 0.1
K = np.random.default_rng(1).random(SHAPE[1:], np.float32)


@pytest.fixture
def f():
    return np.random.default_rng(0).random(SHAPE, np.float32)


@pytest.fixture
def source(tmp_path, f):
    zarr.create_array(tmp_path / "f.zarr", data=np.where(INSIDE, f, np.float32(np.nan)), chunks=(7, 8, 12))
    return tmp_path / "f.zarr"


def made(operator, source, target):
    to_zarr(operator, source, target, overwrite=True)
    return zarr.open(target, mode="r")[:]


@pytest.mark.parametrize("beside", ["one-sided", "symmetric", gg.value(1.5), gg.slope(K, wall="face")])
def test_the_bits_of_the_operator(tmp_path, source, f, beside):
    ocean = GRID.with_mask(INSIDE, boundary=beside, fill=np.nan).with_breaks(0, [9], boundary=beside)
    field = np.where(INSIDE, f, np.float32(np.nan))
    for operator in (
        ocean.laplacian,
        ocean.gradient,
        ocean.diffuse(K),
        2 * ocean.identity - ocean.derivative(1),
    ):
        for own in (operator, operator.T, operator.adjoint_operator("quadrature")):
            given, paths = ([field] * 3, [source] * 3) if own.inputs else (field, source)
            assert same_bits(made(own, paths, tmp_path / "out"), np.asarray(own(given)))


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_schedulers_and_batch_axes(tmp_path, source, f, scheduler):
    """A mask of all times is one; where it differs with them it has as many."""
    for inside in (INSIDE[0], dask.array.from_array(INSIDE, chunks=9)):
        A = gg.Grid((20, 0.1), (12, 0.3)).with_mask(inside).laplacian
        with dask.config.set(scheduler=scheduler, num_workers=2):
            found = made(A, source, tmp_path / "out")
        assert same_bits(found, A(np.where(INSIDE, f, np.float32(np.nan))))


def test_rows_are_made_once_for_all_times(tmp_path, source, monkeypatch):
    from gridgrad._operators.masked import beside

    patches = []
    plain = beside.patch_of
    monkeypatch.setattr(beside, "patch_of", lambda *own: patches.append(own) or plain(*own))
    made(gg.Grid((20, 0.1), (12, 0.3)).with_mask(INSIDE[0]).laplacian, source, tmp_path / "out")
    assert len(patches) == 3  # chunks of one time


CHILD = """
import sys
sys.path[:0] = sys.argv[1:3]
import test_gaps as own
own.to_zarr(own.summed(), *sys.argv[3:])
"""


def summed():
    ocean = GRID.with_mask(INSIDE)
    return ocean.laplacian - ocean.diffuse(K)


def test_another_process_goes_on(tmp_path, source, f, tasks):
    tasks.most = 3
    with pytest.raises(RuntimeError, match="out of luck"):
        made(summed(), source, tmp_path / "out")
    done = len(list((tmp_path / "out.partial" / "result" / "c").rglob("*")))
    other = GRID.with_mask(~INSIDE)
    with pytest.raises(ValueError, match="is what another call has begun"):
        to_zarr(other.laplacian - other.diffuse(K), source, tmp_path / "out")
    folders = [Path(file).parent for file in (__file__, samples.__file__)]
    subprocess.run([sys.executable, "-c", CHILD, *folders, source, tmp_path / "out"], check=True)
    assert done
    assert same_bits(
        zarr.open(tmp_path / "out", mode="r")[:], summed()(np.where(INSIDE, f, np.float32(np.nan)))
    )


def test_several_operators_are_made_of_one_read(tmp_path, source, f):
    """With and without gaps, of several masks and ends, of the field and its halo as far as any of them reads it."""
    ocean, other = GRID.with_mask(INSIDE), GRID.with_mask(INSIDE[0] & INSIDE, boundary="symmetric", fill=0.0)
    whole = GRID.with_breaks(0, [9])
    named = {"with": ocean.laplacian, "without": GRID.gradient, "other": other.gradient, "turned": ocean.diffuse(K).T,
             "breaks": whole.derivative(0), "more": GRID.laplacian.with_(accuracy=4)}  # fmt: skip
    to_zarr(named, source, tmp_path / "out")
    group = zarr.open(tmp_path / "out", mode="r")
    field = np.where(INSIDE, f, np.float32(np.nan))
    assert sorted(group.array_keys()) == sorted(named)
    for name, operator in named.items():
        assert same_bits(group[name][:], np.asarray(operator(field)))


def test_several_operators_go_on_where_they_failed(tmp_path, source, f, tasks):
    ocean = GRID.with_mask(INSIDE)
    named = {"a": ocean.laplacian, "b": ocean.derivative(1), "c": GRID.derivative(1)}
    tasks.most = 3
    with pytest.raises(RuntimeError, match="out of luck"):
        to_zarr(named, source, tmp_path / "out")
    with pytest.raises(ValueError, match="is what another call has begun"):
        to_zarr(named | {"b": ocean.derivative(0)}, source, tmp_path / "out")
    tasks.most = None
    to_zarr(named, source, tmp_path / "out")
    field = np.where(INSIDE, f, np.float32(np.nan))
    for name, operator in named.items():
        assert same_bits(zarr.open(tmp_path / "out", mode="r")[name][:], operator(field))


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_vector_fields_and_lazy_masks_together(tmp_path, scheduler):
    """The mask is computed once for all that read it."""
    computed = []
    rows = np.random.default_rng(4).random((20, 12)) > 0.15
    lazy = dask.array.from_array(rows, chunks=7).map_blocks(
        lambda part: computed.append(1) or part, dtype=bool, meta=rows[:0, :0]
    )
    F = np.random.default_rng(3).random((2, 5, 20, 12))
    for name, own in zip("uv", F, strict=True):
        zarr.create_array(tmp_path / name, data=own, chunks=(1, 8, 5))
    ocean = gg.Grid((20, 0.1), (12, 0.3)).with_mask(lazy)
    named = {"div": ocean.divergence, "curl": ocean.curl}
    with dask.config.set(scheduler=scheduler, num_workers=2):
        to_zarr(named, [tmp_path / "u", tmp_path / "v"], tmp_path / "out")
    assert scheduler == "processes" or len(computed) == 6
    known = gg.Grid((20, 0.1), (12, 0.3)).with_mask(rows)
    group = zarr.open(tmp_path / "out", mode="r")
    assert same_bits(group["div"][:], known.divergence(F))
    assert same_bits(group["curl"][:], known.curl(F))


@pytest.mark.parametrize("ends", ["one-sided", "periodic"])
@pytest.mark.parametrize("has_gaps", [False, True])
def test_faces_are_another_grid_which_dask_writes(tmp_path, source, f, has_gaps, ends):
    """Beside coasts they were said to be made of several operators."""
    grid = gg.Grid((14, 0.5), (20, 0.1), (12, 0.3), boundary=ends)
    grid = grid.with_mask(INSIDE) if has_gaps else grid
    across = grid.faces()[0].derivative
    if ends == "periodic" and not has_gaps:  # as many faces as points
        assert same_bits(
            made(across, source, tmp_path / "out"), across(np.where(INSIDE, f, np.float32(np.nan)))
        )
        return
    for operator, name in ((across, "the operator"), ({"a": across}, "operator 'a'")):
        with pytest.raises(
            ValueError, match=f"^{name} goes from one grid to another, between points and faces say"
        ):
            to_zarr(operator, source, tmp_path / "out")
    assert not list(tmp_path.glob("out*"))
    across(dask.array.from_zarr(source)).to_zarr(tmp_path / "out")
    assert same_bits(zarr.open(tmp_path / "out")[:], across(np.where(INSIDE, f, np.float32(np.nan))))


def test_fields_at_faces_across_several_axes_are_of_several_shapes(tmp_path, f):
    faces = GRID.with_mask(INSIDE).faces()
    fluxes = [own.astype("f4") for own in faces.gradient(f)]
    sources = [tmp_path / name for name in "uvw"]
    for path, own in zip(sources, fluxes, strict=True):
        zarr.create_array(path, data=own, chunks=(7, 8, 12))
    with pytest.raises(ValueError, match="those at faces across several axes do not: take Dask arrays"):
        to_zarr(faces.divergence, sources, tmp_path / "out")
    faces.divergence(tuple(map(dask.array.from_zarr, sources))).to_zarr(tmp_path / "out")
    assert same_bits(zarr.open(tmp_path / "out")[:], faces.divergence(tuple(fluxes)))


def test_products_are_refused(tmp_path, source):
    ocean = GRID.with_mask(INSIDE)
    with pytest.raises(TypeError, match="made of several"):
        to_zarr({"a": GRID.gradient, "b": ocean.laplacian @ ocean.laplacian}, source, tmp_path / "out")
    assert not list(tmp_path.glob("out*"))


def test_a_transpose_from_end_to_end_needs_the_whole_axis(tmp_path):
    """Each way gives what the arrays in memory do; several chunks are refused."""
    x, u = np.cumsum(np.random.default_rng(0).uniform(0.5, 1.5, 5)), np.random.default_rng(1).random((5, 9))
    inside = np.ones((5, 9), bool)
    inside[0, 6] = False
    A = gg.Grid(x, (9, 0.5)).with_mask(inside).laplacian.T
    for rows in (5, 2):
        zarr.create_array(tmp_path / f"in{rows}", data=u, chunks=(rows, 4))
    to_zarr(A, tmp_path / "in5", tmp_path / "out5")
    assert same_bits(zarr.open(tmp_path / "out5", mode="r")[:], A(u))
    with pytest.raises(
        ValueError, match=r"needs the whole; take Dask arrays, operator\(dask.array.from_zarr"
    ):
        to_zarr(A, tmp_path / "in2", tmp_path / "out2")
    assert not (tmp_path / "out2").exists()
    import dask.array

    A(dask.array.from_zarr(tmp_path / "in2")).to_zarr(tmp_path / "out2")
    assert same_bits(zarr.open(tmp_path / "out2", mode="r")[:], A(u))
