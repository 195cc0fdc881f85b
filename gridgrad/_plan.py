"""Terms and a memory layout to a descriptor: collapsed dims, packed bytes; cached, no arrays of data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ._cache import Bounded
from ._stencils import Array, Row, Stencil

ABI_VERSION = 1
MAX_DIMS, MAX_ARRAYS, MAX_TERMS, MAX_STENCILS, MAX_PAIRS = 8, 12, 12, 6, 4

# Storage types the kernels read, in the order of `Storage` in kernels/descriptor.h.
STORAGE = ("float16", "bfloat16", "float32", "float64", "int8", "uint8", "int16", "uint16",
           "int32", "uint32", "int64", "uint64")  # fmt: skip
ITEM_BYTES = dict(zip(STORAGE, (2, 2, 4, 8, 1, 1, 2, 2, 4, 4, 8, 8), strict=True))

_PAIR = np.dtype([("a", "i8"), ("b", "i8"), ("weight", "f8")], align=True)
_EDGE = np.dtype([("count", "i8"), ("pair", _PAIR, MAX_PAIRS)], align=True)
_STENCIL = np.dtype(
    [("dim", "i4"), ("inner", "i4"), ("leading", "i4"), ("trailing", "i4"), ("length", "i8"),
     ("lower", "f8"), ("upper", "f8"), ("lowers", "u8"), ("uppers", "u8"), ("edge", _EDGE, 2)],
    align=True,
)  # fmt: skip
_TERM = np.dtype([("output", "i4"), ("input", "i4"), ("stencil", "i4"), ("assign", "i4")])
_ARRAY = np.dtype([("data", "u8"), ("stride", "i8", MAX_DIMS)])
DESCRIPTOR = np.dtype(
    [("abi", "i4"), ("storage", "i4"), ("real_bytes", "i4"), ("output_bytes", "i4"),
     ("inputs", "i4"), ("outputs", "i4"), ("terms", "i4"), ("stencils", "i4"),
     ("length", "i8", MAX_DIMS), ("array", _ARRAY, MAX_ARRAYS), ("term", _TERM, MAX_TERMS),
     ("stencil", _STENCIL, MAX_STENCILS)],
    align=True,
)  # fmt: skip


class Term(NamedTuple):
    """``output += stencil applied to input along axis``."""

    output: int
    input: int
    axis: int
    stencil: Stencil


class Layout(NamedTuple):
    """Where an array's elements are: strides in elements, per axis, any sign."""

    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Dim(NamedTuple):
    """One loop: its length, the axis it comes from (None: a batch dim) and a stride per array."""

    length: int
    axis: int | None
    inner: int
    strides: tuple[int, ...]


class TooManyDims(Exception):
    """The dims that do not collapse are more than a descriptor holds."""


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


_plans: Bounded[Plan] = Bounded(entries=512, nbytes=128 << 20)


def make_plan(
    terms: tuple[Term, ...],
    storage: str,
    inputs: tuple[Layout, ...],
    outputs: tuple[Layout, ...],
    components: int = 1,
) -> Plan:
    """Pack `terms` for arrays of these layouts.

    `components` is 2 for complex data, whose strides count real numbers.
    """
    key = (terms, storage, inputs, outputs, components)
    plan = _plans.get(key)
    if plan is None:
        plan = _pack(*key)
        held = sum(w.nbytes for w in plan.weights) + sum(term.stencil.nbytes for term in terms)
        _plans.put(key, plan, plan.descriptor.nbytes + held)
    return plan


def _pack(
    terms: tuple[Term, ...],
    storage: str,
    inputs: tuple[Layout, ...],
    outputs: tuple[Layout, ...],
    components: int,
) -> Plan:
    terms = tuple(sorted(terms, key=lambda term: term.output))
    real = arithmetic_type(storage, terms)
    output_storage = storage if storage in STORAGE[:4] else "float64"
    dims = collapse(inputs[0].shape, (*inputs, *outputs), {term.axis for term in terms}, components)
    stencils = list(dict.fromkeys((term.axis, term.stencil) for term in terms))
    arrays = len(inputs) + len(outputs)
    if len(dims) > MAX_DIMS or arrays > MAX_ARRAYS or len(terms) > MAX_TERMS or len(stencils) > MAX_STENCILS:
        raise TooManyDims
    packed = np.zeros((), DESCRIPTOR)
    packed["abi"], packed["storage"] = ABI_VERSION, STORAGE.index(storage)
    packed["real_bytes"], packed["output_bytes"] = np.dtype(real).itemsize, ITEM_BYTES[output_storage]
    packed["inputs"], packed["outputs"] = len(inputs), len(outputs)
    packed["terms"], packed["stencils"] = len(terms), len(stencils)
    _pack_dims(packed, dims, arrays)
    seen: set[int] = set()
    for k, term in enumerate(terms):
        place = stencils.index((term.axis, term.stencil))
        packed["term"][k] = (term.output, term.input, place, term.output not in seen)
        seen.add(term.output)
    weights: list[Array] = []
    fields: list[tuple[int, str, int]] = []
    for k, (axis, stencil) in enumerate(stencils):
        _pack_stencil(packed["stencil"][k], dims, axis, stencil, real, weights, fields, k)
    elements = prod(dim.length for dim in dims)
    traffic = elements * (ITEM_BYTES[storage] * len(inputs) + ITEM_BYTES[output_storage] * len(outputs))
    return Plan(packed, packed.ctypes.data, storage, output_storage, real, terms, len(inputs), len(outputs), elements,
                traffic, tuple(weights), tuple(fields))  # fmt: skip


