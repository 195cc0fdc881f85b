"""Rows at some points as arrays that any library gathers with: what overwrites a sweep, or is added to its transpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..._backends import slices
from ..._backends.numpy.gaps.groups import TermRows, rows_in_groups
from ..._backends.numpy.gaps.points import RowsAtPoints
from ..._backends.operations import INTEGERS, Operations, dtype_name
from ..._base.types import Array, DType
from ..._grid.masks.mask import Mask
from ..._terms.term import Join, mean_at_faces
from .members import Member, shared_points


class Part(NamedTuple):
    """The rows of one term at the points of its output, or the transposed rows at those of its input.

    Row p is ``outer[at p] * sum_k w f_k``, f_k a value or a difference, times what each factor of it says. Arrays of points and
    weights have the pairs in front: ``(pairs, points)``.
    """

    output: int
    input: int
    join: Join
    a: Array
    b: Array
    w: Array
    is_value: Array
    faces: tuple[int, Array, Array] | None = None  # the input whose mean at two points is a factor
    inner: int | None = None  # of a value, at its point
    outer: int | None = None
    turns: int = 0  # quarter turns of the whole
    harmonic: bool = False  # the mean at faces, which lets nothing past where it is 0
    inner_sign: int = 0  # of which alone values of the factor count
    outer_sign: int = 0
    at_gaps: bool = False  # what is prescribed there, which has values only


class Patch(NamedTuple):
    """For each output its points, and those of them that have no row; and the rows."""

    points: list[Array]
    missing: list[Array]
    parts: list[Part]


def patch_of(members: Sequence[Member], inputs: int, outputs: int, mask: Mask) -> Patch:
    """What overwrites the results of a sweep over the whole grid."""
    points = shared_points(members, outputs, mask)
    missing = [np.zeros(len(own), bool) for own in points]
    parts = []
    for member in members:
        term, own = member.term, points[member.term.output]
        pairs = member.pairs_at(own)
        if not term.ends:  # what is prescribed has rows at walls only
            missing[term.output] |= pairs.is_missing
        a, b, w, is_value = (np.ascontiguousarray(part.T) for part in pairs[:4])
        fa, fb = (a, b) if pairs.own is None else (np.ascontiguousarray(pairs.own.T),) * 2
        faces = None if term.faces is None else (inputs + term.faces, fa, fb)
        inner, outer = (None if k is None else inputs + k for k in (term.inner, term.outer))
        parts.append(
            Part(
                term.output, term.input, term.join, a, b, w, is_value, faces, inner, outer, term.turns, term.harmonic,
                outer_sign=term.outer_sign, at_gaps=member.is_beside_gaps,
            )
        )  # fmt: skip
    return Patch(points, missing, _joined(parts))


def _joined(parts: Sequence[Part]) -> list[Part]:
    """With one part for all that is alike in what is prescribed beside gaps: of both ends, and of all axes."""
    found: dict[object, Part] = {}
    for k, part in enumerate(parts):
        if not part.at_gaps:
            found[k] = part
        elif part.w.any():
            faces = None if part.faces is None else part.faces[0]
            key = part.output, part.input, part.join, faces, part.inner, part.outer, part[10:]
            found[key] = part if key not in found else _beside_each_other(found[key], part)
    return list(found.values())


def _beside_each_other(first: Part, second: Part) -> Part:
    """The pairs of both."""
    a, b, w, is_value = (np.concatenate(pair) for pair in zip(first[3:7], second[3:7], strict=True))
    faces = None
    if first.faces is not None and second.faces is not None:
        fa, fb = (np.concatenate(pair) for pair in zip(first.faces[1:], second.faces[1:], strict=True))
        faces = first.faces[0], fa, fb
    return first._replace(a=a, b=b, w=w, is_value=is_value, faces=faces)


def transposed_patch(
    patch: Patch, inputs: int, outputs: int, measure: Array | None, conjugate: bool, mask: Mask
) -> Patch:
    """What is added to the transpose of a sweep in which the results at the points of a patch are left out."""
    orders = [mask.order(points) for points in patch.points]
    entries = [
        _entries(part, patch.points[part.output], orders[part.output], measure, mask) for part in patch.parts
    ]
    points = []
    for k in range(inputs):
        targets = [own[0] for own, part in zip(entries, patch.parts, strict=True) if part.input == k]
        points.append(np.unique(np.concatenate(targets)) if targets else np.zeros(0, np.intp))
    parts = [
        _turned(part, own, points[part.input], outputs - inputs, -part.turns if conjugate else part.turns)
        for own, part in zip(entries, patch.parts, strict=True)
    ]
    return Patch(points, [np.zeros(len(own), bool) for own in points], parts)


# of an input, where points of it are in memory; None of one whose memory is in their order
Where = Callable[[int, Array], Array | None]


def compiled(patch: Patch, dtype: DType, edges: Array, where: Where) -> list[RowsAtPoints | None] | None:
    """The rows for the compiled core, in bands with these edges; None where it does not serve."""
    if dtype not in (np.float32, np.float64):
        return None
    found: list[RowsAtPoints | None] = []
    for output, points in enumerate(patch.points):
        parts = [part for part in patch.parts if part.output == output]
        terms = [_rows_of(part, points, where) for part in parts]
        own = [term for term in terms if term is not None]
        if len(own) < len(terms):
            return None
        found.append(rows_in_groups(points, own, parts[0].join, dtype, edges) if len(points) else None)
    return found


def _rows_of(part: Part, points: Array, where: Where) -> TermRows | None:
    """The rows of a part for the compiled core; None where it does not serve."""
    faces, fb = (None, part.b) if part.faces is None else (part.faces[0], part.faces[2])
    at_f = where(part.input, part.b)
    at_faces, at_outer = (
        None if k is None else where(k, at) for k, at in ((faces, fb), (part.outer, points))
    )
    if part.inner is not None or part.turns or (at_faces is not None and at_f is None):
        return None
    if at_f is not None and not np.all(part.is_value | (part.w == 0)):
        return None
    if at_f is not None and at_faces is None:
        at_faces = fb
    a, fields = np.where(part.is_value, part.b, part.a), (part.input, faces, part.outer)
    return TermRows(a, part.b, part.w, fields, (at_f, at_faces, at_outer), part.harmonic, part.outer_sign)


Entries = tuple[Array, Array, Array, Array, Array]  # target, source, weight, and both points of a face


def _entries(part: Part, points: Array, order: Array, measure: Array | None, mask: Mask) -> Entries:
    """Each pair as one or two values that go from a source to a target that is asked for, the sources in an order."""
    part = part._replace(**{name: getattr(part, name)[:, order] for name in ("a", "b", "w", "is_value")})
    source = np.broadcast_to(points[order], part.w.shape)
    found = [(part.b, source, part.w), (part.a, source, np.where(part.is_value, 0, -part.w))]
    used = [(w != 0) & mask.is_own(target) for target, _, w in found]
    target, source, weight = (
        np.concatenate([own[k][use] for own, use in zip(found, used, strict=True)]) for k in range(3)
    )
    a, b = (np.concatenate([end[use] for use in used]) for end in (part.a, part.b))
    if measure is not None:
        weight = weight * (measure[source] / measure[target])
    return target, source, weight, a, b


def _turned(part: Part, entries: Entries, points: Array, shift: int, turns: int) -> Part:
    """Entries by their targets, as many in a row as there are at most; factors count from behind the outputs."""
    order = np.argsort(entries[0], kind="stable")
    target, *others = (own[order] for own in entries)
    row = np.searchsorted(points, target)
    place = np.arange(len(row)) - np.searchsorted(row, row)
    width = int(place.max(initial=0)) + 1
    source, weight, a, b = (np.zeros((width, len(points)), own.dtype) for own in others)
    for table, own in zip((source, weight, a, b), others, strict=True):
        table[place, row] = own
    faces = None if part.faces is None else (part.faces[0] + shift, a, b)
    inner = None if part.outer is None else part.outer + shift
    outer = None if part.inner is None else part.inner + shift
    values = np.ones(source.shape, bool)
    return Part(
        part.input, part.output, Join.TOTAL, source, source, weight, values, faces, inner, outer, turns, part.harmonic,
        part.outer_sign, part.inner_sign,
    )  # fmt: skip


class Gathered:
    """The rows of a patch in one library, applied to flat fields."""

    def __init__(self, xp: Operations, patch: Patch, real: object, like: Array) -> None:
        self.xp, self.patch, self.real = xp, patch, real
        self.points = [xp.weights(points, None, like) for points in patch.points]
        self._there = [_there(xp, part, real, like) for part in patch.parts]

    def values(self, fields: Sequence[Array]) -> list[list[Array]]:
        """What each output gets at its points: its terms, still to be joined."""
        found: list[list[Array]] = [[] for _ in self.patch.points]
        for part, there in zip(self.patch.parts, self._there, strict=True):
            if len(self.patch.points[part.output]):
                found[part.output].append(self._value(part, there, fields))
        return found

    def _value(self, part: Part, there: list[dict[str, Array]], fields: Sequence[Array]) -> Array:
        xp, total = self.xp, None
        for pair in there:
            factor = pair["w"]
            if part.faces is not None:
                at_a, at_b = (self._in(self._take(fields[part.faces[0]], pair[end])) for end in ("fa", "fb"))
                factor = factor * mean_at_faces(xp.where, at_a, at_b, part.harmonic)
            value = factor * self._difference(part, fields, pair)
            if part.harmonic:
                value = xp.where(factor != 0, value, xp.zeros_like(value))
            if "used" in pair:
                value = xp.where(pair["used"], value, xp.zeros_like(value))
            total = value if total is None else total + value
        assert total is not None
        if part.outer is not None:
            outer = self._in(self._take(fields[part.outer], self.points[part.output]))
            total, outer = self._of_sign(outer, part.outer_sign, total, outer)
            total = total * outer
        return total if part.turns % 4 == 0 else total * 1j ** (part.turns % 4)

    def _difference(self, part: Part, fields: Sequence[Array], pair: dict[str, Array]) -> Array:
        """A difference, or a value, of the field, or of it times another."""
        xp, f = self.xp, fields[part.input]
        if part.inner is None and "a" in pair and dtype_name(f) in INTEGERS:
            at_b, at_a = (self._take(f, pair[end]) for end in ("b", "a"))
            difference = xp.difference(at_b, at_a, self.real)
            return (
                xp.where(pair["is_value"], self._in(at_b), difference) if "is_value" in pair else difference
            )
        inner = None if part.inner is None else fields[part.inner]
        at_b = self._product(f, inner, pair["b"], part.inner_sign)
        if "a" not in pair:
            return at_b
        at_a = self._product(f, inner, pair["a"], part.inner_sign)
        return xp.where(pair["is_value"], at_b, at_b - at_a) if "is_value" in pair else at_b - at_a

    def _product(self, f: Array, inner: Array | None, points: Array, sign: int) -> Array:
        """A field at some points, times another."""
        value = self._in(self._take(f, points))
        if inner is None:
            return value
        factor = self._in(self._take(inner, points))
        value, factor = self._of_sign(factor, sign, value, factor)
        return value * factor

    def _of_sign(self, factor: Array, sign: int, *values: Array) -> tuple[Array, ...]:
        """Values with 0 where a factor is of the other sign than the one that counts."""
        if not sign:
            return values
        other = slices.of_other_sign(factor, sign)
        return tuple(self.xp.where(other, self.xp.zeros_like(value), value) for value in values)

    def _in(self, f: Array) -> Array:
        name = dtype_name(f)
        if f.dtype == self.real or name.startswith(("complex", "clongdouble")):
            return f
        return self.xp.astype(f, self.real)

    def _take(self, f: Array, points: Array) -> Array:
        return self.xp.take(f, points, axis=-1)


def _there(xp: Operations, part: Part, real: object, like: Array) -> list[dict[str, Array]]:
    """The arrays of each pair of a part in the library, factors with an axis for batches; those that say nothing are left out."""
    pairs = []
    for k, w in enumerate(part.w):
        used = w != 0
        if k and not used.any():
            continue
        values = part.is_value[k] | ~used
        pair = {"w": xp.weights(w[None], real, like), "b": xp.weights(part.b[k], None, like)}
        if not values.all():
            pair["a"] = xp.weights(part.a[k], None, like)
            if values.any():
                pair["is_value"] = xp.weights(values[None], None, like)
        if not used.all():
            pair["used"] = xp.weights(used[None], None, like)
        if part.faces is not None:
            pair["fa"], pair["fb"] = (xp.weights(end[k], None, like) for end in part.faces[1:])
        pairs.append(pair)
    return pairs
