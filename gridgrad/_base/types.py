"""The types that signatures share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Signature, isfunction, signature
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, Protocol, TypeVar, cast, overload

import numpy as np
import numpy.typing as npt

from .errors import MISSING

# An array of the caller's library: what is asked of one, NumPy's have as well, so that a checker takes it for one.
Array = npt.NDArray[Any]
DType = np.dtype[Any]
Shape = tuple[int, ...]
Value = Array | float  # or a number, which broadcasts to arrays


class Field(Protocol):
    """An array of any library, as far as signatures ask for one."""

    @property
    def shape(self) -> Shape:
        """Its lengths."""

    @property
    def dtype(self) -> object:
        """Its type of numbers, in its library's words."""


AnyField = TypeVar("AnyField", bound=Field)  # what comes out is of the same type
Integers = npt.NDArray[np.integer[Any]]
Plain = float | Sequence[float] | Integers  # what becomes an array of NumPy's, of a floating type

Step = float | Field

# What users write, as signatures name it.
End = Literal["one-sided", "periodic", "reflect", "symmetric", "antireflect", "antisymmetric", "pole"]


class Prescribed(Protocol):
    """What `value`, `slope`, `robin`, `components` and walls of fluid mechanics make."""

    @property
    def spelled(self) -> str:
        """As it was made."""


AnyEnd = End | Prescribed
# for all axes, or for each
_Pair = tuple[AnyEnd | None, AnyEnd | None]
Boundary = AnyEnd | _Pair | Sequence[AnyEnd | _Pair | None]
LaplacianForm = Literal["compact", "wide", "conservative"]
Angle = Literal["degrees", "radians"]
RowSide = Literal["left", "right"]  # of a point
Spacing = float | Field | Sequence[float]  # a step, or the coordinates of an axis
Spacings = tuple[Spacing, ...]
Period = float | Field | Sequence[float | None] | None
Missing = Literal["one-sided"] | None  # what missing samples are
Breaks = Sequence[int] | Sequence[Sequence[int] | None] | None  # of one axis, or of each
Axes = int | Sequence[int] | None  # all of them by default
AxisLike = Field | Sequence[float] | tuple[int, Step] | tuple[int, Step, Step]  # of a grid


class Gaps(NamedTuple):
    """A mask of the samples of a call, what is known beside its gaps, what stands outside, and whether missing samples are gaps too."""

    inside: Array
    boundary: object
    fill: float
    missing: object = None


class Vector:
    """Of an operator that takes or gives one array for each axis of its grid: in a tuple, or stacked."""


class Scalar(Vector):
    """Of one that takes or gives an array alone, as those of vectors do on one axis."""


if TYPE_CHECKING:
    from typing_extensions import TypeVar as WithDefault

    In = WithDefault("In", default=Scalar)  # what an operator takes
    Out = WithDefault("Out", default=Scalar)  # what it gives
    OnGrid = WithDefault("OnGrid", default=Vector, covariant=True)  # what vectors are on a grid
    # the arrays among coordinates; NumPy's of numbers alone
    Given = WithDefault("Given", bound=Field, default=Array)
else:
    In, Out, OnGrid = TypeVar("In"), TypeVar("Out"), TypeVar("OnGrid", covariant=True)
    Given = TypeVar("Given", bound=Field)
Between = TypeVar("Between")


class Matrix(Generic[Between]):
    """Of one that gives ``result[a][b]``, a and b along vectors of this kind."""


