"""Operators as sparse matrices and LinearOperators, from the very weights that the kernels use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from types import ModuleType
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt

from .._backends import dispatch
from .._backends.once import left_out
from .._base.checks import dtype_or_none, masked_arrays
from .._base.errors import ArgumentTypeError, ArgumentValueError, shown
from .._base.late import sparse, sparse_linalg
from .._base.tracing import is_tracer
from .._base.types import Array
from .._base.words import answering
from .._grid.points import Points
from .._terms.matrix import term_matrix
from .._terms.term import Term, are_turned
from .fields.forms import Form, flat, shaped
from .fields.gather import gather
from .fields.quantities import check_without_units
from .fields.sides import all_like, are_constants
from .holding.held import components_of, is_free

_FORMATS = ("csr", "csc", "coo", "bsr", "dia", "dok", "lil")


class Applied(Protocol):
    """What a LinearOperator needs of an operator."""

    inputs: Form
    outputs: Form
    grids_in: tuple[Points, ...]
    grids_out: tuple[Points, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    def __call__(self, f: Any) -> Any:
        """Apply it."""

    def adjoint_operator(self) -> Applied:
        """The operator of the adjoint."""

    def result_name(self, given: str) -> str:
        """The dtype of what becomes of fields of the dtype `given`."""

    def taken(self) -> Sequence[tuple[object, tuple[Array, ...]]]:
        """Its arguments, each with its fields."""


class AsMatrix:
    """The ways in which an operator is a matrix, on flat vectors."""

    @property
    def linear(self) -> Applied:
        """The operator whose matrix it is."""
        raise NotImplementedError

    @answering(
        format="fmt layout",
        dtype="its values have another type by A.to_sparse().astype(numpy.float32): dtype",
        order="fields are flattened in C order: order",
        surplus="another type is A.to_sparse().astype(numpy.float32)",
    )
    @left_out("numbers")
    def to_sparse(self, format: str = "csr") -> sparse.csr_array:
        """The operator as a ``scipy.sparse`` array of ``self.shape``.

        Fields of ``grid.shape`` are flattened in C order, vector fields component after component. `format` is any name scipy
        knows. With coefficients on a GPU convert with ``cupyx.scipy.sparse.csr_matrix(matrix)``.

        It is float64, or complex128 where a coefficient is complex, and has the values of this moment, of `with_` those given there.
        """
        if format not in _FORMATS:
            raise ArgumentValueError(f"format must be one of {', '.join(_FORMATS)}, got {shown(format)}")
        return self.matrix().asformat(format)

    def matrix(self) -> sparse.csr_array:
        """The matrix on flattened fields, vector fields component after component."""
        raise NotImplementedError

    def separate(self) -> tuple[Term, ...] | None:
        """The terms of which the operator is the sum; None where it is more than that."""
        return None

    def factor_values(self) -> list[Array]:
        """What multiplies in the terms of `separate`, by their numbers, at the points of the grid."""
        return []

    def chains(self) -> tuple[tuple[tuple[Term, ...], ...], ...] | None:
        """The sum of products of sweeps on one grid that it is, each by its terms; None where it is more than that."""
        terms = self.separate()
        return None if terms is None else ((terms,),)

    @answering()
    @left_out("numbers")
    def to_linear_operator(self, dtype: npt.DTypeLike | None = None, xp: ModuleType | None = None) -> sparse_linalg.LinearOperator:  # fmt: skip
        """A ``scipy.sparse.linalg.LinearOperator`` (with ``xp=cupy`` cupyx's) on flat vectors of `dtype`.

        By default float64, or complex128 where a coefficient is complex. Vectors are fields of
        ``grid.shape`` as in `to_sparse`. What is later written into coefficient fields is what it uses.
        """
        return linear_operator(self.linear, dtype, xp)

    @property
    def unknowns(self) -> Array:
        """Where a field has values that `solve` finds: bools of the grid's shape, for vector fields a tuple of them.

        False at points whose value is prescribed (`value` at ``wall="point"``), whose columns in the matrix are 0,
        and outside of a mask.

        Examples
        --------
        >>> import numpy as np
        >>> import gridgrad as gg
        >>> A = gg.Grid((5, 1.0), boundary=gg.value(1.0)).laplacian
        >>> A.unknowns
        array([False,  True,  True,  True, False])
        >>> free = A.unknowns.ravel()
        >>> A.to_sparse()[free][:, free].toarray()
        array([[-2.,  1.,  0.],
               [ 1., -2.,  1.],
               [ 0.,  1., -2.]])
        """
        of = self.linear
        each = zip(of.grids_in, components_of(of.inputs), strict=True)
        return cast(Array, shaped([is_free(grid, component) for grid, component in each], of.inputs))

    @property
    def matvec(self) -> Callable[[Array], Array]:
        """The matrix times a flat vector, ``A.matvec(x)``, as SciPy's solvers ask for it: ``scipy.sparse.linalg.cg(A, b.ravel())``."""
        return partial(_on_vector, self.to_linear_operator().matvec)

    @property
    def rmatvec(self) -> Callable[[Array], Array]:
        """The conjugate transpose of the matrix times a flat vector."""
        return partial(_on_vector, self.to_linear_operator().rmatvec)


def _on_vector(product: Callable[[Array], Array], x: Array) -> Array:
    """The product of SciPy's operator with a vector that has numbers."""
    if is_tracer(x):
        raise ArgumentTypeError(
            "matvec and rmatvec are for SciPy, which needs numbers, and x is traced; under jax.jit apply the operator itself to a field, "
            "A(x.reshape(grid.shape)).ravel()"
        )
    return product(x)


def factors_on(grids: Sequence[Points], coefficients: Sequence[Array]) -> list[Array]:
    """The values of coefficients, each at the points of its grid."""
    pairs = zip(grids, _unmasked(coefficients), strict=True)
    return [_on_host(all_like(np.empty(grid.alone(), grid.dtype), (c,))[0], grid) for grid, c in pairs]


def sum_of_terms(
    terms: Sequence[Term], inputs: Sequence[Points], outputs: Sequence[Points], factors: list[Array]
) -> sparse.csr_array:
    """The matrix of terms on flattened fields on these grids, vector fields component after component."""
    blocks: dict[tuple[int, int], sparse.csr_array] = {}
    for term in (term.with_axes(inputs[0].places.__getitem__) for term in terms):
        matrix = term_matrix(term, inputs[term.input].shape, factors)
        place = (term.output, term.input)
        blocks[place] = blocks[place] + matrix if place in blocks else matrix

    def empty(i: int, j: int) -> sparse.csr_array | None:
        """Where a row or a column has no other block that tells how large it is."""
        size = prod(outputs[i].shape), prod(inputs[j].shape)
        return sparse.csr_array(size) if i == 0 or j == 0 else None

    rows = [[blocks.get((i, j), empty(i, j)) for j in range(len(inputs))] for i in range(len(outputs))]
    whole: sparse.csr_array = (
        rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else sparse.block_array(rows, format="csr")
    )
    is_complex = are_turned(terms) or any("complex" in str(c.dtype) for c in factors)
    return whole.astype(np.complex128 if is_complex else np.float64, copy=False)


def _unmasked(coefficients: Sequence[Array]) -> Sequence[Array]:
    if any(isinstance(c, masked_arrays()) and np.ma.is_masked(c) for c in coefficients):
        raise ArgumentTypeError(
            "a coefficient is masked, and a matrix has no place for its mask; give values, for example numpy.ma.filled(k, 0.0)"
        )
    return coefficients


def _on_host(coefficient: Array, grid: Points) -> Array:
    """The coefficient at the grid's points, at least in double precision, as float64 fields would have it."""
    value = gather(coefficient, ()).samples[0]
    values = np.asarray(dispatch.host(value))
    values = values.astype(np.result_type(values.dtype, np.float64), copy=False)
    try:
        return np.broadcast_to(values, grid.alone(values.ndim)).reshape(grid.shape)
    except ValueError as error:
        if isinstance(error, ArgumentValueError):
            raise
        raise ArgumentValueError(
            f"a coefficient of shape {values.shape} has batch axes; a matrix is for one field of shape {grid.shape}"
        ) from None


def linear_operator(
    operator: Applied, dtype: npt.DTypeLike | None, xp: ModuleType | None
) -> sparse_linalg.LinearOperator:
    """Matvec and rmatvec on flat vectors, through the operator and its adjoint."""
    linalg = dispatch.linalg_of(np if xp is None else xp)
    if linalg is None:
        raise ArgumentTypeError(f"a LinearOperator is for numpy or cupy vectors, not {shown(xp)}")
    check_without_units(operator, "a LinearOperator")
    _unmasked(_fields_of(operator))
    if dtype is None:
        dtype = np.complex128 if "complex" in operator.result_name("float64") else np.float64
    named = dtype_or_none(dtype)
    if named is None:
        raise ArgumentTypeError(
            f"dtype must be a type of numbers, numpy.float64 for example, got {shown(dtype)}"
        )
    return linalg.LinearOperator(
        operator.shape,
        matvec=partial(_on_vectors, operator),
        rmatvec=partial(_on_vectors, operator.adjoint_operator()),
        dtype=named,
    )


def _fields_of(operator: Applied) -> list[Array]:
    return [field for _, own in operator.taken() for field in own if not are_constants((field,))]


def _on_vectors(operator: Applied, x: Array) -> Array:
    """An operator on the flat vectors of one field."""
    most = max((c.ndim for c in _fields_of(operator)), default=0)
    shapes, field, start = [grid.alone(most) for grid in operator.grids_in], [], 0
    for shape in shapes:
        field.append(x[start : start + prod(shape)].reshape(shape))
        start += prod(shape)
    parts = flat(operator(shaped(field, operator.inputs)), operator.outputs)
    from array_api_compat import array_namespace  # not at the import of gridgrad

    whole: Array = array_namespace(*parts).concat([part.ravel() for part in parts])
    return whole
