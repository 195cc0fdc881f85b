"""`Operator`: what every linear map on a grid offers, calls, transposes, matrices and arithmetic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Never, overload

from .._backends.once import Multiplied
from .._base.errors import MISSING
from .._base.types import Between, In, Out, Scalar, Vector, seen, transposes
from .._base.words import answering, offered
from .._base.words.names import absent
from .._grid.points import Points
from .fields.coefficients import Coefficients, Given, check_names, is_finite
from .fields.factors import (
    Factor,
    Number,
    check_single,
    check_zero,
    divisor_of,
    factor_of,
    no_operator,
    number_of,
)
from .fields.forms import Form, shaped
from .fields.grids import OnGrids
from .fields.sides import zeros_for
from .on_fields import OnFields, refuse
from .solves import Solves
from .sparse import AsMatrix

NAMED = "options and fields have names, A.with_(accuracy=4)"


class Operator(OnGrids, AsMatrix, Solves, OnFields[In, Out], Multiplied):
    """An operator on a grid: what a `Grid` makes, and its sums, multiples, products and adjoints; the name for annotations.

    ``A(f)`` applies it. ``A + B``, ``2 * A``, ``a * A`` with a field `a`, and ``A @ B``, which applies B, then A, are operators
    too. `with_` has other options, `adjoint` and `T` the transpose, `to_sparse` the matrix, `solve` the inverse, and
    ``A.weights(axis)`` of an operator along one axis the weights of each point. Operators are immutable.

    See Also
    --------
    Grid : makes operators.

    Examples
    --------
    >>> import numpy as np
    >>> import gridgrad as gg
    >>> grid = gg.Grid((5, 1.0), boundary="periodic")
    >>> step = grid.identity + 0.25 * grid.laplacian  # one operator, one pass over memory
    >>> step(np.array([0.0, 0.0, 1.0, 0.0, 0.0]))
    array([0.  , 0.25, 0.5 , 0.25, 0.  ])
    >>> step.to_sparse().shape
    (5, 5)
    """

    _seen = (
        "T", "adjoint", "adjoint_operator", "linear", "matvec", "offset", "rmatvec", "shape", "solve", "solver", "to_linear_operator",
        "to_sparse", "unknowns", "weights", "with_",
    )  # fmt: skip
    __array_ufunc__ = None  # so that NumPy leaves ``array * operator`` to the operator

    if not TYPE_CHECKING:  # or a checker would take every name for one
        __getattr__ = absent

    __dir__ = seen

    @answering(NAMED)
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

    def with_first(self, fields: Coefficients) -> Operator[In, Out]:
        """The operator of its own fields, in front of what is prescribed at walls."""
        raise NotImplementedError

    def of_copies(self) -> Operator[In, Out]:
        """The operator of copies of its fields, as they are now; what is prescribed at walls stays what it is."""
        raise NotImplementedError

    @property
    def bare(self) -> Operator[In, Out]:
        """The operator of fields that hold what is prescribed at points on walls; see `Holding`."""
        return self

    def held(self) -> Operator[In, Out]:
        """The operator of all fields, whatever they have at these points."""
        return self

    def before(self, outer: AnyOperator) -> AnyOperator | None:
        """What `outer` makes of what this makes, where that is one operator of held fields; None elsewhere."""
        return None

    def taken(self) -> list[Given]:
        """The arguments that the operator was made with, each with its fields."""
        raise NotImplementedError

    @property
    def linear(self) -> Operator[In, Out]:
        """The linear part of the operator: 0 in the place of all that is prescribed at walls; itself where nothing is.

        With values, slopes or Robin conditions at walls ``A(f) = A.linear(f) + A.offset``. Transposes, adjoints,
        matrices and derivatives by f are those of `linear`.
        """
        raise NotImplementedError

    @property
    def offset(self) -> Any:
        """What values at walls, as they are now, add to the result: ``A`` of a field of zeros; 0 where none are prescribed.

        An array of the grid's shape (behind the batch axes of prescribed arrays), of the library and the
        dtype of these; for vector results a tuple of them.
        """
        _, fields = self.linear, [c for _, own in self.taken() for c in own]  # where there is a linear part
        return self(shaped([zeros_for(grid, fields) for grid in self.grids_in], self.inputs))

    @property
    def T(self) -> Operator[Out, In]:
        """The transpose as an operator, ends included; where walls have values, that of `linear`."""
        raise NotImplementedError

    @transposes
    @offered
    def adjoint(
        self, g: Any = MISSING, *others: object, out: Any = None, weight: str | None = None, workers: int | None = None, **fields: Any
    ) -> object:  # fmt: skip
        """The adjoint applied to `g`.

        Parameters
        ----------
        g : field of the operator's output form
            An array, or a vector field as a sequence of components or stacked along axis 0.
        out : array or nested sequence of arrays, optional
            Where the result goes.
        weight : "quadrature" or None
            The inner product: Euclidean, or ``sum(H f g)`` with H the grid's `measure`. Of
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
        if others or g is MISSING:
            refuse("Operator.adjoint", (g, *others), "A.adjoint(g, out=o)", fields, g=g)
        return self.adjoint_operator(weight).applied_to(g, out, workers, fields=fields)

    def adjoint_operator(self, weight: str | None = None) -> Operator[Out, In]:
        """The operator that `adjoint` applies."""
        raise NotImplementedError

    def reweighted(self, before: tuple[Points, Points] | None = None, after: tuple[Points, Points] | None = None) -> Operator[In, Out]:  # fmt: skip
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

    def is_at_points(self) -> bool:
        """Whether each result is made of its own point alone."""
        return False

    @overload
    def __matmul__(self, other: AtPoints) -> Operator[In, Out]: ...
    @overload
    def __matmul__(self, other: Operator[Between, In]) -> Operator[Between, Out]: ...
    def __matmul__(self, other: AnyOperator) -> AnyOperator:
        if isinstance(other, Operator):
            return self.composed(other)
        raise no_operator(
            "@ composes operators", other, "apply an operator by calling it, op(f); its matrix times a flat vector is op.matvec(x)",
        )  # fmt: skip

    def composed(self, other: Operator[Between, In]) -> Operator[Between, Out]:
        """The operator that applies `other`, then this one."""
        raise NotImplementedError

    def __rmatmul__(self, other: object) -> Never:
        raise no_operator("@ composes operators", other, "apply the transpose to a field, op.T(f)")

    def __pow__(self, other: object) -> Never:
        raise no_operator(
            "operators have no powers",
            other,
            "compose them, op @ op; a derivative of higher order is grid.derivative(0, order=2)",
        )

    def __pos__(self) -> Operator[In, Out]:
        return self

    def __rmul__(self, factor: object) -> Operator[In, Out]:
        number = number_of(factor)
        return self.multiplied(factor_of(self.grids_out, factor)) if number is None else self.scaled(number)

    def __mul__(self, factor: object) -> Operator[In, Out]:
        check_single(factor)
        return self.__rmul__(factor)

    def __truediv__(self, divisor: complex) -> Operator[In, Out]:
        number = divisor_of(divisor)
        if not is_finite(abs(1 / number)):  # of a subnormal number
            return self.scaled(2.0**100).scaled(1 / (number * 2.0**100))
        return self.scaled(1 / number)

    def __rtruediv__(self, other: object) -> Never:
        raise no_operator("nothing is divided by an operator", other, "solve with op.solve(b)")

    def __neg__(self) -> Operator[In, Out]:
        return self.scaled(-1.0)

    @overload
    def __add__(self: OfVectors, other: AtPoints) -> OfVectors: ...
    @overload
    def __add__(self, other: Operator[In, Out] | Literal[0]) -> Operator[In, Out]: ...
    def __add__(self, other: AnyOperator | Literal[0]) -> AnyOperator:
        if isinstance(other, Operator):
            return self.plus(other)
        check_zero(other)
        return self

    def on_fields_of(self, other: AnyOperator) -> AnyOperator:
        """The operator as it is added to another: of one at points alone, on each component of the other's vector fields."""
        if self.inputs or self.outputs or not other.inputs or other.inputs != other.outputs:
            return self
        return self.on_each_component(other.inputs, other.linear is other)

    def on_each_component(self, form: Form, is_linear: bool) -> AnyOperator:
        """Of an operator of scalar fields at points alone, the same on each component of fields of a form; all others as they are.

        Where it `is_linear` what is prescribed for the components is left out.
        """
        return self

    def plus(self, other: AnyOperator) -> AnyOperator:
        """The sum with another operator."""
        raise NotImplementedError

    @overload
    def __radd__(self: OfVectors, other: AtPoints) -> OfVectors: ...
    @overload
    def __radd__(self, other: Literal[0]) -> Operator[In, Out]: ...
    def __radd__(self, other: AnyOperator | Literal[0]) -> AnyOperator:
        return self.__add__(other)

    @overload
    def __sub__(self: OfVectors, other: AtPoints) -> OfVectors: ...
    @overload
    def __sub__(self, other: Operator[In, Out] | Literal[0]) -> Operator[In, Out]: ...
    def __sub__(self, other: AnyOperator | Literal[0]) -> AnyOperator:
        return self.minus(other) if isinstance(other, Operator) else self.__add__(other)

    def minus(self, other: AnyOperator) -> AnyOperator:
        """The difference to another operator."""
        return self.__add__(-other)

    @overload
    def __rsub__(self: OfVectors, other: AtPoints) -> OfVectors: ...
    @overload
    def __rsub__(self, other: Literal[0]) -> Operator[In, Out]: ...
    def __rsub__(self, other: AnyOperator | Literal[0]) -> AnyOperator:
        return (-self).__add__(other)

    def scaled(self, factor: Number) -> Operator[In, Out]:
        """The operator times a finite number."""
        raise NotImplementedError

    def multiplied(self, factor: Factor) -> Operator[In, Out]:
        """What it gives times a field."""
        raise NotImplementedError

    def of_multiplied(self, factor: Factor) -> Operator[In, Out]:
        """The operator applied to its field times another."""
        raise NotImplementedError

    def as_factor(self) -> Factor | None:
        """The field by which it multiplies, if it does nothing else."""
        return None

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""
        raise NotImplementedError


