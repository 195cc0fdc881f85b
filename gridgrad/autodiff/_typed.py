"""What the public functions take and return, for type checkers: as many arrays as coordinates, of their own type."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, TypedDict, Unpack, overload

from .._base.types import Given, Named, Plain

Function = Callable[..., object]  # of the coordinates; or an expression of sympy, whose types say nothing
Engine = Literal["auto", "jet", "torch", "jax", "sympy"]


class Options(TypedDict, total=False):
    """The keywords that every function of `gridgrad.autodiff` takes."""

    engine: Engine
    points: bool
    check: bool
    out: object
    workers: int | None


class OfAll(Named, Protocol):
    """One array, whatever the number of coordinates."""

    def __call__(self, function: Function, *coords: Given | Plain, **options: Unpack[Options]) -> Given: ...


class OfEach(Named, Protocol):
    """One array for each coordinate: of one alone, else in a tuple."""

    @overload
    def __call__(self, function: Function, x: Given | Plain, /, **options: Unpack[Options]) -> Given: ...
    @overload
    def __call__(
        self, function: Function, x: Given | Plain, y: Given | Plain, /, **options: Unpack[Options]
    ) -> tuple[Given, Given]: ...
    @overload
    def __call__(
        self, function: Function, *coords: Given | Plain, **options: Unpack[Options]
    ) -> Given | tuple[Given, ...]: ...


class WithValue(Named, Protocol):
    """The value, and what `OfEach` gives."""

    @overload
    def __call__(
        self, function: Function, x: Given | Plain, /, **options: Unpack[Options]
    ) -> tuple[Given, Given]: ...
    @overload
    def __call__(
        self, function: Function, x: Given | Plain, y: Given | Plain, /, **options: Unpack[Options]
    ) -> tuple[Given, tuple[Given, Given]]: ...
    @overload
    def __call__(
        self, function: Function, *coords: Given | Plain, **options: Unpack[Options]
    ) -> tuple[Given, Given | tuple[Given, ...]]: ...


class OfPairs(Named, Protocol):
    """``result[i][j]`` for each pair of coordinates; of one alone its array."""

    @overload
    def __call__(self, function: Function, x: Given | Plain, /, **options: Unpack[Options]) -> Given: ...
    @overload
    def __call__(
        self, function: Function, x: Given | Plain, y: Given | Plain, /, *more: Given | Plain, **options: Unpack[Options]
    ) -> tuple[tuple[Given, ...], ...]: ...  # fmt: skip


class OfOutputs(Named, Protocol):
    """``result[output][coordinate]``; of a function that returns an array its row alone."""

    def __call__(
        self, function: Function, *coords: Given | Plain, **options: Unpack[Options]
    ) -> tuple[Given, ...] | tuple[tuple[Given, ...], ...]: ...


class OfOrders(Named, Protocol):
    """An array, or one for each output of the function; of a list of orders a tuple in its place."""

    @overload
    def __call__(
        self,
        function: Function,
        *coords: Given | Plain,
        orders: int | Sequence[int],
        **options: Unpack[Options],
    ) -> Given | tuple[Given, ...]: ...
    @overload
    def __call__(
        self, function: Function, *coords: Given | Plain, orders: Sequence[Sequence[int]], **options: Unpack[Options]
    ) -> tuple[Given, ...] | tuple[tuple[Given, ...], ...]: ...  # fmt: skip


class OfTwoOrThree(Named, Protocol):
    """A curl: an array of two coordinates, three of three."""

    @overload
    def __call__(
        self, function: Function, x: Given | Plain, y: Given | Plain, /, **options: Unpack[Options]
    ) -> Given: ...
    @overload
    def __call__(
        self, function: Function, x: Given | Plain, y: Given | Plain, z: Given | Plain, /, **options: Unpack[Options]
    ) -> tuple[Given, Given, Given]: ...  # fmt: skip


class Pointwise(Named, Protocol):
    """A function of arrays, point by point."""

    def __call__(self, *args: Given | Plain) -> Given: ...


class Valued(Named, Protocol):
    """A value and a product with a vector; of several outputs (or coordinates) tuples of them."""

    def __call__(
        self, function: Function, coords: Given | Plain | Sequence[Given | Plain], vector: object, **options: Unpack[Options]
    ) -> tuple[Given | tuple[Given, ...], Given | tuple[Given, ...]]: ...  # fmt: skip


class AlongVector(Named, Protocol):
    """A product with a vector; of several outputs (or coordinates) a tuple of them."""

    def __call__(
        self, function: Function, coords: Given | Plain | Sequence[Given | Plain], v: object, **options: Unpack[Options]
    ) -> Given | tuple[Given, ...]: ...  # fmt: skip


class Dense(Named, Protocol):
    """The derivative in one argument, or those in each."""

    @overload
    def __call__(
        self, function: Function, x: Given | Plain, /, *, order: int | Sequence[int] | None = ..., engine: Engine = ...,
        limit: int = ...,
    ) -> Given: ...  # fmt: skip
    @overload
    def __call__(
        self, function: Function, *args: Given | Plain, order: int | Sequence[int], engine: Engine = ..., limit: int = ...
    ) -> Given: ...  # fmt: skip
    @overload
    def __call__(
        self, function: Function, *args: Given | Plain, engine: Engine = ..., limit: int = ...
    ) -> Given | tuple[Given, ...]: ...
