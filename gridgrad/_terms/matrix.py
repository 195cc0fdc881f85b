"""A term as a sparse matrix, from the very weights that the kernels use."""

from __future__ import annotations

from math import prod

import numpy as np

from .._base.late import sparse
from .._base.types import Array
from .._stencils.matrix import matrix as matrix_of
from .._stencils.matrix import pairs
from .._stencils.stencil import Stencil
from .term import Term, check_has_sign, mean_at_faces


def term_matrix(term: Term, shape: tuple[int, ...], factors: list[Array]) -> sparse.csr_array:
    """The matrix of one term on flattened fields of `shape`, with the values of its factors."""
    if term.faces is None:
        matrix = _along(term.axis, term.stencil, shape)
    else:
        matrix = _faces_matrix(term, shape, factors[term.faces])
    if term.then is not None:
        matrix = _along(*term.then, term._replace(then=None).shape_of(shape)) @ matrix
    if term.inner is not None:
        matrix = matrix @ _diagonal(factors[term.inner], term.inner_sign)
    if term.outer is not None:
        matrix = _diagonal(factors[term.outer], term.outer_sign) @ matrix
    whole: sparse.csr_array = (matrix * (1, 1j, -1, -1j)[term.turns % 4] if term.turns else matrix).tocsr()
    if term.inner_sign or term.outer_sign or term.gated:
        whole.eliminate_zeros()  # of the points whose factor has the other sign, or lets nothing past
    return whole


def _diagonal(factor: Array, sign: int) -> sparse.csr_array:
    """A factor as a matrix; of one sign where it has one."""
    if sign:
        check_has_sign(factor.dtype.kind == "c")
        factor = np.where(factor <= 0 if sign > 0 else factor >= 0, 0, factor)
    return sparse.diags_array(factor.ravel())


def _along(axis: int | None, stencil: Stencil, shape: tuple[int, ...]) -> sparse.csr_array:
    """The Kronecker product of one axis' matrix, or of a number, with identities."""
    before, after = (prod(shape), 1) if axis is None else (prod(shape[:axis]), prod(shape[axis + 1 :]))
    matrix = matrix_of(stencil)
    if after > 1:
        matrix = sparse.kron(matrix, sparse.eye_array(after), format="csr")
    return sparse.kron(sparse.eye_array(before), matrix, format="csr") if before > 1 else matrix


def _faces_matrix(term: Term, shape: tuple[int, ...], factor: Array) -> sparse.csr_array:
    """Each pair weighted by the mean of the factor at its ends."""
    axis, points = term.axis, prod(shape)
    assert axis is not None
    row, a, b, weight = pairs(term.stencil)
    index = np.moveaxis(np.arange(points).reshape(shape), axis, 0)
    along = np.moveaxis(factor, axis, 0)
    entry = weight.reshape(-1, *(1,) * (len(shape) - 1)) * mean_at_faces(
        np.where, along[a], along[b], term.harmonic
    )
    entries = [(index[row], index[b], entry)]
    if not term.stencil.values:
        apart = a != b  # a pair with equal ends is a value
        entries.append((index[row[apart]], index[a[apart]], -entry[apart]))
    rows, columns, values = (np.concatenate([entry[k].ravel() for entry in entries]) for k in range(3))
    return sparse.coo_array((values, (rows, columns)), shape=(points, points)).tocsr()
