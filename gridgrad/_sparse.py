"""Operators as sparse matrices and LinearOperators, from the very weights that the kernels use."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from array_api_compat import array_namespace

from . import _transpose
from ._errors import ArgumentTypeError, ArgumentValueError
from ._fields import flat, gather
from ._linear import Linear, Product, Sum
from ._plan import Term
from ._stencils import Array, Stencil
from ._wraps.calls import check_without_units

if TYPE_CHECKING:
    from ._grid import Grid
    from ._operator import Operator


def operator_matrix(operator: Linear) -> Any:
    """The matrix on flattened fields, vector fields component after component."""
    if isinstance(operator, Product):
        return operator_matrix(operator.outer) @ operator_matrix(operator.inner)
    if isinstance(operator, Sum):
        return operator_matrix(operator.first) + operator_matrix(operator.second)
    return _sum_of_terms(operator)  # type: ignore[arg-type]


def _sum_of_terms(operator: Operator) -> Any:
    from scipy import sparse

    operator._require_linear("a matrix")
    check_without_units(operator, "a matrix")
    grid = operator.grid
    points = prod(grid.shape)
    factors = [_on_host(c, grid) for c in _unmasked(operator.current_coefficients())]
    blocks: dict[tuple[int, int], Any] = {}
    for term in (_placed(term, grid.places) for term in operator.terms):
        matrix = _term_matrix(term, grid.shape, factors)
        place = (term.output, term.input)
        blocks[place] = blocks[place] + matrix if place in blocks else matrix
    empty = sparse.csr_array((points, points))
    rows = [
        [
            blocks.get((i, j), empty if (i, j) == (0, 0) or i == 0 or j == 0 else None)
            for j in range(prod(operator.inputs))
        ]
        for i in range(prod(operator.outputs))
    ]
    whole: Any = (
        rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else sparse.block_array(rows, format="csr")
    )
    return whole.astype(_dtype_of(factors), copy=False)


def _unmasked(coefficients: Sequence[Any]) -> Sequence[Any]:
    if any(np.ma.is_masked(c) for c in coefficients):
        raise ArgumentTypeError(
            "a coefficient is masked, and a matrix has no place for its mask; give values, for example numpy.ma.filled(k, 0.0)"
        )
    return coefficients


def _dtype_of(coefficients: Iterable[Any]) -> Any:
    """Of matrices and vectors: complex where a coefficient is."""
    return np.complex128 if any("complex" in str(c.dtype) for c in coefficients) else np.float64


def _placed(term: Term, places: tuple[int, ...]) -> Term:
    """The term on the axes of the grid's shape, which are those of a field without batch axes."""
    then = None if term.then is None else (places[term.then[0]], term.then[1])
    return term._replace(axis=places[term.axis], then=then)


def _on_host(coefficient: Any, grid: Grid) -> Array:
    """The coefficient at the grid's points, at least in double precision, as float64 fields would have it."""
    value = gather(coefficient, ()).samples[0]
    if hasattr(value, "get") and hasattr(value, "__cuda_array_interface__"):
        value = value.get()
    elif hasattr(value, "detach"):
        value = import_module("gridgrad._torch_tensors").to_host(value)
    values = np.asarray(value)
    values = values.astype(np.result_type(values.dtype, np.float64), copy=False)
    try:
        return np.broadcast_to(values, grid.alone(values.ndim)).reshape(grid.shape)
    except ValueError as error:
        if isinstance(error, ArgumentValueError):
            raise
        raise ArgumentValueError(
            f"a coefficient of shape {values.shape} has batch axes; a matrix is for one field of shape {grid.shape}"
        ) from None


def _term_matrix(term: Term, shape: tuple[int, ...], factors: list[Array]) -> Any:
    from scipy import sparse

    if term.place == "faces":
        return _faces_matrix(term, shape, factors[term.coefficient or 0])
    matrix = _along(term.axis, term.stencil, shape)
    if term.then is not None:
        matrix = _along(*term.then, shape) @ matrix
    if term.coefficient is None:
        return matrix
    diagonal = sparse.diags_array(factors[term.coefficient].ravel())
    return (diagonal @ matrix if term.place == "point" else matrix @ diagonal).tocsr()


