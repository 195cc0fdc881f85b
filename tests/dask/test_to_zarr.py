"""From file to file: the bits of the operator, at once or after a kill, and nothing that looks complete before it is."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

zarr = pytest.importorskip("zarr")
dask = pytest.importorskip("dask")

from gridgrad.dask import _job, to_zarr  # noqa: E402  # where both are

pytestmark = pytest.mark.usefixtures("synchronous")
SHAPE = (40, 30, 20)
X = np.linspace(0, 1, 40) ** 1.2
WALLS = ["one-sided", "periodic", (gg.value(2.0), "one-sided")]
GRID = gg.Grid(X, (30, 0.1), (20, 0.3), boundary=WALLS)


@pytest.fixture
def f():
    return np.random.default_rng(0).random(SHAPE, np.float32)


@pytest.fixture
def source(tmp_path, f):
    zarr.create_array(tmp_path / "f.zarr", data=f, chunks=(7, 8, 9), dimension_names=["z", "y", "x"])
    return tmp_path / "f.zarr"


def test_one_operator_makes_an_array(tmp_path, source, f):
    to_zarr(GRID.laplacian, source, tmp_path / "out.zarr")
    made = zarr.open(tmp_path / "out.zarr", mode="r")
    assert same_bits(made[:], GRID.laplacian(f))
    assert (made.chunks, made.metadata.dimension_names) == ((7, 8, 9), ("z", "y", "x"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.zarr", "out.zarr"]


def test_several_operators_make_a_group_and_read_once(tmp_path, source, f):
    k = np.random.default_rng(1).random(SHAPE[1:], np.float32)
    operators = {"gradient": GRID.gradient, "mixed": GRID.mixed_derivative(0, 1), "twice": 2 * GRID.laplacian,
                 "diffusion": GRID.diffuse(k), "wide": GRID.gradient.with_(accuracy=6)}  # fmt: skip
    to_zarr(operators, zarr.open(source, mode="r"), str(tmp_path / "out.zarr"))
    made = zarr.open(tmp_path / "out.zarr", mode="r")
    for name, operator in operators.items():
        assert same_bits(made[name][:], np.asarray(operator(f)))
    assert made["gradient"].chunks == (1, 7, 8, 9)


@pytest.mark.parametrize(
    "given", [lambda path: path, lambda path: zarr.open(path, mode="r")], ids=["path", "array"]
)
def test_a_group_that_holds_the_source_is_not_replaced(tmp_path, f, given):
    """`overwrite` is leave to lose what was made before, not what it is made of."""
    group = tmp_path / "all.zarr"
    zarr.open_group(group, mode="w").create_array("deep/f", data=f, chunks=(7, 8, 9))
    for target in (group, group / "deep", tmp_path / "x" / ".." / "all.zarr"):
        with pytest.raises(ValueError, match=r"has the source 'deep/f' in it|has the source 'f' in it"):
            to_zarr(GRID.laplacian, given(group / "deep" / "f"), target, overwrite=True)
    assert same_bits(zarr.open(group / "deep" / "f", mode="r")[:], f)


def test_vector_fields_batch_axes_and_integers(tmp_path):
    u, v = np.random.default_rng(0).integers(-9, 9, (2, 5, 12, 10)).astype(np.int16)
    for name, own in (("u", u), ("v", v)):
        zarr.create_array(tmp_path / name, data=own, chunks=(2, 5, 4))
    grid = gg.Grid((12, 0.5), (10, 0.25))
    to_zarr({"curl": grid.curl, "div": grid.divergence}, [tmp_path / "u", tmp_path / "v"], tmp_path / "out")
    made = zarr.open(tmp_path / "out", mode="r")
    assert same_bits(made["curl"][:], grid.curl([u, v]))
    assert same_bits(made["div"][:], grid.divergence([u, v]))


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_schedulers(tmp_path, source, f, scheduler):
    with dask.config.set(scheduler=scheduler, num_workers=2):
        to_zarr(GRID.laplacian, source, tmp_path / "out.zarr")
    assert same_bits(zarr.open(tmp_path / "out.zarr", mode="r")[:], GRID.laplacian(f))


def test_one_task_a_chunk_which_dask_shows(tmp_path, source, capsys):
    """And one behind all; of several operators as of one."""
    from dask.callbacks import Callback
    from dask.diagnostics import ProgressBar

    keys = []
    with ProgressBar(), Callback(pretask=lambda key, graph, state: keys.append(key)):
        to_zarr({"a": GRID.gradient, "b": GRID.laplacian}, source, tmp_path / "out.zarr")
    assert len(keys) == 6 * 4 * 3 + 1
    assert "100% Completed" in capsys.readouterr().out


def test_what_failed_is_gone_on_with(tmp_path, source, f, tasks):
    tasks.most = 30
    with pytest.raises(RuntimeError, match="out of luck"):
        to_zarr(GRID.laplacian, source, tmp_path / "out.zarr")
    assert not (tmp_path / "out.zarr").exists()
    with pytest.raises(ValueError, match=r"is what another call has begun.*overwrite=True"):
        to_zarr(GRID.gradient, source, tmp_path / "out.zarr")
    tasks.most = None
    to_zarr(GRID.laplacian, source, tmp_path / "out.zarr")
    assert sorted(tasks.made) == list(range(6 * 4 * 3))
    assert same_bits(zarr.open(tmp_path / "out.zarr", mode="r")[:], GRID.laplacian(f))


@pytest.mark.parametrize(
    "grid", [GRID, GRID.with_mask(np.indices(SHAPE).sum(0) % 9 > 0)], ids=["whole", "gaps"]
)
def test_names_that_are_exchanged_are_another_call(tmp_path, source, tasks, grid):
    first, second = grid.laplacian, grid.derivative(0)
    tasks.most = 30
    with pytest.raises(RuntimeError, match="out of luck"):
        to_zarr({"a": first, "c": second}, source, tmp_path / "out.zarr")
    tasks.most = None
    for exchanged in ({"a": second, "c": first}, {"c": first, "a": second}):
        with pytest.raises(ValueError, match="is what another call has begun"):
            to_zarr(exchanged, source, tmp_path / "out.zarr")


CHILD = """
import sys, time
import dask
import numpy as np
import gridgrad as gg
from gridgrad.dask import _job, to_zarr

