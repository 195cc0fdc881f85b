"""Every form of call under every transformation of JAX: one function with all of them, against NumPy's results."""

import numpy as np
import pytest
from operator_calls import parts

import gridgrad as gg

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

N, M = SHAPE = (5, 6)
X, Y = np.linspace(0, 1, N) ** 2 + np.arange(N), np.arange(M) / 2
P, Q = np.meshgrid(X, Y, indexing="ij")
ONES, PROFILE = np.ones(SHAPE), np.linspace(1, 2, M)
WALLS = gg.Grid(X, (M, 0.3), boundary=[(gg.value(1.0, name="inflow"), gg.slope(0.5)), "periodic"])
HELD = gg.Grid(X, Y, boundary=[(gg.value(1.0, wall="point", name="inflow"), "one-sided"), "reflect"])
ALONG = gg.Grid(X, Y, boundary=[(gg.value(PROFILE), gg.robin(1.0, 2.0, PROFILE)), "symmetric"])
RINGS = gg.Grid((N, 0.3), (M, 0.2), boundary=["periodic", "reflect"])
INSIDE = (P - X[2]) ** 2 + (Q - Y[3]) ** 2 > 0.01
GAPS = gg.Grid(X, Y).with_mask(INSIDE)
COAST = gg.Grid(X, Y).with_mask(INSIDE, boundary=gg.value(1.0, name="coast"))
CURVED, LINES = gg.Grid(P + 0.1 * Q, Q - 0.1 * P), gg.Grid(P + 0.1 * Q, Y)
SPHERE = gg.Grid(np.linspace(-70, 70, N), np.arange(M) * 60.0, geometry="sphere")
POLAR = gg.Grid(X + 1, np.arange(M) * np.pi / 3, geometry="polar")
FACES, GAP_FACES = WALLS.faces(), GAPS.faces()
DIFFUSE, ADVECT, TIMES = WALLS.diffuse(ONES), WALLS.advect((ONES, ONES)), WALLS.multiply(ONES, name="b")
PRODUCT = HELD.divergence @ HELD.gradient
IMPLICIT = RINGS.identity - 0.1 * RINGS.laplacian
# f and u are fields, k is positive, w lies along a wall; what is NumPy's beside them stays that
FORMS = {
    "steps": lambda f, u, k, w: gg.gradient(f, 0.1, 0.2, edge_order=2),
    "coordinates": lambda f, u, k, w: gg.gradient(f, X, Y),
    "one axis": lambda f, u, k, w: gg.gradient(f, spacing=[X], axis=0, accuracy=4),
    "periods": lambda f, u, k, w: gg.gradient(f, X, Y, periodic=True, period=[6.0, 3.0]),
    "positions": lambda f, u, k, w: gg.gradient(f, P + 0.1 * Q, Q - 0.1 * P),
    "order": lambda f, u, k, w: gg.derivative(f, X, axis=0, order=3),
    "side": lambda f, u, k, w: gg.derivative(f, X, axis=0, side="left", accuracy=2),
    "mixed": lambda f, u, k, w: gg.mixed_derivative(f, X, Y, orders=(2, 1)),
    "vectors": lambda f, u, k, w: (gg.divergence((f, u), X, Y), gg.curl([f, u], 0.1), gg.jacobian((f, u), X, Y)),
    "vector laplacian": lambda f, u, k, w: gg.vector_laplacian((f, u), X, Y),
    "biharmonic": lambda f, u, k, w: gg.biharmonic(f, 0.5),
    "directional": lambda f, u, k, w: gg.directional_derivative(f, (k, 2.0), X, Y),
    "hessian": lambda f, u, k, w: HELD.hessian(f),
    "forms": lambda f, u, k, w: tuple(gg.laplacian(f, X, Y, form=form) for form in ("wide", "conservative")),
    "norms": lambda f, u, k, w: (gg.gradient_norm(f, X, Y), HELD.gradient_norm(f), GAPS.gradient_squared(f)),
    "free transport": lambda f, u, k, w: (gg.diffuse(k, f, X, Y, mean="harmonic"), gg.advect((u, k), f, X, Y, upwind=1)),
    "numbers": lambda f, u, k, w: (gg.diffuse(0.3, f, X, Y), WALLS.advect((1.0, k))(f)),
    "traced numbers": lambda f, u, k, w: (WALLS.diffuse(w[0])(f), WALLS.advect((w[0], w[1]), upwind=2)(f), WALLS.multiply(w[0])(f)),
    "walls by name": lambda f, u, k, w: (WALLS.gradient(f, inflow=w), HELD.laplacian(f, inflow=w[1]), WALLS.laplacian(f, inflow=3)),
    "walls of arrays": lambda f, u, k, w: (ALONG.laplacian(f), ALONG.gradient(f)),
    "walls of NumPy": lambda f, u, k, w: WALLS.laplacian(f, inflow=PROFILE),
    "walls made inside": lambda f, u, k, w: gg.Grid(X, Y, boundary=[gg.value(w[0]), "reflect"]).laplacian(f),
    "fields by name": lambda f, u, k, w: (TIMES(f, b=k), ADVECT(f, v=[k, u], inflow=w), DIFFUSE.adjoint(f, k=k, weight="quadrature")),
    "fields of NumPy": lambda f, u, k, w: (DIFFUSE(f), ADVECT(f), GAPS.diffuse(P + 1)(f), WALLS.divergence((f, Q))),
    "NumPy's field": lambda f, u, k, w: (WALLS.diffuse(k)(P), WALLS.advect((k, u))(P), WALLS.divergence((P, u))),
    "products": lambda f, u, k, w: (PRODUCT(f, inflow=w), (k * WALLS.laplacian)(f), (w[0] * WALLS.laplacian)(f)),
    "sum": lambda f, u, k, w: (WALLS.identity - w[0] * WALLS.diffuse(k) + WALLS.advect((k, 2.0)))(f),
    "transposes": lambda f, u, k, w: (WALLS.gradient.T((f, u)), GAPS.gradient.T((f, u)), LINES.gradient.T((f, u))),
    "tensor": lambda f, u, k, w: HELD.diffuse(((k, 0.1 * u), (0.1 * u, k)), form="tensor")(f),
    "one k for each axis": lambda f, u, k, w: WALLS.diffuse((k, 2 * k), mean="harmonic")(f),
    "gaps": lambda f, u, k, w: (GAPS.divergence((f, u)), GAPS.diffuse(k)(f), GAPS.advect((u, k), upwind=1)(f)),
    "coasts": lambda f, u, k, w: (COAST.laplacian(f, coast=2.0), COAST.laplacian(f, coast=k)),
    "curved": lambda f, u, k, w: (CURVED.laplacian(f), LINES.gradient(f)),
    "spheres": lambda f, u, k, w: (SPHERE.curl((f, u)), SPHERE.diffuse(k)(f), POLAR.divergence((f, u))),
    "faces": lambda f, u, k, w: (FACES.divergence(FACES.gradient(f)), GAP_FACES.gradient(f), WALLS.faces(0).mean(k)),
    "solves": lambda f, u, k, w: (IMPLICIT.solve(f), IMPLICIT.T.solve(f), (GAPS.identity - 0.1 * GAPS.laplacian).solve(f)),
}  # fmt: skip


