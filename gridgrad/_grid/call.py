"""The grid of a call: its axes and their spacing, cleaned once, and the grid of both, cached by content."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from operator import index
from typing import Any, TypeVar

import numpy as np

from .._base.cache import Cache, by_content
from .._base.checks import clean_axis, per_axis_spacing
from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.types import Array
from .._wraps.units import Maybe, unwrap, wrap
from .asked import Words
from .axis import check_length
from .geometry.geometry import Geometry
from .places import ORIGIN, are_positions, check_mesh, lines_in_shape, positions_in_shape
from .points import Cleaned, Points
from .spacing import check_count, clean_number, is_read, numbers_of

Kind = TypeVar("Kind", bound=Points)
Given = TypeVar("Given")

_grids: Cache[Points] = Cache("grids", entries=64)
_POINT_BYTES = 100  # what a grid and its key keep for each point of an axis, about


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
    values, is_curved = _in_shape(read, shape, axes)
    periods = [
        None if period is None else _period(period, a) for period, a in zip(words.periods, axes, strict=True)
    ]
    found: Any = _grids.get(_key(kind, lengths, axes, words, values, periods, real))
    if found is None:
        held = [(numbers.copy(), unit) for numbers, unit in values]  # whatever becomes of the caller's arrays
        given = [(n, numbers, ORIGIN) for n, (numbers, _) in zip(lengths, held, strict=True)]
        units, own = [unit for _, unit in values], tuple(period and wrap(*period) for period in periods)
        found = kind.of(Cleaned(axes, given, units, words._replace(periods=own), np.dtype(real), is_curved))
        key = _key(kind, lengths, axes, words, held, periods, real)
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
    if all([x.ndim < 2 for x in arrays]):
        return values, False
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


def _key(kind: type[Points], lengths: tuple[int, ...], axes: tuple[int, ...], words: Words, spacings: list[Numbers],
         periods: list[Numbers | None], real: type[np.floating]) -> tuple[Hashable, ...]:  # fmt: skip
    """Everything that a grid depends on, coordinates by content."""
    said = words.edge_order, words.ends, words.geometry, words.is_left
    points = [(unit, by_content(numbers)) for numbers, unit in spacings]
    turns = [period and (period[1], by_content(period[0])) for period in periods]
    key: tuple[object, ...] = (kind, lengths, axes, *said, real, *points, *turns)
    return key
