"""Taylor series of torch functions: closed forms, torch.autograd.grad, and what has no rule is differentiated as before."""

import numpy as np
import pytest

import gridgrad as gg
from gridgrad import autodiff

torch = pytest.importorskip("torch")
series = pytest.importorskip("gridgrad.autodiff._torch_series.run")

ORDERS = [(0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2), (3, 0), (1, 2), (2, 2), (4, 0)]


@pytest.fixture
def points():
    torch.manual_seed(3)
    return torch.rand(7, dtype=torch.float64) - 0.5, torch.rand(7, dtype=torch.float64) - 0.5


@pytest.fixture
def passes(monkeypatch):
    """Whether each call was made by series."""
    found, own = [], series.expanded
    engine = autodiff._evaluate.backend_of("torch")
    monkeypatch.setattr(engine, "expanded", lambda *a: found.append(own(*a)) or found[-1])
    return lambda: [result is not None for result in found]


def by_reverse(f, t, x, order):
    """By torch.autograd.grad, again and again."""
    t, x = t.clone().requires_grad_(), x.clone().requires_grad_()
    value = f(t, x)
    for c, times in ((t, order[0]), (x, order[1])):
        for _ in range(times):
            (slope,) = torch.autograd.grad(value.sum(), c, create_graph=True, allow_unused=True)
            value = torch.zeros_like(t) if slope is None else slope
            if not value.requires_grad:
                value = value + 0 * c
    return value


def network(activation):
    torch.manual_seed(0)
    layers = [torch.nn.Linear(2, 6), activation, torch.nn.Linear(6, 6), activation, torch.nn.Linear(6, 1)]
    net = torch.nn.Sequential(*layers).double()
    return net, lambda t, x: net(torch.stack(torch.broadcast_tensors(t, x), -1))[..., 0]


