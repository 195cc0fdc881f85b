"""A term as a sparse matrix, from the very weights that the kernels use."""

from __future__ import annotations

from importlib import import_module
from math import prod
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from .._base.types import Array
from .._stencils.matrix import matrix as matrix_of
from .._stencils.matrix import pairs
from .._stencils.stencil import Stencil
from .term import Term

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def _sparse() -> ModuleType:
    """``scipy.sparse``, imported at the first use."""
    return import_module("scipy.sparse")


def term_matrix(term: Term, shape: tuple[int, ...], factors: list[Array]) -> csr_array:
    """The matrix of one term on flattened fields of `shape`, with the values of its coefficients."""
    if term.place == "faces":
        return _faces_matrix(term, shape, factors[term.coefficient or 0])
    matrix = _along(term.axis, term.stencil, shape)
    if term.then is not None:
        matrix = _along(*term.then, shape) @ matrix
    if term.coefficient is None:
        return matrix
    diagonal = _sparse().diags_array(factors[term.coefficient].ravel())
    return (diagonal @ matrix if term.place == "point" else matrix @ diagonal).tocsr()


def _along(axis: int, stencil: Stencil, shape: tuple[int, ...]) -> csr_array:
    """The Kronecker product of one axis' matrix with identities."""
    before, after = prod(shape[:axis]), prod(shape[axis + 1 :])
    matrix = matrix_of(stencil)
    if after > 1:
        matrix = _sparse().kron(matrix, _sparse().eye_array(after), format="csr")
    return _sparse().kron(_sparse().eye_array(before), matrix, format="csr") if before > 1 else matrix


def _faces_matrix(term: Term, shape: tuple[int, ...], coefficient: Array) -> csr_array:
    """Each pair weighted by the mean of the coefficient at its ends."""
    axis, points = term.axis, prod(shape)
    row, a, b, weight = pairs(term.stencil)
    index = np.moveaxis(np.arange(points).reshape(shape), axis, 0)
    along = np.moveaxis(coefficient, axis, 0)
    factor = weight.reshape(-1, *(1,) * (len(shape) - 1)) * ((along[a] + along[b]) * 0.5)
    entries = [(index[row], index[b], factor)]
    if not term.stencil.values:
        entries.append((index[row], index[a], -factor))
    rows, columns, values = (np.concatenate([entry[k].ravel() for entry in entries]) for k in range(3))
    return _sparse().coo_array((values, (rows, columns)), shape=(points, points)).tocsr()