def _along(axis: int, stencil: Stencil, shape: tuple[int, ...]) -> Any:
    """The Kronecker product of one axis' matrix with identities."""
    from scipy import sparse

    before, after = prod(shape[:axis]), prod(shape[axis + 1 :])
    matrix = _transpose.matrix(stencil)
    if after > 1:
        matrix = sparse.kron(matrix, sparse.eye_array(after), format="csr")
    return sparse.kron(sparse.eye_array(before), matrix, format="csr") if before > 1 else matrix


def _faces_matrix(term: Term, shape: tuple[int, ...], coefficient: Array) -> Any:
    """Each pair weighted by the mean of the coefficient at its ends."""
    from scipy import sparse

    axis, points = term.axis, prod(shape)
    row, a, b, weight = _pairs(term.stencil)
    index = np.moveaxis(np.arange(points).reshape(shape), axis, 0)
    along = np.moveaxis(coefficient, axis, 0)
    factor = weight.reshape(-1, *(1,) * (len(shape) - 1)) * ((along[a] + along[b]) * 0.5)
    entries = [(index[row], index[b], factor)]
    if not term.stencil.values:
        entries.append((index[row], index[a], -factor))
    rows, columns, values = (np.concatenate([entry[k].ravel() for entry in entries]) for k in range(3))
    return sparse.coo_array((values, (rows, columns)), shape=(points, points)).tocsr()


def _pairs(stencil: Stencil) -> tuple[Array, Array, Array, Array]:
    """All pairs of all rows: row, a, b and weight."""
    inner = stencil.interior()
    points = np.arange(inner.start, max(inner.start, inner.stop))
    columns: list[tuple[Array, ...]] = [
        (points, points + a, points + b, np.broadcast_to(weight, stencil.length)[points])
        for (a, b), weight in zip(stencil.offsets, stencil.weights, strict=True)
    ]
    edges = [
        *enumerate(stencil.leading),
        *enumerate(stencil.trailing, start=stencil.length - len(stencil.trailing)),
    ]
    entries = [(i, *pair) for i, row in edges for pair in row]
    if entries:
        columns.append(tuple(np.array(column) for column in zip(*entries, strict=True)))
    if not columns:  # of a factor of 0
        columns.append((*np.zeros((3, 0), int), np.zeros(0)))
    row, a, b, weight = (np.concatenate([column[k] for column in columns]) for k in range(4))
    return row, a, b, _transpose.whole_weights(weight, stencil.power, np.float64)


def row_table(stencil: Stencil) -> tuple[Array, Array]:
    """Columns and weights of each row, padded with the row's own point and 0."""
    matrix = _transpose.matrix(stencil, np.asarray(stencil.smallest_and_largest_weight()[1]).dtype)
    counts = np.diff(matrix.indptr)
    place = np.arange(counts.max(initial=0)) < counts[:, None]
    columns = np.where(place, 0, np.arange(stencil.length)[:, None])
    weights = np.zeros(place.shape, matrix.dtype)
    columns[place], weights[place] = matrix.indices, matrix.data
    return columns, weights


def linear_operator(operator: Linear, dtype: Any, xp: Any) -> Any:
    """Matvec and rmatvec on flat vectors, through the operator and its adjoint."""
    if xp is None or xp is np:
        from scipy.sparse import linalg
    elif getattr(xp, "__name__", "") == "cupy":
        from cupyx.scipy.sparse import linalg
    else:
        raise ArgumentTypeError(f"a LinearOperator is for numpy or cupy vectors, not {xp!r}")
    check_without_units(operator, "a LinearOperator")
    fields = _unmasked(_fields_of(operator))
    return linalg.LinearOperator(
        operator.shape,
        matvec=_OnVectors(operator),
        rmatvec=_OnVectors(operator.adjoint_operator()),
        dtype=np.dtype(_dtype_of(fields) if dtype is None else dtype),
    )


def _fields_of(operator: Linear) -> list[Any]:
    return [field for _, own in operator.taken() for field in own]


class _OnVectors:
    """An operator on the flat vectors of one field; an object, as functions inside of functions do not pickle."""

    def __init__(self, operator: Linear) -> None:
        self.operator = operator

    def __call__(self, x: Any) -> Any:
        operator = self.operator
        most = max((c.ndim for c in _fields_of(operator)), default=0)
        parts = flat(operator(x.reshape(*operator.inputs, *operator.grid.alone(most))), operator.outputs)
        return array_namespace(*parts).concat([part.ravel() for part in parts])
