"""Which way components of vectors point, and axes run, as far as their attributes and names say: a contradiction is refused."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence, Set
from typing import Any, NamedTuple

import xarray

from ..._base.errors import ArgumentValueError
from .coordinates import Coordinate
from .fields import VECTORS, Fields
from .sphere import ROLES


class Direction(NamedTuple):
    """The letter of an axis, in its sense, 1, or against it, -1, which may not be known, 0, and who says so."""

    letter: str
    sense: int
    said: str = ""


_EAST, _NORTH, _UP = Direction("x", 1), Direction("y", 1), Direction("z", 1)
_WEST, _SOUTH, _DOWN = (way._replace(sense=-1) for way in (_EAST, _NORTH, _UP))
_ROLES = {"lat": _NORTH, "lon": _EAST}
_WORDS = {"eastward": _EAST, "x": _EAST, "westward": _WEST, "northward": _NORTH, "y": _NORTH, "southward": _SOUTH,
          "upward": _UP, "downward": _DOWN}  # fmt: skip  # of standard names
_REST = r"(|a|o|as|\d+m?|bar|vel|wnd|wind|_wind|_velocity|grd|gosa?)(_rho|_psi)?"  # of names of models and reanalyses
_COMPONENTS = {
    rf"u{_REST}|vx|ssu|water_u|vozocrtx": _EAST, rf"v{_REST}|vy|ssv|water_v|vomecrty": _NORTH,
    r"w(|vel)|vz|vovecrtz": _UP._replace(sense=0),
}  # fmt: skip
_FLOWS = ("wind", "velocity", "stress", "flux")  # of which a standard name in the place of a name is one
_AXES: dict[str, Mapping[str, Direction]] = {
    "positive": {"up": _UP, "down": _DOWN},
    "standard_name": {
        **{name: _ROLES[role] for name, role in ROLES["standard_name"].items()},
        "projection_x_coordinate": _EAST, "projection_y_coordinate": _NORTH,
        "height": _UP, "altitude": _UP, "depth": _DOWN, "time": Direction("t", 0),
    },
    "units": {name: _ROLES[role] for name, role in ROLES["units"].items()},
    "axis": {"X": _EAST, "Y": _NORTH, "Z": _UP._replace(sense=0), "T": Direction("t", 0)},
}  # fmt: skip
_AT = r"(_?([cfghlqrtuv]|rho|psi|stag|ocean))*"  # centres, faces or corners of cells, as models call them
_OF = r"(nav_|geo|[nqrstuvx])?"
_COORDINATES = {
    rf"(grid_|n)?x{_AT}|xi_(rho|psi|u|v)|{_OF}lon(s|g|gitude|gitudes)?(_\d)?{_AT}|glam[tuvf]|west_east(_stag)?|ni": _EAST,
    rf"(grid_|n)?y{_AT}|eta_(rho|psi|u|v)|{_OF}lat(s|itude|itudes)?(_\d)?{_AT}|gphi[tuvf]|south_north(_stag)?|nj": _NORTH,
    r"z(_?[tilw])?|s_(rho|w)|bottom_top(_stag)?": _UP._replace(sense=0),
}  # fmt: skip
_INDICES = {rf"i{_AT}": _EAST, rf"j{_AT}": _NORTH}  # where i is the faster one: in matrices it counts rows


def check_directions(
    fields: Fields, coords: Sequence[Coordinate], geometry: object, dims: Sequence[Hashable]
) -> None:
    """Refuse components in another order than that of the axes, or against one; those that are called alike say nothing."""
    named = geometry if isinstance(geometry, (list, tuple)) else [None] * len(coords)
    for word in [word for word in VECTORS if isinstance(fields.get(word), (list, tuple))]:
        counted = _of_indices(coords, dims)
        axes = [
            _ROLES.get(own) or _of_axis(coord) or counted.get(coord.dim)
            for own, coord in zip(named, coords, strict=False)
        ]
        there = {axis.letter for axis in axes if axis}
        ways = [_of_component(c, there) for c in fields[word]]
        letters = [way.letter for way in ways if way]
        if len({*letters}) < len(letters):
            continue
        for k, (way, axis) in enumerate(zip(ways, axes, strict=False)):
            if way and axis and (way.letter != axis.letter or way.sense * axis.sense < 0):
                raise _contradiction(
                    f"{word}[{k}]", way, axis, coords[k].name, _in_order(letters, axes, coords)
                )


def _contradiction(field: str, way: Direction, axis: Direction, name: Hashable, order: str) -> ArgumentValueError:  # fmt: skip
    if way.letter == axis.letter:
        instead = f"against it; turn it, and drop that name, (-{field}).assign_attrs(standard_name='')"
    else:
        instead = f"along {axis.letter}; components are in the order of the axes{order}"
    return ArgumentValueError(
        f"{field} is along {way.letter} by its {way.said}, and stands for {name!r}, {instead}; if they are meant as they stand, give them without "
        f"such names, [c.rename(None).assign_attrs(standard_name='') for c in {field[0]}]"
    )


def _in_order(letters: Sequence[str], axes: Sequence[Direction | None], coords: Sequence[Coordinate]) -> str:
    """What names the axes in the order of the components, where that is known."""
    by = {axis.letter: coord for axis, coord in zip(axes, coords, strict=False) if axis}
    if len(letters) < len(coords) or not {*letters} <= {*by}:
        return ""
    word = "dim" if all(coord.name == coord.dim for coord in coords) else "coord"
    return f", {word}={tuple(by[letter].name for letter in letters)!r}"


def _of_component(component: Any, letters: Set[str]) -> Direction | None:
    """By its standard name, where one word of it, of horizontal ones if there are some, tells; or else by its name, if it is that of an axis.

    In a vertical plane, or along one axis, any velocity may be called u, and a second one v.
    """
    if not isinstance(component, xarray.DataArray):
        return None
    name, standard = str(component.name).lower(), str(component.attrs.get("standard_name", ""))
    told = _told(standard, letters)
    if len(told) == 1:
        return told.pop()._replace(said=f"standard_name {standard!r}")
    own = _told(name, letters) if any(flow in name for flow in _FLOWS) else set()
    way = None if told else own.pop() if len(own) == 1 else _named(_COMPONENTS, name)
    needed = {"z"} if way and way.letter == "z" else {"x", "y"}
    return way._replace(said=f"name {component.name!r}") if way and needed <= letters else None


def _told(name: str, letters: Set[str]) -> set[Direction]:
    """The ways that words of a standard name tell: those of axes, if there are some, and of these the horizontal ones."""
    told = {_WORDS[word] for word in name.split("_") if word in _WORDS}
    told = {way for way in told if way.letter in letters} or told
    return {way for way in told if way.letter != "z"} or told


def _of_axis(coord: Coordinate) -> Direction | None:
    """By its attributes, or else by its name."""
    for attribute, table in _AXES.items():
        way = table.get(str(coord.attrs.get(attribute)))
        if way is not None:
            return way
    return _named(_COORDINATES, coord.name)


def _of_indices(coords: Sequence[Coordinate], dims: Sequence[Hashable]) -> dict[Hashable, Direction]:
    """Axes that are called i and j, where fields have them as [j, i]."""
    ways = {coord.dim: way for coord in coords if (way := _named(_INDICES, coord.name))}
    return ways if [ways[dim].letter for dim in dims if dim in ways] == ["y", "x"] else {}


def _named(table: Mapping[str, Direction], name: Hashable) -> Direction | None:
    """What the pattern of a name says."""
    return next((way for pattern, way in table.items() if re.fullmatch(pattern, str(name), re.I)), None)
