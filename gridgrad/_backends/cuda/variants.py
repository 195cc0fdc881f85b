"""The CUDA kernel without a device: its text, its variants, and what a plan launches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import repeat
from operator import eq
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..._base.types import Array
from ..._plan.descriptor import ITEM_BYTES, MAX_DIMS
from ..._plan.plan import Plan, Tables
from ..._stencils.stencil import CENTRAL
from ..._terms.term import Join
from .launch_shape import ROW, LaunchShape, Reads, launch_shape
from .rows import LIGHT_BYTES, LIGHT_TERMS, Share, held_bytes, share_of

ENTRY = "gridgrad_apply"
OPTIONS = ("-std=c++17", "--fmad=false")  # of the compiler, for every variant
ACCESS_BYTES = 16  # the widest load and store there is
VECTOR_BYTES = 88  # of all sums and row weights one thread holds: more would spill registers
INT_LIMIT = 2**31 - 1
HEAVY_TERMS = 8  # what 80 registers have room for
# Blocks on a multiprocessor that registers are left for, as in __launch_bounds__, whatever a variant holds; 0: the
# compiler's choice, None: `_blocks`. For measurements.
BLOCKS: int | None = None

# The only words that a macro can become.
_TYPES = {
    "float16": "Half", "bfloat16": "BFloat16", "float32": "float", "float64": "double",
    "int8": "int8", "uint8": "uint8", "int16": "int16", "uint16": "uint16",
    "int32": "int32", "uint32": "uint32", "int64": "int64", "uint64": "uint64",
}  # fmt: skip
_INDICES = {"int32": "int", "int64": "int64"}
EQUAL, DISTINCT, VARYING = 0, 1, 2  # how a stencil gives its weights, as in apply.cu
VALUE, SELECTED, VALUED = 1, 2, 4  # pairs that are no plain differences, as in variant.h


class Variant(NamedTuple):
    """What is fixed when the kernel is compiled."""

    stored: str
    real: str
    out: str
    indices: str
    rank: int
    inputs: int
    outputs: int
    vector: int
    elements: int
    gap: int
    unit: int
    inner: int
    planes: int
    slabs: int
    strides: int
    blocks: int
    terms: tuple[tuple[int, ...], ...]
    joins: tuple[int, ...]
    stencils: tuple[tuple[object, ...], ...]  # dim, weights, values, central, pairs, then the tables a and b


@dataclass(frozen=True, eq=False, slots=True)
class Launch:
    """A plan as CUDA runs it: compiled variant, shape of the launch, bytes of its one parameter.

    The descriptor's data and weight pointers are those of the host until `parameter` puts others in.
    """

    plan: Plan
    variant: Variant
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    descriptor: Array


@cache
def source() -> str:
    """kernels/apply.cu with its headers put in their place: one text, as NVRTC wants it."""
    folder: Any = files("gridgrad").joinpath("kernels")
    if not folder.is_dir():  # a checkout that is not installed
        folder = Path(__file__).parents[3] / "kernels"
    seen: set[str] = set()

    def text_of(name: str) -> str:
        text = folder.joinpath(name).read_text(encoding="utf-8")
        return re.sub(r'^#include "(\w+\.h)"$', included, text, flags=re.MULTILINE)

    def included(match: re.Match[str]) -> str:
        name = match[1]
        if name in seen:
            return ""
        seen.add(name)
        return text_of(name)

    return text_of("apply.cu")


def program(variant: Variant) -> str:
    """The text of a variant, which NVRTC is given with `OPTIONS`.

    Its macros stand in the text and not among the options, because CuPy compiles an empty program for each
    tuple of options, also where it finds the kernel on disk.
    """
    return macros(variant) + source()


def macros(variant: Variant) -> str:
    """What chooses a variant, in front of `source`; every word comes from a table above or is a number."""

    def rows(table: tuple[Any, ...]) -> str:
        return ",".join("{" + rows(v) + "}" if isinstance(v, tuple) else str(int(v)) for v in table)

    words = {"stored": _TYPES, "real": _TYPES, "out": _TYPES, "indices": _INDICES}
    text = ""
    for name, value in variant._asdict().items():
        one = rows(value) if isinstance(value, tuple) else words[name][value] if name in words else int(value)
        text += f"#define GG_{'INDEX' if name == 'indices' else name.upper()} {one}\n"
    return text


def fitting_vector(plan: Plan, widest: int, addresses: Sequence[int]) -> int:
    """Elements of one access at these addresses, at most `widest`; 1 fits always."""
    width = widest
    for item, address in zip(plan.items, addresses, strict=False):
        while width > 1 and address % (width * item):
            width //= 2
    return width


def widest_vector(plan: Plan) -> int:
    """Elements of one access that layout and registers allow, given perfect alignment."""
    packed = device_descriptor(plan)
    width = ACCESS_BYTES // max(ITEM_BYTES[plan.storage], ITEM_BYTES[plan.output_storage])
    if is_general(packed):
        return 1
    held = plan.outputs + 2 * sum(s["dim"] == ROW and bool(s["weights"]) for s in _stencils(packed))
    held += 2 * int((packed["join"] == Join.NORM).any())  # what a root and a quotient take
    while width > 1 and held * width * np.dtype(plan.real).itemsize > VECTOR_BYTES:
        width //= 2
    if not has_unit_rows(plan, packed) or _inner(packed) == 0:
        return 1
    lengths, strides = packed["length"], packed["array"]["stride"][: plan.inputs + plan.outputs]
    for number in (lengths[ROW], *strides[:, :ROW][:, lengths[:ROW] > 1].flat):
        while number % width:
            width //= 2
    return width


def has_unit_rows(plan: Plan, packed: Array) -> bool:
    """Whether the elements of a row are side by side in every array."""
    return bool(np.all(packed["array"]["stride"][: plan.inputs + plan.outputs, ROW] == 1))


def make_launch(plan: Plan, vector: int, index: str | None = None) -> Launch:
    """`plan` with accesses of `vector` elements; `index` is for tests, by default what fits."""
    packed = device_descriptor(plan)
    lengths = [int(n) for n in packed["length"]]
    share = share_of(packed, vector)
    reads = map(_reads, _stencils(packed))
    shape = launch_shape(lengths, share.threads, plan.items, reads)
    packed["slab"] = shape.slab or 0
    indices = index or ("int32" if _reach(packed, plan, share, shape) < INT_LIMIT else "int64")
    variant = Variant(
        stored=plan.storage,
        real=plan.real,
        out=plan.output_storage,
        indices=indices,
        rank=MAX_DIMS - next((k for k, n in enumerate(lengths) if n > 1), ROW),
        inputs=plan.inputs,
        outputs=plan.outputs,
        vector=share.vector,
        elements=share.elements,
        gap=share.gap,
        unit=int(has_unit_rows(plan, packed)),
        inner=_inner(packed),
        planes=shape.planes,
        slabs=int(shape.slab is not None),
        strides=int(shape.strides),
        blocks=_blocks(packed, share, indices) if BLOCKS is None else BLOCKS,
        terms=tuple(tuple(map(int, term)) for term in packed["term"][: len(plan.terms)].tolist()),
        joins=tuple(packed["join"][: plan.outputs].tolist()),
        stencils=tuple(map(_shape, _stencils(packed), plan.tables, repeat(plan.real))),
    )
    _round_weights(packed, plan.real)
    return Launch(plan, variant, shape.grid, shape.block, packed)


def _blocks(packed: Array, share: Share, indices: str) -> int:
    """Four leave 64 registers, so that a thread issues all its loads before it waits for the first.

    Left alone, NVRTC saves registers by waiting in between. What holds more gets more, as it would spill.
    """
    held, terms = held_bytes(packed, share.elements), int(packed["terms"])
    blocks = 4 if held <= LIGHT_BYTES and terms <= LIGHT_TERMS else 3
    if held > LIGHT_BYTES or terms > HEAVY_TERMS:
        blocks = 2
    if held <= LIGHT_BYTES and share.elements == 1:  # few loads at a time
        blocks = 4
    # of which each array's take two registers, and those of a factor of samples are needed at each of these
    if indices == "int64":
        is_heavy = terms > HEAVY_TERMS or bool((packed["term"]["inner"][:terms] >= 0).any())
        blocks = 2 if blocks == 4 and is_heavy else blocks - 1
    return blocks


def _round_weights(packed: Array, real: str) -> None:
    """Put the weights that hold at every point in the slots of float64 as numbers of the arithmetic type."""
    for stencil in _stencils(packed):
        rounded = stencil["weight"].astype(real)
        stencil["weight"] = 0
        stencil["weight"].view(real)[: rounded.size] = rounded


def device_descriptor(plan: Plan) -> Array:
    """The descriptor with its dims in the order of their strides.

    The host prefers a long row to a dense one; neighbouring threads want neighbouring elements.
    """
    packed = plan.descriptor.copy()
    stencils = _stencils(packed)
    if any(int(s["inner"]) > 1 for s in stencils):
        return packed
    arrays = plan.inputs + plan.outputs
    sizes = np.abs(packed["array"]["stride"][:arrays])

    def rank(dim: int) -> tuple[bool, int, int]:
        return bool(packed["length"][dim] > 1), -int(sizes[1:, dim].max()), -int(sizes[0, dim])

    order = sorted(range(MAX_DIMS), key=rank)
    packed["length"] = packed["length"][order]
    packed["array"]["stride"] = packed["array"]["stride"][:, order]
    for stencil in stencils:
        stencil["dim"] = order.index(int(stencil["dim"]))
    return packed


def _inner(packed: Array) -> int:
    """Elements per point in the row: 1 and 2 have variants, 0 leaves it to the descriptor."""
    inner = max(int(s["inner"]) for s in _stencils(packed))
    return inner if inner <= 2 else 0


def is_general(packed: Array) -> bool:
    """Whether a term needs more than formula (1), its rows by the vector along the row."""
    stencils = _stencils(packed)
    for s in stencils:
        edges = max(s["leading"], s["trailing"])
        if not _is_point(s) and (not _is_central(s) or (s["dim"] == ROW and edges > 1)):
            return True
    terms = packed["term"][: int(packed["terms"])]
    return any(max(t["then"], t["inner"], t["faces"]) >= 0 for t in terms)


def _is_central(stencil: Array) -> bool:
    offsets = tuple(zip(*(stencil[side][: int(stencil["pairs"])].tolist() for side in "ab"), strict=True))
    return offsets == CENTRAL and not stencil["values"]


def _is_point(stencil: Array) -> bool:
    """Whether every row is a multiple of its own point, by one number."""
    rows = [int(stencil[name]) for name in ("values", "pairs", "leading", "trailing", "weights")]
    return rows == [1, 1, 0, 0, 0] and stencil["a"][0] == stencil["b"][0] == 0


def _stencils(packed: Array) -> Array:
    return packed["stencil"][: int(packed["stencils"])]


def _shape(stencil: Array, tables: Tables, real: str) -> tuple[object, ...]:
    """A stencil as the kernel's compiler sees it."""
    central, pairs = _is_central(stencil), int(stencil["pairs"])
    lower, upper = stencil["weight"][:2].astype(real)
    kind = VARYING if stencil["weights"] else EQUAL if central and lower == upper else DISTINCT
    offsets = [tuple(stencil[side][:pairs].tolist()) for side in "ab"]
    equal = np.any(tables.named["pair"]["a"] == tables.named["pair"]["b"]) or any(map(eq, *offsets))
    valued = VALUED if equal else 0
    pair = VALUE if stencil["values"] else valued + (SELECTED if stencil["selects"] else 0)
    return int(stencil["dim"]), kind, pair, int(central), pairs, *offsets


