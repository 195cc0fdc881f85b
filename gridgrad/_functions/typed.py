"""What the free functions take and return, for type checkers: arrays of the caller's own type, as many as axes.

Integers, which give float64, are told from others where one array comes back. Elsewhere they would cost the
arrays whose dtype a checker does not know, plain ``numpy.ndarray``, all that it knows of the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import (
    Any,
    Concatenate,
    ParamSpec,
    Protocol,
    SupportsIndex,
    TypedDict,
    TypeVar,
    Unpack,
    cast,
    overload,
)

import numpy as np
import numpy.typing as npt

from .._base.types import (
    Angle,
    AnyField,
    Array,
    Axes,
    Boundary,
    Breaks,
    Field,
    Given,
    Integers,
    Missing,
    Named,
    Period,
    Plain,
    Spacing,
)

P = ParamSpec("P")
Float64 = npt.NDArray[np.float64]  # what integers give
Complex = npt.NDArray[np.complexfloating[Any, Any]]
Components = Field | Sequence[float | Field]  # of a velocity


class Coordinates(Protocol):
    """The positions along one axis, of any library: a step has no length."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of points."""

    def __len__(self) -> int: ...


class HasLabels(Protocol):
    """A labelled array, or a set of them."""

    @property
    def dims(self) -> object:
        """The names of its axes."""

    @property
    def coords(self) -> object:
        """Their positions by name."""


# The components of a vector field, as many as there are axes.
Several = TypeVar("Several", bound=tuple[Field, Field, *tuple[Field, ...]])
Labelled = TypeVar("Labelled", bound=HasLabels)  # whose axes are named, by keywords of their own


class Ends(TypedDict, total=False):
    """The keywords about the ends of axes: those that `Grid` takes, and those about ends inside."""

    boundary: Boundary | None
    periodic: bool | Sequence[bool] | None
    period: Period
    edge_order: int
    geometry: str | Sequence[str] | None
    radius: float | None
    angle: Angle | None
    missing: Missing
    breaks: Breaks


class Options(Ends, total=False):
    """The keywords that most functions take."""

    out: object
    workers: int | None


class GradientOptions(Options, total=False):
    """The keywords of `gradient` beside its axes."""

    accuracy: int | None
    spacing: Spacing | Sequence[Spacing] | None


class OfField(Named, Protocol[P]):
    """An array to one of its shape; the other arguments are those of the function."""

    @overload
    def __call__(self, f: Integers, *args: P.args, **kwargs: P.kwargs) -> Float64: ...
    @overload
    def __call__(self, f: AnyField, *args: P.args, **kwargs: P.kwargs) -> AnyField: ...
    @overload
    def __call__(self, f: Sequence[object], *args: P.args, **kwargs: P.kwargs) -> Array: ...
    @overload
    def __call__(self, f: Labelled, *args: object, **named: object) -> Labelled: ...


def of_field(function: Callable[Concatenate[Array, P], object]) -> OfField[P]:
    """For a checker the function of any array."""
    return cast(OfField[P], function)


class NormOfField(Named, Protocol[P]):
    """An array to a real one of its shape."""

    @overload
    def __call__(self, f: Integers, *args: P.args, **kwargs: P.kwargs) -> Float64: ...
    @overload
    def __call__(self, f: Complex, *args: P.args, **kwargs: P.kwargs) -> npt.NDArray[np.floating]: ...
    @overload
    def __call__(self, f: AnyField, *args: P.args, **kwargs: P.kwargs) -> AnyField: ...
    @overload
    def __call__(self, f: Sequence[object], *args: P.args, **kwargs: P.kwargs) -> Array: ...
    @overload
    def __call__(self, f: Labelled, *args: object, **named: object) -> Labelled: ...


def norm_of_field(function: Callable[Concatenate[Array, P], object]) -> NormOfField[P]:
    """For a checker the function of any array."""
    return cast(NormOfField[P], function)


class Advection(Named, Protocol[P]):
    """A velocity, then the array that it moves."""

    @overload
    def __call__(self, v: Components, f: Integers, *args: P.args, **kwargs: P.kwargs) -> Float64: ...
    @overload
    def __call__(self, v: Components, f: AnyField, *args: P.args, **kwargs: P.kwargs) -> AnyField: ...
    @overload
    def __call__(self, v: Components, f: Sequence[object], *args: P.args, **kwargs: P.kwargs) -> Array: ...
    @overload
    def __call__(self, v: object, f: Labelled, *args: object, **named: object) -> Labelled: ...


