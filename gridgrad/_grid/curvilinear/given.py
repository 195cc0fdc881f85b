"""Positions of curvilinear grids as they are given: which arrays are such, brought to the shape of the grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._base.errors import ArgumentValueError
from ..._base.types import Array, Shape
from ..lines.given import varied
from ..places import clean_entry
from ..spacing import numbers_of


def are_positions(entries: Sequence[object]) -> bool:
    """Whether these are those of a curvilinear grid: several of many dimensions, and no mesh of vectors.

    Beside them there may be vectors, and steps, of coordinates that vary along their own axis only.
    """
    many = [numbers_of(x, k) for k, x in enumerate(entries) if getattr(x, "ndim", 0) > 1]
    return len(many) > 1 and any(len(varied(x)) > 1 for x in many)


def clean_positions(
    entries: Sequence[object], axes: Sequence[int], places: Sequence[int]
) -> list[tuple[int, object, object]]:
    """The number of points, the spacing and the origin of each axis; positions in the shape of the grid."""
    many = {k: numbers_of(x, axes[k]) for k, x in enumerate(entries) if getattr(x, "ndim", 0) > 1}
    plain = {k: clean_entry(x, k, axes[k]) for k, x in enumerate(entries) if k not in many}
    lengths = [1] * len(entries)
    for x in many.values():
        for d, n in enumerate(x.shape[-len(entries) :], len(entries) - min(x.ndim, len(entries))):
            lengths[d] = max(lengths[d], n)
    for k, entry in plain.items():
        lengths[places[k]] = entry[0]
    fitted = dict(zip(many, in_shape(list(many.values()), tuple(lengths)), strict=True))
    return [plain[k] if k in plain else (lengths[place], fitted[k], 0.0) for k, place in enumerate(places)]


def in_shape(arrays: Sequence[Array], shape: Shape) -> tuple[Array, ...]:
    """Positions in the shape of their grid."""
    for x in arrays:
        pairs = zip(reversed(x.shape), reversed(shape), strict=False)
        if x.ndim > len(shape) or not all(m in (1, n) for m, n in pairs):
            raise ArgumentValueError(
                f"the positions of a curvilinear grid have shapes {' and '.join(str(a.shape) for a in arrays)}, and its points {shape}; give arrays that "
                "broadcast to that, of each grid by itself where there are several"
            )
    return tuple(np.broadcast_to(x, shape) for x in arrays)
