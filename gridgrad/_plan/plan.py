"""Where arrays are, whether kernels can run terms on them, and the plan of that: a descriptor, packed bytes, no arrays of data."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np

from .._base.cache import Cache, Entry
from .._base.types import Array
from .._stencils.stencil import Stencil
from .._terms.term import Term, are_turned, in_order, joins_of
from .descriptor import (
    ABI_VERSION,
    DESCRIPTOR,
    GATED,
    HARMONIC,
    ITEM_BYTES,
    MAX_ARRAYS,
    MAX_DIMS,
    MAX_OFFSET,
    MAX_PAIRS,
    MAX_STENCILS,
    MAX_TERMS,
    PAIR,
    STORAGE,
    TooManyDims,
)

_FLOAT64 = np.dtype(np.float64)


class Layout(NamedTuple):
    """Where an array's elements are: strides in elements, per axis, any sign."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    component: int = 1  # from the real to the imaginary part: 0 for a real factor of complex data


class Memory(NamedTuple):
    """Where the elements of an array are."""

    # the kernels' name of the type, of complex elements that of their parts; None: not read
    storage: str | None
    components: int  # 2 of complex elements
    item: int  # bytes of an element, or of its part
    shape: tuple[int, ...]
    strides: tuple[int, ...]  # as the library counts them
    step: int  # bytes of a stride of 1
    address: int
    is_native: bool = True  # in the byte order of the machine

    @property
    def is_aligned(self) -> bool:
        """Whether kernels can read it where it is."""
        if not self.is_native or self.address % self.item:
            return False
        steps = zip(self.shape, self.strides, strict=True)
        return self.step % self.item == 0 or not any(n > 1 and s % self.item for n, s in steps)

    def layout(self, components: int) -> Layout:
        """Strides in real numbers; a real array among complex ones has one component."""
        strides = tuple(s * self.step // self.item for s in self.strides)
        return Layout(self.shape, strides, 0 if components > self.components else 1)

    @property
    def extent(self) -> tuple[int, int]:
        """The first address, and the first behind."""
        if 0 in self.shape:
            return 0, 0
        reach = [s * self.step * (n - 1) for n, s in zip(self.shape, self.strides, strict=True)]
        whole = self.item * self.components
        return self.address + sum(min(r, 0) for r in reach), self.address + sum(
            max(r, 0) for r in reach
        ) + whole

    def shadow(self) -> Array:
        """A NumPy array over the same addresses, to ask about overlaps; its elements must not be read."""
        whole = np.dtype((np.void, self.item * self.components))
        return np.asarray(_Interface(self, whole.str)) if 0 not in self.shape else np.empty(self.shape, whole)


class _Interface:
    def __init__(self, memory: Memory, typestr: str) -> None:
        self.__array_interface__ = {
            "version": 3, "data": (memory.address, False), "shape": memory.shape, "typestr": typestr,
            "strides": tuple(stride * memory.step for stride in memory.strides),
        }  # fmt: skip


def are_read(inputs: list[Memory]) -> bool:
    """Whether kernels read them, of one storage: integers beside another dtype are differenced as they are, in slices."""
    return inputs[0].storage is not None and all(place.storage == inputs[0].storage for place in inputs)


def kinds_of(inputs: list[Memory]) -> tuple[bool, ...]:
    """Which of them are complex."""
    return tuple([place.components > 1 for place in inputs])


def meet(places: Sequence[Memory], inputs: int) -> bool:
    """Whether the extent of an output meets that of an array before it; behind the inputs are outputs."""
    return overlap([place.extent for place in places], inputs)


def overlap(extents: Sequence[tuple[int, int]], inputs: int) -> bool:
    """The same of extents."""
    before = ((a, b) for k, b in enumerate(extents[inputs:], start=inputs) for a in extents[:k])
    return any(a[0] < b[1] and b[0] < a[1] for a, b in before)


class Dim(NamedTuple):
    """One loop: its length, the axis it comes from (None: a batch dim) and a stride per array."""

    length: int
    axis: int | None
    inner: int
    strides: tuple[int, ...]


@dataclass(eq=False, slots=True)
class Tables:
    """What a descriptor points to for one stencil: its edge rows, and its weights where they vary.

    The weights are in the arithmetic type, each `inner` times. Plans share them, so `nbytes` is what a
    plan and a cache keep alive together.
    """

    # "start", "pair" and, where they vary, "weights": the fields of the descriptor that point to them
    named: dict[str, Array]
    nbytes: int  # the weights of the stencil included
    selects: bool  # see `Stencil`


@dataclass(eq=False, repr=False, slots=True, weakref_slot=True)
class Plan:
    """A packed operator for one memory layout. Pointers to the fields are not part of it. Not to be changed."""

    descriptor: Array
    address: int  # of the descriptor's bytes
    storage: str
    output_storage: str
    real: str
    terms: tuple[Term, ...]
    inputs: int
    outputs: int
    shape: tuple[int, ...]  # of each output
    elements: int
    traffic: int  # bytes read and written, each array once
    tables: tuple[Tables, ...]  # those of each stencil, kept alive: the descriptor points into them
    nbytes: int  # that the plan keeps alive, much of it together with others

    @property
    def items(self) -> list[int]:
        """Bytes of an element, or of its part, of each array."""
        return [ITEM_BYTES[self.storage]] * self.inputs + [ITEM_BYTES[self.output_storage]] * self.outputs


def has_kernel(terms: tuple[Term, ...], complex_inputs: Sequence[bool]) -> bool:
    """Whether kernels can run these terms: float64 has the exponents of all weights, no factor is complex.

    Nor is anything complex turned.
    """
    stencils = [stencil for term in terms for _, stencil in term.stencils()]
    if not all([stencil.fits(_FLOAT64) for stencil in stencils]):
        return False
    if any(len(stencil.offsets) > MAX_PAIRS or not -MAX_OFFSET <= end <= MAX_OFFSET
           for stencil in stencils for pair in stencil.offsets for end in pair):  # fmt: skip
        return False
    if not any(complex_inputs):
        return True
    return not (are_turned(terms) or any(complex_inputs[k] for term in terms for k in term.factors()))


def arithmetic_type(storage: str, terms: Sequence[Term]) -> str:
    """float32 for storage of at most that precision, unless its exponents cannot hold a weight."""
    if storage not in STORAGE[:3]:
        return "float64"
    limits = np.finfo(np.float32)
    for _, stencil in (entry for term in terms for entry in term.stencils()):
        smallest, largest = stencil.smallest_and_largest_weight()
        if smallest < float(limits.tiny) or largest > float(limits.max):
            return "float64"
    return "float32"


def plan_at(terms: tuple[Term, ...], places: list[Memory], inputs: int, adds: bool) -> Plan:
    """The cached plan of arrays that lie so; with `adds` the terms join what the outputs hold. Raises TooManyDims."""
    storage, components = places[0].storage, places[0].components
    assert storage is not None
    layouts = tuple([place.layout(components) for place in places])
    return make_plan(terms, storage, layouts[:inputs], layouts[inputs:], components, adds)


_plans: Cache[Plan] = Cache("plans", entries=512)
_tables: Cache[Tables] = Cache("tables", entries=512)


def make_plan(
    terms: tuple[Term, ...], storage: str, inputs: tuple[Layout, ...], outputs: tuple[Layout, ...], components: int, adds: bool
) -> Plan:  # fmt: skip
    """The cached plan of `terms` for arrays of these layouts.

    `components` is 2 for complex data, whose strides count real numbers, else 1. With `adds` the terms join what
    the outputs hold, which must be of the arithmetic type.
    """
    key = terms, storage, inputs, outputs, components, adds
    entry = _plans.held.get(key)
    if entry is None:
        plan = _packed(*key)
        _plans.put(key, plan, plan.nbytes)
        return plan
    entry.used = Entry.now
    return entry.value


def _packed(
    terms: tuple[Term, ...], storage: str, inputs: tuple[Layout, ...], outputs: tuple[Layout, ...], components: int, adds: bool
) -> Plan:  # fmt: skip
    """The plan, made."""
    terms = in_order(terms)
    stencils = list(dict.fromkeys(entry for term in terms for entry in term.stencils()))
    joins = joins_of(terms)
    real = arithmetic_type(storage, terms)
    output_storage = storage if storage in STORAGE[:4] else "float64"
    later = {term.then[0] for term in terms if term.then is not None}
    axes = {axis for axis, _ in stencils if axis is not None}
    dims = collapse(outputs[0].shape, (*inputs, *outputs), axes, components, later)
    arrays = len(inputs) + len(outputs)
    tables = (MAX_DIMS, MAX_ARRAYS, MAX_TERMS, MAX_STENCILS)
    counts = (len(dims), arrays, len(terms), len(stencils))
    if any(n > most for n, most in zip(counts, tables, strict=True)):
        raise TooManyDims(len(dims) > MAX_DIMS)
    packed = np.zeros((), DESCRIPTOR)
    packed["abi"], packed["storage"] = ABI_VERSION, STORAGE.index(storage)
    packed["real_bytes"], packed["output_bytes"] = np.dtype(real).itemsize, ITEM_BYTES[output_storage]
    packed["inputs"], packed["outputs"] = len(inputs), len(outputs)
    packed["terms"], packed["stencils"] = len(terms), len(stencils)
    _pack_dims(packed, dims, arrays)
    seen = {term.output for term in terms} if adds else set()
    for k, term in enumerate(terms):
        packed["term"][k] = _pack_term(term, stencils, term.output not in seen)
        seen.add(term.output)
    for output, join in joins.items():
        packed["join"][output] = join
    shared: list[Tables] = []
    for k, (axis, stencil) in enumerate(stencils):
        shared.append(_pack_stencil(packed["stencil"][k], dims, axis, stencil, real))
        packed["surplus"][k] = stencil.surplus
    elements = prod(dim.length for dim in dims)
    items = [ITEM_BYTES[storage]] * len(inputs) + [ITEM_BYTES[output_storage]] * len(outputs)
    sizes = (prod(dim.length for dim in dims if dim.strides[k]) for k in range(arrays))
    traffic = sum(item * size for item, size in zip(items, sizes, strict=True))
    nbytes = packed.nbytes + sum(own.nbytes for own in shared)
    return Plan(packed, packed.ctypes.data, storage, output_storage, real, terms, len(inputs), len(outputs),
                outputs[0].shape, elements, traffic, tuple(shared), nbytes)  # fmt: skip


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
    is_short = len(dims) > 1 and dims[-1].length < 16
    if must or (is_short and dims[-1].inner == 1):  # joined dims must stay the row
        free = [k for k in range(len(dims)) if dims[k].axis not in later]
        longest = max(free, key=lambda k: dims[k].length)
        if must or dims[longest].length > 2 * dims[-1].length:
            dims.append(dims.pop(longest))
    return dims


def _pack_dims(packed: Array, dims: list[Dim], arrays: int) -> None:
    packed["length"] = 1
    for place, dim in enumerate(dims, start=MAX_DIMS - len(dims)):
        packed["length"][place] = dim.length
        for k in range(arrays):
            packed["array"][k]["stride"][place] = dim.strides[k]


def _pack_term(term: Term, stencils: list[tuple[int | None, Stencil]], first: bool) -> tuple[int, ...]:
    own = stencils.index((term.axis, term.stencil))
    then = -1 if term.then is None else stencils.index(term.then)
    factors = (-1 if k is None else k for k in (term.inner, term.faces, term.outer))
    own_flags = GATED * term.gated | HARMONIC * term.harmonic, term.inner_sign, term.outer_sign
    return term.output, term.input, own, first, *factors, then, term.ends and not first, *own_flags


def _line_of(dims: list[Dim], axis: int | None, stencil: Stencil) -> tuple[int, int, int]:
    """The dim of a stencil, elements per point and points along it; a row of one point is the same along any."""
    first = MAX_DIMS - len(dims)
    if axis is None:
        return 0, 1, 1 if first else dims[0].length
    position = next(k for k, dim in enumerate(dims) if dim.axis == axis)
    return first + position, dims[position].inner, stencil.length


def _pack_stencil(packed: Array, dims: list[Dim], axis: int | None, stencil: Stencil, real: str) -> Tables:
    place, inner, length = _line_of(dims, axis, stencil)
    packed["dim"], packed["inner"], packed["length"] = place, inner, length
    tables = tables_of(stencil, real, inner)
    packed["values"], packed["selects"] = stencil.values, tables.selects
    packed["leading"], packed["trailing"] = len(stencil.leading), len(stencil.trailing)
    packed["pairs"] = len(stencil.offsets)
    for k, (a, b) in enumerate(stencil.offsets):
        packed["a"][k], packed["b"][k] = a, b
    if "weights" not in tables.named:
        packed["weight"][: len(stencil.weights)] = stencil.weights
    for name, table in tables.named.items():
        packed[name] = table.ctypes.data
    return tables


def tables_of(stencil: Stencil, real: str, inner: int) -> Tables:
    """The tables of a stencil, shared by all plans that want the same."""
    key = stencil, real, inner
    entry = _tables.held.get(key)
    if entry is not None:
        entry.used = Entry.now
        return entry.value
    rows = (*stencil.leading, *stencil.trailing)
    start = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    pair = np.array([pair for row in rows for pair in row], dtype=PAIR)
    named, held = {"start": start, "pair": pair}, start.nbytes + pair.nbytes + stencil.nbytes
    if not stencil.is_uniform:
        vectors = stencil.table() if inner == 1 else None
        if vectors is None or vectors.dtype != real:
            vectors = _expanded(stencil, real, inner)
            held += vectors.nbytes
        named["weights"] = vectors
    tables = Tables(named, held, stencil.selects)
    _tables.put(key, tables, held)
    return tables


def _expanded(stencil: Stencil, real: str, inner: int) -> Array:
    vectors = np.empty((len(stencil.weights), stencil.length * inner), real)
    for vector, values in zip(vectors, stencil.weights, strict=True):
        vector.reshape(stencil.length, inner)[...] = np.reshape(values, (-1, 1))
    return vectors
