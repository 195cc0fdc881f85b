"""Sums of products of any rows along one axis with rows of the others that have common eigenvectors: a transform of these, and LU factors along that one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import mul
from typing import NamedTuple

import numpy as np

from ...._base.late import sparse
from ...._base.types import Array
from ...._grid.points import Points
from ...._stencils.matrix import matrix as matrix_of
from ...._terms.matrix import term_matrix
from ...._terms.term import VALUE, Term, joins_of
from ...holding.held import free_points
from ..eigenbasis import EVEN, Eigenbasis, Ring, Still, Vectors, diagonalised
from ..factored import SINGULAR, Factors
from ..inverse import Constants, side_by_side
from ..polynomial import Common
from ..separable import Separable, keeps_constants, placed
from .profiled import profile


class Piece(NamedTuple):
    """Rows along the axis that stays, times eigenvalues of products of rows along others."""

    rows: sparse.csr_array
    values: tuple[tuple[int, Array], ...] = ()

    def at(self, shape: Sequence[int]) -> Array:
        """The eigenvalues for coefficients of this shape, whose axes are the grid's."""
        found: Array = np.ones([1] * len(shape))
        return reduce(mul, (placed(values, shape, k) for k, values in self.values), found)


@dataclass(frozen=True, eq=False)
class Blocks:
    """``M u = c`` with the blocks of M on the diagonal, one for each set of coefficients."""

    order: tuple[int, ...]  # of axes: batches, those of coefficients, that which stays
    factors: Factors
    left_out: int | None  # an unknown that is 0
    is_transposed: bool

    def __call__(self, c: Array, is_own: bool) -> Array:
        """Solve all of them."""
        x = c.transpose(self.order)
        columns = side_by_side(x).reshape(-1, self.factors.size).T
        if self.left_out is not None:
            columns = columns.copy(order="F")
            columns[self.left_out] = 0
        found = self.factors.solved(columns, "H" if self.is_transposed else "N")
        return found.T.reshape(x.shape).transpose(np.argsort(self.order))


@dataclass(frozen=True, eq=False)
class Blocked(Separable):
    """As `Separable`, with a matrix of its own along the axis that stays for each set of coefficients of the others.

    Their factors have as many entries as bands have, and pivots, so that nothing is asked of signs.
    """

    staying = "LU factors"
    pieces: tuple[Piece, ...] = ()
    _factors: dict[tuple[int, ...], tuple[Factors, int | None]] = field(default_factory=dict)

    def factors(self, shape: tuple[int, ...]) -> tuple[Factors, int | None]:
        """Those for coefficients of this shape, along the grid's axes, and the unknown that is left out where constants become 0."""
        if shape not in self._factors:
            self._factors[shape] = self._factored(shape)
        return self._factors[shape]

    def _factored(self, shape: tuple[int, ...]) -> tuple[Factors, int | None]:
        assert self.stays is not None
        n, others = shape[self.stays], tuple(1 if k == self.stays else m for k, m in enumerate(shape))
        values = [np.broadcast_to(piece.at(others), others).ravel() for piece in self.pieces]
        parts = [
            sparse.kron(sparse.diags_array(own), piece.rows)
            for own, piece in zip(values, self.pieces, strict=True)
        ]
        matrix, left_out = sparse.csr_array(sum(parts[1:], start=parts[0])), None
        if self.means is not None:
            varying = [abs(own) for own, piece in zip(values, self.pieces, strict=True) if piece.values]
            left_out = int(np.argmin(sum(varying))) * n + n - 1
            kept = np.ones(len(values[0]) * n)
            kept[left_out] = 0
            matrix = sparse.diags_array(kept) @ matrix @ sparse.diags_array(kept) + sparse.diags_array(
                1 - kept
            )
        return Factors(sparse.csr_array(matrix)), left_out

    def _made(self, lengths: tuple[int, ...], axes: tuple[int, ...], memory: tuple[int, ...]) -> Blocks:
        assert self.stays is not None
        waves = [axis for k, axis in enumerate(axes) if k != self.stays]
        batch = [axis for axis in memory if axis not in axes]
        factors, left_out = self.factors(tuple(lengths[axis] for axis in axes))
        return Blocks((*batch, *waves, axes[self.stays]), factors, left_out, self.is_transposed)

    def products(self) -> None:
        """There are none."""
        return

    def has_inverse(self) -> bool:
        """Whether all matrices of real right-hand sides have one."""
        try:
            factors, _ = self.factors(self._of_real())
        except RuntimeError:  # exactly singular
            return False
        return bool(factors.condition() <= SINGULAR)

    def _of_real(self) -> tuple[int, ...]:
        """How many coefficients they have: half of those of the axis that has the first Fourier transform."""
        shape = [basis.size for basis in self.bases]
        rings = [k for k in self.in_order(self.grid.axes) if isinstance(self.bases[k], Ring)]
        for k in rings[:1]:
            shape[k] = shape[k] // 2 + 1
        return tuple(shape)


