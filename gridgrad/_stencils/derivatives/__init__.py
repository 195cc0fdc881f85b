"""Derivatives of orders 1 to 4, of any accuracy, centred or to one side, with their boundaries, as stencils."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..stencil import Stencil, unscaled
from ..weights import Rule, points_needed, scaled_first_derivative
from ..wide import Wide, scaled_steps
from .line import Edge, Line, one_step

__all__ = ["Rows", "Rule", "derivative_rows", "derivative_stencil", "points_needed"]


class Rows(NamedTuple):
    """The rows of one derivative: of a field, and of what is prescribed at both ends, values of rows near that end; None where nothing is."""

    field: Stencil
    first: Stencil | None = None
    last: Stencil | None = None


def derivative_stencil(steps: Wide, length: int, rule: Rule, wrap: Wide | None = None) -> Stencil:
    """The rows of a field; see `derivative_rows`."""
    return derivative_rows(steps, length, rule, wrap).field


def derivative_rows(steps: Wide, length: int, rule: Rule, wrap: Wide | None = None) -> Rows:
    """The rows of `rule` on `length` points, at least ``points_needed(rule)``.

    Parameters
    ----------
    steps : Wide, scalar or shape (length - 1,)
        ``x[i+1] - x[i]``, all of one sign. Units: [x].
    rule : Rule
        The derivative, its accuracy and its boundaries.
    wrap : Wide, scalar or None
        The step from the last point round to the first one of a periodic axis.

    Notes
    -----
    ``D f[i] = sum_j w_j (f_j - f_i)``, `w_j` by `node_weights`. A rule of accuracy p has errors of order
    ``h**p`` at every point of every grid. Of accuracy None, the second derivative has the interior error
    ``(hr - hl)/3 f''' + (hl**2 - hl hr + hr**2)/12 f''''``, and one-sided rows of 4 points (``h**2``) for
    `edge_order` 2, or of 3 (``h``) for 1 and on an axis of 3 points. Steps that are bit for bit the same
    are one step. Interior weights are formed to twice the precision and rounded once; those of uniform
    axes and of edges are exact rationals, rounded once.
    """
    with np.errstate(all="ignore"):
        near_one, around, exponent = scaled_steps(steps, wrap)
        if rule.is_formula:
            return Rows(
                unscaled(scaled_first_derivative(near_one, length, rule.edge_order, around), -exponent)
            )
        first, last = (end.scaled(-exponent) for end in rule.boundary)
        line = Line(one_step(near_one), length, rule._replace(boundary=(first, last)), around)
        if rule.is_first_of_three:
            stencil = scaled_first_derivative(near_one, length, rule.edge_order, around)
        else:
            stencil = line.interior()
        start, stop = line.edges()
        is_formula = rule.is_first_of_three and not (first.is_held or last.is_held)  # made with the interior
        made = [is_formula and end.is_formula for end in (first, last)]
        leading = [Edge(row) for row in stencil.leading] if made[0] else [line.row(i) for i in range(start)]
        trailing = (
            [Edge(row) for row in stencil.trailing] if made[1] else [line.row(i) for i in range(stop, length)]
        )
        edges = [tuple(edge.pairs for edge in side) for side in (leading, trailing)]
        shift = -rule.order * exponent
        field = Stencil(length, stencil.offsets, stencil.weights, edges[0], edges[1], order=rule.order)
        sides = (line.prescribed(side, leading, trailing) for side in (0, 1))
        return Rows(unscaled(field, shift), *(side and unscaled(side, shift) for side in sides))
