"""What every linear operator offers, and the product of two of them."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import ArgumentValueError
from ._fields import Form

if TYPE_CHECKING:
    from ._grid import Grid


class Linear:
    """What operators and their products share."""

    grid: Grid
    inputs: Form
    outputs: Form
    __array_ufunc__ = None  # so that NumPy leaves ``array * operator`` to the operator

    def __call__(self, f: Any, out: Any = None, workers: int | None = None) -> Any:
        """Apply the operator to `f`."""
        raise NotImplementedError

    @property
    def T(self) -> Linear:
        """The transpose as an operator, edges included."""
        raise NotImplementedError

    def adjoint(
        self, g: Any, out: Any = None, *, weight: str | None = None, workers: int | None = None
    ) -> Any:
        """The adjoint applied to `g`.

        Parameters
        ----------
        g : field of the operator's output form
            An array, or a vector field as a sequence of components or stacked along axis 0.
        out : array or nested sequence of arrays, optional
            Where the result goes.
        weight : "quadrature" or None
            The inner product: Euclidean, or ``sum(H f g)`` with H the dual-cell measure of the grid.
        workers : int, optional
            Threads on a CPU.

        Returns
        -------
        field of the operator's input form
            ``A^H g``, or ``H^-1 A^H H g``.
        """
        return self.adjoint_operator(weight)(g, out, workers)

    def adjoint_operator(self, weight: str | None = None) -> Linear:
        """The operator that `adjoint` applies."""
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns as a matrix on one field of the grid's shape, without batch axes."""
        points = prod(self.grid.shape)
        return prod(self.outputs) * points, prod(self.inputs) * points

    def to_sparse(self, format: str = "csr") -> Any:
        """The operator as a ``scipy.sparse`` array of ``self.shape``.

        Fields are flattened in C order, vector fields component after component. `format` is any
        name scipy knows. With coefficients on a GPU, or ``grid.to_sparse`` of CuPy, convert with
        ``cupyx.scipy.sparse.csr_matrix(matrix)``.
        """
        from ._sparse import operator_matrix

        return operator_matrix(self).asformat(format)

    def to_linear_operator(self, dtype: Any = np.float64, xp: Any = None) -> Any:
        """A ``scipy.sparse.linalg.LinearOperator`` (with ``xp=cupy`` cupyx's) on flat vectors of `dtype`."""
        from ._sparse import linear_operator

        return linear_operator(self, dtype, xp)

    def __matmul__(self, other: Any) -> Linear:
        if not isinstance(other, Linear):
            return NotImplemented
        return Product(self, other)


class Product(Linear):
    """``outer @ inner``: applied one after the other."""

    def __init__(self, outer: Linear, inner: Linear) -> None:
        if outer.grid.shape != inner.grid.shape or outer.inputs != inner.outputs:
            raise ArgumentValueError(
                f"cannot compose {outer!r} with {inner!r}: the second gives a {form_name(inner.outputs)} on "
                f"{inner.grid.shape}, the first takes a {form_name(outer.inputs)} on {outer.grid.shape}"
            )
        self.outer, self.inner = outer, inner
        self.grid, self.inputs, self.outputs = inner.grid, inner.inputs, outer.outputs

    def __repr__(self) -> str:
        return f"{self.outer!r} @ {self.inner!r}"

    def __call__(self, f: Any, out: Any = None, workers: int | None = None) -> Any:
        """Apply `inner`, then `outer`; the field between them is a temporary."""
        return self.outer(self.inner(f, None, workers), out, workers)

    @property
    def T(self) -> Product:
        """The transpose: both transposed, in the other order."""
        return Product(self.inner.T, self.outer.T)

    def adjoint_operator(self, weight: str | None = None) -> Product:
        """The operator that `adjoint` applies."""
        return Product(self.inner.adjoint_operator(weight), self.outer.adjoint_operator(weight))


def form_name(form: Form) -> str:
    """What a field of this form is called."""
    return {0: "scalar field", 1: "vector field"}.get(len(form), "tensor field")
