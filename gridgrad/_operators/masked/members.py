"""The terms of an operator on a grid with gaps: which of their rows a sweep over the whole grid gets wrong."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from itertools import product
from math import prod

import numpy as np

from ..._base.cache import cached_property
from ..._base.errors import ArgumentValueError
from ..._base.types import Array
from ..._grid.curvilinear.weights import PointWeights
from ..._grid.lines.rows import LineRows
from ..._grid.masks.mask import Mask
from ..._grid.masks.prescribed import mark
from ..._grid.points import Points
from ..._grid.walls.conditions import Condition
from ..._stencils.stencil import Stencil, no_rows
from ..._terms.term import Term
from ..fields.weights import in_mask
from ..patterns.kinds import Origin
from .rows.lines import Line, LineOfFlux, LineOfLines, Pairs
from .rows.pieces import Known, OnPieces, Whole, parts_of


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

    @property
    def is_beside_gaps(self) -> bool:
        """Whether it is of what is prescribed there."""
        return bool(self.lines) and self.lines[0].end is not None

    @cached_property
    def irregular(self) -> Array:
        """The points of the flattened grid whose rows are others than those of the whole grid, and all that count with them."""
        if not self.lines:
            return np.zeros(prod(self.mask.shape), bool)
        first = self.lines[0].irregular
        if len(self.lines) == 2:  # wherever the later one reads rows of the first that are
            later = self.lines[1]
            found, (before, behind) = later.irregular, later.table.reaches
            lines = first.reshape(-1, later.runs.points_of_line, later.runs.stride)
            for off in range(int(before.min()), int(behind.max()) + 1):
                found = found | np.roll(lines, -off, 1).reshape(-1)
            first = found & self.mask.inside.reshape(-1)
        return first

    def crosses(self, k: int, index: int) -> Array:
        """Where in a row of points across an axis what it reads along that axis, and all round there, is of a gap or beyond one."""
        place = in_mask(self.grid, k)[1]
        lines = [np.moveaxis(line.irregular.reshape(self.mask.shape), place, 0) for line in self.lines]
        if not lines or self.lines[-1].k != k:
            return np.zeros((), bool)
        found, table = lines.pop()[index], self.lines[-1].table.at(np.array(index))
        for all_round in lines:
            found = found | all_round[index + table.b[table.is_there]].any(axis=0)
        counted: Array = found & np.moveaxis(self.mask.inside, place, 0)[index]
        return counted

    def pairs_at(self, points: Array) -> Pairs:
        """Its rows at points of the flattened grid."""
        if not self.lines:
            weight = np.full((len(points), 1), sum(self.term.stencil.weights))
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
    known = Known(parts_of(whole), whole.origin, whole.inputs, whole.arguments)
    small = OnPieces(known, grid.whole, grid.mask.side)
    members: list[Member] = []
    for number, (term, stencils, rows) in enumerate(known.parts):
        lines: tuple[Line, ...] = tuple(
            Line(
                grid,
                k,
                stencil,
                partial(small.rows, number, slot, k, ""),
                _drops(grid.mask, term, stencil, whole.origin),
            )
            for slot, (k, stencil) in enumerate(term.stencils())
            if k is not None
        )
        if isinstance(rows, LineRows):
            (own,) = lines
            lines = (LineOfLines(grid, own.k, stencils, rows, own.of_piece),)
        elif rows is not None:
            (own,) = lines
            assert isinstance(rows.rows, PointWeights)
            lines = (LineOfFlux(grid, own.k, own.stencil, own.of_piece, rows.rows.values[rows.number]),)
        members.append(Member(grid, term, lines))
    each = [(member.term, line) for member in members for line in member.lines]
    # what passes the two faces of a cell has rows of a run wherever one of both has: the cell is as wide for both
    if whole.origin is not None and whole.origin.kind.is_flux:
        _let_follow([((term.output, id(line.axis)), line) for term, line in each if not term.ends])
    _let_walls_follow(members)
    # fluxes by positions make one sum, which has slopes in their place wherever one of them reads a gap
    _let_follow([(term.output, line) for term, line in each if isinstance(line, LineOfFlux)])
    return (*members, *_beside_gaps(small, members, grid))


def moved(members: Sequence[Member], grid: Points) -> tuple[Member, ...]:
    """The same on the grid with other gaps, beside which the same is known."""
    lines: dict[int, Line] = {}

    def on(line: Line) -> Line:
        if id(line) not in lines:
            lines[id(line)] = line.on(grid)
            lines[id(line)].follows = [on(other) for other in line.follows]
        return lines[id(line)]

    return tuple(
        [Member(grid, member.term, tuple(map(on, member.lines)), member.scale) for member in members]
    )


def _beside_gaps(small: OnPieces, members: Sequence[Member], grid: Points) -> Iterator[Member]:
    """What the terms of the field make of what is prescribed beside gaps, one more input for each condition."""
    whole = small.whole
    first = prod(whole.inputs) + sum(argument.fields for argument in whole.arguments)
    for number, member in enumerate(members):
        if member.term.ends or not member.lines:
            continue
        for (k, condition), end in product(enumerate(small.conditions), (0, 1)):
            along = member.lines[0]
            _check_mixed(member.term, condition)
            rows = partial(small.rows, number, 0, along.axis.place, mark(k, end))
            line = Line(grid, along.axis.place, no_rows(along.axis.length, 0), rows, False)
            line.follows, line.end = along.follows or [along], end
            yield Member(grid, member.term._replace(input=first + k, ends=True), (line, *member.lines[1:]))


def _check_mixed(term: Term, condition: Condition) -> None:
    """Refuse the derivative of what is prescribed along a coast, on which it is known at points that are not in line."""
    if term.then is not None and not (condition.is_number and condition.name is None):
        raise ArgumentValueError(
            f"{condition!r} beside gaps has no mixed derivatives, as it may vary along them; give a number without a name, or take gradient "
            "and laplacian"
        )


def check_poles(name: str, members: Sequence[Member], grid: Points) -> None:
    """Refuse rows on poles that read a gap, or across one: they are made of points all round, of which none may be missing."""
    if grid.metric is None or not grid.metric.on:
        return
    k = grid.metric.along
    for end in grid.metric.on:
        found = np.logical_or.reduce(np.broadcast_arrays(*[member.crosses(k, end) for member in members]))
        if found.any():
            raise ArgumentValueError(
                f"the row of {name} on the pole at index {end} of axis {grid.axes[k]} is made of points beside the pole and all round, and in "
                f"{int(found.sum())} of its {found.size} points it reads a gap, or across one; leave the row on the pole out, "
                f"{'x[1:] and f[1:]' if end == 0 else 'x[:-1] and f[:-1]'} along that axis, or let those points be missing or outside too"
            )


def _let_follow(lines: Sequence[tuple[Hashable, Line]]) -> None:
    """Lines of one key have rows of runs together."""
    for key, line in lines:
        line.follows = [other for own, other in lines if own == key]


def _let_walls_follow(members: Sequence[Member]) -> None:
    """What is prescribed at a wall has the rows of a run wherever those of the field on the same side of each point are."""
    fields = [member for member in members if not member.term.ends]
    for member in members:
        for line in member.lines if member.term.ends else ():
            if line.stencil.values:
                line.follows = [
                    other
                    for own in fields
                    if _role_at_walls(own.term) == _role_at_walls(member.term)
                    for other in own.lines
                    if other.axis is line.axis
                ]


def _role_at_walls(term: Term) -> tuple[int, int]:
    """What rows of a field and of what is prescribed at its walls have in common, but for the axis."""
    return term.output, term.outer_sign


def _drops(mask: Mask, term: Term, stencil: Stencil, origin: Origin | None) -> bool:
    """Whether what passes the faces to a gap is left out of a row, and all else of it stays: balances then hold exactly."""
    if term.ends or not mask.drops:
        return False
    is_flux = origin is not None and (origin.kind.is_flux or "conservative" in origin.options)
    return is_flux or (not mask.is_open and stencil.is_central)


def shared_points(members: Sequence[Member], outputs: int, mask: Mask) -> list[Array]:
    """For each output the points at which any of its rows is not that of the whole grid."""
    points = []
    for output in range(outputs):
        flags = [member.irregular for member in members if member.term.output == output]
        found = np.flatnonzero(mask.of_rows(np.logical_or.reduce(flags))) if flags else np.zeros(0, np.intp)
        points.append(found.astype(np.int32) if flags and flags[0].size < 1 << 31 else found)
    return points
