"""`geometry=` of labelled arrays: which coordinates are latitude and longitude, in which unit, and what lengths are in."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray

from ..._base.checks import geometry_called, is_real
from ..._base.errors import ArgumentValueError
from .coordinates import Coordinate, variables_of

WORDS = ("sphere", "cf")  # by which axes are looked for; others name each
ROLES = {  # by attributes of the CF conventions
    "standard_name": {"latitude": "lat", "grid_latitude": "lat", "longitude": "lon", "grid_longitude": "lon"},
    "units": {
        f"{degree}{link}{to}": role for degree in ("degree", "degrees") for role, ends in (("lat", ("north", "N")), ("lon", ("east", "E")))
        for to in ends for link in ("_", "")
    },
}  # fmt: skip
_BY_WORD = {"axis": {"Y": "lat", "X": "lon"}}  # where the caller says that it is a sphere
_AXES = {
    ("polar", 2): ("r", "theta"),
    ("cylindrical", 2): ("r", "z"),
    ("cylindrical", 3): ("r", "theta", "z"),
}
_OF_POLAR = {
    **dict.fromkeys(("r", "radius", "range", "rho"), "r"),
    **dict.fromkeys(("theta", "phi", "angle", "azimuth"), "theta"),
}
_KILOMETRES = (6300, 6400)  # which hold every radius of the Earth
NAMES = {"lat": "lat", "latitude": "lat", "lon": "lon", "longitude": "lon"}
_ANGLES = {**dict.fromkeys(("degree", "degrees", "deg", "°", *ROLES["units"]), "degrees"),
           **dict.fromkeys(("radian", "radians", "rad"), "radians")}  # fmt: skip


def _role(name: Hashable, attrs: Mapping[Hashable, object], word: object) -> str | None:
    """Whether it is "lat" or "lon": by its attributes, and, unless these alone are to be asked, by its name."""
    tables = ROLES if word == "cf" else {**ROLES, **_BY_WORD}
    said = {attribute: table.get(str(attrs.get(attribute))) for attribute, table in tables.items()}
    found = set(said.values()) - {None}
    if len(found) > 1:
        told = " and ".join(f"{key}={attrs[key]!r}" for key, role in said.items() if role)
        raise ArgumentValueError(
            f"the coordinate {name!r} has {told}, which contradict each other; set what is right, f[{name!r}].attrs[...] = ..."
        )
    if found:
        return found.pop()
    return None if word == "cf" else NAMES.get(str(name).lower())


def check_word(geometry: object) -> None:
    """Refuse one that there is not, before dims are looked for."""
    known = dict.fromkeys([*WORDS, *(word for word, _ in _AXES)])
    if isinstance(geometry, str) and geometry not in known:
        raise ArgumentValueError(
            f"unknown geometry {geometry!r}; {geometry_called(geometry)}allowed are {', '.join(map(repr, known))}, or what each dim is, geometry=('lat', 'lon')"
        )


def dims_on_sphere(data: xarray.DataArray | xarray.Dataset, word: str) -> list[Hashable] | None:
    """The dimensions that are latitude and longitude, in the order that they have."""
    known = variables_of(data)
    roles = {dim: _role(dim, known[dim].attrs, word) for dim in data.dims if dim in known}
    dims = [dim for dim, role in roles.items() if role]
    if sorted(roles[dim] or "" for dim in dims) == ["lat", "lon"]:
        return dims
    if word == "cf" and not dims:
        return None
    raise ArgumentValueError(
        f"geometry={word!r} needs one latitude and one longitude, and of the dims {', '.join(map(repr, data.dims))} "
        f"{' and '.join(map(repr, dims)) or 'none'} {'is' if len(dims) == 1 else 'are'} known as such; {_of_positions(data, word)}name two "
        f"and what they are: dim=('y', 'x'), geometry=('lat', 'lon'){_section(dims[0]) if [roles[dim] for dim in dims] == ['lat'] else ''}"
    )


def _of_positions(data: xarray.DataArray | xarray.Dataset, word: str) -> str:
    """What to type for a curvilinear grid, whose longitudes and latitudes have two dims."""
    flat = {
        role: name
        for name, own in variables_of(data).items()
        if own.ndim > 1 and (role := _role(name, own.attrs, word))
    }
    if len(flat) < 2:
        return ""
    dims = variables_of(data)[flat["lat"]].dims[:-3:-1]  # of files the last one goes east
    named = flat["lon"], flat["lat"]
    return f"by {named[0]!r} and {named[1]!r}, which have two dims, derivatives are per degree, gradient(f, coord={named!r}, dim={dims!r}); where dims are angles, "


def _section(dim: Hashable) -> str:
    """What to type for fields without longitudes, zonal means for example."""
    return f"; along latitudes alone give metres, gradient(f, 6371229 * numpy.deg2rad(f[{dim!r}].values), dim={dim!r})"


def placed(
    coords: list[Coordinate], options: Mapping[str, Any], sample: xarray.DataArray
) -> tuple[list[Coordinate], Mapping[str, Any]]:
    """Axes whose units are those of lengths along them, and the options with a name for each axis."""
    geometry = options.get("geometry")
    if geometry is None:
        return coords, options
    found = dict(options)
    if geometry in WORDS:
        geometry = _names(coords, geometry)
        if geometry is not None and options["geometry"] == "cf" and found.get("radius") is None:
            found["radius"] = _radius_of(sample)
    elif isinstance(geometry, str):
        geometry = _of_word(coords, geometry)
    elif isinstance(geometry, (list, tuple)):
        _check(coords, geometry)
    _check_radius(found.get("radius"))
    found["geometry"] = geometry
    if not isinstance(geometry, (list, tuple)) or len(geometry) != len(coords):
        return coords, found  # to be refused, or none
    for coord, own in zip(coords, geometry, strict=False):
        if own in ("lat", "r") and not np.ndim(coord.spacing):
            raise ArgumentValueError(
                f"{coord.dim!r} is {own}, where lengths depend on the place, and a step came for it; give it coordinates, "
                f"f.assign_coords({coord.dim}=...)"
            )
    found["angle"] = _angle(coords, geometry, options.get("angle"))
    written = "m" if "lat" in geometry else next((x.written for x, own in zip(coords, geometry, strict=True) if own == "r"), None)  # fmt: skip
    coords = [
        x if own in ("z", "r") else x._replace(written=written)
        for x, own in zip(coords, geometry, strict=True)
    ]
    return coords, found


def _of_word(coords: Sequence[Coordinate], word: str) -> tuple[str, ...]:
    """What each axis is of "polar" or "cylindrical" ones, which come in their order."""
    dims = [coord.dim for coord in coords]
    found = _AXES.get((word, len(coords)))
    if found is None:
        raise ArgumentValueError(
            f"geometry={word!r} has the axes {' and '.join(_AXES[word, 2])}, and here are {', '.join(map(repr, dims))}; name what is these, "
            f"dim=('range', 'azimuth') for example"
        )
    roles = [_role_in_plane(coord) for coord in coords]
    if any(role not in (None, own) for role, own in zip(roles, found, strict=True)):
        others = iter([own for own in found if own not in roles])
        named = tuple(role or next(others) for role in roles)
        in_order = sorted(named) == sorted(found) and tuple(dims[named.index(own)] for own in found)
        raise ArgumentValueError(
            f"geometry={word!r} has the axes {' and '.join(found)} in this order, and here are {', '.join(map(repr, dims))}; "
            f"say what each is, geometry={named!r}{f', or give dim={in_order!r}' if in_order else ''}"
        )
    return found


def _role_in_plane(coord: Coordinate) -> str | None:
    """Whether it is a radius or an angle, by its unit or its name."""
    if str(coord.written) in _ANGLES:
        return "theta"
    role = _OF_POLAR.get(str(coord.name).lower())
    return None if role == "theta" and coord.written is not None else role


def _check_radius(radius: object) -> None:
    """Refuse kilometres, as results say that they are per metre."""
    if is_real(radius) and _KILOMETRES[0] < float(radius) < _KILOMETRES[1]:
        raise ArgumentValueError(
            f"radius={radius!r} is that of the Earth in kilometres, and the units of results are per metre; give metres, radius={float(radius) * 1000!r}"
        )


def _names(coords: Sequence[Coordinate], word: str) -> tuple[str, ...] | None:
    """What each axis is; None of attributes that say that all are lengths."""
    roles = [_role(coord.name, coord.attrs, word) for coord in coords]
    if sorted(filter(None, roles)) == ["lat", "lon"]:
        return tuple(role or "z" for role in roles)
    if word == "cf" and not any(roles):
        for coord in coords:
            if coord.written is None or str(coord.written) in _ANGLES:
                raise ArgumentValueError(
                    f"geometry='cf' asks the attributes of coordinates, and those of {coord.name!r} do not say whether it is a length: "
                    f"set f[{coord.name!r}].attrs['units'], 'degrees_north', 'degrees_east' or 'm' for example"
                )
        return None
    if len(coords) == 1 and roles[0]:
        dim = coords[0].dim
        raise ArgumentValueError(
            f"geometry={word!r} needs one latitude and one longitude, as lengths depend on both, and {dim!r} alone was named; give both and "
            f"take one result, gradient(f, dim=('lat', 'lon'), geometry={word!r})[{('lat', 'lon').index(roles[0])}]"
            f"{_section(dim) if roles[0] == 'lat' else ''}"
        )
    told = ", ".join(
        f"{coord.name!r} is {role or 'neither'}" for coord, role in zip(coords, roles, strict=True)
    )
    raise ArgumentValueError(
        f"geometry={word!r} needs one latitude and one longitude, as lengths depend on both, and here {told}; name two dims and what they "
        "are: dim=('y', 'x'), geometry=('lat', 'lon')"
    )


def _check(coords: Sequence[Coordinate], geometry: Sequence[Any]) -> None:
    """Refuse names that attributes contradict."""
    for coord, own in zip(coords, geometry, strict=False):
        role = _role(coord.name, coord.attrs, "cf")
        if role is not None and role != own:
            raise ArgumentValueError(
                f"geometry names {own!r} for {coord.name!r}, whose attributes say {role!r}; names are in the order of dim=, or geometry='sphere'"
            )


def _angle(coords: Sequence[Coordinate], geometry: Sequence[Any], given: object) -> object:
    """What angles are in: as their units say, or else as the caller does."""
    said = {}
    for coord, own in zip(coords, geometry, strict=False):
        if own in ("lat", "lon", "theta") and coord.written is not None:
            said[coord.name] = _ANGLES.get(str(coord.written))
            if said[coord.name] is None:
                raise ArgumentValueError(
                    f"{coord.name!r} is an angle, and has the unit {coord.written!r}; set what is right, "
                    f"f[{coord.name!r}].attrs['units'] = 'degrees_north', 'degrees_east' or 'radians', or leave geometry= away where it is a length"
                )
    for name, unit in said.items():
        if unit != (given or unit) or len(set(said.values())) > 1:
            told = f"angle={given!r} was given" if given else f"not all of {', '.join(map(repr, said))} are"
            raise ArgumentValueError(f"{name!r} is in {unit} by its units, and {told}; give both in one unit")
    angle = next(iter(said.values()), given)
    for coord in [
        coord for coord, own in zip(coords, geometry, strict=True) if own == "theta" and angle is None
    ]:
        if np.ndim(coord.spacing) == 1 and abs(coord.spacing[-1] - coord.spacing[0]) > 4 * np.pi:
            raise ArgumentValueError(
                f"{coord.name!r} has no unit and counts as radians, and it is longer than two turns; give angle='degrees', or angle='radians' if that is right"
            )
    return angle


def _radius_of(sample: xarray.DataArray) -> float | None:
    """That of the grid mapping among the coordinates, where the field has one."""
    name = sample.attrs.get("grid_mapping", sample.encoding.get("grid_mapping"))
    mapping = variables_of(sample).get(name)
    radius = None if mapping is None else mapping.attrs.get("earth_radius")
    return None if radius is None else float(radius)