def advection(function: Callable[Concatenate[Any, Array, P], object]) -> Advection[P]:
    """For a checker the function of any array, which comes second."""
    return cast(Advection[P], function)


class Diffusion(Named, Protocol[P]):
    """A diffusivity, then the array that it spreads."""

    @overload
    def __call__(self, k: float | Components, f: Integers, *args: P.args, **kwargs: P.kwargs) -> Float64: ...
    @overload
    def __call__(self, k: float | Components, f: AnyField, *args: P.args, **kwargs: P.kwargs) -> AnyField: ...
    @overload
    def __call__(
        self, k: float | Components, f: Sequence[object], *args: P.args, **kwargs: P.kwargs
    ) -> Array: ...
    @overload
    def __call__(self, k: object, f: Labelled, *args: object, **named: object) -> Labelled: ...


def diffusion(function: Callable[Concatenate[Any, Array, P], object]) -> Diffusion[P]:
    """For a checker the function of any array, which comes second."""
    return cast(Diffusion[P], function)


class OfVector(Named, Protocol[P]):
    """The components of a vector field, or one stacked array, to one array."""

    @overload
    def __call__(self, F: Integers | Sequence[Integers], *args: P.args, **kwargs: P.kwargs) -> Float64: ...
    @overload
    def __call__(self, F: Sequence[AnyField], *args: P.args, **kwargs: P.kwargs) -> AnyField: ...
    @overload
    def __call__(self, F: AnyField, *args: P.args, **kwargs: P.kwargs) -> AnyField: ...
    @overload
    def __call__(self, F: Sequence[Labelled], *args: object, **named: object) -> Labelled: ...


def of_vector(function: Callable[Concatenate[Array, P], object]) -> OfVector[P]:
    """For a checker the function of arrays of any library."""
    return cast(OfVector[P], function)


class VectorToVector(Named, Protocol[P]):
    """The components of a vector field to as many; one alone, or a stacked array, to one array."""

    @overload
    def __call__(self, F: Several, *args: P.args, **kwargs: P.kwargs) -> Several: ...
    @overload
    def __call__(
        self, F: Sequence[AnyField], *args: P.args, **kwargs: P.kwargs
    ) -> AnyField | tuple[AnyField, ...]: ...
    @overload
    def __call__(self, F: AnyField, *args: P.args, **kwargs: P.kwargs) -> AnyField: ...
    @overload
    def __call__(
        self, F: Sequence[Labelled], *args: object, **named: object
    ) -> Labelled | tuple[Labelled, ...]: ...


def vector_to_vector(function: Callable[Concatenate[Array, P], object]) -> VectorToVector[P]:
    """For a checker the function of arrays of any library."""
    return cast(VectorToVector[P], function)


