"""What the task of a chunk does: reads it and its neighbours' faces, applies all operators, writes, and notes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._backends.dask.chunk import Places, compute, neighbours
from .._backends.dask.faces import depths_of
from .._backends.dask.recipe import Recipe
from .._backends.dask.spans import Span
from .._base.types import Array, Shape
from ._asked import Repeated
from ._partial import Partial
from ._reads import Reads

if TYPE_CHECKING:
    from zarr import Array as Stored


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
        self.recipe, self.along, self.targets, self.partial = recipe, along, targets, partial
        self.numblocks: Places = tuple(map(len, chunks))
        reach = recipe.reach(tuple(range(len(recipe.terms))))
        depths = {k: depths_of(own, along, chunks) for k, own in reach.items()}
        self.reads = Reads(inputs, chunks, depths)

    def run(self, number: int) -> None:
        """Make one chunk of all results."""
        places = tuple(map(int, np.unravel_index(number, self.numblocks)))
        results = self._results(places)
        region = self.reads.region(places)
        for target, result in zip(self.targets, results, strict=True):
            target.array[(*target.component, *region)] = result
        self.partial.note(number)

    def _results(self, places: Places) -> tuple[Array, ...]:
        spans = tuple([own[place] for own, place in zip(self.along, places, strict=True)])
        terms = self.recipe.there(spans)
        used, reach = self.recipe.used(terms), self.recipe.reach(terms)
        others = [
            self.reads.beyond(k, there, places)
            for k in used
            for there in neighbours(reach[k], spans, places, self.numblocks)
        ]
        # last: there is less memory while others are decoded
        own = [self.reads.chunk(k, places) for k in used]
        made = compute(self.recipe, spans, *own, *others)
        return made if isinstance(made, tuple) else (made,)


def step(job: Job, number: int) -> None:
    """The task of one chunk."""
    job.run(number)


def wait_for(*done: None) -> None:
    """The task behind all others."""
