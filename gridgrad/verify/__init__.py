"""Proof that samples and functions agree: errors of the operators against exact derivatives, and their order.

`compare` measures the error of one operator on one grid; `convergence` refines the grid and judges the
order at which the error falls.
"""

from .. import autodiff as autodiff  # before its modules, as another thread may be importing it
from ._compare import Comparison, Component, Errors, compare
from ._convergence import Convergence, convergence

__all__ = ["Comparison", "Component", "Convergence", "Errors", "compare", "convergence"]
