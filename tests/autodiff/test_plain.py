"""A function that is something else for jets than for arrays is refused, and what its error says to write is right."""

import functools
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import gridgrad as gg
from gridgrad import autodiff

X = np.linspace(0.5, 1.5, 4)
K = np.array([1.0, 2.0, 3.0, 4.0])


def horner(x):
    acc = x
    for c in (1.0, 2.0, 3.0):
        acc *= x
        acc += c
    return acc


def horner_remedied(x):
    acc = x
    for c in (1.0, 2.0, 3.0):
        acc = acc * x
        acc = acc + c
    return acc


def two_names(x):
    r = x * 1
    s = r
    r += x
    return s * r


def swallowed_array(x):
    try:
        return np.asarray(x) ** 2
    except TypeError:
        return x**3


# name: (function, the same as its error says to write it, where, the derivative)
BRANCHES = {
    "isinstance ndarray": (lambda x: x**2 if isinstance(x, np.ndarray) else 0 * x, lambda x: x**2, X, 2 * X),
    "isscalar": (
        lambda x: x**2 if np.isscalar(x) else x**3, lambda x: x**2 if np.ndim(x) == 0 else x**3, 2.0, 4.0,
    ),
    "isinstance float": (lambda x: x**2 if isinstance(x, float) else x**3, lambda x: x**2, 2.0, 4.0),
    "iterable": (
        lambda x: x**2 if np.iterable(x) else x**3, lambda x: x**2 if np.ndim(x) else x**3, X, 2 * X,
    ),
    "hasattr iter": (
        lambda x: x**2 if hasattr(x, "__iter__") else x**3, lambda x: x**2 if np.ndim(x) else x**3, 2.0, 12.0,
    ),
    "in place": (horner, horner_remedied, X, 4 * X**3 + 3 * X**2 * 0 + 2 * X * 1 + 2.0),
    "two names": (two_names, lambda x: (x + x) * (x + x), X, 8 * X),
    "swallowed": (swallowed_array, lambda x: x**2, X, 2 * X),
}  # fmt: skip


@pytest.mark.parametrize("name", BRANCHES)
@pytest.mark.parametrize("copies", [1, 30000])
def test_functions_that_tell_jets_from_arrays(name, copies):
    function, remedied, x, expected = BRANCHES[name]
    if np.ndim(x):
        x, expected = np.tile(x, copies), np.tile(expected, copies)
    for call in (autodiff.gradient, autodiff.laplacian, gg.gradient):
        with pytest.raises(TypeError, match=r"something else of NumPy arrays than of the jets.*a = a \* x"):
            call(function, x)
    if copies == 1 and "iter" not in name:  # the arrays of dense can be iterated over
        with pytest.raises(TypeError, match="something else of NumPy arrays"):
            autodiff.dense(function, x)
    if name != "in place":
        np.testing.assert_allclose(autodiff.gradient(remedied, x), expected, rtol=1e-15)
    else:
        step = (remedied(x + 1e-30j)).imag / 1e-30
        np.testing.assert_allclose(autodiff.gradient(remedied, x), step, rtol=1e-14)
    autodiff.gradient(function, x, check=False)  # the caller's own risk


def test_the_message_shows_both_values():
    with pytest.raises(TypeError, match=r"output 1 is 4\.0 of arrays and 8\.0 of jets"):
        autodiff.jacobian(lambda x: (x, x**2 if np.isscalar(x) else x**3), 2.0)
    with pytest.raises(TypeError, match=r"output 0 is 2\.25 of arrays and 0\.0 of jets at \(3,\)"):
        autodiff.gradient(lambda x: np.where(x > 1.4, x * x if type(x) is np.ndarray else 0 * x, x), X)
    with pytest.raises(TypeError, match="2 outputs instead of 1"):
        autodiff.jacobian(lambda x: (x, x) if type(x) is np.ndarray else (x,), X)


def test_a_shape_that_was_asked_for_is_not_forgotten_by_a_swallowed_exception():
    x = np.linspace(0, 1, 1000)

    def f(x, y):
        try:
            n = x.shape[0]
        except Exception:
            n = 1
        return x * n * y

    of_x, of_y = gg.gradient(f, x, x)
    np.testing.assert_allclose(of_x, np.broadcast_to(1000 * x, (1000, 1000)), rtol=1e-15)
    np.testing.assert_allclose(of_y, np.broadcast_to(1000 * x[:, None], (1000, 1000)), rtol=1e-15)


