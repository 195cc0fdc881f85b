"""The fields of a call: what goes together, and the numbers of all in one order of axes."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import xarray

from ..._base.checks import numbers_of_times
from ..._base.errors import ArgumentTypeError, ArgumentValueError, counted
from ..._base.types import Gaps
from ..units import is_quantity_class
from . import unit_text
from .coordinates import Coordinate, apart, called, differ, values_in_order, variables_of

Fields: TypeAlias = Mapping[str, Any]  # by their words: F and v are vectors, f and k are not
Dims: TypeAlias = tuple[Hashable, ...]
VECTORS = ("F", "v")
LISTS = (*VECTORS, "k")  # may have one for each axis


def parts(fields: Fields, word: str) -> Iterator[Any]:
    """The components of a vector, or the field itself."""
    value = fields.get(word)
    yield from value if word in LISTS and isinstance(value, (list, tuple)) else [value]


def labelled(fields: Fields) -> list[xarray.DataArray]:
    """All that have labels."""
    return [c for word in fields for c in parts(fields, word) if isinstance(c, xarray.DataArray)]


def check_numbers(field: xarray.DataArray) -> None:
    """Refuse what has no differences."""
    called = "the field" if field.name is None else f"the variable {field.name!r}"
    if field.dtype.kind in "mM":
        numbers = numbers_of_times("f", field.dtype, "with a date t0, numpy.nanmin(f.data) for example")
        raise ArgumentTypeError(
            f"{called} is of dtype {field.dtype}, whose derivatives would be cut off to whole units; give numbers, {numbers}"
        )
    if field.dtype.kind not in "iufc":
        left_out = f"leave it out, ds.drop_vars({field.name!r}), or " if field.name is not None else ""
        raise ArgumentTypeError(
            f"{called} is of dtype {field.dtype}, and cannot be differentiated; {left_out}convert it, astype(float)"
        )


def decoded(fields: Fields) -> dict[str, Any]:
    """The fields, without numbers that stand for others by their attributes: packed ones are refused, and marks of missing ones, where these are not in memory once they are."""
    return {
        word: type(value)(map(_decoded, value))
        if word in LISTS and type(value) in (list, tuple)
        else _decoded(value)
        for word, value in fields.items()
    }


def _decoded(field: Any) -> Any:
    if not isinstance(field, xarray.DataArray):
        return field
    if field.dtype.kind in "iu" and field.attrs.get("scale_factor", 1) != 1:  # floats of netCDF4 keep it
        raise ArgumentValueError(
            f"{called(field)} is packed by its attribute scale_factor={field.attrs['scale_factor']}, and not in its units; unpack all, "
            "xarray.decode_cf(ds), or where that is done del f.attrs['scale_factor']"
        )
    for word in ("_FillValue", "missing_value"):
        mark = np.asarray(field.attrs.get(word, ()))
        if mark.size and mark.dtype.kind in "iuf" and not (mark != mark).all():
            given = called(field), word, mark
            if field.chunks is not None:
                field = xarray.apply_ufunc(
                    _unmarked,
                    field,
                    kwargs={"given": given},
                    dask="parallelized",
                    output_dtypes=[field.dtype],
                    keep_attrs=True,
                )
            elif isinstance(field.data, np.ndarray):
                _unmarked(field.data, given)
    return field


def _unmarked(numbers: Any, given: tuple[str, str, Any]) -> Any:
    """The numbers of a field in memory, or of a chunk of it, none of which is a mark."""
    name, word, mark = given
    if isinstance(numbers, np.ndarray) and np.isin(numbers, mark).any():
        raise ArgumentValueError(
            f"{name} has points of the value {mark.item(0)}, which are missing by its attribute {word!r}; make them NaN, "
            f"f.where(f != f.attrs[{word!r}]), beside which there are one-sided differences with missing='one-sided'"
        )
    return numbers


def check_counts(fields: Fields, coords: Sequence[Coordinate]) -> None:
    """Refuse another number of components than of dimensions."""
    for word in LISTS:
        if word in fields and isinstance(fields[word], (list, tuple)) and len(fields[word]) != len(coords):
            named = ", ".join(repr(coord.dim) for coord in coords)
            raise ArgumentValueError(
                f"{word} has {counted(len(fields[word]), 'component')}, and the call is along {named}; give one for each"
            )


def check_components(fields: Fields) -> None:
    """Refuse components without labels beside such that have them: what an order of axes means is known of one field alone."""
    for c in parts(fields, "F"):
        if "F" in fields and not isinstance(c, xarray.DataArray):
            raise _unnamed("F", c)


def check_dims(fields: Fields, along: Dims | None) -> None:
    """Refuse components that differ in their dims, and such as are at other points of a staggered grid than a field."""
    first, *others = labelled({word: fields[word] for word in ("F", "f") if word in fields}) or [None]
    for c in [*others, *(labelled({"v": fields["v"]}) if "v" in fields else [])]:
        own, others_own = {*c.dims} - {*first.dims}, {*first.dims} - {*c.dims}
        if own and others_own and (along is None or (own | others_own) & {*along}):
            raise ArgumentValueError(
                f"{called(c)} has the dims {c.dims!r}, and {called(first)} {first.dims!r}, other points of a staggered grid; take means at the same "
                "ones, or plain arrays, for which gridgrad.Grid(x, y).faces() has the operators, divergence((u, v)) for example"
            )
    for c in others:
        if {*c.dims} != {*first.dims}:
            raise ArgumentValueError(
                f"the components of the vector field have the dims {first.dims!r} and {c.dims!r}; give them the same, "
                "xarray.broadcast(u, v)"
            )


def check_together(fields: Fields, coords: Sequence[Coordinate], dims: Dims) -> None:
    """Refuse fields that lie at different points, by the coordinates of their dims and what is differentiated by."""
    main_first = sorted(fields, key=lambda word: word not in ("F", "f"))  # it has the dims of all
    first, *others = labelled({word: fields[word] for word in main_first})
    known = {name: v for name, v in variables_of(first).items() if v.ndim}
    names = [*dims, *(coord.name for coord in coords if coord.name not in dims)]
    for other in others:
        own = variables_of(other)
        for name in names:
            if name in known and name in own and own[name].ndim and differ(own[name], known[name]):
                raise apart(name)
        for dim, n in other.sizes.items():
            if first.sizes.get(dim, n) != n:
                raise apart(dim)


def numbers(fields: Fields, dims: Dims) -> dict[str, Any]:
    """The arrays that the fields hold, their axes in the order of `dims`."""
    shape = next(parts(fields, "F" if "F" in fields else "f")).shape
    return {word: _numbers(word, value, dims, shape) for word, value in fields.items()}


def _numbers(word: str, value: Any, dims: Dims, shape: tuple[int, ...]) -> Any:
    if word in LISTS and isinstance(value, (list, tuple)):
        return [_values(word, c, dims, shape) for c in value]
    if word in VECTORS and isinstance(value, xarray.DataArray):
        raise ArgumentTypeError(
            f"{word} is one labelled array, whose components would be those along one of its dims; give them as a tuple, "
            f"tuple({word}.transpose('component', ...)) for components along that dim"
        )
    return _values(word, value, dims, shape)


def _unnamed(word: str, value: object) -> ArgumentTypeError:
    return ArgumentTypeError(
        f"{word} holds a {type(value).__name__} beside labelled arrays, which are matched by the names of their dims; "
        "give it with names as well, f.copy(data=v)"
    )


def _values(word: str, value: Any, dims: Dims, shape: tuple[int, ...]) -> Any:
    """Of one array, with axes of length 1 where it has none; numbers, and coefficients without names of the field's shape, as they are."""
    if not isinstance(value, xarray.DataArray):
        if isinstance(value, xarray.Dataset) or (np.ndim(value) and getattr(value, "shape", None) != shape):
            raise _unnamed(word, value)
        return value
    more = [name for name in value.dims if name not in dims]
    if more:
        raise ArgumentValueError(
            f"{word} has the dim {more[0]!r}, and the field has {dims!r}; broadcast the field to it, "
            "xarray.broadcast(f, v)[0]"
        )
    return values_in_order(value.variable, dims)


