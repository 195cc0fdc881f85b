"""Errors of what knows axes by their numbers, said of dims: one translation for all of them."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import xarray

from .coordinates import Coordinate, called, is_same

# What is typed for arrays, and for labelled ones.
REMEDIES = {
    r"x, k = numpy\.unique\(x, return_index=True\) and numpy\.take\(f, k, axis\)": "f.isel({at_dim}numpy.unique(f[{name!r}], return_index=True)[1]{after_dim})",
    r"numpy\.unwrap\(x, period=(?P<turn>[^)]*)\)": "f.assign_coords({at_name}({dim!r}, numpy.unwrap(f[{name!r}], period={turn})){after_name})",
    r"leave out the last of x and f, x\[:-1\]": "leave out the last, f.isel({at_dim}slice(None, -1){after_dim})",
    r"give the coordinates in the order of the axes along which they go on, or .*f\[y, x\]": "name dims in the order of the coordinates that go on along them, dim=('i', 'j') for coord=('lon', 'lat')",
    r"give numbers, f\.magnitude of pint, f\.value of astropy or unyt": "give numbers, f.copy(data=f.data.magnitude) of pint, with their unit as text, attrs['units']",
    r"leave the axis out, with axis= or in a grid with axes=": "leave the dim out, with dim=",
}
_ALONG = re.compile(r"it varies along its axis \d+ only: as the coordinates of that axis give x\[[^]]*\]")
_AXIS = re.compile(r"(?<!its )\baxis (-?\d+)( of the grid)?\b")


@contextmanager
def axes_named(axes: Sequence[int], coords: Sequence[Coordinate], sample: xarray.DataArray) -> Iterator[None]:
    """Name dims in errors in the place of axes: those of the coordinates, counted from the end of a field where a grid has them."""
    try:
        yield
    except (TypeError, ValueError) as error:
        error.args = tuple(_in_dims(arg, axes, coords, sample) if isinstance(arg, str) else arg for arg in error.args)  # fmt: skip
        raise


def _in_dims(text: str, axes: Sequence[int], coords: Sequence[Coordinate], sample: xarray.DataArray) -> str:
    dims = dict(enumerate(sample.dims))
    if not coords:
        return text
    if min(axes) < 0:  # of a grid, which counts them among its own too
        dims = {
            k: coord.dim for own in (enumerate(coords), zip(axes, coords, strict=True)) for k, coord in own
        }
    meant = next((dims[int(at[1])] for at in _AXIS.finditer(text) if int(at[1]) in dims), None)
    coord = next((coord for coord in coords if coord.dim == meant), coords[0])
    text = _ALONG.sub(lambda _: _turned(coords, sample), text)
    text = _AXIS.sub(lambda at: f"the dim {dims[int(at[1])]!r}" if int(at[1]) in dims else at[0], text)
    text = text.replace(f"the dim {meant!r}", f"the dim {meant!r} of {called(sample)}", 1)
    text = re.sub(r"\baxis=(\d+)\b", lambda at: f"dim={dims[int(at[1])]!r}", text)
    for pattern, remedy in REMEDIES.items():
        text = re.sub(pattern, partial(_remedy, remedy, coord), text)
    return re.sub(r"\bboundary=(\[[^]]*\])", lambda at: f"boundary={_by_dim(at[1], coords)}", text)


def _turned(coords: Sequence[Coordinate], sample: xarray.DataArray) -> str:
    """What to type where coordinates of several dims each vary along one, which is not the one that they were named for."""
    along = [_varies(coord, coords, sample) for coord in coords]
    told = ", ".join(
        f"{coord.name!r} varies along {' and '.join(map(repr, own)) or 'no dim'}"
        for coord, own in zip(coords, along, strict=True)
    )
    dims = tuple(own[0] for own in along if len(own) == 1)
    if len({*dims}) < len(coords):
        return f"{told}; name another coordinate, coord="
    return f"{told}; give dim={dims if len(dims) > 1 else dims[0]!r}"


def _varies(coord: Coordinate, coords: Sequence[Coordinate], sample: xarray.DataArray) -> list[Hashable]:
    """The dims along which its coordinates are not the same."""
    if np.ndim(coord.spacing) < 2:
        return [coord.dim]
    own = {coord.dim for coord in coords}
    dims = sample.dims if coord.spacing.ndim == sample.ndim else [dim for dim in sample.dims if dim in own]
    return [dim for k, dim in enumerate(dims) if not is_same(coord.spacing, [k])]


def _remedy(remedy: str, coord: Coordinate, at: re.Match[str]) -> str:
    """With the names, as keywords where Python takes them for such."""
    words: dict[str, object] = {"dim": coord.dim, "name": coord.name, **at.groupdict()}
    for word, name in (("dim", str(coord.dim)), ("name", str(coord.name))):
        is_keyword = name.isidentifier()
        words[f"at_{word}"], words[f"after_{word}"] = (
            (f"{name}=", "") if is_keyword else (f"{{{name!r}: ", "}")
        )
    return remedy.format(**words)


def _by_dim(ends: str, coords: Sequence[Coordinate]) -> str:
    """Those of all axes, by their dims; as they are where these are not words alone."""
    try:
        return repr(dict(zip((coord.dim for coord in coords), literal_eval(ends), strict=True)))
    except (ValueError, SyntaxError):
        return ends
