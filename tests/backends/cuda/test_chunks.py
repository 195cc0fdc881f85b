"""Dask arrays whose chunks are CuPy's: every path keeps the library, and the numbers are those of one array."""

import numpy as np
import pytest
from fake_cupy import ndarray

import gridgrad as gg
from gridgrad._backends.cuda import arrays

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")

from gridgrad._backends.dask import chunk, groups  # noqa: E402  # where Dask is

SHAPE, CHUNKS = (24, 20), {"tiny": (2, 3), "small": (7, 9), "large": (12, 10), "whole": (24, 20)}
F, K = np.random.default_rng(0).random((2, *SHAPE))
X, Y = np.linspace(0, 1, 24) ** 1.2, np.linspace(0, 2, 20) ** 1.1
INSIDE = np.random.default_rng(1).random(SHAPE) > 0.1
GRID = gg.Grid(X, Y)
WALL = gg.Grid(X, Y, boundary=[gg.value(1.0), "one-sided"])
CALLS = {
    "gradient": lambda f, k: gg.gradient(f, X, Y)[1],
    "laplacian": lambda f, k: GRID.laplacian(f),
    "periodic": lambda f, k: gg.laplacian(f, 0.5, periodic=True),
    "mixed": lambda f, k: gg.mixed_derivative(f, X, Y),
    "sixth order": lambda f, k: gg.derivative(f, X, axis=0, accuracy=6),
    "diffuse": lambda f, k: gg.diffuse(k, f, X, Y),
    "diffuse numpy": lambda f, k: gg.diffuse(K, f, X, Y),
    "advect": lambda f, k: gg.advect((k, f), f, X, Y),
    "norm": lambda f, k: gg.gradient_norm(f, X, Y),
    "mask": lambda f, k: GRID.with_mask(INSIDE).laplacian(f),
    "lazy mask": lambda f, k: GRID.with_mask(da.from_array(INSIDE, chunks=5)).laplacian(f),
    "missing": lambda f, k: gg.gradient(f, X, Y, missing="one-sided")[0],
    "transposed": lambda f, k: GRID.laplacian.T(f),
    "wall": lambda f, k: WALL.laplacian(f),
    "wall array": lambda f, k: gg.Grid(X, Y, boundary=[gg.value(K[0]), "one-sided"]).laplacian(f),
    "faces": lambda f, k: GRID.faces().gradient(f)[0],
    "sphere": lambda f, k: gg.laplacian(
        f, np.linspace(-80, 80, 24), np.arange(0, 360, 18.0), geometry="sphere"
    ),
    "twice": lambda f, k: GRID.laplacian(GRID.laplacian(f)),
    "float32": lambda f, k: GRID.laplacian(f.astype("f4")),
    "integers": lambda f, k: GRID.laplacian((100 * f).astype("i4")),
    "column": lambda f, k: gg.gradient(f, X[:, None] + 0.01 * K, axis=0),
}


class Namespace:
    """NumPy's functions, which give arrays of the fake, as CuPy's do, and take no others."""

    def __getattr__(self, name):
        own = getattr(np, name)
        if isinstance(own, type) or not callable(own):
            return own

        def function(*args, device=None, **words):
            given = [a for a in args if isinstance(a, np.ndarray) and a.ndim]
            assert name == "asarray" or all(type(a) is ndarray for a in given), f"{name} of arrays of NumPy"
            made = own(*args, **words)
            return made.view(ndarray) if isinstance(made, np.ndarray) else made

        return function


@pytest.fixture(autouse=True)
def namespace(monkeypatch):
    monkeypatch.setattr(arrays, "array_namespace", lambda *fields: Namespace())


@pytest.mark.parametrize("chunks", CHUNKS)
@pytest.mark.parametrize("name", CALLS)
def test_chunks_keep_their_library(cupy, name, chunks, monkeypatch):
    if chunks == "large":
        monkeypatch.setattr(chunk, "SMALL", 0)
        monkeypatch.setattr(groups, "BYTES", 0)
    lazy = [da.from_array(cupy.asarray(own), chunks=CHUNKS[chunks], asarray=False) for own in (F, K)]
    found = CALLS[name](*lazy)
    assert isinstance(found, da.Array)
    blocks = dask.compute(*found.to_delayed().ravel(), scheduler="synchronous")
    assert {type(own) for own in blocks} == {ndarray}
    plain = CALLS[name](*[da.from_array(own, chunks=CHUNKS[chunks]) for own in (F, K)])
    assert type(found._meta) is ndarray
    assert np.allclose(np.asarray(found.compute(scheduler="synchronous")), plain.compute(), equal_nan=True)
