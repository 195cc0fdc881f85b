"""One axis and the faces across it: where they are, and the rows from points to faces and back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ..._base.cache import cached_property
from ..._base.types import Array
from ..._grid.axis import Along
from ..._grid.boundary import OPEN
from ..._grid.points import Points
from ..._grid.walls.components import Wall
from ..._grid.walls.conditions import Condition
from ..._stencils.derivatives import Rule
from ..._stencils.derivatives.line import Edge, Line, Sum, one_step
from ..._stencils.ends import End, closed
from ..._stencils.stencil import Row, Stencil, in_one_piece, unscaled
from ..._stencils.transpose import outside
from ..._stencils.wide import narrow, scaled_steps
from ..._wraps.units import wrap

Offsets = tuple[tuple[int, int], ...]


class FaceAxis:
    """The faces across an axis, each in the middle between two points.

    On a periodic axis there are as many as points, and face i is below point i. On all others there are those between
    points, face i above point i; or, with `walls`, one more at each wall, and face i is below point i again.
    """

    def __init__(self, grid: Points, k: int, walls: bool) -> None:
        self.grid, self.k, self.axis = grid, k, grid.axis_objects[k]
        self.is_ring = self.axis.is_periodic
        self.has_walls = walls and not self.is_ring
        self.points = self.axis.length
        self.length = self.points + (0 if self.is_ring else 1 if walls else -1)
        self.below = int(self.is_ring or walls)  # faces below point 0
        steps, around = self.axis.exact_steps()
        self.outward = 1 if np.ravel(steps.high)[0] > 0 else -1  # where coordinates grow
        self.around = around
        self._walls: tuple[Wall, ...] = ()
        self.steps, near_one, self.exponent = scaled_steps(steps, around)
        first, last = (end.scaled(-self.exponent) for end in self._ends())
        rule = Rule(boundary=(first, last), edge_order=grid.edge_order)
        self.line = Line(one_step(self.steps), self.points, rule, near_one)

    def _ends(self) -> tuple[End, End]:
        """Those of scalar fields; where there are none, nothing is asked of them but by faces in walls."""
        if self.axis.is_of_vectors and not self.has_walls:
            return OPEN
        self._walls = self.axis.walls_of(None)
        return self.axis.ends_of(None)

    @property
    def words(self) -> str:
        """What they are called in errors."""
        return f"the {self.length} faces across axis {self.axis.number}"

    def given(self) -> object:
        """The axis of the faces, as a grid takes it."""
        step, unit = self.axis.spacing, self.axis.unit
        if not self._is_even:
            return wrap(self.positions, unit)
        first = self.axis.position(0) + (step / -2 if self.below else step / 2)
        return self.length, wrap(step[()], unit), wrap(first, unit)

    @property
    def _is_even(self) -> bool:
        """Whether one step leads from each face to the next."""
        if self.axis.has_coordinates or (self.is_ring and self.axis.period is not None):
            return False
        return not self.has_walls or bool(np.all(self.axis.quadrature == abs(self.axis.spacing)))

    @cached_property
    def positions(self) -> Array:
        """Where they are."""
        x = self.axis.coordinates
        between = x[:-1] + np.diff(x) / 2
        if self.around is not None:
            return np.concatenate([[x[0] - self.around.high / 2], between])
        if not self.has_walls:
            return between
        first, last = self.outward * self.axis.quadrature[[0, -1]]
        return np.concatenate([[between[0] - first], between, [between[-1] + last]])

    def derivative(self, change: Callable[[End], End] | None = None) -> Along:
        """From points to faces: the difference of the points beside a face over their distance.

        At walls at end points it is the row of the end, or of what `change` makes of it.
        """
        line = self.line
        if change is not None:
            first, last = map(change, line.rule.boundary)
            line = line._replace(rule=line.rule._replace(boundary=(first, last)))
        with np.errstate(all="ignore"):
            weight = (narrow(np.ones_like(self.steps.high)) / self.steps).high

        def edge(node: int) -> Edge:
            if self._is_at_point(node):
                return line.row(max(node, 0))
            weight = 1 / self.line.gap(node)
            row = self._sum({node: -weight, node + 1: weight})
            return self.line.around(max(node, 0), row)

        return self._to_faces(((0, 1),), [weight], edge, -self.exponent)

    def mean(self) -> Along:
        """From points to faces: half of each of the points beside a face."""
        half = np.asarray(0.5, self.axis.real)[()]

        def edge(node: int) -> Edge:
            nodes = {max(node, 0): Fraction(1)}
            if not self._is_at_point(node):
                nodes = dict.fromkeys((node, node + 1), Fraction(1, 2))
            row = self._sum(nodes)
            values = ((k, k, self.line.rounded(w)) for k, w in row.points.items() if w)
            return Edge(tuple(values), row.prescribed)

        return self._to_faces(((0, 0), (1, 1)), [half, half], edge)

    def _is_at_point(self, node: int) -> bool:
        """Whether the face above a node is in a wall at the end point."""
        side = 0 if node < 0 else 1 if node == self.points - 1 else None
        return side is not None and self.line.rule.boundary[side].outside == 0 and not self.is_ring

    def _sum(self, nodes: dict[int, Fraction]) -> Sum:
        """A sum of values at nodes, which may lie beyond walls, by points and what is prescribed."""
        row = Sum({}, [Fraction(0), Fraction(0)])
        for node, weight in nodes.items():
            self.line.add(row, node, weight)
        return row

    def divergence(self, is_balanced: bool = False) -> Stencil:
        """From faces to points: the flux through the face above less that below, over the width of the cell.

        A balance is 0 at held points, through whose wall an unknown flux passes.
        """
        weight, held = self.outward / self.axis.quadrature, self._held if is_balanced else set()

        def edge(point: int) -> Row:
            below, above = self._beside(point)
            if point in held:
                return ()
            if below is not None and above is not None:
                return ((below, above, weight[point]),)
            alone = ((below, -weight[point]), (above, weight[point]))  # no flux through the wall
            return tuple((face, face, w) for face, w in alone if face is not None)

        return self._to_points(((-1, 0),), [weight], edge, values=False, is_apart=bool(held))

    def into_cells(self) -> tuple[Along, Along]:
        """From points to points: what passes the face below each, and the one above, into its cell, by its width.

        Of held points, through whose wall an unknown flux passes, nothing.
        """
        slopes = self.derivative(closed)
        below, above = (
            Along(
                self._into_cells(slopes.field, shift),
                tuple((wall, self._into_cells(rows, shift), is_last) for wall, rows, is_last in slopes.sides),
            )
            for shift in (0, 1)
        )
        return below, above

    def _into_cells(self, rows: Stencil, shift: int) -> Stencil:
        """Rows of the faces below each point, or of those above, as what passes into its cell."""
        n, inside, held = self.points, rows.interior(), self._held
        scale = (self.outward if shift else -self.outward) / self.axis.quadrature

        def row(point: int) -> Row:
            pairs = () if point in held else rows.row_at((point + shift) % self.length)
            return tuple((a, b, w * scale[point]) for a, b, w in pairs)

        first = min(n, max(1, inside.start - shift))
        last = max(first, min(n - 1, inside.stop - shift))
        face = (np.arange(n) + shift) % self.length
        weights = [(w if np.ndim(w) == 0 else w[face]) * scale for w in rows.weights]
        weights = [
            w[first] if np.all(w[first:last] == w[first : first + 1]) else w for w in weights if last > first
        ]
        offsets = tuple((a + shift, b + shift) for a, b in rows.offsets if last > first)
        leading, trailing = (tuple(map(row, range(*ends))) for ends in ((0, first), (last, n)))
        return Stencil(
            n,
            offsets,
            in_one_piece(weights, len(weights)),
            leading,
            trailing,
            rows.values,
            rows.power,
            order=2,
        )

    @property
    def _held(self) -> set[int]:
        """The points whose value is prescribed."""
        ends = zip((0, self.points - 1), self.line.rule.boundary, strict=True)
        return {point for point, end in ends if end.is_held}

    def mean_at_points(self) -> Stencil:
        """From faces to points: half of each of the faces beside a point, of a wall without a face nothing."""
        half = np.full(self.points, 0.5, self.axis.real)

        def edge(point: int) -> Row:
            return tuple((face, face, half[0]) for face in self._beside(point) if face is not None)

        return self._to_points(((-1, -1), (0, 0)), [half, half], edge, values=True)

    def _beside(self, point: int) -> tuple[int | None, int | None]:
        """The faces below and above a point; None at a wall without one."""
        below, above = point + self.below - 1, point + self.below
        if self.is_ring:
            return below, above % self.length
        return None if below < 0 else below, None if above >= self.length else above

    def _to_faces(
        self, offsets: Offsets, weights: Sequence[Array], edge: Callable[[int], Edge], power: int = 0
    ) -> Along:
        """A stencil of points, whose pairs count from the point below the face, times a power of two; and of what is prescribed."""
        held = [end.is_held for end in self.line.rule.boundary]
        first, last = self.below + held[0], self.below + self.points - 1 - held[1]
        inner = first, max(first, last)
        vectors = [self._from(self.below, weight) for weight in weights]
        edges = {face: edge(face - self.below) for face in outside(*inner, self.length)}
        rows = {face: edge.pairs for face, edge in edges.items()}
        field = self._stencil(
            self.length, -self.below, offsets, vectors, inner, rows.__getitem__, len(offsets) > 1
        )
        sides = []
        for side, wall in enumerate(self._walls):
            of_side = {face: edge.prescribed[side] for face, edge in edges.items()}
            if isinstance(wall, Condition) and not wall.is_zero and any(of_side.values()):
                sides.append((wall, unscaled(self._prescribed(of_side, inner, field.order), power), side > 0))
        return Along(unscaled(field, power), tuple(sides))

    def _from(self, first: int, weight: Array) -> Array:
        """The weights of the faces from this one on, as a vector of all; or one number."""
        if np.ndim(weight) == 0:
            return weight
        vector = np.zeros(self.length, weight.dtype)
        vector[first : first + len(weight)] = weight
        return vector

    def _prescribed(self, weights: dict[int, Fraction], inner: tuple[int, int], order: int | None) -> Stencil:
        """The rows of what is prescribed at one wall, which is the same all along the axis."""

        def edge(face: int) -> Row:
            point = min(face, self.points - 1)
            return ((point, point, self.line.rounded(weights[face])),) if weights[face] else ()

        made = self._stencil(self.length, 0, (), (), inner, edge, True)
        return replace(made, order=order)

    def _to_points(
        self, offsets: Offsets, weights: Sequence[Array], edge: Callable[[int], Row], values: bool, is_apart: bool = False
    ) -> Stencil:  # fmt: skip
        """A stencil of faces; those of a pair count from the face above the point. End points may be rows of their own."""
        first, last = 1 - self.below, self.points - (0 if self.has_walls else 1)
        inner = slice(1, self.points - 1)
        if all(np.all(w[inner] == w[1]) for w in weights):  # end cells may be of another width
            is_apart = is_apart or any(w[0] != w[1] or w[-1] != w[1] for w in weights)
            weights = [w[1] for w in weights]
        if is_apart:
            first, last = max(first, 1), min(last, self.points - 1)
        return self._stencil(self.points, self.below, offsets, weights, (first, last), edge, values)

    def _stencil(
        self, length: int, shift: int, offsets: Offsets, weights: Sequence[Array], inner: tuple[int, int],
        edge: Callable[[int], Row], values: bool,
    ) -> Stencil:  # fmt: skip
        first, last = inner
        pairs = tuple((a + shift, b + shift) for a, b in offsets)
        leading, trailing = (tuple(map(edge, range(*ends))) for ends in ((0, first), (last, length)))
        return Stencil(
            length, pairs, in_one_piece(weights, len(weights)), leading, trailing, values, order=int(not values),
            surplus=self.points + self.length - 2 * length,
        )  # fmt: skip
