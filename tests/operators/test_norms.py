"""The norm of the gradient and its square, of real and complex fields on every kind of grid."""

import pickle

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


WALLS = {
    "at points": lambda: gg.Grid((6, 0.3), (7, 0.2), boundary=gg.value(2.0, name="wall")),
    "at faces": lambda: gg.Grid((6, 0.3), (7, 0.2), boundary=gg.value(2.0, wall="face", name="wall")),
    "slopes": lambda: gg.Grid((6, 0.3), (7, 0.2), boundary=[gg.slope(2.0, name="wall"), "periodic"]),
    "beside gaps": lambda: gg.Grid((6, 0.3), (7, 0.2)).with_mask(
        A + B > 2, boundary=gg.value(2.0, name="wall")
    ),
    "beside gaps in a grid with walls": lambda: gg.Grid((6, 0.3), (7, 0.2), boundary=gg.value(2.0, name="wall")).with_mask(A + B > 2),
    "polar": lambda: gg.Grid(
        0.5 + np.arange(6.0), (7, 20.0), geometry="polar", angle="degrees",
        boundary=[gg.value(2.0, name="wall"), "one-sided"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("accuracy", [None, 2])
@pytest.mark.parametrize("kind", WALLS)
@pytest.mark.parametrize("name", ["gradient_norm", "gradient_squared"])
def test_what_walls_prescribe_is_given_by_name_in_both_ways(name, kind, accuracy, rng):
    """As to a gradient; options and values in one `with_` too, in either order."""
    grid, f = WALLS[kind](), rng.standard_normal((6, 7))
    norm, slopes = getattr(grid, name), grid.gradient.with_(accuracy=accuracy)(f, wall=0.5)
    squared = sum(part**2 for part in slopes)
    want = norm.with_(accuracy=accuracy)(f, wall=0.5)
    np.testing.assert_allclose(want, squared if name == "gradient_squared" else np.sqrt(squared), rtol=1e-12)
    assert not np.array_equal(want, norm.with_(accuracy=accuracy)(f))
    for made in (
        norm.with_(accuracy=accuracy).with_(wall=0.5),
        norm.with_(wall=0.5).with_(accuracy=accuracy),
        norm.with_(wall=0.5, accuracy=accuracy),
    ):
        assert same_bits(made(f), want)
        assert same_bits(pickle.loads(pickle.dumps(made))(f), want)
    for own in (grid.gradient.with_(wall=0.5, accuracy=accuracy), grid.gradient.with_(accuracy=accuracy).with_(wall=0.5)):  # fmt: skip
        assert all(map(same_bits, own(f), slopes))
    with pytest.raises(
        TypeError,
        match=rf"Grid.{name}\.with_\(\) got an unexpected keyword argument 'q'; it takes accuracy=, wall=",
    ):
        norm.with_(q=1.0)
    with pytest.raises(TypeError, match=rf"Grid.{name}\(\) got an unexpected keyword argument 'q'"):
        norm(f, q=1.0)
    with pytest.raises(TypeError, match=rf"grid.{name}.with_\(accuracy=4\)"):
        norm(f, accuracy=4)
