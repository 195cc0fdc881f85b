"""The faces of a chunk, which its neighbours read: what goes from one task to another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from math import prod
from typing import Any, TypeAlias

from ..._base.types import Array
from .spans import Piece, Span
from .tasks import Said

Depth: TypeAlias = tuple[int, int, int]  # an axis, and how many first and last rows others read
Depths: TypeAlias = tuple[Depth, ...]  # of a chunk, along some axes
AllDepths: TypeAlias = list[list[Depth | None]]  # by axis, of all chunks along it


Reach: TypeAlias = Sequence[tuple[int, ...]]  # beyond which sides, and across which edges, an array is read
AllSpans: TypeAlias = Sequence[Sequence["Span | None"]]  # by axis, of all chunks along it


def depths_of(readers: Sequence[tuple[Reach, AllSpans]], chunks: Sequence[tuple[int, ...]]) -> AllDepths:
    """What others read of each chunk of an array."""
    read = [({axis for axes in reach for axis in axes}, along) for reach, along in readers]
    return [
        _depths(axis, chain(*(enumerate(along[axis]) for axes, along in read if axis in axes)), own)
        for axis, own in enumerate(chunks)
    ]


def _depths(
    axis: int, along: Iterable[tuple[int, Span | None]], chunks: tuple[int, ...]
) -> list[Depth | None]:
    first, last = [0] * len(chunks), [0] * len(chunks)
    for number, span in along:
        for piece in () if span is None else span.pieces:
            other = (number + piece.other) % len(chunks)
            if piece.start == 0 or piece.stop < chunks[other]:
                first[other] = max(first[other], piece.stop)
            else:
                last[other] = max(last[other], chunks[other] - piece.start)
    return [(axis, *own) if any(own) else None for own in zip(first, last, strict=True)]


def points_of(depths: AllDepths, chunks: Sequence[tuple[int, ...]]) -> int:
    """How many points the faces of the largest chunk have."""
    largest = [max(own, default=0) for own in chunks]
    rows = [sum(max((own[side] for own in along if own), default=0) for side in (1, 2)) for along in depths]
    return sum(own * prod(largest) // n for own, n in zip(rows, largest, strict=True) if own)


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


def checked_faces(chunk: Array, depths: Depths, said: Said, key: tuple[Any, ...]) -> Faces:
    """The task of that key, of whose chunk this is said."""
    said.check(chunk, key)
    return faces(chunk, depths)


def faces(chunk: Array, depths: Depths) -> Faces:
    """The copies that others read."""
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