class VectorToCurl(Named, Protocol[P]):
    """Two components to one array, three to three; a stacked array to one array."""

    @overload
    def __call__(self, F: tuple[AnyField, AnyField], *args: P.args, **kwargs: P.kwargs) -> AnyField: ...
    @overload
    def __call__(
        self, F: tuple[AnyField, AnyField, AnyField], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[AnyField, AnyField, AnyField]: ...
    @overload
    def __call__(
        self, F: Sequence[AnyField], *args: P.args, **kwargs: P.kwargs
    ) -> AnyField | tuple[AnyField, ...]: ...
    @overload
    def __call__(self, F: AnyField, *args: P.args, **kwargs: P.kwargs) -> AnyField: ...
    @overload
    def __call__(self, F: tuple[Labelled, Labelled], *args: object, **named: object) -> Labelled: ...
    @overload
    def __call__(
        self, F: tuple[Labelled, Labelled, Labelled], *args: object, **named: object
    ) -> tuple[Labelled, Labelled, Labelled]: ...
    @overload
    def __call__(
        self, F: Sequence[Labelled], *args: object, **named: object
    ) -> Labelled | tuple[Labelled, ...]: ...


def vector_to_curl(function: Callable[Concatenate[Array, P], object]) -> VectorToCurl[P]:
    """For a checker the function of arrays of any library."""
    return cast(VectorToCurl[P], function)


class VectorToRows(Named, Protocol[P]):
    """Components to ``result[a][b]``; one alone, or a stacked array, to one array."""

    @overload
    def __call__(
        self, F: tuple[AnyField, AnyField, *tuple[AnyField, ...]], *args: P.args, **kwargs: P.kwargs
    ) -> tuple[tuple[AnyField, ...], ...]: ...
    @overload
    def __call__(
        self, F: Sequence[AnyField], *args: P.args, **kwargs: P.kwargs
    ) -> AnyField | tuple[tuple[AnyField, ...], ...]: ...
    @overload
    def __call__(self, F: AnyField, *args: P.args, **kwargs: P.kwargs) -> AnyField: ...
    @overload
    def __call__(
        self, F: Sequence[Labelled], *args: object, **named: object
    ) -> Labelled | tuple[tuple[Labelled, ...], ...]: ...


def vector_to_rows(function: Callable[Concatenate[Array, P], object]) -> VectorToRows[P]:
    """For a checker the function of arrays of any library."""
    return cast(VectorToRows[P], function)


class Hessian(Named, Protocol):
    """``result[a][b]`` for each pair of axes; along one axis its array."""

    @overload
    def __call__(
        self, f: AnyField, x: Coordinates, /, *, axis: Axes = ..., **options: Unpack[Options]
    ) -> AnyField: ...
    @overload
    def __call__(
        self, f: AnyField, x: Spacing, y: Spacing, /, *more: Spacing, axis: Sequence[int] | None = ...,
        **options: Unpack[Options],
    ) -> tuple[tuple[AnyField, ...], ...]: ...  # fmt: skip
    @overload
    def __call__(
        self, f: AnyField, *spacing: Spacing, axis: SupportsIndex, **options: Unpack[Options]
    ) -> AnyField: ...
    @overload
    def __call__(
        self, f: AnyField, *spacing: Spacing, axis: Sequence[int] | None = ..., **options: Unpack[Options]
    ) -> AnyField | tuple[tuple[AnyField, ...], ...]: ...
    @overload
    def __call__(
        self, f: Labelled, *args: object, **named: object
    ) -> Labelled | tuple[tuple[Labelled, ...], ...]: ...


def hessian(function: Callable[..., object]) -> Hessian:
    """For a checker the function of any array."""
    return cast(Hessian, function)


class Gradient(Named, Protocol):
    """One array for each axis: along one alone its array, else a tuple; of a function one for each coordinate."""

    @overload
    def __call__(
        self, f: AnyField, x: Coordinates, /, *, axis: Axes = ..., **options: Unpack[GradientOptions]
    ) -> AnyField: ...
    @overload
    def __call__(
        self, f: AnyField, x: Spacing, y: Spacing, /, *, axis: Sequence[int] | None = ...,
        **options: Unpack[GradientOptions],
    ) -> tuple[AnyField, AnyField]: ...  # fmt: skip
    @overload
    def __call__(
        self, f: AnyField, x: Spacing, y: Spacing, z: Spacing, /, *, axis: Sequence[int] | None = ...,
        **options: Unpack[GradientOptions],
    ) -> tuple[AnyField, AnyField, AnyField]: ...  # fmt: skip
    @overload
    def __call__(
        self, f: AnyField, *spacings: Spacing, axis: SupportsIndex, **options: Unpack[GradientOptions]
    ) -> AnyField: ...
    @overload
    def __call__(
        self, f: AnyField, *spacings: Spacing, axis: Axes = ..., dim: Axes = ..., **options: Unpack[GradientOptions]
    ) -> AnyField | tuple[AnyField, ...]: ...  # fmt: skip
    @overload
    def __call__(
        self, f: Callable[..., object], x: Given | Plain, /, *, out: object = ..., workers: int | None = ...
    ) -> Given: ...
    @overload
    def __call__(
        self, f: Callable[..., object], x: Given | Plain, y: Given | Plain, /, *more: Given | Plain,
        out: object = ..., workers: int | None = ...,
    ) -> tuple[Given, ...]: ...  # fmt: skip
    @overload
    def __call__(
        self, f: Sequence[object], *spacings: Spacing, axis: Axes = ..., **options: Unpack[GradientOptions]
    ) -> Array | tuple[Array, ...]: ...
    @overload
    def __call__(self, f: Labelled, *args: object, **named: object) -> Labelled | tuple[Labelled, ...]: ...


def gradient(function: Callable[..., object]) -> Gradient:
    """For a checker the function of any array, or of a function."""
    return cast(Gradient, function)
