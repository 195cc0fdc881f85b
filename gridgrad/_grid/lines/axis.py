"""`LinesAxis`: an axis whose points lie elsewhere on each line along it."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from fractions import Fraction
from typing import Any, NoReturn, Self

import numpy as np

from ..._base.cache import cached_property
from ..._base.errors import ArgumentTypeError, ArgumentValueError, counted
from ..._base.types import Array
from ..._stencils.derivatives import Rule
from ..._stencils.ends import End
from ..._stencils.wide import Wide, exact_fraction, exact_steps
from ..axis import Along, Axis, check_length, rule_of
from ..spacing import check_period
from .blocks import not_finite, seen
from .filled import filled
from .rows import LineRows, line_rows, refusal


class LinesAxis(Axis):
    """One axis, with coordinates for all points of a field, or of what broadcasts to it.

    The axis is `number` of these coordinates, as of fields. Its rows are those that each line would have alone.
    """

    has_lines = True
    _line_rows: dict[Rule, LineRows]
    _has_gaps = False  # where points may be without a position

    def __init__(self, *given: Any, **more: Any) -> None:
        self._line_rows = {}
        super().__init__(*given, **more)
        self.lacks = self.spacing.dtype.kind == "f" and bool(np.isnan(self.spacing).any())

    def __getstate__(self) -> dict[str, object]:
        """Without its rows too."""
        return super().__getstate__() | {"_line_rows": {}}

    def between(self) -> NoReturn:
        """Not known without the line."""
        raise self.refusal("a wall at a position")

    def with_gaps(self) -> Self:
        """The same axis: only points that count need a position."""
        made = copy(self)
        made._line_rows, made._has_gaps = self._line_rows, True
        return made

    def missing(self, number: int) -> ArgumentValueError:
        """On a point without a position that counts, by its number among the coordinates."""
        at = np.unravel_index(number, self.spacing.shape)
        return not_finite(self.spacing, self.number, tuple(map(int, at)))

    @property
    def _positions(self) -> Array:
        """Those from which rows are made: others stand where there are none."""
        return filled(self.spacing, self.number, self.period) if self.lacks else self.spacing

    @cached_property
    def _ends(self) -> tuple[Array, Array]:
        """The first position of each line and the last."""
        x = self._positions
        return x.take([0], self.number), x.take([-1], self.number)

    @cached_property
    def steps(self) -> Array:
        """The steps between its points along each line; read-only."""
        steps: Array = np.diff(self.coordinates, axis=self.number)
        steps.flags.writeable = False
        return steps

    @cached_property
    def line_numbers(self) -> Array:
        """The number of each line, in the shape of the coordinates with one point along the axis."""
        shape = list(self.spacing.shape)
        shape[self.number] = 1
        return np.arange(self.spacing.size // self.length).reshape(shape)

    def run_at(self, start: int, length: int) -> Array:
        """The coordinates of a run of points, of which those of all lines count one behind the other."""
        return self._runs_at(np.array([start]), length)[:, 0]

    def steps_of_runs(self, starts: Array, length: int) -> Wide:
        """The steps of many such runs."""
        return exact_steps(self._runs_at(starts, length), self.real)

    def _runs_at(self, starts: Array, length: int) -> Array:
        whole, (line, first) = seen(self.spacing, self.number), np.divmod(starts, self.length)
        before, behind = np.divmod(line, whole.shape[2])
        index = first + np.arange(length)[:, None]
        x = whole[before, index % self.length, behind]
        if length and index[-1].max() >= self.length:  # round a ring
            rises = np.greater(*reversed(self._ends)).reshape(whole.shape[0], whole.shape[2])[before, behind]
            x = np.where(index < self.length, x, x + np.where(rises, self.period, -self.period))
        return x

    @property
    def quadrature(self) -> NoReturn:
        """Not a vector."""
        raise self.refusal("the width of cells", "solve with method='direct', and leave weight= away")

    def check(self) -> None:
        """Refuse coordinates that cannot be used, and ends that are neither open nor a ring."""
        if self.lacks and np.isnan(self.spacing).all():
            raise self.missing(0)
        self.with_gaps().line_rows()

    def line_rows(
        self, order: int = 1, accuracy: int | None = None, change: Callable[[End], End] | None = None
    ) -> LineRows:
        """The rows of one derivative, made at the first use."""
        if self.lacks and not self._has_gaps:
            raise self.missing(int(np.argmax(np.isnan(self.spacing))))
        left, right = self.ends
        if change is not None:
            left, right = change(left), change(right)
        rule = rule_of(order, accuracy, (left, right), self.edge_order)
        if accuracy is not None and not rule.is_first_of_three:
            raise self.refusal(f"accuracy={accuracy}")
        own, new = (
            [end.word for end in ends if not (end.is_open or end.is_periodic)]
            for ends in (self.ends, (left, right))
        )
        if own:
            raise self.refusal(f"the end {own[0]!r}")
        if new:
            raise self.refusal("a flux that is 0 at ends", "compose grid.divergence @ (k * grid.gradient)")
        rule = rule._replace(accuracy=None)
        if rule not in self._line_rows:
            check_length(self.length, self.number, rule)
            if self.is_periodic:
                check_period(self.period, self._longest(), self.number)
            self._line_rows[rule] = line_rows(self._positions, self.number, rule, self.period, self.real)
        return self._line_rows[rule]

    def along(
        self, order: int = 1, accuracy: int | None = None, change: Callable[[End], End] | None = None, component: int | None = None,
        side: int = 0,
    ) -> Along:  # fmt: skip
        """The rows of all lines."""
        if side or order > 2:
            raise self.refusal("a difference to one side" if side else f"a derivative of order {order}")
        return Along(None, (), self.line_rows(order, accuracy, change))

    def rows(self, *_: object, **__: object) -> NoReturn:
        """There are none for all lines."""
        raise self.refusal("an operator of this kind")

    def refusal(self, what: str, instead: str = "") -> ArgumentTypeError:
        """On what is not there for lines of their own."""
        return refusal(what, self.number, self.spacing.ndim, instead)

    def _longest(self) -> Fraction:
        """The largest span of a line."""
        halves = (x.astype(self.real) / 2 for x in self._ends)
        with np.errstate(invalid="ignore"):
            longest = np.max(np.abs(np.subtract(*halves)))
        # positions that are none are refused with the rows
        return 2 * exact_fraction(np.nan_to_num(longest, posinf=0))

    def _told(self) -> tuple[str, str]:
        """The same of all lines."""
        steps = np.abs(np.asarray(self.steps, dtype=float))
        lines = counted(self.spacing.size // self.length, "line")
        where = f" on each of {lines}, {np.nanmin(self.spacing):g} to {np.nanmax(self.spacing):g}"
        known = steps[~np.isnan(steps)]
        return where, f", steps {known.min():g} to {known.max():g}" if known.size else ""
