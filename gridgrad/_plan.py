"""Terms and a memory layout to a descriptor: collapsed dims, packed bytes; cached, no arrays of data."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ._cache import Cache
from ._stencils import Array, Stencil

ABI_VERSION = 3
MAX_DIMS, MAX_ARRAYS, MAX_TERMS, MAX_STENCILS, MAX_PAIRS = 8, 20, 32, 13, 12
MAX_OFFSET = 127  # of a pair from its own point

# Storage types the kernels read, in the order of `Storage` in kernels/descriptor.h.
STORAGE = ("float16", "bfloat16", "float32", "float64", "int8", "uint8", "int16", "uint16",
           "int32", "uint32", "int64", "uint64")  # fmt: skip
ITEM_BYTES = dict(zip(STORAGE, (2, 2, 4, 8, 1, 1, 2, 2, 4, 4, 8, 8), strict=True))

_FLOAT64 = np.dtype(np.float64)
PAIR = np.dtype([("a", "i8"), ("b", "i8"), ("weight", "f8")])
_STENCIL = np.dtype(
    [("dim", "i1"), ("pairs", "i1"), ("values", "i1"), ("selects", "i1"), ("inner", "i4"), ("leading", "i4"),
     ("trailing", "i4"), ("length", "i8"), ("a", "i1", MAX_PAIRS), ("b", "i1", MAX_PAIRS), ("weight", "f8", MAX_PAIRS),
     ("weights", "u8"), ("start", "u8"), ("pair", "u8")],
    align=True,
)  # fmt: skip
_TERM = np.dtype([(name, "i1") for name in
                  ("output", "input", "stencil", "assign", "coefficient", "place", "then", "norm")])  # fmt: skip
_ARRAY = np.dtype([("data", "u8"), ("stride", "i8", MAX_DIMS)])
DESCRIPTOR = np.dtype(
    [("abi", "i4"), ("storage", "i4"), ("real_bytes", "i4"), ("output_bytes", "i4"),
     ("inputs", "i4"), ("outputs", "i4"), ("terms", "i4"), ("stencils", "i4"),
     ("length", "i8", MAX_DIMS), ("array", _ARRAY, MAX_ARRAYS), ("term", _TERM, MAX_TERMS),
     ("stencil", _STENCIL, MAX_STENCILS)],
    align=True,
)  # fmt: skip

PLACES = ("point", "samples", "faces")  # of a coefficient, in the order of `Place` in kernels/descriptor.h


class Term(NamedTuple):
    """``output += stencil applied to input along axis``, and what else a term can do.

    A `coefficient` is the input that multiplies: at the ``"point"`` of the row, at each of the
    ``"samples"`` (only for a stencil of values), or at the ``"faces"``, the mean of its two points for
    each pair. `then` is a second stencil, along another axis, applied to the rows of the first. With
    `norm` the output is ``hypot(output, value)`` instead of a sum.
    """

    output: int
    input: int
    axis: int
    stencil: Stencil
    coefficient: int | None = None
    place: str = "point"
    then: tuple[int, Stencil] | None = None
    norm: bool = False

    def stencils(self) -> tuple[tuple[int, Stencil], ...]:
        """The (axis, stencil) of the term: one, or two of a mixed derivative."""
        own = ((self.axis, self.stencil),)
        return own if self.then is None else (*own, self.then)


def shifted(terms: tuple[Term, ...], by: int) -> tuple[Term, ...]:
    """The terms with their coefficients `by` places further back among the inputs."""
    return tuple(
        term if term.coefficient is None else term._replace(coefficient=term.coefficient + by)
        for term in terms
    )


def own_terms(terms: tuple[Term, ...], output: int) -> tuple[Term, ...]:
    """The terms of one output, as its only ones."""
    return tuple(term._replace(output=0) for term in terms if term.output == output)


class Layout(NamedTuple):
    """Where an array's elements are: strides in elements, per axis, any sign."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]
    component: int = 1  # from the real to the imaginary part: 0 for a real coefficient of complex data


