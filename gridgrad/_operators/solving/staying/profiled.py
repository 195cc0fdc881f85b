"""Sums of rows along single axes, some times values along one of them, as ``1/r^2``: a transform of each other axis, and three diagonals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ...._base.late import sparse
from ...._base.types import Array
from ...._grid.points import Points
from ...._stencils.matrix import matrix as matrix_of
from ...._terms.term import Join, Term
from ...holding.held import free_points
from ..bands import Bands, Symmetric
from ..eigenbasis import CLOSE, EVEN, Eigenbasis, Vectors, Waves, diagonalised, is_unfit
from ..inverse import ROUNDING, Constants
from ..separable import Separable, keeps_constants, placed
from .tridiagonal import Systems


@dataclass(frozen=True, eq=False)
class Profiled(Separable):
    """As `Separable`, with eigenvalues of the other axes that are times a profile along the axis that stays.

    For each set of their coefficients that axis has a system of its own, whose main diagonal is ``T + sum of value * profile``:
    Swarztrauber, "The direct solution of the discrete Poisson equation on the surface of a sphere", J. Comput. Phys. 15 (1974).
    """

    profiles: tuple[Array, ...] = ()  # beside each axis; 0 of the one that stays

    def eigenvalues(self, shape: Sequence[int], axes: Sequence[int]) -> Array:
        """What is added to the main diagonals: of this shape, with all points of the axis that stays."""
        assert self.stays is not None
        own = axes[self.stays]
        total: Array = np.zeros([1] * len(shape))
        for k, (basis, axis) in enumerate(zip(self.bases, axes, strict=True)):
            if k != self.stays:
                total = total + placed(basis.values, shape, axis) * placed(self.profiles[k], shape, own)
        return np.broadcast_to(total, shape)

    def _made(
        self, lengths: tuple[int, ...], axes: tuple[int, ...], memory: tuple[int, ...]
    ) -> Systems | Array:
        assert self.stays is not None
        basis, axis = self.bases[self.stays], axes[self.stays]
        assert isinstance(basis, (Vectors, Waves))  # of `profiled`
        waves = tuple(a for k, a in enumerate(axes) if k != self.stays)
        sums = self.eigenvalues(lengths, axes)
        with np.errstate(divide="ignore", invalid="ignore"):  # of the last pivot of what is singular
            systems = Systems.of(basis, sums, axis, waves, memory)
        if self.means is not None:  # constants are taken as 0 at the last point
            order = systems.order
            shifts = abs(sums.transpose(order).reshape(systems.reciprocal.shape)).max(axis=1)
            beyond, beside = np.unravel_index(np.argmin(shifts), shifts.shape)
            systems.reciprocal[beyond, -1, beside] = 0
        return systems

    def products(self) -> None:
        """There are none: each system has eigenvectors of its own."""
        return


def profiled(
    grid: Points, terms: Sequence[Term] | None, factors: Callable[[], list[Array]], limit: float = EVEN
) -> Profiled | None:
    """The inverse of such terms on scalar fields; None where they are others, or where systems are not definite."""
    if terms is None or grid.ndim == 1 or not all(map(_is_simple, terms)):
        return None
    if not any(term.outer is not None for term in terms):
        return None
    values = [profile(value) for value in factors()]
    used = [values[term.outer] for term in terms if term.outer is not None]
    varying = {one[0] for one in used if one is not None and one[0] is not None}
    if None in used or len(varying) != 1:
        return None
    stays = grid.places.index(varying.pop())
    return _made(grid, terms, [None if one is None else one[1] for one in values], stays, limit)


def _is_simple(term: Term) -> bool:
    """Whether it is rows along one axis, and a factor behind them at most."""
    plain = Term(term.output, term.input, term.axis, term.stencil, outer=term.outer)
    return term == plain and term.join is Join.TOTAL and term.output == term.input == 0


def profile(value: Array) -> tuple[int | None, Array] | None:
    """Along which axis of the field it varies, if along any, and its values there; None of more than one, and of complex ones."""
    if np.iscomplexobj(value):
        return None
    vary = [k for k in range(value.ndim) if (value != value.take([0], axis=k)).any()]
    if len(vary) > 1:
        return None
    index = [slice(None) if k in vary else 0 for k in range(value.ndim)]
    return (vary[0], value[tuple(index)]) if vary else (None, value[tuple(index)])


def _made(
    grid: Points, terms: Sequence[Term], values: Sequence[Array | None], stays: int, limit: float
) -> Profiled | None:
    """With the axis that stays in three diagonals, to which multiples of the field itself are added."""
    free, n = free_points(grid, None), grid.lengths[stays]
    rows, groups = sparse.csr_array((n, n)), [_Group.none(n, length) for length in grid.lengths]
    for term in terms:
        known = None if term.outer is None else values[term.outer]
        profile = np.ones(n) if known is None else np.broadcast_to(known, n)
        matrix = matrix_of(term.stencil)
        if term.axis is None:
            rows = rows + sparse.diags_array(profile * matrix.toarray()[0, 0])
        elif term.axis == stays:
            rows = rows + sparse.diags_array(profile) @ matrix
        else:
            found = groups[term.axis].with_rows(profile, matrix)
            if found is None:
                return None
            groups[term.axis] = found
    if any(points.stop - points.start < 2 for points in free):
        return None
    bands = Bands.of(sparse.csr_array(rows)[free[stays], free[stays]])
    own = None if bands is None else Symmetric.of(bands)
    if own is None:
        return None
    bases: list[Eigenbasis] = []
    for k, group in enumerate(groups):
        basis = Vectors(own) if k == stays else diagonalised(group.matrix[free[k], free[k]], limit)
        if basis is None or (k != stays and (is_unfit(basis) or np.iscomplexobj(basis.values))):
            return None
        bases.append(basis)
    made = Profiled(
        grid,
        0.0,
        tuple(bases),
        free,
        None,
        stays,
        profiles=tuple(group.profile[free[stays]] for group in groups),
    )
    return _checked(made, own, [rows if k == stays else group.matrix for k, group in enumerate(groups)])


class _Group(NamedTuple):
    """The rows of one axis, and the profile that they all are times."""

    profile: Array
    matrix: sparse.csr_array

    @classmethod
    def none(cls, n: int, length: int) -> _Group:
        """No rows."""
        return cls(np.zeros(n), sparse.csr_array((length, length)))

    def with_rows(self, profile: Array, matrix: sparse.csr_array) -> _Group | None:
        """With more of them; None where their profile is no multiple of the others'."""
        if not self.matrix.nnz:
            return _Group(profile, matrix)
        k = int(np.argmax(abs(self.profile)))
        ratio = profile[k] / self.profile[k] if self.profile[k] else 0.0
        if (abs(profile - ratio * self.profile) > CLOSE * abs(profile)).any():
            return None
        return _Group(self.profile, sparse.csr_array(self.matrix + ratio * matrix))


