"""Every derivative rule against arbitrary-precision arithmetic, orders 1 to 3, in every floating type."""

import mpmath
import numpy as np
import pytest
from scipy import special

from gridgrad import autodiff
from gridgrad.autodiff._jets import jet, rules
from gridgrad.autodiff._jets import special as special_rules

MIDDLE = (-1.7, -0.3, 0.4, 2.6)
POSITIVE = (0.2, 0.9, 3.1)
UNIT = (-0.8, 0.1, 0.6)
LN = mpmath.log
I = mpmath.mpc(0, 1)  # noqa: E741

RULES = {
    "sin": (mpmath.sin, MIDDLE), "cos": (mpmath.cos, MIDDLE), "tan": (mpmath.tan, UNIT),
    "arcsin": (mpmath.asin, UNIT), "arccos": (mpmath.acos, UNIT), "arctan": (mpmath.atan, MIDDLE),
    "sinh": (mpmath.sinh, MIDDLE), "cosh": (mpmath.cosh, MIDDLE), "tanh": (mpmath.tanh, (*MIDDLE, 12.0)),
    "arcsinh": (mpmath.asinh, MIDDLE), "arccosh": (mpmath.acosh, (1.3, 4.0)), "arctanh": (mpmath.atanh, UNIT),
    "exp": (mpmath.exp, MIDDLE), "exp2": (lambda x: mpmath.power(2, x), MIDDLE),
    "expm1": (mpmath.expm1, (*MIDDLE, -30.0, 1e-9)), "log": (LN, POSITIVE), "log2": (lambda x: LN(x, 2), POSITIVE),
    "log10": (lambda x: LN(x, 10), POSITIVE), "log1p": (mpmath.log1p, (1e-9, 0.5, 3.0)),
    "sqrt": (mpmath.sqrt, POSITIVE), "cbrt": (mpmath.cbrt, POSITIVE), "square": (lambda x: x * x, MIDDLE),
    "reciprocal": (lambda x: 1 / x, MIDDLE), "negative": (lambda x: -x, MIDDLE), "positive": (lambda x: x, MIDDLE),
    "deg2rad": (lambda x: x * mpmath.pi / 180, MIDDLE), "rad2deg": (lambda x: x * 180 / mpmath.pi, MIDDLE),
    "absolute": (abs, MIDDLE), "fabs": (abs, MIDDLE),
    "sinc": (lambda x: mpmath.sincpi(x), (-2.3, -0.4, 1e-3, 0.47, 0.49, 3.0)),
    "erf": (mpmath.erf, MIDDLE), "erfc": (mpmath.erfc, (-1.0, 0.5, 6.0)),
    "erfcx": (lambda x: mpmath.exp(x * x) * mpmath.erfc(x), (-1.0, 0.5, 2.0)),
    "erfinv": (mpmath.erfinv, UNIT), "erfcinv": (lambda x: mpmath.erfinv(1 - x), (0.3, 1.2)),
    "dawsn": (lambda x: mpmath.sqrt(mpmath.pi) / 2 * mpmath.exp(-x * x) * mpmath.erfi(x), (-1.0, 0.3, 1.5)),
    "ndtr": (mpmath.ncdf, MIDDLE), "log_ndtr": (lambda x: LN(mpmath.ncdf(x)), (-3.0, 0.2, 1.0)),
    "ndtri": (lambda x: mpmath.sqrt(2) * mpmath.erfinv(2 * x - 1), (0.2, 0.7)),
    "gamma": (mpmath.gamma, (-1.5, 0.4, 3.3)), "gammaln": (mpmath.loggamma, POSITIVE),
    "loggamma": (mpmath.loggamma, POSITIVE), "psi": (mpmath.digamma, POSITIVE),
    "expit": (lambda x: 1 / (1 + mpmath.exp(-x)), (*MIDDLE, 30.0, -30.0)),
    "log_expit": (lambda x: -LN(1 + mpmath.exp(-x)), (*MIDDLE, 30.0)),
    "logit": (lambda x: LN(x / (1 - x)), (0.1, 0.7)), "entr": (lambda x: -x * LN(x), POSITIVE),
    "exp10": (lambda x: mpmath.power(10, x), MIDDLE), "cosm1": (lambda x: mpmath.cos(x) - 1, MIDDLE),
    "j0": (mpmath.j0, MIDDLE), "j1": (mpmath.j1, MIDDLE),
    "y0": (lambda x: mpmath.bessely(0, x), (0.9,)), "y1": (lambda x: mpmath.bessely(1, x), (0.9,)),
    "i0": (lambda x: mpmath.besseli(0, x), MIDDLE), "i1": (lambda x: mpmath.besseli(1, x), MIDDLE),
    "k0": (lambda x: mpmath.besselk(0, x), (0.9,)), "k1": (lambda x: mpmath.besselk(1, x), (0.9,)),
    "i0e": (lambda x: mpmath.exp(-x) * mpmath.besseli(0, x), POSITIVE),
    "i1e": (lambda x: mpmath.exp(-x) * mpmath.besseli(1, x), POSITIVE),
    "k0e": (lambda x: mpmath.exp(x) * mpmath.besselk(0, x), (0.9,)),
    "k1e": (lambda x: mpmath.exp(x) * mpmath.besselk(1, x), (0.9,)),
}  # fmt: skip
PAIRS = ((0.7, 1.9), (2.2, 0.4), (1.3, 1.4))
BINARY = {
    "add": lambda x, y: x + y, "subtract": lambda x, y: x - y, "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y, "power": lambda x, y: x**y, "float_power": lambda x, y: x**y,
    "hypot": mpmath.hypot, "arctan2": mpmath.atan2, "logaddexp": lambda x, y: LN(mpmath.exp(x) + mpmath.exp(y)),
    "logaddexp2": lambda x, y: LN(mpmath.power(2, x) + mpmath.power(2, y), 2),
    "maximum": lambda x, y: max(x, y), "minimum": lambda x, y: min(x, y), "fmax": lambda x, y: max(x, y), "fmin": lambda x, y: min(x, y),
    "remainder": lambda x, y: x - y * mpmath.floor(x / y), "fmod": lambda x, y: x - y * mpmath.floor(x / y),
    "copysign": lambda x, y: abs(x) * mpmath.sign(y),
    "xlogy": lambda x, y: x * LN(y), "xlog1py": lambda x, y: x * mpmath.log1p(y),
    "rel_entr": lambda x, y: x * LN(x / y), "kl_div": lambda x, y: x * LN(x / y) - x + y,
    "betaln": lambda x, y: mpmath.loggamma(x) + mpmath.loggamma(y) - mpmath.loggamma(x + y), "beta": mpmath.beta,
}  # fmt: skip
ORDERED = {
    "jv": mpmath.besselj, "jn": mpmath.besselj, "yv": mpmath.bessely, "iv": mpmath.besseli, "kv": mpmath.besselk,
    "ive": lambda n, x: mpmath.exp(-x) * mpmath.besseli(n, x), "kve": lambda n, x: mpmath.exp(x) * mpmath.besselk(n, x),
    "zeta": lambda n, x: mpmath.zeta(n, x), "gammainc": lambda n, x: mpmath.gammainc(n, 0, x, regularized=True),
    "gammaincc": lambda n, x: mpmath.gammainc(n, x, regularized=True),
}  # fmt: skip


