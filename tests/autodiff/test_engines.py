"""torch and JAX coordinates choose their own engine: the traps, each one run; CuPy's dispatch without a GPU."""

import math
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest

import gridgrad as gg
from gridgrad import autodiff
from gridgrad.autodiff._engines import bridge

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")
jnp = jax.numpy

X, Y = np.linspace(-1, 2, 30), np.linspace(0.5, 1.5, 20)


def tensors(dtype=torch.float64):
    return torch.tensor(X, dtype=dtype), torch.tensor(Y, dtype=dtype)


def f(xp):
    return lambda x, y: xp.sin(x) * y**2 + xp.exp(x * y)


EXPECTED = autodiff.gradient(f(np), X, Y)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_torch_tensors_choose_torch(dtype):
    x, y = tensors(dtype)
    mesh = torch.meshgrid(x, y, indexing="ij")  # expanded views
    for coords in ((x, y), mesh):
        for a, b in zip(autodiff.gradient(f(torch), *coords), EXPECTED, strict=True):
            assert isinstance(a, torch.Tensor)
            assert a.dtype == dtype
            assert a.is_contiguous()
            np.testing.assert_allclose(a.numpy(), b, rtol=1e-5 if dtype == torch.float32 else 1e-13)


@pytest.mark.parametrize(
    ("xp", "arrays"), [(torch, tensors), (jnp, lambda: (jnp.asarray(X), jnp.asarray(Y)))]
)
def test_several_orders_share_their_products(xp, arrays):
    calls, coords = [], arrays()
    wanted = [(0, 0), (1, 0), (0, 1), (0, 2), (1, 2)]

    def counted(x, y):
        calls.append(1)
        return f(xp)(x, y)

    alone = [autodiff.derivative(f(xp), *coords, orders=orders) for orders in wanted]
    together = autodiff.derivative(counted, *coords, orders=wanted, check=False)
    assert len(calls) <= 2 * (
        1 + (xp is jnp)
    )  # d/dx d2/dy2, whose parts are d2/dy2, d/dy and the value; and d/dx
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_array_equal(a, b)


def test_networks_are_functions():
    class Product(torch.nn.Module):
        def forward(self, x, y):
            return x * y**2

    x, y = tensors()
    of_x, of_y = gg.gradient(Product(), x, y)
    assert torch.equal(of_x, y.expand(30, 20) ** 2)
    assert torch.equal(of_y, 2 * x[:, None] * y)
    assert torch.equal(gg.gradient(torch.nn.Tanh(), x), autodiff.gradient(torch.tanh, x))
    with pytest.raises(TypeError, match=r"function; give its samples"):
        gg.laplacian(torch.nn.Tanh(), x)


def test_jax_arrays_choose_jax_and_float64_stays_float64():
    for a, b in zip(autodiff.gradient(f(jnp), jnp.array(X), jnp.array(Y)), EXPECTED, strict=True):
        assert isinstance(a, jax.Array)
        assert a.dtype == jnp.float32
        np.testing.assert_allclose(a, b, rtol=2e-5)
    before = jax.config.jax_enable_x64
    for a, b in zip(autodiff.gradient(f(jnp), X, Y, engine="jax"), EXPECTED, strict=True):
        assert type(a) is np.ndarray
        assert a.dtype == np.float64
        np.testing.assert_allclose(a, b, rtol=1e-13)
    assert autodiff.gradient(jnp.sin, 1, engine="jax") == pytest.approx(math.cos(1), rel=1e-15)
    assert autodiff.gradient(jnp.sin, X.astype(np.float32), engine="jax").dtype == np.float32
    assert jax.config.jax_enable_x64 == before
    with jax.enable_x64(True):
        wide = jnp.array(X)
    assert autodiff.gradient(jnp.sin, wide).dtype == np.float64


