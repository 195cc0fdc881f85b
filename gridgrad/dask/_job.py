"""What the task of a chunk does: reads it and its neighbours' faces, applies all operators, writes, and notes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import numpy as np

from .._backends.dask.chunk import compute, neighbours
from .._backends.dask.faces import AllSpans, Reach, depths_of
from .._backends.dask.recipe import Recipe, Spans
from .._backends.dask.tasks import Places, beside
from .._base.types import Array, Shape
from ._partial import Partial
from ._reads import Reads
from ._request import Filled, Held, Repeated

if TYPE_CHECKING:
    from zarr import Array as Stored


class Target(NamedTuple):
    """Where one output goes."""

    array: Stored
    component: tuple[int, ...]
    released: list[Filled]  # its points that are 0


class Part(NamedTuple):
    """What one recipe makes, of some of the inputs."""

    recipe: Recipe
    along: AllSpans
    inputs: Sequence[int]

    def spans(self, places: Places) -> Spans:
        """The chunk along each axis."""
        return tuple([own[place] for own, place in zip(self.along, places, strict=True)])

    def reach(self) -> dict[int, Reach]:
        """How all its terms read each input."""
        found = self.recipe.reach(tuple(range(len(self.recipe.terms))))
        return {self.inputs[k]: own for k, own in found.items()}

    def reads(self, places: Places, numblocks: Places) -> tuple[list[int], list[tuple[int, Places]]]:
        """The inputs of a chunk, and the neighbours that are read of them."""
        spans = self.spans(places)
        terms = self.recipe.there(spans)
        used, reach = self.recipe.used(terms), self.recipe.reach(terms)
        others = [
            (self.inputs[k], beside(places, steps, numblocks))
            for k in used
            for steps in neighbours(reach[k], spans)
        ]
        return [self.inputs[k] for k in used], others


class Job:
    """Everything that tasks share."""

    def __init__(
        self, parts: Sequence[Part], chunks: tuple[Shape, ...], inputs: Sequence[Stored | Held | Repeated], targets: Sequence[Target],
        partial: Partial,
    ) -> None:  # fmt: skip
        self.parts, self.targets, self.partial = parts, targets, partial
        self.numblocks: Places = tuple(map(len, chunks))
        readers: dict[int, list[tuple[Reach, AllSpans]]] = {}
        for part in parts:
            for k, reach in part.reach().items():
                readers.setdefault(k, []).append((reach, part.along))
        self.reads = Reads(
            inputs, chunks, {k: depths_of(own, chunks) for k, own in readers.items()}, uuid4().hex
        )

    def run(self, number: int) -> None:
        """Make one chunk of all results: its task."""
        places = tuple(map(int, np.unravel_index(number, self.numblocks)))
        region = self.reads.region(places)
        shape = tuple(own[-1] for own in self.reads.bounds)
        for target, result in zip(self.targets, self._results(places), strict=True):
            made = np.array(result) if target.released else result
            for points in target.released:
                points.write(made, region, shape)
            target.array[(*target.component, *region)] = made
        self.partial.note(number)

    def _results(self, places: Places) -> Iterator[Array]:
        """All outputs of a chunk; whatever several recipes read is read once."""
        wanted = [part.reads(places, self.numblocks) for part in self.parts]
        others = {
            own: self.reads.beyond(*own, places) for own in dict.fromkeys(chain(*(of for _, of in wanted)))
        }
        # last: there is less memory while others are decoded
        chunks = {k: self.reads.chunk(k, places) for k in dict.fromkeys(chain(*(used for used, _ in wanted)))}
        for part, (used, beyond) in zip(self.parts, wanted, strict=True):
            own, around = [chunks[k] for k in used], [others[there] for there in beyond]
            made = compute(part.recipe, part.spans(places), *own, *around)
            yield from made if isinstance(made, tuple) else (made,)


def wait_for(*done: None) -> None:
    """The task behind all others."""
