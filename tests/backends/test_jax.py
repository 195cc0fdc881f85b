"""JAX: eager, jit, vmap and grad, with and without 64-bit types, all on the device."""

import functools
import re

import numpy as np
import pytest
from oracles import extended_gradient, extended_steps
from samples import dtype_id, frozen, noise

import gridgrad as gg

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

X = frozen([0.0, 1.0, 2.0, 4.0, 5.0, 6.0, 8.5])
LINE = frozen([1.0, 4, 9, 16, 25])
PLANE = frozen(np.arange(20.0).reshape(4, 5) ** 2)
REALS = [np.float16, np.float32, np.float64]
INTEGERS = [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
ROUNDINGS = 4  # of a row in the arithmetic type: two differences, products, one sum, and XLA's fusion


@pytest.fixture(autouse=True)
def x64():
    """64-bit types, as most tests want; `no_x64` takes them away again."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def no_x64(x64):
    with jax.enable_x64(False):
        yield


def assert_close(result, f, spacing, axis=0, edge_order=1, wrap=None):
    """Within the rounding of the row and of the stored result."""
    assert isinstance(result, jax.Array)
    value, scale = extended_gradient(f, axis, extended_steps(spacing, f.shape[axis]), edge_order, wrap)
    arithmetic = np.float64 if result.dtype == np.float64 else np.float32
    bound = ROUNDINGS * np.finfo(arithmetic).eps * scale
    if result.dtype not in (np.float32, np.float64):
        bound = (
            bound + np.abs(value) * float(jnp.finfo(result.dtype).eps) + float(jnp.finfo(result.dtype).tiny)
        )
    assert np.all(np.abs(np.asarray(result).astype(np.longdouble) - value) <= bound)


@pytest.mark.parametrize("compile_it", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize("edge_order", [1, 2])
@pytest.mark.parametrize("spacing", [0.3, X, frozen(X[::-1])], ids=["step", "coordinates", "decreasing"])
class TestValues:
    def differentiate(self, f, compile_it, **keywords):
        function = functools.partial(gg.gradient, **keywords)
        return (jax.jit(function) if compile_it else function)(f)

    @pytest.mark.parametrize("dtype", REALS, ids=dtype_id)
    def test_reals(self, dtype, spacing, edge_order, compile_it, rng):
        f = noise(rng, (3, 7), dtype)
        result = self.differentiate(
            jnp.asarray(f), compile_it, spacing=[spacing], axis=1, edge_order=edge_order
        )
        assert result.dtype == dtype
        assert_close(result, f, spacing, 1, edge_order)

    def test_bfloat16(self, spacing, edge_order, compile_it, rng):
        f = jnp.asarray(noise(rng, (7, 3)), jnp.bfloat16)
        result = self.differentiate(f, compile_it, spacing=[spacing], axis=0, edge_order=edge_order)
        assert result.dtype == jnp.bfloat16
        assert_close(result, np.asarray(f.astype(jnp.float64)), spacing, 0, edge_order)

    @pytest.mark.parametrize("dtype", [np.complex64, np.complex128], ids=dtype_id)
    def test_complex(self, dtype, spacing, edge_order, compile_it, rng):
        f = noise(rng, (7, 2), dtype)
        result = self.differentiate(
            jnp.asarray(f), compile_it, spacing=[spacing], axis=0, edge_order=edge_order
        )
        assert result.dtype == dtype
        for part in (np.real, np.imag):
            assert_close(jnp.asarray(part(np.asarray(result))), part(f), spacing, 0, edge_order)

    @pytest.mark.parametrize("dtype", INTEGERS, ids=dtype_id)
    def test_integers_never_wrap(self, dtype, spacing, edge_order, compile_it, rng):
        f = noise(rng, (7,), dtype)
        result = self.differentiate(
            jnp.asarray(f), compile_it, spacing=[spacing], axis=0, edge_order=edge_order
        )
        assert result.dtype == np.float64
        assert_close(result, f, spacing, 0, edge_order)


def test_int64_differences_are_exact():
    f = jnp.asarray([2**62, 2**62 + 1, 2**62 + 3])
    assert np.array_equal(gg.gradient(f), [1.0, 1.5, 2.0])


def test_periodic(rng):
    f = noise(rng, (7, 3))
    result = gg.gradient(jnp.asarray(f), X, axis=0, periodic=True, period=10.0)
    assert_close(result, f, X, 0, wrap=np.longdouble(1.5))


@pytest.mark.parametrize("compile_it", [False, True], ids=["eager", "jit"])
@pytest.mark.parametrize("spacing", [1.0, X], ids=["step", "coordinates"])
def test_nan_locality_is_the_cores(spacing, compile_it):
    function = functools.partial(gg.gradient, spacing=[spacing], edge_order=2)
    for place in range(7):
        f = np.arange(7.0) ** 2
        f[place] = np.nan
        result = (jax.jit(function) if compile_it else function)(jnp.asarray(f))
        assert np.array_equal(np.isnan(result), np.isnan(gg.gradient(f, spacing, edge_order=2)))


def test_several_axes_and_jax_coordinates():
    dy, dx = gg.gradient(jnp.asarray(PLANE), 2.0, jnp.arange(5.0))
    assert np.array_equal(dy, gg.gradient(PLANE, 2.0, axis=0))
    assert np.array_equal(dx, gg.gradient(PLANE, axis=1))


def test_bfloat16_coordinates():
    assert np.array_equal(
        gg.gradient(jnp.asarray(LINE), jnp.arange(5, dtype=jnp.bfloat16)), gg.gradient(LINE)
    )


def test_f_stays_on_the_device():
    f = jnp.asarray(PLANE)
    with jax.transfer_guard_device_to_host("disallow_explicit"):
        gg.gradient(f, X[:4], X[:5], edge_order=2)


class TestWithout64Bits:
    pytestmark = pytest.mark.usefixtures("no_x64")

    def test_float32_and_integers(self, rng):
        f = noise(rng, (7,), np.int32)
        result = gg.gradient(jnp.asarray(f), X)
        assert result.dtype == np.float32
        assert_close(result, f, X)
        g = noise(rng, (7,), np.float32)
        assert_close(gg.gradient(jnp.asarray(g), X, edge_order=2), g, X, 0, 2)

    @pytest.mark.parametrize(
        ("scale", "height"), [(1e-60, 1e-30), (1e-60, 1.0), (1e-25, 1.0), (1e25, 1.0), (1e45, 1e10)]
    )
    def test_weights_beyond_float32(self, scale, height):
        result = np.asarray(gg.gradient(jnp.asarray(X * height, np.float32), X * scale, edge_order=2))
        if height / scale > 1e38:
            assert np.all(np.isposinf(result))
        else:
            np.testing.assert_allclose(result, height / scale, rtol=1e-6)


class TestTransforms:
    @pytest.mark.parametrize("edge_order", [1, 2])
    def test_jit_equals_eager_where_the_arithmetic_is_exact(self, edge_order):
        f = jnp.asarray(X) ** 2
        jitted = jax.jit(gg.gradient, static_argnames=("axis", "edge_order"))
        assert np.array_equal(jitted(f, axis=0, edge_order=edge_order), gg.gradient(f, edge_order=edge_order))

    @pytest.mark.parametrize("spacing", [0.5, X], ids=["step", "coordinates"])
    @pytest.mark.parametrize("edge_order", [1, 2])
    def test_grad_is_the_transposed_matrix(self, spacing, edge_order):
        function = functools.partial(gg.gradient, spacing=[spacing], edge_order=edge_order)
        matrix = np.stack([gg.gradient(row, spacing, edge_order=edge_order) for row in np.eye(7)], axis=1)
        np.testing.assert_allclose(jax.jacfwd(function)(jnp.asarray(X)), matrix, rtol=0, atol=1e-15)
        np.testing.assert_allclose(jax.jacrev(function)(jnp.asarray(X)), matrix, rtol=0, atol=1e-15)
        slope = jax.grad(lambda f: jnp.sum(function(f) * X))(jnp.asarray(X))
        np.testing.assert_allclose(slope, matrix.T @ X, rtol=0, atol=1e-14)

    def test_vmap(self, rng):
        f = noise(rng, (4, 7))
        mapped = jax.vmap(lambda row: gg.gradient(row, X, edge_order=2))(jnp.asarray(f))
        assert np.array_equal(mapped, gg.gradient(jnp.asarray(f), X, axis=1, edge_order=2))

    def test_no_nan_is_made_on_the_way_where_a_field_is_flat(self):
        f = jnp.asarray([0.0, 0.0, 0.0, 1.0])[:, None] + jnp.zeros(5)
        with jax.debug_nans(True):
            assert np.array_equal(gg.gradient_norm(f[:3]), np.zeros((3, 5)))
            slope = jax.grad(lambda f: gg.gradient_norm(f).sum())(f[:3])
            assert np.array_equal(slope, np.zeros((3, 5)))
            flow = jax.grad(lambda k: (gg.diffuse(k, f, mean="harmonic") ** 2).sum())
            assert np.array_equal(flow(f)[:2], np.zeros((2, 5)))

    @pytest.mark.parametrize("spacing", [2.0, X], ids=["step", "coordinates"])
    def test_traced_spacing_is_refused(self, spacing):
        with pytest.raises(TypeError, match=r"axis 0 is traced by JAX.*close over the spacing"):
            jax.jit(gg.gradient)(jnp.asarray(X), spacing)

    def test_grad_with_respect_to_coordinates_is_refused(self):
        with pytest.raises(TypeError, match="axis 0 is traced by JAX"):
            jax.grad(lambda x: gg.gradient(jnp.asarray(X) ** 2, x).sum())(jnp.asarray(X))


def with_value(index, value):
    x = X[:5].copy()
    x[index] = value
    return x


ERRORS = {
    "duplicate coord value": ((LINE, with_value(4, 4.0)), {}, ValueError, "not strictly monotonic: x[3]=4.0, x[4]=4.0"),
    "non-monotonic coords": ((LINE, with_value(2, 0.5)), {}, ValueError, "not strictly monotonic: x[1]=1.0, x[2]=0.5"),
    "NaN in coords": ((LINE, with_value(3, np.nan)), {}, ValueError, "not finite: x[3]=nan"),
    "inf in coords": ((LINE, with_value(4, np.inf)), {}, ValueError, "not finite: x[4]=inf"),
    "coords too short by 1": ((LINE, X[:4]), {}, ValueError, "axis 0 has 5 points but 4 coordinates"),
    "coords too long by 1": ((LINE, X[:6]), {}, ValueError, "axis 0 has 5 points but 6 coordinates"),
    "2-D coords for 1-D axis": ((LINE, np.ones((5, 1))), {}, ValueError, "spacing of axis 0 has shape (5, 1)"),
    "length-1 array as spacing": ((LINE, np.ones(1)), {}, ValueError, "5 points but 1 coordinate came for it"),
    "bool coords": ((LINE, np.ones(5, bool)), {}, TypeError, "has dtype bool"),
    "complex coords": ((LINE, X[:5] + 0j), {}, TypeError, "is complex"),
    "zero spacing": ((LINE, np.float64(0.0)), {}, ValueError, "the spacing of axis 0 is 0"),
    "NaN spacing": ((LINE, np.float64(np.nan)), {}, ValueError, "is nan; it must be finite"),
    "bool data": ((LINE > 3,), {}, TypeError, "f has dtype bool"),
    "0-d data": ((np.float64(3.0),), {}, ValueError, "f is 0-dimensional"),
    "empty 1-D": ((np.ones(0),), {}, ValueError, "axis 0 has 0 points"),
    "shape (0,5), axis=0": ((np.ones((0, 5)),), {"axis": 0}, ValueError, "axis 0 has 0 points"),
    "size-1 axis": ((np.ones((1, 5)),), {}, ValueError, "axis 0 has 1 point but edge_order=1 needs"),
    "size-2 edge_order 2": ((np.ones(2),), {"edge_order": 2}, ValueError, "2 points but edge_order=2 needs"),
    "one array for two axes": ((np.ones((5, 5)), X[:5]), {}, TypeError, "1 spacing for 2 differentiated axes"),
    "duplicate axis (0,0)": ((PLANE,), {"axis": (0, 0)}, ValueError, "repeated axis"),
    "duplicate axis (0,-2)": ((PLANE,), {"axis": (0, -2)}, ValueError, "repeated axis"),
    "axis out of range 5": ((PLANE,), {"axis": 5}, IndexError, "axis 5 is out of bounds"),
    "edge_order=3": ((LINE,), {"edge_order": 3}, ValueError, "greater than 2 not supported"),
    "edge_order=0": ((LINE,), {"edge_order": 0}, ValueError, "must be 1 or 2, got 0"),
    "edge_order=None": ((LINE,), {"edge_order": None}, TypeError, "integer 1 or 2, got None"),
    "unknown keyword": ((LINE,), {"spacng": 2}, TypeError, "spacng"),
    "out=": ((LINE,), {"out": np.ones(5)}, TypeError, "out= is not supported for arrays of jax"),
}  # fmt: skip


@pytest.mark.parametrize("row", ERRORS)
def test_bad_inputs(row):
    arguments, keywords, error, message = ERRORS[row]
    with pytest.raises(error, match=re.escape(message)):
        gg.gradient(*map(jnp.asarray, arguments), **keywords)


RIGHT = {
    "int64 coords": (LINE, np.arange(5)),
    "uint8 decreasing coords": (LINE, np.arange(5, dtype=np.uint8)[::-1]),
    "int8 coords diff overflow": (LINE, np.array([-128, -60, 0, 60, 127], np.int8)),
    "int64 coords >2^53": (LINE, 1_700_000_000_000_000_000 + np.arange(5)),
    "float32 coords, f64 data": (LINE, X[:5].astype(np.float32)),
    "float16 coords, f64 data": (LINE, X[:5].astype(np.float16)),
    "coords scale 1e-200": (LINE, X[:5] * 1e-200),
    "coords scale 1e200": (LINE, X[:5] * 1e200),
    "negative spacing": (LINE, -0.5),
    "int spacing 2": (LINE, 2),
    "float16 range 0..60000": (np.array([0, 60000, 0, 60000, 1], np.float16), X[:5] * 8),
    "uint8 decreasing": (np.array([9, 7, 4, 2, 0], np.uint8), 1),
    "int8 wraparound": (np.array([-128, 127, -128, 127, 0], np.int8), 1),
    "int64 near 2^62": (2**62 + np.array([0, 1, 3, 4, 9]), X[:5]),
    "large offset constant 1e16": (np.full(5, 1e16), X[:5]),
}


@pytest.mark.parametrize("row", RIGHT)
def test_hard_inputs(row):
    f, spacing = RIGHT[row]
    for edge_order in (1, 2):
        result = gg.gradient(jnp.asarray(f), jnp.asarray(spacing), edge_order=edge_order)
        assert_close(result, f, spacing, 0, edge_order)
