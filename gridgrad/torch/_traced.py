"""The gradient as a torch operator: what ``torch.compile`` sees, closed under differentiation."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan, nan
from typing import Any

import torch
from torch import Tensor

from .._backends.torch.arrays import BACKEND
from .._backends.torch.compiled import check_out
from .._backends.torch.define import Defined, define, is_transformed, is_varied
from .._backends.torch.node import Map, Tensors
from .._base.checks import clean_axis, per_axis_spacing
from .._base.errors import ArgumentTypeError
from .._base.types import Shape
from .._grid.asked import Asked, clean_words
from .._grid.boundary import spelled
from .._grid.points import Words
from .._grid.spacing import check_class
from .._terms.adjoint import adjoint_terms
from .._terms.term import Term
from ._coordinates import Way, check_formula, operator_of, rows


def traced_gradient(f: Any, varargs: tuple[Any, ...], axis: Any, asked: Asked, out: Any = None) -> Any:
    """`gradient` of a tensor inside ``torch.compile``: the same, as one node of the graph."""
    check_out(out)
    if asked.geometry is not None:
        raise ArgumentTypeError(
            "geometry= is not offered by gradient under torch.compile; make the operator outside, "
            "gradient = gridgrad.Grid(lat, lon, geometry='sphere').gradient, and call it inside"
        )
    axes = clean_axis(axis, f.ndim)
    spacings = per_axis_spacing(varargs, len(axes))
    steps = [_as_tensor(value, a) for value, a in zip(spacings, axes, strict=True)]
    if any(step.ndim > 1 for step in steps):
        raise ArgumentTypeError(
            "under torch.compile gradient takes 1-D coordinates; make the operator outside, gradient = gridgrad.Grid(z, axes=[-1]).gradient for lines, "
            "gridgrad.Grid(x, y).gradient for positions, and call it inside"
        )
    words = clean_words(axes, asked)
    results = torch.ops.gridgrad.gradient(
        [f], steps, list(axes), asked.edge_order, _spelled(words),
        [_as_float(value, a) for value, a in zip(words.periods, axes, strict=True)], asked.accuracy or 0, False,
    )  # fmt: skip
    return results[0] if len(results) == 1 else tuple(results)


def _spelled(words: Words) -> str:
    """Both ends of each axis as one text; what is prescribed at an end has none."""
    ends = [spelled(end) for pair in words.ends for end in pair]
    others = [end for end in ends if not isinstance(end, str)]
    if others:
        raise ArgumentTypeError(
            f"boundary={others[0]!r} is not offered by gradient under torch.compile; make the "
            "operator outside, gradient = gridgrad.Grid(x, boundary=boundary).gradient, and call it inside"
        )
    return " ".join([str(end) for end in ends])


def _as_float(value: Any, axis: int) -> float:
    if value is None:
        return nan
    check_class(value, axis)
    return float(value)


def _as_tensor(value: Any, axis: int) -> Any:
    if isinstance(value, torch.Tensor):
        return value
    check_class(value, axis)  # torch would take the numbers of a quantity
    if isinstance(value, (int, float)):
        return torch.scalar_tensor(value, dtype=torch.float64)
    return torch.as_tensor(value) if hasattr(value, "dtype") else torch.as_tensor(value, dtype=torch.float64)


class BySpacings(Defined):
    """The gradient along `axes` or its transpose, whose constants are steps and coordinates; checked when it runs."""

    operator = "gradient"
    schema = "int[] axes, int edge_order, str boundary, float[] periods, int accuracy, bool transposed"

    def __init__(self, axes: Sequence[int], *ends: Any) -> None:
        super().__init__(axes, *ends)
        self.axes, self.ends, self.is_transposed = axes, ends[:-1], ends[-1]

    @property
    def outputs(self) -> int:
        """One for each axis, or the field that they are of."""
        return 1 if self.is_transposed else len(self.axes)

    def reads(self, fields: Tensors, spacings: Tensors) -> list[Tensor]:
        """The fields alone."""
        return [BACKEND.samples(f) for f in fields]

    def terms(self, fields: Tensors, spacings: Tensors) -> tuple[Term, ...]:
        """Those of the gradient on these spacings."""
        terms = _terms(tuple(fields[0].shape), spacings, self.axes, *self.ends)
        return adjoint_terms(terms) if self.is_transposed else terms

    def result_shapes(self, fields: Tensors, spacings: Tensors) -> list[Shape]:
        """That of the field: the spacings, of which the terms are made, have no numbers yet."""
        return [tuple(fields[0].shape)] * self.outputs

    def transposed(self, inputs: int) -> BySpacings:
        """The other of the two."""
        return BySpacings(self.axes, *self.ends, not self.is_transposed)

    def batched(self, size: int, dims: Sequence[int | None], spacings: Tensors) -> tuple[Map, list[Tensor]]:
        """The same one axis further; no one grid has several spacings."""
        if any(dim is not None for dim in dims):
            raise ArgumentTypeError(
                "a spacing is mapped by torch.func.vmap, so there is no one grid; map over f only, or loop over the spacings"
            )
        return BySpacings([axis + 1 for axis in self.axes], *self.ends, self.is_transposed), list(spacings)

    def by_operations(self, fields: Tensors, spacings: Tensors, graph: bool) -> list[Tensor] | None:
        """Derivatives of a gradient by spacings, and those inside of torch.func's transforms."""
        is_by_spacings = is_varied(spacings)
        if self.is_transposed:
            if is_by_spacings:
                raise ArgumentTypeError(
                    "the adjoint is not differentiable by a spacing; detach it, x.detach()"
                )
            return None
        if is_by_spacings or (graph and is_transformed([*fields, *spacings])):
            return _by_rows(fields[0], spacings, self.axes, *self.ends)
        return None


