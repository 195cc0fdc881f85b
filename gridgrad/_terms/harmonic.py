"""The harmonic mean at faces by its factor: what the faces of a point have of the field, and of the slopes of results.

Of the mean h of k at the two points of a face the derivative by one of both is ``(h / k)^2 / 2`` (``2 (k' / (k + k'))^2``, k'
at the other). So the derivative of ``sum g w h (f_b - f_a)`` at a point is the sum over its faces of two numbers, each with
the ratio ``h / k``, which neither over- nor underflows: ``(h / k) (f - f') / 2``, and ``h / k`` times what the face brings of g
to the adjoint. Both are rows of the point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from .._base.types import Array
from .._stencils.stencil import Pair, Row, Stencil, in_one_piece
from .._stencils.transpose import transposed
from .term import Term

_Group = tuple[int, Row]  # the other end of a face, and the entries of the adjoint there
_Read = Callable[[int, int, Array], Pair]  # of a point, the other end and a share


class AtFace(NamedTuple):
    """Terms of one face at each point, of the field and of the slopes; both multiplied by the reciprocal of the factor."""

    field: Term
    slopes: Term


def at_harmonic_faces(terms: Iterable[Term], cotangents: dict[int, int], reciprocal: int) -> list[AtFace]:
    """Whose products at a point, summed, are the derivative by the factor at the faces of these terms."""
    return [
        AtFace(
            term._replace(output=0, stencil=read, outer=reciprocal, outer_sign=0),
            term._replace(
                output=0, input=cotangents[term.output], stencil=turned, inner=term.outer, inner_sign=term.outer_sign,
                outer=reciprocal, outer_sign=0,
            ),
        )
        for term in terms
        for read, turned in _faces(term.stencil)
    ]  # fmt: skip


def _faces(stencil: Stencil) -> list[tuple[Stencil, Stencil]]:
    """Stencils of one face at each point: what it reads of the field, and its entries in the transpose."""
    if not stencil.values:
        return _apart(transposed(stencil, faces=True), False, lambda own, other, share: (other, own, share))
    own = _apart(transposed(stencil, faces=True), True, lambda own, other, share: (other, own, share))
    crossed = _crossed(stencil)
    return own + _apart(transposed(crossed, faces=True), True, lambda own, other, share: (own, other, share))


def _crossed(stencil: Stencil) -> Stencil:
    """Values of the other end of each face; no row of those whose ends are one point."""
    leading, trailing = stencil.changed_rows(lambda row: tuple((b, a, w) for a, b, w in row if a != b))
    apart = [k for k, (a, b) in enumerate(stencil.offsets) if a != b]
    return replace(
        stencil,
        offsets=tuple(stencil.offsets[k][::-1] for k in apart),
        weights=in_one_piece((stencil.weights[k] for k in apart), len(apart)),
        leading=leading,
        trailing=trailing,
    )


def _apart(turned: Stencil, values: bool, read: _Read) -> list[tuple[Stencil, Stencil]]:
    """The faces of a transpose one by one, beside half of what is read at each."""
    half = turned.dtype.type(0.5)

    def reading(point: int, group: _Group) -> Row:
        other, entries = group
        used = np.any([weight != 0 for *_, weight in entries], axis=0)
        share = half + half if other == point else half  # one point is both ends
        return (read(point, other, np.where(used, share, share * 0)[()]),)

    inside = _by_face(
        0, ((a, b, weight) for (a, b), weight in zip(turned.offsets, turned.weights, strict=True))
    )
    edges = turned.edge_rows()
    count = len(turned.leading)
    result = []
    for band, *groups in zip_longest(inside, *(_by_face(point, row) for point, row in edges)):
        places = [(point, group) for (point, _), group in zip(edges, groups, strict=True)]
        reads = [() if group is None else reading(point, group) for point, group in places]
        entries = [() if group is None else group[1] for group in groups]
        result.append(
            (
                _with(turned, () if band is None else reading(0, band), reads, count, values),
                _with(turned, () if band is None else band[1], entries, count, True),
            )
        )
    return result


def _by_face(point: int, row: Iterable[Pair]) -> list[_Group]:
    """The entries of a row of a transpose, by the other end of their face."""
    groups: dict[int, list[Pair]] = {}
    for a, b, weight in row:
        groups.setdefault(a if b == point else b, []).append((a, b, weight))
    return [(other, tuple(entries)) for other, entries in groups.items()]


def _with(like: Stencil, inside: Row, edges: list[Row], count: int, values: bool) -> Stencil:
    """A stencil of these rows, the first `count` of the edges leading."""
    return replace(
        like,
        offsets=tuple((a, b) for a, b, _ in inside),
        weights=in_one_piece((weight for *_, weight in inside), len(inside)),
        leading=tuple(edges[:count]),
        trailing=tuple(edges[count:]),
        values=values,
        order=0,
    )
