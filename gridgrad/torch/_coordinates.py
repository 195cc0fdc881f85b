"""`gradient` differentiated by its coordinates and steps, under torch's autograd."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch.autograd import forward_ad

from .._backends import ladder
from .._backends.torch.arrays import BACKEND
from .._backends.torch.tensors import is_differentiated, is_plain_in_transforms, values_of
from .._base.errors import ArgumentTypeError
from .._base.types import Scalar, Vector
from .._grid.asked import Asked, clean_axes, clean_words, points_of
from .._operators.catalogue.first import gradient as gradient_operator
from .._operators.sweep import Sweep
from .._stencils.derivatives import Rule
from .._stencils.stencil import Stencil
from .._terms.adjoint import adjoint_terms
from .._terms.term import Term
from ..grid import Grid
from ._sums import interior_sums, lines, row_sum


class Way(NamedTuple):
    """How one axis is differentiated; its coordinates or step are a tensor of their own."""

    axis: int
    rule: Rule
    period: Any


def carries_derivative(spacing: Any) -> bool:
    """Whether a spacing is a tensor through which a derivative is being taken."""
    return isinstance(spacing, torch.Tensor) and is_differentiated(spacing)


def gradient_by_coordinates(f: Any, spacings: Sequence[Any], axis: Any, asked: Asked) -> Any:
    """As `gradient`, also differentiable by those spacings that are tensors."""
    if asked.geometry is not None:
        raise ArgumentTypeError(
            "with geometry= gradient is not differentiable by a spacing; give its numbers, x.detach()"
        )
    f = BACKEND.samples(f)
    axes, values = clean_axes(axis, tuple(f.shape), tuple(spacings))
    if any(getattr(value, "ndim", 0) > 1 for value in values):
        return _by_lines(f, values, axes, asked)
    operator = operator_of(tuple(f.shape), axes, tuple(map(concrete, values)), asked)
    if type(operator) is not Sweep or operator.coefficients:
        raise ArgumentTypeError(
            "with what is prescribed at ends gradient is not differentiable by a spacing; give its numbers, x.detach()"
        )
    f = f if f.is_floating_point() or f.is_complex() else f.to(BACKEND.result_dtype(f))
    words = clean_words(axes, asked)
    ways = tuple(map(Way, axes, words.rules, words.periods))
    varied = [value if carries_derivative(value) else None for value in values]
    for value, way in zip(varied, ways, strict=True):
        if value is not None:
            check_formula(way)
    results = differentiated(f, varied, ways, tuple(term.stencil for term in operator.terms))
    return results[0] if len(results) == 1 else results


def _by_lines(f: Any, values: list[Any], axes: tuple[int, ...], asked: Asked) -> Any:
    """Where the points of an axis lie elsewhere on each line along it: each axis alone, in torch operations."""
    operator = operator_of(tuple(f.shape), axes, tuple(map(concrete, values)), asked)
    if operator.grid.mapping is not None:
        raise ArgumentTypeError(
            "gradient is not differentiable by the positions of a curvilinear grid; give their numbers, x.detach()"
        )
    if len(axes) == 1:
        words = clean_words(axes, asked)
        return rows(f, values[0], Way(axes[0], words.rules[0], words.periods[0]))
    results = list(operator(f))
    for k, value in enumerate(values):
        if carries_derivative(value):
            results[k] = gradient_by_coordinates(f, [value], (axes[k],), asked)
    return tuple(results)


def operator_of(
    shape: tuple[int, ...], axes: tuple[int, ...], spacings: tuple[Any, ...], asked: Asked
) -> Sweep[Scalar, Vector]:
    """The gradient of the grid of a call."""
    words = clean_words(axes, asked)
    grid = points_of(Grid, shape, axes, spacings, words, np.float64)
    return gradient_operator(grid, (), (words.accuracy,))


def check_formula(way: Way) -> None:
    """Refuse wide rows, and ends that are more than differences: their weights are made of numbers, not of tensors."""
    if not way.rule.is_first_of_three:
        raise ArgumentTypeError(
            f"accuracy={way.rule.accuracy} is not differentiable by the spacing of axis {way.axis}; "
            "give its numbers, x.detach(), or use accuracy=2"
        )
    words = [end.word for end in way.rule.boundary if not end.has_slopes]
    if words:
        raise ArgumentTypeError(
            f"a derivative with the end {words[0]!r} is not differentiable by the spacing of axis {way.axis}; give its numbers, x.detach()"
        )


def concrete(value: Any) -> Any:
    """The numbers of a spacing, without its derivative."""
    if not carries_derivative(value):
        return value
    try:
        return values_of(value)
    except TypeError:
        raise ArgumentTypeError(
            "a spacing is mapped by torch.func.vmap, so there is no one grid; map over f only, or loop over the spacings"
        ) from None


def differentiated(
    f: Any, spacings: Sequence[Any], ways: tuple[Way, ...], stencils: tuple[Stencil, ...]
) -> tuple[Any, ...]:
    """All axes, None for a spacing that is constant: by kernels where only the reverse mode is asked for."""
    tensors = [f, *(x for x in spacings if x is not None)]
    transformed = torch._C._are_functorch_transforms_active() or forward_ad._current_level >= 0
    if not transformed and all(map(is_plain_in_transforms, tensors)):
        return tuple(ByCoordinates.apply(f, ways, stencils, *spacings))
    return _slowly(f, spacings, ways, stencils)


def _slowly(
    f: Any, spacings: Sequence[Any], ways: Sequence[Way], stencils: Sequence[Stencil]
) -> tuple[Any, ...]:
    """Differentiable any number of times, in every mode."""
    return tuple(
        rows(f, x, way) if x is not None else _sweep(f, (way,), (stencil,))[0]
        for x, way, stencil in zip(spacings, ways, stencils, strict=True)
    )


def _terms(ways: Sequence[Way], stencils: Sequence[Stencil]) -> tuple[Term, ...]:
    return tuple(Term(k, 0, way.axis, s) for k, (way, s) in enumerate(zip(ways, stencils, strict=True)))


def _sweep(f: Any, ways: Sequence[Way], stencils: Sequence[Stencil]) -> Any:
    return ladder.operate(BACKEND, _terms(ways, stencils), [f], len(ways))


class ByCoordinates(torch.autograd.Function):  # type: ignore[misc]
    """The kernel's gradient; its backward pass is the adjoint kernel and, for each x, sums over other axes."""

    @staticmethod
    def forward(f: Any, ways: tuple[Way, ...], stencils: tuple[Stencil, ...], *spacings: Any) -> Any:
        return tuple(_sweep(f, ways, stencils))

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        f, ctx.ways, ctx.stencils, *spacings = inputs
        ctx.save_for_backward(f, *spacings)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        f, *spacings = ctx.saved_tensors
        needed = [ctx.needs_input_grad[0], *ctx.needs_input_grad[3:]]
        given = [k for k, g in enumerate(grads) if g is not None]
        # A derivative of this derivative may be asked for, or `is_grads_batched` hides a batch of them.
        if torch.is_grad_enabled() or not all(is_plain_in_transforms(grads[k]) for k in given):
            with torch.enable_grad():
                slopes = _differentiable_slopes(ctx, (f, *spacings), needed, grads, given)
            return slopes[0], None, None, *slopes[1:]
        of_f = None
        if needed[0] and given:
            terms = _terms([ctx.ways[k] for k in given], [ctx.stencils[k] for k in given])
            fields = [grads[k] for k in given]
            (of_f,) = ladder.operate(BACKEND, adjoint_terms(terms), fields, 1)
        of_x = [
            _of_coordinates(f, x, g, way) if wanted and g is not None else None
            for x, g, way, wanted in zip(spacings, grads, ctx.ways, needed[1:], strict=True)
        ]
        return of_f, None, None, *of_x


