"""What the free functions share: the grid of a call, and the words on their parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from inspect import cleandoc, signature
from math import prod
from sys import modules
from typing import Any, TypeVar, cast

import numpy as np

from .._backends import dispatch
from .._backends.once import made_once, run
from .._base.checks import clean_axis, int_or_none, of_grid
from .._base.errors import MISSING, ArgumentTypeError, ArgumentValueError, counted, typed
from .._base.tracing import COMPILER, holds_numpy, is_compiling
from .._base.types import Array, Spacing, Spacings
from .._base.words import offered, required, unexpected
from .._grid.asked import Asked, check_places, clean_axes, clean_words, points_of
from .._grid.geometry.geometry import clean_geometry
from .._grid.places import are_positions, on_host
from .._grid.spacing import check_coordinates, numbers_of
from .._grid.walls.components import holds_arrays
from .._operators.fields.forms import components, flat_out, in_sequence, shaped
from .._operators.fields.sides import are_constants
from .._operators.fields.weights import widened
from .._operators.operator import AnyOperator
from .._operators.patterns.calls import (
    Arrays,
    How,
    Key,
    functions,
    is_traced,
    kept_key,
    plain_of,
    start_of,
)
from .._operators.patterns.kinds import Shown
from .._operators.sweep import Sweep
from .._plan.descriptor import MAX_ARRAYS
from .._wraps.labelled import room_among
from .._wraps.units import unwrap, wrap
from ..grid import Grid
from .gaps import on_lines_with_gaps, refuse_gaps, with_gaps
from .typed import Ends

_OF_ONE = "; of a single field there are gradient(f) and laplacian(f)"
# What docstrings of functions have in common, in the places of these words in braces.
_PARAGRAPHS = {
    "f": """f : array, real or complex
    Samples. Units: [f].""",
    "accuracy": """accuracy : None, 2, 4 or 6
    As in `derivative`.""",
    "shared": """*spacing : scalar or array
    As in `gradient`: nothing (1 for every axis), one step for all axes, or one entry for each axis, a
    step or its coordinates; coordinates that differ from line to line, and positions of a curvilinear
    grid, too. Units: [x]; with quantities the results are quantities, and what is added must have one
    unit. Coordinates on a device are read at each call, by a `Grid` once.
axis : int or sequence of int, optional
    The axes of the grid; all by default. The others are batch axes. Those of DataArrays are named,
    ``dim=("x", "y")``: see `gridgrad.xarray`.
boundary, periodic, period, edge_order :
    As in `Grid`: the boundary conditions of each axis (or just whether it repeats), the length of
    periodic axes, the order of one-sided ends (2 by default).
geometry, radius, angle :
    As in `Grid`: per metre on a sphere with ``laplacian(f, lat, lon, geometry="sphere")``.
missing, breaks :
    As in `gradient`: one-sided differences beside missing points, and cuts of an axis.
out : array, or sequence of arrays, optional
    Where the result goes; any strides. May overlap `f`.
workers : int, optional
    Threads on a CPU.""",
    "raises": """Raises
