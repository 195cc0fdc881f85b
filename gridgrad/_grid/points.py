"""`Points`: the axes of a grid together."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import copy
from functools import partial, reduce
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeVar, cast

import numpy as np

from .._backends.once import made_once
from .._base.cache import attributes, cached_property
from .._base.checks import clean_axis
from .._base.errors import ArgumentValueError, counted
from .._base.late import Late
from .._base.types import Array
from .._base.words import answering
from .._stencils.derivatives import Rule
from .._stencils.ends import End
from .._stencils.stencil import Stencil
from .._wraps.units import Maybe
from . import hints
from .axis import Axis, read_only, rule_of
from .boundary import Ends, spelled, without_poles
from .geometry.geometry import Geometry
from .places import Entry, alone, check_mesh, in_order, smallest_field
from .spacing import representable
from .walls.components import Components, scalar_end_of
from .walls.conditions import Condition

if TYPE_CHECKING:  # what a grid of vectors and steps does not need
    from .curvilinear import axis as curvilinear
    from .curvilinear import mapping as mappings
    from .geometry import metric as metrics
    from .lines import axis as lines
    from .masks import mask as masks
else:
    curvilinear = Late("gridgrad._grid.curvilinear.axis")
    mappings = Late("gridgrad._grid.curvilinear.mapping")
    metrics, lines = Late("gridgrad._grid.geometry.metric"), Late("gridgrad._grid.lines.axis")
    masks = Late("gridgrad._grid.masks.mask")

Made = TypeVar("Made")


class OnGaps(Protocol):
    """What makes operators and maps of positions beside gaps of those of the whole grid."""

    def __call__(self, whole: object, grid: Points, /) -> object:
        """An operator."""

    def positions(self, grid: Points, mask: masks.Mask, /) -> mappings.IndexMap:
        """A map."""


class Words(NamedTuple):
    """What a caller says about rows and ends, cleaned: both ends of each axis, and its period, None where it does not repeat."""

    edge_order: int
    accuracy: int | None
    ends: tuple[Ends, ...]
    periods: tuple[object, ...]
    geometry: Geometry | None = None
    is_left: bool = False  # to the geometry, how the axis ends that may go all round

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rows of the first derivative along each axis."""
        ends = (self.of(k) for k in range(len(self.ends)))
        return tuple(rule_of(1, self.accuracy, pair, self.edge_order) for pair in ends)

    def of(self, k: int) -> tuple[End, End]:
        """The ends of scalar fields along an axis, or, where there are none, of its component of vector fields."""
        left, right = (scalar_end_of(side, k) for side in self.ends[k])
        return left, right


class Cleaned(NamedTuple):
    """What a grid is made of, checked word by word."""

    axes: tuple[int, ...]
    entries: Sequence[Entry]
    units: Sequence[Maybe]
    words: Words
    dtype: np.dtype
    is_curved: bool  # entries of many dimensions are positions of all points