def every(f, u, k, w):
    return tuple(part for call in FORMS.values() for part in parts(call(f, u, k, w)))


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(3)
    return (*rng.standard_normal((2, *SHAPE)), rng.uniform(1, 2, SHAPE), rng.standard_normal(M))


@pytest.fixture(scope="module")
def wanted(arrays):
    return every(*arrays)


def close(found, wanted, eps=1e-11):
    assert len(found) == len(wanted)
    for own, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(own, other, rtol=eps, atol=eps * abs(other).max())


def jitted(function, **words):
    """Quickly compiled: what XLA makes quicker is none of these tests."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0}, **words)


@pytest.fixture(autouse=True)
def x64():
    with jax.enable_x64(True):
        yield


def test_jit_traces_once_strictly_and_leaks_nothing(arrays, wanted):
    traces = []

    @jitted
    def function(*arrays):
        traces.append(None)
        return every(*arrays)

    with jax.numpy_rank_promotion("raise"), jax.numpy_dtype_promotion("strict"), jax.checking_leaks():
        close(function(*map(jnp.asarray, arrays)), wanted)
        close(function(*(jnp.asarray(a * 0.5) for a in arrays)), every(*(a * 0.5 for a in arrays)))
    assert len(traces) == 1


SLOPES = [
    "free transport",
    "traced numbers",
    "walls by name",
    "walls made inside",
    "NumPy's field",
    "coasts",
    "faces",
]


@pytest.mark.parametrize("form", SLOPES)
def test_both_modes_are_the_slopes_of_numpys_values(form, arrays, rng):
    """Along a line through the arguments, by central differences of NumPy's values; the operators alone have tests of their own."""

    def function(*arrays):
        return tuple(parts(FORMS[form](*arrays)))

    directions, step = [rng.standard_normal(a.shape) for a in arrays], 1e-6
    given, along = tuple(map(jnp.asarray, arrays)), tuple(map(jnp.asarray, directions))
    moved = [function(*(a + s * d for a, d in zip(arrays, directions, strict=True))) for s in (step, -step)]
    weights = tuple(np.cos(np.arange(v.size)).reshape(v.shape) for v in moved[0])

    @jitted
    def both(given, along):
        _, pull = jax.vjp(function, *given)
        return jax.jvp(function, given, along)[1], pull(tuple(map(jnp.asarray, weights)))

    pushed, pulled = both(given, along)
    for slope, after, before in zip(pushed, *moved, strict=True):
        size = np.abs(slope).max() + np.abs(after).max()
        np.testing.assert_allclose(slope, (after - before) / (2 * step), rtol=0, atol=1e-8 * size)
    there = sum(np.vdot(a, b) for a, b in zip(weights, pushed, strict=True))
    back = sum(np.vdot(a, b) for a, b in zip(directions, pulled, strict=True))
    assert abs(there - back) <= 1e-11 * sum(np.abs(a).sum() for a in pushed)