class Dim(NamedTuple):
    """One loop: its length, the axis it comes from (None: a batch dim) and a stride per array."""

    length: int
    axis: int | None
    inner: int
    strides: tuple[int, ...]


class TooManyDims(Exception):
    """The dims that do not collapse, the arrays, terms or stencils are more than a descriptor holds."""

    def __init__(self, dims: bool) -> None:
        self.dims = dims  # whether it is the dims
        super().__init__("too many dims" if dims else "too many arrays, terms or stencils")


def has_kernel(terms: tuple[Term, ...], complex_inputs: Sequence[bool]) -> bool:
    """Whether kernels can run these terms: float64 has the exponents of all weights, no coefficient is complex."""
    if not all(_has_rows(stencil) for term in terms for _, stencil in term.stencils()):
        return False
    return not any(term.coefficient is not None and complex_inputs[term.coefficient] for term in terms)


def _has_rows(stencil: Stencil) -> bool:
    offsets = stencil.offsets
    if not stencil.fits(_FLOAT64) or len(offsets) > MAX_PAIRS:
        return False
    return all(-MAX_OFFSET <= end <= MAX_OFFSET for pair in offsets for end in pair)


@dataclass(frozen=True, eq=False, slots=True)
class Tables:
    """What a descriptor points to for one stencil: its edge rows, and its weights where they vary.

    The weights are in the arithmetic type, each `inner` times. Plans share them, so `nbytes` is what a
    plan and a cache keep alive together.
    """

    start: Array
    pair: Array
    weights: Array | None
    nbytes: int  # the weights of the stencil included

    def named(self) -> dict[str, Array]:
        """The tables by the field of the descriptor that points to them."""
        edges = {"start": self.start, "pair": self.pair}
        return edges if self.weights is None else edges | {"weights": self.weights}


@dataclass(frozen=True, eq=False, slots=True)
class Plan:
    """A packed operator for one memory layout. Pointers are not part of it."""

    descriptor: Array
    address: int  # of the descriptor's bytes
    storage: str
    output_storage: str
    real: str
    terms: tuple[Term, ...]
    inputs: int
    outputs: int
    elements: int
    traffic: int  # bytes read and written, each array once
    weights: tuple[Array, ...] = field(repr=False)  # kept alive: the descriptor points into them
    weight_fields: tuple[tuple[int, str, int], ...] = field(repr=False)  # (stencil, field, weights index)
    tables: tuple[Tables, ...] = field(repr=False)  # those of each stencil, which `weights` lists

    @property
    def nbytes(self) -> int:
        """Memory that the plan keeps alive, much of it together with others."""
        return int(self.descriptor.nbytes) + sum(tables.nbytes for tables in self.tables)


_plans: Cache[Plan] = Cache("plans", entries=512)
_tables: Cache[Tables] = Cache("tables", entries=512)


def make_plan(
    terms: tuple[Term, ...],
    storage: str,
    inputs: tuple[Layout, ...],
    outputs: tuple[Layout, ...],
    components: int = 1,
    adds: bool = False,
) -> Plan:
    """Pack `terms` for arrays of these layouts.

    `components` is 2 for complex data, whose strides count real numbers. With `adds` the terms join what
    the outputs hold, which must be of the arithmetic type.
    """
    key = (terms, storage, inputs, outputs, components, adds)
    plan = _plans.get(key)
    if plan is None:
        plan = _pack(*key)
        _plans.put(key, plan, plan.nbytes)
    return plan


