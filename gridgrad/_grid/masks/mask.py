"""`Mask`: the points of a grid that count, and where lines of them are cut in runs."""

from __future__ import annotations

import numpy as np

from ..._base.cache import cached_property
from ..._base.errors import ArgumentValueError, counted
from ..._base.types import Array, Shape
from ..._stencils.ends import ONE_SIDED, SYMMETRIC
from ..boundary import Side
from ..walls.components import Components
from ..walls.conditions import Condition
from .prescribed import conditions_of, is_held
from .runs import Runs, runs_of


class Mask:
    """Which points count, breaks between points of an axis, and what is known beside both.

    `inside` is of the grid's `shape`, which batch axes may precede; a break at i of an axis is between its points i - 1 and i. What is no result,
    at points that do not count or where no row fits, is `fill`.
    """

    lazy: Array | None = None  # the mask, where it is still to be computed

    def __init__(
        self, inside: Array, breaks: tuple[tuple[int, ...], ...], side: Side = ONE_SIDED, fill: float = 0.0
    ) -> None:
        self.inside, self.breaks, self.side, self.fill = inside, breaks, side, fill
        self._runs: dict[tuple[int, bool], Runs] = {}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Mask) or other.lazy is not None:
            return NotImplemented
        return self._is_like(other) and np.array_equal(self.inside, other.inside)

    def _is_like(self, other: Mask) -> bool:
        """Whether they have the same breaks, and the same beside them and gaps."""
        return (self.breaks, self.side, str(self.fill)) == (other.breaks, other.side, str(other.fill))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the grid, behind batch axes, whose fields may have their own gaps."""
        shape: tuple[int, ...] = self.inside.shape
        return shape

    def broadcast(self, shape: Shape) -> Mask:
        """The mask with the batch axes that another shape has, along which it is the same."""
        whole = np.broadcast_shapes(
            self.shape, (*shape[: -len(self.breaks)], *self.shape[-len(self.breaks) :])
        )
        return self if whole == self.shape else self._over(whole)

    def _over(self, shape: Shape) -> Mask:
        """The same along more axes."""
        return Mask(np.array(np.broadcast_to(self.inside, shape)), self.breaks, self.side, self.fill)

    def of_one(self) -> Mask:
        """The mask of one field, where those of a batch are the same; others are refused."""
        if len(self.shape) == len(self.breaks):
            return self
        each = self.inside.reshape(-1, *self.shape[-len(self.breaks) :])
        if len(each) and not (each == each[0]).all():
            raise ArgumentValueError(
                f"inside has shape {self.shape}, and differs along its batch axes; on a curvilinear grid all fields of a call have the same gaps, as weights at "
                "points depend on them: take the fields one by one"
            )
        return Mask(
            each[0].copy() if len(each) else np.ones(each.shape[1:], bool), self.breaks, self.side, self.fill
        )

    @property
    def drops(self) -> bool:
        """Whether what passes to a point that does not count is 0, where rows are sums of what passes faces."""
        return self.side in (ONE_SIDED, SYMMETRIC)

    @cached_property
    def gaps(self) -> Array:
        """The runs of points of the flattened grid that do not count: where each begins and ends, shape (runs, 2)."""
        edges = np.flatnonzero(np.diff(np.concatenate([[True], self.inside.reshape(-1), [True]])))
        return edges.astype(np.int32).reshape(-1, 2)

    def described(self) -> str:
        """A few words on it."""
        cuts = sum(map(len, self.breaks))
        words = [f"{np.count_nonzero(self.inside)} of them inside"] if not self.inside.all() else []
        return ", ".join(words + ([counted(cuts, "break")] if cuts else [])) or "without gaps"

    @property
    def is_open(self) -> bool:
        """Whether nothing is known beside a gap, and rows are one-sided."""
        return self.side == ONE_SIDED

    def margin(self, reach: int) -> int:
        """How many points beside a gap a row of the whole axis must not read, where inner ones reach that far.

        One where its value is prescribed there, or where wider rows have the wall for a node.
        """
        is_known = isinstance(self.side, (Condition, Components))
        return int(is_known and (reach > 1 or self.is_held))

    @property
    def is_held(self) -> bool:
        """Whether a point beside a gap has a value that is prescribed: rows that read this point then read that."""
        return is_held(self.side)

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """What is prescribed beside gaps and is not 0."""
        return conditions_of(self.side)

    def of_rows(self, flags: Array) -> Array:
        """Those of flagged points of the flattened grid whose rows are known: all of them."""
        return flags

    def is_own(self, points: Array) -> Array:
        """Which points of the flattened grid results are asked for at: all of them."""
        return np.ones(points.shape, bool)

    def number(self, points: Array) -> Array:
        """Their numbers among those that results are asked for at."""
        return points

    def order(self, points: Array) -> Array:
        """That in which the whole grid has them."""
        return np.arange(len(points))

    def indices(self, points: Array) -> tuple[Array, ...]:
        """The indices of points of the flattened grid in all of it, batch axes in front."""
        return np.unravel_index(points, self.shape)

    @property
    def index(self) -> dict[int, Array]:
        """Which points of the axes that it is cut along a block of the grid has; of all of it nothing."""
        return {}

    def spread(self, of_grid: Array) -> Array:
        """Numbers of the points of the grid as those of the flattened one, with batch axes."""
        spread: Array = np.broadcast_to(of_grid, self.shape).reshape(-1)
        return spread

    def beside_faces(
        self, k: int, place: int, is_ring: bool, is_lazy: bool = False
    ) -> tuple[Array, Array, Array]:
        """Which faces have a point that counts below, and above, and which are breaks: those below all points along axis `k`, and the last.

        In walls both are the one point beside. `place` is the axis of the fields.
        """
        inside = self.lazy if is_lazy and self.lazy is not None else self.inside
        n, before = self.shape[place], (slice(None),) * place
        first, last = inside[(*before, slice(0, 1))], inside[(*before, slice(n - 1, n))]
        if is_ring:
            first, last = last, first
        below, above = np.concatenate([first, inside], place), np.concatenate([inside, last], place)
        is_cut = np.zeros(n + 1, bool)
        is_cut[list(self.breaks[k])] = True
        is_cut[n] |= is_cut[0]  # round a ring
        return below, above, is_cut.reshape([n + 1 if a == place else 1 for a in range(len(self.shape))])

    def ends(self, k: int, place: int, is_ring: bool, is_lazy: bool = False) -> Array:
        """Which points that count are beside a gap or a break along axis `k`; all as in `beside_faces`."""
        inside = self.lazy if is_lazy and self.lazy is not None else self.inside
        below, above, is_cut = self.beside_faces(k, place, is_ring, is_lazy)
        closed, before, n = ~(below & above) | is_cut, (slice(None),) * place, self.shape[place]
        found: Array = inside & (closed[(*before, slice(n))] | closed[(*before, slice(1, n + 1))])
        return found

    def runs(self, k: int, place: int, is_ring: bool) -> Runs:
        """The runs along axis `k` of a grid, which is the axis `place` of its fields."""
        if (k, is_ring) not in self._runs:
            self._runs[k, is_ring] = runs_of(self.inside, self.breaks[k], place, is_ring)
        return self._runs[k, is_ring]
