"""An operator on the pieces of a grid that gaps cut its axes into, and the rows of its terms there."""

from __future__ import annotations

from collections.abc import Hashable
from math import prod
from typing import NamedTuple, Protocol

from ...._grid.boundary import Side
from ...._grid.curvilinear.weights import PointWeights
from ...._grid.lines.rows import LineRows
from ...._grid.masks.piece import Piece, grid_of
from ...._grid.masks.prescribed import conditions_of, mark
from ...._grid.points import Points
from ...._stencils.stencil import Stencil, no_rows
from ...._terms.term import Term
from ...fields.coefficients import Argument, Coefficients
from ...fields.forms import Form
from ...fields.weights import OwnWeights
from ...patterns.kinds import Origin, has_numbers


class Whole(Protocol):
    """What is asked of the operator on the whole grid."""

    terms: tuple[Term, ...]
    origin: Origin | None
    inputs: Form
    arguments: tuple[Argument, ...]
    coefficients: Coefficients


class Along(NamedTuple):
    """The terms of one derivative: one, or along lines with points of their own several, whose weights are of these `rows`.

    Of a flux by positions these are the weights of the slope that it is beside gaps.
    """

    term: Term  # the first of them, without such weights
    stencils: tuple[Stencil, ...] = ()
    rows: LineRows | OwnWeights | None = None


class Known(NamedTuple):
    """A `Whole` without its fields."""

    parts: tuple[Along, ...]
    origin: Origin | None
    inputs: Form
    arguments: tuple[Argument, ...]


def parts_of(whole: Whole) -> tuple[Along, ...]:
    """Its terms, those of one derivative along lines with points of their own as one part: on a run of points, an axis like others, they are one term."""
    parts: list[Along] = []
    # fields of calls, in front
    to_come = sum(argument.fields for argument in whole.arguments) - len(whole.coefficients)
    for term in whole.terms:
        fields: tuple[object, ...] = whole.coefficients
        own, into = (
            None if k is None or k < to_come else fields[k - to_come] for k in (term.outer, term.inner)
        )
        slopes = _slopes_of(into)
        if slopes is not None:
            parts.append(Along(term._replace(inner=None, outer=None), (term.stencil,), slopes))
        elif not (isinstance(own, OwnWeights) and isinstance(own.rows, LineRows)):
            parts.append(Along(term))
        elif own.number == 0:
            parts.append(Along(term._replace(outer=None, gated=False), (term.stencil,), own.rows))
        else:
            parts[-1] = parts[-1]._replace(stencils=(*parts[-1].stencils, term.stencil))
    return tuple(parts)


def _slopes_of(factor: object) -> OwnWeights | None:
    """The weights of slopes that rows beside gaps have in the place of these, of fluxes."""
    if (
        isinstance(factor, OwnWeights)
        and isinstance(factor.rows, PointWeights)
        and factor.rows.slopes is not None
    ):
        return factor._replace(rows=factor.rows.slopes)
    return None


OfPieces = dict[tuple[int, Piece], dict[Hashable, Term]]  # by the axis that is cut


class OnPieces:
    """The operator on pieces of the grid without its gaps, made as they are asked for.

    Some are kept: for blocks of one coast, and on the grid those that its other masks have too; not if they are of
    numbers, of which there may be many.
    """

    def __init__(self, whole: Known, grid: Points, side: Side) -> None:
        self.whole, self.grid, self.side, self.conditions = whole, grid, side, conditions_of(side)
        self._own: OfPieces = {}
        has_own = bool(self.conditions) or (whole.origin is not None and has_numbers(whole.origin.arguments))
        self._common: OfPieces = {} if has_own else grid.kept(_kept_terms, whole, side)

    def __reduce__(self) -> tuple[object, ...]:
        return OnPieces, (self.whole, self.grid, self.side)

    def rows(self, number: int, slot: int, k: int, mark: str, piece: Piece) -> Stencil:
        """The rows of one stencil of a term on a piece of an axis, or of what goes with it by the name `mark`; none of a wall that is not there."""
        kept = self._common if piece.is_common else self._own
        made = kept.get((k, piece))
        if made is None:
            if len(kept) >= 1024:
                kept.clear()
            kept[k, piece] = made = self._terms(k, piece)
        own = self.whole.parts[number].term
        term = made.get((_role(own), mark) if mark else _key(own, number))
        return no_rows(piece.length, 0) if term is None else term.stencils()[slot][1]

    def _terms(self, k: int, piece: Piece) -> dict[Hashable, Term]:
        origin = self.whole.origin
        assert origin is not None
        pieces = [piece if a == k else None for a in range(self.grid.ndim)]
        grid = grid_of(self.grid, pieces, self.side, is_whole="wide" in origin.options)
        made = origin.kind(grid, origin.arguments, origin.options).bare
        names = [argument.name for argument in made.arguments for _ in range(argument.fields)]
        marks = {mark(number, end) for number in range(len(self.conditions)) for end in (0, 1)}
        found: dict[Hashable, Term] = {}
        for n, (term, *_) in enumerate(parts_of(made)):
            place = term.input - prod(made.inputs)
            if place < 0 or names[place] not in marks:
                found[_key(term, n)] = term
            elif term.axis == k:  # not along what another axis is cut by
                found[_role(term), names[place]] = term
        return found


def _kept_terms(_grid: Points, _whole: Known, _side: Side) -> OfPieces:
    return {}


def _key(term: Term, number: int) -> tuple[object, ...]:
    """What a term of the whole and of a piece have in common: its number, or of what is prescribed the wall."""
    if not term.ends:
        return (number,)
    axes = tuple(axis for axis, _ in term.stencils())
    for axis, stencil in term.stencils():
        if axis is not None and stencil.values:
            factors = term.inner, term.faces, term.outer, term.outer_sign
            return term.output, axes, axis, *factors, term.is_last
    return term.output, axes


def _role(term: Term) -> Hashable:
    """What a term of a field has in common with those of what is prescribed for this field along the same axis."""
    axes = tuple(axis for axis, _ in term.stencils())
    return term.output, axes, term.inner, term.faces, term.outer, term.outer_sign, term.harmonic
