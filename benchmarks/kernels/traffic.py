"""What a launch moves between memory and the caches, simulated: its own blocks, grid, slabs and reads, by caches.cpp."""

from __future__ import annotations

import os
import subprocess
import tempfile
from functools import cache
from math import prod
from pathlib import Path
from typing import NamedTuple

from gridgrad._backends.cuda import variants
from gridgrad._backends.cuda.launch_shape import ROW
from gridgrad._plan.descriptor import ITEM_BYTES
from gridgrad._plan.plan import Layout, make_plan
from gridgrad._terms.term import Term

# An H100: where measured bandwidths of its second-level cache fall (38 MB), and what of 256 KB is no shared memory.
DEVICE = {"multiprocessors": 132, "first": 192 << 10, "second": 38 << 20}
REGISTERS, THREADS = 65536, 2048  # of a multiprocessor
POINTS = 16_000_000  # of an array that is larger, a part is enough
LAYERS = 12  # at least, of such a part


class Traffic(NamedTuple):
    """Bytes at a point, and memory traffic over the least: every sector that is touched, once."""

    memory: float
    second: float
    over_least: float


class Extent(NamedTuple):
    """Elements of the part of the arrays that is simulated."""

    columns: int
    rows: int
    layers: int


def launch_of(terms: tuple[Term, ...], shape: tuple[int, ...], dtype: str) -> variants.Launch:
    """The launch for aligned, contiguous arrays of this shape, none of which is made."""
    strides = [1]
    for length in reversed(shape[1:]):
        strides.insert(0, strides[0] * length)
    layout = Layout(shape, tuple(strides))
    inputs, outputs = 1 + max(k for t in terms for k in t.reads()), 1 + max(t.output for t in terms)
    plan = make_plan(terms, dtype, (layout,) * inputs, (layout,) * outputs, 1, False)
    return variants.make_launch(plan, variants.widest_vector(plan))


def simulated(launch: variants.Launch, registers: int) -> Traffic:
    """The traffic of a launch on contiguous arrays, whose threads use so many registers."""
    variant, lengths = launch.variant, [int(n) for n in launch.descriptor["length"]]
    extent = part_of(Extent(lengths[ROW], lengths[ROW - 1], prod(lengths[: ROW - 1])))
    items = [ITEM_BYTES[variant.stored]] * variant.inputs + [ITEM_BYTES[variant.out]] * variant.outputs
    x, y, z = launch.block
    threads = x * y * z
    resident = min(REGISTERS // (-(-registers // 8) * 8 * threads), THREADS // threads, 32)
    reads = ";".join(
        f"{array}:{','.join(map(str, place))}" for array, *place in sorted(reads_of(variant, lengths))
    )
    arguments = {
        **DEVICE, **extent._asdict(), "x": x, "y": y, "z": z, "elements": elements_of(variant), "planes": variant.planes,
        "slab": int(launch.descriptor["slab"]) if variant.slabs else -1, "items": ",".join(map(str, items)),
        "inputs": variant.inputs, "resident": resident, "reads": reads,
    }  # fmt: skip
    command = [str(simulator()), *(f"{name}={value}" for name, value in arguments.items())]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {name: float(value) for name, value in (word.split("=") for word in said.split())}
    memory, least = (found[f"{kind}_reads"] + found[f"{kind}_writes"] for kind in ("memory", "least"))
    second = found["second_reads"] + found["second_writes"]
    return Traffic(memory / found["points"], second / found["points"], memory / least)


def elements_of(variant: variants.Variant) -> int:
    """What a thread does of a row; a warp's are side by side, however they are shared."""
    return variant.elements


def part_of(whole: Extent) -> Extent:
    """A part as good as the whole: of large planes some, of large rows some; what is met again is then as far away."""
    columns, rows, layers = whole
    layers = min(layers, max(LAYERS, POINTS // (rows * columns)))
    if rows * layers * columns > POINTS and whole.layers < LAYERS:
        rows = min(rows, max(256, POINTS // (layers * columns)))
        columns = min(columns, max(4096, POINTS // (layers * rows)))
    return Extent(columns, rows, layers)


def reads_of(variant: variants.Variant, lengths: list[int]) -> set[tuple[int, int, int, int]]:
    """(array, layer, row, column) of every element that an interior point reads, relative to its own."""
    found = set()
    for _, source, own, _, inner, faces, outer, then, *_ in variant.terms:
        at, beside = _points(variant, own, faces >= 0), _points(variant, then, False) if then >= 0 else [0]
        for shift in at:
            for aside in beside:
                place = _place(variant, own, shift, lengths)
                if then >= 0:
                    place = [a + b for a, b in zip(place, _place(variant, then, aside, lengths), strict=True)]
                found |= {(array, *place) for array in (source, inner, faces) if array >= 0}
        if outer >= 0:
            found.add((outer, 0, 0, 0))
    return found


def _points(variant: variants.Variant, stencil: int, faces: bool) -> list[int]:
    """Where a stencil reads: equal weights skip the point itself, but for a vector along the row, which holds it."""
    dim, weights, values, central, _, a, b = variant.stencils[stencil]
    if central and not faces:
        held = weights != variants.EQUAL or (dim == ROW and variant.vector > 1)
        return [-1, 0, 1] if held else [-1, 1]
    return sorted(set(b) if values == variants.VALUE else {*a, *b})


def _place(variant: variants.Variant, stencil: int, shift: int, lengths: list[int]) -> list[int]:
    dim = variant.stencils[stencil][0]
    if dim >= ROW - 1:
        return [0, shift if dim == ROW - 1 else 0, shift * max(variant.inner, 1) if dim == ROW else 0]
    return [shift * prod(lengths[dim + 1 : ROW - 1]), 0, 0]


@cache
def simulator() -> Path:
    """The simulator, built once for a process."""
    program = Path(tempfile.mkdtemp(prefix="gridgrad-")) / "caches"
    source = Path(__file__).with_name("caches.cpp")
    subprocess.run(
        [os.environ.get("CXX", "g++"), "-O2", "-std=c++17", str(source), "-o", str(program)], check=True
    )
    return program
