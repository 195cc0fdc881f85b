"""Functions of torch and JAX under gridgrad.autodiff: graphs, transforms, and the refusal of mixed points."""

import numpy as np
import pytest

from gridgrad import autodiff

torch = pytest.importorskip("torch")
jnp = pytest.importorskip("jax.numpy")

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


@pytest.mark.parametrize("n", [2, 3, 4, 5, 9])
def test_mixing_is_seen_on_few_points(n):
    x = torch.linspace(0.5, 1, n)
    for f in (lambda x: x.flip(0), lambda x: x.roll(1), lambda x: x + x[0], lambda x: x - x.mean()):
        with pytest.raises(TypeError, match="mixes mesh points"):
            autodiff.gradient(f, x)


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
