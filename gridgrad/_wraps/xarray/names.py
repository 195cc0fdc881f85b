"""What results are called: names like ``dT_dx``, their units, and attributes that still are true of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import groupby, starmap
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import xarray

from ..._base.checks import int_or_none
from . import unit_text
from .coordinates import Coordinate


class Label(NamedTuple):
    """The name of a result or of a field, a longer one, and the unit."""

    name: Hashable | None
    long: str | None
    unit: unit_text.Text


Labels: TypeAlias = "Label | list[Labels]"
# What is true of a field and of none of its derivatives.
_OWN = re.compile(
    "units|units_metadata|long_name|standard_name|short_name|original_name|original_units|description|field|valid_(min|max|range)|actual_range|"
    "missing_value|cell_methods|flag_(values|meanings|masks)|GRIB_.*|_FillValue|scale_factor|add_offset|least_significant_digit|precision|_Quantize.*"
)  # by WRF, ROMS, CMIP, cfgrib and rioxarray too
# Of how a field is stored what loses nothing of another one: no packing, rounding or codec, and no chunks of its file.
_STORED = ("zlib", "szip", "zstd", "bzip2", "blosc", "shuffle", "blosc_shuffle", "szip_coding", "szip_pixels_per_block", "complevel", "fletcher32",
           "compression", "compression_opts", "contiguous", "chunksizes", "original_shape", "coordinates", "grid_mapping")  # fmt: skip


def label_of(field: Any, has_quantities: bool) -> Label:
    """Of a field or a coefficient; of a number nothing is known, and quantities carry their units themselves."""
    attrs = field.attrs if isinstance(field, xarray.DataArray) else {}
    unit = None if has_quantities else unit_text.parsed(attrs.get("units"))
    return Label(getattr(field, "name", None), attrs.get("long_name"), unit)


def kept_attributes(fields: Sequence[xarray.DataArray]) -> dict[Hashable, Any]:
    """What is true of derivatives as well: the attributes that all components of a field have."""
    first, *others = (field.attrs for field in fields)
    return {
        word: value
        for word, value in first.items()
        if not _OWN.fullmatch(str(word))
        and all(word in attrs and np.array_equal(attrs[word], value) for attrs in others)
    }


def attributes(kept: Mapping[Hashable, Any], label: Label) -> dict[Hashable, Any]:
    """The attributes of a result."""
    more = {"long_name": label.long, "units": unit_text.written(label.unit)}
    return {**kept, **{word: value for word, value in more.items() if value is not None}}


def encoding(field: xarray.DataArray) -> dict[Hashable, Any]:
    """How a result is stored: compressed as the field, but with all its digits, whatever those of the field are rounded to."""
    return {word: value for word, value in field.encoding.items() if word in _STORED}


def labels(function: str, fields: Mapping[str, Any], coords: Sequence[Coordinate], orders: object, has_quantities: bool) -> Labels:  # fmt: skip
    """The labels of all results of a function, nested as its results are."""
    parts = {
        word: [label_of(c, has_quantities) for c in (value if isinstance(value, (list, tuple)) else [value])]
        for word, value in fields.items()
    }
    main = parts.get("F") or parts["f"]
    if function in _PLAIN:
        given = orders if isinstance(orders, (list, tuple, np.ndarray)) else ()
        powers = [power for power in map(int_or_none, given) if power is not None]
        found = _PLAIN[function](main, coords, powers or [1] * len(coords))
    elif function in _SUMS:
        name, terms = _SUMS[function]
        found = _summed(name, main, terms(main, coords, parts))
    else:
        return Label(None if main[0].name is None else f"{function}_{main[0].name}", None, None)
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found


def _slope(f: Label, *by: Coordinate) -> Label:
    """The derivative by these axes, one after the other."""
    top = "d" if len(by) == 1 else f"d{len(by)}"
    powers = [(name, len(list(own))) for name, own in groupby(coord.name for coord in by)]
    bottom = "".join(f"d{name}" if power == 1 else f"d{name}{power}" for name, power in powers)
    unit = unit_text.product((f.unit, 1), *((coord.unit, -1) for coord in by))
    return Label(
        None if f.name is None else f"{top}{f.name}_{bottom}",
        None if f.long is None else f"{top}({f.long})/{bottom}",
        unit,
    )


def _repeated(coords: Sequence[Coordinate], orders: Sequence[int]) -> list[Coordinate]:
    """Each coordinate as often as its order says."""
    return [coord for coord, order in zip(coords, orders, strict=False) for _ in range(order)]


def _times(v: Label, f: Label) -> Label:
    return Label(f.name, f.long, unit_text.product((v.unit, 1), (f.unit, 1)))


def _summed(name: str, main: Sequence[Label], terms: Sequence[Label]) -> Label:
    """The label of a sum: of one field its name behind that of the operator."""
    one = main[0] if len(main) == 1 else Label(None, None, None)
    called = name if len(main) > 1 else None if one.name is None else f"{name.replace(' ', '_')}_{one.name}"
    return Label(
        called,
        None if one.long is None else f"{name} of {one.long}",
        unit_text.of_sum([t.unit for t in terms], name),
    )


def _curl(F: Sequence[Label], coords: Sequence[Coordinate], orders: Sequence[int]) -> Labels:
    def part(a: int, b: int) -> unit_text.Text:
        return unit_text.of_sum([_slope(F[b], coords[a]).unit, _slope(F[a], coords[b]).unit], "curl")

    if len(coords) == 2:
        return Label("curl", None, part(0, 1))
    if len(coords) != 3:
        return Label(None, None, None)  # which is refused
    return [
        Label(f"curl_{coords[c].name}", None, part(a, b)) for a, b, c in ((1, 2, 0), (2, 0, 1), (0, 1, 2))
    ]


def _second(f: Sequence[Label], coords: Sequence[Coordinate], parts: object = None) -> list[Label]:
    return [_slope(f[0], coord, coord) for coord in coords]


def _first(F: Sequence[Label], coords: Sequence[Coordinate], parts: object = None) -> list[Label]:
    every = F if len(F) == len(coords) else [F[0]] * len(coords)
    return list(starmap(_slope, zip(every, coords, strict=True)))


def _weighed(word: str, terms: Callable[..., list[Label]]) -> Callable[..., list[Label]]:
    """Terms times a coefficient, of which there is one for each axis, or one for all."""

    def made(
        f: Sequence[Label], coords: Sequence[Coordinate], parts: Mapping[str, list[Label]]
    ) -> list[Label]:
        own = parts[word] if len(parts[word]) == len(coords) else parts[word][:1] * len(coords)
        return list(starmap(_times, zip(own, terms(f, coords), strict=True)))

    return made


_PLAIN: dict[str, Callable[[Sequence[Label], Sequence[Coordinate], Sequence[int]], Labels]] = {
    "gradient": lambda f, coords, orders: [_slope(f[0], coord) for coord in coords],
    "derivative": lambda f, coords, orders: _slope(f[0], *_repeated(coords, orders)),
    "mixed_derivative": lambda f, coords, orders: _slope(f[0], *_repeated(coords, orders)),
    "hessian": lambda f, coords, orders: [[_slope(f[0], a, b) for b in coords] for a in coords],
    "jacobian": lambda F, coords, orders: [[_slope(f, coord) for coord in coords] for f in F],
    "vector_laplacian": lambda F, coords, orders: [
        _summed("laplacian", [f], _second([f], coords)) for f in F
    ],
    "curl": _curl,
}
_SUMS: dict[str, tuple[str, Callable[..., list[Label]]]] = {
    "laplacian": ("laplacian", _second),
    "biharmonic": (
        "biharmonic",
        lambda f, coords, parts: [_slope(f[0], a, a, b, b) for a in coords for b in coords],
    ),
    "gradient_norm": ("gradient norm", _first),
    "gradient_squared": (
        "gradient squared",
        lambda f, coords, parts: [_times(d, d) for d in _first(f, coords)],
    ),
    "divergence": ("divergence", _first),
    "advect": ("advection", _weighed("v", _first)),
    "directional_derivative": ("directional derivative", _weighed("v", _first)),
    "diffuse": ("diffusion", _weighed("k", _second)),
}
