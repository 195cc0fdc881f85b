"""The errors gridgrad raises; each is also the class its peers raise for the same fault."""

from __future__ import annotations

from typing import Any

# The default of what has to be given: so that a wrong word is answered before a missing one.
MISSING: Any = type("Missing", (), {"__repr__": lambda self: "<missing>"})()


class ArgumentValueError(ValueError):
    """An argument of the right type with a value that cannot be right."""


class ArgumentTypeError(TypeError):
    """An argument of a type (or a number of arguments) that is not accepted."""


def shown(given: object) -> str:
    """A value as an error names it: an array by its shape, as its entries would fill the screen."""
    shape = getattr(given, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"an array of shape {shape}"
    text = repr(given)
    return text if len(text) <= 300 else f"{' '.join(text[:100].split())} ..."


def counted(number: int, noun: str) -> str:
    """``1 point``, ``2 points``, ``2 axes``."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-2] + 'es' if noun.endswith('axis') else noun + 's'}"
