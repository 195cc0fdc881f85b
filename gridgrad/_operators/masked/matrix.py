"""The matrix of an operator on a grid with gaps."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from ..._backends.slices import of_other_sign
from ..._base.errors import ArgumentValueError
from ..._base.late import sparse
from ..._base.types import Array
from ..._grid.points import Points
from ..._terms.term import mean_at_faces
from ..sparse import factors_on
from .patch import Part, Patch


def inside_of(grid: Points) -> Array:
    """Which points of one flattened field count; refused where there are masks of several."""
    mask = grid.mask
    assert mask is not None
    if mask.shape != grid.shape:
        raise ArgumentValueError(
            f"inside has shape {mask.shape}, with batch axes; a matrix is for one field of shape {grid.shape}: make the grid with the mask of one"
        )
    return mask.inside.reshape(-1)


def masked_matrix(
    whole: sparse.csr_array, grid: Points, patch: Patch, coefficients: Sequence[Array]
) -> sparse.csr_array:
    """The matrix of the whole grid without the rows at the points of a patch and outside, and with those of the patch."""
    inside, points = inside_of(grid), prod(grid.shape)
    factors = [np.reshape(c, -1) for c in factors_on([grid] * len(coefficients), coefficients)]
    kept = np.tile(inside, len(patch.points))
    for output, own in enumerate(patch.points):
        kept[output * points + own] = False
    own = whole.tocoo()
    chosen = kept[own.coords[0]]
    entries = [(own.data[chosen], own.coords[0][chosen], own.coords[1][chosen])]
    inputs = whole.shape[1] // points
    entries += [_entries(part, patch.points[part.output], points, factors, inputs) for part in patch.parts]
    data, row, column = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    made = sparse.coo_array((data, (row, column)), shape=whole.shape)
    return made.tocsr().astype(whole.dtype, copy=False)


def _entries(
    part: Part, rows: Array, points: int, factors: list[Array], inputs: int
) -> tuple[Array, Array, Array]:
    """The entries of one term's rows."""
    weight = part.w
    if part.faces is not None:
        number, a, b = part.faces
        factor = factors[number - inputs]
        weight = weight * mean_at_faces(np.where, factor[a], factor[b], part.harmonic)
    if part.outer is not None:
        outer = factors[part.outer - inputs][rows]
        weight = weight * (
            np.where(of_other_sign(outer, part.outer_sign), 0, outer) if part.outer_sign else outer
        )
    if part.turns % 4:
        weight = weight * 1j ** (part.turns % 4)
    at_b = at_a = weight
    if part.inner is not None:
        at_b, at_a = (weight * factors[part.inner - inputs][end] for end in (part.b, part.a))
    row = np.broadcast_to(part.output * points + rows, part.w.shape)
    used = (part.w != 0) & (weight != 0 if part.outer_sign else True)
    two = used & ~part.is_value
    return (
        np.concatenate([at_b[used], -at_a[two]]),
        np.concatenate([row[used], row[two]]),
        part.input * points + np.concatenate([part.b[used], part.a[two]]),
    )


def turned_matrix(
    forward: sparse.csr_array, grid: Points, weight: str | None, conjugate: bool
) -> sparse.csr_array:
    """The matrix of the transpose, or of the adjoint in an inner product."""
    made = (forward.conj() if conjugate else forward).T
    if weight is not None:
        rows, columns = (np.tile(grid.measure.reshape(-1), n // prod(grid.shape)) for n in made.shape)
        made = sparse.diags_array(1 / rows) @ made @ sparse.diags_array(columns)
    return sparse.csr_array(made)
