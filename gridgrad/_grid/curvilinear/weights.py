"""`PointWeights`: numbers at every point of a grid, rounded to the types of fields, in as many dimensions as those."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..._backends.once import made_once
from ..._base.errors import ArgumentValueError
from ..._base.types import Array
from ..._stencils.stencil import is_normal
from ..places import alone


@dataclass(frozen=True, eq=False, slots=True)
class PointWeights:
    """Arrays of the shape of a grid, whose axes these are in fields; of some no value counts."""

    values: tuple[Array, ...]
    axes: tuple[int, ...]
    lengths: tuple[int, ...]
    bounds: tuple[float, float]  # of the size of those that are not 0
    slopes: PointWeights | None = None  # in whose place, of fluxes, rows beside gaps have these of slopes
    _rounded: dict[str, tuple[Array, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, values: tuple[Array, ...], axes: tuple[int, ...], lengths: tuple[int, ...], real: npt.DTypeLike
    ) -> PointWeights:
        """Those that are normal numbers."""
        sizes = [s for s in (np.abs(w[w != 0]) for w in values) if s.size]
        # NaN where there is one
        bounds = np.min([s.min() for s in sizes], initial=np.inf), np.max([s.max() for s in sizes], initial=0)
        if not is_normal(*bounds, real):
            raise ArgumentValueError(
                f"the positions make weights beyond the exponents of {np.dtype(real)}; rescale the coordinates"
            )
        return cls(values, axes, lengths, bounds)

    def is_zero(self, number: int) -> bool:
        """Whether all values are."""
        return not self.values[number].any()

    @made_once
    def fits(self, real: str) -> bool:
        """Whether a type has the exponents of all weights."""
        return is_normal(*self.bounds, real)

    def lazily(self, number: int, ndim: int) -> None:
        """They are known."""

    def at(self, number: int, real: str, ndim: int) -> Array:
        """Some of them, for fields of so many dimensions."""
        if real not in self._rounded:
            self._rounded[real] = tuple(w.astype(real, copy=False) for w in self.values)
        return self._rounded[real][number].reshape(alone(self.axes, self.lengths, ndim))
