"""A function of arrays called with labelled ones: unwrapped, run on the numbers, wrapped again."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import xarray

from ..._base.errors import MISSING, ArgumentTypeError, ArgumentValueError, counted
from ..._base.types import Gaps
from ..._base.words import required, topic_of
from .coordinates import Coordinate, by_axis, coordinates_of, names_of
from .directions import check_directions
from .errors import axes_named
from .fields import (
    Fields,
    check_components,
    check_counts,
    check_dims,
    check_numbers,
    check_together,
    decoded,
    gaps_of,
    labelled,
    numbers,
    parts,
    quantity_among,
    with_unit,
    with_units,
)
from .names import Label, Labels, attributes, encoding, kept_attributes, labels
from .sphere import WORDS, check_word, dims_on_sphere, placed

Function: TypeAlias = Callable[..., Any]
_REFUSED = {
    "axis": "the axes of labelled arrays are named: dim='x', or dim=('x', 'y')",
    "out": "out= takes plain arrays, and labelled ones come new; give the numbers, f.data, for that",
    "spacing": "coordinates of labelled arrays are named by coord='h', and steps come after the field: gradient(f, 0.5, dim='x')",
    "mask": "what is missing in labelled arrays is NaN: gradient(f.where(inside), dim='x', missing='one-sided')",
}  # by what a keyword is about

_OF_SEVERAL = {
    "DataTree": "of each of its Datasets it is f.map_over_datasets(lambda ds: {0}(ds, dim='x') if ds else ds)",  # of groups alone some are empty
    "GroupBy|Resample": "of each group it is f.map(lambda f: {0}(f, dim='x')), and of their means {0}(f.mean(), dim='x')",
    "Rolling|Coarsen": "of their means it is {0}(f.mean(), dim='x')",
}  # fmt: skip  # by the name of what holds several arrays

_COUNTS = {"derivative": 1, "mixed_derivative": 2}  # of dims
_WRITTEN = {"f": "f", "F": "(u, v)", "v": "(u, v)"}  # in the call that an error shows


class Call(NamedTuple):
    """A call of a public function: its fields by their words, and what it says about its axes."""

    function: Function
    fields: Fields
    main: str  # the word of the field that is differentiated
    steps: Sequence[Any]
    dim: Any
    coord: Any
    unit: object  # of times
    options: Mapping[str, Any]


def run(function: Function, args: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """The call of a public function with DataArrays or Datasets among its fields."""
    positional = [
        p for p in signature(function).parameters.values() if p.kind is Parameter.POSITIONAL_OR_KEYWORD
    ]
    words = [p.name for p in positional]
    fields = dict(zip(words, args, strict=False)) | {word: options[word] for word in words if word in options}
    required(function.__name__, **{word: fields.get(word, MISSING) for word in words})
    main = "F" if "F" in fields else "f"
    given = fields.get(main)
    name = type(given).__name__
    called = next((told for words, told in _OF_SEVERAL.items() if re.search(words, name)), None)
    if called is not None and type(given).__module__.startswith("xarray."):
        raise ArgumentTypeError(
            f"{function.__name__}() takes DataArrays and Datasets, got a {name}; {called.format(function.__name__)}"
        )
    if main == "f" and isinstance(given, (list, tuple)) and labelled({"F": given}):
        if "v" in fields:
            raise ArgumentTypeError(
                f"{function.__name__}() takes the components of the velocity as v, and the field as f; give {_shown(function, words)}"
            )
        raise ArgumentTypeError(
            f"f is a {type(given).__name__} of labelled arrays; give one, or a Dataset of them, xarray.merge([f, g])"
        )
    if not any(isinstance(c, (xarray.DataArray, xarray.Dataset)) for c in parts(fields, main)):
        for word in fields:
            for k, c in enumerate(parts(fields, word)):
                name = f"{word}[{k}]" if isinstance(fields[word], (list, tuple)) else word
                if isinstance(c, xarray.DataArray):
                    raise ArgumentTypeError(
                        f"{main} has no labels, and {name} has some, of the dims {c.dims!r}; give it the same, {name}.copy(data={main}), or numbers alone, "
                        f"{name}.values"
                    )
        return function(*args, **options)  # of a list of samples
    rest = {word: value for word, value in options.items() if word not in words}
    named = rest.pop("dim", None), rest.pop("coord", None), rest.pop("datetime_unit", "s")
    for word in [word for word in rest if topic_of(word) in _REFUSED]:
        if rest.pop(word) is not None:
            raise ArgumentTypeError(
                f"{function.__name__}() got {word}= with labelled arrays; {_REFUSED[topic_of(word)]}"
            )
    shown = _shown(function, words)
    if all(by is None for by in named[:2]) and ("F" in fields or "v" in fields):
        raise ArgumentTypeError(
            f"{function.__name__}() of labelled arrays needs dim=, one for each component in their order: {shown}"
        )
    components = fields.get("F", fields.get("v"))
    if isinstance(components, xarray.DataArray) and any(np.ndim(step) > 1 for step in args[len(words) :]):
        raise ArgumentTypeError(f"{function.__name__}() takes all components as one argument; give {shown}")
    call = Call(function, fields, main, args[len(words) :], *named, rest)
    check_word(rest.get("geometry"))
    if rest.get("geometry") in WORDS and all(by is None for by in named[:2]) and not call.steps:
        call = call._replace(dim=dims_on_sphere(fields[main], rest["geometry"]))
    return _of_dataset(call) if isinstance(fields[main], xarray.Dataset) else _of_arrays(call)


def _shown(function: Function, words: Sequence[str]) -> str:
    """A call of a function of vectors as it may be typed."""
    return f"{function.__name__}({', '.join(_WRITTEN[word] for word in words if word in _WRITTEN)}, dim=('lon', 'lat'))"


def _of_dataset(call: Call) -> xarray.Dataset:
    """Each variable that has the dimensions; the others have no such derivative, and are left out."""
    data = call.fields[call.main]
    if call.main == "F":
        raise ArgumentTypeError(
            "the variables of a Dataset have no order that makes them a vector field; name its components: (ds['u'], ds['v'])"
        )
    wanted = {*_dims_of(data, call)}
    words = ("bounds", "climatology")  # of cells, and of the times that means are of
    bounds = {{**c.encoding, **c.attrs}.get(word) for c in data.coords.values() for word in words}
    fields = {name: v for name, v in data.data_vars.items() if name not in bounds}
    chosen = [name for name, v in fields.items() if v.ndim and wanted <= {*v.dims}]
    if not chosen:
        raise ArgumentValueError(
            f"no variable of the Dataset has {'the dims ' if wanted else 'dims'}{', '.join(map(repr, _dims_of(data, call)))}; they have "
            + (", ".join(f"{name!r} {v.dims}" for name, v in data.data_vars.items()) or "none")
        )
    found: dict[Hashable, Any] = {}
    for name in chosen:
        results = _of_arrays(call._replace(fields={**call.fields, call.main: data[name]}))
        found |= {result.name: result.variable for result in leaves(results)}
    return data.drop_vars(list(data.data_vars)).assign(found)


def _dims_of(data: xarray.Dataset, call: Call) -> list[Hashable]:
    """The dimensions that were named, in which way ever; none where each variable's own are meant."""
    if call.dim is not None:
        return names_of(call.dim)
    by = (
        call.steps
        if call.coord is None
        else [data[name] for name in names_of(call.coord) if name in data.variables]
    )
    return [c.dims[0] for c in by if isinstance(c, xarray.DataArray) and c.ndim == 1]


