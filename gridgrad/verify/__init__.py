"""Proof that samples and functions agree: errors of the operators against exact derivatives, and their order.

`compare` measures the error of one operator on one grid; `convergence` refines the grid and judges the
order at which the error falls.
"""

from ._compare import Comparison as Comparison
from ._compare import Component as Component
from ._compare import Errors as Errors
from ._compare import compare as compare
from ._convergence import Convergence as Convergence
from ._convergence import convergence as convergence

__all__ = ["Comparison", "Component", "Convergence", "Errors", "compare", "convergence"]
