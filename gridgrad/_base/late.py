"""Modules that are imported when something of them is asked for: by a call that needs it, or by `typing.get_type_hints`."""

from __future__ import annotations

import os
from _thread import RLock  # without threading, which NumPy does not bring
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = ["Late", "fft", "imported", "linalg", "sparse", "sparse_linalg"]

# A fork waits for it: a child has no thread that would go on with a module that is half imported, and waits for ever for its lock.
_importing = RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_importing.acquire, after_in_parent=_importing.release, after_in_child=_importing.release
    )


def imported(name: str) -> ModuleType:
    """A module, imported at the first use."""
    with _importing:
        return import_module(name)


class Late:
    """A module by its name, for annotations and for rare calls."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> object:
        found: object = getattr(imported(self._name), name)
        setattr(self, name, found)
        return found


if TYPE_CHECKING:
    from scipy import fft, linalg, sparse
    from scipy.sparse import linalg as sparse_linalg
else:
    fft, linalg, sparse, sparse_linalg = map(
        Late, ("scipy.fft", "scipy.linalg", "scipy.sparse", "scipy.sparse.linalg")
    )
