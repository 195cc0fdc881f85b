"""An operator as it is made: its terms, and what is prescribed at walls as coefficients behind its fields."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import cast

from ..._base.types import Array
from ..._grid.conditions import Condition
from ..._grid.lines.rows import LineRows
from ..._grid.points import Along, Points
from ..._stencils.ends import opened
from ..._stencils.stencil import Stencil
from ..._terms.term import Term
from ..fields.coefficients import Argument, Coefficients
from ..fields.forms import Form
from ..fields.lines import LineWeights
from ..fields.sides import Side


def same(stencil: Stencil) -> Stencil:
    """A stencil as it is."""
    return stencil


class Build:
    """Collects terms; those of what is prescribed come last, and read it as one more input."""

    def __init__(self, grid: Points, inputs: Form = (), arguments: tuple[Argument, ...] = ()) -> None:
        self.grid, self.form, self.inputs, self.own = grid, inputs, prod(inputs), arguments
        self._fields = sum(argument.fields for argument in arguments)
        self._terms: list[Term] = []
        self._of_sides: list[Term] = []
        self._places: dict[tuple[Condition, int], int] = {}
        self._weights: dict[tuple[LineRows, int], int] = {}  # behind the fields, before what is prescribed

    def add(
        self, output: int, input: int, axis: int, along: Along, change: Callable[[Stencil], Stencil] = same,
        faces: int | None = None, outer: int | None = None,
    ) -> None:  # fmt: skip
        """The rows of one derivative, each stencil changed in the same way."""
        if along.lines is not None:
            if faces is not None or outer is not None:
                raise along.lines.refusal("a coefficient that is a field")
            self._add_lines(output, input, axis, along.lines, change)
            return
        self._terms.append(Term(output, input, axis, change(along.field), faces=faces, outer=outer))
        for condition, stencil in along.sides:
            number = self.input_of(condition, axis)
            self._of_sides.append(
                Term(output, number, axis, change(stencil), faces=faces, outer=outer, ends=True)
            )

    def _add_lines(
        self, output: int, input: int, axis: int, rows: LineRows, change: Callable[[Stencil], Stencil]
    ) -> None:
        """Unit differences, each with its own weight at every point."""
        for k, stencil in enumerate(rows.stencils):
            place = self._weights.setdefault((rows, k), len(self._weights))
            self._terms.append(
                Term(output, input, axis, change(stencil), outer=self._fields + place, ends=k >= rows.everywhere,
                     gated=rows.is_gated)
            )  # fmt: skip

    def add_mixed(self, output: int, axes: tuple[int, int], both: tuple[Along, Along]) -> None:
        """The product of two first derivatives along the lower and the higher axis.

        ``D_low (D_high f + s_high u) + s_low (D_high v)``: what is prescribed at one wall is differentiated
        along it by rows that know of no other wall.
        """
        (low, high), (lower, higher) = axes, both
        self._terms.append(Term(output, 0, high, higher.field, then=(low, lower.field)))
        for condition, stencil in higher.sides:
            number = self.input_of(condition, high)
            self._of_sides.append(Term(output, number, high, stencil, then=(low, lower.field), ends=True))
        for condition, stencil in lower.sides:
            if condition.is_number and condition.name is None:  # the same all along
                continue
            number = self.input_of(condition, low)
            plain = self.grid.stencil(high, change=opened)
            self._of_sides.append(Term(output, number, high, plain, then=(low, stencil), ends=True))

    def input_of(self, condition: Condition, axis: int) -> int:
        """The number among the inputs of what is prescribed across an axis."""
        place = self._places.setdefault((condition, axis), len(self._places))
        return self.inputs + self._fields + place

    @property
    def terms(self) -> tuple[Term, ...]:
        """All of them."""
        behind = len(self._weights)
        return (*self._terms, *(term._replace(input=term.input + behind) for term in self._of_sides))

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The operator's own, then one for each condition."""
        sides = (
            Argument(condition.name or "", (None,), False, side=Side.of(self.grid, axis, condition))
            for condition, axis in self._places
        )
        weights = (Argument("", (None,), False, lines=rows.axis) for rows, _ in self._weights)
        return (*self.own, *weights, *sides)

    @property
    def prescribed(self) -> Coefficients:
        """Weights of lines, and what is prescribed, as coefficients."""
        weights = (cast(Array, LineWeights(rows, k)) for rows, k in self._weights)
        sides = (Side.of(self.grid, axis, condition).field(condition.given) for condition, axis in self._places)
        return (*weights, *sides)
