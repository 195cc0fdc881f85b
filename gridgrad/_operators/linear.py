"""What every linear operator offers; products and sums that are applied one after the other."""

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
from .coefficients import Argument, Given, check_names, clean_factor, is_finite
from .fields import (
    Form,
    about_to_hold,
    added,
    check_alike,
    check_composed,
    check_dtypes,
    check_masks,
    dtype_of,
    flat,
    joined_name,
    targets_of,
)
from .sparse import linear_operator

if TYPE_CHECKING:
    from scipy.sparse import csr_array
    from scipy.sparse.linalg import LinearOperator


class Linear(Maps[In, Out]):
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

    def with_(self, **changes: object) -> Linear[In, Out]:
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

    def of_fields(self, fields: dict[str, object], method: str) -> AnyLinear:
        """The operator of other fields, that a call of `method` gave."""
        check_names(self.arguments, fields, self.taken, f"Operator.{method}")
        return self.with_own(fields)

    def with_own(self, fields: dict[str, object]) -> Linear[In, Out]:
        """The operator of those other fields whose names it has."""
        raise NotImplementedError

    def taken(self) -> list[Given]:
        """The arguments that the operator was made with, each with its fields."""
        raise NotImplementedError

    @property
    def T(self) -> Linear[Out, In]:
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
        turned: AnyLinear = self.adjoint_operator(weight)
        return turned(g, out, workers, **fields)

    def adjoint_operator(self, weight: str | None = None) -> Linear[Out, In]:
        """The operator that `adjoint` applies."""
        raise NotImplementedError

    @property
    def grid_out(self) -> Points:
        """The grid of the results, which in products may end otherwise than `grid`."""
        return self.grid

    def reweighted(
        self, before: tuple[Points, Points] | None = None, after: tuple[Points, Points] | None = None
    ) -> Linear[In, Out]:
        """The operator between multiplications with the ratios of two grids' measures, where they differ."""
        result = self
        if before is not None:
            ratio = self.ratio_of_measures(*before, self.inputs)
            result = result if ratio is None else Product(result, ratio)
        if after is not None:
            ratio = self.ratio_of_measures(*after, self.outputs)
            result = result if ratio is None else Product(ratio, result)
        return result

    def ratio_of_measures(self, grid: Points, other: Points, form: Form) -> AnyLinear | None:
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

    def __matmul__(self, other: Linear[Between, In]) -> Linear[Between, Out]:
        if not isinstance(other, Linear):
            raise _no_operator("@ composes operators", other, "apply an operator by calling it, op(f)")
        return Product(self, other)

    def __rmatmul__(self, other: object) -> Never:
        raise _no_operator("@ composes operators", other, "apply the transpose to a field, op.T(f)")

    def __pow__(self, other: object) -> Never:
        raise _no_operator("operators have no powers", other, "compose them, op @ op")

    def __pos__(self) -> Linear[In, Out]:
        return self

    def __mul__(self, factor: float) -> Linear[In, Out]:
        return self.scaled(clean_factor(factor))

    __rmul__ = __mul__

    def __truediv__(self, divisor: float) -> Linear[In, Out]:
        number = clean_factor(divisor)
        if not is_finite(1 / number):  # of a subnormal number
            return self.scaled(2.0**100).scaled(1 / (number * 2.0**100))
        return self.scaled(1 / number)

    def __rtruediv__(self, other: object) -> Never:
        raise _no_operator(
            "nothing is divided by an operator", other, "solve with op.to_sparse() or op.to_linear_operator()"
        )

    def __neg__(self) -> Linear[In, Out]:
        return self.scaled(-1.0)

    def __add__(self, other: Linear[In, Out] | Literal[0]) -> Linear[In, Out]:
        if isinstance(other, (int, float)) and other == 0:  # where sum() begins
            return self
        if present(other):  # what a quantity times an operator is
            raise _no_operator("operators have no units", other, "add what they give, f + dt * L(f)")
        if not isinstance(other, Linear):
            raise _no_operator(
                "operators are added to operators",
                other,
                "a multiple of the field itself is 2 * grid.identity",
            )
        return Sum(self, other)

    __radd__ = __add__

    def __sub__(self, other: Linear[In, Out]) -> Linear[In, Out]:
        return self.__add__(-other if isinstance(other, Linear) else other)

    def __rsub__(self, other: Linear[In, Out]) -> Linear[In, Out]:
        return (-self).__add__(other)

    def scaled(self, factor: float) -> Linear[In, Out]:
        """The operator times a finite real number."""
        raise NotImplementedError

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""
        raise NotImplementedError


def _no_operator(rule: str, other: object, instead: str) -> ArgumentTypeError:
    return ArgumentTypeError(f"{rule}, got {type(other).__name__}; {instead}")


AnyLinear = Linear[Any, Any]


