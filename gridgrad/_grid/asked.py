"""What a caller of `gradient` says about axes, rows and ends, cleaned once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from .._base.checks import clean_accuracy, clean_axis, clean_edge_order, per_axis_spacing
from .._base.errors import ArgumentValueError
from .._stencils.derivatives import Rule
from .._stencils.stencil import Stencil
from .axis import axis_stencil
from .ends import check_length, clean_ends, rule_of


@dataclass(frozen=True, slots=True)
class Axes:
    """The differentiated axes, in the caller's order, with their rules, periods and stencils."""

    axes: tuple[int, ...]
    rules: tuple[Rule, ...]
    periods: tuple[Any, ...]
    stencils: tuple[Stencil, ...]


class Asked(NamedTuple):
    """What a caller of `gradient` says about rows and ends, as it came."""

    edge_order: Any = 1
    periodic: Any = None
    period: Any = None
    boundary: Any = None
    accuracy: Any = None


def clean(
    shape: tuple[int, ...], spacing: tuple[Any, ...], axis: Any, asked: Asked, real: Any = np.float64
) -> Axes:
    """Check everything but the data's type; weights are made in `real`."""
    if not shape:
        raise ArgumentValueError(
            "f is 0-dimensional: a single number has no neighbours to difference; "
            "give an array with at least one axis"
        )
    axes = clean_axis(axis, len(shape))
    spacings = per_axis_spacing(spacing, len(axes), len(shape))
    rules, periods = clean_rules(axes, asked)
    for a, rule in zip(axes, rules, strict=True):
        check_length(shape[a], a, rule)
    stencils = tuple(
        axis_stencil(value, shape[a], a, rule, period, real)
        for a, value, rule, period in zip(axes, spacings, rules, periods, strict=True)
    )
    return Axes(axes, rules, periods, stencils)


def clean_rules(axes: tuple[int, ...], asked: Asked) -> tuple[tuple[Rule, ...], tuple[Any, ...]]:
    """The rule of the first derivative along each axis, and its period, None where it does not repeat."""
    order = clean_edge_order(asked.edge_order)
    accuracy = clean_accuracy(asked.accuracy)
    ends, periods = clean_ends(asked.boundary, asked.periodic, asked.period, axes)
    return tuple(rule_of(1, accuracy, pair, order) for pair in ends), tuple(periods)
