"""`geometry=` of a grid: a sphere, polar and cylindrical coordinates, checked."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import pi
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..._base.checks import as_float, geometry_called, is_real
from ..._base.errors import ArgumentTypeError, ArgumentValueError, counted, shown
from ..._base.late import Late
from ..._base.types import Array
from ..._stencils.ends import ONE_SIDED
from ..axis import Axis
from ..boundary import OPEN, POLE, RING, Ends, Side, spelled
from ..places import Entry
from ..walls.components import walls_of
from ..walls.conditions import Condition
from .near_poles import points_of_means

if TYPE_CHECKING:
    from . import metric as metrics
else:
    metrics = Late("gridgrad._grid.geometry.metric")

BETWEEN = 8  # points from one on a pole to the last that is on no wall: what rows on poles read
ROUNDING = 1e-6  # of a step: by this much may a point lie off the pole that it is on
EARTH = 6_371_229.0  # metres: the sphere of weather models, as in WMO's GRIB code table 3.2
_WORDS = {
    "sphere": ("lat", "lon"), "polar": ("r", "theta"), "cylindrical": ("r", "theta", "z"),
}  # fmt: skip
_AROUND = {"lat": "lon", "r": "theta"}
_ALLOWED = '"sphere", "polar", "cylindrical", or what each axis is, as in ("lon", "lat"), ("z", "lat", "lon") or ("r", "z")'


class Geometry(NamedTuple):
    """What each axis is: "lat", "lon", "r", "theta", or "z" for lengths that are their own."""

    names: tuple[str, ...]
    radius: float
    turn: float  # a full turn in the units of the angles: 360, or 2 pi

    def words(self) -> dict[str, object]:
        """As a grid takes it."""
        sphere = {"radius": self.radius} if "lat" in self.names else {}
        return {"geometry": self.names, "angle": "degrees" if self.turn == 360 else "radians", **sphere}

    @property
    def word(self) -> str | tuple[str, ...]:
        """What a call names it by."""
        return next((word for word, names in _WORDS.items() if names == self.names), self.names)

    def described(self, poles: Sequence[Fraction | None]) -> str:
        """One line about it."""
        beside = " and ".join(f"{float(pole):g}" for pole in poles if pole is not None)
        surface = f"a sphere of radius {self.radius:g}" if "lat" in self.names else "polar coordinates"
        return f"{surface}: {', '.join(self.names)}" + (f"; beside the pole at {beside}" if beside else "")

    @property
    def along(self) -> int:
        """The axis along which lengths of another vary."""
        return self.names.index("lat" if "lat" in self.names else "r")

    @property
    def around(self) -> int | None:
        """The axis whose lengths vary; None of rotational symmetry."""
        name = _AROUND[self.names[self.along]]
        return self.names.index(name) if name in self.names else None

    @property
    def handedness(self) -> int:
        """-1 where the axes are left-handed in their order, seen from outside of a sphere."""
        return -1 if "lat" in self.names and self.names.index("lat") < self.names.index("lon") else 1

    def evened(self, entries: Sequence[Entry]) -> list[Entry]:
        """The axes, those that are even but for the rounding of float32 without it: second differences would take it for a bend."""
        return [
            (n, even(x, self.turn) if name != "z" and x.ndim == 1 and x.dtype.kind == "f" else x, origin)
            for name, (n, x, origin) in zip(self.names, entries, strict=True)
        ]

    def ends(
        self, entries: Sequence[Entry], axes: Sequence[int], pairs: Sequence[Ends], periods: Sequence[object], is_given: bool
    ) -> tuple[tuple[Ends, ...], tuple[object, ...]]:  # fmt: skip
        """The ends of all axes: what goes all round is periodic, unless the caller says how axes end."""
        found, periods = list(pairs), list(periods)
        k = self.around
        if k is None:
            return tuple(found), tuple(periods)
        length, spacing, _ = entries[k]
        called = f"axis {axes[k]} is {self.names[k]}"
        step = float(np.mean(np.abs(np.diff(spacing.astype(np.float64)) if spacing.ndim else spacing)))
        nearly = (0.5 if spacing.ndim else 1e-3) * step  # what the gap over the seam may differ from others
        goes_round = abs(step * length - self.turn) < nearly
        if self.turn == 360 and min(abs(step * n - 2 * pi) for n in (length - 1, length)) < 1e-6 * 2 * pi:
            raise ArgumentValueError(
                f"{called} and counts as degrees, but it is 2 pi long; give angle='radians'"
            )
        span = abs(float(spacing[-1]) - float(spacing[0])) if spacing.ndim == 1 else step * (length - 1)
        is_twice = (self.names[k] == "lon" and span > self.turn) or abs(span - self.turn) < 0.01 * step
        if found[k] == OPEN and not is_given and is_twice:
            raise ArgumentValueError(
                f"{called}, and a full turn lies between its ends; the first point must not be repeated at the end: leave out the last of x and f, x[:-1], "
                "or say that rows do not go on over the seam, boundary='one-sided'"
            )
        if found[k] == OPEN and not is_given and goes_round:
            found[k] = RING
        if found[k] == RING and periods[k] is None:
            if spacing.ndim == 0 and not goes_round:
                raise ArgumentValueError(
                    f"{called} and periodic, but {length} steps of {step:g} are not {self.turn:g}"
                )
            periods[k] = self.turn if spacing.ndim else None
        return tuple(found), tuple(periods)

    def metric(self, axes: Sequence[Axis]) -> metrics.Metric:
        """Made of the axes."""
        axis = axes[self.along]
        y = np.asarray(axis.coordinates, np.float64)
        self._check(y, axes)
        surface = self._sphere() if "lat" in self.names else self._plane(float(np.max(y)))
        ring = self._ring(axes)
        poles = self._poles(y, axis)
        return metrics.Metric(surface, self.along, self.around, axis, poles, ring, self._step(axes, ring))

    def length_along(self, k: int) -> float:
        """Of a unit of the coordinates of an axis, where they are one: what slopes at its ends are per."""
        return self.radius * (2 * pi / self.turn) if self.names[k] == "lat" else 1.0

    def with_poles(self, pairs: Sequence[Ends], metric: metrics.Metric) -> tuple[Ends, ...]:
        """The ends with the poles that there are, which are all that were said to be."""
        k, found = self.along, list(pairs)
        first, last = (
            POLE if pole is not None else ONE_SIDED if end is POLE else end
            for pole, end in zip(metric.poles, found[k], strict=True)
        )
        found[k] = first, last
        for index, said, own in zip((0, -1), pairs[k], found[k], strict=True):
            if said is POLE and own is not POLE:
                words = ", ".join(_shown(*map(spelled, pair)) for pair in found)
                raise ArgumentValueError(
                    f"axis {metric.axis.number} is {self.names[k]}, and its end at {metric.axis.position(index % metric.axis.length):g} is not within a step of "
                    f"{' or '.join(f'{end:g}' for end in self._limits())}, where a pole is; give boundary=[{words}]"
                )
        return tuple(found)

    def _ring(self, axes: Sequence[Axis]) -> int | None:
        """How many steps of one length go all round; None of those that do not."""
        around = None if self.around is None else axes[self.around]
        if around is None or not around.is_periodic:
            return None
        steps = np.asarray(around.steps, np.float64)
        return around.length if np.ptp(np.abs(steps)) < metrics.EVEN * self.turn / around.length else None

    def _step(self, axes: Sequence[Axis], ring: int | None) -> float | None:
        """The step all round, in radians, negative where that runs down; None where it varies, or something else is at the ends."""
        around = None if self.around is None else axes[self.around]
        if around is None or np.ndim(around.steps) > 1:
            return None
        steps = np.asarray(around.steps, np.float64) * (2 * pi / self.turn)
        if ring is not None:
            return (-1 if steps.flat[0] < 0 else 1) * 2 * pi / ring
        is_even = np.ptp(steps) < metrics.EVEN * abs(steps.flat[0]) and all(
            end.is_open for end in around.ends
        )
        return float(np.mean(steps)) if is_even else None

    def _sphere(self) -> metrics.Surface:
        unit, radius = 2 * pi / self.turn, self.radius
        return metrics.Surface(
            radius * unit,
            lambda y: radius * unit * np.cos(unit * y),
            lambda y: radius * np.sin(unit * y),
            lambda y: -radius * unit * unit * np.sin(unit * y),
            lambda y: -unit * np.cos(2 * unit * y) / (radius * np.cos(unit * y)),
            unit,
            self.turn / 6,
        )

    def _plane(self, end: float) -> metrics.Surface:
        unit = 1.0 if self.around is None else 2 * pi / self.turn
        return metrics.Surface(
            1.0,
            lambda r: unit * r,
            lambda r: unit * r * r / 2,
            lambda r: unit * np.ones_like(r),
            lambda r: unit / r,
            unit,
            end / 2,
        )

    def _limits(self) -> tuple[float, ...]:
        return (-self.turn / 4, self.turn / 4) if "lat" in self.names else (0.0,)

    def _poles(self, y: Array, axis: Axis) -> tuple[Fraction | None, Fraction | None]:
        """Those within a step of the ends, outwards, that are no walls; one that a point is on but for its rounding is where that point is."""

        def beside(end: float, outwards: float, side: Side) -> Fraction | None:
            for p in self._limits() if side == ONE_SIDED else ():
                if -ROUNDING <= (p - end) / outwards < 1.001:
                    return Fraction(end if abs(p - end) <= ROUNDING * abs(outwards) else p)
            return None

        first, last = axis.sides
        return beside(float(y[0]), float(y[0] - y[1]), first), beside(
            float(y[-1]), float(y[-1] - y[-2]), last
        )

    def _check(self, y: Array, axes: Sequence[Axis]) -> None:
        k, limits = self.along, self._limits()
        name, called = self.names[k], f"axis {axes[k].number} is {self.names[k]}"
        if y.ndim > 1:
            raise ArgumentTypeError(
                f"{called}, which is one array of 1 dimension for all lines; give that, or a grid without geometry= one that differs from line to line"
            )
        rounding = ROUNDING * min(abs(y[1] - y[0]), abs(y[-1] - y[-2]))
        last = limits[-1] if len(limits) > 1 else np.inf
        beyond = np.flatnonzero((y < limits[0] - rounding) | (y > last + rounding))
        if len(beyond):
            raise ArgumentValueError(
                f"{called}, which is {y[beyond[0]]:g} at index {beyond[0]}; "
                + (
                    f"latitudes are from {limits[0]:g} to {limits[1]:g}{self._other_unit(y)}"
                    if name == "lat"
                    else "radii are 0 or above"
                )
            )
        self._check_walls(y, axes[k], rounding)
        if self.around is not None:
            self._check_angle(axes[self.around])
        on = np.flatnonzero(np.abs(np.subtract.outer(y, limits)).min(axis=1) <= rounding)
        if len(on) and self.around is not None and points_of_means(self._ring(axes)) is None:
            raise ArgumentValueError(
                f"{called}, which is {y[on[0]]:g} at index {on[0]}, a pole, where operators take means all round; give {self.names[self.around]} that "
                "goes all round in even steps, as many as are divisible by 4, or leave that row out"
            )
        if any(axis.unit is not None for axis in axes):
            raise ArgumentTypeError(
                'coordinates of a grid with geometry= are plain numbers: degrees, or angle="radians", and metres'
            )

    def _check_walls(self, y: Array, axis: Axis, rounding: float) -> None:
        """Refuse those where nothing lies along them, and those that rows of a pole would read across."""
        called = f"axis {axis.number} is {self.names[self.along]}"
        low = self._limits()[0] + rounding
        high = self._limits()[-1] - rounding if "lat" in self.names else np.inf
        walls = [
            (side, end)
            for side, end in zip((0, -1), axis.ends, strict=True)
            if not (end.is_open or end.is_periodic)
        ]
        if axis.is_periodic:
            raise ArgumentValueError(
                f'{called}, which does not repeat; it ends at a "pole", "one-sided", or at walls, as in boundary=[("pole", gridgrad.value(0.0)), "periodic"]'
            )
        for side, end in walls:
            at = y[side] if end.outside == 0 else y[side] + axis.beyond(side)
            if not low < at < high:
                raise ArgumentValueError(
                    f'{called}, and its wall {end.word!r} is at {at:g}, where a circle has no length, or beyond; give "pole" there, which nothing passes, '
                    "or begin further from it"
                )
        if (
            walls
            and axis.length <= BETWEEN
            and np.abs(np.subtract.outer(y[[0, -1]], self._limits())).min() <= rounding
        ):
            raise ArgumentValueError(
                f"{called}, of {axis.length} points from one on a pole to a wall, but rows on poles read {BETWEEN - 1} others; give {BETWEEN + 1} or more, "
                "or leave the row on the pole out"
            )

    def _check_angle(self, axis: Axis) -> None:
        """Refuse mixtures of values and slopes at the ends of an angle: per length the weight of the slope would vary along the wall."""
        for side in axis.sides:
            for wall in walls_of(side):
                if isinstance(wall, Condition) and wall.end.a and wall.end.b:
                    raise ArgumentValueError(
                        f"axis {axis.number} is {self.names[axis.place]}, and {wall!r} is no condition at its end: per length, what weighs the slope varies along that "
                        "wall; give gridgrad.slope((c - a * u) / b), of the last u at the wall, in an array that is written before each step"
                    )

    def _other_unit(self, y: Array) -> str:
        return "; give degrees" if self.turn < 7 and np.abs(y).max() > 7 else ""


def clean_geometry(geometry: object, radius: object, angle: object, count: int) -> Geometry | None:
    """What was asked for; None of plain coordinates."""
    if geometry is None:
        if radius is not None or angle is not None:
            raise ArgumentTypeError('radius= and angle= belong to geometry="sphere"')
        return None
    names = _names(geometry, count)
    if angle not in (None, "degrees", "radians"):
        raise ArgumentValueError(f'angle must be "degrees" or "radians", got {shown(angle)}')
    in_degrees = angle == "degrees" or (angle is None and "lat" in names)
    return Geometry(names, _radius(radius, names), 360.0 if in_degrees else 2 * pi)


def _names(geometry: object, count: int) -> tuple[str, ...]:
    if isinstance(geometry, str):
        if geometry not in _WORDS:
            raise ArgumentValueError(
                f"unknown geometry {geometry!r}; {geometry_called(geometry)}allowed are {_ALLOWED}"
            )
        names = _WORDS[geometry]
        if geometry == "sphere" and count > 2:
            names = ("z",) * (count - 2) + names
        elif geometry == "cylindrical" and count == 2:
            names = ("r", "z")
    elif isinstance(geometry, (list, tuple)) and all(isinstance(name, str) for name in geometry):
        names = tuple(geometry)
    else:
        raise ArgumentTypeError(f"geometry must be {_ALLOWED}; got {shown(geometry)}")
    if len(names) != count:
        raise ArgumentValueError(
            f"geometry names {counted(len(names), 'axis')}, {names}, for a grid of {count}"
        )
    angles = sorted(name for name in names if name != "z")
    if angles not in (["lat", "lon"], ["r", "theta"], ["r"]):
        raise ArgumentValueError(f"geometry {names} is none that is known; allowed are {_ALLOWED}")
    return names


def _shown(left: object, right: object) -> str:
    """Both ends of an axis as one types them."""
    return _quoted(left) if left == right else f"({_quoted(left)}, {_quoted(right)})"


def _quoted(end: object) -> str:
    return f'"{end}"' if isinstance(end, str) else repr(end)


def _radius(radius: object, names: tuple[str, ...]) -> float:
    if radius is None:
        return EARTH
    if "lat" not in names:
        raise ArgumentTypeError("radius= belongs to a sphere")
    if isinstance(radius, bool) or not is_real(radius):
        raise ArgumentTypeError(f"radius must be a number of metres, got {shown(radius)}")
    metres = as_float(radius)
    if not 0 < metres < float("inf"):
        raise ArgumentValueError(f"radius must be positive and finite, got {metres!r}")
    return metres


def even(x: Array, turn: float) -> Array:
    """Numbers of float32 that lie within its rounding of even steps, in these; others as they are.

    Of all even steps those are preferred that divide a full turn, as of grids all round, with points at whole or half steps.
    """
    n, given = len(x), x.astype(np.float64)
    with np.errstate(all="ignore"):
        step = (given[-1] - given[0]) / max(n - 1, 1)
        rounding = min(np.spacing(np.abs(x.astype(np.float32)).max(initial=0)), abs(step) / 4)
        if n < 3 or not (rounding > 0 and np.array_equal(x, x.astype(np.float32))):
            return x
        whole, k = turn / np.rint(turn / step), np.arange(n)
        half = np.rint(2 * given[0] / whole) * whole / 2
        for own, first in ((whole, half), (whole, np.mean(given - whole * k)), (step, given[0])):
            found: Array = first + own * k
            if np.abs(found - given).max() <= rounding:
                return found
    return x
