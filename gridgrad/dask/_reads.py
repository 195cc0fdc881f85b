"""What tasks read of files: Zarr decodes a whole chunk for one row of it, so what later tasks read of that chunk is kept."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from .._backends.dask.chunk import Places
from .._backends.dask.faces import Beyond, Faces, faces
from .._backends.dask.spans import Piece
from .._base.cache import Cache
from .._base.types import Array
from ._asked import Repeated

if TYPE_CHECKING:
    from zarr import Array as Stored

Region: TypeAlias = tuple[slice, ...]
Depths: TypeAlias = list[list[tuple[int, int, int] | None]]  # of an input: by axis, of each chunk

BYTES = 64 << 20  # of faces that are kept in a process
LOCKS = 64  # between which chunks are shared out


class Unread(Beyond):
    """A neighbour of which only what is asked for is read."""

    def __init__(self, array: Stored | Repeated, region: Region) -> None:
        self.array, self.region = array, region

    def get(self, axes: tuple[int, ...], pieces: tuple[Piece, ...]) -> Array:
        """As much of it."""
        index = list(self.region)
        for axis, piece in zip(axes, pieces, strict=True):
            start = index[axis].start
            index[axis] = slice(start + piece.start, start + piece.stop)
        return _read(self.array, tuple(index))


class Reads:
    """The inputs of a run, with what this process keeps of them: it ends with the run, and in other processes begins anew."""

    def __init__(
        self, inputs: Sequence[Stored | Repeated], bounds: Sequence[Sequence[int]], depths: dict[int, Depths]
    ) -> None:
        self.inputs, self.bounds, self.depths = inputs, bounds, depths
        self._faces: Cache[Faces] = Cache(None, 1 << 16, BYTES)
        self._ahead: Cache[Array] = Cache(None, 2 * len(inputs), 0)
        self._locks = [Lock() for _ in range(LOCKS)]

    def __reduce__(self) -> tuple[object, ...]:
        return Reads, (self.inputs, self.bounds, self.depths)

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

    def beyond(self, k: int, places: Places, is_next: bool) -> Beyond:
        """A neighbour of it, whole where the next task will ask for it; of coefficients and shards no more is read than is asked for."""
        array = self.inputs[k]
        if isinstance(array, Repeated):
            return Unread(array, self.region(places))
        with self._lock(k, places):
            kept = self._faces.get((k, places))
            if kept is None and array.shards is None:
                chunk, kept = self._decoded(array, k, places)
                if is_next:
                    self._ahead.put((k, places), chunk, chunk.nbytes)
        return kept or Unread(array, self.region(places))

    def _decoded(self, array: Stored, k: int, places: Places) -> tuple[Array, Faces]:
        chunk, kept = _read(array, self.region(places)), self._faces.get((k, places))
        if kept is None:
            pairs = zip(self.depths[k], places, strict=True)
            kept = faces(chunk, tuple([depth for own, place in pairs if (depth := own[place]) is not None]))
            self._faces.put((k, places), kept, kept.__sizeof__())
        return chunk, kept

    def _lock(self, k: int, places: Places) -> Lock:
        return self._locks[hash((k, places)) % LOCKS]


def _read(array: Stored | Repeated, region: Region) -> Array:
    return array.region(region) if isinstance(array, Repeated) else np.asarray(array[region])
