"""The norm of the gradient and its square, of real and complex fields on every kind of grid."""

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits

import gridgrad as gg

A, B = np.meshgrid(np.arange(6.0), np.arange(7.0), indexing="ij")
GRIDS = {
    "steps": lambda: gg.Grid((6, 0.3), (7, 0.2)),
    "walls": lambda: gg.Grid((6, 0.3), (7, 0.2), boundary=[(gg.value(2.0), gg.value(-1.0)), "periodic"]),
    "complex walls": lambda: gg.Grid((6, 0.3), (7, 0.2), boundary=[gg.value(2.0 + 1j), "one-sided"]),
    "polar": lambda: gg.Grid(
        0.5 + np.arange(6.0), 60 * np.arange(7.0) / 7, geometry="polar", angle="degrees"
    ),
    "lines": lambda: gg.Grid((6, 0.3), B + 0.1 * A),
    "curvilinear": lambda: gg.Grid(A + 0.1 * B, B + 0.1 * A),
    "a line with walls": lambda: gg.Grid((6, 0.3), boundary=gg.slope(1.0)),
}


@pytest.mark.parametrize("library", parameters())
@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("accuracy", [None, 4])
@pytest.mark.parametrize("name", ["gradient_norm", "gradient_squared"])
def test_they_are_real(name, accuracy, kind, library, rng):
    grid = GRIDS[kind]()
    if accuracy is not None and kind == "lines":
        for operator in (grid.gradient, getattr(grid, name)):
            with pytest.raises(TypeError, match="accuracy=4 is not offered along axis"):
                operator.with_(accuracy=4)(np.zeros(grid.shape))
        return
    f = rng.standard_normal(grid.shape) + 1j * rng.standard_normal(grid.shape)
    for field in (f, f.real):
        slopes = grid.gradient.with_(accuracy=accuracy)(field)
        squared = sum(abs(part) ** 2 for part in (slopes if grid.ndim > 1 else [slopes]))
        with library.wide():
            got = library.host(getattr(grid, name).with_(accuracy=accuracy)(library.array(field)))
        assert got.dtype == np.float64
        np.testing.assert_allclose(
            got, squared if name == "gradient_squared" else np.sqrt(squared), rtol=1e-12
        )


@pytest.mark.parametrize("kind", GRIDS)
@pytest.mark.parametrize("name", ["gradient_norm", "gradient_squared"])
def test_into_targets(name, kind, rng):
    grid = GRIDS[kind]()
    f = rng.standard_normal(grid.shape) + 1j * rng.standard_normal(grid.shape)
    size = getattr(grid, name)
    out = np.full(grid.shape, 7.0)
    assert size(f, out=out) is out
    assert same_bits(out, size(f))
    size(f, out=out, add=True)
    np.testing.assert_allclose(out, 2 * size(f), rtol=1e-12)


@pytest.mark.parametrize("name", ["gradient_norm", "gradient_squared"])
def test_no_norm_acts_at_points(name):
    """In sums with operators of vectors what does is of each component; a norm of made slopes is no such thing."""
    x, y = np.meshgrid(np.arange(5.0), np.arange(6.0), indexing="ij")
    inside = np.ones((5, 6), bool)
    inside[2, 3] = False
    held = gg.Grid((5, 1.0), (6, 1.0), boundary=gg.value(1.0))
    for whole in (gg.Grid(x + 0.1 * y, y), gg.Grid(x + 0.1 * y, np.arange(6.0)), held):
        grid = whole.with_mask(inside)
        norm = getattr(grid, name)
        for first, second in ((norm, grid.vector_laplacian), (grid.vector_laplacian, norm)):
            with pytest.raises((ValueError, TypeError), match=r"cannot add|is not linear"):
                first + second
