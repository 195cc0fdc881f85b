"""Functions of torch and JAX under gridgrad.autodiff: graphs, transforms, and the refusal of mixed points."""

import numpy as np
import pytest

from gridgrad import autodiff

torch = pytest.importorskip("torch")
jax = pytest.importorskip("jax")
jnp = jax.numpy

X = np.linspace(0.2, 2, 20)


def test_graphs_are_those_the_caller_asked_for():
    weight = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    x = torch.tensor(X)
    slope = autodiff.gradient(lambda x: weight * torch.sin(x), x)
    slope.sum().backward()  # by the function's parameter
    assert weight.grad == pytest.approx(np.cos(X).sum())
    assert x.grad is None
    assert not x.requires_grad
    with torch.no_grad():
        assert not autodiff.gradient(lambda x: weight * torch.sin(x), x).requires_grad
    assert not autodiff.gradient(torch.sin, x).requires_grad
    weight.grad = None
    asking = x.clone().requires_grad_()
    slope = autodiff.gradient(lambda x: weight * torch.sin(x), asking)
    slope.sum().backward()
    np.testing.assert_allclose(asking.grad, -2 * np.sin(X), rtol=1e-14)
    assert weight.grad == pytest.approx(np.cos(X).sum())


def test_a_network_learns_from_its_derivatives():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)).double()
    x = torch.linspace(0, 1, 20, dtype=torch.float64)
    (autodiff.laplacian(lambda x: net(x[..., None])[..., 0], x) ** 2).sum().backward()
    ours = [p.grad.clone() for p in net.parameters() if p.grad is not None]
    net.zero_grad()
    at = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net(at[:, None]).sum(), at, create_graph=True)
    (second,) = torch.autograd.grad(slope.sum(), at, create_graph=True)
    (second**2).sum().backward()
    theirs = [p.grad for p in net.parameters() if p.grad is not None]
    for a, b in zip(ours, theirs, strict=False):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("check", [True, False])
def test_under_transforms_of_torch(check):
    x = torch.linspace(0, 1, 5, dtype=torch.float64)

    def loss(p):
        return (autodiff.gradient(lambda x: p * x**3, x, check=check) ** 2).sum()

    p = torch.tensor(2.0, dtype=torch.float64)
    expected = 2 * p * ((3 * x**2) ** 2).sum()
    torch.testing.assert_close(torch.func.grad(loss)(p), expected)
    torch.testing.assert_close(torch.func.vmap(torch.func.grad(loss))(p[None]), expected[None])
    ones = torch.ones(2, dtype=torch.float64)
    slope = torch.func.jacfwd(lambda a: autodiff.gradient(lambda x: x**3, a, check=check))(ones)
    torch.testing.assert_close(slope, 6 * torch.eye(2, dtype=torch.float64))


@pytest.mark.parametrize("f", [
    lambda x: x**4 + x.mean(), lambda x: x + 2e-4 * x.sum() / 10, lambda x: x - x.mean(), lambda x: x.cumsum(0),
], ids=["large", "little", "mean", "cumsum"])  # fmt: skip
@pytest.mark.parametrize(
    "kind", ["torch float32", "torch float64", "torch bfloat16", "jax float32", "jax bfloat16"]
)
def test_mixing_is_seen_at_any_size(f, kind):
    library, dtype = kind.split()
    x = torch.linspace(0, 20, 50) if library == "torch" else jnp.linspace(0, 20, 50)
    x = x.to(getattr(torch, dtype)) if library == "torch" else x.astype(dtype)
    with pytest.raises(TypeError, match="mixes mesh points"):
        autodiff.gradient(f, x)
    found = autodiff.gradient(lambda x: x * x - 7 * x, x)  # cancels somewhere
    assert str(found.dtype).endswith(dtype)


