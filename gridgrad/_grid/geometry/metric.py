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
from ..._stencils.derivatives import points_needed
from ..._stencils.ends import End, Prescribed
from ..._stencils.stencil import CENTRAL, Row, Stencil, in_one_piece
from ..axis import Axis, rule_of
from .near_poles import Flux, balance, fluxes, nearness, points_of_means, weights_of
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
        self._near = nearness(y, [float(pole) for pole in poles if pole is not None], surface.reach)

    def slope(self, accuracy: int | None) -> Stencil:
        """``df/dy / l``."""
        return self._per_length(self.axis.stencil(1, accuracy))

    def flux(self, accuracy: int | None) -> Stencil:
        """``d(h F)/dy / (l h)``: rows of values."""
        found = self._near_poles(self._fluxes, accuracy)
        return self._per_length(found.with_rows({end: self._row_on(end, accuracy) for end in self.on}))

    def _fluxes(self, accuracy: int | None) -> Stencil:
        rule = rule_of(1, accuracy, self._ends_of_fluxes(), self.edge_order)
        turned = transpose.transposed(self.axis.rows_of(rule).field)
        return transpose.transposed(turned, np.where(self.h == 0, 1, self.h))  # at a pole nothing is read

    def _near_poles(
        self, make: Callable[[int | None], Stencil], accuracy: int | None, is_product: bool = False
    ) -> Stencil:
        """Rows that are divided by h, more accurate by 2 near poles: what their errors there are divided by, too.

        So are those of products at open ends, where the errors of slopes jump from row to row.
        """
        better = (accuracy or 2) + 2
        is_near = self._near > 0
        for is_last, pole in enumerate(self.poles):
            if is_product and pole is None:
                is_near[slice(2 - better, None) if is_last else slice(better - 2)] = True
        near = np.flatnonzero(is_near)
        rule = rule_of(1, better, self._ends_of_fluxes(), self.edge_order)
        if not len(near) or self.axis.length < points_needed(rule) + 1:
            return make(accuracy)
        finer = make(better)
        return make(accuracy).with_rows({k: finer.row_at(k) for k in near.tolist()})

    def second(self, accuracy: int | None, form: str) -> Stencil:
        """``d(h df/dy)/dy / (l^2 h)``: compact rows are balances of what flows through faces, but for those at open ends."""
        if form == "wide" or accuracy is not None:
            wide = self._near_poles(
                lambda own: transpose.product(self._fluxes(own), self.slope(own)), accuracy, True
            )
            rows = {end: self._product_on(end, accuracy) for end in self.on}
            return self._per_length(wide.with_rows(rows))
        return self._compact if form == "compact" else self._conservative

    def around_twice(self, accuracy: int | None, form: str) -> Array:
        """What multiplies ``d^2f/dx^2``: ``1/h^2``.

        Of balances, beside a pole, what makes the laplacian of ``h(y) cos(x)``, a plane in space, exact: there it is the
        difference of two numbers that grow as ``1/h``.
        """
        squares: Array = self.inverse**2
        if form == "wide" or accuracy is not None or not self._near.any():
            return squares
        stencil, given = self.second(None, form), self._given if form == "compact" else {}
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
        outer, inner = self._row_on(end, accuracy), self.slope(accuracy)
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
    def _conservative(self) -> Stencil:
        return self._per_length(self._per_length(self._balances({}, 0 * self._near)))

    @cached_property
    def _compact(self) -> Stencil:
        return self._per_length(self._per_length(self._balances(self._given, self._near)))

    @cached_property
    def _given(self) -> dict[int, Row]:
        """The compact rows that are no balances: of open ends, and beside poles of which cells do not have their points in the middle."""
        rows: dict[int, Row] = {}
        for end, pole in zip((0, self.axis.length - 1), self.poles, strict=True):
            if pole is None:
                rows[end] = self._open_row(end)
            elif self.axis.length >= POINTS_OF_FLUXES:
                rows |= {k: self._wide_row(k) for k in self._points_off_the_middle(end, float(pole))}
        return rows

    def widths(self) -> Array:
        """The area of each cell for a unit of the other axis."""
        found: Array = self.surface.length * np.abs(self._cells())
        return found

    def _per_length(self, stencil: Stencil) -> Stencil:
        return stencil if self.surface.length == 1 else transpose.scaled(stencil, 1 / self.surface.length)

    def _cells(self) -> Array:
        """The integrals of h over the cells along y, negative where that runs down."""
        y = self.axis.coordinates
        ends = [
            x if pole is None else np.asarray(float(pole), y.dtype)
            for x, pole in zip(y[[0, -1]], self.poles, strict=True)
        ]
        return np.diff(self.surface.area(np.concatenate([[ends[0]], self._faces, [ends[1]]])))

    def _ends_of_fluxes(self) -> tuple[End, End]:
        """``h F`` is 0 at a pole."""
        first, last = (
            end if pole is None else Prescribed(Fraction(1), Fraction(0), abs(pole - Fraction(float(y))))
            for end, pole, y in zip(self.axis.ends, self.poles, self.axis.coordinates[[0, -1]], strict=True)
        )
        return first, last

    def _balances(self, given: dict[int, Row], near: Array) -> Stencil:
        """What flows through the faces of each cell, over its area, but for the rows that are given."""
        n, cells = self.axis.length, self._cells()
        lengths = self.surface.h(self._faces)
        through = lengths / self._steps
        lower, upper = np.zeros_like(cells), np.zeros_like(cells)
        lower[1:], upper[:-1] = -through / cells[1:], through / cells[:-1]
        shares = near[:-1] / 2 + near[1:] / 2
        passing: list[Flux] = [{}, *fluxes(self.axis.coordinates, lengths, shares), {}]
        own = {0, n - 1, *np.flatnonzero(shares).tolist(), *(np.flatnonzero(shares) + 1).tolist()}
        rows = {k: balance(passing[k], passing[k + 1], cells[k]) for k in own} | given
        return Stencil(n, CENTRAL, in_one_piece((lower, upper), 2), (), (), order=2).with_rows(rows)

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

    def _wide_row(self, point: int) -> Row:
        """Fluxes are differenced that are wider, as h has its zero in the pole."""
        row = self.second(4, "wide").row_at(point)
        return tuple((a, b, self.surface.length**2 * w) for a, b, w in row)

    def _open_row(self, point: int) -> Row:
        """``d^2f/dy^2 + (dh/dy / h) df/dy`` by one-sided rows."""
        second, first = (self.axis.stencil(order) for order in (2, 1))
        ratio = self.surface.dh(self.axis.coordinates[point]) / self.h[point]
        # on the equator there is none
        bent = ((a, b, ratio * w) for a, b, w in first.row_at(point)) if ratio else ()
        return (*second.row_at(point), *bent)
