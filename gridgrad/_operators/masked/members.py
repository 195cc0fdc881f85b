"""The terms of an operator on a grid with gaps: which of their rows a sweep over the whole grid gets wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Protocol

import numpy as np

from ..._base.types import Array
from ..._grid.masks.mask import Mask
from ..._grid.masks.piece import Piece, grid_of
from ..._grid.points import Points
from ..._stencils.stencil import Stencil
from ..._terms.term import Term
from ..patterns.kinds import Origin
from .rows import Line, Pairs


class Whole(Protocol):
    """What is asked of the operator on the whole grid."""

    terms: tuple[Term, ...]
    origin: Origin | None


class Member:
    """A term with its rows beside gaps."""

    def __init__(self, grid: Points, term: Term, lines: tuple[Line, ...], scale: float = 1.0) -> None:
        assert grid.mask is not None
        self.grid, self.term, self.lines, self.scale, self.mask = grid, term, lines, scale, grid.mask

    def scaled(self, factor: float) -> Member:
        """Times a number."""
        return Member(self.grid, self.term, self.lines, factor * self.scale)

    def of(self, term: Term) -> Member:
        """The same rows for other inputs and factors."""
        return Member(self.grid, term, self.lines, self.scale)

    @cached_property
    def irregular(self) -> Array:
        """The points of the flattened grid whose rows are others than those of the whole grid, and all that count with them."""
        if not self.lines:
            return np.zeros(prod(self.mask.shape), bool)
        first = self.lines[0].irregular
        if len(self.lines) == 2:  # wherever the later one reads rows of the first that are
            later = self.lines[1]
            found, (before, behind) = later.irregular, later.table.reaches
            lines = first.reshape(-1, later.runs.n, later.runs.stride)
            for off in range(int(before.min()), int(behind.max()) + 1):
                found = found | np.roll(lines, -off, 1).reshape(-1)
            first = found & self.mask.inside.reshape(-1)
        return first

    def pairs_at(self, points: Array) -> Pairs:
        """Its rows at points of the flattened grid."""
        if not self.lines:
            weight = np.full((len(points), 1), self.term.stencil.weights[0])
            own = points[:, None]
            pairs = Pairs(own, own, weight, np.ones_like(own, bool), np.zeros(len(points), bool))
        elif len(self.lines) == 1:
            pairs = self.lines[0].pairs_at(points)
        else:
            pairs = self._of_both(points)
        return pairs if self.scale == 1 else pairs._replace(w=pairs.w * self.scale)

    def _of_both(self, points: Array) -> Pairs:
        """``sum w (row at b - row at a)``: the rows of the later line over those of the first."""
        later = self.lines[1].pairs_at(points)
        found: list[Pairs] = []
        missing = later.is_missing
        for k in range(later.width):
            for ends, sign in ((later.b, 1), (later.a, -1)):
                weight = sign * later.w[:, k]
                if sign < 0:
                    weight = np.where(later.is_value[:, k], 0, weight)
                inner = self.lines[0].pairs_at(ends[:, k])
                missing = missing | (inner.is_missing & (weight != 0))
                found.append(inner._replace(w=inner.w * weight[:, None]))
        a, b, w, is_value = (np.concatenate(parts, axis=1) for parts in list(zip(*found, strict=True))[:4])
        return Pairs(a, b, w, is_value, missing)


def members_of(whole: Whole, grid: Points) -> tuple[Member, ...]:
    """The terms of an operator of a kind, each with its rows on this grid, which has gaps."""
    assert grid.mask is not None
    small = _Small(whole, grid)
    members = []
    for number, term in enumerate(whole.terms):
        lines = tuple(
            Line(
                grid,
                k,
                stencil,
                RowsOfPieces(small, number, slot, k),
                _drops(grid.mask, term, stencil, whole.origin),
            )
            for slot, (k, stencil) in enumerate(term.stencils())
            if k is not None
        )
        members.append(Member(grid, term, lines))
    _let_walls_follow(members)
    return tuple(members)


def _let_walls_follow(members: Sequence[Member]) -> None:
    """What is prescribed at a wall has the rows of a run wherever the field has."""
    fields = [member for member in members if not member.term.ends]
    for member in members:
        for line in member.lines if member.term.ends else ():
            if line.stencil.values:
                line.follows = [
                    other
                    for own in fields
                    if own.term.output == member.term.output
                    for other in own.lines
                    if other.axis is line.axis
                ]


def _drops(mask: Mask, term: Term, stencil: Stencil, origin: Origin | None) -> bool:
    """Whether what passes the faces to a gap is left out of a row, and all else of it stays: balances then hold exactly."""
    if term.ends or not mask.drops:
        return False
    is_flux = origin is not None and (origin.kind.name == "diffuse" or "conservative" in origin.options)
    return is_flux or (not mask.is_open and stencil.is_central)


class _Small:
    """The operator on pieces of the grid, made as they are asked for."""

    def __init__(self, whole: Whole, grid: Points) -> None:
        self.whole, self.grid = whole, grid
        self._made: dict[tuple[int, Piece], list[Term | None]] = {}

    def terms(self, k: int, piece: Piece) -> list[Term | None]:
        """The terms on a piece of an axis, in the order of those of the whole; None of a wall that is not there."""
        if (k, piece) not in self._made:
            origin, mask = self.whole.origin, self.grid.mask
            assert origin is not None
            assert mask is not None
            pieces = [piece if a == k else None for a in range(self.grid.ndim)]
            small = grid_of(self.grid.whole, pieces, mask.side)
            own = {
                _key(term, n, k, piece): term
                for n, term in enumerate(origin.kind(small, origin.arguments, origin.options).terms)
            }
            self._made[k, piece] = [own.get(_key(term, n)) for n, term in enumerate(self.whole.terms)]
        return self._made[k, piece]


@dataclass(frozen=True)
class RowsOfPieces:
    """The rows of one stencil of a term on pieces of an axis."""

    small: _Small
    number: int  # of the term
    slot: int  # of the stencil in it
    axis: int

    def __call__(self, piece: Piece, /) -> Stencil:
        """Those of a piece; none of a wall that it does not have."""
        term = self.small.terms(self.axis, piece)[self.number]
        if term is None:
            return Stencil(piece.length, (), (), ((),) * piece.length, ())
        return term.stencils()[self.slot][1]


def _key(term: Term, number: int, k: int | None = None, piece: Piece | None = None) -> tuple[object, ...]:
    """What a term of the whole and of a piece have in common: its number, or of what is prescribed the wall."""
    if not term.ends:
        return (number,)
    axes = tuple(axis for axis, _ in term.stencils())
    for axis, stencil in term.stencils():
        if axis is not None and stencil.values:
            is_first = any(stencil.leading[: (stencil.length + 1) // 2])
            if axis == k and piece is not None and piece.is_first != piece.is_last:
                is_first = piece.is_first
            return term.output, axes, axis, is_first
    return term.output, axes


def shared_points(members: Sequence[Member], outputs: int) -> list[Array]:
    """For each output the points at which any of its rows is not that of the whole grid."""
    points = []
    for output in range(outputs):
        flags = [member.irregular for member in members if member.term.output == output]
        found = np.flatnonzero(np.logical_or.reduce(flags)) if flags else np.zeros(0, np.intp)
        points.append(found.astype(np.int32) if flags and flags[0].size < 1 << 31 else found)
    return points