def _differentiable_slopes(
    ctx: Any, tensors: Any, needed: list[bool], grads: Any, given: list[int]
) -> list[Any]:
    """The backward pass as torch operations."""
    # Views stand for the arguments: one tensor may be several of them, or be made from another.
    tensors = [None if tensor is None else tensor.view_as(tensor) for tensor in tensors]
    f, *spacings = tensors
    own, ways, stencils = ([group[k] for k in given] for group in (spacings, ctx.ways, ctx.stencils))
    results = _slowly(f, own, ways, stencils)
    varied = [(result, grads[k]) for result, k in zip(results, given, strict=True) if result.requires_grad]
    if not varied:
        return [None for _ in needed]
    wanted = [tensor for tensor, need in zip(tensors, needed, strict=True) if need]
    results, cotangents = zip(*varied, strict=True)
    found = iter(torch.autograd.grad(results, wanted, cotangents, create_graph=True, allow_unused=True))
    return [next(found) if need else None for need in needed]


def rows(f: Any, x: Any, way: Way) -> Any:
    """Formula (1) and its ends in torch operations, differentiable by everything."""
    if x.ndim > 1:  # of lines along the axis, which are the last of these
        x = x[(None,) * (f.ndim - x.ndim)].movedim(way.axis, -1)
    f = f.movedim(way.axis, -1)
    lower, upper, ends = _weights(x, f.shape[-1], way)
    slopes = _differences(f, way)
    kind = f.real.dtype if f.is_complex() else f.dtype
    inner = lower.to(kind) * slopes[..., :-1] + upper.to(kind) * slopes[..., 1:]
    if way.rule.is_periodic:
        return inner.movedim(-1, way.axis)
    zero = torch.zeros_like(slopes[..., 0])
    first = sum([w.to(kind) * slopes[..., k] for k, w in enumerate(ends[0])], zero)
    last = sum([w.to(kind) * slopes[..., -1 - k] for k, w in enumerate(ends[1])], zero)
    return torch.cat([first[..., None], inner, last[..., None]], dim=-1).movedim(-1, way.axis)


