"""Stencils made from stencils: transposes, products, sparse matrices; and the widths of dual cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .._base.cache import cached
from .._base.errors import ArgumentValueError
from .._base.types import Array
from .stencil import Row, Stencil, in_one_piece, is_normal, unscaled, without_zeros
from .wide import Wide, join, narrow

Place = tuple[int, int]  # the point that is read, and the other end of its face (the same: no face)
Entries = dict[Place, Array]


class Bands(NamedTuple):
    """A stencil as a matrix: its bands by offset in the interior, the rows at the edges by point."""

    length: int
    inner: Entries  # of rows first to last - 1; each entry a scalar or a vector of shape (length,)
    edges: tuple[Entries, ...]  # the rows before, then those behind
    first: int
    last: int
    surplus: int = 0  # columns, less rows

    @property
    def columns(self) -> int:
        """How many there are."""
        return self.length + self.surplus

    @classmethod
    def of(cls, stencil: Stencil, faces: bool = False) -> Bands:
        """Entries of a row that read one point are summed, with `faces` only those of the same face."""
        inside = stencil.interior()
        pairs = ((a, b, weight) for (a, b), weight in zip(stencil.offsets, stencil.weights, strict=True))
        inner = _without_zeros(_entries(pairs, stencil.values, faces), inside)
        edges = (_entries(row, stencil.values, faces) for row in (*stencil.leading, *stencil.trailing))
        return cls(stencil.length, inner, tuple(map(_without_zeros, edges)), inside.start, inside.stop,
                   stencil.surplus)  # fmt: skip

    def row(self, point: int) -> Entries:
        """The entries of one row, by points instead of offsets."""
        if point < self.first:
            return self.edges[point]
        if point >= self.last:
            return self.edges[self.first + point - self.last]
        return {
            (point + read, point + other): weight if np.ndim(weight) == 0 else weight[point]
            for (read, other), weight in self.inner.items()
        }

    def stencil(self, values: bool, power: int, beside_values: bool = False) -> Stencil:
        """Back to a stencil: of values, or of pairs relative to their own point where rows sum to 0.

        Beside values, where that may be on a wall, rows at the ends that do not read it are relative to the next that they read.
        """

        def pairs(own: int, entries: Entries) -> Row:
            def distance(place: Place) -> list[int]:
                # From the own point, also round a ring: the order of the interior.
                return [(end - own + self.columns // 2) % self.columns for end in place]

            ordered = [(*place, entries[place]) for place in sorted(entries, key=distance)]
            if values:
                return tuple((other, read, weight) for read, other, weight in ordered)
            return tuple((own, read, weight) for read, _, weight in ordered if read != own)

        def at_end(point: int) -> Row:
            entries = self.row(point)
            reads = [read for read, _ in entries]
            if beside_values and reads and point not in reads:
                return pairs(min(reads, key=lambda read: abs(read - point)), entries)
            return pairs(point, entries)

        inner = pairs(0, _without_zeros(self.inner, slice(self.first, self.last)))
        weights = [weight for *_, weight in inner]
        table = in_one_piece(weights, len(weights))
        leading = tuple(map(at_end, range(self.first)))
        trailing = tuple(map(at_end, range(self.last, self.length)))
        offsets = tuple((a, b) for a, b, _ in inner)
        return Stencil(self.length, offsets, table, leading, trailing, values, power, surplus=self.surplus)


@np.errstate(all="ignore")
def transposed(
    stencil: Stencil, scale: Array | None = None, faces: bool = False, onto: Array | None = None
) -> Stencil:
    """The transpose, or ``diag(1/onto) D^T diag(scale)``, as a stencil of values; edges included.

    `onto` is `scale` unless it is given: the rows' may be those of faces, the columns' those of points. Its weights
    are those of the stencil, or the sum of the two that meet at a point, rounded once. With
    `faces` these two stay apart, each with its face, for a coefficient averaged to faces; then every
    pair must hold its own point. Without `scale`, the transpose of the transpose has the entries of the
    stencil.
    """
    scales = None if scale is None else (scale, scale if onto is None else onto)
    bands = Bands.of(stencil, faces)
    rows, columns, (first, last) = bands.length, bands.columns, _columns_of_bands(bands)
    inner: Entries = {}
    for (read, other), weight in bands.inner.items():
        point, end = _turned(0, read, other, faces)
        inner[point - read, end - read] = _scaled_band(weight, -read, first, last, columns, scales)
    edges: dict[int, Entries] = {point: {} for point in outside(first, last, columns)}
    reads = [read for read, _ in bands.inner]
    start = min(rows, max(bands.first, first - min(reads, default=0)))  # rows start to stop - 1: only bands
    stop = max(start, min(bands.last, last - max(reads, default=0)))
    for point in outside(start, stop, rows):
        for (read, other), weight in bands.row(point).items():
            if read in edges and weight != 0:  # what has no weight is not read
                ratio = 1 if scales is None else scales[0][point] / scales[1][read]
                edges[read][_turned(point, read, other, faces)] = weight * ratio
    bands = Bands(columns, inner, tuple(edges.values()), first, last, -bands.surplus)
    turned = replace(bands.stencil(True, stencil.power), order=stencil.order)
    if not np.isfinite(turned.smallest_and_largest_weight()[1]):
        raise ArgumentValueError(
            f"in this measure the adjoint has weights beyond the exponents of {turned.dtype}; leave out points that all but coincide, "
            "or leave weight= away"
        )
    return turned


def product(outer: Stencil, inner: Stencil) -> Stencil:
    """The stencil of the matrix product ``outer @ inner`` along one axis.

    Each entry is a sum of products of the rounded weights. Where `inner` makes 0 of a constant, so does
    the product, in pairs relative to their own point; what `inner` has of values beside them stays values.
    Where it is a stencil of values, so is the product.
    """
    with np.errstate(all="ignore"):
        return _product(*_near_one(outer), *_near_one(inner))


def _product(outer: Stencil, power: int, inner: Stencil, inner_power: int) -> Stencil:
    inner, values = _values_apart(inner)
    left, right = Bands.of(outer), Bands.of(inner)
    reads = [read for read, _ in left.inner]
    first = max(left.first, right.first - min(reads, default=0))
    last = min(left.last, right.last - max(reads, default=0))
    if first >= last:
        first = last = left.length
    bands: Entries = {}
    for (middle, _), weight in left.inner.items():
        for (read, _), further in right.inner.items():
            _add(bands, (middle + read,) * 2, weight * _shifted(further, middle, first, last, left.length))
    rows = [left.row(point) for point in outside(first, last, left.length)]
    edges = tuple(_combined(row, right.row) for row in rows)
    whole = Bands(left.length, bands, edges, first, last).stencil(inner.values, 0, bool(values))
    if values:
        whole = _with_values(whole, [_combined(row, lambda middle: values.get(middle, {})) for row in rows])
    if outer.order is not None and inner.order is not None:
        whole = replace(whole, order=outer.order + inner.order)
    return unscaled(whole, power + inner_power)


def _values_apart(stencil: Stencil) -> tuple[Stencil, dict[int, Entries]]:
    """The differences alone, and the values beside them by row."""
    values: dict[int, Entries] = {}
    for point, row in stencil.edge_rows():
        for a, b, weight in row:
            if a == b and not stencil.values:
                _add(values.setdefault(point, {}), (b, b), weight)
    if not values:
        return stencil, values
    leading, trailing = stencil.changed_rows(lambda row: tuple(pair for pair in row if pair[0] != pair[1]))
    return replace(stencil, leading=leading, trailing=trailing), values


def _combined(row: Entries, inner: Callable[[int], Entries]) -> Entries:
    """A row of a product: the rows of `inner` that it reads, weighted."""
    whole: Entries = {}
    for (middle, _), weight in row.items():
        for place, further in inner(middle).items():
            _add(whole, place, weight * further)
    return _without_zeros(whole)


def _with_values(stencil: Stencil, values: Sequence[Entries]) -> Stencil:
    """The stencil with values in its rows at the ends."""
    rows = [
        (*row, *((read, read, weight) for (read, _), weight in sorted(more.items())))
        for row, more in zip((*stencil.leading, *stencil.trailing), values, strict=True)
    ]
    count = len(stencil.leading)
    return replace(stencil, leading=tuple(rows[:count]), trailing=tuple(rows[count:]))


@cached("multiples", entries=256, each=lambda made, stencil, factor: stencil.nbytes + made.nbytes)
def scaled(stencil: Stencil, factor: float) -> Stencil:
    """Every weight times a number, rounded once; with a power of two where that leaves the normal numbers."""
    with np.errstate(all="ignore"):
        plain = stencil.mapped(lambda weight: weight * factor, stencil.power)
        if factor == 0:
            return without_zeros(plain)
        if is_normal(*plain.smallest_and_largest_weight(), plain.dtype):
            return plain
        near_one, power = _near_one(stencil)
        mantissa, exponent = np.frexp(factor)
        return unscaled(near_one.mapped(lambda weight: weight * mantissa, 0), power + int(exponent))


def from_own_points(stencil: Stencil) -> Stencil:
    """Rows of differences from their own points, which have faces also in the transpose."""
    return replace(Bands.of(stencil).stencil(False, stencil.power), order=stencil.order)


def negated(stencil: Stencil) -> Stencil:
    """Every weight with the other sign."""
    return stencil.mapped(lambda weight: -weight, stencil.power)


def dual_widths(
    steps: Wide | npt.ArrayLike, length: int, before: Wide | None = None, behind: Wide | None = None
) -> Array:
    """Half of both steps beside each point, as lengths: the weights of the trapezoidal rule.

    `before` and `behind` are the steps beyond the ends, None where the cell of the end point goes no further.
    Each width is rounded once. `steps` is a scalar or has shape ``(length - 1,)``.
    """
    between = narrow(steps).scaled(-1)
    if np.ndim(between.high) == 0:
        between = Wide(*(np.full(length - 1, part) for part in (between.high, between.low)))
    nothing = narrow(np.zeros((), between.high.dtype))
    first, last = (nothing if step is None else step.scaled(-1) for step in (before, behind))
    widths: Array = np.abs((join([first, between]) + join([between, last])).high)
    return widths


def _entries(pairs: Iterable[tuple[int, int, Array]], values: bool, faces: bool) -> Entries:
    """What a row reads: ``+weight`` at b and, unless the row or the pair is of values, ``-weight`` at a."""
    entries: Entries = {}
    for a, b, weight in pairs:
        _add(entries, (b, a if faces else b), weight)
        if not values and a != b:
            _add(entries, (a, b if faces else a), -weight)
    return entries


def _add(entries: Entries, place: Place, weight: Array) -> None:
    entries[place] = entries[place] + weight if place in entries else weight


def _without_zeros(entries: Entries, inside: slice = slice(None)) -> Entries:
    """Without those that are exactly 0 at every point."""
    return {
        place: weight
        for place, weight in entries.items()
        if np.any(weight if np.ndim(weight) == 0 else weight[inside])
    }


def outside(first: int, last: int, length: int) -> Iterable[int]:
    """The points before `first` and from `last` on."""
    return (*range(first), *range(last, length))


def _columns_of_bands(bands: Bands) -> tuple[int, int]:
    """The columns that only interior rows have entries in, all of them; none on short axes."""
    reads, columns = [read for read, _ in bands.inner] or [0], bands.columns
    first, last = max(0, bands.first + max(reads)), min(columns, bands.last + min(reads))
    for read in {read for row in bands.edges for read, _ in row}:
        if 2 * read < columns:
            first = max(first, read + 1)
        else:
            last = min(last, read)
    return (first, last) if first < last else (columns, columns)


def _turned(row: int, read: int, other: int, faces: bool) -> Place:
    """The place in the transpose's row `read` of an entry of `row`: it reads `row`, of the same face."""
    if not faces:
        return row, row
    if row not in (read, other):
        raise ValueError(f"row {row} has the pair {other, read}: its face has no place in the transpose")
    return row, read if row == other else other