run = _job.Job.run
_job.Job.run = lambda self, number: (time.sleep(0.02), run(self, number))
with dask.config.set(scheduler="threads", num_workers=2):
    to_zarr(gg.Grid(np.linspace(0, 1, 40) ** 1.2, (30, 0.1), (20, 0.3)).gradient, *sys.argv[1:])
"""


def finished(folder):
    """How many chunks are noted in a folder that is not complete."""
    return sum(path.stat().st_size for path in (folder / "done").glob("*")) // 8


def test_killed_at_any_moment(tmp_path, source, f):
    """Each time a little later; in the end the same bytes as of a call that was left alone."""
    for chunks in (1, 25, 50):
        child = subprocess.Popen([sys.executable, "-c", CHILD, str(source), str(tmp_path / "out.zarr")])
        while child.poll() is None and finished(tmp_path / "out.zarr.partial") < chunks:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
        assert not (tmp_path / "out.zarr").exists()
    grid = gg.Grid(X, (30, 0.1), (20, 0.3))
    for name in ("out.zarr", "alone.zarr"):
        to_zarr(grid.gradient, source, tmp_path / name)
    for path in [path for path in (tmp_path / "alone.zarr").rglob("*") if path.is_file()]:
        assert (
            tmp_path / "out.zarr" / path.relative_to(tmp_path / "alone.zarr")
        ).read_bytes() == path.read_bytes()
    assert same_bits(zarr.open(tmp_path / "out.zarr", mode="r")[:], np.stack(grid.gradient(f)))


def test_killed_between_its_last_chunk_and_the_end(tmp_path, source, f, monkeypatch):
    from gridgrad.dask import _partial

    with monkeypatch.context() as patch:
        patch.setattr(_partial.Partial, "complete", lambda self: None)
        to_zarr(GRID.laplacian, source, tmp_path / "out.zarr")
    with open(next((tmp_path / "out.zarr.partial" / "done").iterdir()), "ab") as log:
        log.write(b"torn")
    to_zarr(GRID.laplacian, source, tmp_path / "out.zarr")
    assert same_bits(zarr.open(tmp_path / "out.zarr", mode="r")[:], GRID.laplacian(f))


def test_overwrite_replaces_when_the_new_one_is_complete(tmp_path, source, f):
    to_zarr(GRID.laplacian, source, tmp_path / "out.zarr")
    with pytest.raises(ValueError, match=r"out\.zarr exists; give another target, or overwrite=True"):
        to_zarr(GRID.derivative(0), source, tmp_path / "out.zarr")
    to_zarr(GRID.derivative(0), source, tmp_path / "out.zarr", overwrite=True)
    assert same_bits(zarr.open(tmp_path / "out.zarr", mode="r")[:], GRID.derivative(0)(f))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.zarr", "out.zarr"]


def test_refusals_come_before_anything_is_written(tmp_path, source):
    zarr.create_group(tmp_path / "group").create_array("a", shape=SHAPE, dtype="f4")
    zarr.create_array(tmp_path / "other", shape=SHAPE, dtype="f4", chunks=(5, 8, 9))
    wide = GRID.diffuse(np.ones(SHAPE))
    for operators, given, kind, words in (
        (GRID.laplacian @ GRID.laplacian, source, TypeError, "made of several, which are applied one after the other"),
        (gg.laplacian, source, TypeError, "give an operator of a grid, grid.laplacian"),
        (gg.Grid((5, 1.0)).laplacian, source, ValueError, "axis|shape"),
        (GRID.faces()[0].derivative, source, ValueError, r"^the operator goes from one grid to another, between points and faces say.*take Dask arrays"),
        (GRID.divergence, source, ValueError, r"takes 3 component\(s\), but source has 1"),
        (wide, source, TypeError, r"^the operator makes float64 of a source of float32.*k\.astype\('float32'\)"),
        (GRID.laplacian, tmp_path / "group", TypeError, "is a group; give one of its arrays"),
        (GRID.divergence, [source, tmp_path / "other", source], ValueError, r"source\[1\] has shape, dtype and chunks"),
        ([GRID.laplacian], source, TypeError, "the operator is a list; give an operator of a grid"),
        ({}, source, ValueError, "operators is an empty dict"),
        ({"": GRID.laplacian, "b": GRID.gradient}, source, ValueError, "has the name ''; name each, as an array of a group"),
        *(({name: GRID.laplacian}, source, ValueError, "has the name .*, which no array of a group has") for name in (1, "a/..", "zarr.json")),
        (GRID.laplacian, np.ones(SHAPE), TypeError, r"got ndarray; arrays in memory and Dask arrays go to the operator itself"),
    ):  # fmt: skip
        with pytest.raises(kind, match=words):
            to_zarr(operators, given, tmp_path / "out.zarr")
    assert not list(tmp_path.glob("out*"))


@pytest.mark.parametrize(
    ("target", "kind", "said"),
    [
        ("s3://bucket/out.zarr", ValueError, "target is a path on a disk, which s3://bucket/out.zarr is not"),
        ({}, TypeError, "target is the path of what is made, got dict"),
    ],
)
def test_what_is_no_path_is_no_target(tmp_path, source, target, kind, said, monkeypatch):
    """An address was taken for a folder here, and its result was not where it was looked for."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=said):
        to_zarr(GRID.laplacian, source, target)
    assert [path.name for path in tmp_path.iterdir()] == ["f.zarr"]


