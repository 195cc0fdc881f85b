"""Running a function on jets over the tiles of a mesh, on all threads, into full arrays."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, cast

import numpy as np

from ..._base.checks import clean_workers
from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.outputs import check_places, targets_of
from ..._base.types import Array, DType, Shape, Value
from . import functions, rules, special  # noqa: F401  they fill the tables of `jet`
from .algebra import Algebra, Monomial, algebra_for, scale
from .jet import DENSE, Jet, ShapeAsked, is_callers_array, of_cupy
from .mesh import TILE, Arrays, Mesh, Tile, cut, fits, tiles
from .plain import Function, check_meaning, disagreement, refusal

Direction = tuple[Value | None, ...]  # for each coordinate its rate of change: None (0), 1.0, or an array
Parts = list[list[Array]]  # of each output, for each wanted monomial or what is made of them
Sparse = list[list[Array | None]]  # the same on a tile, None being 0
Combine = Callable[[Any], Any]  # makes other outputs of the parts, whichever of the two they are
THREADED = 1 << 16  # elements from which threads pay
FEW = 1 << 10  # points that are evaluated first
KEPT = 1 << 22  # bytes: more than the arrays of a few tiles
NOT_ON_TILES = (ShapeAsked, ValueError, IndexError)  # what says that a function needs the whole mesh


@dataclass(frozen=True, slots=True)
class Expansion:
    """Derivatives of every output of a function; `single` when it returned one array, not a sequence."""

    parts: Parts  # [output][wanted monomial]
    single: bool


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A function on one tile: ``parts[output][wanted]``, None being 0, and the values of its outputs."""

    parts: Sparse
    single: bool
    values: list[Array]


def along_axes(count: int) -> tuple[Direction, ...]:
    """One direction for each coordinate: partial derivatives."""
    return tuple(tuple(1.0 if i == j else None for i in range(count)) for j in range(count))


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be computed; array-free but for the mesh and its directions."""

    function: Function
    mesh: Mesh
    directions: tuple[Direction, ...]
    wanted: tuple[Monomial, ...]
    combine: Combine | None = None  # makes other outputs of the parts
    check: bool = True  # whether the function is asked whether it is elementwise, and the same for arrays

    def algebra(self) -> Algebra:
        """The algebra that carries the wanted monomials."""
        return algebra_for(self.wanted, len(self.directions), self.mesh.holomorphic)

    def seeds(self, algebra: Algebra, tile: Tile | None) -> list[Jet]:
        """The coordinates as jets, whole or on a tile."""
        jets = []
        for k, c in enumerate(self.mesh.coords):
            coefficients = {}
            for number, m in enumerate(algebra.monomials):
                if sum(m) == 1 and (rate := self.directions[m.index(1)][k]) is not None:
                    coefficients[number] = (
                        rate if tile is None or np.isscalar(rate) else cut(cast(Array, rate), tile)
                    )
            value = c if tile is None else cut(c, tile)
            jets.append(Jet(value, coefficients, algebra, tile is not None))
        return jets

    def evaluate(self, algebra: Algebra, tile: Tile | None) -> Evaluated:
        """Every output's wanted derivatives on a tile."""
        if hasattr(self.function, "derivatives"):  # a symbolic function knows them itself
            coords = [c if tile is None else cut(c, tile) for c in self.mesh.coords]
            parts, single = self.function.derivatives(coords, self.wanted)
            _check_any(parts)
            return Evaluated(parts if self.combine is None else self.combine(parts), single, [])
        with np.errstate(all="ignore"):
            outputs, single = called(self.function, self.seeds(algebra, tile))
            for output in outputs:
                check_carries(output)
            if tile is not None and any(is_callers_array(a) for a in outputs):
                raise ShapeAsked
            place = {m: k for k, m in enumerate(algebra.monomials)}
            parts = [[_taken(output, place[m], m) for m in self.wanted] for output in outputs]
            if self.combine is not None:
                parts = self.combine(parts)
            return Evaluated(parts, single, [a.value if isinstance(a, Jet) else a for a in outputs])


def called(function: Function, jets: Sequence[object]) -> tuple[list[Any], bool]:
    """The outputs of a function as a list, and whether it returned a single one; clear errors."""
    if isinstance(function, np.ufunc) and function.nin != len(jets):  # another would be its out=
        raise ArgumentTypeError(
            f"the function is called with its {len(jets)} coordinates, f(x, y), and numpy.{function.__name__} takes {function.nin}; "
            f"say which it is of, lambda x, y: numpy.{function.__name__}(x) for example"
        )
    try:
        result = cast(Array, function(*jets))
    except (ShapeAsked, ArgumentTypeError, ArgumentValueError):
        raise
    except Exception as error:
        if isinstance(error, TypeError) and "positional argument" in str(error):
            raise ArgumentTypeError(
                f"the function is called with its {len(jets)} coordinates, f(x, y): {error}; a network of one tensor of positions is "
                "lambda x, y: net(torch.stack(torch.broadcast_tensors(x, y), -1))[..., 0]"
            ) from error
        if "Jet" not in str(error) and "Jet" not in type(error).__name__:
            raise
        text = " ".join(str(error).split())[:200]
        raise ArgumentTypeError(
            f"the function calls something that does not take gridgrad's jets ({type(error).__name__}: {text}); "
            "write it with NumPy's elementwise functions, or give torch or JAX arrays to a function of theirs, or engine='torch' or 'jax'"
        ) from error
    single = not isinstance(result, (list, tuple))
    outputs = [result] if single else list(result)
    _check_any(outputs)
    for output in outputs:
        _check_output(output)
    return outputs, single


