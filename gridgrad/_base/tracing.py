"""Whether a compiler is tracing the caller: the one question about torch that is asked outside of its room."""

from __future__ import annotations

import sys


def is_compiling() -> bool:
    """Whether ``torch.compile`` is tracing the caller: never in a call that really runs, in any thread."""
    if "torch" not in sys.modules:
        return False
    compiler = getattr(sys.modules["torch"], "compiler", None)  # torch may be half imported
    return compiler is not None and compiler.is_dynamo_compiling()