@pytest.mark.parametrize("give", [str, zarr.open_array])
def test_processes_in_other_folders_read_the_same_file(tmp_path, source, f, give, monkeypatch, tasks):
    """Where there was no file of that name they read zeros."""
    monkeypatch.chdir(tmp_path)
    run = _job.Job.run

    def elsewhere(job, number):
        os.chdir("/")
        run(job, number)

    monkeypatch.setattr(_job.Job, "run", elsewhere)
    to_zarr(GRID.laplacian, give("f.zarr"), "out.zarr")
    assert same_bits(zarr.open(tmp_path / "out.zarr", mode="r")[:], GRID.laplacian(f))


def test_a_source_that_was_written_anew_is_another_call(tmp_path, source, f, tasks):
    """Of which no chunk is in one result with those of the first."""
    tasks.most = 30
    with pytest.raises(RuntimeError, match="out of luck"):
        to_zarr(GRID.laplacian, source, tmp_path / "out.zarr")
    tasks.most = None
    zarr.open(source)[:] = 2 * f
    with pytest.raises(ValueError, match=r"is what another call has begun.*overwrite=True"):
        to_zarr(GRID.laplacian, source, tmp_path / "out.zarr")
    to_zarr(GRID.laplacian, source, tmp_path / "out.zarr", overwrite=True)
    assert same_bits(zarr.open(tmp_path / "out.zarr", mode="r")[:], GRID.laplacian(2 * f))


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_packed_numbers_and_marks_of_missing_ones_are_refused(tmp_path, f, zarr_format):
    """Attributes that xarray writes: what is differentiated would be other numbers than the user's."""
    xarray = pytest.importorskip("xarray")
    field = xarray.DataArray(f, dims=("z", "y", "x"))
    for name, encoding in {
        "plain": {},
        "scale_factor": {"dtype": "i2", "scale_factor": 0.5, "_FillValue": -1},
        "_FillValue": {"_FillValue": -999.0},
    }.items():
        data = xarray.Dataset({"T": field, "packed": field})
        data.to_zarr(
            tmp_path / name, zarr_format=zarr_format, encoding={"packed": encoding}, consolidated=False
        )
        to_zarr(GRID.laplacian, tmp_path / name / "T", tmp_path / f"{name}.zarr")
        assert same_bits(zarr.open(tmp_path / f"{name}.zarr", mode="r")[:], GRID.laplacian(f))
        if name != "plain":
            with pytest.raises(TypeError, match=f"has {name}=.*call the operator's function with xarray"):
                to_zarr(GRID.laplacian, tmp_path / name / "packed", tmp_path / "out.zarr")
    assert not list(tmp_path.glob("out*"))