def ufunc(name):
    return getattr(special, name) if name in jet.SPECIAL or name == "jn" else getattr(np, name)


def exact(f, at, orders):
    with mpmath.workdps(25):
        value = mpmath.diff(f, tuple(map(mpmath.mpf, at)), tuple(orders))
        return float(mpmath.re(value))


@pytest.mark.parametrize("name", RULES)
def test_functions_of_one_argument(name):
    oracle, points = RULES[name]
    x = np.array(points)
    for order in (1, 2, 3):
        expected = np.array([exact(oracle, (p,), (order,)) for p in points])
        found = autodiff.derivative(ufunc(name), x, orders=order)
        np.testing.assert_allclose(found, expected, rtol=2e-12, atol=1e-13, err_msg=f"{name}, order {order}")


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arguments(name):
    x, y = np.array(PAIRS).T
    for orders in ((1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (2, 1)):
        expected = np.array([exact(BINARY[name], p, orders) for p in PAIRS])
        found = autodiff.derivative(ufunc(name), x, y, orders=orders, points=True)
        np.testing.assert_allclose(found, expected, rtol=2e-12, atol=1e-13, err_msg=f"{name} {orders}")


@pytest.mark.parametrize("name", ORDERED)
@pytest.mark.parametrize("n", [2.0, 2.5])
def test_functions_with_a_constant_order(name, n):
    if name == "jn" and n != 2:
        n = 3.0
    x = np.array(POSITIVE)
    for order in (1, 2):
        expected = [exact(lambda t: ORDERED[name](n, t), (p,), (order,)) for p in POSITIVE]
        found = autodiff.derivative(lambda t: ufunc(name)(n, t), x, orders=order)
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
    with pytest.raises(TypeError, match="keep it constant"):
        autodiff.gradient(lambda t: ufunc(name)(t, 1.0), x)


def test_every_rule_is_tested():
    assert set(RULES) >= {*rules.UNARY, *special_rules.UNARY}
    assert set(BINARY) >= {*rules.BINARY, *special_rules.BINARY}
    other = {"where", "clip", "real", "imag", "conjugate", "modf", "ldexp", "divmod", "sign", "heaviside"}
    assert set(RULES) | set(BINARY) | set(ORDERED) | rules.CONSTANT | other >= set(jet.RULES)


@pytest.mark.parametrize("p", [-9, -3, -2, -1, 0, 1, 2, 3, 4, 7, 8, 9, 0.5, 1.5, -0.5, 2.7])
def test_constant_powers(p):
    points = (0.3, 1.7, 2.9) if p != int(p) else (-1.3, 0.3, 1.7, 2.9)
    x = np.array(points)
    for order in (0, 1, 2, 3):
        expected = [exact(lambda t: t ** mpmath.mpf(p), (q,), (order,)) for q in points]
        for f in (lambda t: t**p, lambda t: np.power(t, float(p)), lambda t: t ** np.full(t.shape, float(p))):
            np.testing.assert_allclose(autodiff.derivative(f, x, orders=order), expected, rtol=4e-15, atol=0)


def test_powers_at_zero():
    zero = np.zeros(1)
    assert autodiff.gradient(lambda x: x**2, zero) == 0
    assert autodiff.gradient(lambda x: x**1, zero) == 1
    assert autodiff.gradient(lambda x: x**0, zero) == 0
    assert autodiff.derivative(lambda x: x**3, zero, orders=3) == 6
    assert autodiff.gradient(lambda x: x**0.5, zero) == np.inf
    assert autodiff.gradient(lambda x, y: x**y, zero, np.full(1, 2.0))[1] == 0


def test_powers_that_are_not_finite_are_those_of_numpy():
    x = np.array([0.5, 1.0, 2.0])
    for p in (np.nan, np.inf, -np.inf):
        for f in (lambda x, p=p: x**p, lambda x, p=p: np.power(x, p)):
            value, slope = autodiff.value_and_gradient(f, x)
            np.testing.assert_array_equal(value, x**p)
            np.testing.assert_equal(slope[1], p)
            autodiff.derivative(f, x, orders=3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["dawsn", "erfcx"])
def test_dawsn_and_erfcx_far_out(name, dtype):
    x = np.array([12.0 + 1e-5, 13.0, 25.0, 1e3, 1e6, 1e8], dtype)
    x = np.concatenate([-x, x]) if name == "dawsn" else x
    t = [1 / (2 * mpmath.mpf(float(q)) ** 2) for q in x]
    sign = 1 if name == "dawsn" else -1
    factor = -1 if name == "dawsn" else 2 / mpmath.sqrt(mpmath.pi)
    terms = range(1, 25)  # DLMF 7.12.1, and its first two derivatives
    for order in (1, 2, 3):
        expected = []
        for p, q in zip(x, t, strict=True):
            series = (
                sign**k
                * mpmath.fac2(2 * k - 1)
                * q**k
                * mpmath.rf(2 * k, order - 1)
                / (-mpmath.mpf(float(p))) ** (order - 1)
                for k in terms
            )
            expected.append(float(factor * mpmath.fsum(series)))
        found = autodiff.derivative(ufunc(name), x, orders=order)
        assert found.dtype == dtype
        tiny = float(np.finfo(dtype).tiny)
        np.testing.assert_allclose(found, expected, rtol=40 * np.finfo(dtype).eps, atol=tiny)


def relative_exact(f, x, order):
    """A derivative of a function by steps that are small beside x."""
    with mpmath.workdps(400):
        p = mpmath.mpf(float(x))
        return mpmath.re(mpmath.diff(f, p, order, h=abs(p) * mpmath.mpf(10) ** -60))


FAR_OUT = {
    "tanh": (1e-12, 1e-6, 0.3, 3.0, 21.0, 25.0, 44.0, 88.0, 100.0, 1e3, 1e6, 1e19, 1e38),
    "expit": (1e-12, 1e-6, 0.3, 3.0, 21.0, 44.0, 88.0, 100.0, 1e3, 1e19), "arctan": (1e-12, 1e6, 1e12, 1e19, 1e25, 1e38),
    "arcsin": (1e-12, 1e-6, 0.49, 0.51, 0.99), "arccos": (1e-12, 1e-6, 0.49, 0.51, 0.99), "arctanh": (1e-12, 1e-6, 0.49, 0.51, 0.99),
    "arcsinh": (1e-12, 1e6, 1e19, 1e38), "log1p": (1e-12, 1e6, 1e19, 1e38), "exp": (1e-12, 44.0, 100.0, 1e19), "expm1": (1e-12, 44.0, 100.0),
    "sinh": (1e-12, 44.0, 88.0, 100.0), "cosh": (1e-12, 44.0, 88.0, 100.0), "erf": (1e-12, 3.0, 9.0, 13.0, 100.0, 1e19),
    "log_ndtr": (0.1, 3.0, 9.0, 13.0, 44.0, 100.0, 1e3, 1e6, 1e9), "sqrt": (1e-30, 1e38), "reciprocal": (1e-12, 1e12, 1e30),
    "log_expit": (1e-12, 1e-6, 3.0, 44.0, 100.0, 1e19),
}  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FAR_OUT)
def test_huge_and_tiny_arguments(name, dtype):
    one_sided = name in ("sqrt", "log1p")
    x = np.array([s * p for p in FAR_OUT[name] for s in ((1,) if one_sided else (1, -1))], dtype)
    tiny, huge = float(np.finfo(dtype).tiny), float(np.finfo(dtype).max)
    with np.errstate(all="ignore"):
        x = x[np.isfinite(ufunc(name)(x))]
    for order in (1, 2) if name == "log_ndtr" else (1, 2, 3):  # the third is a difference of Mills' ratios
        found = autodiff.derivative(ufunc(name), x, orders=order)
        assert not np.isnan(found).any()
        for p, a in zip(x, found, strict=True):
            expected = relative_exact(RULES[name][0], p, order)
            if abs(expected) > huge:
                assert np.isinf(a)
            elif abs(expected) < tiny:
                assert abs(a) <= 2 * tiny
            else:
                assert abs(mpmath.mpf(float(a)) - expected) <= abs(expected) * 4e3 * float(
                    np.finfo(dtype).eps
                ), (p, order)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_a_sharp_front_has_no_nan_in_its_laplacian(dtype):
    x = np.linspace(0, 1, 50).astype(dtype)
    for f in (np.tanh, special.expit if dtype is not np.longdouble else np.tanh):
        for scale in (10, 100, 1e3) if dtype is np.float16 else (1e2, 1e4, 1e6):
            found = autodiff.laplacian(lambda x, y: f((x - dtype(0.3) * y) * dtype(scale)), x, x)  # noqa: B023
            assert not np.isnan(found).any()
    line = np.linspace(-1, 1, 9).astype(dtype)
    factor = dtype({np.float16: 20, np.longdouble: 1e4}.get(dtype, 1000))
    for call in (autodiff.laplacian, autodiff.hessian):
        assert np.array_equal(call(lambda x: np.tanh(factor * x), line)[[0, -1]], [0, 0])


