"""The rows of seed_cases.md that concern functions, with exactly their numbers."""

import shutil
import subprocess

import numpy as np
import pytest

import gridgrad
from gridgrad import autodiff
from gridgrad._grid.asked import Asked
from gridgrad.autodiff._exact import gradient_of


def gradient(function, *coords):
    return gradient_of(function, coords, None, Asked(), None, None)


def test_row_1_jacobian_at_a_point():
    rows = autodiff.jacobian(lambda a, b, c: (a * b * c, b**2, a + c), 1.0, 2.0, 3.0)
    np.testing.assert_array_equal(rows, [[6, 3, 2], [0, 4, 0], [1, 0, 1]])


X8 = np.arange(1, 1.75, 0.1)


def test_row_2_vjp_of_a_sum_of_terms():
    expected = [2.5, 2.67673129, 2.85643546, 3.03852901, 3.22257713, 3.40824829, 3.59528471, 3.78348249]
    np.testing.assert_allclose(gradient(lambda x: x**2 + np.sqrt(x), X8), expected, atol=5e-9)


def test_row_3_the_same_from_samples():
    first = gridgrad.gradient(X8**2 + np.sqrt(X8), 0.1)
    expected = [
        2.58808848,
        2.67722558,
        2.85683288,
        3.03885421,
        3.22284723,
        3.40847554,
        3.59547805,
        3.68929417,
    ]
    np.testing.assert_allclose(first, expected, atol=5e-9)
    second = gridgrad.gradient(X8**2 + np.sqrt(X8), 0.1, edge_order=2)
    np.testing.assert_allclose(second[[0, -1]], [2.49895139, 3.78311029], atol=5e-9)
    exact = gradient(lambda x: x**2 + np.sqrt(x), X8)
    assert abs(first - exact).max() == pytest.approx(9.42e-2, rel=1e-3)
    assert abs(second - exact).max() == pytest.approx(1.05e-3, rel=1e-2)


def f4(t, k):
    return t * k + 2 * t * k**2


def test_row_4_a_grid_of_two_variables():
    t, k = np.array([1, 2, 4]), np.array([2, 3])
    value, (dfdt, dfdk) = autodiff.value_and_gradient(f4, t, k)
    np.testing.assert_array_equal(value, [[10, 21], [20, 42], [40, 84]])
    np.testing.assert_array_equal(dfdt, [[10, 21]] * 3)
    np.testing.assert_array_equal(dfdk, [[9, 13], [18, 26], [36, 52]])


def test_row_4b_sums_over_the_grid_are_a_vjp_and_no_gradient():
    t, k = np.array([1.0, 2.0]), np.array([2.0, 3.0])
    np.testing.assert_array_equal(gradient(f4, t, k)[1], [[9, 13], [18, 26]])
    np.testing.assert_array_equal(autodiff.vjp(f4, (t, k), 1.0)[1][1], [27, 39])


def test_row_4c_zero_and_negative_data():
    dfdk = gradient(f4, np.array([0, 1, -2]), np.array([2, 3]))[1]
    np.testing.assert_array_equal(dfdk, [[0, 0], [9, 13], [-18, -26]])


def test_row_4d_no_dense_jacobian_is_formed():
    with pytest.raises(ValueError, match=r"1,000,000,000,000 numbers, more than limit"):
        autodiff.dense(lambda x: np.sin(x), np.zeros((1000, 1000)))


def test_rows_5_and_13_points():
    assert gradient(lambda x: x**2, 1.0) == 2.0
    assert gradient(lambda x: 2 * x**2 + 5, 5.0) == 20.0


def test_row_6_several_outputs_share_their_work():
    calls = []

    class Counted(np.ndarray):
        pass

    def main(p1, p2):
        calls.append(type(p1).__name__)
        z = np.sin(p1) ** 2
        return z, z * p2

    p1, p2 = np.linspace(0, 1, 5), np.linspace(1, 2, 2)
    rows = autodiff.jacobian(main, p1, p2)
    assert calls == ["Jet", "ndarray"]  # one pass, and one plain call to compare values with
    assert [a.shape for row in rows for a in row] == [(5, 2)] * 4
    np.testing.assert_array_equal(rows[0][1], np.zeros((5, 2)))
    slope = np.broadcast_to(np.sin(2 * p1)[:, None], (5, 2))
    np.testing.assert_allclose(rows[0][0], slope, rtol=1e-15)
    np.testing.assert_allclose(rows[1][0], slope * p2, rtol=1e-15)