------
ValueError, TypeError
    As `Grid`""",
}
_ALSO = """See Also
--------
Grid.{name} : the same as an operator of a grid, prepared once; `Operator` has what it can do.
gradient : what all functions have in common: spacing, dtypes, NaN, memory.
"""
_NOTES = """Notes
-----
Where a field or a coefficient is masked, so is every result whose stencil reads that point. Integers beside
other dtypes count as float64, and are differenced exactly.
"""


Function = TypeVar("Function", bound=Callable[..., object])
_ndarray = np.ndarray
_KINDS = {name: shown.kind for name, shown in vars(Grid).items() if isinstance(shown, Shown)}


def takes_labels(function: Function) -> Function:
    """The function, which is given labelled arrays too: its own code sees their numbers, axes and spacings."""
    parameters = signature(function).parameters.values()
    last = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters) - 1  # of its fields

    @wraps(function)
    def entry(*args: object, **options: object) -> object:
        if COMPILER in modules and is_compiling():
            outside = holds_numpy(*args[: last + 1])
            return run("numpy", function, *args, **options) if outside else function(*args, **options)
        if len(args) > last and type(args[0]) is _ndarray and type(args[last]) is _ndarray:
            return function(*args, **options)
        room = room_among((*args[:2], *options.values()))
        found: object = function(*args, **options) if room is None else room.run(function, args, options)
        return found

    return cast(Function, entry)


def documented(function: Function) -> Function:
    """Put the paragraphs that all share in their places, note the keywords, and take labelled arrays too."""
    if function.__doc__:  # not under -OO
        whole = cleandoc(function.__doc__)
        for word, paragraph in _PARAGRAPHS.items():
            whole = whole.replace(f"{{{word}}}", paragraph)
        also = _ALSO.format(name=function.__name__)
        text, examples, rest = _in_order(whole, [*signature(function).parameters]).partition("Examples\n")
        function.__doc__ = "\n".join([text.rstrip() + "\n", also, _NOTES, f"{examples}{rest}"]).rstrip()
    return takes_labels(offered(function))


def _in_order(text: str, names: list[str]) -> str:
    """A docstring whose parameters are in the order of the signature; those of its ``**ends`` stand in front of `out`."""
    before, title, rest = text.partition("Parameters\n----------\n")
    own, returns, after = rest.partition("\n\nReturns\n")

    def place(entry: str) -> float:
        name = entry.lstrip("*").split()[0].rstrip(",")
        return float(names.index(name)) if name in names else names.index("out") - 0.5

    entries = sorted(re.split(r"\n(?=\S)", own), key=place)
    return before + title + "\n".join(entries) + returns + after


def call(
    name: str, f: Any, spacing: Spacings, axis: object, ends: Ends, out: object, workers: int | None,
    options: Mapping[str, object], make: Callable[[Grid], AnyOperator] | None = None, coefficients: tuple[Any, ...] = (),
    vector: bool = False, on: Callable[..., Grid] | None = None,
) -> object:  # fmt: skip
    """The one door of functions of samples: by the key of the call, or by what `make` makes of the grid that it is `on`.

    By default that is the grid's operator of this name with these options. A `vector` field is a sequence of components,
    or one stacked array.
    """
    is_stacked, fields = False, (f, *coefficients)
    if vector:
        is_stacked = not isinstance(f, (list, tuple))
        fields = parts_of(f) if is_stacked else tuple(f)
    key: Key | None = None
    traced = is_traced(fields)
    if not traced:
        targets, nested = (None, None) if out is None else flat_out(out, fields)
        start = start_of(name, spacing, (axis, *options.values(), *ends.items()), (is_stacked, nested))
        found = None if start is None else functions.again(start, fields, targets, workers)
        if found is not None:
            return found if out is None else out
        key = None if start is None else kept_key(tuple(start))  # `out` may be written over the coordinates
    grid = (on or grid_of)(name, f, spacing, axis, ends, vector)
    operator: AnyOperator = make(grid) if make else _KINDS[name].on(grid, (), *options.values())
    f = only(f, grid) if vector else f
    if key is not None and is_stacked and not (isinstance(operator, Sweep) or operator.outputs):
        f = shaped(fields, operator.inputs)  # as it is called again
    result = operator.applied_to(f, out, workers)
    if not traced:
        keep(key, operator, f, fields, targets, How(is_stacked, nested))
    return result


def keep(
    key: Key | None, operator: AnyOperator, f: object, fields: Arrays, targets: Arrays | None, how: How
) -> None:  # fmt: skip
    """Bind the key of a function's call to what its operator was bound to; what a grid has itself, and what is prescribed at walls, is of the key."""
    given = None if key is None else plain_of(fields, targets, how)
    if key is None or given is None:
        return
    own = len(given.fields) - prod(operator.inputs)
    if not isinstance(operator, Sweep):  # what was bound reads fields that hold what is prescribed
        if isinstance(operator.bare, Sweep) and not (own or (given.how.is_stacked and operator.outputs)):
            functions.keep_operator(key, operator, operator.inputs, operator.outputs)
        return
    beside = operator.coefficients[own:]
    if beside:
        if not all(type(c) is np.ndarray or are_constants((c,)) for c in beside):
            return  # a tensor may begin to be differentiated
        if widened(f, operator.inputs, operator.coefficients) is not None:
            given = None  # what was bound is of another type
        else:
            beside = operator.coefficients_for(f)[own:]
            given = plain_of((*given.fields, *beside), given.targets, given.how)
    bound = None if given is None else operator.pattern.calls.find(given.key)
    if bound is not None:
        functions.keep(key, bound, beside)
    elif not (own or operator.inputs or operator.outputs):
        functions.keep_operator(key, operator, operator.inputs, operator.outputs)


