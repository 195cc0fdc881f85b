"""What the public functions take and return, for type checkers: as many arrays as coordinates, of their own type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypedDict, Unpack, overload

from .._base.types import AnyField, Array, Plain

Function = Callable[..., object]  # of the coordinates; or an expression of sympy, whose types say nothing
Engine = Literal["auto", "jet", "torch", "jax", "sympy"]


class Options(TypedDict, total=False):
    """The keywords that every function of `gridgrad.autodiff` takes."""

    engine: Engine
    points: bool
    check: bool
    out: object
    workers: int | None


class OfAll(Protocol):
    """One array, whatever the number of coordinates."""

    __name__: str

    @overload
    def __call__(self, function: Function, *coords: Plain, **options: Unpack[Options]) -> Array: ...
    @overload
    def __call__(
        self, function: Function, *coords: AnyField | Plain, **options: Unpack[Options]
    ) -> AnyField: ...


class OfEach(Protocol):
    """One array for each coordinate: of one alone, else in a tuple."""

    __name__: str

    @overload
    def __call__(self, function: Function, x: Plain, /, **options: Unpack[Options]) -> Array: ...
    @overload
    def __call__(self, function: Function, x: AnyField, /, **options: Unpack[Options]) -> AnyField: ...
    @overload
    def __call__(
        self, function: Function, x: Plain, y: Plain, /, **options: Unpack[Options]
    ) -> tuple[Array, Array]: ...
    @overload
    def __call__(
        self, function: Function, x: AnyField | Plain, y: AnyField | Plain, /, **options: Unpack[Options]
    ) -> tuple[AnyField, AnyField]: ...
    @overload
    def __call__(
        self, function: Function, *coords: Plain, **options: Unpack[Options]
    ) -> Array | tuple[Array, ...]: ...
    @overload
    def __call__(
        self, function: Function, *coords: AnyField | Plain, **options: Unpack[Options]
    ) -> AnyField | tuple[AnyField, ...]: ...


class WithValue(Protocol):
    """The value, and what `OfEach` gives."""

    __name__: str

    @overload
    def __call__(
        self, function: Function, x: Plain, /, **options: Unpack[Options]
    ) -> tuple[Array, Array]: ...
    @overload
    def __call__(
        self, function: Function, x: AnyField, /, **options: Unpack[Options]
    ) -> tuple[AnyField, AnyField]: ...
    @overload
    def __call__(
        self, function: Function, x: Plain, y: Plain, /, **options: Unpack[Options]
    ) -> tuple[Array, tuple[Array, Array]]: ...
    @overload
    def __call__(
        self, function: Function, x: AnyField | Plain, y: AnyField | Plain, /, **options: Unpack[Options]
    ) -> tuple[AnyField, tuple[AnyField, AnyField]]: ...
    @overload
    def __call__(
        self, function: Function, *coords: Plain, **options: Unpack[Options]
    ) -> tuple[Array, Array | tuple[Array, ...]]: ...
    @overload
    def __call__(
        self, function: Function, *coords: AnyField | Plain, **options: Unpack[Options]
    ) -> tuple[AnyField, AnyField | tuple[AnyField, ...]]: ...


class OfPairs(Protocol):
    """``result[i][j]`` for each pair of coordinates; of one alone its array."""

    __name__: str

    @overload
    def __call__(self, function: Function, x: Plain, /, **options: Unpack[Options]) -> Array: ...
    @overload
    def __call__(self, function: Function, x: AnyField, /, **options: Unpack[Options]) -> AnyField: ...
    @overload
    def __call__(
        self, function: Function, x: Plain, y: Plain, /, *more: Plain, **options: Unpack[Options]
    ) -> tuple[tuple[Array, ...], ...]: ...
    @overload
    def __call__(
        self, function: Function, x: AnyField | Plain, y: AnyField | Plain, /, *more: AnyField | Plain,
        **options: Unpack[Options],
    ) -> tuple[tuple[AnyField, ...], ...]: ...  # fmt: skip


class OfOutputs(Protocol):
    """``result[output][coordinate]``; of a function that returns an array its row alone."""

    __name__: str

    @overload
    def __call__(
        self, function: Function, *coords: Plain, **options: Unpack[Options]
    ) -> tuple[Array, ...] | tuple[tuple[Array, ...], ...]: ...
    @overload
    def __call__(
        self, function: Function, *coords: AnyField | Plain, **options: Unpack[Options]
    ) -> tuple[AnyField, ...] | tuple[tuple[AnyField, ...], ...]: ...


class OfOrders(Protocol):
    """An array, or one for each output of the function."""

    __name__: str

    @overload
    def __call__(
        self, function: Function, *coords: Plain, orders: int | Sequence[int], **options: Unpack[Options]
    ) -> Array | tuple[Array, ...]: ...
    @overload
    def __call__(
        self,
        function: Function,
        *coords: AnyField | Plain,
        orders: int | Sequence[int],
        **options: Unpack[Options],
    ) -> AnyField | tuple[AnyField, ...]: ...


class OfTwoOrThree(Protocol):
    """A curl: an array of two coordinates, three of three."""

    __name__: str

    @overload
    def __call__(self, function: Function, x: Plain, y: Plain, /, **options: Unpack[Options]) -> Array: ...
    @overload
    def __call__(
        self, function: Function, x: AnyField | Plain, y: AnyField | Plain, /, **options: Unpack[Options]
    ) -> AnyField: ...
    @overload
    def __call__(
        self, function: Function, x: Plain, y: Plain, z: Plain, /, **options: Unpack[Options]
    ) -> tuple[Array, Array, Array]: ...
    @overload
    def __call__(
        self, function: Function, x: AnyField | Plain, y: AnyField | Plain, z: AnyField | Plain, /,
        **options: Unpack[Options],
    ) -> tuple[AnyField, AnyField, AnyField]: ...  # fmt: skip


class Pointwise(Protocol):
    """A function of arrays, point by point."""

    __name__: str

    @overload
    def __call__(self, *args: Plain) -> Array: ...
    @overload
    def __call__(self, *args: AnyField | Plain) -> AnyField: ...


class Valued(Protocol):
    """A value and a product with a vector; of several outputs (or coordinates) tuples of them."""

    __name__: str

    @overload
    def __call__(
        self, function: Function, coords: Plain | Sequence[Plain], vector: object, **options: Unpack[Options]
    ) -> tuple[Array | tuple[Array, ...], Array | tuple[Array, ...]]: ...
    @overload
    def __call__(
        self, function: Function, coords: AnyField | Sequence[AnyField | Plain], vector: object,
        **options: Unpack[Options],
    ) -> tuple[AnyField | tuple[AnyField, ...], AnyField | tuple[AnyField, ...]]: ...  # fmt: skip


class AlongVector(Protocol):
    """A product with a vector; of several outputs (or coordinates) a tuple of them."""

    __name__: str

    @overload
    def __call__(
        self, function: Function, coords: Plain | Sequence[Plain], v: object, **options: Unpack[Options]
    ) -> Array | tuple[Array, ...]: ...
    @overload
    def __call__(
        self,
        function: Function,
        coords: AnyField | Sequence[AnyField | Plain],
        v: object,
        **options: Unpack[Options],
    ) -> AnyField | tuple[AnyField, ...]: ...


class Dense(Protocol):
    """The derivative in one argument, or those in each."""

    __name__: str

    @overload
    def __call__(
        self, function: Function, x: Plain, /, *, order: int | Sequence[int] | None = ..., engine: Engine = ...,
        limit: int = ...,
    ) -> Array: ...  # fmt: skip
    @overload
    def __call__(
        self, function: Function, x: AnyField, /, *, order: int | Sequence[int] | None = ..., engine: Engine = ...,
        limit: int = ...,
    ) -> AnyField: ...  # fmt: skip
    @overload
    def __call__(
        self, function: Function, *args: AnyField | Plain, order: int | Sequence[int], engine: Engine = ...,
        limit: int = ...,
    ) -> AnyField: ...  # fmt: skip
    @overload
    def __call__(
        self, function: Function, *args: AnyField | Plain, engine: Engine = ..., limit: int = ...
    ) -> AnyField | tuple[AnyField, ...]: ...
