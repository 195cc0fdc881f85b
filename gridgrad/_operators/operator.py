"""`Operator`: what every linear map on a grid offers, calls, transposes, matrices and arithmetic."""

from __future__ import annotations

from math import prod
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Never

import numpy.typing as npt

from .._base.errors import ArgumentTypeError
from .._base.types import Between, In, Maps, Out, applies, transposes
from .._base.words import absent
from .._grid.points import Points
from .._wraps.units import present
from .fields.coefficients import Argument, Given, check_names, clean_factor, is_finite
from .fields.forms import Form
from .sparse import linear_operator

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import LinearOperator


class Operator(Maps[In, Out]):
    """An operator on a grid, for annotations: what a `Grid` makes, and its sums, multiples, products and adjoints.

    Applied by calling it; added, subtracted, multiplied by numbers, composed with ``@``. Not to be changed.

    Examples
    --------
    >>> import gridgrad as gg
    >>> def twice(A: gg.Operator) -> gg.Operator:
    ...     return A @ A
    """

    grid: Points
    inputs: Form
    outputs: Form
    arguments: tuple[Argument, ...]  # what it was made with, without the fields
    __array_ufunc__ = None  # so that NumPy leaves ``array * operator`` to the operator

    if not TYPE_CHECKING:  # or a checker would take every name for one
        __getattr__ = absent

    @applies
    def __call__(self, f: object, out: object = None, workers: int | None = None, **fields: object) -> object:
        """Apply the operator to `f`."""
        raise NotImplementedError

    def with_(self, **changes: object) -> Operator[In, Out]:
        """The operator with other options, or of other fields than those that it was made with.

        Parameters
        ----------
        **changes
            Options of an operator of a grid, which its `help` lists: ``grid.laplacian.with_(accuracy=4)``.
            And fields, ``v=`` of `Grid.advect` and `Grid.directional_derivative`, ``k=`` of `Grid.diffuse`,
            also where they stand in sums, multiples, products and adjoints: for these nothing is planned
            anew. ``A(f, v=v)`` is ``A.with_(v=v)(f)``; matrices are those of ``A.with_(v=v).to_sparse()``.

        Raises
        ------
        TypeError
            A name that the operator does not have, or has for several different fields; a number in
            the place of a field.
        ValueError
            An option that is not offered; a wrong number of components; another number in the weights.
        """
        return self.of_fields(changes, "with_")

    def of_fields(self, fields: dict[str, object], method: str) -> AnyOperator:
        """The operator of other fields, that a call of `method` gave."""
        check_names(self.arguments, fields, self.taken, f"Operator.{method}")
        return self.with_own(fields)

    def with_own(self, fields: dict[str, object]) -> Operator[In, Out]:
        """The operator of those other fields whose names it has."""
        raise NotImplementedError

    def taken(self) -> list[Given]:
        """The arguments that the operator was made with, each with its fields."""
        raise NotImplementedError

    @property
    def T(self) -> Operator[Out, In]:
        """The transpose as an operator, edges included."""
        raise NotImplementedError

    @transposes
    def adjoint(
        self, g: Any, out: Any = None, *, weight: str | None = None, workers: int | None = None, **fields: Any
    ) -> object:
        """The adjoint applied to `g`.

        Parameters
        ----------
        g : field of the operator's output form
            An array, or a vector field as a sequence of components or stacked along axis 0.
        out : array or nested sequence of arrays, optional
            Where the result goes.
        weight : "quadrature" or None
            The inner product: Euclidean, or ``sum(H f g)`` with H the dual-cell measure of the grid. Of
            several grids with the same points it is that of the first in a sum; in a product ``A @ B``
            that of B for what goes in and that of A for what comes out.
        workers : int, optional
            Threads on a CPU.
        **fields
            Other fields than those that the operator was made with, for this call.

        Returns
        -------
        field of the operator's input form
            ``A^H g``, or ``H^-1 A^H H g``.
        """
        turned: AnyOperator = self.adjoint_operator(weight)
        return turned(g, out, workers, **fields)

    def adjoint_operator(self, weight: str | None = None) -> Operator[Out, In]:
        """The operator that `adjoint` applies."""
        raise NotImplementedError

    @property
    def grid_out(self) -> Points:
        """The grid of the results, which in products may end otherwise than `grid`."""
        return self.grid

    def reweighted(
        self, before: tuple[Points, Points] | None = None, after: tuple[Points, Points] | None = None
    ) -> Operator[In, Out]:
        """The operator between multiplications with the ratios of two grids' measures, where they differ."""
        result = self  # composed by name: torch's compiler does not trace `@` of objects
        if before is not None:
            ratio = self.ratio_of_measures(*before, self.inputs)
            result = result if ratio is None else result.composed(ratio)
        if after is not None:
            ratio = self.ratio_of_measures(*after, self.outputs)
            result = result if ratio is None else ratio.composed(result)
        return result

    def ratio_of_measures(self, grid: Points, other: Points, form: Form) -> AnyOperator | None:
        """The multiplication with ``grid.measure / other.measure`` on fields of this form; None where it is 1."""
        raise NotImplementedError

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns as a matrix on one field of the grid's shape, without batch axes."""
        points = prod(self.grid.shape)
        return prod(self.outputs) * points, prod(self.inputs) * points

    def to_sparse(self, format: str = "csr") -> csr_array:
        """The operator as a ``scipy.sparse`` array of ``self.shape``.

        Fields of ``grid.shape`` are flattened in C order, vector fields component after component.
        `format` is any name scipy knows. With coefficients on a GPU, or ``grid.to_sparse`` of CuPy,
        convert with ``cupyx.scipy.sparse.csr_matrix(matrix)``.

        The matrix is that of the operator on float64 fields, of dtype float64, or complex128 where a
        coefficient is complex: coefficients of other dtypes are converted first, as the operator
        does. It has the values of this moment, of `with_` those given there.
        """
        return self.matrix().asformat(format)

    def matrix(self) -> csr_array:
        """The matrix on flattened fields, vector fields component after component."""
        raise NotImplementedError

    def to_linear_operator(self, dtype: npt.DTypeLike | None = None, xp: ModuleType | None = None) -> LinearOperator:  # fmt: skip
        """A ``scipy.sparse.linalg.LinearOperator`` (with ``xp=cupy`` cupyx's) on flat vectors of `dtype`.

        By default float64, or complex128 where a coefficient is complex. Vectors are fields of
        ``grid.shape`` as in `to_sparse`. What is later written into coefficient fields is what it uses.
        """
        return linear_operator(self, dtype, xp)

    def __matmul__(self, other: Operator[Between, In]) -> Operator[Between, Out]:
        if not isinstance(other, Operator):
            raise _no_operator("@ composes operators", other, "apply an operator by calling it, op(f)")
        return self.composed(other)

    def composed(self, other: Operator[Between, In]) -> Operator[Between, Out]:
        """The operator that applies `other`, then this one."""
        raise NotImplementedError

    def __rmatmul__(self, other: object) -> Never:
        raise _no_operator("@ composes operators", other, "apply the transpose to a field, op.T(f)")

    def __pow__(self, other: object) -> Never:
        raise _no_operator("operators have no powers", other, "compose them, op @ op")

    def __pos__(self) -> Operator[In, Out]:
        return self

    def __mul__(self, factor: float) -> Operator[In, Out]:
        return self.scaled(clean_factor(factor))

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Operator[In, Out]:
        number = clean_factor(divisor)
        if not is_finite(1 / number):  # of a subnormal number
            return self.scaled(2.0**100).scaled(1 / (number * 2.0**100))
        return self.scaled(1 / number)

    def __rtruediv__(self, other: object) -> Never:
        raise _no_operator(
            "nothing is divided by an operator", other, "solve with op.to_sparse() or op.to_linear_operator()"
        )

    def __neg__(self) -> Operator[In, Out]:
        return self.scaled(-1.0)

    def __add__(self, other: Operator[In, Out] | Literal[0]) -> Operator[In, Out]:
        if isinstance(other, (int, float)) and other == 0:  # where sum() begins
            return self
        if present(other):  # what a quantity times an operator is
            raise _no_operator("operators have no units", other, "add what they give, f + dt * L(f)")
        if not isinstance(other, Operator):
            raise _no_operator(
                "operators are added to operators",
                other,
                "a multiple of the field itself is 2 * grid.identity",
            )
        return self.plus(other)

    def plus(self, other: Operator[In, Out]) -> Operator[In, Out]:
        """The sum with another operator."""
        raise NotImplementedError

    __radd__ = __add__

    def __sub__(self, other: Operator[In, Out]) -> Operator[In, Out]:
        return self.__add__(-other if isinstance(other, Operator) else other)

    def __rsub__(self, other: Operator[In, Out]) -> Operator[In, Out]:
        return (-self).__add__(other)

    def scaled(self, factor: float) -> Operator[In, Out]:
        """The operator times a finite real number."""
        raise NotImplementedError

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""
        raise NotImplementedError


def _no_operator(rule: str, other: object, instead: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{rule}, got {type(other).__name__}; {instead}")


AnyOperator = Operator[Any, Any]
