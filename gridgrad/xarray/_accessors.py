"""The accessor ``.gridgrad`` of DataArrays and Datasets, which only forwards to the functions."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, Any, Never

import xarray

from .._base.errors import MISSING, ArgumentTypeError, ArgumentValueError
from .._base.words import required
from .._base.words.names import unknown
from .._functions import gradient, scalar, transport, vector
from ._differentiate import differentiate
from ._grid import Grid, Method, named


def _of_field(function: Callable[..., object]) -> Method:
    """The function of the object."""

    def method(self: _Accessor, *arguments: object, **options: object) -> object:
        return function(self._obj, *arguments, **options)

    return named(method, function, "this")


def _of_components(function: Callable[..., object]) -> Method:
    """The function of the variables that are named."""

    def method(self: _Accessor, F: object = MISSING, *spacing: object, **options: object) -> object:
        if isinstance(F, str):
            raise ArgumentTypeError(
                f"{function.__name__}() takes the names of all components as one argument, ('u', 'v'); got {F!r}"
            )
        required(function.__name__, F=F)
        if isinstance(F, Iterable) and not isinstance(F, (xarray.DataArray, xarray.Dataset)):
            F = [self._variable(c) if isinstance(c, Hashable) else c for c in F]
        return function(F, *spacing, **options)

    return named(method, function, "the variables that are named, in the order of the axes")


class _Accessor:
    """The functions of one field, as methods of it."""

    def __init__(self, obj: Any) -> None:
        self._obj = obj

    def __repr__(self) -> str:
        kind = type(self._obj).__name__
        names = ", ".join(name for name in dir(type(self)) if not name.startswith("_"))
        return f"<gridgrad functions of a {kind}: {names}>"

    if not TYPE_CHECKING:  # or a checker would take every name for one

        def __getattr__(self, name: str) -> Never:
            places = {"ds.gridgrad": DatasetAccessor, "gridgrad.xarray.Grid(f)": Grid}
            raise unknown(self, "the accessor .gridgrad", name, places)

    gradient = _of_field(gradient.gradient)
    derivative = _of_field(scalar.derivative)
    mixed_derivative = _of_field(scalar.mixed_derivative)
    laplacian = _of_field(scalar.laplacian)
    biharmonic = _of_field(scalar.biharmonic)
    hessian = _of_field(scalar.hessian)
    gradient_norm = _of_field(scalar.gradient_norm)
    gradient_squared = _of_field(scalar.gradient_squared)

    def directional_derivative(self, v: Any = MISSING, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.directional_derivative` of this, along the direction `v`, whose components may be names of variables."""
        return transport.directional_derivative(self._obj, self._named(v), *spacing, **options)

    def advect(self, v: Any = MISSING, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.advect` of this, by the velocity `v`, whose components may be names of variables."""
        return transport.advect(self._named(v), self._obj, *spacing, **options)

    def diffuse(self, k: Any = MISSING, *spacing: Any, **options: Any) -> Any:
        """`gridgrad.diffuse` of this, with the diffusivity `k`, which may be the name of a variable."""
        return transport.diffuse(self._named(k), self._obj, *spacing, **options)

    def _named(self, given: Any) -> Any:
        """What is given, with variables in the place of their names."""
        if isinstance(given, (list, tuple)):
            return [self._named(entry) for entry in given]
        return self._variable(given) if isinstance(given, str) else given

    def _variable(self, given: Hashable) -> Any:
        """The variable of that name."""
        known = self._obj.variables if isinstance(self._obj, xarray.Dataset) else self._obj.coords
        if given not in known:
            raise ArgumentValueError(
                f"there is no variable {given!r} here; there are {', '.join(map(repr, known)) or 'none'}"
            )
        return self._obj[given]

    def differentiate(self, coord: Hashable, edge_order: int = 1, datetime_unit: str | None = None) -> Any:
        """`gridgrad.xarray.differentiate` of this."""
        return differentiate(self._obj, coord, edge_order, datetime_unit)


@xarray.register_dataarray_accessor("gridgrad")
class DataArrayAccessor(_Accessor):
    """``da.gridgrad``: the functions of a scalar field, ``da.gridgrad.laplacian(dim=("x", "y"))``."""


@xarray.register_dataset_accessor("gridgrad")
class DatasetAccessor(_Accessor):
    """``ds.gridgrad``: of each variable, and of vector fields by the names of their components.

    Those are ``ds.gridgrad.divergence(("u", "v"), dim=("x", "y"))``, `curl`, `jacobian` and `vector_laplacian`.
    """

    divergence = _of_components(vector.divergence)
    curl = _of_components(vector.curl)
    jacobian = _of_components(vector.jacobian)
    vector_laplacian = _of_components(vector.vector_laplacian)