@pytest.mark.parametrize("engine", ["jet", "torch", "jax"])
def test_explicit_engines_convert_there_and_back(engine):
    function = f({"jet": np, "torch": torch, "jax": jnp}[engine])
    x, y = tensors()
    for coords, kind in (((X, Y), np.ndarray), ((x, y), torch.Tensor), ((X[::-1][::-1], Y), np.ndarray)):
        for a, b in zip(autodiff.gradient(function, *coords, engine=engine), EXPECTED, strict=True):
            assert type(a) is kind
            np.testing.assert_allclose(np.asarray(a), b, rtol=1e-13)
    lap = autodiff.laplacian(function, X, Y, engine=engine)
    np.testing.assert_allclose(lap, autodiff.laplacian(f(np), X, Y), rtol=1e-12)
    value, _ = autodiff.value_and_gradient(function, X, Y, engine=engine)
    np.testing.assert_allclose(value, f(np)(X[:, None], Y), rtol=1e-14)
    assert autodiff.value_and_gradient(lambda x: x**3, 2.0, engine=engine) == (8.0, 12.0)


def test_other_engines_of_torch_and_jax_arrays():
    x, _ = tensors()
    assert isinstance(autodiff.gradient(jnp.sin, x, engine="jax"), torch.Tensor)
    assert isinstance(autodiff.gradient(torch.sin, jnp.array(X), engine="torch"), jax.Array)
    assert isinstance(autodiff.gradient(np.sin, jnp.array(X), engine="jet"), jax.Array)
    with pytest.raises(TypeError, match=r"x\.detach\(\)"):
        autodiff.gradient(np.sin, x.requires_grad_(), engine="jet")
    with pytest.raises(TypeError, match="jax and torch"):
        autodiff.gradient(np.sin, tensors()[0], jnp.array(Y))
    out = torch.empty(30, dtype=torch.float64)
    assert autodiff.gradient(torch.sin, tensors()[0], out=out) is out
    np.testing.assert_allclose(out.numpy(), np.cos(X), rtol=1e-15)
    with pytest.raises(TypeError, match="leave out= away"):
        autodiff.gradient(jnp.sin, jnp.array(X), out=jnp.zeros(30))
    with pytest.raises(ValueError, match="out has shape"):
        autodiff.gradient(torch.sin, tensors()[0], out=torch.empty(3))


@pytest.mark.parametrize("n", [9, 30000])
@pytest.mark.parametrize("name", ["mean", "roll", "cumsum", "softmax", "matmul", "other axis"])
def test_functions_that_mix_points_are_found_by_the_probe(name, n):
    of_torch = {
        "mean": lambda x: x - x.mean(), "roll": lambda x: x.roll(1), "cumsum": lambda x: x.cumsum(0),
        "softmax": lambda x: x.softmax(0), "matmul": lambda x: x * (x @ x), "other axis": lambda x: x.flip(0),
    }[name]  # fmt: skip
    of_jax = {
        "mean": lambda x: x - x.mean(), "roll": lambda x: jnp.roll(x, 1), "cumsum": jnp.cumsum,
        "softmax": jax.nn.softmax, "matmul": lambda x: x * (x @ x), "other axis": lambda x: x[::-1],
    }[name]  # fmt: skip
    x = np.linspace(-1, 1, n)
    for function, c in ((of_torch, torch.tensor(x)), (of_jax, jnp.array(x))):
        with pytest.raises(TypeError, match=r"mixes mesh points.*gg\.autodiff\.dense"):
            autodiff.gradient(function, c)
    autodiff.gradient(of_torch, torch.tensor(x), check=False)


