"""Gradients of gridded data, on the array you already have."""

from typing import Any as _Any

from ._cache import clear_caches as clear_caches
from ._config import show_config as show_config
from ._gradient import gradient as gradient
from ._grid import Grid as Grid
from ._operators import derivative as derivative
from ._operators import gradient_norm as gradient_norm
from ._operators import hessian as hessian
from ._operators import laplacian as laplacian
from ._operators import mixed_derivative as mixed_derivative
from ._transport import advect as advect
from ._transport import diffuse as diffuse
from ._transport import directional_derivative as directional_derivative
from ._vector_operators import curl as curl
from ._vector_operators import divergence as divergence
from ._vector_operators import jacobian as jacobian
from ._vector_operators import vector_laplacian as vector_laplacian

__version__ = "0.1.0"
_LAZY = ("autodiff", "cuda", "torch", "verify")
__all__ = [
    "Grid", "advect", "clear_caches", "curl", "derivative", "diffuse", "directional_derivative", "divergence", "gradient",
    "gradient_norm", "hessian", "jacobian", "laplacian", "mixed_derivative", "show_config", "vector_laplacian",
]  # fmt: skip


def __getattr__(name: str) -> _Any:
    """``gridgrad.autodiff``, ``cuda``, ``torch`` and ``verify``, imported when first used."""
    if name in _LAZY:
        from importlib import import_module

        try:
            return import_module(f"gridgrad.{name}")
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(f"gridgrad.{name} needs {error.name}, which is not installed") from None
    raise AttributeError(f"module 'gridgrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__", *_LAZY])
