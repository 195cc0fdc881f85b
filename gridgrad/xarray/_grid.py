"""`Grid`: axes that are named once, and the functions of labelled fields on them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import copy
from inspect import signature
from typing import TYPE_CHECKING, Any, Never, Self, TypeAlias, Unpack, cast

import numpy as np
import xarray

from .. import grid
from .._base.cache import cached_property
from .._base.errors import ArgumentTypeError, ArgumentValueError, counted, refused
from .._base.types import Gaps
from .._base.words import answering, unexpected
from .._base.words.names import unknown
from .._functions import gradient, scalar, transport, vector
from .._functions.typed import Ends
from .._grid.spacing import check_count
from .._operators.masked.grids import WORDS_OF_MASKS
from .._operators.operator import Operator
from .._wraps.labelled import room_among
from .._wraps.xarray import unit_text
from .._wraps.xarray.call import leaves, wrapped
from .._wraps.xarray.coordinates import apart, by_axis, check_place, coordinates_of, differ, variables_of
from .._wraps.xarray.directions import check_directions
from .._wraps.xarray.errors import axes_named
from .._wraps.xarray.fields import check_together, decoded, gaps_of, quantity_among
from .._wraps.xarray.names import Label, kept_attributes
from .._wraps.xarray.sphere import WORDS, check_word, dims_on_sphere, placed

Labelled: TypeAlias = "xarray.DataArray | xarray.Dataset"
Method: TypeAlias = Callable[..., Any]
_ENDS = Ends.__annotations__.keys() & grid.Options.__annotations__.keys()


def _method(function: Callable[..., object]) -> Method:
    """The function, told about the axes by the grid that it is a method of."""
    kinds = signature(function).parameters.values()
    words = [p.name for p in kinds if p.kind is p.POSITIONAL_OR_KEYWORD]

    def method(self: Grid, *fields: object, **options: object) -> object:
        given = [*fields, *(options.pop(word) for word in words[len(fields) :] if word in options)]
        self._check_call(function.__name__, words, given, options)
        if "missing" in options and "missing" in self._options:
            # both, what is missing and the gaps of the grid
            options["missing"] = self._options["missing"]._replace(missing=options["missing"])
        return function(*given, *self._spacing, dim=self.dims, **{**self._options, **options})

    return cast(Method, _Method(named(method, function, "fields on this grid")))


class _Method:
    """A method of a grid, which tells those who take it for an operator where these are."""

    def __init__(self, function: Method, grid: Grid | None = None) -> None:
        self.__self__, self.__func__ = grid, function
        self.__name__, self.__doc__ = function.__name__, function.__doc__

    def __get__(self, grid: Grid | None, owner: type) -> Method:
        return self.__func__ if grid is None else _Method(self.__func__, grid)

    def __call__(self, *fields: object, **options: object) -> object:
        return self.__func__(self.__self__, *fields, **options)

    if not TYPE_CHECKING:  # or a checker would take it for a number
        __neg__ = __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = refused(
            "functions of labelled arrays are not added and multiplied; operators are, those of grid.plain, and grid.apply gives labels to "
            "what they make, grid.apply(2 * grid.plain.laplacian, f)"
        )
        __matmul__ = __rmatmul__ = __pow__ = __getitem__ = __mul__
        __array_ufunc__ = None  # so that numbers of NumPy come here too

    def __reduce__(self) -> tuple[object, ...]:
        return getattr, (self.__self__, self.__name__)

    def __getattr__(self, name: str) -> Never:
        word = "grid." + vars(self).get("__name__", "")
        told = "; operators are those of grid.plain, and grid.apply gives labels to what they make, grid.apply(grid.plain.laplacian.solve, b)"
        told = told if hasattr(Operator, name) and not name.startswith("_") else ""
        raise AttributeError(
            f"{word} is a function of labelled arrays, and has no attribute {name!r}{told}",
            name=name,
            obj=self,
        )


def named(method: Method, function: Callable[..., object], fields: str) -> Method:
    """A method under the name of the function that it calls."""
    method.__name__, method.__doc__ = function.__name__, f"`gridgrad.{function.__name__}` of {fields}."
    return method


class Grid:
    """A grid whose axes have names: `gridgrad.Grid` for DataArrays and Datasets.

    Its methods are the functions of that name, of fields in their order: ``grid.advect((u, v), T)``. They act along
    the axes of the grid, which are matched by name, whatever the order of a field's dims; other dims are batch
    axes. A field at other coordinates is refused; one without coordinates counts as being on the grid.

    Parameters
    ----------
    data : DataArray or Dataset
        Its coordinates make the grid; its values are not read.
    *steps : scalar or DataArray
        One for each of `dim`, where there are no coordinates.
    dim : hashable or sequence of them, optional
        The axes, in the order of the components of vectors; all by default, with ``geometry="sphere"``
        latitude and longitude.
    coord : hashable or sequence of them, optional
        Other coordinates than those of the names of `dim`.
    datetime_unit : str
        In which derivatives by time are.
    boundary, periodic, period, edge_order, geometry, radius, angle : optional
        As in `gridgrad.Grid`; with names of dims as in `gridgrad.xarray`.

    Attributes
    ----------
    dims : tuple of hashable
        The axes, in the order of components.
    plain : gridgrad.Grid
        For plain arrays with the axes of `data`: operators with adjoints, matrices and sums, and the gaps of `with_mask`.

    Raises
    ------
    ValueError, TypeError
        As `gridgrad.Grid`; a dim without coordinate or step.

    Examples
    --------
    >>> import numpy as np
    >>> import xarray as xr
    >>> from gridgrad.xarray import Grid
    >>> lat, lon = np.arange(-75.0, 90, 30), np.arange(0.0, 360, 30)
    >>> T = xr.DataArray(np.ones((6, 12)), dims=("lat", "lon"), coords={"lat": lat, "lon": lon}, attrs={"units": "K"})
    >>> grid = Grid(T, geometry="sphere")
    >>> grid.laplacian(T).units
    'K m-2'
    >>> print(grid.measure.units, float((grid.measure * T).sum() / grid.measure.sum()))
    m2 1.0
    """

    def __init__(
        self, data: Labelled, *steps: Any, dim: Hashable | Sequence[Hashable] | None = None, coord: Hashable | Sequence[Hashable] | None = None,
        datetime_unit: str = "s", **options: Unpack[Ends],
    ) -> None:  # fmt: skip
        others = set(options) - _ENDS
        if others:
            raise unexpected("Grid.__init__", others, ["dim", "coord", "datetime_unit", *sorted(_ENDS)])
        if not isinstance(data, (xarray.DataArray, xarray.Dataset)):
            raise ArgumentTypeError(
                f"a Grid of labelled arrays is made of a DataArray or a Dataset, got {type(data).__name__}; of plain coordinates it is gridgrad.Grid(x, y)"
            )
        check_word(options.get("geometry"))
        if options.get("geometry") in WORDS and dim is None and coord is None and not steps:
            dim = dims_on_sphere(data, str(options["geometry"]))
        sample = self._sample = _sample(data)
        self._coordinates, found = placed(
            coordinates_of(sample, dim, coord, steps, datetime_unit), {"edge_order": 2, **options}, sample
        )
        self._options = {**found, "datetime_unit": datetime_unit}
        self._spacing = [*(steps or [_alone(data.coords[coord.name]) for coord in self._coordinates])]
        self.dims = tuple(coord.dim for coord in self._coordinates)
        compared = {*sample.dims} & {*sample.xindexes}  # by those that the spacings have themselves
        self._named = [coord.name for coord in self._coordinates if not steps and coord.name not in compared]
        entries = [
            x.spacing if np.ndim(x.spacing) else (sample.sizes[x.dim], x.spacing) for x in self._coordinates
        ]
        axes = [self._sample.dims.index(dim) - sample.ndim for dim in self.dims]
        with axes_named(axes, self._coordinates, sample):
            for coord, axis in zip(self._coordinates, axes, strict=True):
                if np.ndim(coord.spacing) == 1:
                    check_count(coord.spacing, sample.sizes[coord.dim], axis)
            self.plain = grid.Grid(*entries, axes=axes, **by_axis(found, self._coordinates))

    if not TYPE_CHECKING:  # or a checker would take every name for one, and the grid for a function
        __call__ = refused(
            "a grid is not applied to arrays, its methods are: grid.gradient(f), grid.laplacian(f)"
        )
        __getitem__ = refused(
            "a grid is no sequence; the coordinates of its axes are grid.plain.coordinates[0], in the order of grid.dims"
        )
        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __matmul__ = __rmatmul__ = refused(
            "a grid is no operator; those of its plain grid are added and multiplied, and grid.apply gives labels to what they make, "
            "grid.apply(2 * grid.plain.laplacian, f)"
        )
        __array_ufunc__ = None  # so that numbers of NumPy come here too

        def __getattr__(self, name: str) -> Never:
            raise unknown(self, "a Grid of labelled arrays", name, {"grid.plain": vars(self).get("plain")})

    gradient = _method(gradient.gradient)
    divergence = _method(vector.divergence)
    curl = _method(vector.curl)
    laplacian = _method(scalar.laplacian)
    biharmonic = _method(scalar.biharmonic)
    vector_laplacian = _method(vector.vector_laplacian)
    hessian = _method(scalar.hessian)
    jacobian = _method(vector.jacobian)
    gradient_norm = _method(scalar.gradient_norm)
    gradient_squared = _method(scalar.gradient_squared)
    directional_derivative = _method(transport.directional_derivative)
    advect = _method(transport.advect)
    diffuse = _method(transport.diffuse)

    @answering(**WORDS_OF_MASKS)
    def with_mask(self, inside: Any, boundary: object = "one-sided", fill: float = np.nan) -> Self:
        """The grid with gaps, a coast or an obstacle: `gridgrad.Grid.with_mask`.

        Parameters
        ----------
        inside : DataArray of bools, or array of them
            Where the field is. A DataArray is matched by the names of its dims and must have the coordinates of the grid; it applies to
            all of a dim that it lacks, and may have others, along which the gaps change. An array has the axes of the grid in the order of its data.
        boundary : end
            What is known beside a gap.
        fill : float
            The result outside, NaN or 0.

        Returns
        -------
        Grid
            Whose methods read nothing outside. With ``missing="one-sided"`` NaNs of the field are gaps as well.

        Raises
        ------
        ValueError, TypeError
            A mask at other coordinates or of another shape, not of bools, or without any point.

        Examples
        --------
        >>> import xarray as xr
        >>> from gridgrad.xarray import Grid
        >>> f = xr.DataArray([0.0, 1.0, 4.0, 100.0, 16.0, 25.0, 36.0], dims="x", coords={"x": range(7)})
        >>> Grid(f).with_mask(f < 50).gradient(f).values
        array([ 0.,  2.,  4., nan,  8., 10., 12.])
        """
        dims = self._in_order()
        if not isinstance(inside, xarray.DataArray):
            if np.shape(inside) != self.plain.shape:
                raise ArgumentValueError(
                    f"inside has shape {np.shape(inside)}, and the grid {self.plain.shape}; give one bool for each of its points, or names, "
                    f"xarray.DataArray(inside, dims={(*dims,)!r})"
                )
            inside = xarray.DataArray(inside, dims=dims)
        made, gaps = copy(self), Gaps(inside, boundary, fill)
        more = {dim: n for dim, n in inside.sizes.items() if dim not in self._sample.dims}
        with axes_named(self.plain.axes, self._coordinates, self._sample):
            made.plain = self.plain.with_mask(gaps_of(gaps, self._sample.expand_dims(more), self._coordinates).inside, boundary, fill)  # fmt: skip
        made._options = {**self._options, "missing": gaps}
        return made

    @answering(operator="func function op", f="field data da array obj")
    def apply(self, operator: Callable[[Any], Any], f: Any) -> Any:
        """What an operator of `plain`, a sum of them, an adjoint or a solve makes of a DataArray, or of a sequence of components.

        Its name and unit are not known, so that results have none; coordinates and other attributes are those of the field.
        """
        fields = list(f) if isinstance(f, (list, tuple)) else [f]
        for field in fields or [f]:
            if not isinstance(field, xarray.DataArray):
                raise ArgumentTypeError(
                    f"apply takes a DataArray, or a sequence of them, got {type(field).__name__}; plain arrays go to the operator, "
                    "operator(f), and the variables of a Dataset one by one, ds.map(lambda f: grid.apply(operator, f), keep_attrs=False)"
                )
        check_together({"F": fields}, self._coordinates, fields[0].dims)
        if len(fields) == len(self._coordinates):
            check_directions({"F": f}, self._coordinates, self._options.get("geometry"), fields[0].dims)
        if not callable(operator) or isinstance(operator, _Method):
            given = f"grid.{operator.__name__}" if isinstance(operator, _Method) else repr(operator)
            raise ArgumentTypeError(
                f"apply takes an operator of plain arrays, grid.apply(grid.plain.laplacian, f), got {given}"
            )
        arrays = [self._numbers(field) for field in decoded({"F": fields})["F"]]
        if (
            quantity_among(arrays) is not None
            and self.plain.units is None
            and any(x.written for x in self._coordinates)
        ):
            units = ", ".join(f"{x.dim!r} in {x.written}" for x in self._coordinates if x.written)
            raise ArgumentTypeError(
                f"apply does not know by which units of the axes, {units}, an operator divides quantities; give numbers, "
                "f.copy(data=f.data.magnitude) of pint, or take a method of the grid, grid.laplacian(f)"
            )
        results = operator(tuple(arrays) if len(arrays) > 1 else arrays[0])  # of one axis a vector is a field
        template = fields[0].transpose(*self._order(fields[0]))
        for shape in map(np.shape, leaves(results)):
            if shape != template.shape:
                raise ArgumentValueError(
                    f"what apply was given makes an array of shape {shape} of a field of {template.shape}, whose labels do not fit it; "
                    "give the numbers where that is meant, operator(f.values)"
                )
        return wrapped(results, Label(None, None, None), template, kept_attributes(fields))

    def _check_call(
        self, name: str, words: Sequence[str], fields: Sequence[object], options: Mapping[str, object]
    ) -> None:
        """Refuse a call that says more than the fields of a function, or less."""
        if len(fields) != len(words):
            raise ArgumentTypeError(
                f"grid.{name}({', '.join(words)}) takes {counted(len(words), 'argument')}, as the axes and their steps are those of the grid, "
                f"and {len(fields)} came"
            )
        for word in ("dim", "coord", "datetime_unit"):
            if word in options:
                raise ArgumentTypeError(
                    f"grid.{name}() got {word}=, and its axes are those of the grid, dim={self.dims!r}; make another one, "
                    f"Grid(f, {word}={options[word]!r})"
                )
        if room_among(fields) is None:
            *_, found = leaves([*fields])
            told = (
                f"a variable is ds[{found!r}]"
                if isinstance(found, str)
                else "operators of plain arrays are those of grid.plain, and f.copy(data=a) gives names to an array"
            )
            raise ArgumentTypeError(
                f"grid.{name}() takes DataArrays and Datasets, got {type(found).__name__}; {told}"
            )
        for field in leaves(list(fields)):
            self._check_points(field)

    def _check_points(self, field: object) -> None:
        """Refuse other coordinates under the names of the grid's; those of dims with an index are compared where they are read."""
        own = variables_of(field) if isinstance(field, (xarray.DataArray, xarray.Dataset)) else {}
        for name in self._named:
            if name in own and own[name].ndim and differ(own[name], variables_of(self._sample)[name]):
                raise apart(name)

    def _in_order(self) -> list[Hashable]:
        """The dims in the order that they have in the data."""
        return [dim for dim in self._sample.dims if dim in self.dims]

    def _order(self, field: xarray.DataArray) -> list[Hashable]:
        """Its dims as `plain` counts them: from behind, batch axes in front."""
        return [
            *(dim for dim in field.dims if dim not in self._sample.dims),
            *(dim for dim in self._sample.dims if dim in field.dims),
        ]

    def _numbers(self, field: xarray.DataArray) -> Any:
        """Those of a field on this grid."""
        self._check_points(field)
        for entry in self._spacing:
            if isinstance(entry, xarray.DataArray):
                check_place(field, entry)
        first = min(self._sample.dims.index(dim) for dim in self.dims)
        for dim in self._sample.dims[first:]:
            if dim not in field.dims:
                raise ArgumentValueError(
                    f"the field has no dim {dim!r}, which those of the grid's data have among them; give it one, f.expand_dims({dim!r})"
                )
        return field.transpose(*self._order(field)).data

    @cached_property
    def measure(self) -> xarray.DataArray:
        """The area or volume of the cell of each point: weights of means and integrals."""
        coords = {x.name: x for x in self._spacing if isinstance(x, xarray.DataArray) and x.name is not None}
        text = unit_text.written(unit_text.product(*((coord.unit, 1) for coord in self._coordinates)))
        attrs = {} if text is None else {"units": text}
        return xarray.DataArray(self.plain.measure, coords, self._in_order(), "measure", attrs)

    def __repr__(self) -> str:
        return f"{', '.join(map(str, self.dims))}: {self.plain!r}"


def _alone(coordinate: xarray.DataArray) -> xarray.DataArray:
    """Without other coordinates than those of its dims, which stay the same objects: that of another field is told by that alone."""
    return coordinate.drop_vars(set(coordinate.coords) - set(coordinate.xindexes))


def _sample(data: Labelled) -> xarray.DataArray:
    """An array that has all dims and coordinates, of one number."""
    sizes = dict(data.sizes)
    found = xarray.DataArray(np.broadcast_to(0.0, [*sizes.values()]), data.coords, [*sizes])
    for own in data.data_vars.values() if isinstance(data, xarray.Dataset) else [data]:
        name = own.attrs.get("grid_mapping", own.encoding.get("grid_mapping"))
        if name is not None:
            found.attrs["grid_mapping"] = name
            break
    return found
