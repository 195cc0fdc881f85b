"""What benchmarks/autodiff.py measures: exact derivatives of a function, and backward passes through differences."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from operator_rows import Contender, Goal, Makers, Row
from peers import Skip, need

import gridgrad as gg
from gridgrad import autodiff


def f(xp: Any) -> Any:
    """The function, in the words of one library."""
    return lambda x, y: xp.sin(x) * xp.exp(-(y**2)) + x * y**2 / (1 + x**2)


def exact_gradient(x: Any, y: Any) -> np.ndarray:
    e, q = np.exp(-(y**2)), 1 + x**2
    return np.array([np.cos(x) * e + y**2 * (1 - x**2) / q**2, -2 * y * np.sin(x) * e + 2 * x * y / q])


def exact_laplacian(x: Any, y: Any) -> np.ndarray:
    e, q = np.exp(-(y**2)), 1 + x**2
    return np.sin(x) * e * (4 * y**2 - 3) + y**2 * (2 * x**3 - 6 * x) / q**3 + 2 * x / q


def axes_of(sides: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    """The axes, and the mesh that they make."""
    x, y = np.linspace(-2, 2, sides[0]), np.linspace(-1, 3, sides[1])
    return x, y, *np.meshgrid(x, y, indexing="ij")


def torch_on(threads: int) -> Any:
    torch = need("torch")
    torch.set_num_threads(threads)
    return torch


def partials(sides: tuple[int, ...], workers: int, threads: int) -> Makers:
    x, y, X, Y = axes_of(sides)
    exact, out = exact_gradient(X, Y), np.empty((2, *sides))

    def forward(full: bool) -> Contender:
        torch = torch_on(threads)
        a, b = (torch.tensor(c) for c in ((X, Y) if full else (x[:, None], y[None])))
        g, jvp = f(torch), torch.func.jvp

        def both() -> Any:
            return [jvp(lambda a: g(a, b), (a,), (torch.ones_like(a),))[1],
                    jvp(lambda b: g(a, b), (b,), (torch.ones_like(b),))[1]]  # fmt: skip

        return Contender(both, exact, _stacked)

    def reverse() -> Contender:
        torch = torch_on(threads)
        a, b = torch.tensor(X), torch.tensor(Y)

        def both() -> Any:
            value, back = torch.func.vjp(f(torch), a, b)
            return back(torch.ones_like(value))

        return Contender(both, exact, _stacked)

    def compiled() -> Contender:
        if sides[0] < 100:
            raise Skip("compiling takes longer than a quick look may")
        torch = torch_on(threads)
        a, b = torch.tensor(X), torch.tensor(Y)

        @torch.compile
        def both(a: Any, b: Any) -> Any:
            value, back = torch.func.vjp(f(torch), a, b)
            return back(torch.ones_like(value))

        return Contender(lambda: both(a, b), exact, _stacked)

    def jitted() -> Contender:
        jax = need("jax")
        jax.config.update("jax_enable_x64", True)
        slopes = jax.grad(f(jax.numpy), (0, 1))
        both = jax.jit(jax.vmap(jax.vmap(slopes, (None, 0)), (0, None)))
        a, b = jax.numpy.array(x), jax.numpy.array(y)
        return Contender(lambda: jax.block_until_ready(both(a, b)), exact, _stacked)

    def hips() -> Contender:
        both = need("autograd").elementwise_grad(f(need("autograd.numpy")), (0, 1))
        return Contender(lambda: both(X, Y), exact, _stacked)

    makers: Makers = {
        "gridgrad": lambda: Contender(lambda: autodiff.gradient(f(np), x, y, workers=threads), exact, _stacked),
        "gridgrad, `out=`": lambda: Contender(lambda: autodiff.gradient(f(np), x, y, out=out, workers=threads), exact, _stacked),
        "gridgrad, full mesh": lambda: Contender(lambda: autodiff.gradient(f(np), X, Y, workers=threads), exact, _stacked),
        "torch.func.jvp, open mesh": partial(forward, False),
        "torch.func.jvp": partial(forward, True),
        "torch.func.vjp": reverse,
        "HIPS autograd": hips,
    }  # fmt: skip
    # XLA takes all CPUs whatever is asked.
    return makers | ({"torch.compile": compiled, "jax.jit": jitted} if threads > 1 else {})


def laplacians(sides: tuple[int, ...], workers: int, threads: int) -> Makers:
    x, y, X, Y = axes_of(sides)
    exact = exact_laplacian(X, Y)

    def forward() -> Contender:
        torch = torch_on(threads)
        a, b = torch.tensor(x[:, None]), torch.tensor(y[None])
        g, jvp = f(torch), torch.func.jvp

        def second(h: Any, c: Any) -> Any:
            return jvp(lambda c: jvp(h, (c,), (torch.ones_like(c),))[1], (c,), (torch.ones_like(c),))[1]

        return Contender(lambda: second(lambda a: g(a, b), a) + second(lambda b: g(a, b), b), exact)

    def reverse() -> Contender:
        torch = torch_on(threads)
        grad = torch.autograd.grad

        def twice() -> Any:
            a, b = torch.tensor(X, requires_grad=True), torch.tensor(Y, requires_grad=True)
            of_a, of_b = grad(f(torch)(a, b).sum(), (a, b), create_graph=True)
            return grad(of_a.sum(), a, retain_graph=True)[0] + grad(of_b.sum(), b)[0]

        return Contender(twice, exact)

    def jitted() -> Contender:
        jax = need("jax")
        jax.config.update("jax_enable_x64", True)
        g = f(jax.numpy)
        both = jax.jit(jax.vmap(jax.vmap(lambda x, y: jax.grad(jax.grad(g))(x, y) + jax.grad(jax.grad(g, 1), 1)(x, y), (None, 0)), (0, None)))  # fmt: skip
        a, b = jax.numpy.array(x), jax.numpy.array(y)
        return Contender(lambda: jax.block_until_ready(both(a, b)), exact)

    makers: Makers = {
        "gridgrad": lambda: Contender(lambda: autodiff.laplacian(f(np), x, y, workers=threads), exact),
        "gridgrad, full mesh": lambda: Contender(lambda: autodiff.laplacian(f(np), X, Y, workers=threads), exact),
        "torch, jvp of jvp": forward,
        "torch, grad of grad": reverse,
    }  # fmt: skip
    return makers | ({"jax.jit": jitted} if threads > 1 else {})


def backward(sides: tuple[int, ...], workers: int, by_coordinates: bool = False) -> Makers:
    """float32: both derivatives are there; what is timed is the way back."""
    rng = np.random.default_rng(9)
    samples, *weights = rng.random((3, *sides), dtype=np.float32)
    axes = [np.cumsum(rng.uniform(0.5, 1.5, n)).astype(np.float32) for n in sides]
    reference = gg.Grid(*axes if by_coordinates else [(n, 0.5) for n in sides]).gradient
    exact = reference.adjoint([w.astype(np.float64) for w in weights]).astype(np.float32)

    def way(gradient: Any) -> Contender:
        torch = torch_on(workers)
        u = torch.tensor(samples, requires_grad=True)
        spacing = [torch.tensor(x, requires_grad=True) for x in axes] if by_coordinates else [0.5, 0.5]
        results = gradient(torch)(u, spacing)
        wanted = [u, *spacing] if by_coordinates else [u]
        cotangents = [torch.tensor(w) for w in weights]
        call = partial(torch.autograd.grad, results, wanted, cotangents, retain_graph=True)
        return Contender(call, exact, lambda found: np.asarray(found[0]))

    def jitted() -> Contender:
        jax = need("jax")
        # edge_order is 1 there, so that only its time can be compared.
        run = jax.jit(lambda u, g: jax.vjp(lambda u: jax.numpy.gradient(u, 0.5, 0.5), u)[1](list(g))[0])
        u, g = jax.numpy.asarray(samples), tuple(map(jax.numpy.asarray, weights))
        return Contender(lambda: jax.block_until_ready(run(u, g)))

    makers: Makers = {
        "gridgrad": lambda: way(lambda _: lambda u, spacing: gg.gradient(u, *spacing, edge_order=2)),
        "torch.gradient": lambda: way(lambda torch: lambda u, spacing: torch.gradient(u, spacing=spacing, edge_order=2)),
    }  # fmt: skip
    return makers if by_coordinates else makers | {"jax.jit": jitted}


def residual(sides: tuple[int, ...], workers: int) -> Makers:
    """Of Burgers' equation at points, one thread: its mean square, and the way back to the weights of a network."""

    def step(derivatives: Any) -> Contender:
        torch = torch_on(1)
        torch.manual_seed(0)
        sizes = ((2, 32), (32, 32), (32, 32), (32, 1))
        layers = [layer for n, m in sizes for layer in (torch.nn.Linear(n, m), torch.nn.Tanh())]
        net = torch.nn.Sequential(*layers[:-1]).double()
        points, weights = torch.rand(*sides, 2, dtype=torch.float64), list(net.parameters())
        made = derivatives(torch, net)

        def backward(own: Any = made) -> Any:
            u, ut, ux, uxx = own(points)
            loss = ((ut + u * ux - 0.01 * uxx) ** 2).mean()
            return torch.autograd.grad(loss, weights[:-1], allow_unused=True)

        exact = _flat(backward(by_hand(torch, net)))
        return Contender(backward, exact, _flat)

    def ours(torch: Any, net: Any) -> Any:
        orders = [(0, 0), (1, 0), (0, 1), (0, 2)]
        u = lambda t, x: net(torch.stack(torch.broadcast_tensors(t, x), -1))[..., 0]  # noqa: E731
        return lambda p: autodiff.derivative(u, *p.T, orders=orders, points=True, check=False)

    def by_hand(torch: Any, net: Any) -> Any:
        def found(points: Any) -> Any:
            p = points.clone().requires_grad_()
            u = net(p)[:, 0]
            (slopes,) = torch.autograd.grad(u.sum(), p, create_graph=True)
            (seconds,) = torch.autograd.grad(slopes[:, 1].sum(), p, create_graph=True)
            return u, slopes[:, 0], slopes[:, 1], seconds[:, 1]

        return found

    def by_func(torch: Any, net: Any) -> Any:
        func = torch.func

        def found(points: Any) -> Any:
            one = lambda p: net(p)[0]  # noqa: E731
            slopes, seconds = func.vmap(func.grad(one))(points), func.vmap(func.hessian(one))(points)
            return net(points)[:, 0], slopes[:, 0], slopes[:, 1], seconds[:, 1, 1]

        return found

    return {
        "gridgrad": lambda: step(ours),
        "torch.autograd.grad": lambda: step(by_hand),
        "torch.func": lambda: step(by_func),
    }