def test_row_7_matrix_functions_are_dense():
    X, Y = np.array([[1.0, 2.0], [2.0, 5.0]]), np.array([[1.0, 0.5], [0.5, 2.0]])
    full = autodiff.dense(lambda X, Y: X @ X @ Y, X, Y, order=(0, 1))
    assert full.shape == (2,) * 6
    eye = np.eye(2)  # d Z_ij / dX_ab dY_cd = (delta_ia X_bc + X_ia delta_bc) delta_jd
    expected = np.einsum("ia,bc,jd->ijabcd", eye, X, eye) + np.einsum("ia,bc,jd->ijabcd", X, eye, eye)
    np.testing.assert_allclose(full, expected, rtol=1e-15)
    np.testing.assert_array_equal(autodiff.dense(lambda X: np.sum(X @ X), X), [[6, 10], [10, 14]])


def test_row_8_hessian_blocks_of_a_frobenius_loss():
    X, Y = np.array([[2.0, 1.0], [1.0, 3.0]]), np.array([[1.0, 0.5], [0.5, 2.0]])
    block = autodiff.dense(lambda X, Y: np.sum((X @ Y) ** 2), X, Y, order=(0, 1))
    assert block.shape == (2, 2, 2, 2)
    residual, eye = X @ Y, np.eye(2)  # d2 |XY|^2 / dX_ab dY_cd = 2 X_ac Y_bd + 2 (XY)_ad delta_bc
    expected = 2 * np.einsum("ac,bd->abcd", X, Y) + 2 * np.einsum("ad,bc->abcd", residual, eye)
    np.testing.assert_allclose(block, expected, rtol=1e-15)
    A = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(autodiff.dense(lambda A: np.sum(A * A), A), 2 * A)
    hessian = autodiff.dense(lambda A: np.sum(A * A), A, order=(0, 0))
    np.testing.assert_array_equal(hessian.reshape(9, 9), 2 * np.eye(9))