def test_nested_maps_over_any_axes(arrays, wanted):
    f, u, k, w = arrays
    inner = jax.vmap(every, in_axes=(-1, None, 1, 0))
    outer = jax.vmap(inner, in_axes=(None, 0, None, None))
    found = jitted(outer)(
        jnp.stack([0 * f, f], -1), jnp.stack([u, -u]), jnp.stack([k + 1, k], 1), jnp.stack([2 * w, w])
    )
    close([own[0, 1] for own in found], wanted)
    close([own[1, 0] for own in found], every(0 * f, -u, k + 1, 2 * w))


def test_inside_of_scans_and_branches(arrays, wanted):
    nothing = tuple(jnp.zeros_like(value) for value in wanted)

    @jitted
    def looped(condition, *arrays):
        def step(carried, _):
            return carried, jax.lax.cond(condition, every, lambda *_: nothing, *carried)

        return jax.lax.scan(jax.checkpoint(step), arrays, None, length=2)[1]

    close([own[1] for own in looped(True, *map(jnp.asarray, arrays))], wanted)


def test_without_64_bits_all_is_float32(arrays, wanted):
    with jax.enable_x64(False):
        found = jitted(every)(*(jnp.asarray(a, jnp.float32) for a in arrays))
    assert {str(own.dtype) for own in found} == {"float32"}
    close(found, wanted, 2e-5)


def test_numpys_arrays_beside_jaxs_are_jaxs():
    """Also an integer that JAX has no integer for; what is masked is no plain array, and is refused."""
    large = np.full(SHAPE, 2**40)
    with jax.enable_x64(False):
        f = jnp.ones(SHAPE, jnp.float32)
        found = WALLS.multiply(large)(f)
        assert found.dtype == jnp.float32
        assert np.array_equal(found, np.full(SHAPE, 2.0**40))
        assert ALONG.laplacian(f).dtype == jnp.float32
    k = jnp.asarray(P + 1)
    for found in (WALLS.diffuse(P + 1)(jnp.asarray(Q)), WALLS.diffuse(k)(Q)):
        assert isinstance(found, jax.Array)
        np.testing.assert_allclose(found, WALLS.diffuse(P + 1)(Q), rtol=1e-13, atol=1e-12)
    with pytest.raises(TypeError, match="different libraries"):
        WALLS.diffuse(np.ma.masked_greater(P + 1, 2))(k)