def _flat(parts: Any) -> np.ndarray:
    return np.concatenate([np.asarray(part).ravel() for part in parts])


def _stacked(parts: Any) -> np.ndarray:
    return np.stack([np.asarray(part) for part in parts])


FASTER = (Goal("torch.func.vjp", 1.0), Goal("torch.func.jvp, open mesh", 1.0), Goal("HIPS autograd", 1 / 3))
THREE_TIMES = (Goal("torch, jvp of jvp", 1 / 3), Goal("torch, grad of grad", 1 / 3))
RESIDUAL = (Goal("torch.autograd.grad", 1.0), Goal("torch.func", 1 / 2))
FUNCTION, SQUARE = (1000, 1000), (2000, 2000)
ROWS = (
    Row("gradient of a function, 1000², 1 thread", FUNCTION, partial(partials, threads=1), FASTER),
    Row("gradient of a function, 1000², 2 threads", FUNCTION, partial(partials, threads=2), FASTER),
    Row("laplacian of a function, 500², 1 thread", (500, 500), partial(laplacians, threads=1), THREE_TIMES),
    Row("laplacian of a function, 500², 2 threads", (500, 500), partial(laplacians, threads=2), THREE_TIMES),
    Row("residual of a network and back, 1,000 points", (1_000,), residual, RESIDUAL),
    Row("residual of a network and back, 10,000 points", (10_000,), residual, RESIDUAL),
    Row("backward of differences, 2000² float32", SQUARE, backward, (Goal("torch.gradient", 0.1),)),
    Row("backward by samples and coordinates, 2000² float32", SQUARE, partial(backward, by_coordinates=True), (Goal("torch.gradient", 0.2),)),
)  # fmt: skip
