"""Modules that are imported when something of them is asked for: by a call that needs it, or by `typing.get_type_hints`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["Late", "fft", "linalg", "sparse", "sparse_linalg"]


class Late:
    """A module by its name, for annotations and for rare calls."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> object:
        return getattr(import_module(self._name), name)


if TYPE_CHECKING:
    from scipy import fft, linalg, sparse
    from scipy.sparse import linalg as sparse_linalg
else:
    fft, linalg, sparse, sparse_linalg = map(
        Late, ("scipy.fft", "scipy.linalg", "scipy.sparse", "scipy.sparse.linalg")
    )
