"""Random expression trees: jets of orders 1 to 3 against arbitrary-precision arithmetic."""

import mpmath
import numpy as np
import pytest

from gridgrad import autodiff

UNARY = ["sin", "cos", "exp", "tanh", "atan", "asinh", "sqrt1", "log1", "square", "recip", "cube"]
BINARY = ["add", "sub", "mul", "div1", "hypot1", "pow1"]


class Numpy:
    """The functions of a tree in NumPy."""

    sin, cos, exp, tanh, atan, asinh = np.sin, np.cos, np.exp, np.tanh, np.arctan, np.arcsinh
    sqrt, log, hypot = np.sqrt, np.log, np.hypot


def tree(random, depth):
    if depth == 0 or random.random() < 0.1:
        return random.choice(["x", "y", 0.7, 2], p=[0.4, 0.4, 0.1, 0.1])
    if random.random() < 0.45:
        return (str(random.choice(UNARY)), tree(random, depth - 1))
    return (str(random.choice(BINARY)), tree(random, depth - 1), tree(random, depth - 1))


def value(node, library, x, y):
    if not isinstance(node, tuple):
        return {"x": x, "y": y}.get(str(node)) if str(node) in "xy" else float(node)
    name, *children = node
    a, *rest = (value(child, library, x, y) for child in children)
    b = rest[0] if rest else None
    rules = {
        "sqrt1": lambda: library.sqrt(2 + a * a), "log1": lambda: library.log(1.5 + a * a), "square": lambda: a**2,
        "recip": lambda: 1 / (2 + a * a), "cube": lambda: (a / 2) ** 3, "add": lambda: a + b, "sub": lambda: a - b,
        "mul": lambda: a * b, "div1": lambda: a / (1.2 + b * b), "hypot1": lambda: library.hypot(a, 1 + b * b),
        "pow1": lambda: (1.1 + library.tanh(a)) ** library.sin(b), "exp": lambda: library.exp(library.sin(a)),
    }  # fmt: skip
    return rules[name]() if name in rules else getattr(library, name)(a)


@pytest.mark.parametrize("seed", range(60))
def test_random_functions(seed):
    random = np.random.default_rng(seed)
    node = tree(random, 4)
    x, y = random.uniform(-1.5, 1.5, (2, 3))
    orders = [(1, 0), (0, 1), (2, 0), (1, 1), (0, 3), (2, 1)][:: 1 if seed < 20 else 2]
    scale = 1.0
    for order in orders:
        found = autodiff.derivative(
            lambda x, y: value(node, Numpy, x, y) + 0 * x, x, y, orders=order, points=True
        )
        with mpmath.workdps(25):
            expected = [
                float(mpmath.diff(lambda a, b: value(node, mpmath, a, b), (mpmath.mpf(p), mpmath.mpf(q)), order))
                if isinstance(node, tuple) or str(node) in "xy" else 0.0
                for p, q in zip(x, y, strict=True)
            ]  # fmt: skip
        scale = max(scale, np.abs(expected).max())
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13 * scale, err_msg=f"{node} {order}")


@pytest.mark.parametrize("seed", range(20))
def test_random_functions_on_open_meshes_and_in_float32(seed):
    random = np.random.default_rng(seed + 1000)
    node = tree(random, 4)
    x, y = np.sort(random.uniform(-1.5, 1.5, (2, 40)))
    g = lambda x, y: value(node, Numpy, x, y) + 0 * x  # noqa: E731
    X, Y = np.meshgrid(x, y, indexing="ij")
    opened, full = autodiff.hessian(g, x, y), autodiff.hessian(g, X, Y)
    plain = g(*(a[:1].astype(np.float32) for a in (x, y)))
    narrow = autodiff.hessian(g, x.astype(np.float32), y.astype(np.float32))
    for i in range(2):
        for j in range(2):
            scale = 1 + np.abs(full[i][j]).max()
            np.testing.assert_allclose(opened[i][j], full[i][j], rtol=1e-12, atol=1e-13 * scale)
            assert narrow[i][j].dtype == plain.dtype  # NumPy's own, as np.tanh(2.0) is a float64
            np.testing.assert_allclose(narrow[i][j], full[i][j], rtol=1e-3, atol=2e-4 * scale)
