"""Hessian, laplacian, divergence, curl, products with vectors, dense and symbolic forms."""

import importlib
import operator

import numpy as np
import pytest
import sympy
from optional import optional

from gridgrad import autodiff

X, Y, Z = np.linspace(0.2, 1, 4), np.linspace(-1, 1, 5), np.linspace(1, 2, 3)
x, y, z = np.meshgrid(X, Y, Z, indexing="ij")


def f(x, y, z):
    return np.sin(x * y) * z**2 + x**3


def test_hessian_is_symmetric_and_exact():
    rows = autodiff.hessian(f, X, Y, Z)
    s, c = np.sin(x * y), np.cos(x * y)
    expected = {
        (0, 0): -(y**2) * s * z**2 + 6 * x, (1, 1): -(x**2) * s * z**2, (2, 2): 2 * s,
        (0, 1): (c - x * y * s) * z**2, (0, 2): 2 * y * c * z, (1, 2): 2 * x * c * z,
    }  # fmt: skip
    for (i, j), a in expected.items():
        np.testing.assert_allclose(rows[i][j], a, rtol=1e-13, atol=1e-14)
        assert rows[i][j] is rows[j][i]
    assert autodiff.hessian(lambda x: x**3, 2.0) == 12.0


def test_laplacian_divergence_curl():
    s, c = np.sin(x * y), np.cos(x * y)
    np.testing.assert_allclose(
        autodiff.laplacian(f, X, Y, Z), -(x**2 + y**2) * s * z**2 + 6 * x + 2 * s, rtol=1e-13
    )
    F = lambda x, y, z: (x * y * z, np.sin(x * y), z**2 * x)  # noqa: E731
    np.testing.assert_allclose(autodiff.divergence(F, X, Y, Z), y * z + x * c + 2 * z * x, rtol=1e-14)
    for a, b in zip(autodiff.curl(F, X, Y, Z), (0 * x, x * y - z**2, y * c - x * z), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-14)
    np.testing.assert_array_equal(autodiff.curl(lambda x, y: np.stack([-y, x]), X, Y), np.full((4, 5), 2.0))
    np.testing.assert_array_equal(autodiff.curl(lambda x, y: (x, y), X, Y), np.zeros((4, 5)))
    np.testing.assert_array_equal(autodiff.divergence(lambda x: x**2, X), 2 * X)
    np.testing.assert_array_equal(autodiff.laplacian(lambda x, y: x + y, X, Y), np.zeros((4, 5)))
    big = np.linspace(0, 1, 300)
    np.testing.assert_allclose(
        autodiff.laplacian(lambda x, y: x**2 * y, big, big), np.broadcast_to(2 * big, (300, 300))
    )


def test_any_mixed_derivative():
    np.testing.assert_allclose(
        autodiff.derivative(lambda x, y, z: x**3 * np.exp(y) / z, X, Y, Z, orders=(2, 3, 1)),
        -6 * x * np.exp(y) / z**2,
        rtol=1e-13,
    )
    rows = autodiff.derivative(lambda x: (x**4, x), 2.0, orders=2)
    assert rows == (48.0, 0.0)
    assert autodiff.derivative(lambda x: x**4, 2.0, orders=0) == 16.0
    for orders, error in (
        ((1,), ValueError),
        ((1, -1), ValueError),
        ((1.5, 0), TypeError),
        (None, TypeError),
    ):
        with pytest.raises(error, match="orders"):
            autodiff.derivative(lambda x, y: x, 1.0, 2.0, orders=orders)


def test_high_orders_are_accurate():
    np.testing.assert_allclose(autodiff.derivative(np.exp, X, orders=8), np.exp(X), rtol=1e-13)
    np.testing.assert_allclose(autodiff.derivative(np.sin, X, orders=7), -np.cos(X), rtol=1e-13)
    np.testing.assert_allclose(autodiff.derivative(lambda x: 1 / x, X, orders=6), 720 / X**7, rtol=1e-13)


