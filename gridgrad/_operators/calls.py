"""The short way of a small NumPy call that was seen before: one look-up, one call of the core."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._backends.ladder import bound
from .._backends.numpy import BACKEND, core
from .._backends.numpy.memory import THREAD_BYTES
from .._base.cache import Cache, Entry
from .._base.checks import UNSET
from .._base.content import HASHED_BYTES, SMALL_BYTES, Content, kept_key
from .._grid.asked import Asked
from .._plan.plan import Plan
from .._terms.term import Term

Found = tuple[int, int, Any, Plan]  # the address of a plan's descriptor, its outputs, their dtype; the plan

_ndarray = np.ndarray
_calls: Cache[Found] = Cache("calls", entries=512)
_apply: Any = core.core.gg_apply_objects if core.core is not None and core.data_offset else None
_offset = core.data_offset
_NO_OBJECTS = (0,) * core.MAX_OBJECTS


def fast_gradient(
    f: Any, spacing: tuple[Any, ...], axis: Any, edge_order: Any, periodic: Any, period: Any, boundary: Any,
    accuracy: Any, out: Any,
) -> Any:  # fmt: skip
    """The result, or None when the call has to be looked at in full."""
    if type(f) is not _ndarray:
        return None
    targets = None if out is None else _targets(f, out)
    key = _key(f, spacing, axis, edge_order, periodic, period, boundary, accuracy, targets)
    found = _calls.held.get(key) if key is not None else None
    if found is None:
        return None
    results = _run(found, (f,), targets)
    return results if results is None or len(results) > 1 else results[0]


def _run(found: Entry[Found], inputs: tuple[Any, ...], targets: Any) -> Any:
    """The results as a tuple; None where the long way has to copy or to refuse."""
    address, outputs, dtype, _ = found.value
    found.used = Entry.now
    if targets is None:
        targets = [np.empty_like(inputs[0], dtype)]
        while len(targets) < outputs:
            targets.append(np.empty_like(inputs[0], dtype))
    else:
        for target in targets:
            if not target.flags.writeable:
                return None
    objects = [*map(id, inputs), *map(id, targets)]
    if _apply(address, _offset, *objects, *_NO_OBJECTS[len(objects) :]):
        return None  # unaligned, or memory that overlaps
    return tuple(targets)


class ObjectCalls:
    """The plans of one operator's small calls, by the layouts of its arrays."""

    def __init__(self) -> None:
        self._plans: Cache[Found] = Cache(None, entries=64, nbytes=1 << 20)

    def one(self, f: Any, out: Any) -> Any:
        """`get` for one array into one `out`, without a detour."""
        if type(out) is not _ndarray or not out.flags.writeable:
            return None
        found = self._plans.held.get((False, f.shape, f.strides, f.dtype, out.shape, out.strides, out.dtype))
        if found is None or _apply(found.value[0], _offset, id(f), id(out), 0, 0):
            return None
        found.used = Entry.now
        return out

    def get(self, inputs: tuple[Any, ...], out: Any) -> Any:
        """The results as a tuple, or None when the call has to be looked at in full."""
        targets = None if out is None else _targets(inputs[0], out)
        found = self._plans.held.get(_layouts(inputs, targets))
        return None if found is None else _run(found, inputs, targets)

    def put(self, inputs: tuple[Any, ...], out: Any, terms: tuple[Term, ...], results: list[Any]) -> None:
        """Keep the plan of a call that `get` could have answered."""
        key = _layouts(inputs, None if out is None else _targets(inputs[0], out))
        found = None if key is None else _plan_of(terms, inputs, results)
        if found is not None:
            self._plans.put(key, found, found[-1].nbytes)


def _layouts(inputs: tuple[Any, ...], targets: Any) -> Any:
    """A key of plain arrays, inputs of one shape; None for anything else."""
    if targets is not None and type(targets) is not list and type(targets) is not tuple:
        return None
    key: list[Any] = [targets is None]
    for a in inputs if targets is None else (*inputs, *targets):
        if type(a) is not _ndarray:
            return None
        key += (a.shape, a.strides, a.dtype)
    return tuple(key)


def _plan_of(terms: tuple[Term, ...], inputs: Any, results: Any) -> Found | None:
    """The plan of a call that is small and that the core can run on the objects themselves."""
    if _apply is None or not results or len(inputs) + len(results) > core.MAX_OBJECTS:
        return None
    if not all(type(a) is _ndarray and a.flags.aligned for a in (*inputs, *results)):
        return None
    plan = bound(BACKEND, terms, inputs, results)
    if plan is None:
        return None
    small = plan.traffic < THREAD_BYTES and plan.nbytes <= 4 * SMALL_BYTES * len(terms)
    return (plan.address, plan.outputs, results[0].dtype, plan) if small else None


def _targets(f: Any, out: Any) -> Any:
    if type(out) is _ndarray:
        if out.ndim == f.ndim:
            return [out]
        return list(out) if out.ndim == f.ndim + 1 and len(out) < core.MAX_OBJECTS else [None]
    return list(out) if type(out) in (list, tuple) and out else [None]


def _key(
    f: Any, spacing: tuple[Any, ...], axis: Any, edge_order: Any, periodic: Any, period: Any, boundary: Any,
    accuracy: Any, targets: Any,
) -> Any:  # fmt: skip
    """Everything the plan depends on, exactly typed, as 1, 1.0 and True are equal as keys.

    Coordinates enter by content, so an array changed in place is another key.
    """
    if type(edge_order) is not int or not (axis is UNSET or axis is None or type(axis) is int):
        return None
    ends: Any = edge_order
    if not (periodic is None and period is None and boundary is None and accuracy is None):
        ends = _ends(edge_order, periodic, period, boundary, accuracy)
        if ends is None:
            return None
    entries: list[Any] = [f.shape, f.strides, f.dtype, None if axis is UNSET else axis]
    for value in spacing:
        kind = type(value)
        if kind is float or kind is int or kind is np.float64:
            entries.append(value)
        elif kind is _ndarray and value.nbytes <= SMALL_BYTES:
            small = value.nbytes <= HASHED_BYTES
            entries += (value.dtype, value.shape, value.tobytes()) if small else (Content(value),)
        else:
            return None
    if targets is not None:
        for target in targets or [None]:
            if type(target) is not _ndarray:
                return None
            entries += ("out", target.shape, target.strides, target.dtype)
    return (ends, *entries)


def _ends(edge_order: int, periodic: Any, period: Any, boundary: Any, accuracy: Any) -> Any:
    """The part of a key about ends and accuracy; None for sequences of them."""
    plain = (periodic is None or type(periodic) is bool) and (period is None or type(period) is float)
    plain = plain and (boundary is None or type(boundary) is str)
    plain = plain and (accuracy is None or type(accuracy) is int)
    return (edge_order, periodic, period, boundary, accuracy) if plain else None


def call_key(f: Any, spacing: tuple[Any, ...], axis: Any, asked: Asked, out: Any) -> Any:
    """What `remember` keeps a call by, or None; to be made before `out` is written, which may hold coordinates."""
    if type(f) is not _ndarray:
        return None
    targets = None if out is None else _targets(f, out)
    key = _key(f, spacing, axis, *asked, targets)
    return None if key is None else kept_key(key)


def remember(key: Any, f: Any, terms: tuple[Term, ...], results: list[Any]) -> None:
    """Keep the plan of a call that `fast_gradient` could have answered."""
    found = None if key is None else _plan_of(terms, [f], results)
    if found is not None:
        _calls.put(key, found, found[-1].nbytes)
