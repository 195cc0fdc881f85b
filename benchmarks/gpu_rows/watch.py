"""Which of gridgrad's kernels a row runs: registers, spills and widths, as the compiler made them."""

from __future__ import annotations

import re
from typing import Any

import cupy

_seen: dict[int, Kernel] = {}


class Kernel:
    """A kernel of CuPy that notes its launches."""

    def __init__(self, kernel: Any, code: str) -> None:
        self.kernel_, self.code = kernel, code
        self.shape: tuple[Any, ...] = ()
        _seen[id(self)] = self

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Launch it."""
        _seen[id(self)], self.shape = self, arguments[:2]
        return self.kernel_(*arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.kernel_, name)

    def facts(self) -> dict[str, Any]:
        """Registers of a thread, bytes that it spills, its last launch, and the macros of its variant that are short."""
        macros = dict(re.findall(r"^#define GG_(\w+) (\S+)$", self.code, re.MULTILINE))
        return {"registers": self.kernel_.num_regs, "spilled bytes": self.kernel_.local_size_bytes, "grid, block": self.shape,
                "macros": {name: value for name, value in macros.items() if len(value) < 12}}  # fmt: skip


class Module:
    """A module of CuPy whose kernels note their launches."""

    def __init__(self, module: Any, code: str) -> None:
        self.module_, self.code = module, code

    def get_function(self, name: str) -> Kernel:
        """A kernel of the module, which is noted."""
        return Kernel(self.module_.get_function(name), self.code)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module_, name)


def watch() -> None:
    """From now on, for all modules that gridgrad has CuPy compile."""
    compile_ = cupy.RawModule

    def watched(**how: Any) -> Module:
        return Module(compile_(**how), how.get("code") or "")

    cupy.RawModule = watched


def forget() -> None:
    """A new row begins."""
    _seen.clear()


def seen() -> list[dict[str, Any]]:
    """The kernels of the row."""
    return [kernel.facts() for kernel in list(_seen.values())]
