"""What every linear operator offers; products and sums that are applied one after the other."""

from __future__ import annotations

from math import isfinite, prod
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import ArgumentTypeError, ArgumentValueError
from ._fields import Form, targets_of
from ._tracing import is_compiling, specialised
from ._wraps.units import present

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
            raise _no_operator("@ composes operators", other, "apply an operator by calling it, op(f)")
        return Product(self, other)

    def __rmatmul__(self, other: Any) -> Linear:
        raise _no_operator("@ composes operators", other, "apply the transpose to a field, op.T(f)")

    def __pow__(self, other: Any) -> Linear:
        raise _no_operator("operators have no powers", other, "compose them, op @ op")

    def __pos__(self) -> Linear:
        return self

    def __mul__(self, factor: Any) -> Linear:
        return self.scaled(clean_factor(factor))

    __rmul__ = __mul__

    def __truediv__(self, divisor: Any) -> Linear:
        return self.scaled(1 / clean_factor(divisor))

    def __rtruediv__(self, other: Any) -> Linear:
        raise _no_operator(
            "nothing is divided by an operator", other, "solve with op.to_sparse() or op.to_linear_operator()"
        )

    def __neg__(self) -> Linear:
        return self.scaled(-1.0)

    def __add__(self, other: Any) -> Linear:
        if isinstance(other, (int, float)) and other == 0:  # where sum() begins
            return self
        if not isinstance(other, Linear):
            raise _no_operator(
                "operators are added to operators",
                other,
                "a multiple of the field itself is 2 * grid.identity",
            )
        return Sum(self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Linear:
        return self.__add__(-other if isinstance(other, Linear) else other)

    def __rsub__(self, other: Any) -> Linear:
        return (-self).__add__(other)

    def scaled(self, factor: float) -> Linear:
        """The operator times a finite real number."""
        raise NotImplementedError


def _no_operator(rule: str, other: Any, instead: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{rule}, got {type(other).__name__}; {instead}")


def clean_factor(factor: Any) -> float:
    """A finite real number that scales an operator."""
    if is_compiling():
        factor = specialised(factor)
    if present(factor):
        raise ArgumentTypeError(
            f"an operator is scaled by a real number, got {factor!r}; apply it with op(f), and multiply what it gives"
        )
    if not isinstance(factor, Real) and not (
        isinstance(factor, np.ndarray) and factor.ndim == 0 and factor.dtype.kind in "iuf"
    ):
        raise ArgumentTypeError(
            f"an operator is scaled by a real number, got {type(factor).__name__}; apply it with op(f), and multiply what it gives"
        )
    try:
        number = float(factor)
    except OverflowError:  # an int beyond all floats
        number = float("inf")
    if not isfinite(number):
        raise ArgumentValueError(f"an operator is scaled by finite numbers, got {str(factor)[:40]}")
    return number


class Product(Linear):
    """``outer @ inner``: applied one after the other."""

    def __init__(self, outer: Linear, inner: Linear) -> None:
        check_grids(outer.grid, inner.grid, "composed")
        if outer.inputs != inner.outputs:
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

    def scaled(self, factor: float) -> Product:
        """The product with the outer operator times a finite real number."""
        return Product(self.outer.scaled(factor), self.inner)


class Sum(Linear):
    """Two operators applied to the same field, their results added; of which at least one is a product."""

    def __init__(self, first: Linear, second: Linear) -> None:
        check_alike(first, second)
        self.first, self.second = first, second
        self.grid, self.inputs, self.outputs = first.grid, first.inputs, first.outputs

    def __repr__(self) -> str:
        return f"{self.first!r} + {self.second!r}"

    def __call__(self, f: Any, out: Any = None, workers: int | None = None) -> Any:
        """Apply both; the result of the second is a temporary."""
        addend = self.second(f, None, workers)
        result = self.first(f, out, workers)
        if out is None:
            return _added(result, addend)
        values = flat(addend, self.outputs)
        for target, value in zip(targets_of(out, self.outputs, values[0].shape), values, strict=True):
            target[...] += value
        return out

    @property
    def T(self) -> Sum:
        """The transpose: the sum of both."""
        return Sum(self.first.T, self.second.T)

    def adjoint_operator(self, weight: str | None = None) -> Sum:
        """The operator that `adjoint` applies."""
        return Sum(self.first.adjoint_operator(weight), self.second.adjoint_operator(weight))

    def scaled(self, factor: float) -> Sum:
        """Both times a finite real number."""
        return Sum(self.first.scaled(factor), self.second.scaled(factor))


def _added(a: Any, b: Any) -> Any:
    return tuple(map(_added, a, b)) if isinstance(a, tuple) else a + b


def flat(field: Any, form: Form) -> list[Any]:
    """The components of a result, whether nested tuples or one stacked array."""
    return [field] if not form else [part for k in range(form[0]) for part in flat(field[k], form[1:])]


def check_grids(first: Grid, second: Grid, what: str) -> None:
    """Refuse grids of other points; other boundaries are allowed."""
    if first is second:
        return
    if first.units != second.units:
        raise ArgumentTypeError(
            f"operators on grids of different units cannot be {what}: {first.units} and {second.units}"
        )
    if first.shape != second.shape or first.axes != second.axes:
        raise ArgumentValueError(
            f"operators on different grids cannot be {what}: {first.shape} on axes {first.axes} and {second.shape} on axes {second.axes}"
        )
    for axis, x, y in zip(first.axes, first.coordinates, second.coordinates, strict=True):
        if not np.array_equal(x, y):
            raise ArgumentValueError(
                f"operators on different grids cannot be {what}: their coordinates along axis {axis} differ"
            )


def check_alike(first: Linear, second: Linear) -> None:
    """Refuse to add operators that are not maps between the same fields."""
    check_grids(first.grid, second.grid, "added")
    if (first.inputs, first.outputs) != (second.inputs, second.outputs):
        raise ArgumentValueError(
            f"cannot add {first!r} and {second!r}: they map {form_name(first.inputs)} -> {form_name(first.outputs)} and "
            f"{form_name(second.inputs)} -> {form_name(second.outputs)}"
        )


def form_name(form: Form) -> str:
    """What a field of this form is called."""
    return {0: "scalar field", 1: "vector field"}.get(len(form), "tensor field")
