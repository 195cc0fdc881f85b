"""Exact derivatives of functions: gridgrad beside torch.func, HIPS autograd and jax.jit, with errors.

PYTHONPATH=benchmarks python benchmarks/autodiff.py [threads] [rounds]
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from measure import interleaved, machine

from gridgrad import autodiff


def f(xp: Any) -> Callable[..., Any]:
    return lambda x, y: xp.sin(x) * xp.exp(-(y**2)) + x * y**2 / (1 + x**2)


def exact_gradient(x: Any, y: Any) -> tuple[Any, Any]:
    e, q = np.exp(-(y**2)), 1 + x**2
    return np.cos(x) * e + y**2 * (1 - x**2) / q**2, -2 * y * np.sin(x) * e + 2 * x * y / q


def exact_laplacian(x: Any, y: Any) -> Any:
    e, q = np.exp(-(y**2)), 1 + x**2
    return np.sin(x) * e * (4 * y**2 - 3) + y**2 * (2 * x**3 - 6 * x) / q**3 + 2 * x / q


def torch_calls(x: Any, y: Any, X: Any, Y: Any, threads: int) -> tuple[dict[str, Any], dict[str, Any]]:
    import torch
    from torch.func import jvp, vjp

    torch.set_num_threads(threads)
    g, one = f(torch), torch.ones_like
    tx, ty, TX, TY = torch.tensor(x)[:, None], torch.tensor(y)[None], torch.tensor(X), torch.tensor(Y)

    def forward(a: Any, b: Any) -> Any:
        return jvp(lambda a: g(a, b), (a,), (one(a),))[1], jvp(lambda b: g(a, b), (b,), (one(b),))[1]

    def reverse() -> Any:
        value, back = vjp(g, TX, TY)
        return back(one(value))

    def second(h: Any, c: Any) -> Any:
        return jvp(lambda c: jvp(h, (c,), (one(c),))[1], (c,), (one(c),))[1]

    def reverse_twice() -> Any:
        a, b = TX.clone().requires_grad_(), TY.clone().requires_grad_()
        of_a, of_b = torch.autograd.grad(g(a, b).sum(), (a, b), create_graph=True)
        return (
            torch.autograd.grad(of_a.sum(), a, retain_graph=True)[0] + torch.autograd.grad(of_b.sum(), b)[0]
        )

    gradients = {
        "torch.func.jvp, open mesh": lambda: forward(tx, ty), "torch.func.jvp, full mesh": lambda: forward(TX, TY),
        "torch.func.vjp, full mesh": reverse,
    }  # fmt: skip
    laplacians = {
        "torch jvp of jvp, open mesh": lambda: (
            second(lambda a: g(a, ty), tx) + second(lambda b: g(tx, b), ty)
        ),
        "torch grad of grad, full mesh": reverse_twice,
    }
    return gradients, laplacians


def jax_calls(x: Any, y: Any) -> dict[str, Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    a, b = jax.numpy.array(x), jax.numpy.array(y)
    partials = jax.grad(f(jax.numpy), (0, 1))
    compiled = jax.jit(jax.vmap(jax.vmap(partials, (None, 0)), (0, None)))
    return {"jax.jit(vmap(grad))": lambda: jax.block_until_ready(compiled(a, b))}


def autograd_calls(X: Any, Y: Any) -> dict[str, Any]:
    import autograd
    import autograd.numpy as anp

    both = autograd.elementwise_grad(f(anp), (0, 1))
    return {"HIPS autograd, full mesh": lambda: both(X, Y)}


def table(title: str, calls: dict[str, Any], expected: tuple[Any, ...], rounds: int) -> None:
    times = interleaved(calls, rounds)
    ours = times["gridgrad, axes"]["min"]
    print(f"\n{title}\n{'':34}{'min ms':>9}{'median':>9}{'x ours':>8}{'error':>11}")
    for name, call in calls.items():
        found = call()
        found = found if isinstance(found, (tuple, list)) else (found,)
        error = max(
            np.abs(np.asarray(a) - b).max() / np.abs(b).max() for a, b in zip(found, expected, strict=True)
        )
        t = times[name]
        print(f"{name:34}{1e3 * t['min']:9.1f}{1e3 * t['median']:9.1f}{t['min'] / ours:8.2f}{error:11.1e}")


def main() -> None:
    threads = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 15
    print(machine(threads))
    for n in (1000, 500):
        x, y = np.linspace(-2, 2, n), np.linspace(-1, 3, n)
        X, Y = np.meshgrid(x, y, indexing="ij")
        calls: dict[str, Any] = {}
        operator = autodiff.gradient if n == 1000 else autodiff.laplacian
        calls["gridgrad, axes"] = lambda x=x, y=y, op=operator: op(f(np), x, y, workers=threads)
        calls["gridgrad, full mesh"] = lambda X=X, Y=Y, op=operator: op(f(np), X, Y, workers=threads)
        if n == 1000:
            out = np.empty((2, n, n))
            calls["gridgrad, axes, out="] = lambda x=x, y=y, out=out: autodiff.gradient(
                f(np), x, y, out=out, workers=threads
            )
        for peer in (
            lambda x=x, y=y, X=X, Y=Y, n=n: torch_calls(x, y, X, Y, threads)[n == 500],
            lambda X=X, Y=Y, n=n: autograd_calls(X, Y) if n == 1000 else {},
            lambda x=x, y=y, n=n: jax_calls(x, y) if n == 1000 else {},
        ):
            try:
                calls |= peer()
            except ImportError as error:
                print("not installed:", error.name)
        if n == 1000:
            calls["the function alone, NumPy"] = lambda X=X, Y=Y: f(np)(X, Y)
            alone = calls.pop("the function alone, NumPy")
            table("both partials, 1000 x 1000 float64", calls, exact_gradient(X, Y), rounds)
            print(f"{'the function alone, NumPy':34}{1e3 * interleaved({'f': alone}, 5)['f']['min']:9.1f}")
        else:
            table("laplacian, 500 x 500 float64", calls, (exact_laplacian(X, Y),), rounds)


if __name__ == "__main__":
    main()
