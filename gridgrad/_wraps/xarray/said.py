"""Errors of what knows axes by their numbers, said of dims: one translation for all of them."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import xarray

from .axes import Line, called, is_same

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
def axes_named(axes: Sequence[int], lines: Sequence[Line], sample: xarray.DataArray) -> Iterator[None]:
    """Name dims in errors in the place of axes: those of the lines, counted from the end of a field where a grid has them."""
    try:
        yield
    except (TypeError, ValueError) as error:
        error.args = tuple(_in_dims(arg, axes, lines, sample) if isinstance(arg, str) else arg for arg in error.args)  # fmt: skip
        raise


def _in_dims(text: str, axes: Sequence[int], lines: Sequence[Line], sample: xarray.DataArray) -> str:
    dims = dict(enumerate(sample.dims))
    if not lines:
        return text
    if min(axes) < 0:  # of a grid, which counts them among its own too
        dims = {k: line.dim for own in (enumerate(lines), zip(axes, lines, strict=True)) for k, line in own}
    meant = next((dims[int(at[1])] for at in _AXIS.finditer(text) if int(at[1]) in dims), None)
    line = next((line for line in lines if line.dim == meant), lines[0])
    text = _ALONG.sub(lambda _: _turned(lines, sample), text)
    text = _AXIS.sub(lambda at: f"the dim {dims[int(at[1])]!r}" if int(at[1]) in dims else at[0], text)
    text = text.replace(f"the dim {meant!r}", f"the dim {meant!r} of {called(sample)}", 1)
    text = re.sub(r"\baxis=(\d+)\b", lambda at: f"dim={dims[int(at[1])]!r}", text)
    for pattern, remedy in REMEDIES.items():
        text = re.sub(pattern, partial(_remedy, remedy, line), text)
    return re.sub(r"\bboundary=(\[[^]]*\])", lambda at: f"boundary={_by_dim(at[1], lines)}", text)


def _turned(lines: Sequence[Line], sample: xarray.DataArray) -> str:
    """What to type where coordinates of several dims each vary along one, which is not the one that they were named for."""
    along = [_varies(line, lines, sample) for line in lines]
    told = ", ".join(
        f"{line.name!r} varies along {' and '.join(map(repr, own)) or 'no dim'}"
        for line, own in zip(lines, along, strict=True)
    )
    dims = tuple(own[0] for own in along if len(own) == 1)
    if len({*dims}) < len(lines):
        return f"{told}; name another coordinate, coord="
    return f"{told}; give dim={dims if len(dims) > 1 else dims[0]!r}"


def _varies(line: Line, lines: Sequence[Line], sample: xarray.DataArray) -> list[Hashable]:
    """The dims along which its coordinates are not the same."""
    if np.ndim(line.spacing) < 2:
        return [line.dim]
    own = {line.dim for line in lines}
    dims = sample.dims if line.spacing.ndim == sample.ndim else [dim for dim in sample.dims if dim in own]
    return [dim for k, dim in enumerate(dims) if not is_same(line.spacing, [k])]


def _remedy(remedy: str, line: Line, at: re.Match[str]) -> str:
    """With the names, as keywords where Python takes them for such."""
    words: dict[str, object] = {"dim": line.dim, "name": line.name, **at.groupdict()}
    for word, name in (("dim", str(line.dim)), ("name", str(line.name))):
        is_keyword = name.isidentifier()
        words[f"at_{word}"], words[f"after_{word}"] = (
            (f"{name}=", "") if is_keyword else (f"{{{name!r}: ", "}")
        )
    return remedy.format(**words)


def _by_dim(ends: str, lines: Sequence[Line]) -> str:
    """Those of all axes, by their dims; as they are where these are not words alone."""
    try:
        return repr(dict(zip((line.dim for line in lines), literal_eval(ends), strict=True)))
    except (ValueError, SyntaxError):
        return ends