AnyOperator = Operator[Any, Any]
OfVectors = Operator[Vector, Vector]

if TYPE_CHECKING:

    class AtPoints(Operator[Scalar, Scalar]):
        """The identity, multiplications and their multiples: beside operators of vector fields they are of each component."""

        @property
        def T(self) -> AtPoints: ...
        @property
        def linear(self) -> AtPoints: ...
        def with_(self, **changes: object) -> AtPoints: ...
        def adjoint_operator(self, weight: str | None = None) -> AtPoints: ...
        def __pos__(self) -> AtPoints: ...
        def __neg__(self) -> AtPoints: ...
        def __rmul__(self, factor: object) -> AtPoints: ...
        def __mul__(self, factor: object) -> AtPoints: ...
        def __truediv__(self, divisor: complex) -> AtPoints: ...
        @overload
        def __matmul__(self, other: AtPoints) -> AtPoints: ...
        @overload
        def __matmul__(self, other: Operator[In, Out]) -> Operator[In, Out]: ...
        def __matmul__(self, other: AnyOperator) -> AnyOperator: ...
        @overload
        def __add__(self, other: AtPoints | Literal[0]) -> AtPoints: ...
        @overload
        def __add__(self, other: Operator | Literal[0]) -> Operator: ...
        def __add__(self, other: AnyOperator | Literal[0]) -> AnyOperator: ...
        def __radd__(self, other: Literal[0]) -> AtPoints: ...
        @overload
        def __sub__(self, other: AtPoints | Literal[0]) -> AtPoints: ...
        @overload
        def __sub__(self, other: Operator | Literal[0]) -> Operator: ...
        def __sub__(self, other: AnyOperator | Literal[0]) -> AnyOperator: ...
        def __rsub__(self, other: Literal[0]) -> AtPoints: ...

else:
    AtPoints = Operator
