"""Coordinates of lines: each line has the bits that it has alone, in every dtype, library, layout and form of an operator."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from libraries import parameters
from samples import same_bits

import gridgrad as gg

SHAPE = (5, 6, 7)
DTYPES = ["float16", "float32", "float64", "longdouble", "complex64", "complex128", "uint8", "int32", "int64"]
CALLS = {
    "gradient": lambda f, z, axis: gg.gradient(f, z, axis=axis),
    "gradient 2": lambda f, z, axis: gg.gradient(f, z, axis=axis, edge_order=2),
    "gradient of accuracy 2": lambda f, z, axis: gg.gradient(f, z, axis=axis, accuracy=2),
    "derivative": lambda f, z, axis: gg.derivative(f, z, axis=axis),
    "second": lambda f, z, axis: gg.derivative(f, z, axis=axis, order=2),
    "second of three points": lambda f, z, axis: gg.laplacian(f, z, axis=axis, edge_order=1),
    "ring": lambda f, z, axis: gg.gradient(f, z, axis=axis, periodic=True, period=9.5),
    "second on a ring": lambda f, z, axis: gg.derivative(
        f, z, axis=axis, order=2, boundary="periodic", period=9.5
    ),
}


def heights(rng, axis, kind="mixed", shape=SHAPE):
    """Coordinates of lines up and down: irregular, even, or with both on one line, also only once they are float32."""
    steps = {
        "irregular": rng.uniform(0.1, 1.1, shape),
        "even": np.broadcast_to(np.take(rng.uniform(0.1, 1, shape), [0], axis).round(2), shape),
        "mixed": rng.integers(1, 3, shape) * 0.5,
        "even in float32": 1 + rng.integers(0, 2, shape) * 1e-9,
    }[kind]
    directions = np.take(rng.choice([-1, 1], shape), [0], axis)
    return np.cumsum(steps, axis=axis) * directions


def field(rng, dtype, shape=SHAPE):
    f = np.abs(rng.normal(size=shape) * 50)
    return (f + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else f).astype(dtype)


def by_lines(call, f, z, axis):
    """The same line by line."""
    lines = [np.moveaxis(a, axis, -1).reshape(-1, f.shape[axis]) for a in (f, np.broadcast_to(z, f.shape))]
    results = [
        call(np.ascontiguousarray(own), np.ascontiguousarray(x), 0) for own, x in zip(*lines, strict=True)
    ]
    whole = np.stack(results).reshape(np.moveaxis(f, axis, -1).shape)
    return np.moveaxis(whole, -1, axis)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_every_line_has_the_bits_that_it_has_alone(call, dtype, rng):
    for axis, kind in ((0, "mixed"), (1, "irregular"), (2, "even"), (-1, "even in float32"), (0, "even")):
        f, z = field(rng, dtype), heights(rng, axis, kind)
        got, alone = (how(f, z, axis) for how in (CALLS[call], lambda *a: by_lines(CALLS[call], *a)))
        assert got.dtype == alone.dtype
        np.testing.assert_array_equal(got, alone)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex128"])
def test_nan_and_infinity_stay_where_they_are_on_a_line_alone(call, dtype, rng):
    f, z = field(rng, dtype), heights(rng, 0, "mixed")
    f[0, 1, 1], f[2, 2, 3], f[-1, 3, 5], f[2, 5, 5] = np.nan, np.nan, np.inf, np.inf
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(CALLS[call](f, z, 0), by_lines(CALLS[call], f, z, 0))


def test_a_plane_of_heights_serves_a_batch_and_a_column_serves_them_all(rng):
    f, z = field(rng, "float64"), heights(rng, 1, "irregular", SHAPE[:2])
    for own in (z[:, :, None], np.broadcast_to(z[:, :, None], SHAPE), z[:1, :, None]):
        same_bits(gg.gradient(f, own, axis=1), by_lines(CALLS["gradient"], f, own, 1))
    times = heights(rng, -1, "irregular", SHAPE[1:])  # of trajectories, for a batch of fields
    same_bits(gg.gradient(f, times, axis=-1), by_lines(CALLS["gradient"], f, times, -1))
    alike = np.broadcast_to(z[0][None, :, None], SHAPE)  # as at the start of a simulation
    same_bits(gg.gradient(f, alike, axis=1), gg.gradient(f, z[0], axis=1))


def test_parabolas_and_short_lines(rng):
    z = heights(rng, 0, "irregular")
    assert abs(gg.gradient(z**2, z, axis=0, edge_order=2) - 2 * z).max() < 1e-13
    assert abs(gg.derivative(z**2, z, axis=0, order=2) - 2).max() < 1e-11
    for n in (2, 3, 4):
        f, z = field(rng, "float64", (n, 5)), heights(rng, 0, "irregular", (n, 5))
        for name, call in CALLS.items():
            if n == 2 and name not in ("gradient",):
                continue
            same_bits(call(f, z, 0), by_lines(call, f, z, 0))


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: a[::-1], lambda a: a.transpose(2, 0, 1)])
def test_layouts_and_out(layout, rng):
    f, z = layout(field(rng, "float32")), layout(heights(rng, 1, "mixed"))
    axis = 2 if f.shape != SHAPE else 1
    whole = gg.gradient(f.copy(), z.copy(), axis=axis)
    same_bits(gg.gradient(f, z, axis=axis), whole)
    out = np.empty_like(f)
    assert gg.gradient(f, z, axis=axis, out=out) is out
    same_bits(out, whole)
    gg.gradient(f, z, axis=axis, out=f)
    same_bits(f, whole)


def test_out_of_a_half(rng):
    f, z = field(rng, "float16"), heights(rng, 0)
    out = np.empty(SHAPE, np.float16)
    assert gg.gradient(f, z, axis=0, out=out) is out
    same_bits(out, gg.gradient(f, z, axis=0))
    with pytest.raises(TypeError, match="out has dtype float32, but the result has dtype float16"):
        gg.gradient(f, z, axis=0, out=np.empty(SHAPE, np.float32))


def test_float32_whose_weights_it_does_not_hold(rng):
    f, z = field(rng, "float32") * np.float32(1e-30), heights(rng, 0, "irregular") * 1e-30
    got = gg.derivative(f, z, axis=0, order=2)
    same_bits(got, by_lines(CALLS["second"], f, z, 0))
    assert np.isfinite(got).all()


@pytest.fixture
def grid(rng):
    return gg.Grid(heights(rng, 0, shape=(5, 6, 7)), np.cumsum(rng.uniform(0.5, 1, 6)), (7, 0.5))


OPERATORS = {
    "gradient": lambda g: g.gradient,
    "divergence": lambda g: g.divergence,
    "curl": lambda g: g.curl,
    "jacobian": lambda g: g.jacobian,
    "laplacian": lambda g: g.laplacian,
    "vector_laplacian": lambda g: g.vector_laplacian,
    "step": lambda g: g.identity - 0.1 * g.laplacian + g.advect([1.0, -2.0, 3.0]),
    "twice": lambda g: g.laplacian @ g.divergence,
}


def joined(f):
    return f if isinstance(f, np.ndarray) else np.stack([joined(part) for part in f])


@pytest.mark.parametrize("name", OPERATORS)
def test_adjoint_and_matrix(name, grid, rng):
    A = OPERATORS[name](grid)
    f, g = (rng.normal(size=(*form, *grid.shape)) for form in (A.inputs, A.outputs))
    result, back = joined(A(f)), joined(A.adjoint(g))
    scale = np.abs(result).max() * np.abs(g).max() * g.size
    assert abs(np.vdot(g, result) - np.vdot(back, f)) < 1e-13 * scale
    assert np.abs(A.to_sparse() @ f.ravel() - result.ravel()).max() < 1e-13 * np.abs(result).max()
    assert np.abs(A.to_linear_operator() @ f.ravel() - result.ravel()).max() < 1e-13 * np.abs(result).max()


def test_operators_are_those_of_their_derivatives(grid, rng):
    u, v, w = rng.normal(size=(3, *grid.shape))
    d = [grid.derivative(a) for a in range(3)]
    slopes = [along(u) for along in d]
    for own, slope in zip(grid.gradient(u), slopes, strict=True):
        same_bits(own, slope)
    scale = 1e-14 * max(np.abs(slope).max() for slope in slopes)
    assert np.abs(grid.divergence((u, v, w)) - (d[0](u) + d[1](v) + d[2](w))).max() < 9 * scale
    assert np.abs(grid.curl((u, v, w))[1] - (d[2](u) - d[0](w))).max() < 9 * scale
    assert np.abs(grid.gradient_norm(u) - np.sqrt(sum(slope**2 for slope in slopes))).max() < 9 * scale
    same_bits(grid.gradient_squared(u), sum(slope**2 for slope in slopes))
    again = pickle.loads(pickle.dumps(grid.laplacian))
    same_bits(again(u), grid.laplacian(u))
    A = grid.identity - 0.01 * grid.laplacian
    assert np.abs(A(A.solve(u)) - u).max() < 1e-10


def test_other_options_have_their_own_weights(grid, rng):
    f = rng.normal(size=grid.shape)
    same_bits(grid.derivative(0).with_(order=2)(f), grid.derivative(0, order=2)(f))


def test_a_grid_shows_its_lines(grid):
    assert "axis -3: 5 points on each of 42 lines" in repr(grid)
    assert [x.shape for x in grid.coordinates] == [(5, 6, 7), (6,), (7,)]
    mesh = grid.mesh()
    same_bits(mesh[0], grid.coordinates[0])
    same_bits(mesh[1], np.broadcast_to(grid.coordinates[1][:, None], grid.shape))
    same_bits(grid.steps[0], np.diff(mesh[0], axis=0))
    assert not grid.is_uniform(0)


REFUSED = {
    "diffuse": lambda g, f: g.diffuse(f),
    "advect": lambda g, f: g.advect((f, f, f)),
    "advect along lines": lambda g, f: gg.advect(f, f, np.broadcast_to(g.coordinates[0], g.shape), axis=0),
    "hessian": lambda g, f: g.hessian,
    "mixed": lambda g, f: g.mixed_derivative(0, 2),
    "wide": lambda g, f: g.laplacian.with_(form="wide"),
    "conservative": lambda g, f: g.laplacian.with_(form="conservative"),
    "accuracy": lambda g, f: g.gradient.with_(accuracy=6),
    "measure": lambda g, f: g.measure,
    "weighted": lambda g, f: g.gradient.adjoint((f, f, f), weight="quadrature"),
    "rows": lambda g, f: g.gradient.weights(0),
    "mirror": lambda g, f: gg.gradient(f, g.coordinates[0], axis=0, boundary="reflect"),
    "wall": lambda g, f: gg.gradient(f, g.coordinates[0], axis=0, boundary=gg.value(0.0)),
    "times": lambda g, f: gg.gradient(f.astype("m8[s]"), g.coordinates[0], axis=0),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_offered_says_so(name, grid):
    with pytest.raises(TypeError, match=r"is not (offered along axis|differentiated along lines)"):
        REFUSED[name](grid, np.ones(grid.shape))


def test_masks_spread_as_on_a_line_alone(rng):
    f, z = np.ma.masked_less(field(rng, "float64"), 20), heights(rng, 0, "mixed")
    got = gg.gradient(f, z, axis=0)
    for j, k in np.ndindex(SHAPE[1:]):
        alone = gg.gradient(f[:, j, k], np.ascontiguousarray(z[:, j, k]))
        np.testing.assert_array_equal(np.ma.getmaskarray(alone), np.ma.getmaskarray(got)[:, j, k])


@pytest.mark.parametrize("library", parameters())
def test_libraries(library, rng):
    f, z = field(rng, "float64"), heights(rng, 0, "mixed")
    with library.wide():
        for how in (
            lambda f, z: gg.gradient(f, z, axis=0, edge_order=2),
            lambda f, z: gg.derivative(f, z, axis=0, order=2),
        ):
            got = library.host(how(library.array(f), library.array(z)))
            bound = 0 if library.module != "jax.numpy" else 1e-13
            np.testing.assert_allclose(got, how(f, z), rtol=bound, atol=bound)


@pytest.mark.needs("torch")
def test_autograd_by_f_and_by_z(rng):
    torch = pytest.importorskip("torch")
    f, z = (
        torch.tensor(a, requires_grad=True)
        for a in (field(rng, "float64", (4, 5)), heights(rng, 0, "mixed", (4, 5)))
    )
    check = torch.autograd.gradcheck
    assert check(lambda f: gg.derivative(f, z.detach(), axis=0, order=2), (f,))
    for options in ({}, {"edge_order": 2}, {"periodic": True, "period": 9.5}):
        assert check(lambda f, z, options=options: gg.gradient(f, z, axis=0, **options), (f, z))
    assert check(lambda z: gg.gradient(f.detach(), z, 0.5), (z,))


@pytest.mark.needs("torch")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's compiler
@pytest.mark.parametrize(("dtype", "unit"), [("float64", 1), ("float32", 1e-25)])  # too small for float32
def test_a_compiler_needs_no_call_before(rng, dtype, unit):
    torch = pytest.importorskip("torch")
    torch._dynamo.reset()
    f = torch.tensor(field(rng, "float64", (4, 5))).to(getattr(torch, dtype)).requires_grad_()
    grid = gg.Grid((4, 0.5), heights(rng, 1, "mixed", (4, 5)) * unit)
    A, B = grid.laplacian, grid.gradient

    def step(f):
        return [A(f), *B(f)]

    traced = torch.compile(step, fullgraph=True, backend="aot_eager")(f)
    slopes = [torch.autograd.grad(sum(results).sum(), f) for results in (traced, step(f))]
    assert all(map(torch.equal, traced, step(f)))
    assert torch.equal(*[slope for (slope,) in slopes])


def test_weights_are_made_once_and_small(rng):
    z = heights(rng, 0, "irregular", (20, 30, 40))
    rows = gg.Grid(z, axes=[-3]).axis_objects[0].line_rows()
    assert sum(w.nbytes for w in rows.weights("float64")) == 2 * z.nbytes  # none of them has the short form
    assert rows.weights("float64")[0] is rows.weights("float64")[0]


@pytest.mark.parametrize("unit", [1e-300, 1e-200, 1e200, 1e300])
def test_weights_that_vanish_or_overflow_on_all_lines_are_refused(unit):
    z = np.arange(6.0)[:, None] * np.array([1.0, 1.5, 2.0])
    with pytest.raises(ValueError, match=r"weights beyond the exponents of float64; rescale the coordinates"):
        gg.Grid(z * unit, axes=[0]).laplacian(z**2)
    assert gg.Grid(z, axes=[0]).laplacian(z**2)[2] == pytest.approx(2.0)
