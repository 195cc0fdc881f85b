"""Every way in which torch differentiates or maps a function, for tests that compare two functions under all of them."""

from __future__ import annotations

from typing import Any

import torch
from torch.autograd import forward_ad, functional
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vjp, vmap


def loss(out: Any) -> Any:
    """A number of results, whose second derivative is not 0."""
    weights = torch.arange(1.0, out.numel() + 1, dtype=torch.float64).reshape(out.shape)
    squares = out.real**2 + out.imag if out.is_complex() else out**2 + out
    return (weights * squares).sum() / out.numel()


def noise(x: Any, seed: int = 0, count: int | None = None) -> Any:
    """Numbers in the form of `x`, or several of them along a new first axis."""
    shape = x.shape if count is None else (count, *x.shape)
    return torch.randn(shape, dtype=x.dtype, generator=torch.Generator().manual_seed(seed))


def all_of(xs: Any) -> Any:
    return tuple(range(len(xs)))


def asking(xs: Any) -> Any:
    return tuple(x.detach().clone().requires_grad_() for x in xs)


def three(xs: Any) -> Any:
    """Three arguments for each, along axis 1."""
    return tuple(torch.stack([x, 2 - x.flip(0), x * 0.5 + 1], dim=1) for x in xs)


def backward(function: Any, xs: Any) -> Any:
    xs = asking(xs)
    return torch.autograd.grad(loss(function(*xs)), xs)


def twice_backward(function: Any, xs: Any) -> Any:
    xs = asking(xs)
    slopes = torch.autograd.grad(loss(function(*xs)), xs, create_graph=True)
    total = sum((slope.abs() ** 2 * (1 + noise(slope).abs())).sum() for slope in slopes)
    second = torch.autograd.grad(total, xs, allow_unused=True) if total.requires_grad else [None] * len(xs)
    return slopes, [torch.zeros_like(x) if s is None else s for s, x in zip(second, xs, strict=True)]


def batched_backward(function: Any, xs: Any) -> Any:
    xs = asking(xs)
    out = function(*xs)
    return torch.autograd.grad(out, xs, noise(out, count=3), is_grads_batched=True)


def dual_numbers(function: Any, xs: Any) -> Any:
    with forward_ad.dual_level():
        dual = function(*(forward_ad.make_dual(x, noise(x)) for x in xs))
        return forward_ad.unpack_dual(dual).tangent


def pulled_back(function: Any, xs: Any) -> Any:
    out, pull = vjp(function, *xs)
    return out, pull(noise(out))


REAL = {  # what torch allows for real numbers only
    "functional.hessian": lambda f, xs: functional.hessian(lambda *x: loss(f(*x)), xs),
    "functional.hessian, vectorized": lambda f, xs: functional.hessian(lambda *x: loss(f(*x)), xs, vectorize=True),
    "jacrev": lambda f, xs: jacrev(f, all_of(xs))(*xs),
    "jacfwd": lambda f, xs: jacfwd(f, all_of(xs))(*xs),
    "hessian": lambda f, xs: hessian(lambda *x: loss(f(*x)), all_of(xs))(*xs),
    "jacrev of jacfwd": lambda f, xs: jacrev(jacfwd(lambda *x: loss(f(*x)), all_of(xs)), all_of(xs))(*xs),
    "jacrev of jacrev": lambda f, xs: jacrev(jacrev(lambda *x: loss(f(*x)), all_of(xs)), all_of(xs))(*xs),
    "jacfwd of jacfwd": lambda f, xs: jacfwd(jacfwd(lambda *x: loss(f(*x)), all_of(xs)), all_of(xs))(*xs),
}  # fmt: skip
DERIVATIVES = REAL | {
    "backward": backward,
    "backward of backward": twice_backward,
    "is_grads_batched": batched_backward,
    "dual numbers": dual_numbers,
    "functional.jacobian, vectorized": lambda f, xs: functional.jacobian(f, xs, vectorize=True),
    "the same, create_graph": lambda f, xs: functional.jacobian(f, asking(xs), vectorize=True, create_graph=True),
    "grad": lambda f, xs: grad(lambda *x: loss(f(*x)), all_of(xs))(*xs),
    "vjp": pulled_back,
    "jvp": lambda f, xs: jvp(f, xs, tuple(map(noise, xs))),
}  # fmt: skip
MAPS = {
    "vmap": lambda f, xs: vmap(f, in_dims=1, out_dims=2)(*three(xs)),
    "vmap of grad": lambda f, xs: vmap(grad(lambda *x: loss(f(*x)), all_of(xs)), in_dims=1)(*three(xs)),
    "grad of vmap": lambda f, xs: grad(lambda *x: loss(vmap(f, in_dims=1)(*x)), all_of(xs))(*three(xs)),
    "backward of vmap": lambda f, xs: backward(vmap(f, in_dims=1), three(xs)),
}


def assert_alike(way: str, found: Any, wanted: Any, xs: Any, tolerance: float = 1e-10) -> None:
    """The same numbers from both functions, whose derivatives are taken in this way."""
    transform = (DERIVATIVES | MAPS)[way]
    pairs = zip(leaves(transform(found, tuple(xs))), leaves(transform(wanted, tuple(xs))), strict=True)
    for a, b in pairs:
        size = 1 + float(b.detach().abs().max())
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance * size)


def leaves(results: Any) -> list[Any]:
    """All tensors of nested tuples."""
    if isinstance(results, torch.Tensor):
        return [results]
    return [leaf for part in results for leaf in leaves(part)]
