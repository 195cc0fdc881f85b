"""Kinds of operators: each declared once, for the attributes of a grid, for `with_`, pickles and help."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from inspect import cleandoc, signature
from sys import modules
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Never, Protocol, Self, TypeVar, cast, overload

from ..._backends.once import made_once
from ..._base.errors import MISSING, ArgumentValueError
from ..._base.tracing import COMPILER, is_compiling
from ..._base.words import misplaced, offered_as, required, unexpected
from ..._grid.points import Points

Function = TypeVar("Function", bound=Callable[..., object])
Cleaned = tuple[Hashable, ...]


class Origin(NamedTuple):
    """What an operator of a grid was made from: its kind, and what that was given, cleaned."""

    kind: Kind[Any]
    arguments: Cleaned  # axes, or the numbers of a velocity
    options: Cleaned  # in the order of `kind.options`

    def made(self, grid: Points) -> Any:
        """The operator on a grid, of fields that hold what is prescribed."""
        return self.kind.made(grid, self.arguments, self.options).bare

    def restored(self, grid: Points, coefficients: object) -> object:
        """The operator of these fields, from a pickle."""
        return self.made(grid).with_coefficients(coefficients)

    def other(self, grid: Points, changes: dict[str, object]) -> Any:
        """The same with some of its options changed."""
        given = dict(zip(self.kind.options, self.options, strict=True))
        return self.kind.on(grid, self.arguments, *{**given, **changes}.values()).bare

    @property
    def path(self) -> str:
        """The attribute of a grid that it is; of a method the class of what that returns."""
        return "Operator" if self.arguments else f"Grid.{self.kind.name}"

    def refuse_options(self, given: dict[str, object], f: object) -> None:
        """Refuse options at a call, which make another operator; the error has them as they are cleaned."""
        for word in given:
            if word in self.kind.options:
                own = {word: value for word, value in given.items() if word in self.kind.options}
                cleaned = zip(self.kind.options, self.kind.clean(**own), strict=True)
                asked = {word: v for word, v in cleaned if word in own}
                raise misplaced(self.kind.name, asked, f is not MISSING)


class HasOrigin(Protocol):
    """What is made by a kind."""

    @property
    def bare(self) -> object:
        """The operator of fields that hold what is prescribed at points on walls."""

    def held(self) -> object:
        """The operator of all fields, whatever they have at these points."""

    def descend_from(self, origin: Origin) -> None:
        """Note what it was made from."""


Made = TypeVar("Made", bound=HasOrigin)
Public = TypeVar("Public")  # what users see of it


class Kind(Generic[Made]):
    """The operators of one name: how they are made on a grid, and what may be chosen.

    `build` is called with a grid, arguments and the options, as `clean` returns them: its parameters are
    the options and their defaults, its docstring describes them below the first paragraph.
    """

    def __init__(
        self, build: Callable[..., Made], clean: Callable[..., Cleaned], geometry: bool, is_flux: bool, holds: bool
    ) -> None:  # fmt: skip
        self.build, self.clean = build, clean
        self.geometry, self.is_flux, self.holds = geometry, is_flux, holds
        self.name = build.__name__.strip("_")
        self.options = tuple(signature(clean).parameters)
        self.default = clean()
        self.__module__, self.__qualname__ = build.__module__, build.__qualname__  # where pickle finds it
        self.__doc__ = _documented(build.__doc__, clean.__doc__)

    def __reduce__(self) -> str:
        return self.__qualname__

    def __call__(self, grid: Points, arguments: Cleaned, options: Cleaned) -> Made:
        """Make the operator anew."""
        if grid.mask is not None:
            operator = cast(Made, grid.masked(self.made(grid.whole, arguments, options).bare))
        else:
            if not self.geometry:
                refuse_geometry(grid, self.name)
            operator = self.build(grid, *arguments, *options)
            operator.descend_from(Origin(self, arguments, options))
        return cast(Made, operator.held()) if self.holds else operator

    def on(self, grid: Points, arguments: Cleaned = (), *options: object) -> Made:
        """The operator on a grid, of options as they came, in their order; what the grid keeps without a detour."""
        cleaned = self.clean(*options) if options else self.default
        traced = COMPILER in modules and is_compiling()
        found: Made | None = None if traced else grid.held.get((self, arguments, cleaned))
        return self.made(grid, arguments, cleaned) if found is None else found

    def made(self, grid: Points, arguments: Cleaned, options: Cleaned) -> Made:
        """The operator on a grid, which keeps it; not if it is of numbers, of which there may be many."""
        if COMPILER in modules and is_compiling():
            constant: Made = _constant(self, grid, arguments, options)
            return constant
        key = self, arguments, options
        found: Made | None = grid.held.get(key)
        if found is None:
            is_kept = not has_numbers(arguments)
            found = self(grid, arguments, options)
            if is_kept:
                grid.held[key] = found
        return found


def has_numbers(arguments: Cleaned) -> bool:
    """Whether weights are made of numbers among them."""
    return any([isinstance(a, float) or (isinstance(a, tuple) and has_numbers(a)) for a in arguments])


@made_once
def _constant(kind: Kind[Made], grid: Points, arguments: Cleaned, options: Cleaned) -> Made:
    return kind.made(grid, arguments, options)


def _documented(text: str | None, options: str | None) -> str | None:
    """The docstring of an operator with its options; None under -OO."""
    if text is None:
        return None
    parameters = cleandoc(options or "").partition("\n\n")[2]
    heading = "\n\nOptions, for `with_`\n--------------------\n"
    return cleandoc(text) + (heading + parameters if parameters else "")


def no_options() -> tuple[()]:
    """Of what there is only one."""
    return ()


def kind(
    clean: Callable[..., Cleaned] = no_options,
    *,
    geometry: bool = False,
    is_flux: bool = False,
    holds: bool = True,
) -> Callable[[Callable[..., Made]], Kind[Made]]:
    """Declare an operator by the function that makes it; `clean` checks its options and puts them in order.

    With `geometry` its terms are right where lengths and unit vectors change from point to point (`Metric`), too. With
    `is_flux` its rows are sums of what passes faces, of which those beside gaps lose nothing but what passes there. Unless it
    `holds` its fields are results of others, which count as they are at points on walls.
    """
    return lambda build: Kind(build, clean, geometry, is_flux, holds)


def refuse_geometry(grid: Points, name: str) -> None:
    """Refuse what would need the turning of unit vectors from point to point."""
    if grid.metric is not None:
        raise ArgumentValueError(
            f"{name} is not offered with geometry=; gradient, divergence, curl, laplacian, advect and diffuse are"
        )


class Shown(property, Generic[Public]):
    """An operator as an attribute of grids, made at its first use."""

    def __init__(self, kind: Kind[Any]) -> None:
        super().__init__(lambda grid: kind.on(grid))
        self.kind = kind
        self.__doc__ = kind.__doc__

    if TYPE_CHECKING:

        @overload
        def __get__(self, grid: None, owner: type, /) -> Self: ...
        @overload
        def __get__(self, grid: object, owner: type | None = None, /) -> Public: ...
        def __get__(self, grid: object, owner: type | None = None, /) -> Any: ...


def method(function: Function) -> Function:
    """A function that is a method of `Grid`, and known to errors as such."""
    function.__module__ = "gridgrad.grid"
    return offered_as(f"Grid.{function.__name__}")(function)


def refuse_words(method: str, others: dict[str, Never], **given: object) -> Never:
    """Refuse words that a method of `Grid` does not have, or the call without what it needs."""
    if others:
        raise unexpected(f"Grid.{method}", others)
    required(f"Grid.{method}", **given)
    raise AssertionError
