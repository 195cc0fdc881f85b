"""NumPy arrays through the compiled core."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core, _execute_xp
from ._plan import STORAGE, Layout, Plan, Term, TooManyDims, make_plan, own_terms
from ._stencils import Array

PIECE_BYTES = 64 << 20  # moved between two looks at pending signals: well under 50 ms
THREAD_BYTES = 16 << 20  # a call that moves less stays on the caller's thread

FLOAT64 = np.dtype(np.float64)

# As asking a dtype its name is slow; bfloat16 is not NumPy's.
_NAMES = {np.dtype(name): name for name in STORAGE if name != "bfloat16"}
_NAMES |= {np.dtype("complex64"): "float32", np.dtype("complex128"): "float64"}


def apply(
    terms: tuple[Term, ...], inputs: Sequence[Array], outputs: Sequence[Array], workers: int | None = None
) -> None:
    """Write ``terms`` of `inputs` into `outputs`; layouts may be anything, dtypes are checked."""
    if not outputs or outputs[0].size == 0:
        return
    kinds = [f.dtype.kind == "c" for f in inputs]
    if _core.core is None or storage_of(inputs[0].dtype) is None or not has_kernel(terms, kinds):
        _apply_slices(terms, inputs, outputs)
        return
    if not all(a.flags.aligned for a in (*inputs, *outputs)):
        _apply_copies(terms, inputs, outputs, workers)
        return
    try:
        plan = plan_for(terms, inputs, outputs)
    except TooManyDims:
        _apply_parts(terms, inputs, outputs, workers)
        return
    run(plan, [a.ctypes.data for a in (*inputs, *outputs)], workers)


def has_kernel(terms: tuple[Term, ...], complex_inputs: Sequence[bool]) -> bool:
    """Whether kernels can run these terms: float64 has the exponents of all weights, no coefficient is complex."""
    if not all(stencil.fits(FLOAT64) for term in terms for _, stencil in term.stencils()):
        return False
    return not any(term.coefficient is not None and complex_inputs[term.coefficient] for term in terms)


def plan_for(terms: tuple[Term, ...], inputs: Sequence[Array], outputs: Sequence[Array]) -> Plan:
    """The cached plan of these arrays' layout."""
    dtype = inputs[0].dtype
    components = 2 if dtype.kind == "c" else 1
    storage = storage_of(dtype)
    assert storage is not None
    layouts = [layout_of(a, components) for a in (*inputs, *outputs)]
    return make_plan(terms, storage, tuple(layouts[: len(inputs)]), tuple(layouts[len(inputs) :]), components)


def storage_of(dtype: np.dtype[Any]) -> str | None:
    """The kernels' name of a dtype; complex data is pairs of reals; None if they lack it."""
    known = _NAMES.get(dtype)
    if known is not None or not dtype.isnative:
        return known
    return dtype.name if dtype.name in STORAGE else None


def layout_of(a: Array, components: int) -> Layout:
    """Shape and strides, in real numbers; a real array among complex ones has one component."""
    item = a.itemsize // components
    if components == 2 and a.dtype.kind != "c":
        return Layout(a.shape, tuple(s // a.itemsize for s in a.strides), 0)
    return Layout(a.shape, tuple(s // item for s in a.strides))


def run(plan: Plan, addresses: list[int], workers: int | None = None) -> None:
    """Apply `plan` at `addresses`: inputs, then outputs; between pieces Python sees signals."""
    pointers = (ctypes.c_void_p * len(addresses))(*addresses)
    threads = workers or default_workers(plan.traffic)
    pieces = 1 + plan.traffic // PIECE_BYTES
    for piece in range(pieces):
        _core.check(_core.core.gg_apply(plan.address, pointers, piece, pieces, threads))


def default_workers(traffic: int) -> int:
    """One thread for a call that is over before a second would help, else all we may use."""
    return 1 if traffic < THREAD_BYTES else _core.available_cpus()


def _apply_copies(
    terms: tuple[Term, ...], inputs: Sequence[Array], outputs: Sequence[Array], workers: int | None
) -> None:
    """Unaligned or oddly strided data: through compact copies."""
    results = [np.empty(o.shape, o.dtype) for o in outputs]
    apply(terms, [f.copy() for f in inputs], results, workers)
    for target, result in zip(outputs, results, strict=True):
        target[...] = result


def _apply_parts(
    terms: tuple[Term, ...], inputs: Sequence[Array], outputs: Sequence[Array], workers: int | None
) -> None:
    """More loops, terms or arrays than one descriptor holds: an output at a time."""
    if len(outputs) == 1:
        if all(a.flags.c_contiguous for a in (*inputs, *outputs)):
            _apply_slices(terms, inputs, outputs)
        else:
            _apply_copies(terms, inputs, outputs, workers)
        return
    for k, target in enumerate(outputs):
        apply(own_terms(terms, k), inputs, [target], workers)


def _apply_slices(terms: tuple[Term, ...], inputs: Sequence[Array], outputs: Sequence[Array]) -> None:
    results = _execute_xp.apply(np, terms, inputs, len(outputs))
    for target, result in zip(outputs, results, strict=True):
        target[...] = result
