"""The errors gridgrad raises; each is also the class its peers raise for the same fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Never

from .tracing import CLOSE_OVER, is_tracer

if TYPE_CHECKING:
    from inspect import Parameter

# The default of what has to be given: so that a wrong word is answered before a missing one.
MISSING: Any = type("Missing", (), {"__repr__": lambda self: "<missing>"})()


class ArgumentValueError(ValueError):
    """An argument of the right type with a value that cannot be right."""


class ArgumentTypeError(TypeError):
    """An argument of a type (or a number of arguments) that is not accepted."""


def refused(told: str) -> Any:
    """A method of a class, for what Python would answer in its own words, ``len(A)`` for example: it tells what to type instead."""

    def method(*_: object, **__: object) -> Never:
        raise ArgumentTypeError(told)

    return method


def crowded(name: str, parameters: Mapping[str, Parameter], came: int, instead: str) -> ArgumentTypeError:
    """The error on more arguments than a function of these parameters takes without their names."""
    others = {word: p for word, p in parameters.items() if word not in ("self", "grid")}
    first = [word for word, p in others.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    named = [f"{word}=" for word, p in others.items() if p.kind is p.KEYWORD_ONLY]
    instead = instead or (f"all else has a name, {', '.join(named)}" if named else "")
    came -= len(parameters) - len(others)
    return ArgumentTypeError(
        f"{name}() takes {', '.join(first) or 'nothing'} by position, and {counted(came, 'argument')} came{instead and '; '}{instead}"
    )


def shown(given: object) -> str:
    """A value as an error names it: an array by its shape, as its entries would fill the screen."""
    if is_tracer(given):
        return f"{given!r}, which is traced; {CLOSE_OVER}"
    shape = getattr(given, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"an array of shape {shape}"
    text = repr(given)
    return text if len(text) <= 300 else f"{' '.join(text[:100].split())} ..."


def typed(given: object) -> str:
    """A value with its type, for which it is refused."""
    return shown(given) if is_tracer(given) else f"{shown(given)} of type {type(given).__name__}"


def counted(number: int, noun: str) -> str:
    """``1 point``, ``2 points``, ``2 axes``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-2] + 'es' if noun.endswith('axis') else noun + 's'}"
