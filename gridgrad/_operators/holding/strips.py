"""Rows that read what fields have on a wall with a value, made anew from strips that hold it: nothing else is copied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import prod
from typing import NamedTuple

import numpy as np

from ..._backends import dispatch, ladder
from ..._backends.numpy.memory import ALIVE, keep_room
from ..._backends.protocol import Run
from ..._base.types import Array
from ..._stencils.part import Block, block
from ..._stencils.stencil import Stencil
from ..._terms.term import Term, joins_of
from ..fields.sides import is_memory

Filled = tuple[int, tuple[slice, ...], Array]  # a component, some of its points, and what is prescribed there
LEAST_BYTES = 1 << 21  # of a field: smaller ones are copied sooner
FEW = 8  # as the points of strips are far apart in memory, or their rows made in vain


class Strip(NamedTuple):
    """Rows along a side of fields, and all that they read, in memory of its own that goes slowest across the side."""

    points: tuple[slice, ...]  # that are read
    rows: tuple[slice, ...]  # that are made, of the outputs
    own: tuple[slice, ...]  # the same of what the strip makes
    memory: Memory
    held: tuple[Filled, ...]
    coefficients: tuple[Array, ...]
    run: Run[Array]

    def into(self, fields: Sequence[Array], results: Sequence[Array]) -> bool:
        """Its rows of the results, of fields with what is prescribed; False where addresses do not allow it."""
        read, outputs = [self.memory.new() for _ in fields], [self.memory.new() for _ in results]
        for own, f in zip(read, fields, strict=True):
            own[...] = f[self.points]
        for component, index, value in self.held:
            read[component][index] = value
        if self.run([*read, *self.coefficients], outputs, 1) is None:
            return False
        for result, output in zip(results, outputs, strict=True):
            result[self.rows] = output[self.own]
        return True


class Memory(NamedTuple):
    """Arrays of a shape that go slowest along one axis."""

    shape: tuple[int, ...]  # as they lie
    order: tuple[int, ...]  # of the axes as they are seen
    dtype: np.dtype

    @classmethod
    def of(cls, f: Array, axis: int, points: int) -> Memory:
        """Like a field, with so many points along the axis."""
        shape, places = f.shape, [axis, *(k for k in range(f.ndim) if k != axis)]
        lying = tuple([points if k == axis else shape[k] for k in places])
        return cls(lying, tuple(map(int, np.argsort(places))), f.dtype)

    def new(self) -> Array:
        """One."""
        return np.empty(self.shape, self.dtype).transpose(self.order)


def along(axis: int, points: slice) -> tuple[slice, ...]:
    """The index of points along an axis of arrays."""
    return (*(slice(None),) * axis, points)


def strips_of(
    terms: tuple[Term, ...], fields: Sequence[Array], coefficients: Sequence[Array], held: Sequence[Filled], outputs: int,
) -> list[Strip] | None:  # fmt: skip
    """Those of all walls, in which terms of these fields and coefficients are made anew; None where that takes too much."""
    shape, count = fields[0].shape, len(fields)
    if not all(type(c) is np.ndarray and is_memory(c) and c.shape == shape for c in coefficients):
        return None
    if joins_of(terms) or any(k < count for term in terms for k in term.factors()):
        return None
    found = []
    for axis, point in sorted({_side_of(index, shape) for _, index, _ in held}):
        held_there = {c for c, index, _ in held if _side_of(index, shape) == (axis, point)}
        rows = [row for term in terms if term.input in held_there for row in _rows(term, axis, point)]
        if not rows:
            continue
        strip = _strip(terms, fields, coefficients, held, outputs, axis, range(min(rows), max(rows) + 1))
        if strip is None:
            return None
        found.append(strip)
    copied = sum(prod(strip.memory.shape) for strip in found)
    return found if FEW * copied <= prod(shape) else None


def _side_of(index: Sequence[slice], shape: Sequence[int]) -> tuple[int, int]:
    """The axis of a wall and its point there."""
    return next(
        (axis, 0 if own == slice(0, 1) else n - 1)
        for axis, (own, n) in enumerate(zip(index, shape, strict=False))
        if own in (slice(0, 1), slice(-1, None))
    )


def _rows(term: Term, axis: int, point: int) -> Iterator[int]:
    """Which rows of a term, along an axis, read a point of it."""
    own = [stencil for a, stencil in term.stencils() if a == axis]
    yield from _rows_of(own[0], point) if own else (point,)


def _rows_of(stencil: Stencil, point: int) -> Iterator[int]:
    inner = stencil.interior()
    for row, pairs in stencil.edge_rows():
        if any(point in pair[:2] for pair in pairs):
            yield row
    yield from (
        point - end for pair in stencil.offsets for end in pair if inner.start <= point - end < inner.stop
    )


def _strip(
    terms: tuple[Term, ...], fields: Sequence[Array], coefficients: Sequence[Array], held: Sequence[Filled], outputs: int,
    axis: int, rows: range,
) -> Strip | None:  # fmt: skip
    own = {stencil for term in terms for a, stencil in term.stencils() if a == axis}
    if any(stencil.surplus for stencil in own):
        return None
    n = fields[0].shape[axis]
    cut = block(list(own), rows.start, rows.stop) if own else Block((), 0, 0)
    points = slice(rows.start - cut.before, rows.stop + cut.after)
    if points.start < 0 or points.stop > n or points.stop - points.start < 2:
        return None  # round a ring; or of one point, which kernels do not have
    parts = dict(zip(own, cut.stencils, strict=True))
    changed = tuple(_with_parts(term, axis, parts) for term in terms)
    at = along(axis, points)
    there = tuple(c[at] for c in coefficients)
    library = dispatch.found(np.ndarray)
    assert library is not None
    memory = Memory.of(fields[0], axis, points.stop - points.start)
    like, results = ([memory.new() for _ in range(count)] for count in (len(fields), outputs))
    plan = ladder.bound(library, changed, [*like, *there], results)
    if plan is None:
        return None
    keep_room(ALIVE * like[0].nbytes)
    held = [part for one in held for part in _within(one, axis, points, n)]
    made, own_rows = slice(rows.start, rows.stop), slice(cut.before, cut.before + len(rows))
    run = library.bind(plan, memory.dtype, like[0])
    return Strip(at, along(axis, made), along(axis, own_rows), memory, tuple(held), there, run)


def _with_parts(term: Term, axis: int, parts: dict[Stencil, Stencil]) -> Term:
    """The term with the rows of a strip along an axis."""
    if term.axis == axis:
        term = term._replace(stencil=parts[term.stencil])
    if term.then is not None and term.then[0] == axis:
        term = term._replace(then=(axis, parts[term.then[1]]))
    return term


def _within(one: Filled, axis: int, points: slice, n: int) -> Iterator[Filled]:
    """What of points that hold a value is in a strip."""
    component, index, value = one
    index = (*index, *(slice(None),) * (axis + 1 - len(index)))
    start, stop, _ = index[axis].indices(n)
    low, high = max(start, points.start), min(stop, points.stop)
    if low < high:
        place = (*index[:axis], slice(low - points.start, high - points.start), *index[axis + 1 :])
        is_field = isinstance(value, np.ndarray) and value.ndim > axis
        yield component, place, value[along(axis, slice(low - start, high - start))] if is_field else value


def are_few(fields: Sequence[Array]) -> bool:
    """Whether strips of fields take less time than a copy of all."""
    return fields[0].nbytes >= LEAST_BYTES and fields[0].dtype.char in "fd" and prod(fields[0].shape) > 0