class _Product(NamedTuple):
    """A term as a product of the matrices of its axes."""

    rows: sparse.csr_array
    others: tuple[tuple[int, sparse.csr_array], ...]


def blocked(
    grid: Points, terms: Sequence[Term] | None, factors: Callable[[], list[Array]], limit: float = EVEN
) -> Blocked | None:
    """The inverse of such terms on scalar fields; None where they are others."""
    if terms is None or grid.ndim == 1 or not all(map(_is_real, terms)) or joins_of(terms):
        return None
    own = [profile(value) for value in factors()]
    used = [own[k] for term in terms for k in term.factors()]
    varying = {one[0] for one in used if one is not None and one[0] is not None}
    if None in used or len(varying) > 1:
        return None
    values = [None if one is None else one[1] for one in own]
    free = free_points(grid, None)
    if any(points.stop <= points.start for points in free):
        return None
    first = [grid.places.index(axis) for axis in varying]
    for stays in first or range(grid.ndim):
        products = [_product(term, values, stays, grid.lengths[stays]) for term in terms]
        found = _made(grid, products, free, stays, limit)
        if found is not None and found.has_inverse():
            return found
    return None


def _is_real(term: Term) -> bool:
    return not term.turns and term.output == term.input == 0


def _product(term: Term, values: Sequence[Array | None], stays: int, n: int) -> _Product:
    """What multiplies varies along the axis that stays, so that it is part of the rows there: as a mean at the faces of others, too."""
    others = tuple((k, matrix_of(one)) for k, one in term.stencils() if k not in (None, stays))
    own = next((one for k, one in term.stencils() if k == stays), None)
    whole = term.stencil if term.axis is None else VALUE
    at_faces = term.faces if term.axis == stays else None
    alone = term._replace(
        axis=None if own is None else 0, stencil=whole if own is None else own, then=None, faces=at_faces
    )
    profiles = [np.broadcast_to(0.0 if value is None else value, (n,)) for value in values]
    rows = term_matrix(alone, (n,), profiles)
    if term.faces is not None and at_faces is None:
        rows = sparse.diags_array(profiles[term.faces]) @ rows
    return _Product(sparse.csr_array(rows), others)


def _made(
    grid: Points, products: Sequence[_Product], free: Sequence[slice], stays: int, limit: float
) -> Blocked | None:
    """None where other axes have no common eigenvectors."""
    along: list[list[sparse.csr_array]] = [[] for _ in free]
    pieces = []
    for rows, others in products:
        matrices = tuple((k, sparse.csr_array(matrix[free[k], free[k]])) for k, matrix in others)
        pieces.append(_Product(sparse.csr_array(rows[free[stays], free[stays]]), matrices))
        for k, matrix in matrices:
            along[k].append(matrix)
    bases: list[Eigenbasis] = []
    values: dict[int, Array] = {}
    for k, points in enumerate(free):
        beside = math.prod(grid.lengths) // grid.lengths[k]
        if k != stays and grid.lengths[k] > 64 + 8 * beside and any(map(_has_vectors, along[k])):
            return None  # factors of the whole are quicker
        common = None if k == stays else Common.of(along[k], points, limit)
        if common is None and k != stays:
            return None
        bases.append(Still(np.zeros(points.stop - points.start)) if common is None else common.basis)
        values |= {} if common is None else common.values
    whole = tuple(
        Piece(rows, tuple((k, values[id(own)]) for k, own in matrices)) for rows, matrices in pieces
    )
    made = Blocked(grid, 0.0, tuple(bases), tuple(free), None, stays, pieces=whole)
    constants = _constants(grid, pieces, free, stays)
    return replace(made, constants=constants, means=constants, _inverses={}, _factors={})


def _constants(
    grid: Points, pieces: Sequence[_Product], free: Sequence[slice], stays: int
) -> Constants | None:
    """Where they become 0, and all that is made has the mean 0: by the rows that are the same for all, and by one axis of each product."""
    if any(points != slice(0, n) for points, n in zip(free, grid.lengths, strict=True)):
        return None
    widths = tuple(np.asarray(width, np.float64) for width in grid.quadrature)
    alone = [rows for rows, others in pieces if not others]

    def are_kept(k: int, matrix: sparse.csr_array) -> bool:
        return keeps_constants(matrix, np.ones_like(widths[k]), widths[k])

    if alone and not are_kept(stays, sparse.csr_array(sum(alone[1:], start=alone[0]))):
        return None
    if not all(any(are_kept(k, own) for k, own in others) for _, others in pieces if others):
        return None
    norms = [math.prod(map(_size, [rows, *(own for _, own in others)])) for rows, others in pieces]
    return Constants(widths, sum(norms))


def _has_vectors(matrix: sparse.csr_array) -> bool:
    return isinstance(diagonalised(matrix), Vectors)


def _size(matrix: sparse.csr_array) -> float:
    return float(abs(matrix).sum(axis=1).max())
