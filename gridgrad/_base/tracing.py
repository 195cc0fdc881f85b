"""Whether a compiler is tracing the caller: the one question about torch that is asked outside of its room."""

from __future__ import annotations

import sys


def is_compiling() -> bool:
    """Whether ``torch.compile`` is tracing the caller: never in a call that really runs, in any thread."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    compiler = getattr(torch, "compiler", None)  # torch may be half imported
    return compiler is not None and compiler.is_dynamo_compiling()
