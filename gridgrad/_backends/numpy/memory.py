"""NumPy arrays through the compiled core."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..._base.types import Array
from ..._plan.descriptor import STORAGE
from ..._plan.layout import Layout
from ..._plan.plan import Plan, make_plan
from ..._terms.term import Term
from .. import slices
from ..ladder import Ladder
from . import core

PIECE_BYTES = 64 << 20  # moved between two looks at pending signals: well under 50 ms
THREAD_BYTES = 16 << 20  # a call that moves less stays on the caller's thread

# As asking a dtype its name is slow; bfloat16 is not NumPy's.
_NAMES = {np.dtype(name): name for name in STORAGE if name != "bfloat16"}
_NAMES |= {np.dtype("complex64"): "float32", np.dtype("complex128"): "float64"}


def apply(
    terms: tuple[Term, ...], inputs: Sequence[Array], outputs: Sequence[Array], workers: int | None = None
) -> None:
    """Write ``terms`` of `inputs` into `outputs`; layouts may be anything, dtypes are checked."""
    if not outputs or outputs[0].size == 0:
        return
    _Memory(workers).apply(terms, inputs, outputs)


class _Memory(Ladder):
    """NumPy arrays, on at most `workers` threads."""

    def __init__(self, workers: int | None) -> None:
        self.workers = workers

    def has_kernels(self, f: Array) -> bool:
        """Whether the core was compiled, and knows the dtype."""
        return core.core is not None and storage_of(f.dtype) is not None

    def storage_of(self, f: Array) -> str:
        """The kernels' name of a dtype they know."""
        return str(storage_of(f.dtype))

    def is_complex(self, a: Array) -> bool:
        """Whether the elements have an imaginary part."""
        return a.dtype.kind == "c"

    def is_aligned(self, a: Array) -> bool:
        """Whether address and strides are multiples of what the core reads."""
        return bool(a.flags.aligned)

    def parts(self, a: Array) -> list[Array]:
        """Views of the real and the imaginary parts."""
        return [a.real, a.imag]

    def empty(self, like: Array, real: str | None = None) -> Array:
        """A compact array."""
        return np.empty(like.shape, like.dtype if real is None else np.result_type(real, like.dtype))

    def copy(self, a: Array, real: str | None = None) -> Array:
        """A compact copy."""
        return a.copy() if real is None else a.astype(np.result_type(real, a.dtype), order="C")

    def write(self, target: Array, result: Array) -> None:
        """Round `result` into `target`."""
        target[...] = (
            result.astype(np.float32) if target.dtype.itemsize < 4 < result.dtype.itemsize else result
        )

    def launch(
        self, terms: tuple[Term, ...], inputs: Sequence[Array], outputs: Sequence[Array], adds: bool
    ) -> None:
        """One sweep of the core."""
        plan = plan_for(terms, inputs, outputs, adds)
        run(plan, [a.ctypes.data for a in (*inputs, *outputs)], self.workers)

    def sliced(self, terms: tuple[Term, ...], inputs: Sequence[Array], outputs: int) -> list[Array]:
        """The results as new arrays."""
        return slices.apply(np, terms, inputs, outputs)


def plan_for(
    terms: tuple[Term, ...], inputs: Sequence[Array], outputs: Sequence[Array], adds: bool = False
) -> Plan:
    """The cached plan of these arrays' layout."""
    dtype = inputs[0].dtype
    components = 2 if dtype.kind == "c" else 1
    storage = storage_of(dtype)
    assert storage is not None
    layouts = [layout_of(a, components) for a in (*inputs, *outputs)]
    count = len(inputs)
    return make_plan(terms, storage, tuple(layouts[:count]), tuple(layouts[count:]), components, adds)


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
        core.check(core.core.gg_apply(plan.address, pointers, piece, pieces, threads))


def default_workers(traffic: int) -> int:
    """One thread for a call that is over before a second would help, else all we may use."""
    return 1 if traffic < THREAD_BYTES else core.available_cpus()