def gaps_of(gaps: Gaps, field: xarray.DataArray, coords: Sequence[Coordinate]) -> Gaps:
    """A labelled mask at the points of a field, in the order of its axes: batch axes, where it has some, in front."""
    inside: Any = gaps.inside
    more = [dim for dim in inside.dims if dim not in field.dims]
    if more:
        raise ArgumentValueError(
            f"the mask has the dim {more[0]!r}, and the field has {field.dims!r}; broadcast the field to it, xarray.broadcast(f, inside)[0]"
        )
    check_together({"f": field, "inside": inside}, coords, field.dims)
    own = [coord.dim for coord in coords]
    batch = [dim for dim in field.dims if dim not in own]
    order = [*(batch if {*batch} & {*inside.dims} else ()), *(dim for dim in field.dims if dim in own)]
    shape = tuple(field.sizes[dim] for dim in order)
    return gaps._replace(inside=np.broadcast_to(values_in_order(inside.variable, order), shape))


def quantity_among(arrays: Sequence[Any]) -> Callable[[Any, str], Any] | None:
    """The class of the quantities among arrays, and lists of them, if there are some."""
    held = (c for own in arrays for c in (own if isinstance(own, (list, tuple)) else [own]))
    return next((type(c) for c in held if is_quantity_class(type(c))), None)