@pytest.mark.parametrize("operator", [HELD.laplacian, ALONG.gradient, GAPS.divergence.T, SPHERE.diffuse(2.0)])
def test_batches_may_be_open(operator, rng):
    """An exporter's symbol for the length of a batch."""
    f = jnp.asarray(rng.standard_normal((3, *SHAPE)))
    shape = jax.export.symbolic_shape(f"b, {N}, {M}")
    found = jax.export.export(jax.jit(operator))(jax.ShapeDtypeStruct(shape, f.dtype)).call(f)
    close(parts(found), parts(operator(np.asarray(f))))


def traced(function, **shape):
    return lambda: jax.eval_shape(function, jax.ShapeDtypeStruct(shape.get("shape", SHAPE), "float64"), 2)


def of_open(function, shape):
    given = jax.ShapeDtypeStruct(jax.export.symbolic_shape(shape), "float64")
    return lambda: jax.export.export(jax.jit(function))(given)


REFUSED = {
    "axis": (traced(lambda f, n: gg.gradient(f, axis=n)), "ints, got .*, which is traced; under jax.jit close over it"),
    "order": (traced(lambda f, n: gg.derivative(f, axis=0, order=n)), "3 or 4, got .*, which is traced"),
    "accuracy": (traced(lambda f, n: gg.gradient(f, accuracy=n)), "three-point rows, got .*, which is traced"),
    "accuracy of a side": (
        traced(lambda f, n: gg.derivative(f, axis=0, side="left", accuracy=n)), "side='left', got .*, which is traced"
    ),
    "upwind": (traced(lambda f, n: gg.advect((1, 1), f, upwind=n)), "centred rows, got .*, which is traced"),
    "periodic": (traced(lambda f, n: gg.gradient(f, periodic=n)), "got .*, which is traced"),
    "place of a wall": (traced(lambda f, n: gg.value(1.0, wall=n)), "position of the wall, got .*, which is traced"),
    "weight of a wall": (traced(lambda f, n: gg.robin(n, 1.0, 1.0)), "a of robin.. must be a real number, got .*, which is traced"),
    "open axis": (of_open(gg.gradient, "n, m"), "the length of axis 0 is open, n, and stencils are made for a number"),
    "open axis of a vector": (of_open(gg.divergence, "2, n, 5"), "the length of axis 0 is open, n"),
    "open batch of a solve": (of_open(IMPLICIT.solve, f"b, {N}, {M}"), r"a solve is called back on the host.*\(b, 5, 6\) is open"),
    "shape": (lambda: gg.gradient(jax.ShapeDtypeStruct((5,), "float32")), "f is a ShapeDtypeStruct, not an array"),
    "reference": (lambda: gg.gradient(jax.new_ref(jnp.ones(5))), r"f is a Ref, not an array; read it, f\[...\]"),
}  # fmt: skip


@pytest.mark.parametrize("row", REFUSED)
def test_what_has_no_numbers_is_refused_in_words(row):
    call, message = REFUSED[row]
    with pytest.raises(
        TypeError if "accuracy" not in row and row not in ("order", "upwind") else ValueError, match=message
    ):
        call()


@pytest.mark.parametrize("has_coordinates", [False, True])
def test_graphs_are_no_larger_than_those_of_jaxs_own_gradient(has_coordinates):
    x = np.linspace(0, 1, 64) ** 2
    spacing = (x, x) if has_coordinates else (0.1,)
    own, other = (
        jax.make_jaxpr(lambda f: function(f, *spacing))(jnp.ones((64, 64)))  # noqa: B023
        for function in (gg.gradient, jnp.gradient)
    )
    assert len(own.eqns) <= len(other.eqns[-1].params["jaxpr"].eqns)  # compiled as one
    assert sum(np.size(c) for c in own.consts) <= 4 * 64