def parts_of(F: Any) -> tuple[Array, ...]:
    """The components of a stacked vector field; none of what is no such thing."""
    is_field = (
        getattr(F, "ndim", 0) > 1
        and (type(F) is _ndarray or not of_grid(F))
        and not is_compiling()
        and F.shape[0] <= MAX_ARRAYS
    )
    return tuple(in_sequence(F)) if is_field else ()


def grid_of(name: str, f: Any, spacing: Spacings, axis: object, ends: Ends, vector: bool = False) -> Grid:
    """The grid of a call of function `name`: axes of the field `f`, or of each component of a vector field."""
    unknown = set(ends) - Ends.__annotations__.keys()
    if unknown:
        raise unexpected(name, unknown)
    if f is MISSING:
        required(name, **{"F" if vector else "f": f})
    if vector:
        _check_together(name, f, spacing)
    sample = whole = f
    if vector:
        is_stacked = getattr(f, "ndim", 0) > 1 and not of_grid(f)
        if not isinstance(f, (list, tuple)) and not is_stacked:
            raise ArgumentTypeError(
                f"a vector field is a sequence of arrays, or one array with its components along axis 0; got {typed(f)}{of_grid(f) or _OF_ONE}"
            )
        f = in_sequence(f)
        if not f:
            raise ArgumentValueError("the vector field has no components; give one for each axis")
        if is_stacked and axis is None and (whole.ndim == 2 or len(spacing) == whole.ndim):
            _check_axes(f, whole.ndim - 1)
        sample = f[0]
    library, sample = dispatch.samples(unwrap(sample, "f")[0])
    real, shape = library.weights_dtype(sample), tuple(sample.shape)
    axes, entries = clean_axes(axis, shape, spacing)
    if COMPILER in modules and is_compiling():
        refuse_gaps(ends.get("missing"), ends.get("breaks"))
        whole_words = {word: value for word, value in ends.items() if word not in ("missing", "breaks")}
        return _traced_grid(tuple(shape[a] for a in axes), axes, entries, cast(Ends, whole_words))
    if vector and len(axes) not in (1, len(f)):
        # refuses them, before an axis is too short that is none of the grid
        components(whole, (len(axes),), "f")
    words: dict[str, object] = {word: value for word, value in ends.items() if word in Asked._fields}
    cleaned = clean_words(axes, Asked(**{"edge_order": 2, **words}))
    made = partial(points_of, Grid, shape, axes, words=cleaned, real=real)
    if "missing" not in ends and "breaks" not in ends:
        return made(entries)
    fields, missing = f if vector else (f,), ends.get("missing")
    grid, positions = on_lines_with_gaps(made, shape, axes, entries, fields, missing)
    return with_gaps(grid, (*fields, *positions), missing, ends.get("breaks"))


def _check_together(name: str, f: object, spacing: Spacings) -> None:
    """Refuse components that came as arguments of their own, where spacings go."""
    shape = getattr(f, "shape", ())
    apart = 1 + sum(len(shape) > 1 and getattr(entry, "shape", ()) == shape for entry in spacing)
    if apart > 1:
        components = "u, v, w"[: 3 * apart - 2]
        axes = "".join(f", {x}" for x in "xyz"[: len(spacing) + 1 - apart])
        raise ArgumentTypeError(
            f"{name}() takes all components as one argument; give {name}(({components}){axes})"
        )