MIXING = {
    "first": lambda x: (x - x[0]).sin(), "last": lambda x: x - x[-1], "times first": lambda x: x * x[0],
    "scaled": lambda x: ((x - x.min()) / (x.max() - x.min())) ** 2, "max": lambda x: x / x.max(), "median": lambda x: x * x.median(),
    "boundary": lambda x: torch.cat([x[1:2], x[1:]]), "flip": lambda x: x.flip(0), "roll": lambda x: x.roll(1),
    "sum": lambda x: x + 1e-3 * x.sum(), "norm": lambda x: x / x.norm(), "one": lambda x: x * x[len(x) // 2],
    "mean": lambda x: x - x.mean(), "softmax": lambda x: x.softmax(0), "plus first": lambda x: x + x[0],
}  # fmt: skip


@pytest.mark.parametrize("name", MIXING)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("n", [2, 3, 9, 33, 100, 5000, 20000])
def test_a_point_that_moves_others_is_seen(name, dtype, n):
    if name == "scaled" and n == 2:
        return  # 0 and 1, whatever the points are
    x = torch.linspace(0.1, 1, n, dtype=torch.float64).to(dtype)
    with pytest.raises(TypeError, match="mixes mesh points"):
        autodiff.gradient(MIXING[name], x)


def test_a_point_that_moves_others_is_seen_by_jax():
    x = jnp.linspace(0.1, 1, 100)
    for f in (
        lambda x: jnp.sin(x - x[0]), lambda x: (x - x.min()) / (x.max() - x.min()), lambda x: x / x.max(),
        lambda x: x.at[0].set(x[1]),
    ):  # fmt: skip
        with pytest.raises(TypeError, match="mixes mesh points"):
            autodiff.gradient(f, x)


@pytest.mark.parametrize("n", [2, 5, 50, 200])
def test_a_transposed_mesh_is_seen(n):
    x = torch.linspace(0.1, 1, n, dtype=torch.float64)
    for coords in ((x, x), torch.meshgrid(x, x, indexing="ij")):
        for f in (lambda x, y: (x * y**2).T, lambda x, y: x * y - (x * y)[0, 0]):
            with pytest.raises(TypeError, match="mixes mesh points"):
                autodiff.gradient(f, *coords)
    with pytest.raises(TypeError, match="mixes mesh points"):
        autodiff.laplacian(lambda x, y, z: (x * y**2 * z).transpose(0, 1), *[x[:20]] * 3)


ELEMENTWISE = {
    "cancels": lambda xp, x, y: xp.sin(x) ** 2 + xp.cos(x) ** 2 + y, "all cancels": lambda xp, x, y: (x * y + 1e6) - 1e6 - x * y,
    "noise": lambda xp, x, y: xp.log(xp.exp(x)) - x + 0 * y, "poles": lambda xp, x, y: 1 / (x * y) + xp.tan(9 * x),
    "steps": lambda xp, x, y: xp.where(x > y, xp.floor(5 * x), y * x), "tails": lambda xp, x, y: xp.exp(-(x**2) * 99) + xp.tanh(50 * y),
    "ties": lambda xp, x, y: xp.maximum(abs(x), abs(y)) * xp.sign(x), "roots": lambda xp, x, y: xp.sqrt(x * y) ** 3,
}  # fmt: skip


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("library", ["torch", "jax"])
def test_elementwise_functions_pass_whatever_cancels_in_them(name, library):
    for n in (1, 2, 7, 101) if library == "torch" else (41,):
        for dtype in ("float64", "float32", "bfloat16", "float16") if library == "torch" else ("float32",):
            x = np.linspace(-2, 3, n)
            if library == "torch":
                coords = [torch.tensor(a).to(getattr(torch, dtype)) for a in (x, x[::-1] * 0.7)]
            else:
                coords = [jnp.asarray(a, dtype) for a in (x, x[::-1] * 0.7)]
            xp = torch if library == "torch" else jnp
            autodiff.gradient(lambda x, y: ELEMENTWISE[name](xp, x, y), *coords)  # noqa: B023


@pytest.mark.parametrize("name", ["detach", "data", "numbers", "tolist", "floats"])
def test_a_function_that_torch_lost_track_of_is_refused(name):
    f = {
        "detach": lambda x: x.detach() ** 2, "data": lambda x: x.data**2, "numbers": lambda x: torch.asarray(x.tolist()) ** 2,
        "tolist": lambda x: torch.tensor(x.tolist()) ** 2, "floats": lambda x: torch.stack([torch.tensor(float(v) ** 2) for v in x]),
    }[name]  # fmt: skip
    x = torch.linspace(0.1, 0.9, 5, dtype=torch.float64)
    with pytest.raises(TypeError, match="carries no derivative from coordinate 0"):
        autodiff.gradient(f, x)
    if name in ("detach", "data"):
        with pytest.raises(TypeError, match="carries no derivative from coordinate 1"):
            autodiff.gradient(lambda y, x: f(x) * y, x, x)


@pytest.mark.filterwarnings("ignore:Dynamo does not know")  # where it hands over to Python, to look at values
def test_under_torch_compile():
    x = torch.linspace(0.1, 1, 40, dtype=torch.float64)
    compiled = torch.compile(lambda x: autodiff.gradient(lambda x: torch.sin(x) ** 2, x), backend="eager")
    torch.testing.assert_close(compiled(x), torch.sin(2 * x))


def test_a_function_that_does_not_depend_or_jumps_keeps_its_zeros():
    x = torch.linspace(-1, 2, 7, dtype=torch.float64)
    table = torch.tensor([1.0, 5.0, 7.0], dtype=torch.float64)
    for f in (
        lambda x: x.long() * 2.0, lambda x: (x > 0.5).double(), lambda x: (x == 0.5).double(), torch.sign, torch.floor,
        lambda x: table[x.abs().long()], lambda x: torch.zeros_like(x), lambda x: x.detach() * 0 + 3, lambda x: torch.tensor(3.0),
    ):  # fmt: skip
        assert not autodiff.gradient(f, x).any()
    found = autodiff.gradient(lambda x: x * x.detach(), x)  # torch's own idiom for what is to be constant
    torch.testing.assert_close(found, x, rtol=0, atol=0)


@pytest.mark.parametrize("name", ["bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "modified_bessel_i0", "modified_bessel_k1",
                                  "scaled_modified_bessel_k0", "spherical_bessel_j0", "airy_ai"])  # fmt: skip
def test_functions_that_torch_has_no_derivative_of(name):
    special = pytest.importorskip("scipy.special")
    f = getattr(torch.special, name)
    x = torch.linspace(0.1, 0.9, 5, dtype=torch.float64)
    for g in (f, lambda x: x * f(x), lambda x: x + f(2 * x)):
        with pytest.raises(TypeError, match=f"no derivative of torch.special.{name}.*engine='jet'"):
            autodiff.gradient(g, x)
    autodiff.gradient(lambda x: x * f(torch.tensor(2.0)), x)  # of a constant
    remedy = {"bessel_j0": special.j0, "bessel_j1": special.j1, "modified_bessel_i0": special.i0}.get(name)
    if remedy is not None:
        found = autodiff.gradient(remedy, x, engine="jet")
        assert isinstance(found, torch.Tensor)
        step = (f(x + 1e-6) - f(x - 1e-6)) / 2e-6
        torch.testing.assert_close(found, step, rtol=1e-8, atol=1e-9)


QUOTIENTS = {
    "quotient": lambda a, b: -a / b, "reciprocal": lambda a, b: 1 / b, "power": lambda a, b: b**-1 + 0 * a,
    "jitted": lambda a, b: jax.jit(lambda a, b: a / b)(a, b), "jnp": lambda a, b: jnp.divide(a, b) + jnp.where(a > 9, a, 0),
    "by numbers": lambda a, b: a / 3 / b * 2,
}  # fmt: skip


@pytest.mark.parametrize("name", QUOTIENTS)
@pytest.mark.parametrize("jitted", [False, True])
def test_quotients_of_jax_arrays_far_from_1(name, jitted):
    f = QUOTIENTS[name]
    b = np.float32([1e-30, 1e-21, 1e-10, 1, 1e10, 1e19, 1e20, 1e25, 1e30])
    slopes = lambda b: autodiff.gradient(f, b, b, points=True)  # noqa: E731
    found = (jax.jit(slopes) if jitted else slopes)(jnp.asarray(b))
    factor = {
        "quotient": (-1, 1),
        "reciprocal": (0, -1),
        "power": (0, -1),
        "by numbers": (2 / 3, -2 / 3),
    }.get(name, (1, -1))
    wide = b.astype(float)
    top = 1 / wide**2 if name in ("reciprocal", "power") else 1 / wide
    extra = wide > 9 if name == "jnp" else 0
    with np.errstate(over="ignore", under="ignore"):
        np.testing.assert_allclose(found[0], (factor[0] / wide + extra).astype(np.float32), rtol=1e-6)
        np.testing.assert_allclose(found[1], (factor[1] * top).astype(np.float32), rtol=1e-6, atol=2e-38)


def test_careful_division_leaves_everything_else_as_it_is():
    x = jnp.linspace(0.1, 1, 40)
    scan = lambda x: jax.lax.scan(lambda c, _: (c / (1 + x), None), x, None, length=3)[0]  # noqa: E731
    custom = jax.nn.relu
    for f in (
        lambda x: jnp.sin(x) / x, scan, lambda x: custom(x) / 2, lambda x: jax.checkpoint(lambda x: x / (1 + x))(x),
        lambda x: jax.nn.softplus(x) / jnp.cosh(x), lambda x: jax.lax.cond(True, lambda x: x / 2, lambda x: x, x),
        lambda x: (x, 1 / x)[1], jax.jit(lambda x: jax.jit(jnp.tanh)(x) / (x + 1)), lambda x: jnp.exp(1j * x) / x,
    ):  # fmt: skip
        want = jax.jvp(f, (x,), (jnp.ones_like(x),))[1]
        np.testing.assert_allclose(autodiff.gradient(f, x), want, rtol=2e-5, atol=1e-6)
    assert (
        autodiff.gradient(lambda x: x / 2 if x > 0 else -x, jnp.float32(2.0)) == 0.5
    )  # one number may be asked


def test_functions_that_change_their_argument_are_refused_and_nothing_is_changed():
    x = torch.linspace(0, 1, 5)
    before = x.clone()
    with pytest.raises(TypeError, match="changes its argument 0 in place"):
        autodiff.gradient(lambda x: x.mul_(2), x)
    assert torch.equal(x, before)
    a = np.linspace(0, 1, 5)
    with pytest.raises(TypeError, match="in place"):
        autodiff.gradient(lambda x: x.add_(1), a, engine="torch")
    assert np.array_equal(a, np.linspace(0, 1, 5))


def test_another_shape_and_sparse_coordinates_have_their_messages():
    with pytest.raises(
        ValueError, match=r"output 0 of the function has shape \(5, 4, 1\) on a mesh of shape \(5, 4\)"
    ):
        autodiff.gradient(lambda x, y: (x * y)[..., None], torch.ones(5), torch.ones(4))
    with pytest.raises(TypeError, match="sparse tensor"):
        autodiff.gradient(lambda x: x * x, torch.ones(5).to_sparse())
