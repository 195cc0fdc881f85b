"""An axis in chunks: of each its rows as stencils, and what they read of other chunks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from ..._base.cache import cached, cached_property
from ..._stencils.part import Block, block, leaving
from ..._stencils.stencil import Stencil
from ..rows import has_pairs


class Piece(NamedTuple):
    """Rows that a chunk reads of another one along the same axis."""

    other: int  # so many chunks further, round the axis
    start: int
    stop: int
    at: int  # their place in the chunk with its halo


class Cut(NamedTuple):
    """Some rows of a chunk, along one axis, and the points that an array with them has."""

    stencils: tuple[Stencil, ...]
    low: int  # its first point, counted in the chunk with its halo
    length: int
    first: int  # of its points, that of the first row
    own: slice  # the rows, in the chunk

    @property
    def rows(self) -> slice:
        """The rows in the array."""
        return slice(self.first, self.first + self.own.stop - self.own.start)


class Parts(NamedTuple):
    """The rows of a chunk along an axis, in parts that need no copy of it."""

    inner: Cut  # on the chunk itself: rows that do not leave it, and empty ones in the place of the others
    sides: tuple[Cut, ...]  # those others


class Span:
    """A chunk along one axis: the stencils of its rows, on its `length` points and their halo.

    What they read has `surplus` points more there, at the end of an axis that goes between points and faces.
    """

    def __init__(self, length: int, rows: Block, pieces: tuple[Piece, ...], surplus: int = 0) -> None:
        self.length, self.block, self.pieces, self.surplus = length, rows, pieces, surplus

    def __reduce__(self) -> tuple[object, ...]:
        return Span, (self.length, self.block, self.pieces, self.surplus)

    @property
    def points(self) -> tuple[int, int]:
        """Where its own points are, in the chunk with its halo."""
        return self.block.before, self.block.before + self.length

    @cached_property
    def whole(self) -> Cut:
        """All rows, on all points that they read."""
        before, after = self.block.before, self.block.after
        return Cut(self.block.stencils, 0, before + self.length + after, before, slice(0, self.length))

    @cached_property
    def alone(self) -> Cut:
        """All rows without a stencil, of terms that do not go along this axis."""
        return Cut((), self.block.before, self.length, 0, slice(0, self.length))

    @cached_property
    def parts(self) -> Parts | None:
        """The rows that stay in the chunk, and those that do not; None where it is too short for that."""
        if self.surplus:
            return None
        before, after = self.block.before, self.block.after
        ends = [leaving(stencil, before, after) for stencil in self.block.stencils]
        first, last = max(a for a, _ in ends), max(b for _, b in ends)
        start, stop = before + first, before + self.length - last
        if stop <= start:
            return None
        inner = block(self.block.stencils, start, stop, (first, last))
        sides = [
            self._cut(*own) for own in ((0, first), (self.length - last, self.length)) if own[0] < own[1]
        ]
        fits = all(cut.low >= 0 and cut.low + cut.length <= self.whole.length for cut in sides)
        if not fits or (inner.before, inner.after) != (first, last):
            return None  # rows that read round the chunk, or that leave it in its middle
        return Parts(Cut(inner.stencils, before, self.length, 0, slice(0, self.length)), tuple(sides))

    def _cut(self, start: int, stop: int) -> Cut:
        """Some rows, on the points that they read."""
        before = self.block.before
        rows = block(self.block.stencils, before + start, before + stop)
        length = rows.before + stop - start + rows.after
        return Cut(rows.stencils, before + start - rows.before, length, rows.before, slice(start, stop))

    @cached_property
    def has_rows(self) -> tuple[bool, ...]:
        """Of each stencil, whether one of the rows has pairs."""
        start, stop = self.points
        return tuple(bool(has_pairs(stencil)[start:stop].any()) for stencil in self.block.stencils)


def _bytes_of(spans: tuple[Span, ...], *_: object) -> int:
    distinct = {id(span): span for span in spans}.values()
    return sum(own.nbytes + 256 for span in distinct for own in span.block.stencils)


@cached("chunks", entries=256, each=_bytes_of)
def spans_of(stencils: tuple[Stencil, ...], chunks: tuple[int, ...]) -> tuple[Span, ...]:
    """The chunks of the rows of an axis; those that are alike are one object, so that they share their plans."""
    return tuple(_made(stencils, chunks))


def along(
    stencils: Mapping[int, tuple[Stencil, ...]], chunks: Sequence[tuple[int, ...]]
) -> list[Sequence[Span | None]]:
    """The chunks of all axes of what is made; None where nothing is differentiated."""
    return [
        spans_of(stencils[axis], own) if axis in stencils else [None] * len(own)
        for axis, own in enumerate(chunks)
    ]


def _made(stencils: tuple[Stencil, ...], chunks: tuple[int, ...]) -> Iterator[Span]:
    rows_of, surplus = pairwise([0, *accumulate(chunks)]), stencils[0].surplus
    bounds = [0, *accumulate((*chunks[:-1], chunks[-1] + surplus))]
    alike: dict[tuple[object, ...], Span] = {}
    for number, (start, stop) in enumerate(rows_of):
        if start == stop:
            yield Span(0, Block((), 0, 0), ())
            continue
        rows, more = block(stencils, start, stop), bounds[number + 1] - stop
        after = 0 if more else rows.after  # an end has no points behind it
        pieces = (*pieces_of(bounds, number, start - rows.before, start, 0),
                  *pieces_of(bounds, number, stop, stop + after, rows.before + stop - start))  # fmt: skip
        span = Span(stop - start, rows, pieces, more)
        yield alike.setdefault((stop - start, pieces, more), span) if _is_inside(rows) else span


def _is_inside(rows: Block) -> bool:
    """Whether all rows have the same weights, from which the whole block follows."""
    halo = rows.before, rows.after
    return all(own.is_uniform and (len(own.leading), len(own.trailing)) == halo for own in rows.stencils)


def pieces_of(bounds: list[int], own: int, start: int, stop: int, at: int) -> Iterator[Piece]:
    """The points `start` to ``stop - 1`` round the axis, by the chunks that they are in."""
    length, chunks = bounds[-1], len(bounds) - 1
    while start < stop:
        point = start % length
        number = bisect_right(bounds, point) - 1
        until = min(point + stop - start, bounds[number + 1])
        yield Piece((number - own) % chunks, point - bounds[number], until - bounds[number], at)
        start, at = start + until - point, at + until - point
