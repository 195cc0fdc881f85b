"""Gradients of labelled arrays: the accessor ``.gridgrad``, `differentiate`, and `Grid`.

The functions of `gridgrad` take DataArrays and Datasets themselves. What they do with labels:

* ``dim=`` names the axes, in the order of the results and of the components of vectors. Scalar fields are
  differentiated along all dimensions without it. Each is differentiated by its coordinate; one without a coordinate is
  an error: give a step, ``gradient(f, 1.0, dim="x")``. ``coord=`` names another coordinate; one of several dimensions,
  such as the height in each column, is given with the dimension that it is along.
* ``geometry="sphere"`` reads from attributes or names of coordinates which are latitude and longitude, and from their
  units whether they are in degrees; results are per metre. ``geometry="cf"`` uses the attributes alone, also to decide
  whether it is a sphere at all.
* Derivatives by dates (of any calendar) and durations are per second, or per ``datetime_unit=``.
* Components of vectors in another order than the axes are refused where ``standard_name``, ``axis``, ``units`` or names
  tell.
* Arrays of one call are matched by the names of their dimensions, and must have equal coordinates.
* `boundary`, `periodic` and `period` may name dimensions: ``periodic="lon", period={"lon": 360}``.
* A DataArray gives a DataArray, or a tuple of them in the order of ``dim=``, called ``dT_dx``. A Dataset gives a
  Dataset of the derivatives of all variables that have the dimensions. Dask arrays stay lazy.
* Coordinates and attributes are kept. ``units`` are divided, K and m give K m-1, where both are known. Attributes that
  describe the field alone, such as ``standard_name`` or ``valid_range``, and how it was packed into integers are left out.
"""

from typing import TYPE_CHECKING as _TYPE_CHECKING

from .._base.words.names import answered as _answered
from ._accessors import DataArrayAccessor, DatasetAccessor
from ._differentiate import differentiate
from ._grid import Grid

__all__ = ["DataArrayAccessor", "DatasetAccessor", "Grid", "differentiate"]

if not _TYPE_CHECKING:
    __getattr__ = _answered(__name__)
