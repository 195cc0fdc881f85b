"""The grids of an operator's fields, where these are not all of one: points, and the faces between them."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array, Shape
from ..._base.words.names import OF_OPERATORS
from ..._grid.matching import check_grids
from ..._grid.points import Points
from .forms import Form, form_name


class Place(NamedTuple):
    """Where a field lives: its grid, and in words ("the 4 faces across axis 0")."""

    grid: Points
    words: str


class Grids(NamedTuple):
    """Where each component of what goes in and of what comes out lives."""

    inputs: tuple[Place, ...]
    outputs: tuple[Place, ...]

    def turned(self) -> Grids:
        """Those of a transpose."""
        return Grids(self.outputs, self.inputs)

    def axes_of(self, shapes: Sequence[Shape], name: str) -> tuple[int, ...]:
        """The grids' axes in arrays of these shapes, which must have the lengths of their grids there, and alike batch axes."""
        beside = []
        for shape, place in zip(shapes, self.inputs, strict=True):
            try:
                axes = place.grid.axes_of(shape)
            except ArgumentValueError as error:
                raise ArgumentValueError(f"{error}; {name} {self.described()}") from None
            beside.append((axes, [n for k, n in enumerate(shape) if k not in axes]))
        if any(entry != beside[0] for entry in beside):
            raise ArgumentValueError(
                f"the components of f differ in their batch axes: shapes {' and '.join(map(str, shapes))}; {name} {self.described()}"
            )
        return beside[0][0]

    def described(self) -> str:
        """What goes in and what comes out, in words."""
        taken, given = (" and ".join(place.words for place in places) for places in self)
        return f"takes {_a_field(self.inputs)} at {taken} and gives {_a_field(self.outputs)} at {given}"


def _a_field(places: Sequence[Place]) -> str:
    return "a field" if len(places) == 1 else f"{len(places)} fields"


class OnGrids:
    """A map between fields on one grid, or on those of `grids`."""

    grid: Points  # of what goes in, of its first component
    grids: Grids | None = None
    inputs: Form
    outputs: Form
    grids_in: tuple[Points, ...]  # the grid of each component of what goes in
    grids_out: tuple[Points, ...]  # of what comes out

    @property
    def grid_out(self) -> Points:
        """The grid of the results, which in products may end otherwise than `grid`; of several that of the first."""
        return self.grids_out[0]

    if not TYPE_CHECKING:  # or a checker would take it for an array, and `field * operator` for another

        def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
            if dtype is None or np.dtype(dtype).kind != "O":
                raise ArgumentTypeError(
                    f"an operator is no array; {OF_OPERATORS['toarray']}, and what it makes of a field A(f)"
                )
            held = np.empty((), object)  # one among others, in an array of objects
            held[()] = self
            return held

    def _of(self, which: int, form: Form) -> tuple[Points, ...]:
        if self.grids is None:
            return (self.grid,) * prod(form)
        return tuple([place.grid for place in self.grids[which]])

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns as a matrix on one field of the grid's shape, without batch axes."""
        rows, columns = (sum(prod(grid.shape) for grid in grids) for grids in (self.grids_out, self.grids_in))
        return rows, columns


def check_alike(first: OnGrids, second: OnGrids) -> None:
    """Refuse to add operators that are not maps between the same fields."""
    _check_places(first.grids_in, second.grids_in, "added")
    _check_places(first.grids_out, second.grids_out, "added")
    if (first.inputs, first.outputs) != (second.inputs, second.outputs):
        raise ArgumentValueError(
            f"cannot add {first!r} and {second!r}: they map {form_name(first.inputs)} -> {form_name(first.outputs)} and "
            f"{form_name(second.inputs)} -> {form_name(second.outputs)}"
        )


def check_composed(outer: OnGrids, inner: OnGrids) -> None:
    """Refuse to compose operators of which one does not take what the other gives."""
    _check_places(outer.grids_in, inner.grids_out, "composed")
    if outer.inputs != inner.outputs:
        raise ArgumentValueError(
            f"cannot compose {outer!r} with {inner!r}: the second gives a {form_name(inner.outputs)} on "
            f"{inner.grids_out[0].shape}, the first takes a {form_name(outer.inputs)} on {outer.grids_in[0].shape}"
        )


def _check_places(first: Sequence[Points], second: Sequence[Points], what: str) -> None:
    for own, other in zip(first, second, strict=False):  # forms are compared later
        check_grids(own, other, what)
