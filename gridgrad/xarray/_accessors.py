"""The accessor ``.gridgrad`` of DataArrays and Datasets, which only forwards to the functions."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import xarray

from .._functions import gradient, scalar, transport, vector
from ._differentiate import differentiate


class _Accessor:
    """The functions of one field, as methods of it."""

    def __init__(self, obj: Any) -> None:
        self._obj = obj

    def gradient(self, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.gradient` of this."""
        return gradient.gradient(self._obj, *spacing, **options)

    def derivative(self, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.derivative` of this."""
        return scalar.derivative(self._obj, *spacing, **options)

    def mixed_derivative(self, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.mixed_derivative` of this."""
        return scalar.mixed_derivative(self._obj, *spacing, **options)

    def laplacian(self, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.laplacian` of this."""
        return scalar.laplacian(self._obj, *spacing, **options)

    def biharmonic(self, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.biharmonic` of this."""
        return scalar.biharmonic(self._obj, *spacing, **options)

    def hessian(self, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.hessian` of this."""
        return scalar.hessian(self._obj, *spacing, **options)

    def gradient_norm(self, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.gradient_norm` of this."""
        return scalar.gradient_norm(self._obj, *spacing, **options)

    def gradient_squared(self, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.gradient_squared` of this."""
        return scalar.gradient_squared(self._obj, *spacing, **options)

    def advect(self, v: Any, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.advect` of this, by the velocity `v`."""
        return transport.advect(v, self._obj, *spacing, **options)

    def directional_derivative(self, v: Any, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.directional_derivative` of this, along `v`."""
        return transport.directional_derivative(self._obj, v, *spacing, **options)

    def diffuse(self, k: Any, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.diffuse` of this, with the diffusivity `k`."""
        return transport.diffuse(k, self._obj, *spacing, **options)

    def differentiate(self, coord: Hashable, edge_order: int = 1, datetime_unit: str | None = None) -> Any:
        """`gridgrad.xarray.differentiate` of this."""
        return differentiate(self._obj, coord, edge_order, datetime_unit)


@xarray.register_dataarray_accessor("gridgrad")
class DataArrayAccessor(_Accessor):
    """``da.gridgrad``: the functions of a scalar field, ``da.gridgrad.laplacian(dim=("x", "y"))``."""


@xarray.register_dataset_accessor("gridgrad")
class DatasetAccessor(_Accessor):
    """``ds.gridgrad``: of each variable, and of vector fields by the names of their components."""

    def divergence(self, F: Sequence[Hashable], *spacing: Any, **options: Any) -> Any:
        """`gridgrad.divergence` of the variables that are named, ``ds.gridgrad.divergence(("u", "v"), dim=("x", "y"))``."""
        return vector.divergence([self._obj[name] for name in F], *spacing, **options)

    def curl(self, F: Sequence[Hashable], *spacing: Any, **options: Any) -> Any:
        """`gridgrad.curl` of the variables that are named."""
        return vector.curl([self._obj[name] for name in F], *spacing, **options)

    def jacobian(self, F: Sequence[Hashable], *spacing: Any, **options: Any) -> Any:
        """`gridgrad.jacobian` of the variables that are named."""
        return vector.jacobian([self._obj[name] for name in F], *spacing, **options)

    def vector_laplacian(self, F: Sequence[Hashable], *spacing: Any, **options: Any) -> Any:
        """`gridgrad.vector_laplacian` of the variables that are named."""
        return vector.vector_laplacian([self._obj[name] for name in F], *spacing, **options)
