"""The same bits by every scheduler of Dask's, on one thread a task."""

import numpy as np
import pytest
from samples import same_bits

import gridgrad as gg

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")

X = np.linspace(0, 1, 40) ** 1.3
F = np.random.default_rng(0).random((40, 30))
RING = gg.Grid(X, (30, 0.1), boundary=["one-sided", "periodic"])


def results(scheduler):
    d = da.from_array(F, chunks=(7, 10))
    lazy = [*gg.gradient(d, X, 0.1, edge_order=2), RING.laplacian(RING.laplacian(d))]
    return dask.compute(*lazy, scheduler=scheduler)


WANTED = [*gg.gradient(F, X, 0.1, edge_order=2), RING.laplacian(RING.laplacian(F))]


@pytest.mark.parametrize("scheduler", ["synchronous", "threads", "processes"])
def test_bits(scheduler):
    for got, wanted in zip(results(scheduler), WANTED, strict=True):
        assert same_bits(got, wanted)


@pytest.mark.filterwarnings("ignore")  # of the cluster's own
def test_bits_on_two_workers():
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        for got, wanted in zip(results(client), WANTED, strict=True):
            assert same_bits(got, wanted)


def test_one_thread_a_task(monkeypatch):
    from gridgrad._backends.numpy import memory

    seen = []
    run = memory.run
    monkeypatch.setattr(
        memory,
        "run",
        lambda plan, addresses, workers=None: (seen.append(workers), run(plan, addresses, workers)),
    )
    results("threads")
    assert seen
    assert set(seen) == {1}
