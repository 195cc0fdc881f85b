"""What tasks read of files: Zarr decodes a whole chunk for one row of it, so what later tasks read of that chunk is kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .._backends.dask.faces import AllDepths, Beyond, Faces, faces, points_of
from .._backends.dask.spans import Piece
from .._backends.dask.tasks import Places
from .._base.cache import Cache
from .._base.types import Array, Shape
from ._request import Held, Repeated

if TYPE_CHECKING:
    from zarr import Array as Stored

Region: TypeAlias = tuple[slice, ...]

BYTES = 64 << 20  # of faces that are kept in a process
LOCKS = 64  # between which chunks are shared out


class Unread(Beyond):
    """A neighbour of which only what is asked for is read."""

    def __init__(self, array: Stored | Held | Repeated, region: Region) -> None:
        self.array, self.region = array, region

    def get(self, axes: tuple[int, ...], pieces: tuple[Piece, ...]) -> Array:
        """As much of it."""
        index = list(self.region)
        for axis, piece in zip(axes, pieces, strict=True):
            start = index[axis].start
            index[axis] = slice(start + piece.start, start + piece.stop)
        return _read(self.array, tuple(index))


class Reads:
    """The inputs of a run, with what this process keeps of them; in others it begins anew."""

    def __init__(
        self, inputs: Sequence[Stored | Held | Repeated], chunks: tuple[Shape, ...], depths: dict[int, AllDepths], run: str,
    ) -> None:  # fmt: skip
        self._given = inputs, chunks, depths, run
        self.inputs, self.chunks, self.depths = inputs, chunks, depths
        self.bounds = [[0, *accumulate(own)] for own in chunks]
        self._read = {axis for own in depths.values() for axis, along in enumerate(own) if any(along)}
        # From the slowest to the fastest in the order of tasks: planes across the axis of most chunks are the smallest.
        self._axes = sorted(range(len(chunks)), key=lambda axis: (axis in self._read, -len(chunks[axis])))
        self._faces: Cache[Faces] = Cache(None, 1 << 16, BYTES)
        self._ahead: Cache[Array] = Cache(None, 2 * len(inputs), 0)
        self._locks = [Lock() for _ in range(LOCKS)]

    def __reduce__(self) -> tuple[object, ...]:
        return _sent, self._given

    def order(self) -> Array:
        """The numbers of all chunks in the order of tasks: in columns so thin that all faces of four planes across one are kept."""
        stored = [
            (own, given)
            for k, own in self.depths.items()
            if not isinstance(given := self.inputs[k], Repeated)
        ]
        each = sum(points_of(own, self.chunks) * given.dtype.itemsize for own, given in stored)
        sides = [len(own) if axis in self._read else 1 for axis, own in enumerate(self.chunks)]
        plane = [axis for axis in self._axes if axis in self._read][1:]
        while (count := prod([sides[axis] for axis in plane])) > 1 and 4 * count * each > BYTES:
            longest = max(plane, key=sides.__getitem__)
            sides[longest] = -(-sides[longest] // 2)
        numblocks = tuple(map(len, self.chunks))
        places = np.indices(numblocks).reshape(len(sides), prod(numblocks))
        keys = [*(places[axis] // sides[axis] for axis in self._axes), *places[self._axes]]
        return np.lexsort(keys[::-1])

    def region(self, places: Places) -> Region:
        """The points of a chunk."""
        pairs = zip(self.bounds, places, strict=True)
        return tuple([slice(own[place], own[place + 1]) for own, place in pairs])

    def chunk(self, k: int, places: Places) -> Array:
        """The chunk of a task."""
        array = self.inputs[k]
        if isinstance(array, Repeated):
            return array.region(self.region(places))
        with self._lock(k, places):
            ahead = self._ahead.pop((k, places))
            return self._decoded(array, k, places)[0] if ahead is None else ahead

    def beyond(self, k: int, there: Places, places: Places) -> Beyond:
        """A neighbour of it, whole where the next task will ask for it; of coefficients and shards no more is read than is asked for."""
        array, fastest = self.inputs[k], self._axes[-1]
        if isinstance(array, Repeated):
            return Unread(array, self.region(there))
        with self._lock(k, there):
            kept = self._faces.get((k, there))
            if kept is None and array.shards is None:
                chunk, kept = self._decoded(array, k, there)
                if there == (*places[:fastest], places[fastest] + 1, *places[fastest + 1 :]):
                    self._ahead.put((k, there), chunk, chunk.nbytes)
        return kept or Unread(array, self.region(there))

    def _decoded(self, array: Stored | Held, k: int, places: Places) -> tuple[Array, Faces]:
        chunk, kept = _read(array, self.region(places)), self._faces.get((k, places))
        if kept is None:
            pairs = zip(self.depths[k], places, strict=True)
            kept = faces(chunk, tuple([depth for own, place in pairs if (depth := own[place]) is not None]))
            self._faces.put((k, places), kept, kept.__sizeof__())
        return chunk, kept

    def _lock(self, k: int, places: Places) -> Lock:
        return self._locks[hash((k, places)) % LOCKS]


_runs: Cache[tuple[Reads, ...]] = Cache("files", entries=1)  # that this process is at


def _sent(
    inputs: Sequence[Stored | Held | Repeated],
    chunks: tuple[Shape, ...],
    depths: dict[int, AllDepths],
    run: str,
) -> Reads:
    """Those that a process is sent: a worker of a cluster once, which keeps them, and one of a pool with each task, so that it finds those of the last."""
    kept = _runs.get(run)
    reads = kept[0] if kept else Reads(inputs, chunks, depths, run)
    _runs.put(run, () if kept is None else (reads,), 0)
    return reads


def _read(array: Stored | Held | Repeated, region: Region) -> Array:
    return array.region(region) if isinstance(array, Repeated) else np.asarray(array[region])
