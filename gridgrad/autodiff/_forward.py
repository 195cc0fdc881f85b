"""Derivatives by nested forward products of torch or JAX, and the probe for functions that mix points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from .._errors import ArgumentTypeError, ArgumentValueError
from ._jet import DENSE
from ._run import Direction, Expansion, Task, called

PROBE_POINTS, FEW = 4096, 32
Arrays = tuple[Any, ...]


class Backend(Protocol):
    """What an engine provides: its `jvp`, and how arrays are made and finished in its library."""

    name: str

    def clean(self, c: Any, k: int) -> Any:
        """A coordinate as an array of the library."""

    def jvp(self, f: Callable[..., Any], primals: Arrays, tangents: Arrays) -> tuple[Arrays, Arrays]:
        """Value and forward product of a function with a tuple of outputs."""

    def array(self, a: Any, like: Arrays) -> Any:
        """Any number as a floating array of the library, on the coordinates' device."""

    def widened(self, a: Any, shape: tuple[int, ...]) -> Any:
        """An array broadcast to a shape, in memory of its own."""

    def explains(self, text: str) -> bool:
        """Whether an error says only that something cannot be traced."""

    def filled(self, v: Any, c: Any) -> Any:
        """`v` in the type and shape of c, for a tangent."""

    def finish(self, a: Any, shape: tuple[int, ...], coords: Arrays) -> Any:
        """A result at full shape, in memory of its own."""

    def numpy(self, a: Any) -> Any:
        """A NumPy copy; raises TypeError for an array that is being traced."""


def expand(task: Task, backend: Backend, check: bool = True) -> Expansion:
    """Every wanted derivative of a task, by one nested product for each."""
    task = _matched(task, backend)
    outputs, single = _checked(task, backend)
    if check:
        probe(task, outputs, backend)
    rows: list[list[Any]] = []
    cache: dict[Any, tuple[Arrays, Arrays | None]] = {}
    for m in sorted(task.wanted, key=lambda m: -sum(m)):
        path = tuple(j for j, e in enumerate(m) for _ in range(e))
        if not path and cache:
            first_order = [pair for key, pair in cache.items() if len(key) == 1]
            cache[path] = (first_order[0][0], None) if first_order else (outputs(*task.mesh.coords), None)
        elif not path:
            cache[path] = (outputs(*task.mesh.coords), None)
        else:
            cache[path] = _product(outputs, task.mesh.coords, [task.directions[j] for j in path], backend)
    count = len(next(iter(cache.values()))[0])
    for k in range(count):
        rows.append([])
        for m in task.wanted:
            path = tuple(j for j, e in enumerate(m) for _ in range(e))
            value, tangent = cache[path]
            a = (value if tangent is None else tangent)[k]
            rows[-1].append(_fitting(a, k, task))
    if task.combine is not None:
        rows = task.combine(rows)
    full = [[backend.finish(a, task.mesh.shape, task.mesh.coords) for a in row] for row in rows]
    return Expansion(full, single[0])


def _matched(task: Task, backend: Backend) -> Task:
    """Coordinates widened to the shape of their directions, where those vary along open axes."""
    coords, directions = list(task.mesh.coords), [list(d) for d in task.directions]
    for k, c in enumerate(coords):
        arrays = [d[k] for d in directions if d[k] is not None and not isinstance(d[k], float)]
        shape = np.broadcast_shapes(tuple(c.shape), *(tuple(a.shape) for a in arrays))
        coords[k] = backend.widened(c, shape)
        for d in directions:
            if d[k] is not None and not isinstance(d[k], float):
                d[k] = backend.widened(backend.array(d[k], (c,)), shape)
    mesh = replace(task.mesh, coords=tuple(coords))
    return replace(task, mesh=mesh, directions=tuple(map(tuple, directions)))