def test_expressions_of_a_class_derived_from_those_of_sympy():
    sympy = pytest.importorskip("sympy")

    class Square(sympy.Function):
        def fdiff(self, argindex=1):
            return 2 * self.args[0]

        def _numpycode(self, printer):
            return f"({printer._print(self.args[0])})**2"

    found = autodiff.gradient(Square(sympy.Symbol("x")), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(found, [2.0, 4.0, 6.0])


@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
def test_classes_of_sympy_without_code_for_a_library(library):
    sympy = pytest.importorskip("sympy")
    one = {"numpy": lambda: np.ones(3), "torch": lambda: pytest.importorskip("torch").ones(3), "jax": lambda: pytest.importorskip("jax").numpy.ones(3)}[library]()  # fmt: skip

    class Unknown(sympy.Function):
        def fdiff(self, argindex=1):
            return Unknown(self.args[0])

    with pytest.raises(TypeError, match=f"Unknown.*; give its class a method _{library}code"):
        autodiff.gradient(Unknown(sympy.Symbol("x")), one)


@pytest.mark.parametrize("engine", ["auto", "sympy"])
def test_row_10_one_over_x(engine):
    x = np.array([[[1, 2, 3], [1, 2, 3]]] * 2)
    found = autodiff.gradient(lambda x: 1 / x, x, engine=engine)
    np.testing.assert_allclose(found, np.broadcast_to([-1, -0.25, -1 / 9], (2, 2, 3)), rtol=1e-15)


def test_row_11_source_of_derivatives(tmp_path):
    sympy = pytest.importorskip("sympy")
    x, y = sympy.symbols("x y")
    form = autodiff.symbolic(sympy.sin(x) * sympy.exp(-(y**2)) + x * y**2)
    assert form.source("cuda").startswith(
        "__device__ __forceinline__ void derivatives(double x, double y, double *out)"
    )
    for language, dtype, match in (("fortran", "double", "language"), ("c", "half", "dtype")):
        with pytest.raises(ValueError, match=match):
            form.source(language, dtype=dtype)
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler, "the kernels need a compiler anyway"
    main = '\n#include <stdio.h>\nint main(void) { double out[3]; derivatives(0.3, 1.2, out); printf("%.17g %.17g %.17g", out[0], out[1], out[2]); return 0; }\n'
    (tmp_path / "a.c").write_text(form.source("c") + main)
    subprocess.run([compiler, "-o", tmp_path / "a", tmp_path / "a.c", "-lm"], check=True)
    printed = subprocess.run([tmp_path / "a"], check=True, capture_output=True, text=True).stdout
    value, slopes = autodiff.value_and_gradient(lambda x, y: np.sin(x) * np.exp(-(y**2)) + x * y**2, 0.3, 1.2)
    np.testing.assert_allclose([float(v) for v in printed.split()], [value, *slopes], rtol=1e-15)


def test_source_of_arguments_with_the_names_of_parts(tmp_path):
    """Common parts are called x0, x1 and so on, and an argument may be called so where no output reads it."""
    sympy = pytest.importorskip("sympy")
    b = sympy.Symbol("y")
    code = autodiff.symbolic(sympy.sin(b) ** 2 + sympy.sin(b) * sympy.cos(b), names=("x0", "y")).source("c")
    (tmp_path / "a.c").write_text(code)
    compiler = shutil.which("cc") or shutil.which("gcc")
    subprocess.run([compiler, "-c", "-o", tmp_path / "a.o", tmp_path / "a.c"], check=True)


@pytest.mark.parametrize("name", ["if", "return", "typedef", "double", "out"])
def test_source_of_arguments_that_c_cannot_name(name):
    sympy = pytest.importorskip("sympy")
    form = autodiff.symbolic(sympy.Symbol(name) ** 2, names=(name,))
    with pytest.raises(ValueError, match="cannot have that name in C"):
        form.source("c")


def test_source_of_floats_has_no_doubles(tmp_path):
    sympy = pytest.importorskip("sympy")
    form = autodiff.symbolic(
        lambda x, y: (
            sympy.sin(x) ** 3 / (3 * y)
            + sympy.sqrt(x) * sympy.exp(-y / 7)
            + sympy.pi * sympy.Max(x, y) ** sympy.Rational(5, 2)
        )
    )
    code = form.source("c", dtype="float")
    assert "sinf(" in code
    compiler = shutil.which("cc") or shutil.which("gcc")
    main = '\n#include <stdio.h>\nint main(void) { float out[3]; derivatives(0.3f, 1.2f, out); printf("%.9g %.9g %.9g", out[0], out[1], out[2]); return 0; }\n'
    (tmp_path / "a.c").write_text(code)
    strict = [compiler, "-Werror", "-Wdouble-promotion", "-c", "-o", tmp_path / "a.o", tmp_path / "a.c"]
    subprocess.run(strict, check=True)
    (tmp_path / "a.c").write_text(code + main)
    subprocess.run([compiler, "-o", tmp_path / "a", tmp_path / "a.c", "-lm"], check=True)
    printed = subprocess.run([tmp_path / "a"], check=True, capture_output=True, text=True).stdout
    value, slopes = autodiff.value_and_gradient(
        lambda x, y: np.sin(x) ** 3 / (3 * y) + np.sqrt(x) * np.exp(-y / 7) + np.pi * np.maximum(x, y) ** 2.5,
        np.float64(np.float32(0.3)),
        np.float64(np.float32(1.2)),
    )
    np.testing.assert_allclose([float(v) for v in printed.split()], [value, *slopes], rtol=1e-6)


def test_row_12_small_denominators_in_float32():
    b = np.float32([1e-38, 1e-30, 1e-20, 1e-10, 1, 1e19, 1e20])
    for a, slope in zip(b, gradient(lambda a, b: -a / b, b, b)[1].diagonal(), strict=True):
        assert slope == pytest.approx(1 / float(a), rel=2e-7)


QUOTIENTS = {
    "quotient": lambda a, b: -a / b, "reciprocal": lambda a, b: 1 / b, "square": lambda a, b: (a / b) ** 2 / a,
    "cube": lambda a, b: a**3 / b**3, "root": lambda a, b: a / b**0.5, "three": lambda a, b: a * a / (b * (a + b)),
    "sum": lambda a, b: a / (a + b), "rate": lambda a, b: a / b / 3,
}  # fmt: skip


@pytest.mark.parametrize("name", QUOTIENTS)
def test_row_12_on_every_path_of_sympy(name, tmp_path):
    """Derivatives by the denominator, of float32 numbers whose squares are 0 or infinite."""
    pytest.importorskip("sympy")
    f = QUOTIENTS[name]
    b = np.float32([1e-30, 1e-25, 1e-21, 1e-10, 1, 1e10, 1e19, 1e20, 1e25, 1e30])
    wide = autodiff.gradient(f, b.astype(float), b.astype(float), points=True)
    form = autodiff.symbolic(f)
    code = form.source("c", dtype="float")
    assert "pow(b, 2)" not in code
    main = "#include <stdio.h>\nint main(void) { float out[3];\n"
    for value in b:
        main += f'derivatives({value:.9e}f, {value:.9e}f, out); printf("%.9g %.9g ", out[1], out[2]);\n'
    (tmp_path / "a.c").write_text(code + main + "return 0; }")
    compiler = shutil.which("cc") or shutil.which("gcc")
    subprocess.run([compiler, "-o", tmp_path / "a", tmp_path / "a.c", "-lm"], check=True)
    printed = subprocess.run([tmp_path / "a"], check=True, capture_output=True, text=True).stdout.split()
    of_engine = autodiff.gradient(f, b, b, points=True, engine="sympy")
    of_jets = autodiff.gradient(form, b, b, points=True)
    for k in range(2):
        with np.errstate(over="ignore"):
            expected = wide[k].astype(np.float32)
        for found in (of_engine[k], of_jets[k], np.array(printed[k::2], np.float32)):
            np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-38)


