"""Whether a function that another library differentiates is elementwise, holomorphic, and carried through.

The Jacobian J of an elementwise function is a diagonal: ``J v = (J 1) v`` for any tangent v. The v here are powers of two, which
commute with rounding: both sides agree to the bit whatever cancels in them; and zeros, where not even the smallest
influence of another point is tolerated.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import numpy as np

from ..._base.errors import ArgumentTypeError
from ..._base.types import Array, Shape
from .._jets.jet import DENSE
from .._jets.mesh import Arrays
from .._jets.run import Task
from .backend import Backend, Function

PROBE_POINTS = 4096
RATES = np.array([0.0, 1.0, 8.0, 0.125, 2.0, 0.5, 4.0, 0.25])
Products = dict[tuple[int, ...], Arrays]  # the derivative by path, the value of none


class _Traced(Exception):
    """A transform of the engine's library is at work."""


class _OtherShape(Exception):
    """A result does not fit the mesh, which has its own message unless it is a sample's."""


def probe(task: Task, f: Function, known: Products, backend: Backend) -> None:
    """Refuse a function whose points depend on each other, that is not holomorphic, or that a library takes for a constant.

    It is run on a sample of the mesh where f allows that, else with the products that are known already.
    """
    coords = task.mesh.coords
    sample = _sample(coords, task.mesh.shape)
    if sample is not coords:
        try:
            _check(f, sample, {}, backend)
            return
        except (ArgumentTypeError, TypeError):
            raise
        except Exception:  # it holds arrays of the whole mesh
            pass
    with suppress(_OtherShape):
        _check(f, coords, _along_axes(task, known), backend)


def _along_axes(task: Task, known: Products) -> dict[int, Arrays]:
    """The products that are known already with ones along one coordinate alone."""
    found = {}
    for j, direction in enumerate(task.directions):
        moving = [k for k, rate in enumerate(direction) if rate is not None]
        rate = direction[moving[0]] if len(moving) == 1 else None
        if type(rate) is float and rate == 1.0 and (j,) in known:
            found[moving[0]] = known[(j,)]
    return found


