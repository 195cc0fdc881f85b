"""What the free functions share: the grid of a call, and the words on their parameters."""

from __future__ import annotations

from typing import Any, TypedDict

import numpy as np

from . import _dispatch
from ._arguments import clean_axis, per_axis_spacing
from ._axes import SMALL_BYTES, check_coordinates, to_host
from ._cache import Bounded
from ._errors import ArgumentTypeError, ArgumentValueError
from ._grid import Grid
from ._tracing import is_compiling, untraced
from ._wraps.units import is_quantity_class, unwrap, wrap

_grids: Bounded[Grid] = Bounded(entries=64, nbytes=16 << 20)
_PLAIN = (int, float, str, type(None), np.float64)


class Ends(TypedDict, total=False):
    """The keywords that `Grid` takes about the ends of axes."""

    boundary: Any
    period: Any
    edge_order: int


_SHARED = """*spacing : scalar or 1-D array
        As in `gradient`: nothing (1 for every axis), one step for all axes, or one entry for each
        axis, a step or its coordinates. Units: [x]; with quantities the results are quantities, and
        what is added must have one unit.
    axis : int or sequence of int, optional
        The axes of the grid; all by default. The others are batch axes.
    boundary, period, edge_order :
        As in `Grid`: the ends of each axis, the length of periodic ones, the order of one-sided ends.
    out : array, or sequence of arrays, optional
        Where the result goes; any strides. May overlap `f`.
    workers : int, optional
        Threads on a CPU."""


_NOTES = """Notes
    -----
    What is masked in a field or a coefficient is masked in every result made of it, and so is every
    row that reads it. Integers beside other dtypes count as float64, and are differenced exactly.
"""


def documented(function: Any) -> Any:
    """Put the paragraphs that all share in their places."""
    if function.__doc__:  # not under -OO
        text, examples, rest = function.__doc__.replace("{shared}", _SHARED).partition("Examples\n")
        notes = f"{_NOTES}\n    " if examples else f"\n    {_NOTES}    "
        function.__doc__ = f"{text}{notes}{examples}{rest}" if examples else f"{text.rstrip()}\n{notes}"
    return function


def grid_of(f: Any, spacing: tuple[Any, ...], axis: Any, ends: Ends, vector: bool = False) -> Grid:
    """The grid of a call: axes of the field `f`, or of each component of the vector field `f`."""
    unknown = set(ends) - Ends.__annotations__.keys()
    if unknown:
        raise ArgumentTypeError(
            f"unexpected keyword {min(unknown)!r}; the ends of axes are given by boundary, period and edge_order, "
            "for example boundary='periodic'"
        )
    sample = f
    if vector:
        if isinstance(f, (list, tuple)):
            if not len(f):
                raise ArgumentValueError("the vector field has no components; give one for each axis")
            sample = f[0]
        elif getattr(f, "ndim", 0) < 2:
            raise ArgumentTypeError(
                f"a vector field is a sequence of arrays, or one array with its components along axis 0; got {type(f).__name__} "
                f"of {getattr(f, 'ndim', 0)} dimensions"
            )
        else:
            sample = f[0]
    library, sample = _dispatch.samples(unwrap(sample, "f")[0])
    shape = tuple(sample.shape)
    if not shape:
        raise ArgumentValueError(
            "f is 0-dimensional: a single number has no neighbours to difference; give an array with at least one axis"
        )
    axes = clean_axis(axis, len(shape))
    entries = per_axis_spacing(spacing, len(axes))
    lengths = tuple(shape[a] for a in axes)
    if is_compiling():
        return _traced_grid(lengths, axes, entries, ends)
    real = library.real_of(sample)
    key = _key(lengths, axes, entries, ends, real)
    grid = None if key is None else _grids.get(key)
    if grid is None:
        given = [_axis(n, entry, a) for n, entry, a in zip(lengths, entries, axes, strict=True)]
        grid = Grid(*given, axes=axes, dtype=real, **ends)
        if key is not None:
            _grids.put(key, grid, sum(np.size(unwrap(entry, "the spacing")[0]) for entry in entries) * 64)
    return grid


def _traced_grid(lengths: Any, axes: Any, entries: list[Any], ends: Ends) -> Grid:
    """The grid of a call that a compiler traces: its numbers become part of the graph."""
    for entry, axis in zip(entries, axes, strict=True):
        if not isinstance(entry, (int, float, list, tuple)):
            raise ArgumentTypeError(
                f"the spacing of axis {axis} is a {type(entry).__name__}, whose values a compiler may not read; under "
                "torch.compile give a number or a list, or make the grid outside: grid = gridgrad.Grid(x)"
            )
    return _constant_grid(tuple(lengths), tuple(axes), tuple(entries), *ends.items())


@untraced
def _constant_grid(lengths: Any, axes: Any, entries: Any, *ends: Any) -> Grid:
    given = [_axis(n, entry, a) for n, entry, a in zip(lengths, entries, axes, strict=True)]
    return Grid(*given, axes=axes, **dict(ends))


def _axis(length: int, entry: Any, axis: int) -> Any:
    numbers, unit = unwrap(entry, f"the spacing of axis {axis}")
    values = to_host(numbers, axis)
    if values.ndim == 0:
        return length, wrap(values[()], unit)
    check_coordinates(values, length, axis)
    return wrap(values, unit)


def _key(lengths: Any, axes: Any, entries: list[Any], ends: Ends, real: Any) -> Any:
    """What a grid depends on, coordinates by content; None where that is long or unusual."""
    parts: list[Any] = [lengths, axes, real]
    for entry in (*entries, *ends.values()):
        if type(entry) not in (*_PLAIN, np.ndarray) and is_quantity_class(type(entry)):
            entry, unit = unwrap(entry, "the spacing")
            parts.append(unit)
        if type(entry) in _PLAIN:
            parts += (type(entry), entry)
        elif type(entry) is np.ndarray and entry.nbytes <= SMALL_BYTES:
            parts += (entry.dtype, entry.shape, entry.tobytes())
        else:
            return None
    return (*ends, *parts)


def only(F: Any, grid: Grid) -> Any:
    """On one axis the single component of a vector field, which a grid then takes as it is."""
    if grid.ndim > 1:
        return F
    if len(F) != 1:
        raise ArgumentValueError(f"the vector field has {len(F)} components, but there is 1 axis")
    return F[0]