FUNCTIONS = {
    "tanh": network(torch.nn.Tanh())[1],
    "sigmoid": network(torch.nn.Sigmoid())[1],
    "silu": network(torch.nn.SiLU())[1],
    "waves": lambda t, x: torch.sin(3 * t - x) * torch.cos(t * x) + (1 - t).exp(),
    "arithmetic": lambda t, x: (2 - t) * x**3 / 4 - (-x).square() * t + (1 + t * t) ** 2,
    "matmul": lambda t, x: (torch.cat([t[:, None], x.unsqueeze(-1)], 1) @ torch.eye(2).double()).tanh()[:, 1] * t,
    "shapes": lambda t, x: torch.stack([t, x, t * x]).reshape(3, -1).sin()[2].flatten() + t.expand(7),
    "one alone": lambda t, x: torch.tanh(2 * x),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_is_what_autograd_gives(name, points, passes):
    f = FUNCTIONS[name]
    found = autodiff.derivative(f, *points, orders=ORDERS, points=True)
    assert passes() == [True]
    for order, a in zip(ORDERS, found, strict=True):
        expected = by_reverse(f, *points, order).detach()
        torch.testing.assert_close(a.detach(), expected, rtol=1e-12, atol=1e-12)
    assert torch.equal(found[0], f(*points))  # the bits of the function


def test_closed_forms_on_open_axes(passes):
    t, x = torch.linspace(0, 1, 4, dtype=torch.float64), torch.linspace(-1, 1, 5, dtype=torch.float64)
    found = autodiff.derivative(
        lambda t, x: torch.exp(2 * t) * torch.sin(3 * x), t, x, orders=[(2, 1), (0, 4), (1, 1)]
    )
    e, s, c = np.exp(2 * t.numpy())[:, None], np.sin(3 * x.numpy()), np.cos(3 * x.numpy())
    for a, b in zip(found, (4 * e * 3 * c, 81 * e * s, 2 * e * 3 * c), strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-13, atol=1e-13)
    laplacian = gg.autodiff.laplacian(lambda t, x: t**3 * x + torch.sin(x), t, x)
    np.testing.assert_allclose(
        laplacian.numpy(), 6 * t.numpy()[:, None] * x.numpy() - np.sin(x.numpy()), rtol=1e-13
    )
    assert passes() == [True, True]


def test_parameters_are_trained_by_the_same_slopes(points, passes):
    net, u = network(torch.nn.Tanh())

    def loss(v, vt, vx, vxx):
        return ((vt + v * vx - 0.01 * vxx) ** 2).mean()

    orders = [(0, 0), (1, 0), (0, 1), (0, 2)]
    own = loss(*autodiff.derivative(u, *points, orders=orders, points=True, check=False))
    other = loss(*(by_reverse(u, *points, order) for order in orders))
    for a, b in zip(
        *(torch.autograd.grad(one, net.parameters(), allow_unused=True) for one in (own, other)), strict=True
    ):
        assert (a is None and b is None) or torch.allclose(a, b, rtol=1e-11, atol=1e-14)
    assert passes() == [True]


def test_products_with_vectors(points, passes):
    _, u = network(torch.nn.Tanh())
    t, x = points
    v = torch.linspace(1, 2, 7, dtype=torch.float64)
    along = autodiff.directional(u, (t, x), (v, 2.0), points=True)
    torch.testing.assert_close(along, v * by_reverse(u, t, x, (1, 0)) + 2 * by_reverse(u, t, x, (0, 1)))
    assert passes() == [True]


class Turned(torch.autograd.Function):
    """A derivative of its own."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x):
        return x * 1.0

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, g):
        return -g

    @staticmethod
    def jvp(ctx, tangent):
        return -tangent


@pytest.mark.parametrize(
    "f",
    [
        lambda t, x: torch.where(x > 0, x * t, t),
        lambda t, x: torch.nn.functional.gelu(t) * x,
        lambda t, x: x / (2 + t),
        lambda t, x: (t * x) ** 2.5 if isinstance(t, int) else t * x,
        lambda t, x: Turned.apply(t) * x,
        lambda t, x: torch.add(t, x, alpha=3),
        lambda t, x: torch.mul(t, x, out=None),
    ],
    ids=["where", "gelu", "quotient", "branch", "own derivative", "alpha", "out"],
)
def test_what_has_no_rule_is_differentiated_as_before(f, points):
    for order in ((1, 0), (0, 1), (1, 1)):
        a = autodiff.derivative(f, *points, orders=order, points=True, check=False)
        torch.testing.assert_close(a, by_reverse(f, *points, order).detach())


def test_facts_of_a_tensor(points, passes):
    def f(t, x):
        assert (t.ndim, t.dtype, t.shape, t.dim(), t.size(0)) == (1, torch.float64, (7,), 1, 7)
        return t * x

    assert torch.equal(autodiff.gradient(f, *points, points=True)[0], points[1])
    assert passes() == [True]


def test_a_function_that_computes_something_else_of_series(points, passes):
    def f(t, x):
        return t * x if isinstance(t, torch.Tensor) else t + x

    assert torch.equal(autodiff.gradient(f, *points, points=True)[0], points[1])
    assert passes() == [False]


def test_changes_in_place_and_points_that_mix_are_still_refused(points):
    def changed(t, x):
        t += 1
        return t * x

    with pytest.raises(TypeError, match="in place"):
        autodiff.gradient(changed, *points, points=True)
    with pytest.raises(TypeError, match="mixes mesh points"):
        autodiff.gradient(lambda t, x: t[[1, 0, 2, 3, 4, 5, 6]] * x, *points, points=True)
    with pytest.raises(TypeError, match="mixes mesh points"):
        autodiff.gradient(
            lambda t, x: (torch.stack([t, x]) @ torch.ones(7, 7).double())[1], *points, points=True
        )


def test_a_compiled_network(points):
    net, u = network(torch.nn.Tanh())
    quick = torch.compile(net, backend="eager")
    found = autodiff.laplacian(
        lambda t, x: quick(torch.stack([t, x], -1))[..., 0], *points, points=True, check=False
    )
    torch.testing.assert_close(found, autodiff.laplacian(u, *points, points=True, check=False))
