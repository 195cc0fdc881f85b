"""The short way of a small NumPy call that was seen before: one look-up, one call of the core."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _core
from ._arguments import UNSET
from ._axes import SMALL_BYTES
from ._execute_host import THREAD_BYTES, has_kernel, plan_for, storage_of
from ._plan import Plan, Term, TooManyDims

CALLS = 512
_ndarray = np.ndarray
_calls: dict[Any, tuple[Plan, Any]] = {}
_apply: Any = _core.core.gg_apply_objects if _core.core is not None and _core.data_offset else None
_offset = _core.data_offset


def fast_gradient(
    f: Any, spacing: tuple[Any, ...], axis: Any, edge_order: Any, periodic: Any, period: Any, out: Any
) -> Any:
    """The result, or None when the call has to be looked at in full."""
    if type(f) is not _ndarray:
        return None
    targets = None if out is None else _targets(f, out)
    key = _key(f, spacing, axis, edge_order, periodic, period, targets)
    found = _calls.get(key) if key is not None else None
    if found is None:
        return None
    results = _run(found, f, targets)
    return results if results is None or len(results) > 1 else results[0]


def _run(found: tuple[Plan, Any], f: Any, targets: Any) -> Any:
    """The results as a tuple; None where the long way has to copy or to refuse."""
    plan, dtype = found
    if targets is None:
        targets = [np.empty_like(f, dtype) for _ in range(plan.outputs)]
    elif not all([target.flags.writeable for target in targets]):
        return None
    objects = [id(target) for target in targets] + [0] * (_core.MAX_OBJECTS - 1 - plan.outputs)
    if _apply(plan.address, _offset, id(f), *objects):
        return None  # unaligned, or memory that overlaps
    return tuple(targets)


class ObjectCalls:
    """The plans of one operator's small calls, by the layouts of its arrays."""

    def __init__(self) -> None:
        self._plans: dict[Any, tuple[Plan, Any]] = {}

    def get(self, f: Any, out: Any) -> Any:
        """The result, or None when the call has to be looked at in full."""
        if type(f) is not _ndarray:
            return None
        if out is None:
            targets = None
            found = self._plans.get((f.shape, f.strides, f.dtype))
        elif type(out) is _ndarray and out.ndim == f.ndim:
            targets = [out]
            found = self._plans.get((f.shape, f.strides, f.dtype, out.shape, out.strides, out.dtype))
        else:
            return None
        if found is None:
            return None
        results = _run(found, f, targets)
        return results if results is None or len(results) > 1 else results[0]

    def put(self, f: Any, out: Any, terms: tuple[Term, ...], results: list[Any]) -> None:
        """Keep the plan of a call that `get` could have answered."""
        if type(f) is not _ndarray or not (out is None or (type(out) is _ndarray and out.ndim == f.ndim)):
            return
        found = _plan_of(terms, f, results)
        if found is not None:
            key = (f.shape, f.strides, f.dtype)
            if len(self._plans) >= CALLS:
                self._plans.clear()
            self._plans[key if out is None else (*key, out.shape, out.strides, out.dtype)] = found


def _plan_of(terms: tuple[Term, ...], f: Any, results: Any) -> tuple[Plan, Any] | None:
    """The plan of a call that is small and that the core can run on the objects themselves."""
    if _apply is None or storage_of(f.dtype) is None or not f.size:
        return None
    if not 1 <= len(results) < _core.MAX_OBJECTS or not has_kernel(terms, [False]):
        return None
    if not all(type(a) is _ndarray and a.flags.aligned for a in (f, *results)):
        return None
    try:
        plan = plan_for(terms, [f], results)
    except TooManyDims:
        return None
    held = sum(weights.nbytes for weights in plan.weights)
    small = plan.traffic < THREAD_BYTES and held <= 2 * SMALL_BYTES * len(terms)
    return (plan, results[0].dtype) if small else None


def _targets(f: Any, out: Any) -> Any:
    if type(out) is _ndarray:
        if out.ndim == f.ndim:
            return [out]
        return list(out) if out.ndim == f.ndim + 1 and len(out) < _core.MAX_OBJECTS else [None]
    return list(out) if type(out) in (list, tuple) and out else [None]


def _key(
    f: Any, spacing: tuple[Any, ...], axis: Any, edge_order: Any, periodic: Any, period: Any, targets: Any
) -> Any:
    """Everything the plan depends on, exactly typed, as 1, 1.0 and True are equal as keys.

    Coordinates enter by content, so an array changed in place is another key.
    """
    if type(edge_order) is not int or not (axis is UNSET or axis is None or type(axis) is int):
        return None
    if type(periodic) is not bool or not (period is None or type(period) is float):
        return None
    entries: list[Any] = [f.shape, f.strides, f.dtype, None if axis is UNSET else axis]
    for value in spacing:
        kind = type(value)
        if kind is float or kind is int or kind is np.float64:
            entries.append(value)
        elif kind is _ndarray and value.nbytes <= SMALL_BYTES:
            entries += (value.dtype, value.shape, value.tobytes())
        else:
            return None
    if targets is not None:
        for target in targets or [None]:
            if type(target) is not _ndarray:
                return None
            entries += ("out", target.shape, target.strides, target.dtype)
    return (edge_order, periodic, period, *entries)


def remember(
    f: Any, spacing: tuple[Any, ...], axis: Any, edge_order: Any, periodic: Any, period: Any, out: Any,
    terms: tuple[Term, ...], results: list[Any],
) -> None:  # fmt: skip
    """Keep the plan of a call that `fast_gradient` could have answered."""
    if type(f) is not _ndarray:
        return
    targets = None if out is None else _targets(f, out)
    key = _key(f, spacing, axis, edge_order, periodic, period, targets)
    found = None if key is None else _plan_of(terms, f, results)
    if found is not None:
        if len(_calls) >= CALLS:
            _calls.clear()
        _calls[key] = found
