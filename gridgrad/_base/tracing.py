"""Whether a compiler is tracing the caller, and what it stands for: what is asked about torch and JAX outside of their rooms."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np

COMPILER = "torch.compiler"  # the module: while it is not there, nothing is traced, and to look costs no call


def is_compiling() -> bool:
    """Whether ``torch.compile`` is tracing the caller: never in a call that really runs, in any thread."""
    compiler = sys.modules.get(COMPILER)
    # it may be half imported
    return compiler is not None and getattr(compiler, "is_dynamo_compiling", bool)()


CLOSE_OVER = "under jax.jit close over it"


def is_tracer(given: object) -> bool:
    """Whether it stands for the numbers of later calls, in a function that JAX traces."""
    return any(cls.__name__ == "Tracer" for cls in type(given).__mro__)


def holds_numpy(*given: object) -> bool:
    """Whether an array of NumPy is given, or in a sequence: what a compiler traces of these has no numbers, and no address."""
    return any([type(a) is np.ndarray or (isinstance(a, (list, tuple)) and holds_numpy(*a)) for a in given])


def are_open(shape: Sequence[object]) -> bool:
    """Whether an exporter leaves any of these lengths open, as a symbol: it has no hash, and to compare it is to settle it."""
    return not all([type(length) is int for length in shape])
