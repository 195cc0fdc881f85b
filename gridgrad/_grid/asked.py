"""What a call says about its grid, cleaned once: axes and their spacing, rows and ends; and the grid of that, cached by content."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from .._backends.once import left_out
from .._base.cache import Cache, by_content
from .._base.checks import clean_accuracy, clean_axis, clean_edge_order, dtype_or_none, per_axis_spacing
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Array
from .._wraps.units import Maybe, plain_axes, unwrap, wrap
from .axis import check_length
from .boundary import clean_ends
from .geometry.geometry import Geometry, clean_geometry
from .places import (
    ORIGIN,
    are_positions,
    check_mesh,
    check_shape,
    clean_entry,
    clean_field_axes,
    clean_positions,
    in_order,
    lines_in_shape,
    on_host,
    positions_in_shape,
    smallest_field,
)
from .points import Cleaned, Points, Words
from .spacing import check_count, clean_number, is_read, numbers_of

Kind = TypeVar("Kind", bound=Points)
Given = TypeVar("Given")

_grids: Cache[Points] = Cache("grids", entries=64)
_POINT_BYTES = 100  # what a grid and its key keep for each point of an axis, about


class Asked(NamedTuple):
    """What a caller says about rows and ends, as it came."""

    edge_order: object = 1
    periodic: object = None
    period: object = None  # each of these as it came
    boundary: object = None
    accuracy: object = None
    geometry: object = None
    radius: object = None
    angle: object = None


def clean_words(axes: Sequence[int], asked: Asked, of_grid: bool = False) -> Words:
    """The words on these axes of an array, or of a grid."""
    order, accuracy = clean_edge_order(asked.edge_order), clean_accuracy(asked.accuracy)
    geometry = None
    if not (asked.geometry is None and asked.radius is None and asked.angle is None):
        geometry = clean_geometry(asked.geometry, asked.radius, asked.angle, len(axes))
    polar = None if geometry is None else geometry.along
    ends, periods = clean_ends(asked.boundary, asked.periodic, asked.period, axes, of_grid, polar)
    is_left = geometry is not None and asked.periodic is None and _is_left(asked.boundary, geometry.around)
    return Words(order, accuracy, ends, tuple(periods), geometry, is_left)


def _is_left(boundary: object, around: int | None) -> bool:
    """Whether nothing is said of the ends of the axis that may go all round."""
    if isinstance(boundary, (list, tuple)) and around is not None and len(boundary) > 1:
        return boundary[around] is None
    return boundary is None


@left_out("numbers")
def lay_out(
    grid: Points, coordinates: tuple[object, ...], axes: object, asked: Asked, dtype: npt.DTypeLike
) -> None:
    """Make a grid of what its caller gives for it."""
    if not coordinates:
        raise ArgumentTypeError("a grid needs coordinates, or (n, step), for at least one axis")
    real = dtype_or_none(dtype)
    if real is None or real not in (np.float64, np.longdouble):
        raise ArgumentTypeError(f"dtype must be numpy.float64 or numpy.longdouble, got {dtype!r}")
    words = clean_words(range(len(coordinates)), asked, of_grid=True)
    check_shape(coordinates)
    numbers, units = plain_axes(coordinates)
    own = clean_field_axes(axes, len(numbers))
    given = on_host(numbers, own)
    is_curved = are_positions(given)
    if is_curved:
        entries = clean_positions(given, own, in_order(in_order(smallest_field(own)[1])))
    else:
        entries = list(map(clean_entry, given, range(len(own)), own))
    grid.lay(Cleaned(own, entries, units, words, real, is_curved))


def clean_axes(
    axis: object, shape: tuple[int, ...], spacing: tuple[Given, ...]
) -> tuple[tuple[int, ...], list[Given]]:
    """The axes of an array of this shape that a call is about, and the spacing of each."""
    if not shape:
        raise ArgumentValueError(
            "f is 0-dimensional: a single number has no neighbours to difference; "
            "give an array with at least one axis"
        )
    axes = clean_axis(axis, len(shape))
    if not all([type(n) is int for n in shape]):
        _check_known(shape, axes)
    return axes, per_axis_spacing(spacing, len(axes), shape)


def _check_known(shape: tuple[int, ...], axes: Sequence[int]) -> None:
    """Refuse an axis of a length without a number: an exporter of JAX has symbols for some."""
    for a in axes:
        try:
            index(shape[a])
        except Exception:
            raise ArgumentTypeError(
                f"the length of axis {a} is open, {shape[a]}, and stencils are made for a number of points; leave only axes of "
                "batches open, jax.export.symbolic_shape('b, 40, 50'), and name the others, axis=(1, 2)"
            ) from None


def check_places(geometry: Geometry | None, entries: Sequence[object], axes: Sequence[int]) -> None:
    """Refuse the step of an axis along which lengths vary: it does not say where the axis is."""
    if geometry is not None and not np.ndim(entries[geometry.along]):  # type: ignore[arg-type]
        raise ArgumentValueError(
            f"axis {axes[geometry.along]} is {geometry.names[geometry.along]}, where lengths depend on the place, and a step came for it; "
            f"give its coordinates: gradient(f, {', '.join(geometry.names)}, geometry={geometry.word!r})"
        )


def points_of(
    kind: type[Kind], shape: tuple[int, ...], axes: tuple[int, ...], entries: Sequence[object], words: Words, real: type[np.floating]
) -> Kind:  # fmt: skip
    """The grid (or its points alone) that `axes` of an array of this shape are; weights are made in `real`.

    Found by the content of the spacing, so an array that was changed in place is another key.
    """
    if not axes:
        raise ArgumentTypeError("a grid needs coordinates, or (n, step), for at least one axis")
    # numbers also where an exporter has symbols: weights are made of them
    lengths = tuple([index(shape[a]) for a in axes])
    if min(lengths) < 2:  # of which a grid would say less
        for n, a, rule in zip(lengths, axes, words.rules, strict=True):
            check_length(n, a, rule)
    check_places(words.geometry, entries, axes)
    read = [
        (np.asarray(entry), None) if is_read(entry) else _values(entry, a)
        for entry, a in zip(entries, axes, strict=True)
    ]
    for n, (numbers, _), a in zip(lengths, read, axes, strict=True):
        if numbers.ndim == 1:
            check_count(numbers, n, a, shape, len(axes) == 1)
    are_single = all([numbers.ndim < 2 for numbers, _ in read])
    values, is_curved = (read, False) if are_single else _in_shape(read, shape, axes)
    periods = [
        None if period is None else _period(period, a) for period, a in zip(words.periods, axes, strict=True)
    ]
    turns = [period and (period[1], by_content(period[0])) for period in periods]
    said = kind, lengths, axes, words.edge_order, words.ends, words.geometry, words.is_left, real, *turns
    found: Any = _grids.get((*said, *[(unit, by_content(numbers)) for numbers, unit in values]))
    if found is None:
        held = [(numbers.copy(), unit) for numbers, unit in values]  # whatever becomes of the caller's arrays
        given = [(n, numbers, ORIGIN) for n, (numbers, _) in zip(lengths, held, strict=True)]
        units, own = [unit for _, unit in values], tuple(period and wrap(*period) for period in periods)
        found = kind.of(Cleaned(axes, given, units, words._replace(periods=own), np.dtype(real), is_curved))
        key = (*said, *[(unit, by_content(numbers)) for numbers, unit in held])
        _grids.put(key, found, _POINT_BYTES * sum(spacing.size for spacing, _ in held))
    result: Kind = found
    return result


Numbers = tuple[Array, Maybe]  # of a step or coordinates, or a period, with their unit


def _values(given: object, axis: int) -> Numbers:
    """The numbers of a spacing, and their unit."""
    numbers, unit = unwrap(given, f"the spacing of axis {axis}")
    return numbers_of(numbers, axis), unit


def _period(given: object, axis: int) -> Numbers:
    """The number of a period, and its unit."""
    number, unit = unwrap(given, f"the period of axis {axis}")
    return clean_number(number, axis, "period"), unit


def _in_shape(
    values: list[Numbers], shape: tuple[int, ...], axes: tuple[int, ...]
) -> tuple[list[Numbers], bool]:
    """With coordinates of lines in as many dimensions as the array has; and whether they are positions, in the shape of their grid."""
    arrays = [numbers for numbers, _ in values]
    is_curved = are_positions(arrays)
    if is_curved:
        many = iter(
            positions_in_shape([x for x in arrays if x.ndim > 1], tuple(shape[a] for a in sorted(axes)))
        )
        fitted = [x if x.ndim < 2 else next(many) for x in arrays]
    else:
        check_mesh(arrays, axes)
        fitted = [x if x.ndim < 2 else lines_in_shape(x, a, shape) for x, a in zip(arrays, axes, strict=True)]
    return [(x, unit) for x, (_, unit) in zip(fitted, values, strict=True)], is_curved
