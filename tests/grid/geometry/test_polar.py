"""Operators in polar and cylindrical coordinates up to their axis: orders in every row, totals, adjoints, other libraries."""

import numpy as np
import pytest
from libraries import check_as_numpy
from optional import optional

import gridgrad as gg

RNG = np.random.default_rng(4)


def disc(n, kind, word="polar"):
    """n radii to 1, half a step from the axis on or on it, angles from anywhere and, if cylindrical, nine heights."""
    r = (np.arange(n) + 0.5) / n if kind == "half" else np.arange(n + 1) / n
    axes = [r, 0.3 + np.arange(4 * n) * np.pi / (2 * n), (9, 0.2)]
    return gg.Grid(*(axes if word == "cylindrical" else axes[:2]), geometry=word)


def turned(u, v, theta):
    """Components along x and y as those outwards and around."""
    return u * np.cos(theta) + v * np.sin(theta), v * np.cos(theta) - u * np.sin(theta)


def errors(grid, accuracy):
    """The largest of all rows, relative to the largest value, of fields that flow across the axis."""
    r, theta, *z = grid.mesh()
    x, y = r * np.cos(theta), r * np.sin(theta)
    f, bent = np.sin(2 * x) * np.cos(y) + x * y, -5 * np.sin(2 * x) * np.cos(y)
    fx, fy = 2 * np.cos(2 * x) * np.cos(y) + y, x - np.sin(2 * x) * np.sin(y)
    u, v = np.sin(x + y), np.cos(2 * x) * y
    wind, rest = turned(u, v, theta), [0 * r for _ in z]
    found = {
        "gradient": (grid.gradient, f, [*turned(fx, fy, theta), *rest]),
        "laplacian": (grid.laplacian, f, bent),
        "divergence": (grid.divergence, [*wind, *rest], np.cos(x + y) + np.cos(2 * x)),
        "advect": (grid.advect([*wind, *rest]), f, u * fx + v * fy),
    }
    if not z:
        found["curl"] = grid.curl, wind, -2 * np.sin(2 * x) * y - np.cos(x + y)
    return {
        name: np.abs(np.asarray(operator.with_(accuracy=accuracy)(field)) - exact).max() / np.abs(exact).max()
        for name, (operator, field, exact) in found.items()
    }


@pytest.mark.parametrize("word", ["polar", "cylindrical"])
@pytest.mark.parametrize("kind", ["half", "axis"])
@pytest.mark.parametrize("accuracy", [None, 4, 6])
def test_orders_in_every_row(accuracy, kind, word):
    """The axis, the rows beside it and the rim among them."""
    coarse, fine = (errors(disc(n, kind, word), accuracy) for n in (24, 48))
    for name in coarse:
        assert np.log2(coarse[name] / fine[name]) > (accuracy or 2) - 0.2, name
    assert max(fine.values()) < {None: 3e-3, 4: 1e-5, 6: 1e-7}[accuracy], fine


@pytest.mark.parametrize("word", ["polar", "cylindrical"])
@pytest.mark.parametrize("kind", ["half", "axis"])
def test_forms_and_totals(kind, word):
    """Matrix, transpose, adjoint and chunks are those of the operator; what flows through rings is lost nowhere."""
    grid = disc(6, kind, word)
    f, g, k, *wind = RNG.standard_normal((3 + grid.ndim, *grid.shape))
    spread = grid.diffuse(abs(k)) if kind == "half" else grid.diffuse(2.0)
    for A in (
        grid.laplacian,
        grid.laplacian.with_(accuracy=4),
        grid.derivative(1),
        grid.advect(wind),
        spread,
    ):
        made = A(f)
        scale = np.abs(made).max()
        matrix = (A.to_sparse() @ f.ravel()).reshape(grid.shape)
        np.testing.assert_allclose(matrix / scale, made / scale, atol=1e-13)
        assert np.isclose(np.vdot(made, g), np.vdot(f, A.T(g)), rtol=1e-9)
        back = A.adjoint(g, weight="quadrature")
        assert np.isclose(np.vdot(grid.measure * made, g), np.vdot(grid.measure * f, back), rtol=1e-9)
    changed = grid.measure * spread(f)
    assert abs(changed.sum()) < 1e-13 * np.abs(changed).sum()


@pytest.mark.parametrize("kind", ["half", "axis"])
def test_chunks(kind):
    array = pytest.importorskip("dask.array")
    grid = disc(6, kind)
    f, u, v = RNG.standard_normal((3, *grid.shape))
    lazy = array.from_array(f, chunks=(2, 5))
    for A in (
        grid.laplacian,
        grid.gradient,
        grid.laplacian.with_(accuracy=4),
        grid.laplacian.T,
        grid.advect((u, v)),
    ):
        made = A(lazy)
        np.testing.assert_array_equal(array.stack(made) if isinstance(made, tuple) else made, A(f))


@pytest.mark.parametrize("kind", ["half", "axis"])
@pytest.mark.parametrize("name", [optional("torch"), optional("jax")])
def test_other_libraries(name, kind):
    grid = disc(6, kind)
    f = RNG.standard_normal(grid.shape).astype(np.float32)
    for operator in (grid.laplacian, grid.derivative(1), grid.diffuse(2.0)):
        check_as_numpy(name, operator, f)
