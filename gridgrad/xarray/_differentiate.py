"""`differentiate`: the call of xarray's method of this name."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeVar

import numpy as np
import xarray

from .._base.errors import ArgumentTypeError, ArgumentValueError
from .._base.words import answering
from .._functions.gradient import gradient
from .._wraps.xarray import times
from .._wraps.xarray.coordinates import names_of

Labelled = TypeVar("Labelled", xarray.DataArray, xarray.Dataset)


@answering(
    coord="dim dims axis coords x",
    more="it is xarray's call; all else is gridgrad.derivative(f, dim='x', order=2, accuracy=4): order deriv accuracy boundary periodic side out",
)
def differentiate(obj: Labelled, coord: Hashable, edge_order: int = 1, datetime_unit: str | None = None) -> Labelled:  # fmt: skip
    """Differentiate by a one-dimensional coordinate, as ``obj.differentiate(coord, edge_order, datetime_unit)`` does.

    Parameters
    ----------
    obj : DataArray or Dataset
        Of a Dataset all variables with the dimension of the coordinate; the others are kept as they are.
    coord : hashable
        A coordinate, or a dimension, which without a coordinate counts its points.
    edge_order : 1 or 2
        Order of accuracy at the ends.
    datetime_unit : str, optional
        The unit of dates and durations, "W", "D", "h", "m", "s", "ms", "us" or "ns": by default that in which the coordinate is
        stored, or else the variable, often nanoseconds, and seconds for dates of other calendars.

    Returns
    -------
    DataArray or Dataset
        Under the same names. Unlike xarray's it has attributes, with `units` that were divided.

    Raises
    ------
    ValueError
        No such coordinate, or one of several dimensions; values that repeat or are not sorted.

    Examples
    --------
    >>> import xarray as xr
    >>> from gridgrad.xarray import differentiate
    >>> T = xr.DataArray([1.0, 2.0, 5.0], dims="x", coords={"x": ("x", [0.0, 1.0, 2.0], {"units": "m"})}, attrs={"units": "K"})
    >>> differentiate(T, "x").values
    array([1., 2., 3.])
    >>> differentiate(T, "x").units
    'K m-1'
    """
    if not isinstance(obj, (xarray.DataArray, xarray.Dataset)):
        raise ArgumentTypeError(
            f"differentiate() takes a DataArray or a Dataset, got {type(obj).__name__}; of plain arrays it is gridgrad.gradient(f, x)"
        )
    names_of([coord])  # which refuses what is no name
    if coord not in obj.coords and coord not in obj.dims:
        known = [*map(repr, obj.coords), *(repr(dim) for dim in obj.dims if dim not in obj.coords)]
        raise ArgumentValueError(
            f"there is no coordinate or dimension {coord!r}; there are {', '.join(known)}"
        )
    at = obj[coord]
    if at.ndim != 1:
        raise ArgumentValueError(
            f"the coordinate {coord!r} has the dims {at.dims!r}; one of one dimension is needed"
        )
    if isinstance(obj, xarray.DataArray):
        return _one(obj, at, edge_order, datetime_unit)
    chosen = {name: v for name, v in obj.data_vars.items() if at.dims[0] in v.dims}
    return obj.assign({name: _one(v, at, edge_order, datetime_unit) for name, v in chosen.items()})


def _one(f: xarray.DataArray, at: xarray.DataArray, edge_order: int, unit: str | None) -> Any:
    unit = times.clean_unit(_unit_of(at, f) if unit is None else unit)
    if times.is_of_times(f):
        f = f.copy(data=times.numbers_of(f.values, unit)).assign_attrs(units=times.text_of(unit))
    found: Any = gradient
    return found(f, at, dim=at.dims[0], edge_order=edge_order, datetime_unit=unit).rename(f.name)


def _unit_of(*arrays: xarray.DataArray) -> str:
    """In which the first that is of times is stored; seconds of dates of other calendars."""
    return next((str(np.datetime_data(a.dtype)[0]) for a in arrays if a.dtype.kind in "mM"), "s")
