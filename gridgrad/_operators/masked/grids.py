"""Grids with gaps, made of grids."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from ..._backends import dispatch
from ..._backends.once import left_out
from ..._base.checks import is_word
from ..._base.errors import ArgumentTypeError, ArgumentValueError, counted, shown
from ..._base.late import Late
from ..._base.tracing import is_tracer
from ..._base.types import Array, Shape
from ..._base.words import answering
from ..._grid.boundary import Side, clean_boundary
from ..._grid.points import Points
from ..._grid.walls.components import walls_of
from ..._grid.walls.conditions import Condition
from ..catalogue.norm import OfSlopes
from ..operator import AnyOperator
from ..sweep import Sweep

if TYPE_CHECKING:
    from ..._grid.curvilinear.mapping import IndexMap
    from ..._grid.masks import block
    from ..._grid.masks import mask as masks
    from . import operator
    from .places import positions
    from .rows import lines
else:
    block, masks, operator, positions, lines = map(
        Late,
        ("gridgrad._grid.masks.block", "gridgrad._grid.masks.mask", "gridgrad._operators.masked.operator", "gridgrad._operators.masked.places.positions",
         "gridgrad._operators.masked.rows.lines"),
    )  # fmt: skip

Kind = TypeVar("Kind", bound=Points)


_ENDS = "bc bcs mode ends"
WORDS_OF_MASKS = {
    "inside": "where cond condition valid keep ocean wet",
    "mask": "here it is inside=, True where the field is; of a mask that is True where it is not, inside=~mask: mask land dry solid obstacle",
    "boundary": _ENDS,
    "fill": "fill_value nodata nan cval other missing_value",
}


@answering(**WORDS_OF_MASKS)
@left_out("numbers")
def with_mask(grid: Kind, inside: object, boundary: object = "one-sided", fill: float = 0.0) -> Kind:
    """The grid with gaps: obstacles, land, missing data.

    Parameters
    ----------
    inside : bool array of the grid's `shape`, behind batch axes where each field has gaps of its own
        Where the field is. No operator reads the values elsewhere, which may be NaN. A Dask array is
        not computed before the results are.
    boundary : end
        The condition beside gaps, as one end in ``boundary=`` of `Grid`. ``"one-sided"`` (the default)
        prescribes nothing: differences are one-sided, of the grid's `edge_order` where enough points lie between
        two gaps, else of lower order; for a single point the derivative along that
        axis counts as 0. ``"symmetric"``: nothing flows through the face midway to the gap. ``"reflect"``,
        ``"antireflect"``, ``"antisymmetric"`` and `value`, `slope`, `robin` are as at ends: numbers, or arrays of
        the grid's shape (or what broadcasts to the field), read at the points beside the gaps.
    fill : float
        The result outside: 0, or ``numpy.nan``, which is then also the result where too few points lie between gaps.

    Returns
    -------
    Grid
        Its operators are those of this grid, except beside the gaps. It may be given breaks as well.

    Raises
    ------
    ValueError
        A mask of another shape, or without any point; a wall beside gaps that is given by its position.
    TypeError
        A mask that is not of bool.

    Notes
    -----
    `Grid.diffuse` in all of its forms and the conservative laplacian let no flux pass to a gap: the face between is
    closed, and ``sum(grid.measure * grid.diffuse(k)(u))`` over what is inside stays 0. An operator costs one pass over the
    whole grid, and the stencils of the points beside gaps.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> f = np.array([0.0, 1.0, 4.0, np.nan, 16.0, 25.0, 36.0])  # x**2, and one point missing
    >>> gg.Grid((7, 1.0)).with_mask(~np.isnan(f)).gradient(f)
    array([ 0.,  2.,  4.,  0.,  8., 10., 12.])
    """
    cleaned = _inside(inside, grid)
    if isinstance(cleaned, np.ndarray) and cleaned.size and not cleaned.any():
        raise ArgumentValueError(
            "inside is False everywhere, so that no point counts; True is where the field is"
        )
    return with_samples(grid, cleaned, boundary, fill)


def with_samples(grid: Kind, inside: Array, boundary: object = "one-sided", fill: float = np.nan) -> Kind:
    """The grid with the gaps that samples have: there may be none of these."""
    mask = grid.mask
    breaks = ((),) * grid.ndim if mask is None else mask.breaks
    return _with(grid, mask_of(_inside(inside, grid), breaks, _side(boundary), _fill(fill)))


@answering(axis="dim axes", at="breaks indices index split splits segments gaps", boundary=_ENDS)
@left_out("numbers")
def with_breaks(grid: Kind, axis: int, at: object, boundary: object = "one-sided") -> Kind:
    """The grid whose axis is cut between points: epochs of a time series, media that meet.

    Parameters
    ----------
    axis : int
        The axis of the grid.
    at : int or sequence of int
        Where new runs begin: a break at i is between the points i - 1 and i, as in `numpy.split`. On a periodic axis a break at 0
        is between the last point and the first.
    boundary : end
        What is known beside breaks, as in `with_mask`.

    Returns
    -------
    Grid
        Its operators are those of this grid, but do not reach across a break.

    Raises
    ------
    ValueError
        A break that is not between two points.
    TypeError
        Breaks that are no integers.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> t = np.array([0.0, 1.0, 2.0, 10.0, 11.0, 12.0])
    >>> f = np.array([0.0, 1.0, 2.0, 7.0, 5.0, 3.0])
    >>> gg.Grid(t).with_breaks(0, [3]).gradient(f)
    array([ 1.,  1.,  1., -2., -2., -2.])
    """
    k, mask = grid.clean_axis(axis), grid.mask
    own = _breaks(at, grid.lengths[k], grid.axes[k], grid.axis_objects[k].is_periodic)
    before = ((),) * grid.ndim if mask is None else mask.breaks
    breaks = tuple(own if a == k else others for a, others in enumerate(before))
    inside = np.ones(grid.shape, bool) if mask is None else mask.inside if mask.lazy is None else mask.lazy
    return _with(grid, mask_of(inside, breaks, _side(boundary), 0.0 if mask is None else mask.fill))


def _with(grid: Kind, mask: masks.Mask) -> Kind:
    made = grid.with_gaps(mask, ON_GAPS)
    if mask.lazy is None and any(axis.lacks for axis in grid.axis_objects) and grid.mapping is None:
        lines.check_positions(made)
    return made


class _OnGaps:
    """What grids with gaps make of what whole grids have."""

    def __call__(self, whole: object, grid: Points) -> AnyOperator:
        """An operator; of slopes that are sums, or have a metric, what their gradient there makes."""
        assert grid.mask is not None
        assert isinstance(whole, Sweep)
        known_beside = grid.mask.conditions or grid.mask.is_held
        if isinstance(whole, OfSlopes) and (known_beside or whole.slopes is not None):
            return whole.with_gaps(grid)
        return operator.masked(whole, grid)

    def positions(self, grid: Points, mask: masks.Mask) -> IndexMap:
        """The map of positions of a curvilinear grid."""
        return positions.BesideGaps(grid, mask, self)

    def __reduce__(self) -> str:
        return "ON_GAPS"


ON_GAPS = _OnGaps()


def mask_of(inside: Array, breaks: tuple[tuple[int, ...], ...], side: Side, fill: float) -> masks.Mask:
    """The mask of a grid; lazy where it is still to be computed which points are inside."""
    if dispatch.is_lazy(inside):
        return block.LazyMask(inside, tuple(inside.shape), breaks, side, fill)
    return masks.Mask(inside, breaks, side, fill)


def _inside(inside: object, grid: Points) -> Array:
    is_lazy = dispatch.is_lazy(inside)
    values = cast(Array, inside) if is_lazy else np.asarray(dispatch.host(inside))
    if values.dtype != bool:
        raise ArgumentTypeError(
            f"inside has dtype {values.dtype}; give where the field is, an array of bool, for example ~numpy.isnan(f) or land == 0"
        )
    if values.ndim < grid.ndim or values.shape[values.ndim - grid.ndim :] != grid.shape:
        raise ArgumentValueError(
            f"inside has shape {values.shape}, but the grid has shape {grid.shape}; give one bool for each of its points"
            + _order_of_mask(values.shape, grid)
        )
    if is_lazy and not (grid.metric is not None and grid.metric.on):
        return values
    return np.array(values)


def _order_of_mask(shape: Shape, grid: Points) -> str:
    """How to give a mask of another shape: of that of a field its axes in another order."""
    try:
        axes = sorted(grid.axes_of(shape))
    except ArgumentValueError:
        return ", numpy.broadcast_to(inside, grid.shape)" if shape else ""
    return f", behind batch axes: numpy.moveaxis(inside, {axes}, {list(range(-grid.ndim, 0))})"


def _side(boundary: object) -> Side:
    """One end, the same beside all gaps."""
    if isinstance(boundary, (list, tuple)) or is_word(boundary, "periodic"):
        raise ArgumentValueError(
            f'boundary={boundary!r}; beside gaps there is one end for all, "one-sided", "symmetric", "reflect" or gridgrad.value(0.0) for example'
        )
    side = clean_boundary(boundary, (0,))[0][0]
    if any(isinstance(wall, Condition) and wall.end.position is not None for wall in walls_of(side)):
        raise ArgumentValueError(
            f'a wall beside gaps has no position of its own, as there are many, got {side!r}; give wall="face", midway to the gap, or wall="point"'
        )
    return side


def _fill(fill: object) -> float:
    if not isinstance(fill, (int, float)) or not (fill == 0 or np.isnan(fill)):
        raise ArgumentValueError(
            f"fill must be 0 or numpy.nan, got {fill!r}; for another value write it, result[~inside] = value"
        )
    return float(fill)


def _breaks(at: object, length: int, axis: int, is_ring: bool) -> tuple[int, ...]:
    traced = next(filter(is_tracer, at if isinstance(at, (list, tuple)) else [at]), None)
    if traced is not None:
        raise ArgumentTypeError(f"breaks must be integers, got {shown(traced)}")
    values = np.asarray(at)
    if values.size and values.dtype.kind not in "iu":
        raise ArgumentTypeError(
            f"breaks must be integers, got {at!r}; one at i is between the points i - 1 and i"
        )
    first = 0 if is_ring else 1
    for i in values.reshape(-1).tolist():
        if not first <= i < length:
            raise ArgumentValueError(
                f"a break at {i} is between no two points of axis {axis}, which has {counted(length, 'point')}; give {first} to {length - 1}"
            )
    return tuple(sorted({int(i) for i in values.reshape(-1)}))