class Applied(Generic[In, Out]):
    """For type checkers: what an operator makes of arrays."""

    @overload
    def __call__(
        self: Applied[Scalar, Scalar], f: Integers, *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> npt.NDArray[np.float64]: ...  # fmt: skip
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self: Applied[Scalar, Scalar], f: AnyField, *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> AnyField: ...  # fmt: skip
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self: Applied[Scalar, Vector], f: AnyField, *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> tuple[AnyField, ...]: ...  # fmt: skip
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self: Applied[Vector, Scalar], f: AnyField | Sequence[AnyField], *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> AnyField: ...  # fmt: skip
    @overload
    def __call__(
        self: Applied[Vector, Vector], f: AnyField, *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> AnyField: ...  # fmt: skip
    @overload
    def __call__(
        self: Applied[Vector, Vector], f: Sequence[AnyField], *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> tuple[AnyField, ...]: ...  # fmt: skip
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self: Applied[Scalar, Matrix[Scalar]], f: AnyField, *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> AnyField: ...  # fmt: skip
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self: Applied[Scalar, Matrix[Vector]], f: AnyField, *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> tuple[tuple[AnyField, ...], ...]: ...  # fmt: skip
    @overload
    def __call__(
        self: Applied[Vector, Matrix[Vector]], f: AnyField, *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> AnyField: ...  # fmt: skip
    @overload
    def __call__(
        self: Applied[Vector, Matrix[Vector]], f: Sequence[AnyField], *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> tuple[tuple[AnyField, ...], ...]: ...  # fmt: skip
    @overload
    def __call__(  # type: ignore[overload-overlap]
        self: Applied[Matrix[Vector], Scalar], f: Sequence[Sequence[AnyField]], *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> AnyField: ...  # fmt: skip
    @overload
    def __call__(
        self: Applied[Matrix[Vector], Vector], f: Sequence[Sequence[AnyField]], *, out: object = ..., workers: int | None = ..., add: bool = ..., **fields: object
    ) -> tuple[AnyField, ...]: ...  # fmt: skip
    def __call__(
        self,
        f: object,
        *,
        out: object = None,
        workers: int | None = None,
        add: bool = False,
        **fields: object,
    ) -> object:
        """Apply the operator."""
        raise NotImplementedError


class Named(Protocol):
    """A function."""

    __name__: str


def plain_signature(function: Callable[..., object]) -> Signature:
    """The signature as `help` shows it: docstrings say of which types arguments are, and a grid is the object of its methods."""
    parameters = [
        p.replace(
            name="self" if p.name == "grid" else p.name,
            default=p.empty if p.default is MISSING else p.default,
            annotation=p.empty,
        )
        for p in signature(function).parameters.values()
        if p.name != "others"
    ]
    return Signature(parameters)


class Seen(type):
    """Of classes whose parts other modules call too: `help` and completion show the names in `_seen`, which are for users."""

    _seen: tuple[str, ...] = ()

    def __init__(cls, name: str, bases: tuple[type, ...], own: dict[str, object], **words: object) -> None:
        super().__init__(name, bases, own, **words)
        for word, method in own.items():
            if word in cls._seen and isfunction(method):
                method.__signature__ = plain_signature(method)  # type: ignore[attr-defined]

    def __dir__(cls) -> list[str]:
        """What `help` and pydoc list: what users call."""
        told = [name for name in ("__call__",) if getattr(getattr(cls, name, None), "__doc__", None)]
        return [name for name in super().__dir__() if name in (*cls._seen, *told)]


def seen(of: object) -> list[str]:
    """The ``__dir__`` of their instances, for completion and for "did you mean"."""
    return [name for name in type(of)._seen if hasattr(type(of), name) or name in vars(of)]  # type: ignore[attr-defined]


class Maps(Generic[In, Out], metaclass=Seen):
    """What takes and gives fields of these forms."""


class Applies:
    """A method that applies an operator, as a type checker sees it."""

    def __get__(self, of: Maps[In, Out], owner: type | None = None, /) -> Applied[In, Out]:
        """The method of one operator."""
        raise NotImplementedError


class Transposes:
    """A method that applies an adjoint, as a type checker sees it."""

    def __get__(self, of: Maps[In, Out], owner: type | None = None, /) -> Applied[Out, In]:
        """The method of one operator."""
        raise NotImplementedError


def applies(method: Callable[..., object]) -> Applies:
    """Tell a checker what a method makes of arrays; it stays what it is."""
    return cast(Applies, method)


def transposes(method: Callable[..., object]) -> Transposes:
    """Tell a checker what a method makes of the results of its operator; it stays what it is."""
    return cast(Transposes, method)