def _sample(coords: Arrays, shape: tuple[int, ...]) -> Arrays:
    step = max(1, int(np.prod(shape) / PROBE_POINTS))
    for axis in reversed(range(len(shape))):
        if step > 1 and shape[axis] > 8:
            part = (slice(None),) * axis + (slice(None, None, min(step, shape[axis] // 4)),)
            return tuple(c[part] if c.shape[axis] > 1 else c for c in coords)
    return coords


def _check(f: Function, coords: Arrays, known: dict[int, Arrays], backend: Backend) -> None:
    try:
        with backend.unrecorded():
            for k in range(len(coords)):
                _check_coordinate(f, coords, k, known.get(k), backend)
            is_complex = any(np.iscomplexobj(_values(c, backend)) for c in coords)
            if is_complex and not _is_holomorphic(f, coords, backend):
                raise ArgumentTypeError(
                    "the function of complex coordinates is not holomorphic (conj, abs, real or imag?): it has no complex derivative; "
                    "give the real and imaginary parts as two real coordinates, lambda x, y: f(x + 1j*y)"
                )
    except _Traced:  # there are no values to compare
        return


def _check_coordinate(f: Function, coords: Arrays, k: int, known: Arrays | None, backend: Backend) -> None:
    """The test for one coordinate, while the others stand still."""
    c = coords[k]

    def of_one(moved: Array) -> Arrays:
        return f(*coords[:k], moved, *coords[k + 1 :])

    _values(c, backend)
    ones = known if known else backend.jvp(of_one, (c,), (backend.filled(1.0, c),))[1]
    half = any(np.finfo(_values(a, backend).dtype).bits == 16 for a in coords)
    mesh = np.broadcast_shapes(*(tuple(a.shape) for a in coords))
    v = rates(tuple(c.shape), RATES[:2] if half else RATES)
    moved, name = backend.watched_jvp(of_one, c, backend.filled(v, c))
    if name:
        raise ArgumentTypeError(
            f"{backend.name} has no derivative of {name} and takes it for a constant, which would be wrong; use engine='jet' with "
            "the function of scipy.special, or write it with functions that have one"
        )
    pairs = [(_values(a, backend), _values(b, backend)) for a, b in zip(moved, ones, strict=True)]
    if any(_mixed(a, b, v, mesh) for a, b in pairs):
        raise ArgumentTypeError(
            "the function mixes mesh points: its value at a point moves with other points (a mean, sum, maximum, first element, "
            "roll, cumsum, sort, transpose or matrix product?), and derivatives point by point would be wrong; "
            f"{DENSE}; dropout and batch normalisation are those of training: net.eval() is without"
        )
    for output, (_, a) in enumerate(pairs):
        if not a.any():
            _check_carried(_output_of(of_one, output), c, k, backend)


def _output_of(f: Function, k: int) -> Callable[[Array], Array]:
    return lambda moved: f(moved)[k]


def rates(shape: Shape, values: Array = RATES) -> Array:
    """Tangents that tell points from each other: all different for few, neighbours different for many.

    float16 has too few powers of two for products of them: 0 and 1 are exact there as well.
    """
    size = int(np.prod(shape))
    if size <= len(values):
        return values[:size].reshape(shape)
    steps = np.random.default_rng(7).integers(int(len(values) > 2), len(values), size)
    return values[np.cumsum(steps) % len(values)].reshape(shape)


def _mixed(moved: Array, ones: Array, v: Array, mesh: tuple[int, ...]) -> bool:
    """Whether ``J v`` is something else than ``(J 1) v`` anywhere."""
    try:
        moved, ones, v = (np.broadcast_to(a, mesh) for a in (moved, ones, v))
    except ValueError:
        raise _OtherShape from None
    info = np.finfo(moved.dtype)
    with np.errstate(all="ignore"):
        expected = ones * v.astype(info.dtype)
        finite = np.isfinite(moved) & np.isfinite(expected)
        allowed = float(info.eps) ** 0.5 * (np.abs(moved) + np.abs(expected)) + 8 * float(info.tiny)
        return bool((finite & (np.abs(moved - expected) > np.where(v == 0, 0.0, allowed))).any())


def _check_carried(f: Callable[[Array], Array], c: Array, k: int, backend: Backend) -> None:
    """Refuse zeros that only mean that the library lost track of the coordinate."""
    if not backend.carries(f, c) and _moves(f, c, backend):
        raise ArgumentTypeError(
            f"{backend.name} carries no derivative from coordinate {k} to the result, which moves with it (detach, .data, .tolist(), "
            "torch.tensor(x), no_grad, or a function that has none): zeros would be wrong; leave that out, or use engine='jet' with "
            "functions of NumPy and scipy.special"
        )


def _moves(f: Callable[[Array], Array], c: Array, backend: Backend) -> bool:
    """Whether values follow small steps of a coordinate both ways, unlike those of a function that jumps."""
    plain, here = _values(c, backend), _values(f(c), backend)
    eps = max(float(np.finfo(a.dtype).eps) for a in (plain, here))
    with np.errstate(all="ignore"):
        step = eps**0.5 * np.where(plain == 0, np.abs(plain).max() or 1.0, np.abs(plain))
        up, down = (_values(f(c + backend.filled(s * step, c)), backend) for s in (1.0, -1.0))
        change = np.maximum(np.abs(up - here), np.abs(down - here))
        both = (up != here) & (down != here)
        return bool((both & (change <= eps**0.25 * np.nanmax(np.abs(here)))).any())


def _values(a: Array, backend: Backend) -> Array:
    try:
        return backend.numpy(a)
    except TypeError:
        raise _Traced from None


def _is_holomorphic(f: Function, coords: Arrays, backend: Backend) -> bool:
    for k in range(len(coords)):
        one, i = (
            backend.jvp(lambda c, k=k: f(*coords[:k], c, *coords[k + 1 :]), (coords[k],), (backend.filled(rate, coords[k]),))[1]
            for rate in (1.0, 1j)
        )  # fmt: skip
        pairs = zip(one, i, strict=True)
        if any(_differ(_values(b, backend), 1j * _values(a, backend)) for a, b in pairs):
            return False
    return True


def _differ(found: Array, expected: Array) -> bool:
    with np.errstate(all="ignore"):
        scale = np.abs(found) + np.abs(expected)
        finite = np.isfinite(scale)
        if not finite.any():
            return False
        eps = float(np.finfo(found.dtype).eps)
        floor = 1e4 * eps * float(scale[finite].max())
        return bool((np.abs(found - expected) > eps**0.5 * scale + floor)[finite].any())
