"""Derivatives by nested forward products of torch or JAX."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from ..._base.errors import ArgumentTypeError, ArgumentValueError
from ..._base.types import Array, Value
from .._jets.mesh import Arrays
from .._jets.run import Direction, Expansion, Parts, Task, called, check_fits
from .backend import Backend, Function
from .probe import Products, probe


def expand(task: Task, backend: Backend) -> Expansion:
    """Every wanted derivative of a task, by series in one pass, else by a nested product for each."""
    task = _matched(task, backend)
    outputs, single = _checked(task, backend)
    outputs = backend.careful(outputs, task.mesh.coords)
    cache: Products = {}
    rows = backend.series(task, outputs)
    if rows is None:
        rows = _nested(task, outputs, backend, cache)
    if task.check:
        probe(task, outputs, cache, backend)
    for k, row in enumerate(rows):
        for a in row:
            check_fits(tuple(a.shape), k, task.mesh.shape)
    if task.combine is not None:
        rows = task.combine(rows)
    full = [[backend.widened(a, task.mesh.shape) for a in row] for row in rows]
    return Expansion(full, single[0])


def _nested(task: Task, outputs: Function, backend: Backend, cache: Products) -> Parts:
    """One nested product for each derivative, kept in `cache` by its path."""
    paths = {m: tuple(j for j, e in enumerate(m) for _ in range(e)) for m in task.wanted}
    for path in sorted(paths.values(), key=len, reverse=True):
        if path not in cache:
            along = [task.directions[j] for j in path]
            tower = _tower(outputs, task.mesh.coords, along, backend)
            cache.update((path[k:], tower[len(path) - k]) for k in range(len(path) + 1))
    found = [cache[paths[m]] for m in task.wanted]
    return [list(row) for row in zip(*found, strict=True)]


def _matched(task: Task, backend: Backend) -> Task:
    """Coordinates widened to the shape of their directions, where those vary along open axes."""
    coords, directions = list(task.mesh.coords), [list(d) for d in task.directions]
    for k, c in enumerate(coords):
        arrays = [rate for d in directions if (rate := d[k]) is not None and not isinstance(rate, float)]
        shape = np.broadcast_shapes(tuple(c.shape), *(tuple(a.shape) for a in arrays))
        coords[k] = backend.widened(c, shape)
        for d in directions:
            rate = d[k]
            if rate is not None and not isinstance(rate, float):
                d[k] = backend.widened(backend.array(rate, (c,)), shape)
    mesh = replace(task.mesh, coords=tuple(coords))
    return replace(task, mesh=mesh, directions=tuple(map(tuple, directions)))


def _checked(task: Task, backend: Backend) -> tuple[Function, list[bool]]:
    """The function with a tuple of arrays as result, and where it tells whether it returned a single one."""
    single = [True]

    def outputs(*coords: Array) -> Arrays:
        versions = [_version(c) for c in coords]
        try:
            results, single[0] = called(task.function, coords)
        except (ArgumentTypeError, ArgumentValueError):
            raise
        except Exception as error:
            text = " ".join(str(error).split())
            if any(word in text for word in backend.opaque):
                raise ArgumentTypeError(
                    f"the function cannot be traced by {backend.name} ({type(error).__name__}: {text[:160]}); write it with "
                    f"{backend.name}'s own elementwise functions (where for `if`, not math.sin or numpy.sin), or give "
                    "NumPy coordinates and NumPy functions"
                ) from error
            raise
        for k, (before, c) in enumerate(zip(versions, coords, strict=True)):
            if _version(c) != before:
                raise ArgumentTypeError(
                    f"the function changes its argument {k} in place (+=, x.mul_ or an assignment); it is evaluated more than once, "
                    "so write new values, x = 2 * x"
                )
        return tuple(backend.array(a, coords) for a in results)

    return outputs, single


def _version(c: object) -> int:
    """How often a tensor was changed in place; 0 of arrays that cannot be."""
    return int(getattr(c, "_version", 0))


def _tower(f: Function, coords: Arrays, path: Sequence[Direction], backend: Backend) -> tuple[Arrays, ...]:
    """The value, and the derivatives along the last direction of `path`, the last two, and so on, up to all."""
    if not path:
        return (f(*coords),)
    active = [i for i, rate in enumerate(path[0]) if rate is not None]
    rates = tuple(_tangent(path[0][i], coords[i], backend) for i in active)

    def inner(*moved: Array) -> tuple[Arrays, ...]:
        full = list(coords)
        for i, c in zip(active, moved, strict=True):
            full[i] = c
        return _tower(f, tuple(full), path[1:], backend)

    values, tangents = backend.jvp(inner, tuple(coords[i] for i in active), rates)
    return (*values, tangents[-1])


def _tangent(rate: Value | None, c: Array, backend: Backend) -> Array:
    return backend.filled(rate, c) if isinstance(rate, float) else cast(Array, rate)
