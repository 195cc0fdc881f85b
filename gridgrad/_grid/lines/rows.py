"""The rows of a derivative whose weights differ from line to line: unit differences, and a weight at each point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..._backends.once import made_once
from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array
from ..._stencils.derivatives import Rule
from ..._stencils.stencil import Row, Stencil, is_normal
from ..hints import line_along
from .blocks import blocks, checked_steps, seen
from .weights import block_weights, wrap_of

Offset = tuple[int, int]
Ends = tuple[Offset | None, Offset | None]


@dataclass(frozen=True, eq=False, slots=True)
class LineRows:
    """One derivative along an axis, each row a sum of ``weight * (f[b] - f[a])``, the weight an array's at its point.

    The weights of stencil k, whose own are 1, broadcast to the field: ``weights(real)[k]``. Where `is_gated` some of
    them are 0, which reads nothing. All but the first `everywhere` stencils stand at one end only.
    """

    stencils: tuple[Stencil, ...]
    everywhere: int
    is_gated: bool
    axis: int
    bounds: tuple[float, float]  # of the size of weights that are not 0
    _made: tuple[Array, ...]  # those of the differences below and above each point, and of ends
    _is_ring: bool
    _rounded: dict[str, tuple[Array, ...]] = field(default_factory=dict)

    @property
    def ndim(self) -> int:
        """Dimensions of the weights."""
        return self._made[0].ndim

    def weights(self, real: str) -> tuple[Array, ...]:
        """The weights rounded to a type; where those of a row are equal it has the short form, as of one line."""
        if real not in self._rounded:
            lower, upper, *far = (w.astype(real, copy=False) for w in self._made)
            if self.everywhere == 3:
                short = self._in_short_form(lower, upper)
                nothing = lower.dtype.type(0)
                split = (np.where(short, nothing, w) for w in (lower, upper))
                self._rounded[real] = (np.where(short, lower, nothing), *split)
            else:
                self._rounded[real] = (lower, upper, *far)
        return self._rounded[real]

    def lazily(self, number: int, ndim: int) -> None:
        """They are known."""

    def at(self, number: int, real: str, ndim: int) -> Array:
        """Those of a stencil for fields of so many dimensions."""
        if self.axis >= 0 and ndim != self.ndim:
            raise ArgumentValueError(
                f"the coordinates of axis {self.axis} have {self.ndim} dimensions and the field has {ndim}, but axes counted from the front "
                "need as many; count them from the end, axes=[-1], or give coordinates with the dimensions of the field"
            )
        return self.weights(real)[number]

    @made_once
    def fits(self, real: str) -> bool:
        """Whether a type has the exponents of all weights."""
        return is_normal(*self.bounds, real)

    def refusal(self, what: str, instead: str = "") -> ArgumentTypeError:
        """On what lines with rows of their own have not."""
        return refusal(what, self.axis, self.ndim, instead)

    def _in_short_form(self, lower: Array, upper: Array) -> Array:
        """By rounded weights; rows round a ring, which are data, by those before."""
        short: Array = lower == upper
        below, above = self._made[:2]
        for end in (0, -1):
            at = (slice(None),) * (self.axis % short.ndim) + (end,)
            short[at] = (below[at] == above[at]) & self._is_ring
        return short


def refusal(what: str, axis: int, ndim: int, instead: str = "") -> ArgumentTypeError:
    """On what is not there along an axis whose coordinates have `ndim` dimensions, and what to type `instead`."""
    line = line_along(axis, ndim)
    instead = instead or f"take each line alone, f[{line}] with x[{line}]"
    return ArgumentTypeError(
        f"{what} is not offered along axis {axis}, whose points lie elsewhere on each line; there are gradient, divergence, curl, jacobian, derivative "
        f"and laplacian, of three points, with one-sided and periodic ends. Or {instead}"
    )


def line_rows(x: Array, axis: int, rule: Rule, period: Array | None, real: npt.DTypeLike) -> LineRows:
    """The rows of `rule`, of coordinates in C order along their `axis`.

    Three points, and ends that are open or a ring. Each line has the weights that it would have alone; beside them
    little memory is taken.
    """
    n = x.shape[axis]
    has_far = rule.order == 2 and not rule.is_periodic and min(rule.one_sided_points(), n) == 4
    side = tuple(1 if k == axis % x.ndim else m for k, m in enumerate(x.shape))
    made = tuple(np.empty(shape, real) for shape in (x.shape, x.shape, *[side] * (2 * has_far)))
    views = [seen(w, axis) for w in made]
    seen_so_far = Seen()
    for lines in blocks(x, axis):
        steps = checked_steps(lines, x, axis, real)
        with np.errstate(all="ignore"):
            weights = block_weights(steps, wrap_of(lines.values, period, real), rule)
        for view, w in zip(views, weights, strict=True):
            view[lines.place] = np.moveaxis(w, 0, 1)
        seen_so_far.add(weights)
    if not is_normal(*seen_so_far.bounds, real):
        raise ArgumentValueError(
            f"the steps of axis {axis} make weights beyond the exponents of {np.dtype(real)}; rescale the coordinates"
        )
    has_short = rule.order == 1 and seen_so_far.has_equal
    stencils = unit_stencils(n, rule, real, has_short, has_far)
    is_gated = has_short or (rule.order == 2 and seen_so_far.has_zeros)
    return LineRows(
        stencils, len(stencils) - 2 * has_far, is_gated, axis, seen_so_far.bounds, made, rule.is_periodic
    )


class Seen:
    """What is noted of weights block by block."""

    def __init__(self) -> None:
        self.bounds = (float("inf"), 0.0)  # of the size of those that are not 0
        self.has_zeros = self.has_equal = False

    def add(self, weights: Sequence[Array]) -> None:
        """Note those of one more block."""
        for w in weights:
            sizes = np.abs(w[w != 0])
            self.has_zeros = self.has_zeros or sizes.size < w.size
            if sizes.size:
                self.bounds = min(self.bounds[0], sizes.min()), max(self.bounds[1], sizes.max())
        with np.errstate(over="ignore"):
            # equal ones stay so when they are rounded
            lower, upper = (w.astype(np.float32) for w in weights[:2])
        self.has_equal = self.has_equal or bool(np.any(lower == upper))


def unit_stencils(
    n: int, rule: Rule, real: npt.DTypeLike, has_short: bool, has_far: bool
) -> tuple[Stencil, ...]:
    """The differences below and above each point; in front of them those of the short form, behind them those of ends.

    Each has one pair a row, and rows of its own at both ends, or none there; open ends are those of `Weights`.
    """
    last = n - 1
    below, above = (0, 1), (last - 1, last)
    across: Ends = (None, None)
    lower: Ends = (None, above)
    upper: Ends = (below, None)
    if rule.is_periodic:
        across, lower, upper = ((last, 1), (last - 1, 0)), ((last, 0), above), (below, (last, 0))
    elif rule.order == 2:
        farthest = n - (4 if has_far else 3)
        lower, upper = ((0, 2), (last, farthest)), (below, (last, farthest + 1))
    elif rule.edge_order == 2:
        lower, upper = ((1, 2), above), (below, (last - 2, last - 1))
    inner: list[tuple[Offset | None, Ends]] = [((-1, 0), lower), ((0, 1), upper)]
    short: list[tuple[Offset | None, Ends]] = [((-1, 1), across)] * has_short
    far: list[tuple[Offset | None, Ends]] = [
        (None, ((0, 3), None)),
        (None, (None, (last, last - 1))),
    ] * has_far
    one = np.ones((), real)[()]

    def row(pair: Offset | None) -> tuple[Row]:
        return (() if pair is None else ((*pair, one),),)

    def stencil(offset: Offset | None, ends: Ends) -> Stencil:
        offsets = () if offset is None else (offset,)
        return Stencil(n, offsets, (one,) * len(offsets), row(ends[0]), row(ends[1]), order=rule.order)

    return tuple(stencil(*rows) for rows in (*short, *inner, *far))
