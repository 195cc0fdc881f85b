"""Finite-difference derivatives of gridded data, on the arrays you already have.

`gradient` is called as ``numpy.gradient`` is. `derivative`, `divergence`, `curl`, `laplacian`, `advect`, `diffuse` and
others take an array and its spacing; a `Grid` has the same names as operators, with sums, adjoints, matrices and
solves. Boundary conditions are words, ``boundary="periodic"``, or `value`, `slope` and `robin`. Besides there are

    gridgrad.xarray      labelled arrays: their grid, and the accessor ``.gridgrad``
    gridgrad.torch       the call of ``torch.gradient``
    gridgrad.dask        from Zarr array to Zarr array, larger than memory
    gridgrad.autodiff    exact derivatives of functions
    gridgrad.verify      the observed order of any operator
    gridgrad.cuda        CUDA kernels, compiled before they are needed

`show_config` says what this installation has, and how calls were computed.
"""

import typing as _typing
from types import ModuleType as _ModuleType

from ._base.cache import clear_caches
from ._base.version import __version__ as __version__
from ._config import show_config
from ._functions.gradient import gradient
from ._functions.scalar import (
    biharmonic,
    derivative,
    gradient_norm,
    gradient_squared,
    hessian,
    laplacian,
    mixed_derivative,
)
from ._functions.transport import advect, diffuse, directional_derivative
from ._functions.vector import curl, divergence, jacobian, vector_laplacian
from ._grid.boundary import components
from ._grid.walls.components import no_slip, slip
from ._grid.walls.conditions import clamped, robin, slope, supported, value
from ._operators.operator import Operator
from .grid import Grid

_LAZY = ("autodiff", "cuda", "dask", "torch", "verify", "xarray")
__all__ = [
    "Grid", "Operator", "advect", "biharmonic", "clamped", "clear_caches", "components", "curl", "derivative", "diffuse",
    "directional_derivative", "divergence", "gradient", "gradient_norm", "gradient_squared", "hessian", "jacobian", "laplacian",
    "mixed_derivative", "no_slip", "robin", "show_config", "slip", "slope", "supported", "value", "vector_laplacian",
]  # fmt: skip

if _typing.TYPE_CHECKING:
    from . import autodiff as autodiff
    from . import cuda as cuda
    from . import dask as dask
    from . import torch as torch
    from . import verify as verify
    from . import xarray as xarray
else:

    def __getattr__(name: str) -> _ModuleType:
        """``gridgrad.autodiff``, ``cuda``, ``dask``, ``torch``, ``verify`` and ``xarray``, imported when first used."""
        if name in _LAZY:
            from ._base.late import imported

            try:
                return imported(f"gridgrad.{name}")
            except ModuleNotFoundError as error:
                raise ModuleNotFoundError(
                    f"gridgrad.{name} needs {error.name}, which is not installed"
                ) from None
        from sys import modules

        from ._base.words.names import unknown

        raise unknown(modules[__name__], "module 'gridgrad'", name, {"Grid(x, y)": Grid})


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__", *_LAZY])
