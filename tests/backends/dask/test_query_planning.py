"""The same bits where Dask plans arrays as expressions, which is decided when it is imported: in a process of its own."""

import subprocess
import sys

import pytest

pytest.importorskip("dask.array")

CODE = """
import pickle

import dask

dask.config.set({"array.query-planning": True, "scheduler": "synchronous"})
import dask.array as da
import numpy as np
import gridgrad as gg

rng = np.random.default_rng(0)
f, k, x = rng.random((12, 10)), rng.random((12, 10)), np.arange(12.0) ** 1.3
grid = gg.Grid((12, 0.5), (10, 0.25), boundary=["periodic", (gg.value(2.0), "one-sided")])
for chunks in (1, 4, (5, 10), 12):
    d = da.from_array(f, chunks=chunks)
    for apply in (
        lambda f: gg.laplacian(f, 1.0, 1.0),
        lambda f: gg.gradient(f, x, 0.5, edge_order=2)[0],
        grid.mixed_derivative(0, 1),
        lambda f: grid.laplacian(grid.laplacian(f)),
        grid.diffuse(k),
        grid.diffuse(k[0]),
    ):
        lazy = apply(d)
        assert lazy.chunks == d.chunks, (lazy.chunks, d.chunks)
        assert np.array_equal(lazy.compute(), apply(f))
    ocean = grid.with_mask(f > 0.1)
    of_gaps = (ocean.laplacian, lambda f: gg.gradient(f / (f > 0.1), x, 0.5, missing="one-sided")[0])
    for apply in () if chunks == 1 else of_gaps:
        lazy = apply(d)
        assert lazy.chunks == d.chunks
        assert np.array_equal(lazy.compute(), apply(f), equal_nan=True)
    wall = da.from_array(x[:10], chunks=3)
    walls = [gg.Grid((12, 0.5), (10, 0.25), boundary=[gg.value(own), "reflect"]).laplacian for own in (wall, x[:10])]
    for lazy, whole in (
        (grid.divergence((d, 2 * d)), grid.divergence((f, 2 * f))),
        (grid.curl((d, 2 * d)), grid.curl((f, 2 * f))),
        (grid.advect((d, 0.5), upwind=2)(d), grid.advect((f, 0.5), upwind=2)(f)),
        (grid.derivative(0, accuracy=6)(d), grid.derivative(0, accuracy=6)(f)),
        (grid.laplacian.with_(accuracy=4).T(d), grid.laplacian.with_(accuracy=4).T(f)),
        (grid.gradient.adjoint((d, 2 * d), weight="quadrature"), grid.gradient.adjoint((f, 2 * f), weight="quadrature")),
        (gg.gradient_norm(d), gg.gradient_norm(f)),
        (gg.derivative(d, x, axis=0, order=3), gg.derivative(f, x, axis=0, order=3)),
        (walls[0](d), walls[1](f)),
        (gg.gradient(d, 0.5, axis=1), gg.gradient(f, 0.5, axis=1)),
    ):
        assert lazy.chunks == d.chunks, (lazy.chunks, d.chunks)
        assert np.array_equal(lazy.compute(), whole)
    stacked = grid.vector_laplacian(da.stack([d, d[::-1]]))
    assert np.array_equal(stacked.compute(), grid.vector_laplacian(np.stack([f, f[::-1]])))
    for lazy, whole in zip(gg.hessian(d)[0], gg.hessian(f)[0], strict=True):
        assert np.array_equal(lazy.compute(), whole)
    for faces in grid.faces(walls=True):
        assert np.array_equal(faces.derivative(d).compute(), faces.derivative(f))
moved = (da.from_array(f, chunks=(5, 4)).rechunk((3, 7))[::-1] + 1)[1:]  # by other names when it is planned
whole = gg.gradient((f[::-1] + 1)[1:], 0.5, 0.25)
for lazy, own in zip(gg.gradient(moved, 0.5, 0.25), whole, strict=True):
    assert np.array_equal(pickle.loads(pickle.dumps(lazy)).compute(), own)
    assert np.array_equal((lazy + moved)[2:5].compute(), (own + (f[::-1] + 1)[1:])[2:5])
tiny = da.from_array(f, chunks=1)
assert len(gg.laplacian(tiny).dask) < 3 * f.size  # made together: a task to cut each out, and few others
"""


def test_bits_and_chunks():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
