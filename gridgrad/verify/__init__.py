"""Proof that samples and functions agree: errors of the operators against exact derivatives, and their order.

`compare` measures the error of one operator on one grid; `convergence` refines the grid and judges the
order at which the error falls.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .. import autodiff as autodiff  # before its modules, as another thread may be importing it
from .._base.words.names import answered as _answered
from ._compare import Comparison, Component, Errors, compare
from ._convergence import Convergence, convergence

__all__ = ["Comparison", "Component", "Convergence", "Errors", "compare", "convergence"]

if not _TYPE_CHECKING:
    __getattr__ = _answered(__name__)
