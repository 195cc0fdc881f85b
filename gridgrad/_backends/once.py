"""What a compiler does not trace into, while it traces the caller: functions that numbers are made in, and what is left out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeVar, cast

from .._base.tracing import is_compiling

Given = ParamSpec("Given")
Made = TypeVar("Made")
Kind = Literal["numbers", "numpy", "solves"]
Function = TypeVar("Function", bound=Callable[..., object])


def made_once(make: Callable[Given, Made]) -> Callable[Given, Made]:
    """A function of constants whose result a compiler keeps as a constant, not tracing into it."""

    @wraps(make)
    def call(*given: Given.args, **words: Given.kwargs) -> Made:
        if not is_compiling():
            return make(*given, **words)
        from .torch import compiled  # by a statement that the compiler can trace

        made: Made = compiled.made(make, *given, **words)
        return made

    return call


def left_out(kind: Kind) -> Callable[[Function], Function]:
    """What a compiler leaves out: it runs as it is between compiled parts, and is refused in words where there are to be none."""

    def decorate(function: Function) -> Function:
        @wraps(function)
        def call(*given: object, **words: object) -> object:
            return run(kind, function, *given, **words) if is_compiling() else function(*given, **words)

        return cast(Function, call)

    return decorate


def run(kind: Kind, function: Callable[..., Made], *given: object, **words: object) -> Made:
    """What a function makes, while a compiler traces the caller and leaves it out."""
    from .torch import compiled  # by a statement that the compiler can trace

    made: Made = compiled.left_out(kind, function, *given, **words)
    return made


class Multiplied:
    """What a field of any library multiplies from the left, ``tensor * A``."""

    if not TYPE_CHECKING:

        @classmethod
        def __torch_function__(cls, function, types, given=(), words=None):
            """What torch's compiler asks for, as it does not leave ``tensor * A`` to A by itself; torch does."""
            if not is_compiling():
                return NotImplemented
            from .torch import compiled  # by a statement that the compiler can trace

            return compiled.product(function, *given)
