"""`Axis`: the points of one axis of a grid, its ends, and the stencils along it, made once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from fractions import Fraction
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from .._base.cache import Cache, attributes, by_content, cached_property
from .._base.errors import ArgumentValueError, counted
from .._base.late import Late
from .._base.types import Array
from .._stencils.derivatives import Rows, Rule, derivative_rows, points_needed
from .._stencils.ends import End
from .._stencils.stencil import Stencil, is_normal
from .._stencils.transpose import dual_widths
from .._stencils.wide import Wide, exact_fraction, exact_steps, from_fraction, wrap_step
from .._wraps.units import Maybe, converted, slope, wrap
from . import hints
from .boundary import OPEN, POLE, RING, Ends
from .places import ORIGIN
from .spacing import (  # fmt: skip
    check_coordinates,
    check_exponents,
    check_period,
    check_steps,
    clean_number,
    clean_step,
    out_of_range,
    representable,
    to_host,
)
from .walls.components import Components, Wall
from .walls.conditions import Condition

if TYPE_CHECKING:
    from .lines import rows as lines
else:
    lines = Late("gridgrad._grid.lines.rows")

_stencils: Cache[Rows] = Cache("stencils", entries=256)


class Along(NamedTuple):
    """The rows of one derivative along an axis: of the field, and of what is prescribed at its ends, with whether it is the last.

    Of an axis whose lines have rows of their own these are `of_lines`, and there is no `field`.
    """

    stencil: Stencil | None
    sides: tuple[tuple[Condition, Stencil, bool], ...] = ()
    of_lines: lines.LineRows | None = None

    @property
    def field(self) -> Stencil:
        """The rows of the field, where all lines have the same."""
        if self.stencil is None:
            assert self.of_lines is not None
            raise self.of_lines.refusal("an operator of this kind")
        return self.stencil


class Axis:
    """One axis: its points by a step or by coordinates, both ends, and the axis `number` of fields that it is.

    What depends on the points is made at its first use, from a copy of what was given. The steps in
    twice the precision, of which all is made, are as large as a stencil and are not kept.
    """

    has_lines = False  # whether its points lie elsewhere on each line along it
    lacks = False  # whether some of its points have no position

    def __init__(
        self, number: int, length: int, spacing: Array | float, origin: Array = ORIGIN, sides: Ends = OPEN, period: object = None,
        unit: Maybe = None, real: npt.DTypeLike = np.float64, place: int = 0, edge_order: int = 1, length_of_unit: float = 1.0,
    ) -> None:  # fmt: skip
        self.number, self.length, self.unit, self.real = number, length, unit, np.dtype(real)
        # the place among the axes of a grid
        self.sides, self.place, self.edge_order = sides, place, edge_order
        # which ends have more than a word: numbers or arrays, or others for each component
        left, right = sides
        self.are_prescribed = (
            isinstance(left, (Condition, Components)),
            isinstance(right, (Condition, Components)),
        )
        self.length_of_unit = length_of_unit  # of its coordinates: slopes at walls are per length
        self.slope = unit and slope(unit, f"axis {number}")  # of differences along it
        self.spacing = read_only(np.array(spacing, order="C"))  # whatever becomes of the caller's array
        self.origin = origin
        self.period: Any = None
        if period is not None:
            period = converted(period, self.slope, "period", f"axis {number}", True)
            self.period = clean_number(period, number, "period")
        self._rows: dict[Hashable, Rows] = {}
        self.ends = self.ends_of(place if self.is_of_vectors else None)

    def __getstate__(self) -> dict[str, object]:
        """Without what is made when it is asked for: equal axes are the same bytes, by which Dask goes on with a call."""
        return attributes(self) | {"_rows": {}}

    def check(self) -> None:
        """Refuse points that rows cannot be made of."""
        self.stencil()

    def with_gaps(self) -> Self:
        """The axis of a grid that has gaps, where points need no position."""
        return self

    @property
    def has_coordinates(self) -> bool:
        """Whether it was given by coordinates, not by its step."""
        return self.spacing.ndim > 0

    @property
    def of_rows(self) -> Axis:
        """The axis by whose points derivatives along it are: itself, where these are its coordinates."""
        return self

    @property
    def is_of_vectors(self) -> bool:
        """Whether an end says nothing about scalar fields."""
        return any(isinstance(side, Components) and side.scalar is None for side in self.sides)

    def own_component(self, component: int | None) -> int | None:
        """That which operators on one axis take for their one field."""
        return self.place if component is None and self.is_of_vectors else component

    def walls_of(self, component: int | None) -> tuple[Wall, Wall]:
        """Both ends of a component of vector fields, or, of None, of scalar ones."""
        left, right = (
            side.of(self.place, component) if isinstance(side, Components) else side for side in self.sides
        )
        return left, right

    def ends_of(self, component: int | None) -> tuple[End, End]:
        """The rows that go with them."""
        left, right = (wall.end if isinstance(wall, Condition) else wall for wall in self.walls_of(component))
        if self.length_of_unit != 1:
            left, right = (end.per_length(self.length_of_unit) for end in (left, right))
        if left.position is None and right.position is None:
            return left, right
        return self._placed(left, 0), self._placed(right, 1)

    def _placed(self, end: End, side: int) -> End:
        """With the distance of a wall that was given by its position."""
        if end.position is None:
            return end
        self.between()  # checked before positions are asked for
        last = self.length - 1
        beside = representable(
            self.position(np.array((last, last - 1) if side else (0, 1))),
            f"the positions of axis {self.number}",
        )
        own, inner = map(exact_fraction, beside)
        if (end.position - own) * (own - inner) < 0:
            raise ArgumentValueError(
                f"the wall of axis {self.number} at {float(end.position):g} lies inside of its end point, {beside[0]:g}; give a position outside, "
                'or wall="point" or "face"'
            )
        return end.placed(own)

    @property
    def is_periodic(self) -> bool:
        """Whether its field repeats."""
        return self.ends[0].is_periodic

    def given(self) -> tuple[object, object]:
        """Coordinates or ``(n, step, origin)``, and the period: as a grid takes them, units included."""
        period = None if self.period is None else wrap(self.period, self.slope)
        if self.has_coordinates:
            return wrap(self.spacing, self.unit), period
        return (self.length, wrap(self.spacing[()], self.unit), wrap(self.origin, self.unit)), period

    def position(self, index: int | Array) -> Array:
        """Where a point is."""
        if self.has_coordinates:
            return self.coordinates[index]
        with np.errstate(over="ignore", invalid="ignore"):
            return self.origin + self.spacing.astype(self.real) * index

    @cached_property
    def coordinates(self) -> Array:
        """The positions of its points; read-only."""
        if not self.has_coordinates:
            return read_only(
                representable(self.position(np.arange(self.length)), f"the positions of axis {self.number}")
            )
        with np.errstate(over="ignore"):
            return read_only(self.spacing.astype(self.real, copy=False))

    @cached_property
    def steps(self) -> Array:
        """Its step, or the n - 1 steps between its points, negative where it runs down; read-only."""
        steps = self.exact_steps()[0].high
        return read_only(steps) if np.ndim(steps) else steps

    @cached_property
    def quadrature(self) -> Array:
        """The dual-cell width of each point; read-only."""
        steps, around = self.exact_steps()
        beside = [steps.at(k) if np.ndim(steps.high) else steps for k in (0, -1)]
        with np.errstate(over="ignore", invalid="ignore"):
            beyond = [end.beyond(step, around) for end, step in zip(self.ends, beside, strict=True)]
            widths = representable(
                dual_widths(steps, self.length, *beyond), f"the cells of axis {self.number}"
            )
        if not widths.all():
            raise out_of_range(self.number, widths.dtype)
        return read_only(widths)

    def beyond(self, side: int) -> Array:
        """How far its cells go on beyond the first point (0), or the last (-1): negative where coordinates run down outwards."""
        step = np.broadcast_to(self.steps, self.length - 1)[side] * (1 if side else -1)
        beyond: Array = np.sign(step) * (self.quadrature[side] - abs(step) / 2)
        return beyond

    def between(self) -> Wide:
        """Its steps, checked."""
        x = self.spacing
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            if not self.has_coordinates:
                steps = from_fraction(exact_fraction(clean_step(x, self.number)), self.real)
                check_exponents(self.number, steps.high)
                return steps
            steps = exact_steps(x, self.real)
            check_coordinates(x, self.length, self.number)
            check_steps(x, steps.high, self.number)
            check_exponents(self.number, steps.high)
        return steps

    def exact_steps(self) -> tuple[Wide, Wide | None]:
        """Its steps, and, if it is periodic, the one from its last point round to its first."""
        x, steps = self.spacing, self.between()
        if not self.is_periodic:
            return steps, None
        if self.has_coordinates:
            first, last = exact_fraction(x[0]), exact_fraction(x[-1])
        elif self.period is None:
            return steps, steps
        else:
            first, last = Fraction(0), (self.length - 1) * exact_fraction(x)
        check_period(self.period, abs(last - first), self.number)
        with np.errstate(over="ignore"):
            around = wrap_step(first, last, self.period, self.real)
        check_exponents(self.number, steps.high, around.high)
        return steps, around

    def run_at(self, start: int, length: int) -> Array:
        """The coordinates of a run of points from one of them on, round a ring."""
        x = self.spacing
        beyond = max(start + length - self.length, 0)
        if not beyond:
            return x[start : start + length]
        return np.concatenate([x[start:], x[:beyond] + (self.period if x[-1] > x[0] else -self.period)])

    def steps_of_runs(self, starts: Array, length: int) -> Wide:
        """The steps of many such runs, shape ``(length - 1, runs)``."""
        return self.exact_steps()[0].at(np.arange(length - 1)[:, None] + starts)

    def stencil(
        self, order: int = 1, accuracy: int | None = None, change: Callable[[End], End] | None = None, side: int = 0
    ) -> Stencil:  # fmt: skip
        """The rows of one derivative of scalar fields, or, where there are none, of the component across the ends."""
        return self.rows(order, accuracy, change, self.place if self.is_of_vectors else None, side).field

    def along(
        self, order: int = 1, accuracy: int | None = None, change: Callable[[End], End] | None = None, component: int | None = None,
        side: int = 0,
    ) -> Along:  # fmt: skip
        """The same of a component of vector fields, or, of None, of scalar ones, with what is prescribed at the ends."""
        rows = self.rows(order, accuracy, change, component, side)
        return self.with_walls(rows, component) if any(self.are_prescribed) else Along(rows.field)

    def with_walls(self, rows: Rows, component: int | None) -> Along:
        """Rows with the conditions that belong to those of what is prescribed."""
        walls = self.walls_of(component)
        sides = (
            (wall, stencil, is_last)
            for wall, stencil, is_last in zip(walls, (rows.first, rows.last), (False, True), strict=True)
            if stencil is not None and isinstance(wall, Condition) and not wall.is_zero
        )
        return Along(rows.field, tuple(sides))

    def rows(
        self, order: int = 1, accuracy: int | None = None, change: Callable[[End], End] | None = None, component: int | None = None,
        side: int = 0,
    ) -> Rows:  # fmt: skip
        """The rows of one derivative, with those of what is prescribed; `change` makes other ends of its own."""
        key = order, accuracy, change, component, side
        if key not in self._rows:
            left, right = self.ends_of(component) if component is not None else self.ends
            if change is not None:
                left, right = change(left), change(right)
            self._rows[key] = self.rows_of(rule_of(order, accuracy, (left, right), self.edge_order, side))
        return self._rows[key]

    def rows_of(self, rule: Rule) -> Rows:
        """Cached by the *content* of the spacing: of an equal one, whatever its identity, nothing is checked again."""
        period = None if self.period is None else by_content(self.period)
        key = (by_content(self.spacing), self.length, rule, period, self.real)
        found = _stencils.get(key)
        if found is None:
            steps, around = self.exact_steps()
            even = not self.has_coordinates and self.period is None
            check_length(self.length, self.number, rule, even, hints.of_pair(self.spacing))
            found = derivative_rows(steps, self.length, rule, around)
            dtype = np.asarray(steps.high).dtype
            for stencil in filter(None, found):
                # up to a common power of two
                if not is_normal(*stencil.smallest_and_largest_weight(), dtype):
                    raise out_of_range(self.number, dtype)
            _stencils.put(key, found, self.spacing.nbytes + found.field.nbytes)
        return found

    def described(self, *ends: object) -> str:
        """One line about it and both of its ends."""
        left, right = map(str, ends)
        both = left if left == right else f"{left} | {right}"
        is_one_sided = any(
            end.is_open and word != POLE.word for end, word in zip(self.ends, ends, strict=True)
        )
        order = f" (edge order {self.edge_order})" if is_one_sided else ""
        unit = "" if self.unit is None else f" {self.unit}"
        where, more = self._told()
        return f"axis {self.number}: {counted(self.length, 'point')}{where}{unit}{more}, {both}{order}"

    def _told(self) -> tuple[str, str]:
        """Where its points are, before the unit of that, and their steps."""
        steps = np.abs(np.asarray(self.steps, dtype=float))
        step = f"step {steps:g}" if steps.ndim == 0 else f"steps {steps.min():g} to {steps.max():g}"
        return f", {self.position(0):g} to {self.position(self.length - 1):g}", f", {step}"


def axis_stencil(
    spacing: object, length: int, number: int, rule: Rule, period: object, real: npt.DTypeLike
) -> Stencil:
    """The stencil of one rule along an axis that nothing else is asked of."""
    own = to_host(spacing, number)
    return Axis(number, index(length), own, sides=rule.boundary, period=period, real=real).rows_of(rule).field


def read_only(a: Array) -> Array:
    """A view of what the axis keeps."""
    view = a.view()
    view.flags.writeable = False
    return view


def rule_of(order: int, accuracy: int | None, ends: tuple[End, End], edge_order: int, side: int = 0) -> Rule:
    """The rows of one derivative; an accuracy holds at the ends too, whatever `edge_order` says."""
    if side:
        return Rule(order, accuracy or 1, ends, side=side)
    return Rule(order, accuracy, ends, 2 if accuracy == 2 else edge_order)


def check_length(length: int, axis: int, rule: Rule, uniform: bool = False, hint: str = "") -> None:
    """Refuse an axis too short for the rows of a rule."""
    needed = points_needed(rule, uniform)
    if length < needed:
        raise ArgumentValueError(
            f"axis {axis} has {counted(length, 'point')} but {_asked(rule)} needs at least {needed}; "
            + _less(length, rule, uniform)
            + hint
        )


def _asked(rule: Rule) -> str:
    if rule.order == 1 and rule.accuracy is None and rule.boundary in (OPEN, RING):
        return "a periodic axis" if rule.is_periodic else f"edge_order={rule.edge_order}"
    left, right = (end.word for end in rule.boundary)
    what = "" if rule.accuracy is None else f" of accuracy={rule.accuracy}"
    where = f"with boundary {left if left == right else (left, right)}"
    if rule.side:
        return f"a derivative to the {'left' if rule.side < 0 else 'right'}{what} {where}"
    return f"a derivative of order {rule.order}{what} {where} and edge_order={rule.edge_order}"


def _less(length: int, rule: Rule, uniform: bool) -> str:
    """The nearest rule that has room on the axis, as what to type."""
    if rule.accuracy is None and length >= points_needed(rule._replace(edge_order=1), uniform):
        return "use edge_order=1 or add points"
    for accuracy in (1,) if rule.side else (4, 2):
        smaller = rule_of(rule.order, accuracy, rule.boundary, rule.edge_order, rule.side)
        if accuracy < (rule.accuracy or 0) and length >= points_needed(smaller, uniform):
            return f"use accuracy={accuracy} or add points"
    narrowest = rule._replace(accuracy=None)
    if rule.accuracy is not None and not rule.side and length >= points_needed(narrowest, uniform):
        return "leave accuracy= away or add points"
    return (
        "add points"
        if rule.is_periodic
        else "add points or leave the axis out, with axis= or in a grid with axes="
    )
