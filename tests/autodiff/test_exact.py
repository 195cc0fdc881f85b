"""`gradient` of functions: meshes, types, tiles and threads, and what is refused."""

import math
import threading

import numpy as np
import pytest
from scipy import special

from gridgrad import autodiff
from gridgrad._base.checks import UNSET
from gridgrad._grid.asked import Asked
from gridgrad.autodiff._exact import gradient_of
from gridgrad.autodiff._jets import mesh as _mesh


def f(x, y):
    return np.sin(x) * np.exp(-(y**2)) + x * y**2 / (1 + x**2)


def exact(x, y):
    return (
        np.cos(x) * np.exp(-(y**2)) + y**2 * (1 - x**2) / (1 + x**2) ** 2,
        -2 * y * np.sin(x) * np.exp(-(y**2)) + 2 * x * y / (1 + x**2),
    )


def hand_over(
    function, *coords, axis=UNSET, edge_order=1, periodic=False, period=None, out=None, workers=None
):
    """What gridgrad.gradient does with a function."""
    return gradient_of(function, coords, axis, Asked(edge_order, periodic, period), out, workers)


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (300, 301), (3, 70000), (70000, 2)])
@pytest.mark.parametrize("workers", [None, 1, 3])
def test_grids_of_every_form_in_tiles_on_threads(shape, workers):
    x, y = (np.linspace(-2, 3, n) for n in shape)
    X, Y = np.meshgrid(x, y, indexing="ij")
    expected = exact(X, Y)
    for coords in ((x, y), (X, Y), (x[:, None], Y)):
        found = autodiff.gradient(f, *coords, workers=workers)
        for a, b in zip(found, expected, strict=True):
            assert a.shape == shape
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=2e-14)


def test_results_do_not_depend_on_tiles_or_threads(monkeypatch, rng):
    x, y = rng.normal(size=301), rng.normal(size=400)
    whole = autodiff.value_and_gradient(f, x, y, workers=1)
    monkeypatch.setattr(_mesh, "TILE", 999)
    monkeypatch.setattr("gridgrad.autodiff._jets.run.TILE", 999)
    for workers in (1, 2, 5):
        value, slopes = autodiff.value_and_gradient(f, x, y, workers=workers)
        np.testing.assert_allclose(value, whole[0], rtol=4e-16, atol=1e-16)
        for a, b in zip(slopes, whole[1], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-15, atol=1e-15)


def test_all_threads_work():
    seen = set()
    ready = threading.Barrier(3, timeout=10)

    def g(x):
        if threading.get_ident() not in seen:
            seen.add(threading.get_ident())
            ready.wait()
        return x * x

    def first_tile(x):
        return g(x) if ran else x * x

    ran = []
    autodiff.gradient(first_tile, np.zeros(9))
    ran.append(1)
    seen.add(threading.get_ident())
    ready = threading.Barrier(2, timeout=10)
    autodiff.gradient(first_tile, np.zeros(300000), workers=3)
    assert len(seen) == 3


def test_scalars_are_a_point_and_one_coordinate_gives_one_array():
    assert hand_over(lambda x: x**2, 1.0) == 2.0
    assert isinstance(hand_over(lambda x: x**2, 1.0), np.floating)
    assert hand_over(lambda x, y: x * y, 2, 3) == (3.0, 2.0)
    assert hand_over(lambda x: x if x > 0 else -x, -2.0) == -1.0  # one number may be asked
    of_x, of_p = hand_over(lambda x, p: p * x**2, np.array([1, 2]), 10)
    np.testing.assert_array_equal(of_x, [20.0, 40.0])
    np.testing.assert_array_equal(of_p, [1.0, 4.0])
    np.testing.assert_array_equal(hand_over(np.sin, [0.0, 1.0]), np.cos([0.0, 1.0]))


def test_points_keyword_takes_scattered_points():
    x, y = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    of_x, of_y = autodiff.gradient(lambda x, y: x * y, x, y, points=True)
    np.testing.assert_array_equal(of_x, y)
    np.testing.assert_array_equal(of_y, x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble, np.complex64, np.complex128])
