"""One axis that is not diagonalised: a system of three diagonals for each set of coefficients of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..._base.types import Array
from .along import Along, Vectors
from .inverse import ROUNDING, along


@dataclass(frozen=True, eq=False)
class Lines:
    """``(S + shift) W^1/2 u = W^1/2 c`` for all shifts, one system after the other in the diagonals of one: LAPACK's pttrs.

    Of the order of the number of points, where eigenvectors need as many operations more as the axis has points.
    """

    axis: int
    waves: tuple[int, ...]  # the axes of the shifts
    root: Array
    sign: float  # of the eigenvalues
    main: Array  # the factors D and L of all systems
    beside: Array

    @classmethod
    def of(cls, line: Vectors, sums: Array, axis: int, waves: tuple[int, ...]) -> Lines:
        """With one shift for each set of coefficients along the axes `waves`, which `sums` has at their places."""
        from scipy.linalg.lapack import dpttrf

        rows = line.rows
        others = [k for k in range(sums.ndim) if k not in waves]
        shifts = sums.transpose(*others, *waves)
        sign = -1.0 if rows.main[0] + shifts.flat[0] < 0 else 1.0
        main = sign * (rows.main + shifts.reshape(-1, 1))
        beside = np.zeros_like(main)
        beside[:, :-1] = sign * rows.beside
        d, e, failed = dpttrf(main.ravel(), beside.ravel()[:-1])
        assert not failed  # `definite` was asked before
        return cls(axis, waves, 1 / rows.root if line.is_transposed else rows.root, sign, d, e)

    def __call__(self, c: Array) -> Array:
        """Solve all of them."""
        from scipy.linalg.lapack import dpttrs

        own = {*self.waves, self.axis}
        order = [*(k for k in range(c.ndim) if k not in own), *self.waves, self.axis]
        x = np.multiply(c.transpose(order), self.sign * self.root, order="C")
        parts = np.stack([x.real, x.imag]) if np.iscomplexobj(x) else x
        found, _ = dpttrs(self.main, self.beside, parts.reshape(-1, len(self.main)).T, overwrite_b=True)
        u = found.T.reshape(parts.shape)
        back = (u if parts is x else u[0] + 1j * u[1]).transpose(np.argsort(order))
        return along(back, 1 / self.root, self.axis)


def staying(shift: float, lines: Sequence[Along]) -> int | None:
    """Which axis to keep: the longest without a transform, where that makes all systems definite; else None."""
    plain = [k for k, line in enumerate(lines) if isinstance(line, Vectors) and line.size > 1]
    if not plain:
        return None
    k = max(plain, key=lambda k: lines[k].size)
    return k if _is_definite(shift, lines) else None


def _is_definite(shift: float, lines: Sequence[Along]) -> bool:
    """Whether all eigenvalues of the sum have one sign, and are none of rounding."""
    if not all(np.isrealobj(line.values) for line in lines if not isinstance(line, Vectors)):
        return False
    ends = [line.extremes for line in lines]
    low, high = (shift + sum(pair[k] for pair in ends) for k in (0, 1))
    size = abs(shift) + sum(max(map(abs, pair)) for pair in ends)
    return bool(max(low, -high) > ROUNDING * size)
