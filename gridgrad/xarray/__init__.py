"""Gradients of labelled arrays: the accessor ``.gridgrad``, and `differentiate` with the call of xarray's own.

The functions of `gridgrad` take DataArrays and Datasets themselves; what they make of labels is said here.

* ``dim=`` names the axes, in the order of the results and of the components of vectors; of scalar fields all
  dimensions are meant without it. Each is differentiated by its coordinate, and one that has none is an error:
  give a step, ``gradient(f, 1.0, dim="x")``. ``coord=`` names other coordinates; one of several
  dimensions, heights of each column, is given with the dimension that it is along.
* ``geometry="sphere"`` reads from the attributes or names of coordinates which are latitude and longitude, and from their units whether they are
  in degrees; results are per metre. ``geometry="cf"`` asks the attributes alone, and whether it is a sphere at all.
* Dates, durations and dates of other calendars are differentiated by in seconds, or in ``datetime_unit=``.
* Components of vectors in another order than the axes are refused where ``standard_name``, ``axis``, ``units`` or names tell it.
* Arrays of one call are matched by the names of their dimensions, and must have equal coordinates.
* `boundary`, `periodic` and `period` may name dimensions: ``periodic="lon", period={"lon": 360}``.
* A DataArray gives a DataArray, or a tuple of them in the order of ``dim=``, called ``dT_dx``. A Dataset gives a
  Dataset of the derivatives of all variables that have the dimensions. Chunks of Dask stay unread.
* Coordinates and attributes are kept. ``units`` are divided, K and m give K m-1, where both are known;
  attributes that are true of the field alone, ``standard_name`` or ``valid_range``, and how it was packed into integers are
  left out.
"""

from ._accessors import DataArrayAccessor, DatasetAccessor
from ._differentiate import differentiate
from ._grid import Grid

__all__ = ["DataArrayAccessor", "DatasetAccessor", "Grid", "differentiate"]
