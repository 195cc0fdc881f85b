"""Whether a compiler is tracing the caller: the one question about torch that is asked outside of its room; and its lengths."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np


def is_compiling() -> bool:
    """Whether ``torch.compile`` is tracing the caller: never in a call that really runs, in any thread."""
    compiler = sys.modules.get("torch.compiler")
    return compiler is not None and compiler.is_dynamo_compiling()


def holds_numpy(*given: object) -> bool:
    """Whether an array of NumPy is given, or in a sequence: what a compiler traces of these has no numbers, and no address."""
    return any([type(a) is np.ndarray or (isinstance(a, (list, tuple)) and holds_numpy(*a)) for a in given])


def are_open(shape: Sequence[object]) -> bool:
    """Whether an exporter leaves any of these lengths open, as a symbol: it has no hash, and to compare it is to settle it."""
    return not all([type(length) is int for length in shape])
