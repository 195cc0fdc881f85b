"""A stencil as a sparse matrix and as a table of rows."""

from __future__ import annotations

from itertools import chain

import numpy as np
import numpy.typing as npt

from .._base.errors import ArgumentValueError
from .._base.late import sparse
from .._base.types import Array
from .stencil import Stencil
from .transpose import Bands, outside


def matrix(stencil: Stencil, dtype: npt.DTypeLike = np.float64) -> sparse.csr_array:
    """The stencil as a ``scipy.sparse.csr_array`` of shape ``(length, columns)``, these in order."""
    bands = Bands.of(stencil)
    reads = sorted(read for read, _ in bands.inner)
    count = bands.last - bands.first
    values = np.empty((count, len(reads)), np.result_type(dtype, stencil.dtype))
    for k, read in enumerate(reads):
        weight = bands.inner[read, read]
        values[:, k] = weight if np.ndim(weight) == 0 else weight[bands.first : bands.last]
    columns = np.arange(bands.first, bands.last)[:, None] + np.array(reads, int)
    edges = [sorted((read, weight) for (read, _), weight in row.items()) for row in bands.edges]
    before, behind = (list(chain(*rows)) for rows in (edges[: bands.first], edges[bands.first :]))
    indices, data = (
        np.concatenate([[entry[k] for entry in before], inside.ravel(), [entry[k] for entry in behind]])
        for k, inside in enumerate((columns, values))
    )
    sizes = np.full(bands.length, len(reads))
    sizes[list(outside(bands.first, bands.last, bands.length))] = [len(row) for row in edges]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    index = np.int32 if max(len(data), bands.length, bands.columns) < 2**31 else np.int64
    data = whole_weights(data, stencil.power, dtype)
    parts = (data, indices.astype(index), starts.astype(index))
    return sparse.csr_array(parts, shape=(bands.length, bands.columns))


def whole_weights(weights: Array, power: int, dtype: npt.DTypeLike) -> Array:
    """``weights * 2**power`` as numbers of a type, if it can hold them."""
    with np.errstate(over="ignore", under="ignore"):
        whole: Array = np.ldexp(weights, power).astype(dtype, copy=False)
    if not (np.isfinite(whole).all() and np.array_equal(whole != 0, weights != 0)):
        raise ArgumentValueError(
            f"the operator has weights beyond the exponents of {np.dtype(dtype)}, which a matrix would lose; "
            "apply it, op(f), or in a solver use op.to_linear_operator()"
        )
    return whole


def pairs(stencil: Stencil) -> tuple[Array, Array, Array, Array]:
    """All pairs of all rows: row, a, b and weight."""
    inner = stencil.interior()
    points = np.arange(inner.start, max(inner.start, inner.stop))
    columns: list[tuple[Array, ...]] = [
        (points, points + a, points + b, np.broadcast_to(weight, stencil.length)[points])
        for (a, b), weight in zip(stencil.offsets, stencil.weights, strict=True)
    ]
    entries = [(i, *pair) for i, row in stencil.edge_rows() for pair in row]
    if entries:
        columns.append(tuple(np.array(column) for column in zip(*entries, strict=True)))
    if not columns:  # of a factor of 0
        columns.append((*np.zeros((3, 0), int), np.zeros(0)))
    row, a, b, weight = (np.concatenate([column[k] for column in columns]) for k in range(4))
    return row, a, b, whole_weights(weight, stencil.power, np.float64)


def row_table(stencil: Stencil) -> tuple[Array, Array]:
    """Columns and weights of each row, padded with the row's own point and 0."""
    whole = matrix(stencil, np.asarray(stencil.smallest_and_largest_weight()[1]).dtype)
    counts = np.diff(whole.indptr)
    place = np.arange(counts.max(initial=0)) < counts[:, None]
    own = np.minimum(np.arange(stencil.length), stencil.columns - 1)
    columns = np.where(place, 0, own[:, None])
    weights = np.zeros(place.shape, whole.dtype)
    columns[place], weights[place] = whole.indices, whole.data
    return columns, weights
