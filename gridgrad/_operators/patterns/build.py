"""An operator as it is made: its terms, and what is prescribed at walls as coefficients behind its fields."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from ..._grid.conditions import Condition
from ..._grid.points import Along, Points
from ..._stencils.ends import opened
from ..._stencils.stencil import Stencil
from ..._terms.term import Term
from ..fields.coefficients import Argument, Coefficients
from ..fields.forms import Form
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

    def add(
        self, output: int, input: int, axis: int, along: Along, change: Callable[[Stencil], Stencil] = same,
        faces: int | None = None, outer: int | None = None, sign: int = 0,
    ) -> None:  # fmt: skip
        """The rows of one derivative, each stencil changed in the same way; of `outer` only the values of a sign count, if there is one."""
        term = Term(output, input, axis, change(along.field), faces=faces, outer=outer, outer_sign=sign)
        self._terms.append(term)
        for condition, stencil in along.sides:
            number = self.input_of(condition, axis)
            self._of_sides.append(term._replace(input=number, stencil=change(stencil), ends=True))

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
        return (*self._terms, *self._of_sides)

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The operator's own, then one for each condition."""
        sides = (
            Argument(condition.name or "", (None,), False, side=Side.of(self.grid, axis, condition))
            for condition, axis in self._places
        )
        return (*self.own, *sides)

    @property
    def prescribed(self) -> Coefficients:
        """What is prescribed, as coefficients."""
        return tuple(
            Side.of(self.grid, axis, condition).field(condition.given) for condition, axis in self._places
        )