def test_the_probe_sees_mixing_along_the_other_axis_and_passes_elementwise_functions():
    x, y = tensors()
    with pytest.raises(TypeError, match="mixes mesh points"):
        autodiff.gradient(lambda x, y: x * y.sum(), x, y)
    A = torch.rand(30, 20, dtype=torch.float64)
    autodiff.gradient(lambda x, y: A * x + torch.where(y > 1, y.sqrt(), x), x, y)
    big = torch.linspace(0, 1, 300, dtype=torch.float64)
    B = torch.rand(300, 300, dtype=torch.float64)
    np.testing.assert_array_equal(autodiff.gradient(lambda x, y: B * x + y, big, big)[0], B)
    for dtype in (torch.float32, torch.float64):
        x, y = tensors(dtype)
        autodiff.gradient(lambda x, y: 1 / (x * x + 1e-6) - torch.exp(20 * y) * torch.sin(1e3 * x), x, y)


def test_unused_variables_constants_and_integers():
    for xp, c in ((torch, torch.tensor([1, 2])), (jnp, jnp.array([1, 2]))):
        of_x, of_y = autodiff.gradient(lambda x, y: x**2, c, c)
        np.testing.assert_array_equal(np.asarray(of_x), [[2, 2], [4, 4]])
        np.testing.assert_array_equal(np.asarray(of_y), np.zeros((2, 2)))
        np.testing.assert_array_equal(np.asarray(autodiff.gradient(lambda x: 3.0, c)), [0, 0])
        assert "float" in str(autodiff.gradient(xp.sin, c).dtype)
    assert autodiff.gradient(torch.sin, torch.tensor([1, 2])).dtype == torch.float64


def test_complex_values_and_holomorphic_functions():
    z = np.array([0.3 + 1j, -0.4 + 0.2j])
    x, _ = tensors()
    np.testing.assert_allclose(
        autodiff.gradient(lambda x: torch.exp(1j * x), x), 1j * np.exp(1j * X), rtol=1e-14
    )
    np.testing.assert_allclose(
        autodiff.gradient(lambda x: jnp.exp(1j * x), X, engine="jax"), 1j * np.exp(1j * X), rtol=1e-14
    )
    for function, c in (
        (lambda z: z**2, torch.tensor(z)),
        (lambda z: z**2, jnp.array(z)),
        (lambda z: z**2, z),
    ):
        np.testing.assert_allclose(np.asarray(autodiff.gradient(function, c)), 2 * z, rtol=1e-6)
        with pytest.raises(TypeError, match="not holomorphic"):
            autodiff.gradient(lambda z: z.conj() * 2, c)


def test_where_does_not_leak():
    x = torch.tensor([-1.0, 0.0, 4.0])
    np.testing.assert_array_equal(
        autodiff.gradient(lambda x: torch.where(x > 0, x.sqrt(), 0 * x), x), [0, 0, 0.25]
    )


@pytest.mark.parametrize("name", ["if", "math", "numpy"])
def test_untraceable_functions_say_what_to_write(name):
    function = {
        "if": lambda x: x if x > 0 else -x,
        "math": lambda x: math.sin(x),
        "numpy": lambda x: np.sin(x),
    }[name]
    for c in (tensors()[0], jnp.array(X)):
        with pytest.raises(TypeError, match=r"cannot be traced by (torch|jax).*where for `if`"):
            autodiff.gradient(function, c)
    for wrong, library in ((lambda x: torch.sin(x), "Jet"), (lambda x: jnp.sin(x), "JAX")):
        with pytest.raises(TypeError, match=f"does not take gridgrad's jets.*{library}"):
            autodiff.gradient(wrong, X)


def test_under_jax_transformations():
    x = jnp.array(X)
    slope = jax.jit(lambda x: autodiff.gradient(lambda x: jnp.sin(x) ** 2, x))(x)
    np.testing.assert_allclose(slope, np.sin(2 * X), rtol=1e-5, atol=1e-6)


def test_boolean_and_text_coordinates():
    for c in (torch.tensor([True]), jnp.array([True])):
        with pytest.raises(TypeError, match="bool"):
            autodiff.gradient(lambda x: x, c)


