"""What positions of a curvilinear grid must be: finite, and of one orientation in every cell."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from ..._base.errors import ArgumentValueError
from ..._base.types import Array
from ..lines.blocks import NEEDED

Matrix = Sequence[Sequence[Array]]


def determinant(rows: Matrix) -> Array:
    """By its minors, of few rows of arrays."""
    if len(rows) == 1:
        return rows[0][0]
    whole = rows[0][0] * cofactor(rows, 0, 0)
    for k in range(1, len(rows)):
        whole = whole + rows[0][k] * cofactor(rows, 0, k)
    return whole


def cofactor(rows: Matrix, a: int, k: int) -> Array:
    """The determinant without row a and column k, with its sign."""
    minor = determinant([[*row[:k], *row[k + 1 :]] for b, row in enumerate(rows) if b != a])
    return -minor if (a + k) % 2 else minor


def check_finite(x: Sequence[Array], places: Sequence[int], where: Array | None = None) -> None:
    """Refuse points without a position, where there must be one, and infinite positions anywhere.

    Dimension k runs along axis k, which has this place in fields.
    """
    for c, own in enumerate(x):
        wrong = np.isinf(own) if where is None else where & ~np.isfinite(own)
        if wrong.any():
            at = _first(wrong)
            raise ArgumentValueError(
                f"coordinate {c} of the curvilinear grid is not finite: it is {own[at]} at index {_in_fields(at, places)}; {NEEDED}"
            )


def orientation(
    x: Sequence[Array], told: Sequence[Array], places: Sequence[int], rings: Sequence[bool]
) -> int:
    """1 or -1, the sign of the Jacobian in all corners of all cells of positions x; others are refused.

    Round `rings` the first points stand behind the last ones once more. An error tells
    of positions as they were given.
    """
    count, sign = len(x), 0
    edges = [[np.diff(a, axis=k) for k in range(count)] for a in x]
    for corner in product((0, 1), repeat=count):
        jacobian = determinant([[_ending(edge, k, corner) for k, edge in enumerate(row)] for row in edges])
        known = np.count_nonzero(jacobian == jacobian)  # others end in a point without a position
        sign = sign or (0 if not known else 1 if np.count_nonzero(jacobian > 0) * 2 >= known else -1)
        wrong = jacobian * sign <= 0
        wrong &= sign != 0
        if wrong.any():
            at = _first(wrong)
            raise _folded(told, at, bool(jacobian[at] == 0), places, rings)
    return sign or 1


def _ending(edge: Array, k: int, corner: tuple[int, ...]) -> Array:
    """Those edges along axis k that end in this corner of each cell."""
    return edge[tuple(slice(None) if a == k else slice(c, n - 1 + c) for a, (c, n) in enumerate(zip(corner, edge.shape, strict=True)))]  # fmt: skip


def _first(flags: Array) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(flags)), flags.shape))


def _in_fields(at: Sequence[int], places: Sequence[int]) -> tuple[int, ...]:
    return tuple(at[k] for k in np.argsort(places))


def _folded(
    x: Sequence[Array], at: tuple[int, ...], is_flat: bool, places: Sequence[int], rings: Sequence[bool]
) -> ArgumentValueError:
    behind = tuple((i + 1) % n for i, n in zip(at, x[0].shape, strict=True))
    first, last = (
        f"{_in_fields(i, places)}, position ({', '.join(f'{a[i]:g}' for a in x)})," for i in (at, behind)
    )
    what = "is 0: points of it coincide or lie on one line" if is_flat else "changes sign: the grid is folded"
    todo = (
        "leave out rows that repeat a point, as that of r = 0, x[1:]"
        if is_flat
        else "put the points in the order of neighbours"
    )
    if any(own and i == 0 for own, i in zip(rings, behind, strict=True)):
        todo = "of a periodic axis do not repeat the first points at its end, and give period= where its coordinate goes on"
    return ArgumentValueError(
        f"in the cell of the curvilinear grid from index {first} to {last} the Jacobian {what}; {todo}; positions under land may be NaN, where marks "
        "are made so, numpy.where(inside, x, numpy.nan), and its points are left out by with_mask(inside)"
    )