def _pack(
    terms: tuple[Term, ...],
    storage: str,
    inputs: tuple[Layout, ...],
    outputs: tuple[Layout, ...],
    components: int,
    adds: bool,
) -> Plan:
    terms = tuple(sorted(terms, key=lambda term: term.output))
    real = arithmetic_type(storage, terms)
    output_storage = storage if storage in STORAGE[:4] else "float64"
    stencils = list(dict.fromkeys(entry for term in terms for entry in term.stencils()))
    later = {term.then[0] for term in terms if term.then is not None}
    axes = {axis for axis, _ in stencils}
    dims = collapse(inputs[0].shape, (*inputs, *outputs), axes, components, later)
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
    weights: list[Array] = []
    fields: list[tuple[int, str, int]] = []
    shared: list[Tables] = []
    for k, (axis, stencil) in enumerate(stencils):
        shared.append(_pack_stencil(packed["stencil"][k], dims, axis, stencil, real))
        for name, table in shared[k].named().items():
            fields.append((k, name, len(weights)))
            weights.append(table)
    elements = prod(dim.length for dim in dims)
    traffic = elements * (ITEM_BYTES[storage] * len(inputs) + ITEM_BYTES[output_storage] * len(outputs))
    return Plan(packed, packed.ctypes.data, storage, output_storage, real, terms, len(inputs), len(outputs), elements,
                traffic, tuple(weights), tuple(fields), tuple(shared))  # fmt: skip


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


def _pack_dims(packed: Array, dims: list[Dim], arrays: int) -> None:
    packed["length"] = 1
    for place, dim in enumerate(dims, start=MAX_DIMS - len(dims)):
        packed["length"][place] = dim.length
        for k in range(arrays):
            packed["array"][k]["stride"][place] = dim.strides[k]


def _pack_term(term: Term, stencils: list[tuple[int, Stencil]], first: bool) -> tuple[int, ...]:
    own, *then = [stencils.index(entry) for entry in term.stencils()]
    coefficient = -1 if term.coefficient is None else term.coefficient
    return (
        term.output,
        term.input,
        own,
        first,
        coefficient,
        PLACES.index(term.place),
        *(then or [-1]),
        term.norm,
    )


def _pack_stencil(packed: Any, dims: list[Dim], axis: int, stencil: Stencil, real: str) -> Tables:
    position = next(k for k, dim in enumerate(dims) if dim.axis == axis)
    inner = dims[position].inner
    packed["dim"], packed["inner"] = MAX_DIMS - len(dims) + position, inner
    packed["length"], packed["values"] = stencil.length, stencil.values
    packed["selects"] = stencil.selects
    packed["leading"], packed["trailing"] = len(stencil.leading), len(stencil.trailing)
    packed["pairs"] = len(stencil.offsets)
    for k, (a, b) in enumerate(stencil.offsets):
        packed["a"][k], packed["b"][k] = a, b
    if stencil.is_uniform:
        packed["weight"][: len(stencil.weights)] = stencil.weights
    tables = tables_of(stencil, real, inner)
    for name, table in tables.named().items():
        packed[name] = table.ctypes.data
    return tables


def tables_of(stencil: Stencil, real: str, inner: int) -> Tables:
    """The tables of a stencil, shared by all plans that want the same."""
    key = (stencil, real, inner)
    tables = _tables.get(key)
    if tables is None:
        tables = _make_tables(*key)
        _tables.put(key, tables, tables.nbytes)
    return tables


def _make_tables(stencil: Stencil, real: str, inner: int) -> Tables:
    rows = (*stencil.leading, *stencil.trailing)
    start = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    pair = np.array([pair for row in rows for pair in row], dtype=PAIR)
    vectors, held = None, start.nbytes + pair.nbytes + stencil.nbytes
    if not stencil.is_uniform:
        vectors = stencil.table() if inner == 1 else None
        if vectors is None or vectors.dtype != real:
            vectors = _expanded(stencil, real, inner)
            held += vectors.nbytes
    return Tables(start, pair, vectors, held)


def _expanded(stencil: Stencil, real: str, inner: int) -> Array:
    vectors = np.empty((len(stencil.weights), stencil.length * inner), real)
    for vector, values in zip(vectors, stencil.weights, strict=True):
        vector.reshape(stencil.length, inner)[...] = np.reshape(values, (-1, 1))
    return vectors
