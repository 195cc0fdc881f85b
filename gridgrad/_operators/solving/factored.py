"""Any operator by the factors of its matrix, computed once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ..._base.late import sparse, sparse_linalg
from ..._base.types import Array, DType
from ..._grid.points import Points
from ..fields.forms import Form
from ..holding.held import components_of, is_free
from ..masked.matrix import inside_of
from .inverse import Constants, Inverse, singular
from .separable import keeps_constants

SINGULAR = 1 / np.finfo(np.float64).eps  # the condition from which on a matrix counts so


class Unknowns:
    """The points of fields that are solved for, as flat vectors: field by field, component after component."""

    def __init__(self, grid: Points, form: Form) -> None:
        self.grid, self.form = grid, form
        if grid.mask is not None:
            inside_of(grid)  # refused where each field of a batch has gaps of its own
        free = np.stack([is_free(grid, component) for component in components_of(form)])
        self.places = np.flatnonzero(free)
        self.size = free.size
        self.are_all = len(self.places) == self.size

    def vectors(self, b: Array) -> Array:
        """Columns of a matrix, one for each field of a batch."""
        flat = self._in_order(b).reshape(-1, self.size).T
        return flat if self.are_all else flat[self.places]

    def fields(self, x: Array, like: Array) -> Array:
        """The columns as fields in the shape of `like`, 0 at held points."""
        whole = x
        if not self.are_all:
            whole = np.zeros((self.size, x.shape[1]), x.dtype)
            whole[self.places] = x
        result = np.empty(like.shape, x.dtype)
        target = self._in_order(result)
        target[...] = whole.T.reshape(target.shape)
        return result

    def _in_order(self, f: Array) -> Array:
        """A view with batch axes first, then that of components, then the grid's in the order of its shape."""
        lead = 1 if self.form else 0
        axes = [axis + lead for axis in sorted(self.grid.axes_of(f.shape[lead:]))]
        behind = ([0] if lead else []) + axes
        return np.moveaxis(f, behind, range(-len(behind), 0))


class Factors:
    """SuperLU's, of a square matrix, which travels in their place: they do not pickle, and are made again on arrival.

    Diagonals that outweigh their rows or columns are pivots as they are, and then the order that suits both triangles
    leaves half of the entries of the order that allows for other pivots (Higham, Accuracy and Stability of Numerical
    Algorithms, 2nd ed., section 9.5).
    """

    def __init__(self, matrix: sparse.csr_array) -> None:
        if _is_dominant(matrix):
            how = {"SymmetricMode": True}
            lu = sparse_linalg.splu(matrix.tocsc(), "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=how)
        else:
            lu = sparse_linalg.splu(matrix.tocsc())
        self._matrix, self.solve, self.entries = matrix, lu.solve, int(lu.nnz)
        self.size = matrix.shape[0]

    def solved(self, b: Array, trans: str) -> Array:
        """Of columns: real factors serve the parts of complex numbers."""
        if np.iscomplexobj(b) and self._matrix.dtype.kind != "c":
            both = self.solve(np.concatenate([b.real, b.imag], axis=1), trans)
            real, imaginary = np.split(both, 2, axis=1)
            whole: Array = real + 1j * imaginary
            return whole
        x: Array = self.solve(np.ascontiguousarray(b, self._matrix.dtype), trans)
        return x

    def condition(self) -> float:
        """An estimate of its number, in the sum norm; infinite or NaN of what has no inverse."""
        inverse = sparse_linalg.LinearOperator(
            self._matrix.shape, dtype=self._matrix.dtype, matvec=self.solve, rmatvec=lambda x: self.solve(x, "H"),
            matmat=self.solve, rmatmat=lambda x: self.solve(x, "H"),
        )  # fmt: skip
        with np.errstate(over="ignore", invalid="ignore"):
            norm = abs(self._matrix).sum(axis=0).max()  # that of SciPy 1.13 takes no arrays
            return float(sparse_linalg.onenormest(inverse) * norm)

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self._matrix,)


def _is_dominant(matrix: sparse.csr_array) -> bool:
    """Whether no entry of the diagonal is less, but for rounding, than all others of its row together, or of its column."""
    sizes = abs(matrix)
    limits = 2 * (1 + 1e-12) * sizes.diagonal()
    return any(bool((sizes.sum(axis=axis) <= limits).all()) for axis in (0, 1))


