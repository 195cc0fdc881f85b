"""The spacing of an axis: read from its library once, however many hands it goes through."""

from types import SimpleNamespace

import numpy as np
import pytest
from libraries import parameters

import gridgrad as gg
from gridgrad._grid import spacing


@pytest.fixture
def asked(monkeypatch):
    """What libraries are asked for, but for the keys of calls."""
    found, host = [], spacing.dispatch.host
    asking = SimpleNamespace(host=lambda a, *how: found.append(a) or host(a, *how))
    monkeypatch.setattr(spacing, "dispatch", asking)
    return found


@pytest.mark.parametrize("library", parameters("numpy"))
def test_each_spacing_is_asked_for_once(library, asked, rng):
    gg.clear_caches()
    f, x = rng.random((7, 6)), np.cumsum(rng.integers(1, 9, 6)) / 8.0
    y, z = library.array(x), library.array(np.asarray(0.25))
    assert np.array_equal(gg.gradient(f, z, y)[1], gg.gradient(f, 0.25, x)[1])
    assert [id(a) for a in asked] == [id(z), id(y)]


def test_numbers_and_arrays_of_numpy_are_not_asked_for(asked, rng):
    f = rng.random((7, 6))
    gg.gradient(f, rng.random(), np.cumsum(rng.random(6)))
    gg.Grid((7, rng.random(), 3.0), np.cumsum(rng.random(6)).astype(np.float32)).laplacian(f)
    assert asked == []


@pytest.mark.parametrize("dtype", [">f8", bool, complex, "M8[s]", object])
def test_what_is_not_plain_numbers_is_looked_at(dtype, asked):
    x = np.arange(4).astype(dtype)
    if dtype == ">f8":
        assert spacing.to_host(x, 0).dtype == np.dtype(float)
    else:
        with pytest.raises(TypeError, match=r"the (spacing|coordinates) of axis 0"):
            spacing.to_host(x, 0)
    assert len(asked) == 1
