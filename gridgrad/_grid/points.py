"""`Points`: the axes of a grid together, with their ends, and the stencils along them, made once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cached_property, reduce
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from .._backends.once import made_once
from .._base.checks import clean_axis, clean_edge_order
from .._base.errors import ArgumentTypeError, ArgumentValueError, counted
from .._base.types import Array
from .._stencils.stencil import Stencil
from .._stencils.transpose import dual_widths
from .._stencils.wide import Wide
from .._wraps.axes import plain_axes
from .._wraps.units import converted, slope, wrap
from .ends import check_length, clean_ends, rule_of
from .places import clean_axes, clean_coordinates, in_order, smallest_field
from .spacing import axis_stencil, axis_steps, clean_number, to_host

Made = TypeVar("Made")

# What a boundary becomes: nothing passes a closed end, and the derivative of an even field is odd.
_OTHER_ENDS: dict[str, dict[str, str]] = {
    "given": {},
    "closed": {"one-sided": "symmetric"},
    "flipped": {"symmetric": "antisymmetric", "antisymmetric": "symmetric"},
}


class Points:
    """What a grid is without its operators; see `Grid` for the arguments."""

    def __init__(
        self, coordinates: tuple[object, ...], axes: object, boundary: object, periodic: object, period: object, edge_order: object,
        dtype: npt.DTypeLike
    ) -> None:  # fmt: skip
        if not coordinates:
            raise ArgumentTypeError("a grid needs coordinates, or (n, step), for at least one axis")
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.dtype(np.float64), np.dtype(np.longdouble)):
            raise ArgumentTypeError(f"dtype must be numpy.float64 or numpy.longdouble, got {dtype!r}")
        self.edge_order = clean_edge_order(edge_order)
        coordinates, self._units = plain_axes(coordinates)
        self.has_units = any(unit is not None for unit in self._units)
        spacings, self.lengths, origins = clean_coordinates(coordinates)
        self.axes = clean_axes(axes, len(self.lengths))
        self._order = in_order(smallest_field(self.axes)[1])
        self.places = in_order(self._order)  # of each axis, in a field without batch axes
        self.shape = tuple(self.lengths[k] for k in self._order)  # of such a field
        # Copies: rows are made when they are first needed, whatever became of the caller's arrays.
        self._spacings = [to_host(x, a).copy() for x, a in zip(spacings, self.axes, strict=True)]
        self._origins = [clean_number(x, a, "origin") for x, a in zip(origins, self.axes, strict=True)]
        self.slopes = tuple(slope(unit, f"axis {a}") for unit, a in zip(self._units, self.axes, strict=True))
        self.boundary, periods = clean_ends(boundary, periodic, period, range(self.ndim), of_grid=True)
        self._periods = [
            None if value is None else converted(value, unit, "period", f"axis {a}", True)
            for value, unit, a in zip(periods, self.slopes, self.axes, strict=True)
        ]
        self._stencils: dict[Hashable, Stencil] = {}
        self._kept: dict[Hashable, Any] = {}
        for k in range(self.ndim):
            self.stencil(k)  # validates

    def __reduce__(self) -> tuple[object, ...]:
        given = [
            (n, wrap(x[()], unit), wrap(origin, unit)) if x.ndim == 0 else wrap(x, unit)
            for x, n, origin, unit in zip(
                self._spacings, self.lengths, self._origins, self._units, strict=True
            )
        ]
        periods = [
            value if value is None else wrap(value, unit)
            for value, unit in zip(self._periods, self.slopes, strict=True)
        ]
        return _rebuild, (type(self), given, self.axes, self.boundary, periods, self.edge_order, self.dtype)

    @cached_property
    def units(self) -> tuple[object, ...] | None:
        """The units of the axes, None of an axis without; None where all coordinates are plain numbers.

        `coordinates`, `steps`, `mesh`, `quadrature` and `measure` are numbers in these units. Operators
        give quantities.
        """
        if not self.has_units:
            return None
        return tuple(None if unit is None else unit.unit for unit in self._units)

    @property
    def spacings(self) -> list[Array]:
        """Steps and coordinates as they came, without their units; not to be changed."""
        return self._spacings

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.lengths)

    def __repr__(self) -> str:
        lines = [f"Grid of {' x '.join(map(str, self.shape))} points"]
        return "\n".join([*lines, *(self._describe(k) for k in range(self.ndim))])

    def _describe(self, k: int) -> str:
        first, last = self._ends(k)
        steps = np.abs(np.asarray(self.steps[k], dtype=float))
        step = f"step {steps:g}" if steps.ndim == 0 else f"steps {steps.min():g} to {steps.max():g}"
        left, right = self.boundary[k]
        ends = left if left == right else f"{left} | {right}"
        order = f" (edge order {self.edge_order})" if "one-sided" in self.boundary[k] else ""
        unit = "" if self._units[k] is None else f" {self._units[k]}"
        return f"  axis {self.axes[k]}: {counted(self.lengths[k], 'point')}, {first:g} to {last:g}{unit}, {step}, {ends}{order}"

    def _ends(self, k: int) -> tuple[Array, Array]:
        """The first and the last position of an axis, without those between."""
        if self._spacings[k].ndim:
            return self.coordinates[k][0], self.coordinates[k][-1]
        return self._position(k, 0), self._position(k, self.lengths[k] - 1)

    def _position(self, k: int, index: int | Array) -> Any:
        """Of the points of an axis that was given by its step."""
        return self._origins[k] + self._spacings[k].astype(self.dtype) * index

    @cached_property
    def coordinates(self) -> tuple[Array, ...]:
        """The positions along each axis; read-only."""
        return tuple(
            _read_only(x.astype(self.dtype) if x.ndim else self._position(k, np.arange(self.lengths[k])))
            for k, x in enumerate(self._spacings)
        )

    @cached_property
    def steps(self) -> tuple[Array, ...]:
        """For each axis its step, or the n - 1 steps between its points, negative where it runs down; read-only."""
        return tuple(_read_only(wide.high) if np.ndim(wide.high) else wide.high for wide, _ in self._steps)

    def is_uniform(self, axis: int) -> bool:
        """Whether one set of weights serves all interior points of an axis.

        The points of ``numpy.linspace`` are rounded, so its steps may differ in their last bits and need
        weights of their own: give ``(n, step)`` for an even axis.
        """
        return self.stencil(self.clean_axis(axis)).is_uniform

    def mesh(self) -> tuple[Array, ...]:
        """The positions of all points: for each axis, in the order given, one array of the grid's `shape`."""
        arrays = np.meshgrid(*(self.coordinates[k] for k in self._order), indexing="ij")
        return tuple(arrays[place] for place in self.places)

    @property
    def measure(self) -> Array:
        """The dual-cell measure of all points, the product of `quadrature`: ``sum(measure * f)`` integrates f."""
        return reduce(np.multiply.outer, (self.quadrature[k] for k in self._order), np.ones((), self.dtype))

    @cached_property
    def quadrature(self) -> tuple[Array, ...]:
        """The dual-cell width of each point, for each axis: what it weighs in an integral.

        Half of both neighbouring steps, half a step at ends, which is the trapezoidal rule; all round
        on a periodic axis. Read-only, as the adjoints of the grid weigh with it.
        """
        widths = zip(self._steps, self.lengths, strict=True)
        return tuple(_read_only(dual_widths(steps, n, wrap)) for (steps, wrap), n in widths)

    def has_coordinates(self, k: int) -> bool:
        """Whether axis `k` of the grid was given by coordinates, not by its step."""
        return self._spacings[k].ndim > 0

    def clean_axis(self, axis: object) -> int:
        """One axis of the grid, counted from 0."""
        return clean_axis((axis,), self.ndim)[0]

    def axes_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The grid's axes in an array of this shape, which must have its lengths there."""
        axes = []
        for axis, n in zip(self.axes, self.lengths, strict=True):
            if not -len(shape) <= axis < len(shape):
                raise ArgumentValueError(
                    f"the field has shape {shape}, but the grid has shape {self.described()}"
                )
            if shape[axis] != n:
                raise ArgumentValueError(
                    f"the field has shape {shape} with {counted(shape[axis], 'point')} along axis {axis}, "
                    f"but the grid has shape {self.described()}"
                )
            axes.append(axis % len(shape))
        if len(set(axes)) != len(axes):
            raise ArgumentValueError(f"the axes {self.axes} of the grid meet in a field of shape {shape}")
        return tuple(axes)

    def described(self) -> str:
        """Its shape and the axes of a field that these are, in the field's order."""
        return f"{self.shape} on axes {tuple(self.axes[k] for k in self._order)}"

    def alone(self, ndim: int = 0) -> tuple[int, ...]:
        """The shape of one field whose batch axes have length 1: of `ndim` dimensions, or more if the axes need it."""
        ndim, places = smallest_field(self.axes, ndim)
        if in_order(places) != self._order:
            raise ArgumentValueError(
                f"the axes {self.axes} of the grid come in another order in a field of {ndim} dimensions, so that "
                "its points are not in the grid's order; count all axes from the same end"
            )
        shape = [1] * ndim
        for place, n in zip(places, self.lengths, strict=True):
            shape[place] = n
        return tuple(shape)

    def stencil(self, k: int, order: int = 1, accuracy: int | None = None, ends: str = "given") -> Stencil:
        """The rows of one derivative along axis `k` of the grid, made at the first use.

        `ends` names an entry of `_OTHER_ENDS`, which says what becomes of the boundaries.
        """
        key = (k, order, accuracy, ends)
        if key not in self._stencils:
            left, right = (_OTHER_ENDS[ends].get(name, name) for name in self.boundary[k])
            rule = rule_of(order, accuracy, (left, right), self.edge_order)
            even = self._spacings[k].ndim == 0 and self._periods[k] is None
            check_length(self.lengths[k], self.axes[k], rule, uniform=even)
            self._stencils[key] = axis_stencil(
                self._spacings[k], self.lengths[k], self.axes[k], rule, self._periods[k], self.dtype
            )
        return self._stencils[key]

    @made_once
    def kept(self, make: Callable[..., Made], *arguments: Hashable) -> Made:
        """What a function makes of the grid and of these arguments: an operator, made at the first use."""
        key = (make, *arguments)
        if key not in self._kept:
            self._kept[key] = make(self, *arguments)
        made: Made = self._kept[key]
        return made

    @cached_property
    def _steps(self) -> list[tuple[Wide, Wide | None]]:
        """The steps of each axis, which its stencils have checked."""
        return [
            axis_steps(*own[:3], "periodic" in own[3], own[4], self.dtype)
            for own in zip(
                self._spacings, self.lengths, self.axes, self.boundary, self._periods, strict=True
            )
        ]


def _read_only(a: Array) -> Array:
    """A view of what the grid keeps."""
    view = a.view()
    view.flags.writeable = False
    return view


def _rebuild(
    kind: Any, coordinates: Any, axes: Any, boundary: Any, period: Any, edge_order: Any, dtype: Any
) -> Any:
    return kind(*coordinates, axes=axes, boundary=boundary, period=period, edge_order=edge_order, dtype=dtype)
