"""The norm of the gradient, which is not linear."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._base.errors import MISSING
from ..._base.types import Scalar, Vector, applies
from ..._grid.points import Points
from ..._terms.term import Term
from ..._wraps.units import unwrap, wrap
from ..fields.gather import gather
from ..patterns.build import unit
from ..patterns.kinds import kind
from ..sweep import Sweep
from .first import gradient, vector


@kind(geometry=True)
def gradient_norm(grid: Points) -> Norm:
    """``sqrt(sum |d_a f|^2)`` of a scalar field: real, without overflow on the way; it is not linear."""
    terms = (Term(0, 0, None, unit(grid), norm=True),) if grid.has_lines else _norm_terms(grid, 1)
    return Norm.of(grid, "gradient_norm", terms)


class Norm(Sweep[Scalar, Scalar]):
    """The norm of the gradient, which takes complex samples as their two parts."""

    @applies
    def __call__(
        self, f: Any = MISSING, out: object = None, workers: int | None = None, *, add: bool = False, **fields: object
    ) -> object:  # fmt: skip
        """Apply it."""
        # A sum must be made before it is squared; a metric, or weights of lines, are not in these terms.
        grid = self.grid
        if grid.metric is not None or grid.has_lines or any(grid.along(a).sides for a in range(grid.ndim)):
            return _norm_of.on(grid)(gradient.on(grid)(f, None, workers, **fields), out, workers, add=add)
        numbers, unit = unwrap(f, "f")
        if fields or (type(f) is np.ndarray and f.dtype.kind != "c"):
            return super().__call__(f, out, workers, add=add, **fields)
        samples = gather(numbers, ()).samples[0]
        if "complex" not in str(samples.dtype):
            return super().__call__(wrap(samples, unit), out, workers, add=add)
        parts = [wrap(part, unit) for part in (samples.real, samples.imag)]
        return _norm_of_parts.on(self.grid)(parts, out, workers, add=add)


@kind(geometry=True)
def _norm_of_parts(grid: Points) -> Sweep[Vector, Scalar]:
    """The norm over the axes and over the real and the imaginary part of complex samples."""
    return Sweep.of(grid, "gradient_norm", _norm_terms(grid, 2), (2,))


@kind(geometry=True)
def _norm_of(grid: Points) -> Sweep[Vector, Scalar]:
    """The length of a vector field at each point."""
    terms = tuple(Term(0, a, None, unit(grid), norm=True) for a in range(grid.ndim))
    return Sweep.of(grid, "norm", terms, vector(grid))


def _norm_terms(grid: Points, parts: int) -> tuple[Term, ...]:
    return tuple(Term(0, p, a, grid.stencil(a), norm=True) for p in range(parts) for a in range(grid.ndim))