def _check_any(outputs: Sequence[object]) -> None:
    if not outputs:
        raise ArgumentTypeError(
            "the function returned an empty sequence; it must return an array of numbers, or a tuple of them"
        )


def _check_output(output: object) -> None:
    dtype = getattr(output, "dtype", None)
    if isinstance(output, (int, float, complex)) or (
        dtype is not None and getattr(dtype, "kind", "f") not in "OSUmM"
    ):
        return
    kind = f"a {type(output).__name__}" if dtype is None else f"values of dtype {dtype}"
    found = "None" if output is None else kind
    raise ArgumentTypeError(
        f"the function returned {found}; it must return an array of numbers, or a tuple of them"
    )


def check_carries(output: object) -> None:
    """Refuse what hides a jet inside, and would be taken for a constant."""
    if type(output) is Jet:
        return
    if not isinstance(output, (Jet, np.ndarray, np.generic, int, float, complex)) and not of_cupy(output):
        raise ArgumentTypeError(
            f"the function returned a {type(output).__module__}.{type(output).__qualname__}, through which derivatives are not carried; "
            "compute with plain arrays: numpy.asarray(k) * x for k * x (k.magnitude * x if k is a quantity with a unit)"
        )
    check_meaning(output)


def _taken(output: Jet | Array, number: int, m: Monomial) -> Array | None:
    if not isinstance(output, Jet):
        return None if number else output
    if number == 0:
        return output.value
    c = cast(Array | None, output.coefficients.get(number))
    factor = scale(m)
    return c if c is None or factor == 1 else c * factor