def spacing_of_one(f: object, spacing: Spacings, axis: object) -> Spacings:
    """The spacing of one axis, of which there is one, or one for each axis of `f`; those must fit as well."""
    shape = np.shape(f) if isinstance(f, (list, tuple)) else tuple(getattr(f, "shape", ()))
    if len(spacing) == len(shape) + 1 > 1 and int_or_none(spacing[-1]) in (1, 2, 3, 4):
        raise ArgumentTypeError(
            f"{counted(len(spacing), 'spacing')} came for {counted(len(shape), 'axis')}; an order is named, derivative(f, x, order={spacing[-1]})"
        )
    if len(spacing) < 2 or len(spacing) != len(shape):
        return spacing
    if not is_compiling():
        _check_entries(shape, spacing, axis)
    return (spacing[clean_axis((axis,), len(shape))[0]],)


def _check_entries(shape: tuple[int, ...], spacing: Spacings, axis: object) -> None:
    """Refuse a number that names the axis, and spacings that are none of axes."""
    if are_positions(on_host([unwrap(entry, "the spacing")[0] for entry in spacing], range(len(spacing)))):
        raise ArgumentTypeError(
            "a derivative along one axis of a curvilinear grid needs its operator; give gridgrad.Grid(x, y).derivative(0)(f), which is by x, or "
            "gridgrad.gradient(f, x, y, edge_order=2)[0]"
        )
    for a, (n, entry) in enumerate(zip(shape, spacing, strict=True)):
        if axis == -1 and int_or_none(entry) == 0:
            raise ArgumentValueError(
                f"the step of axis {a} is 0; an axis is named, derivative(f, x, axis=0), and each entry of several is the spacing of one axis"
            )
        _axis(n, entry, a)


def _traced_grid(lengths: tuple[int, ...], axes: tuple[int, ...], entries: list[Spacing], ends: Ends) -> Grid:
    """The grid of a call that a compiler traces: its numbers become part of the graph."""
    for entry, axis in zip(entries, axes, strict=True):
        if not isinstance(entry, (int, float, list, tuple)):
            raise ArgumentTypeError(
                f"the spacing of axis {axis} is a {type(entry).__name__}, whose values a compiler may not read; under "
                "torch.compile give a number or a list, or make the grid outside: grid = gridgrad.Grid(x)"
            )
    if holds_arrays(ends.get("boundary")):
        raise ArgumentTypeError(
            "an array is prescribed at a wall, and its values now would become part of what is compiled; make the grid outside with "
            "name= of that wall, and give the array at the call: grid.laplacian(f, inflow=v)"
        )
    return _constant_grid(tuple(lengths), tuple(axes), tuple(entries), *ends.items())


@made_once
def _constant_grid(
    lengths: tuple[int, ...], axes: tuple[int, ...], entries: Spacings, *ends: tuple[str, Any]
) -> Grid:
    given = [_axis(n, entry, a) for n, entry, a in zip(lengths, entries, axes, strict=True)]
    words = dict(ends)
    geometry = clean_geometry(words.get("geometry"), words.get("radius"), words.get("angle"), len(axes))
    check_places(geometry, entries, axes)
    return Grid(*given, axes=axes, **words)


def _axis(length: int, entry: object, axis: int) -> Any:
    numbers, unit = unwrap(entry, f"the spacing of axis {axis}")
    values = numbers_of(numbers, axis)
    if values.ndim == 0:
        return length, wrap(values[()], unit)
    if values.ndim > 1:
        return wrap(values, unit)
    check_coordinates(values, length, axis)
    return wrap(values, unit)


def only(F: Any, grid: Grid) -> Any:
    """On one axis the single component of a vector field, which a grid then takes as it is."""
    if grid.ndim > 1:
        return F
    components = in_sequence(F)
    _check_axes(components, 1)
    return components[0]


def _check_axes(components: Sequence[object], axes: int) -> None:
    """Refuse another number of components than of axes: a single field, perhaps, whose rows would be components."""
    if len(components) != axes:
        raise ArgumentValueError(
            f"the vector field has {len(components)} components, but there {'is' if axes == 1 else 'are'} {counted(axes, 'axis')}; give one for each axis, (u, v), or "
            f"an array of shape (2, ny, nx){_OF_ONE}"
        )
