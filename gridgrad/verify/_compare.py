"""The error of an operator on one grid, interior and ends apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .._base.checks import dtype_or_none
from .._base.errors import ArgumentTypeError, ArgumentValueError, counted
from .._base.types import Array, AxisLike, Boundary, DType, Period
from .._grid.points import Points
from .._operators.fields.forms import flat
from .._operators.operator import Operator
from .._wraps.units import require_numbers
from ..autodiff._evaluate import library_of
from ..autodiff._typed import Engine, Function
from ..grid import Grid
from ._ends import Parts, at_ends, end_widths, name_of, row_sums
from ._own import Own, clean_ends
from ._subjects import Options, Subject, parts, sampled, subject

Operators = str | Callable[[Grid], object]


class Errors(NamedTuple):
    """Of some points: the largest error, the root of the mean square, and how many points they are."""

    max: float
    rms: float
    points: int


class Component(NamedTuple):
    """One array of a result."""

    name: str
    inside: Errors | None  # None where there are no such points
    ends: Errors | None
    largest: float  # of the exact values


@dataclass(frozen=True, repr=False)
class Comparison:
    """Errors of an operator on a grid; ``print`` it, or take its data."""

    operator: str
    grid: Points
    components: tuple[Component, ...]
    floor: Parts  # an error that rounding of the samples alone may cause

    def worst(self, part: str, norm: str = "max") -> float:
        """The largest ``"max"`` or ``"rms"`` error ``"inside"`` or at the ``"ends"``, over all components; NaN of no points."""
        found = [getattr(component, part) for component in self.components]
        values = [getattr(errors, norm) for errors in found if errors is not None]
        return float(np.max(values)) if values else float("nan")  # keeps a NaN

    def rows(self) -> list[dict[str, object]]:
        """The table as data: for each component and part its name, errors and number of points."""
        return [
            {"component": component.name, "part": part, **errors._asdict(), "largest": component.largest}
            for component in self.components
            for part, errors in (("inside", component.inside), ("ends", component.ends))
            if errors is not None
        ]

    def __repr__(self) -> str:
        width = max(len(component.name) for component in self.components)
        lines = [
            f"{self.operator} on {self.grid!r}",
            f"{'':{width}}  {'part':6}  {'max error':>9}  {'rms error':>9}  {'points':>8}  {'largest':>9}",
            *(
                f"{row['component']:{width}}  {row['part']:6}  {row['max']:9.2e}  {row['rms']:9.2e}  {row['points']:8d}  {row['largest']:9.2e}"
                for row in self.rows()
            ),
            f"rounding of the samples may reach {self.floor.inside:.1e} inside, {self.floor.ends:.1e} at ends",
        ]
        return "\n".join(lines)


def compare(
    function: Function, *axes: AxisLike, operator: Operators = "gradient", boundary: Boundary = "one-sided",
    period: Period = None, edge_order: int = 2, exact: Function | None = None, ends: int = 1,
    engine: Engine = "auto", dtype: npt.DTypeLike = np.float64, **options: object,
) -> Comparison:  # fmt: skip
    """The errors of an operator on samples of a function, against the function's exact derivatives.

    Parameters
    ----------
    function : callable
        Elementwise function of the coordinates, as for ``gradient(function, *coords)``. Where the
        operator takes a vector field, one that returns a tuple.
    *axes : 1-D array, (n, step) or (n, step, origin)
        The grid, as for `Grid`. Units: [x].
    operator : str or callable
        The name of an operator of `Grid`; or a function of the grid that returns an operator, as
        ``lambda grid: grid.laplacian - grid.identity``, or a function of samples on it, as
        ``lambda grid: lambda f: numpy.gradient(f, *grid.coordinates)``. For these `exact` is needed.
    boundary, period, edge_order :
        As for `Grid`. Where an end mirrors the field, the function has to be even or odd there; where
        no flux passes (``diffuse``, ``form="conservative"``) its slope across the end has to be 0.
    exact : callable, optional
        Function of the coordinates that gives the exact result, nested as the operator's; by default
        it is computed by `gridgrad.autodiff`.
    ends : int
        How many points at each end of an axis are judged apart, where `operator` is a function of samples.
    engine : str
        As for `gridgrad.autodiff.gradient`.
    dtype : float32, float64 or longdouble
        Of coordinates and samples.
    **options
        What the operator takes: ``accuracy``, ``form``, ``axis`` and ``order``, ``v``, ``k``. Fields
        among them are given as functions of the coordinates.

    Returns
    -------
    Comparison
        Largest and root-mean-square errors of each component, those of interior rows and those of
        rows at ends apart. Units [f]/[x].

    Raises
    ------
    ValueError
        An operator of no known name; no exact values for it; components that do not fit.
    TypeError
        An option that the operator does not take; a coefficient that is an array.

    Examples
    --------
    >>> import numpy as np
    >>> from gridgrad import verify
    >>> found = verify.compare(lambda x: x**3, np.array([0.0, 1.0, 2.0, 3.0]))
    >>> found.worst("inside"), found.worst("ends")
    (1.0, 2.0)
    """
    kind = _clean_dtype(dtype)
    wide = np.longdouble if kind == np.dtype(np.longdouble) else np.float64
    require_numbers(*axes, period, *options.values())
    grid = Grid(*axes, boundary=boundary, period=period, edge_order=edge_order, dtype=wide)
    engine = _engine_of(axes) if engine == "auto" else engine
    if isinstance(operator, str):
        task = subject(operator, function, grid, engine, exact is None, options)
    else:
        task = _made(operator, grid, exact, ends, options)
    plain = exact is not None and callable(function)
    samples = parts(
        _on_mesh(function, grid, "the function") if plain else sampled(function, grid.coordinates, engine)
    )
    is_own = isinstance(task.operator, Own)
    count = len(samples) if is_own else prod(task.operator.inputs)
    if len(samples) != count:
        raise ArgumentValueError(
            f"the function returned {counted(len(samples), 'output')}, but the operator takes {count} on a grid of {counted(grid.ndim, 'axis')}"
        )
    fields = [_typed(np.asarray(field), kind) for field in samples]
    wanted = parts(task.exact if exact is None else _on_mesh(exact, grid, "exact"))
    name = (
        _title(operator, options)
        if isinstance(operator, str)
        else "own function"
        if is_own
        else name_of(task.operator)
    )
    return _measured(name, task, fields, wanted)


def _measured(name: str, task: Subject, fields: list[Array], wanted: Sequence[Array]) -> Comparison:
    operator, grid = task.operator, task.operator.grid
    is_own = isinstance(operator, Own)
    found = (
        operator(fields)
        if is_own
        else flat(operator(fields if operator.inputs else fields[0]), operator.outputs)
    )
    widths = [operator.widths()] * len(found) if is_own else end_widths(operator)
    if len(found) != len(wanted):
        raise ArgumentValueError(
            f"the operator gives {counted(len(found), 'component')}, the exact values have {len(wanted)}"
        )
    names = task.names or ["result" if len(found) == 1 else f"component {k}" for k in range(len(found))]
    components = tuple(
        _component(name, got, value, at_ends(grid.shape, width))
        for name, got, value, width in zip(names, found, wanted, widths, strict=True)
    )
    rounding = max(_rounding(field, grid) for field in fields)
    floor = (
        operator.floor(fields, found, rounding)
        if is_own
        else Parts(*(rounding * total for total in row_sums(operator)))
    )
    return Comparison(name, grid, components, floor)


def _typed(field: Array, kind: DType) -> Array:
    """In the wanted precision; complex functions stay complex."""
    return field.astype(np.result_type(kind, np.complex64) if field.dtype.kind == "c" else kind)


def _title(operator: str, options: Options) -> str:
    """The operator and what it was given."""
    given = [f"{k}={v}" for k, v in options.items() if isinstance(v, (str, int, float))]
    return f"{operator}({', '.join(given)})" if given else operator


def _rounding(field: Array, grid: Points) -> float:
    """How far a sample may be from the function: an ulp of it, and of the positions times its slopes."""
    total = float(np.finfo(field.dtype).eps) * float(np.max(np.abs(field)))
    for k, x in enumerate(grid.coordinates):
        along = np.diff(np.moveaxis(field, k, -1), axis=-1) / np.diff(x)
        total += float(np.finfo(x.dtype).eps) * float(np.max(np.abs(x))) * float(np.max(np.abs(along)))
    return total


def _engine_of(axes: tuple[object, ...]) -> Engine:
    """A function whose axes are torch's or JAX's is written for them."""
    libraries = set(map(library_of, axes))
    return "torch" if "torch" in libraries else "jax" if "jax" in libraries else "auto"


def _clean_dtype(dtype: npt.DTypeLike) -> DType:
    kind = dtype_or_none(dtype)
    if kind is None or kind not in (np.float32, np.float64, np.longdouble):
        raise ArgumentTypeError(f"dtype must be float32, float64 or longdouble, got {dtype!r}")
    return kind


def _made(make: Callable[[Grid], object], grid: Grid, exact: object, ends: int, options: Options) -> Subject:
    """The operator, or the function of samples, that the caller's function makes of a grid."""
    if isinstance(make, Operator):
        raise ArgumentTypeError(
            "an operator belongs to its own grid; give its name, or a function that makes it, lambda grid: grid.laplacian"
        )
    if not callable(make):
        raise ArgumentTypeError(
            f"operator must be a name or a function of the grid, got {type(make).__name__}"
        )
    if options:
        raise ArgumentTypeError(
            f"{', '.join(options)}: options go with an operator given by name; set them in the function of the grid"
        )
    if exact is None:
        raise ArgumentValueError("exact= is needed beside an operator that is not given by name")
    try:
        operator = make(grid)
    except TypeError as error:
        raise ArgumentTypeError(
            f"operator is called with the grid, and raised {type(error).__name__}: {error}; a function of samples is returned by it, "
            "operator=lambda grid: lambda f: numpy.gradient(f, *grid.coordinates)"
        ) from error
    if callable(operator) and not isinstance(operator, Operator):
        return Subject(Own(operator, grid, clean_ends(ends)), None, [])
    if not isinstance(operator, Operator) or operator.grid is not grid:
        raise ArgumentTypeError(
            f"operator must return an operator of the grid it is given, or a function of samples on it, not {operator!r}"
        )
    return Subject(operator, None, [])