def run(task: Task, out: object = None, workers: int | None = None) -> Expansion:
    """Evaluate a task on the jet engine.

    A few points tell the outputs' number and type. A function that cannot be evaluated on a tile,
    because it asks for shapes or holds arrays of the whole mesh, gets the whole mesh.
    """
    count = clean_workers(workers)
    mesh, algebra = task.mesh, task.algebra()
    on_host = all(isinstance(c, (np.ndarray, np.generic)) for c in mesh.coords)
    size = int(np.prod(mesh.shape, dtype=np.int64))
    if not on_host or size <= TILE:
        return _whole(task, algebra, out)
    few = next(tiles(mesh.shape, FEW))
    # Once glibc has freed a block of this size it keeps smaller ones: without, every array of a tile is
    # returned to the system and its pages are faulted in again, a fifth of the time.
    np.empty(KEPT, np.uint8)
    narrow = replace(task, mesh=mesh.narrowed())
    try:
        found = narrow.evaluate(algebra, few)
        _check_shapes(found, tuple(s.stop - s.start for s in few))
    except NOT_ON_TILES:
        return _whole(task, algebra, out)
    if _disagrees(narrow, found, few, None):
        return _whole(task, algebra, out)  # which decides
    targets = _targets(task, found, out)

    def work(tile: Tile) -> None:
        _fill(targets, narrow.evaluate(algebra, tile).parts, tile)

    threads = min(count or _cpus(), -(-size // TILE)) if count or size >= THREADED else 1
    rounds = -(-size // (threads * TILE))  # of which each has a tile for every thread
    try:
        _spread(work, tiles(mesh.shape, -(-size // (threads * rounds))), threads)
    except NOT_ON_TILES:  # a later tile may be the first to take a branch
        return _whole(task, algebra, out)
    return Expansion(targets, found.single)


def _spread(work: Callable[[Tile], None], pieces: Iterable[Tile], threads: int) -> None:
    """Tiles over threads, each with the caller's context; the first error ends them all."""
    if threads == 1:
        for tile in pieces:
            work(tile)
        return
    waiting = list(pieces)[::-1]
    failed: list[BaseException] = []

    def drain() -> None:
        while waiting and not failed:
            try:
                tile = waiting.pop()
            except IndexError:
                return
            try:
                work(tile)
            except BaseException as error:
                failed.append(error)

    others = _started(drain, threads - 1)
    drain()
    for other in others:
        other.join()
    if failed:
        raise failed[0]


def _started(target: Callable[[], None], count: int) -> list[threading.Thread]:
    """As many threads as can be started: none beyond a limit of the system, or while the interpreter shuts down."""
    threads = []
    for _ in range(count):
        thread = threading.Thread(target=copy_context().run, args=(target,))
        try:
            thread.start()
        except (RuntimeError, MemoryError):
            break
        threads.append(thread)
    return threads


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _whole(task: Task, algebra: Algebra, out: object) -> Expansion:
    found = task.evaluate(algebra, None)
    _check_shapes(found, task.mesh.shape)
    few = next(tiles(task.mesh.shape, FEW), None)  # of no points all are taken
    verdict = _disagrees(task, found, few, few)
    if verdict != "" and (verdict := _disagrees(task, found, None, None)):  # shapes may matter
        raise refusal(verdict)
    targets = _targets(task, found, out)
    _fill(targets, found.parts, tuple(slice(0, n) for n in task.mesh.shape))
    if not task.mesh.shape and out is None:
        targets = [[a[()] for a in row] for row in targets]
    return Expansion(targets, found.single)


def _disagrees(task: Task, found: Evaluated, tile: Tile | None, part: Tile | None) -> str | None:
    """How values found by jets differ from those of plain arrays on a tile; `part` is to be cut out of what was found."""
    if not task.check or not found.values:
        return ""
    coords = [c if tile is None else cut(c, tile) for c in task.mesh.coords]
    ndim = len(task.mesh.shape)
    values = found.values
    if part is not None:
        values = [cut(a, part[ndim - np.ndim(a) :]) if np.ndim(a) else a for a in values]
    return disagreement(task.function, coords, values)


def _check_shapes(found: Evaluated, mesh: Shape) -> None:
    values: Sparse = [[a] for a in found.values]
    for rows in (values, found.parts):
        for k, row in enumerate(rows):
            for a in row:
                if a is not None:
                    check_fits(np.shape(a), k, mesh)


def check_fits(shape: Shape, k: int, mesh: Shape) -> None:
    """Refuse an output k that is not one value for each point of the mesh."""
    if not fits(shape, mesh):
        instead = "drop its last axis, function(x)[..., 0]" if shape == (*mesh, 1) else DENSE
        raise ArgumentValueError(
            f"output {k} of the function has shape {shape} on a mesh of shape {mesh}; "
            f"a function of the mesh returns one value for each point; {instead}"
        )


def _targets(task: Task, found: Evaluated, out: object) -> Parts:
    """Arrays for every output and wanted derivative."""
    shape = task.mesh.shape
    xp = sys.modules["cupy"] if any(map(of_cupy, task.mesh.coords)) else np
    rows = []
    for k, row in enumerate(found.parts):
        values = found.values[k : k + 1] if len(found.parts) == len(found.values) else found.values
        arrays = [a for a in (*row, *values) if a is not None and hasattr(a, "dtype")]
        dtype = np.result_type(*(a.dtype for a in arrays)) if arrays else np.dtype(bool)
        plain: list[object] = [a for a in row if not hasattr(a, "dtype")]
        scalars = [0j for a in plain if isinstance(a, complex)]
        if dtype.kind not in "fc":
            dtype = np.result_type(*(c.dtype for c in task.mesh.coords))
        dtype = np.result_type(dtype, *scalars)
        if out is None:
            rows.append([xp.empty(shape, dtype) for _ in row])
        else:
            rows.append(_given_targets(out, len(row), shape, dtype, task.mesh.coords))
    return rows


def _given_targets(out: object, count: int, shape: Shape, dtype: DType, coords: Arrays) -> list[Array]:
    targets = targets_of(out, (count,), shape)
    for k, target in enumerate(targets):
        name = f"out[{k}]" if count > 1 else "out"
        if type(target) not in (type(coords[0]), np.memmap, np.ndarray):
            raise ArgumentTypeError(
                f"{name} is a {type(target).__name__}; give an array of the coordinates' library"
            )
        if tuple(target.shape) != shape or target.dtype != dtype:
            error = ArgumentValueError if tuple(target.shape) != shape else ArgumentTypeError
            raise error(
                f"{name} has shape {tuple(target.shape)} and dtype {target.dtype}, but the result has shape {shape} and dtype {dtype}; "
                f"give numpy.empty({shape}, {str(dtype)!r})"
            )
        if isinstance(target, np.ndarray):
            if not target.flags.writeable:
                raise ArgumentValueError(f"{name} is read-only; give an array that can be written")
            check_places(name, target, targets[:k], target.strides, "array")
            if any(np.may_share_memory(target, c) for c in coords):
                raise ArgumentValueError(
                    f"{name} shares memory with a coordinate, which is read again for every tile; give another array"
                )
    return targets


def _fill(targets: Parts, parts: Sparse, tile: Tile) -> None:
    for target, part in zip(chain(*targets), chain(*parts), strict=True):
        target[tile] = 0 if part is None else part
