"""`Stencil`: the rows of one derivative along one axis, as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .._base.types import Array, DType

Pair = tuple[int, int, Array]  # (a, b, weight): weight * (f[b] - f[a]), or weight * f[b] where a == b
Row = tuple[Pair, ...]  # an empty row is 0 and reads nothing

CENTRAL = ((-1, 0), (0, 1))  # the pairs of formula (1)
BLOCK = 1 << 14
ONE = np.asarray(1.0)[()]  # the magnitude of weights where there are none


@dataclass(eq=False, slots=True)
class Stencil:
    """One derivative along one axis, each row a sum of ``weight * (f[b] - f[a])``.

    The pairs of an interior row are `offsets` from its point; `weights` has for each pair a scalar
    when every point has the same, else a vector of shape ``(length,)``. `leading` and `trailing` are
    the rows of the first and the last points as data, with the indices of points; in them a pair with
    equal ends is a value, ``(a, a, weight)`` means ``weight * f[a]``. A weight of 0 in a
    vector reads nothing, but in formula (1), which has none. Where `values` is set, as in transposed
    stencils, a pair means ``weight * f[b]``, and ``(a, b)`` are the ends of the face whose coefficient
    belongs to it. It may read an axis that has `surplus` points more than it has rows, -1 and 1 between
    points and faces. The true weights are ``weight * 2**power``; `power` is 0 unless a weight would leave
    the range of normal numbers: then rows are made of slices, each weight applied as factors that all
    arrays can hold (`_backends.rows`). Weights are in 1/[x]^order; None where that is not
    known.
    """

    length: int
    offsets: tuple[tuple[int, int], ...]
    weights: tuple[Array, ...]
    leading: tuple[Row, ...]
    trailing: tuple[Row, ...]
    values: bool = False
    power: int = 0
    order: int | None = None
    surplus: int = 0
    # the smallest and the largest weight, kept when first asked for
    _range: list[tuple[Array, Array]] = field(default_factory=list, init=False, repr=False)

    def __reduce__(self) -> tuple[object, ...]:
        """The rows and what decides their arithmetic: names of compiled graphs are made of pickles."""
        given = [getattr(self, own.name) for own in fields(self) if own.init]
        return _restored, (self.smallest_and_largest_weight(), *given)

    @property
    def columns(self) -> int:
        """Points of the axis that is read."""
        return self.length + self.surplus

    @property
    def is_central(self) -> bool:
        """Whether interior rows follow formula (1), ``lower (f[i]-f[i-1]) + upper (f[i+1]-f[i])``."""
        return self.offsets == CENTRAL and not self.values

    @property
    def selects(self) -> bool:
        """Whether there are differences whose weight is 0 at some point, where they read nothing."""
        inner = self.interior()
        vectors = () if self.values or self.is_central else self.weights
        return any(np.ndim(weight) and not np.all(weight[inner]) for weight in vectors)

    @property
    def is_uniform(self) -> bool:
        """Whether one set of weights serves every interior point."""
        return all(np.ndim(weight) == 0 for weight in self.weights)

    @property
    def dtype(self) -> DType:
        """The type the weights were made in."""
        dtype: DType = self.smallest_and_largest_weight()[1].dtype
        return dtype

    def fits(self, real: npt.DTypeLike) -> bool:
        """Whether the type `real` has the exponents of all weights: else they are applied in factors."""
        smallest, largest = self.smallest_and_largest_weight()
        if self.power or largest.dtype == real:
            return not self.power
        return is_normal(smallest, largest, real)

    @property
    def nbytes(self) -> int:
        """Memory of the weights."""
        return sum(int(np.asarray(weight).nbytes) for weight in self.weights)

    def table(self) -> Array | None:
        """The weights as the array whose rows they are, shape ``(pairs, length)``, or None."""
        whole = getattr(self.weights[0], "base", None) if self.weights else None
        shape = (len(self.weights), self.length)
        if not isinstance(whole, np.ndarray) or whole.shape != shape or not whole.flags.c_contiguous:
            return None
        rows = (w.base is whole and w.ctypes.data == row.ctypes.data and w.strides == row.strides
                for w, row in zip(self.weights, whole, strict=True))  # fmt: skip
        return whole if all(rows) else None

    def interior(self) -> slice:
        """The points whose rows are not data."""
        return slice(len(self.leading), self.length - len(self.trailing))

    def edge_rows(self) -> list[tuple[int, Row]]:
        """The rows that are data, by their points."""
        return [*enumerate(self.leading), *enumerate(self.trailing, self.interior().stop)]

    def row_at(self, point: int) -> Row:
        """The pairs of one row, with the indices of points."""
        inner = self.interior()
        if point < inner.start:
            return self.leading[point]
        if point >= inner.stop:
            return self.trailing[point - inner.stop]
        inside = zip(self.offsets, self.weights, strict=True)
        return tuple((point + a, point + b, w if np.ndim(w) == 0 else w[point]) for (a, b), w in inside)

    def with_rows(self, rows: dict[int, Row]) -> Stencil:
        """The stencil with other rows at and near its ends."""
        n, inner = self.length, self.interior()
        data = {*range(inner.start), *range(inner.stop, n), *rows}
        start = next((k for k in range(n) if k not in data), n)
        stop = next((k + 1 for k in range(n - 1, -1, -1) if k not in data), n)
        leading, trailing = (
            tuple(rows[k] if k in rows else self.row_at(k) for k in span)
            for span in (range(start), range(stop, n))
        )
        return replace(self, leading=leading, trailing=trailing) if rows else self

    def changed_rows(self, change: Callable[[Row], Row]) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
        """`change` of those of the first and of the last points."""
        return tuple(map(change, self.leading)), tuple(map(change, self.trailing))

    def smallest_and_largest_weight(self) -> tuple[Array, Array]:
        """Bounds of the magnitude of all weights but 0: what decides the arithmetic type."""
        if not self._range:
            self._range.append(self._measured())
        smallest, largest = self._range[0]
        return smallest, largest

    def as_if_of(self, smallest: Array, largest: Array) -> Stencil:
        """The same stencil, whose weights are known to have these bounds: measured before, or of a whole axis."""
        self._range[:] = [(smallest, largest)]
        return self

    def _measured(self) -> tuple[Array, Array]:
        single = [pair[2] for row in (*self.leading, *self.trailing) for pair in row]
        single += [weight for weight in self.weights if np.ndim(weight) == 0]
        inner = self.interior()
        bounds = []
        groups: list[Array | list[Array]] = [
            single,
            *(weight[inner] for weight in self.weights if np.ndim(weight)),
        ]
        for values in groups:
            sizes = np.abs(values)
            if not self.is_central:  # whose weights are never 0, unless one was too small
                sizes = sizes[sizes != 0]
            if len(sizes):
                bounds += [sizes.min(), sizes.max()]
        extremes: tuple[Array, Array] = (np.min(bounds), np.max(bounds)) if bounds else (ONE, ONE)
        return extremes

    def mapped(self, change: Callable[[Array], Array], power: int) -> Stencil:
        """The same rows with `change` of every weight, and with another power."""
        weights = in_one_piece(map(change, self.weights), len(self.weights))
        leading, trailing = self.changed_rows(lambda row: tuple((a, b, change(w)) for a, b, w in row))
        return replace(self, weights=weights, leading=leading, trailing=trailing, power=power)


def is_normal(smallest: Array | float, largest: Array | float, real: npt.DTypeLike) -> bool:
    """Whether a type has the exponents of numbers of these sizes."""
    limits = np.finfo(real)
    return bool(limits.tiny <= smallest <= largest <= limits.max)


def without_zeros(stencil: Stencil, faces: bool = False) -> Stencil:
    """Without pairs whose weight is 0, which read nothing; formula (1) with a 0 at some points becomes plain pairs."""
    inner = stencil.interior()
    kept = [
        (pair, weight)
        for pair, weight in zip(stencil.offsets, stencil.weights, strict=True)
        if np.any(weight if np.ndim(weight) == 0 else weight[inner])
    ]
    if stencil.is_central and any(np.ndim(w) and not np.all(w[inner]) for _, w in kept):
        kept = _plain_pairs(stencil, faces)
    leading, trailing = stencil.changed_rows(lambda row: tuple(pair for pair in row if np.any(pair[2])))
    offsets = tuple(pair for pair, _ in kept)
    if (offsets, leading, trailing) == (stencil.offsets, stencil.leading, stencil.trailing):
        return stencil
    weights = in_one_piece((weight for _, weight in kept), len(kept))
    return replace(stencil, offsets=offsets, weights=weights, leading=leading, trailing=trailing)


def _plain_pairs(stencil: Stencil, faces: bool) -> list[tuple[tuple[int, int], Array]]:
    """Formula (1) with vectors of weights as pairs, one of them the short form, which has no faces."""
    lower, upper = stencil.weights
    short = (lower == upper) & (lower != 0) & (not faces)
    pairs = [
        ((-1, 1), np.where(short, lower, 0)),
        ((0, -1), np.where(short, 0, -lower)),
        ((0, 1), np.where(short, 0, upper)),
    ]
    return [(pair, weight) for pair, weight in pairs if np.any(weight[stencil.interior()])]


def in_one_piece(weights: Iterable[Array], count: int) -> tuple[Array, ...]:
    """Weights of which some vary as the rows of one array, where kernels can read them as they are."""
    table: Array | None = None
    scalars: list[Array] = []
    for k, values in enumerate(weights):
        if table is None and np.ndim(values) == 0:
            scalars.append(values)
            continue
        if table is None:
            table = np.empty((count, len(values)), values.dtype)
            table[:k] = np.reshape(scalars, (k, 1))
        table[k] = values
    return tuple(scalars if table is None else table)


def _restored(
    measured: tuple[Any, Any], length: int, offsets: Any, weights: tuple[Any, ...], *others: Any
) -> Stencil:
    return Stencil(length, offsets, in_one_piece(weights, len(weights)), *others).as_if_of(*measured)


def unscaled(stencil: Stencil, power: int) -> Stencil:
    """The weights times ``2**power``; the power kept apart where they would not be normal numbers."""
    smallest, largest = stencil.smallest_and_largest_weight()
    smallest, largest = (np.ldexp(w, power) for w in (smallest, largest))
    if not is_normal(smallest, largest, stencil.dtype):
        return replace(stencil, power=power)
    return stencil.mapped(lambda weight: np.ldexp(weight, power), 0).as_if_of(smallest, largest)


def no_rows(length: int, order: int) -> Stencil:
    """That of points without any row."""
    return Stencil(length, (), (), ((),) * length, (), order=order)