def test_rounding_is_no_difference():
    x = np.linspace(-2, 3, 401)
    for f in (
        lambda x: x**8 - functools.reduce(lambda a, _: a * x, range(7), x),  # only rounding is left
        lambda x: (x + 1e9) - 1e9 - x, lambda x: np.sin(x) ** 2 + np.cos(x) ** 2 - 1, lambda x: x**3 - x * x * x,
        lambda x: np.log((x**7 - x**3 * x**4) ** 2 + 1e-300), lambda x: 1 / (x - x), lambda x: np.sqrt(x),
        lambda x: np.floor(np.real(x.dtype.type(1)) * x) if x.dtype.kind == "f" else x,
    ):  # fmt: skip
        for dtype in (np.float16, np.float32, np.float64, np.longdouble, np.complex128):
            autodiff.derivative(f, x.astype(dtype), orders=2)


def test_functions_that_take_only_part_of_the_mesh_or_none_of_it_are_left_alone():
    x = np.linspace(0, 1, 300)
    A = np.random.default_rng(0).random((300, 300))
    np.testing.assert_array_equal(gg.gradient(lambda x, y: A * x, x, x)[0], A)
    with pytest.raises(TypeError, match="something else"):
        gg.gradient(lambda x, y: A * (x if isinstance(x, np.ndarray) else 0 * x), x, x)
    of_jets_alone = gg.gradient(lambda x: x.mapped(np.positive) ** 2, x)
    np.testing.assert_array_equal(of_jets_alone, 2 * x)


def test_the_plain_call_leaves_coordinates_as_they_are():
    x = np.linspace(0.5, 1.5, 4)
    with pytest.raises(TypeError, match="something else"):
        gg.gradient(horner, x)
    np.testing.assert_array_equal(x, X)


class Hidden:
    """What keeps a jet in an attribute and looks like an array."""

    def __init__(self, value):
        self.value = value
        self.dtype = np.dtype(float)
        self.shape = (4,)

    def __array__(self, *args, **kwargs):
        return np.zeros(4)


def test_an_output_that_hides_a_jet_is_no_constant():
    for call in (gg.gradient, autodiff.laplacian, autodiff.hessian, autodiff.value_and_gradient):
        with pytest.raises(TypeError, match=r"returned a .*Hidden.*numpy\.asarray\(k\) \* x"):
            call(lambda x: Hidden(x * x), X)


class TestForeignOperands:
    """Labelled arrays and quantities: their derivative is right or refused, and the remedy is right."""

    def test_xarray(self):
        xr = pytest.importorskip("xarray")
        D = xr.DataArray(K, dims="x")
        for f in (lambda x: D * x**2, lambda x: np.sin(D * x), lambda x: D + x):
            for call in (gg.gradient, autodiff.laplacian, lambda f, x: autodiff.jvp(f, x, 1.0)):
                with pytest.raises(TypeError, match=r"DataArray.*numpy\.asarray\(k\) \* x"):
                    call(f, X)
        np.testing.assert_array_equal(gg.gradient(lambda x: np.asarray(D) * x**2, X), 2 * X * K)
        np.testing.assert_array_equal(gg.gradient(lambda x: x * D, X), K)
        table = xr.DataArray(np.arange(12.0).reshape(4, 3) + 1, dims=("x", "y"))
        y = np.array([1.0, 2.0, 3.0])
        mesh = np.meshgrid(X, y, indexing="ij")
        for coords in ((X, y), mesh):
            with pytest.raises(TypeError, match="DataArray"):
                gg.gradient(lambda x, y: table * x * y, *coords)
            found = gg.gradient(lambda x, y: x * y * np.asarray(table), *coords)[0]
            np.testing.assert_allclose(found, table.values * y, rtol=1e-15)
        with pytest.raises(TypeError, match="DataArray"):
            autodiff.divergence(lambda x, y: (table * x, table * y), *mesh)

    def test_pint(self):
        pint = pytest.importorskip("pint")
        unit = pint.UnitRegistry()
        k = 2.0 * unit.m
        for f in (lambda x: k * x, lambda x: unit.Quantity(2.0) * x, lambda x: x * unit.m):
            with pytest.raises(TypeError, match=r"returned|unit"):
                gg.gradient(f, X)
        with pytest.raises(TypeError, match=r"with a unit.*k\.magnitude"):
            gg.gradient(lambda x: x * np.array(2.0) * k.to("m"), X)
        np.testing.assert_array_equal(gg.gradient(lambda x: k.magnitude * x, X), np.full(4, 2.0))

    @pytest.mark.parametrize("library", ["astropy.units", "unyt"])
    def test_quantities_that_are_arrays(self, library):
        unit = pytest.importorskip(library)
        k = 2.0 * unit.m
        for f in (lambda x: k * x, lambda x: x * k):
            with pytest.raises(TypeError, match=r"unit|iterating"):  # the latter by what unyt does with it
                gg.gradient(f, X)
        np.testing.assert_array_equal(gg.gradient(lambda x: k.value * x, X), np.full(4, 2.0))

    def test_masked(self):
        k = np.ma.array(K, mask=[0, 0, 1, 0])
        with pytest.raises(TypeError, match=r"masked array.*filled"):
            gg.gradient(lambda x: x * k, X)
        found = gg.gradient(lambda x: x * k.filled(np.nan), X)
        np.testing.assert_array_equal(found, [1, 2, np.nan, 4])