def _on_mesh(function: Function, grid: Grid, name: str) -> list[Array]:
    """A plain call on open axes, its results of the grid's shape."""
    values = parts(function(*np.meshgrid(*grid.coordinates, indexing="ij", sparse=True)))
    arrays = [np.asarray(value) for value in values]
    for array in arrays:
        if array.dtype.kind not in "biufc":
            raise ArgumentTypeError(f"{name} gives {values[0]!r}, which is no array of numbers")
        if array.ndim > grid.ndim or any(
            n not in (1, m) for n, m in zip(array.shape[::-1], grid.shape[::-1], strict=False)
        ):
            raise ArgumentValueError(
                f"{name} gives an array of shape {array.shape} on a mesh of shape {grid.shape}"
            )
    return [np.broadcast_to(array, grid.shape) for array in arrays]


def _component(name: str, got: Array, exact: Array, ends: Array) -> Component:
    error = np.abs(got - np.broadcast_to(exact, got.shape))
    largest = float(np.max(np.abs(exact))) if np.size(exact) else 0.0
    return Component(name, _errors(error[~ends]), _errors(error[ends]), largest)


def _errors(error: Array) -> Errors | None:
    if not error.size:
        return None
    size = float(np.max(error))
    scaled = error / size if 0 < size < np.inf else error
    return Errors(size, float(np.sqrt(np.mean(scaled**2))) * (size if 0 < size < np.inf else 1.0), error.size)
