"""JAX through every operator: both modes, vmap, jit and hessians, by fields and by coefficients."""

import numpy as np
import pytest
from operator_calls import LINEAR, NAMES, call_of

import gridgrad as gg

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

WITH_COEFFICIENTS = [name for name in NAMES if call_of(name, np.random.default_rng(0)).coefficients]
orders = pytest.mark.parametrize("edge_order", [1, 2])
every = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


def given(name, rng, edge_order=2, dtype=np.float64, shape=(4, 5)):
    function, *arrays = call_of(name, rng, dtype, edge_order, shape)
    return function, *(tuple(map(jnp.asarray, part)) for part in arrays)


def noise_like(arrays, rng):
    return tuple(jnp.asarray(rng.standard_normal(a.shape)) for a in arrays)


def close(found, wanted, tolerance=1e-12):
    found, wanted = jax.tree.leaves(found), jax.tree.leaves(wanted)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def energy(function):
    return lambda *arrays: sum(jnp.sum(jnp.abs(value) ** 2) for value in function(*arrays))


@every
def test_eager_and_jit_are_numpys(name, rng):
    function, fields, coefficients = given(name, rng, edge_order=1)
    wanted = function(*map(np.asarray, (*fields, *coefficients)))
    close(function(*fields, *coefficients), wanted, 1e-13)
    close(jax.jit(function)(*fields, *coefficients), wanted)


@orders
@pytest.mark.parametrize("name", LINEAR)
def test_grad_is_the_adjoint_and_jvp_the_operator(name, edge_order, rng):
    function, fields, coefficients = given(name, rng, edge_order)
    of_fields = lambda *f: function(*f, *coefficients)  # noqa: E731  differentiated by fields only
    tangents = noise_like(fields, rng)
    value, slope = jax.jvp(of_fields, fields, tangents)
    close(value, of_fields(*fields))
    close(slope, of_fields(*tangents))
    value, pull = jax.vjp(of_fields, *fields)
    g = noise_like(value, rng)
    there = sum(jnp.sum(a * b) for a, b in zip(g, slope, strict=True))
    back = sum(jnp.sum(a * b) for a, b in zip(pull(g), tangents, strict=True))
    np.testing.assert_allclose(there, back, rtol=1e-12)
    close(jax.grad(energy(of_fields))(*fields), pull(tuple(2 * v for v in value))[0])


@every
def test_vmap_is_the_loop(name, rng):
    function, fields, coefficients = given(name, rng)
    first = fields + coefficients
    second = tuple(2 + a[::-1] for a in first)
    axes = tuple(k % 2 for k in range(len(first)))
    stacked = [jnp.stack(pair, axis=axis) for *pair, axis in zip(first, second, axes, strict=True)]
    mapped = jax.vmap(function, in_axes=axes)(*stacked)
    for k, arrays in enumerate((first, second)):
        close([row[k] for row in mapped], function(*arrays))
    if coefficients:
        mapped = jax.vmap(lambda *f: function(*f, *coefficients))(*[jnp.stack([f, -f]) for f in fields])
        close([row[1] for row in mapped], [-value for value in function(*first)])


@pytest.mark.parametrize(("name", "edge_order"), [(name, 1 + k % 2) for k, name in enumerate(LINEAR)])
def test_hessian_of_the_energy_is_twice_the_normal_matrix(name, edge_order, rng):
    function, fields, coefficients = given(name, rng, edge_order)
    shapes = [f.shape for f in fields]
    count = sum(f.size for f in fields)

    def flat(x):
        pieces = jnp.split(x, len(shapes))
        own = [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]
        return jnp.ravel(jnp.stack(function(*own, *coefficients)))

    x = jnp.asarray(rng.standard_normal(count))
    matrix = jax.jacfwd(flat)(x)
    found = jax.jit(jax.hessian(lambda x: jnp.sum(flat(x) ** 2)))(x)
    scale = float(jnp.max(jnp.abs(matrix))) ** 2
    np.testing.assert_allclose(found, 2 * matrix.T @ matrix, rtol=1e-11, atol=1e-12 * scale)


