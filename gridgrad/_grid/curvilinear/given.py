"""Positions of curvilinear grids as they are given: which arrays are such, brought to the shape of the grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..._base.errors import ArgumentValueError
from ..._base.types import Array, Shape
from ..hints import varied
from ..places import ORIGIN, Entry, clean_entry
from ..spacing import numbers_of


def on_host(entries: Sequence[object], axes: Sequence[int]) -> list[object]:
    """The entries of axes; where several have many dimensions these as NumPy arrays, which are read here, once."""
    many = [getattr(x, "ndim", 0) > 1 for x in entries]
    if sum(many) < 2:
        return list(entries)
    return [numbers_of(x, a) if is_one else x for x, a, is_one in zip(entries, axes, many, strict=True)]


def are_positions(entries: Sequence[object]) -> bool:
    """Whether these are those of a curvilinear grid: several of many dimensions, and no mesh of vectors.

    Beside them there may be vectors, and steps, of coordinates that vary along their own axis only.
    """
    many = [x for x in entries if isinstance(x, np.ndarray) and x.ndim > 1]
    return len(many) > 1 and any(len(varied(x)) > 1 for x in many)


def clean_positions(entries: Sequence[object], axes: Sequence[int], places: Sequence[int]) -> list[Entry]:
    """The axes of a grid, positions in its shape."""
    many = {k: x for k, x in enumerate(entries) if isinstance(x, np.ndarray) and x.ndim > 1}
    plain = {k: clean_entry(x, k, axes[k]) for k, x in enumerate(entries) if k not in many}
    lengths = [1] * len(entries)
    for x in many.values():
        for d, n in enumerate(x.shape[-len(entries) :], len(entries) - min(x.ndim, len(entries))):
            lengths[d] = max(lengths[d], n)
    for k, entry in plain.items():
        lengths[places[k]] = entry[0]
    fitted = dict(zip(many, in_shape(list(many.values()), tuple(lengths)), strict=True))
    return [plain[k] if k in plain else (lengths[place], fitted[k], ORIGIN) for k, place in enumerate(places)]


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
