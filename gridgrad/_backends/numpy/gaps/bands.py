"""Sweeps in bands, each of which rows beside gaps overwrite while it is in the cache."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from struct import Struct

import numpy as np

from ...._base.types import Array
from ...._plan.descriptor import MAX_DIMS
from ...._plan.plan import Plan
from .. import core as _core
from .. import memory
from .points import AT, FIELDS, WORDS, RowsAtPoints, address

NEAR = 1 << 16  # points of a band, whose field and result stay in a cache of a megabyte

# As the structs of kernels/host/gaps/bands.cpp.
OUTPUT = np.dtype([(name, "i8") for name in ("array", "term", "terms", "points", "bounds", "gaps", "starts")])
PATCH = np.dtype(
    [
        *[(name, "i8") for name in ("outputs", "count", "terms")],
        ("fill", "f8"),
        *[(name, "i8") for name in ("beside", "others", "bytes")],
    ]
)


def edges_of(points: int, lines: int = 0) -> Array:
    """Where bands of so many points begin, and the last ends: of some `lines` each, if these are told, as core.cpp cuts them."""
    lines = lines or points or 1
    share, rest = divmod(lines, max(1, min(-(-points // NEAR), lines // 4)))
    count = (lines - rest) // share
    return np.append(0, np.cumsum(share + (np.arange(count) < rest))) * (points // lines)


def lines_of(plan: Plan) -> int:
    """Into how many lines, one after the other in memory, pieces of a plan cut its arrays; 1 where they are not that."""
    lengths = plan.descriptor["length"].tolist()
    dim = next((k for k, n in enumerate(lengths) if n > 1), MAX_DIMS - 1)
    strides = plan.descriptor["array"]["stride"][plan.inputs : plan.inputs + plan.outputs, dim]
    return int(lengths[dim]) if np.all(strides * lengths[dim] == plan.elements) else 1


class InBands:
    """A plan of fields of one shape, and what overwrites its contiguous outputs in bands with these `edges`.

    Of `fields`, others later with their shapes and strides, those with numbers `swept` are its inputs.
    """

    def __init__(
        self, plan: Plan, fields: Sequence[Array], edges: Array, swept: Sequence[int], rows: Sequence[RowsAtPoints | None],
        outside: Sequence[Array], fill: float,
    ) -> None:  # fmt: skip
        self.plan, self.shape, self.bands = plan, plan.shape, len(edges) - 1
        # those that are read by point alone stand last
        self.order = [*swept, *[k for k in range(len(fields)) if k not in swept]]
        self.threads = memory.default_workers(plan.traffic)
        pieces = min(memory.pieces_of(plan), self.bands)
        self.pieces = list(pairwise(self.bands * k // pieces for k in range(pieces + 1)))
        self.dtype = np.dtype(plan.output_storage)
        self._kept: list[Array | RowsAtPoints] = []  # what is read by address
        tables: list[Array] = []
        outputs = np.zeros(len(rows), OUTPUT)
        for k, (own, flags) in enumerate(zip(rows, outside, strict=True)):
            gaps, starts = _runs(flags, edges)
            at = np.zeros((len(edges), 3), np.int64)
            at[:, 2] = starts
            points = bounds = np.zeros(0, np.int32)
            table = np.zeros((self.bands, 0, WORDS), np.intp)
            if own is not None:
                bounds, at[:, 0], at[:, 1] = _bounds(own, edges)
                points, table = own.points, self._table(own, edges, at[:-1, 0])
                self._kept.append(own)
            places = address(points), address(bounds), address(gaps), address(at)
            outputs[k] = (plan.inputs + k, sum(t.shape[1] for t in tables), table.shape[1], *places)
            self._kept += [bounds, gaps, at]
            tables.append(table)
        self.table = np.concatenate(tables, axis=1)
        beside = np.array([reach_of(fields[k]) for k in self.order[len(swept) :]], np.int64)
        of_output = self.dtype.itemsize * plan.elements
        self._patch = np.array(
            (
                address(outputs),
                len(outputs),
                self.table.shape[1],
                fill,
                address(beside),
                len(beside),
                of_output,
            ),
            PATCH,
        )
        self._kept += [outputs, beside]
        self._address = address(self._patch)
        self._pack = Struct(f"{6 + len(fields) + plan.outputs + 1}q").pack

    def _table(self, own: RowsAtPoints, edges: Array, first_points: Array) -> Array:
        """The rows of each band, with numbers of arrays, from 1, in the place of fields."""
        firsts = _first_groups(own, edges)[:-1]
        table = np.repeat(own.table[None], self.bands, axis=0)
        table[..., 0] += 4 * firsts[:, None]
        table[..., 4] += 8 * firsts[:, None]
        for t, term in enumerate(own.terms):
            for k, number in enumerate(term.fields):
                if number is not None:
                    place = self.order.index(number)
                    table[:, t, FIELDS.start + k] = (
                        1 + place + self.plan.outputs * (place >= self.plan.inputs)
                    )
            if term.at[2] is not None:
                table[:, t, AT.stop - 1] += 4 * first_points
        return table

    def __call__(
        self, fields: Sequence[Array], out: Sequence[Array] | None, workers: int | None
    ) -> Sequence[Array] | None:
        """New outputs, or those of `out`; None where the addresses do not allow it."""
        plan = self.plan
        if out is None:
            out = [np.empty(self.shape, self.dtype) for _ in range(plan.outputs)]
        arrays = [fields[k] for k in self.order]
        arrays[plan.inputs : plan.inputs] = out
        arrays.append(self.table.copy())
        head = *(_core.offsets or ()), 0, self.bands, workers or self.threads, plan.inputs + plan.outputs
        packed = self._pack(*head, *map(id, arrays))
        for begin, end in self.pieces:  # between these Python sees signals
            status = _core.core.gg_apply_in_bands(plan.address, packed, self._address, begin, end)
            if status in _core.REFUSED:
                return None
            _core.check(status)
        return out


def places_in(field: Array, points: Array) -> Array:
    """Where points of the flattened grid are in the memory of a field, counted in elements from the first."""
    places = np.zeros(points.shape, np.int64)
    for index, stride in zip(np.unravel_index(points, field.shape), field.strides, strict=True):
        places += index * (stride // field.itemsize)
    return places


def are_near(fields: Sequence[Array]) -> bool:
    """Whether all elements of a field are a number of elements apart that fits into 32 bits."""
    return all(
        max(abs(end) for end in reach_of(f)) < f.itemsize << 31
        and not any(stride % f.itemsize for stride in f.strides)
        for f in fields
    )


def reach_of(field: Array) -> tuple[int, int]:
    """The bytes of an array from its first element on."""
    ends = [stride * (n - 1) for stride, n in zip(field.strides, field.shape, strict=True)]
    return sum(min(end, 0) for end in ends), sum(max(end, 0) for end in ends) + field.itemsize


def _first_groups(own: RowsAtPoints, edges: Array) -> Array:
    """Of each band, and behind the last."""
    bands = np.searchsorted(edges, own.points[own.bounds[:-1]], side="right")
    return np.searchsorted(bands, np.arange(1, len(edges) + 1))


def _bounds(own: RowsAtPoints, edges: Array) -> tuple[Array, Array, Array]:
    """Bounds of groups, in each band from its first point; the first point and the first bound of each band."""
    groups = _first_groups(own, edges)
    firsts = own.bounds[groups]
    bounds = [own.bounds[g : h + 1] - own.bounds[g] for g, h in pairwise(groups)]
    return np.concatenate(bounds), firsts, groups + np.arange(len(edges))


def _runs(flags: Array, edges: Array) -> tuple[Array, Array]:
    """Runs of flagged points, cut at the edges of bands, and which is the first of each band."""
    begins, ends = flags.copy(), flags.copy()
    begins[1:] &= ~flags[:-1]
    ends[:-1] &= ~flags[1:]
    begins[edges[:-1]], ends[edges[1:] - 1] = flags[edges[:-1]], flags[edges[1:] - 1]
    runs = np.stack([np.flatnonzero(begins), np.flatnonzero(ends) + 1], axis=1).astype(np.int32)
    return runs, np.searchsorted(runs[:, 0], edges)
