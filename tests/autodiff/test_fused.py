"""Second-order series in one node of torch's graph: its way back against that of torch's own operations, and numerically."""

import pytest

from gridgrad import autodiff

torch = pytest.importorskip("torch")
fused = pytest.importorskip("gridgrad.autodiff._torch_series.fused")
series = pytest.importorskip("gridgrad.autodiff._torch_series.series")

LAPLACIAN = [(0, 0), (1, 0), (2, 0), (0, 2)]  # no mixed one
HESSIAN = [(0, 0), (0, 1), (2, 0), (1, 1), (0, 2)]


@pytest.fixture
def nodes(monkeypatch):
    """How many nodes were made."""
    found, own = [], fused.Second.apply
    monkeypatch.setattr(fused.Second, "apply", lambda *a: found.append(1) or own(*a))
    return found


def network(activation):
    torch.manual_seed(0)
    layers = [torch.nn.Linear(2, 5), activation, torch.nn.Linear(5, 4), activation, torch.nn.Linear(4, 1)]
    net = torch.nn.Sequential(*layers).double()
    return list(net.parameters()), lambda t, x: net(torch.stack(torch.broadcast_tensors(t, x), -1))[..., 0]


def by_hand(u, t, x, orders):
    t, x = t.clone().requires_grad_(), x.clone().requires_grad_()
    for order in orders:
        value = u(t, x)
        for c, times in ((t, order[0]), (x, order[1])):
            for _ in range(times):
                (value,) = torch.autograd.grad(value.sum(), c, create_graph=True)
        yield value


def loss_of(derivatives):
    return sum(((k + 1) * d**2).mean() for k, d in enumerate(derivatives))


@pytest.mark.parametrize("orders", [LAPLACIAN, HESSIAN], ids=["laplacian", "hessian"])
@pytest.mark.parametrize("activation", [torch.nn.Tanh(), torch.nn.Sigmoid()], ids=["tanh", "sigmoid"])
def test_slopes_by_weights_are_those_of_nested_reverse_mode(activation, orders, nodes):
    weights, u = network(activation)
    t, x = torch.rand(2, 6, dtype=torch.float64)
    loss = loss_of(autodiff.derivative(u, t, x, orders=orders, points=True, check=False))
    assert nodes == [1]  # the first function has no second coefficients to read
    expected = torch.autograd.grad(loss_of(by_hand(u, t, x, orders)), weights, allow_unused=True)
    for a, b in zip(torch.autograd.grad(loss, weights, allow_unused=True), expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-11, atol=1e-12)


def test_values_have_the_bits_of_the_operations(nodes, monkeypatch):
    _, u = network(torch.nn.Tanh())
    t, x = torch.rand(2, 6, dtype=torch.float64)
    call = lambda: autodiff.derivative(u, t, x, orders=HESSIAN, points=True, check=False)  # noqa: E731
    found = call()
    monkeypatch.setattr(series, "_in_one_node", lambda *a: None)
    assert nodes == [1]
    assert all(torch.equal(a, b) for a, b in zip(found, call(), strict=True))
    assert nodes == [1]


def test_slopes_have_slopes(nodes):
    """A penalty on the slopes by the weights, as in second-order training."""
    weights, u = network(torch.nn.Tanh())
    t, x = torch.rand(2, 6, dtype=torch.float64)

    def penalty(derivatives):
        found = torch.autograd.grad(loss_of(derivatives), weights, create_graph=True, allow_unused=True)
        return sum((g**2).sum() for g in found if g is not None)

    own = penalty(autodiff.derivative(u, t, x, orders=HESSIAN, points=True, check=False))
    assert nodes == [1]
    other = penalty(by_hand(u, t, x, HESSIAN))
    torch.testing.assert_close(own, other, rtol=1e-11, atol=0)
    for a, b in zip(*(torch.autograd.grad(p, weights[:-1]) for p in (own, other)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-11)


def composed(x, slope, bend):
    return series.composed(x, x.value, [(slope, 1.0), (bend, -0.5)])


@pytest.mark.parametrize("others", [(3,), (5, 4), (3, 4, 5)])
def test_numerically(others, nodes):
    """Where the input has fewer second coefficients than come out, or has them in another order."""
    algebra = autodiff._jets.algebra.algebra_for([(2, 0), (1, 1), (0, 2)], 2)
    torch.manual_seed(1)
    tensors = [torch.rand(n, 3, 2, dtype=torch.float64, requires_grad=True) for n in (2, len(others), 1, 1)]

    def call(first, second, slope, bend):
        x = series.Series(slope[0].detach(), {1: ((1, 2), first), 2: (others, second)}, algebra)
        return [stack for _, stack in composed(x, slope[0], bend[0]).parts.values()]

    assert torch.autograd.gradcheck(call, tensors)
    assert nodes
    assert torch.autograd.gradgradcheck(call, tensors)
    _, second = call(*tensors)
    batch = torch.rand(4, *second.shape, dtype=torch.float64)
    many = torch.autograd.grad(second, tensors, batch, is_grads_batched=True, retain_graph=True)
    for k, own in enumerate(batch):
        for a, b in zip(many, torch.autograd.grad(second, tensors, own, retain_graph=True), strict=True):
            torch.testing.assert_close(a[k], b, rtol=1e-13, atol=1e-14)


def test_transforms_and_forward_mode_keep_to_operations(nodes):
    t = torch.rand(6, dtype=torch.float64)

    def second(w):
        f = lambda t: torch.tanh(w * torch.tanh(w * t))  # noqa: E731
        return autodiff.derivative(f, t, orders=[(2,)], points=True, check=False)[0].sum()

    w = torch.tensor(0.7, dtype=torch.float64)
    _, found = torch.func.jvp(second, (w,), (torch.ones_like(w),))
    assert nodes == []
    expected = torch.autograd.functional.jacobian(second, w)
    assert nodes == [1]
    torch.testing.assert_close(found, expected, rtol=1e-13, atol=0)
    torch.testing.assert_close(torch.func.grad(second)(w), expected, rtol=1e-13, atol=0)
    assert nodes == [1]
