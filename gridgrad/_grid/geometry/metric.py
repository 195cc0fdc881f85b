"""`Metric`: what coordinates whose lengths depend on where they are make of the rows along an axis."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ..._base.cache import cached_property
from ..._base.errors import ArgumentValueError
from ..._base.types import Array
from ..._stencils import transpose
from ..._stencils.derivatives import Rows, Rule, points_needed
from ..._stencils.ends import ONE_SIDED, End, Prescribed
from ..._stencils.stencil import CENTRAL, Row, Stencil, in_one_piece
from ..axis import Along, Axis, rule_of
from .near_poles import POINTS, Flux, balance, fluxes, nearness, points_of_means, weights_of
from .walls import Whole, each, held, prescribed, product, seen_from, values_of, with_rows
from .waves import of_waves

POINTS_OF_FLUXES = 7  # of the wide rows of second derivatives beside a pole
EVEN = 1e-6  # relative difference of steps that are taken as equal

Function = Callable[[Array], Array]


class Surface(NamedTuple):
    """The lengths of two coordinates, ``ds^2 = l^2 dy^2 + h(y)^2 dx^2``."""

    length: float  # l
    h: Function
    area: Function  # the integral of h
    dh: Function  # its derivative
    bend: Function  # d(h dh/dy)/dy / (l^2 h)
    unit: float  # of x, in radians
    reach: float  # of a pole: how far from it rows know of it


def check_lengths(*lengths: Array | float) -> None:
    """Refuse lengths whose squares, and products of these, are no numbers."""
    sizes = [np.abs(part) for part in lengths]
    smallest, largest = min(part.min(initial=1) for part in sizes), max(part.max(initial=1) for part in sizes)
    if not (smallest > 1e-100 and largest < 1e100):
        raise ArgumentValueError(
            f"lengths on this grid go from {smallest:g} to {largest:g}, and what is made of them beyond the exponents of float64; give positions, "
            "and radius=, in other units"
        )


class Metric:
    """What the axis `along`, y, makes of rows: h varies along it, and is the length of a unit of the axis `around`, x.

        grad f = (df/dy / l, df/dx / h)
        div F = d(h F_y)/dy / (l h) + dF_x/dx / h
        lap f = d(h df/dy)/dy / (l^2 h) + d^2f/dx^2 / h^2

    (Morse and Feshbach, Methods of Theoretical Physics, 1953, section 1.3.) Where an end of y is beside a pole, h is 0
    there: ``h F_y`` is a field whose value at the pole is 0, and nothing flows through it. Other axes have lengths of their own.
    """

    def __init__(
        self, surface: Surface, along: int, around: int | None, axis: Axis, poles: tuple[Fraction | None, Fraction | None],
        ring: int | None = None, step: float | None = None,
    ) -> None:  # fmt: skip
        self.surface, self.along, self.around = surface, along, around
        self.axis, self.poles, self.edge_order, self.ring = axis, poles, axis.edge_order, ring
        self.step = step  # of x, in radians, where it is even and ends are open or closed to the ring
        y = axis.coordinates
        self._steps = np.diff(y)
        self._faces = y[:-1] + self._steps / 2
        self.on = tuple(
            end for end, pole in zip((0, len(y) - 1), poles, strict=True) if pole == Fraction(float(y[end]))
        )
        self.h = surface.h(y)
        self.h[list(self.on)] = 0
        check_lengths(surface.length, surface.length * self._steps, self.h[self.h != 0], step or 1.0)
        # 0 in a pole: its row has its own terms
        self.inverse = np.divide(1, self.h, out=np.zeros_like(self.h), where=self.h != 0)
        self._kept: dict[bool, Stencil] = {}
        self._near = nearness(y, [float(pole) for pole in poles if pole is not None], surface.reach)

    def slope(self, accuracy: int | None, component: int | None = None) -> Along:
        """``df/dy / l``."""
        return self.axis.with_walls(self._slopes(accuracy, component), component)

    def _slopes(self, accuracy: int | None, component: int | None = None) -> Rows:
        return each(self._derivative(1, accuracy, component), self._per_length)

    def _derivative(self, order: int, accuracy: int | None, component: int | None = None) -> Rows:
        """The rows of a derivative by y."""
        return self.axis.rows(order, accuracy, None, component)

    def flux(self, accuracy: int | None, component: int | None = None) -> Along:
        """``d(h F)/dy / (l h)``: rows of values."""
        found = self._near_poles(lambda own: self._fluxes_at_walls(own, component), accuracy)
        found = with_rows(found, {end: Whole(self._row_on(end, accuracy)) for end in self.on})
        return self.axis.with_walls(each(found, self._per_length), component)

    def _fluxes(self, accuracy: int | None) -> Stencil:
        rule = rule_of(1, accuracy, self._ends_of_fluxes(), self.edge_order)
        turned = transpose.transposed(self.axis.rows_of(rule).field)
        return transpose.transposed(turned, np.where(self.h == 0, 1, self.h))  # at a pole nothing is read

    def _fluxes_at_walls(self, accuracy: int | None, component: int | None) -> Rows:
        """Those, and ``dF/dy + (dh/dy / h) F`` in the rows that know of a wall."""
        rows, own = self._derivative(1, accuracy, component), {}
        for end, wall in self._walls(component).items():
            for k in self._rows_at(end, self._reach(accuracy) + wall.is_held):
                ratio, read = self._ratio(k), Whole(((k, k, np.ones_like(self.h[k])),))
                if wall.is_held and k == end:
                    read = prescribed(end, self._factor(wall))
                row = Whole.of(rows, k).plus(read.times(ratio)) if ratio else Whole.of(rows, k)
                own[k] = row._replace(field=values_of(row.field))
        return with_rows(Rows(self._fluxes(accuracy)), own)

    def _near_poles(
        self, make: Callable[[int | None], Rows], accuracy: int | None, is_product: bool = False
    ) -> Rows:
        """Rows that are divided by h, more accurate by 2 near poles: what their errors there are divided by, too.

        So are those of products at open ends, where the errors of slopes jump from row to row.
        """
        better = (accuracy or 2) + 2
        is_near = self._near > 0
        for is_last, (pole, end) in enumerate(zip(self.poles, self.axis.ends, strict=True)):
            if is_product and pole is None and end.is_open:
                is_near[slice(2 - better, None) if is_last else slice(better - 2)] = True
        near = np.flatnonzero(is_near)
        rule = rule_of(1, better, self._ends_of_fluxes(), self.edge_order)
        if not len(near) or self.axis.length < points_needed(rule) + 1:
            return make(accuracy)
        finer = make(better)
        return with_rows(make(accuracy), {k: Whole.of(finer, k) for k in near.tolist()})

    def second(self, accuracy: int | None, form: str) -> Along:
        """``d(h df/dy)/dy / (l^2 h)``: compact rows are balances of what flows through faces, but for those at open ends."""
        if form == "wide" or accuracy is not None:
            return self.axis.with_walls(self._wide(accuracy), None)
        return self.axis.with_walls(self._compact if form == "compact" else self._conservative, None)

    def _wide(self, accuracy: int | None) -> Rows:
        """Slopes, then their fluxes; beside walls, where those would be of slopes that jump, derivatives by y."""
        wide = self._near_poles(lambda own: product(self._fluxes(own), self._slopes(own)), accuracy, True)
        wide = with_rows(wide, {end: Whole(self._product_on(end, accuracy)) for end in self.on})
        own = {
            k: self._bent(k, accuracy or 2).times(1 / self.surface.length**2)
            for end, wall in self._walls().items()
            for k in self._rows_at(end, 2 * self._reach(accuracy) + wall.is_held)
        }
        return with_rows(each(wide, self._per_length), own)

    def around_twice(self, accuracy: int | None, form: str) -> Array:
        """What multiplies ``d^2f/dx^2``: ``1/h^2``.

        Of balances, beside a pole, what makes the laplacian of ``h(y) cos(x)``, a plane in space, exact: there it is the
        difference of two numbers that grow as ``1/h``.
        """
        squares: Array = self.inverse**2
        if form == "wide" or accuracy is not None or not self._near.any():
            return squares
        stencil = self._per_length(self._per_length(self._balances(form == "compact")))
        given = {*(self._given if form == "compact" else ()), *self._walls()}
        wrong = np.zeros_like(squares)
        for k in np.flatnonzero(self._near).tolist():
            if k not in given and k not in self.on:
                made = sum(w * (self.h[b] - self.h[a]) for a, b, w in stencil.row_at(k))
                wrong[k] = self._near[k] * (made - self.surface.bend(self.axis.coordinates[k]))
        return squares * (1 + wrong * self.h / self.surface.unit**2)

    def of_waves(self, stencil: Stencil, order: int) -> Stencil:
        """Rows of derivatives along x that are exact for cos(x) and sin(x): as these vary the components of one vector at a pole."""
        if self.step is None or not self._near.any():
            return stencil
        return of_waves(stencil, self.step, self.surface.unit, order, stencil.length == self.ring)

    def _row_on(self, end: int, accuracy: int | None) -> Row:
        """``2 dF/dy``, the limit in a pole of ``d(h F)/dy / h`` of the mean of F all round, which is odd about it."""
        points, places = self._beside(end, (accuracy or 2) // 2)
        weights = weights_of(places, range(1, 2 * len(points), 2), [2.0] + [0.0] * (len(points) - 1))
        return tuple((k, k, weight / self._step_at(end)) for k, weight in zip(points, weights, strict=True))

    def _product_on(self, end: int, accuracy: int | None) -> Row:
        """The same of the slope."""
        outer, inner = self._row_on(end, accuracy), self._slopes(accuracy).field
        return tuple((a, b, weight * w) for k, _, weight in outer for a, b, w in inner.row_at(k))

    def across(self, accuracy: int | None) -> Stencil:
        """In the rows of poles, the limit along each meridian of what stands at the points beside them, over h there."""
        rows = {}
        for end in self.on:
            points, places = self._beside(end, (accuracy or 2) + 1)
            weights = weights_of(places, range(len(points)), [1.0] + [0.0] * (len(points) - 1))
            rows[end] = tuple((k, k, w * self.inverse[k]) for k, w in zip(points, weights, strict=True))
        return self._only(rows)

    def read_beside(self, stencil: Stencil) -> Stencil:
        """What rows of poles read of the points beside them, as values: it counts in its mean all round."""
        rows = {}
        for end in self.on:
            found: dict[int, Array] = {}
            for a, b, weight in stencil.row_at(end):
                found[b] = found.get(b, 0) + weight
                if a != b and not stencil.values:
                    found[a] = found.get(a, 0) - weight
            rows[end] = tuple((k, k, weight) for k, weight in sorted(found.items()) if k != end)
        return self._only(rows)

    @cached_property
    def to_mean(self) -> Stencil | None:
        """From a value to the mean of it all round, of several points; None where no point is on a pole, or nothing varies round it."""
        if not self.on or self.ring is None:
            return None
        count = points_of_means(self.ring)
        assert count is not None  # checked by the geometry
        share, n = np.asarray(1 / count, self.axis.real)[()], self.ring
        rows = tuple(tuple((i, (i + j * n // count) % n, share) for j in range(1, count)) for i in range(n))
        return Stencil(n, (), (), rows, (), order=0)

    def _beside(self, end: int, count: int) -> tuple[list[int], Array]:
        """The points next to one that is on a pole, and how many first steps from it they are."""
        points = [k if end == 0 else end - k for k in range(1, min(count, self.axis.length - 1) + 1)]
        y = self.axis.coordinates
        return points, (y[points] - y[end]) / self._step_at(end)

    def _step_at(self, end: int) -> Array:
        """From a point at the end inwards."""
        step: Array = -self._steps[-1] if end else self._steps[0]
        return step

    def _only(self, rows: dict[int, Row]) -> Stencil:
        leading, trailing = ((rows.get(end, ()),) for end in (0, self.axis.length - 1))
        return Stencil(self.axis.length, (), (), leading, trailing, order=0)

    @cached_property
    def _conservative(self) -> Rows:
        return self._balanced(False, {})

    @cached_property
    def _compact(self) -> Rows:
        return self._balanced(True, self._given)

    @cached_property
    def _given(self) -> dict[int, Whole]:
        """The compact rows that are no balances: of open ends, and beside poles of which cells do not have their points in the middle."""
        rows: dict[int, Whole] = {}
        for end, pole in zip((0, self.axis.length - 1), self.poles, strict=True):
            if pole is None:
                rows[end] = self._bent(end, None)
            elif self.axis.length >= POINTS_OF_FLUXES:
                rows |= {k: self._wide_row(k) for k in self._points_off_the_middle(end, float(pole))}
        return rows

    def _balanced(self, is_compact: bool, given: dict[int, Whole]) -> Rows:
        """Balances, and other rows where they are given, with what is prescribed at walls."""
        balances = self._balances(is_compact)
        rows, own = Rows(balances), dict(given)
        for end, wall in self._walls().items():
            if not wall.is_held:
                own[end] = self._balance_at(end, balances.row_at(end))
                continue
            rows = held(rows, end, self._factor(wall), POINTS)
            if not is_compact:  # what passes a held point is not known
                own[end] = Whole()
        return each(each(with_rows(rows, own), self._per_length), self._per_length)

    def _balance_at(self, end: int, row: Row) -> Whole:
        """The balance of a cell at a wall, where `row` is of what passes its other face.

        Of one length h that would be the cell's width times ``d^2f/dy^2``, which counts both faces.
        """
        side = -1 if end else 0
        step, h, cell = self._steps[side], self.surface.h(self._limits[side]), self._cells()[side]
        other = (*sorted((end, end + 2 * side + 1)), (-1 - 2 * side) * h / step / cell)
        whole = Whole.of(self._derivative(2, None), end)
        whole = whole.times(np.sign(step) * self.axis.quadrature[side] * h / cell)
        return whole._replace(field=seen_from(end, (*row, other, *whole.field)))

    def _walls(self, component: int | None = None) -> dict[int, End]:
        """The ends, by their points, beyond which something is known other than a pole."""
        ends = self.axis.ends if component is None else self.axis.ends_of(component)
        return {
            point: end
            for point, end, pole in zip((0, self.axis.length - 1), ends, self.poles, strict=True)
            if pole is None and not end.is_open
        }

    @cached_property
    def _limits(self) -> Array:
        """Where the first and the last cell end."""
        y = self.axis.coordinates
        found = [x if pole is None else float(pole) for x, pole in zip(y[[0, -1]], self.poles, strict=True)]
        for point, end in self._walls().items():
            if end.outside != 0:
                found[-bool(point)] += self.axis.beyond(-bool(point))
        return np.array(found, y.dtype)

    def _rows_at(self, end: int, count: int) -> range:
        """The points next to an end."""
        n = self.axis.length
        return range(max(n - count, 0), n) if end else range(min(count, n))

    @staticmethod
    def _reach(accuracy: int | None) -> int:
        """Neighbours of a point that its slope reads."""
        return Rule(1, accuracy).reach(False)[0]

    @staticmethod
    def _factor(wall: End) -> float:
        """What makes the value of a held point of what is prescribed."""
        assert isinstance(wall, Prescribed)
        return float(1 / wall.a)

    def widths(self) -> Array:
        """The area of each cell for a unit of the other axis."""
        found: Array = self.surface.length * np.abs(self._cells())
        return found

    def _per_length(self, stencil: Stencil) -> Stencil:
        return stencil if self.surface.length == 1 else transpose.scaled(stencil, 1 / self.surface.length)

    def _cells(self) -> Array:
        """The integrals of h over the cells along y, negative where that runs down."""
        first, last = self._limits
        return np.diff(self.surface.area(np.concatenate([[first], self._faces, [last]])))

    def _ends_of_fluxes(self) -> tuple[End, End]:
        """``h F`` is 0 at a pole."""
        first, last = (
            ONE_SIDED
            if pole is None
            else Prescribed(Fraction(1), Fraction(0), abs(pole - Fraction(float(y))))
            for pole, y in zip(self.poles, self.axis.coordinates[[0, -1]], strict=True)
        )
        return first, last

    def _balances(self, is_compact: bool) -> Stencil:
        """What flows through the faces of each cell, over its area; nothing through those at the ends."""
        if is_compact in self._kept:
            return self._kept[is_compact]
        n, cells, near = self.axis.length, self._cells(), self._near * is_compact
        lengths = self.surface.h(self._faces)
        through = lengths / self._steps
        lower, upper = np.zeros_like(cells), np.zeros_like(cells)
        lower[1:], upper[:-1] = -through / cells[1:], through / cells[:-1]
        shares = near[:-1] / 2 + near[1:] / 2
        passing: list[Flux] = [{}, *fluxes(self.axis.coordinates, lengths, shares), {}]
        own = {0, n - 1, *np.flatnonzero(shares).tolist(), *(np.flatnonzero(shares) + 1).tolist()}
        rows = {k: balance(passing[k], passing[k + 1], cells[k]) for k in own}
        made = Stencil(n, CENTRAL, in_one_piece((lower, upper), 2), (), (), order=2).with_rows(rows)
        return self._kept.setdefault(is_compact, made)

    def _points_off_the_middle(self, end: int, pole: float) -> list[int]:
        """The points near a pole whose cells go on further on one side: one a whole step from it, or all, where steps vary."""
        y, steps = self.axis.coordinates, np.abs(self._steps)
        near = [
            k
            for k in np.flatnonzero(self._near).tolist()
            if k not in self.on and abs(y[k] - pole) < self.surface.reach
        ]
        own, gap = steps[[min(k, len(steps) - 1) for k in near]], abs(pole - y[end]) / steps[-bool(end)]
        if np.ptp(own) > EVEN * own[0] or np.abs(gap - [0, 0.5, 1]).min() > EVEN:
            return near
        return [end] if gap > 0.75 else []

    def _wide_row(self, point: int) -> Whole:
        """Fluxes are differenced that are wider, as h has its zero in the pole."""
        return Whole.of(self._wide(4), point).times(self.surface.length**2)

    def _bent(self, point: int, accuracy: int | None) -> Whole:
        """``d^2f/dy^2 + (dh/dy / h) df/dy``, by the rows of an axis."""
        second, first = (Whole.of(self._derivative(order, accuracy), point) for order in (2, 1))
        ratio = self._ratio(point)
        return second.plus(first.times(ratio)) if ratio else second

    def _ratio(self, point: int) -> Array:
        """``dh/dy / h``; on the equator there is none."""
        ratio: Array = self.surface.dh(self.axis.coordinates[point]) / self.h[point]
        return ratio
