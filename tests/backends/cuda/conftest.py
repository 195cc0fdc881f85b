"""The stand-in for CuPy, whose kernels g++ builds; tests of a real device have CuPy itself."""

import pytest
from cuda_cases import built_kernels
from fake_cupy import FakeCupy, ndarray

import gridgrad as gg
from gridgrad._backends import dispatch
from gridgrad._backends.cuda import arrays, device
from gridgrad._grid import spacing


@pytest.fixture(scope="module")
def built():
    return built_kernels()


@pytest.fixture
def cupy(built, monkeypatch):
    fake = FakeCupy(built)
    monkeypatch.setattr(device, "cupy", fake)
    monkeypatch.setattr(device, "_captured", set())
    gg.clear_caches()  # of kernels and addresses of the fake before
    found = dispatch.found
    monkeypatch.setattr(dispatch, "found", lambda cls: arrays.BACKEND if cls is ndarray else found(cls))
    is_foreign = spacing.is_foreign
    monkeypatch.setattr(spacing, "is_foreign", lambda cls: cls is not ndarray and is_foreign(cls))
    yield fake
    gg.clear_caches()