class Means(NamedTuple):
    """Of an operator that makes 0 of constants of some components, and only results of mean 0 of these; a column for each."""

    ones: Array
    weights: Array  # of sum 1
    rest: Array  # the rows of all points but the first of each
    limits: Constants

    @classmethod
    def of(cls, matrix: sparse.csr_array, unknowns: Unknowns) -> Means | None:
        """None where there are no such components."""
        if unknowns.grid.has_lines:
            return None
        measure = np.asarray(unknowns.grid.measure, np.float64).ravel()
        component, point = np.divmod(unknowns.places, measure.size)
        columns = [component == k for k in np.unique(component)]
        kept = [own for own in columns if keeps_constants(matrix, own, own * measure[point])]
        if not kept:
            return None
        ones = np.stack(kept, axis=1).astype(float)
        weights = ones * measure[point][:, None]
        rest = np.delete(np.arange(len(ones)), ones.argmax(axis=0))
        norm = float(abs(matrix).sum(axis=1).max())
        limits = Constants((), norm, has_gaps=unknowns.grid.mask is not None)
        return cls(ones, weights / weights.sum(axis=0), rest, limits)


@dataclass(frozen=True, eq=False)
class Factored(Inverse):
    """By SuperLU: Li, ACM Transactions on Mathematical Software 31 (2005).

    Where constants of a component become 0 the factors are those of all its points but the first, whose value is taken as 0,
    then the mean.
    """

    unknowns: Unknowns
    lu: Factors | None  # None of no rows
    dtype: DType
    means: Means | None
    is_transposed: bool = False

    @property
    def described(self) -> str:  # type: ignore[override]
        """What the factors are of."""
        return f"LU factors of {len(self.unknowns.places)} rows"

    @property
    def takes_batches(self) -> bool:  # type: ignore[override]
        """Of scalar fields on axes that are counted from behind."""
        return not self.unknowns.form and max(self.unknowns.grid.axes) < 0

    def __call__(self, b: Array) -> Array:
        """Solve for each field of a batch."""
        x = self.unknowns.vectors(b)
        return self.unknowns.fields(
            self._solved(x) if self.means is None else self._projected(x, self.means), b
        )

    def _projected(self, b: Array, means: Means) -> Array:
        """Between projections, of which the transpose has the transposed ones."""
        left, right = (means.ones, means.weights) if self.is_transposed else (means.weights, means.ones)
        mean = left.T @ b
        u = np.zeros(b.shape, np.result_type(b.dtype, self.dtype))
        u[means.rest] = self._solved((b - right @ mean)[means.rest])
        u -= right @ (left.T @ u)
        if not self.is_transposed:
            for k, own in enumerate(means.ones.T > 0):
                means.limits.check(b[own], mean[k : k + 1], u[own], (0,))
        return u

    def _solved(self, b: Array) -> Array:
        """By the factors."""
        if self.lu is None or not b.size:
            return b
        return self.lu.solved(b, "T" if self.is_transposed else "N")

    def transposed(self) -> Inverse:
        """By the same factors."""
        return replace(self, is_transposed=not self.is_transposed)

    def rounded(self, rounding: float) -> Inverse:
        """With other limits of the mean."""
        return (
            self
            if self.means is None
            else replace(
                self, means=self.means._replace(limits=self.means.limits._replace(rounding=rounding))
            )
        )


def factored(matrix: sparse.csr_array, unknowns: Unknowns, order: int) -> Factored:
    """Of the rows and columns of what is solved for."""
    inside = matrix if unknowns.are_all else matrix[unknowns.places][:, unknowns.places]
    means, grid = Means.of(inside, unknowns), unknowns.grid
    has_walls = grid.metric is None and not grid.has_lines
    rest = inside if means is None else inside[means.rest][:, means.rest]
    return Factored(unknowns, factors(rest, order, has_walls), inside.dtype, means)


def factors(matrix: sparse.csr_array, order: int, has_walls: bool) -> Factors | None:
    """SuperLU's, of an operator of some order, on a grid with walls or without; singular matrices are refused."""
    if not matrix.shape[0]:
        return None
    no_inverse = "its matrix has no inverse (condition number {:.0e})"  # whichever way rounding goes
    try:
        lu = Factors(matrix)
    except RuntimeError as error:  # exactly singular
        raise singular(no_inverse.format(np.inf), order, has_walls, not order) from error
    condition = lu.condition()
    if not condition <= SINGULAR:
        raise singular(no_inverse.format(condition), order, has_walls, not order)
    return lu