def _fitting(a: Any, k: int, task: Task) -> Any:
    shape = task.mesh.shape
    try:
        fits = np.broadcast_shapes(tuple(a.shape), shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ArgumentValueError(
            f"output {k} of the function has shape {tuple(a.shape)} on a mesh of shape {shape}; "
            f"a function of the mesh returns one value for each point; {DENSE}"
        )
    return a


def _checked(task: Task, backend: Backend) -> tuple[Callable[..., Arrays], list[bool]]:
    """The function with a tuple of arrays as result, and where it tells whether it returned a single one."""
    single = [True]

    def outputs(*coords: Any) -> Arrays:
        versions = [_version(c) for c in coords]
        try:
            results, single[0] = called(task.function, coords)
        except (ArgumentTypeError, ArgumentValueError):
            raise
        except Exception as error:
            text = " ".join(str(error).split())
            if backend.explains(text):
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


def _version(c: Any) -> int:
    """How often a tensor was changed in place; 0 of arrays that cannot be."""
    return int(getattr(c, "_version", 0))


def _product(
    f: Callable[..., Arrays], coords: Arrays, path: Sequence[Direction], backend: Backend
) -> tuple[Arrays, Arrays]:
    """Value and nested directional derivative along every direction of `path`."""
    active = [i for i, rate in enumerate(path[0]) if rate is not None]
    rates = tuple(_tangent(path[0][i], coords[i], backend) for i in active)

    def inner(*moved: Any) -> Arrays:
        full = list(coords)
        for i, c in zip(active, moved, strict=True):
            full[i] = c
        if len(path) == 1:
            return f(*full)
        return _product(f, tuple(full), path[1:], backend)[1]

    return backend.jvp(inner, tuple(coords[i] for i in active), rates)


def _tangent(rate: Any, c: Any, backend: Backend) -> Any:
    return backend.filled(rate, c) if isinstance(rate, float) else rate


def probe(task: Task, f: Callable[..., Arrays], backend: Backend) -> None:
    """Refuse a function whose points depend on each other, or that is not holomorphic.

    Where all coordinates stand still an elementwise function does so exactly, whatever the other points
    do. Complex coordinates: ``J i = i (J 1)``. It is run on a sample of the mesh where f allows that.
    """
    coords = task.mesh.coords
    step = max(1, int(np.prod(task.mesh.shape) / PROBE_POINTS))
    sample = coords
    for axis in reversed(range(len(task.mesh.shape))):
        if step > 1 and task.mesh.shape[axis] > 8:
            part = (slice(None),) * axis + (slice(None, None, min(step, task.mesh.shape[axis] // 4)),)
            sample = tuple(c[part] if c.shape[axis] > 1 else c for c in sample)
            break
    try:
        _check_points(f, sample, backend)
    except (ArgumentTypeError, TypeError):
        raise
    except Exception:
        if sample is coords:
            raise
        _check_points(f, coords, backend)


def _check_points(f: Callable[..., Arrays], coords: Arrays, backend: Backend) -> None:
    try:
        if any(_mix(f, coords, backend, trial) for trial in range(_tries(coords))):
            raise ArgumentTypeError(
                "the function mixes mesh points: where its coordinates stand still its value moves with other points (a mean, sum, "
                f"roll, cumsum, sort, softmax or matrix product?), and derivatives point by point would be wrong; {DENSE}"
            )
        if any(np.iscomplexobj(backend.numpy(c)) for c in coords) and not _is_holomorphic(f, coords, backend):
            raise ArgumentTypeError(
                "the function of complex coordinates is not holomorphic (conj, abs, real or imag?): it has no complex derivative; "
                "give the real and imaginary parts as two real coordinates, lambda x, y: f(x + 1j*y)"
            )
    except _Traced:  # there are no values to compare
        return


class _Traced(Exception):
    """A transform of the engine's library is at work."""


def _values(a: Any, backend: Backend) -> Any:
    try:
        return backend.numpy(a)
    except TypeError:
        raise _Traced from None


def _tries(coords: Arrays) -> int:
    """Few points are told apart by the bits of their numbers, both ways; of many, half are chosen at random."""
    points = max(int(np.prod(tuple(c.shape))) for c in coords)
    return 2 if points > FEW else 2 * max(1, (points - 1).bit_length())


def _moving(shape: tuple[int, ...], trial: int) -> Any:
    """Which points move."""
    size = int(np.prod(shape))
    if size > FEW:
        return np.random.default_rng(trial).random(shape) < 0.5
    return ((np.arange(size) >> trial // 2) % 2 == trial % 2).reshape(shape)


def _mix(f: Callable[..., Arrays], coords: Arrays, backend: Backend, trial: int) -> bool:
    """Whether anything moves where all coordinates stand still."""
    random = np.random.default_rng(7)
    moving = [_moving(tuple(c.shape), trial) for c in coords]
    rates = [np.where(m, random.uniform(0.5, 1.5, m.shape), 0.0) for m in moving]
    tangents = backend.jvp(
        f, coords, tuple(backend.filled(v, c) for v, c in zip(rates, coords, strict=True))
    )[1]
    still = ~np.logical_or.reduce(np.broadcast_arrays(*moving))
    for a in tangents:
        moved = _values(a, backend)
        if moved.ndim > still.ndim or any(
            n not in (1, m) for n, m in zip(moved.shape[::-1], still.shape[::-1], strict=False)
        ):
            return False  # another shape than the mesh's is refused with its own message
        moved = np.broadcast_to(moved, still.shape)[still]
        if (moved[np.isfinite(moved)] != 0).any():
            return True
    return False


def _is_holomorphic(f: Callable[..., Arrays], coords: Arrays, backend: Backend) -> bool:
    for k in range(len(coords)):
        one, i = (
            backend.jvp(lambda c, k=k: f(*coords[:k], c, *coords[k + 1 :]), (coords[k],), (backend.filled(rate, coords[k]),))[1]
            for rate in (1.0, 1j)
        )  # fmt: skip
        pairs = zip(one, i, strict=True)
        if any(_differ(_values(b, backend), 1j * _values(a, backend)) for a, b in pairs):
            return False
    return True


def _differ(found: Any, expected: Any) -> bool:
    with np.errstate(all="ignore"):
        scale = np.abs(found) + np.abs(expected)
        finite = np.isfinite(scale)
        if not finite.any():
            return False
        eps = float(np.finfo(found.dtype).eps)
        floor = 1e4 * eps * float(scale[finite].max())
        return bool((np.abs(found - expected) > eps**0.5 * scale + floor)[finite].any())