def _shifted(weight: Array, offset: int, first: int, last: int, length: int) -> Array:
    """The band as seen from the points at `offset` before, in rows first to last - 1 of `length`, and 0 elsewhere."""
    if np.ndim(weight) == 0:
        return weight
    moved = np.zeros(length, weight.dtype)
    moved[first:last] = weight[first + offset : last + offset]
    return moved


def _scaled_band(
    weight: Array, offset: int, first: int, last: int, length: int, scales: tuple[Array, Array] | None
) -> Array:
    """The shifted band of a transpose times ``scale[j + offset] / onto[j]``."""
    moved = _shifted(weight, offset, first, last, length)
    if scales is None or first >= last:
        return moved
    scale, onto = scales
    ratio = scale[first + offset : last + offset] / onto[first:last]
    if np.ndim(moved) == 0 and np.all(ratio == 1):
        return moved
    result = np.zeros(length, np.result_type(weight))
    result[first:last] = (moved if np.ndim(moved) == 0 else moved[first:last]) * ratio
    return result


def _near_one(stencil: Stencil) -> tuple[Stencil, int]:
    """The stencil with its largest weight between 1/2 and 1, and the power of two that is left."""
    exponent = int(np.frexp(stencil.smallest_and_largest_weight()[1])[1])
    return stencil.mapped(lambda weight: np.ldexp(weight, -exponent), 0), exponent + stencil.power
