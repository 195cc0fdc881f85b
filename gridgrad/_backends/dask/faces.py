"""The faces of a chunk, which its neighbours read: what goes from one task to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ..._base.types import Array
from .spans import Piece, Span

Depths: TypeAlias = tuple[
    tuple[int, int, int], ...
]  # of some axes: axis, first rows and last rows that others read


def depths_of(
    reach: Sequence[tuple[int, ...]], along: Sequence[Sequence[Span | None]], chunks: Sequence[tuple[int, ...]]
) -> list[list[tuple[int, int, int] | None]]:  # fmt: skip
    """How many first and last rows of each chunk others read, by axis."""
    read = {axis for axes in reach for axis in axes}
    return [_depths(axis, along[axis] if axis in read else (), own) for axis, own in enumerate(chunks)]


def _depths(axis: int, along: Sequence[Span | None], chunks: tuple[int, ...]) -> list[tuple[int, int, int] | None]:
    first, last = [0] * len(chunks), [0] * len(chunks)
    for number, span in enumerate(along):
        for piece in () if span is None else span.pieces:
            other = (number + piece.other) % len(chunks)
            if piece.start == 0 or piece.stop < chunks[other]:
                first[other] = max(first[other], piece.stop)
            else:
                last[other] = max(last[other], chunks[other] - piece.start)
    return [(axis, *own) if any(own) else None for own in zip(first, last, strict=True)]


class Beyond:
    """What lies beyond a chunk in one of its neighbours."""

    def get(self, axes: tuple[int, ...], pieces: tuple[Piece, ...]) -> Array:
        """The rows of these pieces along these axes, all points along the others."""
        raise NotImplementedError


class Faces(Beyond):
    """Copies of the first and the last rows of a chunk along some axes, of length `length` each."""

    def __init__(self, sides: dict[int, tuple[Array, Array, int]]) -> None:
        self.sides = sides

    def __sizeof__(self) -> int:
        return sum(int(side.nbytes) for low, high, _ in self.sides.values() for side in (low, high)) + 512

    def get(self, axes: tuple[int, ...], pieces: tuple[Piece, ...]) -> Array:
        """The rows of these pieces along these axes, all points along the others."""
        low, high, length = self.sides[axes[0]]
        piece, first = pieces[0], low.shape[axes[0]]
        if piece.stop > first:
            by = high.shape[axes[0]] - length
            return high[
                _index(axes, (piece._replace(start=piece.start + by, stop=piece.stop + by), *pieces[1:]))
            ]
        return low[_index(axes, pieces)]


def faces(chunk: Array, depths: Depths) -> Faces:
    """The task that makes them."""
    sides = {}
    for axis, first, last in depths:
        length, before = chunk.shape[axis], (slice(None),) * axis
        low, high = chunk[(*before, slice(0, first))], chunk[(*before, slice(length - last, length))]
        sides[axis] = low.copy(), high.copy(), length
    return Faces(sides)


def found(source: Array | Beyond, axes: tuple[int, ...], pieces: tuple[Piece, ...]) -> Array:
    """What lies beyond a chunk, of the faces of a neighbour or of the neighbour itself."""
    return source.get(axes, pieces) if isinstance(source, Beyond) else source[_index(axes, pieces)]


def _index(axes: tuple[int, ...], pieces: tuple[Piece, ...]) -> tuple[slice, ...]:
    index = [slice(None)] * (max(axes) + 1)
    for axis, piece in zip(axes, pieces, strict=True):
        index[axis] = slice(piece.start, piece.stop)
    return tuple(index)
