"""Faces of grids with gaps: which of them are open, and operators that read these alone and give nothing at others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self, TypeVar, cast

import numpy as np

from ..._backends.operations import Operations
from ..._base.cache import cached_property
from ..._base.errors import ArgumentValueError
from ..._base.late import sparse
from ..._base.outputs import targets_of
from ..._base.types import Array, In, Out, Shape
from ..._grid.boundary import spelled
from ..._grid.masks.mask import Mask
from ..._grid.points import Points
from ..._stencils.stencil import Stencil
from ..fields.factors import Number
from ..fields.forms import Form, flat, shaped
from ..fields.quantities import check_without_units
from ..fields.spare import Spare
from ..fields.weights import in_mask
from ..masked.gapped import OverWhole, finished
from ..masked.grids import mask_of
from ..masked.matrix import inside_of
from ..masked.places.flat import Flat, Flats
from ..operator import AnyOperator, Operator
from ..sweep import Sweep
from .axis import FaceAxis

Kind = TypeVar("Kind", bound=Points)
SOME = 64  # places at which a field that is not 0 at coasts is seen to be so before all are looked at


class Gate(Flats):
    """Points, or faces, of which those count that the mask of their grid says.

    `shore` are the closed faces that rows of points inside read; None where these are not known.
    """

    def __init__(self, grid: Points, shore: Array | None = None) -> None:
        assert grid.mask is not None
        super().__init__(grid)
        self.shore, self.mask = shore, grid.mask

    @cached_property
    def behind_shore(self) -> Mask:
        """A mask whose gaps are the shore, else all that is closed."""
        mask = self.mask
        return mask if self.shore is None else Mask(~self.shore, mask.breaks, mask.side, mask.fill)

    @cached_property
    def places(self) -> tuple[Array, Array]:
        """These gaps as numbers of flattened fields: some from all over, and all."""
        found = np.flatnonzero(~self.behind_shore.inside)
        return found[:: len(found) // SOME + 1], found

    def __reduce__(self) -> tuple[object, ...]:
        return Gate, (self.grid, self.shore)


def check_closed(grid: Points) -> None:
    """Refuse gaps beside which anything is known but that nothing passes."""
    if grid.mask is not None and not grid.mask.drops:
        raise ArgumentValueError(
            f"faces to gaps are closed, but boundary={spelled(grid.mask.side)!r} beside gaps says more; give with_mask(inside) or "
            'with_mask(inside, boundary="symmetric"), and what passes coasts to the points beside them'
        )


def with_coasts(made: Kind, points: Points, faces: FaceAxis) -> Kind:
    """The grid of the faces across an axis of a grid with gaps, with these."""
    mask = points.mask
    assert mask is not None
    breaks = tuple(() if a == faces.k else own for a, own in enumerate(mask.breaks))
    return made.with_gaps(mask_of(_open(points, faces), breaks, mask.side, mask.fill), points._masked)


def open_of(grid: Points) -> Array:
    """Which faces count on their grid, read-only; what is still to be computed as it is."""
    mask = grid.mask
    assert mask is not None
    if mask.lazy is not None:
        return mask.lazy
    inside = mask.inside.view()
    inside.flags.writeable = False
    return inside


def at_faces(points: Points, faces: FaceAxis, grid: Points, rows: Stencil | None = None) -> Gate:
    """Its faces across an axis; of rows of points those whose row is all inside."""
    mask = grid.mask
    assert mask is not None
    is_lazy = mask.lazy is not None
    shore = None if is_lazy else _cropped(points.kept(_closed, faces.k), points, faces)
    long_rows = [] if rows is None else _long_rows(rows, faces)
    if not long_rows:
        return Gate(grid, shore)
    opened = mask.inside if mask.lazy is None else mask.lazy
    for face, nodes in long_rows:
        at = _spot(points, faces.k, face, faces.length)
        opened = opened & (~at | _all_inside(points, faces.k, nodes))
        shore = shore if shore is None else shore | (at & ~opened)
    return Gate(grid.with_gaps(mask_of(opened, mask.breaks, mask.side, mask.fill), grid._masked), shore)


def _beside(points: Points, k: int) -> tuple[Array, Array, Array]:
    assert points.mask is not None
    return points.mask.beside_faces(*in_mask(points, k), is_lazy=True)


def _open(points: Points, faces: FaceAxis) -> Array:
    """Where both points beside a face are inside, and no break is."""
    below, above, is_cut = _beside(points, faces.k)
    return _cropped(below & above & ~is_cut, points, faces)


def _closed(points: Points, k: int) -> Array:
    """Where there is a point inside, and nothing passes to it."""
    below, above, is_cut = _beside(points, k)
    found: Array = (below != above) | (is_cut & below & above)
    return found


def _cropped(flags: Array, points: Points, faces: FaceAxis) -> Array:
    """Of the faces below all points and that above the last those that there are."""
    first = 1 - faces.below
    index = (slice(None),) * in_mask(points, faces.k)[1] + (slice(first, first + faces.length),)
    return flags[index]


def _long_rows(rows: Stencil, faces: FaceAxis) -> list[tuple[int, list[int]]]:
    """The faces near ends whose rows read other points than those beside them, and what they read."""
    found = []
    ends = (*range(len(rows.leading)), *range(rows.length - len(rows.trailing), rows.length))
    for face in ends:
        nodes = {end % faces.points for a, b, _ in rows.row_at(face) for end in (a, b)}
        beside = {(face - faces.below + k) % faces.points for k in (0, 1)}
        if nodes - beside:
            found.append((face, sorted(nodes)))
    return found


def _spot(points: Points, k: int, at: int, length: int) -> Array:
    """A flag at one place of an axis, which broadcasts to masks."""
    assert points.mask is not None
    shape = [1] * len(points.mask.shape)
    shape[in_mask(points, k)[1]] = length
    flags = np.zeros(shape, bool)
    flags.reshape(-1)[at] = True
    return flags


def _all_inside(points: Points, k: int, nodes: Sequence[int]) -> Array:
    """Where all of these points along an axis are inside, and no break is between them; kept as an axis of length 1."""
    mask = points.mask
    assert mask is not None
    inside = mask.inside if mask.lazy is None else mask.lazy
    before = (slice(None),) * in_mask(points, k)[1]
    is_cut = any(nodes[0] < at <= nodes[-1] for at in mask.breaks[k])
    found = inside[(*before, slice(nodes[0], nodes[0] + 1))] & (not is_cut)
    for node in nodes[1:]:
        found = found & inside[(*before, slice(node, node + 1))]
    return found


class BetweenCoasts(OverWhole[In, Out]):
    """A sweep between points and faces of a grid with gaps: closed faces and points outside are not read, and get the fill.

    A row at an open face reads points inside alone, so that of points nothing has to be hidden: results at closed faces are
    overwritten. Of faces those at coasts are read as 0.
    """

    def __init__(
        self, whole: Sweep[In, Out], gates: tuple[tuple[Gate, ...], tuple[Gate, ...]], reads_faces: bool, fill: float
    ) -> None:  # fmt: skip
        self.whole, self.gates, self.reads_faces, self.fill = whole, gates, reads_faces, fill
        self.grid, self.grids, self.name, self.terms = whole.grid, whole.grids, whole.name, whole.terms
        self.coefficients, self.arguments = whole.coefficients, whole.arguments
        self.inputs, self.outputs = whole.inputs, whole.outputs
        self.grids_in, self.grids_out = whole.grids_in, whole.grids_out
        self.spare = Spare()
        self.__doc__ = whole.__doc__

    def __reduce__(self) -> tuple[object, ...]:
        return BetweenCoasts, (self.whole, self.gates, self.reads_faces, self.fill)

    def _over(self, whole: Sweep[In, Out]) -> Self:
        return type(self)(whole, self.gates, self.reads_faces, self.fill)

    def applied(
        self, f: object, out: object, workers: int | None, fields: dict[str, object] | None
    ) -> object:
        """A call of plain fields, of shapes that were seen before, without a detour; else in full."""
        if not fields and not self.coefficients and self.grid.units is None:
            samples, targets = _components(f, self.inputs), _components(out, self.outputs)
            are_plain = all([type(a) is np.ndarray for a in (*samples, *(() if out is None else targets))])
            if are_plain and _are_known(self.gates[0], samples):
                return self._in_memory(samples, out, workers)
        return super().applied(f, out, workers, fields)

    def on_numbers(
        self, f: object, out: object = None, workers: int | None = None, adds: bool = False
    ) -> object:
        """The sweep, of what open faces have, and the fill where nothing counts."""
        call, (read, written) = self._gather(f), self.gates
        samples, xp = list(call.samples), call.library.operations(*call.samples)
        if type(samples[0]) is np.ndarray:
            return self._in_memory(samples, out, workers)
        if self.reads_faces:
            samples = [_chosen(xp, gate, a, 0.0) for gate, a in zip(read, samples, strict=True)]
        made = flat(self._sweep(self.whole, shaped(samples, self.inputs), None, workers), self.outputs)
        made = [_chosen(xp, gate, a, self.fill) for gate, a in zip(written, made, strict=True)]
        return finished(call, made, out, self.outputs)

    def _in_memory(self, samples: list[Array], out: object, workers: int | None) -> object:
        """The same in NumPy's memory: results are overwritten where they are, and fields copied where coasts have other values than 0."""
        for gate, a in zip(self.gates[0], samples, strict=True):
            gate.flat(a.shape)  # known from now on
        target = (
            None if out is None else shaped(targets_of(out, self.outputs, samples[0].shape), self.outputs)
        )
        still = [not self.reads_faces or _is_still(*own) for own in zip(self.gates[0], samples, strict=True)]
        kind, held = (None, None) if all(still) else self.spare.taken(tuple(samples))
        copies = cast("tuple[Array | None, ...]", held or (None,) * len(samples))
        read = tuple(
            a if is_still else _made_still(gate, a, into)
            for is_still, gate, a, into in zip(still, self.gates[0], samples, copies, strict=True)
        )
        made = self._sweep(self.whole, shaped(list(read), self.inputs), target, workers)
        if not any(still):  # or it would be the caller's
            self.spare.give(kind, read)
        for gate, result in zip(self.gates[1], flat(made, self.outputs), strict=True):
            gate.flat(result.shape).fill(result, gate.mask, self.fill)
        return made if out is None else out

    @property
    def linear(self) -> BetweenCoasts[In, Out]:
        """The operator with 0 in the place of all that is prescribed at walls."""
        whole = self.whole.linear
        return self if whole is self.whole else self._over(whole)

    @property
    def T(self) -> BetweenCoasts[Out, In]:
        """The transpose as an operator."""
        return self._turned(self.whole.T)

    def adjoint_operator(self, weight: str | None = None) -> BetweenCoasts[Out, In]:
        """The operator that `adjoint` applies."""
        return self._turned(self.whole.adjoint_operator(weight))

    def _turned(self, whole: Sweep[Out, In]) -> BetweenCoasts[Out, In]:
        return BetweenCoasts(whole, (self.gates[1], self.gates[0]), not self.reads_faces, 0.0)

    def scaled(self, factor: Number) -> BetweenCoasts[In, Out]:
        """The operator with all weights times a number."""
        return self._over(self.whole.scaled(factor))

    def summed(self, other: Operator[In, Out]) -> Operator[In, Out]:
        """The sum with another operator of the same fields, one sweep where both are open at the same faces."""
        if not isinstance(other, BetweenCoasts) or not self._is_like(other):
            return super().summed(other)
        return self._over(cast("Sweep[In, Out]", self.whole.plus(other.whole)))

    def _is_like(self, other: AnyOperator) -> bool:
        """Whether another has the same gates."""
        assert isinstance(other, BetweenCoasts)
        own, others = (sum(operator.gates, ()) for operator in (self, other))
        return self.reads_faces is other.reads_faces and all(
            a.grid is b.grid for a, b in zip(own, others, strict=False)
        )

    def matrix(self) -> sparse.csr_array:
        """The matrix on flattened fields: of the whole, without rows and columns that do not count."""
        check_without_units(self, "a matrix")
        whole = self.whole.matrix().tocoo()
        columns, rows = (np.concatenate([inside_of(gate.grid) for gate in gates]) for gates in self.gates)
        kept = rows[whole.coords[0]] & columns[whole.coords[1]]
        entries = whole.data[kept], (whole.coords[0][kept], whole.coords[1][kept])
        return sparse.coo_array(entries, shape=whole.shape).tocsr()