def test_entropies_of_numbers_whose_ratio_overflows():
    x, y = np.array([1e30, 1e-30, 2.0], np.float32), np.array([1e-30, 1e30, 3.0], np.float32)
    ratio = np.log(x.astype(float) / y)
    for f, slope in ((special.rel_entr, ratio + 1), (special.kl_div, ratio)):
        np.testing.assert_allclose(autodiff.gradient(f, x, y, points=True)[0], slope, rtol=1e-6)


REAL = [name for name in RULES if name not in ("loggamma",)]


@pytest.mark.parametrize("name", REAL)
def test_float32_stays_float32(name):
    points = np.array([p for p in RULES[name][1] if abs(p) > 0.01])
    for order in (1, 2):
        wide = autodiff.derivative(ufunc(name), points.astype(np.float32).astype(float), orders=order)
        found = autodiff.derivative(ufunc(name), points.astype(np.float32), orders=order)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wide, rtol=3e-4 if name == "sinc" else 6e-5, atol=1e-6)


HOLOMORPHIC = {
    "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan, "exp": mpmath.exp, "log": mpmath.log, "sqrt": mpmath.sqrt,
    "sinh": mpmath.sinh, "cosh": mpmath.cosh, "tanh": mpmath.tanh, "arctan": mpmath.atan, "arcsin": mpmath.asin,
    "arccos": mpmath.acos, "arcsinh": mpmath.asinh, "arctanh": mpmath.atanh, "arccosh": mpmath.acosh,
    "square": lambda z: z * z, "reciprocal": lambda z: 1 / z, "expm1": mpmath.expm1, "log1p": mpmath.log1p,
}  # fmt: skip


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_complex_coordinates(name):
    z = np.array([0.3 + 0.8j, -1.2 + 0.4j, 2.0 - 1.5j])
    for order in (1, 2):
        with mpmath.workdps(40):
            expected = [complex(mpmath.diff(HOLOMORPHIC[name], mpmath.mpc(p), order)) for p in z]
        np.testing.assert_allclose(autodiff.derivative(ufunc(name), z, orders=order), expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["sin", "exp", "sqrt", "tanh", "arctan", "log", "gamma", "erf"])
