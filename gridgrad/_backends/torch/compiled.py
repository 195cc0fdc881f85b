"""What ``torch.compile`` takes for constants: operators and grids, kept by names of their content."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from hashlib import blake2b
from operator import index
from pickle import dumps
from typing import Any

import torch

from ..._base.errors import ArgumentTypeError


class Constants:
    """Objects as attributes, because a compiler guards an attribute of an object by itself.

    A compiled function whose object was forgotten finds that its guard fails, and is traced again.
    """

    most = 1024

    def keep(self, made: object) -> str:
        """The name of an object by its content, so that caches of compiled graphs on disk stay right."""
        name = f"{type(made).__name__}_{blake2b(dumps(made, 5), digest_size=16).hexdigest()}"
        held = vars(self)
        if name not in held:
            while len(held) >= self.most:
                del held[next(iter(held))]
            setattr(self, name, made)
        return name

    def of(self, name: str) -> Any:
        """The object of a name that `keep` gave."""
        try:
            return getattr(self, name)
        except AttributeError:
            raise RuntimeError(
                f"a compiled graph asks for the operator {name}, which this process has not traced, or forgot after "
                f"{self.most} others; compile the function again, torch.compiler.reset()"
            ) from None


CONSTANTS = Constants()


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def name_of(made: object) -> str:
    """The name of an object, which is kept while a compiler traces: run at tracing, the name part of the graph."""
    return CONSTANTS.keep(made)


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def _name_of_made(make: Callable[..., object], *given: Any, **words: Any) -> str:
    return CONSTANTS.keep(make(*given, **words))


def made(make: Callable[..., object], *given: Any, **words: Any) -> Any:
    """What a function makes of constants, itself a constant of the graph that is being traced."""
    words = {word: specialised(value) for word, value in words.items()}
    return getattr(CONSTANTS, _name_of_made(make, *[specialised(value) for value in given], **words))


def check_out(out: object) -> None:
    """Refuse `out`, which a graph would write behind the compiler's back."""
    if out is not None:
        raise ArgumentTypeError(
            "out= is not supported under torch.compile; leave it away, the compiler plans memory"
        )


def specialised(value: Any) -> Any:
    """A number (or numbers) that a compiler holds for a variable, as the constant that it now is.

    Another value is traced anew.
    """
    if isinstance(value, (tuple, list)):
        return tuple([specialised(entry) for entry in value])
    if isinstance(value, float):
        return float.fromhex(value.hex())
    return index(value) if isinstance(value, int) and not isinstance(value, (bool, Enum)) else value
