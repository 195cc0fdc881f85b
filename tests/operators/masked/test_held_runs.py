"""A single point between a wall that holds a value and a break or a gap that nothing passes."""

from __future__ import annotations

import numpy as np
import pytest

import gridgrad as gg

H, V, W = 0.5, 1.5, -0.75
KINDS = {
    "order 2": lambda grid: grid.derivative(0, order=2),
    "laplacian": lambda grid: grid.laplacian,
    "conservative": lambda grid: grid.laplacian.with_(form="conservative"),
    "diffuse": lambda grid: grid.diffuse(np.ones(grid.shape)),
}


def cut(n, at, is_mask):
    grid = gg.Grid((n, H), boundary=[(gg.value(V), gg.value(W))])
    if not is_mask:
        return grid.with_breaks(0, [at], boundary="symmetric")
    return grid.with_mask(np.arange(n) != at, boundary="symmetric")


@pytest.mark.parametrize("is_mask", [False, True])
@pytest.mark.parametrize("n", [4, 5, 6, 9])
@pytest.mark.parametrize("name", KINDS)
def test_what_passes_to_the_wall_counts(name, n, is_mask):
    """The value at the wall less that at the point, over the square of the step; nothing to the other side."""
    f = np.random.default_rng(n).uniform(-1, 1, n)
    first = KINDS[name](cut(n, 2, is_mask))(f)
    assert np.isclose(first[1], (V - f[1]) / H**2, rtol=1e-14)
    last = KINDS[name](cut(n, n - 3 if is_mask else n - 2, is_mask))(f)
    assert np.isclose(last[-2], (W - f[-2]) / H**2, rtol=1e-14)


@pytest.mark.parametrize("is_mask", [False, True])
@pytest.mark.parametrize("n", [4, 5, 9])
@pytest.mark.parametrize("name", KINDS)
def test_so_does_what_passes_from_one_cell_to_a_wall_beside_it(name, n, is_mask):
    """The wall is half a step from the point: the ghost value of the mirror, ``2 v - f``, less f, over the square of the step."""
    grid, f = gg.Grid((n, H), boundary=[(gg.value(V, wall="face"), "symmetric")]), np.linspace(-1, 2, n)
    cut = (
        grid.with_mask(np.arange(n) != 1, boundary="symmetric")
        if is_mask
        else grid.with_breaks(0, [1], boundary="symmetric")
    )
    assert np.isclose(KINDS[name](cut)(f)[0], 2 * (V - f[0]) / H**2, rtol=1e-14)


@pytest.mark.parametrize("n", [3, 4, 5, 9])
def test_first_derivatives_take_the_mirror_image_of_the_point(n):
    f = np.random.default_rng(n).uniform(-1, 1, n)
    assert np.isclose(cut(n, 2, False).derivative(0)(f)[1], (f[1] - V) / (2 * H), rtol=1e-14)
    last = cut(n, n - 2, False).derivative(0)(f)[-2]
    assert np.isclose(last, (W - f[-2]) / (2 * H), rtol=1e-14)


@pytest.mark.parametrize("name", ["order 1", *KINDS])
@pytest.mark.parametrize("n", [3, 4, 5, 6])
@pytest.mark.parametrize("wall", ["point", "face"])
def test_constants_have_no_derivative_beside_any_break(name, n, wall):
    make = KINDS.get(name, lambda grid: grid.derivative(0))
    for at in range(1, n):
        for beside in ("symmetric", "one-sided", "reflect"):
            ends = gg.value(V, wall=wall)
            grid = gg.Grid((n, H), boundary=ends).with_breaks(0, [at], boundary=beside)
            assert abs(make(grid)(np.full(n, V))).max() < 1e-13
