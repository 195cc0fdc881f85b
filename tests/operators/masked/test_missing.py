"""`missing="one-sided"` where nothing is there: samples of nothing but NaN, and no samples."""

import numpy as np
import pytest
from libraries import parameters

import gridgrad as gg

CALLS = {
    "gradient": gg.gradient,
    "derivative": gg.derivative,
    "laplacian": gg.laplacian,
    "conservative": lambda f, **words: gg.laplacian(f, form="conservative", **words),
    "hessian": gg.hessian,
    "mixed derivative": lambda f, **words: gg.mixed_derivative(f, axis=(0, 1), **words),
    "norm": gg.gradient_norm,
    "norm of wider rows": lambda f, **words: gg.gradient_norm(f, accuracy=4, **words),
    "upwind": lambda f, **words: gg.advect((1.0, -2.0), f, upwind=1, **words),
    "diffuse": lambda f, **words: gg.diffuse(2.0, f, **words),
    "divergence": lambda f, **words: gg.divergence((f, f), **words),
}


def leaves(result):
    return [own for part in result for own in leaves(part)] if isinstance(result, tuple) else [result]


@pytest.mark.parametrize("library", parameters("own_arrays", "array_api_strict", "cupy"))
@pytest.mark.parametrize("name", CALLS)
def test_nothing_but_nan_gives_nan(name, library):
    """As NumPy's gradient: a tile of land is no error, in memory or in chunks."""
    f = np.full((8, 7), np.nan)
    with library.wide():
        results = [library.host(own) for own in leaves(CALLS[name](library.array(f), missing="one-sided"))]
    assert results
    assert all(np.array_equal(own, f, equal_nan=True) for own in results)


def test_no_samples():
    for dtype in (np.float64, np.float16, np.complex64):
        nothing = np.empty((0, 5), dtype)
        assert gg.gradient(nothing, axis=1, missing="one-sided").shape == (0, 5)
        assert gg.Grid((5, 1.0)).with_mask(np.ones((0, 5), bool)).laplacian(nothing).shape == (0, 5)


def test_a_mask_of_nothing_is_still_refused():
    """It is more often a mask the other way round."""
    with pytest.raises(ValueError, match="inside is False everywhere"):
        gg.Grid((5, 1.0)).with_mask(np.zeros(5, bool))


def test_numbers_that_stand_for_what_is_missing():
    with pytest.raises(ValueError, match='NaN is what missing="one-sided" leaves out'):
        gg.gradient(np.ones(5), missing=np.nan)
    with pytest.raises(ValueError, match=r"numpy.where\(f == -999.0, numpy.nan, f\)"):
        gg.gradient(np.ones(5), missing=np.float32(-999))
