"""Modules that are imported when something of them is asked for: by a call that needs it, or by `typing.get_type_hints`."""

from __future__ import annotations

import os
from _thread import RLock, get_ident  # without threading, which NumPy does not bring
from importlib import import_module
from time import sleep
from types import ModuleType
from typing import TYPE_CHECKING

__all__ = ["Late", "fft", "imported", "linalg", "sparse", "sparse_linalg"]

_lock = RLock()  # of the list, and not held while modules are imported, which wait for each other
_importing: list[int] = []  # threads


def _wait() -> None:
    """Before a fork: a child has no thread that would go on with a module that is half imported, and waits for ever for its lock."""
    _lock.acquire()
    while any(thread != get_ident() for thread in _importing):
        _lock.release()
        sleep(0.001)
        _lock.acquire()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait, after_in_parent=_lock.release, after_in_child=_lock.release)


def imported(name: str) -> ModuleType:
    """A module, imported at the first use."""
    with _lock:
        _importing.append(get_ident())
    try:
        return import_module(name)
    finally:
        with _lock:
            _importing.remove(get_ident())


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
