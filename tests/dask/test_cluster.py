"""From file to file by the worker processes of a cluster: several operators at once, killed in the middle and gone on with."""

import signal
import subprocess
import sys
import time
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pytest
from samples import same_bits

zarr = pytest.importorskip("zarr")
pytest.importorskip("distributed")

from gridgrad.dask import to_zarr  # noqa: E402  # where all are

PROGRAM = """
import sys
from distributed import Client, LocalCluster
import numpy as np
import gridgrad as gg
from gridgrad.dask import to_zarr

shape = (40, 30, 20)
walls = ["one-sided", "periodic", (gg.value(2.0), "one-sided")]
grid = gg.Grid(np.linspace(0, 1, 40) ** 1.2, (30, 0.1), (20, 0.3), boundary=walls)
k = np.random.default_rng(1).random(shape[1:], np.float32)
ocean = grid.with_mask(np.indices(shape).sum(0) % 9 > 0)
operators = {"gradient": grid.gradient, "twice": 2 * grid.laplacian, "diffusion": grid.diffuse(k),
             "coast": ocean.laplacian, "wide": grid.gradient.with_(accuracy=6)}

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster):
        to_zarr(operators, *sys.argv[1:])
"""


def test_a_cluster_that_is_killed(tmp_path):
    """The second one writes what the first has not, and both together the bytes of one process."""
    program, source, target = (tmp_path / name for name in ("program.py", "f.zarr", "out.zarr"))
    program.write_text(PROGRAM)
    f = np.random.default_rng(0).random((40, 30, 20), np.float32)
    zarr.create_array(source, data=f, chunks=(7, 8, 9))
    command, done = (
        [sys.executable, str(program), str(source), str(target)],
        tmp_path / "out.zarr.partial/done",
    )
    child = subprocess.Popen(command)
    while child.poll() is None and sum(path.stat().st_size for path in done.glob("*")) < 8 * 20:
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not target.exists()
    assert len([*done.iterdir()]) <= 2  # a log of each worker
    subprocess.run(command, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.zarr", "out.zarr", "program.py"]

    spec = spec_from_file_location("program", program)
    alone = module_from_spec(spec)
    spec.loader.exec_module(alone)
    to_zarr(alone.operators, source, tmp_path / "alone.zarr")
    made = zarr.open(target, mode="r")
    for name, operator in alone.operators.items():
        assert same_bits(made[name][:], np.asarray(operator(f)))
    files = [path for path in (tmp_path / "alone.zarr").rglob("*") if path.is_file()]
    assert len(files) > 5 * 72
    for path in files:
        assert (target / path.relative_to(tmp_path / "alone.zarr")).read_bytes() == path.read_bytes()