class Points:
    """What a grid is without its operators; see `Grid` for the arguments."""

    _has_gaps = False  # of the grid without gaps of one with gaps: whether its weights depend on these

    @classmethod
    def of(cls, cleaned: Cleaned) -> Self:
        """The grid of what a call has checked already."""
        made = cls.__new__(cls)
        made.lay(cleaned)
        return made

    def lay(self, cleaned: Cleaned) -> None:
        """Lay out the axes."""
        axes, entries, units, words, dtype, is_curved = cleaned
        edge_order, _, pairs, periods, geometry, is_left = words
        self.axes, self.edge_order, self.dtype, self.geometry = axes, edge_order, dtype, geometry
        self.ndim, self.lengths = len(axes), tuple(entry[0] for entry in entries)
        self.shape = tuple(self.lengths[k] for k in self._order)  # of a field without batch axes
        if geometry is not None:
            if is_curved:
                raise ArgumentValueError(
                    "geometry= takes coordinates along each axis, and these are positions of a curvilinear grid; give them in lengths, as "
                    "x and y of a map projection, without geometry="
                )
            entries = geometry.evened(entries)
            pairs, periods = geometry.ends(entries, axes, pairs, periods, not is_left)
        sides = pairs if geometry is None else [without_poles(pair) for pair in pairs]
        lengths = [1.0 if geometry is None else geometry.length_along(k) for k in range(self.ndim)]
        kinds: list[type[Axis]] = [
            curvilinear.IndexAxis if is_curved else lines.LinesAxis if spacing.ndim > 1 else Axis
            for _, spacing, _ in entries
        ]
        self.axis_objects: tuple[Axis, ...] = tuple(
            kind(number, *entry, ends, period, unit, dtype, k, edge_order, length)
            for k, (kind, number, entry, ends, period, unit, length) in enumerate(
                zip(kinds, axes, entries, sides, periods, units, lengths, strict=True)
            )
        )
        self.slopes = tuple(axis.slope for axis in self.axis_objects)
        self.has_units = any(unit is not None for unit in units)
        self.held: dict[Hashable, Any] = {}  # by `kept`
        self.mask: masks.Mask | None = None
        self._whole: Points | None = None
        self._masked: OnGaps | None = None
        if not is_curved and any(kind.has_lines for kind in kinds):
            check_mesh([axis.spacing for axis in self.axis_objects], axes)
            self._check_lines()
        for axis in self.axis_objects:
            axis.check()
        self.mapping = mappings.IndexMap(self.axis_objects, self.places) if is_curved else None
        self.metric = None if geometry is None else geometry.metric(self.axis_objects)
        if geometry is not None and self.metric is not None:
            pairs = geometry.with_poles(pairs, self.metric)
        self._pairs = pairs

    @cached_property
    def boundary(self) -> tuple[tuple[str | Condition | Components, ...], ...]:
        """How each axis ends."""
        return tuple((spelled(left), spelled(right)) for left, right in self._pairs)

    @property
    def _order(self) -> tuple[int, ...]:
        """The axes in the order of a field."""
        return in_order(smallest_field(self.axes)[1])

    @cached_property
    def places(self) -> tuple[int, ...]:
        """Those of the axes in a field without batch axes."""
        return in_order(self._order)

    def _check_lines(self) -> None:
        """Refuse coordinates of lines that have other lengths along the other axes than those."""
        for axis in self.axis_objects:
            shape = axis.spacing.shape if axis.has_lines else ()
            for other in self.axis_objects:
                a, n = other.number, other.length
                if other is not axis and -len(shape) <= a < len(shape) and shape[a] not in (1, n):
                    raise ArgumentValueError(
                        f"the coordinates of axis {axis.number} have shape {shape}, but axis {a} has {counted(n, 'point')}; give as many there, or 1"
                    )

    def __reduce__(self) -> tuple[object, ...]:
        if self.whole._has_gaps:  # which travel with it, though the mask be that of a block
            return _restored, (type(self), attributes(self) | {"held": {}})
        if self.mask is not None:
            return Points.with_gaps, (self.whole, self.mask, self._masked)
        entries, periods = zip(*(axis.given() for axis in self.axis_objects), strict=True)
        kind: Callable[..., Points] = type(self)
        words = {"boundary": self.boundary, "period": list(periods), "edge_order": self.edge_order}
        geometry = {} if self.geometry is None else self.geometry.words()
        return partial(kind, axes=self.axes, dtype=self.dtype, **words, **geometry), entries

    def __copy__(self) -> Self:
        """With the axes that it has, whose weights are not made again."""
        made = type(self).__new__(type(self))
        vars(made).update(vars(self) | {"held": {}})
        return made

    @property
    def units(self) -> tuple[object, ...] | None:
        """The units of the axes, None of an axis without; None where all coordinates are plain numbers.

        `coordinates`, `steps`, `mesh`, `quadrature` and `measure` are numbers in these units. Operators
        give quantities.
        """
        if not self.has_units:
            return None
        return tuple(None if axis.unit is None else axis.unit.unit for axis in self.axis_objects)

    def __repr__(self) -> str:
        lines = [
            f"  {axis.described(*ends)}" for axis, ends in zip(self.axis_objects, self.boundary, strict=True)
        ]
        if self.geometry is not None and self.metric is not None:
            lines.append(f"  {self.geometry.described(self.metric.poles)}")
        gaps = "" if self.mask is None else f", {self.mask.described()}"
        return "\n".join([f"Grid of {' x '.join(map(str, self.shape))} points{gaps}", *lines])

    @property
    def has_lines(self) -> bool:
        """Whether the points of an axis lie elsewhere on each line along it; so they do on curvilinear grids."""
        return any(axis.has_lines for axis in self.axis_objects)

    @cached_property
    def coordinates(self) -> tuple[Array, ...]:
        """The positions along each axis; read-only."""
        return tuple(axis.coordinates for axis in self.axis_objects)

    @cached_property
    def steps(self) -> tuple[Array, ...]:
        """For each axis its step, or the n - 1 steps between its points, negative where it runs down; read-only."""
        return tuple(axis.steps for axis in self.axis_objects)

    def is_uniform(self, axis: int) -> bool:
        """Whether one set of weights serves all interior points of an axis.

        The points of ``numpy.linspace`` are rounded, so its steps may differ in their last bits and need
        weights of their own: give ``(n, step)`` for an even axis.
        """
        k = self.clean_axis(axis)
        return not self.axis_objects[k].has_lines and self.stencil(k).is_uniform

    @answering(
        indexing='axes are in the order of the grid, as in numpy.meshgrid(*grid.coordinates, indexing="ij"): indexing',
        sparse="arrays that broadcast are numpy.ix_(*grid.coordinates): sparse open",
    )
    def mesh(self) -> tuple[Array, ...]:
        """The positions of all points: for each axis, in the order given, one array of the grid's `shape`."""
        if self.mapping is not None:
            return self.mapping.mesh()
        ndim, places = smallest_field(self.axes)
        own = (
            x if x.ndim > 1 else x.reshape([-1 if k == place else 1 for k in range(ndim)])
            for x, place in zip(self.coordinates, places, strict=True)
        )
        return tuple(np.broadcast_to(x, self.alone()).reshape(self.shape).copy() for x in own)

    @property
    def measure(self) -> Array:
        """The volume (area, length) of the cell around each point, the product of `quadrature`: ``sum(measure * f)`` integrates f."""
        return self.measure_of({})

    def measure_of(self, along: Mapping[int, Array]) -> Array:
        """That of some points of the axes `along`, all of the others."""
        mapping = self.whole.mapping  # which knows the gaps
        if mapping is not None:
            whole = mapping.measure()
            return (
                whole
                if not along
                else whole[np.ix_(*(along.get(k, np.arange(self.lengths[k])) for k in self._order))]
            )
        widths = [self.quadrature[k][along.get(k, slice(None))] for k in self._order]
        with np.errstate(over="ignore"):
            cells = reduce(np.multiply.outer, widths, np.ones((), self.dtype))
        return representable(cells, "the cells of the grid")

    @cached_property
    def quadrature(self) -> tuple[Array, ...]:
        """For each axis the width of the cell around each point: its weight in an integral.

        Half of both neighbouring steps, and half a step at ends, which is the trapezoidal rule; on a periodic axis across
        the seam, and beside a wall half a step outside up to that wall. On a sphere the widths of latitudes are areas for
        a unit of longitude. Read-only, as adjoints weigh with it.
        """
        widths = [axis.quadrature for axis in self.axis_objects]
        if self.metric is not None:
            widths[self.metric.along] = read_only(self.metric.widths())
        return tuple(widths)

    @property
    def whole(self) -> Points:
        """The grid without its gaps."""
        return self if self._whole is None else self._whole

    def with_gaps(self, mask: masks.Mask, masked: OnGaps | None) -> Self:
        """The grid with other gaps, and what makes its operators of those of the whole grid."""
        if self.metric is not None and not mask.is_open:
            raise ArgumentValueError(
                "beside gaps of a grid with geometry= rows are one-sided, and fluxes of diffuse and of the conservative laplacian end; leave boundary= out, or write operators as their formulas on a grid without geometry="
            )
        if not mask.is_open and self.has_lines:
            raise ArgumentValueError(
                "rows beside gaps are one-sided on a grid whose coordinates differ from line to line, as rows at its ends are; leave boundary= out"
            )
        mask = mask.of_one() if self.mapping is not None else self._beside_lines(mask)
        made = copy(self)
        made.mask, made._whole, made._masked = mask, self.whole, masked
        if self.mapping is not None or any(axis.lacks for axis in self.axis_objects):
            made._whole = copy(self.whole)
            made._whole._has_gaps = True
            if self.mapping is None:
                made.axis_objects = made._whole.axis_objects = tuple(
                    axis.with_gaps() for axis in self.axis_objects
                )
            elif masked is not None:  # its positions have their derivatives beside gaps too
                made._whole.mapping = masked.positions(self, mask)
        return made

    def _beside_lines(self, mask: masks.Mask) -> masks.Mask:
        """A mask with the batch axes that coordinates of lines have, as rows beside its gaps differ along these too."""
        for axis in self.axis_objects:
            if axis.has_lines:
                mask = mask.broadcast(self.turned(axis.spacing).shape)
        return mask

    def turned(self, a: Array) -> Array:
        """An array that broadcasts to fields as one that does so to masks: batch axes in front, then those of the grid in order."""
        ndim, places = smallest_field(self.axes, a.ndim)
        batch = [axis for axis in range(ndim) if axis not in places]
        turned = a.reshape((1,) * (ndim - a.ndim) + a.shape).transpose(*batch, *sorted(places))
        first = next((d for d, n in enumerate(turned.shape) if n > 1 or d == len(batch)), 0)
        return turned.reshape(turned.shape[first:])

    def masked(self, whole: Made) -> Made:
        """The operator beside its gaps that one of the whole grid is without."""
        assert self._masked is not None
        return cast(Made, self._masked(whole, self))

    def clean_axis(self, axis: object) -> int:
        """One axis of the grid, counted from 0."""
        return clean_axis((axis,), self.ndim)[0]

    def axes_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The grid's axes in an array of this shape, which must have its lengths there."""
        axes = []
        for axis, n in zip(self.axes, self.lengths, strict=True):
            if not -len(shape) <= axis < len(shape):
                raise self._misfit(shape)
            if shape[axis] != n:
                raise self._misfit(shape, f" with {counted(shape[axis], 'point')} along axis {axis},")
            axes.append(axis % len(shape))
        if len(set(axes)) != len(axes):
            raise ArgumentValueError(f"the axes {self.axes} of the grid meet in a field of shape {shape}")
        return tuple(axes)

    def _misfit(self, shape: tuple[int, ...], told: str = ",") -> ArgumentValueError:
        """The error on a field of another shape."""
        steps = [None if axis.has_coordinates else axis.spacing for axis in self.axis_objects]
        hint = hints.of_fit(shape, self.shape, self.axes, steps)
        return ArgumentValueError(
            f"the field has shape {shape}{told} but the grid has shape {self.described()}{hint}"
        )

    def described(self) -> str:
        """Its shape and the axes of a field that these are, in the field's order."""
        return f"{self.shape} on axes {tuple(self.axes[k] for k in self._order)}"

    def alone(self, ndim: int = 0) -> tuple[int, ...]:
        """The shape of one field whose batch axes have length 1: of `ndim` dimensions, or more if the axes need it."""
        return alone(self.axes, self.lengths, ndim)

    def stencil(
        self, k: int, order: int = 1, accuracy: int | None = None, change: Callable[[End], End] | None = None, side: int = 0
    ) -> Stencil:  # fmt: skip
        """The rows of one derivative along axis `k` of the grid, made at the first use; see `Axis.stencil`."""
        return self.axis_objects[k].stencil(order, accuracy, change, side)

    @made_once
    def kept(self, make: Callable[..., Made], *arguments: Hashable) -> Made:
        """What a function makes of the grid and of these arguments: an operator, made at the first use."""
        key = (make, *arguments)
        if key not in self.held:
            self.held[key] = make(self, *arguments)
        made: Made = self.held[key]
        return made


def _restored(kind: type[Made], own: dict[str, object]) -> Made:
    """A grid that has travelled."""
    made = kind.__new__(kind)
    vars(made).update(own)
    return made