class TestMemory:
    """NumPy arrays lend their memory to torch where they may; nobody gets memory that is someone else's."""

    @pytest.mark.parametrize(
        "kind", ["writeable", "strided", "read-only", "backwards", "repeated", "other bytes"]
    )
    def test_numpy_coordinates(self, kind):
        x = np.linspace(0, 1, 12)
        c = {"writeable": x, "strided": x[::2], "read-only": np.array(x), "backwards": x[::-1],
             "repeated": np.broadcast_to(x, (3, 12)), "other bytes": x.astype(">f8")}[kind]  # fmt: skip
        if kind == "read-only":
            c.flags.writeable = False
        lent = bridge.tensor_of(c)
        assert np.may_share_memory(lent.numpy(), c) == (kind in ("writeable", "strided"))
        np.testing.assert_array_equal(lent.numpy(), c)
        before = c.copy()
        points = {"points": True} if c.ndim > 1 else {}
        _, slope = autodiff.value_and_gradient(lambda x: x**2, c, engine="torch", **points)
        np.testing.assert_array_equal(slope, 2 * before)
        np.testing.assert_array_equal(c, before)

    @pytest.mark.parametrize("engine", ["torch", "jax"])
    def test_results_are_the_callers_own(self, engine):
        x = np.linspace(0, 1, 5)
        own = {"torch": torch, "jax": jnp}[engine].asarray(np.ones(5))
        for function in (lambda x: x, lambda x: own):
            value, slope = autodiff.value_and_gradient(function, x, engine=engine)
            value[...] = 7.0
            slope[...] = 8.0
            assert not np.may_share_memory(value, slope)
        np.testing.assert_array_equal(x, np.linspace(0, 1, 5))
        np.testing.assert_array_equal(np.asarray(own), np.ones(5))
        dx, dy = autodiff.gradient(lambda x, y: x + y, x, x.copy(), engine=engine)
        assert not np.may_share_memory(dx, dy)

    def test_jax_memory_is_not_lent_to_torch(self):
        x = jnp.linspace(0, 1, 5)
        slope = autodiff.gradient(lambda x: x**2, x, engine="torch")
        np.testing.assert_allclose(slope, 2 * np.linspace(0, 1, 5), rtol=1e-6)


class Ours(np.ndarray):
    """Host memory that says it is CuPy's; NumPy's DLPack serves it."""

    __module__ = "cupy"
    __cuda_array_interface__ = None  # only asked whether it is there

    @property
    def device(self):
        return SimpleNamespace(id=3)


@pytest.fixture
def cupy(monkeypatch):
    """CuPy's exchange, on the host: what was asked of it, and the streams that torch was put on."""
    fake = SimpleNamespace(
        ndarray=Ours, asked=[], streams=[], pointer=99,
        asnumpy=lambda a: fake.asked.append("asnumpy") or np.array(a),
        asarray=lambda a: fake.asked.append("asarray") or np.array(a).view(Ours),
        from_dlpack=lambda a: fake.asked.append("from_dlpack") or np.from_dlpack(a).view(Ours),
        cuda=SimpleNamespace(get_current_stream=lambda: SimpleNamespace(ptr=fake.pointer)),
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "cupy", fake)
    monkeypatch.setattr(torch.cuda, "ExternalStream", lambda pointer, device: ("external", pointer, device))
    monkeypatch.setattr(torch.cuda, "default_stream", lambda device: ("default", device))

    @contextmanager
    def stream(own):
        fake.streams.append(own)
        yield
        fake.streams.append("left")

    monkeypatch.setattr(torch.cuda, "stream", stream)
    return fake