def _reads(stencil: Array) -> Reads:
    """How far the interior rows of a stencil reach; a short axis may have none, but its points meet all the same."""
    offsets = [0, *(int(n) for side in "ab" for n in stencil[side][: int(stencil["pairs"])])]
    return (
        Reads(ROW, 0)
        if _is_point(stencil)
        else Reads(int(stencil["dim"]), max(2, max(offsets) - min(offsets)))
    )


def _reach(packed: Array, plan: Plan, share: Share, shape: LaunchShape) -> int:
    """Bound of every index and offset that a thread forms, those beyond the end included."""
    lengths = packed["length"].astype(object)
    strides = np.abs(packed["array"]["stride"][: plan.inputs + plan.outputs].astype(object))
    offsets = (strides * np.maximum(lengths - 1, 0)).sum(axis=1).max() + share.elements
    threads, rows, layers = shape.covers()
    ends = (
        threads * share.elements + lengths[ROW],
        lengths[ROW - 1] + rows,
        lengths[: ROW - 1].prod() + layers,
    )
    return int(max(offsets, *ends)) + max(int(s["trailing"]) for s in _stencils(packed))


def joined(tables: Sequence[Array]) -> tuple[Array, list[int]]:
    """The bytes of all tables in one array, and where each begins: aligned to the widest access."""
    ends = np.cumsum([0, *(-(-table.nbytes // ACCESS_BYTES) * ACCESS_BYTES for table in tables)])
    packed = np.zeros(int(ends[-1]), np.uint8)
    for table, start in zip(tables, ends[:-1], strict=True):
        packed[start : start + table.nbytes] = table.reshape(-1).view(np.uint8)
    return packed, [int(start) for start in ends[:-1]]


def parameter(launch: Launch, addresses: Sequence[int], weights: Sequence[int] | None = None) -> Array:
    """The kernel's parameter, shape (1,): a fresh descriptor with these pointers in it."""
    packed = launch.descriptor.reshape(1).copy()
    packed["array"]["data"][0, : len(addresses)] = addresses
    if weights is not None:
        own = iter(weights)
        for k, tables in enumerate(launch.plan.tables):
            for name in tables.named:
                packed["stencil"][name][0, k] = next(own)
    return packed
