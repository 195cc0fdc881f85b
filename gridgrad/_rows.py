"""The rows of a stencil as slices of any array-API namespace: differentiable, traceable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ._plan import Term, arithmetic_type
from ._stencils import Row, Stencil

_LONG = ("longdouble", "float128", "float96")  # what NumPy calls its long double


def name_of(dtype: Any) -> str:
    """``float32`` for NumPy's, torch's and everyone's float32, or a type that stands for one."""
    name = getattr(dtype, "name", None) or getattr(dtype, "__name__", None) or str(dtype).rpartition(".")[2]
    return str(name)


class Rows:
    """The rows of a stencil along one axis of `f`, as slices in the arithmetic type `real`."""

    def __init__(self, xp: Any, f: Any, axis: int, real: Any, difference: Callable[[Any, Any], Any]) -> None:
        self.xp, self.f, self.axis, self.real, self.difference = xp, f, axis, real, difference

    def apply(self, stencil: Stencil, coefficient: Any = None, place: str = "point") -> Any:
        """Leading rows, interior, trailing rows, joined along the axis."""
        stencil = fitted(stencil, self.real)
        self.coefficient, self.place = (None if place == "point" else coefficient), place
        self.values = stencil.values
        self.half = stencil.power // 2  # before the sum: nothing small is lost, nothing large overflows early
        inner = stencil.interior()
        pieces = [self._edge(row) for row in stencil.leading]
        if inner.stop > inner.start:
            pieces.append(self._interior(stencil, inner))
        pieces += [self._edge(row) for row in stencil.trailing]
        result = pieces[0] if len(pieces) == 1 else _join(self.xp, pieces, self.axis)
        return times_power(result, stencil.power - self.half)

    def _at(self, x: Any, start: int, stop: int) -> Any:
        if (start, stop) == (0, x.shape[self.axis]):  # torch's batched gradients know no views of a whole
            return x
        return x[(slice(None),) * self.axis + (slice(start, stop), ...)]

    def _weight(self, values: Any, points: slice) -> Any:
        if np.ndim(values) == 0:
            return values if name_of(self.real).startswith(_LONG) else float(values)
        return as_weights(self.xp, self._shaped(values[points]), self.real, self.f)

    def _shaped(self, vector: Any) -> Any:
        """A vector along the axis."""
        return vector.reshape([len(vector) if k == self.axis else 1 for k in range(self.f.ndim)])

    def _nothing(self, start: int, stop: int) -> Any:
        return self.xp.zeros_like(self._at(self.f, start, stop), dtype=self.real)

    def _edge(self, row: Row) -> Any:
        total = None
        for a, b, weight in row:
            value = self._pair((a, a + 1), (b, b + 1), self._weight(weight, slice(None)))
            total = value if total is None else total + value
        return self._nothing(0, 1) if total is None else total

    def _interior(self, stencil: Stencil, points: slice) -> Any:
        if stencil.is_central and self.coefficient is None:
            return self._central(stencil, points)
        total = None
        for (a, b), weight in zip(stencil.offsets, stencil.weights, strict=True):
            from_, to = ((points.start + offset, points.stop + offset) for offset in (a, b))
            value = self._pair(from_, to, self._weight(weight, points))
            if np.ndim(weight) and not np.all(weight[points]):
                used = as_weights(self.xp, self._shaped(weight[points] != 0), None, self.f)
                value = self.xp.where(used, value, self.xp.zeros_like(value))
            total = value if total is None else total + value
        return self._nothing(points.start, points.stop) if total is None else total

    def _pair(self, from_: tuple[int, int], to: tuple[int, int], weight: Any) -> Any:
        """``weight * (f[b] - f[a])``, or of values ``weight * f[b]``, with the coefficient of its place."""
        c, factor = self.coefficient, weight
        if self.place == "faces" and c is not None:
            factor = weight * ((self._at(c, *from_) + self._at(c, *to)) * 0.5)
        elif self.place == "samples" and c is not None:
            factor = weight * self._at(c, *to)
        at_b = self._at(self.f, *to)
        if not self.values:
            return factor * times_power(self.difference(at_b, self._at(self.f, *from_)), self.half)
        at_b = at_b if at_b.dtype == self.real else self.xp.astype(at_b, self.real)
        return factor * times_power(at_b, self.half)

    def _central(self, stencil: Stencil, points: slice) -> Any:
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
            return split if wide is None else wide
        return self.xp.where(as_weights(self.xp, self._shaped(short), None, wide), wide, split)


def _join(xp: Any, pieces: list[Any], axis: int) -> Any:
    if hasattr(xp, "cat"):  # torch, whose batched gradients know this name only
        return xp.cat(pieces, dim=axis)
    return xp.concat(pieces, axis=axis)


def fitted(stencil: Stencil, real: Any) -> Stencil:
    """`stencil` with weights rounded to `real`; by a power of two where its exponents are too few."""
    name = name_of(real)
    if name.startswith(_LONG):
        return stencil
    if name == "float32" and arithmetic_type("float32", [Term(0, 0, 0, stencil)]) != "float32":
        power = int(np.frexp(stencil.smallest_and_largest_weight()[1])[1])
        stencil = stencil.mapped(lambda weight: np.ldexp(weight, -power), stencil.power + power)
    if all(np.asarray(weight).dtype == name for weight in stencil.weights):
        return stencil
    return replace(stencil, weights=tuple(np.asarray(w, dtype=name)[()] for w in stencil.weights))


def as_weights(xp: Any, values: Any, dtype: Any, like: Any) -> Any:
    """A small NumPy array in `like`'s library, on its device."""
    if isinstance(values, np.ndarray) and not values.flags.writeable:
        values = values.copy()  # torch takes no others
    device = getattr(like, "device", None)
    if isinstance(like, np.ndarray) or device is None or "jax" in xp.__name__ or "dask" in xp.__name__:
        return xp.asarray(values, dtype=dtype)
    return xp.asarray(values, dtype=dtype, device=device)


def times_power(x: Any, power: int) -> Any:
    """``x * 2**power``, by factors that float32 holds."""
    sign = 1 if power > 0 else -1
    for done in range(0, abs(power), 100):
        x = x * 2.0 ** (sign * min(100, abs(power) - done))
    return x
