"""Rows that read a point and the two beside it: as three diagonals, and made symmetric by weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..._base.cache import cached_property
from ..._base.late import linalg, sparse
from ..._base.types import Array


@dataclass(frozen=True, eq=False)
class Bands:
    """The three diagonals of a matrix that has no others."""

    lower: Array
    main: Array
    upper: Array

    @classmethod
    def of(cls, matrix: sparse.csr_array) -> Bands | None:
        """None where there are others."""
        entries = matrix.tocoo()
        if entries.nnz and abs(entries.coords[0] - entries.coords[1]).max() > 1:
            return None
        return cls(*(matrix.diagonal(k) for k in (-1, 0, 1)))


@dataclass(frozen=True, eq=False)
class Symmetric:
    """``S = W^1/2 T W^-1/2`` of rows T whose two weights between any neighbours have one sign."""

    bands: Bands  # of T
    beside: Array
    root: Array  # the diagonal of W^1/2

    @property
    def main(self) -> Array:
        """The same of both."""
        return self.bands.main

    @classmethod
    def of(cls, bands: Bands) -> Symmetric | None:
        """None where no weights make it symmetric, or none within the range of numbers."""
        product = bands.lower * bands.upper
        if not (product > 0).all():
            return None
        with np.errstate(over="ignore", under="ignore"):
            root = np.sqrt(np.concatenate([[1.0], np.cumprod(bands.upper / bands.lower)]))
        if not (np.isfinite(root).all() and root.all()):
            return None
        return cls(bands, np.copysign(np.sqrt(product), bands.upper), root)

    @cached_property
    def decomposed(self) -> tuple[Array, Array]:
        """Eigenvalues and eigenvectors: of the order of n^2 operations, and n^2 numbers."""
        values, vectors = linalg.eigh_tridiagonal(self.main, self.beside)
        return values, vectors

    @cached_property
    def extremes(self) -> tuple[float, float]:
        """The least eigenvalue and the largest, by bisection."""
        return self._eigenvalue(0), self._eigenvalue(len(self.main) - 1)

    def gap(self, at_top: bool) -> float:
        """The size of the eigenvalue next to the largest, or to the least."""
        return abs(self._eigenvalue(len(self.main) - 2 if at_top else 1))

    def _eigenvalue(self, k: int) -> float:
        return float(linalg.eigvalsh_tridiagonal(self.main, self.beside, select="i", select_range=(k, k))[0])