define(BySpacings)


def _terms(shape: tuple[int, ...], spacings: Any, axes: Any, *ends: Any) -> tuple[Term, ...]:
    axes = tuple(axes)
    return operator_of(shape, axes, tuple(spacings), _asked(*ends)).pattern.terms_on(axes) if axes else ()


def _asked(edge_order: int, boundary: str, periods: Sequence[float], accuracy: int) -> Asked:
    """The options of the operator as those of `gradient`; its boundary names both ends of each axis."""
    names = iter(boundary.split())
    lengths = [None if isnan(period) else period for period in periods]
    return Asked(edge_order, None, lengths, list(zip(names, names, strict=True)), accuracy or None)


def _by_rows(f: Any, spacings: Any, axes: Any, *ends: Any) -> list[Any]:
    results = []
    f = f if f.is_floating_point() or f.is_complex() else f.to(BACKEND.result_dtype(f))
    asked = _asked(*ends)
    words = clean_words(tuple(axes), asked)
    for x, axis, rule, period in zip(spacings, axes, words.rules, words.periods, strict=True):
        way = Way(axis, rule, period)
        check_formula(way)
        own = (
            " ".join([end.word for end in rule.boundary]),
            [nan if period is None else period],
            asked.accuracy or 0,
        )
        same = torch.ops.gridgrad.checked_spacing(x.detach(), f.shape[axis], asked.edge_order, *own)
        results.append(rows(f, x + (same - x.detach()), way))  # x, but only where the check has passed
    return results


@torch.library.custom_op("gridgrad::checked_spacing", mutates_args=())  # type: ignore[untyped-decorator]
def checked_spacing(
    x: torch.Tensor, length: int, edge_order: int, boundary: str, periods: Sequence[float], accuracy: int
) -> torch.Tensor:
    """A copy of coordinates or a step, if `gradient` takes them."""
    _terms((length,), [x], [0], edge_order, boundary, periods, accuracy)
    return x.clone()


@checked_spacing.register_fake  # type: ignore[untyped-decorator]
def _spacing_shape(x: Any, *options: Any) -> Any:
    return torch.empty_like(x)