def test_complex_step(name):
    x = np.array([0.4, 1.3, 2.2])
    step = ufunc(name)(x + 1e-30j).imag / 1e-30
    np.testing.assert_allclose(autodiff.gradient(ufunc(name), x), step, rtol=1e-14)


@pytest.mark.filterwarnings("ignore:numpy.fix is deprecated")  # since NumPy 2.5, and still a function's word
@pytest.mark.parametrize(
    "name",
    sorted(
        n
        for n in (rules.CONSTANT | {"sign", "heaviside"})
        - {"invert", "bitwise_and", "bitwise_or", "bitwise_xor"}
        if hasattr(np, n)
    ),
)
def test_piecewise_constant_functions_have_derivative_zero(name):
    x = np.array([-1.4, 0.3, 2.2])
    f = getattr(np, name)
    g = (lambda t: f(t, 0.5) * 1.0) if getattr(f, "nin", 1) == 2 else (lambda t: f(t) * 1.0)
    value, slope = autodiff.value_and_gradient(g, x)
    np.testing.assert_array_equal(value, g(x))
    np.testing.assert_array_equal(slope, 0)


def test_division_in_float32_from_1e_minus_38_to_1e20():
    b = np.array([1e-38, 1e-30, 1e-20, 1e-10, 1.0, 1e10, 1e19, 1e20], np.float32)
    of_a, of_b = autodiff.gradient(lambda a, b: -a / b, b, b, points=True)
    np.testing.assert_allclose(of_b, 1 / b.astype(float), rtol=2e-7)
    np.testing.assert_allclose(of_a, -1 / b.astype(float), rtol=2e-7)
    second = autodiff.derivative(lambda a, b: -a / b, b, b, orders=(0, 2), points=True)
    assert second[0] == -np.inf
    np.testing.assert_allclose(second[3:], -2 / b[3:].astype(float) ** 2, rtol=1e-6, atol=1e-45)