def test_types_are_kept(dtype):
    x = np.linspace(0.5, 2, 6).astype(dtype)
    for g in (lambda x: np.sqrt(x) / (1 + 2 * x) ** 3, lambda x: np.where(np.real(x.dtype.type(1)), x, 2.0)):
        assert autodiff.gradient(g, x).dtype == dtype


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, ">i4"])
def test_integers_become_float64(dtype):
    result = autodiff.gradient(lambda x: x**2 + x**-2, np.array([1, 2, 100], dtype))
    assert result.dtype == np.float64
    np.testing.assert_allclose(result, [0.0, 4 - 0.25, 200 - 2e-6], rtol=1e-15)


def test_unused_variables_and_constants_give_zeros_of_full_shape():
    x, y = np.arange(3.0), np.arange(4.0)
    of_x, of_y = autodiff.gradient(lambda x, y: np.sin(x), x, y)
    np.testing.assert_array_equal(of_x, np.cos(x)[:, None] * np.ones(4))
    np.testing.assert_array_equal(of_y, np.zeros((3, 4)))
    for constant in (3, 3.0, np.float64(3)):
        for a in autodiff.gradient(lambda x, y, c=constant: c, x.astype(np.float32), y.astype(np.float32)):
            assert a.shape == (3, 4)
            assert not a.any()
    value, _ = autodiff.value_and_gradient(lambda x, y: 3, x, y)
    np.testing.assert_array_equal(value, np.full((3, 4), 3.0))


def test_several_orders_are_those_of_single_calls(rng):
    def g(x, y):
        return np.sin(x * y) / (1 + y**2)

    def two(x, y):
        return g(x, y), x * x

    wanted = [(0, 0), (2, 1), (0, 1), (0, 0), (3, 0)]
    for x, y in ((rng.random(5), rng.random(4)), (rng.random(300), rng.random(300))):
        found = autodiff.derivative(g, x, y, orders=wanted)
        for a, orders in zip(found, wanted, strict=True):
            np.testing.assert_allclose(a, autodiff.derivative(g, x, y, orders=orders), rtol=1e-12, atol=1e-13)
    rows = autodiff.derivative(two, x, y, orders=[[0, 1], [1, 0]])
    assert [len(row) for row in rows] == [2, 2]
    np.testing.assert_array_equal(rows[1][1], np.broadcast_to(2 * x[:, None], (300, 300)))
    out = np.empty((2, 5))
    given = autodiff.derivative(np.sin, x[:5], orders=[(1,), (0,)], out=out)
    np.testing.assert_array_equal(out, [np.cos(x[:5]), np.sin(x[:5])])
    assert all(np.shares_memory(a, out) for a in given)


def test_no_points_have_no_derivatives():
    x, y = np.empty(0), np.arange(3.0)
    assert autodiff.gradient(np.sin, x).shape == (0,)
    of_x, of_y = autodiff.gradient(lambda x, y: x * y, x, y)
    assert of_x.shape == of_y.shape == (0, 3)


def test_functions_that_need_the_whole_mesh_get_it():
    x, y = np.linspace(0, 1, 320), np.linspace(0, 1, 320)
    A = np.random.default_rng(0).random((320, 320))
    row = np.random.default_rng(0).random(320)
    np.testing.assert_array_equal(autodiff.gradient(lambda x, y: A * x, x, y)[0], A)
    np.testing.assert_array_equal(autodiff.gradient(lambda x, y: x / x.size + y * row, x, y)[0], 1 / 320)
    np.testing.assert_array_equal(autodiff.gradient(lambda x, y: np.where(A > 0.5, x, y), x, y)[0], A > 0.5)
    with pytest.raises(ValueError, match="broadcast"):  # fits some tiles, but not the mesh
        autodiff.gradient(lambda x, y: np.ones((102, 1)) * x, x, y)
    with pytest.raises(ValueError, match="one value for each point"):
        autodiff.gradient(lambda x: x * np.ones((2, 1)), x)
    with pytest.raises(ValueError, match="one value for each point"):
        autodiff.gradient(lambda x: x + np.ones((2, 1)), x)