def test_sizes_that_are_no_sweep_of_the_field_are_refused(tmp_path, source, f):
    """Were written as the field itself, or its absolute value."""
    sphere = gg.Grid(np.linspace(-40, 40, 30), (20, 18.0), geometry="sphere")
    for operator in (
        GRID.gradient_norm,
        GRID.gradient_squared,
        sphere.gradient_norm,
        GRID.with_mask(f > 0.1).gradient_norm,
    ):
        with pytest.raises(TypeError, match="is made of several"):
            to_zarr(operator, source, tmp_path / "out.zarr")
    plain = gg.Grid(X, (30, 0.1), (20, 0.3))
    to_zarr(plain.gradient_norm, source, tmp_path / "out.zarr")
    assert same_bits(zarr.open(tmp_path / "out.zarr", mode="r")[:], plain.gradient_norm(f))
    z = f + np.complex64(1j) * f[::-1]
    zarr.create_array(tmp_path / "z", data=z, chunks=(7, 8, 9))
    with pytest.raises(
        TypeError,
        match=r"real numbers of complex.*operator\(dask.array.from_zarr\(source\)\).to_zarr\(target\)",
    ):
        to_zarr(plain.gradient_norm, tmp_path / "z", tmp_path / "size.zarr")
    plain.gradient_norm(dask.array.from_zarr(tmp_path / "z")).to_zarr(tmp_path / "size.zarr")
    assert same_bits(zarr.open(tmp_path / "size.zarr", mode="r")[:], plain.gradient_norm(z))
