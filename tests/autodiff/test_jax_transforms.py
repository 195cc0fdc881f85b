"""Every operator under what JAX does to functions, against dense matrices in plain jax.numpy."""

from functools import cache

import numpy as np
import pytest
from operator_calls import NAMES, Call, call_of, dense_gradient, dense_of

import gridgrad as gg

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

SHAPE = (3, 4)


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


def loss(out):
    """A number of results, whose second derivative is not 0."""
    weights = jnp.arange(1.0, out.size + 1).reshape(out.shape) / out.size
    return jnp.sum(weights * (out**2 + out))


def noise(x, seed=1):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(x.shape))


def every(xs):
    return tuple(range(len(xs)))


def three(xs):
    return tuple(jnp.stack([x, 2 - x[::-1], x * 0.5 + 1], axis=1) for x in xs)


WAYS = {
    "jvp": lambda f, xs: jax.jvp(f, xs, tuple(map(noise, xs))),
    "jacrev": lambda f, xs: jax.jacrev(f, every(xs))(*xs),
    "hessian": lambda f, xs: jax.jit(jax.hessian(lambda *x: loss(f(*x)), every(xs)))(*xs),
    "vmap of grad": lambda f, xs: jax.jit(jax.vmap(jax.grad(lambda *x: loss(f(*x)), every(xs)), in_axes=1))(*three(xs)),
}  # fmt: skip


def assert_alike(way, found, wanted, xs):
    assert_close(*(WAYS[way](f, tuple(xs)) for f in (found, wanted)))


def assert_close(found, wanted):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10 * (1 + float(jnp.max(jnp.abs(b)))))


@cache
def example(name):
    """The operator as a function of arrays, the same from dense matrices, and its arguments in two groups."""
    call = call_of(name, np.random.default_rng(7), shape=SHAPE)
    joined = JOINED.get(name)
    dense = dense_of(call) if joined is None else dense_gradient(call)
    count = len(call.fields)

    def explicit(*arrays):
        f = jnp.concatenate([jnp.ravel(a) for a in arrays[:count]])
        c = jnp.concatenate([jnp.zeros(0), *(jnp.ravel(a) for a in arrays[count:])])
        values = ((dense.matrix + jnp.einsum("c,cof->of", c, dense.slopes)) @ f).reshape(-1, *SHAPE)
        return values if joined is None else joined(values)[None]

    return lambda *arrays: jnp.stack(call.function(*arrays)), explicit, call.fields, call.coefficients


def root(values):
    """The norm over axis 0, with the subgradient 0."""
    squares = squared(values)
    return jnp.where(squares == 0, 0.0, jnp.sqrt(jnp.where(squares == 0, 1.0, squares)))


def squared(values):
    """The sum of squares over axis 0."""
    return jnp.sum(values**2, axis=0)


JOINED = {"gradient norm": root, "gradient squared": squared}


@pytest.mark.parametrize("name", NAMES)
def test_second_derivatives_by_all_arguments(name):
    function, explicit, *groups = example(name)
    assert_alike("hessian", function, explicit, [jnp.asarray(a) for group in groups for a in group])


@pytest.mark.parametrize(("name", "way"), [(n, list(WAYS)[k % 4]) for k, n in enumerate(NAMES)])
def test_constants(name, way):
    """A loss with data in it; and coefficients that are differentiated where fields are constants."""
    function, explicit, fields, coefficients = example(name)
    fields, coefficients = ([jnp.asarray(a) for a in group] for group in (fields, coefficients))
    found, wanted = (lambda p, *c, f=f: p[0] * f(*fields, *c) for f in (function, explicit))
    assert_alike(way, found, wanted, [jnp.asarray([1.5, 2.0]), *coefficients])


@pytest.mark.parametrize("way", WAYS)
def test_norm_where_components_are_equal_or_zero(way):
    shape = (3, 3, 3)
    grid = gg.Grid(*((n, 1.0) for n in shape))
    x, y, z = np.meshgrid(*map(np.arange, shape), indexing="ij")
    matrix = dense_of(Call(grid.gradient, [np.zeros(shape)], [])).matrix

    def explicit(f):
        return root((matrix @ jnp.ravel(f)).reshape(-1, *shape))

    found, wanted = (jax.jit(lambda *xs, f=f: WAYS[way](f, xs)) for f in (grid.gradient_norm, explicit))
    for f in (0.0 * x, 1.0 * (x + y + z == 0), y**2.0, x + 1.0 * y, x - y + 1.0 * z):
        assert_close(found(jnp.asarray(f)), wanted(jnp.asarray(f)))


def test_norm_keeps_its_bits_and_its_slope_is_a_unit_vector(rng):
    f = jnp.asarray(np.float32(10.0) ** rng.uniform(-35, 37, 400).astype(np.float32))[
        :, None, None
    ] * jnp.asarray([[0.0, 3], [4, 0]], np.float32)
    norm = lambda f: gg.gradient_norm(f, axis=(1, 2), edge_order=1)  # noqa: E731  one formula
    np.testing.assert_array_equal(norm(f), norm(np.asarray(f)))
    slope = jax.grad(lambda f: jnp.sum(norm(f)[:, 0, 0]))(f)
    np.testing.assert_allclose(slope, np.broadcast_to([[-1.4, 0.6], [0.8, 0]], f.shape), rtol=0, atol=5e-7)


@pytest.mark.parametrize("wide", [True, False])
def test_the_data_decides_the_arithmetic_type(wide, rng):
    """A long double grid, and a NumPy scalar as a diffusivity."""
    f = rng.standard_normal((5, 6)).astype(np.float64 if wide else np.float32)
    x = np.cumsum(rng.uniform(1, 2, 6).astype(np.longdouble) / 3)
    grid = gg.Grid((5, np.longdouble(1) / 3), x, dtype=np.longdouble)
    with jax.enable_x64(wide):
        for operator in (
            grid.laplacian,
            grid.gradient,
            grid.mixed_derivative(0, 1),
            grid.diffuse(np.float32(2)),
        ):
            found = jax.tree.leaves((operator(jnp.asarray(f)), jax.jit(operator)(f)))
            for a, b in zip(found, 2 * jax.tree.leaves(operator(f)), strict=True):
                assert a.dtype == f.dtype
                np.testing.assert_allclose(a, b, rtol=0, atol=20 * np.finfo(f.dtype).eps * np.abs(b).max())