def with_units(fields: Fields, arrays: Fields, quantity: Callable[[Any, str], Any]) -> dict[str, Any]:
    """The arrays of the fields as quantities, which others of the call are, by the texts of their units."""

    def one(name: str, field: Any, array: Any) -> Any:
        written = field.attrs.get("units") if isinstance(field, xarray.DataArray) else None
        return with_unit(array, written, quantity, None, name)

    return {
        word: [one(f"{word}[{k}]", *pair) for k, pair in enumerate(zip(fields[word], own, strict=True))]
        if isinstance(own, list)
        else one(word, fields[word], own)
        for word, own in arrays.items()
    }


def with_unit(
    array: Any, written: str | None, quantity: Callable[[Any, str], Any], name: Hashable, field: str = "f"
) -> Any:
    """A quantity, by the text of its unit, which numbers alone would lose beside others: a field, or its coordinate of a name."""
    if written is None or is_quantity_class(type(array)):
        return array
    called = field if name is None else repr(name)
    if isinstance(quantity, type) and issubclass(quantity, np.ndarray) and not isinstance(array, np.ndarray):
        raise ArgumentTypeError(
            f"there are quantities in the call, of class {quantity.__module__}.{quantity.__qualname__}, which cannot hold the "
            f"{type(array).__qualname__} of {called}; give their numbers, x.value, with units as text, attrs['units']"
        )
    plain = unit_text.written(unit_text.parsed(written)) or written  # degrees_north
    # pint does not read m s-1
    texts = [written, _powers(written), _powers(plain).replace(" ", "*")]
    try:
        return _quantity(array, texts, quantity)
    except Exception as error:
        raise ArgumentValueError(
            f"there are quantities in the call, and the unit {written!r} of {called} is none of theirs ({error}); "
            f"write it in their words, {field if name is None else f'{field}[{name!r}]'}.attrs['units'] = 'degree' for example"
        ) from None


def _powers(text: str) -> str:
    """With Python's powers: m s-1, which pint does not read."""
    return re.sub(r"(?<=[A-Za-z])-?\d+", lambda power: f"**{power[0]}", text)


def _quantity(array: Any, texts: Sequence[str], quantity: Callable[[Any, str], Any]) -> Any:
    """By the first text that is read."""
    first, *others = texts
    try:
        return quantity(array, first)
    except Exception:
        for text in dict.fromkeys(others):
            try:
                return quantity(array, text)
            except Exception:
                continue
        raise
