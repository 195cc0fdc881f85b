"""Operators on axes whose steps are even but for their rounding: solved as on even steps, and once more for what is left."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ..._backends.products import Products
from ..._base.late import sparse
from ..._base.types import Array
from ..._grid.points import Points
from ..fields.forms import Form
from .factored import Unknowns
from .inverse import ROUNDING, Inverse


class HasMatrix(Protocol):
    """What is needed of an operator."""

    grid: Points

    @property
    def inputs(self) -> Form:
        """The form of its fields."""

    def matrix(self) -> sparse.csr_array:
        """Of its linear part."""


@dataclass(frozen=True, eq=False)
class Refined(Inverse):
    """``B + B (1 - A B)`` with B the inverse of a matrix near to A: Wilkinson, Rounding Errors in Algebraic Processes (1963).

    Where entries of the two differ by d, this differs from the inverse of A by d^2.
    """

    near: Inverse
    unknowns: Unknowns
    matrix: sparse.csr_array  # A, of the unknowns
    exact: Callable[[], Inverse | None]  # the inverse in another way

    @property
    def described(self) -> str:  # type: ignore[override]
        """Of the one near to it."""
        return f"{self.near.described}, refined"

    @property
    def takes_batches(self) -> bool:  # type: ignore[override]
        """As the one near to it."""
        return self.near.takes_batches

    def __call__(self, b: Array) -> Array:
        """Solve, and for what is left; of that no mean is asked, as it is of rounding."""
        u = self.near(b)
        left = self._left(b, u)
        return u + self.near.rounded(np.inf)(self.unknowns.fields(left, b))

    def _left(self, b: Array, u: Array) -> Array:
        """``b - A u``."""
        x, y = map(self.unknowns.vectors, (u, b))
        rest: Array = y - self.matrix @ x
        return rest

    def transposed(self) -> Inverse:
        """Of the transposed matrix."""
        return replace(self, near=self.near.transposed(), matrix=self.matrix.T.tocsr())

    def rounded(self, rounding: float) -> Inverse:
        """With other limits of the mean."""
        return replace(self, near=self.near.rounded(rounding))

    def products(self) -> Products | None:
        """Eigenvectors of the very matrix, where it has some."""
        found = self.exact()
        return None if found is None else found.products()

    def solves(self) -> bool:
        """Whether what is left is of rounding, seen from one field: near to singular it need not be."""
        grid = self.unknowns.grid
        like = np.empty((*self.unknowns.form, *grid.shape))
        x = np.random.default_rng(0).standard_normal((len(self.unknowns.places), 1))
        b = self.unknowns.fields(self.matrix @ x, like)
        u = self(b)
        norm = abs(self.matrix).sum(axis=1).max(initial=0.0)
        size = norm * abs(u).max(initial=0.0) + abs(b).max(initial=0.0)
        return bool(abs(self._left(b, u)).max(initial=0.0) <= ROUNDING / 4 * size)


def refined(near: Inverse, operator: HasMatrix, exact: Callable[[], Inverse | None]) -> Inverse | None:
    """The inverse by one near to it, or else the exact one."""
    unknowns = Unknowns(operator.grid, operator.inputs)
    matrix = operator.matrix()
    own = matrix if unknowns.are_all else matrix[unknowns.places][:, unknowns.places]
    found = Refined(near, unknowns, own, exact)
    return found if found.solves() else exact()
