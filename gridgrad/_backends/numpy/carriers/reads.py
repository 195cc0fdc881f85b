"""Which rows read a flagged point."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...._base.types import Array
from ...._stencils.stencil import Stencil
from ...rows import fitted


def reads(flags: npt.ArrayLike, stencil: Stencil, axis: int | None, real: object) -> Array:
    """Which rows read a flagged point, with weights in `real`: a NumPy boolean array."""
    if axis is None:  # a line of one point
        point: Array = reads(np.asarray(flags)[None], stencil, 0, real)[0]
        return point
    along = np.moveaxis(np.asarray(flags), axis, 0)
    inner, n = stencil.interior(), stencil.length
    result = np.zeros((along.shape[0] - stencil.surplus, *along.shape[1:]), bool)
    for place, row in stencil.edge_rows():
        for a, b, _ in row:
            result[place] |= along[b] if stencil.values else along[a] | along[b]
    if inner.stop <= inner.start:
        return np.moveaxis(result, 0, axis)
    rounded = [np.broadcast_to(w, (n,))[inner] for w in fitted(stencil, real).weights]
    for (a, b), weight in zip(stencil.offsets, rounded, strict=True):
        used = np.ones(len(weight), bool) if stencil.is_central else weight != 0
        centre = ~np.equal(*rounded) if stencil.is_central else used  # the short form skips the centre
        for offset in {b} if stencil.values else {a, b}:
            touched = along[inner.start + offset : inner.stop + offset]
            result[inner] |= touched & (centre if offset == 0 else used).reshape(-1, *(1,) * (along.ndim - 1))
    return np.moveaxis(result, 0, axis)
