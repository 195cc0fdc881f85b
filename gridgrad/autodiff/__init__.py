"""Exact derivatives of functions, at the points of a grid or anywhere else.

``gridgrad.gradient(function, *coords)`` is the same as `gradient` here. NumPy and CuPy functions are
differentiated by an engine of truncated Taylor values; torch and JAX arrays by their own libraries.
"""

from ._dense import dense as dense
from ._exact import derivative as derivative
from ._exact import gradient as gradient
from ._exact import hessian as hessian
from ._exact import jacobian as jacobian
from ._exact import partial as partial
from ._exact import value_and_gradient as value_and_gradient
from ._products import directional as directional
from ._products import hvp as hvp
from ._products import jvp as jvp
from ._products import vjp as vjp
from ._symbolic import Symbolic as Symbolic
from ._symbolic import symbolic as symbolic
from ._vector import curl as curl
from ._vector import divergence as divergence
from ._vector import laplacian as laplacian

__all__ = [
    "Symbolic", "curl", "dense", "derivative", "directional", "divergence", "gradient", "hessian", "hvp",
    "jacobian", "jvp", "laplacian", "partial", "symbolic", "value_and_gradient", "vjp",
]  # fmt: skip