def _checked(made: Profiled, own: Symmetric, matrices: Sequence[sparse.csr_array]) -> Profiled | None:
    """As it is where all systems are definite, with means where constants become 0 and nothing else does; else None."""
    low, high = own.extremes
    size = max(abs(low), abs(high))
    apart = []  # of the least value other than 0 of each axis
    for k, (basis, profile) in enumerate(zip(made.bases, made.profiles, strict=True)):
        if k != made.stays:
            corners = np.multiply.outer(basis.extremes, [profile.min(), profile.max()])
            low, high, size = low + corners.min(), high + corners.max(), size + abs(corners).max()
            apart.append(float(np.partition(abs(basis.values), 1)[1] * abs(profile).min()))
    limit = ROUNDING * size
    if max(low, -high) > limit:
        return made
    if max(low, -high) < -limit or min(*apart, own.gap(at_top=bool(high <= limit))) <= limit:
        return None
    grid, widths = made.grid, tuple(np.asarray(width, np.float64) for width in made.grid.quadrature)
    if any(points != slice(0, n) for points, n in zip(made.free, grid.lengths, strict=True)):
        return None
    if not all(map(keeps_constants, matrices, map(np.ones_like, widths), widths)):
        return None
    norm = sum(
        float(abs(matrix).sum(axis=1).max()) * (1.0 if k == made.stays else float(abs(profile).max()))
        for k, (matrix, profile) in enumerate(zip(matrices, made.profiles, strict=True))
    )
    means = Constants(widths, norm)
    return replace(made, constants=means, means=means, _inverses={})