def leaves(results: Any) -> Iterator[Any]:
    """What a result of several parts has, one after the other."""
    if isinstance(results, (tuple, list)):
        for entry in results:
            yield from leaves(entry)
    else:
        yield results


def _of_arrays(call: Call) -> Any:
    """The call on the numbers, and the labels around what it gives."""
    template = next(parts(call.fields, call.main))
    check_components(call.fields)
    check_numbers(template)
    call = call._replace(fields=decoded(call.fields))
    check_dims(call.fields, None if call.dim is None else tuple(names_of(call.dim)))
    coords, dims = coordinates_of(template, call.dim, call.coord, call.steps, call.unit), template.dims
    coords, options = placed(coords, call.options, template)
    call = call._replace(options=options)
    count = _COUNTS.get(call.function.__name__, len(coords))
    if len(coords) != count:
        names = (
            f"dim={dims[-1]!r}, or take gradient()"
            if count == 1
            else "dim=('x', 'y'), and d2/dx2 is derivative(f, order=2, dim='x')"
        )
        raise ArgumentValueError(
            f"{call.function.__name__}() is along {counted(count, 'dim')}, and {', '.join(repr(coord.dim) for coord in coords)} "
            f"{'was' if len(coords) == 1 else 'were'} meant; name {'it' if count == 1 else 'them'}, {names}"
        )
    check_counts(call.fields, coords)
    check_directions(call.fields, coords, options.get("geometry"), dims)
    check_together(call.fields, coords, dims)
    arrays = numbers(call.fields, dims)
    quantity = quantity_among([*arrays.values(), *(coord.spacing for coord in coords)])
    if quantity is not None and call.options.get("geometry") is None:
        coords = [
            coord._replace(spacing=with_unit(coord.spacing, coord.written, quantity, coord.name))
            for coord in coords
        ]
        arrays = with_units(call.fields, arrays, quantity)
    orders = call.options.get("orders", [call.options["order"]] if "order" in call.options else None)
    called = labels(call.function.__name__, call.fields, coords, orders, quantity is not None)
    results = _of_numbers(call, arrays, coords, template)
    kept = kept_attributes(labelled({call.main: call.fields[call.main]}))
    return wrapped(results, called, template, kept)


def _of_numbers(call: Call, arrays: Fields, coords: list[Coordinate], template: xarray.DataArray) -> Any:
    axes = [template.dims.index(coord.dim) for coord in coords]
    axis, spacing = axes[0] if len(axes) == 1 else axes, [coord.spacing for coord in coords]
    options = by_axis(call.options, coords)
    if isinstance(options.get("missing"), Gaps):
        options["missing"] = gaps_of(options["missing"], template, coords)
    with axes_named(axes, coords, template):
        return call.function(*arrays.values(), *spacing, axis=axis, **options)


def wrapped(results: Any, called: Labels, template: xarray.DataArray, kept: Mapping[Hashable, Any]) -> Any:
    """Arrays with the labels of the field; tuples of them where there are several."""
    if isinstance(results, (tuple, list)):
        entries = called if isinstance(called, list) else [called] * len(results)
        return tuple(wrapped(r, entry, template, kept) for r, entry in zip(results, entries, strict=True))
    assert isinstance(called, Label)
    found = template.copy(deep=False, data=results)
    found.name = called.name
    found.attrs = attributes(kept, called)
    found.encoding = encoding(template)
    return found