def _chosen(xp: Operations, gate: Gate, a: Array, value: float) -> Array:
    """A field with a value where it does not count, in any library."""
    lazy, shape = gate.mask.lazy, tuple(a.shape)
    if lazy is not None:
        there = Flat(gate.grid, shape).spread(lazy)
    else:
        there = xp.weights_made(_counts, xp.bool, a, gate, shape)
    chosen: Array = xp.where(there, a, xp.full_like(a, value))
    return chosen


def _counts(gate: Gate, shape: Shape) -> Array:
    """Which points of fields of a shape count."""
    return Flat(gate.grid, shape).spread(gate.mask.inside)


def _components(f: object, form: Form) -> list[Array]:
    """Those that are told apart as arrays: one array of several is a component of none."""
    found = [f] if not form else list(f) if isinstance(f, (tuple, list)) else [None]
    return cast("list[Array]", found)


def _are_known(gates: Sequence[Gate], samples: Sequence[Array]) -> bool:
    """Whether arrays of NumPy are numbers of one usual kind, and of shapes that were seen before."""
    if len(samples) != len(gates) or samples[0].dtype not in (np.float32, np.float64):
        return False
    return all(
        [
            a.dtype == samples[0].dtype and gate.known(a.shape) is not None
            for gate, a in zip(gates, samples, strict=True)
        ]
    )


def _is_still(gate: Gate, a: Array) -> bool:
    """Whether a field at faces, of NumPy, is 0 at coasts."""
    flat_ = gate.flat(a.shape)
    turned = a if flat_.is_plain else a.transpose(flat_.order)
    if turned.flags.c_contiguous:
        whole = turned.reshape(flat_.flat)
        return not any(whole.take(places, axis=1).any() for places in gate.places)
    spots = np.unravel_index(gate.places[1], flat_.turned[flat_.batch :])
    return not turned[(slice(None),) * flat_.batch + spots].any()


def _made_still(gate: Gate, a: Array, into: Array | None) -> Array:
    """A copy of it with 0 there."""
    made = a.copy() if into is None else into
    if into is not None:
        np.copyto(into, a)
    gate.flat(a.shape).fill(made, gate.behind_shore, False)  # a 0 of every type
    return made