class TestCupyExchange:
    """CuPy's arrays in engines of other libraries: by DLPack, on the caller's stream; a host array stands in."""

    @pytest.mark.parametrize("pointer", [0, 99])
    def test_torch_on_the_device(self, cupy, monkeypatch, pointer):
        monkeypatch.setattr(bridge, "shares_device", lambda engine: True)
        cupy.pointer = pointer
        x = np.linspace(0, 1, 6).view(Ours)
        places = []

        def function(x):
            places.append(len(cupy.streams))
            return x**2

        lent = bridge.to_engine(x, "cupy", "torch")
        assert np.may_share_memory(lent.numpy(), x)
        value, slope = autodiff.value_and_gradient(function, x, engine="torch")
        assert type(value) is type(slope) is Ours
        np.testing.assert_array_equal(slope, 2 * np.linspace(0, 1, 6))
        assert cupy.asked == ["from_dlpack"] * 2
        assert cupy.streams == [("external", 99, 3) if pointer else ("default", 3), "left"]
        assert set(places) == {1}  # all inside
        value[...] = 0
        np.testing.assert_array_equal(x, np.linspace(0, 1, 6))

    def test_jax_on_the_device(self, cupy, monkeypatch):
        monkeypatch.setattr(bridge, "shares_device", lambda engine: True)
        x = np.linspace(0, 1, 6, dtype=np.float32).view(Ours)
        slope = autodiff.gradient(lambda x: x**2, x, engine="jax")
        assert type(slope) is Ours
        assert cupy.asked == ["from_dlpack"]
        slope[...] += 1  # memory of its own
        np.testing.assert_allclose(slope, 2 * np.linspace(0, 1, 6) + 1, rtol=1e-6)

    @pytest.mark.parametrize("engine", ["torch", "jax"])
    def test_engines_without_a_device_go_through_the_host(self, cupy, engine):
        x = np.linspace(0, 1, 6).view(Ours)
        slope = autodiff.gradient(lambda x: x**2, x, engine=engine)
        assert type(slope) is Ours
        np.testing.assert_allclose(slope, 2 * np.linspace(0, 1, 6), rtol=1e-6)
        assert cupy.asked == ["asnumpy", "asarray"]
        assert cupy.streams == []


class TestCupyDispatch:
    """CuPy calls a hook on unknown operands before it touches a device; the payload here is NumPy's."""

    @pytest.mark.parametrize(
        "name",
        ["sin", "exp", "sqrt", "negative", "power", "hypot", "arctan2", "maximum", "multiply", "true_divide"],
    )
    def test_cupy_ufuncs_reach_the_rules(self, name):
        cupy = pytest.importorskip("cupy")
        function = getattr(cupy, name)
        binary = name in ("power", "hypot", "arctan2", "maximum", "multiply", "true_divide")
        mine = (lambda x: function(x, 0.7)) if binary else function
        plain = (lambda x: getattr(np, name)(x, 0.7)) if binary else getattr(np, name)
        x = np.array([0.4, 1.3])
        np.testing.assert_array_equal(autodiff.gradient(mine, x), autodiff.gradient(plain, x))

    def test_special_functions_where_and_clip(self):
        cupy = pytest.importorskip("cupy")
        special = pytest.importorskip("cupyx.scipy.special")
        x = np.array([0.4, 1.3])
        scipy_special = pytest.importorskip("scipy.special")
        for name in ("erf", "gammaln", "j0"):
            found = autodiff.gradient(getattr(special, name), x)
            np.testing.assert_array_equal(found, autodiff.gradient(getattr(scipy_special, name), x))
        np.testing.assert_array_equal(autodiff.gradient(lambda x: cupy.where(x > 1, x**2, x), x), [1, 2.6])
        np.testing.assert_array_equal(autodiff.gradient(lambda x: cupy.clip(x, 0, 1), x), [1, 0])

    def test_array_namespace(self):
        x = np.array([0.4, 1.3])

        def g(x):
            xp = x.__array_namespace__()
            return xp.asin(x / 2) + xp.pow(x, 2)

        np.testing.assert_allclose(autodiff.gradient(g, x), 1 / np.sqrt(4 - x * x) + 2 * x, rtol=1e-15)
