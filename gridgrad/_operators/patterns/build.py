"""An operator as it is made: its terms, and what is prescribed at walls as coefficients behind its fields."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import partial
from math import prod
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from ..._base.errors import ArgumentValueError
from ..._base.late import Late
from ..._base.types import Array
from ..._grid.axis import Along
from ..._grid.points import Points
from ..._grid.walls.conditions import Condition
from ..._stencils import transpose
from ..._stencils.stencil import Stencil
from ..._terms.multiplied import of_values
from ..._terms.term import Term
from ..fields.coefficients import Argument, Coefficients, Numbers
from ..fields.forms import Form
from ..fields.sides import Profile, Side
from ..fields.weights import OwnWeights

if TYPE_CHECKING:
    from ..._grid.curvilinear import mapping as mappings
    from ..._grid.curvilinear import weights as at_points
    from ..._grid.geometry import metric as metrics
    from ..._grid.lines import rows as lines
else:
    mappings = Late("gridgrad._grid.curvilinear.mapping")
    at_points = Late("gridgrad._grid.curvilinear.weights")
    metrics, lines = Late("gridgrad._grid.geometry.metric"), Late("gridgrad._grid.lines.rows")


def same(stencil: Stencil) -> Stencil:
    """A stencil as it is."""
    return stencil


def unit(grid: Points) -> Stencil:
    """The value at the point itself."""
    return Stencil(1, ((0, 0),), (np.ones((), grid.dtype)[()],), (), (), values=True, order=0)


def weighed(numbers: Numbers, k: int) -> tuple[Callable[[Stencil], Stencil], int | None]:
    """What a coefficient does: a number changes weights, of None it is the field of this place among the fields."""
    number = numbers[k]
    if number is None:
        return same, numbers[:k].count(None)
    return partial(transpose.scaled, factor=number), None


class Factors(NamedTuple):
    """The numbers of factors of a term."""

    faces: int | None = None
    outer: int | None = None


class Build:
    """Collects terms; those of what is prescribed come last, and read it as one more input."""

    def __init__(self, grid: Points, inputs: Form = (), arguments: tuple[Argument, ...] = ()) -> None:
        self.grid, self.form, self.inputs, self.own = grid, inputs, prod(inputs), arguments
        self._fields = sum(argument.fields for argument in arguments)
        self._terms: list[Term] = []
        self._of_sides: list[Term] = []
        self._places: dict[tuple[Condition, int], int] = {}
        # behind the fields, before what is prescribed
        self._own_of_grid: dict[Hashable, tuple[Argument, Array]] = {}

    def add(
        self, output: int, input: int, axis: int, along: Along, change: Callable[[Stencil], Stencil] = same,
        faces: int | None = None, outer: int | None = None, sign: int = 0, harmonic: bool = False, of_slopes: Factors | None = None,
    ) -> None:  # fmt: skip
        """The rows of one derivative, each stencil changed in the same way.

        Of `outer` only the values of a `sign` count, if there is one; a `harmonic` mean at faces lets nothing past a 0.
        Slopes that are prescribed have the factors `of_slopes`, if there are such.
        """
        if along.of_lines is not None:
            if faces is not None or outer is not None:
                raise along.of_lines.refusal(
                    "a coefficient that is a field",
                    f"multiply the derivative, v * grid.derivative({along.of_lines.axis})",
                )
            self._add_lines(output, input, axis, along.of_lines, change)
            return
        assert along.stencil is not None
        own = Term(
            output,
            input,
            axis,
            change(along.stencil),
            faces=faces,
            outer=outer,
            outer_sign=sign,
            gated=harmonic,
            harmonic=harmonic,
        )
        self._terms.append(own)
        for condition, stencil, is_last in along.sides:
            factors = of_slopes if of_slopes and condition.end.b else Factors(faces, outer)
            side = own._replace(stencil=change(stencil), is_last=is_last, **factors._asdict())
            self._add_side(side, condition, axis)

    def _add_lines(
        self, output: int, input: int, axis: int, rows: lines.LineRows, change: Callable[[Stencil], Stencil]
    ) -> None:
        """Unit differences, each with its own weight at every point."""
        for k, stencil in enumerate(rows.stencils):
            label = f"what is made of the coordinates of axis {rows.axis},"
            outer = self._of_grid((rows, k), label, OwnWeights(rows, k))
            self._terms.append(
                Term(
                    output,
                    input,
                    axis,
                    change(stencil),
                    outer=outer,
                    ends=k >= rows.everywhere,
                    gated=rows.is_gated,
                )
            )

    def _of_grid(self, key: Hashable, label: str, coefficient: object) -> int:
        """The number among the factors of a coefficient that the grid has itself."""
        if key not in self._own_of_grid:
            self._own_of_grid[key] = Argument("", (None,), False, of_grid=label), cast(Array, coefficient)
        return self._fields + list(self._own_of_grid).index(key)

    def add_slope(
        self, output: int, input: int, axis: int, accuracy: int | None, component: int | None = None,
        change: Callable[[Stencil], Stencil] = same, outer: int | None = None, is_flux: bool = False,
    ) -> None:  # fmt: skip
        """The component of a gradient along an axis: per length, where the grid has a metric."""
        if self.grid.mapping is not None:
            assert outer is None
            self._add_mapped(self.grid.mapping, output, input, axis, accuracy, change)
            return
        metric = self.grid.metric
        if metric is not None and axis == metric.along:
            self.add(output, input, axis, metric.slope(accuracy, component), change, outer=outer)
            return
        along = self.grid.axis_objects[axis].along(1, accuracy, component=component)
        if metric is None or axis != metric.around:
            self.add(output, input, axis, along, change, outer=outer)
            return
        along = along._replace(stencil=metric.of_waves(along.field, 1))
        if not is_flux:  # a flux all round is part of its mean, see `Metric.flux`
            self._add_on_poles(output, input, axis, change(along.field), metric.across(accuracy), outer)
        inverse, of_slopes = self._profile(metric, -1, metric.inverse), Factors(outer=outer)
        if outer is None:
            self.add(output, input, axis, along, change, outer=inverse, of_slopes=of_slopes)
        else:  # the metric is the same all round, so that it may as well be a mean at faces
            assert along.field is not None
            own = Along(transpose.from_own_points(along.field), along.sides)
            self.add(output, input, axis, own, change, inverse, outer, of_slopes=of_slopes)

    def add_flux(
        self, output: int, input: int, axis: int, accuracy: int | None, component: int | None = None,
        change: Callable[[Stencil], Stencil] = same,
    ) -> None:  # fmt: skip
        """What a component of a field brings into a cell, per volume: where the grid has no metric, its slope."""
        if self.grid.mapping is not None:
            self._add_mapped_flux(self.grid.mapping, output, input, axis, accuracy, change)
            return
        metric = self.grid.metric
        if metric is not None and axis == metric.along:
            rows = metric.flux(accuracy, component)
            self._add_to_means(output, input, metric, change(rows.field))
            self.add(output, input, axis, rows, change)
        else:
            self.add_slope(output, input, axis, accuracy, component, change, is_flux=True)

    def add_second(
        self, output: int, input: int, axis: int, along: Along, accuracy: int | None, form: str,
        change: Callable[[Stencil], Stencil] = same, faces: int | None = None, harmonic: bool = False,
    ) -> None:  # fmt: skip
        """What the slope of a field brings into a cell; `along` are its rows where the grid has no metric."""
        metric = self.grid.metric
        if metric is not None and axis == metric.along:
            if faces is not None and metric.on:
                raise ArgumentValueError(
                    "a field k of diffuse is not offered on a grid with a row on a pole; leave that row out, or give k as a number"
                )
            rows = metric.second(accuracy, form)
            self._add_to_means(output, input, metric, change(rows.field))
            self.add(output, input, axis, rows, change, faces, harmonic=harmonic)
        elif metric is not None and axis == metric.around:
            along = along._replace(stencil=metric.of_waves(along.field, 2))
            squares, of_slopes = metric.around_twice(accuracy, form), None
            outer = self._profile(metric, (form, accuracy), squares)
            if any(condition.end.b for condition, *_ in along.sides):
                of_slopes = Factors(
                    faces, self._profile(metric, (form, accuracy, "of slopes"), squares * metric.h)
                )
            self.add(output, input, axis, along, change, faces, outer, harmonic=harmonic, of_slopes=of_slopes)
        else:
            self.add(output, input, axis, along, change, faces, harmonic=harmonic)

    def _add_to_means(self, output: int, input: int, metric: metrics.Metric, stencil: Stencil) -> None:
        """In the rows of poles, from what a row reads beside it to its mean all round."""
        if metric.to_mean is not None:
            assert metric.around is not None
            self._add_on_poles(output, input, metric.around, metric.to_mean, metric.read_beside(stencil))

    def _add_on_poles(
        self, output: int, input: int, axis: int, around: Stencil, beside: Stencil, outer: int | None = None
    ) -> None:
        """Rows of poles, of what rows around them make."""
        metric = self.grid.metric
        if metric is not None and metric.on:
            self._of_sides.append(
                Term(output, input, axis, around, outer=outer, then=(metric.along, beside), ends=True)
            )

    def _add_mapped(
        self, mapping: mappings.IndexMap, output: int, input: int, a: int, accuracy: int | None, change: Callable[[Stencil], Stencil]
    ) -> None:  # fmt: skip
        """``sum_k m[k][a] D_k f``, without what is 0 everywhere."""
        weights, count = mapping.slopes(accuracy), self.grid.ndim
        for k in range(count):
            if not weights.is_zero(k * count + a):
                along = Along(mapping.rows(k, 1, accuracy))
                self.add(output, input, k, along, change, outer=self._of_points(weights, k * count + a))

    def _add_mapped_flux(
        self, mapping: mappings.IndexMap, output: int, input: int, a: int, accuracy: int | None, change: Callable[[Stencil], Stencil]
    ) -> None:  # fmt: skip
        """``sum_k D_k (c[k][a] F) / J``."""
        weights, count = mapping.fluxes(accuracy), self.grid.ndim
        for k in range(count):
            if not weights.is_zero(k * count + a):
                rows = change(of_values(mapping.rows(k, 1, accuracy)))
                inner, outer = (self._of_points(weights, number) for number in (k * count + a, count * count))
                self._terms.append(Term(output, input, k, rows, inner=inner, outer=outer))

    def add_mapped_laplacian(
        self, mapping: mappings.IndexMap, output: int, input: int, accuracy: int | None
    ) -> None:
        """``sum_kl g[k][l] D_k D_l f + sum_k l[k] D_k f``."""
        weights, pairs = mapping.seconds(accuracy), mapping.pairs
        for number, (k, other) in enumerate(pairs):
            if not weights.is_zero(number):
                outer = self._of_points(weights, number)
                first = mapping.rows(other, 2 if k == other else 1, accuracy)
                then = None if k == other else (k, mapping.rows(k, 1, accuracy))
                self._terms.append(Term(output, input, other, first, outer=outer, then=then))
        for k in range(self.grid.ndim):
            if not weights.is_zero(len(pairs) + k):
                # for units: its weights are second derivatives
                slope = replace(mapping.rows(k, 1, accuracy), order=2)
                self._terms.append(
                    Term(output, input, k, slope, outer=self._of_points(weights, len(pairs) + k))
                )

    def _of_points(self, weights: at_points.PointWeights, number: int) -> int:
        return self._of_grid(
            (weights, number), "what is made of the positions of the grid,", OwnWeights(weights, number)
        )

    def _profile(self, metric: metrics.Metric, key: Hashable, values: Array) -> int:
        """The number among the factors of what the metric makes along its axis."""
        profile = Profile(values, self.grid.axes[metric.along], tuple(map(float, values)))
        return self._of_grid(key, "the metric of the grid", profile)

    def add_mixed(
        self, output: int, axes: tuple[int, int], both: tuple[Along, Along], plain: Along, change: Callable[[Stencil], Stencil] = same
    ) -> None:  # fmt: skip
        """The product of two derivatives along the lower and the higher axis; `plain` is the higher one without its walls.

        ``D_low (D_high f + s_high u) + s_low (D_high v)``: what is prescribed at one wall is differentiated
        along it by rows that know of no other wall.
        """
        (low, high), (lower, higher) = axes, both
        own = Term(output, 0, high, change(higher.field), then=(low, lower.field))
        self._terms.append(own)
        for condition, stencil, is_last in higher.sides:
            self._add_side(own._replace(stencil=change(stencil), is_last=is_last), condition, high)
        for condition, stencil, is_last in lower.sides:
            if condition.is_number and condition.name is None:  # the same all along
                continue
            side = own._replace(stencil=change(plain.field), then=(low, stencil), is_last=is_last)
            self._add_side(side, condition, low)

    def _add_side(self, term: Term, condition: Condition, axis: int) -> None:
        """A term of what is prescribed across an axis, which is one more input."""
        place = self._places.setdefault((condition, axis), len(self._places))
        number = self.inputs + self._fields + place
        self._of_sides.append(term._replace(input=number, ends=True))

    @property
    def terms(self) -> tuple[Term, ...]:
        """All of them; what is prescribed comes behind what the grid has itself."""
        behind = len(self._own_of_grid)
        sides = (
            term if term.input < self.inputs else term._replace(input=term.input + behind)
            for term in self._of_sides
        )
        return (*self._terms, *sides)

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The operator's own, then one for each condition."""
        sides = (
            Argument(condition.name or "", (None,), False, side=Side.of(self.grid, axis, condition))
            for condition, axis in self._places
        )
        own = (argument for argument, _ in self._own_of_grid.values())
        return (*self.own, *own, *sides)

    @property
    def prescribed(self) -> Coefficients:
        """What the grid has itself, and what is prescribed, as coefficients."""
        own = (coefficient for _, coefficient in self._own_of_grid.values())
        sides = (
            Side.of(self.grid, axis, condition).field(condition.given) for condition, axis in self._places
        )
        return (*own, *sides)