def test_sign_of_complex_values_turns():
    found = gg.gradient(lambda x: np.sign(np.exp(1j * x) * (1 + x)), X)
    np.testing.assert_allclose(found, 1j * np.exp(1j * X), rtol=1e-14)
    z = np.array([0j, 1 + 1j])
    assert gg.gradient(lambda x: np.sign(x * z), np.ones(2))[0] == 0
    second = autodiff.derivative(lambda x: np.sign(np.exp(1j * x)), X, orders=2)
    np.testing.assert_allclose(second, -np.exp(1j * X), rtol=1e-13)
    with pytest.raises(TypeError, match="not holomorphic"):
        gg.gradient(np.sign, z + 1)
    assert gg.gradient(np.sign, np.array([-1.0, 0.0, 2.0])).tolist() == [0, 0, 0]


def test_steps_and_fillers():
    a = np.array([0.0, 1.0, -1.0, 0.0])
    np.testing.assert_array_equal(gg.gradient(lambda x: np.heaviside(a, x), X), [1, 0, 0, 1])
    np.testing.assert_array_equal(gg.gradient(lambda x: np.heaviside(x, x), np.array([0.0, 2.0])), [1, 0])
    np.testing.assert_array_equal(gg.gradient(lambda x: np.full_like(x, 3 * x, dtype=int) * 1.0, X), 0)
    np.testing.assert_array_equal(gg.gradient(lambda x: np.full_like(x, fill_value=3 * x), X), 3)
    with pytest.raises(ValueError, match=r"numpy\.argsort"):
        gg.gradient(lambda x: np.interp(x, [1.0, 0.0, 2.0], K[:3]), X)
    order = np.argsort([1.0, 0.0, 2.0])
    xp, fp = np.array([1.0, 0.0, 2.0])[order], K[:3][order]
    np.testing.assert_array_equal(gg.gradient(lambda x: np.interp(x, xp, fp), X), [-1, -1, 2, 2])


def test_an_axis_of_a_grid_is_no_pair_of_coordinates():
    with pytest.raises(TypeError, match=r"numpy\.arange\(5\) \* 0\.1.*\[5, 0\.1\]"):
        gg.gradient(lambda x, y: x * y, (5, 0.1), (5, 0.1))
    of_x, _ = gg.gradient(lambda x, y: x * y, np.arange(5) * 0.1, [5, 0.1])
    np.testing.assert_array_equal(of_x, np.broadcast_to([5, 0.1], (5, 2)))
    assert gg.gradient(lambda x: x**2, (0, 1.5)).tolist() == [0, 3]
    assert gg.gradient(lambda x: x**2, (1.0, 1.5)).tolist() == [2, 3]


class TestThreads:
    """Where threads cannot be started the caller's own does all the work."""

    x = np.linspace(0, 1, 700)

    def test_beyond_a_limit_of_the_system(self, monkeypatch):
        expected = gg.gradient(lambda x, y: np.sin(x) * y, self.x, self.x, workers=3)
        started = []
        start = threading.Thread.start

        def limited(thread):
            if started:
                raise RuntimeError("can't start new thread")
            started.append(thread)
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", limited)
        for _ in range(2):  # with one thread, and with none
            found = gg.gradient(lambda x, y: np.sin(x) * y, self.x, self.x, workers=4)
            for a, b in zip(found, expected, strict=True):
                assert np.array_equal(a, b)
        assert len(started) == 1

    @pytest.mark.parametrize("first", ["import gridgrad.autodiff as a", "a = None"])
    def test_while_the_interpreter_shuts_down(self, first):
        code = f"""
import atexit
import numpy as np
import gridgrad as gg
{first}

def late():
    x = np.linspace(0, 1, 2000)
    print(gg.gradient(lambda x, y: x * y, x, x, workers=4)[0][5, -1])

atexit.register(late)
"""
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ}
        )
        assert (ran.stdout, ran.stderr) == ("1.0\n", "")
