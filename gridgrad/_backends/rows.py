"""The rows of a stencil as slices of any array-API namespace: differentiable, traceable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from operator import mul
from typing import NamedTuple

import numpy as np

from .._base.types import Array
from .._stencils.stencil import Row, Stencil
from .._terms.term import Term, mean_at_faces
from .operations import Operations, name_of

Weight = Array | float | np.longdouble


class Factors(NamedTuple):
    """A weight as numbers to multiply by one after the other: powers of two, mostly none, on both sides."""

    before: list[Weight]  # at least 1
    weight: Weight
    after: list[Weight]  # at most 1


class Rows:
    """The rows of a stencil along one axis of `f`, or at its points, as slices in the arithmetic type `real`."""

    def __init__(
        self,
        xp: Operations,
        f: Array,
        axis: int | None,
        real: object,
        difference: Callable[[Array, Array], Array],
    ) -> None:
        self.xp, self.f, self.axis, self.real, self.difference = xp, f, axis, real, difference

    def apply(
        self,
        stencil: Stencil,
        inner: Array | None = None,
        faces: Array | None = None,
        term: Term | None = None,
        unread: Array | None = None,
    ) -> Array:
        """Leading rows, interior, trailing rows, joined along the axis; factors of samples and of pairs, as of a term.

        Where `unread` says so, a sample is not read.
        """
        self.is_gated, self.is_harmonic = (False, False) if term is None else (term.gated, term.harmonic)
        self.split = None if stencil.fits(name_of(self.real)) else stencil.power
        stencil = fitted(stencil, self.real)
        self.inner, self.faces, self.unread = inner, faces, unread
        self.values = stencil.values
        result = self._joined(stencil)
        return result if self.split is None else self._without_early_overflow(stencil, result)

    def _without_early_overflow(self, stencil: Stencil, result: Array) -> Array:
        """Where a part of a sum is infinite, the sum scaled down: it may be less, and is not inf - inf."""
        exponent = int(np.frexp(stencil.smallest_and_largest_weight()[1])[1]) + stencil.power
        if exponent <= 0:
            return result
        self.split = stencil.power - exponent
        powers = _powers(np.int64(exponent), name_of(self.real))
        scaled = reduce(mul, map(self._factor, powers), self._joined(stencil))
        return self.xp.where(self.xp.isfinite(result), result, scaled)

    def _joined(self, stencil: Stencil) -> Array:
        inner = stencil.interior()
        pieces = [self._edge(row) for row in stencil.leading]
        if inner.stop > inner.start:
            pieces.append(self._interior(stencil, inner))
        pieces += [self._edge(row) for row in stencil.trailing]
        return pieces[0] if self.axis is None or len(pieces) == 1 else self.xp.joined(pieces, self.axis)

    def _at(self, x: Array, start: int, stop: int) -> Array:
        if self.axis is None or (start, stop) == (0, x.shape[self.axis]):
            return x  # torch's batched gradients know no views of a whole
        return x[(slice(None),) * self.axis + (slice(start, stop), ...)]

    def _weight(self, values: Array, points: slice) -> Factors:
        """A weight, or those of `points`."""
        values = values if np.ndim(values) == 0 else values[points]
        if self.split is None:
            return Factors([], self._factor(values), [])
        before, near_one, after = factors_of(values, self.split, name_of(self.real))
        return Factors([*map(self._factor, before)], self._factor(near_one), [*map(self._factor, after)])

    def _factor(self, values: Weight) -> Weight:
        if not isinstance(values, np.ndarray) or values.ndim == 0:
            return float(values) if name_of(self.real) in ("float32", "float64") else np.longdouble(values)
        return self.xp.weights(self._shaped(values), self.real, self.f)

    def _shaped(self, vector: Array) -> Array:
        """A vector along the axis."""
        return vector.reshape([len(vector) if k == self.axis else 1 for k in range(self.f.ndim)])

    def _nothing(self, start: int, stop: int) -> Array:
        return self.xp.zeros_like(self._at(self.f, start, stop), dtype=self.real)

    def _edge(self, row: Row) -> Array:
        total = None
        for a, b, weight in row:
            if self.values and weight == 0:  # reads nothing
                value = self._nothing(0, 1)
            else:
                value = self._pair((a, a + 1), (b, b + 1), self._weight(weight, slice(None)))
            total = value if total is None else total + value
        return self._nothing(0, 1) if total is None else total

    def _interior(self, stencil: Stencil, points: slice) -> Array:
        if stencil.is_central and self.faces is None:
            return self._central(stencil, points)
        total = None
        for (a, b), weight in zip(stencil.offsets, stencil.weights, strict=True):
            from_, to = ((points.start + offset, points.stop + offset) for offset in (a, b))
            value = self._pair(from_, to, self._weight(weight, points))
            if np.ndim(weight) and not np.all(weight[points]):
                used = self.xp.weights(self._shaped(weight[points] != 0), None, self.f)
                value = self.xp.where(used, value, self.xp.zeros_like(value))
            total = value if total is None else total + value
        return self._nothing(points.start, points.stop) if total is None else total

    def _pair(self, from_: tuple[int, int], to: tuple[int, int], factors: Factors) -> Array:
        """``weight * (f[b] - f[a])``, or of values and of equal ends ``weight * f[b]``, with its factors."""
        before, factor, after = factors
        if self.faces is not None:
            factor = factor * mean_at_faces(
                self.xp.where, self._at(self.faces, *from_), self._at(self.faces, *to), self.is_harmonic
            )
        if self.inner is not None:
            factor = factor * self._at(self.inner, *to)
        value = self._at(self.f, *to)
        if not self.values and from_ != to:
            value = self.difference(value, self._at(self.f, *from_))
        elif value.dtype != self.real:
            value = self.xp.astype(value, self.real)
        product = reduce(mul, after, factor * reduce(mul, before, value))
        if self.unread is not None:
            return self.xp.where(self._at(self.unread, *to), self.xp.zeros_like(product), product)
        if not self.is_gated or isinstance(factor, (int, float)):
            return product
        return self.xp.where(factor != 0, product, self.xp.zeros_like(product))

    def _central(self, stencil: Stencil, points: slice) -> Array:
        """Formula (1); where its weights are equal the short form."""
        lower, upper = stencil.weights
        start, stop = points.start, points.stop
        below, above = (start - 1, stop - 1), (start + 1, stop + 1)
        short = np.equal(lower, upper)
        short = short if np.ndim(short) == 0 else short[points]
        wide = split = None
        if np.any(short):
            wide = self._pair(below, above, self._weight(lower, points))
        if not np.all(short):
            split = self._pair(below, (start, stop), self._weight(lower, points))
            split = split + self._pair((start, stop), above, self._weight(upper, points))
        if wide is None or split is None:
            one = split if wide is None else wide
            assert one is not None
            return one
        return self.xp.where(self.xp.weights(self._shaped(short), None, wide), wide, split)


def has_pairs(stencil: Stencil) -> Array:
    """Which rows have pairs: a NumPy boolean vector."""
    inner = stencil.interior()
    edges = [[bool(row) for row in rows] for rows in (stencil.leading, stencil.trailing)]
    inside = [bool(stencil.offsets)] * max(0, inner.stop - inner.start)
    return np.array([*edges[0], *inside, *edges[1]])


def fitted(stencil: Stencil, real: object) -> Stencil:
    """`stencil` with weights rounded to the type `real`, if its exponents suffice; else as it is."""
    name = name_of(real)
    if not stencil.fits(name) or stencil.dtype == name:
        return stencil

    def rounded(weight: Array) -> Array:  # a scalar by way of float64, as in a descriptor
        return np.asarray(np.float64(weight) if np.ndim(weight) == 0 else weight, dtype=name)[()]

    return replace(stencil, weights=tuple(map(rounded, stencil.weights)))


def factors_of(values: Array, power: int, real: str) -> Factors:
    """``values * 2**power`` as factors in the type `real`, of which one is no power of two.

    A weight of at least 1 has only such, a smaller one only others, so that a product with one after
    the other leaves the range of `real` on its way only if it ends outside; and what is subnormal
    grows before it is rounded.
    """
    mantissas, exponents = np.frexp(values)
    exponents = exponents + power
    grows = exponents > 0
    near_one = np.where(grows, 2 * mantissas, mantissas).astype(real)[()]
    left = np.where(mantissas == 0, 0, exponents - grows)
    before, after = (_powers(part, real) for part in (np.maximum(left, 0), np.minimum(left, 0)))
    return Factors(before, near_one, after)


def _powers(exponents: Array | np.int64, real: str) -> list[Weight]:
    """``2**exponents`` as factors that `real` holds."""
    limit = int(np.finfo(real).maxexp) - 24
    factors: list[Weight] = []
    while np.any(exponents):
        now = np.clip(exponents, -limit, limit)
        factors.append(np.ldexp(np.ones(1, real), now).reshape(np.shape(now))[()])
        exponents = exponents - now
    return factors