class Joined(Linear[In, Out]):
    """What is made of two operators, with the fields of both."""

    def __init__(self, first: AnyLinear, second: AnyLinear) -> None:
        self.parts = first, second
        self.arguments = first.arguments + second.arguments

    def with_own(self, fields: dict[str, object]) -> Linear[In, Out]:
        """The same, made of operators of other fields."""
        return type(self)(*[part.with_own(fields) for part in self.parts])

    def taken(self) -> list[Given]:
        """The arguments of both."""
        return [given for part in self.parts for given in part.taken()]

    def ratio_of_measures(self, grid: Points, other: Points, form: Form) -> AnyLinear | None:
        """The multiplication with the measures of one grid over those of another."""
        return self.parts[0].ratio_of_measures(grid, other, form)


class Product(Joined[In, Out]):
    """``outer @ inner``: applied one after the other."""

    def __init__(self, outer: Linear[Any, Out], inner: Linear[In, Any]) -> None:
        check_composed(outer, inner)
        super().__init__(outer, inner)
        self.outer, self.inner = self.parts
        self.grid, self.inputs, self.outputs = inner.grid, inner.inputs, outer.outputs

    def __repr__(self) -> str:
        return f"{self.outer!r} @ {self.inner!r}"

    @applies
    def __call__(self, f: Any, out: Any = None, workers: int | None = None, **fields: object) -> object:
        """Apply `inner`, then `outer`; the field between them is a temporary."""
        if fields:
            return self.of_fields(fields, "__call__")(f, out, workers)
        return self.outer(self.inner(about_to_hold(f), None, workers), out, workers)

    @property
    def grid_out(self) -> Points:
        """The grid of the results."""
        return self.outer.grid_out

    @property
    def T(self) -> Product[Out, In]:
        """The transpose: both transposed, in the other order."""
        return Product(self.inner.T, self.outer.T)

    def adjoint_operator(self, weight: str | None = None) -> Product[Out, In]:
        """The operator that `adjoint` applies.

        Each adjoint weighs with its own grid: the field between them then needs the ratio of both.
        """
        outer = self.outer.adjoint_operator(weight)
        if weight is not None:
            outer = outer.reweighted(after=(self.outer.grid, self.inner.grid_out))
        return Product(self.inner.adjoint_operator(weight), outer)

    def matrix(self) -> csr_array:
        """The product of both matrices."""
        return self.outer.matrix() @ self.inner.matrix()

    def scaled(self, factor: float) -> Product[In, Out]:
        """The product with the outer operator times a finite real number."""
        return Product(self.outer.scaled(factor), self.inner)

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""
        return self.outer.result_name(self.inner.result_name(given))


class Sum(Joined[In, Out]):
    """Two operators applied to the same field, their results added; of which at least one is a product."""

    def __init__(self, first: Linear[In, Out], second: Linear[In, Out]) -> None:
        check_alike(first, second)
        super().__init__(first, second)
        self.first, self.second = self.parts
        self.grid, self.inputs, self.outputs = first.grid, first.inputs, first.outputs

    def __repr__(self) -> str:
        return f"{self.first!r} + {self.second!r}"

    @applies
    def __call__(self, f: Any, out: Any = None, workers: int | None = None, **fields: object) -> object:
        """Apply both; the result of one is a temporary. Both together decide the dtype, in either order."""
        if fields:
            return self.of_fields(fields, "__call__")(f, out, workers)
        f = about_to_hold(f)
        if out is None:
            addend = self.second(f, None, workers)
            return added(self.first(f, None, workers), addend)
        given = dtype_of(f, self.inputs)
        wanted = self.result_name(given)
        into, other = self.first, self.second
        if into.result_name(given) != wanted:  # rounds: what is written first has the dtype of the whole
            into, other = other, into
        values = flat(other(f, None, workers), self.outputs)
        targets = targets_of(out, self.outputs, values[0].shape)
        check_dtypes(targets, wanted)
        masked = check_masks(targets, values)
        if into.result_name(given) == wanted and not masked:
            into(f, out, workers)
            for target, value in zip(targets, values, strict=True):
                target[...] += value
            return out
        for target, value, addend in zip(
            targets, flat(into(f, None, workers), self.outputs), values, strict=True
        ):
            target[...] = value + addend
        return out

    @property
    def grid_out(self) -> Points:
        """The grid of the results, of the first operator's."""
        return self.first.grid_out

    @property
    def T(self) -> Sum[Out, In]:
        """The transpose: the sum of both."""
        return Sum(self.first.T, self.second.T)

    def adjoint_operator(self, weight: str | None = None) -> Sum[Out, In]:
        """The operator that `adjoint` applies: with a weight, that of the first operator's grids."""
        first, second = self.first.adjoint_operator(weight), self.second.adjoint_operator(weight)
        if weight is not None:
            second = second.reweighted(
                before=(self.first.grid_out, self.second.grid_out), after=(self.second.grid, self.first.grid)
            )
        return Sum(first, second)

    def matrix(self) -> csr_array:
        """The sum of both matrices."""
        return self.first.matrix() + self.second.matrix()

    def scaled(self, factor: float) -> Sum[In, Out]:
        """Both times a finite real number."""
        return Sum(self.first.scaled(factor), self.second.scaled(factor))

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""
        return joined_name({self.first.result_name(given), self.second.result_name(given)})
