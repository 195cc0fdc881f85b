"""What ``torch.compile`` may trace: operators and grids made meanwhile are kept by name, not traced into."""

from __future__ import annotations

import sys
from collections.abc import Callable
from operator import index
from typing import Any, TypeVar

Made = TypeVar("Made")
MOST = 1024


class Kept:
    """Objects as attributes, because a compiler guards an attribute of an object by itself.

    A compiled function whose object was forgotten finds that its guard fails, and is traced again.
    """


KEPT = Kept()


def is_compiling() -> bool:
    """Whether ``torch.compile`` is tracing the caller: never in a call that really runs, in any thread."""
    compiler = getattr(sys.modules.get("torch"), "compiler", None)  # torch may be half imported
    return compiler is not None and compiler.is_dynamo_compiling()


def constant(function: Callable[..., Made]) -> Callable[..., Made]:
    """What ``torch.compiler.assume_constant_result`` does: run at tracing, its result part of the graph."""
    function._dynamo_marked_constant = True  # type: ignore[attr-defined]
    return function


def specialised(value: Any) -> Any:
    """A number (or numbers) that a compiler holds for a variable, as the constant that it now is.

    Outside of a compiler it is what it was. Another value is traced anew.
    """
    if isinstance(value, (tuple, list)):
        return tuple([specialised(entry) for entry in value])
    if isinstance(value, float):
        return float.fromhex(value.hex())
    return index(value) if isinstance(value, int) and not isinstance(value, bool) else value


def untraced(make: Callable[..., Made]) -> Callable[..., Made]:
    """A function of constants that numbers are made in: called as it is also while a compiler traces."""

    @constant
    def name_of(*arguments: Any) -> str:
        return keep(make(*arguments))

    def call(*arguments: Any) -> Any:
        if is_compiling():
            return getattr(KEPT, name_of(*[specialised(argument) for argument in arguments]))
        return make(*arguments)

    call.__name__, call.__doc__, call.__module__ = make.__name__, make.__doc__, make.__module__
    return call


def keep(made: Any) -> str:
    """The name of an object by its content, so that caches of compiled graphs on disk stay right."""
    from hashlib import blake2b
    from pickle import dumps

    name = f"{type(made).__name__}_{blake2b(dumps(made, 5), digest_size=16).hexdigest()}"
    held = vars(KEPT)
    if name not in held:
        while len(held) >= MOST:
            del held[next(iter(held))]
        setattr(KEPT, name, made)
    return name


def kept(name: str) -> Any:
    """The object of a name that `keep` gave."""
    try:
        return getattr(KEPT, name)
    except AttributeError:
        raise RuntimeError(
            f"a compiled graph asks for the operator {name}, which this process has not traced, or forgot after "
            f"{MOST} others; compile the function again, torch.compiler.reset()"
        ) from None
