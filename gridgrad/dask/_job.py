"""What the task of a chunk does: reads it and its neighbours' faces, applies all operators, writes, and notes it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._backends.dask.chunk import Places, compute, neighbours
from .._backends.dask.faces import Beyond
from .._backends.dask.recipe import Recipe
from .._backends.dask.spans import Piece, Span
from .._base.types import Array, Shape
from ._asked import Repeated
from ._partial import Partial

if TYPE_CHECKING:
    from zarr import Array as Stored

Region = tuple[slice, ...]


def read(array: Stored | Repeated, region: Region) -> Array:
    """A part of an input."""
    return array.region(region) if isinstance(array, Repeated) else np.asarray(array[region])


class Unread(Beyond):
    """A neighbour in a file, of which only what is asked for is kept."""

    def __init__(self, array: Stored | Repeated, region: Region) -> None:
        self.array, self.region = array, region

    def get(self, axes: tuple[int, ...], pieces: tuple[Piece, ...]) -> Array:
        """As much of it."""
        index = list(self.region)
        for axis, piece in zip(axes, pieces, strict=True):
            start = index[axis].start
            index[axis] = slice(start + piece.start, start + piece.stop)
        return read(self.array, tuple(index))


class Target(NamedTuple):
    """Where one output goes."""

    array: Stored
    component: tuple[int, ...]


class Job:
    """Everything that tasks share."""

    def __init__(
        self, recipe: Recipe, along: Sequence[Sequence[Span | None]], chunks: tuple[Shape, ...],
        inputs: Sequence[Stored | Repeated], targets: Sequence[Target], partial: Partial,
    ) -> None:  # fmt: skip
        self.recipe, self.along, self.inputs, self.targets, self.partial = (
            recipe,
            along,
            inputs,
            targets,
            partial,
        )
        self.bounds = [[0, *accumulate(own)] for own in chunks]
        self.numblocks: Places = tuple(map(len, chunks))

    def run(self, number: int) -> None:
        """Make one chunk of all results."""
        places = tuple(map(int, np.unravel_index(number, self.numblocks)))
        results = self._results(places)
        region = self._region(places)
        for target, result in zip(self.targets, results, strict=True):
            target.array[(*target.component, *region)] = result
        self.partial.note(number)

    def _results(self, places: Places) -> tuple[Array, ...]:
        spans = tuple([own[place] for own, place in zip(self.along, places, strict=True)])
        terms = self.recipe.there(spans)
        used, reach = self.recipe.used(terms), self.recipe.reach(terms)
        own = [read(self.inputs[k], self._region(places)) for k in used]
        others = [
            Unread(self.inputs[k], self._region(there))
            for k in used
            for there in neighbours(reach[k], spans, places, self.numblocks)
        ]
        made = compute(self.recipe, spans, *own, *others)
        return made if isinstance(made, tuple) else (made,)

    def _region(self, places: Places) -> Region:
        """The points of a chunk."""
        return tuple(
            [slice(own[place], own[place + 1]) for own, place in zip(self.bounds, places, strict=True)]
        )


def step(job: Job, number: int) -> None:
    """The task of one chunk."""
    job.run(number)


def wait_for(*done: None) -> None:
    """The task behind all others."""
