"""Operators of curvilinear grids: adjoints, matrices, layouts, dtypes, libraries."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from curvilinear_maps import joined, positions
from libraries import parameters
from samples import same_bits

import gridgrad as gg

OPERATORS = {
    "gradient": lambda g: g.gradient,
    "divergence": lambda g: g.divergence,
    "curl": lambda g: g.curl,
    "jacobian": lambda g: g.jacobian,
    "laplacian": lambda g: g.laplacian,
    "vector_laplacian": lambda g: g.vector_laplacian,
    "derivative": lambda g: g.derivative(1),
    "step": lambda g: g.identity - 0.1 * g.laplacian + g.advect([1.0, -2.0]),
    "advect": lambda g: g.advect(np.cos(np.arange(2 * 56)).reshape(2, 7, 8)),
    "diffusion": lambda g: g.divergence @ (np.arange(56.0).reshape(7, 8) * g.gradient),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_adjoint_matrix_and_pickle(name, rng):
    grid = gg.Grid(*positions("sinusoidal", 7))
    A = OPERATORS[name](grid)
    f, g = (rng.normal(size=(*form, *grid.shape)) for form in (A.inputs, A.outputs))
    result, back = joined(A(f)), joined(A.adjoint(g))
    scale = abs(result).max()
    assert abs(np.vdot(g, result) - np.vdot(back, f)) < 1e-13 * scale * abs(g).max() * g.size
    assert abs(A.to_sparse() @ f.ravel() - result.ravel()).max() < 1e-13 * scale
    same_bits(joined(pickle.loads(pickle.dumps(A))(f)), result)


def test_operators_are_those_of_the_gradient(rng):
    grid = gg.Grid(*positions("polar", 7))
    f, u, v = rng.normal(size=(3, *grid.shape))
    fx, fy = grid.gradient(f)
    tiny = 1e-13 * max(abs(fx).max(), abs(fy).max())
    same_bits(grid.derivative(1)(f), fy)
    assert abs(grid.gradient_norm(f) - np.hypot(fx, fy)).max() < tiny
    same_bits(grid.gradient_squared(f), fx * fx + fy * fy)
    assert abs(grid.advect((u, v))(f) - u * fx - v * fy).max() < 4 * tiny
    assert abs(grid.advect((u, v))(f, v=(v, u)) - v * fx - u * fy).max() < 4 * tiny
    assert abs(grid.directional_derivative((2.0, v))(f) - 2 * fx - v * fy).max() < 4 * tiny
    assert abs(gg.advect((2.0, 3.0), f, *grid.coordinates) - 2 * fx - 3 * fy).max() < 4 * tiny
    assert abs(grid.jacobian((f, u))[0][1] - fy).max() < tiny
    A = grid.identity - 0.001 * grid.laplacian
    assert abs(A(A.solve(f)) - f).max() < 1e-9


def test_positions_are_what_they_are_now(rng):
    """Grids are found by content: also where an array was changed in place."""
    x, y = positions("polar", 7)
    f = rng.normal(size=x.shape)
    first = joined(gg.gradient(f, x, y))
    x *= 2
    y *= 2
    same_bits(joined(gg.gradient(f, x, y)), first / 2)
    same_bits(joined(gg.gradient(f, x, y)), first / 2)


@pytest.mark.parametrize("axes", [(0, 1), (1, 2), (0, 2), (-1, -2), (2, 0)])
def test_axes_batches_and_layouts(axes, rng):
    """Positions have the shape of the grid in the order of the field, wherever its axes are."""
    x, y = positions("sinusoidal", 6)
    f = rng.normal(size=(3, *x.shape))
    whole = joined(gg.gradient(f, x, y, axis=(1, 2)))
    order = [0, 0, 0]
    for place, source in zip(sorted(a % 3 for a in axes), (1, 2), strict=True):
        order[place] = source
    moved = f.transpose(order)
    got = gg.gradient(moved, x, y, axis=axes)
    for own, exact in zip(got, whole, strict=True):
        same_bits(own, exact.transpose(order))
    out = np.empty((2, *moved.shape))
    gg.gradient(moved, x, y, axis=axes, out=out, workers=2)
    same_bits(out, joined(got))


@pytest.mark.parametrize("dtype", ["float16", "float32", "longdouble", "complex64", "complex128", "int32"])
def test_dtypes(dtype, rng):
    x, y = positions("polar", 8)
    f = (rng.normal(size=x.shape) * 50).astype(dtype)
    wide = f.astype("complex128" if f.dtype.kind == "c" else "float64")
    result = "float64" if dtype == "int32" else dtype
    eps = np.finfo(result).eps
    for own, exact in zip(gg.gradient(f, x, y), gg.gradient(wide, x, y), strict=True):
        assert own.dtype == result
        assert abs(own - exact).max() <= max(8 * eps, 1e-14) * abs(exact).max()


def test_scales_beyond_squares_of_floats():
    x, y = positions("polar", 8)
    f = x - y
    fx, fy = gg.gradient(f, x * 1e200, y * 1e-200)
    np.testing.assert_allclose(fx * 1e200, 1, rtol=1e-12)
    np.testing.assert_allclose(fy * 1e-200, -1, rtol=1e-12)
    slopes = gg.gradient(f.astype("float32"), x * 1e-30, y * 1e-30)
    np.testing.assert_allclose(slopes[0] * 1e-30, 1, rtol=1e-5)
    with pytest.raises(ValueError, match="beyond the exponents of float64; rescale the coordinates"):
        gg.laplacian(f, x * 1e-200, y * 1e-200)


@pytest.mark.parametrize("library", parameters())
def test_libraries(library, rng):
    x, y = positions("sinusoidal", 7)
    f = rng.normal(size=x.shape)
    grid = gg.Grid(x, y)
    with library.wide():
        for A in (grid.gradient, grid.laplacian, grid.derivative(0) @ grid.divergence):
            own = f if not A.inputs else np.stack([f, 2 * f])
            given = library.array(own) if not A.inputs else [library.array(part) for part in own]
            got, exact = A(given), A(own)
            for a, b in zip(
                got if isinstance(got, tuple) else (got,),
                exact if isinstance(exact, tuple) else (exact,),
                strict=True,
            ):
                np.testing.assert_allclose(library.host(a), b, rtol=0, atol=1e-12 * abs(b).max())


@pytest.mark.needs("torch")
def test_autograd_by_f_and_compiled():
    torch = pytest.importorskip("torch")
    x, y = positions("sinusoidal", 5)
    grid = gg.Grid(x, y)
    f = torch.tensor(np.sin(x * y), requires_grad=True)
    v = torch.tensor(np.stack([x, y]), requires_grad=True)
    for A in (grid.laplacian, lambda f: gg.gradient(f, x, y)[0]):
        assert torch.autograd.gradcheck(A, (f,))
    assert torch.autograd.gradcheck(grid.divergence, (v,))
    assert torch.autograd.gradcheck(lambda v, f: grid.advect(v)(f), (v, f))
    compiled = torch.compile(lambda f: grid.laplacian(f), backend="eager", fullgraph=True)
    for one in (f.detach(), f.detach().float(), f.detach().half()):
        assert torch.equal(compiled(one), grid.laplacian(one))
    with pytest.raises(
        TypeError, match=r"by the positions of a curvilinear grid; give their numbers, x\.detach\(\)"
    ):
        gg.gradient(f, torch.tensor(x, requires_grad=True), y)


@pytest.mark.needs("dask")
def test_chunks_have_the_bits_of_the_whole(rng):
    da = pytest.importorskip("dask.array")
    x, y = positions("sinusoidal", 9)
    f = rng.normal(size=x.shape)
    grid = gg.Grid(x, y)
    lazy = da.from_array(f, chunks=(4, 3))
    same_bits(grid.laplacian(lazy).compute(), grid.laplacian(f))
    for own, exact in zip(gg.gradient(lazy, x, y, edge_order=2), grid.gradient(f), strict=True):
        assert own.chunks == lazy.chunks
        same_bits(own.compute(), exact)
    same_bits(gg.divergence((lazy, lazy), x, y).compute(), grid.divergence((f, f)))


@pytest.mark.needs("pint")
def test_units():
    pint = pytest.importorskip("pint")
    u = pint.UnitRegistry()
    x, y = positions("polar", 6)
    grid = gg.Grid(x * u.m, y * u.m)
    assert gg.gradient(x * u.K, x * u.m, y * u.m)[0].units == u.K / u.m
    assert grid.laplacian(x * u.K).units == u.K / u.m**2
    assert grid.divergence((x * u.K, y * u.K)).units == u.K / u.m


@pytest.mark.needs("xarray")
def test_labels():
    xarray = pytest.importorskip("xarray")
    x, y = positions("sinusoidal", 6)
    grid = gg.Grid(x, y)
    data = xarray.DataArray(
        x * y, dims=("j", "i"), coords={"lon": (("j", "i"), x), "lat": (("j", "i"), y)}, attrs={"units": "K"}
    )
    by_lon, by_lat = gg.gradient(data, coord=("lon", "lat"), dim=("j", "i"), edge_order=2)
    same_bits(by_lon.values, grid.gradient(x * y)[0])
    same_bits(by_lat.values, grid.gradient(x * y)[1])
    assert by_lat.dims == ("j", "i")
    same_bits(gg.laplacian(data, coord=("lon", "lat"), dim=("j", "i")).values, grid.laplacian(x * y))