def arithmetic_type(storage: str, terms: Sequence[Term]) -> str:
    """float32 for storage of at most that precision, unless its exponents cannot hold a weight."""
    if storage not in STORAGE[:3]:
        return "float64"
    limits = np.finfo(np.float32)
    for term in terms:
        smallest, largest = term.stencil.smallest_and_largest_weight()
        if smallest < float(limits.tiny) or largest > float(limits.max):
            return "float64"
    return "float32"


def collapse(shape: tuple[int, ...], layouts: Sequence[Layout], axes: set[int], components: int) -> list[Dim]:
    """The loops of the sweep, slowest first: sorted by stride, merged where memory allows."""
    dims = [
        Dim(n, k if k in axes else None, 1, tuple(layout.strides[k] for layout in layouts))
        for k, n in enumerate(shape)
        if n != 1 or k in axes
    ]
    if components > 1:
        dims.append(Dim(components, None, 1, (1,) * len(layouts)))
    dims.sort(key=lambda dim: (max(map(abs, dim.strides[1:])), abs(dim.strides[0])), reverse=True)
    merged: list[Dim] = []
    for dim in dims:
        if merged and merged[-1].axis is None and dim.axis is None and _adjacent(merged[-1], dim):
            dim = Dim(merged.pop().length * dim.length, None, 1, dim.strides)
        merged.append(dim)
    return _choose_row(merged) or [Dim(1, None, 1, (0,) * len(layouts))]


def _adjacent(outer: Dim, inner: Dim) -> bool:
    return all(a == b * inner.length for a, b in zip(outer.strides, inner.strides, strict=True))


def _choose_row(dims: list[Dim]) -> list[Dim]:
    """Make the last dim a good vector direction: few components join their axis, short rows swap."""
    if len(dims) > 1 and dims[-1].axis is None and dims[-1].length < 64 and _adjacent(dims[-2], dims[-1]):
        row = dims.pop()
        axis = dims.pop()
        dims.append(Dim(axis.length * row.length, axis.axis, row.length, row.strides))
    if len(dims) > 1 and dims[-1].length < 16 and dims[-1].inner == 1:  # joined dims must stay the row
        longest = max(range(len(dims)), key=lambda k: dims[k].length)
        if dims[longest].length > 2 * dims[-1].length:
            dims.append(dims.pop(longest))
    return dims


def _pack_dims(packed: Array, dims: list[Dim], arrays: int) -> None:
    packed["length"] = 1
    for place, dim in enumerate(dims, start=MAX_DIMS - len(dims)):
        packed["length"][place] = dim.length
        for k in range(arrays):
            packed["array"][k]["stride"][place] = dim.strides[k]


def _pack_stencil(
    packed: Any, dims: list[Dim], axis: int, stencil: Stencil, real: str,
    weights: list[Array], fields: list[tuple[int, str, int]], place: int,
) -> None:  # fmt: skip
    position = next(k for k, dim in enumerate(dims) if dim.axis == axis)
    dim = dims[position]
    inner = dim.inner
    packed["dim"], packed["inner"] = MAX_DIMS - len(dims) + position, inner
    packed["length"] = stencil.length
    packed["leading"], packed["trailing"] = 1, 1
    _pack_edge(packed["edge"][0], stencil.leading)
    _pack_edge(packed["edge"][1], stencil.trailing)
    for name, values in (("lower", stencil.lower), ("upper", stencil.upper)):
        if stencil.is_uniform:
            packed[name] = values
        else:
            vector = np.ascontiguousarray(values, dtype=real)
            vector = np.repeat(vector, inner) if inner > 1 else vector
            fields.append((place, name + "s", len(weights)))
            weights.append(vector)
            packed[name + "s"] = vector.ctypes.data


def _pack_edge(packed: Any, row: Row) -> None:
    packed["count"] = len(row)
    for k, pair in enumerate(row):
        packed["pair"][k] = pair
