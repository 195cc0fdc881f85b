"""The axes of a call by their names: which they are, and their spacing from coordinates."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import xarray

from ..._base.errors import ArgumentTypeError, ArgumentValueError, counted
from . import times, unit_text


class Coordinate(NamedTuple):
    """An axis: its dimension, the name of what is differentiated by, its spacing, its unit as it is written, and its attributes."""

    dim: Hashable
    name: Hashable
    spacing: Any
    written: str | None
    attrs: Mapping[Hashable, object] = MappingProxyType({})

    @property
    def unit(self) -> unit_text.Text:
        """The unit as powers of named ones."""
        return unit_text.parsed(self.written)


def names_of(given: Any) -> list[Hashable]:
    """One name, or a list or tuple of them."""
    names = list(given) if isinstance(given, (list, tuple)) else [given]
    for name in names:
        if not isinstance(name, Hashable) or isinstance(name, xarray.DataArray):
            raise ArgumentTypeError(
                f"dims and coordinates are named, dim='x' or coord='h', got a {type(name).__name__}; coordinates themselves come after the field, "
                "gradient(f, f['x'])"
            )
    return names


def coordinates_of(sample: xarray.DataArray, dim: Any, coord: Any, steps: Sequence[Any], unit: object) -> list[Coordinate]:  # fmt: skip
    """The axes of a call on an array like this one, in the order in which they are named."""
    unit = times.clean_unit(unit)
    if coord is not None and steps:
        raise ArgumentTypeError("the spacing came twice: as coord= and as steps; give one of them")
    dims, names = _named(sample, dim, coord, steps)
    _check(sample, dims, names)
    if not steps:
        coords = [_by_coordinate(sample, d, c, unit) for d, c in zip(dims, names, strict=True)]
        return _of_points(coords, sample.dims)
    entries = [*steps] * len(dims) if len(steps) == 1 and not np.ndim(steps[0]) else list(steps)
    if len(entries) != len(dims):
        raise ArgumentTypeError(
            f"{counted(len(entries), 'spacing')} came for the dims {', '.join(map(repr, dims))}; give one for each, or dim="
        )
    coords = [_by_step(sample, d, entry, unit) for d, entry in zip(dims, entries, strict=True)]
    return _of_points(coords, sample.dims)


def _of_points(coords: list[Coordinate], dims: Sequence[Hashable]) -> list[Coordinate]:
    """Positions of a curvilinear grid, several arrays of many dimensions, with its axes alone; those of a mesh as vectors."""
    many = [coord for coord in coords if np.ndim(coord.spacing) > 1]
    own = {coord.dim for coord in coords}
    others = [k for k, dim in enumerate(dims) if dim not in own]
    if len(many) < 2 or not all(is_same(coord.spacing, others) for coord in many):
        return coords
    across = {coord.dim: [k for k, dim in enumerate(dims) if dim != coord.dim] for coord in many}
    if not all(is_same(coord.spacing, across[coord.dim]) for coord in many):
        across = dict.fromkeys(across, others)
    return [
        coord._replace(spacing=coord.spacing[_first(len(dims), across[coord.dim], 0)]) if coord.dim in across else coord
        for coord in coords
    ]  # fmt: skip


def _first(ndim: int, axes: Sequence[int], at: Any) -> tuple[Any, ...]:
    return tuple([at if axis in axes else slice(None) for axis in range(ndim)])


def is_same(spacing: Any, axes: Sequence[int]) -> bool:
    """Whether coordinates are the same along these axes."""
    if all(spacing.shape[axis] == 1 for axis in axes):
        return True
    return bool((spacing == spacing[_first(spacing.ndim, axes, slice(0, 1))]).all())


def _named(
    sample: xarray.DataArray, dim: Any, coord: Any, steps: Sequence[Any]
) -> tuple[list[Hashable], list[Hashable]]:
    """Dimensions and coordinates: of those that were not named the ones that go with the others."""
    if dim is not None:
        dims = names_of(dim)
        return dims, dims if coord is None else names_of(coord)
    if coord is not None:
        return [_own_dim(sample, name) for name in names_of(coord)], names_of(coord)
    if steps and all(isinstance(step, xarray.DataArray) and step.ndim == 1 for step in steps):
        dims = [step.dims[0] for step in steps]
    else:
        dims = list(sample.dims)
    return dims, dims


def _check(sample: xarray.DataArray, dims: list[Hashable], names: list[Hashable]) -> None:
    if len(names) != len(dims):
        raise ArgumentValueError(
            f"{counted(len(dims), 'dim')} and {counted(len(names), 'coord')} were named; give one coord= for each dim="
        )
    for k, dim in enumerate(dims):
        if dim in dims[:k]:
            raise ArgumentValueError(
                f"the dim {dim!r} is named twice; name each once, dim={(*dict.fromkeys(dims),)!r}"
            )
        if dim not in sample.dims:
            raise ArgumentValueError(
                f"{dim!r} is no dim of {called(sample)}, whose dims are {', '.join(map(repr, sample.dims)) or 'none'}"
            )
        if sample.sizes[dim] == 0:
            raise ArgumentValueError(
                f"{called(sample)} has 0 points along {dim!r}; a slice against the direction of the axis gives none: turn it, "
                f"f.sel({dim}=slice(60, 20)) of latitudes that fall, or sort the axis before, f.sortby({dim!r})"
            )


def called(sample: xarray.DataArray) -> str:
    """A field by its name."""
    return "the field" if sample.name is None else repr(sample.name)


def variables_of(field: xarray.DataArray | xarray.Dataset) -> Mapping[Hashable, xarray.Variable]:
    """Its coordinates without the labels around each, which take their time to make."""
    found: Mapping[Hashable, xarray.Variable] = field.coords.variables
    return found


def _coordinate(sample: xarray.DataArray, name: Hashable) -> xarray.Variable:
    found = variables_of(sample).get(name)
    if found is None:
        raise ArgumentValueError(
            f"{called(sample)} has no coordinate {name!r}; it has {', '.join(map(repr, sample.coords)) or 'none'}"
        )
    return found


def _own_dim(sample: xarray.DataArray, name: Hashable) -> Hashable:
    """The dimension of a one-dimensional coordinate."""
    dims: tuple[Hashable, ...] = _coordinate(sample, name).dims
    if len(dims) != 1:
        raise ArgumentValueError(
            f"the coordinate {name!r} has the dims {dims!r}; name the one to differentiate along, dim="
        )
    return dims[0]


def _by_coordinate(sample: xarray.DataArray, dim: Hashable, name: Hashable, unit: str) -> Coordinate:
    if name == dim and dim not in variables_of(sample):
        raise ArgumentValueError(
            f"the dim {dim!r} of {called(sample)} has no coordinate {name!r}, so the distance of its points is not known; give "
            f"a step, gradient(f, 1.0, dim={dim!r}), or coord= for another of its coordinates"
        )
    return _read(sample, _coordinate(sample, name), dim, name, unit)


def _by_step(sample: xarray.DataArray, dim: Hashable, entry: Any, unit: str) -> Coordinate:
    if isinstance(entry, str):
        named = (
            f"a dimension is named by dim={entry!r}"
            if entry in sample.dims
            else f"a variable is ds[{entry!r}]"
        )
        raise ArgumentTypeError(f"a spacing is a number or coordinates, got {entry!r}; {named}")
    if isinstance(entry, xarray.DataArray) and entry.ndim:
        check_place(sample, entry)
        known = variables_of(sample).get(entry.name)
        coord = _read(sample, entry.variable, dim, entry.name or dim, unit)
        if known is None or coord.written != known.attrs.get("units") or not differ(entry.variable, known):
            return coord
        # made of that coordinate, in whatever unit: xarray keeps attributes
        return coord._replace(written=None)
    return Coordinate(dim, dim, entry, None)


def check_place(sample: xarray.DataArray, entry: xarray.DataArray) -> None:
    """Refuse coordinates that are those of other points."""
    own, known = variables_of(entry), variables_of(sample)
    for name in entry.dims:
        if name in own and name in known and differ(own[name], known[name]):
            raise apart(name)


def differ(a: xarray.Variable, b: xarray.Variable) -> bool:
    """Whether coordinates do: those of one Dataset are the same, and need no look at their values, which takes its time."""
    return a is not b and not (a.equals(b) if a.dims == b.dims else a.broadcast_equals(b))


def apart(name: Hashable) -> ArgumentValueError:
    """What lies at different points is refused."""
    return ArgumentValueError(
        f"the fields lie at different coordinates {name!r}, and are not aligned silently: give them on one grid, by "
        f"xarray.align(u, v, join='inner') or v.interp_like(u); or take v.drop_vars({name!r}) where they are the same points"
    )


def _read(sample: xarray.DataArray, coordinate: xarray.Variable, dim: Hashable, name: Hashable, unit: str) -> Coordinate:  # fmt: skip
    """An axis from its coordinate, along one dimension or different on each line."""
    if dim not in coordinate.dims or not set(coordinate.dims) <= set(sample.dims):
        raise ArgumentValueError(
            f"the coordinate {name!r} has the dims {coordinate.dims!r}, and is no coordinate along {dim!r} of {called(sample)}, whose "
            f"dims are {sample.dims!r}; name another one, coord="
        )
    values = coordinate.data if coordinate.ndim == 1 else values_in_order(coordinate, sample.dims)
    if times.is_of_times(values):
        return Coordinate(dim, name, times.numbers_of(values, unit), times.text_of(unit))
    if values.dtype.kind not in "iuf":
        raise ArgumentTypeError(
            f"the coordinate {name!r} is of dtype {values.dtype}, and not of numbers; {_instead(sample, name)}name the dims that have numbers, dim=, or "
            f"another coordinate, coord="
        )
    return Coordinate(dim, name, values, coordinate.attrs.get("units"), coordinate.attrs)


def _instead(sample: xarray.DataArray, name: Hashable) -> str:
    """What is typed for the numbers that an index of pandas is made of."""
    index = sample.indexes.get(name)
    if hasattr(index, "levels"):  # several dims as one
        return f"take its dims apart, f.unstack({name!r}), or "
    if hasattr(index, "to_timestamp"):
        return f"take dates, f.assign_coords({name}=f.indexes[{name!r}].to_timestamp()), or "
    return ""


def values_in_order(variable: xarray.Variable, dims: Sequence[Hashable]) -> Any:
    """Its numbers with the axes of `dims`, of length 1 where it has none."""
    turned = variable.transpose(*(name for name in dims if name in variable.dims))
    if turned.ndim == len(dims):
        return turned.data
    return turned.data[tuple(slice(None) if name in variable.dims else None for name in dims)]


def _check_round(given: Mapping[Any, Any], geometry: Sequence[Any], dims: Sequence[Hashable]) -> None:
    """Refuse ends without those of what may go all round, which no longer is seen where a word says how axes end."""
    for dim, own in zip(dims, geometry, strict=False):
        if own in ("lon", "theta") and dim not in given:
            words = ", ".join(f"{name!r}: {word!r}" for name, word in given.items())
            raise ArgumentValueError(
                f"boundary= does not name {dim!r}, which may go all round; give boundary={{{words}, {dim!r}: 'periodic'}}, or 'one-sided' there"
            )


_ELSE = {"boundary": "one-sided", "periodic": False, "period": None, "breaks": None}


def by_axis(options: Mapping[str, Any], coords: list[Coordinate]) -> dict[str, Any]:
    """Options with those that were given by dimension, ``boundary={"lon": "periodic"}`` or ``periodic="lon"``, in the order of the axes."""
    dims = [coord.dim for coord in coords]
    found = dict(options)
    for word, rest in _ELSE.items():
        given = options.get(word)
        if word == "periodic" and (
            isinstance(given, str)
            or (isinstance(given, (list, tuple)) and given and all(isinstance(name, str) for name in given))
        ):
            given = dict.fromkeys(names_of(given), True)
        if not isinstance(given, Mapping):
            continue
        unknown = [name for name in given if name not in dims]
        if unknown:
            raise ArgumentValueError(
                f"{word}= names {unknown[0]!r}, and the call is along {', '.join(map(repr, dims))}"
            )
        if word == "boundary" and isinstance(options.get("geometry"), (list, tuple)):
            _check_round(given, options["geometry"], dims)
        entries = [given.get(dim, rest) for dim in dims]
        found[word] = entries[0] if len(dims) == 1 else entries
    return found
