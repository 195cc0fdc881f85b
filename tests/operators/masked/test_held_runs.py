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


@pytest.mark.parametrize("accuracy", [1, 2])
@pytest.mark.parametrize("beside", ["symmetric", "one-sided", "reflect"])
@pytest.mark.parametrize("step", [H, -H])
def test_upwind_differences_of_constants_beside_any_break(step, beside, accuracy):
    """What is prescribed has the rows of the side that the field has at each point, whichever way the flow goes."""
    for n in (3, 4):
        v, f = np.linspace(-1, 1.25, n), np.full(n, V)
        for end in (gg.value(V, wall="face"), gg.robin(2.0, 1.0, 2 * V)):
            whole = gg.Grid((n, step), boundary=end, edge_order=1)
            for at in range(1, n):
                broken = whole.with_breaks(0, [at], boundary=beside)
                gap = whole.with_mask(np.arange(n) != at, boundary=beside)
                for flow in (v, -v):
                    assert abs(broken.advect((flow,), upwind=accuracy)(f)).max() < 1e-12
                    assert abs(gap.advect((flow,), upwind=accuracy)(f)).max() < 1e-12


@pytest.mark.parametrize("is_mask", [False, True])
@pytest.mark.parametrize("flow", [1.5, -1.5])
def test_upwind_differences_of_one_cell_beside_a_wall(flow, is_mask):
    """That to the wall where the flow comes from there, over the half step; there is none to the break."""
    n, f = 4, np.random.default_rng(4).uniform(-1, 1, 4)
    whole = gg.Grid((n, H), boundary=gg.value(V, wall="face"))
    cut = whole.with_mask(np.arange(n) != n - 2) if is_mask else whole.with_breaks(0, [n - 1])
    for v in (flow, np.full(n, flow)):
        found = cut.advect((v,), upwind=1)(f)
        expected = flow * (V - f[-1]) / (H / 2) if flow < 0 else 0
        assert np.isclose(found[-1], expected, rtol=1e-14)


@pytest.mark.parametrize("beside", ["symmetric", "one-sided", "reflect", gg.slope(0.0)], ids=repr)
@pytest.mark.parametrize("n", [3, 4, 5])
def test_diffusivities_at_faces_count_a_wall_once(n, beside):
    """As those at points do, in the cell below each face and in the one above."""
    f = np.random.default_rng(n).uniform(-1, 1, n)
    for end in (gg.value(V, wall="face"), gg.robin(2.0, 1.0, V), gg.slope(0.5)):
        for at in range(1, n):
            grid = gg.Grid((n, H), boundary=end, edge_order=1).with_breaks(0, [at], boundary=beside)
            found = grid.diffuse([np.ones(n + 1)], form="faces")(f)
            assert np.allclose(found, grid.diffuse(np.ones(n))(f), rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("x", [(5, 1.0), np.array([0.0, 1, 3, 4, 6])], ids=["even", "uneven"])
def test_a_tensor_beside_a_run_of_one_point_at_a_held_end(x):
    inside = np.ones((5, 4), bool)
    inside[1] = False
    grid = gg.Grid(x, (4, 1.0), boundary=[gg.value(V), "one-sided"]).with_mask(inside)
    f = np.where(inside, V, np.nan)
    assert abs(grid.diffuse([[1.0, 0.25], [0.25, 1.0]], form="tensor")(f)).max() < 1e-13