def test_where_clip_select_and_relatives():
    x = np.array([-4.0, -1.0, 0.0, 0.25, 3.0])
    root = autodiff.gradient(lambda x: np.where(x > 0, np.sqrt(x), 0), x)
    np.testing.assert_array_equal(root, [0, 0, 0, 1.0, 0.5 / np.sqrt(3.0)])
    cases = {
        lambda x: np.clip(x, -2.0, 2.0) ** 2: [0, -2, 0, 0.5, 0],
        lambda x: x.clip(None, 1.0): [1, 1, 1, 1, 0],
        lambda x: np.select([x < -2, x < 1], [x, 3 * x], x**2): [1, 3, 3, 3, 6],
        lambda x: np.piecewise(x, [x < 0, x >= 0], [lambda x: -x, lambda x: x**2]): [-1, -1, 0, 0.5, 6],
        lambda x: np.nan_to_num(1 / x): [-1 / 16, -1, 0, -16, -1 / 9],
        lambda x: np.polyval([1.0, 0.0, 2.0], x): 2 * x,
        lambda x: np.interp(x, [-1.0, 0.0, 1.0], [5.0, 4.0, 8.0]): [0, -1, 4, 4, 0],
        lambda x: np.modf(x)[0]: np.ones(5),
        lambda x: divmod(x, 2.0)[1] + np.ldexp(x, 2): np.full(5, 5.0),
        lambda x: abs(x): np.sign(x),
        lambda x: np.maximum(x, -x): np.sign(x),
        lambda x: np.real((1 + 2j) * x) + np.imag((1 + 2j) * x) + np.conj(x): np.full(5, 4.0),
        lambda x: np.full_like(x, 2.0) * x + np.zeros_like(x) + np.ones_like(x): np.full(5, 2.0),
        lambda x: (x > 0).astype(float) * x + (~(x > 0) & (x > -2)) * 2 * x: [0, 2, 2, 1, 1],
        lambda x: np.broadcast_to(x, (5,)) + np.round(x): np.ones(5),
        lambda x: np.polynomial.polynomial.polyval(x, [0.0, 1.0, 1.0]): 1 + 2 * x,
        lambda x: np.float32(2) * x + np.int8(100) * (np.int8(3) * x): np.full(5, 302.0),
    }  # fmt: skip
    for k, (f, expected) in enumerate(cases.items()):
        np.testing.assert_allclose(autodiff.gradient(f, x), expected, rtol=1e-14, err_msg=f"case {k}")
    # a removable singularity needs its own function: sinc knows its second derivative at 0
    assert autodiff.derivative(np.sinc, 0.0, orders=2) == pytest.approx(-(np.pi**2) / 3)


