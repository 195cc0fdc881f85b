"""`IndexMap`: the positions of points as functions of their indices, and what derivatives by positions are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import reduce
from typing import cast

import numpy as np

from ..._backends import dispatch, ladder
from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array
from ..._stencils.stencil import Stencil
from ..._terms.term import Term
from ..axis import Axis
from ..spacing import representable
from .axis import IndexAxis
from .folds import Matrix, check_finite, cofactor, determinant, orientation
from .unknown import continued
from .weights import PointWeights

Accuracy = int | None


class IndexMap:
    """Derivatives by positions x_a, made of those by indices, D_k, which are all from the same rows.

        df/dx_a = sum_k m[k][a] D_k f               m: the inverse of the Jacobian D_k x_a
        dF/dx_a = sum_k D_k (c[k][a] F) / J         c: its cofactors, J its determinant
        lap f   = sum_kl g[k][l] D_k D_l f + sum_k l[k] D_k f,    g = m m^T, l such that all x_a have none

    (Thompson, Warsi and Mastin, Numerical Grid Generation, 1985, chapter 3.) The first and the last are exact for linear
    functions. The second, for what is added up over cells, is 0 of a constant F: in three dimensions with the
    cofactors of Thomas and Lombard (AIAA J. 17, 1979, 1030), which are differences of products.

    Here dimension k of arrays runs along axis k, whatever its place in fields; weights go back to those.
    """

    _uncut: IndexMap | None = None  # of pieces of axes: that of the axes

    def __init__(self, axes: Sequence[Axis], places: tuple[int, ...]) -> None:
        self._axes, self._places = cast(Sequence[IndexAxis], axes), places
        self._lengths, self._real = tuple(axis.length for axis in axes), axes[0].real
        self._edge_order = axes[0].edge_order
        x = [self._positions(k) for k in range(len(axes))]
        check_finite(x, places)
        self._known: Array = ~np.logical_or.reduce([np.isnan(a) for a in x])
        self._is_whole, self._may_lack = bool(self._known.all()), False
        if not self._is_whole:  # a point has a position, or none
            if not self._known.any():
                check_finite(x, places, ~self._known)
            x = [np.where(self._known, a, np.nan) for a in x]
        # so that no product leaves the exponents of floats
        self._exponents = [int(np.frexp(np.ptp(a[self._known]))[1]) for a in x]
        self._x = self._given = [np.ldexp(a, -e) for a, e in zip(x, self._exponents, strict=True)]
        self._kept: dict[tuple[str, Accuracy], PointWeights] = {}
        rings = [axis.is_periodic for axis in axes]
        self._check_turns()
        self._sign = orientation(self._around(), x, places, rings)
        if not self._is_whole:
            self._x = continued(self._x, rings, self._jump)
        self._jacobian(None)

    def __getstate__(self) -> dict[str, object]:
        """Without weights, which are made when they are asked for: equal maps are the same bytes."""
        return vars(self) | {"_kept": {}}

    def along(self, axes: Sequence[Axis]) -> IndexMap:
        """The same weights with the rows of other axes, or of pieces of them."""
        made = copy(self)
        made._axes, made._uncut = cast(Sequence[IndexAxis], axes), self
        return made

    def beside(self, inside: Array) -> IndexMap:
        """The map of a grid of which points inside alone count: each of these must have a position."""
        self._check_known(inside)
        made = copy(self)
        made._may_lack, made._kept = True, self._kept if self._is_whole else {}
        return made

    def rows(self, k: int, order: int, accuracy: Accuracy) -> Stencil:
        """Those of a derivative by the index of axis k."""
        return self._axes[k].per_index(order, accuracy)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """All pairs of axes, the lower one first."""
        count = len(self._axes)
        return [(k, other) for k in range(count) for other in range(k, count)]

    def slopes(self, accuracy: Accuracy) -> PointWeights:
        """``m[k][a]``, at ``k * axes + a``."""
        return self._made(
            "slopes", accuracy, lambda: [w for row in self._inverse(self._jacobian(accuracy)) for w in row]
        )

    def fluxes(self, accuracy: Accuracy) -> PointWeights:
        """``c[k][a]``, at ``k * axes + a``, and behind them ``1 / J``."""
        return self._made("fluxes", accuracy, lambda: self._flux_weights(accuracy))

    def seconds(self, accuracy: Accuracy) -> PointWeights:
        """``g[k][l]`` of each of the `pairs`, both of those that differ together, and behind them ``l[k]``."""
        return self._made("seconds", accuracy, lambda: self._second_weights(accuracy))

    def measure(self) -> Array:
        """What each point weighs in an integral, in the shape of fields."""
        if not self._may_lack:
            self._check_known(True)
        widths = reduce(np.multiply.outer, (axis.widths for axis in self._axes))
        # the areas of corners of cells
        whole = widths * np.abs(determinant(self._slopes_of_positions(None, 1)))
        whole = whole if self._is_whole else np.where(self._known, whole, 0)
        with np.errstate(over="ignore"):
            return self._as_fields(
                representable(np.ldexp(whole, sum(self._exponents)), "the cells of the grid")
            )

    def mesh(self) -> tuple[Array, ...]:
        """The positions of all points, in the shape of fields."""
        return tuple(self._as_fields(self._positions(k)) for k in range(len(self._axes)))

    def refusal(self, what: str) -> ArgumentTypeError:
        """On what is not there on curvilinear grids."""
        return self._axes[0].refusal(what)

    def _check_known(self, where: Array | bool) -> None:
        """Refuse a point without a position that counts."""
        if not self._is_whole:
            x = [self._positions(k) for k in range(len(self._axes))]
            check_finite(x, self._places, np.broadcast_to(where, self._lengths))

    def _positions(self, k: int) -> Array:
        """Those of one coordinate, which of a vector or a step are those along axis k."""
        x = self._axes[k].coordinates
        if x.ndim > 1:
            return np.transpose(x, self._places)
        return np.broadcast_to(
            x.reshape([-1 if d == k else 1 for d in range(len(self._axes))]), self._lengths
        )

    def _made(self, name: str, accuracy: Accuracy, make: Callable[[], list[Array]]) -> PointWeights:
        key = name, accuracy
        if key not in self._kept:
            if self._uncut is not None:  # pieces have no positions of their own
                made: PointWeights = getattr(self._uncut, name)(accuracy)
                return made
            if not self._may_lack:
                self._check_known(True)
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                values = tuple(map(self._as_fields, make()))
            self._kept[key] = PointWeights.of(
                values, tuple(axis.number for axis in self._axes), self._lengths, self._real
            )
        return self._kept[key]

    def _as_fields(self, w: Array) -> Array:
        return np.ascontiguousarray(np.transpose(w, np.argsort(self._places)))

    def _inverse(self, rows: Matrix) -> list[list[Array]]:
        """``m``, by the units of the positions."""
        whole, count = determinant(rows), range(len(rows))
        return [[np.ldexp(cofactor(rows, a, k) / whole, -self._exponents[a]) for a in count] for k in count]

    def _flux_weights(self, accuracy: Accuracy) -> list[Array]:
        rows = self._jacobian(accuracy)
        count = range(len(rows))
        made = (
            self._curls(rows, accuracy)
            if len(rows) == 3
            else [[cofactor(rows, a, k) for a in count] for k in count]
        )
        scaled = [np.ldexp(w, -self._exponents[a]) for row in made for a, w in enumerate(row)]
        whole = determinant(rows)
        if self._is_whole:
            return [*scaled, 1 / whole]
        # rows beside a point without a position are slopes, and divide by no area
        areas = np.where(self._known & ~self._is_touched(accuracy), whole, np.inf)
        return [*(np.where(self._known, w, 0) for w in scaled), 1 / areas]

    def _curls(self, rows: Matrix, accuracy: Accuracy) -> list[list[Array]]:
        """``c[k][a] = D_m (x_c D_n x_b) - D_n (x_c D_m x_b)``, of k, n, m and a, b, c in cyclic order."""

        def slope(axis: int, c: int, other: Array) -> Array:
            factors = (
                self._beyond(self._x[c], axis, accuracy, self._jump(axis, c)),
                self._beyond(other, axis, accuracy),
            )
            return self._slope(factors[0] * factors[1], axis, accuracy)

        cycles = [((k + 1) % 3, (k + 2) % 3) for k in range(3)]
        return [[slope(m, c, rows[b][n]) - slope(n, c, rows[b][m]) for b, c in cycles] for n, m in cycles]

    def _second_weights(self, accuracy: Accuracy) -> list[Array]:
        rows, count = self._jacobian(accuracy), range(len(self._axes))
        m = self._inverse(rows)
        g = [
            sum((m[k][a] * m[n][a] for a in count), start=np.zeros((), self._real)) * (1 + (k != n))
            for k, n in self.pairs
        ]
        left = [np.zeros((), self._real) for _ in count]  # what those make of each x_a
        for w, (k, n) in zip(g, self.pairs, strict=True):
            for a in count:
                if k == n:
                    along = self._beyond(self._x[a], k, accuracy, self._jump(k, a))
                    second = self._slope(along, k, accuracy, 2)
                else:
                    second = self._slope(self._beyond(rows[a][n], k, accuracy), k, accuracy)
                left[a] = left[a] + w * np.ldexp(second, self._exponents[a])
        return [
            *g,
            *(-sum((m[k][a] * left[a] for a in count), start=np.zeros((), self._real)) for k in count),
        ]

    def _jacobian(self, accuracy: Accuracy) -> list[list[Array]]:
        """``D_k x_a``, a by a, of one sign."""
        rows = self._slopes_of_positions(accuracy, self._edge_order)
        wrong = self._is_wrong(determinant(rows), accuracy)
        if wrong.any():
            at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
            index = tuple(int(at[k]) for k in np.argsort(self._places))  # of fields
            rule = f"accuracy={accuracy}" if accuracy else f"edge_order={self._edge_order}"
            raise ArgumentValueError(
                f"the differences of {rule} see a fold of the curvilinear grid at index {index}, though its cells have none: steps change too "
                "much there from point to point; give edge_order=1 without accuracy=, or a smoother grid"
            )
        return rows

    def _is_wrong(self, jacobian: Array, accuracy: Accuracy) -> Array:
        """Where it is not of the sign of all cells; what is beside points without a position is known with a mask."""
        wrong: Array = ~(jacobian * self._sign > 0)
        return wrong if self._is_whole else wrong & ~self._is_touched(accuracy)

    def _is_touched(self, accuracy: Accuracy) -> Array:
        """Where rows read a point without a position."""
        lacking = np.where(self._known, 0.0, np.nan)
        slopes = [
            self._slope(self._beyond(lacking, k, accuracy), k, accuracy) for k in range(len(self._axes))
        ]
        touched: Array = ~self._known | np.isnan(sum(slopes))
        return touched

    def _slopes_of_positions(self, accuracy: Accuracy, edge_order: int) -> list[list[Array]]:
        return [
            [
                self._slope(self._beyond(x, k, accuracy, self._jump(k, a)), k, accuracy, 1, edge_order)
                for k in range(len(self._axes))
            ]
            for a, x in enumerate(self._x)
        ]

    def _around(self) -> list[Array]:
        """The positions, those of the first points once more behind the last ones of rings."""
        x = self._x
        for k, axis in enumerate(self._axes):
            if axis.is_periodic:
                x = [np.concatenate([a, a.take([0], k) + self._jump(k, b)], k) for b, a in enumerate(x)]
        return x

    def _check_turns(self) -> None:
        """Refuse a period of a coordinate that does not go on along its own axis, as that of x in ``f[y, x]``."""
        for k, axis in enumerate(self._axes):
            if axis.is_periodic and axis.period is not None:
                run = np.abs(np.mean(self._run(self._positions(k), k)))
                if not 4 * run > axis.turn:
                    raise ArgumentValueError(
                        f"period={float(axis.period):g} is that of coordinate {k}, which goes on by {run:g} along its axis {axis.number} only; give the "
                        "coordinates in the order of the axes along which they go on, or the axes in that of the coordinates, Grid(x, y, axes=[-1, -2]) of f[y, x]"
                    )

    def _jump(self, k: int, a: int) -> Array | float:
        """How much further positions x_a are after a turn along axis k: by its period, which is of its own."""
        turn = self._axes[k].turn
        if turn is None or k != a:
            return 0.0
        run = self._run(self._given[k], k).sum()
        jump: Array = np.ldexp(np.copysign(turn, run), -self._exponents[k])
        return jump

    def _run(self, x: Array, k: int) -> Array:
        """How much positions go on along each line; where some are not known, by the steps that are."""
        if self._is_whole:
            run: Array = x.take(-1, k) - x.take(0, k)
            return run
        steps = np.diff(x, axis=k)
        known = steps[steps == steps]
        return (known if known.size else np.zeros(1)) * (self._lengths[k] - 1)

    def _margin(self, k: int, accuracy: Accuracy) -> int:
        """How many points of the next turns rows read."""
        return (accuracy or 2) // 2 if self._axes[k].is_periodic else 0

    def _beyond(self, values: Array, k: int, accuracy: Accuracy, jump: Array | float = 0.0) -> Array:
        """Values along a ring with those of the next turns that rows read; others as they are."""
        count, n = self._margin(k, accuracy), self._lengths[k]
        if not count:
            return values
        before, behind = values.take(range(n - count, n), k), values.take(range(count), k)
        return np.concatenate([before - jump, values, behind + jump], k)

    def _slope(
        self, values: Array, k: int, accuracy: Accuracy, order: int = 1, edge_order: int | None = None
    ) -> Array:
        """Its derivative, of what `_beyond` gives, by the rows that fields have."""
        beyond = self._margin(k, accuracy)
        stencil = self._axes[k].per_index(order, accuracy, beyond, edge_order)
        library, own = dispatch.samples(np.ascontiguousarray(values))
        (found,) = ladder.operate(library, (Term(0, 0, k, stencil),), [own], 1)
        return found[(slice(None),) * k + (slice(beyond, beyond + self._lengths[k]),)]