def test_quotients_keep_their_value():
    sympy = pytest.importorskip("sympy")
    x, y = sympy.symbols("x y", positive=True)
    at = np.array([0.7, 1.3]), np.array([2.1, 0.4])
    for e in (
        x / y, x**-3, sympy.exp(-x) / y, 2 ** (-x) / sympy.sqrt(y), x ** (-y), (x + 1 / y) ** -2, sympy.pi / 3 * x / y**9,
        sympy.Piecewise((1 / x, x > 1 / y), (x / y**2, True)), 1 / sympy.sin(x / y) ** 2, y / (x * sympy.sqrt(2)), x / y - y / x,
        sympy.log(x / y) * sympy.Rational(2, 3) / x**sympy.Rational(5, 2), 1 / sympy.Abs(x), sympy.I * x / y,
    ):  # fmt: skip
        form = autodiff.symbolic(e, names=("x", "y"))
        plain = sympy.lambdify((x, y), e, "numpy")(*at)
        np.testing.assert_allclose(form(*at), plain, rtol=1e-14, err_msg=str(e))
        if not e.has(sympy.I):
            assert "Quotient" not in form.source("cuda")
            for order in ((1, 0), (0, 1), (1, 1)):
                exact = sympy.lambdify((x, y), sympy.diff(e, x, order[0], y, order[1]), "numpy")(*at)
                found = autodiff.derivative(form, *at, orders=order, points=True, engine="sympy")
                np.testing.assert_allclose(found, exact, rtol=1e-13, err_msg=str(e))


def test_rows_14_and_15_meshes():
    x = np.array([[1, 2, 3], [4, 5, 6]])
    cubic = lambda x: 2 * x**3 + 5 * x**2 + 7 * x + 10  # noqa: E731
    value, slope = autodiff.value_and_gradient(cubic, x)
    np.testing.assert_array_equal(value, [[24, 60, 130], [246, 420, 664]])
    assert value.sum() == 1544
    np.testing.assert_array_equal(slope, [[23, 51, 91], [143, 207, 283]])
    np.testing.assert_array_equal(autodiff.partial(cubic, 0)(x), slope)
    X, Y = np.array([[1, 2, 3], [4, 5, 6]]), np.array([[5, 6, 7], [8, 9, 10]])
    X, Y = np.array([[1, 2, 3], [4, 5, 6]]), np.array([[5, 5, 6], [6, 7, 7]])
    fx, fy = autodiff.gradient(lambda x, y: 2 * x**2 + 5 * y**2, X, Y)
    np.testing.assert_array_equal(fx, 4 * X)
    np.testing.assert_array_equal(fy, 10 * Y)
    fx, fy = autodiff.gradient(lambda x, y: 2 * x**2 + 5 * y**2, x, x + 4)
    np.testing.assert_array_equal(fx, [[4, 8, 12], [16, 20, 24]])
    np.testing.assert_array_equal(fy, [[50, 60, 70], [80, 90, 100]])


def test_row_16_plots():
    x = np.linspace(-5, 5, 200)
    np.testing.assert_allclose(gradient(np.sin, x), np.cos(x), rtol=1e-15)
    of_x, of_y = gradient(lambda x, y: x**3 + 5 * x + y**2, x, x)
    np.testing.assert_allclose(of_x, np.broadcast_to((3 * x**2 + 5)[:, None], (200, 200)), rtol=1e-15)
    np.testing.assert_allclose(of_y, np.broadcast_to(2 * x, (200, 200)), rtol=1e-15)