def test_partial_is_a_function():
    g = autodiff.partial(lambda x, p: x**p, 0)
    np.testing.assert_allclose(g(np.array([2.0, 3.0]), np.array([2, 3])), [4, 27])
    np.testing.assert_allclose(autodiff.partial(np.sin, order=2)(X), -np.sin(X), rtol=1e-15)
    np.testing.assert_allclose(autodiff.partial(lambda x, y: x * y, -1)(X[:, None], Y), x[:, :, 0])
    with pytest.raises(ValueError, match="names no argument"):
        autodiff.partial(np.sin, 1)(X)
    with pytest.raises(TypeError, match="not nested"):
        autodiff.gradient(autodiff.partial(np.sin), X)
    for wrong in ({"argnum": 0.5}, {"order": None}):
        with pytest.raises(TypeError, match="must be integers"):
            autodiff.partial(np.sin, **wrong)
    with pytest.raises(ValueError, match="at least 0"):
        autodiff.partial(np.sin, order=-1)


@pytest.mark.parametrize("engine", ["jet", optional("torch"), optional("jax")])
def test_products_with_vectors(engine, rng):
    g = lambda x, y: x**3 * y + y * y  # noqa: E731
    u, w = rng.normal(size=4), rng.normal(size=(4, 5))
    a, b = X[:, None], Y[None]
    v = (u, w)
    value, tangent = autodiff.jvp(g, (X, Y), v, engine=engine)
    np.testing.assert_allclose(value, g(a, b), rtol=1e-14)
    along = 3 * a**2 * b * u[:, None] + (a**3 + 2 * b) * w
    np.testing.assert_allclose(tangent, along, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(
        autodiff.directional(g, (X, Y), v, engine=engine), along, rtol=1e-13, atol=1e-14
    )
    of_x, of_y = autodiff.hvp(g, (X, Y), (2.0, w), engine=engine)
    np.testing.assert_allclose(of_x, 12 * a * b + 3 * a**2 * w, rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(of_y, 6 * a**2 + 2 * w, rtol=1e-13, atol=1e-14)
    value, (of_x, of_y) = autodiff.vjp(g, (X, Y), w, engine=engine)
    np.testing.assert_allclose(of_x, (w * 3 * a**2 * b).sum(1), rtol=1e-13, atol=1e-14)
    np.testing.assert_allclose(of_y, (w * (a**3 + 2 * b)).sum(0), rtol=1e-13, atol=1e-14)


def test_products_of_several_outputs_and_bad_vectors():
    F = lambda x, y: (x * y, x + y)  # noqa: E731
    values, tangents = autodiff.jvp(F, (2.0, 3.0), (1, 0))
    assert (values, tangents) == ((6.0, 5.0), (3.0, 1.0))
    assert autodiff.directional(F, (2.0, 3.0), (0, 1.0)) == (2.0, 1.0)
    assert autodiff.vjp(F, (2.0, 3.0), (1.0, 10.0))[1] == (13.0, 12.0)
    assert autodiff.vjp(np.sin, 0.0, 2.0)[1] == 2.0
    for call, match in (
        (lambda: autodiff.jvp(F, (2.0, 3.0), (1,)), "tangents has 1 entry for 2 coordinates"),
        (lambda: autodiff.jvp(F, (X, Y), (np.zeros(3), 1)), r"direction of coordinate 0 has shape \(3,\)"),
        (lambda: autodiff.vjp(np.sin, X, np.zeros((2, 4))), "cotangent broadcasts"),
        (lambda: autodiff.vjp(F, (2.0, 3.0), 1.0), "cotangents has 1 entry for 2 outputs"),
        (lambda: autodiff.hvp(F, (2.0, 3.0), (1, 1)), "returned 2 outputs"),
        (lambda: autodiff.curl(F, X), "2 or 3 coordinates"),
        (lambda: autodiff.divergence(lambda x: (x, x), X), "needs one for each"),
    ):
        with pytest.raises(ValueError, match=match):
            call()
    for call in (lambda: autodiff.vjp(np.sin, X, 1.0, out=X), lambda: autodiff.jacobian(np.sin, X, out=X)):
        with pytest.raises(TypeError, match="takes no out="):
            call()


@pytest.mark.parametrize("engine", ["jet", optional("torch")])
def test_out_is_for_one_output(engine):
    one, two = lambda x, y: x * y, lambda x, y: (x * y, x)
    for call, count in (
        (lambda g, out: autodiff.derivative(g, X, Y, orders=(1, 0), engine=engine, out=out), 1),
        (lambda g, out: autodiff.directional(g, (X, Y), (1.0, 0.0), engine=engine, out=out), 1),
        (lambda g, out: autodiff.jvp(g, (X, Y), (1.0, 0.0), engine=engine, out=out)[1], 2),
    ):
        for out in (np.zeros((count, 4, 5)), [np.zeros((4, 5)) for _ in range(count)]):
            found = call(one, out)
            assert np.shares_memory(found, out[-1])
            np.testing.assert_array_equal(found, np.broadcast_to(Y, (4, 5)))
        for out in (np.full((4, 5), 7.0), np.full((2, 4, 5), 7.0), ((np.zeros((4, 5)),) * 2,) * 2):
            with pytest.raises(TypeError, match="returned 2 outputs, but out= takes the results of one"):
                call(two, out)
            assert np.all(out == np.full(np.shape(out), 7.0)) or not np.any(out)
    untouched = np.zeros((2, 4, 5))
    with pytest.raises(ValueError, match="returned 2 outputs"):
        autodiff.hvp(lambda x, y: (x**2, y**2), (X, Y), (1.0, 1.0), engine=engine, out=untouched)
    assert not untouched.any()


@pytest.mark.parametrize("engine", ["jet", "sympy", optional("torch"), optional("jax")])
@pytest.mark.parametrize("empty", [(), []])
def test_a_function_without_outputs_is_refused(engine, empty):
    calls = [lambda g: autodiff.jacobian(g, X, Y, engine=engine)]
    calls += [lambda g: autodiff.derivative(g, X, Y, orders=(1, 0), engine=engine)]
    calls += [lambda g: autodiff.gradient(g, X, Y, engine=engine)]
    calls += [lambda g: autodiff.vjp(g, (X, Y), (), engine=engine)]
    if engine != "sympy":
        calls += [lambda g: autodiff.jvp(g, (X, Y), (1.0, 1.0), engine=engine)]
    for call in calls:
        with pytest.raises(TypeError, match="empty sequence; it must return an array"):
            call(lambda x, y: empty)


STACKED = {
    "number": lambda s, x: 2 * s, "sum": lambda s, x: s + s, "jet": lambda s, x: x * s, "right": lambda s, x: s / x,
    "minus": lambda s, x: -s, "ufunc": lambda s, x: np.sin(s), "method": lambda s, x: s.sum(axis=0),
    "function": lambda s, x: np.sum(s, axis=0), "comparison": lambda s, x: s > 0, "equal": lambda s, x: s == s,
    "array": lambda s, x: np.ones((2, 1, 1)) * s, "where": lambda s, x: np.where(x > 0, s, 0), "list": lambda s, x: operator.add([x], s),
    "shape": lambda s, x: s.shape, "part": lambda s, x: 2 * s[::-1], "inner": lambda s, x: (s, x), "matmul": lambda s, x: s @ s,
    "asarray": lambda s, x: np.asarray(s), "maximum": lambda s, x: np.maximum(x, s), "less": lambda s, x: x < s,
}  # fmt: skip


@pytest.mark.parametrize("name", STACKED)
@pytest.mark.parametrize("n", [3, 300])
def test_a_stack_is_no_operand(name, n):
    a = np.linspace(0, 1, n)
    with pytest.raises(
        TypeError, match=r"only be returned or taken apart.*return a tuple: \(2 \* x, 2 \* y\)"
    ):
        autodiff.jacobian(lambda x, y: STACKED[name](np.stack([x, y]), x), a, a)


def test_a_stack_is_returned_or_taken_apart():
    rows = autodiff.jacobian(lambda x, y: np.stack([x * y, x])[::-1], X, Y)
    np.testing.assert_array_equal(rows[1][0], np.broadcast_to(Y, (4, 5)))
    assert len(rows) == 2

    def g(x, y):
        a, b = s = np.stack([x, y])
        return a * b + s[0] * len(s)

    np.testing.assert_array_equal(autodiff.gradient(g, X, Y)[0], np.broadcast_to(Y + 2, (4, 5)))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        autodiff.gradient(lambda x: np.stack([x]).nonsense, X)


MIXING = {
    "mean": lambda v: v - v.mean(), "roll": lambda v: np.roll(v, 1) * v, "cumsum": lambda v: np.cumsum(v**2),
    "matrix": lambda v: np.arange(9.0).reshape(3, 3) @ np.sin(v), "dot": lambda v: np.dot(v, v) * v,
    "softmax": lambda v: np.exp(v) / np.exp(v).sum(), "index": lambda v: v[::-1] * v[0], "outer": lambda v: np.outer(v, v),
    "stack": lambda v: np.stack([v, v * 2], axis=1), "concatenate": lambda v: np.concatenate([v, np.ones(2)]),
    "einsum": lambda v: np.einsum("i,j,j->i", v, np.ones(3), np.ones(3)), "loop": lambda v: sum(a * a for a in v),
    "T": lambda v: v.reshape(3, 1).T, "constant": lambda v: np.ones(2),
}  # fmt: skip


@pytest.mark.parametrize("name", MIXING)
def test_dense_against_differences(name):
    g, v, h = MIXING[name], np.array([0.3, -0.5, 0.8]), 1e-6
    found = autodiff.dense(g, v)
    columns = [(g(v + h * e) - g(v - h * e)) / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(found, np.stack(columns, axis=-1), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("library", [optional("torch"), optional("jax.numpy")])
def test_dense_second_order_by_other_engines(library):
    v, exp = np.array([0.3, -0.5, 0.8]), importlib.import_module(library).exp
    engine = library.partition(".")[0]
    exact = autodiff.dense(lambda v: np.exp(v).sum() * v, v, order=(0, 0))
    found = autodiff.dense(lambda v: exp(v * 1).sum() * v, v, order=(0, 0), engine=engine)
    np.testing.assert_allclose(found, exact, rtol=1e-13)


def test_dense_refuses_what_it_cannot_do():
    v = np.array([0.3, -0.5, 0.8])
    for call, match in (
        (lambda: autodiff.dense(lambda v: v, v, order=(1,)), "order is"),
        (lambda: autodiff.dense(lambda v: (v, v), v), "returns one array"),
        (lambda: autodiff.dense(lambda v: v, v, limit=8), "9 numbers"),
        (lambda: autodiff.dense(lambda v: v), "needs arguments"),
        (lambda: autodiff.dense(np.sort, v), "not elementwise"),
    ):
        with pytest.raises((TypeError, ValueError), match=match):
            call()


A, B = sympy.symbols("a b")
PIECEWISE = sympy.Piecewise((A**2 * B, A > 0.5), (sympy.sin(A) * B, True))


@pytest.mark.parametrize("engine", ["auto", "sympy", optional("torch"), optional("jax")])
def test_symbolic_functions_are_differentiated_by_every_engine(engine):
    mesh = np.meshgrid(X, Y, indexing="ij")
    expected = np.where(mesh[0] > 0.5, 2 * mesh[0] * mesh[1], np.cos(mesh[0]) * mesh[1])
    for function in (
        PIECEWISE,
        sympy.Lambda((A, B), PIECEWISE),
        autodiff.symbolic(PIECEWISE, names=("a", "b")),
    ):
        found = autodiff.gradient(function, X, Y, engine=engine)[0]
        np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_symbolic_functions_as_input():
    np.testing.assert_allclose(autodiff.gradient(sympy.sin, X), np.cos(X), rtol=1e-15)
    np.testing.assert_allclose(autodiff.symbolic(PIECEWISE)(X, 1.0), np.where(X > 0.5, X**2, np.sin(X)))
    np.testing.assert_array_equal(autodiff.gradient(3 * A, X, engine="sympy"), np.full(4, 3.0))
    rows = autodiff.jacobian(lambda p, q: (p * q, p), X, Y, engine="sympy")
    np.testing.assert_array_equal(rows[1][0], np.ones((4, 5)))
    assert str(autodiff.symbolic(lambda p: p**2).derivative(1)) == "Symbolic(p: 2*p)"
    for call, error, match in (
        (lambda: autodiff.gradient(PIECEWISE, X), ValueError, "say which is which"),
        (lambda: autodiff.gradient(np.sin, X, engine="sympy"), TypeError, "sympy.sin for numpy.sin"),
        (lambda: autodiff.jvp(A**2, (X,), (1,), engine="sympy"), TypeError, "partial derivatives only"),
        (lambda: autodiff.symbolic(3.0), TypeError, "no function of sympy"),
        (lambda: autodiff.symbolic(A).derivative(1, 1), ValueError, "one order for each"),
    ):
        with pytest.raises(error, match=match):
            call()