def test_arrays_that_fit_a_tile_but_not_the_mesh_are_seen():
    x = np.linspace(0, 1, 1024)
    A = np.random.default_rng(0).random((32, 1024))  # the shape of the first tile
    for g in (lambda x, y: A, lambda x, y: (A, x), lambda x, y: np.stack([x, A])):
        with pytest.raises(ValueError, match=r"shape \(32, 1024\) on a mesh of shape \(1024, 1024\)"):
            autodiff.jacobian(g, x, x)
    with pytest.raises(ValueError, match="broadcast"):
        autodiff.gradient(lambda x, y: x * A[:, :1].tolist(), x, x)
    row = np.arange(1024.0)
    value, (of_x, _) = autodiff.value_and_gradient(lambda x, y: row, x, x)
    np.testing.assert_array_equal(value, np.broadcast_to(row, (1024, 1024)))
    assert not of_x.any()


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("late", ["shape", "array", "plain array"])
def test_a_later_tile_may_need_the_whole_mesh(late, workers):
    x, count = np.arange(1024.0), []

    def g(x, y):
        count.append(1)
        if len(count) == 4:
            if late == "shape":
                assert x.shape
            return np.ones((32, 1024)) * (x if late == "array" else 1)
        return x * y

    of_x, of_y = autodiff.gradient(g, x, x, workers=workers)
    np.testing.assert_array_equal(of_x, np.broadcast_to(x, (1024, 1024)))
    np.testing.assert_array_equal(of_y, np.broadcast_to(x[:, None], (1024, 1024)))


def test_out_is_written():
    x, y = np.linspace(0, 1, 300), np.linspace(0, 1, 200)
    X, Y = x[:, None], y[None]
    for out in (np.empty((2, 300, 200)), [np.empty((300, 200)), np.empty((200, 300)).T]):
        found = hand_over(f, x, y, out=out)
        for target, a, b in zip(out, found, exact(X, Y), strict=True):
            assert np.shares_memory(target, a)
            np.testing.assert_allclose(target, b, rtol=1e-13, atol=1e-14)
    same = np.linspace(0, 1, 5)
    locked = np.empty(5)
    locked.flags.writeable = False
    for out, error, match in (
        (np.empty(4), ValueError, r"shape \(4,\)"),
        (np.empty(5, np.float32), TypeError, "float32"),
        (locked, ValueError, "read-only"),
        (same, ValueError, "shares memory with a coordinate"),
        ([np.empty(5)] * 2, ValueError, "length 2"),
    ):
        with pytest.raises(error, match=match):
            hand_over(np.sin, same, out=out)


@pytest.mark.parametrize(
    ("given", "name"),
    [({"edge_order": 2}, "edge_order"), ({"periodic": True}, "periodic"), ({"axis": 0}, "axis"), ({"period": 1.0}, "period")],
)  # fmt: skip
def test_keywords_of_samples_are_refused(given, name):
    with pytest.raises(TypeError, match=f"{name}.* given with a function"):
        hand_over(np.sin, np.arange(3.0), **given)