def test_complex_functions_of_real_coordinates():
    x = np.array([0.3, 1.2])
    np.testing.assert_allclose(
        autodiff.gradient(lambda x: np.exp(1j * x), x), 1j * np.exp(1j * x), rtol=1e-15
    )
    z = lambda x: x**2 + 3j * x  # noqa: E731
    r = np.abs(z(x))
    np.testing.assert_allclose(autodiff.gradient(lambda x: abs(z(x)), x), (2 * x**3 + 9 * x) / r, rtol=1e-14)
    np.testing.assert_allclose(autodiff.gradient(lambda x: np.angle(z(x)), x), -3 / (x**2 + 9), rtol=1e-14)


def test_hypot_and_arctan2_do_not_overflow():
    big = np.array([3e300])
    for a in autodiff.gradient(np.hypot, big, big * 4 / 3, points=True):
        assert a[0] in (pytest.approx(0.6), pytest.approx(0.8))
    of_y, of_x = autodiff.gradient(np.arctan2, big, big, points=True)
    assert of_y[0] == pytest.approx(1 / 6e300)
    assert of_x[0] == pytest.approx(-1 / 6e300)
    assert autodiff.gradient(np.hypot, 0.0, 0.0) == (0.0, 0.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_hypot_and_arctan2_have_no_higher_derivatives_at_the_origin(dtype):
    c = np.array([-1.0, 0.0, 1.0], dtype)
    X, Y = np.meshgrid(c, c, indexing="ij")
    r = np.hypot(X, Y)
    r[1, 1] = np.nan
    for f in (np.hypot, lambda x, y: abs(x + 1j * y)):
        np.testing.assert_allclose(autodiff.laplacian(f, c, c), 1 / r, rtol=4e-7)
        assert [a[1, 1] for a in autodiff.gradient(f, c, c)] == [0, 0]
    mixed = autodiff.derivative(np.arctan2, c, c, orders=(1, 1))
    assert mixed.dtype == dtype
    np.testing.assert_allclose(mixed, (X**2 - Y**2) / r**4, rtol=4e-7, atol=1e-15)
    assert [a[1, 1] for a in autodiff.gradient(np.arctan2, c, c)] == [0, 0]
    for orders in ((2, 0), (0, 2), (2, 1), (3, 0)):
        for f in (np.hypot, np.arctan2):
            found = autodiff.derivative(f, c, c, orders=orders)
            assert np.array_equal(np.isnan(found), np.isnan(r)), orders
    assert autodiff.derivative(lambda x: np.where(x == 0, x, np.hypot(x, 0)), c, orders=2)[1] == 0
