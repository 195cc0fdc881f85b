"""What ``torch.compile`` takes for constants: operators and grids, kept by names of their content."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from hashlib import blake2b
from inspect import signature
from operator import index
from operator import mul as multiply
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
    return CONSTANTS.keep(
        make(*_of_names(given), **{word: _of_names(value) for word, value in words.items()})
    )


_NAMED = "kept by gridgrad: "  # before a name, in the place of what has it


def _of_names(value: Any) -> Any:
    """What `specialised` gives, with what has a name in the place of that."""
    if isinstance(value, tuple):
        return tuple([_of_names(entry) for entry in value])
    is_name = isinstance(value, str) and value.startswith(_NAMED)
    return CONSTANTS.of(value.removeprefix(_NAMED)) if is_name else value


def made(make: Callable[..., object], *given: Any, **words: Any) -> Any:
    """What a function makes of constants, itself a constant of the graph that is being traced."""
    words = {word: specialised(value) for word, value in words.items()}
    return getattr(CONSTANTS, _name_of_made(make, *[specialised(value) for value in given], **words))


# Why a compiler leaves something out.
REASONS = {
    "numbers": "grids, gaps, matrices and what is prescribed at walls are made of numbers, of which a compiler has none; make them outside "
    "of the compiled function, and close over them",
    "numpy": "an array of NumPy has no numbers while it is traced; give a tensor, torch.asarray(f), or have the function compiled without "
    "fullgraph=True",
    "solves": "a solve is made on the host; solve outside of the compiled function, or have it compiled without fullgraph=True",
}


class Outside:
    """What calls functions that are left out, as attributes: one for each reason, which torch shows where it must not leave them out."""

    def __init__(self, **reasons: str) -> None:
        for name, reason in reasons.items():
            told = {"reason": reason} if "reason" in signature(torch.compiler.disable).parameters else {}
            setattr(self, name, torch.compiler.disable(_call, **told))


def _call(function: Callable[..., Any], *given: Any, **words: Any) -> Any:
    return function(*given, **words)


OUTSIDE = Outside(**REASONS)


def left_out(kind: str, function: Callable[..., Any], *given: Any, **words: Any) -> Any:
    """What a function makes outside of what is compiled: it is not traced, nor is what it calls."""
    return getattr(OUTSIDE, kind)(function, *given, **words)


_TIMES, _IN_TURN = (multiply, torch.Tensor.mul, torch.Tensor.__mul__), torch.Tensor.__rmul__


def product(function: Callable[..., Any], tensor: Any, operator: Any, *_: Any) -> Any:
    """A tensor times an operator, or in turn, as a compiler asks for it; of all other functions it gets no answer."""
    if function in _TIMES:
        return operator.__rmul__(tensor)
    return operator.__mul__(tensor) if function is _IN_TURN else NotImplemented


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
    if isinstance(value, int) and not isinstance(value, (bool, Enum)):
        return index(value)
    # A compiler takes such an object for no constant in a sequence.
    return _NAMED + name_of(value) if hasattr(value, "__dataclass_fields__") else value
