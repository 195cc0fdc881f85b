"""How arrays lie in memory: their loops, collapsed and ordered."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import NamedTuple


class Layout(NamedTuple):
    """Where an array's elements are: strides in elements, per axis, any sign."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    component: int = 1  # from the real to the imaginary part: 0 for a real factor of complex data


class Dim(NamedTuple):
    """One loop: its length, the axis it comes from (None: a batch dim) and a stride per array."""

    length: int
    axis: int | None
    inner: int
    strides: tuple[int, ...]


def collapse(
    shape: tuple[int, ...], layouts: Sequence[Layout], axes: set[int], components: int, later: Set[int] = frozenset()
) -> list[Dim]:  # fmt: skip
    """The loops of the sweep, slowest first: sorted by stride, merged where memory allows.

    An axis in `later` has a second stencil of a term, which cannot run along the row.
    """
    dims = [
        Dim(n, k if k in axes else None, 1, tuple(layout.strides[k] for layout in layouts))
        for k, n in enumerate(shape)
        if n != 1 or k in axes
    ]
    if components > 1:
        dims.append(Dim(components, None, 1, tuple(layout.component for layout in layouts)))
    dims.sort(key=lambda dim: (max(map(abs, dim.strides[1:])), abs(dim.strides[0])), reverse=True)
    merged: list[Dim] = []
    for dim in dims:
        if merged and merged[-1].axis is None and dim.axis is None and _adjacent(merged[-1], dim):
            dim = Dim(merged.pop().length * dim.length, None, 1, dim.strides)
        merged.append(dim)
    return _choose_row(merged, later) or [Dim(1, None, 1, (0,) * len(layouts))]


def _adjacent(outer: Dim, inner: Dim) -> bool:
    return all(a == b * inner.length for a, b in zip(outer.strides, inner.strides, strict=True))


def _choose_row(dims: list[Dim], later: Set[int]) -> list[Dim]:
    """Make the last dim a good vector direction: few components join their axis, short rows swap."""
    joined = (
        len(dims) > 1 and dims[-1].axis is None and dims[-1].length < 64 and _adjacent(dims[-2], dims[-1])
    )
    if joined and dims[-2].axis not in later:
        row = dims.pop()
        axis = dims.pop()
        dims.append(Dim(axis.length * row.length, axis.axis, row.length, row.strides))
    must = bool(dims) and dims[-1].axis in later
    if must or (
        len(dims) > 1 and dims[-1].length < 16 and dims[-1].inner == 1
    ):  # joined dims must stay the row
        longest = max(
            (k for k in range(len(dims)) if dims[k].axis not in later), key=lambda k: dims[k].length
        )
        if must or dims[longest].length > 2 * dims[-1].length:
            dims.append(dims.pop(longest))
    return dims
