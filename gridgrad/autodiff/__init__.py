"""Exact derivatives of functions, at the points of a grid or anywhere else.

``gridgrad.gradient(function, *coords)`` is the same as `gradient` here. NumPy and CuPy functions are
differentiated by an engine of truncated Taylor values; torch and JAX arrays by their own libraries.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .._base.words.names import answered as _answered
from ._dense import dense
from ._engines.symbolic import Symbolic, symbolic
from ._exact import derivative, gradient, hessian, jacobian, partial, value_and_gradient
from ._products import directional, hvp, jvp, vjp
from ._vector import curl, divergence, laplacian

__all__ = [
    "Symbolic", "curl", "dense", "derivative", "directional", "divergence", "gradient", "hessian", "hvp",
    "jacobian", "jvp", "laplacian", "partial", "symbolic", "value_and_gradient", "vjp",
]  # fmt: skip

if not _TYPE_CHECKING:
    __getattr__ = _answered(__name__)