@orders
@pytest.mark.parametrize("name", WITH_COEFFICIENTS)
def test_coefficients_are_differentiated(name, edge_order, rng):
    """Against central differences: the energy is a polynomial of degree 2 in the coefficients."""
    function, fields, coefficients = given(name, rng, edge_order)
    of_coefficients = jax.jit(lambda *c: energy(function)(*fields, *c))
    slopes = jax.grad(of_coefficients, argnums=tuple(range(len(coefficients))))(*coefficients)
    direction = noise_like(coefficients, rng)
    there = sum(jnp.sum(s * d) for s, d in zip(slopes, direction, strict=True))
    moved = [
        of_coefficients(*(c + sign * d for c, d in zip(coefficients, direction, strict=True)))
        for sign in (1, -1)
    ]
    np.testing.assert_allclose(there, (moved[0] - moved[1]) / 2, rtol=1e-10)
    np.testing.assert_allclose(there, jax.jvp(of_coefficients, coefficients, direction)[1], rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_complex_fields(name, rng):
    function, fields, coefficients = given(name, rng, dtype=np.complex128)
    wanted = function(*map(np.asarray, (*fields, *coefficients)))
    close(jax.jit(function)(*fields, *coefficients), wanted)
    if name in LINEAR:
        _, pull = jax.vjp(lambda *f: function(*f, *coefficients), *fields)
        g = tuple(
            jnp.asarray(v)[::-1] for v in wanted
        )  # JAX pulls back by the transpose, without a conjugate
        there = sum(jnp.sum(a * b) for a, b in zip(g, wanted, strict=True))
        back = sum(jnp.sum(a * b) for a, b in zip(pull(g), fields, strict=True))
        np.testing.assert_allclose(there, back, rtol=1e-12)


@orders
def test_gradient_norm_by_second_order(edge_order, rng):
    function, (f,), _ = given("gradient norm", rng, edge_order)
    direction = jnp.asarray(rng.standard_normal(f.shape))
    slope = jax.grad(lambda f: jnp.sum(function(f)[0]))
    step = 1e-5
    differences = (slope(f + step * direction) - slope(f - step * direction)) / (2 * step)
    np.testing.assert_allclose(jax.jvp(slope, (f,), (direction,))[1], differences, rtol=1e-5, atol=1e-5)


def test_free_functions_under_jit(rng):
    x = np.linspace(0, 1, 5) ** 2
    arrays = [rng.standard_normal((4, 5)).astype(np.float32) for _ in range(2)]

    @jax.jit
    def loss(f, k):
        total = gg.laplacian(f, 0.5, x) + gg.diffuse(k, f, 0.5, x) + gg.advect([k, 2.0], f, 0.5, x)
        return (
            jnp.sum(total**2)
            + jnp.sum(gg.hessian(f, 0.5, x)[0][1] ** 2)
            + jnp.sum(gg.gradient_norm(f, 0.5, x))
        )

    f, k = (jnp.asarray(a, np.float64) for a in arrays)
    slopes = jax.grad(loss, argnums=(0, 1))(f, k)
    direction = noise_like((f, k), rng)
    moved = [loss(f + s * direction[0], k + s * direction[1]) for s in (1e-6, -1e-6)]
    there = sum(jnp.sum(a * b) for a, b in zip(slopes, direction, strict=True))
    np.testing.assert_allclose(there, (moved[0] - moved[1]) / 2e-6, rtol=1e-6)
    with jax.enable_x64(False):
        narrow = jax.grad(loss, argnums=(0, 1))(*map(jnp.asarray, arrays))
        for a, b in zip(narrow, slopes, strict=True):
            assert a.dtype == np.float32
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * np.abs(b).max())
