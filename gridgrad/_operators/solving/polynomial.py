"""Sums of products of sweeps whose rows along each axis have the same eigenvectors: solved by one transform of each axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import mul
from typing import NamedTuple

import numpy as np

from ..._base.late import sparse
from ..._base.types import Array
from ..._grid.points import Points
from ..._stencils.matrix import matrix as matrix_of
from ..._terms.term import Term
from ..holding.held import free_points
from .eigenbasis import CLOSE, EVEN, Eigenbasis, Ring, Still, Vectors, Waves, diagonalised, is_unfit, ring
from .inverse import ROUNDING, Constants, Inverse
from .separable import Separable, at_the_point, is_plain, keeps_constants, placed, rows_along, with_means

Chains = tuple[tuple[tuple[Term, ...], ...], ...]  # a sum of products of sums of terms


class Rows(NamedTuple):
    """One of the sums: a multiple of the field, and products of rows along different axes, by their eigenvalues.

    Each is times a power of 1j: rows are real, and so are their eigenvectors, of complex operators too.
    """

    shift: complex
    products: tuple[tuple[complex, tuple[tuple[int, Array], ...]], ...]

    def eigenvalues(self, shape: Sequence[int], axes: Sequence[int]) -> Array:
        """For coefficients of this shape."""
        total: Array = np.full([1] * len(shape), self.shift)
        for factor, product in self.products:
            total = total + factor * reduce(mul, (placed(values, shape, axes[k]) for k, values in product))
        return total

    def transposed(self) -> Rows:
        """Of real matrices: Fourier transforms have the conjugate values."""
        return self._replace(
            products=tuple(
                (factor, tuple((k, values.conj()) for k, values in own)) for factor, own in self.products
            )
        )


@dataclass(frozen=True, eq=False)
class Polynomial(Separable):
    """``u = F^-1 (F b / p)`` with p the sum of products of the eigenvalues of all sweeps."""

    chains: tuple[tuple[Rows, ...], ...] = ()

    def eigenvalues(self, shape: Sequence[int], axes: Sequence[int]) -> Array:
        """Of the whole, for coefficients of this shape."""
        return sum(
            (reduce(mul, (rows.eigenvalues(shape, axes) for rows in chain)) for chain in self.chains),
            start=np.zeros(shape),  # also along axes that nothing reads, whose points have their own fields
        )

    def transposed(self) -> Inverse:
        """Each axis transposed."""
        chains = tuple(tuple(rows.transposed() for rows in chain) for chain in self.chains)
        bases = tuple(basis.transposed() for basis in self.bases)
        turned = not self.is_transposed
        constants = None if turned else self.means
        return replace(
            self, bases=bases, chains=chains, constants=constants, is_transposed=turned, _inverses={}
        )


class _Factors(NamedTuple):
    """`Rows` by their matrices."""

    shift: complex
    products: tuple[tuple[complex, tuple[tuple[int, sparse.csr_array], ...]], ...]

    @property
    def norm(self) -> float:
        """At most as large, in the largest norm."""
        sizes = (reduce(mul, (_size(matrix) for _, matrix in own)) for _, own in self.products)
        return abs(self.shift) + sum(sizes)


def polynomial(grid: Points, chains: Chains | None, limit: float = EVEN) -> Separable | None:
    """The inverse of such a sum on scalar fields; None where its sweeps have no common eigenvectors, or along one axis.

    There factors of a few diagonals are as quick.
    """
    if chains is None or grid.ndim == 1:
        return None
    free = free_points(grid, None)
    if any(points.stop <= points.start for points in free) or not all(
        is_plain(terms) for chain in chains for terms in chain
    ):
        return None
    factors = [[_factors(grid, terms, free) for terms in chain] for chain in chains]
    along: list[list[sparse.csr_array]] = [[] for _ in free]
    for _, product in (own for chain in factors for rows in chain for own in rows.products):
        for k, matrix in product:
            along[k].append(matrix)
    common = [Common.of(matrices, points, limit) for matrices, points in zip(along, free, strict=True)]
    found = [own for own in common if own is not None]
    if len(found) < len(common):
        return None
    solved = tuple(
        tuple(
            Rows(
                rows.shift,
                tuple(
                    (factor, tuple((k, found[k].values[id(m)]) for k, m in own))
                    for factor, own in rows.products
                ),
            )
            for rows in chain
        )
        for chain in factors
    )
    made = Polynomial(grid, 0.0, tuple(own.basis for own in found), free, None, chains=solved)
    norm = sum(reduce(mul, (rows.norm for rows in chain)) for chain in factors)
    return _checked(made, found, norm)


def _factors(grid: Points, terms: Sequence[Term], free: Sequence[slice]) -> _Factors:
    """Rows along each axis, of all terms with one power of 1j together, and those along two axes."""
    shift: complex = 0.0
    products: list[tuple[complex, tuple[tuple[int, sparse.csr_array], ...]]] = []
    for turns in sorted({term.turns % 4 for term in terms}):
        factor = (1.0, 1j, -1.0, -1j)[turns]
        own = [term for term in terms if term.turns % 4 == turns]
        single = [term for term in own if term.then is None]
        shift += factor * at_the_point(single)
        products += [
            (factor, ((k, rows_along(grid, single, k)[points, points]),)) for k, points in enumerate(free)
        ]
        for term in own:
            if term.then is not None:
                both = [(k, matrix_of(one)[free[k], free[k]]) for k, one in term.stencils() if k is not None]
                products.append((factor, tuple(both)))
    return _Factors(shift, tuple(own for own in products if all(m.nnz for _, m in own[1])))


class Common(NamedTuple):
    """Eigenvectors of all matrices of an axis, with the eigenvalues of each."""

    basis: Eigenbasis
    matrix: sparse.csr_array | None  # of the basis
    values: dict[int, Array]

    @classmethod
    def of(cls, matrices: Sequence[sparse.csr_array], points: slice, limit: float) -> Common | None:
        """Those of the narrowest rows that have some, of which the others are multiples of itself and of its square."""
        still = Still(np.zeros(points.stop - points.start))
        others = [own for own in matrices if _multiple(own) is None]
        if not others:
            return cls(still, None, {id(own): still.values + own[0, 0] for own in matrices})
        for matrix in sorted(others, key=lambda own: int(own.nnz)):
            basis = diagonalised(matrix, limit)
            if isinstance(basis, (Ring, Waves, Vectors)) and not is_unfit(basis):
                values = {id(own): _values_in(basis, matrix, own) for own in matrices}
                found = {key: own for key, own in values.items() if own is not None}
                return cls(basis, matrix, found) if len(found) == len(values) else None
        return None


def _multiple(matrix: sparse.csr_array) -> float | None:
    """What it multiplies all points by, where it does no more: 1 where fields hold what is prescribed."""
    main = matrix.diagonal()
    return float(main[0]) if matrix.nnz == len(main) and (main == main[0]).all() and main[0] else None


def _values_in(basis: Eigenbasis, matrix: sparse.csr_array, other: sparse.csr_array) -> Array | None:
    """The eigenvalues of another matrix with these eigenvectors, to rounding of its entries; None if they are not its own."""
    if isinstance(basis, Ring):
        found = ring(other, CLOSE if basis.is_exact else EVEN)
        return None if found is None else found.values
    multiple = _multiple(other)
    if multiple is not None:
        return np.full(basis.size, multiple)
    square = matrix @ matrix
    wider = (square - square.multiply(matrix != 0)).tocsr()  # the entries beside those of the matrix
    twice = _ratio(other, square, wider)
    rest = other - twice * square
    once = _ratio(rest, matrix, matrix)
    apart, sizes = (abs(own).max(axis=1).toarray() for own in (rest - once * matrix, other))
    is_found = (apart <= (8 * CLOSE if basis.is_exact else EVEN) * sizes).all()
    return once * basis.values + twice * basis.values**2 if is_found else None


def _ratio(other: sparse.csr_array, matrix: sparse.csr_array, where: sparse.csr_array) -> float:
    """That of two matrices at the largest entry of `where`; 0 where it has none."""
    entries = where.tocoo()
    if not entries.nnz:
        return 0.0
    rows, columns = entries.coords
    k = int(np.argmax(abs(entries.data)))
    return float(other[rows[k], columns[k]] / matrix[rows[k], columns[k]])


def _size(matrix: sparse.csr_array) -> float:
    return float(abs(matrix).sum(axis=1).max())


def _checked(made: Polynomial, common: Sequence[Common], norm: float) -> Polynomial | None:
    """With the constants that it makes 0, if there are no others; None where some eigenvalues are too small to tell."""
    sizes = [len(own.basis.values) for own in common]
    values = abs(made.eigenvalues(sizes, range(len(sizes))))
    zeros = values <= ROUNDING * values.max()
    if not zeros.any():
        return made
    widths = tuple(np.asarray(width, np.float64) for width in made.grid.quadrature)
    mean = tuple(int(np.argmin(abs(own.basis.values))) for own in common)
    are_kept = [
        len(width) == size and (own.matrix is None or keeps_constants(own.matrix, np.ones_like(width), width))
        for own, width, size in zip(common, widths, sizes, strict=True)
    ]
    if int(zeros.sum()) > 1 or not all(are_kept) or not zeros[mean]:
        return None
    return with_means(replace(made, constants=Constants(widths, norm), _inverses={}))