def _differences(f: Any, way: Way) -> Any:
    """``f[i+1] - f[i]`` along the last axis, all round on a periodic one."""
    if way.rule.is_periodic:
        f = torch.cat([f[..., -1:], f, f[..., :1]], dim=-1)
    return f[..., 1:] - f[..., :-1]


def _weights(x: Any, n: int, way: Way) -> tuple[Any, Any, tuple[list[Any], list[Any]]]:
    """Lower and upper weights of the interior rows, and those of the differences next to each end."""
    steps = x.expand(n - 1) if x.ndim == 0 else x[..., 1:] - x[..., :-1]
    if way.rule.is_periodic:
        if way.period is None:
            wrap = x.reshape(1)
        else:
            wrap = way.period * torch.sign(steps[..., :1]) - steps.sum(-1, keepdim=True)
        steps = torch.cat([wrap, steps, wrap], dim=-1)
    left, right = steps[..., :-1], steps[..., 1:]
    lower, upper = right / (left + right) / left, left / (left + right) / right
    if way.rule.is_periodic:
        return lower, upper, ([], [])
    first, last = way.rule.boundary
    steps = steps.movedim(-1, 0)
    order = way.rule.edge_order
    return lower, upper, (first.slopes(steps, order), last.slopes(steps.flip(0), order))


def _of_coordinates(f: Any, x: Any, g: Any, way: Way) -> Any:
    """The cotangent of x: each weight's is a sum over all lines of samples; then those of the weights."""
    f, g = lines(f.detach(), way.axis), lines(g, way.axis)
    n = f.shape[1]
    lower, upper = interior_sums(f, g)

    def row(i: int, a: int, b: int) -> Any:
        return row_sum(g[:, i], f[:, b] - f[:, a])

    if way.rule.is_periodic:
        lower = torch.cat([row(0, -1, 0)[None], lower, row(n - 1, n - 2, n - 1)[None]])
        upper = torch.cat([row(0, 0, 1)[None], upper, row(n - 1, n - 1, 0)[None]])
    with torch.enable_grad():
        own = x.detach().to(torch.float64).requires_grad_()
        *inner, ends = _weights(own, n, way)
        cotangents = [lower, upper]
        cotangents += [row(0, k, k + 1) for k in range(len(ends[0]))]
        cotangents += [row(n - 1, n - 2 - k, n - 1 - k) for k in range(len(ends[1]))]
        (result,) = torch.autograd.grad([*inner, *ends[0], *ends[1]], own, cotangents)
    return result.to(x.dtype)
