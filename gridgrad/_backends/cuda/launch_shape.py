"""The shape of a launch: its blocks, its grid, and the order in which they walk through memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import NamedTuple

from ..._plan.descriptor import MAX_DIMS

ROW = MAX_DIMS - 1
THREADS = 256  # of a block, as in __launch_bounds__
WARP = 32
GRID_LIMIT = 65535  # of CUDA, for y and z
CACHE_BYTES = 16 << 20  # of a slab's planes in the second-level cache, which other data go through too
FITS = 2  # times as much is left as it is: on an H100 slabs cost there more than they save
# that a thread does where there are layers enough: two of six are then read for a neighbour, not of three
PLANES = 4
# of which neighbours are most of the traffic: of more, several planes a thread were measured to cost
FEW_ARRAYS = 3
MANY_BLOCKS = 8192  # of which the last that run alone are few
LONG_SLAB = 4  # log2 of the row blocks of a slab that need not fit the cache


class Reads(NamedTuple):
    """How far the rows of a stencil reach along a dim: 2 for a point and its two neighbours."""

    dim: int
    span: int


class LaunchShape(NamedTuple):
    """How the threads of a launch lie over the work."""

    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    planes: int  # that a thread does, one after the other
    slab: int | None  # log2 of the row blocks of a slab; None: rows are not walked in slabs
    strides: bool  # whether the grid is smaller than the work

    def covers(self) -> tuple[int, int, int]:
        """Threads along the row, rows and layers of the grid, those beyond the work included."""
        x, y, z = self.grid
        if self.slab is not None:
            x, y, z = x >> self.slab, z << self.slab, y
        return x * self.block[0], y * self.block[1], z * self.block[2] * self.planes


def launch_shape(
    lengths: Sequence[int], threads: int, items: Sequence[int], reads: Iterable[Reads]
) -> LaunchShape:
    """The launch for dims of these lengths.

    A row is done by so many `threads`; `items` are the bytes of an element of each array, and `reads` says how
    far the stencils reach.
    """
    reads = tuple(reads)
    work = threads, lengths[ROW - 1], prod(lengths[: ROW - 1])
    block = block_shape(*work)
    slab = slab_of(lengths, block, sum(items), reads)
    planes = _planes_of(work, block, len(items), reads)
    columns, rows, layers = _blocks(work, block, planes)
    if slab is None:
        grid = columns, min(rows, GRID_LIMIT), min(layers, GRID_LIMIT)
        return LaunchShape(grid, block, planes, None, grid != (columns, rows, layers))
    slabs = -(-rows // 2**slab)
    grid = columns << slab, min(layers, GRID_LIMIT), min(slabs, GRID_LIMIT)
    return LaunchShape(grid, block, planes, slab, grid[1:] != (layers, slabs))


def _planes_of(
    work: tuple[int, int, int], block: tuple[int, int, int], arrays: int, reads: Iterable[Reads]
) -> int:
    """How many planes a thread does, one after the other: several where the planes are what is read again.

    Each is then in the first-level cache. That pays where the neighbours are most of the traffic: of few arrays, or in
    rows that reach far; and where it leaves blocks enough.
    """
    spans = [read.span for read in reads if read.dim == ROW - 2]
    pays = spans and (arrays <= FEW_ARRAYS or max(spans) > 2)
    return PLANES if pays and block[2] == 1 and prod(_blocks(work, block, PLANES)) >= MANY_BLOCKS else 1


def _blocks(work: tuple[int, int, int], block: tuple[int, int, int], planes: int) -> tuple[int, int, int]:
    columns, rows, layers = (-(-n // b) for n, b in zip(work, block, strict=True))
    return columns, rows, -(-layers // planes)


def block_shape(columns: int, rows: int, layers: int) -> tuple[int, int, int]:
    """A warp along the row and eight rows; where a dim is short, its share goes to the others."""
    x = min(_power_of_two(columns), WARP)
    y = min(_power_of_two(rows), THREADS // x)
    z = min(_power_of_two(layers), THREADS // (x * y), 64)
    return min(_power_of_two(columns), THREADS // (y * z)), y, z


def slab_of(
    lengths: Sequence[int], block: tuple[int, int, int], point_bytes: int, reads: Iterable[Reads]
) -> int | None:
    """The log2 of how many row blocks to walk through all slow dims before the next ones, or None: all.

    A stencil across the rows meets a plane again after those between; where they do not fit the cache as
    a whole, those of a slab of rows do. Of rows so long that even neighbouring ones do not, all that is
    left is to walk down the rows of a slab first, then along.
    """
    row, rows = lengths[ROW] * point_bytes, -(-lengths[ROW - 1] // block[1])
    strip = row * block[1]
    windows = {
        strip * (r.span * prod(lengths[r.dim + 1 : ROW - 1]) + block[2]) for r in reads if r.dim < ROW - 1
    }
    for window in sorted(windows, reverse=True):  # of one row block
        if window * rows <= FITS * CACHE_BYTES:
            return None
        if window <= CACHE_BYTES:
            return _balanced((CACHE_BYTES // window).bit_length() - 1, rows)
    if strip > CACHE_BYTES and rows > 1 and any(r.dim == ROW - 1 for r in reads):
        return _balanced(LONG_SLAB, rows)
    return None


def _balanced(slab: int, rows: int) -> int:
    """At most `slab`, so that few row blocks of the last one are beyond the end."""
    slab = min(slab, (rows - 1).bit_length())
    while slab > 1 and -rows % 2**slab * 8 > rows:
        slab -= 1
    return slab


def _power_of_two(n: int) -> int:
    return 1 << (n - 1).bit_length()
