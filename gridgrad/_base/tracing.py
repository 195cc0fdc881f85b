"""Whether a compiler is tracing the caller: the one question about torch that is asked outside of its room; and its lengths."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def is_compiling() -> bool:
    """Whether ``torch.compile`` is tracing the caller: never in a call that really runs, in any thread."""
    if "torch" not in sys.modules:
        return False
    compiler = getattr(sys.modules["torch"], "compiler", None)  # torch may be half imported
    return compiler is not None and compiler.is_dynamo_compiling()


def are_open(shape: Sequence[object]) -> bool:
    """Whether an exporter leaves any of these lengths open, as a symbol: it has no hash, and to compare it is to settle it."""
    return not all([type(length) is int for length in shape])
