"""One axis that is not diagonalised: a system of three diagonals for each set of coefficients of the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...._backends.numpy import tridiagonal
from ...._base.types import Array
from ..eigenbasis import EVEN, Eigenbasis, Vectors, Waves
from ..inverse import ROUNDING, side_by_side


@dataclass(frozen=True, eq=False)
class Systems:
    """``(T + shift) u = c`` for all shifts, all systems at once, and without pivots, which definite ones do not need.

    Of the order of the number of points, where eigenvectors need as many operations more as the axis has points.
    """

    order: tuple[int, ...]  # of axes: batches, systems beyond the axis' own, that, systems beside it
    back: tuple[int, ...]  # to their order in a field
    reciprocal: Array  # 1 over the pivots of all systems
    lower: Array
    upper: Array

    @classmethod
    def of(
        cls, basis: Vectors | Waves, sums: Array, axis: int, waves: tuple[int, ...], memory: tuple[int, ...]
    ) -> Systems:
        """With one shift for each set of coefficients along the axes `waves`, for arrays whose axes lie in this order.

        Where `sums` has the length of the axis there is one for each of its points too.
        """
        # What is next to each other in memory goes through the systems side by side.
        ahead = () if memory[-1] == axis else memory[: memory.index(axis)]
        batch = [k for k in memory if k not in waves and k != axis]
        beyond, beside = (
            [k for k in memory if k in waves and (k in ahead) is there] for there in (True, False)
        )
        order = (*batch, *beyond, axis, *beside)
        bands = basis.bands
        lower, upper = map(np.ascontiguousarray, (bands.lower, bands.upper))  # the core reads them by address
        if basis.is_transposed:
            lower, upper = upper, lower
        shifts = sums.transpose(order).reshape(-1, sums.shape[axis], math.prod(sums.shape[k] for k in beside))
        main = shifts + bands.main[:, None]
        return cls(
            order,
            tuple(np.argsort(order).tolist()),
            tridiagonal.reciprocals(main, lower, upper),
            lower,
            upper,
        )

    def __call__(self, c: Array, is_own: bool) -> Array:
        """Solve all of them: in the place of what is the solver's own."""
        x = c.transpose(self.order)
        own = np.ascontiguousarray(side_by_side(x))
        if np.may_share_memory(own, c) and not is_own:
            own = own.copy()
        tridiagonal.solve(
            own.reshape(-1, *self.reciprocal.shape[1:]), self.reciprocal, self.lower, self.upper
        )
        return own.transpose(self.back)


def staying(shift: float, bases: Sequence[Eigenbasis], axes: Sequence[int]) -> int | None:
    """Which axis to keep, where that makes all systems definite: the longest that has no transform.

    Else one of several that have: one whose steps are rounded, as what stays is exact, of type I, which takes twice the
    length, or the one whose points lie furthest apart.
    """
    plain = [k for k, basis in enumerate(bases) if isinstance(basis, Vectors) and basis.size > 1]
    waves = [
        k
        for k, basis in enumerate(bases)
        if isinstance(basis, Waves) and (len(bases) > 1 or not basis.is_exact)
    ]
    if not plain + waves:
        return None
    slow = {k: basis.type == 1 for k, basis in enumerate(bases) if isinstance(basis, Waves)}
    cost = {k: (not bases[k].is_exact, is_slow, -axes[k]) for k, is_slow in slow.items()}
    k = max(plain, key=lambda k: bases[k].size) if plain else max(waves, key=lambda k: cost[k])
    return k if _is_definite(shift, bases) else None


def _is_definite(shift: float, bases: Sequence[Eigenbasis]) -> bool:
    """Whether all eigenvalues of the sum have one sign, and are none of rounding."""
    if not all(np.isrealobj(basis.values) for basis in bases if not isinstance(basis, Vectors)):
        return False
    ends = [basis.extremes for basis in bases]
    low, high = (shift + sum(pair[k] for pair in ends) for k in (0, 1))
    size = abs(shift) + sum(max(map(abs, pair)) for pair in ends)
    limit = ROUNDING if all(basis.is_exact for basis in bases) else EVEN
    return bool(max(low, -high) > limit * size)