BAD = {
    "None": (None, TypeError, "coordinate 0 is None"), "text": ("abc", TypeError, "coordinate 0 is a str"),
    "bools": (np.array([True]), TypeError, "dtype bool"), "objects": (np.array([1, None]), TypeError, "dtype object"),
    "dates": (np.array(["2020-01-01"], "M8[D]"), TypeError, "dtype datetime64"),
    "masked": (np.ma.array([1.0]), TypeError, "MaskedArray"),
    "subclass": (np.zeros(2).view(type("Length", (np.ndarray,), {})), TypeError, "Length"),
    "ragged": ([[1.0], [1.0, 2.0]], ValueError, "regular array"), "set": ({1.0}, TypeError, "is a set"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_coordinates(name):
    coordinate, error, match = BAD[name]
    with pytest.raises(error, match=match):
        hand_over(np.sin, coordinate)


def test_bad_calls():
    x = np.arange(3.0)
    for call, error, match in (
        (lambda: hand_over(np.sin), TypeError, "needs coordinates"),
        (lambda: autodiff.gradient(x, x), TypeError, "cannot be called"),
        (
            lambda: autodiff.gradient(np.sin, np.zeros((2, 3)), np.zeros((4, 3))),
            ValueError,
            "do not broadcast",
        ),
        (lambda: autodiff.gradient(np.sin, x, engine="tf"), ValueError, "engine must be one of"),
        (lambda: autodiff.gradient(np.sin, x, workers=0), ValueError, "workers must be at least 1"),
        (lambda: autodiff.gradient(lambda x: (x, x), x), ValueError, "returned 2 outputs"),
        (lambda: autodiff.gradient(lambda x: None, x), TypeError, "returned None"),
        (lambda: autodiff.gradient(lambda x: autodiff.gradient(np.sin, x), x), TypeError, "not nested"),
        (lambda: autodiff.dense(lambda x: autodiff.dense(np.sin, x), x), TypeError, "not nested"),
        (lambda: autodiff.gradient(lambda x: "a", x), TypeError, "returned a str"),
        (lambda: autodiff.gradient(lambda x: 1 // 0, x), ZeroDivisionError, "zero"),
        (lambda: autodiff.gradient(lambda x: x.nonsense, x), AttributeError, "no attribute"),
        (lambda: autodiff.gradient(lambda x, y: x, x), TypeError, "missing 1 required positional"),
    ):
        with pytest.raises(error, match=match):
            call()


COUPLED = {
    "mean": lambda x: x - x.mean(), "np.mean": lambda x: x - np.mean(x), "roll": lambda x: np.roll(x, 1),
    "flip": np.flip, "cumsum": np.cumsum, "matmul": lambda x: np.eye(5) @ x, "rmatmul": lambda x: x @ np.eye(5),
    "dot": lambda x: np.dot(x, x), "sum": lambda x: x / np.sum(x), "reduce": np.add.reduce,
    "accumulate": np.add.accumulate, "outer": lambda x: np.multiply.outer(x, x), "sort": np.sort, "max": lambda x: x / x.max(),
    "index": lambda x: x[::-1], "T": lambda x: x.T, "reshape": lambda x: x.reshape(5, 1), "any": lambda x: x * (x > 0).any(),
    "mean of a mask": lambda x: x * np.mean(x > 0), "norm": np.linalg.norm, "fft": np.fft.fft, "diff": np.diff,
    "gradient": np.gradient, "einsum": lambda x: np.einsum("i,i", x, x), "loop": lambda x: sum(v for v in x),
    "concatenate": lambda x: np.concatenate([x, x]), "stack": lambda x: np.stack([x, x], axis=1), "median": np.median,
}  # fmt: skip


@pytest.mark.parametrize("name", COUPLED)
@pytest.mark.parametrize("n", [5, 70000])
def test_functions_that_mix_points_are_refused(name, n):
    with pytest.raises(TypeError, match=r"not elementwise.*gg\.autodiff\.dense"):
        autodiff.gradient(COUPLED[name], np.linspace(-1, 1, n))


INSTEAD = {
    "if": (lambda x: x if x > 0 else -x, "numpy.where"), "and": (lambda x: np.where(x > 0 and x < 1, x, 0), "&"),
    "chain": (lambda x: np.where(0 < x < 1, x, 0), "chained comparison"),
    "math.sin": (lambda x: math.sin(x), "numpy.sin for math.sin"), "float": (lambda x: float(x), "numpy.sin"),
    "math of a number": (lambda x: math.hypot(x / x, 1), "numpy.sin for math.sin"),
    "sum of a list": (lambda x: np.sum([x, x * x]), r"x [+] y for numpy.sum\(\[x, y\]\)"),
    "norm of a list": (lambda x: np.linalg.norm([x, x]), r"numpy.hypot\(x, y\) for numpy.linalg.norm"),
    "asarray": (lambda x: np.asarray(x) + 1, "numpy.asarray"), "array": (lambda x: np.array([x, x]), "a tuple"),
    "assign": (lambda x: x.__setitem__(0, 1), "numpy.where"), "out": (lambda x: np.sin(x, out=np.zeros(5)), "out="),
    "augmented": (lambda x: np.zeros(5).__iadd__(x), "a = a [+] b"), "where": (lambda x: np.sin(x, where=x > 0), "numpy.where"),
    "no rule": (lambda x: special.struve(0, x), "no derivative rule"), "frexp": (lambda x: np.frexp(x)[0], "no derivative rule"),
    "vectorize": (lambda x: np.vectorize(lambda a: a)(x), "numpy.asarray"),
    "wrapper": (lambda x: special.polygamma(1, x), "numpy.asarray"),
    "own ufunc": (lambda x: np.frompyfunc(lambda a: a, 1, 1)(x), "no derivative rule"),
    "conj": (lambda x: np.conj(x * 1j) + abs(x * 1j) if x.dtype.kind == "c" else 1 // 0, "not holomorphic"),
}  # fmt: skip


@pytest.mark.parametrize("name", INSTEAD)
def test_errors_say_what_to_write_instead(name):
    function, match = INSTEAD[name]
    x = np.linspace(-1, 1, 5) + (0j if name == "conj" else 0)
    with pytest.raises(TypeError, match=match):
        autodiff.gradient(function, x)


def test_nothing_is_printed_or_warned_and_the_callers_error_state_is_kept():
    with np.errstate(all="raise"):
        slope = autodiff.gradient(np.sqrt, np.array([0.0, 1.0]))
        np.testing.assert_array_equal(slope, [np.inf, 0.5])
        assert np.geterr()["divide"] == "raise"


def test_an_error_in_a_thread_reaches_the_caller():
    seen = []

    def g(x):
        seen.append(1)
        if len(seen) > 2:
            raise KeyError("mine")
        return x

    with pytest.raises(KeyError, match="mine"):
        autodiff.gradient(g, np.zeros(400000), workers=2)
    assert len(seen) < 13


class TestMeshes:
    """Arrays of numpy.meshgrid are taken for the axes they repeat, with the same bits."""

    x, y = np.linspace(-2, 2, 300), np.linspace(-1, 3, 200)

    @staticmethod
    def f(x, y):
        return np.sin(x * y) + x / (1 + y**2)

    @pytest.mark.parametrize("indexing", ["ij", "xy"])
    @pytest.mark.parametrize("copy", [True, False])
    def test_same_bits_as_axes(self, indexing, copy):
        mesh = np.meshgrid(self.x, self.y, indexing=indexing, copy=copy)
        axes = autodiff.gradient(self.f, self.x, self.y)
        for got, wanted in zip(autodiff.gradient(self.f, *mesh), axes, strict=True):
            assert np.array_equal(got, wanted if indexing == "ij" else wanted.T)

    def test_one_point_that_differs_is_seen(self):
        X, Y = np.meshgrid(self.x, self.y, indexing="ij")
        X[250, 150] += 0.5
        assert (
            autodiff.gradient(self.f, X, Y)[1][250, 150]
            == autodiff.gradient(self.f, X[250, 150], Y[250, 150])[1]
        )

    def test_minus_zero_is_not_zero(self):
        X, Y = np.zeros((300, 200)), np.ones((300, 200))
        X[7, 7] = -0.0
        slope = autodiff.gradient(lambda x, y: np.arctan2(x, y) + np.copysign(1, x) * x, X, Y)[0]
        assert slope[7, 7] == 0
        assert np.all(np.delete(slope.ravel(), 7 * 200 + 7) == 2)

    def test_a_function_that_asks_for_shapes_gets_the_whole_mesh(self):
        X, Y = np.meshgrid(self.x, self.y, indexing="ij")
        seen = []

        def f(x, y):
            seen.append((type(x).__name__, x.shape))
            return x * y

        assert np.array_equal(autodiff.gradient(f, X, Y)[0], Y)
        assert [shape for kind, shape in seen if kind == "Jet"] == [(300, 200)]


def test_orders_in_an_array():
    x, y = np.linspace(0.5, 1, 4), np.linspace(1, 2, 3)
    value, slope = autodiff.derivative(lambda x, y: x**3 * y, x, y, orders=np.array([[0, 0], [1, 1]]))
    np.testing.assert_allclose(value, x[:, None] ** 3 * y, rtol=1e-15)
    np.testing.assert_allclose(slope, 3 * x[:, None] ** 2 + 0 * y, rtol=1e-15)
    once = autodiff.derivative(lambda x, y: x**3 * y, x, y, orders=np.array([1, 1]))
    assert np.array_equal(once, slope)
